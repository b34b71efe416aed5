//! Pages at 100,000 claims, start time and idle memory. `cargo xtask bench pages -- --claims 100000`.

#![allow(clippy::unwrap_used, reason = "a bench may fail loudly")]

mod harness;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use harness::{Person, Server, Table, millis, timed};
use outlay::args;

const ROUNDS: usize = 60;

async fn pages(server: &Server) {
    let people = [("wang", "seller"), ("chen", "head"), ("zhao", "finance")];
    let mut sql = server.app.db.read();
    let claims: Vec<(String,)> = sql
        .all(
            "SELECT number FROM claim WHERE status = 'archived' ORDER BY updated_at DESC LIMIT 60",
            args![],
        )
        .await
        .expect("claims");
    let deals: Vec<(String,)> = sql
        .all(
            "SELECT deal_id FROM allocation WHERE deal_id IS NOT NULL GROUP BY deal_id ORDER BY COUNT(*) DESC LIMIT 60",
            args![],
        )
        .await
        .expect("deals");
    let finance = server.session(server.id("zhao")).await;
    let mut table = Table::new();
    for round in 0..ROUNDS + 5 {
        let mut one = Table::new();
        for (key, _) in people {
            let person = server.session(server.id(key)).await;
            timed(&mut one, "Inbox", person.get("/inbox")).await;
            timed(&mut one, "Claims", person.get("/claims")).await;
        }
        let claim = &claims[round % claims.len()].0;
        timed(&mut one, "Claim", finance.get(&format!("/claims/{claim}"))).await;
        let deal = &deals[round % deals.len()].0;
        timed(&mut one, "Deal", finance.get(&format!("/crm/deals/{deal}"))).await;
        insights(&finance, &mut one).await;
        // The first rounds warm the caches.
        if round >= 5 {
            for (name, times) in one {
                table.entry(name).or_default().extend(times);
            }
        }
    }
    println!(
        "\n{:<34}{:>8}{:>10}{:>10}{:>10}",
        "page, whole answer over HTTP", "times", "p50 ms", "p95 ms", "p99 ms"
    );
    for (name, times) in &mut table {
        let [p50, p95, p99] = [50, 95, 99].map(|p| millis(times.percentile(p)));
        println!("{name:<34}{:>8}{p50:>10}{p95:>10}{p99:>10}", times.len());
    }
}

async fn insights(finance: &Person, table: &mut Table) {
    for (name, path) in [
        ("Insights by customer", "/api/v1/insights?by=account"),
        ("Insights by deal", "/api/v1/insights?by=deal"),
        ("Insights by category × month", "/api/v1/insights?by=category"),
    ] {
        timed(table, name, finance.get(path)).await;
    }
}

/// `outlay serve` as people start it.
struct Process(Child);

impl Process {
    fn start(data: &Path, port: u16) -> Process {
        let child = Command::new(env!("CARGO_BIN_EXE_outlay"))
            .args([
                "--data",
                data.to_str().expect("UTF-8"),
                "--listen",
                &format!("127.0.0.1:{port}"),
                "serve",
            ])
            .env("RUST_LOG", "error")
            .stdout(Stdio::null())
            .spawn()
            .expect("started");
        Process(child)
    }

    /// Resident memory in MB.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or_default();
        line.split_whitespace()
            .nth(1)
            .and_then(|kb| kb.parse::<u64>().ok())
            .unwrap_or(0)
            / 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn start_and_rest(data: &Path) {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("a port")
        .port();
    let start = Instant::now();
    let process = Process::start(data, port);
    let url = format!("http://127.0.0.1:{port}/login");
    while reqwest::get(&url).await.is_err() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let first = start.elapsed();
    tokio::time::sleep(Duration::from_secs(5)).await;
    println!(
        "\nstart to first page: {} ms; memory at rest: {} MB",
        millis(first),
        process.memory()
    );
}

fn main() {
    let claims = harness::option("--claims", 100_000);
    // Made once and kept, since making it takes longer than measuring it.
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("pages-{claims}"));
    harness::runtime().block_on(async {
        println!("pages at {claims} claims; {}", harness::machine());
        let start = Instant::now();
        let server = Server::start(harness::config(&folder), claims).await;
        println!("opened or made in {:.1} s", start.elapsed().as_secs_f64());
        let mut sql = server.app.db.read();
        let (lines,): (i64,) = sql
            .one("SELECT COUNT(DISTINCT line_id) FROM allocation", args![])
            .await
            .expect("counted");
        let (events,): (i64,) = sql.one("SELECT COUNT(*) FROM event", args![]).await.expect("counted");
        println!("{lines} lines, {events} events");
        pages(&server).await;
    });
    harness::runtime_again().block_on(start_and_rest(&folder));
}
