//! /api/v1/meters.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use outlay_core::ids::EntityId;
use serde::Deserialize;
use utoipa::OpenApi;

use super::view::{self, MeterView, NewRevenue};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::Body;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(paths(meters, set), components(schemas(MeterView, NewRevenue)))]
pub struct Api;

/// Which year.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    /// This year if absent.
    year: Option<i16>,
}

/// Where entities stand in a year with what they spend on hosting, for who writes their policies.
#[utoipa::path(get, path = "/api/v1/meters", tag = "rules", params(("year" = Option<i16>, Query, description = "This year if absent")), responses((status = 200, body = [MeterView])))]
pub async fn meters(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<MeterView>>, Error> {
    Ok(Json(view::list(&mut app.db.read(), &app, &visitor, wanted.year).await?))
}

/// Sets an entity's revenue of a year, from which its meter is reckoned.
#[utoipa::path(put, path = "/api/v1/entities/{entity}/revenue/{year}", tag = "rules", params(("entity" = String, Path), ("year" = i16, Path)), request_body = NewRevenue, responses((status = 204), (status = 403), (status = 404), (status = 422)))]
pub async fn set(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path((entity, year)): Path<(String, i16)>,
    Body(new): Body<NewRevenue>,
) -> Result<StatusCode, Error> {
    let entity: EntityId = entity.parse().map_err(|_| Error::NotFound("entity"))?;
    view::set(&app, &visitor, entity, year, &new.revenue).await?;
    Ok(StatusCode::NO_CONTENT)
}
