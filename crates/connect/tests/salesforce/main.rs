//! The connector to Salesforce against a fake one, with all that a network does wrong.

mod cases;
mod check;
mod edit;
mod faults;
#[path = "../frame/mod.rs"]
mod frame;
mod log_in;
mod model;
mod push;
mod read;

use std::time::Duration;

use outlay_connect::{
    Guard,
    http::Limits,
    manifest,
    salesforce::{Place, Salesforce},
};
use outlay_fakes::salesforce::{CLIENT_ID, CLIENT_SECRET, FakeSalesforce};
use serde_json::{Value, json};

async fn connect(fake: &FakeSalesforce) -> Salesforce {
    connect_as(fake, |_| {}).await
}

async fn connect_as(fake: &FakeSalesforce, change: impl FnOnce(&mut Place)) -> Salesforce {
    let mut place = Place::new(fake.serve().await, CLIENT_ID);
    place.client_secret = Some(CLIENT_SECRET.into());
    place.ask_again = Duration::from_millis(1);
    place.limits = Limits {
        total: Duration::from_secs(1),
        max_body: 1 << 20,
        ..Limits::default()
    };
    change(&mut place);
    let mapping = manifest::of("salesforce")
        .expect("a manifest")
        .mapping(&Default::default());
    Salesforce::new(place, mapping, &Guard::allowing(["127.0.0.1"])).expect("a connector")
}

/// A fake with so many deals, each in a second of its own unless faults say otherwise.
fn with_deals(count: usize) -> FakeSalesforce {
    let fake = FakeSalesforce::default();
    for n in 1..=count {
        fake.db().add("Opportunity", deal(&format!("商机 {n}")));
    }
    fake
}

fn deal(name: &str) -> Value {
    json!({ "Name": name, "StageName": "洽谈", "Amount": 1200.5, "CurrencyIsoCode": "CNY" })
}

/// The ids that are there, in or out of the bin.
fn known(fake: &FakeSalesforce, object: &str) -> Vec<String> {
    fake.db().object(object).rows.keys().cloned().collect()
}
