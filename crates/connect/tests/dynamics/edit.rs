//! Fields that a person changed here.

use outlay_connect::{Conflict, Connector, Error, Object, Target};
use outlay_fakes::dynamics::FakeDynamics;
use serde_json::json;

use super::{connect, frame::*, known, with_deals};

fn with_account() -> (FakeDynamics, Target) {
    let fake = FakeDynamics::default();
    let values = json!({ "name": "华东科技", "telephone1": "021-1", "emailaddress1": "a@b.cn" });
    let id = fake.db().add("accounts", values);
    (fake, Target::account(id))
}

#[tokio::test]
async fn what_dynamics_still_holds_is_changed_and_the_rest_conflicts() {
    let (fake, target) = with_account();
    let dynamics = connect(&fake).await;
    let write = fields(
        target.clone(),
        &[
            ("phone", "021-1", "021-2"),
            ("email", "old@b.cn", "new@b.cn"),
            ("city", "", "上海"),
        ],
    );
    let done = dynamics.push(&write, "k").await.expect("written");
    let conflict = Conflict {
        field: "email".into(),
        theirs: "a@b.cn".into(),
    };
    assert_eq!((done.changed, &done.conflicts), (true, &vec![conflict.clone()]));
    let row = fake.db().row("accounts", &target.external_id);
    assert_eq!(
        (&row["telephone1"], &row["address1_city"]),
        (&json!("021-2"), &json!("上海"))
    );
    let (records, ..) = pull_all(&dynamics, Object::Account, None, 10).await;
    assert_eq!(done.revision.as_ref(), Some(&records[0].revision));
    let again = dynamics.push(&write, "k").await.expect("found");
    assert_eq!((again.changed, again.conflicts), (false, vec![conflict]));
    let emptied = dynamics
        .push(&fields(target.clone(), &[("phone", "021-2", "")]), "k")
        .await;
    assert!(emptied.expect("written").changed);
    assert!(fake.db().row("accounts", &target.external_id)["telephone1"].is_null());
}

#[tokio::test]
async fn a_change_between_reading_and_writing_is_not_written_over() {
    let (fake, target) = with_account();
    let dynamics = connect(&fake).await;
    let meanwhile = |values| Some(("accounts".to_owned(), target.external_id.clone(), values));
    fake.db().on_patch = meanwhile(json!({ "telephone1": "021-9" }));
    let done = dynamics
        .push(&fields(target.clone(), &[("phone", "021-1", "021-2")]), "k")
        .await;
    let done = done.expect("an answer");
    assert_eq!((done.changed, done.conflicts[0].theirs.as_str()), (false, "021-9"));
    fake.db().on_patch = meanwhile(json!({ "websiteurl": "x" }));
    let done = dynamics
        .push(&fields(target.clone(), &[("phone", "021-9", "021-2")]), "k")
        .await;
    assert!(done.expect("written").changed);
    let row = fake.db().row("accounts", &target.external_id);
    assert_eq!((&row["telephone1"], &row["websiteurl"]), (&json!("021-2"), &json!("x")));
}

#[tokio::test]
async fn an_open_deal_takes_amount_and_day_and_a_closed_one_nothing() {
    let fake = with_deals(1);
    let id = known(&fake, "opportunities")[0].clone();
    let dynamics = connect(&fake).await;
    let changes = [("amount", "1200.5", "98765.43 CNY"), ("close_on", "", "2026-12-31")];
    let done = dynamics
        .push(&fields(Target::deal(&id), &changes), "k")
        .await
        .expect("written");
    assert_eq!(done.conflicts, []);
    let row = fake.db().row("opportunities", &id);
    assert_eq!(row["estimatedvalue"].to_string(), "98765.43");
    assert_eq!(row["estimatedclosedate"], "2026-12-31");
    let one = |change| fields(Target::deal(&id), &[change]);
    for wrong in [
        ("amount", "98765.43", "viel"),
        ("amount", "98765.43", "5 EUR"),
        ("close_on", "2026-12-31", "bald"),
        ("stage", "洽谈", "赢单"),
    ] {
        assert!(
            matches!(dynamics.push(&one(wrong), "k").await, Err(Error::Setup(_))),
            "{wrong:?}"
        );
    }
    fake.db().set("opportunities", &id, json!({ "statecode": 1 }));
    let refused = dynamics.push(&one(("amount", "98765.43", "1")), "k").await;
    assert!(
        matches!(refused, Err(Error::Refused { status: 422, .. })),
        "{refused:?}"
    );
}
