//! Decision tables (决策表) after DMN: read, checked, asked with a full trace, and analysed exactly.
//!
//! A [`Table`] is plain data: what finance people write. [`Compiled`] is a table made ready; asking it gives an [`Outcome`] with a
//! [`Trace`] of every row and cell, which names the table's [`Version`]. A [`Model`] is a `.dmn` file: tables and expressions that need
//! each other. Numbers are exact decimals of 34 digits ([`Number`](crate::feel::Number)).

mod analyse;
mod axis;
mod bits;
mod compile;
mod decide;
mod dmn;
mod evaluate;
mod graph;
mod model;
mod problem;
mod rising;
mod sheet;
mod space;
mod tck;
mod trace;
mod types;
mod xml;

pub use analyse::{Analysis, Caveat, Gap, Overlap, Question, Unreachable};
pub use compile::{Compiled, MAX_COLUMNS, MAX_ROWS};
pub use decide::Answer;
pub use graph::Decisions;
pub use model::{
    Decision, HitPolicy, Input, InputData, ItemType, Knowledge, Logic, Model, Output, Row, Table, Version,
};
pub use problem::{Column, Place, Problem, ProblemKind, TableError};
pub use rising::{Fall, Monotony, Rising};
pub(crate) use sheet::{days, signs};
pub use sheet::{read_sheet, write_sheet};
pub use tck::{CaseResult, run_cases};
pub use trace::{CellTrace, Cells, Diagnostic, DiagnosticKind, Outcome, Reason, RowTrace, Trace};
