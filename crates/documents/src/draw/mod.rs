//! Pages as pictures: PDF, OFD and photos, each step of drawing counted. Nothing in a file is run, and nothing outside of
//! it is looked at but a font of the system.

pub(crate) mod canvas;
pub mod fonts;

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::error::{FileKind, ReadError};
use crate::limits::{Budget, Limits};
use crate::paper::{Content, Form, form};
use crate::{ofd, pdf, picture};
use canvas::Canvas;

/// How wide a page is drawn, in pixels: 150 to the inch for A4.
const WIDTH: f64 = 1240.0;
/// Longest side of a page as drawn, in pixels.
const LONGEST: f64 = 2200.0;
/// How good a photo is kept, in percent.
const QUALITY: u8 = 82;

/// One page as a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The picture's bytes.
    pub bytes: Vec<u8>,
    /// `image/png`, or `image/jpeg` for photos.
    pub media_type: &'static str,
    /// Size of the picture in pixels: width and height.
    pub pixels: (u32, u32),
    /// Left, top, width and height of the page in the units of [`crate::Place`].
    pub view: [i32; 4],
    /// How many pages the file has.
    pub pages: u32,
    /// How many things are on the page that could not be drawn, such as characters that no font here has.
    pub missing: u32,
}

/// Draws one page, from 1, of a PDF or OFD file or a photo. Other files, XML among them, have no pages and are refused as
/// unsupported.
///
/// Bounded by [`Limits::max_operations`], [`Limits::max_glyphs`], [`Limits::max_painted`], [`Limits::max_pixels`] and
/// [`Limits::max_unpacked`]; beyond any the file is refused.
pub fn render(bytes: &[u8], page: u32, limits: &Limits) -> Result<Rendered, ReadError> {
    let mut budget = Budget::new(limits);
    if bytes.len() > limits.max_file {
        return Err(ReadError::TooLarge {
            limit: limits.max_file,
            found: bytes.len(),
        });
    }
    match form(bytes)? {
        Form::Pdf => pdf::draw_page(bytes, page, &mut budget)?.packed(),
        Form::Zip => ofd::draw_page(bytes, page, &mut budget)?.packed(),
        Form::Picture(_) if page == 1 => photo(bytes, &mut budget),
        Form::Picture(_) => Err(ReadError::NothingInside { seen: 1 }),
        Form::Mail => Err(ReadError::Unsupported(FileKind::Mail)),
        Form::Xml => Err(ReadError::Unsupported(FileKind::Other)),
    }
}

/// A photo, upright and no larger than a page.
fn photo(bytes: &[u8], budget: &mut Budget<'_>) -> Result<Rendered, ReadError> {
    let (pixels, scale) = picture::decode(bytes, budget)?;
    let damaged = ReadError::Damaged { kind: FileKind::Image };
    let (width, height) = (pixels.width as u32, pixels.height as u32);
    let image = image::RgbImage::from_raw(width, height, pixels.rgb).ok_or_else(|| damaged.clone())?;
    let full = |side: u32| (f64::from(side) * f64::from(scale)).round() as i32;
    let view = [0, 0, full(width), full(height)];
    let shrink = (WIDTH / f64::from(width)).min(LONGEST / f64::from(height));
    let image = if shrink < 1.0 {
        let new = |side: u32| ((f64::from(side) * shrink) as u32).max(1);
        image::imageops::thumbnail(&image, new(width), new(height))
    } else {
        image
    };
    let (width, height) = image.dimensions();
    let mut out = Vec::new();
    let encoder = JpegEncoder::new_with_quality(Cursor::new(&mut out), QUALITY);
    encoder
        .write_image(&image, width, height, ExtendedColorType::Rgb8)
        .map_err(|_| damaged)?;
    Ok(Rendered {
        bytes: out,
        media_type: "image/jpeg",
        pixels: (width, height),
        view,
        pages: 1,
        missing: 0,
    })
}

/// The sheet that a page is drawn on.
#[derive(Clone, Copy)]
pub(crate) struct Paper {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// As [`Rendered::view`].
    pub(crate) view: [i32; 4],
}

impl Paper {
    /// A sheet of this width and height in millimetres.
    pub(crate) fn of_mm(wide: f64, high: f64) -> Result<Paper, ReadError> {
        let sound = |v: f64| v.is_finite() && (1.0..20_000.0).contains(&v);
        if !sound(wide) || !sound(high) || !(0.02..50.0).contains(&(wide / high)) {
            return Err(ReadError::NothingInside { seen: 1 });
        }
        let scale = (WIDTH / wide).min(LONGEST / high).min(40.0);
        let pixels = |v: f64| ((v * scale).round() as u32).max(1);
        let hundredths = |v: f64| (v * 100.0).round() as i32;
        Ok(Paper {
            width: pixels(wide),
            height: pixels(high),
            view: [0, 0, hundredths(wide), hundredths(high)],
        })
    }
}

/// A page as drawn.
pub(crate) struct Drawn {
    canvas: Canvas,
    paper: Paper,
    pub(crate) pages: u32,
    missing: u32,
}

impl Drawn {
    pub(crate) fn new(canvas: Canvas, paper: Paper, missing: u32) -> Self {
        Drawn {
            canvas,
            paper,
            pages: 1,
            missing,
        }
    }

    /// What the page says, read as a picture.
    pub(crate) fn read(self, number: u32, budget: &mut Budget<'_>) -> Result<Option<Content>, ReadError> {
        let [left, top, wide, _] = self.paper.view;
        let map = self.canvas.into_map();
        let (width, height) = (map.width() as usize, map.height() as usize);
        budget.picture(width, height)?;
        let rgb = map.data().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
        let pixels = picture::Pixels { width, height, rgb };
        let unit = f64::from(wide) / width as f64;
        Ok(picture::of_page(&pixels, 1.0, number, (unit, left, top), budget.limits))
    }

    /// The page as a PNG.
    fn packed(self) -> Result<Rendered, ReadError> {
        let map = self.canvas.into_map();
        let (width, height) = (map.width(), map.height());
        // The ground is white, so nothing shows through.
        let rgb: Vec<u8> = map.data().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
        let mut bytes = Vec::new();
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
            .write_image(&rgb, width, height, ExtendedColorType::Rgb8)
            .map_err(|_| ReadError::NothingInside { seen: 1 })?;
        Ok(Rendered {
            bytes,
            media_type: "image/png",
            pixels: (width, height),
            view: self.paper.view,
            pages: self.pages,
            missing: self.missing,
        })
    }
}
