//! A flow as people write it: a line for a key, short values within their line.

use serde::Serialize;
use serde_json::Value;

use super::{Branch, Flow, Node, Settings, Step, When, is_default};
use crate::words::Text;

/// A key with its lines, the first of which begins with it.
pub(super) type Key = (&'static str, Vec<String>);

/// Something that is written key by key.
pub(super) trait Written {
    /// Its keys in the order in which they are written; what is left out in files is not among them.
    fn keys(&self) -> Vec<Key>;
}

impl Written for Flow {
    fn keys(&self) -> Vec<Key> {
        let mut all = vec![
            line("id", scalar(&self.id)),
            line("version", self.version.to_string()),
            line("name", text(&self.name)),
        ];
        if !is_default(&self.settings) {
            all.push(settings(&self.settings));
        }
        all.push(block("steps", items(&self.steps)));
        all
    }
}

impl Written for Node {
    fn keys(&self) -> Vec<Key> {
        match self {
            Node::Step(step) => step_keys(step),
            Node::Copy(copy) => {
                let mut all = vec![
                    line("id", scalar(&copy.id)),
                    line("name", text(&copy.name)),
                    line("copy", tagged(&copy.to)),
                ];
                all.extend(conditions(&copy.when));
                all
            }
            Node::Branches(fork) => vec![
                line("id", scalar(&fork.id)),
                line("name", text(&fork.name)),
                line("choose", tagged(&fork.choose)),
                block("branches", items(&fork.branches)),
            ],
        }
    }
}

impl Written for Branch {
    fn keys(&self) -> Vec<Key> {
        let mut all = vec![line("name", text(&self.name))];
        all.extend(conditions(&self.when));
        all.push(block("steps", items(&self.steps)));
        all
    }
}

fn step_keys(step: &Step) -> Vec<Key> {
    let mut all = vec![
        line("id", scalar(&step.id)),
        line("name", text(&step.name)),
        line("who", tagged(&step.who)),
    ];
    if !is_default(&step.mode) {
        all.push(line("mode", tagged(&step.mode)));
    }
    all.extend(conditions(&step.when));
    if !step.may_edit.is_empty() {
        all.push(line("may_edit", inline(&json(&step.may_edit))));
    }
    if !step.late.is_empty() {
        let one = |late: &super::Late| format!("- {{ after: {}, do: {} }}", late.after, tagged(&late.act));
        all.push(block("late", step.late.iter().map(one).collect()));
    }
    all
}

fn settings(settings: &Settings) -> Key {
    let mut lines = Vec::new();
    if !is_default(&settings.same_person) {
        lines.push(format!("same_person: {}", tagged(&settings.same_person)));
    }
    if !is_default(&settings.if_nobody) {
        lines.push(format!("if_nobody: {}", tagged(&settings.if_nobody)));
    }
    if !is_default(&settings.if_own) {
        lines.push(format!("if_own: {}", tagged(&settings.if_own)));
    }
    block("settings", lines)
}

fn conditions(when: &When) -> Option<Key> {
    (!is_default(when)).then(|| line("when", inline(&json(when))))
}

/// The lines of a list.
pub(super) fn items<T: Written>(all: &[T]) -> Vec<String> {
    all.iter().flat_map(item).collect()
}

/// The lines of something in a list.
pub(super) fn item<T: Written>(one: &T) -> Vec<String> {
    let lines = one.keys().into_iter().flat_map(|(_, lines)| lines);
    let mark = |(n, line): (usize, String)| format!("{} {line}", if n == 0 { "-" } else { " " });
    lines.enumerate().map(mark).collect()
}

fn line(key: &'static str, value: String) -> Key {
    (key, vec![format!("{key}: {value}")])
}

fn block(key: &'static str, lines: Vec<String>) -> Key {
    let below = lines.into_iter().map(|line| format!("  {line}"));
    (key, std::iter::once(format!("{key}:")).chain(below).collect())
}

fn text(text: &Text) -> String {
    format!("{{ zh: {}, en: {} }}", scalar(&text.zh), scalar(&text.en))
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// A choice with its value, as YAML tags it: `!role finance`, or `any` for one without.
fn tagged(value: &impl Serialize) -> String {
    match json(value) {
        Value::Object(one) if one.len() == 1 => {
            let tag = one.into_iter().next();
            tag.map_or_else(String::new, |(tag, value)| format!("!{tag} {}", inline(&value)))
        }
        other => inline(&other),
    }
}

/// A value within a line.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(all) => format!("[{}]", all.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(all) => {
            let parts: Vec<String> = all
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| format!("{key}: {}", inline(value)))
                .collect();
            format!("{{ {} }}", parts.join(", "))
        }
        other => other.to_string(),
    }
}

/// A text: plain if nothing in it could be read as anything else, else in quotes.
fn scalar(text: &str) -> String {
    let inside = |c: char| c.is_alphanumeric() || "_-. （）、".contains(c);
    let says_else = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&&*text.to_lowercase());
    let plain = text.starts_with(char::is_alphabetic) && text.chars().all(inside) && !text.ends_with(' ') && !says_else;
    if plain {
        text.to_owned()
    } else {
        // JSON's quotes are YAML's.
        Value::from(text).to_string()
    }
}
