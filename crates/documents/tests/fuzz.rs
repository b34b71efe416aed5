//! Mutations of generated files of every kind: whatever comes in, reading ends without a panic, within its bounds, and the same way
//! each time. `OUTLAY_FUZZ_SECONDS=600` goes on for ten minutes.

use std::io::Cursor;
use std::time::{Duration, Instant};

use image::{DynamicImage, ImageFormat, RgbImage};
use outlay_documents::{Limits, read_counted};

mod make;
use make::container::mail;
use make::ofd::{Kind, face, package, zip};
use make::pdf::{Font, page};
use make::{Dice, europe, model, xml};

/// Rounds where no time is given.
const ROUNDS: usize = 400;

fn picture(format: ImageFormat) -> Vec<u8> {
    let mut image = RgbImage::from_pixel(72, 48, image::Rgb([250, 250, 250]));
    for x in 8..60 {
        for y in [12, 13, 14, 30, 31] {
            image.put_pixel(x, y, image::Rgb([10, 10, (x * 3) as u8]));
        }
    }
    let mut bytes = Vec::new();
    DynamicImage::from(image)
        .write_to(&mut Cursor::new(&mut bytes), format)
        .expect("a picture in memory");
    bytes
}

fn seeds() -> Vec<Vec<u8>> {
    let (china, euro) = (model(3), europe::euro(3));
    let jpeg = picture(ImageFormat::Jpeg);
    vec![
        xml::english(&china).into_bytes(),
        europe::cii(&euro).into_bytes(),
        package(&china, Kind::Tags),
        package(&china, Kind::Attached2020),
        page(
            &face(&china, 0.0),
            Font::ToUnicode,
            Some(("a.xml", xml::english(&china).as_bytes())),
        ),
        page(&europe::letter(&euro), Font::Ucs2, None),
        mail(&[
            ("a.ofd", "application/ofd", &package(&china, Kind::Face)),
            ("b.jpg", "image/jpeg", &jpeg),
        ]),
        zip(&[
            ("a.xml", xml::english(&china).as_bytes()),
            ("b.png", &picture(ImageFormat::Png)),
        ]),
        picture(ImageFormat::Png),
        picture(ImageFormat::WebP),
        jpeg,
    ]
}

fn mutated(seed: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(8) {
        let at = dice.below(bytes.len());
        match dice.below(7) {
            0 => bytes.truncate(at.max(1)),
            1 => bytes[at] ^= 1 << dice.below(8),
            2 => bytes[at] = [0, 0xff, 0x7f, b'<', b'>', b'/', b'&', b'\n'][dice.below(8)],
            3 => {
                let end = (at + dice.below(64)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                let to = dice.below(bytes.len());
                bytes.splice(to..to, part);
            }
            4 => {
                let end = (at + dice.below(256)).min(bytes.len());
                bytes.drain(at..end);
            }
            5 => {
                let from = dice.below(other.len());
                let end = (from + dice.below(512)).min(other.len());
                bytes.splice(at..at, other[from..end].iter().copied());
            }
            _ => {
                let end = (at + 4).min(bytes.len());
                let value = u32::try_from(dice.below(usize::from(u16::MAX)) << dice.below(17)).unwrap_or(u32::MAX);
                bytes.splice(at..end, value.to_be_bytes());
            }
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
    bytes
}

#[test]
fn whatever_comes_in_ends_within_its_bounds() {
    let seconds = std::env::var("OUTLAY_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok());
    let until = seconds.map(|s: u64| Instant::now() + Duration::from_secs(s));
    let first: u64 = std::env::var("OUTLAY_FUZZ_SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(1);
    // Small bounds, so that they are met.
    let limits = Limits {
        max_unpacked: 1 << 20,
        max_entries: 64,
        max_operations: 20_000,
        max_glyphs: 20_000,
        max_pixels: 1_000_000,
        max_pictures: 4,
        ..Limits::default()
    };
    let seeds = seeds();
    let mut round = 0;
    while until.map_or(round < ROUNDS, |until| Instant::now() < until) {
        // A file is found again by its round.
        let mut dice = Dice::new(first << 32 | round as u64);
        let (a, b) = (dice.below(seeds.len()), dice.below(seeds.len()));
        let bytes = mutated(&seeds[a], &seeds[b], &mut dice);
        let (result, used) = read_counted(&bytes, &limits);
        let name = format!("round {round}, seed {first}, file {a}");
        assert!(used.entries <= limits.max_entries + 1 + 64, "{name}: {used:?}");
        assert!(
            used.unpacked <= limits.max_unpacked + bytes.len() + limits.max_bytes,
            "{name}: {used:?}"
        );
        assert!(
            used.operations <= limits.max_operations + 1 && used.glyphs <= limits.max_glyphs + 4_096,
            "{name}: {used:?}"
        );
        assert!(
            used.pictures <= limits.max_pictures && used.pixels <= limits.max_pictures * limits.max_pixels,
            "{name}: {used:?}"
        );
        if round % 16 == 0 {
            let again = read_counted(&bytes, &limits);
            assert_eq!((result, used), again, "{name}");
        }
        round += 1;
    }
    eprintln!("{round} files");
}
