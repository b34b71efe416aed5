//! Rows about the organisation. What is known is kept in step with the rows taken, so that rows may refer to rows before
//! them.

use std::collections::HashMap;

use jiff::civil::{Date, date};
use outlay_core::ids::{CostCenterId, DepartmentId, EmployeeId, EntityId};
use outlay_core::org::{Assignment, CostCenter, Department, Employee, Grant, LegalEntity, Role};
use outlay_core::words::Lang;
use outlay_core::{Currency, claim::Problem};
use uuid::Uuid;

use super::check::Verdict;
use super::fields::Fields;
use super::kind::Kind;
use super::write::Write;
use crate::db::Sql;
use crate::error::Error;
use crate::people;

/// What makes an assignment one of its own.
pub type Place = (EmployeeId, DepartmentId, EntityId, Date);

/// What the database knows, by the codes that files use.
pub struct Organisation {
    pub(super) entities: HashMap<String, LegalEntity>,
    pub(super) centers: HashMap<String, CostCenter>,
    pub(super) departments: HashMap<String, Department>,
    /// By personnel number.
    people: HashMap<String, Employee>,
    emails: HashMap<String, String>,
    pub(super) assignments: HashMap<Place, Assignment>,
    pub(super) grants: Vec<Grant>,
}

/// Departments without a first day have always been there.
const ALWAYS: Date = date(2000, 1, 1);

/// A role by its code or its Chinese name.
pub fn role(text: &str) -> Option<Role> {
    match text {
        "财务" => Some(Role::Finance),
        "出纳" => Some(Role::Payer),
        "销售运营" => Some(Role::SalesOps),
        "管理员" => Some(Role::Admin),
        "审计" => Some(Role::Auditor),
        code => Role::parse(&code.to_lowercase()),
    }
}

/// Two capital letters.
pub fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase())
}

/// One `@` with something on both sides, and no blanks.
pub fn is_address(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    parts.len() == 2 && parts.iter().all(|p| !p.is_empty()) && !text.contains(char::is_whitespace)
}

impl Organisation {
    /// Reads it.
    pub async fn load(sql: &mut Sql) -> Result<Organisation, Error> {
        let org = people::load(sql).await?;
        let people: HashMap<String, Employee> = org.employees().map(|e| (e.number.clone(), e.clone())).collect();
        let place = |a: &Assignment| ((a.employee, a.department, a.entity, a.from), a.clone());
        Ok(Organisation {
            entities: org.entities().map(|e| (e.code.clone(), e.clone())).collect(),
            centers: org.cost_centers().map(|c| (c.code.clone(), c.clone())).collect(),
            departments: org.departments().map(|d| (d.code.clone(), d.clone())).collect(),
            emails: people.values().map(|e| (e.email.clone(), e.number.clone())).collect(),
            people,
            assignments: org.all_assignments().map(place).collect(),
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
    pub fn currency(&self) -> Currency {
        let first = self.entities.values().min_by(|a, b| a.code.cmp(&b.code));
        first.map_or(Currency::CNY, |e| e.currency)
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

    /// The entity that a row names.
    pub(super) fn entity(&self, fields: &mut Fields<'_>) -> Option<EntityId> {
        let text = fields.filled("entity")?;
        let found = self.entities.get(text).map(|e| e.id);
        if found.is_none() {
            fields.wrong("entity", "no-entity");
        }
        found
    }

    /// Decides a row.
    pub fn row(&mut self, kind: Kind, fields: &mut Fields<'_>) -> Option<Verdict> {
        match kind {
            Kind::Entities => self.legal_entity(fields),
            Kind::CostCenters => self.cost_center(fields),
            Kind::People => self.employee(fields),
            Kind::Departments => self.department(fields),
            Kind::Managers => self.manager(fields),
            Kind::Assignments => self.assignment(fields),
            Kind::Roles => self.role(fields),
            _ => None,
        }
    }

    fn legal_entity(&mut self, fields: &mut Fields<'_>) -> Option<Verdict> {
        let known = self.entities.get(fields.text("code"));
        let country = fields.text("country").to_uppercase();
        if !is_country(&country) {
            fields.wrong("country", "not-a-country");
        }
        let zone = fields.text("zone");
        if jiff::tz::TimeZone::get(zone).is_err() {
            fields.wrong("zone", "not-a-zone");
        }
        let currency = fields.currency("currency")?;
        if known.is_some_and(|k| k.currency != currency) {
            fields.wrong("currency", "fixed");
        }
        if !fields.is_good() {
            return None;
        }
        let entity = LegalEntity {
            id: known.map_or_else(|| EntityId(Uuid::now_v7()), |k| k.id),
            code: fields.text("code").to_owned(),
            name: fields.text("name").to_owned(),
            country,
            currency,
            zone: zone.to_owned(),
        };
        let verdict = Verdict::of(known, &entity, || match known {
            Some(_) => Write::Entity(entity.clone()),
            None => Write::NewEntity(entity.clone()),
        });
        self.entities.insert(entity.code.clone(), entity);
        Some(verdict)
    }

    fn cost_center(&mut self, fields: &mut Fields<'_>) -> Option<Verdict> {
        let entity = self.entity(fields)?;
        let owner = self.named(fields, "owner");
        let known = self.centers.get(fields.text("code"));
        if known.is_some_and(|k| k.entity != entity) {
            fields.wrong("entity", "fixed");
        }
        let is_new = owner.is_some() && known.and_then(|k| k.owner) != owner;
        if is_new && self.person(fields.text("owner")).is_some_and(|e| !e.active) {
            fields.wrong("owner", "has-left");
        }
        if !fields.is_good() {
            return None;
        }
        let center = CostCenter {
            id: known.map_or_else(|| CostCenterId(Uuid::now_v7()), |k| k.id),
            code: fields.text("code").to_owned(),
            name: fields.text("name").to_owned(),
            entity,
            // A file without owners says nothing of them.
            owner: owner.or(known.and_then(|k| k.owner)),
        };
        let verdict = Verdict::of(known, &center, || Write::CostCenter(center.clone()));
        self.centers.insert(center.code.clone(), center);
        Some(verdict)
    }

    fn employee(&mut self, fields: &mut Fields<'_>) -> Option<Verdict> {
        let number = fields.text("number");
        let known = self.people.get(number);
        let email = fields.text("email").to_lowercase();
        if !is_address(&email) {
            fields.wrong("email", "not-mail");
        }
        if self.emails.get(&email).is_some_and(|other| other != number) {
            fields.wrong("email", "exists");
        }
        let locale = match fields.filled("locale") {
            Some(text) => Lang::parse(text),
            None => Some(Lang::default()),
        };
        if locale.is_none() {
            fields.wrong("locale", "not-a-language");
        }
        let active = fields.flag("active", true);
        if !fields.is_good() {
            return None;
        }
        let employee = Employee {
            id: known.map_or_else(|| EmployeeId(Uuid::now_v7()), |k| k.id),
            number: number.to_owned(),
            name: fields.text("name").to_owned(),
            email,
            locale: locale.unwrap_or_default().tag().to_owned(),
            active,
        };
        let verdict = Verdict::of(known, &employee, || match known {
            Some(known) if known.active && !active => Write::Leaver(employee.clone()),
            _ => Write::Person(employee.clone()),
        });
        if let Some(known) = known {
            self.emails.remove(&known.email.clone());
        }
        self.emails.insert(employee.email.clone(), employee.number.clone());
        self.people.insert(employee.number.clone(), employee);
        Some(verdict)
    }

    fn department(&mut self, fields: &mut Fields<'_>) -> Option<Verdict> {
        let code = fields.text("code");
        let known = self.departments.get(code);
        let from = fields.date("from").unwrap_or(ALWAYS);
        let to = fields.date("to");
        if to.is_some_and(|to| to <= from) {
            fields.wrong("to", "before-from");
        }
        let parent = fields.filled("parent").map(|text| self.departments.get(text));
        match parent {
            Some(None) => fields.wrong("parent", "no-department"),
            Some(Some(parent)) if self.is_below(parent, code) => fields.wrong("parent", "circle"),
            _ => {}
        }
        if !fields.is_good() {
            return None;
        }
        let department = Department {
            id: known.map_or_else(|| DepartmentId(Uuid::now_v7()), |k| k.id),
            code: code.to_owned(),
            name: fields.text("name").to_owned(),
            parent: parent.flatten().map(|p| p.id),
            head: known.and_then(|k| k.head),
            from,
            to,
        };
        let verdict = Verdict::of(known, &department, || Write::Department(department.clone()));
        self.departments.insert(department.code.clone(), department);
        Some(verdict)
    }

    /// Whether a department is `code` itself or stands below it.
    fn is_below(&self, start: &Department, code: &str) -> bool {
        let mut here = start;
        for _ in 0..=self.departments.len() {
            if here.code == code {
                return true;
            }
            let above = here
                .parent
                .and_then(|id| self.departments.values().find(|d| d.id == id));
            match above {
                Some(above) => here = above,
                None => return false,
            }
        }
        true
    }

    fn manager(&mut self, fields: &mut Fields<'_>) -> Option<Verdict> {
        let head = self.person(fields.text("head"));
        let known = self.departments.get(fields.text("department"));
        if known.is_none() {
            fields.wrong("department", "no-department");
        }
        let (id, active) = match head {
            Some(head) => (head.id, head.active),
            None => {
                fields.wrong("head", "no-person");
                return None;
            }
        };
        let known = known?;
        if known.head == Some(id) {
            return Some(Verdict::Same);
        }
        if !active {
            fields.problem(Problem::new("head", "has-left"));
            return None;
        }
        let department = Department {
            head: Some(id),
            ..known.clone()
        };
        let write = Write::Head(department.id, id);
        self.departments.insert(department.code.clone(), department);
        Some(Verdict::Changed(write))
    }
}
