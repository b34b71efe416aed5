//! XLSX: the first visible sheet, cell by cell, so that no sheet can ask for more memory than it has cells.

use std::io::{Cursor, Read};

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use rust_decimal::Decimal;
use zip::ZipArchive;

use super::{Collector, MAX_COLUMNS, MAX_ROWS, Table, TableError, cell};

/// Bytes that a workbook may unpack to.
const MAX_UNPACKED: u64 = 400 << 20;
/// How many times its packed size a large part may unpack to.
const MAX_RATIO: u64 = 200;
/// Below this a part's ratio tells nothing.
const SMALL: u64 = 8 << 20;
/// Files in a workbook.
const MAX_PARTS: usize = 2000;

pub fn read(bytes: &[u8]) -> Result<Table, TableError> {
    measure(bytes)?;
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).map_err(broken)?;
    let sheet = book
        .sheets_metadata()
        .iter()
        .find(|s| s.visible == SheetVisible::Visible && s.typ == SheetType::WorkSheet)
        .map(|s| s.name.clone())
        .ok_or(TableError::Empty)?;
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(broken)?;
    let mut table = Collector::new();
    let (mut row, mut line) = (Vec::new(), 0);
    while let Some(found) = cells.next_cell().map_err(broken)? {
        let (at, column) = found.get_position();
        let (at, column) = (at as usize + 1, column as usize);
        if at != line {
            // A sheet's rows rise; one that goes back is not made by a spreadsheet.
            if at < line {
                return Err(TableError::Broken(format!("row {at} comes after row {line}")));
            }
            table.take(line, std::mem::take(&mut row))?;
            line = at;
        }
        let text = shown(found.get_value(), line, column + 1)?;
        if text.is_empty() {
            continue;
        }
        if column >= MAX_COLUMNS {
            return Err(TableError::Columns { line });
        }
        if row.len() <= column {
            row.resize(column + 1, String::new());
        }
        row[column] = cell(&text, line, column + 1)?;
    }
    table.take(line, row)?;
    debug_assert!(table.rows.len() <= MAX_ROWS);
    table.finish("XLSX")
}

/// Unpacks everything once, keeping nothing: what an archive says about its sizes may be a lie.
fn measure(bytes: &[u8]) -> Result<(), TableError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken_zip())?;
    if archive.len() > MAX_PARTS {
        return Err(TableError::Bomb);
    }
    let mut total = 0;
    for i in 0..archive.len() {
        let part = archive.by_index(i).map_err(|_| broken_zip())?;
        let packed = part.compressed_size();
        let limit = (packed.saturating_mul(MAX_RATIO)).max(SMALL).min(MAX_UNPACKED - total);
        let size = std::io::copy(&mut part.take(limit + 1), &mut std::io::sink()).map_err(|_| broken_zip())?;
        if size > limit {
            return Err(TableError::Bomb);
        }
        total += size;
    }
    Ok(())
}

fn shown(value: &DataRef<'_>, line: usize, column: usize) -> Result<String, TableError> {
    Ok(match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(whole) => whole.to_string(),
        DataRef::Float(number) => number_text(*number),
        DataRef::Bool(yes) => if *yes { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::DateTime(at) => moment(at),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => {
            return Err(TableError::Formula {
                line,
                column,
                error: error.to_string(),
            });
        }
    })
}

/// A number as Excel shows it unformatted: 15 significant digits, no exponent where digits will do.
fn number_text(number: f64) -> String {
    let rounded = format!("{number:.14e}");
    match Decimal::from_scientific(&rounded) {
        Ok(exact) => exact.normalize().to_string(),
        Err(_) => number.to_string(),
    }
}

/// `2026-11-24`, `2026-11-24T18:05:00`, or `26:30:00` for a time or duration.
fn moment(at: &ExcelDateTime) -> String {
    let value = at.as_f64();
    if at.is_duration() || (0.0..1.0).contains(&value) {
        let seconds = (value * 86_400.0).round() as i64;
        let (sign, seconds) = (if seconds < 0 { "-" } else { "" }, seconds.abs());
        return format!(
            "{sign}{:02}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        );
    }
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (hour, minute, second) {
        (0, 0, 0) => date,
        _ => format!("{date}T{hour:02}:{minute:02}:{second:02}"),
    }
}

fn broken(error: XlsxError) -> TableError {
    match error {
        XlsxError::Password => TableError::OldExcel,
        other => TableError::Broken(crate::http::one_line(&other.to_string())),
    }
}

fn broken_zip() -> TableError {
    TableError::Broken("its archive cannot be unpacked".into())
}
