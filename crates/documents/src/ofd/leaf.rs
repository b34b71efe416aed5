//! One page of an OFD document with all that is painted on it.

use crate::error::ReadError;
use crate::limits::Budget;
use crate::tree::{Element, Tree};

use super::package::{Document, Package};
use super::resources::Resources;
use super::tree;

/// A page with all that is on it.
pub(super) struct Leaf {
    pub(super) id: String,
    /// Left, top, width and height in millimetres.
    pub(super) area: [f32; 4],
    pub(super) resources: Resources,
    /// What is painted one after the other, and where it begins.
    pub(super) sheets: Vec<Tree>,
    pub(super) annotations: Vec<Tree>,
}

impl Leaf {
    pub(super) fn open(
        package: &mut Package<'_>,
        document: &Document,
        at: usize,
        budget: &mut Budget<'_>,
    ) -> Result<Self, ReadError> {
        budget.page()?;
        let nothing = ReadError::NothingInside { seen: 1 };
        let bytes = package.read(&document.path, budget)?.unwrap_or_default();
        let root = tree(&bytes, budget)?.ok_or_else(|| nothing.clone())?;
        let root = root.root();
        let mut resources = Resources::default();
        for name in ["CommonData/PublicRes", "CommonData/DocumentRes"] {
            for file in root.all(name) {
                if let Some(path) = package.resolve(&document.path, file.text()) {
                    resources.add(package, &path, budget)?;
                }
            }
        }
        let pages = root.all("Pages/Page");
        let page = pages.get(at).ok_or_else(|| nothing.clone())?;
        let path = package
            .resolve(&document.path, page.attribute("BaseLoc").unwrap_or_default())
            .ok_or_else(|| nothing.clone())?;
        let bytes = package.read(&path, budget)?.unwrap_or_default();
        let content = tree(&bytes, budget)?.ok_or(nothing)?;
        for file in content.root().all("PageRes") {
            if let Some(path) = package.resolve(&path, file.text()) {
                resources.add(package, &path, budget)?;
            }
        }
        let area = area_of(content.root(), "Area").or_else(|| area_of(root, "CommonData/PageArea"));
        let mut sheets = (Vec::new(), Vec::new());
        for used in content.root().all("Template") {
            let id = used.attribute("TemplateID");
            let template = root
                .all("CommonData/TemplatePage")
                .into_iter()
                .find(|t| t.attribute("ID") == id);
            let location = template.and_then(|t| t.attribute("BaseLoc"));
            let Some(path) = location.and_then(|l| package.resolve(&document.path, l)) else {
                continue;
            };
            let bytes = package.read(&path, budget)?.unwrap_or_default();
            let Some(template) = tree(&bytes, budget)? else {
                continue;
            };
            match used.attribute("ZOrder") {
                Some("Foreground") => sheets.1.push(template),
                _ => sheets.0.push(template),
            }
        }
        let (mut sheets, above) = sheets;
        sheets.push(content);
        sheets.extend(above);
        let id = page.attribute("ID").unwrap_or_default().to_owned();
        let location = root.at("Annotations").map(|a| a.text().to_owned());
        let annotations = match location.and_then(|l| package.resolve(&document.path, &l)) {
            Some(list) => annotations(package, &list, &id, budget)?,
            None => Vec::new(),
        };
        Ok(Leaf {
            id,
            area: area.unwrap_or([0.0, 0.0, 210.0, 297.0]),
            resources,
            sheets,
            annotations,
        })
    }
}

fn annotations(
    package: &mut Package<'_>,
    list: &str,
    page: &str,
    budget: &mut Budget<'_>,
) -> Result<Vec<Tree>, ReadError> {
    let bytes = package.read(list, budget)?.unwrap_or_default();
    let Some(index) = tree(&bytes, budget)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for one in index.root().all("Page") {
        if one.attribute("PageID") != Some(page) {
            continue;
        }
        let location = one.at("FileLoc").map_or("", Element::text);
        if let Some(path) = package.resolve(list, location) {
            let bytes = package.read(&path, budget)?.unwrap_or_default();
            found.extend(tree(&bytes, budget)?);
        }
    }
    Ok(found)
}

fn area_of(element: Element<'_>, path: &str) -> Option<[f32; 4]> {
    let boxed = element.at(&format!("{path}/PhysicalBox"))?;
    numbers(boxed.text())
}

/// Exactly so many numbers.
pub(super) fn numbers<const N: usize>(text: &str) -> Option<[f32; N]> {
    let all: Vec<f32> = text
        .split_whitespace()
        .take(N + 1)
        .filter_map(|n| n.parse().ok())
        .collect();
    <[f32; N]>::try_from(all)
        .ok()
        .filter(|n| n.iter().all(|v| v.is_finite()))
}
