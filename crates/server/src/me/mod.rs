//! One's own profile: preferences, password, sessions.

mod api;
mod away;
mod pages;
mod store;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post, put};

pub use api::Api;
pub use away::Api as AwayApi;

use crate::app::App;

/// One's own profile.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/me", get(pages::me))
        .route("/me/preferences", post(pages::preferences))
        .route("/me/password", post(pages::password))
        .route("/me/sessions/end", post(pages::log_out_everywhere))
        .route("/me/away", get(away::page).post(away::post))
        .route("/me/away/{id}/end", post(away::end_form))
        .route("/api/v1/me/delegations", get(away::list).post(away::give))
        .route("/api/v1/me/delegations/{id}", delete(away::end))
        .route("/api/v1/me", get(api::me))
        .route("/api/v1/me/preferences", put(api::preferences))
        .route("/api/v1/me/password", post(api::password))
        .route("/api/v1/me/sessions", delete(api::log_out_everywhere))
}
