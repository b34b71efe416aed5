//! Chinese e-invoices that are wrong, incomplete or in another encoding.

use jiff::civil::date;
use outlay_documents::{CheckKind, Limits, Problem, ReadError, read};

mod support;
use support::{but, invoice, refusal, yuan};

const DISCOUNT: &str = include_str!("fixtures/english-discount.xml");
const PASSENGER: &str = include_str!("fixtures/english-passenger.xml");
const CHINESE: &str = include_str!("fixtures/chinese.xml");
const PINYIN: &str = include_str!("fixtures/pinyin.xml");
const BEFORE_2023: &str = include_str!("fixtures/pinyin-before-2023.xml");

#[test]
fn bad_fields_are_refused_by_name() {
    let amount = "TotalTax-includedAmount>1409.46<";
    for bad in [
        "1e5",
        "NaN",
        "1,409.46",
        "1409.465",
        "1409.460",
        "+1409.46",
        "1409.46元",
        "inf",
    ] {
        let error = refusal(&but(DISCOUNT, amount, &format!("TotalTax-includedAmount>{bad}<")));
        assert_eq!(
            error.field(),
            Some("EInvoiceData/BasicInformation/TotalTax-includedAmount"),
            "{bad}"
        );
        assert!(error.to_string().contains(bad), "{error}");
        assert!(error.code().starts_with("document.field."), "{}", error.code());
    }
    for (text, from, to, field, code) in [
        (
            DISCOUNT,
            "<IssueTime>2026-03-18",
            "<IssueTime>2026-13-18",
            "TaxSupervisionInfo/IssueTime",
            "document.field.date",
        ),
        (
            DISCOUNT,
            "<InvoiceNumber>26332000000912345678",
            "<InvoiceNumber>2633200000091234567",
            "TaxSupervisionInfo/InvoiceNumber",
            "document.field.number",
        ),
        (
            DISCOUNT,
            "<Amount>1415.09",
            "<Amount>1415.091",
            "IssuItemInformation[1]/Amount",
            "document.field.decimals",
        ),
        (
            DISCOUNT,
            "<Quantity>1",
            "<Quantity>1e0",
            "IssuItemInformation[1]/Quantity",
            "document.field.quantity",
        ),
        (
            DISCOUNT,
            "<TaxRate>0.06",
            "<TaxRate>six",
            "IssuItemInformation[1]/TaxRate",
            "document.field.rate",
        ),
        (
            PASSENGER,
            "<TravelDate>2026-02-25",
            "<TravelDate>2026-02-30",
            "PassengerTransportation[1]/TravelDate",
            "document.field.date",
        ),
        (
            CHINESE,
            "2026年01月09日",
            "2026年13月09日",
            "电子发票/发票基本信息/开票日期",
            "document.field.date",
        ),
        (
            CHINESE,
            "￥850.00",
            "￥8五0.00",
            "电子发票/价税合计_小写",
            "document.field.amount",
        ),
        (
            PINYIN,
            "<JSHJXX>200.00",
            "<JSHJXX>2e2",
            "FPXX/JSHJXX",
            "document.field.amount",
        ),
        (
            BEFORE_2023,
            "<FPDM>033002100211",
            "<FPDM>0330021",
            "Envelope/Body/FP/FPDM",
            "document.field.code",
        ),
    ] {
        let error = refusal(&but(text, from, to));
        assert_eq!((error.field(), error.code()), (Some(field), code), "{to}");
    }
}

#[test]
fn a_field_given_twice_is_refused_unless_the_same() {
    let again = |value: &str| {
        but(
            DISCOUNT,
            "<TotalTaxAm>79.79</TotalTaxAm>",
            &format!("<TotalTaxAm>79.79</TotalTaxAm><TotalTaxAm>{value}</TotalTaxAm>"),
        )
    };
    assert_eq!(invoice(&again("79.79")).tax, yuan(7_979));
    let error = refusal(&again("79.80"));
    assert_eq!(error.code(), "document.ambiguous");
    assert_eq!(error.field(), Some("EInvoiceData/BasicInformation/TotalTaxAm"));
}

#[test]
fn several_invoices_are_refused_where_one_is_asked_for() {
    let inner = DISCOUNT.split_once("?>").expect("a declaration").1;
    let two = format!("<all>{inner}{inner}</all>");
    assert_eq!(refusal(&two), ReadError::Several { found: 2 });
    let list = "<FPXX><FP><FPHM>26332000000912345678</FPHM></FP><FP><FPHM>26332000000912345679</FPHM></FP></FPXX>";
    assert_eq!(refusal(list), ReadError::Several { found: 2 });
}

#[test]
fn what_does_not_add_up_is_told_and_not_mended() {
    let i = invoice(&but(DISCOUNT, "<TotalTaxAm>79.79", "<TotalTaxAm>79.99"));
    assert_eq!(i.tax, yuan(7_999));
    let check = i.check(CheckKind::NetTaxGross).expect("a check");
    assert!(!check.passed);
    assert_eq!(check.detail, "net 1329.67 + tax 79.99 against 1409.46");
    let cent = invoice(&but(DISCOUNT, "<TotalTaxAm>79.79", "<TotalTaxAm>79.80"));
    assert!(cent.check(CheckKind::NetTaxGross).is_some_and(|c| c.passed));

    let capital = invoice(&but(DISCOUNT, "壹仟肆佰零玖圆", "壹仟肆佰玖拾圆"));
    assert!(capital.check(CheckKind::CapitalAmount).is_some_and(|c| !c.passed));
    let id = invoice(&but(DISCOUNT, "91330106MA2XYW1Q0B", "91330106MA2XYW1Q0A"));
    assert!(id.check(CheckKind::SellerTaxId).is_some_and(|c| !c.passed));
    let year = invoice(&but(DISCOUNT, "<IssueTime>2026", "<IssueTime>2025"));
    assert!(year.check(CheckKind::NumberYear).is_some_and(|c| !c.passed));
    let other = invoice(&but(
        DISCOUNT,
        "<EIid>26332000000912345678",
        "<EIid>26332000000912345679",
    ));
    assert!(other.check(CheckKind::NumberAgrees).is_some_and(|c| !c.passed));
}

#[test]
fn missing_parts_stay_empty() {
    let i = invoice(
        "<EInvoice><TaxSupervisionInfo><InvoiceNumber>26332000000912345678</InvoiceNumber></TaxSupervisionInfo></EInvoice>",
    );
    assert_eq!((i.issued_on, i.gross, i.seller.name), (None, None, None));
    let from_header = DISCOUNT.replace("InvoiceNumber", "Unknown");
    assert_eq!(invoice(&from_header).sources["number"].path, "Header/EIid");
    let requested = invoice(&DISCOUNT.replace("IssueTime", "Unknown"));
    assert_eq!(requested.issued_on, Some(date(2026, 3, 18)));
    assert_eq!(
        requested.sources["issued_on"].path,
        "EInvoiceData/BasicInformation/RequestTime"
    );
    assert_eq!(refusal("<EInvoice><EInvoiceData/></EInvoice>"), ReadError::NoInvoice);
    let lone = invoice(&but(CHINESE, "￥850.00", "￥"));
    assert_eq!(lone.gross, None);
}

#[test]
fn encodings_declared_or_not() {
    let expected = invoice(DISCOUNT);
    let same = |bytes: &[u8]| {
        let read = read(bytes, &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(read, expected);
    };
    let bom = [b"\xef\xbb\xbf", DISCOUNT.as_bytes()].concat();
    same(&bom);
    for label in ["GBK", "gb2312", "GB18030"] {
        let declared = but(DISCOUNT, "utf-8", label);
        same(&encoding_rs::GB18030.encode(&declared).0);
    }
    same(&encoding_rs::GB18030.encode(DISCOUNT).0);
    let undeclared = DISCOUNT.split_once("?>").expect("a declaration").1;
    same(&encoding_rs::GBK.encode(undeclared.trim_start()).0);
    let wide = |order: fn(u16) -> [u8; 2], text: &str| -> Vec<u8> { text.encode_utf16().flat_map(order).collect() };
    same(&wide(u16::to_le_bytes, &format!("\u{feff}{DISCOUNT}")));
    same(&wide(u16::to_be_bytes, &format!("\u{feff}{DISCOUNT}")));
    same(&wide(u16::to_le_bytes, &but(DISCOUNT, "utf-8", "utf-16")));
    same(&wide(u16::to_be_bytes, DISCOUNT));

    let mut broken = DISCOUNT.as_bytes().to_vec();
    let at = DISCOUNT.find('青').expect("a character");
    broken[at + 1] = b' ';
    let error = read(&broken, &Limits::default()).expect_err("a refusal");
    assert_eq!(
        error,
        ReadError::Encoding {
            name: "UTF-8".to_owned()
        }
    );
    let odd = but(DISCOUNT, "utf-8", "utf-7");
    assert_eq!(refusal(&odd).code(), "document.encoding");
}

#[test]
fn an_overlong_field_is_refused_and_overlong_ballast_is_not() {
    let long = "样".repeat(20_000);
    let ballast = but(
        DISCOUNT,
        "<AuthenticationMethods>1",
        &format!("<AuthenticationMethods>{long}"),
    );
    assert_eq!(invoice(&ballast), invoice(DISCOUNT));
    let error = refusal(&but(DISCOUNT, "<SellerName>", &format!("<SellerName>{long}")));
    assert!(
        matches!(
            error,
            ReadError::Field {
                problem: Problem::TooLong,
                ..
            }
        ),
        "{error}"
    );
}
