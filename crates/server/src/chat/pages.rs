//! /settings/chat.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use outlay_core::claim::Problem;

use super::account::NewMobile;
use super::api;
use super::config::{self, ChatView, NewChat, Tried};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::{self, Frame, SettingsNav, field_words};

#[derive(Template)]
#[template(path = "pages/settings-chat.html")]
struct Page {
    f: Frame,
    nav: SettingsNav,
    chats: Vec<ChatView>,
    tried: Option<Tried>,
    errors: BTreeMap<String, String>,
}

impl Page {
    fn error(&self, key: &str) -> Option<&str> {
        self.errors.get(key).map(String::as_str)
    }

    fn value<'a>(&self, chat: &'a ChatView, key: &str) -> &'a str {
        chat.settings.get(key).map_or("", String::as_str)
    }
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    tried: Option<Tried>,
    typed: &BTreeMap<String, String>,
    problems: &[Problem],
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let f = Frame::load(&mut sql, app, visitor, headers, "settings").await?;
    let mut chats = config::views(&mut sql, app, visitor).await?;
    for chat in &mut chats {
        let secret = |key: &str| chat.secrets.contains(&key);
        let seen: Vec<_> = typed.iter().filter(|(key, _)| !secret(key)).collect();
        chat.settings
            .extend(seen.into_iter().map(|(k, v)| (k.clone(), v.clone())));
    }
    shell::page(&Page {
        nav: SettingsNav::load(&mut sql, app, visitor, "chat").await?,
        errors: problems
            .iter()
            .map(|p| (p.field.clone(), field_words(f.w, p)))
            .collect(),
        chats,
        tried,
        f,
    })
}

/// GET /settings/chat.
pub async fn page(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    shown(&app, &visitor, &headers, None, &BTreeMap::new(), &[]).await
}

/// POST /settings/chat: `kind`, and what it asks for.
pub async fn save(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(mut settings): Form<BTreeMap<String, String>>,
) -> Result<Response, Error> {
    let kind = settings.remove("kind").unwrap_or_default();
    let new = NewChat { settings };
    match api::save(&app, &visitor, kind, new.clone()).await {
        Ok(()) => Ok(Redirect::to("/settings/chat").into_response()),
        Err(Error::Invalid(problems)) => {
            let page = shown(&app, &visitor, &headers, None, &new.settings, &problems).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error),
    }
}

/// POST /settings/chat/{kind}/test.
pub async fn test(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(kind): Path<String>,
) -> Result<Html<String>, Error> {
    config::permit(&app, &visitor)?;
    let tried = config::tried(&app, &kind).await?;
    shown(&app, &visitor, &headers, Some(tried), &BTreeMap::new(), &[]).await
}

/// POST /settings/chat/{kind}/pause.
pub async fn pause(State(app): State<Arc<App>>, visitor: Visitor, Path(kind): Path<String>) -> Result<Redirect, Error> {
    api::set_paused(&app, &visitor, kind, true).await?;
    Ok(Redirect::to("/settings/chat"))
}

/// POST /settings/chat/{kind}/resumption.
pub async fn resume(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(kind): Path<String>,
) -> Result<Redirect, Error> {
    api::set_paused(&app, &visitor, kind, false).await?;
    Ok(Redirect::to("/settings/chat"))
}

/// POST /settings/people/{id}/chat: `mobile`.
pub async fn set_mobile(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(new): Form<NewMobile>,
) -> Result<Redirect, Error> {
    api::look_up(&app, &visitor, &id, new).await?;
    Ok(Redirect::to(&format!("/settings/people/{id}")))
}
