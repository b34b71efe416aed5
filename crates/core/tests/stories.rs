//! Stories: text files in `tests/stories`, one a claim's life, told by who does what and what is seen then.
//!
//! Before the first act: `head SALES li`, `head ALL -`, `finance li zhao`, `gone chen`, `claims in ALL`, `policy warns`,
//! `policy blocks`, `policy passes`, `amount 12000.00`. Acts: `wang drafts`, `wang edits 90.00`, `wang submits`,
//! `chen approves`, `chen rejects REASON`, `chen returns REASON`, `chen transfers to li`, `wang withdraws`,
//! `li comments TEXT`, `he batches`, `bank posts`, `bank fails REASON`, `crm archives`, `outlay replaces chen`. An act
//! that ends with `!refusal` must be refused so. Sights: `state approved`, `asked chen`, `asked nobody`, `paid`.

mod common;

use common::{ALL, Company, SALES, content, flow, judged, moment, nothing_taken, today};
use outlay_core::claim::{Actor, Claim, Command, Effect, Event, Facts, Refusal, apply, decide};
use outlay_core::ids::{BatchId, ClaimId, DepartmentId, EmployeeId, PaymentId, TaskId};
use outlay_core::policy::Severity;
use uuid::Uuid;

#[test]
fn every_story_comes_true() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories");
    let mut told = 0;
    for entry in std::fs::read_dir(folder).expect("stories") {
        let path = entry.expect("a story").path();
        let text = std::fs::read_to_string(&path).expect("text");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let mut story = Story::begin();
        for (n, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                story.tell(line, &format!("{name}:{}: {line}", n + 1));
            }
        }
        assert!(story.moments > 0, "{name} tells nothing");
        told += 1;
    }
    assert!(told >= 12, "only {told} stories were told");
}

struct Story {
    company: Company,
    claims_in: DepartmentId,
    severity: Option<Severity>,
    passes: bool,
    minor: i64,
    claim: Option<Claim>,
    events: Vec<(Event, i64)>,
    payables: u32,
    moments: i64,
}

impl Story {
    fn begin() -> Story {
        Story {
            company: Company::usual(),
            claims_in: SALES,
            severity: None,
            passes: false,
            minor: 154_00,
            claim: None,
            events: vec![],
            payables: 0,
            moments: 0,
        }
    }

    fn tell(&mut self, line: &str, at: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let department = |name: &str| if name == "ALL" { ALL } else { SALES };
        match words.as_slice() {
            ["head", of, "-"] => self.company.heads.retain(|(d, _)| *d != department(of)),
            ["head", of, name] => {
                self.company.heads.retain(|(d, _)| *d != department(of));
                self.company.heads.push((department(of), (*name).to_owned()));
            }
            ["finance", names @ ..] => self.company.finance = names.iter().map(|n| (*n).to_owned()).collect(),
            ["gone", name] => self.company.gone.push((*name).to_owned()),
            ["claims", "in", of] => self.claims_in = department(of),
            ["policy", "warns"] => self.severity = Some(Severity::Warn),
            ["policy", "blocks"] => self.severity = Some(Severity::Block),
            ["policy", "passes"] => self.passes = true,
            ["amount", amount] => self.minor = minor(amount),
            ["state", state] => assert_eq!(self.there().status().code(), *state, "{at}"),
            ["asked", "nobody"] => assert_eq!(self.there().open_tasks().count(), 0, "{at}"),
            ["asked", names @ ..] => {
                let mut asked: Vec<EmployeeId> = self.there().open_tasks().map(|t| t.assignee).collect();
                let mut meant: Vec<EmployeeId> = names.iter().map(|n| self.company.id(n)).collect();
                asked.sort();
                meant.sort();
                assert_eq!(asked, meant, "{at}");
            }
            ["payable", n] => assert_eq!(self.payables.to_string(), *n, "{at}"),
            [who, act, rest @ ..] => self.act(who, act, rest, at),
            _ => panic!("{at}: not understood"),
        }
    }

    fn there(&self) -> &Claim {
        self.claim.as_ref().expect("a claim")
    }

    fn act(&mut self, who: &str, act: &str, rest: &[&str], at: &str) {
        let (rest, refusal) = match rest.split_last() {
            Some((last, before)) if last.starts_with('!') => (before, Some(&last[1..])),
            _ => (rest, None),
        };
        let said = rest.join(" ");
        let actor = match who {
            "bank" | "crm" | "outlay" => Actor::System(who.to_owned()),
            name => Actor::Employee(self.company.id(name)),
        };
        let claimant = self.company.id("wang");
        let claimant = if act == "drafts" {
            actor.employee().unwrap_or(claimant)
        } else {
            claimant
        };
        let command = match act {
            "drafts" => Command::Draft {
                id: ClaimId(Uuid::from_u128(50)),
                number: "BX2611-0001".into(),
                content: content(claimant, self.claims_in, self.minor),
                sources: vec![],
                origin: None,
            },
            "edits" => {
                let mut new = content(self.there().content.claimant, self.claims_in, minor(rest[0]));
                new.title = "改过".into();
                Command::Edit {
                    content: new,
                    sources: vec![],
                }
            }
            "submits" => Command::Submit,
            "approves" => {
                let hash = if rest == ["stale"] {
                    "0".repeat(64)
                } else {
                    self.there().content.hash()
                };
                Command::Approve {
                    task: self.task(&actor),
                    hash,
                    comment: String::new(),
                }
            }
            "rejects" => Command::Reject {
                task: self.task(&actor),
                reason: said,
            },
            "returns" => Command::Return {
                task: self.task(&actor),
                reason: said,
            },
            "transfers" => Command::Transfer {
                task: self.task(&actor),
                to: self.company.id(rest.last().expect("to whom")),
                reason: "出差".into(),
            },
            "replaces" => Command::Replace {
                task: self.task(&Actor::Employee(self.company.id(rest[0]))),
            },
            "withdraws" => Command::Withdraw { reason: said },
            "comments" => Command::Comment { text: said },
            "batches" => {
                let payment = PaymentId(Uuid::from_u128(70 + self.moments.unsigned_abs() as u128));
                Command::Batch {
                    batch: BatchId(Uuid::from_u128(60)),
                    payment,
                }
            }
            "posts" => Command::Post {
                payment: self.payment(),
                on: today(),
            },
            "fails" => Command::Fail {
                payment: self.payment(),
                reason: said,
            },
            "archives" => Command::Archive,
            _ => panic!("{at}: nobody {act}"),
        };
        let (org, flow, judged) = (self.company.org(), flow(), judged(self.severity, self.passes));
        let facts = Facts {
            now: moment(self.moments),
            today: today(),
            org: &org,
            flow: &flow,
            judged: Some(&judged),
            deal_owner: None,
            taken: nothing_taken(),
            seed: [u8::try_from(self.moments).unwrap_or(0); 16],
        };
        match (decide(self.claim.as_ref(), command, &actor, &facts), refusal) {
            (Ok(decision), None) => {
                self.payables +=
                    u32::try_from(decision.effects.iter().filter(|e| **e == Effect::Pay).count()).unwrap_or(0);
                self.events
                    .extend(decision.events.into_iter().map(|e| (e, self.moments)));
                let again = self.events.iter().fold(None, |c, (e, n)| apply(c, e, moment(*n)));
                assert_eq!(again.as_ref(), Some(&decision.claim), "{at}: replay differs");
                self.claim = Some(decision.claim);
            }
            (Err(refused), Some(meant)) => assert_eq!(name(&refused), meant, "{at}"),
            (Ok(_), Some(meant)) => panic!("{at}: should have been refused with {meant}"),
            (Err(refused), None) => panic!("{at}: refused: {refused:?}"),
        }
        self.moments += 1;
    }

    fn task(&self, actor: &Actor) -> TaskId {
        let tasks = || self.there().run.iter().flat_map(|s| &s.tasks);
        let mine = tasks().rfind(|t| Some(t.assignee) == actor.employee());
        mine.or_else(|| tasks().next_back())
            .map_or(TaskId(Uuid::nil()), |t| t.id)
    }

    fn payment(&self) -> PaymentId {
        match &self.there().state {
            outlay_core::claim::State::Paying { payment, .. } | outlay_core::claim::State::Paid { payment, .. } => {
                *payment
            }
            _ => PaymentId(Uuid::nil()),
        }
    }
}

fn minor(amount: &str) -> i64 {
    outlay_core::Money::parse(amount, outlay_core::Currency::CNY)
        .expect("an amount")
        .minor
}

fn name(refusal: &Refusal) -> String {
    let value = serde_json::to_value(refusal).expect("JSON");
    value["refusal"].as_str().unwrap_or_default().to_owned()
}
