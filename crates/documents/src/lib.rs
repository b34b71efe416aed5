//! Bytes to invoices: Chinese fully digital invoices (数电票) in XML of three dialects, OFD and PDF; EN 16931 in UBL 2.1
//! and UN/CEFACT CII, alone or inside Factur-X and ZUGFeRD; FatturaPA; the text of other invoices and receipts in PDF;
//! and all of these inside ZIP files and mails. No network, no database, no clock; bounded in time and memory.
//!
//! ```
//! use outlay_documents::{Limits, read_all};
//!
//! let refused = read_all(b"<svg xmlns='http://www.w3.org/2000/svg'/>", &Limits::default());
//! assert_eq!(refused.map_err(|e| e.code()).err(), Some("document.unsupported.svg"));
//! ```

mod archive;
mod category;
mod checks;
mod china;
mod china_2020;
mod china_english;
mod china_face;
mod china_flat;
mod china_tags;
mod china_xbrl;
mod cii;
pub mod draw;
mod error;
mod european;
mod fattura;
mod field;
mod invoice;
pub mod json;
mod limits;
mod mail;
mod ofd;
mod paper;
mod pdf;
pub mod picture;
pub mod print;
pub mod qr;
mod receipt;
mod seal;
mod sheet;
mod shown;
mod text;
mod tree;
mod ubl;
mod words;

pub use category::Category;
pub use draw::{Rendered, render};
pub use error::{Excess, FileKind, Problem, ReadError};
pub use invoice::{
    Check, CheckKind, Dialect, Invoice, InvoiceKind, InvoiceLine, Party, Place, Source, SourceKind, TaxRate, Travel,
};
pub use limits::{Counters, Limits};
pub use paper::{Content, File, Paper, Reading, Receipt, read_all, read_counted, read_files};
pub use seal::{SignatureState, Signed};

use china::Raw;
use outlay_core::Currency;
use tree::{Element, Tree};

/// Reads one invoice from the bytes of one XML file.
///
/// The encoding is told by byte order mark, declaration or the bytes themselves (UTF-8, UTF-16, GBK, GB18030, Big5,
/// Western European). The invoice may be wrapped in other elements, such as an envelope. Fields that the file lacks
/// stay empty; a field that is there and makes no sense refuses the file, by name.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Invoice, ReadError> {
    let mut parts = read_xml(bytes, None, limits)?;
    let found = parts.len();
    match parts.pop() {
        Some(part) if found == 1 => {
            let mut invoice = part.finish(limits)?;
            seal::note(&mut invoice, &signatures(bytes));
            Ok(invoice)
        }
        _ => Err(ReadError::Several { found }),
    }
}

/// The text of each page of a PDF file, row by row from the top; what else is on the pages is left out.
pub fn page_texts(bytes: &[u8], limits: &Limits) -> Result<Vec<String>, ReadError> {
    pdf::texts(bytes, &mut limits::Budget::new(limits))
}

/// Reads every invoice of one XML file; at least one. `around` is the currency that a file around it shows.
fn read_xml(bytes: &[u8], around: Option<Currency>, limits: &Limits) -> Result<Vec<Part>, ReadError> {
    text::refuse_other_kinds(bytes)?;
    if bytes.len() > limits.max_bytes {
        return Err(ReadError::TooLarge {
            limit: limits.max_bytes,
            found: bytes.len(),
        });
    }
    let text = text::decode(bytes)?;
    let tree = Tree::parse(&text, limits)?;
    read_tree(&tree, around, limits)
}

/// The signatures in an XML file that was read within bounds before.
fn signatures(bytes: &[u8]) -> Vec<Signed> {
    text::decode(bytes)
        .map(|text| seal::xml::check(&text))
        .unwrap_or_default()
}

/// An invoice read from XML. A Chinese one is kept as texts, since an OFD or PDF around it may know what it lacks.
enum Part {
    China(Dialect, Box<Raw>),
    Whole(Box<Invoice>),
}

impl Part {
    fn finish(self, limits: &Limits) -> Result<Invoice, ReadError> {
        match self {
            Part::China(dialect, raw) => china::finish(dialect, *raw, limits),
            Part::Whole(invoice) => Ok(*invoice),
        }
    }
}

fn read_tree(tree: &Tree, around: Option<Currency>, limits: &Limits) -> Result<Vec<Part>, ReadError> {
    let mut parts = Vec::new();
    for element in tree.elements() {
        if parts.len() >= limits.max_papers {
            return Err(ReadError::TooComplex {
                what: Excess::Papers,
                limit: limits.max_papers,
            });
        }
        if let Some(syntax) = syntax_of(element) {
            parts.push(Part::Whole(Box::new(european::read(syntax, element, around, limits)?)));
        } else if china_english::is_invoice(element) {
            let raw = china_english::collect(element)?;
            parts.push(Part::China(Dialect::ChinaEnglish, Box::new(raw)));
        } else if china_2020::is_invoice(element) {
            let raw = china_2020::collect(element)?;
            parts.push(Part::China(Dialect::China2020, Box::new(raw)));
        } else if china_xbrl::is_invoice(element) {
            let raw = china_xbrl::collect(element)?;
            parts.push(Part::China(Dialect::ChinaXbrl, Box::new(raw)));
        } else if fattura::is_invoice(element) {
            let all = fattura::read(element, limits)?;
            parts.extend(all.into_iter().map(|i| Part::Whole(Box::new(i))));
        }
    }
    if parts.is_empty() {
        let dialect = china_flat::dialect(tree).ok_or_else(|| unknown(tree.root().name()))?;
        let all = china_flat::collect(tree, dialect, limits)?;
        parts.extend(all.into_iter().map(|raw| Part::China(dialect, Box::new(raw))));
    }
    Ok(parts)
}

/// The syntax of EN 16931 or ZUGFeRD 1 that an element is the root of.
fn syntax_of(element: Element<'_>) -> Option<&'static european::Syntax> {
    if element.is("inv:Invoice") {
        Some(&ubl::INVOICE)
    } else if element.is("cn:CreditNote") {
        Some(&ubl::CREDIT_NOTE)
    } else if element.is("rsm:CrossIndustryInvoice") {
        Some(&cii::INVOICE)
    } else if element.is("CrossIndustryDocument") && element.at("HeaderExchangedDocument").is_some() {
        Some(&cii::ZUGFERD_1)
    } else if element.is("Invoice") && element.at("HeaderExchangedDocument").is_some() {
        Some(&cii::ZUGFERD_DRAFT)
    } else {
        None
    }
}

fn unknown(root: &str) -> ReadError {
    match root.to_ascii_lowercase().as_str() {
        "svg" => ReadError::Unsupported(FileKind::Svg),
        "html" => ReadError::Unsupported(FileKind::Html),
        _ => ReadError::UnknownXml {
            root: root.chars().take(60).collect(),
        },
    }
}
