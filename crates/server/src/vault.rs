//! Sealing: AES-256-GCM-SIV (RFC 8452) under the master key, and a key of its own for each subject and purpose, so
//! that a person's payloads can be made unreadable by destroying one row.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, RwLock};

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::args;
use crate::db::Sql;
use crate::error::Error;

/// A 256-bit key.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// A new random key.
    pub fn random() -> Key {
        Key(rand::random())
    }

    /// Seals `plain`, bound to `about`: base64 of nonce and ciphertext.
    pub fn seal(&self, about: &str, plain: &[u8]) -> Result<String, Error> {
        Ok(STANDARD.encode(self.seal_bytes(about, plain)?))
    }

    /// Opens what [`Key::seal`] made for the same `about`.
    pub fn open(&self, about: &str, sealed: &str) -> Result<Vec<u8>, Error> {
        self.open_bytes(about, &STANDARD.decode(sealed).map_err(|_| unreadable(about))?)
    }

    /// As [`Key::seal`], in bytes.
    pub fn seal_bytes(&self, about: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let nonce: [u8; 12] = rand::random();
        let payload = Payload {
            msg: plain,
            aad: about.as_bytes(),
        };
        let sealed = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| Error::Broken(format!("{about} cannot be sealed")))?;
        let mut out = Vec::with_capacity(12 + sealed.len());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// As [`Key::open`], in bytes.
    pub fn open_bytes(&self, about: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let (nonce, sealed) = sealed.split_first_chunk::<12>().ok_or_else(|| unreadable(about))?;
        let payload = Payload {
            msg: sealed,
            aad: about.as_bytes(),
        };
        self.cipher()
            .decrypt(&Nonce::from(*nonce), payload)
            .map_err(|_| unreadable(about))
    }

    /// The key itself, to be sealed under another.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Key, Error> {
        bytes
            .try_into()
            .map(Key)
            .map_err(|_| Error::Broken("a key must have 32 bytes".into()))
    }

    fn cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new(&self.0.into())
    }
}

fn unreadable(about: &str) -> Error {
    Error::Broken(format!("{about} cannot be opened with this key"))
}

/// The master key and the subjects' keys opened so far.
#[derive(Clone)]
pub struct Vault {
    master: Key,
    opened: Arc<RwLock<HashMap<(String, &'static str), Key>>>,
}

impl Vault {
    /// Takes the key from `hex` (64 digits), else from `master.key` in `folder`, which is made if absent.
    pub fn open(folder: &Path, hex: Option<&str>) -> Result<Vault, Error> {
        let path = folder.join("master.key");
        let text = match hex {
            Some(hex) => hex.to_owned(),
            None if path.exists() => std::fs::read_to_string(&path)?,
            None => {
                let text = hex::encode(rand::random::<[u8; 32]>());
                write_private(&path, &text)?;
                text
            }
        };
        let bytes = hex::decode(text.trim()).ok().and_then(|b| b.try_into().ok());
        let bytes = bytes.ok_or_else(|| Error::Broken("the master key must be 64 hexadecimal digits".into()))?;
        Ok(Vault {
            master: Key(bytes),
            opened: Arc::default(),
        })
    }

    /// The master key itself.
    pub fn master(&self) -> &Key {
        &self.master
    }

    /// The key of a subject for a purpose, made on first use within the transaction of `sql`.
    pub async fn subject(&self, sql: &mut Sql, subject: &str, purpose: &'static str) -> Result<Key, Error> {
        if let Some(key) = self.cached(subject, purpose) {
            return Ok(key);
        }
        let about = format!("key {purpose} {subject}");
        let fresh = Key::random();
        let sealed = self.master.seal(&about, &fresh.0)?;
        sql.run(
            "INSERT INTO subject_key (subject_id, purpose, sealed) VALUES ($1, $2, $3) ON CONFLICT (subject_id, purpose) DO NOTHING",
            args![subject, purpose, sealed],
        )
        .await?;
        self.known(sql, subject, purpose)
            .await?
            .ok_or_else(|| unreadable(&about))
    }

    /// The key of a subject, if there is one.
    pub async fn known(&self, sql: &mut Sql, subject: &str, purpose: &'static str) -> Result<Option<Key>, Error> {
        if let Some(key) = self.cached(subject, purpose) {
            return Ok(Some(key));
        }
        let row: Option<(String,)> = sql
            .maybe(
                "SELECT sealed FROM subject_key WHERE subject_id = $1 AND purpose = $2",
                args![subject, purpose],
            )
            .await?;
        let Some((sealed,)) = row else { return Ok(None) };
        let about = format!("key {purpose} {subject}");
        let bytes = self.master.open(&about, &sealed)?;
        let key = Key(bytes.try_into().map_err(|_| unreadable(&about))?);
        Ok(Some(key))
    }

    /// Keeps the key of a subject in memory, once it is committed: `sql` must be outside the writing transaction, since a
    /// key remembered from one that is rolled back would seal what nobody can open.
    pub async fn warm(&self, sql: &mut Sql, subject: &str, purpose: &'static str) -> Result<(), Error> {
        if self.cached(subject, purpose).is_none()
            && let Some(key) = self.known(sql, subject, purpose).await?
            && let Ok(mut opened) = self.opened.write()
        {
            opened.insert((subject.to_owned(), purpose), key);
        }
        Ok(())
    }

    fn cached(&self, subject: &str, purpose: &'static str) -> Option<Key> {
        self.opened.read().ok()?.get(&(subject.to_owned(), purpose)).cloned()
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_with_the_same_key_and_purpose() {
        let (one, other) = (Key::random(), Key::random());
        let sealed = one.seal("payee", b"6222 0000").expect("sealed");
        assert_eq!(one.open("payee", &sealed).expect("opened"), b"6222 0000");
        assert!(one.open("event", &sealed).is_err());
        assert!(other.open("payee", &sealed).is_err());
    }
}
