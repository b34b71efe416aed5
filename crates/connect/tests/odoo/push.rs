//! Cost figures and notes.

use outlay_connect::{Connector, Error, Object, Target, Write};
use outlay_core::{Currency, Money};
use outlay_fakes::{Fault, odoo::FakeOdoo};
use serde_json::json;

use super::{VERSIONS, connect, pull_all, with_deals};

fn costs(target: Target, paid: i64, as_of: &str) -> Write {
    Write::CostFigures {
        target,
        paid: Money::new(paid, Currency::CNY),
        pending: Money::new(10, Currency::CNY),
        as_of: as_of.parse().expect("a time"),
    }
}

fn note(revision: u64, text: &str) -> Write {
    Write::Note {
        target: Target::deal("1"),
        marker: "cost.1".into(),
        revision,
        text: text.into(),
    }
}

fn bodies(fake: &FakeOdoo) -> Vec<String> {
    let mut db = fake.db();
    let rows = db.model("mail.message").rows.values();
    rows.map(|row| row["body"].as_str().expect("a body").to_owned())
        .collect()
}

#[tokio::test]
async fn cost_figures_make_their_fields_and_are_written_once() {
    for version in VERSIONS {
        let fake = with_deals(version, 1);
        let company = fake
            .db()
            .add("res.partner", json!({ "name": "华东科技", "is_company": true }));
        let odoo = connect(&fake).await;
        for target in [Target::deal("1"), Target::account(company.to_string())] {
            let write = costs(target.clone(), 1_234_567_89, "2026-11-24T05:00:00Z");
            let done = odoo.push(&write, "k").await.expect("written");
            assert!(done.changed);
            let model = if target.object == Object::Deal {
                "crm.lead"
            } else {
                "res.partner"
            };
            let id: i64 = target.external_id.parse().expect("an id");
            let row = fake.db().model(model).rows[&id].clone();
            assert_eq!(row["x_outlay_paid"].to_string(), "1234567.89");
            assert_eq!(row["x_outlay_pending"], json!(0.1));
            assert_eq!(row["x_outlay_currency_id"], 1);
            assert_eq!(row["x_outlay_as_of"], "2026-11-24 05:00:00");
            // The record comes back by the next pull, and is known by its revision.
            let (records, _) = pull_all(&odoo, target.object, None, 10).await;
            let echo = records
                .iter()
                .find(|r| r.external_id == target.external_id)
                .expect("the record");
            assert_eq!(done.revision.as_ref(), Some(&echo.revision));
            let again = odoo.push(&write, "k").await.expect("found");
            assert!(!again.changed);
            assert_eq!(again.revision, done.revision);
            let older = odoo
                .push(&costs(target, 1, "2026-11-24T04:59:59Z"), "k")
                .await
                .expect("left alone");
            assert!(!older.changed);
            assert_eq!(fake.db().model(model).rows[&id]["x_outlay_paid"], row["x_outlay_paid"]);
        }
    }
}

#[tokio::test]
async fn without_the_right_to_add_fields_it_is_said_what_to_do() {
    for version in VERSIONS {
        let fake = with_deals(version, 1);
        fake.db().is_admin = false;
        let odoo = connect(&fake).await;
        let write = costs(Target::deal("1"), 1, "2026-11-24T05:00:00Z");
        let error = odoo.push(&write, "k").await.expect_err("no fields");
        assert!(
            matches!(&error, Error::Setup(t) if t.contains("add them to crm.lead under Settings > Technical > Fields")
                && t.contains("x_outlay_currency_id (many2one to res.currency)")),
            "{error}"
        );
        // An administrator did so.
        fake.db().is_admin = true;
        odoo.push(&write, "k").await.expect("written");
        fake.db().is_admin = false;
        odoo.push(&costs(Target::deal("1"), 2, "2026-11-24T06:00:00Z"), "k")
            .await
            .expect("written");
    }
}

#[tokio::test]
async fn a_lost_answer_doubles_no_field_and_no_figure() {
    for nth in 0..12 {
        let fake = with_deals(19, 1);
        let odoo = connect(&fake).await;
        odoo.pull(Object::Deal, None, 1).await.expect("a page");
        let write = costs(Target::deal("1"), 500, "2026-11-24T05:00:00Z");
        let before = fake.faults.asked();
        fake.faults.pass(nth);
        fake.faults.next(1, Fault::LostAnswer);
        let first = odoo.push(&write, "k").await;
        if fake.faults.asked() - before > nth {
            assert!(first.expect_err("lost").is_transient(), "request {nth}");
        }
        fake.faults.clear();
        odoo.push(&write, "k").await.expect("written");
        assert!(!odoo.push(&write, "k").await.expect("there").changed);
        assert_eq!(fake.db().model("crm.lead").rows[&1]["x_outlay_paid"], json!(5.0));
        assert_eq!(fake.db().model("ir.model.fields").rows.len(), 4, "request {nth}");
    }
}

#[tokio::test]
async fn a_note_is_posted_once_and_updated_in_place() {
    for version in VERSIONS {
        let fake = with_deals(version, 2);
        let odoo = connect(&fake).await;
        let first = odoo
            .push(&note(1, "已支付 1,234.50\n待付 <0>"), "k")
            .await
            .expect("posted");
        assert!(first.changed && first.revision.is_none());
        let second = odoo.push(&note(2, "已支付 2,000.00"), "k").await.expect("updated");
        assert_eq!((second.changed, &second.external_id), (true, &first.external_id));
        for old in [1, 2] {
            assert!(!odoo.push(&note(old, "老"), "k").await.expect("left alone").changed);
        }
        assert_eq!(bodies(&fake), ["<p data-oe-id=\"outlay:cost.1:2\">已支付 2,000.00</p>"]);
        // A marker that another begins with is another note.
        let other = Write::Note {
            target: Target::deal("1"),
            marker: "cost.12".into(),
            revision: 1,
            text: "x".into(),
        };
        assert!(odoo.push(&other, "k").await.expect("posted").changed);
        assert_eq!(bodies(&fake).len(), 2);
    }
}

#[tokio::test]
async fn a_note_whose_answer_got_lost_is_not_doubled() {
    for version in VERSIONS {
        for nth in 0..8 {
            let fake = with_deals(version, 1);
            let odoo = connect(&fake).await;
            odoo.pull(Object::Deal, None, 1).await.expect("a page");
            odoo.push(&note(1, "一"), "k").await.expect("posted");
            // The nth request from now loses its answer; requests before it go well.
            let lost = Write::Note {
                target: Target::deal("1"),
                marker: "cost.2".into(),
                revision: 1,
                text: "二".into(),
            };
            let before = fake.faults.asked();
            fake.faults.pass(nth);
            fake.faults.next(1, Fault::LostAnswer);
            let first = odoo.push(&lost, "k").await;
            if fake.faults.asked() - before > nth {
                assert!(first.expect_err("lost").is_transient());
            }
            fake.faults.clear();
            odoo.push(&lost, "k").await.expect("there");
            odoo.push(&note(2, "三"), "k").await.expect("updated");
            assert_eq!(bodies(&fake).len(), 2, "{version}, request {nth}");
        }
    }
}

#[tokio::test]
async fn two_notes_of_one_marker_become_one() {
    let fake = with_deals(19, 1);
    let odoo = connect(&fake).await;
    odoo.push(&note(1, "一"), "k").await.expect("posted");
    let twin = fake.db().model("mail.message").rows[&1].clone();
    fake.db().add(
        "mail.message",
        json!({ "model": "crm.lead", "res_id": 1, "body": twin["body"] }),
    );
    odoo.push(&note(2, "二"), "k").await.expect("updated");
    assert_eq!(bodies(&fake), ["<p data-oe-id=\"outlay:cost.1:2\">二</p>"]);
}

#[tokio::test]
async fn what_is_gone_or_unfit_is_said() {
    for version in VERSIONS {
        let fake = with_deals(version, 1);
        let odoo = connect(&fake).await;
        fake.db().model("crm.lead").rows.clear();
        let write = costs(Target::deal("1"), 1, "2026-11-24T05:00:00Z");
        assert!(matches!(odoo.push(&write, "k").await, Err(Error::Gone { .. })));
        assert!(matches!(odoo.push(&note(1, "x"), "k").await, Err(Error::Gone { .. })));
        let bad = Write::Note {
            target: Target::deal("1"),
            marker: "a b".into(),
            revision: 1,
            text: String::new(),
        };
        let before = fake.faults.asked();
        assert!(matches!(odoo.push(&bad, "k").await, Err(Error::Setup(_))));
        assert_eq!(fake.faults.asked(), before);
        let order = Target {
            object: Object::Order,
            external_id: "1".into(),
        };
        let write = costs(order, 1, "2026-11-24T05:00:00Z");
        assert!(matches!(odoo.push(&write, "k").await, Err(Error::Setup(_))));
    }
}
