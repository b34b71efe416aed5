//! What an invoice says, in one shape for all formats.

use std::collections::BTreeMap;

use jiff::civil::Date;
use outlay_core::{Currency, InvoiceIdentity, Money};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::category::Category;
use crate::seal::Signed;

/// The format that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// 数电票 with Chinese tags, such as 发票号码.
    ChinaChinese,
    /// 数电票 with the initials of pinyin as tags, such as FPHM.
    ChinaPinyin,
    /// 数电票 with English tags: `EInvoice/EInvoiceData/…`.
    ChinaEnglish,
    /// EN 16931 in UBL 2.1, an `Invoice`.
    UblInvoice,
    /// EN 16931 in UBL 2.1, a `CreditNote`.
    UblCreditNote,
    /// EN 16931 in UN/CEFACT Cross Industry Invoice D16B (also inside Factur-X and ZUGFeRD).
    Cii,
    /// The XML inside OFD invoices before 2023: `eInvoice` with `InvoiceCode`, `InvoiceNo`, `GoodsInfos`.
    #[serde(rename = "china_2020")]
    China2020,
    /// A rail or air e-ticket in XBRL, as 电子凭证会计数据标准 has it attached.
    ChinaXbrl,
    /// A Chinese invoice without readable XML: by tags, custom data or text.
    ChinaFace,
    /// ZUGFeRD 1, the forerunner of CII D16B.
    #[serde(rename = "zugferd_1")]
    Zugferd1,
    /// The Italian FatturaPA.
    #[serde(rename = "fattura_pa")]
    FatturaPa,
    /// Any other invoice or receipt, by its text alone.
    Text,
}

/// Whether an invoice charges or takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceKind {
    /// An ordinary invoice (蓝字). Negative discount lines do not change that.
    Normal,
    /// A reversal: red-letter invoice (红字), credit note, or an invoice with a negative total.
    Red,
}

/// Seller or buyer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Party {
    /// Name as written.
    pub name: Option<String>,
    /// Tax id as written: 统一社会信用代码, VAT number, else another registered number.
    pub tax_id: Option<String>,
}

/// A tax rate as stated on a line. In JSON `{"percent":"6"}`, `"exempt"`, `"not_taxed"` or `"unstated"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxRate {
    /// In percent: 6 for 6 %, whether written `0.06` or `6%`.
    Percent(Decimal),
    /// 免税, or category E of EN 16931.
    Exempt,
    /// 不征税, or category O of EN 16931.
    NotTaxed,
    /// `***`: deliberately not shown.
    Unstated,
}

/// One line of an invoice. Amounts are as written and negative on discount lines.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InvoiceLine {
    /// Item, without its class.
    pub name: Option<String>,
    /// Class of goods or services: 餐饮服务 of `*餐饮服务*餐费`.
    pub class: Option<String>,
    /// 税收分类编码, or the first item classification of EN 16931 with its list, as `TSP:90111500`.
    pub class_code: Option<String>,
    /// Specification or model.
    pub spec: Option<String>,
    /// Quantity, negative where taken back.
    pub quantity: Option<Decimal>,
    /// Unit as written.
    pub unit: Option<String>,
    /// Amount without tax.
    pub net: Option<Money>,
    /// Rate of tax.
    pub tax_rate: Option<TaxRate>,
    /// Amount of tax.
    pub tax: Option<Money>,
    /// Amount with tax.
    pub gross: Option<Money>,
}

/// One journey on an invoice of passenger transport. Who travelled stays in the document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Travel {
    /// Where from.
    pub from: Option<String>,
    /// Where to.
    pub to: Option<String>,
    /// Day of the journey; not the day of issue.
    pub on: Option<Date>,
    /// Class of the seat, such as 二等座.
    pub grade: Option<String>,
}

/// What a [`Check`] compares. Stable names in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// Net and tax make gross, within 0.01.
    NetTaxGross,
    /// The lines, with document allowances and charges, make net.
    LinesNet,
    /// The tax of the lines makes tax.
    LinesTax,
    /// The gross of the lines makes gross.
    LinesGross,
    /// The lines can be told apart; where they can't, they are left out.
    LinesApart,
    /// Gross, less prepaid and with rounding, makes what is payable.
    Payable,
    /// The amount in capital numerals (大写) is the gross.
    CapitalAmount,
    /// The check character of the seller's tax id holds.
    SellerTaxId,
    /// The check character of the buyer's tax id holds.
    BuyerTaxId,
    /// The number stands twice and is the same.
    NumberAgrees,
    /// The year in the number of a fully digital invoice is the year of issue.
    NumberYear,
    /// The QR code's text says the same as the invoice.
    QrAgrees,
    /// What stands in several places of one file – attached XML, tags, text – is the same.
    SourcesAgree,
    /// The file's signature holds, and over all that is read.
    Signature,
}

impl CheckKind {
    /// The stable name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            CheckKind::NetTaxGross => "net_tax_gross",
            CheckKind::LinesNet => "lines_net",
            CheckKind::LinesTax => "lines_tax",
            CheckKind::LinesGross => "lines_gross",
            CheckKind::LinesApart => "lines_apart",
            CheckKind::Payable => "payable",
            CheckKind::CapitalAmount => "capital_amount",
            CheckKind::SellerTaxId => "seller_tax_id",
            CheckKind::BuyerTaxId => "buyer_tax_id",
            CheckKind::NumberAgrees => "number_agrees",
            CheckKind::NumberYear => "number_year",
            CheckKind::QrAgrees => "qr_agrees",
            CheckKind::SourcesAgree => "sources_agree",
            CheckKind::Signature => "signature",
        }
    }

    /// What must hold, and what to do where it does not, in English sentences.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            CheckKind::NetTaxGross => (
                "Net, tax and other charges make gross",
                "Ask the issuer which amount is right",
            ),
            CheckKind::LinesNet => ("The lines make net", "Ask the issuer which amount is right"),
            CheckKind::LinesTax => (
                "The taxes of the lines make tax",
                "Ask the issuer which amount is right",
            ),
            CheckKind::LinesGross => (
                "The gross of the lines makes gross",
                "Ask the issuer which amount is right",
            ),
            CheckKind::LinesApart => (
                "The lines can be told apart",
                "Look at the document for its lines, or ask the issuer for another file",
            ),
            CheckKind::Payable => (
                "Gross makes what is payable",
                "Look for what was prepaid, and claim what you paid",
            ),
            CheckKind::CapitalAmount => (
                "The amount in words is the gross",
                "Ask the issuer for a correct invoice",
            ),
            CheckKind::SellerTaxId => (
                "The seller's tax id has the right check character",
                "Ask the seller for the right tax id",
            ),
            CheckKind::BuyerTaxId => (
                "The buyer's tax id has the right check character",
                "Have the invoice reissued with your company's tax id",
            ),
            CheckKind::NumberAgrees => (
                "The number is the same in both places",
                "Download the invoice again from the issuer",
            ),
            CheckKind::NumberYear => (
                "The year in the number is that of issue",
                "Download the invoice again from the issuer",
            ),
            CheckKind::QrAgrees => (
                "The QR code says the same as the invoice",
                "Download the invoice again from the issuer",
            ),
            CheckKind::SourcesAgree => (
                "All places in the file say the same",
                "Download the invoice again from the issuer",
            ),
            CheckKind::Signature => (
                "The file is as it was signed",
                "Download the invoice again from the issuer: this file was changed",
            ),
        }
    }
}

/// One comparison within the document. A failed check does not refuse the invoice: people decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was compared.
    pub what: CheckKind,
    /// Whether it holds.
    pub passed: bool,
    /// The values compared, in English.
    pub detail: String,
}

/// The kind of place a field was read from, the best proof first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// The invoice's own XML file.
    #[default]
    Xml,
    /// XML attached inside an OFD or PDF file.
    Attachment,
    /// Text that OFD tags name as the field.
    Tags,
    /// The custom data of an OFD file.
    CustomData,
    /// The text of the pages, or of a mail.
    Text,
    /// The QR code on a picture.
    Qr,
    /// The text of a picture, as a recogniser read it.
    Picture,
    /// Worked out from other fields, such as the category; never an amount.
    Inferred,
}

impl SourceKind {
    /// The degree of proof in percent.
    pub fn degree(self) -> u8 {
        match self {
            SourceKind::Xml | SourceKind::Attachment => 100,
            SourceKind::Tags => 90,
            SourceKind::CustomData => 85,
            SourceKind::Text => 70,
            SourceKind::Qr => 98,
            SourceKind::Picture => 50,
            SourceKind::Inferred => 60,
        }
    }

    /// The stable name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            SourceKind::Xml => "xml",
            SourceKind::Attachment => "attachment",
            SourceKind::Tags => "tags",
            SourceKind::CustomData => "custom_data",
            SourceKind::Text => "text",
            SourceKind::Qr => "qr",
            SourceKind::Picture => "picture",
            SourceKind::Inferred => "inferred",
        }
    }
}

/// Where on a page a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The page, from 1.
    pub page: u32,
    /// Left, top, width and height from the page's top left corner: in hundredths of a millimetre, but of a picture in
    /// pixels, as its file says it is to be shown.
    #[serde(rename = "box")]
    pub area: [i32; 4],
}

/// Where a field came from and how well that proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Path in the file, from the invoice's own element, or the label that the text stands at.
    pub path: String,
    /// Degree of proof in percent: 100 for standalone XML; less for what is inferred, such as the category. Of pictures, 98
    /// where words, sums and codes leave no doubt, else 50.
    pub degree: u8,
    /// The kind of place.
    #[serde(default)]
    pub kind: SourceKind,
    /// Where on a page, if it was read from one; of a field of attached XML where the page shows the same value, if it plainly
    /// does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The text as printed, where it was read from a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Source {
    /// Whether the field may be shown as right; else somebody has to look at the document.
    pub fn is_sure(&self) -> bool {
        self.degree >= SourceKind::Text.degree()
    }
}

/// One invoice as read. Nothing is computed: a field that the file lacks is empty.
///
/// In JSON, money is `{"amount":"59.00","currency":"CNY"}`, dates are `2026-07-30`, decimals are text, and missing
/// fields are `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Format of the file.
    pub dialect: Dialect,
    /// Charge or reversal.
    pub kind: InvoiceKind,
    /// The key under which it may be claimed once; `None` where number, seller or date is missing.
    pub identity: Option<InvoiceIdentity>,
    /// Invoice number as written.
    pub number: Option<String>,
    /// Invoice code (发票代码) of Chinese invoices before 2023.
    pub code: Option<String>,
    /// Day of issue.
    pub issued_on: Option<Date>,
    /// Who sold.
    pub seller: Party,
    /// Who bought.
    pub buyer: Party,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Total without tax.
    pub net: Option<Money>,
    /// Total of tax.
    pub tax: Option<Money>,
    /// Charges outside of the tax base, such as the aviation fund of an air ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Money>,
    /// Total with tax. Of credit notes positive, as they write it; of Chinese red-letter invoices negative.
    pub gross: Option<Money>,
    /// Lines, in order.
    pub lines: Vec<InvoiceLine>,
    /// Journeys, in order; empty unless passenger transport.
    pub travel: Vec<Travel>,
    /// Number of the invoice that a reversal takes back.
    pub red_of: Option<String>,
    /// Likely expense category; `None` when unsure.
    pub category_hint: Option<Category>,
    /// Comparisons within the document.
    pub checks: Vec<Check>,
    /// Source of each field that was found, by the field's name here.
    pub sources: BTreeMap<String, Source>,
    /// The signatures of the file it was read from, as checked; none where it has none, or is of a kind whose signatures are
    /// not checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Signed>,
}

impl Invoice {
    /// An invoice of which only format and currency are known.
    pub(crate) fn new(dialect: Dialect, currency: Currency) -> Self {
        Invoice {
            dialect,
            kind: InvoiceKind::Normal,
            identity: None,
            number: None,
            code: None,
            issued_on: None,
            seller: Party::default(),
            buyer: Party::default(),
            currency,
            net: None,
            tax: None,
            other: None,
            gross: None,
            lines: Vec::new(),
            travel: Vec::new(),
            red_of: None,
            category_hint: None,
            checks: Vec::new(),
            sources: BTreeMap::new(),
            signatures: Vec::new(),
        }
    }

    /// Marks every field that was read, rather than inferred, as read from `kind`.
    pub(crate) fn came_from(&mut self, kind: SourceKind) {
        for source in self.sources.values_mut().filter(|s| s.kind == SourceKind::Xml) {
            source.kind = kind;
            source.degree = kind.degree();
        }
    }

    /// How well number, day, seller and gross amount are proven together, in percent: the least of their degrees.
    pub fn proof(&self) -> u8 {
        let fields = ["number", "issued_on", "seller.name", "gross"];
        let degrees = fields.iter().map(|f| self.sources.get(*f).map_or(0, |s| s.degree));
        degrees.min().unwrap_or(0)
    }

    /// Whether all checks hold.
    pub fn consistent(&self) -> bool {
        self.checks.iter().all(|c| c.passed)
    }

    /// The first check of a kind.
    pub fn check(&self, what: CheckKind) -> Option<&Check> {
        self.checks.iter().find(|c| c.what == what)
    }
}
