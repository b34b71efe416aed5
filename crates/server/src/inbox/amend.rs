//! An approver changes lines of a claim, as far as their step lets them.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Redirect;
use axum::{Form, Json};
use outlay_core::Money;
use outlay_core::claim::{Content, Problem};
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use super::api::Outcome;
use super::decide::{self, Verdict};
use crate::app::App;
use crate::auth::Visitor;
use crate::claims::money_problem;
use crate::error::Error;
use crate::shell::{Body, local};

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(paths(amend), components(schemas(Amendment, AmendedLine)))]
pub struct Api;

/// What an approver changes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    /// The hash of the content that was seen; another one is answered with 409.
    hash: String,
    /// Why; the claimant reads it.
    reason: String,
    /// The lines that change.
    lines: Vec<AmendedLine>,
}

/// A line that changes; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AmendedLine {
    /// Its id.
    id: String,
    /// Another category of the policy.
    category: Option<String>,
    /// A lower amount in the claim's currency, in plain decimals; the parts of the line follow in proportion.
    claimed: Option<String>,
    /// Input tax in the claim's currency; empty for none.
    tax: Option<String>,
    /// Another description.
    description: Option<String>,
}

/// The content with those lines changed.
fn changed(content: &Content, lines: &[AmendedLine]) -> Result<Content, Error> {
    let mut content = content.clone();
    let currency = content.currency;
    for (i, new) in lines.iter().enumerate() {
        let at = |field: &str| format!("lines[{i}].{field}");
        let money = |field: &str, text: &str| {
            Money::parse(text.trim(), currency).map_err(|e| Error::Invalid(vec![money_problem(&at(field), &e)]))
        };
        let line = content
            .lines
            .iter_mut()
            .find(|l| l.id.to_string() == new.id)
            .ok_or_else(|| Error::Invalid(vec![Problem::new(at("id"), "unknown")]))?;
        if let Some(category) = &new.category {
            line.category.clone_from(category);
        }
        if let Some(description) = &new.description {
            line.description.clone_from(description);
        }
        if let Some(tax) = &new.tax {
            line.tax = if tax.trim().is_empty() {
                None
            } else {
                Some(money("tax", tax)?)
            };
        }
        if let Some(claimed) = &new.claimed {
            let claimed = money("claimed", claimed)?;
            if claimed != line.claimed {
                let weights: Vec<u64> = line
                    .allocations
                    .iter()
                    .map(|a| u64::try_from(a.amount.minor).unwrap_or(0))
                    .collect();
                line.claimed = claimed;
                for (part, amount) in line.allocations.iter_mut().zip(claimed.split(&weights)) {
                    part.amount = amount;
                }
            }
        }
    }
    Ok(content)
}

async fn carry_out(app: &Arc<App>, visitor: &Visitor, id: &str, new: Amendment) -> Result<Outcome, Error> {
    let claim = decide::claim_of(&mut app.db.read(), id).await?;
    let verdict = Verdict::Amend {
        hash: new.hash,
        content: Box::new(changed(&claim.content, &new.lines)?),
        reason: new.reason,
    };
    Ok(decide::decide(app, visitor, id, verdict).await?.into())
}

/// Changes lines as far as the step lets its approvers (修改): amounts only downwards. A change of amount or kind voids all
/// approvals given.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/amendment", tag = "tasks", params(("id" = String, Path)), request_body = Amendment, responses((status = 200, body = Outcome), (status = 403, description = "the step may not change this"), (status = 404), (status = 409), (status = 422)))]
pub async fn amend(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(new): Body<Amendment>,
) -> Result<Json<Outcome>, Error> {
    Ok(Json(carry_out(&app, &visitor, &id, new).await?))
}

/// POST /tasks/{id}/amendment: `hash`, `reason`, and for lines `claimed.ID` and `tax.ID`.
pub async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Redirect, Error> {
    let one = |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let claim = decide::claim_of(&mut app.db.read(), &id).await?;
    let lines = claim.content.lines.iter().map(|line| AmendedLine {
        id: line.id.to_string(),
        claimed: one(&format!("claimed.{}", line.id)),
        tax: one(&format!("tax.{}", line.id)),
        ..AmendedLine::default()
    });
    let new = Amendment {
        hash: one("hash").unwrap_or_default(),
        reason: one("reason").unwrap_or_default(),
        lines: lines.collect(),
    };
    let outcome = carry_out(&app, &visitor, &id, new).await?;
    let own = format!("/claims/{}", outcome.claim());
    Ok(Redirect::to(local(&one("back").unwrap_or_default(), &own)))
}
