//! Days and hours at which things are done.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::chance::Chance;

/// The day itself, or the Friday before a weekend.
pub fn workday(day: Date) -> Date {
    let back = match day.weekday() {
        Weekday::Saturday => 1,
        Weekday::Sunday => 2,
        _ => 0,
    };
    day.saturating_sub(Span::new().days(back))
}

/// Some minute of office hours on a day in a zone.
pub fn office_hour(chance: &mut Chance, day: Date, zone: &str) -> Timestamp {
    let minute = chance.between(8 * 60 + 40, 18 * 60);
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let midnight = day
        .to_zoned_datetime(zone)
        .map_or(Timestamp::UNIX_EPOCH, |z| z.timestamp());
    midnight
        .saturating_add(Span::new().minutes(minute).seconds(chance.between(0, 59)))
        .unwrap_or(midnight)
}

/// `hours` later, moved to Monday if that falls on a weekend.
pub fn later(at: Timestamp, hours: i64) -> Timestamp {
    let then = at.saturating_add(Span::new().hours(hours)).unwrap_or(at);
    let over = match then.to_zoned_datetime(TimeZone::UTC).weekday() {
        Weekday::Saturday => 48,
        Weekday::Sunday => 24,
        _ => 0,
    };
    then.saturating_add(Span::new().hours(over)).unwrap_or(then)
}
