//! /api/v1/rules/drafts/{id}/tables.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use outlay_core::table::Table;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::api::{CheckBody, MAX_CHANGED};
use super::check::Found;
use super::draft::{self, Opened};
use super::policy;
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::{Body, W};

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(paths(one, save, check), components(schemas(DraftTable)))]
pub struct Api;

/// A table of a draft.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftTable {
    /// The draft's count of saves: what is saved must name the one that was seen.
    pub version: i64,
    /// The table, with the id of its rule.
    #[schema(value_type = Object)]
    pub table: Table,
}

async fn read(app: &App, visitor: &Visitor, id: &str, table: &str) -> Result<DraftTable, Error> {
    let sheet = Opened::load(app, visitor, id).await?.sheet(table, W(visitor.lang))?;
    Ok(DraftTable {
        version: sheet.version,
        table: sheet.table,
    })
}

/// A table of a draft of a policy.
#[utoipa::path(get, path = "/api/v1/rules/drafts/{id}/tables/{table}", tag = "rules", operation_id = "draft_table", params(("id" = String, Path), ("table" = String, Path, description = "the id of its rule")), responses((status = 200, body = DraftTable), (status = 404)))]
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path((id, table)): Path<(String, String)>,
) -> Result<Json<DraftTable>, Error> {
    Ok(Json(read(&app, &visitor, &id, &table).await?))
}

/// Saves a table into a draft; the rest of its text stays as it is written, comments too. Nonsense in a cell, and a table in which nothing
/// can match, are refused with the cell and the mend.
#[utoipa::path(put, path = "/api/v1/rules/drafts/{id}/tables/{table}", tag = "rules", operation_id = "save_draft_table", params(("id" = String, Path), ("table" = String, Path, description = "the id of its rule")), request_body = DraftTable, responses((status = 200, body = DraftTable), (status = 403), (status = 404), (status = 409), (status = 422)))]
pub async fn save(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path((id, table)): Path<(String, String)>,
    Body(mut body): Body<DraftTable>,
) -> Result<Json<DraftTable>, Error> {
    body.table.id.clone_from(&table);
    draft::save_table(&app, &visitor, &id, body.version, body.table).await?;
    Ok(Json(read(&app, &visitor, &id, &table).await?))
}

/// Looks through a table as one of the draft's policy. Nothing is stored.
#[utoipa::path(post, path = "/api/v1/rules/drafts/{id}/tables/{table}/check", tag = "rules", operation_id = "check_draft_table", params(("id" = String, Path), ("table" = String, Path, description = "the id of its rule")), request_body = CheckBody, responses((status = 200, body = Found), (status = 404), (status = 422)))]
pub async fn check(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path((id, table)): Path<(String, String)>,
    Body(mut body): Body<CheckBody>,
) -> Result<Json<Found>, Error> {
    let opened = Opened::load(&app, &visitor, &id).await?;
    let set = opened.readable()?.clone();
    let lang = visitor.lang;
    body.changed.truncate(MAX_CHANGED);
    body.table.id = table;
    let found = tokio::task::spawn_blocking(move || policy::check(&set, &body.table, &body.changed, lang));
    Ok(Json(found.await.map_err(|e| Error::Broken(e.to_string()))?))
}
