//! Fields of CRM records that people change here: taken, sent to the CRM, known again when they come back, and, where the
//! CRM holds something else, settled by the policy of the field or by a person.

mod api;
mod arrive;
mod fields;
pub mod pages;
pub mod policy;
mod push;
mod save;
mod settle;
mod store;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, patch, post};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use api::Api;
pub use arrive::{arrived, ours};
pub use fields::{FieldView, FieldsView, fields};
pub use pages::FieldsForm;
pub use policy::{FieldPolicy, Policy};
pub use push::{job, job_with, push_with};
pub use save::{Changes, may_write, save};
pub use settle::{Decision, Keep, decide};
pub use view::{EditCounts, EditView, any_pending, counts, href_of, lost, newest, of_record, overlay, texts_of};

use crate::app::App;
use crate::db::Sql;
use crate::error::Error;
use crate::jobs::{NewJob, enqueue};

/// Sends what was changed in one record to its CRM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditJob {
    /// `account`, `contact` or `deal`.
    pub object: String,
    /// The record's id in Outlay.
    pub id: String,
}

/// Enqueues the sending of a record's edits, in the order in which they were made.
async fn send(sql: &mut Sql, object: &str, record: &str) -> Result<(), Error> {
    let new = NewJob {
        kind: "edit",
        key: format!("edit:{}", Uuid::now_v7()),
        ordering: Some(format!("edit:{object}:{record}")),
    };
    let job = EditJob {
        object: object.to_owned(),
        id: record.to_owned(),
    };
    enqueue(sql, new, &job).await
}

/// The pages and the API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/crm/{objects}/{id}/fields", post(pages::save))
        .route("/edits/{id}/decision", post(pages::decide))
        .route(
            "/settings/connections/{id}/write-back",
            get(pages::page).post(pages::set),
        )
        .route("/api/v1/accounts/{id}", patch(api::accounts::change))
        .route("/api/v1/contacts/{id}", patch(api::contacts::change))
        .route("/api/v1/deals/{id}", patch(api::deals::change))
        .route("/api/v1/accounts/{id}/fields", get(api::accounts::fields))
        .route("/api/v1/contacts/{id}/fields", get(api::contacts::fields))
        .route("/api/v1/deals/{id}/fields", get(api::deals::fields))
        .route("/api/v1/edits/{id}/decision", post(api::edits::decide))
        .route("/api/v1/connections/{id}/edits", get(api::edits::of_connection))
        .route(
            "/api/v1/connections/{id}/write-policies",
            get(api::edits::policies).put(api::edits::set_policies),
        )
}
