//! Evidence: invoices and receipts. Structured ones are read at once, pictures by a job, and what says nothing is kept
//! unread; the bytes lie sealed.

mod api;
mod capture;
mod incoming;
pub mod learnt;
mod line;
mod matching;
pub mod originals;
mod pages;
mod proposal;
mod reading;
mod reversal;
pub mod shelf;
pub mod store;
pub mod take;
pub mod tax;
pub mod view;
mod wallet;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

pub use api::Api;
pub use line::line;
pub use reading::job;
pub use reversal::reversed_by_bureau;
pub use take::{free, take, veil};

use crate::app::App;

/// Pages and API.
pub fn routes() -> Router<Arc<App>> {
    let uploads = Router::new()
        .route("/receipts", post(pages::upload))
        .route("/receipts/capture/share", post(capture::share))
        .route("/claims/{no}/receipts", post(pages::upload_to_claim))
        .route("/api/v1/documents", post(api::upload))
        .route("/api/v1/claims/{no}/documents", post(api::upload_to_claim))
        .layer(DefaultBodyLimit::max(incoming::MAX_DRAINED));
    Router::new()
        .merge(uploads)
        .route("/receipts", get(pages::list))
        .route("/receipts/capture", get(capture::show))
        .route("/receipts/worker.js", get(capture::worker))
        .route("/receipts/tabs", get(wallet::tabs))
        .route("/receipts/{id}", get(pages::detail))
        .route("/receipts/{id}/row", get(wallet::row))
        .route("/receipts/{id}/match", post(wallet::put))
        .route("/receipts/{id}/file", get(pages::file))
        .route("/receipts/{id}/pages/{n}", get(originals::picture))
        .route("/api/v1/documents", get(api::list))
        .route("/api/v1/documents/{id}", get(api::one))
        .route("/api/v1/documents/{id}/file", get(pages::file))
        .route("/api/v1/documents/{id}/matches", get(wallet::matches))
        .route("/api/v1/documents/{id}/match", post(wallet::match_to))
}
