//! Idempotency keys: a POST under /api/v1 that is sent again with the same `Idempotency-Key` is carried out once.
//!
//! The key is taken before the handler runs. The handler's first commit marks it as carried out, in the same transaction,
//! so that a crash before the answer cannot make a later repetition do it again. The answer is kept for a day.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use outlay_core::ids::EmployeeId;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::args;
use crate::auth::Visitor;
use crate::clock::now;
use crate::db::{Db, Sql};
use crate::error::Error;
use crate::http::MAX_BODY;

const DAY: i64 = 24 * 3_600 * 1_000_000;
/// How long a repetition waits for the first to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// A key taken so long ago without an end is of a process that died.
const ABANDONED: i64 = 120 * 1_000_000;

const RUNNING: i64 = 0;
const CARRIED_OUT: i64 = 1;

/// A key that somebody sent, for the length of their request.
#[derive(Debug, Clone)]
pub struct Held {
    key: String,
    owner: EmployeeId,
    /// When it was taken, in microseconds; tells this holder from one who took it over.
    since: i64,
}

tokio::task_local! {
    static HELD: Held;
}

/// The key that the request being served holds.
pub fn held() -> Option<Held> {
    HELD.try_with(Clone::clone).ok()
}

/// Marks a key as carried out, in the transaction of what was done; refused if somebody took it over meanwhile.
pub async fn mark(sql: &mut Sql, held: &Held) -> Result<(), Error> {
    let touched = sql
        .run(
            "UPDATE idempotency SET status = $1 WHERE employee_id = $2 AND key = $3 AND created_at = $4",
            args![CARRIED_OUT, held.owner, &held.key, held.since],
        )
        .await?;
    if touched == 1 { Ok(()) } else { Err(Error::Running) }
}

/// Frees the keys of requests that a process took with it: nothing of them was committed. For a process that is alone.
pub async fn free_abandoned(db: &Db) -> Result<(), Error> {
    db.write(|sql| {
        Box::pin(async move {
            sql.run("DELETE FROM idempotency WHERE status = $1", args![RUNNING])
                .await?;
            Ok(())
        })
    })
    .await
}

/// The layer around all routes.
pub async fn layer(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let concerned = request.method() == Method::POST && request.uri().path().starts_with("/api/v1/");
    let Some(key) = request.headers().get("idempotency-key").filter(|_| concerned).cloned() else {
        return next.run(request).await;
    };
    match once(&app, key, request, next).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn once(app: &Arc<App>, key: HeaderValue, request: Request, next: Next) -> Result<Response, Error> {
    let key = key
        .to_str()
        .ok()
        .filter(|k| (1..=255).contains(&k.len()) && k.bytes().all(|b| b.is_ascii_graphic()));
    let key = key
        .ok_or_else(|| Error::field("Idempotency-Key", "idempotency-key"))?
        .to_owned();
    let (mut parts, body) = request.into_parts();
    let owner = Visitor::from_request_parts(&mut parts, app).await?.person.id();
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| Error::TooLarge(50))?;
    let hash = fingerprint(&parts.method, &parts.uri.to_string(), &parts.headers, &body);
    let since = now().as_microsecond();
    let held = Held { key, owner, since };
    if let Some(kept) = take(&app.db, &held, &hash).await? {
        return Ok(kept);
    }
    let request = Request::from_parts(parts, Body::from(body));
    let response = HELD.scope(held.clone(), next.run(request)).await;
    settle(&app.db, &held, response).await
}

/// What makes two requests the same: method, address and body. The boundary between parts of a form is chance and does
/// not count.
fn fingerprint(method: &Method, uri: &str, headers: &HeaderMap, body: &Bytes) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{method} {uri}\n"));
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    match kind.split_once("boundary=").filter(|_| kind.starts_with("multipart/")) {
        None => hash.update(body),
        Some((_, boundary)) => {
            let mark = format!("--{}", boundary.split(';').next().unwrap_or_default().trim_matches('"'));
            for line in body
                .split_inclusive(|b| *b == b'\n')
                .filter(|l| !l.starts_with(mark.as_bytes()))
            {
                hash.update(line);
            }
        }
    }
    hex::encode(hash.finalize())
}

type Kept = (String, i64, String, Option<String>, i64);

/// Takes the key for this request, or gives the answer that is kept under it.
async fn take(db: &Db, held: &Held, hash: &str) -> Result<Option<Response>, Error> {
    let start = std::time::Instant::now();
    loop {
        let (mine, request_hash) = (held.clone(), hash.to_owned());
        let found: Option<Kept> = db
            .write(move |sql| {
                let (held, hash) = (mine.clone(), request_hash.clone());
                Box::pin(async move { take_in(sql, &held, &hash).await })
            })
            .await?;
        let Some((other, status, body, location, _)) = found else {
            return Ok(None);
        };
        if other != hash {
            return Err(Error::field("Idempotency-Key", "idempotency-other"));
        }
        match status {
            CARRIED_OUT | RUNNING if start.elapsed() < PATIENCE => tokio::time::sleep(Duration::from_millis(50)).await,
            RUNNING => return Err(Error::Running),
            CARRIED_OUT => return Err(Error::AnswerLost),
            status => return Ok(Some(replay(status, body, location))),
        }
    }
}

/// The row that stands in the way, or none if the key is ours now.
async fn take_in(sql: &mut Sql, held: &Held, hash: &str) -> Result<Option<Kept>, Error> {
    let at = held.since;
    sql.run("DELETE FROM idempotency WHERE created_at < $1", args![at - DAY])
        .await?;
    sql.run(
        "DELETE FROM idempotency WHERE employee_id = $1 AND key = $2 AND status = $3 AND created_at < $4",
        args![held.owner, &held.key, RUNNING, at - ABANDONED],
    )
    .await?;
    let made = sql
        .run(
            "INSERT INTO idempotency (key, employee_id, request_hash, status, body, created_at) VALUES ($1, $2, $3, $4, '', $5) \
             ON CONFLICT (employee_id, key) DO NOTHING",
            args![&held.key, held.owner, hash, RUNNING, at],
        )
        .await?;
    if made == 1 {
        return Ok(None);
    }
    Ok(sql
        .maybe(
            "SELECT request_hash, status, body, location, created_at FROM idempotency WHERE employee_id = $1 AND key = $2",
            args![held.owner, &held.key],
        )
        .await?)
}

fn replay(status: i64, body: String, location: Option<String>) -> Response {
    let status = u16::try_from(status)
        .ok()
        .and_then(|s| StatusCode::from_u16(s).ok())
        .unwrap_or(StatusCode::OK);
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    let headers = response.headers_mut();
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    if let Some(location) = location.and_then(|l| l.parse().ok()) {
        headers.insert(header::LOCATION, location);
    }
    response
}

/// Keeps a good answer; after a refusal the key is free again, unless something was carried out all the same.
async fn settle(db: &Db, held: &Held, response: Response) -> Result<Response, Error> {
    let good = response.status().is_success();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_BODY)
        .await
        .map_err(|e| Error::Broken(e.to_string()))?;
    let text = if good {
        String::from_utf8(body.to_vec()).ok()
    } else {
        None
    };
    let location = parts
        .headers
        .get(header::LOCATION)
        .and_then(|v| v.to_str().ok())
        .map(str::to_owned);
    let (mine, status) = (held.clone(), i64::from(parts.status.as_u16()));
    db.write(move |sql| {
        let (held, text, location) = (mine.clone(), text.clone(), location.clone());
        Box::pin(async move {
            match text {
                Some(text) => {
                    sql.run(
                        "UPDATE idempotency SET status = $1, body = $2, location = $3 WHERE employee_id = $4 AND key = $5 \
                         AND created_at = $6",
                        args![status, text, location, held.owner, &held.key, held.since],
                    )
                    .await?
                }
                None => {
                    sql.run(
                        "DELETE FROM idempotency WHERE employee_id = $1 AND key = $2 AND status = $3 AND created_at = $4",
                        args![held.owner, &held.key, RUNNING, held.since],
                    )
                    .await?
                }
            };
            Ok(())
        })
    })
    .await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}
