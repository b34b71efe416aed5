//! When an export is due.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Most hours between two exports: a week.
pub const MOST_HOURS: u32 = 7 * 24;

/// When an export is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Every so many hours from when it was set up.
    EveryHours(u32),
    /// Each day at a local time.
    DailyAt(Time),
}

impl When {
    /// A local time as `HH:MM`.
    pub fn time(text: &str) -> Option<Time> {
        let (hour, minute) = text.trim().split_once(':')?;
        Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
    }

    /// The first time after `after`. A local time that a day lacks, as clocks go forward, is that much later; of one that it
    /// has twice the first counts. `begun` is when the export was set up.
    pub fn next(self, after: Timestamp, begun: Timestamp, zone: &TimeZone) -> Timestamp {
        match self {
            When::EveryHours(hours) => {
                let step = i64::from(hours.max(1)) * 3600;
                // On the hour.
                let first = begun.as_second() - begun.as_second().rem_euclid(3600);
                let steps = (after.as_second() - first).div_euclid(step) + 1;
                Timestamp::from_second(first + steps * step).unwrap_or(Timestamp::MAX)
            }
            When::DailyAt(time) => {
                let mut day = after.to_zoned_datetime(zone.clone()).date();
                // Two suffice, but for zones that once left out a day.
                for _ in 0..4 {
                    let at = zone.to_ambiguous_timestamp(day.to_datetime(time)).compatible();
                    match at {
                        Ok(at) if at > after => return at,
                        _ => day = day.saturating_add(1.day()),
                    }
                }
                Timestamp::MAX
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    #[test]
    fn a_local_time_comes_once_a_day_whatever_clocks_do() {
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        let daily = When::DailyAt(When::time("02:30").expect("a time"));
        let mut now = at("2026-03-27T12:00:00Z");
        let mut all = Vec::new();
        for _ in 0..4 {
            now = daily.next(now, now, &berlin);
            all.push(now.to_string());
        }
        // On the 29th there is no 02:30: an hour later by the clock, 03:30 in summer time.
        let expected = [
            "2026-03-28T01:30:00Z",
            "2026-03-29T01:30:00Z",
            "2026-03-30T00:30:00Z",
            "2026-03-31T00:30:00Z",
        ];
        assert_eq!(all, expected);
        // On 25 October 02:30 comes twice: the first counts, and the next one is on the day after.
        now = at("2026-10-24T12:00:00Z");
        for expected in ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"] {
            now = daily.next(now, now, &berlin);
            assert_eq!(now.to_string(), expected);
        }
        let shanghai = TimeZone::get("Asia/Shanghai").expect("a zone");
        let midnight = When::DailyAt(When::time("0:00").expect("a time"));
        let next = midnight.next(at("2026-11-27T16:00:00Z"), now, &shanghai);
        assert_eq!(next.to_string(), "2026-11-28T16:00:00Z", "after, not at");
    }

    #[test]
    fn hours_are_counted_from_when_it_was_set_up() {
        let every = When::EveryHours(6);
        let begun = at("2026-11-27T09:40:00Z");
        let next = |after: &str| every.next(at(after), begun, &TimeZone::UTC).to_string();
        assert_eq!(next("2026-11-27T09:40:00Z"), "2026-11-27T15:00:00Z");
        assert_eq!(next("2026-11-27T15:00:00Z"), "2026-11-27T21:00:00Z");
        // However many were missed, one time is next.
        assert_eq!(next("2026-12-02T10:00:00Z"), "2026-12-02T15:00:00Z");
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(When::time("7:05").map(|t| t.to_string()).as_deref(), Some("07:05:00"));
        for bad in ["", "24:00", "7", "07:60", "07:05:01", "-1:00", "a:b"] {
            assert_eq!(When::time(bad), None, "{bad}");
        }
    }
}
