//! What is asked of a CRM, counted by the minute, beside what its budget allows.

use outlay_connect::Connector;
use outlay_connect::manifest::Manifest;
use outlay_connect::pace::{Pace, Tally};
use outlay_core::ids::ConnectionId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::args;
use crate::clock::{moment, now};
use crate::db::Sql;
use crate::error::Error;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60;
/// Minutes for which the counts are kept.
const KEPT: i64 = 7 * DAY;

/// Requests to a CRM, and how many it may get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UsageView {
    /// The most requests in a minute, by the connector's budget; absent if it has none.
    pub most: Option<i64>,
    /// Requests in the busiest of the last five minutes.
    pub busiest: i64,
    /// The most requests in a day, if that is bounded too.
    pub daily: Option<i64>,
    /// Requests in the last 24 hours.
    pub day: i64,
    /// When the CRM last bade to wait, as by HTTP 429, RFC 3339; absent if not within a week.
    pub throttled_at: Option<String>,
    /// Requests of the last 24 hours without an answer, or with a failure inside the CRM.
    pub failed: i64,
}

impl UsageView {
    /// Of a hundred parts of what is allowed, how many are used: of the day if that is bounded, else of the minute.
    pub fn percent(&self) -> Option<i64> {
        let (used, most) = match (self.daily, self.most) {
            (Some(daily), _) => (self.day, daily),
            (None, Some(most)) => (self.busiest, most),
            (None, None) => return None,
        };
        Some((used * 100 / most.max(1)).min(100))
    }
}

/// What was asked since it was taken last.
pub(super) fn taken(connector: &dyn Connector) -> Tally {
    connector.pace().map(Pace::take).unwrap_or_default()
}

/// Counts what was asked by a connector since it was counted last. A count that cannot be stored is lost, and told.
pub async fn note(app: &App, connection: ConnectionId, connector: &dyn Connector) {
    let tally = taken(connector);
    if tally == Tally::default() {
        return;
    }
    let stored = app
        .db
        .write(move |sql| Box::pin(async move { add(sql, connection, tally).await }));
    if let Err(error) = stored.await {
        tracing::warn!(%error, "requests to a CRM were not counted");
    }
}

/// Adds to the count of this minute.
pub(super) async fn add(sql: &mut Sql, connection: ConnectionId, tally: Tally) -> Result<(), Error> {
    if tally == Tally::default() {
        return Ok(());
    }
    let minute = now().as_microsecond() / MINUTE;
    sql.run(
        "INSERT INTO sync_usage (connection_id, minute, requests, throttled, failed) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (connection_id, minute) DO UPDATE SET requests = sync_usage.requests + excluded.requests, \
         throttled = sync_usage.throttled + excluded.throttled, failed = sync_usage.failed + excluded.failed",
        args![
            connection,
            minute,
            i64::from(tally.requests),
            i64::from(tally.throttled),
            i64::from(tally.failed)
        ],
    )
    .await?;
    sql.run(
        "DELETE FROM sync_usage WHERE connection_id = $1 AND minute < $2",
        args![connection, minute - KEPT],
    )
    .await?;
    Ok(())
}

/// Tells a connector's pace what was asked before this process began, so that a day's budget outlives it.
pub(super) async fn recall(app: &App, connection: ConnectionId, connector: &dyn Connector) -> Result<(), Error> {
    let Some(pace) = connector
        .pace()
        .filter(|p| p.budget().is_some_and(|b| b.daily.is_some()))
    else {
        return Ok(());
    };
    let (requests, _) = day(&mut app.db.read(), connection).await?;
    pace.recall(u32::try_from(requests).unwrap_or(u32::MAX));
    Ok(())
}

/// Requests and failures of the last 24 hours.
async fn day(sql: &mut Sql, connection: ConnectionId) -> Result<(i64, i64), Error> {
    let since = now().as_microsecond() / MINUTE - DAY;
    let counts = sql
        .one(
            "SELECT CAST(COALESCE(SUM(requests), 0) AS BIGINT), CAST(COALESCE(SUM(failed), 0) AS BIGINT) FROM sync_usage \
             WHERE connection_id = $1 AND minute > $2",
            args![connection, since],
        )
        .await?;
    Ok(counts)
}

/// What was asked of a CRM lately.
pub(super) async fn view(sql: &mut Sql, connection: ConnectionId, manifest: &Manifest) -> Result<UsageView, Error> {
    let minute = now().as_microsecond() / MINUTE;
    let (day, failed) = day(sql, connection).await?;
    let (busiest, throttled): (i64, Option<i64>) = sql
        .one(
            "SELECT (SELECT COALESCE(MAX(requests), 0) FROM sync_usage WHERE connection_id = $1 AND minute > $2), \
             (SELECT MAX(minute) FROM sync_usage WHERE connection_id = $1 AND throttled > 0)",
            args![connection, minute - 5],
        )
        .await?;
    let budget = manifest.budget;
    Ok(UsageView {
        most: budget.map(|b| i64::from(b.requests) * 60 / i64::from(b.seconds.max(1))),
        busiest,
        daily: budget.and_then(|b| b.daily).map(i64::from),
        day,
        throttled_at: throttled.map(|minute| moment(minute * MINUTE).to_string()),
        failed,
    })
}
