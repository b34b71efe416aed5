//! /api/v1/rules/drafts.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use super::draft::{self, Kind, NewDraft, SavedDraft};
use super::golden::{self, GoldenCase, NewGolden};
use super::shadow;
use super::shadow_view::{ShadowClaim, ShadowView};
use super::view::{self, RulesDraftRow, RulesDraftView, TrialView};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::Body;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(
        list,
        create,
        one,
        save,
        drop,
        try_it,
        ask,
        send_back,
        publish,
        run_along,
        stop_running,
        golden,
        keep_golden,
        remove_golden
    ),
    components(schemas(
        RulesDraftRow,
        RulesDraftView,
        TrialView,
        ShadowView,
        ShadowClaim,
        NewDraft,
        SavedDraft,
        SentBack,
        Period,
        Kind,
        draft::State,
        GoldenCase,
        NewGolden
    ))
)]
pub struct Api;

/// Why a draft goes back.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SentBack {
    /// Why.
    pub reason: String,
}

/// The period that a draft is tried on.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Period {
    /// The first day; a year before `to` if absent.
    #[schema(value_type = Option<String>, format = "date")]
    pub from: Option<Date>,
    /// The last day; today if absent.
    #[schema(value_type = Option<String>, format = "date")]
    pub to: Option<Date>,
}

/// Drafts that may still become a version, the one saved last first.
#[utoipa::path(get, path = "/api/v1/rules/drafts", tag = "rules-drafts", operation_id = "list", responses((status = 200, body = [RulesDraftRow])))]
pub async fn list(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<Vec<RulesDraftRow>>, Error> {
    Ok(Json(RulesDraftRow::list(&app, &visitor).await?))
}

/// Begins a draft from a published version, or from a text. An older version makes a draft that goes back to it.
#[utoipa::path(post, path = "/api/v1/rules/drafts", tag = "rules-drafts", operation_id = "create", request_body = NewDraft, responses((status = 201, body = RulesDraftView), (status = 403), (status = 422)))]
pub async fn create(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(new): Body<NewDraft>,
) -> Result<(StatusCode, Json<RulesDraftView>), Error> {
    let permit = view::permit(&app, &visitor, new.entity)?;
    let id = draft::create(&app, permit, new).await?;
    Ok((
        StatusCode::CREATED,
        Json(RulesDraftView::of(&app, &visitor, &id).await?),
    ))
}

/// A draft with its text and what is wrong with it.
#[utoipa::path(get, path = "/api/v1/rules/drafts/{id}", tag = "rules-drafts", operation_id = "one", params(("id" = String, Path)), responses((status = 200, body = RulesDraftView), (status = 404)))]
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<RulesDraftView>, Error> {
    Ok(Json(RulesDraftView::of(&app, &visitor, &id).await?))
}

/// Saves a draft's text; what is wrong with it is told, not refused. A draft in review is being written again.
#[utoipa::path(put, path = "/api/v1/rules/drafts/{id}", tag = "rules-drafts", operation_id = "save", params(("id" = String, Path)), request_body = SavedDraft, responses((status = 200, body = RulesDraftView), (status = 403), (status = 404), (status = 409)))]
pub async fn save(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(saved): Body<SavedDraft>,
) -> Result<Json<RulesDraftView>, Error> {
    let (_, permit) = view::mine(&app, &visitor, &id).await?;
    draft::save(&app, permit, &id, saved).await?;
    Ok(Json(RulesDraftView::of(&app, &visitor, &id).await?))
}

/// Gives a draft up.
#[utoipa::path(delete, path = "/api/v1/rules/drafts/{id}", tag = "rules-drafts", operation_id = "drop", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404), (status = 409)))]
pub async fn drop(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<StatusCode, Error> {
    let (_, permit) = view::mine(&app, &visitor, &id).await?;
    draft::drop(&app, permit, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a draft on past claims: they are replayed under it as a job, and what was found is in the draft's `trial` then.
#[utoipa::path(post, path = "/api/v1/rules/drafts/{id}/trial", tag = "rules-drafts", operation_id = "try", params(("id" = String, Path)), request_body = Period, responses((status = 202, body = RulesDraftView), (status = 403), (status = 404), (status = 422)))]
pub async fn try_it(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(period): Body<Period>,
) -> Result<(StatusCode, Json<RulesDraftView>), Error> {
    view::try_it(&app, &visitor, &id, period.from, period.to).await?;
    Ok((
        StatusCode::ACCEPTED,
        Json(RulesDraftView::of(&app, &visitor, &id).await?),
    ))
}

/// Asks a second person to publish the draft. Past claims are replayed under it, unless they have been.
#[utoipa::path(post, path = "/api/v1/rules/drafts/{id}/review", tag = "rules-drafts", operation_id = "ask", params(("id" = String, Path)), responses((status = 200, body = RulesDraftView), (status = 403), (status = 404), (status = 409), (status = 422)))]
pub async fn ask(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<RulesDraftView>, Error> {
    let (_, permit) = view::mine(&app, &visitor, &id).await?;
    draft::ask(&app, permit, &id).await?;
    Ok(Json(RulesDraftView::of(&app, &visitor, &id).await?))
}

/// Sends a draft in review back to its authors.
#[utoipa::path(post, path = "/api/v1/rules/drafts/{id}/return", tag = "rules-drafts", operation_id = "return", params(("id" = String, Path)), request_body = SentBack, responses((status = 200, body = RulesDraftView), (status = 403), (status = 404), (status = 409), (status = 422)))]
pub async fn send_back(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(back): Body<SentBack>,
) -> Result<Json<RulesDraftView>, Error> {
    let (_, permit) = view::mine(&app, &visitor, &id).await?;
    draft::send_back(&app, permit, &id, back.reason).await?;
    Ok(Json(RulesDraftView::of(&app, &visitor, &id).await?))
}

/// Publishes a draft in review as the next version. Nobody who wrote in it may.
#[utoipa::path(post, path = "/api/v1/rules/drafts/{id}/publication", tag = "rules-drafts", operation_id = "publish", params(("id" = String, Path)), responses((status = 201, body = RulesDraftView), (status = 403), (status = 404), (status = 409), (status = 422)))]
pub async fn publish(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<RulesDraftView>), Error> {
    let (_, permit) = view::mine(&app, &visitor, &id).await?;
    draft::publish(&app, permit, &id).await?;
    Ok((
        StatusCode::CREATED,
        Json(RulesDraftView::of(&app, &visitor, &id).await?),
    ))
}

/// Has a draft run along: whatever is submitted from now on is decided under it, too, without effect, and what differs is in the
/// draft's `shadow`. It begins anew where it runs already, and whenever the draft is saved.
#[utoipa::path(post, path = "/api/v1/rules/drafts/{id}/shadow", tag = "rules-drafts", operation_id = "run_along", params(("id" = String, Path)), responses((status = 201, body = RulesDraftView), (status = 403), (status = 404), (status = 409), (status = 422)))]
pub async fn run_along(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<RulesDraftView>), Error> {
    let (draft, permit) = view::mine(&app, &visitor, &id).await?;
    shadow::begin(&app, permit, draft).await?;
    Ok((
        StatusCode::CREATED,
        Json(RulesDraftView::of(&app, &visitor, &id).await?),
    ))
}

/// Ends that a draft runs along; what was found is dropped.
#[utoipa::path(delete, path = "/api/v1/rules/drafts/{id}/shadow", tag = "rules-drafts", operation_id = "stop_running", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub async fn stop_running(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    let (draft, permit) = view::mine(&app, &visitor, &id).await?;
    shadow::end(&app, permit, draft).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The golden cases of an entity: decisions that must come out as they did under whatever is published next.
#[utoipa::path(get, path = "/api/v1/entities/{entity}/golden-cases", tag = "rules-drafts", operation_id = "golden", params(("entity" = String, Path)), responses((status = 200, body = [GoldenCase]), (status = 404)))]
pub async fn golden(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(entity): Path<String>,
) -> Result<Json<Vec<GoldenCase>>, Error> {
    let entity = entity.parse().map_err(|_| Error::NotFound("entity"))?;
    if !view::may_read(&app, &visitor, entity) {
        return Err(Error::NotFound("entity"));
    }
    Ok(Json(golden::list(&mut app.db.read(), entity).await?))
}

/// Keeps a decision on a claim as its golden case: one for each claim, the one before is replaced.
#[utoipa::path(post, path = "/api/v1/claims/{no}/golden-case", tag = "rules-drafts", operation_id = "keep_golden", params(("no" = String, Path)), request_body = NewGolden, responses((status = 201, body = [GoldenCase]), (status = 403), (status = 404), (status = 422)))]
pub async fn keep_golden(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(number): Path<String>,
    Body(new): Body<NewGolden>,
) -> Result<(StatusCode, Json<Vec<GoldenCase>>), Error> {
    let entity = view::keep_golden(&app, &visitor, &number, new).await?;
    Ok((
        StatusCode::CREATED,
        Json(golden::list(&mut app.db.read(), entity).await?),
    ))
}

/// Lets a golden case go.
#[utoipa::path(delete, path = "/api/v1/golden-cases/{id}", tag = "rules-drafts", operation_id = "remove_golden", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub async fn remove_golden(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    view::remove_golden(&app, &visitor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
