//! 纷享销客 by its OpenAPI v2.
//!
//! Sources: the developer manual (developer.fxiaoke.com/openapi_v2) and the API reference (fxiaoke.apifox.cn); names of fields
//! that vary are in the manifest's rules. Not taken: 事件变更订阅, since how its deliveries are signed is not published; changes
//! are polled. What is 作废 or deleted may never come again, so a reconcile finds it.
//!
//! A revision is the time of change with a digest of what is understood of the record, because names of stages and people
//! come with a record and change without touching its own time.

mod api;
mod check;
mod edit;
mod note;
mod rows;
mod source;
mod write;

use std::{collections::HashSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::OnceCell;

pub use self::api::Tokens;
use self::{api::Api, rows::MAX_PAGE};
use crate::{
    canonical::{Object, Record},
    connector::{Capabilities, Connector, Error, Fetched, Mark, Marks, Page, Ready, Rejected, Write, Written},
    guard::Guard,
    http::{Http, Limits},
    keyset::{Keyset, digest},
    manifest::{self, Manifest, Settings},
    mapping::{self, Mapping},
    pace::Pace,
};

/// How to reach one company at 纷享销客.
#[derive(Clone)]
pub struct Place {
    /// Address of the cloud: `https://open.fxiaoke.com`.
    pub url: String,
    /// The application's id (AppId).
    pub app_id: String,
    /// Its secret (APPSecret).
    pub app_secret: String,
    /// The company's consent to it (永久授权码). A secret.
    pub permanent_code: String,
    /// The user whose rights are used (openUserId): `FSUID_…`.
    pub open_user: String,
    /// API name of the company's own object that holds projects: `object_…__c`.
    pub project: Option<String>,
    /// The zone in which days begin.
    pub zone: TimeZone,
    /// The longest that a change may take to be seen by queries: changes are read again for so long.
    pub overlap: Duration,
    /// Bounds of each request.
    pub limits: Limits,
    /// How fast it may be asked.
    pub pace: Option<Arc<Pace>>,
    /// The application's access token.
    pub tokens: Tokens,
}

impl Place {
    /// The usual one: days in China, ten minutes of overlap, a token of its own.
    pub fn new(url: impl Into<String>, app_id: &str, app_secret: &str, permanent_code: &str, open_user: &str) -> Self {
        Place {
            url: url.into(),
            app_id: app_id.into(),
            app_secret: app_secret.into(),
            permanent_code: permanent_code.into(),
            open_user: open_user.into(),
            project: None,
            zone: TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC),
            overlap: Duration::from_secs(600),
            limits: Limits::default(),
            pace: None,
            tokens: Tokens::default(),
        }
    }
}

/// The connector to one company at 纷享销客.
pub struct Fxiaoke {
    api: Api,
    /// In milliseconds.
    overlap: i64,
    zone: TimeZone,
    project: Option<String>,
    mapping: Mapping,
    /// Whether 销售记录 can be found by their content.
    searchable: OnceCell<bool>,
}

/// Where a scan stands.
#[derive(Default, Serialize, Deserialize)]
struct After {
    turn: usize,
    id: String,
}

/// As [`crate::manifest::open`] wants it.
pub fn open(settings: &Settings, mapping: Mapping, guard: &Guard) -> Result<Box<dyn Connector>, Error> {
    let of = |key: &str| settings.get(key).map_or("", String::as_str);
    let key = [of("url"), of("app_id"), of("app_secret"), of("permanent_code")];
    let mut place = Place::new(key[0], key[1], key[2], key[3], of("open_user"));
    place.project = settings.get("project_object").cloned();
    place.zone = TimeZone::get(of("zone")).map_err(|_| Error::Setup(format!("{:?} is no time zone", of("zone"))))?;
    place.pace = Some(Pace::shared(&["fxiaoke", key[0], key[1]], manifest().budget));
    place.tokens = Tokens::shared(&key);
    Ok(Box::new(Fxiaoke::new(place, mapping, guard)?))
}

impl Fxiaoke {
    /// Checks the address by `guard`; asks nothing of the network yet.
    pub fn new(place: Place, mapping: Mapping, guard: &Guard) -> Result<Self, Error> {
        let base = guard.parse(&place.url).map_err(|e| Error::Setup(e.to_string()))?;
        let needed = [
            &place.app_id,
            &place.app_secret,
            &place.permanent_code,
            &place.open_user,
        ];
        if needed.iter().any(|text| text.is_empty()) {
            return Err(Error::Setup(
                "the application's id, its secret, the permanent code and the user are needed".into(),
            ));
        }
        let own = |name: &str| {
            name.strip_suffix("__c")
                .is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        };
        if let Some(project) = place.project.as_deref().filter(|name| !own(name)) {
            return Err(Error::Setup(format!(
                "{project:?} is no API name of an object of your own: it ends in __c"
            )));
        }
        let overlap = i64::try_from(place.overlap.as_millis());
        let http = Http::new(guard, place.limits)?.paced(place.pace.clone());
        Ok(Fxiaoke {
            overlap: overlap.map_err(|_| Error::Setup("the overlap is too long".into()))?,
            zone: place.zone.clone(),
            project: place.project.clone(),
            mapping,
            searchable: OnceCell::new(),
            api: Api::new(http, base, place),
        })
    }

    /// Fails if nothing is read as `object`.
    fn known(&self, object: Object) -> Result<(), Error> {
        match source::names(object, self.project.as_deref()).is_empty() {
            true => Err(Error::Setup(format!(
                "纷享销客 has no {object} unless the settings name the object that holds them"
            ))),
            false => Ok(()),
        }
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
    manifest::of("fxiaoke").expect("the manifest is part of the program")
}

#[async_trait]
impl Connector for Fxiaoke {
    fn capabilities(&self) -> Capabilities {
        let manifest = manifest();
        Capabilities {
            crm: manifest.name.clone(),
            objects: manifest.capabilities(),
            cost_figures: true,
            notes: true,
            todos: false,
            hooks: false,
            max_page: MAX_PAGE,
        }
    }

    async fn pull(&self, object: Object, cursor: Option<&Value>, page_size: usize) -> Result<Page, Error> {
        let mut cursor = Keyset::open(cursor, object)?;
        // A company without an object for projects has nothing new of them.
        let (rows, done) = self.page(object, &mut cursor, page_size.clamp(1, MAX_PAGE)).await?;
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
                external_id: source::external_id(object, raw),
                reason,
                raw: raw.clone(),
            })
        };
        let Some(rules) = self.mapping.get(&object) else {
            return Ok(None);
        };
        // Our own notes are no doings of anybody.
        if object == Object::Activity && note::is_ours(raw) {
            return Ok(None);
        }
        let id = source::external_id(object, raw).ok_or_else(|| refused("_id: is empty".into()))?;
        let millis = source::number(&raw["last_modified_time"]);
        let modified_at = millis.and_then(|m| Timestamp::from_millisecond(m).ok());
        let modified_at = modified_at.ok_or_else(|| refused("last_modified_time: is no time".into()))?;
        let body = mapping::build(object, rules, raw).map_err(refused)?;
        let deleted = is_gone(raw);
        let understood = serde_json::to_string(&(&body, deleted)).map_err(|e| refused(e.to_string()))?;
        Ok(Some(Record {
            object,
            external_id: id,
            revision: revision(raw, &understood),
            modified_at,
            deleted,
            body,
            raw: raw.clone(),
            // How the address of a record's page is made is not published.
            url: None,
        }))
    }

    async fn fetch(&self, object: Object, ids: &[String]) -> Result<Fetched, Error> {
        self.known(object)?;
        let fit: Vec<&str> = ids
            .iter()
            .map(String::as_str)
            .filter(|id| (1..=64).contains(&id.len()))
            .collect();
        let rows = self.rows(object, &fit).await?;
        let there: HashSet<String> = rows.iter().filter_map(|row| source::external_id(object, row)).collect();
        let (records, rejected) = self.split(object, rows);
        Ok(Fetched {
            records,
            rejected,
            gone: ids.iter().filter(|id| !there.contains(*id)).cloned().collect(),
        })
    }

    async fn scan(&self, object: Object, after: Option<&Value>, page_size: usize) -> Result<Marks, Error> {
        self.known(object)?;
        let after = after.cloned().map(serde_json::from_value::<After>).transpose();
        let mut after = after.map_err(|e| Error::Cursor(e.to_string()))?.unwrap_or_default();
        let names = source::names(object, self.project.as_deref());
        let Some(name) = names.get(after.turn) else {
            return Err(Error::Cursor(format!("{object} has no such part")));
        };
        let size = page_size.clamp(1, MAX_PAGE);
        let rows = self.beyond(object, name, &after.id, size).await?;
        match rows
            .last()
            .and_then(|row| row["_id"].as_str())
            .filter(|_| rows.len() >= size)
        {
            Some(last) => last.clone_into(&mut after.id),
            None => {
                after = After {
                    turn: after.turn + 1,
                    id: String::new(),
                }
            }
        }
        let (records, rejected) = self.split(object, rows);
        // What cannot be understood is there all the same.
        let unread = rejected.into_iter().filter(|r| !is_gone(&r.raw)).filter_map(|r| {
            Some(Mark {
                external_id: r.external_id?,
                revision: revision(&r.raw, &r.reason),
            })
        });
        let living = records.iter().filter(|r| !r.deleted).map(Record::mark);
        Ok(Marks {
            marks: living.chain(unread).collect(),
            done: after.turn >= names.len(),
            next: serde_json::to_value(after).map_err(|e| Error::Cursor(e.to_string()))?,
        })
    }

    async fn push(&self, write: &Write, key: &str) -> Result<Written, Error> {
        tracing::debug!(key, "writing to 纷享销客");
        self.write(write).await
    }

    async fn count(&self, object: Object) -> Result<Option<u64>, Error> {
        self.how_many(object).await
    }

    fn pace(&self) -> Option<&Pace> {
        self.api.pace()
    }

    async fn check(&self) -> Result<Ready, Error> {
        self.readiness().await
    }
}

/// 作废, or deleted.
fn is_gone(row: &Value) -> bool {
    let deleted = &row["is_deleted"];
    *deleted == true || *deleted == "true" || *deleted == 1 || row["life_status"] == "invalid"
}

/// Sorts by time; two states of one millisecond differ.
fn revision(row: &Value, understood: &str) -> String {
    let at = source::number(&row["last_modified_time"]).unwrap_or_default();
    format!("{at:014}~{:016x}", digest(understood))
}
