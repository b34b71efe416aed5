//! Reading: nothing lost, nothing doubled, and no more than is needed.

use outlay_connect::{Canonical, Connector, Error, Object};
use outlay_fakes::{WriteFault, fxiaoke::FakeFxiaoke};
use serde_json::json;

use super::{all, connect, connect_as, deal, names, pull_all, with_deals};

#[tokio::test]
async fn ties_across_the_edges_of_pages_lose_and_double_nothing() {
    for size in [1, 2, 4, 5, 10, 18, 24, 25, 26] {
        let (fake, _) = with_deals(3);
        fake.faults.next_writes(17, WriteFault::EqualTime);
        for n in 4..=25 {
            fake.db().add("NewOpportunityObj", deal(&format!("商机 {n}")));
        }
        fake.db().pass(1000);
        let crm = connect(&fake).await;
        let (records, cursor) = pull_all(&crm, Object::Deal, None, size).await;
        assert_eq!(names(&records), all(25), "pages of {size}");
        let (none, _) = pull_all(&crm, Object::Deal, Some(cursor), size).await;
        assert_eq!(names(&none), [""; 0], "pages of {size}");
    }
}

#[tokio::test]
async fn a_late_commit_within_the_overlap_is_seen_once() {
    let (fake, _) = with_deals(3);
    let crm = connect(&fake).await;
    fake.faults.next_writes(1, WriteFault::LateCommit(300));
    fake.db().add("NewOpportunityObj", deal("迟到"));
    fake.db().pass(5);
    fake.db().add("NewOpportunityObj", deal("商机 4"));
    let (records, cursor) = pull_all(&crm, Object::Deal, None, 2).await;
    assert_eq!(names(&records), all(4));
    fake.db().pass(400);
    let (records, cursor) = pull_all(&crm, Object::Deal, Some(cursor), 2).await;
    assert_eq!(names(&records), ["迟到"], "what was given before does not come again");
    let (records, _) = pull_all(&crm, Object::Deal, Some(cursor), 2).await;
    assert_eq!(names(&records), [""; 0]);
}

#[tokio::test]
async fn a_late_commit_during_a_long_run_is_seen() {
    let (fake, _) = with_deals(6);
    let crm = connect(&fake).await;
    fake.faults.next_writes(1, WriteFault::LateCommit(500));
    fake.db().add("NewOpportunityObj", deal("迟到"));
    fake.db().pass(2);
    for n in 7..=10 {
        fake.db().add("NewOpportunityObj", deal(&format!("商机 {n}")));
    }
    let first = crm.pull(Object::Deal, None, 4).await.expect("a page");
    let second = crm.pull(Object::Deal, Some(&first.next), 4).await.expect("a page");
    // It is seen, and is older than the overlap by the time the run ends.
    fake.db().pass(1300);
    fake.db().add("NewOpportunityObj", deal("商机 11"));
    let (rest, cursor) = pull_all(&crm, Object::Deal, Some(second.next), 4).await;
    assert_eq!(names(&[first.records, second.records, rest].concat()), all(11));
    let (late, _) = pull_all(&crm, Object::Deal, Some(cursor), 4).await;
    assert_eq!(names(&late), ["迟到"]);
}

#[tokio::test]
async fn pulling_when_nothing_is_new_costs_one_request() {
    let (fake, _) = with_deals(40);
    let crm = connect(&fake).await;
    for pause in [0, 5000] {
        fake.db().pass(pause);
        let (_, cursor) = pull_all(&crm, Object::Deal, None, 50).await;
        let before = fake.faults.asked();
        let page = crm.pull(Object::Deal, Some(&cursor), 50).await.expect("a page");
        assert!(page.done && page.records.is_empty());
        assert_eq!(fake.faults.asked() - before, 1, "{:?}", fake.db().calls);
    }
}

#[tokio::test]
async fn a_restart_at_any_page_gives_the_same() {
    let (fake, _) = with_deals(4);
    fake.faults.next_writes(9, WriteFault::EqualTime);
    for n in 5..=20 {
        fake.db().add("NewOpportunityObj", deal(&format!("商机 {n}")));
    }
    let (mut cursor, mut found) = (None, Vec::new());
    loop {
        // Killed after the answer and before it was stored; then begun anew.
        let lost = connect(&fake).await.pull(Object::Deal, cursor.as_ref(), 3).await;
        let page = connect(&fake).await.pull(Object::Deal, cursor.as_ref(), 3).await;
        let (lost, page) = (lost.expect("a page"), page.expect("a page"));
        assert_eq!((names(&lost.records), &lost.next), (names(&page.records), &page.next));
        found.extend(page.records);
        cursor = Some(page.next);
        if page.done {
            break;
        }
    }
    assert_eq!(names(&found), all(20));
}

#[tokio::test]
async fn what_is_void_or_deleted_is_found_by_a_reconcile_and_reported_where_it_shows() {
    for shows in [false, true] {
        let (fake, ids) = with_deals(4);
        fake.db().shows_invalid = shows;
        let crm = connect(&fake).await;
        let (_, cursor) = pull_all(&crm, Object::Deal, None, 10).await;
        fake.db()
            .set("NewOpportunityObj", &ids[1], json!({ "life_status": "invalid" }));
        fake.db()
            .set("NewOpportunityObj", &ids[2], json!({ "is_deleted": true }));
        let (records, _) = pull_all(&crm, Object::Deal, Some(cursor), 10).await;
        let gone: Vec<_> = records.iter().filter(|r| r.deleted).map(|r| &r.external_id).collect();
        assert_eq!(gone, if shows { vec![&ids[1]] } else { Vec::new() });
        let marks = crm.scan(Object::Deal, None, 10).await.expect("marks").marks;
        assert_eq!(marks.len(), 2);
    }
}

#[tokio::test]
async fn records_and_field_visits_are_one_object_and_our_own_notes_are_none_of_it() {
    let fake = FakeFxiaoke::default();
    for n in 1..=5 {
        let record = json!({
            "name": format!("2026-{n}"), "active_record_content": format!("跟进 {n}"), "interactive_types__r": "现场拜访",
            "related_object_data": [
                { "describe_api_name": "AccountObj", "id": "a1" }, { "describe_api_name": "NewOpportunityObj", "id": "o1" },
            ],
        });
        fake.db().add("ActiveRecordObj", record);
        let visit = json!({ "name": format!("外勤 {n}"), "customer_id": "a2", "checkin_address": "苏州" });
        fake.db().add("CheckinsObj", visit);
    }
    let ours = json!({ "name": "2026-9", "active_record_content": "已支付\n[outlay:cost.1:1]" });
    fake.db().add("ActiveRecordObj", ours);
    for size in [1, 2, 5, 6, 7, 20] {
        let crm = connect(&fake).await;
        let (records, cursor) = pull_all(&crm, Object::Activity, None, size).await;
        assert_eq!(records.len(), 10, "pages of {size}");
        for record in &records {
            let Canonical::Activity(doing) = &record.body else {
                panic!("{record:?}")
            };
            assert_eq!((doing.kind.as_str(), doing.owner.as_deref()), ("visit", Some("1000")));
            let told = (doing.account.as_deref(), doing.deal.as_deref(), doing.place.as_deref());
            match doing.subject.starts_with("跟进") {
                true => assert_eq!(told, (Some("a1"), Some("o1"), None)),
                false => assert_eq!(told, (Some("a2"), None, Some("苏州"))),
            }
        }
        let (none, _) = pull_all(&crm, Object::Activity, Some(cursor), size).await;
        assert_eq!(none.len(), 0);
        let (mut marks, mut after) = (Vec::new(), None);
        loop {
            let page = crm.scan(Object::Activity, after.as_ref(), size).await.expect("marks");
            marks.extend(page.marks);
            after = Some(page.next);
            if page.done {
                break;
            }
        }
        marks.sort_by(|a, b| a.external_id.cmp(&b.external_id));
        let mut living: Vec<_> = records.iter().map(|r| r.mark()).collect();
        living.sort_by(|a, b| a.external_id.cmp(&b.external_id));
        assert_eq!(marks, living);
    }
}

#[tokio::test]
async fn people_are_known_by_their_numbers_as_owners_name_them() {
    let fake = FakeFxiaoke::default();
    for (number, name, status) in [("1000", "王芳", "0"), ("1001", "李雷", "1")] {
        let person = json!({ "user_id": number, "name": name, "full_name": name, "status": status });
        fake.db().add("PersonnelObj", person);
    }
    let crm = connect(&fake).await;
    let (people, _) = pull_all(&crm, Object::CrmUser, None, 10).await;
    let told: Vec<_> = people
        .iter()
        .map(|r| match &r.body {
            Canonical::CrmUser(user) => (r.external_id.as_str(), user.active),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [("1000", true), ("1001", false)]);
    let fetched = crm
        .fetch(Object::CrmUser, &["1001".into(), "9".into()])
        .await
        .expect("people");
    assert_eq!(
        (names(&fetched.records), fetched.gone),
        (vec!["李雷".to_owned()], vec!["9".to_owned()])
    );
}

#[tokio::test]
async fn projects_come_from_an_object_of_the_companys_own() {
    let fake = FakeFxiaoke::default();
    let id = fake
        .db()
        .add("object_Xm01__c", json!({ "name": "华东二期实施", "account_id": "a1" }));
    let crm = connect(&fake).await;
    let page = crm.pull(Object::Project, None, 10).await.expect("a page");
    assert!(page.done && page.records.is_empty(), "none is named");
    assert!(matches!(
        crm.scan(Object::Project, None, 10).await,
        Err(Error::Setup(_))
    ));
    let crm = connect_as(&fake, |place| place.project = Some("object_Xm01__c".into())).await;
    let (projects, _) = pull_all(&crm, Object::Project, None, 10).await;
    assert_eq!(
        (names(&projects), &projects[0].external_id),
        (vec!["华东二期实施".to_owned()], &id)
    );
}

#[tokio::test]
async fn fetch_gives_what_is_there() {
    let (fake, ids) = with_deals(4);
    let crm = connect(&fake).await;
    let (pulled, cursor) = pull_all(&crm, Object::Deal, None, 10).await;
    let asked = [ids[1].clone(), "没有".into(), String::new()];
    let fetched = crm.fetch(Object::Deal, &asked).await.expect("records");
    assert_eq!(fetched.gone, ["没有", ""]);
    let expected = pulled.iter().find(|r| r.external_id == ids[1]).expect("the record");
    assert_eq!(fetched.records, std::slice::from_ref(expected));
    for (object, cursor) in [(Object::Account, cursor), (Object::Deal, json!({ "offset": 5 }))] {
        let refused = crm.pull(object, Some(&cursor), 5).await;
        assert!(matches!(refused, Err(Error::Cursor(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn records_are_counted_before_the_first_pull() {
    let crm = connect(&with_deals(7).0).await;
    assert_eq!(crm.count(Object::Deal).await, Ok(Some(7)));
}
