//! Salesforce, over its REST API, and its Bulk API 2.0 for the first reading of much.
//!
//! Opportunities are deals, events and tasks with a customer are activities. There is no standard object for projects, so
//! none are read. Nothing is pushed to us: change events come by gRPC, which is not built, and outbound messages are not
//! signed, so they are not taken.
//!
//! What is known, and from where:
//! - From Salesforce's REST API Developer Guide: `queryAll` with `done` and `nextRecordsUrl`, batches of up to 2,000 that may be
//!   smaller; deleted records, with the 15 days, the purges, the 600,000 ids and the minutes of their log; conditional requests;
//!   collections of records, which report errors within HTTP 200; `Sforce-Limit-Info`; status codes, and 403 with
//!   `REQUEST_LIMIT_EXCEEDED`; 16,384 bytes of an address.
//! - From its Bulk API 2.0 Guide: query jobs, `locator`, `maxRecords`, `Sforce-Locator`, `Sforce-NumberOfRecords`.
//! - From its help pages: both ways to a token, the claims of a JWT, that RS256 alone is taken.
//! - From its Object Reference: fields of tasks and events, archived activities, `ContentNote` (its title can be filtered, its
//!   content cannot); from a public guide to SOQL, that links of documents are asked for by one record.
//! - From a public issue of a data-loading tool: records do appear with a `SystemModstamp` behind one that was read before. Hence
//!   the overlap.
//! - From memory, untried against a real organisation: that deleting moves `SystemModstamp`; when events of all day end; `IsChild`, `TaskSubtype` and
//!   `UserType` as filters; `ApiName` of stages; that `If-Unmodified-Since` compares `LastModifiedDate` of objects other than
//!   accounts; the share type of a note's tie; how ids of one time are ordered (nothing here depends on it).
//!
//! `If-Unmodified-Since` counts in seconds: a change that somebody makes in the very second of the change before it, between
//! our reading and our writing, is not noticed.

mod auth;
mod bulk;
mod check;
mod cursor;
mod enrich;
mod pull;
mod rest;
mod source;
mod write;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::Value;

use self::{
    auth::Proof,
    pull::MAX_PAGE,
    rest::{Rest, Session},
    source::{Source, id, is_true},
};
use crate::{
    canonical::{Object, Record},
    connector::{Capabilities, Connector, Error, Fetched, Marks, Page, Ready, Rejected, Target, Write, Written},
    guard::Guard,
    http::{Http, Limits},
    manifest::{self, Manifest, Settings},
    mapping::{self, Mapping},
    pace::{Pace, Shared},
    writing,
};

/// How to reach one organisation.
#[derive(Clone)]
pub struct Place {
    /// The organisation's own domain: `https://acme.my.salesforce.com`.
    pub url: String,
    /// The app's consumer key.
    pub client_id: String,
    /// The app's secret, for the client credentials flow. A secret.
    pub client_secret: Option<String>,
    /// The user to act for, for the JWT bearer flow.
    pub username: Option<String>,
    /// The private key whose certificate the app knows, in PEM. A secret.
    pub private_key: Option<String>,
    /// Whom a JWT is for: `https://login.salesforce.com`, or `https://test.salesforce.com` of a sandbox.
    pub audience: String,
    /// The only currency of an organisation that has but one, which does not tell it.
    pub currency: Option<String>,
    /// The longest that a transaction may take: changes are read again for so long.
    pub overlap: Duration,
    /// How often the log of deletions is read.
    pub sweep_every: Duration,
    /// From how many records on the first reading is done by a job.
    pub bulk_above: u64,
    /// The least page of a job's result.
    pub bulk_page: usize,
    /// How soon a job is asked for again.
    pub ask_again: Duration,
    /// How many of a hundred of the organisation's daily requests may be spent before reading stops for a while.
    pub share: u64,
    /// Bounds of each request.
    pub limits: Limits,
    /// How fast Salesforce may be asked.
    pub pace: Option<Arc<Pace>>,
}

impl Place {
    /// The usual one: ten minutes of overlap, deletions every hour, a job from 20,000 records on, nine tenths of the day's
    /// requests. As documented, a transaction ends after ten minutes of computing at most.
    pub fn new(url: impl Into<String>, client_id: impl Into<String>) -> Self {
        Place {
            url: url.into(),
            client_id: client_id.into(),
            client_secret: None,
            username: None,
            private_key: None,
            audience: "https://login.salesforce.com".into(),
            currency: None,
            overlap: Duration::from_secs(600),
            sweep_every: Duration::from_secs(3600),
            bulk_above: 20_000,
            bulk_page: 2000,
            ask_again: Duration::from_secs(4),
            share: 90,
            limits: Limits::default(),
            pace: None,
        }
    }
}

/// The connector to one organisation.
pub struct Salesforce {
    rest: Rest,
    currency: Option<String>,
    overlap: SignedDuration,
    sweep_every: SignedDuration,
    bulk_above: u64,
    bulk_page: usize,
    ask_again: Duration,
    mapping: Mapping,
}

static SESSIONS: Shared<Session> = Shared::new();

/// As [`crate::manifest::open`] wants it.
pub fn open(settings: &Settings, mapping: Mapping, guard: &Guard) -> Result<Box<dyn Connector>, Error> {
    let of = |key: &str| settings.get(key).cloned();
    let mut place = Place::new(of("url").unwrap_or_default(), of("client_id").unwrap_or_default());
    (place.client_secret, place.username) = (of("client_secret"), of("username"));
    (place.private_key, place.currency) = (of("private_key"), of("currency"));
    place.audience = of("audience").unwrap_or(place.audience);
    place.pace = Some(Pace::shared(&place.names(), manifest().budget));
    let session = SESSIONS.of(&place.names(), Session::default);
    Ok(Box::new(Salesforce::with(place, session, mapping, guard)?))
}

impl Place {
    /// What names the account.
    fn names(&self) -> [&str; 6] {
        [
            "salesforce",
            &self.url,
            &self.client_id,
            self.client_secret.as_deref().unwrap_or_default(),
            self.username.as_deref().unwrap_or_default(),
            self.private_key.as_deref().unwrap_or_default(),
        ]
    }

    fn proof(&self) -> Result<Proof, Error> {
        match (&self.client_secret, &self.username, &self.private_key) {
            (_, Some(username), Some(pem)) => Ok(Proof::Key {
                username: username.clone(),
                audience: self.audience.clone(),
                key: auth::key(pem)?,
            }),
            (Some(secret), None, None) => Ok(Proof::Secret(secret.clone())),
            _ => Err(Error::Setup(
                "enter the app's client secret, or a user name and a private key".into(),
            )),
        }
    }
}

impl Salesforce {
    /// Checks the address by `guard`; asks nothing of the network yet.
    pub fn new(place: Place, mapping: Mapping, guard: &Guard) -> Result<Self, Error> {
        Salesforce::with(place, Arc::default(), mapping, guard)
    }

    fn with(place: Place, session: Arc<Session>, mapping: Mapping, guard: &Guard) -> Result<Self, Error> {
        let base = guard.parse(&place.url).map_err(|e| Error::Setup(e.to_string()))?;
        let proof = place.proof()?;
        let span =
            |span, what: &str| SignedDuration::try_from(span).map_err(|_| Error::Setup(format!("{what} is too long")));
        let pace = place.pace.unwrap_or_else(|| Arc::new(Pace::new(None)));
        let http = Http::new(guard, place.limits)?.paced(Some(pace.clone()));
        Ok(Salesforce {
            rest: Rest {
                http,
                guard: guard.clone(),
                base,
                client_id: place.client_id,
                proof,
                session,
                pace,
                share: place.share,
            },
            currency: place.currency.map(|c| c.trim().to_uppercase()),
            overlap: span(place.overlap, "the overlap")?,
            sweep_every: span(place.sweep_every, "the time between sweeps")?,
            bulk_above: place.bulk_above,
            bulk_page: place.bulk_page,
            ask_again: place.ask_again,
            mapping,
        })
    }

    /// Understands rows, those that can be and those that cannot.
    fn sort(&self, object: Object, rows: Vec<Value>) -> (Vec<Record>, Vec<Rejected>) {
        let (mut records, mut rejected) = (Vec::new(), Vec::new());
        for row in rows {
            match self.understand(object, &row) {
                Ok(record) => records.extend(record),
                Err(refused) => rejected.push(*refused),
            }
        }
        (records, rejected)
    }
}

fn manifest() -> &'static Manifest {
    // Registered there, as its tests see to.
    manifest::of("salesforce").expect("Salesforce is among the CRMs")
}

#[async_trait]
impl Connector for Salesforce {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            crm: manifest().name.clone(),
            objects: manifest().capabilities(),
            cost_figures: true,
            notes: true,
            todos: false,
            hooks: false,
            max_page: MAX_PAGE,
        }
    }

    async fn pull(&self, object: Object, cursor: Option<&Value>, page_size: usize) -> Result<Page, Error> {
        self.pull_page(object, cursor, page_size).await
    }

    fn understand(&self, object: Object, raw: &Value) -> Result<Option<Record>, Box<Rejected>> {
        let refused = |reason: String| {
            Box::new(Rejected {
                object,
                external_id: id(raw).map(str::to_owned),
                reason,
                raw: raw.clone(),
            })
        };
        let (Ok(_), Some(rules)) = (Source::all(object), self.mapping.get(&object)) else {
            return Ok(None);
        };
        let id = id(raw).ok_or_else(|| refused("Id: is missing".into()))?;
        let at = source::changed(raw).ok_or_else(|| refused("SystemModstamp: is no time".into()))?;
        let body = mapping::build(object, rules, raw).map_err(refused)?;
        let deleted = is_true(&raw["IsDeleted"]);
        let understood = serde_json::to_string(&(&body, deleted)).map_err(|e| refused(e.to_string()))?;
        let mut page = self.rest.base.clone();
        page.set_path(&format!("/{id}"));
        Ok(Some(Record {
            object,
            external_id: id.to_owned(),
            // Salesforce tells times by whole seconds: two states of one second differ by what is understood of them.
            revision: format!("{at:.3}~{:016x}", writing::digest(&understood)),
            modified_at: at,
            deleted,
            body,
            raw: raw.clone(),
            url: Some(page.into()),
        }))
    }

    async fn fetch(&self, object: Object, ids: &[String]) -> Result<Fetched, Error> {
        let mut rows = Vec::new();
        for source in Source::all(object)? {
            if self.rest.fields(source.name).await?.is_some() {
                rows.extend(self.rows(source, ids).await?);
            }
        }
        let there: BTreeSet<&str> = rows.iter().filter_map(id).collect();
        let gone = ids.iter().filter(|id| !there.contains(id.as_str())).cloned().collect();
        let (records, rejected) = self.sort(object, rows);
        Ok(Fetched {
            records,
            rejected,
            gone,
        })
    }

    async fn scan(&self, object: Object, after: Option<&Value>, page_size: usize) -> Result<Marks, Error> {
        self.scan_page(object, after, page_size).await
    }

    async fn push(&self, write: &Write, key: &str) -> Result<Written, Error> {
        tracing::debug!(key, "writing to Salesforce");
        writing::push(self, write).await
    }

    async fn count(&self, object: Object) -> Result<Option<u64>, Error> {
        self.how_many(object).await
    }

    fn pace(&self) -> Option<&Pace> {
        self.rest.http.pace()
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
