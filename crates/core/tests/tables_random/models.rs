//! Models, random and made by hand.

use outlay_core::table::{
    Decision, HitPolicy, Input, InputData, ItemType, Knowledge, Logic, Model, Output, Row, Table,
};
use proptest::prelude::*;

/// Texts without spaces at their ends, which a file does not keep.
fn words() -> impl Strategy<Value = String> {
    "[a-z甲乙<>&\"' \\n]{0,8}".prop_map(|t| t.trim().to_owned())
}

fn name() -> impl Strategy<Value = String> {
    "[a-z甲乙]{1,4}( [a-z]{1,3})?"
}

pub fn model() -> impl Strategy<Value = Model> {
    let cells = |n: usize| prop::collection::vec(words(), n);
    let input = (name(), words(), name(), words()).prop_map(|(id, label, expression, allowed)| Input {
        id,
        label,
        expression,
        kind: "number".into(),
        allowed,
    });
    let output = (name(), words(), words(), words()).prop_map(|(name, label, allowed, default)| Output {
        id: String::new(),
        name,
        label,
        kind: String::new(),
        allowed,
        default,
    });
    let hit = prop::sample::select(&HitPolicy::ALL[..]);
    let shape = (
        hit,
        prop::collection::vec(input, 1..3),
        prop::collection::vec(output, 1..3),
    );
    let table = shape.prop_flat_map(move |(hit, inputs, outputs)| {
        let row = (cells(inputs.len()), cells(outputs.len()), words());
        let rows = prop::collection::vec(row, 0..4);
        (name(), rows).prop_map(move |(name, rows)| Table {
            id: "t".into(),
            name,
            hit,
            inputs: inputs.clone(),
            outputs: outputs.clone(),
            rows: rows
                .into_iter()
                .map(|(inputs, outputs, note)| Row {
                    id: "r".into(),
                    inputs,
                    outputs,
                    note,
                })
                .collect(),
        })
    });
    (table, name(), words(), name()).prop_map(|(table, name, allowed, member)| {
        let mut model = sample();
        model.types[0].members[0].name = member;
        model.types[0].members[0].allowed = allowed;
        model.decisions.push(Decision {
            id: "d9".into(),
            name,
            kind: "tMoney".into(),
            needs: vec!["i1".into(), "d1".into(), "f1".into()],
            logic: Logic::Table(table),
        });
        model
    })
}

pub fn sample() -> Model {
    let amount = ItemType {
        name: "amount".into(),
        base: "number".into(),
        ..ItemType::default()
    };
    Model {
        id: "m".into(),
        name: "费用 & 标准".into(),
        namespace: "urn:outlay:m".into(),
        types: vec![ItemType {
            name: "tMoney".into(),
            members: vec![amount],
            is_list: true,
            ..ItemType::default()
        }],
        inputs: vec![InputData {
            id: "i1".into(),
            name: "claimed amount".into(),
            kind: "number".into(),
        }],
        functions: vec![Knowledge {
            id: "f1".into(),
            name: "twice".into(),
            kind: "number".into(),
            params: vec![("n".into(), "number".into())],
            needs: Vec::new(),
            logic: Logic::Expression("n * 2".into()),
        }],
        decisions: vec![
            Decision {
                id: "d1".into(),
                name: "Doubled".into(),
                kind: "number".into(),
                needs: vec!["i1".into(), "f1".into()],
                logic: Logic::Expression("twice(claimed amount) + 1".into()),
            },
            Decision {
                id: "d2".into(),
                name: "Called".into(),
                kind: "number".into(),
                needs: vec!["d1".into(), "f1".into()],
                logic: Logic::Call("twice".into(), vec![("n".into(), "Doubled".into())]),
            },
        ],
    }
}
