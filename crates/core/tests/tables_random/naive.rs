//! A second evaluator, which knows nothing of axes and sets: it looks at each cell of each row in turn.

use outlay_core::feel::{Value, constant};
use outlay_core::table::{Compiled, HitPolicy, Input, Output, ProblemKind, Row, Table};
use proptest::prelude::*;

/// A value of the second evaluator. Numbers are counted in halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plain {
    Half(i64),
    Word(&'static str),
    Truth(bool),
}

#[derive(Debug, Clone)]
pub enum Ask {
    Equal(Plain),
    Compare(&'static str, Plain),
    Range(bool, Plain, Plain, bool),
}

#[derive(Debug, Clone)]
pub enum Cell {
    Any,
    One(Vec<Ask>),
    Not(Vec<Ask>),
}

#[derive(Debug, Clone)]
pub struct Case {
    pub hit: HitPolicy,
    pub kinds: Vec<usize>,
    pub rows: Vec<(Vec<Cell>, i64)>,
}

const KINDS: [&str; 3] = ["number", "string", "boolean"];
const WORDS: [&str; 4] = ["甲", "b", "c", "z"];
/// The outputs' values of P and O, the most important first.
const ORDER: [i64; 4] = [3, 1, 0, 2];

impl Plain {
    pub fn feel(self) -> String {
        match self {
            Plain::Half(n) if n % 2 == 0 => format!("{}", n / 2),
            Plain::Half(n) => format!("{}{}.5", if n < 0 { "-" } else { "" }, n.abs() / 2),
            Plain::Word(w) => format!("\"{w}\""),
            Plain::Truth(b) => b.to_string(),
        }
    }
}

impl Ask {
    pub fn feel(&self) -> String {
        match self {
            Ask::Equal(v) => v.feel(),
            Ask::Compare(op, v) => format!("{op} {}", v.feel()),
            Ask::Range(from, a, b, to) => {
                let (open, close) = (if *from { '[' } else { '(' }, if *to { ']' } else { ')' });
                format!("{open}{}..{}{close}", a.feel(), b.feel())
            }
        }
    }

    /// `None` as FEEL has it, where null is compared.
    pub fn holds(&self, value: Option<Plain>) -> Option<bool> {
        let Some(value) = value else {
            return match self {
                Ask::Equal(_) => Some(false),
                _ => None,
            };
        };
        Some(match self {
            Ask::Equal(v) => value == *v,
            Ask::Compare("<", v) => value < *v,
            Ask::Compare("<=", v) => value <= *v,
            Ask::Compare(">", v) => value > *v,
            Ask::Compare(_, v) => value >= *v,
            Ask::Range(from, a, b, to) => (value > *a || *from && value == *a) && (value < *b || *to && value == *b),
        })
    }
}

impl Cell {
    pub fn feel(&self) -> String {
        let list = |all: &[Ask]| all.iter().map(Ask::feel).collect::<Vec<_>>().join(", ");
        match self {
            Cell::Any => "-".into(),
            Cell::One(all) => list(all),
            Cell::Not(all) => format!("not({})", list(all)),
        }
    }

    pub fn passes(&self, value: Option<Plain>) -> bool {
        let any = |all: &[Ask]| {
            let answers: Vec<Option<bool>> = all.iter().map(|a| a.holds(value)).collect();
            if answers.contains(&Some(true)) {
                Some(true)
            } else if answers.contains(&None) {
                None
            } else {
                Some(false)
            }
        };
        match self {
            Cell::Any => true,
            Cell::One(all) => any(all) == Some(true),
            Cell::Not(all) => any(all) == Some(false),
        }
    }
}

impl Case {
    pub fn table(&self) -> Table {
        let inputs = self.kinds.iter().enumerate().map(|(i, kind)| Input {
            expression: format!("in {i}"),
            kind: KINDS[*kind].into(),
            ..Input::default()
        });
        let order: Vec<String> = ORDER.iter().map(ToString::to_string).collect();
        Table {
            id: "t".into(),
            name: "随机".into(),
            hit: self.hit,
            inputs: inputs.collect(),
            outputs: vec![Output {
                name: "out".into(),
                kind: "number".into(),
                allowed: order.join(", "),
                ..Output::default()
            }],
            rows: self
                .rows
                .iter()
                .map(|(cells, answer)| Row {
                    inputs: cells.iter().map(Cell::feel).collect(),
                    outputs: vec![answer.to_string()],
                    ..Row::default()
                })
                .collect(),
        }
    }

    /// The table, unless it was refused because nothing passes a cell.
    pub fn compiled(&self) -> Option<Compiled> {
        match Compiled::new(self.table()) {
            Ok(table) => Some(table),
            Err(error) => {
                for problem in &error.problems {
                    let ProblemKind::Impossible(text) = &problem.kind else {
                        panic!("{error}")
                    };
                    let (row, column) = (problem.place.row.expect("a row") as usize - 1, problem.place.column);
                    let Some(outlay_core::table::Column::Input(n)) = column else {
                        panic!("{error}")
                    };
                    let cell = &self.rows[row].0[n as usize - 1];
                    let kind = self.kinds[n as usize - 1];
                    assert!(
                        domain(kind).into_iter().all(|v| !cell.passes(Some(v))),
                        "{text} lets something pass"
                    );
                }
                None
            }
        }
    }

    pub fn matched(&self, values: &[Option<Plain>]) -> Vec<usize> {
        let all = |cells: &[Cell]| cells.iter().zip(values).all(|(cell, value)| cell.passes(*value));
        (0..self.rows.len()).filter(|r| all(&self.rows[*r].0)).collect()
    }

    /// The rows that make the answer, and the answer in FEEL.
    pub fn answer(&self, values: &[Option<Plain>]) -> (Vec<usize>, String) {
        let matched = self.matched(values);
        let of = |row: usize| self.rows[row].1;
        let place = |row: &usize| (ORDER.iter().position(|o| *o == of(*row)), *row);
        let mut ordered = matched.clone();
        ordered.sort_by_key(place);
        let list = |rows: &[usize]| {
            let all: Vec<String> = rows.iter().map(|r| of(*r).to_string()).collect();
            format!("[{}]", all.join(", "))
        };
        let none = (Vec::new(), "null".to_owned());
        let Some(first) = matched.first().copied() else {
            return none;
        };
        let answers = || matched.iter().map(|r| of(*r));
        let whole = |n: Option<i64>| (matched.clone(), n.expect("rows").to_string());
        match self.hit {
            HitPolicy::Unique if matched.len() > 1 => none,
            HitPolicy::Any if answers().any(|a| a != of(first)) => none,
            HitPolicy::Unique | HitPolicy::First => (vec![first], of(first).to_string()),
            HitPolicy::Any => (matched.clone(), of(first).to_string()),
            HitPolicy::Priority => (vec![ordered[0]], of(ordered[0]).to_string()),
            HitPolicy::OutputOrder => (ordered.clone(), list(&ordered)),
            HitPolicy::RuleOrder | HitPolicy::Collect => (matched.clone(), list(&matched)),
            HitPolicy::Sum => whole(Some(answers().sum())),
            HitPolicy::Min => whole(answers().min()),
            HitPolicy::Max => whole(answers().max()),
            HitPolicy::Count => whole(Some(matched.len() as i64)),
        }
    }

    /// All inputs that the cells can tell apart, at least once.
    pub fn space(&self) -> Vec<Vec<Option<Plain>>> {
        let mut all: Vec<Vec<Option<Plain>>> = vec![Vec::new()];
        for kind in &self.kinds {
            let longer = |done: &Vec<Option<Plain>>| {
                let done = done.clone();
                domain(*kind)
                    .into_iter()
                    .map(move |v| [done.clone(), vec![Some(v)]].concat())
            };
            all = all.iter().flat_map(longer).collect();
        }
        all
    }
}

/// Values between and on all constants of a kind.
fn domain(kind: usize) -> Vec<Plain> {
    match kind {
        0 => (-3..=13).map(Plain::Half).collect(),
        1 => ["", "b", "bb", "c", "cc", "z", "zz", "甲", "甲甲"]
            .map(Plain::Word)
            .to_vec(),
        _ => vec![Plain::Truth(false), Plain::Truth(true)],
    }
}

fn plain(kind: usize) -> BoxedStrategy<Plain> {
    match kind {
        // Whole constants, so that the halves lie between them.
        0 => (0i64..6).prop_map(|n| Plain::Half(2 * n)).boxed(),
        1 => prop::sample::select(&WORDS[..]).prop_map(Plain::Word).boxed(),
        _ => any::<bool>().prop_map(Plain::Truth).boxed(),
    }
}

fn ask(kind: usize) -> BoxedStrategy<Ask> {
    let equal = plain(kind).prop_map(Ask::Equal);
    if kind == 2 {
        return equal.boxed();
    }
    let compare =
        (prop::sample::select(&["<", "<=", ">", ">="][..]), plain(kind)).prop_map(|(op, v)| Ask::Compare(op, v));
    let range =
        (any::<bool>(), plain(kind), plain(kind), any::<bool>()).prop_map(|(f, a, b, t)| Ask::Range(f, a, b, t));
    prop_oneof![equal, compare, range].boxed()
}

fn cell(kind: usize) -> impl Strategy<Value = Cell> {
    let asks = || prop::collection::vec(ask(kind), 1..3);
    prop_oneof![2 => Just(Cell::Any), 4 => asks().prop_map(Cell::One), 1 => asks().prop_map(Cell::Not)]
}

pub fn case() -> impl Strategy<Value = Case> {
    let hit = prop::sample::select(&HitPolicy::ALL[..]);
    (hit, prop::collection::vec(0usize..3, 1..4)).prop_flat_map(|(hit, kinds)| {
        let cells: Vec<_> = kinds.iter().map(|k| cell(*k)).collect();
        let rows = prop::collection::vec((cells, 0i64..4), 1..7);
        rows.prop_map(move |rows| Case {
            hit,
            kinds: kinds.clone(),
            rows,
        })
    })
}

pub fn value(plain: Option<Plain>) -> Value {
    plain.map_or(Value::Null, |p| constant(&p.feel()).expect("a value"))
}

pub fn numbers(rows: &[usize]) -> Vec<u32> {
    rows.iter().map(|r| *r as u32 + 1).collect()
}
