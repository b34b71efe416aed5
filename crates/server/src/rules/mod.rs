//! Rules on their way to a version: drafts, what is found before publishing, and the second person.

mod api;
mod beside;
mod draft;
mod golden;
mod pages;
mod panel;
mod shadow;
mod shadow_view;
mod text;
mod trial;
mod try_view;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};

pub use api::Api;
pub use draft::{
    Kind, NewDraft, RulesDraft, SavedDraft, State, ask, create, drop, publish, save, second_people, send_back,
};
pub use golden::{Golden, GoldenCase};
pub use panel::TrialPanel;
pub use shadow::{follow, run_along};
pub use trial::{Findings, Trial, job};
pub use view::{RulesDraftRow, RulesDraftView, permit, propose};

use crate::app::App;

/// Pages and API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/policies/drafts", post(pages::begin_policy))
        .route("/settings/policies/drafts/{id}/try", get(pages::one).post(pages::post))
        .route(
            "/settings/policies/drafts/{id}/try/panel",
            get(panel::get).post(panel::post),
        )
        .route(
            "/settings/policies/drafts/{id}/try/{no}",
            get(beside::one).post(beside::keep),
        )
        .route("/settings/flows/drafts", post(pages::begin_flow))
        .route("/settings/flows/drafts/{id}/try", get(pages::one).post(pages::post))
        .route(
            "/settings/flows/drafts/{id}/try/{no}",
            get(beside::one).post(beside::keep),
        )
        .route("/claims/{no}/golden-case", post(pages::keep_golden))
        .route("/api/v1/rules/drafts", get(api::list).post(api::create))
        .route(
            "/api/v1/rules/drafts/{id}",
            get(api::one).put(api::save).delete(api::drop),
        )
        .route("/api/v1/rules/drafts/{id}/trial", post(api::try_it))
        .route(
            "/api/v1/rules/drafts/{id}/shadow",
            post(api::run_along).delete(api::stop_running),
        )
        .route("/api/v1/rules/drafts/{id}/review", post(api::ask))
        .route("/api/v1/rules/drafts/{id}/return", post(api::send_back))
        .route("/api/v1/rules/drafts/{id}/publication", post(api::publish))
        .route("/api/v1/claims/{no}/golden-case", post(api::keep_golden))
        .route("/api/v1/entities/{entity}/golden-cases", get(api::golden))
        .route("/api/v1/golden-cases/{id}", delete(api::remove_golden))
}
