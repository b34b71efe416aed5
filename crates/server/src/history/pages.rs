//! /claims/{no}/why and /api/v1/claims/{no}/decisions: why a claim went the way it went.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Html;
use outlay_core::claim::Claim;
use utoipa::OpenApi;

use super::replay::Same;
use super::view::{self, AskedView, CellView, DecisionView, FactView, OutcomeView, PersonWhy, RowView};
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::claims::allowed;
use crate::error::Error;
use crate::shell::{Frame, W, page};

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(decisions),
    components(schemas(DecisionView, OutcomeView, RowView, CellView, AskedView, PersonWhy, FactView, Same))
)]
pub struct Api;

#[derive(Template)]
#[template(path = "pages/claim-why.html")]
struct WhyPage {
    f: Frame,
    claim: Claim,
    decisions: Vec<DecisionView>,
    may_keep: bool,
}

/// GET /claims/{no}/why.
pub async fn why(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(number): Path<String>,
) -> Result<Html<String>, Error> {
    let (claim, _) = allowed(&app, &visitor, &number, Action::ReadClaim).await?;
    let mut sql = app.db.read();
    let entity = Resource::Entity(claim.content.entity);
    page(&WhyPage {
        decisions: view::decisions(&mut sql, &app, W(visitor.lang), &visitor.zone, &claim).await?,
        may_keep: app.rights.may(&visitor.person, Action::ManagePolicies, &entity),
        f: Frame::load(&mut sql, &app, &visitor, &headers, "claims").await?,
        claim,
    })
}

/// The decisions on a claim, the last first: by which versions, what they found and whom they asked, and whether deciding it
/// again gives the same bytes.
#[utoipa::path(get, path = "/api/v1/claims/{no}/decisions", tag = "claims", operation_id = "decisions", params(("no" = String, Path, description = "The number, such as BX2611-0187")), responses((status = 200, body = [DecisionView]), (status = 404)))]
pub async fn decisions(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(number): Path<String>,
) -> Result<Json<Vec<DecisionView>>, Error> {
    let (claim, _) = allowed(&app, &visitor, &number, Action::ReadClaim).await?;
    let mut sql = app.db.read();
    Ok(Json(
        view::decisions(&mut sql, &app, W(visitor.lang), &visitor.zone, &claim).await?,
    ))
}
