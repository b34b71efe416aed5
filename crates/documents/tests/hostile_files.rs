//! Files made to harm that hold other files or pages. How far each was followed is counted, and compared with its bound.

use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};

use outlay_documents::{Counters, Limits, ReadError, Reading, read_all, read_counted};

mod make;
use make::container::{WRAPS, base64, mail, wrap};
use make::ofd::{Kind, face, files, package, zip};
use make::pdf::{Font, deflated, file, page, page_of, raw_stream, stream};
use make::{Dice, europe, model, xml};

fn limits() -> Limits {
    Limits {
        max_unpacked: 1 << 20,
        max_operations: 10_000,
        max_glyphs: 5_000,
        ..Limits::default()
    }
}

/// The code of a refusal, with the counters; these must hold whatever the file is.
fn refused(bytes: &[u8], limits: &Limits) -> (&'static str, Counters) {
    let (result, used) = read_counted(bytes, limits);
    bounded(&used, limits);
    let error = result.expect_err("a refusal");
    assert!((20..600).contains(&error.to_string().len()), "{error}");
    (error.code(), used)
}

/// No counter is more than one step beyond its bound. A stream of a PDF is counted before and after it is unpacked.
fn bounded(used: &Counters, limits: &Limits) {
    assert!(used.unpacked <= 2 * limits.max_unpacked + 65_536, "{used:?}");
    assert!(used.nesting <= limits.max_nesting + 1, "{used:?}");
    assert!(used.pages <= limits.max_pages + 1, "{used:?}");
    assert!(used.operations <= limits.max_operations + 1, "{used:?}");
    assert!(used.entries <= 2 * limits.max_entries + 2, "{used:?}");
}

#[test]
fn archives_that_grow_are_followed_no_further_than_the_bound() {
    let limits = limits();
    let zeros = vec![0; 64 << 20];
    let (code, used) = refused(&zip(&[("a.xml", &zeros)]), &limits);
    assert_eq!(code, "document.too-complex");
    assert!(used.unpacked <= limits.max_unpacked + 1, "{used:?}");
    // The same, with a size that lies.
    let mut lying = zip(&[("a.xml", &zeros)]);
    let size = u32::try_from(zeros.len()).expect("a size").to_le_bytes();
    let places: Vec<usize> = lying
        .windows(4)
        .enumerate()
        .filter(|(_, w)| *w == size)
        .map(|(at, _)| at)
        .collect();
    assert!(places.len() >= 2, "{places:?}");
    for at in places {
        lying[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
    }
    let (code, used) = refused(&lying, &limits);
    assert_eq!(code, "document.damaged");
    assert!(used.unpacked <= limits.max_unpacked + 1, "{used:?}");
    // Many that are small enough each.
    let some = vec![b' '; 300_000];
    let names: Vec<String> = (0..200).map(|n| format!("{n}.xml")).collect();
    let all: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), some.as_slice())).collect();
    let (code, used) = refused(&zip(&all), &limits);
    assert_eq!(code, "document.too-complex");
    assert!(used.unpacked <= limits.max_unpacked + 1, "{used:?}");
    // Inside an OFD, and inside a ZIP inside a mail.
    let ofd = zip(&[
        ("OFD.xml", b"<OFD><DocBody><DocRoot>d.xml</DocRoot></DocBody></OFD>"),
        ("d.xml", &zeros),
    ]);
    for bytes in [
        ofd.clone(),
        zip(&[("a.ofd", &ofd)]),
        mail(&[("a.zip", "application/zip", &zip(&[("a.ofd", &ofd)]))]),
    ] {
        assert_eq!(refused(&bytes, &limits).0, "document.too-complex");
    }
}

#[test]
fn archives_in_archives_have_a_bottom() {
    let mut bytes = zip(&[("a.xml", xml::english(&model(0)).as_bytes())]);
    for _ in 0..3 {
        bytes = zip(&[("in.zip", &bytes)]);
    }
    assert_eq!(read_all(&bytes, &Limits::default()).map(|r| r.papers.len()), Ok(1));
    for _ in 0..30 {
        bytes = zip(&[("in.zip", &bytes), ("again.zip", &bytes)]);
        bytes.truncate(bytes.len().max(1));
        if bytes.len() > 200_000 {
            break;
        }
    }
    let limits = Limits::default();
    let (code, used) = refused(&bytes, &limits);
    assert_eq!((code, used.nesting), ("document.too-complex", limits.max_nesting + 1));
    let mut letter = mail(&[("a.xml", "text/xml", xml::english(&model(0)).as_bytes())]);
    for _ in 0..8 {
        letter = mail(&[("in.eml", "application/octet-stream", &letter)]);
    }
    assert_eq!(refused(&letter, &limits).0, "document.too-complex");
}

#[test]
fn a_million_entries_are_not_listed() {
    let mut record = b"PK\x01\x02".to_vec();
    record.resize(46, 0);
    let mut bytes = b"PK\x03\x04".to_vec();
    bytes.resize(30, 0);
    for _ in 0..1_000_000 {
        bytes.extend_from_slice(&record);
    }
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff\0\0\0\0\x1e\0\0\0\0\0");
    assert_eq!(refused(&bytes, &Limits::default()).0, "document.too-large");
    let wide = Limits {
        max_file: 1 << 30,
        ..Limits::default()
    };
    let (code, used) = refused(&bytes, &wide);
    assert_eq!((code, used.entries), ("document.too-complex", wide.max_entries + 1));
    let parts = "--b1\r\n\r\nx\r\n".repeat(100_000);
    let letter =
        format!("From: a@b\r\nTo: c@d\r\nSubject: e\r\nContent-Type: multipart/mixed; boundary=\"b1\"\r\n\r\n{parts}");
    assert_eq!(refused(letter.as_bytes(), &Limits::default()).0, "document.too-complex");
}

#[test]
fn names_that_lead_out_lead_nowhere() {
    let xml = xml::english(&model(0));
    let bytes = zip(&[
        ("../../../etc/passwd.xml", xml.as_bytes()),
        ("/root/b.xml", xml.as_bytes()),
        ("C:\\c.xml", xml.as_bytes()),
    ]);
    let reading = read_all(&bytes, &Limits::default()).expect("three");
    let parts: Vec<&str> = reading.papers.iter().map(|p| p.part.as_str()).collect();
    assert_eq!(parts, ["etc/passwd.xml", "root/b.xml", "C:/c.xml"]);
    // An OFD whose pages lie outside of it has none.
    let ofd = zip(&[(
        "OFD.xml",
        b"<OFD><DocBody><DocRoot>../../../../etc/passwd</DocRoot></DocBody></OFD>",
    )]);
    assert_eq!(refused(&ofd, &Limits::default()).0, "document.nothing-inside");
}

#[test]
fn entities_are_refused_wherever_they_lie() {
    let laughs = b"<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]><EInvoice>&b;</EInvoice>".as_slice();
    let outside = b"<?xml version='1.0'?><!DOCTYPE i SYSTEM 'file:///etc/passwd'><i/>".as_slice();
    for text in [laughs, outside] {
        let m = model(0);
        let mut parts = files(&[(&m, 0.0)], Kind::Attached2020);
        for (name, bytes) in &mut parts {
            if name.ends_with("original_invoice.xml") {
                *bytes = text.to_vec();
            }
        }
        let parts: Vec<(&str, &[u8])> = parts.iter().map(|(n, b)| (*n, b.as_slice())).collect();
        for bytes in [
            zip(&[("a.xml", text)]),
            zip(&parts),
            page(&face(&m, 0.0), Font::ToUnicode, Some(("a.xml", text))),
            mail(&[("a.xml", "text/xml", text)]),
        ] {
            assert_eq!(refused(&bytes, &Limits::default()).0, "document.doctype");
        }
    }
}

#[test]
fn what_only_looks_like_a_document_is_refused() {
    let good = zip(&[("a.xml", xml::english(&model(0)).as_bytes())]);
    let html = b"<html><script>alert(1)</script></html>".as_slice();
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>".as_slice();
    for (bytes, code) in [
        (html.to_vec(), "document.unsupported.html"),
        (svg.to_vec(), "document.unsupported.svg"),
        (zip(&[("receipt.pdf", html)]), "document.unsupported.html"),
        (zip(&[("receipt.xml", svg)]), "document.unsupported.svg"),
        (
            mail(&[("receipt.jpg", "image/jpeg", html)]),
            "document.unsupported.html",
        ),
        ([b"GIF89a".as_slice(), &good].concat(), "document.unsupported.image"),
        ([b"MZ\x90\0".as_slice(), &good].concat(), "document.unsupported.other"),
        ([b"<html>".as_slice(), &good].concat(), "document.encoding"),
        (b"%PDF-1.7\nnothing more".to_vec(), "document.damaged"),
        ([b"%PDF-1.4\n".as_slice(), &good].concat(), "document.damaged"),
        (b"PK\x03\x04nothing more".to_vec(), "document.damaged"),
        (b"Rar!\x1a\x07\x01\0".to_vec(), "document.unsupported.archive"),
        (b"<EInvoice>\0</EInvoice>".to_vec(), "document.control"),
        (zip(&[("a.xml", b"<EInvoice>\0</EInvoice>")]), "document.control"),
        (zip(&[]), "document.nothing-inside"),
    ] {
        assert_eq!(
            refused(&bytes, &Limits::default()).0,
            code,
            "{:?}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(60)])
        );
    }
}

/// A page whose content is this, with more objects after it from number 5 on.
fn pdf(content: Vec<u8>, resources: &str, more: Vec<Vec<u8>>) -> Vec<u8> {
    let mut objects = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<{resources}>>/Contents 4 0 R>>")
            .into_bytes(),
        content,
    ];
    objects.extend(more);
    file(&objects)
}

#[test]
fn pages_that_grow_are_followed_no_further_than_the_bound() {
    let limits = limits();
    let zeros = vec![b' '; 64 << 20];
    let twice = deflated(&deflated(&zeros));
    let many: String = "4 0 R ".repeat(100_000);
    let mut repeated = pdf(stream("", &vec![b' '; 500_000]), "", Vec::new());
    let text = String::from_utf8_lossy(&repeated).contains("/Contents 4 0 R");
    assert!(text);
    let at = repeated
        .windows(15)
        .position(|w| w == b"/Contents 4 0 R")
        .expect("contents");
    repeated.splice(at..at + 15, format!("/Contents[{many}]").into_bytes());
    let form = |n: usize| {
        let calls = "/F Do ".repeat(10);
        stream(
            &format!(
                "/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F {} 0 R>>>>",
                n + 1
            ),
            calls.as_bytes(),
        )
    };
    let forms: Vec<Vec<u8>> = (5..12)
        .map(form)
        .chain([stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]", b"q Q")])
        .collect();
    let deep = format!("{}{}", "<</A ".repeat(50_000), ">>".repeat(50_000));
    for (name, bytes, code) in [
        (
            "a stream",
            pdf(stream("", &zeros), "", Vec::new()),
            "document.too-complex",
        ),
        (
            "an unused stream",
            pdf(stream("", b"q Q"), "", vec![stream("", &zeros)]),
            "document.too-complex",
        ),
        (
            "a stream packed twice",
            pdf(
                raw_stream("/Filter[/FlateDecode/Fl#61teDecode]", &twice),
                "",
                Vec::new(),
            ),
            "document.damaged",
        ),
        (
            "filters elsewhere",
            pdf(raw_stream("/Filter 5 0 R", &twice), "", vec![b"/FlateDecode".to_vec()]),
            "document.damaged",
        ),
        ("one stream many times", repeated, "document.too-complex"),
        (
            "forms of forms",
            pdf(stream("", b"/F Do"), "/XObject<</F 5 0 R>>", forms),
            "document.too-complex",
        ),
        (
            "many steps",
            pdf(stream("", "q Q ".repeat(100_000).as_bytes()), "", Vec::new()),
            "document.too-complex",
        ),
        (
            "many characters",
            pdf(
                stream("", format!("BT /F 9 Tf ({}) Tj ET", "a".repeat(20_000)).as_bytes()),
                "/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>",
                Vec::new(),
            ),
            "document.too-complex",
        ),
        (
            "deep dictionaries",
            pdf(stream("", b"q Q"), &deep, Vec::new()),
            "document.too-complex",
        ),
        (
            "deep packed dictionaries",
            pdf(stream("", deep.as_bytes()), "", Vec::new()),
            "document.too-complex",
        ),
    ] {
        let (result, used) = read_counted(&bytes, &limits);
        bounded(&used, &limits);
        assert_eq!(
            result.map_err(|e| e.code()).map(|r| r.papers.len()),
            Err(code),
            "{name}"
        );
    }
}

#[test]
fn endless_trees_end() {
    let pages: String = "3 0 R ".repeat(50_000);
    let many = file(&[
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        format!("<</Type/Pages/Kids[{pages}]/Count 50000>>").into_bytes(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>".to_vec(),
    ]);
    let looped = file(&[
        b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles 4 0 R>>>>".to_vec(),
        b"<</Type/Pages/Kids[2 0 R 3 0 R 2 0 R]/Count 3>>".to_vec(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>".to_vec(),
        b"<</Kids[4 0 R 4 0 R 4 0 R]>>".to_vec(),
    ]);
    let limits = Limits::default();
    let itself = stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 5 0 R>>>>",
        b"/F Do /F Do /F Do",
    );
    let form = pdf(stream("", b"/F Do"), "/XObject<</F 5 0 R>>", vec![itself]);
    for bytes in [many, looped, form] {
        let (_, used) = read_counted(&bytes, &limits);
        bounded(&used, &limits);
    }
    let locked = [
        page(&face(&model(0), 0.0), Font::Ucs2, None),
        b"\ntrailer<</Encrypt 5 0 R/Root 1 0 R>>".to_vec(),
    ]
    .concat();
    let (_, used) = read_counted(&locked, &limits);
    bounded(&used, &limits);
}

/// Generated files of every kind.
fn samples() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for seed in 0..5 {
        let m = model(seed);
        let e = europe::euro(seed);
        let bare = |dict: &str, data: &[u8]| raw_stream(dict, data);
        for kind in [
            Kind::Attached2020,
            Kind::AttachedDigital,
            Kind::Tags,
            Kind::CustomData,
            Kind::Face,
        ] {
            all.push(package(&m, kind));
        }
        for font in [Font::Ucs2, Font::ToUnicode] {
            all.push(page(&face(&m, 0.0), font, None));
            all.push(page_of(
                &face(&m, 0.0),
                font,
                Some(("a.xml", xml::english(&m).as_bytes())),
                bare,
            ));
            all.push(page_of(&europe::letter(&e), font, None, bare));
        }
        for text in [
            xml::english(&m),
            xml::chinese(&m),
            xml::e_invoice(&m),
            europe::cii(&e),
            europe::ubl(&e),
            europe::fattura(&[e]),
        ] {
            all.push(text.into_bytes());
        }
        for how in WRAPS {
            all.push(wrap(xml::pinyin(&m).into_bytes(), "xml", how));
        }
    }
    all
}

/// Changes a file in places that only look random.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    for _ in 0..1 + dice.below(8) {
        if bytes.is_empty() {
            return;
        }
        let at = dice.below(bytes.len());
        let end = (at + 1 + dice.below(60)).min(bytes.len());
        match dice.below(7) {
            0 => bytes[at] = dice.below(256) as u8,
            1 => bytes[at] ^= 1 << dice.below(8),
            2 => {
                bytes.drain(at..end);
            }
            3 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            4 => bytes.truncate(at),
            5 => {
                let from = dice.below(other.len());
                let to = (from + 1 + dice.below(300)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            _ => bytes[at] = *dice.pick(b"0123456789<>/[]()&;-\0\xff%"),
        }
    }
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// How many files a run of this harness changes: `OUTLAY_FUZZ=100000 cargo test -p outlay-documents --test hostile_files fuzz`.
fn rounds() -> usize {
    std::env::var("OUTLAY_FUZZ")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(600)
}

#[test]
fn fuzz() {
    // What a library throws is caught and counts as a damaged file; our own code must not throw at all.
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let ours = info
            .location()
            .is_some_and(|l| l.file().contains("documents/src") || l.file().contains("documents/tests"));
        if ours {
            PANICS.fetch_add(1, Ordering::Relaxed);
            usual(info);
        }
    }));
    let samples = samples();
    let limits = Limits {
        max_unpacked: 8 << 20,
        ..Limits::default()
    };
    let seed: u64 = std::env::var("OUTLAY_FUZZ_SEED")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(7);
    let dice = &mut Dice::new(seed);
    let (mut read, mut refused) = (0, 0);
    for round in 0..rounds() {
        let mut bytes = samples[round % samples.len()].clone();
        let other = dice.pick(&samples).clone();
        mutate(&mut bytes, &other, dice);
        // Half of them travel inside an archive, where the checksum is right again.
        if round % 2 == 1 {
            bytes = zip(&[("a", &bytes)]);
        }
        let (result, used) = read_counted(&bytes, &limits);
        bounded(&used, &limits);
        match result {
            Ok(Reading { .. }) => read += 1,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    // The inner files of an OFD, changed before they are packed.
    for round in 0..rounds() / 3 {
        let kinds = [Kind::Attached2020, Kind::Tags, Kind::Face];
        let m = model(round as u64);
        let mut parts = files(&[(&m, 0.0)], kinds[round % kinds.len()]);
        let which = dice.below(parts.len());
        let other = parts[dice.below(parts.len())].1.clone();
        mutate(&mut parts[which].1, &other, dice);
        let parts: Vec<(&str, &[u8])> = parts.iter().map(|(n, b)| (*n, b.as_slice())).collect();
        let (_, used) = read_counted(&zip(&parts), &limits);
        bounded(&used, &limits);
    }
    drop(panic::take_hook());
    assert_eq!(
        PANICS.load(Ordering::Relaxed),
        0,
        "a reader panicked; the seed was {seed}"
    );
    assert!(read > 0 && refused > 0, "{read} read, {refused} refused");
}

#[test]
fn files_cut_anywhere_say_nothing_wrong() {
    let m = model(0);
    let whole = |bytes: &[u8]| read_all(bytes, &Limits::default());
    let archives = [package(&m, Kind::Tags), zip(&[("a.xml", xml::english(&m).as_bytes())])];
    for bytes in archives {
        for end in (0..bytes.len()).step_by(97) {
            assert!(whole(&bytes[..end]).is_err(), "{end}");
        }
    }
    let bytes = page(&face(&m, 0.0), Font::Ucs2, Some(("a.xml", xml::english(&m).as_bytes())));
    for end in (0..bytes.len()).step_by(61) {
        let Ok(reading) = whole(&bytes[..end]) else { continue };
        for i in reading.papers.iter().filter_map(|p| p.invoice()) {
            assert!(
                i.number.is_none() || i.number.as_deref() == Some(m.number.as_str()),
                "{end}: {i:?}"
            );
            assert!(i.gross.is_none_or(|g| g.plain() == m.gross), "{end}: {i:?}");
        }
    }
    let letter = mail(&[("a.xml", "text/xml", xml::english(&m).as_bytes())]);
    for end in (0..letter.len()).step_by(31) {
        if let Err(error) = whole(&letter[..end]) {
            assert!(!matches!(error, ReadError::TooComplex { .. }), "{end}");
        }
    }
    assert!(base64(b"abc").starts_with("YWJj"));
}
