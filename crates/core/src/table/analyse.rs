//! What a table forgets, says twice, or can never say: found exactly, each with an example.

use std::collections::{BTreeSet, HashSet};

use serde::Serialize;

use super::bits;
use super::compile::Compiled;
use super::model::HitPolicy;
use super::problem::Column;
use super::space::{Variable, at, groups, variables};
use crate::feel::{Expr, Value};

/// Most gaps and most overlaps that are listed.
const MAX_LISTED: usize = 100;
/// Most steps of one question, in stretches looked at: some tenths of a second, and some tens of megabytes.
const MAX_STEPS: u64 = 1_000_000;

/// Most steps of what is only a hint.
const MAX_HINT_STEPS: u64 = 20_000;

/// What was found in a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Analysis {
    /// Inputs that no row matches.
    pub gaps: Vec<Gap>,
    /// Whether the table's default answers in the gaps.
    pub has_default: bool,
    /// Pairs of rows that match the same input although the hit policy does not want it.
    pub overlaps: Vec<Overlap>,
    /// How many pairs match the same input, and the hit policy says what then.
    pub settled: u64,
    /// Rows that never answer.
    pub unreachable: Vec<Unreachable>,
    /// Where the findings are not the whole truth; empty if they are exact.
    pub caveats: Vec<Caveat>,
}

/// Inputs that no row matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// A cell for each input: a row of these cells would fill the gap.
    pub cells: Vec<String>,
    /// One such input.
    pub example: Vec<Value>,
}

/// Two rows that match the same input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// Their numbers, from 1.
    pub rows: (u32, u32),
    /// Whether they answer the same.
    pub same_answer: bool,
    /// One such input.
    pub example: Vec<Value>,
}

/// A row that never answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreachable {
    /// Its number, from 1.
    pub row: u32,
    /// Rows that answer wherever it matches; empty if its own cells contradict each other.
    pub covered_by: Vec<u32>,
    /// An input that it matches; empty if there is none.
    pub example: Vec<Value>,
}

/// Why findings are not the whole truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Caveat {
    /// The table is too large to say this of it exactly.
    TooLarge(Question),
    /// More was found than is listed.
    More(Question),
    /// A cell depends on more than its input: it was taken to match nothing.
    Expression {
        /// Its row, from 1.
        row: u32,
        /// Its column.
        column: Column,
    },
    /// A column is headed by an expression, which was taken to be free of the other columns.
    Derived(Column),
}

/// What is asked of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Which inputs no row matches.
    Gaps,
    /// Which rows match the same.
    Overlaps,
    /// Which rows never answer.
    Unreachable,
    /// Whether an answer only rises.
    Rising,
}

impl Analysis {
    /// Whether every row contradicts itself, so that a table of `rows` rows can answer nothing but its default.
    pub fn matches_nothing(&self, rows: usize) -> bool {
        let never = self.unreachable.iter().filter(|u| u.covered_by.is_empty());
        rows > 0 && never.count() == rows
    }
}

impl Compiled {
    /// Looks for gaps, overlaps and rows that never answer. All values of the inputs' types are looked at, or those that the inputs allow.
    pub fn analyse(&self) -> Analysis {
        let variables = variables(self);
        let mut caveats = self.caveats();
        let gaps = self.gaps(&variables, &mut caveats);
        let (overlaps, settled) = self.overlaps(&variables, &mut caveats);
        let unreachable = self.unreachable(&variables, &mut caveats);
        Analysis {
            gaps,
            has_default: self.outputs.iter().any(|o| o.default.is_some()),
            overlaps,
            settled,
            unreachable,
            caveats,
        }
    }

    pub(super) fn caveats(&self) -> Vec<Caveat> {
        let mut caveats = Vec::new();
        for (i, input) in self.inputs.iter().enumerate() {
            let column = Column::input(i);
            if self.inputs.len() > 1 && !is_path(&input.source) {
                caveats.push(Caveat::Derived(column));
            }
            caveats.extend(input.live.iter().map(|row| Caveat::Expression { row: row + 1, column }));
        }
        caveats
    }

    fn gaps(&self, variables: &[Variable], caveats: &mut Vec<Caveat>) -> Vec<Gap> {
        let everywhere: Vec<Vec<usize>> = variables.iter().map(|v| (0..v.count()).collect()).collect();
        let mut search = Search {
            variables,
            unasked: unasked(variables, &everywhere, self.rows()),
            steps: 0,
            done: HashSet::new(),
            boxes: Vec::new(),
        };
        let mut path = Vec::new();
        let whole = search.gaps(&bits::full(self.rows()), &mut path);
        if whole.is_none() {
            let question = Question::Gaps;
            caveats.push(if search.boxes.len() > MAX_LISTED {
                Caveat::More(question)
            } else {
                Caveat::TooLarge(question)
            });
        }
        search.boxes.truncate(MAX_LISTED);
        merge(&mut search.boxes);
        let gap = |chosen: &Vec<Vec<usize>>| {
            let mut cells = vec![String::new(); self.inputs.len()];
            for (variable, regions) in variables.iter().zip(chosen) {
                for (nth, column) in variable.columns.iter().enumerate() {
                    cells[*column] = if nth == 0 {
                        variable.cell(regions)
                    } else {
                        "-".to_owned()
                    };
                }
            }
            let first: Vec<usize> = chosen.iter().map(|regions| regions[0]).collect();
            Gap {
                cells,
                example: at(variables, &first),
            }
        };
        search.boxes.iter().map(gap).collect()
    }

    fn overlaps(&self, variables: &[Variable], caveats: &mut Vec<Caveat>) -> (Vec<Overlap>, u64) {
        let rows = self.rows();
        let stretches: Vec<Vec<Vec<u64>>> = variables.iter().map(|v| by_row(v, rows)).collect();
        let (mut found, mut settled, mut steps) = (Vec::new(), 0, 0);
        for a in 0..rows {
            for b in a + 1..rows {
                steps += 1;
                if steps > MAX_STEPS {
                    caveats.push(Caveat::TooLarge(Question::Overlaps));
                    return (found, settled);
                }
                let common = |of: &Vec<Vec<u64>>| {
                    let both = of[a].iter().zip(&of[b]).map(|(x, y)| x & y);
                    let words: Vec<u64> = both.collect();
                    bits::each(&words).next()
                };
                let Some(chosen) = stretches.iter().map(common).collect::<Option<Vec<usize>>>() else {
                    continue;
                };
                let same_answer = self.same_answer(a, b);
                let unwanted = match self.table.hit {
                    HitPolicy::Unique => true,
                    HitPolicy::Any => !same_answer,
                    _ => false,
                };
                if !unwanted {
                    settled += 1;
                } else if found.len() == MAX_LISTED {
                    caveats.push(Caveat::More(Question::Overlaps));
                    return (found, settled);
                } else {
                    found.push(Overlap {
                        rows: (a as u32 + 1, b as u32 + 1),
                        same_answer,
                        example: at(variables, &chosen),
                    });
                }
            }
        }
        (found, settled)
    }

    /// What rows (from 1) of a table of hit policy F take from the rows below them: for each the next row that would have answered
    /// something else, with an example. A hint: it is not looked for long.
    pub fn hides(&self, rows: &[u32]) -> Vec<Overlap> {
        if self.table.hit != HitPolicy::First {
            return Vec::new();
        }
        let variables = variables(self);
        let taken = |row: u32| {
            let a = (row as usize).checked_sub(1).filter(|a| *a < self.rows())?;
            let mut search = Taken {
                table: self,
                variables: &variables,
                row: a,
                steps: 0,
                path: Vec::new(),
            };
            let b = search.from(&bits::full(self.rows()))?;
            Some(Overlap {
                rows: (row, b as u32 + 1),
                same_answer: false,
                example: at(&variables, &search.path),
            })
        };
        rows.iter().filter_map(|row| taken(*row)).collect()
    }

    /// Whether two rows answer the same, as far as constants tell.
    fn same_answer(&self, a: usize, b: usize) -> bool {
        self.outputs.iter().all(|o| match (&o.cells[a], &o.cells[b]) {
            (Expr::Const(a), Expr::Const(b)) => a.equals(b) == Some(true),
            _ => false,
        })
    }

    fn unreachable(&self, variables: &[Variable], caveats: &mut Vec<Caveat>) -> Vec<Unreachable> {
        let mut found = Vec::new();
        let mut steps = 0;
        for row in 0..self.rows() {
            // What a cell asks of other inputs is not known here.
            if self.inputs.iter().any(|i| i.live.contains(&(row as u32))) {
                continue;
            }
            let own: Vec<Vec<usize>> = variables
                .iter()
                .map(|v| (0..v.count()).filter(|r| bits::has(&v.sets[*r], row)).collect())
                .collect();
            let mut unreachable = Unreachable {
                row: row as u32 + 1,
                covered_by: Vec::new(),
                example: Vec::new(),
            };
            if own.iter().any(Vec::is_empty) {
                found.push(unreachable);
                continue;
            }
            let Some(stronger) = self.stronger(row) else { continue };
            let mut cover = Cover {
                variables,
                unasked: unasked(variables, &own, self.rows()),
                own: &own,
                steps: &mut steps,
                done: HashSet::new(),
                by: BTreeSet::new(),
            };
            match cover.covers(0, &stronger) {
                Some(true) => {
                    unreachable.covered_by = cover.by.into_iter().collect();
                    let first: Vec<usize> = own.iter().map(|regions| regions[0]).collect();
                    unreachable.example = at(variables, &first);
                    found.push(unreachable);
                }
                Some(false) => {}
                None => {
                    caveats.push(Caveat::TooLarge(Question::Unreachable));
                    return found;
                }
            }
        }
        found
    }

    /// The rows whose answer counts before a row's. `None` where all answers count.
    fn stronger(&self, row: usize) -> Option<Vec<u64>> {
        let mut set = vec![0; bits::words(self.rows())];
        let beats = |other: usize| match self.table.hit {
            HitPolicy::First => other < row,
            HitPolicy::Unique => other != row,
            HitPolicy::Priority => match (&self.ranks[other], &self.ranks[row]) {
                (Some(a), Some(b)) => (a, other) < (b, row),
                _ => false,
            },
            _ => false,
        };
        if !matches!(
            self.table.hit,
            HitPolicy::First | HitPolicy::Unique | HitPolicy::Priority
        ) {
            return None;
        }
        (0..self.rows())
            .filter(|o| beats(*o))
            .for_each(|o| bits::set(&mut set, o));
        Some(set)
    }
}

/// The search for an input that a row answers first, and another row would answer otherwise without it.
struct Taken<'a> {
    table: &'a Compiled,
    variables: &'a [Variable],
    row: usize,
    steps: u64,
    path: Vec<usize>,
}

impl Taken<'_> {
    /// The other row, with its input left in `path`.
    fn from(&mut self, matching: &[u64]) -> Option<usize> {
        let Some(variable) = self.variables.get(self.path.len()) else {
            let mut first = bits::each(matching);
            let next = first.next().filter(|a| *a == self.row).and(first.next());
            return next.filter(|b| !self.table.same_answer(self.row, *b));
        };
        for region in 0..variable.count() {
            self.steps += 1;
            if self.steps > MAX_HINT_STEPS {
                return None;
            }
            if !bits::has(&variable.sets[region], self.row) {
                continue;
            }
            let mut set = matching.to_vec();
            bits::keep(&mut set, &variable.sets[region]);
            self.path.push(region);
            if let Some(found) = self.from(&set) {
                return Some(found);
            }
            self.path.pop();
        }
        None
    }
}

/// Whether an expression only names something, or a member of it.
fn is_path(source: &Expr) -> bool {
    match source {
        Expr::Name(_) => true,
        Expr::Member(of, _) => is_path(of),
        _ => false,
    }
}

/// For each row the stretches of a variable that it passes.
fn by_row(variable: &Variable, rows: usize) -> Vec<Vec<u64>> {
    let mut all = vec![vec![0; bits::words(variable.count())]; rows];
    for (region, set) in variable.sets.iter().enumerate() {
        bits::each(set).for_each(|row| bits::set(&mut all[row], region));
    }
    all
}

/// For each variable, and past the last, the rows that pass all of some stretches of it and of those after it: whoever holds one of them
/// need look no further.
fn unasked(variables: &[Variable], stretches: &[Vec<usize>], rows: usize) -> Vec<Vec<u64>> {
    let mut sets = vec![bits::full(rows)];
    for (variable, regions) in variables.iter().zip(stretches).rev() {
        let mut set = sets[sets.len() - 1].clone();
        regions.iter().for_each(|r| bits::keep(&mut set, &variable.sets[*r]));
        sets.push(set);
    }
    sets.reverse();
    sets
}

/// The first row that is in both sets.
fn common(a: &[u64], b: &[u64]) -> Option<usize> {
    let word = a.iter().zip(b).position(|(x, y)| x & y != 0)?;
    Some(word * 64 + (a[word] & b[word]).trailing_zeros() as usize)
}

/// A search for boxes that no row matches.
struct Search<'a> {
    variables: &'a [Variable],
    unasked: Vec<Vec<u64>>,
    steps: u64,
    /// Variables and rows of which it is known that no box below is free.
    done: HashSet<(usize, Vec<u64>)>,
    boxes: Vec<Vec<Vec<usize>>>,
}

impl Search<'_> {
    /// Whether there was a gap; `None` if the search was given up.
    fn gaps(&mut self, set: &[u64], path: &mut Vec<Vec<usize>>) -> Option<bool> {
        let depth = path.len();
        if set.iter().all(|word| *word == 0) {
            let mut found = path.clone();
            found.extend(self.variables[depth..].iter().map(|v| (0..v.count()).collect()));
            // A variable that can have no value leaves nothing to match.
            if found.iter().all(|regions: &Vec<usize>| !regions.is_empty()) {
                self.boxes.push(found);
            }
            return if self.boxes.len() > MAX_LISTED {
                None
            } else {
                Some(true)
            };
        }
        if common(set, &self.unasked[depth]).is_some() {
            return Some(false);
        }
        let Some(variable) = self.variables.get(depth) else {
            return Some(false);
        };
        let key = (depth, set.to_vec());
        if self.done.contains(&key) {
            return Some(false);
        }
        self.steps += variable.count() as u64 * set.len() as u64;
        if self.steps > MAX_STEPS {
            return None;
        }
        let mut any = false;
        for (left, regions) in groups(variable, set) {
            path.push(regions);
            let below = self.gaps(&left, path);
            path.pop();
            any |= below?;
        }
        if !any {
            self.done.insert(key);
        }
        Some(any)
    }
}

/// Joins boxes that differ in one variable alone.
fn merge(boxes: &mut Vec<Vec<Vec<usize>>>) {
    let mut changed = true;
    while changed {
        changed = false;
        'pairs: for a in 0..boxes.len() {
            for b in a + 1..boxes.len() {
                let differing: Vec<usize> = (0..boxes[a].len()).filter(|v| boxes[a][*v] != boxes[b][*v]).collect();
                if let [only] = differing[..] {
                    let other = boxes.remove(b);
                    boxes[a][only].extend(&other[only]);
                    boxes[a][only].sort_unstable();
                    boxes[a][only].dedup();
                    changed = true;
                    break 'pairs;
                }
            }
        }
    }
}

/// A search for an input of a row that no stronger row matches.
struct Cover<'a> {
    variables: &'a [Variable],
    unasked: Vec<Vec<u64>>,
    own: &'a [Vec<usize>],
    steps: &'a mut u64,
    done: HashSet<(usize, Vec<u64>)>,
    by: BTreeSet<u32>,
}

impl Cover<'_> {
    /// Whether each input of the row is matched by one of a set of rows; `None` if the search was given up.
    fn covers(&mut self, depth: usize, set: &[u64]) -> Option<bool> {
        if let Some(row) = common(set, &self.unasked[depth]) {
            self.by.insert(row as u32 + 1);
            return Some(true);
        }
        // Past the last variable every row of the set would have been found above.
        let Some(variable) = self.variables.get(depth).filter(|_| set.iter().any(|word| *word != 0)) else {
            return Some(false);
        };
        if !self.done.insert((depth, set.to_vec())) {
            return Some(true);
        }
        for region in &self.own[depth] {
            *self.steps += set.len() as u64;
            if *self.steps > MAX_STEPS {
                return None;
            }
            let mut left = set.to_vec();
            bits::keep(&mut left, &variable.sets[*region]);
            if !self.covers(depth + 1, &left)? {
                return Some(false);
            }
        }
        Some(true)
    }
}
