//! The outbox: work for later, written with what caused it, done at least once, one at a time per ordering key.

use serde::Serialize;
use uuid::Uuid;

use crate::args;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;

/// Work to be done after the commit.
pub struct NewJob<'a> {
    /// Which handler.
    pub kind: &'a str,
    /// Fixed before the first try; the same key is never enqueued twice.
    pub key: String,
    /// Jobs that share it run one after the other, oldest first.
    pub ordering: Option<String>,
}

/// Enqueues within the transaction of `sql`; a key that exists already is left as it is.
pub async fn enqueue<T: Serialize + ?Sized>(sql: &mut Sql, job: NewJob<'_>, payload: &T) -> Result<(), Error> {
    let at = now().as_microsecond();
    sql.run(
        "INSERT INTO job (id, kind, key, ordering, payload, state, attempts, run_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, 'ready', 0, $6, $6) ON CONFLICT (key) DO NOTHING",
        args![
            Uuid::now_v7(),
            job.kind,
            job.key,
            job.ordering,
            serde_json::to_string(payload)?,
            at
        ],
    )
    .await?;
    Ok(())
}
