//! Fields that a person changed here.

use outlay_connect::{Canonical, Conflict, Connector, Error, FieldChange, Mapping, Object, Rule, Target, Write};
use outlay_fakes::odoo::FakeOdoo;
use serde_json::json;

use super::{VERSIONS, connect, pull_all, with_deals};

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

fn with_account(version: u32) -> (FakeOdoo, Target) {
    let fake = FakeOdoo::new(version);
    let vals = json!({ "name": "华东科技", "is_company": true, "phone": "021-1", "email": "a@b.cn" });
    let id = fake.db().add("res.partner", vals);
    (fake, Target::account(id.to_string()))
}

#[tokio::test]
async fn what_odoo_still_holds_is_changed_and_the_rest_conflicts() {
    for version in VERSIONS {
        let (fake, target) = with_account(version);
        let odoo = connect(&fake).await;
        let changes = [
            ("phone", "021-1", "021-2"),
            ("email", "old@b.cn", "new@b.cn"),
            ("city", "", "上海"),
        ];
        let done = odoo
            .push(&fields(target.clone(), &changes), "k")
            .await
            .expect("written");
        assert!(done.changed);
        let conflict = Conflict {
            field: "email".into(),
            theirs: "a@b.cn".into(),
        };
        assert_eq!(done.conflicts, std::slice::from_ref(&conflict));
        let (records, _) = pull_all(&odoo, Object::Account, None, 10).await;
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
        let again = odoo.push(&fields(target.clone(), &changes), "k").await.expect("found");
        assert!(!again.changed);
        assert_eq!(again.conflicts, [conflict]);
        let emptied = odoo
            .push(&fields(target, &[("phone", "021-2", "")]), "k")
            .await
            .expect("written");
        assert!(emptied.changed);
        let (records, _) = pull_all(&odoo, Object::Account, None, 10).await;
        assert!(matches!(&records[0].body, Canonical::Account(a) if a.phone.is_none()));
    }
}

#[tokio::test]
async fn a_deal_takes_stage_amount_and_day() {
    for version in VERSIONS {
        let fake = with_deals(version, 1);
        let odoo = connect(&fake).await;
        let changes = [
            ("name", "商机 1", "商机一"),
            ("stage", "新商机", "已确认"),
            ("amount", "1200.5", "98765.43 CNY"),
            ("close_on", "", "2026-12-31"),
        ];
        let done = odoo
            .push(&fields(Target::deal("1"), &changes), "k")
            .await
            .expect("written");
        assert_eq!(done.conflicts, []);
        let row = fake.db().model("crm.lead").rows[&1].clone();
        assert_eq!((&row["name"], &row["stage_id"]), (&json!("商机一"), &json!(2)));
        assert_eq!(row["expected_revenue"].to_string(), "98765.43");
        assert_eq!(row["date_deadline"], "2026-12-31");
        let one = |change| fields(Target::deal("1"), &[change]);
        let refused = odoo.push(&one(("stage", "已确认", "无此阶段")), "k").await;
        assert!(
            matches!(refused, Err(Error::Refused { status: 422, .. })),
            "{refused:?}"
        );
        for wrong in [
            ("amount", "98765.43", "viel"),
            ("amount", "98765.43", "5 EUR"),
            ("close_on", "2026-12-31", "bald"),
            ("owner", "2", "1"),
        ] {
            assert!(
                matches!(odoo.push(&one(wrong), "k").await, Err(Error::Setup(_))),
                "{wrong:?}"
            );
        }
        // Won by its stage; then its day is Odoo's.
        odoo.push(&one(("stage", "已确认", "赢单")), "k").await.expect("won");
        let (records, _) = pull_all(&odoo, Object::Deal, None, 10).await;
        let Canonical::Deal(deal) = &records[0].body else {
            panic!("{records:?}")
        };
        assert_eq!((deal.stage_kind.as_str(), deal.probability), ("won", Some(100)));
        let closed = odoo
            .push(&one(("close_on", "2026-11-24", "2026-12-01")), "k")
            .await
            .expect("an answer");
        assert_eq!((closed.changed, closed.conflicts.len()), (false, 1));
    }
}

#[tokio::test]
async fn a_stage_is_that_of_the_deals_team() {
    let fake = with_deals(19, 1);
    for team in ["一部", "二部"] {
        let team = fake.db().add("crm.team", json!({ "name": team }));
        fake.db().add(
            "crm.stage",
            json!({ "name": "演示", "sequence": 9, "team_ids": [team] }),
        );
    }
    fake.db().set("crm.lead", 1, json!({ "team_id": 2 }));
    let odoo = connect(&fake).await;
    let write = fields(Target::deal("1"), &[("stage", "新商机", "演示")]);
    odoo.push(&write, "k").await.expect("written");
    assert_eq!(fake.db().model("crm.lead").rows[&1]["stage_id"], 5);
}

#[tokio::test]
async fn a_field_that_is_read_from_elsewhere_is_not_written() {
    let (fake, target) = with_account(19);
    let guard = outlay_connect::Guard::allowing(["127.0.0.1"]);
    let settings = [("url", fake.serve().await), ("key", outlay_fakes::odoo::KEY.into())];
    let settings = settings.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    let changed = Mapping::from([(Object::Account, [("phone".to_owned(), Rule::path("email"))].into())]);
    let odoo = outlay_connect::manifest::open("odoo", &settings, &changed, &guard).expect("a connector");
    let error = odoo
        .push(&fields(target, &[("phone", "a@b.cn", "x")]), "k")
        .await
        .expect_err("refused");
    assert!(
        matches!(&error, Error::Setup(t) if t.contains("not read from Odoo's phone")),
        "{error}"
    );
}
