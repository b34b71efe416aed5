//! The records of a fake HubSpot.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::faults::{Faults, WriteFault};

/// One record.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its number.
    pub id: u64,
    /// Its properties; all are text.
    pub properties: BTreeMap<String, String>,
    /// When it changed last.
    pub modified: Timestamp,
    /// When the search sees that change.
    pub indexed: Timestamp,
    /// When it was archived.
    pub archived: Option<Timestamp>,
}

/// A refusal in HubSpot's words.
#[derive(Debug)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    category: String,
    message: String,
}

impl Refusal {
    /// With this status, category and sentence.
    pub fn new(status: u16, category: &str, message: &str) -> Self {
        Refusal {
            status,
            category: category.into(),
            message: message.into(),
        }
    }

    /// As HubSpot writes it.
    pub fn told(&self) -> Value {
        json!({
            "status": "error",
            "message": self.message,
            "correlationId": "aeb5f871-7f07-4993-9211-075dc63e7cbf",
            "category": self.category,
        })
    }
}

/// All that a fake HubSpot holds.
pub struct Db {
    /// Its clock.
    pub clock: Timestamp,
    /// What was asked for, oldest first: `GET /crm/v3/owners`.
    pub requests: Vec<String>,
    /// Answers to give to the next requests instead.
    pub refusals: VecDeque<(u16, Value)>,
    /// Errors to put into the next answer of a batch, which then is a 207.
    pub batch_errors: Vec<Value>,
    /// Kinds of records that the token may not see, and whether the portal lacks them (404) instead.
    pub hidden: BTreeMap<String, u16>,
    /// The scopes of the token; none if HubSpot does not tell.
    pub scopes: Option<Vec<String>>,
    /// True if the token may add properties.
    pub may_add: bool,
    /// Owners, as they are given out.
    pub owners: Vec<Value>,
    /// Pipelines by kind of record.
    pub pipelines: BTreeMap<String, Value>,
    /// Properties that were added, by kind of record.
    pub added: BTreeMap<String, BTreeSet<String>>,
    /// The most results that a search gives.
    pub search_cap: usize,
    pub(super) records: BTreeMap<String, BTreeMap<u64, Record>>,
    pub(super) ties: Vec<(String, u64, String, u64, Option<String>)>,
    last_id: u64,
    faults: Faults,
}

impl Db {
    /// An empty portal.
    pub(super) fn new(faults: Faults) -> Self {
        Db {
            clock: "2025-03-03T08:00:00Z".parse().expect("a time"),
            requests: Vec::new(),
            refusals: VecDeque::new(),
            batch_errors: Vec::new(),
            hidden: BTreeMap::new(),
            scopes: None,
            may_add: true,
            owners: Vec::new(),
            pipelines: BTreeMap::new(),
            added: BTreeMap::new(),
            search_cap: 10_000,
            records: BTreeMap::new(),
            ties: Vec::new(),
            last_id: 1000,
            faults,
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, seconds: i64) {
        self.clock += SignedDuration::from_secs(seconds);
    }

    /// Adds a record of `kind`, such as `deals`; gives its id.
    pub fn add(&mut self, kind: &str, properties: &Value) -> String {
        self.last_id += 1;
        let id = self.last_id;
        let (modified, indexed) = self.tick();
        let record = Record {
            id,
            properties: texts(properties),
            modified,
            indexed,
            archived: None,
        };
        self.records.entry(kind.into()).or_default().insert(id, record);
        id.to_string()
    }

    /// Changes a record.
    pub fn change(&mut self, kind: &str, id: &str, properties: &Value) {
        let (modified, indexed) = self.tick();
        let record = self.get(kind, id).expect("a record");
        record.properties.extend(texts(properties));
        (record.modified, record.indexed) = (modified, indexed);
    }

    /// Archives a record.
    pub fn archive(&mut self, kind: &str, id: &str) {
        let (at, _) = self.tick();
        self.get(kind, id).expect("a record").archived = Some(at);
    }

    /// Erases a record without a trace.
    pub fn erase(&mut self, kind: &str, id: &str) {
        let id: u64 = id.parse().expect("a number");
        self.records.entry(kind.into()).or_default().remove(&id);
    }

    /// Ties two records, perhaps by a label such as `Primary`.
    pub fn tie(&mut self, from: (&str, &str), to: (&str, &str), label: Option<&str>) {
        let number = |id: &str| id.parse().expect("a number");
        let (a, b) = (number(from.1), number(to.1));
        self.ties
            .push((from.0.into(), a, to.0.into(), b, label.map(str::to_owned)));
        self.ties
            .push((to.0.into(), b, from.0.into(), a, label.map(str::to_owned)));
    }

    /// A property of a record, as it is now.
    pub fn property(&self, kind: &str, id: &str, name: &str) -> Option<String> {
        let id: u64 = id.parse().ok()?;
        self.records.get(kind)?.get(&id)?.properties.get(name).cloned()
    }

    /// The records of a kind, by rising ids.
    pub fn all(&self, kind: &str) -> Vec<Record> {
        self.records
            .get(kind)
            .into_iter()
            .flat_map(|r| r.values().cloned())
            .collect()
    }

    pub(super) fn is_tied(&self, from: (&str, u64), to: (&str, &str)) -> bool {
        let to = (to.0, to.1.parse::<u64>().unwrap_or_default());
        self.ties
            .iter()
            .any(|(f, i, t, j, _)| (f.as_str(), *i) == from && (t.as_str(), *j) == to)
    }

    pub(super) fn get(&mut self, kind: &str, id: &str) -> Option<&mut Record> {
        let id: u64 = id.parse().ok()?;
        self.records.get_mut(kind)?.get_mut(&id)
    }

    fn tick(&mut self) -> (Timestamp, Timestamp) {
        match self.faults.take_write() {
            Some(WriteFault::EqualTime) => (self.clock, self.clock),
            Some(WriteFault::LateCommit(seconds)) => {
                self.pass(1);
                (self.clock, self.clock + SignedDuration::from_secs(seconds.into()))
            }
            None => {
                self.pass(1);
                (self.clock, self.clock)
            }
        }
    }
}

/// A record as it is given out, with these properties.
pub(super) fn shown(kind: &str, record: &Record, names: &[&str]) -> Value {
    let mut properties = Map::new();
    for name in names.iter().filter(|n| !n.is_empty()) {
        let value = record.properties.get(*name);
        properties.insert((*name).into(), value.map_or(Value::Null, |v| v.as_str().into()));
    }
    let modified = format!("{:.3}", record.modified);
    properties.insert(modified_name(kind).into(), modified.as_str().into());
    properties.insert("hs_object_id".into(), record.id.to_string().into());
    let mut row = json!({
        "id": record.id.to_string(), "properties": properties, "archived": record.archived.is_some(),
        "createdAt": "2025-01-01T00:00:00.000Z", "updatedAt": modified,
    });
    if let Some(at) = record.archived {
        row["archivedAt"] = format!("{at:.3}").into();
    }
    row
}

/// The property that tells when a record of `kind` changed.
pub(super) fn modified_name(kind: &str) -> &'static str {
    if kind == "contacts" {
        "lastmodifieddate"
    } else {
        "hs_lastmodifieddate"
    }
}

/// Properties, all as text.
pub(super) fn texts(properties: &Value) -> BTreeMap<String, String> {
    let all = properties.as_object().into_iter().flatten();
    all.map(|(name, value)| {
        (
            name.clone(),
            value.as_str().map_or_else(|| value.to_string(), str::to_owned),
        )
    })
    .collect()
}

/// 400 for a part of a request that is out of bounds.
pub(super) fn invalid(what: &str) -> Refusal {
    Refusal::new(400, "VALIDATION_ERROR", &format!("Invalid input: {what}"))
}

/// 404 for a record.
pub(super) fn missing(id: &str) -> Refusal {
    Refusal::new(
        404,
        "OBJECT_NOT_FOUND",
        &format!("Object not found.  objectId are usually numeric: {id}"),
    )
}
