//! Before rules had decision tables, limits were rows of conditions and automatic approval was four keys. The policies of then are kept
//! in `policy/before/`; here they are carried out as they were, row by row, beside the tables, over random claims.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use outlay_core::claim::{Allocation, Content, Evidence, Grade, Line, Links};
use outlay_core::ids::{
    AccountId, ActivityId, CostCenterId, DealId, DepartmentId, DocumentId, EmployeeId, EntityId, LineId, ProjectId,
};
use outlay_core::policy::{Arg, CN_STANDARD, DE_STANDARD, Policy, PolicyFacts, Severity};
use outlay_core::{Currency, Money};
use rust_decimal::Decimal;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Deserialize)]
struct Before {
    rules: Vec<OldRule>,
    auto_approval: Option<OldAuto>,
}

#[derive(Deserialize)]
struct OldRule {
    id: String,
    #[serde(default)]
    when: Row,
    check: serde_norway::Value,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Row {
    categories: Option<Vec<String>>,
    grades: Option<Vec<String>>,
    tiers: Option<Vec<String>>,
    seasons: Option<Vec<String>>,
    claim_linked: Option<bool>,
    amount: Option<serde_norway::Value>,
}

#[derive(Deserialize)]
struct OldLimit {
    per: String,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct OldAuto {
    at_most: i64,
    evidence: Grade,
    #[serde(default)]
    excused: Vec<String>,
    linked_to: Vec<String>,
}

/// A source of numbers, the same for each run.
struct Lots(u64);

impl Lots {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

fn grade_at(policy: &Policy, code: &str) -> Option<usize> {
    policy.grades.iter().position(|g| g == code)
}

fn grade_is(policy: &Policy, conditions: &[String], grade: Option<&str>) -> bool {
    let Some(mine) = grade.and_then(|g| grade_at(policy, g)) else {
        return false;
    };
    conditions.iter().any(|c| {
        if let Some((from, to)) = c.split_once("..") {
            grade_at(policy, from) <= Some(mine) && Some(mine) <= grade_at(policy, to)
        } else if let Some(from) = c.strip_suffix('+') {
            grade_at(policy, from) <= Some(mine)
        } else {
            grade_at(policy, c) == Some(mine)
        }
    })
}

fn is(policy: &Policy, row: &Row, line: &Line, grade: Option<&str>) -> bool {
    let tier = line
        .place
        .as_deref()
        .and_then(|p| policy.tier(p))
        .map(|t| t.code.as_str());
    let season = policy
        .season(line.incurred_on, line.place.as_deref())
        .map(|s| s.code.as_str());
    let among = |all: &Option<Vec<String>>, code: Option<&str>| {
        all.as_ref()
            .is_none_or(|all| code.is_some_and(|code| all.iter().any(|c| c == code)))
    };
    among(&row.categories, Some(&line.category))
        && among(&row.tiers, tier)
        && among(&row.seasons, season)
        && row.grades.as_ref().is_none_or(|all| grade_is(policy, all, grade))
}

fn minor(amount: &serde_norway::Value, currency: Currency) -> Option<i64> {
    let text = match amount {
        serde_norway::Value::Number(n) => n.to_string(),
        serde_norway::Value::String(text) if text == "none" => return None,
        serde_norway::Value::String(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    Some(Money::parse(&text, currency).expect("an amount").minor)
}

/// Rule, line (from 0; `usize::MAX` for the claim), row, over.
type Over = (String, usize, u64, i64);

fn limits_before(before: &Before, policy: &Policy, content: &Content, grade: Option<&str>) -> Vec<Over> {
    let mut found = Vec::new();
    for rule in &before.rules {
        let Some(limit) = rule.check.get("limit") else { continue };
        let limit: OldLimit = serde_norway::from_value(limit.clone()).expect("a limit");
        let headed =
            content.links.account.is_some() || content.links.deal.is_some() || content.links.activity.is_some();
        if rule.when.claim_linked.is_some_and(|linked| linked != headed) {
            continue;
        }
        let mut sums: BTreeMap<(Option<Date>, usize), i64> = BTreeMap::new();
        for (at, line) in content.lines.iter().enumerate() {
            if !is(policy, &rule.when, line, grade) {
                continue;
            }
            let row = limit
                .rows
                .iter()
                .position(|r| is(policy, r, line, grade))
                .expect("the last row is open");
            let amount = limit.rows[row].amount.as_ref().expect("an amount");
            let Some(most) = minor(amount, policy.currency) else {
                continue;
            };
            let mut say = |at, over| found.push((rule.id.clone(), at, row as u64 + 1, over));
            match limit.per.as_str() {
                "unit" | "line" => {
                    let times = if limit.per == "unit" {
                        i64::from(line.quantity.max(1))
                    } else {
                        1
                    };
                    if line.claimed.minor > most * times {
                        say(at, line.claimed.minor - most * times);
                    }
                }
                "day" => {
                    let sum = sums.entry((Some(line.incurred_on), row)).or_default();
                    let counted = most.max(*sum);
                    *sum += line.claimed.minor;
                    if *sum > most {
                        say(at, *sum - counted);
                    }
                }
                _ => *sums.entry((None, row)).or_default() += line.claimed.minor,
            }
        }
        if limit.per == "claim" {
            for ((_, row), sum) in sums {
                let amount = limit.rows[row].amount.as_ref().expect("an amount");
                if let Some(most) = minor(amount, policy.currency).filter(|most| sum > *most) {
                    found.push((rule.id.clone(), usize::MAX, row as u64 + 1, sum - most));
                }
            }
        }
    }
    found.sort();
    found
}

fn passes_before(auto: &OldAuto, content: &Content, severe: bool) -> bool {
    let linked = |line: &Line| {
        let l = &content.links;
        let head = |k: &str| match k {
            "account" => l.account.is_some(),
            "deal" => l.deal.is_some(),
            _ => l.activity.is_some(),
        };
        let part = |p: &Allocation| {
            auto.linked_to.iter().any(|k| match k.as_str() {
                "account" => p.account.is_some(),
                "deal" => p.deal.is_some(),
                _ => false,
            })
        };
        auto.linked_to.iter().any(|k| head(k)) || !line.allocations.is_empty() && line.allocations.iter().all(part)
    };
    content.claimed().decimal() <= Decimal::from(auto.at_most)
        && !severe
        && content
            .lines
            .iter()
            .all(|l| l.grade() <= auto.evidence || auto.excused.contains(&l.category))
        && content.lines.iter().all(linked)
}

fn id(n: usize) -> Uuid {
    Uuid::from_u128(n as u128 + 1)
}

fn claim(lots: &mut Lots, policy: &Policy) -> Content {
    let currency = policy.currency;
    let places = ["北京", "上海市", "三亚", "Wuhan", "义乌", "München", "Ulm", "köln", ""];
    let lines = (0..1 + [0, 0, 1, 2, 5][lots.below(5)]).map(|n| {
        // Categories that came later are left out.
        let old: Vec<_> = policy
            .categories
            .iter()
            .filter(|c| !c.code.starts_with("allowance."))
            .collect();
        let category = lots.one(&old).code.clone();
        let quantity = 1 + lots.below(4) as u32;
        let amounts = [30, 150, 320, 400, 500, 600, 800, 900, 1200, 28, 110, 140, 180, 220];
        let each = *lots.one(&amounts) * 100 + [0, 0, 1, -1, 5000][lots.below(5)];
        let claimed = Money::new(each * i64::from(quantity), currency);
        let to = |lots: &mut Lots, amount| {
            let what = lots.below(6);
            Allocation {
                account: (what == 1).then(|| AccountId(id(1))),
                deal: (what == 2 || what == 3).then(|| DealId(id(1))),
                project: (what == 4).then(|| ProjectId(id(1))),
                cost_center: (what == 0).then(|| CostCenterId(id(1))),
                amount,
            }
        };
        let parts = if lots.below(3) == 0 {
            claimed.split(&[1, 2])
        } else {
            vec![claimed]
        };
        let place = lots.one(&places).to_string();
        Line {
            id: LineId(id(n)),
            category,
            incurred_on: date(2026, 1 + lots.below(12) as i8, 1 + lots.below(3) as i8),
            description: ["", "一等座", "二等座"][lots.below(3)].to_owned(),
            place: (!place.is_empty()).then_some(place),
            quantity,
            paid: claimed,
            rate: None,
            claimed,
            tax: None,
            evidence: Some(lots.below(5)).filter(|g| *g < 4).map(|g| Evidence {
                document: DocumentId(id(n)),
                sha256: "00".repeat(32),
                invoice: None,
                gross: None,
                grade: [Grade::A, Grade::A, Grade::B, Grade::C][g],
            }),
            allocations: parts.into_iter().map(|p| to(lots, p)).collect(),
            trip: None,
        }
    });
    let lines = lines.collect();
    let mut has = || lots.below(6) == 0;
    Content {
        claimant: EmployeeId(id(0)),
        entity: EntityId(id(0)),
        department: DepartmentId(id(0)),
        currency,
        title: "t".into(),
        purpose: "p".into(),
        links: Links {
            account: has().then(|| AccountId(id(1))),
            deal: has().then(|| DealId(id(1))),
            activity: has().then(|| ActivityId(id(1))),
            ..Links::default()
        },
        lines,
    }
}

#[test]
fn tables_find_what_rows_of_conditions_found() {
    let small = include_str!("policy/sets/small.yaml");
    let (mut overs, mut passed) = (0, 0);
    for (now, then) in [
        (CN_STANDARD, include_str!("policy/before/cn-standard.yaml")),
        (DE_STANDARD, include_str!("policy/before/de-standard.yaml")),
        (small, include_str!("policy/before/small.yaml")),
    ] {
        let policy = Policy::from_yaml(now).expect("sound");
        let before: Before = serde_norway::from_str(then).expect("readable");
        let mut lots = Lots(7);
        for _ in 0..2_000 {
            let content = claim(&mut lots, &policy);
            let grade = ["P1", "P2", "P3", "P6", "P8", "P9", "P10", "VP", ""][lots.below(9)];
            let grade = (!grade.is_empty()).then(|| grade.to_owned());
            let facts = PolicyFacts {
                grade: grade.clone(),
                ..PolicyFacts::on(date(2026, 12, 24))
            };
            let findings = policy.check(&content, &facts);
            let mut limits: Vec<Over> = findings
                .iter()
                .filter_map(|f| {
                    let at = f.line.map_or(usize::MAX, |id| id.0.as_u128() as usize - 1);
                    let Some(Arg::Count(row)) = f.arg("row") else {
                        return None;
                    };
                    assert!(f.trace.is_some(), "{f:?}");
                    Some((f.rule.clone(), at, *row, f.over?.minor))
                })
                .collect();
            limits.sort();
            let known = before.rules.iter().map(|r| r.id.as_str()).collect::<Vec<_>>();
            limits.retain(|(rule, ..)| known.contains(&rule.as_str()));
            assert_eq!(
                limits,
                limits_before(&before, &policy, &content, grade.as_deref()),
                "{content:?}"
            );
            overs += limits.len();
            let severe = findings.iter().any(|f| f.severity >= Severity::Warn);
            let auto = policy.auto_approval(&content, &facts, &findings).passes();
            let was = before
                .auto_approval
                .as_ref()
                .is_some_and(|a| passes_before(a, &content, severe));
            assert_eq!(auto, was, "{content:?} {findings:?}");
            passed += usize::from(auto);
        }
    }
    assert!(overs > 1_000 && passed > 50, "{overs} over, {passed} passed");
}
