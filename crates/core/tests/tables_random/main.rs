//! Random decision tables, files and texts.

mod models;
mod naive;

use models::{model, sample};
use naive::{Plain, case, numbers, value};
use outlay_core::feel::{Names, Number, Value, constant, expression, unary_tests};
use outlay_core::table::{Compiled, Decision, Decisions, HitPolicy, Input, Logic, Model, Output, Rising, Row, Table};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn each_answer_and_each_cell_is_what_a_plain_look_gives(case in case()) {
        let Some(table) = case.compiled() else { return Ok(()) };
        let mut inputs = case.space();
        inputs.truncate(400);
        inputs.push(vec![None; case.kinds.len()]);
        for values in inputs {
            let outcome = table.decide(values.iter().map(|v| value(*v)).collect());
            let (rows, answer) = case.answer(&values);
            prop_assert_eq!(outcome.value.to_string(), answer, "{:?} {:?}", values, outcome.trace);
            prop_assert_eq!(&outcome.trace.chosen, &numbers(&rows));
            prop_assert_eq!(&outcome.trace.matched, &numbers(&case.matched(&values)));
            for (r, (cells, _)) in case.rows.iter().enumerate() {
                for (c, cell) in cells.iter().enumerate() {
                    let told = outcome.trace.cells.matched(r as u32 + 1, c as u32 + 1);
                    prop_assert_eq!(told, Some(cell.passes(values[c])), "row {} input {}", r + 1, c + 1);
                }
            }
        }
    }

    #[test]
    fn gaps_overlaps_and_dead_rows_are_those_that_all_inputs_show(case in case()) {
        let Some(table) = case.compiled() else { return Ok(()) };
        let found = table.analyse();
        prop_assert!(found.caveats.is_empty(), "{:?}", found.caveats);
        let space = case.space();
        let free = space.iter().filter(|v| case.matched(v).is_empty()).count();
        prop_assert_eq!(found.gaps.is_empty(), free == 0);
        // Each example lies in a gap, and a row of the gap's cells matches it.
        for gap in &found.gaps {
            prop_assert!(table.decide(gap.example.clone()).trace.matched.is_empty(), "{:?}", gap);
        }
        // With a row for each gap nothing is left free.
        let mut filled = case.table();
        filled.rows.extend(found.gaps.iter().map(|gap| Row {
            inputs: gap.cells.clone(),
            outputs: vec!["0".into()],
            ..Row::default()
        }));
        let filled = Compiled::new(filled).expect("a table without gaps");
        for values in &space {
            let rows = filled.decide(values.iter().map(|v| value(*v)).collect()).trace.matched;
            let before = case.matched(values).len();
            prop_assert_eq!(rows.len() - before, usize::from(before == 0), "{:?} {:?}", values, found.gaps);
        }
        if matches!(case.hit, HitPolicy::Unique | HitPolicy::Any) {
            let mut pairs: Vec<(u32, u32)> = Vec::new();
            for values in &space {
                let rows = case.matched(values);
                for (i, a) in rows.iter().enumerate() {
                    for b in &rows[i + 1..] {
                        if case.hit == HitPolicy::Unique || case.rows[*a].1 != case.rows[*b].1 {
                            pairs.push((*a as u32 + 1, *b as u32 + 1));
                        }
                    }
                }
            }
            pairs.sort_unstable();
            pairs.dedup();
            let told: Vec<(u32, u32)> = found.overlaps.iter().map(|o| o.rows).collect();
            prop_assert_eq!(told, pairs);
            for overlap in &found.overlaps {
                let rows = table.decide(overlap.example.clone()).trace.matched;
                prop_assert!(rows.contains(&overlap.rows.0) && rows.contains(&overlap.rows.1));
            }
        }
        let answers: Vec<usize> = space.iter().flat_map(|v| case.answer(v).0).collect();
        let dead: Vec<u32> = (0..case.rows.len()).filter(|r| !answers.contains(r)).map(|r| r as u32 + 1).collect();
        let told: Vec<u32> = found.unreachable.iter().map(|u| u.row).collect();
        if matches!(case.hit, HitPolicy::Unique | HitPolicy::First | HitPolicy::Priority) {
            prop_assert_eq!(told, dead);
        }
    }

    #[test]
    fn an_answer_that_falls_is_found(case in case()) {
        let Some(table) = case.compiled() else { return Ok(()) };
        if case.kinds[0] != 0 || matches!(case.hit, HitPolicy::RuleOrder | HitPolicy::OutputOrder | HitPolicy::Collect) {
            return Ok(());
        }
        let found = table.rising(&Rising { input: 0, output: 0, order: Vec::new() }).expect("an answer");
        let answer = |values: &[Option<Plain>]| case.answer(values).1.parse::<i64>().ok();
        let space = case.space();
        let falls = space.iter().any(|low| {
            space.iter().any(|high| low[1..] == high[1..] && low[0] < high[0] && answer(low) > answer(high) && answer(high).is_some())
        });
        prop_assert_eq!(!found.falls.is_empty(), falls, "{:?}", found);
        for fall in &found.falls {
            prop_assert_eq!(&table.decide(fall.lower.clone()).value, &fall.lower_answer);
            prop_assert_eq!(&table.decide(fall.higher.clone()).value, &fall.higher_answer);
            prop_assert!(fall.lower[1..] == fall.higher[1..] && fall.lower[0].compare(&fall.higher[0]).expect("an order").is_lt());
        }
    }

    #[test]
    fn reading_never_panics(text in "[0-9a-z甲 .,()\\[\\]{}<>=!?@\"'+*/:\\\\-]{0,40}") {
        let mut names = Names::default();
        names.value("a");
        names.value("a b");
        names.function("f");
        let _ = expression(&text, &names);
        let _ = unary_tests(&text, &names);
        let _ = constant(&text);
        let _ = Decisions::from_dmn(text.as_bytes());
    }

    #[test]
    fn words_of_feel_in_any_order_are_no_trouble(words in prop::collection::vec(prop::sample::select(&TOKENS[..]), 0..30)) {
        let mut names = Names::default();
        names.value("a");
        let text = words.join(" ");
        let _ = unary_tests(&text, &names);
        let table = Table {
            id: "t".into(),
            inputs: vec![Input { expression: "a".into(), ..Input::default() }],
            outputs: vec![Output::default()],
            rows: vec![Row { inputs: vec![text.clone()], outputs: vec![text], ..Row::default() }],
            ..Table::default()
        };
        if let Ok(table) = Compiled::new(table) {
            for input in [Value::Null, Value::Number(Number::ONE), Value::text("a")] {
                let once = table.decide(vec![input.clone()]);
                prop_assert_eq!(once, table.decide(vec![input]));
            }
            let _ = table.analyse();
        }
    }

    #[test]
    fn a_model_is_the_same_after_it_was_written_and_read(model in model()) {
        let text = model.to_dmn().expect("XML");
        prop_assert_eq!(Model::from_dmn(text.as_bytes()).expect("a model"), model, "{}", text);
    }

    #[test]
    fn a_table_is_the_same_after_it_was_written_and_read(case in case()) {
        let table = case.table();
        let version = table.version();
        let model = Model {
            id: "m".into(),
            name: "m".into(),
            namespace: "urn:m".into(),
            decisions: vec![Decision {
                id: "d".into(),
                name: "随机".into(),
                kind: String::new(),
                needs: Vec::new(),
                logic: Logic::Table(table),
            }],
            ..Model::default()
        };
        let read = Model::from_dmn(model.to_dmn().expect("XML").as_bytes()).expect("a model");
        let Logic::Table(back) = &read.decisions[0].logic else { panic!("a table") };
        prop_assert_eq!(back.version(), version);
    }

    #[test]
    fn a_file_that_was_cut_or_changed_is_refused_or_read(at in 0usize..2000, byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = sample().to_dmn().expect("XML").into_bytes();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        let _ = Decisions::from_dmn(&bytes);
    }

    #[test]
    fn numbers_are_reckoned_exactly(a in -1_000_000_000_000i64..1_000_000_000_000, b in -1_000_000_000_000i64..1_000_000_000_000) {
        let (x, y) = (Number::from(a), Number::from(b));
        prop_assert_eq!(x.plus(y), Some(Number::from(a + b)));
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        let product = i128::from(a) * i128::from(b);
        prop_assert_eq!(x.times(y).map(|n| n.to_string()), Some(product.to_string()));
        prop_assert_eq!(Number::parse(&x.to_string()), Some(x));
    }
}

const TOKENS: [&str; 36] = [
    "a",
    "?",
    "1",
    "2.5",
    "\"x\"",
    "+",
    "-",
    "*",
    "/",
    "**",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "..",
    ",",
    "<",
    ">=",
    "=",
    "not",
    "and",
    "or",
    "if",
    "then",
    "else",
    "in",
    "between",
    "null",
    "true",
    "min(",
    "date(",
    "a:",
    "@\"2026-01-01\"",
    ".",
];

#[test]
fn decisions_need_each_other() {
    let decisions = Decisions::new(sample()).expect("a model");
    let given = [("claimed amount".into(), constant("5").expect("five"))];
    let answer = decisions.decide("Called", &given).expect("a decision");
    assert_eq!((answer.value.to_string().as_str(), answer.diagnostics.len()), ("22", 0));
    let given = [("Doubled".into(), constant("4").expect("four"))];
    assert_eq!(
        decisions
            .decide("Called", &given)
            .expect("a decision")
            .value
            .to_string(),
        "8"
    );
    assert_eq!(decisions.decide("Nobody", &given), None);
    let nothing = decisions.decide("Called", &[]).expect("a decision");
    assert_eq!(nothing.value, Value::Null);
    assert!(
        nothing.diagnostics[0]
            .to_string()
            .contains("claimed amount was not given"),
        "{:?}",
        nothing.diagnostics
    );

    let mut circle = sample();
    circle.decisions[0].needs.push("d2".into());
    let error = Decisions::new(circle).expect_err("a circle").to_string();
    assert!(
        error.contains("Doubled: it needs itself, by way of \"Called\""),
        "{error}"
    );
    let mut lost = sample();
    lost.decisions[0].needs.push("d7".into());
    assert!(
        Decisions::new(lost)
            .expect_err("a need")
            .to_string()
            .contains("\"d7\", which is not in the file")
    );
}

/// Threads of a server have 2 MB of stack.
#[test]
fn the_longest_and_the_deepest_that_is_read_is_carried_out() {
    let run = || {
        let mut names = Names::default();
        names.value("a");
        let ask = |text: &str| {
            let table = Table {
                id: "t".into(),
                inputs: vec![Input {
                    expression: "a".into(),
                    ..Input::default()
                }],
                outputs: vec![Output::default()],
                rows: vec![Row {
                    inputs: vec!["-".into()],
                    outputs: vec![text.into()],
                    ..Row::default()
                }],
                ..Table::default()
            };
            Compiled::new(table).map(|t| t.decide(vec![Value::Number(Number::ONE)]).value)
        };
        let long = ["a"; 380].join(" + ");
        assert_eq!(ask(&long).expect("a table"), Value::Number(Number::from(380)));
        let deep = format!("{}a{}", "(".repeat(28), ")".repeat(28));
        assert_eq!(ask(&deep).expect("a table"), Value::Number(Number::ONE));
        let lists = format!("{}a{}", "[".repeat(28), "]".repeat(28));
        ask(&lists).expect("a table");
        for text in [
            ["a"; 5000].join("+"),
            "(".repeat(4000),
            "-".repeat(8000),
            format!("a{}", "[1]".repeat(2000)),
            "not(".repeat(1000),
        ] {
            assert!(ask(&text).is_err());
        }
        // Each name doubles what the one before holds.
        let doubled = (1..60).fold("{n0: [a, a]".to_owned(), |all, n| {
            format!("{all}, n{n}: [n{0}, n{0}]", n - 1)
        }) + "}";
        assert_eq!(ask(&doubled).expect("a table"), Value::Null);
    };
    let thread = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(run)
        .expect("a thread");
    thread.join().expect("no overflow");
}
