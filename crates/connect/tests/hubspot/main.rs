//! The connector to HubSpot against a fake one, with all that a network does wrong.

mod cases;
mod check;
mod edit;
mod faults;
#[path = "../frame/mod.rs"]
mod frame;
mod hook;
mod official;
mod push;
mod read;

use std::time::Duration;

use outlay_connect::{
    Connector, Guard, Object, Record,
    http::Limits,
    hubspot::{HubSpot, Place},
    manifest,
};
use outlay_fakes::hubspot::{FakeHubSpot, TOKEN};
use serde_json::{Value, json};

async fn connect(fake: &FakeHubSpot) -> HubSpot {
    connect_as(fake, |_| {}).await
}

async fn connect_as(fake: &FakeHubSpot, change: impl FnOnce(&mut Place)) -> HubSpot {
    let mut place = Place::new(TOKEN);
    place.url = fake.serve().await;
    place.limits = Limits {
        total: Duration::from_secs(1),
        max_body: 1 << 20,
        ..Limits::default()
    };
    change(&mut place);
    let mapping = manifest::of("hubspot")
        .expect("a manifest")
        .mapping(&Default::default());
    HubSpot::new(place, mapping, &Guard::allowing(["127.0.0.1"])).expect("a connector")
}

/// A fake with so many deals, each of a second of its own unless faults say otherwise; an hour later.
fn with_deals(count: usize) -> FakeHubSpot {
    let fake = FakeHubSpot::default();
    for n in 1..=count {
        fake.db().add("deals", &deal(&format!("商机 {n}")));
    }
    fake.db().pass(3600);
    fake
}

fn deal(name: &str) -> Value {
    json!({ "dealname": name, "amount": "1200.50", "pipeline": "default", "dealstage": "won" })
}

/// Pulls to the end with pages of `size`; every passing failure is tried again from the stored cursor.
async fn pull_all(hubspot: &HubSpot, object: Object, from: Option<Value>, size: usize) -> (Vec<Record>, Value) {
    let (mut records, mut cursor) = (Vec::new(), from);
    for _ in 0..2000 {
        let page = match hubspot.pull(object, cursor.as_ref(), size).await {
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

fn ids(records: &[Record]) -> Vec<String> {
    let mut ids: Vec<String> = records.iter().map(|r| r.external_id.clone()).collect();
    ids.sort();
    ids
}

fn known(fake: &FakeHubSpot, kind: &str) -> Vec<String> {
    let mut ids: Vec<String> = fake.db().all(kind).iter().map(|r| r.id.to_string()).collect();
    ids.sort();
    ids
}
