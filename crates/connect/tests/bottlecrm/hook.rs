//! A real BottleCRM calls a listener of ours: what it sends is heard, and what was tampered with is not.

use std::time::Duration;

use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use jiff::{SignedDuration, Timestamp};
use outlay_connect::{Canonical, Connector, Error, Hint, Hook, Object, StageKind, bottlecrm::Place};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    connect,
    live::{Live, ONE_AT_A_TIME},
};

const EVENTS: [&str; 5] = [
    "account.created",
    "deal.updated",
    "deal.won",
    "deal.deleted",
    "interaction.created",
];

type Delivery = (Vec<(String, String)>, Vec<u8>);

/// Listens on a free port.
async fn listen() -> (String, mpsc::UnboundedReceiver<Delivery>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let take = move |headers: HeaderMap, body: Bytes| async move {
        let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)));
        let _ = sender.send((headers.collect(), body.to_vec()));
        axum::http::StatusCode::ACCEPTED
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/hooks/1", post(take))).await });
    (format!("http://{address}/hooks/1"), receiver)
}

fn heard(crm: &dyn Connector, url: &str, delivery: &Delivery, at: Timestamp) -> Result<Vec<Hint>, Error> {
    crm.verify(&Hook {
        method: "POST",
        url,
        headers: &delivery.0,
        body: &delivery.1,
        at,
    })
}

#[tokio::test]
async fn what_happens_there_is_told_and_read() {
    let Some(live) = Live::find() else { return };
    let _alone = ONE_AT_A_TIME.lock().await;
    let (url, mut deliveries) = listen().await;
    let made = live
        .ask(Method::POST, "webhooks/", json!({"url": url, "events": EVENTS}))
        .await;
    let crm = connect(Place {
        hook_secret: made["secret"].as_str().map(str::to_owned),
        ..live.place()
    });
    assert!(crm.capabilities().hooks);
    let endpoint = format!("webhooks/{}/", made["id"].as_str().expect("an id"));
    let mut next = async || {
        let delivery = tokio::time::timeout(Duration::from_secs(30), deliveries.recv()).await;
        let delivery = delivery.expect("a delivery in time").expect("a delivery");
        let event = delivery
            .0
            .iter()
            .find(|(name, _)| name == "x-bottlecrm-event")
            .map(|(_, v)| v.clone());
        (event.expect("an event"), delivery)
    };

    let account = live.ask(Method::POST, "accounts/", json!({"name": "湖州钢构"})).await;
    let (event, delivery) = next().await;
    assert_eq!(event, "account.created");
    let hints = heard(&crm, &url, &delivery, Timestamp::now()).expect("genuine");
    assert_eq!(hints.len(), 1);
    assert_eq!(json!(hints[0].external_id), account["id"]);
    assert_eq!(hints[0].object, Object::Account);
    for (at, cut) in [
        (Timestamp::now() + SignedDuration::from_secs(400), 0),
        (Timestamp::now(), 1),
    ] {
        let (headers, mut body) = delivery.clone();
        body.truncate(body.len() - cut);
        let forged = heard(&crm, &url, &(headers, body), at);
        assert!(matches!(forged, Err(Error::Auth(_))), "{forged:?}");
    }

    let deal = live.deal("湖州钢构二期").await;
    let won = json!({"stage": "CLOSED_WON", "closed_on": "2026-11-20"});
    live.ask(Method::PATCH, &format!("opportunities/{deal}/"), won).await;
    // A deal is won when the record says so, whatever event tells of it.
    let mut told = Vec::new();
    while told.last().is_none_or(|event| event != "deal.updated") {
        let (event, delivery) = next().await;
        let hints = heard(&crm, &url, &delivery, Timestamp::now()).expect("genuine");
        assert_eq!((hints[0].object, &hints[0].external_id), (Object::Deal, &deal));
        told.push(event);
    }
    let read = crm
        .fetch(Object::Deal, std::slice::from_ref(&deal))
        .await
        .expect("read");
    assert!(
        matches!(&read.records[0].body, Canonical::Deal(d) if d.stage_kind == StageKind::Won && d.close_on.is_some())
    );
    // Where BottleCRM tells of the win too, that is no more than another hint.
    while let Ok(more) = tokio::time::timeout(Duration::from_millis(300), deliveries.recv()).await {
        assert_eq!(
            heard(&crm, &url, &more.expect("open"), Timestamp::now())
                .expect("genuine")
                .len(),
            1
        );
    }

    let logged = json!({"kind": "meeting", "opportunity": deal, "subject": "拜访湖州"});
    let logged = live.ask(Method::POST, "interactions/", logged).await;
    let delivery = deliveries.recv().await.expect("a delivery");
    let hints = heard(&crm, &url, &delivery, Timestamp::now()).expect("genuine");
    assert_eq!(hints[0].object, Object::Activity);
    let ids = [hints[0].external_id.clone()];
    let read = crm.fetch(Object::Activity, &ids).await.expect("read");
    assert_eq!(read.records[0].raw["id"], logged["id"]);
    assert!(
        matches!(&read.records[0].body, Canonical::Activity(a) if a.subject == "拜访湖州" && a.deal.as_ref() == Some(&deal))
    );

    live.ask(Method::DELETE, &format!("opportunities/{deal}/"), Value::Null)
        .await;
    let delivery = deliveries.recv().await.expect("a delivery");
    let hints = heard(&crm, &url, &delivery, Timestamp::now()).expect("genuine");
    let read = crm
        .fetch(Object::Deal, std::slice::from_ref(&hints[0].external_id))
        .await
        .expect("read");
    assert_eq!(read.gone, [deal]);
    // With its home the interaction went.
    assert_eq!(crm.fetch(Object::Activity, &ids).await.expect("read").gone, ids);
    live.ask(Method::DELETE, &endpoint, Value::Null).await;
    live.ask(
        Method::DELETE,
        &format!("accounts/{}/", account["id"].as_str().expect("an id")),
        Value::Null,
    )
    .await;
}
