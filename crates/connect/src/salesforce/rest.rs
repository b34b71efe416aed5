//! Requests to Salesforce, and what its refusals mean.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex as Lock, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use reqwest::{Method, RequestBuilder, StatusCode, Url};
use serde_json::Value;
use tokio::sync::Mutex;

use super::auth::{Grant, Proof};
use crate::{
    connector::Error,
    guard::Guard,
    http::{Answer, Http},
    pace::{Outcome, Pace},
};

/// The version of the interface.
const VERSION: &str = "v62.0";
/// How long names of fields are believed.
const FIELDS_HOLD: Duration = Duration::from_secs(3600);
/// How long Salesforce is left alone once the day's requests run out; their count runs over the last 24 hours.
const REST: Duration = Duration::from_secs(1800);

/// A field of an object, as far as this user may know of it.
#[derive(Debug)]
pub struct Field {
    pub kind: String,
    pub updateable: bool,
}

/// The fields of an object.
pub type Fields = BTreeMap<String, Field>;

/// What connectors to one organisation share: the token, and what is known of the organisation.
#[derive(Default)]
pub struct Session {
    grant: Mutex<Option<Grant>>,
    fields: Lock<HashMap<String, (Instant, Option<Arc<Fields>>)>>,
    pub zone: tokio::sync::OnceCell<Option<String>>,
}

/// Rows, whether they are all, and a moment of Salesforce's clock before which they were asked for.
pub struct Found {
    pub rows: Vec<Value>,
    pub whole: bool,
    pub total: u64,
    pub began: Option<Timestamp>,
}

/// The way to one organisation.
pub struct Rest {
    pub http: Http,
    pub guard: Guard,
    pub base: Url,
    pub client_id: String,
    pub proof: Proof,
    pub session: Arc<Session>,
    pub pace: Arc<Pace>,
    /// How many of a hundred of the organisation's daily requests may be spent before Outlay stops.
    pub share: u64,
}

impl Rest {
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, Error> {
        self.read(self.send(Method::GET, path, query, |r| r).await?)
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.read(self.send(Method::POST, path, &[], |r| r.json(body)).await?)
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.read(self.send(Method::PATCH, path, &[], |r| r.json(body)).await?)
    }

    pub async fn delete(&self, path: &str) -> Result<Value, Error> {
        self.read(self.send(Method::DELETE, path, &[], |r| r).await?)
    }

    /// Asks a question whose answer holds deleted and archived records too.
    pub async fn query(&self, soql: &str) -> Result<Found, Error> {
        let sent = Instant::now();
        let answer = self.send(Method::GET, "queryAll", &[("q", soql)], |r| r).await?;
        // The clock was read at the end, and without its fraction.
        let took = sent.elapsed() + Duration::from_secs(1);
        let began = answer.date.and_then(|at| at.checked_sub(took).ok());
        // Salesforce tells times by whole seconds: so a question may only name such.
        let began = began.and_then(|at| Timestamp::from_second(at.as_second()).ok());
        let mut value = self.read(answer)?;
        let mut found = Found {
            rows: records(&mut value)?,
            whole: true,
            total: value["totalSize"].as_u64().unwrap_or(0),
            began,
        };
        while value["done"] == false {
            let next = value["nextRecordsUrl"].as_str().unwrap_or_default();
            let path = next
                .strip_prefix("/services/data/")
                .and_then(|path| path.split_once('/'))
                .map(|(_, path)| path.to_owned())
                .filter(|path| path.starts_with("query"))
                .ok_or_else(|| Error::Broken("more records without the address to read them at".into()))?;
            match self.get(&path, &[]).await {
                Ok(more) => value = more,
                // The place in the answer is kept for a while only: what lacks is asked for by another question.
                Err(Error::Refused { text, .. }) if text.starts_with("INVALID_QUERY_LOCATOR") => {
                    found.whole = false;
                    break;
                }
                Err(other) => return Err(other),
            }
            let more = records(&mut value)?;
            if more.is_empty() && value["done"] == false {
                return Err(Error::Cursor("Salesforce tells of more records and gives none".into()));
            }
            found.rows.extend(more);
        }
        Ok(found)
    }

    /// The fields of `object`; none if the organisation has no such object, or does not show it.
    pub async fn fields(&self, object: &str) -> Result<Option<Arc<Fields>>, Error> {
        if let Some((read, fields)) = self.known().get(object)
            && read.elapsed() < FIELDS_HOLD
        {
            return Ok(fields.clone());
        }
        let found = match self.get(&format!("sobjects/{object}/describe"), &[]).await {
            Ok(told) => {
                let all = told["fields"].as_array();
                let all = all.ok_or_else(|| Error::Broken(format!("{object} without fields")))?;
                let one = |field: &Value| {
                    let kind = field["type"].as_str().unwrap_or_default().to_owned();
                    let updateable = field["updateable"] == true;
                    Some((field["name"].as_str()?.to_owned(), Field { kind, updateable }))
                };
                Some(Arc::new(all.iter().filter_map(one).collect()))
            }
            Err(Error::Refused { status: 404, .. }) => None,
            Err(other) => return Err(other),
        };
        self.known().insert(object.to_owned(), (Instant::now(), found.clone()));
        Ok(found)
    }

    /// Lets the next question about `object` go to Salesforce: fields or rights may have changed.
    pub fn forget(&self, object: &str) {
        self.known().remove(object);
    }

    /// Sends a request with a token; with a new one if Salesforce knows the old one no more.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        with: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, Error> {
        let mut renewed = false;
        loop {
            let grant = self.grant().await?;
            let mut url = grant.instance.clone();
            url.set_path(&format!("/services/data/{VERSION}/{path}"));
            let request = self.http.client().request(method.clone(), url).query(query);
            let answer = self.http.send(with(request).bearer_auth(&grant.token)).await?;
            self.heed(&answer);
            if answer.status == StatusCode::UNAUTHORIZED && !renewed {
                renewed = true;
                let mut held = self.session.grant.lock().await;
                if held.as_ref().is_some_and(|held| held.token == grant.token) {
                    *held = None;
                }
                continue;
            }
            return Ok(answer);
        }
    }

    async fn grant(&self) -> Result<Grant, Error> {
        let mut held = self.session.grant.lock().await;
        if let Some(grant) = &*held {
            return Ok(grant.clone());
        }
        let asked = self.proof.ask(&self.http, &self.guard, &self.base, &self.client_id);
        let grant = asked.await?;
        *held = Some(grant.clone());
        Ok(grant)
    }

    /// Stops in time when the organisation's requests of the day run out, since all its programs live on the same number.
    fn heed(&self, answer: &Answer) {
        let usage = answer.header("sforce-limit-info").and_then(|info| {
            let (_, usage) = info.split_once("api-usage=")?;
            let (used, limit) = usage.split([',', ';', ' ']).next()?.split_once('/')?;
            Some((used.parse::<u64>().ok()?, limit.parse::<u64>().ok()?))
        });
        if usage.is_some_and(|(used, limit)| limit > 0 && used.saturating_mul(100) >= limit.saturating_mul(self.share))
        {
            tracing::warn!("Salesforce's requests of the day are nearly spent: reading goes on later");
            self.pace.note(Outcome::Told(REST));
        }
    }

    /// The JSON of an answer. What Salesforce refuses begins with its own word for the reason.
    pub fn read(&self, answer: Answer) -> Result<Value, Error> {
        self.understand(&answer)?;
        answer.json(reason)
    }

    /// The CSV of an answer.
    pub fn read_csv(&self, answer: Answer) -> Result<String, Error> {
        self.understand(&answer)?;
        answer.text("text/csv", reason)
    }

    fn understand(&self, answer: &Answer) -> Result<(), Error> {
        let Some(told) = answer.peek() else { return Ok(()) };
        match told[0]["errorCode"].as_str().unwrap_or_default() {
            "" => Ok(()),
            "REQUEST_LIMIT_EXCEEDED" => {
                self.pace.note(Outcome::Told(REST));
                Err(Error::Retry { after: Some(REST) })
            }
            "UNABLE_TO_LOCK_ROW" | "SERVER_UNAVAILABLE" => Err(Error::Retry { after: None }),
            // A deed of its own: errors within HTTP 200.
            _ if answer.status.is_success() => Err(Error::Refused {
                status: answer.status.as_u16(),
                text: reason(&told).unwrap_or_default(),
            }),
            _ => Ok(()),
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Option<Arc<Fields>>)>> {
        self.session.fields.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Salesforce's word and sentence.
pub fn reason(told: &Value) -> Option<String> {
    let first = &told[0];
    let word = ["errorCode", "statusCode"].iter().find_map(|key| first[key].as_str())?;
    let sentence = first["message"].as_str().unwrap_or_default();
    Some(crate::http::one_line(&format!("{word}: {sentence}")))
}

fn records(value: &mut Value) -> Result<Vec<Value>, Error> {
    match value["records"].take() {
        Value::Array(rows) => Ok(rows),
        _ => Err(Error::Broken("an answer without records".into())),
    }
}
