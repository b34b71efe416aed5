//! Drafts of rules that run along, and golden cases kept from the page where a claim stands under both rules.

use outlay_core::claim::{Claim, Command};
use outlay_core::org::Role;
use outlay_core::policy;
use serde_json::{Value, json};

use crate::seed;
use crate::world::{Client, World, on_both};

const ONLY_FINANCE: &str = "id: standard\nversion: 1\nname: { zh: 财务, en: Finance }\nsteps:\n  - { id: f, name: { zh: 财务, en: Finance }, who: !role finance }\n";
const PERSON: &str = r#"      - ["-", "-", "-", "-", person]"#;

async fn begin(world: &World, client: &Client, kind: &str, body: &str) -> Value {
    let base = if kind == "flow" { "standard@1" } else { "cn-standard@1" };
    let new = json!({"kind": kind, "entity": world.cn.to_string(), "base": base, "body": body});
    client.post("/api/v1/rules/drafts", new).await.expect(201).json()
}

fn path(draft: &Value, part: &str) -> String {
    format!("/api/v1/rules/drafts/{}{part}", draft["id"].as_str().expect("an id"))
}

fn try_page(kind: &str, draft: &Value) -> String {
    format!("/settings/{kind}/drafts/{}/try", draft["id"].as_str().expect("an id"))
}

async fn submit(world: &World, who: &str) -> Claim {
    let claim = seed::draft(world, who).await;
    seed::act(world, world.id(who).await, claim.id, Command::Submit).await
}

/// Numbers what happened, and looks at it; how many decisions were looked at.
async fn follow(world: &World) -> usize {
    while outlay::live::pass(&world.app.db, "test").await.expect("numbered") > 0 {}
    outlay::rules::follow(&world.app).await.expect("followed")
}

async fn shadow(client: &Client, draft: &Value) -> Value {
    client.get(&path(draft, "")).await.expect(200).json()["shadow"].clone()
}

#[test]
fn a_draft_that_runs_along_decides_what_is_submitted_since_and_changes_nothing() {
    on_both(|world| async move {
        let (zhao, wang) = (world.as_("zhao").await, world.as_("wang").await);
        let before = submit(&world, "wang").await;
        follow(&world).await;
        let draft = begin(&world, &zhao, "flow", ONLY_FINANCE).await;
        assert_eq!(shadow(&zhao, &draft).await, Value::Null);
        wang.post(&path(&draft, "/shadow"), json!(null)).await.expect(404);
        zhao.post(&path(&draft, "/shadow"), json!(null)).await.expect(201);
        assert_eq!(follow(&world).await, 0, "what was submitted before is left alone");

        let after = submit(&world, "wang").await;
        assert_eq!(
            (follow(&world).await, follow(&world).await),
            (1, 0),
            "each is looked at once"
        );
        let found = shadow(&zhao, &draft).await;
        assert_eq!(
            (&found["claims"], &found["routes"], &found["findings"], &found["failed"]),
            (&json!(1), &json!(1), &json!(0), &json!(0)),
            "{found}"
        );
        assert_eq!(found["last"][0]["number"], after.number);
        assert_eq!(after.run[0].name, before.run[0].name, "the rules in force decided");

        let page = zhao.get(&try_page("flows", &draft)).await.expect(200).text;
        assert!(
            page.contains("试运行") && page.contains(&after.number) && !page.contains(&before.number),
            "{page}"
        );
        let at = format!(
            "{}/{}?n={}",
            try_page("flows", &draft),
            after.number,
            found["last"][0]["n"]
        );
        assert!(zhao.get(&at).await.expect(200).text.contains("赵蓉"));

        assert!(page.len() <= 40_960, "{} bytes", page.len());
        let day = [("what", "day"), ("version", "1"), ("effective_from", "2027-01-01")];
        zhao.form(&try_page("flows", &draft), &day).await.expect(303);
        let now = zhao.get(&path(&draft, "")).await.expect(200).json();
        assert_eq!(
            (&now["effective_from"], &now["body"]),
            (&json!("2027-01-01"), &json!(ONLY_FINANCE))
        );

        let saved = json!({"version": 2, "body": ONLY_FINANCE.replacen("财务,", "财务部,", 1)});
        zhao.put(&path(&draft, ""), saved).await.expect(200);
        let anew = shadow(&zhao, &draft).await;
        assert_eq!(
            (&anew["claims"], &anew["last"]),
            (&json!(0), &json!([])),
            "a save begins anew"
        );
        assert_eq!(follow(&world).await, 0);

        let broken = json!({"version": 3, "body": "id: standard\n"});
        zhao.put(&path(&draft, ""), broken).await.expect(200);
        submit(&world, "wang").await;
        assert_eq!(follow(&world).await, 0, "a text with something wrong waits");
        zhao.get(&try_page("flows", &draft)).await.expect(200);
        zhao.post(&path(&draft, "/shadow"), json!(null)).await.expect(422);
        zhao.send(zhao.http.delete(format!("{}{}", zhao.base, path(&draft, "/shadow"))))
            .await
            .expect(204);
        assert_eq!(shadow(&zhao, &draft).await, Value::Null);
    });
}

#[test]
fn a_policy_that_runs_along_says_what_would_pass_by_itself_and_what_it_cannot_decide() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let lax = policy::CN_STANDARD.replacen(PERSON, r#"      - ["-", "-", "-", "-", pass]"#, 1);
        let wrong = format!("      - [\"1 / (? - 154) > 1\", \"-\", \"-\", \"-\", pass]\n{PERSON}");
        let wrong = policy::CN_STANDARD.replacen(PERSON, &wrong, 1);
        let lax = begin(&world, &zhao, "policy", &lax).await;
        let wrong = begin(&world, &zhao, "policy", &wrong).await;
        for draft in [&lax, &wrong] {
            zhao.form(&try_page("policies", draft), &[("what", "shadow")])
                .await
                .expect(303);
        }
        submit(&world, "wang").await;
        submit(&world, "li").await;
        assert_eq!(follow(&world).await, 4);
        let found = shadow(&zhao, &lax).await;
        assert_eq!(
            (&found["claims"], &found["to_auto"], &found["failed"]),
            (&json!(2), &json!(2), &json!(0)),
            "{found}"
        );
        let found = shadow(&zhao, &wrong).await;
        assert_eq!(
            (&found["claims"], &found["failed"], &found["last"][0]["failed"]),
            (&json!(2), &json!(2), &json!(true)),
            "{found}"
        );
        let page = zhao.get(&try_page("policies", &wrong)).await.expect(200).text;
        assert!(page.contains("草案无法判定"), "{page}");
        zhao.form(&try_page("policies", &wrong), &[("what", "shadow-end")])
            .await
            .expect(303);
        assert_eq!(shadow(&zhao, &wrong).await, Value::Null);
    });
}

#[test]
fn a_claim_under_both_rules_is_kept_as_one_golden_case_with_either_outcome() {
    on_both(|world| async move {
        world.grant("ops", Role::Finance).await;
        let (zhao, ops, wang) = (world.as_("zhao").await, world.as_("ops").await, world.as_("wang").await);
        let claim = submit(&world, "wang").await;
        let draft = begin(&world, &zhao, "flow", ONLY_FINANCE).await;
        let at = format!("{}/{}", try_page("flows", &draft), claim.number);
        let n = claim_n(&zhao, &claim).await;
        let fields = |expect| [("n", n.as_str()), ("expect", expect)];
        wang.form(&at, &fields("draft")).await.expect(404);
        zhao.form(&at, &fields("draft")).await.expect(303);
        let cases = format!("/api/v1/entities/{}/golden-cases", world.cn);
        let kept = zhao.get(&cases).await.expect(200).json();
        assert_eq!(
            (&kept[0]["number"], &kept[0]["name"]),
            (&json!(claim.number), &json!(claim.content.title))
        );
        let page = zhao.get(&at).await.expect(200).text;
        assert!(page.contains("已存为基准案例") && page.contains("一人审批"), "{page}");
        zhao.post(&path(&draft, "/review"), json!(null)).await.expect(200);
        world.work().await;
        let view = zhao.get(&path(&draft, "")).await.expect(200).json();
        assert_eq!(
            view["trial"]["found"]["golden"]["passed"], 1,
            "the draft's own outcome comes out"
        );

        zhao.form(&at, &fields("then")).await.expect(303);
        zhao.form(&at, &fields("then")).await.expect(303);
        let kept = zhao.get(&cases).await.expect(200).json();
        assert_eq!(
            kept.as_array().expect("a list").len(),
            1,
            "the same claim is one case: {kept}"
        );
        let refused = ops
            .post(&path(&draft, "/publication"), json!(null))
            .await
            .expect(422)
            .json();
        assert_eq!(refused["fields"][0]["code"], "rules-golden");

        let by_api = format!("/api/v1/claims/{}/golden-case", claim.number);
        zhao.post(&by_api, json!({"draft": draft["id"], "n": 999}))
            .await
            .expect(404);
        let kept = zhao
            .post(&by_api, json!({"draft": draft["id"]}))
            .await
            .expect(201)
            .json();
        assert_eq!(
            (kept.as_array().expect("a list").len(), &kept[0]["name"]),
            (1, &json!(claim.content.title)),
            "the name stays"
        );
        ops.post(&path(&draft, "/publication"), json!(null)).await.expect(201);
    });
}

async fn claim_n(client: &Client, claim: &Claim) -> String {
    let at = format!("/api/v1/claims/{}/decisions", claim.number);
    client.get(&at).await.expect(200).json()[0]["n"].to_string()
}
