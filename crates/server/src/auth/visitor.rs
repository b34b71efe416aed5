//! Who sends a request: an extractor for handlers, and the guard against requests from other sites.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use outlay_core::ids::EmployeeId;
use outlay_core::words::Lang;

use super::rights::{Action, Permit, Person, Resource};
use super::session;
use crate::app::App;
use crate::clock;
use crate::db::Sql;
use crate::error::Error;

/// Somebody logged in, for the length of a request.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Who, and what the organisation says of them.
    pub person: Person,
    /// The language they read.
    pub lang: Lang,
    /// The zone of the legal entity they work for; moments are shown in it.
    pub zone: String,
}

impl Visitor {
    /// Asks whether they may; the permit goes to the function that changes something.
    pub fn permit(&self, app: &App, action: Action, resource: &Resource) -> Result<Permit, Error> {
        app.rights.check(&self.person, action, resource)
    }
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Error> {
        if let Some(known) = parts.extensions.get::<Visitor>() {
            return Ok(known.clone());
        }
        let mut sql = app.db.read();
        let id = match bearer(&parts.headers) {
            Some(secret) => by_token(app, &mut sql, secret, &parts.method).await?,
            None => who(&mut sql, &parts.headers).await?,
        };
        let id = id.ok_or(Error::Unauthenticated)?;
        let org = app.org(&mut sql).await?;
        let today = clock::day(clock::now(), "UTC");
        let person = Person::of(&org, id, today)?;
        let entity = org.primary(id, today).and_then(|place| org.entity(place.entity));
        let zone = entity.map_or_else(|| "UTC".to_owned(), |e| e.zone.clone());
        let lang = language(&parts.headers)
            .or_else(|| Lang::parse(&person.employee.locale))
            .unwrap_or_default();
        let visitor = Visitor { person, lang, zone };
        parts.extensions.insert(visitor.clone());
        Ok(visitor)
    }
}

/// The employee behind a token, which must be one that may write unless the request only reads.
async fn by_token(app: &App, sql: &mut Sql, secret: &str, method: &Method) -> Result<Option<EmployeeId>, Error> {
    let Some(token) = session::token(sql, secret).await? else {
        return Ok(None);
    };
    if !token.writes && !is_safe(method) {
        return Err(Error::Forbidden("writeByToken".into()));
    }
    session::used(app, &token);
    Ok(token.employee_id.parse().ok())
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// The employee behind the token or the session cookie of a request; none if it is unknown or has ended.
pub async fn who(sql: &mut Sql, headers: &HeaderMap) -> Result<Option<EmployeeId>, Error> {
    match (bearer(headers), cookie(headers, session::COOKIE)) {
        (Some(secret), _) => Ok(session::token(sql, secret)
            .await?
            .and_then(|t| t.employee_id.parse().ok())),
        (None, Some(secret)) => session::by_cookie(sql, secret).await,
        (None, None) => Ok(None),
    }
}

/// The language chosen by cookie.
pub fn language(headers: &HeaderMap) -> Option<Lang> {
    cookie(headers, "outlay_lang").and_then(Lang::parse)
}

/// The language of somebody not logged in: by cookie, else by the browser's wish.
pub fn language_of_stranger(headers: &HeaderMap) -> Lang {
    language(headers)
        .or_else(|| {
            headers
                .get(header::ACCEPT_LANGUAGE)
                .and_then(|v| v.to_str().ok())
                .and_then(Lang::parse)
        })
        .unwrap_or_default()
}

/// A cookie's value.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
        .map(str::trim)
}

/// Refuses changing requests that a browser sends from another site, or that carry a session without saying where
/// they come from. Requests with an API token carry no cookie and pass.
pub async fn same_site(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let safe = is_safe(request.method());
    let headers = request.headers();
    if safe || bearer(headers).is_some() || request.uri().path().starts_with("/hooks/") || is_ours(&app, &request) {
        return next.run(request).await;
    }
    Error::CrossSite.into_response()
}

fn is_ours(app: &App, request: &Request) -> bool {
    let headers = request.headers();
    let text = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok()) {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = text(header::ORIGIN) else {
        return false;
    };
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    // HTTP/2 names the host in the request line.
    let named = text(header::HOST).or(request.uri().authority().map(|a| a.as_str()));
    named == Some(host)
        || app
            .config
            .public_url()
            .split_once("://")
            .is_some_and(|(_, ours)| ours == host)
}
