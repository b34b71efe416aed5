//! GET and POST /login, POST /logout.

use std::net::SocketAddr;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use outlay_core::words::Lang;
use serde::Deserialize;

use super::{cookie, language_of_stranger, session};
use crate::app::App;
use crate::error::Error;
use crate::shell::{self, W};

#[derive(Template)]
#[template(path = "pages/login.html")]
struct LoginPage {
    w: W,
    next: String,
    email: String,
    error: Option<String>,
}

#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

/// GET /login.
pub async fn form(headers: HeaderMap, Query(Next { next }): Query<Next>) -> Result<Html<String>, Error> {
    page(LoginPage {
        w: W(language_of_stranger(&headers)),
        next: local(&next),
        email: String::new(),
        error: None,
    })
}

#[derive(Deserialize)]
pub struct Credentials {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// POST /login.
pub async fn log_in(
    State(app): State<Arc<App>>,
    from: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    Form(form): Form<Credentials>,
) -> Result<Response, Error> {
    let from = from.map_or_else(|| "-".to_owned(), |axum::Extension(ConnectInfo(a))| a.ip().to_string());
    let w = W(language_of_stranger(&headers));
    match session::log_in(&app, &form.email, &form.password, &from).await {
        Ok(secret) => {
            let secure = if app.config.tls.is_some() { "; Secure" } else { "" };
            let cookie = format!(
                "{}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
                session::COOKIE,
                session::LASTS.as_secs()
            );
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&local(&form.next))).into_response())
        }
        Err(Error::Invalid(_)) => {
            let error = Some(w.t("login-wrong"));
            let html = page(LoginPage {
                w,
                next: local(&form.next),
                email: form.email,
                error,
            })?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, html).into_response())
        }
        Err(Error::TooMany(seconds)) => {
            let error = Some(w.t1("problem-too-many", "seconds", seconds));
            let html = page(LoginPage {
                w,
                next: local(&form.next),
                email: form.email,
                error,
            })?;
            Ok((
                StatusCode::TOO_MANY_REQUESTS,
                [(header::RETRY_AFTER, seconds.to_string())],
                html,
            )
                .into_response())
        }
        Err(error) => Err(error),
    }
}

/// POST /logout.
pub async fn log_out(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Error> {
    if let Some(secret) = cookie(&headers, session::COOKIE) {
        session::log_out(&app, secret).await?;
    }
    let gone = format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0", session::COOKIE);
    Ok(([(header::SET_COOKIE, gone)], Redirect::to("/login")).into_response())
}

#[derive(Deserialize)]
pub struct Language {
    language: String,
}

/// POST /language: for somebody who has not logged in yet.
pub async fn language(Form(form): Form<Language>) -> Result<Response, Error> {
    let lang = Lang::parse(&form.language).ok_or_else(|| Error::field("language", "unknown"))?;
    let cookie = format!("outlay_lang={}; Path=/; SameSite=Lax; Max-Age=31536000", lang.tag());
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response())
}

/// A path on this site; anything else becomes the first page.
fn local(next: &str) -> String {
    shell::local(next, "/").to_owned()
}

fn page(page: LoginPage) -> Result<Html<String>, Error> {
    page.render().map(Html).map_err(|e| Error::Broken(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn leads_nowhere_else() {
        for bad in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "javascript:x",
            "/a\nb",
        ] {
            assert_eq!(local(bad), "/", "{bad}");
        }
        assert_eq!(local("/claims?x=1"), "/claims?x=1");
    }
}
