//! Against a real Tryton: `OUTLAY_TRYTON` holds the line that `integrations/tryton/run.py` prints.

use base64::Engine;
use outlay::args;
use outlay::jobs::{Handlers, Pace, Runner};
use outlay_core::claim::Command;
use outlay_core::ids::{BatchId, PaymentId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::seed;
use crate::world::{Client, World};

struct Tryton {
    url: String,
    database: String,
    key: String,
    login: String,
    password: String,
}

impl Tryton {
    fn find() -> Option<Tryton> {
        let Ok(line) = std::env::var("OUTLAY_TRYTON") else {
            eprintln!("NOT RUN against Tryton: OUTLAY_TRYTON is not set");
            return None;
        };
        let json: Value = serde_json::from_str(&line).expect("OUTLAY_TRYTON is JSON");
        let text = |name: &str| json[name].as_str().expect(name).to_owned();
        Some(Tryton {
            url: text("url"),
            database: text("database"),
            key: text("key"),
            login: text("login"),
            password: text("password"),
        })
    }

    /// Asks Tryton itself, past the connector.
    async fn ask(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let url = format!("{}/{}/rest/model/{path}", self.url, self.database);
        let mut request = client.request(method, url).bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("Tryton answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    /// Presses a button in Tryton, as a person there does.
    async fn press(&self, model: &str, button: &str, id: &str) {
        let log_in = json!([&self.login, {"password": &self.password}]);
        let session = self.rpc(None, "common.db.login", log_in).await;
        let text = format!(
            "{}:{}:{}",
            self.login,
            session[0],
            session[1].as_str().expect("a session")
        );
        let session = base64::engine::general_purpose::STANDARD.encode(text);
        let id: i64 = id.parse().expect("a number");
        self.rpc(Some(session), &format!("model.{model}.{button}"), json!([[id], {}]))
            .await;
    }

    async fn rpc(&self, session: Option<String>, method: &str, params: Value) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut request = client
            .post(format!("{}/{}/rpc/", self.url, self.database))
            .json(&json!({"id": 0, "method": method, "params": params}));
        if let Some(session) = session {
            request = request.header("authorization", format!("Session {session}"));
        }
        let answer: Value = request
            .send()
            .await
            .expect("Tryton answers")
            .json()
            .await
            .expect("JSON");
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    async fn find_all(&self, model: &str, domain: Value, fields: &[&str]) -> Vec<Value> {
        let domain = base64::engine::general_purpose::URL_SAFE.encode(domain.to_string());
        let fields: String = fields.iter().map(|f| format!("&f={f}")).collect();
        let found = self
            .ask(reqwest::Method::GET, &format!("{model}?d={domain}{fields}"), None)
            .await;
        found.as_array().expect("a list").clone()
    }
}

#[test]
fn from_a_won_opportunity_to_its_cost_in_tryton() {
    let Some(tryton) = Tryton::find() else { return };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("runtime");
    runtime.block_on(async {
        let world = World::on_sqlite().await;
        the_round(&world, &tryton).await;
        match std::env::var("OUTLAY_TEST_POSTGRES") {
            Ok(url) => the_round(&World::on_postgres(&url).await, &tryton).await,
            Err(_) => eprintln!("NOT RUN on PostgreSQL: OUTLAY_TEST_POSTGRES is not set"),
        }
    });
}

async fn the_round(world: &World, tryton: &Tryton) {
    let admin = world.as_("ange").await;
    let body = json!({"kind": "tryton", "name": "Tryton", "language": "en", "settings": {
        "url": tryton.url, "database": tryton.database, "key": tryton.key}});
    let id = admin.post("/api/v1/connections", body).await.expect(201).json()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let tested = admin
        .post(&format!("/api/v1/connections/{id}/test"), json!({}))
        .await
        .expect(200);
    assert_eq!(tested.json()["warnings"], json!([]));
    let pull = async || -> Value {
        let report = admin
            .post(&format!("/api/v1/connections/{id}/pull"), json!({}))
            .await
            .expect(200)
            .json();
        assert_eq!(report["error"], Value::Null, "{report}");
        report
    };
    let report = pull().await;
    assert!(report["seen"].as_i64() > Some(100), "{report}");
    let mut sql = world.app.db.read();
    let stored = |object: &str| {
        report["objects"]
            .as_array()
            .expect("objects")
            .iter()
            .find(|o| o["object"] == object)
            .cloned()
    };
    println!("pulled: {report}");
    let deals = stored("deal").expect("deals")["seen"].as_i64();
    let (kept,): (i64,) = sql
        .one("SELECT COUNT(*) FROM deal WHERE connection_id IS NOT NULL", args![])
        .await
        .expect("read");
    assert_eq!(Some(kept), deals);
    let (orphans,): (i64,) = sql
        .one("SELECT COUNT(*) FROM crm_awaited", args![])
        .await
        .expect("read");
    assert_eq!(orphans, 0, "every reference is resolved");
    assert_eq!(pull().await["changed"], 0, "nothing changed since");

    // An open opportunity of somebody in Tryton, who is 王敏 here.
    let (deal, external, crm_owner): (String, String, String) = sql
        .one(
            "SELECT id, external_id, crm_owner FROM deal WHERE connection_id IS NOT NULL AND stage_kind = 'open' AND \
             stage = 'opportunity' AND crm_owner IS NOT NULL AND account_id IS NOT NULL AND currency = 'CNY' \
             ORDER BY external_id LIMIT 1",
            args![],
        )
        .await
        .expect("an open deal");
    let wang = world.id("wang").await;
    let app = world.app.clone();
    world
        .app
        .db
        .write(move |sql| {
            let (app, crm_owner) = (app.clone(), crm_owner.clone());
            Box::pin(async move {
                let (user,): (String,) = sql
                    .one(
                        "SELECT id FROM crm_user WHERE external_id = $1 AND connection_id IS NOT NULL",
                        args![crm_owner],
                    )
                    .await?;
                outlay::crm::store::link(sql, &app, &user, Some(wang)).await?;
                Ok(())
            })
        })
        .await
        .expect("linked");
    let drafts = async || -> Vec<(String,)> {
        world
            .app
            .db
            .read()
            .all("SELECT id FROM claim WHERE origin = $1", args![format!("won:{deal}")])
            .await
            .expect("read")
    };
    assert!(drafts().await.is_empty());
    tryton.press("sale.opportunity", "convert", &external).await;
    assert_eq!(pull().await["drafted"], 1);
    assert_eq!(pull().await["drafted"], 0);
    let drafts = drafts().await;
    assert_eq!(drafts.len(), 1);

    // The claim's life, to the money.
    let claim = outlay::claims::store::load(&mut sql, drafts[0].0.parse().expect("an id"))
        .await
        .expect("there");
    assert_eq!(claim.content.links.deal.map(|d| d.to_string()), Some(deal.clone()));
    assert!(claim.sources.iter().any(|s| s.field == "links.account"));
    let today = outlay::clock::day(outlay::clock::now(), "Asia/Shanghai");
    let mut content = claim.content.clone();
    let mut line = seed::line(world, "travel.taxi", 88_00, content.currency, today);
    line.allocations[0].deal = content.links.deal;
    line.allocations[0].account = content.links.account;
    content.lines = vec![line];
    let sources = claim.sources.clone();
    seed::act(world, wang, claim.id, Command::Edit { content, sources }).await;
    seed::act(world, wang, claim.id, Command::Submit).await;
    seed::approve(world, claim.id).await;
    work(world).await;
    let costs = costs(tryton, &external).await;
    assert_eq!((costs.0.as_str(), costs.1.as_str()), ("0.00", "88.00"));
    let he = world.id("he").await;
    let (batch, payment) = (BatchId(Uuid::now_v7()), PaymentId(Uuid::now_v7()));
    seed::act(world, he, claim.id, Command::Batch { batch, payment }).await;
    seed::act(world, he, claim.id, Command::Post { payment, on: today }).await;
    work(world).await;
    let costs = self::costs(tryton, &external).await;
    assert_eq!((costs.0.as_str(), costs.1.as_str()), ("88.00", "0.00"));
    let notes = tryton
        .find_all(
            "ir.note",
            json!([["resource", "=", format!("sale.opportunity,{external}")]]),
            &["message", "outlay_marker"],
        )
        .await;
    let ours: Vec<&Value> = notes
        .iter()
        .filter(|n| n["outlay_marker"] == format!("outlay-deal-{deal}"))
        .collect();
    assert_eq!(ours.len(), 1, "{notes:?}");
    assert!(
        ours[0]["message"]
            .as_str()
            .expect("text")
            .contains("CNY: paid 88.00, pending 0.00")
    );
    let end = outlay::claims::store::load(&mut sql, claim.id).await.expect("there");
    assert_eq!(end.status().code(), "archived");
    // Our own write comes back as a new revision and begins nothing.
    let echo = pull().await;
    assert_eq!(echo["drafted"], 0, "{echo}");
    let page = client(world)
        .await
        .get(&format!("/crm/deals/{deal}"))
        .await
        .expect(200)
        .text;
    assert!(page.contains("¥88.00"), "{page}");
}

async fn client(world: &World) -> Client {
    world.as_("wang").await
}

async fn work(world: &World) {
    let handlers = Handlers::ours(&world.app).expect("handlers");
    let pace = Pace {
        first_wait: std::time::Duration::ZERO,
        patience: std::time::Duration::ZERO,
        ..Pace::default()
    };
    let runner = Runner::new(world.app.clone(), handlers, pace);
    for _ in 0..5 {
        runner.pass().await.expect("worked");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let left: Vec<(String, Option<String>)> = world
        .app
        .db
        .read()
        .all(
            "SELECT kind, error FROM job WHERE kind IN ('write_back', 'archive') AND state <> 'done'",
            args![],
        )
        .await
        .expect("read");
    assert!(left.is_empty(), "{left:?}");
}

/// Paid and pending, as Tryton's own fields hold them.
async fn costs(tryton: &Tryton, external: &str) -> (String, String) {
    let found = tryton
        .find_all(
            "sale.opportunity",
            json!([["id", "=", external.parse::<i64>().expect("a number")]]),
            &["outlay_cost_paid", "outlay_cost_pending"],
        )
        .await;
    let text = |name: &str| {
        let decimal = &found[0][name];
        decimal["decimal"].as_str().unwrap_or_default().to_owned()
    };
    (text("outlay_cost_paid"), text("outlay_cost_pending"))
}
