//! Reading expressions: values, names, calls, brackets.

use std::sync::Arc;

use super::ast::{Args, Expr};
use super::functions;
use super::names::{is_part, tidy};
use super::number::Number;
use super::parse::{FeelError, FeelProblem, Parser};
use super::time::{DateTime, Duration, Time, date};
use super::value::Value;

/// Words that begin what is not carried out.
const UNSUPPORTED: [&str; 4] = ["for", "some", "every", "function"];
/// Words that are no names.
const KEYWORDS: [&str; 9] = [
    "then",
    "else",
    "and",
    "or",
    "in",
    "between",
    "satisfies",
    "return",
    "instance",
];

impl Parser<'_> {
    /// A value and what follows it: `.member`, `[n]`.
    pub(super) fn followed(&mut self) -> Result<Expr, FeelError> {
        let mut expr = self.primary()?;
        loop {
            self.space();
            let rest = self.rest();
            if rest.starts_with('.') && !rest.starts_with("..") {
                self.pos += 1;
                let name = self.member_name()?;
                expr = self.part(Expr::Member(expr.into(), name))?;
            } else if rest.starts_with('[') && !matches!(expr, Expr::Const(Value::Number(_))) {
                let start = self.pos;
                match self.index() {
                    Ok(index) => expr = self.part(Expr::At(expr.into(), index.into()))?,
                    // `[1..a[` ends there; `[1..a[2]]` does not.
                    Err(_) if self.ends_range => {
                        self.pos = start;
                        return Ok(expr);
                    }
                    Err(error) => return Err(error),
                }
            } else {
                return Ok(expr);
            }
        }
    }

    /// `[n]`; within the end of a range only where that is closed after it.
    fn index(&mut self) -> Result<Expr, FeelError> {
        self.pos += 1;
        let known = self.local.len();
        let index = self.expression();
        self.local.truncate(known);
        let index = index?;
        self.need("]")?;
        if self.ends_range {
            self.space();
            if self.rest().is_empty() || self.rest().starts_with(',') {
                return Err(self.fail(FeelProblem::Expected("] or )")));
            }
        }
        Ok(index)
    }

    fn member_name(&mut self) -> Result<Arc<str>, FeelError> {
        self.space();
        if let Some((name, length)) = self.names.longest_member(self.rest()) {
            self.pos += length;
            return Ok(name);
        }
        self.plain_name()
            .ok_or_else(|| self.fail(FeelProblem::Expected("a name")))
    }

    /// A name without spaces and signs.
    fn plain_name(&mut self) -> Option<Arc<str>> {
        let rest = self.rest();
        let first = rest.chars().next().filter(|c| c.is_alphabetic() || *c == '_')?;
        let end = rest
            .find(|c: char| !is_part(c))
            .unwrap_or(rest.len())
            .max(first.len_utf8());
        self.pos += end;
        Some(Arc::from(&rest[..end]))
    }

    fn primary(&mut self) -> Result<Expr, FeelError> {
        self.space();
        let Some(first) = self.rest().chars().next() else {
            return Err(self.fail(FeelProblem::Expected("a value")));
        };
        match first {
            '"' => Ok(Expr::Const(Value::Text(self.quoted()?))),
            '@' => self.at_literal(),
            '?' => {
                self.pos += 1;
                Ok(Expr::Input)
            }
            '0'..='9' | '.' => self.number(),
            '(' => self.deeper(Self::bracketed),
            '[' => self.deeper(Self::list_or_range),
            ']' => self.deeper(|p| {
                p.pos += 1;
                let low = p.expression()?;
                p.range(low, false)
            }),
            '{' => self.deeper(Self::context),
            c if c.is_alphabetic() || c == '_' => self.named(),
            _ => Err(self.fail(FeelProblem::Expected("a value"))),
        }
    }

    /// A number in digits; the points of a range that follow are not part of it.
    fn number(&mut self) -> Result<Expr, FeelError> {
        let rest = self.rest();
        let digits = |from: usize| {
            let tail = &rest[from..];
            from + tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len())
        };
        let mut end = digits(0);
        if rest[end..].starts_with('.') && rest[end + 1..].starts_with(|c: char| c.is_ascii_digit()) {
            end = digits(end + 1);
        }
        if let Some(exponent) = rest[end..].strip_prefix(['e', 'E']) {
            let signs = usize::from(exponent.starts_with(['+', '-']));
            let last = digits(end + 1 + signs);
            if last > end + 1 + signs {
                end = last;
            }
        }
        let text = &rest[..end];
        if text.is_empty() {
            return Err(self.fail(FeelProblem::Expected("a value")));
        }
        let number = Number::parse(text).ok_or_else(|| self.fail(FeelProblem::TooManyDigits(text.to_owned())))?;
        self.pos += end;
        if self.rest().starts_with(is_part) {
            return Err(self.fail(FeelProblem::Expected("an operator or the end")));
        }
        Ok(Expr::Const(Value::Number(number)))
    }

    /// A text between quotes.
    fn quoted(&mut self) -> Result<Arc<str>, FeelError> {
        let mut chars = self.rest().char_indices().skip(1);
        let mut text = String::new();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.pos += at + 1;
                    return Ok(Arc::from(text));
                }
                '\\' => {
                    let c = match chars.next().map(|(_, c)| c) {
                        Some('n') => '\n',
                        Some('r') => '\r',
                        Some('t') => '\t',
                        Some(c @ ('"' | '\\' | '\'')) => c,
                        Some('u') => self.code(&mut chars, 4)?,
                        Some('U') => self.code(&mut chars, 6)?,
                        _ => return Err(self.fail(FeelProblem::BadEscape)),
                    };
                    text.push(c);
                }
                c => text.push(c),
            }
        }
        Err(self.fail(FeelProblem::OpenText))
    }

    /// The character that an escape names; two escapes may name one, as UTF-16 does.
    fn code(&self, chars: &mut impl Iterator<Item = (usize, char)>, digits: usize) -> Result<char, FeelError> {
        let bad = || self.fail(FeelProblem::BadEscape);
        let mut hex = |digits: usize| -> Option<u32> {
            let mut code = 0;
            for _ in 0..digits {
                code = code * 16 + chars.next()?.1.to_digit(16)?;
            }
            Some(code)
        };
        let first = hex(digits).ok_or_else(bad)?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or_else(bad);
        }
        let pair = (chars.next().map(|(_, c)| c), chars.next().map(|(_, c)| c));
        if pair != (Some('\\'), Some('u')) {
            return Err(bad());
        }
        let mut second = 0;
        for _ in 0..4 {
            second = second * 16 + chars.next().and_then(|(_, c)| c.to_digit(16)).ok_or_else(bad)?;
        }
        if !(0xdc00..0xe000).contains(&second) {
            return Err(bad());
        }
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or_else(bad)
    }

    /// `@"2026-03-01"` and its like.
    fn at_literal(&mut self) -> Result<Expr, FeelError> {
        self.pos += 1;
        if !self.rest().starts_with('"') {
            return Err(self.fail(FeelProblem::Expected("a text in quotes")));
        }
        let text = self.quoted()?;
        let value = moment(&text).ok_or_else(|| self.fail(FeelProblem::NoTime(text.to_string())))?;
        Ok(Expr::Const(value))
    }

    /// `(a)`, or the range `(a..b]`.
    fn bracketed(&mut self) -> Result<Expr, FeelError> {
        self.pos += 1;
        let inner = self.expression()?;
        if self.rest_is_range() {
            return self.range(inner, false);
        }
        self.need(")")?;
        Ok(inner)
    }

    /// `[a, b]`, or the range `[a..b]`.
    fn list_or_range(&mut self) -> Result<Expr, FeelError> {
        self.pos += 1;
        let mut all = Vec::new();
        if self.sign("]") {
            return self.part(Expr::List(all));
        }
        all.push(self.expression()?);
        if self.rest_is_range() {
            let low = all.swap_remove(0);
            return self.range(low, true);
        }
        while self.sign(",") {
            all.push(self.expression()?);
        }
        self.need("]")?;
        self.part(Expr::List(all))
    }

    fn rest_is_range(&mut self) -> bool {
        self.space();
        self.rest().starts_with("..")
    }

    /// The points and the upper end of a range.
    fn range(&mut self, low: Expr, low_in: bool) -> Result<Expr, FeelError> {
        self.need("..")?;
        let high = self.upper_end()?;
        let high_in = if self.sign("]") {
            true
        } else if self.sign(")") || self.sign("[") {
            false
        } else {
            return Err(self.fail(FeelProblem::Expected("] or )")));
        };
        self.part(Expr::Range(low.into(), low_in, high.into(), high_in))
    }

    fn context(&mut self) -> Result<Expr, FeelError> {
        self.pos += 1;
        let mut all: Vec<(Arc<str>, Expr)> = Vec::new();
        let known = self.local.len();
        if !self.sign("}") {
            loop {
                let name = self.key()?;
                if all.iter().any(|(n, _)| *n == name) {
                    return Err(self.fail(FeelProblem::Expected("a name that is not used yet")));
                }
                self.need(":")?;
                let value = self.expression()?;
                self.local.push(name.clone());
                all.push((name, value));
                if !self.sign(",") {
                    break;
                }
            }
            self.need("}")?;
        }
        self.local.truncate(known);
        self.part(Expr::Context(all))
    }

    /// The name before a colon, in quotes or not.
    fn key(&mut self) -> Result<Arc<str>, FeelError> {
        self.space();
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        let end = self.rest().find([':', ',', '{', '}', '"', '(', ')']).unwrap_or(0);
        let name = tidy(&self.rest()[..end]);
        if name.is_empty() {
            return Err(self.fail(FeelProblem::Expected("a name and a colon")));
        }
        self.pos += end;
        Ok(Arc::from(name))
    }

    /// A word: a value, a call, `if`, or a literal.
    fn named(&mut self) -> Result<Expr, FeelError> {
        let known = self.names.longest(self.rest());
        let (name, length) = match known {
            Some(known) => known,
            None => {
                for (word, value) in [
                    ("true", Value::Bool(true)),
                    ("false", Value::Bool(false)),
                    ("null", Value::Null),
                ] {
                    if self.word(word) {
                        return Ok(Expr::Const(value));
                    }
                }
                if self.word("if") {
                    return self.deeper(Self::condition);
                }
                let start = self.pos;
                let name = self.plain_name().unwrap_or_default();
                let length = self.pos - start;
                self.pos = start;
                (name, length)
            }
        };
        let is_value = self.names.has_value(&name) || self.local.contains(&name);
        if !is_value && UNSUPPORTED.contains(&&*name) {
            return Err(self.fail(FeelProblem::Unsupported(name.to_string())));
        }
        if !is_value && KEYWORDS.contains(&&*name) {
            return Err(self.fail(FeelProblem::Expected("a value")));
        }
        let start = self.pos;
        self.pos += length;
        if self.sign("(") {
            if !self.names.has_function(&name) && !functions::exists(&name) {
                self.pos = start;
                return Err(self.fail(FeelProblem::UnknownFunction(name.to_string())));
            }
            let args = self.deeper(Self::arguments)?;
            return self.part(Expr::Call(name, args));
        }
        if !is_value {
            self.pos = start;
            return Err(self.fail(FeelProblem::UnknownName(name.to_string())));
        }
        Ok(Expr::Name(name))
    }

    fn condition(&mut self) -> Result<Expr, FeelError> {
        let condition = self.expression()?;
        if !self.word("then") {
            return Err(self.fail(FeelProblem::Expected("then")));
        }
        let then = self.expression()?;
        if !self.word("else") {
            return Err(self.fail(FeelProblem::Expected("else")));
        }
        let otherwise = self.expression()?;
        self.part(Expr::If(condition.into(), then.into(), otherwise.into()))
    }

    /// What is between the brackets of a call, by place or by name.
    fn arguments(&mut self) -> Result<Args, FeelError> {
        if self.sign(")") {
            return Ok(Args::Placed(Vec::new()));
        }
        if let Some(first) = self.argument_name() {
            let mut all = vec![(first, self.expression()?)];
            while self.sign(",") {
                let name = self.argument_name();
                let name = name.ok_or_else(|| self.fail(FeelProblem::Expected("a name and a colon")))?;
                all.push((name, self.expression()?));
            }
            self.need(")")?;
            return Ok(Args::Named(all));
        }
        let mut all = vec![self.expression()?];
        while self.sign(",") {
            all.push(self.expression()?);
        }
        self.need(")")?;
        Ok(Args::Placed(all))
    }

    /// A name with a colon after it; the position is kept where there is none.
    fn argument_name(&mut self) -> Option<Arc<str>> {
        self.space();
        let colon = self.rest().find(|c: char| !is_part(c) && c != ' ')?;
        let (name, after) = self.rest().split_at(colon);
        if name.trim().is_empty() || !after.starts_with(':') {
            return None;
        }
        self.pos += colon + 1;
        Some(Arc::from(tidy(name)))
    }
}

/// A date, a time, both, or a duration, as its text says.
pub(super) fn moment(text: &str) -> Option<Value> {
    if let Some(day) = date(text) {
        return Some(Value::Date(day));
    }
    if text.contains('P') {
        return Duration::parse(text).map(Value::from);
    }
    if text.contains('T') {
        return DateTime::parse(text).map(Value::DateTime);
    }
    Time::parse(text).map(Value::Time)
}
