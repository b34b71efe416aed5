//! A small Odoo: JSON-2 and JSON-RPC over records in memory, as far as a connector asks for them.

mod db;
mod domain;
mod methods;
mod models;

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::{Value, json};

pub use db::{Db, Field, Model, Refusal, Row};

use crate::faults::{self, Fault, Faults};

/// The key that it takes.
pub const KEY: &str = "the-key-of-the-fake";
/// Whose key that is.
pub const LOGIN: &str = "wang.fang";
/// The name of its only database.
pub const DATABASE: &str = "crm";

/// A fake Odoo; clones are the same one.
#[derive(Clone)]
pub struct FakeOdoo {
    db: Arc<Mutex<Db>>,
    /// What goes wrong next.
    pub faults: Faults,
}

impl FakeOdoo {
    /// One of this version, 17 to 19, with what every Odoo holds. Its clock stands until somebody moves it.
    pub fn new(version: u32) -> Self {
        let faults = Faults::default();
        FakeOdoo {
            db: Arc::new(Mutex::new(Db::new(version, faults.clone()))),
            faults,
        }
    }

    /// Its records and clock.
    pub fn db(&self) -> MutexGuard<'_, Db> {
        self.db.lock().expect("no test panics while it holds the records")
    }

    /// Serves on a free port; gives the address.
    pub async fn serve(&self) -> String {
        let router = Router::new()
            .route("/json/2/{model}/{method}", post(json2))
            .route("/jsonrpc", post(jsonrpc))
            .route("/web/version", get(version))
            .with_state(self.clone());
        faults::serve(router).await
    }

    fn headers(&self) -> HeaderMap {
        let date = at(self.db().clock).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        HeaderMap::from_iter([(header::DATE, HeaderValue::from_str(&date).expect("a date"))])
    }

    fn answer(&self, fault: Option<&Fault>, status: u16, json: &Value) -> Response {
        let status = StatusCode::from_u16(status).expect("a status");
        faults::answer(fault, status, self.headers(), json)
    }
}

async fn version(State(fake): State<FakeOdoo>) -> Response {
    let version = fake.db().version;
    if version < 19 {
        return (StatusCode::NOT_FOUND, "<h1>Not Found</h1>").into_response();
    }
    let json = json!({ "version": format!("{version}.0"), "version_info": [version, 0, 0, "final", 0, ""] });
    fake.answer(None, 200, &json)
}

async fn json2(
    State(fake): State<FakeOdoo>,
    Path((model, method)): Path<(String, String)>,
    headers: HeaderMap,
    Json(mut args): Json<Value>,
) -> Response {
    let fault = fake.faults.take();
    if let Some(answer) = fault.as_ref().and_then(Fault::instead) {
        return answer;
    }
    let given = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if given("authorization").to_lowercase() != format!("bearer {KEY}") {
        let refusal = Refusal::new(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey");
        return fake.answer(None, 401, &told(&refusal));
    }
    if !["", DATABASE].contains(&given("x-odoo-database")) {
        return (StatusCode::NOT_FOUND, "<h1>Not Found</h1>").into_response();
    }
    if fault == Some(Fault::ErrorInOk) {
        let refusal = Refusal::new(200, "odoo.exceptions.UserError", "Something went wrong");
        return fake.answer(None, 200, &told(&refusal));
    }
    let ids = args.as_object_mut().and_then(|a| a.remove("ids"));
    let ids: Vec<i64> = ids
        .iter()
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(Value::as_i64)
        .collect();
    let deaf = fault == Some(Fault::Deaf);
    let done = fake.db().call(&model, &method, &ids, &args, deaf);
    match done {
        Ok(value) => fake.answer(fault.as_ref(), 200, &value),
        Err(refusal) => fake.answer(fault.as_ref(), refusal.status, &told(&refusal)),
    }
}

async fn jsonrpc(State(fake): State<FakeOdoo>, Json(envelope): Json<Value>) -> Response {
    let fault = fake.faults.take();
    if let Some(answer) = fault.as_ref().and_then(Fault::instead) {
        return answer;
    }
    let done = match fault {
        Some(Fault::ErrorInOk) => Err(Refusal::new(200, "odoo.exceptions.UserError", "Something went wrong")),
        _ => service(&fake, &envelope["params"], fault == Some(Fault::Deaf)),
    };
    let mut answer = json!({ "jsonrpc": "2.0", "id": envelope["id"] });
    match done {
        Ok(value) => answer["result"] = value,
        Err(refusal) => {
            answer["error"] = json!({ "code": 200, "message": "Odoo Server Error", "data": told(&refusal) });
        }
    }
    fake.answer(fault.as_ref(), 200, &answer)
}

fn service(fake: &FakeOdoo, params: &Value, deaf: bool) -> methods::Answer {
    let args = &params["args"];
    let denied = || Refusal::new(200, "odoo.exceptions.AccessDenied", "Access Denied");
    match (params["service"].as_str(), params["method"].as_str()) {
        (Some("db"), Some("list")) => Ok(json!([DATABASE])),
        (Some("common"), Some("authenticate")) => {
            let fits = args[0] == DATABASE && args[1] == LOGIN && args[2] == KEY;
            Ok(if fits { json!(2) } else { json!(false) })
        }
        (Some("object"), Some("execute_kw")) => {
            if args[0] != DATABASE || args[1] != 2 || args[2] != KEY {
                return Err(denied());
            }
            let (model, method) = (args[3].as_str().expect("a model"), args[4].as_str().expect("a method"));
            let mut named = args[6].clone();
            let first = args[5][0].clone();
            let ids: Vec<i64> = match method {
                "create" => {
                    named["vals_list"] = first;
                    Vec::new()
                }
                _ => first
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_i64)
                    .collect(),
            };
            fake.db().call(model, method, &ids, &named, deaf)
        }
        _ => Err(Refusal::new(200, "builtins.KeyError", "no such service")),
    }
}

fn told(refusal: &Refusal) -> Value {
    json!({
        "name": refusal.name,
        "message": refusal.message,
        "arguments": [refusal.message],
        "context": {},
        "debug": "Traceback (most recent call last): a secret",
    })
}

/// Microseconds since 1970 as Odoo shows them.
fn text(micros: i64) -> String {
    at(micros).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The second since 1970 of a time as Odoo shows it.
fn seconds(text: &str) -> Option<i64> {
    let at: DateTime = text.parse().ok()?;
    Some(TimeZone::UTC.to_timestamp(at).ok()?.as_second())
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).expect("a time")
}
