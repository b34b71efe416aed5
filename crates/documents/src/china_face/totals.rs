//! Totals on the face, of invoices and of tickets.

use crate::china::{Found, Raw};
use crate::sheet::{Cell, Mark, Row};

use super::{after_colon, first, found};

/// The amounts of a row from a mark on. Signs of currency part them even where they touch.
fn amounts(row: &Row, from: usize) -> Vec<Cell> {
    let mut all = Vec::new();
    let mut at = from;
    while at < row.marks.len() {
        let run = row.run(at, 0.9);
        let sign = run.iter().skip(1).position(|m| m.folded == '¥');
        let run = &run[..sign.map_or(run.len(), |s| s + 1)];
        at += run.len();
        let code = run.iter().take(3).map(|m| m.folded).eq("cny".chars());
        let run = &run[if code { 3 } else { 0 }..];
        let bare: Vec<Mark> = run.iter().filter(|m| m.folded != '¥').copied().collect();
        let text: String = bare.iter().map(|m| m.folded).collect();
        if let (Some(plain), Some(mut cell)) = (plain_amount(&text), row.cell(&bare)) {
            cell.text = plain;
            all.push(cell);
        }
    }
    all
}

/// `1,409.46` or `-85.42` as plain digits; nothing else, and two decimals always.
fn plain_amount(text: &str) -> Option<String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, part) = rest.split_once('.')?;
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if part.len() != 2 || !digits(part) {
        return None;
    }
    let groups: Vec<&str> = whole.split(',').collect();
    let grouped = groups.len() == 1 || (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|g| g.len() == 3);
    if !grouped || !groups.iter().all(|g| digits(g)) || whole.len() > 15 {
        return None;
    }
    Some(format!("{sign}{}.{part}", groups.concat()))
}

pub(super) fn totals(rows: &[Row], texts: &[String], raw: &mut Raw) {
    for (row, text) in rows.iter().zip(texts) {
        if let Some((_, end)) = row.find("小写").first().copied() {
            let all = amounts(row, skip_bracket(row, end));
            if raw.gross.is_none() && all.len() == 1 {
                raw.gross = all.into_iter().next().map(|c| found(c, "价税合计（小写）"));
            }
        }
        if let Some((_, end)) = row.find("大写").first().copied() {
            let at = skip_bracket(row, end);
            let rest = row.marks.get(at..).unwrap_or_default();
            let skip = rest.iter().take_while(|m| !is_numeral(m.folded)).count();
            // Some issuers write （负数） for 负.
            let begin: String = rest[skip..].iter().take(3).map(|m| m.folded).collect();
            let sign = if begin == "负数)" { 3 } else { 0 };
            let run: Vec<Mark> = rest[skip..]
                .iter()
                .enumerate()
                .take_while(|(n, m)| *n < sign || is_numeral(m.folded))
                .map(|(_, m)| *m)
                .collect();
            if raw.gross_in_capitals.is_none() && skip < 4 {
                raw.gross_in_capitals = row.cell(&run).map(|c| found(c, "价税合计（大写）"));
            }
        }
        let whole = text.contains("合计") && !text.contains("价税合计") && !text.contains("小写");
        if let (true, Some((_, end))) = (whole, row.find("合计").first().copied()) {
            let all = amounts(row, end);
            let hidden = row.find("***").first().map(|(start, _)| row.marks[*start].left);
            let mut all = all.into_iter();
            match (all.next(), all.next(), all.next()) {
                (Some(net), Some(tax), None) if raw.net.is_none() => {
                    raw.net = Some(found(net, "合计金额"));
                    raw.tax = Some(found(tax, "合计税额"));
                }
                // Beside *** stands the other one of the two.
                (Some(one), None, None) if raw.net.is_none() && raw.tax.is_none() => match hidden {
                    Some(stars) if one.left < stars => raw.net = Some(found(one, "合计金额")),
                    Some(_) => raw.tax = Some(found(one, "合计税额")),
                    None => {}
                },
                _ => {}
            }
        }
    }
    if texts.iter().any(|t| t.contains("铁路电子客票")) && raw.gross.is_none() {
        raw.gross = first(rows, &["票价"], |row, end| {
            amounts(row, after_colon(row, end)).into_iter().next()
        });
    }
    if texts.iter().any(|t| t.contains("航空运输电子客票")) {
        air(rows, raw);
    }
}

/// An air ticket: labels head columns, or stand before their amounts.
fn air(rows: &[Row], raw: &mut Raw) {
    let column = |labels: &[&str]| -> Option<Found> {
        for label in labels {
            for (n, row) in rows.iter().enumerate() {
                let Some((start, end)) = row.find(label).first().copied() else {
                    continue;
                };
                let (left, right) = (row.marks[start].left, row.marks[end - 1].right);
                let next = amounts(row, end).into_iter().next();
                let beside = next.filter(|c| c.left - right < 3.0 * row.height);
                let below = || {
                    let under = rows.iter().skip(n + 1).take(3);
                    let mut cells = under.flat_map(|r| amounts(r, 0));
                    let slack = 2.0 * row.height;
                    cells.find(|c| c.right > left - slack && c.left < right + slack)
                };
                if let Some(cell) = beside.or_else(below) {
                    return Some(found(cell, label));
                }
            }
        }
        None
    };
    if raw.gross.is_none() {
        raw.gross = column(&["合计"]);
    }
    raw.tax = column(&["增值税税额"]);
    raw.other = column(&["民航发展基金"]);
    raw.net = None;
}

fn skip_bracket(row: &Row, end: usize) -> usize {
    let closing = |m: &Mark| matches!(m.folded, ')' | ']' | ':');
    let rest = row.marks.get(end..).unwrap_or_default();
    end + rest.iter().take_while(|m| closing(m)).count()
}

fn is_numeral(c: char) -> bool {
    "零〇一壹二贰貳三叁叄四肆五伍六陆陸七柒八捌九玖十拾百佰千仟万萬亿億元圆圓角分整正负負".contains(c)
}
