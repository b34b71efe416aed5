//! Which employee stands behind a CRM user, and so owns what that user owns.

use outlay_core::ids::{ConnectionId, EmployeeId};

use crate::app::App;
use crate::args;
use crate::db::Sql;
use crate::drafts;
use crate::error::Error;
use crate::people::maybe;

/// Links a CRM user to an employee, which then owns all that this user owns, and begins what they missed.
pub async fn link(sql: &mut Sql, app: &App, crm_user: &str, employee: Option<EmployeeId>) -> Result<bool, Error> {
    let row: Option<(Option<String>, String, Option<String>)> = sql
        .maybe(
            "SELECT connection_id, external_id, employee_id FROM crm_user WHERE id = $1",
            args![crm_user],
        )
        .await?;
    let (connection, external_id, before) = row.ok_or(Error::NotFound("crm_user"))?;
    if before == employee.map(|e| e.to_string()) {
        return Ok(false);
    }
    sql.run(
        "UPDATE crm_user SET employee_id = $1 WHERE id = $2",
        args![employee, crm_user],
    )
    .await?;
    let connection = maybe(connection)?;
    match employee {
        Some(employee) => own(sql, app, connection, &external_id, employee).await?,
        None => set_owner(sql, connection, &external_id, None).await?,
    }
    Ok(true)
}

/// Links CRM users that nobody linked yet to employees of the same mail address; after people were added.
pub async fn link_employees(sql: &mut Sql, app: &App) -> Result<usize, Error> {
    let found: Vec<(String, String)> = sql
        .all(
            "SELECT u.id, e.id FROM crm_user u JOIN employee e ON e.email = u.email WHERE u.employee_id IS NULL AND u.email <> ''",
            args![],
        )
        .await?;
    for (user, employee) in &found {
        link(sql, app, user, maybe(Some(employee.clone()))?).await?;
    }
    Ok(found.len())
}

/// Gives an employee all that a CRM user owns, and begins what they missed.
pub(super) async fn own(
    sql: &mut Sql,
    app: &App,
    connection: Option<ConnectionId>,
    crm_owner: &str,
    employee: EmployeeId,
) -> Result<(), Error> {
    set_owner(sql, connection, crm_owner, Some(employee)).await?;
    drafts::missed(sql, app, employee).await
}

async fn set_owner(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    crm_owner: &str,
    employee: Option<EmployeeId>,
) -> Result<(), Error> {
    for table in ["account", "deal", "activity"] {
        let (whose, mut values) = match connection {
            Some(connection) => ("connection_id = $3", args![employee, crm_owner, connection]),
            None => ("connection_id IS NULL", args![employee, crm_owner]),
        };
        let text = format!("UPDATE {table} SET owner_id = $1 WHERE crm_owner = $2 AND {whose}");
        sql.run_built(text, std::mem::take(&mut values)).await?;
    }
    Ok(())
}
