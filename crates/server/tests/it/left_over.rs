//! Drafts and returned claims of somebody who has left: the money is still owed, so somebody finishes them, or they are closed.

use outlay_core::claim::{Claim, Command, Status};
use serde_json::json;

use crate::inbox::task;
use crate::seed;
use crate::world::{World, on_both};

async fn now(world: &World, claim: &Claim) -> Claim {
    outlay::claims::store::load(&mut world.app.db.read(), claim.id)
        .await
        .expect("there")
}

/// A draft of 王敏's and a claim that came back to them, who then leaves.
async fn left(world: &World) -> (Claim, Claim) {
    let (wang, chen) = (world.id("wang").await, world.id("chen").await);
    let draft = seed::draft(world, "wang").await;
    let returned = seed::draft(world, "wang").await;
    let returned = seed::act(world, wang, returned.id, Command::Submit).await;
    let task = returned.open_tasks().next().expect("asked").id;
    let reason = "请补说明".to_owned();
    seed::act(world, chen, returned.id, Command::Return { task, reason }).await;
    let ange = world.as_("ange").await;
    let path = format!("/api/v1/employees/{wang}/unfinished");
    let early = json!({ "close": { "reason": "离职" } });
    ange.post(&path, early).await.expect(409);
    ange.post(&format!("/api/v1/employees/{wang}/deactivation"), json!(null))
        .await
        .expect(204);
    (draft, returned)
}

#[test]
fn a_colleague_finishes_them_and_never_signs_them() {
    on_both(|world| async move {
        let (draft, returned) = left(&world).await;
        let wang = world.id("wang").await;
        let (ange, chen) = (world.as_("ange").await, world.as_("chen").await);
        let page = ange.get(&format!("/settings/people/{wang}")).await.expect(200).text;
        assert!(
            page.contains(&draft.number) && page.contains(&returned.number),
            "{page}"
        );
        let edit = format!("/claims/{}/edit", draft.number);
        chen.get(&edit).await.expect(404);
        let path = format!("/api/v1/employees/{wang}/unfinished");
        let to = json!({ "hand_over": { "to": "chen@example.com" } });
        chen.post(&path, to.clone()).await.expect(403);
        let gone = json!({ "hand_over": { "to": "wang@example.com" } });
        ange.post(&path, gone).await.expect(422);
        assert_eq!(ange.post(&path, to).await.expect(200).json()["count"], 2);
        let person = ange.get(&format!("/api/v1/employees/{wang}")).await.expect(200).json();
        assert_eq!(person["unfinished"][0]["stand_in"], "陈屿", "{person}");

        // The head who finishes them would be asked first: the head above is asked instead, and the money stays whose it was.
        chen.get(&edit).await.expect(200);
        let page = chen.get(&format!("/claims/{}", returned.number)).await.expect(200).text;
        assert!(page.contains("申请人已离职"), "{page}");
        for claim in [&draft, &returned] {
            chen.post(&format!("/api/v1/claims/{}/submission", claim.number), json!(null))
                .await
                .expect(200);
            let claim = now(&world, claim).await;
            assert_eq!((claim.status(), claim.content.claimant), (Status::InReview, wang));
            let asked: Vec<_> = claim.open_tasks().map(|t| t.assignee).collect();
            assert_eq!(asked, [world.id("boss").await]);
        }
        let (id, hash) = task(&world.as_("boss").await).await;
        chen.post(&format!("/api/v1/tasks/{id}/approval"), json!({ "hash": hash }))
            .await
            .expect(403);
    });
}

#[test]
fn they_are_closed_with_a_reason() {
    on_both(|world| async move {
        let (draft, returned) = left(&world).await;
        let wang = world.id("wang").await;
        let ange = world.as_("ange").await;
        let path = format!("/settings/people/{wang}/unfinished");
        ange.form(&path, &[("close", "1"), ("reason", " ")]).await.expect(422);
        assert_eq!(now(&world, &draft).await.status(), Status::Draft);
        ange.form(&path, &[("close", "1"), ("reason", "已离职，无需报销")])
            .await
            .expect(303);
        for claim in [&draft, &returned] {
            assert_eq!(now(&world, claim).await.status(), Status::Withdrawn);
        }
        let page = ange.get(&format!("/settings/people/{wang}")).await.expect(200).text;
        assert!(!page.contains(&draft.number), "{page}");
    });
}
