//! How a step moves: tasks end, wait again, or are enough.

use jiff::Timestamp;

use super::run::is_added;
use super::{Kind, Outcome, OutcomeKind, Part, Progress, RunStep, Task};
use crate::flow::{Approver, Why};
use crate::ids::TaskId;

impl RunStep {
    pub(super) fn take_back(&mut self, id: TaskId, again: &[(TaskId, Approver)], gone: &[TaskId], at: Timestamp) {
        let part = self
            .tasks
            .iter()
            .find(|t| t.id == id)
            .map(|t| t.part)
            .unwrap_or_default();
        for task in &mut self.tasks {
            if task.id == id {
                task.close(OutcomeKind::Revoked, at);
            } else if gone.contains(&task.id) {
                task.close(OutcomeKind::Void, at);
            }
        }
        self.progress = Progress::Open;
        for (i, (id, who)) in again.iter().enumerate() {
            self.tasks.push(Task {
                part: if i == 0 { part } else { Part::Own },
                ..task(*id, who, at)
            });
        }
    }

    pub(super) fn void(&mut self, at: Timestamp) {
        for task in self.tasks.iter_mut().filter(|t| t.is_open()) {
            task.close(OutcomeKind::Void, at);
        }
        self.timers.clear();
    }

    /// Waits, as if it had not begun; what was signed no longer stands.
    pub(super) fn reset(&mut self, at: Timestamp) {
        self.void(at);
        self.queue.clear();
        if self.kind == Kind::Copy && self.progress == Progress::Done {
            return;
        }
        for task in self.tasks.iter_mut().filter(|t| t.ended(OutcomeKind::Approved)) {
            task.close(OutcomeKind::Revoked, at);
        }
        self.progress = Progress::Waiting;
    }

    /// Waits, and will ask those whom it asks now, the one of `first` before the others.
    pub(super) fn wait_straight(&mut self, first: Option<TaskId>) {
        let mut open: Vec<&Task> = self.open().collect();
        open.sort_by_key(|t| Some(t.id) != first);
        let mut queue: Vec<Approver> = Vec::new();
        for task in open {
            let why = match &task.why {
                why if is_added(why) => why.clone(),
                _ => Why::StraightBack,
            };
            if !queue.iter().any(|a| a.employee == task.assignee) {
                queue.push(Approver {
                    employee: task.assignee,
                    why,
                });
            }
        }
        // Whoever let one of them go first is asked after them.
        for task in self.open() {
            if let Part::Before(root) | Part::Advice(root) = task.part
                && let Some(root) = self.tasks.iter().find(|t| t.id == root)
                && !queue.iter().any(|a| a.employee == root.assignee)
            {
                queue.push(Approver {
                    employee: root.assignee,
                    why: Why::StraightBack,
                });
            }
        }
        queue.append(&mut self.queue);
        self.queue = queue;
        self.progress = Progress::Waiting;
    }

    /// Ends it if as many have signed as must, whoever was added has, and nobody is left to be asked.
    pub(super) fn settle(&mut self, at: Timestamp) {
        if self.progress != Progress::Open || !self.is_enough() {
            return;
        }
        let unneeded: Vec<TaskId> = self
            .open()
            .filter(|t| self.root(t) == Part::Own)
            .map(|t| t.id)
            .collect();
        for task in self.tasks.iter_mut().filter(|t| unneeded.contains(&t.id)) {
            task.close(OutcomeKind::Void, at);
        }
        let over = self.open().next().is_none() && self.queue.is_empty();
        if over {
            self.progress = Progress::Done;
            self.timers.clear();
        }
    }
}

impl Task {
    /// Ends it with nothing said; what was said before stays.
    pub(super) fn close(&mut self, kind: OutcomeKind, at: Timestamp) {
        let said = self.outcome.take();
        self.outcome = Some(match said {
            Some(outcome) => Outcome { kind, ..outcome },
            None => Outcome {
                kind,
                at,
                comment: String::new(),
                by: None,
            },
        });
    }
}

/// A task that was just made.
pub(super) fn task(id: TaskId, who: &Approver, at: Timestamp) -> Task {
    Task {
        id,
        assignee: who.employee,
        why: who.why.clone(),
        opened_at: at,
        outcome: None,
        part: if is_added(&who.why) { Part::Added } else { Part::Own },
    }
}
