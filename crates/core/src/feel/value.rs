//! What an expression can be.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::Date;
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use super::number::Number;
use super::time::{DateTime, Duration, Time};

/// A value of FEEL. In JSON it is `null`, `true`, a text, a list, or an object with the one key `number`, `date`, `time`, `dateTime`,
/// `duration`, `range` or `context`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Value {
    /// Nothing, or nothing sensible.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// An exact decimal.
    Number(Number),
    /// Text.
    Text(Arc<str>),
    /// A day.
    Date(Date),
    /// A time of day.
    Time(Time),
    /// A day and time.
    DateTime(DateTime),
    /// Years and months, in months.
    Months(i64),
    /// Days and time.
    Span(SignedDuration),
    /// Values in order.
    List(Vec<Value>),
    /// Named values in order.
    Context(Vec<(Arc<str>, Value)>),
    /// All values between two.
    Range(Box<Range>),
}

/// All values between two ends; an end that is `None` is open for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The lower end, and whether it belongs to the range.
    pub low: Option<(Value, bool)>,
    /// The upper end, and whether it belongs to the range.
    pub high: Option<(Value, bool)>,
}

/// What kind a value is, or has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Anything.
    Any,
    /// True or false.
    Boolean,
    /// A decimal.
    Number,
    /// Text.
    String,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A day and time.
    DateTime,
    /// Years and months.
    YearMonthDuration,
    /// Days and time.
    DayTimeDuration,
    /// Values in order.
    List,
    /// Named values.
    Context,
    /// A range.
    Range,
}

impl Kind {
    /// The built-in type of that name in a `.dmn` file, in any of its spellings.
    pub fn parse(name: &str) -> Option<Kind> {
        let name = name.trim();
        Some(match name.strip_prefix("feel:").unwrap_or(name) {
            "Any" | "any" => Kind::Any,
            "boolean" => Kind::Boolean,
            "number" => Kind::Number,
            "string" => Kind::String,
            "date" => Kind::Date,
            "time" => Kind::Time,
            "dateTime" | "date and time" => Kind::DateTime,
            "yearMonthDuration" | "years and months duration" => Kind::YearMonthDuration,
            "dayTimeDuration" | "days and time duration" => Kind::DayTimeDuration,
            "context" => Kind::Context,
            _ => return None,
        })
    }

    /// Its name in a `.dmn` file.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Any => "Any",
            Kind::Boolean => "boolean",
            Kind::Number => "number",
            Kind::String => "string",
            Kind::Date => "date",
            Kind::Time => "time",
            Kind::DateTime => "dateTime",
            Kind::YearMonthDuration => "yearMonthDuration",
            Kind::DayTimeDuration => "dayTimeDuration",
            Kind::List => "list",
            Kind::Context => "context",
            Kind::Range => "range",
        }
    }
}

impl Value {
    /// Text.
    pub fn text(text: &str) -> Value {
        Value::Text(Arc::from(text))
    }

    /// Its kind; `None` for null, which is of every kind.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Value::Null => return None,
            Value::Bool(_) => Kind::Boolean,
            Value::Number(_) => Kind::Number,
            Value::Text(_) => Kind::String,
            Value::Date(_) => Kind::Date,
            Value::Time(_) => Kind::Time,
            Value::DateTime(_) => Kind::DateTime,
            Value::Months(_) => Kind::YearMonthDuration,
            Value::Span(_) => Kind::DayTimeDuration,
            Value::List(_) => Kind::List,
            Value::Context(_) => Kind::Context,
            Value::Range(_) => Kind::Range,
        })
    }

    /// Which comes first; `None` where the two have no order: different kinds, null, and what has none.
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Number(a), Value::Number(b)) => Some(a.cmp(b)),
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
            (Value::Time(a), Value::Time(b)) => a.compare(b),
            (Value::DateTime(a), Value::DateTime(b)) => a.compare(b),
            (Value::Months(a), Value::Months(b)) => Some(a.cmp(b)),
            (Value::Span(a), Value::Span(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// Whether the two are equal: null equals only null; values of different kinds are neither equal nor unequal.
    pub fn equals(&self, other: &Value) -> Option<bool> {
        match (self, other) {
            (Value::Null, Value::Null) => Some(true),
            (Value::Null, _) | (_, Value::Null) => Some(false),
            (Value::Bool(a), Value::Bool(b)) => Some(a == b),
            (Value::List(a), Value::List(b)) => {
                if a.len() != b.len() {
                    return Some(false);
                }
                all(a.iter().zip(b).map(|(a, b)| a.equals(b)))
            }
            (Value::Context(a), Value::Context(b)) => {
                if a.len() != b.len() {
                    return Some(false);
                }
                all(a.iter().map(|(name, a)| match b.iter().find(|(n, _)| n == name) {
                    Some((_, b)) => a.equals(b),
                    None => Some(false),
                }))
            }
            (Value::Range(a), Value::Range(b)) => Some(a == b),
            _ => self.compare(other).map(Ordering::is_eq),
        }
    }

    /// How much it holds: one for each value in it, and the bytes of its texts.
    pub fn weight(&self) -> usize {
        match self {
            Value::Text(t) => 1 + t.len(),
            Value::List(all) => 1 + all.iter().map(Value::weight).sum::<usize>(),
            Value::Context(all) => 1 + all.iter().map(|(_, v)| v.weight()).sum::<usize>(),
            _ => 1,
        }
    }

    /// The member of a context, or of each context of a list.
    pub fn member(&self, name: &str) -> Option<Value> {
        match self {
            Value::Context(all) => all.iter().find(|(n, _)| &**n == name).map(|(_, v)| v.clone()),
            Value::List(all) => all
                .iter()
                .map(|v| v.member(name))
                .collect::<Option<_>>()
                .map(Value::List),
            _ => None,
        }
    }
}

/// The conjunction of three-valued answers.
pub(crate) fn all(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for answer in answers {
        match answer {
            Some(false) => return Some(false),
            Some(true) => {}
            None => result = None,
        }
    }
    result
}

/// The disjunction of three-valued answers.
pub(crate) fn any(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(false);
    for answer in answers {
        match answer {
            Some(true) => return Some(true),
            Some(false) => {}
            None => result = None,
        }
    }
    result
}

impl Range {
    /// Whether a value lies between the ends; `None` where it cannot be compared with them.
    pub fn holds(&self, value: &Value) -> Option<bool> {
        let low = self
            .low
            .as_ref()
            .map(|(end, closed)| value.compare(end).map(|o| o.is_gt() || o.is_eq() && *closed));
        let high = self
            .high
            .as_ref()
            .map(|(end, closed)| value.compare(end).map(|o| o.is_lt() || o.is_eq() && *closed));
        all([low, high].into_iter().flatten())
    }
}

/// As FEEL writes it, so that it can be read again.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Number(n) => write!(f, "{n}"),
            Value::Text(t) => write_text(f, t),
            Value::Date(d) => write!(f, "date(\"{d}\")"),
            Value::Time(t) => write!(f, "time(\"{t}\")"),
            Value::DateTime(t) => write!(f, "date and time(\"{t}\")"),
            Value::Months(m) => write!(f, "duration(\"{}\")", Duration::Months(*m)),
            Value::Span(s) => write!(f, "duration(\"{}\")", Duration::Exact(*s)),
            Value::List(all) => {
                f.write_str("[")?;
                for (i, value) in all.iter().enumerate() {
                    write!(f, "{}{value}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
            Value::Context(all) => {
                f.write_str("{")?;
                for (i, (name, value)) in all.iter().enumerate() {
                    f.write_str(if i > 0 { ", " } else { "" })?;
                    write_text(f, name)?;
                    write!(f, ": {value}")?;
                }
                f.write_str("}")
            }
            Value::Range(range) => write!(f, "{range}"),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.low, &self.high) {
            (None, None) => f.write_str("-"),
            (Some((low, closed)), None) => write!(f, "{}{low}", if *closed { ">=" } else { ">" }),
            (None, Some((high, closed))) => write!(f, "{}{high}", if *closed { "<=" } else { "<" }),
            (Some((low, from)), Some((high, to))) => {
                let (open, close) = (if *from { '[' } else { '(' }, if *to { ']' } else { ')' });
                write!(f, "{open}{low}..{high}{close}")
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let tagged = |to: S, key: &str, text: &dyn fmt::Display| {
            let mut map = to.serialize_map(Some(1))?;
            map.serialize_entry(key, &text.to_string())?;
            map.end()
        };
        match self {
            Value::Null => to.serialize_unit(),
            Value::Bool(b) => to.serialize_bool(*b),
            Value::Text(t) => to.serialize_str(t),
            Value::List(all) => to.collect_seq(all),
            Value::Number(n) => tagged(to, "number", n),
            Value::Date(d) => tagged(to, "date", d),
            Value::Time(t) => tagged(to, "time", t),
            Value::DateTime(t) => tagged(to, "dateTime", t),
            Value::Months(m) => tagged(to, "duration", &Duration::Months(*m)),
            Value::Span(s) => tagged(to, "duration", &Duration::Exact(*s)),
            Value::Range(r) => tagged(to, "range", r),
            Value::Context(all) => {
                let mut map = to.serialize_map(Some(1))?;
                let all: Vec<(&str, &Value)> = all.iter().map(|(name, v)| (&**name, v)).collect();
                map.serialize_entry("context", &all)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
        let json = serde_json::Value::deserialize(from)?;
        read_json(&json, 0).ok_or_else(|| serde::de::Error::custom("no value of a decision table"))
    }
}

fn read_json(json: &serde_json::Value, depth: usize) -> Option<Value> {
    if depth > super::MAX_DEPTH {
        return None;
    }
    Some(match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(b) => Value::Bool(*b),
        serde_json::Value::String(t) => Value::text(t),
        serde_json::Value::Array(all) => {
            Value::List(all.iter().map(|v| read_json(v, depth + 1)).collect::<Option<_>>()?)
        }
        serde_json::Value::Number(_) => return None,
        serde_json::Value::Object(map) => {
            let (key, inner) = map.iter().next().filter(|_| map.len() == 1)?;
            if key == "context" {
                let member = |pair: &serde_json::Value| {
                    let name = pair.get(0)?.as_str()?;
                    Some((Arc::from(name), read_json(pair.get(1)?, depth + 1)?))
                };
                return inner
                    .as_array()?
                    .iter()
                    .map(member)
                    .collect::<Option<_>>()
                    .map(Value::Context);
            }
            let text = inner.as_str()?;
            match key.as_str() {
                "number" => Value::Number(Number::parse(text)?),
                "date" => Value::Date(super::time::date(text)?),
                "time" => Value::Time(Time::parse(text)?),
                "dateTime" => Value::DateTime(DateTime::parse(text)?),
                "duration" => Duration::parse(text)?.into(),
                "range" => super::constant(text).filter(|v| matches!(v, Value::Range(_)))?,
                _ => return None,
            }
        }
    })
}

impl From<Duration> for Value {
    fn from(duration: Duration) -> Value {
        match duration {
            Duration::Months(months) => Value::Months(months),
            Duration::Exact(span) => Value::Span(span),
        }
    }
}
