//! Who would approve a claim, with real people and why, before it is handed in.

use super::{Approver, Ask, Flow, Mode, NoApprover, Resolved, SamePerson};
use crate::claim::{Judgement, Kind, RunStep};
use crate::ids::EmployeeId;
use crate::policy::Finding;
use crate::words::Text;

/// A step as it would run today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its id within the flow.
    pub id: String,
    /// What people call it.
    pub name: Text,
    /// Whether it signs or sends copies.
    pub kind: Kind,
    /// How many of the people must sign.
    pub mode: Mode,
    /// The branches it is in, outermost first.
    pub lane: Vec<Text>,
    /// Who would be asked, and what of it.
    pub seen: Seen,
}

/// What a step would come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// These people are asked.
    Asks(Vec<Approver>),
    /// Whoever it would ask has signed before, as the flow's setting wants it.
    SignedBefore(Vec<Approver>),
    /// Nobody is needed: there is no head that high, or no such record.
    NotNeeded,
    /// Nobody may sign it: the claim cannot be handed in.
    Nobody,
}

impl Flow {
    /// As [`Flow::preview`], by what the policy said: a claim that was drawn for an audit is looked at by the audit's role alone; by the
    /// flow where nobody with it may act.
    pub fn preview_of(&self, ask: &Ask, judged: &Judgement) -> Vec<Planned> {
        let audit = judged.auto.audit().map(|role| self.asking(role));
        let audited = audit.map(|one| one.preview(ask, &judged.findings));
        let asks = |planned: &Vec<Planned>| planned.iter().any(|p| matches!(p.seen, Seen::Asks(_)));
        audited
            .filter(asks)
            .unwrap_or_else(|| self.preview(ask, &judged.findings))
    }

    /// The steps that apply to a claim with the people whom they would ask on `ask.day`. Whoever is asked is taken to
    /// sign; of an any-sign step, the first.
    pub fn preview(&self, ask: &Ask, findings: &[Finding]) -> Vec<Planned> {
        let run = self.plan(ask, findings);
        let mut signed: Vec<Vec<EmployeeId>> = Vec::new();
        let mut planned = Vec::new();
        for (at, step) in run.iter().enumerate() {
            let before: Vec<EmployeeId> = match self.settings.same_person {
                SamePerson::Once => ancestors(&run, at)
                    .into_iter()
                    .flat_map(|i| signed[i].clone())
                    .collect(),
                SamePerson::Consecutive => preceding(&run, at)
                    .into_iter()
                    .flat_map(|i| signed[i].clone())
                    .collect(),
                SamePerson::Every => Vec::new(),
            };
            let (seen, signs) = see(ask, step, &before);
            signed.push(signs);
            planned.push(Planned {
                id: step.id.clone(),
                name: step.name.clone(),
                kind: step.kind,
                mode: step.mode,
                lane: step.lane.clone(),
                seen,
            });
        }
        planned
    }
}

fn see(ask: &Ask, step: &RunStep, before: &[EmployeeId]) -> (Seen, Vec<EmployeeId>) {
    let people = match ask.resolve(&step.who, &step.id) {
        Ok(Resolved::People(people)) => people,
        Ok(Resolved::NotNeeded) => return (Seen::NotNeeded, Vec::new()),
        Err(NoApprover { .. }) if step.kind == Kind::Copy => return (Seen::NotNeeded, Vec::new()),
        Err(NoApprover { .. }) => return (Seen::Nobody, Vec::new()),
    };
    if step.kind == Kind::Copy {
        return (Seen::Asks(people), Vec::new());
    }
    let left: Vec<Approver> = people
        .iter()
        .filter(|p| !before.contains(&p.employee))
        .cloned()
        .collect();
    if left.is_empty() || step.mode == Mode::Any && left.len() < people.len() {
        return (Seen::SignedBefore(people), Vec::new());
    }
    let signs = match step.mode {
        Mode::Any => left.iter().take(1).map(|p| p.employee).collect(),
        _ => left.iter().map(|p| p.employee).collect(),
    };
    (Seen::Asks(left), signs)
}

/// All steps that must have ended before one begins.
pub(crate) fn ancestors(run: &[RunStep], at: usize) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let mut next = run.get(at).map(|s| s.waits_for(at)).unwrap_or_default();
    while let Some(i) = next.pop() {
        if i < at && !found.contains(&i) {
            found.push(i);
            next.extend(run[i].waits_for(i));
        }
    }
    found.sort_unstable();
    found
}

/// The signing steps right before one, past copies.
pub(crate) fn preceding(run: &[RunStep], at: usize) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let mut next = run.get(at).map(|s| s.waits_for(at)).unwrap_or_default();
    while let Some(i) = next.pop() {
        if run[i].kind == Kind::Copy {
            next.extend(run[i].waits_for(i));
        } else if !found.contains(&i) {
            found.push(i);
        }
    }
    found
}
