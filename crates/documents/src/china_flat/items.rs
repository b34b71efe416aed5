//! Several items written one after the other in one element, told apart by numbers in their tags or by their order.

use std::collections::BTreeMap;

use crate::china_tags::Tags;

use super::leaf::Leaf;

/// What the texts of one element hold of items.
pub(super) enum Items<'t> {
    /// One item or none, in the usual shape.
    Plain,
    /// The texts of each item.
    Apart(Vec<Vec<Leaf<'t>>>),
    /// Several items whose texts cannot be told apart.
    Mixed,
}

/// Takes the texts of items out of an element that holds several of them.
pub(super) fn take<'t>(own: &mut Vec<Leaf<'t>>, tags: &Tags) -> Items<'t> {
    if own
        .iter()
        .any(|leaf| numbered(leaf, tags).is_some_and(|(tag, _)| tags.item.contains(&tag)))
    {
        return by_number(own, tags);
    }
    let name = tags.item.iter().find(|tag| own.iter().any(|leaf| leaf.is(tag)));
    let count = name.map_or(0, |tag| own.iter().filter(|leaf| leaf.is(tag)).count());
    if count < 2 {
        return Items::Plain;
    }
    match by_order(own, tags, count) {
        Some(places) => {
            let mut lines: Vec<Vec<Leaf<'t>>> = places.iter().map(|_| Vec::new()).collect();
            let mut rest = Vec::new();
            for (at, leaf) in own.drain(..).enumerate() {
                match places.iter().position(|line| line.contains(&at)) {
                    Some(n) => lines[n].push(leaf),
                    None => rest.push(leaf),
                }
            }
            *own = rest;
            Items::Apart(lines)
        }
        None => {
            own.retain(|leaf| !is_of_item(leaf, tags) || is_total(leaf, tags));
            Items::Mixed
        }
    }
}

/// A tag of an item, and the number behind it: `项目名称2`.
fn numbered<'l>(leaf: &'l Leaf<'_>, tags: &Tags) -> Option<(&'l str, u32)> {
    let base = leaf.tag.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = leaf.tag[base.len()..].parse().ok()?;
    of_item(tags).any(|all| all.contains(&base)).then_some((base, number))
}

/// The tags that tell something of an item.
fn of_item(tags: &Tags) -> impl Iterator<Item = &'static [&'static str]> {
    const SL: &[&str] = &["SL"];
    let all = [
        tags.item,
        tags.class_code,
        tags.spec,
        tags.unit,
        tags.quantity,
        tags.item_net,
        tags.item_rate,
        tags.item_tax,
        tags.item_gross,
        SL,
    ];
    all.into_iter()
}

fn is_of_item(leaf: &Leaf<'_>, tags: &Tags) -> bool {
    of_item(tags).any(|all| leaf.matches(all))
}

/// Whether a tag may be that of the whole invoice, too.
fn is_total(leaf: &Leaf<'_>, tags: &Tags) -> bool {
    [tags.net, tags.tax, tags.gross].iter().any(|all| leaf.matches(all))
}

fn by_number<'t>(own: &mut Vec<Leaf<'t>>, tags: &Tags) -> Items<'t> {
    let mut lines: BTreeMap<u32, Vec<Leaf<'t>>> = BTreeMap::new();
    let mut rest = Vec::new();
    for mut leaf in own.drain(..) {
        let found = numbered(&leaf, tags).map(|(base, number)| (base.to_owned(), number));
        match found {
            Some((base, number)) => {
                leaf.tag = base;
                lines.entry(number).or_default().push(leaf);
            }
            None => rest.push(leaf),
        }
    }
    *own = rest;
    // Forms with more places than items leave the last ones empty.
    lines.retain(|_, line| line.iter().any(|leaf| !leaf.text.is_empty()));
    let lines: Vec<Vec<Leaf<'t>>> = lines.into_values().collect();
    let whole = |line: &Vec<Leaf<'t>>| {
        let named = line
            .iter()
            .filter(|l| l.matches(tags.item) && !l.text.is_empty())
            .count();
        named == 1 && each_once(line.iter().map(|l| l.tag.as_str()))
    };
    if lines.iter().all(whole) {
        Items::Apart(lines)
    } else {
        Items::Mixed
    }
}

/// The places of each item's texts, where all items have the same tags in the same order. Where one lacks a tag, nothing
/// says whose the others are.
fn by_order(own: &[Leaf<'_>], tags: &Tags, count: usize) -> Option<Vec<Vec<usize>>> {
    let places: Vec<usize> = (0..own.len()).filter(|at| is_of_item(&own[*at], tags)).collect();
    let start = places.iter().position(|at| !is_total(&own[*at], tags))?;
    let first = own[places[start]].tag.as_str();
    let mut lines: Vec<Vec<usize>> = Vec::new();
    for at in &places[start..] {
        if own[*at].tag == first {
            lines.push(Vec::new());
        }
        lines.last_mut()?.push(*at);
    }
    let tag = |at: &usize| own[*at].tag.as_str();
    let before_last = lines.len().checked_sub(1)?;
    let (begin, end) = lines.split_at_mut(before_last);
    let pattern: Vec<&str> = begin.first()?.iter().map(tag).collect();
    let last = end.first_mut()?;
    // Totals of the invoice may follow the last item.
    let (of_last, after) = last.split_at_checked(pattern.len())?;
    let totals = after.iter().all(|at| is_total(&own[*at], tags));
    let same = |line: &[usize]| line.iter().map(tag).eq(pattern.iter().copied());
    if !totals || !same(of_last) || !begin.iter().all(|line| same(line)) {
        return None;
    }
    last.truncate(pattern.len());
    let amounts = [tags.item_net, tags.item_rate, tags.item_tax, tags.item_gross];
    let has = |wanted: &[&str]| lines[0].iter().any(|at| own[*at].matches(wanted));
    let complete = has(tags.item) && amounts.iter().any(|wanted| has(wanted));
    let whole = lines.len() == count && complete && each_once(lines[0].iter().map(tag));
    whole.then_some(lines)
}

fn each_once<'s>(tags: impl Iterator<Item = &'s str>) -> bool {
    let mut seen: Vec<&str> = Vec::new();
    for tag in tags {
        if seen.contains(&tag) {
            return false;
        }
        seen.push(tag);
    }
    true
}
