//! XML as written, to be signed: with prefixes, and all text.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::SPACE;

/// An element as written: with prefixes, and all text.
#[derive(Default)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) spaces: Vec<(String, String)>,
    pub(super) parts: Vec<Part>,
    pub(super) parent: Option<usize>,
}

pub(super) enum Part {
    Element(usize),
    Text(String),
    Instruction(String),
}

pub(super) struct Document {
    pub(super) nodes: Vec<Node>,
}

impl Document {
    pub(super) fn parse(text: &str) -> Option<Self> {
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

    pub(super) fn local(&self, id: usize) -> &str {
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
    pub(super) fn is(&self, id: usize, local: &str) -> bool {
        let prefix = prefix(&self.nodes[id].name);
        self.local(id) == local && self.space(id, prefix) == Some(SPACE)
    }

    pub(super) fn children(&self, id: usize) -> impl Iterator<Item = usize> {
        self.nodes[id].parts.iter().filter_map(|p| match p {
            Part::Element(id) => Some(*id),
            _ => None,
        })
    }

    pub(super) fn child(&self, id: usize, local: &str) -> Option<usize> {
        self.children(id).find(|c| self.is(*c, local))
    }

    pub(super) fn attribute(&self, id: usize, name: &str) -> Option<&str> {
        let found = self.nodes[id].attributes.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self, id: usize) -> String {
        let parts = self.nodes[id].parts.iter();
        parts
            .filter_map(|p| match p {
                Part::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }
}

pub(super) fn prefix(name: &str) -> &str {
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
