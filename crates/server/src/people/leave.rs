//! Somebody leaves: their open tasks go to whoever stands in, in the same transaction, or nothing happens.

use std::sync::Arc;

use outlay_core::claim::{Command, Problem, Refusal};
use outlay_core::ids::{ClaimId, EmployeeId, TaskId};
use outlay_core::org::Employee;

use super::{edit, store, stored};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::claims;
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
                store::put_employee(sql, &permit, &Employee { active, ..old.clone() }).await?;
                if !active {
                    edit::keep_an_admin(sql).await?;
                    let tasks: Vec<(String, String, String)> = sql
                        .all(
                            "SELECT t.id, t.claim_id, c.number FROM task t JOIN claim c ON c.id = t.claim_id \
                             WHERE t.assignee_id = $1 AND t.outcome = 'open' ORDER BY c.number, t.id",
                            args![who],
                        )
                        .await?;
                    for (task, claim, number) in tasks {
                        let (task, claim): (TaskId, ClaimId) = (stored(&task)?, stored(&claim)?);
                        let command = Command::Replace { task };
                        claims::act_in(sql, &app, &permit, claim, command)
                            .await
                            .map_err(|e| match e {
                                Error::Refused(Refusal::NoApprover { .. }) => Error::Invalid(vec![
                                    Problem::new("open_tasks", "nobody-stands-in").with("claim", &number),
                                ]),
                                other => other,
                            })?;
                    }
                }
                let word = if active { "activated" } else { "deactivated" };
                audit::note(sql, permit.actor(), permit.action(), &format!("employee:{who}"), word).await
            })
        })
        .await?;
    app.live.wake();
    Ok(())
}
