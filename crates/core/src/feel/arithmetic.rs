//! What `+`, `-`, `*`, `/` and `**` make of two values: clause 10.3.2.15 of DMN 1.5.

use jiff::SignedDuration;
use jiff::civil;

use super::MAX_WEIGHT;
use super::ast::Op;
use super::eval::Fault;
use super::number::{Number, Rounding};
use super::time::{DateTime, Time};
use super::value::{Kind, Value};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// The value, or why there is none.
pub(super) fn binary(op: Op, a: &Value, b: &Value) -> Result<Value, Fault> {
    use Value::{Date, DateTime as Moment, Months, Number as Num, Span, Text, Time as Clock};
    let number = |n: Option<Number>| n.map(Num).ok_or(Fault::NoNumber);
    let span = |s: Option<SignedDuration>| s.map(Span).ok_or(Fault::NoNumber);
    let months = |n: Option<Number>| n.and_then(whole).map(Months).ok_or(Fault::NoNumber);
    Ok(match (op, a, b) {
        (_, Value::Null, _) | (_, _, Value::Null) => return Err(Fault::Null(op.sign().into())),
        (Op::Add, Num(a), Num(b)) => number(a.plus(*b))?,
        (Op::Sub, Num(a), Num(b)) => number(a.minus(*b))?,
        (Op::Mul, Num(a), Num(b)) => number(a.times(*b))?,
        (Op::Div, Num(_) | Months(_) | Span(_), Num(n)) if *n == Number::ZERO => return Err(Fault::DivisionByZero),
        (Op::Div, Months(_), Months(0)) => return Err(Fault::DivisionByZero),
        (Op::Div, Span(_), Span(s)) if s.is_zero() => return Err(Fault::DivisionByZero),
        (Op::Div, Num(a), Num(b)) => number(a.over(*b))?,
        (Op::Pow, Num(a), Num(b)) => number(a.pow(*b))?,
        (Op::Add, Text(a), Text(b)) if a.len() + b.len() > MAX_WEIGHT => return Err(Fault::TooLarge),
        (Op::Add, Text(a), Text(b)) => Value::text(&format!("{a}{b}")),
        (Op::Add, Months(a), Months(b)) => Months(a.checked_add(*b).ok_or(Fault::NoNumber)?),
        (Op::Sub, Months(a), Months(b)) => Months(a.checked_sub(*b).ok_or(Fault::NoNumber)?),
        (Op::Mul, Months(m), Num(n)) | (Op::Mul, Num(n), Months(m)) => months(n.times((*m).into()))?,
        (Op::Div, Months(m), Num(n)) => months(Number::from(*m).over(*n))?,
        (Op::Div, Months(a), Months(b)) => number(Number::from(*a).over((*b).into()))?,
        (Op::Add, Span(a), Span(b)) => span(a.checked_add(*b))?,
        (Op::Sub, Span(a), Span(b)) => span(a.checked_sub(*b))?,
        (Op::Mul, Span(s), Num(n)) | (Op::Mul, Num(n), Span(s)) => {
            span(seconds(*s).and_then(|s| lasting(s.times(*n)?)))?
        }
        (Op::Div, Span(s), Num(n)) => span(seconds(*s).and_then(|s| lasting(s.over(*n)?)))?,
        (Op::Div, Span(a), Span(b)) => number(seconds(*a).zip(seconds(*b)).and_then(|(a, b)| a.over(b)))?,
        (Op::Add, Date(d), Months(m)) | (Op::Add, Months(m), Date(d)) => Date(later(*d, *m)?),
        (Op::Sub, Date(d), Months(m)) => Date(later(*d, m.checked_neg().ok_or(Fault::NoNumber)?)?),
        // Counted from the day's midnight: an hour before a day is the day before.
        (Op::Add, Date(d), Span(s)) | (Op::Add, Span(s), Date(d)) => Date(after(midnight(*d), *s)?.date()),
        (Op::Sub, Date(d), Span(s)) => Date(after(midnight(*d), minus(*s)?)?.date()),
        (Op::Sub, Date(a), Date(b)) => Span(a.duration_since(*b)),
        (Op::Sub, Date(a), Moment(b)) => since(&at_utc(*a), b)?,
        (Op::Sub, Moment(a), Date(b)) => since(a, &at_utc(*b))?,
        (Op::Sub, Moment(a), Moment(b)) => since(a, b)?,
        (Op::Add, Moment(t), Span(s)) | (Op::Add, Span(s), Moment(t)) => Moment(DateTime {
            at: after(t.at, *s)?,
            offset: t.offset,
        }),
        (Op::Sub, Moment(t), Span(s)) => Moment(DateTime {
            at: after(t.at, minus(*s)?)?,
            offset: t.offset,
        }),
        (Op::Add, Moment(t), Months(m)) | (Op::Add, Months(m), Moment(t)) => Moment(months_later(t, *m)?),
        (Op::Sub, Moment(t), Months(m)) => Moment(months_later(t, m.checked_neg().ok_or(Fault::NoNumber)?)?),
        // The clock goes round.
        (Op::Add, Clock(t), Span(s)) | (Op::Add, Span(s), Clock(t)) => Clock(Time {
            at: t.at.wrapping_add(round_the_clock(*s)),
            offset: t.offset,
        }),
        (Op::Sub, Clock(t), Span(s)) => Clock(Time {
            at: t.at.wrapping_sub(round_the_clock(*s)),
            offset: t.offset,
        }),
        (Op::Sub, Clock(a), Clock(b)) => {
            let on = |t: &Time| DateTime {
                at: civil::Date::constant(2000, 1, 1).to_datetime(t.at),
                offset: t.offset,
            };
            let both = || Fault::Mismatch("-".into(), Some(Kind::Time), Some(Kind::Time));
            Span(on(a).since(&on(b)).ok_or_else(both)?)
        }
        _ => return Err(Fault::Mismatch(op.sign().into(), a.kind(), b.kind())),
    })
}

/// A number of months, without what is less than one.
fn whole(months: Number) -> Option<i64> {
    months.round(0, Rounding::Down)?.to_i64()
}

/// How many seconds a duration lasts.
fn seconds(span: SignedDuration) -> Option<Number> {
    let nanos = Number::from(i64::from(span.subsec_nanos())).over(Number::from(1_000_000_000))?;
    Number::from(span.as_secs()).plus(nanos)
}

/// The duration of so many seconds, to the billionth.
fn lasting(seconds: Number) -> Option<SignedDuration> {
    let whole = seconds.round(0, Rounding::Down)?;
    let nanos = seconds.minus(whole)?.times(Number::from(1_000_000_000))?;
    let nanos = nanos.round(0, Rounding::HalfEven)?.to_i64()?;
    SignedDuration::from_secs(whole.to_i64()?).checked_add(SignedDuration::from_nanos(nanos))
}

fn minus(span: SignedDuration) -> Result<SignedDuration, Fault> {
    span.checked_neg().ok_or(Fault::NoNumber)
}

/// What is left of a duration after whole days.
fn round_the_clock(span: SignedDuration) -> SignedDuration {
    SignedDuration::new(span.as_secs() % DAY, span.subsec_nanos())
}

fn midnight(day: civil::Date) -> civil::DateTime {
    day.to_datetime(civil::Time::midnight())
}

/// A day where a moment is wanted: its midnight in UTC.
fn at_utc(day: civil::Date) -> DateTime {
    DateTime {
        at: midnight(day),
        offset: Some(0),
    }
}

fn after(at: civil::DateTime, span: SignedDuration) -> Result<civil::DateTime, Fault> {
    at.checked_add(span).map_err(|_| Fault::NoNumber)
}

fn since(a: &DateTime, b: &DateTime) -> Result<Value, Fault> {
    let both = || Fault::Mismatch("-".into(), Some(Kind::DateTime), Some(Kind::DateTime));
    a.since(b).map(Value::Span).ok_or_else(both)
}

/// A day some months later; the last of the month where it has no such day.
fn later(day: civil::Date, months: i64) -> Result<civil::Date, Fault> {
    let span = jiff::Span::new().try_months(months).map_err(|_| Fault::NoNumber)?;
    day.checked_add(span).map_err(|_| Fault::NoNumber)
}

fn months_later(moment: &DateTime, months: i64) -> Result<DateTime, Fault> {
    Ok(DateTime {
        at: later(moment.at.date(), months)?.to_datetime(moment.at.time()),
        offset: moment.offset,
    })
}

#[cfg(test)]
mod tests {
    use crate::feel::{Names, NoFunctions, Scope, eval, expression};

    fn reckoned(text: &str) -> String {
        let read = expression(text, &Names::default()).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        let scope = Scope {
            names: &[],
            input: None,
            functions: &NoFunctions,
        };
        eval(&read, &scope, &mut Vec::new()).to_string()
    }

    /// As tables 57 to 60 of DMN have it, and the values of its compliance kit (0100-arithmetic).
    #[test]
    fn days_times_durations_and_borders_of_numbers() {
        for (text, value) in [
            (r#"@"2021-01-02" - @"PT1S""#, r#"date("2021-01-01")"#),
            (r#"@"2021-01-02" - @"PT25H""#, r#"date("2020-12-31")"#),
            (r#"@"2021-01-02" - @"-PT1H""#, r#"date("2021-01-02")"#),
            (r#"@"2021-01-01" + @"PT36H""#, r#"date("2021-01-02")"#),
            (
                r#"@"2021-01-02" - @"2021-01-01T10:10:10+11:00""#,
                r#"duration("P1DT49M50S")"#,
            ),
            (r#"@"2021-01-02" - @"2021-01-01T10:10:10""#, "null"),
            (
                r#"@"2021-01-31T10:10:10" + @"P1M""#,
                r#"date and time("2021-02-28T10:10:10")"#,
            ),
            (r#"@"10:15:00" + @"P1D""#, r#"time("10:15:00")"#),
            (r#"@"23:30:00" + @"PT1H""#, r#"time("00:30:00")"#),
            (r#"@"10:10:10" - @"PT11H""#, r#"time("23:10:10")"#),
            (r#"@"10:10:10" - @"11:10:10""#, r#"duration("-PT1H")"#),
            (r#"@"P1Y11M" * -2.5"#, r#"duration("-P4Y9M")"#),
            (r#"@"P10Y11M" / 2.5"#, r#"duration("P4Y4M")"#),
            (r#"@"P10Y" / @"P5Y""#, "2"),
            (r#"2.5 * @"PT23H""#, r#"duration("P2DT9H30M")"#),
            (r#"@"P10DT23H" / 2.5"#, r#"duration("P4DT9H12M")"#),
            (r#"@"PT1S" / 3"#, r#"duration("PT0.333333333S")"#),
            (r#"@"P10D" / @"P5D""#, "2"),
            (r#"@"P10D" / @"P0D""#, "null"),
            (r#"@"P10D" / 0"#, "null"),
            (r#"@"P10Y" / @"P5D""#, "null"),
            (r#"10 / @"P1D""#, "null"),
            // Just below the middle between two numbers of 34 digits.
            (
                "sqrt(9999999999999999999999.999999999999)",
                "99999999999.99999999999999999999999",
            ),
            ("0 ** 0", "1"),
            ("(-1) ** 0", "1"),
        ] {
            assert_eq!(reckoned(text), value, "{text}");
        }
    }
}
