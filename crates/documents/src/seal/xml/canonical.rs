//! Canonical XML 1.0 and 1.1, and exclusive canonical XML, without comments.

use std::collections::BTreeMap;

use super::tree::{Document, Part, prefix};

const INCLUSIVE: [&str; 2] = [
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2006/12/xml-c14n11",
];
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// How XML is made canonical.
#[derive(Clone)]
pub(super) enum Canon {
    Inclusive,
    /// With the prefixes that are kept though nothing uses them.
    Exclusive(Vec<String>),
}

impl Document {
    pub(super) fn canon(&self, id: usize) -> Result<Canon, String> {
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

    pub(super) fn canonical(&self, id: usize, canon: &Canon, without: Option<usize>) -> String {
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
