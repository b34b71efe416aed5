//! What a claimant writes: the content of a claim, and whether it holds together.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{
    AccountId, ActivityId, ContactId, CostCenterId, DealId, DepartmentId, DocumentId, EmployeeId, EntityId, LineId,
    OrderId, ProjectId,
};
use crate::policy::{DayKind, LinkKind, TripDay};
use crate::{Currency, Money};

/// Most lines in one claim.
pub const MAX_LINES: usize = 200;
/// Most allocations of one line.
pub const MAX_ALLOCATIONS: usize = 50;
/// Longest title, in characters.
pub const MAX_TITLE: usize = 120;
/// Longest free text, in characters.
pub const MAX_TEXT: usize = 2_000;

/// All that the claimant states. Approvals are given to its [`Content::hash`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Whose money is asked for.
    pub claimant: EmployeeId,
    /// Which entity pays.
    pub entity: EntityId,
    /// Where it is booked; kept as booked when the claimant moves.
    pub department: DepartmentId,
    /// Currency of the entity, in which the lines are claimed.
    pub currency: Currency,
    /// What it is about.
    pub title: String,
    /// Why the money was spent.
    pub purpose: String,
    /// The customer it served.
    pub links: Links,
    /// The expenses.
    pub lines: Vec<Line>,
}

/// The CRM records that a claim belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Links {
    /// The customer.
    pub account: Option<AccountId>,
    /// Whom was met.
    pub contact: Option<ContactId>,
    /// The deal.
    pub deal: Option<DealId>,
    /// The project.
    pub project: Option<ProjectId>,
    /// The sales order.
    pub order: Option<OrderId>,
    /// The logged visit.
    pub activity: Option<ActivityId>,
    /// When the visit took place.
    pub visited_on: Option<Date>,
}

/// One expense (费用明细).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Its id, kept over edits.
    pub id: LineId,
    /// A category of the policy, such as `lodging`.
    pub category: String,
    /// The local day of the expense.
    pub incurred_on: Date,
    /// What it was.
    #[serde(default)]
    pub description: String,
    /// The city, as the policy's tiers name it.
    #[serde(default)]
    pub place: Option<String>,
    /// Nights, persons or kilometres, as the category counts; at least 1.
    #[serde(default = "one")]
    pub quantity: u32,
    /// What was paid.
    pub paid: Money,
    /// How the paid amount became the claimed one; absent within one currency.
    #[serde(default)]
    pub rate: Option<Rate>,
    /// What is asked for, in the claim's currency.
    pub claimed: Money,
    /// Input tax, in the claim's currency, if it can be credited.
    #[serde(default)]
    pub tax: Option<Money>,
    /// The invoice that proves it.
    #[serde(default)]
    pub evidence: Option<Evidence>,
    /// Whom it served; adds up to `claimed`.
    pub allocations: Vec<Allocation>,
    /// The journey that a per diem is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trip: Option<Trip>,
}

/// The journey that a line's day belongs to, in local time, and who paid for that day's meals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trip {
    /// The day of leaving.
    pub from: Date,
    /// At what time, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<Time>,
    /// The day of coming back.
    pub until: Date,
    /// At what time, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Time>,
    /// Whether breakfast, lunch and dinner were given on the line's day.
    pub meals: [bool; 3],
}

impl Trip {
    /// Longest journey, in days.
    pub const MOST_DAYS: i32 = 366;

    /// Whether it ends before it begins, or lasts too long to be true.
    pub fn is_odd(&self) -> bool {
        let backwards = self.from == self.until && self.starts.zip(self.ends).is_some_and(|(s, e)| e <= s);
        let days = self.from.until(self.until).map_or(i32::MAX, |span| span.get_days());
        self.until < self.from || backwards || days >= Self::MOST_DAYS
    }

    /// What a day is to the journey; none if it is not in it.
    pub fn day(&self, on: Date) -> Option<TripDay> {
        if on < self.from || self.until < on || self.is_odd() {
            return None;
        }
        let hours = self.starts.zip(self.ends).and_then(|(starts, ends)| {
            let minutes = starts.duration_until(ends).as_mins();
            Decimal::from(minutes).checked_div(Decimal::from(60))
        });
        let kind = match (on == self.from, on == self.until) {
            (true, true) => DayKind::Single(hours),
            (true, false) => DayKind::First,
            (false, true) => DayKind::Last,
            (false, false) => DayKind::Whole,
        };
        Some(TripDay {
            on,
            kind,
            meals: self.meals,
        })
    }
}

fn one() -> u32 {
    1
}

/// An exchange rate: units of the claim's currency for one unit paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Exact, above 0.
    #[serde(with = "rust_decimal::serde::str")]
    pub value: Decimal,
    /// Who published it.
    pub source: String,
    /// The day it is of.
    pub on: Date,
}

/// How good the proof of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Grade {
    /// A structured invoice whose own sums agree.
    A,
    /// A structured invoice with something missing or unchecked.
    B,
    /// A document that no machine read.
    C,
    /// Nothing.
    D,
}

impl Grade {
    /// The letter.
    pub fn code(self) -> &'static str {
        match self {
            Grade::A => "A",
            Grade::B => "B",
            Grade::C => "C",
            Grade::D => "D",
        }
    }
}

/// The document behind a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The stored document.
    pub document: DocumentId,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// The invoice's identity, where one was read; it may be claimed once.
    #[serde(default)]
    pub invoice: Option<String>,
    /// Gross amount of that invoice; lines that share it may not exceed it together.
    #[serde(default)]
    pub gross: Option<Money>,
    /// How good a proof it is.
    pub grade: Grade,
}

/// A part of a line and what it served (费用分摊).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allocation {
    /// The customer.
    #[serde(default)]
    pub account: Option<AccountId>,
    /// The deal.
    #[serde(default)]
    pub deal: Option<DealId>,
    /// The project.
    #[serde(default)]
    pub project: Option<ProjectId>,
    /// The cost centre.
    #[serde(default)]
    pub cost_center: Option<CostCenterId>,
    /// The part, in the claim's currency.
    pub amount: Money,
}

impl Content {
    /// SHA-256 in hex of the canonical JSON (RFC 8785): what an approver approves.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(crate::canonical::json(self)))
    }

    /// SHA-256 in hex of what approvals are given for: who gets how much for what, and on which evidence. An edit of
    /// anything else leaves approvals standing.
    pub fn material(&self) -> String {
        let lines: Vec<_> = self
            .lines
            .iter()
            .map(|l| {
                let evidence = l.evidence.as_ref().map(|e| &e.sha256);
                (&l.category, l.claimed, l.paid, l.incurred_on, evidence)
            })
            .collect();
        let all = (self.claimant, self.entity, self.currency, lines);
        hex::encode(Sha256::digest(crate::canonical::json(&all)))
    }

    /// Whether it names a record of this kind, at its head or in part of a line.
    pub fn is_for(&self, kind: LinkKind) -> bool {
        let mut parts = self.lines.iter().flat_map(|l| &l.allocations);
        match kind {
            LinkKind::Account => self.links.account.is_some() || parts.any(|a| a.account.is_some()),
            LinkKind::Deal => self.links.deal.is_some() || parts.any(|a| a.deal.is_some()),
            LinkKind::Project => self.links.project.is_some() || parts.any(|a| a.project.is_some()),
            LinkKind::Order => self.links.order.is_some(),
            LinkKind::Activity => self.links.activity.is_some(),
        }
    }

    /// What is asked for in all. Lines in another currency count nothing: [`Content::problems`] refuses them.
    pub fn claimed(&self) -> Money {
        let minor = self
            .lines
            .iter()
            .filter(|l| l.claimed.currency == self.currency)
            .fold(0i64, |sum, l| sum.saturating_add(l.claimed.minor));
        Money::new(minor, self.currency)
    }

    /// The input tax in all.
    pub fn tax(&self) -> Money {
        let minor = self
            .lines
            .iter()
            .filter_map(|l| l.tax)
            .fold(0i64, |sum, t| sum.saturating_add(t.minor));
        Money::new(minor, self.currency)
    }

    /// The weakest proof among the lines; `D` for no lines.
    pub fn grade(&self) -> Grade {
        self.lines.iter().map(Line::grade).max().unwrap_or(Grade::D)
    }

    /// Identities of the invoices used, each once.
    pub fn invoices(&self) -> BTreeSet<&str> {
        self.lines
            .iter()
            .filter_map(|l| l.evidence.as_ref()?.invoice.as_deref())
            .collect()
    }

    /// Deals that any part of it serves, each once.
    pub fn deals(&self) -> BTreeSet<DealId> {
        self.lines
            .iter()
            .flat_map(|l| &l.allocations)
            .filter_map(|a| a.deal)
            .chain(self.links.deal)
            .collect()
    }

    /// Customers that any part of it serves, each once.
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        self.lines
            .iter()
            .flat_map(|l| &l.allocations)
            .filter_map(|a| a.account)
            .chain(self.links.account)
            .collect()
    }
}

impl Line {
    /// How good its proof is.
    pub fn grade(&self) -> Grade {
        self.evidence.as_ref().map_or(Grade::D, |e| e.grade)
    }
}
