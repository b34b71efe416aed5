//! An outcome in brief: enough to compare two of them, small enough to keep beside every decision.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Outcome, Route};
use crate::flow::Mode;
use crate::ids::EmployeeId;

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Is {
    /// Approved by itself.
    Auto,
    /// People are asked.
    People,
    /// A step finds nobody.
    Nobody,
    /// A finding blocks it.
    Blocked,
}

/// An outcome without names: what came out, and how many sign one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// What came out.
    pub is: Is,
    /// Steps that ask somebody.
    pub steps: u32,
}

/// An outcome in brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// What came out.
    pub is: Is,
    /// Who is asked, step by step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepBrief>,
    /// Rules that found something, each once.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub rules: BTreeSet<String>,
}

/// A step in brief.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StepBrief {
    /// Its id in the flow.
    pub step: String,
    /// Whether one of those asked is enough.
    pub any: bool,
    /// Who is asked, by id.
    pub people: Vec<EmployeeId>,
}

impl Brief {
    /// Of an outcome.
    pub fn of(outcome: &Outcome) -> Brief {
        let (is, steps) = match &outcome.route {
            Route::Auto => (Is::Auto, Vec::new()),
            Route::Blocked => (Is::Blocked, Vec::new()),
            Route::Nobody(_) => (Is::Nobody, Vec::new()),
            Route::People(steps) => {
                let brief = steps.iter().map(|s| {
                    let mut people: Vec<EmployeeId> = s.people.iter().map(|p| p.employee).collect();
                    people.sort_unstable();
                    StepBrief {
                        step: s.step.clone(),
                        any: s.mode == Mode::Any,
                        people,
                    }
                });
                (Is::People, brief.collect())
            }
        };
        Brief {
            is,
            steps,
            rules: outcome.judged.findings.iter().map(|f| f.rule.clone()).collect(),
        }
    }

    /// What came out, without names.
    pub fn shape(&self) -> Shape {
        Shape {
            is: self.is,
            steps: u32::try_from(self.steps.len()).unwrap_or(u32::MAX),
        }
    }

    /// Whether two go the same way: the same people asked in the same order, whatever the steps are called.
    pub fn goes_as(&self, other: &Brief) -> bool {
        let people = |b: &Brief| -> Vec<(bool, Vec<EmployeeId>)> {
            let one = |s: &StepBrief| (s.any && s.people.len() > 1, s.people.clone());
            b.steps.iter().map(one).collect()
        };
        self.is == other.is && people(self) == people(other)
    }
}
