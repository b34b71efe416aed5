//! Fields that tags and custom data name.

use crate::china::{Found, Raw, RawLine};
use crate::china_tags::CHINESE;
use crate::invoice::{Place, SourceKind};

/// Text that a tag names as a field.
pub(crate) struct Tagged {
    /// The tag's name.
    pub(crate) name: String,
    /// How many items were begun before it.
    pub(crate) item: usize,
    pub(crate) text: String,
    pub(crate) place: Option<Place>,
}

/// Collects texts that tags name.
pub(crate) fn from_tags(tags: &[Tagged]) -> Raw {
    let mut raw = Raw::default();
    for tag in tags {
        let found = Found {
            text: tag.text.trim().to_owned(),
            path: tag.name.clone(),
            kind: SourceKind::Tags,
            place: tag.place,
        };
        let name = tag.name.as_str();
        if found.text.is_empty() {
            continue;
        }
        let field = match name {
            "InvoiceNo" | "InvoiceNumber" => &mut raw.number,
            "InvoiceCode" => &mut raw.code,
            "IssueDate" => &mut raw.issued_on,
            "BuyerName" => &mut raw.buyer_name,
            "BuyerTaxID" => &mut raw.buyer_tax_id,
            "SellerName" => &mut raw.seller_name,
            "SellerTaxID" => &mut raw.seller_tax_id,
            "TaxExclusiveTotalAmount" => &mut raw.net,
            "TaxTotalAmount" => &mut raw.tax,
            "TaxInclusiveTotalAmount" => &mut raw.gross,
            "TaxInclusiveTotalAmountWithWords" => &mut raw.gross_in_capitals,
            "Note" => &mut raw.remark,
            _ => {
                if !item(&mut raw, name, tag.item, &found) {
                    named(&mut raw, name, found);
                }
                continue;
            }
        };
        if field.is_none() {
            *field = Some(found);
        }
    }
    raw.lines.retain(|l| l.name.is_some());
    raw
}

/// A field of the line `n`, counted from 1; false where the tag is none.
fn item(raw: &mut Raw, name: &str, n: usize, found: &Found) -> bool {
    const NAMES: [&str; 7] = [
        "Item",
        "Specification",
        "MeasurementDimension",
        "Quantity",
        "Amount",
        "TaxScheme",
        "TaxAmount",
    ];
    if !NAMES.contains(&name) {
        return matches!(name, "Price" | "LineNo" | "LineNature");
    }
    let n = n.max(1);
    if raw.lines.len() < n {
        raw.lines.resize_with(n, RawLine::default);
    }
    let line = &mut raw.lines[n - 1];
    let field = match name {
        "Item" => &mut line.name,
        "Specification" => &mut line.spec,
        "MeasurementDimension" => &mut line.unit,
        "Quantity" => &mut line.quantity,
        "Amount" => &mut line.net,
        "TaxScheme" => &mut line.tax_rate,
        _ => &mut line.tax,
    };
    if field.is_none() {
        *field = Some(found.clone());
    }
    true
}

/// A head field by its Chinese name, as custom data and some tags have it. 合计金额 is net, not gross.
pub(crate) fn named(raw: &mut Raw, name: &str, found: Found) {
    let is = |tags: &[&str]| tags.contains(&name);
    let field = if is(CHINESE.number) {
        &mut raw.number
    } else if is(CHINESE.code) {
        &mut raw.code
    } else if is(CHINESE.issued_on) {
        &mut raw.issued_on
    } else if is(CHINESE.seller_tax_id) {
        &mut raw.seller_tax_id
    } else if is(CHINESE.buyer_tax_id) {
        &mut raw.buyer_tax_id
    } else if is(CHINESE.seller_name) {
        &mut raw.seller_name
    } else if is(CHINESE.buyer_name) {
        &mut raw.buyer_name
    } else if is(CHINESE.net) {
        &mut raw.net
    } else if is(CHINESE.tax) {
        &mut raw.tax
    } else if is(CHINESE.gross) {
        &mut raw.gross
    } else if is(CHINESE.gross_in_capitals) {
        &mut raw.gross_in_capitals
    } else if is(CHINESE.remark) {
        &mut raw.remark
    } else {
        return;
    };
    if field.is_none() {
        *field = Some(found);
    }
}
