//! Pulls, sweeps and scans: nothing lost, nothing doubled.

use std::time::Duration;

use outlay_connect::{Connector, Error, Object};
use outlay_fakes::{WriteFault, hubspot::FakeHubSpot};
use serde_json::{Value, json};

use crate::{connect, connect_as, deal, ids, known, pull_all, with_deals};

#[tokio::test]
async fn a_fill_and_a_window_of_equal_times_lose_and_double_nothing() {
    for size in [1, 4, 5, 24, 25, 26] {
        let fake = FakeHubSpot::default();
        let hubspot = connect(&fake).await;
        let (none, cursor) = pull_all(&hubspot, Object::Deal, None, size).await;
        assert_eq!(none.len(), 0);
        fake.db().pass(3600);
        fake.faults.next_writes(20, WriteFault::EqualTime);
        for n in 1..=25 {
            fake.db().add("deals", &deal(&format!("商机 {n}")));
        }
        fake.db().pass(3600);
        let (changed, _) = pull_all(&hubspot, Object::Deal, Some(cursor), size).await;
        assert_eq!(ids(&changed), known(&fake, "deals"), "windows of {size}");
        let (filled, _) = pull_all(&hubspot, Object::Deal, None, size).await;
        assert_eq!(ids(&filled), known(&fake, "deals"), "lists of {size}");
    }
}

#[tokio::test]
async fn more_changes_than_a_search_gives_at_one_time_come_once_each() {
    let fake = FakeHubSpot::default();
    fake.db().search_cap = 300;
    let hubspot = connect(&fake).await;
    let (_, cursor) = pull_all(&hubspot, Object::Account, None, 200).await;
    fake.db().pass(3600);
    fake.faults.next_writes(1050, WriteFault::EqualTime);
    for n in 1..=1050 {
        fake.db().add("companies", &json!({ "name": format!("公司 {n}") }));
    }
    fake.db().pass(3600);
    let (changed, _) = pull_all(&hubspot, Object::Account, Some(cursor), 200).await;
    assert_eq!(ids(&changed), known(&fake, "companies"));
}

#[tokio::test]
async fn the_real_cap_of_ten_thousand_is_no_wall() {
    let fake = FakeHubSpot::default();
    let hubspot = connect(&fake).await;
    let (_, cursor) = pull_all(&hubspot, Object::Account, None, 200).await;
    fake.db().pass(3600);
    fake.faults.next_writes(10_300, WriteFault::EqualTime);
    for n in 1..=10_300 {
        fake.db().add("companies", &json!({ "name": format!("公司 {n}") }));
    }
    fake.db().pass(3600);
    let (changed, _) = pull_all(&hubspot, Object::Account, Some(cursor), 200).await;
    assert_eq!(changed.len(), 10_300);
    assert_eq!(ids(&changed), known(&fake, "companies"));
}

#[tokio::test]
async fn what_is_indexed_late_is_still_seen() {
    let fake = with_deals(3);
    let hubspot = connect(&fake).await;
    let (_, cursor) = pull_all(&hubspot, Object::Deal, None, 100).await;
    fake.faults.next_writes(1, WriteFault::LateCommit(300));
    let late = fake.db().add("deals", &deal("迟到"));
    fake.db().pass(60);
    let (now, cursor) = pull_all(&hubspot, Object::Deal, Some(cursor), 100).await;
    assert_eq!(ids(&now), [""; 0]);
    fake.db().pass(300);
    let (then, cursor) = pull_all(&hubspot, Object::Deal, Some(cursor), 100).await;
    assert_eq!(ids(&then), [late]);
    fake.db().pass(700);
    let (_, cursor) = pull_all(&hubspot, Object::Deal, Some(cursor), 100).await;
    let (nothing, _) = pull_all(&hubspot, Object::Deal, Some(cursor), 100).await;
    assert_eq!(ids(&nothing), [""; 0]);
}

#[tokio::test]
async fn nothing_new_costs_one_request_an_object() {
    let fake = with_deals(30);
    let hubspot = connect(&fake).await;
    for object in [Object::CrmUser, Object::Account, Object::Deal, Object::Order] {
        let (_, cursor) = pull_all(&hubspot, object, None, 100).await;
        let before = fake.faults.asked();
        let (records, _) = pull_all(&hubspot, object, Some(cursor), 100).await;
        assert_eq!((records.len(), fake.faults.asked() - before), (0, 1), "{object}");
    }
}

#[tokio::test]
async fn a_pull_goes_on_from_every_stored_page() {
    let fake = with_deals(12);
    let hubspot = connect(&fake).await;
    let mut cursor: Option<Value> = None;
    for changed in [false, true] {
        for id in known(&fake, "deals").iter().filter(|_| changed) {
            fake.db().change("deals", id, &json!({ "amount": "1" }));
        }
        fake.db().pass(3600);
        let mut pages = Vec::new();
        loop {
            let page = hubspot.pull(Object::Deal, cursor.as_ref(), 5).await.expect("a page");
            pages.push((cursor.replace(page.next), ids(&page.records)));
            if page.done {
                break;
            }
        }
        for (from, first) in &pages {
            // A new connector knows nothing but the cursor.
            let again = connect(&fake).await;
            let page = again.pull(Object::Deal, from.as_ref(), 5).await.expect("a page");
            assert_eq!(ids(&page.records), *first);
        }
        assert_eq!(pages.into_iter().flat_map(|(_, ids)| ids).count(), 12);
    }
}

#[tokio::test]
async fn archived_records_are_swept_up_and_known_ones_are_not_told_again() {
    let fake = with_deals(5);
    let first = known(&fake, "deals")[0].clone();
    fake.db().archive("deals", &first);
    fake.db().pass(3600);
    let hubspot = connect(&fake).await;
    let (filled, cursor) = pull_all(&hubspot, Object::Deal, None, 100).await;
    assert_eq!(filled.len(), 4, "what was archived before is no news");
    let second = known(&fake, "deals")[1].clone();
    fake.db().archive("deals", &second);
    fake.db().pass(60);
    let (soon, cursor) = pull_all(&hubspot, Object::Deal, Some(cursor), 100).await;
    assert_eq!(ids(&soon), [""; 0], "not yet time for a sweep");
    fake.db().pass(3600);
    let (swept, cursor) = pull_all(&hubspot, Object::Deal, Some(cursor), 100).await;
    assert_eq!(ids(&swept), [second]);
    assert!(swept[0].deleted && swept[0].modified_at < fake.db().clock);
    fake.db().pass(7200);
    let (nothing, _) = pull_all(&hubspot, Object::Deal, Some(cursor), 100).await;
    assert_eq!(ids(&nothing), [""; 0]);
}

#[tokio::test]
async fn owners_that_left_stay_known_as_such() {
    let fake = FakeHubSpot::default();
    let owner = |id: &str, archived: bool| {
        json!({
            "id": id, "email": format!("{id}@example.com"), "type": "PERSON", "firstName": "芳", "lastName": "王",
            "archived": archived, "createdAt": "2025-01-01T00:00:00Z", "updatedAt": "2025-01-02T00:00:00Z",
        })
    };
    fake.db().owners = vec![owner("1", false), owner("2", false), owner("3", true)];
    let hubspot = connect_as(&fake, |place| place.sweep_every = Duration::ZERO).await;
    let (owners, cursor) = pull_all(&hubspot, Object::CrmUser, None, 1).await;
    assert_eq!(ids(&owners), ["1", "2", "3"]);
    let active = |records: &[outlay_connect::Record], id: &str| {
        let record = records.iter().find(|r| r.external_id == id).expect("an owner");
        assert!(!record.deleted);
        record.body
            == outlay_connect::Canonical::CrmUser(outlay_connect::CrmUser {
                name: "芳 王".into(),
                email: Some(format!("{id}@example.com")),
                login: Some(format!("{id}@example.com")),
                active: true,
            })
    };
    assert!(active(&owners, "1") && !active(&owners, "3"));
    {
        let mut db = fake.db();
        db.pass(3600);
        let mut left = owner("2", true);
        left["updatedAt"] = json!(db.clock.to_string());
        db.owners[1] = left;
        db.pass(3600);
    }
    let (changed, _) = pull_all(&hubspot, Object::CrmUser, Some(cursor), 1).await;
    assert_eq!(ids(&changed), ["2"]);
    assert!(!active(&changed, "2"));
    let some = hubspot
        .fetch(Object::CrmUser, &["1".into(), "3".into(), "9".into()])
        .await
        .expect("owners");
    assert_eq!((some.records.len(), some.gone), (2, vec!["9".to_owned()]));
    let (mut marks, mut after) = (Vec::new(), None);
    loop {
        let page = hubspot.scan(Object::CrmUser, after.as_ref(), 1).await.expect("marks");
        marks.extend(page.marks);
        after = Some(page.next);
        if page.done {
            break;
        }
    }
    assert_eq!(marks.len(), 3, "those who left are no missing records");
}

#[tokio::test]
async fn a_scan_lists_the_living_with_the_revisions_of_a_pull() {
    let fake = with_deals(7);
    let gone = known(&fake, "deals")[3].clone();
    let hubspot = connect(&fake).await;
    let (records, _) = pull_all(&hubspot, Object::Deal, None, 100).await;
    fake.db().archive("deals", &gone);
    let (mut marks, mut after) = (Vec::new(), None);
    loop {
        let page = hubspot.scan(Object::Deal, after.as_ref(), 3).await.expect("marks");
        marks.extend(page.marks);
        after = Some(page.next);
        if page.done {
            break;
        }
    }
    let living: Vec<_> = records
        .iter()
        .filter(|r| r.external_id != gone)
        .map(|r| r.mark())
        .collect();
    assert_eq!(marks, living);
    let fetched = hubspot
        .fetch(
            Object::Deal,
            &[gone.clone(), marks[0].external_id.clone(), "x/y".into()],
        )
        .await
        .expect("records");
    assert_eq!(fetched.gone, [gone, "x/y".into()]);
    assert_eq!(fetched.records[0].mark(), marks[0]);
}

#[tokio::test]
async fn what_the_portal_lacks_is_left_out() {
    let fake = FakeHubSpot::default();
    fake.db().hidden.insert("projects".into(), 404);
    fake.db().hidden.insert("orders".into(), 403);
    fake.db().hidden.insert("deals".into(), 403);
    let hubspot = connect(&fake).await;
    for object in [Object::Project, Object::Order] {
        let page = hubspot.pull(object, None, 100).await.expect("an empty page");
        assert!(page.done && page.records.is_empty());
        assert!(hubspot.scan(object, None, 100).await.expect("no marks").done);
        // Once it is there, it is read from the start.
        fake.db().hidden.clear();
        let kind = if object == Object::Order { "orders" } else { "projects" };
        fake.db()
            .add(kind, &json!({ "hs_name": "二期", "hs_order_name": "SO-1" }));
        fake.db().pass(3600);
        let (found, _) = pull_all(&hubspot, object, Some(page.next), 100).await;
        assert_eq!(found.len(), 1);
        fake.db().hidden.insert("orders".into(), 403);
        fake.db().hidden.insert("deals".into(), 403);
    }
    let error = hubspot.pull(Object::Deal, None, 100).await.expect_err("refused");
    assert!(matches!(error, Error::Refused { status: 403, .. }), "{error}");
}

#[tokio::test]
async fn records_are_counted_before_the_first_pull() {
    let fake = with_deals(7);
    let hubspot = connect(&fake).await;
    assert_eq!(hubspot.count(Object::Deal).await, Ok(Some(7)));
    assert_eq!(
        hubspot.count(Object::CrmUser).await,
        Ok(None),
        "owners cannot be searched"
    );
}
