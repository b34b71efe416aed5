//! One invoice, many people at once, in four formats, with the server killed meanwhile: exactly one claim holds it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use outlay::app::App;
use outlay::args;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::servers::{Place, Server};
use super::{CLAIMANTS, Heard, Person};
use crate::evidence::make::container::mail;
use crate::evidence::make::ofd::{Kind, face, package};
use crate::evidence::make::pdf::{Font, page};
use crate::evidence::make::{Model, model, xml};
use crate::world::own_database;

/// Clients that all have the same invoice.
const CLIENTS: usize = 64;
/// Invoices, one after the other; the server is killed while each is fought for.
const ROUNDS: u64 = 3;

/// The same invoice as a seller may send it: XML, OFD, PDF by its text, and XML in a mail.
fn formats(invoice: &Model) -> [(&'static str, Vec<u8>); 4] {
    let text = xml::english(invoice);
    [
        ("a.ofd", package(invoice, Kind::AttachedDigital)),
        ("a.pdf", page(&face(invoice, 0.0), Font::Ucs2, None)),
        ("a.eml", mail(&[("a.xml", "text/xml", text.as_bytes())])),
        ("a.xml", text.into_bytes()),
    ]
}

/// An invoice whose items leave no doubt what they are, so that it becomes a line by itself.
fn meal(seed: u64) -> Model {
    let mut meal = model(seed * 5);
    for line in &mut meal.lines {
        "*餐饮服务*餐费".clone_into(&mut line.item);
    }
    meal
}

/// Keeps a file, asking again for as long as nobody answers; none if the invoice is taken by now.
async fn keep(me: &Person, name: &'static str, bytes: &[u8]) -> Option<Value> {
    loop {
        let part = Part::bytes(bytes.to_vec()).file_name(name);
        let request = me
            .http
            .post(format!("{}/api/v1/documents", me.base))
            .header("origin", &me.base)
            .header("cookie", &me.cookie)
            .multipart(Form::new().part("file", part));
        if let Ok(answer) = request.send().await {
            let status = answer.status().as_u16();
            if let Ok(text) = answer.text().await {
                assert!(matches!(status, 201 | 409), "{name}: {status} {text}");
                let kept: Value = serde_json::from_str(&text).expect("JSON");
                return (status == 201).then(|| kept[0].clone());
            }
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// Tries to claim the invoice once; its identity, as it was read.
async fn fight(me: Person, round: u64, client: usize, name: &'static str, bytes: Arc<Vec<u8>>) -> Option<String> {
    let kept = keep(&me, name, &bytes).await?;
    let title = format!("fight-{round}-{client}");
    let body = json!({"documents": [kept["id"]], "content": {"title": title}});
    let (status, answer) = me.create("/api/v1/claims", &title, &body).await?;
    assert!(matches!(status, 201 | 409), "{status} {answer}");
    kept["invoice_identity"].as_str().map(str::to_owned)
}

async fn run(database: Option<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Arc::new(Place::make(folder.path().join("data"), database));
    let mut server = Server::start(place.clone()).await;
    let heard = Arc::new(Heard::default());
    let mut people = Vec::new();
    for key in CLAIMANTS {
        people.push(Person::log_in(&place.address, key, &heard).await);
    }
    let mut fought = Vec::new();
    for round in 0..ROUNDS {
        let all = formats(&meal(round)).map(|(name, bytes)| (name, Arc::new(bytes)));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (name, bytes) = all[client % all.len()].clone();
                let me = people[client % people.len()].clone();
                tokio::spawn(fight(me, round, client, name, bytes))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(60 + round * 170)).await;
        server.kill(usize::try_from(round).unwrap_or(0)).await;
        let mut identities = BTreeSet::new();
        for client in clients {
            identities.extend(client.await.expect("no client failed"));
        }
        assert_eq!(identities.len(), 1, "all formats are one invoice: {identities:?}");
        fought.extend(identities);
    }
    drop(server);
    let app = App::open(place.config()).await.expect("opened after all kills");
    let mut sql = app.db.read();
    for identity in fought {
        let holders: Vec<(String,)> = sql
            .all("SELECT claim_id FROM invoice_use WHERE identity = $1", args![&identity])
            .await
            .expect("read");
        let live: Vec<(String,)> = sql
            .all(
                "SELECT id FROM claim WHERE body LIKE $1 AND status NOT IN ('withdrawn', 'rejected')",
                args![format!("%{identity}%")],
            )
            .await
            .expect("read");
        assert_eq!(live.len(), 1, "{identity} is on {} claims", live.len());
        assert_eq!(holders, live, "the claim that has it holds it");
    }
}

#[test]
fn one_invoice_in_four_formats_from_64_clients_is_on_one_claim_whatever_is_killed() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    runtime.block_on(async {
        run(None).await;
        match std::env::var("OUTLAY_TEST_POSTGRES") {
            Ok(server) => run(Some(own_database(&server).await)).await,
            Err(_) => eprintln!("NOT RUN on PostgreSQL: OUTLAY_TEST_POSTGRES is not set"),
        }
    });
}
