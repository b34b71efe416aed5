//! GET /api/v1/insights.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use utoipa::OpenApi;

use super::store;
use super::view::{By, Choice, Cost, InsightsView, MOST, Row, Series, Wanted, Whose};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;

/// The description of this address.
#[derive(OpenApi)]
#[openapi(
    paths(insights),
    components(schemas(InsightsView, Row, Series, Cost, Choice, By, Whose))
)]
pub struct Api;

/// Costs by customer, deal, department, category or month; of one entity, in its currency.
#[utoipa::path(get, path = "/api/v1/insights", tag = "insights", params(Wanted), responses((status = 200, body = InsightsView), (status = 403), (status = 422)))]
pub async fn insights(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(wanted): Query<Wanted>,
) -> Result<Json<InsightsView>, Error> {
    Ok(Json(
        store::insights(&mut app.db.read(), &app, &visitor, &wanted, MOST).await?,
    ))
}
