//! SuiteCRM's texts and numbers.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use outlay_core::{Currency, Money};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

/// A time as SuiteCRM's service tells it, which is GMT.
pub fn time(text: &str) -> Option<Timestamp> {
    let at: DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(at).ok()
}

/// When a row last changed.
pub fn modified(row: &Value) -> Option<Timestamp> {
    time(row["date_modified"].as_str()?)
}

/// The row's id.
pub fn id(row: &Value) -> Option<&str> {
    row["id"].as_str().filter(|id| !id.is_empty())
}

/// A second since 1970 as SuiteCRM writes it.
pub fn datetime(second: i64) -> String {
    let at = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// What SuiteCRM wrote as HTML into a value (`include/utils/db_utils.php`), as the text that it holds.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = [
            ("&quot;", '"'),
            ("&lt;", '<'),
            ("&gt;", '>'),
            ("&#039;", '\''),
            ("&#39;", '\''),
            ("&amp;", '&'),
        ];
        match known.iter().find(|(written, _)| rest.starts_with(written)) {
            Some((written, c)) => {
                plain.push(*c);
                rest = &rest[written.len()..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// True if SuiteCRM's number is this amount, once rounded to the currency's smallest unit.
pub fn is_amount(held: &str, amount: Money) -> bool {
    decimal(held).is_some_and(|d| {
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
    use super::*;

    #[test]
    fn html_becomes_text_once() {
        assert_eq!(
            plain("M&#039;s &quot;A&quot; &lt;B&gt; &amp; C&D &amp;lt;"),
            "M's \"A\" <B> & C&D &lt;"
        );
        assert_eq!(plain("上海"), "上海");
    }

    #[test]
    fn times_and_amounts_come_back() {
        let at = time("2026-11-24 18:05:16").expect("a time");
        assert_eq!(datetime(at.as_second()), "2026-11-24 18:05:16");
        assert_eq!(time(""), None);
        let paid = Money::new(1_234_567_89, Currency::CNY);
        assert!(is_amount("1234567.890000", paid) && !is_amount("1234567.90", paid) && !is_amount("", paid));
    }
}
