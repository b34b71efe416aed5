//! What a check found, as data: the words are rendered when it is read, in the reader's language.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::VersionRef;
use super::rule::{Detail, LinkKind};
use crate::Money;
use crate::claim::Grade;
use crate::ids::LineId;
use crate::org::Role;
use crate::table::Trace;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A person must look.
    Warn,
    /// Cannot be submitted.
    Block,
}

/// One rule that spoke about a claim or one of its lines (检查结果).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The policy version that holds the rule.
    pub policy: VersionRef,
    /// The rule's id within it; the policy's own checks begin with `outlay.`.
    pub rule: String,
    /// How much it weighs.
    pub severity: Severity,
    /// The line it is about; the whole claim if absent.
    pub line: Option<LineId>,
    /// Values for the words, by name, in stable order.
    pub args: Vec<(String, Arg)>,
    /// By how much a limit is exceeded.
    pub over: Option<Money>,
    /// How the rule's table came to its row: every cell, and the version of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Box<Trace>>,
}

impl Finding {
    /// A value by its name.
    pub fn arg(&self, name: &str) -> Option<&Arg> {
        self.args.iter().find(|(n, _)| n == name).map(|(_, arg)| arg)
    }

    /// Whether it says that a table could not answer: a cell went wrong, or rows contradict each other.
    pub fn is_broken(&self) -> bool {
        self.rule == super::ask::TABLE
    }

    /// By what share a limit is exceeded: 0.1 for 1,100 where 1,000 are allowed. `None` where no limit is, or it is 0.
    pub fn over_share(&self) -> Option<Decimal> {
        match self.arg("allowed")? {
            Arg::Money(allowed) => self.over?.decimal().checked_div(allowed.decimal()),
            _ => None,
        }
    }
}

/// A value for the words: typed, so that each language can write it its own way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arg {
    /// As it is.
    Text(String),
    /// A count.
    Count(u64),
    /// An amount.
    Money(Money),
    /// An amount for one unit in the policy's currency, finer than money.
    Rate(#[serde(with = "rust_decimal::serde::str")] Decimal),
    /// A day.
    Date(Date),
    /// A share: 0.06 is read as 6 %.
    Share(#[serde(with = "rust_decimal::serde::str")] Decimal),
    /// A category of the policy, by its code.
    Category(String),
    /// A season of the policy, by its code.
    Season(String),
    /// The unit of a category, by the category's code.
    Unit(String),
    /// A line, by its place in the claim, from 1.
    Line(u64),
    /// A degree of proof.
    Grade(Grade),
    /// Something that a line must tell.
    Detail(Detail),
    /// A kind of CRM record.
    Link(LinkKind),
    /// A class of the policy, by its code.
    Class(String),
    /// A role in the company.
    Role(Role),
    /// A rule of the policy, by its id.
    Rule(String),
    /// What a column asks, by its name, and its value.
    Asked(String, String),
    /// A cell of a table: its row from 1, and its column's name.
    Cell(Option<u32>, Option<String>),
    /// What keeps a table from answering: a code.
    Trouble(String),
    /// Several values.
    List(Vec<Arg>),
}
