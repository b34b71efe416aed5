//! /settings, and the policies of rights to read and to ask.

mod rights;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::get;

pub use rights::Api;

use crate::app::App;
use crate::auth::{Action, Resource, Visitor};

/// Pages and API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings", get(index))
        .route("/settings/rights", get(rights::page))
        .route("/api/v1/rights", get(rights::text))
        .route("/api/v1/rights/explanation", get(rights::explanation))
}

/// GET /settings: the first page that the reader may see.
async fn index(State(app): State<Arc<App>>, visitor: Visitor) -> Redirect {
    let may = |action| app.rights.may(&visitor.person, action, &Resource::Outlay);
    Redirect::to(if may(Action::ManagePeople) {
        "/settings/people"
    } else if may(Action::ReadSettings) {
        "/settings/policies"
    } else {
        "/settings/api"
    })
}
