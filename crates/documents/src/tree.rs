//! XML as a small tree in one arena, built within bounds and asked by path.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::errors::{Error as XmlError, SyntaxError};
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::error::{Excess, ReadError};
use crate::limits::Limits;
use crate::text::is_xml_char;

/// Prefixes as written in paths here; a file may choose others for the same namespaces.
const PREFIXES: [(&str, &str); 7] = [
    ("inv", "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"),
    ("cn", "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"),
    (
        "cac",
        "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    ),
    (
        "cbc",
        "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    ),
    ("rsm", "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"),
    (
        "ram",
        "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    ),
    ("udt", "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"),
];

/// A namespace: one of [`PREFIXES`] by its position, or another one, or none.
type Space = Option<usize>;

struct Node {
    space: Space,
    name: String,
    text: String,
    overlong: bool,
    attributes: Vec<(String, String)>,
    children: Vec<usize>,
}

/// A whole document.
pub(crate) struct Tree {
    nodes: Vec<Node>,
}

/// One element of a [`Tree`].
#[derive(Clone, Copy)]
pub(crate) struct Element<'t> {
    tree: &'t Tree,
    id: usize,
}

impl Tree {
    pub(crate) fn parse(text: &str, limits: &Limits) -> Result<Tree, ReadError> {
        Builder::new(limits).build(text)
    }

    pub(crate) fn root(&self) -> Element<'_> {
        Element { tree: self, id: 0 }
    }

    /// All elements in document order.
    pub(crate) fn elements(&self) -> impl Iterator<Item = Element<'_>> {
        (0..self.nodes.len()).map(|id| Element { tree: self, id })
    }
}

impl<'t> Element<'t> {
    fn node(self) -> &'t Node {
        &self.tree.nodes[self.id]
    }

    /// Its place among [`Tree::elements`]; children stand behind their parents.
    pub(crate) fn position(self) -> usize {
        self.id
    }

    /// Local name.
    pub(crate) fn name(self) -> &'t str {
        &self.node().name
    }

    /// Own text without surrounding white space.
    pub(crate) fn text(self) -> &'t str {
        self.node().text.trim()
    }

    /// Whether the text was longer than the limit, and so was dropped.
    pub(crate) fn overlong(self) -> bool {
        self.node().overlong
    }

    /// An attribute by its name as written.
    pub(crate) fn attribute(self, name: &str) -> Option<&'t str> {
        let found = self.node().attributes.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.trim())
    }

    /// Names and values of all attributes but namespace declarations.
    pub(crate) fn attributes(self) -> impl Iterator<Item = (&'t str, &'t str)> {
        let all = self.node().attributes.iter();
        all.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Names of all attributes.
    pub(crate) fn attribute_names(self) -> impl Iterator<Item = &'t str> {
        self.attributes().map(|(name, _)| name)
    }

    pub(crate) fn children(self) -> impl Iterator<Item = Element<'t>> {
        let tree = self.tree;
        self.node().children.iter().map(move |id| Element { tree, id: *id })
    }

    /// Elements below this one, without itself, in document order.
    pub(crate) fn descendants(self) -> impl Iterator<Item = Element<'t>> {
        let tree = self.tree;
        let mut open: Vec<usize> = self.node().children.iter().rev().copied().collect();
        std::iter::from_fn(move || {
            let id = open.pop()?;
            open.extend(tree.nodes[id].children.iter().rev());
            Some(Element { tree, id })
        })
    }

    /// Whether the element is `name`, where `cac:Party` asks for a namespace and `Party` takes any.
    pub(crate) fn is(self, name: &str) -> bool {
        match name.split_once(':') {
            Some((prefix, local)) => {
                self.name() == local && self.node().space.is_some_and(|space| PREFIXES[space].0 == prefix)
            }
            None => self.name() == name,
        }
    }

    /// All elements under a path such as `cac:Party/cac:PartyName`.
    pub(crate) fn all(self, path: &str) -> Vec<Element<'t>> {
        let mut found = vec![self];
        for step in path.split('/') {
            found = found
                .into_iter()
                .flat_map(Element::children)
                .filter(|e| e.is(step))
                .collect();
        }
        found
    }

    /// The first element under a path.
    pub(crate) fn at(self, path: &str) -> Option<Element<'t>> {
        self.all(path).into_iter().next()
    }
}

struct Builder<'l> {
    limits: &'l Limits,
    nodes: Vec<Node>,
    open: Vec<usize>,
    /// Prefix, namespace, and the depth at which it was declared.
    spaces: Vec<(String, Space, usize)>,
}

impl<'l> Builder<'l> {
    fn new(limits: &'l Limits) -> Self {
        Builder {
            limits,
            nodes: Vec::new(),
            open: Vec::new(),
            spaces: Vec::new(),
        }
    }

    fn build(mut self, text: &str) -> Result<Tree, ReadError> {
        let mut reader = Reader::from_str(text);
        loop {
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(e) => {
                    let at = usize::try_from(reader.error_position()).unwrap_or(text.len());
                    return Err(refusal(e, text, at));
                }
            };
            let broken = |reason: &str| {
                let at = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
                not_well_formed(text, at, reason)
            };
            match event {
                Event::Start(start) => {
                    if self.open.is_empty() && !self.nodes.is_empty() {
                        return Err(broken("a second root element"));
                    }
                    self.start(&start).map_err(|f| f.place(broken))?;
                }
                Event::Empty(start) => {
                    if self.open.is_empty() && !self.nodes.is_empty() {
                        return Err(broken("a second root element"));
                    }
                    self.start(&start).map_err(|f| f.place(broken))?;
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(t) => {
                    if !self.push(&t.xml10_content()) {
                        return Err(broken("text outside of the root element"));
                    }
                }
                Event::CData(t) => {
                    if !self.push(&t.xml10_content()) {
                        return Err(broken("text outside of the root element"));
                    }
                }
                Event::GeneralRef(r) => {
                    let mut buffer = [0; 4];
                    let c = reference(&r)?;
                    if !self.push(c.encode_utf8(&mut buffer)) {
                        return Err(broken("text outside of the root element"));
                    }
                }
                Event::DocType(_) => return Err(ReadError::Doctype),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof if self.nodes.is_empty() => return Err(ReadError::Truncated),
                Event::Eof if !self.open.is_empty() => return Err(ReadError::Truncated),
                Event::Eof => return Ok(Tree { nodes: self.nodes }),
            }
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Fault> {
        let limits = self.limits;
        bound(Excess::Depth, self.open.len() + 1, limits.max_depth)?;
        bound(Excess::Elements, self.nodes.len() + 1, limits.max_nodes)?;
        let name = start.name();
        let name: &str = name.as_ref();
        bound(Excess::NameLength, name.len(), limits.max_name)?;
        let depth = self.open.len() + 1;
        let mut attributes: Vec<(String, String)> = Vec::new();
        for (count, attribute) in start.attributes().with_checks(false).enumerate() {
            bound(Excess::Attributes, count + 1, limits.max_attributes)?;
            let attribute = attribute.map_err(|_| Fault::Broken("a broken attribute"))?;
            let key: &str = attribute.key.as_ref();
            bound(Excess::NameLength, key.len(), limits.max_name)?;
            let value = attribute_value(&attribute.value)?;
            let prefix = match key.split_once(':') {
                Some(("xmlns", prefix)) => Some(prefix),
                None if key == "xmlns" => Some(""),
                _ => None,
            };
            if let Some(prefix) = prefix {
                let space = PREFIXES.iter().position(|(_, uri)| *uri == value.trim());
                self.spaces.push((prefix.to_owned(), space, depth));
                bound(Excess::Namespaces, self.spaces.len(), limits.max_namespaces)?;
            } else if attributes.iter().any(|(name, _)| name == key) {
                return Err(Fault::Broken("an attribute given twice"));
            } else if value.len() <= limits.max_text {
                attributes.push((key.to_owned(), value.into_owned()));
            }
        }
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let space = self.spaces.iter().rev().find(|(p, _, _)| p == prefix);
        let id = self.nodes.len();
        self.nodes.push(Node {
            space: space.and_then(|(_, space, _)| *space),
            name: local.to_owned(),
            text: String::new(),
            overlong: false,
            attributes,
            children: Vec::new(),
        });
        if let Some(parent) = self.open.last() {
            self.nodes[*parent].children.push(id);
        }
        self.open.push(id);
        Ok(())
    }

    fn end(&mut self) {
        let depth = self.open.len();
        while self.spaces.last().is_some_and(|(_, _, d)| *d >= depth) {
            self.spaces.pop();
        }
        self.open.pop();
    }

    /// Adds text to the open element; false for more than white space outside of the root.
    fn push(&mut self, text: &str) -> bool {
        let Some(id) = self.open.last() else {
            return text.trim().is_empty();
        };
        let node = &mut self.nodes[*id];
        if node.text.is_empty() && text.trim().is_empty() {
            return true;
        }
        if node.overlong || node.text.len() + text.len() > self.limits.max_text {
            node.text = String::new();
            node.overlong = true;
        } else {
            node.text.push_str(text);
        }
        true
    }
}

/// A fault met where the position in the file is not at hand.
enum Fault {
    Broken(&'static str),
    Refused(ReadError),
}

impl Fault {
    fn place(self, broken: impl Fn(&str) -> ReadError) -> ReadError {
        match self {
            Fault::Broken(reason) => broken(reason),
            Fault::Refused(error) => error,
        }
    }
}

fn bound(what: Excess, found: usize, limit: usize) -> Result<(), Fault> {
    if found > limit {
        return Err(Fault::Refused(ReadError::TooComplex { what, limit }));
    }
    Ok(())
}

fn reference(r: &BytesRef<'_>) -> Result<char, ReadError> {
    match r.resolve_char_ref() {
        Ok(Some(c)) if is_xml_char(c) => return Ok(c),
        Ok(Some(c)) => {
            return Err(ReadError::Control {
                code_point: u32::from(c),
            });
        }
        Err(_) => return Err(ReadError::Control { code_point: 0 }),
        Ok(None) => {}
    }
    let name: &str = r;
    predefined(name).ok_or_else(|| ReadError::Entity {
        name: name.chars().take(40).collect(),
    })
}

fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

/// The value of an attribute as meant, if it can be followed.
pub(crate) fn attribute_text(raw: &str) -> Option<Cow<'_, str>> {
    attribute_value(raw).ok()
}

/// An attribute's value with its references resolved.
fn attribute_value(raw: &str) -> Result<Cow<'_, str>, Fault> {
    if !raw.contains('&') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = String::with_capacity(raw.len());
    let mut parts = raw.split('&');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once(';').ok_or(Fault::Broken("a & without its ;"))?;
        out.push(reference(&BytesRef::new(name)).map_err(Fault::Refused)?);
        out.push_str(rest);
    }
    Ok(Cow::Owned(out))
}

fn refusal(error: XmlError, text: &str, at: usize) -> ReadError {
    match error {
        XmlError::Syntax(SyntaxError::UnclosedDoctype) => ReadError::Doctype,
        XmlError::Syntax(SyntaxError::InvalidBangMarkup) => not_well_formed(text, at, "unknown markup after <!"),
        XmlError::Syntax(_) => ReadError::Truncated,
        other => not_well_formed(text, at, &other.to_string()),
    }
}

fn not_well_formed(text: &str, at: usize, reason: &str) -> ReadError {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    ReadError::NotWellFormed {
        line: 1 + before.iter().filter(|b| **b == b'\n').count(),
        reason: reason.chars().take(120).collect(),
    }
}
