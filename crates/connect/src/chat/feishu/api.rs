//! Calls: whatever is wrong comes with a `code` that is not 0, as HTTP 200 or 400.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode, Url};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::{
    connector::Error,
    http::{Answer, Http, one_line},
    pace::Shared,
};

/// A token that ends within this time is not used any more; a new one is given from half an hour before the end on.
const MARGIN: u64 = 300;
/// The token is wrong or has ended.
const ENDED: [i64; 4] = [99_991_661, 99_991_663, 99_991_668, 99_991_671];
/// Too many calls: of the application, or for one message or person.
const TOO_MANY: [i64; 3] = [99_991_400, 230_020, 11_232];
/// The application lacks a right, or its bot is not switched on.
const UNFIT: [i64; 4] = [99_991_672, 99_991_679, 230_006, 230_027];
/// A message with the same `uuid` is being sent right now.
const ON_ITS_WAY: i64 = 230_049;

/// A token. A secret.
struct Token {
    text: String,
    until: Instant,
}

/// The token of an application is one for all its connectors in this process.
static TOKENS: Shared<Mutex<Option<Token>>> = Shared::new();

/// An application at 飞书.
pub(super) struct Api {
    http: Http,
    base: Url,
    app: (String, String),
    held: Arc<Mutex<Option<Token>>>,
}

/// What a call was answered.
pub(super) enum Said {
    /// Its `data`.
    Data(Value),
    /// A code that is not 0, and its words.
    No(i64, String),
}

impl Api {
    /// `app` is the application's id and its secret.
    pub fn new(http: Http, base: Url, app: (String, String)) -> Api {
        let held = TOKENS.of(&[base.as_str(), &app.0, &app.1], || Mutex::new(None));
        Api { http, base, app, held }
    }

    /// Posts and gives the `data` of the answer.
    pub async fn post(&self, path: &str, query: &[(&str, &str)], body: &Value) -> Result<Value, Error> {
        match self.call(Method::POST, path, query, body).await? {
            Said::Data(data) => Ok(data),
            Said::No(code, text) => Err(error(code, &text)),
        }
    }

    /// Changes what `path` names.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Said, Error> {
        self.call(Method::PATCH, path, &[], body).await
    }

    async fn call(&self, method: Method, path: &str, query: &[(&str, &str)], body: &Value) -> Result<Said, Error> {
        for _ in 0..2 {
            let token = self.token().await?;
            let request = self.http.client().request(method.clone(), self.url(path)?);
            let request = request.query(query).bearer_auth(&token).json(body);
            match read(self.http.send(request).await?)? {
                Said::No(code, _) if ENDED.contains(&code) => {
                    let mut held = self.held.lock().await;
                    // Another call may have got a new one already.
                    if held.as_ref().is_some_and(|t| t.text == token) {
                        *held = None;
                    }
                }
                said => return Ok(said),
            }
        }
        Err(Error::Auth("each tenant_access_token ends at once".into()))
    }

    /// A token that holds.
    pub async fn token(&self) -> Result<String, Error> {
        let mut held = self.held.lock().await;
        if let Some(token) = held.as_ref().filter(|t| t.until > Instant::now()) {
            return Ok(token.text.clone());
        }
        let url = self.url("open-apis/auth/v3/tenant_access_token/internal")?;
        let body = json!({ "app_id": self.app.0, "app_secret": self.app.1 });
        let answer = self.http.send(self.http.client().post(url).json(&body)).await?;
        let value = match answer.peek() {
            Some(value) if value["code"].as_i64() == Some(0) => value,
            Some(_) => match read(answer)? {
                Said::No(code, text) if TOO_MANY.contains(&code) => return Err(error(code, &text)),
                Said::No(code, text) => return Err(Error::Auth(format!("{} ({code})", one_line(&text)))),
                Said::Data(_) => return Err(Error::Broken("a token without code 0".into())),
            },
            None => return Err(answer.json(|_| None).err().unwrap_or(Error::Broken("no token".into()))),
        };
        let text = value["tenant_access_token"].as_str().filter(|t| !t.is_empty());
        let text = text.ok_or_else(|| Error::Broken("a tenant_access_token that is empty".into()))?;
        let lasts = value["expire"].as_u64().unwrap_or(0).saturating_sub(MARGIN).max(30);
        *held = Some(Token {
            text: text.to_owned(),
            until: Instant::now() + Duration::from_secs(lasts),
        });
        Ok(text.to_owned())
    }

    fn url(&self, path: &str) -> Result<Url, Error> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Error::Setup("the address cannot carry a path".into()))?
            .pop_if_empty()
            .extend(path.split('/'));
        Ok(url)
    }
}

fn read(answer: Answer) -> Result<Said, Error> {
    let reset = answer
        .header("x-ogw-ratelimit-reset")
        .and_then(|s| s.trim().parse().ok());
    let value = answer.peek();
    let code = value.as_ref().and_then(|v| v["code"].as_i64());
    match (value, code) {
        (_, Some(code)) if TOO_MANY.contains(&code) || answer.status == StatusCode::TOO_MANY_REQUESTS => {
            let after = reset.map(|s: u64| Duration::from_secs(s.min(3600)));
            Err(Error::Retry { after })
        }
        (Some(mut value), Some(0)) => Ok(Said::Data(value["data"].take())),
        (Some(value), Some(code)) => Ok(Said::No(code, one_line(value["msg"].as_str().unwrap_or_default()))),
        _ => Err(answer
            .json(|_| None)
            .err()
            .unwrap_or_else(|| Error::Broken("JSON without code".into()))),
    }
}

/// The error that a code stands for.
pub(super) fn error(code: i64, told: &str) -> Error {
    let told = format!("{} ({code})", one_line(told));
    match code {
        ON_ITS_WAY => Error::Retry { after: None },
        code if TOO_MANY.contains(&code) => Error::Retry { after: None },
        code if UNFIT.contains(&code) => Error::Auth(told),
        _ => Error::Refused {
            status: 400,
            text: told,
        },
    }
}

/// A key in the at most 50 signs that `uuid` takes.
pub(super) fn short(key: &str) -> String {
    Sha256::digest(key)
        .iter()
        .take(20)
        .map(|b| format!("{b:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_what_the_documentation_says() {
        assert!(matches!(error(230_020, "limit"), Error::Retry { .. }));
        assert!(matches!(error(99_991_672, "no scope"), Error::Auth(_)));
        assert!(matches!(error(230_013, "no availability"), Error::Refused { .. }));
        assert_eq!(short("chat:1"), short("chat:1"));
        assert_ne!(short("chat:1"), short("chat:2"));
        assert!(short("chat:1").len() <= 50);
    }
}
