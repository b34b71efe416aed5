//! Deliveries: signed ones are heard, forged, replayed and old ones are not.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use outlay_connect::{Connector, Error, Hint, Hook, Object};
use outlay_fakes::hubspot::FakeHubSpot;
use sha2::Sha256;

use crate::{connect, connect_as};

const SECRET: &str = "a-client-secret";
const URL: &str = "https://outlay.example.com/hooks/crm/a%3Ab?x=1";
const BODY: &str = r#"[
    {"eventId": 1, "subscriptionId": 9, "portalId": 146001, "occurredAt": 1740988800000, "subscriptionType": "deal.propertyChange", "attemptNumber": 0, "objectId": 77, "propertyName": "dealstage", "propertyValue": "won"},
    {"eventId": 1, "subscriptionId": 9, "portalId": 146001, "occurredAt": 1740988800000, "subscriptionType": "deal.propertyChange", "attemptNumber": 1, "objectId": 77, "propertyName": "dealstage", "propertyValue": "won"},
    {"eventId": 2, "subscriptionId": 8, "portalId": 146001, "occurredAt": 1740988800001, "subscriptionType": "object.deletion", "attemptNumber": 0, "objectId": 78, "objectTypeId": "0-2"}
]"#;

fn at() -> Timestamp {
    "2025-03-03T08:00:00Z".parse().expect("a time")
}

fn signed(secret: &str, url: &str, body: &str, sent: Timestamp) -> Vec<(String, String)> {
    let stamp = sent.as_millisecond().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(format!("POST{}{body}{stamp}", url.replace("%3A", ":")).as_bytes());
    vec![
        (
            "x-hubspot-signature-v3".into(),
            STANDARD.encode(mac.finalize().into_bytes()),
        ),
        ("x-hubspot-request-timestamp".into(), stamp),
    ]
}

async fn hear(headers: &[(String, String)], url: &str, body: &str, at: Timestamp) -> Result<Vec<Hint>, Error> {
    let hubspot = connect_as(&FakeHubSpot::default(), |place| {
        place.client_secret = Some(SECRET.into())
    })
    .await;
    hubspot.verify(&Hook {
        method: "POST",
        url,
        headers,
        body: body.as_bytes(),
        at,
    })
}

#[tokio::test]
async fn a_signed_delivery_names_each_record_once() {
    let hints = hear(&signed(SECRET, URL, BODY, at()), URL, BODY, at())
        .await
        .expect("hints");
    let hint = |object, id: &str, event: &str| Hint {
        object,
        external_id: id.into(),
        event: Some(event.into()),
    };
    assert_eq!(
        hints,
        [
            hint(Object::Deal, "77", "9.1.1740988800000.77"),
            hint(Object::Account, "78", "8.2.1740988800001.78")
        ]
    );
}

#[tokio::test]
async fn forged_replayed_and_old_deliveries_are_refused() {
    let good = signed(SECRET, URL, BODY, at());
    let later = at() + SignedDuration::from_secs(301);
    let mut moved = good.clone();
    moved[1].1 = later.as_millisecond().to_string();
    let other = BODY.replace("77", "79");
    for (why, headers, url, body, at) in [
        ("another secret", signed("x", URL, BODY, at()), URL, BODY, at()),
        ("another body", good.clone(), URL, other.as_str(), at()),
        (
            "another address",
            good.clone(),
            "https://outlay.example.com/hooks/crm/other",
            BODY,
            at(),
        ),
        ("too old", good.clone(), URL, BODY, later),
        ("from the future", signed(SECRET, URL, BODY, later), URL, BODY, at()),
        ("old under a new time", moved, URL, BODY, later),
        ("without a time", good[..1].to_vec(), URL, BODY, at()),
        ("without a signature", good[1..].to_vec(), URL, BODY, at()),
        (
            "a cut signature",
            vec![(good[0].0.clone(), good[0].1[..20].into()), good[1].clone()],
            URL,
            BODY,
            at(),
        ),
        (
            "an empty signature",
            vec![(good[0].0.clone(), String::new()), good[1].clone()],
            URL,
            BODY,
            at(),
        ),
    ] {
        let refused = hear(&headers, url, body, at).await;
        assert!(matches!(refused, Err(Error::Auth(_))), "{why}: {refused:?}");
    }
    let within = at() + SignedDuration::from_secs(299);
    assert!(hear(&good, URL, BODY, within).await.is_ok());
    let strange = hear(&signed(SECRET, URL, "{}", at()), URL, "{}", at()).await;
    assert!(matches!(strange, Err(Error::Broken(_))), "{strange:?}");
}

#[tokio::test]
async fn without_the_secret_nothing_is_believed() {
    let hubspot = connect(&FakeHubSpot::default()).await;
    assert!(!hubspot.capabilities().hooks);
    let headers = signed(SECRET, URL, BODY, at());
    let hook = Hook {
        method: "POST",
        url: URL,
        headers: &headers,
        body: BODY.as_bytes(),
        at: at(),
    };
    assert!(matches!(hubspot.verify(&hook), Err(Error::Setup(_))));
}
