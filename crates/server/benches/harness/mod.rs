//! What the benches share: a made-up company, `outlay serve` over it as a process of its own, people with sessions, and
//! figures.

#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench may fail loudly; each uses a part of this"
)]

mod served;
mod times;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use outlay::app::App;
use outlay::auth::session;
use outlay::clock;
use outlay::config::Config;
use outlay::demo::{self, Plan};
use outlay_core::ids::EmployeeId;
use outlay_core::org::Org;

pub use served::{Person, Served};
pub use times::{Table, Times, print, timed};

/// A runtime as `outlay serve` has it.
pub fn runtime() -> tokio::runtime::Runtime {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "error".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// A company, open in this process until it is served by another.
pub struct Company {
    pub app: Arc<App>,
    pub org: Arc<Org>,
}

impl Company {
    /// Opens what `config` names; a company of `claims` claims is made if there is none.
    pub async fn open(config: Config, claims: usize) -> Company {
        let app = App::open(config).await.expect("opened");
        let (there,): (i64,) = app
            .db
            .read()
            .one("SELECT COUNT(*) FROM legal_entity", vec![])
            .await
            .expect("counted");
        if there == 0 {
            let plan = Plan {
                seed: 20_261,
                claims,
                now: clock::now(),
            };
            let start = Instant::now();
            let made = demo::make(&app, plan, |done| {
                if done % 10_000 == 0 {
                    eprintln!("  {done} claims made");
                }
            })
            .await
            .expect("made");
            if claims > 0 {
                let took = start.elapsed().as_secs_f64();
                println!(
                    "seeded {} claims with {} receipts in {took:.1} s",
                    made.claims, made.receipts
                );
            }
        }
        let org = app.org(&mut app.db.read()).await.expect("the organisation");
        Company { app, org }
    }

    pub fn id(&self, key: &str) -> EmployeeId {
        let email = demo::email(key);
        self.org.employees().find(|e| e.email == email).expect("known").id
    }

    /// The cookie of a new session.
    pub async fn session(&self, id: EmployeeId) -> String {
        let secret = session::begin(&self.app, id).await.expect("a session");
        format!("{}={secret}", session::COOKIE)
    }

    /// Starts `outlay serve` over it.
    pub async fn serve(self) -> Served {
        let config = self.app.config.clone();
        drop(self);
        Served::start(&config).await
    }
}

/// An argument `--name VALUE` of the bench.
pub fn option(name: &str, default: usize) -> usize {
    let args: Vec<String> = std::env::args().collect();
    let at = args.iter().position(|a| a == name);
    at.and_then(|at| args.get(at + 1)?.parse().ok()).unwrap_or(default)
}

/// A fresh database on the server that `OUTLAY_TEST_POSTGRES` names.
pub async fn postgres(name: &str) -> Option<String> {
    let server = std::env::var("OUTLAY_TEST_POSTGRES").ok()?;
    let (base, _) = server.rsplit_once('/')?;
    let admin = sqlx::PgPool::connect(&server).await.expect("PostgreSQL");
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "{name}_{}_{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&admin)
        .await
        .expect("created");
    Some(format!("{base}/{name}"))
}

pub fn config(data: &Path) -> Config {
    Config {
        data: data.to_owned(),
        ..Config::default()
    }
}

/// The machine's load averages.
pub fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

/// What the machine is, for the reader of the figures.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!(
        "{cores} cores, load {} before the run; clients, server and database share the cores",
        load()
    )
}
