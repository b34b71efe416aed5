//! Dynamics 365, over the Web API of Dataverse (OData v4), with a token of Microsoft Entra for an application.
//!
//! Opportunities are deals; appointments, phone calls and tasks that regard an account, a contact or an opportunity are
//! activities; projects are read where Project Operations is there. Inactive accounts and contacts count as deleted. Changes
//! come by change tracking, deletions too. A table whose changes are not tracked, or not shown, is read by the time of
//! change; then, as after a link that expired (Dataverse keeps changes for seven days as delivered, then all is read anew),
//! what was deleted is found by the reconcile. Dataverse's web hooks are not signed, so they are not taken.
//!
//! What is known, and from where:
//! - From Microsoft's own documentation of Dataverse, as published with its source: change tracking with `deltaLink`,
//!   `$deletedEntity`, the seven days, what a tracked question may not hold, and that it takes the right to read the whole
//!   organisation's table; `odata.maxpagesize` and `nextLink`; annotations; `If-Match` with etags and `*`, and 412; error bodies
//!   and status codes; limits of 6,000 requests and 20 minutes in 5 minutes per user and server, 429 with `Retry-After`, and
//!   that asking on while it lasts makes it longer: it is waited out by all connectors of the account.
//! - From public articles: that an expired link is answered with 410.
//! - From memory, untried against a real environment: the form of Entra's tokens; the code 0x80044352 for an expired version;
//!   names of columns beside those in the documentation; that notes are bound by `objectid_TABLE@odata.bind`; that the
//!   estimated value of a closed opportunity cannot be set.

mod check;
mod cursor;
mod enrich;
mod pull;
mod rest;
mod source;
mod write;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::{SignedDuration, tz::TimeZone};
use serde_json::Value;

use self::{
    pull::MAX_PAGE,
    rest::{Rest, Session},
    source::Source,
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

/// How to reach one environment.
#[derive(Clone)]
pub struct Place {
    /// Its address: `https://acme.crm.dynamics.com`.
    pub url: String,
    /// The tenant's id or domain in Entra.
    pub tenant: String,
    /// The application's id.
    pub client_id: String,
    /// The application's secret. A secret.
    pub client_secret: String,
    /// Where tokens are given: `https://login.microsoftonline.com`, elsewhere in some countries' own clouds.
    pub login_url: String,
    /// The company's time zone, in which appointments have their day: `Asia/Shanghai`.
    pub zone: Option<String>,
    /// Of tables whose changes are not tracked: changes are read again for so long.
    pub overlap: Duration,
    /// Bounds of each request.
    pub limits: Limits,
    /// How fast Dataverse may be asked.
    pub pace: Option<Arc<Pace>>,
}

impl Place {
    /// The usual one, of the worldwide cloud.
    pub fn new(
        url: impl Into<String>,
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        Place {
            url: url.into(),
            tenant: tenant.into(),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            login_url: "https://login.microsoftonline.com".into(),
            zone: None,
            overlap: Duration::from_secs(600),
            limits: Limits::default(),
            pace: None,
        }
    }
}

/// The connector to one environment.
pub struct Dynamics {
    rest: Rest,
    zone: Option<TimeZone>,
    overlap: SignedDuration,
    mapping: Mapping,
}

static SESSIONS: Shared<Session> = Shared::new();

/// As [`crate::manifest::open`] wants it.
pub fn open(settings: &Settings, mapping: Mapping, guard: &Guard) -> Result<Box<dyn Connector>, Error> {
    let of = |key: &str| settings.get(key).cloned().unwrap_or_default();
    let mut place = Place::new(of("url"), of("tenant"), of("client_id"), of("client_secret"));
    place.login_url = of("login_url");
    place.zone = settings.get("zone").cloned();
    let names = [
        "dynamics",
        &place.url,
        &place.login_url,
        &place.tenant,
        &place.client_id,
        &place.client_secret,
    ];
    let session = SESSIONS.of(&names, Session::default);
    place.pace = Some(Pace::shared(&names, manifest().budget));
    Ok(Box::new(Dynamics::with(place, session, mapping, guard)?))
}

impl Dynamics {
    /// Checks the addresses by `guard`; asks nothing of the network yet.
    pub fn new(place: Place, mapping: Mapping, guard: &Guard) -> Result<Self, Error> {
        Dynamics::with(place, Arc::default(), mapping, guard)
    }

    fn with(place: Place, session: Arc<Session>, mapping: Mapping, guard: &Guard) -> Result<Self, Error> {
        let address = |text: &str| guard.parse(text).map_err(|e| Error::Setup(e.to_string()));
        let plain =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        if !plain(&place.tenant) {
            return Err(Error::Setup("the tenant is its id or its domain".into()));
        }
        if place.client_id.is_empty() || place.client_secret.is_empty() {
            return Err(Error::Setup("the application's id and secret are needed".into()));
        }
        let zone = place.zone.map(|name| {
            let found = TimeZone::get(name.trim());
            found.map_err(|_| Error::Setup(format!("{name:?} is no time zone: write one like Asia/Shanghai")))
        });
        let overlap = SignedDuration::try_from(place.overlap);
        Ok(Dynamics {
            rest: Rest {
                http: Http::new(guard, place.limits)?
                    .paced(Some(place.pace.unwrap_or_else(|| Arc::new(Pace::new(None))))),
                base: address(&place.url)?,
                login: address(&place.login_url)?,
                tenant: place.tenant,
                client_id: place.client_id,
                secret: place.client_secret,
                session,
            },
            zone: zone.transpose()?,
            overlap: overlap.map_err(|_| Error::Setup("the overlap is too long".into()))?,
            mapping,
        })
    }

    /// Understands rows: those that can be, those that cannot, and the ids of those that are none of the object.
    fn sort(&self, source: &Source, rows: Vec<Value>) -> (Vec<Record>, Vec<Rejected>, Vec<String>) {
        let (mut records, mut rejected, mut none) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            match self.understand(source.object, &row) {
                Ok(Some(record)) => records.push(record),
                Ok(None) => none.extend(source.id(&row).map(str::to_owned)),
                Err(refused) => rejected.push(*refused),
            }
        }
        (records, rejected, none)
    }
}

fn manifest() -> &'static Manifest {
    // Registered there, as its tests see to.
    manifest::of("dynamics").expect("Dynamics 365 is among the CRMs")
}

#[async_trait]
impl Connector for Dynamics {
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
        let sources = Source::all(object);
        let source = sources.iter().find(|s| raw["@table"] == s.table).unwrap_or(&sources[0]);
        let refused = |reason: String| {
            Box::new(Rejected {
                object,
                external_id: source.id(raw).map(str::to_owned),
                reason,
                raw: raw.clone(),
            })
        };
        let Some(rules) = self.mapping.get(&object) else {
            return Ok(None);
        };
        if object == Object::Activity && ["@account", "@contact", "@deal"].iter().all(|key| raw[*key].is_null()) {
            return Ok(None);
        }
        let id = source
            .id(raw)
            .ok_or_else(|| refused(format!("{}: is missing", source.key)))?;
        let at = source::changed(raw).ok_or_else(|| refused("modifiedon: is no time".into()))?;
        let body = mapping::build(object, rules, raw).map_err(refused)?;
        let deleted = source.archives && raw["statecode"] == 1;
        let understood = serde_json::to_string(&(&body, deleted)).map_err(|e| refused(e.to_string()))?;
        let mut page = self.rest.base.clone();
        page.set_path("/main.aspx");
        page.set_query(Some(&format!("etn={}&id={id}&pagetype=entityrecord", source.table)));
        Ok(Some(Record {
            object,
            external_id: id.to_owned(),
            // An import may set the time of change: what is understood counts too.
            revision: format!("{at:.0}~{:016x}", writing::digest(&understood)),
            modified_at: at,
            deleted,
            body,
            raw: raw.clone(),
            url: Some(page.into()),
        }))
    }

    async fn fetch(&self, object: Object, ids: &[String]) -> Result<Fetched, Error> {
        let mut found = Fetched::default();
        for source in Source::all(object) {
            let (records, rejected, _) = self.sort(source, self.records(source, ids).await?);
            found.records.extend(records);
            found.rejected.extend(rejected);
        }
        let there = found.records.iter().map(|r| r.external_id.as_str());
        let unread = found.rejected.iter().filter_map(|r| r.external_id.as_deref());
        let there: BTreeSet<&str> = there.chain(unread).collect();
        found.gone = ids.iter().filter(|id| !there.contains(id.as_str())).cloned().collect();
        Ok(found)
    }

    async fn scan(&self, object: Object, after: Option<&Value>, page_size: usize) -> Result<Marks, Error> {
        self.scan_page(object, after, page_size).await
    }

    async fn push(&self, write: &Write, key: &str) -> Result<Written, Error> {
        tracing::debug!(key, "writing to Dynamics 365");
        writing::push(self, write).await
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
