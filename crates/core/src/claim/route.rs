//! Laying the route of a submitted claim and moving along it.

use jiff::{SignedDuration, Timestamp};

use super::command::{Notice, Refusal};
use super::decide::Deciding;
use super::{Claim, Content, Event, Kind, Progress, RunStep, Timer};
use crate::flow::{Approver, Ask, Flow, Mode, Resolved, SamePerson, Who, ancestors, preceding};
use crate::ids::{EmployeeId, TaskId};
use crate::policy::{DaysOff, Finding};

impl Deciding<'_> {
    /// The facts of the organisation about a content, as the run's flow looks at them.
    pub(super) fn ask<'b>(&'b self, content: &'b Content) -> Ask<'b> {
        let around = &self.facts.around;
        let claim = self.claim.as_ref();
        let running = claim.filter(|c| !c.status().is_editable());
        Ask {
            org: self.facts.org,
            content,
            deal_owner: self.facts.deal_owner,
            project_owner: around.project_owner,
            deal_stage: around.deal_stage,
            day: self.facts.today,
            settings: running.map_or(&self.facts.flow.settings, |c| &c.settings),
            chosen: claim.map_or(crate::flow::no_choices(), |c| &c.chosen),
            stand_in: claim.and_then(|c| c.stand_in),
            findings: claim
                .and_then(|c| c.judged.as_ref())
                .map_or(&[], |judged| judged.findings.as_slice()),
        }
    }

    /// The steps that apply; refused if a step finds nobody, or none of them asks anybody.
    pub(super) fn lay(&self, flow: &Flow, content: &Content, findings: &[Finding]) -> Result<Vec<RunStep>, Refusal> {
        let ask = Ask {
            settings: &flow.settings,
            findings,
            ..self.ask(content)
        };
        let route = flow.plan(&ask, findings);
        let mut anybody = false;
        for step in route.iter().filter(|s| s.kind == Kind::Sign) {
            if matches!(step.who, Who::Chosen(_)) && !ask.chosen.contains_key(&step.id) {
                return Err(Refusal::NotChosen { step: step.id.clone() });
            }
            match ask.resolve(&step.who, &step.id) {
                Ok(Resolved::People(_)) => anybody = true,
                Ok(Resolved::NotNeeded) => {}
                Err(nobody) => return Err(Refusal::NoApprover { step: nobody.step }),
            }
        }
        if anybody {
            Ok(route)
        } else {
            Err(Refusal::NoApprover { step: flow.id.clone() })
        }
    }

    /// Asks the next people of open steps, opens the steps whose turn it is, and passes the claim when none is left.
    pub(super) fn advance(&mut self) -> Result<(), Refusal> {
        loop {
            let run = &self.claim()?.run;
            // The next in order; or somebody in place of those meant, where only signers that they added were left.
            let next_in_order = run
                .iter()
                .position(|s| s.progress == Progress::Open && s.open().next().is_none());
            if let Some(step) = next_in_order {
                self.ask_next(step)?;
                continue;
            }
            let is_ready = |at: &usize| {
                run[*at].progress == Progress::Waiting && ancestors(run, *at).into_iter().all(|i| run[i].is_over())
            };
            if let Some(step) = (0..run.len()).find(is_ready) {
                self.begin(step)?;
            } else if run.iter().any(|s| s.progress == Progress::Open) {
                return Ok(());
            } else {
                return self.pass(false);
            }
        }
    }

    fn begin(&mut self, step: usize) -> Result<(), Refusal> {
        let claim = self.claim()?;
        let run = &claim.run[step];
        let found = self.ask(&claim.content).resolve(&run.who, &run.id);
        if run.kind == Kind::Copy {
            let to: Vec<EmployeeId> = match found {
                Ok(Resolved::People(people)) => people.into_iter().map(|a| a.employee).collect(),
                _ => Vec::new(),
            };
            self.send_copies(Some(step), to, String::new());
            return Ok(());
        }
        if !run.queue.is_empty() {
            return self.ask_next(step);
        }
        let people = match found {
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
        let signed = signed_before(claim, step);
        let all = people.len();
        let left: Vec<Approver> = people.into_iter().filter(|p| !signed.contains(&p.employee)).collect();
        let already = all - left.len();
        let enough = match run.mode {
            Mode::Any => already > 0,
            Mode::All | Mode::InOrder => false,
            Mode::Share(share) => {
                let have = rust_decimal::Decimal::from(already);
                already > 0 && have >= share * rust_decimal::Decimal::from(all)
            }
        };
        if left.is_empty() || enough {
            self.add(Event::Skipped { step });
            return Ok(());
        }
        self.open(step, left)
    }

    /// Asks those of `people` whose turn it is, the others after them.
    fn open(&mut self, step: usize, mut people: Vec<Approver>) -> Result<(), Refusal> {
        let run = &self.claim()?.run[step];
        let queue = if run.mode == Mode::InOrder {
            people.split_off(1)
        } else {
            Vec::new()
        };
        let timers = self.timers(run);
        self.add_opened(step, people, queue, timers);
        Ok(())
    }

    fn add_opened(&mut self, step: usize, people: Vec<Approver>, queue: Vec<Approver>, timers: Vec<Timer>) {
        let asked: Vec<EmployeeId> = people.iter().map(|a| a.employee).collect();
        let tasks = people.into_iter().map(|who| (TaskId(self.fresh.next()), who)).collect();
        self.add(Event::Opened {
            step,
            tasks,
            queue,
            timers,
        });
        for employee in asked {
            self.notify(employee, Notice::TaskOpened);
        }
    }

    /// Asks the next of a step's queue: all of it where it waited for a return, else the first; whoever cannot sign any
    /// more is left out, and somebody stands in where nobody is left.
    fn ask_next(&mut self, step: usize) -> Result<(), Refusal> {
        let claim = self.claim()?;
        let run = &claim.run[step];
        let ask = self.ask(&claim.content);
        let signed: Vec<EmployeeId> = run.signers().collect();
        let mut left: Vec<Approver> = run
            .queue
            .iter()
            .filter(|a| ask.is_fit(a.employee) && !signed.contains(&a.employee))
            .cloned()
            .collect();
        if left.is_empty() {
            let missing = run.queue.first().map(|a| a.employee);
            left = ask
                .stand_in(missing)
                .into_iter()
                .filter(|a| !signed.contains(&a.employee))
                .take(1)
                .collect();
        }
        if left.is_empty() {
            // Those meant have left and whoever could stand in has signed here: what was signed is enough.
            if signed.is_empty() {
                return Err(Refusal::NoApprover { step: run.id.clone() });
            }
            self.add(Event::Skipped { step });
            return Ok(());
        }
        let one_by_one = run.progress == Progress::Open || run.mode == Mode::InOrder;
        let queue = if one_by_one { left.split_off(1) } else { Vec::new() };
        let timers = self.timers(run);
        self.add_opened(step, left, queue, timers);
        Ok(())
    }

    /// What is due when, if a step opens now.
    pub(super) fn timers(&self, step: &RunStep) -> Vec<Timer> {
        let weekends = DaysOff::default();
        let off = self.facts.around.days_off.unwrap_or(&weekends);
        let at = |days: i64| -> Option<Timestamp> {
            let span = SignedDuration::from_hours(24 * days);
            self.facts.now.checked_add(span).ok()
        };
        step.late
            .iter()
            .filter_map(|late| {
                Some(Timer {
                    at: at(off.days_until(self.facts.today, late.after))?,
                    act: late.act,
                })
            })
            .collect()
    }
}

/// Who has signed so that a step need not ask them again.
fn signed_before(claim: &Claim, step: usize) -> Vec<EmployeeId> {
    match claim.settings.same_person {
        SamePerson::Every => Vec::new(),
        SamePerson::Once => claim.signers().collect(),
        SamePerson::Consecutive => preceding(&claim.run, step)
            .into_iter()
            .flat_map(|i| claim.run[i].signers())
            .collect(),
    }
}
