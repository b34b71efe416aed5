//! The first page: what waits, what the CRM tells, money on the way, receipts, the costs of one's deals.

mod pages;
mod todos;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub use pages::Api;

use crate::app::App;

/// The first page and its data.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(pages::home))
        .route("/api/v1/home", get(pages::data))
}
