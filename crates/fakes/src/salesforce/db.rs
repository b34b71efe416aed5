//! The records of a fake Salesforce, its clock, and what writing does.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::faults::{Faults, WriteFault};

/// A record as it is stored: times are seconds since 1970.
pub type Row = Map<String, Value>;

/// A refusal in Salesforce's words.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    code: &'static str,
    message: String,
}

impl Refusal {
    /// With this status, word and sentence.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Refusal {
            status,
            code,
            message: message.into(),
        }
    }

    /// As the body of an answer.
    pub fn told(&self) -> Value {
        json!([{ "message": self.message, "errorCode": self.code }])
    }

    /// As the error of one record of a collection.
    pub fn in_collection(&self) -> Value {
        json!([{ "statusCode": self.code, "message": self.message, "fields": [] }])
    }
}

/// A field of an object.
#[derive(Debug, Clone)]
pub struct Field {
    /// Such as `string` or `datetime`.
    pub kind: &'static str,
    /// Whether it can be set.
    pub updateable: bool,
}

/// An object and its records.
#[derive(Debug, Clone, Default)]
pub struct SObject {
    /// By name.
    pub fields: BTreeMap<String, Field>,
    /// By id.
    pub rows: BTreeMap<String, Row>,
    prefix: &'static str,
    last: u64,
}

/// A write whose transaction has not ended yet.
struct Late {
    due: i64,
    object: String,
    id: String,
    values: Row,
}

/// A query job of the Bulk API.
pub struct Job {
    /// What it found, when it began.
    pub rows: Vec<Row>,
    /// The fields that were asked for.
    pub fields: Vec<String>,
    /// Of which object.
    pub object: String,
    /// How often it will be found at work.
    pub polls: usize,
}

/// All that a fake Salesforce holds.
pub struct Db {
    /// By name; one that is taken out is not there for this user.
    pub objects: BTreeMap<String, SObject>,
    /// Seconds since 1970; moves by one with each write, and by [`Db::pass`].
    pub clock: i64,
    /// What was asked for: `GET queryAll`.
    pub requests: Vec<String>,
    /// Tokens that are good.
    pub tokens: BTreeSet<String>,
    /// Tokens given so far.
    pub tokens_given: usize,
    /// What else the token's answer calls the instance, if not this server.
    pub instance: Option<String>,
    /// Requests of the day, and how many there may be.
    pub usage: (u64, u64),
    /// Rows in one answer to a question.
    pub batch: usize,
    /// Whether the rest of an answer is kept until it is asked for.
    pub keeps_rests: bool,
    /// How often a new job will be found at work; a job that never ends well has `None`.
    pub job_polls: Option<usize>,
    /// What somebody does right before the next change of one record comes: object, id, values.
    pub on_patch: Option<(String, String, Value)>,
    /// Deletions: object, id, second.
    pub log: Vec<(String, String, i64)>,
    /// Jobs by id.
    pub jobs: BTreeMap<String, Job>,
    /// Rests of answers, by their mark.
    pub(super) rests: BTreeMap<String, Vec<Value>>,
    last_stamp: i64,
    late: Vec<Late>,
    faults: Faults,
}

/// Objects: name, first letters of ids, fields by kind. Read-only ones begin with `-`.
const OBJECTS: [(&str, &str, &str); 11] = [
    (
        "User",
        "005",
        "Name:string Email:email Username:string IsActive:boolean UserType:picklist",
    ),
    (
        "Account",
        "001",
        "Name:string AccountNumber:string BillingCity:string BillingCountryCode:picklist OwnerId:reference Phone:phone \
         Website:url Industry:picklist Description:textarea",
    ),
    (
        "Contact",
        "003",
        "Name:string AccountId:reference Email:email Phone:phone MobilePhone:phone Title:string",
    ),
    (
        "Opportunity",
        "006",
        "Name:string AccountId:reference ContactId:reference OwnerId:reference StageName:picklist -IsWon:boolean \
         -IsClosed:boolean Amount:currency CloseDate:date Probability:percent CurrencyIsoCode:picklist",
    ),
    (
        "Order",
        "801",
        "-OrderNumber:string AccountId:reference OpportunityId:reference -TotalAmount:currency Status:picklist \
         EffectiveDate:date CurrencyIsoCode:picklist",
    ),
    (
        "Event",
        "00U",
        "Subject:string Type:picklist -AccountId:reference WhoId:reference WhatId:reference OwnerId:reference \
         StartDateTime:datetime EndDateTime:datetime ActivityDate:date IsAllDayEvent:boolean -IsChild:boolean Location:string Description:textarea",
    ),
    (
        "Task",
        "00T",
        "Subject:string Type:picklist -AccountId:reference WhoId:reference WhatId:reference OwnerId:reference \
         ActivityDate:date TaskSubtype:picklist Description:textarea",
    ),
    ("Organization", "00D", "Name:string TimeZoneSidKey:picklist"),
    (
        "OpportunityStage",
        "01J",
        "ApiName:string IsActive:boolean IsWon:boolean IsClosed:boolean",
    ),
    ("ContentNote", "069", "Title:string Content:base64"),
    (
        "ContentDocumentLink",
        "06A",
        "ContentDocumentId:reference LinkedEntityId:reference ShareType:picklist",
    ),
];
/// Fields of [`Db::add_fields`].
const OUTLAY: &str =
    "Outlay_Paid__c:double Outlay_Pending__c:double Outlay_Currency__c:string Outlay_As_Of__c:datetime";

impl Db {
    pub(super) fn new(faults: Faults) -> Self {
        let mut db = Db {
            objects: BTreeMap::new(),
            // 2026-11-24 04:00:00
            clock: 1_795_492_800,
            requests: Vec::new(),
            tokens: BTreeSet::new(),
            tokens_given: 0,
            instance: None,
            usage: (0, 100_000),
            batch: 2000,
            keeps_rests: true,
            job_polls: Some(1),
            on_patch: None,
            log: Vec::new(),
            jobs: BTreeMap::new(),
            rests: BTreeMap::new(),
            last_stamp: 0,
            late: Vec::new(),
            faults,
        };
        for (name, prefix, fields) in OBJECTS {
            let mut object = SObject {
                prefix,
                fields: read_fields(fields),
                ..SObject::default()
            };
            let common = "-Id:id -SystemModstamp:datetime -LastModifiedDate:datetime -CreatedDate:datetime";
            object.fields.extend(read_fields(common));
            if !matches!(name, "User" | "Organization" | "OpportunityStage") {
                object.fields.extend(read_fields("-IsDeleted:boolean"));
            }
            db.objects.insert(name.into(), object);
        }
        db.add(
            "Organization",
            json!({ "Name": "蓝石", "TimeZoneSidKey": "Asia/Shanghai" }),
        );
        for (name, won, closed) in [("洽谈", false, false), ("赢单", true, true), ("输单", false, true)] {
            let stage = json!({ "ApiName": name, "IsActive": true, "IsWon": won, "IsClosed": closed });
            db.add("OpportunityStage", stage);
        }
        db
    }

    /// An object that must be there.
    pub fn object(&mut self, name: &str) -> &mut SObject {
        self.objects.get_mut(name).expect("a known object")
    }

    /// A record that must be there.
    pub fn row(&self, object: &str, id: &str) -> Row {
        self.objects[object].rows[id].clone()
    }

    /// Does what an administrator does for cost figures.
    pub fn add_fields(&mut self, object: &str) {
        self.object(object).fields.extend(read_fields(OUTLAY));
    }

    /// Lets seconds pass; transactions that were open may end meanwhile.
    pub fn pass(&mut self, seconds: i64) {
        self.clock += seconds;
        let (due, late) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|l| l.due <= self.clock);
        self.late = late;
        for late in due {
            let rows = &mut self.object(&late.object).rows;
            match rows.get_mut(&late.id) {
                // Another transaction was first: this one is rolled back.
                Some(row) if row["SystemModstamp"].as_i64() > late.values["SystemModstamp"].as_i64() => {}
                Some(row) => row.extend(late.values),
                None if late.values.contains_key("CreatedDate") => _ = rows.insert(late.id, late.values),
                None => {}
            }
        }
    }

    /// Adds a record past all checks; gives its id.
    pub fn add(&mut self, object: &str, values: Value) -> String {
        self.create(object, values.as_object().cloned().unwrap_or_default())
    }

    /// Changes a record past all checks.
    pub fn set(&mut self, object: &str, id: &str, values: Value) {
        self.write(object, id, values.as_object().cloned().unwrap_or_default());
    }

    /// Puts a record into the bin.
    pub fn delete(&mut self, object: &str, id: &str) {
        self.clock += 1;
        let at = self.clock;
        let row = self.object(object).rows.get_mut(id).expect("a record");
        row.extend([
            ("IsDeleted".to_owned(), json!(true)),
            ("SystemModstamp".to_owned(), json!(at)),
        ]);
        self.log.push((object.into(), id.into(), at));
    }

    /// Takes a record out of the bin again.
    pub fn undelete(&mut self, object: &str, id: &str) {
        self.set(object, id, json!({ "IsDeleted": false }));
    }

    /// Erases a record for good; the log alone tells of it.
    pub fn erase(&mut self, object: &str, id: &str) {
        self.clock += 1;
        self.object(object).rows.remove(id);
        let at = self.clock;
        self.log.push((object.into(), id.into(), at));
    }

    pub(super) fn create(&mut self, name: &str, values: Row) -> String {
        let (stamp, due) = self.stamp();
        let object = self.object(name);
        object.last += 1;
        let id = format!("{}{:012}AAA", object.prefix, object.last);
        let mut row = Row::new();
        for (field, about) in &object.fields {
            row.insert(
                field.clone(),
                if about.kind == "boolean" {
                    json!(false)
                } else {
                    Value::Null
                },
            );
        }
        row.extend(values);
        row.insert("Id".into(), json!(id));
        for field in ["SystemModstamp", "LastModifiedDate", "CreatedDate"] {
            row.insert(field.into(), json!(stamp));
        }
        self.follow(name, &mut row);
        match due {
            Some(due) => self.late.push(Late {
                due,
                object: name.into(),
                id: id.clone(),
                values: row,
            }),
            None => _ = self.object(name).rows.insert(id.clone(), row),
        }
        id
    }

    pub(super) fn write(&mut self, name: &str, id: &str, mut values: Row) {
        let (stamp, due) = self.stamp();
        values.insert("SystemModstamp".into(), json!(stamp));
        values.insert("LastModifiedDate".into(), json!(stamp));
        self.follow(name, &mut values);
        let row = self.object(name).rows.get_mut(id).expect("a record");
        match due {
            None => row.extend(values),
            Some(due) => self.late.push(Late {
                due,
                object: name.into(),
                id: id.into(),
                values,
            }),
        }
    }

    /// What Salesforce sets by itself: a stage says whether a deal is won.
    fn follow(&self, object: &str, values: &mut Row) {
        if object != "Opportunity" {
            return;
        }
        let stage = values.get("StageName").and_then(Value::as_str).unwrap_or_default();
        let found = self.objects["OpportunityStage"]
            .rows
            .values()
            .find(|s| s["ApiName"] == stage);
        if let Some(stage) = found {
            let (won, closed) = (stage["IsWon"].clone(), stage["IsClosed"].clone());
            values.insert("IsWon".into(), won);
            values.insert("IsClosed".into(), closed);
        }
    }

    /// The time of a write, and when it is seen if that is later.
    fn stamp(&mut self) -> (i64, Option<i64>) {
        let odd = self.faults.take_write();
        if odd == Some(WriteFault::EqualTime) && self.last_stamp > 0 {
            return (self.last_stamp, None);
        }
        self.clock += 1;
        let due = match odd {
            Some(WriteFault::LateCommit(seconds)) => Some(self.clock + i64::from(seconds)),
            _ => {
                self.last_stamp = self.clock;
                None
            }
        };
        (self.clock, due)
    }
}

fn read_fields(text: &'static str) -> BTreeMap<String, Field> {
    let one = |field: &'static str| {
        let (name, kind) = field.split_once(':').expect("a field with its kind");
        let updateable = !name.starts_with('-');
        (name.trim_start_matches('-').to_owned(), Field { kind, updateable })
    };
    text.split_whitespace().map(one).collect()
}

/// The second since 1970 of a time as a question or a write gives it.
pub(super) fn seconds(text: &str) -> Option<i64> {
    Some(text.parse::<Timestamp>().ok()?.as_second())
}

/// A time as Salesforce shows it, in JSON or in CSV.
pub(super) fn shown(at: i64, csv: bool) -> String {
    let at = Timestamp::from_second(at).expect("a time");
    at.strftime(if csv {
        "%Y-%m-%dT%H:%M:%S.000Z"
    } else {
        "%Y-%m-%dT%H:%M:%S.000+0000"
    })
    .to_string()
}
