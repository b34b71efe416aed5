//! Recorded decisions, replayed and tried under other rules.

#[allow(dead_code, reason = "each suite uses a part of it")]
mod common;

use common::{Company, ENTITY, SALES, content, judged, today};
use outlay_core::flow::Flow;
use outlay_core::history::{Brief, Case, Durations, Fate, Input, Is, Route, Shape, Simulation, Snapshot};
use outlay_core::ids::ClaimId;
use outlay_core::money::Money;
use outlay_core::policy::{CN_STANDARD, Policy, PolicyFacts};
use outlay_core::{Currency, org::Org};
use std::collections::BTreeMap;
use uuid::Uuid;

fn policy(auto: &str) -> Policy {
    let (head, _) = CN_STANDARD.split_once("\nauto_approval:").unwrap_or((CN_STANDARD, ""));
    Policy::from_yaml(&format!("{head}\n{auto}")).expect("a policy")
}

fn flow(steps: &str) -> Flow {
    Flow::from_yaml(&format!(
        "id: f\nversion: 2\nname: {{ zh: 流, en: flow }}\nsteps:\n{steps}"
    ))
    .expect("a flow")
}

fn input(company: &Company, minor: i64) -> Input {
    Input {
        content: content(company.id("wang"), SALES, minor),
        facts: PolicyFacts {
            grade: Some("P5".into()),
            ..PolicyFacts::on(today())
        },
        deal_owner: Some(company.id("li")),
        project_owner: None,
        deal_stage: None,
        chosen: BTreeMap::new(),
        stand_in: None,
    }
}

const HEAD: &str = "  - { id: head, name: { zh: 主管, en: Head }, who: !department_head 1 }\n";
const FINANCE: &str = "  - { id: finance, name: { zh: 财务, en: Finance }, who: !role finance }\n";
const OWNER: &str = "  - { id: owner, name: { zh: 商机, en: Deal owner }, who: !deal_owner }\n";

#[test]
fn a_snapshot_knows_who_approves_and_nobodys_name() {
    let company = Company::usual();
    let org = company.org();
    let (body, hash) = Snapshot::of(&org).sealed();
    assert!(!body.contains("@example.com"), "{body}");
    let again: Snapshot = serde_json::from_str(&body).expect("a snapshot");
    assert_eq!(again.sealed(), (body, hash.clone()));
    let org2: Org = again.org();
    let (policy, flow) = (policy(""), flow(&format!("{HEAD}{FINANCE}")));
    let input = input(&company, 900_00);
    let one = input.outcome(&policy, &flow, &org);
    assert_eq!(one, input.outcome(&policy, &flow, &org2));
    assert_eq!(one.hash("salt"), input.outcome(&policy, &flow, &org2).hash("salt"));
    assert_ne!(one.hash("salt"), one.hash("pepper"));
    let mut other = Company::usual();
    other.heads[1].1 = "li".into();
    assert_ne!(
        Snapshot::of(&other.org()).sealed().1,
        hash,
        "another head is another organisation"
    );
}

#[test]
fn a_route_names_those_asked_once() {
    let mut company = Company::usual();
    company.finance = vec!["chen".into()];
    let org = company.org();
    let input = input(&company, 900_00);
    let brief = |steps: &str| Brief::of(&input.routed(judged(None, false), &flow(steps), &org));
    let both = brief(&format!("{HEAD}{FINANCE}"));
    assert_eq!(
        both.shape(),
        Shape {
            is: Is::People,
            steps: 1
        },
        "chen is asked as head, not again as finance"
    );
    assert!(both.goes_as(&brief(HEAD)));
    let owner = brief(&format!("{OWNER}{HEAD}"));
    assert!(!owner.goes_as(&both));
    assert_eq!(owner.steps[0].people, [company.id("li")]);
    company.finance = vec![];
    let none = input.routed(judged(None, false), &flow(FINANCE), &company.org());
    assert_eq!(none.route, Route::Nobody("finance".into()));
}

fn case(n: u128, minor: i64, old: Brief, fate: Fate) -> Case {
    Case {
        claim: ClaimId(Uuid::from_u128(n)),
        number: format!("BX-{n:04}"),
        n: 2,
        claimed: Money::new(minor, Currency::CNY),
        old,
        fate,
    }
}

#[test]
fn the_report_counts_what_differs_and_halves_add_up_in_any_order() {
    let company = Company::usual();
    let org = company.org();
    let one = flow(HEAD);
    let two = flow(&format!("{HEAD}{FINANCE}"));
    let input = input(&company, 900_00);
    let old = Brief::of(&input.routed(judged(None, false), &two, &org));
    let auto = Brief {
        is: Is::Auto,
        steps: vec![],
        rules: old.rules.clone(),
    };
    let new = Brief::of(&input.routed(judged(None, false), &one, &org));
    let mut durations = Durations::default();
    durations.answered(company.id("chen"), 10, 3);
    durations.answered(company.id("zhao"), 30, 1);
    durations.paid(48, 5);

    let cut = Fate {
        rejected: false,
        cut: Some(Money::new(100, Currency::CNY)),
    };
    let cases = [
        (case(1, 900_00, old.clone(), Fate::default()), new.clone()),
        (case(2, 500_00, old.clone(), Fate::default()), auto.clone()),
        (case(3, 700_00, old.clone(), cut), auto.clone()),
        (case(4, 100_00, auto.clone(), Fate::default()), new.clone()),
        (case(5, 200_00, old.clone(), Fate::default()), old.clone()),
        (
            case(
                6,
                300_00,
                old.clone(),
                Fate {
                    rejected: true,
                    cut: None,
                },
            ),
            Brief {
                is: Is::Blocked,
                ..auto.clone()
            },
        ),
    ];
    let sum = |which: &[usize]| {
        let mut sums = Simulation::default();
        for at in which {
            sums.add(&cases[*at].0, cases[*at].1.clone(), &durations);
        }
        sums
    };
    let period = (jiff::civil::date(2026, 1, 1), jiff::civil::date(2026, 1, 14));
    let report = sum(&[0, 1, 2, 3, 4, 5]).report(period, (None, None), &durations);
    let mut halves = sum(&[5, 3, 1]);
    halves.merge(sum(&[4, 0, 2]));
    assert_eq!(halves.report(period, (None, None), &durations), report);

    assert_eq!((report.claims, report.differ, report.weeks), (6, 5, 2));
    assert_eq!(report.to_auto[0].money, Money::new(1_200_00, Currency::CNY));
    assert_eq!(report.from_auto[0].claims, 1);
    assert_eq!(report.false_approvals_count, 1);
    assert_eq!(report.false_approvals[0].number, "BX-0003");
    assert_eq!(report.blocked.claims, 1);
    let most = &report.transitions[0];
    assert_eq!((most.from.steps, most.to.is, most.claims), (2, Is::Auto, 2));
    assert_eq!(most.examples[0].number, "BX-0003", "the dearest first");
    let zhao = report
        .load
        .iter()
        .find(|l| l.employee == company.id("zhao"))
        .expect("asked");
    assert_eq!((zhao.old, zhao.new), (5, 1));
    // Old: 10 + 30 + 48 hours for five, 48 for the one that passed; new: 58, 48, 48, 58, 88.
    assert_eq!((report.days.old_hours, report.days.new_hours), (Some(88), Some(58)));
    assert_eq!(ENTITY, input.content.entity);
}
