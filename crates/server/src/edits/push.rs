//! Sending edits to the CRM, and reading back what it holds then.

use std::sync::Arc;

use outlay_connect::{Connector, FieldChange, Object, Target, Write, Written};
use outlay_core::ids::ConnectionId;

use super::EditJob;
use super::settle;
use super::store::{self, Edit};
use crate::app::App;
use crate::args;
use crate::clock::now;
use crate::connections::{Connection, hooks, usage};
use crate::crm::store::table;
use crate::db::Sql;
use crate::error::Error;
use crate::jobs::{Done, Failed, Job};
use crate::people::stored;

/// How often conflicts are settled and ours sent again in one go.
const ROUNDS: usize = 4;

/// The handler of `edit` jobs. What the CRM refuses, and what failed for the last time, is told to the edit's author.
pub async fn job(app: Arc<App>, job: Job) -> Result<Done, Failed> {
    let edit: EditJob = serde_json::from_str(&job.payload).map_err(Error::from)?;
    let result = push(&app, &edit).await;
    ended(&app, &job, &edit, result).await
}

/// As [`job`], by a connector at hand.
pub async fn job_with(
    app: Arc<App>,
    job: Job,
    connection: ConnectionId,
    connector: &dyn Connector,
) -> Result<Done, Failed> {
    let edit: EditJob = serde_json::from_str(&job.payload).map_err(Error::from)?;
    let result = push_with(&app, connection, &edit, connector).await;
    ended(&app, &job, &edit, result).await
}

async fn ended(app: &Arc<App>, job: &Job, edit: &EditJob, result: Result<(), Error>) -> Result<Done, Failed> {
    app.live.wake();
    let error = match result {
        Ok(()) => return Ok(None),
        Err(Error::Crm(error)) => error,
        Err(error) => return Err(error.into()),
    };
    // A garbled answer may come whole the next time.
    let may_pass = error.is_transient() || matches!(error, outlay_connect::Error::Broken(_));
    let failed = Failed::from(Error::Crm(error.clone()));
    let last = !may_pass || job.is_last(&failed);
    told(app, &edit.id, &error, last).await?;
    app.live.wake();
    if last { Ok(Some(error.to_string())) } else { Err(failed) }
}

async fn push(app: &Arc<App>, edit: &EditJob) -> Result<(), Error> {
    let mut sql = app.db.read();
    let waiting = store::pending(&mut sql, &edit.id).await?;
    let Some(first) = waiting.first() else { return Ok(()) };
    let connection = Connection::load(&mut sql, stored(&first.connection_id)?).await?;
    let connector = connection.connector(app)?;
    let pushed = push_with(app, connection.id, edit, connector.as_ref()).await;
    usage::note(app, connection.id, connector.as_ref()).await;
    pushed
}

/// Sends what waits for a record, by a connector at hand, until nothing waits or a person must decide.
pub async fn push_with(
    app: &Arc<App>,
    connection: ConnectionId,
    edit: &EditJob,
    connector: &dyn Connector,
) -> Result<(), Error> {
    let object: Object = edit.object.parse().map_err(|_| Error::NotFound("record"))?;
    for _ in 0..ROUNDS {
        let edits = Arc::new(begin(app, &edit.id).await?);
        let Some(newest) = edits.last() else { return Ok(()) };
        let external_id = external_id(&mut app.db.read(), object, &edit.id).await?;
        let write = Write::Fields {
            target: Target {
                object,
                external_id: external_id.clone(),
            },
            changes: edits.iter().map(change).collect(),
        };
        let written = match connector.push(&write, &format!("edit:{}", newest.id)).await {
            Ok(written) => Arc::new(written),
            Err(outlay_connect::Error::Refused { .. }) if edits.len() > 1 => {
                one_by_one(app, connector, write.target(), &edits).await?;
                app.live.wake();
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        note(app, edits.clone(), written.clone()).await?;
        app.live.wake();
        // What the CRM made of it, with all that follows from it here; a pull brings it later if this fails.
        let ids = std::slice::from_ref(&external_id);
        let read = hooks::read(app, connection, connector, object, ids).await;
        if written.conflicts.is_empty() {
            if let Err(error) = read {
                tracing::warn!(%error, "an edit was written and not read back");
            }
            continue;
        }
        read?;
        unsettled(app, edits, written).await?;
    }
    // The CRM changes as fast as we write: later.
    Err(outlay_connect::Error::Retry { after: None }.into())
}

fn change(edit: &Edit) -> FieldChange {
    FieldChange {
        field: edit.field.clone(),
        before: edit.was.clone(),
        after: edit.value.clone(),
    }
}

/// Sends fields each for itself: a value that the CRM refuses keeps no other from being written. Conflicts go on waiting.
async fn one_by_one(app: &Arc<App>, connector: &dyn Connector, target: &Target, edits: &[Edit]) -> Result<(), Error> {
    for edit in edits {
        let write = Write::Fields {
            target: target.clone(),
            changes: vec![change(edit)],
        };
        match connector.push(&write, &format!("edit:{}", edit.id)).await {
            Ok(written) => note(app, Arc::new(vec![edit.clone()]), Arc::new(written)).await?,
            Err(outlay_connect::Error::Refused { text, .. }) => refused(app, &edit.id, text).await?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn refused(app: &App, edit: &str, text: String) -> Result<(), Error> {
    let edit = edit.to_owned();
    app.db
        .write(move |sql| {
            let (edit, text) = (edit.clone(), text.clone());
            Box::pin(async move { store::end(sql, &edit, "failed", Some("refused"), Some(&text)).await })
        })
        .await
}

/// What waits, noted as sent before it is, so that it is known again even if the answer is lost.
async fn begin(app: &App, record: &str) -> Result<Vec<Edit>, Error> {
    let record = record.to_owned();
    app.db
        .write(move |sql| {
            let record = record.clone();
            Box::pin(async move {
                let edits = store::pending(sql, &record).await?;
                for edit in &edits {
                    sql.run(
                        "UPDATE record_edit SET tried_at = COALESCE(tried_at, $1) WHERE id = $2",
                        args![now().as_microsecond(), &edit.id],
                    )
                    .await?;
                }
                Ok(edits)
            })
        })
        .await
}

async fn external_id(sql: &mut Sql, object: Object, id: &str) -> Result<String, Error> {
    let text = format!("SELECT external_id FROM {} WHERE id = $1", table(object));
    let rows: Vec<(String,)> = sql.all_built(text, args![id]).await?;
    let (external_id,) = rows.into_iter().next().ok_or(Error::NotFound(object.as_str()))?;
    Ok(external_id)
}

/// Those that were written are; one that was replaced meanwhile was written all the same.
async fn note(app: &App, edits: Arc<Vec<Edit>>, written: Arc<Written>) -> Result<(), Error> {
    app.db
        .write(move |sql| {
            let (edits, written) = (edits.clone(), written.clone());
            Box::pin(async move {
                for edit in edits.iter() {
                    if written.conflicts.iter().any(|c| c.field == edit.field) {
                        continue;
                    }
                    sql.run(
                        "UPDATE record_edit SET state = 'written', reason = NULL, said = NULL, settled_at = $1, revision = $2 \
                         WHERE id = $3 AND (state = 'pending' OR reason = 'superseded')",
                        args![now().as_microsecond(), written.revision.as_deref(), &edit.id],
                    )
                    .await?;
                }
                Ok(())
            })
        })
        .await
}

/// Conflicts that reading the record did not settle: the CRM speaks of a value that the rules read otherwise, so sending
/// it once more would change nothing.
async fn unsettled(app: &App, edits: Arc<Vec<Edit>>, written: Arc<Written>) -> Result<(), Error> {
    app.db
        .write(move |sql| {
            let (edits, written) = (edits.clone(), written.clone());
            Box::pin(async move {
                for edit in edits.iter() {
                    let theirs = written.conflicts.iter().find(|c| c.field == edit.field);
                    let is = store::load(sql, &edit.id).await?;
                    if let Some(conflict) = theirs
                        && is.state == "pending"
                        && is.was == edit.was
                    {
                        settle::show(sql, edit, &conflict.theirs, now()).await?;
                        store::end(sql, &edit.id, "failed", Some("closed"), None).await?;
                    }
                }
                Ok(())
            })
        })
        .await
}

/// Notes at the edits of a record why they are not written yet, or never will be.
async fn told(app: &App, record: &str, error: &outlay_connect::Error, last: bool) -> Result<(), Error> {
    use outlay_connect::Error as Crm;
    let (code, said) = match error {
        Crm::Retry { .. } => ("busy", None),
        Crm::Unreachable(_) => ("unreachable", None),
        Crm::Failed { .. } => ("broke", None),
        Crm::Auth(_) => ("key", None),
        Crm::Gone { .. } => ("gone", None),
        Crm::Refused { text, .. } => ("refused", Some(text.clone())),
        other => ("setup", Some(other.to_string())),
    };
    let record = record.to_owned();
    app.db
        .write(move |sql| {
            let (record, said) = (record.clone(), said.clone());
            Box::pin(async move {
                for edit in store::pending(sql, &record).await? {
                    if last {
                        store::end(sql, &edit.id, "failed", Some(code), said.as_deref()).await?;
                    } else {
                        sql.run(
                            "UPDATE record_edit SET reason = $1 WHERE id = $2",
                            args![code, &edit.id],
                        )
                        .await?;
                    }
                }
                Ok(())
            })
        })
        .await
}
