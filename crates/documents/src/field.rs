//! Text of a field to its value; every refusal names the field.

use jiff::civil::{Date, date};
use outlay_core::money::parse_decimal;
use outlay_core::{Currency, Money};
use rust_decimal::Decimal;

use crate::error::{Problem, ReadError};
use crate::invoice::TaxRate;
use crate::tree::Element;

/// A refusal of `text` in `field`.
pub(crate) fn refuse(field: &str, text: &str, problem: Problem) -> ReadError {
    ReadError::Field {
        field: field.to_owned(),
        text: text.chars().take(40).collect(),
        problem,
    }
}

/// The text of an element, `None` where it is empty.
pub(crate) fn text(element: Element<'_>, field: &str) -> Result<Option<String>, ReadError> {
    if element.overlong() {
        return Err(refuse(field, "", Problem::TooLong));
    }
    let text = element.text();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Text with line breaks and runs of spaces made one space.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

/// How strictly decimals are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decimals {
    /// No more than the currency has.
    Exact,
    /// Further zeros are let pass: they add nothing, and EN 16931 writes two decimals for any currency.
    ZerosToo,
}

/// An amount; `¥` before it is let pass.
pub(crate) fn amount(field: &str, text: &str, currency: Currency, decimals: Decimals) -> Result<Money, ReadError> {
    let plain = text.strip_prefix(['¥', '￥']).unwrap_or(text).trim_start();
    let cut = match decimals {
        Decimals::Exact => plain,
        Decimals::ZerosToo => without_zeros(plain, currency.decimals() as usize),
    };
    Money::parse(cut, currency).map_err(|e| refuse(field, text, Problem::of_money(&e)))
}

/// Cuts zeros that stand beyond `keep` decimals.
fn without_zeros(text: &str, keep: usize) -> &str {
    let Some((whole, part)) = text.split_once('.') else {
        return text;
    };
    match part.get(keep..) {
        Some(rest) if !rest.is_empty() && rest.bytes().all(|b| b == b'0') => {
            let end = whole.len() + if keep == 0 { 0 } else { 1 + keep };
            &text[..end]
        }
        _ => text,
    }
}

/// A quantity with its sign.
pub(crate) fn quantity(field: &str, text: &str) -> Result<Decimal, ReadError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let value = parse_decimal(digits, 28).map_err(|_| refuse(field, text, Problem::NotAQuantity))?;
    Ok(if negative { -value } else { value }.normalize())
}

/// A rate of a Chinese invoice: `0.06`, `6%`, `免税`, `不征税` or `***`. A number below one is a fraction.
pub(crate) fn chinese_rate(field: &str, text: &str) -> Result<Option<TaxRate>, ReadError> {
    let wrong = || refuse(field, text, Problem::NotARate);
    if text.contains("不征税") {
        return Ok(Some(TaxRate::NotTaxed));
    }
    if text.contains("免税") {
        return Ok(Some(TaxRate::Exempt));
    }
    if text.chars().all(|c| matches!(c, '*' | '＊' | '-' | '—' | '/' | '\\')) {
        return Ok(Some(TaxRate::Unstated));
    }
    let hundred = Decimal::ONE_HUNDRED;
    let percent = match text.strip_suffix(['%', '％']) {
        Some(number) => parse_decimal(number.trim_end(), 6).map_err(|_| wrong())?,
        None => match parse_decimal(text, 8) {
            Ok(fraction) if fraction < Decimal::ONE => fraction * hundred,
            Ok(percent) => percent,
            // Words in use beside those above, such as 出口零税率 or 差额征税, say no rate.
            Err(_) if text.chars().all(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) => {
                return Ok(None);
            }
            Err(_) => return Err(wrong()),
        },
    };
    if percent > hundred {
        return Err(wrong());
    }
    Ok(Some(TaxRate::Percent(percent.normalize())))
}

/// A rate in percent, as EN 16931 writes it.
pub(crate) fn percent(field: &str, text: &str) -> Result<Decimal, ReadError> {
    let value = parse_decimal(text, 8).map_err(|_| refuse(field, text, Problem::NotARate))?;
    if value > Decimal::ONE_HUNDRED {
        return Err(refuse(field, text, Problem::NotARate));
    }
    Ok(value.normalize())
}

/// A day, however written: `2026-07-30`, with or without time and zone; `2026/7/30`, `2026年7月30日`, `20260730`,
/// `20260730143000`.
pub(crate) fn day(field: &str, text: &str) -> Result<Date, ReadError> {
    read_day(text).ok_or_else(|| refuse(field, text, Problem::NotADate))
}

fn read_day(text: &str) -> Option<Date> {
    let run = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let first = run(text);
    let (year, month, days, rest) = if first >= 8 {
        // Digits only: the day, then perhaps a time of even length or with milliseconds.
        if !matches!(first, 8 | 10 | 12 | 14 | 17) {
            return None;
        }
        let rest = if first == 8 { &text[8..] } else { &text[first..] };
        (&text[..4], &text[4..6], &text[6..8], rest)
    } else {
        if first != 4 {
            return None;
        }
        let mut rest = &text[4..];
        let separator = rest.chars().next()?;
        let second = match separator {
            '-' => "-",
            '/' => "/",
            '.' => ".",
            '年' => "月",
            _ => return None,
        };
        rest = &rest[separator.len_utf8()..];
        let month = &rest[..run(rest)];
        rest = rest[month.len()..].strip_prefix(second)?;
        let days = &rest[..run(rest)];
        rest = &rest[days.len()..];
        if separator == '年' {
            rest = rest.strip_prefix('日')?;
        }
        (&text[..4], month, days, rest)
    };
    let short = |s: &str| (1..=2).contains(&s.len()).then(|| s.parse::<i8>().ok()).flatten();
    // What follows may be a time or a zone, and nothing else.
    let tail = rest.trim_start();
    let timely = tail
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | '+' | '-' | 'T' | 'Z' | ' ' | '时' | '分' | '秒'));
    if !timely {
        return None;
    }
    let (year, month, days) = (year.parse::<i16>().ok()?, short(month)?, short(days)?);
    if !(1900..=2999).contains(&year) {
        return None;
    }
    Date::new(year, month, days).ok().filter(|d| *d >= date(1900, 1, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_in_all_their_forms() {
        for good in [
            "2026-07-30",
            "2026-07-30 09:30:00",
            "2026-07-30T09:30:00.123+08:00",
            "2026-07-30Z",
            "2026-07-30+01:00",
            "2026/7/30",
            "2026年07月30日",
            "2026年7月30日 09:30",
            "20260730",
            "20260730093000",
            "20260730093000000",
        ] {
            assert_eq!(day("d", good), Ok(date(2026, 7, 30)), "{good}");
        }
        for bad in [
            "2026-13-01",
            "2026-02-30",
            "20261301",
            "2026-7",
            "30.07.2026",
            "2026-07-30x",
            "202607301",
            "2026年07月30",
            "0000-01-01",
            "２０２６-07-30",
            "2026--07-30",
            "x",
            "",
        ] {
            assert!(day("d", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rates_in_all_their_forms() {
        let six = Some(TaxRate::Percent(Decimal::from(6)));
        for good in ["0.06", "6%", "6", "6.00%", "0.0600", "6％"] {
            assert_eq!(chinese_rate("r", good), Ok(six), "{good}");
        }
        assert_eq!(chinese_rate("r", "免税"), Ok(Some(TaxRate::Exempt)));
        assert_eq!(chinese_rate("r", "不征税"), Ok(Some(TaxRate::NotTaxed)));
        assert_eq!(chinese_rate("r", "***"), Ok(Some(TaxRate::Unstated)));
        assert_eq!(chinese_rate("r", "0"), Ok(Some(TaxRate::Percent(Decimal::ZERO))));
        assert_eq!(chinese_rate("r", "差额征税"), Ok(None));
        for bad in ["NaN", "1e-2", "-0.06", "600%", "six", "0,06"] {
            assert!(chinese_rate("r", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts_are_plain() {
        let cny = Currency::CNY;
        for good in ["59.00", "¥59.00", "￥ 59", "59.0"] {
            assert_eq!(
                amount("a", good, cny, Decimals::Exact),
                Ok(Money::new(5900, cny)),
                "{good}"
            );
        }
        assert_eq!(
            amount("a", "59.0000", cny, Decimals::ZerosToo),
            Ok(Money::new(5900, cny))
        );
        let yen = Currency::JPY;
        assert_eq!(amount("a", "59.00", yen, Decimals::ZerosToo), Ok(Money::new(59, yen)));
        for bad in ["59.001", "1e5", "NaN", "1,000.00", "", "¥", "5９", "59.", "+59"] {
            for decimals in [Decimals::Exact, Decimals::ZerosToo] {
                let error = amount("a", bad, cny, decimals).expect_err(bad);
                assert_eq!(error.field(), Some("a"));
            }
        }
        assert!(amount("a", "59.000", cny, Decimals::Exact).is_err());
        assert!(amount("a", "59.50", yen, Decimals::ZerosToo).is_err());
    }
}
