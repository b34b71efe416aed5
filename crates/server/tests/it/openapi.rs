//! The description of the API: whole, current, and served.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::sources::routes;
use crate::world::on_both;

fn spec() -> Value {
    serde_json::from_str(&outlay::openapi::text()).expect("JSON")
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let there = routes("/api/v1");
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

#[test]
fn the_committed_description_is_that_of_the_sources() {
    let committed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json"));
    assert!(
        committed == outlay::openapi::text(),
        "docs/openapi.json is old: run `cargo xtask openapi`, and see in the difference that no caller is broken"
    );
}
