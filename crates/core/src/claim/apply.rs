//! What an event makes of a claim.

use jiff::Timestamp;

use super::moves::task;
use super::run::is_added;
use super::{Claim, Event, Outcome, OutcomeKind, Part, Place, Progress, RunStep, State, Task};
use crate::flow::Approver;
use crate::ids::{EmployeeId, TaskId};

/// The claim after an event at `at`; `None` before [`Event::Drafted`]. An event that does not fit changes nothing
/// but the count, since what is written is written.
pub fn apply(claim: Option<Claim>, event: &Event, at: Timestamp) -> Option<Claim> {
    let Some(mut claim) = claim else {
        return begin(event, at);
    };
    claim.n += 1;
    match event {
        Event::Drafted { .. } | Event::Commented { .. } => {}
        Event::Edited { content, sources } => {
            claim.content = content.clone();
            claim.sources = sources.clone();
        }
        Event::Chosen { step, people } => {
            claim.chosen.insert(step.clone(), people.clone());
        }
        Event::Submitted {
            judged,
            route,
            settings,
            ..
        } => {
            claim.state = State::Submitted;
            claim.submitted_at = Some(at);
            claim.judged = Some(judged.clone());
            claim.run = route.clone();
            claim.settings = settings.clone();
            claim.material = Some(claim.content.material());
            claim.reminded_at = None;
        }
        Event::Passed { by_rule } => claim.state = State::Approved { at, by_rule: *by_rule },
        Event::Withdrawn { reason } => {
            claim.void(at);
            claim.state = State::Withdrawn { reason: reason.clone() };
        }
        Event::Recalled {} => {
            claim.void(at);
            claim.state = State::Draft;
            claim.submitted_at = None;
        }
        Event::Batched { batch, payment } => {
            claim.state = State::Paying {
                batch: *batch,
                payment: *payment,
            }
        }
        Event::PaymentFailed { .. } => claim.state = State::Approved { at, by_rule: false },
        Event::PaymentPosted { payment, on } => {
            claim.state = State::Paid {
                payment: *payment,
                on: *on,
            }
        }
        Event::Archived {} => claim.state = State::Archived { at },
        Event::HandedOver { to } => {
            claim.stand_in = Some(*to);
            if !claim.copies.contains(to) {
                claim.copies.push(*to);
            }
        }
        Event::Reminded {} => claim.reminded_at = Some(at),
        Event::Copied { step, to, .. } => {
            for who in to {
                if !claim.copies.contains(who) {
                    claim.copies.push(*who);
                }
            }
            if let Some(run) = step.and_then(|step| claim.run.get_mut(step)) {
                run.progress = Progress::Done;
            }
        }
        _ => claim.step_on(event, at),
    }
    Some(claim)
}

fn begin(event: &Event, at: Timestamp) -> Option<Claim> {
    let Event::Drafted {
        id,
        number,
        content,
        sources,
        origin,
    } = event
    else {
        return None;
    };
    Some(Claim {
        id: *id,
        number: number.clone(),
        n: 1,
        state: State::Draft,
        content: content.clone(),
        sources: sources.clone(),
        origin: origin.clone(),
        judged: None,
        run: Vec::new(),
        settings: Default::default(),
        chosen: Default::default(),
        material: None,
        reversed: Vec::new(),
        copies: Vec::new(),
        stand_in: None,
        reminded_at: None,
        created_at: at,
        submitted_at: None,
    })
}

impl Claim {
    /// What an event of its run makes of it.
    fn step_on(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Opened {
                step,
                tasks,
                queue,
                timers,
            } => {
                self.state = State::InReview;
                if let Some(run) = self.run.get_mut(*step) {
                    run.progress = Progress::Open;
                    run.queue.clone_from(queue);
                    run.timers.clone_from(timers);
                    run.tasks.extend(tasks.iter().map(|(id, who)| task(*id, who, at)));
                }
            }
            Event::Reassigned { step, gone, tasks } => {
                if let Some(run) = self.run.get_mut(*step) {
                    for task in run.tasks.iter_mut().filter(|t| gone.contains(&t.id)) {
                        task.close(OutcomeKind::Void, at);
                    }
                    run.tasks.extend(tasks.iter().map(|(id, who)| task(*id, who, at)));
                }
            }
            Event::Skipped { step } => {
                if let Some(run) = self.run.get_mut(*step) {
                    run.progress = Progress::Skipped;
                }
            }
            Event::Approved { task, comment, by, .. } => {
                self.end(*task, OutcomeKind::Approved, comment, *by, at);
                self.settle(*task, at);
            }
            Event::Advised { task, comment, by, .. } => self.end(*task, OutcomeKind::Advised, comment, *by, at),
            Event::AskedAgain { task: old, to } => self.succeed(*old, to, None, at),
            Event::TakenBack {
                task: id,
                tasks,
                queue,
                gone,
                reset,
                timers,
            } => {
                for step in reset {
                    if let Some(run) = self.run.get_mut(*step) {
                        run.reset(at);
                    }
                }
                if let Some(run) = self.step_of(*id) {
                    run.queue.clone_from(queue);
                    run.timers.clone_from(timers);
                    run.take_back(*id, tasks, gone, at);
                }
            }
            Event::Rejected { task, by, reason } => {
                self.end(*task, OutcomeKind::Rejected, reason, Some(*by), at);
                self.void(at);
                self.state = State::Rejected {
                    by: *by,
                    reason: reason.clone(),
                };
            }
            Event::Returned {
                task,
                by,
                reason,
                straight,
            } => {
                if *straight {
                    self.wait_for_return(*task);
                }
                self.end(*task, OutcomeKind::Returned, reason, Some(*by), at);
                self.void(at);
                self.state = State::Returned {
                    by: Some(*by),
                    reason: reason.clone(),
                    straight: *straight,
                };
            }
            Event::SentBack {
                task,
                by,
                reset,
                straight,
                reason,
                ..
            } => {
                let mine = self.task(*task).map(|(step, _)| step);
                let back = mine.filter(|_| *straight).and_then(|m| self.run.get_mut(m));
                if let Some(run) = back {
                    run.wait_straight(Some(*task));
                }
                self.end(*task, OutcomeKind::Returned, reason, Some(*by), at);
                if let Some(run) = mine.and_then(|m| self.run.get_mut(m)) {
                    run.void(at);
                }
                for step in reset {
                    if let Some(run) = self.run.get_mut(*step) {
                        run.reset(at);
                    }
                }
            }
            Event::Amended {
                content, judged, route, ..
            } => {
                self.content = content.clone();
                self.material = Some(content.material());
                if let Some(judged) = judged {
                    self.judged = Some(judged.clone());
                }
                if let Some(route) = route {
                    self.run.clone_from(route);
                }
            }
            Event::Transferred { task, to, reason } => {
                self.end(*task, OutcomeKind::Transferred, reason, None, at);
                self.succeed(*task, to, None, at);
            }
            Event::Delegated { task, to, reason } => {
                self.end(*task, OutcomeKind::Delegated, reason, None, at);
                self.succeed(*task, to, Some(Part::Advice(*task)), at);
            }
            Event::SignerAdded {
                task,
                place,
                who,
                made,
                reason,
            } => self.add_signer(*task, *place, who, *made, reason, at),
            Event::SignerRemoved { step, who, task, .. } => {
                if let Some(run) = self.run.get_mut(*step) {
                    let mut goes_on = false;
                    match task {
                        Some(id) => {
                            for task in run.tasks.iter_mut().filter(|t| t.id == *id) {
                                task.close(OutcomeKind::Void, at);
                                goes_on = matches!(task.part, Part::Before(_) | Part::Advice(_));
                            }
                        }
                        None => run.queue.retain(|a| a.employee != *who || !is_added(&a.why)),
                    }
                    // Whoever let them go first is asked again next.
                    if !goes_on {
                        run.settle(at);
                    }
                }
            }
            Event::Fired { step, .. } => {
                if let Some(run) = self.run.get_mut(*step)
                    && !run.timers.is_empty()
                {
                    run.timers.remove(0);
                }
            }
            Event::Reversed { invoices } => {
                self.reversed.extend(invoices.iter().cloned());
                if matches!(self.state, State::Approved { .. }) {
                    self.state = State::Returned {
                        by: None,
                        reason: String::new(),
                        straight: false,
                    };
                }
            }
            Event::TimedOut { .. } => {
                self.void(at);
                self.state = State::Returned {
                    by: None,
                    reason: String::new(),
                    straight: false,
                };
            }
            _ => {}
        }
    }

    fn end(&mut self, id: TaskId, kind: OutcomeKind, comment: &str, by: Option<EmployeeId>, at: Timestamp) {
        for task in self.run.iter_mut().flat_map(|s| &mut s.tasks).filter(|t| t.id == id) {
            task.outcome = Some(Outcome {
                kind,
                at,
                comment: comment.to_owned(),
                by: by.filter(|by| *by != task.assignee),
            });
        }
    }

    /// The step of a task.
    fn step_of(&mut self, id: TaskId) -> Option<&mut RunStep> {
        self.run.iter_mut().find(|s| s.tasks.iter().any(|t| t.id == id))
    }

    fn settle(&mut self, id: TaskId, at: Timestamp) {
        if let Some(step) = self.step_of(id) {
            step.settle(at);
        }
    }

    /// A task that follows another one, in the same part unless it has its own.
    fn succeed(&mut self, old: TaskId, to: &(TaskId, Approver), part: Option<Part>, at: Timestamp) {
        if let Some(step) = self.step_of(old) {
            let inherited = step.tasks.iter().find(|t| t.id == old).map(|t| t.part);
            step.tasks.push(Task {
                part: part.or(inherited).unwrap_or_default(),
                ..task(to.0, &to.1, at)
            });
        }
    }

    fn add_signer(
        &mut self,
        id: TaskId,
        place: Place,
        who: &Approver,
        made: Option<TaskId>,
        reason: &str,
        at: Timestamp,
    ) {
        match (place, made) {
            (Place::After, _) => {
                if let Some(step) = self.step_of(id) {
                    step.queue.insert(0, who.clone());
                }
            }
            (Place::Beside, Some(made)) => self.succeed(id, &(made, who.clone()), Some(Part::Added), at),
            (Place::Before, Some(made)) => {
                self.end(id, OutcomeKind::Delegated, reason, None, at);
                self.succeed(id, &(made, who.clone()), Some(Part::Before(id)), at);
            }
            (_, None) => {}
        }
    }

    /// Before it goes to the claimant and straight back: each open step will ask those whom it asks now.
    fn wait_for_return(&mut self, by: TaskId) {
        for step in self.run.iter_mut().filter(|s| s.progress == Progress::Open) {
            step.wait_straight(Some(by));
        }
    }

    fn void(&mut self, at: Timestamp) {
        for step in &mut self.run {
            step.void(at);
        }
    }
}
