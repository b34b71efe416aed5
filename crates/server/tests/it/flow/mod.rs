//! What people do on the run of a claim: beside approving, all the ways to send it round.

mod away;
mod late;
mod link;

use outlay::args;
use outlay_core::claim::{Claim, Command, Status};
use serde_json::{Value, json};

use crate::inbox::task;
use crate::seed;
use crate::world::{Client, World, on_both};

/// A claim of 王敏's that waits for 陈屿.
async fn submitted(world: &World) -> Claim {
    let claim = seed::draft(world, "wang").await;
    seed::act(world, world.id("wang").await, claim.id, Command::Submit).await
}

async fn now(world: &World, claim: &Claim) -> Claim {
    outlay::claims::store::load(&mut world.app.db.read(), claim.id)
        .await
        .expect("there")
}

/// Writes a claim past all that is decided about claims, due at once if that is wished.
async fn put(world: &World, claim: &Claim, due: Option<i64>) {
    let (id, body) = (claim.id, serde_json::to_string(claim).expect("JSON"));
    world
        .app
        .db
        .write(move |sql| {
            let body = body.clone();
            Box::pin(async move {
                let text = "UPDATE claim SET body = $1, due_at = COALESCE($2, due_at) WHERE id = $3";
                Ok(sql.run(text, args![body, due, id]).await?)
            })
        })
        .await
        .expect("changed");
}

async fn approve(client: &Client) -> Value {
    let (id, hash) = task(client).await;
    let path = format!("/api/v1/tasks/{id}/approval");
    client.post(&path, json!({"hash": hash})).await.expect(200).json()
}

async fn todo(client: &Client) -> i64 {
    let list = client.get("/api/v1/tasks").await.expect(200).json();
    list["counts"]["todo"].as_i64().expect("a count")
}

#[test]
fn finance_sends_back_to_the_head_and_it_comes_straight_back() {
    on_both(|world| async move {
        let claim = submitted(&world).await;
        let (chen, zhao) = (world.as_("chen").await, world.as_("zhao").await);
        approve(&chen).await;
        let (id, hash) = task(&zhao).await;
        let page = zhao.get(&format!("/claims/{}", claim.number)).await.expect(200);
        assert!(
            page.text.contains("退回到") && page.text.contains("value=\"head\""),
            "{}",
            page.text
        );
        let path = format!("/tasks/{id}/return");
        zhao.form(&path, &[("hash", &hash), ("reason", "请部门确认"), ("step", "finance")])
            .await
            .expect(422);
        let fields = [
            ("hash", hash.as_str()),
            ("reason", "请部门确认"),
            ("step", "head"),
            ("straight", "on"),
        ];
        zhao.form(&path, &fields).await.expect(303);
        assert_eq!((todo(&zhao).await, todo(&chen).await), (0, 1));
        approve(&chen).await;
        let outcome = approve(&zhao).await;
        assert_eq!(outcome["status"], "approved");
        let page = world
            .as_("wang")
            .await
            .get(&format!("/claims/{}", claim.number))
            .await
            .expect(200);
        assert!(page.text.contains("处理后直接送回：请部门确认"), "{}", page.text);
    });
}

#[test]
fn an_approval_is_taken_back_while_nobody_has_acted() {
    on_both(|world| async move {
        let claim = submitted(&world).await;
        let (chen, zhao) = (world.as_("chen").await, world.as_("zhao").await);
        let (id, _) = task(&chen).await;
        approve(&chen).await;
        let page = chen.get(&format!("/claims/{}", claim.number)).await.expect(200);
        assert!(page.text.contains("拿回我的同意"), "{}", page.text);
        let path = format!("/api/v1/tasks/{id}/taking-back");
        zhao.post(&path, json!(null)).await.expect(403);
        chen.post(&path, json!(null)).await.expect(200);
        assert_eq!((todo(&chen).await, todo(&zhao).await), (1, 0));
        let (id, _) = task(&chen).await;
        approve(&chen).await;
        approve(&zhao).await;
        let late = chen
            .post(&format!("/api/v1/tasks/{id}/taking-back"), json!(null))
            .await
            .expect(409)
            .json();
        assert_eq!(late["code"], "decided", "{late}");
        assert_eq!(now(&world, &claim).await.status(), Status::Approved);
    });
}

#[test]
fn advice_comes_back_and_signers_are_added_and_removed() {
    on_both(|world| async move {
        let claim = submitted(&world).await;
        let (chen, boss) = (world.as_("chen").await, world.as_("boss").await);
        let (id, hash) = task(&chen).await;
        let asked = json!({"to": "boss@example.com", "reason": "请看一下", "hash": hash});
        chen.post(&format!("/api/v1/tasks/{id}/advice"), asked)
            .await
            .expect(200);
        let (advice, hash) = task(&boss).await;
        let page = boss.get(&format!("/inbox?peek={}", claim.number)).await.expect(200);
        assert!(page.text.contains("请您给出意见"), "{}", page.text);
        let refused = boss
            .post(&format!("/api/v1/tasks/{advice}/rejection"), json!({"reason": "不行"}))
            .await
            .expect(403)
            .json();
        assert_eq!(refused["code"], "only-advice");
        boss.post(
            &format!("/api/v1/tasks/{advice}/approval"),
            json!({"hash": hash, "comment": "可以"}),
        )
        .await
        .expect(200);
        let (id, _) = task(&chen).await;
        chen.form(
            &format!("/tasks/{id}/signer"),
            &[("to", "boss@example.com"), ("place", "beside"), ("reason", "一起签")],
        )
        .await
        .expect(303);
        assert_eq!(todo(&boss).await, 1);
        let boss_id = world.id("boss").await;
        let signer = format!("/api/v1/claims/{}/signers/{boss_id}", claim.number);
        let zhao = world.as_("zhao").await;
        zhao.send(zhao.http.delete(format!("{}{signer}", zhao.base)))
            .await
            .expect(403);
        chen.send(chen.http.delete(format!("{}{signer}", chen.base)))
            .await
            .expect(200);
        assert_eq!((todo(&boss).await, todo(&chen).await), (0, 1));
        approve(&chen).await;
        assert_eq!(todo(&zhao).await, 1);
    });
}

#[test]
fn the_claimant_recalls_reminds_and_copies() {
    on_both(|world| async move {
        let claim = submitted(&world).await;
        let (wang, chen, zhao) = (
            world.as_("wang").await,
            world.as_("chen").await,
            world.as_("zhao").await,
        );
        let path = |act: &str| format!("/api/v1/claims/{}/{act}", claim.number);
        wang.post(&path("recall"), json!(null)).await.expect(200);
        assert_eq!(now(&world, &claim).await.status(), Status::Draft);
        assert_eq!(todo(&chen).await, 0);
        wang.post(&path("submission"), json!(null)).await.expect(200);
        wang.post(&path("reminder"), json!(null)).await.expect(200);
        let soon = wang.post(&path("reminder"), json!(null)).await.expect(422).json();
        assert_eq!(soon["code"], "too-soon");
        let ange = world.as_("ange").await;
        ange.get(&format!("/api/v1/claims/{}", claim.number)).await.expect(404);
        wang.form(
            &format!("/claims/{}/recipients", claim.number),
            &[("to", "ange@example.com"), ("comment", "供参考")],
        )
        .await
        .expect(303);
        ange.get(&format!("/api/v1/claims/{}", claim.number)).await.expect(200);
        let copies = ange.get("/api/v1/tasks?tab=copied").await.expect(200).json();
        assert_eq!(
            copies["groups"][0]["tasks"][0]["claim"],
            json!(claim.number),
            "{copies}"
        );
        let page = ange.get("/inbox?tab=copied").await.expect(200);
        assert!(
            page.text.contains("抄送") && page.text.contains(&claim.number),
            "{}",
            page.text
        );
        approve(&chen).await;
        wang.post(&path("recall"), json!(null)).await.expect(409);
        approve(&zhao).await;
    });
}

#[test]
fn several_of_one_kind_are_approved_at_once_and_what_cannot_be_is_left_and_told() {
    on_both(|world| async move {
        let all = [
            submitted(&world).await,
            submitted(&world).await,
            submitted(&world).await,
        ];
        let chen = world.as_("chen").await;
        let list = chen.get("/api/v1/tasks").await.expect(200).json();
        let tasks: Vec<Value> = list["groups"][0]["tasks"]
            .as_array()
            .expect("tasks")
            .iter()
            .map(|t| json!({"id": t["id"], "hash": t["hash"]}))
            .collect();
        assert_eq!(tasks.len(), 3);
        let kinds: Vec<&Value> = list["groups"][0]["tasks"]
            .as_array()
            .expect("tasks")
            .iter()
            .map(|t| &t["kind"])
            .collect();
        assert!(
            kinds[0].is_string() && kinds.iter().all(|k| k == &kinds[0]),
            "{kinds:?}"
        );
        let page = chen.get("/inbox").await.expect(200);
        assert_eq!(page.text.matches("class=\"pick\"").count(), 3, "{}", page.text);
        let mut stale = tasks.clone();
        stale[1]["hash"] = json!("0".repeat(64));
        stale.push(json!({"id": uuid::Uuid::now_v7(), "hash": ""}));
        let done = chen
            .post("/api/v1/approvals", json!({"tasks": stale}))
            .await
            .expect(200)
            .json();
        let ends: Vec<&Value> = done["results"]
            .as_array()
            .expect("results")
            .iter()
            .map(|r| &r["outcome"])
            .collect();
        assert_eq!(ends, ["approved", "changed", "approved", "not-yours"], "{done}");
        assert_eq!((done["count"].as_i64(), todo(&chen).await), (Some(2), 1));
        // Another kind: finance's step, and what was decided meanwhile.
        let (zhao, wang) = (world.as_("zhao").await, world.as_("wang").await);
        let (id, hash) = task(&zhao).await;
        let end = wang
            .post("/api/v1/approvals", json!({"tasks": [{"id": id, "hash": hash}]}))
            .await
            .expect(200)
            .json();
        assert_eq!(end["results"][0]["outcome"], "not-yours", "{end}");
        let picked: Vec<(String, String)> = tasks
            .iter()
            .map(|t| {
                (
                    "task".to_owned(),
                    format!(
                        "{}:{}",
                        t["id"].as_str().expect("id"),
                        t["hash"].as_str().expect("hash")
                    ),
                )
            })
            .collect();
        let picked: Vec<(&str, &str)> = picked.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let page = chen.form("/inbox/approvals", &picked).await.expect(200).text;
        assert!(
            page.contains("已同意 1 单，2 单未动") && page.contains("陈屿已于"),
            "{page}"
        );
        for claim in all {
            assert_eq!(now(&world, &claim).await.signers().count(), 1);
        }
        chen.post("/api/v1/approvals", json!({"tasks": []})).await.expect(422);
        chen.form("/inbox/approvals", &[]).await.expect(422);
    });
}

#[test]
fn a_flow_is_shown_as_steps_with_who_would_approve() {
    on_both(|world| async move {
        let claim = seed::draft(&world, "wang").await;
        let zhao = world.as_("zhao").await;
        let list = zhao.get("/api/v1/flows").await.expect(200).json();
        let first = list.as_array().or_else(|| list["versions"].as_array()).expect("a list")[0].clone();
        let path = format!(
            "/settings/flows/{}/{}/steps",
            claim.content.entity,
            first["reference"].as_str().expect("a reference")
        );
        let page = zhao.get(&path).await.expect(200);
        assert!(
            page.text.contains("或签：一人即可") && page.text.contains("个工作日后提醒"),
            "{}",
            page.text
        );
        let wang = world.as_("wang").await;
        let page = wang.get(&format!("{path}?claim={}", claim.number)).await.expect(200);
        assert!(page.text.contains("陈屿"), "{}", page.text);
        let page = zhao.get(&format!("{path}?claim={}", claim.number)).await.expect(200);
        assert!(
            page.text.contains("没有您可查看的此报销单"),
            "a draft is its claimant's: {}",
            page.text
        );
    });
}

#[test]
fn finance_cuts_an_amount_and_all_are_asked_again() {
    on_both(|world| async move {
        let claim = submitted(&world).await;
        let (chen, zhao) = (world.as_("chen").await, world.as_("zhao").await);
        let line = claim.content.lines[0].clone();
        let body = |hash: &str, claimed: &str| json!({"hash": hash, "reason": "按制度核减", "lines": [{"id": line.id.to_string(), "claimed": claimed}]});
        let (id, hash) = task(&chen).await;
        let path = |id: &str| format!("/api/v1/tasks/{id}/amendment");
        let refused = chen.post(&path(&id), body(&hash, "1.00")).await.expect(403).json();
        assert_eq!(refused["code"], "may-not-edit");
        approve(&chen).await;
        let (id, hash) = task(&zhao).await;
        zhao.post(&path(&id), body(&hash, "100000.00")).await.expect(403);
        zhao.post(&path(&id), body("0000", "1.00")).await.expect(409);
        let page = zhao.get(&format!("/claims/{}", claim.number)).await.expect(200);
        assert!(page.text.contains(&format!("claimed.{}", line.id)), "{}", page.text);
        zhao.post(&path(&id), body(&hash, "1.00")).await.expect(200);
        let claim = now(&world, &claim).await;
        assert_eq!(claim.content.lines[0].claimed.minor, 100);
        assert_eq!(claim.signers().count(), 0, "no approval outlives it");
        assert_eq!((todo(&chen).await, todo(&zhao).await), (1, 0));
        approve(&chen).await;
        let outcome = approve(&zhao).await;
        assert_eq!(outcome["status"], "approved");
    });
}
