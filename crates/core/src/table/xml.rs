//! XML as a tree, within bounds: no document types, no entities of its own.

use std::io;
use std::sync::Arc;

use quick_xml::events::{BytesDecl, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};

/// Longest file, in bytes.
const MAX_BYTES: usize = 8 << 20;
/// Deepest element.
const MAX_DEPTH: usize = 60;
/// Most elements.
const MAX_NODES: usize = 400_000;

/// An element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// Its name without a prefix.
    pub(super) name: String,
    /// Its namespace; empty if it has none.
    pub(super) space: Arc<str>,
    /// Its attributes by their names with prefix.
    pub(super) attributes: Vec<(String, String)>,
    /// Its elements.
    pub(super) children: Vec<Node>,
    /// Its own text.
    pub(super) text: String,
}

impl Node {
    pub(super) fn new(name: &str) -> Node {
        Node {
            name: name.to_owned(),
            ..Node::default()
        }
    }

    /// With an attribute, unless it is empty.
    pub(super) fn with(mut self, name: &str, value: &str) -> Node {
        if !value.is_empty() {
            self.attributes.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// With an element.
    pub(super) fn holding(mut self, child: Node) -> Node {
        self.children.push(child);
        self
    }

    /// With an element that holds a text, unless the text is empty.
    pub(super) fn saying(self, name: &str, text: &str) -> Node {
        if text.is_empty() {
            self
        } else {
            self.holding(Node::new(name).holding(Node::text(text)))
        }
    }

    /// `<text>`.
    pub(super) fn text(text: &str) -> Node {
        Node {
            text: text.to_owned(),
            ..Node::new("text")
        }
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| &**v)
    }

    /// An attribute, nothing if it is absent.
    pub(super) fn get(&self, name: &str) -> String {
        self.attribute(name).unwrap_or_default().trim().to_owned()
    }

    /// The elements of a name, in the namespace of this one.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.children
            .iter()
            .filter(move |c| c.name == name && c.space == self.space)
    }

    pub(super) fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|c| c.name == name && c.space == self.space)
    }

    /// The text of the `<text>` inside, without spaces at its ends.
    pub(super) fn said(&self) -> String {
        self.child("text").map(|t| t.text.trim().to_owned()).unwrap_or_default()
    }

    /// The text of the `<text>` inside an element of that name.
    pub(super) fn said_in(&self, name: &str) -> String {
        self.child(name).map(Node::said).unwrap_or_default()
    }
}

/// Reads a document. The error says for people why it is none.
pub(super) fn read(bytes: &[u8]) -> Result<Node, String> {
    if bytes.len() > MAX_BYTES {
        return Err(format!("it is longer than {} MB", MAX_BYTES >> 20));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not in UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut open: Vec<Node> = Vec::new();
    let mut spaces: Vec<(usize, String, Arc<str>)> = Vec::new();
    let mut root = None;
    let mut count = 0;
    loop {
        let at = reader.buffer_position();
        let event = reader.read_event().map_err(|e| format!("{e} (at byte {at})"))?;
        let mut closed = None;
        match event {
            Event::Start(_) | Event::Empty(_) if open.len() >= MAX_DEPTH => return Err("it is nested too deep".into()),
            Event::Start(_) | Event::Empty(_) if root.is_some() => return Err("it goes on after its end".into()),
            Event::Start(start) => {
                let node = element(&start, open.len(), &mut spaces, &mut count)?;
                open.push(node);
            }
            Event::Empty(start) => {
                closed = Some(element(&start, open.len(), &mut spaces, &mut count)?);
            }
            Event::End(_) => closed = open.pop(),
            Event::Text(t) => push(&mut open, &t.xml10_content()),
            Event::CData(t) => push(&mut open, &t.xml10_content()),
            Event::GeneralRef(r) => {
                let name: &str = &r;
                let c = match (r.resolve_char_ref(), name) {
                    (Ok(Some(c)), _) => c,
                    (_, "amp") => '&',
                    (_, "lt") => '<',
                    (_, "gt") => '>',
                    (_, "quot") => '"',
                    (_, "apos") => '\'',
                    _ => return Err(format!("it has an entity of its own, &{name};")),
                };
                push(&mut open, c.encode_utf8(&mut [0; 4]));
            }
            Event::DocType(_) => return Err("it has a document type, which is not read".into()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => {
                return root
                    .filter(|_| open.is_empty())
                    .ok_or_else(|| "it ends too early".to_owned());
            }
        }
        if let Some(node) = closed {
            spaces.retain(|(depth, ..)| *depth < open.len());
            match open.last_mut() {
                Some(parent) => parent.children.push(node),
                None => root = Some(node),
            }
        }
    }
}

fn push(open: &mut [Node], text: &str) {
    if let Some(node) = open.last_mut() {
        node.text.push_str(text);
    }
}

fn element(
    start: &BytesStart<'_>,
    depth: usize,
    spaces: &mut Vec<(usize, String, Arc<str>)>,
    count: &mut usize,
) -> Result<Node, String> {
    *count += 1;
    if *count > MAX_NODES {
        return Err(format!("it has more than {MAX_NODES} elements"));
    }
    let mut node = Node::default();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let key: &str = attribute.key.as_ref();
        let value: &str = &attribute.value;
        let value = quick_xml::escape::unescape(value)
            .map_err(|e| e.to_string())?
            .into_owned();
        match key.strip_prefix("xmlns") {
            Some("") => spaces.push((depth, String::new(), Arc::from(value))),
            Some(prefix) if prefix.starts_with(':') => spaces.push((depth, prefix[1..].to_owned(), Arc::from(value))),
            _ => node.attributes.push((key.to_owned(), value)),
        }
    }
    let name = start.name();
    let full: &str = name.as_ref();
    let (prefix, local) = full.split_once(':').unwrap_or(("", full));
    node.name = local.to_owned();
    let space = spaces.iter().rev().find(|(_, p, _)| p == prefix);
    node.space = space.map(|(.., s)| s.clone()).unwrap_or_default();
    Ok(node)
}

/// Writes a document. `None` if a text holds a character that XML cannot.
pub(super) fn write(root: &Node) -> Option<String> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    let written = xml
        .write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))
        .and_then(|()| put(&mut xml, root));
    written.ok()?;
    String::from_utf8(xml.into_inner()).ok()
}

fn put(xml: &mut Writer<Vec<u8>>, node: &Node) -> io::Result<()> {
    let holds = |text: &str| {
        let bad = |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}');
        !text.contains(bad)
    };
    if !holds(&node.text) || !node.attributes.iter().all(|(_, v)| holds(v)) {
        return Err(io::Error::other("a character that XML cannot hold"));
    }
    let mut element = xml.create_element(&*node.name);
    for (name, value) in &node.attributes {
        element = element.with_attribute((&**name, &**value));
    }
    if node.children.is_empty() && node.text.is_empty() {
        element.write_empty()?;
    } else if node.children.is_empty() {
        element.write_text_content(BytesText::new(&node.text))?;
    } else {
        element.write_inner_content(|xml| node.children.iter().try_for_each(|child| put(xml, child)))?;
    }
    Ok(())
}
