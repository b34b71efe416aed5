//! Reading: nothing lost, nothing doubled, and no more than is needed.

use std::collections::BTreeMap;

use outlay_connect::{Canonical, Connector, Error, Object, StageKind};
use outlay_fakes::{WriteFault, odoo::FakeOdoo};
use serde_json::{Value, json};

use super::{VERSIONS, connect, deal, ids, pull_all, with_deals};

#[tokio::test]
async fn ties_across_the_edges_of_pages_lose_and_double_nothing() {
    for version in VERSIONS {
        for size in [1, 4, 5, 10, 24, 25, 26] {
            let fake = with_deals(version, 3);
            fake.faults.next_writes(17, WriteFault::EqualTime);
            for n in 4..=25 {
                fake.db().add("crm.lead", deal(&n.to_string()));
            }
            fake.db().pass(1000);
            let (records, _) = pull_all(&connect(&fake).await, Object::Deal, None, size).await;
            assert_eq!(
                ids(&records),
                (1..=25).collect::<Vec<_>>(),
                "{version}, pages of {size}"
            );
        }
    }
}

#[tokio::test]
async fn the_order_within_a_second_that_odoo_does_not_tell_loses_nothing() {
    for version in VERSIONS {
        let fake = with_deals(version, 12);
        // Written backwards within one second: by its fraction the last id comes first.
        for id in (1..=12).rev() {
            fake.db().set("crm.lead", id, json!({ "probability": 20.0 }));
        }
        fake.db().pass(1000);
        for size in [1, 2, 3, 5, 7] {
            let (records, _) = pull_all(&connect(&fake).await, Object::Deal, None, size).await;
            assert_eq!(
                ids(&records),
                (1..=12).collect::<Vec<_>>(),
                "{version}, pages of {size}"
            );
        }
    }
}

#[tokio::test]
async fn a_late_commit_within_the_overlap_is_seen_once() {
    for version in VERSIONS {
        let fake = with_deals(version, 3);
        let odoo = connect(&fake).await;
        fake.faults.next_writes(1, WriteFault::LateCommit(300));
        fake.db().add("crm.lead", deal("late"));
        fake.db().pass(5);
        fake.db().add("crm.lead", deal("after it"));
        let (records, cursor) = pull_all(&odoo, Object::Deal, None, 2).await;
        assert_eq!(ids(&records), [1, 2, 3, 5]);
        fake.db().pass(400);
        let (records, cursor) = pull_all(&odoo, Object::Deal, Some(cursor), 2).await;
        assert_eq!(ids(&records), [4], "what was given before does not come again");
        let (records, _) = pull_all(&odoo, Object::Deal, Some(cursor), 2).await;
        assert_eq!(ids(&records), [0; 0]);
    }
}

#[tokio::test]
async fn a_late_commit_during_a_long_run_is_seen() {
    let fake = with_deals(19, 6);
    let odoo = connect(&fake).await;
    fake.faults.next_writes(1, WriteFault::LateCommit(500));
    fake.db().add("crm.lead", deal("late"));
    fake.db().pass(2);
    for n in 8..=11 {
        fake.db().add("crm.lead", deal(&n.to_string()));
    }
    let first = odoo.pull(Object::Deal, None, 4).await.expect("a page");
    let second = odoo.pull(Object::Deal, Some(&first.next), 4).await.expect("a page");
    assert_eq!(ids(&second.records), [5, 6, 8, 9], "the run has passed the late one");
    // It commits, and is older than the overlap by the time the run ends.
    fake.db().pass(1300);
    fake.db().add("crm.lead", deal("12"));
    let (rest, cursor) = pull_all(&odoo, Object::Deal, Some(second.next), 4).await;
    assert_eq!(ids(&rest), [10, 11, 12]);
    let (late, _) = pull_all(&odoo, Object::Deal, Some(cursor), 4).await;
    assert_eq!(ids(&late), [7]);
}

#[tokio::test]
async fn pulling_when_nothing_is_new_is_cheap_and_ends() {
    for version in VERSIONS {
        let fake = with_deals(version, 40);
        let odoo = connect(&fake).await;
        let (_, cursor) = pull_all(&odoo, Object::Deal, None, 50).await;
        let before = fake.db().calls.len();
        let page = odoo.pull(Object::Deal, Some(&cursor), 50).await.expect("a page");
        assert!(page.done && page.records.is_empty());
        assert!(fake.db().calls.len() - before <= 5, "{:?}", &fake.db().calls[before..]);
        let questions = |call: &&String| *call == "crm.lead/fields_get";
        assert_eq!(
            fake.db().calls.iter().filter(questions).count(),
            1,
            "fields are asked for once"
        );
    }
}

#[tokio::test]
async fn a_second_change_within_the_same_second_comes_and_has_another_revision() {
    let fake = with_deals(19, 1);
    let odoo = connect(&fake).await;
    let (first, cursor) = pull_all(&odoo, Object::Deal, None, 10).await;
    fake.db().set("crm.lead", 1, json!({ "name": "改名" }));
    let (second, _) = pull_all(&odoo, Object::Deal, Some(cursor), 10).await;
    assert_eq!(second.len(), 1);
    assert_eq!(first[0].modified_at, second[0].modified_at);
    assert_ne!(first[0].revision, second[0].revision);
}

#[tokio::test]
async fn a_restart_at_any_page_gives_the_same() {
    for version in VERSIONS {
        let fake = with_deals(version, 4);
        fake.faults.next_writes(9, WriteFault::EqualTime);
        for n in 5..=20 {
            fake.db().add("crm.lead", deal(&n.to_string()));
        }
        let mut cursor = None;
        let mut all = Vec::new();
        loop {
            // Killed after the answer and before it was stored; then begun anew.
            let lost = connect(&fake).await.pull(Object::Deal, cursor.as_ref(), 3).await;
            let page = connect(&fake).await.pull(Object::Deal, cursor.as_ref(), 3).await;
            let (lost, page) = (lost.expect("a page"), page.expect("a page"));
            assert_eq!((ids(&lost.records), &lost.next), (ids(&page.records), &page.next));
            all.extend(page.records);
            cursor = Some(page.next);
            if page.done {
                break;
            }
        }
        assert_eq!(ids(&all), (1..=20).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn won_lost_and_archived_are_told_apart() {
    for version in VERSIONS {
        let fake = with_deals(version, 4);
        fake.db().set("crm.lead", 2, json!({ "stage_id": 3 }));
        fake.db()
            .set("crm.lead", 3, json!({ "active": false, "probability": 0.0 }));
        fake.db().set("crm.lead", 4, json!({ "active": false }));
        let (records, _) = pull_all(&connect(&fake).await, Object::Deal, None, 10).await;
        let told: BTreeMap<&str, (StageKind, bool)> = records
            .iter()
            .map(|r| match &r.body {
                Canonical::Deal(deal) => (r.external_id.as_str(), (deal.stage_kind, r.deleted)),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [
            ("1", (StageKind::Open, false)),
            ("2", (StageKind::Won, false)),
            ("3", (StageKind::Lost, false)),
            ("4", (StageKind::Open, true)),
        ];
        assert_eq!(told, BTreeMap::from(expected), "{version}");
    }
}

#[tokio::test]
async fn customers_are_found_behind_people_and_addresses() {
    for version in VERSIONS {
        let fake = FakeOdoo::new(version);
        let company = fake.db().add(
            "res.partner",
            json!({ "name": "华东科技", "is_company": true, "country_id": 1 }),
        );
        let person = fake
            .db()
            .add("res.partner", json!({ "name": "李雷", "parent_id": company }));
        let address = json!({ "name": "仓库", "parent_id": company, "type": "delivery" });
        let address = fake.db().add("res.partner", address);
        let alone = fake.db().add("res.partner", json!({ "name": "韩梅梅" }));
        let with = |partner: i64| json!({ "name": "x", "partner_id": partner });
        for partner in [company, person, address, alone] {
            fake.db().add("crm.lead", with(partner));
        }
        let colleague = 2;
        let event = |partners: Value, more: Value| {
            let mut event = json!({ "name": "拜访", "start": "2026-11-20 02:00:00", "partner_ids": partners });
            event
                .as_object_mut()
                .expect("an event")
                .extend(more.as_object().expect("more").clone());
            event
        };
        fake.db().add(
            "calendar.event",
            event(json!([colleague, person]), json!({ "categ_ids": [2] })),
        );
        fake.db().add("calendar.event", event(json!([colleague]), json!({})));
        fake.db().add(
            "calendar.event",
            event(json!([colleague]), json!({ "opportunity_id": 1 })),
        );
        let odoo = connect(&fake).await;
        let of = |id: i64| Some(id.to_string());
        let (deals, _) = pull_all(&odoo, Object::Deal, None, 10).await;
        let found: Vec<_> = deals
            .iter()
            .map(|r| match &r.body {
                Canonical::Deal(d) => (d.account.clone(), d.contact.clone()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            found,
            [
                (of(company), None),
                (of(company), of(person)),
                (of(company), None),
                (of(alone), None)
            ]
        );
        let (visits, _) = pull_all(&odoo, Object::Activity, None, 10).await;
        assert_eq!(ids(&visits), [1, 3], "a meeting among colleagues is left out");
        let Canonical::Activity(visit) = &visits[0].body else {
            panic!("{visits:?}")
        };
        assert_eq!((&visit.account, &visit.contact), (&of(company), &of(person)));
        assert_eq!(visit.kind, "visit");
        fake.db().set("res.partner", person, json!({ "active": false }));
        let later = odoo
            .fetch(Object::Activity, &["1".into()])
            .await
            .expect("fetched")
            .records;
        assert_eq!(
            later[0].revision, visits[0].revision,
            "whoever was archived has visited all the same"
        );
        fake.db().set("res.partner", person, json!({ "active": true }));
        let (accounts, _) = pull_all(&odoo, Object::Account, None, 10).await;
        assert_eq!(
            ids(&accounts),
            [company, alone],
            "neither our own company nor our colleagues"
        );
        let (contacts, _) = pull_all(&odoo, Object::Contact, None, 10).await;
        assert_eq!(ids(&contacts), [person]);
    }
}

#[tokio::test]
async fn users_are_read_again_since_their_names_change_without_their_time() {
    let fake = FakeOdoo::new(19);
    let odoo = connect(&fake).await;
    let (users, cursor) = pull_all(&odoo, Object::CrmUser, None, 10).await;
    assert_eq!(users.len(), 2);
    let (none, cursor) = pull_all(&odoo, Object::CrmUser, Some(cursor), 1).await;
    assert_eq!(none.len(), 0);
    fake.db().set_silently("res.users", 2, json!({ "name": "王芳芳" }));
    let (renamed, _) = pull_all(&odoo, Object::CrmUser, Some(cursor), 1).await;
    assert_eq!(renamed.len(), 1);
    assert_eq!(renamed[0].body.label(), "王芳芳");
    assert_ne!(renamed[0].revision, users[1].revision);
}

#[tokio::test]
async fn fetch_and_scan_agree_with_pull() {
    for version in VERSIONS {
        let fake = with_deals(version, 7);
        fake.db().model("crm.lead").rows.remove(&5);
        fake.db().set("crm.lead", 6, json!({ "active": false }));
        let odoo = connect(&fake).await;
        let (pulled, _) = pull_all(&odoo, Object::Deal, None, 10).await;
        let fetched = odoo
            .fetch(Object::Deal, &["2".into(), "5".into(), "x".into()])
            .await
            .expect("records");
        assert_eq!(fetched.gone, ["5", "x"]);
        assert_eq!(
            fetched.records,
            [pulled.iter().find(|r| r.external_id == "2").expect("2").clone()]
        );
        let (mut marks, mut after) = (Vec::new(), None);
        loop {
            let page = odoo.scan(Object::Deal, after.as_ref(), 2).await.expect("marks");
            marks.extend(page.marks);
            after = Some(page.next);
            if page.done {
                break;
            }
        }
        marks.sort_by(|a, b| a.external_id.cmp(&b.external_id));
        let mut living: Vec<_> = pulled.iter().filter(|r| !r.deleted).map(|r| r.mark()).collect();
        living.sort_by(|a, b| a.external_id.cmp(&b.external_id));
        assert_eq!(marks, living);
        // A stage's new name touches no deal; the next reconcile sees it all the same.
        fake.db().set_silently("crm.stage", 1, json!({ "name": "改了" }));
        let page = odoo.scan(Object::Deal, None, 100).await.expect("marks");
        assert!(page.marks.iter().all(|m| !living.contains(m)), "{:?}", page.marks);
    }
}

#[tokio::test]
async fn a_strange_cursor_is_refused() {
    let fake = with_deals(19, 3);
    let odoo = connect(&fake).await;
    let page = odoo.pull(Object::Deal, None, 1).await.expect("a page");
    for (object, cursor) in [(Object::Order, page.next), (Object::Deal, json!({ "offset": 5 }))] {
        assert!(matches!(
            odoo.pull(object, Some(&cursor), 5).await,
            Err(Error::Cursor(_))
        ));
    }
}

#[tokio::test]
async fn records_are_counted_before_the_first_pull() {
    for version in VERSIONS {
        let fake = with_deals(version, 7);
        fake.db()
            .add("crm.lead", json!({ "name": "线索", "type": "lead", "user_id": 2 }));
        let odoo = connect(&fake).await;
        assert_eq!(odoo.count(Object::Deal).await, Ok(Some(7)), "a lead is no deal");
        fake.db().models.remove("project.project");
        assert_eq!(odoo.count(Object::Project).await, Ok(Some(0)));
    }
}
