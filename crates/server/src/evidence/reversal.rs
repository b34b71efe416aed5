//! Reversals (红冲): a red-letter invoice takes a blue one back, whichever of the two came first.

use outlay_core::claim::{Claim, Command, Refusal};
use outlay_core::evidence::{InvoiceIdentity, fold_name, fold_number};
use outlay_core::ids::ClaimId;
use outlay_documents::Invoice;
use uuid::Uuid;

use super::shelf::Shelf;
use crate::app::App;
use crate::args;
use crate::auth::Permit;
use crate::claims;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;

/// Less of a proof than tags of an OFD is not enough to take somebody's invoice away.
const LEAST_PROOF: u8 = 85;

/// Marks all documents of the invoice that `red` takes back, and tells the claims that hold it: before they are paid they
/// cannot be approved any more, afterwards the money is to be had back. A red invoice by another seller, or of more money,
/// takes nothing back.
pub async fn red_came(sql: &mut Sql, app: &App, red_id: &str, red: &Invoice) -> Result<(), Error> {
    let number = red.red_of.as_deref().and_then(|n| InvoiceIdentity::digital(n).ok());
    let Some(identity) = number.filter(|_| red.proof() >= LEAST_PROOF) else {
        return Ok(());
    };
    let blues: Vec<(String, Option<String>, Option<String>)> = sql
        .all(
            "SELECT id, invoice, claim_id FROM document WHERE invoice_identity = $1 AND reversed_by IS NULL AND state <> 'red'",
            args![identity.as_str()],
        )
        .await?;
    let mut holders: Vec<ClaimId> = Vec::new();
    for (id, invoice, claim) in blues {
        let blue: Option<Invoice> = invoice.as_deref().map(serde_json::from_str).transpose()?;
        if !blue.is_some_and(|blue| takes_back(red, &blue)) {
            continue;
        }
        mark(sql, &id, red_id).await?;
        if let Some(claim) = claim {
            let claim: ClaimId = stored(&claim)?;
            if !holders.contains(&claim) {
                holders.push(claim);
            }
        }
    }
    for holder in holders {
        tell(sql, app, holder, identity.as_str(), red_id).await?;
    }
    Ok(())
}

/// What the tax bureau has as reversed or void, as it says of the document `id`: all documents of that invoice go the way of
/// one whose red-letter invoice came. The bureau named no red one, so the document itself stands in its place.
pub async fn reversed_by_bureau(sql: &mut Sql, app: &App, id: &str) -> Result<(), Error> {
    let same: Vec<(String, Option<String>, String)> = sql
        .all(
            "SELECT o.id, o.claim_id, o.invoice_identity FROM document d JOIN document o ON o.invoice_identity = d.invoice_identity \
             WHERE d.id = $1 AND o.reversed_by IS NULL AND o.state <> 'red' ORDER BY o.id",
            args![id],
        )
        .await?;
    let mut holders: Vec<(ClaimId, String)> = Vec::new();
    for (other, claim, identity) in same {
        mark(sql, &other, id).await?;
        if let Some(claim) = claim {
            let claim: ClaimId = stored(&claim)?;
            if !holders.iter().any(|(held, _)| *held == claim) {
                holders.push((claim, identity));
            }
        }
    }
    for (holder, identity) in holders {
        tell(sql, app, holder, &identity, id).await?;
    }
    Ok(())
}

/// The red invoice that took this one back before it came, if there is one.
pub async fn blue_came(sql: &mut Sql, id: &str, blue: &Invoice) -> Result<(), Error> {
    let Some(number) = blue.number.as_deref().map(fold_number) else {
        return Ok(());
    };
    let reds: Vec<(String, Option<String>)> = sql
        .all(
            "SELECT id, invoice FROM document WHERE red_of = $1 ORDER BY id",
            args![number],
        )
        .await?;
    for (red_id, invoice) in reds {
        let red: Option<Invoice> = invoice.as_deref().map(serde_json::from_str).transpose()?;
        if red.is_some_and(|red| red.proof() >= LEAST_PROOF && takes_back(&red, blue)) {
            return mark(sql, id, &red_id).await;
        }
    }
    Ok(())
}

/// Whether a red invoice is by the seller of a blue one, and of no more money.
fn takes_back(red: &Invoice, blue: &Invoice) -> bool {
    let tax_id = |i: &Invoice| i.seller.tax_id.as_deref().map(fold_number);
    let name = |i: &Invoice| i.seller.name.as_deref().map(fold_name);
    let same = match (tax_id(red), tax_id(blue)) {
        (Some(a), Some(b)) => a == b,
        _ => name(red).is_some() && name(red) == name(blue),
    };
    let fits = match (red.gross, blue.gross) {
        (Some(a), Some(b)) => a.currency == b.currency && a.minor.unsigned_abs() <= b.minor.unsigned_abs(),
        _ => false,
    };
    same && fits
}

async fn mark(sql: &mut Sql, id: &str, red_id: &str) -> Result<(), Error> {
    sql.run(
        "UPDATE document SET reversed_by = $1, state = $2, shelf = $2 WHERE id = $3",
        args![red_id, Shelf::Invalid.code(), id],
    )
    .await?;
    Ok(())
}

async fn tell(sql: &mut Sql, app: &App, holder: ClaimId, identity: &str, red_id: &str) -> Result<(), Error> {
    let command = Command::Reverse {
        invoices: vec![identity.to_owned()],
    };
    let permit = Permit::system("reversals", "reverseInvoice");
    let claim = match claims::act_in(sql, app, &permit, holder, command).await {
        // Withdrawn, or without the line that had it, or told before.
        Err(Error::Refused(Refusal::NothingDue | Refusal::State { .. })) => return Ok(()),
        other => other?,
    };
    if claim.status().is_paid() || claim.status() == outlay_core::claim::Status::Paying {
        recover(sql, &claim, identity, red_id).await?;
    }
    Ok(())
}

/// What was paid for the lines that rest on the invoice is to be had back.
async fn recover(sql: &mut Sql, claim: &Claim, identity: &str, red_id: &str) -> Result<(), Error> {
    let rests = |l: &&outlay_core::claim::Line| {
        let evidence = l.evidence.as_ref();
        evidence.is_some_and(|e| e.invoice.as_deref() == Some(identity))
    };
    let lines: Vec<_> = claim.content.lines.iter().filter(rests).collect();
    let Some(document) = lines.first().and_then(|l| l.evidence.as_ref()).map(|e| e.document) else {
        return Ok(());
    };
    let minor = lines.iter().fold(0i64, |sum, l| sum.saturating_add(l.claimed.minor));
    sql.run(
        "INSERT INTO recovery (id, claim_id, invoice, document_id, red_id, entity_id, employee_id, minor, currency, state, \
         started_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10) ON CONFLICT (claim_id, invoice) DO NOTHING",
        args![
            Uuid::now_v7(),
            claim.id,
            identity,
            document,
            red_id,
            claim.content.entity,
            claim.content.claimant,
            minor,
            claim.content.currency.code(),
            now().as_microsecond()
        ],
    )
    .await?;
    Ok(())
}
