//! Money that never floats: an amount in minor units of one currency.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 currency, compared and printed by its three letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Chinese yuan.
    pub const CNY: Currency = Currency(iso_currency::Currency::CNY);
    /// Euro.
    pub const EUR: Currency = Currency(iso_currency::Currency::EUR);
    /// US dollar.
    pub const USD: Currency = Currency(iso_currency::Currency::USD);
    /// Japanese yen, which has no minor unit.
    pub const JPY: Currency = Currency(iso_currency::Currency::JPY);

    /// Reads three capital letters such as `CNY`; anything else is [`MoneyError::Currency`].
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        iso_currency::Currency::from_code(code)
            .map(Currency)
            .ok_or_else(|| MoneyError::Currency(clip(code)))
    }

    /// The three letters.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Number of decimals of the minor unit, after ISO 4217: CNY 2, JPY 0, BHD 3.
    pub fn decimals(self) -> u32 {
        u32::from(self.0.exponent().unwrap_or(0))
    }

    /// The sign people write before an amount, such as `¥` or `€`; the code where there is none.
    pub fn sign(self) -> &'static str {
        match self.code() {
            "CNY" | "JPY" => "¥",
            "EUR" => "€",
            "USD" => "$",
            "GBP" => "£",
            other => other,
        }
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Currency::parse(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

/// Why a text is no amount, or a sum cannot be formed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not digits with an optional minus and one decimal point.
    #[error("{0:?} is not an amount: write digits with a point, like 1234.50")]
    NotANumber(String),
    /// More decimals than the currency has.
    #[error("{currency} has {allowed} decimals, {text:?} has {found}")]
    Decimals {
        /// The currency asked for.
        currency: Currency,
        /// Decimals that it has.
        allowed: u32,
        /// Decimals found.
        found: u32,
        /// The text as given.
        text: String,
    },
    /// Beyond what 64 bits of minor units hold.
    #[error("the amount is too large")]
    TooLarge,
    /// Not an ISO 4217 code.
    #[error("{0:?} is not a currency: write three letters, like CNY")]
    Currency(String),
    /// A sum over two currencies.
    #[error("{0} and {1} cannot be added")]
    Mixed(Currency, Currency),
}

/// An amount of one currency in its minor unit (fen, cent). In JSON: `{"amount":"1234.50","currency":"CNY"}`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// Minor units; may be negative.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// The amount of `minor` units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Money { minor, currency }
    }

    /// Nothing, in a currency.
    pub const fn zero(currency: Currency) -> Self {
        Money { minor: 0, currency }
    }

    /// Reads plain decimals: `-12`, `12.5`, `1234.50`. Refuses `1e5`, `NaN`, `1,000.00`, `+1`, spaces,
    /// and more decimals than the currency has.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let refuse = || MoneyError::NotANumber(clip(text));
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let digits_only = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits_only(whole) || !digits_only(part) || digits.ends_with('.') {
            return Err(refuse());
        }
        let allowed = currency.decimals();
        let found = u32::try_from(part.len()).map_err(|_| refuse())?;
        if found > allowed {
            return Err(MoneyError::Decimals {
                currency,
                allowed,
                found,
                text: clip(text),
            });
        }
        let mut minor: i64 = 0;
        let padding = std::iter::repeat_n(b'0', (allowed - found) as usize);
        for digit in whole.bytes().chain(part.bytes()).chain(padding) {
            minor = minor
                .checked_mul(10)
                .and_then(|m| m.checked_add(i64::from(digit - b'0')))
                .ok_or(MoneyError::TooLarge)?;
        }
        Ok(Money::new(if negative { -minor } else { minor }, currency))
    }

    /// The sum; both must be of one currency.
    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(self.currency, other.currency));
        }
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::TooLarge)?;
        Ok(Money::new(minor, self.currency))
    }

    /// The sum of many amounts of `currency`.
    pub fn sum(currency: Currency, all: impl IntoIterator<Item = Money>) -> Result<Money, MoneyError> {
        all.into_iter().try_fold(Money::zero(currency), Money::plus)
    }

    /// As a plain decimal number of major units.
    pub fn decimal(self) -> Decimal {
        Decimal::new(self.minor, self.currency.decimals())
    }

    /// This amount times `rate`, rounded half away from zero to a minor unit of `to`.
    pub fn convert(self, rate: Decimal, to: Currency) -> Result<Money, MoneyError> {
        let scaled = self
            .decimal()
            .checked_mul(rate)
            .and_then(|d| d.checked_mul(Decimal::from(10_i64.pow(to.decimals()))))
            .ok_or(MoneyError::TooLarge)?
            .round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        let minor = i64::try_from(scaled).map_err(|_| MoneyError::TooLarge)?;
        Ok(Money::new(minor, to))
    }

    /// Cuts the amount by weights so that the parts add up to it exactly: each part is rounded towards zero and
    /// the units left over go to the largest remainders, earlier parts first. All-zero or no weights give no parts.
    pub fn split(self, weights: &[u64]) -> Vec<Money> {
        let total: u128 = weights.iter().map(|w| u128::from(*w)).sum();
        if total == 0 {
            return Vec::new();
        }
        let amount = u128::from(self.minor.unsigned_abs());
        let mut parts: Vec<(usize, u128, u128)> = weights
            .iter()
            .enumerate()
            .map(|(i, w)| (i, amount * u128::from(*w) / total, amount * u128::from(*w) % total))
            .collect();
        let given: u128 = parts.iter().map(|p| p.1).sum();
        let left = usize::try_from(amount - given).unwrap_or(0);
        parts.sort_by(|a, b| b.2.cmp(&a.2).then(a.0.cmp(&b.0)));
        for part in parts.iter_mut().take(left) {
            part.1 += 1;
        }
        parts.sort_by_key(|p| p.0);
        let sign = self.minor.signum();
        parts
            .into_iter()
            .map(|p| Money::new(sign * i64::try_from(p.1).unwrap_or(i64::MAX), self.currency))
            .collect()
    }

    /// Plain digits without grouping or currency, as machines read them: `1234.50`.
    pub fn plain(self) -> String {
        self.decimal().to_string()
    }

    /// Digits in groups of three, as people read them: `1,234.50`; a minus is U+2212.
    pub fn grouped(self) -> String {
        let plain = Money::new(self.minor.saturating_abs(), self.currency).plain();
        let (whole, part) = match plain.split_once('.') {
            Some((w, p)) => (w, Some(p)),
            None => (plain.as_str(), None),
        };
        let mut out = String::with_capacity(plain.len() + 6);
        if self.minor < 0 {
            out.push('\u{2212}');
        }
        for (i, c) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i) % 3 == 0 {
                out.push(',');
            }
            out.push(c);
        }
        if let Some(p) = part {
            out.push('.');
            out.push_str(p);
        }
        out
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.plain(), self.currency)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.plain(), self.currency)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    amount: String,
    currency: Currency,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        Wire {
            amount: self.plain(),
            currency: self.currency,
        }
        .serialize(s)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(d)?;
        Money::parse(&wire.amount, wire.currency).map_err(serde::de::Error::custom)
    }
}

/// Reads an exact positive decimal, such as a rate or a quantity: digits with a point, at most `scale` decimals.
pub fn parse_decimal(text: &str, scale: u32) -> Result<Decimal, MoneyError> {
    let refuse = || MoneyError::NotANumber(clip(text));
    let plain = !text.is_empty()
        && text.len() <= 28
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && text.bytes().next().is_some_and(|b| b.is_ascii_digit())
        && !text.ends_with('.');
    if !plain {
        return Err(refuse());
    }
    let value: Decimal = text.parse().map_err(|_| refuse())?;
    if value.scale() > scale {
        return Err(refuse());
    }
    Ok(value)
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_only_plain_amounts() {
        for good in ["0", "12", "12.5", "1234.50", "-3.20"] {
            assert!(Money::parse(good, Currency::CNY).is_ok(), "{good}");
        }
        for bad in [
            "",
            "1e5",
            "NaN",
            "1,000.00",
            "1,000.005",
            "+1",
            " 1",
            "1.",
            ".5",
            "1.005",
            "٣",
            "９",
            "--1",
            "inf",
        ] {
            assert!(Money::parse(bad, Currency::CNY).is_err(), "{bad}");
        }
        assert!(Money::parse("12.5", Currency::JPY).is_err());
        assert_eq!(
            Money::parse("99999999999999999999", Currency::CNY),
            Err(MoneyError::TooLarge)
        );
    }

    #[test]
    fn people_read_groups() {
        assert_eq!(
            Money::new(-123_456_789, Currency::CNY).grouped(),
            "\u{2212}1,234,567.89"
        );
        assert_eq!(Money::new(1000, Currency::JPY).grouped(), "1,000");
        assert_eq!(Money::new(5, Currency::EUR).grouped(), "0.05");
    }

    #[test]
    fn converts_half_away_from_zero() {
        let rate = "7.85".parse::<Decimal>().expect("a rate");
        assert_eq!(
            Money::new(10_01, Currency::EUR).convert(rate, Currency::CNY),
            Ok(Money::new(78_58, Currency::CNY))
        );
    }

    proptest! {
        #[test]
        fn parts_add_up(minor in -10_000_000_000i64..10_000_000_000, weights in proptest::collection::vec(0u64..1_000_000, 1..9)) {
            let money = Money::new(minor, Currency::CNY);
            let parts = money.split(&weights);
            if weights.iter().sum::<u64>() > 0 {
                prop_assert_eq!(Money::sum(Currency::CNY, parts), Ok(money));
            }
        }

        #[test]
        fn what_is_written_is_read(minor in any::<i32>()) {
            let money = Money::new(i64::from(minor), Currency::EUR);
            prop_assert_eq!(Money::parse(&money.plain(), Currency::EUR), Ok(money));
        }
    }
}
