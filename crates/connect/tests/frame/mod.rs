//! What the tests of connectors have in common.
#![allow(dead_code)]

use std::collections::BTreeMap;

use outlay_connect::{Canonical, Connector, FieldChange, Object, Record, SCRATCH, Target, Write};
use outlay_core::{Currency, Money};
use outlay_fakes::Fault;
use serde_json::Value;

/// Pulls to the end with pages of `size`; every passing failure is tried again from the stored cursor.
pub async fn pull_all(
    crm: &dyn Connector,
    object: Object,
    from: Option<Value>,
    size: usize,
) -> (Vec<Record>, Vec<String>, Value) {
    let (mut records, mut gone, mut cursor) = (Vec::new(), Vec::new(), from);
    for _ in 0..2000 {
        let page = match crm.pull(object, cursor.as_ref(), size).await {
            Ok(page) => page,
            Err(error) if error.is_transient() => continue,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(page.rejected, []);
        assert!(
            page.done || cursor.as_ref() != Some(&page.next),
            "the cursor stands still"
        );
        records.extend(page.records);
        gone.extend(page.gone);
        cursor = Some(page.next);
        if page.done {
            return (records, gone, cursor.expect("a cursor"));
        }
    }
    panic!("no end");
}

/// Lists all by id and revision, with pages of `size`.
pub async fn scan_all(crm: &dyn Connector, object: Object, size: usize) -> BTreeMap<String, String> {
    let (mut marks, mut after) = (BTreeMap::new(), None);
    for _ in 0..2000 {
        let page = crm.scan(object, after.as_ref(), size).await.expect("marks");
        marks.extend(page.marks.into_iter().map(|m| (m.external_id, m.revision)));
        if page.done {
            return marks;
        }
        after = Some(page.next);
    }
    panic!("no end");
}

/// The ids of records, sorted.
pub fn ids(records: &[Record]) -> Vec<String> {
    let mut ids: Vec<String> = records.iter().map(|r| r.external_id.clone()).collect();
    ids.sort();
    ids
}

/// A canonical record's fields that are not empty.
pub fn body(record: &Record) -> Value {
    let mut body = serde_json::to_value(&record.body).expect("JSON");
    body.as_object_mut()
        .expect("members")
        .retain(|_, value| !value.is_null());
    body
}

/// Figures in yuan.
pub fn costs(target: Target, paid: i64, as_of: &str) -> Write {
    Write::CostFigures {
        target,
        paid: Money::new(paid, Currency::CNY),
        pending: Money::new(10, Currency::CNY),
        as_of: as_of.parse().expect("a time"),
    }
}

/// A note.
pub fn note(target: Target, marker: &str, revision: u64, text: &str) -> Write {
    Write::Note {
        target,
        marker: marker.into(),
        revision,
        text: text.into(),
    }
}

/// Changed fields: name, as it was seen, as it shall be.
pub fn fields(target: Target, changes: &[(&str, &str, &str)]) -> Write {
    let changes = changes.iter().map(|(field, before, after)| FieldChange {
        field: (*field).into(),
        before: (*before).into(),
        after: (*after).into(),
    });
    Write::Fields {
        target,
        changes: changes.collect(),
    }
}

/// A small generator: the same seed gives the same work.
pub struct Chance(pub u64);

impl Chance {
    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % n
    }

    /// A fault of the network or the server.
    pub fn fault(&mut self) -> Fault {
        match self.below(9) {
            0 => Fault::TooMany("0".into()),
            1 => Fault::Status(502),
            2 => Fault::Status(503),
            3 => Fault::Expired,
            4 => Fault::ErrorInOk,
            5 => Fault::LogInPage,
            6 => Fault::Truncated,
            7 => Fault::BrokenLine,
            _ => Fault::LostAnswer,
        }
    }
}

/// A scratch account is made, can be read and written, and goes again.
pub async fn try_scratch(crm: &dyn Connector) {
    let scratch = crm.scratch().await.expect("made");
    let ids = [scratch.external_id.clone()];
    let fetched = crm.fetch(Object::Account, &ids).await.expect("an answer");
    let Some(Canonical::Account(account)) = fetched.records.first().map(|r| &r.body) else {
        panic!("{fetched:?}");
    };
    assert_eq!(account.name, SCRATCH);
    let note = Write::Note {
        target: scratch.clone(),
        marker: "outlay-check".into(),
        revision: 1,
        text: "a note".into(),
    };
    crm.push(&note, "check").await.expect("written");
    crm.discard(&scratch).await.expect("gone");
    let fetched = crm.fetch(Object::Account, &ids).await.expect("an answer");
    assert!(
        fetched.gone == ids || fetched.records.iter().all(|r| r.deleted),
        "{fetched:?}"
    );
}
