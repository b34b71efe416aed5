//! Time limits, re-organisations, and two processes that look at the same time.

use jiff::SignedDuration;
use outlay::{args, claims};
use outlay_core::claim::{Claim, Status};
use outlay_core::ids::{EmployeeId, EntityId};
use outlay_core::org::Role;
use serde_json::json;
use uuid::Uuid;

use super::{now, put, submitted, todo};
use crate::world::{World, on_both};

/// Lets all time limits of a claim be over.
async fn overdue(world: &World, claim: &Claim) {
    let mut claim = claim.clone();
    for (n, timer) in claim.run.iter_mut().flat_map(|s| &mut s.timers).enumerate() {
        timer.at = outlay::clock::moment(i64::try_from(n).expect("few") + 1);
    }
    put(world, &claim, Some(1)).await;
}

async fn count(world: &World, text: &'static str) -> i64 {
    let (n,): (i64,) = world.app.db.read().one(text, args![]).await.expect("counted");
    n
}

#[test]
fn who_does_not_answer_is_reminded_then_the_head_above_is_asked() {
    on_both(|world| async move {
        let claim = submitted(&world).await;
        assert!(claim.next_timer().is_some());
        assert_eq!(claims::tick(&world.app).await.expect("looked"), 0, "nothing is due yet");
        overdue(&world, &claim).await;
        assert_eq!(claims::tick(&world.app).await.expect("looked"), 1);
        let claim = now(&world, &claim).await;
        assert_eq!(claim.status(), Status::InReview);
        let asked: Vec<_> = claim.open_tasks().map(|t| t.assignee).collect();
        assert_eq!(asked, [world.id("boss").await], "escalated to the head above");
        let mails = "SELECT COUNT(*) FROM job WHERE kind = 'mail' AND key LIKE '%reminder%'";
        assert_eq!(count(&world, mails).await, 1);
        assert_eq!(claims::tick(&world.app).await.expect("looked"), 0, "each once");
    });
}

#[test]
fn two_that_look_at_once_do_it_once() {
    on_both(|world| async move {
        let claim = submitted(&world).await;
        overdue(&world, &claim).await;
        let (one, two) = tokio::join!(claims::tick(&world.app), claims::tick(&world.app));
        assert_eq!(one.expect("looked") + two.expect("looked"), 1);
        assert_eq!(now(&world, &claim).await.open_tasks().count(), 1);
        let transfers = "SELECT COUNT(*) FROM event WHERE kind = 'transferred'";
        assert_eq!(count(&world, transfers).await, 1, "no step is doubled");
    });
}

#[test]
fn what_cannot_be_carried_out_is_tried_ever_more_seldom() {
    on_both(|world| async move {
        let mut claim = submitted(&world).await;
        // Of an entity that is gone, nothing can be decided; its time limit has been over for ten minutes.
        claim.content.entity = EntityId(Uuid::now_v7());
        let ten = SignedDuration::from_mins(10);
        for timer in claim.run.iter_mut().flat_map(|s| &mut s.timers) {
            timer.at = outlay::clock::now() - ten;
        }
        put(&world, &claim, Some(1)).await;
        assert_eq!(claims::tick(&world.app).await.expect("looked"), 0);
        let next = due(&world, &claim).await;
        let wait = outlay::clock::moment(next).duration_since(outlay::clock::now());
        assert!(
            wait > SignedDuration::from_mins(9) && wait < SignedDuration::from_mins(11),
            "as long again as it is late: {wait:?}"
        );
        assert_eq!(claims::tick(&world.app).await.expect("looked"), 0);
        assert_eq!(due(&world, &claim).await, next, "not looked at again before that");
        // After years, once a day.
        for timer in claim.run.iter_mut().flat_map(|s| &mut s.timers) {
            timer.at = outlay::clock::moment(1);
        }
        put(&world, &claim, Some(1)).await;
        claims::tick(&world.app).await.expect("looked");
        let wait = outlay::clock::moment(due(&world, &claim).await).duration_since(outlay::clock::now());
        assert!(
            wait <= SignedDuration::from_hours(24) && wait > SignedDuration::from_hours(23),
            "{wait:?}"
        );
    });
}

/// When a claim is looked at next, in microseconds.
async fn due(world: &World, claim: &Claim) -> i64 {
    let text = "SELECT due_at FROM claim WHERE id = $1";
    let (at,): (i64,) = world.app.db.read().one(text, args![claim.id]).await.expect("read");
    at
}

/// Changes the organisation by one statement.
async fn change(world: &World, text: &'static str, who: EmployeeId) {
    world
        .app
        .db
        .write(move |sql| {
            Box::pin(async move {
                sql.run(text, args![who]).await?;
                outlay::people::changed(sql).await
            })
        })
        .await
        .expect("changed");
}

/// Whoever a claim waits for.
async fn asked(world: &World, claim: &Claim) -> Vec<EmployeeId> {
    now(world, claim).await.open_tasks().map(|t| t.assignee).collect()
}

/// Lets the last look be so long ago that no task was opened near it.
async fn long_ago(world: &World) {
    let text = "UPDATE task SET opened_at = opened_at - 600000000";
    world
        .app
        .db
        .write(move |sql| Box::pin(async move { Ok(sql.run(text, args![]).await?) }))
        .await
        .expect("older");
}

#[test]
fn only_claims_that_a_change_may_touch_are_looked_at_and_a_start_looks_at_what_changed_since() {
    on_both(|world| async move {
        let (chen, zhao) = (world.id("chen").await, world.id("zhao").await);
        let head = submitted(&world).await;
        let finance = submitted(&world).await;
        let (id, hash) = {
            let task = finance.open_tasks().next().expect("a task");
            (task.id, finance.content.hash())
        };
        world
            .as_("chen")
            .await
            .post(&format!("/api/v1/tasks/{id}/approval"), json!({ "hash": hash }))
            .await
            .expect(200);
        assert_eq!(
            (asked(&world, &head).await, asked(&world, &finance).await),
            (vec![chen], vec![zhao])
        );

        assert_eq!(
            claims::touched(&world.app).await.expect("looked").len(),
            2,
            "the first look is at all"
        );
        assert_eq!(claims::reassign(&world.app).await.expect("looked"), 0);
        long_ago(&world).await;
        assert_eq!(
            claims::touched(&world.app).await.expect("looked"),
            [],
            "nothing changed"
        );

        change(&world, "UPDATE employee SET name = '陈 屿' WHERE id = $1", chen).await;
        assert_eq!(
            claims::touched(&world.app).await.expect("looked"),
            [],
            "nor does a name count"
        );
        change(&world, "UPDATE department SET head_id = NULL WHERE head_id = $1", chen).await;
        assert_eq!(claims::touched(&world.app).await.expect("looked"), [head.id]);
        assert_eq!(claims::reassign(&world.app).await.expect("looked"), 1);
        assert!(!asked(&world, &head).await.contains(&chen));
        long_ago(&world).await;
        assert_eq!(claims::touched(&world.app).await.expect("looked"), []);

        world.grant("ops", Role::Finance).await;
        change(
            &world,
            "UPDATE role_grant SET entity_id = entity_id WHERE employee_id = $1",
            zhao,
        )
        .await;
        assert_eq!(
            claims::reassign(&world.app).await.expect("looked"),
            0,
            "one more to ask is asked of the next"
        );
        change(
            &world,
            "DELETE FROM role_grant WHERE employee_id = $1 AND role = 'finance'",
            zhao,
        )
        .await;
        assert_eq!(claims::touched(&world.app).await.expect("looked"), [finance.id]);
        assert_eq!(claims::reassign(&world.app).await.expect("looked"), 1);
        assert_eq!(asked(&world, &finance).await, [world.id("ops").await]);

        // A look at all finds nothing that was missed.
        let text = "DELETE FROM org_look";
        world
            .app
            .db
            .write(move |sql| Box::pin(async move { Ok(sql.run(text, args![]).await?) }))
            .await
            .expect("forgotten");
        assert_eq!(claims::touched(&world.app).await.expect("looked").len(), 2);
        assert_eq!(claims::reassign(&world.app).await.expect("looked"), 0);
    });
}

#[test]
fn after_a_reorganisation_the_new_head_is_asked() {
    on_both(|world| async move {
        let claim = submitted(&world).await;
        let (chen, zhao) = (world.id("chen").await, world.id("zhao").await);
        assert_eq!(claims::reassign(&world.app).await.expect("looked"), 0);
        world
            .app
            .db
            .write(move |sql| {
                Box::pin(async move {
                    sql.run(
                        "UPDATE department SET head_id = $1 WHERE head_id = $2",
                        args![zhao, chen],
                    )
                    .await?;
                    outlay::people::changed(sql).await
                })
            })
            .await
            .expect("changed");
        assert_eq!(claims::reassign(&world.app).await.expect("looked"), 1);
        let asked: Vec<_> = now(&world, &claim).await.open_tasks().map(|t| t.assignee).collect();
        assert_eq!(asked, [zhao]);
        assert_eq!(todo(&world.as_("chen").await).await, 0);
        let list = world.as_("zhao").await.get("/api/v1/tasks").await.expect(200).json();
        assert_eq!(list["counts"]["todo"], json!(1));
    });
}
