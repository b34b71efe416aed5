//! Each kind of record of a connection: how fresh it is, how fast it comes, what waits.

use serde::Serialize;
use utoipa::ToSchema;

use super::connection::Connection;
use super::first;
use crate::args;
use crate::clock::moment;
use crate::crm::store::table;
use crate::db::Sql;
use crate::error::Error;

/// Minutes that the rates cover.
pub const MINUTES: i64 = 40;
const MINUTE: i64 = 60_000_000;
/// How long a CRM counts as telling of a kind by itself after it last did so.
const TELLS: i64 = 7 * 24 * 60 * MINUTE;
/// Of how many events the time until they are here is looked at.
const EVENTS: i64 = 1000;

/// One kind of record of a connection.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ObjectView {
    /// Which, such as `deal`.
    pub object: String,
    /// What the CRM calls it, such as `sale.opportunity`.
    pub source: String,
    /// Records stored.
    pub records: i64,
    /// Records refused.
    pub refused: i64,
    /// Changes made here that the CRM's own contradict, and that wait for a person.
    pub conflicts: i64,
    /// When its last page was read, RFC 3339.
    pub read_at: Option<String>,
    /// When it was last read until nothing newer was left, RFC 3339.
    pub whole_at: Option<String>,
    /// Whether that is longer ago than the connection's `fresh_minutes`; never of a paused one.
    pub late: bool,
    /// While it is read for the first time: records that came.
    pub first_seen: Option<i64>,
    /// While it is read for the first time: about how many there are, if the CRM tells.
    pub first_expected: Option<i64>,
    /// Whether the CRM told of such records by itself within a week; else they are polled.
    pub told: bool,
    /// Records that came in each of the last 40 minutes, oldest first.
    pub rate: Vec<i64>,
    /// Records that came in these minutes.
    pub came: i64,
}

type Cursor = (String, i64, Option<i64>);

/// Each kind of record, at a moment in microseconds.
pub(super) async fn view(sql: &mut Sql, connection: &Connection, at: i64) -> Result<Vec<ObjectView>, Error> {
    let (id, minute) = (connection.id, at / MINUTE);
    let cursors: Vec<Cursor> = sql
        .all(
            "SELECT object, moved_at, whole_at FROM sync_cursor WHERE connection_id = $1",
            args![id],
        )
        .await?;
    let dead: Vec<(String, i64)> = sql
        .all(
            "SELECT object, COUNT(*) FROM sync_refused WHERE connection_id = $1 GROUP BY object",
            args![id],
        )
        .await?;
    let conflicts: Vec<(String, i64)> = sql
        .all(
            "SELECT object, COUNT(*) FROM record_edit WHERE connection_id = $1 AND state = 'conflict' GROUP BY object",
            args![id],
        )
        .await?;
    let told: Vec<(String, i64)> = sql
        .all(
            "SELECT object, COUNT(*) FROM hook_event WHERE connection_id = $1 AND at > $2 GROUP BY object",
            args![id, at - TELLS],
        )
        .await?;
    let rates: Vec<(String, i64, i64)> = sql
        .all(
            "SELECT object, minute, seen FROM sync_rate WHERE connection_id = $1 AND minute > $2",
            args![id, minute - MINUTES],
        )
        .await?;
    let first = first::open(sql, id).await?;
    let fresh = i64::from(connection.place.fresh_minutes()) * MINUTE;
    let mut objects = Vec::new();
    for one in &connection.manifest.objects {
        let name = one.object.as_str();
        let text = format!("SELECT COUNT(*) FROM {} WHERE connection_id = $1", table(one.object));
        let rows: Vec<(i64,)> = sql.all_built(text, args![id]).await?;
        let of = |counts: &[(String, i64)]| counts.iter().find(|(o, _)| o == name).map_or(0, |(_, n)| *n);
        let mut rate = vec![0; usize::try_from(MINUTES).unwrap_or(0)];
        for (_, when, seen) in rates.iter().filter(|(object, ..)| object == name) {
            let place = usize::try_from(MINUTES - 1 - (minute - when)).ok();
            if let Some(place) = place.and_then(|p| rate.get_mut(p)) {
                *place = *seen;
            }
        }
        let cursor = cursors.iter().find(|(o, ..)| o == name);
        let whole = cursor.and_then(|(_, _, whole)| *whole);
        let first = first.iter().find(|(o, ..)| o == name);
        objects.push(ObjectView {
            object: name.to_owned(),
            source: one.source.clone(),
            records: rows.first().map_or(0, |(n,)| *n),
            refused: of(&dead),
            conflicts: of(&conflicts),
            read_at: cursor.map(|(_, moved, _)| moment(*moved).to_string()),
            whole_at: whole.map(|at| moment(at).to_string()),
            late: !connection.paused && whole.is_some_and(|whole| whole + fresh < at),
            first_seen: first.map(|(_, seen, _)| *seen),
            first_expected: first.and_then(|(_, _, expected)| *expected),
            told: of(&told) > 0,
            came: rate.iter().sum(),
            rate,
        });
    }
    Ok(objects)
}

/// Milliseconds from an event that the CRM told until its record was here: of 95 in a hundred of the newest since a moment.
pub(super) async fn hook_p95(sql: &mut Sql, connection: &Connection, since: i64) -> Result<Option<i64>, Error> {
    let mut took: Vec<i64> = Vec::new();
    for one in &connection.manifest.objects {
        let rows: Vec<(i64,)> = sql
            .all(
                "SELECT ended_at - created_at FROM job WHERE ordering = $1 AND state = 'done' AND created_at >= $2 \
                 ORDER BY created_at DESC LIMIT $3",
                args![format!("hint:{}:{}", connection.id, one.object), since, EVENTS],
            )
            .await?;
        took.extend(rows.into_iter().map(|(micros,)| micros));
    }
    took.sort_unstable();
    let at = (took.len() * 95).div_ceil(100).checked_sub(1);
    Ok(at.and_then(|at| took.get(at)).map(|micros| micros / 1000))
}
