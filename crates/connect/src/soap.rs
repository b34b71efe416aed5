//! SOAP 1.1 in the style rpc/encoded: writes envelopes, and reads answers and WSDL into a small tree within bounds.

use std::fmt::Write as _;

use quick_xml::{Reader, events::Event, name::QName};

use crate::{connector::Error, http::one_line};

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 64;
/// Elements read at most: a page of records has some ten thousand.
const MAX_NODES: usize = 500_000;
/// The content type of a request. The character set must be named: some servers take Latin-1 otherwise.
pub const CONTENT_TYPE: &str = "text/xml; charset=UTF-8";

/// One argument, with the type that is written beside it.
#[derive(Debug, Clone)]
pub enum Arg<'a> {
    /// `xsd:string`.
    Text(&'a str),
    /// `xsd:int`.
    Int(i64),
    /// `xsd:boolean`.
    Truth(bool),
    /// A structure of this type, such as `tns:user_auth`, and its members in order.
    Struct(&'a str, Vec<(&'a str, Arg<'a>)>),
    /// A list of things of this type, such as `xsd:string`.
    List(&'a str, Vec<Arg<'a>>),
}

impl<'a> Arg<'a> {
    /// A list of texts.
    pub fn texts(all: impl IntoIterator<Item = &'a str>) -> Self {
        Arg::List("xsd:string", all.into_iter().map(Arg::Text).collect())
    }
}

/// The envelope that calls `operation` of the service in `namespace`.
pub fn envelope(namespace: &str, operation: &str, args: &[(&str, Arg<'_>)]) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <SOAP-ENV:Envelope SOAP-ENV:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\" \
         xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:SOAP-ENC=\"http://schemas.xmlsoap.org/soap/encoding/\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:tns=\"{namespace}\"><SOAP-ENV:Body><tns:{operation}>"
    );
    for (name, arg) in args {
        write(&mut xml, name, arg);
    }
    let _ = write!(xml, "</tns:{operation}></SOAP-ENV:Body></SOAP-ENV:Envelope>");
    xml
}

fn write(xml: &mut String, name: &str, arg: &Arg<'_>) {
    let (kind, count) = match arg {
        Arg::Text(_) => ("xsd:string", None),
        Arg::Int(_) => ("xsd:int", None),
        Arg::Truth(_) => ("xsd:boolean", None),
        Arg::Struct(kind, _) => (*kind, None),
        Arg::List(kind, items) => ("SOAP-ENC:Array", Some((kind, items.len()))),
    };
    let _ = write!(xml, "<{name} xsi:type=\"{kind}\"");
    if let Some((kind, count)) = count {
        let _ = write!(xml, " SOAP-ENC:arrayType=\"{kind}[{count}]\"");
    }
    xml.push('>');
    match arg {
        Arg::Text(text) => escape(xml, text),
        Arg::Int(n) => _ = write!(xml, "{n}"),
        Arg::Truth(truth) => _ = write!(xml, "{truth}"),
        Arg::Struct(_, members) => {
            for (name, arg) in members {
                write(xml, name, arg);
            }
        }
        Arg::List(_, items) => {
            for item in items {
                write(xml, "item", item);
            }
        }
    }
    let _ = write!(xml, "</{name}>");
}

/// Text as XML 1.0 can carry it: what it has no way to write becomes a space.
pub fn escape(xml: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\r' => xml.push_str("&#13;"),
            '\t' | '\n' => xml.push(c),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => xml.push(' '),
            c => xml.push(c),
        }
    }
}

/// An element: its local name, its attributes by their names as written, its own text, and what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// Without its prefix.
    pub name: String,
    /// Names as written, and values.
    pub attributes: Vec<(String, String)>,
    /// Without surrounding white space.
    pub text: String,
    /// In order.
    pub children: Vec<Node>,
}

impl Node {
    /// The first child of this name.
    pub fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|c| c.name == name)
    }

    /// The text of the first child of this name; empty if there is none.
    pub fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |c| c.text.as_str())
    }

    /// All children of this name.
    pub fn all<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Node> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// An attribute by its name as written.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What a service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The element that wraps what the operation gives.
    Given(Node),
    /// It refused.
    Fault(Fault),
}

/// A SOAP fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `SOAP-ENV:Client`, or the service's own.
    pub code: String,
    /// For people, one line.
    pub text: String,
}

/// Reads the answer of a service.
pub fn answer(bytes: &[u8]) -> Result<Answer, Error> {
    let envelope = read(bytes)?;
    let body = envelope.child("Body").filter(|_| envelope.name == "Envelope");
    let mut body = body.ok_or_else(|| Error::Broken("XML that is no SOAP".into()))?.clone();
    if body.children.is_empty() {
        return Err(Error::Broken("an envelope without content".into()));
    }
    let given = body.children.swap_remove(0);
    if given.name != "Fault" {
        return Ok(Answer::Given(given));
    }
    let text = match (given.text_of("faultstring"), given.text_of("detail")) {
        (text, "") => text.to_owned(),
        (text, detail) => format!("{text}: {detail}"),
    };
    Ok(Answer::Fault(Fault {
        code: given.text_of("faultcode").to_owned(),
        text: one_line(&text),
    }))
}

/// Reads XML within bounds. Declarations of documents and of entities are refused.
pub fn read(bytes: &[u8]) -> Result<Node, Error> {
    let text = decode(bytes)?;
    let mut reader = Reader::from_str(&text);
    let mut open: Vec<Node> = Vec::new();
    let mut root = None;
    let mut count = 0;
    let broken = |what: &str| Error::Broken(format!("XML {what}"));
    loop {
        let at = reader.buffer_position();
        let event = reader
            .read_event()
            .map_err(|_| broken(&format!("that ends or breaks at byte {at}")))?;
        let mut closed = None;
        match event {
            Event::Start(start) | Event::Empty(start) if open.len() >= MAX_DEPTH || root.is_some() => {
                let name = one_line(start.name().as_ref());
                return Err(broken(&format!("that goes too deep, or on after its end, at {name}")));
            }
            Event::Start(start) => open.push(node(start.name(), start.attributes(), &mut count)?),
            Event::Empty(start) => closed = Some(node(start.name(), start.attributes(), &mut count)?),
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
                    _ => return Err(broken("with an entity of its own")),
                };
                push(&mut open, c.encode_utf8(&mut [0; 4]));
            }
            Event::DocType(_) => return Err(broken("with a document type, which is not read")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => match root {
                Some(root) if open.is_empty() => return Ok(root),
                _ => return Err(broken("that ends too early")),
            },
        }
        if let Some(mut node) = closed {
            node.text = node.text.trim().to_owned();
            match open.last_mut() {
                Some(parent) => parent.children.push(node),
                None => root = Some(node),
            }
        }
    }
}

fn node(
    name: QName<'_>,
    attributes: quick_xml::events::attributes::Attributes<'_>,
    count: &mut usize,
) -> Result<Node, Error> {
    *count += 1;
    if *count > MAX_NODES {
        return Err(Error::Broken(format!("XML of more than {MAX_NODES} elements")));
    }
    let mut node = Node {
        name: name.local_name().as_ref().to_owned(),
        ..Node::default()
    };
    for attribute in attributes {
        let attribute = attribute.map_err(|_| Error::Broken("XML with a broken attribute".into()))?;
        let value: &str = &attribute.value;
        // Addresses and names of types alone are looked at; of entities they hold the usual ones at most.
        let value = value
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&");
        node.attributes.push((attribute.key.as_ref().to_owned(), value));
    }
    Ok(node)
}

fn push(open: &mut [Node], text: &str) {
    if let Some(node) = open.last_mut() {
        node.text.push_str(text);
    }
}

/// The text, by the encoding that its declaration names; UTF-8 if it names none.
fn decode(bytes: &[u8]) -> Result<String, Error> {
    let head = &bytes[..bytes.len().min(200)];
    let head = head.split(|b| *b == b'>').next().unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    let named = head.split_once("encoding=").and_then(|(_, rest)| {
        let rest = rest.trim_start_matches(['"', '\'']);
        rest.split(['"', '\'']).next()
    });
    let named = named.unwrap_or("UTF-8").trim();
    let encoding = encoding_rs::Encoding::for_label(named.as_bytes());
    let encoding = encoding.ok_or_else(|| Error::Broken("XML in an unknown encoding".into()))?;
    let (text, _, lossy) = encoding.decode(bytes);
    if lossy {
        return Err(Error::Broken(format!("XML that is no {}", encoding.name())));
    }
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_comes_back_as_it_was_written() {
        let pair = Arg::Struct("tns:pair", vec![("name", Arg::Text("a<b>&\u{1}\r\n中"))]);
        let args = [
            ("session", Arg::Text("s")),
            ("max", Arg::Int(20)),
            ("track", Arg::Truth(false)),
            ("list", Arg::List("tns:pair", vec![pair])),
            ("fields", Arg::texts(["id"])),
        ];
        let root = read(envelope("urn:x", "do_it", &args).as_bytes()).expect("XML");
        let call = &root.child("Body").expect("a body").children[0];
        assert_eq!(call.name, "do_it");
        let names: Vec<&str> = call.children.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["session", "max", "track", "list", "fields"]);
        assert_eq!((call.text_of("max"), call.text_of("track")), ("20", "false"));
        let list = call.child("list").expect("a list");
        assert_eq!(list.attribute("SOAP-ENC:arrayType"), Some("tns:pair[1]"));
        assert_eq!(list.children[0].text_of("name"), "a<b>& \r\n中");
    }

    #[test]
    fn faults_are_told_in_one_line() {
        let xml = "<e:Envelope xmlns:e='x'><e:Body><e:Fault><faultcode>11</faultcode><faultstring>Invalid\nSession \
                   ID</faultstring><detail>The session ID is invalid</detail></e:Fault></e:Body></e:Envelope>";
        let Ok(Answer::Fault(fault)) = answer(xml.as_bytes()) else {
            panic!("a fault")
        };
        assert_eq!(
            (fault.code.as_str(), fault.text.as_str()),
            ("11", "Invalid Session ID: The session ID is invalid")
        );
    }

    #[test]
    fn latin_1_is_read_by_its_name() {
        let node = read(b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a b=\"&amp;\">M\xfcller &#20013;</a>");
        let node = node.expect("XML");
        assert_eq!((node.text.as_str(), node.attribute("b")), ("Müller 中", Some("&")));
    }

    #[test]
    fn what_is_broken_or_out_of_bounds_is_refused() {
        let deep = "<a>".repeat(MAX_DEPTH + 1);
        let wide = format!("<a>{}</a>", "<b/>".repeat(MAX_NODES));
        for (xml, what) in [
            ("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "document type"),
            ("<a>&b;</a>", "entity"),
            (deep.as_str(), "too deep"),
            (wide.as_str(), "more than"),
            ("<a><b>", "too early"),
            ("<a></b>", "breaks"),
            ("<a/><b/>", "after its end"),
            ("", "too early"),
            (
                "\u{feff}<?xml version='1.0' encoding='klingon'?><a/>",
                "unknown encoding",
            ),
        ] {
            match read(xml.as_bytes()) {
                Err(Error::Broken(text)) => assert!(text.contains(what), "{text}"),
                other => panic!("{what}: {other:?}"),
            }
        }
        assert!(matches!(read(b"<a>\xff</a>"), Err(Error::Broken(_))));
        assert!(matches!(answer(b"<html><body/></html>"), Err(Error::Broken(_))));
    }
}
