//! Who is asked at a step, as the flow says it.

use serde::{Deserialize, Serialize};

use crate::org::Role;

/// Who is asked at a step, found in the organisation when the step opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The n-th head above the claimant's department, 1 being the nearest who is not the claimant.
    DepartmentHead(u8),
    /// The heads from the nearest up to the n-th, one after the other.
    HeadsUpTo(u8),
    /// Everybody with a role in the claim's entity.
    Role(Role),
    /// The owners of the cost centres that the lines are booked to; the claimant's own cost centre for lines without.
    CostCenterOwner,
    /// The employee who owns the claim's project.
    ProjectOwner,
    /// The employee who owns the claim's deal.
    DealOwner,
    /// Everybody in the claim's entity with this title of a post.
    Position(String),
    /// One employee, by personnel number.
    Employee(String),
    /// Those whom the claimant chose for this step before handing in.
    Chosen(Choice),
    /// What a FEEL expression gives: a personnel number or the code of a role, or a list of them. It may use the names
    /// of [`super::When::expression`].
    Expression(String),
}

/// Whom a claimant may choose.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Choice {
    /// Any of these, by personnel number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// Anybody with this role in the claim's entity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Several of them instead of one.
    #[serde(skip_serializing_if = "super::is_default")]
    pub several: bool,
}
