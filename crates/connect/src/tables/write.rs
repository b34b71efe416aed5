//! Tables out, for people with a spreadsheet.

use std::io::Write;

use jiff::civil::{Date, DateTime};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::{TableError, csv::runs_as_formula};

/// What a cell holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text, never run as a formula.
    Text(String),
    /// An exact number, shown with its decimals.
    Number(Decimal),
    /// A day.
    Date(Date),
    /// A day with a time, in whatever zone the header says.
    DateTime(DateTime),
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell::Text(text.into())
    }
}

/// Digits that the numbers of a spreadsheet hold; longer ones are written as text.
const EXACT_DIGITS: usize = 15;

/// Writes CSV in UTF-8 with a byte order mark, without which Excel garbles Chinese; separated by commas, lines end
/// with CR LF. Text that a spreadsheet would run as a formula gets an apostrophe, which [`super::read`] takes away.
pub fn write_csv<W: Write>(
    mut out: W,
    headers: &[&str],
    rows: impl IntoIterator<Item = Vec<Cell>>,
) -> Result<(), TableError> {
    out.write_all("\u{feff}".as_bytes()).map_err(failed)?;
    let mut writer = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(out);
    writer
        .write_record(headers.iter().map(|h| guarded(h)))
        .map_err(failed)?;
    for row in rows {
        writer.write_record(row.iter().map(plain)).map_err(failed)?;
    }
    writer.flush().map_err(failed)
}

/// Writes a workbook with one sheet, its header frozen.
pub fn write_xlsx(
    sheet: &str,
    headers: &[&str],
    rows: impl IntoIterator<Item = Vec<Cell>>,
) -> Result<Vec<u8>, TableError> {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.set_name(sheet).map_err(failed)?;
    page.set_freeze_panes(1, 0).map_err(failed)?;
    let bold = Format::new().set_bold();
    for (column, name) in (0..).zip(headers) {
        page.write_string_with_format(0, column, *name, &bold).map_err(failed)?;
    }
    let styles = Styles::new();
    for (line, row) in (1..).zip(rows) {
        for (column, value) in (0..).zip(&row) {
            put(page, line, column, value, &styles).map_err(failed)?;
        }
    }
    book.save_to_buffer().map_err(failed)
}

struct Styles {
    date: Format,
    moment: Format,
    /// By number of decimals.
    numbers: Vec<Format>,
}

impl Styles {
    fn new() -> Self {
        let number = |decimals: usize| match decimals {
            0 => "0".to_owned(),
            n => format!("0.{}", "0".repeat(n)),
        };
        Styles {
            date: Format::new().set_num_format("yyyy-mm-dd"),
            moment: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            numbers: (0..=EXACT_DIGITS)
                .map(|n| Format::new().set_num_format(number(n)))
                .collect(),
        }
    }
}

fn put(page: &mut Worksheet, line: u32, column: u16, value: &Cell, styles: &Styles) -> Result<(), XlsxError> {
    match value {
        Cell::Empty => {}
        Cell::Text(text) => {
            page.write_string(line, column, text)?;
        }
        Cell::Number(number) => {
            let digits = number.mantissa().unsigned_abs().to_string().len();
            let style = styles.numbers.get(number.scale() as usize);
            match (style, number.to_f64()) {
                (Some(style), Some(float)) if digits <= EXACT_DIGITS => {
                    page.write_number_with_format(line, column, float, style)?;
                }
                _ => {
                    page.write_string(line, column, number.to_string())?;
                }
            }
        }
        Cell::Date(day) => {
            let date = excel_date(*day)?;
            page.write_datetime_with_format(line, column, &date, &styles.date)?;
        }
        Cell::DateTime(at) => {
            let moment = excel_date(at.date())?.and_hms(
                u16::from(at.hour().unsigned_abs()),
                at.minute().unsigned_abs(),
                f64::from(at.second()),
            )?;
            page.write_datetime_with_format(line, column, &moment, &styles.moment)?;
        }
    }
    Ok(())
}

fn excel_date(day: Date) -> Result<ExcelDateTime, XlsxError> {
    ExcelDateTime::from_ymd(
        day.year().unsigned_abs(),
        day.month().unsigned_abs(),
        day.day().unsigned_abs(),
    )
}

fn plain(value: &Cell) -> String {
    match value {
        Cell::Empty => String::new(),
        Cell::Text(text) => guarded(text),
        Cell::Number(number) => number.to_string(),
        Cell::Date(day) => day.to_string(),
        Cell::DateTime(at) => at.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
    }
}

fn guarded(text: &str) -> String {
    if runs_as_formula(text) {
        return format!("'{text}");
    }
    text.to_owned()
}

fn failed(error: impl std::fmt::Display) -> TableError {
    TableError::Write(crate::http::one_line(&error.to_string()))
}
