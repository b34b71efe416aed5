//! A small 纷享销客: its OpenAPI v2 over records in memory, as far as a connector asks for it. Whatever is wrong comes as HTTP
//! 200 with an `errorCode`, as there.

mod calls;
mod db;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
    routing::post,
};
use jiff::Timestamp;
use serde_json::{Value, json};

pub use db::{Db, Object, Row};

use self::calls::Refusal;
use crate::faults::{self, Fault, Faults};

/// The application that it takes.
pub const APP_ID: &str = "FSAID_test";
/// Its secret.
pub const APP_SECRET: &str = "the-secret-of-the-fake";
/// The company's consent.
pub const PERMANENT_CODE: &str = "the-code-of-the-fake";
/// The user that it knows.
pub const OPEN_USER: &str = "FSUID_wangfang";
/// The company.
const CORP: &str = "FSCID_test";

/// A fake 纷享销客; clones are the same one.
#[derive(Clone)]
pub struct FakeFxiaoke {
    db: Arc<Mutex<Db>>,
    traces: Arc<Mutex<BTreeSet<String>>>,
    /// What goes wrong next.
    pub faults: Faults,
}

impl Default for FakeFxiaoke {
    /// One without records. Its clock stands until somebody moves it.
    fn default() -> Self {
        let faults = Faults::default();
        FakeFxiaoke {
            db: Arc::new(Mutex::new(Db::new(faults.clone()))),
            traces: Arc::default(),
            faults,
        }
    }
}

impl FakeFxiaoke {
    /// Its records and clock.
    pub fn db(&self) -> MutexGuard<'_, Db> {
        self.db.lock().expect("no test panics while it holds the records")
    }

    /// Serves on a free port; gives the address.
    pub async fn serve(&self) -> String {
        let router = Router::new().route("/cgi/{*path}", post(call)).with_state(self.clone());
        faults::serve(router).await
    }

    fn answer(&self, fault: Option<&Fault>, code: i64, message: &str, more: Value) -> Response {
        let mut json = json!({
            "errorCode": code, "errorMessage": message, "errorDescription": if code == 0 { "success" } else { message },
            "traceId": "E-O.test",
        });
        if let (Some(json), Value::Object(more)) = (json.as_object_mut(), more) {
            json.extend(more);
        }
        let clock = Timestamp::from_millisecond(self.db().clock).expect("a time");
        let date = clock.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let headers = HeaderMap::from_iter([(header::DATE, HeaderValue::from_str(&date).expect("a date"))]);
        faults::answer(fault, StatusCode::OK, headers, &json)
    }

    fn token(&self, body: &Value) -> Result<Value, Refusal> {
        if body["appId"] != APP_ID || body["appSecret"] != APP_SECRET {
            return Err(Refusal(20006, "appId或appSecret错误"));
        }
        if body["permanentCode"] != PERMANENT_CODE {
            return Err(Refusal(20015, "永久授权码错误"));
        }
        let mut db = self.db();
        db.tokens += 1;
        let token = format!("token-{}", db.tokens);
        db.token = Some(token.clone());
        Ok(json!({ "corpAccessToken": token, "corpId": CORP, "expiresIn": 7200 }))
    }
}

async fn call(
    State(fake): State<FakeFxiaoke>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    Json(body): Json<Value>,
) -> Response {
    let fault = fake.faults.take();
    match &fault {
        // There are no such statuses here: limits and ends of tokens are told in the body.
        Some(Fault::TooMany(_)) => return fake.answer(None, 30004, "秒频次超限", json!({})),
        Some(Fault::Expired) => {
            fake.db().expire();
            return fake.answer(None, 20016, "corpAccessToken不存在或者已经过期", json!({}));
        }
        Some(Fault::ErrorInOk) => return fake.answer(None, 320_002_500, "业务异常：该数据已被锁定", json!({})),
        _ => {}
    }
    if let Some(answer) = fault.as_ref().and_then(Fault::instead) {
        return answer;
    }
    let trace = query.as_deref().and_then(|q| q.strip_prefix("thirdTraceId="));
    let trace = trace.filter(|t| t.len() >= 16).map(str::to_owned);
    let fresh = trace.is_some_and(|t| fake.traces.lock().expect("the traces").insert(t));
    let done = match path.as_str() {
        _ if !fresh => Err(Refusal(32000, "thirdTraceId")),
        "corpAccessToken/get/V2" => fake.token(&body),
        _ if body["corpId"] != CORP => Err(Refusal(20017, "corpId未找到")),
        _ if body["currentOpenUserId"] != OPEN_USER => Err(Refusal(20012, "openUserId未找到")),
        _ if body["convertUserId"] != false => Err(Refusal(32000, "convertUserId")),
        path => {
            let mut db = fake.db();
            match body["corpAccessToken"].as_str() == db.token.as_deref() && db.token.is_some() {
                true => db.call(path, &body, fault == Some(Fault::Deaf)),
                false => Err(Refusal(20016, "corpAccessToken不存在或者已经过期")),
            }
        }
    };
    match done {
        Ok(more) => fake.answer(fault.as_ref(), 0, "OK", more),
        Err(Refusal(code, message)) => fake.answer(fault.as_ref(), code, message, json!({})),
    }
}
