//! Who a user of a CRM is here: chosen by a person, where the mail addresses do not tell.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::{post, put};
use axum::{Form, Router};
use outlay_core::ids::{ConnectionId, EmployeeId};
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use super::connection::Connection;
use super::view::{id_of, may};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::{Permit, Visitor};
use crate::crm::store::link;
use crate::error::Error;
use crate::shell::Body;

/// The page's action and the API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/connections/{id}/users", post(choose))
        .route("/api/v1/connections/{id}/users/{user}", put(replace))
}

/// Their description.
#[derive(OpenApi)]
#[openapi(paths(replace), components(schemas(NewLink)))]
pub struct Api;

/// Who a user of a CRM is.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// The employee's personnel number, mail address or id; nobody if absent. An equal mail address matches again when the
    /// user changes in the CRM.
    pub employee: Option<String>,
}

/// Links the user `external_id` of a CRM to the employee that `who` names by number, mail address or id, or to nobody if it
/// is empty. The employee then owns what that user owns, and what they missed begins its drafts.
/// [`Error::NotFound`] if there is no such user, a problem of the field `employee` if nobody is meant.
pub async fn set(
    app: &Arc<App>,
    permit: Permit,
    connection: ConnectionId,
    external_id: &str,
    who: &str,
) -> Result<(), Error> {
    let mut sql = app.db.read();
    Connection::load(&mut sql, connection).await?;
    let row: Option<(String,)> = sql
        .maybe(
            "SELECT id FROM crm_user WHERE connection_id = $1 AND external_id = $2",
            args![connection, external_id],
        )
        .await?;
    let (user,) = row.ok_or(Error::NotFound("crm_user"))?;
    let employee = employee(app, who).await?;
    let shared = app.clone();
    app.db
        .write(move |sql| {
            let (app, permit, user) = (shared.clone(), permit.clone(), user.clone());
            Box::pin(async move {
                if link(sql, &app, &user, employee).await? {
                    let whom = employee.map_or_else(|| "nobody".to_owned(), |e| e.to_string());
                    let what = format!("linked to {whom}");
                    audit::note(sql, permit.actor(), permit.action(), &format!("crm_user:{user}"), &what).await?;
                }
                Ok(())
            })
        })
        .await?;
    app.live.wake();
    Ok(())
}

async fn employee(app: &App, who: &str) -> Result<Option<EmployeeId>, Error> {
    let who = who.trim();
    if who.is_empty() {
        return Ok(None);
    }
    let org = app.org(&mut app.db.read()).await?;
    let is = |e: &&outlay_core::org::Employee| {
        e.number == who || e.email.eq_ignore_ascii_case(who) || e.id.to_string() == who
    };
    let found = org.employees().filter(|e| e.active).find(is);
    found
        .map(|e| Some(e.id))
        .ok_or_else(|| Error::field("employee", "unknown"))
}

#[derive(Deserialize)]
struct Chosen {
    user: String,
    #[serde(default)]
    to: String,
}

/// POST /settings/connections/{id}/users.
async fn choose(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(chosen): Form<Chosen>,
) -> Result<Redirect, Error> {
    let id = id_of(&id)?;
    set(&app, may(&app, &visitor)?, id, &chosen.user, &chosen.to).await?;
    Ok(Redirect::to(&format!(
        "/settings/connections/{id}/mapping?object=crm_user#users"
    )))
}

/// Tells which employee a user of the CRM is.
#[utoipa::path(put, path = "/api/v1/connections/{id}/users/{user}", tag = "connections", operation_id = "link_user", params(("id" = String, Path), ("user" = String, Path, description = "The user's id in the CRM")), request_body = NewLink, responses((status = 204), (status = 403), (status = 404), (status = 422)))]
async fn replace(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path((id, user)): Path<(String, String)>,
    Body(new): Body<NewLink>,
) -> Result<StatusCode, Error> {
    let permit = may(&app, &visitor)?;
    set(
        &app,
        permit,
        id_of(&id)?,
        &user,
        new.employee.as_deref().unwrap_or_default(),
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
