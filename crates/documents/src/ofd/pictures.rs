//! The pictures in an OFD package: PNG, JPEG and JBIG2, each within the bounds of pictures.

use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder};
use tiny_skia::{IntSize, Pixmap};

use crate::error::ReadError;
use crate::limits::{Budget, Counters, Limits};
use crate::picture::Pixels;

/// A picture of an OFD file, with what shows through it; `None` for kinds that are not read.
pub(super) fn picture(bytes: &[u8], budget: &mut Budget<'_>) -> Result<Option<Pixmap>, ReadError> {
    let used = &mut *budget;
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| decoded(bytes, used)));
    match outcome {
        Ok(Err(error)) if error.is_attack() => Err(error),
        Ok(Ok(map)) => Ok(map),
        _ => Ok(None),
    }
}

/// A picture of at most so many pixels, on white; `None` where it is larger, or can't be read. It is not counted.
pub(super) fn small(bytes: &[u8], most: usize, limits: &Limits) -> Option<Pixels> {
    let limits = Limits {
        max_pixels: most,
        ..limits.clone()
    };
    let mut budget = Budget {
        limits: &limits,
        used: Counters::default(),
    };
    let map = picture(bytes, &mut budget).ok()??;
    let rgb = map.data().chunks_exact(4).flat_map(|p| {
        // Colours are kept as far as they show.
        let white = 255 - p[3];
        [p[0], p[1], p[2]].map(|c| c.saturating_add(white))
    });
    Some(Pixels {
        width: map.width() as usize,
        height: map.height() as usize,
        rgb: rgb.collect(),
    })
}

fn decoded(bytes: &[u8], budget: &mut Budget<'_>) -> Result<Option<Pixmap>, ReadError> {
    let image = if bytes.starts_with(b"\x89PNG") {
        through(PngDecoder::new(std::io::Cursor::new(bytes)), budget)?
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        through(JpegDecoder::new(std::io::Cursor::new(bytes)), budget)?
    } else if bytes.starts_with(b"\x97JB2\r\n\x1a\n") {
        return two_tone(bytes, budget);
    } else {
        None
    };
    let Some(image) = image else { return Ok(None) };
    let rgba = image.into_rgba8();
    let size = IntSize::from_wh(rgba.width(), rgba.height());
    let through = |c: u8, a: u8| (u16::from(c) * u16::from(a) / 255) as u8;
    let bytes: Vec<u8> = rgba
        .into_raw()
        .chunks_exact(4)
        .flat_map(|p| [through(p[0], p[3]), through(p[1], p[3]), through(p[2], p[3]), p[3]])
        .collect();
    Ok(size.and_then(|size| Pixmap::from_vec(bytes, size)))
}

fn through<D: ImageDecoder>(
    decoder: image::ImageResult<D>,
    budget: &mut Budget<'_>,
) -> Result<Option<DynamicImage>, ReadError> {
    let Ok(decoder) = decoder else { return Ok(None) };
    let (width, height) = decoder.dimensions();
    budget.picture(width as usize, height as usize)?;
    Ok(DynamicImage::from_decoder(decoder).ok())
}

/// A JBIG2 file, white where it is not black.
fn two_tone(bytes: &[u8], budget: &mut Budget<'_>) -> Result<Option<Pixmap>, ReadError> {
    let Ok(file) = hayro_jbig2::File::new(bytes, &hayro_jbig2::DecodeSettings::default()) else {
        return Ok(None);
    };
    let Some(page) = file.page(0) else { return Ok(None) };
    budget.picture(page.width() as usize, page.height() as usize)?;
    let mut out = Bits(Vec::new());
    if page.decode(&mut out).is_err() {
        return Ok(None);
    }
    let size = IntSize::from_wh(page.width(), page.height());
    Ok(size.and_then(|size| Pixmap::from_vec(out.0, size)))
}

/// Pixels as they come, four bytes each.
struct Bits(Vec<u8>);

impl hayro_jbig2::Decoder for Bits {
    fn push_pixel(&mut self, black: bool) {
        let v = if black { 0 } else { 255 };
        self.0.extend([v, v, v, 255]);
    }

    fn push_pixel_chunk(&mut self, black: bool, chunk_count: u32) {
        for _ in 0..chunk_count * 8 {
            self.push_pixel(black);
        }
    }

    fn next_line(&mut self) {}
}
