//! Taking documents in: the bytes first, then the row.

use std::sync::Arc;

use outlay_core::claim::{Refusal, Taken};
use outlay_core::ids::ClaimId;
use uuid::Uuid;

use super::incoming::Incoming;
use super::store;
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::{Action, Permit, Person, Resource};
use crate::claims;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;

/// Keeps a file and gives its id. The same bytes from the same person are the document that exists. An invoice that a
/// live claim other than `claim` holds is refused.
pub async fn take(
    app: &Arc<App>,
    permit: &Permit,
    person: &Person,
    claim: Option<ClaimId>,
    file: Incoming,
) -> Result<String, Error> {
    let mut sql = app.db.read();
    let known = store::same(&mut sql, person, &file.sha256, file.part).await?;
    if known.is_none() || claim.is_some() {
        let identity = file.invoice.as_ref().and_then(|i| i.identity.as_ref());
        if let Some(identity) = identity {
            free(&mut sql, app, person, identity.as_str(), claim).await?;
        }
    }
    if let Some(known) = known {
        return Ok(known.id);
    }
    let id = Uuid::now_v7().to_string();
    let row = row(&id, &file)?;
    let sealed_key = app.files.put(&app.vault, &id, file.bytes).await?;
    let shared = Arc::new((permit.clone(), person.id(), row, sealed_key));
    app.db
        .write(move |sql| {
            let shared = shared.clone();
            Box::pin(async move {
                let (permit, me, row, sealed_key) = &*shared;
                let made = sql
                    .run(
                        "INSERT INTO document (id, sha256, bytes, media_type, name, sealed_key, uploaded_by, uploaded_at, \
                         invoice_identity, invoice, grade, gross_minor, currency, seller, issued_on, part, claim_id) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, NULL) \
                         ON CONFLICT (sha256, uploaded_by, part) DO NOTHING",
                        args![
                            &row.id,
                            &row.sha256,
                            row.bytes,
                            row.media_type,
                            &row.name,
                            sealed_key,
                            *me,
                            now().as_microsecond(),
                            row.identity.clone(),
                            row.invoice.clone(),
                            &row.grade,
                            row.gross_minor,
                            row.currency,
                            row.seller.clone(),
                            row.issued_on,
                            row.part
                        ],
                    )
                    .await?;
                if made == 0 {
                    // The same file came twice at once; the other one is kept, ours is swept.
                    let (id,): (String,) = sql
                        .one(
                            "SELECT id FROM document WHERE sha256 = $1 AND uploaded_by = $2 AND part = $3",
                            args![&row.sha256, *me, row.part],
                        )
                        .await?;
                    return Ok(id);
                }
                let about = format!("document:{}", row.id);
                audit::note(sql, permit.actor(), permit.action(), &about, row.media_type).await?;
                Ok(row.id.clone())
            })
        })
        .await
}

struct Row {
    id: String,
    sha256: String,
    part: i64,
    bytes: usize,
    media_type: &'static str,
    name: String,
    identity: Option<String>,
    invoice: Option<String>,
    grade: String,
    gross_minor: Option<i64>,
    currency: Option<&'static str>,
    seller: Option<String>,
    issued_on: Option<jiff::civil::Date>,
}

fn row(id: &str, file: &Incoming) -> Result<Row, Error> {
    let invoice = file.invoice.as_ref();
    let gross = invoice.and_then(|i| i.gross);
    Ok(Row {
        id: id.to_owned(),
        sha256: file.sha256.clone(),
        part: file.part,
        bytes: file.bytes.len(),
        media_type: file.media_type,
        name: file.name.clone(),
        identity: invoice.and_then(|i| i.identity.as_ref()).map(ToString::to_string),
        invoice: invoice.map(serde_json::to_string).transpose()?,
        grade: format!("{:?}", file.grade()),
        gross_minor: gross.map(|g| g.minor),
        currency: gross.map(|g| g.currency.code()),
        seller: invoice.and_then(|i| i.seller.name.clone()),
        issued_on: invoice.and_then(|i| i.issued_on),
    })
}

/// Refuses an invoice that a live claim other than `claim` holds.
pub async fn free(
    sql: &mut Sql,
    app: &App,
    person: &Person,
    identity: &str,
    claim: Option<ClaimId>,
) -> Result<(), Error> {
    let row: Option<(String, String)> = sql
        .maybe(
            "SELECT claim_id, since FROM invoice_use WHERE identity = $1",
            args![identity],
        )
        .await?;
    let Some((holder, since)) = row else { return Ok(()) };
    let holder: ClaimId = stored(&holder)?;
    if Some(holder) == claim {
        return Ok(());
    }
    Err(taken(sql, app, person, holder, stored(&since)?).await?)
}

async fn taken(
    sql: &mut Sql,
    app: &App,
    person: &Person,
    holder: ClaimId,
    on: jiff::civil::Date,
) -> Result<Error, Error> {
    let other = claims::store::load(sql, holder).await?;
    let facts = claims::store::facts(&other);
    let may = app.rights.may(person, Action::ReadClaim, &Resource::Claim(&facts));
    Ok(Error::InvoiceTaken {
        on,
        claim: may.then_some(other.number),
    })
}

/// Names the claim that holds an invoice to those alone who may read it.
pub async fn veil(app: &App, person: &Person, error: Error) -> Error {
    let Error::Refused(Refusal::Taken { taken: all }) = &error else {
        return error;
    };
    let Some(Taken { claim, on, .. }) = all.first().cloned() else {
        return error;
    };
    taken(&mut app.db.read(), app, person, claim, on)
        .await
        .unwrap_or_else(|e| e)
}
