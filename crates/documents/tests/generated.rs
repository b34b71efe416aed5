//! A thousand generated invoices in every dialect, family and container, each field exact; and a thousand spoilt ones,
//! of which nothing is made up.

use outlay_core::{Currency, Money};
use outlay_documents::{Content, Dialect, Invoice, InvoiceKind, Limits, SourceKind, read_all};

mod make;
use make::container::{WRAPS, Wrap, wrap};
use make::europe::{self, Euro, euro};
use make::ofd::{Kind, double, face, package};
use make::pdf::{Font, page};
use make::{Family, Model, model, xml};

/// Writers of Chinese invoices: name, file ending, bytes.
const WRITERS: [(&str, &str, fn(&Model) -> Vec<u8>); 12] = [
    ("english", "xml", |m| xml::english(m).into_bytes()),
    ("chinese", "xml", |m| xml::chinese(m).into_bytes()),
    ("pinyin", "xml", |m| xml::pinyin(m).into_bytes()),
    ("2020", "xml", |m| xml::e_invoice(m).into_bytes()),
    ("gbk", "xml", |m| {
        encoding_rs::GBK
            .encode(&xml::chinese(m).replace("UTF-8", "GBK"))
            .0
            .into_owned()
    }),
    ("ofd attached 2020", "ofd", |m| package(m, Kind::Attached2020)),
    ("ofd attached digital", "ofd", |m| package(m, Kind::AttachedDigital)),
    ("ofd tags", "ofd", |m| package(m, Kind::Tags)),
    ("ofd custom data", "ofd", |m| package(m, Kind::CustomData)),
    ("ofd face", "ofd", |m| package(m, Kind::Face)),
    ("pdf attached", "pdf", |m| {
        page(
            &face(m, 0.0),
            Font::Ucs2,
            Some(("invoice.xml", xml::english(m).as_bytes())),
        )
    }),
    ("pdf face", "pdf", |m| {
        let font = if m.number.ends_with(['1', '3', '5', '7', '9']) {
            Font::Ucs2
        } else {
            Font::ToUnicode
        };
        page(&face(m, 0.0), font, None)
    }),
];

fn one(bytes: &[u8], what: &str) -> Invoice {
    let reading = read_all(bytes, &Limits::default()).unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!(reading.papers.len(), 1, "{what}: {reading:?}");
    match reading.papers.into_iter().next().map(|p| p.content) {
        Some(Content::Invoice(invoice)) => *invoice,
        other => panic!("{what}: {other:?}"),
    }
}

fn money(text: &str) -> Option<Money> {
    (!text.is_empty()).then(|| Money::parse(text, Currency::CNY).expect("an amount"))
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Whether a writer writes only what stands on the face.
fn is_face(writer: &str) -> bool {
    matches!(writer, "ofd tags" | "ofd custom data" | "ofd face" | "pdf face")
}

fn compare(m: &Model, i: &Invoice, writer: &str, what: &str) {
    let bare = is_face(writer);
    let ticket = m.is_ticket() && bare;
    assert_eq!(i.number.as_deref(), some(&m.number), "{what}");
    if writer != "english" && !(writer.contains("digital") || writer == "pdf attached") {
        assert_eq!(i.code.as_deref(), some(&m.code), "{what}");
    }
    assert_eq!(i.issued_on, Some(m.day), "{what}");
    assert_eq!(i.buyer.name.as_deref(), some(&m.buyer.0), "{what}");
    assert_eq!(i.buyer.tax_id.as_deref(), some(&m.buyer.1), "{what}");
    let custom = writer == "ofd custom data";
    // Tickets show neither seller nor what the tax is reckoned from.
    let (seller, seller_id) = if ticket {
        ("", if custom { m.seller.1.as_str() } else { "" })
    } else {
        (m.seller.0.as_str(), m.seller.1.as_str())
    };
    assert_eq!(i.seller.name.as_deref(), some(seller), "{what}");
    assert_eq!(i.seller.tax_id.as_deref(), some(seller_id), "{what}");
    assert_eq!(i.gross, money(&m.gross), "{what}");
    let net = if ticket && !custom { None } else { money(&m.net) };
    let tax = if ticket && !custom && m.family == Family::Rail {
        None
    } else {
        money(&m.tax)
    };
    assert_eq!((i.net, i.tax), (net, tax), "{what}");
    if m.family == Family::Red {
        assert_eq!(i.kind, InvoiceKind::Red, "{what}");
        assert_eq!(i.red_of.as_deref(), Some(m.red_of.as_str()), "{what}");
    } else {
        assert_eq!(i.kind, InvoiceKind::Normal, "{what}");
    }
    if !ticket {
        let amounts: Vec<_> = i
            .lines
            .iter()
            .map(|l| (l.net.map(|n| n.minor), l.tax.map(|t| t.minor)))
            .collect();
        let wanted: Vec<_> = m.lines.iter().map(|l| (Some(l.net), l.tax)).collect();
        // Tags name the items of one invoice one after the other.
        if writer != "ofd tags" || m.lines.len() == 1 {
            assert_eq!(amounts, wanted, "{what}");
        }
    }
    if m.family == Family::Rail && bare {
        let leg = i.travel.first().unwrap_or_else(|| panic!("{what}: no journey"));
        assert_eq!(leg.on, Some(m.way.2), "{what}");
        assert_eq!(leg.from.as_deref(), Some("上海虹桥站"), "{what}");
    }
    if m.family != Family::Air && m.family != Family::Rail {
        assert!(i.consistent(), "{what}: {:?}", i.checks);
    }
    let kind = match writer {
        "ofd tags" => SourceKind::Tags,
        "ofd custom data" => SourceKind::CustomData,
        "ofd face" | "pdf face" => SourceKind::Text,
        w if w.contains("attached") => SourceKind::Attachment,
        _ => SourceKind::Xml,
    };
    let source = &i.sources["number"];
    assert_eq!((source.kind, source.degree), (kind, kind.degree()), "{what}");
    // What stands beside the page is shown where the page has the same value, if it has.
    match kind {
        SourceKind::Text | SourceKind::Tags => assert!(source.place.is_some(), "{what}"),
        SourceKind::Xml => assert!(source.place.is_none(), "{what}"),
        _ => {}
    }
}

#[test]
fn every_chinese_invoice_in_every_form() {
    let mut read = 0;
    for seed in 0..120 {
        let m = model(seed);
        for (n, (writer, ending, write)) in WRITERS.iter().enumerate() {
            let how = WRAPS[(seed as usize + n) % WRAPS.len()];
            let bytes = wrap(write(&m), ending, how);
            let what = format!("{writer} {how:?} seed {seed} {:?}", m.family);
            compare(&m, &one(&bytes, &what), writer, &what);
            read += 1;
        }
    }
    assert!(read >= 1_000, "{read}");
}

fn european(e: &Euro, i: &Invoice, what: &str) {
    let eur = |cents| Some(Money::new(cents, Currency::EUR));
    assert_eq!(i.number.as_deref(), Some(e.number.as_str()), "{what}");
    assert_eq!(i.issued_on, Some(e.day), "{what}");
    assert_eq!(i.seller.name.as_deref(), Some(e.seller.0.as_str()), "{what}");
    assert_eq!(i.seller.tax_id.as_deref(), Some(e.seller.1.as_str()), "{what}");
    assert_eq!(i.gross, eur(e.net + e.tax), "{what}");
    if i.dialect != Dialect::Text {
        assert_eq!(i.buyer.name.as_deref(), Some(e.buyer.as_str()), "{what}");
        assert_eq!((i.net, i.tax), (eur(e.net), eur(e.tax)), "{what}");
    }
    assert!(i.consistent() && i.identity.is_some(), "{what}: {i:?}");
}

#[test]
fn every_european_invoice_in_every_form() {
    let writers: [(&str, fn(&Euro) -> Vec<u8>); 5] = [
        ("xml", |e| europe::ubl(e).into_bytes()),
        ("xml", |e| europe::cii(e).into_bytes()),
        ("xml", |e| europe::fattura(std::slice::from_ref(e)).into_bytes()),
        ("pdf", |e| {
            page(
                &europe::letter(e),
                Font::ToUnicode,
                Some(("factur-x.xml", europe::cii(e).as_bytes())),
            )
        }),
        ("pdf", |e| page(&europe::letter(e), Font::ToUnicode, None)),
    ];
    for seed in 0..100 {
        let e = euro(seed);
        for (n, (ending, write)) in writers.iter().enumerate() {
            let how = WRAPS[(seed as usize + n) % WRAPS.len()];
            let what = format!("writer {n} {how:?} seed {seed}");
            european(&e, &one(&wrap(write(&e), ending, how), &what), &what);
        }
    }
}

#[test]
fn several_invoices_in_one_file_are_several() {
    let (a, b) = (model(0), model(5));
    let numbers = |bytes: &[u8]| -> Vec<String> {
        let reading = read_all(bytes, &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
        reading
            .papers
            .iter()
            .filter_map(|p| p.invoice()?.number.clone())
            .collect()
    };
    let both = [a.number.clone(), b.number.clone()];
    assert_eq!(numbers(&double(&a, &b)), both);
    let invoice = one(&package(&a, Kind::Face), "one");
    let reading = read_all(&double(&a, &b), &Limits::default()).expect("two");
    assert_eq!(
        reading.papers[0].invoice().map(|i| (i.gross, i.seller.clone())),
        Some((invoice.gross, invoice.seller.clone()))
    );
    let euros = [euro(1), euro(2)];
    assert_eq!(
        numbers(europe::fattura(&euros).as_bytes()),
        [euros[0].number.clone(), euros[1].number.clone()]
    );
    let (x, y) = (xml::english(&a), package(&b, Kind::Tags));
    let archive = make::ofd::zip(&[("a.xml", x.as_bytes()), ("b/b.ofd", &y), ("readme.txt", b"hello")]);
    assert_eq!(numbers(&archive), both);
    let reading = read_all(&archive, &Limits::default()).expect("two");
    assert_eq!(reading.papers[1].part, "b/b.ofd");
    assert_eq!(
        reading
            .refused
            .iter()
            .map(|(p, e)| (p.as_str(), e.code()))
            .collect::<Vec<_>>(),
        [("readme.txt", "document.unsupported.other")]
    );
    let mail = make::container::mail(&[
        ("a.xml", "text/xml", x.as_bytes()),
        ("all.zip", "application/zip", &archive),
    ]);
    assert_eq!(numbers(&mail), [both[0].clone(), both[0].clone(), both[1].clone()]);
}

/// Names of what a test spoils.
const FIELDS: [&str; 8] = ["number", "day", "net", "tax", "gross", "seller", "seller id", "buyer"];

fn spoil(m: &mut Model, field: &str, with: &str) {
    let with = with.to_owned();
    match field {
        "number" => m.number = with,
        "day" => m.day_text = Some(with),
        "net" => m.net = with,
        "tax" => m.tax = with,
        "gross" => m.gross = with,
        "seller" => m.seller.0 = with,
        "seller id" => m.seller.1 = with,
        _ => m.buyer.0 = with,
    }
}

#[test]
fn of_a_thousand_spoilt_invoices_nothing_is_made_up() {
    const JUNK: [&str; 8] = ["", "¥", "***", "NaN", "1e5", "2026年13月41日", "12,34", "-"];
    let (mut read, mut refused) = (0, 0);
    for seed in 0..140 {
        let whole = model(seed);
        for (n, (writer, ending, write)) in WRITERS.iter().enumerate() {
            let field = FIELDS[(seed as usize / 3 + n) % FIELDS.len()];
            let junk = JUNK[(seed as usize + 5 * n) % JUNK.len()];
            let mut m = whole.clone();
            spoil(&mut m, field, junk);
            let what = format!("{writer} seed {seed} {:?}: {field} {junk:?}", m.family);
            let bytes = wrap(write(&m), ending, if n % 2 == 0 { Wrap::Bare } else { Wrap::Zip });
            let Ok(reading) = read_all(&bytes, &Limits::default()) else {
                refused += 1;
                continue;
            };
            read += 1;
            assert!(reading.papers.len() <= 1, "{what}");
            let Some(i) = reading.papers.first().and_then(|p| p.invoice()) else {
                continue;
            };
            nothing_made_up(&whole, i, field, junk, &what);
        }
    }
    assert!(read + refused >= 1_000, "{read} + {refused}");
    assert!(read > 500, "{read}");
}

/// Each field is what the whole invoice says, or empty; the spoilt one is empty, or the junk as it stands.
fn nothing_made_up(whole: &Model, i: &Invoice, field: &str, junk: &str, what: &str) {
    let is = |name: &str, found: Option<String>, right: &str| {
        let Some(found) = found else { return };
        if name == field {
            let names = matches!(name, "seller" | "seller id" | "buyer");
            assert!(names && found == junk, "{what}: {name} is {found}");
        } else {
            assert_eq!(found, right, "{what}: {name}");
        }
    };
    is("number", i.number.clone(), &whole.number);
    is("day", i.issued_on.map(|d| d.to_string()), &whole.day.to_string());
    is("net", i.net.map(|m| m.plain()), &whole.net);
    is("tax", i.tax.map(|m| m.plain()), &whole.tax);
    is("gross", i.gross.map(|m| m.plain()), &whole.gross);
    is("seller", i.seller.name.clone(), &whole.seller.0);
    is("seller id", i.seller.tax_id.clone(), &whole.seller.1);
    is("buyer", i.buyer.name.clone(), &whole.buyer.0);
}
