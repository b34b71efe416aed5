//! OFD (GB/T 33190): a ZIP of XML. What its invoices say is taken, the best proof first, from attached XML, from tags
//! that point at texts, from custom data, and from the text of the pages; each fills only what the ones before lack.

mod codes;
mod draw;
mod leaf;
mod package;
mod pages;
mod paths;
mod pictures;
mod resources;
mod tags;

use crate::archive::Archive;
use crate::china::{self, Found, Raw};
use crate::china_face;
use crate::error::ReadError;
use crate::invoice::{CheckKind, Dialect, Invoice, SourceKind};
use crate::limits::{Budget, Counters};
use crate::paper::Content;
use crate::sheet::Row;
use crate::tree::Tree;
use crate::{Part, qr, read_xml, seal};

use package::{Document, Package};
use pages::Pages;

pub(crate) use draw::page as draw_page;

/// Whether an archive is an OFD file.
pub(crate) fn is_ofd(archive: &Archive<'_>) -> bool {
    archive.find("OFD.xml").is_some()
}

/// Reads every invoice of an OFD file; none where it holds some other document. Pages that are nothing but pictures are
/// read as such; [`Content::Picture`] where they say nothing.
pub(crate) fn read(bytes: &[u8], archive: Archive<'_>, budget: &mut Budget<'_>) -> Result<Vec<Content>, ReadError> {
    let mut package = Package::new(archive);
    let mut invoices = Vec::new();
    // Pages that show pictures and no text at all.
    let mut pictured = 0;
    let mut texts = false;
    for document in package.documents(budget)? {
        let pages = package.pages(&document, budget)?;
        texts |= pages.has_text();
        if pages.pictured {
            pictured += package.page_count(&document, budget)?;
        }
        let mut found = one(&mut package, &document, pages, budget)?;
        if !found.is_empty() {
            let signatures = package.checked(&document, budget)?;
            for invoice in &mut found {
                seal::note(invoice, &signatures);
            }
        }
        invoices.extend(found);
    }
    if invoices.is_empty() && pictured > 0 && !texts {
        return pictures_of(bytes, budget);
    }
    Ok(invoices.into_iter().map(|i| Content::Invoice(Box::new(i))).collect())
}

/// What the pages say, read as they are drawn.
fn pictures_of(bytes: &[u8], budget: &mut Budget<'_>) -> Result<Vec<Content>, ReadError> {
    let mut contents = Vec::new();
    let mut number = 1;
    while budget.reads_pictures() {
        let mut drawing = Budget {
            limits: budget.limits,
            used: Counters::default(),
        };
        let drawn = match draw_page(bytes, number, &mut drawing) {
            Ok(drawn) => drawn,
            Err(error) if error.is_attack() => return Err(error),
            Err(_) => break,
        };
        let pages = drawn.pages;
        contents.extend(drawn.read(number, budget)?);
        if number >= pages {
            break;
        }
        number += 1;
    }
    if contents.is_empty() {
        contents.push(Content::Picture);
    }
    Ok(contents)
}

/// The invoices of one document.
fn one(
    package: &mut Package<'_>,
    document: &Document,
    pages: Pages,
    budget: &mut Budget<'_>,
) -> Result<Vec<Invoice>, ReadError> {
    let mut whole = Vec::new();
    let mut sources: Vec<(Dialect, Raw)> = Vec::new();
    for path in package.attachments(document, budget)? {
        let Some(bytes) = package.read(&path, budget)? else {
            continue;
        };
        match read_xml(&bytes, None, budget.limits) {
            Ok(parts) => {
                for part in parts {
                    match part {
                        Part::China(dialect, mut raw) => {
                            raw.came_from(SourceKind::Attachment);
                            sources.push((dialect, *raw));
                        }
                        Part::Whole(mut invoice) => {
                            invoice.came_from(SourceKind::Attachment);
                            whole.push(*invoice);
                        }
                    }
                }
            }
            Err(error) if error.is_attack() => return Err(error),
            // Other attachments are none of ours.
            Err(_) => {}
        }
    }
    for path in package.tag_files(document, budget)? {
        let Some(bytes) = package.read(&path, budget)? else {
            continue;
        };
        let tags = tags::read(&String::from_utf8_lossy(&bytes), &pages);
        sources.push((Dialect::ChinaFace, china_face::from_tags(&tags)));
    }
    sources.push((Dialect::ChinaFace, custom_data(&document.custom_data)));
    let coded = codes::texts(package, document, &pages, budget)?;
    let rows: Vec<Vec<Row>> = pages.into_rows();
    for raw in china_face::from_rows(rows) {
        sources.push((Dialect::ChinaFace, raw));
    }
    let mut invoices = merge(sources, budget)?;
    qr::compare_all(&mut invoices, &coded);
    invoices.append(&mut whole);
    Ok(invoices)
}

fn custom_data(data: &[(String, String)]) -> Raw {
    let mut raw = Raw::default();
    for (name, text) in data {
        let found = Found {
            kind: SourceKind::CustomData,
            ..Found::new(text.clone(), format!("CustomData {name}"))
        };
        china_face::named(&mut raw, name, found);
    }
    raw
}

/// Puts together what belongs to one invoice: what has its number, and what has none if there is one invoice only.
pub(crate) fn merge(sources: Vec<(Dialect, Raw)>, budget: &Budget<'_>) -> Result<Vec<Invoice>, ReadError> {
    let mut numbers: Vec<String> = Vec::new();
    for (_, raw) in &sources {
        if let Some(number) = raw.folded_number().filter(|n| is_number(n))
            && !numbers.contains(&number)
        {
            numbers.push(number);
        }
    }
    let mut invoices: Vec<(Dialect, Raw, Vec<String>)> = Vec::new();
    for (dialect, raw) in sources {
        let number = raw.folded_number().filter(|n| is_number(n));
        let same = invoices.iter_mut().find(|(_, before, _)| match &number {
            Some(number) => before.folded_number().is_none_or(|b| b == *number || !is_number(&b)),
            None => numbers.len() <= 1,
        });
        match same {
            Some((_, before, differences)) => before.fill(raw, differences),
            None if number.is_some() || numbers.is_empty() => invoices.push((dialect, raw, Vec::new())),
            None => {}
        }
    }
    let mut read = Vec::new();
    for (dialect, raw, differences) in invoices {
        let mut invoice = match china::finish(dialect, raw, budget.limits) {
            Ok(invoice) => invoice,
            Err(ReadError::NoInvoice) => continue,
            Err(error) => return Err(error),
        };
        let kinds: Vec<SourceKind> = invoice.sources.values().map(|s| s.kind).collect();
        let several = kinds.iter().any(|k| *k != kinds[0] && *k != SourceKind::Inferred);
        if several || !differences.is_empty() {
            let short: String = differences.join("; ").chars().take(300).collect();
            let detail = if short.is_empty() {
                "all places say the same".to_owned()
            } else {
                short
            };
            invoice.add_check(CheckKind::SourcesAgree, differences.is_empty(), detail);
        }
        read.push(invoice);
    }
    Ok(read)
}

fn is_number(text: &str) -> bool {
    matches!(text.len(), 8 | 20) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Reads XML of the package itself; what is damaged counts as missing, what is an attack does not.
fn tree(bytes: &[u8], budget: &Budget<'_>) -> Result<Option<Tree>, ReadError> {
    let text = match crate::text::decode(bytes) {
        Ok(text) => text,
        Err(error) if error.is_attack() => return Err(error),
        Err(_) => return Ok(None),
    };
    match Tree::parse(&text, budget.limits) {
        Ok(tree) => Ok(Some(tree)),
        Err(error) if error.is_attack() => Err(error),
        Err(_) => Ok(None),
    }
}
