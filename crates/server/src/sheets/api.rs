//! /api/v1/rules/tables.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use outlay_core::table::{Compiled, Table};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::MAX_FILE;
use super::check::{Check, Found, MayNotFall, SheetProblem, look, problems};
use super::files::{self, Format};
use super::words::Both;
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::error::Error;
use crate::import::Upload;
use crate::shell::{Body, W};

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(check, import, export),
    components(schemas(Both, Check, Found, MayNotFall, SheetProblem, CheckBody, TablesView, TableRead))
)]
pub struct Api;

/// A table to look through.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckBody {
    /// The table: `id`, `name`, `hit`, `inputs`, `outputs`, `rows`; cells in FEEL.
    #[schema(value_type = Object)]
    pub table: Table,
    /// Answers that may not fall while an input grows.
    #[serde(default)]
    pub rising: Vec<MayNotFall>,
    /// Rows, from 1, of which to say what they take from other rows.
    #[serde(default)]
    pub changed: Vec<u32>,
}

/// Tables of a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct TablesView {
    /// At least one.
    pub tables: Vec<TableRead>,
}

/// A table of a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct TableRead {
    /// The table.
    #[schema(value_type = Object)]
    pub table: Table,
    /// What is wrong with it and the mend, as far as it stands by itself.
    pub problems: Vec<SheetProblem>,
}

/// The form of the file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FormatQuery {
    /// `xlsx` or `dmn`.
    format: String,
}

/// Most rows that are asked what they take from others.
pub const MAX_CHANGED: usize = 50;

fn may(app: &App, visitor: &Visitor) -> Result<(), Error> {
    visitor.permit(app, Action::ReadSettings, &Resource::Outlay)?;
    Ok(())
}

/// Looks through a decision table that stands by itself: what is wrong with its cells and the mend, else its gaps, overlaps, rows that
/// never answer and answers that fall, each with an example. Nothing is stored.
#[utoipa::path(post, path = "/api/v1/rules/tables/check", tag = "rules", request_body = CheckBody,
    responses((status = 200, body = Found), (status = 403), (status = 422)))]
pub async fn check(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(mut body): Body<CheckBody>,
) -> Result<Json<Found>, Error> {
    may(&app, &visitor)?;
    body.changed.truncate(MAX_CHANGED);
    let found = tokio::task::spawn_blocking(move || {
        let inputs = body.table.inputs.len();
        let ready = |table| Compiled::new(table).map_err(|e| problems(&e.problems, inputs));
        look(&body.table, ready, &body.rising, &body.changed)
    });
    Ok(Json(found.await.map_err(|e| Error::Broken(e.to_string()))?))
}

/// Reads the decision tables of a file: an XLSX or CSV sheet, or a `.dmn` file. Nothing is stored; what is wrong is told by its cell.
#[utoipa::path(post, path = "/api/v1/rules/tables/import", tag = "rules",
    request_body(content((crate::import::TableForm = "multipart/form-data"))),
    responses((status = 200, body = TablesView), (status = 403), (status = 413), (status = 422)))]
pub async fn import(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    request: Request,
) -> Result<Json<TablesView>, Error> {
    may(&app, &visitor)?;
    let upload = Upload::of(request).await?;
    if upload.bytes.len() > MAX_FILE {
        return Err(Error::TooLarge((MAX_FILE >> 20) as u64));
    }
    let w = W(visitor.lang);
    let tables = tokio::task::spawn_blocking(move || {
        let read = |table: Table| {
            let wrong = Compiled::new(table.clone()).err();
            TableRead {
                problems: wrong.map_or_else(Vec::new, |e| problems(&e.problems, table.inputs.len())),
                table,
            }
        };
        let tables = files::read(&upload.bytes, &upload.name, w)?;
        Ok::<Vec<TableRead>, Error>(tables.into_iter().map(read).collect())
    });
    let tables = tables.await.map_err(|e| Error::Broken(e.to_string()))??;
    Ok(Json(TablesView { tables }))
}

/// Gives a decision table as a file that [`import`] reads as the same table.
#[utoipa::path(post, path = "/api/v1/rules/tables/export", tag = "rules", params(FormatQuery), request_body = Object,
    responses((status = 200, description = "the file", content_type = "application/octet-stream"), (status = 403), (status = 422)))]
pub async fn export(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(query): Query<FormatQuery>,
    Body(table): Body<Table>,
) -> Result<Response, Error> {
    may(&app, &visitor)?;
    let format = Format::parse(&query.format)?;
    let bytes = tokio::task::spawn_blocking(move || files::write(&table, format));
    let bytes = bytes.await.map_err(|e| Error::Broken(e.to_string()))??;
    let headers = [
        (header::CONTENT_TYPE, format.media_type()),
        (header::CONTENT_DISPOSITION, "attachment"),
    ];
    Ok((headers, bytes).into_response())
}
