//! /api/v1/rules/drafts/{id}/flow: a draft's flow as JSON, and who would approve a claim by it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use outlay_core::flow::Flow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::draft::{Change, Opened, change};
use super::preview::{PreviewPerson, PreviewStep, steps};
use super::words::Words;
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::{Body, W};

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(one, save, approvers),
    components(schemas(DraftFlow, PreviewStep, PreviewPerson))
)]
pub struct Api;

/// The flow of a draft.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftFlow {
    /// The draft's count of saves: what is saved must name the one that was seen.
    pub version: i64,
    /// The flow, with the keys of its YAML; a choice with a value is `{ "role": "finance" }`.
    #[schema(value_type = Object)]
    pub flow: Flow,
}

/// Which claim is looked at.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Looked {
    /// The claim's number.
    claim: String,
}

async fn read(app: &App, visitor: &Visitor, id: &str) -> Result<DraftFlow, Error> {
    let opened = Opened::load(app, visitor, id).await?;
    Ok(DraftFlow {
        version: opened.view.row.version,
        flow: opened.readable()?.clone(),
    })
}

/// The flow of a draft. Refused where its text cannot be read as a flow.
#[utoipa::path(get, path = "/api/v1/rules/drafts/{id}/flow", tag = "rules", operation_id = "draft_flow", params(("id" = String, Path)), responses((status = 200, body = DraftFlow), (status = 404), (status = 422)))]
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<DraftFlow>, Error> {
    Ok(Json(read(&app, &visitor, &id).await?))
}

/// Saves a flow into a draft; the rest of its text stays as it is written, comments too. What a flow may not be is refused with
/// the step and the mend, such as a step that no claim comes to.
#[utoipa::path(put, path = "/api/v1/rules/drafts/{id}/flow", tag = "rules", operation_id = "save_draft_flow", params(("id" = String, Path)), request_body = DraftFlow, responses((status = 200, body = DraftFlow), (status = 403), (status = 404), (status = 409), (status = 422)))]
pub async fn save(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(body): Body<DraftFlow>,
) -> Result<Json<DraftFlow>, Error> {
    let asked = Change {
        id: &id,
        version: body.version,
        effective_from: None,
    };
    change(&app, &visitor, asked, |flow, _| {
        *flow = body.flow;
        Ok(())
    })
    .await?;
    Ok(Json(read(&app, &visitor, &id).await?))
}

/// Who would approve a claim by the draft's flow today, step by step, with the reason for each person.
#[utoipa::path(get, path = "/api/v1/rules/drafts/{id}/approvers", tag = "rules", operation_id = "draft_approvers", params(("id" = String, Path), Looked), responses((status = 200, body = [PreviewStep]), (status = 404), (status = 422)))]
pub async fn approvers(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(looked): Query<Looked>,
) -> Result<Json<Vec<PreviewStep>>, Error> {
    let opened = Opened::load(&app, &visitor, &id).await?;
    let flow = opened.readable()?;
    let mut sql = app.db.read();
    let rules = app.rules(&mut sql).await?;
    let words = Words {
        w: W(visitor.lang),
        org: &opened.org,
        rules: &rules,
    };
    let found = steps(&mut sql, (&app, &visitor), flow, &words, looked.claim.trim()).await?;
    Ok(Json(found))
}
