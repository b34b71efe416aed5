//! What a check found, as data: the words are rendered when it is read, in the reader's language.

use serde::{Deserialize, Serialize};

use super::VersionRef;
use crate::Money;
use crate::ids::LineId;

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
    /// The rule's id within it.
    pub rule: String,
    /// How much it weighs.
    pub severity: Severity,
    /// The line it is about; the whole claim if absent.
    pub line: Option<LineId>,
    /// Values for the words, by name, in stable order.
    pub args: Vec<(String, String)>,
    /// By how much a limit is exceeded.
    pub over: Option<Money>,
}
