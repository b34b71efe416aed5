//! What a claimant writes: the content of a claim, and whether it holds together.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{
    AccountId, ActivityId, ContactId, CostCenterId, DealId, DepartmentId, DocumentId, EmployeeId, EntityId, LineId,
    OrderId, ProjectId,
};
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

/// Something in a content that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Where, as a path: `title`, `lines[2].paid`.
    pub field: String,
    /// What: a stable code, under which the words are found in each language.
    pub code: String,
    /// Values for the words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<(String, String)>,
}

impl Problem {
    /// A problem without values.
    pub fn new(field: impl Into<String>, code: &str) -> Self {
        Problem {
            field: field.into(),
            code: code.to_owned(),
            args: Vec::new(),
        }
    }

    /// Adds a value for the words.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.args.push((name.to_owned(), value.to_string()));
        self
    }
}

impl Content {
    /// SHA-256 in hex of the canonical JSON (RFC 8785): what an approver approves.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(crate::canonical::json(self)))
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

    /// Everything that does not hold together, for a draft on the way to be kept: an unfinished draft is fine, a
    /// contradictory one is not.
    pub fn problems(&self, today: Date) -> Vec<Problem> {
        let mut found = Vec::new();
        text(&mut found, "title", &self.title, MAX_TITLE);
        text(&mut found, "purpose", &self.purpose, MAX_TEXT);
        if self.title.trim().is_empty() {
            found.push(Problem::new("title", "missing"));
        }
        if self.lines.len() > MAX_LINES {
            found.push(Problem::new("lines", "too-many").with("max", MAX_LINES));
        }
        let mut ids = BTreeSet::new();
        for (i, line) in self.lines.iter().enumerate() {
            let at = |field: &str| format!("lines[{i}].{field}");
            if !ids.insert(line.id) {
                found.push(Problem::new(at("id"), "twice"));
            }
            line.problems(self.currency, today, &at, &mut found);
        }
        let sum = self
            .lines
            .iter()
            .try_fold(0i64, |sum, l| sum.checked_add(l.claimed.minor));
        if sum.is_none() {
            found.push(Problem::new("lines", "too-large"));
        }
        self.shared_invoices(&mut found);
        found
    }

    /// What still lacks before it can be submitted, beyond [`Content::problems`].
    pub fn gaps(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        if self.lines.is_empty() {
            found.push(Problem::new("lines", "missing"));
        }
        if !self.lines.is_empty() && self.claimed().minor <= 0 {
            found.push(Problem::new("lines", "nothing-claimed"));
        }
        for (i, line) in self.lines.iter().enumerate() {
            if line
                .allocations
                .iter()
                .all(|a| a.account.is_none() && a.deal.is_none() && a.project.is_none() && a.cost_center.is_none())
            {
                found.push(Problem::new(format!("lines[{i}].allocations"), "serves-nobody"));
            }
        }
        found
    }

    fn shared_invoices(&self, found: &mut Vec<Problem>) {
        for invoice in self.invoices() {
            let lines: Vec<&Line> = self
                .lines
                .iter()
                .filter(|l| {
                    l.evidence
                        .as_ref()
                        .is_some_and(|e| e.invoice.as_deref() == Some(invoice))
                })
                .collect();
            let Some(gross) = lines.iter().find_map(|l| l.evidence.as_ref()?.gross) else {
                continue;
            };
            let Ok(paid) = Money::sum(gross.currency, lines.iter().map(|l| l.paid)) else {
                found.push(Problem::new("lines", "invoice-currency").with("invoice", invoice));
                continue;
            };
            if paid.minor > gross.minor {
                found.push(
                    Problem::new("lines", "over-invoice")
                        .with("invoice", invoice)
                        .with("gross", gross)
                        .with("paid", paid),
                );
            }
        }
    }
}

impl Line {
    /// How good its proof is.
    pub fn grade(&self) -> Grade {
        self.evidence.as_ref().map_or(Grade::D, |e| e.grade)
    }

    fn problems(&self, currency: Currency, today: Date, at: &dyn Fn(&str) -> String, found: &mut Vec<Problem>) {
        text(found, &at("description"), &self.description, MAX_TEXT);
        text(found, &at("category"), &self.category, 60);
        text(found, &at("place"), self.place.as_deref().unwrap_or(""), 60);
        if self.category.is_empty() {
            found.push(Problem::new(at("category"), "missing"));
        }
        if self.incurred_on > today {
            found.push(Problem::new(at("incurred_on"), "in-the-future").with("today", today));
        }
        if self.incurred_on.year() < 2000 {
            found.push(Problem::new(at("incurred_on"), "too-old"));
        }
        if self.quantity == 0 || self.quantity > 10_000 {
            found.push(
                Problem::new(at("quantity"), "out-of-range")
                    .with("min", 1)
                    .with("max", 10_000),
            );
        }
        if self.paid.minor <= 0 {
            found.push(Problem::new(at("paid"), "not-positive"));
        }
        if self.claimed.currency != currency {
            found.push(Problem::new(at("claimed"), "currency").with("currency", currency));
        }
        match &self.rate {
            None if self.paid.currency != currency => found.push(Problem::new(at("rate"), "missing")),
            None if self.paid != self.claimed => found.push(Problem::new(at("claimed"), "not-paid")),
            Some(_) if self.paid.currency == currency => found.push(Problem::new(at("rate"), "needless")),
            Some(rate) => {
                if rate.value <= Decimal::ZERO {
                    found.push(Problem::new(at("rate"), "not-positive"));
                } else if self.paid.convert(rate.value, currency) != Ok(self.claimed) {
                    found.push(Problem::new(at("claimed"), "not-rate").with("rate", rate.value));
                }
            }
            None => {}
        }
        if let Some(tax) = self.tax
            && (tax.currency != currency || tax.minor < 0 || tax.minor > self.claimed.minor)
        {
            found.push(Problem::new(at("tax"), "out-of-range"));
        }
        if self.allocations.is_empty() {
            found.push(Problem::new(at("allocations"), "missing"));
        }
        if self.allocations.len() > MAX_ALLOCATIONS {
            found.push(Problem::new(at("allocations"), "too-many").with("max", MAX_ALLOCATIONS));
        }
        if self.allocations.iter().any(|a| a.amount.minor < 0) {
            found.push(Problem::new(at("allocations"), "negative"));
        }
        match Money::sum(currency, self.allocations.iter().map(|a| a.amount)) {
            Ok(sum) if sum == self.claimed => {}
            Ok(sum) => found.push(
                Problem::new(at("allocations"), "sum")
                    .with("sum", sum)
                    .with("line", self.claimed),
            ),
            Err(_) => found.push(Problem::new(at("allocations"), "currency").with("currency", currency)),
        }
    }
}

fn text(found: &mut Vec<Problem>, field: &str, value: &str, max: usize) {
    if value.chars().count() > max {
        found.push(Problem::new(field, "too-long").with("max", max));
    }
    if value
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\t' && c != '\r')
    {
        found.push(Problem::new(field, "control-characters"));
    }
}
