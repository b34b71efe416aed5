//! A small HubSpot: the CRM's lists, search, batches, associations, pipelines and properties over records in memory, as far
//! as a connector asks for them, in the shapes of HubSpot's specification.

mod answers;
mod db;
mod search;

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::Response,
};
use serde_json::{Value, json};

pub use db::{Db, Record, Refusal};

use crate::faults::{self, Fault, Faults};

/// The token that it takes.
pub const TOKEN: &str = "pat-eu1-the-token-of-the-fake";
/// The number of its portal.
pub const PORTAL: u64 = 146_001;

/// A fake HubSpot; clones are the same one.
#[derive(Clone)]
pub struct FakeHubSpot {
    db: Arc<Mutex<Db>>,
    /// What goes wrong next.
    pub faults: Faults,
}

impl Default for FakeHubSpot {
    fn default() -> Self {
        let faults = Faults::default();
        FakeHubSpot {
            db: Arc::new(Mutex::new(Db::new(faults.clone()))),
            faults,
        }
    }
}

impl FakeHubSpot {
    /// Its records and clock, which moves by a second with each write.
    pub fn db(&self) -> MutexGuard<'_, Db> {
        self.db.lock().expect("no test panics while it holds the records")
    }

    /// Serves on a free port; gives the address.
    pub async fn serve(&self) -> String {
        faults::serve(Router::new().fallback(answer).with_state(self.clone())).await
    }
}

async fn answer(
    State(fake): State<FakeHubSpot>,
    method: Method,
    uri: Uri,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fault = fake.faults.take();
    if let Some(answer) = fault.as_ref().and_then(Fault::instead) {
        return answer;
    }
    let mut db = fake.db();
    db.requests.push(format!("{method} {}", uri.path()));
    let date = db.clock.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let date = HeaderMap::from_iter([(header::DATE, HeaderValue::from_str(&date).expect("a date"))]);
    let given = headers
        .get("authorization")
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let done = if given != format!("Bearer {TOKEN}") {
        Err(Refusal::new(
            401,
            "INVALID_AUTHENTICATION",
            &format!("Authentication credentials not found: {given}"),
        ))
    } else if let Some((status, told)) = db.refusals.pop_front() {
        Ok((status, told))
    } else if fault == Some(Fault::ErrorInOk) {
        Ok((
            200,
            json!({ "status": "error", "message": "internal error", "category": "INTERNAL" }),
        ))
    } else {
        let path: Vec<&str> = uri.path().split('/').filter(|s| !s.is_empty()).collect();
        db.call(method.as_str(), &path, &query, &body, fault == Some(Fault::Deaf))
    };
    let (status, told) = done.unwrap_or_else(|refusal| (refusal.status, refusal.told()));
    faults::answer(
        fault.as_ref(),
        StatusCode::from_u16(status).expect("a status"),
        date,
        &told,
    )
}
