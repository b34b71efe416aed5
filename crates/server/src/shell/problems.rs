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
    if response.status() == StatusCode::NOT_FOUND
        && response.extensions().get::<Failure>().is_none()
        && asked.empty(&response)
    {
        let failure = Failure {
            status: 404,
            code: "page-missing",
            args: vec![],
            fields: vec![],
            refusal: None,
            claim: None,
        };
        response.extensions_mut().insert(failure);
    }
    let Some(failure) = response.extensions_mut().remove::<Failure>() else {
        return response;
    };
    let lang = response.extensions().get::<Visitor>().map_or(asked.lang, |v| v.lang);
    let mut answer = asked.answer(&failure, W(lang));
    *answer.status_mut() = answer_status(&failure, &answer);
    if let Some(wait) = response.headers().get(header::RETRY_AFTER) {
        answer.headers_mut().insert(header::RETRY_AFTER, wait.clone());
    }
    answer
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

    fn empty(&self, response: &Response) -> bool {
        response.headers().get(header::CONTENT_TYPE).is_none()
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
