//! A batch of payments, whole enough to be written for a bank.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{BankAccount, text};
use crate::claim::Problem;
use crate::{Currency, Money};

/// Most payments of one batch.
pub const MAX_PAYMENTS: usize = 10_000;
/// Longest message id: two characters less than ISO 20022 has, for the number of a group.
pub const MAX_MESSAGE_ID: usize = 33;
/// Longest end-to-end id.
pub const MAX_END_TO_END_ID: usize = 35;
/// Most minor units of one amount or sum: 18 digits.
const MAX_MINOR: i64 = 999_999_999_999_999_999;

/// Payments of one currency from one account on one day (付款批次).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Unique for the debtor; at most 33 basic characters.
    pub message_id: String,
    /// When the file was made.
    pub created_at: Timestamp,
    /// The entity's account that pays.
    pub debtor: BankAccount,
    /// The day the bank should pay.
    pub execute_on: Date,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The payments, in order.
    pub payments: Vec<Payment>,
}

/// One payment (付款).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// Fixed before the first try, returned by the bank; at most 35 basic characters.
    pub end_to_end_id: String,
    /// Who is paid, where.
    pub creditor: BankAccount,
    /// How much, above 0.
    pub amount: Money,
    /// What the payee reads; what is beyond 140 characters is cut.
    pub remittance: String,
}

/// Everything in a batch that no bank would take, by field: `debtor.number`, `payments[2].amount`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl std::error::Error for PaymentError {}

impl fmt::Display for PaymentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the batch cannot be written")?;
        for problem in &self.problems {
            write!(f, "; {}: {}", problem.field, problem.code)?;
            for (name, value) in &problem.args {
                write!(f, " {name}={value}")?;
            }
        }
        Ok(())
    }
}

impl Batch {
    /// The sum of all amounts.
    pub fn total(&self) -> Result<Money, crate::MoneyError> {
        Money::sum(self.currency, self.payments.iter().map(|p| p.amount))
    }

    /// Refuses a batch that no bank would take.
    pub fn validate(&self) -> Result<(), PaymentError> {
        let mut found = Vec::new();
        text::id(&mut found, "message_id", &self.message_id, MAX_MESSAGE_ID);
        nest(&mut found, "debtor", self.debtor.problems());
        if self.payments.is_empty() {
            found.push(Problem::new("payments", "missing"));
        }
        if self.payments.len() > MAX_PAYMENTS {
            found.push(Problem::new("payments", "too-many").with("max", MAX_PAYMENTS));
        }
        let mut ids = BTreeSet::new();
        for (i, payment) in self.payments.iter().enumerate() {
            let at = format!("payments[{i}]");
            nest(&mut found, &at, payment.problems(self.currency));
            if !ids.insert(payment.end_to_end_id.as_str()) {
                found.push(Problem::new(format!("{at}.end_to_end_id"), "twice"));
            }
        }
        let sum: i128 = self.payments.iter().map(|p| i128::from(p.amount.minor)).sum();
        if sum > i128::from(MAX_MINOR) {
            found.push(Problem::new("payments", "too-large"));
        }
        if found.is_empty() {
            Ok(())
        } else {
            Err(PaymentError { problems: found })
        }
    }

    /// Texts with characters that not every bank takes, such as Chinese names outside China: they are written as
    /// they are, in UTF-8, and the payer should know.
    pub fn doubts(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut text = |field: String, text: &str| {
            if !text::is_basic(text) {
                found.push(Problem::new(field, "not-basic-latin"));
            }
        };
        text("debtor.holder".to_owned(), &self.debtor.holder);
        for (i, payment) in self.payments.iter().enumerate() {
            text(format!("payments[{i}].creditor.holder"), &payment.creditor.holder);
            text(format!("payments[{i}].remittance"), &payment.remittance());
        }
        for (i, payment) in self.payments.iter().enumerate() {
            nest(
                &mut found,
                &format!("payments[{i}].creditor"),
                payment.creditor.doubts(),
            );
        }
        found
    }
}

impl Payment {
    /// The text for the payee as it is written: on one line, at most 140 characters.
    pub fn remittance(&self) -> String {
        text::line(&self.remittance, text::MAX_REMITTANCE)
    }

    fn problems(&self, currency: Currency) -> Vec<Problem> {
        let mut found = Vec::new();
        text::id(&mut found, "end_to_end_id", &self.end_to_end_id, MAX_END_TO_END_ID);
        nest(&mut found, "creditor", self.creditor.problems());
        if self.amount.currency != currency {
            found.push(Problem::new("amount", "currency").with("currency", currency));
        }
        if self.amount.minor <= 0 {
            found.push(Problem::new("amount", "not-positive"));
        }
        if self.amount.minor > MAX_MINOR {
            found.push(Problem::new("amount", "too-large"));
        }
        text::free(&mut found, "remittance", &self.remittance(), text::MAX_REMITTANCE);
        found
    }
}

fn nest(found: &mut Vec<Problem>, at: &str, problems: Vec<Problem>) {
    found.extend(problems.into_iter().map(|p| Problem {
        field: format!("{at}.{}", p.field),
        ..p
    }));
}
