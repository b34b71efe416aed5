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
    /// Whether it names texts in several rows of a page.
    pub(crate) rows: bool,
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
            "IssueDate" | "IssueTime" => &mut raw.issued_on,
            "BuyerName" => &mut raw.buyer_name,
            "BuyerTaxID" | "BuyerIdNum" => &mut raw.buyer_tax_id,
            "SellerName" => &mut raw.seller_name,
            "SellerTaxID" | "SellerIdNum" => &mut raw.seller_tax_id,
            "TaxExclusiveTotalAmount" | "TotalAmWithoutTax" => &mut raw.net,
            "TaxTotalAmount" | "TotalTaxAm" => &mut raw.tax,
            "TaxInclusiveTotalAmount" | "TotalTax-includedAmount" => &mut raw.gross,
            "TaxInclusiveTotalAmountWithWords" | "TotalTax-includedAmountInChinese" => &mut raw.gross_in_capitals,
            "Note" | "Remark" => &mut raw.remark,
            _ => {
                match item(&mut raw, name, tag, &found) {
                    Item::Taken => {}
                    Item::Mixed => raw.mixed_lines = true,
                    Item::None => named(&mut raw, name, found),
                }
                continue;
            }
        };
        if field.is_none() {
            *field = Some(found);
        }
    }
    raw.lines.retain(|l| l.name.is_some());
    if raw.mixed_lines {
        raw.lines.clear();
    }
    raw
}

/// What a tag is to the lines.
enum Item {
    /// Nothing.
    None,
    /// A field of one line.
    Taken,
    /// A field of a line that cannot be told.
    Mixed,
}

/// A field of the line that was begun last.
fn item(raw: &mut Raw, name: &str, tag: &Tagged, found: &Found) -> Item {
    let n = tag.item.max(1);
    if raw.lines.len() < n {
        raw.lines.resize_with(n, RawLine::default);
    }
    let line = &mut raw.lines[n - 1];
    let field = match name {
        "Item" | "ItemName" => &mut line.name,
        "Specification" | "SpecMod" => &mut line.spec,
        "MeasurementDimension" | "MeaUnits" => &mut line.unit,
        "Quantity" => &mut line.quantity,
        "Amount" => &mut line.net,
        "TaxScheme" | "TaxRate" => &mut line.tax_rate,
        "TaxAmount" | "ComTaxAm" => &mut line.tax,
        "TotaltaxIncludedAmount" => &mut line.gross,
        "Price" | "UnPrice" | "LineNo" | "LineNature" => return Item::Taken,
        _ => return Item::None,
    };
    // A name may go on in the next row; a number in another row is that of another line.
    let words = matches!(name, "Item" | "ItemName" | "Specification" | "SpecMod");
    if field.is_some() || tag.rows && !words {
        return Item::Mixed;
    }
    *field = Some(found.clone());
    Item::Taken
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
