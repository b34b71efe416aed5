//! Rows of documents.

use std::collections::{BTreeMap, BTreeSet};

use outlay_core::claim::Claim;
use outlay_core::ids::EmployeeId;
use outlay_core::{Currency, Money};
use outlay_documents::Invoice;
use outlay_documents::picture::Print;

use super::shelf::Shelf;
use crate::app::App;
use crate::args;
use crate::auth::{Action, Person, Resource};
use crate::claims;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::people::stored;
use crate::search;

/// A stored document, with the claim it is on.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Document {
    /// Its id.
    pub id: String,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Which of the file's invoices it is, from 0.
    pub part: i64,
    /// How many they are.
    pub bytes: i64,
    /// What it is.
    pub media_type: String,
    /// The file's name.
    pub name: String,
    /// Its key, sealed.
    pub sealed_key: String,
    /// Who brought it.
    pub uploaded_by: String,
    /// When, in microseconds.
    pub uploaded_at: i64,
    /// Its invoice's identity.
    pub invoice_identity: Option<String>,
    /// What was read, as JSON.
    pub invoice: Option<String>,
    /// How good a proof it is.
    pub grade: String,
    /// Gross amount in minor units.
    pub gross_minor: Option<i64>,
    /// Its currency.
    pub currency: Option<String>,
    /// Who sold.
    pub seller: Option<String>,
    /// Day of issue.
    pub issued_on: Option<String>,
    /// The claim it was last put on.
    pub claim_id: Option<String>,
    /// That claim's number.
    pub claim_number: Option<String>,
    /// That claim's status.
    pub claim_status: Option<String>,
    /// What it is by itself, see [`Shelf`].
    pub state: String,
    /// Where its owner finds it.
    pub shelf: String,
    /// Its owner's first document of the same invoice.
    pub first_id: Option<String>,
    /// Why it could not be read, as JSON.
    pub refusal: Option<String>,
    /// The kind that its title names, see [`Document::paper`].
    pub paper: Option<String>,
    /// The number of the invoice that it reverses.
    pub red_of: Option<String>,
    /// The document that reverses it.
    pub reversed_by: Option<String>,
    /// The first of the pictures that look the same.
    pub near_id: Option<String>,
    /// What the tax bureau said of it last, if it was asked.
    pub verified: Option<String>,
}

const SELECT: &str = "SELECT d.id, d.sha256, d.part, d.bytes, d.media_type, d.name, d.sealed_key, d.uploaded_by, d.uploaded_at, \
    d.invoice_identity, d.invoice, d.grade, d.gross_minor, d.currency, d.seller, d.issued_on, d.claim_id, \
    c.number AS claim_number, c.status AS claim_status, \
    d.state, d.shelf, d.first_id, d.refusal, d.paper, d.red_of, d.reversed_by, d.near_id, v.state AS verified FROM document d LEFT JOIN claim c ON c.id = d.claim_id \
    LEFT JOIN verification v ON v.document_id = d.id";

/// Those that no live claim has.
const FREE: &str = "(d.claim_id IS NULL OR c.status IN ('withdrawn', 'rejected'))";

impl Document {
    /// What was read.
    pub fn read(&self) -> Result<Option<Invoice>, Error> {
        Ok(self.invoice.as_deref().map(serde_json::from_str).transpose()?)
    }

    /// The gross amount.
    pub fn gross(&self) -> Option<Money> {
        let currency = Currency::parse(self.currency.as_deref()?).ok()?;
        Some(Money::new(self.gross_minor?, currency))
    }

    /// The kind that its title names, as tax law tells them apart.
    pub fn paper(&self) -> Option<outlay_core::tax::Paper> {
        super::tax::paper::parse(self.paper.as_deref()?)
    }

    /// Its shelf.
    pub fn shelf(&self) -> Shelf {
        Shelf::parse(&self.shelf).unwrap_or(Shelf::Unread)
    }

    /// Whether no live claim has it.
    pub fn is_free(&self) -> bool {
        matches!(self.claim_status.as_deref(), None | Some("withdrawn" | "rejected"))
    }
}

/// The document `id`, if `person` brought it or may read the claim it is on; otherwise it does not exist for them.
pub async fn readable(sql: &mut Sql, app: &App, person: &Person, id: &str) -> Result<Document, Error> {
    let rows: Vec<Document> = sql.all_built(format!("{SELECT} WHERE d.id = $1"), args![id]).await?;
    let document = rows.into_iter().next().ok_or(Error::NotFound("document"))?;
    let uploader: EmployeeId = stored(&document.uploaded_by)?;
    let own = Resource::Document(document.id.clone(), uploader);
    if app.rights.may(person, Action::ReadDocument, &own) || reads_claim(sql, app, person, &document).await? {
        Ok(document)
    } else {
        Err(Error::NotFound("document"))
    }
}

/// Whether `person` may read the claim that a document is on.
pub async fn reads_claim(sql: &mut Sql, app: &App, person: &Person, document: &Document) -> Result<bool, Error> {
    let Some(claim) = &document.claim_id else {
        return Ok(false);
    };
    let claim: Claim = claims::store::load(sql, stored(claim)?).await?;
    let facts = claims::store::facts(&claim);
    Ok(app.rights.may(person, Action::ReadClaim, &Resource::Claim(&facts)))
}

/// The document that `person` brought with the same bytes, and of the same part of them.
pub async fn same(sql: &mut Sql, person: &Person, sha256: &str, part: i64) -> Result<Option<Document>, Error> {
    let text = format!("{SELECT} WHERE d.sha256 = $1 AND d.uploaded_by = $2 AND d.part = $3");
    let rows: Vec<Document> = sql.all_built(text, args![sha256, person.id(), part]).await?;
    Ok(rows.into_iter().next())
}

/// What a list of documents is narrowed to.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    /// Only those on no live claim.
    pub free: bool,
    /// Only those on these shelves; all if empty.
    pub shelves: &'a [Shelf],
    /// Only those in which every two characters of this occur.
    pub words: &'a str,
    /// The last id of the page before.
    pub after: Option<&'a str>,
}

/// Documents that `person` brought, the newest first.
pub async fn mine(sql: &mut Sql, person: &Person, filter: Filter<'_>, most: u32) -> Result<Vec<Document>, Error> {
    let mut bound: Vec<Value> = args![person.id(), most];
    let mut text = format!("{SELECT} WHERE d.uploaded_by = $1");
    if filter.free {
        text.push_str(" AND ");
        text.push_str(FREE);
    }
    if !filter.shelves.is_empty() {
        let list = dialect::list(bound.len() + 1, filter.shelves.len());
        text.push_str(&format!(" AND d.shelf IN ({list})"));
        bound.extend(filter.shelves.iter().map(|s| Value::from(s.code())));
    }
    if !filter.words.trim().is_empty() {
        let Some((ids, values)) = search::matching("document", filter.words, bound.len() + 1) else {
            return Ok(Vec::new());
        };
        text.push_str(&format!(" AND d.id IN {ids}"));
        bound.extend(values);
    }
    if let Some(after) = filter.after {
        text.push_str(&format!(" AND d.id < ${}", bound.len() + 1));
        bound.extend(args![after]);
    }
    text.push_str(" ORDER BY d.id DESC LIMIT $2");
    Ok(sql.all_built(text, bound).await?)
}

/// How many documents `person` has on each shelf that has any.
pub async fn counts(sql: &mut Sql, person: &Person) -> Result<BTreeMap<String, i64>, Error> {
    let rows: Vec<(String, i64)> = sql
        .all(
            "SELECT shelf, COUNT(*) FROM document WHERE uploaded_by = $1 GROUP BY shelf",
            args![person.id()],
        )
        .await?;
    Ok(rows.into_iter().collect())
}

/// How many documents of `person` no live claim has.
pub async fn count_free(sql: &mut Sql, person: &Person) -> Result<i64, Error> {
    let held = [Shelf::Matched.code(), Shelf::Claimed.code()];
    let counts = counts(sql, person).await?.into_iter();
    Ok(counts
        .filter(|(s, _)| !held.contains(&s.as_str()))
        .map(|(_, n)| n)
        .sum())
}

/// Makes a document findable by its file's name and what was read of it.
pub async fn index(sql: &mut Sql, id: &str, name: &str, invoice: Option<&Invoice>) -> Result<(), Error> {
    let number = invoice.and_then(|i| i.number.clone()).unwrap_or_default();
    let seller = invoice.and_then(|i| i.seller.name.clone()).unwrap_or_default();
    let gross = invoice.and_then(|i| i.gross).map(|g| g.plain()).unwrap_or_default();
    search::index(sql, "document", id, &[name, &number, &seller, &gross]).await
}

/// Documents on a claim.
pub async fn of_claim(sql: &mut Sql, claim: &Claim) -> Result<Vec<Document>, Error> {
    let text = format!("{SELECT} WHERE d.claim_id = $1 ORDER BY d.id");
    Ok(sql.all_built(text, args![claim.id]).await?)
}

/// A document by its id, whoever's; the caller has checked rights.
pub async fn by_id(sql: &mut Sql, id: &str) -> Result<Option<Document>, Error> {
    let rows: Vec<Document> = sql.all_built(format!("{SELECT} WHERE d.id = $1"), args![id]).await?;
    Ok(rows.into_iter().next())
}

/// The first document of `owner` with an invoice's identity, other than `id`.
pub async fn first(sql: &mut Sql, owner: EmployeeId, identity: &str, id: &str) -> Result<Option<String>, Error> {
    let row: Option<(String,)> = sql
        .maybe(
            "SELECT id FROM document WHERE invoice_identity = $1 AND uploaded_by = $2 AND id <> $3 ORDER BY id LIMIT 1",
            args![identity, owner, id],
        )
        .await?;
    Ok(row.map(|(id,)| id))
}

/// The first picture that looks like one of `prints`, whoever brought it; all that look the same lead to one.
pub async fn alike(sql: &mut Sql, prints: &[Print; 4], id: &str) -> Result<Option<String>, Error> {
    let marks: BTreeSet<String> = prints.iter().flat_map(Print::marks).collect();
    let text = format!(
        "SELECT COALESCE(near_id, id), print FROM document WHERE id IN (SELECT document_id FROM picture_mark WHERE mark {}) AND id <> $2 \
         ORDER BY id",
        dialect::among(sql, 1)
    );
    let marks = dialect::texts(marks.iter().map(String::as_str));
    let mut values = vec![marks];
    values.extend(args![id]);
    let rows: Vec<(String, Option<String>)> = sql.all_built(text, values).await?;
    let looks_alike = |print: &Option<String>| {
        let kept: Option<Print> = print.as_deref().and_then(|p| p.parse().ok());
        kept.is_some_and(|kept| prints.iter().any(|p| p.is_near(&kept)))
    };
    let found = rows.into_iter().find(|(_, print)| looks_alike(print));
    Ok(found.map(|(id, _)| id))
}

/// Keeps what a picture looks like, and the earlier one that looks the same.
pub async fn put_print(sql: &mut Sql, id: &str, print: &Print, near: Option<String>) -> Result<(), Error> {
    sql.run(
        "UPDATE document SET print = $1, near_id = $2 WHERE id = $3",
        args![print.to_string(), near, id],
    )
    .await?;
    let rows = print.marks().into_iter().map(|mark| args![mark, id]).collect();
    sql.insert_all(
        "picture_mark",
        &["mark", "document_id"],
        rows,
        "ON CONFLICT (mark, document_id) DO NOTHING",
    )
    .await?;
    Ok(())
}
