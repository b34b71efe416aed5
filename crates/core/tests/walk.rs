//! Seeded random walks over commands, people, reorganisations, absences and time: after every step the invariants of
//! claims hold. `OUTLAY_WALK_STEPS` makes them longer, such as 1000000.

mod common;
mod walking;

use std::collections::{BTreeMap, BTreeSet};

use outlay_core::claim::{Actor, Command, OutcomeKind, Place, Status};
use outlay_core::ids::{ClaimId, EmployeeId, TaskId};
use uuid::Uuid;
use walking::Walk;

#[test]
fn invariants_hold_on_every_walk() {
    #[expect(clippy::disallowed_methods, reason = "how long to walk is no fact of a decision")]
    let steps: usize = std::env::var("OUTLAY_WALK_STEPS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(100_000);
    const LENGTH: usize = 120;
    let mut reached = BTreeSet::new();
    let mut kinds: BTreeMap<&'static str, usize> = BTreeMap::new();
    for seed in 0..steps.div_ceil(LENGTH) as u64 {
        let mut walk = Walk::begin(seed);
        for _ in 0..LENGTH {
            walk.act(&mut |event| *kinds.entry(event.kind()).or_default() += 1);
            walk.check();
            reached.extend(walk.claim.as_ref().map(outlay_core::claim::Claim::status));
        }
        for (event, _) in &walk.events {
            *kinds.entry(event.kind()).or_default() += 1;
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
    for kind in [
        "sent_back",
        "taken_back",
        "recalled",
        "amended",
        "delegated",
        "advised",
        "asked_again",
        "signer_added",
        "signer_removed",
        "fired",
        "timed_out",
        "reassigned",
        "copied",
        "chosen",
        "reminded",
        "skipped",
        "transferred",
    ] {
        assert!(
            kinds.get(kind).is_some_and(|n| *n >= 5),
            "hardly any walk has {kind}: {kinds:?}"
        );
    }
}

/// Every act that anybody of a small company could try on a claim.
fn every_act(walk: &Walk) -> Vec<(Command, Actor)> {
    let claim = walk.claim.as_ref().expect("a claim");
    let claimant = Actor::Employee(claim.content.claimant);
    let clock = || Actor::System("clock".into());
    let people: Vec<EmployeeId> = walk.company.names.iter().map(|n| walk.company.id(n)).collect();
    let reason = || "r".to_owned();
    let mut all = vec![
        (Command::Submit, claimant.clone()),
        (Command::Recall, claimant),
        (Command::Tick, clock()),
        (Command::Reassign, clock()),
    ];
    let open: Vec<(TaskId, EmployeeId)> = claim.open_tasks().map(|t| (t.id, t.assignee)).collect();
    for (task, assignee) in open {
        let hash = claim.content.hash();
        // Whoever is not asked tries, too: deputies may, others are refused.
        for who in &people {
            let approve = Command::Approve {
                task,
                hash: hash.clone(),
                comment: String::new(),
            };
            all.push((approve, Actor::Employee(*who)));
        }
        let actor = || Actor::Employee(assignee);
        let mut lower = claim.content.clone();
        lower.lines[0].claimed.minor -= 1;
        lower.lines[0].allocations[0].amount = lower.lines[0].claimed;
        let amend = Command::Amend {
            task,
            hash,
            content: lower,
            reason: reason(),
        };
        all.push((amend, actor()));
        let steps = claim.run.iter().map(|s| Some(s.id.clone()));
        for to in steps.chain([None]) {
            for straight in [false, true] {
                let back = Command::SendBack {
                    task,
                    to: to.clone(),
                    straight,
                    reason: reason(),
                };
                all.push((back, actor()));
            }
        }
        for to in people.iter().copied() {
            let reason = reason();
            all.push((
                Command::Transfer {
                    task,
                    to,
                    reason: reason.clone(),
                },
                actor(),
            ));
            all.push((
                Command::Delegate {
                    task,
                    to,
                    reason: reason.clone(),
                },
                actor(),
            ));
            all.push((
                Command::RemoveSigner {
                    who: to,
                    reason: reason.clone(),
                },
                actor(),
            ));
            for place in [Place::Before, Place::Beside, Place::After] {
                let add = Command::AddSigner {
                    task,
                    who: to,
                    place,
                    reason: reason.clone(),
                };
                all.push((add, actor()));
            }
        }
    }
    let approved = claim.run.iter().flat_map(|s| &s.tasks);
    for task in approved.filter(|t| t.ended(OutcomeKind::Approved)) {
        let by = task.outcome.as_ref().and_then(|o| o.by).unwrap_or(task.assignee);
        all.push((Command::TakeBack { task: task.id }, Actor::Employee(by)));
    }
    all
}

/// A claim without what differs between two ways to the same place: ids of tasks, times, how many events.
fn place(walk: &Walk) -> String {
    let claim = walk.claim.as_ref().expect("a claim");
    let mut text = serde_json::to_string(claim).expect("JSON");
    for (i, task) in claim.run.iter().flat_map(|s| &s.tasks).enumerate() {
        text = text.replace(&task.id.to_string(), &format!("t{i}"));
    }
    for minute in 0..=walk.minute {
        text = text.replace(&common::moment(minute).to_string(), "");
    }
    text.replace(&format!("\"n\":{},", claim.n), "")
}

/// Breadth first over everything that a company of four can do; the invariants hold everywhere.
#[test]
fn a_small_company_cannot_break_a_claim_however_it_tries() {
    const DEPTH: usize = 3;
    let mut places = 0;
    for (flow, away) in [("parallel", false), ("together", true), ("standard", false)] {
        let mut walk = Walk::begin(0);
        walk.company.names.truncate(4);
        walk.company.finance = vec!["li".into(), "boss".into()];
        walk.flow = small(flow);
        if away {
            walk.company.away = vec![("li".into(), "chen".into()), ("boss".into(), "wang".into())];
        }
        let wang = walk.company.id("wang");
        let draft = Command::Draft {
            id: ClaimId(Uuid::from_u128(1)),
            number: "BX2611-0001".into(),
            content: common::content(wang, common::SALES, 200_00),
            sources: vec![],
            origin: None,
        };
        let judged = common::judged(None, false);
        for command in [draft, Command::Submit] {
            let seed = walk.minute.unsigned_abs().into();
            let decided = walk.decide_with(command, &Actor::Employee(wang), &judged, seed);
            walk.take(decided.expect("begun"));
            walk.minute += 1;
        }
        let mut seen = BTreeSet::from([place(&walk)]);
        let mut front = vec![walk];
        for _ in 0..DEPTH {
            let mut next = Vec::new();
            for walk in &front {
                let seed = walk.minute.unsigned_abs().into();
                for (command, actor) in every_act(walk) {
                    let Ok(decision) = walk.decide_with(command, &actor, &judged, seed) else {
                        continue;
                    };
                    let mut after = walk.clone();
                    after.take(decision);
                    after.check();
                    after.minute += 1;
                    if seen.insert(place(&after)) {
                        next.push(after);
                    }
                }
            }
            front = next;
        }
        places += seen.len();
    }
    assert!(places > 2_000, "only {places} places were seen");
}

/// A flow of `tests/flows` for four people: nobody who is not there is named.
fn small(name: &str) -> outlay_core::flow::Flow {
    let text = common::flow(name).to_yaml().expect("YAML");
    let text = text.replace("!employee he", "!employee boss");
    outlay_core::flow::Flow::from_yaml(&text).expect("a flow")
}
