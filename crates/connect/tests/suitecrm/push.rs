//! Cost figures and notes.

use outlay_connect::{Connector, Error, Object, Target, Write};
use outlay_core::{Currency, Money};
use outlay_fakes::{Fault, suitecrm::FakeSuiteCrm};
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

/// The living notes: title and text.
fn notes(fake: &FakeSuiteCrm) -> Vec<(String, String)> {
    let mut db = fake.db();
    let rows = db.module("Notes").rows.values().filter(|row| row.of("deleted") == "0");
    rows.map(|row| (row.of("name").to_owned(), row.of("description").to_owned()))
        .collect()
}

#[tokio::test]
async fn cost_figures_are_numbers_and_written_once() {
    let (fake, ids) = with_deals(1);
    let account = fake.db().add("Accounts", json!({ "name": "华东科技" }));
    for module in ["Accounts", "Opportunities"] {
        fake.db().add_cost_fields(module);
    }
    let crm = connect(&fake).await;
    for (module, target) in [
        ("Opportunities", Target::deal(&ids[0])),
        ("Accounts", Target::account(&account)),
    ] {
        let id = target.external_id.clone();
        let write = costs(target.clone(), 1_234_567_89, "2026-11-24T05:00:00Z");
        let done = crm.push(&write, "k").await.expect("written");
        assert!(done.changed);
        let row = fake.db().row(module, &id).clone();
        assert_eq!(
            (row.of("cost_paid_c"), row.of("cost_pending_c")),
            ("1234567.89", "0.10")
        );
        assert_eq!(
            (row.of("cost_currency_c"), row.of("cost_as_of_c")),
            ("CNY", "2026-11-24 05:00:00")
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
        assert_eq!(fake.db().row(module, &id).of("cost_paid_c"), "1234567.89");
    }
    assert_eq!(fake.unfit(), [""; 0]);
}

#[tokio::test]
async fn without_the_fields_it_is_said_what_to_do() {
    let (fake, ids) = with_deals(1);
    let crm = connect(&fake).await;
    let write = costs(Target::deal(&ids[0]), 1, "2026-11-24T05:00:00Z");
    let error = crm.push(&write, "k").await.expect_err("no fields");
    assert!(
        matches!(&error, Error::Setup(t) if t.contains("Studio") && t.contains("cost_paid_c (Decimal")),
        "{error}"
    );
    fake.db().add_cost_fields("Opportunities");
    assert!(crm.push(&write, "k").await.expect("written").changed);
}

#[tokio::test]
async fn a_lost_answer_doubles_no_figure() {
    for nth in 0..6 {
        let (fake, ids) = with_deals(1);
        fake.db().add_cost_fields("Opportunities");
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
        assert_eq!(fake.db().row("Opportunities", &ids[0]).of("cost_paid_c"), "5.00");
    }
}

#[tokio::test]
async fn a_note_is_made_once_and_updated_in_place() {
    let (fake, ids) = with_deals(2);
    let crm = connect(&fake).await;
    let first = crm
        .push(&note(&ids[0], "cost.1", 1, "已支付 1,234.50\n待付 <0> 'x'"), "k")
        .await
        .expect("made");
    assert!(first.changed && first.revision.is_none());
    let expected = (
        "已支付 1,234.50".to_owned(),
        "已支付 1,234.50\n待付 <0> 'x'\n\n[outlay:cost.1:1]".to_owned(),
    );
    assert_eq!(notes(&fake), [expected]);
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
    let expected = (
        "已支付 2,000.00".to_owned(),
        "已支付 2,000.00\n\n[outlay:cost.1:2]".to_owned(),
    );
    assert_eq!(notes(&fake), [expected]);
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
    assert_eq!(notes(&fake).len(), 3);
    assert_eq!(fake.unfit(), [""; 0]);
}

#[tokio::test]
async fn a_note_whose_answer_got_lost_is_not_doubled() {
    for nth in 0..6 {
        let (fake, ids) = with_deals(1);
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
        assert_eq!(notes(&fake).len(), 1, "request {nth}");
    }
}

#[tokio::test]
async fn two_notes_of_one_marker_become_one() {
    let (fake, ids) = with_deals(1);
    let crm = connect(&fake).await;
    crm.push(&note(&ids[0], "cost.1", 1, "一"), "k").await.expect("made");
    let twin = json!({
        "name": "一", "description": "一 [outlay:cost.1:1]", "parent_type": "Opportunities", "parent_id": ids[0],
    });
    fake.db().add("Notes", twin);
    crm.push(&note(&ids[0], "cost.1", 2, "二"), "k").await.expect("updated");
    assert_eq!(notes(&fake), [("二".to_owned(), "二\n\n[outlay:cost.1:2]".to_owned())]);
}

#[tokio::test]
async fn what_is_gone_or_unfit_is_said() {
    let (fake, ids) = with_deals(1);
    fake.db().add_cost_fields("Opportunities");
    let crm = connect(&fake).await;
    fake.db().delete("Opportunities", &ids[0]);
    for id in [ids[0].as_str(), "no-such"] {
        let write = costs(Target::deal(id), 1, "2026-11-24T05:00:00Z");
        assert!(matches!(crm.push(&write, "k").await, Err(Error::Gone { .. })));
        assert!(matches!(
            crm.push(&note(id, "m", 1, "x"), "k").await,
            Err(Error::Gone { .. })
        ));
    }
    let before = fake.faults.asked();
    for bad in [note(&ids[0], "a b", 1, ""), note("x' OR 1=1", "m", 1, "")] {
        assert!(matches!(crm.push(&bad, "k").await, Err(Error::Setup(_))));
    }
    let project = Target {
        object: Object::Project,
        external_id: "1".into(),
    };
    let write = costs(project, 1, "2026-11-24T05:00:00Z");
    assert!(matches!(crm.push(&write, "k").await, Err(Error::Setup(_))));
    assert_eq!(fake.faults.asked(), before);
}
