//! The rules by which a connection's records are read: seen beside real records, tried before they are in force, and then
//! applied to all that is stored.

mod api;
mod check;
mod force;
mod form;
mod pages;
mod trace;
mod trial;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use outlay_connect::Object;
use outlay_core::ids::ConnectionId;
use serde_json::Value as Json;

pub use api::Api;
pub use check::problems;
pub use force::{Again, Edit, job, put, read_again};
pub use trial::{TrialView, trial, trial_with};
pub use view::{Asked, MappingView, view_with};

use crate::app::App;
use crate::args;
use crate::db::Sql;
use crate::error::Error;

/// The page and the API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/settings/connections/{id}/mapping",
            get(pages::page).post(pages::force),
        )
        .route("/settings/connections/{id}/mapping/trial", post(pages::trial))
        .route("/api/v1/connections/{id}/mapping", get(api::one).put(api::replace))
        .route("/api/v1/connections/{id}/mapping/trial", post(api::trial))
}

/// A kind of record by its name in an address or a body.
fn object_of(text: &str) -> Result<Object, Error> {
    text.parse().map_err(|_| Error::field("object", "unknown"))
}

/// The newest stored raw records of a kind, newest first: id and record.
async fn newest(
    sql: &mut Sql,
    connection: ConnectionId,
    object: Object,
    most: usize,
) -> Result<Vec<(String, Json)>, Error> {
    let rows: Vec<(String, String)> = sql
        .all(
            "SELECT external_id, body FROM crm_raw WHERE connection_id = $1 AND object = $2 \
             ORDER BY read_at DESC, external_id LIMIT $3",
            args![connection, object.as_str(), most],
        )
        .await?;
    let read = |(id, body): (String, String)| Ok((id, serde_json::from_str(&body)?));
    rows.into_iter().map(read).collect()
}

/// How many raw records of a kind are stored.
async fn stored(sql: &mut Sql, connection: ConnectionId, object: Object) -> Result<i64, Error> {
    let (n,): (i64,) = sql
        .one(
            "SELECT COUNT(*) FROM crm_raw WHERE connection_id = $1 AND object = $2",
            args![connection, object.as_str()],
        )
        .await?;
    Ok(n)
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
