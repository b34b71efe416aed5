//! Calls of 纷享销客's OpenAPI v2, in the form that carries who asks in the body.
//!
//! Sources: 纷享销客's developer manual: 全局返回码, 接口频率限制, 旧版传参方式, 深分页 (developer.fxiaoke.com). Whatever is wrong comes
//! as HTTP 200 with `errorCode`; `errorMessage` is for people, and the manual warns against deciding by it.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock, Mutex as Lock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use super::Place;
use crate::{
    connector::Error,
    http::{Http, one_line},
    pace::{Outcome, Pace, fingerprint},
};

/// The manual bids to keep a token for 6,600 of its 7,200 seconds.
const MARGIN: u64 = 600;
/// How long a limit of calls per second lasts.
const BURST: Duration = Duration::from_secs(20);
/// Until a spent day is asked about again; it ends at midnight in China.
const DAY_SPENT: Duration = Duration::from_secs(3600);

/// What is wrong with the application's keys, its token, the company or the user who asks, or with what each of them may.
#[rustfmt::skip]
const UNFIT: [i64; 23] = [
    10001, 10002, 10010, 10012, 10014, 11001, 11002, 11008, 11013, 11014, 11015,
    15003, 20005, 20006, 20012, 20014, 20015, 20016, 20017, 20020, 20021, 20022, 20023,
];

/// An access token. A secret.
struct Token {
    token: String,
    corp: String,
    until: Instant,
}

/// The token of one application, which all connectors to it in this process share: it may be asked for ten times a minute,
/// and not twice at once.
#[derive(Clone, Default)]
pub struct Tokens(Arc<Mutex<Option<Token>>>);

static ALL: LazyLock<Lock<HashMap<[u8; 32], Tokens>>> = LazyLock::new(Lock::default);

impl Tokens {
    /// The token of the application that `key` names, of which only a digest is kept.
    pub fn shared(key: &[&str]) -> Tokens {
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(fingerprint(key)).or_default().clone()
    }
}

/// One company at 纷享销客, as one of its users sees it.
pub struct Api {
    http: Http,
    base: Url,
    place: Place,
}

/// What a call gave.
pub struct Answered {
    /// The whole answer, whose `errorCode` is 0.
    pub value: Value,
    /// A moment in milliseconds since 1970, by the server's clock, before which the call began.
    pub began: Option<i64>,
}

impl Api {
    /// `base` is the address of the cloud that the company is in.
    pub fn new(http: Http, base: Url, place: Place) -> Self {
        Api { http, base, place }
    }

    /// How fast it is asked.
    pub fn pace(&self) -> Option<&Pace> {
        self.http.pace()
    }

    /// Calls the interface at `path`; `body` holds what is its own.
    pub async fn call(&self, path: &str, mut body: Value) -> Result<Answered, Error> {
        for _ in 0..2 {
            let (token, corp) = self.token().await?;
            body["corpAccessToken"] = token.as_str().into();
            body["corpId"] = corp.into();
            body["currentOpenUserId"] = self.place.open_user.as_str().into();
            // Owners come as the numbers that 人员 records bear, too.
            body["convertUserId"] = false.into();
            match self.send(path, &body).await? {
                (0, answered) => return Ok(answered),
                (20016 | 20005 | 11014, _) => self.forget(&token).await,
                (code, answered) => return Err(self.said(code, &answered.value)),
            }
        }
        Err(Error::Auth("each access token ends at once".into()))
    }

    async fn token(&self) -> Result<(String, String), Error> {
        let mut held = self.place.tokens.0.lock().await;
        if let Some(token) = held.as_ref().filter(|t| t.until > Instant::now()) {
            return Ok((token.token.clone(), token.corp.clone()));
        }
        let body = json!({
            "appId": self.place.app_id,
            "appSecret": self.place.app_secret,
            "permanentCode": self.place.permanent_code,
        });
        let answered = match self.send("cgi/corpAccessToken/get/V2", &body).await? {
            (0, answered) => answered.value,
            (code, answered) => return Err(self.said(code, &answered.value)),
        };
        let text = |name: &str| answered[name].as_str().unwrap_or_default().to_owned();
        let (token, corp) = (text("corpAccessToken"), text("corpId"));
        if token.is_empty() || corp.is_empty() {
            return Err(Error::Broken("an access token that is empty".into()));
        }
        let lasts = answered["expiresIn"]
            .as_u64()
            .unwrap_or(0)
            .saturating_sub(MARGIN)
            .max(60);
        *held = Some(Token {
            token: token.clone(),
            corp: corp.clone(),
            until: Instant::now() + Duration::from_secs(lasts),
        });
        Ok((token, corp))
    }

    async fn forget(&self, token: &str) {
        let mut held = self.place.tokens.0.lock().await;
        // Another call may have got a new one already.
        if held.as_ref().is_some_and(|t| t.token == token) {
            *held = None;
        }
    }

    async fn send(&self, path: &str, body: &Value) -> Result<(i64, Answered), Error> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Error::Setup("the address cannot carry a path".into()))?
            .pop_if_empty()
            .extend(path.split('/'));
        url.set_query(None);
        url.query_pairs_mut().append_pair("thirdTraceId", &trace());
        let sent = Instant::now();
        let answer = self.http.send(self.http.client().post(url).json(body)).await?;
        // The clock was read at the end, and without its fraction.
        let took = sent.elapsed() + Duration::from_secs(1);
        let began = answer.date.and_then(|at| at.checked_sub(took).ok());
        let value = answer.json(|_| None)?;
        let code = &value["errorCode"];
        let code = code.as_i64().or_else(|| code.as_str()?.parse().ok());
        let code = code.ok_or_else(|| Error::Broken("JSON without errorCode".into()))?;
        let began = began.map(|at| at.as_second() * 1000);
        Ok((code, Answered { value, began }))
    }

    /// Understands an `errorCode` that is not 0.
    fn said(&self, code: i64, answer: &Value) -> Error {
        if let (14001 | 30004, Some(pace)) = (code, &self.place.pace) {
            pace.note(Outcome::Told(BURST));
        }
        let text = |name: &str| one_line(answer[name].as_str().unwrap_or_default());
        let told = match (text("errorMessage"), text("errorDescription")) {
            (message, description) if description.is_empty() || description == message => message,
            (message, description) if message.is_empty() => description,
            (message, description) => format!("{message}: {description}"),
        };
        error(code, &told)
    }
}

/// The error that an `errorCode` stands for.
fn error(code: i64, told: &str) -> Error {
    let told = format!("{told} ({code})");
    match code {
        -1 => Error::Retry { after: None },
        14001 | 30004 => Error::Retry { after: Some(BURST) },
        30002 => Error::Retry { after: Some(DAY_SPENT) },
        -2 | 50009 => Error::Failed { status: 500 },
        code if UNFIT.contains(&code) => Error::Auth(told),
        30003 => Error::Refused {
            status: 402,
            text: told,
        },
        30007 | 30027 => Error::Refused {
            status: 404,
            text: told,
        },
        _ => Error::Refused {
            status: 422,
            text: told,
        },
    }
}

/// A text that no other request bears.
fn trace() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = Timestamp::now().as_nanosecond();
    let digest = Sha256::digest(format!("{now} {count} {}", std::process::id()));
    digest[..16].iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_what_the_manual_says() {
        for (code, expected) in [
            (-1, "the CRM asks to come back later"),
            (30004, "the CRM asks to come back later"),
            (50009, "the CRM failed inside (HTTP 500)"),
            (20015, "the CRM does not take the key: 永久授权码错误 (20015)"),
            (20021, "the CRM does not take the key: 永久授权码错误 (20021)"),
            (30003, "the CRM refused (HTTP 402): 永久授权码错误 (30003)"),
            (320_001_403, "the CRM refused (HTTP 422): 永久授权码错误 (320001403)"),
        ] {
            assert_eq!(error(code, "永久授权码错误").to_string(), expected);
        }
        assert_eq!(error(30002, "").retry_after(), Some(DAY_SPENT));
        assert_ne!(trace(), trace());
    }
}
