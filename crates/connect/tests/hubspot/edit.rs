//! Changing fields: only what still is as it was seen.

use outlay_connect::{Canonical, Connector, Error, FieldChange, Object, Target, Write};
use outlay_fakes::hubspot::FakeHubSpot;
use serde_json::json;

use crate::{cases::portal, connect};

fn change(field: &str, before: &str, after: &str) -> FieldChange {
    FieldChange {
        field: field.into(),
        before: before.into(),
        after: after.into(),
    }
}

fn fields(target: &Target, changes: Vec<FieldChange>) -> Write {
    Write::Fields {
        target: target.clone(),
        changes,
    }
}

#[tokio::test]
async fn a_deal_is_changed_and_read_back_alike() {
    let (fake, deal) = portal();
    let hubspot = connect(&fake).await;
    let target = Target::deal(&deal);
    let changes = vec![
        change("name", "华东二期", "华东三期"),
        change("amount", "12400.50", "13000.00"),
        change("stage", "合同审核", "赢单"),
        change("close_on", "2025-04-01", "2025-04-02"),
    ];
    let done = hubspot
        .push(&fields(&target, changes.clone()), "k")
        .await
        .expect("written");
    assert_eq!((done.changed, done.conflicts), (true, vec![]));
    let read = hubspot
        .fetch(Object::Deal, std::slice::from_ref(&deal))
        .await
        .expect("the deal");
    assert_eq!(done.revision.as_ref(), Some(&read.records[0].revision));
    // HubSpot gives times back as text: the fake keeps what it was given.
    let millis = fake.db().property("deals", &deal, "closedate").expect("a day");
    let at = jiff::Timestamp::from_millisecond(millis.parse().expect("a number")).expect("a time");
    fake.db()
        .change("deals", &deal, &json!({ "closedate": at.to_string() }));
    let read = hubspot
        .fetch(Object::Deal, std::slice::from_ref(&deal))
        .await
        .expect("the deal");
    let Canonical::Deal(body) = &read.records[0].body else {
        panic!("a deal")
    };
    assert_eq!(
        (body.name.as_str(), body.stage.as_str(), body.stage_kind.as_str()),
        ("华东三期", "赢单", "won")
    );
    assert_eq!(body.amount.map(|m| m.to_string()).as_deref(), Some("13000.00 EUR"));
    assert_eq!(body.close_on.map(|d| d.to_string()).as_deref(), Some("2025-04-02"));
    let again = hubspot
        .push(&fields(&target, changes), "k")
        .await
        .expect("held already");
    assert_eq!((again.changed, again.conflicts), (false, vec![]));
}

#[tokio::test]
async fn what_changed_meanwhile_is_a_conflict_and_the_rest_is_written() {
    let (fake, deal) = portal();
    let hubspot = connect(&fake).await;
    fake.db().change("deals", &deal, &json!({ "amount": "99" }));
    let changes = vec![
        change("amount", "12400.50", "13000.00"),
        change("name", "华东二期", "新"),
    ];
    let done = hubspot
        .push(&fields(&Target::deal(&deal), changes), "k")
        .await
        .expect("written");
    assert!(done.changed);
    assert_eq!(done.conflicts.len(), 1);
    assert_eq!(
        (done.conflicts[0].field.as_str(), done.conflicts[0].theirs.as_str()),
        ("amount", "99.00")
    );
    assert_eq!(fake.db().property("deals", &deal, "amount").as_deref(), Some("99"));
    assert_eq!(fake.db().property("deals", &deal, "dealname").as_deref(), Some("新"));
}

#[tokio::test]
async fn an_account_is_changed_and_what_cannot_be_is_said() {
    let fake = FakeHubSpot::default();
    let company = fake.db().add("companies", &json!({ "name": "x", "phone": "1" }));
    let hubspot = connect(&fake).await;
    let target = Target::account(&company);
    let done = hubspot
        .push(&fields(&target, vec![change("phone", "1", "2")]), "k")
        .await
        .expect("written");
    assert!(done.changed);
    assert_eq!(fake.db().property("companies", &company, "phone").as_deref(), Some("2"));
    let emptied = hubspot
        .push(&fields(&target, vec![change("phone", "2", "")]), "k")
        .await
        .expect("written");
    assert!(emptied.changed);
    let error = hubspot
        .push(&fields(&target, vec![change("tax_id", "", "9")]), "k")
        .await
        .expect_err("no such");
    assert!(matches!(&error, Error::Setup(t) if t.contains("tax_id")), "{error}");
    let (fake, deal) = portal();
    let hubspot = connect(&fake).await;
    let target = Target::deal(&deal);
    let error = hubspot
        .push(&fields(&target, vec![change("stage", "合同审核", "没有")]), "k")
        .await
        .expect_err("no such stage");
    assert!(matches!(error, Error::Refused { status: 422, .. }), "{error}");
    let error = hubspot
        .push(&fields(&target, vec![change("amount", "12400.50", "1 CNY")]), "k")
        .await
        .expect_err("other money");
    assert!(matches!(&error, Error::Setup(t) if t.contains("EUR")), "{error}");
}
