//! An approver changes a claim, as far as their step lets them. What approvals are given for is asked anew.

use super::command::{Effect, Notice, Refusal};
use super::decide::{Deciding, not_blocked, said};
use super::{Claim, Content, Event, Kind, Line, OutcomeKind, Problem, RunStep};
use crate::flow::Field;
use crate::ids::TaskId;

impl Deciding<'_> {
    pub(super) fn amend(&mut self, id: TaskId, hash: String, content: Content, reason: String) -> Result<(), Refusal> {
        let acting = self.deciding(id)?;
        let reason = said(&reason)?;
        let claim = self.claim()?;
        if claim.content.hash() != hash {
            return Err(Refusal::Changed);
        }
        if claim.content == content {
            let problem = Problem::new("lines", "unchanged");
            return Err(Refusal::Problems {
                problems: vec![problem],
            });
        }
        let may = |field| {
            if claim.run[acting.step].may_edit.contains(&field) {
                Ok(())
            } else {
                Err(field)
            }
        };
        permitted(&claim.content, &content, &may).map_err(|field| Refusal::MayNotEdit { field })?;
        self.acceptable(&content)?;
        let gaps = content.gaps();
        if !gaps.is_empty() {
            return Err(Refusal::Problems { problems: gaps });
        }
        let judged = self.facts.judged.cloned();
        if let Some(judged) = &judged {
            not_blocked(&judged.findings)?;
        }
        let route = if claim.content.material() == content.material() {
            None
        } else {
            let findings = judged.as_ref().or(claim.judged.as_ref());
            let findings = findings.map_or(&[][..], |j| &j.findings);
            let same_flow = claim.run.first().is_some_and(|s| s.flow == self.facts.flow.reference());
            let fresh = if same_flow {
                self.lay(self.facts.flow, &content, findings)?
            } else {
                bare(claim)
            };
            Some(self.keep_history(claim, fresh))
        };
        self.add(Event::Amended {
            task: id,
            by: acting.by,
            content,
            judged,
            route: route.clone(),
            reason,
        });
        let claimant = self.claim()?.content.claimant;
        self.notify(claimant, Notice::Amended);
        self.effects.push(Effect::WriteBack);
        if route.is_some() { self.advance() } else { Ok(()) }
    }

    /// The tasks of the run until now stand at the steps of the new one, ended.
    fn keep_history(&self, claim: &Claim, mut fresh: Vec<RunStep>) -> Vec<RunStep> {
        for old in &claim.run {
            let Some(new) = fresh.iter_mut().find(|s| s.id == old.id) else {
                continue;
            };
            new.tasks.clone_from(&old.tasks);
            for task in &mut new.tasks {
                if task.is_open() {
                    task.close(OutcomeKind::Void, self.facts.now);
                } else if task.ended(OutcomeKind::Approved) {
                    task.close(OutcomeKind::Revoked, self.facts.now);
                }
            }
            if new.kind == Kind::Copy {
                new.progress = old.progress;
            }
        }
        fresh
    }
}

/// The same steps, as if nothing had happened; for a run whose version of the flow is not at hand.
fn bare(claim: &Claim) -> Vec<RunStep> {
    let mut run = claim.run.clone();
    for step in &mut run {
        step.tasks.clear();
        step.queue.clear();
        step.timers.clear();
        step.progress = super::Progress::Waiting;
    }
    run
}

/// Whether everything that differs may be changed; else its name.
fn permitted(old: &Content, new: &Content, may: &dyn Fn(Field) -> Result<(), Field>) -> Result<(), String> {
    let same = Content {
        lines: old.lines.clone(),
        ..new.clone()
    };
    if same != *old || old.lines.len() != new.lines.len() {
        return Err("claim".to_owned());
    }
    for (i, (old, new)) in old.lines.iter().zip(&new.lines).enumerate() {
        line(old, new, may).map_err(|field| format!("lines[{i}].{field}"))?;
    }
    Ok(())
}

fn line(old: &Line, new: &Line, may: &dyn Fn(Field) -> Result<(), Field>) -> Result<(), &'static str> {
    let check = |changed: bool, field: Field, name: &'static str| {
        if changed { may(field).map_err(|_| name) } else { Ok(()) }
    };
    check(old.category != new.category, Field::Category, "category")?;
    check(old.claimed != new.claimed, Field::Claimed, "claimed")?;
    check(old.tax != new.tax, Field::Tax, "tax")?;
    check(old.description != new.description, Field::Description, "description")?;
    if new.claimed.currency != old.claimed.currency || new.claimed.minor > old.claimed.minor {
        return Err("claimed");
    }
    let targets = |l: &Line| -> Vec<_> {
        let parts = l.allocations.iter();
        parts.map(|a| (a.account, a.deal, a.project, a.cost_center)).collect()
    };
    check(targets(old) != targets(new), Field::Allocations, "allocations")?;
    // Parts follow a lower amount; else they are allocations of their own.
    let parts = |l: &Line| -> Vec<_> { l.allocations.iter().map(|a| a.amount).collect() };
    check(
        parts(old) != parts(new) && old.claimed == new.claimed,
        Field::Allocations,
        "allocations",
    )?;
    let rest = Line {
        category: old.category.clone(),
        claimed: old.claimed,
        tax: old.tax,
        description: old.description.clone(),
        allocations: old.allocations.clone(),
        ..new.clone()
    };
    if rest == *old { Ok(()) } else { Err("line") }
}
