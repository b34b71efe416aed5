//! Taking photos on a phone, also without a network: a page whose shell a service worker keeps, and where other apps'
//! files arrive. Nothing about anybody is in that shell.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::pages::keep;
use super::shelf::Shelf;
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::{W, assets, page};

#[derive(Template)]
#[template(path = "pages/capture.html")]
struct Capture {
    w: W,
    words: String,
}

/// What the page's script says, by its names for it.
const WORDS: [(&str, &str); 11] = [
    ("waiting", "capture-waiting"),
    ("sending", "capture-sending"),
    ("login", "capture-login"),
    ("other", "capture-other"),
    ("failed", "upload-failed"),
    ("offline", "capture-offline"),
    ("queued", "capture-queued"),
    ("online", "capture-online"),
    ("retry", "upload-retry"),
    ("remove", "capture-remove"),
    ("open", "capture-open"),
];

/// GET /receipts/capture.
pub async fn show(visitor: Visitor) -> Result<Html<String>, Error> {
    let w = W(visitor.lang);
    let own = WORDS.iter().map(|(name, key)| ((*name).to_owned(), w.t(key)));
    let shelves = Shelf::ALL.iter().map(|s| {
        let key = format!("shelf-{}", s.code());
        (key.clone(), w.t(&key))
    });
    let words: serde_json::Map<String, serde_json::Value> = own.chain(shelves).map(|(n, v)| (n, v.into())).collect();
    page(&Capture {
        w,
        // Within a script element: no end tag may be in it.
        words: serde_json::Value::from(words).to_string().replace('<', "\\u003c"),
    })
}

/// GET /receipts/worker.js: the service worker, which can only see what lies beside it; asked for anew each time.
pub async fn worker() -> Result<Response, Error> {
    let script = assets::bytes("worker.js").ok_or(Error::NotFound("file"))?;
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, script).into_response())
}

/// POST /receipts/capture/share: files that another app shares, where no service worker took them into its queue.
pub async fn share(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Redirect, Error> {
    keep(&app, &visitor, &headers, form).await?;
    Ok(Redirect::to("/receipts"))
}
