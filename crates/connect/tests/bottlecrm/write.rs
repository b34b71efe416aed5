//! Writing into a real BottleCRM.

use jiff::{SignedDuration, Timestamp};
use outlay_connect::{Canonical, Connector, Error, FieldChange, Object, StageKind, Target, Write};
use outlay_core::{Currency, Money};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    connect, frame,
    live::{Live, ONE_AT_A_TIME},
    pull_all,
};

fn change(field: &str, before: &str, after: &str) -> FieldChange {
    FieldChange {
        field: field.into(),
        before: before.into(),
        after: after.into(),
    }
}

#[tokio::test]
async fn figures_and_note_arrive_once_and_exact() {
    let Some(live) = Live::find() else { return };
    let _alone = ONE_AT_A_TIME.lock().await;
    let crm = connect(live.place());
    let deal = live.deal("湖州钢构三期").await;
    let (accounts, _) = pull_all(&crm, Object::Account, 200).await;
    let account = accounts.iter().find(|r| !r.deleted).expect("an account");
    for (target, path) in [
        (Target::deal(&deal), format!("opportunities/{deal}/")),
        (
            Target::account(&account.external_id),
            format!("accounts/{}/", account.external_id),
        ),
    ] {
        let ids = [target.external_id.clone()];
        let revision = crm.fetch(target.object, &ids).await.expect("read").records[0]
            .revision
            .clone();
        let as_of = Timestamp::now();
        let costs = |paid: i64, as_of| Write::CostFigures {
            target: target.clone(),
            paid: Money::new(paid, Currency::CNY),
            pending: Money::new(10, Currency::CNY),
            as_of,
        };
        assert!(
            crm.push(&costs(999_999_999_999_999, as_of), "k1")
                .await
                .expect("written")
                .changed
        );
        assert!(
            !crm.push(&costs(999_999_999_999_999, as_of), "k1")
                .await
                .expect("the same")
                .changed
        );
        let old = costs(1, as_of - SignedDuration::from_secs(60));
        assert!(!crm.push(&old, "k0").await.expect("too late").changed);
        let whole = live.ask(Method::GET, &path, Value::Null).await;
        let place = if target.object == Object::Deal {
            "opportunity_obj"
        } else {
            "account_obj"
        };
        let held = &whole[place]["custom_fields"];
        // Numbers, which BottleCRM's filters and exports take as such.
        assert_eq!(held["outlay_paid"].to_string(), "9999999999999.99");
        assert_eq!(held["outlay_pending"].to_string(), "0.1");
        assert_eq!(held["outlay_currency"], "CNY");

        // Of this run, should the server have seen others.
        let marker = format!("cost-{}", as_of.as_millisecond());
        let note = |revision, text: &str| Write::Note {
            target: target.clone(),
            marker: marker.clone(),
            revision,
            text: text.into(),
        };
        let made = crm.push(&note(1, "已支付 1\n第二行"), "k2").await.expect("a note");
        let same = crm.push(&note(1, "已支付 1\n第二行"), "k2").await.expect("a note");
        let newer = crm.push(&note(3, "已支付 2"), "k3").await.expect("a note");
        let stale = crm.push(&note(2, "too late"), "k4").await.expect("a note");
        assert_eq!(
            [made.changed, same.changed, newer.changed, stale.changed],
            [true, false, true, false]
        );
        assert!(
            [&same, &newer, &stale]
                .iter()
                .all(|w| w.external_id == made.external_id)
        );
        let whole = live.ask(Method::GET, &path, Value::Null).await;
        let comments = whole["comments"].as_array().expect("comments");
        let ours: Vec<&str> = comments
            .iter()
            .filter_map(|c| {
                c["comment"]
                    .as_str()
                    .filter(|t| t.contains(&format!("outlay:{marker}:")))
            })
            .collect();
        assert_eq!(ours, [format!("已支付 2\n\noutlay:{marker}:3")]);
        // Our own writing is no change of the record.
        let after = crm.fetch(target.object, &ids).await.expect("read").records[0]
            .revision
            .clone();
        assert_eq!(after, revision);
    }
    live.ask(Method::DELETE, &format!("opportunities/{deal}/"), Value::Null)
        .await;
    let late = Write::Note {
        target: Target::deal(&deal),
        marker: "cost-1".into(),
        revision: 4,
        text: "x".into(),
    };
    assert!(matches!(crm.push(&late, "k").await, Err(Error::Gone { .. })));
    let too_much = Write::CostFigures {
        target: Target::account(&account.external_id),
        paid: Money::new(1_000_000_000_000_000, Currency::CNY),
        pending: Money::new(0, Currency::CNY),
        as_of: Timestamp::now(),
    };
    let error = crm.push(&too_much, "k").await.expect_err("refused");
    assert!(matches!(&error, Error::Setup(t) if t.contains("15 digits")), "{error}");
    let warnings = crm.check().await.expect("a check").warnings;
    assert!(!warnings.iter().any(|w| w.contains("custom fields")), "{warnings:?}");
}

#[tokio::test]
async fn fields_change_only_where_the_crm_still_holds_what_was_seen() {
    let Some(live) = Live::find() else { return };
    let _alone = ONE_AT_A_TIME.lock().await;
    let crm = connect(live.place());
    let deal = live.deal("湖州钢构四期").await;
    let push = async |target: &Target, changes: Vec<FieldChange>| {
        let target = target.clone();
        crm.push(&Write::Fields { target, changes }, "k").await
    };
    let target = Target::deal(&deal);
    let done = push(
        &target,
        vec![
            change("amount", "1200.5", "1500.75 CNY"),
            change("close_on", "", "2026-11-21"),
            change("stage", "Prospecting", "Closed Won"),
            change("probability", "99", "50"),
        ],
    )
    .await
    .expect("written");
    assert!(done.changed);
    assert_eq!(done.conflicts.len(), 1);
    assert_eq!(done.conflicts[0].field, "probability");
    let read = crm
        .fetch(Object::Deal, std::slice::from_ref(&deal))
        .await
        .expect("read");
    let record = &read.records[0];
    assert_eq!(done.revision.as_ref(), Some(&record.revision));
    let Canonical::Deal(body) = &record.body else {
        panic!("a deal")
    };
    assert_eq!(body.stage_kind, StageKind::Won);
    assert_eq!(body.amount, Some(Money::new(150_075, Currency::CNY)));
    assert_eq!(body.close_on.map(|d| d.to_string()).as_deref(), Some("2026-11-21"));
    let again = push(&target, vec![change("stage", "Prospecting", "Closed Won")])
        .await
        .expect("there already");
    assert!(!again.changed && again.conflicts.is_empty());
    let unknown = push(&target, vec![change("stage", "Closed Won", "Nowhere")])
        .await
        .expect_err("no stage");
    assert!(matches!(unknown, Error::Refused { status: 422, .. }), "{unknown}");
    let foreign = push(&target, vec![change("amount", "1500.75", "9 EUR")])
        .await
        .expect_err("another currency");
    assert!(matches!(foreign, Error::Setup(_)), "{foreign}");
    let fixed = push(&target, vec![change("name", "湖州钢构四期", "x")])
        .await
        .expect_err("not written");
    assert!(matches!(fixed, Error::Setup(_)), "{fixed}");
    live.ask(Method::DELETE, &format!("opportunities/{deal}/"), Value::Null)
        .await;

    let account = live
        .ask(
            Method::POST,
            "accounts/",
            json!({"name": "绍兴纺织", "phone": "+86 575 8513 0000"}),
        )
        .await;
    let id = account["id"].as_str().expect("an id");
    let done = push(
        &Target::account(id),
        vec![
            change("phone", "+86 575 8513 0000", "+86 575 8513 1111"),
            change("email", "", "office@shaoxing.example"),
        ],
    )
    .await
    .expect("written");
    assert!(done.changed && done.conflicts.is_empty());
    let bad = push(
        &Target::account(id),
        vec![change("email", "office@shaoxing.example", "nonsense")],
    )
    .await;
    assert!(
        matches!(&bad, Err(Error::Refused { status: 400, text }) if text.contains("email")),
        "{bad:?}"
    );
    let read = crm.fetch(Object::Account, &[id.to_owned()]).await.expect("read");
    assert!(
        matches!(&read.records[0].body, Canonical::Account(a) if a.phone.as_deref() == Some("+86 575 8513 1111")
            && a.email.as_deref() == Some("office@shaoxing.example"))
    );
    live.ask(Method::DELETE, &format!("accounts/{id}/"), Value::Null).await;
}

#[tokio::test]
async fn writing_is_tried_on_an_account_that_goes_again() {
    let Some(live) = Live::find() else { return };
    let _alone = ONE_AT_A_TIME.lock().await;
    frame::try_scratch(&connect(live.place())).await;
}
