//! Payables follow their claims: open when approved, with the account as it was then; in a batch; paid.

use outlay_core::claim::{Claim, Decision, Effect, Event, Status};

use crate::args;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;

/// Brings the payable of a claim along with what was decided.
pub async fn follow(sql: &mut Sql, before: Option<&Claim>, decision: &Decision) -> Result<(), Error> {
    let claim = &decision.claim;
    let status = |s: &'static str| args![s, claim.id];
    if decision.effects.contains(&Effect::Pay) {
        let claimed = claim.content.claimed();
        let account: Option<(String,)> = sql
            .maybe(
                "SELECT id FROM payee_account WHERE employee_id = $1 AND state = 'active'",
                args![claim.content.claimant],
            )
            .await?;
        sql.run(
            "INSERT INTO payable (claim_id, entity_id, employee_id, minor, currency, status, account_id, approved_at) \
             VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7)",
            args![
                claim.id,
                claim.content.entity,
                claim.content.claimant,
                claimed.minor,
                claimed.currency.code(),
                account.map(|(id,)| id),
                now().as_microsecond()
            ],
        )
        .await?;
    }
    let Some(before) = before else { return Ok(()) };
    for event in &decision.events {
        let next = match event {
            // Approved no more: it becomes payable again with its next approval.
            Event::Reversed { .. } if before.status() == Status::Approved => {
                sql.run(
                    "DELETE FROM payable WHERE claim_id = $1 AND status = 'pending'",
                    args![claim.id],
                )
                .await?;
                continue;
            }
            Event::Batched { .. } => "paying",
            Event::PaymentFailed { .. } => "pending",
            Event::PaymentPosted { .. } => "paid",
            _ => continue,
        };
        sql.run("UPDATE payable SET status = $1 WHERE claim_id = $2", status(next))
            .await?;
    }
    Ok(())
}
