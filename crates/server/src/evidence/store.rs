//! Rows of documents.

use outlay_core::claim::Claim;
use outlay_core::ids::EmployeeId;
use outlay_core::{Currency, Money};
use outlay_documents::Invoice;

use crate::app::App;
use crate::args;
use crate::auth::{Action, Person, Resource};
use crate::claims;
use crate::db::{Sql, Value};
use crate::error::Error;
use crate::people::stored;

/// A stored document, with the claim it is on.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Document {
    /// Its id.
    pub id: String,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
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
}

const SELECT: &str = "SELECT d.id, d.sha256, d.bytes, d.media_type, d.name, d.sealed_key, d.uploaded_by, d.uploaded_at, \
    d.invoice_identity, d.invoice, d.grade, d.gross_minor, d.currency, d.seller, d.issued_on, d.claim_id, \
    c.number AS claim_number, c.status AS claim_status FROM document d LEFT JOIN claim c ON c.id = d.claim_id";

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

/// Documents that `person` brought, the newest first; those on no live claim before others. `after` is the last id of
/// the page before.
pub async fn mine(
    sql: &mut Sql,
    person: &Person,
    only_free: bool,
    after: Option<&str>,
    most: u32,
) -> Result<Vec<Document>, Error> {
    let mut bound: Vec<Value> = args![person.id(), most];
    let mut text = format!("{SELECT} WHERE d.uploaded_by = $1");
    if only_free {
        text.push_str(" AND ");
        text.push_str(FREE);
    }
    if let Some(after) = after {
        text.push_str(" AND d.id < $3");
        bound.extend(args![after]);
    }
    text.push_str(" ORDER BY d.id DESC LIMIT $2");
    Ok(sql.all_built(text, bound).await?)
}

/// Documents on a claim.
pub async fn of_claim(sql: &mut Sql, claim: &Claim) -> Result<Vec<Document>, Error> {
    let text = format!("{SELECT} WHERE d.claim_id = $1 ORDER BY d.id");
    Ok(sql.all_built(text, args![claim.id]).await?)
}

/// How many documents `person` has, and how many of them are on no live claim.
pub async fn count(sql: &mut Sql, person: &Person) -> Result<(i64, i64), Error> {
    let text = format!(
        "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN {FREE} THEN 1 ELSE 0 END), 0) AS BIGINT) \
         FROM document d LEFT JOIN claim c ON c.id = d.claim_id WHERE d.uploaded_by = $1"
    );
    let rows: Vec<(i64, i64)> = sql.all_built(text, args![person.id()]).await?;
    Ok(rows.into_iter().next().unwrap_or_default())
}

/// A document by its id, whoever's; the caller has checked rights.
pub async fn by_id(sql: &mut Sql, id: &str) -> Result<Option<Document>, Error> {
    let rows: Vec<Document> = sql.all_built(format!("{SELECT} WHERE d.id = $1"), args![id]).await?;
    Ok(rows.into_iter().next())
}
