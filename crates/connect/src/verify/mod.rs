//! Services that ask a tax bureau whether an invoice is genuine (查验): the trait that each fulfils. No database: what an answer
//! means for a claim is the caller's.

pub mod gateway;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::connector::Error;

/// A verification service, reached over the network.
#[async_trait]
pub trait Verifier: Send + Sync {
    /// Asks about one invoice. The same `key` gives the same answer and is charged once, however often it is sent.
    async fn ask(&self, question: &Question, key: &str) -> Result<Answer, Error>;

    /// Asks whether the service takes the key; nothing is charged.
    async fn check(&self) -> Result<(), Error>;
}

/// What is asked: what stands on the invoice. Nothing of who claims it, or who travelled, leaves the house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The invoice's number: 20 digits, or 8 with a code.
    pub number: String,
    /// The code of invoices before 2023.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Day of issue.
    pub issued_on: Date,
    /// The total with tax, as plain decimals.
    pub gross: String,
    /// Its currency.
    pub currency: String,
    /// The seller's tax id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller_tax_id: Option<String>,
    /// The buyer's tax id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_tax_id: Option<String>,
}

/// What the bureau says of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is as stated.
    Valid,
    /// Its seller reversed it (已红冲).
    Reversed,
    /// It was voided (作废).
    Void,
    /// The bureau knows no such invoice – or not yet, on the day of issue.
    NotFound,
    /// It exists, and fields differ from what was stated.
    Mismatch,
}

impl State {
    /// The word of it in JSON and tables.
    pub fn code(self) -> &'static str {
        match self {
            State::Valid => "valid",
            State::Reversed => "reversed",
            State::Void => "void",
            State::NotFound => "not_found",
            State::Mismatch => "mismatch",
        }
    }
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What it is.
    pub state: State,
    /// Of [`State::Mismatch`]: the fields of the question that differ; at least one.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Who asked the bureau, as people call them.
    pub provider: String,
    /// When the bureau was asked.
    pub asked_at: Timestamp,
}
