//! Tryton's REST interface, as far as it is needed here.

use base64::{Engine, engine::general_purpose::URL_SAFE};
use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};

use crate::{connector::Error, http::Http, pace::Pace};

/// The largest page.
pub const MAX_PAGE: usize = 1000;

/// One database of one Tryton server, with the key of a validated user application.
#[derive(Clone)]
pub struct Rest {
    http: Http,
    root: Url,
    key: String,
}

/// What to search for.
pub struct Query<'a> {
    pub domain: &'a Value,
    pub order: &'a Value,
    pub fields: &'a [&'a str],
    pub limit: usize,
}

/// Rows found, with the server's clock.
pub struct Found {
    pub rows: Vec<Value>,
    pub now: Option<Timestamp>,
}

impl Rest {
    /// `base` is the address of the server, without the database.
    pub fn new(http: Http, base: &Url, database: &str, key: String) -> Result<Self, Error> {
        let mut root = base.clone();
        root.set_query(None);
        root.set_fragment(None);
        root.path_segments_mut()
            .map_err(|()| Error::Setup("the address cannot carry a path".into()))?
            .pop_if_empty()
            .extend([database, "rest", "model"]);
        Ok(Rest { http, root, key })
    }
    /// How fast it is asked.
    pub fn pace(&self) -> Option<&Pace> {
        self.http.pace()
    }

    /// Records of `model`, archived ones too.
    pub async fn search(&self, model: &str, query: Query<'_>) -> Result<Found, Error> {
        let mut url = self.url(&[model])?;
        {
            let mut pairs = url.query_pairs_mut();
            pairs
                .append_pair("d", &encoded(query.domain))
                .append_pair("o", &encoded(query.order))
                .append_pair("s", &query.limit.to_string());
            for field in query.fields {
                pairs.append_pair("f", field);
            }
        }
        let request = self
            .http
            .client()
            .get(url)
            .header("X-Tryton-Context", encoded(&json!({ "active_test": false })));
        let answer = self.http.send(request.bearer_auth(&self.key)).await?;
        let now = answer.date;
        match answer.json(reason)? {
            Value::Array(rows) => Ok(Found { rows, now }),
            _ => Err(Error::Broken(format!("{model} came as something else than a list"))),
        }
    }

    /// Calls `action` on one record.
    pub async fn act(&self, model: &str, id: i64, action: &str, arguments: &[(&str, Value)]) -> Result<Value, Error> {
        let body: Value = arguments
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let url = self.url(&[model, &id.to_string(), action])?;
        let request = self.http.client().post(url).json(&body);
        let answer = self.http.send(request.bearer_auth(&self.key)).await?;
        answer.json(reason)
    }

    /// Changes fields of one record.
    pub async fn update(&self, model: &str, id: i64, vals: &Value) -> Result<(), Error> {
        let url = self.url(&[model, &id.to_string()])?;
        self.sent(self.http.client().put(url).json(vals)).await
    }

    /// Makes a record.
    pub async fn create(&self, model: &str, vals: &Value) -> Result<(), Error> {
        let url = self.url(&[model])?;
        self.sent(self.http.client().post(url).json(vals)).await
    }

    /// The answer, where there is one, is the record as it is then; without the right to read it there is none.
    async fn sent(&self, request: reqwest::RequestBuilder) -> Result<(), Error> {
        let answer = self.http.send(request.bearer_auth(&self.key)).await?;
        if answer.status == reqwest::StatusCode::NO_CONTENT {
            return Ok(());
        }
        answer.json(reason).map(|_| ())
    }

    fn url(&self, path: &[&str]) -> Result<Url, Error> {
        let mut url = self.root.clone();
        url.path_segments_mut()
            .map_err(|()| Error::Setup("the address cannot carry a path".into()))?
            .extend(path);
        Ok(url)
    }
}

fn encoded(json: &Value) -> String {
    URL_SAFE.encode(json.to_string())
}

fn reason(json: &Value) -> Option<String> {
    Some(json.get("message")?.as_str()?.to_owned())
}
