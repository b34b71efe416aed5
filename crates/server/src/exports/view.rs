//! Scheduled exports for administrators, and what may be done with them.

use std::sync::Arc;

use jiff::Timestamp;
use outlay_core::org::Org;
use serde::Serialize;
use utoipa::ToSchema;

use super::plan::{self, NewExport, Plan};
use super::run::{self, Run, Written};
use super::when::When;
use crate::app::App;
use crate::auth::{Permit, Resource, Visitor};
use crate::clock::moment;
use crate::db::Sql;
use crate::error::Error;
use crate::folders::{self, may};
use crate::import::{Format, Kind};
use crate::shell::{W, field_words};

/// Runs that are shown.
const RUNS: usize = 20;

/// All scheduled exports.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScheduledExportsView {
    /// The folder that the operator allows; absent if none is set, and nothing can be written.
    pub root: Option<String>,
    /// Each, by its folder.
    pub exports: Vec<ScheduledExportView>,
}

/// A scheduled export.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScheduledExportView {
    /// Its id.
    pub id: String,
    /// Its folder below the root.
    pub path: String,
    /// What is written, each kind to a file.
    pub kinds: Vec<Kind>,
    /// In which form.
    pub format: Format,
    /// Every so many hours; absent for a daily one.
    pub every_hours: Option<u32>,
    /// Each day at this local time, `HH:MM`; absent for an hourly one.
    pub daily_at: Option<String>,
    /// The legal entity whose time zone counts.
    pub entity: String,
    /// Its code.
    pub entity_code: String,
    /// That zone.
    pub zone: String,
    /// Who set it up, and by whose rights it is written.
    pub owner: String,
    /// Whether it is left alone.
    pub paused: bool,
    /// When it is due, RFC 3339.
    pub next_at: String,
    /// The last runs, newest first; at most 20.
    pub runs: Vec<ScheduledExportRunView>,
}

/// A run of a scheduled export.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScheduledExportRunView {
    /// Its id.
    pub id: String,
    /// The time that it was for, RFC 3339; absent for one that somebody asked for.
    pub due_at: Option<String>,
    /// When it began.
    pub started_at: String,
    /// When it ended; absent while it runs.
    pub ended_at: Option<String>,
    /// What it wrote.
    pub files: Vec<Written>,
    /// Rows in all its files.
    pub rows: usize,
    /// Bytes of all its files.
    pub bytes: usize,
    /// Why it ended early, in the reader's language.
    pub problem: Option<String>,
}

impl ScheduledExportRunView {
    fn of(run: Run, w: W) -> ScheduledExportRunView {
        let at = |micros: i64| moment(micros).to_string();
        ScheduledExportRunView {
            id: run.id,
            due_at: run.due_at.map(at),
            started_at: at(run.started_at),
            ended_at: run.ended_at.map(at),
            rows: run.files.iter().map(|f| f.rows).sum(),
            bytes: run.files.iter().map(|f| f.bytes).sum(),
            files: run.files,
            problem: run.problem.map(|p| field_words(w, &p)),
        }
    }
}

/// All scheduled exports; `visitor` must have the right to keep them.
pub async fn all(app: &App, visitor: &Visitor, w: W) -> Result<ScheduledExportsView, Error> {
    may(app, visitor)?;
    let mut sql = app.db.read();
    let org = app.org(&mut sql).await?;
    let mut exports = Vec::new();
    for plan in Plan::all(&mut sql).await? {
        exports.push(view(&mut sql, &org, plan, w).await?);
    }
    Ok(ScheduledExportsView {
        root: folders::root_shown(app),
        exports,
    })
}

/// One scheduled export.
pub async fn one(app: &App, visitor: &Visitor, id: &str, w: W) -> Result<ScheduledExportView, Error> {
    may(app, visitor)?;
    let mut sql = app.db.read();
    let org = app.org(&mut sql).await?;
    let plan = Plan::load(&mut sql, id).await?;
    view(&mut sql, &org, plan, w).await
}

async fn view(sql: &mut Sql, org: &Org, plan: Plan, w: W) -> Result<ScheduledExportView, Error> {
    let runs = run::last(sql, &plan.id, RUNS).await?;
    let entity = org.entity(plan.entity);
    let (every_hours, daily_at) = match plan.when {
        When::EveryHours(hours) => (Some(hours), None),
        When::DailyAt(time) => (None, Some(time.strftime("%H:%M").to_string())),
    };
    Ok(ScheduledExportView {
        id: plan.id,
        path: plan.path,
        kinds: plan.kinds,
        format: plan.format,
        every_hours,
        daily_at,
        entity: entity.map(|e| e.name.clone()).unwrap_or_default(),
        entity_code: entity.map(|e| e.code.clone()).unwrap_or_default(),
        zone: entity.map_or_else(|| "UTC".to_owned(), |e| e.zone.clone()),
        owner: org.employee(plan.owner).map(|e| e.name.clone()).unwrap_or_default(),
        paused: plan.paused,
        next_at: moment(plan.next_at).to_string(),
        runs: runs.into_iter().map(|run| ScheduledExportRunView::of(run, w)).collect(),
    })
}

impl ScheduledExportView {
    /// A moment of it as its zone has it: `11-21 18:42`.
    pub fn local(&self, w: &W, at: &str) -> String {
        let at: Option<Timestamp> = at.parse().ok();
        at.map_or_else(String::new, |at| crate::shell::short_moment(*w, at, &self.zone))
    }
}

/// Asks for the right to keep exports, and to each of `kinds`; the last permit.
fn permit(app: &App, visitor: &Visitor, kinds: &[Kind]) -> Result<Permit, Error> {
    let mut permit = may(app, visitor)?;
    for kind in kinds {
        permit = visitor.permit(app, kind.action(), &Resource::Outlay)?;
    }
    Ok(permit)
}

/// Sets up an export; its id. Whoever does must have the right to each kind.
pub async fn create(app: &Arc<App>, visitor: &Visitor, new: NewExport) -> Result<String, Error> {
    let permit = permit(app, visitor, &new.kinds)?;
    plan::save(app, permit, new).await
}

/// Gives an export other settings. Whoever does must have the right to each kind, those it had included.
pub async fn change(app: &Arc<App>, visitor: &Visitor, id: String, new: NewExport) -> Result<(), Error> {
    may_run(app, visitor, &id).await?;
    let permit = permit(app, visitor, &new.kinds)?;
    plan::change(app, permit, id, new).await
}

/// Checks that an export is there, and that `visitor` may have it written.
pub async fn may_run(app: &App, visitor: &Visitor, id: &str) -> Result<(), Error> {
    may(app, visitor)?;
    let plan = Plan::load(&mut app.db.read(), id).await?;
    permit(app, visitor, &plan.kinds)?;
    Ok(())
}
