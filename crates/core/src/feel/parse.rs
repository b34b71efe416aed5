//! Reading expressions: operators, from the loosest to the tightest.

use std::fmt;
use std::sync::Arc;

use super::ast::{Cmp, Expr, Op, Test, Tests};
use super::fold::fold;
use super::names::{Names, is_part};
use super::{MAX_BYTES, MAX_DEPTH, MAX_PARTS};

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} (at character {at})")]
pub struct FeelError {
    /// The character at which reading ended, from 1.
    pub at: usize,
    /// What is wrong there.
    pub problem: FeelProblem,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeelProblem {
    /// Nothing is written.
    Empty,
    /// Something else must stand here.
    Expected(&'static str),
    /// No value or function has this name.
    UnknownName(String),
    /// No function has this name.
    UnknownFunction(String),
    /// A word of FEEL that is not carried out here.
    Unsupported(String),
    /// A number of more than 34 digits.
    TooManyDigits(String),
    /// A text without its end.
    OpenText,
    /// An escape that is not known, or that names no character.
    BadEscape,
    /// `@"…"` with something that is no date, time or duration.
    NoTime(String),
    /// Longer, deeper or of more parts than is read.
    TooLarge,
}

impl fmt::Display for FeelProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FeelProblem::Empty => f.write_str("nothing is written: write a value"),
            FeelProblem::Expected(what) => write!(f, "{what} must stand here"),
            FeelProblem::UnknownName(name) => {
                write!(
                    f,
                    "{name} is not known: write \"{name}\" in quotes if it is a text, or name an input"
                )
            }
            FeelProblem::UnknownFunction(name) => write!(f, "there is no function {name}"),
            FeelProblem::Unsupported(word) => write!(f, "`{word}` cannot be used here: write it without"),
            FeelProblem::TooManyDigits(text) => write!(f, "{text} has more than 34 digits: write fewer"),
            FeelProblem::OpenText => f.write_str("a text has no end: add the closing quote"),
            FeelProblem::BadEscape => f.write_str("a \\ begins nothing known: write \\\\ for the sign itself"),
            FeelProblem::NoTime(text) => {
                write!(
                    f,
                    "{text} is no date, time or duration: write @\"2026-03-01\", @\"08:30:00\" or @\"P1D\""
                )
            }
            FeelProblem::TooLarge => f.write_str("it is too long or too deep: split it"),
        }
    }
}

/// Reads one expression.
pub fn expression(text: &str, names: &Names) -> Result<Expr, FeelError> {
    let mut parser = Parser::new(text, names)?;
    let expr = parser.expression()?;
    parser.end()?;
    Ok(expr)
}

/// Reads what a cell asks: `-`, tests with commas between, or `not(…)`. An empty cell asks nothing.
pub fn unary_tests(text: &str, names: &Names) -> Result<Tests, FeelError> {
    let bare = text.trim();
    if bare.is_empty() || bare == "-" {
        return Ok(Tests::Any);
    }
    let mut parser = Parser::new(text, names)?;
    if let Some(tests) = parser.negated()? {
        return Ok(Tests::Not(tests));
    }
    let tests = parser.tests()?;
    parser.end()?;
    Ok(Tests::One(tests))
}

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) names: &'a Names,
    /// Names made by the expression itself.
    pub(super) local: Vec<Arc<str>>,
    pub(super) pos: usize,
    /// Whether what is read is the upper end of a range, which `[` may close.
    pub(super) ends_range: bool,
    depth: usize,
    parts: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, names: &'a Names) -> Result<Parser<'a>, FeelError> {
        let parser = Parser {
            text,
            names,
            local: Vec::new(),
            pos: 0,
            ends_range: false,
            depth: 0,
            parts: 0,
        };
        if text.len() > MAX_BYTES {
            return Err(parser.fail(FeelProblem::TooLarge));
        }
        if text.trim().is_empty() {
            return Err(parser.fail(FeelProblem::Empty));
        }
        Ok(parser)
    }

    pub(super) fn fail(&self, problem: FeelProblem) -> FeelError {
        FeelError {
            at: self.text[..self.pos].chars().count() + 1,
            problem,
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.pos..]
    }

    pub(super) fn space(&mut self) {
        loop {
            let rest = self.rest().trim_start();
            self.pos = self.text.len() - rest.len();
            if rest.starts_with("//") {
                self.pos += rest.find('\n').unwrap_or(rest.len());
            } else if let Some(comment) = rest.strip_prefix("/*") {
                self.pos += comment.find("*/").map_or(rest.len(), |end| end + 4);
            } else {
                return;
            }
        }
    }

    /// Goes past a sign, if it is next.
    pub(super) fn sign(&mut self, sign: &str) -> bool {
        self.space();
        let there = self.rest().starts_with(sign);
        if there {
            self.pos += sign.len();
        }
        there
    }

    /// Goes past a sign, or says that it is missing.
    pub(super) fn need(&mut self, sign: &'static str) -> Result<(), FeelError> {
        if self.sign(sign) {
            Ok(())
        } else {
            Err(self.fail(FeelProblem::Expected(sign)))
        }
    }

    /// Goes past a word, if it is next and ends there.
    pub(super) fn word(&mut self, word: &str) -> bool {
        self.space();
        let Some(rest) = self.rest().strip_prefix(word) else {
            return false;
        };
        let there = !rest.chars().next().is_some_and(is_part);
        if there {
            self.pos += word.len();
        }
        there
    }

    fn end(&mut self) -> Result<(), FeelError> {
        self.space();
        if self.rest().is_empty() {
            return Ok(());
        }
        Err(self.fail(FeelProblem::Expected("an operator or the end")))
    }

    /// Counts a part of the expression, so that none grows beyond what can be carried out.
    pub(super) fn part(&mut self, expr: Expr) -> Result<Expr, FeelError> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(self.fail(FeelProblem::TooLarge));
        }
        Ok(fold(expr, self.names))
    }

    /// Reads something that may hold expressions again.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, FeelError>) -> Result<T, FeelError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.fail(FeelProblem::TooLarge));
        }
        self.depth += 1;
        let outer = std::mem::take(&mut self.ends_range);
        let read = read(self);
        self.ends_range = outer;
        self.depth -= 1;
        read
    }

    /// `not(tests)` as the whole of a cell; the position is kept where it is something else.
    fn negated(&mut self) -> Result<Option<Vec<Test>>, FeelError> {
        if !(self.word("not") && self.sign("(")) {
            self.pos = 0;
            return Ok(None);
        }
        let tests = self.tests()?;
        self.need(")")?;
        self.end()?;
        Ok(Some(tests))
    }

    pub(super) fn tests(&mut self) -> Result<Vec<Test>, FeelError> {
        let mut tests = vec![self.test()?];
        while self.sign(",") {
            tests.push(self.test()?);
        }
        Ok(tests)
    }

    fn test(&mut self) -> Result<Test, FeelError> {
        match self.comparison_sign() {
            Some(op) => Ok(Test::Compare(op, self.deeper(Self::sum)?)),
            None => Ok(Test::Is(self.expression()?)),
        }
    }

    fn comparison_sign(&mut self) -> Option<Cmp> {
        const SIGNS: [(&str, Cmp); 6] = [
            ("<=", Cmp::AtMost),
            (">=", Cmp::AtLeast),
            ("!=", Cmp::Unequal),
            ("<", Cmp::Below),
            (">", Cmp::Above),
            ("=", Cmp::Equal),
        ];
        SIGNS.into_iter().find(|(sign, _)| self.sign(sign)).map(|(_, op)| op)
    }

    pub(super) fn expression(&mut self) -> Result<Expr, FeelError> {
        self.deeper(Self::any_of)
    }

    /// The upper end of a range, whose closing sign may be `[`.
    pub(super) fn upper_end(&mut self) -> Result<Expr, FeelError> {
        self.deeper(|p| {
            p.ends_range = true;
            p.any_of()
        })
    }

    fn any_of(&mut self) -> Result<Expr, FeelError> {
        let mut left = self.all_of()?;
        while self.word("or") {
            let right = self.all_of()?;
            left = self.part(Expr::Or(left.into(), right.into()))?;
        }
        Ok(left)
    }

    fn all_of(&mut self) -> Result<Expr, FeelError> {
        let mut left = self.comparison()?;
        while self.word("and") {
            let right = self.comparison()?;
            left = self.part(Expr::And(left.into(), right.into()))?;
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Expr, FeelError> {
        let mut left = self.sum()?;
        loop {
            if let Some(op) = self.comparison_sign() {
                let right = self.sum()?;
                left = self.part(Expr::Compare(op, left.into(), right.into()))?;
            } else if self.word("between") {
                let low = self.sum()?;
                if !self.word("and") {
                    return Err(self.fail(FeelProblem::Expected("and")));
                }
                let high = self.sum()?;
                left = self.part(Expr::Between(left.into(), low.into(), high.into()))?;
            } else if self.word("in") {
                let tests = self.deeper(Self::in_tests)?;
                left = self.part(Expr::In(left.into(), tests))?;
            } else if self.word("instance") {
                return Err(self.fail(FeelProblem::Unsupported("instance of".into())));
            } else {
                return Ok(left);
            }
        }
    }

    /// The tests after `in`: several in brackets, or one.
    fn in_tests(&mut self) -> Result<Vec<Test>, FeelError> {
        if let Some(op) = self.comparison_sign() {
            return Ok(vec![Test::Compare(op, self.sum()?)]);
        }
        let start = self.pos;
        if self.sign("(") {
            let mut tests = vec![self.test()?];
            // Not tests in brackets, but a range that is open below.
            if self.sign("..") {
                self.pos = start;
                return Ok(vec![Test::Is(self.sum()?)]);
            }
            while self.sign(",") {
                tests.push(self.test()?);
            }
            self.need(")")?;
            return Ok(tests);
        }
        Ok(vec![Test::Is(self.sum()?)])
    }

    fn sum(&mut self) -> Result<Expr, FeelError> {
        let mut left = self.product()?;
        loop {
            let op = if self.sign("+") {
                Op::Add
            } else if self.sign("-") {
                Op::Sub
            } else {
                return Ok(left);
            };
            let right = self.product()?;
            left = self.part(Expr::Binary(op, left.into(), right.into()))?;
        }
    }

    fn product(&mut self) -> Result<Expr, FeelError> {
        let mut left = self.power()?;
        loop {
            self.space();
            let op = match self.rest().as_bytes() {
                [b'*', b'*', ..] => return Ok(left),
                [b'*', ..] => Op::Mul,
                [b'/', ..] => Op::Div,
                _ => return Ok(left),
            };
            self.pos += 1;
            let right = self.power()?;
            left = self.part(Expr::Binary(op, left.into(), right.into()))?;
        }
    }

    /// Powers join from the left, and a minus binds tighter: `-3 ** 2` is 9.
    fn power(&mut self) -> Result<Expr, FeelError> {
        let mut left = self.negation()?;
        while self.sign("**") {
            let right = self.negation()?;
            left = self.part(Expr::Binary(Op::Pow, left.into(), right.into()))?;
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expr, FeelError> {
        if self.sign("-") {
            let ends_range = self.ends_range;
            let inner = self.deeper(|p| {
                p.ends_range = ends_range;
                p.negation()
            })?;
            return self.part(Expr::Neg(inner.into()));
        }
        self.followed()
    }
}
