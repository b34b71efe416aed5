//! The real server under load, killed at any moment: nothing acknowledged is lost, nothing is done twice.
//!
//! Five kills by default; `OUTLAY_KILLS=50` for a long look.

mod proof;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use outlay_core::claim::Status;
use serde_json::{Value, json};

/// Claimants, all of one department head's people, so that one approver meets all of them.
const CLAIMANTS: [&str; 3] = ["wang", "li", "xu"];
/// Clients of each claimant.
const CLIENTS: usize = 2;

struct Server {
    data: PathBuf,
    address: String,
    child: Child,
}

impl Server {
    fn make(data: &Path) {
        let data = data.to_str().expect("UTF-8");
        let made = outlay(&["demo", "--dir", data, "--claims", "0", "--make-only"]).status();
        assert!(made.expect("run").success());
    }

    async fn start(data: &Path, address: &str) -> Server {
        let child = outlay(&["--data", data.to_str().expect("UTF-8"), "--listen", address, "serve"])
            .spawn()
            .expect("started");
        let server = Server {
            data: data.to_owned(),
            address: address.to_owned(),
            child,
        };
        for _ in 0..400 {
            if reqwest::get(format!("http://{address}/healthz")).await.is_ok() {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the server did not come up");
    }

    /// SIGKILL, then a new process on the same data.
    async fn kill(mut self) -> Server {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
        let (data, address) = (self.data.clone(), self.address.clone());
        Server::start(&data, &address).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn outlay(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outlay"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OUTLAY_")) {
        command.env_remove(name);
    }
    command
        .args(args)
        .env("RUST_LOG", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// What the server has said to be done.
#[derive(Default)]
struct Heard {
    /// The least status of each claim, by number.
    status: Mutex<BTreeMap<String, Status>>,
    /// The number of each claim, by title.
    numbers: Mutex<BTreeMap<String, String>>,
    /// Answers heard.
    answers: AtomicUsize,
    over: AtomicBool,
}

impl Heard {
    fn at_least(&self, number: &str, status: Status) {
        let mut all = self.status.lock().expect("not poisoned");
        let known = all.entry(number.to_owned()).or_insert(status);
        *known = (*known).max(status);
    }
}

/// Somebody with a session, who asks again for as long as nobody answers.
#[derive(Clone)]
struct Person {
    http: reqwest::Client,
    base: String,
    cookie: String,
    heard: Arc<Heard>,
}

impl Person {
    async fn log_in(address: &str, key: &str, heard: &Arc<Heard>) -> Person {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(15))
            .build()
            .expect("a client");
        let base = format!("http://{address}");
        let email = outlay::demo::email(key);
        let answer = http
            .post(format!("{base}/login"))
            .header("origin", &base)
            .form(&[("email", email.as_str()), ("password", outlay::demo::PASSWORD)])
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 303);
        let cookie = answer.headers()["set-cookie"].to_str().expect("text");
        let cookie = cookie.split(';').next().expect("a cookie").to_owned();
        Person {
            http,
            base,
            cookie,
            heard: heard.clone(),
        }
    }

    /// The answer; none once the test is over.
    async fn ask(
        &self,
        method: reqwest::Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Option<(u16, Value)> {
        loop {
            if self.heard.over.load(Ordering::Relaxed) {
                return None;
            }
            let mut request = self
                .http
                .request(method.clone(), format!("{}{path}", self.base))
                .header("origin", &self.base)
                .header("cookie", &self.cookie);
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            if let Some(body) = body {
                request = request.json(body);
            }
            if let Ok(answer) = request.send().await {
                let status = answer.status().as_u16();
                if let Ok(text) = answer.text().await {
                    assert!(status < 500, "{method} {path}: {status} {text}");
                    self.heard.answers.fetch_add(1, Ordering::Relaxed);
                    return Some((status, serde_json::from_str(&text).unwrap_or(Value::Null)));
                }
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    async fn get(&self, path: &str) -> Option<(u16, Value)> {
        self.ask(reqwest::Method::GET, path, None, None).await
    }

    async fn post(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        self.ask(reqwest::Method::POST, path, None, Some(body)).await
    }

    async fn create(&self, path: &str, key: &str, body: &Value) -> Option<(u16, Value)> {
        self.ask(reqwest::Method::POST, path, Some(key), Some(body)).await
    }
}

struct Cast {
    head: Person,
    finance: Person,
    payer: Person,
    entity: String,
    day: String,
}

/// One claim from draft to paid, as far as it comes; `None` once the test is over.
async fn life(me: &Person, deal: &str, cast: &Cast, title: &str) -> Option<()> {
    let heard = &me.heard;
    let line = |category: &str, amount: &str| json!({"category": category, "incurred_on": cast.day, "paid": {"amount": amount}});
    let content = json!({
        "title": title, "purpose": "产线检测", "links": {"deal": deal},
        "lines": [line("travel.taxi", "88.00"), line("meals", "61.00")],
    });
    let (status, made) = me.create("/api/v1/claims", title, &json!({"content": content})).await?;
    if status == 409 {
        // The claim is there; only the answer with its number was lost.
        assert_eq!(made["code"], "answer-lost", "{made}");
        return Some(());
    }
    assert_eq!(status, 201, "{made}");
    let number = made["number"].as_str().expect("a number").to_owned();
    heard.at_least(&number, Status::Draft);
    heard
        .numbers
        .lock()
        .expect("not poisoned")
        .insert(title.to_owned(), number.clone());

    let (status, answer) = me
        .post(&format!("/api/v1/claims/{number}/submission"), &json!({}))
        .await?;
    assert!(status == 200 || status == 409, "{answer}");
    heard.at_least(&number, Status::InReview);
    for approver in [&cast.head, &cast.finance] {
        let (_, inbox) = approver.get("/api/v1/tasks").await?;
        let tasks = inbox["groups"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|g| g["tasks"].as_array().into_iter().flatten());
        let Some(task) = tasks.into_iter().find(|t| t["claim"] == number.as_str()) else {
            continue;
        };
        let path = format!("/api/v1/tasks/{}/approval", task["id"].as_str().expect("an id"));
        let (status, answer) = approver.post(&path, &json!({"hash": task["hash"]})).await?;
        // Asked again after a lost answer, the task is closed.
        assert!([200, 404, 409].contains(&status), "{status} {answer}");
    }
    let (_, claim) = me.get(&format!("/api/v1/claims/{number}")).await?;
    if claim["status"] != "approved" {
        return Some(());
    }
    heard.at_least(&number, Status::Approved);
    let batch = json!({"entity": cast.entity, "execute_on": cast.day, "claims": [number]});
    let (status, answer) = cast
        .payer
        .create("/api/v1/batches", &format!("pay-{title}"), &batch)
        .await?;
    if status != 201 {
        assert!(status == 409 || status == 422, "{status} {answer}");
        return Some(());
    }
    heard.at_least(&number, Status::Paying);
    let path = format!(
        "/api/v1/batches/{}/posting",
        answer["number"].as_str().expect("a number")
    );
    let (status, answer) = cast.payer.post(&path, &json!({"on": cast.day})).await?;
    assert!(status == 200 || status == 409, "{status} {answer}");
    if status == 200 {
        heard.at_least(&number, Status::Paid);
    }
    Some(())
}

#[test]
fn a_killed_server_loses_nothing_and_doubles_nothing() {
    let kills: usize = std::env::var("OUTLAY_KILLS")
        .ok()
        .and_then(|k| k.parse().ok())
        .unwrap_or(5);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        Server::make(&data);
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .expect("a port")
            .local_addr()
            .expect("an address")
            .port();
        let mut server = Server::start(&data, &format!("127.0.0.1:{port}")).await;

        let heard = Arc::new(Heard::default());
        let mut people = BTreeMap::new();
        for key in CLAIMANTS.iter().chain(&["chen", "zhao", "he"]) {
            people.insert(*key, Person::log_in(&server.address, key, &heard).await);
        }
        let (entity, deals) = facts(&data).await;
        let cast = Arc::new(Cast {
            head: people["chen"].clone(),
            finance: people["zhao"].clone(),
            payer: people["he"].clone(),
            entity,
            day: outlay::clock::day(outlay::clock::now(), "Asia/Shanghai").to_string(),
        });
        let clients: Vec<_> = (0..CLAIMANTS.len() * CLIENTS)
            .map(|client| {
                let key = CLAIMANTS[client % CLAIMANTS.len()];
                let (me, deal, cast) = (people[key].clone(), deals[key].clone(), cast.clone());
                tokio::spawn(async move {
                    for n in 0.. {
                        if life(&me, &deal, &cast, &format!("kill-{client}-{n}")).await.is_none() {
                            break;
                        }
                    }
                })
            })
            .collect();
        for n in 0..kills {
            let pause = 300 + (n as u64 * 7_919) % 900;
            tokio::time::sleep(Duration::from_millis(pause)).await;
            server = server.kill().await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        heard.over.store(true, Ordering::Relaxed);
        for client in clients {
            client.await.expect("no client failed");
        }
        drop(server);
        proof::prove(&data, &heard).await;
    });
}

/// The Chinese entity, and a deal of each claimant.
async fn facts(data: &Path) -> (String, BTreeMap<&'static str, String>) {
    let url = format!("sqlite:{}", data.join("outlay.db").display());
    let mut sql = outlay::db::Db::open(&url).await.expect("opened").read();
    let text = "SELECT id FROM legal_entity WHERE code = 'CN01'";
    let entity: (String,) = sql.one(text, vec![]).await.expect("read");
    let mut deals = BTreeMap::new();
    for key in CLAIMANTS {
        let text = "SELECT d.id FROM deal d JOIN employee e ON e.id = d.owner_id WHERE e.email = $1 LIMIT 1";
        let deal: (String,) = sql
            .one(text, outlay::args![outlay::demo::email(key)])
            .await
            .expect("a deal");
        deals.insert(key, deal.0);
    }
    (entity.0, deals)
}
