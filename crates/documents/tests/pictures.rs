//! Pictures: what is refused, and within which bounds; what is read of real ones, where they and the models are at hand.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageFormat, RgbImage};
use outlay_documents::{Content, Counters, Limits, Receipt, picture, read_counted, read_files};

mod make;
use make::container::mail;
use make::ofd::zip;

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    image
        .write_to(&mut Cursor::new(&mut bytes), format)
        .expect("a picture in memory");
    bytes
}

fn blank(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_pixel(width, height, image::Rgb([255, 255, 255])).into()
}

/// A PNG that says it is of this size, with hardly any data.
fn announced(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = encoded(&blank(64, 64), ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    // The check sum of the header: without it the file would merely be damaged.
    let sum = crc(&bytes[12..29]).to_be_bytes();
    bytes[29..33].copy_from_slice(&sum);
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| {
            if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 }
        })
    })
}

/// A PNG chunk put in before the data.
fn with_chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut bytes = encoded(&blank(64, 64), ImageFormat::Png);
    let mut chunk = u32::try_from(data.len()).expect("short").to_be_bytes().to_vec();
    chunk.extend(name);
    chunk.extend(data);
    chunk.extend(crc(&chunk[4..]).to_be_bytes());
    bytes.splice(33..33, chunk);
    bytes
}

fn refused(bytes: &[u8]) -> (&'static str, Counters) {
    let (result, used) = read_counted(bytes, &Limits::default());
    (result.err().map_or("read", |e| e.code()), used)
}

#[test]
fn pictures_too_large_are_refused_before_a_pixel_is_made() {
    for (width, height) in [
        (20_000, 20_000),
        (16_001, 10),
        (10, 65_535),
        (4_000_000, 4_000_000),
        (12_000, 12_000),
    ] {
        let (code, used) = refused(&announced(width, height));
        assert_eq!(code, "document.too-complex", "{width} x {height}");
        assert_eq!((used.pictures, used.pixels), (0, 0), "{width} x {height}");
    }
    // Not even where the rest is missing.
    assert_eq!(refused(&announced(20_000, 20_000)[..33]).0, "document.too-complex");
    let packed = zip(&[("a.png", &announced(20_000, 20_000))]);
    assert_eq!(refused(&packed).0, "document.too-complex");
}

#[test]
fn moving_damaged_and_false_pictures_are_refused() {
    let jpeg = encoded(&blank(640, 480), ImageFormat::Jpeg);
    let animation = with_chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    assert_eq!(refused(&animation).0, "document.unsupported.animation");
    // A JPEG of a thousand passes over a picture within bounds.
    let scans = [
        jpeg.as_slice(),
        &b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00".repeat(1_000),
    ]
    .concat();
    assert_eq!(refused(&scans).0, "document.too-complex");
    for (name, bytes) in [
        ("a JPEG that ends in its head", jpeg[..20].to_vec()),
        ("a PNG without data", b"\x89PNG\r\n\x1a\n".to_vec()),
        ("a WebP without data", b"RIFF\x10\0\0\0WEBPVP8 ".to_vec()),
        ("a PNG whose data stops", announced(3_000, 3_000)),
    ] {
        assert_eq!(refused(&bytes).0, "document.damaged", "{name}");
    }
    assert_eq!(refused(b"GIF89a\x01\0\x01\0").0, "document.unsupported.image");
    for brand in ["heic", "mif1"] {
        let photo = [b"\0\0\0\x18ftyp", brand.as_bytes(), b"\0\0\0\0mif1heic"].concat();
        for bytes in [photo.clone(), zip(&[("IMG_1.HEIC", &photo)])] {
            let error = read_counted(&bytes, &Limits::default())
                .0
                .expect_err("no photo that is read");
            assert_eq!(error.code(), "document.unsupported.heic", "{brand}");
            assert!(error.to_string().contains("Most Compatible"), "{error}");
        }
    }
    assert_eq!(refused(b"\0\0\0\x18ftypavif\0\0\0\0").0, "document.unsupported.image");
    let hidden = mail(&[("photo.jpg", "image/jpeg", b"<html><script>alert(1)</script></html>")]);
    assert_eq!(refused(&hidden).0, "document.unsupported.html");
}

#[test]
fn a_cut_off_photo_is_kept_and_says_nothing() {
    let jpeg = encoded(&blank(640, 480), ImageFormat::Jpeg);
    let files = read_files(&jpeg[..20], &Limits::default()).expect("kept");
    assert_eq!(files[0].media_type, "image/jpeg");
    assert_eq!(files[0].contents, [Content::Picture]);
}

#[test]
fn an_empty_page_says_nothing_in_any_format() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let (result, used) = read_counted(&encoded(&blank(300, 200), format), &Limits::default());
        let reading = result.expect("a picture");
        assert_eq!(reading.papers[0].content, Content::Picture, "{format:?}");
        assert_eq!((used.pictures, used.pixels), (1, 60_000), "{format:?}");
    }
}

#[test]
fn no_more_pictures_are_read_than_the_limit() {
    let one = encoded(&blank(64, 64), ImageFormat::Png);
    let names: Vec<String> = (0..20).map(|n| format!("{n}.png")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), one.as_slice())).collect();
    let limits = Limits {
        max_pictures: 3,
        ..Limits::default()
    };
    let (result, used) = read_counted(&zip(&entries), &limits);
    assert_eq!(result.map(|r| r.papers.len()), Ok(20), "all are kept");
    assert_eq!(used.pictures, 3);
}

fn receipt(bytes: &[u8]) -> Receipt {
    let (result, _) = read_counted(bytes, &Limits::default());
    match result.map(|mut r| r.papers.remove(0).content) {
        Ok(Content::Receipt(receipt)) => *receipt,
        other => panic!("no receipt: {other:?}"),
    }
}

#[test]
fn a_real_receipt_is_read_whichever_way_it_lies() {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let data = std::env::var_os("OUTLAY_SHARED_DATA").map_or(default, std::path::PathBuf::from);
    let Ok(bytes) = std::fs::read(data.join("sroie/001.jpg")) else {
        eprintln!("not run: no receipts beside the repository");
        return;
    };
    if !picture::available() {
        eprintln!("not run: built without the models that read pictures (cargo xtask models)");
        return;
    }
    let upright = image::load_from_memory(&bytes).expect("a picture");
    for (name, image) in [
        ("upright", upright.clone()),
        ("upside down", upright.rotate180()),
        ("on its side", upright.rotate90()),
    ] {
        let read = receipt(&encoded(&image, ImageFormat::Png));
        assert_eq!(read.total.map(|t| t.to_string()).as_deref(), Some("60.30"), "{name}");
        assert_eq!(
            read.date.map(|d| d.to_string()).as_deref(),
            Some("2018-10-19"),
            "{name}"
        );
        let place = read.sources["total"].place.expect("a place");
        let [left, top, width, height] = place.area;
        let inside =
            left >= 0 && top >= 0 && left + width <= image.width() as i32 && top + height <= image.height() as i32;
        assert!(inside && width > 0 && height > 0, "{name}: {place:?}");
    }
}
