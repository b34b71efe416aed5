//! EN 16931 in UN/CEFACT Cross Industry Invoice D16B, also the XML of Factur-X and ZUGFeRD 2.

use crate::european::Syntax;
use crate::invoice::Dialect;
use crate::tree::Element;

/// `CrossIndustryInvoice`.
pub(crate) const INVOICE: Syntax = Syntax {
    dialect: Dialect::Cii,
    number: "rsm:ExchangedDocument/ram:ID",
    issued_on: "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString",
    currency: "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement/ram:InvoiceCurrencyCode",
    type_code: "rsm:ExchangedDocument/ram:TypeCode",
    preceding: "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement/ram:InvoiceReferencedDocument/ram:IssuerAssignedID",
    seller: "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeAgreement/ram:SellerTradeParty",
    buyer: "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeAgreement/ram:BuyerTradeParty",
    names: &["ram:Name", "ram:SpecifiedLegalOrganization/ram:TradingBusinessName"],
    tax_ids,
    net: "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement/ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:TaxBasisTotalAmount",
    tax: "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement/ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:TaxTotalAmount",
    gross: "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement/ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:GrandTotalAmount",
    allowances: "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement/ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:AllowanceTotalAmount",
    charges: "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement/ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:ChargeTotalAmount",
    prepaid: "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement/ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:TotalPrepaidAmount",
    rounding: "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement/ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:RoundingAmount",
    payable: "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement/ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:DuePayableAmount",
    lines: "rsm:SupplyChainTradeTransaction/ram:IncludedSupplyChainTradeLineItem",
    charged,
    item: &[
        "ram:SpecifiedTradeProduct/ram:Name",
        "ram:SpecifiedTradeProduct/ram:Description",
    ],
    class_code: "ram:SpecifiedTradeProduct/ram:DesignatedProductClassification/ram:ClassCode",
    quantity: "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity",
    line_net: "ram:SpecifiedLineTradeSettlement/ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount",
    tax_category: "ram:SpecifiedLineTradeSettlement/ram:ApplicableTradeTax/ram:CategoryCode",
    tax_percent: "ram:SpecifiedLineTradeSettlement/ram:ApplicableTradeTax/ram:RateApplicablePercent",
};

/// `CrossIndustryDocument` of ZUGFeRD 1. Its names are told without namespaces, which changed between drafts.
pub(crate) const ZUGFERD_1: Syntax = Syntax {
    dialect: Dialect::Zugferd1,
    number: "HeaderExchangedDocument/ID",
    issued_on: "HeaderExchangedDocument/IssueDateTime/DateTimeString",
    currency: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeSettlement/InvoiceCurrencyCode",
    type_code: "HeaderExchangedDocument/TypeCode",
    preceding: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeSettlement/InvoiceReferencedDocument/ID",
    seller: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeAgreement/SellerTradeParty",
    buyer: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeAgreement/BuyerTradeParty",
    names: &["Name"],
    tax_ids: tax_ids_1,
    net: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeSettlement/SpecifiedTradeSettlementMonetarySummation/TaxBasisTotalAmount",
    tax: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeSettlement/SpecifiedTradeSettlementMonetarySummation/TaxTotalAmount",
    gross: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeSettlement/SpecifiedTradeSettlementMonetarySummation/GrandTotalAmount",
    allowances: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeSettlement/SpecifiedTradeSettlementMonetarySummation/AllowanceTotalAmount",
    charges: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeSettlement/SpecifiedTradeSettlementMonetarySummation/ChargeTotalAmount",
    prepaid: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeSettlement/SpecifiedTradeSettlementMonetarySummation/TotalPrepaidAmount",
    rounding: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeSettlement/SpecifiedTradeSettlementMonetarySummation/RoundingAmount",
    payable: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeSettlement/SpecifiedTradeSettlementMonetarySummation/DuePayableAmount",
    lines: "SpecifiedSupplyChainTradeTransaction/IncludedSupplyChainTradeLineItem",
    charged: |line| {
        line.at("SpecifiedSupplyChainTradeSettlement/SpecifiedTradeSettlementMonetarySummation/LineTotalAmount")
            .is_some()
    },
    item: &["SpecifiedTradeProduct/Name", "SpecifiedTradeProduct/Description"],
    class_code: "SpecifiedTradeProduct/DesignatedProductClassification/ClassCode",
    quantity: "SpecifiedSupplyChainTradeDelivery/BilledQuantity",
    line_net: "SpecifiedSupplyChainTradeSettlement/SpecifiedTradeSettlementMonetarySummation/LineTotalAmount",
    tax_category: "SpecifiedSupplyChainTradeSettlement/ApplicableTradeTax/CategoryCode",
    tax_percent: "SpecifiedSupplyChainTradeSettlement/ApplicableTradeTax/ApplicablePercent",
};

/// `Invoice` of the drafts before ZUGFeRD 1.
pub(crate) const ZUGFERD_DRAFT: Syntax = Syntax {
    issued_on: "HeaderExchangedDocument/IssueDateTime",
    ..ZUGFERD_1
};

fn tax_ids_1(party: Element<'_>) -> Vec<Element<'_>> {
    let mut ids = party.all("SpecifiedTaxRegistration/ID");
    ids.sort_by_key(|id| id.attribute("schemeID") != Some("VA"));
    ids
}

/// The VAT number (scheme VA), else the tax number (FC), else the number in the register of firms.
fn tax_ids(party: Element<'_>) -> Vec<Element<'_>> {
    let mut ids = party.all("ram:SpecifiedTaxRegistration/ram:ID");
    ids.sort_by_key(|id| id.attribute("schemeID") != Some("VA"));
    ids.extend(party.at("ram:SpecifiedLegalOrganization/ram:ID"));
    ids
}

/// The EXTENDED profile has lines that only inform or sum up others.
fn charged(line: Element<'_>) -> bool {
    line.at("ram:AssociatedDocumentLineDocument/ram:LineStatusReasonCode")
        .is_none_or(|code| !matches!(code.text(), "GROUP" | "INFORMATION"))
}
