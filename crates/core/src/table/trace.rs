//! How a table came to its answer: for every row and cell whether it matched, and with which value. Compact while decisions are made
//! and stored; put into rows and cells when somebody reads it.

use std::fmt;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bits;
use super::compile::Compiled;
use super::model::Version;
use super::problem::{Column, Place};
use crate::feel::{Fault, Kind, Value};

/// The answer of a table, and how it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The answer; a context if the table has several outputs, a list if its hit policy takes several rows.
    pub value: Value,
    /// How it came.
    pub trace: Trace,
}

/// How a table came to its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The table's id.
    #[serde(serialize_with = "write_id", deserialize_with = "read_id")]
    pub table: Arc<str>,
    /// Its version.
    pub version: Version,
    /// The value of each input.
    pub inputs: Vec<Value>,
    /// Which cells matched.
    pub cells: Cells,
    /// The rows of which all cells matched, from 1.
    pub matched: Vec<u32>,
    /// The rows that made the answer, in the order in which they did.
    pub chosen: Vec<u32>,
    /// Why these rows.
    pub reason: Reason,
    /// What went wrong; empty if all is well. An answer with any of these must not decide anything.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub diagnostics: Vec<Diagnostic>,
}

/// Which cells of a table matched: a set of rows for each column. In JSON the sets are hexadecimal words, the first row in the lowest bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells {
    pub(super) rows: u32,
    pub(super) sets: Vec<u64>,
}

/// Why these rows made the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No row matched, and there is no default.
    NoRow,
    /// No row matched: the default is the answer.
    Default,
    /// U: the one row that matched.
    OnlyRow,
    /// U: several matched, which must not be.
    SeveralRows,
    /// A: all that matched say the same.
    SameAnswer,
    /// A: those that matched say different things, which must not be.
    DifferentAnswers,
    /// P: its answer stands first in the outputs' values.
    FirstInOrder,
    /// F: it stands first in the table.
    FirstRow,
    /// R: all that matched, from the top.
    RowOrder,
    /// O: all that matched, in the order of the outputs' values.
    ValueOrder,
    /// C: all that matched.
    Collected,
    /// C+: their sum.
    Sum,
    /// C<: the least.
    Least,
    /// C>: the greatest.
    Greatest,
    /// C#: how many.
    Count,
}

/// Something that went wrong while a table was asked, or a decision made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: DiagnosticKind,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiagnosticKind {
    /// An expression, or a part of it, is null.
    Fault(Fault),
    /// A value is of another kind than is wanted.
    WrongKind {
        /// What is wanted.
        wanted: Kind,
        /// What came; a list or context may be of the right kind, but hold something else.
        found: Option<Kind>,
    },
    /// A value is none of those that may come.
    NotAllowed(Value),
    /// U: more than one row matched.
    SeveralRows(Vec<u32>),
    /// A: rows that matched say different things.
    DifferentAnswers(Vec<u32>),
    /// The answers cannot be reckoned together.
    NotReckoned,
    /// Nothing was given for an input.
    NotGiven(String),
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        match &self.kind {
            DiagnosticKind::Fault(Fault::DivisionByZero) => f.write_str("division by nought"),
            DiagnosticKind::Fault(Fault::Null(op)) => write!(f, "{op} with null"),
            DiagnosticKind::Fault(Fault::Mismatch(op, a, b)) => {
                let name = |k: &Option<Kind>| k.map_or("null", Kind::name);
                write!(f, "{op} does not join {} and {}", name(a), name(b))
            }
            DiagnosticKind::Fault(Fault::NoNumber) => f.write_str("a number out of range"),
            DiagnosticKind::Fault(Fault::BadArgument(name)) => write!(f, "{name}() does not take this"),
            DiagnosticKind::Fault(Fault::NoValue(name)) => write!(f, "{name} has no value here"),
            DiagnosticKind::Fault(Fault::NoMember(name)) => write!(f, "there is no {name} in it"),
            DiagnosticKind::Fault(Fault::NoCondition) => f.write_str("a condition that is neither true nor false"),
            DiagnosticKind::Fault(Fault::TooLarge) => f.write_str("a value grows too large"),
            DiagnosticKind::WrongKind { wanted, found } => {
                write!(
                    f,
                    "{} where {} is wanted",
                    found.map_or("null", Kind::name),
                    wanted.name()
                )
            }
            DiagnosticKind::NotAllowed(value) => write!(f, "{value} is not among the allowed values"),
            DiagnosticKind::SeveralRows(rows) => write!(f, "rows {rows:?} match, one may"),
            DiagnosticKind::DifferentAnswers(rows) => write!(f, "rows {rows:?} match and say different things"),
            DiagnosticKind::NotReckoned => f.write_str("the answers cannot be reckoned together"),
            DiagnosticKind::NotGiven(name) => write!(f, "{name} was not given"),
        }
    }
}

impl Cells {
    /// Whether a cell matched; row and input are counted from 1. `None` outside the table.
    pub fn matched(&self, row: u32, input: u32) -> Option<bool> {
        if row == 0 || row > self.rows || input == 0 {
            return None;
        }
        let words = bits::words(self.rows as usize);
        let from = (input as usize - 1) * words;
        let set = self.sets.get(from..from + words)?;
        Some(bits::has(set, row as usize - 1))
    }

    /// How many rows the table has.
    pub fn rows(&self) -> u32 {
        self.rows
    }
}

/// A row of a table, as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowTrace {
    /// Its number, from 1.
    pub row: u32,
    /// Whether all its cells matched.
    pub matched: bool,
    /// Its place among the rows that made the answer, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chosen: Option<u32>,
    /// Its cells.
    pub cells: Vec<CellTrace>,
}

/// A cell of a table, as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellTrace {
    /// Its column.
    pub column: Column,
    /// What it asks, as written.
    pub test: String,
    /// The value of its input.
    pub value: Value,
    /// Whether it passed.
    pub matched: bool,
}

impl Trace {
    /// Every row and cell, for people. `None` if the trace is of another version of the table.
    pub fn rows(&self, table: &Compiled) -> Option<Vec<RowTrace>> {
        if self.version != table.version() || self.inputs.len() != table.inputs.len() {
            return None;
        }
        let row = |(i, texts): (usize, &super::model::Row)| {
            let number = i as u32 + 1;
            let cell = |(c, test): (usize, &String)| {
                Some(CellTrace {
                    column: Column::input(c),
                    test: test.clone(),
                    value: self.inputs[c].clone(),
                    matched: self.cells.matched(number, c as u32 + 1)?,
                })
            };
            Some(RowTrace {
                row: number,
                matched: self.matched.contains(&number),
                chosen: self.chosen.iter().position(|r| *r == number).map(|at| at as u32 + 1),
                cells: texts.inputs.iter().enumerate().map(cell).collect::<Option<_>>()?,
            })
        };
        table.table().rows.iter().enumerate().map(row).collect()
    }
}

fn write_id<S: Serializer>(id: &Arc<str>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(id)
}

fn read_id<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<str>, D::Error> {
    String::deserialize(from).map(Arc::from)
}

#[derive(Serialize, Deserialize)]
struct Written {
    rows: u32,
    columns: Vec<String>,
}

impl Serialize for Cells {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let words = bits::words(self.rows as usize).max(1);
        let hex = |set: &[u64]| set.iter().map(|word| format!("{word:016x}")).collect();
        let columns = self.sets.chunks(words).map(hex).collect();
        Written {
            rows: self.rows,
            columns,
        }
        .serialize(to)
    }
}

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Cells, D::Error> {
        let written = Written::deserialize(from)?;
        let mut sets = Vec::new();
        for column in &written.columns {
            if column.len() != bits::words(written.rows as usize) * 16 || !column.is_ascii() {
                return Err(D::Error::custom("a set of rows of another length"));
            }
            for at in (0..column.len()).step_by(16) {
                let word = u64::from_str_radix(&column[at..at + 16], 16);
                sets.push(word.map_err(D::Error::custom)?);
            }
        }
        Ok(Cells {
            rows: written.rows,
            sets,
        })
    }
}
