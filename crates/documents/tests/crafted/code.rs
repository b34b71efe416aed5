//! QR codes as pictures, and pictures packed as fax machines do.

use std::io::Cursor;

use fax::{Color, VecWriter, encoder::Encoder};
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use qrcode::QrCode;

/// A code as dark and light, each module so many pixels wide, with a margin of so many modules.
pub fn code(text: &str, module: u32, margin: u32) -> GrayImage {
    let code = QrCode::new(text).expect("a code");
    let dark: Vec<bool> = code.to_colors().iter().map(|c| *c == qrcode::Color::Dark).collect();
    let width = code.width() as u32;
    let side = (width + 2 * margin) * module;
    GrayImage::from_fn(side, side, |x, y| {
        let at = |v: u32| (v / module).checked_sub(margin).filter(|v| *v < width);
        let shows = at(x).zip(at(y)).is_some_and(|(x, y)| dark[(y * width + x) as usize]);
        Luma([if shows { 0 } else { 255 }])
    })
}

/// A white page with a picture on it.
pub fn sheet(width: u32, height: u32, picture: &GrayImage, left: i64, top: i64) -> GrayImage {
    let mut sheet = GrayImage::from_pixel(width, height, Luma([255]));
    image::imageops::replace(&mut sheet, picture, left, top);
    sheet
}

pub fn encoded(image: DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format).expect("a picture");
    bytes
}

/// A code through whose light modules everything shows.
pub fn transparent(image: &GrayImage) -> DynamicImage {
    let pixels = image::RgbaImage::from_fn(image.width(), image.height(), |x, y| {
        let dark = image.get_pixel(x, y).0[0] < 128;
        image::Rgba([0, 0, 0, if dark { 255 } else { 0 }])
    });
    pixels.into()
}

/// Rows of bits, each begins at a whole byte; a set bit is white.
pub fn bits(image: &GrayImage) -> Vec<u8> {
    let mut out = Vec::new();
    for row in image.rows() {
        let row: Vec<bool> = row.map(|p| p.0[0] >= 128).collect();
        out.extend(row.chunks(8).map(|eight| {
            let bit = |(at, white): (usize, &bool)| u8::from(*white) << (7 - at);
            eight.iter().enumerate().map(bit).sum::<u8>()
        }));
    }
    out
}

/// Packed by Group 4 (ITU-T T.6).
pub fn group_4(image: &GrayImage) -> Vec<u8> {
    let mut encoder = Encoder::new(VecWriter::new());
    for row in image.rows() {
        let row = row.map(|p| if p.0[0] < 128 { Color::Black } else { Color::White });
        let Ok(()) = encoder.encode_line(row, image.width());
    }
    let Ok(writer) = encoder.finish();
    writer.finish()
}

/// The segments of a JBIG2 page (ITU-T T.88) as PDF has them: the page, and one region packed by Group 4.
pub fn jbig2(image: &GrayImage) -> Vec<u8> {
    let size = [image.width().to_be_bytes(), image.height().to_be_bytes()].concat();
    let segment = |number: u32, kind: u8, data: Vec<u8>| {
        let mut out = number.to_be_bytes().to_vec();
        out.extend([kind, 0, 1]);
        out.extend((data.len() as u32).to_be_bytes());
        out.extend(data);
        out
    };
    // No resolution; the ground is white.
    let page = [size.clone(), vec![0; 8], vec![0, 0, 0]].concat();
    // At the corner, put over what is there; packed by Group 4.
    let region = [size, vec![0; 8], vec![0, 1], group_4(image)].concat();
    [segment(0, 48, page), segment(1, 38, region), segment(2, 49, Vec::new())].concat()
}
