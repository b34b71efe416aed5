//! The connector to BottleCRM: against answers recorded from a real one, and against a real one where it runs.

#[path = "../frame/mod.rs"]
mod frame;
mod hook;
mod live;
mod recorded;
mod write;

use std::time::Duration;

use outlay_connect::{
    Connector, Guard, Object, Record,
    bottlecrm::{BottleCrm, Place},
    manifest,
};
use serde_json::Value;

fn connect(place: Place) -> BottleCrm {
    let mapping = manifest::of("bottlecrm")
        .expect("a manifest")
        .mapping(&Default::default());
    BottleCrm::new(place, mapping, &Guard::allowing(["127.0.0.1"])).expect("a connector")
}

/// A place whose lists are read at each pull.
fn eager(url: &str, token: &str) -> Place {
    Place {
        scan_every: Duration::ZERO,
        activities_every: Duration::ZERO,
        ..Place::new(url, token)
    }
}

/// Pulls to the end with pages of `size`, keeping nothing but the stored cursor.
async fn pull_all(crm: &BottleCrm, object: Object, size: usize) -> (Vec<Record>, Value) {
    let (mut records, mut cursor) = (Vec::new(), None);
    for _ in 0..1000 {
        let page = crm.pull(object, cursor.as_ref(), size).await.expect("a page");
        assert_eq!(page.rejected, [], "{object}");
        records.extend(page.records);
        if page.done {
            return (records, page.next);
        }
        assert_ne!(cursor.as_ref(), Some(&page.next), "{object} does not advance");
        cursor = Some(page.next);
    }
    panic!("{object} does not end");
}
