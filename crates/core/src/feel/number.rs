//! Exact decimals of FEEL.

use std::cmp::Ordering;
use std::fmt;

use dec::{Context, Decimal, Decimal128};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A decimal of up to 34 significant digits and an exponent from −6176 to 6111: IEEE 754 decimal128, as DMN asks. What is written is
/// kept exactly or refused; a result with more digits is rounded to 34, half to even. There is no infinity and no NaN.
#[derive(Clone, Copy)]
pub struct Number(Decimal128);

/// Digits that a power is reckoned with before it is rounded to 34: units of three digits each.
const POWER_UNITS: usize = 20;

impl Number {
    /// Nought.
    pub const ZERO: Number = Number(Decimal128::ZERO);
    /// One.
    pub const ONE: Number = Number(Decimal128::ONE);

    /// Reads `-1234.50`, `.5` or `1.2e-3`. `None` for anything else, and for more digits than a number holds.
    pub fn parse(text: &str) -> Option<Number> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return None;
        }
        let mut cx = Context::<Decimal128>::default();
        let number = cx.parse(text).ok()?;
        if cx.status().inexact() || cx.status().overflow() {
            return None;
        }
        Number::finite(number)
    }

    /// A finite number in its one form: no trailing noughts, no negative nought.
    fn finite(number: Decimal128) -> Option<Number> {
        if !number.is_finite() {
            return None;
        }
        if number.is_zero() {
            return Some(Number::ZERO);
        }
        Some(Number(Context::<Decimal128>::default().reduce(number)))
    }

    /// The sum, rounded to 34 digits; `None` beyond the greatest number.
    pub fn plus(self, other: Number) -> Option<Number> {
        Number::finite(self.0 + other.0)
    }

    /// The difference; as [`plus`](Self::plus).
    pub fn minus(self, other: Number) -> Option<Number> {
        Number::finite(self.0 - other.0)
    }

    /// The product; as [`plus`](Self::plus).
    pub fn times(self, other: Number) -> Option<Number> {
        Number::finite(self.0 * other.0)
    }

    /// The quotient; `None` also for a division by nought.
    pub fn over(self, other: Number) -> Option<Number> {
        Number::finite(self.0 / other.0)
    }

    /// `self` to the power of `other`, reckoned with 60 digits and rounded to 34. `None` where there is none, as of −1 to ½.
    /// Anything to the power of nought is 1, as IEEE 754 has it.
    pub fn pow(self, other: Number) -> Option<Number> {
        if other == Number::ZERO {
            return Some(Number::ONE);
        }
        let mut cx = wide();
        let mut power = Decimal::<POWER_UNITS>::from(self.0);
        cx.pow(&mut power, &Decimal::<POWER_UNITS>::from(other.0));
        if !power.is_finite() {
            return None;
        }
        Number::finite(power.to_decimal128())
    }

    /// The square root; `None` of a negative number.
    pub fn sqrt(self) -> Option<Number> {
        let mut cx = wide();
        // Rounded once: a root of 60 digits that ends in a half would be rounded the wrong way.
        let kept = cx.set_precision(34);
        debug_assert!(kept.is_ok());
        let mut root = Decimal::<POWER_UNITS>::from(self.0);
        cx.sqrt(&mut root);
        Number::finite(root.to_decimal128())
    }

    /// With the other sign.
    pub fn negated(self) -> Number {
        Number::finite(-self.0).unwrap_or(Number::ZERO)
    }

    /// Without its sign.
    pub fn abs(self) -> Number {
        if self < Number::ZERO { self.negated() } else { self }
    }

    /// Rounded to `places` digits after the point (before it, if negative). `None` where that takes more digits than there are.
    pub fn round(self, places: i32, how: Rounding) -> Option<Number> {
        if !(-6111..=6176).contains(&places) {
            return None;
        }
        // What has no more places is kept: rescaling could ask for more digits than there are.
        if self.0.exponent() >= -places {
            return Some(self);
        }
        let mut cx = Context::<Decimal128>::default();
        cx.set_rounding(how.into());
        let mut unit = Decimal128::ONE;
        cx.set_exponent(&mut unit, -places);
        Number::finite(cx.quantize(self.0, unit))
    }

    /// What remains of `self` after whole multiples of `other`, with the sign of `other`: FEEL's `modulo`. `None` for nought.
    pub fn modulo(self, other: Number) -> Option<Number> {
        let whole = self.over(other)?.round(0, Rounding::Floor)?;
        self.minus(other.times(whole)?)
    }

    /// Whether it has nothing after the point.
    pub fn is_whole(self) -> bool {
        self.0.exponent() >= 0
    }

    /// As the decimal that amounts are reckoned with elsewhere; `None` if it has more digits or is too great.
    pub fn to_decimal(self) -> Option<rust_decimal::Decimal> {
        rust_decimal::Decimal::from_str_exact(&self.to_string()).ok()
    }

    /// As an integer; `None` with digits after the point, or out of range.
    pub fn to_i64(self) -> Option<i64> {
        if !self.is_whole() || self.0.exponent() > 18 {
            return None;
        }
        self.to_string().parse().ok()
    }
}

/// Reckons with more digits than are kept, and with exponents that powers may have.
fn wide() -> Context<Decimal<POWER_UNITS>> {
    let mut cx = Context::<Decimal<POWER_UNITS>>::default();
    // The library takes roots and logarithms within these bounds alone; both lie within its own.
    let bounded = cx.set_max_exponent(999_999).and(cx.set_min_exponent(-999_999));
    debug_assert!(bounded.is_ok());
    cx
}

/// How a number is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards negative infinity.
    Floor,
    /// Towards positive infinity.
    Ceiling,
    /// Away from nought.
    Up,
    /// Towards nought.
    Down,
    /// To the nearest, half away from nought.
    HalfUp,
    /// To the nearest, half towards nought.
    HalfDown,
    /// To the nearest, half to the even digit.
    HalfEven,
}

impl From<Rounding> for dec::Rounding {
    fn from(how: Rounding) -> Self {
        match how {
            Rounding::Floor => dec::Rounding::Floor,
            Rounding::Ceiling => dec::Rounding::Ceiling,
            Rounding::Up => dec::Rounding::Up,
            Rounding::Down => dec::Rounding::Down,
            Rounding::HalfUp => dec::Rounding::HalfUp,
            Rounding::HalfDown => dec::Rounding::HalfDown,
            Rounding::HalfEven => dec::Rounding::HalfEven,
        }
    }
}

impl From<i64> for Number {
    fn from(n: i64) -> Number {
        Number::finite(Decimal128::from(n)).unwrap_or(Number::ZERO)
    }
}

impl From<rust_decimal::Decimal> for Number {
    fn from(n: rust_decimal::Decimal) -> Number {
        // 28 or 29 digits always fit.
        Number::parse(&n.to_string()).unwrap_or(Number::ZERO)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        // Both are finite, so there is always an answer.
        self.0.partial_cmp(&other.0).unwrap_or(Ordering::Equal)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_standard_notation_string())
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Number, D::Error> {
        let text = String::deserialize(from)?;
        Number::parse(&text).ok_or_else(|| serde::de::Error::custom("no decimal of up to 34 digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> Number {
        Number::parse(text).expect(text)
    }

    #[test]
    fn a_hair_more_is_more() {
        assert!(n("5000.000000000000000000000001") > n("5000"));
        assert_eq!(n("0.1").plus(n("0.2")), Some(n("0.3")));
        assert_eq!(n("5000.00"), n("5000"));
        assert_eq!(n("-0.00").to_string(), "0");
        assert_eq!(n("1e3").to_string(), "1000");
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        assert!(Number::parse("1234567890123456789012345678901234").is_some());
        for text in [
            "12345678901234567890123456789012345",
            "",
            "-",
            "1.2.3",
            "NaN",
            "Infinity",
            "1e7000",
            "0x1",
            "1_000",
            " 1",
        ] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn arithmetic_has_34_digits_and_no_infinity() {
        assert_eq!(
            n("1").over(n("3")).expect("a third").to_string(),
            format!("0.{}", "3".repeat(34))
        );
        assert_eq!(
            n("2").over(n("3")).expect("two thirds").to_string(),
            format!("0.{}7", "6".repeat(33))
        );
        assert_eq!(n("1").over(Number::ZERO), None);
        assert_eq!(n("9e6144").times(n("10")), None);
        assert_eq!(n("10").pow(n("-5")), Some(n("0.00001")));
        assert_eq!(n("2").pow(n("0.5")), n("2").sqrt());
        assert_eq!(
            n("2").sqrt().expect("a root").to_string(),
            "1.414213562373095048801688724209698"
        );
        assert_eq!(n("-1").sqrt(), None);
        assert_eq!(n("10").pow(n("999999999")), None);
    }

    #[test]
    fn amounts_go_in_and_out_unchanged() {
        for text in [
            "0",
            "-12.34",
            "79228162514264337593543950335",
            "0.0000000000000000000000000001",
        ] {
            let amount = rust_decimal::Decimal::from_str_exact(text).expect(text);
            assert_eq!(Number::from(amount).to_decimal(), Some(amount));
        }
        assert_eq!(n("1e40").to_decimal(), None);
        assert_eq!(n("5000.000000000000000000000000000001").to_decimal(), None);
    }

    #[test]
    fn rounding_and_remainders() {
        assert_eq!(n("2.5").round(0, Rounding::HalfEven), Some(n("2")));
        assert_eq!(n("2.5").round(0, Rounding::HalfUp), Some(n("3")));
        assert_eq!(n("-1.56").round(1, Rounding::Up), Some(n("-1.6")));
        assert_eq!(n("1234").round(-2, Rounding::Floor), Some(n("1200")));
        assert_eq!(n("12").modulo(n("-5")), Some(n("-3")));
        assert_eq!(n("-12").modulo(n("5")), Some(n("3")));
        assert_eq!(n("12").modulo(Number::ZERO), None);
        assert_eq!(
            (n("12").to_i64(), n("1.5").to_i64(), n("1e30").to_i64()),
            (Some(12), None, None)
        );
    }
}
