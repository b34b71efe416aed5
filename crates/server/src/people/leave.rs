//! Somebody leaves: their open tasks go to whoever stands in, in the same transaction, or nothing happens.

use std::sync::Arc;

use outlay_core::claim::{Command, Problem, Refusal};
use outlay_core::ids::{ClaimId, EmployeeId, TaskId};
use outlay_core::org::Employee;

use super::{delegations, edit, store, stored};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::claims;
use crate::db::Sql;
use crate::error::Error;

/// Marks somebody as having left, or as back. `permit` is to [`crate::auth::Action::ManagePeople`]. Refused with
/// `open_tasks` where nobody can stand in for a task of theirs.
pub async fn set_active(app: &Arc<App>, permit: &Permit, who: EmployeeId, active: bool) -> Result<(), Error> {
    let (shared, permit) = (app.clone(), permit.clone());
    app.db
        .write(move |sql| {
            let (app, permit) = (shared.clone(), permit.clone());
            Box::pin(async move {
                let org = app.org(sql).await?;
                let old = org.employee(who).ok_or(Error::NotFound("employee"))?;
                if old.active == active {
                    return Err(Error::Conflict);
                }
                let new = Employee { active, ..old.clone() };
                if active {
                    store::put_employee(sql, &permit, &new).await?;
                } else {
                    leave(sql, &app, &permit, &new).await?;
                }
                let word = if active { "activated" } else { "deactivated" };
                audit::note(sql, permit.actor(), permit.action(), &format!("employee:{who}"), word).await
            })
        })
        .await?;
    app.live.wake();
    Ok(())
}

/// Stores somebody, as `employee` says, as having left, ends their sessions and passes their open tasks on; within the
/// transaction of `sql`, which must be given up where this is refused.
pub async fn leave(sql: &mut Sql, app: &App, permit: &Permit, employee: &Employee) -> Result<(), Error> {
    let gone = Employee {
        active: false,
        ..employee.clone()
    };
    store::put_employee(sql, permit, &gone).await?;
    delegations::end_all(sql, permit, gone.id).await?;
    edit::keep_an_admin(sql).await?;
    let tasks: Vec<(String, String, String)> = sql
        .all(
            "SELECT t.id, t.claim_id, c.number FROM task t JOIN claim c ON c.id = t.claim_id \
             WHERE t.assignee_id = $1 AND t.outcome = 'open' ORDER BY c.number, t.id",
            args![gone.id],
        )
        .await?;
    for (task, claim, number) in tasks {
        let (task, claim): (TaskId, ClaimId) = (stored(&task)?, stored(&claim)?);
        claims::act_in(sql, app, permit, claim, Command::Replace { task })
            .await
            .map_err(|e| match e {
                Error::Refused(Refusal::NoApprover { .. }) => {
                    let problem = Problem::new("open_tasks", "nobody-stands-in").with("claim", &number);
                    Error::Invalid(vec![problem])
                }
                other => other,
            })?;
    }
    Ok(())
}
