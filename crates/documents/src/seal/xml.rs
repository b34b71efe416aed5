//! XML Signature (XMLDSig 1.1) inside the document it signs: canonical XML, inclusive and exclusive, without comments; the
//! transform that leaves the signature out; digests by SHA and SM3; signatures by RSA, ECDSA and SM2. Whatever else a
//! signature asks for makes it unknown, never valid.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::keys::{self, Hash, Key, Method};
use super::{SignatureState, Signed};

const SPACE: &str = "http://www.w3.org/2000/09/xmldsig#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const INCLUSIVE: [&str; 2] = [
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2006/12/xml-c14n11",
];
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
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

/// An element as written: with prefixes, and all text.
#[derive(Default)]
struct Node {
    name: String,
    attributes: Vec<(String, String)>,
    spaces: Vec<(String, String)>,
    parts: Vec<Part>,
    parent: Option<usize>,
}

enum Part {
    Element(usize),
    Text(String),
    Instruction(String),
}

struct Document {
    nodes: Vec<Node>,
}

/// How XML is made canonical.
#[derive(Clone)]
enum Canon {
    Inclusive,
    /// With the prefixes that are kept though nothing uses them.
    Exclusive(Vec<String>),
}

impl Document {
    fn parse(text: &str) -> Option<Self> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut reader = Reader::from_str(&text);
        let mut nodes: Vec<Node> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        loop {
            let event = reader.read_event().ok()?;
            match event {
                Event::Start(start) => {
                    let id = begin(&mut nodes, &open, &start)?;
                    open.push(id);
                }
                Event::Empty(start) => {
                    begin(&mut nodes, &open, &start)?;
                }
                Event::End(_) => {
                    open.pop()?;
                }
                Event::Text(t) => push(&mut nodes, &open, &t.xml10_content()),
                Event::CData(t) => push(&mut nodes, &open, &t.xml10_content()),
                Event::GeneralRef(r) => {
                    let name: &str = &r;
                    let text = format!("&{name};");
                    push(&mut nodes, &open, &crate::tree::attribute_text(&text)?);
                }
                Event::PI(p) => {
                    if let Some(id) = open.last() {
                        let text: &str = &p;
                        nodes[*id].parts.push(Part::Instruction(text.to_owned()));
                    }
                }
                Event::Eof => break,
                Event::DocType(_) => return None,
                Event::Comment(_) | Event::Decl(_) => {}
            }
        }
        (!nodes.is_empty() && open.is_empty()).then_some(Document { nodes })
    }

    fn local(&self, id: usize) -> &str {
        let name = &self.nodes[id].name;
        name.rsplit(':').next().unwrap_or(name)
    }

    /// The namespace of a prefix at an element.
    fn space(&self, id: usize, prefix: &str) -> Option<&str> {
        let mut at = Some(id);
        while let Some(id) = at {
            let node = &self.nodes[id];
            if let Some((_, uri)) = node.spaces.iter().find(|(p, _)| p == prefix) {
                return Some(uri);
            }
            at = node.parent;
        }
        None
    }

    /// Whether an element is this one of XML Signature.
    fn is(&self, id: usize, local: &str) -> bool {
        let prefix = prefix(&self.nodes[id].name);
        self.local(id) == local && self.space(id, prefix) == Some(SPACE)
    }

    fn children(&self, id: usize) -> impl Iterator<Item = usize> {
        self.nodes[id].parts.iter().filter_map(|p| match p {
            Part::Element(id) => Some(*id),
            _ => None,
        })
    }

    fn child(&self, id: usize, local: &str) -> Option<usize> {
        self.children(id).find(|c| self.is(*c, local))
    }

    fn attribute(&self, id: usize, name: &str) -> Option<&str> {
        let found = self.nodes[id].attributes.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    fn text(&self, id: usize) -> String {
        let parts = self.nodes[id].parts.iter();
        parts
            .filter_map(|p| match p {
                Part::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

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

    fn canon(&self, id: usize) -> Result<Canon, String> {
        let name = self.attribute(id, "Algorithm").unwrap_or_default();
        if INCLUSIVE.contains(&name) {
            return Ok(Canon::Inclusive);
        }
        if name != EXCLUSIVE {
            return Err(format!("the transform {name} is not known here"));
        }
        let list = self.children(id).find(|c| self.local(*c) == "InclusiveNamespaces");
        let kept = list.and_then(|l| self.attribute(l, "PrefixList")).unwrap_or_default();
        let kept = kept.split_whitespace();
        Ok(Canon::Exclusive(
            kept.map(|p| if p == "#default" { String::new() } else { p.to_owned() })
                .collect(),
        ))
    }

    fn canonical(&self, id: usize, canon: &Canon, without: Option<usize>) -> String {
        let mut above = BTreeMap::new();
        let mut line = Vec::new();
        let mut at = self.nodes[id].parent;
        while let Some(parent) = at {
            line.push(parent);
            at = self.nodes[parent].parent;
        }
        for parent in line.into_iter().rev() {
            above.extend(self.nodes[parent].spaces.iter().cloned());
        }
        let mut out = String::new();
        self.write(id, canon, without, &above, &BTreeMap::new(), &mut out);
        out
    }

    /// Writes an element; `above` are the namespaces in force, `written` those that an element around has written.
    fn write(
        &self,
        id: usize,
        canon: &Canon,
        without: Option<usize>,
        above: &BTreeMap<String, String>,
        written: &BTreeMap<String, String>,
        out: &mut String,
    ) {
        let node = &self.nodes[id];
        let mut force = above.clone();
        force.extend(node.spaces.iter().cloned());
        let mut now = written.clone();
        out.push('<');
        out.push_str(&node.name);
        let used = |wanted: &String| {
            let of_attribute = |(name, _): &(String, String)| name.contains(':') && prefix(name) == wanted;
            prefix(&node.name) == wanted || node.attributes.iter().any(of_attribute)
        };
        for (name, uri) in &force {
            let wanted = match canon {
                Canon::Inclusive => true,
                Canon::Exclusive(kept) => kept.contains(name) || used(name),
            };
            let before = now.get(name).map_or("", String::as_str);
            if !wanted || before == uri || name == "xml" {
                continue;
            }
            let head = if name.is_empty() { " xmlns" } else { " xmlns:" };
            out.push_str(head);
            out.push_str(name);
            out.push_str("=\"");
            escape(uri, true, out);
            out.push('"');
            now.insert(name.clone(), uri.clone());
        }
        let mut attributes: Vec<(&str, &str, &(String, String))> = node
            .attributes
            .iter()
            .map(|pair| {
                let (head, local) = pair.0.split_once(':').unwrap_or(("", &pair.0));
                let space = if head.is_empty() {
                    ""
                } else {
                    force.get(head).map_or("", String::as_str)
                };
                (space, local, pair)
            })
            .collect();
        attributes.sort_by_key(|(space, local, _)| (*space, *local));
        for (_, _, (name, value)) in attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            escape(value, true, out);
            out.push('"');
        }
        out.push('>');
        for part in &node.parts {
            match part {
                Part::Element(inner) if Some(*inner) == without => {}
                Part::Element(inner) => self.write(*inner, canon, without, &force, &now, out),
                Part::Text(text) => escape(text, false, out),
                Part::Instruction(text) => {
                    out.push_str("<?");
                    out.push_str(text);
                    out.push_str("?>");
                }
            }
        }
        out.push_str("</");
        out.push_str(&node.name);
        out.push('>');
    }
}

fn prefix(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

fn begin(nodes: &mut Vec<Node>, open: &[usize], start: &BytesStart<'_>) -> Option<usize> {
    let mut node = Node {
        name: AsRef::<str>::as_ref(&start.name()).to_owned(),
        parent: open.last().copied(),
        ..Node::default()
    };
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let name = AsRef::<str>::as_ref(&attribute.key).to_owned();
        // Breaks as written are blanks; those written as references stay (XML 1.0, 3.3.3).
        let plain = attribute.value.replace(['\n', '\t'], " ");
        let value = crate::tree::attribute_text(&plain)?.into_owned();
        match name.strip_prefix("xmlns") {
            Some("") => node.spaces.push((String::new(), value)),
            Some(rest) if rest.starts_with(':') => node.spaces.push((rest[1..].to_owned(), value)),
            _ => node.attributes.push((name, value)),
        }
    }
    let id = nodes.len();
    if let Some(parent) = open.last() {
        nodes[*parent].parts.push(Part::Element(id));
    }
    nodes.push(node);
    Some(id)
}

fn push(nodes: &mut [Node], open: &[usize], text: &str) {
    if let Some(id) = open.last() {
        nodes[*id].parts.push(Part::Text(text.to_owned()));
    }
}

/// As canonical XML writes characters (Canonical XML 1.0, 2.3).
fn escape(text: &str, in_attribute: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' if !in_attribute => out.push_str("&gt;"),
            '"' if in_attribute => out.push_str("&quot;"),
            '\t' if in_attribute => out.push_str("&#x9;"),
            '\n' if in_attribute => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            c => out.push(c),
        }
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
