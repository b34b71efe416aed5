//! The yearly meter of each legal entity (招待费扣除限额): what it earns, what it spends on hosting, and how much of that counts
//! against tax. Revenue is what finance sets for a year; spend is read from the table that the commit keeps.

mod api;
mod pages;
pub mod store;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, put};

pub use api::Api;

use crate::app::App;

/// Page and API of the meters.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/meters", get(pages::page).post(pages::set))
        .route("/api/v1/meters", get(api::meters))
        .route("/api/v1/entities/{entity}/revenue/{year}", put(api::set))
}
