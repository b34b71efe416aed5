//! Tryton's Web Service: XML-RPC, with the session of a user who logs in.
//!
//! It gives the same rows as REST. Its moments end at the second, so a time of change is asked for as the text of its
//! seconds since 1970, and compared as text too.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use reqwest::{
    Url,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::{
    envelope::{self, Outcome},
    map,
    rest::{Found, Query},
    value,
};
use crate::{
    connector::Error,
    http::{Http, one_line},
    pace::Pace,
};

/// The largest page: a party takes some hundred elements, and those of an answer are bounded.
pub const MAX_PAGE: usize = 200;

/// One database of one Tryton server, as one of its users.
pub struct Rpc {
    http: Http,
    url: Url,
    login: String,
    password: String,
    session: Mutex<Option<String>>,
}

impl Rpc {
    /// `base` is the address of the server, without the database.
    pub fn new(http: Http, base: &Url, database: &str, login: String, password: String) -> Result<Self, Error> {
        let mut url = base.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.path_segments_mut()
            .map_err(|()| Error::Setup("the address cannot carry a path".into()))?
            .pop_if_empty()
            .extend([database, "rpc", ""]);
        Ok(Rpc {
            http,
            url,
            login,
            password,
            session: Mutex::default(),
        })
    }

    /// How fast it is asked.
    pub fn pace(&self) -> Option<&Pace> {
        self.http.pace()
    }

    /// Records of `model`, archived ones too.
    pub async fn search(&self, model: &str, query: Query<'_>) -> Result<Found, Error> {
        let fields: Vec<String> = query.fields.iter().map(|field| stamped(field)).collect();
        let params = [
            as_text(query.domain),
            json!(0),
            json!(query.limit),
            query.order.clone(),
            json!(fields),
            context(),
        ];
        match self.call(&format!("model.{model}.search_read"), &params).await? {
            (Value::Array(rows), now) => Ok(Found {
                rows: rows.into_iter().map(folded).collect(),
                now,
            }),
            _ => Err(Error::Broken(format!("{model} came as something else than a list"))),
        }
    }

    /// How many records of `model` are in `domain`, archived ones too.
    pub async fn count(&self, model: &str, domain: &Value) -> Result<u64, Error> {
        let params = [as_text(domain), json!(0), Value::Null, context()];
        let (value, _) = self.call(&format!("model.{model}.search_count"), &params).await?;
        value
            .as_u64()
            .ok_or_else(|| Error::Broken(format!("{model} cannot be counted")))
    }

    /// Changes fields of one record.
    pub async fn update(&self, model: &str, id: i64, vals: &Value) -> Result<(), Error> {
        let params = [json!([id]), vals.clone(), context()];
        self.call(&format!("model.{model}.write"), &params).await.map(|_| ())
    }

    /// Makes a record.
    pub async fn create(&self, model: &str, vals: &Value) -> Result<(), Error> {
        let params = [json!([vals]), context()];
        self.call(&format!("model.{model}.create"), &params).await.map(|_| ())
    }

    /// Calls `action` on one record.
    pub async fn act(&self, model: &str, id: i64, action: &str, arguments: &[(&str, Value)]) -> Result<Value, Error> {
        // Of one that is not there Tryton says that it may not be written.
        if !self.holds(model, json!([["id", "=", id]])).await? {
            return Err(Error::Refused {
                status: 404,
                text: format!("{model} {id} is not there"),
            });
        }
        let mut params = vec![json!([id])];
        params.extend(arguments.iter().map(|(_, value)| value.clone()));
        params.push(context());
        let (mut result, _) = self.call(&format!("model.{model}.{action}"), &params).await?;
        if result["id"] == id && result["modified_at"].is_object() {
            let query = Query {
                domain: &json!([["id", "=", id]]),
                order: &json!([["id", "ASC"]]),
                fields: &["last_modified_at"],
                limit: 1,
            };
            if let Some(row) = self.search(model, query).await?.rows.first() {
                result["modified_at"] = row["last_modified_at"].clone();
            }
        }
        Ok(result)
    }

    /// The times of change of the first and the last row and of those that share them, by id, to the microsecond. Tryton
    /// on SQLite tells them to ten only; what a cursor stands at must be exact, so it is found by comparing.
    pub async fn exact(&self, model: &str, rows: &[Value]) -> Result<HashMap<i64, Timestamp>, Error> {
        let mut exact = HashMap::new();
        for row in rows.first().into_iter().chain(rows.last()) {
            let Some((id, told)) = map::id(row).zip(map::modified(row)) else {
                continue;
            };
            if told.as_microsecond() % 10 != 0 || exact.contains_key(&id) {
                continue;
            }
            let plus = |micros: i64| told.checked_add(SignedDuration::from_micros(micros)).unwrap_or(told);
            let mut rounding = Rounding::default();
            while let Some(micros) = rounding.asks() {
                let since = as_text(&json!([
                    ["id", "=", id],
                    ["last_modified_at", ">=", value::datetime(plus(micros))],
                ]));
                rounding.learn(self.holds(model, since).await?);
            }
            // Changed meanwhile, it comes again.
            let at = rounding.found().map_or(told, plus);
            let same = rows.iter().filter(|other| map::modified(other) == Some(told));
            exact.extend(same.filter_map(map::id).map(|id| (id, at)));
        }
        Ok(exact)
    }

    async fn holds(&self, model: &str, domain: Value) -> Result<bool, Error> {
        let params = [domain, json!(0), json!(1), Value::Null, context()];
        let (ids, _) = self.call(&format!("model.{model}.search"), &params).await?;
        Ok(ids.as_array().is_some_and(|ids| !ids.is_empty()))
    }

    /// Calls `method` within a session; a new one, if the last has ended.
    async fn call(&self, method: &str, params: &[Value]) -> Result<(Value, Option<Timestamp>), Error> {
        let session = self.session(None).await?;
        match self.post(method, params, Some(&session)).await {
            Err(Error::Auth(_)) => {
                let session = self.session(Some(&session)).await?;
                self.post(method, params, Some(&session)).await
            }
            other => other,
        }
    }

    /// The session under way, unless it is the one that has `ended`; else logs in.
    async fn session(&self, ended: Option<&str>) -> Result<String, Error> {
        let mut held = self.session.lock().await;
        if let Some(session) = held.as_ref().filter(|session| Some(session.as_str()) != ended) {
            return Ok(session.clone());
        }
        let params = [json!(self.login), json!({ "password": self.password })];
        let (told, _) = self
            .post("common.db.login", &params, None)
            .await
            .map_err(|error| match error {
                Error::Auth(_) => Error::Auth("the log-in name or the password is wrong".into()),
                other => other,
            })?;
        let (Some(user), Some(token)) = (told[0].as_i64(), told[1].as_str()) else {
            return Err(Error::Auth("Tryton wants more than a password to log in".into()));
        };
        let session = STANDARD.encode(format!("{}:{user}:{token}", self.login));
        *held = Some(session.clone());
        Ok(session)
    }

    async fn post(
        &self,
        method: &str,
        params: &[Value],
        session: Option<&str>,
    ) -> Result<(Value, Option<Timestamp>), Error> {
        let mut request = self
            .http
            .client()
            .post(self.url.clone())
            .header(CONTENT_TYPE, "text/xml")
            .body(envelope::call(method, params));
        if let Some(session) = session {
            request = request.header(AUTHORIZATION, format!("Session {session}"));
        }
        let answer = self.http.send(request).await?;
        let now = answer.date;
        let xml = answer.xml().filter(|_| answer.status.is_success());
        match envelope::read(xml.ok_or_else(|| answer.unfit("XML"))?)? {
            Outcome::Result(result) => Ok((result, now)),
            Outcome::Fault { code, text } => Err(fault(code, &text)),
        }
    }
}

/// What a fault means, by Tryton's numbers. Only what it says to people is shown: the others may tell of its inside.
fn fault(code: i64, text: &str) -> Error {
    let text = one_line(text.trim_end_matches([' ', '-']));
    match code {
        1 => Error::Refused { status: 400, text },
        2 => Error::Refused { status: 409, text },
        3 => Error::Auth("Tryton wants more than a password".into()),
        4 => Error::Retry { after: None },
        _ => Error::Failed { status: 500 },
    }
}

fn context() -> Value {
    json!({ "active_test": false })
}

/// A field as it is asked for here.
fn stamped(field: &str) -> String {
    match field.strip_suffix("last_modified_at") {
        Some(path) => format!("{path}_timestamp"),
        None => field.to_owned(),
    }
}

/// A domain with its moments as text, which Tryton reads to the microsecond.
fn as_text(domain: &Value) -> Value {
    match domain {
        Value::Array(items) => items.iter().map(as_text).collect(),
        Value::Object(_) => match value::read_datetime(domain) {
            Some(at) => jiff::tz::TimeZone::UTC
                .to_datetime(at)
                .strftime("%Y-%m-%dT%H:%M:%S.%6f")
                .to_string()
                .into(),
            None => domain.clone(),
        },
        other => other.clone(),
    }
}

/// A row as REST gives it: what lies behind a reference stands in its place, and times of change are moments.
fn folded(row: Value) -> Value {
    match row {
        Value::Array(items) => items.into_iter().map(folded).collect(),
        Value::Object(members) => {
            let mut folded_row = Map::new();
            for (name, member) in members {
                match name.strip_suffix('.') {
                    Some(name) => _ = folded_row.insert(name.to_owned(), folded(member)),
                    None if name == "_timestamp" => {
                        _ = folded_row.insert("last_modified_at".into(), moment(&member).unwrap_or_default());
                    }
                    // The bare reference comes beside what lies behind it, before or after.
                    None => _ = folded_row.entry(name).or_insert(folded(member)),
                }
            }
            Value::Object(folded_row)
        }
        other => other,
    }
}

fn moment(text: &Value) -> Option<Value> {
    let seconds: Decimal = text.as_str()?.parse().ok()?;
    let micros = (seconds * Decimal::from(1_000_000)).round().to_i64()?;
    Some(value::datetime(Timestamp::from_microsecond(micros).ok()?))
}

/// Finds how many microseconds a rounded time is off, −5 to 5, by asking whether the true one is so many later, or later still.
#[derive(Debug)]
struct Rounding {
    low: i64,
    high: i64,
    known: Option<i64>,
}

/// One more than rounding to ten can be off: what is so late was changed since.
const CHANGED: i64 = 6;

impl Default for Rounding {
    fn default() -> Self {
        Rounding {
            low: -5,
            high: CHANGED,
            known: None,
        }
    }
}

impl Rounding {
    /// The next offset to ask for, until it is settled.
    fn asks(&self) -> Option<i64> {
        (self.low <= self.high).then(|| (self.low + self.high).div_euclid(2))
    }

    /// Whether the true time lies at the offset asked for, or later.
    fn learn(&mut self, holds: bool) {
        let Some(middle) = self.asks() else { return };
        if holds {
            self.known = Some(middle);
            self.low = middle + 1;
        } else {
            self.high = middle - 1;
        }
    }

    /// The offset; none if the record is gone, or was changed meanwhile.
    fn found(&self) -> Option<i64> {
        self.known.filter(|micros| *micros < CHANGED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_rounded_to_ten_is_found_wherever_it_was_rounded_from() {
        let found = |off: i64| {
            let mut rounding = Rounding::default();
            while let Some(micros) = rounding.asks() {
                rounding.learn(off >= micros);
            }
            rounding.found()
        };
        for off in -5..=5 {
            assert_eq!(found(off), Some(off));
        }
        assert_eq!([found(6), found(5000), found(-6)], [None; 3]);
    }

    #[test]
    fn faults_become_errors_in_words() {
        let said = fault(1, "The currency BHD is not in Tryton. - ");
        let text = "The currency BHD is not in Tryton.".to_owned();
        assert_eq!(said, Error::Refused { status: 400, text });
        let inside = fault(255, "column \"secret\" of relation \"res_user\" does not exist");
        assert_eq!(inside, Error::Failed { status: 500 });
        assert!(fault(4, "Records were modified in the meanwhile").is_transient());
        assert!(matches!(fault(3, "('LoginException', ('x', 'y', 'password'))"), Error::Auth(t) if !t.contains("'x'")));
    }

    #[test]
    fn rows_are_folded_into_the_shape_of_rest() {
        let row = json!({
            "id": 2, "_timestamp": "1795793879.192234", "currency": 1, "currency.": {"id": 1, "code": "CNY"},
            "addresses.": [{"id": 1, "_timestamp": "1795793879.5", "country.": null}],
            "end_date": {"__class__": "date", "year": 2026, "month": 6, "day": 10}
        });
        let at = |text: &str| value::datetime(text.parse().expect("a time"));
        assert_eq!(
            folded(row),
            json!({
                "id": 2, "last_modified_at": at("2026-11-27T15:37:59.192234Z"), "currency": {"id": 1, "code": "CNY"},
                "addresses": [{"id": 1, "last_modified_at": at("2026-11-27T15:37:59.5Z"), "country": null}],
                "end_date": {"__class__": "date", "year": 2026, "month": 6, "day": 10}
            })
        );
        assert_eq!(stamped("addresses.last_modified_at"), "addresses._timestamp");
        let domain = json!([
            "OR",
            ["last_modified_at", ">", at("2026-11-27T15:37:59.000001Z")],
            [["id", ">", 2]]
        ]);
        assert_eq!(
            as_text(&domain),
            json!([
                "OR",
                ["last_modified_at", ">", "2026-11-27T15:37:59.000001"],
                [["id", ">", 2]]
            ])
        );
    }
}
