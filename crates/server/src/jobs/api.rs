//! GET /api/v1/jobs, POST /api/v1/jobs/{id}/retry, POST /api/v1/jobs/retry.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::view::{self, JobCounts, JobView, JobsView, JobsWanted};
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::error::Error;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(list, retry, retry_all),
    components(schemas(JobsView, JobView, JobCounts, Retried))
)]
pub struct Api;

/// How many jobs were made ready again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Retried {
    /// So many.
    pub retried: u64,
}

/// Jobs of a state, newest first; the dead ones if none is named.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs", params(JobsWanted), responses((status = 200, body = JobsView), (status = 403)))]
pub async fn list(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(wanted): Query<JobsWanted>,
) -> Result<Json<JobsView>, Error> {
    let permit = visitor.permit(&app, Action::ManageJobs, &Resource::Outlay)?;
    Ok(Json(view::jobs(&mut app.db.read(), &permit, &wanted).await?))
}

/// Tries a dead job again.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/retry", tag = "jobs", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404, description = "no dead job of this id")))]
pub async fn retry(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<StatusCode, Error> {
    let permit = visitor.permit(&app, Action::ManageJobs, &Resource::Outlay)?;
    view::retry(&app.db, &permit, id).await?;
    app.live.wake();
    Ok(StatusCode::NO_CONTENT)
}

/// Tries all dead jobs again.
#[utoipa::path(post, path = "/api/v1/jobs/retry", tag = "jobs", responses((status = 200, body = Retried), (status = 403)))]
pub async fn retry_all(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<Retried>, Error> {
    let permit = visitor.permit(&app, Action::ManageJobs, &Resource::Outlay)?;
    let retried = view::retry_all(&app.db, &permit).await?;
    app.live.wake();
    Ok(Json(Retried { retried }))
}
