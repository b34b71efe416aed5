//! The rows of a fake Dataverse, its clock and versions, and what writing does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::faults::{Faults, WriteFault};

/// A row as it is stored: times are seconds since 1970, `@version` is its version.
pub type Row = Map<String, Value>;

/// A refusal in Dataverse's words.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    code: &'static str,
    message: String,
}

impl Refusal {
    /// With this status, code and sentence.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Refusal {
            status,
            code,
            message: message.into(),
        }
    }

    /// As the body of an answer.
    pub fn told(&self) -> Value {
        json!({ "error": { "code": self.code, "message": self.message } })
    }
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// `text`, `number`, `boolean`, `datetime` or `id`.
    pub kind: &'static str,
    /// Whether it can be written.
    pub writable: bool,
}

/// A table and its rows.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its logical name: `account`.
    pub name: &'static str,
    /// The column of its ids.
    pub key: &'static str,
    /// By their names in rows: lookups are `_ownerid_value`.
    pub columns: BTreeMap<String, Column>,
    /// By id.
    pub rows: BTreeMap<String, Row>,
    /// Whether its changes are tracked.
    pub tracked: bool,
    /// Whether our user may read it.
    pub shown: bool,
}

impl Table {
    /// A column by its name in rows.
    pub fn column(&self, name: &str) -> Result<Column, Refusal> {
        let lacks = || {
            let text = format!(
                "Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{}'.",
                self.name
            );
            Refusal::new(400, "0x80060888", text)
        };
        self.columns.get(name).copied().ok_or_else(lacks)
    }
}

/// A write whose transaction has not ended yet.
struct Late {
    due: i64,
    set: String,
    id: String,
    values: Row,
    version: i64,
}

/// All that a fake Dataverse holds.
pub struct Db {
    /// By their names in addresses; one that is taken out is not there.
    pub tables: BTreeMap<String, Table>,
    /// Seconds since 1970; moves by one with each write, and by [`Db::pass`].
    pub clock: i64,
    /// What was asked for: `GET accounts`.
    pub requests: Vec<String>,
    /// Tokens that are good.
    pub tokens: BTreeSet<String>,
    /// Tokens given so far.
    pub tokens_given: usize,
    /// How long a token is said to hold, in seconds.
    pub token_holds: u64,
    /// Where links lead, if not to this server.
    pub links_to: Option<String>,
    /// Changes before this version are kept no more.
    pub kept_from: i64,
    /// What somebody does right before the next change of one row comes: set, id, values.
    pub on_patch: Option<(String, String, Value)>,
    /// Deletions: set, id, version.
    pub(super) tombs: Vec<(String, String, i64)>,
    version: i64,
    made: u64,
    last_stamp: i64,
    late: Vec<Late>,
    faults: Faults,
}

/// Tables: set, logical name, key, columns by kind. Read-only ones begin with `-`.
const TABLES: [(&str, &str, &str, &str); 11] = [
    (
        "systemusers",
        "systemuser",
        "systemuserid",
        "-fullname:text internalemailaddress:text domainname:text isdisabled:boolean",
    ),
    (
        "accounts",
        "account",
        "accountid",
        "name:text accountnumber:text address1_city:text _ownerid_value:id telephone1:text emailaddress1:text websiteurl:text \
         industrycode:number",
    ),
    (
        "contacts",
        "contact",
        "contactid",
        "-fullname:text _parentcustomerid_value:id emailaddress1:text telephone1:text mobilephone:text jobtitle:text",
    ),
    (
        "opportunities",
        "opportunity",
        "opportunityid",
        "name:text _customerid_value:id _parentaccountid_value:id _parentcontactid_value:id _ownerid_value:id stepname:text \
         salesstage:number actualvalue:number estimatedvalue:number _transactioncurrencyid_value:id actualclosedate:text \
         estimatedclosedate:text closeprobability:number",
    ),
    (
        "msdyn_projects",
        "msdyn_project",
        "msdyn_projectid",
        "msdyn_subject:text _msdyn_customer_value:id _ownerid_value:id",
    ),
    (
        "salesorders",
        "salesorder",
        "salesorderid",
        "ordernumber:text _customerid_value:id _opportunityid_value:id totalamount:number _transactioncurrencyid_value:id \
         submitdate:datetime",
    ),
    (
        "appointments",
        "appointment",
        "activityid",
        "subject:text location:text _regardingobjectid_value:id _ownerid_value:id scheduledstart:datetime scheduledend:datetime \
         actualstart:datetime actualend:datetime",
    ),
    (
        "phonecalls",
        "phonecall",
        "activityid",
        "subject:text _regardingobjectid_value:id _ownerid_value:id scheduledstart:datetime scheduledend:datetime \
         actualstart:datetime actualend:datetime",
    ),
    (
        "tasks",
        "task",
        "activityid",
        "subject:text _regardingobjectid_value:id _ownerid_value:id scheduledstart:datetime scheduledend:datetime \
         actualstart:datetime actualend:datetime",
    ),
    (
        "transactioncurrencies",
        "transactioncurrency",
        "transactioncurrencyid",
        "isocurrencycode:text currencyname:text",
    ),
    (
        "annotations",
        "annotation",
        "annotationid",
        "subject:text notetext:text _objectid_value:id",
    ),
];
const OUTLAY: &str = "outlay_paid:number outlay_pending:number outlay_currency:text outlay_asof:datetime";

impl Db {
    pub(super) fn new(faults: Faults) -> Self {
        let mut db = Db {
            tables: BTreeMap::new(),
            // 2026-11-24 04:00:00
            clock: 1_795_492_800,
            requests: Vec::new(),
            tokens: BTreeSet::new(),
            tokens_given: 0,
            token_holds: 3599,
            links_to: None,
            kept_from: 0,
            on_patch: None,
            tombs: Vec::new(),
            version: 1000,
            made: 0,
            last_stamp: 0,
            late: Vec::new(),
            faults,
        };
        for (set, name, key, columns) in TABLES {
            let mut columns = read_columns(columns);
            columns.extend(read_columns(
                "-modifiedon:datetime -createdon:datetime statecode:number statuscode:number",
            ));
            let id = Column {
                kind: "id",
                writable: false,
            };
            columns.insert(key.into(), id);
            let table = Table {
                name,
                key,
                columns,
                rows: BTreeMap::new(),
                tracked: true,
                shown: true,
            };
            db.tables.insert(set.into(), table);
        }
        db.add(
            "transactioncurrencies",
            json!({ "isocurrencycode": "CNY", "currencyname": "人民币" }),
        );
        db
    }

    /// A table that must be there.
    pub fn table(&mut self, set: &str) -> &mut Table {
        self.tables.get_mut(set).expect("a known table")
    }

    /// A row that must be there.
    pub fn row(&self, set: &str, id: &str) -> Row {
        self.tables[set].rows[id].clone()
    }

    /// The id of the only currency.
    pub fn yuan(&self) -> String {
        self.tables["transactioncurrencies"]
            .rows
            .keys()
            .next()
            .expect("one")
            .clone()
    }

    /// Does what an administrator does for cost figures.
    pub fn add_columns(&mut self, set: &str) {
        self.table(set).columns.extend(read_columns(OUTLAY));
    }

    /// Lets seconds pass; transactions that were open may end meanwhile.
    pub fn pass(&mut self, seconds: i64) {
        self.clock += seconds;
        let (due, late) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|l| l.due <= self.clock);
        self.late = late;
        for late in due {
            let rows = &mut self.table(&late.set).rows;
            match rows.get_mut(&late.id) {
                // Another transaction was first: this one is rolled back.
                Some(row) if row["@version"].as_i64() > Some(late.version) => {}
                Some(row) => row.extend(late.values),
                None if late.values.contains_key("createdon") => _ = rows.insert(late.id, late.values),
                None => {}
            }
        }
    }

    /// Adds a row past all checks; gives its id.
    pub fn add(&mut self, set: &str, values: Value) -> String {
        self.create(set, values.as_object().cloned().unwrap_or_default())
    }

    /// Changes a row past all checks.
    pub fn set(&mut self, set: &str, id: &str, values: Value) {
        self.write(set, id, values.as_object().cloned().unwrap_or_default());
    }

    /// Deletes a row.
    pub fn delete(&mut self, set: &str, id: &str) {
        self.clock += 1;
        self.version += 1;
        self.table(set).rows.remove(id);
        self.tombs.push((set.into(), id.into(), self.version));
    }

    /// Forgets what changed up to now: links to it lead nowhere.
    pub fn forget_changes(&mut self) {
        self.version += 1;
        self.kept_from = self.version;
    }

    /// All changes up to this version can be seen by now.
    pub(super) fn settled(&self) -> i64 {
        let open = self.late.iter().map(|late| late.version - 1).min();
        open.unwrap_or(self.version).min(self.version)
    }

    pub(super) fn create(&mut self, set: &str, values: Row) -> String {
        self.made += 1;
        // In no order of their making, as ids are in Dataverse.
        let scrambled = self.made.wrapping_mul(2_654_435_761) & 0xffff_ffff;
        let id = format!("{scrambled:08x}-0000-4000-8000-{:012x}", self.made);
        let mut row = Row::new();
        row.insert("statecode".into(), json!(0));
        row.extend(values);
        row.insert(self.table(set).key.into(), json!(id));
        let (stamp, version, due) = self.stamp();
        for name in ["modifiedon", "createdon"] {
            row.insert(name.into(), json!(stamp));
        }
        row.insert("@version".into(), json!(version));
        self.put(set, &id, row, version, due);
        id
    }

    pub(super) fn write(&mut self, set: &str, id: &str, mut values: Row) {
        let (stamp, version, due) = self.stamp();
        values.insert("modifiedon".into(), json!(stamp));
        values.insert("@version".into(), json!(version));
        self.put(set, id, values, version, due);
    }

    fn put(&mut self, set: &str, id: &str, values: Row, version: i64, due: Option<i64>) {
        match due {
            Some(due) => self.late.push(Late {
                due,
                set: set.into(),
                id: id.into(),
                values,
                version,
            }),
            None => self.table(set).rows.entry(id.into()).or_default().extend(values),
        }
    }

    /// The time and version of a write, and when it is seen if that is later. Versions differ even where times do not.
    fn stamp(&mut self) -> (i64, i64, Option<i64>) {
        let odd = self.faults.take_write();
        self.version += 1;
        if odd == Some(WriteFault::EqualTime) && self.last_stamp > 0 {
            return (self.last_stamp, self.version, None);
        }
        self.clock += 1;
        let due = match odd {
            Some(WriteFault::LateCommit(seconds)) => Some(self.clock + i64::from(seconds)),
            _ => {
                self.last_stamp = self.clock;
                None
            }
        };
        (self.clock, self.version, due)
    }
}

fn read_columns(text: &'static str) -> BTreeMap<String, Column> {
    let one = |column: &'static str| {
        let (name, kind) = column.split_once(':').expect("a column with its kind");
        let writable = !name.starts_with('-');
        (name.trim_start_matches('-').to_owned(), Column { kind, writable })
    };
    text.split_whitespace().map(one).collect()
}
