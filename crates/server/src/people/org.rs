//! Loading the organisation, and keeping it in memory until it changes.

use std::str::FromStr;

use outlay_core::Currency;
use outlay_core::org::{Assignment, CostCenter, Department, Employee, Grant, LegalEntity, Org, Role};

use super::delegations;
use crate::args;
use crate::db::Sql;
use crate::error::Error;

/// Reads the whole organisation.
pub async fn load(sql: &mut Sql) -> Result<Org, Error> {
    let entities: Vec<(String, String, String, String, String, String)> = sql
        .all(
            "SELECT id, code, name, country, currency, zone FROM legal_entity",
            args![],
        )
        .await?;
    let departments: Vec<(
        String,
        String,
        String,
        Option<String>,
        Option<String>,
        String,
        Option<String>,
    )> = sql
        .all(
            "SELECT id, code, name, parent_id, head_id, valid_from, valid_to FROM department",
            args![],
        )
        .await?;
    let centers: Vec<(String, String, String, String, Option<String>)> = sql
        .all("SELECT id, code, name, entity_id, owner_id FROM cost_center", args![])
        .await?;
    let employees: Vec<(String, String, String, String, String, bool)> = sql
        .all("SELECT id, number, name, email, locale, active FROM employee", args![])
        .await?;
    #[derive(serde::Deserialize)]
    struct Place {
        employee_id: String,
        department_id: String,
        entity_id: String,
        cost_center_id: Option<String>,
        position: String,
        grade: String,
        is_primary: bool,
        valid_from: String,
        valid_to: Option<String>,
    }
    let places: Vec<Place> = sql
        .all(
            "SELECT employee_id, department_id, entity_id, cost_center_id, position, grade, is_primary, valid_from, valid_to FROM assignment",
            args![],
        )
        .await?;
    let grants: Vec<(String, String, Option<String>)> = sql
        .all("SELECT employee_id, role, entity_id FROM role_grant", args![])
        .await?;
    let delegations = delegations::all(sql).await?;
    let org = Org::new(
        entities
            .into_iter()
            .map(|(id, code, name, country, currency, zone)| {
                let currency = Currency::parse(&currency).map_err(|e| Error::Broken(e.to_string()))?;
                Ok(LegalEntity {
                    id: stored(&id)?,
                    code,
                    name,
                    country,
                    currency,
                    zone,
                })
            })
            .collect::<Result<_, Error>>()?,
        departments
            .into_iter()
            .map(|(id, code, name, parent, head, from, to)| {
                Ok(Department {
                    id: stored(&id)?,
                    code,
                    name,
                    parent: maybe(parent)?,
                    head: maybe(head)?,
                    from: stored(&from)?,
                    to: maybe(to)?,
                })
            })
            .collect::<Result<_, Error>>()?,
        centers
            .into_iter()
            .map(|(id, code, name, entity, owner)| {
                Ok(CostCenter {
                    id: stored(&id)?,
                    code,
                    name,
                    entity: stored(&entity)?,
                    owner: maybe(owner)?,
                })
            })
            .collect::<Result<_, Error>>()?,
        employees
            .into_iter()
            .map(|(id, number, name, email, locale, active)| {
                Ok(Employee {
                    id: stored(&id)?,
                    number,
                    name,
                    email,
                    locale,
                    active,
                })
            })
            .collect::<Result<_, Error>>()?,
        places
            .into_iter()
            .map(|p| {
                Ok(Assignment {
                    employee: stored(&p.employee_id)?,
                    department: stored(&p.department_id)?,
                    entity: stored(&p.entity_id)?,
                    cost_center: maybe(p.cost_center_id)?,
                    position: p.position,
                    grade: p.grade,
                    primary: p.is_primary,
                    from: stored(&p.valid_from)?,
                    to: maybe(p.valid_to)?,
                })
            })
            .collect::<Result<_, Error>>()?,
        grants
            .into_iter()
            .filter_map(|(employee, role, entity)| {
                let role = Role::parse(&role)?;
                Some((employee, role, entity))
            })
            .map(|(employee, role, entity)| {
                Ok(Grant {
                    employee: stored(&employee)?,
                    role,
                    entity: maybe(entity)?,
                })
            })
            .collect::<Result<_, Error>>()?,
    );
    Ok(org.with_delegations(delegations))
}

/// Reads an id, date or number that we stored ourselves; anything else is damage.
pub fn stored<T: FromStr>(text: &str) -> Result<T, Error> {
    text.parse()
        .map_err(|_| Error::Broken(format!("stored value {text:?} cannot be read")))
}

/// As [`stored`], where there may be none.
pub fn maybe<T: FromStr>(text: Option<String>) -> Result<Option<T>, Error> {
    text.as_deref().map(stored).transpose()
}

/// Tells every process that the organisation changed; within the changing transaction.
pub async fn changed(sql: &mut Sql) -> Result<(), Error> {
    crate::db::renew(sql, "org").await
}
