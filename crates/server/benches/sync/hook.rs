//! From a CRM's delivery to what an open page shows: a deal turns won, its seller's stream tells of the draft, and the
//! draft is read.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use hmac::{Hmac, KeyInit, Mac};
use outlay_fakes::hubspot::{FakeHubSpot, TOKEN};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::{Company, Person, Table, config, print};

const SECRET: &str = "a-client-secret";
/// Deliveries that warm up and are not counted.
const WARM: usize = 5;
/// Between two deliveries, so that reading them stays within what HubSpot allows in a while.
const PAUSE: Duration = Duration::from_millis(300);

/// Delivers so many wins, one after the other.
pub async fn run(times: usize) {
    let fake = FakeHubSpot::default();
    let deals = fill(&fake, times + WARM);
    let url = fake.serve().await;
    let dir = tempfile::tempdir().expect("a folder");
    let mut settings = config(dir.path());
    settings.allow_hosts = vec!["127.0.0.1".into()];
    settings.pull_every_s = 86_400;
    let company = Company::open(settings, 0).await;
    let admin = company.session(company.id("ange")).await;
    let seller = company.session(company.id("wang")).await;
    let server = company.serve().await;
    let (admin, seller) = (server.person(admin), server.person(seller));
    let settings = json!({ "token": TOKEN, "url": url, "client_secret": SECRET });
    let new = json!({ "kind": "hubspot", "name": "HubSpot", "settings": settings });
    let made = admin.post("/api/v1/connections", &new).await.expect("a connection");
    let id = made["id"].as_str().expect("an id").to_owned();
    let pulled = admin
        .post(&format!("/api/v1/connections/{id}/pull"), &json!({}))
        .await
        .expect("pulled");
    assert_eq!(pulled["error"], Value::Null);

    let mut table = Table::new();
    let mut live = live(&seller).await;
    for (n, deal) in deals.iter().enumerate() {
        tokio::time::sleep(PAUSE).await;
        fake.db().change("deals", deal, &json!({ "dealstage": "closedwon" }));
        let start = Instant::now();
        deliver(&server.person(String::new()), &id, n, deal).await;
        let answered = start.elapsed();
        let claim = tokio::time::timeout(Duration::from_secs(30), live.claim()).await;
        let claim = claim.expect("a draft within half a minute");
        let told = start.elapsed();
        let page = seller.get(&format!("/claims/{claim}")).await.expect("the draft");
        assert!(page.contains(&format!("商机 {n} 号")), "another draft");
        if n >= WARM {
            table.entry("delivery answered").or_default().add(answered);
            table.entry("told to the open page").or_default().add(told);
            table.entry("visible: page read").or_default().add(start.elapsed());
        }
    }
    println!("\na deal won in the CRM, delivered, drafted, seen (aim: p99 1,000 ms)");
    print("SQLite", &mut table);
}

/// Open deals of one seller; their ids.
fn fill(fake: &FakeHubSpot, deals: usize) -> Vec<String> {
    let mut db = fake.db();
    let stage = |id: &str, closed: &str, chance: &str| {
        json!({ "id": id, "label": id, "displayOrder": 0, "archived": false, "createdAt": "2025-01-01T00:00:00Z",
            "updatedAt": "2025-01-01T00:00:00Z", "metadata": { "isClosed": closed, "probability": chance } })
    };
    let stages = [stage("open", "false", "0.5"), stage("closedwon", "true", "1.0")];
    let pipeline = json!({ "id": "default", "label": "销售", "displayOrder": 0, "archived": false,
        "createdAt": "2025-01-01T00:00:00Z", "updatedAt": "2025-01-01T00:00:00Z", "stages": stages });
    db.pipelines.insert("deals".into(), json!([pipeline]));
    db.owners = vec![
        json!({ "id": "31", "email": outlay::demo::email("wang"), "firstName": "敏", "lastName": "王",
        "userId": 31, "archived": false, "createdAt": "2025-01-01T00:00:00.000Z", "updatedAt": "2025-01-01T00:00:00.000Z" }),
    ];
    (0..deals)
        .map(|n| {
            let deal = json!({ "dealname": format!("商机 {n} 号"), "amount": "1200.50", "deal_currency_code": "CNY",
                "pipeline": "default", "dealstage": "open", "hubspot_owner_id": "31" });
            db.add("deals", &deal)
        })
        .collect()
}

/// As HubSpot signs it (version 3).
async fn deliver(anybody: &Person, connection: &str, n: usize, deal: &str) {
    let path = format!("/hooks/{connection}");
    let at = jiff::Timestamp::now().as_millisecond();
    let body = json!([{ "eventId": n, "subscriptionId": 9, "portalId": 1, "occurredAt": at, "attemptNumber": 0,
        "subscriptionType": "deal.propertyChange", "objectId": deal.parse::<u64>().expect("a number"),
        "propertyName": "dealstage", "propertyValue": "closedwon" }]);
    let (body, stamp) = (body.to_string(), at.to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(format!("POST{}{body}{stamp}", anybody.url(&path)).as_bytes());
    let request = anybody
        .request(reqwest::Method::POST, &path)
        .header("x-hubspot-signature-v3", STANDARD.encode(mac.finalize().into_bytes()))
        .header("x-hubspot-request-timestamp", stamp)
        .header("content-type", "application/json")
        .body(body);
    anybody.send(request).await.expect("taken");
}

/// The stream of an open page.
struct Stream {
    bytes: futures::stream::BoxStream<'static, reqwest::Result<axum::body::Bytes>>,
    buffer: String,
}

async fn live(person: &Person) -> Stream {
    let answer = person
        .request(reqwest::Method::GET, "/live")
        .send()
        .await
        .expect("a stream");
    Stream {
        bytes: answer.bytes_stream().boxed(),
        buffer: String::new(),
    }
}

impl Stream {
    /// The number of the next claim that it tells of.
    async fn claim(&mut self) -> String {
        loop {
            while let Some((line, rest)) = self.buffer.split_once('\n') {
                let told: Value = serde_json::from_str(line.trim_start_matches("data:")).unwrap_or_default();
                self.buffer = rest.to_owned();
                if let Some(claim) = told["claim"].as_str() {
                    return claim.to_owned();
                }
            }
            let piece = self.bytes.next().await.expect("the stream lasts").expect("read");
            self.buffer.push_str(&String::from_utf8_lossy(&piece));
        }
    }
}
