//! The real server under load, killed at any moment: nothing acknowledged is lost, nothing is done twice.
//!
//! Five kills of each database by default; `OUTLAY_KILLS=50` for a long look.

mod invoice;
mod proof;
pub(crate) mod servers;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use outlay::app::App;
use outlay::args;
use outlay_core::claim::Status;
use serde_json::{Value, json};

use self::servers::{Place, Server};
use crate::world::own_database;

/// Claimants, all of one department head's people, so that one approver meets all of them.
const CLAIMANTS: [&str; 3] = ["wang", "li", "xu"];
/// Clients of each claimant.
const CLIENTS: usize = 3;

/// What the server has said to be done.
#[derive(Default)]
pub(crate) struct Heard {
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
pub(crate) struct Person {
    http: reqwest::Client,
    base: String,
    cookie: String,
    heard: Arc<Heard>,
}

impl Person {
    pub(crate) async fn log_in(address: &str, key: &str, heard: &Arc<Heard>) -> Person {
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

    /// The answer; none once the test is over. One who sent a key gives up in the end, as if told that it still runs:
    /// where many may serve, the key of a dead server is held for minutes.
    async fn ask(
        &self,
        method: reqwest::Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Option<(u16, Value)> {
        for tries in 0.. {
            if self.heard.over.load(Ordering::Relaxed) {
                break;
            }
            if key.is_some() && tries > 2 {
                return Some((409, json!({"code": "running"})));
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
        None
    }

    async fn get(&self, path: &str) -> Option<(u16, Value)> {
        self.ask(reqwest::Method::GET, path, None, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        self.ask(reqwest::Method::POST, path, None, Some(body)).await
    }

    pub(crate) async fn create(&self, path: &str, key: &str, body: &Value) -> Option<(u16, Value)> {
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
        // The claim is there, and only the answer with its number was lost; or, where many may serve, whoever had begun it
        // is not known to be dead yet.
        let code = made["code"].as_str().expect("a code");
        assert!(["answer-lost", "running"].contains(&code), "{made}");
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
    run(async || None);
}

#[test]
fn killed_servers_and_workers_on_postgresql_lose_nothing_and_double_nothing() {
    match std::env::var("OUTLAY_TEST_POSTGRES") {
        Ok(server) => run(async || Some(own_database(&server).await)),
        Err(_) => eprintln!("NOT RUN on PostgreSQL: OUTLAY_TEST_POSTGRES is not set"),
    }
}

fn run(database: impl AsyncFnOnce() -> Option<String>) {
    let kills: usize = std::env::var("OUTLAY_KILLS")
        .ok()
        .and_then(|k| k.parse().ok())
        .unwrap_or(5);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Arc::new(Place::make(folder.path().join("data"), database().await));
        let mut server = Server::start(place.clone()).await;

        let heard = Arc::new(Heard::default());
        let mut people = BTreeMap::new();
        for key in CLAIMANTS.iter().chain(&["chen", "zhao", "he"]) {
            people.insert(*key, Person::log_in(&place.address, key, &heard).await);
        }
        let (entity, deals) = facts(&place).await;
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
            server.kill(n).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        heard.over.store(true, Ordering::Relaxed);
        for client in clients {
            client.await.expect("no client failed");
        }
        drop(server);
        proof::prove(place.config(), &heard).await;
    });
}

/// The Chinese entity, and a deal of each claimant.
pub(crate) async fn facts(place: &Place) -> (String, BTreeMap<&'static str, String>) {
    let app = App::beside(place.config()).await.expect("opened");
    let mut sql = app.db.read();
    let (entity,): (String,) = sql
        .one("SELECT id FROM legal_entity WHERE code = 'CN01'", args![])
        .await
        .expect("read");
    let mut deals = BTreeMap::new();
    for key in CLAIMANTS {
        let text = "SELECT d.id FROM deal d JOIN employee e ON e.id = d.owner_id WHERE e.email = $1 LIMIT 1";
        let (deal,): (String,) = sql.one(text, args![outlay::demo::email(key)]).await.expect("a deal");
        deals.insert(key, deal);
    }
    (entity, deals)
}
