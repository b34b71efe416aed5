//! /me: profile, preferences, password, sessions.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use outlay_core::claim::Problem;
use outlay_core::words::Lang;
use serde::Deserialize;

use super::store::{self, ProfileView};
use crate::app::App;
use crate::args;
use crate::auth::{Visitor, password, session};
use crate::error::Error;
use crate::shell::{self, Frame};

#[derive(Template)]
#[template(path = "pages/me.html")]
struct MePage {
    f: Frame,
    profile: ProfileView,
    account: Option<String>,
    proposed: Option<String>,
    problems: Vec<Problem>,
    done: bool,
    shortest: usize,
}

impl MePage {
    fn problem(&self, field: &str) -> Option<String> {
        let problem = self.problems.iter().find(|p| p.field == field)?;
        Some(shell::field_words(self.f.w, problem))
    }
}

#[derive(Deserialize)]
pub struct Done {
    #[serde(default)]
    done: String,
}

/// GET /me.
pub async fn me(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(done): Query<Done>,
) -> Result<Html<String>, Error> {
    page(&app, &visitor, &headers, Vec::new(), done.done == "password").await
}

async fn page(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    problems: Vec<Problem>,
    done: bool,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let accounts: Vec<(String, String)> = sql
        .all(
            "SELECT state, last4 FROM payee_account WHERE employee_id = $1 AND state IN ('active', 'proposed')",
            args![visitor.person.id()],
        )
        .await?;
    let of = |state: &str| {
        accounts
            .iter()
            .find(|(s, _)| s == state)
            .map(|(_, last4)| last4.clone())
    };
    shell::page(&MePage {
        profile: store::profile(&mut sql, app, visitor).await?,
        account: of("active"),
        proposed: of("proposed"),
        f: Frame::load(&mut sql, app, visitor, headers, "me").await?,
        problems,
        done,
        shortest: password::MIN_LENGTH,
    })
}

#[derive(Deserialize)]
pub struct PreferencesForm {
    theme: Option<String>,
    language: Option<String>,
    /// Sent by forms that show the box for single keys, since an empty box sends nothing.
    keys_shown: Option<String>,
    single_keys: Option<String>,
}

/// POST /me/preferences: any of theme, language, single keys; back to where it came from.
pub async fn preferences(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<PreferencesForm>,
) -> Result<Response, Error> {
    let mut response = Redirect::to(&back(&headers)).into_response();
    let secure = app.config.tls.is_some();
    let mut keep = |name: &str, value: &str| -> Result<(), Error> {
        let cookie = cookie(name, value, secure)?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
        Ok(())
    };
    if let Some(theme) = &form.theme {
        if !matches!(theme.as_str(), "light" | "dark" | "auto") {
            return Err(Error::field("theme", "unknown"));
        }
        keep("outlay_theme", theme)?;
    }
    if form.keys_shown.is_some() {
        keep("outlay_keys", if form.single_keys.is_some() { "on" } else { "off" })?;
    }
    if let Some(language) = &form.language {
        let lang = Lang::parse(language).ok_or_else(|| Error::field("language", "unknown"))?;
        keep("outlay_lang", lang.tag())?;
        let permit = store::permit(&app, &visitor)?;
        store::set_locale(&app, &permit, visitor.person.id(), lang).await?;
    }
    Ok(response)
}

fn cookie(name: &str, value: &str, secure: bool) -> Result<HeaderValue, Error> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000{secure}");
    HeaderValue::from_str(&text).map_err(|e| Error::Broken(e.to_string()))
}

/// The path of the page that a form was on.
fn back(headers: &HeaderMap) -> String {
    let path = headers
        .get(header::REFERER)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split_once("://")?.1.split_once('/'))
        .map(|(_, path)| format!("/{path}"));
    shell::local(path.as_deref().unwrap_or("/me"), "/me").to_owned()
}

#[derive(Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    current: String,
    #[serde(default)]
    new: String,
}

/// POST /me/password: other sessions end, this one begins anew.
pub async fn password(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Error> {
    let permit = store::permit(&app, &visitor)?;
    match store::change_password(&app, &permit, &visitor, &form.current, &form.new).await {
        Ok(()) => {
            let secret = session::begin(&app, visitor.person.id()).await?;
            let secure = if app.config.tls.is_some() { "; Secure" } else { "" };
            let cookie = format!(
                "{}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
                session::COOKIE,
                session::LASTS.as_secs()
            );
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/me?done=password")).into_response())
        }
        Err(error @ Error::Invalid(_)) => {
            let status = error.status();
            let Error::Invalid(problems) = error else {
                return Err(error);
            };
            let html = page(&app, &visitor, &headers, problems, false).await?;
            Ok((status, html).into_response())
        }
        Err(error) => Err(error),
    }
}

/// POST /me/sessions/end: logs out everywhere, here too.
pub async fn log_out_everywhere(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Redirect, Error> {
    let permit = store::permit(&app, &visitor)?;
    store::end_sessions(&app, &permit, visitor.person.id()).await?;
    Ok(Redirect::to("/login"))
}
