//! Random audit of what would pass by itself (随机抽查).
//!
//! The draw is no chance: SHA-256 of `outlay.audit`, the claim's id and the policy's version, so that anybody can repeat it and a replay
//! gives the same. A claim that is drawn does not pass by itself; a person of the named role looks before payment, since money that has
//! left is seldom seen again.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::VersionRef;
use super::rule_table::RuleTable;
use crate::ids::ClaimId;
use crate::org::Role;

/// Which share of the claims that would pass by themselves a person looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Who looks, before payment.
    pub role: Role,
    /// The share, by what is known of the claim: `total`, `grade`, `evidence` (the weakest), `department`, `stage`, `over`.
    pub table: RuleTable,
}

/// Parts of a whole in a draw.
const PARTS: u64 = 1_000_000;

/// The draw of a claim: from 0 to under 1, in steps of a millionth. It is drawn if this is below the share.
pub fn draw(claim: ClaimId, policy: &VersionRef) -> Decimal {
    let mut hash = Sha256::new();
    hash.update(b"outlay.audit\0");
    hash.update(claim.0.as_bytes());
    hash.update(policy.id.as_bytes());
    hash.update(b"@");
    hash.update(policy.version.to_string().as_bytes());
    let digest = hash.finalize();
    let mut head = [0; 8];
    head.copy_from_slice(&digest[..8]);
    let parts = (u128::from(u64::from_be_bytes(head)) * u128::from(PARTS)) >> 64;
    Decimal::new(i64::try_from(parts).unwrap_or(0), 6)
}
