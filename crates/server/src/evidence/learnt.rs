//! Categories learnt from accepted lines. A claim's commit counts the words of its invoices when it is approved, and takes
//! them back when it no longer stands; nothing else writes them.

use outlay_core::claim::{Claim, Status};
use outlay_core::ids::EntityId;
use outlay_core::learnt::{self, Learnt, Seen};
use outlay_core::policy::Policy;
use outlay_documents::Invoice;
use serde::Serialize;
use utoipa::ToSchema;

use super::line;
use super::store::Document;
use crate::app::App;
use crate::args;
use crate::clock;
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;
use crate::shell::W;

/// The category that a line of a receipt begins with.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CategoryView {
    /// Its code in the policy.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// Why, in words.
    pub why: Vec<String>,
    /// Whether accepted lines say so, not the policy's words for items.
    pub learnt: bool,
}

fn words(invoice: &Invoice) -> Vec<String> {
    let items = invoice.lines.iter().map(|l| (l.class.as_deref(), l.name.as_deref()));
    learnt::words(items, invoice.seller.name.as_deref())
}

fn is_accepted(claim: &Claim) -> bool {
    matches!(
        claim.status(),
        Status::Approved | Status::Paying | Status::Paid | Status::Archived
    )
}

/// Follows a claim into and out of what was accepted, in its commit.
pub async fn follow(sql: &mut Sql, before: Option<&Claim>, claim: &Claim) -> Result<(), Error> {
    let (was, is) = (before.is_some_and(is_accepted), is_accepted(claim));
    let same = before.is_some_and(|b| b.content.lines == claim.content.lines);
    if was && (!is || !same) {
        sql.run("DELETE FROM accepted_word WHERE claim_id = $1", args![claim.id])
            .await?;
    }
    if !is || (was && same) {
        return Ok(());
    }
    let mut rows = Vec::new();
    for line in &claim.content.lines {
        let Some(evidence) = &line.evidence else { continue };
        let read: Option<(Option<String>,)> = sql
            .maybe(
                "SELECT invoice FROM document WHERE id = $1",
                args![evidence.document.to_string()],
            )
            .await?;
        let Some((Some(invoice),)) = read else { continue };
        let invoice: Invoice = serde_json::from_str(&invoice)?;
        for word in words(&invoice) {
            rows.push(args![claim.content.entity, word, line.id, claim.id, &line.category]);
        }
    }
    let columns = ["entity_id", "word", "line_id", "claim_id", "category"];
    let once = "ON CONFLICT (entity_id, word, line_id) DO NOTHING";
    sql.insert_all("accepted_word", &columns, rows, once).await?;
    Ok(())
}

/// What the accepted lines of an entity say of an invoice; only a category that the policy has.
pub async fn of_invoice(
    sql: &mut Sql,
    entity: EntityId,
    policy: Option<&Policy>,
    invoice: &Invoice,
) -> Result<Option<Learnt>, Error> {
    let Some(policy) = policy else { return Ok(None) };
    let mut seen = Vec::new();
    for word in words(invoice) {
        let counts: Vec<(String, i64)> = sql
            .all(
                "SELECT category, COUNT(*) FROM (SELECT category FROM accepted_word WHERE entity_id = $1 AND word = $2 \
                 ORDER BY line_id DESC LIMIT $3) newest GROUP BY category",
                args![entity, &word, learnt::WINDOW],
            )
            .await?;
        seen.extend(counts.into_iter().map(|(category, lines)| Seen {
            word: word.clone(),
            category,
            lines: u64::try_from(lines).unwrap_or(0),
        }));
    }
    Ok(learnt::learnt(&seen).filter(|l| policy.category(&l.category).is_some()))
}

/// As [`of_invoice`], for a document; none where it is not read.
pub async fn of_document(
    sql: &mut Sql,
    entity: EntityId,
    policy: Option<&Policy>,
    document: &Document,
) -> Result<Option<Learnt>, Error> {
    match document.read()? {
        Some(invoice) => of_invoice(sql, entity, policy, &invoice).await,
        None => Ok(None),
    }
}

/// The category that its owner's line would begin with, for a document that is on no claim.
pub async fn view(sql: &mut Sql, app: &App, w: W, document: &Document) -> Result<Option<CategoryView>, Error> {
    let Some(invoice) = document.read()?.filter(|_| document.claim_id.is_none()) else {
        return Ok(None);
    };
    let today = clock::day(clock::now(), "UTC");
    let org = app.org(sql).await?;
    let Some(place) = org.primary(stored(&document.uploaded_by)?, today) else {
        return Ok(None);
    };
    let rules = app.rules(sql).await?;
    let policy = rules.policy(place.entity, today);
    let learnt = of_invoice(sql, place.entity, policy, &invoice).await?;
    let code = line::category(&invoice, policy, learnt.as_ref());
    let Some(category) = policy.and_then(|p| p.category(&code)) else {
        return Ok(None);
    };
    let why = match &learnt {
        Some(learnt) => learnt
            .reasons
            .iter()
            .map(|r| {
                let figures = [
                    ("word", r.word.clone()),
                    ("agree", r.agree.to_string()),
                    ("of", r.of.to_string()),
                ];
                w.args(
                    "category-learnt",
                    &figures.map(|(name, value)| (name.to_owned(), value)),
                )
            })
            .collect(),
        None => vec![w.t("category-by-rule")],
    };
    Ok(Some(CategoryView {
        name: category.name.get(w.0).to_owned(),
        learnt: learnt.is_some(),
        code,
        why,
    }))
}
