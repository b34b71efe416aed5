//! Open tasks after the organisation changed: they go to those whom it names now. Only what a change may have touched is looked at; what
//! the last look saw is kept as a snapshot, so that a start looks at no more than what changed since.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use outlay_core::claim::Command;
use outlay_core::flow::{Affected, Why};
use outlay_core::history::Snapshot;
use outlay_core::ids::{ClaimId, EmployeeId};
use outlay_core::org::Org;

use super::late::all;
use crate::app::App;
use crate::args;
use crate::clock::{day, moment, now};
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::history::snapshot;
use crate::people::stored;

/// A task opened this near to a look may have been decided on with the organisation of before.
const NEAR: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);
/// People asked about in one query.
const PART: usize = 500;

/// The last look: what it saw, and when.
struct Last {
    snapshot: String,
    at: Timestamp,
}

async fn last(sql: &mut Sql) -> Result<Option<Last>, Error> {
    let row: Option<(String, i64)> = sql
        .maybe("SELECT snapshot, looked_at FROM org_look WHERE one = 1", args![])
        .await?;
    Ok(row.map(|(snapshot, at)| Last {
        snapshot,
        at: moment(at),
    }))
}

/// Tasks of claims in review go to those whom the organisation names now; how many claims that moved.
pub async fn reassign(app: &Arc<App>) -> Result<usize, Error> {
    let mut moved = 0;
    loop {
        let mut sql = app.db.read();
        let (at, last, org) = (now(), last(&mut sql).await?, app.org(&mut sql).await?);
        let (body, hash) = Snapshot::of(&org).sealed();
        let open = touched_since(&mut sql, last.as_ref(), (&org, &hash), at).await?;
        drop(sql);
        moved += all(app, open, "organisation", Command::Reassign).await?;
        // Somebody else may have looked at an older organisation meanwhile: then from theirs to this one.
        if looked(app, last, (body, hash), at).await? {
            return Ok(moved);
        }
    }
}

/// The claims that the next look would look at: those with an open task that may have to go to somebody else.
pub async fn touched(app: &Arc<App>) -> Result<Vec<ClaimId>, Error> {
    let mut sql = app.db.read();
    let (last, org) = (last(&mut sql).await?, app.org(&mut sql).await?);
    let (_, hash) = Snapshot::of(&org).sealed();
    touched_since(&mut sql, last.as_ref(), (&org, &hash), now()).await
}

async fn touched_since(
    sql: &mut Sql,
    last: Option<&Last>,
    (org, hash): (&Org, &str),
    at: Timestamp,
) -> Result<Vec<ClaimId>, Error> {
    let Some(last) = last else {
        return every(sql).await;
    };
    let mut found = BTreeSet::new();
    let near = args![
        last.at.saturating_sub(NEAR).map_or(i64::MIN, Timestamp::as_microsecond),
        last.at.saturating_add(NEAR).map_or(i64::MAX, Timestamp::as_microsecond)
    ];
    let text = "SELECT DISTINCT claim_id FROM task WHERE outcome = 'open' AND opened_at >= $1 AND opened_at <= $2";
    take(&mut found, sql.all(text, near).await?)?;
    let days = (day(last.at, "UTC"), day(at, "UTC"));
    if days.0 == days.1 && hash == last.snapshot {
        return Ok(found.into_iter().collect());
    }
    let old = snapshot(sql, &last.snapshot).await?;
    let affected = Affected::between(&old, org, days);
    of(
        sql,
        &mut found,
        "SELECT DISTINCT claim_id FROM task WHERE outcome = 'open' AND assignee_id IN",
        &affected.people,
    )
    .await?;
    of(
        sql,
        &mut found,
        "SELECT DISTINCT t.claim_id FROM claim c JOIN task t ON t.claim_id = c.id WHERE c.status = 'in_review' AND t.outcome = 'open' \
         AND c.claimant_id IN",
        &affected.claimants,
    )
    .await?;
    let text = format!(
        "SELECT DISTINCT claim_id FROM task WHERE outcome = 'open' AND why IN ({})",
        dialect::list(1, Why::LOOSE.len())
    );
    let loose = Why::LOOSE.iter().map(|code| Value::from(*code)).collect();
    take(&mut found, sql.all_built(text, loose).await?)?;
    Ok(found.into_iter().collect())
}

async fn of(
    sql: &mut Sql,
    found: &mut BTreeSet<ClaimId>,
    text: &str,
    people: &BTreeSet<EmployeeId>,
) -> Result<(), Error> {
    let people: Vec<EmployeeId> = people.iter().copied().collect();
    for part in people.chunks(PART) {
        let text = format!("{text} ({})", dialect::list(1, part.len()));
        take(
            found,
            sql.all_built(text, part.iter().map(|who| Value::from(*who)).collect())
                .await?,
        )?;
    }
    Ok(())
}

fn take(found: &mut BTreeSet<ClaimId>, rows: Vec<(String,)>) -> Result<(), Error> {
    for (id,) in rows {
        found.insert(stored(&id)?);
    }
    Ok(())
}

async fn every(sql: &mut Sql) -> Result<Vec<ClaimId>, Error> {
    let mut found = BTreeSet::new();
    let text = "SELECT DISTINCT claim_id FROM task WHERE outcome = 'open'";
    take(&mut found, sql.all(text, args![]).await?)?;
    Ok(found.into_iter().collect())
}

/// Notes what was seen; false if somebody else looked meanwhile.
async fn looked(
    app: &Arc<App>,
    last: Option<Last>,
    (body, hash): (String, String),
    at: Timestamp,
) -> Result<bool, Error> {
    let before = last.map(|l| l.snapshot);
    let at = at.as_microsecond();
    app.db
        .write(move |sql| {
            let (body, hash, before) = (body.clone(), hash.clone(), before.clone());
            Box::pin(async move {
                sql.run(
                    "INSERT INTO org_snapshot (hash, body, taken_at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING",
                    args![&hash, body, at],
                )
                .await?;
                let noted = match before {
                    Some(before) => {
                        let text = "UPDATE org_look SET snapshot = $1, looked_at = $2 WHERE one = 1 AND snapshot = $3";
                        sql.run(text, args![hash, at, before]).await?
                    }
                    None => {
                        let text = "INSERT INTO org_look (one, snapshot, looked_at) VALUES (1, $1, $2) ON CONFLICT (one) DO NOTHING";
                        sql.run(text, args![hash, at]).await?
                    }
                };
                Ok(noted == 1)
            })
        })
        .await
}
