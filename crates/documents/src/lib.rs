//! Bytes to invoices. Structured e-invoices in XML are read: Chinese fully digital invoices (数电票) in their three
//! dialects, and EN 16931 in UBL 2.1 and UN/CEFACT CII. No network, no database, no clock; bounded in time and memory.
//!
//! ```
//! use outlay_documents::{Limits, ReadError, read};
//!
//! let refused = read(b"%PDF-1.7 ...", &Limits::default());
//! assert_eq!(refused.map_err(|e| e.code()), Err("document.unsupported.pdf"));
//! ```

mod category;
mod checks;
mod china;
mod china_english;
mod china_flat;
mod china_tags;
mod cii;
mod error;
mod european;
mod field;
mod invoice;
mod limits;
mod text;
mod tree;
mod ubl;

pub use category::Category;
pub use error::{Excess, FileKind, Problem, ReadError};
pub use invoice::{Check, CheckKind, Dialect, Invoice, InvoiceKind, InvoiceLine, Party, Source, TaxRate, Travel};
pub use limits::Limits;

use tree::{Element, Tree};

/// Reads one invoice from the bytes of one file.
///
/// The encoding is told by byte order mark, declaration or the bytes themselves (UTF-8, UTF-16, GBK, GB18030, Big5,
/// Western European). The invoice may be wrapped in other elements, such as an envelope. Fields that the file lacks
/// stay empty; a field that is there and makes no sense refuses the file, by name.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Invoice, ReadError> {
    if bytes.len() > limits.max_bytes {
        text::refuse_other_kinds(bytes)?;
        return Err(ReadError::TooLarge {
            limit: limits.max_bytes,
            found: bytes.len(),
        });
    }
    text::refuse_other_kinds(bytes)?;
    let text = text::decode(bytes)?;
    let tree = Tree::parse(&text, limits)?;
    read_tree(&tree, limits)
}

fn read_tree(tree: &Tree, limits: &Limits) -> Result<Invoice, ReadError> {
    let mut invoices = tree
        .elements()
        .filter_map(|element| Some((element, format_of(element)?)));
    if let Some((element, format)) = invoices.next() {
        let others = invoices.count();
        if others > 0 {
            return Err(ReadError::Several { found: others + 1 });
        }
        return match format {
            Format::English => {
                let raw = china_english::collect(element)?;
                china::finish(Dialect::ChinaEnglish, raw, limits)
            }
            Format::European(syntax) => european::read(syntax, element, limits),
        };
    }
    match china_flat::dialect(tree) {
        Some(dialect) => china::finish(dialect, china_flat::collect(tree, dialect)?, limits),
        None => Err(unknown(tree.root().name())),
    }
}

/// The formats that are told by one element.
enum Format {
    English,
    European(&'static european::Syntax),
}

fn format_of(element: Element<'_>) -> Option<Format> {
    if element.is("inv:Invoice") {
        Some(Format::European(&ubl::INVOICE))
    } else if element.is("cn:CreditNote") {
        Some(Format::European(&ubl::CREDIT_NOTE))
    } else if element.is("rsm:CrossIndustryInvoice") {
        Some(Format::European(&cii::INVOICE))
    } else if china_english::is_invoice(element) {
        Some(Format::English)
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
