//! Stories: text files, one a claim's life, told by who does what and what is seen then.
//!
//! Before the first act: `flow parallel` (a file of `tests/flows`), `head SALES li`, `head ALL -`, `finance li zhao`, `gone chen`, `claims in ALL`, `policy warns`,
//! `policy blocks`, `policy passes`, `amount 12000.00`. Acts: `wang drafts`, `wang edits 90.00`, `wang submits`,
//! `chen approves`, `chen rejects REASON`, `chen returns REASON`, `chen transfers to li`, `wang withdraws`,
//! `li comments TEXT`, `he batches`, `bank posts`, `bank fails REASON`, `crm archives`, `outlay replaces chen`,
//! `zhao sends-back STEP REASON`, `zhao sends-back-straight STEP REASON` (`claimant` for the claimant), `chen takes-back`,
//! `wang recalls`, `chen delegates to li`, `chen adds li before`, `chen removes li`, `zhao amends claimed 90.00`, `wang reminds`,
//! `wang copies to li`, `wang chooses STEP li`, `outlay ticks`, `outlay reassigns`; `li approves for chen` while `away chen li`.
//! An act that ends with `!refusal` must be refused so. `days 3` lets time pass. Sights: `state approved`, `asked chen`,
//! `asked nobody`, `signed chen li`, `acted li for chen`, `told wang returned`, `copied li`, `payable 1`.

use std::path::Path;

use crate::common::{ALL, Company, SALES, content, flow, judged, moment, nothing_taken, today};
use jiff::ToSpan;
use outlay_core::claim::{Actor, Around, Claim, Command, Effect, Event, Facts, Place, Refusal, apply, decide};
use outlay_core::flow::Flow;
use outlay_core::ids::{BatchId, ClaimId, DepartmentId, EmployeeId, PaymentId, TaskId};
use outlay_core::policy::{Arg, Auto, Reason, ReasonCode, Severity};
use uuid::Uuid;

/// Tells a story; each of its lines must come true.
pub fn tell(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let mut story = Story::begin();
    for (n, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if !line.is_empty() {
            story.tell(line, &format!("{name}:{}: {line}", n + 1));
        }
    }
    assert!(story.moments > 0, "{name} tells nothing");
}

struct Story {
    company: Company,
    claims_in: DepartmentId,
    severity: Option<Severity>,
    passes: bool,
    /// Whether it would pass, and was drawn for an audit by finance.
    drawn: bool,
    minor: i64,
    claim: Option<Claim>,
    events: Vec<(Event, i64)>,
    payables: u32,
    moments: i64,
    days: i64,
    flow: Flow,
    told: Vec<(EmployeeId, String)>,
}

impl Story {
    fn begin() -> Story {
        Story {
            company: Company::usual(),
            claims_in: SALES,
            severity: None,
            passes: false,
            drawn: false,
            minor: 154_00,
            claim: None,
            events: vec![],
            payables: 0,
            moments: 0,
            days: 0,
            flow: flow("standard"),
            told: vec![],
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
            ["policy", "draws"] => self.drawn = true,
            ["policy", "passes"] => self.passes = true,
            ["amount", amount] => self.minor = minor(amount),
            ["flow", name] => self.flow = flow(name),
            ["days", n] => self.days += n.parse::<i64>().expect("days"),
            ["away", from, to] => self.company.away.push(((*from).to_owned(), (*to).to_owned())),
            ["back", from] => self.company.away.retain(|(f, _)| f != from),
            ["signed", names @ ..] => {
                let mut signed: Vec<EmployeeId> = self.there().signers().collect();
                let mut meant: Vec<EmployeeId> = names
                    .iter()
                    .filter(|n| **n != "nobody")
                    .map(|n| self.company.id(n))
                    .collect();
                signed.sort();
                meant.sort();
                assert_eq!(signed, meant, "{at}");
            }
            ["acted", by, "for", whom] => {
                let (by, whom) = (self.company.id(by), self.company.id(whom));
                let mut tasks = self.there().run.iter().flat_map(|s| &s.tasks);
                let on_behalf =
                    tasks.any(|t| t.assignee == whom && t.outcome.as_ref().is_some_and(|o| o.by == Some(by)));
                assert!(on_behalf, "{at}");
            }
            ["told", who, what] => {
                let told = (self.company.id(who), (*what).to_owned());
                assert!(self.told.contains(&told), "{at}: {:?}", self.told);
            }
            ["copied", who] => assert!(self.there().copies.contains(&self.company.id(who)), "{at}"),
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
        let (rest, on_behalf) = match rest {
            [before @ .., "for", whom] if act != "comments" => (before, Some(Actor::Employee(self.company.id(whom)))),
            _ => (rest, None),
        };
        let mine = on_behalf.as_ref().unwrap_or(&actor).clone();
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
                    task: self.task(&mine),
                    hash,
                    comment: String::new(),
                }
            }
            "sends-back" | "sends-back-straight" => Command::SendBack {
                task: self.task(&mine),
                to: (rest[0] != "claimant").then(|| rest[0].to_owned()),
                straight: act == "sends-back-straight",
                reason: rest[1..].join(" "),
            },
            "takes-back" => Command::TakeBack { task: self.task(&mine) },
            "recalls" => Command::Recall,
            "delegates" => Command::Delegate {
                task: self.task(&mine),
                to: self.company.id(rest.last().expect("to whom")),
                reason: "请先看看".into(),
            },
            "adds" => Command::AddSigner {
                task: self.task(&mine),
                who: self.company.id(rest[0]),
                place: match rest[1] {
                    "before" => Place::Before,
                    "beside" => Place::Beside,
                    _ => Place::After,
                },
                reason: "一起看".into(),
            },
            "removes" => Command::RemoveSigner {
                who: self.company.id(rest[0]),
                reason: String::new(),
            },
            "amends" => {
                let mut content = self.there().content.clone();
                let line = &mut content.lines[0];
                match rest[0] {
                    "claimed" => {
                        line.claimed.minor = minor(rest[1]);
                        line.allocations[0].amount = line.claimed;
                    }
                    "category" => line.category = rest[1].to_owned(),
                    "tax" => line.tax = Some(outlay_core::Money::new(minor(rest[1]), line.claimed.currency)),
                    _ => content.title = rest[1].to_owned(),
                }
                Command::Amend {
                    task: self.task(&mine),
                    hash: self.there().content.hash(),
                    content,
                    reason: "按制度核减".into(),
                }
            }
            "reminds" => Command::Remind,
            "copies" => Command::CopyTo {
                to: vec![self.company.id(rest.last().expect("to whom"))],
                comment: String::new(),
            },
            "chooses" => Command::Choose {
                step: rest[0].to_owned(),
                people: rest[1..].iter().map(|n| self.company.id(n)).collect(),
            },
            "ticks" => Command::Tick,
            "reassigns" => Command::Reassign,
            "rejects" => Command::Reject {
                task: self.task(&mine),
                reason: said,
            },
            "returns" => Command::Return {
                task: self.task(&mine),
                reason: said,
            },
            "transfers" => Command::Transfer {
                task: self.task(&mine),
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
        let (org, mut judged) = (self.company.org(), judged(self.severity, self.passes));
        if self.drawn {
            let role = Arg::Role(outlay_core::org::Role::Finance);
            let reason = Reason {
                code: ReasonCode::AuditDrawn,
                args: vec![("role".to_owned(), role)],
                trace: None,
            };
            judged.auto = Auto::No { reasons: vec![reason] };
        }
        let delegations = self.company.delegations();
        let now = self.moments + self.days * 24 * 60;
        let facts = Facts {
            now: moment(now),
            today: today() + self.days.days(),
            org: &org,
            flow: &self.flow,
            judged: Some(&judged),
            deal_owner: None,
            taken: nothing_taken(),
            seed: [u8::try_from(self.moments).unwrap_or(0); 16],
            around: Around {
                delegations: &delegations,
                ..Around::default()
            },
        };
        match (decide(self.claim.as_ref(), command, &actor, &facts), refusal) {
            (Ok(decision), None) => {
                self.payables +=
                    u32::try_from(decision.effects.iter().filter(|e| **e == Effect::Pay).count()).unwrap_or(0);
                for effect in &decision.effects {
                    if let Effect::Notify { to, notice } = effect {
                        let word = serde_json::to_value(notice).expect("JSON");
                        self.told.push((*to, word.as_str().unwrap_or_default().to_owned()));
                    }
                }
                self.events.extend(decision.events.into_iter().map(|e| (e, now)));
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
        let of = |t: &&outlay_core::claim::Task| Some(t.assignee) == actor.employee();
        let open = tasks().filter(of).find(|t| t.is_open());
        let mine = open.or_else(|| tasks().rfind(|t| of(t)));
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
