//! Settings: people and their leaving, rules, rights and the audit.

use outlay::args;
use outlay_core::claim::{Command, Status};
use serde_json::{Value, json};

use crate::seed;
use crate::world::{Client, World, on_both};

#[test]
fn open_tasks_of_who_leaves_go_to_who_stands_in() {
    on_both(|world| async move {
        let (wang, chen, boss) = (world.id("wang").await, world.id("chen").await, world.id("boss").await);
        let claim = seed::draft(&world, "wang").await;
        let claim = seed::act(&world, wang, claim.id, Command::Submit).await;
        assert!(claim.open_tasks().any(|t| t.assignee == chen));
        let path = format!("/api/v1/employees/{chen}/deactivation");
        world.as_("zhao").await.post(&path, json!(null)).await.expect(403);
        let ange = world.as_("ange").await;
        let leaving = world.as_("chen").await;
        ange.post(&path, json!(null)).await.expect(204);
        ange.post(&path, json!(null)).await.expect(409);
        leaving.get("/api/v1/insights").await.expect(401);
        let now = outlay::claims::store::load(&mut world.app.db.read(), claim.id)
            .await
            .expect("there");
        assert_eq!(now.status(), Status::InReview);
        let asked: Vec<_> = now.open_tasks().map(|t| t.assignee).collect();
        assert_eq!(asked, [boss]);
    });
}

#[test]
fn who_nobody_can_stand_in_for_stays() {
    on_both(|world| async move {
        let (boss, zhao) = (world.id("boss").await, world.id("zhao").await);
        let claim = seed::draft(&world, "chen").await;
        let chen = world.id("chen").await;
        let claim = seed::act(&world, chen, claim.id, Command::Submit).await;
        assert!(claim.open_tasks().any(|t| t.assignee == boss));
        let ange = world.as_("ange").await;
        ange.post(&format!("/api/v1/employees/{zhao}/deactivation"), json!(null))
            .await
            .expect(204);
        let refused = ange
            .post(&format!("/api/v1/employees/{boss}/deactivation"), json!(null))
            .await
            .expect(422)
            .json();
        assert_eq!(refused["fields"][0]["code"], "nobody-stands-in");
        let person = ange.get(&format!("/api/v1/employees/{boss}")).await.expect(200).json();
        assert_eq!(
            (&person["active"], &person["open_tasks"]),
            (&json!(true), &json!(1)),
            "nothing is half done"
        );
        let now = outlay::claims::store::load(&mut world.app.db.read(), claim.id)
            .await
            .expect("there");
        assert!(now.open_tasks().any(|t| t.assignee == boss));
    });
}

#[test]
fn people_are_made_found_and_given_roles() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let new = json!({"number": "E900", "name": "新同事", "email": "New@Example.com", "locale": "zh-CN",
            "place": {"department": world.sales.to_string(), "entity": world.cn.to_string(), "position": "销售",
                "grade": "P5", "from": "2026-01-01"}});
        let made = ange.post("/api/v1/employees", new.clone()).await.expect(201).json();
        let twice = ange.post("/api/v1/employees", new).await.expect(422).json();
        assert!(
            twice["fields"]
                .as_array()
                .expect("fields")
                .iter()
                .all(|f| f["code"] == "exists")
        );
        let id = made["id"].as_str().expect("an id");
        let given = ange
            .post(&format!("/api/v1/employees/{id}/roles"), json!({"role": "auditor"}))
            .await
            .expect(201)
            .json();
        assert_eq!(given["roles"][0]["role"], "auditor");
        let found = ange
            .get("/api/v1/employees?q=%E6%96%B0%E5%90%8C%E4%BA%8B")
            .await
            .expect(200)
            .json();
        assert_eq!(found["people"][0]["email"], "new@example.com");
        keeps_its_cost_centre(&world, &ange, id).await;
        let me = world.id("ange").await;
        let person = ange.get(&format!("/api/v1/employees/{me}")).await.expect(200).json();
        let grant = person["roles"][0]["grant"].as_str().expect("a grant");
        let path = format!("{}/api/v1/employees/{me}/roles/{grant}", ange.base);
        let refused = ange.send(ange.http.delete(path)).await.expect(422).json();
        assert_eq!(refused["fields"][0]["code"], "last-admin");
        world.as_("li").await.get("/api/v1/employees").await.expect(403);
        world.as_("zhao").await.get("/settings/people").await.expect(200);
        ange.get(&format!("/settings/people/{id}")).await.expect(200);
        ange.get("/settings/people/new").await.expect(200);
    });
}

/// A new place with the same employer keeps the cost centre, unless another is given.
async fn keeps_its_cost_centre(world: &World, ange: &Client, id: &str) {
    let org = world.app.org(&mut world.app.db.read()).await.expect("org");
    let of = |entity| {
        org.cost_centers()
            .find(|c| c.entity == entity)
            .expect("a centre")
            .id
            .to_string()
    };
    let path = format!("/api/v1/employees/{id}");
    let put = |center: Value, from: &'static str| {
        let body = json!({"number": "E900", "name": "新同事", "email": "new@example.com", "locale": "zh-CN",
            "place": {"department": world.sales.to_string(), "entity": world.cn.to_string(), "position": "销售",
                "grade": "P6", "from": from, "cost_center": center}});
        ange.put(&path, body)
    };
    let other = put(json!(of(world.de)), "2026-02-01").await.expect(422).json();
    assert_eq!(other["fields"][0]["field"], "place.cost_center");
    put(json!(of(world.cn)), "2026-02-01").await.expect(200);
    put(Value::Null, "2026-03-01").await.expect(200);
    let org = world.app.org(&mut world.app.db.read()).await.expect("org");
    let now = org
        .primary(id.parse().expect("an id"), jiff::civil::date(2026, 3, 2))
        .expect("a place");
    assert_eq!(now.cost_center.map(|c| c.to_string()), Some(of(world.cn)));
}

#[test]
fn rules_are_published_once_and_read_by_all() {
    on_both(|world| async move {
        world.grant("ops", outlay_core::org::Role::Finance).await;
        let (zhao, li, ops) = (world.as_("zhao").await, world.as_("li").await, world.as_("ops").await);
        let next = outlay_core::policy::CN_STANDARD;
        li.post("/api/v1/policies", json!({"yaml": next})).await.expect(403);
        let draft = zhao
            .post("/api/v1/policies", json!({"yaml": next}))
            .await
            .expect(202)
            .json();
        assert_eq!((&draft["state"], &draft["becomes"]), (&json!("in_review"), &json!(2)));
        let all = li.get("/api/v1/policies").await.expect(200).json();
        let of_cn = |all: &Value| -> Vec<Value> {
            let all = all.as_array().expect("a list").clone();
            all.into_iter()
                .filter(|v| v["entity"] == world.cn.to_string())
                .collect()
        };
        assert_eq!(of_cn(&all).len(), 1, "nothing is published by one person");
        let id = draft["id"].as_str().expect("an id");
        world.work().await;
        ops.post(&format!("/api/v1/rules/drafts/{id}/publication"), json!(null))
            .await
            .expect(201);
        zhao.post("/api/v1/policies", json!({"yaml": "id: x"}))
            .await
            .expect(422);
        let gap = next.replacen("version: 2", "version: 3", 1);
        let gap = gap.replacen("            - [allowance.transport, 80]\n", "", 1);
        assert_ne!(gap.len(), next.len());
        let refused = zhao
            .post("/api/v1/policies", json!({"yaml": gap}))
            .await
            .expect(422)
            .json();
        assert_eq!(refused["fields"][0]["field"], "allowance-limit", "{refused}");
        let page = li.get("/settings/policies/cn-standard@2").await.expect(200);
        assert!(page.text.contains("<span id=\""));
        let all = li.get("/api/v1/policies").await.expect(200).json();
        assert_eq!(of_cn(&all).iter().filter(|v| v["in_force"] == true).count(), 1);
        let new = json!({"entity": world.de.to_string(), "effective_from": "2026-01-01",
            "yaml": outlay_core::flow::STANDARD});
        let draft = zhao.post("/api/v1/flows", new).await.expect(202).json();
        let id = draft["id"].as_str().expect("an id");
        world.work().await;
        ops.post(&format!("/api/v1/rules/drafts/{id}/publication"), json!(null))
            .await
            .expect(201);
        li.get(&format!("/settings/flows/{}/standard@2", world.de))
            .await
            .expect(200);
    });
}

#[test]
fn rights_explain_themselves() {
    on_both(|world| async move {
        let claim = seed::draft(&world, "wang").await;
        let wang = world.id("wang").await;
        seed::act(&world, wang, claim.id, Command::Submit).await;
        let ange = world.as_("ange").await;
        for (who, action, on, allowed, policy) in [
            ("wang", "readClaim", claim.number.as_str(), true, Some("claimant")),
            (
                "wang",
                "decideClaim",
                claim.number.as_str(),
                false,
                Some("nobody-decides-their-own"),
            ),
            ("chen", "decideClaim", claim.number.as_str(), true, Some("asked")),
            ("li", "readClaim", claim.number.as_str(), false, None),
            ("he", "pay", "CN01", true, Some("payer-pays")),
            ("audit", "readAudit", "", true, Some("auditor")),
        ] {
            let path = format!("/api/v1/rights/explanation?person={who}%40example.com&action={action}&on={on}");
            let answer = ange.get(&path).await.expect(200).json();
            assert_eq!(answer["allowed"], allowed, "{who} {action}");
            let why = answer["policies"].as_array().expect("policies");
            match policy {
                Some(policy) => assert!(why.contains(&json!(policy)), "{who} {action}: {answer}"),
                None => assert!(why.is_empty(), "{answer}"),
            }
        }
        ange.get("/settings/rights").await.expect(200);
        world.as_("li").await.get("/settings/rights").await.expect(403);
        ange.get("/api/v1/rights/explanation?person=x&action=pay&on=CN01")
            .await
            .expect(422);
    });
}

#[test]
fn the_audit_is_for_auditors_page_by_page() {
    on_both(|world| async move {
        seed::in_every_state(&world).await;
        let audit = world.as_("audit").await;
        let first = audit.get("/api/v1/audit").await.expect(200).json();
        let next = first["next"].as_str().expect("another page");
        let second = audit
            .get(&format!("/api/v1/audit?before={next}"))
            .await
            .expect(200)
            .json();
        let ids = |page: &serde_json::Value| -> Vec<String> {
            let all = page["entries"].as_array().expect("entries");
            all.iter().filter_map(|e| e["id"].as_str().map(str::to_owned)).collect()
        };
        assert_eq!(ids(&first).len(), 30);
        assert!(ids(&first).last() > ids(&second).first());
        let claim = seed::draft(&world, "li").await;
        let found = audit
            .get(&format!("/api/v1/audit?q={}", claim.number))
            .await
            .expect(200)
            .json();
        assert_eq!(found["entries"][0]["name"], claim.number);
        assert!(
            audit
                .get("/settings/audit")
                .await
                .expect(200)
                .text
                .contains(&claim.number)
        );
        for who in ["ange", "zhao", "wang"] {
            world.as_(who).await.get("/api/v1/audit").await.expect(403);
        }
    });
}

#[test]
fn the_audit_names_the_request_that_did_it() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let wang = world.id("wang").await;
        let path = format!("{}/api/v1/employees/{wang}/roles", ange.base);
        let request = ange.http.post(path).header("x-request-id", "asked-by-the-test");
        ange.send(request.json(&json!({"role": "auditor"}))).await.expect(201);
        let found: Vec<(String,)> = world
            .app
            .db
            .read()
            .all(
                "SELECT resource FROM audit_entry WHERE request_id = $1",
                args!["asked-by-the-test"],
            )
            .await
            .expect("read");
        assert_eq!(found, [(format!("employee:{wang}"),)]);
    });
}

#[test]
fn the_audit_is_told_in_words_and_in_the_readers_time() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let wang = world.id("wang").await;
        let role = json!({"role": "finance", "entity": world.cn.to_string()});
        ange.post(&format!("/api/v1/employees/{wang}/roles"), role)
            .await
            .expect(201);
        // In Beijing it is the next day already.
        world
            .app
            .db
            .write(|sql| {
                Box::pin(async move {
                    let at: jiff::Timestamp = "2026-03-01T17:30:00Z".parse().expect("a moment");
                    sql.run(
                        "UPDATE audit_entry SET at = $1 WHERE detail LIKE 'granted finance%' AND actor NOT LIKE 'system%'",
                        args![at.as_microsecond()],
                    )
                    .await?;
                    Ok(())
                })
            })
            .await
            .expect("moved");
        let audit = world.as_("audit").await;
        let of_day = async |day: &str| {
            let path = format!("/api/v1/audit?from={day}&to={day}");
            audit.get(&path).await.expect(200).json()["entries"].clone()
        };
        assert_eq!(of_day("2026-03-01").await, json!([]));
        let entries = of_day("2026-03-02").await;
        assert_eq!(entries[0]["said"], "授予角色“财务”，限 澜石科技（北京）有限公司");
        assert!(
            entries[0]["detail"]
                .as_str()
                .expect("text")
                .starts_with("granted finance ")
        );
        let page = audit
            .get("/settings/audit?from=2026-03-02&to=2026-03-02")
            .await
            .expect(200)
            .text;
        for words in [
            "03-02 01:30",
            "授予角色“财务”，限 澜石科技",
            "Asia/Shanghai",
            "granted finance",
        ] {
            assert!(page.contains(words), "{words}: {page}");
        }
    });
}
