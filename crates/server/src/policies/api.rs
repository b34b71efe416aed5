//! /api/v1/policies and /api/v1/flows.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use outlay_core::ids::EntityId;
use utoipa::OpenApi;

use super::view::{self, Kind, NewFlow, NewPolicy, VersionRow, VersionView};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::rules::RulesDraftView;
use crate::shell::Body;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(policies, policy, publish_policy, flows, flow, publish_flow),
    components(schemas(VersionRow, VersionView, NewPolicy, NewFlow))
)]
pub struct Api;

/// Versions of policies by entity, the last first.
#[utoipa::path(get, path = "/api/v1/policies", tag = "rules", responses((status = 200, body = [VersionRow])))]
pub async fn policies(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<Vec<VersionRow>>, Error> {
    Ok(Json(view::list(&mut app.db.read(), Kind::Policy, visitor.lang).await?))
}

/// A version of a policy with its text.
#[utoipa::path(get, path = "/api/v1/policies/{reference}", tag = "rules", params(("reference" = String, Path, description = "ID@VERSION")), responses((status = 200, body = VersionView), (status = 404)))]
pub async fn policy(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(reference): Path<String>,
) -> Result<Json<VersionView>, Error> {
    let found = view::one(&mut app.db.read(), Kind::Policy, None, &reference, visitor.lang).await?;
    Ok(Json(found))
}

/// Makes a draft of a whole policy and asks for review: a second person publishes it.
#[utoipa::path(post, path = "/api/v1/policies", tag = "rules", request_body = NewPolicy, responses((status = 202, body = RulesDraftView), (status = 403), (status = 422)))]
pub async fn publish_policy(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(new): Body<NewPolicy>,
) -> Result<impl IntoResponse, Error> {
    let id = view::propose_policy(&app, &visitor, &new).await?;
    let made = RulesDraftView::of(&app, &visitor, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(made)))
}

/// Versions of flows by entity, the last first.
#[utoipa::path(get, path = "/api/v1/flows", tag = "rules", responses((status = 200, body = [VersionRow])))]
pub async fn flows(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<Vec<VersionRow>>, Error> {
    Ok(Json(view::list(&mut app.db.read(), Kind::Flow, visitor.lang).await?))
}

/// A version of an entity's flow with its text.
#[utoipa::path(get, path = "/api/v1/entities/{entity}/flows/{reference}", tag = "rules", params(("entity" = String, Path), ("reference" = String, Path, description = "ID@VERSION")), responses((status = 200, body = VersionView), (status = 404)))]
pub async fn flow(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path((entity, reference)): Path<(String, String)>,
) -> Result<Json<VersionView>, Error> {
    let entity: EntityId = entity.parse().map_err(|_| Error::NotFound("entity"))?;
    let found = view::one(&mut app.db.read(), Kind::Flow, Some(entity), &reference, visitor.lang).await?;
    Ok(Json(found))
}

/// Makes a draft of a whole flow and asks for review: a second person publishes it.
#[utoipa::path(post, path = "/api/v1/flows", tag = "rules", request_body = NewFlow, responses((status = 202, body = RulesDraftView), (status = 403), (status = 422)))]
pub async fn publish_flow(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(new): Body<NewFlow>,
) -> Result<impl IntoResponse, Error> {
    let id = view::propose_flow(&app, &visitor, &new).await?;
    let made = RulesDraftView::of(&app, &visitor, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(made)))
}
