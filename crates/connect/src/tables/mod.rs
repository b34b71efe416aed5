//! Tables in files: what people export from a CRM or keep in Excel. Bounded in bytes, cells and memory.

mod csv;
mod text;
mod write;
mod xlsx;

pub use write::{Cell, write_csv, write_xlsx};

/// Bytes of a file.
pub const MAX_BYTES: usize = 50 << 20;
/// Columns of a table.
pub const MAX_COLUMNS: usize = 200;
/// Rows of a table, without the header.
pub const MAX_ROWS: usize = 200_000;
/// Characters of a cell.
pub const MAX_CELL: usize = 10_000;

/// A table as read: a header and rows of as many cells as the header has. Cells are trimmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Names of the columns; none is empty, all differ.
    pub headers: Vec<String>,
    /// The rows that hold anything.
    pub rows: Vec<Row>,
    /// How the file was read, to show beside a preview: `XLSX`, or a text encoding such as `UTF-8` or `gb18030`.
    pub read_as: &'static str,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it begins in the file: the line of a CSV, the row of a sheet; from 1.
    pub line_no: usize,
    /// One cell a column; empty if there is nothing.
    pub cells: Vec<String>,
}

/// Why a file is no table. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The file is too big.
    #[error("the file has {0} MB, at most 50 are read: split it")]
    TooLarge(usize),
    /// Nothing in it.
    #[error("the file is empty: the first line must name the columns")]
    Empty,
    /// Neither text nor XLSX.
    #[error("this is neither CSV nor XLSX: export the table as one of them")]
    Format,
    /// The old binary Excel format, or an encrypted file.
    #[error("this is an old or an encrypted Excel file: save it as XLSX (Excel workbook) without a password")]
    OldExcel,
    /// Text in no encoding known.
    #[error("line {line} is not in the encoding of the rest ({encoding}): save the file as UTF-8")]
    Encoding {
        /// Where the first illegible byte stands.
        line: usize,
        /// The encoding tried.
        encoding: &'static str,
    },
    /// The file unpacks to too much.
    #[error("the file unpacks to far more than a table needs: save it anew from your spreadsheet")]
    Bomb,
    /// Damaged in some other way.
    #[error("the file is damaged ({0}): save it anew from your spreadsheet")]
    Broken(String),
    /// Too many columns.
    #[error("line {line} has more than 200 columns: leave out those that are not needed")]
    Columns {
        /// The line.
        line: usize,
    },
    /// Too many rows.
    #[error("the table has more than 200,000 rows: split it")]
    Rows,
    /// A cell is too long.
    #[error("line {line}, column {}: more than 10,000 characters; shorten the text, or close its quotation mark", letter(*column))]
    Cell {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// A quotation mark opens and never closes.
    #[error("line {line}: a quotation mark opens and is never closed")]
    Quote {
        /// The line where its row begins.
        line: usize,
    },
    /// A column has cells but no name.
    #[error("line {line}, column {}: the column has no name; write one into the first line", letter(*column))]
    Nameless {
        /// The first line with something in that column.
        line: usize,
        /// The column.
        column: usize,
    },
    /// Two columns have one name.
    #[error("columns {} and {} are both called {name:?}: rename or remove one", letter(*first), letter(*second))]
    Twice {
        /// The name.
        name: String,
        /// The first column.
        first: usize,
        /// The second column.
        second: usize,
    },
    /// The cell of a sheet shows an error such as `#REF!`.
    #[error("line {line}, column {}: the cell shows {error}; mend its formula", letter(*column))]
    Formula {
        /// The row of the sheet.
        line: usize,
        /// The column.
        column: usize,
        /// What Excel shows.
        error: String,
    },
    /// The table cannot be written.
    #[error("the table cannot be written: {0}")]
    Write(String),
}

/// Reads a CSV or XLSX file, told apart by its bytes.
///
/// The first row with anything in it is the header. CSV may be separated by comma, semicolon or tab and be UTF-8,
/// UTF-16, GB18030 (GBK) or another encoding that can be recognised; of a workbook the first visible sheet is read.
pub fn read(bytes: &[u8]) -> Result<Table, TableError> {
    if bytes.len() > MAX_BYTES {
        return Err(TableError::TooLarge(bytes.len() >> 20));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return xlsx::read(bytes);
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(TableError::OldExcel);
    }
    csv::read(bytes)
}

/// Collects rows into a table, under the limits.
struct Collector {
    headers: Option<Vec<String>>,
    rows: Vec<Row>,
}

impl Collector {
    fn new() -> Self {
        Collector {
            headers: None,
            rows: Vec::new(),
        }
    }

    /// Takes the next row; blank ones are left out.
    fn take(&mut self, line_no: usize, mut cells: Vec<String>) -> Result<(), TableError> {
        let used = cells.iter().rposition(|c| !c.is_empty()).map_or(0, |i| i + 1);
        if used == 0 {
            return Ok(());
        }
        if used > MAX_COLUMNS {
            return Err(TableError::Columns { line: line_no });
        }
        cells.truncate(used);
        let Some(headers) = &self.headers else {
            self.headers = Some(named(line_no, cells)?);
            return Ok(());
        };
        if used > headers.len() {
            let extra = cells[headers.len()..].iter().position(|c| !c.is_empty());
            return Err(TableError::Nameless {
                line: line_no,
                column: headers.len() + extra.unwrap_or(0) + 1,
            });
        }
        if self.rows.len() == MAX_ROWS {
            return Err(TableError::Rows);
        }
        cells.resize(headers.len(), String::new());
        cells.shrink_to_fit();
        self.rows.push(Row { line_no, cells });
        Ok(())
    }

    fn finish(self, read_as: &'static str) -> Result<Table, TableError> {
        Ok(Table {
            headers: self.headers.ok_or(TableError::Empty)?,
            rows: self.rows,
            read_as,
        })
    }
}

fn named(line: usize, headers: Vec<String>) -> Result<Vec<String>, TableError> {
    for (i, name) in headers.iter().enumerate() {
        if name.is_empty() {
            return Err(TableError::Nameless { line, column: i + 1 });
        }
        if let Some(first) = headers[..i].iter().position(|h| h == name) {
            return Err(TableError::Twice {
                name: name.chars().take(60).collect(),
                first: first + 1,
                second: i + 1,
            });
        }
    }
    Ok(headers)
}

/// A cell's text as kept: trimmed, within the limit.
fn cell(text: &str, line: usize, column: usize) -> Result<String, TableError> {
    let text = text.trim();
    if text.len() > MAX_CELL && text.chars().count() > MAX_CELL {
        return Err(TableError::Cell { line, column });
    }
    Ok(text.to_owned())
}

/// A column as spreadsheets call it: 1 is A, 27 is AA.
pub fn letter(column: usize) -> String {
    let (mut rest, mut name) = (column, Vec::new());
    while rest > 0 {
        rest -= 1;
        name.push(char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    name.iter().rev().collect()
}

#[cfg(test)]
mod tests;
