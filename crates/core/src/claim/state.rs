//! Where a claim stands.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Content, Progress, RunStep, Task};
use crate::Money;
use crate::flow::{Choices, Settings};
use crate::ids::{BatchId, ClaimId, EmployeeId, PaymentId};
use crate::policy::{Auto, Finding, VersionRef};

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
    /// What the run's flow says for all of them.
    #[serde(default, skip_serializing_if = "crate::flow::is_default")]
    pub settings: Settings,
    /// Whom the claimant chose, by the steps' ids.
    #[serde(default, skip_serializing_if = "Choices::is_empty")]
    pub chosen: Choices,
    /// The part of the content that approvals are given for, by its hash, as it was last handed in or amended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// Identities of invoices that their sellers reversed since it held them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reversed: Vec<String>,
    /// Who got copies, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<EmployeeId>,
    /// Who finishes it for a claimant who has left; they get a copy, too, and never sign it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand_in: Option<EmployeeId>,
    /// When those asked were last reminded by somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded_at: Option<Timestamp>,
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
        /// By whom; nobody if time ran out.
        by: Option<EmployeeId>,
        /// Why.
        reason: String,
        /// Whether it goes straight back there when it is handed in again with nothing that matters changed.
        #[serde(default, skip_serializing_if = "crate::flow::is_default")]
        straight: bool,
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

impl Claim {
    /// The state without its facts.
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// Open tasks, in order.
    pub fn open_tasks(&self) -> impl Iterator<Item = &Task> {
        self.run.iter().flat_map(|s| &s.tasks).filter(|t| t.outcome.is_none())
    }

    /// The first step that is open, with its place.
    pub fn open_step(&self) -> Option<(usize, &RunStep)> {
        self.run.iter().enumerate().find(|(_, s)| s.progress == Progress::Open)
    }

    /// When the next of its timers is due, if it is in review.
    pub fn next_timer(&self) -> Option<Timestamp> {
        let open = self.run.iter().filter(|s| s.progress == Progress::Open);
        open.filter_map(|s| s.timers.first()).map(|t| t.at).min()
    }

    /// The task with an id, with its step's place.
    pub fn task(&self, id: crate::ids::TaskId) -> Option<(usize, &Task)> {
        let tasks = |(at, step): (usize, &RunStep)| step.tasks.iter().position(|t| t.id == id).map(|i| (at, i));
        let (at, i) = self.run.iter().enumerate().find_map(tasks)?;
        Some((at, &self.run[at].tasks[i]))
    }

    /// Everybody whose approval stands: those asked, and those who signed for them.
    pub fn signers(&self) -> impl Iterator<Item = EmployeeId> {
        self.run.iter().flat_map(RunStep::signers)
    }
}
