//! European invoices: UBL, CII, FatturaPA, and ordinary ones in words.

use jiff::civil::{Date, date};
use outlay_core::{Currency, Money};

use super::Dice;
use super::ofd::Text;

/// A European invoice, amounts in cents.
#[derive(Debug, Clone)]
pub struct Euro {
    pub number: String,
    pub day: Date,
    pub seller: (String, String),
    pub buyer: String,
    pub net: i64,
    pub tax: i64,
    pub words: usize,
}

pub fn euro(seed: u64) -> Euro {
    let dice = &mut Dice::new(seed ^ 0xe0e0);
    let net = 100 + dice.below(5_000_000) as i64;
    Euro {
        number: format!("{}-{}", dice.pick(&["RE", "INV", "2026", "F"]), dice.digits(6)),
        day: date(2026, 1 + dice.below(12) as i8, 1 + dice.below(28) as i8),
        seller: (
            format!(
                "{} {} GmbH",
                dice.pick(&["Nordlicht", "Alpenblick", "Hafen"]),
                dice.pick(&["Reisen", "Technik", "Logistik"])
            ),
            format!("DE{}", dice.digits(9)),
        ),
        buyer: format!("{} & Söhne AG", dice.pick(&["Kranich", "Falke", "Amsel"])),
        net,
        tax: (net * 19 + 50) / 100,
        words: dice.below(4),
    }
}

pub fn plain(cents: i64) -> String {
    Money::new(cents, Currency::EUR).plain()
}

fn escape(text: &str) -> String {
    super::xml::escape(text)
}

pub fn ubl(e: &Euro) -> String {
    format!(
        "<Invoice xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2\" xmlns:cac=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\" xmlns:cbc=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\">\
         <cbc:ID>{}</cbc:ID><cbc:IssueDate>{}</cbc:IssueDate><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>\
         <cac:AccountingSupplierParty><cac:Party><cac:PartyTaxScheme><cbc:CompanyID>{}</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme><cac:PartyLegalEntity><cbc:RegistrationName>{}</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>\
         <cac:AccountingCustomerParty><cac:Party><cac:PartyLegalEntity><cbc:RegistrationName>{}</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party></cac:AccountingCustomerParty>\
         <cac:TaxTotal><cbc:TaxAmount currencyID=\"EUR\">{}</cbc:TaxAmount></cac:TaxTotal>\
         <cac:LegalMonetaryTotal><cbc:TaxExclusiveAmount currencyID=\"EUR\">{}</cbc:TaxExclusiveAmount><cbc:TaxInclusiveAmount currencyID=\"EUR\">{}</cbc:TaxInclusiveAmount></cac:LegalMonetaryTotal></Invoice>",
        e.number,
        e.day,
        e.seller.1,
        escape(&e.seller.0),
        escape(&e.buyer),
        plain(e.tax),
        plain(e.net),
        plain(e.net + e.tax)
    )
}

pub fn cii(e: &Euro) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rsm:CrossIndustryInvoice xmlns:rsm=\"urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100\" xmlns:ram=\"urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100\" xmlns:udt=\"urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100\">\
         <rsm:ExchangedDocument><ram:ID>{}</ram:ID><ram:TypeCode>380</ram:TypeCode><ram:IssueDateTime><udt:DateTimeString format=\"102\">{}</udt:DateTimeString></ram:IssueDateTime></rsm:ExchangedDocument>\
         <rsm:SupplyChainTradeTransaction><ram:ApplicableHeaderTradeAgreement><ram:SellerTradeParty><ram:Name>{}</ram:Name><ram:SpecifiedTaxRegistration><ram:ID schemeID=\"VA\">{}</ram:ID></ram:SpecifiedTaxRegistration></ram:SellerTradeParty><ram:BuyerTradeParty><ram:Name>{}</ram:Name></ram:BuyerTradeParty></ram:ApplicableHeaderTradeAgreement>\
         <ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode><ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:TaxBasisTotalAmount>{}</ram:TaxBasisTotalAmount><ram:TaxTotalAmount currencyID=\"EUR\">{}</ram:TaxTotalAmount><ram:GrandTotalAmount>{}</ram:GrandTotalAmount></ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement></rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>",
        e.number,
        e.day.strftime("%Y%m%d"),
        escape(&e.seller.0),
        e.seller.1,
        escape(&e.buyer),
        plain(e.net),
        plain(e.tax),
        plain(e.net + e.tax)
    )
}

/// One body for each invoice: the first one's seller and buyer stand for all.
pub fn fattura(all: &[Euro]) -> String {
    let e = &all[0];
    let bodies: String = all
        .iter()
        .map(|e| {
            format!(
                "<FatturaElettronicaBody><DatiGenerali><DatiGeneraliDocumento><TipoDocumento>TD01</TipoDocumento><Divisa>EUR</Divisa><Data>{}</Data><Numero>{}</Numero><ImportoTotaleDocumento>{}</ImportoTotaleDocumento></DatiGeneraliDocumento></DatiGenerali>\
                 <DatiBeniServizi><DatiRiepilogo><AliquotaIVA>19.00</AliquotaIVA><ImponibileImporto>{}</ImponibileImporto><Imposta>{}</Imposta></DatiRiepilogo></DatiBeniServizi></FatturaElettronicaBody>",
                e.day,
                e.number,
                plain(e.net + e.tax),
                plain(e.net),
                plain(e.tax)
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><p:FatturaElettronica xmlns:p=\"http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2\" versione=\"FPR12\"><FatturaElettronicaHeader>\
         <CedentePrestatore><DatiAnagrafici><IdFiscaleIVA><IdPaese>DE</IdPaese><IdCodice>{}</IdCodice></IdFiscaleIVA><Anagrafica><Denominazione>{}</Denominazione></Anagrafica></DatiAnagrafici></CedentePrestatore>\
         <CessionarioCommittente><DatiAnagrafici><Anagrafica><Denominazione>{}</Denominazione></Anagrafica></DatiAnagrafici></CessionarioCommittente></FatturaElettronicaHeader>{bodies}</p:FatturaElettronica>",
        &e.seller.1[2..],
        escape(&e.seller.0),
        escape(&e.buyer)
    )
}

/// An ordinary invoice in words of one of four languages.
pub fn letter(e: &Euro) -> Vec<Text> {
    let german = |cents: i64| {
        let plain = Money::new(cents, Currency::EUR).grouped();
        plain
            .chars()
            .map(|c| match c {
                ',' => '.',
                '.' => ',',
                c => c,
            })
            .collect::<String>()
    };
    let english = |cents: i64| Money::new(cents, Currency::EUR).grouped();
    let gross = e.net + e.tax;
    let (title, number, day, net, tax, total) = match e.words {
        0 => (
            "Rechnung",
            format!("Rechnungsnummer: {}", e.number),
            format!("Rechnungsdatum: {}", e.day.strftime("%d.%m.%Y")),
            format!("Nettobetrag {} €", german(e.net)),
            format!("19 % MwSt. {} €", german(e.tax)),
            format!("Gesamtbetrag {} €", german(gross)),
        ),
        1 => (
            "Invoice",
            format!("Invoice No. {}", e.number),
            format!("Invoice date: {}", e.day.strftime("%B %-d, %Y")),
            format!("Subtotal EUR {}", english(e.net)),
            format!("VAT 19% EUR {}", english(e.tax)),
            format!("Total due EUR {}", english(gross)),
        ),
        2 => (
            "Facture",
            format!("Facture n° {}", e.number),
            format!("Date de facture : {}", e.day.strftime("%d/%m/%Y")),
            format!("Total HT {} €", german(e.net)),
            format!("TVA 19 % {} €", german(e.tax)),
            format!("Total TTC {} €", german(gross)),
        ),
        _ => (
            "Factuur",
            format!("Factuurnummer: {}", e.number),
            format!("Factuurdatum: {}", e.day.strftime("%d-%m-%Y")),
            format!("Subtotaal excl. BTW € {}", german(e.net)),
            format!("BTW 19% € {}", german(e.tax)),
            format!("Totaalbedrag € {}", german(gross)),
        ),
    };
    let lines = [
        &e.seller.0,
        &format!("{} - Hafenstr. 1 - 20457 Hamburg", e.seller.0),
        title,
        &number,
        &day,
        &net,
        &tax,
        &total,
        &format!("USt-IdNr. {}", e.seller.1),
    ];
    lines
        .iter()
        .enumerate()
        .map(|(n, text)| Text {
            x: 20.0,
            y: 30.0 + 9.0 * n as f64,
            size: 3.5,
            text: text.to_string(),
            tag: "",
        })
        .collect()
}
