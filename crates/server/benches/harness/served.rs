//! `outlay serve` as people start it, and people who talk to it.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use outlay::config::Config;
use serde_json::Value;

/// A running server. It is killed when this is dropped.
pub struct Served {
    child: Child,
    base: String,
    http: reqwest::Client,
    /// From its start to the first page.
    pub started_in: Duration,
}

impl Served {
    /// Starts it and waits for its first page.
    pub async fn start(config: &Config) -> Served {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a port")
            .port();
        let file = config.data.join("bench.toml");
        std::fs::write(&file, format!("group_commit = {}\n", config.group_commit)).expect("written");
        let start = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_outlay"))
            .arg("--config")
            .arg(&file)
            .arg("serve")
            .env("OUTLAY_DATA", &config.data)
            .env("OUTLAY_DATABASE", config.database_url())
            .env("OUTLAY_LISTEN", format!("127.0.0.1:{port}"))
            .env("OUTLAY_ALLOW_HOSTS", config.allow_hosts.join(","))
            .env("OUTLAY_PULL_EVERY_S", config.pull_every_s.to_string())
            .env("RUST_LOG", "error")
            .stdout(Stdio::null())
            .spawn()
            .expect("started");
        let (base, http) = (format!("http://127.0.0.1:{port}"), reqwest::Client::new());
        let mut served = Served {
            child,
            base,
            http,
            started_in: Duration::ZERO,
        };
        let url = format!("{}/login", served.base);
        while !matches!(served.http.get(&url).send().await, Ok(page) if page.status().is_success()) {
            assert!(served.child.try_wait().expect("asked").is_none(), "outlay serve ended");
            assert!(start.elapsed() < Duration::from_secs(60), "no page after a minute");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        served.started_in = start.elapsed();
        served
    }

    pub fn person(&self, cookie: String) -> Person {
        Person {
            http: self.http.clone(),
            base: self.base.clone(),
            cookie,
        }
    }

    /// Resident memory in MB.
    pub fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or_default();
        let kb = line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok());
        kb.unwrap_or(0.0) / 1024.0
    }

    /// Processor time it took so far, in user and kernel.
    pub fn processor(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let fields = stat.rsplit_once(") ").map(|(_, rest)| rest).unwrap_or_default();
        let ticks = fields.split(' ').skip(11).take(2).filter_map(|t| t.parse::<u64>().ok());
        // Linux counts them in hundredths of a second.
        Duration::from_millis(ticks.sum::<u64>() * 10)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, self.url(path));
        request.header("origin", &self.base).header("cookie", &self.cookie)
    }

    /// The answer; one that is not good is an error.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Result<String, String> {
        let answer = request.send().await.map_err(|e| e.to_string())?;
        let (status, path) = (answer.status(), answer.url().path().to_owned());
        let text = answer.text().await.map_err(|e| e.to_string())?;
        if status.is_success() {
            Ok(text)
        } else {
            Err(format!("{path}: {status} {text}"))
        }
    }

    pub async fn get(&self, path: &str) -> Result<String, String> {
        self.send(self.request(reqwest::Method::GET, path)).await
    }

    pub async fn get_json(&self, path: &str) -> Result<Value, String> {
        parse(&self.get(path).await?)
    }

    pub async fn json(&self, method: reqwest::Method, path: &str, body: &Value) -> Result<Value, String> {
        let text = self.send(self.request(method, path).json(body)).await?;
        if text.is_empty() { Ok(Value::Null) } else { parse(&text) }
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.json(reqwest::Method::POST, path, body).await
    }
}

fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|e| format!("{e}: {text}"))
}
