//! Traps that real invoices set, each by its name; those of one format alone stand in the tests of that format.

use jiff::civil::date;
use outlay_documents::{CheckKind, Invoice, InvoiceKind, Limits, SourceKind, read_all};

mod make;
mod support;
use make::ofd::{Kind, Text, face, files, package, zip};
use make::pdf::{Font, page};
use make::{Family, model, xml};
use support::{but, identity, invoice, yuan};

const CHINESE: &str = include_str!("fixtures/chinese.xml");
const PINYIN: &str = include_str!("fixtures/pinyin.xml");
const BEFORE_2023: &str = include_str!("fixtures/pinyin-before-2023.xml");
const BLUE: &str = "26332000000912345670";

fn one(bytes: &[u8]) -> Invoice {
    let reading = read_all(bytes, &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(reading.papers.len(), 1);
    reading.papers[0].invoice().cloned().expect("an invoice")
}

#[test]
fn flat_reversals_are_told_by_any_of_their_signs() {
    let with = |text: &str, end: &str, more: &str| invoice(&but(text, end, &format!("{more}{end}")));
    let pinyin_end = PINYIN
        .rsplit_once("</")
        .map(|(_, end)| format!("</{end}"))
        .expect("an end");
    for flag in [
        "<SFLZFP>N</SFLZFP>",
        "<SFLZFPBZ>0</SFLZFPBZ>",
        "<SFHZFP>Y</SFHZFP>",
        "<KPLX>1</KPLX>",
    ] {
        let i = with(PINYIN, &pinyin_end, flag);
        assert_eq!((i.kind, i.red_of), (InvoiceKind::Red, None), "{flag}");
    }
    for flag in ["<SFLZFP>Y</SFLZFP>", "<SFHZFP>N</SFHZFP>", "<KPLX>0</KPLX>"] {
        assert_eq!(with(PINYIN, &pinyin_end, flag).kind, InvoiceKind::Normal, "{flag}");
    }
    for named in [
        format!("<BHCLZSDPHM>{BLUE}</BHCLZSDPHM>"),
        format!("<BZ>被红冲蓝字数电发票号码：{BLUE} 红字发票信息确认单编号：3301</BZ>"),
    ] {
        let i = with(PINYIN, &pinyin_end, &named);
        assert_eq!((i.kind, i.red_of.as_deref()), (InvoiceKind::Red, Some(BLUE)), "{named}");
    }
    // The blue number in an element of its own is neither the invoice's nor a second invoice.
    let chinese_end = CHINESE
        .rsplit_once("</")
        .map(|(_, end)| format!("</{end}"))
        .expect("an end");
    let nested = format!("<被红冲蓝字发票><发票号码>{BLUE}</发票号码></被红冲蓝字发票>");
    let i = with(CHINESE, &chinese_end, &nested);
    assert_eq!(i.number, invoice(CHINESE).number);
    assert_eq!(i.red_of.as_deref(), Some(BLUE));
    // An old one is named by code and number.
    let i = with(
        PINYIN,
        &pinyin_end,
        "<BZ>对应正数发票代码:033002000211号码:83089647</BZ>",
    );
    assert_eq!((i.kind, i.red_of.as_deref()), (InvoiceKind::Red, Some("83089647")));
}

#[test]
fn a_reversal_on_a_page_is_told_by_its_remark_and_its_sign() {
    for seed in (0..60).filter(|s| model(*s).family == Family::Red) {
        let mut m = model(seed);
        for bytes in [package(&m, Kind::Face), page(&face(&m, 0.0), Font::Ucs2, None)] {
            let i = one(&bytes);
            assert_eq!(
                (i.kind, i.red_of.as_deref()),
                (InvoiceKind::Red, Some(m.red_of.as_str()))
            );
            assert!(i.gross.is_some_and(|g| g.minor < 0));
            assert!(
                i.check(CheckKind::CapitalAmount).is_some_and(|c| c.passed),
                "{:?}",
                i.checks
            );
        }
        // Without the remark the sign is left.
        m.red_of = String::new();
        for bytes in [package(&m, Kind::Face), page(&face(&m, 0.0), Font::ToUnicode, None)] {
            let i = one(&bytes);
            assert_eq!((i.kind, i.red_of), (InvoiceKind::Red, None), "seed {seed}");
        }
    }
}

#[test]
fn the_words_of_a_negative_amount_are_written_in_two_ways() {
    let mut m = model(2);
    assert_eq!(m.family, Family::Red);
    for capital in [m.capital.clone(), m.capital.replacen('负', "（负数）", 1)] {
        m.capital = capital;
        for bytes in [xml::chinese(&m).into_bytes(), package(&m, Kind::Face)] {
            let check = one(&bytes).check(CheckKind::CapitalAmount).cloned();
            assert!(check.as_ref().is_some_and(|c| c.passed), "{check:?}");
        }
    }
}

#[test]
fn the_number_of_twenty_digits_is_the_key_even_beside_a_code() {
    // Fully digital invoices printed on paper have a code and a number of 8 digits, too.
    let text = but(PINYIN, "<FPHM>", "<FPDM>033002100211</FPDM><FPHM>");
    assert_eq!(identity(&invoice(&text)), Some("N:26322000000467891234"));
    let both = but(
        PINYIN,
        "<FPHM>",
        "<FPDM>033002100211</FPDM><SDPHM>26322000000467891234</SDPHM><FPHM>",
    );
    let both = but(&both, "<FPHM>26322000000467891234", "<FPHM>40172653");
    let i = invoice(&both);
    assert_eq!(identity(&i), Some("N:26322000000467891234"));
}

#[test]
fn old_numbers_are_one_invoice_only_with_their_code_and_else_with_day_and_amount() {
    let one = invoice(BEFORE_2023).identity;
    let other = invoice(&but(BEFORE_2023, "033002100211", "033002100212")).identity;
    assert!(one.is_some() && other.is_some() && one != other);
    let weak = but(BEFORE_2023, "<FPDM>033002100211</FPDM>", "");
    let day = but(&weak, "2022", "2021");
    assert_ne!(invoice(&weak).identity, invoice(&day).identity);
    // Without the day, there is no key at all.
    let start = weak.find("<KPRQ>").expect("a day");
    let end = weak.find("</KPRQ>").expect("its end");
    let none = format!("{}{}", &weak[..start], &weak[end + "</KPRQ>".len()..]);
    assert_eq!(invoice(&none).identity, None);
}

#[test]
fn one_invoice_has_one_identity_in_every_format() {
    for seed in [0, 1, 2] {
        let m = model(seed);
        let wide: String = m
            .number
            .chars()
            .map(|c| char::from_u32(u32::from(c) - u32::from('0') + u32::from('０')).expect("a digit"))
            .collect();
        let mut spelt = m.clone();
        spelt.number = wide;
        let all = [
            xml::chinese(&m).into_bytes(),
            xml::pinyin(&spelt).into_bytes(),
            xml::e_invoice(&m).into_bytes(),
            package(&m, Kind::Tags),
            package(&m, Kind::Face),
            page(&face(&m, 0.0), Font::Ucs2, None),
        ];
        let identities: Vec<_> = all.iter().map(|bytes| one(bytes).identity).collect();
        assert!(identities[0].is_some());
        assert!(identities.iter().all(|i| *i == identities[0]), "{identities:?}");
    }
}

#[test]
fn an_attachment_that_is_named_and_missing_leaves_the_page() {
    let m = model(0);
    let mut parts = files(&[(&m, 0.0)], Kind::AttachedDigital);
    parts.retain(|(name, _)| !name.ends_with("original_invoice.xml"));
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(n, b)| (*n, b.as_slice())).collect();
    let i = one(&zip(&parts));
    assert_eq!(i.number.as_deref(), Some(m.number.as_str()));
    assert_eq!(i.sources["number"].kind, SourceKind::Text);
}

#[test]
fn the_number_of_an_air_ticket_is_not_that_of_its_invoice() {
    let m = model(4);
    assert_eq!(m.family, Family::Air);
    let mut texts = face(&m, 0.0);
    // Of twenty digits, too, and above the other.
    for (y, text) in [
        (6.0, "电子客票号码:78123456789012345678"),
        (90.0, "验证码:26312000000823456781"),
    ] {
        texts.push(Text {
            x: 20.0,
            y,
            size: 3.2,
            text: text.to_owned(),
            tag: "",
        });
    }
    let i = one(&page(&texts, Font::Ucs2, None));
    assert_eq!(i.number.as_deref(), Some(m.number.as_str()));
}

#[test]
fn the_day_of_a_journey_is_not_the_day_of_issue() {
    let m = model(3);
    assert_eq!(m.family, Family::Rail);
    for bytes in [xml::english(&m).into_bytes(), package(&m, Kind::Face)] {
        let i = one(&bytes);
        assert_eq!((i.issued_on, i.travel[0].on), (Some(m.day), Some(m.way.2)));
        assert_ne!(i.issued_on, i.travel[0].on);
    }
}

#[test]
fn the_fund_of_an_air_ticket_lies_outside_of_the_tax() {
    let m = model(4);
    let i = one(&package(&m, Kind::Face));
    assert_eq!(i.other, yuan(5_000));
    assert_eq!(i.net, None, "the face states the base in parts");
    assert_eq!(i.tax.map(|t| t.plain()), Some(m.tax));
}

#[test]
fn the_year_in_a_number_is_compared_with_the_day() {
    let text = but(PINYIN, "26322000000467891234", "25322000000467891234");
    let i = invoice(&text);
    assert_eq!(i.issued_on.map(|d| d.year()), Some(2026));
    assert!(i.issued_on.is_some_and(|d| d >= date(2026, 1, 1)));
    assert!(i.check(CheckKind::NumberYear).is_some_and(|c| !c.passed));
}
