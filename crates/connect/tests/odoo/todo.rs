//! To-dos beside a record.

use outlay_connect::{Connector, Error, Target, Todo, Write};
use outlay_fakes::{Fault, odoo::FakeOdoo};
use serde_json::{Value, json};

use super::{VERSIONS, connect, with_deals};

fn todo(open: bool) -> Write {
    let todo = Todo {
        summary: "完成报销单 <1>".into(),
        text: "第一行\nhttps://outlay.example.com/claims/1".into(),
        due: "2026-12-04".parse().expect("a day"),
        who: Some("2".into()),
    };
    Write::Todo {
        target: Target::deal("1"),
        marker: "outlay-todo-1".into(),
        open: open.then_some(todo),
    }
}

fn open(fake: &FakeOdoo) -> Vec<Value> {
    let mut db = fake.db();
    let rows = db.model("mail.activity").rows.values();
    let open = rows.filter(|row| row["active"] == true);
    open.map(|row| {
        json!([
            row["res_model"],
            row["res_id"],
            row["user_id"],
            row["summary"],
            row["date_deadline"]
        ])
    })
    .collect()
}

#[tokio::test]
async fn a_todo_is_made_once_and_closed() {
    for version in VERSIONS {
        let fake = with_deals(version, 2);
        let odoo = connect(&fake).await;
        assert!(odoo.capabilities().todos);
        let nothing = odoo.push(&todo(false), "k").await.expect("nothing to close");
        assert!(!nothing.changed);
        let made = odoo.push(&todo(true), "k").await.expect("made");
        let again = odoo.push(&todo(true), "k").await.expect("there");
        assert_eq!((made.changed, again.changed), (true, false));
        assert_eq!(made.external_id, again.external_id);
        assert_eq!(open(&fake), [json!(["crm.lead", 1, 2, "完成报销单 <1>", "2026-12-04"])]);
        let note = fake.db().model("mail.activity").rows[&1]["note"].clone();
        let text = note.as_str().expect("a note");
        assert!(text.contains("第一行<br>https://outlay.example.com/claims/1"), "{text}");
        let done = odoo.push(&todo(false), "k").await.expect("closed");
        assert!(done.changed);
        assert_eq!(open(&fake), [json!(null); 0]);
        assert!(!odoo.push(&todo(false), "k").await.expect("closed before").changed);
        // It may have to be done once more.
        assert!(odoo.push(&todo(true), "k").await.expect("made").changed);
        assert_eq!(open(&fake).len(), 1);
    }
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_todo() {
    for nth in 0..4 {
        let fake = with_deals(19, 1);
        let odoo = connect(&fake).await;
        odoo.push(&todo(false), "k").await.expect("nothing to close");
        fake.faults.pass(nth);
        fake.faults.next(1, Fault::LostAnswer);
        if let Err(lost) = odoo.push(&todo(true), "k").await {
            assert!(lost.is_transient(), "request {nth}: {lost}");
        }
        fake.faults.clear();
        odoo.push(&todo(true), "k").await.expect("there");
        assert_eq!(open(&fake).len(), 1, "request {nth}");
    }
}

#[tokio::test]
async fn a_todo_of_what_is_gone_is_said() {
    for version in VERSIONS {
        let fake = with_deals(version, 1);
        let odoo = connect(&fake).await;
        fake.db().model("crm.lead").rows.remove(&1);
        let gone = odoo.push(&todo(true), "k").await;
        assert!(matches!(gone, Err(Error::Gone { .. })), "{gone:?}");
    }
}
