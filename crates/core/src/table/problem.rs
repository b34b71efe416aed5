//! What is wrong with a table or model that is read: where, what, and what to do.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::feel::{FeelError, Kind};

/// A place in a table, for people: rows and columns are counted from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The table, or the decision, function or type, by its id or name.
    pub table: String,
    /// The row.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub row: Option<u32>,
    /// The column.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<Column>,
}

/// A column of a table, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// One that asks.
    Input(u32),
    /// One that answers.
    Output(u32),
}

impl Place {
    /// The whole of a table, decision, function or type.
    pub fn of(table: &str) -> Place {
        Place {
            table: table.to_owned(),
            row: None,
            column: None,
        }
    }

    /// A cell, or a column without a row; counted from 0 here.
    pub fn cell(table: &str, row: Option<usize>, column: Column) -> Place {
        Place {
            table: table.to_owned(),
            row: row.map(|r| r as u32 + 1),
            column: Some(column),
        }
    }
}

impl Column {
    /// An asking column, counted from 0.
    pub fn input(index: usize) -> Column {
        Column::Input(index as u32 + 1)
    }

    /// An answering column, counted from 0.
    pub fn output(index: usize) -> Column {
        Column::Output(index as u32 + 1)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.table)?;
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        match self.column {
            Some(column) => write!(f, ", {column}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Column::Input(n) => write!(f, "input {n}"),
            Column::Output(n) => write!(f, "output {n}"),
        }
    }
}

/// Why something is no decision table: all that was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the tables cannot be used:{}", list(.problems))]
pub struct TableError {
    /// At least one.
    pub problems: Vec<Problem>,
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("\n  {p}")).collect()
}

/// One thing wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: ProblemKind,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.kind)
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// A cell, heading or list of values is no FEEL.
    #[error("{text:?} cannot be read: {error}")]
    Feel {
        /// What is written.
        text: String,
        /// Why it cannot be read.
        error: FeelError,
    },
    /// The hit policy is none of DMN's.
    #[error("{0:?} is no hit policy: write U, A, P, F, R, O, C, C+, C<, C> or C#")]
    HitPolicy(String),
    /// The type is neither built in nor defined.
    #[error("there is no type {0:?}: write number, string, boolean, date, time, dateTime, or define it")]
    Type(String),
    /// A type is made of itself.
    #[error("the type is made of itself: break the circle")]
    CircularType,
    /// A cell compares with a value of another kind than its column has.
    #[error("the column holds {}, this compares with {}: write such a value or change the column's type", wanted.name(), found.name())]
    WrongKind {
        /// The column's kind.
        wanted: Kind,
        /// The constant's kind.
        found: Kind,
    },
    /// The value of a cell is none that its column may have.
    #[error("{0} is not among the values of the column: write one of them, or add it there")]
    NotAllowed(String),
    /// Nothing can pass a cell.
    #[error("nothing can pass {0:?}: mend it, or remove the row")]
    Impossible(String),
    /// A list of values that must name them one by one does not.
    #[error("the values of an output must be named one by one, in quotes if they are texts, with commas between")]
    NoList,
    /// P and O need an order.
    #[error("hit policy {0} takes the order of the outputs' values: list them, the most important first")]
    NoOrder(&'static str),
    /// C+, C<, C> and C# reckon with one output.
    #[error("hit policy {0} reckons with one output: use C, or split the table")]
    SeveralOutputs(&'static str),
    /// No column asks or answers, or there are no rows.
    #[error("there is no {0}: add one")]
    Missing(&'static str),
    /// A row has another number of cells than there are columns.
    #[error("the row has {found} cells for {wanted} columns: add or remove some")]
    Cells {
        /// Columns.
        wanted: usize,
        /// Cells.
        found: usize,
    },
    /// Two things have one name or id.
    #[error("{0:?} is there twice: rename one")]
    Twice(String),
    /// An output of several has no name.
    #[error("an output among several needs a name")]
    Nameless,
    /// An id that is needed is not there.
    #[error("it needs {0:?}, which is not in the file")]
    Unknown(String),
    /// Decisions need each other in a circle.
    #[error("it needs itself, by way of {0:?}: break the circle")]
    Circle(String),
    /// A kind of logic that is not carried out.
    #[error("<{0}> cannot be carried out here: use a table or an expression")]
    Unsupported(String),
    /// More than is read.
    #[error("there are more than {most} {what}: split the file")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many at most.
        most: usize,
    },
    /// The file is no XML, or not within bounds.
    #[error("the file cannot be read as XML: {0}")]
    Xml(String),
    /// The file is no DMN of a version that is read.
    #[error("the file is no DMN 1.2 to 1.5 (its namespace is {0:?}): export it in one of these versions")]
    Namespace(String),
    /// A sheet's heading is not as documented.
    #[error("the sheet is not laid out as a table: {0}")]
    Sheet(String),
}
