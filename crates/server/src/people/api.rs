//! /api/v1/employees.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use outlay_core::ids::EmployeeId;
use utoipa::OpenApi;

use super::edit::{self, PersonIn, PlaceIn, RoleIn};
use super::leave::{self, Finish, Unfinished};
use super::view::{self, PeopleView, PersonRow, PersonView, PlaceView, RoleView, Wanted};
use crate::app::App;
use crate::auth::{Action, Permit, Resource, Visitor};
use crate::error::Error;
use crate::shell::Body;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(list, create, one, replace, deactivate, activate, finish, grant, revoke),
    components(schemas(
        PeopleView, PersonRow, PersonView, PlaceView, RoleView, PersonIn, PlaceIn, RoleIn, Unfinished, Finish, Finished
    ))
)]
pub struct Api;

pub(super) fn id(text: &str) -> Result<EmployeeId, Error> {
    text.parse().map_err(|_| Error::NotFound("employee"))
}

pub(super) fn permit(app: &App, visitor: &Visitor) -> Result<Permit, Error> {
    visitor.permit(app, Action::ManagePeople, &Resource::Outlay)
}

/// People by personnel number.
#[utoipa::path(get, path = "/api/v1/employees", tag = "people", params(Wanted), responses((status = 200, body = PeopleView), (status = 403)))]
pub async fn list(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(wanted): Query<Wanted>,
) -> Result<Json<PeopleView>, Error> {
    Ok(Json(view::list(&mut app.db.read(), &app, &visitor, &wanted).await?))
}

/// Makes somebody.
#[utoipa::path(post, path = "/api/v1/employees", tag = "people", request_body = PersonIn, responses((status = 201, body = PersonView), (status = 403), (status = 422)))]
pub async fn create(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(new): Body<PersonIn>,
) -> Result<impl IntoResponse, Error> {
    let id = edit::put(&app, &permit(&app, &visitor)?, None, &new).await?;
    let made = view::one(&mut app.db.read(), &app, &visitor, id).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Somebody.
#[utoipa::path(get, path = "/api/v1/employees/{id}", tag = "people", params(("id" = String, Path)), responses((status = 200, body = PersonView), (status = 403), (status = 404)))]
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(text): Path<String>,
) -> Result<Json<PersonView>, Error> {
    Ok(Json(view::one(&mut app.db.read(), &app, &visitor, id(&text)?).await?))
}

/// Changes somebody; a place that is told begins, and the primary one till then ends.
#[utoipa::path(put, path = "/api/v1/employees/{id}", tag = "people", params(("id" = String, Path)), request_body = PersonIn, responses((status = 200, body = PersonView), (status = 403), (status = 404), (status = 422)))]
pub async fn replace(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(text): Path<String>,
    Body(new): Body<PersonIn>,
) -> Result<Json<PersonView>, Error> {
    let id = edit::put(&app, &permit(&app, &visitor)?, Some(id(&text)?), &new).await?;
    Ok(Json(view::one(&mut app.db.read(), &app, &visitor, id).await?))
}

/// Somebody leaves; their open tasks go to whoever stands in, or it is refused.
#[utoipa::path(post, path = "/api/v1/employees/{id}/deactivation", tag = "people", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404), (status = 409), (status = 422, description = "nobody can stand in")))]
pub async fn deactivate(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(text): Path<String>,
) -> Result<StatusCode, Error> {
    leave::set_active(&app, &permit(&app, &visitor)?, id(&text)?, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody is back.
#[utoipa::path(post, path = "/api/v1/employees/{id}/activation", tag = "people", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404), (status = 409)))]
pub async fn activate(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(text): Path<String>,
) -> Result<StatusCode, Error> {
    leave::set_active(&app, &permit(&app, &visitor)?, id(&text)?, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many claims it was.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Finished {
    /// Drafts and returned claims.
    count: usize,
}

/// Has the drafts and returned claims of somebody who has left finished by a colleague, or closes them.
#[utoipa::path(post, path = "/api/v1/employees/{id}/unfinished", tag = "people", params(("id" = String, Path)), request_body = Finish, responses((status = 200, body = Finished), (status = 403), (status = 404), (status = 409, description = "they work here"), (status = 422)))]
pub async fn finish(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(text): Path<String>,
    Body(how): Body<Finish>,
) -> Result<Json<Finished>, Error> {
    let count = leave::finish(&app, &permit(&app, &visitor)?, id(&text)?, &how).await?;
    Ok(Json(Finished { count }))
}

/// Gives a role.
#[utoipa::path(post, path = "/api/v1/employees/{id}/roles", tag = "people", params(("id" = String, Path)), request_body = RoleIn, responses((status = 201, body = PersonView), (status = 403), (status = 404), (status = 422)))]
pub async fn grant(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(text): Path<String>,
    Body(new): Body<RoleIn>,
) -> Result<impl IntoResponse, Error> {
    let id = id(&text)?;
    edit::grant(&app, &permit(&app, &visitor)?, id, &new).await?;
    let person = view::one(&mut app.db.read(), &app, &visitor, id).await?;
    Ok((StatusCode::CREATED, Json(person)))
}

/// Takes a role back.
#[utoipa::path(delete, path = "/api/v1/employees/{id}/roles/{grant}", tag = "people", params(("id" = String, Path), ("grant" = String, Path)), responses((status = 204), (status = 403), (status = 404), (status = 422, description = "the last administrator")))]
pub async fn revoke(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path((text, grant)): Path<(String, String)>,
) -> Result<StatusCode, Error> {
    let grant = grant.parse().map_err(|_| Error::NotFound("role"))?;
    edit::revoke(&app, &permit(&app, &visitor)?, id(&text)?, grant).await?;
    Ok(StatusCode::NO_CONTENT)
}
