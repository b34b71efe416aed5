//! Imports and exports for programs.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::export::{Format, export};
use super::file::{self, File};
use super::kind::Kind;
use super::report::{Rejected, Report};
use super::upload::Upload;
use crate::app::App;
use crate::auth::{Resource, Visitor};
use crate::error::Error;
use crate::shell::W;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(create, one, carry_out, download),
    components(schemas(ImportView, Report, Rejected, Kind, TableForm))
)]
pub struct Api;

/// A form with a table.
#[derive(ToSchema)]
#[allow(dead_code)]
pub struct TableForm {
    /// CSV or XLSX, at most 50 MB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// An import: looked at, under way, or ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportView {
    /// Its id.
    pub id: String,
    /// The file's name.
    pub name: String,
    /// `checked`, `running`, `applied` or `failed`.
    pub state: &'static str,
    /// Rows done, while this server carries it out.
    pub done: Option<usize>,
    /// Why it failed, as a stable word.
    pub error: Option<String>,
    /// Rows written before it failed. They stay; the same file, sent again, goes on.
    pub written: Option<usize>,
    /// What it would do, or did.
    pub report: Report,
}

impl ImportView {
    /// What is known of a file, in the reader's language.
    pub fn of(file: &File, w: W) -> ImportView {
        let failed = file.end.as_ref().and_then(|end| end.as_ref().err());
        ImportView {
            id: file.id.clone(),
            name: file.name.clone(),
            state: match &file.end {
                Some(Ok(_)) => "applied",
                Some(Err(_)) => "failed",
                None if file.running => "running",
                None => "checked",
            },
            done: file.done(),
            error: failed.map(|f| f.code.clone()),
            written: failed.map(|f| f.written),
            report: file.report().clone().worded(w),
        }
    }
}

/// What the file holds.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Such as `people`.
    #[param(value_type = Kind, inline)]
    kind: String,
}

/// How to export.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `csv` (UTF-8, if absent), `csv-gbk` or `xlsx`.
    format: Option<String>,
    /// Only the columns, as a template to fill.
    empty: bool,
}

/// Looks at a table, CSV or XLSX, and keeps it for a day: what an import would do, row by row. Nothing is imported yet.
#[utoipa::path(post, path = "/api/v1/imports", tag = "imports", params(ImportQuery),
    request_body(content((TableForm = "multipart/form-data"), (Vec<u8> = "text/csv"))),
    responses((status = 201, body = ImportView), (status = 403), (status = 413), (status = 422)))]
pub async fn create(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<(StatusCode, Json<ImportView>), Error> {
    let kind: Kind = query.kind.parse()?;
    let permit = visitor.permit(&app, kind.action(), &Resource::Outlay)?;
    let upload = Upload::of(request).await?;
    let id = file::keep(&app, &permit, kind, &upload.name, upload.bytes).await?;
    Ok((StatusCode::CREATED, Json(view(&app, &visitor, &id).await?)))
}

/// An import of one's own.
#[utoipa::path(get, path = "/api/v1/imports/{id}", tag = "imports", params(("id" = String, Path)),
    responses((status = 200, body = ImportView), (status = 404)))]
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<ImportView>, Error> {
    Ok(Json(view(&app, &visitor, &id).await?))
}

/// Imports the good rows of a table that was looked at, 1,000 in a transaction; answers when all are written. A row that
/// somebody changed since the look is left, and told as `changed-meanwhile`.
#[utoipa::path(post, path = "/api/v1/imports/{id}/application", tag = "imports", params(("id" = String, Path)),
    responses((status = 200, body = ImportView), (status = 403), (status = 404), (status = 409)))]
pub async fn carry_out(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<ImportView>, Error> {
    let file = file::load(&mut app.db.read(), visitor.person.id(), &id).await?;
    let permit = visitor.permit(&app, file.kind.action(), &Resource::Outlay)?;
    let work = file::begin(&app, permit, file).await?;
    work.await.map_err(|e| Error::Broken(e.to_string()))?;
    Ok(Json(view(&app, &visitor, &id).await?))
}

async fn view(app: &App, visitor: &Visitor, id: &str) -> Result<ImportView, Error> {
    let file = file::load(&mut app.db.read(), visitor.person.id(), id).await?;
    Ok(ImportView::of(&file, W(visitor.lang)))
}

/// Exports all of a kind, as an import takes it.
#[utoipa::path(get, path = "/api/v1/exports/{kind}", tag = "imports", params(("kind" = Kind, Path), ExportQuery),
    responses((status = 200, description = "the file", content_type = "text/csv"), (status = 403), (status = 422)))]
pub async fn download(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(kind): Path<String>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Error> {
    let kind: Kind = kind.parse().map_err(|_| Error::NotFound("kind"))?;
    visitor.permit(&app, kind.action(), &Resource::Outlay)?;
    let format = query.format.as_deref().map_or(Ok(Format::Csv), Format::parse)?;
    let (bytes, _) = export(&mut app.db.read(), kind, format, visitor.lang, query.empty).await?;
    let name = format!("attachment; filename=\"{}.{}\"", kind.code(), format.ending());
    let headers = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, bytes).into_response())
}
