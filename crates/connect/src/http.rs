//! The HTTP client that all connectors share: guarded, bounded in bytes and time, without redirects or proxies.

use std::{error::Error as _, sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, RETRY_AFTER},
    redirect,
};

use crate::{
    connector::Error,
    guard::{Denied, Guard},
    pace::{Outcome, Pace},
};

/// Bounds of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// To make a connection.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub idle: Duration,
    /// For the whole request with its answer.
    pub total: Duration,
    /// Bytes of an answer.
    pub max_body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            total: Duration::from_secs(120),
            max_body: 64 << 20,
        }
    }
}

/// The longest wait that a `Retry-After` is believed.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// A guarded client.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    max_body: usize,
    pace: Option<Arc<Pace>>,
}

/// A complete answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// The server's clock, to the second, if it told.
    pub date: Option<Timestamp>,
    /// Its headers.
    pub headers: HeaderMap,
    json: bool,
    xml: bool,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

impl Http {
    /// A client that reaches only what `guard` lets pass.
    pub fn new(guard: &Guard, limits: Limits) -> Result<Self, Error> {
        // Another part of the process may have installed it already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("Outlay/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .dns_resolver(guard.clone())
            .connect_timeout(limits.connect)
            .read_timeout(limits.idle)
            .timeout(limits.total)
            .build()
            .map_err(|e| Error::Setup(format!("the HTTP client cannot start: {}", cause(&e))))?;
        Ok(Http {
            client,
            max_body: limits.max_body,
            pace: None,
        })
    }

    /// The same, asking no faster than `pace` lets it.
    pub fn paced(self, pace: Option<Arc<Pace>>) -> Self {
        Http { pace, ..self }
    }

    /// How fast it asks, if that is bounded or counted.
    pub fn pace(&self) -> Option<&Pace> {
        self.pace.as_deref()
    }

    /// The client to build requests with, for [`Http::send`].
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a request, once it is its turn, and reads its whole answer, whatever its status.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, Error> {
        let Some(pace) = &self.pace else {
            return self.exchange(request).await;
        };
        pace.turn().await?;
        let answer = self.exchange(request).await;
        pace.note(match &answer {
            Ok(answer) => match (answer.status, answer.retry_after) {
                (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, Some(after)) => Outcome::Told(after),
                (status, _) if status.is_server_error() => Outcome::Failed,
                _ => Outcome::Answered,
            },
            Err(Error::Unreachable(_)) => Outcome::Failed,
            Err(_) => Outcome::Answered,
        });
        answer
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<Answer, Error> {
        let mut response = request.send().await.map_err(|e| failed(&e))?;
        let mut answer = Answer {
            status: response.status(),
            date: header(response.headers(), DATE).and_then(http_date),
            json: header(response.headers(), CONTENT_TYPE).is_some_and(is_json),
            xml: header(response.headers(), CONTENT_TYPE).is_some_and(is_xml),
            retry_after: retry_after(&response),
            headers: response.headers().clone(),
            body: Vec::new(),
        };
        while let Some(piece) = response.chunk().await.map_err(|e| failed(&e))? {
            if answer.body.len() + piece.len() > self.max_body {
                return Err(Error::Broken(format!(
                    "an answer of more than {} MB",
                    self.max_body >> 20
                )));
            }
            answer.body.extend_from_slice(&piece);
        }
        Ok(answer)
    }
}

impl Answer {
    /// A header as text, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The text of a successful answer of this type, such as `text/csv`; every other answer as an error, as
    /// [`Answer::json`] gives it.
    pub fn text(self, mime: &str, reason: impl Fn(&serde_json::Value) -> Option<String>) -> Result<String, Error> {
        let is = |kind: &str| {
            kind.split(';')
                .next()
                .is_some_and(|k| k.trim().eq_ignore_ascii_case(mime))
        };
        if !self.status.is_success() || !self.header("content-type").is_some_and(is) {
            let broken = Error::Broken(format!("an answer that is no {mime}"));
            return Err(self.json(reason).err().unwrap_or(broken));
        }
        String::from_utf8(self.body).map_err(|_| Error::Broken(format!("a {mime} that is no UTF-8")))
    }

    /// The JSON of the answer, whatever its status; none if it is something else.
    pub fn peek(&self) -> Option<serde_json::Value> {
        self.json.then(|| serde_json::from_slice(&self.body).ok()).flatten()
    }

    /// The bytes of the answer, whatever its status, if it says that they are XML.
    pub fn xml(&self) -> Option<&[u8]> {
        self.xml.then_some(&self.body)
    }

    /// The JSON of a successful answer; every other answer as an error. `reason` may find a sentence for people in
    /// the JSON of a refusal.
    pub fn json(self, reason: impl Fn(&serde_json::Value) -> Option<String>) -> Result<serde_json::Value, Error> {
        if self.status.is_success() {
            if self.status == StatusCode::NO_CONTENT {
                return Ok(serde_json::Value::Null);
            }
            if !self.json {
                return Err(self.unfit("JSON"));
            }
            return serde_json::from_slice(&self.body).map_err(|e| {
                Error::Broken(format!(
                    "JSON that ends or breaks at line {} column {}",
                    e.line(),
                    e.column()
                ))
            });
        }
        let told = self.peek().and_then(|json| reason(&json)).map(|text| one_line(&text));
        Err(self.refusal(told))
    }

    /// What is wrong with an answer that is not of the kind that was expected: `JSON` or `XML`.
    pub fn unfit(&self, expected: &str) -> Error {
        if !self.status.is_success() {
            return self.refusal(None);
        }
        Error::Broken(format!(
            "a page where {expected} was expected: check the address, and that no log-in page or proxy stands before it"
        ))
    }

    /// The error that its status stands for, with the reason that was told.
    fn refusal(&self, told: Option<String>) -> Error {
        let name = self.status.canonical_reason().unwrap_or("no reason given");
        match self.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Error::Retry {
                after: self.retry_after,
            },
            StatusCode::UNAUTHORIZED => {
                Error::Auth(told.unwrap_or_else(|| "it is wrong, withdrawn, or not validated in the CRM yet".into()))
            }
            StatusCode::REQUEST_TIMEOUT => Error::Unreachable("HTTP 408".into()),
            status if status.is_server_error() => Error::Failed {
                status: status.as_u16(),
            },
            status if status.is_redirection() => {
                Error::Setup("the address leads elsewhere: write the final address of the CRM".into())
            }
            status => Error::Refused {
                status: status.as_u16(),
                text: told.unwrap_or_else(|| name.into()),
            },
        }
    }
}

/// At most 300 characters, without control characters.
pub fn one_line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect();
    words.join(" ").chars().take(300).collect()
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn is_json(content_type: &str) -> bool {
    let mime = content_type.split(';').next().unwrap_or_default().trim();
    mime.eq_ignore_ascii_case("application/json") || (mime.starts_with("application/") && mime.ends_with("+json"))
}

fn is_xml(content_type: &str) -> bool {
    let mime = content_type.split(';').next().unwrap_or_default().trim();
    ["text/xml", "application/xml", "application/soap+xml"]
        .iter()
        .any(|xml| mime.eq_ignore_ascii_case(xml))
}

fn http_date(text: &str) -> Option<Timestamp> {
    let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(zoned.timestamp())
}

fn retry_after(response: &Response) -> Option<Duration> {
    let text = header(response.headers(), RETRY_AFTER)?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = http_date(text)?;
            let now = header(response.headers(), DATE)
                .and_then(http_date)
                .unwrap_or_else(Timestamp::now);
            Duration::try_from(until.duration_since(now)).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

fn failed(error: &reqwest::Error) -> Error {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(denied) = inner.downcast_ref::<Denied>() {
            return match denied {
                Denied::Unknown(_) => Error::Unreachable(denied.to_string()),
                _ => Error::Setup(denied.to_string()),
            };
        }
        source = inner.source();
    }
    if error.is_timeout() {
        return Error::Unreachable("no full answer in time".into());
    }
    if error.is_builder() {
        return Error::Setup("the key or the address holds characters that HTTP cannot carry".into());
    }
    Error::Unreachable(cause(error))
}

/// The innermost cause: the outer ones name the URL, whose query may hold data.
fn cause(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    if std::ptr::addr_eq(inner, error) {
        return "the exchange broke off".into();
    }
    one_line(&inner.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_kinds_of_date_and_json_names() {
        let date = http_date("Tue, 24 Nov 2026 18:05:23 GMT").expect("a date");
        assert_eq!(date.to_string(), "2026-11-24T18:05:23Z");
        assert!(is_json("application/json; charset=utf-8"));
        assert!(is_json("application/problem+json"));
        assert!(!is_json("text/html"));
    }

    #[test]
    fn what_people_read_is_one_short_line() {
        assert_eq!(one_line("a\n\tb\u{0}  c"), "a b c");
        assert_eq!(one_line(&"x".repeat(900)).len(), 300);
    }
}
