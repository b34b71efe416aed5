//! The fragments of SQL that the service takes, as far as anybody here writes them: parsed, not guessed at.

use std::cmp::Ordering;

/// A condition on a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// All hold.
    All(Vec<Condition>),
    /// One holds.
    Any(Vec<Condition>),
    /// A column compares so with a text.
    Is(String, &'static str, String),
    /// A column is one of these.
    In(String, Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

const SIGNS: [&str; 9] = [">=", "<=", "<>", "(", ")", ",", "=", ">", "<"];

/// Parses a WHERE clause over `table`; the empty one holds of all.
pub fn condition(text: &str, table: &str) -> Result<Condition, String> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(Condition::All(Vec::new()));
    }
    let mut parser = Parser {
        tokens,
        at: 0,
        table: table.to_owned(),
    };
    let condition = parser.any()?;
    match parser.next() {
        None => Ok(condition),
        Some(token) => Err(format!("{token:?} after the end")),
    }
}

/// Parses an ORDER BY clause into columns, all ascending.
pub fn order(text: &str, table: &str) -> Result<Vec<String>, String> {
    let columns = text.split(',').map(str::trim).filter(|c| !c.is_empty());
    columns
        .map(
            |column| match column.split_whitespace().collect::<Vec<_>>().as_slice() {
                [name] => column_of(name, table),
                [name, way] if way.eq_ignore_ascii_case("asc") => column_of(name, table),
                _ => Err(format!("ORDER BY {column}")),
            },
        )
        .collect()
}

impl Condition {
    /// Whether it holds of a row, whose columns `value` gives.
    pub fn holds(&self, value: &impl Fn(&str) -> String) -> bool {
        match self {
            Condition::All(all) => all.iter().all(|c| c.holds(value)),
            Condition::Any(any) => any.iter().any(|c| c.holds(value)),
            Condition::In(column, texts) => texts.contains(&value(column)),
            Condition::Is(column, "LIKE", pattern) => like(&value(column), pattern),
            Condition::Is(column, sign, text) => {
                let order = compare(&value(column), text);
                match *sign {
                    "=" => order == Ordering::Equal,
                    "<>" => order != Ordering::Equal,
                    ">" => order == Ordering::Greater,
                    ">=" => order != Ordering::Less,
                    "<" => order == Ordering::Less,
                    _ => order != Ordering::Greater,
                }
            }
        }
    }
}

/// As MySQL's usual collations compare: capitals and small letters alike.
pub fn compare(one: &str, other: &str) -> Ordering {
    one.to_lowercase().cmp(&other.to_lowercase())
}

/// LIKE with `%` at the ends and between; `_` stands for itself here.
fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.to_lowercase(), pattern.to_lowercase());
    let parts: Vec<&str> = pattern.split('%').collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        return text == pattern;
    };
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn column_of(name: &str, table: &str) -> Result<String, String> {
    let plain = match name.split_once('.') {
        Some((of, column)) if of == table => column,
        Some((of, _)) => return Err(format!("the table {of}")),
        None => name,
    };
    let sound = plain
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    match sound && plain != "user_hash" && !plain.is_empty() {
        true => Ok(plain.to_owned()),
        false => Err(format!("the column {name}")),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('\'') {
            let (inside, after) = after.split_once('\'').ok_or("a text without an end")?;
            if inside.contains('\\') || after.starts_with('\'') {
                return Err("an escape in a text".into());
            }
            tokens.push(Token::Text(inside.to_owned()));
            rest = after;
        } else if let Some(sign) = SIGNS.iter().find(|s| rest.starts_with(**s)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.'));
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            if word.is_empty() {
                return Err(format!("{rest:?}"));
            }
            tokens.push(Token::Word(word.to_owned()));
            rest = after;
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    table: String,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned()
    }

    fn takes(&mut self, word: &str) -> bool {
        let there = matches!(self.tokens.get(self.at), Some(Token::Word(w)) if w.eq_ignore_ascii_case(word));
        self.at += usize::from(there);
        there
    }

    fn any(&mut self) -> Result<Condition, String> {
        let mut any = vec![self.all()?];
        while self.takes("OR") {
            any.push(self.all()?);
        }
        Ok(if any.len() == 1 {
            any.remove(0)
        } else {
            Condition::Any(any)
        })
    }

    fn all(&mut self) -> Result<Condition, String> {
        let mut all = vec![self.one()?];
        while self.takes("AND") {
            all.push(self.one()?);
        }
        Ok(if all.len() == 1 {
            all.remove(0)
        } else {
            Condition::All(all)
        })
    }

    fn one(&mut self) -> Result<Condition, String> {
        let column = match self.next() {
            Some(Token::Sign("(")) => {
                let inside = self.any()?;
                return match self.next() {
                    Some(Token::Sign(")")) => Ok(inside),
                    other => Err(format!("{other:?} for )")),
                };
            }
            Some(Token::Word(word)) => column_of(&word, &self.table)?,
            other => return Err(format!("{other:?} for a column")),
        };
        if self.takes("LIKE") {
            return Ok(Condition::Is(column, "LIKE", self.text()?));
        }
        if self.takes("IN") {
            let mut texts = Vec::new();
            if self.next() != Some(Token::Sign("(")) {
                return Err("IN without (".into());
            }
            loop {
                texts.push(self.text()?);
                match self.next() {
                    Some(Token::Sign(",")) => {}
                    Some(Token::Sign(")")) => return Ok(Condition::In(column, texts)),
                    other => return Err(format!("{other:?} in IN")),
                }
            }
        }
        match self.next() {
            Some(Token::Sign(sign)) if !matches!(sign, "(" | ")" | ",") => {
                Ok(Condition::Is(column, sign, self.text()?))
            }
            other => Err(format!("{other:?} for a comparison")),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Text(text)) => Ok(text),
            Some(Token::Word(number)) if number.chars().all(|c| c.is_ascii_digit()) => Ok(number),
            other => Err(format!("{other:?} for a value")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_mean_what_sql_means() {
        let value = |column: &str| match column {
            "id" => "b".to_owned(),
            "n" => "5".to_owned(),
            _ => "x [k:1] y".to_owned(),
        };
        for (text, expected) in [
            ("", true),
            ("t.id = 'B'", true),
            ("(id > 'a' AND id < 'c')", true),
            ("id > 'b' OR id = 'a' OR (n >= 5 AND n <> 6)", true),
            ("id > 'b' OR id = 'a' AND n = 5", false),
            ("d LIKE '%[k:%' AND d LIKE 'x%y'", true),
            ("d LIKE '[k:%'", false),
            ("id IN ('a', 'b')", true),
            ("id IN ('a')", false),
        ] {
            assert_eq!(condition(text, "t").expect(text).holds(&value), expected, "{text}");
        }
        for bad in [
            "u.id = 'a'",
            "id = 'a' OR",
            "id = 'a'; DROP",
            "id = 'it''s'",
            "id = 'a",
            "user_hash = 'a'",
            "SLEEP(1)",
        ] {
            assert!(condition(bad, "t").is_err(), "{bad}");
        }
        assert_eq!(
            order("date_modified, t.id asc", "t").expect("an order"),
            ["date_modified", "id"]
        );
        assert!(order("id desc", "t").is_err());
    }
}
