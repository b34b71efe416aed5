//! Tasks that change hands: transfer, advice, added signers, and those who leave or are no longer meant.

use super::command::{Notice, Refusal};
use super::decide::{Deciding, said};
use super::{Event, OutcomeKind, Part, Place, Progress, RunStep, Task};
use crate::flow::{Approver, Mode, Resolved, Why};
use crate::ids::{EmployeeId, TaskId};

impl Deciding<'_> {
    /// Whether somebody can be given a task at a step: works here, is not the claimant, is not asked already and has
    /// not signed there.
    fn fit(&self, step: usize, who: EmployeeId) -> Result<(), Refusal> {
        let claim = self.claim()?;
        if self.ask(&claim.content).is_fit(who) && !self.busy(step)?.contains(&who) {
            Ok(())
        } else {
            Err(Refusal::Unfit)
        }
    }

    pub(super) fn transfer(&mut self, id: TaskId, to: EmployeeId, reason: String) -> Result<(), Refusal> {
        let acting = self.acting(id)?;
        let reason = said(&reason)?;
        self.fit(acting.step, to)?;
        self.hand(id, to, Why::TransferredBy(acting.by), reason);
        Ok(())
    }

    pub(super) fn hand(&mut self, id: TaskId, to: EmployeeId, why: Why, reason: String) {
        let task = TaskId(self.fresh.next());
        let who = Approver { employee: to, why };
        self.add(Event::Transferred {
            task: id,
            to: (task, who),
            reason,
        });
        self.notify(to, Notice::TaskOpened);
    }

    pub(super) fn delegate(&mut self, id: TaskId, to: EmployeeId, reason: String) -> Result<(), Refusal> {
        let acting = self.acting(id)?;
        let reason = said(&reason)?;
        self.fit(acting.step, to)?;
        let task = TaskId(self.fresh.next());
        let who = Approver {
            employee: to,
            why: Why::DelegatedBy(acting.by),
        };
        self.add(Event::Delegated {
            task: id,
            to: (task, who),
            reason,
        });
        self.notify(to, Notice::TaskOpened);
        Ok(())
    }

    pub(super) fn add_signer(
        &mut self,
        id: TaskId,
        who: EmployeeId,
        place: Place,
        reason: String,
    ) -> Result<(), Refusal> {
        let acting = self.deciding(id)?;
        let reason = said(&reason)?;
        self.fit(acting.step, who)?;
        let made = (place != Place::After).then(|| TaskId(self.fresh.next()));
        self.add(Event::SignerAdded {
            task: id,
            place,
            who: Approver {
                employee: who,
                why: Why::AddedBy(acting.by),
            },
            made,
            reason,
        });
        if made.is_some() {
            self.notify(who, Notice::TaskOpened);
        }
        Ok(())
    }

    pub(super) fn remove_signer(&mut self, who: EmployeeId, reason: String) -> Result<(), Refusal> {
        let me = self.actor.employee().ok_or(Refusal::NotYours)?;
        let added = Why::AddedBy(me);
        let claim = self.claim()?;
        let open = |s: &&(usize, &RunStep)| s.1.progress == Progress::Open;
        let steps: Vec<(usize, &RunStep)> = claim.run.iter().enumerate().collect();
        let found = steps.iter().filter(open).find_map(|(at, step)| {
            let task = step.open().find(|t| t.assignee == who && t.why == added);
            let queued = step.queue.iter().any(|a| a.employee == who && a.why == added);
            (task.is_some() || queued).then(|| (*at, task.map(|t| (t.id, t.part))))
        });
        let (step, task) = found.ok_or(Refusal::NotYours)?;
        self.add(Event::SignerRemoved {
            step,
            who,
            task: task.map(|(id, _)| id),
            reason: reason.trim().to_owned(),
        });
        if let Some((_, Part::Before(root))) = task {
            self.ask_again(root, who)?;
        }
        self.advance()
    }

    /// Somebody has left: whoever stands in is asked.
    pub(super) fn replace(&mut self, id: TaskId) -> Result<(), Refusal> {
        let claim = self.claim()?;
        let (step, task) = claim.task(id).ok_or(Refusal::TaskClosed)?;
        if claim.status() != super::Status::InReview || !task.is_open() {
            return Err(Refusal::TaskClosed);
        }
        let missing = task.assignee;
        if self.facts.org.is_active(missing) {
            return Err(Refusal::Unfit);
        }
        if let Part::Advice(root) = task.part {
            // Nobody advises in their stead: whoever asked decides without.
            self.add(Event::SignerRemoved {
                step,
                who: missing,
                task: Some(id),
                reason: String::new(),
            });
            return self.ask_again(root, missing);
        }
        let busy = self.busy(step)?;
        let who = self
            .ask(&claim.content)
            .stand_in(Some(missing))
            .into_iter()
            .find(|a| !busy.contains(&a.employee))
            .ok_or(Refusal::NoApprover {
                step: "stand-in".to_owned(),
            })?;
        self.hand(id, who.employee, who.why, String::new());
        Ok(())
    }

    /// The organisation changed: open steps ask those whom it names now.
    pub(super) fn reassign(&mut self) -> Result<(), Refusal> {
        if self.actor.employee().is_some() {
            return Err(Refusal::NotYours);
        }
        let steps = self.claim()?.run.len();
        let mut changed = false;
        for step in 0..steps {
            changed |= self.reassign_step(step)?;
        }
        if changed { Ok(()) } else { Err(Refusal::NothingDue) }
    }

    fn reassign_step(&mut self, step: usize) -> Result<bool, Refusal> {
        let claim = self.claim()?;
        let run = &claim.run[step];
        if run.progress != Progress::Open || run.mode == Mode::InOrder || claim.status() != super::Status::InReview {
            return Ok(false);
        }
        let ask = self.ask(&claim.content);
        let Ok(Resolved::People(people)) = ask.resolve(&run.who, &run.id) else {
            return Ok(false);
        };
        let gone: Vec<TaskId> = run
            .open()
            .filter(|t| t.part == Part::Own && is_of_organisation(&t.why))
            .filter(|t| !people.iter().any(|p| p.employee == t.assignee))
            .map(|t| t.id)
            .collect();
        let busy = self.busy(step)?;
        let given_away = |who: EmployeeId| {
            let left = |t: &Task| t.assignee == who && t.ended(OutcomeKind::Transferred);
            run.tasks.iter().any(left)
        };
        let new: Vec<Approver> = people
            .into_iter()
            .filter(|p| !busy.contains(&p.employee) && !given_away(p.employee))
            .collect();
        let asked: Vec<EmployeeId> = new.iter().map(|a| a.employee).collect();
        let stays = run.open().any(|t| !gone.contains(&t.id));
        if gone.is_empty() || asked.is_empty() && !stays {
            return Ok(false);
        }
        let tasks = new.into_iter().map(|who| (TaskId(self.fresh.next()), who)).collect();
        self.add(Event::Reassigned { step, gone, tasks });
        for employee in asked {
            self.notify(employee, Notice::TaskOpened);
        }
        Ok(true)
    }
}

/// Whether the organisation, not a person, made somebody an approver.
fn is_of_organisation(why: &Why) -> bool {
    matches!(
        why,
        Why::Heads(_)
            | Why::Holds(_)
            | Why::OwnsDeal
            | Why::OwnsProject
            | Why::OwnsCostCenter(_)
            | Why::Position(_)
            | Why::Expression
            | Why::Instead
    )
}
