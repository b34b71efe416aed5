//! A page as pixels. Everything that is painted is counted by the pixels it may touch, so that a page ends.

use tiny_skia::{
    BlendMode, Color, FillRule, FilterQuality, Mask, Paint, Path, PathSegment, Pattern, Pixmap, PixmapPaint, PixmapRef,
    Point, Rect, SpreadMode, Stroke, Transform,
};

use crate::error::{Excess, ReadError};

/// Most shapes that cut what is painted, one in another.
const MAX_CLIPS: usize = 256;

/// What cuts what is painted after it.
enum Clip {
    /// An upright rectangle.
    Rect(Rect),
    /// Any other shape.
    Shape(Path, FillRule),
    /// How much of each pixel shows.
    Soft(Box<Mask>),
}

/// A page that is being painted, white at first.
pub(crate) struct Canvas {
    map: Pixmap,
    clips: Vec<Clip>,
    /// The mask of the clips up to this many, once it was needed.
    mask: Option<(usize, Mask)>,
    painted: usize,
    most: usize,
}

/// With what something is painted.
#[derive(Clone, Copy)]
pub(crate) struct Ink {
    pub(crate) colour: Color,
    pub(crate) blend: BlendMode,
}

impl Ink {
    pub(crate) fn new(colour: Color) -> Self {
        Ink {
            colour,
            blend: BlendMode::SourceOver,
        }
    }
}

impl Canvas {
    /// A white page; `most` is how many pixels may be touched, overlaps counted each time.
    pub(crate) fn white(width: u32, height: u32, most: usize) -> Option<Self> {
        let mut canvas = Canvas::clear(width, height, most)?;
        canvas.map.fill(Color::WHITE);
        Some(canvas)
    }

    /// A page through which everything shows.
    pub(crate) fn clear(width: u32, height: u32, most: usize) -> Option<Self> {
        Some(Canvas {
            map: Pixmap::new(width, height)?,
            clips: Vec::new(),
            mask: None,
            painted: 0,
            most,
        })
    }

    pub(crate) fn width(&self) -> u32 {
        self.map.width()
    }

    pub(crate) fn height(&self) -> u32 {
        self.map.height()
    }

    pub(crate) fn painted(&self) -> usize {
        self.painted
    }

    /// Counts the work of `pixels`.
    pub(crate) fn count(&mut self, pixels: usize) -> Result<(), ReadError> {
        self.painted = self.painted.saturating_add(pixels);
        if self.painted > self.most {
            return Err(ReadError::TooComplex {
                what: Excess::Painted,
                limit: self.most,
            });
        }
        Ok(())
    }

    /// How many pixels may still be touched.
    pub(crate) fn left(&self) -> usize {
        self.most.saturating_sub(self.painted)
    }

    pub(crate) fn fill(&mut self, path: &Path, rule: FillRule, at: Transform, ink: Ink) -> Result<(), ReadError> {
        let Some(area) = self.touched(path.bounds(), at, 1.0) else {
            return Ok(());
        };
        self.count(size(area).saturating_add(path.len()))?;
        let mut paint = Paint {
            blend_mode: ink.blend,
            ..Paint::default()
        };
        paint.set_color(ink.colour);
        self.cut(area)?;
        let mask = self.mask.as_ref().map(|(_, mask)| mask);
        self.map.fill_path(path, &paint, rule, at, mask);
        Ok(())
    }

    pub(crate) fn stroke(&mut self, path: &Path, stroke: &Stroke, at: Transform, ink: Ink) -> Result<(), ReadError> {
        let scale = scale_of(at);
        // A hair stays visible.
        let mut stroke = stroke.clone();
        stroke.width = stroke.width.max(0.7 / scale);
        let wide = stroke.width * scale;
        let Some(area) = self.touched(path.bounds(), at, wide.max(1.0) * stroke.miter_limit.clamp(1.0, 4.0)) else {
            return Ok(());
        };
        // Each piece of the line touches a band as long as the area's diagonal, and no more than the area.
        let band = (area.width().hypot(area.height()) * wide.max(1.0)) as usize;
        let pieces = path.len().saturating_mul(band + 16);
        self.count(pieces.min(size(area)).saturating_add(path.len() * 8))?;
        let mut paint = Paint {
            blend_mode: ink.blend,
            ..Paint::default()
        };
        paint.set_color(ink.colour);
        self.cut(area)?;
        let mask = self.mask.as_ref().map(|(_, mask)| mask);
        self.map.stroke_path(path, &paint, &stroke, at, mask);
        Ok(())
    }

    /// A picture; `at` maps its pixels to the page's.
    pub(crate) fn picture(
        &mut self,
        picture: PixmapRef<'_>,
        at: Transform,
        opacity: f32,
        blend: BlendMode,
    ) -> Result<(), ReadError> {
        let whole = Rect::from_xywh(0.0, 0.0, picture.width() as f32, picture.height() as f32);
        let Some(area) = whole.and_then(|whole| self.touched(whole, at, 1.0)) else {
            return Ok(());
        };
        self.count(size(area).saturating_mul(2))?;
        self.cut(area)?;
        let paint = PixmapPaint {
            opacity: opacity.clamp(0.0, 1.0),
            blend_mode: blend,
            quality: FilterQuality::Bilinear,
        };
        let mask = self.mask.as_ref().map(|(_, mask)| mask);
        self.map.draw_pixmap(0, 0, picture, &paint, at, mask);
        Ok(())
    }

    /// Fills a path with a picture that lies on the page at `at`.
    pub(crate) fn fill_with(
        &mut self,
        path: &Path,
        rule: FillRule,
        path_at: Transform,
        picture: PixmapRef<'_>,
        at: Transform,
        blend: BlendMode,
    ) -> Result<(), ReadError> {
        let Some(area) = self.touched(path.bounds(), path_at, 1.0) else {
            return Ok(());
        };
        self.count(size(area).saturating_mul(2))?;
        self.cut(area)?;
        // What is painted with lies in the path's own lengths.
        let Some(inverse) = path_at.invert() else { return Ok(()) };
        let shader = Pattern::new(
            picture,
            SpreadMode::Pad,
            FilterQuality::Bilinear,
            1.0,
            at.post_concat(inverse),
        );
        let paint = Paint {
            shader,
            blend_mode: blend,
            ..Paint::default()
        };
        let mask = self.mask.as_ref().map(|(_, mask)| mask);
        self.map.fill_path(path, &paint, rule, path_at, mask);
        Ok(())
    }

    /// What is painted from here on shows inside a path only, given in pixels of the page.
    pub(crate) fn clip(&mut self, path: Option<Path>, rule: FillRule) -> Result<(), ReadError> {
        let clip = match path {
            Some(path) => match upright(&path) {
                Some(rect) => Clip::Rect(rect),
                None => Clip::Shape(path, rule),
            },
            // Nothing at all shows.
            None => Clip::Rect(Rect::from_xywh(-2.0, -2.0, 1.0, 1.0).ok_or_else(empty)?),
        };
        self.push(clip)
    }

    /// What is painted from here on shows as far as a mask of the page's size says.
    pub(crate) fn clip_soft(&mut self, mask: Mask) -> Result<(), ReadError> {
        self.push(Clip::Soft(Box::new(mask)))
    }

    fn push(&mut self, clip: Clip) -> Result<(), ReadError> {
        if self.clips.len() >= MAX_CLIPS {
            return Err(ReadError::TooComplex {
                what: Excess::Depth,
                limit: MAX_CLIPS,
            });
        }
        self.count(64)?;
        self.clips.push(clip);
        Ok(())
    }

    /// Ends the last clip.
    pub(crate) fn unclip(&mut self) {
        self.clips.pop();
        if self.mask.as_ref().is_some_and(|(depth, _)| *depth > self.clips.len()) {
            self.mask = None;
        }
    }

    /// Makes the mask that an area is cut with, where clips cut it at all.
    fn cut(&mut self, area: Rect) -> Result<(), ReadError> {
        let whole = |clip: &Clip| match clip {
            Clip::Rect(rect) => {
                rect.left() <= area.left()
                    && rect.top() <= area.top()
                    && rect.right() >= area.right()
                    && rect.bottom() >= area.bottom()
            }
            _ => false,
        };
        if self.clips.iter().all(whole) {
            self.mask = None;
            return Ok(());
        }
        if self.mask.as_ref().is_some_and(|(depth, _)| *depth == self.clips.len()) {
            return Ok(());
        }
        let (width, height) = (self.width(), self.height());
        self.count((width as usize * height as usize).saturating_mul(self.clips.len()) / 8)?;
        let mut mask = Mask::new(width, height).ok_or_else(empty)?;
        mask.data_mut().fill(255);
        for clip in &self.clips {
            match clip {
                Clip::Rect(rect) => {
                    let path = tiny_skia::PathBuilder::from_rect(*rect);
                    mask.intersect_path(&path, FillRule::Winding, true, Transform::identity());
                }
                Clip::Shape(path, rule) => mask.intersect_path(path, *rule, true, Transform::identity()),
                Clip::Soft(soft) => {
                    for (to, by) in mask.data_mut().iter_mut().zip(soft.data()) {
                        *to = (u16::from(*to) * u16::from(*by) / 255) as u8;
                    }
                }
            }
        }
        self.mask = Some((self.clips.len(), mask));
        Ok(())
    }

    /// The part of the page that something touches; `None` where it lies beside the page or is no length at all.
    fn touched(&self, bounds: Rect, at: Transform, margin: f32) -> Option<Rect> {
        let rect = bounds.transform(at)?.outset(margin, margin)?;
        if !rect.width().is_finite() || !rect.height().is_finite() {
            return None;
        }
        let page = Rect::from_xywh(0.0, 0.0, self.width() as f32, self.height() as f32)?;
        rect.intersect(&page)
    }

    /// The pixels, not yet packed.
    pub(crate) fn into_map(self) -> Pixmap {
        self.map
    }
}

fn empty() -> ReadError {
    ReadError::NothingInside { seen: 1 }
}

fn size(area: Rect) -> usize {
    (area.width() * area.height()).ceil() as usize
}

/// By how much lengths grow.
pub(crate) fn scale_of(at: Transform) -> f32 {
    let area = (at.sx * at.sy - at.kx * at.ky).abs().sqrt();
    if area.is_finite() && area > 1e-6 { area } else { 1e-6 }
}

/// The rectangle that a path is, if it is one.
fn upright(path: &Path) -> Option<Rect> {
    let points: Vec<Point> = path.points().to_vec();
    let closed = points.len() == 4 || points.len() == 5 && points[0] == points[4];
    if !closed
        || path
            .segments()
            .any(|s| matches!(s, PathSegment::QuadTo(..) | PathSegment::CubicTo(..)))
    {
        return None;
    }
    let bounds = path.bounds();
    let corner =
        |p: &Point| (p.x == bounds.left() || p.x == bounds.right()) && (p.y == bounds.top() || p.y == bounds.bottom());
    let sides = points.windows(2).all(|w| (w[0].x == w[1].x) != (w[0].y == w[1].y));
    (points.iter().all(corner) && sides).then_some(bounds)
}
