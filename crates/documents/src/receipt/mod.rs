//! Receipts on pictures: company, day, address and total, by where words stand and what they are, without any list of shops.

mod amounts;
mod day;
mod rows;
mod total;
mod who;
mod words;

use outlay_core::Currency;
use rust_decimal::Decimal;

use crate::invoice::{Place, Source, SourceKind};
use crate::paper::Receipt;
use crate::picture::Line;

/// Degree of a field about which nothing leaves a doubt: more than 98 of 100 such fields are right.
const SURE: u8 = 98;
/// Degree of a field that somebody must look at.
const UNSURE: u8 = 50;

/// What the lines of a picture say as a receipt. Fields that are not found stay empty; each that is found says whether it
/// is sure.
pub(crate) fn understand(lines: &[Line], page: u32) -> Receipt {
    let rows = rows::rows(lines);
    let amounts = amounts::amounts(&rows);
    let currency = amounts::currency(&rows);
    let dollars = currency.map(|(c, _)| c.code() == "USD");
    let mut receipt = Receipt {
        currency: currency.map(|(c, _)| c),
        ..Receipt::default()
    };
    let mut note = |name: &str, text: &str, of: &[usize], sure: bool| {
        let source = Source {
            path: String::new(),
            degree: if sure { SURE } else { UNSURE },
            kind: SourceKind::Picture,
            place: place(lines, of, page),
            text: Some(text.to_owned()),
        };
        receipt.sources.insert(name.to_owned(), source);
    };
    if let Some(found) = total::total(&rows, &amounts) {
        note("total", &found.amount.text, &[found.amount.line], found.sure);
        receipt.total = Some(in_decimals(found.amount.hundredths, receipt.currency));
    }
    if let Some(found) = day::day(&rows, dollars) {
        note("date", &found.text, &[found.line], found.sure);
        receipt.date = Some(found.date);
    }
    // Nothing on a receipt proves a name or an address, so they stay proposals.
    let company = who::company(&rows);
    if let Some(found) = who::address(&rows, company.as_ref()) {
        note("address", &found.text, &found.lines, false);
        receipt.address = Some(found.text);
    }
    if let Some(found) = company {
        note("company", &found.text, &found.lines, false);
        receipt.company = Some(found.text);
    }
    receipt
}

/// Hundredths as the currency writes them.
fn in_decimals(hundredths: i64, currency: Option<Currency>) -> Decimal {
    let mut value = Decimal::new(hundredths, 2);
    if currency.is_some_and(|c| c.decimals() == 0) {
        value = value.normalize();
    }
    value
}

/// The upright rectangle around some lines, in pixels of the picture as it is shown.
fn place(lines: &[Line], of: &[usize], page: u32) -> Option<Place> {
    let corners = || of.iter().filter_map(|n| lines.get(*n)).flat_map(|l| l.corners);
    let least = |of: fn((f32, f32)) -> f32| corners().map(of).reduce(f32::min);
    let most = |of: fn((f32, f32)) -> f32| corners().map(of).reduce(f32::max);
    let (left, top) = (least(|p| p.0)?, least(|p| p.1)?);
    let (right, bottom) = (most(|p| p.0)?, most(|p| p.1)?);
    let area = [left, top, right - left, bottom - top].map(|v| v.round() as i32);
    Some(Place { page, area })
}
