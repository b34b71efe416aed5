//! Chinese invoices by what their face shows: labels and the text beside them, or the text that OFD tags point at.

mod items;
mod parties;
mod tags;
mod totals;

use crate::china::{Found, Raw, RawTravel};
use crate::invoice::SourceKind;
use crate::sheet::{Cell, Mark, Row};

use items::lines;
use parties::parties;
use totals::totals;

pub(crate) use tags::{Tagged, from_tags, named};

const NUMBER: &[&str] = &["数电票号码", "电子发票号码", "发票号码"];
const CODE: &str = "发票代码";
const DATE: &[&str] = &["开票日期", "填开日期"];

/// Collects the invoices that pages show. Pages with neither number nor total belong to the invoice before them.
pub(crate) fn from_rows(pages: Vec<Vec<Row>>) -> Vec<Raw> {
    let mut found: Vec<Raw> = Vec::new();
    for rows in pages {
        for part in parts(rows) {
            let Some(raw) = face(&part) else { continue };
            let same = |before: &&mut Raw| {
                let (a, b) = (before.folded_number(), raw.folded_number());
                b.is_none() || a.is_none() || a == b
            };
            match found.last_mut().filter(same) {
                Some(before) => before.fill(raw, &mut Vec::new()),
                None => found.push(raw),
            }
        }
    }
    found.retain(|raw| raw.number.is_some() || raw.gross.is_some());
    found
}

/// Cuts a page between two invoices, each known by its own number.
fn parts(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let mut starts: Vec<(usize, String)> = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        if let Some(number) = number_in(row)
            && starts.last().is_none_or(|(_, before)| *before != number.text)
        {
            starts.push((i, number.text));
        }
    }
    let mut cuts: Vec<usize> = Vec::new();
    for (i, _) in starts.iter().skip(1) {
        // The title stands up to 20 mm above the number.
        let top = rows[*i].middle - 20.0;
        let cut = rows.iter().position(|r| r.middle > top).unwrap_or(*i);
        cuts.push(cut.max(cuts.last().copied().unwrap_or(0)));
    }
    let mut all = Vec::new();
    let mut rest = rows;
    for cut in cuts.into_iter().rev() {
        all.push(rest.split_off(cut));
    }
    all.push(rest);
    all.reverse();
    all
}

fn number_in(row: &Row) -> Option<Cell> {
    let labels = NUMBER.iter().flat_map(|label| row.find(label));
    let own = labels.filter(|(start, _)| !is_of_another(row, *start));
    own.filter_map(|(_, end)| digits(row, end, &[8, 20])).next()
}

/// Whether a label names the invoice that this one reverses: 被红冲蓝字数电票号码, 对应正数发票代码.
fn is_of_another(row: &Row, start: usize) -> bool {
    let before: String = row.marks[start.saturating_sub(6)..start]
        .iter()
        .map(|m| m.folded)
        .collect();
    ["红冲", "蓝字", "正数", "原"].iter().any(|w| before.contains(w))
}

/// A number of one of these lengths after a label's end.
fn digits(row: &Row, end: usize, lengths: &[usize]) -> Option<Cell> {
    let run = row.run(after_colon(row, end), 1.6);
    let len = run.iter().take_while(|m| m.folded.is_ascii_digit()).count();
    let alone = run.get(len).is_none_or(|m| !m.folded.is_ascii_alphanumeric());
    let near = near(row, end, 14.0);
    let run: Vec<Mark> = run[..len]
        .iter()
        .map(|m| Mark {
            c: m.folded,
            spaced: false,
            ..*m
        })
        .collect();
    let mut cell = row.cell(&run).filter(|_| near && alone && lengths.contains(&len))?;
    cell.text.retain(|c| c.is_ascii_digit());
    Some(cell)
}

fn after_colon(row: &Row, end: usize) -> usize {
    let colon = |m: &Mark| matches!(m.folded, ':' | ';' | '.') && m.right - m.left < 2.0 * m.height;
    if row.marks.get(end).is_some_and(colon) {
        end + 1
    } else {
        end
    }
}

/// Whether what follows a label begins within `most` heights of it.
fn near(row: &Row, end: usize, most: f64) -> bool {
    let at = after_colon(row, end);
    match (at.checked_sub(1).and_then(|b| row.marks.get(b)), row.marks.get(at)) {
        (Some(label), Some(value)) => value.left - label.right <= most * label.height,
        _ => false,
    }
}

fn found(cell: Cell, label: &str) -> Found {
    Found {
        text: cell.text,
        path: label.to_owned(),
        kind: SourceKind::Text,
        place: Some(cell.place),
    }
}

fn face(rows: &[Row]) -> Option<Raw> {
    let texts: Vec<String> = rows.iter().map(Row::folded).collect();
    let says = |word: &str| texts.iter().any(|t| t.contains(word));
    if !says("发票") && !says("电子客票") && !says("行程单") && !says("价税合计") {
        return None;
    }
    let mut raw = Raw {
        number: rows.iter().find_map(number_in).map(|c| found(c, "发票号码")),
        code: first(rows, &[CODE], |row, end| digits(row, end, &[10, 12])),
        issued_on: issued_on(rows),
        ..Raw::default()
    };
    parties(rows, &mut raw);
    totals(rows, &texts, &mut raw);
    raw.lines = lines(rows, &texts);
    if says("铁路电子客票") {
        raw.vehicle.push_str("铁路");
        raw.travel.extend(rail(rows));
    }
    if says("航空运输电子客票") {
        raw.vehicle.push_str("航空");
    }
    raw.remark = remark(rows, &texts);
    Some(raw)
}

/// What `read` finds after the first label that has something.
fn first(rows: &[Row], labels: &[&str], read: impl Fn(&Row, usize) -> Option<Cell>) -> Option<Found> {
    for label in labels {
        for row in rows {
            for (start, end) in row.find(label) {
                if is_of_another(row, start) {
                    continue;
                }
                if let Some(cell) = read(row, end) {
                    return Some(found(cell, label));
                }
            }
        }
    }
    None
}

fn issued_on(rows: &[Row]) -> Option<Found> {
    first(rows, DATE, |row, end| {
        near(row, end, 14.0).then(|| date(row, after_colon(row, end)))?
    })
}

/// A day that begins at a mark: `2026年01月09日`, `2026-01-09`.
fn date(row: &Row, at: usize) -> Option<Cell> {
    let run = row.run(at, 2.0);
    let text: String = run.iter().map(|m| m.folded).collect();
    let len = date_length(&text)?;
    let marks: Vec<Mark> = run[..len]
        .iter()
        .map(|m| Mark {
            c: m.folded,
            spaced: false,
            ..*m
        })
        .collect();
    let mut cell = row.cell(&marks)?;
    cell.text.retain(|c| !c.is_whitespace());
    Some(cell)
}

/// How many characters at the start of a text are a day.
fn date_length(text: &str) -> Option<usize> {
    let chars: Vec<char> = text.chars().collect();
    let digits = |from: usize| {
        chars[from.min(chars.len())..]
            .iter()
            .take_while(|c| c.is_ascii_digit())
            .count()
    };
    if digits(0) == 8 {
        return Some(8);
    }
    if digits(0) != 4 {
        return None;
    }
    let separator = *chars.get(4)?;
    let second = match separator {
        '年' => '月',
        '-' | '/' | '.' => separator,
        _ => return None,
    };
    let month = digits(5);
    if !(1..=2).contains(&month) || chars.get(5 + month) != Some(&second) {
        return None;
    }
    let day = digits(6 + month);
    if !(1..=2).contains(&day) {
        return None;
    }
    let len = 6 + month + day;
    match separator {
        '年' => (chars.get(len) == Some(&'日')).then_some(len + 1),
        _ => Some(len),
    }
}

/// A rail journey: the stations, and the day of departure, which is not the day of issue.
fn rail(rows: &[Row]) -> Option<RawTravel> {
    let mut stations = Vec::new();
    let mut on = None;
    for row in rows {
        for cell in row.cells(1.5) {
            let text = cell.text.replace(' ', "");
            let station = text.ends_with('站') && (3..=9).contains(&text.chars().count());
            if station && !text.contains([':', '：']) {
                stations.push(Found {
                    text: text.clone(),
                    ..found(cell.clone(), "站")
                });
            }
            if text.contains("开") && on.is_none() && text.contains(':') || text.contains('：') && text.ends_with('开')
            {
                on = date(
                    row,
                    row.marks.iter().position(|m| m.folded.is_ascii_digit()).unwrap_or(0),
                );
            }
        }
    }
    let mut stations = stations.into_iter();
    let (from, to) = (stations.next()?, stations.next()?);
    Some(RawTravel {
        from: Some(from),
        to: Some(to),
        on: on.map(|c| found(c, "开")),
        grade: None,
    })
}

/// The row that names a reversed invoice, with the one after it.
fn remark(rows: &[Row], texts: &[String]) -> Option<Found> {
    const SIGNS: [&str; 5] = [
        "被红冲蓝字",
        "对应正数发票",
        "对应蓝字",
        "原蓝字",
        "红字发票信息确认单编号",
    ];
    let at = texts.iter().position(|t| SIGNS.iter().any(|s| t.contains(s)))?;
    let next = texts.get(at + 1).map_or("", String::as_str);
    Some(Found {
        text: format!("{} {next}", texts[at]),
        path: "备注".to_owned(),
        kind: SourceKind::Text,
        place: rows[at].cell(&rows[at].marks).map(|c| c.place),
    })
}
