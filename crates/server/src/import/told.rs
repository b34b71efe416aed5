//! What was rejected, as tables for people: the rows to mend, and a list of what is wrong.

use std::collections::HashMap;

use outlay_connect::tables::{self, Cell, Table};

use super::kind::Kind;
use super::report::{Rejected, Report};
use crate::error::Error;
use crate::shell::W;

/// The rows of a table that were not taken, each with the reason in a last column, as CSV: mended, they are imported by
/// themselves. `report` has its words.
pub fn rows(kind: Kind, table: &Table, report: &Report, w: W) -> Result<Vec<u8>, Error> {
    let reason = w.t("import-reason");
    let mut headers: Vec<&str> = table.headers.iter().map(String::as_str).collect();
    headers.push(&reason);
    let mut why: HashMap<usize, Vec<String>> = HashMap::new();
    for cell in &report.rejected {
        let words = format!("{}: {}", kind.column_name(&cell.column, w.zh()), cell.message);
        why.entry(cell.row).or_default().push(words);
    }
    let rows = table.rows.iter().filter_map(|row| {
        let why = why.get(&row.line_no)?;
        let mut cells: Vec<Cell> = row.cells.iter().map(|c| Cell::from(c.as_str())).collect();
        cells.push(Cell::from(why.join("; ")));
        Some(cells)
    });
    csv(&headers, rows.collect())
}

/// A list of what is wrong as CSV: row, column, value, reason and fix; `summary` is its first reason.
pub fn faults(kind: Kind, rejected: &[Rejected], summary: &str, w: W) -> Result<Vec<u8>, Error> {
    let names = ["import-row", "import-column", "import-value", "import-reason"].map(|key| w.t(key));
    let headers: Vec<&str> = names.iter().map(String::as_str).collect();
    let first = vec![Cell::Empty, Cell::Empty, Cell::Empty, Cell::from(summary)];
    let faults = rejected.iter().map(|cell| {
        let row = match cell.row {
            0 => Cell::Empty,
            row => Cell::from(row.to_string()),
        };
        let column = match cell.column.as_str() {
            "file" => w.t("import-file"),
            code => kind.column_name(code, w.zh()),
        };
        vec![
            row,
            Cell::from(column),
            Cell::from(&cell.value),
            Cell::from(&cell.message),
        ]
    });
    csv(&headers, std::iter::once(first).chain(faults).collect())
}

fn csv(headers: &[&str], rows: Vec<Vec<Cell>>) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    tables::write_csv(&mut bytes, headers, rows).map_err(|e| Error::Broken(e.to_string()))?;
    Ok(bytes)
}
