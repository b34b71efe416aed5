//! 数电票 whose tags say it all, in Chinese or as initials of pinyin. Their nesting differs from issuer to issuer, so
//! fields are told by tag, and by the parent where a tag such as 名称 needs it; lines are kept apart from totals.

use crate::china::{Found, Raw, RawLine, RawTravel};
use crate::china_tags::{CHINESE, PINYIN, Tags};
use crate::error::{Problem, ReadError};
use crate::field::refuse;
use crate::invoice::Dialect;
use crate::tree::{Element, Tree};

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

/// Collects the texts.
pub(crate) fn collect(tree: &Tree, dialect: Dialect) -> Result<Raw, ReadError> {
    let tags = match dialect {
        Dialect::ChinaPinyin => &PINYIN,
        _ => &CHINESE,
    };
    let sheet = Sheet::of(tree.root(), tags);
    let one = |tags: &[&str]| one(&sheet.head, tags);
    let red_flag = one(tags.red_flag)?.is_some_and(|f| f.text == "1" || says_red(&f.text, "Y"));
    let blue_flag = one(tags.blue_flag)?.is_some_and(|f| f.text == "0" || says_red(&f.text, "N"));
    let mut raw = Raw {
        number: sheet.number(tags)?,
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
    if raw.lines.is_empty() && sheet.head.iter().any(|l| l.matches(tags.item)) {
        raw.lines.push(read_line(&sheet.head, tags).map(without_totals)?);
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

/// One text with its tag, whether element or attribute.
struct Leaf<'t> {
    tag: String,
    parent: String,
    path: String,
    text: &'t str,
    overlong: bool,
}

impl Leaf<'_> {
    fn matches(&self, tags: &[&str]) -> bool {
        tags.iter().any(|tag| self.is(tag))
    }

    fn is(&self, tag: &str) -> bool {
        match tag.split_once('/') {
            Some((parent, tag)) => self.tag == tag && self.parent.starts_with(parent),
            None => self.tag == tag,
        }
    }
}

/// The leaves of a document, parted into head, lines and journeys.
struct Sheet<'t> {
    head: Vec<Leaf<'t>>,
    lines: Vec<Vec<Leaf<'t>>>,
    journeys: Vec<Vec<Leaf<'t>>>,
}

impl<'t> Sheet<'t> {
    fn of(root: Element<'t>, tags: &Tags) -> Self {
        let mut sheet = Sheet {
            head: Vec::new(),
            lines: Vec::new(),
            journeys: Vec::new(),
        };
        // Elements still to visit, with the path of their parent.
        let mut open = vec![(root, String::new())];
        while let Some((element, above)) = open.pop() {
            let path = if above.is_empty() {
                element.name().to_owned()
            } else {
                format!("{above}/{}", element.name())
            };
            let own = leaves(element, &path);
            let has = |wanted: &[&str]| own.iter().any(|l| l.matches(wanted));
            let a_line = has(tags.item)
                && !has(tags.number)
                && (has(tags.item_net) || has(tags.item_tax) || has(tags.item_rate) || has(tags.item_gross));
            let a_journey = (has(tags.from) || has(tags.to)) && !has(tags.number);
            if a_line {
                sheet.lines.push(own);
            } else if a_journey {
                sheet.journeys.push(own);
            } else {
                sheet.head.extend(own);
                let mut inner: Vec<_> = element
                    .children()
                    .filter(|c| c.children().next().is_some() || c.attribute_names().next().is_some())
                    .map(|c| (c, path.clone()))
                    .collect();
                inner.reverse();
                open.extend(inner);
            }
        }
        sheet
    }

    /// The number, or a refusal where there are several invoices.
    fn number(&self, tags: &Tags) -> Result<Option<Found>, ReadError> {
        for tag in tags.number {
            let mut numbers: Vec<&str> = self
                .head
                .iter()
                .filter(|l| l.is(tag) && !l.text.is_empty() && !tells_blue(&l.parent))
                .map(|l| l.text)
                .collect();
            numbers.sort_unstable();
            numbers.dedup();
            if numbers.len() > 1 {
                let found = numbers.len();
                return Err(ReadError::Several { found });
            }
        }
        one(&self.head, tags.number)
    }
}

/// Whether an element holds the invoice that is reversed.
fn tells_blue(name: &str) -> bool {
    ["红冲", "蓝字", "原发票"].iter().any(|w| name.contains(w))
}

/// The texts directly in an element: its attributes and its children that have none of their own.
fn leaves<'t>(element: Element<'t>, path: &str) -> Vec<Leaf<'t>> {
    let parent = plain(element.name());
    let of = |name: &'t str, text: &'t str, overlong: bool| Leaf {
        tag: plain(name),
        parent: parent.clone(),
        path: format!("{path}/{name}"),
        text,
        overlong,
    };
    let attributes = element.attributes().map(|(name, text)| of(name, text.trim(), false));
    let children = element
        .children()
        .filter(|c| c.children().next().is_none())
        .map(|c| of(c.name(), c.text(), c.overlong()));
    attributes.chain(children).collect()
}

/// A tag without the signs in which issuers differ: brackets, dashes, letter case.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '（' | '）' | '(' | ')' | '_' | '-' | '.' | '、' | '·' | '/' | '／'))
        .flat_map(char::to_uppercase)
        .collect()
}

/// The text under the first tag that has one, outside of what tells the reversed invoice.
fn one(leaves: &[Leaf<'_>], tags: &[&str]) -> Result<Option<Found>, ReadError> {
    find(leaves, tags, |leaf| !tells_blue(&leaf.parent))
}

/// The text under the first tag that has one; refused where it stands twice with different texts.
fn find(leaves: &[Leaf<'_>], tags: &[&str], within: impl Fn(&Leaf<'_>) -> bool) -> Result<Option<Found>, ReadError> {
    for tag in tags {
        let mut found: Option<&Leaf<'_>> = None;
        for leaf in leaves.iter().filter(|l| l.is(tag) && within(l)) {
            if leaf.overlong {
                return Err(refuse(&leaf.path, "", Problem::TooLong));
            }
            if leaf.text.is_empty() {
                continue;
            }
            if found.is_some_and(|before| before.text != leaf.text) {
                let field = leaf.path.clone();
                return Err(ReadError::Ambiguous { field });
            }
            found = Some(leaf);
        }
        if let Some(leaf) = found {
            return Ok(Some(Found::new(leaf.text.to_owned(), leaf.path.clone())));
        }
    }
    Ok(None)
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
