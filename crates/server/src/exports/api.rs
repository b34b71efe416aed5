//! Scheduled exports for programs.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::plan::{self, NewExport};
use super::run::{self, Written};
use super::view::{self, ScheduledExportRunView, ScheduledExportView, ScheduledExportsView};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::folders::may;
use crate::import::Format;
use crate::shell::{Body, W};

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(list, create, one, change, remove, run_now, pause, resume),
    components(schemas(
        ScheduledExportsView,
        ScheduledExportView,
        ScheduledExportRunView,
        Written,
        Format,
        NewExport,
        MadeExport
    ))
)]
pub struct Api;

/// What was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeExport {
    /// Its id.
    pub id: String,
}

/// All scheduled exports.
#[utoipa::path(get, path = "/api/v1/scheduled-exports", tag = "scheduled-exports", operation_id = "list", responses((status = 200, body = ScheduledExportsView), (status = 403)))]
pub async fn list(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<ScheduledExportsView>, Error> {
    Ok(Json(view::all(&app, &visitor, W(visitor.lang)).await?))
}

/// Sets up an export, written by the rights of whoever asks this.
#[utoipa::path(post, path = "/api/v1/scheduled-exports", tag = "scheduled-exports", operation_id = "create", request_body = NewExport, responses((status = 201, body = MadeExport), (status = 403), (status = 422)))]
pub async fn create(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(new): Body<NewExport>,
) -> Result<(StatusCode, Json<MadeExport>), Error> {
    let id = view::create(&app, &visitor, new).await?;
    Ok((StatusCode::CREATED, Json(MadeExport { id })))
}

/// One scheduled export.
#[utoipa::path(get, path = "/api/v1/scheduled-exports/{id}", tag = "scheduled-exports", operation_id = "one", params(("id" = String, Path)), responses((status = 200, body = ScheduledExportView), (status = 403), (status = 404)))]
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<ScheduledExportView>, Error> {
    Ok(Json(view::one(&app, &visitor, &id, W(visitor.lang)).await?))
}

/// Gives an export other settings; from now on it is written by the rights of whoever asks this, and due at its next time.
#[utoipa::path(put, path = "/api/v1/scheduled-exports/{id}", tag = "scheduled-exports", operation_id = "change", params(("id" = String, Path)), request_body = NewExport, responses((status = 204), (status = 403), (status = 404), (status = 422)))]
pub async fn change(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(new): Body<NewExport>,
) -> Result<StatusCode, Error> {
    view::change(&app, &visitor, id, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Exports no longer; what was written stays.
#[utoipa::path(delete, path = "/api/v1/scheduled-exports/{id}", tag = "scheduled-exports", operation_id = "remove", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    plan::remove(&app, may(&app, &visitor)?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Writes an export now, beside its times, and answers with it when it is written.
#[utoipa::path(post, path = "/api/v1/scheduled-exports/{id}/run", tag = "scheduled-exports", operation_id = "run", params(("id" = String, Path)), responses((status = 200, body = ScheduledExportView), (status = 403), (status = 404), (status = 409)))]
pub async fn run_now(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<ScheduledExportView>, Error> {
    view::may_run(&app, &visitor, &id).await?;
    run::run_now(&app, &id).await?;
    Ok(Json(view::one(&app, &visitor, &id, W(visitor.lang)).await?))
}

/// Leaves an export alone.
#[utoipa::path(post, path = "/api/v1/scheduled-exports/{id}/pause", tag = "scheduled-exports", operation_id = "pause", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub async fn pause(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<StatusCode, Error> {
    plan::pause(&app, may(&app, &visitor)?, id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an export up again, from its next time on.
#[utoipa::path(delete, path = "/api/v1/scheduled-exports/{id}/pause", tag = "scheduled-exports", operation_id = "resume", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub async fn resume(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    plan::pause(&app, may(&app, &visitor)?, id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
