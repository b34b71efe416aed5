//! The inbox: what waits for somebody, what they decided, and deciding it.

mod amend;
mod api;
mod decide;
mod list;
mod pages;
mod peek;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub use amend::Api as AmendApi;
pub use api::Api;
pub use decide::{claim_of, colleague, decided};
pub use list::{InboxView, Names, Tab, TaskView, Wanted, inbox};

use crate::app::App;

/// The inbox and the decisions of its tasks.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/inbox", get(pages::inbox))
        .route("/inbox/peek/{number}", get(pages::peek))
        .route("/inbox/people", get(pages::people))
        .route("/tasks/{id}/{verdict}", post(pages::decide))
        .route("/tasks/{id}/amendment", post(amend::form))
        .route("/api/v1/tasks/{id}/amendment", post(amend::amend))
        .route("/api/v1/tasks", get(api::list))
        .route("/api/v1/tasks/{id}/approval", post(api::approve))
        .route("/api/v1/tasks/{id}/rejection", post(api::reject))
        .route("/api/v1/tasks/{id}/return", post(api::send_back))
        .route("/api/v1/tasks/{id}/transfer", post(api::transfer))
        .route("/api/v1/tasks/{id}/advice", post(api::ask_advice))
        .route("/api/v1/tasks/{id}/signers", post(api::add_signer))
        .route("/api/v1/tasks/{id}/taking-back", post(api::take_back))
        .route("/api/v1/approvals", post(api::approve_many))
        .route("/inbox/approvals", post(pages::approve_many))
}
