//! Comparing all that a CRM holds with what is stored, by id and revision: what lacks or differs is read again, what is gone
//! is archived here, unless that would be suspiciously much: then a person decides.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use outlay_connect::{Connector, Fetched, Mark, Object};
use outlay_core::ids::ConnectionId;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::connection::Connection;
use super::{dead, usage};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::clock::now;
use crate::crm::store::{self, Reading, table};
use crate::db::{Sql, Value, dialect};
use crate::error::Error;

/// Records listed in a page.
const PAGE: usize = 500;
/// Records read anew at once.
const AT_ONCE: usize = 100;

/// What a reconcile did.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct ReconcileReport {
    /// The connection's id.
    pub connection: String,
    /// Each kind of record.
    pub objects: Vec<Compared>,
    /// Records gone from the CRM that wait for a person.
    pub waiting: i64,
    /// Why it ended early.
    pub error: Option<String>,
}

/// What it found of one kind of record.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Compared {
    /// Which, such as `deal`.
    pub object: String,
    /// Those that are the same on both sides.
    pub equal: i64,
    /// Those that lacked here.
    pub missing: i64,
    /// Those that are here and gone from the CRM.
    pub extra: i64,
    /// Those that were of another revision here.
    pub differing: i64,
}

/// Compares and mends. An error of the CRM ends it and stands in the report. [`Error::Conflict`] if it is under way.
pub async fn reconcile(app: &Arc<App>, connection: ConnectionId) -> Result<ReconcileReport, Error> {
    let connection = Connection::load(&mut app.db.read(), connection).await?;
    let connector = connection.connector(app)?;
    reconcile_with(app, connection.id, connector.as_ref()).await
}

/// As [`reconcile`], by a connector at hand.
pub async fn reconcile_with(
    app: &Arc<App>,
    connection: ConnectionId,
    connector: &dyn Connector,
) -> Result<ReconcileReport, Error> {
    let run = Run {
        id: Uuid::now_v7().to_string(),
        connection,
    };
    run.begin(app).await?;
    let mut report = ReconcileReport {
        connection: connection.to_string(),
        ..ReconcileReport::default()
    };
    let result = run.all(app, connector, &mut report).await;
    report.error = result.as_ref().err().map(ToString::to_string);
    run.end(app, report.error.clone()).await?;
    usage::note(app, connection, connector).await;
    app.live.wake();
    match result {
        Ok(()) | Err(Error::Crm(_)) => Ok(report),
        Err(error) => Err(error),
    }
}

/// Whether the last one is a day old, or was never made of a connection that was read before.
pub async fn is_due(sql: &mut Sql, connection: ConnectionId) -> Result<bool, Error> {
    let (last, read): (Option<i64>, Option<i64>) = sql
        .one(
            "SELECT (SELECT MAX(started_at) FROM reconcile_run WHERE connection_id = $1), \
             (SELECT MIN(started_at) FROM sync_run WHERE connection_id = $1)",
            args![connection],
        )
        .await?;
    let day = 24 * 3600 * 1_000_000;
    Ok(last.or(read).is_some_and(|at| at + day < now().as_microsecond()))
}

struct Run {
    id: String,
    connection: ConnectionId,
}

/// What lacks, differs or is gone.
#[derive(Default)]
struct Found {
    equal: usize,
    missing: Vec<String>,
    differing: Vec<String>,
    extra: Vec<String>,
    /// Living records stored before.
    stored: usize,
}

impl Run {
    fn lease(&self) -> String {
        format!("reconcile:{}", self.connection)
    }

    async fn begin(&self, app: &App) -> Result<(), Error> {
        let (id, lease, connection) = (self.id.clone(), self.lease(), self.connection);
        app.db
            .write(move |sql| {
                let (id, lease) = (id.clone(), lease.clone());
                Box::pin(async move {
                    let at = now().as_microsecond();
                    crate::jobs::lease::take(sql, &lease, &id).await?;
                    sql.run(
                        "DELETE FROM reconcile_difference WHERE run_id IN (SELECT id FROM reconcile_run WHERE connection_id = $1)",
                        args![connection],
                    )
                    .await?;
                    sql.run(
                        "DELETE FROM reconcile_object WHERE run_id IN (SELECT id FROM reconcile_run WHERE connection_id = $1)",
                        args![connection],
                    )
                    .await?;
                    sql.run("DELETE FROM reconcile_run WHERE connection_id = $1", args![connection])
                        .await?;
                    sql.run(
                        "INSERT INTO reconcile_run (id, connection_id, started_at) VALUES ($1, $2, $3)",
                        args![&id, connection, at],
                    )
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    async fn end(&self, app: &App, error: Option<String>) -> Result<(), Error> {
        let (id, lease) = (self.id.clone(), self.lease());
        app.db
            .write(move |sql| {
                let (id, lease, error) = (id.clone(), lease.clone(), error.clone());
                Box::pin(async move {
                    sql.run(
                        "UPDATE reconcile_run SET ended_at = $1, error = $2 WHERE id = $3",
                        args![now().as_microsecond(), error, &id],
                    )
                    .await?;
                    sql.run("DELETE FROM lease WHERE name = $1 AND holder = $2", args![lease, id])
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Holds the lease, which a slow CRM outlasts.
    async fn hold(&self, app: &App) -> Result<(), Error> {
        let (id, lease) = (self.id.clone(), self.lease());
        app.db
            .write(move |sql| {
                let (id, lease) = (id.clone(), lease.clone());
                Box::pin(async move { crate::jobs::lease::hold(sql, &lease, &id).await })
            })
            .await
    }

    /// Each kind of record; what the CRM refuses for one of them does not keep the others waiting, and is told at the end.
    async fn all(&self, app: &Arc<App>, connector: &dyn Connector, report: &mut ReconcileReport) -> Result<(), Error> {
        let mut refused = None;
        for object in connector.capabilities().objects.iter().map(|o| o.object) {
            match self.one(app, connector, object, report).await {
                Err(Error::Crm(error)) if !error.is_transient() => refused = refused.or(Some(error)),
                other => other?,
            }
        }
        refused.map_or(Ok(()), |error| Err(error.into()))
    }

    async fn one(
        &self,
        app: &Arc<App>,
        connector: &dyn Connector,
        object: Object,
        report: &mut ReconcileReport,
    ) -> Result<(), Error> {
        let found = self.compare(app, connector, object).await?;
        let compared = Compared {
            object: object.as_str().to_owned(),
            equal: count(found.equal),
            missing: count(found.missing.len()),
            extra: count(found.extra.len()),
            differing: count(found.differing.len()),
        };
        self.note(app, &compared, &found).await?;
        report.objects.push(compared);
        for what in ["missing", "differing"] {
            let ids = if what == "missing" {
                &found.missing
            } else {
                &found.differing
            };
            for some in ids.chunks(AT_ONCE) {
                self.hold(app).await?;
                let fresh = connector.fetch(object, some).await?;
                self.take(app, object, fresh).await?;
            }
        }
        let connection = Connection::load(&mut app.db.read(), self.connection).await?;
        if found.extra.len() * 100 <= found.stored * connection.place.unasked_percent() {
            for some in found.extra.chunks(AT_ONCE) {
                archive_some(app, self.connection, object, some.to_vec()).await?;
            }
        } else {
            report.waiting += count(found.extra.len());
        }
        Ok(())
    }

    async fn compare(&self, app: &App, connector: &dyn Connector, object: Object) -> Result<Found, Error> {
        let mut found = Found::default();
        let mut seen: HashSet<String> = HashSet::new();
        let mut after: Option<Json> = None;
        loop {
            self.hold(app).await?;
            let page = connector.scan(object, after.as_ref(), PAGE).await?;
            if !page.done && after.as_ref() == Some(&page.next) {
                let text = format!("listing {object} does not advance");
                return Err(outlay_connect::Error::Cursor(text).into());
            }
            let stored = stored(&mut app.db.read(), self.connection, object, &page.marks).await?;
            for mark in page.marks {
                let (id, revision) = (mark.external_id, mark.revision);
                if !seen.insert(id.clone()) {
                    continue;
                }
                match stored.get(&id) {
                    Some((theirs, false)) if *theirs == revision => found.equal += 1,
                    Some(_) => found.differing.push(id),
                    None => found.missing.push(id),
                }
            }
            after = Some(page.next);
            if page.done {
                break;
            }
        }
        let living = living(&mut app.db.read(), self.connection, object).await?;
        found.stored = living.len();
        let unseen: Vec<String> = living.into_iter().filter(|id| !seen.contains(id)).collect();
        // One that was made while the list was read is there all the same: only the CRM's word makes it gone.
        for some in unseen.chunks(AT_ONCE) {
            self.hold(app).await?;
            found.extra.extend(connector.fetch(object, some).await?.gone);
        }
        Ok(found)
    }

    async fn note(&self, app: &App, compared: &Compared, found: &Found) -> Result<(), Error> {
        let lists = [
            ("missing", &found.missing),
            ("differing", &found.differing),
            ("extra", &found.extra),
        ];
        let rows: Vec<(&'static str, String)> = lists
            .into_iter()
            .flat_map(|(what, ids)| ids.iter().map(move |id| (what, id.clone())))
            .collect();
        let (run, compared, rows) = (self.id.clone(), Arc::new(compared.clone()), Arc::new(rows));
        app.db
            .write(move |sql| {
                let (run, compared, rows) = (run.clone(), compared.clone(), rows.clone());
                Box::pin(async move {
                    sql.run(
                        "INSERT INTO reconcile_object (run_id, object, equal, missing, extra, differing) VALUES ($1, $2, $3, $4, $5, $6)",
                        args![
                            &run,
                            &compared.object,
                            compared.equal,
                            compared.missing,
                            compared.extra,
                            compared.differing
                        ],
                    )
                    .await?;
                    for (what, id) in rows.iter() {
                        sql.run(
                            "INSERT INTO reconcile_difference (run_id, object, external_id, what, mended) VALUES ($1, $2, $3, $4, $5)",
                            args![&run, &compared.object, id, *what, false],
                        )
                        .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn take(&self, app: &Arc<App>, object: Object, fresh: Fetched) -> Result<(), Error> {
        let (shared, run, connection, fresh) = (app.clone(), self.id.clone(), self.connection, Arc::new(fresh));
        app.db
            .write(move |sql| {
                let (app, run, fresh) = (shared.clone(), run.clone(), fresh.clone());
                Box::pin(async move {
                    store::apply_all(sql, &app, Some(connection), &fresh.records, Reading::SetBack).await?;
                    dead::forget(sql, connection, &fresh.records).await?;
                    for record in &fresh.records {
                        mended(sql, &run, object, &record.external_id).await?;
                    }
                    for rejected in &fresh.rejected {
                        dead::keep(sql, connection, rejected).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

/// Revisions stored of `marks`, and whether each is archived here.
async fn stored(
    sql: &mut Sql,
    connection: ConnectionId,
    object: Object,
    marks: &[Mark],
) -> Result<HashMap<String, (String, bool)>, Error> {
    if marks.is_empty() {
        return Ok(HashMap::new());
    }
    let deleted = if object == Object::CrmUser { "$2" } else { "t.deleted" };
    let text = format!(
        "SELECT r.external_id, r.revision, {deleted} FROM crm_raw r JOIN {} t ON t.connection_id = r.connection_id AND \
         t.external_id = r.external_id WHERE r.connection_id = $1 AND $2 = $2 AND r.object = $3 AND r.external_id IN ({})",
        table(object),
        dialect::list(4, marks.len())
    );
    let mut values = args![connection, false, object.as_str()];
    values.extend(marks.iter().map(|m| Value::from(&m.external_id)));
    let rows: Vec<(String, String, bool)> = sql.all_built(text, values).await?;
    Ok(rows
        .into_iter()
        .map(|(id, revision, gone)| (id, (revision, gone)))
        .collect())
}

async fn living(sql: &mut Sql, connection: ConnectionId, object: Object) -> Result<Vec<String>, Error> {
    let deleted = if object == Object::CrmUser {
        "$2 = $2"
    } else {
        "deleted = $2"
    };
    let text = format!(
        "SELECT external_id FROM {} WHERE connection_id = $1 AND {deleted} ORDER BY external_id",
        table(object)
    );
    let rows: Vec<(String,)> = sql.all_built(text, args![connection, false]).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

async fn mended(sql: &mut Sql, run: &str, object: Object, id: &str) -> Result<(), Error> {
    sql.run(
        "UPDATE reconcile_difference SET mended = $1 WHERE run_id = $2 AND object = $3 AND external_id = $4",
        args![true, run, object.as_str(), id],
    )
    .await?;
    Ok(())
}

/// Archives here what the last reconcile found gone and left to a person.
pub async fn archive(app: &Arc<App>, permit: Permit, connection: ConnectionId) -> Result<(), Error> {
    let rows: Vec<(String, String)> = app
        .db
        .read()
        .all(
            "SELECT d.object, d.external_id FROM reconcile_difference d JOIN reconcile_run r ON r.id = d.run_id \
             WHERE r.connection_id = $1 AND d.what = 'extra' AND d.mended = $2 ORDER BY d.object, d.external_id",
            args![connection, false],
        )
        .await?;
    for object in Object::ALL {
        let of = rows.iter().filter(|(o, _)| o == object.as_str());
        let ids: Vec<String> = of.map(|(_, id)| id.clone()).collect();
        for some in ids.chunks(AT_ONCE) {
            archive_some(app, connection, object, some.to_vec()).await?;
        }
    }
    let what = format!("archived {}", rows.len());
    app.db
        .write(move |sql| {
            let (permit, what) = (permit.clone(), what.clone());
            Box::pin(async move {
                let about = format!("connection:{connection}");
                audit::note(sql, permit.actor(), permit.action(), &about, &what).await
            })
        })
        .await?;
    app.live.wake();
    Ok(())
}

async fn archive_some(app: &Arc<App>, connection: ConnectionId, object: Object, ids: Vec<String>) -> Result<(), Error> {
    let ids = Arc::new(ids);
    app.db
        .write(move |sql| {
            let ids = ids.clone();
            Box::pin(async move {
                let runs: Vec<(String,)> = sql
                    .all(
                        "SELECT id FROM reconcile_run WHERE connection_id = $1",
                        args![connection],
                    )
                    .await?;
                for id in ids.iter() {
                    store::archive(sql, connection, object, id).await?;
                    for (run,) in &runs {
                        mended(sql, run, object, id).await?;
                    }
                }
                Ok(())
            })
        })
        .await
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
