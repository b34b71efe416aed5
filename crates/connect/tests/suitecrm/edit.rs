//! Fields that a person changed here.

use outlay_connect::{Canonical, Conflict, Connector, Error, FieldChange, Mapping, Object, Rule, Target, Write};
use outlay_fakes::suitecrm::{FakeSuiteCrm, PASSWORD, USER};
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

fn with_account() -> (FakeSuiteCrm, Target) {
    let fake = FakeSuiteCrm::default();
    let vals = json!({ "name": "华东科技", "phone_office": "021-1", "email1": "a@b.cn" });
    let id = fake.db().add("Accounts", vals);
    (fake, Target::account(id))
}

#[tokio::test]
async fn what_suitecrm_still_holds_is_changed_and_the_rest_conflicts() {
    let (fake, target) = with_account();
    let crm = connect(&fake).await;
    let changes = [
        ("phone", "021-1", "021-2"),
        ("email", "old@b.cn", "new@b.cn"),
        ("city", "", "上海"),
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
    assert_eq!(
        (account.email.as_deref(), account.city.as_deref()),
        (Some("a@b.cn"), Some("上海"))
    );
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
    let (records, _) = pull_all(&crm, Object::Account, None, 10).await;
    assert!(matches!(&records[0].body, Canonical::Account(a) if a.phone.is_none()));
    assert_eq!(fake.unfit(), [""; 0]);
}

#[tokio::test]
async fn a_deal_takes_stage_amount_and_day() {
    let (fake, ids) = with_deals(1);
    let crm = connect(&fake).await;
    let changes = [
        ("name", "商机 1", "商机一 <b>"),
        ("stage", "Prospecting", "谈判"),
        ("amount", "1200.5", "98765.43 CNY"),
        ("close_on", "", "2026-12-31"),
    ];
    let target = Target::deal(&ids[0]);
    let done = crm.push(&fields(target.clone(), &changes), "k").await.expect("written");
    assert_eq!(done.conflicts, []);
    let row = fake.db().row("Opportunities", &ids[0]).clone();
    assert_eq!(
        (row.of("name"), row.of("sales_stage")),
        ("商机一 <b>", "Negotiation/Review")
    );
    assert_eq!((row.of("amount"), row.of("date_closed")), ("98765.43", "2026-12-31"));
    let one = |change| fields(target.clone(), &[change]);
    let refused = crm.push(&one(("stage", "Negotiation/Review", "无此阶段")), "k").await;
    assert!(
        matches!(refused, Err(Error::Refused { status: 422, .. })),
        "{refused:?}"
    );
    for wrong in [
        ("amount", "98765.43", "viel"),
        ("amount", "98765.43", "5 EUR"),
        ("close_on", "2026-12-31", "bald"),
        ("owner", "1", "2"),
    ] {
        assert!(
            matches!(crm.push(&one(wrong), "k").await, Err(Error::Setup(_))),
            "{wrong:?}"
        );
    }
    crm.push(&one(("stage", "Negotiation/Review", "Closed Won")), "k")
        .await
        .expect("won");
    let (records, _) = pull_all(&crm, Object::Deal, None, 10).await;
    assert!(matches!(&records[0].body, Canonical::Deal(d) if d.stage_kind.as_str() == "won"));
}

#[tokio::test]
async fn a_field_that_is_read_from_elsewhere_is_not_written() {
    let (fake, target) = with_account();
    let guard = outlay_connect::Guard::allowing(["127.0.0.1"]);
    let settings = [
        ("url", fake.serve().await),
        ("user", USER.into()),
        ("password", PASSWORD.into()),
        ("currency", "cny".into()),
    ];
    let settings = settings.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    let changed = Mapping::from([(Object::Account, [("phone".to_owned(), Rule::path("email1"))].into())]);
    let crm = outlay_connect::manifest::open("suitecrm", &settings, &changed, &guard).expect("a connector");
    let write = fields(target, &[("phone", "a@b.cn", "x")]);
    let error = crm.push(&write, "k").await.expect_err("refused");
    assert!(
        matches!(&error, Error::Setup(t) if t.contains("not read from SuiteCRM's phone_office")),
        "{error}"
    );
}
