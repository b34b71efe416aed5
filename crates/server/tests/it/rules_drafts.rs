//! Drafts of policies and flows, and the second person who publishes them.

use outlay_core::claim::Command;
use outlay_core::org::Role;
use outlay_core::{flow, policy};
use serde_json::{Value, json};

use crate::seed;
use crate::world::{Client, World, on_both};

async fn begin(world: &World, client: &Client) -> Value {
    let new = json!({"kind": "policy", "entity": world.cn.to_string(), "base": "cn-standard@1"});
    client.post("/api/v1/rules/drafts", new).await.expect(201).json()
}

fn path(draft: &Value, part: &str) -> String {
    format!("/api/v1/rules/drafts/{}{part}", draft["id"].as_str().expect("an id"))
}

#[test]
fn a_draft_is_saved_reviewed_and_published_by_a_second_person() {
    on_both(|world| async move {
        let (zhao, li) = (world.as_("zhao").await, world.as_("li").await);
        let draft = begin(&world, &zhao).await;
        assert_eq!((&draft["version"], &draft["becomes"]), (&json!(1), &json!(2)));
        assert_eq!(draft["body"], policy::CN_STANDARD);
        li.get(&path(&draft, "")).await.expect(404);
        li.post(
            "/api/v1/rules/drafts",
            json!({"kind": "policy", "entity": world.cn.to_string(), "base": "cn-standard@1"}),
        )
        .await
        .expect(403);

        let broken = json!({"version": 1, "body": "id: cn-standard\nversion: 1\n"});
        let saved = zhao.put(&path(&draft, ""), broken).await.expect(200).json();
        assert_eq!(saved["version"], 2);
        assert!(!saved["problems"].as_array().expect("a list").is_empty());
        zhao.post(&path(&draft, "/review"), json!(null)).await.expect(422);
        let late = json!({"version": 1, "body": policy::CN_STANDARD});
        zhao.put(&path(&draft, ""), late).await.expect(409);
        let good = json!({"version": 2, "body": policy::CN_STANDARD, "effective_from": "2026-02-01"});
        zhao.put(&path(&draft, ""), good).await.expect(200);
        zhao.post(&path(&draft, "/publication"), json!(null)).await.expect(409);
        zhao.post(&path(&draft, "/review"), json!(null)).await.expect(200);
        let alone = zhao
            .post(&path(&draft, "/publication"), json!(null))
            .await
            .expect(422)
            .json();
        assert_eq!(alone["fields"][0]["code"], "rules-alone");

        world.grant("ops", Role::Finance).await;
        let ops = world.as_("ops").await;
        let early = ops
            .post(&path(&draft, "/publication"), json!(null))
            .await
            .expect(422)
            .json();
        assert_eq!(early["fields"][0]["code"], "rules-untried");
        world.work().await;
        let view = ops.get(&path(&draft, "")).await.expect(200).json();
        assert_eq!(
            (&view["trial"]["state"], &view["trial"]["version"]),
            (&json!("done"), &json!(3))
        );
        let own = zhao
            .post(&path(&draft, "/publication"), json!(null))
            .await
            .expect(422)
            .json();
        assert_eq!(own["fields"][0]["code"], "rules-own");
        assert!(
            own["fields"][0]["message"].as_str().expect("words").contains("孙可"),
            "{own}"
        );

        ops.post(&path(&draft, "/return"), json!({"reason": " "}))
            .await
            .expect(422);
        let back = ops
            .post(&path(&draft, "/return"), json!({"reason": "上限太高"}))
            .await
            .expect(200)
            .json();
        assert_eq!((&back["state"], &back["note"]), (&json!("editing"), &json!("上限太高")));
        zhao.post(&path(&draft, "/review"), json!(null)).await.expect(200);
        let done = ops
            .post(&path(&draft, "/publication"), json!(null))
            .await
            .expect(201)
            .json();
        assert_eq!(
            (&done["state"], &done["published"]),
            (&json!("published"), &json!("cn-standard@2"))
        );
        ops.post(&path(&draft, "/publication"), json!(null)).await.expect(409);
        let version = li.get("/api/v1/policies/cn-standard@2").await.expect(200).json();
        let yaml = version["yaml"].as_str().expect("text");
        assert!(
            yaml.contains("\nversion: 2\n") && yaml.contains("\neffective_from: 2026-02-01\n"),
            "{yaml}"
        );
    });
}

#[test]
fn whoever_wrote_in_a_draft_cannot_publish_it_even_if_another_saved_last() {
    on_both(|world| async move {
        for who in ["ops", "ange"] {
            world.grant(who, Role::Finance).await;
        }
        let (zhao, ops, ange) = (world.as_("zhao").await, world.as_("ops").await, world.as_("ange").await);
        let draft = begin(&world, &zhao).await;
        ops.put(&path(&draft, ""), json!({"version": 1, "body": policy::CN_STANDARD}))
            .await
            .expect(200);
        ops.post(&path(&draft, "/review"), json!(null)).await.expect(200);
        world.work().await;
        for author in [&zhao, &ops] {
            author
                .post(&path(&draft, "/publication"), json!(null))
                .await
                .expect(422);
        }
        ange.post(&path(&draft, "/publication"), json!(null)).await.expect(201);
    });
}

#[test]
fn a_draft_that_another_version_overtook_is_saved_again_first_and_an_old_version_comes_back_as_a_new_one() {
    on_both(|world| async move {
        world.grant("ops", Role::Finance).await;
        let (zhao, ops) = (world.as_("zhao").await, world.as_("ops").await);
        let (first, second) = (begin(&world, &zhao).await, begin(&world, &zhao).await);
        for draft in [&first, &second] {
            zhao.post(&path(draft, "/review"), json!(null)).await.expect(200);
        }
        world.work().await;
        ops.post(&path(&first, "/publication"), json!(null)).await.expect(201);
        let moved = ops
            .post(&path(&second, "/publication"), json!(null))
            .await
            .expect(422)
            .json();
        assert_eq!(moved["fields"][0]["code"], "rules-moved");
        let again = json!({"version": 1, "body": policy::CN_STANDARD});
        let saved = zhao.put(&path(&second, ""), again).await.expect(200).json();
        assert_eq!((&saved["state"], &saved["becomes"]), (&json!("editing"), &json!(3)));

        let new = json!({"kind": "flow", "entity": world.de.to_string(), "base": "standard@1"});
        let back = zhao.post("/api/v1/rules/drafts", new).await.expect(201).json();
        zhao.post(&path(&back, "/review"), json!(null)).await.expect(200);
        world.work().await;
        let done = ops
            .post(&path(&back, "/publication"), json!(null))
            .await
            .expect(201)
            .json();
        assert_eq!(done["published"], "standard@2");
        let text = flow::STANDARD.replacen("version: 1", "version: 2", 1);
        let version = ops
            .get(&format!("/api/v1/entities/{}/flows/standard@2", world.de))
            .await
            .expect(200)
            .json();
        assert_eq!(version["yaml"], text);
        let open = zhao.get("/api/v1/rules/drafts").await.expect(200).json();
        assert_eq!(open.as_array().expect("a list").len(), 1);
        zhao.send(zhao.http.delete(format!("{}{}", zhao.base, path(&second, ""))))
            .await
            .expect(204);
        let open = zhao.get("/api/v1/rules/drafts").await.expect(200).json();
        assert_eq!(open, json!([]));
    });
}

#[test]
fn a_golden_case_that_comes_out_another_way_stops_the_publication_by_name() {
    on_both(|world| async move {
        world.grant("ops", Role::Finance).await;
        let (zhao, ops, wang) = (world.as_("zhao").await, world.as_("ops").await, world.as_("wang").await);
        let claim = seed::draft(&world, "wang").await;
        let claim = seed::act(&world, world.id("wang").await, claim.id, Command::Submit).await;
        let at = format!("/api/v1/claims/{}/golden-case", claim.number);
        wang.post(&at, json!({"name": "x"})).await.expect(403);
        let kept = zhao.post(&at, json!({"name": "小额出租车"})).await.expect(201).json();
        assert_eq!(kept[0]["number"], claim.number);

        let only_finance = "id: standard\nversion: 1\nname: { zh: 财务, en: Finance }\nsteps:\n  - { id: f, name: { zh: 财务, en: Finance }, who: !role finance }\n";
        let new = json!({"kind": "flow", "entity": world.cn.to_string(), "base": "standard@1", "body": only_finance});
        let draft = zhao.post("/api/v1/rules/drafts", new).await.expect(201).json();
        zhao.post(&path(&draft, "/review"), json!(null)).await.expect(200);
        world.work().await;
        let view = zhao.get(&path(&draft, "")).await.expect(200).json();
        let found = &view["trial"]["found"];
        assert_eq!(found["golden"]["failed"][0]["name"], "小额出租车", "{view}");
        assert_eq!(
            (&found["replay"]["claims"], &found["replay"]["differ"]),
            (&json!(1), &json!(1))
        );
        let refused = ops
            .post(&path(&draft, "/publication"), json!(null))
            .await
            .expect(422)
            .json();
        assert_eq!(refused["fields"][0]["code"], "rules-golden");
        assert!(
            refused["fields"][0]["message"]
                .as_str()
                .expect("words")
                .contains("小额出租车")
        );

        let at = format!("/settings/flows/drafts/{}/try", draft["id"].as_str().expect("an id"));
        let page = zhao.get(&at).await.expect(200).text;
        assert!(page.contains("小额出租车") && page.contains(&claim.number), "{page}");
        let at = format!(
            "/settings/flows/drafts/{}/try/{}",
            draft["id"].as_str().expect("an id"),
            claim.number
        );
        let beside = zhao.get(&at).await.expect(200).text;
        assert!(
            beside.contains("陈屿") && beside.contains("赵蓉"),
            "both ways stand side by side: {beside}"
        );
        wang.get(&at).await.expect(404);
        let why = wang
            .get(&format!("/claims/{}/why", claim.number))
            .await
            .expect(200)
            .text;
        assert!(why.contains("重放一致") && why.contains("陈屿"), "{why}");
        let decisions = wang
            .get(&format!("/api/v1/claims/{}/decisions", claim.number))
            .await
            .expect(200)
            .json();
        assert_eq!(decisions[0]["replayed"], "same");
        world
            .as_("li")
            .await
            .get(&format!("/claims/{}/why", claim.number))
            .await
            .expect(404);

        let id = kept[0]["id"].as_str().expect("an id");
        zhao.send(zhao.http.delete(format!("{}/api/v1/golden-cases/{id}", zhao.base)))
            .await
            .expect(204);
        ops.post(&path(&draft, "/publication"), json!(null)).await.expect(201);
    });
}

#[test]
fn claims_under_way_finish_on_their_own_version_while_others_are_published() {
    on_both(|world| async move {
        world.grant("ops", Role::Finance).await;
        let (zhao, ops) = (world.as_("zhao").await, world.as_("ops").await);
        let mut running = Vec::new();
        for who in ["wang", "li", "wang"] {
            let claim = seed::draft(&world, who).await;
            running.push(seed::act(&world, world.id(who).await, claim.id, Command::Submit).await);
        }
        let only_finance = "id: standard\nversion: 1\nname: { zh: 财务, en: Finance }\nsteps:\n  - { id: f, name: { zh: 财务, en: Finance }, who: !role finance }\n";
        let publish = async {
            let mut last = String::new();
            for body in [Some(only_finance), None] {
                let mut new = json!({"kind": "flow", "entity": world.cn.to_string(), "base": "standard@1"});
                if let Some(body) = body {
                    new["body"] = json!(body);
                }
                let draft = zhao.post("/api/v1/rules/drafts", new).await.expect(201).json();
                zhao.post(&path(&draft, "/review"), json!(null)).await.expect(200);
                world.work().await;
                let done = ops
                    .post(&path(&draft, "/publication"), json!(null))
                    .await
                    .expect(201)
                    .json();
                last = done["published"].as_str().expect("a version").to_owned();
            }
            last
        };
        let submit = async {
            let mut all = Vec::new();
            for _ in 0..6 {
                let claim = seed::draft(&world, "li").await;
                all.push(seed::act(&world, world.id("li").await, claim.id, Command::Submit).await);
            }
            all
        };
        let (last, submitted) = tokio::join!(publish, submit);
        assert_eq!(last, "standard@3", "going back is a version of its own");
        running.extend(submitted);
        for claim in running {
            let versions: Vec<u32> = claim.run.iter().map(|s| s.flow.version).collect();
            let done = seed::approve(&world, claim.id).await;
            assert_eq!(done.status(), outlay_core::claim::Status::Approved);
            let after: Vec<u32> = done.run.iter().map(|s| s.flow.version).collect();
            assert_eq!(after, versions, "{}", claim.number);
            assert!(versions.windows(2).all(|v| v[0] == v[1]), "one version in one run");
        }
        let next = seed::draft(&world, "li").await;
        let next = seed::act(&world, world.id("li").await, next.id, Command::Submit).await;
        assert_eq!(next.run[0].flow.version, 3);
    });
}
