//! Expense policies (费用制度): immutable versions, findings that cite their rule, and what may pass by itself.

mod allowance;
mod ask;
mod audit;
mod auto;
mod cell;
mod check;
mod edit;
mod fact;
mod finding;
mod inspect;
mod limit;
mod meter;
mod number;
mod per_diem;
mod read;
mod rule;
mod rule_table;
mod set;
mod tables;
mod words;

pub use audit::{Audit, draw};
pub use auto::{Auto, Reason, ReasonCode};
pub use cell::{from_feel, to_feel};
pub use check::{LineFacts, PolicyFacts, Similar};
pub use edit::{with_rule, with_table};
pub use fact::{Fact, Values};
pub use finding::{Arg, Finding, Severity};
pub use inspect::{TableFinding, TableFindingKind};
pub use meter::{Meter, YearFacts};
pub use number::{Amount, Share};
pub use per_diem::{DayKind, DayTrip, Granted, MealCuts, PerDiem, TripDay, trip_days};
pub use read::{PolicyError, PolicyProblem};
pub use rule::{AutoApproval, Check, DaysOff, Detail, Details, Limit, LinkKind, Per, Rule, RuleText, Template, When};
pub use rule_table::{CellPlace, CellProblem, Gives, RuleRow, RuleTable, hits};
pub use set::{Category, Class, Policy, PolicySet, Season, Tier, Unit};
pub use tables::{AUDIT, AUTO_APPROVAL, RuleTableRef};
pub use words::Words;

use serde::{Deserialize, Serialize};

/// A policy for a company in China, to begin with: CNY, entity `CN01`.
pub const CN_STANDARD: &str = include_str!("../../policies/cn-standard.yaml");
/// A policy for a company in Germany, to begin with: EUR, entity `DE01`.
pub const DE_STANDARD: &str = include_str!("../../policies/de-standard.yaml");

/// A policy for a company in the United States, to begin with: USD, entity `US01`.
pub const US_STANDARD: &str = include_str!("../../policies/us-standard.yaml");

/// Names one immutable version of a policy or a flow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VersionRef {
    /// Which policy or flow.
    pub id: String,
    /// Its version, from 1.
    pub version: u32,
}
