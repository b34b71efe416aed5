//! Watching the approvals: how many wait where and how long, whether they keep their target, what hangs, which rules speak.

mod api;
mod pages;
mod repair;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub use api::Api;

use crate::app::App;

/// The page and the API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/watch", get(pages::page))
        .route("/settings/watch/{no}/repair", post(pages::repair))
        .route("/api/v1/watch", get(api::watch))
        .route("/api/v1/claims/{no}/repair", post(api::repair))
}
