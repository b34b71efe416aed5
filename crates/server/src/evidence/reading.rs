//! Reading pictures after they were kept: a job, so that nobody waits for it, and that begins again where a process ended.

use std::sync::Arc;

use outlay_core::claim::Problem;
use outlay_core::ids::EmployeeId;
use outlay_documents::Invoice;
use uuid::Uuid;

use super::incoming::{Said, read_whole};
use super::shelf::{self, Shelf};
use super::store::{self, Document};
use super::take::{self, New};
use crate::app::App;
use crate::args;
use crate::auth::Permit;
use crate::db::Sql;
use crate::error::Error;
use crate::jobs::{Done, Failed, Job};
use crate::people::stored;

/// A picture whose reading ended its process, or took too long, so often is left unread.
const TRIES: i64 = 3;

/// The handler of `read_document`.
pub async fn job(app: Arc<App>, job: Job) -> Result<Done, Failed> {
    let id: String = serde_json::from_str(&job.payload).map_err(|e| Failed::Never(e.to_string()))?;
    let Some(document) = store::by_id(&mut app.db.read(), &id).await? else {
        return Ok(Some("the document is gone".into()));
    };
    if document.shelf() != Shelf::Reading {
        return Ok(None);
    }
    let owner: EmployeeId = stored(&document.uploaded_by)?;
    let found = if job.attempts > TRIES {
        Found::default()
    } else {
        let bytes = app.files.get(&app.vault, &document.id, &document.sealed_key).await?;
        match read_whole(document.name.clone(), bytes.clone()).await? {
            Ok(said) => found(&app, &document, owner, said, bytes).await?,
            Err(refusal) => Found {
                refusal: Some(refusal),
                ..Found::default()
            },
        }
    };
    let unread = found.invoice.is_none();
    let shared = Arc::new((app.clone(), document, owner, found));
    app.db
        .write(move |sql| {
            let shared = shared.clone();
            Box::pin(async move { write(sql, &shared.0, &shared.1, shared.2, &shared.3).await })
        })
        .await?;
    app.live.wake();
    Ok(unread.then(|| "nothing was read".into()))
}

/// What reading gave.
#[derive(Default)]
struct Found {
    invoice: Option<Invoice>,
    /// Further invoices of the same file, which become documents of their own.
    more: Vec<New>,
    prints: Option<[outlay_documents::picture::Print; 4]>,
    refusal: Option<Problem>,
}

async fn found(app: &App, document: &Document, owner: EmployeeId, said: Said, bytes: Vec<u8>) -> Result<Found, Error> {
    let org = app.org(&mut app.db.read()).await?;
    let part = usize::try_from(document.part).unwrap_or(0);
    let mut invoices = said.invoices;
    let more = if part == 0 && !invoices.is_empty() {
        invoices.split_off(1)
    } else {
        Vec::new()
    };
    let invoice = match part {
        0 => invoices.pop().flatten(),
        _ => invoices.into_iter().nth(part).flatten(),
    };
    let mut kept = Vec::new();
    for (n, invoice) in (1..).zip(more) {
        let Some(invoice) = invoice else { continue };
        let id = Uuid::now_v7().to_string();
        kept.push(New {
            name: document.name.clone(),
            sha256: document.sha256.clone(),
            part: n,
            bytes: bytes.len(),
            media_type: media_type(&document.media_type),
            paper: None,
            sealed_key: app.files.put(&app.vault, &id, bytes.clone()).await?,
            owner,
            state: shelf::of_invoice(&invoice, &org),
            invoice: Some(invoice),
            id,
        });
    }
    Ok(Found {
        invoice,
        more: kept,
        prints: said.prints,
        refusal: None,
    })
}

fn media_type(stored: &str) -> &'static str {
    let known = [
        "application/pdf",
        "application/ofd",
        "image/jpeg",
        "image/png",
        "image/webp",
    ];
    known
        .into_iter()
        .find(|k| *k == stored)
        .unwrap_or("application/octet-stream")
}

async fn write(sql: &mut Sql, app: &App, document: &Document, owner: EmployeeId, found: &Found) -> Result<(), Error> {
    let id = document.id.as_str();
    // Another worker may have taken the job over and ended it meanwhile.
    let now: Option<(String,)> = sql.maybe("SELECT state FROM document WHERE id = $1", args![id]).await?;
    if now.is_none_or(|(state,)| state != Shelf::Reading.code()) {
        return Ok(());
    }
    let org = app.org(sql).await?;
    let state = match (&found.invoice, &found.refusal) {
        (Some(invoice), _) => shelf::of_invoice(invoice, &org),
        (None, Some(_)) => Shelf::Invalid,
        (None, None) => Shelf::Unread,
    };
    take::said(sql, app, (id, owner, &document.name), state, found.invoice.as_ref()).await?;
    if let Some(refusal) = &found.refusal {
        sql.run(
            "UPDATE document SET refusal = $1 WHERE id = $2",
            args![serde_json::to_string(refusal)?, id],
        )
        .await?;
    }
    if let Some(prints) = &found.prints {
        let near = store::alike(sql, prints, id).await?;
        store::put_print(sql, id, &prints[0], near).await?;
    }
    let permit = Permit::system("reader", "addDocument");
    for new in &found.more {
        take::insert(sql, app, &permit, new).await?;
    }
    Ok(())
}
