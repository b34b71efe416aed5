//! Random tables, and what they are asked.

use crate::kinds::{Kind, Lots};
use outlay_core::table::{Decision, HitPolicy, Input, InputData, Logic, Model, Output, Row, Table};

/// A random table, and what it is asked.
pub struct Case {
    pub table: Table,
    pub kinds: Vec<Kind>,
    /// A value for each input, in FEEL.
    pub asked: Vec<Vec<String>>,
}

/// The names of the inputs.
const NAMES: [&str; 4] = ["a", "bb", "amount due", "城市"];
/// The names of the outputs.
const RESULTS: [&str; 3] = ["x", "y", "rate"];

pub fn case(lots: &mut Lots) -> Case {
    let hit = HitPolicy::ALL[lots.below(HitPolicy::ALL.len())];
    let kinds: Vec<Kind> = (0..1 + lots.below(4)).map(|_| Kind::any(lots)).collect();
    let named: Vec<(&str, Kind)> = NAMES.iter().copied().zip(kinds.iter().copied()).collect();
    let rows = 1 + lots.below(8);
    let inputs = named.iter().map(|(name, kind)| input(lots, name, *kind)).collect();
    // The specification has neither reckoning nor output order of several outputs (10.3.2.10).
    let several = !hit.aggregates() && hit != HitPolicy::OutputOrder && lots.one_in(3);
    let outputs: Vec<(Kind, Output)> = (0..if several { 2 + lots.below(2) } else { 1 })
        .map(|i| output(lots, RESULTS[i], hit, &named))
        .collect();
    // Rows that answer the same are what A is about.
    let few = matches!(hit, HitPolicy::Any) || lots.one_in(4);
    let mut made: Vec<Row> = Vec::new();
    for n in 0..rows {
        let asks = named.iter().map(|(_, kind)| cell(lots, *kind, &named)).collect();
        let says = match made.first() {
            Some(first) if few && !lots.one_in(4) => first.outputs.clone(),
            _ => outputs.iter().map(|(kind, o)| answer(lots, *kind, o, &named)).collect(),
        };
        made.push(Row {
            id: format!("r{n}"),
            inputs: asks,
            outputs: says,
            note: String::new(),
        });
    }
    let table = Table {
        id: "t".into(),
        name: "d".into(),
        hit,
        inputs,
        outputs: outputs.into_iter().map(|(_, o)| o).collect(),
        rows: made,
    };
    let asked = (0..4)
        .map(|_| kinds.iter().map(|kind| value(lots, *kind)).collect())
        .collect();
    Case { table, kinds, asked }
}

/// The `.dmn` file of a table.
pub fn file(table: &Table, kinds: &[Kind]) -> String {
    let inputs = NAMES.iter().zip(kinds).enumerate();
    let model = Model {
        id: "m".into(),
        name: "m".into(),
        namespace: "https://example.com/m".into(),
        inputs: inputs
            .map(|(i, (name, kind))| InputData {
                id: format!("i{i}"),
                name: (*name).into(),
                kind: kind.name().into(),
            })
            .collect(),
        decisions: vec![Decision {
            id: "d".into(),
            name: "d".into(),
            kind: "Any".into(),
            needs: (0..kinds.len()).map(|i| format!("i{i}")).collect(),
            logic: Logic::Table(table.clone()),
        }],
        ..Model::default()
    };
    model.to_dmn().expect("no signs that XML has not")
}

/// What a table is asked, as a FEEL context.
pub fn given(asked: &[String]) -> Vec<(&'static str, &str)> {
    NAMES.iter().copied().zip(asked.iter().map(|v| &**v)).collect()
}

fn input(lots: &mut Lots, name: &str, kind: Kind) -> Input {
    let allowed = match kind {
        Kind::Number if lots.one_in(12) => ">= -1000000",
        Kind::Text if lots.one_in(12) => r#""", " ", "A b", "a", "aa", "b", "z", "é", "住宿", "餐饮""#,
        _ => "",
    };
    // An expression as a heading, now and then.
    let expression = match kind {
        Kind::Number if lots.one_in(15) => format!("{name} * 2"),
        Kind::Text if lots.one_in(20) => format!("upper case({name})"),
        _ => name.to_owned(),
    };
    Input {
        id: format!("in_{}", name.len()),
        label: String::new(),
        allowed: if expression == name {
            allowed.into()
        } else {
            String::new()
        },
        expression,
        kind: kind.name().into(),
    }
}

fn output(lots: &mut Lots, name: &str, hit: HitPolicy, named: &[(&str, Kind)]) -> (Kind, Output) {
    let kind = match hit {
        HitPolicy::Sum if !lots.one_in(6) => Kind::Number,
        HitPolicy::Min | HitPolicy::Max if lots.one_in(2) => Kind::Number,
        _ => Kind::any(lots),
    };
    let mut all: Vec<&str> = kind.constants().to_vec();
    for at in (1..all.len()).rev() {
        all.swap(at, lots.below(at + 1));
    }
    all.truncate(2 + lots.below(4));
    let lists = hit.ranks() || lots.one_in(6);
    let mut made = Output {
        id: format!("out_{name}"),
        name: name.into(),
        label: String::new(),
        kind: kind.name().into(),
        allowed: if lists { all.join(", ") } else { String::new() },
        default: String::new(),
    };
    if lots.one_in(3) {
        made.default = answer(lots, kind, &made, named);
    }
    (kind, made)
}

/// A cell that asks.
fn cell(lots: &mut Lots, kind: Kind, named: &[(&str, Kind)]) -> String {
    match lots.below(12) {
        0..=2 => "-".into(),
        3 => tests(lots, kind, named, 2),
        4 => format!("not({})", tests(lots, kind, named, 1)),
        5 => {
            let many = 1 + lots.below(3);
            format!("not({})", tests(lots, kind, named, many))
        }
        6 if lots.one_in(2) => "null".into(),
        6 => "not(null)".into(),
        7 => {
            let all: Vec<String> = (0..1 + lots.below(3)).map(|_| kind.constant(lots)).collect();
            format!("[{}]", all.join(", "))
        }
        _ => test(lots, kind, named),
    }
}

fn tests(lots: &mut Lots, kind: Kind, named: &[(&str, Kind)], many: usize) -> String {
    let all: Vec<String> = (0..many).map(|_| test(lots, kind, named)).collect();
    all.join(", ")
}

/// One test of a cell.
fn test(lots: &mut Lots, kind: Kind, named: &[(&str, Kind)]) -> String {
    if kind == Kind::Truth {
        return match named.iter().find(|(_, k)| *k == Kind::Number) {
            Some((n, _)) if lots.one_in(8) => format!("{n} > 1"),
            _ => kind.constant(lots),
        };
    }
    match lots.below(8) {
        0..=1 => end(lots, kind, named),
        2..=4 => {
            let sign = lots.of(&["<", "<=", ">", ">="]);
            let space = if lots.one_in(2) { " " } else { "" };
            format!("{sign}{space}{}", end(lots, kind, named))
        }
        _ => {
            let all = kind.constants();
            let from = lots.below(all.len() - 1);
            let to = from + 1 + lots.below(all.len() - from - 1);
            let (open, close) = (lots.of(&["[", "[", "(", "]"]), lots.of(&["]", "]", ")", "["]));
            format!("{open}{}..{}{close}", all[from], all[to])
        }
    }
}

/// A constant, or something to reckon.
fn end(lots: &mut Lots, kind: Kind, named: &[(&str, Kind)]) -> String {
    if lots.one_in(6) && matches!(kind, Kind::Number | Kind::Date) {
        // In brackets, since what follows a sign was a mere value before DMN 1.4.
        return format!("({})", reckoned(lots, kind, named, 1));
    }
    kind.constant(lots)
}

/// A cell that answers.
fn answer(lots: &mut Lots, kind: Kind, output: &Output, named: &[(&str, Kind)]) -> String {
    let listed: Vec<&str> = output.allowed.split(", ").filter(|v| !v.is_empty()).collect();
    match lots.below(10) {
        0 if lots.one_in(3) => "null".into(),
        0..=2 if listed.is_empty() || lots.one_in(6) => reckoned(lots, kind, named, 2),
        // A comma inside `date(2026, 1, 31)` is no end of a value.
        _ if !listed.is_empty() && !output.allowed.contains("(2026,") => lots.of(&listed).to_owned(),
        _ => kind.constant(lots),
    }
}

/// An expression of a kind, which may also fail.
fn reckoned(lots: &mut Lots, kind: Kind, named: &[(&str, Kind)], depth: usize) -> String {
    let same: Vec<&str> = named.iter().filter(|(_, k)| *k == kind).map(|(n, _)| *n).collect();
    if depth == 0 || lots.one_in(5) {
        return match same.len() {
            0 => kind.constant(lots),
            n if lots.one_in(2) => same[lots.below(n)].to_owned(),
            _ => kind.constant(lots),
        };
    }
    let inner = |lots: &mut Lots, kind: Kind| reckoned(lots, kind, named, depth - 1);
    if lots.one_in(8) {
        let (yes, no, a, b) = (
            inner(lots, kind),
            inner(lots, kind),
            inner(lots, Kind::Number),
            inner(lots, Kind::Number),
        );
        let sign = lots.of(&["<", "<=", ">", ">=", "=", "!="]);
        return format!("if {a} {sign} {b} then {yes} else {no}");
    }
    match kind {
        Kind::Number => match lots.below(14) {
            0..=6 => {
                let (a, b) = (inner(lots, kind), inner(lots, kind));
                let sign = lots.of(&["+", "-", "*", "/"]);
                format!("({a}) {sign} ({b})")
            }
            7 => format!("({}) ** {}", inner(lots, kind), lots.of(&["2", "3", "-1", "0", "10"])),
            8 => format!(
                "{}({}, {})",
                lots.of(&["min", "max", "sum"]),
                inner(lots, kind),
                inner(lots, kind)
            ),
            9 => format!(
                "{}({})",
                lots.of(&["abs", "floor", "ceiling", "sqrt"]),
                inner(lots, kind)
            ),
            10 => format!(
                "{}({}, {})",
                lots.of(&["decimal", "round up", "round down", "round half up", "round half down"]),
                inner(lots, kind),
                lots.of(&["0", "1", "2", "-1"])
            ),
            11 => format!("modulo({}, {})", inner(lots, kind), inner(lots, kind)),
            12 => format!("string length({})", inner(lots, Kind::Text)),
            // Of two kinds: an error.
            _ => format!("({}) + ({})", inner(lots, kind), inner(lots, Kind::Text)),
        },
        Kind::Text => match lots.below(5) {
            0..=1 => format!("{} + {}", inner(lots, kind), kind.constant(lots)),
            2 => format!("{}({})", lots.of(&["upper case", "lower case"]), inner(lots, kind)),
            3 => format!("substring({}, {})", inner(lots, kind), lots.of(&["1", "2", "-1"])),
            _ => format!("string({})", kind.constant(lots)),
        },
        Kind::Truth => match lots.below(5) {
            0 => format!("({}) and ({})", inner(lots, kind), inner(lots, kind)),
            1 => format!("({}) or ({})", inner(lots, kind), inner(lots, kind)),
            2 => format!("not({})", inner(lots, kind)),
            3 => format!("contains({}, {})", inner(lots, Kind::Text), Kind::Text.constant(lots)),
            _ => {
                let other = Kind::any(lots);
                let signs: &[&str] = if other == Kind::Truth {
                    &["=", "!="]
                } else {
                    &["<", "<=", ">", ">=", "=", "!="]
                };
                let (a, b) = (inner(lots, other), inner(lots, other));
                format!("({a}) {} ({b})", lots.of(signs))
            }
        },
        Kind::Date => {
            let by = if lots.one_in(2) { Kind::Months } else { Kind::Span };
            format!("{} {} {}", inner(lots, kind), lots.of(&["+", "-"]), by.constant(lots))
        }
        Kind::Span => match lots.below(4) {
            0 => format!("{} - {}", Kind::Date.constant(lots), Kind::Date.constant(lots)),
            1 => format!("{} - {}", Kind::Time.constant(lots), Kind::Time.constant(lots)),
            2 => scaled(lots, kind),
            _ => format!("{} {} {}", inner(lots, kind), lots.of(&["+", "-"]), kind.constant(lots)),
        },
        Kind::Months => match lots.below(2) {
            0 => scaled(lots, kind),
            _ => format!("{} {} {}", inner(lots, kind), lots.of(&["+", "-"]), kind.constant(lots)),
        },
        Kind::Time => format!(
            "{} {} {}",
            inner(lots, kind),
            lots.of(&["+", "-"]),
            Kind::Span.constant(lots)
        ),
        Kind::Moment => {
            let by = if lots.one_in(3) { Kind::Months } else { Kind::Span };
            format!("{} {} {}", inner(lots, kind), lots.of(&["+", "-"]), by.constant(lots))
        }
    }
}

/// A duration, made longer or shorter.
fn scaled(lots: &mut Lots, kind: Kind) -> String {
    let (sign, by) = (lots.of(&["*", "/"]), lots.of(&["0", "2", "-3", "0.5", "2.5"]));
    format!("{} {sign} {by}", kind.constant(lots))
}

/// A value to ask with: a constant, one beside it, or null.
fn value(lots: &mut Lots, kind: Kind) -> String {
    if lots.one_in(12) {
        return "null".into();
    }
    if kind == Kind::Number && lots.one_in(3) {
        return lots
            .of(&[
                "-7",
                "0.05",
                "0.5",
                "1.1",
                "1.100",
                "4",
                "50",
                "500.005",
                "33.333333333333",
            ])
            .to_owned();
    }
    kind.constant(lots)
}
