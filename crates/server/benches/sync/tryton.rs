//! How fast Tryton is read, beside how fast a client that does nothing else can read the same rows from it.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use outlay_connect::tryton::{Place, Tryton};
use outlay_connect::{Connector, Guard, Object, manifest};
use serde::Deserialize;
use serde_json::{Value, json};

const PAGE: usize = 1000;
const ROUNDS: usize = 3;
/// What the connector asks for of a party.
const FIELDS: [&str; 18] = [
    "name",
    "code",
    "active",
    "replaced_by",
    "identifiers.type",
    "identifiers.code",
    "identifiers.last_modified_at",
    "addresses.city",
    "addresses.country.code",
    "addresses.active",
    "addresses.last_modified_at",
    "contact_mechanisms.type",
    "contact_mechanisms.value",
    "contact_mechanisms.name",
    "contact_mechanisms.active",
    "contact_mechanisms.last_modified_at",
    "categories.name",
    "last_modified_at",
];

/// Where a Tryton is up.
#[derive(Deserialize)]
struct Up {
    url: String,
    database: String,
    key: String,
}

/// Reads all parties both ways, where `OUTLAY_TRYTON` names a server.
pub async fn run() {
    let Some(up) = std::env::var("OUTLAY_TRYTON").ok() else {
        println!("\nTryton is not up (OUTLAY_TRYTON is not set): not measured");
        return;
    };
    let up: Up = serde_json::from_str(&up).expect("url, database and key");
    println!("\nTryton, parties in pages of {PAGE}");
    for _ in 0..ROUNDS {
        let (raw, raw_rate) = raw(&up).await;
        let (ours, rate) = ours(&up).await;
        println!(
            "  raw {raw} rows at {raw_rate:.0}/s; connector {ours} records at {rate:.0}/s: {:.0}% (aim 80%)",
            rate / raw_rate * 100.0
        );
    }
}

/// The same model, fields, order and page size as the connector asks for, rows parsed and dropped.
async fn raw(up: &Up) -> (usize, f64) {
    let http = reqwest::Client::new();
    let encode = |json: &Value| URL_SAFE.encode(json.to_string());
    let (start, mut rows, mut last) = (Instant::now(), 0, 0);
    loop {
        let url = format!(
            "{}/{}/rest/model/party.party",
            up.url.trim_end_matches('/'),
            up.database
        );
        let mut query = vec![
            ("d", encode(&json!([["id", ">", last]]))),
            ("o", encode(&json!([["id", "ASC"]]))),
            ("s", PAGE.to_string()),
        ];
        query.extend(FIELDS.iter().map(|f| ("f", (*f).to_owned())));
        let answer = http
            .get(url)
            .query(&query)
            .header("X-Tryton-Context", encode(&json!({ "active_test": false })))
            .bearer_auth(&up.key)
            .send()
            .await
            .expect("an answer");
        let page: Vec<Value> = answer.json().await.expect("rows");
        rows += page.len();
        match page.last().and_then(|row| row["id"].as_i64()) {
            Some(id) => last = id,
            None => return (rows, rows as f64 / start.elapsed().as_secs_f64()),
        }
    }
}

async fn ours(up: &Up) -> (usize, f64) {
    let place = Place::new(&up.url, &up.database, &up.key);
    let host = reqwest::Url::parse(&up.url).expect("an address");
    let guard = Guard::allowing(host.host_str());
    let mapping = manifest::of("tryton").expect("a manifest").mapping(&Default::default());
    let tryton = Tryton::new(place, mapping, &guard).expect("a connector");
    let (start, mut records, mut cursor) = (Instant::now(), 0, None);
    loop {
        let page = tryton
            .pull(Object::Account, cursor.as_ref(), PAGE)
            .await
            .expect("a page");
        records += page.records.len();
        cursor = Some(page.next);
        if page.done {
            return (records, records as f64 / start.elapsed().as_secs_f64());
        }
    }
}
