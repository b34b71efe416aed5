//! Tag files of OFD. Real ones are not always well-formed (`<:eInvoice xmlns:="">`, prefixes that nothing declares, tags
//! that nothing closes), so they are read by a reader of their own that takes what it can.

use crate::china_face::Tagged;
use crate::invoice::Place;

use super::pages::Pages;

/// Most tags looked at in one file.
const MOST: usize = 20_000;

/// Elements around the fields of one item.
const AROUND: [&str; 2] = ["GoodsInfo", "IssuItemInformation"];

/// The fields that a tag file names, with the texts that it points at.
pub(super) fn read(text: &str, pages: &Pages) -> Vec<Tagged> {
    let mut found: Vec<Tagged> = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut items = 0;
    // A field may be given in parts, one reference each: `¥` and `526.00`.
    let mut now: Option<(String, Vec<Place>)> = None;
    let mut rest = text;
    for _ in 0..MOST {
        let Some((_, after)) = rest.split_once('<') else { break };
        let Some((tag, after)) = after.split_once('>') else {
            break;
        };
        rest = after;
        if tag.starts_with(['?', '!']) {
            continue;
        }
        let closes = tag.starts_with('/');
        let name = tag
            .trim_start_matches('/')
            .split([' ', '\t', '\r', '\n', '/'])
            .next()
            .unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or_default();
        let is_value = matches!(name, "ObjectRef" | "ObjectData");
        if is_value && !closes {
            let inner = after.split('<').next().unwrap_or_default().trim();
            let (text, place) = match (name, pages.object(inner)) {
                ("ObjectData", _) => (inner.to_owned(), None),
                (_, Some((text, place))) => (text.clone(), Some(*place)),
                _ => continue,
            };
            let (texts, places) = now.get_or_insert_default();
            texts.push_str(&text);
            places.extend(place);
        } else if is_value {
            continue;
        } else if closes {
            if let (Some((text, places)), Some(field)) = (now.take(), open.last()) {
                found.push(Tagged {
                    name: (*field).to_owned(),
                    item: items,
                    rows: in_rows(&places),
                    text,
                    place: around(&places),
                });
            }
            if let Some(at) = open.iter().rposition(|o| *o == name) {
                open.truncate(at);
            }
        } else if !tag.ends_with('/') {
            // Without an element around them, each name begins the next item.
            let around = AROUND.iter().any(|a| open.contains(a));
            if AROUND.contains(&name) || matches!(name, "Item" | "ItemName") && !around {
                items += 1;
            }
            now = None;
            open.push(name);
            // Deeper than any real file.
            if open.len() > 64 {
                break;
            }
        }
    }
    found
}

/// Whether some of several places lie below others, or on other pages.
fn in_rows(places: &[Place]) -> bool {
    let Some(first) = places.first() else { return false };
    let [_, top, _, height] = first.area;
    places.iter().any(|place| {
        let [_, t, _, h] = place.area;
        place.page != first.page || t >= top.saturating_add(height) || t.saturating_add(h) <= top
    })
}

/// The area that holds all of several places of one page.
fn around(places: &[Place]) -> Option<Place> {
    let mut places = places.iter();
    let mut whole = *places.next()?;
    for place in places.filter(|p| p.page == whole.page) {
        let [left, top, width, height] = whole.area;
        let [l, t, w, h] = place.area;
        let right = left.saturating_add(width).max(l.saturating_add(w));
        let bottom = top.saturating_add(height).max(t.saturating_add(h));
        let (left, top) = (left.min(l), top.min(t));
        whole.area = [left, top, right.saturating_sub(left), bottom.saturating_sub(top)];
    }
    Some(whole)
}
