//! POST /hooks/{connection}: what a CRM tells by itself. A delivery is a hint alone: once its signature holds, the records it
//! speaks of are read from the CRM, in a job.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use outlay_connect::{Connector, Fetched, Hint, Hook, Object};
use outlay_core::ids::ConnectionId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::connection::Connection;
use super::view::id_of;
use super::{dead, pull, usage};
use crate::app::App;
use crate::args;
use crate::clock::now;
use crate::crm::store::{self, Change, Reading};
use crate::db::Sql;
use crate::error::Error;
use crate::jobs::{Done, Failed, Job, NewJob, enqueue};

/// The largest delivery, in bytes.
pub const MAX_BODY: usize = 1 << 20;
/// Records asked for in one job.
const AT_ONCE: usize = 100;
/// How long a delivery is known, in microseconds: longer than any CRM repeats one.
const KEPT: i64 = 7 * 24 * 3600 * 1_000_000;

/// Records to read anew.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HintJob {
    connection: ConnectionId,
    object: Object,
    ids: Vec<String>,
}

/// Takes a delivery and answers 202; 401 if its signature does not hold, 404 if there is no such hook.
pub async fn deliver(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Error> {
    let id = id_of(&id)?;
    let connection = Connection::load(&mut app.db.read(), id).await?;
    if connection.paused {
        return Err(Error::NotFound("hook"));
    }
    let connector = connection.connector(&app)?;
    let texts = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let url = format!("{}/hooks/{id}", app.config.public_url());
    let hook = Hook {
        method: "POST",
        url: &url,
        headers: &texts.collect::<Vec<_>>(),
        body: &body,
        at: now(),
    };
    take(&app, id, connector.as_ref(), &hook).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Checks a delivery and enqueues the reading of what it speaks of, each event once; how many events were new.
pub async fn take(
    app: &Arc<App>,
    connection: ConnectionId,
    connector: &dyn Connector,
    hook: &Hook<'_>,
) -> Result<usize, Error> {
    let hints = connector.verify(hook).map_err(|error| match error {
        outlay_connect::Error::Auth(_) => Error::Unauthenticated,
        outlay_connect::Error::Setup(_) => Error::NotFound("hook"),
        other => other.into(),
    })?;
    let hints = Arc::new(hints);
    let new = app
        .db
        .write(move |sql| {
            let hints = hints.clone();
            Box::pin(async move {
                let new = unknown(sql, connection, &hints).await?;
                for object in Object::ALL {
                    let mut ids: Vec<String> = new
                        .iter()
                        .filter(|h| h.object == object)
                        .map(|h| h.external_id.clone())
                        .collect();
                    ids.sort_unstable();
                    ids.dedup();
                    for some in ids.chunks(AT_ONCE) {
                        let job = HintJob {
                            connection,
                            object,
                            ids: some.to_vec(),
                        };
                        let new = NewJob {
                            kind: "hint",
                            key: format!("hint:{}", Uuid::now_v7()),
                            ordering: Some(format!("hint:{connection}:{object}")),
                        };
                        enqueue(sql, new, &job).await?;
                    }
                }
                Ok(new.len())
            })
        })
        .await?;
    app.live.wake();
    Ok(new)
}

/// Those that were not delivered before.
async fn unknown<'h>(sql: &mut Sql, connection: ConnectionId, hints: &'h [Hint]) -> Result<Vec<&'h Hint>, Error> {
    let at = now().as_microsecond();
    let mut new = Vec::new();
    for hint in hints {
        let event = hint.event.clone().unwrap_or_else(|| Uuid::now_v7().to_string());
        let fresh = sql
            .run(
                "INSERT INTO hook_event (connection_id, event, object, at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (connection_id, event) DO NOTHING",
                args![connection, event, hint.object.as_str(), at],
            )
            .await?;
        if fresh > 0 {
            new.push(hint);
        }
    }
    sql.run(
        "DELETE FROM hook_event WHERE connection_id = $1 AND at < $2",
        args![connection, at - KEPT],
    )
    .await?;
    Ok(new)
}

/// The handler of `hint` jobs.
pub async fn hint_job(app: Arc<App>, job: Job) -> Result<Done, Failed> {
    let hint: HintJob = serde_json::from_str(&job.payload).map_err(Error::from)?;
    let connection = Connection::load(&mut app.db.read(), hint.connection).await?;
    let connector = connection.connector(&app)?;
    let read = read(&app, hint.connection, connector.as_ref(), hint.object, &hint.ids).await;
    usage::note(&app, hint.connection, connector.as_ref()).await;
    read?;
    Ok(None)
}

/// Reads records of `object` as they are now and takes them, each as if it had come by a pull.
pub async fn read(
    app: &Arc<App>,
    connection: ConnectionId,
    connector: &dyn Connector,
    object: Object,
    ids: &[String],
) -> Result<(), Error> {
    let found = connector.fetch(object, ids).await?;
    let (shared, found) = (app.clone(), Arc::new(found));
    app.db
        .write(move |sql| {
            let (app, found) = (shared.clone(), found.clone());
            Box::pin(async move { store_all(sql, &app, connection, object, &found).await })
        })
        .await?;
    app.live.wake();
    Ok(())
}

async fn store_all(
    sql: &mut Sql,
    app: &App,
    connection: ConnectionId,
    object: Object,
    found: &Fetched,
) -> Result<(), Error> {
    let mut took = pull::ObjectReport {
        object: object.as_str().to_owned(),
        ..pull::ObjectReport::default()
    };
    for applied in store::apply_all(sql, app, Some(connection), &found.records, Reading::First).await? {
        took.seen += 1;
        took.changed += i64::from(applied.change != Change::Same);
    }
    dead::forget(sql, connection, &found.records).await?;
    for id in &found.gone {
        store::archive(sql, connection, object, id).await?;
        took.seen += 1;
    }
    for rejected in &found.rejected {
        dead::keep(sql, connection, rejected).await?;
        took.seen += 1;
    }
    pull::rate(sql, connection, object, &took).await
}
