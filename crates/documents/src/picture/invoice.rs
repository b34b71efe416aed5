//! Chinese invoices on pictures: the same reading as of PDF and OFD pages, with the QR code beside it. A field is sure only
//! where something within the picture proves it: the code, sums, the amount in words, a check character.

use crate::china::{self, Found, Raw};
use crate::china_face;
use crate::invoice::{CheckKind, Dialect, Invoice, SourceKind};
use crate::limits::{Budget, Limits};
use crate::qr::{self, QrText};
use crate::sheet::Page;

use super::Line;

/// Width of the paper that a picture is taken to show, in millimetres.
const PAPER: f64 = 210.0;
/// Degree of a field that the picture itself proves.
const SURE: u8 = 98;

/// The Chinese invoice that lines and the code of a picture of `width` pixels show, if they do.
pub(super) fn invoice(lines: &[Line], code: Option<&str>, width: usize, page: u32, limits: &Limits) -> Option<Invoice> {
    let code = code.and_then(|c| Some((c, qr::parse(c).ok()?)));
    let millimetre = PAPER / width.max(1) as f64;
    let mut sheet = Page::new(page);
    let mut budget = Budget::new(limits);
    for line in lines {
        let [left, top, right, bottom] = bounds(line).map(|v| f64::from(v) * millimetre);
        // A box is higher than its letters.
        let height = (bottom - top) * 0.75;
        sheet.part();
        sheet.begin();
        let text = line.text.trim();
        sheet
            .put(text, (left, (top + bottom) / 2.0), (right - left, height), &mut budget)
            .ok()?;
    }
    let mut found = china_face::from_rows(vec![sheet.rows()]);
    let mut raw = match (found.len(), &code) {
        (1, _) => found.pop()?,
        (0, Some(_)) => Raw::default(),
        // Several on one picture are told apart by nothing that could be trusted.
        _ => return None,
    };
    raw.came_from(SourceKind::Picture);
    raw.qr = code.as_ref().map(|(text, _)| of_code(text));
    if let Some((_, code)) = &code {
        fill(&mut raw, code);
    }
    let mut invoice = china::finish(Dialect::ChinaFace, raw, limits).ok()?;
    for source in invoice.sources.values_mut() {
        if let Some(place) = &mut source.place {
            place.area = place.area.map(|v| (f64::from(v) / 100.0 / millimetre).round() as i32);
        }
    }
    prove(&mut invoice, code.as_ref().map(|(_, code)| code), lines);
    Some(invoice)
}

fn bounds(line: &Line) -> [f32; 4] {
    super::Quad(line.corners).bounds()
}

fn of_code(text: &str) -> Found {
    Found {
        kind: SourceKind::Qr,
        ..Found::new(text.to_owned(), "QR code".to_owned())
    }
}

/// What the code says stands in for what was not read, and for a number that was misread by a digit or two.
fn fill(raw: &mut Raw, code: &QrText) {
    let near = |read: &Found, said: &str| {
        let read: Vec<char> = read.text.chars().filter(|c| !c.is_whitespace()).collect();
        let wrong = read.iter().zip(said.chars()).filter(|(a, b)| **a != *b).count();
        read.len() == said.chars().count() && wrong <= 2
    };
    if raw.number.as_ref().is_none_or(|n| near(n, &code.number)) {
        raw.number = Some(of_code(&code.number));
    }
    if let Some(own) = &code.code
        && raw.code.as_ref().is_none_or(|c| near(c, own))
    {
        raw.code = Some(of_code(own));
    }
    if raw.issued_on.is_none() {
        raw.issued_on = Some(of_code(&code.issued_on.to_string()));
    }
    let amount = if code.is_gross() { &mut raw.gross } else { &mut raw.net };
    if amount.is_none() && (code.is_gross() || code.is_net()) {
        *amount = Some(of_code(&code.amount.plain()));
    }
}

/// Marks as sure what is proven, and takes the key under which it may be claimed from what is not.
fn prove(invoice: &mut Invoice, code: Option<&QrText>, lines: &[Line]) {
    let holds = |what| invoice.check(what).is_some_and(|c| c.passed);
    let sums = holds(CheckKind::NetTaxGross);
    let mut sure: Vec<&str> = Vec::new();
    if sums {
        sure.extend(["net", "tax"]);
    }
    if sums || holds(CheckKind::CapitalAmount) {
        sure.push("gross");
    }
    if holds(CheckKind::NumberAgrees) {
        sure.push("number");
    }
    if holds(CheckKind::SellerTaxId) {
        sure.push("seller.tax_id");
    }
    if holds(CheckKind::BuyerTaxId) {
        sure.push("buyer.tax_id");
    }
    if let Some(code) = code {
        let amount = if code.is_gross() {
            ("gross", invoice.gross)
        } else {
            ("net", invoice.net)
        };
        let same = [
            ("number", invoice.number.as_deref() == Some(code.number.as_str())),
            ("code", invoice.code == code.code),
            ("issued_on", invoice.issued_on == Some(code.issued_on)),
            (
                amount.0,
                amount.1 == Some(code.amount) && (code.is_gross() || code.is_net()),
            ),
        ];
        sure.extend(same.iter().filter(|(_, same)| *same).map(|(field, _)| *field));
    }
    for (field, name) in [
        ("seller.name", &invoice.seller.name),
        ("buyer.name", &invoice.buyer.name),
    ] {
        let clear = |l: &&Line| name.as_ref().is_some_and(|n| l.text.contains(n.as_str()));
        if lines.iter().find(clear).is_some_and(|l| l.least > 0.95) {
            sure.push(field);
        }
    }
    for field in &sure {
        if let Some(source) = invoice.sources.get_mut(*field) {
            source.degree = SURE;
        }
    }
    let key = ["number", "code"]
        .iter()
        .all(|f| invoice.sources.get(*f).is_none_or(|s| s.degree >= SURE));
    if !key {
        invoice.identity = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlay_core::InvoiceIdentity;

    fn line(text: &str, x: f32, y: f32) -> Line {
        let right = x + text
            .chars()
            .map(|c| if c.is_ascii() { 14.0 } else { 26.0 })
            .sum::<f32>();
        Line {
            text: text.to_owned(),
            confidence: 0.99,
            least: 0.97,
            corners: [(x, y), (right, y), (right, y + 34.0), (x, y + 34.0)],
        }
    }

    fn photo(gross: &str) -> Vec<Line> {
        vec![
            line("电子发票（普通发票）", 600.0, 40.0),
            line("发票号码：26312000000823456781", 1100.0, 60.0),
            line("开票日期：2026年04月02日", 1100.0, 110.0),
            line("合计", 120.0, 600.0),
            line("¥288.96", 1000.0, 600.0),
            line("¥17.34", 1350.0, 600.0),
            line("价税合计（大写）", 120.0, 660.0),
            line("叁佰零陆元叁角整", 420.0, 660.0),
            line("（小写）", 1000.0, 660.0),
            line(gross, 1150.0, 660.0),
        ]
    }

    #[test]
    fn sums_and_words_prove_the_amount_and_the_code_the_number() {
        let read = |code| invoice(&photo("¥306.30"), code, 1600, 1, &Limits::default());
        let alone = read(None).expect("an invoice");
        assert_eq!(alone.gross.map(|g| g.minor), Some(306_30));
        assert!(alone.sources["gross"].is_sure() && alone.sources["net"].is_sure());
        assert!(!alone.sources["number"].is_sure(), "nothing proves it");
        assert_eq!(alone.identity, None);
        let coded = read(Some("01,32,,26312000000823456781,306.30,20260402,,A1B2,")).expect("an invoice");
        assert!(coded.sources["number"].is_sure() && coded.sources["issued_on"].is_sure());
        let key = coded.identity.as_ref().map(InvoiceIdentity::as_str);
        assert_eq!(key, Some("N:26312000000823456781"));
    }

    #[test]
    fn a_misread_amount_is_not_sure() {
        let read = invoice(&photo("¥306.80"), None, 1600, 1, &Limits::default()).expect("an invoice");
        assert!(!read.sources["gross"].is_sure());
        assert!(!read.consistent());
    }

    #[test]
    fn a_code_alone_is_an_invoice() {
        let code = "01,10,033002000211,83089647,510.68,20200723,12345678901234567890,AB12,";
        let read = invoice(&[], Some(code), 1600, 1, &Limits::default()).expect("an invoice");
        assert_eq!(read.code.as_deref(), Some("033002000211"));
        assert_eq!((read.net.map(|n| n.minor), read.gross), (Some(510_68), None));
        assert!(invoice(&[], Some("https://example.com"), 1600, 1, &Limits::default()).is_none());
    }
}
