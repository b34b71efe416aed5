//! QR codes on the pages of OFD and PDF files, compared with their texts; and pages that are nothing but a picture.

use image::{DynamicImage, GrayImage, ImageFormat};
use outlay_documents::{CheckKind, Content, Invoice, Limits, SourceKind, read_all, read_counted, read_files};

mod crafted;
mod make;
use crafted::code::{bits, code, encoded, group_4, jbig2, sheet, transparent};
use make::ofd::{Kind, face, files, zip};
use make::pdf::{deflated, file, page, raw_stream, stream};
use make::{Model, model};

/// What the code of a fully digital invoice says.
fn said(m: &Model, gross: &str) -> String {
    format!("01,32,,{},{gross},{},,A1B2,", m.number, m.day.strftime("%Y%m%d"))
}

fn all(bytes: &[u8]) -> Vec<Invoice> {
    let reading = read_all(bytes, &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
    reading.papers.iter().filter_map(|p| p.invoice().cloned()).collect()
}

fn one(bytes: &[u8]) -> Invoice {
    let mut found = all(bytes);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn agrees(invoice: &Invoice) -> Option<bool> {
    let mut checks = invoice.checks.iter().filter(|c| c.what == CheckKind::QrAgrees);
    let first = checks.next().map(|c| c.passed);
    assert!(checks.next().is_none(), "compared twice");
    first
}

/// The face of invoices with pictures on it, each at its place in millimetres.
fn ofd(models: &[(&Model, f64)], kind: Kind, pictures: &[([f64; 4], Vec<u8>)]) -> Vec<u8> {
    let mut parts: Vec<(String, Vec<u8>)> = files(models, kind)
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect();
    let mut edit = |name: &str, before: &str, what: &str| {
        let part = parts.iter_mut().find(|(n, _)| n == name).expect("a part");
        let text = String::from_utf8(part.1.clone()).expect("text");
        assert!(text.contains(before));
        part.1 = text.replacen(before, &format!("{what}{before}"), 1).into_bytes();
    };
    let objects: String = pictures
        .iter()
        .enumerate()
        .map(|(n, ([x, y, wide, high], _))| {
            format!(
                "<ofd:ImageObject ID=\"{}\" Boundary=\"{x} {y} {wide} {high}\" CTM=\"{wide} 0 0 {high} 0 0\" ResourceID=\"{}\"/>",
                900 + n,
                800 + n
            )
        })
        .collect();
    edit("Doc_0/Pages/Page_0/Content.xml", "</ofd:Layer>", &objects);
    edit(
        "Doc_0/Document.xml",
        "</ofd:CommonData>",
        "<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>",
    );
    let media: String = (0..pictures.len())
        .map(|n| {
            format!(
                "<MultiMedia ID=\"{}\" Type=\"Image\"><MediaFile>{n}.png</MediaFile></MultiMedia>",
                800 + n
            )
        })
        .collect();
    let list = format!("<Res BaseLoc=\"Res\"><MultiMedias>{media}</MultiMedias></Res>");
    parts.push(("Doc_0/DocumentRes.xml".to_owned(), list.into_bytes()));
    for (n, (_, bytes)) in pictures.iter().enumerate() {
        parts.push((format!("Doc_0/Res/{n}.png"), bytes.clone()));
    }
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
    zip(&parts)
}

const CORNER: [f64; 4] = [8.0, 4.0, 20.0, 20.0];

#[test]
fn the_code_on_an_ofd_page_is_compared_with_what_the_page_says() {
    for seed in [0, 5, 10] {
        let m = model(seed);
        let text = said(&m, &m.gross);
        let looks = [
            encoded(code(&text, 4, 4).into(), ImageFormat::Png),
            encoded(code(&text, 3, 2).into(), ImageFormat::Jpeg),
            // As small as can be, and with no ground of its own.
            encoded(code(&text, 1, 0).into(), ImageFormat::Png),
            encoded(transparent(&code(&text, 2, 0)), ImageFormat::Png),
        ];
        for (n, look) in looks.into_iter().enumerate() {
            let i = one(&ofd(&[(&m, 0.0)], Kind::Face, &[(CORNER, look)]));
            assert_eq!(agrees(&i), Some(true), "seed {seed}, look {n}: {:?}", i.checks);
            assert_eq!(i.sources["number"].kind, SourceKind::Text);
        }
        let other = said(&m, "1.00");
        let look = encoded(code(&other, 4, 4).into(), ImageFormat::Png);
        let i = one(&ofd(&[(&m, 0.0)], Kind::AttachedDigital, &[(CORNER, look)]));
        assert_eq!(agrees(&i), Some(false));
        let check = i.check(CheckKind::QrAgrees).expect("a check");
        assert_eq!(check.detail, "the QR code says amount 1.00");
        // What is read does not follow the code.
        assert_eq!(i.gross.map(|g| g.plain()), Some(m.gross.clone()));
    }
}

#[test]
fn other_pictures_say_nothing() {
    let m = model(0);
    let address = encoded(code("https://example.com/01,32", 4, 4).into(), ImageFormat::Png);
    let logo = encoded(
        GrayImage::from_pixel(80, 80, image::Luma([90])).into(),
        ImageFormat::Png,
    );
    let text = said(&m, "1.00");
    // A picture that is long, or large on the page, is no code in a corner.
    let long = encoded(code(&text, 4, 4).into(), ImageFormat::Png);
    let pictures = [
        (CORNER, address),
        (CORNER, logo),
        ([8.0, 4.0, 120.0, 20.0], long.clone()),
        ([0.0, 0.0, 200.0, 200.0], long),
        (CORNER, b"no picture".to_vec()),
    ];
    assert_eq!(agrees(&one(&ofd(&[(&m, 0.0)], Kind::Face, &pictures))), None);
    // Of kinds that are not known, the amount is not compared: nothing says whether it is net or gross.
    let text = said(&m, "1.00").replacen("01,32", "01,51", 1);
    let look = encoded(code(&text, 4, 4).into(), ImageFormat::Png);
    assert_eq!(
        agrees(&one(&ofd(&[(&m, 0.0)], Kind::Face, &[(CORNER, look)]))),
        Some(true)
    );
}

#[test]
fn each_invoice_on_a_page_has_its_own_code() {
    let (a, b) = (model(0), model(5));
    let look = |m: &Model, gross: &str| encoded(code(&said(m, gross), 4, 4).into(), ImageFormat::Png);
    let lower = [8.0, 154.0, 20.0, 20.0];
    let bytes = ofd(
        &[(&a, 0.0), (&b, 150.0)],
        Kind::Face,
        &[(CORNER, look(&b, "2.00")), (lower, look(&a, &a.gross))],
    );
    let found: Vec<_> = all(&bytes).iter().map(|i| (i.number.clone(), agrees(i))).collect();
    assert_eq!(found, [(Some(a.number), Some(true)), (Some(b.number), Some(false))]);
}

#[test]
fn a_code_in_the_data_is_compared_once() {
    let m = model(1);
    let look = encoded(code(&m.qr(), 4, 4).into(), ImageFormat::Png);
    assert_eq!(
        agrees(&one(&ofd(&[(&m, 0.0)], Kind::Attached2020, &[(CORNER, look)]))),
        Some(true)
    );
}

#[test]
fn few_pictures_are_searched_and_none_that_is_large() {
    let m = model(0);
    let look = |n: u32| encoded(code(&said(&m, &format!("{n}.00")), 2, 1).into(), ImageFormat::Png);
    let many: Vec<_> = (0..40).map(|n| (CORNER, look(n))).collect();
    let (result, used) = read_counted(&ofd(&[(&m, 0.0)], Kind::Face, &many), &Limits::default());
    assert_eq!((result.is_ok(), used.codes, used.pictures), (true, 8, 0));
    // A picture of which only the head is there announces 400 million pixels.
    let mut large = encoded(code("x", 1, 0).into(), ImageFormat::Png);
    large[16..24].copy_from_slice(&[0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20]);
    let (result, used) = read_counted(&ofd(&[(&m, 0.0)], Kind::Face, &[(CORNER, large)]), &Limits::default());
    assert_eq!((result.is_ok(), used.codes, used.pixels), (true, 1, 0));
}

/// A page of a PDF with the face of an invoice and one object that is painted beside it.
fn pdf(m: &Model, object: Vec<u8>, more: &[Vec<u8>]) -> Vec<u8> {
    let bytes = page(&face(m, 0.0), make::pdf::Font::Ucs2, None);
    // The objects of the page once more, with its resources.
    let mut objects: Vec<Vec<u8>> = Vec::new();
    for n in 1..=8 {
        let head = format!("{n} 0 obj\n").into_bytes();
        let begin = bytes.windows(head.len()).position(|w| w == head).expect("an object") + head.len();
        let end = bytes[begin..]
            .windows(7)
            .position(|w| w == b"\nendobj")
            .expect("its end")
            + begin;
        objects.push(bytes[begin..end].to_vec());
    }
    let own = String::from_utf8(objects[2].clone()).expect("text");
    objects[2] = own
        .replace("/Resources<<", "/Resources<</XObject<</X 9 0 R>>")
        .into_bytes();
    objects.push(object);
    objects.extend_from_slice(more);
    file(&objects)
}

fn picture_dict(image: &GrayImage, more: &str) -> String {
    format!(
        "/Type/XObject/Subtype/Image/Width {}/Height {}/ColorSpace/DeviceGray{more}",
        image.width(),
        image.height()
    )
}

#[test]
fn the_code_on_a_pdf_page_is_compared_with_what_the_page_says() {
    let m = model(0);
    for (gross, passed) in [(m.gross.as_str(), true), ("1.00", false)] {
        let image = code(&said(&m, gross), 3, 2);
        let jpeg = encoded(DynamicImage::from(image.clone()), ImageFormat::Jpeg);
        let one_bit = stream(&picture_dict(&image, "/BitsPerComponent 1"), &bits(&image));
        let looks = [
            stream(&picture_dict(&image, "/BitsPerComponent 8"), image.as_raw()),
            one_bit.clone(),
            raw_stream(&picture_dict(&image, "/BitsPerComponent 8/Filter/DCTDecode"), &jpeg),
        ];
        for (n, look) in looks.into_iter().enumerate() {
            assert_eq!(agrees(&one(&pdf(&m, look, &[]))), Some(passed), "look {n}");
        }
        let form = "/Type/XObject/Subtype/Form/BBox[0 0 1 1]/Resources<</XObject<</I 10 0 R>>>>";
        let form = stream(form, b"/I Do");
        assert_eq!(agrees(&one(&pdf(&m, form, &[one_bit]))), Some(passed), "in a form");
    }
}

/// A PDF of one page that is nothing but pictures.
fn scan(pictures: &[Vec<u8>]) -> Vec<u8> {
    let names: String = (0..pictures.len()).map(|n| format!("/P{n} {} 0 R", n + 5)).collect();
    let high = 842.0 / pictures.len() as f64;
    let content: String = (0..pictures.len())
        .map(|n| format!("q 595 0 0 {high} 0 {} cm /P{n} Do Q ", 842.0 - high * (n + 1) as f64))
        .collect();
    let mut objects = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<<{names}>>>>/Contents 4 0 R>>")
            .into_bytes(),
        stream("", content.as_bytes()),
    ];
    objects.extend_from_slice(pictures);
    file(&objects)
}

fn fax(image: &GrayImage) -> Vec<u8> {
    let parms = format!(
        "/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns {}/Rows {}>>",
        image.width(),
        image.height()
    );
    raw_stream(&picture_dict(image, &parms), &group_4(image))
}

#[test]
fn scans_packed_as_fax_machines_do_are_read() {
    let m = model(0);
    let whole = sheet(1240, 1754, &code(&said(&m, &m.gross), 6, 4), 90, 780);
    let packed = raw_stream(
        &picture_dict(&whole, "/BitsPerComponent 1/Filter/JBIG2Decode"),
        &jbig2(&whole),
    );
    let plain = stream(&picture_dict(&whole, "/BitsPerComponent 1"), &bits(&whole));
    // Cut through the middle of the code.
    let strip = |top: u32| image::imageops::crop_imm(&whole, 0, top, 1240, 877).to_image();
    let strips: Vec<Vec<u8>> = [0, 877].map(|top| fax(&strip(top))).to_vec();
    for (name, bytes) in [
        ("plain", scan(&[plain])),
        ("Group 4", scan(&[fax(&whole)])),
        ("JBIG2", scan(&[packed])),
        ("strips", scan(&strips)),
    ] {
        let found = read_all(&bytes, &Limits::default());
        let papers = found.unwrap_or_else(|e| panic!("{name}: {e}")).papers;
        let i = papers[0].invoice().unwrap_or_else(|| panic!("{name}: {papers:?}"));
        assert_eq!(i.number.as_deref(), Some(m.number.as_str()), "{name}");
        assert_eq!(i.issued_on, Some(m.day), "{name}");
        assert_eq!(i.gross.map(|g| g.plain()), Some(m.gross.clone()), "{name}");
        assert_eq!(i.sources["gross"].kind, SourceKind::Qr, "{name}");
        assert!(i.identity.is_some(), "{name}");
    }
}

#[test]
fn a_scan_that_is_cut_off_says_nothing() {
    let m = model(0);
    let whole = sheet(1240, 1754, &code(&said(&m, &m.gross), 6, 4), 90, 60);
    let dict = picture_dict(
        &whole,
        "/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 1240/Rows 1754>>",
    );
    let data = group_4(&whole);
    for bytes in [
        scan(&[raw_stream(&dict, &data[..data.len() / 3])]),
        scan(&[raw_stream(&dict, b"")]),
        scan(&[raw_stream(&dict.replace("/Columns 1240", "/Columns 999999999"), &data)]),
        scan(&[raw_stream(
            &picture_dict(&whole, "/BitsPerComponent 1/Filter/JBIG2Decode"),
            &data,
        )]),
    ] {
        match read_all(&bytes, &Limits::default()) {
            Ok(reading) => assert!(reading.papers.iter().all(|p| p.content == Content::Picture)),
            Err(error) => assert!(error.code().starts_with("document."), "{error}"),
        }
    }
}

#[test]
fn an_ofd_page_that_is_a_picture_is_read_as_one() {
    let m = model(0);
    let whole = sheet(1240, 827, &code(&said(&m, &m.gross), 5, 4), 60, 40);
    let page = "<Page><Area><PhysicalBox>0 0 210 140</PhysicalBox></Area><Content><Layer>\
                <ImageObject ID=\"9\" Boundary=\"0 0 210 140\" CTM=\"210 0 0 140 0 0\" ResourceID=\"8\"/></Layer></Content></Page>";
    let bytes = zip(&[
        ("OFD.xml", b"<OFD><DocBody><DocRoot>D/Document.xml</DocRoot></DocBody></OFD>"),
        (
            "D/Document.xml",
            b"<Document><CommonData><DocumentRes>r.xml</DocumentRes></CommonData><Pages><Page ID=\"1\" BaseLoc=\"p.xml\"/></Pages></Document>",
        ),
        ("D/r.xml", b"<Res><MultiMedias><MultiMedia ID=\"8\"><MediaFile>i.png</MediaFile></MultiMedia></MultiMedias></Res>"),
        ("D/i.png", &encoded(whole.into(), ImageFormat::Png)),
        ("D/p.xml", page.as_bytes()),
    ]);
    let i = one(&bytes);
    assert_eq!(i.number.as_deref(), Some(m.number.as_str()));
    assert_eq!(i.gross.map(|g| g.plain()), Some(m.gross));
    // Where pictures are read later, it is kept as one.
    let later = Limits {
        max_pictures: 0,
        ..Limits::default()
    };
    let kept = read_files(&bytes, &later).expect("a file");
    assert_eq!((kept.len(), kept[0].media_type), (1, "application/ofd"));
    assert_eq!(kept[0].contents, [Content::Picture]);
}

#[test]
fn streams_of_codes_are_bounded() {
    // A picture that unpacks to far more than its size says.
    let m = model(0);
    let image = code("x", 1, 0);
    let bomb = raw_stream(
        &picture_dict(&image, "/BitsPerComponent 8/Filter/FlateDecode"),
        &deflated(&vec![0; 20 << 20]),
    );
    let (result, used) = read_counted(&pdf(&m, bomb, &[]), &Limits::default());
    match result {
        Ok(reading) => assert_eq!(reading.papers.len(), 1),
        Err(error) => assert_eq!(error.code(), "document.too-complex"),
    }
    assert!(used.codes <= 8);
}
