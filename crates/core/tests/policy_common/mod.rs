//! Claims of a source of numbers that is the same for each run.
#![allow(dead_code, reason = "not each test uses all of it")]

use jiff::civil::{Date, date};
use outlay_core::claim::{Allocation, Content, Evidence, Grade, Line, Links};
use outlay_core::ids::{AccountId, CostCenterId, DealId, DepartmentId, DocumentId, EmployeeId, EntityId, LineId};
use outlay_core::policy::{Policy, Unit};
use outlay_core::{Currency, Money};
use uuid::Uuid;

/// A source of numbers.
pub struct Lots(pub u64);

impl Lots {
    /// From 0 to under `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    /// One of them.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// From `low` to `high`, both included; one of the two ends as often as all others.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        match self.below(4) {
            0 => high,
            1 => low,
            _ => low + self.below((high - low + 1) as usize) as i64,
        }
    }
}

pub fn id(n: usize) -> Uuid {
    Uuid::from_u128(n as u128 + 1)
}

/// A line that serves a cost centre.
pub fn line(n: usize, category: &str, on: Date, minor: i64, currency: Currency) -> Line {
    let claimed = Money::new(minor, currency);
    Line {
        id: LineId(id(n)),
        category: category.to_owned(),
        incurred_on: on,
        description: String::new(),
        place: None,
        quantity: 1,
        paid: claimed,
        rate: None,
        claimed,
        tax: None,
        evidence: None,
        trip: None,
        allocations: vec![Allocation {
            account: None,
            deal: None,
            project: None,
            cost_center: Some(CostCenterId(id(1))),
            amount: claimed,
        }],
    }
}

/// A document of a grade.
pub fn proof(n: usize, grade: Grade) -> Option<Evidence> {
    Some(Evidence {
        document: DocumentId(id(n)),
        sha256: "00".repeat(32),
        invoice: None,
        gross: None,
        grade,
    })
}

pub fn content(lines: Vec<Line>, currency: Currency) -> Content {
    Content {
        claimant: EmployeeId(id(0)),
        entity: EntityId(id(0)),
        department: DepartmentId(id(0)),
        currency,
        title: "t".into(),
        purpose: "现场勘查".into(),
        links: Links::default(),
        lines,
    }
}

/// Any claim, in no way right.
pub fn any(lots: &mut Lots, policy: &Policy) -> Content {
    let places = [
        "北京",
        "上海市",
        "三亚",
        "Wuhan",
        "义乌",
        "München",
        "Ulm",
        "Chicago",
        "Reno",
        "",
    ];
    // Half of them are small and well proved, as those are that pass by themselves.
    let small = lots.below(2) == 0;
    let count = if small { 1 } else { 1 + lots.below(4) };
    let lines = (0..count).map(|n| {
        let category = lots.one(&policy.categories).code.clone();
        let amounts = [
            20, 28, 60, 68, 80, 90, 92, 100, 110, 120, 140, 150, 180, 200, 220, 250, 300, 320, 400, 450, 500, 550, 600,
            700, 800, 900, 1200, 2000,
        ];
        let quantity = 1 + lots.below(3) as u32;
        let kind = policy.categories.iter().find(|c| c.code == category).map(|c| c.unit);
        let each = (*lots.one(&amounts) * 100) as i64 + [0, 0, 1, -1, 500, -500, 5000][lots.below(7)];
        let on = date(
            2025 + lots.below(2) as i16,
            1 + lots.below(12) as i8,
            1 + lots.below(28) as i8,
        );
        let mut line = line(n, &category, on, each * i64::from(quantity), policy.currency);
        line.quantity = quantity;
        let place = lots.one(&places).to_string();
        line.place = (!place.is_empty()).then_some(place);
        let words = [
            "",
            "一等座",
            "商务座",
            "公务舱",
            "business class",
            "premium economy",
            "first class",
        ];
        line.description = lots.one(&words).to_string();
        if small && matches!(kind, Some(Unit::Km | Unit::Mile)) {
            line.quantity = 100;
            let minor = [2900, 3000, 3001, 7000, 7200, 7250][lots.below(6)];
            line.paid = Money::new(minor, policy.currency);
            line.claimed = line.paid;
            line.allocations[0].amount = line.paid;
        }
        line.evidence = match if small { 2 + lots.below(3) } else { lots.below(5) } {
            // By nature without.
            _ if small && category.starts_with("allowance.") || line.quantity == 100 => None,
            0 => None,
            1 => proof(n, Grade::C),
            2 => proof(n, Grade::B),
            _ => proof(n, Grade::A),
        };
        line.allocations[0].deal = (small || lots.below(3) > 0).then(|| DealId(id(1)));
        line
    });
    let lines = lines.collect();
    let mut made = content(lines, policy.currency);
    made.links.account = (lots.below(2) > 0).then(|| AccountId(id(1)));
    made
}
