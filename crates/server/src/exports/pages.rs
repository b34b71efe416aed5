//! /settings/exports: the scheduled exports, and one of them.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use axum::{Form, Router};

use super::plan::{self, NewExport};
use super::run;
use super::view::{self, ScheduledExportRunView, ScheduledExportView, ScheduledExportsView};
use crate::app::App;
use crate::auth::Visitor;
use crate::db::Sql;
use crate::error::Error;
use crate::folders::{TablesTabs, may, root_shown};
use crate::import::{self, Format, Kind};
use crate::shell::{self, Frame, SettingsNav};

/// The pages' routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/exports", get(list).post(create))
        .route("/settings/exports/{id}", get(one).post(change))
        .route("/settings/exports/{id}/run", post(run_now))
        .route("/settings/exports/{id}/pause", post(pause))
        .route("/settings/exports/{id}/resume", post(resume))
        .route("/settings/exports/{id}/remove", post(remove))
}

#[derive(Template)]
#[template(path = "pages/settings-exports.html")]
struct ListPage {
    f: Frame,
    nav: SettingsNav,
    tabs: TablesTabs,
    form: ExportForm,
    v: ScheduledExportsView,
}

/// The settings of an export, to be filled in.
struct ExportForm {
    kinds: Vec<Kind>,
    formats: &'static [Format],
    /// Code, name and zone of each; the reader's own first.
    entities: Vec<(String, String, String)>,
    /// The folder that the operator allows; without one there is no form.
    root: Option<String>,
    /// Where it goes.
    action: String,
    /// What stands in it.
    held: NewExport,
}

impl ExportForm {
    async fn new(
        app: &App,
        sql: &mut Sql,
        visitor: &Visitor,
        root: Option<String>,
        v: Option<&ScheduledExportView>,
    ) -> Result<ExportForm, Error> {
        let org = app.org(sql).await?;
        let mut entities: Vec<_> = org
            .entities()
            .map(|e| (e.code.clone(), e.name.clone(), e.zone.clone()))
            .collect();
        entities.sort_by_key(|(code, _, zone)| (*zone != visitor.zone, code.clone()));
        let held = match v {
            Some(v) => NewExport {
                path: v.path.clone(),
                kinds: v.kinds.clone(),
                format: v.format,
                every_hours: v.every_hours,
                daily_at: v.daily_at.clone(),
                entity: Some(v.entity_code.clone()),
            },
            None => NewExport {
                path: String::new(),
                kinds: vec![Kind::Accounts, Kind::Deals],
                format: Format::ALL[0],
                every_hours: None,
                daily_at: Some("02:00".into()),
                entity: None,
            },
        };
        Ok(ExportForm {
            kinds: import::kinds(app, visitor),
            formats: Format::ALL,
            entities,
            root,
            action: v.map_or_else(|| "/settings/exports".into(), |v| format!("/settings/exports/{}", v.id)),
            held,
        })
    }

    fn has(&self, kind: &Kind) -> bool {
        self.held.kinds.contains(kind)
    }

    fn is_format(&self, format: &Format) -> bool {
        self.held.format == *format
    }

    fn is_entity(&self, code: &str) -> bool {
        self.held.entity.as_deref() == Some(code)
    }

    fn hours(&self) -> u32 {
        self.held.every_hours.unwrap_or(6)
    }

    fn time(&self) -> &str {
        self.held.daily_at.as_deref().unwrap_or("02:00")
    }
}

#[derive(Template)]
#[template(path = "pages/settings-export.html")]
struct OnePage {
    f: Frame,
    nav: SettingsNav,
    tabs: TablesTabs,
    form: ExportForm,
    v: ScheduledExportView,
}

/// When an export is due, in words.
fn when(f: &Frame, v: &ScheduledExportView) -> String {
    match (v.every_hours, &v.daily_at) {
        (Some(hours), _) => f.w.n("export-every-n", hours),
        (None, at) => f.w.t1("export-daily-at", "at", at.as_deref().unwrap_or_default()),
    }
}

/// What is written, in words.
fn contents(f: &Frame, v: &ScheduledExportView) -> String {
    let names: Vec<String> = v.kinds.iter().map(|k| f.w.t(&format!("import-{}", k.code()))).collect();
    names.join(if f.w.zh() { "、" } else { ", " })
}

/// How an export stands, by its last run.
fn state(f: &Frame, v: &ScheduledExportView) -> String {
    let (tone, icon, key) = match v.runs.first() {
        _ if v.paused => ("neutral", "pause", "crm-paused"),
        Some(run) => run_look(run),
        None => ("neutral", "clock", "export-not-yet"),
    };
    format!("<span class=\"st {tone}\">{}{}</span>", shell::icon(icon), f.w.t(key))
}

fn run_look(run: &ScheduledExportRunView) -> (&'static str, &'static str, &'static str) {
    match run {
        ScheduledExportRunView { problem: Some(_), .. } => ("bad", "circle-x", "export-failed"),
        ScheduledExportRunView { ended_at: None, .. } => ("neutral", "loader", "folder-run-running"),
        _ => ("ok", "circle-check", "export-written"),
    }
}

/// Bytes as people say them.
fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} kB", bytes.div_ceil(1024)),
        _ => format!("{} MB", bytes.div_ceil(1_048_576)),
    }
}

impl ListPage {
    fn when(&self, v: &ScheduledExportView) -> String {
        when(&self.f, v)
    }

    fn contents(&self, v: &ScheduledExportView) -> String {
        contents(&self.f, v)
    }

    fn state(&self, v: &ScheduledExportView) -> String {
        state(&self.f, v)
    }
}

impl OnePage {
    fn when(&self) -> String {
        when(&self.f, &self.v)
    }

    fn about(&self) -> String {
        let values = [
            ("kinds", contents(&self.f, &self.v)),
            ("format", self.f.w.t(&format!("format-{}", self.v.format.code()))),
            ("name", self.v.owner.clone()),
        ];
        let values = values.map(|(name, value)| (name.to_owned(), value));
        self.f.w.args("export-about", &values)
    }

    fn state(&self, run: &ScheduledExportRunView) -> String {
        let (tone, icon, key) = run_look(run);
        format!(
            "<span class=\"st {tone}\">{}{}</span>",
            shell::icon(icon),
            self.f.w.t(key)
        )
    }

    fn size(&self, bytes: &usize) -> String {
        size(*bytes)
    }
}

/// GET /settings/exports.
pub async fn list(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?;
    let v = view::all(&app, &visitor, f.w).await?;
    shell::page(&ListPage {
        nav: SettingsNav::load(&mut sql, &app, &visitor, "import").await?,
        tabs: TablesTabs::of(&app, &visitor, "exports"),
        form: ExportForm::new(&app, &mut sql, &visitor, v.root.clone(), None).await?,
        v,
        f,
    })
}

/// POST /settings/exports.
pub async fn create(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Redirect, Error> {
    let id = view::create(&app, &visitor, read(&fields)?).await?;
    Ok(Redirect::to(&format!("/settings/exports/{id}")))
}

/// POST /settings/exports/{id}: other settings.
pub async fn change(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Redirect, Error> {
    view::change(&app, &visitor, id.clone(), read(&fields)?).await?;
    Ok(Redirect::to(&format!("/settings/exports/{id}")))
}

/// Reads a form of `path`, `kinds` (each one a field), `format`, `when` (`daily` or `hours`), `daily_at`, `every_hours` and
/// `entity`.
fn read(fields: &[(String, String)]) -> Result<NewExport, Error> {
    let all = |name: &'static str| {
        let of = fields.iter().filter(move |(n, _)| n == name);
        of.map(|(_, value)| value.trim())
    };
    let one = |name: &'static str| all(name).next().unwrap_or_default();
    let hourly = one("when") == "hours";
    let hours = || {
        one("every_hours")
            .parse()
            .map_err(|_| Error::field("every_hours", "whole-number"))
    };
    Ok(NewExport {
        path: one("path").to_owned(),
        kinds: all("kinds").map(str::parse).collect::<Result<_, _>>()?,
        format: Format::parse(one("format"))?,
        every_hours: if hourly { Some(hours()?) } else { None },
        daily_at: (!hourly).then(|| one("daily_at").to_owned()),
        entity: Some(one("entity").to_owned()),
    })
}

/// GET /settings/exports/{id}.
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?;
    let v = view::one(&app, &visitor, &id, f.w).await?;
    shell::page(&OnePage {
        nav: SettingsNav::load(&mut sql, &app, &visitor, "import").await?,
        tabs: TablesTabs::of(&app, &visitor, "exports"),
        form: ExportForm::new(&app, &mut sql, &visitor, root_shown(&app), Some(&v)).await?,
        v,
        f,
    })
}

/// POST /settings/exports/{id}/run.
pub async fn run_now(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    view::may_run(&app, &visitor, &id).await?;
    let (shared, export) = (app.clone(), id.clone());
    let work = tokio::spawn(async move {
        match run::run_now(&shared, &export).await {
            Ok(()) | Err(Error::Conflict) => {}
            Err(error) => tracing::error!(%error, "scheduled export"),
        }
    });
    // A small one is done by then; the page follows a large one.
    let _ = tokio::time::timeout(Duration::from_millis(800), work).await;
    Ok(Redirect::to(&format!("/settings/exports/{id}")))
}

/// POST /settings/exports/{id}/pause.
pub async fn pause(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    plan::pause(&app, may(&app, &visitor)?, id.clone(), true).await?;
    Ok(Redirect::to(&format!("/settings/exports/{id}")))
}

/// POST /settings/exports/{id}/resume.
pub async fn resume(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    plan::pause(&app, may(&app, &visitor)?, id.clone(), false).await?;
    Ok(Redirect::to(&format!("/settings/exports/{id}")))
}

/// POST /settings/exports/{id}/remove.
pub async fn remove(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    plan::remove(&app, may(&app, &visitor)?, id).await?;
    Ok(Redirect::to("/settings/exports"))
}
