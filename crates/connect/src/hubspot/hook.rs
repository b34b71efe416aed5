//! Deliveries to our hook: whether they come from HubSpot, and which records they speak of.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::Sha256;

use super::source::{SOURCES, is_id};
use crate::{
    canonical::Object,
    connector::{Error, Hint, Hook},
};

/// How old a delivery may be.
const OLDEST: SignedDuration = SignedDuration::from_mins(5);
/// What HubSpot reads as characters before it signs an address.
const DECODED: [(&str, &str); 13] = [
    ("%3A", ":"),
    ("%2F", "/"),
    ("%3F", "?"),
    ("%40", "@"),
    ("%21", "!"),
    ("%24", "$"),
    ("%27", "'"),
    ("%28", "("),
    ("%29", ")"),
    ("%2A", "*"),
    ("%2C", ","),
    ("%3B", ";"),
    ("%7E", "~"),
];

/// Checks the signature of version 3 and reads the events.
pub fn verify(hook: &Hook<'_>, secret: &str) -> Result<Vec<Hint>, Error> {
    let refuse = |why: &str| Error::Auth(format!("the delivery {why}"));
    let given = hook
        .header("x-hubspot-signature-v3")
        .ok_or_else(|| refuse("is not signed"))?;
    let given = STANDARD
        .decode(given.trim())
        .map_err(|_| refuse("bears an illegible signature"))?;
    let stamp = hook
        .header("x-hubspot-request-timestamp")
        .ok_or_else(|| refuse("bears no time"))?;
    let sent = stamp.parse().ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let sent = sent.ok_or_else(|| refuse("bears no time"))?;
    if hook.at.duration_since(sent).abs() > OLDEST {
        return Err(refuse("is too old"));
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| refuse("cannot be checked"))?;
    mac.update(hook.method.as_bytes());
    mac.update(decoded(hook.url).as_bytes());
    mac.update(hook.body);
    mac.update(stamp.as_bytes());
    // Takes as long whatever differs.
    mac.verify_slice(&given)
        .map_err(|_| refuse("bears a wrong signature"))?;
    let events: Vec<Value> =
        serde_json::from_slice(hook.body).map_err(|_| Error::Broken("a delivery that is no list of events".into()))?;
    let mut hints = Vec::new();
    for event in &events {
        for hint in read(event) {
            if !hints.contains(&hint) {
                hints.push(hint);
            }
        }
    }
    Ok(hints)
}

fn decoded(url: &str) -> String {
    DECODED.iter().fold(url.to_owned(), |url, (code, sign)| {
        url.replace(code, sign).replace(&code.to_ascii_lowercase(), sign)
    })
}

/// The records that an event speaks of: one, or all of a merge, or both of a tie.
fn read(event: &Value) -> Vec<Hint> {
    let (subject, _) = event["subscriptionType"]
        .as_str()
        .and_then(|t| t.split_once('.'))
        .unwrap_or_default();
    let object = match subject {
        "object" => event["objectTypeId"].as_str().and_then(by_type),
        name => by_event(name),
    };
    let mut found: Vec<(Option<Object>, &Value)> = vec![(object, &event["objectId"])];
    for key in ["primaryObjectId", "newObjectId"] {
        found.push((object, &event[key]));
    }
    found.extend(
        event["mergedObjectIds"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|id| (object, id)),
    );
    let tie = event["associationType"]
        .as_str()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let (from, to) = match tie.split_once("_to_") {
        Some((from, to)) => (by_event(from), by_event(to)),
        None => {
            let of = |key: &str| event[key].as_str().and_then(by_type);
            (of("fromObjectTypeId"), of("toObjectTypeId"))
        }
    };
    found.extend([(from, &event["fromObjectId"]), (to, &event["toObjectId"])]);
    let number = |key: &str| plain(&event[key]).unwrap_or_default();
    // HubSpot's ids of events are not unique by themselves; those of a second try are the same.
    let name = format!(
        "{}.{}.{}",
        number("subscriptionId"),
        number("eventId"),
        number("occurredAt")
    );
    let hint = |(object, id): (Option<Object>, &Value)| {
        let external_id = plain(id).filter(|id| is_id(id))?;
        Some(Hint {
            object: object?,
            event: plain(&event["eventId"]).map(|_| format!("{name}.{external_id}")),
            external_id,
        })
    };
    found.into_iter().filter_map(hint).collect()
}

fn by_type(type_id: &str) -> Option<Object> {
    SOURCES
        .iter()
        .find(|s| !s.type_id.is_empty() && s.type_id == type_id)
        .map(|s| s.object)
}

fn by_event(name: &str) -> Option<Object> {
    SOURCES
        .iter()
        .find(|s| !s.event.is_empty() && s.event == name)
        .map(|s| s.object)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Number(n) => Some(n.to_string()),
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_of_both_kinds_name_their_records() {
        let of = |event: Value| -> Vec<(Object, String)> {
            read(&event).into_iter().map(|h| (h.object, h.external_id)).collect()
        };
        let one = |object, id: &str| vec![(object, id.to_owned())];
        assert_eq!(
            of(json!({"subscriptionType": "deal.propertyChange", "objectId": 7, "eventId": 1})),
            one(Object::Deal, "7")
        );
        assert_eq!(
            of(json!({"subscriptionType": "object.creation", "objectTypeId": "0-47", "objectId": 8})),
            one(Object::Activity, "8")
        );
        assert_eq!(of(json!({"subscriptionType": "ticket.creation", "objectId": 9})), []);
        assert_eq!(
            of(json!({"subscriptionType": "conversation.creation", "objectId": "x/y"})),
            []
        );
        let merged = of(
            json!({"subscriptionType": "contact.merge", "objectId": 1, "primaryObjectId": 1, "mergedObjectIds": [2, 3]}),
        );
        assert!(
            ["1", "2", "3"]
                .iter()
                .all(|id| merged.contains(&(Object::Contact, (*id).to_owned())))
        );
        let tied = of(
            json!({"subscriptionType": "deal.associationChange", "associationType": "DEAL_TO_COMPANY", "fromObjectId": 4, "toObjectId": 5}),
        );
        assert_eq!(
            tied,
            [(Object::Deal, "4".to_owned()), (Object::Account, "5".to_owned())]
        );
    }
}
