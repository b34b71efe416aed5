//! Connections to CRMs: their settings, their sealed keys, and the connector each one gives.

use std::collections::BTreeMap;

use outlay_connect::manifest::{self, Manifest, SettingKind};
use outlay_connect::{Connector, Guard, Mapping, Object, Ready, Settings};
use outlay_core::claim::Problem;
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

/// A connection, without its secrets.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// What there is to say of its CRM.
    pub manifest: &'static Manifest,
    /// What people call it; unique.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// The rules that differ from the usual ones.
    pub mapping: Mapping,
    /// Whether it is left alone.
    pub paused: bool,
    sealed: Option<String>,
}

/// Where a CRM is, and the language of the notes in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// What was entered, without secrets.
    pub settings: Settings,
    /// `zh-CN` or `en`.
    pub language: String,
    /// See [`Place::unasked_percent`].
    pub unasked_percent: Option<usize>,
    /// See [`Place::fresh_minutes`].
    pub fresh_minutes: Option<u32>,
    /// See [`Place::todos`].
    pub todos: Option<bool>,
}

/// See [`Place::fresh_minutes`].
const FRESH_MINUTES: u32 = 10;
/// See [`Place::unasked_percent`].
const UNASKED_PERCENT: usize = 5;

impl Place {
    /// Records gone from the CRM are archived without asking only while they are at most so many percent of their kind.
    pub fn unasked_percent(&self) -> usize {
        self.unasked_percent.unwrap_or(UNASKED_PERCENT)
    }

    /// A kind of record is late when it was last read to its end longer ago than so many minutes.
    pub fn fresh_minutes(&self) -> u32 {
        self.fresh_minutes.unwrap_or(FRESH_MINUTES)
    }

    /// Whether a draft that Outlay begins is a to-do in the CRM, where that has such.
    pub fn todos(&self) -> bool {
        self.todos.unwrap_or(true)
    }

    /// The CRM's address.
    pub fn url(&self) -> &str {
        self.settings.get("url").map_or("", String::as_str)
    }
}

/// What a person enters.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConnection {
    /// Which CRM, such as `tryton`; cannot be changed later.
    pub kind: String,
    /// What people call it; unique.
    pub name: String,
    /// What this CRM needs, by key, such as `url`, `database` and `key` for Tryton. Secrets are sealed and never shown
    /// again; when replacing, an absent secret keeps the stored one.
    pub settings: BTreeMap<String, String>,
    /// Language of the notes written to the CRM: `zh-CN` (if absent) or `en`.
    #[serde(default)]
    pub language: Option<String>,
    /// Records gone from the CRM are archived without asking only while they are at most so many percent of their kind,
    /// 0 to 100; 5 if absent.
    #[serde(default)]
    pub unasked_percent: Option<usize>,
    /// A kind of record is told as late when it was last read to its end longer ago than so many minutes, 1 to 10,080;
    /// 10 if absent.
    #[serde(default)]
    pub fresh_minutes: Option<u32>,
    /// Whether a draft that Outlay begins becomes a to-do in the CRM of whoever gets it, where the CRM has such; true if
    /// absent.
    #[serde(default)]
    pub todos: Option<bool>,
}

const COLUMNS: &str = "SELECT id, kind, name, settings, sealed, paused, mapping FROM connection";

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
        self.connector_by(app, &self.mapping)
    }

    /// As [`Connection::connector`], by rules that are not in force.
    pub fn connector_by(&self, app: &App, mapping: &Mapping) -> Result<Box<dyn Connector>, Error> {
        let mut settings = self.place.settings.clone();
        settings.extend(self.secrets(app)?);
        Ok(manifest::open(&self.manifest.kind, &settings, mapping, &guard(app))?)
    }

    /// The canonical fields of `object` that can be changed in the CRM from here, by the rules in force.
    pub fn writes(&self, object: Object) -> Vec<&'static str> {
        self.manifest.writable(object, &self.mapping)
    }

    fn secrets(&self, app: &App) -> Result<Settings, Error> {
        match &self.sealed {
            Some(sealed) => Ok(serde_json::from_slice(
                &app.vault.master().open(&about(self.id), sealed)?,
            )?),
            None => Ok(Settings::new()),
        }
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

type Stored = (String, String, String, String, Option<String>, bool, String);

trait Read {
    fn read(self) -> Result<Connection, Error>;
}

impl Read for Stored {
    fn read(self) -> Result<Connection, Error> {
        let (id, kind, name, settings, sealed, paused, mapping) = self;
        let manifest = manifest::of(&kind);
        Ok(Connection {
            id: stored(&id)?,
            manifest: manifest.ok_or_else(|| Error::Broken(format!("there is no connector to {kind}")))?,
            name,
            place: serde_json::from_str(&settings)?,
            mapping: serde_json::from_str(&mapping)?,
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

/// Checks what was entered and stores it under a new id, or in place of the connection `id`; its secrets are sealed.
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
    let language = new.language.as_deref().unwrap_or("zh-CN");
    let language = Lang::parse(language).ok_or_else(|| Error::field("language", "unknown"))?;
    if new.unasked_percent.is_some_and(|percent| percent > 100) {
        let problem = Problem::new("unasked_percent", "between")
            .with("min", 0)
            .with("max", 100);
        return Err(Error::Invalid(vec![problem]));
    }
    if new
        .fresh_minutes
        .is_some_and(|minutes| !(1..=10_080).contains(&minutes))
    {
        let problem = Problem::new("fresh_minutes", "between")
            .with("min", 1)
            .with("max", 10_080);
        return Err(Error::Invalid(vec![problem]));
    }
    let before = match id {
        Some(id) => Some(Connection::load(sql, id).await?),
        None => None,
    };
    let manifest = manifest::of(&new.kind).ok_or_else(|| Error::field("kind", "unknown"))?;
    if before.as_ref().is_some_and(|b| b.manifest.kind != manifest.kind) {
        return Err(Error::field("kind", "unknown"));
    }
    let id = id.unwrap_or_else(|| ConnectionId(Uuid::now_v7()));
    let (settings, mut secrets) = entered(app, manifest, new)?;
    let place = Place {
        settings,
        language: language.tag().to_owned(),
        unasked_percent: new.unasked_percent,
        fresh_minutes: new.fresh_minutes,
        todos: new.todos,
    };
    // A key is not carried to another server: whoever names the server must know the key.
    // Some CRMs have several: the key goes to the one that gives tokens, too.
    let addresses = |place: &Place| -> Vec<Option<String>> {
        let urls = manifest.settings.iter().filter(|s| s.kind == SettingKind::Url);
        let of = urls.map(|s| place.settings.get(&s.key).or(s.default.as_ref()));
        of.map(|url| Some(url?.trim_end_matches('/').to_owned())).collect()
    };
    if let Some(before) = before.as_ref().filter(|b| addresses(&b.place) == addresses(&place)) {
        for (key, value) in before.secrets(app)? {
            secrets.entry(key).or_insert(value);
        }
    }
    let secret = |s: &&manifest::Setting| s.kind.is_secret() && !s.optional;
    if let Some(lacking) = manifest
        .settings
        .iter()
        .filter(secret)
        .find(|s| !secrets.contains_key(&s.key))
    {
        return Err(Error::field(&lacking.key, "missing"));
    }
    let sealed = app.vault.master().seal(&about(id), &serde_json::to_vec(&secrets)?)?;
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
        "INSERT INTO connection (id, kind, name, settings, sealed, paused, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, settings = excluded.settings, sealed = excluded.sealed",
        args![
            id,
            &manifest.kind,
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

/// What was entered: what may be seen, and what is sealed. Empty ones are left out.
fn entered(app: &App, manifest: &Manifest, new: &NewConnection) -> Result<(Settings, Settings), Error> {
    if let Some(key) = new
        .settings
        .keys()
        .find(|key| manifest.settings.iter().all(|s| s.key != **key))
    {
        return Err(Error::field(key, "unknown"));
    }
    let (mut seen, mut secrets) = (Settings::new(), Settings::new());
    for setting in &manifest.settings {
        let key = setting.key.clone();
        let value = new.settings.get(&key).map_or("", |v| v.trim());
        match (setting.kind, value) {
            (kind, "") if kind.is_secret() => {}
            (SettingKind::Secret | SettingKind::SecretText, value) => _ = secrets.insert(key, value.to_owned()),
            (_, "") if setting.optional => {}
            (_, "") => return Err(Error::field(key, "missing")),
            (SettingKind::Url, value) => {
                let url = guard(app).parse(value).map_err(|_| Error::field(&key, "web-address"))?;
                seen.insert(key, url.to_string());
            }
            (SettingKind::Text, value) => _ = seen.insert(key, value.to_owned()),
        }
    }
    Ok((seen, secrets))
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
