//! Tables in and out: what a company already has in files. An import is looked at before it is carried out, and both
//! are the same work: a look is rolled back.

mod api;
mod export;
mod fields;
mod file;
mod kind;
mod organisation;
mod pages;
mod payees;
mod records;
mod report;
mod run;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub use api::Api;
pub use export::{Format, export};
pub use kind::{Column, Kind};
pub use report::{Rejected, Report};
pub use run::{read, run};

use crate::app::App;
use crate::auth::Permit;
use crate::error::Error;

/// Imports a file from disk for the command line; with `dry_run` nothing is kept.
pub async fn import_file(app: &Arc<App>, kind: Kind, path: &Path, dry_run: bool) -> Result<Report, Error> {
    let table = read(kind, &tokio::fs::read(path).await?)?;
    let permit = Permit::system("import", kind.action().code());
    run(app, &permit, kind, Arc::new(table), dry_run, None).await
}

/// Exports to a file on disk, CSV or XLSX by its name; the number of rows.
pub async fn export_file(app: &Arc<App>, kind: Kind, path: &Path) -> Result<usize, Error> {
    let format = Format::of(&path.to_string_lossy()).ok_or_else(|| Error::field("file", "file-format"))?;
    let (bytes, rows) = export(&mut app.db.read(), kind, format, outlay_core::words::Lang::En).await?;
    tokio::fs::write(path, bytes).await?;
    Ok(rows)
}

/// Imports and exports.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/import", get(pages::start).post(pages::upload))
        .route("/settings/import/{id}", get(pages::one).post(pages::confirm))
        .route("/settings/import/{id}/rejected.csv", get(pages::rejected))
        .route("/settings/export/{file}", get(pages::download))
        .route("/api/v1/imports/{kind}", post(api::import))
        .route("/api/v1/exports/{kind}", get(api::export))
}
