//! Outlay's own contract for verification services, version 1, which an integrator puts any vendor's service behind; it is
//! written down in `docs/verification.md`. Both directions are signed with one secret by HMAC-SHA256.

use std::time::Duration;

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Answer, Question, State, Verifier};
use crate::connector::Error;
use crate::guard::Guard;
use crate::http::{Http, Limits};

/// The header of a signature, in either direction.
pub const SIGNATURE: &str = "outlay-signature";
/// The header of the time of a request, in seconds since 1970.
pub const TIMESTAMP: &str = "outlay-timestamp";
/// The header of the key under which a question is asked once.
pub const KEY: &str = "idempotency-key";

/// A service that fulfils the contract.
#[derive(Debug)]
pub struct Gateway {
    http: Http,
    url: String,
    secret: String,
}

impl Gateway {
    /// The way to a service; nothing is asked of it yet.
    pub fn new(url: &str, secret: &str, guard: &Guard) -> Result<Gateway, Error> {
        let limits = Limits {
            total: Duration::from_secs(30),
            max_body: 64 << 10,
            ..Limits::default()
        };
        let url = guard.parse(url).map_err(|e| Error::Setup(e.to_string()))?;
        Ok(Gateway {
            http: Http::new(guard, limits)?,
            url: url.as_str().trim_end_matches('/').to_owned(),
            secret: secret.to_owned(),
        })
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Value, Error> {
        let body = body.to_string();
        let at = Timestamp::now().as_second().to_string();
        let request = self
            .http
            .client()
            .post(format!("{}{path}", self.url))
            .header(CONTENT_TYPE, "application/json")
            .header(TIMESTAMP, &at)
            .header(KEY, key)
            .header(SIGNATURE, sign(&self.secret, &[path, &at, key, &body]))
            .body(body);
        let answer = self.http.send(request).await?;
        let signed = answer.header(SIGNATURE).map(str::to_owned);
        let said = answer.json(|json| json["error"].as_str().map(str::to_owned))?;
        // What is signed is the JSON in one spelling, so that a proxy may format it anew.
        let text = canonical(&said);
        let held = signed.is_some_and(|s| holds(&self.secret, &[path, key, &text], &s));
        if held {
            Ok(said)
        } else {
            Err(Error::Auth(
                "its answer is not signed with the shared secret".to_owned(),
            ))
        }
    }
}

#[async_trait]
impl Verifier for Gateway {
    async fn ask(&self, question: &Question, key: &str) -> Result<Answer, Error> {
        let body = serde_json::to_value(question).map_err(|e| Error::Broken(e.to_string()))?;
        let said = self.post("/v1/verifications", key, &body).await?;
        let answer: Answer = serde_json::from_value(said).map_err(|e| Error::Broken(e.to_string()))?;
        let known = |f: &String| body.get(f.as_str()).is_some();
        let named = !answer.fields.is_empty() && answer.fields.iter().all(known);
        if (answer.state == State::Mismatch) == named && (named || answer.fields.is_empty()) {
            Ok(answer)
        } else {
            Err(Error::Broken("fields that do not fit the state".to_owned()))
        }
    }

    async fn check(&self) -> Result<(), Error> {
        self.post("/v1/check", "check", &json!({})).await.map(drop)
    }
}

/// JSON as RFC 8785 writes it, for the values of this contract: sorted keys, no spaces.
pub fn canonical(json: &Value) -> String {
    String::from_utf8(outlay_core::canonical::json(json)).unwrap_or_default()
}

/// The signature of some parts, in hex.
pub fn sign(secret: &str, parts: &[&str]) -> String {
    let bytes = mac(secret, parts).map(|m| m.finalize().into_bytes().to_vec());
    bytes.unwrap_or_default().iter().map(|b| format!("{b:02x}")).collect()
}

/// Whether a signature in hex is that of some parts, in a time that does not tell where it differs.
pub fn holds(secret: &str, parts: &[&str], signature: &str) -> bool {
    let bytes: Option<Vec<u8>> = (signature.is_ascii() && signature.len() == 64)
        .then(|| {
            (0..32)
                .map(|i| u8::from_str_radix(&signature[2 * i..2 * i + 2], 16).ok())
                .collect()
        })
        .flatten();
    let (Some(bytes), Some(mac)) = (bytes, mac(secret, parts)) else {
        return false;
    };
    mac.verify_slice(&bytes).is_ok()
}

fn mac(secret: &str, parts: &[&str]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(b"outlay-verification-1");
    for part in parts {
        // A line feed parts them; only the last one, JSON, may hold any, and it comes last.
        mac.update(b"\n");
        mac.update(part.as_bytes());
    }
    Some(mac)
}
