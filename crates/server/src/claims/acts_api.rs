//! /api/v1/claims/{no}: recall, reminder, recipients, choices, signers.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use outlay_core::claim::{Claim, Command};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::api::command;
use crate::app::App;
use crate::auth::{Action, Visitor};
use crate::error::Error;
use crate::inbox::colleague;
use crate::shell::Body;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(recall, remind, copy_to, choose, remove_signer),
    components(schemas(Moved, Recipients, Chosen))
)]
pub struct Api;

/// A claim after an act.
#[derive(Debug, Serialize, ToSchema)]
pub struct Moved {
    /// Its number.
    claim: String,
    /// Its status.
    status: &'static str,
    /// How many events it has had.
    n: u32,
}

impl From<Claim> for Moved {
    fn from(claim: Claim) -> Moved {
        Moved {
            status: claim.status().code(),
            n: claim.n,
            claim: claim.number,
        }
    }
}

/// Who gets copies.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipients {
    /// Active colleagues: ids, personnel numbers or mail addresses.
    to: Vec<String>,
    /// Anything to say.
    #[serde(default)]
    comment: String,
}

/// Who signs a step that leaves it to the claimant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// The step's id in the flow in force.
    step: String,
    /// Active colleagues: ids, personnel numbers or mail addresses.
    people: Vec<String>,
}

/// Takes a claim back before anybody acted: it is a draft again (拿回).
#[utoipa::path(post, path = "/api/v1/claims/{no}/recall", tag = "claims", params(("no" = String, Path)), responses((status = 200, body = Moved), (status = 409, description = "Somebody has acted")))]
pub async fn recall(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(no): Path<String>,
) -> Result<Json<Moved>, Error> {
    let claim = command(&app, &visitor, &no, Action::WithdrawClaim, Command::Recall).await?;
    Ok(Json(claim.into()))
}

/// Reminds those asked (催办), at most every four hours.
#[utoipa::path(post, path = "/api/v1/claims/{no}/reminder", tag = "claims", params(("no" = String, Path)), responses((status = 200, body = Moved), (status = 422)))]
pub async fn remind(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(no): Path<String>,
) -> Result<Json<Moved>, Error> {
    let claim = command(&app, &visitor, &no, Action::WithdrawClaim, Command::Remind).await?;
    Ok(Json(claim.into()))
}

/// Sends copies (抄送): who gets one may read the claim.
#[utoipa::path(post, path = "/api/v1/claims/{no}/recipients", tag = "claims", params(("no" = String, Path)), request_body = Recipients, responses((status = 200, body = Moved), (status = 403), (status = 422)))]
pub async fn copy_to(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(no): Path<String>,
    Body(Recipients { to, comment }): Body<Recipients>,
) -> Result<Json<Moved>, Error> {
    let org = app.org(&mut app.db.read()).await?;
    let to = to.iter().map(|text| colleague(&org, text)).collect::<Result<_, _>>()?;
    let claim = command(
        &app,
        &visitor,
        &no,
        Action::CommentClaim,
        Command::CopyTo { to, comment },
    )
    .await?;
    Ok(Json(claim.into()))
}

/// Chooses who signs a step that leaves it to the claimant.
#[utoipa::path(post, path = "/api/v1/claims/{no}/choices", tag = "claims", params(("no" = String, Path)), request_body = Chosen, responses((status = 200, body = Moved), (status = 422)))]
pub async fn choose(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(no): Path<String>,
    Body(Chosen { step, people }): Body<Chosen>,
) -> Result<Json<Moved>, Error> {
    let org = app.org(&mut app.db.read()).await?;
    let people = people
        .iter()
        .map(|text| colleague(&org, text))
        .collect::<Result<_, _>>()?;
    let claim = command(
        &app,
        &visitor,
        &no,
        Action::SubmitClaim,
        Command::Choose { step, people },
    )
    .await?;
    Ok(Json(claim.into()))
}

/// Removes a signer whom one added and who has not signed (减签).
#[utoipa::path(delete, path = "/api/v1/claims/{no}/signers/{employee}", tag = "claims", params(("no" = String, Path), ("employee" = String, Path)), responses((status = 200, body = Moved), (status = 403)))]
pub async fn remove_signer(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path((no, employee)): Path<(String, String)>,
) -> Result<Json<Moved>, Error> {
    let org = app.org(&mut app.db.read()).await?;
    let who = colleague(&org, &employee)?;
    let todo = Command::RemoveSigner {
        who,
        reason: String::new(),
    };
    let claim = command(&app, &visitor, &no, Action::DecideClaim, todo).await?;
    Ok(Json(claim.into()))
}
