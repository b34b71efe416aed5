//! Every request of the connector and every answer of the fake, held against HubSpot's published OpenAPI files by Prism,
//! which stands between the two. `OUTLAY_PRISM` names its program, `OUTLAY_SHARED_DATA` the folder above the files.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use outlay_connect::{Connector, FieldChange, Object, Target, Write};
use outlay_core::{Currency, Money};
use outlay_fakes::hubspot::FakeHubSpot;
use serde_json::{Map, Value, json};

use super::{connect_as, deal, ids, known};

/// The files that speak of what the connector asks for. Of two that have one path, the first counts.
const FILES: [&str; 14] = [
    "objects-2026-09",
    "companies-v3",
    "contacts-v3",
    "deals-v3",
    "notes-v3",
    "meetings-v3",
    "orders-v3",
    "projects-v3",
    "objects-v3",
    "owners-v3",
    "pipelines-v3",
    "properties-v3",
    "associations-v4",
    "oauth-v1",
];

fn folder() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("OUTLAY_SHARED_DATA").map_or(default, PathBuf::from);
    let folder = folder.join("hubspot-openapi");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("NOT RUN: no folder {}; set OUTLAY_SHARED_DATA", folder.display());
    None
}

/// The files as one, mended so far that Prism takes them.
fn specification(folder: &Path) -> Value {
    let mut paths = Map::new();
    let mut components: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for name in FILES {
        let path = folder.join(format!("hubspot-{name}.json"));
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut file: Value = serde_json::from_str(&text).expect("JSON");
        mend(&mut file, &name.replace('-', "_"));
        for (path, item) in file["paths"].as_object().expect("paths").clone() {
            // The files know deals by their number alone.
            let path = path.replace("/crm/v3/objects/0-3", "/crm/v3/objects/deals");
            paths.entry(path).or_insert(item);
        }
        for (kind, named) in file["components"].as_object().expect("components") {
            for (own, value) in named.as_object().expect("names") {
                let own = format!("{}_{own}", name.replace('-', "_"));
                components.entry(kind.clone()).or_default().insert(own, value.clone());
            }
        }
    }
    // These are in none of the files.
    for (path, method) in [
        ("/crm/v4/associations/{from}/{to}/labels", "get"),
        ("/account-info/v3/details", "get"),
        ("/oauth/v2/private-apps/get/access-token-info", "post"),
    ] {
        let any = json!({ "content": { "application/json": { "schema": {} } }, "description": "not published" });
        let parts = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let named =
            parts.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
        let mut call = json!({ "responses": { "200": any }, "parameters": named.collect::<Vec<_>>() });
        if method == "post" {
            call["requestBody"] = any.clone();
        }
        paths.insert(path.into(), json!({ method: call }));
    }
    json!({
        "openapi": "3.0.1", "info": { "title": "HubSpot", "version": "1" },
        "servers": [{ "url": "https://api.hubapi.com" }], "paths": paths, "components": components,
    })
}

/// Names of components get `prefix`, so that those of several files do not clash; examples that are null are left out,
/// answers of any type are JSON, and a property may be null, as the newer of the files say. What a search is sorted by is an
/// object, a tie's other end is a number and its label may be null, an error's kind is a text, as HubSpot's guides show; texts, which the files ask to sort by, are not heeded by the service (hubspot-api-nodejs #14).
fn mend(value: &mut Value, prefix: &str) {
    match value {
        Value::Object(all) => {
            if all.get("example").is_some_and(Value::is_null) {
                all.remove("example");
            }
            all.remove("examples");
            if let Some(property) = all.get_mut("additionalProperties").and_then(Value::as_object_mut) {
                property.insert("nullable".into(), true.into());
            }
            if let Some(label) = all.get_mut("label").and_then(Value::as_object_mut) {
                label.insert("nullable".into(), true.into());
            }
            if let Some(kind) = all.get_mut("subCategory") {
                *kind = json!({});
            }
            if let Some(id) = all.get_mut("toObjectId") {
                *id = json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] });
            }
            if let Some(Value::Array(some)) = all.get_mut("security") {
                for named in some.iter_mut().filter_map(Value::as_object_mut) {
                    *named = std::mem::take(named)
                        .into_iter()
                        .map(|(name, scopes)| (format!("{prefix}_{name}"), scopes))
                        .collect();
                }
            }
            if all.contains_key("filterGroups") && all.contains_key("sorts") {
                all.insert(
                    "sorts".into(),
                    json!({ "type": "array", "items": { "type": "object" } }),
                );
            }
            if let Some(content) = all.get_mut("content").and_then(Value::as_object_mut)
                && let Some(any) = content.remove("*/*")
            {
                content.insert("application/json".into(), any);
            }
            for (key, inner) in all.iter_mut() {
                match inner {
                    Value::String(target) if key == "$ref" => {
                        if let Some((place, name)) = target.rsplit_once('/') {
                            *target = format!("{place}/{prefix}_{name}");
                        }
                    }
                    _ => mend(inner, prefix),
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|inner| mend(inner, prefix)),
        _ => {}
    }
}

/// Prism, until it is dropped.
struct Prism {
    child: Child,
    url: String,
    folder: tempfile::TempDir,
}

impl Drop for Prism {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            let told = log
                .lines()
                .filter(|line| line.contains("iolation") || line.contains("✖"));
            told.take(20).for_each(|line| println!("{line}"));
        }
    }
}

impl Prism {
    async fn before(fake: &FakeHubSpot) -> Option<Prism> {
        let folder = folder()?;
        let Some(program) = std::env::var_os("OUTLAY_PRISM") else {
            println!("NOT RUN: OUTLAY_PRISM is not set; it names the program of Prism");
            return None;
        };
        let own = tempfile::tempdir().expect("a folder");
        let document = own.path().join("hubspot.json");
        fs::write(&document, specification(&folder).to_string()).expect("written");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a port")
            .port();
        let log = fs::File::create(own.path().join("log")).expect("a log");
        let child = Command::new(program)
            .args(["proxy", "--errors", "--port", &port.to_string()])
            .arg(&document)
            .arg(fake.serve().await)
            .stdout(Stdio::from(log))
            .spawn()
            .expect("Prism runs");
        let prism = Prism {
            child,
            url: format!("http://127.0.0.1:{port}"),
            folder: own,
        };
        for _ in 0..600 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Some(prism);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("Prism does not listen");
    }
}

/// Some of everything, tied together.
fn furnished() -> FakeHubSpot {
    let fake = FakeHubSpot::default();
    let mut db = fake.db();
    for n in 0..12 {
        let company = db.add("companies", &json!({ "name": format!("公司 {n}"), "phone": "021-1" }));
        let contact = db.add(
            "contacts",
            &json!({ "firstname": "梅", "lastname": "韩", "email": format!("h{n}@example.com") }),
        );
        let sale = db.add("deals", &deal(&format!("商机 {n}")));
        let project = db.add("projects", &json!({ "hs_name": "实施" }));
        let order = db.add(
            "orders",
            &json!({ "hs_order_name": "订单", "hs_total_price": "12.50", "hs_currency_code": "CNY" }),
        );
        let start = "2025-03-01T02:00:00Z";
        let meeting = db.add(
            "meetings",
            &json!({ "hs_meeting_title": "拜访", "hs_meeting_start_time": start, "hs_timestamp": start }),
        );
        for (kind, id) in [
            ("contacts", &contact),
            ("deals", &sale),
            ("projects", &project),
            ("orders", &order),
            ("meetings", &meeting),
        ] {
            db.tie((kind, id), ("companies", &company), None);
        }
        db.tie(("deals", &sale), ("contacts", &contact), None);
    }
    let times = ("2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z");
    db.owners.push(
        json!({ "id": "7", "email": "wang@example.com", "firstName": "芳", "lastName": "王", "userId": 7,
        "type": "PERSON", "archived": false, "createdAt": times.0, "updatedAt": times.1 }),
    );
    db.pass(3600);
    drop(db);
    fake
}

#[tokio::test]
async fn what_is_asked_and_answered_is_as_published() {
    for version in ["v3", "2026-09"] {
        let fake = furnished();
        let Some(prism) = Prism::before(&fake).await else {
            return;
        };
        let hubspot = connect_as(&fake, |place| {
            place.url.clone_from(&prism.url);
            place.version = Some(version.into());
            place.limits.total = Duration::from_secs(30);
        })
        .await;
        hubspot.check().await.expect("ready");
        for one in hubspot.capabilities().objects {
            let (mut records, mut cursor) = (Vec::new(), None);
            // The second time from where the first ended.
            for _ in 0..2 {
                loop {
                    let page = hubspot.pull(one.object, cursor.as_ref(), 5).await.expect("a page");
                    records.extend(page.records);
                    cursor = Some(page.next);
                    if page.done {
                        break;
                    }
                }
            }
            assert!(!records.is_empty(), "{}", one.object);
            let some = &ids(&records)[..1];
            assert_eq!(hubspot.fetch(one.object, some).await.expect("fetched").records.len(), 1);
            let count = hubspot.count(one.object).await.expect("a count");
            assert_eq!(count.is_none(), one.object == Object::CrmUser, "{count:?}");
            let marks = hubspot.scan(one.object, None, 5).await.expect("marks");
            assert!(!marks.marks.is_empty(), "{}", one.object);
        }
        let (sale, company) = (known(&fake, "deals")[0].clone(), known(&fake, "companies")[0].clone());
        let change = |field: &str, before: &str, after: &str| FieldChange {
            field: field.into(),
            before: before.into(),
            after: after.into(),
        };
        for target in [Target::deal(&sale), Target::account(&company)] {
            let figures = Write::CostFigures {
                target: target.clone(),
                paid: Money::new(123_45, Currency::CNY),
                pending: Money::zero(Currency::CNY),
                as_of: "2025-03-04T00:00:00Z".parse().expect("a time"),
            };
            assert!(hubspot.push(&figures, "k").await.expect("figures").changed);
            for revision in 1..=2 {
                let note = Write::Note {
                    target: target.clone(),
                    marker: "cost.7".into(),
                    revision,
                    text: format!("费用 {revision}"),
                };
                assert!(hubspot.push(&note, "k").await.expect("a note").changed);
            }
            let changes = match target.object {
                Object::Deal => vec![change("amount", "1200.50 CNY", "77.25 CNY")],
                _ => vec![change("phone", "021-1", "021-2")],
            };
            let done = hubspot
                .push(&Write::Fields { target, changes }, "k")
                .await
                .expect("fields");
            assert!(done.changed && done.conflicts.is_empty(), "{done:?}");
        }
        let dated = fake
            .db()
            .requests
            .iter()
            .any(|line| line.contains("/crm/objects/2026-09/"));
        assert_eq!(dated, version != "v3", "the version that was set is the one asked");
    }
}

/// What is not as published does not get through, or the test above would prove nothing.
#[tokio::test]
async fn what_is_not_as_published_is_refused() {
    let fake = furnished();
    let Some(prism) = Prism::before(&fake).await else {
        return;
    };
    // Sets up what a client needs.
    connect_as(&fake, |_| {}).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let ask = client
        .post(format!("{}/crm/v3/objects/deals/search", prism.url))
        .bearer_auth(outlay_fakes::hubspot::TOKEN)
        .json(&json!({ "limit": "many" }));
    let answer = ask.send().await.expect("an answer");
    assert_eq!(answer.status(), 422, "{:?}", answer.text().await);
}
