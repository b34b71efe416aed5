//! What rules ask, whom they are for, what they put in, and how they are changed.

use outlay_connect::StageKind;
use outlay_core::claim::{Command, Status};
use outlay_core::{Currency, Money};
use serde_json::{Value, json};

use super::{claim, deal, furnish, put, visit};
use crate::crm::{apply, connection, record};
use crate::world::{World, on_both};

fn yuan(n: i64) -> Money {
    Money::new(n * 100, Currency::CNY)
}

#[test]
fn a_per_diem_follows_days_and_place_by_the_policy_in_force() {
    on_both(|world| async move {
        let (c, ange) = (connection(&world).await, world.as_("ange").await);
        furnish(&world, c).await;
        let lines = json!([
            {"category": "meals", "how": "policy", "description": "{subject}"},
            {"category": "lodging", "how": "tiers", "rates": [{"tier": "t1", "amount": "500"}, {"tier": "", "amount": "300.50"}]},
            {"category": "travel.taxi", "how": "open", "serves": "account"}
        ]);
        let rule = json!({"name": "外地拜访", "on": true, "event": "visit", "when": {"entity": world.cn.to_string()},
            "title": "{account} · {place}", "lines": lines, "days": 7});
        put(&ange, json!([rule])).await;
        let far = apply(
            &world,
            Some(c),
            record("V1", "1", visit("visit", 3, 3, "上海市浦东新区世纪大道")),
        )
        .await;
        let claim = claim(&world, &far).await;
        assert_eq!(claim.content.title, "恒川精密 · 上海市浦东新区世纪大道");
        let told: Vec<(String, Money, u32, Option<&str>)> = claim
            .content
            .lines
            .iter()
            .map(|l| (l.category.clone(), l.paid, l.quantity, l.place.as_deref()))
            .collect();
        let shanghai = Some("上海");
        // The policy looks at meals day by day, at lodging by the night.
        let expected = [
            ("meals".to_owned(), yuan(150), 1, shanghai),
            ("meals".to_owned(), yuan(150), 1, shanghai),
            ("meals".to_owned(), yuan(150), 1, shanghai),
            ("lodging".to_owned(), yuan(1500), 3, shanghai),
            ("travel.taxi".to_owned(), yuan(0), 1, shanghai),
        ];
        assert_eq!(told, expected);
        assert_eq!(claim.content.lines[0].description, "产线走访");
        assert!(
            claim.sources.iter().all(|s| s.rule.as_deref() == Some("外地拜访")),
            "{:?}",
            claim.sources
        );
        let fields: Vec<&str> = claim
            .sources
            .iter()
            .map(|s| s.field.split('.').next().expect("a name"))
            .collect();
        assert_eq!(fields.iter().filter(|f| **f == "lines").count(), 4);
        assert!(fields.contains(&"title") && fields.contains(&"links"));
        // It is told in the reader's words.
        let (wang, no) = (world.as_("wang").await, &claim.number);
        let view = wang.get(&format!("/api/v1/claims/{no}")).await.expect(200).json();
        let words = view["lines"][1]["reckoned"].as_str().expect("words");
        assert!(
            words.contains("第 2 天，共 3 天") && words.contains("上海 · 一线城市 · 按制度 cn-standard@1"),
            "{words}"
        );
        let words = view["lines"][3]["reckoned"].as_str().expect("words");
        assert!(
            words.starts_with("补贴：3 天 × ") && words.contains("500") && words.ends_with("按规则自定标准"),
            "{words}"
        );
        assert_eq!(view["rule"], "按规则“外地拜访”");
        let page = wang.get(&format!("/claims/{no}")).await.expect(200).text;
        assert!(
            page.contains("按规则“外地拜访”") && page.contains("第 2 天，共 3 天"),
            "{page}"
        );
        // The prepared line waits for its amount; what a person changes is no longer the rule's.
        let refused = wang
            .post(&format!("/api/v1/claims/{no}/submission"), Value::Null)
            .await
            .expect(422)
            .json();
        assert!(refused.to_string().contains("lines[4].paid"), "{refused}");
        let mut content = view["content"].clone();
        content["title"] = json!("上海走访");
        content["lines"][0]["paid"]["amount"] = json!("120");
        content["lines"][4]["paid"]["amount"] = json!("36");
        for line in content["lines"].as_array_mut().expect("lines") {
            line["allocations"] = json!([]);
        }
        wang.put(
            &format!("/api/v1/claims/{no}"),
            json!({"n": view["n"], "content": content}),
        )
        .await
        .expect(200);
        let edited = wang.get(&format!("/api/v1/claims/{no}")).await.expect(200).json();
        assert!(
            edited["lines"][0].get("rule").is_none() && edited["lines"][1].get("rule").is_some(),
            "{edited}"
        );
        // Elsewhere: the customer's city, the table's last row.
        let near = apply(&world, Some(c), record("V2", "1", visit("visit", 1, 1, ""))).await;
        let claim = super::claim(&world, &near).await;
        let paid: Vec<Money> = claim.content.lines.iter().map(|l| l.paid).collect();
        assert_eq!(paid, [yuan(120), Money::new(300_50, Currency::CNY), yuan(0)]);
        assert_eq!(claim.content.lines[0].place.as_deref(), Some("杭州"));
    });
}

#[test]
fn the_first_rule_that_holds_decides() {
    on_both(|world| async move {
        let (c, ange) = (connection(&world).await, world.as_("ange").await);
        furnish(&world, c).await;
        let li = world.id("li").await.to_string();
        let jonas = world.id("jonas").await.to_string();
        let rules = json!([
            {"name": "关", "on": false, "event": "won", "title": "{deal} 关", "days": 7},
            {"name": "大单", "on": true, "event": "won", "when": {"at_least": {"amount": "100000", "currency": "CNY"}},
             "whom": {"who": "account_owner"}, "title": "{deal} 大", "days": 7},
            {"name": "德国", "on": true, "event": "won", "when": {"places": ["DE"]}, "title": "{deal} 德", "days": 7},
            {"name": "杭州", "on": true, "event": "won", "when": {"places": ["杭州"], "project": false}, "title": "{deal} 杭", "days": 7},
            {"name": "会议", "on": true, "event": "visit", "when": {"kinds": ["meeting"]},
             "whom": {"who": "employee", "employee": li}, "days": 7},
            {"name": "别人", "on": true, "event": "visit", "when": {"kinds": ["call"]},
             "whom": {"who": "employee", "employee": jonas}, "days": 7}
        ]);
        put(&ange, rules).await;
        let mut titles = Vec::new();
        for (id, amount) in [("D1", 200_000), ("D2", 99_999)] {
            apply(&world, Some(c), record(id, "1", deal(StageKind::Open, amount))).await;
            let won = apply(&world, Some(c), record(id, "2", deal(StageKind::Won, amount))).await;
            let claim = claim(&world, &won).await;
            titles.push((claim.content.title, claim.content.claimant));
        }
        let (wang, li) = (world.id("wang").await, world.id("li").await);
        assert_eq!(titles, [("二期 大".to_owned(), li), ("二期 杭".to_owned(), wang)]);
        let meeting = apply(&world, Some(c), record("V1", "1", visit("meeting", 0, 1, "杭州"))).await;
        assert_eq!(claim(&world, &meeting).await.content.claimant, li);
        // No rule asks for visits, and Jonas may not read the call.
        assert_eq!(
            apply(&world, Some(c), record("V2", "1", visit("visit", 0, 1, "杭州")))
                .await
                .drafted,
            None
        );
        assert_eq!(
            apply(&world, Some(c), record("V3", "1", visit("call", 0, 1, "杭州")))
                .await
                .drafted,
            None
        );
    });
}

#[test]
fn a_prepared_line_is_submitted_once_it_has_an_amount() {
    on_both(|world| async move {
        let (c, ange) = (connection(&world).await, world.as_("ange").await);
        furnish(&world, c).await;
        let rule = json!({"name": "餐", "on": true, "event": "visit", "days": 7, "lines": [{"category": "meals", "how": "fixed",
            "amount": "80"}], "when": {"entity": world.cn.to_string()}});
        put(&ange, json!([rule])).await;
        let begun = apply(&world, Some(c), record("V1", "1", visit("visit", 1, 1, "杭州"))).await;
        let claim = claim(&world, &begun).await;
        assert_eq!(claim.content.claimed(), yuan(80));
        crate::seed::act(&world, claim.content.claimant, claim.id, Command::Submit).await;
        assert_ne!(super::load(&world, claim.id).await.status(), Status::Draft);
    });
}

async fn problems(world: &World, rules: Value) -> Vec<String> {
    let ange = world.as_("ange").await;
    let version = ange.get("/api/v1/draft-rules").await.expect(200).json()["version"].clone();
    let body = json!({"version": version, "rules": rules});
    let refused = ange.put("/api/v1/draft-rules", body).await.expect(422).json();
    let fields = refused["fields"].as_array().expect("fields").iter();
    fields
        .map(|f| {
            format!(
                "{}: {}",
                f["field"].as_str().expect("a field"),
                f["code"].as_str().expect("a code")
            )
        })
        .collect()
}

#[test]
fn mistakes_are_named_by_their_place() {
    on_both(|world| async move {
        let wrong = json!([
            {"on": true, "event": "visit", "days": 0, "title": "{customer}", "whom": {"who": "employee", "employee": "x"},
             "when": {"connection": "x", "at_least": {"amount": "5", "currency": "CNY"}},
             "lines": [{"category": "nonsense"}, {"category": "office", "how": "policy"},
                       {"category": "meals", "how": "fixed", "amount": "-3"}]},
            {"on": true, "event": "won", "days": 7, "when": {"entity": world.cn.to_string(), "kinds": ["visit"]},
             "lines": [{"category": "meals", "how": "tiers", "rates": [{"tier": "t9", "amount": "1"}, {"tier": "", "amount": "1.234"}]}]}
        ]);
        assert_eq!(
            problems(&world, wrong).await,
            [
                "rules[0].title: draft-placeholder",
                "rules[0].days: between",
                "rules[0].when.connection: unknown",
                "rules[0].when.at_least: draft-not-here",
                "rules[0].whom.employee: draft-whom",
                "rules[0].when.entity: draft-currencies",
                "rules[0].lines[0].category: unknown",
                "rules[0].lines[1].how: draft-no-table",
                "rules[0].lines[2].amount: not-positive",
                "rules[1].when.kinds: draft-not-here",
                "rules[1].lines[0].how: draft-per-diem-visit",
                "rules[1].lines[0].rates[0].tier: unknown",
                "rules[1].lines[0].rates[1].amount: decimals",
            ]
        );
    });
}

#[test]
fn changes_are_versions_and_stand_in_the_audit() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let first = ange.get("/api/v1/draft-rules").await.expect(200).json();
        assert_eq!(
            (&first["version"], first["rules"].as_array().map(Vec::len)),
            (&json!(0), Some(3))
        );
        let mut rules = first["rules"].clone();
        rules[0]["on"] = json!(false);
        let second = put(&ange, rules.clone()).await;
        assert_eq!((&second["version"], &second["changed_by"]), (&json!(1), &json!("安歌")));
        // The same again is no change; an old version is refused.
        assert_eq!(put(&ange, rules.clone()).await["version"], 1);
        let stale = json!({"version": 0, "rules": rules});
        ange.put("/api/v1/draft-rules", stale).await.expect(409);
        for who in ["wang", "zhao", "ops"] {
            let client = world.as_(who).await;
            client.get("/api/v1/draft-rules").await.expect(403);
            client
                .put("/api/v1/draft-rules", json!({"version": 1, "rules": []}))
                .await
                .expect(403);
            client.get("/settings/drafts").await.expect(403);
        }
        let versions = ange.get("/api/v1/draft-rules/versions").await.expect(200).json();
        assert_eq!(versions[0]["changed"], json!(["赢单"]), "{versions}");
        let audit = world.as_("audit").await.get("/settings/audit").await.expect(200).text;
        assert!(audit.contains("第 1 版：修改 赢单"), "{audit}");
        // Off: nothing begins.
        let c = connection(&world).await;
        furnish(&world, c).await;
        apply(&world, Some(c), record("D1", "1", deal(StageKind::Open, 5))).await;
        assert_eq!(
            apply(&world, Some(c), record("D1", "2", deal(StageKind::Won, 5)))
                .await
                .drafted,
            None
        );
    });
}

#[test]
fn a_trial_writes_nothing_and_says_what_would_begin() {
    on_both(|world| async move {
        let (c, ange) = (connection(&world).await, world.as_("ange").await);
        furnish(&world, c).await;
        put(&ange, json!([])).await;
        let mut ids = Vec::new();
        for (n, ago) in [2, 20, 40, 120].into_iter().enumerate() {
            let applied = apply(
                &world,
                Some(c),
                record(&format!("V{n}"), "1", visit("visit", ago, 2, "上海")),
            )
            .await;
            ids.push(applied.id);
        }
        let rules = json!([{"name": "补贴", "on": true, "event": "visit", "days": 7, "lines": [{"category": "meals", "how": "policy"}]}]);
        let trial = json!({"rules": rules, "rule": 0, "record": ids[1]});
        let said = ange.post("/api/v1/draft-rules/trial", trial).await.expect(200).json();
        let run = &said["run"];
        assert_eq!(
            (&run["events"], &run["drafts"], &run["people"]),
            (&json!(3), &json!(3), &json!(1)),
            "{said}"
        );
        let tried = &said["tried"];
        assert_eq!(tried["misses"], json!(["age"]));
        assert_eq!(tried["draft"]["claimant"], "王敏");
        assert_eq!(
            tried["draft"]["claimed"],
            json!({"amount": "300.00", "currency": "CNY"})
        );
        assert_eq!(super::drafts(&world).await, 0);
        let records = ange
            .get("/api/v1/draft-rules/records?event=visit")
            .await
            .expect(200)
            .json();
        assert_eq!(records.as_array().map(Vec::len), Some(4));
        // One that has begun a draft begins no other, and says which it was.
        put(&ange, rules.clone()).await;
        let begun = apply(&world, Some(c), record("V0", "2", visit("visit", 2, 1, "上海"))).await;
        let number = claim(&world, &begun).await.number;
        let trial = json!({"rule": 0, "record": ids[0]});
        let said = ange.post("/api/v1/draft-rules/trial", trial).await.expect(200).json();
        assert_eq!(said["tried"]["had"], json!(number));
    });
}
