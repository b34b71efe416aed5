//! Handing claims in until it is decided who approves, as the server reckons its own time. `cargo xtask bench submit -- --claims 2000`.

mod harness;

use std::time::{Duration, Instant};

use harness::{Company, Person, Table, Times, print};
use outlay::args;
use outlay::config::Config;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

/// Microseconds that the server spent on all requests so far, by its own count.
async fn spent(me: &Person) -> Result<Duration, String> {
    let text = me.get("/metrics").await?;
    let line = text
        .lines()
        .find_map(|l| l.strip_prefix("outlay_request_microseconds_total "));
    let micros = line.and_then(|n| n.parse().ok()).ok_or("no count in /metrics")?;
    Ok(Duration::from_micros(micros))
}

/// A receipt that no reader knows; what is in it is no part of handing in.
async fn receipt(me: &Person) -> Result<String, String> {
    let mut bytes = b"%PDF-1.4\n".to_vec();
    bytes.resize_with(4_096, rand::random);
    let part = Part::bytes(bytes).file_name("receipt.pdf").mime_str("application/pdf");
    let form = Form::new().part("file", part.map_err(|e| e.to_string())?);
    let request = me.request(Method::POST, "/api/v1/documents").multipart(form);
    let made: Value = serde_json::from_str(&me.send(request).await?).map_err(|e| e.to_string())?;
    made[0]["id"]
        .as_str()
        .map(str::to_owned)
        .ok_or(format!("no id in {made}"))
}

/// A claim of four lines for a deal.
async fn draft(me: &Person, deal: &str, n: u64) -> Result<String, String> {
    let today = outlay::clock::day(outlay::clock::now(), "Asia/Shanghai");
    let day = today.saturating_sub(jiff::Span::new().days(i64::try_from(n % 60).unwrap_or(0)));
    let line = |category: &str, cents: u64| {
        json!({"category": category, "incurred_on": day.to_string(), "place": "上海",
            "paid": {"amount": format!("{}.{:02}", cents / 100, cents % 100)}})
    };
    let mut content = json!({
        "title": format!("客户现场 {n}"), "purpose": "产线检测方案确认", "links": {"deal": deal},
        "lines": [line("lodging", 30_000 + n % 9_000), line("travel.taxi", 4_000 + n % 4_000), line("meals", 5_000 + n % 3_000),
            line("travel.other", 1_000 + n % 2_000)],
    });
    content["lines"][0]["document"] = json!(receipt(me).await?);
    let made = me.post("/api/v1/claims", &json!({"content": content})).await?;
    made["number"]
        .as_str()
        .map(str::to_owned)
        .ok_or(format!("no number in {made}"))
}

async fn run(name: &str, config: Config, claims: u64) {
    let company = Company::open(config, 0).await;
    let seller = company.id("wang");
    let text = "SELECT id FROM deal WHERE owner_id = $1 ORDER BY external_id LIMIT 1";
    let (deal,): (String,) = company.app.db.read().one(text, args![seller]).await.expect("a deal");
    let cookie = company.session(seller).await;
    let server = company.serve().await;
    let me = server.person(cookie);
    let (mut table, mut submits) = (Table::new(), Times::default());
    let before = server.processor();
    for n in 0..claims + 20 {
        let number = draft(&me, &deal, n).await.expect("drafted");
        // What it costs to ask, which is in the figure.
        let asked = [spent(&me).await.expect("told"), spent(&me).await.expect("told")];
        let start = Instant::now();
        me.post(&format!("/api/v1/claims/{number}/submission"), &Value::Null)
            .await
            .expect("handed in");
        let took = start.elapsed();
        let after = spent(&me).await.expect("told");
        // The first ones warm up.
        if n >= 20 {
            table.entry("to ask for it").or_default().add(asked[1] - asked[0]);
            table.entry("submission, as the client waits").or_default().add(took);
            submits.add(after - asked[1]);
        }
    }
    let p99 = submits.percentile(99);
    table.insert("submission, the server's time", submits);
    println!(
        "\n{name}: {claims} claims handed in one after the other; load {}; {:.1} ms of the server's processor a claim, drafting included",
        harness::load(),
        (server.processor() - before).as_secs_f64() * 1_000.0 / claims.max(1) as f64
    );
    print("step", &mut table);
    println!(
        "  p99 is {} the aim of 5 ms",
        if p99 <= Duration::from_millis(5) {
            "within"
        } else {
            "beyond"
        }
    );
}

fn main() {
    let claims = harness::option("--claims", 1_000) as u64;
    harness::runtime().block_on(async {
        println!("submit; {}", harness::machine());
        let folder = tempfile::tempdir_in(std::env::current_dir().expect("a folder")).expect("a folder");
        run(
            "SQLite, synchronous=FULL",
            harness::config(&folder.path().join("sqlite")),
            claims,
        )
        .await;
        match harness::postgres("submit").await {
            Some(url) => {
                let config = Config {
                    database: Some(url),
                    ..harness::config(&folder.path().join("postgres"))
                };
                run("PostgreSQL", config, claims).await;
            }
            None => println!("\nPostgreSQL was not measured: OUTLAY_TEST_POSTGRES names no server"),
        }
    });
}
