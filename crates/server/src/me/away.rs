//! /me/away and /api/v1/me/delegations: who acts for one while one is away.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Form, Json};
use outlay_core::claim::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::store;
use crate::app::App;
use crate::auth::Visitor;
use crate::claims::AmountInput;
use crate::error::Error;
use crate::people::delegations::{self, DelegationView, NewDelegation};
use crate::shell::{self, Body, Frame};

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(paths(list, give, end), components(schemas(DelegationView, NewDelegation, Given)))]
pub struct Api;

/// A delegation that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct Given {
    /// Its id.
    id: String,
}

/// Delegations that the visitor gave or got and that are not over (委托代理).
#[utoipa::path(get, path = "/api/v1/me/delegations", tag = "me", responses((status = 200, body = Vec<DelegationView>)))]
pub async fn list(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<Vec<DelegationView>>, Error> {
    Ok(Json(
        delegations::of(&mut app.db.read(), &app, visitor.person.id()).await?,
    ))
}

/// Lets a colleague approve on one's behalf for some days; never what they claim themselves.
#[utoipa::path(post, path = "/api/v1/me/delegations", tag = "me", request_body = NewDelegation, responses((status = 201, body = Given), (status = 422)))]
pub async fn give(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(new): Body<NewDelegation>,
) -> Result<(StatusCode, Json<Given>), Error> {
    let permit = store::permit(&app, &visitor)?;
    let id = delegations::give(&app, &permit, visitor.person.id(), &new).await?;
    Ok((StatusCode::CREATED, Json(Given { id })))
}

/// Takes a delegation back.
#[utoipa::path(delete, path = "/api/v1/me/delegations/{id}", tag = "me", params(("id" = String, Path)), responses((status = 204), (status = 404)))]
pub async fn end(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<StatusCode, Error> {
    let permit = store::permit(&app, &visitor)?;
    delegations::end(&app, &permit, visitor.person.id(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Template)]
#[template(path = "pages/me-away.html")]
struct AwayPage {
    f: Frame,
    all: Vec<DelegationView>,
    entities: Vec<(String, String)>,
    form: AwayForm,
    problems: Vec<Problem>,
    today: String,
    currency: String,
}

impl AwayPage {
    fn problem(&self, field: &str) -> Option<String> {
        let problem = self.problems.iter().find(|p| p.field == field)?;
        Some(shell::field_words(self.f.w, problem))
    }
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AwayForm {
    to: String,
    since: String,
    until: String,
    entity: String,
    at_most: String,
    reason: String,
}

/// GET /me/away.
pub async fn page(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    show(&app, &visitor, &headers, AwayForm::default(), Vec::new()).await
}

async fn show(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    form: AwayForm,
    problems: Vec<Problem>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let org = app.org(&mut sql).await?;
    let today = crate::clock::day(crate::clock::now(), &visitor.zone);
    let own = org
        .primary(visitor.person.id(), today)
        .and_then(|p| org.entity(p.entity));
    shell::page(&AwayPage {
        all: delegations::of(&mut sql, app, visitor.person.id()).await?,
        entities: org.entities().map(|e| (e.id.to_string(), e.name.clone())).collect(),
        currency: own.map(|e| e.currency.code().to_owned()).unwrap_or_default(),
        today: today.to_string(),
        f: Frame::load(&mut sql, app, visitor, headers, "me").await?,
        form,
        problems,
    })
}

/// POST /me/away.
pub async fn post(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<AwayForm>,
) -> Result<Response, Error> {
    let permit = store::permit(&app, &visitor)?;
    let done = match read(&app, &visitor, &form).await {
        Ok(new) => delegations::give(&app, &permit, visitor.person.id(), &new)
            .await
            .map(|_| ()),
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Ok(Redirect::to("/me/away").into_response()),
        Err(error @ Error::Invalid(_)) => {
            let status = error.status();
            let Error::Invalid(problems) = error else {
                return Err(error);
            };
            let html = show(&app, &visitor, &headers, form, problems).await?;
            Ok((status, html).into_response())
        }
        Err(error) => Err(error),
    }
}

async fn read(app: &App, visitor: &Visitor, form: &AwayForm) -> Result<NewDelegation, Error> {
    let org = app.org(&mut app.db.read()).await?;
    let date = |field: &str, text: &str| text.parse().map_err(|_| Error::field(field, "missing"));
    let entity = match form.entity.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| Error::field("entity", "unknown"))?),
    };
    let today = crate::clock::day(crate::clock::now(), &visitor.zone);
    let own = org.primary(visitor.person.id(), today).map(|p| p.entity);
    let currency = entity.or(own).and_then(|e| org.entity(e)).map(|e| e.currency.code());
    let at_most = match (form.at_most.trim(), currency) {
        ("", _) | (_, None) => None,
        (amount, Some(currency)) => Some(AmountInput {
            amount: amount.to_owned(),
            currency: currency.to_owned(),
        }),
    };
    Ok(NewDelegation {
        to: form.to.clone(),
        since: date("since", &form.since)?,
        until: date("until", &form.until)?,
        entity,
        at_most,
        reason: form.reason.clone(),
    })
}

/// POST /me/away/{id}/end.
pub async fn end_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Redirect, Error> {
    let permit = store::permit(&app, &visitor)?;
    delegations::end(&app, &permit, visitor.person.id(), &id).await?;
    Ok(Redirect::to("/me/away"))
}
