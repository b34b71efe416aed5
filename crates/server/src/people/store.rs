//! Writing the organisation: each record is made or replaced by its id, with the permit of who does it.

use outlay_core::ids::{DepartmentId, EmployeeId};
use outlay_core::org::{Assignment, CostCenter, Department, Employee, Grant, LegalEntity};
use uuid::Uuid;

use crate::args;
use crate::auth::Permit;
use crate::db::Sql;
use crate::error::Error;

/// Makes or replaces a legal entity.
pub async fn put_entity(sql: &mut Sql, _: &Permit, e: &LegalEntity) -> Result<(), Error> {
    sql.run(
        "INSERT INTO legal_entity (id, code, name, country, currency, zone) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name, country = excluded.country, \
         currency = excluded.currency, zone = excluded.zone",
        args![e.id, &e.code, &e.name, &e.country, e.currency.code(), &e.zone],
    )
    .await?;
    super::changed(sql).await
}

/// Makes or replaces a cost centre.
pub async fn put_cost_center(sql: &mut Sql, _: &Permit, c: &CostCenter) -> Result<(), Error> {
    sql.run(
        "INSERT INTO cost_center (id, code, name, entity_id, owner_id) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name, entity_id = excluded.entity_id, \
         owner_id = excluded.owner_id",
        args![c.id, &c.code, &c.name, c.entity, c.owner],
    )
    .await?;
    super::changed(sql).await
}

/// Makes or replaces an employee. The mail address is kept in lower case, as log-in looks it up.
pub async fn put_employee(sql: &mut Sql, _: &Permit, e: &Employee) -> Result<(), Error> {
    sql.run(
        "INSERT INTO employee (id, number, name, email, locale, active) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (id) DO UPDATE SET number = excluded.number, name = excluded.name, email = excluded.email, \
         locale = excluded.locale, active = excluded.active",
        args![
            e.id,
            &e.number,
            &e.name,
            e.email.trim().to_lowercase(),
            &e.locale,
            e.active
        ],
    )
    .await?;
    if !e.active {
        sql.run("DELETE FROM session WHERE employee_id = $1", args![e.id])
            .await?;
    }
    super::changed(sql).await
}

/// Makes or replaces a department.
pub async fn put_department(sql: &mut Sql, _: &Permit, d: &Department) -> Result<(), Error> {
    sql.run(
        "INSERT INTO department (id, code, name, parent_id, head_id, valid_from, valid_to) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name, parent_id = excluded.parent_id, \
         head_id = excluded.head_id, valid_from = excluded.valid_from, valid_to = excluded.valid_to",
        args![d.id, &d.code, &d.name, d.parent, d.head, d.from, d.to],
    )
    .await?;
    super::changed(sql).await
}

/// As [`put_department`], leaving the head of one that is there as it is.
pub async fn put_department_but_head(sql: &mut Sql, permit: &Permit, d: &Department) -> Result<(), Error> {
    let known: Option<(Option<String>,)> = sql
        .maybe("SELECT head_id FROM department WHERE id = $1", args![d.id])
        .await?;
    let head = match known {
        Some((head,)) => super::maybe(head)?,
        None => d.head,
    };
    put_department(sql, permit, &Department { head, ..d.clone() }).await
}

/// Sets the head of a department.
pub async fn put_head(sql: &mut Sql, _: &Permit, department: DepartmentId, head: EmployeeId) -> Result<(), Error> {
    sql.run(
        "UPDATE department SET head_id = $1 WHERE id = $2",
        args![head, department],
    )
    .await?;
    super::changed(sql).await
}

/// Makes an assignment, or replaces the one of the same person, department, entity and first day.
pub async fn put_assignment(sql: &mut Sql, _: &Permit, a: &Assignment) -> Result<(), Error> {
    sql.run(
        "INSERT INTO assignment (id, employee_id, department_id, entity_id, cost_center_id, position, grade, is_primary, \
         valid_from, valid_to) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (employee_id, department_id, entity_id, valid_from) DO UPDATE SET \
         cost_center_id = excluded.cost_center_id, position = excluded.position, grade = excluded.grade, \
         is_primary = excluded.is_primary, valid_to = excluded.valid_to",
        args![
            Uuid::now_v7(),
            a.employee,
            a.department,
            a.entity,
            a.cost_center,
            &a.position,
            &a.grade,
            a.primary,
            a.from,
            a.to
        ],
    )
    .await?;
    super::changed(sql).await
}

/// Gives a role; one that is held already is left as it is.
pub async fn put_grant(sql: &mut Sql, _: &Permit, g: &Grant) -> Result<(), Error> {
    let held: Vec<(String,)> = sql
        .all(
            "SELECT id FROM role_grant WHERE employee_id = $1 AND role = $2 AND (entity_id = $3 OR (entity_id IS NULL AND $3 IS NULL))",
            args![g.employee, g.role.code(), g.entity],
        )
        .await?;
    if held.is_empty() {
        sql.run(
            "INSERT INTO role_grant (id, employee_id, role, entity_id) VALUES ($1, $2, $3, $4)",
            args![Uuid::now_v7(), g.employee, g.role.code(), g.entity],
        )
        .await?;
    }
    super::changed(sql).await
}

/// Sets somebody's password hash, and ends their sessions.
pub async fn put_password(sql: &mut Sql, _: &Permit, id: EmployeeId, hash: &str) -> Result<(), Error> {
    sql.run(
        "INSERT INTO password (employee_id, hash, changed_at) VALUES ($1, $2, $3) \
         ON CONFLICT (employee_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at",
        args![id, hash, crate::clock::now().as_microsecond()],
    )
    .await?;
    sql.run("DELETE FROM session WHERE employee_id = $1", args![id]).await?;
    Ok(())
}
