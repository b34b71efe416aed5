//! A small company for tests of decisions: `boss` heads ALL, `chen` heads SALES below it, the rest work in SALES.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use outlay_core::claim::{Allocation, Content, Judgement, Line, Links, Taken};
use outlay_core::flow::{Delegation, Flow, STANDARD};
use outlay_core::ids::{AccountId, DealId, DepartmentId, EmployeeId, EntityId, LineId};
use outlay_core::org::{Assignment, Department, Employee, Grant, LegalEntity, Org, Role};
use outlay_core::policy::{Auto, Finding, Severity, VersionRef};
use outlay_core::{Currency, Money};
use uuid::Uuid;

pub const ENTITY: EntityId = EntityId(Uuid::from_u128(1));
pub const ALL: DepartmentId = DepartmentId(Uuid::from_u128(10));
pub const SALES: DepartmentId = DepartmentId(Uuid::from_u128(11));
pub const DEAL: DealId = DealId(Uuid::from_u128(20));
pub const ACCOUNT: AccountId = AccountId(Uuid::from_u128(21));

pub fn today() -> Date {
    date(2026, 11, 24)
}

pub fn moment(n: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + n * 60).expect("a moment")
}

/// People by name, in the order of their ids.
#[derive(Clone)]
pub struct Company {
    pub names: Vec<String>,
    pub heads: Vec<(DepartmentId, String)>,
    pub finance: Vec<String>,
    pub gone: Vec<String>,
    /// Who may act for whom, in November 2026.
    pub away: Vec<(String, String)>,
}

impl Company {
    pub fn usual() -> Company {
        let names = ["boss", "chen", "wang", "li", "zhao", "he"].map(str::to_owned).to_vec();
        Company {
            names,
            heads: vec![(ALL, "boss".into()), (SALES, "chen".into())],
            finance: vec!["zhao".into()],
            gone: vec![],
            away: vec![],
        }
    }

    pub fn id(&self, name: &str) -> EmployeeId {
        let at = self
            .names
            .iter()
            .position(|n| n == name)
            .unwrap_or_else(|| panic!("nobody is called {name}"));
        EmployeeId(Uuid::from_u128(100 + at as u128))
    }

    pub fn delegations(&self) -> Vec<Delegation> {
        let given = |(from, to): &(String, String)| Delegation {
            from: self.id(from),
            to: self.id(to),
            since: date(2026, 11, 1),
            until: date(2026, 11, 30),
            entity: None,
            at_most: None,
        };
        self.away.iter().map(given).collect()
    }

    pub fn org(&self) -> Org {
        let head = |d: DepartmentId| {
            self.heads
                .iter()
                .find(|(of, _)| *of == d)
                .map(|(_, name)| self.id(name))
        };
        let department = |id, code: &str, parent| Department {
            id,
            code: code.into(),
            name: code.into(),
            parent,
            head: head(id),
            from: date(2020, 1, 1),
            to: None,
        };
        Org::new(
            vec![LegalEntity {
                id: ENTITY,
                code: "CN01".into(),
                name: "澜石".into(),
                country: "CN".into(),
                currency: Currency::CNY,
                zone: "Asia/Shanghai".into(),
            }],
            vec![department(ALL, "ALL", None), department(SALES, "SALES", Some(ALL))],
            vec![],
            self.names
                .iter()
                .map(|n| Employee {
                    id: self.id(n),
                    number: n.clone(),
                    name: n.clone(),
                    email: format!("{n}@example.com"),
                    locale: "zh-CN".into(),
                    active: !self.gone.contains(n),
                })
                .collect(),
            self.names
                .iter()
                .map(|n| Assignment {
                    employee: self.id(n),
                    department: SALES,
                    entity: ENTITY,
                    cost_center: None,
                    position: String::new(),
                    grade: "P5".into(),
                    primary: true,
                    from: date(2020, 1, 1),
                    to: None,
                })
                .collect(),
            self.finance
                .iter()
                .map(|n| Grant {
                    employee: self.id(n),
                    role: Role::Finance,
                    entity: None,
                })
                .collect(),
        )
    }
}

pub fn content(claimant: EmployeeId, department: DepartmentId, minor: i64) -> Content {
    let amount = Money::new(minor, Currency::CNY);
    Content {
        claimant,
        entity: ENTITY,
        department,
        currency: Currency::CNY,
        title: "上海拜访".into(),
        purpose: String::new(),
        links: Links {
            deal: Some(DEAL),
            account: Some(ACCOUNT),
            ..Links::default()
        },
        lines: vec![Line {
            id: LineId(Uuid::from_u128(30)),
            category: "lodging".into(),
            incurred_on: date(2026, 11, 18),
            description: String::new(),
            place: None,
            quantity: 1,
            paid: amount,
            rate: None,
            claimed: amount,
            tax: None,
            evidence: None,
            trip: None,
            allocations: vec![Allocation {
                account: Some(ACCOUNT),
                deal: Some(DEAL),
                project: None,
                cost_center: None,
                amount,
            }],
        }],
    }
}

/// What a policy would say: nothing, or one finding of a severity; and whether it lets the claim pass by itself.
pub fn judged(severity: Option<Severity>, passes: bool) -> Judgement {
    let policy = VersionRef {
        id: "test".into(),
        version: 1,
    };
    let findings = severity
        .map(|severity| Finding {
            policy: policy.clone(),
            rule: "rule".into(),
            severity,
            line: None,
            args: vec![],
            over: None,
            trace: None,
        })
        .into_iter()
        .collect();
    let auto = if passes {
        Auto::Yes { reasons: vec![] }
    } else {
        Auto::No { reasons: vec![] }
    };
    Judgement { policy, findings, auto }
}

/// The flow of a file in `tests/flows`; `standard` is the one that comes with Outlay.
pub fn flow(name: &str) -> Flow {
    let path = format!("{}/tests/flows/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = match name {
        "standard" => STANDARD.to_owned(),
        _ => std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}")),
    };
    Flow::from_yaml(&text).unwrap_or_else(|e| panic!("{name}: {e}"))
}

pub fn nothing_taken() -> &'static [Taken] {
    &[]
}
