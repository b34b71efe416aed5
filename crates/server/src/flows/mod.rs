//! Flows in the browser: the steps of a version, and the editor of a draft, card by card.

mod api;
mod conditions;
mod draft;
mod editor;
mod form;
mod fresh;
mod list;
mod options;
mod pages;
mod parts;
mod preview;
mod steps;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub use api::Api;
pub use words::{problem, problems};

use crate::app::App;

/// Pages and API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/flows/{entity}/{reference}/steps", get(steps::page))
        .route("/settings/flows/drafts/{id}", get(pages::list))
        .route(
            "/settings/flows/drafts/{id}/text",
            get(pages::text).post(pages::save_text),
        )
        .route(
            "/settings/flows/drafts/{id}/settings",
            get(pages::settings).post(pages::save_settings),
        )
        .route("/settings/flows/drafts/{id}/new", get(pages::new).post(pages::add))
        .route(
            "/settings/flows/drafts/{id}/step",
            get(pages::step).post(pages::save_step),
        )
        .route(
            "/settings/flows/drafts/{id}/branch",
            get(pages::branch).post(pages::save_branch),
        )
        .route("/api/v1/rules/drafts/{id}/flow", get(api::one).put(api::save))
        .route("/api/v1/rules/drafts/{id}/approvers", get(api::approvers))
}
