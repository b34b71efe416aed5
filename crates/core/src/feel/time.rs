//! Days, times and durations of FEEL.

use std::cmp::Ordering;
use std::fmt;

use jiff::SignedDuration;
use jiff::civil;

/// A time of day, with its offset from UTC in seconds if it was written with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// The time on the clock.
    pub at: civil::Time,
    /// Seconds east of UTC.
    pub offset: Option<i32>,
}

/// A day with a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime {
    /// The day and the time on the clock.
    pub at: civil::DateTime,
    /// Seconds east of UTC.
    pub offset: Option<i32>,
}

/// Reads `2026-03-01`.
pub fn date(text: &str) -> Option<civil::Date> {
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if plain { text.parse().ok() } else { None }
}

impl Time {
    /// Reads `08:30:00`, with a fraction, and with `Z` or an offset such as `+08:00`.
    pub fn parse(text: &str) -> Option<Time> {
        let (clock, offset) = split_offset(text)?;
        let plain = clock.len() >= 8 && clock.bytes().all(|b| b.is_ascii_digit() || b == b':' || b == b'.');
        let at = if plain { clock.parse().ok()? } else { return None };
        Some(Time { at, offset })
    }

    /// Which is earlier; `None` if only one has an offset.
    pub fn compare(&self, other: &Time) -> Option<Ordering> {
        let of = |t: &Time, offset: i32| -> i128 {
            t.at.duration_since(civil::Time::midnight()).as_nanos() - i128::from(offset) * 1_000_000_000
        };
        match (self.offset, other.offset) {
            (None, None) => Some(self.at.cmp(&other.at)),
            (Some(a), Some(b)) => Some(of(self, a).cmp(&of(other, b))),
            _ => None,
        }
    }
}

impl DateTime {
    /// Reads `2026-03-01T08:30:00`, with `Z` or an offset; a day alone is its midnight.
    pub fn parse(text: &str) -> Option<DateTime> {
        let Some((day, time)) = text.split_once('T') else {
            let at = date(text)?.to_datetime(civil::Time::midnight());
            return Some(DateTime { at, offset: None });
        };
        let time = Time::parse(time)?;
        Some(DateTime {
            at: date(day)?.to_datetime(time.at),
            offset: time.offset,
        })
    }

    /// Which is earlier; `None` if only one has an offset.
    pub fn compare(&self, other: &DateTime) -> Option<Ordering> {
        match (self.offset, other.offset) {
            (None, None) => Some(self.at.cmp(&other.at)),
            (Some(_), Some(_)) => self.since(other).map(|d| d.cmp(&SignedDuration::ZERO)),
            _ => None,
        }
    }

    /// How long after the other it is; `None` if only one has an offset.
    pub fn since(&self, other: &DateTime) -> Option<SignedDuration> {
        let apart = self.at.duration_since(other.at);
        match (self.offset, other.offset) {
            (None, None) => Some(apart),
            (Some(a), Some(b)) => apart.checked_sub(SignedDuration::from_secs(i64::from(a) - i64::from(b))),
            _ => None,
        }
    }
}

/// Takes a trailing `Z`, `+08:00` or `-03:30` off.
fn split_offset(text: &str) -> Option<(&str, Option<i32>)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, Some(0)));
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return Some((text, None));
    };
    let (clock, offset) = text.split_at(at);
    let (hours, minutes) = offset[1..].split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3600 + minutes * 60;
    Some((clock, Some(if offset.starts_with('-') { -seconds } else { seconds })))
}

/// A duration as it is written: months or an exact time, never both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duration {
    /// Years and months, in months.
    Months(i64),
    /// Days and time.
    Exact(SignedDuration),
}

impl Duration {
    /// Reads `P1Y2M` or `P3DT4H5M6.7S`, with a minus before it.
    pub fn parse(text: &str) -> Option<Duration> {
        let (negative, body) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let body = body.strip_prefix('P')?;
        let (days, time) = match body.split_once('T') {
            Some((_, "")) => return None,
            Some((days, time)) => (days, time),
            None => (body, ""),
        };
        if days.is_empty() && time.is_empty() {
            return None;
        }
        let months = parts(days, "YM").filter(|_| !days.is_empty() && time.is_empty());
        if let Some(parts) = months {
            let mut sum: i64 = 0;
            for (n, unit) in parts {
                let n: i64 = n.parse().ok()?;
                sum = sum.checked_add(n.checked_mul(if unit == 'Y' { 12 } else { 1 })?)?;
            }
            return Some(Duration::Months(if negative { -sum } else { sum }));
        }
        let mut sum = SignedDuration::ZERO;
        for (n, unit) in parts(days, "D")?.into_iter().chain(parts(time, "HMS")?) {
            sum = sum.checked_add(part(n, unit)?)?;
        }
        Some(Duration::Exact(if negative { sum.checked_neg()? } else { sum }))
    }
}

/// `12D3H` as its numbers and units, each unit once and in the order of `units`.
fn parts<'a>(mut text: &'a str, units: &str) -> Option<Vec<(&'a str, char)>> {
    let mut left = units;
    let mut found = Vec::new();
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let unit = text[end..].chars().next()?;
        left = &left[left.find(unit)? + unit.len_utf8()..];
        found.push((&text[..end], unit));
        text = &text[end + unit.len_utf8()..];
    }
    Some(found)
}

fn part(n: &str, unit: char) -> Option<SignedDuration> {
    if unit == 'S' {
        let (whole, fraction) = n.split_once('.').unwrap_or((n, "0"));
        if fraction.is_empty() || fraction.len() > 9 {
            return None;
        }
        let nanos: i32 = format!("{fraction:0<9}").parse().ok()?;
        return Some(SignedDuration::new(whole.parse().ok()?, nanos));
    }
    let seconds = match unit {
        'D' => 86_400,
        'H' => 3_600,
        _ => 60,
    };
    let n: i64 = n.parse().ok()?;
    Some(SignedDuration::from_secs(n.checked_mul(seconds)?))
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Duration::Months(months) => {
                f.write_str(if months < 0 { "-P" } else { "P" })?;
                let (years, rest) = (months.unsigned_abs() / 12, months.unsigned_abs() % 12);
                match (years, rest) {
                    (0, rest) => write!(f, "{rest}M"),
                    (years, 0) => write!(f, "{years}Y"),
                    (years, rest) => write!(f, "{years}Y{rest}M"),
                }
            }
            Duration::Exact(exact) => {
                f.write_str(if exact.is_negative() { "-P" } else { "P" })?;
                let (seconds, nanos) = (exact.as_secs().unsigned_abs(), exact.subsec_nanos().unsigned_abs());
                let (days, left) = (seconds / 86_400, seconds % 86_400);
                if days > 0 {
                    write!(f, "{days}D")?;
                }
                if left == 0 && nanos == 0 {
                    return f.write_str(if days == 0 { "T0S" } else { "" });
                }
                f.write_str("T")?;
                for (n, unit) in [(left / 3600, 'H'), (left % 3600 / 60, 'M')] {
                    if n > 0 {
                        write!(f, "{n}{unit}")?;
                    }
                }
                match (left % 60, nanos) {
                    (0, 0) => Ok(()),
                    (s, 0) => write!(f, "{s}S"),
                    (s, n) => write!(f, "{s}.{}S", format!("{n:09}").trim_end_matches('0')),
                }
            }
        }
    }
}

fn write_offset(f: &mut fmt::Formatter<'_>, offset: Option<i32>) -> fmt::Result {
    match offset {
        None => Ok(()),
        Some(0) => f.write_str("Z"),
        Some(s) => {
            let sign = if s < 0 { '-' } else { '+' };
            write!(f, "{sign}{:02}:{:02}", s.abs() / 3600, s.abs() % 3600 / 60)
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at)?;
        write_offset(f, self.offset)
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at)?;
        write_offset(f, self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_written() {
        for text in [
            "P1Y2M",
            "-P3M",
            "P2Y",
            "P0M",
            "P1D",
            "PT1H",
            "-P1DT2H3M4.5S",
            "PT0S",
            "PT0.000000001S",
        ] {
            assert_eq!(Duration::parse(text).expect(text).to_string(), text);
        }
        assert_eq!(Duration::parse("PT36H").expect("hours").to_string(), "P1DT12H");
        for text in [
            "",
            "P",
            "PT",
            "P1DT",
            "1D",
            "P1M1Y",
            "P1Y1D",
            "PT1D",
            "P1.5D",
            "P99999999999999999999D",
        ] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }

    #[test]
    fn offsets_are_compared_on_one_clock() {
        let at = |t: &str| DateTime::parse(t).expect(t);
        assert_eq!(
            at("2026-03-01T08:00:00+08:00").compare(&at("2026-03-01T00:00:00Z")),
            Some(Ordering::Equal)
        );
        assert_eq!(at("2026-03-01T08:00:00").compare(&at("2026-03-01T00:00:00Z")), None);
        assert_eq!(at("2026-03-01").to_string(), "2026-03-01T00:00:00");
        let time = |t: &str| Time::parse(t).expect(t);
        assert_eq!(time("08:00:00+08:00").compare(&time("01:00:00Z")), Some(Ordering::Less));
        for text in ["2026-02-30", "2026-3-1", "+2026-03-01", "2026-03-01T8:00:00"] {
            assert_eq!(DateTime::parse(text), None, "{text}");
        }
    }
}
