//! /api/v1/me.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use outlay_core::words::Lang;
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use super::store::{self, ProfileView};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::Body;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(me, preferences, password, log_out_everywhere),
    components(schemas(ProfileView, Preferences, NewPassword))
)]
pub struct Api;

/// What may be chosen; theme and keys are kept by the browser.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// `zh-CN` or `en`.
    locale: String,
}

/// A change of password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The present one.
    current: String,
    /// The new one, at least 10 characters.
    new: String,
}

/// The visitor's profile.
#[utoipa::path(get, path = "/api/v1/me", tag = "me", responses((status = 200, body = ProfileView)))]
pub async fn me(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<ProfileView>, Error> {
    Ok(Json(store::profile(&mut app.db.read(), &app, &visitor).await?))
}

/// Sets the language.
#[utoipa::path(put, path = "/api/v1/me/preferences", tag = "me", request_body = Preferences, responses((status = 204), (status = 422)))]
pub async fn preferences(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(wanted): Body<Preferences>,
) -> Result<StatusCode, Error> {
    let lang = Lang::parse(&wanted.locale).ok_or_else(|| Error::field("locale", "unknown"))?;
    let permit = store::permit(&app, &visitor)?;
    store::set_locale(&app, &permit, visitor.person.id(), lang).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the password; all sessions end.
#[utoipa::path(post, path = "/api/v1/me/password", tag = "me", request_body = NewPassword, responses((status = 204), (status = 422), (status = 429)))]
pub async fn password(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(wanted): Body<NewPassword>,
) -> Result<StatusCode, Error> {
    let permit = store::permit(&app, &visitor)?;
    store::change_password(&app, &permit, &visitor, &wanted.current, &wanted.new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all sessions; API tokens go on.
#[utoipa::path(delete, path = "/api/v1/me/sessions", tag = "me", responses((status = 204)))]
pub async fn log_out_everywhere(State(app): State<Arc<App>>, visitor: Visitor) -> Result<StatusCode, Error> {
    let permit = store::permit(&app, &visitor)?;
    store::end_sessions(&app, &permit, visitor.person.id()).await?;
    Ok(StatusCode::NO_CONTENT)
}
