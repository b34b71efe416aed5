//! /settings/api.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{Html, Redirect};
use serde::Deserialize;

use super::view::{self, NewToken, TokenView, TokensView};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::{self, Frame, SettingsNav};

#[derive(Template)]
#[template(path = "pages/settings-api.html")]
struct TokensPage {
    f: Frame,
    nav: SettingsNav,
    view: TokensView,
    secret: Option<String>,
}

impl TokensPage {
    fn used(&self, token: &TokenView) -> String {
        let at = token.used_at.as_ref().and_then(|at| at.parse().ok());
        at.map_or_else(|| self.f.w.t("tokens-never"), |at| shell::ago(self.f.w, at))
    }

    fn expires(&self, token: &TokenView) -> String {
        match &token.expires_at {
            None => self.f.w.t("tokens-no-end"),
            Some(_) if token.expired => self.f.w.t("tokens-over"),
            Some(at) => at.get(..10).unwrap_or(at).to_owned(),
        }
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub struct NewForm {
    name: String,
    #[serde(default)]
    expires_on: String,
    #[serde(default)]
    writes: Option<String>,
}

/// GET /settings/api.
pub async fn list(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    page(&app, &visitor, &headers, None).await
}

/// POST /settings/api. The secret is in the answer itself: nowhere else is it kept.
pub async fn create(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<NewForm>,
) -> Result<Html<String>, Error> {
    let expires_on = match form.expires_on.trim() {
        "" => None,
        day => Some(day.parse().map_err(|_| Error::field("expires_on", "token-expires"))?),
    };
    let new = NewToken {
        name: form.name,
        writes: form.writes.is_some(),
        expires_on,
    };
    let made = view::create(&app, &visitor.person, new).await?;
    page(&app, &visitor, &headers, Some(made.secret)).await
}

/// POST /settings/api/{id}/revocation.
pub async fn revoke(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    view::revoke(&app, &visitor.person, id).await?;
    Ok(Redirect::to("/settings/api"))
}

async fn page(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    secret: Option<String>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    shell::page(&TokensPage {
        f: Frame::load(&mut sql, app, visitor, headers, "settings").await?,
        nav: SettingsNav::load(&mut sql, app, visitor, "api").await?,
        view: view::tokens(&mut sql, &visitor.person).await?,
        secret,
    })
}
