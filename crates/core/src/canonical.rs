//! Canonical JSON after RFC 8785, for hashes that an outsider can compute again.

use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;

/// The canonical bytes of a value: no spaces, keys sorted by UTF-16 code units, minimal escapes. Numbers must be
/// integers (decimals are text in Outlay); a value that is not JSON gives `null`.
pub fn json<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = String::new();
    write(&serde_json::to_value(value).unwrap_or(Value::Null), &mut out);
    out.into_bytes()
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => {
            let _ = write!(out, "{n}");
        }
        Value::String(s) => text(s, out),
        Value::Array(all) => {
            out.push('[');
            for (i, v) in all.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(v, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            out.push('{');
            for (i, (k, v)) in pairs.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                text(k, out);
                out.push(':');
                write(v, out);
            }
            out.push('}');
        }
    }
}

fn text(s: &str, out: &mut String) {
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn sorts_and_escapes_as_the_standard_says() {
        let value = json!({"b": [1, true, null], "a": "é\n\u{1f}\"", "\u{20ac}": "€", "😀": 0, "\u{fb33}": 1});
        let text = String::from_utf8(super::json(&value)).expect("UTF-8");
        assert_eq!(
            text,
            "{\"a\":\"é\\n\\u001f\\\"\",\"b\":[1,true,null],\"€\":\"€\",\"😀\":0,\"\u{fb33}\":1}"
        );
    }
}
