//! FEEL, the expression language of DMN: what its level 2 needs, and the neighbours that people meet first.
//!
//! Not here: `for`, `some`, `every`, `function`, `instance of`, filters by a condition, zones by name. They are refused when read, by name.

mod arithmetic;
mod ast;
mod eval;
mod fold;
mod functions;
mod names;
mod number;
mod parse;
mod parse_value;
mod time;
mod unary;
mod value;

pub use ast::{Args, Cmp, Expr, Op, Test, Tests};
pub use eval::{Fault, Functions, NoFunctions, Scope, eval};
pub(crate) use functions::extreme;
pub use names::Names;
pub use number::{Number, Rounding};
pub use parse::{FeelError, FeelProblem, expression, unary_tests};
pub use time::{DateTime, Duration, Time, date};
pub use unary::{Probe, matches};
pub use value::{Kind, Range, Value};

/// How deep expressions may be nested; a pair of brackets counts twice.
pub const MAX_DEPTH: usize = 60;
/// How many parts one expression may have.
pub const MAX_PARTS: usize = 400;
/// How long one expression may be, in bytes.
pub const MAX_BYTES: usize = 8 * 1024;

/// How much a value may hold that an expression makes, in values and bytes.
pub const MAX_WEIGHT: usize = 64 * 1024;

/// Reads a text that names one value, such as `5000` or `"a"` or `[1..5)`. `None` for an expression that needs more.
pub fn constant(text: &str) -> Option<Value> {
    if let Ok(Expr::Const(value)) = expression(text, &Names::default()) {
        return Some(value);
    }
    // A range that is open for ever is written as a comparison.
    let (op, rest) = [
        ("<=", Cmp::AtMost),
        (">=", Cmp::AtLeast),
        ("<", Cmp::Below),
        (">", Cmp::Above),
    ]
    .into_iter()
    .find_map(|(sign, op)| Some((op, text.strip_prefix(sign)?)))?;
    let Ok(Expr::Const(end)) = expression(rest, &Names::default()) else {
        return None;
    };
    let (low, high) = match op {
        Cmp::AtMost => (None, Some((end, true))),
        Cmp::Below => (None, Some((end, false))),
        Cmp::AtLeast => (Some((end, true)), None),
        _ => (Some((end, false)), None),
    };
    Some(Value::Range(Box::new(Range { low, high })))
}
