//! Where a claim stands.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Content;
use crate::Money;
use crate::flow::{Mode, Who, Why};
use crate::ids::{BatchId, ClaimId, EmployeeId, PaymentId, TaskId};
use crate::policy::{Auto, Finding, VersionRef};
use crate::words::Text;

/// A claim, as its events made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its id.
    pub id: ClaimId,
    /// The number people use, such as `BX2611-0187`.
    pub number: String,
    /// How many events it has had.
    pub n: u32,
    /// Where it stands.
    pub state: State,
    /// What is claimed.
    pub content: Content,
    /// Which CRM record each filled field came from.
    pub sources: Vec<Source>,
    /// The CRM event that drafted it, such as `won:DEAL`; unique.
    pub origin: Option<String>,
    /// What the policy said when it was last submitted.
    pub judged: Option<Judgement>,
    /// The steps of the current run.
    pub run: Vec<RunStep>,
    /// When it was drafted.
    pub created_at: Timestamp,
    /// When it was last submitted.
    pub submitted_at: Option<Timestamp>,
}

/// States that carry their facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum State {
    /// Being written.
    Draft,
    /// Handed in; the route is being found.
    Submitted,
    /// People are asked.
    InReview,
    /// Sent back to the claimant.
    Returned {
        /// By whom.
        by: EmployeeId,
        /// Why.
        reason: String,
    },
    /// To be paid.
    Approved {
        /// When.
        at: Timestamp,
        /// By nobody, but by rule.
        by_rule: bool,
    },
    /// In a batch on its way to the bank.
    Paying {
        /// The batch.
        batch: BatchId,
        /// The payment.
        payment: PaymentId,
    },
    /// Money has moved.
    Paid {
        /// The payment.
        payment: PaymentId,
        /// The bank's day.
        on: Date,
    },
    /// Paid, and told to the CRM.
    Archived {
        /// When.
        at: Timestamp,
    },
    /// Taken back by the claimant.
    Withdrawn {
        /// Why, if said.
        reason: String,
    },
    /// Refused for good.
    Rejected {
        /// By whom.
        by: EmployeeId,
        /// Why.
        reason: String,
    },
}

/// A state without its facts, as it is stored, filtered and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// 草稿
    Draft,
    /// 已提交
    Submitted,
    /// 审批中
    InReview,
    /// 已退回
    Returned,
    /// 已核准
    Approved,
    /// 支付中
    Paying,
    /// 已支付
    Paid,
    /// 已归档
    Archived,
    /// 已撤回
    Withdrawn,
    /// 已拒绝
    Rejected,
}

impl Status {
    /// All, in the order of a claim's life.
    pub const ALL: [Status; 10] = [
        Status::Draft,
        Status::Submitted,
        Status::InReview,
        Status::Returned,
        Status::Approved,
        Status::Paying,
        Status::Paid,
        Status::Archived,
        Status::Withdrawn,
        Status::Rejected,
    ];

    /// The word in tables and addresses.
    pub fn code(self) -> &'static str {
        match self {
            Status::Draft => "draft",
            Status::Submitted => "submitted",
            Status::InReview => "in_review",
            Status::Returned => "returned",
            Status::Approved => "approved",
            Status::Paying => "paying",
            Status::Paid => "paid",
            Status::Archived => "archived",
            Status::Withdrawn => "withdrawn",
            Status::Rejected => "rejected",
        }
    }

    /// Reads that word.
    pub fn parse(code: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|s| s.code() == code)
    }

    /// Whether its money counts as pending on a deal: asked for, not yet paid.
    pub fn is_pending(self) -> bool {
        matches!(
            self,
            Status::Submitted | Status::InReview | Status::Returned | Status::Approved | Status::Paying
        )
    }

    /// Whether its money counts as paid.
    pub fn is_paid(self) -> bool {
        matches!(self, Status::Paid | Status::Archived)
    }

    /// Whether it holds its invoices against other claims.
    pub fn is_live(self) -> bool {
        !matches!(self, Status::Withdrawn | Status::Rejected)
    }

    /// Whether its claimant may still change it.
    pub fn is_editable(self) -> bool {
        matches!(self, Status::Draft | Status::Returned)
    }
}

impl State {
    /// The state without its facts.
    pub fn status(&self) -> Status {
        match self {
            State::Draft => Status::Draft,
            State::Submitted => Status::Submitted,
            State::InReview => Status::InReview,
            State::Returned { .. } => Status::Returned,
            State::Approved { .. } => Status::Approved,
            State::Paying { .. } => Status::Paying,
            State::Paid { .. } => Status::Paid,
            State::Archived { .. } => Status::Archived,
            State::Withdrawn { .. } => Status::Withdrawn,
            State::Rejected { .. } => Status::Rejected,
        }
    }
}

/// Where a filled field came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The field of the content, such as `links.deal`.
    pub field: String,
    /// The kind of CRM record: `deal`, `activity` …
    pub object: String,
    /// The record's own id in the CRM.
    pub external_id: String,
    /// Its revision when it was read.
    pub revision: String,
    /// When it was read.
    pub read_at: Timestamp,
    /// The value then, for people.
    pub value: String,
    /// The draft rule that put it there, by its name then; empty for a rule without one. None where no rule did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How a per diem was reckoned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_diem: Option<PerDiem>,
}

/// How a per diem was reckoned: facts, from which the words are made when it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerDiem {
    /// First day of the visit.
    pub from: Date,
    /// Its last day.
    pub until: Date,
    /// Days that the line stands for.
    pub days: u32,
    /// For each of them.
    pub each: Money,
    /// The place, as the rate was looked up.
    #[serde(default)]
    pub place: Option<String>,
    /// The code of its tier.
    #[serde(default)]
    pub tier: Option<String>,
    /// The policy whose tiers were used.
    #[serde(default)]
    pub policy: Option<VersionRef>,
    /// Whether the rate is the policy's too, rather than the rule's own.
    pub by_policy: bool,
}

/// What a policy said about a content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// Which version.
    pub policy: VersionRef,
    /// What it found.
    pub findings: Vec<Finding>,
    /// Whether it may pass by itself, and why or why not.
    pub auto: Auto,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStep {
    /// The flow it is of.
    pub flow: VersionRef,
    /// The step's id there.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// Who is asked.
    pub who: Who,
    /// How many must sign.
    pub mode: Mode,
    /// How far it is.
    pub progress: Progress,
    /// Who was asked.
    pub tasks: Vec<Task>,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Not begun.
    Waiting,
    /// Somebody is asked.
    Open,
    /// Signed.
    Done,
    /// Nobody had to be asked, or they had signed before.
    Skipped,
}

/// One person's part of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Who is asked.
    pub assignee: EmployeeId,
    /// Why them.
    pub why: Why,
    /// Since when.
    pub opened_at: Timestamp,
    /// What became of it.
    pub outcome: Option<Outcome>,
}

/// What became of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub kind: OutcomeKind,
    /// When.
    pub at: Timestamp,
    /// What was said.
    pub comment: String,
}

/// How a task can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// 同意
    Approved,
    /// 拒绝
    Rejected,
    /// 退回
    Returned,
    /// 转交
    Transferred,
    /// No longer needed: another signed, or the claim went away.
    Void,
}

impl OutcomeKind {
    /// The word in tables.
    pub fn code(self) -> &'static str {
        match self {
            OutcomeKind::Approved => "approved",
            OutcomeKind::Rejected => "rejected",
            OutcomeKind::Returned => "returned",
            OutcomeKind::Transferred => "transferred",
            OutcomeKind::Void => "void",
        }
    }
}

impl Claim {
    /// The state without its facts.
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// Open tasks, in order.
    pub fn open_tasks(&self) -> impl Iterator<Item = &Task> {
        self.run.iter().flat_map(|s| &s.tasks).filter(|t| t.outcome.is_none())
    }

    /// The step that is open, with its place.
    pub fn open_step(&self) -> Option<(usize, &RunStep)> {
        self.run.iter().enumerate().find(|(_, s)| s.progress == Progress::Open)
    }
}
