//! Who somebody is and what they may do.

mod pages;
pub mod password;
mod rights;
pub mod session;
mod visitor;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub use rights::{Action, ClaimFacts, Permit, Person, RecordFacts, Resource, Rights};
pub use visitor::{Visitor, cookie, language_of_stranger, same_site, who};

use crate::app::App;

/// Logging in and out.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/login", get(pages::form).post(pages::log_in))
        .route("/logout", post(pages::log_out))
        .route("/language", post(pages::language))
}
