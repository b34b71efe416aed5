//! Asking a table.

use std::cmp::Ordering;

use super::bits;
use super::compile::{Asking, Compiled, counts_one, rank, set_of};
use super::model::HitPolicy;
use super::problem::{Column, Place};
use super::trace::{Cells, Diagnostic, DiagnosticKind, Outcome, Reason, Trace};
use super::types::permits;
use crate::feel::{Expr, Fault, Kind, NoFunctions, Number, Probe, Scope, Value, eval, extreme, matches};

impl Compiled {
    /// Asks the table with a value for each input, in the order of its columns. Cells see no other names than the inputs that are
    /// plain names.
    pub fn decide(&self, values: Vec<Value>) -> Outcome {
        // Names are needed only by cells that are carried out, which few tables have.
        let mut names = Vec::new();
        if self.inputs.iter().any(|i| !i.live.is_empty()) || self.has_expressions() {
            for (input, value) in self.inputs.iter().zip(&values) {
                if let Expr::Name(name) = &input.source {
                    names.push((name.clone(), value.clone()));
                }
            }
        }
        let scope = Scope {
            names: &names,
            input: None,
            functions: &NoFunctions,
        };
        self.ask(values, &scope, Vec::new())
    }

    fn has_expressions(&self) -> bool {
        let is_live = |e: &Expr| !matches!(e, Expr::Const(_));
        self.outputs
            .iter()
            .any(|o| o.cells.iter().any(is_live) || o.default.as_ref().is_some_and(is_live))
    }

    /// Asks the table within a scope, in which its headings are carried out.
    pub(super) fn decide_in(&self, scope: &Scope<'_>) -> Outcome {
        let mut diagnostics = Vec::new();
        let mut values = Vec::with_capacity(self.inputs.len());
        for (i, input) in self.inputs.iter().enumerate() {
            let mut faults = Vec::new();
            values.push(eval(&input.source, scope, &mut faults));
            self.tell(&mut diagnostics, None, Column::input(i), faults);
        }
        self.ask(values, scope, diagnostics)
    }

    fn tell(&self, to: &mut Vec<Diagnostic>, row: Option<usize>, column: Column, faults: Vec<Fault>) {
        to.extend(faults.into_iter().map(|fault| Diagnostic {
            place: Place::cell(&self.id, row, column),
            kind: DiagnosticKind::Fault(fault),
        }));
    }

    fn ask(&self, mut values: Vec<Value>, scope: &Scope<'_>, mut diagnostics: Vec<Diagnostic>) -> Outcome {
        values.resize(self.inputs.len(), Value::Null);
        let rows = self.rows();
        let words = bits::words(rows);
        let mut sets = vec![0; words * self.inputs.len()];
        let mut all = bits::full(rows);
        for (i, input) in self.inputs.iter().enumerate() {
            let set = &mut sets[i * words..(i + 1) * words];
            self.column(i, input, &values[i], scope, set, &mut diagnostics);
            bits::keep(&mut all, set);
        }
        let matched: Vec<u32> = bits::each(&all).map(|row| row as u32 + 1).collect();
        let mut trace = Trace {
            table: self.id.clone(),
            version: self.version,
            inputs: values,
            cells: Cells {
                rows: rows as u32,
                sets,
            },
            matched,
            chosen: Vec::new(),
            reason: Reason::NoRow,
            diagnostics,
        };
        let value = self.answer(&mut trace, scope);
        Outcome { value, trace }
    }

    /// The rows whose cell in a column a value passes.
    fn column(
        &self,
        i: usize,
        input: &Asking,
        value: &Value,
        scope: &Scope<'_>,
        set: &mut [u64],
        to: &mut Vec<Diagnostic>,
    ) {
        let place = || Place::cell(&self.id, None, Column::input(i));
        if let Some(found) = value.kind().filter(|k| input.kind != Kind::Any && *k != input.kind) {
            to.push(Diagnostic {
                place: place(),
                kind: DiagnosticKind::WrongKind {
                    wanted: input.kind,
                    found: Some(found),
                },
            });
        } else if let Some(allowed) = input.allowed.as_ref().filter(|_| *value != Value::Null)
            && !permits(allowed, value)
        {
            to.push(Diagnostic {
                place: place(),
                kind: DiagnosticKind::NotAllowed(value.clone()),
            });
        }
        set.copy_from_slice(set_of(input, input.axis.find(value), self.rows()));
        for row in input.live.iter().map(|r| *r as usize) {
            let mut faults = Vec::new();
            let scope = Scope {
                input: Some(value),
                ..*scope
            };
            if matches(&input.cells[row], Probe::Value(value), &scope, &mut faults) {
                bits::set(set, row);
            }
            self.tell(to, Some(row), Column::input(i), faults);
        }
    }

    /// The answer of the rows that matched, as the hit policy has it.
    fn answer(&self, trace: &mut Trace, scope: &Scope<'_>) -> Value {
        let hit = self.table.hit;
        let Some(first) = trace.matched.first().copied() else {
            return self.default(trace, scope);
        };
        if counts_one(hit) {
            let (row, reason) = match hit {
                HitPolicy::First => (first, Reason::FirstRow),
                HitPolicy::Unique if trace.matched.len() == 1 => (first, Reason::OnlyRow),
                HitPolicy::Unique => {
                    let rows = trace.matched.clone();
                    return self.refuse(trace, Reason::SeveralRows, DiagnosticKind::SeveralRows(rows));
                }
                HitPolicy::Any => return self.same(trace, scope),
                _ => {
                    let order = self.in_order(trace, scope);
                    (order.first().copied().unwrap_or(first), Reason::FirstInOrder)
                }
            };
            trace.chosen = vec![row];
            trace.reason = reason;
            return self.row(row as usize - 1, scope, &mut trace.diagnostics);
        }
        trace.chosen = if hit == HitPolicy::OutputOrder {
            self.in_order(trace, scope)
        } else {
            trace.matched.clone()
        };
        let chosen = trace.chosen.clone();
        let answers: Vec<Value> = chosen
            .iter()
            .map(|row| self.row(*row as usize - 1, scope, &mut trace.diagnostics))
            .collect();
        let (reason, value) = match hit {
            HitPolicy::RuleOrder => (Reason::RowOrder, Some(Value::List(answers))),
            HitPolicy::OutputOrder => (Reason::ValueOrder, Some(Value::List(answers))),
            HitPolicy::Sum => (Reason::Sum, sum(&answers)),
            HitPolicy::Min => (Reason::Least, extreme(&answers, Ordering::Less)),
            HitPolicy::Max => (Reason::Greatest, extreme(&answers, Ordering::Greater)),
            HitPolicy::Count => (Reason::Count, Some(Value::Number(Number::from(answers.len() as i64)))),
            _ => (Reason::Collected, Some(Value::List(answers))),
        };
        trace.reason = reason;
        value.unwrap_or_else(|| self.refuse(trace, reason, DiagnosticKind::NotReckoned))
    }

    fn refuse(&self, trace: &mut Trace, reason: Reason, kind: DiagnosticKind) -> Value {
        trace.reason = reason;
        trace.diagnostics.push(Diagnostic {
            place: Place::of(&self.id),
            kind,
        });
        Value::Null
    }

    /// A: all rows that matched must say the same.
    fn same(&self, trace: &mut Trace, scope: &Scope<'_>) -> Value {
        let rows = trace.matched.clone();
        let mut answers = rows
            .iter()
            .map(|row| self.row(*row as usize - 1, scope, &mut trace.diagnostics));
        let first = answers.next().unwrap_or_default();
        let others: Vec<Value> = answers.collect();
        if others.iter().any(|other| first.equals(other) != Some(true)) {
            return self.refuse(trace, Reason::DifferentAnswers, DiagnosticKind::DifferentAnswers(rows));
        }
        trace.chosen = rows;
        trace.reason = Reason::SameAnswer;
        first
    }

    /// The rows that matched, in the order of the outputs' values; rows of one rank from the top.
    fn in_order(&self, trace: &Trace, scope: &Scope<'_>) -> Vec<u32> {
        let ranked = |row: &u32| {
            let at = *row as usize - 1;
            let rank = self.ranks[at].clone().unwrap_or_else(|| {
                let value = |o: &super::compile::Answering| eval(&o.cells[at], scope, &mut Vec::new());
                let values: Vec<Value> = self.outputs.iter().map(value).collect();
                rank(&self.outputs, &values)
            });
            (rank, *row)
        };
        let mut rows: Vec<(Vec<u32>, u32)> = trace.matched.iter().map(ranked).collect();
        rows.sort();
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// What a row answers.
    fn row(&self, row: usize, scope: &Scope<'_>, to: &mut Vec<Diagnostic>) -> Value {
        let cells = self.outputs.iter().map(|o| &o.cells[row]);
        self.cells(cells, Some(row), scope, to)
    }

    fn default(&self, trace: &mut Trace, scope: &Scope<'_>) -> Value {
        if self.outputs.iter().all(|o| o.default.is_none()) {
            return Value::Null;
        }
        trace.reason = Reason::Default;
        let null = Expr::Const(Value::Null);
        let cells = self.outputs.iter().map(|o| o.default.as_ref().unwrap_or(&null));
        self.cells(cells, None, scope, &mut trace.diagnostics)
    }

    fn cells<'a>(
        &self,
        cells: impl Iterator<Item = &'a Expr>,
        row: Option<usize>,
        scope: &Scope<'_>,
        to: &mut Vec<Diagnostic>,
    ) -> Value {
        let mut values = Vec::with_capacity(self.outputs.len());
        for (i, cell) in cells.enumerate() {
            let output = &self.outputs[i];
            let value = match cell {
                // Looked at when it was read.
                Expr::Const(value) => value.clone(),
                cell => {
                    let mut faults = Vec::new();
                    let value = eval(cell, scope, &mut faults);
                    self.tell(to, row, Column::output(i), faults);
                    self.fitting(i, row, value, to)
                }
            };
            if self.outputs.len() == 1 {
                return value;
            }
            values.push((output.name.clone(), value));
        }
        Value::Context(values)
    }

    /// A reckoned answer as its column has it; null if it is of another type or not among its values.
    fn fitting(&self, i: usize, row: Option<usize>, value: Value, to: &mut Vec<Diagnostic>) -> Value {
        let output = &self.outputs[i];
        let place = || Place::cell(&self.id, row, Column::output(i));
        let found = value.kind();
        if found.is_some() && output.allowed.as_ref().is_some_and(|a| !permits(a, &value)) {
            to.push(Diagnostic {
                place: place(),
                kind: DiagnosticKind::NotAllowed(value),
            });
            return Value::Null;
        }
        output.of.take(value).unwrap_or_else(|| {
            to.push(Diagnostic {
                place: place(),
                kind: DiagnosticKind::WrongKind {
                    wanted: output.of.kind,
                    found,
                },
            });
            Value::Null
        })
    }
}

/// The sum of numbers, of which alone FEEL has one.
fn sum(answers: &[Value]) -> Option<Value> {
    let mut all = answers.iter().map(|v| match v {
        Value::Number(n) => Some(*n),
        _ => None,
    });
    let first = all.next()??;
    all.try_fold(first, |sum, next| sum.plus(next?)).map(Value::Number)
}
