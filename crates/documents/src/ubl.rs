//! EN 16931 in UBL 2.1.

use crate::european::Syntax;
use crate::invoice::Dialect;
use crate::tree::Element;

/// `Invoice`.
pub(crate) const INVOICE: Syntax = Syntax {
    dialect: Dialect::UblInvoice,
    number: "cbc:ID",
    issued_on: "cbc:IssueDate",
    currency: "cbc:DocumentCurrencyCode",
    type_code: "cbc:InvoiceTypeCode",
    preceding: "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID",
    seller: "cac:AccountingSupplierParty/cac:Party",
    buyer: "cac:AccountingCustomerParty/cac:Party",
    names: &["cac:PartyLegalEntity/cbc:RegistrationName", "cac:PartyName/cbc:Name"],
    tax_ids,
    net: "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount",
    tax: "cac:TaxTotal/cbc:TaxAmount",
    gross: "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount",
    allowances: "cac:LegalMonetaryTotal/cbc:AllowanceTotalAmount",
    charges: "cac:LegalMonetaryTotal/cbc:ChargeTotalAmount",
    prepaid: "cac:LegalMonetaryTotal/cbc:PrepaidAmount",
    rounding: "cac:LegalMonetaryTotal/cbc:PayableRoundingAmount",
    payable: "cac:LegalMonetaryTotal/cbc:PayableAmount",
    lines: "cac:InvoiceLine",
    charged: |_| true,
    item: &["cac:Item/cbc:Name", "cac:Item/cbc:Description"],
    class_code: "cac:Item/cac:CommodityClassification/cbc:ItemClassificationCode",
    quantity: "cbc:InvoicedQuantity",
    line_net: "cbc:LineExtensionAmount",
    tax_category: "cac:Item/cac:ClassifiedTaxCategory/cbc:ID",
    tax_percent: "cac:Item/cac:ClassifiedTaxCategory/cbc:Percent",
};

/// `CreditNote`.
pub(crate) const CREDIT_NOTE: Syntax = Syntax {
    dialect: Dialect::UblCreditNote,
    type_code: "cbc:CreditNoteTypeCode",
    lines: "cac:CreditNoteLine",
    quantity: "cbc:CreditedQuantity",
    ..INVOICE
};

/// The VAT number, else another tax number, else the number in the register of firms.
fn tax_ids(party: Element<'_>) -> Vec<Element<'_>> {
    let schemes = party.all("cac:PartyTaxScheme");
    let is_vat = |scheme: &Element<'_>| {
        scheme
            .at("cac:TaxScheme/cbc:ID")
            .is_some_and(|id| id.text().eq_ignore_ascii_case("VAT"))
    };
    let (vat, other): (Vec<_>, Vec<_>) = schemes.into_iter().partition(is_vat);
    let ids = vat.into_iter().chain(other);
    let mut ids: Vec<_> = ids.filter_map(|s| s.at("cbc:CompanyID")).collect();
    ids.extend(party.at("cac:PartyLegalEntity/cbc:CompanyID"));
    ids
}
