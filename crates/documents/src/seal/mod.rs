//! Signatures on documents, checked without a network: the seals of OFD (GB/T 38540, GM/T 0031, and the older shape of
//! both), signatures of GM/T 0010 without a seal, and XML Signature. Whether the signer's certificate is to be trusted is not
//! checked: no root certificate is here.

pub(crate) mod der;
mod keys;
pub(crate) mod ofd;
pub(crate) mod xml;

use serde::{Deserialize, Serialize};

use crate::invoice::{CheckKind, Invoice};
use der::{OCTETS, SEQUENCE, Value};

/// What a signature proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureState {
    /// What was signed is unchanged, and the signature was made with the key of the certificate in it.
    Intact,
    /// As intact, but not all that is read of the file was signed.
    Partial,
    /// An algorithm or a shape that is not known here: nothing is said.
    Unknown,
    /// What was signed was changed after, or the signature was not made with the key it names.
    Broken,
}

impl SignatureState {
    /// The stable name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            SignatureState::Intact => "intact",
            SignatureState::Partial => "partial",
            SignatureState::Unknown => "unknown",
            SignatureState::Broken => "broken",
        }
    }
}

/// One signature as checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// What it proves.
    pub state: SignatureState,
    /// Whose certificate is in it: its common name, else its organisation. Not checked with anybody.
    pub signer: Option<String>,
    /// Who made the certificate, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// When it was signed, as the signature says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<String>,
    /// What was found, in English.
    pub detail: String,
}

impl Signed {
    fn new(state: SignatureState, detail: impl Into<String>) -> Self {
        Signed {
            state,
            signer: None,
            issuer: None,
            signed_at: None,
            detail: detail.into(),
        }
    }
}

/// Puts what was found of a file's signatures on an invoice that was read from it: the signatures themselves, and as a check,
/// unless nothing can be said.
pub(crate) fn note(invoice: &mut Invoice, signatures: &[Signed]) {
    invoice.signatures = signatures.to_vec();
    let worst = signatures.iter().max_by_key(|s| s.state);
    let Some(worst) = worst.filter(|s| s.state != SignatureState::Unknown) else {
        return;
    };
    let who = worst.signer.as_deref().unwrap_or("unnamed");
    let detail = format!("{} ({who})", worst.detail);
    invoice.add_check(CheckKind::Signature, worst.state == SignatureState::Intact, detail);
}

/// The picture of the seal in a signed value or a seal file: its kind, such as `png` or `ofd`, and its bytes.
pub(crate) fn picture(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (value, _) = der::first(bytes)?;
    find(value, 0)
}

/// The picture stands as kind, bytes, width and height; where exactly differs between versions.
fn find(value: Value<'_>, depth: usize) -> Option<(String, &[u8])> {
    if value.tag != SEQUENCE || depth > 6 {
        return None;
    }
    let inside = value.inside();
    if let [kind, data, width, height, ..] = inside.as_slice()
        && kind.tag == der::IA5
        && data.tag == OCTETS
        && width.tag == der::INTEGER
        && height.tag == der::INTEGER
    {
        let kind = std::str::from_utf8(kind.body).ok()?;
        return Some((kind.to_ascii_lowercase(), data.body));
    }
    inside.into_iter().find_map(|v| find(v, depth + 1))
}
