//! Connections in the JSON API.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::connection::{Connection, NewConnection};
use super::dead::{self, Retried};
use super::pull::{self, PullReport};
use super::reconcile::{self, ReconcileReport};
use super::view::{ConnectionView, id_of, may, pause, save, view};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::Body;

/// Their description.
#[derive(OpenApi)]
#[openapi(
    paths(
        list,
        kinds,
        one,
        create,
        replace,
        test,
        pull_now,
        pause_it,
        resume,
        retry,
        reconcile_now,
        archive
    ),
    components(schemas(
        NewConnection,
        PullReport,
        pull::ObjectReport,
        ConnectionView,
        super::view::SettingView,
        super::objects::ObjectView,
        super::first::FirstView,
        super::usage::UsageView,
        super::view::RefusedView,
        super::view::RunView,
        super::view::ReconcileView,
        super::view::ComparedView,
        super::view::DifferenceView,
        ReconcileReport,
        reconcile::Compared,
        Retried,
        KindView,
        Tested,
        MadeConnection
    ))
)]
pub struct Api;

/// What was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeConnection {
    /// Its id.
    pub id: String,
}

/// What a test found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Tested {
    /// What lacks for a full service; empty when all is well.
    pub warnings: Vec<String>,
}

/// A CRM that can be connected.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KindView {
    /// Its name for [`NewConnection::kind`].
    pub kind: String,
    /// Its name for people.
    pub name: String,
    /// The versions that the connector was made for.
    pub versions: String,
    /// `real_server`, `specification` or `fake`: what the connector was tested against.
    pub tested: String,
    /// What it needs.
    pub settings: Vec<super::view::SettingView>,
}

/// All connections.
#[utoipa::path(get, path = "/api/v1/connections", tag = "connections", operation_id = "list", responses((status = 200, body = Vec<ConnectionView>), (status = 403)))]
pub async fn list(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<Vec<ConnectionView>>, Error> {
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
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<ConnectionView>, Error> {
    may(&app, &visitor)?;
    let mut sql = app.db.read();
    let connection = Connection::load(&mut sql, id_of(&id)?).await?;
    Ok(Json(view(&mut sql, &connection).await?))
}

/// Adds a connection.
#[utoipa::path(post, path = "/api/v1/connections", tag = "connections", operation_id = "create", request_body = NewConnection, responses((status = 201, body = MadeConnection), (status = 403), (status = 422)))]
pub async fn create(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(new): Body<NewConnection>,
) -> Result<(StatusCode, Json<MadeConnection>), Error> {
    let permit = may(&app, &visitor)?;
    let id = save(&app, permit, None, new).await?.to_string();
    Ok((StatusCode::CREATED, Json(MadeConnection { id })))
}

/// Replaces a connection's settings.
#[utoipa::path(put, path = "/api/v1/connections/{id}", tag = "connections", operation_id = "replace", params(("id" = String, Path)), request_body = NewConnection, responses((status = 204), (status = 403), (status = 404), (status = 422)))]
pub async fn replace(
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
pub async fn test(
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
pub async fn pull_now(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<PullReport>, Error> {
    may(&app, &visitor)?;
    Ok(Json(pull::pull(&app, id_of(&id)?).await?))
}

/// Leaves a connection alone.
#[utoipa::path(post, path = "/api/v1/connections/{id}/pause", tag = "connections", operation_id = "pause", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub async fn pause_it(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    pause(&app, may(&app, &visitor)?, id_of(&id)?, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a connection up again.
#[utoipa::path(delete, path = "/api/v1/connections/{id}/pause", tag = "connections", operation_id = "resume", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub async fn resume(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    pause(&app, may(&app, &visitor)?, id_of(&id)?, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The CRMs that can be connected, and what each needs.
#[utoipa::path(get, path = "/api/v1/connection-kinds", tag = "connections", operation_id = "kinds", responses((status = 200, body = Vec<KindView>), (status = 403)))]
pub async fn kinds(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<Vec<KindView>>, Error> {
    may(&app, &visitor)?;
    let all = outlay_connect::manifest::all().map(|manifest| KindView {
        kind: manifest.kind.clone(),
        name: manifest.name.clone(),
        versions: manifest.versions.clone(),
        tested: super::view::tested(manifest).to_owned(),
        settings: super::view::settings(manifest, None),
    });
    Ok(Json(all.collect()))
}

/// Reads what could not be taken again, all of it or one record.
#[utoipa::path(post, path = "/api/v1/connections/{id}/retries", tag = "connections", operation_id = "retry", params(("id" = String, Path)), request_body = dead::Wanted, responses((status = 200, body = Retried), (status = 403), (status = 404), (status = 502)))]
pub async fn retry(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(wanted): Body<dead::Wanted>,
) -> Result<Json<Retried>, Error> {
    may(&app, &visitor)?;
    Ok(Json(dead::retry(&app, id_of(&id)?, wanted).await?))
}

/// Compares all that the CRM holds with what is stored, mends it, and answers when done.
#[utoipa::path(post, path = "/api/v1/connections/{id}/reconcile", tag = "connections", operation_id = "reconcile", params(("id" = String, Path)), responses((status = 200, body = ReconcileReport), (status = 403), (status = 404), (status = 409)))]
pub async fn reconcile_now(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<ReconcileReport>, Error> {
    may(&app, &visitor)?;
    Ok(Json(reconcile::reconcile(&app, id_of(&id)?).await?))
}

/// Archives here what the last reconcile found to be gone from the CRM, however many they are.
#[utoipa::path(post, path = "/api/v1/connections/{id}/reconcile/archive", tag = "connections", operation_id = "archive", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub async fn archive(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    let permit = may(&app, &visitor)?;
    reconcile::archive(&app, permit, id_of(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
