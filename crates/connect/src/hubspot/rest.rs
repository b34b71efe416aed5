//! Requests to HubSpot, and what its refusals mean.

use std::{borrow::Cow, sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::{Method, Url};
use serde_json::Value;

use crate::{connector::Error, http::Http, pace::Pace};

/// A successful answer.
pub struct Reply {
    pub value: Value,
    /// The server's clock, to the second, if it told.
    pub now: Option<Timestamp>,
}

/// The way to one portal.
pub struct Rest {
    http: Http,
    base: Url,
    token: String,
    searches: Option<Arc<Pace>>,
    /// The date of the version by which objects are asked for; version 3 if there is none.
    dated: Option<String>,
}

impl Rest {
    pub fn new(http: Http, base: Url, token: String, searches: Option<Arc<Pace>>, dated: Option<String>) -> Self {
        Rest {
            http,
            base,
            token,
            searches,
            dated,
        }
    }
    /// How fast it is asked.
    pub fn pace(&self) -> Option<&Pace> {
        self.http.pace()
    }

    /// Where objects are in the version that is asked for. The shapes are the same in both.
    fn place<'a>(&self, path: &'a str) -> Cow<'a, str> {
        let objects = ["/crm/v3/objects/", "/crm/objects/v3/"]
            .iter()
            .find_map(|p| path.strip_prefix(p));
        match (&self.dated, objects) {
            (Some(date), Some(rest)) => format!("/crm/objects/{date}/{rest}").into(),
            _ => path.into(),
        }
    }

    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Reply, Error> {
        self.send(Method::GET, path, query, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Reply, Error> {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    /// Searches the records at `path`.
    pub async fn search(&self, path: &str, body: &Value) -> Result<Reply, Error> {
        if let Some(searches) = &self.searches {
            searches.turn().await?;
        }
        self.post(&format!("{path}/search"), body).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Result<Reply, Error> {
        self.send(Method::PATCH, path, &[], Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Result<Reply, Error> {
        self.send(Method::DELETE, path, &[], None).await
    }

    /// The rows of a batch. What HubSpot does not have is not among them; any other trouble with a part is an error.
    pub async fn batch(&self, path: &str, body: &Value) -> Result<Vec<Value>, Error> {
        let mut value = self.post(path, body).await?.value;
        for error in value["errors"].as_array().into_iter().flatten() {
            let is = |what: &str| {
                ["category", "subCategory"].iter().any(|key| {
                    let text = error[key].as_str().unwrap_or_default();
                    text.rsplit('.').next().is_some_and(|last| last == what)
                })
            };
            if is("RATE_LIMITS") {
                return Err(Error::Retry { after: None });
            }
            if !is("OBJECT_NOT_FOUND") && !is("NO_ASSOCIATIONS_FOUND") {
                let text = self.reason(error).unwrap_or_else(|| "a part of a batch failed".into());
                return Err(Error::Refused { status: 207, text });
            }
        }
        if value["status"].as_str().is_some_and(|status| status != "COMPLETE") {
            return Err(Error::Retry { after: None });
        }
        rows(&mut value)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Reply, Error> {
        let mut url = self.base.clone();
        url.set_path(&format!(
            "{}{}",
            self.base.path().trim_end_matches('/'),
            self.place(path)
        ));
        let mut request = self.http.client().request(method, url).query(query);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = self.http.send(request.bearer_auth(&self.token)).await?;
        let (now, told) = (answer.date, answer.peek().unwrap_or_default());
        let value = answer.json(|json| self.reason(json)).map_err(|error| match error {
            Error::Retry { after: None } => Error::Retry { after: waiting(&told) },
            // Locked for a moment, and moved between two data centres.
            Error::Refused { status: 423 | 477, .. } => Error::Retry { after: None },
            other => other,
        })?;
        if value["status"] == "error" {
            let text = self.reason(&value).unwrap_or_else(|| "no reason given".into());
            return Err(Error::Refused { status: 200, text });
        }
        Ok(Reply { value, now })
    }

    /// HubSpot's sentence, without the token should it be quoted there.
    fn reason(&self, json: &Value) -> Option<String> {
        Some(json["message"].as_str()?.replace(&self.token, "…"))
    }
}

/// The `results` of an answer.
pub fn rows(value: &mut Value) -> Result<Vec<Value>, Error> {
    match value["results"].take() {
        Value::Array(rows) => Ok(rows),
        _ => Err(Error::Broken("a list came without results".into())),
    }
}

/// How long a 429 without `Retry-After` bids to wait, by the limit that was met.
fn waiting(told: &Value) -> Option<Duration> {
    let seconds = match told["policyName"].as_str()? {
        "DAILY" => 3600,
        "TEN_SECONDLY_ROLLING" => 10,
        "SECONDLY" => 1,
        _ => return None,
    };
    Some(Duration::from_secs(seconds))
}
