//! A table made ready: every cell read once, every value that a cell names sorted, every answer known before it is asked.

use std::sync::Arc;

use super::axis::{Axis, Region, example};
use super::bits;
use super::model::{HitPolicy, Input, Output, Table, Version};
use super::problem::{Column, Place, Problem, ProblemKind, TableError};
use super::types::{Type, Types, listed, permits};
use crate::feel::{Expr, FeelError, Kind, Names, Tests, Value, expression, unary_tests};

/// Most rows of a table.
pub const MAX_ROWS: usize = 3_000;
/// Most cells of a table.
const MAX_CELLS: usize = 100_000;
/// Most different values that the cells of a column name.
const MAX_POINTS: usize = 6_000;
/// Most columns of a table.
pub const MAX_COLUMNS: usize = 100;

/// A table that can be asked.
#[derive(Debug, Clone)]
pub struct Compiled {
    pub(super) table: Table,
    pub(super) version: Version,
    pub(super) id: Arc<str>,
    pub(super) inputs: Vec<Asking>,
    pub(super) outputs: Vec<Answering>,
    /// For each row its place in the order of the outputs' values, if that counts and is known.
    pub(super) ranks: Vec<Option<Vec<u32>>>,
}

/// A column that asks.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) source: Expr,
    pub(super) kind: Kind,
    pub(super) allowed: Option<Tests>,
    pub(super) cells: Vec<Tests>,
    pub(super) axis: Axis,
    /// For each stretch of the axis the rows that it passes.
    pub(super) sets: Vec<u64>,
    /// Rows whose cell is carried out each time, because it depends on more than its input.
    pub(super) live: Vec<u32>,
}

/// A column that answers.
#[derive(Debug, Clone)]
pub(super) struct Answering {
    pub(super) name: Arc<str>,
    pub(super) of: Arc<Type>,
    pub(super) cells: Vec<Expr>,
    /// The values it may have, the most important first.
    pub(super) order: Vec<Value>,
    pub(super) allowed: Option<Tests>,
    pub(super) default: Option<Expr>,
}

impl Compiled {
    /// Makes a table ready that stands by itself: its expressions may use the names of its own inputs, where these are plain names.
    pub fn new(table: Table) -> Result<Compiled, TableError> {
        let mut names = Names::default();
        for input in &table.inputs {
            if is_plain(&input.expression) {
                names.value(&input.expression);
            }
        }
        let mut problems = Vec::new();
        let mut types = Types::new(&[], &mut problems);
        let result = Type::plain(Kind::Any);
        let made = compile(table, &names, &[], &mut types, &result, &mut problems);
        if problems.is_empty() {
            Ok(made)
        } else {
            Err(TableError { problems })
        }
    }

    /// The table as it was written.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The hash that names this version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// An output's values from the least to the most important, if it lists them and they have no order of their own.
    pub fn ascending(&self, output: usize) -> Vec<Value> {
        let order = self.outputs.get(output).map(|o| &o.order[..]).unwrap_or_default();
        if order.iter().all(|v| matches!(v, Value::Number(_))) {
            return Vec::new();
        }
        order.iter().rev().cloned().collect()
    }

    pub(super) fn rows(&self) -> usize {
        self.table.rows.len()
    }
}

/// Whether a heading is a name rather than an expression.
fn is_plain(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || " _'".contains(c))
}

/// Makes a table ready. `kinds` are the types of names, by which a column without a type is known.
pub(super) fn compile(
    table: Table,
    names: &Names,
    kinds: &[(Arc<str>, Arc<Type>)],
    types: &mut Types<'_>,
    result: &Type,
    problems: &mut Vec<Problem>,
) -> Compiled {
    let before = problems.len();
    shape(&table, problems);
    // Cells can be told to columns only where their numbers agree.
    let fits = problems.len() == before;
    let mut make = Maker {
        table: &table,
        names,
        kinds,
        types,
        problems,
    };
    let inputs = if fits {
        (0..table.inputs.len()).map(|i| make.asking(i)).collect()
    } else {
        Vec::new()
    };
    let outputs: Vec<Answering> = if fits {
        (0..table.outputs.len()).map(|i| make.answering(i, result)).collect()
    } else {
        Vec::new()
    };
    if table.hit.ranks() && fits && outputs.iter().all(|o| o.order.is_empty()) {
        make.say(Place::of(&table.id), ProblemKind::NoOrder(table.hit.sign()));
    }
    let ranks = (0..table.rows.len()).map(|row| known_rank(&outputs, row)).collect();
    Compiled {
        version: table.version(),
        id: Arc::from(&*table.id),
        inputs,
        outputs,
        ranks,
        table,
    }
}

/// Whether a table has rows and columns, and a cell where they meet.
fn shape(table: &Table, problems: &mut Vec<Problem>) {
    let mut say = |place: Place, kind| problems.push(Problem { place, kind });
    let whole = Place::of(&table.id);
    for (missing, what) in [
        (table.inputs.is_empty(), "input"),
        (table.outputs.is_empty(), "output"),
        (table.rows.is_empty(), "row"),
    ] {
        if missing {
            say(whole.clone(), ProblemKind::Missing(what));
        }
    }
    for (count, most, what) in [
        (table.rows.len(), MAX_ROWS, "rows"),
        (table.inputs.len() + table.outputs.len(), MAX_COLUMNS, "columns"),
        (
            table.rows.len() * (table.inputs.len() + table.outputs.len()),
            MAX_CELLS,
            "cells",
        ),
    ] {
        if count > most {
            say(whole.clone(), ProblemKind::TooMany { what, most });
        }
    }
    if table.hit.aggregates() && table.outputs.len() > 1 {
        say(whole, ProblemKind::SeveralOutputs(table.hit.sign()));
    }
    for (i, output) in table.outputs.iter().enumerate() {
        let place = Place::cell(&table.id, None, Column::output(i));
        if table.outputs.len() > 1 && output.name.trim().is_empty() {
            say(place, ProblemKind::Nameless);
        } else if table.outputs[..i].iter().any(|o| o.name == output.name) {
            say(place, ProblemKind::Twice(output.name.clone()));
        }
    }
    for (i, row) in table.rows.iter().enumerate() {
        let found = row.inputs.len() + row.outputs.len();
        let wanted = table.inputs.len() + table.outputs.len();
        if row.inputs.len() != table.inputs.len() || row.outputs.len() != table.outputs.len() {
            let place = Place {
                row: Some(i as u32 + 1),
                ..Place::of(&table.id)
            };
            say(place, ProblemKind::Cells { wanted, found });
        }
    }
}

struct Maker<'a, 'b, 'c> {
    table: &'a Table,
    names: &'a Names,
    kinds: &'a [(Arc<str>, Arc<Type>)],
    types: &'b mut Types<'c>,
    problems: &'b mut Vec<Problem>,
}

impl Maker<'_, '_, '_> {
    fn say(&mut self, place: Place, kind: ProblemKind) {
        self.problems.push(Problem { place, kind });
    }

    fn feel<T>(&mut self, place: &Place, text: &str, read: Result<T, FeelError>) -> Option<T> {
        match read {
            Ok(read) => Some(read),
            Err(error) => {
                let text = text.to_owned();
                self.say(place.clone(), ProblemKind::Feel { text, error });
                None
            }
        }
    }

    fn asking(&mut self, index: usize) -> Asking {
        let (table, names) = (self.table, self.names);
        let input: &Input = &table.inputs[index];
        let column = Column::input(index);
        let head = Place::cell(&table.id, None, column);
        let source = self.feel(&head, &input.expression, expression(&input.expression, names));
        let source = source.unwrap_or(Expr::Const(Value::Null));
        let mut of = self.types.find(&input.kind, &head, self.problems);
        if let (true, Some(known)) = (input.kind.trim().is_empty(), self.kind_of(&source)) {
            of = Arc::new(known.clone());
        }
        // A column that says `string` may still be about something whose values are listed.
        let listed = self
            .kind_of(&source)
            .filter(|t| t.kind == of.kind)
            .and_then(Type::allowed);
        let mut allowed = of.allowed().or(listed).cloned();
        if !input.allowed.trim().is_empty() {
            allowed = self.feel(&head, &input.allowed, unary_tests(&input.allowed, names));
        }
        let mut cells = Vec::with_capacity(table.rows.len());
        for (row, texts) in table.rows.iter().enumerate() {
            let text = &texts.inputs[index];
            let read = self.feel(
                &Place::cell(&table.id, Some(row), column),
                text,
                unary_tests(text, names),
            );
            cells.push(read.unwrap_or(Tests::Any));
        }
        let of_constants = |t: &&Tests| t.is_constant();
        let cut = Axis::of(of.kind, cells.iter().chain(&allowed).filter(of_constants));
        let live = |(row, tests): (usize, &Tests)| {
            let live = !tests.is_constant() || cut.is_none() && *tests != Tests::Any;
            live.then_some(row as u32)
        };
        let live: Vec<u32> = cells.iter().enumerate().filter_map(live).collect();
        self.kinds_agree(of.kind, column, &cells);
        let mut is_cut = cut.is_some();
        let mut axis = cut.unwrap_or(Axis {
            kind: None,
            points: Vec::new(),
        });
        if axis.points.len() > MAX_POINTS {
            let (what, most) = ("different values in a column", MAX_POINTS);
            self.say(head, ProblemKind::TooMany { what, most });
            axis.points.clear();
            is_cut = false;
        }
        let sets = axis.sets(&cells, &live);
        if is_cut {
            self.possible(&axis, &sets, column, &cells, allowed.as_ref());
        }
        Asking {
            source,
            kind: of.kind,
            allowed,
            sets,
            live,
            axis,
            cells,
        }
    }

    /// Each constant is of its column's kind.
    fn kinds_agree(&mut self, wanted: Kind, column: Column, cells: &[Tests]) {
        if matches!(wanted, Kind::Any | Kind::List | Kind::Context) {
            return;
        }
        for (row, tests) in cells.iter().enumerate() {
            let mut named = Vec::new();
            tests.list().iter().for_each(|t| super::axis::constants(t, &mut named));
            let found = named.iter().filter_map(Value::kind).find(|k| *k != wanted);
            if let Some(found) = found {
                self.say(
                    Place::cell(&self.table.id, Some(row), column),
                    ProblemKind::WrongKind { wanted, found },
                );
            }
        }
    }

    /// Each cell of constants lets something pass.
    fn possible(&mut self, axis: &Axis, sets: &[u64], column: Column, cells: &[Tests], allowed: Option<&Tests>) {
        let words = bits::words(cells.len());
        let mut passed = vec![0; words];
        let allowed = axis.allowed_by(allowed);
        for (index, region) in axis.regions().enumerate() {
            let may_come = region == Region::Null || allowed[index] && example(axis, region).is_some();
            if may_come {
                let set = &sets[index * words..(index + 1) * words];
                passed.iter_mut().zip(set).for_each(|(all, some)| *all |= some);
            }
        }
        for (row, tests) in cells.iter().enumerate() {
            if tests.is_constant() && !bits::has(&passed, row) {
                let place = Place::cell(&self.table.id, Some(row), column);
                let Column::Input(n) = column else { continue };
                let text = self.table.rows[row].inputs[n as usize - 1].clone();
                // A constant of another kind was told of already.
                if self.problems.last().is_none_or(|p| p.place != place) {
                    self.say(place, ProblemKind::Impossible(text));
                }
            }
        }
    }

    /// The type of a name, or of a member of it.
    fn kind_of(&self, source: &Expr) -> Option<&Type> {
        match source {
            Expr::Name(name) => self.kinds.iter().find(|(n, _)| n == name).map(|(_, of)| &**of),
            Expr::Member(of, name) => self.kind_of(of)?.member(name),
            _ => None,
        }
    }

    fn answering(&mut self, index: usize, result: &Type) -> Answering {
        let (table, names) = (self.table, self.names);
        let output: &Output = &table.outputs[index];
        let column = Column::output(index);
        let head = Place::cell(&table.id, None, column);
        let mut of = self.types.find(&output.kind, &head, self.problems);
        let inherited = if table.outputs.len() > 1 {
            result.member(&output.name)
        } else {
            Some(result)
        };
        let mut order = of.listed();
        if order.is_empty() {
            order = inherited.map(Type::listed).unwrap_or_default();
        }
        // Many answers become a list, so the whole result's type says nothing of one.
        if of.kind == Kind::Any && table.outputs.len() > 1 {
            of = inherited.cloned().map_or(of, Arc::new);
        }
        let mut allowed = None;
        if !output.allowed.trim().is_empty() {
            allowed = self.feel(&head, &output.allowed, unary_tests(&output.allowed, names));
            let named = allowed.as_ref().and_then(listed);
            match named {
                Some(named) => order = named,
                None if table.hit.ranks() && allowed.is_some() => self.say(head.clone(), ProblemKind::NoList),
                None => {}
            }
        }
        let mut cells = Vec::with_capacity(table.rows.len());
        for (row, texts) in table.rows.iter().enumerate() {
            let place = Place::cell(&table.id, Some(row), column);
            let cell = self.answer(&place, &texts.outputs[index]);
            self.answer_fits(&place, &cell, &of, allowed.as_ref());
            cells.push(cell);
        }
        let default = (!output.default.trim().is_empty()).then(|| {
            let cell = self.answer(&head, &output.default);
            self.answer_fits(&head, &cell, &of, allowed.as_ref());
            cell
        });
        Answering {
            name: Arc::from(output.name.trim()),
            of,
            cells,
            order,
            allowed,
            default,
        }
    }

    fn answer(&mut self, place: &Place, text: &str) -> Expr {
        if text.trim().is_empty() {
            return Expr::Const(Value::Null);
        }
        let read = expression(text, self.names);
        self.feel(place, text, read).unwrap_or(Expr::Const(Value::Null))
    }

    /// A constant answer is of its column's type and among its values.
    fn answer_fits(&mut self, place: &Place, cell: &Expr, of: &Type, allowed: Option<&Tests>) {
        let Expr::Const(value) = cell else { return };
        let Some(found) = value.kind() else { return };
        if of.take(value.clone()).is_none() {
            let kind = match of.kind {
                wanted if wanted != found && wanted != Kind::Any => ProblemKind::WrongKind { wanted, found },
                _ => ProblemKind::NotAllowed(value.to_string()),
            };
            self.say(place.clone(), kind);
        } else if allowed.is_some_and(|a| !permits(a, value)) {
            self.say(place.clone(), ProblemKind::NotAllowed(value.to_string()));
        }
    }
}

/// The place of a row's answer in the order of the outputs' values, if its cells are constants.
fn known_rank(outputs: &[Answering], row: usize) -> Option<Vec<u32>> {
    let known = |o: &Answering| match o.cells.get(row)? {
        Expr::Const(value) => Some(value.clone()),
        _ => None,
    };
    let values: Vec<Value> = outputs.iter().map(known).collect::<Option<_>>()?;
    Some(rank(outputs, &values))
}

/// The place of an answer in the order of the outputs' values; the first output counts first, what is not listed comes last.
pub(super) fn rank(outputs: &[Answering], values: &[Value]) -> Vec<u32> {
    let ranked = outputs.iter().zip(values).filter(|(o, _)| !o.order.is_empty());
    let place = |(o, value): (&Answering, &Value)| {
        let found = o.order.iter().position(|v| v.equals(value) == Some(true));
        found.map_or(u32::MAX, |at| at as u32)
    };
    ranked.map(place).collect()
}

/// Whether the answer is that of one row.
pub(super) fn counts_one(hit: HitPolicy) -> bool {
    matches!(
        hit,
        HitPolicy::Unique | HitPolicy::Any | HitPolicy::Priority | HitPolicy::First
    )
}

/// The rows that a stretch of an axis passes.
pub(super) fn set_of(column: &Asking, region: usize, rows: usize) -> &[u64] {
    let words = bits::words(rows);
    &column.sets[region * words..(region + 1) * words]
}
