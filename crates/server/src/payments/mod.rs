//! Payments (付款): payee accounts that a second person confirms, batches for the bank, and what the bank answers.

mod answers;
mod api;
pub mod debtor;
mod file;
mod open;
mod pages;
pub mod payee;
mod payee_api;
mod payee_pages;
mod recovery;
mod settle;
mod store;
pub mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post, put};

pub use api::Api;
pub use open::{NewBatch, open, open_in};
pub use payee_api::PayeeApi;
pub use payee_pages::PayeeSection;
pub use recovery::RecoveryApi;
pub use settle::{Outcome, fail, find, post as post_one, post_all, settle_in};

pub(crate) use pages::short;

use crate::app::App;

/// Pages and API of payments and payee accounts.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/payments", get(pages::waiting))
        .route("/payments/batches", get(pages::batches).post(pages::open))
        .route("/payments/batches/{number}", get(pages::batch))
        .route("/payments/batches/{number}/file.xml", get(api::pain001))
        .route("/payments/batches/{number}/file.csv", get(api::table))
        .route("/payments/batches/{number}/posting", post(pages::post_all))
        .route("/payments/batches/{number}/answers", post(pages::answers))
        .route("/payments/{id}/posting", post(pages::post_one))
        .route("/payments/{id}/failure", post(pages::fail))
        .route("/payments/recoveries", get(recovery::show))
        .route("/payments/recoveries/{id}/settlement", post(recovery::post))
        .route("/api/v1/recoveries", get(recovery::list))
        .route("/api/v1/recoveries/{id}/settlement", post(recovery::settle))
        .route("/payments/accounts", get(payee_pages::waiting))
        .route("/payments/accounts/{id}", get(payee_pages::one))
        .route("/payments/accounts/{id}/confirmation", post(payee_pages::confirm))
        .route("/payments/accounts/{id}/refusal", post(payee_pages::refuse))
        .route(
            "/payments/entity-accounts/{entity}",
            post(payee_pages::set_entity_account),
        )
        .route("/me/account", get(payee_pages::mine).post(payee_pages::propose))
        .route("/me/account/withdrawal", post(payee_pages::withdraw))
        .route("/api/v1/payments", get(api::waiting))
        .route("/api/v1/payments/{id}/posting", post(api::post_one))
        .route("/api/v1/payments/{id}/failure", post(api::fail))
        .route("/api/v1/batches", get(api::batches).post(api::open))
        .route("/api/v1/batches/{number}", get(api::batch))
        .route("/api/v1/batches/{number}/file.xml", get(api::pain001))
        .route("/api/v1/batches/{number}/file.csv", get(api::table))
        .route("/api/v1/batches/{number}/posting", post(api::post_all))
        .route("/api/v1/batches/{number}/answers", post(api::answers))
        .route("/api/v1/entities/{id}/account", put(payee_api::set_entity_account))
        .route("/api/v1/payee-accounts", get(payee_api::waiting))
        .route(
            "/api/v1/employees/{id}/payee-accounts",
            get(payee_api::of_employee).post(payee_api::propose),
        )
        .route("/api/v1/payee-accounts/{id}", get(payee_api::one))
        .route("/api/v1/payee-accounts/{id}/confirmation", post(payee_api::confirm))
        .route("/api/v1/payee-accounts/{id}/refusal", post(payee_api::refuse))
        .route("/api/v1/payee-accounts/{id}/withdrawal", post(payee_api::withdraw))
}
