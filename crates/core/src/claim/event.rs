//! What can happen to a claim, and what that makes of it.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Claim, Content, Judgement, Outcome, OutcomeKind, Progress, RunStep, Source, State, Task};
use crate::flow::Approver;
use crate::ids::{BatchId, ClaimId, EmployeeId, PaymentId, TaskId};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person.
    Employee(EmployeeId),
    /// Outlay itself; the word says which part.
    System(String),
}

impl Actor {
    /// The person, if it is one.
    pub fn employee(&self) -> Option<EmployeeId> {
        match self {
            Actor::Employee(id) => Some(*id),
            Actor::System(_) => None,
        }
    }
}

/// Something that happened to a claim. Never changed once written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A draft began.
    Drafted {
        /// The new claim's id.
        id: ClaimId,
        /// Its number.
        number: String,
        /// What it says.
        content: Content,
        /// Where its fields came from.
        sources: Vec<Source>,
        /// The CRM event behind it.
        origin: Option<String>,
    },
    /// Its content was replaced.
    Edited {
        /// What it says now.
        content: Content,
        /// Where its fields came from.
        sources: Vec<Source>,
    },
    /// It was handed in, judged, and its route was laid.
    Submitted {
        /// What was handed in.
        hash: String,
        /// What the policy said.
        judged: Judgement,
        /// The steps ahead; empty if it passes by itself.
        route: Vec<RunStep>,
    },
    /// A step began: these people are asked.
    Opened {
        /// Place in the route.
        step: usize,
        /// Who, with the tasks' ids.
        tasks: Vec<(TaskId, Approver)>,
    },
    /// A step needed nobody.
    Skipped {
        /// Place in the route.
        step: usize,
    },
    /// Somebody signed.
    Approved {
        /// Their task.
        task: TaskId,
        /// The content they signed.
        hash: String,
        /// What they said.
        comment: String,
    },
    /// All steps are done, or none was needed: it is to be paid.
    Passed {
        /// By rule, with nobody asked.
        by_rule: bool,
    },
    /// Somebody refused it.
    Rejected {
        /// Their task.
        task: TaskId,
        /// Who.
        by: EmployeeId,
        /// Why.
        reason: String,
    },
    /// Somebody sent it back.
    Returned {
        /// Their task.
        task: TaskId,
        /// Who.
        by: EmployeeId,
        /// Why.
        reason: String,
    },
    /// A task went to somebody else.
    Transferred {
        /// The task left.
        task: TaskId,
        /// The task made.
        to: (TaskId, Approver),
        /// Why.
        reason: String,
    },
    /// The claimant took it back.
    Withdrawn {
        /// Why, if said.
        reason: String,
    },
    /// Somebody said something.
    Commented {
        /// What.
        text: String,
    },
    /// It was put into a batch.
    Batched {
        /// The batch.
        batch: BatchId,
        /// The payment.
        payment: PaymentId,
    },
    /// The bank did not carry out its payment.
    PaymentFailed {
        /// The payment.
        payment: PaymentId,
        /// What the bank said.
        reason: String,
    },
    /// The bank carried it out.
    PaymentPosted {
        /// The payment.
        payment: PaymentId,
        /// The bank's day.
        on: Date,
    },
    /// The CRM was told.
    Archived {},
}

impl Event {
    /// The word in tables.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::Drafted { .. } => "drafted",
            Event::Edited { .. } => "edited",
            Event::Submitted { .. } => "submitted",
            Event::Opened { .. } => "opened",
            Event::Skipped { .. } => "skipped",
            Event::Approved { .. } => "approved",
            Event::Passed { .. } => "passed",
            Event::Rejected { .. } => "rejected",
            Event::Returned { .. } => "returned",
            Event::Transferred { .. } => "transferred",
            Event::Withdrawn { .. } => "withdrawn",
            Event::Commented { .. } => "commented",
            Event::Batched { .. } => "batched",
            Event::PaymentFailed { .. } => "payment_failed",
            Event::PaymentPosted { .. } => "payment_posted",
            Event::Archived {} => "archived",
        }
    }
}

/// The claim after an event at `at`; `None` before [`Event::Drafted`]. An event that does not fit changes nothing
/// but the count, since what is written is written.
pub fn apply(claim: Option<Claim>, event: &Event, at: Timestamp) -> Option<Claim> {
    let Some(mut claim) = claim else {
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
        return Some(Claim {
            id: *id,
            number: number.clone(),
            n: 1,
            state: State::Draft,
            content: content.clone(),
            sources: sources.clone(),
            origin: origin.clone(),
            judged: None,
            run: Vec::new(),
            created_at: at,
            submitted_at: None,
        });
    };
    claim.n += 1;
    match event {
        Event::Drafted { .. } | Event::Commented { .. } => {}
        Event::Edited { content, sources } => {
            claim.content = content.clone();
            claim.sources = sources.clone();
        }
        Event::Submitted { judged, route, .. } => {
            claim.state = State::Submitted;
            claim.submitted_at = Some(at);
            claim.judged = Some(judged.clone());
            claim.run = route.clone();
        }
        Event::Opened { step, tasks } => {
            claim.state = State::InReview;
            if let Some(run) = claim.run.get_mut(*step) {
                run.progress = Progress::Open;
                run.tasks.extend(tasks.iter().map(|(id, who)| task(*id, who, at)));
            }
        }
        Event::Skipped { step } => {
            if let Some(run) = claim.run.get_mut(*step) {
                run.progress = Progress::Skipped;
            }
        }
        Event::Approved { task, comment, .. } => claim.sign(*task, comment, at),
        Event::Passed { by_rule } => claim.state = State::Approved { at, by_rule: *by_rule },
        Event::Rejected { task, by, reason } => {
            claim.end(*task, OutcomeKind::Rejected, reason, at);
            claim.void(at);
            claim.state = State::Rejected {
                by: *by,
                reason: reason.clone(),
            };
        }
        Event::Returned { task, by, reason } => {
            claim.end(*task, OutcomeKind::Returned, reason, at);
            claim.void(at);
            claim.state = State::Returned {
                by: *by,
                reason: reason.clone(),
            };
        }
        Event::Transferred {
            task: from,
            to: (id, who),
            reason,
        } => {
            claim.end(*from, OutcomeKind::Transferred, reason, at);
            if let Some(step) = claim.run.iter_mut().find(|s| s.tasks.iter().any(|t| t.id == *from)) {
                step.tasks.push(task(*id, who, at));
            }
        }
        Event::Withdrawn { reason } => {
            claim.void(at);
            claim.state = State::Withdrawn { reason: reason.clone() };
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
    }
    Some(claim)
}

fn task(id: TaskId, who: &Approver, at: Timestamp) -> Task {
    Task {
        id,
        assignee: who.employee,
        why: who.why.clone(),
        opened_at: at,
        outcome: None,
    }
}

impl Claim {
    fn end(&mut self, id: TaskId, kind: OutcomeKind, comment: &str, at: Timestamp) {
        for task in self.run.iter_mut().flat_map(|s| &mut s.tasks).filter(|t| t.id == id) {
            task.outcome = Some(Outcome {
                kind,
                at,
                comment: comment.to_owned(),
            });
        }
    }

    fn void(&mut self, at: Timestamp) {
        for task in self
            .run
            .iter_mut()
            .flat_map(|s| &mut s.tasks)
            .filter(|t| t.outcome.is_none())
        {
            task.outcome = Some(Outcome {
                kind: OutcomeKind::Void,
                at,
                comment: String::new(),
            });
        }
    }

    fn sign(&mut self, id: TaskId, comment: &str, at: Timestamp) {
        self.end(id, OutcomeKind::Approved, comment, at);
        let Some(step) = self.run.iter_mut().find(|s| s.tasks.iter().any(|t| t.id == id)) else {
            return;
        };
        let enough = match step.mode {
            crate::flow::Mode::Any => true,
            crate::flow::Mode::All => step.tasks.iter().all(|t| t.outcome.is_some()),
        };
        if enough {
            step.progress = Progress::Done;
            for task in step.tasks.iter_mut().filter(|t| t.outcome.is_none()) {
                task.outcome = Some(Outcome {
                    kind: OutcomeKind::Void,
                    at,
                    comment: String::new(),
                });
            }
        }
    }
}
