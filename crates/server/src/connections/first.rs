//! How far the first reading of a CRM is, and how long it will take.

use std::sync::Arc;

use outlay_connect::{Connector, Object};
use outlay_core::ids::ConnectionId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::args;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;

/// The first reading of all that a CRM holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FirstView {
    /// Records that came so far.
    pub seen: i64,
    /// About how many will come; absent if the CRM does not tell of every kind.
    pub expected: Option<i64>,
    /// Seconds until the end at the pace of the running pull; absent if that cannot be told.
    pub left_s: Option<i64>,
}

/// Asks, before a kind of record is read for the first time, how many there are. What the CRM does not tell stays open.
pub(super) async fn count(app: &Arc<App>, connection: ConnectionId, connector: &dyn Connector) -> Result<(), Error> {
    let known: Vec<(String,)> = app
        .db
        .read()
        .all(
            "SELECT object FROM sync_cursor WHERE connection_id = $1 UNION SELECT object FROM sync_first WHERE connection_id = $1",
            args![connection],
        )
        .await?;
    let mut new = Vec::new();
    for one in connector.capabilities().objects {
        if known.iter().any(|(object,)| object == one.object.as_str()) {
            continue;
        }
        let expected = match connector.count(one.object).await {
            Ok(expected) => expected,
            // Reading will meet the same, and tells of it.
            Err(error) if error.is_transient() || matches!(error, outlay_connect::Error::Auth(_)) => break,
            Err(error) => {
                tracing::debug!(%error, object = one.object.as_str(), "a CRM does not tell how many there are");
                None
            }
        };
        new.push((one.object, expected.and_then(|n| i64::try_from(n).ok())));
    }
    if new.is_empty() {
        return Ok(());
    }
    let new = Arc::new(new);
    app.db
        .write(move |sql| {
            let new = new.clone();
            Box::pin(async move {
                for (object, expected) in new.iter() {
                    sql.run(
                        "INSERT INTO sync_first (connection_id, object, expected, seen) VALUES ($1, $2, $3, 0) \
                         ON CONFLICT (connection_id, object) DO NOTHING",
                        args![connection, object.as_str(), *expected],
                    )
                    .await?;
                }
                Ok(())
            })
        })
        .await
}

/// A page came.
pub(super) async fn advance(
    sql: &mut Sql,
    connection: ConnectionId,
    object: Object,
    seen: i64,
    whole: bool,
) -> Result<(), Error> {
    sql.run(
        "UPDATE sync_first SET seen = seen + $1, ended_at = $2 WHERE connection_id = $3 AND object = $4 AND ended_at IS NULL",
        args![
            seen,
            whole.then(|| now().as_microsecond()),
            connection,
            object.as_str()
        ],
    )
    .await?;
    Ok(())
}

/// Of each kind that was not read to its end yet: records that came, and about how many there are.
pub(super) async fn open(sql: &mut Sql, connection: ConnectionId) -> Result<Vec<(String, i64, Option<i64>)>, Error> {
    let open = sql
        .all(
            "SELECT object, seen, expected FROM sync_first WHERE connection_id = $1 AND ended_at IS NULL",
            args![connection],
        )
        .await?;
    Ok(open)
}

/// The first reading, while it is not at its end.
pub(super) async fn view(sql: &mut Sql, connection: ConnectionId) -> Result<Option<FirstView>, Error> {
    let open = open(sql, connection).await?;
    if open.is_empty() {
        return Ok(None);
    }
    let (done,): (i64,) = sql
        .one(
            "SELECT CAST(COALESCE(SUM(seen), 0) AS BIGINT) FROM sync_first WHERE connection_id = $1 AND ended_at IS NOT NULL",
            args![connection],
        )
        .await?;
    let running: Option<(i64, i64)> = sql
        .maybe(
            "SELECT started_at, seen FROM sync_run WHERE connection_id = $1 AND ended_at IS NULL",
            args![connection],
        )
        .await?;
    let came: i64 = open.iter().map(|(_, seen, _)| *seen).sum();
    // Records may be made while they are read: then more come than were told.
    let all: Option<i64> = open.iter().map(|(_, seen, told)| told.map(|n| n.max(*seen))).sum();
    let left_s = running.zip(all).and_then(|((started, seen), all)| {
        let took = now().as_microsecond() - started;
        (seen > 0).then(|| (all - came).saturating_mul(took / 1000) / seen / 1000)
    });
    Ok(Some(FirstView {
        seen: done + came,
        expected: all.map(|all| done + all),
        left_s,
    }))
}
