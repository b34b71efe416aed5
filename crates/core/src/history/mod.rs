//! Decisions as they were recorded: the input in full, replayed to the same outcome, or tried under other rules.
//!
//! A recorded decision holds what its rules looked at ([`Input`]) and a snapshot of the organisation ([`Snapshot`]); policies and
//! flows are versions that never change. So the same [`Outcome`] comes out whenever it is asked for, and another one can be
//! looked for under a draft ([`Simulation`]).

mod brief;
mod report;
mod simulate;
mod snapshot;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use brief::{Brief, Is, Shape, StepBrief};
pub use report::{Blocks, Days, Difference, Load, MOST_EXAMPLES, Moved, Report, RuleHits, Transition};
pub use simulate::{Case, Durations, Fate, Simulation};
pub use snapshot::Snapshot;

use crate::claim::{Content, Judgement, Kind};
use crate::flow::{Approver, Ask, Choices, Flow, Mode, Seen};
use crate::ids::EmployeeId;
use crate::org::Org;
use crate::policy::{Finding, Policy, PolicyFacts, Severity, VersionRef};
use crate::words::Text;

/// All that a decision looked at beyond the rules and the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// What was handed in.
    pub content: Content,
    /// What was known of its lines, and the day.
    pub facts: PolicyFacts,
    /// The employee behind the deal's CRM user.
    #[serde(default)]
    pub deal_owner: Option<EmployeeId>,
    /// Who owns the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_owner: Option<EmployeeId>,
    /// The stage of the deal, as the CRM calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal_stage: Option<String>,
    /// Whom the claimant chose for steps that leave it to them.
    #[serde(default, skip_serializing_if = "Choices::is_empty")]
    pub chosen: Choices,
    /// Who finished it for a claimant who has left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand_in: Option<EmployeeId>,
}

/// What was decided of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What the policy said.
    pub judged: Judgement,
    /// The flow that was asked.
    pub flow: VersionRef,
    /// Which way the claim goes.
    pub route: Route,
}

/// Which way a claim goes when it is handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// It cannot be handed in: a finding blocks it.
    Blocked,
    /// It passes by itself.
    Auto,
    /// It cannot be handed in: this step finds nobody.
    Nobody(String),
    /// These steps ask people, in order; steps that ask nobody are left out.
    People(Vec<Asked>),
}

/// A step with the people whom it asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The step's id in the flow.
    pub step: String,
    /// Its name.
    pub name: Text,
    /// How many of them must sign.
    pub mode: Mode,
    /// Who is asked, and why.
    pub people: Vec<Approver>,
}

impl Input {
    /// What these rules decide, with this organisation. The same arguments give the same outcome.
    pub fn outcome(&self, policy: &Policy, flow: &Flow, org: &Org) -> Outcome {
        let findings = policy.check(&self.content, &self.facts);
        let auto = policy.auto_approval(&self.content, &self.facts, &findings);
        let judged = Judgement {
            policy: policy.reference(),
            findings,
            auto,
        };
        self.routed(judged, flow, org)
    }

    /// As [`Input::outcome`], where the policy has been asked already.
    pub fn routed(&self, judged: Judgement, flow: &Flow, org: &Org) -> Outcome {
        let route = if judged.findings.iter().any(|f| f.severity == Severity::Block) {
            Route::Blocked
        } else if judged.auto.passes() {
            Route::Auto
        } else {
            self.route(&judged, flow, org)
        };
        Outcome {
            judged,
            flow: flow.reference(),
            route,
        }
    }

    /// Whom the flow asks on the day of the decision; copies are no part of it.
    fn route(&self, judged: &Judgement, flow: &Flow, org: &Org) -> Route {
        let ask = Ask {
            org,
            content: &self.content,
            deal_owner: self.deal_owner,
            project_owner: self.project_owner,
            deal_stage: self.deal_stage.as_deref(),
            day: self.facts.today,
            settings: &flow.settings,
            chosen: &self.chosen,
            stand_in: self.stand_in,
            findings: &judged.findings,
        };
        let mut steps = Vec::new();
        for step in flow.preview_of(&ask, judged) {
            match step.seen {
                _ if step.kind == Kind::Copy => {}
                Seen::SignedBefore(_) | Seen::NotNeeded => {}
                Seen::Nobody => return Route::Nobody(step.id),
                Seen::Asks(people) => steps.push(Asked {
                    step: step.id,
                    name: step.name,
                    mode: step.mode,
                    people,
                }),
            }
        }
        if steps.is_empty() {
            Route::Nobody(flow.id.clone())
        } else {
            Route::People(steps)
        }
    }
}

impl Outcome {
    /// Whether a table could not answer: a cell went wrong, or rows contradict each other.
    pub fn is_broken(&self) -> bool {
        self.judged.auto.is_broken() || self.judged.findings.iter().any(Finding::is_broken)
    }

    /// SHA-256 in hex of the salt and the canonical JSON (RFC 8785). The salt is sealed with the input, so that nothing can be
    /// guessed from the hash once the person is erased.
    pub fn hash(&self, salt: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(salt.as_bytes());
        hash.update(crate::canonical::json(self));
        hex::encode(hash.finalize())
    }
}
