//! Claims in every state, brought there by the same commands that people give.

use jiff::civil::Date;
use outlay::auth::Permit;
use outlay::claims::{self, NewDraft, store};
use outlay::clock;
use outlay_core::claim::{Actor, Allocation, Claim, Command, Line};
use outlay_core::ids::{BatchId, ClaimId, EmployeeId, LineId, PaymentId};
use outlay_core::{Currency, Money};
use uuid::Uuid;

use crate::world::World;

/// A permit for the core's own checks.
pub fn permit(who: EmployeeId) -> Permit {
    Permit::for_test(Actor::Employee(who), "test")
}

/// A line for the world's deal.
pub fn line(world: &World, category: &str, minor: i64, currency: Currency, on: Date) -> Line {
    let amount = Money::new(minor, currency);
    Line {
        id: LineId(Uuid::now_v7()),
        category: category.into(),
        incurred_on: on,
        description: "客户现场".into(),
        place: Some("上海".into()),
        quantity: 1,
        paid: amount,
        rate: None,
        claimed: amount,
        tax: None,
        evidence: None,
        trip: None,
        allocations: vec![Allocation {
            account: Some(world.account),
            deal: Some(world.deal),
            project: None,
            cost_center: None,
            amount,
        }],
    }
}

/// A draft of somebody, with two small lines.
pub async fn draft(world: &World, who: &str) -> Claim {
    let id = world.id(who).await;
    let mut sql = world.app.db.read();
    let mut new = claims::fill(&mut sql, &world.app, id, claims::Start::Deal(world.deal))
        .await
        .expect("filled");
    let org = world.app.org(&mut sql).await.expect("org");
    let zone = &org.entity(new.content.entity).expect("entity").zone;
    let today = clock::day(clock::now(), zone);
    let currency = new.content.currency;
    let small = if currency == Currency::CNY { 10 } else { 1 };
    new.content.lines = vec![
        line(world, "travel.taxi", small * 8_80, currency, today),
        line(world, "meals", small * 6_60, currency, today),
    ];
    begin(world, new).await
}

/// A draft with this content.
pub async fn begin(world: &World, new: NewDraft) -> Claim {
    let who = new.content.claimant;
    claims::draft(&world.app, &permit(who), new).await.expect("drafted")
}

/// Carries a command out as somebody.
pub async fn act(world: &World, who: EmployeeId, id: ClaimId, command: Command) -> Claim {
    claims::act(&world.app, &permit(who), id, command).await.expect("done")
}

/// Signs every open task until none is left.
pub async fn approve(world: &World, id: ClaimId) -> Claim {
    loop {
        let claim = store::load(&mut world.app.db.read(), id).await.expect("there");
        let Some(task) = claim.open_tasks().next() else {
            return claim;
        };
        let command = Command::Approve {
            task: task.id,
            hash: claim.content.hash(),
            comment: String::new(),
        };
        act(world, task.assignee, id, command).await;
    }
}

/// For several people, claims in every state that lasts.
pub async fn in_every_state(world: &World) -> Vec<ClaimId> {
    let he = world.id("he").await;
    let mut ids = Vec::new();
    for who in ["wang", "li", "chen", "jonas", "ops"] {
        let me = world.id(who).await;
        let today = clock::day(clock::now(), "Asia/Shanghai");
        for goal in 0..9 {
            let claim = draft(world, who).await;
            ids.push(claim.id);
            if goal == 0 {
                continue;
            }
            let claim = act(world, me, claim.id, Command::Submit).await;
            let first = claim.open_tasks().next().expect("a task").clone();
            let reason = "请补充".to_owned();
            match goal {
                1 => {}
                2 => {
                    let command = Command::Return { task: first.id, reason };
                    act(world, first.assignee, claim.id, command).await;
                }
                3 => {
                    let command = Command::Reject { task: first.id, reason };
                    act(world, first.assignee, claim.id, command).await;
                }
                4 => {
                    act(world, me, claim.id, Command::Withdraw { reason }).await;
                }
                _ => {
                    approve(world, claim.id).await;
                    let (batch, payment) = (BatchId(Uuid::now_v7()), PaymentId(Uuid::now_v7()));
                    if goal > 5 {
                        act(world, he, claim.id, Command::Batch { batch, payment }).await;
                    }
                    if goal > 6 {
                        act(world, he, claim.id, Command::Post { payment, on: today }).await;
                    }
                    if goal > 7 {
                        claims::act(
                            &world.app,
                            &Permit::system("test", "archive"),
                            claim.id,
                            Command::Archive,
                        )
                        .await
                        .expect("archived");
                    }
                }
            }
        }
    }
    ids
}
