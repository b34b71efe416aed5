//! /api/v1/watch.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use utoipa::OpenApi;

use super::repair;
use super::view::{self, AgeRow, ApproverRow, RuleRow, StepRow, StuckRow, WatchQuery, WatchView};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(watch, repair),
    components(schemas(WatchView, AgeRow, ApproverRow, StepRow, StuckRow, RuleRow))
)]
pub struct Api;

/// The state of the approvals: what waits where and how long, what keeps its target, what hangs, which rules speak.
#[utoipa::path(get, path = "/api/v1/watch", tag = "watch", operation_id = "watch", params(WatchQuery), responses((status = 200, body = WatchView), (status = 403)))]
pub async fn watch(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(query): Query<WatchQuery>,
) -> Result<Json<WatchView>, Error> {
    Ok(Json(view::watch(&mut app.db.read(), &app, &visitor, &query).await?))
}

/// Frees a claim that nobody can act on, by asking those who stand in.
#[utoipa::path(post, path = "/api/v1/claims/{no}/repair", tag = "watch", operation_id = "repair", params(("no" = String, Path)), responses((status = 204), (status = 403), (status = 404), (status = 422)))]
pub async fn repair(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(number): Path<String>,
) -> Result<StatusCode, Error> {
    repair::repair(&app, &visitor, &number).await?;
    Ok(StatusCode::NO_CONTENT)
}
