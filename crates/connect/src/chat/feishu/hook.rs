//! Callbacks: sealed by the Encrypt Key with AES-256-CBC, signed in their headers, and bearing the Verification Token.
//!
//! A repeated delivery is told by the caller, by its event and task; its time is not looked at, since a press of yesterday decides nothing
//! that has not waited since.

use aes::{
    Aes256,
    cipher::{Array, BlockCipherDecrypt, KeyInit},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    chat::{Act, Delivery, Press},
    connector::{Error, Hook},
};

/// What proves a callback.
pub(super) struct Keys {
    /// The application's id.
    pub app: String,
    /// The Encrypt Key.
    pub encrypt: String,
    /// The Verification Token.
    pub token: String,
}

fn refuse(why: &str) -> Error {
    Error::Auth(format!("the callback {why}"))
}

impl Keys {
    /// See [`crate::chat::Chat::receive`].
    pub fn receive(&self, hook: &Hook<'_>) -> Result<Delivery, Error> {
        let broken = || Error::Broken("a callback that is no JSON".into());
        let outer: Value = serde_json::from_slice(hook.body).map_err(|_| broken())?;
        let sealed = outer["encrypt"].as_str().ok_or_else(|| refuse("is not encrypted"))?;
        let signed = self.is_signed(hook);
        let inner = self.open(sealed).ok_or_else(|| refuse("cannot be decrypted"))?;
        let inner: Value = serde_json::from_slice(&inner).map_err(|_| refuse("cannot be decrypted"))?;
        // The trial of an address is encrypted, but not signed.
        if inner["type"] == "url_verification" {
            self.token(&inner["token"])?;
            return Ok(Delivery::Hello(json!({ "challenge": inner["challenge"] })));
        }
        if !signed {
            return Err(refuse("bears no or a wrong signature"));
        }
        let header = &inner["header"];
        self.token(&header["token"])?;
        if header["app_id"] != self.app.as_str() {
            return Err(refuse("is of another application"));
        }
        if header["event_type"] != "card.action.trigger" {
            return Ok(Delivery::Other);
        }
        Ok(press(header, &inner["event"]).map_or(Delivery::Other, |p| Delivery::Presses(vec![p])))
    }

    fn token(&self, given: &Value) -> Result<(), Error> {
        let given = given.as_str().unwrap_or_default();
        if same(given.as_bytes(), self.token.as_bytes()) {
            Ok(())
        } else {
            Err(refuse("bears a wrong token"))
        }
    }

    /// Whether `X-Lark-Signature` is SHA-256 of time, nonce, key and body.
    fn is_signed(&self, hook: &Hook<'_>) -> bool {
        let of = |name: &str| hook.header(name).unwrap_or_default();
        let mut digest = Sha256::new();
        digest.update(of("x-lark-request-timestamp"));
        digest.update(of("x-lark-request-nonce"));
        digest.update(&self.encrypt);
        digest.update(hook.body);
        let wanted: String = digest.finalize().iter().map(|b| format!("{b:02x}")).collect();
        same(of("x-lark-signature").as_bytes(), wanted.as_bytes())
    }

    /// Opens base64 of an initial vector and AES-256-CBC under SHA-256 of the key, padded after PKCS #7.
    fn open(&self, sealed: &str) -> Option<Vec<u8>> {
        let bytes = STANDARD.decode(sealed).ok()?;
        let (blocks, rest) = bytes.as_chunks::<16>();
        let (first, blocks) = blocks.split_first().filter(|(_, b)| !b.is_empty() && rest.is_empty())?;
        let cipher = Aes256::new(&Array::from(<[u8; 32]>::from(Sha256::digest(&self.encrypt))));
        let (mut before, mut plain) = (first, Vec::with_capacity(bytes.len()));
        for block in blocks {
            let mut open = Array::from(*block);
            cipher.decrypt_block(&mut open);
            plain.extend(open.iter().zip(before).map(|(o, b)| o ^ b));
            before = block;
        }
        let pad = usize::from(*plain.last()?);
        let sound = (1..=16).contains(&pad) && plain.iter().rev().take(pad).all(|b| usize::from(*b) == pad);
        sound.then(|| {
            plain.truncate(plain.len() - pad);
            plain
        })
    }
}

/// Compares in a time that does not tell where they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// The press that an event tells of; none for a press of something that is not ours.
fn press(header: &Value, event: &Value) -> Option<Press> {
    let text = |value: &Value| value.as_str().filter(|t| !t.is_empty()).map(str::to_owned);
    let action = &event["action"];
    let value = &action["value"];
    Some(Press {
        event: text(&header["event_id"])?,
        account: text(&event["operator"]["open_id"])?,
        task: text(&value["task"])?,
        hash: text(&value["hash"])?,
        act: Act::parse(value["act"].as_str()?)?,
        reason: text(&action["form_value"]["reason"]).unwrap_or_default(),
    })
}
