//! Tables in and out: what a company already has in files. A table is looked at before it is imported; an export is what
//! an import takes.

mod api;
mod check;
mod export;
mod fields;
mod file;
mod kind;
mod meanwhile;
mod order;
mod organisation;
mod pages;
mod payees;
mod places;
mod rates;
mod records;
mod report;
mod run;
pub mod told;
mod upload;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

pub use api::{Api, TableForm};
pub use export::{Format, export};
pub use kind::{Column, Kind};
pub use report::{Rejected, Report};
pub use run::{BrokenOff, apply, preview, read, table_problem};
pub use upload::Upload;

use crate::app::App;
use crate::auth::{Resource, Visitor};

/// What somebody may import and export.
pub fn kinds(app: &App, visitor: &Visitor) -> Vec<Kind> {
    let may = |kind: &Kind| app.rights.may(&visitor.person, kind.action(), &Resource::Outlay);
    Kind::ALL.iter().copied().filter(may).collect()
}

/// Imports and exports.
pub fn routes() -> Router<Arc<App>> {
    let uploads = Router::new()
        .route("/settings/import", post(pages::upload))
        .route("/api/v1/imports", post(api::create))
        .layer(DefaultBodyLimit::max(upload::MAX_DRAINED));
    Router::new()
        .merge(uploads)
        .route("/settings/import", get(pages::start))
        .route("/settings/import/{id}", get(pages::one).post(pages::confirm))
        .route("/settings/import/{id}/rejected", get(pages::rejected))
        .route("/settings/export/{kind}", get(api::download))
        .route("/api/v1/imports/{id}", get(api::one))
        .route("/api/v1/imports/{id}/application", post(api::carry_out))
        .route("/api/v1/exports/{kind}", get(api::download))
}
