//! The one door to a claim: what a command decides, given the facts.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::route::Route;
use super::{Actor, Claim, Content, Event, Judgement, Problem, Source, Status, Task, apply};
use crate::flow::{Approver, Flow, Why};
use crate::ids::{BatchId, ClaimId, EmployeeId, PaymentId, TaskId};
use crate::org::Org;
use crate::policy::{Finding, Severity};

/// Something that somebody wants done to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Begin a draft.
    Draft {
        /// The new id.
        id: ClaimId,
        /// The new number.
        number: String,
        /// What it says.
        content: Content,
        /// Where its fields came from.
        sources: Vec<Source>,
        /// The CRM event behind it.
        origin: Option<String>,
    },
    /// Replace what a draft says.
    Edit {
        /// What it says now.
        content: Content,
        /// Where its fields came from.
        sources: Vec<Source>,
    },
    /// Hand it in.
    Submit,
    /// Sign a task.
    Approve {
        /// Which.
        task: TaskId,
        /// The content seen, by its hash.
        hash: String,
        /// Anything to say.
        comment: String,
    },
    /// Refuse for good.
    Reject {
        /// The task.
        task: TaskId,
        /// Why.
        reason: String,
    },
    /// Send back to the claimant.
    Return {
        /// The task.
        task: TaskId,
        /// Why.
        reason: String,
    },
    /// Give a task to somebody else.
    Transfer {
        /// The task.
        task: TaskId,
        /// To whom.
        to: EmployeeId,
        /// Why.
        reason: String,
    },
    /// Ask somebody else, since the one asked has left.
    Replace {
        /// The task of who left.
        task: TaskId,
    },
    /// Take it back, or discard a draft.
    Withdraw {
        /// Why, if said.
        reason: String,
    },
    /// Say something.
    Comment {
        /// What.
        text: String,
    },
    /// Put it into a batch.
    Batch {
        /// The batch.
        batch: BatchId,
        /// The new payment.
        payment: PaymentId,
    },
    /// The bank refused its payment.
    Fail {
        /// The payment.
        payment: PaymentId,
        /// What the bank said.
        reason: String,
    },
    /// The bank carried it out.
    Post {
        /// The payment.
        payment: PaymentId,
        /// The bank's day.
        on: Date,
    },
    /// The CRM was told.
    Archive,
}

/// What the caller knows; nothing here is looked up by the core.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The moment.
    pub now: Timestamp,
    /// The day in the entity's zone.
    pub today: Date,
    /// The organisation.
    pub org: &'a Org,
    /// The flow in force, for [`Command::Submit`].
    pub flow: &'a Flow,
    /// What the policy says of the content, for [`Command::Submit`].
    pub judged: Option<&'a Judgement>,
    /// The employee behind the deal's CRM user.
    pub deal_owner: Option<EmployeeId>,
    /// Invoices of the content that other live claims hold.
    pub taken: &'a [Taken],
    /// Chance, for new ids.
    pub seed: [u8; 16],
}

/// An invoice that another live claim holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The invoice's identity.
    pub invoice: String,
    /// The claim that holds it.
    pub claim: ClaimId,
    /// Its number.
    pub number: String,
    /// Since when.
    pub on: Date,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// What the outside is to be told.
    pub effects: Vec<Effect>,
    /// The claim afterwards.
    pub claim: Claim,
}

/// What the outside is to be told, through the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Write to somebody.
    Notify {
        /// To whom.
        to: EmployeeId,
        /// About what.
        notice: Notice,
    },
    /// Its amount becomes payable.
    Pay,
    /// Figures on its deals and customers changed.
    WriteBack,
}

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// You are asked to sign.
    TaskOpened,
    /// Your claim is approved.
    Approved,
    /// Your claim was refused.
    Rejected,
    /// Your claim came back.
    Returned,
    /// Your claim was paid.
    Paid,
    /// The bank did not pay your claim.
    PaymentFailed,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// The claim's state does not allow it.
    #[error("the claim is {}", status.code())]
    State {
        /// The state.
        status: Status,
    },
    /// The actor has no part in it.
    #[error("only the claimant or the person asked may do this")]
    NotYours,
    /// The content does not hold together.
    #[error("the content has {} problems", problems.len())]
    Problems {
        /// What is wrong.
        problems: Vec<Problem>,
    },
    /// The policy blocks it.
    #[error("the policy blocks it")]
    Blocked {
        /// The findings that block.
        findings: Vec<Finding>,
    },
    /// An invoice is held by another claim.
    #[error("an invoice was already used")]
    Taken {
        /// Which, where.
        taken: Vec<Taken>,
    },
    /// Nobody may approve it.
    #[error("step {step} finds nobody who may approve")]
    NoApprover {
        /// The step.
        step: String,
    },
    /// The task was done, or is not of this claim.
    #[error("the task is no longer open")]
    TaskClosed,
    /// The content changed since it was seen.
    #[error("the claim changed since you opened it")]
    Changed,
    /// A reason must be given.
    #[error("a reason is needed")]
    ReasonMissing,
    /// The person named cannot take the task.
    #[error("that person cannot take the task")]
    Unfit,
    /// Claimant, approver and payer must be three.
    #[error("claimant, approver and payer must differ")]
    Duties,
    /// Another payment than the current one is meant.
    #[error("this is not the claim's current payment")]
    OtherPayment,
    /// A command that needs a claim found none, or one that makes one found one.
    #[error("no such claim")]
    Missing,
}

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
