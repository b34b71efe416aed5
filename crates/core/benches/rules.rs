//! A table of 100 rows: how long an answer with its whole trace takes, and an analysis; beside zen-engine, where `BENCH_ZEN` names a
//! folder with it installed. Both get the same table and the same inputs, in turn, and must give the same answers.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench reads the clock and its settings, and runs its peer"
)]

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use outlay_core::feel::{Number, Value};
use outlay_core::table::{Compiled, HitPolicy, Input, Output, Row, Table};
use serde_json::{Value as Json, json};

const ROWS: usize = 100;
const CATEGORIES: [&str; 10] = [
    "住宿",
    "餐饮",
    "机票",
    "火车",
    "出租车",
    "会议",
    "礼品",
    "办公",
    "培训",
    "其他",
];
const GRADES: [&str; 5] = ["P4", "P5", "P6", "P7", "P8"];
const TIERS: [&str; 3] = ["一线", "二线", "其他"];
/// Inputs of one round.
const INPUTS: usize = 2_000;
/// Rounds, each of ours and of the peer.
const ROUNDS: usize = 5;

fn main() {
    let table = table();
    let started = Instant::now();
    let compiled = Compiled::new(table.clone()).expect("a table");
    let made = started.elapsed();
    let started = Instant::now();
    let analysis = compiled.analyse();
    let analysed = started.elapsed();
    println!(
        "{ROWS} rows, {} inputs; made ready in {made:?}, analysed in {analysed:?}: {} gaps, {} unreachable, {} caveats",
        table.inputs.len(),
        analysis.gaps.len(),
        analysis.unreachable.len(),
        analysis.caveats.len()
    );
    let inputs = inputs();
    let bytes = serde_json::to_vec(&compiled.decide(values(&inputs[0])))
        .expect("JSON")
        .len();
    println!(
        "a trace of {} cells is {bytes} bytes of JSON",
        ROWS * table.inputs.len()
    );
    let zen = std::env::var_os("BENCH_ZEN").map(PathBuf::from);
    if zen.is_none() {
        println!("zen-engine: NOT RUN, BENCH_ZEN names no folder; `cargo xtask bench rules` installs it");
    }
    let expected: Vec<String> = inputs.iter().map(|i| answer(&compiled, i)).collect();
    let (mut ours, mut theirs, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(round(&compiled, &inputs));
        if let Some(zen) = &zen {
            let (traced, untraced) = peer(zen, &table, &inputs, &expected);
            theirs.push(traced);
            bare.push(untraced);
        }
    }
    let our = show("ours, with the trace", &mut ours);
    if !theirs.is_empty() {
        let traced = show("zen-engine, with its trace", &mut theirs);
        let untraced = show("zen-engine, without", &mut bare);
        println!(
            "zen-engine takes {:.0} times as long with its trace, {:.0} times without",
            traced / our,
            untraced / our
        );
    }
    assert!(our < 10_000.0, "the aim is 10 µs");
}

/// The median of some rounds, in nanoseconds for one answer.
fn show(name: &str, rounds: &mut [Duration]) -> f64 {
    rounds.sort();
    let each = |d: &Duration| d.as_nanos() as f64 / INPUTS as f64;
    let (least, middle, most) = (
        each(&rounds[0]),
        each(&rounds[rounds.len() / 2]),
        each(&rounds[rounds.len() - 1]),
    );
    println!(
        "{name}: {middle:.0} ns an answer (from {least:.0} to {most:.0} in {} rounds)",
        rounds.len()
    );
    middle
}

fn round(table: &Compiled, inputs: &[Asked]) -> Duration {
    let values: Vec<Vec<Value>> = inputs.iter().map(values).collect();
    let started = Instant::now();
    for values in values {
        black_box(table.decide(black_box(values)));
    }
    started.elapsed()
}

#[derive(Clone)]
struct Asked {
    cents: i64,
    category: &'static str,
    grade: &'static str,
    tier: &'static str,
    urgent: bool,
}

/// Chance that is the same each time.
struct Lots(u64);

impl Lots {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

fn inputs() -> Vec<Asked> {
    let mut lots = Lots(7);
    let mut one = || Asked {
        cents: lots.below(6_000_000) as i64,
        category: CATEGORIES[lots.below(10)],
        grade: GRADES[lots.below(5)],
        tier: TIERS[lots.below(3)],
        urgent: lots.below(2) == 1,
    };
    (0..INPUTS).map(|_| one()).collect()
}

fn values(asked: &Asked) -> Vec<Value> {
    let amount = Number::from(asked.cents).over(Number::from(100)).expect("an amount");
    vec![
        Value::Number(amount),
        Value::text(asked.category),
        Value::text(asked.grade),
        Value::text(asked.tier),
        Value::Bool(asked.urgent),
    ]
}

/// A table like a policy of limits: the first row that matches counts, the last is for all.
fn table() -> Table {
    let column = |expression: &str, kind: &str| Input {
        expression: expression.into(),
        kind: kind.into(),
        ..Input::default()
    };
    let mut lots = Lots(1);
    let mut rows: Vec<Row> = (1..ROWS)
        .map(|n| {
            let low = lots.below(40) * 1000;
            let amount = format!("[{low}..{})", low + 1000 * (1 + lots.below(15)));
            let two = |all: &[&str], lots: &mut Lots| {
                let at = lots.below(all.len() - 1);
                format!("\"{}\",\"{}\"", all[at], all[at + 1])
            };
            let category = two(&CATEGORIES, &mut lots);
            let grade = if lots.below(3) == 0 {
                "-".to_owned()
            } else {
                two(&GRADES, &mut lots)
            };
            let tier = if lots.below(2) == 0 {
                "-".to_owned()
            } else {
                format!("\"{}\"", TIERS[lots.below(3)])
            };
            let urgent = ["-", "true", "false"][lots.below(3)].to_owned();
            Row {
                id: format!("r{n}"),
                inputs: vec![amount, category, grade, tier, urgent],
                outputs: vec![format!("{}", lots.below(5)), format!("\"{n}\"")],
                note: String::new(),
            }
        })
        .collect();
    rows.push(Row {
        inputs: vec!["-".into(); 5],
        outputs: vec!["9".into(), "\"rest\"".into()],
        ..Row::default()
    });
    let output = |name: &str, kind: &str| Output {
        name: name.into(),
        kind: kind.into(),
        ..Output::default()
    };
    Table {
        id: "limits".into(),
        name: "limits".into(),
        hit: HitPolicy::First,
        inputs: vec![
            column("amount", "number"),
            column("category", "string"),
            column("grade", "string"),
            column("tier", "string"),
            column("urgent", "boolean"),
        ],
        outputs: vec![output("approvers", "number"), output("rule", "string")],
        rows,
    }
}

/// Which rule answered.
fn answer(table: &Compiled, asked: &Asked) -> String {
    match table.decide(values(asked)).value.member("rule") {
        Some(Value::Text(rule)) => rule.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The table as zen-engine reads it, asked by it in a process of its own. Whatever it answers must be what we do.
fn peer(zen: &Path, table: &Table, inputs: &[Asked], expected: &[String]) -> (Duration, Duration) {
    let rules: Vec<BTreeMap<String, String>> = table
        .rows
        .iter()
        .enumerate()
        .map(|(n, row)| {
            let any = |text: &String| if text == "-" { String::new() } else { text.clone() };
            let asks = row.inputs.iter().enumerate().map(|(i, t)| (format!("i{i}"), any(t)));
            let says = row
                .outputs
                .iter()
                .enumerate()
                .map(|(i, t)| (format!("o{i}"), t.clone()));
            asks.chain(says).chain([("_id".to_owned(), format!("r{n}"))]).collect()
        })
        .collect();
    let columns = |letter: &str, names: Vec<&String>| -> Vec<Json> {
        let one = |(i, name): (usize, &&String)| json!({"id": format!("{letter}{i}"), "name": name, "field": name});
        names.iter().enumerate().map(one).collect()
    };
    let content = json!({
        "hitPolicy": "first",
        "inputs": columns("i", table.inputs.iter().map(|i| &i.expression).collect()),
        "outputs": columns("o", table.outputs.iter().map(|o| &o.name).collect()),
        "rules": rules,
    });
    let model = json!({
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in"},
            {"id": "table", "type": "decisionTableNode", "name": "table", "content": content},
            {"id": "out", "type": "outputNode", "name": "out"},
        ],
        "edges": [
            {"id": "a", "type": "edge", "sourceId": "in", "targetId": "table"},
            {"id": "b", "type": "edge", "sourceId": "table", "targetId": "out"},
        ],
    });
    let asked: Vec<Json> = inputs
        .iter()
        .map(|i| {
            let amount: serde_json::Number = format!("{}.{:02}", i.cents / 100, i.cents % 100)
                .parse()
                .expect("a number");
            json!({"amount": amount, "category": i.category, "grade": i.grade, "tier": i.tier, "urgent": i.urgent})
        })
        .collect();
    let file = zen.join("table.json");
    fs::write(&file, json!({"model": model, "inputs": asked}).to_string()).expect("written");
    let script = zen.join("zen.mjs");
    fs::write(&script, include_str!("zen.mjs")).expect("written");
    let output = Command::new("node").arg(&script).arg(&file).output().expect("node");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    let rules: Vec<&str> = told["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .filter_map(Json::as_str)
        .collect();
    assert_eq!(rules, expected, "the two engines do not agree");
    let nanos = |key: &str| Duration::from_nanos(told[key].as_u64().expect("nanoseconds"));
    (nanos("traced"), nanos("untraced"))
}
