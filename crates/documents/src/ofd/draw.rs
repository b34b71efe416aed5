//! A page of an OFD document as a picture: templates, layers, annotations, and the seals stamped on it.

mod looks;
mod text;

use std::rc::Rc;

use tiny_skia::{FillRule, Pixmap, Transform};

use crate::archive::Archive;
use crate::draw::canvas::Canvas;
use crate::draw::{Drawn, Paper};
use crate::error::{FileKind, ReadError};
use crate::limits::Budget;
use crate::pdf::images::shrunk;
use crate::seal;
use crate::tree::{Element, Tree};

use super::is_ofd;
use super::leaf::Leaf;
use super::package::Package;
use super::paths;
use super::pictures::picture;
use super::resources::{Param, Resources};
use looks::{boundary, ink, local, stroke, with_own};

/// How deep compositions and blocks may lie in each other.
const MAX_INNER: usize = 8;

/// Draws one page, from 1, of an OFD file.
pub(crate) fn page(bytes: &[u8], number: u32, budget: &mut Budget<'_>) -> Result<Drawn, ReadError> {
    let archive = Archive::open(bytes, FileKind::Zip, budget)?;
    if !is_ofd(&archive) {
        return Err(ReadError::Unsupported(FileKind::Zip));
    }
    let mut package = Package::new(archive);
    let mut pages = Vec::new();
    for (n, document) in package.documents(budget)?.into_iter().enumerate() {
        let count = package.page_count(&document, budget)?;
        pages.extend((0..count).map(|at| (n, at)));
    }
    let at = usize::try_from(number).unwrap_or(usize::MAX).wrapping_sub(1);
    let (n, at) = *pages.get(at).ok_or(ReadError::NothingInside { seen: pages.len() })?;
    let document = package.documents(budget)?.swap_remove(n);
    let leaf = Leaf::open(&mut package, &document, at, budget)?;
    let [left, top, wide, high] = leaf.area;
    let mut paper = Paper::of_mm(f64::from(wide), f64::from(high))?;
    let hundredths = |mm: f32| (mm * 100.0).round() as i32;
    (paper.view[0], paper.view[1]) = (hundredths(left), hundredths(top));
    let mut canvas = Canvas::white(paper.width, paper.height, budget.limits.max_painted)
        .ok_or(ReadError::NothingInside { seen: 1 })?;
    let scale = paper.width as f32 / wide;
    let base = Transform::from_scale(scale, scale).pre_translate(-left, -top);
    let mut painter = Painter {
        canvas: &mut canvas,
        budget,
        missing: 0,
        depth: 0,
    };
    painter.leaf(&mut package, &leaf, base)?;
    for stamp in package.stamps(&document, &leaf.id, painter.budget)? {
        painter.seal(&stamp.bytes, stamp.area, base)?;
    }
    let missing = painter.missing;
    let mut drawn = Drawn::new(canvas, paper, missing);
    drawn.pages = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    Ok(drawn)
}

struct Painter<'c, 'b, 'l> {
    canvas: &'c mut Canvas,
    budget: &'b mut Budget<'l>,
    missing: u32,
    depth: usize,
}

impl Painter<'_, '_, '_> {
    fn leaf(&mut self, package: &mut Package<'_>, leaf: &Leaf, base: Transform) -> Result<(), ReadError> {
        for sheet in &leaf.sheets {
            for layer in sheet.root().all("Content/Layer") {
                self.objects(package, &leaf.resources, layer, &Param::default(), base)?;
            }
        }
        for sheet in &leaf.annotations {
            for annotation in sheet.root().all("Annot") {
                if annotation.attribute("Visible") == Some("false") {
                    continue;
                }
                for look in annotation.all("Appearance") {
                    let at = boundary(look).map_or(base, |[x, y, ..]| base.pre_translate(x, y));
                    self.objects(package, &leaf.resources, look, &Param::default(), at)?;
                }
            }
        }
        Ok(())
    }

    fn objects(
        &mut self,
        package: &mut Package<'_>,
        resources: &Resources,
        around: Element<'_>,
        param: &Param,
        base: Transform,
    ) -> Result<(), ReadError> {
        if self.depth >= MAX_INNER {
            return Ok(());
        }
        self.depth += 1;
        let own = around.attribute("DrawParam").map(|id| resources.param(id));
        let param = own.map_or(param.clone(), |own| own.over(param));
        for object in around.children() {
            self.budget.operation()?;
            if object.attribute("Visible") == Some("false") {
                continue;
            }
            match object.name() {
                "PageBlock" => self.objects(package, resources, object, &param, base)?,
                "PathObject" => self.path(resources, object, &param, base)?,
                "TextObject" => self.text(resources, object, &param, base)?,
                "ImageObject" => self.image(package, resources, object, base)?,
                "CompositeObject" => self.composite(package, resources, object, &param, base)?,
                _ => {}
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn composite(
        &mut self,
        package: &mut Package<'_>,
        resources: &Resources,
        object: Element<'_>,
        param: &Param,
        base: Transform,
    ) -> Result<(), ReadError> {
        let Some(id) = object.attribute("ResourceID") else {
            return Ok(());
        };
        let at = local(object, base);
        let trees: Vec<Rc<Tree>> = resources.trees();
        for tree in &trees {
            let units = tree.root().descendants().filter(|e| e.name() == "CompositeGraphicUnit");
            for unit in units.filter(|u| u.attribute("ID") == Some(id)) {
                for content in unit.children().filter(|c| c.name() == "Content") {
                    self.objects(package, resources, content, param, at)?;
                }
            }
        }
        Ok(())
    }

    fn path(
        &mut self,
        resources: &Resources,
        object: Element<'_>,
        param: &Param,
        base: Transform,
    ) -> Result<(), ReadError> {
        let param = with_own(resources, object, param);
        let Some(data) = object.at("AbbreviatedData") else {
            return Ok(());
        };
        if data.overlong() {
            self.missing += 1;
            return Ok(());
        }
        let Some(path) = paths::path(data.text(), self.budget)? else {
            return Ok(());
        };
        let at = local(object, base);
        if object.attribute("Fill") == Some("true") {
            let rule = match object.attribute("Rule") {
                Some("Even-Odd") => FillRule::EvenOdd,
                _ => FillRule::Winding,
            };
            // A path is not filled by black, but by nothing, where no colour is named.
            if param.fill.is_some() || object.at("FillColor").is_some() {
                let ink = ink(object, "FillColor", param.fill);
                self.canvas.fill(&path, rule, at, ink)?;
            }
        }
        if object.attribute("Stroke") != Some("false") {
            let ink = ink(object, "StrokeColor", param.stroke);
            self.canvas.stroke(&path, &stroke(object, &param, at), at, ink)?;
        }
        Ok(())
    }

    fn image(
        &mut self,
        package: &mut Package<'_>,
        resources: &Resources,
        object: Element<'_>,
        base: Transform,
    ) -> Result<(), ReadError> {
        let path = object.attribute("ResourceID").and_then(|id| resources.media.get(id));
        let bytes = match path {
            Some(path) => package.read(path, self.budget)?,
            None => None,
        };
        let Some(map) = (match bytes {
            Some(bytes) => picture(&bytes, self.budget)?,
            None => None,
        }) else {
            self.missing += 1;
            return Ok(());
        };
        let at = match (object.attribute("CTM"), boundary(object)) {
            (None, Some([x, y, wide, high])) => base.pre_translate(x, y).pre_scale(wide, high),
            _ => local(object, base),
        };
        let alpha = object.attribute("Alpha").and_then(|a| a.parse::<f32>().ok());
        self.put(map, at, alpha.map_or(1.0, |a| a / 255.0))
    }

    /// A picture on the square from 0 to 1.
    fn put(&mut self, map: Pixmap, at: Transform, opacity: f32) -> Result<(), ReadError> {
        let at = at.pre_scale(1.0 / map.width() as f32, 1.0 / map.height() as f32);
        let (map, at) = shrunk(map, at);
        let blend = tiny_skia::BlendMode::SourceOver;
        self.canvas.picture(map.as_ref(), at, opacity, blend)
    }

    /// The look of a seal: a picture, or the first page of an OFD file in it.
    fn seal(&mut self, signed: &[u8], [x, y, wide, high]: [f32; 4], base: Transform) -> Result<(), ReadError> {
        let Some((kind, bytes)) = seal::picture(signed) else {
            self.missing += 1;
            return Ok(());
        };
        let at = base.pre_translate(x, y);
        if kind != "ofd" {
            return match picture(bytes, self.budget)? {
                Some(map) => self.put(map, at.pre_scale(wide, high), 0.85),
                None => {
                    self.missing += 1;
                    Ok(())
                }
            };
        }
        let archive = Archive::open(bytes, FileKind::Zip, self.budget)?;
        let mut package = Package::new(archive);
        let Some(document) = package.documents(self.budget)?.into_iter().next() else {
            return Ok(());
        };
        // What a seal holds that can't be followed is missing, no more.
        let leaf = match Leaf::open(&mut package, &document, 0, self.budget) {
            Ok(leaf) => leaf,
            Err(error) if error.is_attack() => return Err(error),
            Err(_) => {
                self.missing += 1;
                return Ok(());
            }
        };
        let [left, top, inner_wide, inner_high] = leaf.area;
        if inner_wide <= 0.0 || inner_high <= 0.0 {
            return Ok(());
        }
        let at = at
            .pre_scale(wide / inner_wide, high / inner_high)
            .pre_translate(-left, -top);
        self.leaf(&mut package, &leaf, at)
    }
}
