//! A claim, a company and dice; and what must hold after every step.

use std::collections::HashMap;

use jiff::ToSpan;
use outlay_core::claim::{
    Actor, Around, Claim, Command, Content, Decision, Effect, Event, Facts, Judgement, OutcomeKind, Part, Place,
    Progress, Refusal, State, Status, apply, decide,
};
use outlay_core::flow::{Flow, Why, deputies};
use outlay_core::ids::{BatchId, ClaimId, EmployeeId, PaymentId, TaskId};
use outlay_core::policy::Severity;
use uuid::Uuid;

use crate::common::{ALL, Company, SALES, content, flow, judged, moment, nothing_taken, today};

/// SplitMix64.
#[derive(Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % sides as u64).expect("small")
    }
}

#[derive(Clone)]
pub struct Walk {
    pub dice: Dice,
    pub company: Company,
    pub flow: Flow,
    pub claim: Option<Claim>,
    pub events: Vec<(Event, i64)>,
    /// Minutes since the walk began.
    pub minute: i64,
    payables: usize,
    posted: usize,
    /// Contents by their hash, so that what was signed can be looked at.
    seen: HashMap<String, Content>,
    /// The content that was signed, by task.
    signed: HashMap<TaskId, String>,
}

const FLOWS: [&str; 6] = ["standard", "parallel", "together", "ratio", "chain", "expression"];

impl Walk {
    pub fn begin(seed: u64) -> Walk {
        let mut company = Company::usual();
        if seed.is_multiple_of(3) {
            company.finance = vec!["zhao".into(), "li".into(), "he".into()];
        }
        Walk {
            dice: Dice(seed),
            company,
            flow: flow(FLOWS[usize::try_from(seed).expect("small") % FLOWS.len()]),
            claim: None,
            events: vec![],
            minute: 0,
            payables: 0,
            posted: 0,
            seen: HashMap::new(),
            signed: HashMap::new(),
        }
    }

    fn somebody(&mut self) -> String {
        let at = self.dice.roll(self.company.names.len());
        self.company.names[at].clone()
    }

    pub fn decide(&mut self, command: Command, actor: &Actor) -> Result<Decision, Refusal> {
        let severity = [
            None,
            Some(Severity::Warn),
            Some(Severity::Warn),
            None,
            None,
            None,
            Some(Severity::Block),
        ][self.dice.roll(7)];
        let judged = judged(severity, severity.is_none() && self.dice.roll(20) == 0);
        let seed = u128::from(self.dice.0);
        self.decide_with(command, actor, &judged, seed)
    }

    pub fn decide_with(
        &self,
        command: Command,
        actor: &Actor,
        judged: &Judgement,
        seed: u128,
    ) -> Result<Decision, Refusal> {
        let org = self.company.org();
        let delegations = self.company.delegations();
        let facts = Facts {
            now: moment(self.minute),
            today: today() + (self.minute / 24 / 60).days(),
            org: &org,
            flow: &self.flow,
            judged: Some(judged),
            deal_owner: None,
            taken: nothing_taken(),
            seed: seed.to_be_bytes(),
            around: Around {
                delegations: &delegations,
                ..Around::default()
            },
        };
        decide(self.claim.as_ref(), command, actor, &facts)
    }

    pub fn take(&mut self, decision: Decision) {
        self.payables += decision.effects.iter().filter(|e| **e == Effect::Pay).count();
        let minute = self.minute;
        for event in &decision.events {
            match event {
                Event::PaymentPosted { .. } => self.posted += 1,
                Event::Approved { task, hash, .. } => {
                    self.signed.insert(*task, hash.clone());
                }
                _ => {}
            }
        }
        self.events.extend(decision.events.into_iter().map(|e| (e, minute)));
        let content = decision.claim.content.clone();
        self.seen.insert(content.hash(), content);
        self.claim = Some(decision.claim);
    }

    /// Whether the claim is at its end: another one begins.
    fn is_over(&self) -> bool {
        let status = self.claim.as_ref().map(Claim::status);
        matches!(status, Some(Status::Archived | Status::Withdrawn | Status::Rejected))
    }

    /// What happened, by kind, is handed to `count` before it is forgotten.
    pub fn act(&mut self, count: &mut dyn FnMut(&Event)) {
        if self.is_over() {
            for (event, _) in self.events.drain(..) {
                count(&event);
            }
            self.claim = None;
            (self.payables, self.posted) = (0, 0);
            self.signed.clear();
            self.seen.clear();
        }
        self.minute += 1;
        let (command, actor) = self.command();
        if let Ok(decision) = self.decide(command, &actor) {
            self.take(decision);
        }
        if self.dice.roll(10) == 0 {
            self.minute += 60 * i64::try_from(self.dice.roll(60)).expect("small");
            self.system(Command::Tick);
        }
        if self.dice.roll(14) == 0 {
            self.reorganise();
            self.system(Command::Reassign);
        }
    }

    fn system(&mut self, command: Command) {
        if self.claim.is_some()
            && self.dice.roll(3) > 0
            && let Ok(decision) = self.decide(command, &Actor::System("clock".into()))
        {
            self.take(decision);
        }
    }

    fn command(&mut self) -> (Command, Actor) {
        let who = self.somebody();
        let mut actor = Actor::Employee(self.company.id(&who));
        let Some(claim) = self.claim.clone() else {
            let claimant = self.company.id(&who);
            let department = if self.dice.roll(3) == 0 { ALL } else { SALES };
            let minor = [1, 100_00, 9_999_99, 10_000_00, 500_000_00][self.dice.roll(5)];
            let command = Command::Draft {
                id: ClaimId(Uuid::from_u128(1)),
                number: "BX2611-0001".into(),
                content: content(claimant, department, minor),
                sources: vec![],
                origin: None,
            };
            return (command, actor);
        };
        let claimant = claim.content.claimant;
        let all: Vec<(TaskId, EmployeeId)> = claim
            .run
            .iter()
            .flat_map(|s| &s.tasks)
            .map(|t| (t.id, t.assignee))
            .collect();
        let open: Vec<(TaskId, EmployeeId)> = claim.open_tasks().map(|t| (t.id, t.assignee)).collect();
        let from = if open.is_empty() || self.dice.roll(6) == 0 {
            all
        } else {
            open
        };
        let picked = if from.is_empty() {
            None
        } else {
            Some(from[self.dice.roll(from.len())])
        };
        let task = picked.map_or(TaskId(Uuid::nil()), |(id, _)| id);
        // Mostly whoever may act does: the one asked, or the claimant.
        if let Some((_, assignee)) = picked
            && self.dice.roll(4) > 0
        {
            actor = Actor::Employee(assignee);
        }
        let reason = if self.dice.roll(8) == 0 {
            String::new()
        } else {
            "因为".to_owned()
        };
        let other = self.somebody();
        let other = self.company.id(&other);
        let own = Actor::Employee(claimant);
        let system = Actor::System("clock".into());
        let payment = match &claim.state {
            State::Paying { payment, .. } if self.dice.roll(3) > 0 => *payment,
            _ => PaymentId(Uuid::from_u128(self.dice.roll(5) as u128)),
        };
        let steps: Vec<String> = claim.run.iter().map(|s| s.id.clone()).collect();
        // What fits the claim's state, mostly.
        let sides = match claim.status() {
            Status::Draft | Status::Returned => [0, 1, 1, 1, 1, 28, 28, self.dice.roll(34)][self.dice.roll(8)],
            Status::InReview => 5 + self.dice.roll(27),
            _ => 31 + self.dice.roll(3),
        };
        let command = match sides {
            0 => {
                let minor = 1 + i64::try_from(self.dice.roll(2_000_000)).expect("small");
                let content = match self.dice.roll(3) {
                    0 => Content {
                        purpose: format!("{}", self.minute),
                        ..claim.content.clone()
                    },
                    _ => content(claimant, claim.content.department, minor),
                };
                actor = own;
                Command::Edit {
                    content,
                    sources: vec![],
                }
            }
            1..=4 => {
                actor = own;
                Command::Submit
            }
            5..=10 => Command::Approve {
                task,
                hash: claim.content.hash(),
                comment: reason,
            },
            11 if self.dice.roll(3) == 0 => Command::Reject { task, reason },
            11 | 12 => Command::SendBack {
                task,
                to: None,
                straight: self.dice.roll(2) == 0,
                reason,
            },
            13..=15 => {
                let to = if steps.is_empty() {
                    None
                } else {
                    Some(steps[self.dice.roll(steps.len())].clone())
                };
                Command::SendBack {
                    task,
                    to,
                    straight: self.dice.roll(2) == 0,
                    reason,
                }
            }
            16 => Command::Transfer {
                task,
                to: other,
                reason,
            },
            17 => Command::Delegate {
                task,
                to: other,
                reason,
            },
            18 | 19 => {
                let place = [Place::Before, Place::Beside, Place::After][self.dice.roll(3)];
                Command::AddSigner {
                    task,
                    who: other,
                    place,
                    reason,
                }
            }
            20 => {
                let added = claim.run.iter().flat_map(|s| s.open()).filter(|t| t.part != Part::Own);
                let (who, by) = added.last().map_or((other, other), |t| match t.why {
                    Why::AddedBy(by) => (t.assignee, by),
                    _ => (t.assignee, other),
                });
                actor = Actor::Employee(by);
                Command::RemoveSigner { who, reason }
            }
            21 | 22 => {
                let mut signed = claim
                    .run
                    .iter()
                    .flat_map(|s| &s.tasks)
                    .filter(|t| t.ended(OutcomeKind::Approved));
                let last = signed
                    .next_back()
                    .map(|t| (t.id, t.outcome.as_ref().and_then(|o| o.by).unwrap_or(t.assignee)));
                let (task, by) = last.unwrap_or((task, other));
                actor = Actor::Employee(by);
                Command::TakeBack { task }
            }
            23 if self.dice.roll(4) > 0 => Command::Approve {
                task,
                hash: claim.content.hash(),
                comment: reason,
            },
            23 => {
                actor = own;
                Command::Recall
            }
            24 | 25 => {
                let may = claim
                    .run
                    .iter()
                    .filter(|s| !s.may_edit.is_empty())
                    .flat_map(|s| s.open());
                let (task, by) = may.last().map_or((task, other), |t| (t.id, t.assignee));
                actor = Actor::Employee(by);
                let mut content = claim.content.clone();
                let line = &mut content.lines[0];
                match self.dice.roll(4) {
                    0 => line.category = ["meals", "lodging"][self.dice.roll(2)].to_owned(),
                    1 => line.tax = Some(outlay_core::Money::new(1, line.claimed.currency)),
                    2 => line.claimed.minor += 5,
                    _ => line.claimed.minor -= 1,
                }
                line.allocations[0].amount = line.claimed;
                Command::Amend {
                    task,
                    hash: claim.content.hash(),
                    content,
                    reason,
                }
            }
            26 => {
                actor = own;
                Command::Remind
            }
            27 => Command::CopyTo {
                to: vec![other],
                comment: String::new(),
            },
            28 => {
                actor = own;
                Command::Choose {
                    step: "others".into(),
                    people: vec![other],
                }
            }
            29 => {
                actor = system;
                Command::Tick
            }
            30 => {
                actor = system;
                Command::Reassign
            }
            31 if self.dice.roll(6) == 0 => {
                actor = own;
                Command::Withdraw { reason }
            }
            31 => Command::Batch {
                batch: BatchId(Uuid::nil()),
                payment: PaymentId(Uuid::from_u128(self.minute.unsigned_abs().into())),
            },
            32 if self.dice.roll(2) == 0 => Command::Fail { payment, reason },
            32 => Command::Post { payment, on: today() },
            _ => {
                actor = system;
                Command::Archive
            }
        };
        (command, actor)
    }

    /// Heads change; people go on leave and come back; people leave the firm, unless nobody could stand in for them.
    fn reorganise(&mut self) {
        let name = self.somebody();
        match self.dice.roll(4) {
            0 => {
                let department = if self.dice.roll(2) == 0 { ALL } else { SALES };
                self.company.heads.retain(|(d, _)| *d != department);
                self.company.heads.push((department, name));
            }
            1 => {
                let other = self.somebody();
                self.company.away.push((name, other));
            }
            2 => self.company.away.clear(),
            _ if self.company.gone.len() < 2 => self.leave(name),
            _ => self.company.gone.clear(),
        }
    }

    fn leave(&mut self, name: String) {
        let before = (self.company.gone.clone(), self.claim.clone(), self.events.len());
        let signed = self.signed.clone();
        self.company.gone.push(name.clone());
        let leaver = self.company.id(&name);
        let of_leaver = |claim: &Claim| claim.open_tasks().find(|t| t.assignee == leaver).map(|t| t.id);
        while let Some(task) = self.claim.as_ref().and_then(of_leaver) {
            match self.decide(Command::Replace { task }, &Actor::System("people".into())) {
                Ok(decision) => self.take(decision),
                Err(_) => {
                    (self.company.gone, self.claim) = (before.0, before.1);
                    self.events.truncate(before.2);
                    self.signed = signed;
                    return;
                }
            }
        }
    }

    pub fn check(&self) {
        let Some(claim) = &self.claim else { return };
        assert_eq!(claim.n as usize, self.events.len());
        if self.minute % 7 == 0 {
            let again = self.events.iter().fold(None, |c, (e, n)| apply(c, e, moment(*n)));
            assert_eq!(again.as_ref(), Some(claim), "replay differs");
        }
        assert!(self.payables <= 1, "payable {} times", self.payables);
        assert!(self.posted <= 1, "posted {} times", self.posted);
        self.nobody_signs_their_own(claim);
        self.somebody_can_act(claim);
        self.approvals_are_for_what_it_says(claim);
        self.effects_after_the_end(claim);
    }

    fn nobody_signs_their_own(&self, claim: &Claim) {
        let claimant = claim.content.claimant;
        for task in claim.run.iter().flat_map(|s| &s.tasks) {
            assert_ne!(task.assignee, claimant, "asked for their own claim");
            let by = task.outcome.as_ref().and_then(|o| o.by);
            assert_ne!(by, Some(claimant), "acted on their own claim for somebody else");
        }
        for step in &claim.run {
            let mut signers: Vec<EmployeeId> = step
                .tasks
                .iter()
                .filter(|t| t.ended(OutcomeKind::Approved))
                .map(|t| t.outcome.as_ref().and_then(|o| o.by).unwrap_or(t.assignee))
                .collect();
            let all = signers.len();
            signers.sort();
            signers.dedup();
            assert_eq!(all, signers.len(), "one person signed twice at {}", step.id);
        }
    }

    fn somebody_can_act(&self, claim: &Claim) {
        let open: Vec<_> = claim.open_tasks().collect();
        if claim.status() != Status::InReview {
            assert!(open.is_empty(), "{:?} with open tasks", claim.status());
            return;
        }
        let org = self.company.org();
        let delegations = self.company.delegations();
        for step in claim.run.iter().filter(|s| s.progress == Progress::Open) {
            assert!(step.open().next().is_some(), "step {} is open and asks nobody", step.id);
        }
        let able = claim.run.iter().any(|step| {
            let signers: Vec<EmployeeId> = step.signers().collect();
            step.open().any(|task| {
                let advises = matches!(task.part, Part::Advice(_));
                let mut who = deputies(&delegations, task.assignee, &claim.content, today());
                who.push(task.assignee);
                who.iter()
                    .any(|w| org.is_active(*w) && *w != claim.content.claimant && (advises || !signers.contains(w)))
            })
        });
        assert!(able, "nobody alive and eligible is asked: {:#?}", claim.run);
    }

    /// What stands was signed for the amounts, kinds and evidence that the claim has now.
    fn approvals_are_for_what_it_says(&self, claim: &Claim) {
        if matches!(claim.status(), Status::Draft | Status::Returned | Status::Withdrawn) {
            return;
        }
        let now = claim.content.material();
        for task in claim
            .run
            .iter()
            .flat_map(|s| &s.tasks)
            .filter(|t| t.ended(OutcomeKind::Approved))
        {
            let content = self.signed.get(&task.id).and_then(|hash| self.seen.get(hash));
            assert_eq!(
                content.map(Content::material),
                Some(now.clone()),
                "an approval outlived an edit: {task:#?} {:#?}",
                self.events
                    .iter()
                    .map(|(e, _)| e)
                    .filter(|e| !matches!(e, Event::Submitted { .. }))
                    .collect::<Vec<_>>()
            );
        }
    }

    fn effects_after_the_end(&self, claim: &Claim) {
        let passed = !matches!(
            claim.status(),
            Status::Draft
                | Status::InReview
                | Status::Returned
                | Status::Withdrawn
                | Status::Rejected
                | Status::Submitted
        );
        assert_eq!(passed, self.payables == 1, "{:?}", claim.status());
        let ends = |(e, _): &&(Event, i64)| {
            matches!(
                e,
                Event::Passed { .. } | Event::Rejected { .. } | Event::Withdrawn { .. }
            )
        };
        assert!(self.events.iter().filter(ends).count() <= 1, "more than one end");
        let by_rule = self
            .events
            .iter()
            .any(|(e, _)| matches!(e, Event::Passed { by_rule: true }));
        let undone = claim.run.iter().any(|s| !s.is_over());
        assert!(
            !passed || by_rule || claim.signers().next().is_some() && !undone,
            "payable without a rule, and before the last signature"
        );
    }
}
