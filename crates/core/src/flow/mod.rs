//! Approval flows (审批流): immutable versions of an ordered list of steps, each saying who signs and when it applies.

mod resolve;

use serde::{Deserialize, Serialize};

pub use resolve::{Approver, Ask, NoApprover, Resolved, Why};

use crate::Money;
use crate::claim::{Content, Grade};
use crate::org::Role;
use crate::policy::{Finding, Severity, VersionRef};
use crate::words::Text;

/// One version of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Which flow.
    pub id: String,
    /// Its version, from 1.
    pub version: u32,
    /// What people call it.
    pub name: Text,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// One step of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its id within the flow.
    pub id: String,
    /// What people call it.
    pub name: Text,
    /// Who is asked.
    pub who: Who,
    /// How many of them must sign.
    #[serde(default)]
    pub mode: Mode,
    /// When it applies; always if absent.
    #[serde(default)]
    pub when: When,
}

/// Who is asked at a step, found in the organisation when the step opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The n-th head above the claimant's department, 1 being the nearest who is not the claimant.
    DepartmentHead(u8),
    /// Everybody with a role in the claim's entity.
    Role(Role),
    /// The employee who owns the claim's deal.
    DealOwner,
    /// One employee, by personnel number.
    Employee(String),
}

/// How many of those asked must sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One is enough (或签).
    #[default]
    Any,
    /// Every one (会签).
    All,
}

/// Conditions of a step; those given must all hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// The claim's total is at least this; only compared within one currency.
    pub amount_from: Option<Money>,
    /// Some line has one of these categories.
    pub categories: Option<Vec<String>>,
    /// Some finding weighs at least this.
    pub finding_from: Option<Severity>,
    /// The weakest proof is this or weaker.
    pub grade_from: Option<Grade>,
}

/// Why a text is no flow.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// Not YAML of this shape.
    #[error("the flow cannot be read: {0}")]
    Shape(#[from] serde_norway::Error),
    /// A step id occurs twice.
    #[error("step {0:?} occurs twice: give each step its own id")]
    Twice(String),
    /// No step applies to every claim.
    #[error(
        "no step applies to every claim: let at least one step have no `when`, so that nobody approves their own claim"
    )]
    Open,
    /// A department head's level out of range.
    #[error("step {0:?}: department_head counts from 1 to 9")]
    Level(String),
}

impl Flow {
    /// Reads a flow from YAML and checks it.
    pub fn from_yaml(text: &str) -> Result<Flow, FlowError> {
        let flow: Flow = serde_norway::from_str(text)?;
        for (i, step) in flow.steps.iter().enumerate() {
            if flow.steps[..i].iter().any(|s| s.id == step.id) {
                return Err(FlowError::Twice(step.id.clone()));
            }
            if let Who::DepartmentHead(level) = step.who
                && !(1..=9).contains(&level)
            {
                return Err(FlowError::Level(step.id.clone()));
            }
        }
        if !flow.steps.iter().any(|s| s.when == When::default()) {
            return Err(FlowError::Open);
        }
        Ok(flow)
    }

    /// Its name and version.
    pub fn reference(&self) -> VersionRef {
        VersionRef {
            id: self.id.clone(),
            version: self.version,
        }
    }

    /// The steps that apply to a claim.
    pub fn plan(&self, content: &Content, findings: &[Finding]) -> Vec<&Step> {
        self.steps.iter().filter(|s| s.when.holds(content, findings)).collect()
    }
}

impl When {
    /// Whether all conditions given hold.
    pub fn holds(&self, content: &Content, findings: &[Finding]) -> bool {
        let total = content.claimed();
        self.amount_from
            .is_none_or(|min| min.currency == total.currency && total.minor >= min.minor)
            && self
                .categories
                .as_ref()
                .is_none_or(|all| content.lines.iter().any(|l| all.contains(&l.category)))
            && self
                .finding_from
                .is_none_or(|min| findings.iter().any(|f| f.severity >= min))
            && self.grade_from.is_none_or(|min| content.grade() >= min)
    }
}

/// The flow that a new company begins with: the department head, above a limit the next head, and finance.
pub const STANDARD: &str = include_str!("../../flows/standard.yaml");
