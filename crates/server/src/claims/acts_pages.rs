//! The forms of what people do on the run of a claim: recall, reminder, recipients, removal of a signer.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::Redirect;
use outlay_core::claim::Command;
use serde::Deserialize;

use super::api::command;
use crate::app::App;
use crate::auth::{Action, Visitor};
use crate::error::Error;
use crate::inbox::colleague;
use crate::shell::local;

/// What any of the forms sends.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActForm {
    to: String,
    comment: String,
    reason: String,
    /// The page to go on with, instead of the claim's.
    back: String,
}

/// POST /claims/{no}/recall, reminder, recipients and signer-removal.
pub async fn post(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path((no, act)): Path<(String, String)>,
    Form(form): Form<ActForm>,
) -> Result<Redirect, Error> {
    let org = app.org(&mut app.db.read()).await?;
    let (action, todo) = match act.as_str() {
        "recall" => (Action::WithdrawClaim, Command::Recall),
        "reminder" => (Action::WithdrawClaim, Command::Remind),
        "recipients" => {
            let to = vec![colleague(&org, &form.to)?];
            (
                Action::CommentClaim,
                Command::CopyTo {
                    to,
                    comment: form.comment,
                },
            )
        }
        "signer-removal" => {
            let who = colleague(&org, &form.to)?;
            (
                Action::DecideClaim,
                Command::RemoveSigner {
                    who,
                    reason: form.reason,
                },
            )
        }
        _ => return Err(Error::NotFound("page")),
    };
    command(&app, &visitor, &no, action, todo).await?;
    let own = format!("/claims/{no}");
    Ok(Redirect::to(if form.back.is_empty() {
        &own
    } else {
        local(&form.back, &own)
    }))
}
