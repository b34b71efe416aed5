//! Texts with their tags, and how one is asked for.

use crate::china::Found;
use crate::error::{Problem, ReadError};
use crate::field::refuse;
use crate::tree::Element;

/// One text with its tag, whether element or attribute.
pub(super) struct Leaf<'t> {
    pub(super) tag: String,
    pub(super) parent: String,
    pub(super) path: String,
    pub(super) text: &'t str,
    pub(super) overlong: bool,
}

impl Leaf<'_> {
    pub(super) fn matches(&self, tags: &[&str]) -> bool {
        tags.iter().any(|tag| self.is(tag))
    }

    pub(super) fn is(&self, tag: &str) -> bool {
        match tag.split_once('/') {
            Some((parent, tag)) => self.tag == tag && self.parent.starts_with(parent),
            None => self.tag == tag,
        }
    }
}

/// The texts directly in an element: its attributes and its children that have none of their own.
pub(super) fn leaves<'t>(element: Element<'t>, path: &str) -> Vec<Leaf<'t>> {
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

/// The children of an element that have texts of their own.
pub(super) fn inner(element: Element<'_>) -> impl Iterator<Item = Element<'_>> {
    element
        .children()
        .filter(|c| c.children().next().is_some() || c.attribute_names().next().is_some())
}

/// A tag without the signs in which issuers differ: brackets, dashes, letter case.
pub(super) fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '（' | '）' | '(' | ')' | '_' | '-' | '.' | '、' | '·' | '/' | '／'))
        .flat_map(char::to_uppercase)
        .collect()
}

/// Whether an element holds the invoice that is reversed.
pub(super) fn tells_blue(name: &str) -> bool {
    ["红冲", "蓝字", "原发票"].iter().any(|w| name.contains(w))
}

/// The text under the first tag that has one, outside of what tells the reversed invoice.
pub(super) fn one(leaves: &[Leaf<'_>], tags: &[&str]) -> Result<Option<Found>, ReadError> {
    find(leaves, tags, |leaf| !tells_blue(&leaf.parent))
}

/// The text under the first tag that has one; refused where it stands twice with different texts.
pub(super) fn find(
    leaves: &[Leaf<'_>],
    tags: &[&str],
    within: impl Fn(&Leaf<'_>) -> bool,
) -> Result<Option<Found>, ReadError> {
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
