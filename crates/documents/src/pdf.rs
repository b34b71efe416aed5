//! PDF: attached invoices (Factur-X, ZUGFeRD, Chinese XML) first, then the text of the pages. Without text the pages are
//! pictures, and read as such.

mod attached;
mod codes;
mod content;
mod draw;
mod guard;
pub(crate) mod images;
mod scan;

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_syntax::{LoadPdfError, Pdf};

use crate::china_face;
use crate::error::{FileKind, ReadError};
use crate::european::is_missing;
use crate::invoice::{Dialect, Invoice, SourceKind};
use crate::limits::{Budget, Counters};
use crate::ofd::merge;
use crate::paper::Content;
use crate::sheet::Row;
use crate::{Part, qr, read_xml, words};

pub(crate) use draw::page as draw_page;

/// Reads what a PDF file says; one [`Content::Picture`] where it says nothing.
pub(crate) fn read(bytes: &[u8], budget: &mut Budget<'_>) -> Result<Vec<Content>, ReadError> {
    let encrypted = guard::check(bytes, budget)?;
    // Whatever a library meets in a file by strangers must end in a refusal, not end the process.
    let mut used = budget.used;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut inner = Budget {
            limits: budget.limits,
            used,
        };
        let result = open(bytes, encrypted, &mut inner);
        used = inner.used;
        result
    }));
    budget.used = Counters { ..used };
    outcome.unwrap_or(Err(ReadError::Damaged { kind: FileKind::Pdf }))
}

fn open(bytes: &[u8], encrypted: bool, budget: &mut Budget<'_>) -> Result<Vec<Content>, ReadError> {
    let pdf = load(bytes)?;
    let mut sources = Vec::new();
    let mut whole: Vec<Invoice> = Vec::new();
    let mut shown: Option<Vec<Vec<Row>>> = None;
    for file in attached::files(&pdf, encrypted, budget)? {
        let mut result = read_xml(&file, None, budget.limits);
        if matches!(&result, Err(error) if is_missing(error)) {
            let pages = match shown.take() {
                Some(pages) => pages,
                None => rows(&pdf, encrypted, budget)?,
            };
            result = read_xml(&file, words::only_currency(&pages), budget.limits);
            shown = Some(pages);
        }
        match result {
            Ok(parts) => {
                for part in parts {
                    match part {
                        Part::China(dialect, mut raw) => {
                            raw.came_from(SourceKind::Attachment);
                            sources.push((dialect, *raw));
                        }
                        Part::Whole(mut invoice) => {
                            invoice.came_from(SourceKind::Attachment);
                            // Some tools attach the same invoice twice, in an old and a new form.
                            if !whole.iter().any(|w| w.number == invoice.number) {
                                whole.push(*invoice);
                            }
                        }
                    }
                }
            }
            Err(error) if error.is_attack() || error.field().is_some() => return Err(error),
            // Other attachments, and XML of other kinds.
            Err(_) => {}
        }
    }
    let contents = |invoices: Vec<Invoice>| invoices.into_iter().map(|i| Content::Invoice(Box::new(i))).collect();
    if !whole.is_empty() {
        // Pages that can't be followed take nothing from what the XML says.
        let pages = match shown {
            Some(pages) => pages,
            None => rows(&pdf, encrypted, budget).unwrap_or_default(),
        };
        for invoice in &mut whole {
            crate::shown::locate(invoice, &pages);
        }
        return Ok(contents(whole));
    }
    let pages = match shown {
        Some(pages) => pages,
        None => rows(&pdf, encrypted, budget)?,
    };
    for raw in china_face::from_rows(pages.clone()) {
        sources.push((Dialect::ChinaFace, raw));
    }
    if !sources.is_empty() {
        let mut invoices = merge(sources, budget)?;
        qr::compare_all(&mut invoices, &codes::texts(&pdf, budget));
        return Ok(contents(invoices));
    }
    if pages.iter().all(Vec::is_empty) {
        let contents = scan::read(&pdf, encrypted, budget)?;
        return Ok(if contents.is_empty() {
            vec![Content::Picture]
        } else {
            contents
        });
    }
    Ok(words::read(&pages).into_iter().collect())
}

/// The text of each page of a PDF, row by row.
pub(crate) fn texts(bytes: &[u8], budget: &mut Budget<'_>) -> Result<Vec<String>, ReadError> {
    let encrypted = guard::check(bytes, budget)?;
    let mut work = || {
        let pdf = load(bytes)?;
        let pages = rows(&pdf, encrypted, budget)?;
        let text = |rows: &Vec<Row>| {
            let lines: Vec<String> = rows.iter().map(|r| crate::sheet::text_of(&r.marks)).collect();
            lines.join("\n")
        };
        Ok(pages.iter().map(text).collect())
    };
    catch_unwind(AssertUnwindSafe(&mut work)).unwrap_or(Err(ReadError::Damaged { kind: FileKind::Pdf }))
}

fn load(bytes: &[u8]) -> Result<Pdf, ReadError> {
    Pdf::new(bytes.to_vec()).map_err(|e| match e {
        LoadPdfError::Decryption(_) => ReadError::Encrypted,
        LoadPdfError::Invalid => ReadError::Damaged { kind: FileKind::Pdf },
    })
}

fn rows(pdf: &Pdf, encrypted: bool, budget: &mut Budget<'_>) -> Result<Vec<Vec<Row>>, ReadError> {
    let pages = content::pages(pdf, encrypted, budget)?;
    Ok(pages.into_iter().map(|p| p.rows()).collect())
}
