//! The records of the fake, its clock, and what writing does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::models;
use crate::faults::{Faults, WriteFault};

/// A record as it is stored: a many2one is its id or `false`, `write_date` is microseconds since 1970.
pub type Row = Map<String, Value>;

/// Why a call is refused, as Odoo tells it.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The HTTP status that JSON-2 gives it.
    pub status: u16,
    /// The exception's name in Python.
    pub name: &'static str,
    /// What it says.
    pub message: String,
}

impl Refusal {
    /// A refusal with its HTTP status and the exception's name.
    pub fn new(status: u16, name: &'static str, message: impl Into<String>) -> Self {
        Refusal {
            status,
            name,
            message: message.into(),
        }
    }
}

/// One field of a model.
#[derive(Debug, Clone)]
pub struct Field {
    /// Odoo's word: `char`, `many2one`.
    pub kind: String,
    /// The model that a relation leads to.
    pub relation: Option<String>,
    /// True if the key is in none of the field's groups.
    pub hidden: bool,
}

impl Field {
    /// `char`, or `many2one/res.partner`.
    pub fn of(kind: &str) -> Self {
        let (kind, relation) = match kind.split_once('/') {
            Some((kind, relation)) => (kind, Some(relation.to_owned())),
            None => (kind, None),
        };
        Field {
            kind: kind.to_owned(),
            relation,
            hidden: false,
        }
    }
}

/// A model and its records.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// By name.
    pub fields: BTreeMap<String, Field>,
    /// By id.
    pub rows: BTreeMap<i64, Row>,
    last_id: i64,
}

/// A write whose transaction has not ended yet.
struct Late {
    due: i64,
    model: String,
    id: i64,
    vals: Row,
    is_new: bool,
}

/// All that the fake holds.
pub struct Db {
    /// By name; one that is taken out is of a module that is not installed.
    pub models: BTreeMap<String, Model>,
    /// Microseconds since 1970; moves a little with each write and by [`Db::pass`].
    pub clock: i64,
    /// 17 to 19.
    pub version: u32,
    /// True if the key may add fields.
    pub is_admin: bool,
    /// Rights that the key lacks: (model, `read`, `write`, `create` or `unlink`).
    pub denied: BTreeSet<(String, String)>,
    /// Fields of models whose new values a constraint refuses.
    pub refused: BTreeSet<(String, String)>,
    /// Methods called so far: `crm.lead/write`.
    pub calls: Vec<String>,
    last_stamp: i64,
    late: Vec<Late>,
    faults: Faults,
}

impl Db {
    pub(super) fn new(version: u32, faults: Faults) -> Self {
        let mut db = Db {
            models: BTreeMap::new(),
            // 2026-11-24 04:00:00
            clock: 1_795_492_800_000_000,
            version,
            is_admin: true,
            denied: BTreeSet::new(),
            refused: BTreeSet::new(),
            calls: Vec::new(),
            last_stamp: 0,
            late: Vec::new(),
            faults,
        };
        db.furnish();
        db
    }

    /// A model that must be there, to look at.
    pub fn at(&self, name: &str) -> &Model {
        self.models.get(name).expect("a known model")
    }

    /// A model that must be there.
    pub fn model(&mut self, name: &str) -> &mut Model {
        self.models.get_mut(name).expect("a known model")
    }

    /// Lets seconds pass; transactions that were open may end meanwhile.
    pub fn pass(&mut self, seconds: i64) {
        self.clock += seconds * 1_000_000;
        let (due, late) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|l| l.due <= self.clock);
        self.late = late;
        for late in due {
            let Some(model) = self.models.get_mut(&late.model) else {
                continue;
            };
            if late.is_new {
                model.rows.insert(late.id, late.vals);
            } else if let Some(row) = model.rows.get_mut(&late.id)
                // Another transaction was first: this one is rolled back.
                && row["write_date"].as_i64() <= late.vals["write_date"].as_i64()
            {
                row.extend(late.vals);
            }
        }
    }

    /// Adds a record past all checks; gives its id.
    pub fn add(&mut self, model: &str, vals: Value) -> i64 {
        self.create(model, vals).expect("a record")
    }

    /// Changes a record past all checks.
    pub fn set(&mut self, model: &str, id: i64, vals: Value) {
        self.write(model, &[id], vals).expect("a record");
    }

    /// Changes a record without touching its time of change, as Odoo does to what is read through another record.
    pub fn set_silently(&mut self, model: &str, id: i64, vals: Value) {
        let row = self.model(model).rows.get_mut(&id).expect("a record");
        row.extend(vals.as_object().expect("values").clone());
    }

    pub(super) fn create(&mut self, name: &str, vals: Value) -> Result<i64, Refusal> {
        let vals = self.known(name, vals)?;
        let (stamp, due) = self.stamp();
        let model = self.model(name);
        model.last_id += 1;
        let id = model.last_id;
        let mut row = Row::new();
        for field in model.fields.keys() {
            row.insert(field.clone(), models::default(name, field));
        }
        row.extend(vals);
        row.insert("id".into(), json!(id));
        row.insert("write_date".into(), json!(stamp));
        row.insert("create_date".into(), json!(stamp));
        self.follow(name, &mut row);
        match due {
            Some(due) => self.late.push(Late {
                due,
                model: name.into(),
                id,
                vals: row,
                is_new: true,
            }),
            None => _ = self.model(name).rows.insert(id, row),
        }
        Ok(id)
    }

    pub(super) fn write(&mut self, name: &str, ids: &[i64], vals: Value) -> Result<(), Refusal> {
        let vals = self.known(name, vals)?;
        let (stamp, due) = self.stamp();
        for id in ids {
            let mut vals = vals.clone();
            vals.insert("write_date".into(), json!(stamp));
            self.follow(name, &mut vals);
            let row = self.model(name).rows.get_mut(id);
            let row = row.ok_or_else(|| Refusal::new(404, "odoo.exceptions.MissingError", "Record does not exist"))?;
            match due {
                Some(due) => self.late.push(Late {
                    due,
                    model: name.into(),
                    id: *id,
                    vals,
                    is_new: false,
                }),
                None => row.extend(vals),
            }
        }
        Ok(())
    }

    /// What Odoo sets by itself: a deal that reaches a won stage is certain and closed.
    fn follow(&self, model: &str, vals: &mut Row) {
        let stage = vals.get("stage_id").and_then(Value::as_i64);
        if model == "crm.lead"
            && let Some(stage) = stage
            && self
                .at("crm.stage")
                .rows
                .get(&stage)
                .is_some_and(|s| s["is_won"] == true)
        {
            vals.insert("probability".into(), json!(100.0));
            vals.insert("date_closed".into(), json!(super::text(self.clock)));
        }
    }

    fn known(&self, model: &str, vals: Value) -> Result<Row, Refusal> {
        let vals = vals.as_object().cloned().unwrap_or_default();
        for name in vals.keys() {
            self.field(model, name)?;
        }
        Ok(vals)
    }

    /// A field by its name, or the error that Odoo gives.
    pub fn field(&self, model: &str, name: &str) -> Result<Field, Refusal> {
        match self.at(model).fields.get(name) {
            Some(field) if field.hidden => Err(Refusal::new(
                403,
                "odoo.exceptions.AccessError",
                format!("You do not have enough rights to access the field \"{name}\" on {model}."),
            )),
            Some(field) => Ok(field.clone()),
            None => Err(Refusal::new(
                500,
                "builtins.ValueError",
                format!("Invalid field {name:?} on model {model:?}"),
            )),
        }
    }

    /// The time of a write, and when it is seen if that is later.
    fn stamp(&mut self) -> (i64, Option<i64>) {
        self.clock += 1000;
        let odd = self.faults.take_write();
        let mut due = None;
        match odd {
            Some(WriteFault::EqualTime) if self.last_stamp > 0 => return (self.last_stamp, None),
            Some(WriteFault::LateCommit(seconds)) => due = Some(self.clock + i64::from(seconds) * 1_000_000),
            _ => {}
        }
        self.last_stamp = self.clock;
        (self.clock, due)
    }
}
