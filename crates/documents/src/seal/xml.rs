//! XML Signature (XMLDSig 1.1) inside the document it signs: canonical XML, inclusive and exclusive, without comments; the
//! transform that leaves the signature out; digests by SHA and SM3; signatures by RSA, ECDSA and SM2. Whatever else a
//! signature asks for makes it unknown, never valid.

mod canonical;
mod tree;

use super::keys::{self, Hash, Key, Method};
use super::{SignatureState, Signed};

use canonical::Canon;
use tree::Document;

const SPACE: &str = "http://www.w3.org/2000/09/xmldsig#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// Most signatures looked at in one file.
const MAX_SIGNATURES: usize = 8;

/// Checks the signatures of a text that was read as XML within bounds before; none where there is none.
pub(crate) fn check(text: &str) -> Vec<Signed> {
    if !text.contains(SPACE) {
        return Vec::new();
    }
    let Some(document) = Document::parse(text) else {
        return vec![Signed::new(SignatureState::Unknown, "the signed XML can't be followed")];
    };
    let signatures: Vec<usize> = (0..document.nodes.len())
        .filter(|id| document.is(*id, "Signature"))
        .take(MAX_SIGNATURES)
        .collect();
    signatures.into_iter().map(|id| document.judge(id)).collect()
}

impl Document {
    fn judge(&self, id: usize) -> Signed {
        let mut signed = self
            .verify(id)
            .unwrap_or_else(|why| Signed::new(SignatureState::Unknown, why));
        if let Some(certificate) = self.certificate(id) {
            signed.signer = certificate.subject;
            signed.issuer = certificate.issuer;
        }
        signed
    }

    fn certificate(&self, id: usize) -> Option<keys::Certificate> {
        let info = self.child(id, "KeyInfo")?;
        let mut below: Vec<usize> = vec![info];
        while let Some(at) = below.pop() {
            if self.is(at, "X509Certificate") {
                return keys::certificate(&keys::base64(&self.text(at))?);
            }
            let mut inner: Vec<usize> = self.children(at).collect();
            inner.reverse();
            below.extend(inner);
        }
        None
    }

    /// The key that the signature names: of its certificate, else as bare numbers.
    fn key(&self, id: usize) -> Option<Key> {
        if let Some(certificate) = self.certificate(id) {
            return certificate.key;
        }
        let value = self.child(self.child(id, "KeyInfo")?, "KeyValue")?;
        let numbers = self.child(value, "RSAKeyValue")?;
        let number = |name: &str| keys::base64(&self.text(self.child(numbers, name)?));
        Some(Key::RsaNumbers(number("Modulus")?, number("Exponent")?))
    }

    /// Digests first, then the signature over them; the reason where something is not known here.
    fn verify(&self, id: usize) -> Result<Signed, String> {
        let missing = |what: &str| format!("the signature has no {what}");
        let info = self.child(id, "SignedInfo").ok_or_else(|| missing("SignedInfo"))?;
        let canon = self
            .child(info, "CanonicalizationMethod")
            .ok_or_else(|| missing("CanonicalizationMethod"))?;
        let canon = self.canon(canon)?;
        let method = self
            .child(info, "SignatureMethod")
            .ok_or_else(|| missing("SignatureMethod"))?;
        let name = self.attribute(method, "Algorithm").unwrap_or_default();
        let method = Method::named(name).ok_or_else(|| format!("the method {name} is not known here"))?;
        let value = self
            .child(id, "SignatureValue")
            .ok_or_else(|| missing("SignatureValue"))?;
        let value = keys::base64(&self.text(value)).ok_or_else(|| missing("readable SignatureValue"))?;
        let mut whole = false;
        let references: Vec<usize> = self.children(info).filter(|c| self.is(*c, "Reference")).collect();
        if references.is_empty() {
            return Err(missing("Reference"));
        }
        for reference in references {
            let (holds, of_root) = self.reference(reference, id)?;
            if !holds {
                let uri = self.attribute(reference, "URI").unwrap_or_default();
                let detail = format!("what {uri:?} names was changed after it was signed");
                return Ok(Signed::new(SignatureState::Broken, detail));
            }
            whole |= of_root;
        }
        let key = self.key(id).ok_or_else(|| missing("key that is known here"))?;
        let message = self.canonical(info, &canon, None);
        match keys::holds(method, &key, message.as_bytes(), &value) {
            None => Err("key and method do not go together".to_owned()),
            Some(false) => Ok(Signed::new(
                SignatureState::Broken,
                "the signature was not made over this, or not with this key",
            )),
            Some(true) if whole => Ok(Signed::new(SignatureState::Intact, "unchanged since it was signed")),
            Some(true) => Ok(Signed::new(
                SignatureState::Partial,
                "unchanged, but only part of the file was signed",
            )),
        }
    }

    /// Whether the digest of what a reference names is right, and whether that is the whole document.
    fn reference(&self, reference: usize, signature: usize) -> Result<(bool, bool), String> {
        let uri = self.attribute(reference, "URI").ok_or("a reference names nothing")?;
        let target = match uri.strip_prefix('#') {
            None if uri.is_empty() => 0,
            Some(wanted) => {
                let named = |id: &usize| {
                    ["Id", "ID", "id"]
                        .iter()
                        .any(|a| self.attribute(*id, a) == Some(wanted))
                };
                let mut found = (0..self.nodes.len()).filter(named);
                let first = found.next().ok_or_else(|| format!("nothing here is {uri}"))?;
                if found.next().is_some() {
                    return Err(format!("{uri} stands twice"));
                }
                first
            }
            None => return Err(format!("{uri} lies outside of the file")),
        };
        let mut without = None;
        let mut canon = Canon::Inclusive;
        let transforms = self.child(reference, "Transforms");
        for transform in transforms.into_iter().flat_map(|t| self.children(t)) {
            match self.attribute(transform, "Algorithm") {
                Some(ENVELOPED) => without = Some(signature),
                _ => canon = self.canon(transform)?,
            }
        }
        let method = self
            .child(reference, "DigestMethod")
            .ok_or("a reference has no DigestMethod")?;
        let name = self.attribute(method, "Algorithm").unwrap_or_default();
        let hash = Hash::named(name).ok_or_else(|| format!("digests by {name} are not known here"))?;
        let value = self
            .child(reference, "DigestValue")
            .map(|v| self.text(v))
            .unwrap_or_default();
        let made = hash.of(self.canonical(target, &canon, without).as_bytes());
        Ok((keys::base64(&value).is_some_and(|v| v == made), target == 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by another implementation (signxml), with a key made for them: attributes out of order, references, a comment,
    /// CDATA, namespaces that nothing uses.
    const SIGNED: [&str; 2] = [
        include_str!("../../tests/signed/inclusive.xml"),
        include_str!("../../tests/signed/exclusive.xml"),
    ];

    fn state(text: &str) -> SignatureState {
        let all = check(text);
        assert_eq!(all.len(), 1, "{text}");
        all[0].state
    }

    #[test]
    fn what_others_sign_is_intact_until_a_letter_changes() {
        for text in SIGNED {
            let all = check(text);
            assert_eq!(all[0].state, SignatureState::Intact, "{all:?}");
            assert_eq!(all[0].signer.as_deref(), Some("Example signer"));
            for (from, to) in [
                ("26312000000123456789", "26312000000123456780"),
                ("x:kind=\"&#9;tab\"", "x:kind=\" tab\""),
                ("b=\"2\"", "b=\"3\""),
                ("urn:example:extra", "urn:example:other"),
                ("<x:Empty/>", "<x:Empty> </x:Empty>"),
            ] {
                assert!(text.contains(from), "{from}");
                assert_eq!(state(&text.replacen(from, to, 1)), SignatureState::Broken, "{from}");
            }
            // What is no part of what was signed may change.
            for (from, to) in [("<!-- not signed -->", ""), ("<x:Empty/>", "<x:Empty ></x:Empty >")] {
                assert_eq!(state(&text.replacen(from, to, 1)), SignatureState::Intact, "{from}");
            }
        }
    }

    #[test]
    fn a_changed_signature_or_list_is_broken() {
        let text = SIGNED[0];
        let at = text.find("SignatureValue>").map(|at| at + 20).expect("a value");
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("text");
        assert_eq!(state(&changed), SignatureState::Broken);
    }

    #[test]
    fn what_is_not_known_is_never_valid() {
        for (from, to) in [
            ("xmldsig-more#rsa-sha256", "xmldsig-more#rsa-whirlpool"),
            ("xmlenc#sha256", "xmlenc#ripemd160"),
            ("URI=\"\"", "URI=\"http://elsewhere.example/\""),
            ("URI=\"\"", "URI=\"#nowhere\""),
            ("xmldsig#enveloped-signature", "xmldsig#something-else"),
        ] {
            assert_eq!(
                state(&SIGNED[0].replacen(from, to, 1)),
                SignatureState::Unknown,
                "{from}"
            );
        }
        assert!(check("<EInvoice/>").is_empty());
    }
}
