//! What the tables of a policy forget, contradict or can never say: found before anybody publishes, each with an example.

use std::collections::BTreeSet;

use serde::Serialize;

use super::ask::plain;
use super::cell::from_feel;
use super::fact::{Fact, Values};
use super::rule_table::{Gives, Ready};
use super::tables::AUTO_APPROVAL;
use super::{Policy, Words};
use crate::feel::{Expr, Names, Number, Test, Tests, Value, constant, unary_tests};
use crate::table::{Caveat, Compiled, Fall, HitPolicy, Rising, Table};
use crate::words::Lang;

/// One thing about a table that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableFinding {
    /// The table: the id of its rule.
    pub rule: String,
    /// What.
    pub kind: TableFindingKind,
    /// Whether the policy may not be published so.
    pub refuses: bool,
    /// The rows it is about, from 1.
    pub rows: Vec<u32>,
    /// An input that shows it: each column's name and value.
    pub example: Vec<(String, String)>,
    /// A second input to compare with, where one is less than the other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<(String, String)>,
    /// The answers for the two.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
    /// Cells of a row that would fill the gap.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<String>,
}

/// What is wrong with a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TableFindingKind {
    /// No row is for an input.
    Gap,
    /// Two rows are for the same input, and one at most may be.
    Overlap,
    /// A row never answers.
    Unreachable,
    /// More of something gives less, against what people expect.
    Falls,
    /// An amount is ten times, or a tenth of, what the others are.
    OddFigure,
    /// A cell depends on other columns, or the table is too large: the rest of what is said may not be all.
    NotExact,
}

/// How many times the middle one an amount must be to be odd.
const ODD: i64 = 10;

impl Policy {
    /// Everything about the policy's tables that somebody should look at before publishing, table by table.
    pub fn findings_of_tables(&self) -> Vec<TableFinding> {
        let of_rules = self.rules.iter().zip(&self.ready.rules);
        let mut found = Vec::new();
        for (rule, ready) in of_rules {
            if let Some(ready) = ready {
                self.inspect(&rule.id, ready, &mut found);
            }
        }
        if let Some(auto) = &self.ready.auto {
            self.inspect(AUTO_APPROVAL, &auto.ready, &mut found);
        }
        found
    }

    fn inspect(&self, rule: &str, ready: &Ready, found: &mut Vec<TableFinding>) {
        let named = |values: &[Value]| -> Vec<(String, String)> {
            let one = |(fact, value): (&Fact, &Value)| (fact.code().to_owned(), plain(value));
            ready.facts.iter().zip(values).map(one).collect()
        };
        let new = |kind, refuses, rows: Vec<u32>, example: &[Value]| TableFinding {
            rule: rule.to_owned(),
            kind,
            refuses,
            rows,
            example: named(example),
            beside: Vec::new(),
            answers: Vec::new(),
            cells: Vec::new(),
        };
        let analysis = ready.compiled.analyse();
        for gap in &analysis.gaps {
            let cells = ready.facts.iter().zip(&gap.cells);
            found.push(TableFinding {
                cells: cells.map(|(fact, cell)| from_feel(cell, &fact.values(self))).collect(),
                ..new(TableFindingKind::Gap, true, Vec::new(), &gap.example)
            });
        }
        for overlap in &analysis.overlaps {
            let rows = vec![overlap.rows.0, overlap.rows.1];
            found.push(new(TableFindingKind::Overlap, true, rows, &overlap.example));
        }
        for dead in &analysis.unreachable {
            let rows = std::iter::once(dead.row)
                .chain(dead.covered_by.iter().copied())
                .collect();
            found.push(new(TableFindingKind::Unreachable, false, rows, &dead.example));
        }
        let mut pairs = BTreeSet::new();
        for (fact, wish) in wishes(ready.gives) {
            for fall in self.falls(ready, *fact, *wish) {
                // One pair of rows is told once, though several columns show it.
                if !pairs.insert((fall.lower_rows.clone(), fall.higher_rows.clone())) {
                    continue;
                }
                let rows = fall.lower_rows.iter().chain(&fall.higher_rows).copied().collect();
                found.push(TableFinding {
                    beside: named(&fall.higher),
                    answers: vec![plain(&fall.lower_answer), plain(&fall.higher_answer)],
                    ..new(TableFindingKind::Falls, false, rows, &fall.lower)
                });
            }
        }
        for (row, amount) in odd(ready) {
            found.push(TableFinding {
                answers: vec![amount],
                ..new(TableFindingKind::OddFigure, false, vec![row], &[])
            });
        }
        if !analysis.caveats.is_empty() {
            let row = |caveat: &Caveat| match caveat {
                Caveat::Expression { row, .. } => Some(*row),
                _ => None,
            };
            let rows = analysis.caveats.iter().filter_map(row).collect();
            found.push(new(TableFindingKind::NotExact, false, rows, &[]));
        }
    }

    /// Where an answer falls although something grows.
    fn falls(&self, ready: &Ready, fact: Fact, wish: Wish) -> Vec<Fall> {
        let Some(input) = ready.facts.iter().position(|f| *f == fact) else {
            return Vec::new();
        };
        let mut codes = match fact.values(self) {
            Values::Ranked(codes) => codes,
            Values::Codes(codes) => match fact {
                // Tiers are listed from dear to cheap.
                Fact::Tier => codes.into_iter().rev().collect(),
                // With one season there is a dear time and the rest of the year.
                Fact::Season if codes.len() == 2 => codes.into_iter().rev().collect(),
                _ => return Vec::new(),
            },
            _ => Vec::new(),
        };
        if wish == Wish::Less {
            codes.reverse();
        }
        let table = ready.compiled.table();
        let Some(table) = ranked(table, input, &codes, ready.gives) else {
            return Vec::new();
        };
        let Ok(compiled) = Compiled::new(table) else {
            return Vec::new();
        };
        let rising = Rising {
            input,
            output: 0,
            order: order(self, ready.gives),
        };
        let falls = compiled.rising(&rising).map(|m| m.falls).unwrap_or_default();
        let name = |values: &mut Vec<Value>| {
            if let (Some(Value::Number(n)), false) = (values.get(input).cloned(), codes.is_empty()) {
                let code = n.to_i64().and_then(|n| codes.get(usize::try_from(n).ok()?));
                values[input] = code.map_or(Value::Null, |c| Value::text(c));
            }
        };
        let back = |mut fall: Fall| {
            name(&mut fall.lower);
            name(&mut fall.higher);
            for answer in [&mut fall.lower_answer, &mut fall.higher_answer] {
                if *answer == Value::Number(Number::from(NO_LIMIT)) {
                    *answer = Value::text("none");
                }
            }
            fall
        };
        falls.into_iter().map(back).collect()
    }

    /// A finding about a table in the reader's language.
    pub fn table_words(&self, finding: &TableFinding, lang: Lang) -> Words {
        let rule = self.rules.iter().find(|r| r.id == finding.rule);
        let name = match (rule, lang) {
            (Some(rule), Lang::Zh) => rule.text.zh.name.as_str(),
            (Some(rule), Lang::En) => rule.text.en.name.as_str(),
            (None, Lang::Zh) => "自动核准",
            (None, Lang::En) => "Automatic approval",
        };
        let numbers = |rows: &[u32]| {
            rows.iter()
                .map(u32::to_string)
                .collect::<Vec<_>>()
                .join(if lang == Lang::Zh { "、" } else { ", " })
        };
        let shown = |of: &[(String, String)]| {
            let one = |(code, value): &(String, String)| {
                let fact = Fact::parse(code).map_or(code.as_str(), |f| f.name(lang));
                format!("{fact} {value}")
            };
            of.iter()
                .map(one)
                .collect::<Vec<_>>()
                .join(if lang == Lang::Zh { "，" } else { ", " })
        };
        let (rows, example, beside) = (numbers(&finding.rows), shown(&finding.example), shown(&finding.beside));
        let answer = |n: usize| finding.answers.get(n).map_or("–", String::as_str);
        let cells = finding.cells.join(" | ");
        let others = numbers(finding.rows.get(1..).unwrap_or_default());
        let first = finding.rows.first().map(u32::to_string).unwrap_or_default();
        let [title, text, fix] = match (finding.kind, lang) {
            (TableFindingKind::Gap, Lang::Zh) => [
                "有未覆盖的情况".into(),
                format!("没有一行适用于：{example}"),
                format!("补一行：{cells}"),
            ],
            (TableFindingKind::Gap, Lang::En) => [
                "Something is not covered".into(),
                format!("No row is for {example}."),
                format!("Add a row: {cells}"),
            ],
            (TableFindingKind::Overlap, Lang::Zh) => [
                "多行重叠".into(),
                format!("第 {rows} 行都适用于：{example}"),
                "改其中一行的条件，或改用“首行”".into(),
            ],
            (TableFindingKind::Overlap, Lang::En) => [
                "Rows overlap".into(),
                format!("Rows {rows} are both for {example}."),
                "Change one of them, or let the first row count.".into(),
            ],
            (TableFindingKind::Unreachable, Lang::Zh) => [
                format!("第 {first} 行永不生效"),
                if others.is_empty() {
                    format!("第 {first} 行的条件互相矛盾")
                } else {
                    format!("凡第 {first} 行适用之处，第 {others} 行都已先生效")
                },
                "上移、修改或删除该行".into(),
            ],
            (TableFindingKind::Unreachable, Lang::En) => [
                format!("Row {first} never answers"),
                if others.is_empty() {
                    format!("The conditions of row {first} contradict each other.")
                } else {
                    format!("Wherever row {first} is for, rows {others} answer before it.")
                },
                "Move it up, change it, or remove it.".into(),
            ],
            (TableFindingKind::Falls, Lang::Zh) => [
                "结果反而变低".into(),
                format!(
                    "{example} 得 {}，而 {beside} 得 {}（第 {rows} 行）",
                    answer(0),
                    answer(1)
                ),
                "核对这两行的数值与条件".into(),
            ],
            (TableFindingKind::Falls, Lang::En) => [
                "More gives less".into(),
                format!(
                    "{example} gives {}, but {beside} gives {} (rows {rows}).",
                    answer(0),
                    answer(1)
                ),
                "Check the figures and conditions of these rows.".into(),
            ],
            (TableFindingKind::OddFigure, Lang::Zh) => [
                "数值异常".into(),
                format!("第 {first} 行的 {} 与其他各行相差十倍以上", answer(0)),
                "核对单位与小数点".into(),
            ],
            (TableFindingKind::OddFigure, Lang::En) => [
                "An odd figure".into(),
                format!("{} in row {first} is ten times the others, or a tenth.", answer(0)),
                "Check the unit and the decimal point.".into(),
            ],
            (TableFindingKind::NotExact, Lang::Zh) => [
                "未能完全检查".into(),
                if rows.is_empty() {
                    "此表太大，未能完全检查".into()
                } else {
                    format!("第 {rows} 行的条件取决于其他列，检查时视为不适用")
                },
                "尽量写成与数值的比较".into(),
            ],
            (TableFindingKind::NotExact, Lang::En) => [
                "Not checked in full".into(),
                if rows.is_empty() {
                    "The table is too large to be checked in full.".into()
                } else {
                    format!("Cells of rows {rows} depend on other columns, and were taken to match nothing.")
                },
                "Write comparisons with values where you can.".into(),
            ],
        };
        Words {
            title,
            text,
            fix,
            rule_label: format!("{} v{} · {name}", self.name.get(lang), self.version),
        }
    }
}

/// How an answer should go when something grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// Not fall.
    More,
    /// Not rise: what grows is read backwards.
    Less,
}

/// What people expect of a table: with more of the first, the answer does not fall.
fn wishes(gives: Gives) -> &'static [(Fact, Wish)] {
    match gives {
        Gives::Amount | Gives::Rate => &[
            (Fact::Grade, Wish::More),
            (Fact::Tier, Wish::More),
            (Fact::Season, Wish::More),
        ],
        Gives::Class => &[
            (Fact::Grade, Wish::More),
            (Fact::Hours, Wish::More),
            (Fact::Distance, Wish::More),
        ],
        // More money never needs less of a person, nor does weaker proof.
        Gives::Decision => &[
            (Fact::Total, Wish::More),
            (Fact::Amount, Wish::More),
            (Fact::Over, Wish::More),
            (Fact::Evidence, Wish::Less),
        ],
        Gives::Grade => &[(Fact::Amount, Wish::More), (Fact::Total, Wish::More)],
        Gives::Share => &[(Fact::Total, Wish::More)],
        Gives::Days => &[],
    }
}

/// The answers from the least to the greatest, where they are codes.
fn order(policy: &Policy, gives: Gives) -> Vec<Value> {
    let texts = |all: &[&str]| all.iter().map(|c| Value::text(c)).collect();
    match gives {
        Gives::Decision => texts(&["pass", "person"]),
        Gives::Grade => texts(&["D", "C", "B", "A"]),
        Gives::Class => {
            let own = policy.classes.iter().map(|c| Value::text(&c.code));
            own.chain([Value::text("none")]).collect()
        }
        Gives::Amount | Gives::Rate | Gives::Days | Gives::Share => Vec::new(),
    }
}

/// Stands for `none` where amounts are compared: above all that a policy may name.
const NO_LIMIT: i64 = 1_000_000_000_000_000;

/// The table with a column of codes as numbers in their order, and `none` as the greatest answer. `None` if a cell of the column is more
/// than a list of codes.
fn ranked(table: &Table, input: usize, codes: &[String], gives: Gives) -> Option<Table> {
    let mut table = table.clone();
    if !codes.is_empty() {
        let all: Vec<String> = (0..codes.len()).map(|n| n.to_string()).collect();
        table.inputs[input].kind = "number".to_owned();
        table.inputs[input].allowed = all.join(", ");
        for row in &mut table.rows {
            let number = |test: &Test| match test {
                Test::Is(Expr::Const(Value::Text(code))) => {
                    codes.iter().position(|c| **c == **code).map(|n| n.to_string())
                }
                Test::Is(Expr::Const(Value::Null)) => Some("null".to_owned()),
                _ => None,
            };
            let list = |all: &[Test]| {
                all.iter()
                    .map(number)
                    .collect::<Option<Vec<String>>>()
                    .map(|l| l.join(", "))
            };
            row.inputs[input] = match unary_tests(&row.inputs[input], &Names::default()).ok()? {
                Tests::Any => "-".to_owned(),
                Tests::One(all) => list(&all)?,
                Tests::Not(all) => format!("not({})", list(&all)?),
            };
        }
    }
    let none = match gives {
        Gives::Amount | Gives::Rate => Some(NO_LIMIT.to_string()),
        Gives::Class => Some("\"none\"".to_owned()),
        _ => None,
    };
    if let Some(none) = none {
        for row in &mut table.rows {
            if row.outputs[0] == "null" {
                row.outputs[0].clone_from(&none);
            }
        }
        table.outputs[0].allowed.clear();
    }
    // Which of several rows counts is told elsewhere.
    if table.hit == HitPolicy::Priority && gives == Gives::Class {
        return None;
    }
    Some(table)
}

/// Rows whose amount is far from the middle one of the others.
fn odd(ready: &Ready) -> Vec<(u32, String)> {
    if !matches!(ready.gives, Gives::Amount | Gives::Rate | Gives::Days) || ready.facts.contains(&Fact::Category) {
        return Vec::new();
    }
    let rows = ready.compiled.table().rows.iter().enumerate();
    let amounts: Vec<(u32, Number)> = rows
        .filter_map(|(at, row)| match constant(&row.outputs[0])? {
            Value::Number(n) => Some((at as u32 + 1, n)),
            _ => None,
        })
        .collect();
    if amounts.len() < 3 {
        return Vec::new();
    }
    let is_odd = |(row, amount): &&(u32, Number)| {
        let mut others: Vec<Number> = amounts.iter().filter(|(r, _)| r != row).map(|(_, n)| *n).collect();
        others.sort();
        let middle = others[others.len() / 2];
        let times = |n: Number| n.times(Number::from(ODD)).unwrap_or(n);
        *amount >= times(middle) || times(*amount) <= middle
    };
    amounts
        .iter()
        .filter(is_odd)
        .map(|(row, n)| (*row, n.to_string()))
        .collect()
}
