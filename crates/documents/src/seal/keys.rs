//! Digests, certificates and the keys in them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, signature as rsa};
use sm2::dsa::signature::Verifier;
use sm2::dsa::{Signature, VerifyingKey};
use sm3::{Digest, Sm3};

use super::der::{self, BIT_STRING, INTEGER, OID, SEQUENCE, SET, Value};

/// The identity that signers have where none was agreed (GB/T 35276, 10).
const SIGNER_ID: &str = "1234567812345678";
const EC_KEY: &str = "1.2.840.10045.2.1";
const SM2_CURVE: &str = "1.2.156.10197.1.301";
const P256_CURVE: &str = "1.2.840.10045.3.1.7";
const RSA_KEY: &str = "1.2.840.113549.1.1.1";
const COMMON_NAME: &str = "2.5.4.3";
const ORGANISATION: &str = "2.5.4.10";

/// A way to make a digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hash {
    Sm3,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// By object identifier, or by the name or address that it goes by.
    pub(super) fn named(name: &str) -> Option<Hash> {
        let lower = name.trim().to_ascii_lowercase();
        let last = lower.rsplit(['#', ':']).next().unwrap_or_default();
        Some(match last {
            "1.2.156.10197.1.401" | "1.2.156.10197.1.401.1" | "sm3" => Hash::Sm3,
            "1.3.14.3.2.26" | "sha1" | "sha-1" => Hash::Sha1,
            "2.16.840.1.101.3.4.2.1" | "sha256" | "sha-256" => Hash::Sha256,
            "2.16.840.1.101.3.4.2.2" | "sha384" => Hash::Sha384,
            "2.16.840.1.101.3.4.2.3" | "sha512" => Hash::Sha512,
            _ => return None,
        })
    }

    pub(super) fn of(self, bytes: &[u8]) -> Vec<u8> {
        let by = match self {
            Hash::Sm3 => return Sm3::digest(bytes).to_vec(),
            Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        };
        digest::digest(by, bytes).as_ref().to_vec()
    }
}

/// Base64 with white space in it.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(plain).ok()
}

/// A key that signatures are checked with.
pub(super) enum Key {
    Sm2(Vec<u8>),
    P256(Vec<u8>),
    Rsa(Vec<u8>),
    /// Modulus and exponent.
    RsaNumbers(Vec<u8>, Vec<u8>),
}

/// What is known of a certificate.
pub(super) struct Certificate {
    pub(super) subject: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) serial: Vec<u8>,
    pub(super) key: Option<Key>,
}

/// Reads a certificate (X.509, RFC 5280 4.1); only what is named here.
pub(super) fn certificate(bytes: &[u8]) -> Option<Certificate> {
    let (whole, _) = der::first(bytes)?;
    let signed = whole
        .inside()
        .into_iter()
        .next()
        .filter(|v| v.tag == SEQUENCE)?
        .inside();
    let numbered = signed.iter().position(|v| v.tag == INTEGER)?;
    let serial = signed[numbered].body.to_vec();
    // After the number: algorithm, issuer, validity, subject, key.
    let [_, issuer, _, subject, info, ..] = signed.get(numbered + 1..)? else {
        return None;
    };
    Some(Certificate {
        subject: name(*subject),
        issuer: name(*issuer),
        serial,
        key: key(*info),
    })
}

fn key(info: Value<'_>) -> Option<Key> {
    let parts = info.inside();
    let [algorithm, bits] = parts.as_slice() else {
        return None;
    };
    let algorithm = algorithm.inside();
    let kind = algorithm.first()?.oid()?;
    let curve = algorithm.get(1).filter(|v| v.tag == OID).and_then(|v| v.oid());
    let bytes = (bits.tag == BIT_STRING).then(|| bits.octets()).flatten()?.to_vec();
    match (kind.as_str(), curve.as_deref()) {
        (EC_KEY, Some(SM2_CURVE)) => Some(Key::Sm2(bytes)),
        (EC_KEY, Some(P256_CURVE)) => Some(Key::P256(bytes)),
        (RSA_KEY, _) => Some(Key::Rsa(bytes)),
        _ => None,
    }
}

/// The common name of a distinguished name, else its organisation.
fn name(value: Value<'_>) -> Option<String> {
    let mut found: [Option<String>; 2] = [None, None];
    for set in value.inside().into_iter().filter(|v| v.tag == SET) {
        for pair in set.inside() {
            let inside = pair.inside();
            let [kind, text] = inside.as_slice() else { continue };
            let place = match kind.oid().as_deref() {
                Some(COMMON_NAME) => 0,
                Some(ORGANISATION) => 1,
                _ => continue,
            };
            found[place] = string(*text).or(found[place].take());
        }
    }
    let [common, organisation] = found;
    common.or(organisation)
}

/// UTF-8, printable and IA5 strings, and those of two bytes a character.
fn string(value: Value<'_>) -> Option<String> {
    let text = match value.tag {
        0x1e => {
            let units: Vec<u16> = value
                .body
                .chunks_exact(2)
                .map(|b| u16::from_be_bytes([b[0], b[1]]))
                .collect();
            String::from_utf16(&units).ok()?
        }
        _ => String::from_utf8(value.body.to_vec()).ok()?,
    };
    let clean: String = text.chars().filter(|c| !c.is_control()).take(120).collect();
    (!clean.trim().is_empty()).then(|| clean.trim().to_owned())
}

/// A way to sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Method {
    Sm2,
    Rsa(Hash),
    Ecdsa(Hash),
}

impl Method {
    pub(super) fn named(name: &str) -> Option<Method> {
        let lower = name.trim().to_ascii_lowercase();
        let last = lower.rsplit(['#', ':']).next().unwrap_or_default();
        Some(match last {
            "1.2.156.10197.1.501"
            | "1.2.156.10197.1.301.1"
            | "sm2-sm3"
            | "sm2-with-sm3"
            | "sm3-with-sm2"
            | "sm2sm3" => Method::Sm2,
            "1.2.840.113549.1.1.5" | "rsa-sha1" => Method::Rsa(Hash::Sha1),
            "1.2.840.113549.1.1.11" | "rsa-sha256" => Method::Rsa(Hash::Sha256),
            "1.2.840.113549.1.1.12" | "rsa-sha384" => Method::Rsa(Hash::Sha384),
            "1.2.840.113549.1.1.13" | "rsa-sha512" => Method::Rsa(Hash::Sha512),
            "ecdsa-sha256" => Method::Ecdsa(Hash::Sha256),
            _ => return None,
        })
    }
}

/// Whether a signature over a message was made with a key; `None` where key and method do not go together.
pub(super) fn holds(method: Method, key: &Key, message: &[u8], signature: &[u8]) -> Option<bool> {
    match (method, key) {
        (Method::Sm2, Key::Sm2(point)) => {
            let Ok(key) = VerifyingKey::from_sec1_bytes(SIGNER_ID, point) else {
                return Some(false);
            };
            let made = pair(signature).and_then(|bytes| Signature::from_slice(&bytes).ok());
            Some(made.is_some_and(|s| key.verify(message, &s).is_ok()))
        }
        (Method::Ecdsa(Hash::Sha256), Key::P256(point)) => {
            let key = rsa::UnparsedPublicKey::new(&rsa::ECDSA_P256_SHA256_FIXED, point);
            Some(key.verify(message, signature).is_ok())
        }
        (Method::Rsa(hash), Key::Rsa(bytes)) => {
            let key = rsa::UnparsedPublicKey::new(rsa_with(hash)?, bytes);
            Some(key.verify(message, signature).is_ok())
        }
        (Method::Rsa(hash), Key::RsaNumbers(n, e)) => {
            let key = rsa::RsaPublicKeyComponents { n, e };
            Some(key.verify(rsa_with(hash)?, message, signature).is_ok())
        }
        _ => None,
    }
}

fn rsa_with(hash: Hash) -> Option<&'static rsa::RsaParameters> {
    Some(match hash {
        Hash::Sha1 => &rsa::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &rsa::RSA_PKCS1_2048_8192_SHA256,
        Hash::Sha384 => &rsa::RSA_PKCS1_2048_8192_SHA384,
        Hash::Sha512 => &rsa::RSA_PKCS1_2048_8192_SHA512,
        Hash::Sm3 => return None,
    })
}

/// The two numbers of a signature, 32 bytes each: as they are, or in DER.
fn pair(signature: &[u8]) -> Option<[u8; 64]> {
    if let Ok(plain) = <[u8; 64]>::try_from(signature) {
        return Some(plain);
    }
    let (value, _) = der::first(signature).filter(|(v, _)| v.tag == SEQUENCE)?;
    let inside = value.inside();
    let [r, s] = inside.as_slice() else { return None };
    let mut whole = [0; 64];
    for (number, place) in [r, s].into_iter().zip([0, 32]) {
        let digits = match number.body {
            [0, rest @ ..] => rest,
            all => all,
        };
        let from = place + 32_usize.checked_sub(digits.len())?;
        whole[from..place + 32].copy_from_slice(digits);
    }
    Some(whole)
}
