//! What connectors share that change single fields: how values are compared as people see them.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{canonical::Record, mapping::Kind};

/// A canonical field as text, as a person sees it; empty for nothing.
pub fn text(record: &Record, field: &str) -> String {
    let body = serde_json::to_value(&record.body).unwrap_or_default();
    match &body[field] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Object(money) => money["amount"].as_str().unwrap_or_default().to_owned(),
        other => other.to_string(),
    }
}

/// An amount, which may name its currency: `12400.50` or `12400.50 CNY`.
pub fn amount(text: &str) -> Option<(Decimal, Option<&str>)> {
    let (number, currency) = match text.trim().split_once(' ') {
        Some((number, currency)) => (number, Some(currency.trim())),
        None => (text.trim(), None),
    };
    Some((number.parse().ok()?, currency))
}

/// Whether two values of a field are the same to a person: `12400.5` and `12400.50` are.
pub fn same(kind: Kind, one: &str, other: &str) -> bool {
    match kind {
        Kind::Money => {
            let read = |text| amount(text).map(|(number, _)| number.normalize());
            one.trim() == other.trim() || read(one).is_some() && read(one) == read(other)
        }
        _ => one.trim() == other.trim(),
    }
}
