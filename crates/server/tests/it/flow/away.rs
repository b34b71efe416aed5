//! Out of office: who acts for whom, dated and bounded, and never for themselves.

use outlay_core::claim::Command;
use serde_json::json;

use super::{now, submitted, task, todo};
use crate::seed;
use crate::world::{World, on_both};

fn days(world: &World, from: i64, to: i64) -> (String, String) {
    let _ = world;
    let today = outlay::clock::day(outlay::clock::now(), "Asia/Shanghai");
    let day = |n: i64| (today + jiff::Span::new().days(n)).to_string();
    (day(from), day(to))
}

#[test]
fn a_deputy_approves_on_behalf_and_it_says_so() {
    on_both(|world| async move {
        let claim = submitted(&world).await;
        let (chen, boss) = (world.as_("chen").await, world.as_("boss").await);
        let (since, until) = days(&world, -1, 3);
        let given = json!({"to": "boss@example.com", "since": since, "until": until, "reason": "出差"});
        let given = chen.post("/api/v1/me/delegations", given).await.expect(201).json();
        assert_eq!((todo(&boss).await, todo(&chen).await), (1, 1));
        let list = boss.get("/api/v1/tasks").await.expect(200).json();
        assert_eq!(list["groups"][0]["tasks"][0]["on_behalf_of"], "陈屿", "{list}");
        let page = boss.get(&format!("/claims/{}", claim.number)).await.expect(200);
        assert!(page.text.contains("代 陈屿 处理"), "{}", page.text);
        let (id, hash) = task(&boss).await;
        boss.post(&format!("/api/v1/tasks/{id}/approval"), json!({"hash": hash}))
            .await
            .expect(200);
        let claim = now(&world, &claim).await;
        let signers: Vec<_> = claim.signers().collect();
        assert!(signers.contains(&world.id("boss").await) && signers.contains(&world.id("chen").await));
        let page = world
            .as_("wang")
            .await
            .get(&format!("/claims/{}", claim.number))
            .await
            .expect(200);
        assert!(page.text.contains("代 陈屿 同意"), "{}", page.text);
        let id = given["id"].as_str().expect("an id");
        let page = chen.get("/me/away").await.expect(200);
        assert!(page.text.contains("出差"), "{}", page.text);
        chen.form(&format!("/me/away/{id}/end"), &[]).await.expect(303);
        let left = chen.get("/api/v1/me/delegations").await.expect(200).json();
        assert_eq!(left, json!([]));
    });
}

#[test]
fn bounds_days_and_circles_hold() {
    on_both(|world| async move {
        let claim = submitted(&world).await;
        let (chen, boss) = (world.as_("chen").await, world.as_("boss").await);
        let (since, until) = days(&world, 0, 3);
        let one = |to: &str, more: serde_json::Value| {
            let mut body = json!({"to": to, "since": since, "until": until});
            body.as_object_mut()
                .expect("an object")
                .extend(more.as_object().expect("an object").clone());
            body
        };
        let path = "/api/v1/me/delegations";
        let bounded = one(
            "boss@example.com",
            json!({"at_most": {"amount": "1.00", "currency": "CNY"}}),
        );
        chen.post(path, bounded).await.expect(201);
        assert_eq!(todo(&boss).await, 0, "the claim is larger than that");
        let (id, hash) = task(&chen).await;
        boss.post(&format!("/api/v1/tasks/{id}/approval"), json!({"hash": hash}))
            .await
            .expect(403);
        let circle = boss
            .post(path, one("chen@example.com", json!({})))
            .await
            .expect(422)
            .json();
        assert_eq!(circle["fields"][0]["code"], "acts-for-you");
        let own = chen
            .post(path, one("chen@example.com", json!({})))
            .await
            .expect(422)
            .json();
        assert_eq!(own["fields"][0]["code"], "oneself");
        let (since, until) = days(&world, 2, 5);
        chen.post(path, json!({"to": "zhao@example.com", "since": since, "until": until}))
            .await
            .expect(201);
        assert_eq!(todo(&world.as_("zhao").await).await, 0, "not yet");
        // The claimant never acts for whoever must approve.
        let (since, until) = days(&world, 0, 1);
        chen.post(path, json!({"to": "wang@example.com", "since": since, "until": until}))
            .await
            .expect(201);
        let wang = world.as_("wang").await;
        assert_eq!(todo(&wang).await, 0);
        wang.post(
            &format!("/api/v1/tasks/{id}/approval"),
            json!({"hash": claim.content.hash()}),
        )
        .await
        .expect(403);
        let form = [
            ("to", "nobody@example.com"),
            ("since", since.as_str()),
            ("until", until.as_str()),
        ];
        let page = chen.form("/me/away", &form).await.expect(422);
        assert!(
            page.text.contains("nobody@example.com"),
            "what was typed stays: {}",
            page.text
        );
    });
}

#[test]
fn whoever_leaves_takes_their_delegations_along() {
    on_both(|world| async move {
        let (since, until) = days(&world, -1, 3);
        let given = json!({"to": "boss@example.com", "since": since, "until": until});
        world
            .as_("chen")
            .await
            .post("/api/v1/me/delegations", given)
            .await
            .expect(201);
        let claim = seed::draft(&world, "wang").await;
        let claim = seed::act(&world, world.id("wang").await, claim.id, Command::Submit).await;
        let chen = world.id("chen").await;
        let ange = world.as_("ange").await;
        ange.post(&format!("/api/v1/employees/{chen}/deactivation"), json!(null))
            .await
            .expect(204);
        let boss = world.as_("boss").await;
        assert_eq!(boss.get("/api/v1/me/delegations").await.expect(200).json(), json!([]));
        assert_eq!(todo(&boss).await, 1, "as the one who stands in");
        assert!(now(&world, &claim).await.open_tasks().all(|t| t.assignee != chen));
    });
}
