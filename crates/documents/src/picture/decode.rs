//! JPEG, PNG and WebP to pixels, within bounds; what a camera says of its position is honoured.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ImageDecoder, ImageError};

use super::pixels::Pixels;
use crate::error::{Excess, FileKind, ReadError};
use crate::limits::Budget;

/// Most passes of a progressive JPEG: cameras and tools make ten or so, each pass may touch every pixel.
const MAX_SCANS: usize = 32;
/// Most pixels that are read; a larger picture is made smaller first.
const MAX_WORK: usize = 2_600_000;

/// The media type of a picture that is read, by its first bytes.
pub(crate) fn media_type(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\xff\xd8\xff") {
        Some("image/jpeg")
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some("image/webp")
    } else {
        None
    }
}

/// A picture, upright as far as its file says, and how many pixels of the file one of its own is wide.
pub(crate) fn decode(bytes: &[u8], budget: &mut Budget<'_>) -> Result<(Pixels, f32), ReadError> {
    // What a library meets in a file by strangers must end in a refusal, not end the process.
    let mut used = budget.used;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut inner = Budget {
            limits: budget.limits,
            used,
        };
        let result = open(bytes, &mut inner);
        used = inner.used;
        result
    }));
    budget.used = used;
    outcome.unwrap_or(Err(ReadError::Damaged { kind: FileKind::Image }))
}

/// Refuses a picture by what its head announces, without making a pixel: too large, or moving.
pub(crate) fn announced(bytes: &[u8], budget: &Budget<'_>) -> Result<(), ReadError> {
    let moving = || Err(ReadError::Unsupported(FileKind::Animation));
    let of_head = || match media_type(bytes) {
        Some("image/jpeg") => JpegDecoder::new(Cursor::new(bytes)).map(|d| (d.dimensions(), false)),
        Some("image/png") => {
            PngDecoder::with_limits(Cursor::new(bytes), bounds(budget)).and_then(|d| Ok((d.dimensions(), d.is_apng()?)))
        }
        _ => WebPDecoder::new(Cursor::new(bytes)).map(|d| (d.dimensions(), d.has_animation())),
    };
    if let Some((width, height)) = png_size(bytes).filter(|_| media_type(bytes) == Some("image/png")) {
        budget.fits(width, height)?;
    }
    match catch_unwind(AssertUnwindSafe(of_head)) {
        Ok(Ok((_, true))) => moving(),
        Ok(Ok(((width, height), false))) => budget.fits(width as usize, height as usize),
        // What is damaged is told when it is read.
        Ok(Err(_)) | Err(_) => Ok(()),
    }
}

fn open(bytes: &[u8], budget: &mut Budget<'_>) -> Result<(Pixels, f32), ReadError> {
    let damaged = |_: ImageError| ReadError::Damaged { kind: FileKind::Image };
    match media_type(bytes) {
        Some("image/jpeg") => {
            let scans = bytes.windows(2).filter(|w| w == b"\xff\xda").count();
            if scans > MAX_SCANS {
                return Err(ReadError::TooComplex {
                    what: Excess::Scans,
                    limit: MAX_SCANS,
                });
            }
            pixels(JpegDecoder::new(Cursor::new(bytes)).map_err(damaged)?, budget)
        }
        Some("image/png") => {
            // Before the library, which is silent of a size whose pixels are missing.
            if let Some((width, height)) = png_size(bytes) {
                budget.fits(width, height)?;
            }
            let limits = bounds(budget);
            let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits).map_err(damaged)?;
            if decoder.is_apng().map_err(damaged)? {
                return Err(ReadError::Unsupported(FileKind::Animation));
            }
            pixels(decoder, budget)
        }
        Some("image/webp") => {
            let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(damaged)?;
            if decoder.has_animation() {
                return Err(ReadError::Unsupported(FileKind::Animation));
            }
            pixels(decoder, budget)
        }
        _ => Err(ReadError::Unsupported(FileKind::Image)),
    }
}

/// Width and height as the first chunk of a PNG names them (PNG, third edition, 11.2.1).
fn png_size(bytes: &[u8]) -> Option<(usize, usize)> {
    let side = |at: usize| {
        let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(four)).ok()
    };
    Some((side(16)?, side(20)?))
}

/// What the library itself may hold at once.
fn bounds(budget: &Budget<'_>) -> image::Limits {
    let mut limits = image::Limits::default();
    // Eight bytes a pixel of the deepest kind, and the library's own.
    limits.max_alloc = Some((budget.limits.max_pixels as u64).saturating_mul(10));
    limits
}

fn pixels<D: ImageDecoder>(mut decoder: D, budget: &mut Budget<'_>) -> Result<(Pixels, f32), ReadError> {
    let damaged = |_: ImageError| ReadError::Damaged { kind: FileKind::Image };
    let (width, height) = decoder.dimensions();
    // Counted by what the file announces, before a pixel is made.
    budget.picture(width as usize, height as usize)?;
    if width < 8 || height < 8 {
        return Err(ReadError::NothingInside { seen: 1 });
    }
    let orientation = decoder.orientation().map_err(damaged)?;
    decoder.set_limits(bounds(budget)).map_err(damaged)?;
    let image = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    Ok(made_ready(image, orientation))
}

/// A picture of a size that is read, on white where it was transparent.
fn made_ready(image: DynamicImage, orientation: image::metadata::Orientation) -> (Pixels, f32) {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let shrink = (MAX_WORK as f32 / (width * height) as f32).sqrt();
    let mut image = if shrink < 1.0 {
        let new = |side: usize| ((side as f32 * shrink) as u32).max(8);
        image.thumbnail_exact(new(width), new(height))
    } else {
        image
    };
    let scale = width as f32 / image.width() as f32;
    image.apply_orientation(orientation);
    let (width, height) = (image.width() as usize, image.height() as usize);
    let rgb = if image.color().has_alpha() {
        let on_white = |c: u8, a: u8| (u16::from(c) * u16::from(a) / 255 + 255 - u16::from(a)) as u8;
        let all = image.into_rgba8().into_raw();
        let mut rgb = Vec::with_capacity(width * height * 3);
        for p in all.chunks_exact(4) {
            rgb.extend([on_white(p[0], p[3]), on_white(p[1], p[3]), on_white(p[2], p[3])]);
        }
        rgb
    } else {
        image.into_rgb8().into_raw()
    };
    (Pixels { width, height, rgb }, scale)
}

/// Pixels that were unpacked elsewhere, such as from a PDF, in a size that is read.
pub(crate) fn of_raw(image: DynamicImage) -> (Pixels, f32) {
    made_ready(image, image::metadata::Orientation::NoTransforms)
}
