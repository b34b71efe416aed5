//! What an administrator sees of a connection: how far, how fresh, how much is asked; and who is whom.

use std::sync::Mutex;
use std::time::Duration;

use outlay::args;
use outlay::connections::first::FirstView;
use outlay::connections::objects::ObjectView;
use outlay::connections::pull::pull_with;
use outlay::connections::view::{ConnectionView, view};
use outlay::connections::{Connection, PullReport};
use outlay_connect::manifest::Budget;
use outlay_connect::pace::{Outcome, Pace};
use outlay_connect::{Canonical, Object, StageKind};
use outlay_core::ids::ConnectionId;
use serde_json::json;

use crate::crm::connection;
use crate::fake_crm::{Fake, crm, deal};
use crate::world::{World, on_both};

async fn pull(world: &World, c: ConnectionId, fake: &Fake) -> PullReport {
    pull_with(&world.app, c, fake).await.expect("a report")
}

async fn seen(world: &World, c: ConnectionId) -> ConnectionView {
    let mut sql = world.app.db.read();
    let connection = Connection::load(&mut sql, c).await.expect("a connection");
    view(&mut sql, &connection).await.expect("a view")
}

async fn run(world: &World, text: &'static str) {
    let done = world
        .app
        .db
        .write(move |sql| Box::pin(async move { Ok(sql.run(text, args![]).await?) }));
    assert!(done.await.expect("written") > 0, "{text}");
}

fn deals(view: &ConnectionView) -> &ObjectView {
    view.objects.iter().find(|o| o.object == "deal").expect("deals")
}

#[test]
fn the_first_reading_tells_how_far_it_is_and_goes_on_where_it_stopped() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut fake = crm(10);
        fake.pages_left = Mutex::new(Some(4));
        pull(&world, c, &fake).await;
        let first = FirstView {
            seen: 8,
            expected: Some(12),
            left_s: None,
        };
        let view = seen(&world, c).await;
        assert_eq!(view.first, Some(first), "nothing runs, so no time is told");
        assert_eq!(
            (deals(&view).first_seen, deals(&view).first_expected),
            (Some(6), Some(10))
        );
        assert_eq!((deals(&view).whole_at.as_ref(), deals(&view).late), (None, false));
        // As if the pull were still running, since a minute.
        run(
            &world,
            "UPDATE sync_run SET ended_at = NULL, started_at = started_at - 60000000",
        )
        .await;
        let left = seen(&world, c).await.first.and_then(|f| f.left_s);
        assert!(left.is_some_and(|s| (30..=32).contains(&s)), "4 of 8 in 60 s: {left:?}");
        run(&world, "UPDATE sync_run SET ended_at = started_at").await;
        *fake.pages_left.lock().expect("a lock") = None;
        pull(&world, c, &fake).await;
        let view = seen(&world, c).await;
        assert_eq!((&view.first, deals(&view).first_seen), (&None, None));
        assert!(deals(&view).whole_at.is_some());
        // What comes later is no first reading.
        fake.records.push(deal(10, "1", StageKind::Open));
        pull(&world, c, &fake).await;
        assert_eq!(seen(&world, c).await.first, None);
    });
}

#[test]
fn what_the_crm_does_not_count_leaves_the_end_open() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut fake = crm(10);
        fake.uncounted = Some(Object::Deal);
        fake.pages_left = Mutex::new(Some(3));
        pull(&world, c, &fake).await;
        let first = seen(&world, c).await.first.expect("the first reading");
        assert_eq!((first.seen, first.expected, first.left_s), (5, None, None));
    });
}

#[test]
fn a_kind_is_late_when_it_was_not_read_to_its_end_for_too_long() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let fake = crm(4);
        pull(&world, c, &fake).await;
        let late = |view: &ConnectionView| view.objects.iter().filter(|o| o.late).count();
        assert_eq!(late(&seen(&world, c).await), 0);
        run(
            &world,
            "UPDATE sync_cursor SET whole_at = whole_at - 601000000 WHERE object = 'deal'",
        )
        .await;
        let view = seen(&world, c).await;
        assert_eq!((late(&view), deals(&view).late, view.fresh_minutes), (1, true, 10));
        run(&world, "UPDATE connection SET settings = '{\"fresh_minutes\":11}'").await;
        assert_eq!(late(&seen(&world, c).await), 0, "the target is the connection's own");
        run(&world, "UPDATE connection SET settings = '{}', paused = TRUE").await;
        assert_eq!(late(&seen(&world, c).await), 0, "what is paused is not late");
    });
}

fn budget(daily: u32) -> Pace {
    Pace::new(Some(Budget {
        requests: 100,
        seconds: 1,
        daily: Some(daily),
    }))
}

#[test]
fn requests_are_counted_and_a_days_budget_outlives_the_process() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut fake = crm(4);
        fake.pace = Some(budget(10));
        let pace = fake.pace.as_ref().expect("a pace");
        pace.note(Outcome::Told(Duration::ZERO));
        pace.note(Outcome::Failed);
        let report = pull(&world, c, &fake).await;
        assert_eq!((report.error, report.seen), (None, 6));
        let usage = seen(&world, c).await.usage;
        assert_eq!((usage.day, usage.busiest, usage.failed), (4, 4, 1));
        assert!(usage.throttled_at.is_some());
        // Another process, which knows of nothing.
        fake.pace = Some(budget(10));
        pull(&world, c, &fake).await;
        assert_eq!(seen(&world, c).await.usage.day, 7);
        fake.pace = Some(budget(10));
        pull(&world, c, &fake).await;
        let error = pull(&world, c, &fake).await.error.expect("the day is spent");
        assert!(error.contains("come back later"), "{error}");
        assert_eq!(seen(&world, c).await.usage.day, 10);
    });
}

#[test]
fn the_time_until_what_the_crm_told_is_here_is_shown() {
    on_both(|world| async move {
        let c = connection(&world).await;
        assert_eq!(seen(&world, c).await.hook_p95_ms, None);
        let at = outlay::clock::now().as_microsecond();
        for n in 1..=100i64 {
            let values = args![format!("hint-{n}"), format!("hint:{c}:deal"), at, at + n * 1000];
            let written = world.app.db.write(move |sql| {
                let values = values.clone();
                Box::pin(async move {
                    let text = "INSERT INTO job (id, kind, key, ordering, payload, state, attempts, waits, run_at, created_at, ended_at) \
                                VALUES ($1, 'hint', $1, $2, '', 'done', 1, 0, $3, $3, $4)";
                    Ok(sql.run(text, values).await?)
                })
            });
            written.await.expect("written");
        }
        assert_eq!(seen(&world, c).await.hook_p95_ms, Some(95));
    });
}

#[test]
fn a_person_says_who_a_user_of_the_crm_is() {
    on_both(|world| async move {
        let admin = world.as_("ange").await;
        let settings = json!({"url": "http://127.0.0.1:9", "database": "x", "key": "k"});
        let new = json!({"kind": "tryton", "name": "Tryton", "settings": settings});
        let made = admin.post("/api/v1/connections", new).await.expect(201).json();
        let c: ConnectionId = made["id"].as_str().expect("an id").parse().expect("an id");
        let mut fake = crm(2);
        if let Canonical::CrmUser(user) = &mut fake.records[0].body {
            user.email = Some("min.wang@elsewhere.example".into());
        }
        fake.records.push(deal(2, "1", StageKind::Won));
        pull(&world, c, &fake).await;
        let drafts = "SELECT COUNT(*) FROM claim WHERE origin LIKE 'won:%'";
        let count = async |text: &'static str| {
            let (n,): (i64,) = world.app.db.read().one(text, args![]).await.expect("a count");
            n
        };
        let mine = "SELECT COUNT(*) FROM deal d JOIN employee e ON e.id = d.owner_id WHERE e.email = 'wang@example.com' AND d.connection_id IS NOT NULL";
        assert_eq!(
            (count(drafts).await, count(mine).await),
            (0, 0),
            "nobody stands behind the user"
        );
        let path = format!("/api/v1/connections/{c}/users");
        let wang = world.as_("wang").await;
        let body = json!({"employee": "wang@example.com"});
        wang.put(&format!("{path}/U1"), body.clone()).await.expect(403);
        admin.put(&format!("{path}/U9"), body.clone()).await.expect(404);
        let nobody = json!({"employee": "nobody@example.com"});
        let unknown = admin.put(&format!("{path}/U1"), nobody).await.expect(422).json();
        assert_eq!(unknown["fields"][0]["field"], "employee", "{unknown}");
        for _ in 0..2 {
            admin.put(&format!("{path}/U1"), body.clone()).await.expect(204);
            assert_eq!(
                (count(drafts).await, count(mine).await),
                (1, 3),
                "once, however often it is said"
            );
        }
        let page = format!("/settings/connections/{c}/mapping?object=crm_user");
        let page = admin.get(&page).await.expect(200);
        assert!(
            page.text.contains(&format!("/settings/connections/{c}/users")),
            "the page offers it"
        );
        let form = [("user", "U1"), ("to", "")];
        admin
            .form(&format!("/settings/connections/{c}/users"), &form)
            .await
            .expect(303);
        assert_eq!(count(mine).await, 0);
        let noted = "SELECT COUNT(*) FROM audit_entry WHERE resource LIKE 'crm_user:%'";
        assert_eq!(count(noted).await, 2);
    });
}
