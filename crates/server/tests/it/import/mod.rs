//! Tables in and out, as people send them.

mod bad;
mod cli;
mod large;
mod meanwhile;
mod organisation;
mod pages;
mod records;

use serde_json::Value;

use crate::world::{Answer, Client, World, on_both};

/// Sends a file; the answer to the look at it.
pub async fn look(client: &Client, kind: &str, file: impl Into<Vec<u8>>) -> Answer {
    let url = format!("{}/api/v1/imports?kind={kind}", client.base);
    let request = client
        .http
        .post(url)
        .header("content-type", "text/csv")
        .body(file.into());
    client.send(request).await
}

/// Sends a file and imports its good rows; the report.
pub async fn take(client: &Client, kind: &str, file: impl Into<Vec<u8>>) -> Value {
    let looked = look(client, kind, file).await.expect(201).json();
    let preview = looked["report"].clone();
    let path = format!("/api/v1/imports/{}/application", looked["id"].as_str().expect("an id"));
    let done = client.post(&path, Value::Null).await.expect(200).json();
    assert_eq!(done["state"], "applied");
    let mut expected = preview;
    expected["applied"] = true.into();
    assert_eq!(done["report"], expected, "an import does what its preview says");
    done["report"].clone()
}

/// New, changed, unchanged and rejected rows of a report.
pub fn counts(report: &Value) -> [u64; 4] {
    ["create", "change", "same", "refused"].map(|k| report[k].as_u64().expect("a number"))
}

/// What is exported, as bytes.
pub async fn export(client: &Client, kind: &str, format: &str) -> Vec<u8> {
    let url = format!("{}/api/v1/exports/{kind}?format={format}", client.base);
    let cookie = format!("outlay_session={}", client.cookie.as_deref().expect("a session"));
    let answer = client
        .http
        .get(url)
        .header("cookie", cookie)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200, "{kind}");
    answer.bytes().await.expect("bytes").to_vec()
}

/// Tables that fill every kind once.
pub const TABLES: [(&str, &str); 16] = [
    (
        "entities",
        "编码,名称,国家,本位币,时区\nSG01,Lanstone Pte. Ltd.,sg,SGD,Asia/Singapore\n",
    ),
    ("cost-centers", "Code,Name,Entity\nSG-SALES,Sales,SG01\n"),
    (
        "departments",
        "code,name,parent,from\nSG-EAST,东区,SG,2026/1/4\nSG,新加坡,ALL,2024-01-01\n",
    ),
    (
        "people",
        "工号,姓名,邮箱,语言,在职\nS001,Tan Wei Ling 👩🏽‍💼,Tan@Example.com,en,是\nS002,مريم الحسيني,maryam@example.com,,\n",
    ),
    (
        "assignments",
        "employee,department,entity,cost_center,position,grade,from\nS001,SG,SG01,SG-SALES,Head,M1,2024-01-01\n\
         maryam@example.com,SG-EAST,SG01,,Sales,P5,2024-01-01\n",
    ),
    ("managers", "部门,负责人\nSG,tan@example.com\n"),
    ("roles", "员工,角色,法人主体\nS001,财务,SG01\nS002,sales_ops,\n"),
    (
        "payee-accounts",
        "employee,holder,number,bank\nS001,Tan Wei Ling,GB33BUKB20201555555555,Barclays\n",
    ),
    ("crm-users", "crm_user,name,employee\nu-17,Tan,S001\nu-18,Nobody,\n"),
    (
        "accounts",
        "id,name,tax_id,country,city,phone,owner\nA-1,\"恒川, \"\"精密\"\"\",91310000MA1,cn,上海,+86 21 5555,S001\nA-2,=cmd|'/c calc'!A1,,,,,\n",
    ),
    (
        "contacts",
        "id,name,account,title,email\nC-1,何工,A-1,总工,he@hengchuan.example\n",
    ),
    (
        "deals",
        "id,name,account,contact,owner,stage,stage_kind,amount,currency,close_on\n\
         D-1,产线检测三期,A-1,C-1,u-17,方案,未结,1280000.50,CNY,2027-03-01\nD-2,Japan,A-2,,,,lost,1200,JPY,\n",
    ),
    ("projects", "id,name,account,deal\nP-1,三期交付,A-1,D-1\n"),
    (
        "orders",
        "id,number,account,deal,amount,currency,state,ordered_on\nO-1,SO-2026-1,A-1,D-1,99.90,EUR,已下单,2026-11-02\n",
    ),
    (
        "visits",
        "id,subject,kind,account,contact,deal,owner,on,place\nV-1,现场勘察,拜访,A-1,C-1,D-1,S001,2026-01-02,上海\n",
    ),
    (
        "fx-rates",
        "on,base,quote,rate,source\n2026-11-02,eur,CNY,7.6120,ECB\n2026.11.03,EUR,CNY,7.6,ECB\n",
    ),
];

/// Imports all of [`TABLES`].
pub async fn fill(world: &World) {
    let ange = world.as_("ange").await;
    for (kind, table) in TABLES {
        let report = take(&ange, kind, table).await;
        let rows = table.lines().count() as u64 - 1;
        // A head is set on a department that is there already.
        let expected = if kind == "managers" {
            [0, rows, 0, 0]
        } else {
            [rows, 0, 0, 0]
        };
        assert_eq!(counts(&report), expected, "{kind}: {report:#}");
    }
}

#[test]
fn every_kind_goes_in_once_and_comes_back_unchanged() {
    on_both(|world| async move {
        fill(&world).await;
        let ange = world.as_("ange").await;
        for (kind, table) in TABLES {
            let again = take(&ange, kind, table).await;
            assert_eq!(counts(&again)[..2], [0, 0], "{kind} twice: {again:#}");
            assert_eq!(again["refused"], 0, "{kind} twice: {again:#}");
            for format in ["csv", "xlsx"] {
                let file = export(&ange, kind, format).await;
                let back = take(&ange, kind, file).await;
                assert_eq!(
                    (&back["create"], &back["change"], &back["refused"]),
                    (&0.into(), &0.into(), &0.into()),
                    "{kind} {format}: {back:#}"
                );
                assert_eq!(back["ignored"], serde_json::json!([]));
                // Of payee accounts only what a second person has confirmed is exported.
                assert!(
                    back["same"].as_u64() > Some(0) || kind == "payee-accounts",
                    "{kind} {format}: {back:#}"
                );
            }
        }
    });
}

#[test]
fn what_was_imported_is_there_in_the_right_form() {
    on_both(|world| async move {
        fill(&world).await;
        let ange = world.as_("ange").await;
        let people = String::from_utf8(export(&ange, "people", "csv").await).expect("UTF-8");
        assert!(people.starts_with('\u{feff}'), "Excel needs the mark");
        assert!(
            people.contains("S001,Tan Wei Ling 👩🏽‍💼,tan@example.com,en,true\r\n"),
            "{people}"
        );
        assert!(
            people.contains("S002,مريم الحسيني,maryam@example.com,zh-CN,true\r\n"),
            "{people}"
        );
        let departments = String::from_utf8(export(&ange, "departments", "csv").await).expect("UTF-8");
        assert!(departments.contains("SG-EAST,东区,SG,2026-01-04,\r\n"), "{departments}");
        let accounts = String::from_utf8(export(&ange, "accounts", "csv").await).expect("UTF-8");
        assert!(
            accounts.contains("A-2,'=cmd|'/c calc'!A1,"),
            "no spreadsheet runs it: {accounts}"
        );
        let deals = String::from_utf8(export(&ange, "deals", "csv").await).expect("UTF-8");
        assert!(deals.contains("1280000.50,CNY,2027-03-01"), "{deals}");
        assert!(deals.contains("1200,JPY"), "{deals}");
        let all = ange
            .get("/api/v1/deals?q=%E4%BA%A7%E7%BA%BF%E6%A3%80%E6%B5%8B%E4%B8%89%E6%9C%9F")
            .await;
        // An administrator keeps records and reads none of them by that alone.
        assert!(all.status == 200, "{}", all.text);
        let found = world
            .as_("ops")
            .await
            .get("/api/v1/deals?q=%E4%B8%89%E6%9C%9F")
            .await
            .expect(200);
        assert!(found.text.contains("产线检测三期"), "{}", found.text);
        let (head,): (String,) = world
            .app
            .db
            .read()
            .one(
                "SELECT e.number FROM department d JOIN employee e ON e.id = d.head_id WHERE d.code = $1",
                outlay::args!["SG"],
            )
            .await
            .expect("a head");
        assert_eq!(head, "S001");
    });
}

#[test]
fn a_file_changes_what_it_says_and_leaves_the_rest() {
    on_both(|world| async move {
        fill(&world).await;
        let ange = world.as_("ange").await;
        // Without the column the language stays; with it and empty it is the standard one.
        let report = take(&ange, "people", "number,name,email\nS001,Tan W. L.,tan@example.com\n").await;
        assert_eq!(counts(&report), [0, 1, 0, 0]);
        let people = String::from_utf8(export(&ange, "people", "csv").await).expect("UTF-8");
        assert!(people.contains("S001,Tan W. L.,tan@example.com,en,true"), "{people}");
        let report = take(&ange, "accounts", "id,name,phone\nA-1,恒川精密,\n").await;
        assert_eq!(counts(&report), [0, 1, 0, 0]);
        let accounts = String::from_utf8(export(&ange, "accounts", "csv").await).expect("UTF-8");
        assert!(
            accounts.contains("A-1,恒川精密,91310000MA1,CN,上海,,S001,"),
            "{accounts}"
        );
        // A parent that is left out stays; the head, too.
        let report = take(&ange, "departments", "code,name\nSG,狮城\n").await;
        assert_eq!(counts(&report), [0, 1, 0, 0]);
        let departments = String::from_utf8(export(&ange, "departments", "csv").await).expect("UTF-8");
        assert!(departments.contains("SG,狮城,ALL,2024-01-01,"), "{departments}");
        assert_eq!(
            counts(&take(&ange, "managers", "department,head\nSG,S001\n").await),
            [0, 0, 1, 0]
        );
        // A year turned upside down: what was above stands below.
        let turned = "code,name,parent\nSG,狮城,SG-EAST\nSG-EAST,东区,ALL\n";
        assert_eq!(counts(&take(&ange, "departments", turned).await), [0, 2, 0, 0]);
        let changed = take(
            &ange,
            "fx-rates",
            "on,base,quote,rate,source\n2026-11-02,EUR,CNY,7.62,ECB\n",
        )
        .await;
        assert_eq!(counts(&changed), [0, 1, 0, 0]);
    });
}
