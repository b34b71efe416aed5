//! Connections to CRMs: setting one up, reading it, watching it, comparing it whole.

pub mod api;
pub mod connection;
pub mod dead;
pub mod first;
pub mod hooks;
pub mod mapping;
pub mod objects;
mod pages;
pub mod probe;
pub mod pull;
pub mod reconcile;
pub mod usage;
pub mod users;
pub mod view;
mod writing;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::App;

pub use connection::Connection;
pub use pull::{PullReport, pull};

/// The pages and the API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .merge(pages::routes())
        .route(
            "/hooks/{id}",
            post(hooks::deliver).layer(DefaultBodyLimit::max(hooks::MAX_BODY)),
        )
        .merge(mapping::routes())
        .merge(users::routes())
        .route("/api/v1/connection-kinds", get(api::kinds))
        .route("/api/v1/connections", get(api::list).post(api::create))
        .route("/api/v1/connections/{id}", get(api::one).put(api::replace))
        .route("/api/v1/connections/{id}/test", post(api::test))
        .route("/api/v1/connections/{id}/pull", post(api::pull_now))
        .route("/api/v1/connections/{id}/retries", post(api::retry))
        .route("/api/v1/connections/{id}/reconcile", post(api::reconcile_now))
        .route("/api/v1/connections/{id}/reconcile/archive", post(api::archive))
        .route(
            "/api/v1/connections/{id}/pause",
            post(api::pause_it).delete(api::resume),
        )
}
