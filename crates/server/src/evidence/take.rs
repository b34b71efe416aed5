//! Taking documents in: the bytes first, then the row.

use std::sync::Arc;

use outlay_core::claim::{Refusal, Taken};
use outlay_core::ids::{ClaimId, EmployeeId};
use outlay_core::tax::Paper;
use outlay_documents::Invoice;
use uuid::Uuid;

use super::incoming::{Incoming, grade};
use super::reversal;
use super::shelf::{self, Shelf};
use super::store;
use super::tax::paper;
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::{Action, Permit, Person, Resource};
use crate::claims;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;
use crate::jobs::{self, NewJob};
use crate::people::stored;
use crate::verify;

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
    let org = app.org(&mut sql).await?;
    let state = match &file.invoice {
        Some(invoice) => shelf::of_invoice(invoice, &org),
        None if file.pictured => Shelf::Reading,
        None => Shelf::Unread,
    };
    let new = New {
        id: id.clone(),
        name: file.name,
        sha256: file.sha256,
        part: file.part,
        bytes: file.bytes.len(),
        media_type: file.media_type,
        paper: file.paper,
        sealed_key: app.files.put(&app.vault, &id, file.bytes).await?,
        owner: person.id(),
        invoice: file.invoice,
        state,
    };
    let shared = Arc::new((app.clone(), permit.clone(), new));
    let id = app
        .db
        .write(move |sql| {
            let shared = shared.clone();
            Box::pin(async move { insert(sql, &shared.0, &shared.1, &shared.2).await })
        })
        .await?;
    if matches!(state, Shelf::Reading | Shelf::Red) {
        app.live.wake();
    }
    Ok(id)
}

/// A document whose bytes lie in the folder.
pub struct New {
    /// Its id.
    pub id: String,
    /// The file's name.
    pub name: String,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Which of the file's invoices it is, from 0.
    pub part: i64,
    /// How many bytes.
    pub bytes: usize,
    /// What it is.
    pub media_type: &'static str,
    /// The kind that its title names.
    pub paper: Option<Paper>,
    /// Its key, sealed.
    pub sealed_key: String,
    /// Who brought it.
    pub owner: EmployeeId,
    /// What it says.
    pub invoice: Option<Invoice>,
    /// What it is by itself, before others are looked at.
    pub state: Shelf,
}

/// Writes the row of a document; the id of the one that exists, if the same file came twice at once: ours is swept then.
/// One whose pictures are to be read is given to the job in the same commit.
pub async fn insert(sql: &mut Sql, app: &App, permit: &Permit, new: &New) -> Result<String, Error> {
    let made = sql
        .run(
            "INSERT INTO document (id, sha256, bytes, media_type, name, sealed_key, uploaded_by, uploaded_at, part, grade, \
             state, shelf, paper) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'C', $10, $10, $11) \
             ON CONFLICT (sha256, uploaded_by, part) DO NOTHING",
            args![
                &new.id,
                &new.sha256,
                new.bytes,
                new.media_type,
                &new.name,
                &new.sealed_key,
                new.owner,
                now().as_microsecond(),
                new.part,
                new.state.code(),
                new.paper.map(paper::code)
            ],
        )
        .await?;
    if made == 0 {
        let (id,): (String,) = sql
            .one(
                "SELECT id FROM document WHERE sha256 = $1 AND uploaded_by = $2 AND part = $3",
                args![&new.sha256, new.owner, new.part],
            )
            .await?;
        return Ok(id);
    }
    if new.state == Shelf::Reading {
        let job = NewJob {
            kind: "read_document",
            key: format!("read_document:{}", new.id),
            ordering: None,
        };
        jobs::enqueue(sql, job, &new.id).await?;
    }
    said(
        sql,
        app,
        (&new.id, new.owner, &new.name),
        new.state,
        new.invoice.as_ref(),
    )
    .await?;
    let about = format!("document:{}", new.id);
    audit::note(sql, permit.actor(), permit.action(), &about, new.media_type).await?;
    Ok(new.id.clone())
}

/// Writes what a document says, and what that makes of it: a duplicate, or an invoice that another one reverses.
pub async fn said(
    sql: &mut Sql,
    app: &App,
    (id, owner, name): (&str, EmployeeId, &str),
    state: Shelf,
    invoice: Option<&Invoice>,
) -> Result<(), Error> {
    store::index(sql, id, name, invoice).await?;
    let identity = invoice.and_then(|i| i.identity.as_ref()).map(ToString::to_string);
    let (mut state, mut first) = (state, None);
    if let Some(identity) = identity.as_deref().filter(|_| state != Shelf::Red) {
        first = store::first(sql, owner, identity, id).await?;
        let held: Option<(String,)> = sql
            .maybe("SELECT claim_id FROM invoice_use WHERE identity = $1", args![identity])
            .await?;
        if first.is_some() || held.is_some() {
            state = Shelf::Duplicate;
        }
    }
    let gross = invoice.and_then(|i| i.gross);
    sql.run(
        "UPDATE document SET invoice_identity = $1, invoice = $2, grade = $3, gross_minor = $4, currency = $5, seller = $6, \
         issued_on = $7, state = $8, shelf = $8, first_id = $9, red_of = $10 WHERE id = $11",
        args![
            identity,
            invoice.map(serde_json::to_string).transpose()?,
            grade(invoice).code(),
            gross.map(|g| g.minor),
            gross.map(|g| g.currency.code()),
            invoice.and_then(|i| i.seller.name.clone()),
            invoice.and_then(|i| i.issued_on),
            state.code(),
            first,
            invoice.and_then(|i| i.red_of.clone()).filter(|_| state == Shelf::Red),
            id
        ],
    )
    .await?;
    match invoice {
        Some(red) if state == Shelf::Red => reversal::red_came(sql, app, id, red).await,
        Some(blue) => {
            reversal::blue_came(sql, id, blue).await?;
            verify::want(sql, id, blue).await.map(drop)
        }
        None => Ok(()),
    }
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
