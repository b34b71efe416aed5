//! The table `spend`, after lives that chance made up: each of its sums is what its allocations add up to.

use std::collections::BTreeMap;

use jiff::ToSpan;
use outlay::claims::{self, store};
use outlay::{args, clock};
use outlay_core::claim::{Allocation, Claim, Command, Line, State, Status};
use outlay_core::ids::{BatchId, PaymentId};
use outlay_core::{Currency, Money};
use uuid::Uuid;

use crate::seed;
use crate::world::{World, on_both};

/// Numbers that look like chance, the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % n
    }
}

/// Lines of several months and categories, each in one to three parts: for the deal, the customer alone, or neither.
fn lines(world: &World, chance: &mut Chance, currency: Currency) -> Vec<Line> {
    let today = clock::day(clock::now(), "Europe/Berlin");
    let count = 1 + chance.below(3);
    (0..count)
        .map(|_| {
            let category = ["travel.taxi", "meals"][usize::from(chance.below(2) == 1)];
            let on = today.saturating_sub(i64::try_from(chance.below(60)).expect("small").days());
            let parts = 1 + i64::try_from(chance.below(3)).expect("small");
            let part = 1_00 + i64::try_from(chance.below(200)).expect("small");
            let mut line = seed::line(world, category, part * parts, currency, on);
            line.allocations = (0..parts)
                .map(|n| {
                    let serves = if n == 0 { chance.below(2) } else { chance.below(3) };
                    Allocation {
                        account: (serves < 2).then_some(world.account),
                        deal: (serves < 1).then_some(world.deal),
                        project: None,
                        cost_center: None,
                        amount: Money::new(part, currency),
                    }
                })
                .collect();
            line
        })
        .collect()
}

/// What could be done next, by whom; none at the end of a life.
async fn next(world: &World, chance: &mut Chance, claim: &Claim) -> Option<(outlay_core::ids::EmployeeId, Command)> {
    let (me, he) = (claim.content.claimant, world.id("he").await);
    let reason = || "请补充".to_owned();
    let today = clock::day(clock::now(), "Asia/Shanghai");
    Some(match claim.status() {
        Status::Draft | Status::Returned if chance.below(3) == 0 => {
            let mut content = claim.content.clone();
            if chance.below(3) == 0 {
                (content.entity, content.currency) = (world.de, Currency::EUR);
            }
            content.lines = lines(world, chance, content.currency);
            (
                me,
                Command::Edit {
                    content,
                    sources: Vec::new(),
                },
            )
        }
        Status::Draft | Status::Returned => (me, Command::Submit),
        Status::Submitted | Status::InReview => {
            let task = claim.open_tasks().next()?;
            match chance.below(10) {
                0 => (
                    task.assignee,
                    Command::Reject {
                        task: task.id,
                        reason: reason(),
                    },
                ),
                1..4 => (
                    task.assignee,
                    Command::Return {
                        task: task.id,
                        reason: reason(),
                    },
                ),
                4 => (me, Command::Withdraw { reason: reason() }),
                _ => (
                    task.assignee,
                    Command::Approve {
                        task: task.id,
                        hash: claim.content.hash(),
                        comment: String::new(),
                    },
                ),
            }
        }
        Status::Approved => (
            he,
            Command::Batch {
                batch: BatchId(Uuid::now_v7()),
                payment: PaymentId(Uuid::now_v7()),
            },
        ),
        Status::Paying => {
            let State::Paying { payment, .. } = claim.state else {
                return None;
            };
            if chance.below(4) == 0 {
                let reason = "AC04".to_owned();
                (he, Command::Fail { payment, reason })
            } else {
                (he, Command::Post { payment, on: today })
            }
        }
        Status::Paid | Status::Archived | Status::Withdrawn | Status::Rejected => return None,
    })
}

type Sums = BTreeMap<(String, String, String, String, String, String, String), (i64, i64)>;

/// Dimension, key, whose, entity, currency, category and month of a sum; then pending and paid.
type Row = (String, String, String, String, String, String, String, i64, i64);

fn keyed(rows: Vec<Row>) -> Sums {
    rows.into_iter()
        .map(|(dim, key, whose, entity, currency, category, month, pending, paid)| {
            ((dim, key, whose, entity, currency, category, month), (pending, paid))
        })
        .collect()
}

/// The table as it is kept, without sums that went back to nothing.
async fn kept(world: &World) -> Sums {
    let rows: Vec<Row> = world
        .app
        .db
        .read()
        .all(
            "SELECT dim, key, employee_id, entity_id, currency, category, month, pending_minor, paid_minor FROM spend \
             WHERE pending_minor <> 0 OR paid_minor <> 0",
            args![],
        )
        .await
        .expect("read");
    keyed(rows)
}

/// The table as the allocations make it.
async fn recomputed(world: &World) -> Sums {
    let mut all = Sums::new();
    for (dim, key) in [
        ("account", "COALESCE(a.account_id, '')"),
        ("deal", "COALESCE(a.deal_id, '')"),
        ("project", "a.project_id"),
        ("department", "c.department_id"),
        ("entity", "c.entity_id"),
    ] {
        let own_category = if dim == "entity" { "a.category" } else { "''" };
        let mut kinds = vec![("''", "''"), ("''", "a.category")];
        if dim != "project" {
            kinds.push(("c.claimant_id", own_category));
        }
        for (whose, category) in kinds {
            let text = format!(
                "SELECT '{dim}', {key}, {whose}, c.entity_id, c.currency, {category}, SUBSTR(a.incurred_on, 1, 7), \
                 CAST(SUM(CASE WHEN c.status IN ('paid', 'archived') THEN 0 ELSE a.minor END) AS BIGINT), \
                 CAST(SUM(CASE WHEN c.status IN ('paid', 'archived') THEN a.minor ELSE 0 END) AS BIGINT) \
                 FROM claim c JOIN allocation a ON a.claim_id = c.id WHERE {key} IS NOT NULL AND c.status IN \
                 ('submitted', 'in_review', 'returned', 'approved', 'paying', 'paid', 'archived') \
                 GROUP BY 2, 3, 4, 5, 6, 7"
            );
            let rows: Vec<Row> = world.app.db.read().all_built(text, args![]).await.expect("read");
            all.extend(keyed(rows));
        }
    }
    all
}

#[test]
fn each_sum_is_that_of_its_allocations() {
    on_both(|world| async move {
        let mut chance = Chance(7);
        let mut ends: BTreeMap<&str, u32> = BTreeMap::new();
        for n in 0..40 {
            let who = ["wang", "li", "jonas"][n % 3];
            let mut claim = seed::draft(&world, who).await;
            for _ in 0..12 {
                let Some((who, command)) = next(&world, &mut chance, &claim).await else {
                    break;
                };
                // What the rules refuse leaves the claim as it was.
                let _ = claims::act(&world.app, &seed::permit(who), claim.id, command).await;
                claim = store::load(&mut world.app.db.read(), claim.id).await.expect("there");
            }
            *ends.entry(claim.status().code()).or_default() += 1;
            if n % 8 == 7 {
                assert_eq!(
                    kept(&world).await,
                    recomputed(&world).await,
                    "after {n} claims: {ends:?}"
                );
            }
        }
        assert!(
            ["paid", "rejected", "withdrawn"]
                .iter()
                .all(|end| ends.contains_key(end)),
            "{ends:?}"
        );
        let sums = kept(&world).await;
        assert!(
            sums.keys()
                .any(|(dim, key, whose, ..)| dim == "deal" && key.is_empty() && !whose.is_empty())
        );
        assert!(sums.keys().any(|(.., currency, _, _)| currency == "EUR"));
    });
}
