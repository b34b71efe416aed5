//! Personal tokens for the API: made, listed, revoked by their owner.

mod api;
mod pages;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};

pub use api::Api;

use crate::app::App;

/// Pages and API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/api", get(pages::list).post(pages::create))
        .route("/settings/api/{id}/revocation", post(pages::revoke))
        .route("/api/v1/tokens", get(api::list).post(api::create))
        .route("/api/v1/tokens/{id}", delete(api::revoke))
}
