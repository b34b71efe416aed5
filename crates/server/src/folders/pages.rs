//! /settings/folders: the watched folders, one of them, and one of its runs.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;

use super::folder::{self, NewFolder};
use super::look;
use super::view::{self, FolderRunDetail, FolderRunView, FolderView, FoldersView, TablesTabs, may};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::import::{self, Kind, Rejected};
use crate::shell::{self, Frame, SettingsNav};

/// Rejected cells on the page; the report beside the file has all.
const SHOWN: usize = 100;

/// The pages' routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/folders", get(list).post(create))
        .route("/settings/folders/{id}", get(one))
        .route("/settings/folders/{id}/look", post(look_now))
        .route("/settings/folders/{id}/pause", post(pause))
        .route("/settings/folders/{id}/resume", post(resume))
        .route("/settings/folders/{id}/remove", post(remove))
        .route("/settings/folders/{id}/runs/{run}", get(run))
}

#[derive(Template)]
#[template(path = "pages/settings-folders.html")]
struct ListPage {
    f: Frame,
    nav: SettingsNav,
    tabs: TablesTabs,
    kinds: Vec<Kind>,
    v: FoldersView,
}

#[derive(Template)]
#[template(path = "pages/settings-folder.html")]
struct OnePage {
    f: Frame,
    nav: SettingsNav,
    tabs: TablesTabs,
    v: FolderView,
}

#[derive(Template)]
#[template(path = "pages/settings-folder-run.html")]
struct RunPage {
    f: Frame,
    nav: SettingsNav,
    folder: FolderView,
    v: FolderRunDetail,
}

impl ListPage {
    fn state_of(&self, folder: &FolderView) -> String {
        folder_state(&self.f, folder)
    }
}

impl OnePage {
    fn about(&self) -> String {
        let kind = self.f.w.t(&format!("import-{}", self.v.kind.code()));
        let values = [("kind".to_owned(), kind), ("name".to_owned(), self.v.owner.clone())];
        self.f.w.args("folder-about", &values)
    }

    fn state(&self, run: &FolderRunView) -> String {
        state(&self.f, run)
    }
}

impl RunPage {
    fn state(&self) -> String {
        state(&self.f, &self.v.run)
    }

    fn column(&self, code: &str) -> String {
        self.folder.kind.column_name(code, self.f.w.zh())
    }

    /// The faults of rows; what is wrong with the file as a whole is said above.
    fn shown(&self) -> Vec<&Rejected> {
        let all = self.v.rejected.iter().flatten().filter(|cell| cell.row > 0);
        all.take(SHOWN).collect()
    }

    /// How many of the faults are shown, if not all.
    fn only(&self) -> Option<usize> {
        let all = self.v.rejected.iter().flatten().filter(|cell| cell.row > 0).count();
        (all > SHOWN).then_some(SHOWN)
    }
}

/// The tone and icon of a run's state.
fn look_of(state: &str) -> (&'static str, &'static str) {
    match state {
        "running" => ("neutral", "loader"),
        "taken" => ("ok", "circle-check"),
        "again" => ("neutral", "copy"),
        "gone" => ("warn", "circle-alert"),
        _ => ("bad", "circle-x"),
    }
}

/// The state of a run with its icon.
fn state(f: &Frame, run: &FolderRunView) -> String {
    let (mut tone, icon) = look_of(run.state);
    if run.rejected_rows > 0 && run.state == "taken" {
        tone = "warn";
    }
    let words = f.w.t(&format!("folder-run-{}", run.state));
    format!("<span class=\"st {tone}\">{}{words}</span>", shell::icon(icon))
}

/// The state of a folder with its icon.
fn folder_state(f: &Frame, folder: &FolderView) -> String {
    let (tone, icon, key) = match folder {
        FolderView { paused: true, .. } => ("neutral", "pause", "crm-paused"),
        FolderView { trouble: Some(_), .. } => ("bad", "circle-x", "folder-trouble"),
        _ => ("ok", "eye", "folder-watching"),
    };
    format!("<span class=\"st {tone}\">{}{}</span>", shell::icon(icon), f.w.t(key))
}

/// GET /settings/folders.
pub async fn list(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?;
    shell::page(&ListPage {
        nav: SettingsNav::load(&mut sql, &app, &visitor, "import").await?,
        tabs: TablesTabs::of(&app, &visitor, "folders"),
        kinds: import::kinds(&app, &visitor),
        v: view::all(&app, &visitor, f.w).await?,
        f,
    })
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub struct FolderForm {
    path: String,
    kind: String,
}

/// POST /settings/folders.
pub async fn create(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Form(form): Form<FolderForm>,
) -> Result<Redirect, Error> {
    let new = NewFolder {
        path: form.path,
        kind: form.kind.parse()?,
    };
    let id = view::create(&app, &visitor, new).await?;
    Ok(Redirect::to(&format!("/settings/folders/{id}")))
}

/// GET /settings/folders/{id}.
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?;
    shell::page(&OnePage {
        nav: SettingsNav::load(&mut sql, &app, &visitor, "import").await?,
        tabs: TablesTabs::of(&app, &visitor, "folders"),
        v: view::one(&app, &visitor, &id, f.w).await?,
        f,
    })
}

/// GET /settings/folders/{id}/runs/{run}.
pub async fn run(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((id, run)): Path<(String, String)>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?;
    shell::page(&RunPage {
        nav: SettingsNav::load(&mut sql, &app, &visitor, "import").await?,
        folder: view::one(&app, &visitor, &id, f.w).await?,
        v: view::run(&app, &visitor, &id, &run, f.w).await?,
        f,
    })
}

/// POST /settings/folders/{id}/look.
pub async fn look_now(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Redirect, Error> {
    view::may_look(&app, &visitor, &id).await?;
    let (shared, folder) = (app.clone(), id.clone());
    let work = tokio::spawn(async move {
        match look::look(&shared, &folder).await {
            Ok(_) | Err(Error::Conflict) => {}
            Err(error) => tracing::error!(%error, "watched folder"),
        }
    });
    // A small one is done by then; the page follows a large one.
    let _ = tokio::time::timeout(Duration::from_millis(800), work).await;
    Ok(Redirect::to(&format!("/settings/folders/{id}")))
}

/// POST /settings/folders/{id}/pause.
pub async fn pause(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    folder::pause(&app.db, may(&app, &visitor)?, id.clone(), true).await?;
    Ok(Redirect::to(&format!("/settings/folders/{id}")))
}

/// POST /settings/folders/{id}/resume.
pub async fn resume(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    folder::pause(&app.db, may(&app, &visitor)?, id.clone(), false).await?;
    Ok(Redirect::to(&format!("/settings/folders/{id}")))
}

/// POST /settings/folders/{id}/remove.
pub async fn remove(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    folder::remove(&app.db, may(&app, &visitor)?, id).await?;
    Ok(Redirect::to("/settings/folders"))
}
