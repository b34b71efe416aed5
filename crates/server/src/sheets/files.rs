//! Tables from files, and as files.

use outlay_connect::tables::{self, Cell};
use outlay_core::claim::Problem;
use outlay_core::table::{
    Decision, InputData, Logic, Model, Place, Problem as Wrong, Table, TableError, read_sheet, write_sheet,
};

use rust_decimal::Decimal;

use super::words::{cell_name, problem_words};
use crate::error::Error;
use crate::import::table_problem;
use crate::shell::W;

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An Excel workbook.
    Xlsx,
    /// DMN 1.5.
    Dmn,
}

impl Format {
    /// By its name; [`Error::Invalid`] for another.
    pub fn parse(code: &str) -> Result<Format, Error> {
        match code {
            "xlsx" => Ok(Format::Xlsx),
            "dmn" => Ok(Format::Dmn),
            _ => Err(Error::field("format", "table-format")),
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Format::Dmn => "application/xml",
        }
    }
}

/// The tables of a file, told apart by its bytes: a workbook, a sheet as CSV, or a `.dmn` file. `name` is the file's.
/// [`Error::Invalid`] names the sheet's cell at fault and the mend, in the language of `w`.
pub fn read(bytes: &[u8], name: &str, w: W) -> Result<Vec<Table>, Error> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if text.starts_with(b"<") {
        let model = Model::from_dmn(bytes).map_err(|e| refused(&e, 0, w))?;
        let tables: Vec<Table> = model.decisions.into_iter().filter_map(table_of).collect();
        if tables.is_empty() {
            return Err(Error::Invalid(vec![
                Problem::new("file", "table-file").with("text", w.t("table-problem-no-table")),
            ]));
        }
        return Ok(tables);
    }
    let sheet = tables::read(bytes).map_err(|e| Error::Invalid(vec![table_problem(&e)]))?;
    let rows: Vec<Vec<String>> = sheet.rows.into_iter().map(|r| r.cells).collect();
    let table = read_sheet(stem, &sheet.headers, &rows).map_err(|e| refused(&e, 0, w))?;
    Ok(vec![table])
}

fn table_of(decision: Decision) -> Option<Table> {
    match decision.logic {
        Logic::Table(table) => Some(table),
        _ => None,
    }
}

fn refused(error: &TableError, inputs: usize, w: W) -> Error {
    let told = |wrong: &Wrong| {
        let words = problem_words(w, wrong);
        let place = place(&wrong.place, inputs);
        let text = match place {
            Some(place) => w.args(
                "table-problem-at",
                &[("place".to_owned(), place), ("words".to_owned(), words)],
            ),
            None => words,
        };
        Problem::new("file", "table-file").with("text", text)
    };
    Error::Invalid(error.problems.iter().map(told).collect())
}

fn place(place: &Place, inputs: usize) -> Option<String> {
    let cell = cell_name(place, inputs);
    match (place.table.as_str(), cell) {
        ("" | "file", cell) => cell,
        (table, Some(cell)) => Some(format!("{table} {cell}")),
        (table, None) => Some(table.to_owned()),
    }
}

/// A table as a file.
pub fn write(table: &Table, format: Format) -> Result<Vec<u8>, Error> {
    match format {
        Format::Dmn => Ok(model(table)
            .to_dmn()
            .map_err(|_| Error::field("table", "nul"))?
            .into_bytes()),
        Format::Xlsx => {
            let (heads, rows) = write_sheet(table);
            let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
            // What a number of a spreadsheet would give back in other digits stays text.
            let cell = |text: &String| match text.parse::<Decimal>() {
                _ if text.is_empty() => Cell::Empty,
                Ok(number) if number.normalize().to_string() == *text => Cell::Number(number),
                _ => Cell::from(text.as_str()),
            };
            let rows = rows.iter().map(|row| row.iter().map(cell).collect());
            tables::write_xlsx(&sheet_name(&table.name), &heads, rows).map_err(|e| Error::Broken(e.to_string()))
        }
    }
}

/// The name of a sheet: at most 31 characters, without those that spreadsheets refuse.
fn sheet_name(name: &str) -> String {
    let fits = |c: &char| !c.is_control() && !"[]:*?/\\'".contains(*c);
    let name: String = name.chars().filter(fits).take(31).collect();
    if name.trim().is_empty() {
        "table".to_owned()
    } else {
        name
    }
}

/// A model of one decision by this table, whose inputs are given from outside.
fn model(table: &Table) -> Model {
    let id = |n: usize| format!("input{}", n + 1);
    let mut inputs: Vec<InputData> = Vec::new();
    for (n, input) in table.inputs.iter().enumerate() {
        // A column on a member needs what the member is of.
        let name = input.expression.split('.').next().unwrap_or_default().trim();
        if inputs.iter().all(|i| i.name != name) {
            let kind = if name == input.expression.trim() {
                input.kind.clone()
            } else {
                String::new()
            };
            inputs.push(InputData {
                id: id(n),
                name: name.to_owned(),
                kind,
            });
        }
    }
    let name = if table.name.is_empty() {
        table.id.clone()
    } else {
        table.name.clone()
    };
    Model {
        id: "outlay".into(),
        name: name.clone(),
        namespace: "https://outlay.dev/tables".into(),
        decisions: vec![Decision {
            id: "decision".into(),
            name,
            kind: String::new(),
            needs: inputs.iter().map(|i| i.id.clone()).collect(),
            logic: Logic::Table(table.clone()),
        }],
        inputs,
        ..Model::default()
    }
}
