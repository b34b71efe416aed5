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

use crate::claim::{Content, Judgement};
use crate::flow::{Approver, Ask, Flow, Mode, Resolved};
use crate::ids::EmployeeId;
use crate::org::Org;
use crate::policy::{Policy, PolicyFacts, Severity, VersionRef};
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

    /// Whom the flow asks on the day of the decision. Whoever must sign a step is not asked again by a later one.
    fn route(&self, judged: &Judgement, flow: &Flow, org: &Org) -> Route {
        let ask = Ask {
            org,
            content: &self.content,
            deal_owner: self.deal_owner,
            day: self.facts.today,
        };
        let mut signed: Vec<EmployeeId> = Vec::new();
        let mut steps = Vec::new();
        for step in flow.plan(&self.content, &judged.findings) {
            let people = match ask.resolve(&step.who, &step.id) {
                Ok(Resolved::People(people)) => people,
                Ok(Resolved::NotNeeded) => continue,
                Err(nobody) => return Route::Nobody(nobody.step),
            };
            let count = people.len();
            let left: Vec<Approver> = people.into_iter().filter(|p| !signed.contains(&p.employee)).collect();
            if left.is_empty() || (step.mode == Mode::Any && left.len() < count) {
                continue;
            }
            if step.mode == Mode::All || left.len() == 1 {
                signed.extend(left.iter().map(|p| p.employee));
            }
            steps.push(Asked {
                step: step.id.clone(),
                name: step.name.clone(),
                mode: step.mode,
                people: left,
            });
        }
        if steps.is_empty() {
            Route::Nobody(flow.id.clone())
        } else {
            Route::People(steps)
        }
    }
}

impl Outcome {
    /// SHA-256 in hex of the salt and the canonical JSON (RFC 8785). The salt is sealed with the input, so that nothing can be
    /// guessed from the hash once the person is erased.
    pub fn hash(&self, salt: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(salt.as_bytes());
        hash.update(crate::canonical::json(self));
        hex::encode(hash.finalize())
    }
}
