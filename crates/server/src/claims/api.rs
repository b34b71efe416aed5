//! Claims as JSON: what the pages do, for programs.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use outlay_core::claim::{Claim, Command};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::list::{ClaimList, ListQuery, list as list_of};
use super::view::{ClaimView, claim_view};
use super::{begin, input::ClaimInput};
use super::{edit, store};
use crate::app::App;
use crate::auth::{Action, Permit, Resource, Visitor};
use crate::error::Error;
use crate::evidence::veil;
use crate::shell::Body;

/// The claims part of the API.
#[derive(OpenApi)]
#[openapi(
    paths(list, one, new, put, submit, withdraw, comment, copy),
    components(schemas(ClaimView, ClaimInput, NewClaim, EditedClaim, Reason, Comment, Made))
)]
pub struct Api;

/// What a claim begins from: at most one of the records, or a whole content.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewClaim {
    /// A deal's id.
    pub deal: Option<String>,
    /// A customer's id.
    pub account: Option<String>,
    /// A visit's id.
    pub activity: Option<String>,
    /// Documents that become lines.
    pub documents: Vec<String>,
    /// What it says; the rest is filled from the record.
    pub content: Option<ClaimInput>,
}

/// A whole content in place of what the draft says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditedClaim {
    /// The `n` of the claim as it was read; another one by now is refused with 409.
    pub n: u32,
    /// What it says.
    pub content: ClaimInput,
}

/// Why something is done.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reason {
    /// In the person's own words.
    pub reason: String,
}

/// Something said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// What.
    pub text: String,
}

/// A claim that was made or changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Made {
    /// Its id.
    pub id: String,
    /// The number people use.
    pub number: String,
    /// How many events it has had.
    pub n: u32,
    /// `draft`, `in_review` …
    pub status: &'static str,
}

impl From<&Claim> for Made {
    fn from(claim: &Claim) -> Self {
        Made {
            id: claim.id.to_string(),
            number: claim.number.clone(),
            n: claim.n,
            status: claim.status().code(),
        }
    }
}

/// The claim `no` with a permit for `action`; a claim that the visitor may not read does not exist for them.
pub async fn allowed(app: &App, visitor: &Visitor, no: &str, action: Action) -> Result<(Claim, Permit), Error> {
    let claim = store::by_number(&mut app.db.read(), no).await?;
    let facts = store::facts(&claim);
    let resource = Resource::Claim(&facts);
    if !app.rights.may(&visitor.person, Action::ReadClaim, &resource) {
        return Err(Error::NotFound("claim"));
    }
    let permit = visitor.permit(app, action, &resource)?;
    Ok((claim, permit))
}

/// Claims that you may read, the last changed first.
#[utoipa::path(get, path = "/api/v1/claims", tag = "claims", params(ListQuery), responses((status = 200, body = ClaimList)))]
pub async fn list(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(query): Query<ListQuery>,
) -> Result<Json<ClaimList>, Error> {
    Ok(Json(list_of(&mut app.db.read(), &app, &visitor, &query).await?))
}

/// A claim with all that is known of it.
#[utoipa::path(get, path = "/api/v1/claims/{no}", tag = "claims", params(("no" = String, Path, description = "The number, such as BX2611-0187")), responses((status = 200, body = ClaimView), (status = 404)))]
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(no): Path<String>,
) -> Result<Json<ClaimView>, Error> {
    let (claim, _) = allowed(&app, &visitor, &no, Action::ReadClaim).await?;
    Ok(Json(claim_view(&mut app.db.read(), &app, &visitor, &claim).await?))
}

/// Begins a draft for yourself, filled from a CRM record, with lines from documents or a whole content.
#[utoipa::path(post, path = "/api/v1/claims", tag = "claims", request_body = NewClaim, responses((status = 201, body = Made), (status = 409), (status = 422)))]
pub async fn new(State(app): State<Arc<App>>, visitor: Visitor, Body(new): Body<NewClaim>) -> Result<Response, Error> {
    let start = begin::start(new.deal.as_deref(), new.account.as_deref(), new.activity.as_deref())?;
    let claim = begin::begin(&app, &visitor, start, &new.documents, new.content).await?;
    let at = format!("/api/v1/claims/{}", claim.number);
    Ok((
        StatusCode::CREATED,
        [(axum::http::header::LOCATION, at)],
        Json(Made::from(&claim)),
    )
        .into_response())
}

/// Replaces what a draft or returned claim says.
#[utoipa::path(put, path = "/api/v1/claims/{no}", tag = "claims", params(("no" = String, Path)), request_body = EditedClaim, responses((status = 200, body = Made), (status = 409, description = "Changed meanwhile, or an invoice is used elsewhere"), (status = 422, description = "Fields that cannot be accepted, each by its path")))]
pub async fn put(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(no): Path<String>,
    Body(edited): Body<EditedClaim>,
) -> Result<Json<Made>, Error> {
    let (claim, permit) = allowed(&app, &visitor, &no, Action::EditClaim).await?;
    let done = edit::edit(&app, &permit, &visitor.person, claim.id, edited.n, edited.content).await;
    match done {
        Ok(claim) => Ok(Json(Made::from(&claim))),
        Err(error) => Err(veil(&app, &visitor.person, error).await),
    }
}

/// Carries a command out for its route.
pub async fn command(
    app: &Arc<App>,
    visitor: &Visitor,
    no: &str,
    action: Action,
    command: Command,
) -> Result<Claim, Error> {
    let (claim, permit) = allowed(app, visitor, no, action).await?;
    match super::act(app, &permit, claim.id, command).await {
        Ok(claim) => Ok(claim),
        Err(error) => Err(veil(app, &visitor.person, error).await),
    }
}

/// Hands a claim in.
#[utoipa::path(post, path = "/api/v1/claims/{no}/submission", tag = "claims", params(("no" = String, Path)), responses((status = 200, body = Made), (status = 409), (status = 422, description = "Blocked by the policy, incomplete, or nobody may approve it")))]
pub async fn submit(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(no): Path<String>,
) -> Result<Json<Made>, Error> {
    let claim = command(&app, &visitor, &no, Action::SubmitClaim, Command::Submit).await?;
    Ok(Json(Made::from(&claim)))
}

/// Takes a claim back, or discards a draft. Its invoices are free again.
#[utoipa::path(post, path = "/api/v1/claims/{no}/withdrawal", tag = "claims", params(("no" = String, Path)), request_body = Reason, responses((status = 200, body = Made), (status = 409)))]
pub async fn withdraw(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(no): Path<String>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Json<Made>, Error> {
    let claim = command(&app, &visitor, &no, Action::WithdrawClaim, Command::Withdraw { reason }).await?;
    Ok(Json(Made::from(&claim)))
}

/// Says something about a claim.
#[utoipa::path(post, path = "/api/v1/claims/{no}/comments", tag = "claims", params(("no" = String, Path)), request_body = Comment, responses((status = 200, body = Made), (status = 422)))]
pub async fn comment(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(no): Path<String>,
    Body(Comment { text }): Body<Comment>,
) -> Result<Json<Made>, Error> {
    let claim = command(&app, &visitor, &no, Action::CommentClaim, Command::Comment { text }).await?;
    Ok(Json(Made::from(&claim)))
}

/// Begins a draft like a claim of yours. Documents come along if that claim no longer holds them.
#[utoipa::path(post, path = "/api/v1/claims/{no}/copy", tag = "claims", params(("no" = String, Path)), responses((status = 201, body = Made)))]
pub async fn copy(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(no): Path<String>,
) -> Result<(StatusCode, Json<Made>), Error> {
    let claim = begin::copy(&app, &visitor, &no).await?;
    Ok((StatusCode::CREATED, Json(Made::from(&claim))))
}
