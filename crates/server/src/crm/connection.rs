//! Connections to CRMs: their settings, their sealed keys, and the connector each one gives.

use outlay_connect::tryton::{Settings, Tryton};
use outlay_connect::{Connector, Guard, Ready};
use outlay_core::ids::ConnectionId;
use outlay_core::words::Lang;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;

/// A connection, without its key.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Which CRM; `tryton`.
    pub kind: String,
    /// What people call it; unique.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// Whether it is left alone.
    pub paused: bool,
    sealed: Option<String>,
}

/// Where a CRM is, and the language of the notes in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// Its address, without the database.
    pub url: String,
    /// The database.
    pub database: String,
    /// `zh-CN` or `en`.
    pub language: String,
}

/// What a person enters.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConnection {
    /// What people call it; unique.
    pub name: String,
    /// The CRM's address without the database, such as `https://tryton.example.com`.
    pub url: String,
    /// The name of the database.
    pub database: String,
    /// The key of a user application. Sealed and never shown again; when replacing, empty keeps the stored one.
    #[serde(default)]
    pub key: String,
    /// Language of the notes written to the CRM: `zh-CN` (if absent) or `en`.
    #[serde(default)]
    pub language: Option<String>,
}

const COLUMNS: &str = "SELECT id, kind, name, settings, sealed, paused FROM connection";

impl Connection {
    /// One by its id.
    pub async fn load(sql: &mut Sql, id: ConnectionId) -> Result<Connection, Error> {
        let rows: Vec<Stored> = sql.all_built(format!("{COLUMNS} WHERE id = $1"), args![id]).await?;
        rows.into_iter().next().ok_or(Error::NotFound("connection"))?.read()
    }

    /// All, by name.
    pub async fn all(sql: &mut Sql) -> Result<Vec<Connection>, Error> {
        let rows: Vec<Stored> = sql.all_built(format!("{COLUMNS} ORDER BY name"), args![]).await?;
        rows.into_iter().map(Stored::read).collect()
    }

    /// One by its name or its id.
    pub async fn named(sql: &mut Sql, name: &str) -> Result<Connection, Error> {
        let rows: Vec<Stored> = sql
            .all_built(format!("{COLUMNS} WHERE name = $1 OR id = $1"), args![name])
            .await?;
        rows.into_iter().next().ok_or(Error::NotFound("connection"))?.read()
    }

    /// The way to the CRM; nothing is asked of it yet.
    pub fn connector(&self, app: &App) -> Result<Box<dyn Connector>, Error> {
        let sealed = self.sealed.as_deref().ok_or_else(|| Error::field("key", "missing"))?;
        let key = app.vault.master().open(&about(self.id), sealed)?;
        let key = String::from_utf8(key).map_err(|_| Error::Broken("a stored key is no text".into()))?;
        let settings = Settings::new(&self.place.url, &self.place.database, key);
        Ok(Box::new(Tryton::new(settings, &guard(app))?))
    }

    /// Asks whether the CRM answers, takes the key, and can be written to.
    pub async fn test(&self, app: &App) -> Result<Ready, Error> {
        Ok(self.connector(app)?.check().await?)
    }

    /// The language of the notes in the CRM.
    pub fn lang(&self) -> Lang {
        Lang::parse(&self.place.language).unwrap_or_default()
    }
}

type Stored = (String, String, String, String, Option<String>, bool);

trait Read {
    fn read(self) -> Result<Connection, Error>;
}

impl Read for Stored {
    fn read(self) -> Result<Connection, Error> {
        let (id, kind, name, settings, sealed, paused) = self;
        Ok(Connection {
            id: stored(&id)?,
            kind,
            name,
            place: serde_json::from_str(&settings)?,
            paused,
            sealed,
        })
    }
}

fn guard(app: &App) -> Guard {
    Guard::allowing(app.config.allow_hosts.iter().map(String::as_str))
}

fn about(id: ConnectionId) -> String {
    format!("connection {id}")
}

/// Checks what was entered and stores it under a new id, or in place of the connection `id`; its key is sealed.
pub async fn save(
    sql: &mut Sql,
    app: &App,
    permit: &Permit,
    id: Option<ConnectionId>,
    new: &NewConnection,
) -> Result<ConnectionId, Error> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 80 {
        return Err(Error::field("name", "missing"));
    }
    if new.database.trim().is_empty() {
        return Err(Error::field("database", "missing"));
    }
    let language = new.language.as_deref().unwrap_or("zh-CN");
    let language = Lang::parse(language).ok_or_else(|| Error::field("language", "unknown"))?;
    let address = guard(app)
        .parse(&new.url)
        .map_err(|_| Error::field("url", "web-address"))?;
    let before = match id {
        Some(id) => Some(Connection::load(sql, id).await?),
        None => None,
    };
    let id = id.unwrap_or_else(|| ConnectionId(Uuid::now_v7()));
    let sealed = match (new.key.trim(), &before) {
        ("", Some(before)) if same_server(&before.place, address.as_str(), new) => before.sealed.clone(),
        // A key is not carried to another server: whoever names the server must know the key.
        ("", _) => return Err(Error::field("key", "missing")),
        (key, _) => Some(app.vault.master().seal(&about(id), key.as_bytes())?),
    };
    let place = Place {
        url: address.to_string(),
        database: new.database.trim().to_owned(),
        language: language.tag().to_owned(),
    };
    let taken: Option<(String,)> = sql
        .maybe(
            "SELECT id FROM connection WHERE name = $1 AND id <> $2",
            args![name, id],
        )
        .await?;
    if taken.is_some() {
        return Err(Error::field("name", "exists"));
    }
    sql.run(
        "INSERT INTO connection (id, kind, name, settings, sealed, paused, created_at) VALUES ($1, 'tryton', $2, $3, $4, $5, $6) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, settings = excluded.settings, sealed = excluded.sealed",
        args![
            id,
            name,
            serde_json::to_string(&place)?,
            sealed,
            false,
            now().as_microsecond()
        ],
    )
    .await?;
    note(sql, permit, id, if before.is_some() { "changed" } else { "made" }).await?;
    Ok(id)
}

fn same_server(before: &Place, url: &str, new: &NewConnection) -> bool {
    before.url == url && before.database == new.database.trim()
}

/// Leaves a connection alone, or takes it up again.
pub async fn pause(sql: &mut Sql, permit: &Permit, id: ConnectionId, paused: bool) -> Result<(), Error> {
    let touched = sql
        .run("UPDATE connection SET paused = $1 WHERE id = $2", args![paused, id])
        .await?;
    if touched == 0 {
        return Err(Error::NotFound("connection"));
    }
    note(sql, permit, id, if paused { "paused" } else { "resumed" }).await
}

async fn note(sql: &mut Sql, permit: &Permit, id: ConnectionId, what: &str) -> Result<(), Error> {
    audit::note(sql, permit.actor(), permit.action(), &format!("connection:{id}"), what).await
}
