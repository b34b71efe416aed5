//! Cost figures and notes.

use outlay_connect::{Connector, Error, Object, Target, Write};
use outlay_core::{Currency, Money};
use outlay_fakes::{Fault, fxiaoke::FakeFxiaoke};
use serde_json::json;

use super::{connect, pull_all, with_deals};

fn costs(target: Target, paid: i64, as_of: &str) -> Write {
    Write::CostFigures {
        target,
        paid: Money::new(paid, Currency::CNY),
        pending: Money::new(10, Currency::CNY),
        as_of: as_of.parse().expect("a time"),
    }
}

fn note(id: &str, marker: &str, revision: u64, text: &str) -> Write {
    Write::Note {
        target: Target::deal(id),
        marker: marker.into(),
        revision,
        text: text.into(),
    }
}

/// The content of all 销售记录.
fn contents(fake: &FakeFxiaoke) -> Vec<String> {
    let mut db = fake.db();
    let rows = db.object("ActiveRecordObj").rows.values();
    rows.map(|row| row["active_record_content"].as_str().expect("content").to_owned())
        .collect()
}

#[tokio::test]
async fn cost_figures_are_numbers_and_written_once() {
    let (fake, ids) = with_deals(1);
    let account = fake.db().add("AccountObj", json!({ "name": "华东科技" }));
    for object in ["AccountObj", "NewOpportunityObj"] {
        fake.db().add_cost_fields(object);
    }
    let crm = connect(&fake).await;
    for (object, target) in [
        ("NewOpportunityObj", Target::deal(&ids[0])),
        ("AccountObj", Target::account(&account)),
    ] {
        let id = target.external_id.clone();
        let write = costs(target.clone(), 1_234_567_89, "2026-11-24T05:00:00Z");
        let done = crm.push(&write, "k").await.expect("written");
        assert!(done.changed);
        let row = fake.db().row(object, &id).clone();
        assert_eq!(
            (&row["cost_paid__c"], &row["cost_pending__c"]),
            (&json!("1234567.89"), &json!("0.10"))
        );
        assert_eq!(
            (&row["cost_currency__c"], &row["cost_as_of__c"]),
            (&json!("CNY"), &json!(1_795_496_400_000_i64))
        );
        // The record comes back by the next pull, and is known by its revision.
        let (records, _) = pull_all(&crm, target.object, None, 10).await;
        let echo = records.iter().find(|r| r.external_id == id).expect("the record");
        assert_eq!(done.revision.as_ref(), Some(&echo.revision));
        let again = crm.push(&write, "k").await.expect("found");
        assert!(!again.changed);
        assert_eq!(again.revision, done.revision);
        let older = crm
            .push(&costs(target, 1, "2026-11-24T04:59:59Z"), "k")
            .await
            .expect("left alone");
        assert!(!older.changed);
        assert_eq!(fake.db().row(object, &id)["cost_paid__c"], "1234567.89");
    }
}

#[tokio::test]
async fn figures_wait_for_nobodys_approval_and_lacking_fields_are_named() {
    let (fake, ids) = with_deals(1);
    fake.db().approves = true;
    let crm = connect(&fake).await;
    let write = costs(Target::deal(&ids[0]), 1, "2026-11-24T05:00:00Z");
    let error = crm.push(&write, "k").await.expect_err("no fields");
    assert!(
        matches!(&error, Error::Setup(t) if t.contains("对象管理") && t.contains("cost_paid__c (金额 or 数字")),
        "{error}"
    );
    fake.db().add_cost_fields("NewOpportunityObj");
    assert!(crm.push(&write, "k").await.expect("written").changed);
    assert!(!crm.push(&write, "k").await.expect("there").changed);
}

#[tokio::test]
async fn a_lost_answer_doubles_no_figure() {
    for nth in 0..6 {
        let (fake, ids) = with_deals(1);
        fake.db().add_cost_fields("NewOpportunityObj");
        let crm = connect(&fake).await;
        crm.pull(Object::Deal, None, 1).await.expect("a page");
        let write = costs(Target::deal(&ids[0]), 500, "2026-11-24T05:00:00Z");
        let before = fake.faults.asked();
        fake.faults.pass(nth);
        fake.faults.next(1, Fault::LostAnswer);
        let first = crm.push(&write, "k").await;
        if fake.faults.asked() - before > nth {
            assert!(first.expect_err("lost").is_transient(), "request {nth}");
        }
        fake.faults.clear();
        crm.push(&write, "k").await.expect("written");
        assert!(!crm.push(&write, "k").await.expect("there").changed);
        assert_eq!(fake.db().row("NewOpportunityObj", &ids[0])["cost_paid__c"], "5.00");
    }
}

#[tokio::test]
async fn a_note_is_made_once_and_updated_in_place() {
    let (fake, ids) = with_deals(2);
    let crm = connect(&fake).await;
    let first = crm
        .push(&note(&ids[0], "cost.1", 1, "已支付 1,234.50"), "k")
        .await
        .expect("made");
    assert!(first.changed && first.revision.is_none());
    let row = fake.db().row("ActiveRecordObj", &first.external_id).clone();
    assert_eq!(
        row["related_object_data"][0],
        json!({ "describe_api_name": "NewOpportunityObj", "id": ids[0] })
    );
    let second = crm
        .push(&note(&ids[0], "cost.1", 2, "已支付 2,000.00"), "k")
        .await
        .expect("updated");
    assert_eq!((second.changed, &second.external_id), (true, &first.external_id));
    for old in [1, 2] {
        let done = crm
            .push(&note(&ids[0], "cost.1", old, "老"), "k")
            .await
            .expect("left alone");
        assert!(!done.changed);
    }
    assert_eq!(contents(&fake), ["已支付 2,000.00\n[outlay:cost.1:2]"]);
    // A marker that another begins with is another note, and so is one of another deal.
    assert!(
        crm.push(&note(&ids[0], "cost.12", 1, "x"), "k")
            .await
            .expect("made")
            .changed
    );
    assert!(
        crm.push(&note(&ids[1], "cost.1", 1, "x"), "k")
            .await
            .expect("made")
            .changed
    );
    assert_eq!(contents(&fake).len(), 3);
    let (doings, _) = pull_all(&crm, Object::Activity, None, 10).await;
    assert_eq!(doings.len(), 0, "notes are no doings");
}

#[tokio::test]
async fn a_note_whose_answer_got_lost_is_not_doubled() {
    for nth in 0..6 {
        let (fake, ids) = with_deals(1);
        fake.db().add(
            "ActiveRecordObj",
            json!({ "active_record_content": "电话沟通，客户满意" }),
        );
        let crm = connect(&fake).await;
        crm.pull(Object::Deal, None, 1).await.expect("a page");
        let lost = note(&ids[0], "cost.2", 1, "二");
        let before = fake.faults.asked();
        fake.faults.pass(nth);
        fake.faults.next(1, Fault::LostAnswer);
        let first = crm.push(&lost, "k").await;
        if fake.faults.asked() - before > nth {
            assert!(first.expect_err("lost").is_transient());
        }
        fake.faults.clear();
        crm.push(&lost, "k").await.expect("there");
        assert_eq!(contents(&fake).len(), 2, "request {nth}");
    }
}

#[tokio::test]
async fn where_content_cannot_be_searched_no_note_is_doubled() {
    let (fake, ids) = with_deals(1);
    fake.db().blind = true;
    fake.db()
        .add("ActiveRecordObj", json!({ "active_record_content": "电话沟通" }));
    for _ in 0..3 {
        let crm = connect(&fake).await;
        let error = crm
            .push(&note(&ids[0], "cost.1", 1, "一"), "k")
            .await
            .expect_err("not safe");
        assert!(
            matches!(&error, Error::Setup(t) if t.contains("none is made")),
            "{error}"
        );
    }
    assert_eq!(contents(&fake).len(), 1);
    // With nothing there to learn it from, one is made, and no second one.
    let (fake, ids) = with_deals(1);
    fake.db().blind = true;
    for n in 0..3 {
        let done = connect(&fake).await.push(&note(&ids[0], "cost.1", 1, "一"), "k").await;
        assert_eq!(done.is_ok(), n == 0);
    }
    assert_eq!(contents(&fake).len(), 1);
}

#[tokio::test]
async fn two_notes_of_one_marker_say_the_same() {
    let (fake, ids) = with_deals(1);
    let crm = connect(&fake).await;
    crm.push(&note(&ids[0], "cost.1", 1, "一"), "k").await.expect("made");
    let twin = json!({
        "active_record_content": "一\n[outlay:cost.1:1]",
        "related_object_data": [{ "describe_api_name": "NewOpportunityObj", "id": ids[0] }],
    });
    fake.db().add("ActiveRecordObj", twin);
    assert!(
        crm.push(&note(&ids[0], "cost.1", 2, "二"), "k")
            .await
            .expect("updated")
            .changed
    );
    assert_eq!(contents(&fake), ["二\n[outlay:cost.1:2]"; 2]);
}

#[tokio::test]
async fn what_is_gone_or_unfit_is_said() {
    let (fake, ids) = with_deals(1);
    fake.db().add_cost_fields("NewOpportunityObj");
    let crm = connect(&fake).await;
    fake.db()
        .set("NewOpportunityObj", &ids[0], json!({ "life_status": "invalid" }));
    for id in [ids[0].as_str(), "没有"] {
        let write = costs(Target::deal(id), 1, "2026-11-24T05:00:00Z");
        assert!(matches!(crm.push(&write, "k").await, Err(Error::Gone { .. })));
        assert!(matches!(
            crm.push(&note(id, "m", 1, "x"), "k").await,
            Err(Error::Gone { .. })
        ));
    }
    let before = fake.faults.asked();
    assert!(matches!(
        crm.push(&note(&ids[0], "a b", 1, ""), "k").await,
        Err(Error::Setup(_))
    ));
    let order = Target {
        object: Object::Order,
        external_id: "1".into(),
    };
    let write = costs(order, 1, "2026-11-24T05:00:00Z");
    assert!(matches!(crm.push(&write, "k").await, Err(Error::Setup(_))));
    assert_eq!(fake.faults.asked(), before);
}
