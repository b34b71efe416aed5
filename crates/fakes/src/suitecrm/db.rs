//! The records of the fake, its clock, and what writing does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::at;
use crate::faults::{Faults, WriteFault};

/// A record: fields by name, as text; links to others, by the link's name.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// By name.
    pub fields: BTreeMap<String, String>,
    /// Ids by the link's name.
    pub links: BTreeMap<String, Vec<String>>,
}

impl Row {
    /// A field; empty if it holds nothing.
    pub fn of(&self, field: &str) -> &str {
        self.fields.get(field).map_or("", String::as_str)
    }
}

/// A module and its records.
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// Its table.
    pub table: String,
    /// Its fields: name and type.
    pub fields: BTreeMap<String, String>,
    /// By id.
    pub rows: BTreeMap<String, Row>,
}

/// A write that is not seen yet.
struct Late {
    due: i64,
    module: String,
    id: String,
    row: Row,
}

/// All that the fake holds.
pub struct Db {
    /// By name; one that is taken out is turned off.
    pub modules: BTreeMap<String, Module>,
    /// Milliseconds since 1970; moves a little with each write and by [`Db::pass`].
    pub clock: i64,
    /// Seconds by which PHP's clock is wrong, in what `get_server_info` says.
    pub skew: i64,
    /// Modules that the user may not read.
    pub denied: BTreeSet<String>,
    /// Sessions that are open.
    pub sessions: BTreeSet<String>,
    /// Log-ins so far.
    pub logins: usize,
    /// Operations called so far, with the module: `get_entry_list/Accounts`.
    pub calls: Vec<String>,
    /// Operations that the service lacks.
    pub lacking: Vec<&'static str>,
    /// Where the WSDL says that the service is, if not where it is.
    pub elsewhere: Option<String>,
    made: u64,
    last_stamp: i64,
    late: Vec<Late>,
    faults: Faults,
}

/// Module, table, and fields `name:type`.
const MODULES: &[(&str, &str, &str)] = &[
    (
        "Users",
        "users",
        "user_name:user_name first_name:name last_name:name name:name full_name:name email1:varchar status:enum",
    ),
    (
        "Accounts",
        "accounts",
        "name:name phone_office:phone phone_alternate:phone email1:varchar website:url industry:enum \
         billing_address_city:varchar assigned_user_id:relate description:text",
    ),
    (
        "Contacts",
        "contacts",
        "name:name last_name:name account_id:id email1:varchar phone_work:phone phone_mobile:phone title:varchar",
    ),
    (
        "Opportunities",
        "opportunities",
        "name:name account_id:id amount:currency currency_id:id date_closed:date sales_stage:enum probability:int \
         assigned_user_id:relate",
    ),
    ("Project", "project", "name:name status:enum assigned_user_id:relate"),
    (
        "Meetings",
        "meetings",
        "name:name status:enum location:varchar date_start:datetimecombo parent_type:parent_type parent_id:id \
         assigned_user_id:relate",
    ),
    (
        "Calls",
        "calls",
        "name:name status:enum date_start:datetimecombo parent_type:parent_type parent_id:id assigned_user_id:relate",
    ),
    (
        "Notes",
        "notes",
        "name:name description:text parent_type:parent_type parent_id:id",
    ),
    ("Currencies", "currencies", "name:varchar iso4217:varchar"),
];

impl Db {
    pub(super) fn new(faults: Faults) -> Self {
        let mut db = Db {
            modules: BTreeMap::new(),
            // 2026-11-24 04:00:00
            clock: 1_795_492_800_000,
            skew: 0,
            denied: BTreeSet::new(),
            sessions: BTreeSet::new(),
            logins: 0,
            calls: Vec::new(),
            lacking: Vec::new(),
            elsewhere: None,
            made: 0,
            last_stamp: 0,
            late: Vec::new(),
            faults,
        };
        for (name, table, fields) in MODULES {
            let own = ["id:id", "date_modified:datetime", "deleted:bool"];
            let all = fields.split_whitespace().chain(own);
            let all = all.map(|f| f.split_once(':').expect("a type"));
            db.modules.insert(
                (*name).into(),
                Module {
                    table: (*table).into(),
                    fields: all.map(|(name, kind)| (name.into(), kind.into())).collect(),
                    rows: BTreeMap::new(),
                },
            );
        }
        db
    }

    /// Adds the custom fields that hold cost figures to a module, as an administrator does.
    pub fn add_cost_fields(&mut self, module: &str) {
        for (name, kind) in [
            ("cost_paid_c", "decimal"),
            ("cost_pending_c", "decimal"),
            ("cost_currency_c", "varchar"),
            ("cost_as_of_c", "datetimecombo"),
        ] {
            self.module(module).fields.insert(name.into(), kind.into());
        }
    }

    /// A module that must be there.
    pub fn module(&mut self, name: &str) -> &mut Module {
        self.modules.get_mut(name).expect("a known module")
    }

    /// A record that must be there.
    pub fn row(&mut self, module: &str, id: &str) -> &Row {
        self.module(module).rows.get(id).expect("a record")
    }

    /// Ends all sessions.
    pub fn expire(&mut self) {
        self.sessions.clear();
    }

    /// Lets seconds pass; changes that were under way may end meanwhile.
    pub fn pass(&mut self, seconds: i64) {
        self.clock += seconds * 1000;
        let (due, late) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|l| l.due <= self.clock);
        self.late = late;
        for late in due {
            let rows = &mut self.module(&late.module).rows;
            // Another change was first, and is seen already: this one was made before it.
            let newer = rows
                .get(&late.id)
                .is_some_and(|row| row.of("date_modified") > late.row.of("date_modified"));
            if !newer {
                rows.insert(late.id, late.row);
            }
        }
    }

    /// Adds a record past all checks; gives its id. What is under `@link` are links.
    pub fn add(&mut self, module: &str, vals: Value) -> String {
        self.save(module, None, vals).expect("a record")
    }

    /// Changes a record past all checks.
    pub fn set(&mut self, module: &str, id: &str, vals: Value) {
        self.save(module, Some(id), vals).expect("a record");
    }

    /// Deletes a record, of which SuiteCRM keeps the row.
    pub fn delete(&mut self, module: &str, id: &str) {
        self.set(module, id, serde_json::json!({ "deleted": "1" }));
    }

    /// Creates a record, or changes the one of this id; gives its id. None if a field is unknown.
    pub(super) fn save(&mut self, module: &str, id: Option<&str>, vals: Value) -> Option<String> {
        let (stamp, due) = self.stamp();
        let id = match id {
            Some(id) => id.to_owned(),
            None => self.new_id(),
        };
        let known = self.module(module);
        let mut row = known.rows.get(&id).cloned().unwrap_or_default();
        for (name, value) in vals.as_object()? {
            let texts = value
                .as_array()
                .map(|ids| ids.iter().filter_map(Value::as_str).map(str::to_owned).collect());
            match (name.strip_prefix('@'), texts) {
                (Some(link), Some(ids)) => _ = row.links.insert(link.to_owned(), ids),
                // What is no field is forgotten, as a bean forgets it.
                _ if known.fields.contains_key(name) => {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    row.fields.insert(name.clone(), text);
                }
                _ => {}
            }
        }
        row.fields.entry("deleted".into()).or_insert_with(|| "0".into());
        row.fields.insert("id".into(), id.clone());
        row.fields.insert("date_modified".into(), super::text(stamp));
        match due {
            Some(due) => self.late.push(Late {
                due,
                module: module.into(),
                id: id.clone(),
                row,
            }),
            None => _ = self.module(module).rows.insert(id.clone(), row),
        }
        Some(id)
    }

    /// Ids in no order of time, as SuiteCRM's are.
    fn new_id(&mut self) -> String {
        self.made += 1;
        let n = self.made.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let n = format!("{:016x}{:016x}", n, n.rotate_left(29));
        format!("{}-{}-{}-{}-{}", &n[..8], &n[8..12], &n[12..16], &n[16..20], &n[20..])
    }

    /// The time of a write, and when it is seen if that is later.
    fn stamp(&mut self) -> (i64, Option<i64>) {
        self.clock += 1;
        let mut due = None;
        match self.faults.take_write() {
            Some(WriteFault::EqualTime) if self.last_stamp > 0 => return (self.last_stamp, None),
            Some(WriteFault::LateCommit(seconds)) => due = Some(self.clock + i64::from(seconds) * 1000),
            _ => {}
        }
        self.last_stamp = self.clock;
        (self.clock, due)
    }

    /// The clock as PHP tells it.
    pub(super) fn gmt(&self) -> String {
        at(self.clock + self.skew * 1000)
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string()
    }
}
