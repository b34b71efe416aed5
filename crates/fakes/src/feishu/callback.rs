//! Callbacks as they are sent: encrypted and signed.

use aes::{
    Aes256,
    cipher::{Array, BlockCipherEncrypt, KeyInit},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::{APP_ID, ENCRYPT_KEY, FakeFeishu, VERIFICATION_TOKEN};

/// A delivery that waits to be sent.
#[derive(Debug, Clone)]
pub struct Callback {
    /// Its headers, in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

impl Callback {
    /// Encrypts and signs `inner`.
    pub fn of(inner: &Value) -> Callback {
        let body = json!({ "encrypt": seal(inner.to_string().as_bytes()) }).to_string();
        let (time, nonce) = ("1764288000", "a-nonce");
        let signature = hex(digest(&SHA256, format!("{time}{nonce}{ENCRYPT_KEY}{body}").as_bytes()).as_ref());
        let headers = [
            ("content-type", "application/json; charset=utf-8"),
            ("x-lark-request-timestamp", time),
            ("x-lark-request-nonce", nonce),
            ("x-lark-signature", &signature),
        ];
        Callback {
            headers: headers.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec(),
            body,
        }
    }

    /// The same with a signature that does not fit.
    pub fn forged(mut self) -> Callback {
        if let Some((_, value)) = self.headers.iter_mut().find(|(n, _)| n == "x-lark-signature") {
            *value = "0".repeat(64);
        }
        self
    }

    /// The trial of an address.
    pub fn hello(challenge: &str) -> Callback {
        let mut hello =
            Callback::of(&json!({ "type": "url_verification", "challenge": challenge, "token": VERIFICATION_TOKEN }));
        // The chat does not sign it.
        hello.headers.truncate(1);
        hello
    }
}

impl FakeFeishu {
    /// Somebody presses the button `name` of a message as it is now, with what they wrote as the reason.
    pub fn press(&self, message: &str, who: &str, name: &str, reason: &str) -> Callback {
        let event = {
            let mut db = self.db();
            db.events += 1;
            format!("event-{}", db.events)
        };
        self.press_as(message, None, who, name, reason, &event)
    }

    /// As [`FakeFeishu::press`], under an id of the event that is given, on the message as it was after `version` changes.
    pub fn press_as(
        &self,
        message: &str,
        version: Option<usize>,
        who: &str,
        name: &str,
        reason: &str,
        event: &str,
    ) -> Callback {
        let db = self.db();
        let found = db.messages.iter().find(|m| m.id == message).expect("a message");
        let card = version.and_then(|v| found.past.get(v)).unwrap_or(&found.card);
        let elements = |value: &Value| value["elements"].as_array().cloned().unwrap_or_default();
        let form = elements(&card["body"]).into_iter().find(|e| e["tag"] == "form");
        let buttons = form.as_ref().map(elements).unwrap_or_default();
        let button = buttons.iter().find(|e| e["name"] == name).expect("a button");
        Callback::of(&json!({
            "schema": "2.0",
            "header": {
                "event_id": event, "token": VERIFICATION_TOKEN, "create_time": "1764288000000000",
                "event_type": "card.action.trigger", "tenant_key": "tenant", "app_id": APP_ID,
            },
            "event": {
                "operator": { "tenant_key": "tenant", "open_id": who },
                "token": "c-for-a-late-update",
                "action": {
                    "tag": "button", "name": name, "value": button["behaviors"][0]["value"],
                    "form_value": { "reason": reason },
                },
                "host": "im_message",
                "context": { "open_message_id": message, "open_chat_id": "oc_test" },
            },
        }))
    }
}

fn seal(plain: &[u8]) -> String {
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, ENCRYPT_KEY.as_bytes()).as_ref());
    let cipher = Aes256::new(&Array::from(key));
    let pad = 16 - plain.len() % 16;
    let padded: Vec<u8> = plain
        .iter()
        .copied()
        .chain(std::iter::repeat_n(pad as u8, pad))
        .collect();
    let mut before = [7; 16];
    let mut sealed = before.to_vec();
    for block in padded.as_chunks::<16>().0 {
        let mut mixed = Array::from(std::array::from_fn::<u8, 16, _>(|i| block[i] ^ before[i]));
        cipher.encrypt_block(&mut mixed);
        before = mixed.into();
        sealed.extend(before);
    }
    STANDARD.encode(sealed)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
