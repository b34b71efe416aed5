//! Dead letters: records that could not be taken. The cursor has moved past them; each is tried again when it comes again,
//! or when a person asks.

use std::sync::Arc;

use outlay_connect::{Connector, Fetched, Object, Record, Rejected};
use outlay_core::ids::ConnectionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::connection::Connection;
use crate::app::App;
use crate::args;
use crate::clock::now;
use crate::crm::store::{self, Reading};
use crate::db::{Sql, dialect};
use crate::error::Error;

/// Records that are asked for at once.
const AT_ONCE: usize = 100;

/// Which records to try again: one, or all if nothing is named.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    /// Its kind, such as `deal`.
    pub object: Option<String>,
    /// Its id in the CRM.
    pub external_id: Option<String>,
}

/// What trying again did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Retried {
    /// Records that were taken now.
    pub taken: i64,
    /// Records that the CRM does not have any more, and that are waited for no longer.
    pub gone: i64,
    /// Records that still cannot be taken.
    pub refused: i64,
}

type Letter = (String, String, String);

/// Tries again: reads each record anew from the CRM and takes it by the rules in force.
pub async fn retry(app: &Arc<App>, connection: ConnectionId, wanted: Wanted) -> Result<Retried, Error> {
    let mut sql = app.db.read();
    let connection = Connection::load(&mut sql, connection).await?;
    let connector = connection.connector(app)?;
    retry_with(app, connection.id, connector.as_ref(), wanted).await
}

/// As [`retry`], by a connector at hand.
pub async fn retry_with(
    app: &Arc<App>,
    connection: ConnectionId,
    connector: &dyn Connector,
    wanted: Wanted,
) -> Result<Retried, Error> {
    let letters: Vec<Letter> = app
        .db
        .read()
        .all(
            "SELECT object, external_id, raw FROM sync_refused WHERE connection_id = $1 AND ($2 = '' OR object = $2) \
             AND ($3 = '' OR external_id = $3) ORDER BY object, external_id",
            args![
                connection,
                wanted.object.unwrap_or_default(),
                wanted.external_id.unwrap_or_default()
            ],
        )
        .await?;
    let mut done = Retried::default();
    for object in Object::ALL {
        let of: Vec<&Letter> = letters.iter().filter(|(o, ..)| o == object.as_str()).collect();
        for some in of.chunks(AT_ONCE) {
            let ids: Vec<String> = some
                .iter()
                .map(|(_, id, _)| id.clone())
                .filter(|id| !id.is_empty())
                .collect();
            let mut found = if ids.is_empty() {
                Fetched::default()
            } else {
                connector.fetch(object, &ids).await?
            };
            // One whose id is illegible can only be read as it came.
            let mut cleared = false;
            for (_, _, raw) in some.iter().filter(|(_, id, _)| id.is_empty()) {
                match connector.understand(object, &serde_json::from_str(raw)?) {
                    Ok(record) => {
                        cleared = true;
                        found.records.extend(record);
                    }
                    Err(refused) => found.rejected.push(*refused),
                }
            }
            done.gone += count(found.gone.len());
            done.taken += count(found.records.len());
            done.refused += count(found.rejected.len());
            settle(app, connection, object, found, cleared).await?;
        }
    }
    app.live.wake();
    Ok(done)
}

/// `cleared` says that the letter without a legible id can be read by now.
async fn settle(
    app: &Arc<App>,
    connection: ConnectionId,
    object: Object,
    found: Fetched,
    cleared: bool,
) -> Result<(), Error> {
    let (shared, found) = (app.clone(), Arc::new(found));
    app.db
        .write(move |sql| {
            let (app, found) = (shared.clone(), found.clone());
            Box::pin(async move {
                store::apply_all(sql, &app, Some(connection), &found.records, Reading::First).await?;
                forget(sql, connection, &found.records).await?;
                if cleared {
                    remove(sql, connection, object, "").await?;
                }
                for id in &found.gone {
                    remove(sql, connection, object, id).await?;
                }
                for rejected in &found.rejected {
                    keep(sql, connection, rejected).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Keeps a record that could not be taken.
pub async fn keep(sql: &mut Sql, connection: ConnectionId, rejected: &Rejected) -> Result<(), Error> {
    sql.run(
        "INSERT INTO sync_refused (connection_id, object, external_id, reason, raw, tries, at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (connection_id, object, external_id) DO UPDATE SET reason = excluded.reason, raw = excluded.raw, \
         tries = sync_refused.tries + 1, at = excluded.at",
        args![
            connection,
            rejected.object.as_str(),
            rejected.external_id.as_deref().unwrap_or(""),
            &rejected.reason,
            rejected.raw.to_string(),
            1i64,
            now().as_microsecond()
        ],
    )
    .await?;
    Ok(())
}

/// Records that were taken are dead letters no more.
pub async fn forget(sql: &mut Sql, connection: ConnectionId, records: &[Record]) -> Result<(), Error> {
    if records.is_empty() {
        return Ok(());
    }
    let text = format!(
        "SELECT object, external_id FROM sync_refused WHERE connection_id = $1 AND external_id {}",
        dialect::among(sql, 2)
    );
    let ids = dialect::texts(records.iter().map(|r| r.external_id.as_str()));
    let letters: Vec<(String, String)> = sql.all_built(text, vec![connection.into(), ids]).await?;
    for (object, id) in letters {
        if let Some(record) = records
            .iter()
            .find(|r| r.object.as_str() == object && r.external_id == id)
        {
            remove(sql, connection, record.object, &id).await?;
        }
    }
    Ok(())
}

/// As [`forget`], by the id.
pub(super) async fn remove(sql: &mut Sql, connection: ConnectionId, object: Object, id: &str) -> Result<(), Error> {
    sql.run(
        "DELETE FROM sync_refused WHERE connection_id = $1 AND object = $2 AND external_id = $3",
        args![connection, object.as_str(), id],
    )
    .await?;
    Ok(())
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
