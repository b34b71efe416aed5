//! Pages at 100,000 claims. `cargo xtask bench pages -- --claims 100000`; add `--postgres 1` for PostgreSQL too.

mod harness;

use std::path::PathBuf;
use std::time::Instant;

use harness::{Company, Person, Table, print, timed};
use outlay::args;
use outlay::config::Config;

/// Addresses that take turns.
const MANY: i64 = 60;
const ROUNDS: usize = 40;
/// Rounds that warm caches and are not counted.
const WARM: usize = 5;

/// What is read: by whom, and which claims and deals.
struct Reading {
    people: Vec<(&'static str, Person)>,
    claims: Vec<String>,
    deals: Vec<String>,
}

/// Inbox and claims as each of them has them, a claim, a deal, and figures as finance has them.
async fn pages(reading: &Reading) -> Table {
    let mut table = Table::new();
    let finance = &reading.people[2].1;
    for round in 0..ROUNDS + WARM {
        let mut one = Table::new();
        for (who, person) in &reading.people {
            let names = match *who {
                "seller" => ["Inbox, seller", "Claims, seller", "Insights page, seller"],
                "head" => ["Inbox, head", "Claims, head", "Insights page, head"],
                _ => ["Inbox, finance", "Claims, finance", "Insights page, finance"],
            };
            for (name, path) in names.into_iter().zip(["/inbox", "/claims", "/insights"]) {
                timed(&mut one, name, person.get(path)).await.expect("a page");
            }
        }
        let claim = format!("/claims/{}", reading.claims[round % reading.claims.len()]);
        timed(&mut one, "Claim", finance.get(&claim)).await.expect("a page");
        let deal = format!("/crm/deals/{}", reading.deals[round % reading.deals.len()]);
        timed(&mut one, "Deal", finance.get(&deal)).await.expect("a page");
        for (name, by) in [
            ("Insights by customer, data", "account"),
            ("Insights by deal, data", "deal"),
            ("Insights category × month, data", "category"),
        ] {
            let path = format!("/api/v1/insights?by={by}");
            timed(&mut one, name, finance.get(&path)).await.expect("figures");
        }
        if round >= WARM {
            for (name, times) in one {
                table.entry(name).or_default().extend(times);
            }
        }
    }
    table
}

async fn run(name: &str, config: Config, claims: usize) {
    let start = Instant::now();
    let company = Company::open(config, claims).await;
    println!("\n{name}, opened or made in {:.1} s", start.elapsed().as_secs_f64());
    let mut sql = company.app.db.read();
    let (claims, lines): (i64, i64) = sql
        .one("SELECT COUNT(*), CAST(SUM(line_count) AS BIGINT) FROM claim", args![])
        .await
        .expect("counted");
    let (events,): (i64,) = sql.one("SELECT COUNT(*) FROM event", args![]).await.expect("counted");
    println!("{claims} claims, {lines} lines, {events} events");
    let finance = company.id("zhao");
    let today = outlay::clock::day(outlay::clock::now(), "UTC");
    let entity = company.org.primary(finance, today).expect("a place").entity;
    let seen: Vec<(String,)> = sql
        .all(
            "SELECT number FROM claim WHERE status = 'archived' AND entity_id = $1 ORDER BY updated_at DESC LIMIT $2",
            args![entity, MANY],
        )
        .await
        .expect("claims");
    let deals: Vec<(String,)> = sql
        .all(
            "SELECT deal_id FROM allocation WHERE deal_id IS NOT NULL GROUP BY deal_id ORDER BY COUNT(*) DESC LIMIT $1",
            args![MANY],
        )
        .await
        .expect("deals");
    drop(sql);
    let mut cookies = Vec::new();
    for (who, key) in [("seller", "wang"), ("head", "chen"), ("finance", "zhao")] {
        cookies.push((who, company.session(company.id(key)).await));
    }
    let server = company.serve().await;
    let people = cookies.into_iter().map(|(who, cookie)| (who, server.person(cookie)));
    let reading = Reading {
        people: people.collect(),
        claims: seen.into_iter().map(|(n,)| n).collect(),
        deals: deals.into_iter().map(|(id,)| id).collect(),
    };
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    println!(
        "first page {} ms after the start; memory {:.0} MB at rest",
        server.started_in.as_millis(),
        server.memory()
    );
    let mut table = pages(&reading).await;
    println!("load {}, memory {:.0} MB after", harness::load(), server.memory());
    print("whole answer over HTTP", &mut table);
}

fn main() {
    let claims = harness::option("--claims", 100_000);
    // Made once and kept, since making it takes longer than measuring it.
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    harness::runtime().block_on(async {
        println!("pages at {claims} claims; {}", harness::machine());
        let sqlite = harness::config(&folder.join(format!("pages-{claims}")));
        run("SQLite", sqlite, claims).await;
        if harness::option("--postgres", 0) == 1 {
            let url = harness::postgres("pages").await.expect("OUTLAY_TEST_POSTGRES");
            let data = tempfile::tempdir_in(&folder).expect("a folder");
            let config = Config {
                database: Some(url),
                ..harness::config(data.path())
            };
            run("PostgreSQL", config, claims).await;
        }
    });
}
