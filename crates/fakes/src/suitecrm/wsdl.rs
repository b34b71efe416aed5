//! What the service says of itself, and the requests that fit.

use std::fmt::Write as _;

use super::xml::{Element, escaped};

/// Of all operations and types.
pub const NAMESPACE: &str = "http://www.sugarcrm.com/sugarcrm";
const XSD: &str = "http://www.w3.org/2001/XMLSchema";
const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const ENCODING: &str = "http://schemas.xmlsoap.org/soap/encoding/";

/// Each operation with its arguments, `name:type`, and the type of what it gives. A type without a prefix is of [`TYPES`].
pub const OPERATIONS: &[(&str, &str, &str)] = &[
    (
        "login",
        "user_auth:user_auth application_name:xsd:string name_value_list:name_value_list",
        "entry_value",
    ),
    ("logout", "session:xsd:string", ""),
    ("get_server_info", "", "get_server_info_result"),
    (
        "get_module_fields",
        "session:xsd:string module_name:xsd:string fields:select_fields",
        "new_module_fields",
    ),
    (
        "get_entries_count",
        "session:xsd:string module_name:xsd:string query:xsd:string deleted:xsd:int",
        "get_entries_count_result",
    ),
    (
        "get_entry",
        "session:xsd:string module_name:xsd:string id:xsd:string select_fields:select_fields \
         link_name_to_fields_array:link_names_to_fields_array track_view:xsd:boolean",
        "get_entry_result_version2",
    ),
    (
        "get_entry_list",
        "session:xsd:string module_name:xsd:string query:xsd:string order_by:xsd:string offset:xsd:int \
         select_fields:select_fields link_name_to_fields_array:link_names_to_fields_array max_results:xsd:int \
         deleted:xsd:int favorites:xsd:boolean",
        "get_entry_list_result_version2",
    ),
    (
        "set_entry",
        "session:xsd:string module_name:xsd:string name_value_list:name_value_list",
        "new_set_entry_result",
    ),
    (
        "set_relationship",
        "session:xsd:string module_name:xsd:string module_id:xsd:string link_field_name:xsd:string \
         related_ids:select_fields name_value_list:name_value_list delete:xsd:int",
        "new_set_relationship_list_result",
    ),
];

/// Each type: `[of]` for a list, else its members.
const TYPES: &[(&str, &str)] = &[
    ("user_auth", "user_name:xsd:string password:xsd:string"),
    ("name_value", "name:xsd:string value:xsd:string"),
    ("name_value_list", "[name_value]"),
    ("select_fields", "[xsd:string]"),
    ("link_name_to_fields_array", "name:xsd:string value:select_fields"),
    ("link_names_to_fields_array", "[link_name_to_fields_array]"),
    (
        "entry_value",
        "id:xsd:string module_name:xsd:string name_value_list:name_value_list",
    ),
];

/// The WSDL, with the service at `address`, without the operations in `lacking`.
pub fn text(address: &str, lacking: &[&str]) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<definitions xmlns:SOAP-ENV=\"{ENVELOPE}\" xmlns:xsd=\"{XSD}\" \
         xmlns:SOAP-ENC=\"{ENCODING}\" xmlns:tns=\"{NAMESPACE}\" xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" \
         xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" xmlns=\"http://schemas.xmlsoap.org/wsdl/\" \
         targetNamespace=\"{NAMESPACE}\">\n<types><xsd:schema targetNamespace=\"{NAMESPACE}\">\n"
    );
    for (name, form) in TYPES {
        let _ = write!(xml, "<xsd:complexType name=\"{name}\">");
        match form.strip_prefix('[').and_then(|f| f.strip_suffix(']')) {
            Some(of) => {
                let _ = write!(
                    xml,
                    "<xsd:complexContent><xsd:restriction base=\"SOAP-ENC:Array\"><xsd:attribute ref=\"SOAP-ENC:arrayType\" \
                     wsdl:arrayType=\"{}[]\"/></xsd:restriction></xsd:complexContent>",
                    prefixed(of)
                );
            }
            None => {
                xml.push_str("<xsd:all>");
                for (member, kind) in members(form) {
                    let _ = write!(xml, "<xsd:element name=\"{member}\" type=\"{}\"/>", prefixed(kind));
                }
                xml.push_str("</xsd:all>");
            }
        }
        xml.push_str("</xsd:complexType>\n");
    }
    xml.push_str("</xsd:schema></types>\n");
    let offered = || OPERATIONS.iter().filter(|(name, _, _)| !lacking.contains(name));
    for (name, args, gives) in offered() {
        let _ = write!(xml, "<message name=\"{name}Request\">");
        for (arg, kind) in members(args) {
            let _ = write!(xml, "<part name=\"{arg}\" type=\"{}\" />", prefixed(kind));
        }
        let _ = write!(xml, "</message>\n<message name=\"{name}Response\">");
        if !gives.is_empty() {
            let _ = write!(xml, "<part name=\"return\" type=\"tns:{gives}\" />");
        }
        xml.push_str("</message>\n");
    }
    xml.push_str("<portType name=\"sugarsoapPortType\">");
    for (name, _, _) in offered() {
        let _ = write!(
            xml,
            "<operation name=\"{name}\"><input message=\"tns:{name}Request\"/><output message=\"tns:{name}Response\"/></operation>"
        );
    }
    let _ = write!(
        xml,
        "</portType>\n<service name=\"sugarsoap\"><port name=\"sugarsoapPort\" binding=\"tns:sugarsoapBinding\">\
         <soap:address location=\"{}\"/></port></service>\n</definitions>",
        escaped(address)
    );
    xml
}

/// The call in an envelope, checked against the WSDL: namespaces, the operation, its arguments in order, and every type.
pub fn call(envelope: &Element) -> Result<(&'static str, Vec<Element>), String> {
    if (envelope.space.as_str(), envelope.name.as_str()) != (ENVELOPE, "Envelope") {
        return Err("no SOAP envelope".into());
    }
    let body = envelope
        .children
        .iter()
        .find(|c| c.name == "Body" && c.space == ENVELOPE);
    let [call] = body.map(|b| b.children.as_slice()).unwrap_or_default() else {
        return Err("no body with one call".into());
    };
    if call.space != NAMESPACE {
        return Err(format!("the call is of the namespace {:?}", call.space));
    }
    let operation = OPERATIONS.iter().find(|(name, _, _)| *name == call.name);
    let (name, args, _) =
        operation.ok_or_else(|| format!("Operation '{}' is not defined in the WSDL for this service", call.name))?;
    let wanted: Vec<(&str, &str)> = members(args).collect();
    let given: Vec<&str> = call.children.iter().map(|c| c.name.as_str()).collect();
    if given != wanted.iter().map(|(name, _)| *name).collect::<Vec<_>>() {
        return Err(format!("{name} was called with {given:?}"));
    }
    for (arg, (_, kind)) in call.children.iter().zip(&wanted) {
        fits(arg, kind).map_err(|why| format!("{name}: {why}"))?;
    }
    Ok((name, call.children.clone()))
}

/// Whether an element is of this type throughout.
fn fits(element: &Element, kind: &str) -> Result<(), String> {
    let wrong = |what: String| Err(format!("{}: {what}", element.name));
    let list = form(kind)
        .and_then(|f| f.strip_prefix('['))
        .and_then(|f| f.strip_suffix(']'));
    let named = element.kind.clone().unwrap_or_default();
    if let Some(of) = list {
        if named != (ENCODING.to_owned(), "Array".to_owned()) {
            return wrong(format!("a list of the type {named:?}"));
        }
        let (space, name) = qualified(of);
        if element.array != Some((space.into(), name.into(), element.children.len())) {
            return wrong(format!(
                "{} items, said to be {:?}",
                element.children.len(),
                element.array
            ));
        }
        for item in &element.children {
            if item.name != "item" {
                return wrong(format!("an item called {}", item.name));
            }
            fits(item, of)?;
        }
        return Ok(());
    }
    let (space, name) = qualified(kind);
    if named != (space.to_owned(), name.to_owned()) {
        return wrong(format!("it is {named:?} and not {kind}"));
    }
    if let Some(form) = form(kind) {
        let wanted: Vec<(&str, &str)> = members(form).collect();
        let given: Vec<&str> = element.children.iter().map(|c| c.name.as_str()).collect();
        if given != wanted.iter().map(|(name, _)| *name).collect::<Vec<_>>() {
            return wrong(format!("it has {given:?}"));
        }
        return element
            .children
            .iter()
            .zip(&wanted)
            .try_for_each(|(c, (_, kind))| fits(c, kind));
    }
    let sound = match name {
        "int" => element.text.parse::<i64>().is_ok(),
        "boolean" => matches!(element.text.as_str(), "true" | "false" | "1" | "0"),
        _ => true,
    };
    if !sound || !element.children.is_empty() {
        return wrong(format!("{:?} is no {name}", element.text));
    }
    Ok(())
}

fn form(kind: &str) -> Option<&'static str> {
    TYPES.iter().find(|(name, _)| *name == kind).map(|(_, form)| *form)
}

fn members(all: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    all.split_whitespace().map(|one| one.split_once(':').expect("a type"))
}

fn prefixed(kind: &str) -> String {
    match kind.contains(':') {
        true => kind.to_owned(),
        false => format!("tns:{kind}"),
    }
}

fn qualified(kind: &str) -> (&'static str, &str) {
    match kind.strip_prefix("xsd:") {
        Some(name) => (XSD, name),
        None => (NAMESPACE, kind),
    }
}
