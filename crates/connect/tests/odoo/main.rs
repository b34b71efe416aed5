//! The connector to Odoo against a fake one: by both of its interfaces, and with all that a network does wrong.

mod cases;
mod check;
mod edit;
mod faults;
#[path = "../frame/mod.rs"]
mod frame;
mod model;
mod push;
mod read;
mod todo;

use std::time::Duration;

use outlay_connect::{
    Connector, Guard, Object, Record,
    http::Limits,
    manifest,
    odoo::{Odoo, Place},
};
use outlay_fakes::odoo::{FakeOdoo, KEY, LOGIN};
use serde_json::{Value, json};

/// The versions that are spoken to by JSON-RPC and by JSON-2.
const VERSIONS: [u32; 2] = [17, 19];

async fn connect(fake: &FakeOdoo) -> Odoo {
    connect_as(fake, |_| {}).await
}

async fn connect_as(fake: &FakeOdoo, change: impl FnOnce(&mut Place)) -> Odoo {
    let mut place = Place::new(fake.serve().await, KEY);
    place.login = Some(LOGIN.into());
    place.overlap = Duration::from_secs(600);
    place.limits = Limits {
        total: Duration::from_secs(1),
        max_body: 1 << 20,
        ..Limits::default()
    };
    change(&mut place);
    let mapping = manifest::of("odoo").expect("a manifest").mapping(&Default::default());
    Odoo::new(place, mapping, &Guard::allowing(["127.0.0.1"])).expect("a connector")
}

/// A fake with so many deals, all in seconds of their own unless faults say otherwise.
fn with_deals(version: u32, count: i64) -> FakeOdoo {
    let fake = FakeOdoo::new(version);
    for n in 1..=count {
        let mut db = fake.db();
        db.pass(1);
        db.add("crm.lead", deal(&format!("商机 {n}")));
    }
    fake
}

fn deal(name: &str) -> Value {
    json!({ "name": name, "user_id": 2, "expected_revenue": 1200.5 })
}

/// Pulls to the end with pages of `size`; every passing failure is tried again from the stored cursor.
async fn pull_all(odoo: &Odoo, object: Object, from: Option<Value>, size: usize) -> (Vec<Record>, Value) {
    let (mut records, mut cursor) = (Vec::new(), from);
    for _ in 0..2000 {
        let page = match odoo.pull(object, cursor.as_ref(), size).await {
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

fn ids(records: &[Record]) -> Vec<i64> {
    let mut ids: Vec<i64> = records.iter().map(|r| r.external_id.parse().expect("an id")).collect();
    ids.sort_unstable();
    ids
}
