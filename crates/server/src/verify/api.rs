//! /api/v1/verifier, and asking about a document.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use utoipa::OpenApi;

use super::config::{self, NewVerifier, Paused, VerifierTried, VerifierView};
use super::view::VerificationView;
use super::want;
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::error::Error;
use crate::evidence::store;
use crate::shell::Body;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(show, replace, test, pause, ask),
    components(schemas(VerifierView, NewVerifier, VerifierTried, Paused, VerificationView))
)]
pub struct Api;

/// The service that asks the tax bureau, if one is connected.
#[utoipa::path(get, path = "/api/v1/verifier", tag = "documents", responses((status = 200, body = VerifierView), (status = 403)))]
pub async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<VerifierView>, Error> {
    Ok(Json(config::view(&mut app.db.read(), &app, &visitor).await?))
}

/// Connects a service, or changes its settings.
#[utoipa::path(put, path = "/api/v1/verifier", tag = "documents", request_body = NewVerifier, responses((status = 204), (status = 403), (status = 422)))]
pub async fn replace(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(new): Body<NewVerifier>,
) -> Result<StatusCode, Error> {
    save(&app, &visitor, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps what was entered.
pub(super) async fn save(app: &Arc<App>, visitor: &Visitor, new: NewVerifier) -> Result<(), Error> {
    let permit = config::permit(app, visitor)?;
    let shared = Arc::new((app.clone(), permit, new));
    app.db
        .write(move |sql| {
            let shared = shared.clone();
            Box::pin(async move { config::save(sql, &shared.0, &shared.1, &shared.2).await })
        })
        .await
}

/// Asks the service whether it takes the secret.
#[utoipa::path(post, path = "/api/v1/verifier/test", tag = "documents", responses((status = 200, body = VerifierTried), (status = 403), (status = 404)))]
pub async fn test(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<VerifierTried>, Error> {
    config::permit(&app, &visitor)?;
    Ok(Json(config::tried(&app).await?))
}

/// Leaves the service alone, or takes it up again.
#[utoipa::path(put, path = "/api/v1/verifier/pause", tag = "documents", request_body = Paused, responses((status = 204), (status = 403), (status = 404)))]
pub async fn pause(State(app): State<Arc<App>>, visitor: Visitor, Body(to): Body<Paused>) -> Result<StatusCode, Error> {
    set_paused(&app, &visitor, to.paused).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// See [`pause`].
pub(super) async fn set_paused(app: &Arc<App>, visitor: &Visitor, paused: bool) -> Result<(), Error> {
    let permit = config::permit(app, visitor)?;
    app.db
        .write(move |sql| {
            let permit = permit.clone();
            Box::pin(async move { config::pause(sql, &permit, paused).await })
        })
        .await
}

/// Has the tax bureau asked about a document; again, if it was. While a question is open nothing is added to it.
#[utoipa::path(post, path = "/api/v1/documents/{id}/verification", tag = "documents", params(("id" = String, Path)), responses((status = 202), (status = 404), (status = 422, description = "No service is connected, or too little was read to ask")))]
pub async fn ask(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<StatusCode, Error> {
    ask_about(&app, &visitor, &id).await?;
    Ok(StatusCode::ACCEPTED)
}

/// See [`ask`]. Whoever may read a document may have it asked about.
pub(super) async fn ask_about(app: &Arc<App>, visitor: &Visitor, id: &str) -> Result<(), Error> {
    let document = store::readable(&mut app.db.read(), app, &visitor.person, id).await?;
    let own = Resource::Document(document.id.clone(), visitor.person.id());
    visitor.permit(app, Action::AddDocument, &own)?;
    let Some(invoice) = document.read()? else {
        return Err(Error::field("document", "not-askable"));
    };
    let shared = Arc::new((document.id, invoice));
    let asked = app
        .db
        .write(move |sql| {
            let shared = shared.clone();
            Box::pin(async move { want(sql, &shared.0, &shared.1).await })
        })
        .await?;
    app.live.wake();
    if asked {
        Ok(())
    } else {
        Err(Error::field("document", "not-askable"))
    }
}
