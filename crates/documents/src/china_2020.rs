//! The XML inside OFD invoices before 2023: `eInvoice{InvoiceCode, InvoiceNo, Buyer, Seller, …, GoodsInfos}`.

use crate::china::{Found, Raw, RawLine};
use crate::error::ReadError;
use crate::field;
use crate::tree::Element;

/// Whether the element is the root of this form.
pub(crate) fn is_invoice(element: Element<'_>) -> bool {
    element.name().eq_ignore_ascii_case("eInvoice")
        && ["InvoiceNo", "InvoiceNumber", "InvoiceCode", "TaxInclusiveTotalAmount"]
            .iter()
            .any(|part| element.at(part).is_some())
}

/// Collects the texts.
pub(crate) fn collect(invoice: Element<'_>) -> Result<Raw, ReadError> {
    let one = |paths: &[&str]| first(invoice, "", paths);
    let kind = one(&["TypeCode"])?;
    let original = one(&["OriginalInvoiceNo"])?;
    let mut raw = Raw {
        number: one(&["InvoiceNo", "InvoiceNumber"])?,
        code: one(&["InvoiceCode"])?,
        issued_on: one(&["IssueDate"])?,
        seller_name: one(&["Seller/SellerName"])?,
        seller_tax_id: one(&["Seller/SellerTaxID"])?,
        buyer_name: one(&["Buyer/BuyerName"])?,
        buyer_tax_id: one(&["Buyer/BuyerTaxID"])?,
        net: one(&["TaxExclusiveTotalAmount"])?,
        tax: one(&["TaxTotalAmount"])?,
        gross: one(&["TaxInclusiveTotalAmount"])?,
        gross_in_capitals: one(&["TaxInclusiveTotalAmountWithWords"])?,
        remark: one(&["Note"])?,
        red_flag: kind.is_some_and(|f| f.text == "1"),
        red_of: original,
        // Some issuers keep the picture of the code here instead of its text.
        qr: one(&["GraphCode"])?.filter(|f| f.text.starts_with("01")),
        ..Raw::default()
    };
    for item in invoice.all("GoodsInfos/GoodsInfo") {
        let at = format!("GoodsInfo[{}]/", raw.lines.len() + 1);
        let one = |path: &str| first(item, &at, &[path]);
        raw.lines.push(RawLine {
            name: one("Item")?,
            class_code: one("Code")?,
            spec: one("Specification")?,
            unit: one("MeasurementDimension")?,
            quantity: one("Quantity")?,
            net: one("Amount")?,
            tax_rate: one("TaxScheme")?,
            tax: one("TaxAmount")?,
            gross: None,
        });
    }
    Ok(raw)
}

fn first(base: Element<'_>, at: &str, paths: &[&str]) -> Result<Option<Found>, ReadError> {
    for path in paths {
        let Some(element) = base.at(path) else { continue };
        // A picture of the QR code may be longer than any text that is kept.
        if *path == "GraphCode" && element.overlong() {
            return Ok(None);
        }
        let field = format!("{at}{path}");
        if let Some(text) = field::text(element, &field)? {
            return Ok(Some(Found::new(text, field)));
        }
    }
    Ok(None)
}
