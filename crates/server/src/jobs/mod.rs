//! The outbox: work for later, written with what caused it, done at least once, one at a time per ordering key.

mod api;
mod claim;
pub mod lease;
mod pages;
mod runner;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use serde::Serialize;
use uuid::Uuid;

pub use api::Api;
pub use claim::{Job, prune};
pub use runner::{Doing, Done, Failed, Handlers, Pace, Runner, run};

use crate::app::App;
use crate::args;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;

/// Work to be done after the commit.
pub struct NewJob<'a> {
    /// Which handler.
    pub kind: &'a str,
    /// Fixed before the first try; the same key is never enqueued twice.
    pub key: String,
    /// Jobs that share it run one after the other, oldest first.
    pub ordering: Option<String>,
}

/// Enqueues within the transaction of `sql`; a key that exists already is left as it is.
pub async fn enqueue<T: Serialize + ?Sized>(sql: &mut Sql, job: NewJob<'_>, payload: &T) -> Result<(), Error> {
    let at = now().as_microsecond();
    sql.run(
        "INSERT INTO job (id, kind, key, ordering, payload, state, attempts, waits, run_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, 'ready', 0, 0, $6, $6) ON CONFLICT (key) DO NOTHING",
        args![
            Uuid::now_v7(),
            job.kind,
            job.key,
            job.ordering,
            serde_json::to_string(payload)?,
            at
        ],
    )
    .await?;
    Ok(())
}

/// What administrators see of it.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/jobs", get(pages::list))
        .route("/settings/jobs/retry", post(pages::retry_all))
        .route("/settings/jobs/{id}/retry", post(pages::retry))
        .route("/api/v1/jobs", get(api::list))
        .route("/api/v1/jobs/retry", post(api::retry_all))
        .route("/api/v1/jobs/{id}/retry", post(api::retry))
}
