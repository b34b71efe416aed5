//! Whether a content holds together: an unfinished draft is fine, a contradictory one is not.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Content, Line, MAX_ALLOCATIONS, MAX_LINES, MAX_TEXT, MAX_TITLE};
use crate::{Currency, Money};

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
            // A line that was prepared and waits for its amount.
            if line.paid.minor == 0 {
                found.push(Problem::new(format!("lines[{i}].paid"), "missing"));
            }
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
        if let Some(trip) = &self.trip {
            if trip.is_odd() {
                found.push(Problem::new(at("trip"), "trip-odd"));
            } else if trip.day(self.incurred_on).is_none() {
                found.push(Problem::new(at("trip"), "trip-other-day"));
            }
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
        if self.paid.minor < 0 {
            found.push(Problem::new(at("paid"), "not-positive"));
        }
        if self.claimed.minor < 0 {
            found.push(Problem::new(at("claimed"), "not-positive"));
        }
        if self.claimed.currency != currency {
            found.push(Problem::new(at("claimed"), "currency").with("currency", currency));
        }
        match &self.rate {
            None if self.paid.currency != currency => found.push(Problem::new(at("rate"), "missing")),
            None if self.paid.minor < self.claimed.minor => found.push(Problem::new(at("claimed"), "not-paid")),
            Some(_) if self.paid.currency == currency => found.push(Problem::new(at("rate"), "needless")),
            Some(rate) => {
                if rate.value <= Decimal::ZERO {
                    found.push(Problem::new(at("rate"), "not-positive"));
                } else if !self
                    .paid
                    .convert(rate.value, currency)
                    .is_ok_and(|most| self.claimed.minor <= most.minor)
                {
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
