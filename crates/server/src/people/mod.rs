//! The organisation: people, departments, assignments, roles.

mod api;
pub mod delegations;
mod edit;
mod leave;
mod org;
mod pages;
pub mod store;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};

pub use api::Api;
pub use leave::leave;
pub use org::{changed, load, maybe, stored};
pub use view::may_read;

use crate::app::App;

/// Pages and API of people and roles.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/people", get(pages::list).post(pages::create))
        .route("/settings/people/new", get(pages::new))
        .route("/settings/people/{id}", get(pages::one).post(pages::replace))
        .route("/settings/people/{id}/deactivation", post(pages::deactivate))
        .route("/settings/people/{id}/activation", post(pages::activate))
        .route("/settings/people/{id}/unfinished", post(pages::finish))
        .route("/settings/people/{id}/password", post(pages::password))
        .route("/settings/people/{id}/roles", post(pages::grant))
        .route("/settings/people/{id}/roles/{grant}/revocation", post(pages::revoke))
        .route("/api/v1/employees", get(api::list).post(api::create))
        .route("/api/v1/employees/{id}", get(api::one).put(api::replace))
        .route("/api/v1/employees/{id}/deactivation", post(api::deactivate))
        .route("/api/v1/employees/{id}/activation", post(api::activate))
        .route("/api/v1/employees/{id}/unfinished", post(api::finish))
        .route("/api/v1/employees/{id}/roles", post(api::grant))
        .route("/api/v1/employees/{id}/roles/{grant}", delete(api::revoke))
}
