//! The subset of SOQL that a connector asks for: read into a tree, and weighed row by row.

use std::cmp::Ordering;

use serde_json::Value;

use super::db::{Db, Field, Refusal, Row, seconds};

/// A question.
#[derive(Debug)]
pub struct Query {
    /// True for `SELECT COUNT()`.
    pub count: bool,
    /// What is asked for.
    pub fields: Vec<String>,
    /// Of which object.
    pub from: String,
    filter: Option<Expr>,
    order: Vec<(String, bool)>,
    limit: Option<usize>,
}

#[derive(Debug)]
enum Expr {
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Compare(String, String, Literal),
    In(String, Vec<Literal>, bool),
}

#[derive(Debug, Clone, PartialEq)]
enum Literal {
    Text(String),
    /// A number, a time or a day.
    Bare(String),
    Truth(bool),
    Null,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Bare(String),
    Sign(String),
}

fn malformed(what: impl std::fmt::Display) -> Refusal {
    Refusal::new(400, "MALFORMED_QUERY", format!("unexpected token: {what}"))
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let mut take = |first: char, more: fn(char) -> bool| {
            let mut word = String::from(first);
            while let Some(c) = rest.next_if(|c| more(*c)) {
                word.push(c);
            }
            word
        };
        match c {
            c if c.is_whitespace() => {}
            '\'' => {
                let mut word = String::new();
                loop {
                    match rest.next().ok_or_else(|| malformed("'"))? {
                        '\'' => break,
                        '\\' => word.extend(rest.next()),
                        c => word.push(c),
                    }
                }
                found.push(Token::Text(word));
            }
            '<' | '>' | '!' => found.push(Token::Sign(take(c, |c| c == '='))),
            '(' | ')' | ',' | '=' => found.push(Token::Sign(c.into())),
            c if c.is_ascii_digit() => {
                found.push(Token::Bare(take(c, |c| {
                    c.is_ascii_alphanumeric() || "-:.+".contains(c)
                })));
            }
            c if c.is_ascii_alphabetic() => {
                found.push(Token::Word(take(c, |c| c.is_ascii_alphanumeric() || "_.".contains(c))));
            }
            other => return Err(malformed(other)),
        }
    }
    Ok(found)
}

/// A reader of tokens.
struct Reader(std::iter::Peekable<std::vec::IntoIter<Token>>);

impl Reader {
    fn is_word(&mut self, word: &str) -> bool {
        let is = |t: &Token| matches!(t, Token::Word(w) if w.eq_ignore_ascii_case(word));
        self.0.next_if(is).is_some()
    }

    fn is_sign(&mut self, sign: &str) -> bool {
        self.0.next_if(|t| matches!(t, Token::Sign(s) if s == sign)).is_some()
    }

    fn must(&mut self, what: &str) -> Result<(), Refusal> {
        match self.is_word(what) || self.is_sign(what) {
            true => Ok(()),
            false => Err(malformed(format!("{:?} instead of {what}", self.0.peek()))),
        }
    }

    fn word(&mut self) -> Result<String, Refusal> {
        match self.0.next() {
            Some(Token::Word(word)) => Ok(word),
            other => Err(malformed(format!("{other:?}"))),
        }
    }

    fn number(&mut self) -> Result<usize, Refusal> {
        match self.0.next() {
            Some(Token::Bare(n)) => n.parse().map_err(|_| malformed(n)),
            other => Err(malformed(format!("{other:?}"))),
        }
    }

    /// Terms joined by AND, or by OR; the two are not mixed without brackets.
    fn expr(&mut self) -> Result<Expr, Refusal> {
        let mut terms = vec![self.term()?];
        let word = if self.is_word("and") {
            "and"
        } else if self.is_word("or") {
            "or"
        } else {
            return Ok(terms.remove(0));
        };
        loop {
            terms.push(self.term()?);
            if !self.is_word(word) {
                break;
            }
        }
        if self.is_word("and") || self.is_word("or") {
            return Err(malformed("AND and OR without brackets"));
        }
        Ok(if word == "and" {
            Expr::And(terms)
        } else {
            Expr::Or(terms)
        })
    }

    fn term(&mut self) -> Result<Expr, Refusal> {
        if self.is_sign("(") {
            let inner = self.expr()?;
            self.must(")")?;
            return Ok(inner);
        }
        let field = self.word()?;
        let not = self.is_word("not");
        if not || self.is_word("in") {
            if not {
                self.must("in")?;
            }
            self.must("(")?;
            let mut list = vec![self.literal()?];
            while self.is_sign(",") {
                list.push(self.literal()?);
            }
            self.must(")")?;
            return Ok(Expr::In(field, list, not));
        }
        let operator = match self.0.next() {
            Some(Token::Sign(sign)) if ["=", "!=", "<", "<=", ">", ">="].contains(&sign.as_str()) => sign,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("like") => "like".to_owned(),
            other => return Err(malformed(format!("{other:?}"))),
        };
        Ok(Expr::Compare(field, operator, self.literal()?))
    }

    fn literal(&mut self) -> Result<Literal, Refusal> {
        Ok(match self.0.next() {
            Some(Token::Text(text)) => Literal::Text(text),
            Some(Token::Bare(text)) => Literal::Bare(text),
            Some(Token::Word(word)) => match word.to_ascii_lowercase().as_str() {
                "true" => Literal::Truth(true),
                "false" => Literal::Truth(false),
                "null" => Literal::Null,
                _ => return Err(malformed(word)),
            },
            other => return Err(malformed(format!("{other:?}"))),
        })
    }
}

/// Reads a question.
pub fn read(soql: &str) -> Result<Query, Refusal> {
    let mut reader = Reader(tokens(soql)?.into_iter().peekable());
    reader.must("select")?;
    let mut fields = vec![reader.word()?];
    let count = fields[0].eq_ignore_ascii_case("count");
    if count {
        fields.clear();
        reader.must("(")?;
        reader.must(")")?;
    }
    while reader.is_sign(",") {
        fields.push(reader.word()?);
    }
    reader.must("from")?;
    let from = reader.word()?;
    let filter = if reader.is_word("where") {
        Some(reader.expr()?)
    } else {
        None
    };
    let mut order = Vec::new();
    if reader.is_word("order") {
        reader.must("by")?;
        loop {
            let field = reader.word()?;
            let down = reader.is_word("desc");
            let _ = !down && reader.is_word("asc");
            order.push((field, down));
            if !reader.is_sign(",") {
                break;
            }
        }
    }
    let limit = if reader.is_word("limit") {
        Some(reader.number()?)
    } else {
        None
    };
    match reader.0.next() {
        None => Ok(Query {
            count,
            fields,
            from,
            filter,
            order,
            limit,
        }),
        Some(more) => Err(malformed(format!("{more:?}"))),
    }
}

impl Query {
    /// The rows that it asks for, in its order. A deaf one pays no heed to its conditions.
    pub fn run(&self, db: &Db, deleted: bool, deaf: bool) -> Result<Vec<Row>, Refusal> {
        let unknown = || {
            let text = format!("sObject type '{}' is not supported.", self.from);
            Refusal::new(400, "INVALID_TYPE", text)
        };
        let object = db.objects.get(&self.from).ok_or_else(unknown)?;
        let known = |name: &str| {
            object.fields.get(name).ok_or_else(|| {
                let text = format!("No such column '{name}' on entity '{}'.", self.from);
                Refusal::new(400, "INVALID_FIELD", text)
            })
        };
        for field in &self.fields {
            known(field)?;
        }
        for (field, _) in &self.order {
            filterable(field, known(field)?)?;
        }
        if self.from == "ContentDocumentLink" && !self.filter.as_ref().is_some_and(names_a_document) {
            let text = "Implementation restriction: ContentDocumentLink requires a filter by a single Id on \
                        ContentDocumentId or LinkedEntityId using the equals operator.";
            return Err(Refusal::new(400, "MALFORMED_QUERY", text));
        }
        let mut rows = Vec::new();
        for row in object.rows.values() {
            let shown = deleted || row.get("IsDeleted").is_none_or(|d| d == false);
            let fits = match &self.filter {
                Some(filter) => filter.holds(row, &known)? || deaf,
                None => true,
            };
            if shown && fits {
                rows.push(row.clone());
            }
        }
        // What the question leaves open comes in an order of nobody's choosing.
        rows.reverse();
        rows.sort_by(|a, b| {
            let by = |(field, down): &(String, bool)| {
                let order = order(at(a, field), at(b, field));
                if *down { order.reverse() } else { order }
            };
            self.order.iter().map(by).fold(Ordering::Equal, Ordering::then)
        });
        rows.truncate(self.limit.unwrap_or(usize::MAX));
        Ok(rows)
    }
}

fn at<'r>(row: &'r Row, field: &str) -> &'r Value {
    row.get(field).unwrap_or(&Value::Null)
}

fn filterable(name: &str, field: &Field) -> Result<(), Refusal> {
    match field.kind {
        "textarea" | "base64" => {
            let text = format!("field '{name}' can not be filtered in a query call");
            Err(Refusal::new(400, "INVALID_FIELD", text))
        }
        _ => Ok(()),
    }
}

fn names_a_document(expr: &Expr) -> bool {
    match expr {
        Expr::And(terms) => terms.iter().any(names_a_document),
        Expr::Compare(field, operator, Literal::Text(_)) => {
            operator == "=" && ["LinkedEntityId", "ContentDocumentId"].contains(&field.as_str())
        }
        _ => false,
    }
}

impl Expr {
    fn holds<'f>(&self, row: &Row, known: &impl Fn(&str) -> Result<&'f Field, Refusal>) -> Result<bool, Refusal> {
        match self {
            Expr::And(terms) => terms
                .iter()
                .try_fold(true, |all, term| Ok(term.holds(row, known)? && all)),
            Expr::Or(terms) => terms
                .iter()
                .try_fold(false, |any, term| Ok(term.holds(row, known)? || any)),
            Expr::In(name, list, not) => {
                filterable(name, known(name)?)?;
                let kind = known(name)?.kind;
                let mut any = false;
                for literal in list {
                    any |= compare(kind, at(row, name), "=", literal)?;
                }
                Ok(any != *not)
            }
            Expr::Compare(name, operator, literal) => {
                filterable(name, known(name)?)?;
                compare(known(name)?.kind, at(row, name), operator, literal)
            }
        }
    }
}

fn compare(kind: &str, held: &Value, operator: &str, literal: &Literal) -> Result<bool, Refusal> {
    let unfit = || {
        Refusal::new(
            400,
            "INVALID_FIELD",
            format!("value of filter criterion must be of type {kind}"),
        )
    };
    let wanted = match (kind, literal) {
        (_, Literal::Null) => Value::Null,
        ("boolean", Literal::Truth(truth)) => Value::Bool(*truth),
        ("datetime", Literal::Bare(text)) => Value::from(seconds(text).ok_or_else(unfit)?),
        ("double" | "currency" | "percent", Literal::Bare(text)) => serde_json::from_str(text).map_err(|_| unfit())?,
        ("date", Literal::Bare(text)) => text.as_str().into(),
        ("boolean" | "datetime" | "double" | "currency" | "percent" | "date", _) => return Err(unfit()),
        (_, Literal::Text(text)) => text.as_str().into(),
        _ => return Err(unfit()),
    };
    if operator == "like" {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
        return Ok(like(&text(held), &text(&wanted)));
    }
    let both = !held.is_null() && !wanted.is_null();
    let order = order(held, &wanted);
    Ok(match operator {
        "=" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => both && order.is_lt(),
        "<=" => both && order.is_le(),
        ">" => both && order.is_gt(),
        _ => both && order.is_ge(),
    })
}

fn like(text: &str, pattern: &str) -> bool {
    let Some(first) = pattern.chars().next() else {
        return text.is_empty();
    };
    let rest = &pattern[first.len_utf8()..];
    if first == '%' {
        return like(text, rest) || text.char_indices().any(|(n, c)| like(&text[n + c.len_utf8()..], rest));
    }
    match text.chars().next() {
        Some(c) if first == '_' || c == first => like(&text[c.len_utf8()..], rest),
        _ => false,
    }
}

fn order(one: &Value, other: &Value) -> Ordering {
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
    fn questions_are_read_by_their_grammar() {
        for good in [
            "SELECT COUNT() FROM Account",
            "SELECT Id, Name FROM Account WHERE (IsDeleted = false AND Name LIKE 'a%') OR Id IN ('1', '2') ORDER BY Id DESC, Name LIMIT 5",
            "select Id from Task where TaskSubtype not in ('Email') and AccountId != null and SystemModstamp >= 2026-11-24T08:30:01.000Z",
        ] {
            read(good).unwrap_or_else(|e| panic!("{good}: {e:?}"));
        }
        for bad in [
            "SELECT FROM Account",
            "SELECT Id FROM Account WHERE Name = 'a' AND Id = '1' OR Id = '2'",
            "SELECT Id FROM Account WHERE Name = 'a",
            "SELECT Id FROM Account LIMIT many",
            "SELECT Id FROM Account WHERE Name == 'a'",
            "SELECT Id FROM Account; DROP",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn patterns_match_as_in_soql() {
        assert!(like("已支付 [outlay:cost.1:3]", "%[outlay:cost.1:%"));
        assert!(!like("[outlay:cost.11:3]", "%[outlay:cost.1:%"));
        assert!(like("abc", "a_c") && !like("abc", "a_"));
    }
}
