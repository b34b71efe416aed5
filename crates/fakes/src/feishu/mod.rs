//! A small 飞书: tokens, people by mail address and mobile number, cards that are sent and changed, and callbacks that are encrypted and
//! signed as there. It refuses cards that its documentation does not allow, as far as the connector makes such.

mod callback;
mod card;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode},
    response::Response,
    routing::{patch, post},
};
use serde_json::{Value, json};

pub use callback::Callback;

use crate::faults::{self, Fault, Faults};

/// The application that it knows.
pub const APP_ID: &str = "cli_test";
/// Its secret.
pub const APP_SECRET: &str = "the-secret-of-the-fake";
/// The Encrypt Key of its callbacks.
pub const ENCRYPT_KEY: &str = "the-encrypt-key-of-the-fake";
/// The Verification Token of its callbacks.
pub const VERIFICATION_TOKEN: &str = "the-token-of-the-fake";

/// Somebody with an account.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their mail address.
    pub email: String,
    /// Their mobile number.
    pub mobile: String,
    /// Their account.
    pub open_id: String,
}

/// A card that was sent.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// To whom.
    pub to: String,
    /// What it shows now.
    pub card: Value,
    /// What it showed before, oldest first.
    pub past: Vec<Value>,
    /// Whether it may be changed no more, as after 14 days.
    pub closed: bool,
}

/// What it holds.
#[derive(Default)]
pub struct Db {
    /// Who has an account.
    pub people: Vec<Person>,
    /// The cards, in the order in which they were sent.
    pub messages: Vec<Message>,
    uuids: BTreeMap<String, String>,
    token: Option<String>,
    tokens: u32,
    events: u32,
}

/// A fake 飞书; clones are the same one. [`Fault::Expired`] ends the token at a call, [`Fault::TooMany`] names the seconds to wait.
#[derive(Clone, Default)]
pub struct FakeFeishu {
    db: Arc<Mutex<Db>>,
    /// What goes wrong next.
    pub faults: Faults,
}

type Said = (StatusCode, i64, &'static str, Value);

impl FakeFeishu {
    /// What it holds.
    pub fn db(&self) -> MutexGuard<'_, Db> {
        self.db.lock().expect("no test panics while it holds it")
    }

    /// Gives somebody an account.
    pub fn hire(&self, email: &str, mobile: &str, open_id: &str) {
        self.db().people.push(Person {
            email: email.to_owned(),
            mobile: mobile.to_owned(),
            open_id: open_id.to_owned(),
        });
    }

    /// Takes an account away.
    pub fn dismiss(&self, open_id: &str) {
        self.db().people.retain(|p| p.open_id != open_id);
    }

    /// Serves on a free port; gives the address.
    pub async fn serve(&self) -> String {
        let router = Router::new()
            .route("/open-apis/auth/v3/tenant_access_token/internal", post(token))
            .route("/open-apis/contact/v3/users/batch_get_id", post(find))
            .route("/open-apis/im/v1/messages", post(send))
            .route("/open-apis/im/v1/messages/{id}", patch(update))
            .with_state(self.clone());
        faults::serve(router).await
    }

    /// How many tokens were given.
    pub fn tokens(&self) -> u32 {
        self.db().tokens
    }

    /// The cards sent to an account.
    pub fn cards_of(&self, open_id: &str) -> Vec<Message> {
        self.db().messages.iter().filter(|m| m.to == open_id).cloned().collect()
    }

    /// Puts the card of an answer to a callback in place, as the chat does.
    pub fn take_answer(&self, message: &str, answer: &Value) {
        if answer["card"]["type"] == "raw" {
            card::check(&answer["card"]["data"]).expect("a card as it is documented");
            self.db().change(message, answer["card"]["data"].clone());
        }
    }

    fn run(&self, headers: &HeaderMap, work: impl FnOnce(&mut Db) -> Said) -> Response {
        let fault = self.faults.take();
        let mut told = HeaderMap::new();
        let answer = match &fault {
            Some(Fault::TooMany(after)) => {
                told.insert("x-ogw-ratelimit-reset", HeaderValue::from_str(after).expect("a header"));
                (
                    StatusCode::TOO_MANY_REQUESTS,
                    99_991_400,
                    "request trigger frequency limit",
                    Value::Null,
                )
            }
            Some(Fault::ErrorInOk) => (
                StatusCode::OK,
                230_020,
                "This operation triggers the frequency limit.",
                Value::Null,
            ),
            other => {
                if let Some(page) = other
                    .as_ref()
                    .and_then(Fault::instead)
                    .filter(|_| *other != Some(Fault::Expired))
                {
                    return page;
                }
                let mut db = self.db();
                if *other == Some(Fault::Expired) {
                    db.token = None;
                }
                let given = headers
                    .get("authorization")
                    .and_then(|v| v.to_str().ok())
                    .unwrap_or_default();
                match &db.token {
                    Some(token) if given == format!("Bearer {token}") => work(&mut db),
                    _ => (
                        StatusCode::BAD_REQUEST,
                        99_991_663,
                        "Invalid access token for authorization.",
                        Value::Null,
                    ),
                }
            }
        };
        let (status, code, msg, data) = answer;
        faults::answer(
            fault.as_ref(),
            status,
            told,
            &json!({ "code": code, "msg": msg, "data": data }),
        )
    }
}

impl Db {
    fn change(&mut self, message: &str, card: Value) -> bool {
        let Some(found) = self.messages.iter_mut().find(|m| m.id == message && !m.closed) else {
            return false;
        };
        let before = std::mem::replace(&mut found.card, card);
        found.past.push(before);
        true
    }
}

async fn token(State(fake): State<FakeFeishu>, Json(body): Json<Value>) -> Response {
    let fault = fake.faults.take();
    if let Some(page) = fault.as_ref().and_then(Fault::instead) {
        return page;
    }
    let json = if body["app_id"] != APP_ID {
        json!({ "code": 10003, "msg": "invalid param" })
    } else if body["app_secret"] != APP_SECRET {
        json!({ "code": 10014, "msg": "app secret invalid" })
    } else {
        let mut db = fake.db();
        db.tokens += 1;
        let token = format!("t-{}", db.tokens);
        db.token = Some(token.clone());
        json!({ "code": 0, "msg": "ok", "tenant_access_token": token, "expire": 7200 })
    };
    faults::answer(fault.as_ref(), StatusCode::OK, HeaderMap::new(), &json)
}

async fn find(
    State(fake): State<FakeFeishu>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    fake.run(&headers, |db| {
        if query.get("user_id_type").map(String::as_str) != Some("open_id") {
            return (StatusCode::BAD_REQUEST, 40_001, "param error", Value::Null);
        }
        let mut found = Vec::new();
        for (list, name) in [("emails", "email"), ("mobiles", "mobile")] {
            for wanted in body[list].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let is = |p: &&Person| {
                    if name == "email" {
                        p.email == wanted
                    } else {
                        p.mobile == wanted
                    }
                };
                // Who is unknown comes back without an id.
                found.push(match db.people.iter().find(is) {
                    Some(person) => json!({ "user_id": person.open_id, name: wanted }),
                    None => json!({ name: wanted }),
                });
            }
        }
        (StatusCode::OK, 0, "success", json!({ "user_list": found }))
    })
}

async fn send(
    State(fake): State<FakeFeishu>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    fake.run(&headers, |db| {
        let to = body["receive_id"].as_str().unwrap_or_default();
        if query.get("receive_id_type").map(String::as_str) != Some("open_id") || body["msg_type"] != "interactive" {
            return (
                StatusCode::BAD_REQUEST,
                230_001,
                "Your request contains an invalid request parameter.",
                Value::Null,
            );
        }
        if !db.people.iter().any(|p| p.open_id == to) {
            return (
                StatusCode::BAD_REQUEST,
                230_013,
                "Bot has NO availability to this user.",
                Value::Null,
            );
        }
        let uuid = body["uuid"].as_str().unwrap_or_default().to_owned();
        if uuid.len() > 50 {
            return (StatusCode::BAD_REQUEST, 230_001, "invalid uuid", Value::Null);
        }
        if let Some(sent) = db.uuids.get(&uuid) {
            return (StatusCode::OK, 0, "success", json!({ "message_id": sent }));
        }
        let Some(card) = card::read(&body["content"]) else {
            return (
                StatusCode::BAD_REQUEST,
                230_099,
                "Failed to create card content.",
                Value::Null,
            );
        };
        let id = format!("om_{}", db.messages.len() + 1);
        db.messages.push(Message {
            id: id.clone(),
            to: to.to_owned(),
            card,
            past: Vec::new(),
            closed: false,
        });
        if !uuid.is_empty() {
            db.uuids.insert(uuid, id.clone());
        }
        (
            StatusCode::OK,
            0,
            "success",
            json!({ "message_id": id, "msg_type": "interactive" }),
        )
    })
}

async fn update(
    State(fake): State<FakeFeishu>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    fake.run(&headers, |db| match card::read(&body["content"]) {
        None => (
            StatusCode::BAD_REQUEST,
            230_099,
            "Failed to create card content.",
            Value::Null,
        ),
        Some(card) if db.change(&id, card.clone()) => (StatusCode::OK, 0, "success", json!({})),
        Some(_) => {
            let msg = "Message can only be modified within 14 days after sending.";
            (StatusCode::BAD_REQUEST, 230_031, msg, Value::Null)
        }
    })
}
