//! One event, one draft: by hook, poll and file, at once, and over a change of the rules.

use outlay::connections::hooks;
use outlay::connections::pull::pull_with;
use outlay::drafts;
use outlay_connect::{Object, StageKind};
use serde_json::json;

use super::{account, deal, furnish, put, today, visit};
use crate::crm::{apply, connection, record};
use crate::fake_crm;
use crate::import;
use crate::world::on_both;

#[test]
fn hook_poll_and_rules_that_change_begin_one_draft() {
    on_both(|world| async move {
        let (c, ange) = (connection(&world).await, world.as_("ange").await);
        let mut fake = fake_crm::crm(2);
        pull_with(&world.app, c, &fake).await.expect("pulled");
        let place = fake.records.iter().position(|r| r.external_id == "D1").expect("there");
        fake.records[place] = fake_crm::deal(1, "2", StageKind::Won);
        let ids = ["D1".to_owned()];
        hooks::read(&world.app, c, &fake, Object::Deal, &ids)
            .await
            .expect("read");
        assert_eq!(super::drafts(&world).await, 1);
        // The poll brings it once more, and another rule is in force by then.
        put(
            &ange,
            json!([{"name": "另一条", "on": true, "event": "won", "days": 30, "title": "{deal}"}]),
        )
        .await;
        fake.records[place] = fake_crm::deal(1, "3", StageKind::Won);
        pull_with(&world.app, c, &fake).await.expect("pulled");
        hooks::read(&world.app, c, &fake, Object::Deal, &ids)
            .await
            .expect("read");
        assert_eq!(super::drafts(&world).await, 1);
        // Lost and won anew: still the same event of the same deal.
        for (revision, kind) in [("4", StageKind::Lost), ("5", StageKind::Won)] {
            fake.records[place] = fake_crm::deal(1, revision, kind);
            hooks::read(&world.app, c, &fake, Object::Deal, &ids)
                .await
                .expect("read");
        }
        assert_eq!(super::drafts(&world).await, 1);
    });
}

#[test]
fn a_file_and_the_page_of_a_record_begin_one_draft() {
    on_both(|world| async move {
        let ops = world.as_("ops").await;
        let file = format!("id,subject,owner,on,until,place\nV1,走访,E002,{0},{0},上海\n", today());
        for n in [1, 0] {
            let report = import::take(&ops, "visits", file.clone()).await;
            assert_eq!(import::counts(&report)[0], n, "{report}");
        }
        // There is neither customer nor deal: nothing to call it by.
        assert_eq!(super::drafts(&world).await, 0);
        let file = format!("id,subject,account,owner,on\nV1,走访,ACC-1,E002,{}\n", today());
        for _ in 0..2 {
            import::take(&ops, "visits", file.clone()).await;
        }
        assert_eq!(super::drafts(&world).await, 1);
        let wang = world.as_("wang").await;
        let mine = wang.get("/api/v1/activities").await.expect(200).json();
        let id = mine["records"][0]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{mine}"))
            .to_owned();
        let edit = json!({"name": "回访", "account": world.account.to_string(), "on": today().to_string()});
        wang.put(&format!("/api/v1/activities/{id}"), edit).await.expect(204);
        assert_eq!(super::drafts(&world).await, 1);
    });
}

#[test]
fn all_at_once_begin_one_draft() {
    on_both(|world| async move {
        let c = connection(&world).await;
        furnish(&world, c).await;
        apply(&world, Some(c), record("D1", "1", deal(StageKind::Open, 5))).await;
        let app = world.app.clone();
        let mut all = Vec::new();
        for n in 0..6 {
            // Each sees another change, so that none is passed over as known.
            let changed = record("D1", &format!("2~{n}"), deal(StageKind::Won, 6 + n));
            let app = app.clone();
            all.push(tokio::spawn(async move {
                let (shared, changed) = (app.clone(), changed.clone());
                app.db
                    .write(move |sql| {
                        let (app, changed) = (shared.clone(), changed.clone());
                        Box::pin(async move { outlay::crm::apply(sql, &app, Some(c), &changed).await })
                    })
                    .await
            }));
        }
        let mut begun = 0;
        for task in all {
            begun += usize::from(task.await.expect("ran").expect("applied").drafted.is_some());
        }
        assert_eq!((begun, super::drafts(&world).await), (1, 1));
    });
}

#[test]
fn history_makes_no_new_customer() {
    on_both(|world| async move {
        let (c, ange) = (connection(&world).await, world.as_("ange").await);
        let rule = json!({"name": "新客户", "on": true, "event": "customer", "days": 7, "title": "拜访 {account}"});
        put(&ange, json!([rule])).await;
        let mut fake = fake_crm::crm(0);
        fake.records.retain(|r| r.object == Object::CrmUser);
        // No pull has ended: what comes is history, however new it is.
        let mut early = record("A1", "1", account("恒川精密"));
        furnish(&world, c).await;
        early.revision = "2".into();
        assert_eq!(apply(&world, Some(c), early).await.drafted, None);
        pull_with(&world.app, c, &fake).await.expect("pulled");
        // Known before.
        assert_eq!(
            apply(&world, Some(c), record("A1", "3", account("恒川"))).await.drafted,
            None
        );
        // First seen, and changed last long ago: it was only hidden so far.
        let mut old = record("A2", "1", account("旧客户"));
        old.modified_at = drafts_day(-30);
        assert_eq!(apply(&world, Some(c), old).await.drafted, None);
        let new = record("A3", "1", account("新客户"));
        let begun = super::claim(&world, &apply(&world, Some(c), new.clone()).await).await;
        assert_eq!(begun.content.title, "拜访 新客户");
        assert_eq!(begun.content.claimant, world.id("li").await);
        assert!(begun.origin.is_some_and(|o| o.starts_with("customer:")));
        assert_eq!(
            apply(&world, Some(c), record("A3", "2", account("新客户（集团）")))
                .await
                .drafted,
            None
        );
    });
}

fn drafts_day(days: i64) -> jiff::Timestamp {
    let hours = jiff::Span::new().hours(24 * days);
    outlay::clock::now().checked_add(hours).expect("a moment")
}

#[test]
fn a_planned_visit_counts_once_it_is_over() {
    on_both(|world| async move {
        let c = connection(&world).await;
        furnish(&world, c).await;
        let planned = record("V1", "1", visit("visit", 1, 1, "上海"));
        let app = world.app.clone();
        let stored = world.app.db.write(move |sql| {
            let (app, planned) = (app.clone(), planned.clone());
            Box::pin(outlay::clock::at(drafts_day(-3), async move {
                outlay::crm::apply(sql, &app, Some(c), &planned).await
            }))
        });
        assert_eq!(stored.await.expect("stored").drafted, None);
        assert_eq!(drafts::ended(&world.app).await.expect("looked"), 1);
        assert_eq!(drafts::ended(&world.app).await.expect("looked"), 0);
        assert_eq!(super::drafts(&world).await, 1);
        let mut sql = world.app.db.read();
        let (origin,): (String,) = sql.one("SELECT origin FROM claim", vec![]).await.expect("one");
        assert!(origin.starts_with("visit:"), "{origin}");
    });
}
