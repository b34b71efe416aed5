//! The QR codes on the pages of an OFD document: pictures of about the shape and size of one.

use std::collections::HashMap;

use crate::error::ReadError;
use crate::limits::Budget;
use crate::picture;

use super::package::{Document, Package};
use super::pages::Pages;
use super::pictures;
use super::resources;
use super::tree;

/// The texts of the codes, in the order of the pages.
pub(super) fn texts(
    package: &mut Package<'_>,
    document: &Document,
    pages: &Pages,
    budget: &mut Budget<'_>,
) -> Result<Vec<String>, ReadError> {
    let wanted = pages.pictures();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut media: HashMap<String, String> = HashMap::new();
    for path in package.resource_files(document, pages, budget)? {
        let bytes = package.read(&path, budget)?.unwrap_or_default();
        if let Some(made) = tree(&bytes, budget)? {
            media.extend(resources::media(made.root(), package, &path));
        }
    }
    let mut found = Vec::new();
    let mut seen: Vec<&String> = Vec::new();
    for path in wanted.iter().filter_map(|id| media.get(id)) {
        if seen.contains(&path) {
            continue;
        }
        if !budget.code() {
            break;
        }
        seen.push(path);
        let bytes = package.read(path, budget)?.unwrap_or_default();
        let picture = pictures::small(&bytes, picture::MAX_CODE_PIXELS, budget.limits);
        found.extend(picture.and_then(|p| picture::code_of(&p)));
    }
    Ok(found)
}
