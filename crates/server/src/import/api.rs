//! Imports and exports for programs.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};

use super::export::{self as out, Format};
use super::kind::Kind;
use super::report::{Rejected, Report};
use super::run::{read, run};
use crate::app::App;
use crate::auth::{Resource, Visitor};
use crate::error::Error;
use crate::shell::W;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(paths(import, export), components(schemas(Report, Rejected, Kind)))]
pub struct Api;

/// How to import.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Only look what would happen.
    dry_run: bool,
}

/// How to export.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `csv` (if absent) or `xlsx`.
    format: Option<String>,
}

/// Imports a table, the body being the file itself: CSV or XLSX. Rows that cannot be taken are left out and told.
#[utoipa::path(post, path = "/api/v1/imports/{kind}", tag = "imports",
    params(("kind" = Kind, Path), ImportQuery), request_body(content = Vec<u8>, content_type = "text/csv"),
    responses((status = 200, body = Report), (status = 403), (status = 422)))]
pub async fn import(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(kind): Path<String>,
    Query(query): Query<ImportQuery>,
    body: Bytes,
) -> Result<Json<Report>, Error> {
    let kind: Kind = kind.parse()?;
    let permit = visitor.permit(&app, kind.action(), &Resource::Outlay)?;
    let table = Arc::new(read(kind, &body)?);
    drop(body);
    let report = run(&app, &permit, kind, table, query.dry_run, None).await?;
    Ok(Json(report.worded(W(visitor.lang))))
}

/// Exports all of a kind, as an import takes it.
#[utoipa::path(get, path = "/api/v1/exports/{kind}", tag = "imports", params(("kind" = Kind, Path), ExportQuery),
    responses((status = 200, description = "the file", content_type = "text/csv"), (status = 403), (status = 422)))]
pub async fn export(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(kind): Path<String>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Error> {
    let format =
        Format::of(query.format.as_deref().unwrap_or("csv")).ok_or_else(|| Error::field("format", "file-format"))?;
    file(&app, &visitor, kind.parse()?, format).await
}

/// A file to be downloaded.
pub async fn file(app: &App, visitor: &Visitor, kind: Kind, format: Format) -> Result<Response, Error> {
    visitor.permit(app, kind.action(), &Resource::Outlay)?;
    let (bytes, _) = out::export(&mut app.db.read(), kind, format, visitor.lang).await?;
    let end = if format == Format::Csv { "csv" } else { "xlsx" };
    let headers = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}.{end}\"", kind.code()),
        ),
    ];
    Ok((headers, bytes).into_response())
}
