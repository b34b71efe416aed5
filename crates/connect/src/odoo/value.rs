//! Odoo's texts and numbers.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use outlay_core::{Currency, Money};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

/// The row's own id.
pub fn id(row: &Value) -> Option<i64> {
    row.get("id")?.as_i64()
}

/// The id of a many2one, which comes as `[id, name]` or `false`.
pub fn reference(value: &Value) -> Option<i64> {
    value.get(0)?.as_i64()
}

/// When the row last changed.
pub fn modified(row: &Value) -> Option<Timestamp> {
    let at: DateTime = row.get("write_date")?.as_str()?.parse().ok()?;
    TimeZone::UTC.to_timestamp(at).ok()
}

/// The second in which the row last changed, since 1970.
pub fn second(row: &Value) -> Option<i64> {
    modified(row).map(Timestamp::as_second)
}

/// A second since 1970 as Odoo writes it.
pub fn datetime(second: i64) -> String {
    let at = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// FNV-1a, to tell whether a text is another than before.
pub fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// An amount as the number that Odoo's JSON wants; its text goes over digit by digit.
pub fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// True if Odoo's number is this amount, once rounded to the currency's smallest unit.
pub fn is_amount(held: &Value, amount: Money) -> bool {
    let exact = decimal(&held.to_string());
    exact.is_some_and(|d| {
        let rounded = d.round_dp_with_strategy(amount.currency.decimals(), RoundingStrategy::MidpointAwayFromZero);
        decimal(&amount.plain()) == Some(rounded)
    })
}

/// Reads `1200.50` or `1200.50 CNY`.
pub fn amount(text: &str) -> Option<(Decimal, Option<Currency>)> {
    match text.trim().split_once(' ') {
        Some((number, currency)) => Some((decimal(number)?, Some(Currency::parse(currency.trim()).ok()?))),
        None => Some((decimal(text.trim())?, None)),
    }
}

fn decimal(text: &str) -> Option<Decimal> {
    text.parse().or_else(|_| Decimal::from_scientific(text)).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_come_back_to_the_second() {
        let row = json!({ "id": 4, "write_date": "2026-11-24 18:05:16" });
        let at = second(&row).expect("a second");
        assert_eq!(datetime(at), "2026-11-24 18:05:16");
        assert_eq!(second(&json!({ "write_date": false })), None);
    }

    #[test]
    fn amounts_are_compared_and_written_exactly() {
        let paid = Money::new(12_345_678_901_23, Currency::CNY);
        assert_eq!(number(&paid.plain()).to_string(), "12345678901.23");
        assert!(is_amount(&json!(12345678901.23), paid));
        assert!(is_amount(&json!(10.100000000000001), Money::new(1010, Currency::EUR)));
        assert!(!is_amount(&json!(10.11), Money::new(1010, Currency::EUR)));
        assert!(!is_amount(&json!(false), Money::zero(Currency::EUR)));
        let read = |text| amount(text).map(|(d, c)| (d.to_string(), c));
        assert_eq!(read("1200.50 CNY"), Some(("1200.50".into(), Some(Currency::CNY))));
        assert_eq!(read("7"), Some(("7".into(), None)));
        assert_eq!(read("7 XXXX"), None);
    }
}
