//! The audit: who did what to which thing, in the same transaction as the thing itself.

mod pages;
pub mod view;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use outlay_core::claim::Actor;
use uuid::Uuid;

pub use pages::Api;

use crate::app::App;
use crate::args;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;

tokio::task_local! {
    /// The id of the request being served, so that an entry can be matched with the log.
    pub static REQUEST_ID: String;
}

/// The text stored for an actor: an employee's id, or `system:PART`.
pub fn actor_text(actor: &Actor) -> String {
    match actor {
        Actor::Employee(id) => id.to_string(),
        Actor::System(part) => format!("system:{part}"),
    }
}

/// Writes an entry within the transaction of `sql`. `detail` must hold no secrets and no personal data.
pub async fn note(sql: &mut Sql, actor: &Actor, action: &str, resource: &str, detail: &str) -> Result<(), Error> {
    sql.run(
        "INSERT INTO audit_entry (id, at, actor, action, resource, request_id, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![
            Uuid::now_v7(),
            now().as_microsecond(),
            actor_text(actor),
            action,
            resource,
            REQUEST_ID.try_with(Clone::clone).ok(),
            detail
        ],
    )
    .await?;
    Ok(())
}

/// Page and API of the audit.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/audit", get(pages::page))
        .route("/api/v1/audit", get(pages::entries))
}
