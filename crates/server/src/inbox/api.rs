//! GET /api/v1/tasks and the decisions of tasks.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use outlay_core::claim::{Claim, Place, Status};
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
    paths(
        list,
        approve,
        reject,
        send_back,
        transfer,
        ask_advice,
        add_signer,
        take_back,
        approve_many
    ),
    components(schemas(
        InboxView,
        Approval,
        Reason,
        SendingBack,
        Transfer,
        Signer,
        SignerPlace,
        Approvals,
        Picked,
        Approved,
        PickedEnd,
        Outcome
    ))
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

/// A rejection.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The hash of the content that was seen, if it is to be checked.
    hash: Option<String>,
    /// Why; the claimant reads it.
    reason: String,
}

/// A return.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendingBack {
    /// The hash of the content that was seen, if it is to be checked.
    hash: Option<String>,
    /// Why; whoever gets it back reads it.
    reason: String,
    /// The id of a step that was signed before; the claimant if absent.
    #[serde(default)]
    to: Option<String>,
    /// Whether it comes straight back to you, and what others signed stands; else all from there on sign again.
    #[serde(default)]
    straight: bool,
}

/// Somebody who signs, too.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// The hash of the content that was seen, if it is to be checked.
    hash: Option<String>,
    /// An active colleague: id, personnel number or mail address.
    to: String,
    /// When they sign.
    place: SignerPlace,
    /// Why.
    reason: String,
}

/// When an added signer signs.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignerPlace {
    /// Before you.
    Before,
    /// At the same time.
    Beside,
    /// After you.
    After,
}

impl From<SignerPlace> for Place {
    fn from(place: SignerPlace) -> Place {
        match place {
            SignerPlace::Before => Place::Before,
            SignerPlace::Beside => Place::Beside,
            SignerPlace::After => Place::After,
        }
    }
}

/// Several approvals at once, of one kind: the same step of the same flow, one currency.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// Which; at most 50.
    tasks: Vec<Picked>,
}

/// A task and what was seen of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Picked {
    /// The task's id.
    id: String,
    /// The hash of the content that was seen.
    hash: String,
}

/// What became of each.
#[derive(Debug, Serialize, ToSchema)]
pub struct Approved {
    /// How many were approved.
    count: usize,
    /// Each, in the order of the request.
    results: Vec<PickedEnd>,
}

/// What became of one of several.
#[derive(Debug, Serialize, ToSchema)]
pub struct PickedEnd {
    /// The task's id.
    id: String,
    /// The claim's number; none for a task that the visitor may not know of.
    claim: Option<String>,
    /// `approved`; or, where it was left as it was, `changed`, `other-kind`, `decided`, `not-yours`, or the code of another refusal.
    outcome: &'static str,
}

/// A transfer, or a request for advice.
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

impl Outcome {
    /// The claim's number.
    pub(super) fn claim(&self) -> &str {
        &self.claim
    }
}

impl From<Claim> for Outcome {
    fn from(claim: Claim) -> Outcome {
        Outcome {
            status: claim.status(),
            claim: claim.number,
        }
    }
}

async fn done(app: Arc<App>, visitor: Visitor, id: String, verdict: Verdict) -> Result<Json<Outcome>, Error> {
    let claim = decide::decide(&app, &visitor, &id, verdict).await?;
    Ok(Json(claim.into()))
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

/// Sends back to the claimant or to an earlier step (退回).
#[utoipa::path(post, path = "/api/v1/tasks/{id}/return", tag = "tasks", params(("id" = String, Path)), request_body = SendingBack, responses((status = 200, body = Outcome), (status = 404), (status = 409), (status = 422)))]
pub async fn send_back(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(SendingBack {
        hash,
        reason,
        to,
        straight,
    }): Body<SendingBack>,
) -> Result<Json<Outcome>, Error> {
    let verdict = Verdict::Return {
        hash,
        reason,
        to,
        straight,
    };
    done(app, visitor, id, verdict).await
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

/// Asks a colleague for advice and decides after it (委派).
#[utoipa::path(post, path = "/api/v1/tasks/{id}/advice", tag = "tasks", params(("id" = String, Path)), request_body = Transfer, responses((status = 200, body = Outcome), (status = 404), (status = 409), (status = 422)))]
pub async fn ask_advice(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(Transfer { hash, to, reason }): Body<Transfer>,
) -> Result<Json<Outcome>, Error> {
    done(app, visitor, id, Verdict::Advice { hash, to, reason }).await
}

/// Has a colleague sign, too (加签).
#[utoipa::path(post, path = "/api/v1/tasks/{id}/signers", tag = "tasks", params(("id" = String, Path)), request_body = Signer, responses((status = 200, body = Outcome), (status = 404), (status = 409), (status = 422)))]
pub async fn add_signer(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(Signer {
        hash,
        to,
        place,
        reason,
    }): Body<Signer>,
) -> Result<Json<Outcome>, Error> {
    let verdict = Verdict::Signer {
        hash,
        to,
        place: place.into(),
        reason,
    };
    done(app, visitor, id, verdict).await
}

/// Takes one's own approval back while nobody has acted after it (拿回).
#[utoipa::path(post, path = "/api/v1/tasks/{id}/taking-back", tag = "tasks", params(("id" = String, Path)), responses((status = 200, body = Outcome), (status = 404), (status = 409, description = "somebody has acted since")))]
pub async fn take_back(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<Outcome>, Error> {
    done(app, visitor, id, Verdict::TakeBack).await
}

/// Approves several tasks of one kind, each by itself: what cannot be approved is left as it was and told.
#[utoipa::path(post, path = "/api/v1/approvals", tag = "tasks", request_body = Approvals, responses((status = 200, body = Approved), (status = 422)))]
pub async fn approve_many(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(Approvals { tasks }): Body<Approvals>,
) -> Result<Json<Approved>, Error> {
    let picked: Vec<(String, String)> = tasks.into_iter().map(|t| (t.id, t.hash)).collect();
    let ended = decide::approve_many(&app, &visitor, &picked).await?;
    let results: Vec<PickedEnd> = ended
        .into_iter()
        .map(|e| PickedEnd {
            outcome: e.end.code(),
            id: e.task,
            claim: e.claim.map(|(number, _)| number),
        })
        .collect();
    Ok(Json(Approved {
        count: results.iter().filter(|r| r.outcome == "approved").count(),
        results,
    }))
}
