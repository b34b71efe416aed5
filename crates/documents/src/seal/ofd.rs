//! Signatures of OFD documents: the digest of each file that one names, and the signature over these.

use super::der::{self, BIT_STRING, IA5, OCTETS, OID, SEQUENCE, Value};
use super::keys::{self, Certificate, Hash, Method};
use super::{SignatureState, Signed};

/// Signed data of GM/T 0010.
const SIGNED_DATA: &str = "1.2.156.10197.6.1.4.2.2";
const SIGNED_DATA_PKCS: &str = "1.2.840.113549.1.7.2";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";

/// One file that a signature names: its path, the digest it had, and its bytes now, if it is there.
pub(crate) struct Named {
    pub(crate) path: String,
    pub(crate) digest: String,
    pub(crate) bytes: Option<Vec<u8>>,
}

/// Checks one signature. `description` are the bytes of its Signature.xml, `value` those of the signed value, `check_method`
/// what the digests are made by, as the description says.
pub(crate) fn check(description: &[u8], value: &[u8], check_method: &str, files: &[Named]) -> Signed {
    let mut signed = over(description, value);
    if signed.state != SignatureState::Intact {
        return signed;
    }
    // By default MD5, which proves nothing any more.
    let Some(hash) = Hash::named(check_method) else {
        signed.state = SignatureState::Unknown;
        signed.detail = format!("digests by {check_method:?} are not known here");
        return signed;
    };
    if files.is_empty() {
        signed.state = SignatureState::Partial;
        signed.detail = "no file is signed".to_owned();
        return signed;
    }
    for file in files {
        let now = file.bytes.as_ref().map(|b| hash.of(b));
        let same = now.is_some() && now == keys::base64(&file.digest);
        if !same {
            signed.state = SignatureState::Broken;
            let what = if file.bytes.is_some() {
                "was changed"
            } else {
                "is missing"
            };
            signed.detail = format!("{} {what} after it was signed", file.path);
            return signed;
        }
    }
    signed.detail = format!("{} files unchanged since they were signed", files.len());
    signed
}

/// Checks the signature over the description itself.
fn over(description: &[u8], value: &[u8]) -> Signed {
    let unknown = || {
        Signed::new(
            SignatureState::Unknown,
            "the signed value has a shape that is not known here",
        )
    };
    let Some((whole, _)) = der::first(value).filter(|(v, _)| v.tag == SEQUENCE) else {
        return unknown();
    };
    let parts = whole.inside();
    let checked = match parts.first() {
        Some(first) if first.tag == SEQUENCE => seal(description, &parts),
        Some(first) if matches!(first.oid().as_deref(), Some(SIGNED_DATA | SIGNED_DATA_PKCS)) => {
            parts.get(1).and_then(|v| signed_data(description, *v))
        }
        _ => None,
    };
    checked.unwrap_or_else(unknown)
}

/// A seal's signature: `{to sign, certificate, method, signature}`, and before 2020 `{to sign {…, certificate, method},
/// signature}`. What is signed holds the digest of the description.
fn seal(description: &[u8], parts: &[Value<'_>]) -> Option<Signed> {
    let inner = parts[0].inside();
    // Version, seal, time, digest, name.
    let at = inner.iter().position(|v| v.tag == IA5)?;
    let digest = inner
        .get(at.checked_sub(1)?)
        .filter(|v| v.tag == BIT_STRING || v.tag == OCTETS)?
        .octets()?;
    let time = inner.get(at.checked_sub(2)?)?;
    let (certificate, method, signature) = match parts {
        [_, certificate, method, signature, ..] if certificate.tag == OCTETS && method.tag == OID => {
            (certificate.body, method.oid()?, signature.octets()?)
        }
        [_, signature, ..] if signature.tag == BIT_STRING => {
            let (certificate, method) = (inner.get(at + 1)?, inner.get(at + 2)?);
            (certificate.octets()?, method.oid()?, signature.octets()?)
        }
        _ => return None,
    };
    let certificate = keys::certificate(certificate)?;
    let mut signed = judged(&certificate, &method, parts[0].whole, signature);
    signed.signed_at = moment(*time);
    // The digest is by the hash that goes with the method; the seals of GM/T 0031 know SM3 alone.
    let same = [Hash::Sm3, Hash::Sha256, Hash::Sha1]
        .iter()
        .any(|h| h.of(description) == digest);
    if signed.state == SignatureState::Intact && !same {
        signed.state = SignatureState::Broken;
        signed.detail = "the list of signed files was changed after it was signed".to_owned();
    }
    Some(signed)
}

/// Whether the signature was made over a message with a certificate's key.
fn judged(certificate: &Certificate, method: &str, message: &[u8], signature: &[u8]) -> Signed {
    let holds = match (Method::named(method), &certificate.key) {
        (Some(method), Some(key)) => keys::holds(method, key, message, signature),
        _ => None,
    };
    let (state, detail) = match holds {
        Some(true) => (SignatureState::Intact, String::new()),
        Some(false) => (
            SignatureState::Broken,
            "the signature was not made over this, or not with this key".to_owned(),
        ),
        None => (
            SignatureState::Unknown,
            format!("the method {method} is not known here"),
        ),
    };
    Signed {
        signer: certificate.subject.clone(),
        issuer: certificate.issuer.clone(),
        ..Signed::new(state, detail)
    }
}

/// A signature without a seal over the description (GM/T 0010, which follows PKCS #7).
fn signed_data(description: &[u8], value: Value<'_>) -> Option<Signed> {
    let data = value.inside().into_iter().next()?.inside();
    let certificates = data.iter().find(|v| v.tag == 0xa0)?.inside();
    let signers = data.last().filter(|v| v.tag == der::SET)?.inside();
    let signer = signers.first()?.inside();
    let serial = signer.get(1)?.inside().into_iter().next_back()?.body;
    let mut known = certificates.iter().filter_map(|c| keys::certificate(c.whole));
    let certificate = known.find(|c| c.serial == serial)?;
    let hash = Hash::named(&signer.get(2)?.inside().first()?.oid()?)?;
    let attributes = signer.iter().find(|v| v.tag == 0xa0);
    let signature = signer.iter().skip(3).find(|v| v.tag == OCTETS)?.body;
    // The method stands before the signature; some name the key there.
    let method = match (&certificate.key, hash) {
        (Some(keys::Key::Sm2(_)), Hash::Sm3) => "1.2.156.10197.1.501".to_owned(),
        (Some(keys::Key::Rsa(_)), Hash::Sha256) => "rsa-sha256".to_owned(),
        (Some(keys::Key::Rsa(_)), Hash::Sha1) => "rsa-sha1".to_owned(),
        _ => return None,
    };
    let (message, named) = match attributes {
        None => (description.to_vec(), None),
        Some(attributes) => {
            let digest = attributes.inside().into_iter().find_map(|a| {
                let parts = a.inside();
                let found = parts.first()?.oid()? == MESSAGE_DIGEST;
                found.then(|| parts.get(1)?.inside().first().map(|v| v.body.to_vec()))?
            })?;
            // They are signed as a set, though they stand under a tag of their own.
            let mut whole = attributes.whole.to_vec();
            whole[0] = der::SET;
            (whole, Some(digest))
        }
    };
    let mut signed = judged(&certificate, &method, &message, signature);
    if signed.state == SignatureState::Broken && attributes.is_none() {
        // Some sign the digest of the description rather than itself.
        let other = judged(&certificate, &method, &hash.of(description), signature);
        if other.state == SignatureState::Intact {
            signed = other;
        }
    }
    if signed.state == SignatureState::Intact && named.is_some_and(|n| n != hash.of(description)) {
        signed.state = SignatureState::Broken;
        signed.detail = "the list of signed files was changed after it was signed".to_owned();
    }
    Some(signed)
}

/// When it was signed, as written: `20200723130907Z`.
fn moment(value: Value<'_>) -> Option<String> {
    let inner = value.octets().unwrap_or(value.body);
    let text: String = std::str::from_utf8(inner).ok()?.chars().take(24).collect();
    text.bytes().next()?.is_ascii_digit().then_some(text)
}
