//! Watched folders for programs.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::folder::{self, NewFolder};
use super::look::{self, Looked};
use super::view::{self, FolderRunDetail, FolderRunView, FolderView, FoldersView, may};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::{Body, W};

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(list, create, one, remove, look_now, pause, resume, run),
    components(schemas(
        FoldersView,
        FolderView,
        FolderRunView,
        FolderRunDetail,
        NewFolder,
        Looked,
        MadeFolder
    ))
)]
pub struct Api;

/// What was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeFolder {
    /// Its id.
    pub id: String,
}

/// All watched folders.
#[utoipa::path(get, path = "/api/v1/folders", tag = "folders", operation_id = "list", responses((status = 200, body = FoldersView), (status = 403)))]
pub async fn list(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<FoldersView>, Error> {
    Ok(Json(view::all(&app, &visitor, W(visitor.lang)).await?))
}

/// Watches a folder: what is put into it is imported in the name of whoever asks this.
#[utoipa::path(post, path = "/api/v1/folders", tag = "folders", operation_id = "create", request_body = NewFolder, responses((status = 201, body = MadeFolder), (status = 403), (status = 422)))]
pub async fn create(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(new): Body<NewFolder>,
) -> Result<(StatusCode, Json<MadeFolder>), Error> {
    let id = view::create(&app, &visitor, new).await?;
    Ok((StatusCode::CREATED, Json(MadeFolder { id })))
}

/// One watched folder.
#[utoipa::path(get, path = "/api/v1/folders/{id}", tag = "folders", operation_id = "one", params(("id" = String, Path)), responses((status = 200, body = FolderView), (status = 403), (status = 404)))]
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<FolderView>, Error> {
    Ok(Json(view::one(&app, &visitor, &id, W(visitor.lang)).await?))
}

/// Watches a folder no longer; its files stay. Watched anew, it knows what it took before.
#[utoipa::path(delete, path = "/api/v1/folders/{id}", tag = "folders", operation_id = "remove", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    folder::remove(&app.db, may(&app, &visitor)?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Looks at a folder now, and answers when what could be taken is. A file is taken when two looks saw it alike.
#[utoipa::path(post, path = "/api/v1/folders/{id}/look", tag = "folders", operation_id = "look", params(("id" = String, Path)), responses((status = 200, body = Looked), (status = 403), (status = 404), (status = 409), (status = 422)))]
pub async fn look_now(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<Looked>, Error> {
    view::may_look(&app, &visitor, &id).await?;
    Ok(Json(look::look(&app, &id).await?))
}

/// Leaves a folder alone.
#[utoipa::path(post, path = "/api/v1/folders/{id}/pause", tag = "folders", operation_id = "pause", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub async fn pause(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<StatusCode, Error> {
    folder::pause(&app.db, may(&app, &visitor)?, id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Looks at a folder again.
#[utoipa::path(delete, path = "/api/v1/folders/{id}/pause", tag = "folders", operation_id = "resume", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub async fn resume(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    folder::pause(&app.db, may(&app, &visitor)?, id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A run: a file of a folder, and each cell that could not be taken.
#[utoipa::path(get, path = "/api/v1/folders/{id}/runs/{run}", tag = "folders", operation_id = "run", params(("id" = String, Path), ("run" = String, Path)), responses((status = 200, body = FolderRunDetail), (status = 403), (status = 404)))]
pub async fn run(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path((id, run)): Path<(String, String)>,
) -> Result<Json<FolderRunDetail>, Error> {
    Ok(Json(view::run(&app, &visitor, &id, &run, W(visitor.lang)).await?))
}
