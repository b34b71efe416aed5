//! A page of an OFD document as a picture: templates, layers, annotations, and the seals stamped on it.

use std::rc::Rc;

use tiny_skia::{Color, FillRule, LineCap, LineJoin, Pixmap, Stroke, StrokeDash, Transform};

use crate::archive::Archive;
use crate::draw::canvas::{Canvas, Ink, scale_of};
use crate::draw::fonts::{self, Face};
use crate::draw::{Drawn, Paper};
use crate::error::{FileKind, ReadError};
use crate::limits::Budget;
use crate::pdf::images::shrunk;
use crate::seal;
use crate::tree::{Element, Tree};

use super::is_ofd;
use super::leaf::{Leaf, numbers};
use super::package::Package;
use super::paths;
use super::pictures::picture;
use super::resources::{Param, Resources, colour};

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

    fn text(
        &mut self,
        resources: &Resources,
        object: Element<'_>,
        param: &Param,
        base: Transform,
    ) -> Result<(), ReadError> {
        let param = with_own(resources, object, param);
        let at = local(object, base);
        let own = object.attribute("Font").and_then(|id| resources.fonts.get(id));
        let own = own.and_then(|f| f.bytes.as_ref());
        let own = own.and_then(|bytes| Face::new(bytes, 0));
        let shared = fonts::chinese().and_then(Face::of);
        let number = |name: &str, or: f32| {
            let found = object.attribute(name).and_then(|v| v.parse::<f32>().ok());
            found.filter(|v| v.is_finite()).unwrap_or(or)
        };
        let letter = Letter {
            size: number("Size", 3.5),
            stretch: number("HScale", 1.0),
            turn: number("CharDirection", 0.0),
            slant: if object.attribute("Italic") == Some("true") {
                0.2
            } else {
                0.0
            },
            bold: number("Weight", 400.0) >= 600.0,
            ink: ink(object, "FillColor", param.fill),
            hollow: object.attribute("Fill") == Some("false"),
            line: ink(object, "StrokeColor", param.stroke),
        };
        let (mut x, mut y) = (0.0, 0.0);
        let mut before = 0;
        let given: Vec<(usize, Vec<u32>)> = object
            .children()
            .filter(|e| e.name() == "CGTransform")
            .map(|e| {
                let at = e.attribute("CodePosition").and_then(|p| p.parse().ok()).unwrap_or(0);
                let glyphs = e.at("Glyphs").map_or("", Element::text);
                (at, glyphs.split_whitespace().filter_map(|g| g.parse().ok()).collect())
            })
            .collect();
        for code in object.children().filter(|e| e.name() == "TextCode") {
            let place = |name: &str| code.attribute(name).and_then(|v| v.parse::<f32>().ok());
            (x, y) = (place("X").unwrap_or(x), place("Y").unwrap_or(y));
            let text = code.text();
            let characters = text.chars().count();
            self.budget.glyphs(characters)?;
            let across = steps(code.attribute("DeltaX").unwrap_or_default(), characters);
            let down = steps(code.attribute("DeltaY").unwrap_or_default(), characters);
            let (mut px, mut py) = (x, y);
            for (i, c) in text.chars().enumerate() {
                let glyph = given
                    .iter()
                    .find_map(|(from, glyphs)| glyphs.get((before + i).checked_sub(*from)?));
                let room = across.get(i).copied().filter(|d| *d > 0.0);
                let wide = self.letter(
                    &letter,
                    (own.as_ref(), shared.as_ref()),
                    (c, glyph.copied()),
                    (px, py),
                    room,
                    at,
                )?;
                // Where the steps end too early, the last one goes on.
                let upright = across.is_empty() && !down.is_empty();
                let step = across.get(i).or(across.last().filter(|d| **d > 0.0)).copied();
                px += step.unwrap_or(if upright { 0.0 } else { wide });
                py += down.get(i).or(down.last().filter(|_| upright)).copied().unwrap_or(0.0);
            }
            before += characters;
        }
        Ok(())
    }

    /// Draws one character, and tells how wide it is.
    fn letter(
        &mut self,
        letter: &Letter,
        (own, shared): (Option<&Face<'_>>, Option<&Face<'_>>),
        (c, glyph): (char, Option<u32>),
        (x, y): (f32, f32),
        room: Option<f32>,
        at: Transform,
    ) -> Result<f32, ReadError> {
        let of_own = own.and_then(|face| Some((face, glyph.or_else(|| face.glyph(c))?)));
        let found = of_own.or_else(|| shared.and_then(|face| Some((face, face.glyph(c)?))));
        let natural = if c.is_ascii() { 0.5 } else { 1.0 } * letter.size;
        let Some((face, glyph)) = found else {
            if !c.is_whitespace() && !c.is_control() {
                self.missing += 1;
            }
            return Ok(natural);
        };
        let wide = face.advance(glyph) * letter.size * letter.stretch;
        let Some(outline) = face.outline(glyph) else {
            return Ok(wide);
        };
        // A font that stands for another is made as narrow as the other was.
        let narrow = match room.filter(|_| of_own.is_none()) {
            Some(room) if room < wide => (room / wide).max(0.6),
            _ => 1.0,
        };
        let at = at
            .pre_translate(x, y)
            .pre_rotate(letter.turn)
            .pre_concat(Transform::from_row(
                letter.size * letter.stretch * narrow,
                0.0,
                letter.slant * letter.size,
                -letter.size,
                0.0,
                0.0,
            ));
        if letter.hollow {
            let hair = Stroke {
                width: 0.02,
                ..Stroke::default()
            };
            self.canvas.stroke(&outline, &hair, at, letter.line)?;
        } else {
            self.canvas.fill(&outline, FillRule::Winding, at, letter.ink)?;
            if letter.bold {
                let hair = Stroke {
                    width: 0.03,
                    ..Stroke::default()
                };
                self.canvas.stroke(&outline, &hair, at, letter.ink)?;
            }
        }
        Ok(wide)
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

/// How a text's characters are drawn.
struct Letter {
    size: f32,
    stretch: f32,
    turn: f32,
    slant: f32,
    bold: bool,
    ink: Ink,
    hollow: bool,
    line: Ink,
}

impl Param {
    /// What this says, and what it leaves open as `below` says.
    fn over(self, below: &Param) -> Param {
        let mut whole = self;
        whole.width = whole.width.or(below.width);
        whole.fill = whole.fill.or(below.fill);
        whole.stroke = whole.stroke.or(below.stroke);
        whole
    }
}

fn with_own(resources: &Resources, object: Element<'_>, param: &Param) -> Param {
    let own = object.attribute("DrawParam").map(|id| resources.param(id));
    own.map_or(param.clone(), |own| own.over(param))
}

fn boundary(object: Element<'_>) -> Option<[f32; 4]> {
    numbers(object.attribute("Boundary")?)
}

/// From the object's own lengths to the page's.
fn local(object: Element<'_>, base: Transform) -> Transform {
    let [x, y, ..] = boundary(object).unwrap_or([0.0; 4]);
    let moved = base.pre_translate(x, y);
    match object.attribute("CTM").and_then(numbers::<6>) {
        Some([a, b, c, d, e, f]) => moved.pre_concat(Transform::from_row(a, b, c, d, e, f)),
        None => moved,
    }
}

fn ink(object: Element<'_>, name: &str, else_by: Option<[f32; 4]>) -> Ink {
    let own = object.at(name).and_then(colour);
    let [r, g, b, a] = own.or(else_by).unwrap_or([0.0, 0.0, 0.0, 1.0]);
    let alpha = object.attribute("Alpha").and_then(|a| a.parse::<f32>().ok());
    let a = a * alpha.map_or(1.0, |v| (v / 255.0).clamp(0.0, 1.0));
    Ink::new(Color::from_rgba(r, g, b, a.clamp(0.0, 1.0)).unwrap_or(Color::BLACK))
}

fn stroke(object: Element<'_>, param: &Param, at: Transform) -> Stroke {
    let number = |name: &str| object.attribute(name).and_then(|v| v.parse::<f32>().ok());
    let width = number("LineWidth").or(param.width).unwrap_or(0.353);
    let dashes: Vec<f32> = object
        .attribute("DashPattern")
        .unwrap_or_default()
        .split_whitespace()
        .take(16)
        .filter_map(|n| n.parse().ok())
        .collect();
    // Dashes finer than pixels would be millions and look like a line.
    let fine = dashes.iter().sum::<f32>() * scale_of(at) < 1.0;
    let even = dashes.len().is_multiple_of(2) && !dashes.is_empty();
    Stroke {
        width: if width.is_finite() { width.max(0.0) } else { 0.353 },
        miter_limit: number("MiterLimit").unwrap_or(4.234).clamp(1.0, 100.0),
        line_cap: match object.attribute("Cap") {
            Some("Round") => LineCap::Round,
            Some("Square") => LineCap::Square,
            _ => LineCap::Butt,
        },
        line_join: match object.attribute("Join") {
            Some("Round") => LineJoin::Round,
            Some("Bevel") => LineJoin::Bevel,
            _ => LineJoin::Miter,
        },
        dash: if fine || !even {
            None
        } else {
            StrokeDash::new(dashes, number("DashOffset").unwrap_or(0.0))
        },
    }
}

/// The steps between characters: numbers, or `g COUNT STEP` for repeated ones.
fn steps(text: &str, characters: usize) -> Vec<f32> {
    let mut all = Vec::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let (times, step) = if word == "g" {
            let times = words.next().and_then(|w| w.parse::<usize>().ok());
            let step = words.next().and_then(|w| w.parse::<f32>().ok());
            match (times, step) {
                (Some(times), Some(step)) => (times, step),
                _ => break,
            }
        } else {
            match word.parse::<f32>() {
                Ok(step) => (1, step),
                Err(_) => break,
            }
        };
        let room = characters.saturating_sub(all.len());
        all.extend(std::iter::repeat_n(step, times.min(room)));
        if all.len() >= characters {
            break;
        }
    }
    all
}
