//! After a change of the organisation only the claims that it may touch are looked at: none is missed that a look at all would move.

#[allow(dead_code, reason = "each suite uses a part of it")]
mod common;

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use outlay_core::Currency;
use outlay_core::flow::{Affected, Approver, Ask, Fallback, Resolved, Settings, Who, Why};
use outlay_core::ids::{CostCenterId, DepartmentId, EmployeeId};
use outlay_core::org::{Assignment, CostCenter, Department, Employee, Grant, LegalEntity, Org, Role};
use uuid::Uuid;

use common::{ENTITY, content, today};

const PEOPLE: usize = 9;
const PLACES: usize = 6;
const CENTERS: usize = 3;
const ROLES: [Role; 2] = [Role::Finance, Role::Auditor];
const POSTS: [&str; 2] = ["总经理", "销售"];

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

    fn somebody(&mut self) -> EmployeeId {
        person(self.roll(PEOPLE))
    }

    fn maybe(&mut self) -> Option<EmployeeId> {
        (self.roll(4) > 0).then(|| self.somebody())
    }
}

fn person(n: usize) -> EmployeeId {
    EmployeeId(Uuid::from_u128(100 + n as u128))
}

fn place(n: usize) -> DepartmentId {
    DepartmentId(Uuid::from_u128(200 + n as u128))
}

fn center(n: usize) -> CostCenterId {
    CostCenterId(Uuid::from_u128(300 + n as u128))
}

/// An organisation that can be changed.
#[derive(Clone)]
struct Company {
    active: [bool; PEOPLE],
    numbers: [usize; PEOPLE],
    heads: [Option<EmployeeId>; PLACES],
    parents: [Option<usize>; PLACES],
    owners: [Option<EmployeeId>; CENTERS],
    posts: Vec<Assignment>,
    grants: Vec<Grant>,
}

impl Company {
    fn new(dice: &mut Dice) -> Company {
        let mut company = Company {
            active: std::array::from_fn(|_| dice.roll(6) > 0),
            numbers: std::array::from_fn(|n| n),
            heads: std::array::from_fn(|_| dice.maybe()),
            parents: std::array::from_fn(|n| (n > 0 && dice.roll(5) > 0).then(|| dice.roll(n.max(1)))),
            owners: std::array::from_fn(|_| dice.maybe()),
            posts: Vec::new(),
            grants: Vec::new(),
        };
        for n in 0..PEOPLE {
            let post = company.post(dice, person(n));
            company.posts.push(post);
        }
        for _ in 0..3 {
            company.grant(dice);
        }
        company
    }

    fn post(&self, dice: &mut Dice, employee: EmployeeId) -> Assignment {
        let day = |dice: &mut Dice| today() + (i64::try_from(dice.roll(9)).expect("small") - 4).days();
        Assignment {
            employee,
            department: place(dice.roll(PLACES)),
            entity: ENTITY,
            cost_center: (dice.roll(3) > 0).then(|| center(dice.roll(CENTERS))),
            position: POSTS[dice.roll(POSTS.len())].to_owned(),
            grade: "P6".to_owned(),
            primary: dice.roll(3) > 0,
            from: if dice.roll(3) > 0 {
                Date::constant(2020, 1, 1)
            } else {
                day(dice)
            },
            to: (dice.roll(3) == 0).then(|| day(dice)),
        }
    }

    fn grant(&mut self, dice: &mut Dice) {
        self.grants.push(Grant {
            employee: dice.somebody(),
            role: ROLES[dice.roll(ROLES.len())],
            entity: (dice.roll(2) == 0).then_some(ENTITY),
        });
    }

    fn change(&mut self, dice: &mut Dice) {
        let n = dice.roll(PEOPLE);
        match dice.roll(10) {
            0 => self.active[n] = !self.active[n],
            1 => {
                let other = dice.roll(PEOPLE);
                self.numbers.swap(n, other);
            }
            2 | 3 => self.heads[dice.roll(PLACES)] = dice.maybe(),
            4 => {
                let at = 1 + dice.roll(PLACES - 1);
                self.parents[at] = (dice.roll(4) > 0).then(|| dice.roll(PLACES));
            }
            5 => self.owners[dice.roll(CENTERS)] = dice.maybe(),
            6 if !self.posts.is_empty() => {
                let at = dice.roll(self.posts.len());
                self.posts.remove(at);
            }
            7 => {
                let post = self.post(dice, person(n));
                self.posts.push(post);
            }
            8 if !self.grants.is_empty() => {
                let at = dice.roll(self.grants.len());
                self.grants.remove(at);
            }
            _ => self.grant(dice),
        }
    }

    fn org(&self) -> Org {
        let employee = |n: usize| Employee {
            id: person(n),
            number: format!("E{}", self.numbers[n]),
            name: String::new(),
            email: String::new(),
            locale: String::new(),
            active: self.active[n],
        };
        let department = |n: usize| Department {
            id: place(n),
            code: n.to_string(),
            name: n.to_string(),
            parent: self.parents[n].map(place),
            head: self.heads[n],
            from: Date::constant(2020, 1, 1),
            to: None,
        };
        let cost_center = |n: usize| CostCenter {
            id: center(n),
            code: n.to_string(),
            name: n.to_string(),
            entity: ENTITY,
            owner: self.owners[n],
        };
        let entity = LegalEntity {
            id: ENTITY,
            code: "CN01".into(),
            name: "澜石".into(),
            country: "CN".into(),
            currency: Currency::CNY,
            zone: "Asia/Shanghai".into(),
        };
        Org::new(
            vec![entity],
            (0..PLACES).map(department).collect(),
            (0..CENTERS).map(cost_center).collect(),
            (0..PEOPLE).map(employee).collect(),
            self.posts.clone(),
            self.grants.clone(),
        )
    }
}

/// Every way in which the organisation names people.
fn ways() -> Vec<Who> {
    vec![
        Who::DepartmentHead(1),
        Who::DepartmentHead(2),
        Who::HeadsUpTo(3),
        Who::Role(Role::Finance),
        Who::Role(Role::Auditor),
        Who::CostCenterOwner,
        Who::Position(POSTS[0].to_owned()),
        Who::Position(POSTS[1].to_owned()),
        Who::Expression("if claimant = null then \"finance\" else \"E3\"".to_owned()),
    ]
}

/// Whoever each step asks of a claim of each person in each department.
fn asked(org: &Org, day: Date) -> BTreeMap<(EmployeeId, DepartmentId, usize), Vec<Approver>> {
    let chosen = BTreeMap::new();
    let settings = Settings {
        if_nobody: Fallback::HeadAbove,
        if_own: Fallback::StandIn("E5".to_owned()),
        ..Settings::default()
    };
    let mut all = BTreeMap::new();
    for n in 0..PEOPLE {
        for d in 0..PLACES {
            let content = content(person(n), place(d), 10_000);
            let ask = Ask {
                org,
                content: &content,
                deal_owner: None,
                project_owner: None,
                deal_stage: None,
                day,
                settings: &settings,
                chosen: &chosen,
                stand_in: None,
                findings: &[],
            };
            for (way, who) in ways().iter().enumerate() {
                if let Ok(Resolved::People(people)) = ask.resolve(who, "step") {
                    all.insert((person(n), place(d), way), people);
                }
            }
        }
    }
    all
}

#[test]
fn nobody_is_missed_who_is_no_longer_named() {
    let mut lost = BTreeMap::<&'static str, usize>::new();
    let (mut looked, mut all) = (0_usize, 0_usize);
    for seed in 0..600 {
        let mut dice = Dice(seed);
        let mut company = Company::new(&mut dice);
        let old = company.org();
        for _ in 0..=dice.roll(3) {
            company.change(&mut dice);
        }
        let new = company.org();
        let (first, last) = (today(), today() + i64::try_from(dice.roll(2)).expect("small").days());
        let affected = Affected::between(&old, &new, (first, last));
        let after = asked(&new, last);
        for (key, people) in asked(&old, first) {
            for before in people {
                let known = affected.people.contains(&before.employee)
                    || affected.claimants.contains(&key.0)
                    || before.why.is_loose();
                all += 1;
                looked += usize::from(known);
                let still = after
                    .get(&key)
                    .is_some_and(|now| now.iter().any(|a| a.employee == before.employee));
                if !still {
                    *lost.entry(before.why.code()).or_default() += 1;
                    assert!(known, "seed {seed}: {key:?} lost {before:?}");
                }
            }
        }
    }
    for why in ["heads", "holds", "owns_cost_center", "position", "instead"] {
        assert!(
            lost.get(why).is_some_and(|n| *n > 50),
            "{why} was lost seldom: {lost:?}"
        );
    }
    assert!(looked * 4 < all * 3, "{looked} of {all} are looked at");
}

#[test]
fn a_change_of_names_or_nothing_touches_nobody() {
    let mut dice = Dice(7);
    let mut company = Company::new(&mut dice);
    company.posts.retain(|p| p.from.year() == 2020 && p.to.is_none());
    let org = company.org();
    assert_eq!(Affected::between(&org, &org, (today(), today())), Affected::default());
}

#[test]
fn each_reason_has_a_word_of_its_own() {
    assert!(Why::LOOSE.contains(&Why::Instead.code()) && Why::Instead.is_loose());
    assert!(!Why::Heads(place(0)).is_loose());
}
