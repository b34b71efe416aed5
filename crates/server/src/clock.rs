//! The one place that reads the clock.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

tokio::task_local! {
    /// What [`at`] has set the clock to.
    static SET: Timestamp;
}

/// Now; within [`at`], the moment given there.
pub fn now() -> Timestamp {
    SET.try_with(|moment| *moment).unwrap_or_else(|_| {
        Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap_or(Timestamp::UNIX_EPOCH)
    })
}

/// Runs `work` as if it were `moment`: for the demo company, whose past is made up. Work handed to another task,
/// such as the writer's, keeps the real clock, so set it within the work.
pub async fn at<F: Future>(moment: Timestamp, work: F) -> F::Output {
    SET.scope(moment, work).await
}

/// A stored moment: microseconds since 1970.
pub fn moment(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The local day of a moment in an IANA zone; UTC if the zone is unknown.
pub fn day(at: Timestamp, zone: &str) -> Date {
    at.to_zoned_datetime(TimeZone::get(zone).unwrap_or(TimeZone::UTC))
        .date()
}
