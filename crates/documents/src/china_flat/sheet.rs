//! The texts of one invoice, parted into head, lines and journeys.

use std::collections::HashMap;

use crate::china_tags::Tags;
use crate::tree::Element;

use super::items::{self, Items};
use super::leaf::{Leaf, inner, leaves};
use super::survey::{Numbers, Record, Survey};

/// The leaves of an invoice.
pub(super) struct Sheet<'t> {
    pub(super) head: Vec<Leaf<'t>>,
    pub(super) lines: Vec<Vec<Leaf<'t>>>,
    pub(super) journeys: Vec<Vec<Leaf<'t>>>,
    /// Whether there are items that cannot be told apart.
    pub(super) mixed: bool,
}

impl<'t> Sheet<'t> {
    pub(super) fn of(record: &Record<'t>, survey: &Survey, tags: &Tags) -> Self {
        let mut sheet = Sheet {
            head: Vec::new(),
            lines: Vec::new(),
            journeys: Vec::new(),
            mixed: false,
        };
        // Elements still to visit, with their path, and whether each is one of several items spread over its children.
        let mut open = vec![(record.element, record.path(), false)];
        while let Some((element, path, spread)) = open.pop() {
            let mut own = leaves(element, &path);
            let has = |wanted: &[&str]| own.iter().any(|l| l.matches(wanted));
            let a_journey = (has(tags.from) || has(tags.to)) && !has(tags.number);
            let a_line = has(tags.item)
                && !has(tags.number)
                && (has(tags.item_net) || has(tags.item_tax) || has(tags.item_rate) || has(tags.item_gross));
            match items::take(&mut own, tags) {
                Items::Apart(lines) => sheet.lines.extend(lines),
                Items::Mixed => sheet.mixed = true,
                Items::Plain if a_line => {
                    sheet.lines.push(own);
                    continue;
                }
                Items::Plain if spread => {
                    sheet.lines.push(all(element, &path));
                    continue;
                }
                Items::Plain if a_journey => {
                    sheet.journeys.push(own);
                    continue;
                }
                Items::Plain => {}
            }
            sheet.head.extend(own);
            let alike = spread_items(element, survey);
            let mut below: Vec<_> = inner(element)
                .map(|c| {
                    (
                        c,
                        format!("{path}/{}", c.name()),
                        alike.get(c.name()).is_some_and(|n| *n > 1),
                    )
                })
                .map(|(c, path, alike)| (c, path, alike && is_spread(c, survey)))
                .collect();
            below.reverse();
            open.extend(below);
        }
        sheet
    }
}

/// How many children of one name hold one item each.
fn spread_items<'t>(element: Element<'t>, survey: &Survey) -> HashMap<&'t str, usize> {
    let mut names: HashMap<&str, usize> = HashMap::new();
    for child in inner(element).filter(|c| is_spread(*c, survey)) {
        *names.entry(child.name()).or_default() += 1;
    }
    names
}

/// Whether an element holds one item with amounts, and no invoice.
fn is_spread(element: Element<'_>, survey: &Survey) -> bool {
    let mark = survey.mark(element);
    mark.items == 1 && mark.amounts && mark.numbers == Numbers::None
}

/// The texts in an element and below it.
fn all<'t>(element: Element<'t>, path: &str) -> Vec<Leaf<'t>> {
    let mut found = leaves(element, path);
    for child in inner(element) {
        found.extend(all(child, &format!("{path}/{}", child.name())));
    }
    found
}
