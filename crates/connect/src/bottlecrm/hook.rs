//! Deliveries to our hook: whether they come from BottleCRM, and which record they speak of.

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;

use super::source::{id, is_id};
use crate::{
    canonical::Object,
    connector::{Error, Hint, Hook},
};

/// How old a delivery may be.
const OLDEST: SignedDuration = SignedDuration::from_mins(5);

/// Checks `X-BottleCRM-Signature: t=UNIX,v1=HEX` and reads the event.
pub fn verify(hook: &Hook<'_>, secret: &str) -> Result<Vec<Hint>, Error> {
    let refuse = |why: &str| Error::Auth(format!("the delivery {why}"));
    let header = hook
        .header("x-bottlecrm-signature")
        .ok_or_else(|| refuse("is not signed"))?;
    let part = |name: &str| {
        let mut parts = header.split(',').filter_map(|part| part.trim().split_once('='));
        parts.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let (Some(stamp), Some(given)) = (part("t"), part("v1").and_then(bytes)) else {
        return Err(refuse("bears an illegible signature"));
    };
    let sent = stamp.parse().ok().and_then(|s| Timestamp::from_second(s).ok());
    let sent = sent.ok_or_else(|| refuse("bears no time"))?;
    if hook.at.duration_since(sent).abs() > OLDEST {
        return Err(refuse("is too old"));
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| refuse("cannot be checked"))?;
    mac.update(stamp.as_bytes());
    mac.update(b".");
    mac.update(hook.body);
    // Takes as long whatever differs.
    mac.verify_slice(&given)
        .map_err(|_| refuse("bears a wrong signature"))?;
    let event: Value =
        serde_json::from_slice(hook.body).map_err(|_| Error::Broken("a delivery that is no JSON".into()))?;
    Ok(read(&event).into_iter().collect())
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    // Of signs of more than one byte a pair may be no text.
    let pairs = (0..hex.len()).step_by(2).map(|n| hex.get(n..n + 2));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

/// The record that an event speaks of; none for what is read from elsewhere or not at all, such as leads.
fn read(event: &Value) -> Option<Hint> {
    let data = &event["data"];
    let (kind, _) = event["event"].as_str()?.split_once('.')?;
    let object = match kind {
        "account" => Object::Account,
        "contact" => Object::Contact,
        "deal" => Object::Deal,
        "interaction" => Object::Activity,
        _ => return None,
    };
    let external_id = match object {
        // An event names what it was logged on in other words than a list does.
        Object::Activity => {
            let home = data["home"]
                .as_str()
                .filter(|home| *home != "case" && *home != "lead")?;
            let record = &data[&format!("{home}_id")];
            id(object, &json!({ "id": data["id"], "home": home, home: record }))?
        }
        _ => data["id"].as_str().filter(|id| is_id(id))?.to_owned(),
    };
    Some(Hint {
        object,
        external_id,
        event: event["id"].as_str().map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_demo";
    const ID: &str = "ff565b70-14cc-4f19-9686-298e4e085c81";

    fn sign(secret: &str, at: i64, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
        mac.update(format!("{at}.{body}").as_bytes());
        let hex: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
        format!("t={at},v1={hex}")
    }

    fn verdict(signature: Option<String>, body: &str, at: i64) -> Result<Vec<Hint>, Error> {
        let headers: Vec<_> = signature
            .into_iter()
            .map(|s| ("x-bottlecrm-signature".to_owned(), s))
            .collect();
        let hook = Hook {
            method: "POST",
            url: "https://outlay.test/hooks/1",
            headers: &headers,
            body: body.as_bytes(),
            at: Timestamp::from_second(at).expect("a time"),
        };
        verify(&hook, SECRET)
    }

    #[test]
    fn only_what_is_signed_and_young_is_taken() {
        let body = format!(r#"{{"id":"e1","event":"deal.updated","data":{{"id":"{ID}"}}}}"#);
        let now = 1_795_792_540;
        let hints = verdict(Some(sign(SECRET, now, &body)), &body, now + 299).expect("taken");
        let hint = Hint {
            object: Object::Deal,
            external_id: ID.into(),
            event: Some("e1".into()),
        };
        assert_eq!(hints, [hint]);
        for (signature, body, at, why) in [
            (None, body.clone(), now, "not signed"),
            (Some(sign("other", now, &body)), body.clone(), now, "wrong signature"),
            (
                Some(sign(SECRET, now, &body)),
                format!("{body} "),
                now,
                "wrong signature",
            ),
            (Some(sign(SECRET, now, &body)), body.clone(), now + 301, "too old"),
            (Some(sign(SECRET, now, &body)), body.clone(), now - 301, "too old"),
            (Some("t=x,v1=00".into()), body.clone(), now, "no time"),
            (Some("t=1".into()), body.clone(), now, "illegible"),
            (Some(format!("t={now},v1=é0")), body.clone(), now, "illegible"),
        ] {
            let error = verdict(signature, &body, at).expect_err(why);
            assert!(matches!(&error, Error::Auth(t) if t.contains(why)), "{error}");
        }
    }

    #[test]
    fn events_name_their_records() {
        let of = |event: Value| read(&event).map(|h| (h.object, h.external_id));
        let logged = |home: &str| {
            of(json!({"event": "interaction.created", "data": {
                "id": ID, "home": home, "opportunity_id": ID, "account_id": ID, "lead_id": ID, "ticket_id": ID
            }}))
        };
        assert_eq!(
            logged("opportunity"),
            Some((Object::Activity, format!("opportunity.{ID}.{ID}")))
        );
        assert_eq!(logged("lead"), None);
        assert_eq!(logged("case"), None);
        assert_eq!(
            of(json!({"event": "account.created", "data": {"id": ID}})),
            Some((Object::Account, ID.into()))
        );
        assert_eq!(of(json!({"event": "lead.created", "data": {"id": ID}})), None);
        assert_eq!(of(json!({"event": "ping", "data": {}})), None);
        assert_eq!(of(json!({"event": "deal.deleted", "data": {"id": "../x"}})), None);
    }
}
