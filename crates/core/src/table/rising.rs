//! "More money never needs fewer approvers": whether an answer only rises with an input, and where it does not.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};

use serde::Serialize;

use super::analyse::{Caveat, Question};
use super::bits;
use super::compile::Compiled;
use super::model::HitPolicy;
use super::problem::Column;
use super::space::{Variable, at, variables};
use crate::feel::{Expr, Number, Value, extreme};

/// Most falls that are listed.
const MAX_LISTED: usize = 20;
/// Most steps, in stretches looked at.
const MAX_STEPS: u64 = 1_000_000;

/// What is to rise, with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rising {
    /// The input that grows, from 0.
    pub input: usize,
    /// The output that may not fall, from 0.
    pub output: usize,
    /// Its values from the least to the greatest; empty for numbers, dates and durations, which have an order of their own.
    pub order: Vec<Value>,
}

/// Whether an answer only rises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Monotony {
    /// Where it falls.
    pub falls: Vec<Fall>,
    /// Where that is not the whole truth.
    pub caveats: Vec<Caveat>,
}

/// Two inputs that differ in one value alone: it is greater in the second, and the answer is less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fall {
    /// The input with the lower value.
    pub lower: Vec<Value>,
    /// Its answer.
    pub lower_answer: Value,
    /// The rows that gave it, from 1.
    pub lower_rows: Vec<u32>,
    /// The input with the greater value.
    pub higher: Vec<Value>,
    /// Its answer.
    pub higher_answer: Value,
    /// The rows that gave it.
    pub higher_rows: Vec<u32>,
}

impl Compiled {
    /// Looks for inputs where an answer falls while an input grows. Where no row matches, or where rows disagree, nothing is said:
    /// these are gaps and overlaps. `None` if there is no such input or output, or the hit policy gives lists.
    pub fn rising(&self, asked: &Rising) -> Option<Monotony> {
        if asked.input >= self.inputs.len() || asked.output >= self.outputs.len() {
            return None;
        }
        if matches!(
            self.table.hit,
            HitPolicy::RuleOrder | HitPolicy::OutputOrder | HitPolicy::Collect
        ) {
            return None;
        }
        let mut variables = variables(self);
        let growing = variables.iter().position(|v| v.columns.contains(&asked.input))?;
        // The one that grows comes last: everything else is fixed before it is looked at.
        let last = variables.remove(growing);
        variables.push(last);
        let mut search = Search {
            table: self,
            asked,
            variables: &variables,
            steps: 0,
            seen: HashSet::new(),
            pairs: BTreeSet::new(),
            falls: Vec::new(),
        };
        let mut caveats = self.caveats();
        let cells = self.outputs[asked.output].cells.iter().enumerate();
        caveats.extend(
            cells
                .filter(|(_, e)| !matches!(e, Expr::Const(_)))
                .map(|(row, _)| Caveat::Expression {
                    row: row as u32 + 1,
                    column: Column::output(asked.output),
                }),
        );
        if search.fix(&bits::full(self.rows()), &mut Vec::new()).is_none() {
            let more = search.falls.len() >= MAX_LISTED;
            caveats.push(if more {
                Caveat::More(Question::Rising)
            } else {
                Caveat::TooLarge(Question::Rising)
            });
        }
        Some(Monotony {
            falls: search.falls,
            caveats,
        })
    }

    /// What a set of rows answers, as far as constants tell, and which of them give it.
    fn told(&self, output: usize, set: &[u64]) -> Option<(Value, Vec<u32>)> {
        let rows: Vec<usize> = bits::each(set).collect();
        let first = *rows.first()?;
        let cell = |row: usize| match &self.outputs[output].cells[row] {
            Expr::Const(value) => Some(value.clone()),
            _ => None,
        };
        let one = |row: usize| Some((cell(row)?, vec![row as u32 + 1]));
        let all = || rows.iter().map(|row| cell(*row)).collect::<Option<Vec<Value>>>();
        let numbers = || rows.iter().map(|row| *row as u32 + 1).collect::<Vec<u32>>();
        match self.table.hit {
            HitPolicy::Unique if rows.len() > 1 => None,
            HitPolicy::Any
                if !all()?
                    .iter()
                    .all(|v| v.equals(&cell(first).unwrap_or_default()) == Some(true)) =>
            {
                None
            }
            HitPolicy::Any => Some((cell(first)?, numbers())),
            HitPolicy::Unique | HitPolicy::First => one(first),
            HitPolicy::Priority => one(*rows.iter().min_by_key(|row| (&self.ranks[**row], **row))?),
            HitPolicy::Sum => {
                let add = |sum: Number, v: &Value| if let Value::Number(n) = v { sum.plus(*n) } else { None };
                let sum = all()?.iter().try_fold(Number::ZERO, add)?;
                Some((Value::Number(sum), numbers()))
            }
            HitPolicy::Min => Some((extreme(&all()?, Ordering::Less)?, numbers())),
            HitPolicy::Max => Some((extreme(&all()?, Ordering::Greater)?, numbers())),
            HitPolicy::Count => Some((Value::Number(Number::from(rows.len() as i64)), numbers())),
            HitPolicy::RuleOrder | HitPolicy::OutputOrder | HitPolicy::Collect => None,
        }
    }
}

struct Search<'a> {
    table: &'a Compiled,
    asked: &'a Rising,
    variables: &'a [Variable],
    steps: u64,
    seen: HashSet<(usize, Vec<u64>)>,
    pairs: BTreeSet<(Vec<u32>, Vec<u32>)>,
    falls: Vec<Fall>,
}

impl Search<'_> {
    /// Fixes one variable after the other, then lets the last one grow. `None` if the search was given up.
    fn fix(&mut self, set: &[u64], path: &mut Vec<usize>) -> Option<()> {
        let depth = path.len();
        if set.iter().all(|word| *word == 0) || !self.seen.insert((depth, set.to_vec())) {
            return Some(());
        }
        if depth + 1 == self.variables.len() {
            return self.grow(set, path);
        }
        let variable = &self.variables[depth];
        for region in 0..variable.count() {
            self.steps += set.len() as u64;
            if self.steps > MAX_STEPS {
                return None;
            }
            let mut left = set.to_vec();
            bits::keep(&mut left, &variable.sets[region]);
            path.push(region);
            let below = self.fix(&left, path);
            path.pop();
            below?;
        }
        Some(())
    }

    fn grow(&mut self, set: &[u64], path: &[usize]) -> Option<()> {
        let Some(variable) = self.variables.last() else {
            return Some(());
        };
        let mut highest: Option<(Value, Vec<u32>, usize)> = None;
        for region in (0..variable.count()).filter(|r| variable.examples[*r] != Value::Null) {
            self.steps += set.len() as u64;
            if self.steps > MAX_STEPS {
                return None;
            }
            let mut left = set.to_vec();
            bits::keep(&mut left, &variable.sets[region]);
            let Some((value, rows)) = self.table.told(self.asked.output, &left) else {
                continue;
            };
            let order = highest.as_ref().and_then(|(top, ..)| self.compare(&value, top));
            match (&highest, order) {
                (Some((top, top_rows, lower)), Some(Ordering::Less)) => {
                    // One fall is told once, though many inputs show it.
                    if !self.pairs.insert((top_rows.clone(), rows.clone())) {
                        continue;
                    }
                    let inputs = |last: usize| at(self.variables, &[path, &[last]].concat());
                    self.falls.push(Fall {
                        lower: inputs(*lower),
                        lower_answer: top.clone(),
                        lower_rows: top_rows.clone(),
                        higher: inputs(region),
                        higher_answer: value,
                        higher_rows: rows,
                    });
                    if self.falls.len() >= MAX_LISTED {
                        return None;
                    }
                }
                (None, _) | (_, Some(Ordering::Greater)) if self.compare(&value, &value).is_some() => {
                    highest = Some((value, rows, region));
                }
                _ => {}
            }
        }
        Some(())
    }

    /// Which answer is less; `None` if the order does not know them.
    fn compare(&self, a: &Value, b: &Value) -> Option<Ordering> {
        if self.asked.order.is_empty() {
            return a.compare(b);
        }
        let place = |v: &Value| self.asked.order.iter().position(|o| o.equals(v) == Some(true));
        Some(place(a)?.cmp(&place(b)?))
    }
}
