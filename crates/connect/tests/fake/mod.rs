//! A small Tryton: enough of its REST interface to keep records and notes, and to fail on demand.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE};
use futures::stream;
use serde_json::{Value, json};

pub const KEY: &str = "the-key-of-the-fake";

/// What goes wrong with one request.
#[derive(Clone)]
pub enum Fault {
    Status(u16, Vec<(&'static str, String)>),
    /// The page of a log-in, with status 200.
    LogIn,
    /// JSON that ends too early.
    CutJson,
    /// The connection breaks in the middle of the answer.
    CutLine,
    /// One byte at a time, for ever.
    Drip,
    /// Far too much.
    Flood,
    /// Done, but the answer is lost.
    LostAnswer,
    Redirect,
    /// Gives the first page again, whatever was asked.
    Deaf,
}

#[derive(Default)]
pub struct Crm {
    pub deals: Vec<Value>,
    pub modules: Vec<&'static str>,
    pub notes: BTreeMap<(i64, String), Value>,
    pub faults: VecDeque<Fault>,
    pub requests: usize,
}

#[derive(Clone, Default)]
pub struct Fake(Arc<Mutex<Crm>>);

impl Fake {
    pub fn crm(&self) -> MutexGuard<'_, Crm> {
        self.0.lock().expect("the lock")
    }

    pub fn fail(&self, fault: Fault) {
        self.crm().faults.push_back(fault);
    }

    /// Serves on a free port; gives the address.
    pub async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new()
            .route("/crm/rest/model/{model}", get(search))
            .route("/crm/rest/model/{model}/{id}/{action}", post(act))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }
}

/// An opportunity changed at this second of a day.
pub fn deal(id: i64, second: i64, more: Value) -> Value {
    let mut deal = json!({
        "id": id,
        "number": id.to_string(),
        "description": format!("商机 {id}"),
        "party": 1,
        "employee": 2,
        "state": "opportunity",
        "amount": { "__class__": "Decimal", "decimal": "1200.50" },
        "currency": { "id": 1, "code": "CNY" },
        "conversion_probability": 0.25,
        "last_modified_at": at(second),
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        deal[name] = value.clone();
    }
    deal
}

fn at(second: i64) -> Value {
    json!({
        "__class__": "datetime", "year": 2026, "month": 11, "day": 24,
        "hour": second / 3600, "minute": second / 60 % 60, "second": second % 60, "microsecond": 250_000,
    })
}

/// Later answers are dated by this second of the same day.
fn date() -> (header::HeaderName, &'static str) {
    (header::DATE, "Tue, 24 Nov 2026 12:00:00 GMT")
}

async fn search(
    State(fake): State<Fake>,
    Path(model): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let fault = match admit(&fake, &headers) {
        Ok(fault) => fault,
        Err(refusal) => return refusal,
    };
    let one = |name: &str| query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let bytes = URL_SAFE.decode(one("d").unwrap_or_default()).expect("base64");
    let domain: Value = serde_json::from_slice(&bytes).expect("a domain");
    let limit: usize = one("s").unwrap_or("0").parse().expect("a limit");
    let crm = fake.crm();
    let mut rows = match model.as_str() {
        "sale.opportunity" => crm.deals.clone(),
        "ir.module" => crm
            .modules
            .iter()
            .map(|m| json!({"id": 1, "name": m, "state": "activated"}))
            .collect(),
        _ => Vec::new(),
    };
    rows.sort_by_key(|r| (moment(&r["last_modified_at"]), r["id"].as_i64()));
    if !matches!(fault, Some(Fault::Deaf)) {
        rows.retain(|r| holds(&domain, r));
    }
    rows.truncate(limit);
    drop(crm);
    answer(Value::from(rows), fault)
}

async fn act(
    State(fake): State<Fake>,
    Path((_, id, action)): Path<(String, i64, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let fault = match admit(&fake, &headers) {
        Ok(fault) => fault,
        Err(refusal) => return refusal,
    };
    let mut crm = fake.crm();
    if !crm.modules.contains(&"outlay_cost") || action != "outlay_note" {
        return StatusCode::FORBIDDEN.into_response();
    }
    if !crm.deals.iter().any(|d| d["id"] == id) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let place = (id, body["marker"].as_str().expect("a marker").to_owned());
    let changed = crm.notes.get(&place) != Some(&body);
    crm.notes.insert(place, body);
    drop(crm);
    answer(json!({"id": 9, "changed": changed, "modified_at": at(1)}), fault)
}

/// Checks the key and takes the next fault.
#[allow(clippy::result_large_err, reason = "a test's answer")]
fn admit(fake: &Fake, headers: &HeaderMap) -> Result<Option<Fault>, Response> {
    let mut crm = fake.crm();
    crm.requests += 1;
    let given = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    if given != Some(&format!("Bearer {KEY}")) {
        return Err((StatusCode::UNAUTHORIZED, "<h1>Unauthorized</h1>").into_response());
    }
    match crm.faults.pop_front() {
        Some(Fault::Status(status, more)) => {
            let status = StatusCode::from_u16(status).expect("a status");
            let mut answer = (status, "Traceback (most recent call last): secret").into_response();
            for (name, value) in more {
                answer.headers_mut().insert(name, value.parse().expect("a header"));
            }
            Err(answer)
        }
        Some(Fault::Redirect) => Err(Redirect::temporary("http://169.254.169.254/").into_response()),
        other => Ok(other),
    }
}

fn answer(json: Value, fault: Option<Fault>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json"), date()];
    let text = json.to_string();
    let broken = || Err::<String, _>(std::io::Error::other("gone"));
    match fault {
        Some(Fault::LogIn) => axum::response::Html("<form>password</form>").into_response(),
        Some(Fault::CutJson) => (kind, text[..text.len() / 2].to_owned()).into_response(),
        Some(Fault::CutLine) => {
            let half = text[..text.char_indices().nth(40).map_or(0, |(i, _)| i)].to_owned();
            (kind, Body::from_stream(stream::iter([Ok(half), broken()]))).into_response()
        }
        Some(Fault::LostAnswer) => (kind, Body::from_stream(stream::iter([broken()]))).into_response(),
        Some(Fault::Drip) => {
            let drops = stream::unfold((), |()| async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Some((Ok::<_, std::io::Error>(" "), ()))
            });
            (kind, Body::from_stream(drops)).into_response()
        }
        Some(Fault::Flood) => (kind, " ".repeat(3 << 20)).into_response(),
        _ => (kind, text).into_response(),
    }
}

fn moment(at: &Value) -> Vec<i64> {
    ["year", "month", "day", "hour", "minute", "second", "microsecond"]
        .map(|n| at[n].as_i64().unwrap_or_default())
        .to_vec()
}

/// Whether a row fulfils a Tryton domain.
fn holds(domain: &Value, row: &Value) -> bool {
    let Some(parts) = domain.as_array().filter(|p| !p.is_empty()) else {
        return true;
    };
    if parts[0] == "OR" {
        return parts[1..].iter().any(|p| holds(p, row));
    }
    let (Some(field), Some(operator), Some(wanted)) = (parts[0].as_str(), parts.get(1), parts.get(2)) else {
        return parts.iter().all(|p| holds(p, row));
    };
    let held = &row[field];
    let order = if wanted.get("__class__").is_some() {
        moment(held).cmp(&moment(wanted))
    } else {
        held.as_i64().cmp(&wanted.as_i64())
    };
    match operator.as_str() {
        Some("in") => wanted.as_array().is_some_and(|w| w.contains(held)),
        Some(">") => order.is_gt(),
        Some("=") if wanted.is_string() => held == wanted,
        Some("=") => order.is_eq(),
        other => panic!("operator {other:?}"),
    }
}
