//! XML-RPC envelopes in Tryton's dialect (its `protocols/xmlrpc.py`), to and from the JSON that its other interfaces speak.
//!
//! Tryton adds `bigdecimal` and `biginteger` to the types of the specification and sends days as structures, so that a
//! library for XML-RPC refuses its answers; see `docs/decisions/0009-xml-rpc-by-the-same-reader.md`.

use jiff::civil::DateTime;
use serde_json::{Map, Number, Value, json};

use super::value;
use crate::{
    connector::Error,
    http::one_line,
    soap::{self, Node, escape},
};

/// What a call came to.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// Its result.
    Result(Value),
    /// The server says no, or failed inside.
    Fault { code: i64, text: String },
}

/// A call of `method`. Moments go out to the second, as XML-RPC has them.
pub fn call(method: &str, params: &[Value]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\"?>\n<methodCall><methodName>");
    escape(&mut xml, method);
    xml.push_str("</methodName><params>");
    for param in params {
        xml.push_str("<param>");
        write(param, &mut xml);
        xml.push_str("</param>");
    }
    xml.push_str("</params></methodCall>");
    xml
}

fn write(value: &Value, xml: &mut String) {
    xml.push_str("<value>");
    match value {
        Value::Null => xml.push_str("<nil/>"),
        Value::Bool(truth) => xml.push_str(&format!("<boolean>{}</boolean>", u8::from(*truth))),
        Value::Number(number) => {
            let kind = match number.as_i64() {
                Some(n) if i32::try_from(n).is_ok() => "int",
                Some(_) => "biginteger",
                None => "double",
            };
            xml.push_str(&format!("<{kind}>{number}</{kind}>"));
        }
        Value::String(text) => {
            xml.push_str("<string>");
            escape(xml, text);
            xml.push_str("</string>");
        }
        Value::Array(items) => {
            xml.push_str("<array><data>");
            items.iter().for_each(|item| write(item, xml));
            xml.push_str("</data></array>");
        }
        Value::Object(members) => match moment(value) {
            Some(at) => xml.push_str(&format!(
                "<dateTime.iso8601>{}</dateTime.iso8601>",
                at.strftime("%Y%m%dT%H:%M:%S")
            )),
            None => {
                xml.push_str("<struct>");
                for (name, member) in members {
                    xml.push_str("<member><name>");
                    escape(xml, name);
                    xml.push_str("</name>");
                    write(member, xml);
                    xml.push_str("</member>");
                }
                xml.push_str("</struct>");
            }
        },
    }
    xml.push_str("</value>");
}

fn moment(value: &Value) -> Option<DateTime> {
    if value["__class__"] != "datetime" {
        return None;
    }
    Some(jiff::tz::TimeZone::UTC.to_datetime(value::read_datetime(value)?))
}

/// Reads an answer, within the bounds of [`soap::read`].
pub fn read(xml: &[u8]) -> Result<Outcome, Error> {
    let response = soap::read(xml)?;
    let given = response.children.first().filter(|_| response.name == "methodResponse");
    let inside = |node: &Node, path: &[&str]| path.iter().try_fold(node.clone(), |n, name| n.child(name).cloned());
    let broken = || Error::Broken("XML that is no answer of XML-RPC".into());
    let given = given.ok_or_else(broken)?;
    if let Some(node) = inside(given, &["param", "value"]) {
        return Ok(Outcome::Result(of(&node)?));
    }
    let fault = of(&inside(given, &["value"]).ok_or_else(broken)?)?;
    Ok(Outcome::Fault {
        code: fault["faultCode"].as_i64().ok_or_else(broken)?,
        text: fault["faultString"].as_str().unwrap_or_default().to_owned(),
    })
}

/// What a `value` holds.
fn of(value: &Node) -> Result<Value, Error> {
    let Some(typed) = value.children.first() else {
        // Without a type it is text.
        return Ok(value.text.as_str().into());
    };
    Ok(match typed.name.as_str() {
        "nil" => Value::Null,
        "array" => match typed.child("data") {
            Some(data) => data.all("value").map(of).collect::<Result<_, _>>()?,
            None => json!([]),
        },
        "struct" => {
            let mut members = Map::new();
            for member in typed.all("member") {
                let held = member.child("value").map(of).transpose()?.unwrap_or_default();
                members.insert(member.text_of("name").to_owned(), held);
            }
            Value::Object(members)
        }
        kind => scalar(kind, &typed.text).ok_or_else(|| {
            let (kind, text) = (one_line(kind), one_line(&typed.text));
            Error::Broken(format!("XML-RPC with {text:?}, which is no {kind}"))
        })?,
    })
}

fn scalar(kind: &str, text: &str) -> Option<Value> {
    let text = match kind {
        "string" | "base64" => return Some(text.into()),
        _ => text.trim(),
    };
    Some(match kind {
        "int" | "i4" | "i8" | "biginteger" => Value::Number(text.parse::<i64>().ok()?.into()),
        "boolean" => Value::Bool(text == "1"),
        "double" => Value::Number(Number::from_f64(text.parse().ok()?)?),
        "bigdecimal" => json!({ "__class__": "Decimal", "decimal": text }),
        "dateTime.iso8601" => {
            let at = DateTime::strptime("%Y%m%dT%H:%M:%S", text).ok()?;
            value::datetime(jiff::tz::TimeZone::UTC.to_timestamp(at).ok()?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from Tryton 8.2, but for the names.
    const ROWS: &str = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n<value><struct>\n\
        <member>\n<name>name</name>\n<value><string>Brühl &amp; S&#246;hne &lt;AG&gt;</string></value>\n</member>\n\
        <member>\n<name>active</name>\n<value><int>1</int></value>\n</member>\n\
        <member>\n<name>amount</name>\n<value><bigdecimal>230000</bigdecimal></value>\n</member>\n\
        <member>\n<name>large</name>\n<value><biginteger>9007199254740993</biginteger></value>\n</member>\n\
        <member>\n<name>chance</name>\n<value><double>0.25</double></value>\n</member>\n\
        <member>\n<name>done</name>\n<value><boolean>0</boolean></value>\n</member>\n\
        <member>\n<name>note</name>\n<value><nil/></value>\n</member>\n\
        <member>\n<name>bare</name>\n<value>as text</value>\n</member>\n\
        <member>\n<name>last_modified_at</name>\n<value><dateTime.iso8601>20261127T15:37:59</dateTime.iso8601></value>\n</member>\n\
        <member>\n<name>end_date</name>\n<value><struct>\n<member>\n<name>__class__</name>\n<value><string>date</string></value>\n\
        </member>\n<member>\n<name>year</name>\n<value><int>2026</int></value>\n</member>\n</struct></value>\n</member>\n\
        <member>\n<name>addresses.</name>\n<value><array><data>\n</data></array></value>\n</member>\n\
        </struct></value>\n</data></array></value>\n</param>\n</params>\n</methodResponse>\n";

    const FAULT: &str = "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n\
        <value><int>1</int></value>\n</member>\n<member>\n<name>faultString</name>\n\
        <value><string>The currency BHD is not in Tryton. Add it under Currencies, then send again. - </string></value>\n\
        </member>\n</struct></value>\n</fault>\n</methodResponse>\n";

    #[test]
    fn rows_come_as_by_rest() {
        let expected = json!([{
            "name": "Brühl & Söhne <AG>", "active": 1, "amount": {"__class__": "Decimal", "decimal": "230000"},
            "large": 9_007_199_254_740_993_i64, "chance": 0.25, "done": false, "note": null, "bare": "as text",
            "last_modified_at": value::datetime("2026-11-27T15:37:59Z".parse().expect("a time")),
            "end_date": {"__class__": "date", "year": 2026}, "addresses.": []
        }]);
        assert_eq!(read(ROWS.as_bytes()), Ok(Outcome::Result(expected)));
    }

    #[test]
    fn a_fault_is_read() {
        let Ok(Outcome::Fault { code, text }) = read(FAULT.as_bytes()) else {
            panic!("a fault")
        };
        assert_eq!(code, 1);
        assert!(text.starts_with("The currency BHD is not in Tryton."), "{text}");
    }

    #[test]
    fn a_call_holds_all_kinds() {
        let params = [
            json!([["name", "!=", null], ["id", ">", 5_000_000_000_i64]]),
            json!({"password": "a<b&\"c\u{1}"}),
            json!({"__class__": "Decimal", "decimal": "-0.05"}),
            value::datetime("2026-11-27T15:37:59.5Z".parse().expect("a time")),
            json!(true),
            json!(0.5),
        ];
        let xml = call("model.party.party.x", &params);
        for part in [
            "<methodName>model.party.party.x</methodName>",
            "<string>!=</string></value><value><nil/></value>",
            "<biginteger>5000000000</biginteger>",
            "<string>a&lt;b&amp;\"c </string>",
            "<name>decimal</name><value><string>-0.05</string></value>",
            "<dateTime.iso8601>20261127T15:37:59</dateTime.iso8601>",
            "<boolean>1</boolean>",
            "<double>0.5</double>",
        ] {
            assert!(xml.contains(part), "{part} is not in {xml}");
        }
    }

    fn refusal(xml: &str) -> String {
        read(xml.as_bytes()).expect_err("refused").to_string()
    }

    #[test]
    fn what_grows_without_bound_is_refused() {
        let laughs = "<?xml version='1.0'?><!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]>\
            <methodResponse><params><param><value>&b;</value></param></params></methodResponse>";
        assert!(refusal(laughs).contains("document type"));
        let entity = "<methodResponse><params><param><value>&b;</value></param></params></methodResponse>";
        assert!(refusal(entity).contains("entity"));
        let deep = format!(
            "<methodResponse><params><param>{}",
            "<value><array><data>".repeat(100_000)
        );
        assert!(refusal(&deep).contains("too deep"));
    }

    #[test]
    fn what_is_no_answer_is_said() {
        let whole = ROWS.len();
        for cut in [0, 1, 60, 200, whole / 2, whole - 20] {
            assert!(read(&ROWS.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        for wrong in [
            "<html><body>Log in</body></html>",
            "<methodResponse><params><param><value><int>many</int></value></param></params></methodResponse>",
            "<methodResponse><params><param><value><what>1</what></value></param></params></methodResponse>",
            "<methodResponse><fault><value><string>x</string></value></fault></methodResponse>",
            "<methodResponse><params/></methodResponse>",
        ] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(read(format!("{FAULT}<more/>").as_bytes()).is_err());
    }
}
