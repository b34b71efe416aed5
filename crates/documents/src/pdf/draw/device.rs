//! What hayro asks of a painter, step by step.

use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::kurbo::{Affine, BezPath};
use hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageData, ImageDrawProps, Paint, SoftMask,
};

use super::super::images::{self, Fits};
use super::shapes::{blend, fill_rule, to_path, transform, unit};
use super::{Group, Painter};
use crate::error::{Excess, ReadError};

impl<'a> Device<'a> for Painter<'_, '_> {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        self.step();
        let at = transform(props.transform);
        let Some(made) = to_path(path, Affine::IDENTITY) else {
            return;
        };
        let (rule, line) = match mode {
            DrawMode::Fill(rule) => (Some(*rule), None),
            DrawMode::Stroke(line) => (None, Some(line)),
            DrawMode::FillAndStroke(rule, line) => (Some(*rule), Some(line)),
            DrawMode::Invisible => return,
        };
        self.masked(props.soft_mask.as_ref(), |this| {
            this.path(&made, at, &props, rule, line)
        });
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        self.step();
        let outcome = self
            .canvas
            .clip(to_path(&clip.path, Affine::IDENTITY), fill_rule(clip.fill));
        self.did(outcome);
    }

    fn push_transparency_group(&mut self, opacity: f32, mask: Option<SoftMask<'a>>, mode: BlendMode) {
        self.step();
        let masked = mask.as_ref().is_some_and(|m| self.mask(m));
        self.groups.push(Group {
            opacity: unit(opacity),
            blend: blend(mode),
            masked,
        });
        if self.groups.len() > 256 {
            Self::end(ReadError::TooComplex {
                what: Excess::Depth,
                limit: 256,
            });
        }
    }

    fn pop_transparency_group(&mut self) {
        if self.groups.pop().is_some_and(|g| g.masked) {
            self.canvas.unclip();
        }
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        let (rule, line) = match mode {
            DrawMode::Fill(rule) => (Some(*rule), None),
            DrawMode::Stroke(line) => (None, Some(line)),
            DrawMode::FillAndStroke(rule, line) => (Some(*rule), Some(line)),
            DrawMode::Invisible => return,
        };
        let at = transform(props.transform);
        let masked = props.soft_mask.as_ref().is_some_and(|m| self.mask(m));
        for glyph in run.glyphs() {
            self.step();
            match &**glyph {
                Glyph::Outline(outline) => {
                    if let Some(made) = to_path(&outline.outline(), glyph.transform()) {
                        self.path(&made, at, &props, rule, line);
                    }
                }
                Glyph::Type3(drawing) => {
                    let (whole, own) = (props.transform, glyph.transform());
                    self.within(|this| drawing.interpret(this, whole, own, &props.paint));
                }
            }
        }
        if masked {
            self.canvas.unclip();
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.step();
        let stream = match &image {
            Image::Stencil(s) => s.stream(),
            Image::Raster(r) => r.stream(),
        };
        let most = self.budget.limits.max_pixels.min(self.canvas.left());
        match images::fits(stream, most) {
            Ok(Fits::Pixels(pixels)) => {
                let outcome = self.canvas.count(pixels);
                self.did(outcome);
            }
            Ok(Fits::Unknown) => {
                self.missing += 1;
                return;
            }
            Err(error) => Self::end(error),
        }
        let (at, opacity, blend) = (props.transform, self.opacity(), self.blend(props.blend_mode));
        let size = (self.canvas.width(), self.canvas.height());
        let mut made = None;
        match image {
            Image::Stencil(stencil) => stencil.with_stencil(
                |mask, paint| {
                    let colour = match paint {
                        Paint::Color(colour) => colour.to_rgba().components(),
                        Paint::Pattern(_) => [0.5, 0.5, 0.5, 1.0],
                    };
                    made = images::stencil(mask, colour);
                },
                Some(size),
            ),
            Image::Raster(raster) => {
                raster.with_rgba(|data: ImageData, alpha| made = images::raster(data, alpha), Some(size))
            }
        }
        let Some((map, (sx, sy))) = made else {
            self.missing += 1;
            return;
        };
        let at = at * Affine::scale_non_uniform(f64::from(sx), f64::from(sy));
        let (map, at) = images::shrunk(map, transform(at));
        self.masked(props.soft_mask.as_ref(), |this| {
            let outcome = this.canvas.picture(map.as_ref(), at, opacity, blend);
            this.did(outcome);
        });
    }

    fn pop_clip(&mut self) {
        self.canvas.unclip();
    }
}
