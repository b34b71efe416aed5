//! Decision tables in the browser: checked while they are typed, taken from sheets and `.dmn` files, and given as such.

mod api;
mod check;
mod draft;
mod draft_api;
mod draft_pages;
mod files;
mod page;
pub mod pages;
pub mod policy;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

pub use api::Api;
pub use check::{Check, Found, MayNotFall, SheetProblem, look, problems};
pub use draft_api::Api as DraftApi;
pub use page::{HITS, Look, Sheet, VocabularyColumn, words};
pub use words::{Both, feel as feel_words, problem_words};

use crate::app::App;

/// Largest file that is read, in bytes: a table of the most rows that are allowed is smaller.
const MAX_FILE: usize = 10 << 20;

/// Pages and API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/policies/{reference}/tables/{table}", get(pages::published))
        .route("/settings/policies/drafts/{id}", get(draft_pages::rules))
        .route(
            "/settings/policies/drafts/{id}/text",
            get(draft_pages::text).post(draft_pages::save_text),
        )
        .route("/settings/policies/drafts/{id}/tables/{table}", get(draft_pages::table))
        .route(
            "/settings/policies/drafts/{id}/rules/{rule}",
            get(draft_pages::rule).post(draft_pages::save_rule),
        )
        .route(
            "/api/v1/rules/drafts/{id}/tables/{table}",
            get(draft_api::one).put(draft_api::save),
        )
        .route("/api/v1/rules/drafts/{id}/tables/{table}/check", post(draft_api::check))
        .route("/api/v1/rules/tables/check", post(api::check))
        .route(
            "/api/v1/rules/tables/import",
            post(api::import).layer(DefaultBodyLimit::max(MAX_FILE + 65_536)),
        )
        .route("/api/v1/rules/tables/export", post(api::export))
}
