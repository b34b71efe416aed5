//! Time that runs out, reminders and copies.

use jiff::SignedDuration;

use super::command::{Effect, Notice, Refusal};
use super::decide::Deciding;
use super::{Event, MAX_TEXT, Problem, Progress, Status};
use crate::flow::{LateAct, Why};
use crate::ids::{EmployeeId, TaskId};

/// Hours between two reminders that people send.
pub const REMIND_EVERY: i64 = 4;
/// Most people who get copies of one claim.
const MAX_COPIES: usize = 50;

impl Deciding<'_> {
    pub(super) fn remind(&mut self) -> Result<(), Refusal> {
        self.own()?;
        let claim = self.state(&[Status::InReview])?;
        if let Some(last) = claim.reminded_at
            && let Ok(again) = last.checked_add(SignedDuration::from_hours(REMIND_EVERY))
            && self.facts.now < again
        {
            return Err(Refusal::TooSoon { again });
        }
        self.add(Event::Reminded {});
        self.remind_open(None);
        Ok(())
    }

    /// Writes to everybody who is asked, or is asked at one step.
    fn remind_open(&mut self, step: Option<usize>) {
        let Some(claim) = &self.claim else { return };
        let steps = claim.run.iter().enumerate();
        let meant = steps.filter(|(at, _)| step.is_none_or(|step| step == *at));
        let mut asked: Vec<EmployeeId> = meant.flat_map(|(_, s)| s.open()).map(|t| t.assignee).collect();
        asked.sort();
        asked.dedup();
        for employee in asked {
            self.notify(employee, Notice::Reminder);
        }
    }

    pub(super) fn copy_to(&mut self, to: Vec<EmployeeId>, comment: String) -> Result<(), Refusal> {
        let claim = self.claim()?;
        let me = self.actor.employee().ok_or(Refusal::NotYours)?;
        let asked = claim.run.iter().flat_map(|s| &s.tasks);
        let mut part = asked.filter_map(|t| [Some(t.assignee), t.outcome.as_ref().and_then(|o| o.by)].into());
        let has_part =
            me == claim.content.claimant || part.any(|both: [Option<EmployeeId>; 2]| both.contains(&Some(me)));
        if !has_part {
            return Err(Refusal::NotYours);
        }
        if claim.status().is_editable() {
            return Err(Refusal::State { status: claim.status() });
        }
        if to.is_empty() || to.iter().any(|who| !self.facts.org.is_active(*who)) {
            return Err(Refusal::Unfit);
        }
        if claim.copies.len() + to.len() > MAX_COPIES {
            let problem = Problem::new("to", "too-many").with("max", MAX_COPIES);
            return Err(Refusal::Problems {
                problems: vec![problem],
            });
        }
        if comment.chars().count() > MAX_TEXT {
            let problem = Problem::new("comment", "too-long").with("max", MAX_TEXT);
            return Err(Refusal::Problems {
                problems: vec![problem],
            });
        }
        self.send_copies(None, to, comment.trim().to_owned());
        Ok(())
    }

    pub(super) fn send_copies(&mut self, step: Option<usize>, to: Vec<EmployeeId>, comment: String) {
        let known = self.claim.as_ref().map(|c| c.copies.clone()).unwrap_or_default();
        self.add(Event::Copied {
            step,
            to: to.clone(),
            comment,
        });
        for employee in to {
            // A step that runs again does not write again.
            if step.is_none() || !known.contains(&employee) {
                self.notify(employee, Notice::Copied);
            }
        }
    }

    /// Everything that is due now.
    pub(super) fn tick(&mut self) -> Result<(), Refusal> {
        if self.actor.employee().is_some() {
            return Err(Refusal::NotYours);
        }
        self.state(&[Status::InReview])?;
        let mut fired = false;
        while let Some((step, act)) = self.due()? {
            fired = true;
            self.add(Event::Fired { step, act });
            match act {
                LateAct::Remind => self.remind_open(Some(step)),
                LateAct::Escalate => self.escalate(step)?,
                LateAct::Return => {
                    self.add(Event::TimedOut { step });
                    let claimant = self.claim()?.content.claimant;
                    self.notify(claimant, Notice::Returned);
                    self.effects.push(Effect::WriteBack);
                    return Ok(());
                }
            }
        }
        if fired { Ok(()) } else { Err(Refusal::NothingDue) }
    }

    fn due(&self) -> Result<Option<(usize, LateAct)>, Refusal> {
        let open = self.claim()?.run.iter().enumerate();
        let timers = open
            .filter(|(_, s)| s.progress == Progress::Open)
            .filter_map(|(at, s)| {
                let first = s.timers.first()?;
                (first.at <= self.facts.now).then_some((first.at, at, first.act))
            });
        Ok(timers
            .min_by_key(|(due, at, _)| (*due, *at))
            .map(|(_, at, act)| (at, act)))
    }

    /// Each open task goes to the head above whoever had it; they are reminded where there is none.
    fn escalate(&mut self, step: usize) -> Result<(), Refusal> {
        let open: Vec<(TaskId, EmployeeId)> = self.claim()?.run[step].open().map(|t| (t.id, t.assignee)).collect();
        for (task, late) in open {
            let busy = self.busy(step)?;
            let claim = self.claim()?;
            match self.ask(&claim.content).above(late, &busy) {
                Some(head) => self.hand(task, head, Why::EscalatedFrom(late), String::new()),
                None => self.notify(late, Notice::Reminder),
            }
        }
        Ok(())
    }
}
