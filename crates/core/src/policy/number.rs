//! Numbers as finance writes them in YAML: whole, or as text, so that none is ever a float.

use std::fmt;

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::money::parse_decimal;
use crate::{Currency, Money};

/// An amount in the policy's currency: `600` or `"1200.50"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(Decimal);

/// A share between 0 and 1, as text: `"0.13"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(Decimal);

/// The highest amount a policy may name, far below what money holds.
const MAX: i64 = 1_000_000_000_000;

impl Amount {
    /// Reads `600` or `12.50`; or says what is wrong.
    pub fn parse(text: &str) -> Result<Amount, String> {
        let value = parse_decimal(text, 6).map_err(|e| e.to_string())?;
        bounded::<serde::de::value::Error>(value).map_err(|e| e.to_string())
    }

    /// In a currency. It is exact where it [`Amount::fits`], as in every policy that was read.
    pub fn money(self, currency: Currency) -> Money {
        round(self.0, currency)
    }

    /// How many decimals it has.
    pub fn scale(self) -> u32 {
        self.0.normalize().scale()
    }

    /// Whether a currency has enough decimals for it.
    pub fn fits(self, currency: Currency) -> bool {
        self.0.normalize().scale() <= currency.decimals()
    }
}

impl Share {
    /// The number.
    pub fn value(self) -> Decimal {
        self.0
    }
}

/// The nearest amount of a currency, half away from zero; one beyond all bounds is the largest there is.
pub(super) fn round(value: Decimal, currency: Currency) -> Money {
    let minor = value
        .checked_mul(Decimal::from(10_i64.pow(currency.decimals())))
        .map(|d| d.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero))
        .and_then(|d| d.to_i64());
    Money::new(minor.unwrap_or(i64::MAX), currency)
}

fn bounded<E: Error>(value: Decimal) -> Result<Amount, E> {
    if value > Decimal::from(MAX) {
        return Err(E::custom(format_args!("{value} is too large: at most {MAX}")));
    }
    Ok(Amount(value))
}

struct Number;

impl Visitor<'_> for Number {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number without decimals, or one in quotes like \"12.50\"")
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Decimal, E> {
        Ok(Decimal::from(n))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Decimal, E> {
        self.visit_str(&n.to_string())
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<Decimal, E> {
        Err(E::custom(format_args!(
            "{n} would lose digits: put numbers with decimals in quotes, like \"12.50\""
        )))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
        parse_decimal(text, 6).map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        bounded(d.deserialize_any(Number)?)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0.to_string())
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let value = d.deserialize_any(Number)?;
        if value > Decimal::ONE {
            return Err(D::Error::custom(format_args!(
                "{value} is no share: write 13 % as \"0.13\""
            )));
        }
        Ok(Share(value))
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0.to_string())
    }
}
