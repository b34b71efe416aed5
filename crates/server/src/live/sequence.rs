//! The sequencer: gives committed events their global numbers, in order and without gaps. One at a time, by lease.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

use crate::app::App;
use crate::args;
use crate::clock::now;
use crate::db::{Db, Sql, Value, dialect};
use crate::error::Error;

/// Most events numbered in one transaction.
const BATCH: usize = 500;
/// How long a process may hold the lease without renewing it.
const LEASE: Duration = Duration::from_secs(10);
/// Without being woken it looks this often.
const TICK: Duration = Duration::from_secs(1);
/// After each look it rests, so that a busy minute is numbered in batches.
const REST: Duration = Duration::from_millis(20);

/// Numbers events until `stop`.
pub async fn sequence(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let holder = Uuid::now_v7().to_string();
    let mut woken = app.live.listen();
    while !*stop.borrow() {
        woken.mark_unchanged();
        match pass(&app.db, &holder).await {
            Ok(0) => {}
            Ok(count) => {
                app.live.wake();
                if count == BATCH {
                    continue;
                }
            }
            Err(error) => tracing::error!(%error, "events could not be numbered"),
        }
        tokio::time::sleep(REST).await;
        tokio::select! {
            _ = stop.changed() => {}
            _ = woken.changed() => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }
}

/// Numbers up to a batch of events, if `holder` has or gets the lease; how many.
pub async fn pass(db: &Db, holder: &str) -> Result<usize, Error> {
    let waiting: Option<(i32,)> = db
        .read()
        .maybe("SELECT 1 FROM event_unsequenced LIMIT 1", vec![])
        .await?;
    if waiting.is_none() {
        return Ok(0);
    }
    let holder = holder.to_owned();
    db.write(move |sql| {
        let holder = holder.clone();
        Box::pin(async move {
            if !hold(sql, &holder).await? {
                return Ok(0);
            }
            number(sql).await
        })
    })
    .await
}

/// Numbers all waiting events at once, by time, within the transaction of `sql`: for bulk seeding, where nobody else works
/// and each claim's events are dated in their order.
pub async fn number_all(sql: &mut Sql) -> Result<(), Error> {
    sql.run(
        "INSERT INTO event_sequence (seq, event_id) SELECT \
         (SELECT COALESCE(MAX(seq), 0) FROM event_sequence) + ROW_NUMBER() OVER (ORDER BY e.at, e.claim_id, e.n), e.id \
         FROM event_unsequenced u JOIN event e ON e.id = u.event_id",
        vec![],
    )
    .await?;
    sql.run("DELETE FROM event_unsequenced", vec![]).await?;
    Ok(())
}

async fn hold(sql: &mut Sql, holder: &str) -> Result<bool, Error> {
    let at = now().as_microsecond();
    let until = at + i64::try_from(LEASE.as_micros()).unwrap_or(0);
    let held = sql
        .run(
            "INSERT INTO lease (name, holder, until) VALUES ('sequencer', $1, $2) \
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until \
             WHERE lease.holder = excluded.holder OR lease.until < $3",
            args![holder, until, at],
        )
        .await?;
    Ok(held == 1)
}

/// By time; an event whose predecessor in its claim is dated later – clocks differ – waits for it.
async fn number(sql: &mut Sql) -> Result<usize, Error> {
    let waiting: Vec<(String,)> = sql
        .all(
            "SELECT e.id FROM event_unsequenced u JOIN event e ON e.id = u.event_id \
             WHERE NOT EXISTS (SELECT 1 FROM event b JOIN event_unsequenced v ON v.event_id = b.id \
             WHERE b.claim_id = e.claim_id AND b.n < e.n AND b.at > e.at) \
             ORDER BY e.at, e.claim_id, e.n LIMIT $1",
            args![BATCH],
        )
        .await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let (last,): (i64,) = sql
        .one("SELECT COALESCE(MAX(seq), 0) FROM event_sequence", vec![])
        .await?;
    let mut values: Vec<Value> = Vec::with_capacity(waiting.len() * 2);
    for ((id,), seq) in waiting.iter().zip(last + 1..) {
        values.extend(args![seq, id]);
    }
    let text = format!(
        "INSERT INTO event_sequence (seq, event_id) VALUES {}",
        dialect::rows(waiting.len(), 2)
    );
    sql.run_built(text, values).await?;
    let text = format!(
        "DELETE FROM event_unsequenced WHERE event_id IN ({})",
        dialect::list(1, waiting.len())
    );
    sql.run_built(text, waiting.iter().map(|(id,)| Value::from(id)).collect())
        .await?;
    Ok(waiting.len())
}
