//! Reading: nothing lost, nothing doubled, and no more than is needed.

use outlay_connect::{Canonical, Connector, Error, Object, StageKind};
use outlay_fakes::{WriteFault, suitecrm::FakeSuiteCrm};
use serde_json::{Value, json};

use super::{all, connect, deal, names, pull_all, with_deals};

#[tokio::test]
async fn ties_across_the_edges_of_pages_lose_and_double_nothing() {
    for size in [1, 4, 5, 10, 24, 25, 26] {
        let (fake, _) = with_deals(3);
        fake.faults.next_writes(17, WriteFault::EqualTime);
        for n in 4..=25 {
            fake.db().add("Opportunities", deal(&format!("商机 {n}")));
        }
        fake.db().pass(1000);
        let (records, _) = pull_all(&connect(&fake).await, Object::Deal, None, size).await;
        assert_eq!(names(&records), all(25), "pages of {size}");
        assert_eq!(fake.unfit(), [""; 0]);
    }
}

#[tokio::test]
async fn a_late_commit_within_the_overlap_is_seen_once() {
    let (fake, _) = with_deals(3);
    let crm = connect(&fake).await;
    fake.faults.next_writes(1, WriteFault::LateCommit(200));
    fake.db().add("Opportunities", deal("late"));
    fake.db().pass(5);
    fake.db().add("Opportunities", deal("商机 4"));
    let (records, cursor) = pull_all(&crm, Object::Deal, None, 2).await;
    assert_eq!(names(&records), all(4));
    fake.db().pass(250);
    let (records, cursor) = pull_all(&crm, Object::Deal, Some(cursor), 2).await;
    assert_eq!(names(&records), ["late"], "what was given before does not come again");
    let (records, _) = pull_all(&crm, Object::Deal, Some(cursor), 2).await;
    assert_eq!(names(&records), [""; 0]);
}

#[tokio::test]
async fn a_late_commit_during_a_long_run_is_seen() {
    let (fake, _) = with_deals(6);
    let crm = connect(&fake).await;
    fake.faults.next_writes(1, WriteFault::LateCommit(250));
    fake.db().add("Opportunities", deal("late"));
    fake.db().pass(2);
    for n in 7..=10 {
        fake.db().add("Opportunities", deal(&format!("商机 {n}")));
    }
    let first = crm.pull(Object::Deal, None, 4).await.expect("a page");
    let second = crm.pull(Object::Deal, Some(&first.next), 4).await.expect("a page");
    assert_eq!(second.records.len(), 4, "the run has passed the late one");
    // It is seen, and is older than the overlap by the time the run ends.
    fake.db().pass(1300);
    fake.db().add("Opportunities", deal("商机 11"));
    let (rest, cursor) = pull_all(&crm, Object::Deal, Some(second.next), 4).await;
    assert_eq!(names(&[first.records, second.records, rest].concat()), all(11));
    let (late, _) = pull_all(&crm, Object::Deal, Some(cursor), 4).await;
    assert_eq!(names(&late), ["late"]);
}

#[tokio::test]
async fn pulling_when_nothing_is_new_costs_one_request() {
    let (fake, _) = with_deals(40);
    let crm = connect(&fake).await;
    let (_, cursor) = pull_all(&crm, Object::Deal, None, 50).await;
    let before = fake.faults.asked();
    let page = crm.pull(Object::Deal, Some(&cursor), 50).await.expect("a page");
    assert!(page.done && page.records.is_empty());
    assert_eq!(fake.faults.asked() - before, 1, "{:?}", fake.db().calls);
}

#[tokio::test]
async fn a_second_change_within_the_same_second_comes_and_has_another_revision() {
    let (fake, ids) = with_deals(1);
    let crm = connect(&fake).await;
    let (first, cursor) = pull_all(&crm, Object::Deal, None, 10).await;
    fake.db().set("Opportunities", &ids[0], json!({ "name": "改名" }));
    let (second, _) = pull_all(&crm, Object::Deal, Some(cursor), 10).await;
    assert_eq!(names(&second), ["改名"]);
    assert_eq!(first[0].modified_at, second[0].modified_at);
    assert_ne!(first[0].revision, second[0].revision);
}

#[tokio::test]
async fn a_restart_at_any_page_gives_the_same() {
    let (fake, _) = with_deals(4);
    fake.faults.next_writes(9, WriteFault::EqualTime);
    for n in 5..=20 {
        fake.db().add("Opportunities", deal(&format!("商机 {n}")));
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
async fn deleted_records_come_once_more_as_deleted() {
    let (fake, ids) = with_deals(4);
    let crm = connect(&fake).await;
    let (_, cursor) = pull_all(&crm, Object::Deal, None, 10).await;
    fake.db().pass(600);
    fake.db().delete("Opportunities", &ids[1]);
    let (records, _) = pull_all(&crm, Object::Deal, Some(cursor), 10).await;
    let gone: Vec<_> = records.iter().filter(|r| r.deleted).map(|r| &r.external_id).collect();
    assert_eq!(gone, [&ids[1]]);
    let marks = crm.scan(Object::Deal, None, 10).await.expect("marks").marks;
    assert_eq!(marks.len(), 3);
}

#[tokio::test]
async fn won_and_lost_are_told_apart_and_links_lead_to_accounts_and_people() {
    let (fake, ids) = with_deals(3);
    let stage = |id: &str, stage: &str| fake.db().set("Opportunities", id, json!({ "sales_stage": stage }));
    stage(&ids[1], "Closed Won");
    stage(&ids[2], "Closed Lost");
    let links = json!({ "@accounts": ["a-1"], "@contacts": ["c-1", "c-2"], "account_id": "a-1" });
    fake.db().set("Opportunities", &ids[0], links);
    let euro = fake.db().add("Currencies", json!({ "name": "Euro", "iso4217": "EUR" }));
    fake.db().set("Opportunities", &ids[1], json!({ "currency_id": euro }));
    let (records, _) = pull_all(&connect(&fake).await, Object::Deal, None, 10).await;
    let of = |id: &str| match &records.iter().find(|r| r.external_id == id).expect("a record").body {
        Canonical::Deal(deal) => deal.clone(),
        other => panic!("{other:?}"),
    };
    let kinds: Vec<StageKind> = ids.iter().map(|id| of(id).stage_kind).collect();
    assert_eq!(kinds, [StageKind::Open, StageKind::Won, StageKind::Lost]);
    let first = of(&ids[0]);
    assert_eq!(
        (first.account.as_deref(), first.contact.as_deref()),
        (Some("a-1"), Some("c-1"))
    );
    let amounts: Vec<String> = ids
        .iter()
        .map(|id| of(id).amount.expect("an amount").to_string())
        .collect();
    assert_eq!(amounts, ["1200.50 CNY", "1200.50 EUR", "1200.50 CNY"]);
    let asked = fake
        .db()
        .calls
        .iter()
        .filter(|c| *c == "get_entry_list/Currencies")
        .count();
    assert_eq!(asked, 1, "the currencies are read once");
}

#[tokio::test]
async fn meetings_and_calls_are_one_object_read_one_after_the_other() {
    let fake = FakeSuiteCrm::default();
    for n in 1..=5 {
        let at = json!({
            "name": format!("拜访 {n}"), "status": "Held", "location": "苏州", "date_start": "2026-11-20 02:00:00",
            "parent_type": "Accounts", "parent_id": "a-1",
        });
        fake.db().add("Meetings", at);
        let call = json!({
            "name": format!("电话 {n}"), "status": "Held", "date_start": "2026-11-21 02:00:00",
            "parent_type": "Opportunities", "parent_id": "o-1", "@contacts": ["c-1"],
        });
        fake.db().add("Calls", call);
    }
    let off = fake
        .db()
        .add("Meetings", json!({ "name": "取消", "status": "Not Held" }));
    for size in [1, 2, 5, 6, 7, 20] {
        let crm = connect(&fake).await;
        let (records, cursor) = pull_all(&crm, Object::Activity, None, size).await;
        assert_eq!(records.len(), 11, "pages of {size}");
        let gone: Vec<_> = records.iter().filter(|r| r.deleted).map(|r| &r.external_id).collect();
        assert_eq!(gone, [&off]);
        for record in records.iter().filter(|r| !r.deleted) {
            let Canonical::Activity(doing) = &record.body else {
                panic!("{record:?}")
            };
            let told = (doing.kind.as_str(), doing.account.as_deref(), doing.deal.as_deref());
            match doing.subject.starts_with("拜访") {
                true => assert_eq!(told, ("visit", Some("a-1"), None)),
                false => assert_eq!(told, ("call", None, Some("o-1"))),
            }
            let url = record.url.as_deref().expect("an address");
            assert!(
                url.contains(if told.0 == "visit" {
                    "module=Meetings"
                } else {
                    "module=Calls"
                }),
                "{url}"
            );
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
        let mut living: Vec<_> = records.iter().filter(|r| !r.deleted).map(|r| r.mark()).collect();
        living.sort_by(|a, b| a.external_id.cmp(&b.external_id));
        assert_eq!(marks, living);
    }
}

#[tokio::test]
async fn fetch_gives_what_is_there_and_asks_for_nothing_unsafe() {
    let (fake, ids) = with_deals(4);
    let crm = connect(&fake).await;
    let (pulled, _) = pull_all(&crm, Object::Deal, None, 10).await;
    let strange = "x' OR '1'='1";
    let asked = [ids[1].clone(), "no-such".into(), strange.into()];
    let fetched = crm.fetch(Object::Deal, &asked).await.expect("records");
    assert_eq!(fetched.gone, ["no-such", strange]);
    let expected = pulled.iter().find(|r| r.external_id == ids[1]).expect("the record");
    assert_eq!(fetched.records, std::slice::from_ref(expected));
    assert_eq!(fake.unfit(), [""; 0]);
}

#[tokio::test]
async fn texts_that_come_as_html_are_text() {
    let fake = FakeSuiteCrm::default();
    let name = "O'Neil \"Büro\" <苏州> & Söhne";
    fake.db().add("Accounts", json!({ "name": name }));
    let (records, _) = pull_all(&connect(&fake).await, Object::Account, None, 10).await;
    assert_eq!(names(&records), [name]);
}

#[tokio::test]
async fn a_strange_cursor_and_an_unknown_object_are_refused() {
    let (fake, _) = with_deals(3);
    let crm = connect(&fake).await;
    let page = crm.pull(Object::Deal, None, 1).await.expect("a page");
    for (object, cursor) in [(Object::Account, page.next), (Object::Deal, json!({ "offset": 5 }))] {
        let refused = crm.pull(object, Some(&cursor), 5).await;
        assert!(matches!(refused, Err(Error::Cursor(_))), "{refused:?}");
    }
    let none: Option<&Value> = None;
    assert!(matches!(crm.pull(Object::Order, none, 5).await, Err(Error::Setup(_))));
}

#[tokio::test]
async fn records_are_counted_before_the_first_pull() {
    let crm = connect(&with_deals(7).0).await;
    assert_eq!(crm.count(Object::Deal).await, Ok(Some(7)));
}
