//! GET /search – a fragment for the palette – and GET /api/v1/search.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::response::Html;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};

use super::view::{self, FoundView};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::{self, W};

/// The description of this address.
#[derive(OpenApi)]
#[openapi(paths(data), components(schemas(FoundView)))]
pub struct Api;

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Sought {
    /// A number, words, a name, an amount.
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "parts/found.html")]
struct FoundPart {
    w: W,
    found: FoundView,
}

/// GET /search?q=.
pub async fn fragment(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(sought): Query<Sought>,
) -> Result<Html<String>, Error> {
    let found = view::find(&mut app.db.read(), &app, &visitor, &sought.q).await?;
    shell::page(&FoundPart {
        w: W(visitor.lang),
        found,
    })
}

/// Claims, deals, customers and colleagues that the visitor may read.
#[utoipa::path(get, path = "/api/v1/search", tag = "search", params(Sought), responses((status = 200, body = FoundView)))]
pub async fn data(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(sought): Query<Sought>,
) -> Result<Json<FoundView>, Error> {
    Ok(Json(view::find(&mut app.db.read(), &app, &visitor, &sought.q).await?))
}
