//! Insights (洞察): what customers, deals, departments, categories and months cost, from the table `spend`.

mod api;
mod chart;
mod figures;
mod pages;
mod scope;
mod store;
pub mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub use api::Api;
pub(crate) use chart::{color, spark};

use crate::app::App;

/// Page, table and API of insights.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/insights", get(pages::show))
        .route("/insights.csv", get(pages::table))
        .route("/api/v1/insights", get(api::insights))
}
