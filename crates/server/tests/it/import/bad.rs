//! Bad input gets a clear refusal that names the row, the column and the fix, and leaves nothing behind.

use outlay::args;
use serde_json::Value;

use super::{counts, export, fill, look, take};
use crate::world::on_both;

/// Column and code of each rejected cell, by row.
fn rejected(report: &Value) -> Vec<(u64, String, String)> {
    let cells = report["rejected"].as_array().expect("a list");
    let text = |cell: &Value, key: &str| cell[key].as_str().expect("text").to_owned();
    cells
        .iter()
        .map(|c| {
            assert!(
                !text(c, "message").is_empty() && !text(c, "message").starts_with("field-"),
                "{c}"
            );
            (c["row"].as_u64().expect("a row"), text(c, "column"), text(c, "code"))
        })
        .collect()
}

fn as_text(found: &[(u64, String, String)]) -> Vec<(u64, &str, &str)> {
    found.iter().map(|(r, c, w)| (*r, c.as_str(), w.as_str())).collect()
}

#[test]
fn each_fault_of_a_row_is_told_and_the_good_rows_are_taken() {
    on_both(|world| async move {
        fill(&world).await;
        let ange = world.as_("ange").await;
        let cases: [(&str, &str, &[(u64, &str, &str)]); 10] = [
            (
                "deals",
                "id,name,account,amount,currency,close_on,stage_kind,owner\nG-1,good,A-1,1,CNY,,,\nB-1,x,,1e5,CNY,,,\n\
                 B-2,x,,NaN,CNY,,,\nB-3,x,,\"1,000.005\",CNY,,,\nB-4,x,,-5,CNY,,,\nB-5,x,,5,XYZ,,,\nB-6,x,,1.5,JPY,,,\n\
                 B-7,x,,,,2026-13-01,,\nB-8,x,A-9,,,,,\nB-9,x,,,,,maybe,\nB-10,x,,,,,,nobody@example.com\n,x,,,,,,\nG-1,again,,,,,,\n\
                 B-11,x,,99999999999999999999,CNY,,,\n",
                &[
                    (3, "amount", "not-a-number"),
                    (4, "amount", "not-a-number"),
                    (5, "amount", "not-a-number"),
                    (6, "amount", "negative"),
                    (7, "currency", "not-a-currency"),
                    (8, "amount", "decimals"),
                    (9, "close_on", "not-a-date"),
                    (10, "account", "no-record"),
                    (11, "stage_kind", "stage-kind"),
                    (12, "owner", "no-person"),
                    (13, "id", "missing"),
                    (14, "id", "twice"),
                    (15, "amount", "too-large"),
                ],
            ),
            (
                "managers",
                "department,head\nSG-EAST,nobody\nNOWHERE,S001\n",
                &[(2, "head", "no-person"), (3, "department", "no-department")],
            ),
            (
                "departments",
                "code,name,parent,from,to\nX,x,Y,,\nY,y,Z,,\nZ,z,X,,\nSG,新加坡,SG-EAST,2024-01-01,\nW,w,NONE,,\nV,v,ALL,2026-02-30,\n\
                 U,u,ALL,2026-01-02,2026-01-01\nGOOD,good,ALL,,\n",
                &[
                    (2, "parent", "circle"),
                    (3, "parent", "circle"),
                    (4, "parent", "circle"),
                    (5, "parent", "circle"),
                    (6, "parent", "no-department"),
                    (7, "from", "not-a-date"),
                    (8, "to", "before-from"),
                ],
            ),
            (
                "people",
                "number,name,email,locale,active\nN-1,x,lizhe#lanstone,,\nN-2,x,wang@example.com,,\nN-3,x,n3@example.com,fr,\n\
                 N-4,x,n4@example.com,,maybe\nS002,مريم,maryam@example.com,,no\nN-5,,n5@example.com,,\nN-6,good,n6@example.com,,\n\
                 N-7,x,n6@example.com,,\n",
                &[
                    (2, "email", "not-mail"),
                    (3, "email", "exists"),
                    (4, "locale", "not-a-language"),
                    (5, "active", "yes-or-no"),
                    (7, "name", "missing"),
                    (9, "email", "exists"),
                ],
            ),
            (
                "assignments",
                "employee,department,entity,cost_center,from\nS009,SG,SG01,,2024-01-01\nS001,SG,XX,,2024-01-01\n\
                 S001,SG,SG01,CN-SALES,2024-01-01\nS001,SG,SG01,NONE,2024-01-01\nS001,SG,SG01,,2024-13-01\n",
                &[
                    (2, "employee", "no-person"),
                    (3, "entity", "no-entity"),
                    (4, "cost_center", "other-entity"),
                    (5, "cost_center", "no-cost-center"),
                    (6, "from", "not-a-date"),
                ],
            ),
            (
                "roles",
                "employee,role\nS001,king\nS001,auditor\ntan@example.com,审计\n",
                &[(2, "role", "not-a-role"), (4, "employee", "twice")],
            ),
            (
                "entities",
                "code,name,country,currency,zone\nSG01,Lanstone,SG,USD,Asia/Singapore\nE2,x,Germany,EUR,Europe/Berlin\n\
                 E3,x,DE,EUR,Berlin\nE4,x,DE,Euro,Europe/Berlin\n",
                &[
                    (2, "currency", "fixed"),
                    (3, "country", "not-a-country"),
                    (4, "zone", "not-a-zone"),
                    (5, "currency", "not-a-currency"),
                ],
            ),
            (
                "payee-accounts",
                "employee,holder,number,bank\nS001,Tan,GB33BUKB20201555555556,B\nS002,x,,b\nS002,,GB33BUKB20201555555555,b\n\
                 nobody,x,GB33BUKB20201555555555,b\nS001,x,****9999,\n",
                &[
                    (2, "number", "iban-checksum"),
                    (3, "number", "missing"),
                    (4, "holder", "missing"),
                    (5, "employee", "no-person"),
                    (6, "number", "masked"),
                ],
            ),
            (
                "fx-rates",
                "on,base,quote,rate,source\n2026-11-02,EUR,EUR,1,x\n2026-11-02,EUR,CNY,0,x\n2026-11-02,EUR,CNY,1e2,x\n2126-01-01,EUR,CNY,7,x\n\
                 2026-11-02,EUR,CNY,7,\n",
                &[
                    (2, "quote", "needless"),
                    (3, "rate", "not-a-rate"),
                    (4, "rate", "not-a-rate"),
                    (5, "on", "in-the-future"),
                    (6, "source", "missing"),
                ],
            ),
            (
                "accounts",
                "id,name,country,connection\nA-9,x,China,\nA-8,x,,Salesforce\n",
                &[(2, "country", "not-a-country"), (3, "connection", "no-connection")],
            ),
        ];
        for (kind, table, expected) in cases {
            let report = take(&ange, kind, table).await;
            let found = rejected(&report);
            assert_eq!(as_text(&found), expected, "{kind}");
            assert_eq!(counts(&report)[3], expected.len() as u64, "{kind}");
        }
        let deals = String::from_utf8(export(&ange, "deals", "csv").await).expect("UTF-8");
        assert!(deals.contains("G-1,good") && !deals.contains("B-"), "{deals}");
        let departments = String::from_utf8(export(&ange, "departments", "csv").await).expect("UTF-8");
        assert!(
            departments.contains("GOOD,good") && !departments.contains("\nX,"),
            "{departments}"
        );
    });
}

#[test]
fn files_that_are_no_tables_are_refused_in_words() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let many: String = (0..300).map(|n| format!("c{n},")).collect();
        let cell = format!("number,name,email\nN-1,{},n@example.com\n", "长".repeat(10_001));
        let utf16: Vec<u8> = b"\xff\xfen\x00u\x00m\x00\x00\xd8".to_vec();
        let cases: [(&[u8], &str); 11] = [
            (b"number,name\nN-1,x\n", "column-missing"),
            (b" \n\n", "file-empty"),
            (many.as_bytes(), "file-columns"),
            (cell.as_bytes(), "file-cell"),
            (b"number,name,email\nN-1,x,n@example.com,extra\n", "file-nameless"),
            (b"number,name,email,name\n", "file-twice"),
            (b"number,name,email\nN-1,\"x,n@example.com\nN-2,y,z\n", "file-quote"),
            (b"number,name,email\nN-1,x\x00\x00y,n@example.com\n", "file-format"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "file-old-excel"),
            (b"PK\x03\x04 no zip", "file-broken"),
            (&utf16, "file-encoding"),
        ];
        for (file, code) in cases {
            let refused = look(&ange, "people", file).await.expect(422).json();
            assert_eq!(refused["fields"][0]["code"], code, "{refused}");
            let message = refused["fields"][0]["message"].as_str().expect("words");
            assert!(!message.starts_with("field-"), "{refused}");
        }
        look(&ange, "people", "").await.expect(422);
        look(&ange, "cats", "a\n1\n").await.expect(422);
        let (files,): (i64,) = world
            .app
            .db
            .read()
            .one("SELECT COUNT(*) FROM import_file", args![])
            .await
            .expect("counted");
        assert_eq!(files, 0);
        let large = vec![b'x'; (50 << 20) + 1];
        let refused = look(&ange, "people", large.clone()).await.expect(413).json();
        assert_eq!(refused["code"], "too-large");
        let form = reqwest::multipart::Form::new()
            .text("kind", "people")
            .part("file", reqwest::multipart::Part::bytes(large).file_name("people.csv"));
        let request = ange.http.post(format!("{}/settings/import", ange.base)).multipart(form);
        let page = ange.send(request).await.expect(413);
        assert!(page.text.contains("50"), "{}", page.text);
    });
}

#[test]
fn other_encodings_and_separators_are_read() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        // 编码;名称;上级部门 / GBK;广州销售部;ALL, in GBK.
        let gbk: &[u8] = b"\xb1\xe0\xc2\xeb;\xc3\xfb\xb3\xc6;\xc9\xcf\xbc\xb6\xb2\xbf\xc3\xc5\r\nGBK;\xb9\xe3\xd6\xdd\xcf\xfa\xca\xdb\xb2\xbf;ALL\r\n";
        let report = take(&ange, "departments", gbk).await;
        assert_eq!((counts(&report), &report["read_as"]), ([1, 0, 0, 0], &"gb18030".into()));
        let tabs = "\u{feff}code\tname\tparent\nTAB\t深圳销售部\tALL\n";
        assert_eq!(counts(&take(&ange, "departments", tabs).await), [1, 0, 0, 0]);
        let departments = String::from_utf8(export(&ange, "departments", "csv").await).expect("UTF-8");
        assert!(
            departments.contains("GBK,广州销售部,ALL") && departments.contains("TAB,深圳销售部,ALL"),
            "{departments}"
        );
    });
}

#[test]
fn only_those_who_may_import_and_export() {
    on_both(|world| async move {
        let people = "number,name,email\nN-1,x,n@example.com\n";
        let accounts = "id,name\nA-1,x\n";
        let rates = "on,base,quote,rate,source\n2026-11-02,EUR,CNY,7.6,ECB\n";
        for (who, expected) in [
            ("ange", [201, 201, 201]),
            ("ops", [403, 201, 403]),
            ("zhao", [403, 403, 201]),
            ("he", [403, 403, 403]),
            ("wang", [403, 403, 403]),
            ("chen", [403, 403, 403]),
            ("audit", [403, 403, 403]),
        ] {
            let client = world.as_(who).await;
            for ((kind, table), status) in [("people", people), ("accounts", accounts), ("fx-rates", rates)]
                .into_iter()
                .zip(expected)
            {
                look(&client, kind, table).await.expect(status);
                let read = if status == 201 { 200 } else { 403 };
                client.get(&format!("/api/v1/exports/{kind}")).await.expect(read);
                client
                    .get(&format!("/settings/export/{kind}?format=xlsx&empty=true"))
                    .await
                    .expect(read);
            }
            let may = expected.contains(&201);
            client.get("/settings/import").await.expect(if may { 200 } else { 403 });
        }
        let stranger = world.stranger();
        look(&stranger, "people", people).await.expect(401);
        // A file is its owner's alone.
        let ops = world.as_("ops").await;
        let id = look(&ops, "accounts", accounts).await.expect(201).json()["id"].clone();
        let id = id.as_str().expect("an id");
        let ange = world.as_("ange").await;
        ange.get(&format!("/api/v1/imports/{id}")).await.expect(404);
        ange.post(&format!("/api/v1/imports/{id}/application"), Value::Null)
            .await
            .expect(404);
        ange.get(&format!("/settings/import/{id}")).await.expect(404);
        // Once is once.
        ops.post(&format!("/api/v1/imports/{id}/application"), Value::Null)
            .await
            .expect(200);
        ops.post(&format!("/api/v1/imports/{id}/application"), Value::Null)
            .await
            .expect(409);
    });
}
