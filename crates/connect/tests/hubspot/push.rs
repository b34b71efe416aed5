//! Writing back: figures, and one note in place.

use outlay_connect::{Connector, Error, Object, Target, Write};
use outlay_core::{Currency, Money};
use outlay_fakes::{Fault, WriteFault, hubspot::FakeHubSpot};
use serde_json::json;

use crate::{connect, known, with_deals};

fn costs(id: &str, paid: i64, as_of: &str) -> Write {
    Write::CostFigures {
        target: Target::deal(id),
        paid: Money::new(paid, Currency::CNY),
        pending: Money::new(5_00, Currency::CNY),
        as_of: as_of.parse().expect("a time"),
    }
}

fn note(target: Target, revision: u64, text: &str) -> Write {
    Write::Note {
        target,
        marker: "cost-deal.7".into(),
        revision,
        text: text.into(),
    }
}

#[tokio::test]
async fn figures_are_written_once_and_never_backwards() {
    let fake = with_deals(1);
    let id = known(&fake, "deals")[0].clone();
    let hubspot = connect(&fake).await;
    let write = costs(&id, 123_45, "2025-03-04T00:00:00Z");
    let first = hubspot.push(&write, "k").await.expect("written");
    assert!(first.changed);
    let held = |name: &str| fake.db().property("deals", &id, name).unwrap_or_default();
    assert_eq!(
        [held("outlay_paid"), held("outlay_pending"), held("outlay_currency")],
        ["123.45", "5.00", "CNY"]
    );
    let now = hubspot
        .fetch(Object::Deal, std::slice::from_ref(&id))
        .await
        .expect("the deal");
    assert_eq!(
        first.revision,
        Some(now.records[0].revision.clone()),
        "our own echo is known"
    );
    // HubSpot gives times back as text.
    fake.db()
        .change("deals", &id, &json!({ "outlay_as_of": "2025-03-04T00:00:00Z" }));
    assert!(!hubspot.push(&write, "k").await.expect("held already").changed);
    let older = costs(&id, 1, "2025-03-03T00:00:00Z");
    assert!(!hubspot.push(&older, "k").await.expect("held newer").changed);
    assert_eq!(held("outlay_paid"), "123.45");
    let newer = costs(&id, 200_00, "2025-03-05T00:00:00Z");
    assert!(hubspot.push(&newer, "k").await.expect("written").changed);
    assert_eq!(held("outlay_paid"), "200.00");
}

#[tokio::test]
async fn properties_are_made_where_they_lack_or_a_person_is_told_to() {
    let fake = with_deals(1);
    let id = known(&fake, "deals")[0].clone();
    let hubspot = connect(&fake).await;
    let write = costs(&id, 1, "2025-03-04T00:00:00Z");
    fake.db().may_add = false;
    let error = hubspot.push(&write, "k").await.expect_err("may not");
    assert!(
        matches!(&error, Error::Setup(t) if t.contains("crm.schemas.deals.write") && t.contains("outlay_paid")),
        "{error}"
    );
    fake.db().may_add = true;
    assert!(hubspot.push(&write, "k").await.expect("written").changed);
    assert_eq!(fake.db().added["deals"].len(), 4);
}

#[tokio::test]
async fn figures_whose_answer_got_lost_are_not_written_again() {
    let fake = with_deals(1);
    let id = known(&fake, "deals")[0].clone();
    let hubspot = connect(&fake).await;
    hubspot
        .push(&costs(&id, 1, "2025-03-04T00:00:00Z"), "k")
        .await
        .expect("written");
    fake.faults.pass(1);
    fake.faults.next(1, Fault::LostAnswer);
    let write = costs(&id, 2, "2025-03-05T00:00:00Z");
    assert!(hubspot.push(&write, "k").await.expect_err("lost").is_transient());
    fake.db()
        .change("deals", &id, &json!({ "outlay_as_of": "2025-03-05T00:00:00Z" }));
    assert!(!hubspot.push(&write, "k").await.expect("there").changed);
}

#[tokio::test]
async fn a_note_is_updated_in_place() {
    let fake = FakeHubSpot::default();
    let deal = fake.db().add("deals", &json!({ "dealname": "x" }));
    let company = fake.db().add("companies", &json!({ "name": "x" }));
    let hubspot = connect(&fake).await;
    for target in [Target::deal(&deal), Target::account(&company)] {
        let before = fake.db().all("notes").len();
        let first = hubspot
            .push(&note(target.clone(), 1, "已支付 <1>"), "k")
            .await
            .expect("a note");
        assert!(first.changed);
        let again = hubspot
            .push(&note(target.clone(), 1, "已支付 <1>"), "k")
            .await
            .expect("a note");
        assert_eq!((again.changed, &again.external_id), (false, &first.external_id));
        let next = hubspot
            .push(&note(target.clone(), 3, "已支付 3"), "k")
            .await
            .expect("a note");
        assert_eq!((next.changed, &next.external_id), (true, &first.external_id));
        let late = hubspot
            .push(&note(target.clone(), 2, "已支付 2"), "k")
            .await
            .expect("a note");
        assert!(!late.changed, "a newer one stays");
        assert_eq!(fake.db().all("notes").len(), before + 1);
        let held = fake
            .db()
            .property("notes", &first.external_id, "hs_note_body")
            .unwrap_or_default();
        assert!(
            held.contains("已支付 3") && held.contains("outlay:cost-deal.7:3"),
            "{held}"
        );
    }
}

#[tokio::test]
async fn a_note_whose_answer_got_lost_is_not_doubled_though_the_search_lags() {
    let fake = with_deals(1);
    let id = known(&fake, "deals")[0].clone();
    for n in 0..120 {
        let other = fake
            .db()
            .add("notes", &json!({ "hs_note_body": format!("<p>other {n}</p>") }));
        fake.db().tie(("notes", &other), ("deals", &id), None);
    }
    let hubspot = connect(&fake).await;
    fake.faults.next_writes(1, WriteFault::LateCommit(600));
    // The deal, the search, the ties, two batches and the kind of tie go well; the note's own answer is lost.
    fake.faults.pass(6);
    fake.faults.next(1, Fault::LostAnswer);
    let write = note(Target::deal(&id), 1, "已支付");
    assert!(hubspot.push(&write, "k").await.expect_err("lost").is_transient());
    assert_eq!(fake.db().all("notes").len(), 121, "it arrived");
    let again = hubspot.push(&write, "k").await.expect("found");
    assert!(!again.changed);
    assert_eq!(fake.db().all("notes").len(), 121);
    fake.db().pass(700);
    assert!(!hubspot.push(&write, "k").await.expect("found by the search").changed);
}

#[tokio::test]
async fn what_cannot_be_written_is_said() {
    let fake = with_deals(1);
    let id = known(&fake, "deals")[0].clone();
    let hubspot = connect(&fake).await;
    for write in [costs("99", 1, "2025-03-04T00:00:00Z"), note(Target::deal("99"), 1, "x")] {
        let error = hubspot.push(&write, "k").await.expect_err("gone");
        assert!(matches!(error, Error::Gone { .. }), "{error}");
    }
    fake.db().archive("deals", &id);
    let error = hubspot
        .push(&note(Target::deal(&id), 1, "x"), "k")
        .await
        .expect_err("gone");
    assert!(matches!(error, Error::Gone { .. }), "{error}");
    let before = fake.faults.asked();
    let order = Target {
        object: Object::Order,
        external_id: "1".into(),
    };
    for write in [
        note(Target::deal("1/../2"), 1, "x"),
        note(order, 1, "x"),
        note(Target::deal("1"), 1, &"x".repeat(20_001)),
    ] {
        let error = hubspot.push(&write, "k").await.expect_err("refused");
        assert!(matches!(error, Error::Setup(_)), "{error}");
    }
    assert_eq!(fake.faults.asked(), before, "nothing was asked");
}
