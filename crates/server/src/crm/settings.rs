//! Connections for administrators: how fresh each kind of record is, what was refused, and the acts on a connection.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use outlay_core::ids::ConnectionId;
use serde::Serialize;
use utoipa::ToSchema;

use super::api::Made;
use super::connection::{self, Connection, NewConnection};
use super::pull::{self, PullReport};
use super::store::table;
use crate::app::App;
use crate::args;
use crate::auth::{Action, Permit, Resource, Visitor};
use crate::clock::moment;
use crate::db::Sql;
use crate::error::Error;
use crate::shell::Body;

/// A connection, without its key.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConnectionView {
    /// Its id.
    pub id: String,
    /// Which CRM; `tryton`.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// The CRM's address.
    pub url: String,
    /// The database.
    pub database: String,
    /// Language of the notes in the CRM.
    pub language: String,
    /// Whether it is left alone.
    pub paused: bool,
    /// The last pull.
    pub last: Option<RunView>,
    /// Each kind of record.
    pub objects: Vec<ObjectView>,
    /// Records that could not be taken, newest first; at most 100.
    pub refused: Vec<RefusedView>,
    /// Records whose costs are in the CRM.
    pub written: i64,
}

/// A pull.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RunView {
    /// When it began, RFC 3339.
    pub started_at: String,
    /// When it ended; absent while it runs.
    pub ended_at: Option<String>,
    /// Records that came.
    pub seen: i64,
    /// Those that were new or differed.
    pub changed: i64,
    /// Those that could not be taken.
    pub refused: i64,
    /// Why it ended early.
    pub error: Option<String>,
}

/// One kind of record of a connection.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ObjectView {
    /// Which, such as `deal`.
    pub object: String,
    /// Records stored.
    pub records: i64,
    /// Records refused.
    pub refused: i64,
    /// When its last page was read, RFC 3339.
    pub read_at: Option<String>,
}

/// A record that could not be taken.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefusedView {
    /// Its kind.
    pub object: String,
    /// Its id in the CRM, if that was legible.
    pub external_id: String,
    /// What is wrong with it.
    pub reason: String,
    /// When it came, RFC 3339.
    pub at: String,
}

/// What a test found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Tested {
    /// What lacks for a full service; empty when all is well.
    pub warnings: Vec<String>,
}

/// A connection as administrators see it.
pub async fn view(sql: &mut Sql, connection: &Connection) -> Result<ConnectionView, Error> {
    type Run = (i64, Option<i64>, i64, i64, i64, Option<String>);
    let id = connection.id;
    let last: Option<Run> = sql
        .maybe(
            "SELECT started_at, ended_at, seen, changed, refused, error FROM sync_run WHERE connection_id = $1 \
             ORDER BY started_at DESC LIMIT 1",
            args![id],
        )
        .await?;
    let cursors: Vec<(String, i64)> = sql
        .all(
            "SELECT object, moved_at FROM sync_cursor WHERE connection_id = $1",
            args![id],
        )
        .await?;
    let dead: Vec<(String, i64)> = sql
        .all(
            "SELECT object, COUNT(*) FROM sync_refused WHERE connection_id = $1 GROUP BY object",
            args![id],
        )
        .await?;
    let refused: Vec<(String, String, String, i64)> = sql
        .all(
            "SELECT object, external_id, reason, at FROM sync_refused WHERE connection_id = $1 ORDER BY at DESC LIMIT 100",
            args![id],
        )
        .await?;
    let (written,): (i64,) = sql
        .one(
            "SELECT COUNT(*) FROM write_back WHERE connection_id = $1 AND body <> ''",
            args![id],
        )
        .await?;
    let mut objects = Vec::new();
    for object in outlay_connect::Object::ALL {
        let text = format!("SELECT COUNT(*) FROM {} WHERE connection_id = $1", table(object));
        let rows: Vec<(i64,)> = sql.all_built(text, args![id]).await?;
        let named = |(o, _): &&(String, i64)| o == object.as_str();
        objects.push(ObjectView {
            object: object.as_str().to_owned(),
            records: rows.first().map_or(0, |(n,)| *n),
            refused: dead.iter().find(named).map_or(0, |(_, n)| *n),
            read_at: cursors.iter().find(named).map(|(_, at)| moment(*at).to_string()),
        });
    }
    Ok(ConnectionView {
        id: id.to_string(),
        kind: connection.kind.clone(),
        name: connection.name.clone(),
        url: connection.place.url.clone(),
        database: connection.place.database.clone(),
        language: connection.lang().tag().to_owned(),
        paused: connection.paused,
        last: last.map(|(started, ended, seen, changed, refused, error)| RunView {
            started_at: moment(started).to_string(),
            ended_at: ended.map(|at| moment(at).to_string()),
            seen,
            changed,
            refused,
            error,
        }),
        objects,
        refused: refused
            .into_iter()
            .map(|(object, external_id, reason, at)| RefusedView {
                object,
                external_id,
                reason,
                at: moment(at).to_string(),
            })
            .collect(),
        written,
    })
}

/// The right to keep connections.
pub fn may(app: &App, visitor: &Visitor) -> Result<Permit, Error> {
    visitor.permit(app, Action::ManageConnections, &Resource::Outlay)
}

/// An id from an address.
pub fn id_of(text: &str) -> Result<ConnectionId, Error> {
    text.parse().map_err(|_| Error::NotFound("connection"))
}

/// Stores what was entered; see [`connection::save`].
pub async fn save(
    app: &Arc<App>,
    permit: Permit,
    id: Option<ConnectionId>,
    new: NewConnection,
) -> Result<ConnectionId, Error> {
    let (shared, new) = (app.clone(), Arc::new(new));
    app.db
        .write(move |sql| {
            let (app, permit, new) = (shared.clone(), permit.clone(), new.clone());
            Box::pin(async move { connection::save(sql, &app, &permit, id, &new).await })
        })
        .await
}

/// Leaves a connection alone, or takes it up again.
pub async fn pause(app: &App, permit: Permit, id: ConnectionId, paused: bool) -> Result<(), Error> {
    app.db
        .write(move |sql| {
            let permit = permit.clone();
            Box::pin(async move { connection::pause(sql, &permit, id, paused).await })
        })
        .await
}

/// All connections.
#[utoipa::path(get, path = "/api/v1/connections", tag = "connections", operation_id = "list", responses((status = 200, body = Vec<ConnectionView>), (status = 403)))]
pub async fn api_list(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<Vec<ConnectionView>>, Error> {
    may(&app, &visitor)?;
    let mut sql = app.db.read();
    let mut all = Vec::new();
    for connection in Connection::all(&mut sql).await? {
        all.push(view(&mut sql, &connection).await?);
    }
    Ok(Json(all))
}

/// One connection.
#[utoipa::path(get, path = "/api/v1/connections/{id}", tag = "connections", operation_id = "one", params(("id" = String, Path)), responses((status = 200, body = ConnectionView), (status = 403), (status = 404)))]
pub async fn api_one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<ConnectionView>, Error> {
    may(&app, &visitor)?;
    let mut sql = app.db.read();
    let connection = Connection::load(&mut sql, id_of(&id)?).await?;
    Ok(Json(view(&mut sql, &connection).await?))
}

/// Adds a connection to a Tryton.
#[utoipa::path(post, path = "/api/v1/connections", tag = "connections", operation_id = "create", request_body = NewConnection, responses((status = 201, body = Made), (status = 403), (status = 422)))]
pub async fn api_create(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(new): Body<NewConnection>,
) -> Result<(StatusCode, Json<Made>), Error> {
    let permit = may(&app, &visitor)?;
    let id = save(&app, permit, None, new).await?.to_string();
    Ok((StatusCode::CREATED, Json(Made { id })))
}

/// Replaces a connection's settings.
#[utoipa::path(put, path = "/api/v1/connections/{id}", tag = "connections", operation_id = "replace", params(("id" = String, Path)), request_body = NewConnection, responses((status = 204), (status = 403), (status = 404), (status = 422)))]
pub async fn api_replace(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(new): Body<NewConnection>,
) -> Result<StatusCode, Error> {
    let permit = may(&app, &visitor)?;
    save(&app, permit, Some(id_of(&id)?), new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks whether the CRM answers, takes the key, and can be written to.
#[utoipa::path(post, path = "/api/v1/connections/{id}/test", tag = "connections", operation_id = "test", params(("id" = String, Path)), responses((status = 200, body = Tested), (status = 403), (status = 404), (status = 502)))]
pub async fn api_test(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<Tested>, Error> {
    may(&app, &visitor)?;
    let connection = Connection::load(&mut app.db.read(), id_of(&id)?).await?;
    let warnings = connection.test(&app).await?.warnings;
    Ok(Json(Tested { warnings }))
}

/// Pulls now, and answers when done.
#[utoipa::path(post, path = "/api/v1/connections/{id}/pull", tag = "connections", operation_id = "pull", params(("id" = String, Path)), responses((status = 200, body = PullReport), (status = 403), (status = 404), (status = 409)))]
pub async fn api_pull(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<PullReport>, Error> {
    may(&app, &visitor)?;
    Ok(Json(pull::pull(&app, id_of(&id)?).await?))
}

/// Leaves a connection alone.
#[utoipa::path(post, path = "/api/v1/connections/{id}/pause", tag = "connections", operation_id = "pause", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub async fn api_pause(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    pause(&app, may(&app, &visitor)?, id_of(&id)?, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a connection up again.
#[utoipa::path(delete, path = "/api/v1/connections/{id}/pause", tag = "connections", operation_id = "resume", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub async fn api_resume(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    pause(&app, may(&app, &visitor)?, id_of(&id)?, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
