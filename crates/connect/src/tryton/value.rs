//! Tryton's JSON for what plain JSON lacks: `{"__class__":"datetime",…}` and its kin.

use jiff::{Timestamp, civil::Date, civil::DateTime, tz::TimeZone};
use outlay_core::{Currency, Money};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// A moment as a UTC `datetime`, to the microsecond.
pub fn datetime(at: Timestamp) -> Value {
    let d = TimeZone::UTC.to_datetime(at);
    json!({
        "__class__": "datetime",
        "year": d.year(), "month": d.month(), "day": d.day(),
        "hour": d.hour(), "minute": d.minute(), "second": d.second(),
        "microsecond": d.subsec_nanosecond() / 1000,
    })
}

/// A day as a `date`.
pub fn date(day: Date) -> Value {
    json!({ "__class__": "date", "year": day.year(), "month": day.month(), "day": day.day() })
}

/// An amount as a `Decimal` of major units.
pub fn decimal(money: Money) -> Value {
    json!({ "__class__": "Decimal", "decimal": money.plain() })
}

/// Reads a `datetime` or `timestamp` as UTC.
pub fn read_datetime(value: &Value) -> Option<Timestamp> {
    let whole = |name: &str| value.get(name)?.as_i64();
    let day = read_date(value)?;
    let nanos = whole("microsecond")?.checked_mul(1000)?;
    let at = DateTime::new(
        day.year(),
        day.month(),
        day.day(),
        whole("hour")?.try_into().ok()?,
        whole("minute")?.try_into().ok()?,
        whole("second")?.try_into().ok()?,
        nanos.try_into().ok()?,
    )
    .ok()?;
    TimeZone::UTC.to_timestamp(at).ok()
}

/// Reads the day of a `date` or `datetime`.
pub fn read_date(value: &Value) -> Option<Date> {
    let whole = |name: &str| value.get(name)?.as_i64();
    Date::new(
        whole("year")?.try_into().ok()?,
        whole("month")?.try_into().ok()?,
        whole("day")?.try_into().ok()?,
    )
    .ok()
}

/// Reads a `Decimal` as an amount of `currency`; the reason if it does not fit the currency's minor unit.
pub fn read_money(value: &Value, currency: Currency) -> Result<Money, String> {
    let text = value.get("decimal").and_then(Value::as_str).ok_or("is no Decimal")?;
    // Python may write 1E+3 for a thousand.
    let exact: Decimal = text
        .parse()
        .or_else(|_| Decimal::from_scientific(text))
        .map_err(|_| format!("{text:?} is no number"))?;
    Money::parse(&exact.normalize().to_string(), currency).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_come_back_to_the_microsecond() {
        let at: Timestamp = "2026-11-24T18:05:16.052954Z".parse().expect("a time");
        assert_eq!(read_datetime(&datetime(at)), Some(at));
        assert_eq!(read_datetime(&json!(null)), None);
        assert_eq!(
            read_date(&json!({"__class__":"date","year":2026,"month":13,"day":1})),
            None
        );
    }

    #[test]
    fn amounts_are_exact() {
        let read = |t: &str, c| read_money(&json!({"__class__":"Decimal","decimal":t}), c);
        assert_eq!(read("710000", Currency::CNY), Ok(Money::new(71_000_000, Currency::CNY)));
        assert_eq!(read("1E+3", Currency::JPY), Ok(Money::new(1000, Currency::JPY)));
        assert_eq!(read("1000.00", Currency::JPY), Ok(Money::new(1000, Currency::JPY)));
        assert_eq!(read("-0.10", Currency::EUR), Ok(Money::new(-10, Currency::EUR)));
        assert!(read("0.105", Currency::EUR).is_err());
        assert!(read("NaN", Currency::EUR).is_err());
        assert!(read_money(&json!(12.5), Currency::EUR).is_err());
        assert_eq!(
            decimal(Money::new(-5, Currency::CNY)),
            json!({"__class__":"Decimal","decimal":"-0.05"})
        );
    }
}
