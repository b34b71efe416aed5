//! The hub of CRM records: taking them in, what they cost, and what goes back.

mod api;
mod awaited;
mod edit;
mod follow;
mod form;
mod known;
mod link;
mod pages;
pub mod records;
mod rights;
mod shape;
pub mod spend;
pub mod store;
pub mod todo;
pub mod view;
pub mod write_back;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use outlay_core::MoneyError;
use outlay_core::claim::Problem;

use crate::app::App;
use crate::error::Error;

pub use api::Api;
pub(crate) use pages::{claim_count, first_claims, stage_tone, stage_words};
pub use rights::{record_facts, visible};
pub use store::{Applied, Change, apply, link_employees};
pub use write_back::{Outcome, archive, write_back};

/// What is wrong with an amount, as a problem of a field.
pub(crate) fn money_problem(field: &str, error: &MoneyError) -> Error {
    Error::Invalid(vec![amount_problem(field, error)])
}

/// As [`money_problem`], to be gathered with others.
pub(crate) fn amount_problem(field: &str, error: &MoneyError) -> Problem {
    match error {
        MoneyError::Decimals { currency, allowed, .. } => Problem::new(field, "decimals")
            .with("currency", currency)
            .with("allowed", allowed),
        MoneyError::TooLarge => Problem::new(field, "too-large"),
        _ => Problem::new(field, "not-a-number"),
    }
}

/// Records and what they cost.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/crm/{objects}", get(pages::list).post(pages::create))
        .route("/crm/{objects}/new", get(pages::new))
        .route("/crm/{objects}/{id}", get(pages::one).post(pages::replace))
        .route("/crm/{objects}/{id}/edit", get(pages::edit))
        .route("/api/v1/accounts", get(api::accounts::list).post(api::accounts::create))
        .route(
            "/api/v1/accounts/{id}",
            get(api::accounts::one).put(api::accounts::replace),
        )
        .route("/api/v1/contacts", get(api::contacts::list).post(api::contacts::create))
        .route(
            "/api/v1/contacts/{id}",
            get(api::contacts::one).put(api::contacts::replace),
        )
        .route("/api/v1/deals", get(api::deals::list).post(api::deals::create))
        .route("/api/v1/deals/{id}", get(api::deals::one).put(api::deals::replace))
        .route("/api/v1/projects", get(api::projects::list).post(api::projects::create))
        .route(
            "/api/v1/projects/{id}",
            get(api::projects::one).put(api::projects::replace),
        )
        .route("/api/v1/orders", get(api::orders::list).post(api::orders::create))
        .route("/api/v1/orders/{id}", get(api::orders::one).put(api::orders::replace))
        .route(
            "/api/v1/activities",
            get(api::activities::list).post(api::activities::create),
        )
        .route(
            "/api/v1/activities/{id}",
            get(api::activities::one).put(api::activities::replace),
        )
}
