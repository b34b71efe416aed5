//! What both benches share: a server with a made-up company, people with sessions, and figures.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench may fail loudly; each uses a part of this"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use outlay::app::App;
use outlay::auth::session;
use outlay::config::Config;
use outlay::demo::{self, Plan};
use outlay::{clock, http};
use outlay_core::ids::EmployeeId;
use outlay_core::org::Org;
use serde_json::Value;

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

/// Another runtime, once the first and all it held are gone.
pub fn runtime_again() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

/// A server in this process, reached over HTTP.
pub struct Server {
    pub app: Arc<App>,
    pub org: Arc<Org>,
    pub base: String,
    http: reqwest::Client,
}

impl Server {
    /// Serves what `config` names; a company of `claims` claims is made if there is none.
    pub async fn start(config: Config, claims: usize) -> Server {
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
            demo::make(&app, plan, |done| {
                if done % 10_000 == 0 {
                    eprintln!("  {done} claims made");
                }
            })
            .await
            .expect("made");
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = http::router(app.clone()).into_make_service_with_connect_info::<std::net::SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, router).await });
        tokio::spawn(outlay::jobs::run(app.clone(), std::future::pending()));
        let org = app.org(&mut app.db.read()).await.expect("the organisation");
        Server {
            app,
            org,
            base,
            http: reqwest::Client::new(),
        }
    }

    pub fn id(&self, key: &str) -> EmployeeId {
        let email = demo::email(key);
        self.org.employees().find(|e| e.email == email).expect("known").id
    }

    pub async fn session(&self, id: EmployeeId) -> Person {
        let secret = session::begin(&self.app, id).await.expect("a session");
        Person {
            http: self.http.clone(),
            base: self.base.clone(),
            cookie: format!("{}={secret}", session::COOKIE),
        }
    }
}

/// Somebody with a session.
#[derive(Clone)]
pub struct Person {
    http: reqwest::Client,
    base: String,
    cookie: String,
}

impl Person {
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request.header("origin", &self.base).header("cookie", &self.cookie)
    }

    /// The answer, which must be good.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> String {
        let answer = request.send().await.expect("an answer");
        let (status, path) = (answer.status(), answer.url().path().to_owned());
        let text = answer.text().await.expect("text");
        assert!(status.is_success(), "{path}: {status} {text}");
        text
    }

    pub async fn get(&self, path: &str) -> String {
        self.send(self.request(reqwest::Method::GET, path)).await
    }

    pub async fn get_json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).await).expect("JSON")
    }

    pub async fn json(&self, method: reqwest::Method, path: &str, body: &Value) -> Value {
        serde_json::from_str(&self.send(self.request(method, path).json(body)).await).unwrap_or(Value::Null)
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        self.json(reqwest::Method::POST, path, body).await
    }
}

/// Times of one kind of thing.
#[derive(Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub fn extend(&mut self, other: Times) {
        self.0.extend(other.0);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The time that `percent` of all stay within.
    pub fn percentile(&mut self, percent: usize) -> Duration {
        self.0.sort();
        let at = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(at).copied().unwrap_or_default()
    }
}

/// Times by name, in the order of names.
pub type Table = BTreeMap<&'static str, Times>;

pub async fn timed<T>(table: &mut Table, name: &'static str, work: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let value = work.await;
    table.entry(name).or_default().add(start.elapsed());
    value
}

pub fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1_000.0)
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
    let name = format!("{name}_{}", std::process::id());
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

/// What the machine is, for the reader of the figures.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("?").to_owned();
    format!("{cores} cores, load {load} before the run; clients and server share the cores")
}
