//! XML as the fake reads it, with the namespaces of its names; written apart from what the connector writes with.

use quick_xml::{Reader, events::Event};

/// An element.
#[derive(Debug, Clone, Default)]
pub struct Element {
    /// The namespace of its name; empty for none.
    pub space: String,
    /// Its local name.
    pub name: String,
    /// What `xsi:type` says, as (namespace, name).
    pub kind: Option<(String, String)>,
    /// What `SOAP-ENC:arrayType` says, as (namespace, name, count).
    pub array: Option<(String, String, usize)>,
    /// Its own text.
    pub text: String,
    /// Elements in it.
    pub children: Vec<Element>,
}

impl Element {
    /// The text of a child of this name; empty if there is none.
    pub fn of(&self, name: &str) -> &str {
        self.children.iter().find(|c| c.name == name).map_or("", |c| &c.text)
    }
}

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const ENCODING: &str = "http://schemas.xmlsoap.org/soap/encoding/";

/// Reads a request, or says what is wrong with it.
pub fn read(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut spaces: Vec<(usize, String, String)> = Vec::new();
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(start) => {
                let depth = open.len() + 1;
                let mut typed = Vec::new();
                for attribute in start.attributes() {
                    let attribute = attribute.map_err(|e| e.to_string())?;
                    let (key, value): (&str, &str) = (attribute.key.as_ref(), &attribute.value);
                    match key.split_once(':') {
                        Some(("xmlns", prefix)) => spaces.push((depth, prefix.into(), value.into())),
                        Some((prefix, name)) => typed.push((prefix.to_owned(), name.to_owned(), value.to_owned())),
                        None => {}
                    }
                }
                let (space, name) = qualified(&spaces, start.name().as_ref())?;
                let mut element = Element {
                    space,
                    name,
                    ..Element::default()
                };
                for (prefix, name, value) in typed {
                    let (space, _) = qualified(&spaces, &format!("{prefix}:{name}"))?;
                    match (space.as_str(), name.as_str()) {
                        (XSI, "type") => element.kind = Some(qualified(&spaces, &value)?),
                        (ENCODING, "arrayType") => {
                            let (of, count) = value.split_once('[').ok_or("an arrayType without a size")?;
                            let (space, name) = qualified(&spaces, of)?;
                            let count = count
                                .trim_end_matches(']')
                                .parse()
                                .map_err(|_| "an arrayType without a size")?;
                            element.array = Some((space, name, count));
                        }
                        _ => {}
                    }
                }
                open.push(element);
            }
            Event::End(_) => {
                let depth = open.len();
                spaces.retain(|(at, _, _)| *at < depth);
                let closed = open.pop().ok_or("an end without a beginning")?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(closed),
                    None => return Ok(closed),
                }
            }
            Event::Text(t) => push(&mut open, &t.xml10_content()),
            Event::GeneralRef(r) => {
                let name: &str = &r;
                let c = match (r.resolve_char_ref(), name) {
                    (Ok(Some(c)), _) => c,
                    (_, "amp") => '&',
                    (_, "lt") => '<',
                    (_, "gt") => '>',
                    _ => return Err(format!("the entity {name}")),
                };
                push(&mut open, &c.to_string());
            }
            Event::Decl(_) => {}
            Event::Eof => return Err("an early end".into()),
            other => return Err(format!("{other:?}")),
        }
    }
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn qualified(spaces: &[(usize, String, String)], name: &str) -> Result<(String, String), String> {
    let Some((prefix, local)) = name.split_once(':') else {
        return Ok((String::new(), name.to_owned()));
    };
    let space = spaces.iter().rev().find(|(_, p, _)| p == prefix);
    let space = space.ok_or_else(|| format!("the prefix {prefix} is not declared"))?;
    Ok((space.2.clone(), local.to_owned()))
}

/// Text for XML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
