//! Mutations of generated files of every kind: whatever comes in, reading and drawing end without a panic of ours, within their
//! bounds, and the same way each time. `OUTLAY_FUZZ_SECONDS=600` goes on for ten minutes; `OUTLAY_FUZZ_SEED` begins elsewhere.

use std::io::Cursor;
use std::panic;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};
use outlay_documents::{Limits, read_counted, render};

mod crafted;
mod make;
use crafted::code::{code, group_4, jbig2};
use crafted::seal;
use make::container::mail;
use make::ofd::{Kind, Tags, face, files, package, package_of_tags, zip};
use make::pdf::{Font, file, page, raw_stream};
use make::xml::Rows;
use make::{Dice, europe, model, xml};

/// Rounds where no time is given; of these, every tenth file is drawn, too.
const ROUNDS: usize = 400;
const DRAWN: usize = 10;

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

/// A page with one picture packed as `filter` says, and with paths, a shading and a mask.
fn scan(image: &GrayImage, filter: &str, data: &[u8], content: &[u8]) -> Vec<u8> {
    let (w, h) = image.dimensions();
    let dict =
        format!("/Type/XObject/Subtype/Image/Width {w}/Height {h}/ColorSpace/DeviceGray/BitsPerComponent 1{filter}");
    let resources = "/XObject<</I 5 0 R>>/ExtGState<</G<</ca .5/SMask<</S/Luminosity/G 6 0 R>>>>>>\
                     /Shading<</S<</ShadingType 2/ColorSpace/DeviceRGB/Coords[0 0 99 99]/Function<</FunctionType 2/Domain[0 1]/C0[1 0 0]/C1[0 0 1]/N 1>>>>>>";
    file(&[
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Resources<<{resources}>>/Contents 4 0 R>>")
            .into_bytes(),
        raw_stream("", content),
        raw_stream(&dict, data),
        raw_stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 100 100]/Group<</S/Transparency/CS/DeviceGray>>",
            b"0.5 g 0 0 50 50 re f",
        ),
    ])
}

/// Signed XML, for its canonical form.
const SIGNED: [&[u8]; 2] = [
    include_bytes!("signed/exclusive.xml"),
    include_bytes!("signed/inclusive.xml"),
];

fn seeds() -> Vec<Vec<u8>> {
    let (china, euro) = (model(3), europe::euro(3));
    let jpeg = picture(ImageFormat::Jpeg);
    let small = code("01,32,,26312000000823456781,306.30,20260402,,A1B2,", 2, 2);
    let fax = format!("/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns {}>>", small.width());
    let paths = b"q 80 0 0 80 10 10 cm /I Do Q /G gs /S sh 1 0 0 RG 3 w [4 2] 0 d 0 0 m 90 90 l 20 0 50 60 80 5 c S 10 10 40 40 re W n /I Do";
    let list: Vec<String> = (0..3).map(|n| xml::pinyin_rows(&model(n * 5), Rows::Inline)).collect();
    let mut all = vec![
        xml::english(&china).into_bytes(),
        xml::chinese_rows(&model(0), Rows::Numbered).into_bytes(),
        xml::list(&list).into_bytes(),
        xml::xbrl(&china).into_bytes(),
        xml::xbrl(&model(4)).into_bytes(),
        europe::cii(&euro).into_bytes(),
        package(&china, Kind::Attached2020),
        package_of_tags(&model(0), Tags::OneTag),
        page(
            &face(&china, 0.0),
            Font::ToUnicode,
            Some(("a.xml", xml::english(&china).as_bytes())),
        ),
        page(&europe::letter(&euro), Font::Ucs2, None),
        scan(&small, &fax, &group_4(&small), b"100 0 0 100 0 0 cm /I Do"),
        scan(&small, "/Filter/JBIG2Decode", &jbig2(&small), paths),
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
    ];
    all.extend(SIGNED.map(<[u8]>::to_vec));
    all
}

/// Packages by their files, changed before they are packed: sealed, drawn upon, and, where they are at hand, real ones.
fn packages() -> Vec<Vec<(String, Vec<u8>)>> {
    let owned = |parts: Vec<(&'static str, Vec<u8>)>| parts.into_iter().map(|(n, b)| (n.to_owned(), b)).collect();
    let page = b"<Page><Area><PhysicalBox>0 0 210 140</PhysicalBox></Area><Content><Layer>\
        <PathObject Boundary=\"0 0 100 100\" Fill=\"true\" DashPattern=\"2 1\"><AbbreviatedData>M 0 0 L 90 90 Q 3 3 9 9 B 1 2 3 4 5 6 A 9 9 0 1 1 4 4 C</AbbreviatedData><FillColor Value=\"9 9 200\" Alpha=\"99\"/></PathObject>\
        <TextObject ID=\"7\" Boundary=\"5 5 90 9\" Size=\"5\" HScale=\"0.8\" CTM=\"1 0 0.2 1 0 0\"><CGTransform CodePosition=\"0\" GlyphCount=\"2\"><Glyphs>3 4</Glyphs></CGTransform><TextCode X=\"0\" Y=\"6\" DeltaX=\"g 5 4.5\">\xe5\x8f\x91\xe7\xa5\xa8\xe5\x8f\xb7\xe7\xa0\x81\xef\xbc\x9a</TextCode></TextObject>\
        <ImageObject ID=\"9\" Boundary=\"8 4 20 20\" CTM=\"20 0 0 20 0 0\" ResourceID=\"8\"/><CompositeObject Boundary=\"0 0 9 9\" ResourceID=\"12\"/></Layer></Content></Page>";
    let drawn = vec![
        ("OFD.xml", b"<OFD><DocBody><DocRoot>D/Document.xml</DocRoot></DocBody></OFD>".to_vec()),
        (
            "D/Document.xml",
            b"<Document><CommonData><DocumentRes>r.xml</DocumentRes></CommonData><Pages><Page ID=\"1\" BaseLoc=\"p.xml\"/></Pages></Document>".to_vec(),
        ),
        (
            "D/r.xml",
            b"<Res><MultiMedias><MultiMedia ID=\"8\"><MediaFile>i.png</MediaFile></MultiMedia></MultiMedias><CompositeGraphicUnits><CompositeGraphicUnit ID=\"12\"><Content><PathObject Boundary=\"0 0 9 9\"><AbbreviatedData>M 0 0 L 9 9</AbbreviatedData></PathObject></Content></CompositeGraphicUnit></CompositeGraphicUnits></Res>".to_vec(),
        ),
        ("D/i.png", picture(ImageFormat::Png)),
        ("D/p.xml", page.to_vec()),
    ];
    let mut all = vec![
        owned(drawn),
        owned(files(&[(&model(0), 0.0)], Kind::Tags)),
        owned(files(&[(&model(0), 0.0), (&model(5), 150.0)], Kind::Face)),
        seal::sealed(|_| true),
    ];
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let shared = std::env::var_os("OUTLAY_SHARED_DATA")
        .map_or(default, Into::into)
        .join("ofdrw");
    let mut real: Vec<_> = std::fs::read_dir(shared)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .collect();
    real.sort();
    for path in real {
        let bytes = std::fs::read(&path).unwrap_or_default();
        if bytes.len() < 300_000 {
            all.extend(unpacked(&bytes));
        }
    }
    all
}

fn unpacked(bytes: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut archive = zip_file(bytes)?;
    let mut parts = Vec::new();
    for n in 0..archive.len() {
        let mut entry = archive.by_index(n).ok()?;
        let mut data = Vec::new();
        std::io::copy(&mut entry, &mut data).ok()?;
        let name = entry.name().ok()?.into_owned();
        parts.push((name, data));
    }
    (!parts.is_empty()).then_some(parts)
}

fn zip_file(bytes: &[u8]) -> Option<zip::ZipArchive<Cursor<Vec<u8>>>> {
    zip::ZipArchive::new(Cursor::new(bytes.to_vec())).ok()
}

fn mutated(seed: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(8) {
        if bytes.is_empty() {
            bytes.push(0);
        }
        let at = dice.below(bytes.len());
        match dice.below(7) {
            0 => bytes.truncate(at.max(1)),
            1 => bytes[at] ^= 1 << dice.below(8),
            2 => bytes[at] = [0, 0xff, 0x7f, b'<', b'>', b'/', b'&', b'9'][dice.below(8)],
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
            5 if !other.is_empty() => {
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
    }
    bytes
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn whatever_comes_in_ends_within_its_bounds() {
    let number = |name: &str| std::env::var(name).ok().and_then(|s| s.parse::<u64>().ok());
    let until = number("OUTLAY_FUZZ_SECONDS").map(|s| Instant::now() + Duration::from_secs(s));
    let first = number("OUTLAY_FUZZ_SEED").unwrap_or(1);
    // What a library throws is caught and counts as a damaged file; our own code must not throw at all.
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let ours = |file: &str| file.contains("documents/src") || file.contains("documents/tests");
        if info.location().is_some_and(|l| ours(l.file())) {
            PANICS.fetch_add(1, Ordering::Relaxed);
            usual(info);
        }
    }));
    // Small bounds, so that they are met.
    let limits = Limits {
        max_unpacked: 4 << 20,
        max_entries: 128,
        max_operations: 20_000,
        max_glyphs: 20_000,
        max_pixels: 3_000_000,
        max_pictures: 2,
        max_painted: 60_000_000,
        ..Limits::default()
    };
    let (seeds, packages) = (seeds(), packages());
    let (mut round, mut drawn, mut read, mut pages) = (0, 0, 0, 0);
    while until.map_or(round < ROUNDS, |until| Instant::now() < until) {
        // A file is found again by its round.
        let mut dice = Dice::new(first << 32 | round as u64);
        let (a, b) = (dice.below(seeds.len()), dice.below(seeds.len()));
        let inside = dice.below(3) == 0;
        let bytes = if inside {
            let mut parts = packages[dice.below(packages.len())].clone();
            let which = dice.below(parts.len());
            let other = parts[dice.below(parts.len())].1.clone();
            parts[which].1 = mutated(&parts[which].1, &other, &mut dice);
            seal::packed(&parts)
        } else {
            mutated(&seeds[a], &seeds[b], &mut dice)
        };
        let name = format!("round {round}, seed {first}, file {a}, inside a package: {inside}");
        let (result, used) = read_counted(&bytes, &limits);
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
            used.pictures <= limits.max_pictures
                && used.pixels <= limits.max_pictures * limits.max_pixels
                && used.codes <= limits.max_codes,
            "{name}: {used:?}"
        );
        read += usize::from(result.is_ok());
        if round % 16 == 0 {
            let again = read_counted(&bytes, &limits);
            assert_eq!((result, used), again, "{name}");
        }
        if until.is_some() || round % DRAWN == 0 {
            drawn += 1;
            if let Ok(page) = render(&bytes, 1 + dice.below(2) as u32, &limits) {
                pages += 1;
                let (width, height) = page.pixels;
                assert!(
                    width.max(height) <= 2_200 && width.min(height) > 0,
                    "{name}: {:?}",
                    page.pixels
                );
                assert!(
                    page.bytes.starts_with(if page.media_type == "image/png" {
                        b"\x89PNG"
                    } else {
                        b"\xff\xd8\xff\xe0"
                    }),
                    "{name}"
                );
            }
        }
        assert_eq!(PANICS.load(Ordering::Relaxed), 0, "{name}: a panic of our own");
        round += 1;
    }
    drop(panic::take_hook());
    eprintln!("{round} files: {read} read; {drawn} drawn, {pages} of them to a page");
    assert!(read > 0 && pages > 0);
}
