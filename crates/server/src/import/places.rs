//! Rows about what people are: their places and their roles.

use outlay_core::ids::{CostCenterId, DepartmentId, EntityId};
use outlay_core::org::{Assignment, Grant};

use super::check::Verdict;
use super::fields::Fields;
use super::organisation::{self, Organisation};
use super::write::Write;

impl Organisation {
    /// Decides a row of assignments.
    pub(super) fn assignment(&mut self, fields: &mut Fields<'_>) -> Option<Verdict> {
        let employee = self.named(fields, "employee");
        let department = self.place_of(fields);
        let entity = self.entity(fields);
        let from = fields.date("from");
        let to = fields.date("to");
        if to.zip(from).is_some_and(|(to, from)| to <= from) {
            fields.wrong("to", "before-from");
        }
        let cost_center = self.center(entity, fields);
        let primary = fields.flag("primary", true);
        let new = Assignment {
            employee: employee?,
            department: department?,
            entity: entity?,
            cost_center,
            position: fields.text("position").to_owned(),
            grade: fields.text("grade").to_owned(),
            primary,
            from: from?,
            to,
        };
        if !fields.is_good() {
            return None;
        }
        let place = (new.employee, new.department, new.entity, new.from);
        let verdict = Verdict::of(self.assignments.get(&place), &new, || Write::Assignment(new.clone()));
        self.assignments.insert(place, new);
        Some(verdict)
    }

    fn place_of(&self, fields: &mut Fields<'_>) -> Option<DepartmentId> {
        let found = self.departments.get(fields.text("department")).map(|d| d.id);
        if found.is_none() {
            fields.wrong("department", "no-department");
        }
        found
    }

    fn center(&self, entity: Option<EntityId>, fields: &mut Fields<'_>) -> Option<CostCenterId> {
        let text = fields.filled("cost_center")?;
        match self.centers.get(text) {
            Some(center) if Some(center.entity) == entity => return Some(center.id),
            Some(_) => fields.wrong("cost_center", "other-entity"),
            None => fields.wrong("cost_center", "no-cost-center"),
        }
        None
    }

    /// Decides a row of roles; roles are given, and taken away on the person's page.
    pub(super) fn role(&mut self, fields: &mut Fields<'_>) -> Option<Verdict> {
        let employee = self.named(fields, "employee");
        let entity = self.entity(fields);
        let role = organisation::role(fields.text("role"));
        if role.is_none() {
            fields.wrong("role", "not-a-role");
        }
        let grant = Grant {
            employee: employee?,
            role: role?,
            entity,
        };
        if !fields.is_good() {
            return None;
        }
        if self.grants.contains(&grant) {
            return Some(Verdict::Same);
        }
        self.grants.push(grant.clone());
        Some(Verdict::Made(Write::Role(grant)))
    }
}
