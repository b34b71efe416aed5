//! Test cases in the shape of the DMN Technology Compatibility Kit: a model, and XML with inputs and expected results.

use std::sync::Arc;

use super::graph::Decisions;
use super::xml::{self, Node};
use crate::feel::{DateTime, Duration, Number, Time, Value, date};

/// One expected result, and what came instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    /// The id of the test case.
    pub case: String,
    /// The decision.
    pub decision: String,
    /// Whether what came is what was expected.
    pub passed: bool,
    /// What was expected, in FEEL.
    pub expected: String,
    /// What came, in FEEL, with what went wrong; or why nothing could come.
    pub got: String,
}

/// Carries all cases of a file out on a model. A model that cannot be read fails each of its cases. The error says why the cases
/// themselves cannot be read.
pub fn run_cases(model: &[u8], cases: &[u8]) -> Result<Vec<CaseResult>, String> {
    let root = xml::read(cases)?;
    if root.name != "testCases" {
        return Err("it holds no testCases".into());
    }
    let decisions = Decisions::from_dmn(model).map_err(|e| e.to_string());
    let mut results = Vec::new();
    for case in root.all("testCase") {
        let mut given = Vec::new();
        let mut broken = None;
        for input in case.all("inputNode") {
            match value(input) {
                Some(value) => given.push((Arc::from(input.get("name")), value)),
                None => broken = Some(format!("the input {} cannot be read", input.get("name"))),
            }
        }
        for node in case.all("resultNode") {
            let mut result = CaseResult {
                case: case.get("id"),
                decision: node.get("name"),
                passed: false,
                expected: String::new(),
                got: String::new(),
            };
            let Some(expected) = node.child("expected").and_then(value) else {
                result.got = "the expected value cannot be read".into();
                results.push(result);
                continue;
            };
            result.expected = expected.to_string();
            match (&decisions, &broken) {
                (_, Some(why)) => result.got.clone_from(why),
                (Err(why), _) => result.got.clone_from(why),
                (Ok(decisions), None) => decide(decisions, &given, &expected, &mut result),
            }
            results.push(result);
        }
    }
    Ok(results)
}

fn decide(decisions: &Decisions, given: &[(Arc<str>, Value)], expected: &Value, result: &mut CaseResult) {
    let Some(answer) = decisions.decide(&result.decision, given) else {
        result.got = "there is no such decision".into();
        return;
    };
    result.passed = same(expected, &answer.value);
    result.got = answer.value.to_string();
    for diagnostic in &answer.diagnostics {
        result.got.push_str(&format!(" ({diagnostic})"));
    }
}

/// The value that an element holds: `value`, `list` of items, or components.
fn value(node: &Node) -> Option<Value> {
    if let Some(list) = node.child("list") {
        let nil = list.attribute("xsi:nil").is_some_and(|v| v == "true" || v == "1");
        return if nil {
            Some(Value::Null)
        } else {
            list.all("item").map(value).collect::<Option<_>>().map(Value::List)
        };
    }
    if let Some(plain) = node.child("value") {
        return simple(plain);
    }
    let members: Vec<&Node> = node.all("component").collect();
    if members.is_empty() {
        return Some(Value::Null);
    }
    let member = |m: &&Node| Some((Arc::from(m.get("name")), value(m)?));
    members.iter().map(member).collect::<Option<_>>().map(Value::Context)
}

fn simple(node: &Node) -> Option<Value> {
    if node.attribute("xsi:nil").is_some_and(|v| v == "true" || v == "1") {
        return Some(Value::Null);
    }
    let kind = node.attribute("xsi:type").unwrap_or("xsd:string");
    let text = node.text.trim();
    Some(match kind.rsplit(':').next().unwrap_or(kind) {
        "decimal" | "double" | "float" | "integer" | "int" | "long" => Value::Number(Number::parse(text)?),
        "boolean" => Value::Bool(matches!(text, "true" | "1")),
        "date" => Value::Date(date(text)?),
        "time" => Value::Time(Time::parse(text)?),
        "dateTime" => Value::DateTime(DateTime::parse(text)?),
        "duration" => Duration::parse(text)?.into(),
        _ => Value::text(&node.text),
    })
}

/// Whether two values are the same. Files hold rounded numbers: where one is written with eight or more decimals, a difference below the
/// eighth counts for nothing, as in the kit's own runner. Members that are absent are null.
fn same(expected: &Value, got: &Value) -> bool {
    match (expected, got) {
        (Value::Number(a), Value::Number(b)) => {
            let rounded = a
                .to_string()
                .split_once('.')
                .is_some_and(|(_, decimals)| decimals.len() >= 8);
            let near = || Some(a.minus(*b)?.abs() < Number::parse("0.00000001")?);
            a == b || rounded && near() == Some(true)
        }
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Context(a), Value::Context(b)) => {
            let in_other = |all: &[(Arc<str>, Value)], name: &Arc<str>| {
                all.iter()
                    .find(|(n, _)| n == name)
                    .map(|(_, v)| v.clone())
                    .unwrap_or_default()
            };
            a.iter().all(|(name, value)| same(value, &in_other(b, name)))
                && b.iter().all(|(name, value)| same(&in_other(a, name), value))
        }
        _ => expected.equals(got) == Some(true),
    }
}
