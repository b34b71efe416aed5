//! SuiteCRM 7 and 8 by its SOAP service, version 4.1.
//!
//! Its facts come from SuiteCRM's own source: `service/`, `soap/`, `include/nusoap/` and `include/SugarSQLValidate.php`.
//! The traps, in short: `deleted` asks for living *and* deleted records since version 4; refusals are SOAP faults with
//! HTTP 500; texts come as HTML; times are GMT by whole seconds; `query` is a fragment of SQL.
//!
//! A revision is the time of change with a digest of what is understood of the record, because times are whole seconds
//! and what is linked to a record may change without touching the record's own time.

mod check;
mod edit;
mod note;
mod query;
mod rows;
mod session;
mod source;
mod value;
mod write;
mod wsdl;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use outlay_core::Currency;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::OnceCell;

pub use self::session::SessionId;
use self::{rows::Ask, session::Session};
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

/// The largest page that is asked for: SuiteCRM runs several queries for each record.
const MAX_PAGE: usize = 200;

/// How to reach one SuiteCRM.
#[derive(Clone)]
pub struct Place {
    /// Address: `https://crm.example.com`, of SuiteCRM 8 `https://crm.example.com/legacy`.
    pub url: String,
    /// Log-in name.
    pub user: String,
    /// The user's password. A secret.
    pub password: String,
    /// The system's currency, which SuiteCRM's service does not tell.
    pub currency: Currency,
    /// The longest that a change may take in SuiteCRM: changes are read again for so long.
    pub overlap: Duration,
    /// Bounds of each request.
    pub limits: Limits,
    /// How fast SuiteCRM may be asked.
    pub pace: Option<Arc<Pace>>,
    /// The session that is open.
    pub session: SessionId,
}

impl Place {
    /// The usual one: five minutes of overlap, which is the longest that PHP usually lets a request run.
    pub fn new(
        url: impl Into<String>,
        user: impl Into<String>,
        password: impl Into<String>,
        currency: Currency,
    ) -> Self {
        Place {
            url: url.into(),
            user: user.into(),
            password: password.into(),
            currency,
            overlap: Duration::from_secs(300),
            limits: Limits::default(),
            pace: None,
            session: SessionId::default(),
        }
    }
}

/// The connector to one SuiteCRM.
pub struct SuiteCrm {
    session: Session,
    overlap: Duration,
    currency: Currency,
    /// ISO codes by SuiteCRM's ids.
    currencies: OnceCell<HashMap<String, String>>,
    mapping: Mapping,
}

/// Where a scan stands.
#[derive(Default, Serialize, Deserialize)]
struct After {
    turn: usize,
    id: String,
}

/// As [`crate::manifest::open`] wants it.
pub fn open(settings: &Settings, mapping: Mapping, guard: &Guard) -> Result<Box<dyn Connector>, Error> {
    let of = |key: &str| settings.get(key).cloned().unwrap_or_default();
    let currency = Currency::parse(&of("currency").to_uppercase())
        .map_err(|_| Error::Setup(format!("{:?} is no ISO 4217 currency", of("currency"))))?;
    let mut place = Place::new(of("url"), of("user"), of("password"), currency);
    let key = ["suitecrm", &place.url, &place.user, &place.password];
    let session = SessionId::shared(&key);
    place.pace = Some(Pace::shared(&key, manifest().budget));
    place.session = session;
    Ok(Box::new(SuiteCrm::new(place, mapping, guard)?))
}

impl SuiteCrm {
    /// Checks the address by `guard`; asks nothing of the network yet.
    pub fn new(place: Place, mapping: Mapping, guard: &Guard) -> Result<Self, Error> {
        let base = guard.parse(&place.url).map_err(|e| Error::Setup(e.to_string()))?;
        if place.user.is_empty() || place.password.is_empty() {
            return Err(Error::Setup("the log-in name and the password are needed".into()));
        }
        let http = Http::new(guard, place.limits)?.paced(place.pace.clone());
        Ok(SuiteCrm {
            overlap: place.overlap,
            currency: place.currency,
            currencies: OnceCell::new(),
            mapping,
            session: Session::new(http, base, place)?,
        })
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
    manifest::of("suitecrm").expect("the manifest is part of the program")
}

fn known(object: Object) -> Result<(), Error> {
    match source::modules(object) {
        [] => Err(Error::Setup(format!("SuiteCRM has no object like {object}"))),
        _ => Ok(()),
    }
}

#[async_trait]
impl Connector for SuiteCrm {
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
        known(object)?;
        let mut cursor = Keyset::open(cursor, object)?;
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
                external_id: value::id(raw).map(str::to_owned),
                reason,
                raw: raw.clone(),
            })
        };
        let modules = source::modules(object);
        let Some(rules) = self.mapping.get(&object).filter(|_| !modules.is_empty()) else {
            return Ok(None);
        };
        let id = value::id(raw).ok_or_else(|| refused("id: is empty".into()))?;
        let modified_at = value::modified(raw).ok_or_else(|| refused("date_modified: is no time".into()))?;
        let body = mapping::build(object, rules, raw).map_err(refused)?;
        // A meeting or call that was called off took place no more than a deleted one.
        let deleted = raw["deleted"] == "1" || object == Object::Activity && raw["status"] == "Not Held";
        let understood = serde_json::to_string(&(&body, deleted)).map_err(|e| refused(e.to_string()))?;
        let module = raw["@module"].as_str().unwrap_or(modules[0].name);
        Ok(Some(Record {
            object,
            external_id: id.to_owned(),
            revision: revision(raw, &understood),
            modified_at,
            deleted,
            body,
            raw: raw.clone(),
            url: self.session.page(module, id),
        }))
    }

    async fn fetch(&self, object: Object, ids: &[String]) -> Result<Fetched, Error> {
        known(object)?;
        let fit: Vec<&str> = ids.iter().map(String::as_str).filter(|id| query::is_id(id)).collect();
        let rows = self.rows(object, &fit).await?;
        let there: HashSet<String> = rows.iter().filter_map(|r| Some(value::id(r)?.to_owned())).collect();
        let (records, rejected) = self.split(object, rows);
        Ok(Fetched {
            records,
            rejected,
            gone: ids.iter().filter(|id| !there.contains(*id)).cloned().collect(),
        })
    }

    async fn scan(&self, object: Object, after: Option<&Value>, page_size: usize) -> Result<Marks, Error> {
        known(object)?;
        let after = after.cloned().map(serde_json::from_value::<After>).transpose();
        let mut after = after.map_err(|e| Error::Cursor(e.to_string()))?.unwrap_or_default();
        let modules = source::modules(object);
        let Some(module) = modules.get(after.turn) else {
            return Err(Error::Cursor(format!("{object} has no such part")));
        };
        let ask = Ask {
            module,
            query: query::beyond(module.table, &after.id)?,
            order: "id",
            limit: page_size.clamp(1, MAX_PAGE),
            deleted: false,
        };
        let mut rows = self.list(object, &ask).await?.rows;
        let end = rows.len() < ask.limit;
        let last = rows.last().and_then(value::id).map(str::to_owned);
        if last.as_ref() == Some(&after.id) {
            return Err(Error::Cursor(format!("{object} {} came again in a scan", after.id)));
        }
        rows.dedup_by(|a, b| a["id"] == b["id"]);
        match last.filter(|_| !end) {
            Some(last) => after.id = last,
            None => {
                after = After {
                    turn: after.turn + 1,
                    id: String::new(),
                }
            }
        }
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
            done: after.turn >= modules.len(),
            next: serde_json::to_value(after).map_err(|e| Error::Cursor(e.to_string()))?,
        })
    }

    async fn push(&self, write: &Write, key: &str) -> Result<Written, Error> {
        tracing::debug!(key, "writing to SuiteCRM");
        self.write(write).await
    }

    async fn count(&self, object: Object) -> Result<Option<u64>, Error> {
        self.how_many(object).await
    }

    fn pace(&self) -> Option<&Pace> {
        self.session.pace()
    }

    async fn check(&self) -> Result<Ready, Error> {
        let ready = self.readiness().await;
        // The next call opens another. What could not be ended ends by itself.
        let _ = self.session.close().await;
        ready
    }
}

/// Sorts by time; two states of one second differ.
fn revision(row: &Value, understood: &str) -> String {
    let at = row["date_modified"].as_str().unwrap_or_default();
    format!("{at}~{:016x}", digest(understood))
}
