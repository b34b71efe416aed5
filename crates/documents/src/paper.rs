//! Files of any kind, and files inside files, to invoices and receipts.

use serde::{Deserialize, Serialize};

use std::collections::BTreeMap;

use jiff::civil::Date;
use outlay_core::{Currency, Money};
use rust_decimal::Decimal;

use crate::archive::Archive;
use crate::error::{Excess, FileKind, ReadError};
use crate::invoice::{Dialect, Invoice, Source};
use crate::limits::{Budget, Counters, Limits};
use crate::{mail, ofd, pdf, picture, read_xml, seal, text};

/// A receipt without the make-up of an invoice: what it shows of these four.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Receipt {
    /// Who sold.
    pub company: Option<String>,
    /// Day of sale.
    pub date: Option<Date>,
    /// Where it was sold.
    pub address: Option<String>,
    /// What was paid.
    pub total: Option<Decimal>,
    /// In what, where the receipt names it or is plainly of one country.
    pub currency: Option<Currency>,
    /// Source of each field that was found, by the field's name here.
    pub sources: BTreeMap<String, Source>,
}

impl Receipt {
    /// What was paid, where the currency is known.
    pub fn money(&self) -> Option<Money> {
        Money::parse(&self.total?.normalize().to_string(), self.currency?).ok()
    }
}

/// What one paper is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// An invoice.
    Invoice(Box<Invoice>),
    /// A receipt.
    Receipt(Box<Receipt>),
    /// A picture, or a PDF without text, of which nothing was read: nothing is said about it.
    Picture,
}

impl Content {
    /// What may be proposed as an expense: the invoice, or what a receipt shows as an invoice without a number.
    pub fn into_invoice(self) -> Option<Invoice> {
        match self {
            Content::Invoice(invoice) => Some(*invoice),
            Content::Receipt(receipt) => {
                let total = receipt.money()?;
                let mut invoice = Invoice::new(Dialect::Text, total.currency);
                invoice.gross = Some(total);
                invoice.issued_on = receipt.date;
                invoice.seller.name = receipt.company;
                for (own, name) in [("total", "gross"), ("date", "issued_on"), ("company", "seller.name")] {
                    if let Some(source) = receipt.sources.get(own) {
                        invoice.sources.insert(name.to_owned(), source.clone());
                    }
                }
                Some(invoice)
            }
            Content::Picture => None,
        }
    }
}

/// A file that is a document itself, taken out of the ZIP or mail it came in, with what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path inside the file that was read; empty for the file itself.
    pub part: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it is: `application/xml`, `application/pdf`, `application/ofd`, `image/jpeg`, `image/png`, `image/webp`,
    /// `message/rfc822`.
    pub media_type: &'static str,
    /// Its invoices and receipts. Empty for a PDF that opens but says nothing, or does not open.
    pub contents: Vec<Content>,
}

/// One invoice, receipt or picture, with the file it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// Path inside the file that was read, such as `march.zip/a.ofd`; empty for the file itself.
    pub part: String,
    /// What it is.
    pub content: Content,
}

impl Paper {
    /// The invoice, if it is one.
    pub fn invoice(&self) -> Option<&Invoice> {
        match &self.content {
            Content::Invoice(invoice) => Some(invoice),
            _ => None,
        }
    }
}

/// All that one file gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// The papers, in the order of the file.
    pub papers: Vec<Paper>,
    /// Files inside that could not be read, by their paths, beside others that could.
    pub refused: Vec<(String, ReadError)>,
    /// What reading has used up.
    pub used: Counters,
}

/// What is collected while a file is read.
#[derive(Default)]
struct Found {
    papers: Vec<Paper>,
    refused: Vec<(String, ReadError)>,
    /// The files themselves, where they are asked for.
    files: Option<Vec<File>>,
}

/// Reads every invoice and receipt of one file: XML, OFD, PDF, or a ZIP or mail with any of these inside.
///
/// A bomb or other attack anywhere refuses the whole file. A file inside that merely can't be read stands in
/// [`Reading::refused`], unless nothing else was found.
pub fn read_all(bytes: &[u8], limits: &Limits) -> Result<Reading, ReadError> {
    read_counted(bytes, limits).0
}

/// As [`read_all`], with what was used up even where the file is refused.
pub fn read_counted(bytes: &[u8], limits: &Limits) -> (Result<Reading, ReadError>, Counters) {
    let mut budget = Budget::new(limits);
    let mut found = Found::default();
    let result = open(bytes, "", 0, &mut found, &mut budget);
    let used = budget.used;
    let result = match result {
        Err(error) => Err(error),
        Ok(()) if !found.papers.is_empty() => Ok(Reading {
            papers: found.papers,
            refused: found.refused,
            used,
        }),
        Ok(()) => Err(nothing(found.refused, &used)),
    };
    (result, used)
}

/// Reads a file as [`read_all`] does, and gives the documents in it: the file itself, or those that a ZIP or mail holds.
/// A PDF that says nothing, or can't be opened, is a document all the same; other files that can't be read are left out.
pub fn read_files(bytes: &[u8], limits: &Limits) -> Result<Vec<File>, ReadError> {
    let mut budget = Budget::new(limits);
    let mut found = Found {
        files: Some(Vec::new()),
        ..Found::default()
    };
    open(bytes, "", 0, &mut found, &mut budget)?;
    let files = found.files.unwrap_or_default();
    if files.is_empty() {
        return Err(nothing(found.refused, &budget.used));
    }
    Ok(files)
}

/// Why nothing was found.
fn nothing(refused: Vec<(String, ReadError)>, used: &Counters) -> ReadError {
    match refused.into_iter().next() {
        Some((_, error)) => error,
        None => ReadError::NothingInside {
            seen: used.entries + used.pages,
        },
    }
}

/// What a file is, by its bytes alone.
pub(crate) enum Form {
    Zip,
    Pdf,
    Mail,
    Picture(&'static str),
    Xml,
}

pub(crate) fn form(bytes: &[u8]) -> Result<Form, ReadError> {
    let head = &bytes[..bytes.len().min(1024)];
    Ok(
        if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
            Form::Zip
        } else if head.starts_with(b"%PDF-") {
            Form::Pdf
        } else if let Some(media_type) = picture::media_type(bytes) {
            Form::Picture(media_type)
        } else if bytes.starts_with(b"Rar!") || bytes.starts_with(b"7z\xbc\xaf") || bytes.starts_with(b"\x1f\x8b") {
            return Err(ReadError::Unsupported(FileKind::Archive));
        } else if mail::is_mail(head) {
            Form::Mail
        } else {
            text::refuse_other_kinds(bytes)?;
            Form::Xml
        },
    )
}

/// Whether a file begins as XML may: with `<` or a byte order mark.
fn looks_like_markup(bytes: &[u8]) -> bool {
    let marks: [&[u8]; 4] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0<"];
    bytes.trim_ascii_start().starts_with(b"<") || marks.iter().any(|m| bytes.starts_with(m))
}

fn open(bytes: &[u8], part: &str, depth: usize, found: &mut Found, budget: &mut Budget<'_>) -> Result<(), ReadError> {
    let form = form(bytes)?;
    let large = bytes.len() > budget.limits.max_file;
    match form {
        // A long scan is kept, not read.
        Form::Pdf if large && found.files.is_some() => {
            return found.add(part, bytes, "application/pdf", Vec::new(), budget);
        }
        Form::Pdf | Form::Zip | Form::Mail | Form::Picture(_) if large => {
            return Err(ReadError::TooLarge {
                limit: budget.limits.max_file,
                found: bytes.len(),
            });
        }
        _ => {}
    }
    match form {
        Form::Xml => {
            let other = |error| match error {
                ReadError::Encoding { .. } if !looks_like_markup(bytes) => ReadError::Unsupported(FileKind::Other),
                error => error,
            };
            let mut contents = Vec::new();
            let parts = read_xml(bytes, None, budget.limits).map_err(other)?;
            let signatures = crate::signatures(bytes);
            for one in parts {
                let mut invoice = one.finish(budget.limits)?;
                seal::note(&mut invoice, &signatures);
                contents.push(Content::Invoice(Box::new(invoice)));
            }
            found.add(part, bytes, "application/xml", contents, budget)
        }
        Form::Pdf => match pdf::read(bytes, budget) {
            Ok(contents) => found.add(part, bytes, "application/pdf", contents, budget),
            Err(error) if found.files.is_some() && keeps(&error) => {
                found.add(part, bytes, "application/pdf", Vec::new(), budget)
            }
            Err(error) => Err(error),
        },
        Form::Picture(media_type) => match picture::read(bytes, budget) {
            Ok(contents) => found.add(part, bytes, media_type, contents, budget),
            // A photo that was cut off in the sending may still be looked at.
            Err(ReadError::Damaged { .. } | ReadError::NothingInside { .. }) if found.files.is_some() => {
                found.add(part, bytes, media_type, vec![Content::Picture], budget)
            }
            Err(error) => Err(error),
        },
        Form::Zip => {
            let archive = Archive::open(bytes, FileKind::Zip, budget)?;
            if !ofd::is_ofd(&archive) {
                return entries(archive, part, depth, found, budget);
            }
            let contents = ofd::read(bytes, archive, budget)?;
            if contents.is_empty() {
                return Err(nothing(Vec::new(), &budget.used));
            }
            found.add(part, bytes, "application/ofd", contents, budget)
        }
        Form::Mail => {
            let parts = mail::parts(bytes, budget)?;
            let before = found.papers.len();
            for (name, bytes) in parts.files {
                inside(&bytes, &join(part, &name), depth, found, budget)?;
            }
            // The text of a mail counts only where nothing that it carries does.
            match parts.text.as_deref().and_then(mail::read_text) {
                Some(content) if found.papers.len() == before => {
                    found.add(part, bytes, "message/rfc822", vec![content], budget)
                }
                _ => Ok(()),
            }
        }
    }
}

/// Whether a PDF that is not read for this reason is a document all the same: damaged, locked, or only long.
fn keeps(error: &ReadError) -> bool {
    use Excess::{Glyphs, Operations, Pages};
    match error {
        ReadError::TooComplex { what, .. } => matches!(what, Glyphs | Operations | Pages),
        error => !error.is_attack() && error.field().is_none(),
    }
}

fn entries(
    mut archive: Archive<'_>,
    part: &str,
    depth: usize,
    found: &mut Found,
    budget: &mut Budget<'_>,
) -> Result<(), ReadError> {
    for index in 0..archive.names.len() {
        let name = archive.names[index].clone();
        let path = join(part, &name);
        // What the Finder of macOS leaves in archives.
        if name.starts_with("__MACOSX/") || name.ends_with(".DS_Store") {
            continue;
        }
        match archive.read(index, budget) {
            Ok(Some(bytes)) => inside(&bytes, &path, depth, found, budget)?,
            Ok(None) => {}
            Err(error) if error.is_attack() => return Err(error),
            Err(error) => found.refused.push((path, error)),
        }
    }
    Ok(())
}

/// Reads a file inside another.
fn inside(bytes: &[u8], path: &str, depth: usize, found: &mut Found, budget: &mut Budget<'_>) -> Result<(), ReadError> {
    budget.nested(depth + 1)?;
    match open(bytes, path, depth + 1, found, budget) {
        Err(error) if error.is_attack() => Err(error),
        Err(error) => {
            found.refused.push((path.to_owned(), error));
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

impl Found {
    fn add(
        &mut self,
        part: &str,
        bytes: &[u8],
        media_type: &'static str,
        contents: Vec<Content>,
        budget: &Budget<'_>,
    ) -> Result<(), ReadError> {
        if self.papers.len() + contents.len() > budget.limits.max_papers {
            return Err(ReadError::TooComplex {
                what: Excess::Papers,
                limit: budget.limits.max_papers,
            });
        }
        let part = part.to_owned();
        match &mut self.files {
            Some(files) => {
                let bytes = bytes.to_vec();
                // Counted as papers too, so that the bound holds and a mail's text does not stand beside its files.
                self.papers.extend(contents.iter().map(|_| Paper {
                    part: part.clone(),
                    content: Content::Picture,
                }));
                files.push(File {
                    part,
                    bytes,
                    media_type,
                    contents,
                });
            }
            None => self.papers.extend(contents.into_iter().map(|content| Paper {
                part: part.clone(),
                content,
            })),
        }
        Ok(())
    }
}

fn join(part: &str, name: &str) -> String {
    if part.is_empty() {
        name.to_owned()
    } else {
        format!("{part}/{name}")
    }
}
