//! The subset of OData's `$filter` that a connector asks for: read into a tree, and weighed row by row.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use super::db::{Refusal, Row, Table};

/// A filter.
#[derive(Debug)]
pub enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Contains(String, String),
    Compare(String, String, Literal),
}

/// What a column is compared with.
#[derive(Debug)]
pub enum Literal {
    Text(String),
    /// A number, an id, a time, a truth or null.
    Bare(String),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

fn malformed(what: impl std::fmt::Display) -> Refusal {
    Refusal::new(400, "0x80060888", format!("syntax error in the filter: {what}"))
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' ' => {}
            '(' | ')' | ',' => found.push(Token::Sign(c)),
            '\'' => {
                let mut word = String::new();
                loop {
                    match rest.next().ok_or_else(|| malformed("an open quote"))? {
                        // Two quotes are one within a text.
                        '\'' if rest.next_if_eq(&'\'').is_some() => word.push('\''),
                        '\'' => break,
                        c => word.push(c),
                    }
                }
                found.push(Token::Text(word));
            }
            c if c.is_ascii_alphanumeric() || c == '_' => {
                let mut word = String::from(c);
                while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || "_-:.".contains(*c)) {
                    word.push(c);
                }
                found.push(Token::Word(word));
            }
            other => return Err(malformed(other)),
        }
    }
    Ok(found)
}

struct Reader(std::iter::Peekable<std::vec::IntoIter<Token>>);

impl Reader {
    fn is_word(&mut self, word: &str) -> bool {
        self.0.next_if(|t| matches!(t, Token::Word(w) if w == word)).is_some()
    }

    fn must(&mut self, sign: char) -> Result<(), Refusal> {
        match self.0.next() {
            Some(Token::Sign(found)) if found == sign => Ok(()),
            other => Err(malformed(format!("{other:?} instead of {sign}"))),
        }
    }

    fn word(&mut self) -> Result<String, Refusal> {
        match self.0.next() {
            Some(Token::Word(word)) => Ok(word),
            other => Err(malformed(format!("{other:?}"))),
        }
    }

    fn any(&mut self) -> Result<Filter, Refusal> {
        let mut left = self.all()?;
        while self.is_word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.all()?));
        }
        Ok(left)
    }

    fn all(&mut self) -> Result<Filter, Refusal> {
        let mut left = self.term()?;
        while self.is_word("and") {
            left = Filter::And(Box::new(left), Box::new(self.term()?));
        }
        Ok(left)
    }

    fn term(&mut self) -> Result<Filter, Refusal> {
        if self.0.next_if_eq(&Token::Sign('(')).is_some() {
            let inner = self.any()?;
            self.must(')')?;
            return Ok(inner);
        }
        let name = self.word()?;
        if name == "contains" {
            self.must('(')?;
            let column = self.word()?;
            self.must(',')?;
            let Some(Token::Text(text)) = self.0.next() else {
                return Err(malformed("contains without a text"));
            };
            self.must(')')?;
            return Ok(Filter::Contains(column, text));
        }
        let operator = self.word()?;
        if !["eq", "ne", "gt", "ge", "lt", "le"].contains(&operator.as_str()) {
            return Err(malformed(operator));
        }
        let literal = match self.0.next() {
            Some(Token::Text(text)) => Literal::Text(text),
            Some(Token::Word(word)) => Literal::Bare(word),
            other => return Err(malformed(format!("{other:?}"))),
        };
        Ok(Filter::Compare(name, operator, literal))
    }
}

/// Reads a filter.
pub fn read(text: &str) -> Result<Filter, Refusal> {
    let mut reader = Reader(tokens(text)?.into_iter().peekable());
    let filter = reader.any()?;
    match reader.0.next() {
        None => Ok(filter),
        Some(more) => Err(malformed(format!("{more:?}"))),
    }
}

impl Filter {
    /// Whether `row` of `table` fulfils it.
    pub fn holds(&self, table: &Table, row: &Row) -> Result<bool, Refusal> {
        Ok(match self {
            Filter::And(one, other) => one.holds(table, row)? & other.holds(table, row)?,
            Filter::Or(one, other) => one.holds(table, row)? | other.holds(table, row)?,
            Filter::Contains(name, text) => {
                table.column(name)?;
                let held = row.get(name).and_then(Value::as_str).unwrap_or_default();
                held.to_lowercase().contains(&text.to_lowercase())
            }
            Filter::Compare(name, operator, literal) => {
                let kind = table.column(name)?.kind;
                let wanted = value(kind, literal).ok_or_else(|| malformed(format!("{literal:?} for {name}")))?;
                let held = row.get(name).unwrap_or(&Value::Null);
                let both = !held.is_null() && !wanted.is_null();
                let order = order(held, &wanted);
                match operator.as_str() {
                    "eq" => order.is_eq(),
                    "ne" => order.is_ne(),
                    "gt" => both && order.is_gt(),
                    "ge" => both && order.is_ge(),
                    "lt" => both && order.is_lt(),
                    _ => both && order.is_le(),
                }
            }
        })
    }
}

fn value(kind: &str, literal: &Literal) -> Option<Value> {
    match (kind, literal) {
        (_, Literal::Bare(word)) if word == "null" => Some(Value::Null),
        ("datetime", Literal::Bare(word)) => Some(word.parse::<Timestamp>().ok()?.as_second().into()),
        ("number", Literal::Bare(word)) => serde_json::from_str(word).ok(),
        ("boolean", Literal::Bare(word)) => Some((word.parse::<bool>().ok()?).into()),
        // Ids stand there without quotes.
        ("id", Literal::Bare(word)) if word.len() == 36 => Some(word.to_lowercase().into()),
        ("text", Literal::Text(text)) => Some(text.as_str().into()),
        _ => None,
    }
}

/// The order of two values of a column.
pub fn order(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => match (one.as_f64(), other.as_f64()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => one.as_str().cmp(&other.as_str()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_by_their_grammar() {
        for good in [
            "accountid eq 60c4e274-0d87-e711-80e5-00155db19e6d or accountid eq c0c4e274-0d87-e711-80e5-00155db19e6d",
            "_objectid_value eq 60c4e274-0d87-e711-80e5-00155db19e6d and contains(subject,'[outlay:a.b:')",
            "(modifiedon ge 2026-11-24T08:30:01Z and statecode eq 0) or name eq 'O''Neill'",
        ] {
            read(good).unwrap_or_else(|e| panic!("{good}: {e:?}"));
        }
        for bad in [
            "name eq",
            "name is 'x'",
            "name eq 'x",
            "contains(name)",
            "name eq 'a' 'b'",
            "name = 'a'",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
