//! The functions of FEEL that are carried out.

use std::cmp::Ordering;
use std::sync::Arc;

use super::eval::{Fault, truth};
use super::number::{Number, Rounding};
use super::parse_value::moment;
use super::time::{DateTime, Duration, Time, date};
use super::value::{Value, all, any};

/// Functions whose names have spaces.
pub(super) const SPACED: [&str; 15] = [
    "date and time",
    "years and months duration",
    "string length",
    "upper case",
    "lower case",
    "substring before",
    "substring after",
    "starts with",
    "ends with",
    "list contains",
    "distinct values",
    "round up",
    "round down",
    "round half up",
    "round half down",
];

/// All functions, and what their arguments are called. The last argument may be repeated where the name ends in `…`; one that ends
/// in `?` may be left out.
const ALL: [(&str, &[&str]); 43] = [
    ("not", &["negand"]),
    ("date", &["from", "month?", "day?"]),
    ("time", &["from", "minute?", "second?"]),
    ("date and time", &["date", "time?"]),
    ("duration", &["from"]),
    ("years and months duration", &["from", "to"]),
    ("number", &["from"]),
    ("string", &["from"]),
    ("string length", &["string"]),
    ("upper case", &["string"]),
    ("lower case", &["string"]),
    ("substring", &["string", "start position", "length?"]),
    ("substring before", &["string", "match"]),
    ("substring after", &["string", "match"]),
    ("contains", &["string", "match"]),
    ("starts with", &["string", "match"]),
    ("ends with", &["string", "match"]),
    ("list contains", &["list", "element"]),
    ("distinct values", &["list"]),
    ("count", &["list…"]),
    ("min", &["list…"]),
    ("max", &["list…"]),
    ("sum", &["list…"]),
    ("mean", &["list…"]),
    ("median", &["list…"]),
    ("product", &["list…"]),
    ("all", &["list…"]),
    ("any", &["list…"]),
    ("append", &["list", "item…"]),
    ("concatenate", &["list…"]),
    ("abs", &["n"]),
    ("floor", &["n", "scale?"]),
    ("ceiling", &["n", "scale?"]),
    ("decimal", &["n", "scale"]),
    ("round up", &["n", "scale"]),
    ("round down", &["n", "scale"]),
    ("round half up", &["n", "scale"]),
    ("round half down", &["n", "scale"]),
    ("modulo", &["dividend", "divisor"]),
    ("sqrt", &["number"]),
    ("even", &["number"]),
    ("odd", &["number"]),
    ("is", &["value1", "value2"]),
];

/// Whether FEEL has a function of this name here.
pub(super) fn exists(name: &str) -> bool {
    ALL.iter().any(|(n, _)| *n == name)
}

/// Calls a function of FEEL.
pub(super) fn call(name: &str, placed: Vec<Value>, named: Vec<(Arc<str>, Value)>) -> Result<Value, Fault> {
    let bad = || Fault::BadArgument(name.to_owned());
    let (_, params) = ALL.iter().find(|(n, _)| *n == name).ok_or_else(bad)?;
    let mut args = if named.is_empty() {
        placed
    } else {
        place(params, named).ok_or_else(bad)?
    };
    let repeats = params.last().is_some_and(|p| p.ends_with('…'));
    let least = params.iter().filter(|p| !p.ends_with('?')).count();
    if args.len() < least || args.len() > params.len() && !repeats {
        return Err(bad());
    }
    if repeats && params.len() == 1 {
        let only_list = args.len() == 1 && matches!(args[0], Value::List(_));
        if let (true, Some(Value::List(members))) = (only_list && name != "concatenate", args.first_mut()) {
            args = std::mem::take(members);
        }
        return over_list(name, &args);
    }
    // A scale may be left out; one that is null is a mistake.
    let scaled = params.get(1).is_some_and(|p| p.starts_with("scale"));
    if scaled && args.get(1) == Some(&Value::Null) {
        return Err(bad());
    }
    args.resize(params.len().max(args.len()), Value::Null);
    carry_out(name, &args)
}

/// Arguments by name, put in their places.
fn place(params: &[&str], named: Vec<(Arc<str>, Value)>) -> Option<Vec<Value>> {
    let mut placed = vec![None; params.len()];
    for (name, value) in named {
        let at = params.iter().position(|p| p.trim_end_matches(['?', '…']) == &*name)?;
        placed[at] = Some(value);
    }
    while placed.last().is_some_and(Option::is_none) {
        placed.pop();
    }
    Some(placed.into_iter().map(Option::unwrap_or_default).collect())
}

fn carry_out(name: &str, args: &[Value]) -> Result<Value, Fault> {
    use Value::{List, Null, Number as Num, Text};
    let bad = || Fault::BadArgument(name.to_owned());
    let number = |n: Option<Number>| n.map(Num).ok_or(Fault::NoNumber);
    let scale = |v: &Value| match v {
        Num(n) => n.round(0, Rounding::Down)?.to_i64().and_then(|n| i32::try_from(n).ok()),
        _ => None,
    };
    let rounded = |how: Rounding| match (&args[0], &args[1]) {
        (Num(n), Null) => number(n.round(0, how)),
        (Num(n), by) => number(n.round(scale(by).ok_or_else(bad)?, how)),
        _ => Err(bad()),
    };
    Ok(match (name, args) {
        ("not", [value]) => truth(value.as_truth().map(|b| !b)),
        ("is", [a, b]) => Value::Bool(a.kind() == b.kind() && a.equals(b).unwrap_or(false)),
        ("date", _) => to_date(args).ok_or_else(bad)?,
        ("time", _) => to_time(args).ok_or_else(bad)?,
        ("date and time", [Text(t), Null]) => Value::DateTime(DateTime::parse(t).ok_or_else(bad)?),
        ("date and time", [day, Value::Time(t)]) => {
            let day = match day {
                Value::Date(d) => *d,
                Value::DateTime(d) => d.at.date(),
                _ => return Err(bad()),
            };
            Value::DateTime(DateTime {
                at: day.to_datetime(t.at),
                offset: t.offset,
            })
        }
        ("duration", [Text(t)]) => Duration::parse(t).ok_or_else(bad)?.into(),
        ("duration", [d @ (Value::Months(_) | Value::Span(_))]) => d.clone(),
        ("years and months duration", [from, to]) => {
            let day = |v: &Value| match v {
                Value::Date(d) => Ok(*d),
                Value::DateTime(t) => Ok(t.at.date()),
                _ => Err(bad()),
            };
            Value::Months(months_between(day(from)?, day(to)?))
        }
        ("number", [Text(t)]) => Num(Number::parse(t).ok_or_else(bad)?),
        ("number", [n @ Num(_)]) => n.clone(),
        ("string", [Null]) => Null,
        ("string", [value]) => Value::text(&plain(value)),
        ("string length", [Text(t)]) => Num(Number::from(t.chars().count() as i64)),
        ("upper case", [Text(t)]) => Value::text(&t.to_uppercase()),
        ("lower case", [Text(t)]) => Value::text(&t.to_lowercase()),
        ("substring", [Text(t), Num(start), length]) => substring(t, *start, length).ok_or_else(bad)?,
        ("substring before", [Text(t), Text(m)]) => Value::text(t.split_once(&**m).map_or("", |(before, _)| before)),
        ("substring after", [Text(t), Text(m)]) => Value::text(t.split_once(&**m).map_or("", |(_, after)| after)),
        ("contains", [Text(t), Text(m)]) => Value::Bool(t.contains(&**m)),
        ("starts with", [Text(t), Text(m)]) => Value::Bool(t.starts_with(&**m)),
        ("ends with", [Text(t), Text(m)]) => Value::Bool(t.ends_with(&**m)),
        ("list contains", [List(all), x]) => Value::Bool(all.iter().any(|v| v.equals(x) == Some(true))),
        ("distinct values", [List(all)]) => {
            let mut kept: Vec<Value> = Vec::new();
            for value in all {
                if !kept.iter().any(|k| k.equals(value) == Some(true)) {
                    kept.push(value.clone());
                }
            }
            List(kept)
        }
        ("append", [List(all), items @ ..]) => light(List(all.iter().chain(items).cloned().collect()))?,
        ("abs", [Num(n)]) => Num(n.abs()),
        ("abs", [Value::Months(m)]) => Value::Months(m.checked_abs().ok_or(Fault::NoNumber)?),
        ("abs", [Value::Span(s)]) => Value::Span(s.abs()),
        ("floor", _) => rounded(Rounding::Floor)?,
        ("ceiling", _) => rounded(Rounding::Ceiling)?,
        ("decimal", _) => rounded(Rounding::HalfEven)?,
        ("round up", _) => rounded(Rounding::Up)?,
        ("round down", _) => rounded(Rounding::Down)?,
        ("round half up", _) => rounded(Rounding::HalfUp)?,
        ("round half down", _) => rounded(Rounding::HalfDown)?,
        ("modulo", [Num(_), Num(b)]) if *b == Number::ZERO => return Err(Fault::DivisionByZero),
        ("modulo", [Num(a), Num(b)]) => number(a.modulo(*b))?,
        ("sqrt", [Num(n)]) => number(n.sqrt())?,
        ("even", [Num(n)]) if n.is_whole() => Value::Bool(n.modulo(Number::from(2)) == Some(Number::ZERO)),
        ("odd", [Num(n)]) if n.is_whole() => Value::Bool(n.modulo(Number::from(2)) != Some(Number::ZERO)),
        _ => return Err(bad()),
    })
}

/// A function over the members of a list.
fn over_list(name: &str, list: &[Value]) -> Result<Value, Fault> {
    let bad = || Fault::BadArgument(name.to_owned());
    let numbers = || -> Result<Vec<Number>, Fault> {
        let number = |v: &Value| match v {
            Value::Number(n) => Ok(*n),
            _ => Err(bad()),
        };
        list.iter().map(number).collect()
    };
    let joined = |join: fn(Number, Number) -> Option<Number>, start: Number| {
        numbers()?.into_iter().try_fold(start, join).ok_or(Fault::NoNumber)
    };
    Ok(match name {
        "count" => Value::Number(Number::from(list.len() as i64)),
        "min" => extreme(list, Ordering::Less).ok_or_else(bad)?,
        "max" => extreme(list, Ordering::Greater).ok_or_else(bad)?,
        "all" => truth(all(list.iter().map(Value::as_truth))),
        "any" => truth(any(list.iter().map(Value::as_truth))),
        "concatenate" => {
            let members = |v: &Value| match v {
                Value::List(members) => members.clone(),
                other => vec![other.clone()],
            };
            light(Value::List(list.iter().flat_map(members).collect()))?
        }
        _ if list.is_empty() => return Err(bad()),
        "sum" => Value::Number(joined(Number::plus, Number::ZERO)?),
        "product" => Value::Number(joined(Number::times, Number::ONE)?),
        "mean" => {
            let sum = joined(Number::plus, Number::ZERO)?;
            Value::Number(sum.over(Number::from(list.len() as i64)).ok_or(Fault::NoNumber)?)
        }
        "median" => {
            let mut all = numbers()?;
            all.sort();
            let (low, high) = (all[(all.len() - 1) / 2], all[all.len() / 2]);
            let middle = low.plus(high).and_then(|sum| sum.over(Number::from(2)));
            Value::Number(middle.ok_or(Fault::NoNumber)?)
        }
        _ => return Err(bad()),
    })
}

/// A value that is not too large to go on with.
fn light(value: Value) -> Result<Value, Fault> {
    if value.weight() > super::MAX_WEIGHT {
        Err(Fault::TooLarge)
    } else {
        Ok(value)
    }
}

/// The least or greatest of values that can all be compared; null of none.
pub(crate) fn extreme(list: &[Value], which: Ordering) -> Option<Value> {
    let Some((first, rest)) = list.split_first() else {
        return Some(Value::Null);
    };
    first.compare(first)?;
    let mut best = first;
    for value in rest {
        if value.compare(best)? == which {
            best = value;
        }
    }
    Some(best.clone())
}

fn to_date(args: &[Value]) -> Option<Value> {
    let part = |v: &Value| match v {
        Value::Number(n) => n.to_i64(),
        _ => None,
    };
    Some(Value::Date(match args {
        [Value::Text(t), Value::Null, Value::Null] => date(t)?,
        [Value::Date(d), Value::Null, Value::Null] => *d,
        [Value::DateTime(t), Value::Null, Value::Null] => t.at.date(),
        [y, m, d] => {
            let (y, m, d) = (part(y)?, part(m)?, part(d)?);
            jiff::civil::Date::new(y.try_into().ok()?, m.try_into().ok()?, d.try_into().ok()?).ok()?
        }
        _ => return None,
    }))
}

fn to_time(args: &[Value]) -> Option<Value> {
    let part = |v: &Value| match v {
        Value::Number(n) => n.to_i64().and_then(|n| i8::try_from(n).ok()),
        _ => None,
    };
    Some(match args {
        [Value::Text(t), Value::Null, Value::Null] => moment(t).filter(|m| matches!(m, Value::Time(_)))?,
        [t @ Value::Time(_), Value::Null, Value::Null] => t.clone(),
        [Value::DateTime(t), Value::Null, Value::Null] => Value::Time(Time {
            at: t.at.time(),
            offset: t.offset,
        }),
        [h, m, s] => Value::Time(Time {
            at: jiff::civil::Time::new(part(h)?, part(m)?, part(s)?, 0).ok()?,
            offset: None,
        }),
        _ => return None,
    })
}

/// Whole months from one day to another, negative if it is earlier.
fn months_between(from: jiff::civil::Date, to: jiff::civil::Date) -> i64 {
    if to < from {
        return -months_between(to, from);
    }
    let months = i64::from(to.year() - from.year()) * 12 + i64::from(to.month()) - i64::from(from.month());
    months - i64::from(to.day() < from.day())
}

/// Characters from a place, counted from 1 or from the end.
fn substring(text: &str, start: Number, length: &Value) -> Option<Value> {
    let chars: Vec<char> = text.chars().collect();
    let start = start.round(0, Rounding::Down)?.to_i64().filter(|s| *s != 0)?;
    let from = if start > 0 {
        start - 1
    } else {
        chars.len() as i64 + start
    };
    let from = usize::try_from(from).ok().filter(|f| *f <= chars.len())?;
    let count = match length {
        Value::Null => chars.len(),
        Value::Number(n) => usize::try_from(n.to_i64()?).ok().filter(|n| *n > 0)?,
        _ => return None,
    };
    Some(Value::text(&chars[from..].iter().take(count).collect::<String>()))
}

/// A value as text for people: without quotes and without the name of its kind.
fn plain(value: &Value) -> String {
    match value {
        Value::Text(t) => t.to_string(),
        Value::Date(d) => d.to_string(),
        Value::Time(t) => t.to_string(),
        Value::DateTime(t) => t.to_string(),
        Value::Months(m) => Duration::Months(*m).to_string(),
        Value::Span(s) => Duration::Exact(*s).to_string(),
        other => other.to_string(),
    }
}
