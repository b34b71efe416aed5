//! Rail and air e-tickets in XBRL, alone, in archives, and attached to OFD and PDF files.

use outlay_core::{Currency, Money};
use outlay_documents::{Category, CheckKind, Dialect, Invoice, InvoiceKind, Limits, SourceKind, read_all};

mod make;
mod support;
use make::container::{WRAPS, wrap};
use make::ofd::{Kind, face, files, zip};
use make::pdf::{Font, page};
use make::{Family, Model, fen, model, xml};
use support::{but, identity, invoice, percent, yuan};

fn one(bytes: &[u8], what: &str) -> Invoice {
    let reading = read_all(bytes, &Limits::default()).unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!(reading.papers.len(), 1, "{what}");
    reading.papers[0].invoice().cloned().unwrap_or_else(|| panic!("{what}"))
}

/// The face of a ticket with its instance attached, under a name of the standard.
fn ofd(m: &Model, name: &str) -> Vec<u8> {
    let mut parts = files(&[(m, 0.0)], Kind::AttachedDigital);
    for (path, bytes) in &mut parts {
        if path.ends_with("original_invoice.xml") {
            *bytes = xml::xbrl(m).into_bytes();
        }
        if path.ends_with("Attachments.xml") {
            let text = String::from_utf8(bytes.clone()).expect("text");
            *bytes = text.replace("original_invoice.xml", name).into_bytes();
        }
    }
    let path = format!("Doc_0/Attachs/{name}");
    let renamed = |old: &'static str| {
        if old.ends_with("original_invoice.xml") {
            path.clone()
        } else {
            old.to_owned()
        }
    };
    let parts: Vec<(String, Vec<u8>)> = parts.into_iter().map(|(name, bytes)| (renamed(name), bytes)).collect();
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
    zip(&parts)
}

fn compare(m: &Model, i: &Invoice, what: &str) {
    let money = |text: &str| Money::parse(text, Currency::CNY).ok();
    assert_eq!(i.dialect, Dialect::ChinaXbrl, "{what}");
    assert_eq!(i.kind, InvoiceKind::Normal, "{what}");
    assert_eq!(i.number.as_deref(), Some(m.number.as_str()), "{what}");
    assert_eq!(identity(i), Some(format!("N:{}", m.number).as_str()), "{what}");
    assert_eq!(i.issued_on, Some(m.day), "{what}");
    assert_eq!(i.buyer.name.as_deref(), Some(m.buyer.0.as_str()), "{what}");
    assert_eq!(i.buyer.tax_id.as_deref(), Some(m.buyer.1.as_str()), "{what}");
    assert_eq!((i.tax, i.gross), (money(&m.tax), money(&m.gross)), "{what}");
    assert_ne!(i.travel[0].on, i.issued_on, "{what}");
    let way = (Some(m.way.0.as_str()), Some(m.way.1.as_str()), Some(m.way.2));
    let leg = |n: usize| (i.travel[n].from.as_deref(), i.travel[n].to.as_deref(), i.travel[n].on);
    assert_eq!(leg(0), way, "{what}");
    if m.family == Family::Rail {
        assert_eq!((i.net, i.other), (money(&m.net), None), "{what}");
        assert_eq!(i.seller.name, None, "{what}");
        assert_eq!(
            (i.travel.len(), i.travel[0].grade.as_deref()),
            (1, Some("二等座")),
            "{what}"
        );
        assert!(i.lines.is_empty(), "{what}");
        assert_eq!(i.category_hint, Some(Category::TravelRail), "{what}");
    } else {
        // The base of the tax is stated in two parts, and the fund lies outside of it.
        assert_eq!((i.net, i.other), (None, money(&m.other)), "{what}");
        assert_eq!(i.seller.name.as_deref(), Some(m.seller.0.as_str()), "{what}");
        assert_eq!(i.travel.len(), 2, "{what}");
        assert_eq!(i.category_hint, Some(Category::TravelAir), "{what}");
        assert_eq!(leg(1), (way.1, way.0, way.2), "{what}");
        let base = money(&m.net).map_or(0, |n| n.minor);
        let nets: Vec<_> = i.lines.iter().map(|l| l.net).collect();
        assert_eq!(nets, [yuan(base - base / 10), yuan(base / 10)], "{what}");
        assert!(i.lines.iter().all(|l| l.tax_rate == percent(9)), "{what}");
    }
    let sums = i.check(CheckKind::NetTaxGross).unwrap_or_else(|| panic!("{what}"));
    assert!(sums.passed && i.consistent(), "{what}: {:?}", i.checks);
    // Neither who travelled nor the number of the ticket.
    let json = serde_json::to_string(i).expect("JSON");
    for secret in [
        "某乘客",
        "110101190001010000",
        "7812345678901",
        "1234567890123456789012345",
    ] {
        assert!(!json.contains(secret), "{what}: {secret}");
    }
}

#[test]
fn tickets_in_xbrl_are_read_in_every_container() {
    for seed in (0..100).filter(|s| model(*s).is_ticket()) {
        let m = model(seed);
        let what = format!("seed {seed} {:?}", m.family);
        let text = xml::xbrl(&m).into_bytes();
        for how in WRAPS {
            let i = one(&wrap(text.clone(), "xml", how), &what);
            compare(&m, &i, &what);
            assert_eq!(i.sources["number"].kind, SourceKind::Xml, "{what}");
        }
        let name = if m.family == Family::Air {
            "atr_issuer_1.xbrl"
        } else {
            "rai_issuer_1.xml"
        };
        let file = page(&face(&m, 0.0), Font::Ucs2, Some((name, &text)));
        for bytes in [ofd(&m, name), file] {
            let mut i = one(&bytes, &what);
            assert_eq!(i.sources["number"].kind, SourceKind::Attachment, "{what}");
            let agree = i.check(CheckKind::SourcesAgree);
            assert!(agree.is_none_or(|c| c.passed), "{what}: {agree:?}");
            i.checks.retain(|c| c.what != CheckKind::SourcesAgree);
            // On the face the stations have 站 behind them.
            compare(&m, &i, &what);
        }
    }
}

#[test]
fn other_taxes_are_outside_of_the_base_too() {
    let m = model(4);
    assert_eq!(m.family, Family::Air);
    let gross = Money::parse(&m.gross, Currency::CNY).expect("an amount").minor;
    let text = but(&xml::xbrl(&m), ">0.00</atr:OtherTaxes>", ">30.00</atr:OtherTaxes>");
    let text = but(
        &text,
        &format!(">{}</atr:TotalAmount>", m.gross),
        &format!(">{}</atr:TotalAmount>", fen(gross + 3_000)),
    );
    let i = invoice(&text);
    assert_eq!(i.other, yuan(8_000));
    assert_eq!(i.sources["other"].path, "CivilAviationDevelopmentFund + OtherTaxes");
    assert!(i.consistent(), "{:?}", i.checks);
    // What is not in the total is told.
    let wrong = but(&xml::xbrl(&m), ">0.00</atr:OtherTaxes>", ">30.00</atr:OtherTaxes>");
    assert!(invoice(&wrong).check(CheckKind::NetTaxGross).is_some_and(|c| !c.passed));
}

#[test]
fn a_changed_ticket_is_no_reversal_and_one_paid_back_is() {
    let mut m = model(3);
    assert_eq!(m.family, Family::Rail);
    m.red_of = "26329116804000123456".to_owned();
    let changed = invoice(&xml::xbrl(&m));
    assert_eq!((changed.kind, changed.red_of), (InvoiceKind::Normal, None));
    for amount in [&mut m.gross, &mut m.net, &mut m.tax] {
        amount.insert(0, '-');
    }
    let back = invoice(&xml::xbrl(&m));
    assert_eq!(back.kind, InvoiceKind::Red);
    assert_eq!(back.red_of.as_deref(), Some("26329116804000123456"));
}

#[test]
fn other_instances_are_no_tickets() {
    let text = "<xbrl xmlns=\"http://www.xbrl.org/2003/instance\" xmlns:bker=\"http://xbrl.mof.gov.cn/taxonomy/2023-05-15/bker\">\
                <bker:Amount>1.00</bker:Amount></xbrl>";
    assert_eq!(support::refusal(text).code(), "document.unknown-xml");
    // A number that stands there twice, and differently.
    let m = model(3);
    let twice = but(
        &xml::xbrl(&m),
        "<rai:DateOfIssue",
        "<rai:ElectronicInvoiceRailwayETicketNumber>26329116804000123456</rai:ElectronicInvoiceRailwayETicketNumber><rai:DateOfIssue",
    );
    assert_eq!(support::refusal(&twice).code(), "document.ambiguous");
}
