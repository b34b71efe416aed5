//! The description of the API: whole, current, and served.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::world::on_both;

fn spec() -> Value {
    serde_json::from_str(&outlay::openapi::text()).expect("JSON")
}

/// Every `.route("/api/v1…", …)` of the sources, with its methods: the router itself cannot be asked.
fn routes(folder: &Path, found: &mut BTreeSet<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            routes(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        for part in text.split(".route(").skip(1) {
            let Some(rest) = part.trim_start().strip_prefix('"') else {
                continue;
            };
            let Some((route, rest)) = rest.split_once('"').filter(|(r, _)| r.starts_with("/api/v1")) else {
                continue;
            };
            let mut depth = 1;
            let handlers: String = rest
                .chars()
                .take_while(|c| {
                    depth += i32::from(*c == '(') - i32::from(*c == ')');
                    depth > 0
                })
                .collect();
            let methods = ["get", "post", "put", "patch", "delete"];
            let of_route: Vec<&str> = methods
                .into_iter()
                .filter(|m| {
                    handlers
                        .match_indices(&format!("{m}("))
                        .any(|(at, _)| !handlers[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
                })
                .collect();
            assert!(
                !of_route.is_empty(),
                "{route} in {}: no method found in {handlers:?}",
                path.display()
            );
            found.extend(of_route.into_iter().map(|m| (m.to_owned(), route.replace("{*", "{"))));
        }
    }
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let mut there = BTreeSet::new();
    routes(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut there);
    assert!(!there.is_empty());
    let spec = spec();
    let described: BTreeSet<(String, String)> = spec["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .into_iter()
                .flatten()
                .map(move |(m, _)| (m.clone(), path.clone()))
        })
        .collect();
    let missing: Vec<_> = there.difference(&described).collect();
    let gone: Vec<_> = described.difference(&there).collect();
    assert!(
        missing.is_empty(),
        "not in the description: {missing:#?}\nadd the feature's Api to src/openapi.rs"
    );
    assert!(gone.is_empty(), "described, but no route: {gone:#?}");
}

#[test]
fn operations_have_names_of_their_own_and_every_reference_is_there() {
    let spec = spec();
    assert_eq!(spec["openapi"], "3.1.0");
    let mut names = BTreeSet::new();
    for (path, item) in spec["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("an item") {
            let name = operation["operationId"].as_str().expect("a name").to_owned();
            assert!(names.insert(name.clone()), "{method} {path}: {name} is taken");
            let failure = &operation["responses"]["default"]["content"]["application/problem+json"];
            assert!(failure.is_object(), "{method} {path}");
            let summary = operation["summary"]
                .as_str()
                .or(operation["description"].as_str())
                .unwrap_or_default();
            assert!(!summary.is_empty(), "{method} {path} does not say what it does");
        }
    }
    let mut wanted = BTreeSet::new();
    references(&spec, &mut wanted);
    for reference in wanted {
        let place = reference.trim_start_matches('#');
        assert!(spec.pointer(place).is_some(), "{reference} is missing");
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                found.insert(reference.clone());
            }
            object.values().for_each(|v| references(v, found));
        }
        Value::Array(all) => all.iter().for_each(|v| references(v, found)),
        _ => {}
    }
}

#[test]
fn strangers_can_read_it() {
    on_both(|world| async move {
        let answer = world.stranger().get("/api/openapi.json").await.expect(200);
        assert_eq!(answer.json(), spec());
    });
}
