//! Paying an approved claim: once, and by somebody who neither claimed nor signed.

use jiff::civil::Date;

use super::command::{Effect, Notice, Refusal};
use super::decide::{Deciding, said};
use super::{Claim, Event, State, Status};
use crate::ids::{BatchId, PaymentId};

impl Deciding<'_> {
    pub(super) fn batch(&mut self, batch: BatchId, payment: PaymentId) -> Result<(), Refusal> {
        let claim = self.state(&[Status::Approved])?;
        standing(claim)?;
        let payer = self.actor.employee().ok_or(Refusal::NotYours)?;
        if payer == claim.content.claimant || claim.signers().any(|s| s == payer) {
            return Err(Refusal::Duties);
        }
        self.add(Event::Batched { batch, payment });
        Ok(())
    }

    pub(super) fn fail(&mut self, payment: PaymentId, reason: String) -> Result<(), Refusal> {
        self.paying(payment)?;
        let reason = said(&reason)?;
        self.add(Event::PaymentFailed { payment, reason });
        let claimant = self.claim()?.content.claimant;
        self.notify(claimant, Notice::PaymentFailed);
        Ok(())
    }

    pub(super) fn post(&mut self, payment: PaymentId, on: Date) -> Result<(), Refusal> {
        self.paying(payment)?;
        self.add(Event::PaymentPosted { payment, on });
        let claimant = self.claim()?.content.claimant;
        self.notify(claimant, Notice::Paid);
        self.effects.push(Effect::WriteBack);
        Ok(())
    }

    /// Sellers took invoices back. Whoever is asked cannot approve any more, and what is only approved is not paid.
    pub(super) fn reverse(&mut self, invoices: Vec<String>) -> Result<(), Refusal> {
        if self.actor.employee().is_some() {
            return Err(Refusal::NotYours);
        }
        let claim = self.claim()?;
        if !claim.status().is_live() {
            return Err(Refusal::State { status: claim.status() });
        }
        let held = claim.content.invoices();
        let is_new = |i: &String| held.contains(i.as_str()) && !claim.reversed.contains(i);
        let invoices: Vec<String> = invoices.into_iter().filter(is_new).collect();
        if invoices.is_empty() {
            return Err(Refusal::NothingDue);
        }
        let claimant = claim.content.claimant;
        self.add(Event::Reversed { invoices });
        self.notify(claimant, Notice::Reversed);
        self.effects.push(Effect::WriteBack);
        Ok(())
    }

    fn paying(&self, payment: PaymentId) -> Result<(), Refusal> {
        let claim = self.state(&[Status::Paying])?;
        match &claim.state {
            State::Paying { payment: current, .. } if *current == payment => Ok(()),
            _ => Err(Refusal::OtherPayment),
        }
    }
}

/// Refuses a claim that still rests on an invoice which its seller reversed.
pub(super) fn standing(claim: &Claim) -> Result<(), Refusal> {
    let held = claim.content.invoices();
    let still = |i: &&String| held.contains(i.as_str());
    let invoices: Vec<String> = claim.reversed.iter().filter(still).cloned().collect();
    if invoices.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Reversed { invoices })
    }
}
