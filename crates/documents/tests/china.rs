//! Chinese e-invoices in the three dialects; all firms are invented.

use jiff::civil::date;
use outlay_documents::{Category, CheckKind, Dialect, Invoice, InvoiceKind, TaxRate};

mod support;
use support::{but, identity, invoice, percent, yuan};

const DISCOUNT: &str = include_str!("fixtures/english-discount.xml");
const MIXED: &str = include_str!("fixtures/english-mixed-rates.xml");
const RED: &str = include_str!("fixtures/english-red.xml");
const PASSENGER: &str = include_str!("fixtures/english-passenger.xml");
const CHINESE: &str = include_str!("fixtures/chinese.xml");
const CHINESE_RED: &str = include_str!("fixtures/chinese-red.xml");
const PINYIN: &str = include_str!("fixtures/pinyin.xml");
const BEFORE_2023: &str = include_str!("fixtures/pinyin-before-2023.xml");

#[test]
fn english_tags_are_bound_by_full_path() {
    let i = invoice(DISCOUNT);
    assert_eq!(i.dialect, Dialect::ChinaEnglish);
    assert_eq!(i.number.as_deref(), Some("26332000000912345678"));
    assert_eq!(identity(&i), Some("N:26332000000912345678"));
    assert_eq!(i.issued_on, Some(date(2026, 3, 18)));
    assert_eq!(i.seller.name.as_deref(), Some("青禾餐饮管理（杭州）有限公司"));
    assert_eq!(i.buyer.tax_id.as_deref(), Some("91310115MA1K3ABC4R"));
    assert_eq!((i.net, i.tax, i.gross), (yuan(132_967), yuan(7_979), yuan(140_946)));
    assert_eq!(i.lines.len(), 2);
    assert_eq!(i.lines[0].gross, yuan(150_000));
    assert_eq!(i.lines[0].class.as_deref(), Some("餐饮服务"));
    assert_eq!(i.lines[0].name.as_deref(), Some("餐费"));
    assert_eq!(i.lines[0].tax_rate, percent(6));
    assert_eq!(i.category_hint, Some(Category::Meals));
    assert_eq!(i.sources["gross"].degree, 100);
    assert_eq!(
        i.sources["gross"].path,
        "EInvoiceData/BasicInformation/TotalTax-includedAmount"
    );
    assert!(i.consistent(), "{:?}", i.checks);
    let kinds: Vec<CheckKind> = i.checks.iter().map(|c| c.what).collect();
    for what in [
        CheckKind::NetTaxGross,
        CheckKind::LinesNet,
        CheckKind::LinesTax,
        CheckKind::LinesGross,
        CheckKind::CapitalAmount,
        CheckKind::SellerTaxId,
        CheckKind::NumberAgrees,
        CheckKind::NumberYear,
    ] {
        assert!(kinds.contains(&what), "{what:?}");
    }
}

#[test]
fn without_the_invoice_gross_the_gross_of_a_line_does_not_stand_in() {
    let text = but(
        DISCOUNT,
        "<TotalTax-includedAmount>1409.46</TotalTax-includedAmount>",
        "",
    );
    let i = invoice(&text);
    assert_eq!(i.gross, None);
    assert_eq!(i.net, yuan(132_967));
    assert!(i.check(CheckKind::NetTaxGross).is_none());
    assert!(!i.sources.contains_key("gross"));
}

#[test]
fn a_discount_line_is_no_reversal() {
    let i = invoice(DISCOUNT);
    assert_eq!(i.kind, InvoiceKind::Normal);
    assert_eq!(i.lines[1].net, yuan(-8_542));
    assert_eq!(i.red_of, None);
}

#[test]
fn reversals_are_told_by_any_of_their_signs() {
    let i = invoice(RED);
    assert_eq!(i.kind, InvoiceKind::Red);
    assert_eq!(i.red_of.as_deref(), Some("26332000000912345678"));
    assert_eq!(i.gross, yuan(-50_000));
    assert!(i.consistent(), "{:?}", i.checks);

    let flag = but(DISCOUNT, "<LabelCode>Y</LabelCode>", "<LabelCode>N</LabelCode>");
    assert_eq!(invoice(&flag).kind, InvoiceKind::Red);
    let remark = but(
        DISCOUNT,
        "<Remark></Remark>",
        "<Remark>被红冲蓝字数电票号码:26332000000912345670</Remark>",
    );
    assert_eq!(invoice(&remark).red_of.as_deref(), Some("26332000000912345670"));
    let element = but(
        DISCOUNT,
        "<AdditionalInformation>",
        "<SpecificInformation><RedEInvoice><OriginalInvoiceCode>26332000000912345671</OriginalInvoiceCode></RedEInvoice></SpecificInformation><AdditionalInformation>",
    );
    assert_eq!(invoice(&element).kind, InvoiceKind::Red);
    let total = but(PINYIN, "<JSHJXX>200.00", "<JSHJXX>-200.00");
    assert_eq!(invoice(&total).kind, InvoiceKind::Red);
    let order = but(
        DISCOUNT,
        "<Remark></Remark>",
        "<Remark>订单26332000000912345671</Remark>",
    );
    assert_eq!(invoice(&order).kind, InvoiceKind::Normal);

    let chinese = invoice(CHINESE_RED);
    assert_eq!(chinese.kind, InvoiceKind::Red);
    assert_eq!(chinese.number.as_deref(), Some("26112000000756789123"));
    assert_eq!(chinese.red_of.as_deref(), Some("26112000000645678912"));
}

#[test]
fn each_line_has_its_rate() {
    let i = invoice(MIXED);
    let rates: Vec<_> = i.lines.iter().map(|l| l.tax_rate).collect();
    assert_eq!(rates, [percent(13), percent(1), Some(TaxRate::Exempt)]);
    assert_eq!(i.lines[2].tax, None);
    assert_eq!(i.lines[0].spec.as_deref(), Some("A4"));
    assert_eq!(i.category_hint, Some(Category::Office));
    assert!(i.consistent(), "{:?}", i.checks);
    for (text, rate) in [("不征税", TaxRate::NotTaxed), ("***", TaxRate::Unstated)] {
        assert_eq!(invoice(&but(MIXED, "免税", text)).lines[2].tax_rate, Some(rate));
    }
}

#[test]
fn journeys_are_read_without_who_travelled() {
    let i = invoice(PASSENGER);
    assert_eq!(i.travel.len(), 1);
    let leg = &i.travel[0];
    assert_eq!(leg.from.as_deref(), Some("深圳市南山区"));
    assert_eq!(leg.to.as_deref(), Some("深圳北站"));
    assert_eq!(leg.on, Some(date(2026, 2, 25)));
    assert_eq!(leg.grade.as_deref(), Some("舒适型"));
    assert_ne!(leg.on, i.issued_on);
    assert_eq!(i.category_hint, Some(Category::TravelTaxi));
    let json = serde_json::to_string(&i).expect("JSON");
    assert!(!json.contains("某乘客") && !json.contains("110101190001010000"));
}

#[test]
fn chinese_tags_in_nested_parties() {
    let i = invoice(CHINESE);
    assert_eq!(i.dialect, Dialect::ChinaChinese);
    assert_eq!(i.seller.name.as_deref(), Some("听松宾馆（北京）有限公司"));
    assert_eq!(i.seller.tax_id.as_deref(), Some("91110105MA01JKLM86"));
    assert_eq!(i.buyer.name.as_deref(), Some("云岫仪器（上海）有限公司"));
    assert_eq!(i.issued_on, Some(date(2026, 1, 9)));
    assert_eq!((i.net, i.tax, i.gross), (yuan(80_189), yuan(4_811), yuan(85_000)));
    assert_eq!(i.lines.len(), 2);
    assert_eq!(i.lines[0].quantity, Some(2.into()));
    assert_eq!(i.lines[0].unit.as_deref(), Some("间夜"));
    assert_eq!(i.category_hint, Some(Category::Lodging));
    assert!(i.consistent(), "{:?}", i.checks);
    assert!(i.check(CheckKind::CapitalAmount).is_some());
}

#[test]
fn chinese_fields_as_attributes() {
    let text = r#"<发票 发票号码="26112000000645678912" 开票日期="2026-01-09" 价税合计="59.00"><销售方 名称="青禾餐饮"/></发票>"#;
    let i = invoice(text);
    assert_eq!(i.gross, yuan(5_900));
    assert_eq!(i.seller.name.as_deref(), Some("青禾餐饮"));
}

#[test]
fn pinyin_tags() {
    let i = invoice(PINYIN);
    assert_eq!(i.dialect, Dialect::ChinaPinyin);
    assert_eq!(i.number.as_deref(), Some("26322000000467891234"));
    assert_eq!((i.net, i.tax, i.gross), (yuan(18_349), yuan(1_651), yuan(20_000)));
    assert_eq!(i.lines[0].quantity, Some(1.into()));
    assert_eq!(i.lines[0].tax_rate, percent(9));
    assert_eq!(i.category_hint, Some(Category::Telecom));
    assert!(i.consistent(), "{:?}", i.checks);
}

#[test]
fn pinyin_sl_is_left_empty_when_nothing_tells_what_it_is() {
    let text = but(PINYIN, "      <XMSL>1</XMSL>\n", "");
    let line = &invoice(&text).lines[0];
    assert_eq!((line.quantity, line.tax_rate), (None, None));
    let text = but(&text, "<SL>0.09</SL>", "<SL>9%</SL>");
    assert_eq!(invoice(&text).lines[0].tax_rate, percent(9));
    let text = but(PINYIN, "<XMSL>1</XMSL>", "<SLV>0.09</SLV>");
    let text = but(&text, "<SL>0.09</SL>", "<SL>3</SL>");
    let line = &invoice(&text).lines[0];
    assert_eq!((line.quantity, line.tax_rate), (Some(3.into()), percent(9)));
}

#[test]
fn wrapped_and_before_2023() {
    let i = invoice(BEFORE_2023);
    assert_eq!(i.code.as_deref(), Some("033002100211"));
    assert_eq!(identity(&i), Some("C:033002100211:40172653"));
    assert_eq!(i.category_hint, Some(Category::Meals));
    let weak = invoice(&but(BEFORE_2023, "<FPDM>033002100211</FPDM>", ""));
    assert_eq!(identity(&weak), Some("W:40172653:2022-11-30:59.00"));
    let inner = DISCOUNT.split_once("?>").expect("a declaration").1;
    let wrapped = format!("<s:Envelope xmlns:s='urn:s'><s:Body>{inner}</s:Body></s:Envelope>");
    assert_eq!(invoice(&wrapped).identity, invoice(DISCOUNT).identity);
}

#[test]
fn the_same_invoice_has_one_identity_in_every_dialect() {
    let number = "26332000000912345678";
    let chinese = but(CHINESE, "26112000000645678912", number);
    let pinyin = but(PINYIN, "26322000000467891234", number);
    let wide = but(
        PINYIN,
        "26322000000467891234",
        "２６３３２０００ ０００９１２３４５６７８",
    );
    for text in [&chinese, &pinyin, &wide] {
        assert_eq!(invoice(text).identity, invoice(DISCOUNT).identity);
    }
}

#[test]
fn json_is_stable_and_reads_back() {
    let i = invoice(PASSENGER);
    let json = serde_json::to_value(&i).expect("JSON");
    assert_eq!(json["dialect"], "china_english");
    assert_eq!(json["kind"], "normal");
    assert_eq!(json["identity"], "N:26442000000734567891");
    assert_eq!(json["issued_on"], "2026-02-27");
    assert_eq!(json["gross"]["amount"], "60.00");
    assert_eq!(json["gross"]["currency"], "CNY");
    assert_eq!(json["lines"][0]["tax_rate"]["percent"], "3");
    assert_eq!(json["category_hint"], "travel.taxi");
    assert!(json["code"].is_null());
    let back: Invoice = serde_json::from_value(json).expect("an invoice");
    assert_eq!(back, i);
}

#[test]
fn english_lines_may_be_nested_in_one_element() {
    let item = |name: &str, net: &str, rate: &str, tax: &str| {
        format!(
            "<ItemDetail><ItemName>{name}</ItemName><Amount>{net}</Amount><TaxRate>{rate}</TaxRate><TaxAm>{tax}</TaxAm></ItemDetail>"
        )
    };
    let items = item("软件服务", "100.00", "0.06", "6.00") + &item("设备", "200.00", "0.09", "18.00");
    let i = invoice(&format!(
        "<EInvoice><EInvoiceData><BasicInformation><TotalAmWithoutTax>300.00</TotalAmWithoutTax><TotalTaxAm>24.00</TotalTaxAm></BasicInformation><IssuItemInformation>{items}</IssuItemInformation></EInvoiceData></EInvoice>"
    ));
    let rates: Vec<_> = i.lines.iter().map(|l| l.tax_rate).collect();
    assert_eq!(rates, [percent(6), percent(9)]);
    assert!(i.check(CheckKind::LinesTax).is_some_and(|c| c.passed));
}
