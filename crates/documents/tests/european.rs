//! EN 16931 in both syntaxes; all firms are invented.

use jiff::civil::date;
use outlay_core::{Currency, Money};
use outlay_documents::{Category, CheckKind, Dialect, InvoiceKind, TaxRate};

mod support;
use support::{but, euro, identity, invoice, refusal};

const UBL: &str = include_str!("fixtures/ubl-invoice.xml");
const CREDIT: &str = include_str!("fixtures/ubl-credit-note.xml");
const CII: &str = include_str!("fixtures/cii-invoice.xml");

#[test]
fn ubl_under_unusual_prefixes() {
    let i = invoice(UBL);
    assert_eq!(i.dialect, Dialect::UblInvoice);
    assert_eq!(i.number.as_deref(), Some("HB-2026/0117"));
    assert_eq!(i.issued_on, Some(date(2026, 2, 12)));
    assert_eq!(i.seller.name.as_deref(), Some("Hotel Birkenhof GmbH"));
    assert_eq!(i.seller.tax_id.as_deref(), Some("DE811569869"));
    assert_eq!(identity(&i), Some("E:de811569869:HB-2026/0117:2026-02-12"));
    assert_eq!(i.currency, Currency::EUR);
    assert_eq!((i.net, i.tax, i.gross), (euro(27_000), euro(1_890), euro(28_890)));
    assert_eq!(i.lines[0].net, euro(28_000));
    assert_eq!(i.lines[0].quantity, Some(2.into()));
    assert_eq!(i.lines[0].unit.as_deref(), Some("DAY"));
    assert_eq!(i.lines[0].tax_rate, Some(TaxRate::Percent(7.into())));
    assert_eq!(i.category_hint, Some(Category::Lodging));
    assert!(i.consistent(), "{:?}", i.checks);
    for what in [CheckKind::NetTaxGross, CheckKind::LinesNet, CheckKind::Payable] {
        assert!(i.check(what).is_some(), "{what:?}");
    }
    let rounding = but(UBL, ">0.10<", ">0.20<");
    assert!(invoice(&rounding).check(CheckKind::Payable).is_some_and(|c| !c.passed));
}

#[test]
fn names_alone_do_not_make_it_ubl() {
    let other = UBL.replace("ubl:schema:xsd:Invoice-2", "ubl:schema:xsd:Order-2");
    assert_eq!(refusal(&other).code(), "document.unknown-xml");
    let parts = UBL.replace("CommonBasicComponents-2", "Another-2");
    assert!(refusal(&parts).code().starts_with("document."));
}

#[test]
fn credit_notes_take_back() {
    let i = invoice(CREDIT);
    assert_eq!((i.dialect, i.kind), (Dialect::UblCreditNote, InvoiceKind::Red));
    assert_eq!(i.red_of.as_deref(), Some("HB-2026/0117"));
    assert_eq!(i.gross, euro(14_980));
    assert_eq!(i.issued_on, Some(date(2026, 2, 20)));
    assert_eq!(i.lines.len(), 1);
    assert_eq!(identity(&i), Some("E:hotelbirkenhofgmbh:GS-2026/0003:2026-02-20"));
    let by_code = but(UBL, ">380<", ">381<");
    assert_eq!(invoice(&by_code).kind, InvoiceKind::Red);
    let by_sign = but(CII, "GrandTotalAmount>42.80", "GrandTotalAmount>-42.80");
    assert_eq!(invoice(&by_sign).kind, InvoiceKind::Red);
    let by_code = but(CII, "TypeCode>380", "TypeCode>381");
    assert_eq!(invoice(&by_code).kind, InvoiceKind::Red);
    let self_billed = but(CII, "TypeCode>380", "TypeCode>389");
    assert_eq!(invoice(&self_billed).kind, InvoiceKind::Normal);
}

#[test]
fn cii_without_its_usual_prefixes() {
    let i = invoice(CII);
    assert_eq!(i.dialect, Dialect::Cii);
    assert_eq!(i.number.as_deref(), Some("T-4711"));
    assert_eq!(i.issued_on, Some(date(2026, 3, 5)));
    assert_eq!(i.seller.tax_id.as_deref(), Some("DE 123 475 223"));
    assert_eq!(identity(&i), Some("E:de123475223:T-4711:2026-03-05"));
    assert_eq!((i.net, i.tax, i.gross), (euro(4_000), euro(280), euro(4_280)));
    assert_eq!(i.lines.len(), 1, "a line that only informs is left out");
    assert_eq!(i.category_hint, Some(Category::TravelTaxi));
    assert!(i.consistent(), "{:?}", i.checks);
}

#[test]
fn an_envelope_may_be_around_it() {
    let inner = CREDIT.split_once("?>").expect("a declaration").1;
    let wrapped = format!("<StandardBusinessDocument xmlns='urn:x'>{inner}</StandardBusinessDocument>");
    assert_eq!(invoice(&wrapped), invoice(CREDIT));
}

#[test]
fn an_embedded_file_does_not_matter() {
    let file = "QUJD".repeat(100_000);
    let text = but(
        CREDIT,
        "<cac:AccountingSupplierParty>",
        &format!(
            "<cac:AdditionalDocumentReference><cac:Attachment><cbc:EmbeddedDocumentBinaryObject mimeCode='application/pdf'>{file}</cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference><cac:AccountingSupplierParty>"
        ),
    );
    assert_eq!(invoice(&text), invoice(CREDIT));
}

#[test]
fn currencies_decide_the_decimals() {
    let yen = CREDIT.replace("EUR", "JPY");
    assert_eq!(refusal(&yen).field(), Some("TaxTotal/TaxAmount"),);
    let whole = yen.replace("149.80", "149.00").replace("9.80", "9.00");
    assert_eq!(invoice(&whole).gross, Some(Money::new(149, Currency::JPY)));
    let mixed = but(
        CREDIT,
        r#"TaxInclusiveAmount currencyID="EUR""#,
        r#"TaxInclusiveAmount currencyID="USD""#,
    );
    assert_eq!(refusal(&mixed).code(), "document.field.other-currency");
    let unknown = CREDIT.replace("EUR", "EUX");
    assert_eq!(refusal(&unknown).field(), Some("DocumentCurrencyCode"));
    let unstated = but(CREDIT, "<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>", "");
    assert_eq!(invoice(&unstated).currency, Currency::EUR);
}

#[test]
fn bad_fields_are_refused_by_name() {
    for (text, from, to, field, code) in [
        (
            UBL,
            ">288.90<",
            ">1e5<",
            "LegalMonetaryTotal/TaxInclusiveAmount",
            "document.field.amount",
        ),
        (
            UBL,
            ">288.90<",
            ">NaN<",
            "LegalMonetaryTotal/TaxInclusiveAmount",
            "document.field.amount",
        ),
        (
            UBL,
            ">288.90<",
            ">1,000.005<",
            "LegalMonetaryTotal/TaxInclusiveAmount",
            "document.field.amount",
        ),
        (
            UBL,
            ">288.90<",
            ">288.905<",
            "LegalMonetaryTotal/TaxInclusiveAmount",
            "document.field.decimals",
        ),
        (
            UBL,
            ">288.90<",
            ">99999999999999999999<",
            "LegalMonetaryTotal/TaxInclusiveAmount",
            "document.field.range",
        ),
        (UBL, "2026-02-12", "2026-13-12", "IssueDate", "document.field.date"),
        (
            UBL,
            ">2.<",
            ">two<",
            "InvoiceLine[1]/InvoicedQuantity",
            "document.field.quantity",
        ),
        (
            UBL,
            "Percent>7<",
            "Percent>700<",
            "InvoiceLine[1]/Item/ClassifiedTaxCategory/Percent",
            "document.field.rate",
        ),
        (
            CII,
            "20260305",
            "20261305",
            "ExchangedDocument/IssueDateTime/DateTimeString",
            "document.field.date",
        ),
    ] {
        let error = refusal(&but(text, from, to));
        assert_eq!((error.field(), error.code()), (Some(field), code), "{to}");
    }
}

#[test]
fn missing_parts_stay_empty() {
    let i = invoice(&but(
        UBL,
        "<b:TaxInclusiveAmount currencyID=\"EUR\">288.90</b:TaxInclusiveAmount>",
        "",
    ));
    assert_eq!(i.gross, None);
    let i = invoice(&but(UBL, "<b:IssueDate>2026-02-12</b:IssueDate>", ""));
    assert_eq!((i.issued_on, i.identity), (None, None));
}

#[test]
fn what_is_payable_is_compared_only_where_what_is_prepaid_would_stand() {
    let lines = CII.find("<r:IncludedSupplyChain").expect("lines");
    let end = CII.find("<r:ApplicableHeaderTradeAgreement>").expect("the rest");
    let minimum = format!("{}{}", &CII[..lines], &CII[end..]);
    let minimum = but(&minimum, "DuePayableAmount>42.80", "DuePayableAmount>10.00");
    assert!(invoice(&minimum).check(CheckKind::Payable).is_none());
}
