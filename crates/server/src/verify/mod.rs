//! Asking a verification service whether an invoice is genuine: by a job, once per question; what it answers is kept beside the
//! document, and an invoice that the bureau has as reversed or void goes the way of one whose red-letter invoice came.

mod api;
mod config;
mod job;
mod pages;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post, put};
use outlay_connect::verify::Question;
use outlay_documents::{Invoice, SourceKind};
use serde::{Deserialize, Serialize};

pub use api::Api;
pub use job::job;
pub use view::{VerificationView, of_document};

use crate::app::App;
use crate::args;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;
use crate::jobs::{self, NewJob};

/// Pages and API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/verification", get(pages::page).post(pages::save))
        .route("/settings/verification/test", post(pages::test))
        .route("/settings/verification/pause", post(pages::pause))
        .route("/receipts/{id}/verification", post(pages::ask))
        .route("/api/v1/verifier", get(api::show).put(api::replace))
        .route("/api/v1/verifier/test", post(api::test))
        .route("/api/v1/verifier/pause", put(api::pause))
        .route("/api/v1/documents/{id}/verification", post(api::ask))
}

/// What a `verify` job is about: the `n`th question about a document.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct VerifyJob {
    document: String,
    n: i64,
}

/// What may be asked about an invoice: of Chinese ones, with what is surely read; none where too little is.
fn question(invoice: &Invoice) -> Option<Question> {
    let sure = |field: &str| {
        let source = invoice.sources.get(field);
        source.is_none_or(|s| s.kind != SourceKind::Picture || s.is_sure())
    };
    let identity = invoice.identity.as_ref()?;
    let bureau = identity.as_str().starts_with("N:") || identity.as_str().starts_with("C:");
    if !bureau || !["number", "issued_on", "gross"].into_iter().all(sure) {
        return None;
    }
    let gross = invoice.gross?;
    Some(Question {
        number: invoice.number.clone()?,
        code: invoice.code.clone(),
        issued_on: invoice.issued_on?,
        gross: gross.plain(),
        currency: gross.currency.code().to_owned(),
        seller_tax_id: invoice.seller.tax_id.clone(),
        buyer_tax_id: invoice.buyer.tax_id.clone(),
    })
}

/// Has the service asked about a document, in the commit of `sql`; whether it will be. Nothing happens while an earlier
/// question is open, or where no service is connected, or too little was read.
pub async fn want(sql: &mut Sql, document: &str, invoice: &Invoice) -> Result<bool, Error> {
    let Some(question) = question(invoice) else {
        return Ok(false);
    };
    if !config::is_on(sql).await? {
        return Ok(false);
    }
    let asked: Option<(i64,)> = sql
        .maybe(
            "INSERT INTO verification (document_id, n, pending, question, at) VALUES ($1, 1, $2, $3, $4) \
             ON CONFLICT (document_id) DO UPDATE SET n = verification.n + 1, pending = excluded.pending, \
             question = excluded.question, at = excluded.at WHERE NOT verification.pending RETURNING n",
            args![
                document,
                true,
                serde_json::to_string(&question)?,
                now().as_microsecond()
            ],
        )
        .await?;
    let Some((n,)) = asked else {
        return Ok(true);
    };
    // The key is fixed here, before the first try, and goes to the service with each.
    let job = NewJob {
        kind: "verify",
        key: key(document, n),
        ordering: Some(format!("verify:{document}")),
    };
    let about = VerifyJob {
        document: document.to_owned(),
        n,
    };
    jobs::enqueue(sql, job, &about).await?;
    Ok(true)
}

fn key(document: &str, n: i64) -> String {
    format!("verify:{document}:{n}")
}
