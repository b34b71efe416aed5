//! The space of all inputs of a table, cut at its constants into boxes that no cell can tell apart.

use super::axis::{Axis, Region, example, is_ordering};
use super::bits;
use super::compile::{Asking, Compiled};
use crate::feel::{Expr, Kind, Tests, Value};

/// One thing that is asked about, by one or several columns.
pub(super) struct Variable {
    /// The columns that ask about it.
    pub(super) columns: Vec<usize>,
    axis: Axis,
    /// The stretches of the axis that may come.
    regions: Vec<Region>,
    /// A value of each.
    pub(super) examples: Vec<Value>,
    /// The rows that each passes.
    pub(super) sets: Vec<Vec<u64>>,
    /// Whether a cell asks for more or less, rather than for equal.
    ordered: bool,
}

/// All of a table's inputs, each thing asked about once.
pub(super) fn variables(table: &Compiled) -> Vec<Variable> {
    let mut sources: Vec<(&Expr, Vec<usize>)> = Vec::new();
    for (i, input) in table.inputs.iter().enumerate() {
        match sources.iter_mut().find(|(source, _)| *source == &input.source) {
            Some((_, columns)) => columns.push(i),
            None => sources.push((&input.source, vec![i])),
        }
    }
    sources
        .into_iter()
        .map(|(_, columns)| variable(table, columns))
        .collect()
}

fn variable(table: &Compiled, columns: Vec<usize>) -> Variable {
    let asked: Vec<&Asking> = columns.iter().map(|c| &table.inputs[*c]).collect();
    let constant = |t: &&Tests| t.is_constant();
    let cells = || {
        asked
            .iter()
            .flat_map(|a| a.cells.iter().chain(&a.allowed))
            .filter(constant)
    };
    let kind = asked
        .iter()
        .map(|a| a.kind)
        .find(|k| *k != Kind::Any)
        .unwrap_or(Kind::Any);
    let none = Axis {
        kind: None,
        points: Vec::new(),
    };
    let axis = Axis::of(kind, cells()).unwrap_or(none);
    // Null is looked at only where the table speaks of it.
    let speaks_of_null =
        cells().any(|t| *t != Tests::Any && matches!(t, Tests::One(_)) && axis.passes(Region::Null, t));
    let allowed: Vec<Vec<bool>> = asked.iter().map(|a| axis.allowed_by(a.allowed.as_ref())).collect();
    let may_come = |(index, region): &(usize, Region)| match region {
        Region::Other => false,
        Region::Null => speaks_of_null,
        region => allowed.iter().all(|a| a[*index]) && example(&axis, *region).is_some(),
    };
    let (indices, regions): (Vec<usize>, Vec<Region>) = axis.regions().enumerate().filter(may_come).unzip();
    let words = bits::words(table.rows());
    let own: Vec<Vec<u64>> = asked.iter().map(|a| axis.sets(&a.cells, &a.live)).collect();
    let set = |index: &usize| {
        let mut set = bits::full(table.rows());
        own.iter()
            .for_each(|own| bits::keep(&mut set, &own[index * words..(index + 1) * words]));
        set
    };
    Variable {
        sets: indices.iter().map(set).collect(),
        examples: regions.iter().map(|r| example(&axis, *r).unwrap_or_default()).collect(),
        ordered: cells().flat_map(Tests::list).any(is_ordering),
        columns,
        regions,
        axis,
    }
}

impl Variable {
    /// How many stretches there are.
    pub(super) fn count(&self) -> usize {
        self.regions.len()
    }

    /// Some stretches, as the text of a cell that passes them and no others.
    pub(super) fn cell(&self, chosen: &[usize]) -> String {
        if chosen.len() == self.count() {
            return "-".to_owned();
        }
        let places: Vec<usize> = self
            .regions
            .iter()
            .filter_map(|r| if let Region::Place(p) = r { Some(*p) } else { None })
            .collect();
        let mine: Vec<usize> = chosen
            .iter()
            .filter_map(|c| {
                if let Region::Place(p) = self.regions[*c] {
                    Some(p)
                } else {
                    None
                }
            })
            .collect();
        let mut parts: Vec<String> = Vec::new();
        for c in chosen {
            match self.regions[*c] {
                Region::Null => parts.push("null".into()),
                Region::Bool(b) => parts.push(b.to_string()),
                _ => {}
            }
        }
        let is_point = |p: &usize| p % 2 == 1;
        if !self.ordered && mine.iter().any(|p| !is_point(p)) {
            // All that no cell names, said by what they name.
            let named = places.iter().filter(|p| is_point(p) && !mine.contains(p));
            let named: Vec<String> = named.map(|p| self.axis.points[p / 2].to_string()).collect();
            return if named.is_empty() {
                "-".to_owned()
            } else {
                format!("not({})", named.join(", "))
            };
        }
        let mut at = 0;
        while at < mine.len() {
            let mut end = at;
            while end + 1 < mine.len() && self.follows(mine[end], mine[end + 1]) {
                end += 1;
            }
            parts.push(self.range(mine[at], mine[end]));
            at = end + 1;
        }
        parts.join(", ")
    }

    /// Whether nothing lies between two places that may come.
    fn follows(&self, a: usize, b: usize) -> bool {
        !(a + 1..b).any(|p| self.regions.contains(&Region::Place(p)))
            && (a + 1..b).all(|p| example(&self.axis, Region::Place(p)).is_none())
    }

    fn range(&self, from: usize, to: usize) -> String {
        let point = |i: usize| self.axis.points[i].to_string();
        if from == to && from % 2 == 1 {
            return point(from / 2);
        }
        let low = if from % 2 == 1 {
            Some((from / 2, true))
        } else {
            (from / 2).checked_sub(1).map(|i| (i, false))
        };
        let high = if to % 2 == 1 {
            Some((to / 2, true))
        } else {
            Some((to / 2, false))
        };
        let high = high.filter(|(i, _)| *i < self.axis.points.len());
        match (low, high) {
            (None, None) => "-".to_owned(),
            (Some((i, closed)), None) => format!("{}{}", if closed { ">=" } else { ">" }, point(i)),
            (None, Some((i, closed))) => format!("{}{}", if closed { "<=" } else { "<" }, point(i)),
            (Some((a, from)), Some((b, to))) => {
                let (open, close) = (if from { '[' } else { '(' }, if to { ']' } else { ')' });
                format!("{open}{}..{}{close}", point(a), point(b))
            }
        }
    }
}

/// One stretch of each variable, as a value for each column.
pub(super) fn at(variables: &[Variable], chosen: &[usize]) -> Vec<Value> {
    let columns = variables.iter().map(|v| v.columns.len()).sum();
    let mut values = vec![Value::Null; columns];
    for (variable, region) in variables.iter().zip(chosen) {
        for column in &variable.columns {
            values[*column] = variable.examples[*region].clone();
        }
    }
    values
}

/// Stretches of a variable that leave the same of a set of rows, with what they leave.
pub(super) fn groups(variable: &Variable, set: &[u64]) -> Vec<(Vec<u64>, Vec<usize>)> {
    let mut groups: Vec<(Vec<u64>, Vec<usize>)> = Vec::new();
    let mut found = std::collections::HashMap::new();
    for (region, own) in variable.sets.iter().enumerate() {
        let mut left = set.to_vec();
        bits::keep(&mut left, own);
        let at = *found.entry(left.clone()).or_insert_with(|| {
            groups.push((left, Vec::new()));
            groups.len() - 1
        });
        groups[at].1.push(region);
    }
    groups
}
