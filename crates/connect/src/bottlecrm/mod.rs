//! BottleCRM (the package `django-crm`), over its REST interface and a personal access token.
//!
//! No list of it can be filtered by time of change, and accounts, deals and users bear no such time: each pull reads all
//! records, and the digest of its content tells whether one changed. Lists are ordered by random ids, oldest or newest
//! time of creation, and cut by offset: a page begins some rows before the last one's end, so that what is deleted
//! meanwhile hides nothing. Interactions have no list of their own; they are read from each record's timeline, once an
//! hour. What cannot wait comes by the web hook. A deal is won when its stage says so.

mod cursor;
mod edit;
mod hook;
mod pull;
mod rest;
mod source;
mod write;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::Value;
use tokio::sync::OnceCell;

use self::rest::Rest;
use crate::{
    canonical::{Object, Record},
    connector::{
        Capabilities, Connector, Error, Fetched, Hint, Hook, Marks, Page, Ready, Rejected, Target, Write, Written,
    },
    guard::Guard,
    http::{Http, Limits},
    manifest::{self, Manifest, Settings},
    mapping::{self, Mapping},
    pace::Pace,
};

/// How to reach one company in BottleCRM.
#[derive(Clone)]
pub struct Place {
    /// Address of the server: `https://crm.example.com`.
    pub url: String,
    /// A personal access token. A secret.
    pub token: String,
    /// The secret of a web hook that calls us. A secret.
    pub hook_secret: Option<String>,
    /// How often a pull reads all records; in between it reads none.
    pub scan_every: Duration,
    /// The same for activities, which take a request for each account, contact and deal.
    pub activities_every: Duration,
    /// Bounds of each request.
    pub limits: Limits,
    /// How fast BottleCRM may be asked.
    pub pace: Option<Arc<Pace>>,
}

impl Place {
    /// The usual ones: all records every five minutes, activities every hour.
    pub fn new(url: impl Into<String>, token: impl Into<String>) -> Self {
        Place {
            url: url.into(),
            token: token.into(),
            hook_secret: None,
            scan_every: Duration::from_secs(300),
            activities_every: Duration::from_secs(3600),
            limits: Limits::default(),
            pace: None,
        }
    }
}

/// The connector to one company in BottleCRM.
pub struct BottleCrm {
    rest: Rest,
    hook_secret: Option<String>,
    scan_every: SignedDuration,
    activities_every: SignedDuration,
    mapping: Mapping,
    currency: OnceCell<Value>,
}

/// As [`crate::manifest::open`] wants it.
pub fn open(settings: &Settings, mapping: Mapping, guard: &Guard) -> Result<Box<dyn Connector>, Error> {
    let of = |key: &str| settings.get(key).cloned();
    let mut place = Place::new(of("url").unwrap_or_default(), of("token").unwrap_or_default());
    place.hook_secret = of("hook_secret");
    let minutes: u16 = of("scan_minutes")
        .unwrap_or_default()
        .parse()
        .map_err(|_| Error::Setup("scan_minutes is no whole number".into()))?;
    place.scan_every = Duration::from_secs(60 * u64::from(minutes));
    place.activities_every = place.activities_every.max(place.scan_every);
    place.pace = Some(Pace::shared(
        &["bottlecrm", &place.url, &place.token],
        manifest().budget,
    ));
    Ok(Box::new(BottleCrm::new(place, mapping, guard)?))
}

impl BottleCrm {
    /// Checks the address by `guard`; asks nothing of the network yet.
    pub fn new(place: Place, mapping: Mapping, guard: &Guard) -> Result<Self, Error> {
        let base = guard.parse(&place.url).map_err(|e| Error::Setup(e.to_string()))?;
        let unfit = |what: &str| Error::Setup(format!("{what} is unusable"));
        if place.token.is_empty() || !place.token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(unfit("the access token"));
        }
        let http = Http::new(guard, place.limits)?.paced(place.pace);
        Ok(BottleCrm {
            rest: Rest::new(http, base, place.token),
            hook_secret: place.hook_secret,
            scan_every: SignedDuration::try_from(place.scan_every).map_err(|_| unfit("the time between scans"))?,
            activities_every: SignedDuration::try_from(place.activities_every)
                .map_err(|_| unfit("the time between scans"))?,
            mapping,
            currency: OnceCell::new(),
        })
    }
}

fn manifest() -> &'static Manifest {
    // Registered there, as its tests see to.
    manifest::of("bottlecrm").expect("BottleCRM is among the CRMs")
}

#[async_trait]
impl Connector for BottleCrm {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            crm: manifest().name.clone(),
            objects: manifest().capabilities(),
            cost_figures: true,
            notes: true,
            todos: false,
            hooks: self.hook_secret.is_some(),
            max_page: pull::MAX_PAGE,
        }
    }

    async fn pull(&self, object: Object, cursor: Option<&Value>, page_size: usize) -> Result<Page, Error> {
        self.pull_page(object, cursor, page_size).await
    }

    fn understand(&self, object: Object, raw: &Value) -> Result<Option<Record>, Box<Rejected>> {
        let refused = |reason: String| pull::refused(object, raw, reason);
        let Some(rules) = self.mapping.get(&object) else {
            return Ok(None);
        };
        let external_id = source::id(object, raw).ok_or_else(|| refused("id: is missing".into()))?;
        let at = source::changed(raw).ok_or_else(|| refused("created_at: is no time".into()))?;
        let body = mapping::build(object, rules, raw).map_err(refused)?;
        Ok(Some(Record {
            object,
            external_id,
            revision: source::revision(at, raw),
            modified_at: at,
            // A user who left keeps owning what was owned.
            deleted: raw["is_active"] == false && object != Object::CrmUser,
            body,
            raw: raw.clone(),
            // Its pages are served from another address, which it does not tell.
            url: None,
        }))
    }

    async fn fetch(&self, object: Object, ids: &[String]) -> Result<Fetched, Error> {
        self.fetch_some(object, ids).await
    }

    async fn scan(&self, object: Object, after: Option<&Value>, page_size: usize) -> Result<Marks, Error> {
        let mut cursor = pull::scan_cursor(after, object)?;
        let (rows, done) = self.step(object, &mut cursor, page_size).await?;
        // What cannot be understood is among the dead letters, and is no record that lacks.
        let (records, _) = self.sort(object, rows);
        Ok(Marks {
            marks: records.iter().filter(|r| !r.deleted).map(Record::mark).collect(),
            next: cursor.store()?,
            done,
        })
    }

    fn verify(&self, hook: &Hook<'_>) -> Result<Vec<Hint>, Error> {
        let secret = self.hook_secret.as_deref();
        let secret =
            secret.ok_or_else(|| Error::Setup("the web hook's secret is needed to check deliveries".into()))?;
        hook::verify(hook, secret)
    }

    async fn push(&self, write: &Write, key: &str) -> Result<Written, Error> {
        tracing::debug!(key, "writing to BottleCRM");
        self.write(write).await
    }

    fn pace(&self) -> Option<&Pace> {
        self.rest.pace()
    }

    async fn check(&self) -> Result<Ready, Error> {
        self.look_around().await
    }

    async fn scratch(&self) -> Result<Target, Error> {
        self.make_scratch().await
    }

    async fn discard(&self, scratch: &Target) -> Result<(), Error> {
        self.drop_scratch(scratch).await
    }
}
