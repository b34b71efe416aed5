//! /settings/import: upload, look, import.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use outlay_connect::tables::{self, Cell};
use serde::Deserialize;

use super::api;
use super::export::Format;
use super::file::{self, File};
use super::kind::{Column, Kind};
use super::report::Report;
use crate::app::App;
use crate::auth::{Resource, Visitor};
use crate::error::Error;
use crate::http::MAX_BODY;
use crate::shell::{self, Frame, SettingsNav};

/// Rejected cells on the page; the file of rejected rows has all.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "pages/settings-import.html")]
struct StartPage {
    f: Frame,
    nav: SettingsNav,
    kinds: Vec<Kind>,
    kind: Kind,
}

#[derive(Template)]
#[template(path = "pages/settings-import-file.html")]
struct FilePage {
    f: Frame,
    nav: SettingsNav,
    file: File,
    /// What it would do, or did.
    v: Report,
    done: Option<usize>,
    failed: Option<String>,
}

impl StartPage {
    fn name(&self, kind: &Kind) -> String {
        self.f.w.t(&format!("import-{}", kind.code()))
    }

    fn column(&self, column: &Column) -> &'static str {
        if self.f.w.zh() { column.zh } else { column.en }
    }
}

impl FilePage {
    fn name(&self) -> String {
        self.f.w.t(&format!("import-{}", self.file.kind.code()))
    }

    fn column(&self, code: &str) -> String {
        let known = self.file.kind.columns().iter().find(|c| c.code == code);
        known.map_or_else(
            || code.to_owned(),
            |c| (if self.f.w.zh() { c.zh } else { c.en }).to_owned(),
        )
    }

    fn shown(&self) -> &[super::report::Rejected] {
        &self.v.rejected[..self.v.rejected.len().min(SHOWN)]
    }
}

/// Which kind is begun with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StartQuery {
    kind: Option<String>,
}

fn allowed(app: &App, visitor: &Visitor) -> Vec<Kind> {
    let may = |kind: &Kind| app.rights.may(&visitor.person, kind.action(), &Resource::Outlay);
    Kind::ALL.iter().copied().filter(may).collect()
}

/// GET /settings/import.
pub async fn start(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(query): Query<StartQuery>,
) -> Result<Html<String>, Error> {
    let kinds = allowed(&app, &visitor);
    let first = *kinds.first().ok_or_else(|| Error::Forbidden("import".to_owned()))?;
    let wanted = query.kind.as_deref().and_then(|k| k.parse().ok());
    let mut sql = app.db.read();
    shell::page(&StartPage {
        f: Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?,
        nav: SettingsNav::load(&mut sql, &app, &visitor, "import").await?,
        kind: wanted.filter(|k| kinds.contains(k)).unwrap_or(first),
        kinds,
    })
}

/// POST /settings/import: a form of `kind` and `file`.
pub async fn upload(State(app): State<Arc<App>>, visitor: Visitor, mut form: Multipart) -> Result<Redirect, Error> {
    let megabytes = (MAX_BODY / 1024 / 1024) as u64;
    let too_large = |_| Error::TooLarge(megabytes);
    let (mut kind, mut content) = (None, None);
    while let Some(part) = form.next_field().await.map_err(too_large)? {
        match part.name() {
            Some("kind") => kind = Some(part.text().await.map_err(too_large)?.parse::<Kind>()?),
            Some("file") => {
                let name = part.file_name().unwrap_or_default().to_owned();
                content = Some((name, part.bytes().await.map_err(too_large)?));
            }
            _ => {}
        }
    }
    let kind = kind.ok_or_else(|| Error::field("kind", "missing"))?;
    let (name, bytes) = content
        .filter(|(_, bytes)| !bytes.is_empty())
        .ok_or_else(|| Error::field("file", "missing"))?;
    let permit = visitor.permit(&app, kind.action(), &Resource::Outlay)?;
    let id = file::keep(&app, &permit, kind, name, bytes.to_vec()).await?;
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
    let (v, failed) = match &file.report {
        Some(Ok(report)) => (report.clone(), None),
        Some(Err(code)) => (file.preview.clone(), Some(f.w.t(&format!("problem-{code}")))),
        None => (file.preview.clone(), None),
    };
    shell::page(&FilePage {
        nav: SettingsNav::load(&mut sql, &app, &visitor, "import").await?,
        v: v.worded(f.w),
        done: file.done(),
        failed,
        file,
        f,
    })
}

/// POST /settings/import/{id}: carries it out.
pub async fn confirm(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    let file = file::load(&mut app.db.read(), visitor.person.id(), &id).await?;
    let permit = visitor.permit(&app, file.kind.action(), &Resource::Outlay)?;
    file::begin(&app, permit, file).await?;
    // A small one is done by then.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    Ok(Redirect::to(&format!("/settings/import/{id}")))
}

/// GET /settings/import/{id}/rejected.csv: the rows that were not taken, with the reason, to be mended.
pub async fn rejected(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let file = file::load(&mut app.db.read(), visitor.person.id(), &id).await?;
    let table = file.table(&app)?;
    let w = shell::W(visitor.lang);
    let report = file.preview.clone().worded(w);
    let reason = w.t("import-reason");
    let mut headers: Vec<&str> = table.headers.iter().map(String::as_str).collect();
    headers.push(&reason);
    let rows = table.rows.iter().filter_map(|row| {
        let why: Vec<String> = report
            .rejected
            .iter()
            .filter(|r| r.row == row.line_no)
            .map(|r| format!("{}: {}", r.column, r.message))
            .collect();
        if why.is_empty() {
            return None;
        }
        let mut cells: Vec<Cell> = row.cells.iter().map(|c| Cell::from(c.as_str())).collect();
        cells.push(Cell::from(why.join("; ")));
        Some(cells)
    });
    let mut bytes = Vec::new();
    tables::write_csv(&mut bytes, &headers, rows.collect::<Vec<_>>()).map_err(|e| Error::Broken(e.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, Format::Csv.media_type()),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"rejected.csv\""),
    ];
    Ok((headers, bytes).into_response())
}

/// GET /settings/export/{file}: `people.csv`, `deals.xlsx` …
pub async fn download(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Result<Response, Error> {
    let format = Format::of(&name).ok_or(Error::NotFound("file"))?;
    let (kind, _) = name.rsplit_once('.').ok_or(Error::NotFound("file"))?;
    let kind: Kind = kind.parse().map_err(|_| Error::NotFound("file"))?;
    api::file(&app, &visitor, kind, format).await
}
