//! Evidence: invoices and receipts. Structured ones are read, others are kept unread; the bytes lie sealed.

mod api;
mod incoming;
mod line;
mod pages;
pub mod store;
pub mod take;
pub mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

pub use api::Api;
pub use line::line;
pub use take::{free, take, veil};

use crate::app::App;

/// Pages and API.
pub fn routes() -> Router<Arc<App>> {
    let uploads = Router::new()
        .route("/receipts", post(pages::upload))
        .route("/claims/{no}/receipts", post(pages::upload_to_claim))
        .route("/api/v1/documents", post(api::upload))
        .route("/api/v1/claims/{no}/documents", post(api::upload_to_claim))
        .layer(DefaultBodyLimit::max(incoming::MAX_DRAINED));
    Router::new()
        .merge(uploads)
        .route("/receipts", get(pages::list))
        .route("/receipts/{id}", get(pages::detail))
        .route("/receipts/{id}/file", get(pages::file))
        .route("/api/v1/documents", get(api::list))
        .route("/api/v1/documents/{id}", get(api::one))
        .route("/api/v1/documents/{id}/file", get(pages::file))
}
