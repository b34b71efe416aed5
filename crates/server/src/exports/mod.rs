//! Scheduled exports: tables written to a folder at set times, as an export on the page gives them.

mod api;
mod pages;
mod plan;
mod run;
mod view;
mod when;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use tokio::sync::watch;

pub use api::Api;
pub use plan::{NewExport, save};
pub use run::{round, run_now};
pub use when::When;

use crate::app::App;

/// How often it is looked whether an export is due.
const EVERY: Duration = Duration::from_secs(20);

/// Pages and API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .merge(pages::routes())
        .route("/api/v1/scheduled-exports", get(api::list).post(api::create))
        .route(
            "/api/v1/scheduled-exports/{id}",
            get(api::one).put(api::change).delete(api::remove),
        )
        .route("/api/v1/scheduled-exports/{id}/run", post(api::run_now))
        .route(
            "/api/v1/scheduled-exports/{id}/pause",
            post(api::pause).delete(api::resume),
        )
}

/// Writes what is due, until `stop`. Several processes may do so: a lease lets one of them do an export at a time.
pub async fn keep_exporting(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    if app.config.folders.is_none() {
        return;
    }
    while !*stop.borrow() {
        if let Err(error) = round(&app).await {
            tracing::error!(%error, "scheduled exports");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}
