//! Pictures in PDF files: how large they become is known before they are unpacked.

use std::io::Cursor;

use hayro_interpret::{ImageData, LumaData};
use hayro_syntax::Filter;
use hayro_syntax::object::{Array, Dict, Object, Stream};
use image::ImageDecoder;
use image::codecs::jpeg::JpegDecoder;
use tiny_skia::{IntSize, Pixmap, Transform};

use super::guard;
use crate::error::{Excess, ReadError};

/// Whether a picture may be unpacked.
pub(super) enum Fits {
    /// It has this many pixels, its masks with it.
    Pixels(usize),
    /// Its packing is not followed.
    Unknown,
}

/// Whether a picture, and the one that masks it, have at most `most` pixels once unpacked.
pub(super) fn fits(stream: &Stream<'_>, most: usize) -> Result<Fits, ReadError> {
    let mut whole = 0_usize;
    let masks = ["SMask", "Mask"].map(|key| stream.dict().get::<Stream<'_>>(key));
    for one in std::iter::once(stream).chain(masks.iter().flatten()) {
        match one_fits(one, most)? {
            Fits::Pixels(pixels) => whole = whole.saturating_add(pixels),
            Fits::Unknown => return Ok(Fits::Unknown),
        }
    }
    Ok(Fits::Pixels(whole))
}

fn one_fits(stream: &Stream<'_>, most: usize) -> Result<Fits, ReadError> {
    let dict = stream.dict();
    let too_many = ReadError::TooComplex {
        what: Excess::Pixels,
        limit: most,
    };
    let side = |long: &str, short: &str| {
        let number = dict.get::<i32>(long).or_else(|| dict.get::<i32>(short));
        number.and_then(|n| usize::try_from(n).ok())
    };
    let (Some(width), Some(height)) = (side("Width", "W"), side("Height", "H")) else {
        return Ok(Fits::Unknown);
    };
    let said = width.saturating_mul(height);
    if said > most {
        return Err(too_many);
    }
    let raw = stream.raw_data();
    let within = |(w, h): (usize, usize)| match w.saturating_mul(h) {
        found if found > most => Err(too_many.clone()),
        found => Ok(Fits::Pixels(found.max(said))),
    };
    match stream.filters().as_slice() {
        [] => Ok(Fits::Pixels(said)),
        [Filter::FlateDecode] => {
            // At most four colours of two bytes, a byte a row, and some slack: what unpacks to more is no picture of this size.
            let bytes = said.saturating_mul(8).saturating_add(height + (1 << 20));
            match guard::inflated(&raw, bytes)? {
                found if found > bytes => Err(too_many),
                _ => Ok(Fits::Pixels(said)),
            }
        }
        [Filter::DctDecode] => match JpegDecoder::new(Cursor::new(&raw[..])) {
            Ok(decoder) => {
                let (w, h) = decoder.dimensions();
                within((w as usize, h as usize))
            }
            Err(_) => Ok(Fits::Unknown),
        },
        [Filter::JpxDecode] => jpx(&raw).map_or(Ok(Fits::Unknown), within),
        [Filter::CcittFaxDecode] => {
            let parms = parms(dict);
            let number = |key: &str| {
                let number = parms.as_ref().and_then(|p| p.get::<i32>(key));
                number.and_then(|n| usize::try_from(n).ok())
            };
            let columns = number("Columns").unwrap_or(1728);
            within((columns, number("Rows").filter(|r| *r > 0).unwrap_or(height)))
        }
        [Filter::Jbig2Decode] => {
            let shared = parms(dict).and_then(|p| p.get::<Stream<'_>>("JBIG2Globals"));
            // What is shared is unpacked too, and may be packed itself.
            let plain = shared.is_none_or(|s| s.filters().is_empty() && s.raw_data().len() < 1 << 20);
            match jbig2(&raw).filter(|_| plain) {
                Some(size) => within(size),
                None => Ok(Fits::Unknown),
            }
        }
        _ => Ok(Fits::Unknown),
    }
}

fn parms<'a>(dict: &Dict<'a>) -> Option<Dict<'a>> {
    match dict
        .get::<Object<'a>>("DecodeParms")
        .or_else(|| dict.get::<Object<'a>>("DP"))?
    {
        Object::Dict(dict) => Some(dict),
        Object::Array(array) => first(&array),
        _ => None,
    }
}

fn first<'a>(array: &Array<'a>) -> Option<Dict<'a>> {
    array.iter::<Dict<'a>>().next()
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(four)).ok()
}

/// The size that the first SIZ marker of JPEG 2000 announces (ISO 15444-1, A.5.1), all its colours counted.
fn jpx(raw: &[u8]) -> Option<(usize, usize)> {
    let at = guard::find(raw, b"\xff\x4f\xff\x51")?;
    let (width, height) = (number(raw, at + 8)?, number(raw, at + 12)?);
    let colours = usize::from(u16::from_be_bytes(raw.get(at + 40..at + 42)?.try_into().ok()?));
    Some((width, height.saturating_mul(colours.max(1)) / 2))
}

/// The size that the page of a JBIG2 stream announces (ISO 14492, 7.2 and 7.4.8); each region must lie within it.
fn jbig2(raw: &[u8]) -> Option<(usize, usize)> {
    let mut at = 0;
    let mut page = None;
    for _ in 0..4_096 {
        if at >= raw.len() {
            break;
        }
        let flags = *raw.get(at + 4)?;
        let kind = flags & 0x3f;
        let own = number(raw, at)?;
        let counts = *raw.get(at + 5)?;
        let (referred, mut next) = match counts >> 5 {
            7 => {
                let long = number(raw, at + 5)? & 0x1fff_ffff;
                (long, at + 9 + (long + 8) / 8)
            }
            few => (usize::from(few), at + 6),
        };
        let wide = if own <= 256 {
            1
        } else if own <= 65_536 {
            2
        } else {
            4
        };
        next += referred.checked_mul(wide)?;
        next += if flags & 0x40 == 0 { 1 } else { 4 };
        let length = number(raw, next)?;
        let data = next + 4;
        let size = (number(raw, data), number(raw, data + 4));
        match (kind, size) {
            (48, (Some(width), Some(height))) => {
                // An unknown height grows as regions come.
                if height == 0xffff_ffff || page.is_some() {
                    return None;
                }
                page = Some((width, height));
            }
            // Regions begin with their own size.
            (4..=7 | 20..=23 | 36..=43, (Some(width), Some(height))) => {
                let (w, h) = page?;
                if width > w.saturating_mul(2) || height > h.saturating_mul(2) {
                    return None;
                }
            }
            _ => {}
        }
        if length == 0xffff_ffff {
            break;
        }
        at = data.checked_add(length)?;
    }
    page
}

/// A one-coloured picture with holes.
pub(super) fn stencil(mask: LumaData, colour: [f32; 4]) -> Option<(Pixmap, (f32, f32))> {
    let [r, g, b, a] = colour.map(|v| v.clamp(0.0, 1.0));
    let scale = mask.scale_factors;
    let pixels = mask.data.iter().flat_map(|m| {
        let alpha = a * f32::from(*m) / 255.0;
        [r * alpha, g * alpha, b * alpha, alpha].map(|v| (v * 255.0).round() as u8)
    });
    Some((map(pixels.collect(), mask.width, mask.height)?, scale))
}

/// A picture with how much of it shows.
pub(super) fn raster(data: ImageData, alpha: Option<LumaData>) -> Option<(Pixmap, (f32, f32))> {
    let (width, height, scale) = (data.width(), data.height(), data.scale_factors());
    let alpha = alpha.map(|a| fitted(a, width, height));
    let shows = |i: usize| alpha.as_ref().map_or(255, |a| a.get(i).copied().unwrap_or(255));
    let through = |c: u8, a: u8| (u16::from(c) * u16::from(a) / 255) as u8;
    let bytes: Vec<u8> = match &data {
        ImageData::Rgb(rgb) => {
            let pixels = rgb.data.chunks_exact(3).enumerate();
            pixels
                .flat_map(|(i, p)| {
                    let a = shows(i);
                    [through(p[0], a), through(p[1], a), through(p[2], a), a]
                })
                .collect()
        }
        ImageData::Luma(grey) => {
            let pixels = grey.data.iter().enumerate();
            pixels
                .flat_map(|(i, v)| {
                    let a = shows(i);
                    [through(*v, a), through(*v, a), through(*v, a), a]
                })
                .collect()
        }
    };
    Some((map(bytes, width, height)?, scale))
}

/// A mask in the size of what it masks.
fn fitted(mask: LumaData, width: u32, height: u32) -> Vec<u8> {
    if (mask.width, mask.height) == (width, height) {
        return mask.data;
    }
    let across = |x: u32| u64::from(x) * u64::from(mask.width) / u64::from(width.max(1));
    let down = |y: u32| u64::from(y) * u64::from(mask.height) / u64::from(height.max(1));
    let mut out = Vec::with_capacity(width as usize * height as usize);
    for y in 0..height {
        let row = (down(y) * u64::from(mask.width)) as usize;
        out.extend((0..width).map(|x| mask.data.get(row + across(x) as usize).copied().unwrap_or(255)));
    }
    out
}

fn map(bytes: Vec<u8>, width: u32, height: u32) -> Option<Pixmap> {
    Pixmap::from_vec(bytes, IntSize::from_wh(width, height)?)
}

/// A picture of about the size it is shown in, and where its pixels then lie: each is the mean of those it stands for.
pub(crate) fn shrunk(map: Pixmap, at: Transform) -> (Pixmap, Transform) {
    let across = at.sx.hypot(at.ky);
    let down = at.kx.hypot(at.sy);
    let new = |old: u32, scale: f32| ((old as f32 * scale).ceil() as u32).clamp(1, old);
    let (width, height) = (new(map.width(), across), new(map.height(), down));
    if !(across.is_finite() && down.is_finite()) || width * 3 > map.width() * 2 && height * 3 > map.height() * 2 {
        return (map, at);
    }
    let (old_width, old_height) = (map.width(), map.height());
    let Some(image) = image::RgbaImage::from_raw(old_width, old_height, map.take()) else {
        // Can't be: the bytes are those of a picture of this size.
        return (Pixmap::new(1, 1).unwrap_or_else(|| unreachable!("a pixel")), at);
    };
    let small = image::imageops::thumbnail(&image, width, height);
    let back = Transform::from_scale(old_width as f32 / width as f32, old_height as f32 / height as f32);
    match IntSize::from_wh(width, height).and_then(|size| Pixmap::from_vec(small.into_raw(), size)) {
        Some(map) => (map, at.pre_concat(back)),
        None => (Pixmap::new(1, 1).unwrap_or_else(|| unreachable!("a pixel")), at),
    }
}
