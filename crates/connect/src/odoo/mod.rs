//! Odoo 17 to 19, by JSON-2 or by JSON-RPC.
//!
//! Companies and people without one are accounts, people of a company are contacts, opportunities are deals, and
//! calendar events with a customer are activities: those to come too, with their day, since time alone changes no record.
//!
//! A revision is the time of change with a digest of what is understood of the record, because Odoo tells times by whole
//! seconds and some of what it shows (a stage's name, a user's) changes without touching the record's own time.

mod check;
mod cursor;
mod edit;
mod enrich;
mod note;
mod pull;
mod rpc;
mod schema;
mod source;
mod todo;
mod value;
mod write;

use std::{collections::HashSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::{Value, json};

use self::{cursor::Cursor, rpc::Rpc, schema::Schema};
use crate::{
    canonical::{Canonical, Object, Record, StageKind},
    connector::{Capabilities, Connector, Error, Fetched, Mark, Marks, Page, Ready, Rejected, Target, Write, Written},
    guard::Guard,
    http::{Http, Limits},
    manifest::{self, Manifest, ObjectManifest, Settings},
    mapping::{self, Mapping},
    pace::Pace,
};

/// The largest page that is asked for.
const MAX_PAGE: usize = 1000;

/// How to reach one Odoo.
#[derive(Clone)]
pub struct Place {
    /// Address of the server: `https://odoo.example.com`.
    pub url: String,
    /// Name of the database; a server of one database needs none.
    pub database: Option<String>,
    /// Log-in name of the key's owner; JSON-RPC alone needs it.
    pub login: Option<String>,
    /// API key of an internal user. A secret.
    pub key: String,
    /// `json2` or `jsonrpc`; none lets Odoo's version decide.
    pub api: Option<String>,
    /// The longest that a transaction in Odoo may take: changes are read again for so long.
    pub overlap: Duration,
    /// Bounds of each request.
    pub limits: Limits,
    /// How fast Odoo may be asked.
    pub pace: Option<Arc<Pace>>,
}

impl Place {
    /// The usual one: one database, the interface by version, ten minutes of overlap. As delivered, Odoo ends a request
    /// or a scheduled action after two.
    pub fn new(url: impl Into<String>, key: impl Into<String>) -> Self {
        Place {
            url: url.into(),
            database: None,
            login: None,
            key: key.into(),
            api: None,
            overlap: Duration::from_secs(600),
            limits: Limits::default(),
            pace: None,
        }
    }
}

/// The connector to one Odoo database.
pub struct Odoo {
    rpc: Rpc,
    schema: Schema,
    overlap: SignedDuration,
    mapping: Mapping,
}

/// As [`crate::manifest::open`] wants it.
pub fn open(settings: &Settings, mapping: Mapping, guard: &Guard) -> Result<Box<dyn Connector>, Error> {
    let of = |key: &str| settings.get(key).cloned();
    let mut place = Place::new(of("url").unwrap_or_default(), of("key").unwrap_or_default());
    (place.database, place.login, place.api) = (of("database"), of("login"), of("api"));
    let database = place.database.as_deref().unwrap_or_default();
    let pace = Pace::shared(&["odoo", &place.url, database, &place.key], manifest().budget);
    place.pace = Some(pace);
    Ok(Box::new(Odoo::new(place, mapping, guard)?))
}

impl Odoo {
    /// Checks the address by `guard`; asks nothing of the network yet.
    pub fn new(place: Place, mapping: Mapping, guard: &Guard) -> Result<Self, Error> {
        let base = guard.parse(&place.url).map_err(|e| Error::Setup(e.to_string()))?;
        if place.key.is_empty() {
            return Err(Error::Setup("the key is needed".into()));
        }
        let overlap =
            SignedDuration::try_from(place.overlap).map_err(|_| Error::Setup("the overlap is too long".into()))?;
        let http = Http::new(guard, place.limits)?.paced(place.pace.clone());
        Ok(Odoo {
            rpc: Rpc::new(http, base, place),
            schema: Schema::default(),
            overlap,
            mapping,
        })
    }

    fn source(&self, object: Object) -> Result<&'static ObjectManifest, Error> {
        let source = manifest().object(object);
        source.ok_or_else(|| Error::Setup(format!("Odoo has no object like {object}")))
    }

    fn model(&self, object: Object) -> Result<&'static str, Error> {
        Ok(&self.source(object)?.source)
    }

    fn split(&self, object: Object, rows: Vec<Value>) -> (Vec<Record>, Vec<Rejected>) {
        let (mut records, mut rejected) = (Vec::new(), Vec::new());
        for row in rows {
            match self.understand(object, &row) {
                Ok(Some(record)) => records.push(record),
                Ok(None) => {}
                Err(refused) => rejected.push(*refused),
            }
        }
        (records, rejected)
    }
}

/// Our own manifest.
fn manifest() -> &'static Manifest {
    manifest::of("odoo").expect("the manifest is part of the program")
}

#[async_trait]
impl Connector for Odoo {
    fn capabilities(&self) -> Capabilities {
        let manifest = manifest();
        Capabilities {
            crm: manifest.name.clone(),
            objects: manifest.capabilities(),
            cost_figures: true,
            notes: true,
            todos: manifest.todos,
            hooks: false,
            max_page: MAX_PAGE,
        }
    }

    async fn pull(&self, object: Object, cursor: Option<&Value>, page_size: usize) -> Result<Page, Error> {
        let mut cursor = Cursor::open(cursor, object)?;
        let there = self.schema.fields(&self.rpc, self.model(object)?).await?;
        let (rows, done) = match there {
            Some(_) => self.page(object, &mut cursor, page_size.clamp(1, MAX_PAGE)).await?,
            // A module that is not installed holds nothing new; `check` tells of it.
            None => (Vec::new(), true),
        };
        let (records, rejected) = self.split(object, rows);
        Ok(Page {
            records,
            rejected,
            gone: Vec::new(),
            next: cursor.store()?,
            done,
        })
    }

    fn understand(&self, object: Object, raw: &Value) -> Result<Option<Record>, Box<Rejected>> {
        let refused = |reason| {
            Box::new(Rejected {
                object,
                external_id: value::id(raw).map(|i| i.to_string()),
                reason,
                raw: raw.clone(),
            })
        };
        let (Ok(model), Some(rules)) = (self.model(object), self.mapping.get(&object)) else {
            return Ok(None);
        };
        let id = value::id(raw).ok_or_else(|| refused("id: is no number".into()))?;
        let modified_at = value::modified(raw).ok_or_else(|| refused("write_date: is no time".into()))?;
        let body = mapping::build(object, rules, raw).map_err(refused)?;
        let archived = raw["active"] == false;
        let deleted = match &body {
            // Odoo archives what is lost; it is still a deal.
            Canonical::Deal(deal) => archived && deal.stage_kind == StageKind::Open,
            _ => archived,
        };
        let understood = serde_json::to_string(&(&body, deleted)).map_err(|e| refused(e.to_string()))?;
        Ok(Some(Record {
            object,
            external_id: id.to_string(),
            revision: revision(raw, &understood),
            modified_at,
            deleted,
            body,
            raw: raw.clone(),
            url: self.rpc.page(model, id),
        }))
    }

    async fn fetch(&self, object: Object, ids: &[String]) -> Result<Fetched, Error> {
        let numbers: Vec<i64> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        let rows = self.rows(object, &numbers).await?;
        let there: HashSet<String> = rows.iter().filter_map(|r| Some(value::id(r)?.to_string())).collect();
        let (records, rejected) = self.split(object, rows);
        Ok(Fetched {
            records,
            rejected,
            gone: ids.iter().filter(|id| !there.contains(*id)).cloned().collect(),
        })
    }

    async fn scan(&self, object: Object, after: Option<&Value>, page_size: usize) -> Result<Marks, Error> {
        let last = after.and_then(Value::as_i64).unwrap_or(0);
        let size = page_size.clamp(1, MAX_PAGE);
        let found = self.search(object, &[json!(["id", ">", last])], "id", size).await?;
        let mut rows = found.rows;
        let ids = rows.iter().filter_map(value::id);
        let next = ids.max().unwrap_or(last);
        if !rows.is_empty() && next <= last {
            return Err(Error::Cursor(format!("{object} {next} came again in a scan")));
        }
        let done = rows.len() < size;
        self.enrich(object, &mut rows).await?;
        let (records, rejected) = self.split(object, rows);
        // What cannot be understood is there all the same.
        let unread = rejected.into_iter().filter_map(|r| {
            Some(Mark {
                external_id: r.external_id?,
                revision: revision(&r.raw, &r.reason),
            })
        });
        let living = records.iter().filter(|r| !r.deleted).map(Record::mark);
        Ok(Marks {
            marks: living.chain(unread).collect(),
            next: json!(next),
            done,
        })
    }

    async fn push(&self, write: &Write, key: &str) -> Result<Written, Error> {
        tracing::debug!(key, "writing to Odoo");
        self.write(write).await
    }

    async fn count(&self, object: Object) -> Result<Option<u64>, Error> {
        self.how_many(object).await
    }

    fn pace(&self) -> Option<&Pace> {
        self.rpc.pace()
    }

    async fn check(&self) -> Result<Ready, Error> {
        self.readiness().await
    }

    async fn scratch(&self) -> Result<Target, Error> {
        self.make_scratch().await
    }

    async fn discard(&self, scratch: &Target) -> Result<(), Error> {
        self.drop_scratch(scratch).await
    }
}

/// Sorts by time; two states of one second differ.
fn revision(row: &Value, understood: &str) -> String {
    let at = row["write_date"].as_str().unwrap_or_default();
    format!("{at}~{:016x}", value::digest(understood))
}
