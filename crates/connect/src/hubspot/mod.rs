//! HubSpot, over its CRM API and the access token of a private app.
//!
//! Companies are accounts, owners are CRM users, meetings are activities. A first fill reads lists; later pulls search
//! windows of time by rising ids, which neither the search's cap of 10,000 results nor equal times can upset. Archived
//! records are looked for once in a while; erased and merged ones are found by a reconcile.

mod check;
mod cursor;
mod edit;
mod enrich;
mod hook;
mod note;
mod pull;
mod rest;
mod source;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use self::{
    enrich::Stages,
    rest::Rest,
    source::{SOURCES, Source, id},
};
use crate::{
    canonical::{Object, Record},
    connector::{
        Capabilities, Connector, Error, Fetched, Hint, Hook, Marks, Page, Ready, Rejected, Target, Write, Written,
    },
    guard::Guard,
    http::{Http, Limits},
    manifest::{self, Budget, Manifest, Settings},
    mapping::{self, Mapping, Rule},
    pace::Pace,
};

/// The largest page of a search.
const MAX_PAGE: usize = 200;
/// Searches are counted apart.
const SEARCHES: Budget = Budget {
    requests: 4,
    seconds: 1,
    daily: None,
};

/// How to reach one portal.
#[derive(Clone)]
pub struct Place {
    /// Address of the API.
    pub url: String,
    /// Access token of a private app. A secret.
    pub token: String,
    /// The app's client secret, by which deliveries to the hook are checked. A secret.
    pub client_secret: Option<String>,
    /// The portal's number, for links to its pages; asked for if absent.
    pub portal: Option<String>,
    /// The version of the objects' API: `v3` (if absent), or a date such as `2026-09`.
    pub version: Option<String>,
    /// The longest that HubSpot's search may lag behind: changes are read again for so long.
    pub overlap: Duration,
    /// How often archived records are looked for.
    pub sweep_every: Duration,
    /// Bounds of each request.
    pub limits: Limits,
    /// How fast HubSpot may be asked.
    pub pace: Option<Arc<Pace>>,
    /// How fast its search may be asked, which has a limit of its own.
    pub search_pace: Option<Arc<Pace>>,
}

impl Place {
    /// The usual ones: HubSpot's own address, ten minutes of overlap, archived records every hour.
    pub fn new(token: impl Into<String>) -> Self {
        Place {
            url: "https://api.hubapi.com".into(),
            token: token.into(),
            client_secret: None,
            portal: None,
            version: None,
            overlap: Duration::from_secs(600),
            sweep_every: Duration::from_secs(3600),
            limits: Limits::default(),
            pace: None,
            search_pace: None,
        }
    }
}

/// The connector to one portal.
pub struct HubSpot {
    rest: Rest,
    token: String,
    client_secret: Option<String>,
    portal: Option<String>,
    overlap: SignedDuration,
    sweep_every: SignedDuration,
    mapping: Mapping,
    properties: BTreeMap<Object, String>,
    account: OnceCell<Value>,
    stages: Mutex<Stages>,
}

/// As [`crate::manifest::open`] wants it.
pub fn open(settings: &Settings, mapping: Mapping, guard: &Guard) -> Result<Box<dyn Connector>, Error> {
    let of = |key: &str| settings.get(key).cloned();
    let mut place = Place::new(of("token").unwrap_or_default());
    place.url = of("url").unwrap_or(place.url);
    place.client_secret = of("client_secret");
    place.portal = of("portal");
    place.version = of("version");
    let key = ["hubspot", &place.url, &place.token];
    place.pace = Some(Pace::shared(&key, manifest().budget));
    place.search_pace = Some(Pace::shared(&[&key[..], &["search"]].concat(), Some(SEARCHES)));
    Ok(Box::new(HubSpot::new(place, mapping, guard)?))
}

/// True for a year and a month, as in `2026-09`.
fn is_date(version: &str) -> bool {
    let shape = version.bytes().map(|b| if b.is_ascii_digit() { b'9' } else { b });
    shape.eq(*b"9999-99")
}

impl HubSpot {
    /// Checks the address by `guard`; asks nothing of the network yet.
    pub fn new(place: Place, mapping: Mapping, guard: &Guard) -> Result<Self, Error> {
        let base = guard.parse(&place.url).map_err(|e| Error::Setup(e.to_string()))?;
        let unfit = |what: &str| Error::Setup(format!("{what} is unusable"));
        if place.token.is_empty() || !place.token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(unfit("the access token"));
        }
        if place.portal.as_deref().is_some_and(|portal| !source::is_id(portal)) {
            return Err(unfit("the portal's number"));
        }
        let dated = place.version.filter(|version| version != "v3");
        if dated.as_deref().is_some_and(|version| !is_date(version)) {
            return Err(unfit("the version (v3, or a date such as 2026-09)"));
        }
        let http = Http::new(guard, place.limits)?.paced(place.pace);
        let properties = SOURCES.iter().map(|s| (s.object, properties(s, &mapping))).collect();
        Ok(HubSpot {
            rest: Rest::new(http, base, place.token.clone(), place.search_pace, dated),
            token: place.token,
            client_secret: place.client_secret,
            portal: place.portal,
            overlap: SignedDuration::try_from(place.overlap).map_err(|_| unfit("the overlap"))?,
            sweep_every: SignedDuration::try_from(place.sweep_every).map_err(|_| unfit("the time between sweeps"))?,
            mapping,
            properties,
            account: OnceCell::new(),
            stages: Mutex::default(),
        })
    }

    /// The properties that records of `source` are read with, joined by commas.
    fn properties(&self, source: &Source) -> &str {
        self.properties
            .get(&source.object)
            .map(String::as_str)
            .unwrap_or_default()
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

/// What the rules speak of, and what is needed to understand a record besides.
fn properties(source: &Source, mapping: &Mapping) -> String {
    fn of<'r>(rule: &'r Rule, found: &mut BTreeSet<&'r str>) {
        found.extend(rule.from.iter().filter_map(|path| path.strip_prefix("properties.")));
        if let Some(currency) = &rule.currency {
            of(currency, found);
        }
    }
    let mut found = BTreeSet::from(["hs_object_id", source.modified]);
    found.extend(source.days);
    found.extend(source.stage.iter().flat_map(|(pipeline, stage)| [*pipeline, *stage]));
    if source.name == "contacts" {
        found.extend(["firstname", "lastname", "email", "phone"]);
    }
    for rule in mapping.get(&source.object).into_iter().flat_map(|rules| rules.values()) {
        of(rule, &mut found);
    }
    found.retain(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    found.into_iter().collect::<Vec<_>>().join(",")
}

fn manifest() -> &'static Manifest {
    // Registered there, as its tests see to.
    manifest::of("hubspot").expect("HubSpot is among the CRMs")
}

#[async_trait]
impl Connector for HubSpot {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            crm: manifest().name.clone(),
            objects: manifest().capabilities(),
            cost_figures: true,
            notes: true,
            todos: false,
            hooks: self.client_secret.is_some(),
            max_page: MAX_PAGE,
        }
    }

    async fn pull(&self, object: Object, cursor: Option<&Value>, page_size: usize) -> Result<Page, Error> {
        self.pull_page(Source::of(object)?, cursor, page_size).await
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
        let Ok(source) = Source::of(object) else {
            return Ok(None);
        };
        let id = id(raw).ok_or_else(|| refused("id: is missing".into()))?;
        let at = source
            .changed(raw)
            .ok_or_else(|| refused(format!("{}: is no time", source.modified)))?;
        let none = Default::default();
        let rules = self.mapping.get(&object).unwrap_or(&none);
        let body = mapping::build(object, rules, raw).map_err(refused)?;
        let account = &raw["@account"];
        let url = account["portal"].as_str().zip(account["domain"].as_str());
        Ok(Some(Record {
            object,
            external_id: id.to_owned(),
            revision: source::revision(at),
            modified_at: at,
            // An archived owner is somebody who left, and keeps owning what was owned.
            deleted: raw["archived"] == true && !source.is_owner(),
            body,
            raw: raw.clone(),
            url: url
                .map(|(portal, domain)| format!("https://{domain}/contacts/{portal}/record/{}/{id}", source.type_id)),
        }))
    }

    async fn fetch(&self, object: Object, ids: &[String]) -> Result<Fetched, Error> {
        let source = Source::of(object)?;
        let mut rows = self.rows(source, ids).await?;
        self.enrich(source, &mut rows).await?;
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
        self.scan_page(Source::of(object)?, after, page_size).await
    }

    fn verify(&self, hook: &Hook<'_>) -> Result<Vec<Hint>, Error> {
        let secret = self.client_secret.as_deref();
        let secret =
            secret.ok_or_else(|| Error::Setup("the app's client secret is needed to check deliveries".into()))?;
        hook::verify(hook, secret)
    }

    async fn push(&self, write: &Write, key: &str) -> Result<Written, Error> {
        tracing::debug!(key, "writing to HubSpot");
        self.write(write).await
    }

    async fn count(&self, object: Object) -> Result<Option<u64>, Error> {
        self.how_many(Source::of(object)?).await
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
