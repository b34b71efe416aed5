//! Decision tables in the browser: checked as they are typed, read from files, written as files.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::world::{Answer, Client, on_both};

/// Who approves, by amount: a row for each of two cells and an answer.
fn table(hit: &str, rows: &[[&str; 3]]) -> Value {
    let input = |name: &str, kind: &str, allowed: &str| json!({ "id": "", "label": "", "expression": name, "kind": kind, "allowed": allowed });
    let rows: Vec<Value> = rows
        .iter()
        .map(|r| json!({ "id": "", "inputs": [r[0], r[1]], "outputs": [r[2]], "note": "" }))
        .collect();
    json!({
        "id": "who", "name": "谁审批", "hit": hit,
        "inputs": [input("amount", "number", ">= 0"), input("kind", "string", "\"travel\", \"lodging\"")],
        "outputs": [{ "id": "", "name": "who", "label": "", "kind": "string", "allowed": "\"two\", \"one\"", "default": "" }],
        "rows": rows,
    })
}

async fn check(client: &Client, table: &Value) -> Value {
    let body = json!({ "table": table, "rising": [{ "input": "amount", "output": "who" }], "changed": [1] });
    client.post("/api/v1/rules/tables/check", body).await.expect(200).json()
}

async fn import(client: &Client, name: &str, bytes: Vec<u8>) -> Answer {
    let form = Form::new().part("file", Part::bytes(bytes).file_name(name.to_owned()));
    let request = client.http.post(format!("{}/api/v1/rules/tables/import", client.base));
    client.send(request.multipart(form)).await
}

async fn export(client: &Client, table: &Value, format: &str) -> Vec<u8> {
    let request = client
        .http
        .post(format!("{}/api/v1/rules/tables/export?format={format}", client.base))
        .header("origin", &client.base)
        .header(
            "cookie",
            format!("outlay_session={}", client.cookie.as_deref().unwrap_or_default()),
        )
        .json(table);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
    answer.bytes().await.expect("bytes").to_vec()
}

#[test]
fn nonsense_is_told_by_its_cell_with_the_mend_in_both_languages() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let found = check(
            &zhao,
            &table("F", &[["<= about 5", "-", "\"one\""], ["-", "\"boat\"", "\"two\""]]),
        )
        .await;
        let problems = found["problems"].as_array().expect("problems");
        let at: Vec<&str> = problems.iter().filter_map(|p| p["cell"].as_str()).collect();
        assert_eq!(at, ["A1", "B2"], "{found}");
        assert_eq!(problems[0]["row"], 1);
        assert_eq!(problems[0]["column"], json!({ "input": 1 }));
        let (zh, en) = (&problems[1]["text"]["zh"], &problems[1]["text"]["en"]);
        assert!(
            zh.as_str()
                .is_some_and(|t| t.contains("不可能满足") && t.contains("请修正")),
            "{zh}"
        );
        assert!(
            en.as_str()
                .is_some_and(|t| t.contains("Nothing can pass") && t.contains("mend it")),
            "{en}"
        );
        assert_eq!(found["checks"], json!([]));

        let wang = world.as_("wang").await;
        let body = json!({ "table": table("F", &[]) });
        wang.post("/api/v1/rules/tables/check", body).await.expect(403);
        let ragged = json!({ "table": { "id": "x" } });
        zhao.post("/api/v1/rules/tables/check", ragged).await.expect(422);
    });
}

#[test]
fn a_table_in_which_nothing_can_match_is_refused() {
    on_both(|world| async move {
        let mut doomed = table("F", &[["< 5", "-", "\"one\""], ["< 7", "-", "\"two\""]]);
        doomed["inputs"][1]["expression"] = json!("amount");
        doomed["inputs"][1]["kind"] = json!("number");
        doomed["inputs"][1]["allowed"] = json!("");
        doomed["rows"][0]["inputs"][1] = json!("> 5");
        doomed["rows"][1]["inputs"][1] = json!("> 7");
        let found = check(&world.as_("zhao").await, &doomed).await;
        let text = &found["problems"][0]["text"]["en"];
        assert!(
            text.as_str().is_some_and(|t| t.contains("No row can ever match")),
            "{found}"
        );
    });
}

#[test]
fn what_a_sound_table_forgets_or_says_twice_comes_with_an_example() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let kinds = |found: &Value| -> Vec<String> {
            let all = found["checks"].as_array().expect("checks");
            all.iter()
                .map(|c| c["kind"].as_str().expect("a kind").to_owned())
                .collect()
        };
        let gap = check(&zhao, &table("U", &[["<= 5", "-", "\"one\""], ["> 6", "-", "\"two\""]])).await;
        assert_eq!(kinds(&gap), ["gap"], "{gap}");
        assert_eq!(gap["checks"][0]["cells"][0], "(5..6]");
        let example = gap["checks"][0]["example"][0].as_str().expect("a value");
        assert!(example.parse::<f64>().is_ok_and(|n| n > 5.0 && n <= 6.0), "{example}");

        let twice = check(
            &zhao,
            &table("U", &[["<= 6", "-", "\"one\""], [">= 6", "-", "\"two\""]]),
        )
        .await;
        assert_eq!(kinds(&twice), ["overlap"], "{twice}");
        assert_eq!(twice["checks"][0]["rows"], json!([1, 2]));
        assert_eq!(twice["checks"][0]["example"][0], "6");

        let falls = check(
            &zhao,
            &table(
                "F",
                &[["<= 5", "-", "\"two\""], ["-", "-", "\"one\""], ["-", "-", "\"two\""]],
            ),
        )
        .await;
        assert_eq!(kinds(&falls), ["dead", "hides", "fall"], "{falls}");
        let fall = &falls["checks"][2];
        assert_eq!(fall["answers"], json!(["\"two\"", "\"one\""]));
        assert_eq!(fall["rows"], json!([1, 2]));

        let fine = check(&zhao, &table("F", &[["<= 5", "-", "\"one\""], ["-", "-", "\"two\""]])).await;
        assert_eq!(kinds(&fine), ["hides"], "{fine}");
        let said = fine["fine"].as_array().expect("words").len();
        assert_eq!(said, 4, "{fine}");
    });
}

#[test]
fn a_table_goes_out_as_a_sheet_and_as_dmn_and_comes_back() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let rows = [
            ["<= 5000", "\"travel\", \"lodging\"", "\"one\""],
            ["[5000.01..9000)", "not(\"lodging\")", "\"two\""],
            ["-", "-", "\"two\""],
        ];
        let table = table("F", &rows);
        for format in ["xlsx", "dmn"] {
            let bytes = export(&zhao, &table, format).await;
            let read = import(&zhao, &format!("who.{format}"), bytes).await.expect(200).json();
            let again = &read["tables"][0];
            assert_eq!(again["problems"], json!([]), "{read}");
            for part in ["hit", "name", "rows", "inputs", "outputs"] {
                assert_eq!(again["table"][part], table[part], "{format} {part}");
            }
        }
        let refused = zhao
            .post("/api/v1/rules/tables/export?format=pdf", table)
            .await
            .expect(422);
        assert!(refused.text.contains("xlsx"), "{}", refused.text);
    });
}

#[test]
fn a_bad_file_is_refused_by_its_cell_and_what_to_do() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let heads = import(&zhao, "limits.csv", "Z limits,amount,→ who\n1,<5,a\n".into())
            .await
            .expect(422);
        assert!(heads.text.contains("“Z”不是命中策略"), "{}", heads.text);
        let nameless = import(&zhao, "limits.csv", "F,amount,→ who\n1,<5,a,extra\n".into())
            .await
            .expect(422);
        assert!(nameless.text.contains("第 2 行 D 列"), "{}", nameless.text);
        let model = r#"<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="x" namespace="n"><decision name="d" id="d"><context/></decision></definitions>"#;
        let context = import(&zhao, "x.dmn", model.into()).await.expect(422);
        assert!(
            context.text.contains("d：") && context.text.contains("<context>"),
            "{}",
            context.text
        );
        let empty = model.replace("<context/>", "<literalExpression><text>1</text></literalExpression>");
        let none = import(&zhao, "x.dmn", empty.into()).await.expect(422);
        assert!(none.text.contains("没有决策表"), "{}", none.text);
        import(&zhao, "x.xlsx", b"PK\x03\x04 no archive".to_vec())
            .await
            .expect(422);
        // Nonsense in a cell is no reason to refuse the file: it is told, and can be mended in the editor.
        let cells = import(
            &zhao,
            "limits.csv",
            "F,amount,→ who\ntype,number,text\n1,about 5,a\n".into(),
        )
        .await
        .expect(200)
        .json();
        assert_eq!(cells["tables"][0]["problems"][0]["cell"], "A1", "{cells}");
    });
}

#[test]
fn the_tables_of_a_published_policy_can_be_read() {
    on_both(|world| async move {
        let zhao = world.as_("zhao").await;
        let policies = zhao.get("/api/v1/policies").await.expect(200).json();
        let reference = policies[0]["reference"].as_str().expect("a reference").to_owned();
        let page = zhao
            .get(&format!("/settings/policies/{reference}"))
            .await
            .expect(200)
            .text;
        let href = format!("{reference}/tables/lodging-limit");
        assert!(page.contains(&format!("href=\"{href}\"")), "{page}");
        let table = zhao.get(&format!("/settings/policies/{href}")).await.expect(200).text;
        let data = table
            .split("id=\"sheet-data\">")
            .nth(1)
            .and_then(|rest| rest.split("</script>").next());
        let data: Value = serde_json::from_str(data.expect("data")).expect("JSON");
        assert_eq!(data["readonly"], true);
        assert_eq!(data["found"]["problems"], json!([]), "{}", data["found"]);
        assert!(
            data["names"]["t1"].as_str().is_some_and(|n| !n.is_empty()),
            "{}",
            data["names"]
        );
        zhao.get(&format!("/settings/policies/{reference}/tables/nothing"))
            .await
            .expect(404);
        zhao.get("/settings/policies/nothing@1/tables/lodging-limit")
            .await
            .expect(404);
    });
}
