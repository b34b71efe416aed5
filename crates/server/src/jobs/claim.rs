//! Taking jobs under a lease, and saying how they ended.

use std::time::Duration;

use crate::args;
use crate::clock::now;
use crate::db::{Db, Sql, Value, dialect};
use crate::error::Error;

use super::runner::{Failed, Pace};

/// A job under our lease.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// Which handler.
    pub kind: String,
    /// Fixed before the first try.
    pub key: String,
    /// What it is to work on, as JSON.
    pub payload: String,
    /// How often it was tried, this time included.
    pub attempts: i64,
    /// How many of the tries before ended since another system was away.
    pub waits: i64,
    /// When it was first tried, in microseconds.
    pub first_at: i64,
    /// How patient its runner is.
    #[serde(skip)]
    pub pace: Pace,
}

impl Job {
    /// Whether it is given up if this try ends so.
    pub fn is_last(&self, failed: &Failed) -> bool {
        match failed {
            Failed::Never(_) => true,
            Failed::Again(_) => self.attempts - self.waits >= self.pace.tries,
            Failed::Later { .. } => {
                let age = now().as_microsecond().saturating_sub(self.first_at);
                self.attempts >= self.pace.tries && age >= micros(self.pace.patience)
            }
        }
    }
}

/// How a try ended.
pub(super) enum End {
    Done {
        note: Option<String>,
    },
    Again {
        error: String,
        after: Duration,
        waited: bool,
    },
    Dead {
        error: String,
    },
}

/// Where and how many to take.
pub(super) struct Wish {
    pub holder: String,
    pub kinds: Vec<&'static str>,
    pub most: usize,
    pub lease: Duration,
}

/// Jobs that are due: ready, or running under a lease that ran out. Of those that share an ordering key only the
/// oldest, and only if none of them is running; the index `job_in_flight` holds even if two workers take at once.
const DUE: &str = "(j.ordering IS NULL OR NOT EXISTS (SELECT 1 FROM job o WHERE o.ordering = j.ordering AND o.id <> j.id \
    AND (o.state = 'running' OR (o.state = 'ready' AND o.id < j.id))))";

/// Takes up to `wish.most` jobs; empty when nothing is due or another worker was faster.
pub(super) async fn take(db: &Db, wish: Wish) -> Result<Vec<Job>, Error> {
    if wish.kinds.is_empty() || !anything(&mut db.read(), &wish).await? {
        return Ok(Vec::new());
    }
    let wish = std::sync::Arc::new(wish);
    let taken = db
        .write(move |sql| {
            let wish = wish.clone();
            Box::pin(async move {
                let ids = due(sql, &wish).await?;
                lease(sql, &wish, ids).await
            })
        })
        .await;
    match taken {
        Err(Error::Sql(e)) if e.is_unique_violation() => Ok(Vec::new()),
        other => other,
    }
}

async fn anything(sql: &mut Sql, wish: &Wish) -> Result<bool, Error> {
    let text = format!(
        "SELECT 1 FROM job WHERE kind IN ({}) AND ((state = 'ready' AND run_at <= $1) OR (state = 'running' AND lease_until < $1)) LIMIT 1",
        dialect::list(2, wish.kinds.len())
    );
    let mut values = args![now().as_microsecond()];
    values.extend(wish.kinds.iter().map(|k| Value::from(*k)));
    let rows: Vec<(i32,)> = sql.all_built(text, values).await?;
    Ok(!rows.is_empty())
}

async fn due(sql: &mut Sql, wish: &Wish) -> Result<Vec<String>, Error> {
    let mut ids: Vec<String> = Vec::new();
    for (which, order) in [
        ("j.state = 'running' AND j.lease_until < $1", "j.lease_until, j.id"),
        ("j.state = 'ready' AND j.run_at <= $1", "j.run_at, j.id"),
    ] {
        let left = wish.most - ids.len();
        if left == 0 {
            break;
        }
        let text = format!(
            "SELECT j.id FROM job j WHERE {which} AND j.kind IN ({}) AND {DUE} ORDER BY {order} LIMIT $2{}",
            dialect::list(3, wish.kinds.len()),
            dialect::skip_locked(sql)
        );
        let mut values = args![now().as_microsecond(), left];
        values.extend(wish.kinds.iter().map(|k| Value::from(*k)));
        let rows: Vec<(String,)> = sql.all_built(text, values).await?;
        ids.extend(rows.into_iter().map(|(id,)| id));
    }
    Ok(ids)
}

async fn lease(sql: &mut Sql, wish: &Wish, ids: Vec<String>) -> Result<Vec<Job>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let at = now().as_microsecond();
    let text = format!(
        "UPDATE job SET state = 'running', attempts = attempts + 1, lease_until = $1, leased_by = $2, \
         first_at = COALESCE(first_at, $3) WHERE id IN ({}) RETURNING id, kind, key, payload, attempts, waits, first_at",
        dialect::list(4, ids.len())
    );
    let mut values = args![at + micros(wish.lease), &wish.holder, at];
    values.extend(ids.iter().map(Value::from));
    let mut jobs: Vec<Job> = sql.all_built(text, values).await?;
    jobs.sort_by_key(|j| ids.iter().position(|id| *id == j.id));
    Ok(jobs)
}

/// Writes how a try ended, unless the lease went to somebody else meanwhile.
pub(super) async fn finish(db: &Db, holder: String, job: Job, end: End) -> Result<(), Error> {
    let at = now().as_microsecond();
    let (state, run_at, ended, error, waits) = match end {
        End::Done { note } => ("done", at, Some(at), note, 0),
        End::Again { error, after, waited } => ("ready", at + micros(after), None, Some(error), i64::from(waited)),
        End::Dead { error } => ("dead", at, Some(at), Some(error), 0),
    };
    db.write(move |sql| {
        let values = args![state, run_at, ended, error.clone(), waits, &job.id, &holder, job.attempts];
        Box::pin(async move {
            sql.run(
                "UPDATE job SET state = $1, run_at = $2, ended_at = $3, error = $4, waits = waits + $5, lease_until = NULL, \
                 leased_by = NULL WHERE id = $6 AND leased_by = $7 AND attempts = $8",
                values,
            )
            .await?;
            Ok(())
        })
    })
    .await
}

/// Forgets jobs done more than `age` ago; how many.
pub async fn prune(db: &Db, age: Duration) -> Result<u64, Error> {
    let before = now().as_microsecond() - micros(age);
    db.write(move |sql| {
        Box::pin(async move {
            Ok(sql
                .run("DELETE FROM job WHERE state = 'done' AND ended_at < $1", args![before])
                .await?)
        })
    })
    .await
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX / 4)
}
