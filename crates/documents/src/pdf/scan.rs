//! Pages that are pictures, as scanners make them: the largest picture of each page; where it is packed as fax machines do,
//! or cut into strips, the page as it is drawn.

use hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use hayro_syntax::page::Page as PdfPage;
use hayro_syntax::{Filter, Pdf};
use image::{DynamicImage, GrayImage, RgbImage};

use crate::error::ReadError;
use crate::limits::Budget;
use crate::paper::Content;
use crate::picture;

use super::{draw, guard};

const MM_PER_POINT: f64 = 25.4 / 72.0;

/// What the pictures of the pages show; none where they show nothing.
pub(super) fn read(pdf: &Pdf, encrypted: bool, budget: &mut Budget<'_>) -> Result<Vec<Content>, ReadError> {
    let mut contents = Vec::new();
    for (n, page) in pdf.pages().iter().enumerate().take(budget.limits.max_pages) {
        if !budget.reads_pictures() {
            break;
        }
        let pictures = pictures(page);
        let Some(stream) = pictures.first() else { continue };
        let number = u32::try_from(n + 1).unwrap_or(u32::MAX);
        let strips = pictures.get(1).is_some_and(|second| area(second) * 4 >= area(stream));
        let whole = if strips { None } else { decoded(stream, budget)? };
        let Some((picture, scale)) = whole else {
            match draw::open_page(page, encrypted, budget) {
                Ok(drawn) => contents.extend(drawn.read(number, budget)?),
                Err(error) if error.is_attack() => return Err(error),
                Err(_) => {}
            }
            continue;
        };
        let wide = f64::from(page.render_dimensions().0) * MM_PER_POINT * 100.0;
        let unit = wide / (picture.width as f64 * f64::from(scale));
        contents.extend(picture::of_page(&picture, scale, number, (unit, 0, 0), budget.limits));
    }
    Ok(contents)
}

/// The pictures of a page, the one with the most pixels first.
fn pictures<'a>(page: &PdfPage<'a>) -> Vec<Stream<'a>> {
    let pictures = &page.resources().x_objects;
    let streams = pictures
        .keys()
        .take(64)
        .filter_map(|key| pictures.get::<Stream<'a>>(key.as_ref()));
    let images = streams.filter(|s| {
        s.dict()
            .get::<Name<'_>>("Subtype")
            .is_some_and(|n| n.as_str() == "Image")
    });
    let mut images: Vec<Stream<'a>> = images.collect();
    images.sort_by_key(|s| std::cmp::Reverse(area(s)));
    images
}

fn area(stream: &Stream<'_>) -> usize {
    size(stream.dict()).map_or(0, |(w, h)| w.saturating_mul(h))
}

pub(super) fn size(dict: &Dict<'_>) -> Option<(usize, usize)> {
    let side = |key: &str| usize::try_from(dict.get::<i32>(key)?).ok();
    Some((side("Width")?, side("Height")?))
}

/// A picture's pixels; `None` for packings that are not unpacked here, such as those of fax machines.
pub(super) fn decoded(
    stream: &Stream<'_>,
    budget: &mut Budget<'_>,
) -> Result<Option<(picture::Pixels, f32)>, ReadError> {
    let filters = stream.filters();
    match filters.as_slice() {
        [Filter::DctDecode] => match picture::decode(&stream.raw_data(), budget) {
            Err(error) if error.is_attack() => Err(error),
            other => Ok(other.ok()),
        },
        [Filter::FlateDecode] | [] => flat(stream, budget),
        _ => Ok(None),
    }
}

/// A picture whose samples lie there one after the other.
fn flat(stream: &Stream<'_>, budget: &mut Budget<'_>) -> Result<Option<(picture::Pixels, f32)>, ReadError> {
    let dict = stream.dict();
    let Some((width, height)) = size(dict) else {
        return Ok(None);
    };
    budget.picture(width, height)?;
    // Counted before it is unpacked, as all streams are; at most three bytes a pixel and one a row.
    let most = budget.limits.max_pixels.saturating_mul(3).saturating_add(height);
    if !stream.filters().is_empty() && guard::inflated(&stream.raw_data(), most)? > most {
        return Err(ReadError::TooComplex {
            what: crate::Excess::Unpacked,
            limit: most,
        });
    }
    let Ok(data) = stream.decoded_data() else {
        return Ok(None);
    };
    let (Ok(w), Ok(h)) = (u32::try_from(width), u32::try_from(height)) else {
        return Ok(None);
    };
    let mask = dict.get::<bool>("ImageMask").unwrap_or(false);
    let bits = if mask {
        1
    } else {
        dict.get::<i32>("BitsPerComponent").unwrap_or(8)
    };
    let image = match (bits, colours(dict)) {
        (8, Some(3)) => RgbImage::from_raw(w, h, data.get(..width * height * 3).unwrap_or_default().to_vec())
            .map(DynamicImage::from),
        (8, Some(1)) => {
            GrayImage::from_raw(w, h, data.get(..width * height).unwrap_or_default().to_vec()).map(DynamicImage::from)
        }
        (1, Some(1) | None) => {
            let inverted = dict.get::<Array<'_>>("Decode").and_then(|d| d.iter::<i32>().next()) == Some(1);
            bilevel(&data, width, height, inverted)
                .and_then(|grey| GrayImage::from_raw(w, h, grey))
                .map(DynamicImage::from)
        }
        _ => None,
    };
    Ok(image.filter(|_| width >= 8 && height >= 8).map(picture::of_raw))
}

/// How many colours a picture mixes; `None` for palettes and what else is not read.
fn colours(dict: &Dict<'_>) -> Option<i32> {
    let named = |name: &str| match name {
        "DeviceGray" | "G" | "CalGray" => Some(1),
        "DeviceRGB" | "RGB" | "CalRGB" => Some(3),
        _ => None,
    };
    match dict.get::<Object<'_>>("ColorSpace")? {
        Object::Name(name) => named(name.as_str()),
        Object::Array(array) => {
            let kind = array.iter::<Name<'_>>().next()?;
            if kind.as_str() == "ICCBased" {
                return array.iter::<Stream<'_>>().next()?.dict().get::<i32>("N");
            }
            named(kind.as_str())
        }
        _ => None,
    }
}

/// One bit a pixel, rows begin at whole bytes.
fn bilevel(data: &[u8], width: usize, height: usize, inverted: bool) -> Option<Vec<u8>> {
    let row = width.div_ceil(8);
    let data = data.get(..row * height)?;
    let mut grey = Vec::with_capacity(width * height);
    for line in data.chunks_exact(row) {
        grey.extend((0..width).map(|x| {
            if (line[x / 8] >> (7 - x % 8) & 1 == 1) != inverted {
                255
            } else {
                0
            }
        }));
    }
    Some(grey)
}
