//! Pages as pictures, where the fields stand on them, and the seals of OFD files: made here, then changed by a byte.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};
use outlay_documents::draw::fonts;
use outlay_documents::{CheckKind, Invoice, Limits, Rendered, SignatureState, SourceKind, read_all, render};

mod crafted;
mod make;
use crafted::seal::{packed, sealed};
use make::ofd::{Kind, face, files, package, zip};
use make::pdf::{Font, deflated, file, page, raw_stream, stream};
use make::{europe, model, xml};

fn drawn(bytes: &[u8]) -> Rendered {
    render(bytes, 1, &Limits::default()).unwrap_or_else(|e| panic!("{e}"))
}

fn pixels(page: &Rendered) -> RgbImage {
    image::load_from_memory(&page.bytes).expect("a picture").into_rgb8()
}

fn invoice(bytes: &[u8]) -> Invoice {
    let reading = read_all(bytes, &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
    reading.papers[0].invoice().expect("an invoice").clone()
}

/// How many pixels of a spot are dark.
fn ink(page: &Rendered, area: [i32; 4]) -> usize {
    let image = pixels(page);
    let scale = f64::from(image.width()) / f64::from(page.view[2]);
    let [x, y, w, h] = area.map(|v| (f64::from(v) * scale) as u32);
    let spot = (y..(y + h).min(image.height())).flat_map(|y| (x..(x + w).min(image.width())).map(move |x| (x, y)));
    spot.filter(|(x, y)| image.get_pixel(*x, *y).0.iter().all(|c| *c < 140))
        .count()
}

#[test]
fn fields_of_a_pdf_stand_where_its_picture_shows_them() {
    let m = model(3);
    let bytes = page(&face(&m, 0.0), Font::Ucs2, None);
    let read = invoice(&bytes);
    let shown = drawn(&bytes);
    assert_eq!((shown.media_type, shown.pages), ("image/png", 1));
    assert_eq!(shown.pixels.0, 1240);
    if fonts::chinese().is_none() {
        eprintln!("no font with Chinese here: the picture has no text to be looked at");
        return;
    }
    let placed = read.sources.iter().filter_map(|(field, s)| Some((field, s.place?)));
    let placed: Vec<_> = placed.filter(|(field, _)| !field.starts_with("lines")).collect();
    assert!(placed.iter().any(|(field, _)| *field == "number"), "{placed:?}");
    assert!(placed.iter().any(|(field, _)| *field == "gross"), "{placed:?}");
    for (field, place) in placed {
        assert_eq!(place.page, 1);
        assert!(ink(&shown, place.area) > 20, "{field} {place:?}");
    }
    // And nothing where nothing stands.
    assert_eq!(ink(&shown, [200, shown.view[3] - 400, 3_000, 300]), 0);
}

#[test]
fn fields_of_attached_xml_are_shown_where_the_page_says_the_same() {
    let m = model(3);
    for bytes in [
        page(
            &face(&m, 0.0),
            Font::ToUnicode,
            Some(("a.xml", xml::english(&m).as_bytes())),
        ),
        package(&m, Kind::AttachedDigital),
    ] {
        let read = invoice(&bytes);
        let gross = &read.sources["gross"];
        assert_eq!(gross.kind, SourceKind::Attachment);
        assert!(gross.place.is_some(), "{gross:?}");
        assert!(read.sources["number"].place.is_some());
    }
    // Of a letter with CII inside, what stands once.
    let euro = europe::euro(3);
    let bytes = page(
        &europe::letter(&euro),
        Font::ToUnicode,
        Some(("factur-x.xml", europe::cii(&euro).as_bytes())),
    );
    let read = invoice(&bytes);
    assert!(read.sources["number"].place.is_some(), "{:?}", read.sources["number"]);
}

#[test]
fn an_ofd_page_is_drawn_with_its_texts() {
    let m = model(4);
    let bytes = package(&m, Kind::Face);
    let read = invoice(&bytes);
    let shown = drawn(&bytes);
    match fonts::chinese() {
        Some(_) => {
            assert_eq!(shown.missing, 0);
            let place = read.sources["number"].place.expect("a place");
            assert!(ink(&shown, place.area) > 20, "{place:?}");
        }
        // No letter can be drawn, and the page says so.
        None => assert!(shown.missing > 20),
    }
    let beyond = render(&bytes, 2, &Limits::default()).expect_err("one page only");
    assert_eq!(beyond.code(), "document.nothing-inside");
}

#[test]
fn spots_cover_the_letters_where_the_box_in_the_file_is_too_narrow() {
    let m = model(0);
    for kind in [Kind::Face, Kind::Tags] {
        let mut parts = files(&[(&m, 0.0)], kind);
        let (_, content) = parts
            .iter_mut()
            .find(|(name, _)| name.ends_with("Page_0/Content.xml"))
            .expect("a page");
        let text = String::from_utf8(content.clone()).expect("text");
        // The object of the number: 32 mm wide, and said to be 2.
        let at = text.find(&m.number).expect("the number");
        let boundary = text[..at].rfind("Boundary=\"168 10.8 32 ").expect("its box");
        let narrow = text[boundary..].replacen("168 10.8 32 ", "168 10.8 2 ", 1);
        *content = format!("{}{narrow}", &text[..boundary]).into_bytes();
        let parts: Vec<(&str, &[u8])> = parts.iter().map(|(n, b)| (*n, b.as_slice())).collect();
        let bytes = zip(&parts);
        let read = invoice(&bytes);
        assert_eq!(read.number.as_deref(), Some(m.number.as_str()));
        let source = &read.sources["number"];
        let wanted = if kind == Kind::Tags {
            SourceKind::Tags
        } else {
            SourceKind::Text
        };
        assert_eq!(source.kind, wanted);
        let [left, top, wide, high] = source.place.expect("a place").area;
        assert!(
            (16_700..=16_900).contains(&left) && (3_200..4_200).contains(&wide),
            "{kind:?}: {left} {wide}"
        );
        if fonts::chinese().is_some() {
            let shown = drawn(&bytes);
            assert!(ink(&shown, [left, top, wide, high]) > 200, "{kind:?}");
            // No letter reaches out of the spot, to the edge of the page.
            let right = left + wide;
            assert_eq!(ink(&shown, [right, top, shown.view[2] - right, high]), 0, "{kind:?}");
        }
    }
}

#[test]
fn photos_are_made_smaller_and_their_lengths_kept() {
    let image = RgbImage::from_pixel(3000, 1500, image::Rgb([200, 220, 240]));
    let mut bytes = Vec::new();
    DynamicImage::from(image)
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
        .expect("a picture in memory");
    let shown = drawn(&bytes);
    assert_eq!((shown.media_type, shown.pixels), ("image/jpeg", (1240, 620)));
    assert!(
        (shown.view[2] - 3000).abs() < 3 && (shown.view[3] - 1500).abs() < 3,
        "{:?}",
        shown.view
    );
    assert_eq!(
        render(b"<a/>", 1, &Limits::default()).map_err(|e| e.code()).err(),
        Some("document.unsupported.other")
    );
}

fn ofd_page(content: &str) -> Vec<u8> {
    let page = format!(
        "<Page><Area><PhysicalBox>0 0 210 140</PhysicalBox></Area><Content><Layer>{content}</Layer></Content></Page>"
    );
    zip(&[
        (
            "OFD.xml",
            b"<OFD><DocBody><DocRoot>D/Document.xml</DocRoot></DocBody></OFD>",
        ),
        (
            "D/Document.xml",
            b"<Document><Pages><Page ID=\"1\" BaseLoc=\"p.xml\"/></Pages></Document>",
        ),
        ("D/p.xml", page.as_bytes()),
    ])
}

#[test]
fn paths_and_colours_are_drawn() {
    let bytes = ofd_page(
        "<PathObject Boundary=\"10 10 50 50\" Fill=\"true\" Stroke=\"false\"><FillColor Value=\"255 0 0\"/>\
         <AbbreviatedData>M 0 0 L 50 0 L 50 50 L 0 50 C</AbbreviatedData></PathObject>\
         <PathObject Boundary=\"100 10 50 50\" Fill=\"true\" Stroke=\"false\"><AbbreviatedData>M 0 0 L 50 0 L 50 50 C</AbbreviatedData></PathObject>",
    );
    let image = pixels(&drawn(&bytes));
    let at = |x: f64, y: f64| {
        image
            .get_pixel((x / 210.0 * 1240.0) as u32, (y / 140.0 * 827.0) as u32)
            .0
    };
    assert_eq!(at(35.0, 35.0), [255, 0, 0]);
    assert_eq!(at(5.0, 5.0), [255, 255, 255]);
    // Filled, but with no colour: nothing shows.
    assert_eq!(at(140.0, 20.0), [255, 255, 255]);
}

#[test]
fn pages_made_to_harm_are_refused() {
    let refused = |bytes: &[u8]| {
        render(bytes, 1, &Limits::default())
            .map(|r| r.pixels)
            .map_err(|e| e.code())
    };
    // Ten thousand sheets over each other.
    let one = "<PathObject Boundary=\"0 0 210 140\" Fill=\"true\"><FillColor Value=\"1 2 3\"/><AbbreviatedData>M 0 0 L 210 0 L 210 140 L 0 140 C</AbbreviatedData></PathObject>";
    assert_eq!(refused(&ofd_page(&one.repeat(10_000))), Err("document.too-complex"));
    // A picture far larger than its file.
    let mut png = Vec::new();
    DynamicImage::from(RgbImage::new(8, 8))
        .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
        .expect("a picture in memory");
    png[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    assert!(refused(&png).is_err());
    // A PDF whose forms use each other ten times, eight deep.
    let mut objects = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>".to_vec(),
        stream("", b"/F Do"),
    ];
    for n in 6..15 {
        let dict = format!("/Type/XObject/Subtype/Form/BBox[0 0 200 200]/Resources<</XObject<</F {n} 0 R>>>>");
        objects.push(stream(&dict, "/F Do ".repeat(10).as_bytes()));
    }
    objects.push(stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 200 200]",
        b"0 0 10 10 re f",
    ));
    assert_eq!(refused(&file(&objects)), Err("document.too-complex"));
    // A picture in a PDF that says little and unpacks to much.
    let bomb = deflated(&vec![0; 24 << 20]);
    let dict =
        "/Type/XObject/Subtype/Image/Width 8/Height 8/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/FlateDecode";
    let objects = [
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>".to_vec(),
        stream("", b"200 0 0 200 0 0 cm /I Do"),
        raw_stream(dict, &bomb),
    ];
    assert_eq!(refused(&file(&objects)), Err("document.too-complex"));
}

fn state(all: &[(String, Vec<u8>)]) -> (SignatureState, Option<bool>) {
    let read = invoice(&packed(all));
    assert_eq!(read.signatures.len(), 1);
    let check = read.check(CheckKind::Signature).map(|c| c.passed);
    (read.signatures[0].state, check)
}

#[test]
fn a_sealed_invoice_is_intact_and_names_its_signer() {
    let all = sealed(|_| true);
    assert_eq!(state(&all), (SignatureState::Intact, Some(true)));
    let read = invoice(&packed(&all));
    let signed = &read.signatures[0];
    assert_eq!(signed.signer.as_deref(), Some("某某税务局"));
    assert_eq!(signed.issuer.as_deref(), Some("Example root"));
    assert_eq!(signed.signed_at.as_deref(), Some("20260730120000Z"));
}

#[test]
fn one_byte_changed_anywhere_breaks_the_seal() {
    let whole = sealed(|_| true);
    // A blank more at the end of a signed file, which changes nothing that is read of it.
    for at in 0..whole.len() - 3 {
        let mut all = whole.clone();
        all[at].1.push(b'\n');
        assert_eq!(state(&all), (SignatureState::Broken, Some(false)), "{}", all[at].0);
    }
    // In the list of what was signed.
    let mut all = whole.clone();
    let description = all.len() - 2;
    all[description].1.push(b'\n');
    assert_eq!(state(&all), (SignatureState::Broken, Some(false)));
    // In the value: the time, which is signed, and the last byte of the signature.
    let value = whole.len() - 1;
    let time = whole[value]
        .1
        .windows(15)
        .position(|w| w == b"20260730120000Z")
        .expect("a time");
    for at in [time + 3, whole[value].1.len() - 1] {
        let mut all = whole.clone();
        all[value].1[at] ^= 1;
        assert_eq!(state(&all), (SignatureState::Broken, Some(false)), "{at}");
    }
}

#[test]
fn what_was_added_after_the_seal_makes_it_partial() {
    let all = sealed(|name| !name.to_ascii_lowercase().contains("attach"));
    assert_eq!(state(&all), (SignatureState::Partial, Some(false)));
}

#[test]
fn a_value_that_is_not_known_says_nothing() {
    let mut all = sealed(|_| true);
    if let Some(last) = all.last_mut() {
        last.1 = b"something else".to_vec();
    }
    assert_eq!(state(&all), (SignatureState::Unknown, None));
}
