//! Failures in the form the asker reads: problem+json (RFC 9457) for programs, a page or a fragment for people.

use askama::Template;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde_json::json;

use super::words::W;
use crate::auth::{Visitor, language_of_stranger};
use crate::error::Failure;

/// A page that says what went wrong and what to do.
#[derive(Template)]
#[template(path = "pages/problem.html")]
struct ProblemPage {
    w: W,
    status: u16,
    title: String,
    fields: Vec<(String, String)>,
    claim: Option<String>,
    request_id: String,
}

/// The same for htmx: a fragment that replaces nothing but the toast.
#[derive(Template)]
#[template(path = "parts/problem.html")]
struct ProblemPart {
    title: String,
    fields: Vec<(String, String)>,
    claim: Option<String>,
}

/// Renders the failure that a handler left in its answer.
pub async fn render(request: Request, next: Next) -> Response {
    let asked = Asked::of(&request);
    let mut response = next.run(request).await;
    if response.extensions().get::<Failure>().is_none() && asked.bare(&response) {
        let (parts, body) = response.into_parts();
        let failure = unread(parts.status, body).await;
        response = Response::from_parts(parts, axum::body::Body::empty());
        response.extensions_mut().insert(failure);
    }
    let Some(failure) = response.extensions_mut().remove::<Failure>() else {
        return response;
    };
    let lang = response.extensions().get::<Visitor>().map_or(asked.lang, |v| v.lang);
    let mut answer = asked.answer(&failure, W(lang));
    *answer.status_mut() = answer_status(&failure, &answer);
    for name in [header::RETRY_AFTER, header::ALLOW] {
        if let Some(value) = response.headers().get(&name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    answer
}

/// A request that the router or an extractor refused before any handler saw it. What they say of it is theirs, in English.
async fn unread(status: StatusCode, body: axum::body::Body) -> Failure {
    let code = match status {
        StatusCode::NOT_FOUND => "page-missing",
        StatusCode::METHOD_NOT_ALLOWED => "method",
        StatusCode::PAYLOAD_TOO_LARGE => "body-too-large",
        _ => "unreadable",
    };
    let said = axum::body::to_bytes(body, 4096).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said).into_owned();
    Failure {
        status: status.as_u16(),
        code,
        args: vec![("said".to_owned(), said)],
        fields: vec![],
        refusal: None,
        claim: None,
    }
}

fn answer_status(failure: &Failure, answer: &Response) -> StatusCode {
    if answer.status().is_redirection() {
        return answer.status();
    }
    StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

struct Asked {
    json: bool,
    htmx: bool,
    get: bool,
    path: String,
    lang: outlay_core::words::Lang,
    request_id: String,
}

impl Asked {
    fn of(request: &Request) -> Asked {
        let headers = request.headers();
        let path = request.uri().path();
        Asked {
            json: path.starts_with("/api/") || path.starts_with("/hooks/") || wants_json(headers),
            htmx: headers.contains_key("hx-request"),
            get: request.method() == axum::http::Method::GET,
            path: request
                .uri()
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default(),
            lang: language_of_stranger(headers),
            request_id: super::request_id(headers).to_owned(),
        }
    }

    /// Whether the answer is a refusal in plain text or without any text: none of a handler's own.
    fn bare(&self, response: &Response) -> bool {
        let kind = response.headers().get(header::CONTENT_TYPE);
        response.status().is_client_error() && kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"))
    }

    fn answer(&self, failure: &Failure, w: W) -> Response {
        let title = w.args(&format!("problem-{}", failure.code), &failure.args);
        let fields: Vec<(String, String)> = failure
            .fields
            .iter()
            .map(|p| (p.field.clone(), super::field_words(w, p)))
            .collect();
        if self.json {
            let body = json!({
                "type": format!("https://outlay.dev/problems/{}", failure.code),
                "title": title,
                "status": failure.status,
                "code": failure.code,
                "instance": format!("urn:request:{}", self.request_id),
                "fields": failure.fields.iter().zip(&fields).map(|(p, (field, words))| json!({
                    "field": field, "code": p.code, "message": words,
                })).collect::<Vec<_>>(),
                "refusal": failure.refusal,
                "claim": failure.claim,
            });
            let mut response = body.to_string().into_response();
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/problem+json"),
            );
            return response;
        }
        if failure.status == 401 && self.get && !self.htmx {
            return Redirect::to(&super::link("/login", &[("next", &self.path)])).into_response();
        }
        let html = if self.htmx {
            ProblemPart {
                title,
                fields,
                claim: failure.claim.clone(),
            }
            .render()
        } else {
            ProblemPage {
                w,
                status: failure.status,
                title,
                fields,
                claim: failure.claim.clone(),
                request_id: self.request_id.clone(),
            }
            .render()
        };
        Html(html.unwrap_or_default()).into_response()
    }
}

fn wants_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.starts_with("application/json"))
}
