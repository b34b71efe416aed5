//! Cost figures and notes.

use outlay_connect::{Connector, Error, Object, Target};
use outlay_fakes::{
    Fault,
    dynamics::{FakeDynamics, Row},
};
use serde_json::json;

use super::{connect, frame::*, known, with_deals};

fn ready() -> (FakeDynamics, String) {
    let fake = with_deals(1);
    fake.db().add_columns("opportunities");
    fake.db().add_columns("accounts");
    let id = known(&fake, "opportunities")[0].clone();
    (fake, id)
}

fn notes(fake: &FakeDynamics) -> Vec<Row> {
    fake.db().table("annotations").rows.values().cloned().collect()
}

#[tokio::test]
async fn cost_figures_are_written_once_and_never_backwards() {
    let (fake, deal) = ready();
    let account = fake.db().add("accounts", json!({ "name": "蓝石" }));
    let dynamics = connect(&fake).await;
    for (target, set) in [
        (Target::deal(&deal), "opportunities"),
        (Target::account(&account), "accounts"),
    ] {
        let write = costs(target.clone(), 1_234_567_89, "2026-11-24T05:00:00.75Z");
        let done = dynamics.push(&write, "k").await.expect("written");
        assert!(done.changed);
        let row = fake.db().row(set, &target.external_id);
        assert_eq!(row["outlay_paid"].to_string(), "1234567.89");
        assert_eq!(
            (&row["outlay_pending"], &row["outlay_currency"]),
            (&json!(0.1), &json!("CNY"))
        );
        assert_eq!(row["outlay_asof"], 1_795_496_400);
        let fetched = dynamics
            .fetch(target.object, std::slice::from_ref(&target.external_id))
            .await;
        let echo = fetched.expect("the record").records[0].revision.clone();
        assert_eq!(done.revision, Some(echo), "our own echo is known");
        assert!(!dynamics.push(&write, "k").await.expect("found").changed);
        let older = dynamics
            .push(&costs(target.clone(), 1, "2026-11-24T04:59:59Z"), "k")
            .await;
        assert!(!older.expect("left alone").changed);
        assert_eq!(fake.db().row(set, &target.external_id), row);
    }
}

#[tokio::test]
async fn without_the_columns_it_is_said_what_to_do() {
    let fake = with_deals(1);
    let id = known(&fake, "opportunities")[0].clone();
    let dynamics = connect(&fake).await;
    let write = costs(Target::deal(&id), 1, "2026-11-24T05:00:00Z");
    let error = dynamics.push(&write, "k").await.expect_err("no columns");
    assert!(
        matches!(&error, Error::Setup(t) if t.contains("outlay_paid (decimal number")),
        "{error}"
    );
    fake.db().add_columns("opportunities");
    assert!(dynamics.push(&write, "k").await.expect("written").changed);
}

#[tokio::test]
async fn a_lost_answer_doubles_neither_figure_nor_note() {
    for nth in 0..8 {
        let (fake, id) = ready();
        let dynamics = connect(&fake).await;
        dynamics.check().await.expect("ready");
        let figures = costs(Target::deal(&id), 500, "2026-11-24T05:00:00Z");
        let text = note(Target::deal(&id), "cost.2", 1, "二");
        for write in [&figures, &text] {
            let before = fake.faults.asked();
            fake.faults.pass(nth);
            fake.faults.next(1, Fault::LostAnswer);
            let first = dynamics.push(write, "k").await;
            if fake.faults.asked() - before > nth {
                assert!(first.expect_err("lost").is_transient(), "request {nth}");
            }
            fake.faults.clear();
            dynamics.push(write, "k").await.expect("written");
            assert!(!dynamics.push(write, "k").await.expect("there").changed);
        }
        assert_eq!(fake.db().row("opportunities", &id)["outlay_paid"], json!(5.0));
        let held = notes(&fake);
        assert_eq!(
            (held.len(), &held[0]["subject"]),
            (1, &json!("二 [outlay:cost.2:1]")),
            "request {nth}"
        );
    }
}

#[tokio::test]
async fn a_note_is_made_once_and_updated_in_place() {
    let (fake, id) = ready();
    let dynamics = connect(&fake).await;
    let target = Target::deal(&id);
    let push = async |marker: &str, revision, text: &str| {
        let note = note(target.clone(), marker, revision, text);
        dynamics.push(&note, "k").await.expect("an answer")
    };
    let first = push("cost.1", 1, "已支付 1,234.50\n待付 <0>").await;
    assert!(first.changed && first.revision.is_none());
    let held = notes(&fake);
    assert_eq!(held[0]["notetext"], "已支付 1,234.50\n待付 <0>");
    assert_eq!(held[0]["_objectid_value"], id.as_str());
    let second = push("cost.1", 2, "已支付 2,000.00").await;
    assert_eq!((second.changed, &second.external_id), (true, &first.external_id));
    for old in [1, 2] {
        assert!(!push("cost.1", old, "老").await.changed);
    }
    let held = notes(&fake);
    assert_eq!(
        (held.len(), &held[0]["subject"]),
        (1, &json!("已支付 2,000.00 [outlay:cost.1:2]"))
    );
    // A marker that another begins with is another note; two of one marker become one.
    assert!(push("cost.12", 1, "x").await.changed);
    let twin = json!({ "subject": "x [outlay:cost.12:1]", "notetext": "x", "_objectid_value": id });
    fake.db().add("annotations", twin);
    assert!(push("cost.12", 2, "y").await.changed);
    assert_eq!(notes(&fake).len(), 2);
}

#[tokio::test]
async fn what_is_gone_or_unfit_is_said_and_never_made_anew() {
    let (fake, id) = ready();
    let dynamics = connect(&fake).await;
    fake.db().delete("opportunities", &id);
    for write in [
        costs(Target::deal(&id), 1, "2026-11-24T05:00:00Z"),
        note(Target::deal(&id), "m", 1, "x"),
        fields(Target::deal(&id), &[("name", "a", "b")]),
    ] {
        let error = dynamics.push(&write, "k").await.expect_err("gone");
        assert!(matches!(error, Error::Gone { .. }), "{error}");
    }
    assert!(known(&fake, "opportunities").is_empty());
    let before = fake.faults.asked();
    let order = Target {
        object: Object::Order,
        external_id: id.clone(),
    };
    for write in [
        note(Target::deal("1) or (1"), "m", 1, "x"),
        note(Target::deal(&id), "a b", 1, "x"),
        note(order.clone(), "m", 1, "x"),
        costs(order, 1, "2026-11-24T05:00:00Z"),
    ] {
        assert!(
            matches!(dynamics.push(&write, "k").await, Err(Error::Setup(_))),
            "{write:?}"
        );
    }
    assert_eq!(fake.faults.asked(), before, "nothing was asked");
}
