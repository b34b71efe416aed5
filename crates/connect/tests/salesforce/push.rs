//! Cost figures and notes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use outlay_connect::{Connector, Error, Object, Target};
use outlay_fakes::{
    Fault,
    salesforce::{FakeSalesforce, Row},
};
use serde_json::json;

use super::{connect, frame::*, known, with_deals};

fn ready(deals: usize) -> (FakeSalesforce, String) {
    let fake = with_deals(deals);
    fake.db().add_fields("Opportunity");
    fake.db().add_fields("Account");
    let id = known(&fake, "Opportunity")[0].clone();
    (fake, id)
}

fn notes(fake: &FakeSalesforce) -> Vec<Row> {
    fake.db().object("ContentNote").rows.values().cloned().collect()
}

fn text(note: &Row) -> String {
    let bytes = STANDARD
        .decode(note["Content"].as_str().expect("content"))
        .expect("base64");
    String::from_utf8(bytes).expect("text")
}

#[tokio::test]
async fn cost_figures_are_written_once_and_never_backwards() {
    let (fake, deal) = ready(1);
    let account = fake.db().add("Account", json!({ "Name": "蓝石" }));
    let salesforce = connect(&fake).await;
    for (target, name) in [
        (Target::deal(&deal), "Opportunity"),
        (Target::account(&account), "Account"),
    ] {
        let write = costs(target.clone(), 1_234_567_89, "2026-11-24T05:00:00.75Z");
        let done = salesforce.push(&write, "k").await.expect("written");
        assert!(done.changed);
        let row = fake.db().row(name, &target.external_id);
        assert_eq!(row["Outlay_Paid__c"].to_string(), "1234567.89");
        assert_eq!(
            (&row["Outlay_Pending__c"], &row["Outlay_Currency__c"]),
            (&json!(0.1), &json!("CNY"))
        );
        assert_eq!(row["Outlay_As_Of__c"], 1_795_496_400);
        let fetched = salesforce
            .fetch(target.object, std::slice::from_ref(&target.external_id))
            .await;
        let echo = fetched.expect("the record").records[0].revision.clone();
        assert_eq!(done.revision, Some(echo), "our own echo is known");
        let again = salesforce.push(&write, "k").await.expect("found");
        assert!(!again.changed);
        let older = salesforce
            .push(&costs(target.clone(), 1, "2026-11-24T04:59:59Z"), "k")
            .await;
        assert!(!older.expect("left alone").changed);
        assert_eq!(fake.db().row(name, &target.external_id), row);
    }
}

#[tokio::test]
async fn without_the_fields_it_is_said_what_to_do() {
    let fake = with_deals(1);
    let id = known(&fake, "Opportunity")[0].clone();
    let salesforce = connect(&fake).await;
    let write = costs(Target::deal(&id), 1, "2026-11-24T05:00:00Z");
    let error = salesforce.push(&write, "k").await.expect_err("no fields");
    assert!(
        matches!(&error, Error::Setup(t) if t.contains("Outlay_Paid__c (Number(16, 2))") && t.contains("Opportunity")),
        "{error}"
    );
    fake.db().add_fields("Opportunity");
    assert!(salesforce.push(&write, "k").await.expect("written").changed);
}

#[tokio::test]
async fn an_error_within_200_is_an_error() {
    let (fake, id) = ready(1);
    let salesforce = connect(&fake).await;
    let write = |paid| costs(Target::deal(&id), paid, "2026-11-24T05:00:00Z");
    salesforce.push(&write(1), "k").await.expect("written");
    // The field can be read still and set no more: Salesforce says so of the one record, in an answer of 200.
    fake.db()
        .object("Opportunity")
        .fields
        .get_mut("Outlay_Paid__c")
        .expect("a field")
        .updateable = false;
    let error = salesforce.push(&write(2), "k").await.expect_err("refused");
    assert!(
        matches!(&error, Error::Refused { status: 200, text } if text.starts_with("INVALID_FIELD_FOR_INSERT_UPDATE")),
        "{error}"
    );
}

#[tokio::test]
async fn a_lost_answer_doubles_no_figure() {
    for nth in 0..6 {
        let (fake, id) = ready(1);
        let salesforce = connect(&fake).await;
        salesforce.check().await.expect("ready");
        let write = costs(Target::deal(&id), 500, "2026-11-24T05:00:00Z");
        let before = fake.faults.asked();
        fake.faults.pass(nth);
        fake.faults.next(1, Fault::LostAnswer);
        let first = salesforce.push(&write, "k").await;
        if fake.faults.asked() - before > nth {
            assert!(first.expect_err("lost").is_transient(), "request {nth}");
        }
        fake.faults.clear();
        salesforce.push(&write, "k").await.expect("written");
        assert!(!salesforce.push(&write, "k").await.expect("there").changed);
        assert_eq!(fake.db().row("Opportunity", &id)["Outlay_Paid__c"], json!(5.0));
    }
}

#[tokio::test]
async fn a_note_is_made_once_and_updated_in_place() {
    let (fake, id) = ready(1);
    let salesforce = connect(&fake).await;
    let target = Target::deal(&id);
    let push = async |marker: &str, revision, text: &str| {
        let note = note(target.clone(), marker, revision, text);
        salesforce.push(&note, "k").await.expect("an answer")
    };
    let first = push("cost.1", 1, "已支付 1,234.50\n待付 <0>").await;
    assert!(first.changed && first.revision.is_none());
    assert_eq!(text(&notes(&fake)[0]), "<p>已支付 1,234.50<br>待付 &lt;0&gt;</p>");
    let second = push("cost.1", 2, "已支付 2,000.00").await;
    assert_eq!((second.changed, &second.external_id), (true, &first.external_id));
    for old in [1, 2] {
        assert!(!push("cost.1", old, "老").await.changed);
    }
    let held = notes(&fake);
    assert_eq!(held.len(), 1);
    assert_eq!(held[0]["Title"], "已支付 2,000.00 [outlay:cost.1:2]");
    assert_eq!(text(&held[0]), "<p>已支付 2,000.00</p>");
    // A marker that another begins with is another note.
    assert!(push("cost.12", 1, "x").await.changed);
    let ties: Vec<Row> = fake.db().object("ContentDocumentLink").rows.values().cloned().collect();
    assert_eq!(ties.len(), 2);
    assert!(ties.iter().all(|tie| tie["LinkedEntityId"] == id.as_str()));
}

#[tokio::test]
async fn a_note_whose_answer_got_lost_is_neither_doubled_nor_left_loose() {
    for nth in 0..8 {
        let (fake, id) = ready(1);
        let salesforce = connect(&fake).await;
        salesforce.check().await.expect("ready");
        let write = note(Target::deal(&id), "cost.2", 1, "二");
        let before = fake.faults.asked();
        fake.faults.pass(nth);
        fake.faults.next(1, Fault::LostAnswer);
        let first = salesforce.push(&write, "k").await;
        if fake.faults.asked() - before > nth {
            assert!(first.expect_err("lost").is_transient());
        }
        fake.faults.clear();
        salesforce.push(&write, "k").await.expect("there");
        let held = notes(&fake);
        assert_eq!(held.len(), 1, "request {nth}");
        assert_eq!(held[0]["Title"], "二 [outlay:cost.2:1]");
        assert_eq!(fake.db().object("ContentDocumentLink").rows.len(), 1, "request {nth}");
    }
}

#[tokio::test]
async fn two_notes_of_one_marker_become_one() {
    let (fake, id) = ready(1);
    let salesforce = connect(&fake).await;
    salesforce
        .push(&note(Target::deal(&id), "cost.1", 1, "一"), "k")
        .await
        .expect("made");
    fake.db()
        .add("ContentNote", json!({ "Title": "一 [outlay:cost.1:1]", "Content": "" }));
    salesforce
        .push(&note(Target::deal(&id), "cost.1", 2, "二"), "k")
        .await
        .expect("updated");
    let held = notes(&fake);
    assert_eq!((held.len(), &held[0]["Title"]), (1, &json!("二 [outlay:cost.1:2]")));
}

#[tokio::test]
async fn what_is_gone_or_unfit_is_said() {
    let (fake, id) = ready(2);
    let salesforce = connect(&fake).await;
    let figures = |id: &str| costs(Target::deal(id), 1, "2026-11-24T05:00:00Z");
    fake.db().delete("Opportunity", &id);
    for write in [
        figures(&id),
        note(Target::deal(&id), "m", 1, "x"),
        fields(Target::deal(&id), &[("name", "a", "b")]),
        figures("006000000009999AAA"),
    ] {
        let error = salesforce.push(&write, "k").await.expect_err("gone");
        assert!(matches!(error, Error::Gone { .. }), "{error}");
    }
    let before = fake.faults.asked();
    let order = Target {
        object: Object::Order,
        external_id: "801000000000001AAA".into(),
    };
    for write in [
        note(Target::deal("1/../2"), "m", 1, "x"),
        note(Target::deal(&id), "a b", 1, "x"),
        note(Target::deal(&id), "m", 1, &"x".repeat(20_001)),
        note(order.clone(), "m", 1, "x"),
        figures("' OR Id != '"),
        costs(order, 1, "2026-11-24T05:00:00Z"),
    ] {
        assert!(
            matches!(salesforce.push(&write, "k").await, Err(Error::Setup(_))),
            "{write:?}"
        );
    }
    assert_eq!(fake.faults.asked(), before, "nothing was asked");
    fake.db().objects.remove("ContentNote");
    let living = known(&fake, "Opportunity")[1].clone();
    let error = salesforce
        .push(&note(Target::deal(living), "m", 1, "x"), "k")
        .await
        .expect_err("no notes");
    assert!(
        matches!(&error, Error::Setup(t) if t.contains("Notes Settings")),
        "{error}"
    );
}
