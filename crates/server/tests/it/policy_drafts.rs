//! A draft's tables and rules: changed one by one, the rest of the text as it was written.

use serde_json::{Value, json};

use crate::world::{Client, World, on_both};

/// A draft from the version in force of the Chinese entity; its id.
async fn begin(world: &World, client: &Client) -> String {
    let policies = client.get("/api/v1/policies").await.expect(200).json();
    let all = policies.as_array().expect("versions");
    let entity = world.cn.to_string();
    let base = all.iter().find(|p| p["entity"] == json!(entity)).expect("a policy");
    let new = json!({ "kind": "policy", "entity": entity, "base": base["reference"] });
    let draft = client.post("/api/v1/rules/drafts", new).await.expect(201).json();
    draft["id"].as_str().expect("an id").to_owned()
}

async fn body(client: &Client, id: &str) -> Value {
    client
        .get(&format!("/api/v1/rules/drafts/{id}"))
        .await
        .expect(200)
        .json()
}

#[test]
fn a_table_is_saved_into_a_draft_and_the_rest_of_its_text_stays() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let id = begin(&world, &zhao).await;
        let before = body(&zhao, &id).await["body"].as_str().expect("a text").to_owned();
        let at = format!("/api/v1/rules/drafts/{id}/tables/lodging-limit");
        let mut table = zhao.get(&at).await.expect(200).json();
        assert_eq!(table["version"], 1);
        table["table"]["rows"][0]["outputs"][0] = json!("1234.50");
        let saved = zhao.put(&at, table.clone()).await.expect(200).json();
        assert_eq!(saved["version"], 2);
        assert_eq!(saved["table"], table["table"], "what is read back is what was saved");
        let after = body(&zhao, &id).await["body"].as_str().expect("a text").to_owned();
        let changed: Vec<(&str, &str)> = before.lines().zip(after.lines()).filter(|(a, b)| a != b).collect();
        assert_eq!(before.lines().count(), after.lines().count());
        assert_eq!(changed.len(), 1, "{changed:?}");
        assert!(changed[0].1.contains("\"1234.50\""), "{changed:?}");

        // Somebody who saw the version before that is told, and nothing is overwritten.
        zhao.put(&at, table).await.expect(409);
        assert_eq!(body(&zhao, &id).await["body"], json!(after));
    });
}

#[test]
fn nonsense_is_refused_with_the_cell_and_the_mend() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let id = begin(&world, &zhao).await;
        let at = format!("/api/v1/rules/drafts/{id}/tables/lodging-limit");
        let table = zhao.get(&at).await.expect(200).json();
        let mut wrong = table.clone();
        wrong["table"]["rows"][2]["outputs"][0] = json!("about 700");
        let refused = zhao.put(&at, wrong.clone()).await.expect(422).json();
        assert_eq!(refused["fields"][0]["field"], "D3", "{refused}");
        let found = zhao
            .post(&format!("{at}/check"), json!({ "table": wrong["table"] }))
            .await
            .expect(200)
            .json();
        assert_eq!(found["problems"][0]["cell"], "D3", "{found}");
        // What only a policy asks is told, too: the last row must be open.
        let mut closed = table.clone();
        closed["table"]["rows"].as_array_mut().expect("rows").pop();
        let refused = zhao.put(&at, closed).await.expect(422).json();
        assert!(
            refused["fields"][0]["message"]
                .as_str()
                .is_some_and(|m| m.contains("最后一行")),
            "{refused}"
        );
        let mut unknown = table.clone();
        unknown["table"]["inputs"][0]["expression"] = json!("moon");
        unknown["table"]["inputs"][0]["label"] = json!("moon");
        zhao.put(&at, unknown).await.expect(422);
        assert_eq!(body(&zhao, &id).await["version"], 1);

        let wang = world.as_("wang").await;
        wang.get(&at).await.expect(404);
        wang.put(&at, table).await.expect(404);
        zhao.get(&format!("/api/v1/rules/drafts/{id}/tables/nothing"))
            .await
            .expect(404);
    });
}

#[test]
fn automatic_approval_that_falls_with_the_amount_is_told_with_a_case() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let id = begin(&world, &zhao).await;
        let at = format!("/api/v1/rules/drafts/{id}/tables/outlay.auto-approval");
        let mut table = zhao.get(&at).await.expect(200).json();
        let open = table["table"]["rows"]
            .as_array()
            .expect("rows")
            .last()
            .cloned()
            .expect("an open row");
        table["table"]["rows"][0]["inputs"][0] = json!("> 9000");
        let found = zhao
            .post(
                &format!("{at}/check"),
                json!({ "table": table["table"], "changed": [1] }),
            )
            .await
            .expect(200)
            .json();
        let kinds: Vec<&str> = found["checks"]
            .as_array()
            .expect("checks")
            .iter()
            .filter_map(|c| c["kind"].as_str())
            .collect();
        assert_eq!(found["problems"], json!([]), "{found}");
        assert!(kinds.contains(&"fall"), "{found} {open}");
    });
}

#[test]
fn the_pages_of_a_draft_show_tables_and_rules_and_keep_what_was_not_taken() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let id = begin(&world, &zhao).await;
        let here = format!("/settings/policies/drafts/{id}");
        let page = zhao.get(&here).await.expect(200).text;
        for words in [
            "住宿标准",
            "自动核准",
            &format!("{here}/tables/lodging-limit"),
            &format!("{here}/rules/lodging-place"),
        ] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let editor = zhao.get(&format!("{here}/tables/lodging-limit")).await.expect(200).text;
        assert!(
            editor.contains("sheet-data") && editor.contains("data-act=\"save\""),
            "{editor}"
        );

        let rule = format!("{here}/rules/lodging-place");
        zhao.get(&rule).await.expect(200);
        let fields = |version: &'static str, title: &'static str| {
            [
                ("version", version),
                ("severity", "warn"),
                ("source", "董事会 2026"),
                ("from", "2027-01-01"),
                ("until", ""),
                ("zh_name", "住宿城市"),
                ("zh_title", title),
                ("zh_text", "住宿标准按城市核定，第 {line} 行没有填{missing}"),
                ("zh_fix", "填写城市"),
                ("en_name", "City of lodging"),
                ("en_title", "No city"),
                ("en_text", "Line {line} lacks its {missing}."),
                ("en_fix", "Enter the city."),
            ]
        };
        zhao.form(&rule, &fields("1", "没有城市")).await.expect(303);
        let saved = body(&zhao, &id).await;
        let text = saved["body"].as_str().expect("a text");
        assert!(
            text.contains("2027-01-01") && text.contains("没有城市") && text.starts_with("# "),
            "{text}"
        );
        assert_eq!(saved["problems"], json!([]), "{saved}");
        let late = zhao.form(&rule, &fields("1", "另一个标题")).await.expect(409).text;
        assert!(late.contains("另一个标题"), "what was written stays: {late}");
        let wrong = zhao.form(&rule, &fields("2", "缺少{nothing}")).await.expect(422).text;
        assert!(wrong.contains("nothing"), "{wrong}");

        let text_at = format!("{here}/text");
        let changed = text.replace("没有城市", "城市没有填");
        let stale = zhao
            .form(&text_at, &[("version", "1"), ("body", &changed)])
            .await
            .expect(409)
            .text;
        assert!(stale.contains("城市没有填"), "what was written stays");
        zhao.form(&text_at, &[("version", "2"), ("body", &changed)])
            .await
            .expect(303);
        assert_eq!(body(&zhao, &id).await["body"], json!(changed));
        world.as_("wang").await.get(&here).await.expect(404);
    });
}
