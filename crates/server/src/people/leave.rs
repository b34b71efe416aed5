//! Somebody leaves: their open tasks go to whoever stands in, in the same transaction, or nothing happens. Their drafts and returned claims
//! wait until an administrator has a colleague finish them, or closes them with a reason.

use std::sync::Arc;

use outlay_core::Money;
use outlay_core::claim::{Claim, Command, Problem, Refusal, Status};
use outlay_core::ids::{ClaimId, EmployeeId, TaskId};
use outlay_core::org::{Employee, Org};

use super::{delegations, edit, store, stored};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::claims;
use crate::db::Sql;
use crate::error::Error;
use crate::inbox::colleague;

/// A draft or returned claim of somebody who has left: the money is still owed to them.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct Unfinished {
    /// Its number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// `draft` or `returned`.
    #[schema(value_type = String)]
    pub status: Status,
    /// What is asked for.
    #[schema(value_type = Object)]
    pub amount: Money,
    /// Who finishes it.
    pub stand_in: Option<String>,
}

/// What to do with them.
#[derive(Debug, Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Finish {
    /// A colleague finishes them: id, personnel number or mail address. They may read, change and submit them, and never sign them; what is
    /// paid goes to whoever left.
    HandOver {
        /// Whom.
        to: String,
    },
    /// They are closed.
    Close {
        /// Why.
        reason: String,
    },
}

async fn left_over(sql: &mut Sql, who: EmployeeId) -> Result<Vec<Claim>, Error> {
    let rows: Vec<(String,)> = sql
        .all(
            "SELECT body FROM claim WHERE claimant_id = $1 AND status IN ('draft', 'returned') ORDER BY number",
            args![who],
        )
        .await?;
    rows.iter().map(|(body,)| Ok(serde_json::from_str(body)?)).collect()
}

/// The drafts and returned claims of somebody.
pub async fn unfinished(sql: &mut Sql, org: &Org, who: EmployeeId) -> Result<Vec<Unfinished>, Error> {
    let of = |claim: Claim| Unfinished {
        status: claim.status(),
        amount: claim.content.claimed(),
        stand_in: claim.stand_in.and_then(|id| org.employee(id)).map(|e| e.name.clone()),
        title: claim.content.title,
        number: claim.number,
    };
    Ok(left_over(sql, who).await?.into_iter().map(of).collect())
}

/// Has all drafts and returned claims of somebody who has left finished or closed; how many. `permit` is to
/// [`crate::auth::Action::ManagePeople`].
pub async fn finish(app: &Arc<App>, permit: &Permit, who: EmployeeId, how: &Finish) -> Result<usize, Error> {
    let (shared, permit, how) = (app.clone(), permit.clone(), how.clone());
    let count = app
        .db
        .write(move |sql| {
            let (app, permit, how) = (shared.clone(), permit.clone(), how.clone());
            Box::pin(async move { finish_in(sql, &app, &permit, who, &how).await })
        })
        .await?;
    app.live.wake();
    Ok(count)
}

async fn finish_in(sql: &mut Sql, app: &App, permit: &Permit, who: EmployeeId, how: &Finish) -> Result<usize, Error> {
    let org = app.org(sql).await?;
    if org.employee(who).ok_or(Error::NotFound("employee"))?.active {
        return Err(Error::Conflict);
    }
    let command = match how {
        Finish::HandOver { to } => Command::HandOver {
            to: colleague(&org, to)?,
        },
        Finish::Close { reason } if reason.trim().is_empty() => return Err(Error::field("reason", "missing")),
        Finish::Close { reason } => Command::Close { reason: reason.clone() },
    };
    let all = left_over(sql, who).await?;
    for claim in &all {
        claims::act_in(sql, app, permit, claim.id, command.clone()).await?;
    }
    let word = match how {
        Finish::HandOver { .. } => "handed-over",
        Finish::Close { .. } => "closed-left-over",
    };
    audit::note(sql, permit.actor(), permit.action(), &format!("employee:{who}"), word).await?;
    Ok(all.len())
}

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
