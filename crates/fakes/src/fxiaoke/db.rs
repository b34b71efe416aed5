//! The records of the fake, its clock, and what writing does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::faults::{Faults, WriteFault};

/// A record.
pub type Row = Map<String, Value>;

/// An object and its records.
#[derive(Debug, Clone, Default)]
pub struct Object {
    /// Its fields: API name and type.
    pub fields: BTreeMap<String, String>,
    /// By id.
    pub rows: BTreeMap<String, Row>,
}

/// A write that queries do not see yet.
struct Late {
    due: i64,
    object: String,
    id: String,
    row: Row,
}

/// All that the fake holds.
pub struct Db {
    /// By API name.
    pub objects: BTreeMap<String, Object>,
    /// Milliseconds since 1970; moves by one with each write and by [`Db::pass`].
    pub clock: i64,
    /// Objects that the user may not read.
    pub denied: BTreeSet<String>,
    /// True if queries show what is 作废, too.
    pub shows_invalid: bool,
    /// True if LIKE finds nothing in the content of a 销售记录.
    pub blind: bool,
    /// True if changes that a person makes wait for an approval.
    pub approves: bool,
    /// The token that is good now, if one is.
    pub token: Option<String>,
    /// Tokens given so far.
    pub tokens: usize,
    /// Interfaces called so far, with the object: `query/AccountObj`.
    pub calls: Vec<String>,
    made: u64,
    last_stamp: i64,
    late: Vec<Late>,
    faults: Faults,
}

/// Objects and their fields, `name:type`.
const OBJECTS: &[(&str, &str)] = &[
    (
        "PersonnelObj",
        "user_id:text name:text full_name:text email:email employee_number:text status:select_one",
    ),
    (
        "AccountObj",
        "name:text account_no:auto_number uniform_social_credit_code:text city:city tel:phone_number email:email url:url \
         industry_level1:select_one",
    ),
    (
        "ContactObj",
        "name:text account_id:object_reference email:email mobile1:phone_number tel1:phone_number job_title:text",
    ),
    (
        "NewOpportunityObj",
        "name:text account_id:object_reference sales_stage:select_one sales_status:select_one amount:currency \
         mc_currency:select_one close_date:date probability:percentile",
    ),
    (
        "SalesOrderObj",
        "name:auto_number account_id:object_reference new_opportunity_id:object_reference order_amount:currency \
         order_status:select_one order_time:date",
    ),
    (
        "ActiveRecordObj",
        "name:auto_number active_record_content:long_text active_record_type:select_one interactive_types:select_one \
         related_object_data:group",
    ),
    (
        "CheckinsObj",
        "name:text customer_id:object_reference communicate_record:long_text new_stat_date:date checkin_address:text",
    ),
    ("object_Xm01__c", "name:text account_id:object_reference"),
];

impl Db {
    pub(super) fn new(faults: Faults) -> Self {
        let mut db = Db {
            objects: BTreeMap::new(),
            // 2026-11-24 12:00:00 in Shanghai
            clock: 1_795_492_800_000,
            denied: BTreeSet::new(),
            shows_invalid: false,
            blind: false,
            approves: false,
            token: None,
            tokens: 0,
            calls: Vec::new(),
            made: 0,
            last_stamp: 0,
            late: Vec::new(),
            faults,
        };
        let own = "_id:text owner:employee life_status:select_one is_deleted:true_or_false create_time:date_time \
                   last_modified_time:date_time";
        for (name, fields) in OBJECTS {
            let all = fields.split_whitespace().chain(own.split_whitespace());
            let fields = all.map(|f| f.split_once(':').expect("a type"));
            let fields = fields.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect();
            let object = Object {
                fields,
                rows: BTreeMap::new(),
            };
            db.objects.insert((*name).into(), object);
        }
        db
    }

    /// Adds the fields that hold cost figures to an object, as an administrator does.
    pub fn add_cost_fields(&mut self, object: &str) {
        for (name, kind) in [
            ("cost_paid__c", "currency"),
            ("cost_pending__c", "currency"),
            ("cost_currency__c", "text"),
            ("cost_as_of__c", "date_time"),
        ] {
            self.object(object).fields.insert(name.into(), kind.into());
        }
    }

    /// An object that must be there.
    pub fn object(&mut self, name: &str) -> &mut Object {
        self.objects.get_mut(name).expect("a known object")
    }

    /// A record that must be there.
    pub fn row(&mut self, object: &str, id: &str) -> &Row {
        self.object(object).rows.get(id).expect("a record")
    }

    /// Ends the access token.
    pub fn expire(&mut self) {
        self.token = None;
    }

    /// Lets seconds pass; what was written meanwhile may be seen.
    pub fn pass(&mut self, seconds: i64) {
        self.clock += seconds * 1000;
        let (due, late) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|l| l.due <= self.clock);
        self.late = late;
        for late in due {
            let rows = &mut self.object(&late.object).rows;
            let time = |row: &Row| row["last_modified_time"].as_i64();
            // Another change was later, and is seen already.
            if rows.get(&late.id).is_none_or(|row| time(row) <= time(&late.row)) {
                rows.insert(late.id, late.row);
            }
        }
    }

    /// Adds a record; gives its id.
    pub fn add(&mut self, object: &str, vals: Value) -> String {
        self.save(object, None, vals)
    }

    /// Changes a record.
    pub fn set(&mut self, object: &str, id: &str, vals: Value) {
        self.save(object, Some(id), vals);
    }

    pub(super) fn save(&mut self, object: &str, id: Option<&str>, vals: Value) -> String {
        let (stamp, due) = self.stamp();
        let id = match id {
            Some(id) => id.to_owned(),
            None => self.new_id(),
        };
        let mut row = self.object(object).rows.get(&id).cloned().unwrap_or_else(|| {
            let fresh = json!({
                "owner": ["1000"], "life_status": "normal", "is_deleted": false, "create_time": stamp,
                "owner__r": { "id": "1000", "name": "王芳" },
            });
            fresh.as_object().cloned().unwrap_or_default()
        });
        row.extend(vals.as_object().cloned().unwrap_or_default());
        row.retain(|_, value| !value.is_null());
        row.insert("_id".into(), id.as_str().into());
        row.insert("last_modified_time".into(), stamp.into());
        match due {
            Some(due) => self.late.push(Late {
                due,
                object: object.into(),
                id: id.clone(),
                row,
            }),
            None => _ = self.object(object).rows.insert(id.clone(), row),
        }
        id
    }

    /// Ids in no order of time.
    fn new_id(&mut self) -> String {
        self.made += 1;
        let n = self.made.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!("{:016x}{:08x}", n, n.rotate_left(29) >> 32)
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
}
