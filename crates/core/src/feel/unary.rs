//! What a cell asks, answered for a value, or for all values between two constants at once.

use std::cmp::Ordering;

use super::ast::{Expr, Test, Tests};
use super::eval::{Fault, Scope, compare, eval};
use super::value::{Value, all, any};

/// What is tested: a value, or a place on the line of all values that a table's constants cut.
#[derive(Clone, Copy)]
pub enum Probe<'a> {
    /// One value.
    Value(&'a Value),
    /// Place `2i + 1` is the `i`th of the sorted constants, `2i` what lies before it.
    Place(&'a [Value], usize),
}

impl Probe<'_> {
    pub(super) fn compare(&self, other: &Value) -> Option<Ordering> {
        match self {
            Probe::Value(value) => value.compare(other),
            Probe::Place(points, place) => {
                let found = points.binary_search_by(|p| p.compare(other).unwrap_or(Ordering::Less));
                // A constant that is not among the points is of another kind.
                found.ok().map(|i| place.cmp(&(2 * i + 1)))
            }
        }
    }

    pub(super) fn equals(&self, other: &Value) -> Option<bool> {
        match self {
            Probe::Value(value) => value.equals(other),
            Probe::Place(..) if *other == Value::Null => Some(false),
            Probe::Place(..) => self.compare(other).map(Ordering::is_eq),
        }
    }

    fn is_bool(&self) -> bool {
        matches!(self, Probe::Value(Value::Bool(_)))
    }
}

/// Whether a cell lets its input pass. Only true does: what cannot be compared does not.
pub fn matches(tests: &Tests, probe: Probe<'_>, scope: &Scope<'_>, faults: &mut Vec<Fault>) -> bool {
    let one = |list: &[Test], faults: &mut Vec<Fault>| any(list.iter().map(|t| holds(t, probe, scope, faults)));
    match tests {
        Tests::Any => true,
        Tests::One(list) => one(list, faults) == Some(true),
        Tests::Not(list) => one(list, faults) == Some(false),
    }
}

/// One test, in three-valued logic.
pub(super) fn holds(test: &Test, probe: Probe<'_>, scope: &Scope<'_>, faults: &mut Vec<Fault>) -> Option<bool> {
    match test {
        Test::Compare(op, Expr::Const(value)) => compare(*op, probe, value),
        Test::Compare(op, expr) => compare(*op, probe, &eval(expr, scope, faults)),
        Test::Is(Expr::Const(value)) => is(probe, value),
        Test::Is(expr) => {
            let value = eval(expr, scope, faults);
            match (&value, asks_itself(expr)) {
                // `? > 5` has answered already; so has a condition on other inputs.
                (Value::Bool(answer), true) => Some(*answer),
                (Value::Bool(answer), false) if !probe.is_bool() => Some(*answer),
                (_, true) => None,
                (value, false) => is(probe, value),
            }
        }
    }
}

/// Whether the input is this value, in this list, or in this range.
fn is(probe: Probe<'_>, value: &Value) -> Option<bool> {
    match (probe, value) {
        (Probe::Value(Value::List(_)), Value::List(_)) if probe.equals(value) == Some(true) => Some(true),
        // A list holds a value or it does not: members of other kinds are not it.
        (_, Value::List(members)) => Some(members.iter().any(|member| is(probe, member) == Some(true))),
        (Probe::Value(Value::Range(_)), Value::Range(_)) => probe.equals(value),
        (_, Value::Range(range)) => {
            let end = |end: &Option<(Value, bool)>, outside: Ordering| {
                let (end, closed) = end.as_ref()?;
                Some(
                    probe
                        .compare(end)
                        .map(|o| if o.is_eq() { *closed } else { o != outside }),
                )
            };
            all([end(&range.low, Ordering::Less), end(&range.high, Ordering::Greater)]
                .into_iter()
                .flatten())
        }
        _ => probe.equals(value),
    }
}

/// Whether an expression speaks of `?`.
fn asks_itself(expr: &Expr) -> bool {
    use super::ast::Args;
    match expr {
        Expr::Input => true,
        Expr::Const(_) | Expr::Name(_) => false,
        Expr::Neg(a) | Expr::Member(a, _) => asks_itself(a),
        Expr::Binary(_, a, b)
        | Expr::Compare(_, a, b)
        | Expr::And(a, b)
        | Expr::Or(a, b)
        | Expr::At(a, b)
        | Expr::Range(a, _, b, _) => asks_itself(a) || asks_itself(b),
        Expr::Between(a, b, c) | Expr::If(a, b, c) => asks_itself(a) || asks_itself(b) || asks_itself(c),
        // Inside `x in (…)`, `?` is x.
        Expr::In(a, _) => asks_itself(a),
        Expr::Call(_, Args::Placed(all)) | Expr::List(all) => all.iter().any(asks_itself),
        Expr::Call(_, Args::Named(all)) | Expr::Context(all) => all.iter().any(|(_, e)| asks_itself(e)),
    }
}
