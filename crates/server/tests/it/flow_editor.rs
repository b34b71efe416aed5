//! The editor of a flow's draft: card by card, through the same door as its text; and the claimant's choice of who signs.

use outlay::auth::Permit;
use outlay::policies;
use outlay_core::claim::Status;
use outlay_core::flow::Flow;
use serde_json::{Value, json};

use crate::seed;
use crate::world::{Client, World, on_both};

const OURS: &str = r#"# Who signs.
id: standard
version: 2
name: { zh: 我们的, en: Ours }
steps:
  # The head first.
  - id: head
    name: { zh: 负责人, en: Head }
    who: !department_head 1   # the nearest
  - id: finance
    name: { zh: 财务, en: Finance }
    who: !role finance
"#;

/// A draft of our flow for the Chinese entity; its id.
async fn begin(world: &World, client: &Client) -> String {
    let new = json!({ "kind": "flow", "entity": world.cn.to_string(), "body": OURS });
    let draft = client.post("/api/v1/rules/drafts", new).await.expect(201).json();
    draft["id"].as_str().expect("an id").to_owned()
}

async fn draft(client: &Client, id: &str) -> Value {
    client
        .get(&format!("/api/v1/rules/drafts/{id}"))
        .await
        .expect(200)
        .json()
}

async fn body(client: &Client, id: &str) -> String {
    draft(client, id).await["body"].as_str().expect("a text").to_owned()
}

/// Sends a form of the editor at the draft's count of saves.
async fn send(client: &Client, id: &str, at: &str, fields: &[(&str, &str)]) -> (u16, String) {
    let version = draft(client, id).await["version"].to_string();
    let mut all = vec![("version", version.as_str())];
    all.extend(fields);
    let answer = client.form(&format!("/settings/flows/drafts/{id}/{at}"), &all).await;
    (answer.status, answer.text)
}

const HEAD: [(&str, &str); 8] = [
    ("act", "save"),
    ("zh", "负责人"),
    ("en", "Head"),
    ("who", "department_head"),
    ("level", "2"),
    ("mode", "all"),
    ("after", "2"),
    ("do", "remind"),
];

#[test]
fn a_step_is_changed_by_its_form_and_the_rest_of_the_text_stays() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let id = begin(&world, &zhao).await;
        let here = format!("/settings/flows/drafts/{id}");
        let page = zhao.get(&here).await.expect(200).text;
        for words in ["负责人", "报销人之上第 1 级负责人", "会由谁审批？", "step?id=head"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let form = zhao.get(&format!("{here}/step?id=head")).await.expect(200).text;
        assert!(form.contains("value=\"department_head\" selected"), "{form}");
        assert!(form.len() <= 40_960, "{} bytes", form.len());

        assert_eq!(send(&zhao, &id, "step?id=head", &HEAD).await.0, 303);
        let text = body(&zhao, &id).await;
        let after = OURS.replace(
            "    who: !department_head 1   # the nearest\n",
            "    who: !department_head 2\n    mode: all\n    late:\n      - { after: 2, do: remind }\n",
        );
        assert_eq!(text, after);

        // A condition is added field by field; nothing is saved until the form is.
        let mut more = HEAD.to_vec();
        more[0] = ("act", "more");
        more.push(("more", "amount"));
        let (status, page) = send(&zhao, &id, "step?id=head", &more).await;
        assert!(status == 200 && page.contains("name=\"when_from\""), "{page}");
        assert_eq!(body(&zhao, &id).await, after);
        let mut with = HEAD.to_vec();
        with.extend([("shown", "amount"), ("when_from", "10,000"), ("when_currency", "CNY")]);
        assert_eq!(send(&zhao, &id, "step?id=head", &with).await.0, 303);
        let text = body(&zhao, &id).await;
        assert!(
            text.contains("when: { amount_from: { amount: \"10000.00\", currency: CNY } }"),
            "{text}"
        );
        assert!(
            text.starts_with("# Who signs.") && text.contains("# The head first."),
            "{text}"
        );

        // Whoever saw an earlier save is told, and what they typed is still there.
        let mut late = vec![("version", "1")];
        late.extend(HEAD);
        let answer = zhao.form(&format!("{here}/step?id=head"), &late).await.expect(409);
        assert!(answer.text.contains("value=\"2\""), "{}", answer.text);
        assert_eq!(body(&zhao, &id).await, text);

        // Others do not see it; auditors read it and change nothing.
        world.as_("wang").await.get(&here).await.expect(404);
        let audit = world.as_("audit").await;
        let read = audit.get(&here).await.expect(200).text;
        assert!(!read.contains("flow-add") && !read.contains("step?id="), "{read}");
        assert_eq!(send(&audit, &id, "step?id=head", &HEAD).await.0, 403);
    });
}

#[test]
fn a_step_that_no_claim_comes_to_is_refused_with_the_step_and_the_mend() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let id = begin(&world, &zhao).await;
        let new = [("act", "save"), ("zh", "分"), ("en", "Ways")];
        assert_eq!(send(&zhao, &id, "new?at=1&kind=fork", &new).await.0, 303);
        let text = body(&zhao, &id).await;
        let flow = Flow::from_yaml(&text).expect("sound");
        assert_eq!(flow.steps.len(), 3, "{text}");
        assert!(flow.node("department-head").is_some(), "{text}");

        // Of branches of which the first that holds is gone, the first one takes every claim.
        let first = [("act", "save"), ("zh", "分"), ("en", "Ways"), ("choose", "first")];
        let (status, page) = send(&zhao, &id, "step?id=ways", &first).await;
        assert_eq!(status, 422);
        assert!(page.contains("没有单据会走到这里") && page.contains("财务"), "{page}");
        assert_eq!(body(&zhao, &id).await, text, "nothing was saved");

        // With a condition it goes; one that the first branch covers is refused again.
        let large = [
            ("act", "save"),
            ("zh", "大额"),
            ("en", "Large"),
            ("shown", "amount"),
            ("when_from", "1000"),
            ("when_currency", "CNY"),
        ];
        assert_eq!(send(&zhao, &id, "branch?fork=ways&n=0", &large).await.0, 303);
        assert_eq!(send(&zhao, &id, "step?id=ways", &first).await.0, 303);
        let mut larger = large;
        larger[4] = ("when_from", "5000");
        let (status, page) = send(&zhao, &id, "branch?fork=ways&n=2", &larger).await;
        assert!(status == 422 && page.contains("没有单据会走到这里"), "{page}");
        larger[4] = ("when_from", "500");
        assert_eq!(send(&zhao, &id, "branch?fork=ways&n=2", &larger).await.0, 303);
        // The last branch takes what is left, so the new one is before it.
        let text = body(&zhao, &id).await;
        let flow = Flow::from_yaml(&text).expect("sound");
        let Some(outlay_core::flow::Node::Branches(ways)) = flow.node("ways") else {
            panic!("{text}")
        };
        assert_eq!(ways.branches[1].name.en, "Large");
        assert_eq!(ways.branches.len(), 3);

        // The same by API, with the step.
        let at = format!("/api/v1/rules/drafts/{id}/flow");
        let mut read = zhao.get(&at).await.expect(200).json();
        read["flow"]["steps"][1]["branches"][1]["when"] = json!({});
        let refused = zhao.put(&at, read).await.expect(422).json();
        let fields = refused["fields"].as_array().expect("fields");
        assert!(
            fields
                .iter()
                .all(|f| f["field"].as_str().is_some_and(|f| f.starts_with("steps."))),
            "{refused}"
        );
        assert_eq!(fields[0]["code"], "flow-unreached-branch", "{refused}");

        // A draft that is unsound already is mended step by step, and says at each step what is wrong.
        let unsound = text.replacen("!department_head 1", "!department_head 0", 1);
        let version = draft(&zhao, &id).await["version"].clone();
        let saved = zhao
            .put(
                &format!("/api/v1/rules/drafts/{id}"),
                json!({"version": version, "body": unsound}),
            )
            .await
            .expect(200)
            .json();
        assert_eq!(saved["problems"][0]["field"], "steps.head", "{saved}");
        let page = zhao.get(&format!("/settings/flows/drafts/{id}")).await.expect(200).text;
        assert!(page.contains("负责人级数为 1 到 9"), "{page}");
        let finance = [
            ("act", "save"),
            ("zh", "财务部"),
            ("en", "Finance"),
            ("who", "role"),
            ("role", "finance"),
        ];
        assert_eq!(send(&zhao, &id, "step?id=finance", &finance).await.0, 303);
        assert_eq!(send(&zhao, &id, "step?id=head", &HEAD).await.0, 303);
        assert_eq!(draft(&zhao, &id).await["problems"], json!([]));
    });
}

#[test]
fn steps_are_put_in_moved_copied_and_taken_out() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let id = begin(&world, &zhao).await;
        let order = async || -> Vec<String> {
            let flow = Flow::from_yaml(&body(&zhao, &id).await).expect("sound");
            flow.steps.iter().map(|n| n.id().to_owned()).collect()
        };
        let told = [
            ("act", "save"),
            ("zh", "知会"),
            ("en", "Told"),
            ("who", "employee"),
            ("to", "何静"),
        ];
        assert_eq!(send(&zhao, &id, "new?at=2&kind=copy", &told).await.0, 303);
        assert_eq!(order().await, ["head", "finance", "told"]);
        assert!(body(&zhao, &id).await.contains("copy: !employee E005"));
        assert_eq!(send(&zhao, &id, "step?id=told", &[("act", "up")]).await.0, 303);
        assert_eq!(order().await, ["head", "told", "finance"]);
        assert_eq!(send(&zhao, &id, "step?id=finance", &[("act", "copy")]).await.0, 303);
        assert_eq!(order().await, ["head", "told", "finance", "finance-2"]);
        for gone in ["finance", "finance-2"] {
            let at = format!("step?id={gone}");
            assert_eq!(send(&zhao, &id, &at, &[("act", "delete")]).await.0, 303);
        }
        // The last step that signs every claim stays.
        let (status, page) = send(&zhao, &id, "step?id=head", &[("act", "delete")]).await;
        assert!(status == 422 && page.contains("自己批准自己"), "{page}");
        assert_eq!(order().await, ["head", "told"]);

        // Names that nobody or several have, and nonsense, are told by their field.
        let nobody = [
            ("act", "save"),
            ("zh", "知会"),
            ("en", "Told"),
            ("who", "employee"),
            ("to", "孙悟空"),
        ];
        let (status, page) = send(&zhao, &id, "step?id=told", &nobody).await;
        assert!(status == 422 && page.contains("没有名为孙悟空的同事"), "{page}");
        let mut share = HEAD.to_vec();
        share[5] = ("mode", "share");
        share.push(("share", "half"));
        let (status, page) = send(&zhao, &id, "step?id=head", &share).await;
        assert!(status == 422 && page.contains("请填写百分数"), "{page}");

        // What holds for all steps, and the first day.
        let all = [
            ("zh", "新的"),
            ("en", "New"),
            ("effective_from", "2027-01-01"),
            ("same_person", "every"),
            ("if_nobody", "head_above"),
            ("to", ""),
            ("if_own", "stand_in"),
            ("to", "总经理"),
        ];
        assert_eq!(send(&zhao, &id, "settings", &all).await.0, 303);
        let saved = draft(&zhao, &id).await;
        assert_eq!(saved["effective_from"], "2027-01-01");
        let text = saved["body"].as_str().expect("a text");
        assert!(
            text.contains("if_own: !stand_in E000") && text.contains("same_person: every"),
            "{text}"
        );
        assert!(text.starts_with("# Who signs."), "{text}");
    });
}

#[test]
fn the_draft_shows_who_would_approve_a_claim_and_why() {
    on_both(|world| async move {
        let claim = seed::draft(&world, "zhao").await;
        let zhao = world.as_("zhao").await;
        let id = begin(&world, &zhao).await;
        let here = format!("/settings/flows/drafts/{id}?claim={}", claim.number);
        let page = zhao.get(&here).await.expect(200).text;
        assert!(page.contains("总经理"), "{page}");
        let at = format!("/api/v1/rules/drafts/{id}/approvers?claim={}", claim.number);
        let steps = zhao.get(&at).await.expect(200).json();
        assert_eq!(steps[0]["people"][0]["name"], "总经理", "{steps}");
        assert!(steps[0]["people"][0]["why"].as_str().is_some_and(|why| !why.is_empty()));
        assert_eq!(
            steps[1]["stops"], true,
            "nobody else in finance, and nobody signs their own: {steps}"
        );
        let none = format!("/api/v1/rules/drafts/{id}/approvers?claim=BX0000-0000");
        zhao.get(&none).await.expect(404);
    });
}

#[test]
fn the_claimant_chooses_who_signs_on_the_page() {
    on_both(|world| async move {
        let flow = OURS.replace(
            "who: !department_head 1   # the nearest",
            "who: !chosen { from: [E000, E001, E002] }",
        );
        let cn = world.cn;
        world
            .app
            .db
            .write(move |sql| {
                let flow = flow.clone();
                Box::pin(async move {
                    let permit = Permit::system("test", "fill");
                    policies::publish_flow(sql, &permit, cn, jiff::civil::date(2020, 1, 2), &flow).await
                })
            })
            .await
            .expect("published");
        let claim = seed::draft(&world, "wang").await;
        let (wang, chen) = (world.as_("wang").await, world.id("chen").await.to_string());
        let at = format!("/claims/{}", claim.number);
        for page in [at.clone(), format!("{at}/edit")] {
            let page = wang.get(&page).await.expect(200).text;
            assert!(page.contains("name=\"choice.head\"") && page.contains(&chen), "{page}");
            assert!(
                !page.contains(&format!("value=\"{}\">王敏", claim.content.claimant)),
                "not herself"
            );
        }
        let view = wang
            .get(&format!("/api/v1/claims/{}", claim.number))
            .await
            .expect(200)
            .json();
        assert_eq!(view["choices"][0]["step"], "head", "{view}");
        assert_eq!(view["choices"][0]["people"].as_array().map(Vec::len), Some(2), "{view}");

        let refused = wang.form(&format!("{at}/submission"), &[]).await.expect(422);
        assert!(refused.text.contains("请选择步骤"), "{}", refused.text);
        // Somebody who may not be chosen is refused, whoever sends the form.
        let li = world.id("li").await.to_string();
        wang.form(&format!("{at}/submission"), &[("choice.head", &li)])
            .await
            .expect(422);
        wang.form(&format!("{at}/submission"), &[("choice.head", &chen)])
            .await
            .expect(303);
        let now = outlay::claims::store::load(&mut world.app.db.read(), claim.id)
            .await
            .expect("there");
        assert_eq!(now.status(), Status::InReview);
        let asked: Vec<String> = now.open_tasks().map(|t| t.assignee.to_string()).collect();
        assert_eq!(asked, [chen]);
    });
}

#[test]
fn a_step_goes_into_a_branch_that_is_there_and_out_of_it_at_one_press() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let forked = OURS.to_owned()
            + "  - id: fork\n    name: { zh: 并行, en: Side by side }\n    branches:\n      - name: { zh: 大额, en: Large }\n        when: { amount_from: { amount: \"9.00\", currency: CNY } }\n        steps:\n          - { id: boss, name: { zh: 总经理, en: Boss }, who: !role payer }\n      - name: { zh: 其他, en: Others }\n        steps:\n          - { id: more, name: { zh: 复核, en: Check }, who: !role auditor }\n";
        let new = json!({ "kind": "flow", "entity": world.cn.to_string(), "body": forked });
        let made = zhao.post("/api/v1/rules/drafts", new).await.expect(201).json();
        let id = made["id"].as_str().expect("an id").to_owned();
        let at = |step: &str| format!("/settings/flows/drafts/{id}/step?id={step}");
        let form = zhao.get(&at("finance")).await.expect(200).text;
        assert!(
            form.contains("value=\"into 0 fork\"") && form.contains("移入“并行 · 其他”"),
            "{form}"
        );
        assert!(
            !form.contains("value=\"out\"") && form.len() <= 40_960,
            "{}",
            form.len()
        );

        assert_eq!(
            send(&zhao, &id, "step?id=finance", &[("act", "into 1 fork")]).await.0,
            303
        );
        let flow = Flow::read(&body(&zhao, &id).await).expect("a flow");
        let place = flow.place("finance").expect("there");
        assert_eq!((place.fork.as_deref(), place.branch, place.at), (Some("fork"), 1, 1));
        assert!(body(&zhao, &id).await.contains("# The head first."));

        let form = zhao.get(&at("finance")).await.expect(200).text;
        assert!(
            form.contains("value=\"out\"") && !form.contains("value=\"into 1 fork\""),
            "{form}"
        );
        assert_eq!(send(&zhao, &id, "step?id=finance", &[("act", "out")]).await.0, 303);
        let flow = Flow::read(&body(&zhao, &id).await).expect("a flow");
        assert_eq!(flow.place("finance").map(|p| (p.fork, p.at)), Some((None, 2)));
        let (status, _) = send(&zhao, &id, "step?id=finance", &[("act", "into 7 fork")]).await;
        assert_eq!(status, 404);
        let emptied = send(&zhao, &id, "step?id=more", &[("act", "out")]).await;
        assert_eq!(
            emptied.0, 422,
            "a branch without steps is refused, and nothing saved: {}",
            emptied.1
        );
    });
}

#[test]
fn a_text_that_is_no_yaml_is_told_in_the_readers_language_with_its_place() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let id = begin(&world, &zhao).await;
        let broken = json!({ "version": 1, "body": "version: 1\nid: a: b\n" });
        let path = format!("/api/v1/rules/drafts/{id}");
        zhao.put(&path, broken).await.expect(200);
        let page = zhao
            .get(&format!("/settings/flows/drafts/{id}/text"))
            .await
            .expect(200)
            .text;
        assert!(page.contains("第 2 行第 6 列：此处不能再有"), "{page}");
        let new =
            json!({ "kind": "policy", "entity": world.cn.to_string(), "body": "id: cn-standard\nrules:\n\t- id: x\n" });
        let policy = zhao.post("/api/v1/rules/drafts", new).await.expect(201).json();
        let said = policy["problems"][0]["message"].as_str().expect("words");
        assert!(said.starts_with("第 3 行第 ") && said.contains("空格"), "{said}");
    });
}

#[test]
fn a_claim_that_was_drawn_for_an_audit_shows_the_audit_instead_of_the_flow() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let all = "auto_approval:\n  table:\n    hit: first\n    inputs: [total]\n    rows:\n      - [\"-\", pass]\n\naudit:\n  role: finance\n  table:\n    hit: first\n    inputs: [total]\n    rows:\n      - [\"-\", 100%]\n\n";
        let text = outlay_core::policy::CN_STANDARD;
        let from = text.find("auto_approval:").expect("there");
        let to = text.find("per_diems:").expect("there");
        let policy = format!("{}{all}{}", &text[..from], &text[to..]).replacen("version: 1", "version: 2", 1);
        let entity = world.cn;
        world
            .app
            .db
            .write(move |sql| {
                let policy = policy.clone();
                Box::pin(async move {
                    policies::publish_policy(sql, &Permit::system("test", "fill"), entity, &policy).await
                })
            })
            .await
            .expect("published");
        let claim = seed::draft(&world, "wang").await;
        let claim = seed::act(
            &world,
            world.id("wang").await,
            claim.id,
            outlay_core::claim::Command::Submit,
        )
        .await;
        assert_eq!(claim.run.len(), 1, "the audit alone");
        let id = begin(&world, &zhao).await;
        let path = format!("/api/v1/rules/drafts/{id}/approvers?claim={}", claim.number);
        let steps = zhao.get(&path).await.expect(200).json();
        assert_eq!(
            (&steps[0]["name"], steps.as_array().map(Vec::len)),
            (&json!("随机抽查"), Some(1)),
            "{steps}"
        );
        let decision = zhao
            .get(&format!("/api/v1/claims/{}/decisions", claim.number))
            .await
            .expect(200)
            .json();
        assert_eq!(decision[0]["outcome"]["steps"][0]["name"], "随机抽查", "{decision}");
    });
}
