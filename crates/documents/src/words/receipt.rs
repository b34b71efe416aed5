//! What is no invoice, but shows a total: company, day, address, total.

use jiff::civil::Date;
use outlay_core::{Currency, Money};

use super::days::{DayOrder, days};
use super::values::amounts;
use super::{Cell, Line, found, lower};
use crate::china::Found;
use crate::invoice::{Dialect, Invoice};
use crate::paper::{Content, Receipt};

pub(super) fn receipt(
    lines: &[Line],
    day: Option<(Date, Found)>,
    total: Option<(Money, Found)>,
    order: DayOrder,
) -> Option<Content> {
    let (total, found_total) = total?;
    let mut receipt = Receipt {
        total: Some(total.decimal()),
        currency: Some(total.currency),
        ..Receipt::default()
    };
    let mut note = |name: &str, found: &Found| {
        let mut invoice = Invoice::new(Dialect::Text, total.currency);
        invoice.found(name, found);
        receipt.sources.append(&mut invoice.sources);
    };
    note("total", &found_total);
    if let Some((day, found)) = day {
        receipt.date = Some(day);
        note("date", &found);
    }
    let texts: Vec<(String, &Cell)> = lines
        .iter()
        .take(8)
        .filter_map(|l| {
            let all: Vec<&str> = l.cells.iter().map(|c| c.text.as_str()).collect();
            Some((all.join(" "), l.cells.first()?))
        })
        .collect();
    let named = texts
        .iter()
        .position(|(t, _)| t.chars().filter(|c| c.is_alphabetic()).count() >= 3)?;
    receipt.company = Some(texts[named].0.clone());
    note("company", &found(texts[named].1, ""));
    let address: Vec<&str> = texts[named + 1..]
        .iter()
        .map(|(t, _)| t.as_str())
        .take_while(|t| {
            let low = lower(t);
            let other = [
                "tel", "phone", "fax", "date", "gst", "receipt", "invoice", "www", "@", "vat", "ust", "btw", "time",
            ];
            !other.iter().any(|o| low.contains(o)) && day_free(t, order) && t.chars().any(char::is_alphabetic)
        })
        .take(4)
        .collect();
    if address.iter().any(|t| t.chars().any(|c| c.is_ascii_digit())) {
        receipt.address = Some(address.join(", "));
        note("address", &found(texts[named + 1].1, ""));
    }
    Some(Content::Receipt(Box::new(receipt)))
}

fn day_free(text: &str, order: DayOrder) -> bool {
    days(text, order).is_empty() && amounts(text, &[Currency::EUR]).is_empty()
}
