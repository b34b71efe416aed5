//! Settling payments: posted, or failed with the bank's reason; each exactly once, with its claim.

use std::sync::Arc;

use jiff::civil::Date;
use outlay_core::claim::{Command, Problem};
use outlay_core::ids::{ClaimId, EntityId, PaymentId};

use super::view::BatchView;
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::claims;
use crate::clock::{day, moment, now};
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;

/// A payment with what settling it needs.
#[derive(Debug, Clone)]
pub struct Open {
    /// Its id.
    pub id: PaymentId,
    /// Its claim.
    pub claim: ClaimId,
    /// The entity that pays.
    pub entity: EntityId,
    /// The batch's number.
    pub batch: String,
    /// The day the batch was made, where the entity is.
    pub made_on: Date,
    /// Today there.
    pub today: Date,
}

/// Finds a payment.
pub async fn find(sql: &mut Sql, id: PaymentId) -> Result<Open, Error> {
    let row: Option<(String, String, String, i64, String)> = sql
        .maybe(
            "SELECT p.claim_id, b.entity_id, b.number, b.created_at, l.zone FROM payment p JOIN payment_batch b ON b.id = p.batch_id \
             JOIN legal_entity l ON l.id = b.entity_id WHERE p.id = $1",
            args![id],
        )
        .await?;
    let (claim, entity, batch, made, zone) = row.ok_or(Error::NotFound("payment"))?;
    Ok(Open {
        id,
        claim: stored(&claim)?,
        entity: stored(&entity)?,
        batch,
        made_on: day(moment(made), &zone),
        today: day(now(), &zone),
    })
}

impl Open {
    /// Refuses a bank's day before the batch was made or after today.
    pub fn check(&self, on: Date) -> Result<(), Error> {
        if on > self.today {
            return Err(Error::Invalid(vec![
                Problem::new("on", "in-the-future").with("today", self.today),
            ]));
        }
        if on < self.made_on {
            return Err(Error::Invalid(vec![
                Problem::new("on", "before-batch").with("day", self.made_on),
            ]));
        }
        Ok(())
    }
}

/// What became of a payment.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Carried out on this day.
    Posted(Date),
    /// Not carried out, and why.
    Failed(String),
}

/// Settles one payment within the transaction of `sql`.
pub async fn settle_in(
    sql: &mut Sql,
    app: &App,
    permit: &Permit,
    payment: &Open,
    outcome: &Outcome,
) -> Result<(), Error> {
    let id = payment.id;
    let (command, status, reason, on) = match outcome {
        Outcome::Posted(on) => {
            payment.check(*on)?;
            (Command::Post { payment: id, on: *on }, "posted", None, Some(*on))
        }
        Outcome::Failed(reason) => {
            let reason = reason.trim().to_owned();
            (
                Command::Fail {
                    payment: id,
                    reason: reason.clone(),
                },
                "failed",
                Some(reason),
                None,
            )
        }
    };
    claims::act_in(sql, app, permit, payment.claim, command).await?;
    let touched = sql
        .run(
            "UPDATE payment SET status = $1, reason = $2, settled_on = $3 WHERE id = $4 AND status = 'pending'",
            args![status, reason, on, id],
        )
        .await?;
    if touched == 0 {
        return Err(Error::Conflict);
    }
    if matches!(outcome, Outcome::Failed(_)) {
        // The account of the approval did not work: the next batch takes the one active then.
        sql.run(
            "UPDATE payable SET account_id = NULL WHERE claim_id = $1",
            args![payment.claim],
        )
        .await?;
    }
    sql.run(
        "UPDATE payment_batch SET status = 'settled' WHERE number = $1 \
         AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.batch_id = payment_batch.id AND p.status = 'pending')",
        args![&payment.batch],
    )
    .await?;
    Ok(())
}

async fn settle(app: &Arc<App>, permit: &Permit, ids: Vec<PaymentId>, outcome: Outcome) -> Result<(), Error> {
    let (shared, permit) = (app.clone(), permit.clone());
    let (ids, outcome) = (Arc::new(ids), Arc::new(outcome));
    app.db
        .write(move |sql| {
            let (app, permit) = (shared.clone(), permit.clone());
            let (ids, outcome) = (ids.clone(), outcome.clone());
            Box::pin(async move {
                let mut batch = String::new();
                for id in ids.iter() {
                    let payment = find(sql, *id).await?;
                    settle_in(sql, &app, &permit, &payment, &outcome).await?;
                    batch = payment.batch;
                }
                let word = match *outcome {
                    Outcome::Posted(_) => "posted",
                    Outcome::Failed(_) => "failed",
                };
                let detail = format!("{word} {}", ids.len());
                audit::note(sql, permit.actor(), permit.action(), &format!("batch:{batch}"), &detail).await
            })
        })
        .await?;
    app.live.wake();
    Ok(())
}

/// Marks every pending payment of a batch as posted; 409 if none is pending.
pub async fn post_all(app: &Arc<App>, permit: &Permit, batch: &BatchView, on: Date) -> Result<(), Error> {
    let pending: Vec<PaymentId> = batch
        .payments
        .iter()
        .filter(|p| p.status == "pending")
        .map(|p| p.id)
        .collect();
    if pending.is_empty() {
        return Err(Error::Conflict);
    }
    settle(app, permit, pending, Outcome::Posted(on)).await
}

/// Marks one payment as posted.
pub async fn post(app: &Arc<App>, permit: &Permit, id: PaymentId, on: Date) -> Result<(), Error> {
    settle(app, permit, vec![id], Outcome::Posted(on)).await
}

/// Marks one payment as failed; its claim can be batched again.
pub async fn fail(app: &Arc<App>, permit: &Permit, id: PaymentId, reason: String) -> Result<(), Error> {
    settle(app, permit, vec![id], Outcome::Failed(reason)).await
}
