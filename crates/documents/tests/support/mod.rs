//! What the tests of all formats share.
#![allow(dead_code)]

use outlay_core::{Currency, Money};
use outlay_documents::{Invoice, Limits, ReadError, TaxRate, read};

pub fn invoice(text: &str) -> Invoice {
    read(text.as_bytes(), &Limits::default()).unwrap_or_else(|e| panic!("{e}"))
}

pub fn refusal(text: &str) -> ReadError {
    read(text.as_bytes(), &Limits::default()).expect_err("a refusal")
}

/// `text` with one thing in it changed.
pub fn but(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

pub fn yuan(fen: i64) -> Option<Money> {
    Some(Money::new(fen, Currency::CNY))
}

pub fn euro(cents: i64) -> Option<Money> {
    Some(Money::new(cents, Currency::EUR))
}

pub fn percent(percent: i64) -> Option<TaxRate> {
    Some(TaxRate::Percent(percent.into()))
}

/// The text of the invoice's identity.
pub fn identity(invoice: &Invoice) -> Option<&str> {
    invoice.identity.as_ref().map(|id| id.as_str())
}
