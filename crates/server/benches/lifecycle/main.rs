//! Whole lives of claims over HTTP: made with four lines, a receipt of 140 kB attached, handed in, approved twice, paid,
//! posted, read. `cargo xtask bench lifecycle -- --clients 16 --seconds 20`.

#[path = "../harness/mod.rs"]
mod harness;
mod life;

use std::time::{Duration, Instant};

use harness::{Company, Served, Table, print};
use life::Cast;
use outlay::app::App;
use outlay::args;
use outlay::config::Config;
use outlay_core::ids::EmployeeId;

const SELLERS: [&str; 16] = [
    "wang", "li", "xu", "lu", "jiang", "shi", "he.lin", "bai", "song", "zheng", "yu", "liang", "wen", "luo", "ou",
    "tan",
];

/// What a run came to.
struct Figures {
    lives: u64,
    errors: u64,
    rate: f64,
}

/// All clients live lives for `time`, after one each to warm up.
async fn run(name: &str, config: Config, clients: usize, time: Duration) -> Figures {
    let company = Company::open(config.clone(), 0).await;
    let sellers: Vec<EmployeeId> = SELLERS.iter().map(|key| company.id(key)).collect();
    let mut casts = Vec::new();
    for client in 0..clients {
        casts.push(Cast::of(&company, client, sellers[client % sellers.len()]).await);
    }
    let server = company.serve().await;
    let (started_in, rest) = rest(&server).await;
    let casts: Vec<_> = casts.into_iter().map(|cast| cast.at(&server)).collect();
    for cast in &casts {
        life::live(cast, &mut Table::new()).await.expect("a first life");
    }

    let (start, before) = (Instant::now(), server.processor());
    let tasks: Vec<_> = casts
        .into_iter()
        .map(|cast| {
            tokio::spawn(async move {
                let (mut table, mut lives, mut errors) = (Table::new(), 0, 0);
                while start.elapsed() < time {
                    let mut steps = Table::new();
                    let begun = Instant::now();
                    match life::live(&cast, &mut steps).await {
                        Ok(()) => {
                            lives += 1;
                            table.entry("whole life").or_default().add(begun.elapsed());
                            merge(&mut table, steps);
                        }
                        Err(error) => {
                            errors += 1;
                            eprintln!("  an error: {error}");
                        }
                    }
                }
                (table, lives, errors)
            })
        })
        .collect();
    let (mut all, mut lives, mut errors) = (Table::new(), 0, 0);
    for task in tasks {
        let (table, count, failed) = task.await.expect("a client");
        lives += count;
        errors += failed;
        merge(&mut all, table);
    }
    let took = start.elapsed();
    let rate = lives as f64 / took.as_secs_f64();
    let processor = (server.processor() - before).as_secs_f64() * 1_000.0 / lives.max(1) as f64;
    println!(
        "\n{name}: {lives} lives in {:.1} s, {rate:.1} lives/s, {errors} errors; load {}",
        took.as_secs_f64(),
        harness::load()
    );
    println!(
        "  server: {processor:.2} ms of processor time a life; first page {} ms after its start; \
         memory {rest:.0} MB at rest, {:.0} MB after",
        started_in.as_millis(),
        server.memory()
    );
    print("step", &mut all);
    drop(server);
    count(config, lives + errors + clients as u64, errors).await;
    Figures { lives, errors, rate }
}

fn merge(all: &mut Table, some: Table) {
    for (step, times) in some {
        all.entry(step).or_default().extend(times);
    }
}

/// When the first page came, and memory once it has been quiet.
async fn rest(server: &Served) -> (Duration, f64) {
    tokio::time::sleep(Duration::from_secs(3)).await;
    (server.started_in, server.memory())
}

/// Counts in the database what the clients were told: each life is a payment posted, and its write-back queued.
async fn count(config: Config, lives: u64, errors: u64) {
    let app = App::open(config).await.expect("opened again");
    let mut sql = app.db.read();
    let (paid,): (i64,) = sql
        .one(
            "SELECT COUNT(*) FROM payment p JOIN claim c ON c.id = p.claim_id WHERE p.status = 'posted' \
             AND c.title LIKE '客户现场 %' AND c.status IN ('paid', 'archived')",
            args![],
        )
        .await
        .expect("counted");
    let (queued,): (i64,) = sql
        .one("SELECT COUNT(*) FROM job WHERE kind = 'write_back'", args![])
        .await
        .expect("counted");
    println!("  in the database: {paid} payments posted for {lives} lives begun; {queued} write-backs queued");
    assert!(
        paid.unsigned_abs() + errors >= lives && paid.unsigned_abs() <= lives,
        "payments and lives disagree"
    );
    assert!(queued > 0, "no write-back was queued");
}

fn main() {
    let (clients, seconds) = (harness::option("--clients", 16), harness::option("--seconds", 15));
    let only = harness::option("--only", 0);
    let time = Duration::from_secs(seconds as u64);
    harness::runtime().block_on(async {
        println!("lifecycle, {clients} clients, {seconds} s each; {}", harness::machine());
        let folder = tempfile::tempdir_in(std::env::current_dir().expect("a folder")).expect("a folder");
        let sqlite = |name: &str, group_commit| Config {
            group_commit,
            ..harness::config(&folder.path().join(name))
        };
        let group = run(
            "SQLite, synchronous=FULL, group commit",
            sqlite("group", true),
            clients,
            time,
        )
        .await;
        if only == 1 {
            return;
        }
        let single = run(
            "SQLite, synchronous=FULL, one transaction per command",
            sqlite("single", false),
            clients,
            time,
        )
        .await;
        println!(
            "\ngroup commit against one transaction per command: {:.2} times as many lives",
            group.rate / single.rate
        );
        let mut all = vec![group, single];
        match harness::postgres("lifecycle").await {
            Some(url) => {
                let config = Config {
                    database: Some(url),
                    ..harness::config(&folder.path().join("postgres"))
                };
                all.push(run("PostgreSQL", config, clients, time).await);
            }
            None => println!("\nPostgreSQL was not measured: OUTLAY_TEST_POSTGRES names no server"),
        }
        assert!(all.iter().all(|f| f.errors == 0 && f.lives > 0), "there were errors");
    });
}
