//! What the pages of an OFD document share: fonts, colour spaces, ways of drawing, media and compositions.

use std::collections::HashMap;
use std::rc::Rc;

use crate::error::ReadError;
use crate::limits::Budget;
use crate::tree::{Element, Tree};

use super::package::Package;
use super::tree;

/// Longest chain of ways of drawing that each refine another.
const MAX_CHAIN: usize = 8;

/// A font.
pub(super) struct Font {
    /// Its file, where it is in the package.
    pub(super) bytes: Option<Rc<Vec<u8>>>,
}

/// What was collected, by ids.
#[derive(Default)]
pub(super) struct Resources {
    pub(super) fonts: HashMap<String, Font>,
    /// Whether a colour space is CMYK, grey or RGB, by how many numbers a colour has.
    pub(super) params: HashMap<String, Param>,
    /// Paths of media files.
    pub(super) media: HashMap<String, String>,
    trees: Vec<Rc<Tree>>,
}

/// A way of drawing.
#[derive(Clone, Default)]
pub(super) struct Param {
    relative: Option<String>,
    pub(super) width: Option<f32>,
    pub(super) fill: Option<[f32; 4]>,
    pub(super) stroke: Option<[f32; 4]>,
}

impl Resources {
    /// Adds what one resource file lists.
    pub(super) fn add(
        &mut self,
        package: &mut Package<'_>,
        path: &str,
        budget: &mut Budget<'_>,
    ) -> Result<(), ReadError> {
        let bytes = package.read(path, budget)?.unwrap_or_default();
        let Some(made) = tree(&bytes, budget)? else {
            return Ok(());
        };
        let made = Rc::new(made);
        let root = made.root();
        for font in root.descendants().filter(|e| e.name() == "Font") {
            let Some(id) = font.attribute("ID") else { continue };
            let file = font.at("FontFile").map(|f| f.text().to_owned());
            let bytes = match file.and_then(|f| locate(root, package, path, &f)) {
                Some(path) => package.read(&path, budget)?.map(Rc::new),
                None => None,
            };
            self.fonts.insert(id.to_owned(), Font { bytes });
        }
        for param in root.descendants().filter(|e| e.name() == "DrawParam") {
            let Some(id) = param.attribute("ID") else { continue };
            let colour = |name: &str| param.at(name).and_then(colour);
            let made = Param {
                relative: param.attribute("Relative").map(str::to_owned),
                width: param.attribute("LineWidth").and_then(|w| w.parse().ok()),
                fill: colour("FillColor"),
                stroke: colour("StrokeColor"),
            };
            self.params.insert(id.to_owned(), made);
        }
        self.media.extend(media(root, package, path));
        if root.descendants().any(|e| e.name() == "CompositeGraphicUnit") {
            self.trees.push(made.clone());
        }
        Ok(())
    }

    /// A way of drawing, with what it refines.
    pub(super) fn param(&self, id: &str) -> Param {
        let mut whole = Param::default();
        let mut next = Some(id.to_owned());
        for _ in 0..MAX_CHAIN {
            let Some(found) = next.and_then(|id| self.params.get(&id)) else {
                break;
            };
            whole.width = whole.width.or(found.width);
            whole.fill = whole.fill.or(found.fill);
            whole.stroke = whole.stroke.or(found.stroke);
            next = found.relative.clone();
        }
        whole
    }

    /// The trees in which a composition may stand.
    pub(super) fn trees(&self) -> Vec<Rc<Tree>> {
        self.trees.clone()
    }
}

/// The media that the resource file at `path` lists: their ids, and the paths of their files.
pub(super) fn media(root: Element<'_>, package: &Package<'_>, path: &str) -> Vec<(String, String)> {
    let all = root.descendants().filter(|e| e.name() == "MultiMedia");
    all.filter_map(|media| {
        let file = media.at("MediaFile")?.text();
        Some((media.attribute("ID")?.to_owned(), locate(root, package, path, file)?))
    })
    .collect()
}

/// The path of a file that a resource file names, in the folder that it names for all, or beside itself.
fn locate(root: Element<'_>, package: &Package<'_>, path: &str, location: &str) -> Option<String> {
    let base = root.attribute("BaseLoc").unwrap_or_default().trim_end_matches('/');
    let inside = || package.resolve(path, &format!("{base}/{location}"));
    let first = if base.is_empty() { None } else { inside() };
    first.or_else(|| package.resolve(path, location))
}

/// A colour as red, green, blue and how much of it shows, each from 0 to 1. Of a shading the first of its colours.
pub(super) fn colour(element: Element<'_>) -> Option<[f32; 4]> {
    let alpha = |e: Element<'_>| e.attribute("Alpha").and_then(|a| a.parse::<f32>().ok());
    let shows = alpha(element).map_or(1.0, |a| (a / 255.0).clamp(0.0, 1.0));
    let value = match element.attribute("Value") {
        Some(value) => value,
        None => element.descendants().find_map(|e| e.attribute("Value"))?,
    };
    let numbers: Vec<f32> = value
        .split_whitespace()
        .take(4)
        .filter_map(|n| match n.strip_prefix('#') {
            Some(hex) => u8::from_str_radix(hex, 16).ok().map(f32::from),
            None => n.parse().ok(),
        })
        .map(|n: f32| (n / 255.0).clamp(0.0, 1.0))
        .collect();
    let [red, green, blue] = match numbers.as_slice() {
        [grey] => [*grey; 3],
        [r, g, b] => [*r, *g, *b],
        [c, m, y, k] => [c, m, y].map(|v| (1.0 - v) * (1.0 - k)),
        _ => return None,
    };
    Some([red, green, blue, shows])
}
