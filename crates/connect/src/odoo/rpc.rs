//! The two ways to call Odoo: JSON-2 since 19, and the older JSON-RPC, which 20 will drop.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::{RequestBuilder, Url};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::Place;
use crate::{
    connector::Error,
    http::{Answer, Http, one_line},
    pace::Pace,
};

/// The first version with JSON-2.
const JSON2_SINCE: i64 = 19;

/// One Odoo, with somebody's key.
pub struct Rpc {
    http: Http,
    base: Url,
    place: Place,
    way: OnceCell<Way>,
    lang: OnceCell<Option<String>>,
}

/// How it is called.
enum Way {
    Json2,
    JsonRpc { database: String, uid: i64 },
}

/// What a call gave.
pub struct Answered {
    pub value: Value,
    /// A moment, by the server's clock, before which the call began.
    pub began: Option<Timestamp>,
}

impl Rpc {
    /// `base` is the address of the server.
    pub fn new(http: Http, base: Url, place: Place) -> Self {
        Rpc {
            http,
            base,
            place,
            way: OnceCell::new(),
            lang: OnceCell::new(),
        }
    }
    /// How fast it is asked.
    pub fn pace(&self) -> Option<&Pace> {
        self.http.pace()
    }

    /// The address of a record's page, for people.
    pub fn page(&self, model: &str, id: i64) -> Option<String> {
        let mut url = self.url(&["web"]).ok()?;
        url.set_fragment(Some(&format!("id={id}&model={model}&view_type=form")));
        Some(url.into())
    }

    /// Calls `method` of `model` with named arguments: on these records, or on the model itself. Archived records are
    /// seen too, and texts come in the language of the key's owner.
    pub async fn call(&self, model: &str, method: &str, ids: Option<&[i64]>, args: Value) -> Result<Answered, Error> {
        let lang = self.lang.get_or_try_init(|| async {
            match self.send("res.users", "context_get", None, json!({})).await {
                Ok(own) => Ok(own.value["lang"].as_str().map(str::to_owned)),
                Err(Error::Refused { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        });
        let mut args = args;
        let mut context = json!({ "active_test": false });
        if let Some(lang) = lang.await? {
            context["lang"] = lang.as_str().into();
        }
        for (name, value) in args["context"].as_object().into_iter().flatten() {
            context[name] = value.clone();
        }
        args["context"] = context;
        self.send(model, method, ids, args).await
    }

    async fn send(&self, model: &str, method: &str, ids: Option<&[i64]>, mut args: Value) -> Result<Answered, Error> {
        match self.way.get_or_try_init(|| self.find_way()).await? {
            Way::Json2 => {
                if let Some(ids) = ids {
                    args["ids"] = json!(ids);
                }
                let request = self.http.client().post(self.url(&["json", "2", model, method])?);
                let mut request = request.bearer_auth(&self.place.key).json(&args);
                if let Some(database) = &self.place.database {
                    request = request.header("X-Odoo-Database", database);
                }
                let (answer, began) = self.answer(request).await?;
                let value = json2(answer)?;
                Ok(Answered { value, began })
            }
            Way::JsonRpc { database, uid } => {
                let mut positional: Vec<Value> = ids.map(|ids| json!(ids)).into_iter().collect();
                // Odoo looks at the first argument of a creation by its place.
                if let Some(created) = args.as_object_mut().and_then(|a| a.remove("vals_list")) {
                    positional.push(created);
                }
                let call = json!([database, uid, self.place.key, model, method, positional, args]);
                self.service("object", "execute_kw", call).await
            }
        }
    }

    async fn find_way(&self) -> Result<Way, Error> {
        match self.place.api.as_deref() {
            Some("json2") => return Ok(Way::Json2),
            Some("jsonrpc") => return self.log_in().await,
            Some(other) => {
                return Err(Error::Setup(format!(
                    "{other:?} is no interface of Odoo: write json2 or jsonrpc"
                )));
            }
            None => {}
        }
        let asked = self.http.client().get(self.url(&["web", "version"])?);
        match self.http.send(asked).await?.json(|_| None) {
            Ok(version) if version["version_info"][0].as_i64() >= Some(JSON2_SINCE) => Ok(Way::Json2),
            Ok(_) | Err(Error::Refused { .. }) => self.log_in().await,
            // A server of many databases sends older versions to a page to choose one.
            Err(Error::Setup(_)) if self.place.login.is_some() => self.log_in().await,
            Err(error) => Err(error),
        }
    }

    async fn log_in(&self) -> Result<Way, Error> {
        let login = self.place.login.as_ref().ok_or_else(|| {
            Error::Setup("this Odoo is older than 19 or is called by JSON-RPC: the log-in name is needed".into())
        })?;
        let database = match &self.place.database {
            Some(database) => database.clone(),
            None => self.only_database().await?,
        };
        let args = json!([database, login, self.place.key, {}]);
        let uid = self.service("common", "authenticate", args).await?.value;
        match uid.as_i64() {
            Some(uid) => Ok(Way::JsonRpc { database, uid }),
            None => Err(Error::Auth("the log-in name or the key is wrong".into())),
        }
    }

    async fn only_database(&self) -> Result<String, Error> {
        let names = match self.service("db", "list", json!([])).await {
            Ok(names) => names.value,
            // Many servers do not list them.
            Err(Error::Refused { .. } | Error::Auth(_)) => Value::Null,
            Err(error) => return Err(error),
        };
        match names.as_array().map(Vec::as_slice) {
            Some([Value::String(only)]) => Ok(only.clone()),
            _ => Err(Error::Setup("the name of the database is needed".into())),
        }
    }

    async fn service(&self, service: &str, method: &str, args: Value) -> Result<Answered, Error> {
        let envelope = json!({
            "jsonrpc": "2.0", "method": "call", "id": 1,
            "params": { "service": service, "method": method, "args": args },
        });
        let request = self.http.client().post(self.url(&["jsonrpc"])?).json(&envelope);
        let (answer, began) = self.answer(request).await?;
        let mut answer = answer.json(|_| None)?;
        if let Some(error) = answer.get("error") {
            return Err(said(&error["data"]).unwrap_or(match error["code"].as_u64() {
                Some(404) => Error::Refused {
                    status: 404,
                    text: "it has no such address".into(),
                },
                _ => Error::Failed { status: 500 },
            }));
        }
        match answer.get_mut("result") {
            Some(value) => Ok(Answered {
                value: value.take(),
                began,
            }),
            None => Err(Error::Broken("no JSON-RPC: neither a result nor an error".into())),
        }
    }

    async fn answer(&self, request: RequestBuilder) -> Result<(Answer, Option<Timestamp>), Error> {
        let sent = Instant::now();
        let answer = self.http.send(request).await?;
        // The clock was read at the end, and without its fraction.
        let took = sent.elapsed() + Duration::from_secs(1);
        let began = answer.date.and_then(|at| at.checked_sub(took).ok());
        Ok((answer, began))
    }

    fn url(&self, path: &[&str]) -> Result<Url, Error> {
        let mut url = self.base.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.path_segments_mut()
            .map_err(|()| Error::Setup("the address cannot carry a path".into()))?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }
}

/// The value of a JSON-2 answer, or what Odoo says is wrong.
fn json2(answer: Answer) -> Result<Value, Error> {
    let status = answer.status.as_u16();
    let told = answer.peek();
    if !answer.status.is_success()
        && !matches!(status, 429 | 503)
        && let Some(error) = told.as_ref().and_then(said)
    {
        return Err(error);
    }
    if status == 404 && told.is_none() {
        return Err(Error::Setup(
            "no Odoo of this interface answers at the address, or it has no database of this name".into(),
        ));
    }
    let value = answer.json(|_| None)?;
    // What stands between may turn the status of a failure into 200.
    if ["name", "message", "debug"].iter().all(|key| value[key].is_string()) {
        return Err(Error::Broken("a failure came with the status of success".into()));
    }
    Ok(value)
}

/// Understands `{"name": "odoo.exceptions.UserError", "message": …, "debug": a traceback}`. None if the name tells
/// nothing: then it is a failure inside. Of failures of the program the message is left out, since it holds code.
fn said(error: &Value) -> Option<Error> {
    let name = error["name"].as_str()?.rsplit('.').next()?;
    let text = one_line(error["message"].as_str().unwrap_or_default());
    let refused = |status| Error::Refused {
        status,
        text: text.clone(),
    };
    Some(match name {
        "AccessDenied" | "SessionExpiredException" | "Unauthorized" => Error::Auth(text),
        "AccessError" | "Forbidden" => refused(403),
        "MissingError" | "NotFound" => refused(404),
        "UserError" | "ValidationError" | "RedirectWarning" | "UnprocessableEntity" => refused(422),
        "ValueError"
        | "KeyError"
        | "TypeError"
        | "AttributeError"
        | "AssertionError"
        | "IndexError"
        | "InvalidDatetimeFormat" => Error::Refused {
            status: 500,
            text: format!("it does not understand the request ({name})"),
        },
        _ => return None,
    })
}
