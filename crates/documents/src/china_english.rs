//! 数电票 with English tags, bound by full path: `BasicInformation/TotalTax-includedAmount` is the invoice's gross, while
//! `IssuItemInformation/TotaltaxIncludedAmount` is a line's.

use crate::china::{Found, Raw, RawLine, RawTravel};
use crate::error::ReadError;
use crate::field;
use crate::tree::Element;

/// Whether the element is the root of this dialect.
pub(crate) fn is_invoice(element: Element<'_>) -> bool {
    element.is("EInvoice")
        && ["EInvoiceData", "TaxSupervisionInfo"]
            .iter()
            .any(|part| element.at(part).is_some())
}

/// Collects the texts.
pub(crate) fn collect(invoice: Element<'_>) -> Result<Raw, ReadError> {
    let one = |paths: &[&str]| first(invoice, "", paths);
    let number = one(&["TaxSupervisionInfo/InvoiceNumber"])?;
    let id = one(&["Header/EIid"])?;
    let flag = one(&["Header/InherentLabel/InIssuType/LabelCode"])?;
    let mut raw = Raw {
        second_number: number.as_ref().and(id.clone()),
        number: number.or(id),
        code: one(&[
            "TaxSupervisionInfo/InvoiceCode",
            "EInvoiceData/BasicInformation/InvoiceCode",
        ])?,
        issued_on: one(&[
            "TaxSupervisionInfo/IssueTime",
            "EInvoiceData/BasicInformation/RequestTime",
        ])?,
        seller_name: one(&["EInvoiceData/SellerInformation/SellerName"])?,
        seller_tax_id: one(&["EInvoiceData/SellerInformation/SellerIdNum"])?,
        buyer_name: one(&["EInvoiceData/BuyerInformation/BuyerName"])?,
        buyer_tax_id: one(&["EInvoiceData/BuyerInformation/BuyerIdNum"])?,
        net: one(&["EInvoiceData/BasicInformation/TotalAmWithoutTax"])?,
        tax: one(&["EInvoiceData/BasicInformation/TotalTaxAm"])?,
        gross: one(&["EInvoiceData/BasicInformation/TotalTax-includedAmount"])?,
        gross_in_capitals: one(&["EInvoiceData/BasicInformation/TotalTax-includedAmountInChinese"])?,
        remark: one(&[
            "EInvoiceData/AdditionalInformation/Remark",
            "EInvoiceData/BasicInformation/Remark",
        ])?,
        red_flag: flag.is_some_and(|f| f.text.eq_ignore_ascii_case("N")),
        red_of: one(&["EInvoiceData/SpecificInformation/RedEInvoice/OriginalInvoiceCode"])?,
        ..Raw::default()
    };
    // The element itself marks a reversal, even without the number in it.
    raw.red_flag |= invoice
        .at("EInvoiceData/SpecificInformation/RedEInvoice")
        .is_some_and(|red| red.descendants().any(|e| !e.text().is_empty()));
    for item in invoice.all("EInvoiceData/IssuItemInformation") {
        let details = item.all("ItemDetail");
        let items = if details.is_empty() { vec![item] } else { details };
        for item in items {
            if item.descendants().next().is_some() {
                raw.lines.push(line(item, raw.lines.len() + 1)?);
            }
        }
    }
    for specific in invoice.all("EInvoiceData/SpecificInformation") {
        for place in specific.descendants() {
            if place.at("Departure").is_some() || place.at("Destination").is_some() {
                raw.travel.push(journey(place, raw.travel.len() + 1)?);
            }
            if matches!(
                place.name(),
                "VehicleType" | "TransportationType" | "TransportType" | "TravelType"
            ) {
                raw.vehicle.push_str(place.text());
            }
        }
    }
    Ok(raw)
}

fn line(item: Element<'_>, n: usize) -> Result<RawLine, ReadError> {
    let at = format!("IssuItemInformation[{n}]/");
    let one = |paths: &[&str]| first(item, &at, paths);
    Ok(RawLine {
        name: one(&["ItemName"])?,
        class_code: one(&["TaxClassificationCode"])?,
        spec: one(&["SpecMod"])?,
        unit: one(&["MeaUnits"])?,
        quantity: one(&["Quantity"])?,
        net: one(&["Amount"])?,
        tax_rate: one(&["TaxRate"])?,
        tax: one(&["ComTaxAm", "TaxAm"])?,
        gross: one(&["TotaltaxIncludedAmount"])?,
    })
}

fn journey(place: Element<'_>, n: usize) -> Result<RawTravel, ReadError> {
    let at = format!("{}[{n}]/", place.name());
    let one = |paths: &[&str]| first(place, &at, paths);
    Ok(RawTravel {
        from: one(&["Departure"])?,
        to: one(&["Destination"])?,
        on: one(&["TravelDate"])?,
        grade: one(&["Grade"])?,
    })
}

/// The text at the first of the paths that has one; refused where a path has two different ones.
fn first(base: Element<'_>, at: &str, paths: &[&str]) -> Result<Option<Found>, ReadError> {
    for path in paths {
        let field = format!("{at}{path}");
        let mut found: Option<String> = None;
        for element in base.all(path) {
            let Some(text) = field::text(element, &field)? else {
                continue;
            };
            if found.as_ref().is_some_and(|before| *before != text) {
                return Err(ReadError::Ambiguous { field });
            }
            found = Some(text);
        }
        if let Some(text) = found {
            return Ok(Some(Found::new(text, field)));
        }
    }
    Ok(None)
}
