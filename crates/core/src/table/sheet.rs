//! A decision table as a sheet (XLSX or CSV), the way people keep them.
//!
//! The first row is the heading. Its first cell is the hit policy, with the table's name behind it if it likes: `F 住宿标准`. Each further
//! cell heads a column: the name of an input, `→ name` (or `=> name`) for an output, `# anything` for remarks. Of the rows below, those
//! whose first cell is `type` (类型), `values` (取值) or `default` (默认) tell of the columns; all others are rules, the first cell a name.
//!
//! Types are number (数字, 金额), string (text, 文本), boolean (是否), date (日期), or any of DMN's names. In a column of texts quotes may be left
//! out, and commas may be Chinese: `北京，上海`. In a column of days, days stand as `2026-03-01`. `≥`, `≤`, 是 and 否 are understood.

use super::model::{HitPolicy, Input, Output, Row, Table};
use super::problem::{Place, Problem, ProblemKind, TableError};
use crate::feel::{Kind, Value};

enum Use {
    Input,
    Output,
    Note,
}

/// Reads a sheet: its heading, and its rows. `id` becomes the table's.
pub fn read_sheet(id: &str, headers: &[String], rows: &[Vec<String>]) -> Result<Table, TableError> {
    let fail = |kind| TableError {
        problems: vec![Problem {
            place: Place::of(id),
            kind,
        }],
    };
    let corner = headers.first().map(|h| h.trim()).unwrap_or_default();
    let (sign, name) = corner.split_once(char::is_whitespace).unwrap_or((corner, id));
    let hit = HitPolicy::parse(sign).ok_or_else(|| fail(ProblemKind::HitPolicy(sign.to_owned())))?;
    let columns: Vec<(Use, String)> = headers.iter().skip(1).map(|h| heading(h)).collect();
    if columns.is_empty() {
        return Err(fail(ProblemKind::Sheet(
            "write the inputs and outputs beside the hit policy".into(),
        )));
    }
    let told = |words: [&str; 2]| {
        let first = |row: &&Vec<String>| {
            row.first()
                .is_some_and(|c| words.contains(&c.trim().to_lowercase().as_str()))
        };
        rows.iter().find(first)
    };
    let (types, values, defaults) = (
        told(["type", "类型"]),
        told(["values", "取值"]),
        told(["default", "默认"]),
    );
    let cell = |row: Option<&Vec<String>>, column: usize| -> String {
        row.and_then(|r| r.get(column + 1))
            .map(|c| c.trim().to_owned())
            .unwrap_or_default()
    };
    let kinds: Vec<String> = (0..columns.len()).map(|c| kind(&cell(types, c))).collect();
    let mut table = Table {
        id: id.to_owned(),
        name: name.trim().to_owned(),
        hit,
        ..Table::default()
    };
    for (c, (used, name)) in columns.iter().enumerate() {
        let allowed = tests(&cell(values, c), &kinds[c]);
        match used {
            Use::Input => table.inputs.push(Input {
                expression: name.clone(),
                kind: kinds[c].clone(),
                allowed,
                ..Input::default()
            }),
            Use::Output => table.outputs.push(Output {
                name: name.clone(),
                kind: kinds[c].clone(),
                allowed,
                default: answer(&cell(defaults, c), &kinds[c]),
                ..Output::default()
            }),
            Use::Note => {}
        }
    }
    let special = [types, values, defaults];
    for row in rows {
        if special.iter().flatten().any(|s| std::ptr::eq(*s, row)) || row.iter().all(|c| c.trim().is_empty()) {
            continue;
        }
        let mut made = Row {
            id: row.first().map(|c| c.trim().to_owned()).unwrap_or_default(),
            ..Row::default()
        };
        for (c, (used, _)) in columns.iter().enumerate() {
            let text = cell(Some(row), c);
            match used {
                Use::Input if text.is_empty() => made.inputs.push("-".into()),
                Use::Input => made.inputs.push(tests(&text, &kinds[c])),
                Use::Output => made.outputs.push(answer(&text, &kinds[c])),
                Use::Note => made.note = text,
            }
        }
        table.rows.push(made);
    }
    Ok(table)
}

/// A table as a sheet that [`read_sheet`] reads as the same table, but for ids of columns and what is read from a heading: its heading,
/// and its rows. Texts stand without quotes where they need none.
pub fn write_sheet(table: &Table) -> (Vec<String>, Vec<Vec<String>>) {
    let name = |label: &str, name: &str| if label.is_empty() { name } else { label }.to_owned();
    let mut heads = vec![format!("{} {}", table.hit.sign(), table.name).trim().to_owned()];
    heads.extend(table.inputs.iter().map(|i| name(&i.label, &i.expression)));
    heads.extend(table.outputs.iter().map(|o| format!("→ {}", name(&o.label, &o.name))));
    let has_notes = table.rows.iter().any(|r| !r.note.is_empty());
    let noted = |mut row: Vec<String>, note: &str| {
        if has_notes {
            row.push(note.to_owned());
        }
        row
    };
    let kinds = || {
        let inputs = table.inputs.iter().map(|i| i.kind.as_str());
        inputs.chain(table.outputs.iter().map(|o| o.kind.as_str()))
    };
    let mut rows = Vec::new();
    let mut tell = |first: &str, cells: Vec<String>| {
        if cells.iter().any(|c| !c.is_empty()) {
            let mut row = vec![first.to_owned()];
            row.extend(cells);
            rows.push(noted(row, ""));
        }
    };
    tell("type", kinds().map(str::to_owned).collect());
    let allowed = table.inputs.iter().map(|i| bare(&i.allowed, &i.kind, tests));
    let listed = table.outputs.iter().map(|o| bare(&o.allowed, &o.kind, tests));
    tell("values", allowed.chain(listed).collect());
    let defaults = table.outputs.iter().map(|o| bare(&o.default, &o.kind, answer));
    tell(
        "default",
        vec![String::new(); table.inputs.len()]
            .into_iter()
            .chain(defaults)
            .collect(),
    );
    for row in &table.rows {
        // A rule by the name of what tells of the columns would be read as that.
        let special = ["type", "类型", "values", "取值", "default", "默认"].contains(&&*row.id.trim().to_lowercase());
        let asked = row
            .inputs
            .iter()
            .zip(&table.inputs)
            .map(|(t, i)| bare(t, &i.kind, tests));
        let answers = row
            .outputs
            .iter()
            .zip(&table.outputs)
            .map(|(t, o)| bare(t, &o.kind, answer));
        let id = if special { String::new() } else { row.id.clone() };
        let cells = std::iter::once(id).chain(asked).chain(answers).collect();
        rows.push(noted(cells, &row.note));
    }
    if has_notes {
        heads.push("# note".into());
    }
    (heads, rows)
}

/// A cell without the quotes that it is read with, if it is read as the same without them.
fn bare(text: &str, kind: &str, read: fn(&str, &str) -> String) -> String {
    let without = text.replace('"', "");
    let plain = match Kind::parse(kind) {
        Some(Kind::Date) => without.replace("date(", "").replace(')', ""),
        _ => without,
    };
    if read(&plain, kind) == text {
        plain
    } else {
        text.to_owned()
    }
}

fn heading(text: &str) -> (Use, String) {
    let text = text.trim();
    if let Some(name) = text.strip_prefix('→').or_else(|| text.strip_prefix("=>")) {
        (Use::Output, name.trim().to_owned())
    } else if text.starts_with('#') {
        (Use::Note, String::new())
    } else {
        (Use::Input, text.to_owned())
    }
}

/// A type in a table, by the words that people use.
fn kind(text: &str) -> String {
    match text.to_lowercase().as_str() {
        "数字" | "金额" => "number",
        "text" | "文本" | "文字" => "string",
        "是否" | "bool" => "boolean",
        "日期" => "date",
        "时间" => "time",
        _ => return text.to_owned(),
    }
    .to_owned()
}

/// What a cell asks, in FEEL.
fn tests(text: &str, kind: &str) -> String {
    let text = signs(text);
    if text.is_empty() || text == "-" {
        return text;
    }
    match Kind::parse(kind) {
        Some(Kind::String) if !text.contains('"') => {
            let inside = text.strip_prefix("not(").and_then(|t| t.strip_suffix(')'));
            let list: Vec<String> = inside.unwrap_or(&text).split([',', '、']).map(quoted).collect();
            let list = list.join(", ");
            if inside.is_some() { format!("not({list})") } else { list }
        }
        Some(Kind::Date) => days(&text),
        Some(Kind::Boolean) => truth(&text),
        _ => text,
    }
}

/// What a cell answers, in FEEL.
fn answer(text: &str, kind: &str) -> String {
    let written = signs(text);
    match Kind::parse(kind) {
        _ if written.is_empty() => written,
        // An answer may hold commas.
        Some(Kind::String) if !written.contains('"') => quoted(text),
        Some(Kind::Date) => days(&written),
        Some(Kind::Boolean) => truth(&written),
        _ => written,
    }
}

fn quoted(text: &str) -> String {
    match text.trim() {
        "null" => "null".to_owned(),
        text => Value::text(text).to_string(),
    }
}

fn truth(text: &str) -> String {
    match text {
        "是" | "TRUE" => "true".to_owned(),
        "否" | "FALSE" => "false".to_owned(),
        other => other.to_owned(),
    }
}

/// Signs that people type, as FEEL knows them.
pub(crate) fn signs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            '≥' => out.push_str(">="),
            '≤' => out.push_str("<="),
            '≠' => out.push_str("!="),
            '，' => out.push(','),
            '（' => out.push('('),
            '）' => out.push(')'),
            '＞' => out.push('>'),
            '＜' => out.push('<'),
            '＝' => out.push('='),
            '％' => out.push('%'),
            '“' | '”' => out.push('"'),
            c => out.push(c),
        }
    }
    out
}

/// `2026-03-01` outside quotes becomes `date("2026-03-01")`.
pub(crate) fn days(text: &str) -> String {
    if text.contains('"') {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let day = rest.get(..10).filter(|d| crate::feel::date(d).is_some());
        if let Some(day) = day {
            out.push_str(&format!("date(\"{day}\")"));
            rest = &rest[10..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}
