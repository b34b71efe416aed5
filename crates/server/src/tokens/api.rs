//! GET and POST /api/v1/tokens, DELETE /api/v1/tokens/{id}.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use utoipa::OpenApi;

use super::view::{self, MadeToken, NewToken, TokenView, TokensView};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::Body;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(list, create, revoke),
    components(schemas(TokensView, TokenView, NewToken, MadeToken))
)]
pub struct Api;

/// Your tokens, without their secrets.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", responses((status = 200, body = TokensView)))]
pub async fn list(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<TokensView>, Error> {
    Ok(Json(view::tokens(&mut app.db.read(), &visitor.person).await?))
}

/// Makes a token; its secret is told in this answer and never again.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = NewToken, responses((status = 201, body = MadeToken), (status = 422)))]
pub async fn create(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(new): Body<NewToken>,
) -> Result<(StatusCode, Json<MadeToken>), Error> {
    Ok((
        StatusCode::CREATED,
        Json(view::create(&app, &visitor.person, new).await?),
    ))
}

/// Revokes a token.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", params(("id" = String, Path)), responses((status = 204), (status = 404)))]
pub async fn revoke(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    view::revoke(&app, &visitor.person, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
