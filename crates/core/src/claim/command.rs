//! What can be asked of a claim, what is known when deciding, and what is answered.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Claim, Content, Event, Judgement, Place, Problem, Source, Status};
use crate::flow::{Delegation, Flow};
use crate::ids::{BatchId, ClaimId, EmployeeId, PaymentId, TaskId};
use crate::org::Org;
use crate::policy::{DaysOff, Finding};

/// Something that somebody wants done to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Begin a draft.
    Draft {
        /// The new id.
        id: ClaimId,
        /// The new number.
        number: String,
        /// What it says.
        content: Content,
        /// Where its fields came from.
        sources: Vec<Source>,
        /// The CRM event behind it.
        origin: Option<String>,
    },
    /// Replace what a draft says.
    Edit {
        /// What it says now.
        content: Content,
        /// Where its fields came from.
        sources: Vec<Source>,
    },
    /// Choose who signs a step that leaves it to the claimant.
    Choose {
        /// The step's id in the flow in force.
        step: String,
        /// Whom.
        people: Vec<EmployeeId>,
    },
    /// Hand it in.
    Submit,
    /// Sign a task.
    Approve {
        /// Which.
        task: TaskId,
        /// The content seen, by its hash.
        hash: String,
        /// Anything to say.
        comment: String,
    },
    /// Refuse for good.
    Reject {
        /// The task.
        task: TaskId,
        /// Why.
        reason: String,
    },
    /// Send back to the claimant; all sign again afterwards.
    Return {
        /// The task.
        task: TaskId,
        /// Why.
        reason: String,
    },
    /// Send back to the claimant or to an earlier step.
    SendBack {
        /// The task.
        task: TaskId,
        /// The id of the step in the run; the claimant if absent.
        to: Option<String>,
        /// It comes straight back to the sender, and what was signed meanwhile stands; else all steps from there on
        /// run again. After a change of amount, kind or evidence they do so in any case.
        straight: bool,
        /// Why.
        reason: String,
    },
    /// Take one's own approval back while nobody has acted after it (拿回).
    TakeBack {
        /// The task that was approved.
        task: TaskId,
    },
    /// Take one's own claim back before anybody acted (拿回): it is a draft again.
    Recall,
    /// Change what it says, as far as the step lets its approvers.
    Amend {
        /// The task.
        task: TaskId,
        /// The content seen, by its hash.
        hash: String,
        /// What it says now.
        content: Content,
        /// Why.
        reason: String,
    },
    /// Ask somebody for advice and decide after it (委派).
    Delegate {
        /// The task.
        task: TaskId,
        /// Whom.
        to: EmployeeId,
        /// Why.
        reason: String,
    },
    /// Have somebody sign, too (加签).
    AddSigner {
        /// The task.
        task: TaskId,
        /// Whom.
        who: EmployeeId,
        /// Before, beside or after oneself.
        place: Place,
        /// Why.
        reason: String,
    },
    /// Remove a signer whom one added and who has not signed (减签).
    RemoveSigner {
        /// Whom.
        who: EmployeeId,
        /// Why, if said.
        reason: String,
    },
    /// Remind those asked (催办), at most every [`super::REMIND_EVERY`] hours.
    Remind,
    /// Send copies (抄送).
    CopyTo {
        /// To whom.
        to: Vec<EmployeeId>,
        /// Anything to say.
        comment: String,
    },
    /// Do what is due since nobody answered in time; for the system.
    Tick,
    /// Ask those whom the organisation names now instead of those it named when the step opened; for the system.
    Reassign,
    /// Give a task to somebody else.
    Transfer {
        /// The task.
        task: TaskId,
        /// To whom.
        to: EmployeeId,
        /// Why.
        reason: String,
    },
    /// Ask somebody else, since the one asked has left.
    Replace {
        /// The task of who left.
        task: TaskId,
    },
    /// Have somebody else finish a draft or returned claim, since its claimant has left. The money stays the claimant's.
    HandOver {
        /// Whom.
        to: EmployeeId,
    },
    /// Close a draft or returned claim, since its claimant has left.
    Close {
        /// Why.
        reason: String,
    },
    /// Take it back, or discard a draft.
    Withdraw {
        /// Why, if said.
        reason: String,
    },
    /// Say something.
    Comment {
        /// What.
        text: String,
    },
    /// Put it into a batch.
    Batch {
        /// The batch.
        batch: BatchId,
        /// The new payment.
        payment: PaymentId,
    },
    /// The bank refused its payment.
    Fail {
        /// The payment.
        payment: PaymentId,
        /// What the bank said.
        reason: String,
    },
    /// The bank carried it out.
    Post {
        /// The payment.
        payment: PaymentId,
        /// The bank's day.
        on: Date,
    },
    /// Invoices of it were reversed by their sellers (红冲); Outlay itself notes it.
    Reverse {
        /// Their identities.
        invoices: Vec<String>,
    },
    /// The CRM was told.
    Archive,
}

/// What the caller knows; nothing here is looked up by the core.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The moment.
    pub now: Timestamp,
    /// The day in the entity's zone.
    pub today: Date,
    /// The organisation.
    pub org: &'a Org,
    /// The flow in force, for [`Command::Submit`] and [`Command::Choose`]; the run's own version for [`Command::Amend`].
    pub flow: &'a Flow,
    /// What the policy says of the content, for [`Command::Submit`] and [`Command::Amend`].
    pub judged: Option<&'a Judgement>,
    /// The employee behind the deal's CRM user.
    pub deal_owner: Option<EmployeeId>,
    /// Invoices of the content that other live claims hold.
    pub taken: &'a [Taken],
    /// Chance, for new ids.
    pub seed: [u8; 16],
    /// What else is known around the claim.
    pub around: Around<'a>,
}

/// What is known around a claim, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Around<'a> {
    /// The employee who owns its project.
    pub project_owner: Option<EmployeeId>,
    /// The stage of its deal, as the CRM calls it.
    pub deal_stage: Option<&'a str>,
    /// Who may act for whom.
    pub delegations: &'a [Delegation],
    /// The entity's working days; Monday to Friday if absent.
    pub days_off: Option<&'a DaysOff>,
}

/// An invoice that another live claim holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The invoice's identity.
    pub invoice: String,
    /// The claim that holds it.
    pub claim: ClaimId,
    /// Its number.
    pub number: String,
    /// Since when.
    pub on: Date,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// What the outside is to be told.
    pub effects: Vec<Effect>,
    /// The claim afterwards.
    pub claim: Claim,
}

/// What the outside is to be told, through the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Write to somebody.
    Notify {
        /// To whom.
        to: EmployeeId,
        /// About what.
        notice: Notice,
    },
    /// Its amount becomes payable.
    Pay,
    /// Figures on its deals and customers changed.
    WriteBack,
}

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// You are asked to sign.
    TaskOpened,
    /// You are still asked to sign.
    Reminder,
    /// You got a copy of a claim.
    Copied,
    /// An approver changed your claim.
    Amended,
    /// Your claim is approved.
    Approved,
    /// Your claim was refused.
    Rejected,
    /// Your claim came back.
    Returned,
    /// Your claim was paid.
    Paid,
    /// The bank did not pay your claim.
    PaymentFailed,
    /// A seller reversed an invoice of your claim.
    Reversed,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// The claim's state does not allow it.
    #[error("the claim is {}", status.code())]
    State {
        /// The state.
        status: Status,
    },
    /// The actor has no part in it.
    #[error("only the claimant or the person asked may do this")]
    NotYours,
    /// The content does not hold together.
    #[error("the content has {} problems", problems.len())]
    Problems {
        /// What is wrong.
        problems: Vec<Problem>,
    },
    /// The policy blocks it.
    #[error("the policy blocks it")]
    Blocked {
        /// The findings that block.
        findings: Vec<Finding>,
    },
    /// An invoice is held by another claim.
    #[error("an invoice was already used")]
    Taken {
        /// Which, where.
        taken: Vec<Taken>,
    },
    /// Nobody may approve it.
    #[error("step {step} finds nobody who may approve")]
    NoApprover {
        /// The step.
        step: String,
    },
    /// The task was done, or is not of this claim.
    #[error("the task is no longer open")]
    TaskClosed,
    /// The content changed since it was seen.
    #[error("the claim changed since you opened it")]
    Changed,
    /// A reason must be given.
    #[error("a reason is needed")]
    ReasonMissing,
    /// The claimant must choose who signs a step.
    #[error("choose who signs step {step}")]
    NotChosen {
        /// The step.
        step: String,
    },
    /// The step does not let its approvers change this.
    #[error("this step may not change {field}")]
    MayNotEdit {
        /// What.
        field: String,
    },
    /// Whoever is asked for advice gives it and decides nothing.
    #[error("only advice was asked for")]
    OnlyAdvice,
    /// Somebody has acted after it.
    #[error("somebody has acted since")]
    TooLate,
    /// The run has no such step to go back to.
    #[error("the claim has not passed such a step")]
    NoStep,
    /// Those asked were reminded a short while ago.
    #[error("those asked were reminded a short while ago")]
    TooSoon {
        /// When they may be reminded again.
        again: Timestamp,
    },
    /// Nothing is to be done now.
    #[error("nothing is due")]
    NothingDue,
    /// The person named cannot take the task.
    #[error("that person cannot take the task")]
    Unfit,
    /// Claimant, approver and payer must be three.
    #[error("claimant, approver and payer must differ")]
    Duties,
    /// Sellers reversed invoices of it: it is to be sent back or refused.
    #[error("{} of its invoices were reversed", invoices.len())]
    Reversed {
        /// Their identities.
        invoices: Vec<String>,
    },
    /// Another payment than the current one is meant.
    #[error("this is not the claim's current payment")]
    OtherPayment,
    /// A command that needs a claim found none, or one that makes one found one.
    #[error("no such claim")]
    Missing,
}
