//! /settings/import: upload, look, import.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::api::ImportView;
use super::export::Format;
use super::file;
use super::kind::{Column, Kind};
use super::kinds;
use super::report::Rejected;
use super::run::PART;
use super::told;
use super::upload::Upload;
use crate::app::App;
use crate::auth::{Resource, Visitor};
use crate::error::Error;
use crate::folders::TablesTabs;
use crate::shell::{self, Frame, SettingsNav};

/// Rejected cells on the page; the file of rejected rows has all.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "pages/settings-import.html")]
struct StartPage {
    f: Frame,
    nav: SettingsNav,
    tabs: TablesTabs,
    kinds: Vec<Kind>,
    kind: Kind,
}

#[derive(Template)]
#[template(path = "pages/settings-import-file.html")]
struct FilePage {
    f: Frame,
    nav: SettingsNav,
    v: ImportView,
    failed: Option<String>,
}

impl StartPage {
    fn name(&self, kind: &Kind) -> String {
        self.f.w.t(&format!("import-{}", kind.code()))
    }

    fn column(&self, column: &Column) -> &'static str {
        column.name(self.f.w.zh())
    }
}

impl FilePage {
    fn name(&self) -> String {
        self.f.w.t(&format!("import-{}", self.v.report.kind.code()))
    }

    fn column(&self, code: &str) -> String {
        self.v.report.kind.column_name(code, self.f.w.zh())
    }

    fn shown(&self) -> &[Rejected] {
        &self.v.report.rejected[..self.v.report.rejected.len().min(SHOWN)]
    }

    /// How many of the faults are shown, if not all.
    fn only(&self) -> Option<usize> {
        let all = self.v.report.rejected.len() == self.shown().len();
        (!all).then_some(SHOWN)
    }

    /// Whether the import writes more than one transaction takes.
    fn in_parts(&self) -> bool {
        self.v.report.written() > PART
    }
}

/// Which kind is begun with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StartQuery {
    kind: Option<String>,
}

/// GET /settings/import.
pub async fn start(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(query): Query<StartQuery>,
) -> Result<Html<String>, Error> {
    let kinds = kinds(&app, &visitor);
    let first = *kinds.first().ok_or_else(|| Error::Forbidden("import".to_owned()))?;
    let wanted = query.kind.as_deref().and_then(|k| k.parse().ok());
    let mut sql = app.db.read();
    shell::page(&StartPage {
        f: Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?,
        nav: SettingsNav::load(&mut sql, &app, &visitor, "import").await?,
        tabs: TablesTabs::of(&app, &visitor, "import"),
        kind: wanted.filter(|k| kinds.contains(k)).unwrap_or(first),
        kinds,
    })
}

/// POST /settings/import: a form of `kind` and `file`.
pub async fn upload(State(app): State<Arc<App>>, visitor: Visitor, request: Request) -> Result<Redirect, Error> {
    let upload = Upload::of(request).await?;
    let kind: Kind = upload.kind.as_deref().unwrap_or_default().parse()?;
    let permit = visitor.permit(&app, kind.action(), &Resource::Outlay)?;
    let id = file::keep(&app, &permit, kind, &upload.name, upload.bytes).await?;
    Ok(Redirect::to(&format!("/settings/import/{id}")))
}

/// GET /settings/import/{id}: what it would do, how far it is, or what it did.
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let file = file::load(&mut sql, visitor.person.id(), &id).await?;
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?;
    let v = ImportView::of(&file, f.w);
    shell::page(&FilePage {
        nav: SettingsNav::load(&mut sql, &app, &visitor, "import").await?,
        failed: v.error.as_ref().map(|code| f.w.t(&format!("problem-{code}"))),
        v,
        f,
    })
}

/// POST /settings/import/{id}: carries it out.
pub async fn confirm(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    let file = file::load(&mut app.db.read(), visitor.person.id(), &id).await?;
    let permit = visitor.permit(&app, file.kind.action(), &Resource::Outlay)?;
    let work = file::begin(&app, permit, file).await?;
    // A small one is done by then; the page follows a large one.
    let _ = tokio::time::timeout(Duration::from_millis(500), work).await;
    Ok(Redirect::to(&format!("/settings/import/{id}")))
}

/// GET /settings/import/{id}/rejected: the rows that were not taken, with the reason, to be mended.
pub async fn rejected(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let file = file::load(&mut app.db.read(), visitor.person.id(), &id).await?;
    let table = file.table(&app).await?;
    let w = shell::W(visitor.lang);
    let report = file.report().clone().worded(w);
    let bytes = told::rows(file.kind, &table, &report, w)?;
    let headers = [
        (header::CONTENT_TYPE, Format::Csv.media_type()),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"rejected.csv\""),
    ];
    Ok((headers, bytes).into_response())
}
