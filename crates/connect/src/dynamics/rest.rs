//! Requests to Dataverse, and what its refusals mean.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex as Lock, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use reqwest::{Method, StatusCode, Url, header::IF_MATCH};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::{
    connector::Error,
    http::{Answer, Http, one_line},
};

/// Where the interface begins.
const ROOT: &str = "/api/data/v9.2/";
/// How long names of columns and currencies are believed.
const HOLD: Duration = Duration::from_secs(3600);
/// A token is renewed so long before its end.
const MARGIN: Duration = Duration::from_secs(120);
/// The annotations that rows are read with.
const ANNOTATIONS: &str = "odata.include-annotations=\"OData.Community.Display.V1.FormattedValue,\
                           Microsoft.Dynamics.CRM.lookuplogicalname\"";

/// The columns of a table, and whether each can be written.
pub type Columns = BTreeMap<String, bool>;

/// What connectors to one environment share.
#[derive(Default)]
pub struct Session {
    token: Mutex<Option<(String, Instant)>>,
    columns: Lock<HashMap<String, (Instant, Option<Arc<Columns>>)>>,
    pub currencies: Lock<Option<(Instant, Arc<HashMap<String, String>>)>>,
}

/// A page of rows.
pub struct Rows {
    pub rows: Vec<Value>,
    /// Where the next page is, as path and query on our own host.
    pub next: Option<String>,
    /// Where changes after these rows are.
    pub delta: Option<String>,
    /// Dataverse's clock.
    pub now: Option<Timestamp>,
}

/// The way to one environment.
pub struct Rest {
    pub http: Http,
    pub base: Url,
    pub login: Url,
    pub tenant: String,
    pub client_id: String,
    pub secret: String,
    pub session: Arc<Session>,
}

impl Rest {
    /// Rows of a table; `size` is the most of a page, `track` asks for a link to later changes.
    pub async fn rows(&self, set: &str, query: &[(&str, &str)], size: usize, track: bool) -> Result<Rows, Error> {
        let mut url = self.url(set)?;
        url.query_pairs_mut().extend_pairs(query);
        self.page(url, size, track).await
    }

    /// The rows that a link of Dataverse's leads to.
    pub async fn follow(&self, link: &str, size: usize) -> Result<Rows, Error> {
        let url = self.own(link)?;
        self.page(url, size, false).await
    }

    async fn page(&self, url: Url, size: usize, track: bool) -> Result<Rows, Error> {
        let mut prefer = format!("odata.maxpagesize={size},{ANNOTATIONS}");
        if track {
            prefer.push_str(",odata.track-changes");
        }
        let answer = self.send(Method::GET, &url, &[("Prefer", &prefer)], None).await?;
        let now = answer.date;
        let mut value = self.read(answer)?;
        let link = |key: &str| value[key].as_str().map(|link| self.own(link)).transpose();
        let place = |url: Url| match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let (next, delta) = (
            link("@odata.nextLink")?.map(place),
            link("@odata.deltaLink")?.map(place),
        );
        match value["value"].take() {
            Value::Array(rows) => Ok(Rows { rows, next, delta, now }),
            _ => Err(Error::Broken("a list came without its value".into())),
        }
    }

    /// One record, or whatever else stands at a path.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, Error> {
        let mut url = self.url(path)?;
        url.query_pairs_mut().extend_pairs(query);
        self.read(self.send(Method::GET, &url, &[("Prefer", ANNOTATIONS)], None).await?)
    }

    /// Makes a record; gives it as it is then.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        let headers = [("Prefer", "return=representation")];
        self.read(self.send(Method::POST, &self.url(path)?, &headers, Some(body)).await?)
    }

    /// Changes a record that is there, and if `etag` is given, only if it is still what that names; false if it is not.
    pub async fn patch(&self, path: &str, body: &Value, etag: Option<&str>) -> Result<bool, Error> {
        // Without this, a record that is gone would be made anew.
        let headers = [(IF_MATCH.as_str(), etag.unwrap_or("*"))];
        let answer = self.send(Method::PATCH, &self.url(path)?, &headers, Some(body)).await?;
        if answer.status == StatusCode::PRECONDITION_FAILED {
            return Ok(false);
        }
        self.read(answer).map(|_| true)
    }

    pub async fn delete(&self, path: &str) -> Result<(), Error> {
        let answer = self.send(Method::DELETE, &self.url(path)?, &[], None).await?;
        self.read(answer).map(drop)
    }

    /// The columns of a table; none if the environment has no such table.
    pub async fn columns(&self, table: &str) -> Result<Option<Arc<Columns>>, Error> {
        if let Some((read, columns)) = self.known().get(table)
            && read.elapsed() < HOLD
        {
            return Ok(columns.clone());
        }
        let path = format!("EntityDefinitions(LogicalName='{table}')/Attributes");
        let found = match self.get(&path, &[("$select", "LogicalName,IsValidForUpdate")]).await {
            Ok(told) => {
                let all = told["value"].as_array();
                let all = all.ok_or_else(|| Error::Broken(format!("{table} without columns")))?;
                let one = |column: &Value| {
                    let writable = column["IsValidForUpdate"] == true;
                    Some((column["LogicalName"].as_str()?.to_owned(), writable))
                };
                Some(Arc::new(all.iter().filter_map(one).collect()))
            }
            Err(Error::Refused { status: 404, .. }) => None,
            Err(other) => return Err(other),
        };
        self.known().insert(table.to_owned(), (Instant::now(), found.clone()));
        Ok(found)
    }

    /// Lets the next question about a table go to Dataverse.
    pub fn forget(&self, table: &str) {
        self.known().remove(table);
    }

    /// The codes of currencies, by their ids.
    pub async fn currencies(&self) -> Result<Arc<HashMap<String, String>>, Error> {
        let held = || self.session.currencies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((read, known)) = &*held()
            && read.elapsed() < HOLD
        {
            return Ok(known.clone());
        }
        let query = [("$select", "transactioncurrencyid,isocurrencycode")];
        let found = self.rows("transactioncurrencies", &query, 500, false).await?;
        let one = |row: &Value| {
            let text = |key: &str| row[key].as_str().map(str::to_owned);
            Some((text("transactioncurrencyid")?, text("isocurrencycode")?))
        };
        let known: Arc<HashMap<_, _>> = Arc::new(found.rows.iter().filter_map(one).collect());
        *held() = Some((Instant::now(), known.clone()));
        Ok(known)
    }

    /// A link of Dataverse's, or one that was stored, if it leads to our own environment: a token goes along.
    fn own(&self, link: &str) -> Result<Url, Error> {
        let url = self.base.join(link).ok();
        let fits = |url: &Url| url.origin() == self.base.origin() && url.path().starts_with("/api/data/");
        let fits = |url: &Url| fits(url) && url.username().is_empty() && url.password().is_none();
        url.filter(fits)
            .ok_or_else(|| Error::Broken("a link that leads away from the environment: it is not followed".into()))
    }

    fn url(&self, path: &str) -> Result<Url, Error> {
        let mut url = self.base.clone();
        url.set_path(&format!("{ROOT}{path}"));
        url.set_query(None);
        Ok(url)
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, Error> {
        let mut renewed = false;
        loop {
            let token = self.token().await?;
            let mut request = self.http.client().request(method.clone(), url.clone());
            for (name, value) in [
                ("OData-Version", "4.0"),
                ("OData-MaxVersion", "4.0"),
                ("Accept", "application/json"),
            ] {
                request = request.header(name, value);
            }
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            if let Some(body) = body {
                request = request.json(body);
            }
            let answer = self.http.send(request.bearer_auth(&token)).await?;
            if answer.status == StatusCode::UNAUTHORIZED && !renewed {
                renewed = true;
                let mut held = self.session.token.lock().await;
                if held.as_ref().is_some_and(|(held, _)| *held == token) {
                    *held = None;
                }
                continue;
            }
            return Ok(answer);
        }
    }

    async fn token(&self) -> Result<String, Error> {
        let mut held = self.session.token.lock().await;
        if let Some((token, until)) = &*held
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        let mut url = self.login.clone();
        url.set_path(&format!("/{}/oauth2/v2.0/token", self.tenant));
        let scope = format!("{}/.default", self.base.origin().ascii_serialization());
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.secret.as_str()),
            ("scope", scope.as_str()),
        ];
        let answer = self.http.send(self.http.client().post(url).form(&form)).await?;
        if matches!(answer.status.as_u16(), 400 | 401)
            && let Some(told) = answer.peek()
        {
            let text = ["error_description", "error"].iter().find_map(|key| told[key].as_str());
            let text = text.unwrap_or("it gives no reason");
            return Err(Error::Auth(one_line(text).replace(&self.secret, "…")));
        }
        let told = answer.json(|_| None)?;
        let token = told["access_token"].as_str().filter(|t| !t.is_empty());
        let token = token.ok_or_else(|| Error::Broken("no token where one was asked for".into()))?;
        let holds = Duration::from_secs(told["expires_in"].as_u64().unwrap_or(0)).saturating_sub(MARGIN);
        *held = Some((token.to_owned(), Instant::now() + holds));
        Ok(token.to_owned())
    }

    /// The JSON of an answer. What Dataverse refuses begins with its own code for the reason.
    fn read(&self, answer: Answer) -> Result<Value, Error> {
        let told = answer.peek().unwrap_or_default();
        if answer.status.is_success() && told["error"].is_object() {
            return Err(Error::Refused {
                status: answer.status.as_u16(),
                text: reason(&told).unwrap_or_default(),
            });
        }
        answer.json(reason)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Option<Arc<Columns>>)>> {
        self.session.columns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reason(told: &Value) -> Option<String> {
    let error = &told["error"];
    let sentence = error["message"].as_str()?;
    Some(match error["code"].as_str() {
        Some(code) if !code.is_empty() => format!("{code}: {sentence}"),
        _ => sentence.to_owned(),
    })
}
