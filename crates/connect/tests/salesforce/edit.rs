//! Fields that a person changed here.

use outlay_connect::{Conflict, Connector, Error, Mapping, Object, Rule, Target, manifest};
use outlay_fakes::salesforce::{CLIENT_ID, CLIENT_SECRET, FakeSalesforce};
use serde_json::json;

use super::{connect, frame::*, known, with_deals};

fn with_account() -> (FakeSalesforce, Target) {
    let fake = FakeSalesforce::default();
    let values = json!({ "Name": "华东科技", "Phone": "021-1", "Website": "https://a.example" });
    let id = fake.db().add("Account", values);
    (fake, Target::account(id))
}

#[tokio::test]
async fn what_salesforce_still_holds_is_changed_and_the_rest_conflicts() {
    let (fake, target) = with_account();
    let salesforce = connect(&fake).await;
    let write = fields(
        target.clone(),
        &[
            ("phone", "021-1", "021-2"),
            ("website", "https://old.example", "https://new.example"),
            ("city", "", "上海"),
        ],
    );
    let done = salesforce.push(&write, "k").await.expect("written");
    let conflict = Conflict {
        field: "website".into(),
        theirs: "https://a.example".into(),
    };
    assert_eq!((done.changed, &done.conflicts), (true, &vec![conflict.clone()]));
    let row = fake.db().row("Account", &target.external_id);
    assert_eq!((&row["Phone"], &row["BillingCity"]), (&json!("021-2"), &json!("上海")));
    assert_eq!(row["Website"], "https://a.example");
    let (records, ..) = pull_all(&salesforce, Object::Account, None, 10).await;
    assert_eq!(done.revision.as_ref(), Some(&records[0].revision));
    // The same again, after a lost answer: what holds already is neither written nor a conflict.
    let again = salesforce.push(&write, "k").await.expect("found");
    assert_eq!((again.changed, again.conflicts), (false, vec![conflict]));
    let emptied = salesforce
        .push(&fields(target.clone(), &[("phone", "021-2", "")]), "k")
        .await;
    assert!(emptied.expect("written").changed);
    assert!(fake.db().row("Account", &target.external_id)["Phone"].is_null());
}

#[tokio::test]
async fn a_change_between_reading_and_writing_is_not_written_over() {
    let (fake, target) = with_account();
    let salesforce = connect(&fake).await;
    salesforce.check().await.expect("ready");
    // Somebody changes the phone as soon as we have read the record: before our change comes.
    fake.db().on_patch = Some((
        "Account".into(),
        target.external_id.clone(),
        json!({ "Phone": "021-9" }),
    ));
    let done = salesforce
        .push(&fields(target.clone(), &[("phone", "021-1", "021-2")]), "k")
        .await;
    let done = done.expect("an answer");
    assert_eq!((done.changed, done.conflicts[0].theirs.as_str()), (false, "021-9"));
    assert_eq!(fake.db().row("Account", &target.external_id)["Phone"], "021-9");
    // Somebody changes another field: ours is written at the second try.
    fake.db().on_patch = Some(("Account".into(), target.external_id.clone(), json!({ "Website": "x" })));
    let done = salesforce
        .push(&fields(target.clone(), &[("phone", "021-9", "021-2")]), "k")
        .await;
    assert!(done.expect("written").changed);
    let row = fake.db().row("Account", &target.external_id);
    assert_eq!((&row["Phone"], &row["Website"]), (&json!("021-2"), &json!("x")));
}

#[tokio::test]
async fn a_deal_takes_stage_amount_and_day() {
    let fake = with_deals(1);
    let id = known(&fake, "Opportunity")[0].clone();
    let salesforce = connect(&fake).await;
    let changes = [
        ("name", "商机 1", "商机一"),
        ("stage", "洽谈", "赢单"),
        ("amount", "1200.5", "98765.43 CNY"),
        ("close_on", "", "2026-12-31"),
    ];
    let done = salesforce
        .push(&fields(Target::deal(&id), &changes), "k")
        .await
        .expect("written");
    assert_eq!(done.conflicts, []);
    let row = fake.db().row("Opportunity", &id);
    assert_eq!(
        (&row["Name"], &row["StageName"], &row["IsWon"]),
        (&json!("商机一"), &json!("赢单"), &json!(true))
    );
    assert_eq!(
        (row["Amount"].to_string().as_str(), &row["CloseDate"]),
        ("98765.43", &json!("2026-12-31"))
    );
    let one = |change| fields(Target::deal(&id), &[change]);
    let refused = salesforce.push(&one(("stage", "赢单", "无此阶段")), "k").await;
    assert!(
        matches!(refused, Err(Error::Refused { status: 422, .. })),
        "{refused:?}"
    );
    for wrong in [
        ("amount", "98765.43", "viel"),
        ("amount", "98765.43", "5 EUR"),
        ("close_on", "2026-12-31", "bald"),
        ("owner", "", "1"),
    ] {
        assert!(
            matches!(salesforce.push(&one(wrong), "k").await, Err(Error::Setup(_))),
            "{wrong:?}"
        );
    }
}

#[tokio::test]
async fn a_field_that_is_read_from_elsewhere_is_not_written() {
    let (fake, target) = with_account();
    let url = fake.serve().await;
    let settings = [
        ("url", url.as_str()),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ];
    let settings = settings
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect();
    let changed = Mapping::from([(Object::Account, [("phone".to_owned(), Rule::path("Fax"))].into())]);
    let guard = outlay_connect::Guard::allowing(["127.0.0.1"]);
    let salesforce = manifest::open("salesforce", &settings, &changed, &guard).expect("a connector");
    let error = salesforce
        .push(&fields(target, &[("phone", "", "x")]), "k")
        .await
        .expect_err("refused");
    assert!(
        matches!(&error, Error::Setup(t) if t.contains("not read from Salesforce's Phone")),
        "{error}"
    );
}
