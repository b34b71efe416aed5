//! A small Salesforce: tokens, SOQL, records, the log of deletions and query jobs over records in memory, as far as a
//! connector asks for them.

mod answers;
mod db;
mod soql;

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

pub use db::{Db, Field, Refusal, Row, SObject};

use crate::faults::{self, Fault, Faults};

/// The consumer key of the app that it knows.
pub const CLIENT_ID: &str = "3MVG9-the-app-of-the-fake";
/// That app's secret.
pub const CLIENT_SECRET: &str = "the-secret-of-the-fake";
/// The user that the app acts for.
pub const USERNAME: &str = "outlay@example.com";
/// A key that was made for this fake and opens nothing else.
pub const PRIVATE_KEY: &str = include_str!("key.pem");
/// What begins every token.
pub const TOKEN: &str = "00D-token-of-the-fake";
const PUBLIC_KEY: &str = include_str!("public.pem");

/// A fake Salesforce; clones are the same one.
#[derive(Clone)]
pub struct FakeSalesforce {
    db: Arc<Mutex<Db>>,
    /// What goes wrong next. Requests for a token are not counted.
    pub faults: Faults,
}

impl Default for FakeSalesforce {
    fn default() -> Self {
        let faults = Faults::default();
        FakeSalesforce {
            db: Arc::new(Mutex::new(Db::new(faults.clone()))),
            faults,
        }
    }
}

impl FakeSalesforce {
    /// Its records and clock.
    pub fn db(&self) -> MutexGuard<'_, Db> {
        self.db.lock().expect("no test panics while it holds the records")
    }

    /// Serves on a free port; gives the address.
    pub async fn serve(&self) -> String {
        faults::serve(Router::new().fallback(answer).with_state(self.clone())).await
    }
}

/// What is answered.
pub(crate) enum Told {
    /// With a status.
    Json(u16, Value),
    /// With the mark of the next piece, and how many rows these are.
    Csv(String, Option<String>, usize),
}

async fn answer(
    State(fake): State<FakeSalesforce>,
    method: Method,
    uri: Uri,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let given = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let path = uri.path().trim_start_matches("/services/");
    if path == "oauth2/token" {
        let mut db = fake.db();
        db.requests.push("POST token".into());
        let (status, told) = token(&mut db, &body, given("host"));
        return faults::answer(
            None,
            StatusCode::from_u16(status).expect("a status"),
            HeaderMap::new(),
            &told,
        );
    }
    let fault = fake.faults.take();
    if let Some(answer) = fault.as_ref().and_then(Fault::instead) {
        return answer;
    }
    let mut db = fake.db();
    let path: Vec<&str> = path.split('/').skip(2).collect();
    db.requests.push(format!("{method} {}", path.join("/")));
    let token = given("authorization").trim_start_matches("Bearer ").to_owned();
    db.usage.0 += 1;
    let (used, limit) = db.usage;
    let done = if !db.tokens.contains(&token) {
        let text = format!("Session expired or invalid: {token}");
        Err(Refusal::new(401, "INVALID_SESSION_ID", text))
    } else if used > limit {
        Err(Refusal::new(
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "TotalRequests Limit exceeded.",
        ))
    } else if fault == Some(Fault::ErrorInOk) {
        Ok(Told::Json(
            200,
            Refusal::new(200, "UNKNOWN_EXCEPTION", "An unexpected error occurred").told(),
        ))
    } else {
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let since = given("if-unmodified-since");
        db.call(method.as_str(), &path, &query, &body, since, fault == Some(Fault::Deaf))
    };
    let date = Timestamp::from_second(db.clock).expect("a time");
    let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let value = |text: String| HeaderValue::from_str(&text).expect("a header");
    let mut told = HeaderMap::from_iter([
        (header::DATE, value(date)),
        (
            HeaderName::from_static("sforce-limit-info"),
            value(format!("api-usage={used}/{limit}")),
        ),
    ]);
    let done = done.unwrap_or_else(|refusal| Told::Json(refusal.status, refusal.told()));
    match done {
        Told::Json(status, json) => faults::answer(
            fault.as_ref(),
            StatusCode::from_u16(status).expect("a status"),
            told,
            &json,
        ),
        Told::Csv(text, locator, count) => {
            let locator = locator.unwrap_or_else(|| "null".into());
            told.insert(HeaderName::from_static("sforce-locator"), value(locator));
            told.insert(
                HeaderName::from_static("sforce-numberofrecords"),
                value(count.to_string()),
            );
            faults::text(fault.as_ref(), StatusCode::OK, told, "text/csv", &text)
        }
    }
}

fn token(db: &mut Db, body: &[u8], host: &str) -> (u16, Value) {
    let form: Vec<(String, String)> = form(body);
    let of = |key: &str| form.iter().find(|(k, _)| k == key).map_or("", |(_, v)| v.as_str());
    let fits = match of("grant_type") {
        "client_credentials" => of("client_id") == CLIENT_ID && of("client_secret") == CLIENT_SECRET,
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => is_signed(of("assertion")),
        _ => false,
    };
    if !fits {
        return (
            400,
            json!({ "error": "invalid_grant", "error_description": "authentication failure" }),
        );
    }
    db.tokens_given += 1;
    let token = format!("{TOKEN}-{}", db.tokens_given);
    db.tokens.insert(token.clone());
    let instance = db.instance.clone().unwrap_or_else(|| format!("http://{host}"));
    (
        200,
        json!({ "access_token": token, "instance_url": instance, "token_type": "Bearer", "scope": "api" }),
    )
}

/// The fields of a form.
pub(crate) fn form(body: &[u8]) -> Vec<(String, String)> {
    let uri: Uri = format!("/?{}", String::from_utf8_lossy(body)).parse().expect("a form");
    Query::try_from_uri(&uri).map(|Query(form)| form).unwrap_or_default()
}

/// Whether this is a JWT of our user for our app, signed by the key whose other half is known here.
fn is_signed(jwt: &str) -> bool {
    let parts: Vec<&str> = jwt.split('.').collect();
    let [head, claims, signature] = parts.as_slice() else {
        return false;
    };
    let read = |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let (Some(head_json), Some(claims_json)) = (read(head), read(claims)) else {
        return false;
    };
    let der: String = PUBLIC_KEY.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(der).expect("a key");
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der);
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    let now = Timestamp::now().as_second();
    head_json["alg"] == "RS256"
        && claims_json["iss"] == CLIENT_ID
        && claims_json["sub"] == USERNAME
        && claims_json["aud"] == "https://login.salesforce.com"
        && claims_json["exp"]
            .as_i64()
            .is_some_and(|exp| exp > now && exp <= now + 300)
        && key.verify(format!("{head}.{claims}").as_bytes(), &signature).is_ok()
}
