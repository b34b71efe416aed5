//! /api/v1/employees/{id}/payee-accounts, /api/v1/payee-accounts and /api/v1/entities/{id}/account.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use outlay_core::ids::{EmployeeId, EntityId, PayeeAccountId};
use utoipa::OpenApi;

use super::debtor::{self, EntityAccountView};
use super::payee::{self, AccountView, FullAccount, NewAccount, Verdict};
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::error::Error;
use crate::shell::Body;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(of_employee, propose, waiting, one, confirm, refuse, withdraw, set_entity_account),
    components(schemas(AccountView, FullAccount, NewAccount, EntityAccountView))
)]
pub struct PayeeApi;

pub(super) fn account_id(id: &str) -> Result<PayeeAccountId, Error> {
    id.parse().map_err(|_| Error::NotFound("payee account"))
}

fn employee_id(id: &str) -> Result<EmployeeId, Error> {
    id.parse().map_err(|_| Error::NotFound("employee"))
}

/// Accounts of an employee, newest first, without their numbers.
#[utoipa::path(get, path = "/api/v1/employees/{id}/payee-accounts", tag = "payee_accounts", params(("id" = String, Path)), responses((status = 200, body = [AccountView]), (status = 403)))]
pub async fn of_employee(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<Vec<AccountView>>, Error> {
    let id = employee_id(&id)?;
    Ok(Json(payee::of_employee(&mut app.db.read(), &app, &visitor, id).await?))
}

/// Proposes an account; it counts once a second person has confirmed it.
#[utoipa::path(post, path = "/api/v1/employees/{id}/payee-accounts", tag = "payee_accounts", params(("id" = String, Path)), request_body = NewAccount, responses((status = 201, body = [AccountView]), (status = 403), (status = 422)))]
pub async fn propose(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(new): Body<NewAccount>,
) -> Result<impl IntoResponse, Error> {
    let id = employee_id(&id)?;
    let permit = visitor.permit(&app, Action::ProposePayee, &Resource::Person(id))?;
    payee::propose(&app, &permit, id, &new).await?;
    let all = payee::of_employee(&mut app.db.read(), &app, &visitor, id).await?;
    Ok((StatusCode::CREATED, Json(all)))
}

/// Accounts that wait for a second person.
#[utoipa::path(get, path = "/api/v1/payee-accounts", tag = "payee_accounts", responses((status = 200, body = [AccountView])))]
pub async fn waiting(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<Vec<AccountView>>, Error> {
    Ok(Json(payee::waiting(&mut app.db.read(), &app, &visitor).await?))
}

/// The whole account, for the second person alone; each reading is audited.
#[utoipa::path(get, path = "/api/v1/payee-accounts/{id}", tag = "payee_accounts", params(("id" = String, Path)), responses((status = 200, body = FullAccount), (status = 403), (status = 404)))]
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<FullAccount>, Error> {
    Ok(Json(payee::reveal(&app, &visitor, account_id(&id)?).await?))
}

/// Confirms a proposal as the second person.
#[utoipa::path(post, path = "/api/v1/payee-accounts/{id}/confirmation", tag = "payee_accounts", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404), (status = 409)))]
pub async fn confirm(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    payee::decide(&app, &visitor, account_id(&id)?, Verdict::Confirm).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses a proposal as the second person.
#[utoipa::path(post, path = "/api/v1/payee-accounts/{id}/refusal", tag = "payee_accounts", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404), (status = 409)))]
pub async fn refuse(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    payee::decide(&app, &visitor, account_id(&id)?, Verdict::Refuse).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a proposal back, as whoever may propose for its owner.
#[utoipa::path(post, path = "/api/v1/payee-accounts/{id}/withdrawal", tag = "payee_accounts", params(("id" = String, Path)), responses((status = 204), (status = 403), (status = 404), (status = 409)))]
pub async fn withdraw(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    let owner = payee::owner(&mut app.db.read(), account_id(&id)?).await?;
    let permit = visitor.permit(&app, Action::ProposePayee, &Resource::Person(owner))?;
    payee::withdraw(&app, &permit, owner).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets the account that an entity pays from.
#[utoipa::path(put, path = "/api/v1/entities/{id}/account", tag = "payments", params(("id" = String, Path)), request_body = NewAccount, responses((status = 204), (status = 403), (status = 404), (status = 422)))]
pub async fn set_entity_account(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(new): Body<NewAccount>,
) -> Result<StatusCode, Error> {
    let id: EntityId = id.parse().map_err(|_| Error::NotFound("entity"))?;
    let permit = debtor::permit(&app, &visitor, id)?;
    debtor::set(&app, &permit, id, &new).await?;
    Ok(StatusCode::NO_CONTENT)
}
