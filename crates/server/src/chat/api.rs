//! /api/v1/chats.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use outlay_core::ids::EmployeeId;
use utoipa::OpenApi;

use super::account::{self, AccountView, NewMobile};
use super::config::{self, ChatView, NewChat, Tried};
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::error::Error;
use crate::shell::Body;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(list, replace, test, pause, resume, set_mobile),
    components(schemas(ChatView, NewChat, Tried, AccountView, NewMobile))
)]
pub struct Api;

/// The chats in which tasks can be decided by a card.
#[utoipa::path(get, path = "/api/v1/chats", tag = "chats", responses((status = 200, body = [ChatView]), (status = 403)))]
pub async fn list(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<Vec<ChatView>>, Error> {
    Ok(Json(config::views(&mut app.db.read(), &app, &visitor).await?))
}

/// Connects a chat, or changes its settings.
#[utoipa::path(put, path = "/api/v1/chats/{kind}", tag = "chats", params(("kind" = String, Path)), request_body = NewChat, responses((status = 204), (status = 403), (status = 404), (status = 422)))]
pub async fn replace(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(kind): Path<String>,
    Body(new): Body<NewChat>,
) -> Result<StatusCode, Error> {
    save(&app, &visitor, kind, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps what was entered for a chat.
pub(super) async fn save(app: &Arc<App>, visitor: &Visitor, kind: String, new: NewChat) -> Result<(), Error> {
    let permit = config::permit(app, visitor)?;
    let shared = app.clone();
    app.db
        .write(move |sql| {
            let (app, permit, kind, new) = (shared.clone(), permit.clone(), kind.clone(), new.clone());
            Box::pin(async move { config::save(sql, &app, &permit, &kind, &new).await })
        })
        .await
}

/// Asks the chat whether it takes the keys.
#[utoipa::path(post, path = "/api/v1/chats/{kind}/test", tag = "chats", params(("kind" = String, Path)), responses((status = 200, body = Tried), (status = 403), (status = 404)))]
pub async fn test(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(kind): Path<String>,
) -> Result<Json<Tried>, Error> {
    config::permit(&app, &visitor)?;
    Ok(Json(config::tried(&app, &kind).await?))
}

/// Leaves a chat alone, or takes it up again.
pub(super) async fn set_paused(app: &App, visitor: &Visitor, kind: String, paused: bool) -> Result<(), Error> {
    let permit = config::permit(app, visitor)?;
    app.db
        .write(move |sql| {
            let (permit, kind) = (permit.clone(), kind.clone());
            Box::pin(async move { config::pause(sql, &permit, &kind, paused).await })
        })
        .await
}

/// Leaves a chat alone: no cards go out, and presses are not taken.
#[utoipa::path(post, path = "/api/v1/chats/{kind}/pause", tag = "chats", params(("kind" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub async fn pause(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(kind): Path<String>,
) -> Result<StatusCode, Error> {
    set_paused(&app, &visitor, kind, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a chat up again.
#[utoipa::path(delete, path = "/api/v1/chats/{kind}/pause", tag = "chats", params(("kind" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub async fn resume(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(kind): Path<String>,
) -> Result<StatusCode, Error> {
    set_paused(&app, &visitor, kind, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says by which mobile number somebody is looked up in the chat, and has them looked up anew.
#[utoipa::path(put, path = "/api/v1/employees/{id}/chat", tag = "people", params(("id" = String, Path)), request_body = NewMobile, responses((status = 204), (status = 403), (status = 404, description = "nobody, or no chat is connected"), (status = 422)))]
pub async fn set_mobile(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(new): Body<NewMobile>,
) -> Result<StatusCode, Error> {
    look_up(&app, &visitor, &id, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// See [`set_mobile`].
pub(super) async fn look_up(app: &App, visitor: &Visitor, id: &str, new: NewMobile) -> Result<(), Error> {
    let permit = visitor.permit(app, Action::ManagePeople, &Resource::Outlay)?;
    let who: EmployeeId = id.parse().map_err(|_| Error::NotFound("employee"))?;
    let org = app.org(&mut app.db.read()).await?;
    org.employee(who).ok_or(Error::NotFound("employee"))?;
    app.db
        .write(move |sql| {
            let (permit, new) = (permit.clone(), new.clone());
            Box::pin(async move { account::set_mobile(sql, &permit, who, &new).await })
        })
        .await?;
    app.live.wake();
    Ok(())
}
