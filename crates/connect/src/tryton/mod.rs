//! Tryton, over the REST interface of its user applications, or over XML-RPC. Needs Tryton 8.0 or newer.
//!
//! Parties are accounts, named contact mechanisms are contacts, opportunities are deals, employees are CRM users.
//! Writing back needs the small module in `integrations/tryton/outlay_cost`, installed in Tryton.

mod cursor;
mod edit;
mod envelope;
mod map;
mod rest;
mod rpc;
mod source;
mod value;
mod way;
mod write;

use std::{collections::HashSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::SignedDuration;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use self::{
    cursor::{Cursor, Mark},
    map::Mapped,
    rest::{Query, Rest},
    rpc::Rpc,
    source::{SOURCES, Source},
    way::Way,
};
use crate::{
    canonical::{Canonical, Object, Record},
    connector::{
        Capabilities, Connector, Error, Fetched, Marks, ObjectCapability, Page, Ready, Rejected, Target, Write, Written,
    },
    guard::Guard,
    http::{Http, Limits},
    manifest::{self, Manifest, Settings},
    mapping::{self, Mapping},
    pace::Pace,
};

/// Ids in one domain: they travel in the address, whose length servers bound.
const MAX_IDS: usize = 200;

/// How to reach one Tryton.
#[derive(Clone)]
pub struct Place {
    /// Address of the server without the database: `https://tryton.example.com`.
    pub url: String,
    /// Name of the database.
    pub database: String,
    /// Key of a user application of kind REST, validated in Tryton by its user; for XML-RPC, the user's password. A secret.
    pub key: String,
    /// The user's log-in name, to go by XML-RPC instead of REST.
    pub xmlrpc: Option<String>,
    /// States of an opportunity that count as won.
    pub won_states: Vec<String>,
    /// The longest that a transaction in Tryton may take: changes are read again for so long.
    pub overlap: Duration,
    /// Bounds of each request.
    pub limits: Limits,
    /// How fast Tryton may be asked.
    pub pace: Option<Arc<Pace>>,
}

impl Place {
    /// The usual ones: `converted` and `won` count as won, ten minutes of overlap.
    pub fn new(url: impl Into<String>, database: impl Into<String>, key: impl Into<String>) -> Self {
        Place {
            url: url.into(),
            database: database.into(),
            key: key.into(),
            xmlrpc: None,
            won_states: vec!["converted".into(), "won".into()],
            overlap: Duration::from_secs(600),
            limits: Limits::default(),
            pace: None,
        }
    }
}

/// The connector to one Tryton database.
pub struct Tryton {
    way: Way,
    base: Url,
    database: String,
    won_states: Vec<String>,
    overlap: SignedDuration,
    mapping: Mapping,
    /// Asked for once: a connector lives no longer than a pull.
    own: OnceCell<HashSet<i64>>,
}

/// As [`crate::manifest::open`] wants it.
pub fn open(settings: &Settings, mapping: Mapping, guard: &Guard) -> Result<Box<dyn Connector>, Error> {
    let of = |key: &str| settings.get(key).cloned().unwrap_or_default();
    let mut place = Place::new(of("url"), of("database"), of("key"));
    place.pace = Some(Pace::shared(&["tryton", &place.url, &place.database, &place.key], None));
    place.xmlrpc = match of("way").as_str() {
        "rest" => None,
        "xmlrpc" if of("login").is_empty() => return Err(Error::Setup("login is needed for XML-RPC".into())),
        "xmlrpc" => Some(of("login")),
        other => return Err(Error::Setup(format!("way: {other:?} is neither rest nor xmlrpc"))),
    };
    place.won_states = of("won_states").split(',').map(|s| s.trim().to_owned()).collect();
    Ok(Box::new(Tryton::new(place, mapping, guard)?))
}

impl Tryton {
    /// Checks the address by `guard`; asks nothing of the network yet.
    pub fn new(settings: Place, mapping: Mapping, guard: &Guard) -> Result<Self, Error> {
        let base = guard.parse(&settings.url).map_err(|e| Error::Setup(e.to_string()))?;
        if settings.database.is_empty() || settings.key.is_empty() {
            return Err(Error::Setup("the name of the database and the key are needed".into()));
        }
        let overlap =
            SignedDuration::try_from(settings.overlap).map_err(|_| Error::Setup("the overlap is too long".into()))?;
        let http = Http::new(guard, settings.limits)?.paced(settings.pace);
        let way = match settings.xmlrpc {
            Some(login) => Way::Rpc(Rpc::new(http, &base, &settings.database, login, settings.key)?),
            None => Way::Rest(Rest::new(http, &base, &settings.database, settings.key)?),
        };
        Ok(Tryton {
            way,
            base,
            database: settings.database,
            won_states: settings.won_states,
            overlap,
            mapping,
            own: OnceCell::new(),
        })
    }

    /// One request's worth of changes of the stage that the cursor stands at.
    async fn step(
        &self,
        source: &'static Source,
        cursor: &mut Cursor,
        limit: usize,
    ) -> Result<(Vec<Value>, bool), Error> {
        let order = json!([["last_modified_at", "ASC"], ["id", "ASC"]]);
        let part = cursor.stage.checked_sub(1).map(|i| source.parts[i]);
        let (model, domain, fields, limit) = match part {
            None => {
                let fields = [source.fields, &["last_modified_at"]].concat();
                (source.model, json!([source.domain(), cursor.after()]), fields, limit)
            }
            Some((model, parent)) => (
                model,
                cursor.after(),
                vec![parent, "last_modified_at"],
                limit.min(MAX_IDS),
            ),
        };
        let query = Query {
            domain: &domain,
            order: &order,
            fields: &fields,
            limit,
        };
        let is_new = cursor.is_new();
        let found = self.way.search(model, query).await?;
        let exact = self.way.exact(model, &found.rows).await?;
        let mut marks = Vec::with_capacity(found.rows.len());
        for row in &found.rows {
            let mark = map::id(row).zip(map::modified(row));
            let (id, at) = mark.ok_or_else(|| {
                Error::Broken(format!(
                    "{model} without id or last_modified_at: Tryton 8.0 or newer is needed, with the right to read them"
                ))
            })?;
            let at = exact.get(&id).copied().unwrap_or(at);
            marks.push(Mark { at, id });
        }
        if is_new && let Some(now) = found.now {
            cursor.begin_parts(now.checked_sub(self.overlap).unwrap_or(now));
        }
        cursor.advance(&marks, model)?;
        cursor.reached(found.now, self.overlap);
        let done = marks.is_empty() && cursor.drained(source);
        let rows = match part {
            None => found.rows,
            Some((_, parent)) => self.owners(source, parent, &found.rows).await?,
        };
        Ok((rows, done))
    }

    /// The records that the changed parts belong to.
    async fn owners(&self, source: &Source, parent: &str, parts: &[Value]) -> Result<Vec<Value>, Error> {
        let ids: HashSet<i64> = parts
            .iter()
            .filter_map(|p| p[parent].as_i64().or_else(|| map::id(&p[parent])))
            .collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut ids: Vec<i64> = ids.into_iter().collect();
        ids.sort_unstable();
        self.rows(source.object, json!(["id", "in", ids]), ids.len()).await
    }

    /// Records of `object` that `condition` allows, by id.
    async fn rows(&self, object: Object, condition: Value, limit: usize) -> Result<Vec<Value>, Error> {
        let source = Source::of(object).ok_or_else(|| Error::Setup(format!("Tryton has no object like {object}")))?;
        let fields = [source.fields, &["last_modified_at"]].concat();
        let query = Query {
            domain: &json!([source.domain(), condition]),
            order: &json!([["id", "ASC"]]),
            fields: &fields,
            limit,
        };
        Ok(self.way.search(source.model, query).await?.rows)
    }

    /// Parties that are no customers: our own companies and their employees.
    async fn own_parties(&self) -> Result<&HashSet<i64>, Error> {
        self.own.get_or_try_init(|| self.find_own()).await
    }

    async fn find_own(&self) -> Result<HashSet<i64>, Error> {
        let mut own = HashSet::new();
        for model in ["company.company", "company.employee"] {
            let query = Query {
                domain: &json!([]),
                order: &json!([["id", "ASC"]]),
                fields: &["party"],
                limit: 100_000,
            };
            let rows = self.way.search(model, query).await?.rows;
            own.extend(rows.iter().filter_map(|r| r["party"].as_i64()));
        }
        Ok(own)
    }

    /// Log-in names of employees, by the employee's id; empty if the key may not read users.
    async fn logins(&self, rows: &[Value]) -> Result<Vec<(i64, String)>, Error> {
        let ids: Vec<i64> = rows.iter().filter_map(map::id).collect();
        let mut logins = Vec::new();
        for ids in ids.chunks(MAX_IDS) {
            let query = Query {
                domain: &json!([["employees", "in", ids]]),
                order: &json!([["id", "ASC"]]),
                fields: &["login", "employees"],
                limit: 10_000,
            };
            let users = match self.way.search("res.user", query).await {
                Ok(found) => found.rows,
                Err(Error::Refused { .. }) => return Ok(Vec::new()),
                Err(other) => return Err(other),
            };
            for user in users {
                let Some(login) = user["login"].as_str() else {
                    continue;
                };
                let employees = user["employees"].as_array().into_iter().flatten();
                logins.extend(employees.filter_map(|e| Some((e.as_i64()?, login.to_owned()))));
            }
        }
        Ok(logins)
    }

    fn record(&self, source: &Source, mapped: Mapped, raw: Value) -> Record {
        let model = source.model;
        let mut url = self.base.clone();
        url.set_fragment(Some(&format!("{}/model/{model}/{}", self.database, mapped.id)));
        Record {
            object: source.object,
            external_id: mapped.id.to_string(),
            revision: revision(mapped.at),
            modified_at: mapped.at,
            deleted: mapped.archived,
            body: mapped.body,
            raw,
            url: Some(url.into()),
        }
    }

    async fn how_many(&self, object: Object) -> Result<Option<u64>, Error> {
        // Which mechanisms are contacts is not seen by counting.
        if object == Object::Contact {
            return Ok(None);
        }
        let source = Source::of(object).ok_or_else(|| Error::Setup(format!("Tryton has no object like {object}")))?;
        self.way.count(source.model, &json!([source.domain()])).await
    }

    /// A failure inside Tryton tells little: asks whether the model's module is there at all.
    async fn explain(&self, error: Error, source: &Source) -> Error {
        if !matches!(error, Error::Failed { status: 500 }) {
            return error;
        }
        match self.lacking(&[source.module]).await {
            Ok(lacking) if !lacking.is_empty() => Error::Setup(format!(
                "Tryton lacks the module {}, which holds its {}s: activate it or leave them out",
                source.module, source.object
            )),
            _ => error,
        }
    }

    /// Those of `modules` that are not activated in Tryton.
    async fn lacking<'a>(&self, modules: &[&'a str]) -> Result<Vec<&'a str>, Error> {
        let query = Query {
            domain: &json!([["name", "in", modules], ["state", "=", "activated"]]),
            order: &json!([["id", "ASC"]]),
            fields: &["name"],
            limit: modules.len(),
        };
        let found = self.way.search("ir.module", query).await?.rows;
        let there = |m: &str| found.iter().any(|r| r["name"] == m);
        Ok(modules.iter().copied().filter(|m| !there(m)).collect())
    }
}

#[async_trait]
impl Connector for Tryton {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            crm: "Tryton".into(),
            objects: SOURCES
                .iter()
                .map(|s| ObjectCapability {
                    object: s.object,
                    source: s.model.into(),
                    deletes: s.deletes,
                })
                .collect(),
            cost_figures: true,
            notes: true,
            todos: false,
            hooks: false,
            max_page: self.way.max_page(),
        }
    }

    async fn pull(&self, object: Object, cursor: Option<&Value>, page_size: usize) -> Result<Page, Error> {
        let source = Source::of(object).ok_or_else(|| Error::Setup(format!("Tryton has no object like {object}")))?;
        let mut cursor = Cursor::open(cursor, source)?;
        let size = page_size.clamp(1, self.way.max_page());
        let own = match object {
            Object::Account => Some(self.own_parties().await?),
            _ => None,
        };
        let mut records: Vec<Record> = Vec::new();
        let mut rejected = Vec::new();
        let mut seen = HashSet::new();
        let mut done = false;
        while !done && records.len() + rejected.len() < size {
            let room = size - records.len() - rejected.len();
            let (rows, end) = match self.step(source, &mut cursor, room).await {
                Ok(step) => step,
                Err(error) => return Err(self.explain(error, source).await),
            };
            done = end;
            let logins = match object {
                Object::CrmUser => self.logins(&rows).await?,
                _ => Vec::new(),
            };
            for raw in rows {
                if map::id(&raw).is_some_and(|id| own.is_some_and(|own| own.contains(&id))) {
                    continue;
                }
                match self.understand(object, &raw) {
                    Ok(None) => {}
                    Ok(Some(mut record)) => {
                        if !seen.insert((record.external_id.clone(), record.modified_at)) {
                            continue;
                        }
                        if let Canonical::CrmUser(user) = &mut record.body {
                            let login = logins.iter().find(|(id, _)| id.to_string() == record.external_id);
                            user.login = login.map(|(_, l)| l.clone());
                        }
                        records.push(record);
                    }
                    Err(refused) => rejected.push(*refused),
                }
            }
        }
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
                external_id: map::id(raw).map(|i| i.to_string()),
                reason,
                raw: raw.clone(),
            })
        };
        let Some(source) = Source::of(object) else {
            return Ok(None);
        };
        let Some(mut mapped) = map::map(object, raw, &self.won_states).map_err(refused)? else {
            return Ok(None);
        };
        if let Some(rules) = self.mapping.get(&object) {
            mapped.body = mapping::overlay(mapped.body, rules, raw).map_err(refused)?;
        }
        Ok(Some(self.record(source, mapped, raw.clone())))
    }

    async fn fetch(&self, object: Object, ids: &[String]) -> Result<Fetched, Error> {
        let numbers: Vec<i64> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        let mut found = Fetched::default();
        for some in numbers.chunks(MAX_IDS) {
            for raw in self.rows(object, json!(["id", "in", some]), some.len()).await? {
                match self.understand(object, &raw) {
                    Ok(record) => found.records.extend(record),
                    Err(refused) => found.rejected.push(*refused),
                }
            }
        }
        let there = |id: &String| {
            let seen = found.records.iter().map(|r| Some(&r.external_id));
            seen.chain(found.rejected.iter().map(|r| r.external_id.as_ref()))
                .any(|known| known == Some(id))
        };
        found.gone = ids.iter().filter(|id| !there(id)).cloned().collect();
        Ok(found)
    }

    async fn scan(&self, object: Object, after: Option<&Value>, page_size: usize) -> Result<Marks, Error> {
        let last = after.and_then(Value::as_i64).unwrap_or(0);
        let size = page_size.clamp(1, self.way.max_page());
        let own = match object {
            Object::Account => Some(self.own_parties().await?),
            _ => None,
        };
        let rows = self.rows(object, json!(["id", ">", last]), size).await?;
        let next = rows.iter().filter_map(map::id).max().unwrap_or(last);
        let done = rows.len() < size;
        let others = rows
            .iter()
            .filter(|row| map::id(row).is_none_or(|id| own.is_none_or(|own| !own.contains(&id))));
        // What cannot be understood is among the dead letters, and is no record that lacks.
        let records = others.filter_map(|row| self.understand(object, row).ok().flatten());
        Ok(Marks {
            marks: records.filter(|r| !r.deleted).map(|r| r.mark()).collect(),
            next: json!(next),
            done,
        })
    }

    async fn push(&self, write: &Write, key: &str) -> Result<Written, Error> {
        self.write(write, key).await
    }

    async fn count(&self, object: Object) -> Result<Option<u64>, Error> {
        self.how_many(object).await
    }

    fn pace(&self) -> Option<&Pace> {
        self.way.pace()
    }

    async fn check(&self) -> Result<Ready, Error> {
        let modules: Vec<&str> = SOURCES.iter().map(|s| s.module).collect();
        let mut warnings: Vec<String> = self
            .lacking(&modules)
            .await?
            .into_iter()
            .map(|m| format!("Tryton's module {m} is not activated: what it holds cannot be read"))
            .collect();
        warnings.dedup();
        if !self.lacking(&[write::MODULE]).await?.is_empty() {
            warnings.push(write::MODULE_MISSING.into());
        }
        Ok(Ready { warnings })
    }

    async fn scratch(&self) -> Result<Target, Error> {
        self.make_scratch().await
    }

    async fn discard(&self, scratch: &Target) -> Result<(), Error> {
        self.drop_scratch(scratch).await
    }
}

fn manifest() -> &'static Manifest {
    manifest::of("tryton").expect("its manifest is part of the program")
}

/// Times of change as text of one length, so that text sorts as time does.
fn revision(at: jiff::Timestamp) -> String {
    format!("{at:.6}")
}
