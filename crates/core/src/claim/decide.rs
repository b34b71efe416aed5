//! The one door to a claim: what a command decides, given the facts.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::command::{Command, Decision, Effect, Facts, Notice, Refusal};
use super::pay::standing;
use super::{Actor, Claim, Content, Event, Problem, Source, State, Status, apply};
use crate::flow::Settings;
use crate::ids::EmployeeId;
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
    pub(super) effects: Vec<Effect>,
    pub(super) actor: &'a Actor,
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
        let claim = self.claim.as_ref().filter(|c| c.content.claimant == to);
        let to = claim.and_then(|c| c.stand_in).unwrap_or(to);
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
            Command::Choose { step, people } => self.choose(step, people),
            Command::Submit => self.submit(),
            Command::Approve { task, hash, comment } => self.approve(task, hash, comment),
            Command::Reject { task, reason } => self.reject(task, reason),
            Command::Return { task, reason } => self.send_back(task, None, false, reason),
            Command::SendBack {
                task,
                to,
                straight,
                reason,
            } => self.send_back(task, to.as_deref(), straight, reason),
            Command::TakeBack { task } => self.take_back(task),
            Command::Recall => self.recall(),
            Command::Amend {
                task,
                hash,
                content,
                reason,
            } => self.amend(task, hash, content, reason),
            Command::Transfer { task, to, reason } => self.transfer(task, to, reason),
            Command::Delegate { task, to, reason } => self.delegate(task, to, reason),
            Command::AddSigner {
                task,
                who,
                place,
                reason,
            } => self.add_signer(task, who, place, reason),
            Command::RemoveSigner { who, reason } => self.remove_signer(who, reason),
            Command::Replace { task } => self.replace(task),
            Command::Reassign => self.reassign(),
            Command::Remind => self.remind(),
            Command::CopyTo { to, comment } => self.copy_to(to, comment),
            Command::Tick => self.tick(),
            Command::HandOver { to } => self.hand_over(to),
            Command::Close { reason } => self.close(&reason),
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
            Command::Reverse { invoices } => self.reverse(invoices),
            Command::Archive => {
                self.state(&[Status::Paid])?;
                self.add(Event::Archived {});
                Ok(())
            }
        }
    }

    pub(super) fn acceptable(&self, content: &Content) -> Result<(), Refusal> {
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
        let claim = self.state(&[Status::Draft, Status::Returned])?;
        standing(claim)?;
        let content = claim.content.clone();
        self.acceptable(&content)?;
        let gaps = content.gaps();
        if !gaps.is_empty() {
            return Err(Refusal::Problems { problems: gaps });
        }
        let judged = self.facts.judged.ok_or(Refusal::Missing)?.clone();
        not_blocked(&judged.findings)?;
        let passes = judged.auto.passes();
        let claim = self.claim()?;
        // What was signed before a return that asks for it straight back stands if nothing that matters changed.
        let stands = matches!(claim.state, State::Returned { straight: true, .. })
            && claim.material.as_ref() == Some(&content.material())
            // Who finishes it may have been one of those who sign.
            && claim.stand_in.is_none();
        let (route, settings) = if passes {
            (Vec::new(), Settings::default())
        } else if stands {
            (claim.run.clone(), claim.settings.clone())
        } else {
            let flow = self.facts.flow;
            // One who was drawn for an audit, and else would pass, is looked at by the audit's role; by the flow if nobody has it.
            let audit = judged.auto.audit().map(|role| flow.asking(role));
            let audited = audit.map(|one| self.lay(&one, &content, &judged.findings));
            let route = match audited {
                Some(Ok(route)) => route,
                _ => self.lay(flow, &content, &judged.findings)?,
            };
            (route, flow.settings.clone())
        };
        self.add(Event::Submitted {
            hash: content.hash(),
            judged,
            route,
            settings,
        });
        self.effects.push(Effect::WriteBack);
        if passes { self.pass(true) } else { self.advance() }
    }

    fn choose(&mut self, step: String, people: Vec<EmployeeId>) -> Result<(), Refusal> {
        self.own()?;
        let content = self.state(&[Status::Draft, Status::Returned])?.content.clone();
        let choice = self.facts.flow.choice(&step).ok_or(Refusal::NoStep)?;
        let ask = self.ask(&content);
        let known = |who: &EmployeeId| {
            let org = self.facts.org;
            let named = org.employee(*who).is_some_and(|e| choice.from.contains(&e.number));
            let held = choice.role.is_some_and(|role| org.holds(*who, role, content.entity));
            ask.is_fit(*who) && (named || held)
        };
        let several = people.len() > 1 && !choice.several;
        let twice = people.iter().enumerate().any(|(i, who)| people[..i].contains(who));
        if people.is_empty() || several || twice || !people.iter().all(known) {
            return Err(Refusal::Unfit);
        }
        self.add(Event::Chosen { step, people });
        Ok(())
    }

    fn recall(&mut self) -> Result<(), Refusal> {
        self.own()?;
        let claim = self.state(&[Status::InReview])?;
        let mut tasks = claim.run.iter().flat_map(|s| &s.tasks);
        if tasks.any(|t| t.outcome.as_ref().is_some_and(|o| o.kind.is_act())) {
            return Err(Refusal::TooLate);
        }
        self.add(Event::Recalled {});
        self.effects.push(Effect::WriteBack);
        Ok(())
    }

    /// The last signature, or none needed: the amount becomes payable.
    pub(super) fn pass(&mut self, by_rule: bool) -> Result<(), Refusal> {
        // The organisation may have changed so that no step asks anybody any more.
        if !by_rule && self.claim()?.signers().next().is_none() {
            let flow = self.claim()?.run.first().map(|s| s.flow.id.clone());
            return Err(Refusal::NoApprover {
                step: flow.unwrap_or_default(),
            });
        }
        self.add(Event::Passed { by_rule });
        self.effects.push(Effect::Pay);
        let claimant = self.claim()?.content.claimant;
        self.notify(claimant, Notice::Approved);
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

    /// A draft or returned claim whose claimant has left.
    fn left_over(&self) -> Result<(), Refusal> {
        let claim = self.state(&[Status::Draft, Status::Returned])?;
        if self.facts.org.is_active(claim.content.claimant) {
            return Err(Refusal::NotYours);
        }
        Ok(())
    }

    fn hand_over(&mut self, to: EmployeeId) -> Result<(), Refusal> {
        self.left_over()?;
        if !self.facts.org.is_active(to) {
            return Err(Refusal::Unfit);
        }
        self.add(Event::HandedOver { to });
        Ok(())
    }

    fn close(&mut self, reason: &str) -> Result<(), Refusal> {
        self.left_over()?;
        let reason = said(reason)?;
        self.add(Event::Withdrawn { reason });
        self.effects.push(Effect::WriteBack);
        Ok(())
    }

    pub(super) fn state(&self, allowed: &[Status]) -> Result<&Claim, Refusal> {
        let claim = self.claim()?;
        if allowed.contains(&claim.status()) {
            Ok(claim)
        } else {
            Err(Refusal::State { status: claim.status() })
        }
    }

    pub(super) fn own(&self) -> Result<(), Refusal> {
        let claim = self.claim()?;
        let me = self.actor.employee();
        if me.is_some() && (me == Some(claim.content.claimant) || me == claim.stand_in) {
            Ok(())
        } else {
            Err(Refusal::NotYours)
        }
    }
}

/// Whether no finding blocks.
pub(super) fn not_blocked(findings: &[Finding]) -> Result<(), Refusal> {
    let blocks = findings.iter().filter(|f| f.severity == Severity::Block);
    let findings: Vec<Finding> = blocks.cloned().collect();
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Blocked { findings })
    }
}

/// A reason: given, and not too long.
pub(super) fn said(text: &str) -> Result<String, Refusal> {
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
