//! Watching the approvals, and freeing what hangs.

use outlay::args;
use outlay_core::claim::Command;
use outlay_core::flow::LateAct;
use serde_json::json;

use crate::seed;
use crate::world::on_both;

#[test]
fn what_waits_is_counted_and_a_claim_that_nobody_can_act_on_is_freed() {
    on_both(|world| async move {
        let (wang, li) = (world.id("wang").await, world.id("li").await);
        let first = seed::draft(&world, "wang").await;
        let first = seed::act(&world, wang, first.id, Command::Submit).await;
        let second = seed::draft(&world, "li").await;
        let second = seed::act(&world, li, second.id, Command::Submit).await;
        let task = second.open_tasks().next().expect("a task").clone();
        let no = Command::Reject {
            task: task.id,
            reason: "重复".into(),
        };
        seed::act(&world, task.assignee, second.id, no).await;

        let zhao = world.as_("zhao").await;
        world.as_("wang").await.get("/api/v1/watch").await.expect(403);
        let seen = zhao.get("/api/v1/watch").await.expect(200).json();
        assert_eq!(
            seen["runs"],
            json!([{"status": "in_review", "day": 1, "three": 0, "week": 0, "older": 0}])
        );
        assert_eq!(
            (&seen["approvers"][0]["open"], &seen["approvers"][0]["kept"]),
            (&json!(1), &json!(100))
        );
        assert_eq!(seen["stuck"], json!([]));
        zhao.post(&format!("/api/v1/claims/{}/repair", first.number), json!(null))
            .await
            .expect(404);

        // Somebody was removed past the door that asks who stands in.
        let gone = first.open_tasks().next().expect("a task").assignee;
        world
            .app
            .db
            .write(move |sql| {
                Box::pin(async move {
                    sql.run("UPDATE employee SET active = $1 WHERE id = $2", args![false, gone])
                        .await?;
                    outlay::people::changed(sql).await
                })
            })
            .await
            .expect("gone");
        let seen = zhao.get("/api/v1/watch").await.expect(200).json();
        assert_eq!(seen["stuck"], json!([]), "in five days the head above is asked");
        // Without a time limit that asks somebody else, it hangs; a reminder frees nobody.
        let mut reminded = outlay::claims::store::load(&mut world.app.db.read(), first.id)
            .await
            .expect("there");
        for step in &mut reminded.run {
            step.timers.retain(|t| t.act == LateAct::Remind);
        }
        assert!(reminded.next_timer().is_some());
        let body = serde_json::to_string(&reminded).expect("JSON");
        world
            .app
            .db
            .write(move |sql| {
                let body = body.clone();
                Box::pin(async move {
                    let text = "UPDATE claim SET body = $1 WHERE id = $2";
                    Ok(sql.run(text, args![body, first.id]).await?)
                })
            })
            .await
            .expect("changed");
        let seen = zhao.get("/api/v1/watch").await.expect(200).json();
        assert_eq!(seen["stuck"][0]["number"], first.number);
        assert_eq!(seen["stuck"][0]["can_repair"], true);
        assert!(
            zhao.get("/settings/watch")
                .await
                .expect(200)
                .text
                .contains(&first.number)
        );
        zhao.form(&format!("/settings/watch/{}/repair", first.number), &[])
            .await
            .expect(303);
        let seen = zhao.get("/api/v1/watch").await.expect(200).json();
        assert_eq!(seen["stuck"], json!([]));
        let audit = world.as_("audit").await;
        let found = audit
            .get(&format!("/api/v1/audit?q={}", first.number))
            .await
            .expect(200)
            .json();
        assert_eq!(found["entries"][0]["detail"], "transferred");
    });
}
