//! GET /api/v1/tasks and the decisions of tasks.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use outlay_core::claim::Status;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::decide::{self, Verdict};
use super::list::{self, InboxView, Wanted};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::Body;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(list, approve, reject, send_back, transfer),
    components(schemas(InboxView, Approval, Reason, Transfer, Outcome))
)]
pub struct Api;

/// An approval.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The hash of the content that was seen; another one is answered with 409.
    hash: String,
    /// Anything to say.
    #[serde(default)]
    comment: String,
}

/// A rejection or a return.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The hash of the content that was seen, if it is to be checked.
    hash: Option<String>,
    /// Why; the claimant reads it.
    reason: String,
}

/// A transfer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// The hash of the content that was seen, if it is to be checked.
    hash: Option<String>,
    /// An active colleague: id, personnel number or mail address.
    to: String,
    /// Why.
    reason: String,
}

/// The claim after a decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct Outcome {
    /// Its number.
    claim: String,
    /// Its status.
    #[schema(value_type = String)]
    status: Status,
}

/// The visitor's tasks, page by page.
#[utoipa::path(get, path = "/api/v1/tasks", tag = "tasks", params(Wanted), responses((status = 200, body = InboxView)))]
pub async fn list(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(wanted): Query<Wanted>,
) -> Result<Json<InboxView>, Error> {
    Ok(Json(list::inbox(&mut app.db.read(), &app, &visitor, &wanted).await?))
}

async fn done(app: Arc<App>, visitor: Visitor, id: String, verdict: Verdict) -> Result<Json<Outcome>, Error> {
    let claim = decide::decide(&app, &visitor, &id, verdict).await?;
    Ok(Json(Outcome {
        status: claim.status(),
        claim: claim.number,
    }))
}

/// Approves (同意).
#[utoipa::path(post, path = "/api/v1/tasks/{id}/approval", tag = "tasks", params(("id" = String, Path)), request_body = Approval, responses((status = 200, body = Outcome), (status = 404), (status = 409, description = "decided by somebody else, or the content changed")))]
pub async fn approve(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(Approval { hash, comment }): Body<Approval>,
) -> Result<Json<Outcome>, Error> {
    done(app, visitor, id, Verdict::Approve { hash, comment }).await
}

/// Rejects for good (拒绝).
#[utoipa::path(post, path = "/api/v1/tasks/{id}/rejection", tag = "tasks", params(("id" = String, Path)), request_body = Reason, responses((status = 200, body = Outcome), (status = 404), (status = 409), (status = 422)))]
pub async fn reject(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(Reason { hash, reason }): Body<Reason>,
) -> Result<Json<Outcome>, Error> {
    done(app, visitor, id, Verdict::Reject { hash, reason }).await
}

/// Sends back to the claimant (退回).
#[utoipa::path(post, path = "/api/v1/tasks/{id}/return", tag = "tasks", params(("id" = String, Path)), request_body = Reason, responses((status = 200, body = Outcome), (status = 404), (status = 409), (status = 422)))]
pub async fn send_back(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(Reason { hash, reason }): Body<Reason>,
) -> Result<Json<Outcome>, Error> {
    done(app, visitor, id, Verdict::Return { hash, reason }).await
}

/// Gives to a colleague (转交).
#[utoipa::path(post, path = "/api/v1/tasks/{id}/transfer", tag = "tasks", params(("id" = String, Path)), request_body = Transfer, responses((status = 200, body = Outcome), (status = 404), (status = 409), (status = 422)))]
pub async fn transfer(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(Transfer { hash, to, reason }): Body<Transfer>,
) -> Result<Json<Outcome>, Error> {
    done(app, visitor, id, Verdict::Transfer { hash, to, reason }).await
}
