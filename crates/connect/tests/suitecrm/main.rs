//! The connector to SuiteCRM against a fake one that checks each envelope by its WSDL, with all that a network does wrong.

mod cases;
mod check;
mod edit;
mod faults;
mod model;
mod push;
mod read;

use std::time::Duration;

use outlay_connect::{
    Connector, Guard, Object, Record,
    http::Limits,
    manifest,
    suitecrm::{Place, SuiteCrm},
};
use outlay_core::Currency;
use outlay_fakes::suitecrm::{FakeSuiteCrm, PASSWORD, USER};
use serde_json::{Value, json};

async fn connect(fake: &FakeSuiteCrm) -> SuiteCrm {
    connect_as(fake, |_| {}).await
}

async fn connect_as(fake: &FakeSuiteCrm, change: impl FnOnce(&mut Place)) -> SuiteCrm {
    let mut place = Place::new(fake.serve().await, USER, PASSWORD, Currency::CNY);
    place.limits = Limits {
        total: Duration::from_secs(1),
        max_body: 1 << 20,
        ..Limits::default()
    };
    change(&mut place);
    let mapping = manifest::of("suitecrm")
        .expect("a manifest")
        .mapping(&Default::default());
    SuiteCrm::new(place, mapping, &Guard::allowing(["127.0.0.1"])).expect("a connector")
}

/// A fake with so many deals, all in seconds of their own unless faults say otherwise; and their ids.
fn with_deals(count: usize) -> (FakeSuiteCrm, Vec<String>) {
    let fake = FakeSuiteCrm::default();
    let mut ids = Vec::new();
    for n in 1..=count {
        let mut db = fake.db();
        db.pass(1);
        ids.push(db.add("Opportunities", deal(&format!("商机 {n}"))));
    }
    (fake, ids)
}

fn deal(name: &str) -> Value {
    json!({
        "name": name, "assigned_user_id": "1", "amount": "1200.500000", "currency_id": "-99", "sales_stage": "Prospecting",
    })
}

/// Pulls to the end with pages of `size`; every passing failure is tried again from the stored cursor.
async fn pull_all(crm: &SuiteCrm, object: Object, from: Option<Value>, size: usize) -> (Vec<Record>, Value) {
    let (mut records, mut cursor) = (Vec::new(), from);
    for _ in 0..2000 {
        let page = match crm.pull(object, cursor.as_ref(), size).await {
            Ok(page) => page,
            Err(error) if error.is_transient() => continue,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(page.rejected, []);
        records.extend(page.records);
        cursor = Some(page.next);
        if page.done {
            return (records, cursor.expect("a cursor"));
        }
    }
    panic!("no end");
}

fn names(records: &[Record]) -> Vec<String> {
    let mut names: Vec<String> = records.iter().map(|r| r.body.label().to_owned()).collect();
    names.sort_unstable();
    names
}

/// `商机 1` to `商机 n`, sorted.
fn all(n: usize) -> Vec<String> {
    let mut names: Vec<String> = (1..=n).map(|n| format!("商机 {n}")).collect();
    names.sort_unstable();
    names
}
