//! Rows about people and departments. What is known is kept in step with what was written, so that rows may refer to
//! rows before them.

use std::collections::HashMap;

use jiff::civil::{Date, date};
use outlay_core::ids::{CostCenterId, DepartmentId, EmployeeId, EntityId};
use outlay_core::org::{Assignment, CostCenter, Department, Employee, Grant, LegalEntity, Role};
use outlay_core::words::Lang;
use uuid::Uuid;

use super::fields::Fields;
use super::kind::Kind;
use crate::auth::Permit;
use crate::crm::Change;
use crate::db::Sql;
use crate::error::Error;
use crate::people::{self, store};

/// What the database knows, by the codes that files use.
pub struct Organisation {
    entities: HashMap<String, LegalEntity>,
    centers: HashMap<String, CostCenter>,
    departments: HashMap<String, Department>,
    /// By personnel number.
    people: HashMap<String, Employee>,
    emails: HashMap<String, String>,
    assignments: Vec<Assignment>,
    grants: Vec<Grant>,
}

/// Departments without a first day have always been there.
const ALWAYS: Date = date(2000, 1, 1);

impl Organisation {
    /// Reads it within the transaction of `sql`.
    pub async fn load(sql: &mut Sql) -> Result<Organisation, Error> {
        let org = people::load(sql).await?;
        let people: HashMap<String, Employee> = org.employees().map(|e| (e.number.clone(), e.clone())).collect();
        Ok(Organisation {
            entities: org.entities().map(|e| (e.code.clone(), e.clone())).collect(),
            centers: org.cost_centers().map(|c| (c.code.clone(), c.clone())).collect(),
            departments: org.departments().map(|d| (d.code.clone(), d.clone())).collect(),
            emails: people.values().map(|e| (e.email.clone(), e.number.clone())).collect(),
            people,
            assignments: org.all_assignments().cloned().collect(),
            grants: org.grants().to_vec(),
        })
    }

    /// Somebody by personnel number or mail address.
    pub fn person(&self, text: &str) -> Option<&Employee> {
        self.people.get(text).or_else(|| {
            let number = self.emails.get(&text.to_lowercase())?;
            self.people.get(number)
        })
    }

    /// The first entity's currency.
    pub fn currency(&self) -> outlay_core::Currency {
        let mut all: Vec<&LegalEntity> = self.entities.values().collect();
        all.sort_by(|a, b| a.code.cmp(&b.code));
        all.first().map_or(outlay_core::Currency::CNY, |e| e.currency)
    }

    /// Somebody named in a column.
    pub fn named(&self, fields: &mut Fields<'_>, column: &'static str) -> Option<EmployeeId> {
        let text = fields.filled(column)?;
        let found = self.person(text).map(|e| e.id);
        if found.is_none() {
            fields.wrong(column, "no-person");
        }
        found
    }

    fn entity(&self, fields: &mut Fields<'_>) -> Option<EntityId> {
        let text = fields.filled("entity")?;
        let found = self.entities.get(text).map(|e| e.id);
        if found.is_none() {
            fields.wrong("entity", "no-entity");
        }
        found
    }

    fn department(&self, fields: &mut Fields<'_>) -> Option<DepartmentId> {
        let text = fields.filled("department")?;
        let found = self.departments.get(text).map(|d| d.id);
        if found.is_none() {
            fields.wrong("department", "no-department");
        }
        found
    }

    /// Takes a row; nothing is written where something is wrong with it.
    pub async fn row(
        &mut self,
        sql: &mut Sql,
        permit: &Permit,
        kind: Kind,
        fields: &mut Fields<'_>,
    ) -> Result<Option<Change>, Error> {
        match kind {
            Kind::Entities => self.legal_entity(sql, permit, fields).await,
            Kind::CostCenters => self.cost_center(sql, permit, fields).await,
            Kind::People => self.employee(sql, permit, fields).await,
            Kind::Departments => self.department_row(sql, permit, fields).await,
            Kind::Managers => self.manager(sql, permit, fields).await,
            Kind::Assignments => self.assignment(sql, permit, fields).await,
            Kind::Roles => self.role(sql, permit, fields).await,
            _ => Err(Error::Broken(format!(
                "{} is no table of the organisation",
                kind.code()
            ))),
        }
    }

    async fn legal_entity(
        &mut self,
        sql: &mut Sql,
        permit: &Permit,
        fields: &mut Fields<'_>,
    ) -> Result<Option<Change>, Error> {
        let known = self.entities.get(fields.text("code"));
        let country = fields.text("country").to_uppercase();
        if country.len() != 2 || !country.chars().all(|c| c.is_ascii_uppercase()) {
            fields.wrong("country", "not-a-country");
        }
        let zone = fields.text("zone");
        if jiff::tz::TimeZone::get(zone).is_err() {
            fields.wrong("zone", "not-a-zone");
        }
        let Some(currency) = fields.currency("currency") else {
            return Ok(None);
        };
        if known.is_some_and(|k| k.currency != currency) {
            fields.wrong("currency", "fixed");
        }
        if !fields.is_good() {
            return Ok(None);
        }
        let entity = LegalEntity {
            id: known.map_or_else(|| EntityId(Uuid::now_v7()), |k| k.id),
            code: fields.text("code").to_owned(),
            name: fields.text("name").to_owned(),
            country,
            currency,
            zone: zone.to_owned(),
        };
        let change = changed(known, &entity);
        if change != Change::Same {
            store::put_entity(sql, permit, &entity).await?;
            self.entities.insert(entity.code.clone(), entity);
        }
        Ok(Some(change))
    }

    async fn cost_center(
        &mut self,
        sql: &mut Sql,
        permit: &Permit,
        fields: &mut Fields<'_>,
    ) -> Result<Option<Change>, Error> {
        let Some(entity) = self.entity(fields) else {
            return Ok(None);
        };
        let known = self.centers.get(fields.text("code"));
        if known.is_some_and(|k| k.entity != entity) {
            fields.wrong("entity", "fixed");
        }
        if !fields.is_good() {
            return Ok(None);
        }
        let center = CostCenter {
            id: known.map_or_else(|| CostCenterId(Uuid::now_v7()), |k| k.id),
            code: fields.text("code").to_owned(),
            name: fields.text("name").to_owned(),
            entity,
        };
        let change = changed(known, &center);
        if change != Change::Same {
            store::put_cost_center(sql, permit, &center).await?;
            self.centers.insert(center.code.clone(), center);
        }
        Ok(Some(change))
    }

    async fn employee(
        &mut self,
        sql: &mut Sql,
        permit: &Permit,
        fields: &mut Fields<'_>,
    ) -> Result<Option<Change>, Error> {
        let number = fields.text("number");
        let known = self.people.get(number);
        let email = fields.text("email").to_lowercase();
        if !is_address(&email) {
            fields.wrong("email", "not-an-address");
        }
        if self.emails.get(&email).is_some_and(|other| other != number) {
            fields.wrong("email", "exists");
        }
        let locale = match fields.filled("locale") {
            Some(text) => Lang::parse(text),
            None => Some(known.and_then(|k| Lang::parse(&k.locale)).unwrap_or_default()),
        };
        if locale.is_none() {
            fields.wrong("locale", "not-a-language");
        }
        let active = fields.flag("active", known.is_none_or(|k| k.active));
        if !fields.is_good() {
            return Ok(None);
        }
        let employee = Employee {
            id: known.map_or_else(|| EmployeeId(Uuid::now_v7()), |k| k.id),
            number: number.to_owned(),
            name: fields.text("name").to_owned(),
            email,
            locale: locale.unwrap_or_default().tag().to_owned(),
            active,
        };
        let change = changed(known, &employee);
        if change != Change::Same {
            store::put_employee(sql, permit, &employee).await?;
            if let Some(known) = known {
                self.emails.remove(&known.email.clone());
            }
            self.emails.insert(employee.email.clone(), employee.number.clone());
            self.people.insert(employee.number.clone(), employee);
        }
        Ok(Some(change))
    }

    async fn department_row(
        &mut self,
        sql: &mut Sql,
        permit: &Permit,
        fields: &mut Fields<'_>,
    ) -> Result<Option<Change>, Error> {
        let code = fields.text("code");
        let known = self.departments.get(code).cloned();
        let head = match fields.filled("head") {
            Some(_) => self.named(fields, "head"),
            None => known.as_ref().and_then(|k| k.head),
        };
        let from = fields.date("from").or(known.as_ref().map(|k| k.from)).unwrap_or(ALWAYS);
        let to = fields.date("to");
        if to.is_some_and(|to| to <= from) {
            fields.wrong("to", "before-from");
        }
        let parent = match fields.filled("parent") {
            Some(text) => match self.departments.get(text) {
                Some(parent) if self.is_below(parent.id, code) => {
                    fields.wrong("parent", "circle");
                    None
                }
                Some(parent) => Some(parent.id),
                None => {
                    fields.wrong("parent", "unknown");
                    None
                }
            },
            None => None,
        };
        if !fields.is_good() {
            return Ok(None);
        }
        let department = Department {
            id: known.as_ref().map_or_else(|| DepartmentId(Uuid::now_v7()), |k| k.id),
            code: code.to_owned(),
            name: fields.text("name").to_owned(),
            parent,
            head,
            from,
            to,
        };
        let change = changed(known.as_ref(), &department);
        if change != Change::Same {
            store::put_department(sql, permit, &department).await?;
            self.departments.insert(department.code.clone(), department);
        }
        Ok(Some(change))
    }

    /// Whether a department is `code` itself or stands below it.
    fn is_below(&self, start: DepartmentId, code: &str) -> bool {
        let mut next = Some(start);
        for _ in 0..=self.departments.len() {
            let Some(here) = next.and_then(|id| self.departments.values().find(|d| d.id == id)) else {
                return false;
            };
            if here.code == code {
                return true;
            }
            next = here.parent;
        }
        true
    }

    async fn manager(
        &mut self,
        sql: &mut Sql,
        permit: &Permit,
        fields: &mut Fields<'_>,
    ) -> Result<Option<Change>, Error> {
        let head = self.named(fields, "head");
        self.department(fields);
        let Some(known) = self
            .departments
            .get_mut(fields.text("department"))
            .filter(|_| fields.is_good())
        else {
            return Ok(None);
        };
        if known.head == head {
            return Ok(Some(Change::Same));
        }
        known.head = head;
        store::put_department(sql, permit, known).await?;
        Ok(Some(Change::Changed))
    }

    async fn assignment(
        &mut self,
        sql: &mut Sql,
        permit: &Permit,
        fields: &mut Fields<'_>,
    ) -> Result<Option<Change>, Error> {
        let employee = self.named(fields, "employee");
        let department = self.department(fields);
        let entity = self.entity(fields);
        let from = fields.date("from");
        let to = fields.date("to");
        if to.zip(from).is_some_and(|(to, from)| to <= from) {
            fields.wrong("to", "before-from");
        }
        let cost_center = match fields.filled("cost_center") {
            None => None,
            Some(text) => match self.centers.get(text) {
                Some(center) if Some(center.entity) == entity => Some(center.id),
                Some(_) => {
                    fields.wrong("cost_center", "other-entity");
                    None
                }
                None => {
                    fields.wrong("cost_center", "unknown");
                    None
                }
            },
        };
        let primary = fields.flag("primary", true);
        let (Some(employee), Some(department), Some(entity), Some(from)) = (employee, department, entity, from) else {
            return Ok(None);
        };
        if !fields.is_good() {
            return Ok(None);
        }
        let new = Assignment {
            employee,
            department,
            entity,
            cost_center,
            position: fields.text("position").to_owned(),
            grade: fields.text("grade").to_owned(),
            primary,
            from,
            to,
        };
        let known = self.assignments.iter_mut().find(|a| {
            (a.employee, a.department, a.entity, a.from) == (new.employee, new.department, new.entity, new.from)
        });
        let change = changed(known.as_deref(), &new);
        if change != Change::Same {
            store::put_assignment(sql, permit, &new).await?;
            match known {
                Some(known) => *known = new,
                None => self.assignments.push(new),
            }
        }
        Ok(Some(change))
    }

    async fn role(&mut self, sql: &mut Sql, permit: &Permit, fields: &mut Fields<'_>) -> Result<Option<Change>, Error> {
        let employee = self.named(fields, "employee");
        let entity = self.entity(fields);
        let role = match fields.text("role") {
            "财务" => Some(Role::Finance),
            "出纳" => Some(Role::Payer),
            "销售运营" => Some(Role::SalesOps),
            "管理员" => Some(Role::Admin),
            "审计" => Some(Role::Auditor),
            code => Role::parse(&code.to_lowercase()),
        };
        if role.is_none() {
            fields.wrong("role", "not-a-role");
        }
        let (Some(employee), Some(role)) = (employee, role) else {
            return Ok(None);
        };
        if !fields.is_good() {
            return Ok(None);
        }
        let grant = Grant { employee, role, entity };
        if self.grants.contains(&grant) {
            return Ok(Some(Change::Same));
        }
        store::put_grant(sql, permit, &grant).await?;
        self.grants.push(grant);
        Ok(Some(Change::Made))
    }
}

fn changed<T: PartialEq>(known: Option<&T>, new: &T) -> Change {
    match known {
        None => Change::Made,
        Some(known) if known == new => Change::Same,
        Some(_) => Change::Changed,
    }
}

/// One `@` with something on both sides, and no blanks.
fn is_address(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else {
        return false;
    };
    !name.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !text.contains(char::is_whitespace)
        && !host.contains('@')
}
