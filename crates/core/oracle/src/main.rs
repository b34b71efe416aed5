//! Random decision tables, written as `.dmn` files and asked of Outlay's engine and of dsntk's: the two must not disagree.
//!
//! `cargo xtask bench dsntk -- --tables 100000 --seed 1`. A table and what it is asked follow from the seed alone; `--only 1234` shows
//! one. Where the two differ, the table is made smaller as long as they still do, and what is left is told; if it is one of the few
//! things in `known.rs`, each with the clause of the specification by which dsntk is wrong or narrower, it is counted as that.

mod kinds;
mod known;
mod make;
mod oracle;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use kinds::{Kind, Lots};
use make::Case;
use outlay_core::feel::{Names, NoFunctions, Scope, Value, constant, eval, expression};
use outlay_core::table::{Answer, Decisions, HitPolicy, Table};

/// How many disagreements are shown.
const SHOWN: usize = 30;

fn option(name: &str, otherwise: u64) -> u64 {
    let all: Vec<String> = std::env::args().collect();
    let at = all.iter().position(|a| a == name);
    at.map_or(otherwise, |at| {
        let text = all.get(at + 1).map(String::as_str).unwrap_or_default();
        text.parse().unwrap_or_else(|_| panic!("{name} wants a number"))
    })
}

/// What became of all tables.
#[derive(Default)]
struct Tally {
    tables: u64,
    answers: u64,
    nulls: u64,
    faults: u64,
    by_hit: BTreeMap<&'static str, u64>,
    /// Tables that ours refuses, by the words of its first problem.
    refused: BTreeMap<String, u64>,
    known: BTreeMap<&'static str, u64>,
    unknown: u64,
}

fn main() -> ExitCode {
    let texts: Vec<String> = std::env::args().skip_while(|a| a != "--feel").skip(1).collect();
    if !texts.is_empty() {
        texts.iter().for_each(|text| reckon(text));
        return ExitCode::SUCCESS;
    }
    let (wanted, seed) = (option("--tables", 100_000), option("--seed", 1));
    let only = option("--only", u64::MAX);
    let started = Instant::now();
    let mut tally = Tally::default();
    let mut at = if only == u64::MAX { 0 } else { only };
    while tally.tables < wanted {
        let case = make::case(&mut Lots::new(seed.wrapping_mul(1 << 32).wrapping_add(at)));
        if only != u64::MAX {
            println!("{}", show(&case.table, &case.kinds));
        }
        run(at, &case, &mut tally);
        at += 1;
        if only != u64::MAX {
            break;
        }
    }
    println!(
        "{} tables, {} answers in {:.0?}, seed {seed}; {} answers are null, {} carry a diagnostic of ours",
        tally.tables,
        tally.answers,
        started.elapsed(),
        tally.nulls,
        tally.faults
    );
    println!("by hit policy: {:?}", tally.by_hit);
    println!("made and refused by ours when read, so not compared:");
    tally.refused.iter().for_each(|(why, n)| println!("  {n:>6} {why}"));
    println!("known differences:");
    for (name, why, _) in known::ALL {
        println!("  {:>6} {name}: {why}", tally.known.get(name).unwrap_or(&0));
    }
    println!("other disagreements: {}", tally.unknown);
    if tally.unknown == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// One expression, by both.
fn reckon(text: &str) {
    let ours = match expression(text, &Names::default()) {
        Ok(read) => {
            let (names, mut faults) = (Vec::new(), Vec::new());
            let scope = Scope {
                names: &names,
                input: None,
                functions: &NoFunctions,
            };
            let value = eval(&read, &scope, &mut faults);
            format!("{value} {faults:?}")
        }
        Err(error) => format!("refused: {error:?}"),
    };
    let theirs = oracle::reckon(text).map_or_else(|e| e, |v| v.to_string());
    println!("{text}\n  ours  {ours}\n  dsntk {theirs}");
}

fn run(at: u64, case: &Case, tally: &mut Tally) {
    let file = make::file(&case.table, &case.kinds);
    let ours = match Decisions::from_dmn(file.as_bytes()) {
        Ok(ours) => ours,
        Err(error) => {
            if std::env::args().any(|a| a == "--refused") {
                let read = oracle::ready(&file).err();
                println!("{error}\n  dsntk {}", read.unwrap_or_else(|| "reads it".into()));
            }
            let why = error.problems.first().map(|p| kind_of(&format!("{:?}", p.kind)));
            *tally.refused.entry(why.unwrap_or_default()).or_default() += 1;
            return;
        }
    };
    tally.tables += 1;
    *tally.by_hit.entry(case.table.hit.sign()).or_default() += 1;
    let theirs = oracle::ready(&file);
    for asked in &case.asked {
        let answer = ours.decide("d", &values(asked)).expect("the decision");
        tally.answers += 1;
        tally.nulls += u64::from(answer.value == Value::Null);
        tally.faults += u64::from(!answer.diagnostics.is_empty());
        let told = match &theirs {
            Ok(model) => oracle::ask(model, &make::given(asked)),
            Err(why) => Err(why.clone()),
        };
        if told.as_ref().is_ok_and(|told| same(told, &answer.value)) {
            continue;
        }
        let least = smaller(&case.table, &case.kinds, asked);
        let (our, their) = both(&least, &case.kinds, asked).expect("they differ");
        let left = known::Least {
            table: &least,
            asked,
            ours: &our.value,
            diagnostics: &our.diagnostics,
            theirs: &their,
        };
        match known::ALL.iter().find(|(.., is_it)| is_it(&left)) {
            Some((name, ..)) => *tally.known.entry(name).or_default() += 1,
            None => {
                tally.unknown += 1;
                if tally.unknown <= SHOWN as u64 {
                    println!("table {at} asked {asked:?}\n{}", show(&least, &case.kinds));
                    println!(
                        "  ours {}\n  dsntk {}\n",
                        our.value,
                        their.map_or_else(|e| e, |v| v.to_string())
                    );
                }
            }
        }
    }
}

/// The name of a problem's kind.
fn kind_of(debug: &str) -> String {
    debug.split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}

fn values(asked: &[String]) -> Vec<(Arc<str>, Value)> {
    let value = |text: &str| constant(text).unwrap_or_else(|| panic!("{text} is a constant"));
    let given = make::given(asked).into_iter();
    given.map(|(name, text)| (Arc::from(name), value(text))).collect()
}

/// Whether two answers are the same: members of a context have no order.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Context(a), Value::Context(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.iter().any(|(n, b)| n == name && same(a, b)))
        }
        _ => a == b,
    }
}

/// What both answer, if ours reads the table and they differ.
fn both(table: &Table, kinds: &[Kind], asked: &[String]) -> Option<(Answer, Result<Value, String>)> {
    let file = make::file(table, kinds);
    let ours = Decisions::from_dmn(file.as_bytes()).ok()?.decide("d", &values(asked))?;
    let theirs = oracle::ready(&file).and_then(|model| oracle::ask(&model, &make::given(asked)));
    (!theirs.as_ref().is_ok_and(|told| same(told, &ours.value))).then_some((ours, theirs))
}

/// The table with as little in it as keeps the two apart.
fn smaller(table: &Table, kinds: &[Kind], asked: &[String]) -> Table {
    let mut least = table.clone();
    loop {
        let next = steps(&least).into_iter().find(|t| both(t, kinds, asked).is_some());
        match next {
            Some(next) => least = next,
            None => return least,
        }
    }
}

/// All tables that have one thing less.
fn steps(table: &Table) -> Vec<Table> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Table)| {
        let mut next = table.clone();
        change(&mut next);
        if next != *table {
            all.push(next);
        }
    };
    for row in 0..table.rows.len() {
        if table.rows.len() > 1 {
            with(&|t| drop(t.rows.remove(row)));
        }
    }
    for i in 0..table.inputs.len() {
        if table.inputs.len() > 1 {
            with(&|t| {
                t.inputs.remove(i);
                t.rows.iter_mut().for_each(|r| drop(r.inputs.remove(i)));
            });
        }
        with(&|t| t.inputs[i].allowed.clear());
        for row in 0..table.rows.len() {
            with(&|t| t.rows[row].inputs[i] = "-".into());
        }
    }
    for i in 0..table.outputs.len() {
        if table.outputs.len() > 1 {
            with(&|t| {
                t.outputs.remove(i);
                t.rows.iter_mut().for_each(|r| drop(r.outputs.remove(i)));
            });
        }
        with(&|t| t.outputs[i].default.clear());
        with(&|t| t.outputs[i].allowed.clear());
        for row in 0..table.rows.len() {
            with(&|t| {
                t.outputs[i].kind.clear();
                t.rows[row].outputs[i] = "null".into();
            });
        }
    }
    with(&|t| t.hit = HitPolicy::First);
    all
}

/// A table as people read it.
fn show(table: &Table, kinds: &[Kind]) -> String {
    let mut text = format!("  {}", table.hit.sign());
    for (i, input) in table.inputs.iter().enumerate() {
        let kind = kinds.get(i).filter(|_| table.inputs.len() == kinds.len());
        text += &format!(" | {} {kind:?} [{}]", input.expression, input.allowed);
    }
    for output in &table.outputs {
        text += &format!(
            " | → {} {} [{}] default {}",
            output.name, output.kind, output.allowed, output.default
        );
    }
    for row in &table.rows {
        text += &format!("\n    | {} | → {}", row.inputs.join(" | "), row.outputs.join(" | "));
    }
    text
}
