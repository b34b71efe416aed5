//! Finding the people of a step, with the reason why it is them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Who;
use crate::claim::Content;
use crate::ids::{DepartmentId, EmployeeId};
use crate::org::{Org, Role};

/// Somebody who is asked, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approver {
    /// Who.
    pub employee: EmployeeId,
    /// Why them.
    pub why: Why,
}

/// The organisation fact that made somebody an approver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Heads this department.
    Heads(DepartmentId),
    /// Holds this role for the entity.
    Holds(Role),
    /// Owns the deal.
    OwnsDeal,
    /// Named by the flow.
    Named,
    /// Stands in since the person meant cannot act.
    StandsIn(EmployeeId),
    /// Got the task from somebody.
    TransferredBy(EmployeeId),
}

/// What a step is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The organisation.
    pub org: &'a Org,
    /// The claim.
    pub content: &'a Content,
    /// Who owns its deal, as far as the CRM's user is linked to an employee.
    pub deal_owner: Option<EmployeeId>,
    /// The day, in the entity's zone.
    pub day: Date,
}

/// Whom a step asks, or why it asks nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// These people.
    People(Vec<Approver>),
    /// Nobody, and that is fine: there is no head that high.
    NotNeeded,
}

/// A step that finds nobody who may sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("step {step} finds nobody who may approve")]
pub struct NoApprover {
    /// The step's id.
    pub step: String,
}

impl Ask<'_> {
    /// Finds the people of the step named `step`: active, and never the claimant.
    pub fn resolve(&self, who: &Who, step: &str) -> Result<Resolved, NoApprover> {
        let nobody = || NoApprover { step: step.to_owned() };
        let claimant = self.content.claimant;
        match who {
            Who::DepartmentHead(level) => {
                let heads = self.org.heads_above(claimant, self.content.department);
                match heads.get(usize::from(*level) - 1) {
                    Some((employee, department)) => Ok(Resolved::People(vec![Approver {
                        employee: *employee,
                        why: Why::Heads(*department),
                    }])),
                    None if heads.is_empty() => Err(nobody()),
                    None => Ok(Resolved::NotNeeded),
                }
            }
            Who::Role(role) => {
                let people = self.holders(*role);
                if people.is_empty() {
                    Err(nobody())
                } else {
                    Ok(Resolved::People(people))
                }
            }
            Who::DealOwner => match self.deal_owner.filter(|o| self.org.is_active(*o)) {
                Some(owner) if owner != claimant => Ok(Resolved::People(vec![Approver {
                    employee: owner,
                    why: Why::OwnsDeal,
                }])),
                _ => Ok(Resolved::NotNeeded),
            },
            Who::Employee(number) => self
                .org
                .employees()
                .find(|e| e.number == *number && e.active && e.id != claimant)
                .map(|e| {
                    Resolved::People(vec![Approver {
                        employee: e.id,
                        why: Why::Named,
                    }])
                })
                .ok_or_else(nobody),
        }
    }

    /// Who stands in when a step that has begun to run finds nobody: a head above, else finance.
    pub fn stand_in(&self, missing: Option<EmployeeId>) -> Vec<Approver> {
        let head = self
            .org
            .heads_above(self.content.claimant, self.content.department)
            .into_iter()
            .find(|(head, _)| Some(*head) != missing)
            .map(|(employee, department)| Approver {
                employee,
                why: Why::Heads(department),
            });
        let mut people: Vec<Approver> = match head {
            Some(head) => vec![head],
            None => self
                .holders(Role::Finance)
                .into_iter()
                .filter(|a| Some(a.employee) != missing)
                .collect(),
        };
        if let Some(missing) = missing {
            for person in &mut people {
                person.why = Why::StandsIn(missing);
            }
        }
        people
    }

    fn holders(&self, role: Role) -> Vec<Approver> {
        self.org
            .holders(role, self.content.entity)
            .into_iter()
            .filter(|e| *e != self.content.claimant)
            .map(|employee| Approver {
                employee,
                why: Why::Holds(role),
            })
            .collect()
    }
}
