//! Whole lives of claims over HTTP: made with four lines, a receipt of 140 kB attached, handed in, approved twice, paid,
//! posted, read. `cargo xtask bench lifecycle -- --clients 16 --seconds 20`.

#![allow(clippy::unwrap_used, reason = "a bench may fail loudly")]

mod harness;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use harness::{Person, Server, Table, millis, timed};
use outlay::args;
use outlay::config::Config;
use outlay_core::ids::EmployeeId;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

const RECEIPT: usize = 140 * 1024;

/// Everybody that one client acts as.
struct Cast {
    me: Person,
    approvers: Vec<Person>,
    payer: Person,
    entity: String,
    deal: String,
    client: u64,
}

static COUNT: AtomicU64 = AtomicU64::new(0);

async fn life(cast: &Cast, table: &mut Table) {
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let today = outlay::clock::day(outlay::clock::now(), "Asia/Shanghai");
    // Claims of a company are not all of one day and one price.
    let day = today.saturating_sub(jiff::Span::new().days(i64::try_from(n % 60).unwrap()));
    let line = |category: &str, cents: u64| {
        json!({"category": category, "incurred_on": day.to_string(), "place": "上海",
            "paid": {"amount": format!("{}.{:02}", cents / 100, cents % 100)}})
    };
    let content = json!({
        "title": format!("客户现场 {}-{n}", cast.client), "purpose": "产线检测方案确认", "links": {"deal": cast.deal},
        "lines": [line("lodging", 30_000 + n % 9_000), line("travel.taxi", 4_000 + n % 4_000), line("meals", 5_000 + n % 3_000),
            line("travel.other", 1_000 + n % 2_000)],
    });
    let made = timed(
        table,
        "1 create",
        cast.me.post("/api/v1/claims", &json!({"content": content})),
    )
    .await;
    let number = made["number"].as_str().expect("a number").to_owned();

    let document = timed(table, "2 receipt", upload(&cast.me)).await;
    let view = timed(
        table,
        "3 read draft",
        cast.me.get_json(&format!("/api/v1/claims/{number}")),
    )
    .await;
    let mut edited = content;
    edited["lines"][0]["document"] = json!(document);
    for (line, known) in edited["lines"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .zip(view["lines"].as_array().unwrap())
    {
        line["id"] = known["id"].clone();
    }
    let body = json!({"n": view["n"], "content": edited});
    timed(
        table,
        "4 attach",
        cast.me.json(Method::PUT, &format!("/api/v1/claims/{number}"), &body),
    )
    .await;
    timed(
        table,
        "5 submit",
        cast.me.post(&format!("/api/v1/claims/{number}/submission"), &json!({})),
    )
    .await;
    for approver in &cast.approvers {
        let inbox = timed(table, "6 inbox", approver.get_json("/api/v1/tasks")).await;
        let task = find(&inbox, &number).unwrap_or_else(|| panic!("{number} is not in the inbox"));
        let path = format!("/api/v1/tasks/{}/approval", task["id"].as_str().unwrap());
        timed(table, "7 approve", approver.post(&path, &json!({"hash": task["hash"]}))).await;
    }
    let batch = json!({"entity": cast.entity, "execute_on": today.to_string(), "claims": [number]});
    let batch = timed(table, "8 batch", cast.payer.post("/api/v1/batches", &batch)).await;
    let path = format!("/api/v1/batches/{}/posting", batch["number"].as_str().unwrap());
    timed(
        table,
        "9 post",
        cast.payer.post(&path, &json!({"on": today.to_string()})),
    )
    .await;
    let view = timed(table, "A read", cast.me.get_json(&format!("/api/v1/claims/{number}"))).await;
    assert!(
        ["paid", "archived"].contains(&view["status"].as_str().unwrap()),
        "{}",
        view["status"]
    );
}

async fn upload(me: &Person) -> String {
    let mut bytes = b"%PDF-1.4\n".to_vec();
    bytes.resize_with(RECEIPT, rand::random);
    let part = Part::bytes(bytes)
        .file_name("receipt.pdf")
        .mime_str("application/pdf")
        .unwrap();
    let text = me
        .send(
            me.request(Method::POST, "/api/v1/documents")
                .multipart(Form::new().part("file", part)),
        )
        .await;
    let made: Value = serde_json::from_str(&text).expect("JSON");
    let id = made
        .pointer("/documents/0/id")
        .or(made.pointer("/0/id"))
        .or(made.get("id"));
    id.and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no id in {made}"))
        .to_owned()
}

fn find<'a>(inbox: &'a Value, number: &str) -> Option<&'a Value> {
    let groups = inbox["groups"].as_array()?.iter();
    groups
        .flat_map(|g| g["tasks"].as_array().into_iter().flatten())
        .find(|t| t["claim"] == number)
}

async fn cast(server: &Server, client: usize, claimants: &[EmployeeId]) -> Cast {
    let me = claimants[client % claimants.len()];
    let today = outlay::clock::day(outlay::clock::now(), "UTC");
    let place = server.org.primary(me, today).expect("a place");
    let head = server.org.heads_above(me, place.department)[0].0;
    let finance = ["zhao", "shao"][client % 2];
    let deal: (String,) = server
        .app
        .db
        .read()
        .one(
            "SELECT id FROM deal WHERE owner_id = $1 ORDER BY external_id LIMIT 1",
            args![me],
        )
        .await
        .expect("a deal");
    Cast {
        me: server.session(me).await,
        approvers: vec![server.session(head).await, server.session(server.id(finance)).await],
        payer: server.session(server.id("he")).await,
        entity: place.entity.to_string(),
        deal: deal.0,
        client: client as u64,
    }
}

/// Lives per second, with the times of each step.
async fn run(name: &str, config: Config, clients: usize, time: Duration) -> f64 {
    let server = Arc::new(Server::start(config, 0).await);
    let sellers: Vec<EmployeeId> = [
        "wang", "li", "xu", "lu", "jiang", "shi", "he.lin", "bai", "song", "zheng", "yu", "liang", "wen", "luo", "ou",
        "tan",
    ]
    .iter()
    .map(|key| server.id(key))
    .collect();
    let mut casts = Vec::new();
    for client in 0..clients {
        casts.push(cast(&server, client, &sellers).await);
    }
    let start = Instant::now();
    let tasks: Vec<_> = casts
        .into_iter()
        .map(|cast| {
            tokio::spawn(async move {
                let (mut table, mut lives) = (Table::new(), 0u32);
                while start.elapsed() < time {
                    life(&cast, &mut table).await;
                    lives += 1;
                }
                (table, lives)
            })
        })
        .collect();
    let (mut all, mut lives) = (Table::new(), 0);
    for task in tasks {
        let (table, count) = task.await.expect("no client failed");
        lives += count;
        for (step, times) in table {
            all.entry(step).or_default().extend(times);
        }
    }
    let rate = f64::from(lives) / start.elapsed().as_secs_f64();
    println!(
        "\n{name}: {lives} lives in {:.1} s, {rate:.1} lives/s",
        start.elapsed().as_secs_f64()
    );
    println!("  {:<14}{:>8}{:>12}{:>12}", "step", "times", "p50 ms", "p95 ms");
    for (step, times) in &mut all {
        println!(
            "  {step:<14}{:>8}{:>12}{:>12}",
            times.len(),
            millis(times.percentile(50)),
            millis(times.percentile(95))
        );
    }
    rate
}

fn main() {
    let (clients, seconds) = (harness::option("--clients", 16), harness::option("--seconds", 15));
    let time = Duration::from_secs(seconds as u64);
    harness::runtime().block_on(async {
        println!("lifecycle, {clients} clients, {seconds} s each; {}", harness::machine());
        let folder = tempfile::tempdir_in(std::env::current_dir().unwrap()).expect("a folder");
        let group = run(
            "SQLite, synchronous=FULL, group commit",
            harness::config(&folder.path().join("group")),
            clients,
            time,
        )
        .await;
        let single = Config {
            group_commit: false,
            ..harness::config(&folder.path().join("single"))
        };
        let single = run(
            "SQLite, synchronous=FULL, one transaction per command",
            single,
            clients,
            time,
        )
        .await;
        println!(
            "\ngroup commit against one transaction per command: {:.2}×",
            group / single
        );
        match harness::postgres("lifecycle").await {
            Some(url) => {
                let config = Config {
                    database: Some(url),
                    ..harness::config(&folder.path().join("postgres"))
                };
                run("PostgreSQL", config, clients, time).await;
            }
            None => println!("\nPostgreSQL was not measured: OUTLAY_TEST_POSTGRES names no server"),
        }
    });
}
