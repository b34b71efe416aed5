//! Expense policies (费用制度): immutable versions, findings that cite their rule, and what may pass by itself.

mod finding;

pub use finding::{Finding, Severity};

use serde::{Deserialize, Serialize};

/// Names one immutable version of a policy or a flow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VersionRef {
    /// Which policy or flow.
    pub id: String,
    /// Its version, from 1.
    pub version: u32,
}
