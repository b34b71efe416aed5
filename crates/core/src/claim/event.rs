//! What can happen to a claim.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Content, Judgement, RunStep, Source, Timer};
use crate::flow::{Approver, LateAct, Settings, is_default};
use crate::ids::{BatchId, ClaimId, EmployeeId, PaymentId, TaskId};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person.
    Employee(EmployeeId),
    /// Outlay itself; the word says which part.
    System(String),
}

impl Actor {
    /// The person, if it is one.
    pub fn employee(&self) -> Option<EmployeeId> {
        match self {
            Actor::Employee(id) => Some(*id),
            Actor::System(_) => None,
        }
    }
}

/// Where a signer is added (加签).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Signs before whoever added them.
    Before,
    /// Signs at the same time.
    Beside,
    /// Signs when those of the step have.
    After,
}

/// Something that happened to a claim. Never changed once written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A draft began.
    Drafted {
        /// The new claim's id.
        id: ClaimId,
        /// Its number.
        number: String,
        /// What it says.
        content: Content,
        /// Where its fields came from.
        sources: Vec<Source>,
        /// The CRM event behind it.
        origin: Option<String>,
    },
    /// Its content was replaced.
    Edited {
        /// What it says now.
        content: Content,
        /// Where its fields came from.
        sources: Vec<Source>,
    },
    /// The claimant chose who signs a step.
    Chosen {
        /// The step's id in the flow.
        step: String,
        /// Whom.
        people: Vec<EmployeeId>,
    },
    /// It was handed in, judged, and its route was laid.
    Submitted {
        /// What was handed in.
        hash: String,
        /// What the policy said.
        judged: Judgement,
        /// The steps ahead; empty if it passes by itself.
        route: Vec<RunStep>,
        /// What the flow says for all of them.
        #[serde(default, skip_serializing_if = "is_default")]
        settings: Settings,
    },
    /// A step began, or asks the next in order.
    Opened {
        /// Place in the route.
        step: usize,
        /// Who, with the tasks' ids.
        tasks: Vec<(TaskId, Approver)>,
        /// Who is asked after them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        queue: Vec<Approver>,
        /// What is due when.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        timers: Vec<Timer>,
    },
    /// Open tasks went to those whom the organisation names now.
    Reassigned {
        /// Place in the route.
        step: usize,
        /// The tasks that fell away.
        gone: Vec<TaskId>,
        /// The tasks made.
        tasks: Vec<(TaskId, Approver)>,
    },
    /// Copies were sent.
    Copied {
        /// Place in the route, where a step of the flow sent them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<usize>,
        /// To whom.
        to: Vec<EmployeeId>,
        /// What was said.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
    /// A step needed nobody.
    Skipped {
        /// Place in the route.
        step: usize,
    },
    /// Somebody signed.
    Approved {
        /// Their task.
        task: TaskId,
        /// The content they signed.
        hash: String,
        /// What they said.
        comment: String,
        /// Who did, where it was on behalf of the one asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<EmployeeId>,
    },
    /// Somebody took their approval back.
    TakenBack {
        /// The task that was approved.
        task: TaskId,
        /// Who is asked again: first whoever took it back.
        tasks: Vec<(TaskId, Approver)>,
        /// Who is asked after them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        queue: Vec<Approver>,
        /// Open tasks of the step that came after it, and fall away.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        gone: Vec<TaskId>,
        /// The steps that had begun after it, and now wait again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reset: Vec<usize>,
        /// What is due when.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        timers: Vec<Timer>,
    },
    /// Somebody advised whoever had asked them, who is asked again.
    Advised {
        /// Their task.
        task: TaskId,
        /// The content they saw.
        hash: String,
        /// What they said.
        comment: String,
        /// Who did, where it was on behalf of the one asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<EmployeeId>,
    },
    /// Somebody is asked again who had let another one go first.
    AskedAgain {
        /// The task they had.
        task: TaskId,
        /// The task made.
        to: (TaskId, Approver),
    },
    /// All steps are done, or none was needed: it is to be paid.
    Passed {
        /// By rule, with nobody asked.
        by_rule: bool,
    },
    /// Somebody refused it.
    Rejected {
        /// Their task.
        task: TaskId,
        /// Who.
        by: EmployeeId,
        /// Why.
        reason: String,
    },
    /// Somebody sent it back to the claimant.
    Returned {
        /// Their task.
        task: TaskId,
        /// Who.
        by: EmployeeId,
        /// Why.
        reason: String,
        /// Whether it comes straight back to them.
        #[serde(default, skip_serializing_if = "is_default")]
        straight: bool,
    },
    /// Somebody sent it back to an earlier step.
    SentBack {
        /// Their task.
        task: TaskId,
        /// Who.
        by: EmployeeId,
        /// Place of that step in the route.
        to: usize,
        /// The steps that wait again.
        reset: Vec<usize>,
        /// Whether it comes straight back to them.
        #[serde(default, skip_serializing_if = "is_default")]
        straight: bool,
        /// Why.
        reason: String,
    },
    /// An approver changed what it says.
    Amended {
        /// Their task.
        task: TaskId,
        /// Who.
        by: EmployeeId,
        /// What it says now.
        content: Content,
        /// What the policy says of that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        judged: Option<Judgement>,
        /// The steps, where something changed that approvals are given for: all are asked again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        route: Option<Vec<RunStep>>,
        /// Why.
        reason: String,
    },
    /// The claimant took it back before anybody acted: a draft again.
    Recalled {},
    /// A task went to somebody else.
    Transferred {
        /// The task left.
        task: TaskId,
        /// The task made.
        to: (TaskId, Approver),
        /// Why.
        reason: String,
    },
    /// Whoever has a task asked somebody for advice and decides after it.
    Delegated {
        /// The task that waits.
        task: TaskId,
        /// The task made.
        to: (TaskId, Approver),
        /// Why.
        reason: String,
    },
    /// Whoever has a task added a signer.
    SignerAdded {
        /// The task of who added them.
        task: TaskId,
        /// Before, beside or after it.
        place: Place,
        /// Who.
        who: Approver,
        /// The task made; none for one after it, who is asked later.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        made: Option<TaskId>,
        /// Why.
        reason: String,
    },
    /// Whoever added a signer removed them.
    SignerRemoved {
        /// Place in the route.
        step: usize,
        /// Who.
        who: EmployeeId,
        /// Their task, if they were asked already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<TaskId>,
        /// Why, if said.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// Those asked were reminded.
    Reminded {},
    /// A step was not answered in time.
    Fired {
        /// Place in the route.
        step: usize,
        /// What was due.
        act: LateAct,
    },
    /// It went back to the claimant, since a step was not answered in time.
    TimedOut {
        /// Place in the route.
        step: usize,
    },
    /// Its claimant has left, and somebody else finishes it.
    HandedOver {
        /// Who.
        to: EmployeeId,
    },
    /// The claimant took it back for good, or it was closed since the claimant has left.
    Withdrawn {
        /// Why, if said.
        reason: String,
    },
    /// Somebody said something.
    Commented {
        /// What.
        text: String,
    },
    /// It was put into a batch.
    Batched {
        /// The batch.
        batch: BatchId,
        /// The payment.
        payment: PaymentId,
    },
    /// The bank did not carry out its payment.
    PaymentFailed {
        /// The payment.
        payment: PaymentId,
        /// What the bank said.
        reason: String,
    },
    /// The bank carried it out.
    PaymentPosted {
        /// The payment.
        payment: PaymentId,
        /// The bank's day.
        on: Date,
    },
    /// Sellers reversed invoices of it. What was approved and not yet on its way to the bank goes back to the claimant.
    Reversed {
        /// Their identities.
        invoices: Vec<String>,
    },
    /// The CRM was told.
    Archived {},
}

impl Event {
    /// The word in tables.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::Drafted { .. } => "drafted",
            Event::Edited { .. } => "edited",
            Event::Submitted { .. } => "submitted",
            Event::Opened { .. } => "opened",
            Event::Skipped { .. } => "skipped",
            Event::Approved { .. } => "approved",
            Event::Passed { .. } => "passed",
            Event::Rejected { .. } => "rejected",
            Event::Returned { .. } => "returned",
            Event::Transferred { .. } => "transferred",
            Event::HandedOver { .. } => "handed_over",
            Event::Withdrawn { .. } => "withdrawn",
            Event::Commented { .. } => "commented",
            Event::Batched { .. } => "batched",
            Event::PaymentFailed { .. } => "payment_failed",
            Event::PaymentPosted { .. } => "payment_posted",
            Event::Reversed { .. } => "reversed",
            Event::Chosen { .. } => "chosen",
            Event::Reassigned { .. } => "reassigned",
            Event::Copied { .. } => "copied",
            Event::TakenBack { .. } => "taken_back",
            Event::Advised { .. } => "advised",
            Event::AskedAgain { .. } => "asked_again",
            Event::SentBack { .. } => "sent_back",
            Event::Amended { .. } => "amended",
            Event::Delegated { .. } => "delegated",
            Event::SignerAdded { .. } => "signer_added",
            Event::SignerRemoved { .. } => "signer_removed",
            Event::Fired { .. } => "fired",
            Event::TimedOut { .. } => "timed_out",
            Event::Reminded {} => "reminded",
            Event::Recalled {} => "recalled",
            Event::Archived {} => "archived",
        }
    }
}
