//! The documents beside the form.

use crate::auth::Person;
use crate::claims::input::ClaimInput;
use crate::db::Sql;
use crate::error::Error;
use crate::evidence;
use crate::evidence::shelf::Shelf;
use crate::shell::W;

/// A document that may become a line, or is one.
#[derive(Debug, Clone)]
pub struct DocumentRow {
    /// Its id.
    pub id: String,
    /// Seller, else file name.
    pub title: String,
    /// Number, else kind.
    pub note: String,
    /// How good a proof it is.
    pub grade: String,
    /// The line that uses it, from 1.
    pub line: Option<usize>,
    /// Whether it has just come and should become a line at once.
    pub fresh: bool,
    /// Whether its picture is being read.
    pub reading: bool,
}

/// Documents of the lines, then the free ones of `person`.
pub async fn documents(sql: &mut Sql, person: &Person, w: W, input: &ClaimInput) -> Result<Vec<DocumentRow>, Error> {
    let mut rows = Vec::new();
    let mut seen = Vec::new();
    for (i, line) in input.lines.iter().enumerate() {
        if line.document.is_empty() || seen.contains(&line.document) {
            continue;
        }
        seen.push(line.document.clone());
        if let Some(document) = evidence::store::by_id(sql, &line.document).await? {
            rows.push(document_row(w, &document, Some(i + 1))?);
        }
    }
    let usable = [
        Shelf::Reading,
        Shelf::Unread,
        Shelf::Ready,
        Shelf::Duplicate,
        Shelf::Invalid,
    ];
    let filter = evidence::store::Filter {
        free: true,
        shelves: &usable,
        ..Default::default()
    };
    for document in evidence::store::mine(sql, person, filter, 20).await? {
        if document.refusal.is_none() && !seen.contains(&document.id) {
            rows.push(document_row(w, &document, None)?);
        }
    }
    Ok(rows)
}

fn document_row(w: W, document: &evidence::store::Document, line: Option<usize>) -> Result<DocumentRow, Error> {
    let invoice = document.read()?;
    Ok(DocumentRow {
        id: document.id.clone(),
        title: document.seller.clone().unwrap_or_else(|| document.name.clone()),
        note: match invoice.and_then(|i| i.number) {
            Some(number) => number,
            None => w.t(evidence::view::kind_key(document, None)),
        },
        grade: document.grade.clone(),
        line,
        fresh: false,
        reading: document.shelf() == Shelf::Reading,
    })
}
