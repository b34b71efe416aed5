//! What lies below each element of a document, counted once; and by that, which elements are invoices of their own.

use std::collections::HashMap;

use outlay_core::evidence::fold_number;

use crate::china_tags::Tags;
use crate::error::{Excess, ReadError};
use crate::limits::Limits;
use crate::tree::{Element, Tree};

use super::leaf::{Leaf, leaves, tells_blue};

/// The numbers of invoices in an element and below it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    None,
    /// One, by its place in the list of all.
    One(usize),
    Several,
}

impl Numbers {
    fn and(self, other: Numbers) -> Numbers {
        match (self, other) {
            (Numbers::None, any) | (any, Numbers::None) => any,
            (a, b) if a == b => a,
            _ => Numbers::Several,
        }
    }
}

/// What lies in an element and below it.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub(super) numbers: Numbers,
    /// Whether a number is in the element itself.
    heads: bool,
    /// Names of items, up to 255.
    pub(super) items: u8,
    /// Whether there are amounts or rates of items.
    pub(super) amounts: bool,
    /// Whether there is a total.
    pub(super) total: bool,
    /// Whether there is a day of issue.
    pub(super) issued: bool,
}

/// The marks of all elements, by their position.
pub(super) struct Survey {
    marks: Vec<Mark>,
    /// How many numbers there are.
    found: usize,
}

/// An element that is an invoice.
pub(super) struct Record<'t> {
    pub(super) element: Element<'t>,
    /// The path of the element around it.
    pub(super) above: String,
    /// How the element is called in paths: its name, with its place among others of that name, if there are any.
    pub(super) name: String,
}

impl Survey {
    pub(super) fn of(tree: &Tree, tags: &Tags) -> Self {
        let elements: Vec<Element<'_>> = tree.elements().collect();
        let texts: Vec<Vec<Leaf<'_>>> = elements.iter().map(|e| leaves(*e, "")).collect();
        // Issuers may write two numbers of one invoice under two tags; the best tag that is there counts.
        let is_number = |leaf: &Leaf<'_>, tag: &str| leaf.is(tag) && !leaf.text.is_empty() && !tells_blue(&leaf.parent);
        let all = || texts.iter().flatten();
        let tag = tags.number.iter().find(|tag| all().any(|leaf| is_number(leaf, tag)));
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut marks: Vec<Mark> = Vec::with_capacity(elements.len());
        for own in &texts {
            let has = |wanted: &[&str]| own.iter().any(|leaf| leaf.matches(wanted));
            let mut numbers = Numbers::None;
            for leaf in own.iter().filter(|leaf| tag.is_some_and(|tag| is_number(leaf, tag))) {
                let next = known.len();
                let at = *known.entry(fold_number(leaf.text)).or_insert(next);
                numbers = numbers.and(Numbers::One(at));
            }
            let items = own.iter().filter(|leaf| leaf.matches(tags.item)).count();
            marks.push(Mark {
                numbers,
                heads: numbers != Numbers::None,
                items: u8::try_from(items).unwrap_or(u8::MAX),
                amounts: has(tags.item_net) || has(tags.item_tax) || has(tags.item_rate) || has(tags.item_gross),
                total: has(tags.gross) || has(tags.net),
                issued: has(tags.issued_on),
            });
        }
        // Children stand behind their parents.
        for element in elements.iter().rev() {
            for child in element.children() {
                let below = marks[child.position()];
                let mark = &mut marks[element.position()];
                mark.numbers = mark.numbers.and(below.numbers);
                mark.items = mark.items.saturating_add(below.items);
                mark.amounts |= below.amounts;
                mark.total |= below.total;
                mark.issued |= below.issued;
            }
        }
        let found = known.len();
        Survey { marks, found }
    }

    pub(super) fn mark(&self, element: Element<'_>) -> Mark {
        self.marks[element.position()]
    }

    /// The invoices of a document, and whether items stand beside them that are nobody's. Refused where the structure does
    /// not part them.
    pub(super) fn records<'t>(&self, tree: &'t Tree, limits: &Limits) -> Result<(Vec<Record<'t>>, bool), ReadError> {
        within_limit(self.found, limits)?;
        let root = Record {
            element: tree.root(),
            above: String::new(),
            name: tree.root().name().to_owned(),
        };
        let mut records: Vec<Record<'t>> = Vec::new();
        let mut nobodys = false;
        let mut open = vec![root];
        while let Some(record) = open.pop() {
            let mark = self.mark(record.element);
            if mark.numbers != Numbers::Several {
                self.keep(record, &mut records)?;
                within_limit(records.len(), limits)?;
                continue;
            }
            // A number in the element itself would be the head of all below it.
            if mark.heads {
                return Err(ReadError::Several { found: self.found });
            }
            let above = record.path();
            let numbered: Vec<&str> = record
                .element
                .children()
                .filter(|c| self.mark(*c).numbers != Numbers::None)
                .map(Element::name)
                .collect();
            let mut inner: Vec<Record<'t>> = Vec::new();
            let mut names: HashMap<&str, usize> = HashMap::new();
            for child in record.element.children() {
                *names.entry(child.name()).or_default() += 1;
            }
            let mut seen: HashMap<&str, usize> = HashMap::new();
            for child in record.element.children() {
                let below = self.mark(child);
                let nth = seen.entry(child.name()).or_default();
                *nth += 1;
                // Without a number, and an invoice all the same.
                let nameless = below.total && below.issued && numbered.contains(&child.name());
                if below.numbers != Numbers::None || nameless {
                    inner.push(Record {
                        element: child,
                        above: above.clone(),
                        name: match names.get(child.name()) {
                            Some(1) => child.name().to_owned(),
                            _ => format!("{}[{nth}]", child.name()),
                        },
                    });
                } else {
                    nobodys |= below.items > 0;
                }
            }
            open.extend(inner.into_iter().rev());
        }
        if records.len() > 1 && records.iter().any(|r| !self.mark(r.element).total) {
            return Err(ReadError::Several { found: self.found });
        }
        Ok((records, nobodys))
    }

    /// Adds a record, once where it stands there twice. Refused where one number has two of them.
    fn keep<'t>(&self, record: Record<'t>, records: &mut Vec<Record<'t>>) -> Result<(), ReadError> {
        let numbers = self.mark(record.element).numbers;
        let same = |before: &&Record<'t>| numbers != Numbers::None && self.mark(before.element).numbers == numbers;
        match records.iter().find(same) {
            Some(before) if is_same(before.element, record.element) => {}
            Some(_) => return Err(ReadError::Ambiguous { field: record.path() }),
            None => records.push(record),
        }
        Ok(())
    }
}

impl Record<'_> {
    pub(super) fn path(&self) -> String {
        if self.above.is_empty() {
            self.name.clone()
        } else {
            format!("{}/{}", self.above, self.name)
        }
    }
}

/// Whether two elements say the same, word by word.
fn is_same(a: Element<'_>, b: Element<'_>) -> bool {
    let alike = |a: Element<'_>, b: Element<'_>| {
        a.name() == b.name() && a.text() == b.text() && a.attributes().eq(b.attributes())
    };
    let below = a.descendants().zip(b.descendants());
    a.descendants().count() == b.descendants().count() && alike(a, b) && below.into_iter().all(|(a, b)| alike(a, b))
}

fn within_limit(found: usize, limits: &Limits) -> Result<(), ReadError> {
    if found > limits.max_papers {
        return Err(ReadError::TooComplex {
            what: Excess::Papers,
            limit: limits.max_papers,
        });
    }
    Ok(())
}
