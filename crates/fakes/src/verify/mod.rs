//! A small verification gateway, by the contract in `docs/verification.md`: it knows invoices and what became of them, checks
//! signatures, answers one key with one answer, and has a limit a day.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri},
    response::Response,
    routing::post,
};
use ring::hmac;
use serde_json::{Value, json};

use crate::faults::{self, Fault, Faults};

/// The secret that it shares with Outlay.
pub const SECRET: &str = "the-secret-of-the-fake-gateway";

/// What the bureau knows of an invoice.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its total, as plain decimals.
    pub gross: String,
    /// Its day of issue.
    pub issued_on: String,
    /// `valid`, `reversed` or `void`.
    pub state: &'static str,
}

/// What it holds.
#[derive(Default)]
pub struct Db {
    /// Invoices by their number.
    pub invoices: BTreeMap<String, Known>,
    /// How many questions it charged for.
    pub charged: u32,
    /// How many more it answers today; without a limit if none.
    pub left: Option<u32>,
    /// Whether it signs with another secret, as somebody who is not the gateway.
    pub forges: bool,
    answered: BTreeMap<String, Value>,
}

/// A fake gateway; clones are the same one.
#[derive(Clone, Default)]
pub struct FakeGateway {
    db: Arc<Mutex<Db>>,
    /// What goes wrong next.
    pub faults: Faults,
}

impl FakeGateway {
    /// What it holds.
    pub fn db(&self) -> MutexGuard<'_, Db> {
        self.db.lock().expect("no test panics while it holds it")
    }

    /// Lets the bureau know an invoice.
    pub fn know(&self, number: &str, issued_on: &str, gross: &str, state: &'static str) {
        let known = Known {
            gross: gross.to_owned(),
            issued_on: issued_on.to_owned(),
            state,
        };
        self.db().invoices.insert(number.to_owned(), known);
    }

    /// Serves on a free port; gives the address.
    pub async fn serve(&self) -> String {
        let router = Router::new()
            .route("/v1/verifications", post(answer))
            .route("/v1/check", post(answer))
            .with_state(self.clone());
        faults::serve(router).await
    }
}

async fn answer(State(fake): State<FakeGateway>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let fault = fake.faults.take();
    if let Some(instead) = fault.as_ref().and_then(Fault::instead) {
        return instead;
    }
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let (key, at) = (header("idempotency-key"), header("outlay-timestamp"));
    let text = std::str::from_utf8(&body).expect("JSON is UTF-8");
    let mut db = fake.db();
    let mut told = HeaderMap::new();
    let (status, said) = if header("outlay-signature") == sign(SECRET, &[uri.path(), at, key, text]) {
        said(&mut db, uri.path(), key, text)
    } else {
        (StatusCode::UNAUTHORIZED, json!({"error": "the signature is wrong"}))
    };
    if status == StatusCode::TOO_MANY_REQUESTS {
        told.insert("retry-after", HeaderValue::from_static("3600"));
    }
    let secret = if db.forges { "somebody-else" } else { SECRET };
    // What is said below has its keys sorted, as RFC 8785 has them.
    let signature = sign(secret, &[uri.path(), key, &said.to_string()]);
    told.insert("outlay-signature", HeaderValue::from_str(&signature).expect("hex"));
    faults::answer(fault.as_ref(), status, told, &said)
}

fn said(db: &mut Db, path: &str, key: &str, text: &str) -> (StatusCode, Value) {
    if path == "/v1/check" {
        return (StatusCode::OK, json!({"ok": true}));
    }
    if let Some(before) = db.answered.get(key) {
        return (StatusCode::OK, before.clone());
    }
    if db.left == Some(0) {
        return (
            StatusCode::TOO_MANY_REQUESTS,
            json!({"error": "the limit of today is reached"}),
        );
    }
    db.left = db.left.map(|n| n - 1);
    db.charged += 1;
    let asked: Value = serde_json::from_str(text).expect("JSON");
    let known = db.invoices.get(asked["number"].as_str().unwrap_or_default());
    let (state, fields) = match known {
        None => ("not_found", Vec::new()),
        Some(known) if known.state != "valid" => (known.state, Vec::new()),
        Some(known) => {
            let differs = [("gross", &known.gross), ("issued_on", &known.issued_on)];
            let fields: Vec<&str> = differs
                .iter()
                .filter(|(f, v)| asked[*f] != **v)
                .map(|(f, _)| *f)
                .collect();
            (if fields.is_empty() { "valid" } else { "mismatch" }, fields)
        }
    };
    let said = json!({
        "asked_at": "2026-11-20T08:00:00Z", "fields": fields, "provider": "测试查验网关", "state": state,
    });
    db.answered.insert(key.to_owned(), said.clone());
    (StatusCode::OK, said)
}

fn sign(secret: &str, parts: &[&str]) -> String {
    let text = ["outlay-verification-1"]
        .iter()
        .chain(parts)
        .copied()
        .collect::<Vec<_>>()
        .join("\n");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = hmac::sign(&key, text.as_bytes());
    signature.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}
