//! The chat that is connected: its settings, its sealed keys, and the way to it.

use std::collections::BTreeMap;

use outlay_connect::chat::{self, Chat, Kind};
use outlay_connect::{Guard, Settings};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::waiting;
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::{Action, Permit, Resource, Visitor};
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;

/// A chat as it is kept, without its secrets.
pub struct Config {
    /// What there is to say of it.
    pub kind: &'static Kind,
    /// What was entered and may be seen; the address as `url`.
    pub settings: Settings,
    /// Whether it is left alone.
    pub paused: bool,
    sealed: String,
}

/// A chat, for who connects it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChatView {
    /// `feishu`.
    pub kind: &'static str,
    /// Whether its keys are there.
    pub connected: bool,
    /// Whether it is left alone.
    pub paused: bool,
    /// What was entered, without secrets.
    pub settings: BTreeMap<String, String>,
    /// What has to be entered beside the address and may be seen.
    pub asks: &'static [&'static str],
    /// What has to be entered and is sealed.
    pub secrets: &'static [&'static str],
    /// The address to be entered there for callbacks.
    pub hook: String,
    /// How many people have a known account.
    pub people: i64,
    /// How many cards were sent.
    pub cards: i64,
}

/// What a person enters.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChat {
    /// By key: `url` (the usual one if absent), and for `feishu` `app_id`, `app_secret`, `encrypt_key`, `verification_token`. An absent
    /// secret keeps the stored one, unless the address or the application changes.
    pub settings: BTreeMap<String, String>,
}

/// What asking a chat came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Tried {
    /// Whether it takes the keys.
    pub ok: bool,
    /// What it said, if not.
    pub text: String,
}

type Row = (String, String, bool);

impl Config {
    /// One by its kind, if it is connected.
    pub async fn load(sql: &mut Sql, kind: &str) -> Result<Option<Config>, Error> {
        let row: Option<Row> = sql
            .maybe("SELECT settings, sealed, paused FROM chat WHERE kind = $1", args![kind])
            .await?;
        let (Some((settings, sealed, paused)), Some(kind)) = (row, chat::kind(kind)) else {
            return Ok(None);
        };
        Ok(Some(Config {
            kind,
            settings: serde_json::from_str(&settings)?,
            paused,
            sealed,
        }))
    }

    /// The one that is in use.
    pub async fn active(sql: &mut Sql) -> Result<Option<Config>, Error> {
        for kind in &chat::KINDS {
            if let Some(config) = Config::load(sql, kind.code).await?.filter(|c| !c.paused) {
                return Ok(Some(config));
            }
        }
        Ok(None)
    }

    /// The way to it; nothing is asked of it yet.
    pub fn open(&self, app: &App) -> Result<Box<dyn Chat>, Error> {
        let mut all = self.settings.clone();
        all.extend(self.secrets(app)?);
        Ok(chat::open(self.kind.code, &all, &guard(app))?)
    }

    fn secrets(&self, app: &App) -> Result<Settings, Error> {
        let plain = app.vault.master().open(&about(self.kind.code), &self.sealed)?;
        Ok(serde_json::from_slice(&plain)?)
    }
}

fn guard(app: &App) -> Guard {
    Guard::allowing(app.config.allow_hosts.iter().map(String::as_str))
}

fn about(kind: &str) -> String {
    format!("chat {kind}")
}

/// What somebody needs to connect chats.
pub fn permit(app: &App, visitor: &Visitor) -> Result<Permit, Error> {
    visitor.permit(app, Action::ManageConnections, &Resource::Outlay)
}

/// Every kind of chat with what is kept of it, for who may connect them.
pub async fn views(sql: &mut Sql, app: &App, visitor: &Visitor) -> Result<Vec<ChatView>, Error> {
    permit(app, visitor)?;
    let mut views = Vec::new();
    for kind in &chat::KINDS {
        let config = Config::load(sql, kind.code).await?;
        let people = "SELECT COUNT(*) FROM chat_account WHERE kind = $1 AND account IS NOT NULL";
        let (people,): (i64,) = sql.one(people, args![kind.code]).await?;
        let (cards,): (i64,) = sql
            .one("SELECT COUNT(*) FROM chat_card WHERE kind = $1", args![kind.code])
            .await?;
        let mut settings = config.as_ref().map(|c| c.settings.clone()).unwrap_or_default();
        settings.entry("url".to_owned()).or_insert_with(|| kind.url.to_owned());
        views.push(ChatView {
            kind: kind.code,
            connected: config.is_some(),
            paused: config.is_some_and(|c| c.paused),
            settings,
            asks: kind.settings,
            secrets: kind.secrets,
            hook: format!("{}/hooks/chat/{}", app.config.public_url(), kind.code),
            people,
            cards,
        });
    }
    Ok(views)
}

/// Checks what was entered and keeps it; secrets are sealed.
pub async fn save(sql: &mut Sql, app: &App, permit: &Permit, kind: &str, new: &NewChat) -> Result<(), Error> {
    let kind = chat::kind(kind).ok_or(Error::NotFound("chat"))?;
    let known = |key: &&String| key.as_str() == "url" || [kind.settings, kind.secrets].concat().contains(&key.as_str());
    if let Some(key) = new.settings.keys().find(|key| !known(key)) {
        return Err(Error::field(key, "unknown"));
    }
    let of = |key: &str| new.settings.get(key).map_or("", |v| v.trim()).to_owned();
    let url = Some(of("url"))
        .filter(|u| !u.is_empty())
        .unwrap_or_else(|| kind.url.to_owned());
    let url = guard(app).parse(&url).map_err(|_| Error::field("url", "web-address"))?;
    let mut settings = Settings::from([("url".to_owned(), url.to_string())]);
    for key in kind.settings {
        let value = of(key);
        if value.is_empty() {
            return Err(Error::field(*key, "missing"));
        }
        settings.insert((*key).to_owned(), value);
    }
    let before = Config::load(sql, kind.code).await?;
    // Keys are not carried to another place or application: whoever names it must know them.
    let mut secrets = match before.as_ref().filter(|b| b.settings == settings) {
        Some(before) => before.secrets(app)?,
        None => Settings::new(),
    };
    for key in kind.secrets {
        let value = of(key);
        if !value.is_empty() {
            secrets.insert((*key).to_owned(), value);
        }
        if !secrets.contains_key(*key) {
            return Err(Error::field(*key, "missing"));
        }
    }
    let sealed = app
        .vault
        .master()
        .seal(&about(kind.code), &serde_json::to_vec(&secrets)?)?;
    sql.run(
        "INSERT INTO chat (kind, settings, sealed, paused, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (kind) DO UPDATE SET settings = excluded.settings, sealed = excluded.sealed",
        args![
            kind.code,
            serde_json::to_string(&settings)?,
            sealed,
            false,
            now().as_microsecond()
        ],
    )
    .await?;
    // Accounts are the application's own: another one knows people by other ids.
    if before.as_ref().is_some_and(|b| b.settings != settings) {
        sql.run(
            "UPDATE chat_account SET account = NULL, contact = '' WHERE kind = $1",
            args![kind.code],
        )
        .await?;
    }
    waiting::follow_all(sql).await?;
    note(
        sql,
        permit,
        kind.code,
        if before.is_some() { "changed" } else { "made" },
    )
    .await
}

/// Leaves a chat alone, or takes it up again.
pub async fn pause(sql: &mut Sql, permit: &Permit, kind: &str, paused: bool) -> Result<(), Error> {
    let touched = sql
        .run("UPDATE chat SET paused = $1 WHERE kind = $2", args![paused, kind])
        .await?;
    if touched == 0 {
        return Err(Error::NotFound("chat"));
    }
    if !paused {
        waiting::follow_all(sql).await?;
    }
    note(sql, permit, kind, if paused { "paused" } else { "resumed" }).await
}

/// Asks the chat whether it takes the keys.
pub async fn tried(app: &App, kind: &str) -> Result<Tried, Error> {
    let config = Config::load(&mut app.db.read(), kind).await?;
    let config = config.ok_or(Error::NotFound("chat"))?;
    let said = config.open(app)?.check().await;
    Ok(Tried {
        ok: said.is_ok(),
        text: said.err().map(|e| words(&e)).unwrap_or_default(),
    })
}

/// What went wrong, of a chat and not of a CRM.
pub fn words(error: &outlay_connect::Error) -> String {
    error.to_string().replacen("the CRM", "the chat", 1)
}

async fn note(sql: &mut Sql, permit: &Permit, kind: &str, what: &str) -> Result<(), Error> {
    audit::note(sql, permit.actor(), permit.action(), &format!("chat:{kind}"), what).await
}
