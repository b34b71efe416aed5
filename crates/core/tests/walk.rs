//! A seeded random walk over commands, people and reorganisations: after every step the invariants of claims hold.

mod common;

use common::{ALL, Company, SALES, content, flow, judged, moment, nothing_taken, today};
use outlay_core::claim::{
    Actor, Claim, Command, Decision, Effect, Event, Facts, OutcomeKind, Refusal, Status, apply, decide,
};
use outlay_core::ids::{BatchId, ClaimId, PaymentId, TaskId};
use outlay_core::policy::Severity;
use uuid::Uuid;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % sides as u64).expect("small")
    }
}

struct Walk {
    dice: Dice,
    company: Company,
    claim: Option<Claim>,
    events: Vec<(Event, i64)>,
    step: i64,
    payables: usize,
    posted: usize,
}

impl Walk {
    fn somebody(&mut self) -> String {
        let at = self.dice.roll(self.company.names.len());
        self.company.names[at].clone()
    }

    fn decide(&mut self, command: Command, actor: &Actor) -> Result<Decision, Refusal> {
        let severity = [None, Some(Severity::Warn), Some(Severity::Block)][self.dice.roll(3)];
        let (org, flow) = (self.company.org(), flow());
        let judged = judged(severity, severity.is_none() && self.dice.roll(4) == 0);
        let facts = Facts {
            now: moment(self.step),
            today: today(),
            org: &org,
            flow: &flow,
            judged: Some(&judged),
            deal_owner: None,
            taken: nothing_taken(),
            seed: u128::from(self.dice.0).to_be_bytes(),
        };
        decide(self.claim.as_ref(), command, actor, &facts)
    }

    fn take(&mut self, decision: Decision) {
        self.payables += decision.effects.iter().filter(|e| **e == Effect::Pay).count();
        self.posted += decision
            .events
            .iter()
            .filter(|e| matches!(e, Event::PaymentPosted { .. }))
            .count();
        let step = self.step;
        self.events.extend(decision.events.into_iter().map(|e| (e, step)));
        self.claim = Some(decision.claim);
    }

    fn act(&mut self) {
        self.step += 1;
        let who = self.somebody();
        let actor = if self.dice.roll(8) == 0 {
            Actor::System("bank".into())
        } else {
            Actor::Employee(self.company.id(&who))
        };
        let command = self.command(&actor);
        if let Ok(decision) = self.decide(command, &actor) {
            self.take(decision);
        }
        if self.dice.roll(12) == 0 {
            self.reorganise();
        }
    }

    fn command(&mut self, actor: &Actor) -> Command {
        let Some(claim) = self.claim.clone() else {
            let claimant = actor.employee().unwrap_or_else(|| self.company.id("wang"));
            let department = if self.dice.roll(3) == 0 { ALL } else { SALES };
            let minor = [1, 100_00, 9_999_99, 10_000_00, 500_000_00][self.dice.roll(5)];
            return Command::Draft {
                id: ClaimId(Uuid::from_u128(1)),
                number: "BX2611-0001".into(),
                content: content(claimant, department, minor),
                sources: vec![],
                origin: None,
            };
        };
        let tasks: Vec<TaskId> = claim.run.iter().flat_map(|s| &s.tasks).map(|t| t.id).collect();
        let task = if tasks.is_empty() {
            TaskId(Uuid::nil())
        } else {
            tasks[self.dice.roll(tasks.len())]
        };
        let payment = match &claim.state {
            outlay_core::claim::State::Paying { payment, .. } if self.dice.roll(3) > 0 => *payment,
            _ => PaymentId(Uuid::from_u128(self.dice.roll(5) as u128)),
        };
        let reason = if self.dice.roll(5) == 0 {
            String::new()
        } else {
            "因为".to_owned()
        };
        match self.dice.roll(13) {
            0 => {
                let minor = 1 + i64::try_from(self.dice.roll(2_000_000)).expect("small");
                let new = content(claim.content.claimant, claim.content.department, minor);
                Command::Edit {
                    content: new,
                    sources: vec![],
                }
            }
            1 | 2 => Command::Submit,
            3..=5 => Command::Approve {
                task,
                hash: claim.content.hash(),
                comment: reason,
            },
            6 => Command::Reject { task, reason },
            7 => Command::Return { task, reason },
            8 => {
                let name = self.somebody();
                Command::Transfer {
                    task,
                    to: self.company.id(&name),
                    reason,
                }
            }
            9 => Command::Withdraw { reason },
            10 => Command::Batch {
                batch: BatchId(Uuid::nil()),
                payment: PaymentId(Uuid::from_u128(self.step.unsigned_abs().into())),
            },
            11 if self.dice.roll(2) == 0 => Command::Fail { payment, reason },
            11 => Command::Post { payment, on: today() },
            _ => Command::Archive,
        }
    }

    /// Heads change; people leave, unless nobody could stand in for them.
    fn reorganise(&mut self) {
        let name = self.somebody();
        if self.dice.roll(2) == 0 {
            let department = if self.dice.roll(2) == 0 { ALL } else { SALES };
            self.company.heads.retain(|(d, _)| *d != department);
            self.company.heads.push((department, name));
            return;
        }
        let before = self.company.gone.clone();
        self.company.gone.push(name.clone());
        let leaver = self.company.id(&name);
        let tasks: Vec<TaskId> = self
            .claim
            .iter()
            .flat_map(|c| {
                c.open_tasks()
                    .filter(|t| t.assignee == leaver)
                    .map(|t| t.id)
                    .collect::<Vec<_>>()
            })
            .collect();
        for task in tasks {
            match self.decide(Command::Replace { task }, &Actor::System("people".into())) {
                Ok(decision) => self.take(decision),
                Err(_) => {
                    self.company.gone = before;
                    return;
                }
            }
        }
    }

    fn check(&self) {
        let Some(claim) = &self.claim else { return };
        let again = self.events.iter().fold(None, |c, (e, n)| apply(c, e, moment(*n)));
        assert_eq!(again.as_ref(), Some(claim), "replay differs");
        assert_eq!(claim.n as usize, self.events.len());
        assert!(self.payables <= 1, "payable {} times", self.payables);
        assert!(self.posted <= 1, "posted {} times", self.posted);
        let claimant = claim.content.claimant;
        for task in claim.run.iter().flat_map(|s| &s.tasks) {
            assert_ne!(task.assignee, claimant, "asked for their own claim");
        }
        let open: Vec<_> = claim.open_tasks().collect();
        if claim.status() == Status::InReview {
            let alive = open
                .iter()
                .any(|t| !self.company.gone.iter().any(|g| self.company.id(g) == t.assignee));
            assert!(alive, "nobody alive is asked");
        } else {
            assert!(open.is_empty(), "{:?} with open tasks", claim.status());
        }
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
        let by_rule = self
            .events
            .iter()
            .any(|(e, _)| matches!(e, Event::Passed { by_rule: true }));
        let signed = claim
            .run
            .iter()
            .flat_map(|s| &s.tasks)
            .any(|t| t.outcome.as_ref().is_some_and(|o| o.kind == OutcomeKind::Approved));
        assert!(!passed || by_rule || signed, "payable without a signature or a rule");
    }
}

#[test]
fn invariants_hold_on_every_walk() {
    let mut reached = std::collections::BTreeSet::new();
    for seed in 0..300 {
        let mut walk = Walk {
            dice: Dice(seed),
            company: Company::usual(),
            claim: None,
            events: vec![],
            step: 0,
            payables: 0,
            posted: 0,
        };
        for _ in 0..80 {
            walk.act();
            walk.check();
            reached.extend(walk.claim.as_ref().map(Claim::status));
        }
    }
    for status in [
        Status::Approved,
        Status::Paying,
        Status::Paid,
        Status::Archived,
        Status::Rejected,
        Status::Withdrawn,
    ] {
        assert!(reached.contains(&status), "no walk came to {status:?}");
    }
}
