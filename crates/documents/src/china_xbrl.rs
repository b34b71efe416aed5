//! Rail and air e-tickets (电子发票 of 铁路电子客票 and 航空运输电子客票行程单) as the Ministry of Finance's 电子凭证会计数据标准
//! has them attached: XBRL instances of the taxonomies `rai` and `atr` (`http://xbrl.mof.gov.cn/taxonomy/…/rai`). Their
//! versions differ in the namespace alone, so elements are told by name. Element names: the field lists of Tencent Cloud
//! OCR's `RailwayTicketInfo` and `AirTicketInfo`, which repeat them with their Chinese words, and published instances.

use outlay_core::{Currency, Money};

use crate::china::{Found, Raw, RawLine, RawTravel};
use crate::error::ReadError;
use crate::field::{self, Decimals};
use crate::tree::Element;

const RAIL: &str = "ElectronicInvoiceRailwayETicketNumber";
const AIR: &str = "ElectronicInvoiceAirTransportReceiptNumber";

/// Whether the element is an instance that holds one of these tickets.
pub(crate) fn is_invoice(element: Element<'_>) -> bool {
    element.is("xbrl") && [RAIL, AIR].iter().any(|number| element.at(number).is_some())
}

/// Collects the texts. Who travelled stays in the document, and the number of the e-ticket is not the invoice's.
pub(crate) fn collect(ticket: Element<'_>) -> Result<Raw, ReadError> {
    let one = |names: &[&str]| first(ticket, "", names);
    let mut raw = Raw {
        number: one(&[RAIL, AIR])?,
        seller_name: one(&["NameOfSeller", "IssueParty"])?,
        seller_tax_id: one(&["UnifiedSocialCreditCodeOfSeller"])?,
        buyer_name: one(&["NameOfPurchaser"])?,
        buyer_tax_id: one(&["UnifiedSocialCreditCodeOfPurchaser"])?,
        ..Raw::default()
    };
    if ticket.at(RAIL).is_some() {
        raw.vehicle.push_str("铁路");
        raw.issued_on = one(&["DateOfIssue"])?;
        raw.net = one(&["TotalAmountExcludingTax"])?;
        raw.tax = one(&["TaxAmount"])?;
        raw.gross = one(&["Fare"])?;
        raw.remark = one(&["Remarks"])?;
        // A ticket that was changed names the one before, too, and reverses nothing.
        let back = raw.gross.as_ref().is_some_and(|f| f.text.starts_with('-'));
        raw.red_of = one(&["NumberOfOriginalInvoice"])?.filter(|_| back);
        raw.travel.extend(journey(ticket, "", "TravelDate")?);
    } else {
        raw.vehicle.push_str("航空");
        raw.issued_on = one(&["IssueDate"])?;
        raw.tax = one(&["VatTaxAmount"])?;
        raw.gross = one(&["TotalAmount"])?;
        raw.other = both(one(&["CivilAviationDevelopmentFund"])?, one(&["OtherTaxes"])?);
        // What the tax is reckoned from is stated in these two parts only.
        raw.lines_are_base = true;
        let rate = one(&["VatRate"])?;
        for (name, amount) in [("票价", "Fare"), ("燃油附加费", "FuelSurcharge")] {
            if let Some(net) = one(&[amount])? {
                raw.lines.push(RawLine {
                    name: Some(Found::new(name.to_owned(), amount.to_owned())),
                    net: Some(net),
                    tax_rate: rate.clone(),
                    ..RawLine::default()
                });
            }
        }
        let tuples = ticket.all("DetailInformationOfAirTicketTuple");
        for (n, tuple) in tuples.iter().enumerate() {
            let at = format!("{}[{}]/", tuple.name(), n + 1);
            raw.travel.extend(journey(*tuple, &at, "CarrierDate")?);
        }
        if tuples.is_empty() {
            raw.travel.extend(journey(ticket, "", "CarrierDate")?);
        }
    }
    Ok(raw)
}

fn journey(place: Element<'_>, at: &str, day: &str) -> Result<Option<RawTravel>, ReadError> {
    let one = |names: &[&str]| first(place, at, names);
    let leg = RawTravel {
        from: one(&["DepartureStation"])?,
        to: one(&["DestinationStation"])?,
        on: one(&[day])?,
        grade: one(&["SeatLevel", "SeatClass", "Class"])?,
    };
    Ok((leg.from.is_some() || leg.to.is_some()).then_some(leg))
}

/// Both charges outside of the tax base as one, where both are amounts.
fn both(fund: Option<Found>, other: Option<Found>) -> Option<Found> {
    let money = |f: &Found| field::amount("", &f.text, Currency::CNY, Decimals::ZerosToo).ok();
    match (fund, other) {
        (Some(a), Some(b)) => {
            let sum = money(&a)
                .zip(money(&b))
                .and_then(|(a, b)| Money::sum(Currency::CNY, [a, b]).ok())?;
            Some(Found::new(sum.plain(), format!("{} + {}", a.path, b.path)))
        }
        (one, None) | (None, one) => one,
    }
}

/// The text of the first of some elements that has one; refused where it stands there twice with different ones.
fn first(base: Element<'_>, at: &str, names: &[&str]) -> Result<Option<Found>, ReadError> {
    for name in names {
        let path = format!("{at}{name}");
        let mut found: Option<String> = None;
        for element in base.all(name) {
            let Some(text) = field::text(element, &path)? else {
                continue;
            };
            if found.as_ref().is_some_and(|before| *before != text) {
                return Err(ReadError::Ambiguous { field: path });
            }
            found = Some(text);
        }
        if let Some(text) = found {
            return Ok(Some(Found::new(text, path)));
        }
    }
    Ok(None)
}
