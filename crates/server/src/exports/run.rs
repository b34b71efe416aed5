//! Writing an export. A run is begun with the next time in one transaction, so no time is done twice; one that a process left
//! unfinished is written again under the same names, so none is lost.

use std::sync::Arc;

use outlay_core::claim::Problem;
use outlay_core::words::Lang;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::plan::{self, Plan};
use crate::app::App;
use crate::args;
use crate::auth::Permit;
use crate::clock::{moment, now};
use crate::db::Sql;
use crate::error::Error;
use crate::folders::permit_of;
use crate::folders::root::{self, Root};
use crate::import::{self, Kind};
use crate::jobs::lease;

/// The wait after a time that failed, in microseconds.
const SOON: i64 = 15 * 60 * 1_000_000;

/// A file that a run wrote.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Written {
    /// What it holds.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Rows, without the header.
    pub rows: usize,
    /// Bytes.
    pub bytes: usize,
}

/// A run of an export.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// The time that it was for, in microseconds; none for one that somebody asked for.
    pub due_at: Option<i64>,
    /// When it began.
    pub started_at: i64,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// What it wrote.
    pub files: Vec<Written>,
    /// Why it ended early.
    pub problem: Option<Problem>,
}

type Row = (String, Option<i64>, i64, Option<i64>, String, Option<String>);

const COLUMNS: &str = "SELECT id, due_at, started_at, ended_at, files, problem FROM export_run WHERE plan_id = $1";

fn read(row: Row) -> Result<Run, Error> {
    let (id, due_at, started_at, ended_at, files, problem) = row;
    Ok(Run {
        id,
        due_at,
        started_at,
        ended_at,
        files: serde_json::from_str(&files)?,
        problem: problem.map(|text| serde_json::from_str(&text)).transpose()?,
    })
}

/// The last runs, newest first, at most `most`.
pub async fn last(sql: &mut Sql, plan: &str, most: usize) -> Result<Vec<Run>, Error> {
    let text = format!("{COLUMNS} ORDER BY started_at DESC, id DESC LIMIT $2");
    let rows: Vec<Row> = sql.all_built(text, args![plan, most]).await?;
    rows.into_iter().map(read).collect()
}

async fn unfinished(sql: &mut Sql, plan: &str) -> Result<Vec<Run>, Error> {
    let text = format!("{COLUMNS} AND ended_at IS NULL ORDER BY id");
    let rows: Vec<Row> = sql.all_built(text, args![plan]).await?;
    rows.into_iter().map(read).collect()
}

/// Writes all exports that are due, each once, however many of its times were missed; and those left unfinished.
pub async fn round(app: &Arc<App>) -> Result<(), Error> {
    let mut sql = app.db.read();
    for plan in Plan::all(&mut sql).await?.into_iter().filter(|plan| !plan.paused) {
        if plan.next_at > now().as_microsecond() && unfinished(&mut sql, &plan.id).await?.is_empty() {
            continue;
        }
        let done = lease::under(app, name(&plan.id), async {
            go_on(app, &plan.id).await?;
            match begin_due(app, &plan.id).await? {
                Some(run) => carry_out(app, &plan, run).await,
                None => Ok(()),
            }
        });
        match done.await {
            Ok(()) | Err(Error::Conflict | Error::NotFound(_)) => {}
            Err(error) => tracing::error!(%error, folder = plan.path, "scheduled export"),
        }
    }
    Ok(())
}

/// Writes an export now, beside its times. [`Error::Conflict`] if it is being written.
pub async fn run_now(app: &Arc<App>, id: &str) -> Result<(), Error> {
    let plan = Plan::load(&mut app.db.read(), id).await?;
    lease::under(app, name(id), async {
        go_on(app, id).await?;
        let run = new(None);
        begin(app, id, run.clone(), None).await?;
        carry_out(app, &plan, run).await
    })
    .await
}

fn name(id: &str) -> String {
    format!("export:{id}")
}

fn new(due_at: Option<i64>) -> Run {
    Run {
        id: Uuid::now_v7().to_string(),
        due_at,
        started_at: now().as_microsecond(),
        ended_at: None,
        files: Vec::new(),
        problem: None,
    }
}

async fn go_on(app: &Arc<App>, id: &str) -> Result<(), Error> {
    let plan = Plan::load(&mut app.db.read(), id).await?;
    for run in unfinished(&mut app.db.read(), id).await? {
        carry_out(app, &plan, run).await?;
    }
    Ok(())
}

/// The run for the time that is due, if one is.
async fn begin_due(app: &Arc<App>, id: &str) -> Result<Option<Run>, Error> {
    let mut sql = app.db.read();
    let plan = Plan::load(&mut sql, id).await?;
    if plan.paused || plan.next_at > now().as_microsecond() {
        return Ok(None);
    }
    let zone = plan.zone(app, &mut sql).await?;
    let next = plan.when.next(now(), plan.created_at, &zone).as_microsecond();
    let run = new(Some(plan.next_at));
    begin(app, id, run.clone(), Some((plan.next_at, next))).await?;
    Ok(Some(run))
}

/// `times` are the time that is due and the one after; [`Error::Conflict`] if another is due by now.
async fn begin(app: &App, id: &str, run: Run, times: Option<(i64, i64)>) -> Result<(), Error> {
    let id = id.to_owned();
    app.db
        .write(move |sql| {
            let (id, run) = (id.clone(), run.clone());
            Box::pin(async move {
                if let Some((due, next)) = times {
                    let moved = sql
                        .run(
                            "UPDATE export_plan SET next_at = $1 WHERE id = $2 AND next_at = $3",
                            args![next, &id, due],
                        )
                        .await?;
                    if moved == 0 {
                        return Err(Error::Conflict);
                    }
                }
                sql.run(
                    "INSERT INTO export_run (id, plan_id, due_at, started_at, files) VALUES ($1, $2, $3, $4, '[]')",
                    args![&run.id, &id, run.due_at, run.started_at],
                )
                .await?;
                Ok(())
            })
        })
        .await
}

/// Writes the files of a run. What goes wrong stands in the run and is no error.
async fn carry_out(app: &Arc<App>, plan: &Plan, mut run: Run) -> Result<(), Error> {
    let mut permit = Permit::system("export", plan.kinds[0].action().code());
    let written = write(app, plan, &mut run, &mut permit).await;
    run.problem = match written {
        Ok(()) => None,
        Err(Error::Invalid(mut problems)) if !problems.is_empty() => Some(problems.swap_remove(0)),
        Err(Error::Unauthenticated | Error::Forbidden(_)) => Some(Problem::new("path", "export-owner")),
        Err(Error::Broken(text)) => Some(Problem::new("path", "folder-io").with("text", text)),
        Err(error) => return Err(error),
    };
    end(app, plan, &run, permit).await?;
    // Rights come back by a person alone.
    let may_pass = run.problem.as_ref().is_some_and(|p| p.code != "export-owner");
    if may_pass && run.due_at.is_some() {
        sooner(app, &plan.id).await?;
    }
    Ok(())
}

/// After a time that failed the next try comes soon: what was wrong may be mended by then, and the table is waited for.
async fn sooner(app: &App, id: &str) -> Result<(), Error> {
    let (id, at) = (id.to_owned(), now().as_microsecond() + SOON);
    app.db
        .write(move |sql| {
            let id = id.clone();
            Box::pin(async move {
                sql.run(
                    "UPDATE export_plan SET next_at = $1 WHERE id = $2 AND next_at > $1",
                    args![at, id],
                )
                .await?;
                Ok(())
            })
        })
        .await
}

async fn write(app: &Arc<App>, plan: &Plan, run: &mut Run, permit: &mut Permit) -> Result<(), Error> {
    let mut sql = app.db.read();
    for kind in &plan.kinds {
        *permit = permit_of(app, &mut sql, plan.owner, kind.action()).await?;
    }
    let org = app.org(&mut sql).await?;
    let locale = org.employee(plan.owner).map_or("", |e| e.locale.as_str());
    let lang = Lang::parse(locale).unwrap_or_default();
    let zone = plan.zone(app, &mut sql).await?;
    // With the offset, for the hour that comes twice.
    let stamp = moment(run.started_at)
        .to_zoned_datetime(zone)
        .strftime("%Y%m%d-%H%M%S%z")
        .to_string();
    let (root, path) = (Root::of(app)?, plan.path.clone());
    let folder = root::waiting(move || root.folder(&path, false)).await?;
    for kind in &plan.kinds {
        let (bytes, rows) = import::export(&mut sql, *kind, plan.format, lang, false).await?;
        let written = Written {
            kind: *kind,
            name: format!("{}-{stamp}.{}", kind.code(), plan.format.ending()),
            rows,
            bytes: bytes.len(),
        };
        let (folder, name) = (folder.clone(), written.name.clone());
        root::waiting(move || Ok(root::write(&folder, &name, &bytes)?)).await?;
        run.files.push(written);
    }
    Ok(())
}

async fn end(app: &App, plan: &Plan, run: &Run, permit: Permit) -> Result<(), Error> {
    let rows: usize = run.files.iter().map(|f| f.rows).sum();
    let what = match run.problem {
        None => format!("exported {rows}"),
        Some(_) => "export failed".to_owned(),
    };
    let files = serde_json::to_string(&run.files)?;
    let problem = run.problem.as_ref().map(serde_json::to_string).transpose()?;
    let (plan, run) = (plan.id.clone(), run.id.clone());
    app.db
        .write(move |sql| {
            let values = args![now().as_microsecond(), &files, problem.clone(), &run];
            let (permit, plan, what) = (permit.clone(), plan.clone(), what.clone());
            Box::pin(async move {
                sql.run(
                    "UPDATE export_run SET ended_at = $1, files = $2, problem = $3 WHERE id = $4",
                    values,
                )
                .await?;
                plan::note(sql, &permit, &plan, &what).await
            })
        })
        .await?;
    app.live.wake();
    Ok(())
}
