//! Carrying an expression out.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::arithmetic::binary;
use super::ast::{Args, Cmp, Expr};
use super::number::Number;
use super::unary::{Probe, holds};
use super::value::{Kind, Range, Value, all, any};
use super::{MAX_PARTS, MAX_WEIGHT, functions};

/// Why an expression, or a part of it, is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Something was divided by nought.
    DivisionByZero,
    /// A number is too great, or there is none, as of the root of −1.
    NoNumber,
    /// An operation met null.
    Null(String),
    /// An operation met values that it does not join.
    Mismatch(String, Option<Kind>, Option<Kind>),
    /// A function was given what it does not take.
    BadArgument(String),
    /// No value has this name here.
    NoValue(String),
    /// Nothing lies at this place of a list or has this name in a context.
    NoMember(String),
    /// A condition was neither true nor false.
    NoCondition,
    /// The work grew beyond what is carried out.
    TooLarge,
}

/// Functions that a model has besides those of FEEL.
pub trait Functions {
    /// Calls one; `None` if there is none of that name. Values by place, or by name.
    fn call(&self, name: &str, placed: &[Value], named: &[(Arc<str>, Value)], faults: &mut Vec<Fault>)
    -> Option<Value>;
}

/// No functions but those of FEEL.
pub struct NoFunctions;

impl Functions for NoFunctions {
    fn call(&self, _: &str, _: &[Value], _: &[(Arc<str>, Value)], _: &mut Vec<Fault>) -> Option<Value> {
        None
    }
}

/// What an expression may see.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// Values by name; later ones hide earlier ones.
    pub names: &'a [(Arc<str>, Value)],
    /// What `?` is.
    pub input: Option<&'a Value>,
    /// The model's functions.
    pub functions: &'a dyn Functions,
}

/// The value of an expression. Whatever has none is null, and `faults` says why.
pub fn eval(expr: &Expr, scope: &Scope<'_>, faults: &mut Vec<Fault>) -> Value {
    let fault = |faults: &mut Vec<Fault>, fault: Fault| {
        // Lists can repeat one fault without end.
        if faults.len() < MAX_PARTS {
            faults.push(fault);
        }
        Value::Null
    };
    match expr {
        Expr::Const(value) => value.clone(),
        Expr::Name(name) => match scope.names.iter().rev().find(|(n, _)| n == name) {
            Some((_, value)) => value.clone(),
            None => fault(faults, Fault::NoValue(name.to_string())),
        },
        Expr::Input => scope.input.cloned().unwrap_or_default(),
        Expr::Neg(inner) => match eval(inner, scope, faults) {
            Value::Number(n) => Value::Number(n.negated()),
            Value::Months(m) => Value::Months(-m),
            Value::Span(s) => Value::Span(-s),
            Value::Null => fault(faults, Fault::Null("-".into())),
            other => fault(faults, Fault::Mismatch("-".into(), other.kind(), None)),
        },
        Expr::Binary(op, a, b) => {
            let (a, b) = (eval(a, scope, faults), eval(b, scope, faults));
            binary(*op, &a, &b).unwrap_or_else(|f| fault(faults, f))
        }
        Expr::Compare(op, a, b) => {
            let (a, b) = (eval(a, scope, faults), eval(b, scope, faults));
            match compare(*op, Probe::Value(&a), &b) {
                Some(answer) => Value::Bool(answer),
                None if a == Value::Null || b == Value::Null => fault(faults, Fault::Null(op.sign().into())),
                None => fault(faults, Fault::Mismatch(op.sign().into(), a.kind(), b.kind())),
            }
        }
        Expr::And(a, b) => truth(all([a, b].into_iter().map(|e| eval(e, scope, faults).as_truth()))),
        Expr::Or(a, b) => truth(any([a, b].into_iter().map(|e| eval(e, scope, faults).as_truth()))),
        Expr::Between(x, low, high) => {
            let (x, low, high) = (
                eval(x, scope, faults),
                eval(low, scope, faults),
                eval(high, scope, faults),
            );
            let range = Range {
                low: Some((low, true)),
                high: Some((high, true)),
            };
            match range.holds(&x) {
                Some(answer) => Value::Bool(answer),
                None => fault(faults, Fault::Null("between".into())),
            }
        }
        Expr::In(x, tests) => {
            let x = eval(x, scope, faults);
            let scope = Scope {
                input: Some(&x),
                ..*scope
            };
            truth(any(tests.iter().map(|t| holds(t, Probe::Value(&x), &scope, faults))))
        }
        Expr::If(condition, then, otherwise) => match eval(condition, scope, faults) {
            Value::Bool(true) => eval(then, scope, faults),
            Value::Bool(false) => eval(otherwise, scope, faults),
            // FEEL takes whatever is not true for false; callers are told.
            _ => {
                fault(faults, Fault::NoCondition);
                eval(otherwise, scope, faults)
            }
        },
        Expr::Call(name, args) => {
            let (mut placed, mut named) = (Vec::new(), Vec::new());
            match args {
                Args::Placed(args) => placed.extend(args.iter().map(|a| eval(a, scope, faults))),
                Args::Named(args) => named.extend(args.iter().map(|(n, a)| (n.clone(), eval(a, scope, faults)))),
            }
            match scope.functions.call(name, &placed, &named, faults) {
                Some(value) => value,
                None => functions::call(name, placed, named).unwrap_or_else(|f| fault(faults, f)),
            }
        }
        Expr::Member(of, name) => {
            let of = eval(of, scope, faults);
            match of.member(name).or_else(|| property(&of, name)) {
                Some(value) => value,
                None => fault(faults, Fault::NoMember(name.to_string())),
            }
        }
        Expr::At(list, index) => {
            let (list, index) = (eval(list, scope, faults), eval(index, scope, faults));
            at(&list, &index).unwrap_or_else(|| fault(faults, Fault::NoMember(index.to_string())))
        }
        Expr::List(all) => {
            let list = Value::List(all.iter().map(|e| eval(e, scope, faults)).collect());
            if list.weight() > MAX_WEIGHT {
                fault(faults, Fault::TooLarge)
            } else {
                list
            }
        }
        Expr::Context(members) => {
            let mut names = scope.names.to_vec();
            let mut made: Vec<(Arc<str>, Value)> = Vec::new();
            let mut weight = 0;
            for (name, member) in members {
                let value = eval(
                    member,
                    &Scope {
                        names: &names,
                        ..*scope
                    },
                    faults,
                );
                weight += value.weight();
                if weight > MAX_WEIGHT {
                    return fault(faults, Fault::TooLarge);
                }
                names.push((name.clone(), value.clone()));
                made.push((name.clone(), value));
            }
            Value::Context(made)
        }
        Expr::Range(low, low_in, high, high_in) => {
            let (low, high) = (eval(low, scope, faults), eval(high, scope, faults));
            match low.compare(&high) {
                Some(_) => Value::Range(Box::new(Range {
                    low: Some((low, *low_in)),
                    high: Some((high, *high_in)),
                })),
                None => fault(faults, Fault::Mismatch("..".into(), low.kind(), high.kind())),
            }
        }
    }
}

impl Value {
    /// True, false, or neither.
    pub fn as_truth(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }
}

pub(super) fn truth(answer: Option<bool>) -> Value {
    answer.map_or(Value::Null, Value::Bool)
}

/// Compares what is probed with a value; `None` where the two cannot be.
pub(super) fn compare(op: Cmp, left: Probe<'_>, right: &Value) -> Option<bool> {
    match op {
        Cmp::Equal => left.equals(right),
        Cmp::Unequal => left.equals(right).map(|e| !e),
        Cmp::Below => left.compare(right).map(|o| o.is_lt()),
        Cmp::AtMost => left.compare(right).map(|o| o.is_le()),
        Cmp::Above => left.compare(right).map(|o| o.is_gt()),
        Cmp::AtLeast => left.compare(right).map(|o| o.is_ge()),
    }
}

fn at(list: &Value, index: &Value) -> Option<Value> {
    let Value::Number(n) = index else { return None };
    let one = std::slice::from_ref(list);
    let all = if let Value::List(all) = list { all } else { one };
    let n = n.to_i64()?;
    let place = if n > 0 { n - 1 } else { all.len() as i64 + n };
    all.get(usize::try_from(place).ok().filter(|_| n != 0)?).cloned()
}

/// A part of a date, time or duration.
fn property(of: &Value, name: &str) -> Option<Value> {
    let number = |n: i64| Some(Value::Number(Number::from(n)));
    let day = match of {
        Value::Date(d) => Some(*d),
        Value::DateTime(t) => Some(t.at.date()),
        _ => None,
    };
    let clock = match of {
        Value::Time(t) => Some(t.at),
        Value::DateTime(t) => Some(t.at.time()),
        _ => None,
    };
    match name {
        "year" if day.is_some() => number(day?.year().into()),
        "month" if day.is_some() => number(day?.month().into()),
        "day" if day.is_some() => number(day?.day().into()),
        "weekday" if day.is_some() => number(day?.weekday().to_monday_one_offset().into()),
        "hour" if clock.is_some() => number(clock?.hour().into()),
        "minute" if clock.is_some() => number(clock?.minute().into()),
        "second" if clock.is_some() => number(clock?.second().into()),
        _ => match (of, name) {
            (Value::Months(m), "years") => number(m / 12),
            (Value::Months(m), "months") => number(m % 12),
            (Value::Span(s), "days") => number(s.as_secs() / 86_400),
            (Value::Span(s), "hours") => number(s.as_secs() % 86_400 / 3600),
            (Value::Span(s), "minutes") => number(s.as_secs() % 3600 / 60),
            (Value::Span(s), "seconds") => number(s.as_secs() % 60),
            _ => None,
        },
    }
}
