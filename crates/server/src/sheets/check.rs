//! A table looked through as it is typed: what is wrong with its cells, else what it forgets, says twice or never says.

use outlay_core::feel::Value;
use outlay_core::table::{Analysis, Caveat, Column, Compiled, Problem, Question, Rising, Table};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::{Both, cell_name, problem_words};
use crate::shell::W;

/// What was found in a table.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = TableFound)]
pub struct Found {
    /// What cannot be read or can never be; the rest is only looked for where there is none of it.
    pub problems: Vec<SheetProblem>,
    /// What a table that can be read forgets, says twice or never says.
    pub checks: Vec<Check>,
    /// What was looked for, and not found.
    pub fine: Vec<Both>,
}

/// Something wrong with a table.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SheetProblem {
    /// The row, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u32>,
    /// The column, from 1: `{"input": 3}` or `{"output": 1}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub column: Option<Column>,
    /// The cell as a spreadsheet names it, such as `C8`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// What is wrong, and the mend.
    pub text: Both,
}

/// What is found in a table that can be read.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = TableCheck)]
pub struct Check {
    /// `gap`, `overlap`, `dead`, `hides`, `fall` or `caveat`.
    pub kind: &'static str,
    /// `warn`, `bad` or `info`.
    pub tone: &'static str,
    /// What it is.
    pub title: Both,
    /// The rows that it is about, from 1.
    pub rows: Vec<u32>,
    /// An input for which it is so: a value for each column that asks, in FEEL. Empty where there is none.
    pub example: Vec<String>,
    /// The input with the greater value, where an answer falls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub higher: Option<Vec<String>>,
    /// The two answers, in FEEL, where there are two.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
    /// The cells of a row that would fill the gap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cells: Option<Vec<String>>,
}

/// An answer that may not fall while an input grows, both by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MayNotFall {
    /// The expression of the input.
    pub input: String,
    /// The name of the answer.
    pub output: String,
}

impl Check {
    fn new(kind: &'static str, tone: &'static str, title: Both) -> Check {
        Check {
            kind,
            tone,
            title,
            rows: Vec::new(),
            example: Vec::new(),
            higher: None,
            answers: Vec::new(),
            cells: None,
        }
    }
}

/// What is wrong with a table that could not be made ready, told by its cells.
pub fn problems(problems: &[Problem], inputs: usize) -> Vec<SheetProblem> {
    let told = |p: &Problem| SheetProblem {
        row: p.place.row,
        column: p.place.column,
        cell: cell_name(&p.place, inputs),
        text: Both::of(|w| problem_words(w, p)),
    };
    problems.iter().map(told).collect()
}

/// Looks through a table; `ready` makes it ready, with the names that its cells may use. `changed` are rows, from 1, of which it is told
/// what they take from others. Takes some tenths of a second for the largest.
pub fn look(
    table: &Table,
    ready: impl FnOnce(Table) -> Result<Compiled, Vec<SheetProblem>>,
    rising: &[MayNotFall],
    changed: &[u32],
) -> Found {
    let mut found = Found {
        problems: Vec::new(),
        checks: Vec::new(),
        fine: Vec::new(),
    };
    match ready(table.clone()) {
        Err(problems) => found.problems = problems,
        Ok(ready) => found.through(&ready, rising, changed),
    }
    found
}

fn texts(values: &[Value]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

impl Found {
    fn through(&mut self, ready: &Compiled, rising: &[MayNotFall], changed: &[u32]) {
        let analysis = ready.analyse();
        if analysis.matches_nothing(ready.table().rows.len()) {
            self.problems.push(SheetProblem {
                row: None,
                column: None,
                cell: None,
                text: Both::of(|w| w.t("table-problem-nothing-matches")),
            });
            return;
        }
        let mut caveats = analysis.caveats.clone();
        self.of_rows(ready.table(), &analysis);
        for overlap in ready.hides(changed) {
            let mut check = Check::new("hides", "info", pair("check-hides", overlap.rows, "no"));
            check.rows = vec![overlap.rows.1, overlap.rows.0];
            check.example = texts(&overlap.example);
            check.answers = answers(ready.table(), overlap.rows);
            self.checks.push(check);
        }
        for asked in rising {
            caveats.extend(self.of_rising(ready, asked));
        }
        let mut told: Vec<&Caveat> = Vec::new();
        for caveat in &caveats {
            if !told.contains(&caveat) {
                told.push(caveat);
                let inputs = ready.table().inputs.len();
                self.checks.push(Check::new(
                    "caveat",
                    "info",
                    Both::of(|w| caveat_words(w, caveat, inputs)),
                ));
            }
        }
        let open = |q: Question| caveats.contains(&Caveat::TooLarge(q)) || caveats.contains(&Caveat::More(q));
        let mut fine = |found: bool, question: Question, key: &str| {
            if !found && !open(question) {
                self.fine.push(Both::of(|w| w.t(key)));
            }
        };
        let gaps = if analysis.has_default {
            "check-fine-default"
        } else {
            "check-fine-gaps"
        };
        fine(!analysis.gaps.is_empty() && !analysis.has_default, Question::Gaps, gaps);
        fine(!analysis.overlaps.is_empty(), Question::Overlaps, "check-fine-overlaps");
        fine(
            !analysis.unreachable.is_empty(),
            Question::Unreachable,
            "check-fine-unreachable",
        );
    }

    fn of_rows(&mut self, table: &Table, analysis: &Analysis) {
        if !analysis.has_default {
            for gap in &analysis.gaps {
                let mut check = Check::new("gap", "warn", Both::of(|w| w.t1("check-gap", "default", "no")));
                check.example = texts(&gap.example);
                check.cells = Some(gap.cells.clone());
                self.checks.push(check);
            }
        }
        for overlap in &analysis.overlaps {
            let same = if overlap.same_answer { "yes" } else { "no" };
            let mut check = Check::new("overlap", "warn", pair("check-overlap", overlap.rows, same));
            check.rows = vec![overlap.rows.0, overlap.rows.1];
            check.example = texts(&overlap.example);
            if !overlap.same_answer {
                check.answers = answers(table, overlap.rows);
            }
            self.checks.push(check);
        }
        for dead in &analysis.unreachable {
            let rows: Vec<String> = dead.covered_by.iter().map(ToString::to_string).collect();
            let title = Both::of(|w| {
                let key = if rows.is_empty() {
                    "check-dead-alone"
                } else {
                    "check-dead"
                };
                let rows = rows.join(if w.zh() { "、" } else { ", " });
                w.args(
                    key,
                    &[("row".to_owned(), dead.row.to_string()), ("rows".to_owned(), rows)],
                )
            });
            let mut check = Check::new("dead", "warn", title);
            check.rows = dead.covered_by.iter().copied().chain([dead.row]).collect();
            check.example = texts(&dead.example);
            self.checks.push(check);
        }
    }

    /// Where an answer falls while an input grows; what could not be looked at.
    fn of_rising(&mut self, ready: &Compiled, asked: &MayNotFall) -> Vec<Caveat> {
        let table = ready.table();
        let input = table.inputs.iter().position(|i| i.expression == asked.input);
        let output = table.outputs.iter().position(|o| o.name == asked.output);
        let (Some(input), Some(output)) = (input, output) else {
            return Vec::new();
        };
        let order = ready.ascending(output);
        let Some(told) = ready.rising(&Rising { input, output, order }) else {
            return Vec::new();
        };
        let name = |label: &str, name: &str| if label.is_empty() { name } else { label }.to_owned();
        let names = [
            ("input".to_owned(), name(&table.inputs[input].label, &asked.input)),
            ("output".to_owned(), name(&table.outputs[output].label, &asked.output)),
        ];
        for fall in &told.falls {
            let mut check = Check::new("fall", "warn", Both::of(|w| w.args("check-fall", &names)));
            check.rows = fall.lower_rows.iter().chain(&fall.higher_rows).copied().collect();
            check.example = texts(&fall.lower);
            check.higher = Some(texts(&fall.higher));
            check.answers = texts(&[fall.lower_answer.clone(), fall.higher_answer.clone()]);
            self.checks.push(check);
        }
        if told.falls.is_empty() && told.caveats.is_empty() {
            self.fine.push(Both::of(|w| w.args("check-fine-rising", &names)));
        }
        told.caveats
    }
}

fn pair(key: &str, rows: (u32, u32), same: &str) -> Both {
    Both::of(|w| {
        w.args(
            key,
            &[
                ("a".to_owned(), rows.0.to_string()),
                ("b".to_owned(), rows.1.to_string()),
                ("same".to_owned(), same.to_owned()),
            ],
        )
    })
}

/// What the second and the first row answer, in the first column where they differ.
fn answers(table: &Table, (a, b): (u32, u32)) -> Vec<String> {
    let row = |n: u32| &table.rows[n as usize - 1].outputs;
    let differ = row(b).iter().zip(row(a)).find(|(b, a)| b != a);
    differ.map(|(b, a)| vec![b.clone(), a.clone()]).unwrap_or_default()
}

fn caveat_words(w: W, caveat: &Caveat, inputs: usize) -> String {
    let what = |q: &Question| {
        w.t(match q {
            Question::Gaps => "check-question-gaps",
            Question::Overlaps => "check-question-overlaps",
            Question::Unreachable => "check-question-unreachable",
            Question::Rising => "check-question-rising",
        })
    };
    let letter = |column: &Column| {
        outlay_connect::tables::letter(match column {
            Column::Input(n) => *n as usize,
            Column::Output(n) => inputs + *n as usize,
        })
    };
    match caveat {
        Caveat::TooLarge(q) => w.t1("check-too-large", "what", what(q)),
        Caveat::More(q) => w.t1("check-more", "what", what(q)),
        Caveat::Expression { row, column } => w.args(
            "check-expression",
            &[
                ("row".to_owned(), row.to_string()),
                ("column".to_owned(), letter(column)),
            ],
        ),
        Caveat::Derived(column) => w.t1("check-derived", "column", letter(column)),
    }
}
