//! Reading a CRM page by page. A page, its cursor and what follows from it are one transaction, so a pull may be
//! killed at any time and goes on where the last page ended.

use std::sync::Arc;
use std::time::Duration;

use outlay_connect::{Connector, Object, Page};
use outlay_core::ids::ConnectionId;
use serde::Serialize;
use serde_json::Value as Json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::connection::Connection;
use super::{dead, first, reconcile, usage};
use crate::app::App;
use crate::args;
use crate::clock::now;
use crate::crm::store::{self, Change, Reading};
use crate::db::Sql;
use crate::error::Error;
use crate::jobs::lease;

/// Records in a page: large enough to be fast, small enough not to keep others from writing.
const PAGE: usize = 500;

/// What a pull did.
#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
pub struct PullReport {
    /// The connection's id.
    pub connection: String,
    /// What became of each kind of record.
    pub objects: Vec<ObjectReport>,
    /// Records that came.
    pub seen: i64,
    /// Those that were new or differed.
    pub changed: i64,
    /// Those that could not be taken; they are kept with the reason.
    pub refused: i64,
    /// Drafts that they began.
    pub drafted: i64,
    /// Why it ended early.
    pub error: Option<String>,
}

/// What became of one kind of record.
#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
pub struct ObjectReport {
    /// Which, such as `deal`.
    pub object: String,
    /// Pages read.
    pub pages: i64,
    /// Records that came.
    pub seen: i64,
    /// Those that were new or differed.
    pub changed: i64,
    /// Those that could not be taken.
    pub refused: i64,
    /// Drafts that they began.
    pub drafted: i64,
}

/// Pulls all that changed in the CRM behind `connection`. An error of the CRM ends the pull and stands in the report;
/// what came before it is kept. [`Error::Conflict`] if it is being pulled already.
pub async fn pull(app: &Arc<App>, connection: ConnectionId) -> Result<PullReport, Error> {
    pull_until(app, connection, std::future::pending()).await
}

/// As [`pull`]; it ends between two pages once `stop` is there, and goes on from there the next time.
async fn pull_until(
    app: &Arc<App>,
    connection: ConnectionId,
    stop: impl Future<Output = ()>,
) -> Result<PullReport, Error> {
    let connection = Connection::load(&mut app.db.read(), connection).await?;
    let connector = connection.connector(app)?;
    go(app, connection.id, connector.as_ref(), stop).await
}

/// As [`pull`], by a connector at hand.
pub async fn pull_with(
    app: &Arc<App>,
    connection: ConnectionId,
    connector: &dyn Connector,
) -> Result<PullReport, Error> {
    go(app, connection, connector, std::future::pending()).await
}

async fn go(
    app: &Arc<App>,
    connection: ConnectionId,
    connector: &dyn Connector,
    stop: impl Future<Output = ()>,
) -> Result<PullReport, Error> {
    let run = Run {
        id: Uuid::now_v7().to_string(),
        connection,
    };
    run.begin(app).await?;
    usage::recall(app, connection, connector).await?;
    let mut report = PullReport {
        connection: connection.to_string(),
        ..PullReport::default()
    };
    // A page that is being written when the stop comes is written all the same, with its cursor.
    let result = tokio::select! {
        result = all(app, &run, connector, &mut report) => Some(result),
        () = stop => None,
    };
    report.error = match &result {
        Some(result) => result.as_ref().err().map(ToString::to_string),
        None => Some("interrupted".into()),
    };
    run.end(app, report.error.clone()).await?;
    usage::note(app, connection, connector).await;
    app.live.wake();
    match result {
        None | Some(Ok(()) | Err(Error::Crm(_))) => Ok(report),
        Some(Err(error)) => Err(error),
    }
}

/// Each kind of record in turn. What the CRM refuses for one of them keeps no other waiting, and is told at the end; a key
/// that it does not take is shown to it once.
async fn all(app: &Arc<App>, run: &Run, connector: &dyn Connector, report: &mut PullReport) -> Result<(), Error> {
    let can = connector.capabilities();
    let size = PAGE.min(can.max_page);
    let mut refused = None;
    first::count(app, run.connection, connector).await?;
    for object in can.objects.iter().map(|o| o.object) {
        report.objects.push(ObjectReport {
            object: object.as_str().to_owned(),
            ..ObjectReport::default()
        });
        match one(app, run, connector, object, size, report).await {
            Err(Error::Crm(error)) if !error.is_transient() && !matches!(error, outlay_connect::Error::Auth(_)) => {
                refused = refused.or(Some(error));
            }
            done => done?,
        }
    }
    refused.map_or(Ok(()), |error| Err(error.into()))
}

async fn one(
    app: &Arc<App>,
    run: &Run,
    connector: &dyn Connector,
    object: Object,
    size: usize,
    report: &mut PullReport,
) -> Result<(), Error> {
    let mut cursor = cursor(&mut app.db.read(), run.connection, object).await?;
    let mut fetched = Some(connector.pull(object, cursor.as_ref(), size).await);
    while let Some(page) = fetched {
        let page = page?;
        if !page.done && cursor.as_ref() == Some(&page.next) {
            let text = format!("reading {object} does not advance");
            return Err(outlay_connect::Error::Cursor(text).into());
        }
        let (next, done) = (page.next.clone(), page.done);
        // The next page is fetched while this one is stored; the stored cursor moves with what is stored.
        let ahead = async {
            match done {
                true => None,
                false => Some(connector.pull(object, Some(&next), size).await),
            }
        };
        let (took, ahead) = tokio::join!(run.take(app, connector, object, cursor, page), ahead);
        let took = took?;
        if took.drafted > 0 {
            app.live.wake();
        }
        report.add(&took);
        (cursor, fetched) = (Some(next), ahead);
    }
    Ok(())
}

impl PullReport {
    fn add(&mut self, took: &ObjectReport) {
        self.seen += took.seen;
        self.changed += took.changed;
        self.refused += took.refused;
        self.drafted += took.drafted;
        if let Some(object) = self.objects.last_mut() {
            object.pages += 1;
            object.seen += took.seen;
            object.changed += took.changed;
            object.refused += took.refused;
            object.drafted += took.drafted;
        }
    }
}

async fn cursor(sql: &mut Sql, connection: ConnectionId, object: Object) -> Result<Option<Json>, Error> {
    let row: Option<(String,)> = sql
        .maybe(
            "SELECT position FROM sync_cursor WHERE connection_id = $1 AND object = $2",
            args![connection, object.as_str()],
        )
        .await?;
    Ok(row.map(|(position,)| serde_json::from_str(&position)).transpose()?)
}

struct Run {
    id: String,
    connection: ConnectionId,
}

impl Run {
    fn lease(&self) -> String {
        format!("pull:{}", self.connection)
    }

    async fn begin(&self, app: &App) -> Result<(), Error> {
        let (id, lease, connection) = (self.id.clone(), self.lease(), self.connection);
        app.db
            .write(move |sql| {
                let (id, lease) = (id.clone(), lease.clone());
                Box::pin(async move {
                    let at = now().as_microsecond();
                    lease::take(sql, &lease, &id).await?;
                    // Whatever ran before died without an end.
                    sql.run(
                        "UPDATE sync_run SET ended_at = $1, error = 'interrupted' WHERE connection_id = $2 AND ended_at IS NULL",
                        args![at, connection],
                    )
                    .await?;
                    sql.run(
                        "INSERT INTO sync_run (id, connection_id, started_at, seen, changed, refused) VALUES ($1, $2, $3, 0, 0, 0)",
                        args![&id, connection, at],
                    )
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// One page with its cursor and its drafts. If another pull moved the cursor meanwhile, nothing is written.
    async fn take(
        &self,
        app: &Arc<App>,
        connector: &dyn Connector,
        object: Object,
        before: Option<Json>,
        page: Page,
    ) -> Result<ObjectReport, Error> {
        let asked = usage::taken(connector);
        let (app_in, id, lease, connection) = (app.clone(), self.id.clone(), self.lease(), self.connection);
        let page = Arc::new(page);
        app.db
            .write(move |sql| {
                let (app, id, lease, before, page) =
                    (app_in.clone(), id.clone(), lease.clone(), before.clone(), page.clone());
                Box::pin(async move {
                    let mut took = ObjectReport {
                        seen: count(page.records.len() + page.rejected.len() + page.gone.len()),
                        refused: count(page.rejected.len()),
                        ..ObjectReport::default()
                    };
                    move_cursor(sql, connection, object, before.as_ref(), &page).await?;
                    for applied in store::apply_all(sql, &app, Some(connection), &page.records, Reading::First).await? {
                        took.changed += i64::from(applied.change != Change::Same);
                        took.drafted += i64::from(applied.drafted.is_some());
                    }
                    for id in &page.gone {
                        store::archive(sql, connection, object, id).await?;
                        dead::remove(sql, connection, object, id).await?;
                    }
                    dead::forget(sql, connection, &page.records).await?;
                    for rejected in &page.rejected {
                        dead::keep(sql, connection, rejected).await?;
                    }
                    rate(sql, connection, object, &took).await?;
                    usage::add(sql, connection, asked).await?;
                    first::advance(sql, connection, object, took.seen, page.done).await?;
                    sql.run(
                        "UPDATE sync_run SET seen = seen + $1, changed = changed + $2, refused = refused + $3 WHERE id = $4",
                        args![took.seen, took.changed, took.refused, &id],
                    )
                    .await?;
                    lease::hold(sql, &lease, &id).await?;
                    Ok(took)
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
                        "UPDATE sync_run SET ended_at = $1, error = $2 WHERE id = $3",
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
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

async fn move_cursor(
    sql: &mut Sql,
    connection: ConnectionId,
    object: Object,
    before: Option<&Json>,
    page: &Page,
) -> Result<(), Error> {
    if cursor(sql, connection, object).await?.as_ref() != before {
        return Err(Error::Conflict);
    }
    let at = now().as_microsecond();
    sql.run(
        "INSERT INTO sync_cursor (connection_id, object, position, moved_at, whole_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (connection_id, object) DO UPDATE SET position = excluded.position, moved_at = excluded.moved_at, \
         whole_at = COALESCE(excluded.whole_at, sync_cursor.whole_at)",
        args![
            connection,
            object.as_str(),
            page.next.to_string(),
            at,
            page.done.then_some(at)
        ],
    )
    .await?;
    Ok(())
}

/// Counts what came in this minute; what is older than a week is forgotten.
pub(super) async fn rate(
    sql: &mut Sql,
    connection: ConnectionId,
    object: Object,
    took: &ObjectReport,
) -> Result<(), Error> {
    let minute = now().as_microsecond() / 60_000_000;
    if took.seen == 0 {
        return Ok(());
    }
    sql.run(
        "INSERT INTO sync_rate (connection_id, object, minute, seen) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (connection_id, object, minute) DO UPDATE SET seen = sync_rate.seen + excluded.seen",
        args![connection, object.as_str(), minute, took.seen],
    )
    .await?;
    sql.run(
        "DELETE FROM sync_rate WHERE connection_id = $1 AND object = $2 AND minute < $3",
        args![connection, object.as_str(), minute - 7 * 24 * 60],
    )
    .await?;
    Ok(())
}

/// Pulls every connection that is not paused each `pull_every_s` seconds, until `stop`. Several processes may do so:
/// a lease lets one of them pull a connection at a time. Each connection goes for itself: a slow CRM keeps no other waiting.
pub async fn keep_pulling(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let every = Duration::from_secs(app.config.pull_every_s.max(1));
    let mut turns = JoinSet::new();
    while !*stop.borrow() {
        if let Err(error) = round(&app, every, &mut turns, &stop).await {
            tracing::error!(%error, "pulling");
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            _ = stop.changed() => {}
        }
        while turns.try_join_next().is_some() {}
    }
    turns.join_all().await;
}

/// Begins the turns of those connections that are due.
async fn round(
    app: &Arc<App>,
    every: Duration,
    turns: &mut JoinSet<()>,
    stop: &watch::Receiver<bool>,
) -> Result<(), Error> {
    let due = now().as_microsecond() - i64::try_from(every.as_micros()).unwrap_or(0) / 2;
    let mut sql = app.db.read();
    for connection in Connection::all(&mut sql).await?.into_iter().filter(|c| !c.paused) {
        let (last,): (Option<i64>,) = sql
            .one(
                "SELECT MAX(started_at) FROM sync_run WHERE connection_id = $1",
                args![connection.id],
            )
            .await?;
        if last.is_none_or(|at| at <= due) {
            turns.spawn(turn(app.clone(), connection, stop.clone()));
        }
    }
    Ok(())
}

/// Pulls one connection, and compares it whole where that is due. What fails is logged: a later round tries again.
async fn turn(app: Arc<App>, connection: Connection, mut stop: watch::Receiver<bool>) {
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    match pull_until(&app, connection.id, stopped).await {
        Ok(PullReport { error: Some(error), .. }) => tracing::warn!(error, connection = connection.name, "pull"),
        Ok(report) => tracing::debug!(seen = report.seen, changed = report.changed, "pulled"),
        // It is being pulled already.
        Err(Error::Conflict) => return,
        Err(error) => tracing::error!(%error, connection = connection.name, "pull"),
    }
    match reconcile::is_due(&mut app.db.read(), connection.id).await {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => return tracing::error!(%error, connection = connection.name, "reconcile"),
    }
    match reconcile::reconcile(&app, connection.id).await {
        Ok(report) if report.error.is_none() => tracing::debug!(waiting = report.waiting, "reconciled"),
        Ok(report) => tracing::warn!(error = report.error, connection = connection.name, "reconcile"),
        Err(Error::Conflict) => {}
        Err(error) => tracing::error!(%error, connection = connection.name, "reconcile"),
    }
}
