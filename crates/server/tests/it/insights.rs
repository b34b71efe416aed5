//! Insights: every figure is the sum of the claims that its reader may open; sales operations see the sums alone.

use std::collections::BTreeMap;

use outlay::auth::Person;
use outlay::claims::{scope, store};
use outlay::{args, clock};
use outlay_core::claim::Claim;
use serde_json::Value;

use crate::seed;
use crate::world::{World, on_both};

fn cents(money: &Value) -> i64 {
    let text = money["amount"].as_str().expect("an amount");
    text.replace('.', "").parse().expect("digits")
}

/// Claims that somebody may read, of one entity, whose money counts.
async fn readable(world: &World, who: &str) -> Vec<Claim> {
    let id = world.id(who).await;
    let mut sql = world.app.db.read();
    let org = world.app.org(&mut sql).await.expect("org");
    let person = Person::of(&org, id, clock::day(clock::now(), "UTC")).expect("active");
    let (condition, values) = scope::readable(&person, 2);
    let mut bound = args![""];
    bound.extend(values);
    let rows: Vec<(String,)> = sql
        .all_built(
            format!("SELECT c.id FROM claim c WHERE c.id <> $1 AND {condition}"),
            bound,
        )
        .await
        .expect("read");
    let mut claims = Vec::new();
    for (id,) in rows {
        let claim = store::load(&mut sql, id.parse().expect("an id")).await.expect("there");
        if claim.content.entity == world.cn && (claim.status().is_pending() || claim.status().is_paid()) {
            claims.push(claim);
        }
    }
    claims
}

/// (pending, paid) by a key of each allocation.
fn sums(
    claims: &[Claim],
    key: impl Fn(&Claim, usize, usize) -> Option<String>,
) -> BTreeMap<Option<String>, (i64, i64)> {
    let mut all: BTreeMap<Option<String>, (i64, i64)> = BTreeMap::new();
    for claim in claims {
        for (l, line) in claim.content.lines.iter().enumerate() {
            for (a, allocation) in line.allocations.iter().enumerate() {
                let entry = all.entry(key(claim, l, a)).or_default();
                if claim.status().is_paid() {
                    entry.1 += allocation.amount.minor;
                } else {
                    entry.0 += allocation.amount.minor;
                }
            }
        }
    }
    all
}

#[test]
fn figures_are_the_sums_of_the_claims_behind_them() {
    on_both(|world| async move {
        seed::in_every_state(&world).await;
        for (who, scope, bys) in [
            (
                "zhao",
                "entity",
                vec!["account", "deal", "department", "category", "month"],
            ),
            ("chen", "departments", vec!["department", "category", "month"]),
            (
                "wang",
                "own",
                vec!["account", "deal", "department", "category", "month"],
            ),
        ] {
            let client = world.as_(who).await;
            let me = world.id(who).await;
            let mut claims = readable(&world, who).await;
            match scope {
                "own" => claims.retain(|c| c.content.claimant == me),
                "departments" => claims.retain(|c| c.content.department == world.sales),
                _ => {}
            }
            assert!(!claims.is_empty(), "{who}");
            for by in bys {
                let path = format!("/api/v1/insights?by={by}&scope={scope}&entity={}", world.cn);
                let view = client.get(&path).await.expect(200).json();
                let expected = sums(&claims, |c, l, a| {
                    let line = &c.content.lines[l];
                    let allocation = &line.allocations[a];
                    match by {
                        "account" => allocation.account.map(|k| k.to_string()),
                        "deal" => allocation.deal.map(|k| k.to_string()),
                        "department" => Some(c.content.department.to_string()),
                        "category" => Some(line.category.clone()),
                        _ => Some(line.incurred_on.strftime("%Y-%m").to_string()),
                    }
                });
                let found: BTreeMap<Option<String>, (i64, i64)> = view["rows"]
                    .as_array()
                    .expect("rows")
                    .iter()
                    .map(|r| {
                        let key = r["key"].as_str().map(str::to_owned);
                        (key, (cents(&r["cost"]["pending"]), cents(&r["cost"]["paid"])))
                    })
                    .collect();
                assert_eq!(found, expected, "{who} by {by}");
                let whole = expected.values().fold((0, 0), |a, v| (a.0 + v.0, a.1 + v.1));
                let total = &view["total"];
                assert_eq!(
                    (cents(&total["pending"]), cents(&total["paid"])),
                    whole,
                    "{who} by {by}"
                );
            }
        }
    });
}

#[test]
fn a_figure_opens_its_claims() {
    on_both(|world| async move {
        seed::in_every_state(&world).await;
        for (who, query) in [
            ("zhao", "by=account"),
            ("zhao", "by=category"),
            ("chen", "by=department"),
            ("wang", "by=deal"),
        ] {
            let client = world.as_(who).await;
            let view = client
                .get(&format!("/api/v1/insights?{query}"))
                .await
                .expect(200)
                .json();
            let row = &view["rows"][0];
            let place = row["claims"].as_str().expect("an address").to_owned();
            for (cost, figure) in [("paid", "paid"), ("pending", "pending"), ("all", "sum")] {
                let path = format!("/api/v1{}", place.replace("cost=all", &format!("cost={cost}")));
                let list = client.get(&path).await.expect(200).json();
                let items = list["items"].as_array().expect("a list");
                let mut sum = 0;
                for item in items {
                    let number = item["number"].as_str().expect("a number");
                    let claim = store::by_number(&mut world.app.db.read(), number).await.expect("there");
                    let key = row["key"].as_str().unwrap_or_default();
                    for line in &claim.content.lines {
                        for a in &line.allocations {
                            let fits = match &query[3..] {
                                "account" => a.account.is_some_and(|k| k.to_string() == key),
                                "deal" => a.deal.is_some_and(|k| k.to_string() == key),
                                "category" => line.category == key,
                                _ => true,
                            };
                            sum += if fits { a.amount.minor } else { 0 };
                        }
                    }
                }
                assert_eq!(sum, cents(&row["cost"][figure]), "{who} {query} {cost}: {path}");
            }
        }
        let zhao = world.as_("zhao").await;
        let page = zhao
            .get(&format!("/claims?scope=all&account={}&month=2026-11", world.account))
            .await
            .expect(200);
        assert!(page.text.contains("恒川精密"));
        zhao.get("/api/v1/claims?month=2026-1").await.expect(422);
        zhao.get("/api/v1/claims?account=x").await.expect(422);
    });
}

#[test]
fn each_sees_what_they_may() {
    on_both(|world| async move {
        seed::in_every_state(&world).await;
        let at = |scope: &str| format!("/api/v1/insights?by=month&scope={scope}&entity={}", world.cn);
        for (who, scope, status) in [
            ("wang", "entity", 403),
            ("wang", "departments", 403),
            ("wang", "own", 200),
            ("chen", "entity", 403),
            ("chen", "departments", 200),
            ("zhao", "entity", 200),
            ("audit", "entity", 200),
            ("he", "entity", 403),
        ] {
            world.as_(who).await.get(&at(scope)).await.expect(status);
        }
        let chen = world.as_("chen").await;
        chen.get("/api/v1/insights?by=deal&scope=departments").await.expect(422);
        let zhao = world.as_("zhao").await;
        for bad in [
            "from=2026-13",
            "from=2026-1",
            "from=2026-05&to=2026-04",
            "from=1990-01",
            "by=moon",
            "x=1",
        ] {
            let status = zhao.get(&format!("/api/v1/insights?{bad}")).await.status;
            assert!((400..500).contains(&status), "{bad}: {status}");
        }
        let page = zhao.get("/insights").await.expect(200);
        assert!(page.text.contains("恒川精密") && page.text.contains("/claims?scope=all"));
        assert!(chen.get("/insights").await.expect(200).text.contains("华东销售部"));
        let table = zhao.get("/insights.csv?by=account").await.expect(200);
        assert!(table.text.contains("恒川精密,CNY,"), "{}", table.text);
    });
}

#[test]
fn sales_operations_see_what_finance_sees_and_are_told_of_closed_claims() {
    on_both(|world| async move {
        let claim = seed::draft(&world, "wang").await;
        seed::act(
            &world,
            claim.content.claimant,
            claim.id,
            outlay_core::claim::Command::Submit,
        )
        .await;
        let (ops, zhao) = (world.as_("ops").await, world.as_("zhao").await);
        for by in ["account", "deal", "department", "category", "month"] {
            let path = format!("/api/v1/insights?by={by}&scope=entity&entity={}", world.cn);
            let (of_ops, of_finance) = (
                ops.get(&path).await.expect(200).json(),
                zhao.get(&path).await.expect(200).json(),
            );
            assert_eq!(of_ops["total"]["sum"]["amount"], "154.00", "{of_ops}");
            assert_eq!(
                (&of_ops["rows"], &of_ops["total"]),
                (&of_finance["rows"], &of_finance["total"])
            );
            assert_eq!(
                (&of_ops["hidden_claims"], &of_finance["hidden_claims"]),
                (&true.into(), &false.into())
            );
        }
        let page = ops.get("/insights").await.expect(200).text;
        assert!(page.contains("恒川精密") && page.contains("无权打开"), "{page}");
        let page = zhao.get("/insights").await.expect(200).text;
        assert!(!page.contains("无权打开"), "{page}");
        ops.get(&format!("/api/v1/claims/{}", claim.number)).await.expect(404);
    });
}
