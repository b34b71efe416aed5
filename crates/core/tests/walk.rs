//! Seeded random walks over commands, people, reorganisations, absences and time: after every step the invariants of
//! claims hold. `OUTLAY_WALK_STEPS` makes them longer, such as 1000000.

mod common;
mod walking;

use std::collections::{BTreeMap, BTreeSet};

use outlay_core::claim::Status;
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
