//! Whose open tasks a change of the organisation may take away, so that those are looked at and not all.
//!
//! A step is asked anew only where somebody whom it asks is no longer named. What names people is: being active, a personnel number,
//! posts, roles, cost centres owned, departments headed. Where one of these is lost between two looks, its holder is here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::Why;
use crate::ids::{DepartmentId, EmployeeId};
use crate::org::{Assignment, Org};

/// What changed between two looks at the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Affected {
    /// Whoever may no longer be named where they were: their open tasks are to be looked at.
    pub people: BTreeSet<EmployeeId>,
    /// Whoever has other posts: the claims that they handed in are to be looked at, since their cost centre may be another.
    pub claimants: BTreeSet<EmployeeId>,
}

impl Affected {
    /// Between two looks, on the days of `days` in UTC. Posts begin and end on days without any other change, in each entity's zone.
    pub fn between(old: &Org, new: &Org, days: (Date, Date)) -> Affected {
        let mut found = Affected::default();
        let mut woken: BTreeSet<EmployeeId> = BTreeSet::new();
        for before in old.employees() {
            let after = new.employee(before.id);
            if after.is_none_or(|after| after.active != before.active) {
                woken.insert(before.id);
            }
            if after.is_none_or(|after| after.active != before.active || after.number != before.number) {
                found.people.insert(before.id);
            }
        }
        let granted: BTreeSet<_> = new.grants().iter().map(|g| (g.employee, g.role, g.entity)).collect();
        let lost = old
            .grants()
            .iter()
            .filter(|g| !granted.contains(&(g.employee, g.role, g.entity)));
        found.people.extend(lost.map(|g| g.employee));
        for center in old.cost_centers() {
            let owner = new.cost_center(center.id).and_then(|c| c.owner);
            found.people.extend(center.owner.filter(|was| Some(*was) != owner));
        }
        found.posts(old, new, days);
        found.heads(old, new, &woken);
        found
    }

    fn posts(&mut self, old: &Org, new: &Org, (first, last): (Date, Date)) {
        let by = |org: &'_ Org| -> BTreeMap<EmployeeId, Vec<Assignment>> {
            let mut all: BTreeMap<EmployeeId, Vec<Assignment>> = BTreeMap::new();
            for post in org.all_assignments() {
                all.entry(post.employee).or_default().push(post.clone());
            }
            all
        };
        // A day more on both sides holds midnight of every zone.
        let first = first.yesterday().unwrap_or(first);
        let last = last.tomorrow().unwrap_or(last);
        let turns = |day: Date| first <= day && day <= last;
        let (old, new) = (by(old), by(new));
        for who in old.keys().chain(new.keys()) {
            let of = |all: &BTreeMap<EmployeeId, Vec<Assignment>>| all.get(who).cloned().unwrap_or_default();
            let (before, after) = (of(&old), of(&new));
            let same = before.len() == after.len() && before.iter().all(|post| after.contains(post));
            if !same || before.iter().any(|p| turns(p.from) || p.to.is_some_and(turns)) {
                self.people.insert(*who);
                self.claimants.insert(*who);
            }
        }
    }

    /// Heads are counted from the claimant's department upwards: whatever changes in a chain of departments may move each head of it.
    fn heads(&mut self, old: &Org, new: &Org, woken: &BTreeSet<EmployeeId>) {
        let woke = |head: Option<EmployeeId>| head.is_some_and(|head| woken.contains(&head));
        let changed: BTreeSet<DepartmentId> = old
            .departments()
            .filter(|before| {
                new.department(before.id).is_none_or(|after| {
                    (after.head, after.parent) != (before.head, before.parent) || woke(after.head) || woke(before.head)
                })
            })
            .map(|d| d.id)
            .collect();
        if changed.is_empty() {
            return;
        }
        for department in old.departments() {
            let chain = old.chain(department.id);
            if chain.iter().any(|d| changed.contains(&d.id)) {
                self.people.extend(chain.iter().filter_map(|d| d.head));
            }
        }
    }
}

impl Why {
    /// The word of it in tables.
    pub fn code(&self) -> &'static str {
        match self {
            Why::Heads(_) => "heads",
            Why::Holds(_) => "holds",
            Why::OwnsDeal => "owns_deal",
            Why::OwnsProject => "owns_project",
            Why::OwnsCostCenter(_) => "owns_cost_center",
            Why::Position(_) => "position",
            Why::Named => "named",
            Why::Chosen => "chosen",
            Why::Expression => "expression",
            Why::Instead => "instead",
            Why::StandsIn(_) => "stands_in",
            Why::TransferredBy(_) => "transferred",
            Why::DelegatedBy(_) => "delegated",
            Why::AddedBy(_) => "added",
            Why::BackFrom(_) => "back",
            Why::EscalatedFrom(_) => "escalated",
            Why::StraightBack => "straight_back",
        }
    }

    /// Whether more than the person asked, their roles and their departments names them: an expression may look at anything, a fallback
    /// ends when somebody else is found, and who owns a deal or a project is told by the CRM. [`Affected`] does not speak of these.
    pub fn is_loose(&self) -> bool {
        Why::LOOSE.contains(&self.code())
    }

    /// The codes of those for which [`Why::is_loose`].
    pub const LOOSE: [&'static str; 4] = ["expression", "instead", "owns_deal", "owns_project"];
}
