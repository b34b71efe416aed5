//! What an import would do, or did.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::kind::Kind;
use crate::crm::Change;
use crate::shell::W;

/// Rejected cells that are kept one by one; more are only counted.
const KEPT: usize = 1000;

/// What an import would do, or did.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// What the table holds.
    pub kind: Kind,
    /// Whether it was carried out; false for a look ahead.
    pub applied: bool,
    /// How the file was read: `XLSX`, or a text encoding.
    pub read_as: String,
    /// Rows with anything in them.
    pub rows: usize,
    /// Rows that are new.
    pub create: usize,
    /// Rows that change what is there.
    pub change: usize,
    /// Rows that are there already.
    pub same: usize,
    /// Rows that cannot be taken; the others are.
    pub refused: usize,
    /// Why: one entry for each cell at fault, 1,000 at most.
    pub rejected: Vec<Rejected>,
    /// Columns of the file that mean nothing here.
    pub ignored: Vec<String>,
}

/// A cell that cannot be taken.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Rejected {
    /// Line of the CSV or row of the sheet, from 1.
    pub row: usize,
    /// Code of the column.
    pub column: String,
    /// What stands there; kept back where it is an account number.
    pub value: String,
    /// What is wrong, as a stable code.
    pub code: String,
    /// Values for the words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<(String, String)>,
    /// What is wrong, in the reader's language.
    #[serde(default)]
    pub message: String,
}

impl Report {
    /// An empty one.
    pub fn new(kind: Kind, read_as: &str, ignored: Vec<String>) -> Report {
        Report {
            kind,
            applied: false,
            read_as: read_as.to_owned(),
            rows: 0,
            create: 0,
            change: 0,
            same: 0,
            refused: 0,
            rejected: Vec::new(),
            ignored,
        }
    }

    /// Counts a row that was taken.
    pub fn take(&mut self, change: Change) {
        self.rows += 1;
        match change {
            Change::Made => self.create += 1,
            Change::Changed => self.change += 1,
            Change::Same => self.same += 1,
        }
    }

    /// Counts a row that was not.
    pub fn refuse(&mut self, cells: Vec<Rejected>) {
        self.rows += 1;
        self.refused += 1;
        let room = KEPT.saturating_sub(self.rejected.len());
        self.rejected.extend(cells.into_iter().take(room));
    }

    /// A row that was taken is not written after all: what is wrong with it is `cell`.
    pub fn lose(&mut self, is_new: bool, cell: Rejected) {
        self.rows -= 1;
        if is_new {
            self.create -= 1;
        } else {
            self.change -= 1;
        }
        self.refuse(vec![cell]);
    }

    /// Rows that will be written, or were.
    pub fn written(&self) -> usize {
        self.create + self.change
    }

    /// With what is wrong in words.
    pub fn worded(mut self, w: W) -> Report {
        for cell in &mut self.rejected {
            cell.message = w.args(&format!("field-{}", cell.code), &cell.args);
        }
        self
    }
}
