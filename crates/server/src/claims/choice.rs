//! The claimant's choice of who signs, for steps that leave it to them: what may be chosen, and keeping it.

use std::collections::BTreeMap;
use std::sync::Arc;

use outlay_core::claim::{Claim, Command};
use outlay_core::flow::Choice;
use outlay_core::ids::EmployeeId;
use outlay_core::org::Org;
use serde::Serialize;
use utoipa::ToSchema;

use super::api::command;
use crate::app::App;
use crate::auth::{Action, Visitor};
use crate::error::Error;
use crate::shell::W;

/// A step whose signers the claimant chooses.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = StepChoice)]
pub struct ChoiceView {
    /// The step's id.
    pub step: String,
    /// Its name.
    pub name: String,
    /// Whether several may be chosen.
    pub several: bool,
    /// Who may be chosen.
    pub people: Vec<ChoicePerson>,
}

/// Somebody who may be chosen.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = StepChoicePerson)]
pub struct ChoicePerson {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// Whether they are chosen.
    pub chosen: bool,
}

impl ChoiceView {
    /// The choice of a step for a claim, with those who may sign it today.
    pub fn of(w: W, org: &Org, claim: &Claim, step: &(String, outlay_core::words::Text, Choice)) -> ChoiceView {
        let (id, name, choice) = step;
        let content = &claim.content;
        let chosen = claim.chosen.get(id);
        let fits = |e: &&outlay_core::org::Employee| {
            let held = choice.role.is_some_and(|role| org.holds(e.id, role, content.entity));
            let own = e.id == content.claimant || Some(e.id) == claim.stand_in;
            e.active && !own && (held || choice.from.contains(&e.number))
        };
        let mut people: Vec<ChoicePerson> = org
            .employees()
            .filter(fits)
            .map(|e| ChoicePerson {
                id: e.id.to_string(),
                name: e.name.clone(),
                chosen: chosen.is_some_and(|all| all.contains(&e.id)),
            })
            .collect();
        people.sort_by(|a, b| a.name.cmp(&b.name));
        ChoiceView {
            step: id.clone(),
            name: name.get(w.0).to_owned(),
            several: choice.several,
            people,
        }
    }
}

/// What a form says of choices: people's ids by the step's id.
#[derive(Debug, Clone, Default)]
pub struct Sent(BTreeMap<String, Vec<EmployeeId>>);

impl Sent {
    /// Reads the fields `choice.STEP`; what is no id is passed over.
    pub fn read(pairs: &[(String, String)]) -> Sent {
        let mut sent = Sent::default();
        for (name, value) in pairs {
            if let Some(step) = name.strip_prefix("choice.")
                && let Ok(person) = value.parse()
            {
                sent.0.entry(step.to_owned()).or_default().push(person);
            }
        }
        sent
    }

    /// A claim as it would be with these choices.
    pub fn over(&self, claim: &Claim) -> Claim {
        let mut claim = claim.clone();
        claim.chosen.extend(self.0.clone());
        claim
    }

    /// Keeps the choices that differ from what was chosen before. [`outlay_core::claim::Refusal::Unfit`] for somebody who may
    /// not be chosen.
    pub async fn keep(&self, app: &Arc<App>, visitor: &Visitor, claim: &Claim) -> Result<(), Error> {
        for (step, people) in &self.0 {
            if claim.chosen.get(step) == Some(people) {
                continue;
            }
            let choose = Command::Choose {
                step: step.clone(),
                people: people.clone(),
            };
            command(app, visitor, &claim.number, Action::SubmitClaim, choose).await?;
        }
        Ok(())
    }
}
