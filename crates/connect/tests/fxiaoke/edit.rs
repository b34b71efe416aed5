//! Fields that a person changed here.

use outlay_connect::{Canonical, Conflict, Connector, Error, FieldChange, Object, Target, Write};
use outlay_fakes::fxiaoke::FakeFxiaoke;
use serde_json::json;

use super::{connect, pull_all, with_deals};

fn fields(target: Target, changes: &[(&str, &str, &str)]) -> Write {
    let changes = changes.iter().map(|(field, before, after)| FieldChange {
        field: (*field).into(),
        before: (*before).into(),
        after: (*after).into(),
    });
    Write::Fields {
        target,
        changes: changes.collect(),
    }
}

fn with_account() -> (FakeFxiaoke, Target) {
    let fake = FakeFxiaoke::default();
    let vals = json!({ "name": "华东科技", "tel": "021-1", "email": "a@b.cn" });
    let id = fake.db().add("AccountObj", vals);
    (fake, Target::account(id))
}

#[tokio::test]
async fn what_is_still_held_is_changed_and_the_rest_conflicts() {
    let (fake, target) = with_account();
    let crm = connect(&fake).await;
    let changes = [
        ("phone", "021-1", "021-2"),
        ("email", "old@b.cn", "new@b.cn"),
        ("website", "", "https://华东.example.cn"),
    ];
    let done = crm.push(&fields(target.clone(), &changes), "k").await.expect("written");
    assert!(done.changed);
    let conflict = Conflict {
        field: "email".into(),
        theirs: "a@b.cn".into(),
    };
    assert_eq!(done.conflicts, std::slice::from_ref(&conflict));
    let (records, _) = pull_all(&crm, Object::Account, None, 10).await;
    let Canonical::Account(account) = &records[0].body else {
        panic!("{records:?}")
    };
    assert_eq!(account.phone.as_deref(), Some("021-2"));
    assert_eq!(account.website.as_deref(), Some("https://华东.example.cn"));
    assert_eq!(done.revision.as_ref(), Some(&records[0].revision));
    // The same again, after a lost answer: what holds already is neither written nor a conflict.
    let again = crm.push(&fields(target.clone(), &changes), "k").await.expect("found");
    assert!(!again.changed);
    assert_eq!(again.conflicts, [conflict]);
    let emptied = crm
        .push(&fields(target, &[("phone", "021-2", "")]), "k")
        .await
        .expect("written");
    assert!(emptied.changed);
}

#[tokio::test]
async fn a_deal_takes_amount_and_a_day_in_china() {
    let (fake, ids) = with_deals(1);
    let crm = connect(&fake).await;
    let changes = [
        ("name", "商机 1", "商机一"),
        ("amount", "1200.5", "98765.43 CNY"),
        ("close_on", "", "2026-12-31"),
    ];
    let target = Target::deal(&ids[0]);
    let done = crm.push(&fields(target.clone(), &changes), "k").await.expect("written");
    assert_eq!(done.conflicts, []);
    let row = fake.db().row("NewOpportunityObj", &ids[0]).clone();
    assert_eq!((&row["name"], &row["amount"]), (&json!("商机一"), &json!("98765.43")));
    // Midnight in Shanghai is the evening before in Greenwich.
    assert_eq!(row["close_date"], 1_798_646_400_000_i64);
    let (records, _) = pull_all(&crm, Object::Deal, None, 10).await;
    assert!(
        matches!(&records[0].body, Canonical::Deal(d) if d.close_on.is_some_and(|on| on.to_string() == "2026-12-31"))
    );
    for wrong in [
        ("amount", "98765.43", "很多"),
        ("amount", "98765.43", "5 EUR"),
        ("close_on", "2026-12-31", "明天"),
        ("stage", "需求确认", "赢单"),
    ] {
        let refused = crm.push(&fields(target.clone(), &[wrong]), "k").await;
        assert!(matches!(refused, Err(Error::Setup(_))), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_change_that_waits_for_an_approval_is_told() {
    let (fake, target) = with_account();
    fake.db().approves = true;
    let crm = connect(&fake).await;
    let refused = crm.push(&fields(target, &[("phone", "021-1", "021-2")]), "k").await;
    assert!(
        matches!(&refused, Err(Error::Refused { text, .. }) if text.contains("审批流")),
        "{refused:?}"
    );
}
