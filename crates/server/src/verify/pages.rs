//! /settings/verification, and the button on a receipt.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use outlay_core::claim::Problem;

use super::api;
use super::config::{self, NewVerifier, Paused, VerifierTried, VerifierView};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::{self, Frame, SettingsNav, field_words};

#[derive(Template)]
#[template(path = "pages/settings-verification.html")]
struct Page {
    f: Frame,
    nav: SettingsNav,
    v: VerifierView,
    tried: Option<VerifierTried>,
    errors: Vec<(String, String)>,
}

impl Page {
    fn error(&self, key: &str) -> Option<&str> {
        self.errors
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, said)| said.as_str())
    }
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    tried: Option<VerifierTried>,
    typed: Option<&str>,
    problems: &[Problem],
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let f = Frame::load(&mut sql, app, visitor, headers, "settings").await?;
    let mut v = config::view(&mut sql, app, visitor).await?;
    if let Some(url) = typed {
        v.url = url.to_owned();
    }
    let words = problems.iter().map(|p| (p.field.clone(), field_words(f.w, p)));
    shell::page(&Page {
        nav: SettingsNav::load(&mut sql, app, visitor, "verification").await?,
        errors: words.collect(),
        v,
        tried,
        f,
    })
}

/// GET /settings/verification.
pub async fn page(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    shown(&app, &visitor, &headers, None, None, &[]).await
}

/// POST /settings/verification: `url`, `secret`.
pub async fn save(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(new): Form<NewVerifier>,
) -> Result<Response, Error> {
    match api::save(&app, &visitor, new.clone()).await {
        Ok(()) => Ok(Redirect::to("/settings/verification").into_response()),
        Err(Error::Invalid(problems)) => {
            let page = shown(&app, &visitor, &headers, None, Some(&new.url), &problems).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error),
    }
}

/// POST /settings/verification/test.
pub async fn test(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    config::permit(&app, &visitor)?;
    let tried = config::tried(&app).await?;
    shown(&app, &visitor, &headers, Some(tried), None, &[]).await
}

/// POST /settings/verification/pause: `paused`.
pub async fn pause(State(app): State<Arc<App>>, visitor: Visitor, Form(to): Form<Paused>) -> Result<Redirect, Error> {
    api::set_paused(&app, &visitor, to.paused).await?;
    Ok(Redirect::to("/settings/verification"))
}

/// POST /receipts/{id}/verification.
pub async fn ask(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    api::ask_about(&app, &visitor, &id).await?;
    Ok(Redirect::to(&format!("/receipts/{id}")))
}
