//! The demo's legal entities, departments, people, roles and rules.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use outlay_core::Currency;
use outlay_core::ids::{CostCenterId, DepartmentId, EmployeeId, EntityId};
use outlay_core::org::{Assignment, CostCenter, Department, Employee, Grant, LegalEntity, Role};
use serde::Deserialize;
use uuid::Uuid;

use super::chance::Chance;
use crate::auth::Permit;
use crate::db::Sql;
use crate::error::Error;
use crate::people::store;
use crate::policies;

/// The day everybody has been here since.
pub const SINCE: Date = date(2024, 1, 1);

/// One of the two legal entities.
#[derive(Debug, Clone)]
pub struct Firm {
    /// Its id.
    pub id: EntityId,
    /// `CN01` or `DE01`.
    pub code: &'static str,
    /// Registered name.
    pub name: &'static str,
    /// Tax id on invoices made out to it.
    pub tax_id: &'static str,
    /// Currency of its books.
    pub currency: Currency,
    /// Time zone.
    pub zone: &'static str,
    /// The account it pays from.
    pub account: Uuid,
    /// Its cost centres, the first for sales.
    pub centers: Vec<CostCenterId>,
}

impl Firm {
    /// Whether it is the Chinese one.
    pub fn is_chinese(&self) -> bool {
        self.code == "CN01"
    }
}

/// Somebody who works there.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their id.
    pub id: EmployeeId,
    /// First part of the mail address.
    pub key: String,
    /// Name.
    pub name: String,
    /// Where they work.
    pub department: DepartmentId,
    /// Code of that department.
    pub department_code: String,
    /// Place of their firm in [`Company::firms`].
    pub firm: usize,
    /// Title of the post.
    pub position: String,
    /// `P1` to `P10`.
    pub grade: String,
    /// Where their costs go.
    pub center: CostCenterId,
    /// Roles, as in `people.csv`.
    pub roles: String,
}

impl Person {
    /// Whether they sell.
    pub fn sells(&self) -> bool {
        self.department_code.starts_with("LS.S") || self.department_code.starts_with("LS.E.S")
    }

    /// Mail address.
    pub fn email(&self) -> String {
        format!("{}@lanstone.example", self.key)
    }
}

/// The demo company.
#[derive(Debug, Clone)]
pub struct Company {
    /// The Chinese firm, then the German one.
    pub firms: Vec<Firm>,
    /// Everybody.
    pub people: Vec<Person>,
    departments: Vec<Department>,
    centers: Vec<CostCenter>,
}

#[derive(Deserialize)]
struct DepartmentRow {
    code: String,
    name: String,
    parent: String,
    head: String,
}

#[derive(Deserialize)]
struct PersonRow {
    key: String,
    name: String,
    department: String,
    entity: String,
    position: String,
    grade: String,
    roles: String,
}

fn rows<T: for<'de> Deserialize<'de>>(text: &str) -> Result<Vec<T>, Error> {
    csv::Reader::from_reader(text.as_bytes())
        .into_deserialize()
        .collect::<Result<_, _>>()
        .map_err(|e| Error::Broken(format!("demo data: {e}")))
}

impl Company {
    /// Makes it up, in memory. Everything is younger than `since`.
    pub fn invent(chance: &mut Chance, since: Timestamp) -> Result<Company, Error> {
        let firm = |chance: &mut Chance, code, name, tax_id, currency, zone| Firm {
            id: EntityId(chance.id(since)),
            code,
            name,
            tax_id,
            currency,
            zone,
            account: chance.id(since),
            centers: Vec::new(),
        };
        let mut firms = vec![
            firm(
                chance,
                "CN01",
                "澜石科技（北京）有限公司",
                "91110108MA01L52K8K",
                Currency::CNY,
                "Asia/Shanghai",
            ),
            firm(
                chance,
                "DE01",
                "Lanstone GmbH",
                "DE318204471",
                Currency::EUR,
                "Europe/Berlin",
            ),
        ];
        let names: [&[(&str, &str)]; 2] = [
            &[
                ("CN-SALES", "销售费用"),
                ("CN-DELIVERY", "交付成本"),
                ("CN-RND", "研发费用"),
                ("CN-ADMIN", "管理费用"),
            ],
            &[
                ("DE-SALES", "Vertrieb"),
                ("DE-SERVICE", "Service"),
                ("DE-ADMIN", "Verwaltung"),
            ],
        ];
        let mut centers = Vec::new();
        for (firm, names) in firms.iter_mut().zip(names) {
            for (code, name) in names {
                let id = CostCenterId(chance.id(since));
                firm.centers.push(id);
                centers.push(CostCenter {
                    id,
                    code: (*code).into(),
                    name: (*name).into(),
                    entity: firm.id,
                    owner: None,
                });
            }
        }
        let department_rows: Vec<DepartmentRow> = rows(include_str!("data/departments.csv"))?;
        let ids: HashMap<String, DepartmentId> = department_rows
            .iter()
            .map(|d| (d.code.clone(), DepartmentId(chance.id(since))))
            .collect();
        let unknown = |what: &str| Error::Broken(format!("demo data: {what} is not there"));
        let mut people = Vec::new();
        for row in rows::<PersonRow>(include_str!("data/people.csv"))? {
            let firm = firms
                .iter()
                .position(|f| f.code == row.entity)
                .ok_or_else(|| unknown(&row.entity))?;
            let center = center_of(&row.department, &firms[firm]);
            people.push(Person {
                id: EmployeeId(chance.id(since)),
                department: *ids.get(&row.department).ok_or_else(|| unknown(&row.department))?,
                key: row.key,
                name: row.name,
                department_code: row.department,
                firm,
                position: row.position,
                grade: row.grade,
                center,
                roles: row.roles,
            });
        }
        let departments = department_rows
            .into_iter()
            .map(|row| Department {
                id: ids[&row.code],
                head: people.iter().find(|p| p.key == row.head).map(|p| p.id),
                parent: ids.get(&row.parent).copied(),
                code: row.code,
                name: row.name,
                from: SINCE,
                to: None,
            })
            .collect();
        Ok(Company {
            firms,
            people,
            departments,
            centers,
        })
    }

    /// Somebody by the first part of their mail address.
    pub fn person(&self, key: &str) -> Option<&Person> {
        self.people.iter().find(|p| p.key == key)
    }

    /// Writes it, with `hash` as everybody's password.
    pub async fn store(&self, sql: &mut Sql, permit: &Permit, hash: &str) -> Result<(), Error> {
        for firm in &self.firms {
            let entity = LegalEntity {
                id: firm.id,
                code: firm.code.into(),
                name: firm.name.into(),
                country: firm.code[..2].into(),
                currency: firm.currency,
                zone: firm.zone.into(),
            };
            store::put_entity(sql, permit, &entity).await?;
        }
        for center in &self.centers {
            store::put_cost_center(sql, permit, center).await?;
        }
        for (n, person) in self.people.iter().enumerate() {
            let chinese = self.firms[person.firm].is_chinese();
            let employee = Employee {
                id: person.id,
                number: format!("{}{:04}", if chinese { "C" } else { "D" }, n + 1),
                name: person.name.clone(),
                email: person.email(),
                locale: if chinese { "zh-CN" } else { "en" }.into(),
                active: true,
            };
            store::put_employee(sql, permit, &employee).await?;
            store::put_password(sql, permit, person.id, hash).await?;
        }
        for department in &self.departments {
            store::put_department(sql, permit, department).await?;
        }
        for person in &self.people {
            let assignment = Assignment {
                employee: person.id,
                department: person.department,
                entity: self.firms[person.firm].id,
                cost_center: Some(person.center),
                position: person.position.clone(),
                grade: person.grade.clone(),
                primary: true,
                from: SINCE,
                to: None,
            };
            store::put_assignment(sql, permit, &assignment).await?;
            for grant in self.grants(person) {
                store::put_grant(sql, permit, &grant).await?;
            }
        }
        for (firm, policy) in self
            .firms
            .iter()
            .zip([outlay_core::policy::CN_STANDARD, outlay_core::policy::DE_STANDARD])
        {
            policies::publish_policy(sql, permit, firm.id, policy).await?;
            policies::publish_flow(sql, permit, firm.id, SINCE, outlay_core::flow::STANDARD).await?;
        }
        Ok(())
    }

    fn grants(&self, person: &Person) -> Vec<Grant> {
        let grant = |role: &str| {
            let (role, entity) = role.split_once('@').unwrap_or((role, ""));
            Some(Grant {
                employee: person.id,
                role: Role::parse(role)?,
                entity: self.firms.iter().find(|f| f.code == entity).map(|f| f.id),
            })
        };
        person.roles.split_whitespace().filter_map(grant).collect()
    }
}

/// Sales first, service or delivery second, administration last.
fn center_of(department: &str, firm: &Firm) -> CostCenterId {
    let place = match (firm.is_chinese(), department) {
        (_, code) if code.starts_with("LS.S") || code.starts_with("LS.E.S") || code.starts_with("LS.T.P") => 0,
        (_, code) if code.starts_with("LS.T") || code.starts_with("LS.E.D") => 1,
        (true, code) if code.starts_with("LS.R") => 2,
        _ => firm.centers.len() - 1,
    };
    firm.centers[place]
}
