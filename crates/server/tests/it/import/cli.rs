//! A company begins from CSV alone, at a shell; then its people log in and do their work.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;

use outlay::app::App;
use outlay::config::Config;
use outlay::http;
use serde_json::{Value, json};

use crate::cli::{found, outlay, path, run, text, with_input};
use crate::world::Client;

fn file(folder: &Path, name: &str, content: &str) -> String {
    let at = path(folder, name);
    std::fs::write(&at, content).expect("written");
    at
}

fn import(data: &str, kind: &str, file: &str, more: &[&str]) -> Output {
    run(&[&["--data", data, "import", kind, file], more].concat())
}

fn begin(data: &str) {
    let output = found(["--data", data], "a long password");
    assert!(output.status.success(), "{}", text(&output.stderr));
}

const TABLES: [(&str, &str); 7] = [
    (
        "departments",
        "编码,名称,上级部门\nEAST,华东销售部,SALES\nSALES,销售中心,CN01\nFIN,财务部,CN01\n",
    ),
    (
        "people",
        "工号,姓名,邮箱\nE1,王敏,wang@example.com\nE2,陈屿,chen@example.com\nE3,赵蓉,zhao@example.com\nE4,总经理,boss@example.com\n",
    ),
    (
        "assignments",
        "员工,部门,法人主体,职位,职级,起始日期\nE1,EAST,CN01,销售,P5,2024-01-01\nE2,EAST,CN01,销售总监,M1,2024-01-01\n\
         E3,FIN,CN01,财务,P7,2024-01-01\nE4,CN01,CN01,总经理,M3,2024-01-01\n",
    ),
    ("managers", "部门,负责人\nEAST,E2\nSALES,E2\nFIN,E3\nCN01,E4\n"),
    ("roles", "员工,角色\nE3,财务\n"),
    ("accounts", "客户编号,客户名称,负责人\nA-1,恒川精密,wang@example.com\n"),
    (
        "deals",
        "商机编号,商机名称,客户编号,负责人,金额,币种\nD-1,产线检测,A-1,E1,1000,CNY\n",
    ),
];

/// Logs in as a browser does.
async fn log_in(base: &str, email: &str, password: &str) -> Client {
    let mut client = Client {
        base: base.to_owned(),
        cookie: None,
        http: reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client"),
    };
    let answer = client
        .form("/login", &[("email", email), ("password", password)])
        .await
        .expect(303);
    let cookie = answer.headers["set-cookie"].to_str().expect("text");
    let secret = cookie.split(['=', ';']).nth(1).expect("a secret");
    client.cookie = Some(secret.to_owned());
    client
}

#[test]
fn a_company_begins_from_csv_alone() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    let data = path(folder.path(), "data");
    begin(&data);
    for (kind, table) in TABLES {
        let at = file(folder.path(), &format!("{kind}.csv"), table);
        let looked = import(&data, kind, &at, &["--dry-run"]);
        assert!(
            looked.status.success(),
            "{kind}: {}{}",
            text(&looked.stdout),
            text(&looked.stderr)
        );
        assert!(text(&looked.stdout).contains("nothing imported yet"));
        let output = import(&data, kind, &at, &[]);
        assert!(
            output.status.success(),
            "{kind}: {}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        let again = text(&import(&data, kind, &at, &[]).stdout);
        assert!(
            again.contains("0 new, 0 changed") && again.contains("0 rejected"),
            "{kind}: {again}"
        );
    }
    for email in ["wang@example.com", "chen@example.com", "zhao@example.com"] {
        let output = with_input(&["--data", &data, "user", "password", email], "another password\n");
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(work(&data));
}

async fn work(data: &str) {
    let config = Config {
        data: data.into(),
        ..Config::default()
    };
    let app = App::open(config).await.expect("opened");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let router = http::router(app).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let wang = log_in(&base, "wang@example.com", "another password").await;
    let deals = wang.get("/api/v1/deals").await.expect(200).json();
    let deal = &deals["records"][0];
    assert_eq!(deal["name"], "产线检测", "{deals}");
    let line = json!({"category": "travel.taxi", "incurred_on": today(), "description": "虹桥 → 客户", "place": "上海",
        "paid": {"amount": "88.00", "currency": "CNY"}});
    let new = json!({"deal": deal["id"], "content": {"title": "拜访恒川精密", "lines": [line]}});
    let made = wang.post("/api/v1/claims", new).await.expect(201).json();
    let no = made["number"].as_str().expect("a number");
    let sent = wang
        .post(&format!("/api/v1/claims/{no}/submission"), json!({"n": made["n"]}))
        .await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    for (who, status) in [("chen@example.com", "in_review"), ("zhao@example.com", "approved")] {
        let approver = log_in(&base, who, "another password").await;
        let list = approver.get("/api/v1/tasks").await.expect(200).json();
        let task = &list["groups"][0]["tasks"][0];
        let id = task["id"]
            .as_str()
            .unwrap_or_else(|| panic!("nothing to decide for {who}: {list}"));
        let path = format!("/api/v1/tasks/{id}/approval");
        let outcome = approver
            .post(&path, json!({"hash": task["hash"]}))
            .await
            .expect(200)
            .json();
        assert_eq!(outcome["status"], status, "{outcome}");
    }
}

fn today() -> Value {
    outlay::clock::day(outlay::clock::now(), "Asia/Shanghai")
        .to_string()
        .into()
}

#[test]
fn commands_tell_what_they_did_and_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = path(folder.path(), "data");
    begin(&data);
    let bad = file(
        folder.path(),
        "bad.csv",
        "number,name,email\nE1,x,nowhere\nE2,y,y@example.com\n",
    );
    let output = import(&data, "people", &bad, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "row 2, email: \"nowhere\": Not a mail address: write it like name@example.com\n"
    );
    assert!(
        text(&output.stdout).contains("1 new, 0 changed, 0 unchanged, 1 rejected"),
        "{}",
        text(&output.stdout)
    );
    let none = file(folder.path(), "none.csv", "number\nE1\n");
    let output = import(&data, "people", &none, &[]);
    assert!(
        text(&output.stderr).contains("required column “Name” (name)"),
        "{}",
        text(&output.stderr)
    );
    let output = import(&data, "cats", &none, &[]);
    assert!(
        text(&output.stderr).contains("payee-accounts"),
        "the kinds are listed: {}",
        text(&output.stderr)
    );
    let output = import(&data, "people", "/no/such.csv", &[]);
    assert!(
        text(&output.stderr).contains("/no/such.csv"),
        "{}",
        text(&output.stderr)
    );

    let payees = file(
        folder.path(),
        "payees.csv",
        "employee,holder,number\nE2,y,DE89370400440532013000\n",
    );
    let output = import(&data, "payee-accounts", &payees, &[]);
    assert!(text(&output.stderr).contains("--by"), "{}", text(&output.stderr));
    let output = import(&data, "payee-accounts", &payees, &["--by", "y@example.com"]);
    assert!(
        text(&output.stderr).contains("may not import"),
        "{}",
        text(&output.stderr)
    );
    let output = import(&data, "payee-accounts", &payees, &["--by", "Ange@example.com"]);
    assert!(output.status.success(), "{}", text(&output.stderr));

    let table = path(folder.path(), "people.xlsx");
    let output = run(&["--data", &data, "export", "people", "-o", &table]);
    assert!(
        text(&output.stdout).starts_with("2 rows in "),
        "{}",
        text(&output.stderr)
    );
    let output = import(&data, "people", &table, &[]);
    assert!(
        text(&output.stdout).contains("read as XLSX; imported: 0 new, 0 changed, 2 unchanged"),
        "{}",
        text(&output.stdout)
    );
    let output = run(&["--data", &data, "export", "people"]);
    assert!(
        text(&output.stdout).contains("E2,y,y@example.com,zh-CN,true"),
        "{}",
        text(&output.stdout)
    );
    let output = run(&["--data", &data, "export", "people", "--empty"]);
    assert_eq!(text(&output.stdout), "\u{feff}Number,Name,Email,Language,Active\r\n");

    let output = run(&["--data", &data, "crm", "list"]);
    assert!(output.status.success() && text(&output.stderr).contains("no CRM is connected"));
    let output = run(&["--data", &data, "crm", "pull", "Tryton"]);
    assert!(
        !output.status.success() && text(&output.stderr).contains("outlay crm list"),
        "{}",
        text(&output.stderr)
    );

    // A server that runs keeps a second writer out, and no reader.
    let lock = std::fs::File::open(folder.path().join("data/outlay.lock")).expect("opened");
    lock.lock().expect("locked");
    assert!(text(&import(&data, "people", &bad, &[]).stderr).contains("only one may write"));
    assert!(text(&import(&data, "people", &bad, &["--dry-run"]).stdout).contains("nothing imported yet"));
    assert!(run(&["--data", &data, "export", "people"]).status.success());
    let output = outlay(&["--data", &data, "crm", "list"]).output().expect("run");
    assert!(output.status.success());
}
