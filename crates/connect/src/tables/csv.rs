//! CSV as Excel, databases and CRMs write it.

use ::csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::{Collector, MAX_COLUMNS, Table, TableError, cell, text};

/// True for text that a spreadsheet would run, and for such text behind apostrophes: the writer puts one before it,
/// the reader takes one away.
pub fn runs_as_formula(text: &str) -> bool {
    let bare = text.trim_start_matches('\'');
    bare.starts_with(['\t', '\r'])
        || bare
            .trim_start()
            .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

pub fn read(bytes: &[u8]) -> Result<Table, TableError> {
    let (text, read_as) = text::decode(bytes)?;
    let (said, skipped) = said_separator(&text);
    let text = &text[skipped..];
    let lines_skipped = usize::from(skipped > 0);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(said.unwrap_or_else(|| separator(text)))
        .from_reader(text.as_bytes());
    let mut table = Collector::new();
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(broken)? {
        let (line, begin) = place(&record, text);
        let line_no = line + lines_skipped;
        if record.len() > MAX_COLUMNS && record.iter().skip(MAX_COLUMNS).any(|c| !c.trim().is_empty()) {
            return Err(TableError::Columns { line: line_no });
        }
        let is_last = reader.position().byte() as usize >= text.len();
        if is_last && text[begin..].matches('"').count() % 2 == 1 && text[begin..].trim_end().contains('\n') {
            return Err(TableError::Quote { line: line_no });
        }
        let cells = record
            .iter()
            .take(MAX_COLUMNS)
            .enumerate()
            .map(|(i, c)| cell(unguarded(c), line_no, i + 1))
            .collect::<Result<_, _>>()?;
        table.take(line_no, cells)?;
    }
    table.finish(read_as)
}

/// The line on which a record begins, and its first byte; blank lines before it are not counted to it.
fn place(record: &StringRecord, text: &str) -> (usize, usize) {
    let Some(position) = record.position() else {
        return (1, 0);
    };
    let (mut line, mut byte) = (position.line() as usize, position.byte() as usize);
    for b in text.as_bytes().iter().skip(byte) {
        match b {
            b'\n' => line += 1,
            b'\r' => {}
            _ => break,
        }
        byte += 1;
    }
    (line, byte)
}

/// Excel's first line `sep=;`: the separator, and where the table begins.
fn said_separator(text: &str) -> (Option<u8>, usize) {
    let first = text.split_inclusive('\n').next().unwrap_or_default();
    match first.trim_end_matches(['\r', '\n']).as_bytes() {
        [b's', b'e', b'p', b'=', said @ (b',' | b';' | b'\t')] => (Some(*said), first.len()),
        _ => (None, 0),
    }
}

/// The separator that the first line with text in it has most of, outside quotation marks.
fn separator(text: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let (mut quoted, mut began) = (false, false);
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted && began => break,
            _ if quoted => {}
            _ => {
                for (separator, count) in &mut counts {
                    *count += usize::from(*separator == byte);
                }
            }
        }
        began |= !byte.is_ascii_whitespace();
    }
    // On equal counts the earlier one, the comma first.
    let mut best = counts[0];
    for count in counts {
        if count.1 > best.1 {
            best = count;
        }
    }
    best.0
}

fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if runs_as_formula(rest) => rest,
        _ => text,
    }
}

fn broken(error: ::csv::Error) -> TableError {
    match error.kind() {
        ErrorKind::Utf8 { pos, .. } => TableError::Encoding {
            line: pos.as_ref().map_or(1, |p| p.line() as usize),
            encoding: "UTF-8",
        },
        _ => TableError::Broken(error.to_string()),
    }
}
