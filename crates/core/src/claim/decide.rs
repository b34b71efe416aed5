//! The one door to a claim: what a command decides, given the facts.

use jiff::civil::Date;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::command::{Command, Decision, Effect, Facts, Notice, Refusal};
use super::route::Route;
use super::{Actor, Claim, Content, Event, Problem, Source, Status, Task, apply};
use crate::flow::{Approver, Why};
use crate::ids::{BatchId, EmployeeId, PaymentId, TaskId};
use crate::policy::{Finding, Severity};

/// New ids drawn from one seed, so that the same facts give the same events.
pub(super) struct Fresh {
    seed: [u8; 16],
    count: u32,
}

impl Fresh {
    pub(super) fn next(&mut self) -> Uuid {
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(self.count.to_be_bytes());
        self.count += 1;
        let digest = hash.finalize();
        let mut bytes = [0u8; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// Decides a command. Nothing is changed; the events say what is to be written.
pub fn decide(claim: Option<&Claim>, command: Command, actor: &Actor, facts: &Facts) -> Result<Decision, Refusal> {
    let mut deciding = Deciding {
        claim: claim.cloned(),
        events: Vec::new(),
        effects: Vec::new(),
        actor,
        facts,
        fresh: Fresh {
            seed: facts.seed,
            count: 0,
        },
    };
    deciding.run(command)?;
    let claim = deciding.claim.ok_or(Refusal::Missing)?;
    Ok(Decision {
        events: deciding.events,
        effects: deciding.effects,
        claim,
    })
}

pub(super) struct Deciding<'a> {
    pub(super) claim: Option<Claim>,
    events: Vec<Event>,
    effects: Vec<Effect>,
    actor: &'a Actor,
    pub(super) facts: &'a Facts<'a>,
    pub(super) fresh: Fresh,
}

impl Deciding<'_> {
    pub(super) fn add(&mut self, event: Event) {
        self.claim = apply(self.claim.take(), &event, self.facts.now);
        self.events.push(event);
    }

    pub(super) fn claim(&self) -> Result<&Claim, Refusal> {
        self.claim.as_ref().ok_or(Refusal::Missing)
    }

    pub(super) fn notify(&mut self, to: EmployeeId, notice: Notice) {
        self.effects.push(Effect::Notify { to, notice });
    }

    fn run(&mut self, command: Command) -> Result<(), Refusal> {
        match command {
            Command::Draft {
                id,
                number,
                content,
                sources,
                origin,
            } => {
                if self.claim.is_some() {
                    return Err(Refusal::Missing);
                }
                self.acceptable(&content)?;
                self.add(Event::Drafted {
                    id,
                    number,
                    content,
                    sources,
                    origin,
                });
                Ok(())
            }
            Command::Edit { content, sources } => self.edit(content, sources),
            Command::Submit => self.submit(),
            Command::Approve { task, hash, comment } => self.approve(task, hash, comment),
            Command::Reject { task, reason } => self.refuse(task, reason, true),
            Command::Return { task, reason } => self.refuse(task, reason, false),
            Command::Transfer { task, to, reason } => self.transfer(task, to, reason),
            Command::Replace { task } => self.replace(task),
            Command::Withdraw { reason } => self.withdraw(reason),
            Command::Comment { text } => {
                self.claim()?;
                let text = said(&text)?;
                self.add(Event::Commented { text });
                Ok(())
            }
            Command::Batch { batch, payment } => self.batch(batch, payment),
            Command::Fail { payment, reason } => self.fail(payment, reason),
            Command::Post { payment, on } => self.post(payment, on),
            Command::Archive => {
                self.state(&[Status::Paid])?;
                self.add(Event::Archived {});
                Ok(())
            }
        }
    }

    fn acceptable(&self, content: &Content) -> Result<(), Refusal> {
        let problems = content.problems(self.facts.today);
        if !problems.is_empty() {
            return Err(Refusal::Problems { problems });
        }
        if !self.facts.taken.is_empty() {
            return Err(Refusal::Taken {
                taken: self.facts.taken.to_vec(),
            });
        }
        Ok(())
    }

    fn edit(&mut self, content: Content, sources: Vec<Source>) -> Result<(), Refusal> {
        self.own()?;
        let claim = self.state(&[Status::Draft, Status::Returned])?;
        if content.claimant != claim.content.claimant {
            return Err(Refusal::NotYours);
        }
        self.acceptable(&content)?;
        self.add(Event::Edited { content, sources });
        Ok(())
    }

    fn submit(&mut self) -> Result<(), Refusal> {
        self.own()?;
        let content = self.state(&[Status::Draft, Status::Returned])?.content.clone();
        self.acceptable(&content)?;
        let gaps = content.gaps();
        if !gaps.is_empty() {
            return Err(Refusal::Problems { problems: gaps });
        }
        let judged = self.facts.judged.ok_or(Refusal::Missing)?.clone();
        let blocks: Vec<Finding> = judged
            .findings
            .iter()
            .filter(|f| f.severity == Severity::Block)
            .cloned()
            .collect();
        if !blocks.is_empty() {
            return Err(Refusal::Blocked { findings: blocks });
        }
        let passes = judged.auto.passes();
        let route = if passes {
            Vec::new()
        } else {
            self.lay(&content, &judged.findings)?
        };
        self.add(Event::Submitted {
            hash: content.hash(),
            judged,
            route,
        });
        self.effects.push(Effect::WriteBack);
        if passes { self.pass(true) } else { self.advance() }
    }

    fn approve(&mut self, id: TaskId, hash: String, comment: String) -> Result<(), Refusal> {
        self.assigned(id)?;
        if self.claim()?.content.hash() != hash {
            return Err(Refusal::Changed);
        }
        self.add(Event::Approved {
            task: id,
            hash,
            comment: comment.trim().to_owned(),
        });
        self.advance()
    }

    /// The last signature, or none needed: the amount becomes payable.
    pub(super) fn pass(&mut self, by_rule: bool) -> Result<(), Refusal> {
        self.add(Event::Passed { by_rule });
        self.effects.push(Effect::Pay);
        let claimant = self.claim()?.content.claimant;
        self.notify(claimant, Notice::Approved);
        Ok(())
    }

    fn refuse(&mut self, id: TaskId, reason: String, for_good: bool) -> Result<(), Refusal> {
        let by = self.assigned(id)?.assignee;
        let reason = said(&reason)?;
        let claimant = self.claim()?.content.claimant;
        if for_good {
            self.add(Event::Rejected { task: id, by, reason });
            self.notify(claimant, Notice::Rejected);
        } else {
            self.add(Event::Returned { task: id, by, reason });
            self.notify(claimant, Notice::Returned);
        }
        self.effects.push(Effect::WriteBack);
        Ok(())
    }

    fn transfer(&mut self, id: TaskId, to: EmployeeId, reason: String) -> Result<(), Refusal> {
        let from = self.assigned(id)?.assignee;
        let reason = said(&reason)?;
        let claim = self.claim()?;
        let unfit = to == claim.content.claimant
            || to == from
            || !self.facts.org.is_active(to)
            || claim.open_tasks().any(|t| t.assignee == to);
        if unfit {
            return Err(Refusal::Unfit);
        }
        let task = TaskId(self.fresh.next());
        let who = Approver {
            employee: to,
            why: Why::TransferredBy(from),
        };
        self.add(Event::Transferred {
            task: id,
            to: (task, who),
            reason,
        });
        self.notify(to, Notice::TaskOpened);
        Ok(())
    }

    fn replace(&mut self, id: TaskId) -> Result<(), Refusal> {
        let missing = self.open_task(id)?.assignee;
        if self.facts.org.is_active(missing) {
            return Err(Refusal::Unfit);
        }
        let content = self.claim()?.content.clone();
        let asked: Vec<EmployeeId> = self.claim()?.open_tasks().map(|t| t.assignee).collect();
        let who = self
            .ask(&content)
            .stand_in(Some(missing))
            .into_iter()
            .find(|a| !asked.contains(&a.employee))
            .ok_or(Refusal::NoApprover {
                step: "stand-in".to_owned(),
            })?;
        let to = who.employee;
        let task = TaskId(self.fresh.next());
        self.add(Event::Transferred {
            task: id,
            to: (task, who),
            reason: String::new(),
        });
        self.notify(to, Notice::TaskOpened);
        Ok(())
    }

    fn withdraw(&mut self, reason: String) -> Result<(), Refusal> {
        self.own()?;
        self.state(&[Status::Draft, Status::InReview, Status::Returned])?;
        self.add(Event::Withdrawn {
            reason: reason.trim().to_owned(),
        });
        self.effects.push(Effect::WriteBack);
        Ok(())
    }

    fn batch(&mut self, batch: BatchId, payment: PaymentId) -> Result<(), Refusal> {
        let claim = self.state(&[Status::Approved])?;
        let payer = self.actor.employee().ok_or(Refusal::NotYours)?;
        let signed = claim.run.iter().flat_map(|s| &s.tasks).any(|t| {
            t.assignee == payer
                && t.outcome
                    .as_ref()
                    .is_some_and(|o| o.kind == super::OutcomeKind::Approved)
        });
        if payer == claim.content.claimant || signed {
            return Err(Refusal::Duties);
        }
        self.add(Event::Batched { batch, payment });
        Ok(())
    }

    fn fail(&mut self, payment: PaymentId, reason: String) -> Result<(), Refusal> {
        self.paying(payment)?;
        let reason = said(&reason)?;
        self.add(Event::PaymentFailed { payment, reason });
        let claimant = self.claim()?.content.claimant;
        self.notify(claimant, Notice::PaymentFailed);
        Ok(())
    }

    fn post(&mut self, payment: PaymentId, on: Date) -> Result<(), Refusal> {
        self.paying(payment)?;
        self.add(Event::PaymentPosted { payment, on });
        let claimant = self.claim()?.content.claimant;
        self.notify(claimant, Notice::Paid);
        self.effects.push(Effect::WriteBack);
        Ok(())
    }

    fn paying(&self, payment: PaymentId) -> Result<(), Refusal> {
        let claim = self.state(&[Status::Paying])?;
        match &claim.state {
            super::State::Paying { payment: current, .. } if *current == payment => Ok(()),
            _ => Err(Refusal::OtherPayment),
        }
    }

    fn state(&self, allowed: &[Status]) -> Result<&Claim, Refusal> {
        let claim = self.claim()?;
        if allowed.contains(&claim.status()) {
            Ok(claim)
        } else {
            Err(Refusal::State { status: claim.status() })
        }
    }

    fn own(&self) -> Result<(), Refusal> {
        let claimant = self.claim()?.content.claimant;
        if self.actor.employee() == Some(claimant) {
            Ok(())
        } else {
            Err(Refusal::NotYours)
        }
    }

    fn open_task(&self, id: TaskId) -> Result<&Task, Refusal> {
        let claim = self.claim()?;
        let task = claim
            .run
            .iter()
            .flat_map(|s| &s.tasks)
            .find(|t| t.id == id)
            .ok_or(Refusal::TaskClosed)?;
        if claim.status() != Status::InReview || task.outcome.is_some() {
            return Err(Refusal::TaskClosed);
        }
        Ok(task)
    }

    fn assigned(&self, id: TaskId) -> Result<&Task, Refusal> {
        let claim = self.claim()?;
        let task = claim
            .run
            .iter()
            .flat_map(|s| &s.tasks)
            .find(|t| t.id == id)
            .ok_or(Refusal::TaskClosed)?;
        if self.actor.employee() != Some(task.assignee) {
            return Err(Refusal::NotYours);
        }
        if task.assignee == claim.content.claimant {
            return Err(Refusal::Duties);
        }
        self.open_task(id)
    }
}

fn said(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::ReasonMissing);
    }
    if text.chars().count() > super::MAX_TEXT {
        return Err(Refusal::Problems {
            problems: vec![Problem::new("reason", "too-long").with("max", super::MAX_TEXT)],
        });
    }
    Ok(text.to_owned())
}
