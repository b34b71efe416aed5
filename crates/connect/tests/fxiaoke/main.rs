//! The connector to 纷享销客 against a fake one, with all that a network does wrong.

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
    fxiaoke::{Fxiaoke, Place},
    http::Limits,
    manifest,
};
use outlay_fakes::fxiaoke::{APP_ID, APP_SECRET, FakeFxiaoke, OPEN_USER, PERMANENT_CODE};
use serde_json::{Value, json};

async fn connect(fake: &FakeFxiaoke) -> Fxiaoke {
    connect_as(fake, |_| {}).await
}

async fn connect_as(fake: &FakeFxiaoke, change: impl FnOnce(&mut Place)) -> Fxiaoke {
    let mut place = Place::new(fake.serve().await, APP_ID, APP_SECRET, PERMANENT_CODE, OPEN_USER);
    place.limits = Limits {
        total: Duration::from_secs(1),
        max_body: 1 << 20,
        ..Limits::default()
    };
    change(&mut place);
    let mapping = manifest::of("fxiaoke")
        .expect("a manifest")
        .mapping(&Default::default());
    Fxiaoke::new(place, mapping, &Guard::allowing(["127.0.0.1"])).expect("a connector")
}

/// A fake with so many deals, all in times of their own unless faults say otherwise; and their ids.
fn with_deals(count: usize) -> (FakeFxiaoke, Vec<String>) {
    let fake = FakeFxiaoke::default();
    let mut ids = Vec::new();
    for n in 1..=count {
        let mut db = fake.db();
        db.pass(1);
        ids.push(db.add("NewOpportunityObj", deal(&format!("商机 {n}"))));
    }
    (fake, ids)
}

fn deal(name: &str) -> Value {
    json!({
        "name": name, "account_id": "客户一", "amount": "1200.50", "sales_stage": "s1", "sales_stage__r": "需求确认",
        "sales_status": "1", "sales_status__r": "进行中",
    })
}

/// Pulls to the end with pages of `size`; every passing failure is tried again from the stored cursor.
async fn pull_all(crm: &Fxiaoke, object: Object, from: Option<Value>, size: usize) -> (Vec<Record>, Value) {
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
