//! What comes out of trying other rules on recorded decisions.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Brief, Shape};
use crate::Money;
use crate::ids::{ClaimId, EmployeeId};
use crate::policy::VersionRef;

/// Most claims named in one list of a report; the counts are of all.
pub const MOST_EXAMPLES: usize = 100;

/// Recorded decisions under other rules, beside what was decided. Each claim counts once, by its first submission in the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The first day of the period.
    pub from: Date,
    /// Its last day.
    pub to: Date,
    /// The policy tried; each claim's own if absent.
    pub policy: Option<VersionRef>,
    /// The flow tried; each claim's own if absent.
    pub flow: Option<VersionRef>,
    /// Claims replayed.
    pub claims: u64,
    /// Claims left out, since the person was erased.
    pub erased: u64,
    /// Claims that go another way.
    pub differ: u64,
    /// From people to automatic approval, per currency.
    pub to_auto: Vec<Moved>,
    /// From automatic approval to people, per currency.
    pub from_auto: Vec<Moved>,
    /// Where claims go, by where they went; those that go as before are left out. The most claims first.
    pub transitions: Vec<Transition>,
    /// Weeks of the period, at least 1.
    pub weeks: u32,
    /// Who is asked how often in the whole period; the most asked first.
    pub load: Vec<Load>,
    /// Days from submission to payment.
    pub days: Days,
    /// Would pass by themselves, yet a person refused or cut them. The dearest first, at most [`MOST_EXAMPLES`].
    pub false_approvals: Vec<Difference>,
    /// How many in all.
    pub false_approvals_count: u64,
    /// What would be blocked now.
    pub blocked: Blocks,
    /// How many claims each rule speaks about; by rule.
    pub rules: Vec<RuleHits>,
}

/// Money that changed hands between people and automatic approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// How many claims.
    pub claims: u64,
    /// How much is claimed by them.
    pub money: Money,
}

/// Claims that went one way and go another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// As it was.
    pub from: Shape,
    /// As it would be.
    pub to: Shape,
    /// How many claims.
    pub claims: u64,
    /// How much is claimed by them, per currency.
    pub money: Vec<Money>,
    /// The dearest, at most [`MOST_EXAMPLES`].
    pub examples: Vec<Difference>,
}

/// One claim under both rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The claim.
    pub claim: ClaimId,
    /// Its number.
    pub number: String,
    /// Which of its events was decided on.
    pub n: u32,
    /// What was claimed.
    pub claimed: Money,
    /// As it was.
    pub old: Brief,
    /// As it would be.
    pub new: Brief,
    /// By how much a person cut it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<Money>,
    /// Whether a person refused it.
    pub rejected: bool,
}

/// How often somebody is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Who.
    pub employee: EmployeeId,
    /// As it was.
    pub old: u64,
    /// As it would be.
    pub new: u64,
}

/// Hours from submission to payment, predicted for both sides by the same model, so that what differs is the rules' doing:
/// each step takes the median of its people's recorded answers (of several of whom one is enough, the fastest's; else the
/// slowest's; the median of all for somebody without answers), steps add up, also those side by side, and the recorded median from approval to
/// payment is added. Claims that cannot be handed in are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    /// Median of the claims as they were, in hours.
    pub old_hours: Option<u32>,
    /// Median of the claims as they would be, in hours.
    pub new_hours: Option<u32>,
    /// Answers that the durations are from.
    pub answers: u64,
}

/// What would be blocked now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Blocks {
    /// How many claims.
    pub claims: u64,
    /// The dearest, at most [`MOST_EXAMPLES`].
    pub examples: Vec<Difference>,
}

/// How many claims a rule speaks about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleHits {
    /// Its id.
    pub rule: String,
    /// As it was.
    pub old: u64,
    /// As it would be.
    pub new: u64,
}
