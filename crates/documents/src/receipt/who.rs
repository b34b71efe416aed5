//! Who sold, and where: the head of a receipt.

use super::amounts::scan;
use super::rows::Row;
use super::words::{ENDS, FORMS, PLACES, TRADES};

/// A text that was put together from rows.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) text: String,
    /// The lines, among those read, that it was read from.
    pub(crate) lines: Vec<usize>,
    /// The rows it was read from: first and one past the last.
    rows: (usize, usize),
}

/// How many rows are looked at.
const HEAD: usize = 16;

const PLACES_HAN: &[char] = &[
    '路', '街', '号', '區', '区', '镇', '楼', '室', '层', '市', '省', '县', '巷', '弄',
];

fn any(text: &str, all: &[&str]) -> bool {
    all.iter().any(|w| text.contains(w))
}

/// Whether a word of a list stands in a text as a word of its own.
fn word(text: &str, all: &[&str]) -> bool {
    let part = |c: char| !(c.is_alphanumeric() || c == '/' || c == '&');
    all.iter().any(|w| {
        let han = !w.is_ascii();
        let spaced = w.contains([' ', '/', '.']);
        if han || spaced {
            return text.contains(w);
        }
        text.split(part).any(|t| t.trim_matches(['.', '&', '/']) == *w)
    })
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphabetic()).count()
}

fn digits(text: &str) -> usize {
    text.chars().filter(char::is_ascii_digit).count()
}

/// The rows that may hold name and address: from the top down to the first thing bought.
fn head(rows: &[Row]) -> &[Row] {
    let bought = |r: &Row| {
        any(
            &r.low,
            &[
                "qty",
                "description",
                "desc/",
                "unit price",
                "u/price",
                "u.price",
                "amount",
                "subtotal",
                "sub total",
                "数量",
                "单价",
            ],
        )
    };
    let end = rows.iter().position(bought).unwrap_or(rows.len());
    &rows[..end.min(HEAD)]
}

/// Whether a row may be (part of) a name.
fn may_be_name(row: &Row) -> bool {
    let low = &row.low;
    letters(low) >= 3
        && letters(low) > digits(low)
        && scan(low).is_empty()
        && !any(low, ENDS)
        && !is_place(row)
        && !any(low, &["thank", "page "])
}

/// Whether a row reads like a part of an address.
fn is_place(row: &Row) -> bool {
    let low = &without_registration(&row.low);
    let form = word(low, &["sdn bhd", "sdn. bhd", "bhd", "ltd", "gmbh", "inc", "有限公司"]);
    let begins_with_number = low.chars().next().is_some_and(|c| c.is_ascii_digit()) && low.contains(',');
    let numbered = digits(low) > 0 && word(low, PLACES) || begins_with_number;
    let several = low
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| PLACES.contains(w))
        .count()
        > 1;
    let han = low.chars().filter(|c| PLACES_HAN.contains(c)).count() >= 2;
    !form && letters(low) >= 2 && (numbered || several || han || postcode(low))
}

/// Whether a row holds a postcode, as five or six digits of their own with words beside them.
fn postcode(low: &str) -> bool {
    let run = |t: &str| (5..=6).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    low.split(|c: char| !c.is_alphanumeric()).any(run) && letters(low) >= 4
}

/// A registration number in brackets or alone, such as `(126926-H)`.
fn is_registration(low: &str) -> bool {
    let core = low.trim_matches(|c: char| !c.is_alphanumeric());
    digits(core) >= 4 && letters(core) <= 2 && core.chars().count() <= 18
}

/// A text without a registration number in brackets.
fn without_registration(low: &str) -> String {
    match (low.find('('), low.rfind(')')) {
        (Some(open), Some(close)) if open < close && is_registration(&low[open..=close]) => {
            format!("{}{}", &low[..open], &low[close + 1..])
        }
        _ => low.to_owned(),
    }
}

/// A name without what stands in brackets after it and holds digits.
fn clean_name(text: &str) -> String {
    let mut name = text.trim();
    while let Some(open) = name.rfind(['(', '[', '{']) {
        let inside = &name[open..];
        if digits(inside) < 4 {
            break;
        }
        name = name[..open].trim_end();
    }
    // The bracket may have been misread: a last word that is a registration number.
    if let Some((before, last)) = name.rsplit_once(' ')
        && is_registration(last)
        && digits(last) >= 5
    {
        name = before.trim_end();
    }
    name.trim_end_matches([',', ':', ';', '-', '.', '*'])
        .trim_start_matches(['*', '.', ',', '-', ' '])
        .to_owned()
}

/// Who sold.
pub(crate) fn company(rows: &[Row]) -> Option<Named> {
    let head = head(rows);
    let stop = head.iter().position(is_place).unwrap_or(head.len()).max(1);
    let names: Vec<(usize, f32)> = head[..stop.min(head.len())]
        .iter()
        .enumerate()
        .filter(|(_, r)| may_be_name(r))
        .map(|(n, r)| (n, name_points(r, n, head)))
        .collect();
    let &(at, _) = names.iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
    let mut text = clean_name(&head[at].text);
    let mut end = at + 1;
    // A name too long for its row ends in the next one.
    if let Some(next) = head.get(end) {
        let alone = clean_name(&next.text).to_lowercase();
        let only_form = letters(&alone) >= 2 && FORMS.contains(&alone.trim_end_matches('.'));
        if only_form {
            text = format!("{text} {}", clean_name(&next.text));
            end += 1;
        }
    }
    let lines: Vec<usize> = head[at..end]
        .iter()
        .flat_map(|r| r.words.iter().map(|w| w.line))
        .collect();
    (!text.is_empty()).then_some(Named {
        text,
        lines,
        rows: (at, end),
    })
}

fn name_points(row: &Row, n: usize, head: &[Row]) -> f32 {
    let mut points = 3.0 - 0.5 * n as f32;
    if word(&row.low, FORMS) {
        points += 3.0;
    }
    if word(&row.low, TRADES) {
        points += 2.0;
    }
    let largest = head.iter().take(6).map(|r| r.height).fold(0.0, f32::max);
    if row.height > 0.9 * largest {
        points += 1.0;
    }
    // Written by hand, or stamped over.
    let capitals = row.text.chars().filter(|c| c.is_uppercase()).count();
    if capitals == 0 && row.text.is_ascii() {
        points -= 2.0;
    }
    if row.words.len() > 1 {
        points -= 0.5;
    }
    points
}

/// Where it was sold: the rows after the name that read like an address, up to what comes next.
pub(crate) fn address(rows: &[Row], company: Option<&Named>) -> Option<Named> {
    let head = head(rows);
    let after = company.map_or(0, |c| c.rows.1);
    let begins = |row: &Row| is_place(row) && !is_registration(&row.low) && !before_end(row).0.is_empty();
    let start = (after..head.len()).find(|n| begins(&head[*n]))?;
    let mut parts: Vec<String> = Vec::new();
    let mut lines = Vec::new();
    let mut end = start;
    let mut coded = false;
    for row in &head[start..] {
        let (kept, ends) = before_end(row);
        // After the town only what still reads like a place belongs to it.
        let goes_on = !coded || is_place(row) || parts.last().is_some_and(|p| p.ends_with(',')) || is_short(&row.low);
        if is_registration(&row.low) || kept.is_empty() || !goes_on || letters(&kept) < 2 && !postcode(&row.low) {
            break;
        }
        lines.extend(row.words.iter().map(|w| w.line));
        coded |= postcode(&row.low);
        parts.push(kept);
        end += 1;
        if ends || parts.len() >= 6 {
            break;
        }
    }
    let text = parts.join(" ");
    (letters(&text) >= 4).then_some(Named {
        text,
        lines,
        rows: (start, end),
    })
}

/// A row of one or two words, as the province or the country below the town, or words in brackets.
fn is_short(low: &str) -> bool {
    let bracketed = low.starts_with('(') && low.ends_with(')');
    digits(low) == 0 && (bracketed || low.split_whitespace().count() <= 2)
}

/// A row up to the first word of something else, and whether there is one.
fn before_end(row: &Row) -> (String, bool) {
    let found = ENDS
        .iter()
        .filter_map(|e| row.low.find(e).map(|at| row.low[..at].chars().count()))
        .min();
    match found {
        Some(at) => {
            let text: String = row.text.chars().take(at).collect();
            let text = text
                .trim_end_matches(|c: char| !c.is_alphanumeric() && c != ',' && c != '.')
                .trim();
            (
                if letters(text) >= 5 {
                    text.to_owned()
                } else {
                    String::new()
                },
                true,
            )
        }
        None => (row.text.trim().to_owned(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receipt::rows::rows;
    use crate::receipt::rows::tests::lines;

    fn of(texts: &[&str]) -> (Option<String>, Option<String>) {
        let placed: Vec<(&str, f32, f32)> = texts
            .iter()
            .enumerate()
            .map(|(n, t)| (*t, 0.0, 30.0 * n as f32))
            .collect();
        let rows = rows(&lines(&placed));
        let company = company(&rows);
        let address = address(&rows, company.as_ref());
        (company.map(|c| c.text), address.map(|a| a.text))
    }

    #[test]
    fn the_head_of_a_receipt() {
        let (company, address) = of(&[
            "TAX INVOICE",
            "ACME NOODLE HOUSE",
            "BLUE RIVER FOODS SDN BHD (123456-X)",
            "NO. 12, JALAN BUNGA 3/1,",
            "TAMAN ANGGERIK,",
            "47100 PUCHONG, SELANGOR.",
            "TEL: 03-1234567",
            "TOTAL 12.00",
        ]);
        assert_eq!(company.as_deref(), Some("BLUE RIVER FOODS SDN BHD"));
        assert_eq!(
            address.as_deref(),
            Some("NO. 12, JALAN BUNGA 3/1, TAMAN ANGGERIK, 47100 PUCHONG, SELANGOR.")
        );
        let (company, address) = of(&[
            "蓝河餐饮有限公司",
            "上海市黄浦区南京路12号",
            "电话: 021-1234567",
            "合计 12.00",
        ]);
        assert_eq!(company.as_deref(), Some("蓝河餐饮有限公司"));
        assert_eq!(address.as_deref(), Some("上海市黄浦区南京路12号"));
    }

    #[test]
    fn no_name_is_made_up() {
        assert_eq!(of(&["12345", "TOTAL 12.00"]), (None, None));
    }
}
