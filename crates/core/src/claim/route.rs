//! Laying the route of a submitted claim and moving along it.

use super::command::{Notice, Refusal};
use super::decide::Deciding;
use super::{Content, Event, OutcomeKind, Progress, RunStep};
use crate::flow::{Approver, Ask, Resolved};
use crate::ids::{EmployeeId, TaskId};
use crate::policy::Finding;

/// Laying a route and moving along it.
pub(super) trait Route {
    /// The facts of the organisation about a content.
    fn ask<'b>(&'b self, content: &'b Content) -> Ask<'b>;
    /// The steps that apply; refused if a step finds nobody, or none of them asks anybody.
    fn lay(&self, content: &Content, findings: &[Finding]) -> Result<Vec<RunStep>, Refusal>;
    /// Opens the next step that needs somebody; passes the claim when there is none.
    fn advance(&mut self) -> Result<(), Refusal>;
}

impl Route for Deciding<'_> {
    fn ask<'b>(&'b self, content: &'b Content) -> Ask<'b> {
        Ask {
            org: self.facts.org,
            content,
            deal_owner: self.facts.deal_owner,
            day: self.facts.today,
        }
    }

    fn lay(&self, content: &Content, findings: &[Finding]) -> Result<Vec<RunStep>, Refusal> {
        let ask = self.ask(content);
        let flow = self.facts.flow;
        let mut anybody = false;
        let mut route = Vec::new();
        for step in flow.plan(content, findings) {
            match ask.resolve(&step.who, &step.id) {
                Ok(Resolved::People(_)) => anybody = true,
                Ok(Resolved::NotNeeded) => {}
                Err(nobody) => return Err(Refusal::NoApprover { step: nobody.step }),
            }
            route.push(RunStep {
                flow: flow.reference(),
                id: step.id.clone(),
                name: step.name.clone(),
                who: step.who.clone(),
                mode: step.mode,
                progress: Progress::Waiting,
                tasks: Vec::new(),
            });
        }
        if anybody {
            Ok(route)
        } else {
            Err(Refusal::NoApprover { step: flow.id.clone() })
        }
    }

    fn advance(&mut self) -> Result<(), Refusal> {
        loop {
            let claim = self.claim()?;
            if claim.open_step().is_some() {
                return Ok(());
            }
            let next = claim.run.iter().position(|s| s.progress == Progress::Waiting);
            let Some(step) = next else { return self.pass(false) };
            let run = &claim.run[step];
            let people = match self.ask(&claim.content).resolve(&run.who, &run.id) {
                Ok(Resolved::People(people)) => people,
                Ok(Resolved::NotNeeded) => Vec::new(),
                Err(nobody) => {
                    let people = self.ask(&claim.content).stand_in(None);
                    if people.is_empty() {
                        return Err(Refusal::NoApprover { step: nobody.step });
                    }
                    people
                }
            };
            let signed: Vec<EmployeeId> = claim
                .run
                .iter()
                .flat_map(|s| &s.tasks)
                .filter(|t| t.outcome.as_ref().is_some_and(|o| o.kind == OutcomeKind::Approved))
                .map(|t| t.assignee)
                .collect();
            let one_is_enough = run.mode == crate::flow::Mode::Any;
            let already = people.iter().any(|p| signed.contains(&p.employee));
            let left: Vec<Approver> = people.into_iter().filter(|p| !signed.contains(&p.employee)).collect();
            if left.is_empty() || (one_is_enough && already) {
                self.add(Event::Skipped { step });
                continue;
            }
            let tasks: Vec<(TaskId, Approver)> = left.into_iter().map(|who| (TaskId(self.fresh.next()), who)).collect();
            let asked: Vec<EmployeeId> = tasks.iter().map(|(_, a)| a.employee).collect();
            self.add(Event::Opened { step, tasks });
            for employee in asked {
                self.notify(employee, Notice::TaskOpened);
            }
            return Ok(());
        }
    }
}
