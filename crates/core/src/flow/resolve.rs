//! Finding the people of a step, with the reason why it is them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Fallback, Settings, Who};
use crate::claim::Content;
use crate::feel::Value;
use crate::ids::{CostCenterId, DepartmentId, EmployeeId};
use crate::org::{Org, Role};
use crate::policy::Finding;

/// Whom a claimant chose for steps, by the steps' ids.
pub type Choices = BTreeMap<String, Vec<EmployeeId>>;

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
    /// Owns the project.
    OwnsProject,
    /// Owns this cost centre.
    OwnsCostCenter(CostCenterId),
    /// Has this title of a post.
    Position(String),
    /// Named by the flow.
    Named,
    /// Chosen by the claimant.
    Chosen,
    /// Found by the flow's expression.
    Expression,
    /// Stands in since the step finds nobody, or only the claimant.
    Instead,
    /// Stands in since the person meant cannot act.
    StandsIn(EmployeeId),
    /// Got the task from somebody.
    TransferredBy(EmployeeId),
    /// Somebody asked for advice and will decide after it.
    DelegatedBy(EmployeeId),
    /// Added as a signer by somebody.
    AddedBy(EmployeeId),
    /// Asked again, after somebody gave the advice or the signature asked for.
    BackFrom(EmployeeId),
    /// Somebody did not answer in time.
    EscalatedFrom(EmployeeId),
    /// Returned the claim and asked for it straight back, or was asked when that was done.
    StraightBack,
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
    /// Who owns its project, so far.
    pub project_owner: Option<EmployeeId>,
    /// The stage of its deal, as the CRM calls it.
    pub deal_stage: Option<&'a str>,
    /// The day, in the entity's zone.
    pub day: Date,
    /// What the flow says of steps without people.
    pub settings: &'a Settings,
    /// Whom the claimant chose.
    pub chosen: &'a Choices,
    /// Who finishes it for a claimant who has left, and signs it no more than they.
    pub stand_in: Option<EmployeeId>,
    /// What the policy found.
    pub findings: &'a [Finding],
}

/// Whom a step asks, or why it asks nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// These people.
    People(Vec<Approver>),
    /// Nobody, and that is fine: there is no head that high, or no such record.
    NotNeeded,
}

/// A step that finds nobody who may sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("step {step} finds nobody who may approve")]
pub struct NoApprover {
    /// The step's id.
    pub step: String,
}

/// What the organisation says before the claimant is left out.
enum Found {
    People(Vec<Approver>),
    NotNeeded,
}

impl Ask<'_> {
    /// Finds the people of the step named `step`: active, each once, and never the claimant.
    pub fn resolve(&self, who: &Who, step: &str) -> Result<Resolved, NoApprover> {
        let found = match self.find(who, step) {
            Found::NotNeeded => return Ok(Resolved::NotNeeded),
            Found::People(people) => people,
        };
        let own = found.iter().any(|a| self.is_own(a.employee));
        let mut people: Vec<Approver> = Vec::new();
        for approver in found {
            let fit = self.is_fit(approver.employee) && !people.iter().any(|p| p.employee == approver.employee);
            if fit {
                people.push(approver);
            }
        }
        if people.is_empty() {
            let fallback = if own {
                &self.settings.if_own
            } else {
                &self.settings.if_nobody
            };
            people = self.fallback(fallback);
        }
        if people.is_empty() {
            Err(NoApprover { step: step.to_owned() })
        } else {
            Ok(Resolved::People(people))
        }
    }

    /// Whether somebody may sign this claim at all.
    pub fn is_fit(&self, who: EmployeeId) -> bool {
        !self.is_own(who) && self.org.is_active(who)
    }

    /// Whether it is theirs to hand in.
    fn is_own(&self, who: EmployeeId) -> bool {
        who == self.content.claimant || Some(who) == self.stand_in
    }

    fn find(&self, who: &Who, step: &str) -> Found {
        let one = |employee: Option<EmployeeId>, why: Why| match employee {
            Some(employee) => Found::People(vec![Approver { employee, why }]),
            None => Found::NotNeeded,
        };
        match who {
            Who::DepartmentHead(level) => self.heads(*level, *level),
            Who::HeadsUpTo(level) => self.heads(1, *level),
            Who::Role(role) => Found::People(self.holders(*role)),
            Who::CostCenterOwner => self.cost_center_owners(),
            Who::ProjectOwner => one(self.project_owner, Why::OwnsProject),
            Who::DealOwner => one(self.deal_owner.filter(|o| self.org.is_active(*o)), Why::OwnsDeal),
            Who::Position(title) => {
                let here = |a: &&crate::org::Assignment| {
                    a.position == *title && a.entity == self.content.entity && a.holds(self.day)
                };
                let mut all: Vec<EmployeeId> = self
                    .org
                    .all_assignments()
                    .filter(here)
                    .map(|a| a.employee)
                    .filter(|e| self.org.is_active(*e))
                    .collect();
                all.sort();
                all.dedup();
                let approver = |employee| Approver {
                    employee,
                    why: Why::Position(title.clone()),
                };
                Found::People(all.into_iter().map(approver).collect())
            }
            Who::Employee(number) => Found::People(self.numbered(number, Why::Named).into_iter().collect()),
            Who::Chosen(_) => {
                let chosen = self.chosen.get(step).into_iter().flatten();
                let approver = |employee: &EmployeeId| Approver {
                    employee: *employee,
                    why: Why::Chosen,
                };
                Found::People(chosen.map(approver).collect())
            }
            Who::Expression(text) => {
                let mut people = Vec::new();
                self.evaluated(super::when::value(text, self, self.findings), &mut people);
                Found::People(people)
            }
        }
    }

    /// The heads from one level to another above the claimant; none needed where the organisation ends below.
    fn heads(&self, from: u8, to: u8) -> Found {
        let mut heads = self.org.heads_above(self.content.claimant, self.content.department);
        heads.retain(|(head, _)| Some(*head) != self.stand_in);
        if heads.is_empty() {
            return Found::People(Vec::new());
        }
        let (skip, take) = (usize::from(from) - 1, usize::from(to - from) + 1);
        let people: Vec<Approver> = heads
            .into_iter()
            .skip(skip)
            .take(take)
            .map(|(employee, department)| Approver {
                employee,
                why: Why::Heads(department),
            })
            .collect();
        if people.is_empty() {
            Found::NotNeeded
        } else {
            Found::People(people)
        }
    }

    fn cost_center_owners(&self) -> Found {
        let place = self
            .org
            .place(self.content.claimant, self.content.entity, self.day)
            .and_then(|p| p.cost_center);
        let parts = self.content.lines.iter().flat_map(|l| &l.allocations);
        let mut centers: Vec<CostCenterId> = parts.filter_map(|a| a.cost_center.or(place)).collect();
        centers.sort();
        centers.dedup();
        let owned: Vec<Approver> = centers
            .into_iter()
            .filter_map(|id| self.org.cost_center(id))
            .filter_map(|center| Some((center.id, center.owner?)))
            .map(|(id, employee)| Approver {
                employee,
                why: Why::OwnsCostCenter(id),
            })
            .collect();
        Found::People(owned)
    }

    fn evaluated(&self, value: Value, people: &mut Vec<Approver>) {
        match value {
            Value::List(all) => {
                for one in all {
                    self.evaluated(one, people);
                }
            }
            Value::Text(text) => match Role::parse(&text) {
                Some(role) => people.extend(self.holders(role)),
                None => people.extend(self.numbered(&text, Why::Expression)),
            },
            _ => {}
        }
    }

    fn numbered(&self, number: &str, why: Why) -> Option<Approver> {
        let found = self.org.employees().find(|e| e.number == number && e.active)?;
        Some(Approver {
            employee: found.id,
            why,
        })
    }

    fn fallback(&self, fallback: &Fallback) -> Vec<Approver> {
        let person = match fallback {
            Fallback::Refuse => None,
            Fallback::HeadAbove => self
                .org
                .heads_above(self.content.claimant, self.content.department)
                .into_iter()
                .map(|(head, _)| head)
                .find(|head| self.is_fit(*head)),
            Fallback::StandIn(number) => self
                .numbered(number, Why::Instead)
                .map(|a| a.employee)
                .filter(|e| self.is_fit(*e)),
        };
        let approver = |employee| Approver {
            employee,
            why: Why::Instead,
        };
        person.map(approver).into_iter().collect()
    }

    /// Who stands in when a step that has begun to run finds nobody: a head above, else finance.
    pub fn stand_in(&self, missing: Option<EmployeeId>) -> Vec<Approver> {
        let head = self
            .org
            .heads_above(self.content.claimant, self.content.department)
            .into_iter()
            .find(|(head, _)| Some(*head) != missing && self.is_fit(*head))
            .map(|(employee, department)| Approver {
                employee,
                why: Why::Heads(department),
            });
        let mut people: Vec<Approver> = match head {
            Some(head) => vec![head],
            None => self
                .holders(Role::Finance)
                .into_iter()
                .filter(|a| Some(a.employee) != missing && self.is_fit(a.employee))
                .collect(),
        };
        if let Some(missing) = missing {
            for person in &mut people {
                person.why = Why::StandsIn(missing);
            }
        }
        people
    }

    /// The nearest head above somebody who did not answer, else who stands in; fit, and not one of `but`.
    pub fn above(&self, late: EmployeeId, but: &[EmployeeId]) -> Option<EmployeeId> {
        let open = |e: &EmployeeId| *e != late && self.is_fit(*e) && !but.contains(e);
        let department = self.org.primary(late, self.day).map(|a| a.department);
        let above = department
            .into_iter()
            .flat_map(|d| self.org.heads_above(late, d))
            .map(|(head, _)| head)
            .find(open);
        above.or_else(|| {
            let people = self.stand_in(Some(late));
            people.into_iter().map(|a| a.employee).find(open)
        })
    }

    fn holders(&self, role: Role) -> Vec<Approver> {
        self.org
            .holders(role, self.content.entity)
            .into_iter()
            .map(|employee| Approver {
                employee,
                why: Why::Holds(role),
            })
            .collect()
    }
}
