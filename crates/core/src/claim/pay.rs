//! Paying an approved claim: once, and by somebody who neither claimed nor signed.

use jiff::civil::Date;

use super::command::{Effect, Notice, Refusal};
use super::decide::{Deciding, said};
use super::{Event, State, Status};
use crate::ids::{BatchId, PaymentId};

impl Deciding<'_> {
    pub(super) fn batch(&mut self, batch: BatchId, payment: PaymentId) -> Result<(), Refusal> {
        let claim = self.state(&[Status::Approved])?;
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

    fn paying(&self, payment: PaymentId) -> Result<(), Refusal> {
        let claim = self.state(&[Status::Paying])?;
        match &claim.state {
            State::Paying { payment: current, .. } if *current == payment => Ok(()),
            _ => Err(Refusal::OtherPayment),
        }
    }
}
