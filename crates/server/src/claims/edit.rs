//! Replacing what a draft says, unless somebody else changed it meanwhile.

use std::sync::Arc;

use outlay_core::claim::{Claim, Command};
use outlay_core::ids::ClaimId;

use super::act::decide_in;
use super::input::ClaimInput;
use super::resolve::resolve;
use super::store;
use crate::app::App;
use crate::args;
use crate::auth::{Permit, Person};
use crate::clock::moment;
use crate::db::Sql;
use crate::error::Error;
use crate::metrics::Metrics;

/// Puts `input` into the draft that had `n` events when it was opened; the claim afterwards. If it was changed since,
/// [`Error::ChangedBy`] says by whom. Comments made meanwhile do not matter.
pub async fn edit(
    app: &Arc<App>,
    permit: &Permit,
    person: &Person,
    id: ClaimId,
    n: u32,
    input: ClaimInput,
) -> Result<Claim, Error> {
    let shared = Arc::new((app.clone(), permit.clone(), person.clone(), input));
    let mut again = true;
    let claim = loop {
        let shared = shared.clone();
        let done = app.db.write(move |sql| {
            let shared = shared.clone();
            Box::pin(async move { edit_in(sql, &shared, id, n).await })
        });
        match done.await {
            // Another commit came between; looking again tells what it was.
            Err(Error::Conflict) if again => again = false,
            other => break other?,
        }
    };
    Metrics::count(&app.metrics.commands);
    app.live.wake();
    Ok(claim)
}

async fn edit_in(
    sql: &mut Sql,
    (app, permit, person, input): &(Arc<App>, Permit, Person, ClaimInput),
    id: ClaimId,
    n: u32,
) -> Result<Claim, Error> {
    let before = store::load(sql, id).await?;
    unchanged(sql, app, &before, n).await?;
    let base = (&before.content, before.sources.as_slice());
    let (content, sources) = resolve(sql, app, person, Some(id), base, input).await?;
    if content == before.content && before.status().is_editable() {
        return Ok(before);
    }
    // On the very claim that was looked at: one read again might hold what somebody did meanwhile.
    let command = Command::Edit { content, sources };
    decide_in(sql, app, permit, Some(&before), id, command).await
}

/// Refuses if anything but comments happened after event `n`.
pub async fn unchanged(sql: &mut Sql, app: &App, claim: &Claim, n: u32) -> Result<(), Error> {
    if claim.n == n {
        return Ok(());
    }
    let last: Option<(String, String, i64)> = sql
        .maybe(
            "SELECT kind, actor, at FROM event WHERE claim_id = $1 AND n > $2 AND kind <> 'commented' ORDER BY n DESC LIMIT 1",
            args![claim.id, n],
        )
        .await?;
    let Some((kind, actor, at)) = last else { return Ok(()) };
    let org = app.org(sql).await?;
    let who = actor
        .parse()
        .ok()
        .and_then(|id| org.employee(id))
        .map(|e| e.name.clone());
    Err(Error::ChangedBy {
        who: who.unwrap_or_else(|| "Outlay".to_owned()),
        kind,
        at: moment(at),
    })
}
