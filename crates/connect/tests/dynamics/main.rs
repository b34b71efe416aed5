//! The connector to Dynamics 365 against a fake one, with all that a network does wrong.

mod cases;
mod check;
mod edit;
mod faults;
#[path = "../frame/mod.rs"]
mod frame;
mod model;
mod push;
mod read;

use std::time::Duration;

use outlay_connect::{
    Guard,
    dynamics::{Dynamics, Place},
    http::Limits,
    manifest,
};
use outlay_fakes::dynamics::{CLIENT_ID, CLIENT_SECRET, FakeDynamics, TENANT};
use serde_json::{Value, json};

async fn connect(fake: &FakeDynamics) -> Dynamics {
    connect_as(fake, |_| {}).await
}

async fn connect_as(fake: &FakeDynamics, change: impl FnOnce(&mut Place)) -> Dynamics {
    let url = fake.serve().await;
    let mut place = Place::new(&url, TENANT, CLIENT_ID, CLIENT_SECRET);
    place.login_url = url;
    place.zone = Some("Asia/Shanghai".into());
    place.limits = Limits {
        total: Duration::from_secs(1),
        max_body: 1 << 20,
        ..Limits::default()
    };
    change(&mut place);
    let mapping = manifest::of("dynamics")
        .expect("a manifest")
        .mapping(&Default::default());
    Dynamics::new(place, mapping, &Guard::allowing(["127.0.0.1"])).expect("a connector")
}

/// A fake with so many deals, each in a second of its own unless faults say otherwise.
fn with_deals(count: usize) -> FakeDynamics {
    let fake = FakeDynamics::default();
    for n in 1..=count {
        add_deal(&fake, &format!("商机 {n}"));
    }
    fake
}

fn add_deal(fake: &FakeDynamics, name: &str) -> String {
    let mut db = fake.db();
    let deal = deal(&db.yuan(), name);
    db.add("opportunities", deal)
}

fn deal(yuan: &str, name: &str) -> Value {
    json!({ "name": name, "stepname": "洽谈", "estimatedvalue": 1200.5, "_transactioncurrencyid_value": yuan })
}

/// The ids that are there.
fn known(fake: &FakeDynamics, set: &str) -> Vec<String> {
    fake.db().table(set).rows.keys().cloned().collect()
}
