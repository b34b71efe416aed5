//! Answering a task: approve, advise, reject, send back, take back; oneself, or on behalf of whoever is away.

use super::command::{Effect, Notice, Refusal};
use super::decide::{Deciding, said};
use super::pay::standing;
use super::{Claim, Event, Kind, OutcomeKind, Part, Progress, Status, Task};
use crate::flow::{Approver, Mode, Why, ancestors, deputies};
use crate::ids::{EmployeeId, TaskId};

/// Somebody who acts on an open task.
pub(super) struct Acting {
    /// The step's place.
    pub step: usize,
    /// The task.
    pub task: Task,
    /// Who acts.
    pub by: EmployeeId,
}

impl Acting {
    /// Who acts, where it is on behalf of the one asked.
    pub fn deputy(&self) -> Option<EmployeeId> {
        (self.by != self.task.assignee).then_some(self.by)
    }
}

impl Deciding<'_> {
    /// The open task `id`, if the actor may answer it: whoever is asked, or who acts for them while they are away.
    pub(super) fn acting(&self, id: TaskId) -> Result<Acting, Refusal> {
        let claim = self.claim()?;
        let (step, task) = claim.task(id).ok_or(Refusal::TaskClosed)?;
        let by = self.actor.employee().ok_or(Refusal::NotYours)?;
        if by != task.assignee {
            let all = self.facts.around.delegations;
            if !deputies(all, task.assignee, &claim.content, self.facts.today).contains(&by) {
                return Err(Refusal::NotYours);
            }
        }
        if claim.status() != Status::InReview || !task.is_open() {
            return Err(Refusal::TaskClosed);
        }
        if !self.facts.org.is_active(by) {
            return Err(Refusal::NotYours);
        }
        let run = &claim.run[step];
        let own = by == claim.content.claimant || task.assignee == claim.content.claimant || Some(by) == claim.stand_in;
        // One person does not count for two at one step; advice counts for nobody.
        let counts = |t: &&Task| t.assignee == by && t.id != id && !matches!(t.part, Part::Advice(_));
        let signs = !matches!(task.part, Part::Advice(_));
        let twice = signs && (by != task.assignee && run.open().any(|t| counts(&t)) || run.signers().any(|s| s == by));
        if own || twice {
            return Err(Refusal::Duties);
        }
        Ok(Acting {
            step,
            task: task.clone(),
            by,
        })
    }

    /// As [`Deciding::acting`], for what an adviser cannot do.
    pub(super) fn deciding(&self, id: TaskId) -> Result<Acting, Refusal> {
        let acting = self.acting(id)?;
        if matches!(acting.task.part, Part::Advice(_)) {
            return Err(Refusal::OnlyAdvice);
        }
        Ok(acting)
    }

    pub(super) fn approve(&mut self, id: TaskId, hash: String, comment: String) -> Result<(), Refusal> {
        let acting = self.acting(id)?;
        if self.claim()?.content.hash() != hash {
            return Err(Refusal::Changed);
        }
        let by = acting.deputy();
        let comment = comment.trim().to_owned();
        match acting.task.part {
            Part::Advice(root) => {
                self.add(Event::Advised {
                    task: id,
                    hash,
                    comment,
                    by,
                });
                self.ask_again(root, acting.task.assignee)?;
            }
            part => {
                standing(self.claim()?)?;
                self.add(Event::Approved {
                    task: id,
                    hash,
                    comment,
                    by,
                });
                if let Part::Before(root) = part {
                    self.ask_again(root, acting.task.assignee)?;
                }
            }
        }
        self.advance()
    }

    /// Asks again whoever had the task `root`, after `from` answered, unless the step has ended meanwhile.
    pub(super) fn ask_again(&mut self, root: TaskId, from: EmployeeId) -> Result<(), Refusal> {
        let claim = self.claim()?;
        let Some((step, task)) = claim.task(root) else {
            return Ok(());
        };
        if claim.run[step].progress != Progress::Open {
            return Ok(());
        }
        let ask = self.ask(&claim.content);
        let signed: Vec<EmployeeId> = claim.run[step].signers().collect();
        let who = if ask.is_fit(task.assignee) && !signed.contains(&task.assignee) {
            Approver {
                employee: task.assignee,
                why: Why::BackFrom(from),
            }
        } else {
            let busy = self.busy(step)?;
            let instead = ask.above(task.assignee, &busy).ok_or(Refusal::NoApprover {
                step: claim.run[step].id.clone(),
            })?;
            Approver {
                employee: instead,
                why: Why::StandsIn(task.assignee),
            }
        };
        let employee = who.employee;
        let made = TaskId(self.fresh.next());
        self.add(Event::AskedAgain {
            task: root,
            to: (made, who),
        });
        self.notify(employee, Notice::TaskOpened);
        Ok(())
    }

    /// Those who are asked in the claim now, will be asked again at a step, or have signed there.
    pub(super) fn busy(&self, step: usize) -> Result<Vec<EmployeeId>, Refusal> {
        let claim = self.claim()?;
        let run = claim.run.get(step).into_iter();
        let queued = run.clone().flat_map(|s| &s.queue).map(|a| a.employee);
        let signed = run.clone().flat_map(|s| s.signers());
        let waiting = run.flat_map(|s| s.open().flat_map(|t| s.waiting_for(t)));
        let open = claim.open_tasks().map(|t| t.assignee);
        Ok(open.chain(queued).chain(signed).chain(waiting).collect())
    }

    pub(super) fn reject(&mut self, id: TaskId, reason: String) -> Result<(), Refusal> {
        let by = self.deciding(id)?.by;
        let reason = said(&reason)?;
        self.add(Event::Rejected { task: id, by, reason });
        let claimant = self.claim()?.content.claimant;
        self.notify(claimant, Notice::Rejected);
        self.effects.push(Effect::WriteBack);
        Ok(())
    }

    pub(super) fn send_back(
        &mut self,
        id: TaskId,
        to: Option<&str>,
        straight: bool,
        reason: String,
    ) -> Result<(), Refusal> {
        let acting = self.deciding(id)?;
        let reason = said(&reason)?;
        let by = acting.by;
        let Some(to) = to else {
            self.add(Event::Returned {
                task: id,
                by,
                reason,
                straight,
            });
            let claimant = self.claim()?.content.claimant;
            self.notify(claimant, Notice::Returned);
            self.effects.push(Effect::WriteBack);
            return Ok(());
        };
        let run = &self.claim()?.run;
        let passed =
            |at: &usize| run[*at].id == to && run[*at].kind == Kind::Sign && run[*at].progress == Progress::Done;
        let to = ancestors(run, acting.step)
            .into_iter()
            .find(passed)
            .ok_or(Refusal::NoStep)?;
        let reset = if straight {
            vec![to]
        } else {
            and_after(self.claim()?, to)
        };
        self.add(Event::SentBack {
            task: id,
            by,
            to,
            reset,
            straight,
            reason,
        });
        self.advance()
    }

    pub(super) fn take_back(&mut self, id: TaskId) -> Result<(), Refusal> {
        let claim = self.state(&[Status::InReview])?;
        let (step, task) = claim.task(id).ok_or(Refusal::TaskClosed)?;
        let me = self.actor.employee().ok_or(Refusal::NotYours)?;
        let outcome = task.outcome.as_ref().ok_or(Refusal::TaskClosed)?;
        if outcome.by.unwrap_or(task.assignee) != me {
            return Err(Refusal::NotYours);
        }
        let ask = self.ask(&claim.content);
        if outcome.kind != OutcomeKind::Approved || !ask.is_fit(task.assignee) || !ask.is_fit(me) {
            return Err(Refusal::TaskClosed);
        }
        let run = &claim.run[step];
        // One that waits for an earlier step asks again by itself.
        if !matches!(run.progress, Progress::Open | Progress::Done) {
            return Err(Refusal::TooLate);
        }
        let acted = |t: &Task| {
            t.id != id
                && t.outcome
                    .as_ref()
                    .is_some_and(|o| o.kind.is_act() && o.at >= outcome.at)
        };
        let reset: Vec<usize> = and_after(claim, step).into_iter().filter(|i| *i != step).collect();
        let later = reset.iter().any(|i| claim.run[*i].tasks.iter().any(acted));
        let in_step = run.mode == Mode::InOrder && run.tasks.iter().any(acted);
        if later || in_step || !matches!(task.part, Part::Own | Part::Added) {
            return Err(Refusal::TooLate);
        }
        // Whoever was asked one after the other is asked so again; whoever fell away by this approval, beside it.
        let next: Vec<&Task> = if run.mode == Mode::InOrder || run.is_enough() {
            run.open().collect()
        } else {
            Vec::new()
        };
        let gone: Vec<TaskId> = next.iter().map(|t| t.id).collect();
        let mut queue: Vec<Approver> = next
            .iter()
            .map(|t| Approver {
                employee: t.assignee,
                why: t.why.clone(),
            })
            .collect();
        queue.extend(run.queue.iter().cloned());
        let fell = run
            .tasks
            .iter()
            .filter(|t| {
                t.part == Part::Own
                    && t.outcome
                        .as_ref()
                        .is_some_and(|o| o.kind == OutcomeKind::Void && o.at == outcome.at)
            })
            .filter(|t| ask.is_fit(t.assignee));
        let mut again = vec![Approver {
            employee: task.assignee,
            why: task.why.clone(),
        }];
        again.extend(fell.map(|t| Approver {
            employee: t.assignee,
            why: t.why.clone(),
        }));
        let timers = self.timers(run);
        let tasks = again.into_iter().map(|who| (TaskId(self.fresh.next()), who)).collect();
        self.add(Event::TakenBack {
            task: id,
            tasks,
            queue,
            gone,
            reset,
            timers,
        });
        Ok(())
    }
}

/// A step and all that wait for it, however far down.
pub(super) fn and_after(claim: &Claim, step: usize) -> Vec<usize> {
    let run = &claim.run;
    (0..run.len())
        .filter(|i| *i == step || ancestors(run, *i).contains(&step))
        .collect()
}
