//! 数电票 whose tags say it all, in Chinese or as initials of pinyin. Their nesting differs from issuer to issuer, so
//! fields are told by tag, and by the parent where a tag such as 名称 needs it; lines are kept apart from totals, and
//! invoices from each other.

mod items;
mod leaf;
mod sheet;
mod survey;

use crate::china::{Raw, RawLine, RawTravel};
use crate::china_tags::{CHINESE, PINYIN, Tags};
use crate::error::ReadError;
use crate::invoice::Dialect;
use crate::limits::Limits;
use crate::tree::Tree;

use leaf::{Leaf, find, one, plain};
use sheet::Sheet;
use survey::Survey;

/// Which of the two dialects the document is in, if any.
pub(crate) fn dialect(tree: &Tree) -> Option<Dialect> {
    let mut pinyin = false;
    for element in tree.elements() {
        for name in std::iter::once(element.name()).chain(element.attribute_names()) {
            let name = plain(name);
            if CHINESE.number.contains(&name.as_str()) || name.starts_with("价税合计") {
                return Some(Dialect::ChinaChinese);
            }
            pinyin |= PINYIN.number.contains(&name.as_str()) || name.starts_with("JSHJ");
        }
    }
    pinyin.then_some(Dialect::ChinaPinyin)
}

/// Collects the texts of each invoice.
pub(crate) fn collect(tree: &Tree, dialect: Dialect, limits: &Limits) -> Result<Vec<Raw>, ReadError> {
    let tags = match dialect {
        Dialect::ChinaPinyin => &PINYIN,
        _ => &CHINESE,
    };
    let survey = Survey::of(tree, tags);
    let (records, nobodys) = survey.records(tree, limits)?;
    let mut all = Vec::new();
    for record in &records {
        let mut raw = read(Sheet::of(record, &survey, tags), tags)?;
        raw.mixed_lines |= nobodys;
        all.push(raw);
    }
    Ok(all)
}

/// The texts of one invoice.
fn read(sheet: Sheet<'_>, tags: &Tags) -> Result<Raw, ReadError> {
    let one = |tags: &[&str]| one(&sheet.head, tags);
    let red_flag = one(tags.red_flag)?.is_some_and(|f| f.text == "1" || says_red(&f.text, "Y"));
    let blue_flag = one(tags.blue_flag)?.is_some_and(|f| f.text == "0" || says_red(&f.text, "N"));
    let mut raw = Raw {
        number: one(tags.number)?,
        code: one(tags.code)?,
        issued_on: one(tags.issued_on)?,
        seller_name: one(tags.seller_name)?,
        seller_tax_id: one(tags.seller_tax_id)?,
        buyer_name: one(tags.buyer_name)?,
        buyer_tax_id: one(tags.buyer_tax_id)?,
        net: one(tags.net)?,
        tax: one(tags.tax)?,
        gross: one(tags.gross)?,
        gross_in_capitals: one(tags.gross_in_capitals)?,
        remark: one(tags.remark)?,
        red_flag: red_flag || blue_flag,
        red_of: find(&sheet.head, tags.red_of, |_| true)?,
        vehicle: one(tags.vehicle)?.map(|f| f.text).unwrap_or_default(),
        ..Raw::default()
    };
    // Where capitals stand in the field for digits, they are not the amount.
    if raw.gross.as_ref().is_some_and(|f| f.text.contains(['元', '圆'])) {
        raw.gross_in_capitals = raw.gross_in_capitals.or(raw.gross.take());
    }
    for line in &sheet.lines {
        raw.lines.push(read_line(line, tags)?);
    }
    raw.mixed_lines = sheet.mixed;
    let mut names: Vec<&str> = sheet
        .head
        .iter()
        .filter(|l| l.matches(tags.item))
        .map(|l| l.text)
        .collect();
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    match names.len() {
        1 if raw.lines.is_empty() => raw.lines.push(read_line(&sheet.head, tags).map(without_totals)?),
        // In elements of their own, apart from their amounts.
        2.. if raw.lines.is_empty() => raw.mixed_lines = true,
        _ => {}
    }
    if raw.mixed_lines {
        raw.lines.clear();
    }
    for leg in &sheet.journeys {
        raw.travel.push(journey(leg, tags)?);
    }
    Ok(raw)
}

/// A single line written among the head: its amounts are the invoice's, which are read already.
fn without_totals(line: RawLine) -> RawLine {
    RawLine {
        net: None,
        tax: None,
        gross: None,
        ..line
    }
}

fn says_red(text: &str, mark: &str) -> bool {
    text.eq_ignore_ascii_case(mark) || text.contains("红字") || text == "否" && mark == "N"
}

fn read_line(leaves: &[Leaf<'_>], tags: &Tags) -> Result<RawLine, ReadError> {
    let one = |tags: &[&str]| one(leaves, tags);
    let mut line = RawLine {
        name: one(tags.item)?,
        class_code: one(tags.class_code)?,
        spec: one(tags.spec)?,
        unit: one(tags.unit)?,
        quantity: one(tags.quantity)?,
        net: one(tags.item_net)?,
        tax_rate: one(tags.item_rate)?,
        tax: one(tags.item_tax)?,
        gross: one(tags.item_gross)?,
    };
    // SL is 数量 with some issuers and 税率 with others. Without a sign of which, it is left unread.
    if let Some(sl) = one(&["SL"])? {
        if line.tax_rate.is_some() && line.quantity.is_none() {
            line.quantity = Some(sl);
        } else if line.tax_rate.is_none()
            && (line.quantity.is_some() || !sl.text.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
        {
            line.tax_rate = Some(sl);
        }
    }
    Ok(line)
}

fn journey(leaves: &[Leaf<'_>], tags: &Tags) -> Result<RawTravel, ReadError> {
    let one = |tags: &[&str]| one(leaves, tags);
    Ok(RawTravel {
        from: one(tags.from)?,
        to: one(tags.to)?,
        on: one(tags.travel_on)?,
        grade: one(tags.grade)?,
    })
}
