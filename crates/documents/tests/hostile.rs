//! XML made to harm: each file is refused for the right reason, and none makes the reader panic.

use outlay_documents::{Limits, ReadError, read};
use proptest::prelude::*;

const FIXTURES: [&str; 11] = [
    include_str!("fixtures/english-discount.xml"),
    include_str!("fixtures/english-mixed-rates.xml"),
    include_str!("fixtures/english-red.xml"),
    include_str!("fixtures/english-passenger.xml"),
    include_str!("fixtures/chinese.xml"),
    include_str!("fixtures/chinese-red.xml"),
    include_str!("fixtures/pinyin.xml"),
    include_str!("fixtures/pinyin-before-2023.xml"),
    include_str!("fixtures/ubl-invoice.xml"),
    include_str!("fixtures/ubl-credit-note.xml"),
    include_str!("fixtures/cii-invoice.xml"),
];

fn refused(bytes: &[u8]) -> &'static str {
    let error = read(bytes, &Limits::default()).expect_err("a refusal");
    let words = error.to_string();
    assert!(words.len() < 600 && words.len() > 20, "{words}");
    error.code()
}

#[test]
fn no_document_type_is_let_in() {
    for text in [
        "<!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY lol2 '&lol;&lol;'>]><EInvoice>&lol2;</EInvoice>",
        "<?xml version='1.0'?><!DOCTYPE i SYSTEM 'file:///etc/passwd'><i/>",
        "<!DOCTYPE i [<!ENTITY x SYSTEM 'http://127.0.0.1/'>]><i>&x;</i>",
        "<!DOCTYPE i [ <!ENTITY % p SYSTEM 'x'> %p; ]><i/>",
        "<!-- a --><!doctype i><i/>",
        "<!DOCTYPE i [",
    ] {
        assert_eq!(refused(text.as_bytes()), "document.doctype", "{text}");
    }
    assert_eq!(refused(b"<EInvoice>&xxe;</EInvoice>"), "document.entity");
    assert_eq!(refused(b"<EInvoice a='&xxe;'/>"), "document.entity");
    assert_eq!(refused(b"<!DOCTYPE html><html></html>"), "document.unsupported.html");
}

#[test]
fn what_is_no_xml_is_named() {
    for (bytes, code) in [
        (&b""[..], "document.empty"),
        (b" \n\t ", "document.empty"),
        (b"\xef\xbb\xbf", "document.empty"),
        (b"%PDF-1.7\n", "document.unsupported.pdf"),
        (b"PK\x03\x04....", "document.unsupported.zip"),
        (b"\xff\xd8\xff\xe0", "document.unsupported.image"),
        (b"\x89PNG\r\n\x1a\n", "document.unsupported.image"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
            "document.unsupported.svg",
        ),
        (b"<html><body/></html>", "document.unsupported.html"),
        (b"{\"number\": 1}", "document.unsupported.json"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "document.unsupported.office"),
        (b"number,date\n1,2\n", "document.unsupported.other"),
        (b"<Order/>", "document.unknown-xml"),
    ] {
        assert_eq!(refused(bytes), code, "{bytes:?}");
    }
}

#[test]
fn bounds_hold() {
    let deep = "<a>".repeat(100_000);
    assert_eq!(refused(deep.as_bytes()), "document.too-complex");
    let wide = format!("<a>{}</a>", "<b/>".repeat(400_000));
    assert_eq!(refused(wide.as_bytes()), "document.too-complex");
    let attributes: String = (0..100_000).map(|i| format!(" a{i}=''")).collect();
    assert_eq!(refused(format!("<a{attributes}/>").as_bytes()), "document.too-complex");
    let spaces: String = (0..60).map(|i| format!(" xmlns:a{i}='u'")).collect();
    let nested = format!("<a{spaces}>").repeat(10);
    assert_eq!(refused(nested.as_bytes()), "document.too-complex");
    let name = "n".repeat(1_000_000);
    assert_eq!(refused(format!("<{name}/>").as_bytes()), "document.too-complex");
    let huge = vec![b' '; 50_000_000];
    assert_eq!(refused(&huge), "document.too-large");
    let lines = "<IssuItemInformation><Amount>1.00</Amount></IssuItemInformation>".repeat(6_000);
    let many = format!("<EInvoice><EInvoiceData>{lines}</EInvoiceData></EInvoice>");
    assert_eq!(refused(many.as_bytes()), "document.too-complex");
}

fn read_whole(text: &str) {
    read(text.as_bytes(), &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn much_of_the_same_is_read_or_refused() {
    let same = "<发票号码>26112000000645678912</发票号码>".repeat(25_000);
    let numbers = format!("<发票><价税合计>1.00</价税合计>{same}</发票>");
    read_whole(&numbers);
    let nested = format!("{}{}", "<r><x/>".repeat(60), "</r>".repeat(60));
    let paths = format!(
        "<发票><发票号码>26112000000645678912</发票号码>{}</发票>",
        nested.repeat(400)
    );
    read_whole(&paths);
    let references = format!("<EInvoice>{}</EInvoice>", "&amp;".repeat(400_000));
    refused(references.as_bytes());
    let comments = format!("<EInvoice>{}</EInvoice>", "<!---->".repeat(250_000));
    refused(comments.as_bytes());
    let opened = "<".repeat(2_000_000);
    refused(opened.as_bytes());
    let quotes = format!("<a b=\"{}", "'".repeat(2_000_000));
    refused(quotes.as_bytes());
    let ampersands = format!("<a b='{}'/>", "&".repeat(2_000_000));
    refused(ampersands.as_bytes());
}

#[test]
fn forbidden_characters_and_broken_structure() {
    for (text, code) in [
        ("<EInvoice>\0</EInvoice>", "document.control"),
        ("<EInvoice>\u{1}</EInvoice>", "document.control"),
        ("<EInvoice>&#0;</EInvoice>", "document.control"),
        ("<EInvoice>&#xB;</EInvoice>", "document.control"),
        ("<EInvoice>&#x110000;</EInvoice>", "document.control"),
        ("<EInvoice><a></EInvoice>", "document.not-well-formed"),
        ("<EInvoice a='1' a='2'/>", "document.not-well-formed"),
        ("<EInvoice/><EInvoice/>", "document.not-well-formed"),
        ("<EInvoice/>text", "document.not-well-formed"),
        ("<EInvoice>a & b</EInvoice>", "document.not-well-formed"),
        ("<EInvoice", "document.truncated"),
        ("<EInvoice><a>", "document.truncated"),
        ("<EInvoice><![CDATA[", "document.truncated"),
        ("<?xml version='1.0'?>", "document.truncated"),
    ] {
        assert_eq!(refused(text.as_bytes()), code, "{text:?}");
    }
    let second = b"<EInvoice>\n<a>\n</b></EInvoice>";
    let error = read(second, &Limits::default()).expect_err("a refusal");
    assert!(matches!(error, ReadError::NotWellFormed { line: 3, .. }), "{error:?}");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for text in FIXTURES {
        let body = text.trim_end();
        for end in (0..body.len()).step_by(7) {
            assert!(read(&body.as_bytes()[..end], &Limits::default()).is_err(), "{end}");
        }
    }
}

#[test]
fn strange_names_are_only_text() {
    let text = FIXTURES[0].replacen(
        "青禾餐饮管理（杭州）有限公司",
        "\u{202e}<![CDATA[<script>]]>😀 شركة &lt;b&gt;",
        1,
    );
    let invoice = read(text.as_bytes(), &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(invoice.seller.name.as_deref(), Some("\u{202e}<script>😀 شركة <b>"));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes, &Limits::default());
        let xml = [b"<", bytes.as_slice()].concat();
        let _ = read(&xml, &Limits::default());
    }

    #[test]
    fn random_markup_never_panics(text in "(<[/!?]?[a-zA-Z:发票号码]{0,6}( [a-z:]{1,5}=['\"][^'\"]{0,4}['\"])?/?>|[^<]{0,5}|&[a-z#0-9]{0,5};|<!\\[CDATA\\[){0,40}") {
        let _ = read(text.as_bytes(), &Limits::default());
    }

    #[test]
    fn mutated_invoices_never_panic(
        which in 0..FIXTURES.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..12),
    ) {
        let mut bytes = FIXTURES[which].as_bytes().to_vec();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        let _ = read(&bytes, &Limits::default());
    }

    #[test]
    fn field_texts_never_panic(which in 0..FIXTURES.len(), text in "[-+0-9.,年月日%eE¥*NaT: ]{0,20}", at in any::<prop::sample::Index>()) {
        let fixture = FIXTURES[which];
        let starts: Vec<usize> = fixture.match_indices('>').map(|(i, _)| i + 1).collect();
        let start = starts[at.index(starts.len())];
        let end = fixture[start..].find('<').map_or(fixture.len(), |i| start + i);
        let changed = format!("{}{text}{}", &fixture[..start], &fixture[end..]);
        if let Err(error) = read(changed.as_bytes(), &Limits::default()) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
