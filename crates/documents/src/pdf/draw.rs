//! A page of a PDF as a picture: hayro follows the page, tiny-skia paints. Before, the page's operations are counted by
//! the reader of texts; while painting, each step is counted, and what is too much ends it.

mod device;
mod shapes;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use hayro_font::FontQuery;
use hayro_interpret::kurbo::{Affine, Rect as Box2, Shape};
use hayro_interpret::pattern::Pattern;
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawProps, FillRule, InterpreterCache, InterpreterSettings, MaskType, Paint,
    SoftMask, StrokeProps, interpret_page,
};
use hayro_syntax::page::Page as PdfPage;
use tiny_skia::{Color, Mask, Path, PathBuilder, Pixmap, PremultipliedColorU8, Transform};

use super::content;
use crate::draw::canvas::{Canvas, Ink};
use crate::draw::{Drawn, Paper, fonts};
use crate::error::{Excess, FileKind, ReadError};
use crate::limits::Budget;
use shapes::{blend, fill_rule, stroke, to_path, unit};

/// How deep masks and glyphs that are drawings may use others.
const MAX_INNER: usize = 3;
/// Most steps that one glyph that is a drawing may take, and one mask.
const MAX_INNER_STEPS: usize = 4_000;

/// Draws one page, from 1.
pub(crate) fn page(bytes: &[u8], number: u32, budget: &mut Budget<'_>) -> Result<Drawn, ReadError> {
    let encrypted = super::guard::check(bytes, budget)?;
    let damaged = ReadError::Damaged { kind: FileKind::Pdf };
    let outcome = catch_unwind(AssertUnwindSafe(|| open(bytes, number, encrypted, budget)));
    match outcome {
        Ok(result) => result,
        Err(thrown) => Err(thrown.downcast::<ReadError>().map_or(damaged, |error| *error)),
    }
}

fn open(bytes: &[u8], number: u32, encrypted: bool, budget: &mut Budget<'_>) -> Result<Drawn, ReadError> {
    let pdf = super::load(bytes)?;
    let pages = pdf.pages();
    let at = usize::try_from(number).unwrap_or(usize::MAX).wrapping_sub(1);
    let page = pages.get(at).ok_or(ReadError::NothingInside { seen: pages.len() })?;
    content::count(page, encrypted, budget)?;
    let mut drawn = paint(page, budget)?;
    drawn.pages = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    Ok(drawn)
}

/// Draws a page of an open file.
pub(super) fn open_page(page: &PdfPage<'_>, encrypted: bool, budget: &mut Budget<'_>) -> Result<Drawn, ReadError> {
    let damaged = ReadError::Damaged { kind: FileKind::Pdf };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        content::count(page, encrypted, budget)?;
        paint(page, budget)
    }));
    match outcome {
        Ok(result) => result,
        Err(thrown) => Err(thrown.downcast::<ReadError>().map_or(damaged, |error| *error)),
    }
}

fn paint(page: &PdfPage<'_>, budget: &Budget<'_>) -> Result<Drawn, ReadError> {
    let (wide, high) = page.render_dimensions();
    let paper = Paper::of_mm(
        f64::from(wide) * super::content::MM_PER_POINT,
        f64::from(high) * super::content::MM_PER_POINT,
    )?;
    let scale = f64::from(paper.width) / f64::from(wide);
    let at = Affine::scale(scale) * Affine::new(page.initial_transform(true).as_coeffs());
    let whole = Box2::new(0.0, 0.0, f64::from(paper.width), f64::from(paper.height));
    let cache = InterpreterCache::new();
    let mut context = Context::new(at, whole, &cache, page.xref(), settings());
    let canvas = Canvas::white(paper.width, paper.height, budget.limits.max_painted)
        .ok_or(ReadError::NothingInside { seen: 1 })?;
    let mut painter = Painter::new(canvas, budget);
    let area = page.intersected_crop_box();
    let area = Box2::new(area.x0, area.y0, area.x1, area.y1);
    painter.push_clip_path(&ClipPath {
        path: at * area.to_path(0.1),
        fill: FillRule::NonZero,
    });
    interpret_page(page, &mut context, &mut painter);
    Ok(Drawn::new(painter.canvas, paper, painter.missing))
}

/// Fonts that are not in the file: for Chinese one of the system, else the ones that hayro brings.
fn settings() -> InterpreterSettings {
    InterpreterSettings {
        font_resolver: Arc::new(|query| {
            Some(match query {
                FontQuery::Standard(font) => font.get_font_data(),
                FontQuery::Fallback(query) => match fonts::chinese().filter(|_| is_chinese(query)) {
                    Some(file) => (Arc::new(file.clone()), file.index),
                    None => query.pick_standard_font().get_font_data(),
                },
            })
        }),
        ..InterpreterSettings::default()
    }
}

fn is_chinese(query: &hayro_font::FallbackFontQuery) -> bool {
    let names = [&query.post_script_name, &query.font_name, &query.font_family];
    let known = |name: &str| {
        let lower = name.to_ascii_lowercase();
        let words = [
            "song", "simsun", "simhei", "kai", "fang", "hei", "ming", "yahei", "cjk", "gothic",
        ];
        !name.is_ascii() || words.iter().any(|w| lower.contains(w))
    };
    query.character_collection.is_some() || names.iter().any(|n| n.as_deref().is_some_and(known))
}

/// What a group adds to all that is painted in it.
#[derive(Clone, Copy)]
struct Group {
    opacity: f32,
    blend: tiny_skia::BlendMode,
    /// Whether a mask was put on the canvas for it.
    masked: bool,
}

struct Painter<'b, 'l> {
    canvas: Canvas,
    groups: Vec<Group>,
    budget: &'b Budget<'l>,
    steps: usize,
    most: usize,
    inner: usize,
    missing: u32,
}

impl<'b, 'l> Painter<'b, 'l> {
    fn new(canvas: Canvas, budget: &'b Budget<'l>) -> Self {
        Painter {
            canvas,
            groups: Vec::new(),
            budget,
            steps: 0,
            most: budget.limits.max_operations,
            inner: 0,
            missing: 0,
        }
    }

    /// Ends the drawing: hayro has no other way out. It is caught where the page was begun; no hook hears of it.
    fn end(error: ReadError) -> ! {
        resume_unwind(Box::new(error))
    }

    fn did(&mut self, outcome: Result<(), ReadError>) {
        if let Err(error) = outcome {
            Self::end(error);
        }
    }

    fn step(&mut self) {
        self.steps += 1;
        if self.steps > self.most {
            Self::end(ReadError::TooComplex {
                what: Excess::Operations,
                limit: self.budget.limits.max_operations,
            });
        }
    }

    /// Does something that may take some thousand steps and no more.
    fn within(&mut self, act: impl FnOnce(&mut Self)) {
        if self.inner >= MAX_INNER {
            self.missing += 1;
            return;
        }
        let most = self.most;
        self.most = most.min(self.steps + MAX_INNER_STEPS);
        self.inner += 1;
        act(self);
        self.inner -= 1;
        self.most = most;
    }

    fn opacity(&self) -> f32 {
        self.groups.iter().map(|g| g.opacity).product()
    }

    fn blend(&self, own: BlendMode) -> tiny_skia::BlendMode {
        let around = self.groups.iter().rev().map(|g| g.blend);
        let mut all = std::iter::once(blend(own)).chain(around);
        all.find(|b| *b != tiny_skia::BlendMode::SourceOver)
            .unwrap_or(tiny_skia::BlendMode::SourceOver)
    }

    /// Paints a path; the shape is filled where there is no stroke.
    fn path(
        &mut self,
        path: &Path,
        at: Transform,
        props: &DrawProps<'_>,
        rule: Option<FillRule>,
        line: Option<&StrokeProps>,
    ) {
        let blend = self.blend(props.blend_mode);
        match &props.paint {
            Paint::Color(colour) => {
                let [r, g, b, a] = colour.to_rgba().components();
                let colour = Color::from_rgba(unit(r), unit(g), unit(b), unit(a * self.opacity()));
                let Some(colour) = colour else { return };
                let ink = Ink { colour, blend };
                if let Some(rule) = rule {
                    let outcome = self.canvas.fill(path, fill_rule(rule), at, ink);
                    self.did(outcome);
                }
                if let Some(line) = line {
                    let outcome = self.canvas.stroke(path, &stroke(line, at), at, ink);
                    self.did(outcome);
                }
            }
            Paint::Pattern(pattern) => match (pattern.as_ref(), rule) {
                (Pattern::Shading(shading), Some(rule)) => self.shade(path, at, rule, shading, blend),
                // Tiles and shaded lines are not drawn; the reader is told that something is missing.
                _ => self.missing += 1,
            },
        }
    }

    fn shade(
        &mut self,
        path: &Path,
        at: Transform,
        rule: FillRule,
        shading: &hayro_interpret::pattern::ShadingPattern,
        blend: tiny_skia::BlendMode,
    ) {
        let page = tiny_skia::Rect::from_xywh(0.0, 0.0, self.canvas.width() as f32, self.canvas.height() as f32);
        let area = path.bounds().transform(at).zip(page).and_then(|(a, p)| a.intersect(&p));
        let Some(area) = area.and_then(|a| a.round_out()) else {
            return;
        };
        let (width, height) = (area.width(), area.height());
        let outcome = self.canvas.count(width as usize * height as usize * 12);
        self.did(outcome);
        let Some(mut map) = Pixmap::new(width, height) else {
            return;
        };
        let encoded = shading.encode();
        let opacity = self.opacity();
        for (i, pixel) in map.pixels_mut().iter_mut().enumerate() {
            let x = f64::from(area.x()) + f64::from(i as u32 % width) + 0.5;
            let y = f64::from(area.y()) + f64::from(i as u32 / width) + 0.5;
            let colour = encoded.sample((x, y).into()).map(unit);
            let alpha = unit(colour[3] * opacity);
            let byte = |v: f32| (v.min(1.0) * alpha * 255.0).round() as u8;
            let premultiplied = PremultipliedColorU8::from_rgba(
                byte(colour[0]),
                byte(colour[1]),
                byte(colour[2]),
                (alpha * 255.0).round() as u8,
            );
            if let Some(colour) = premultiplied {
                *pixel = colour;
            }
        }
        let clip = shading.shading.clip_path.as_ref().map(|c| to_path(c, Affine::IDENTITY));
        if let Some(clip) = &clip {
            let outcome = self.canvas.clip(clip.clone(), tiny_skia::FillRule::Winding);
            self.did(outcome);
        }
        let lies = Transform::from_translate(area.x() as f32, area.y() as f32);
        let outcome = self
            .canvas
            .fill_with(path, fill_rule(rule), at, map.as_ref(), lies, blend);
        self.did(outcome);
        if clip.is_some() {
            self.canvas.unclip();
        }
    }

    /// Puts a soft mask on the canvas.
    fn mask(&mut self, mask: &SoftMask<'_>) -> bool {
        let (width, height) = (self.canvas.width(), self.canvas.height());
        if self.inner >= MAX_INNER {
            return false;
        }
        let Some(mut inner) = Canvas::clear(width, height, self.canvas.left()) else {
            return false;
        };
        let kind = match mask.mask_type() {
            MaskType::Luminosity => {
                let [r, g, b, _] = mask.background_color().to_rgba().components();
                let ground = PathBuilder::from_rect(
                    match tiny_skia::Rect::from_xywh(0.0, 0.0, width as f32, height as f32) {
                        Some(rect) => rect,
                        None => return false,
                    },
                );
                if let Some(colour) = Color::from_rgba(unit(r), unit(g), unit(b), 1.0) {
                    let outcome = inner.fill(
                        &ground,
                        tiny_skia::FillRule::Winding,
                        Transform::identity(),
                        Ink::new(colour),
                    );
                    self.did(outcome);
                }
                tiny_skia::MaskType::Luminance
            }
            MaskType::Alpha => tiny_skia::MaskType::Alpha,
        };
        let mut painter = Painter::new(inner, self.budget);
        painter.inner = self.inner + 1;
        painter.most = MAX_INNER_STEPS.min(self.most.saturating_sub(self.steps));
        mask.interpret(&mut painter);
        self.steps += painter.steps;
        self.missing += painter.missing;
        let outcome = self.canvas.count(
            painter
                .canvas
                .painted()
                .saturating_add(width as usize * height as usize),
        );
        self.did(outcome);
        let made = Mask::from_pixmap(painter.canvas.into_map().as_ref(), kind);
        let outcome = self.canvas.clip_soft(made);
        self.did(outcome);
        true
    }

    /// Paints within a mask of its own, where there is one.
    fn masked(&mut self, mask: Option<&SoftMask<'_>>, act: impl FnOnce(&mut Self)) {
        let masked = mask.is_some_and(|m| self.mask(m));
        act(self);
        if masked {
            self.canvas.unclip();
        }
    }
}
