//! A small Dataverse: tokens, OData with change tracking, and rows in memory, as far as a connector asks for them.

mod answers;
mod db;
mod filter;

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::Response,
};
use jiff::Timestamp;
use serde_json::{Value, json};

pub use db::{Column, Db, Refusal, Row, Table};

use self::answers::Asked;
use crate::faults::{self, Fault, Faults};

/// The tenant that it knows.
pub const TENANT: &str = "acme.onmicrosoft.com";
/// The application that it knows.
pub const CLIENT_ID: &str = "11111111-2222-4333-8444-555555555555";
/// That application's secret.
pub const CLIENT_SECRET: &str = "the-secret-of-the-fake";
/// What begins every token.
pub const TOKEN: &str = "eyJ-token-of-the-fake";

/// A fake Dataverse; clones are the same one.
#[derive(Clone)]
pub struct FakeDynamics {
    db: Arc<Mutex<Db>>,
    /// What goes wrong next. Requests for a token are not counted.
    pub faults: Faults,
}

impl Default for FakeDynamics {
    fn default() -> Self {
        let faults = Faults::default();
        FakeDynamics {
            db: Arc::new(Mutex::new(Db::new(faults.clone()))),
            faults,
        }
    }
}

impl FakeDynamics {
    /// Its rows and clock.
    pub fn db(&self) -> MutexGuard<'_, Db> {
        self.db.lock().expect("no test panics while it holds the rows")
    }

    /// Serves on a free port; gives the address, of tokens too.
    pub async fn serve(&self) -> String {
        faults::serve(Router::new().fallback(answer).with_state(self.clone())).await
    }
}

async fn answer(
    State(fake): State<FakeDynamics>,
    method: Method,
    uri: Uri,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let given = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let origin = format!("http://{}", given("host"));
    if uri.path().ends_with("/oauth2/v2.0/token") {
        let mut db = fake.db();
        db.requests.push("POST token".into());
        let (status, told) = token(&mut db, uri.path(), &body, &origin);
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
    let path = uri.path().trim_start_matches("/api/data/v9.2/").replace("%27", "'");
    db.requests.push(format!("{method} {path}"));
    let token = given("authorization").trim_start_matches("Bearer ");
    let done = if !db.tokens.contains(token) {
        Err(Refusal::new(
            401,
            "0x80072560",
            format!("The token is not valid: {token}"),
        ))
    } else if given("odata-version") != "4.0" {
        Err(Refusal::new(400, "0x80060888", "OData-Version is needed"))
    } else if fault == Some(Fault::ErrorInOk) {
        Ok((
            200,
            Refusal::new(200, "0x80040216", "An unexpected error occurred.").told(),
        ))
    } else {
        let links = db.links_to.clone().unwrap_or(origin);
        db.call(&Asked {
            method: method.as_str(),
            path: &path,
            query: &query,
            prefer: given("prefer"),
            if_match: given("if-match"),
            body: &serde_json::from_slice(&body).unwrap_or_default(),
            origin: &links,
            deaf: fault == Some(Fault::Deaf),
        })
    };
    let date = Timestamp::from_second(db.clock).expect("a time");
    let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let told = HeaderMap::from_iter([(header::DATE, HeaderValue::from_str(&date).expect("a date"))]);
    let (status, json) = done.unwrap_or_else(|refusal| (refusal.status, refusal.told()));
    faults::answer(
        fault.as_ref(),
        StatusCode::from_u16(status).expect("a status"),
        told,
        &json,
    )
}

fn token(db: &mut Db, path: &str, body: &[u8], origin: &str) -> (u16, Value) {
    let form = crate::salesforce::form(body);
    let of = |key: &str| form.iter().find(|(k, _)| k == key).map_or("", |(_, v)| v.as_str());
    let fits = path == format!("/{TENANT}/oauth2/v2.0/token")
        && of("grant_type") == "client_credentials"
        && of("scope") == format!("{origin}/.default")
        && of("client_id") == CLIENT_ID
        && of("client_secret") == CLIENT_SECRET;
    if !fits {
        let text = format!("AADSTS7000215: Invalid client secret provided: {}", of("client_secret"));
        return (401, json!({ "error": "invalid_client", "error_description": text }));
    }
    db.tokens_given += 1;
    let token = format!("{TOKEN}-{}", db.tokens_given);
    db.tokens.insert(token.clone());
    (
        200,
        json!({ "token_type": "Bearer", "expires_in": db.token_holds, "access_token": token }),
    )
}
