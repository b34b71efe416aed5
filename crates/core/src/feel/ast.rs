//! Expressions and tests, once read.

use std::sync::Arc;

use super::value::Value;

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// A value that is known when it is read.
    Const(Value),
    /// The value of a name.
    Name(Arc<str>),
    /// `?`: the value that a cell tests.
    Input,
    /// With the other sign.
    Neg(Box<Expr>),
    /// Two values joined.
    Binary(Op, Box<Expr>, Box<Expr>),
    /// Two values compared.
    Compare(Cmp, Box<Expr>, Box<Expr>),
    /// Whether all are true, in three-valued logic.
    And(Box<Expr>, Box<Expr>),
    /// Whether one is true, in three-valued logic.
    Or(Box<Expr>, Box<Expr>),
    /// `x between a and b`, both ends included.
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `x in (tests)`.
    In(Box<Expr>, Vec<Test>),
    /// `if a then b else c`.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A function called by name.
    Call(Arc<str>, Args),
    /// `a.b`.
    Member(Box<Expr>, Arc<str>),
    /// `a[n]`, from 1, or from the end with a minus.
    At(Box<Expr>, Box<Expr>),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `{a: b}`; later members may name earlier ones.
    Context(Vec<(Arc<str>, Expr)>),
    /// `[a..b)`; whether each end belongs to it.
    Range(Box<Expr>, bool, Box<Expr>, bool),
}

/// How two values are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `+`, of texts too.
    Add,
    /// `-`.
    Sub,
    /// `*`.
    Mul,
    /// `/`.
    Div,
    /// `**`.
    Pow,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cmp {
    /// `=`.
    Equal,
    /// `!=`.
    Unequal,
    /// `<`.
    Below,
    /// `<=`.
    AtMost,
    /// `>`.
    Above,
    /// `>=`.
    AtLeast,
}

/// What a function is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Args {
    /// By place.
    Placed(Vec<Expr>),
    /// By name.
    Named(Vec<(Arc<str>, Expr)>),
}

/// What a cell asks of its input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tests {
    /// `-`: nothing.
    Any,
    /// One of these.
    One(Vec<Test>),
    /// `not(…)`: none of these.
    Not(Vec<Test>),
}

/// One test of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// `< 5`.
    Compare(Cmp, Expr),
    /// Equal to a value, in a list, in a range, or a condition that holds.
    Is(Expr),
}

impl Op {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Op::Add => "+",
            Op::Sub => "-",
            Op::Mul => "*",
            Op::Div => "/",
            Op::Pow => "**",
        }
    }
}

impl Cmp {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Cmp::Equal => "=",
            Cmp::Unequal => "!=",
            Cmp::Below => "<",
            Cmp::AtMost => "<=",
            Cmp::Above => ">",
            Cmp::AtLeast => ">=",
        }
    }
}

impl Tests {
    /// The tests inside.
    pub fn list(&self) -> &[Test] {
        match self {
            Tests::Any => &[],
            Tests::One(all) | Tests::Not(all) => all,
        }
    }

    /// Whether the answer depends on nothing but the input.
    pub fn is_constant(&self) -> bool {
        self.list()
            .iter()
            .all(|t| matches!(t, Test::Compare(_, Expr::Const(_)) | Test::Is(Expr::Const(_))))
    }
}
