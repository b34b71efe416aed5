//! Leases by name: of several processes one does a recurring work at a time, and another takes over when it dies.

use std::time::Duration;

use uuid::Uuid;

use crate::app::App;
use crate::args;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;

/// A holder that shows no sign of life for so long is dead, and another may begin.
const LEASE: Duration = Duration::from_secs(180);

fn micros() -> i64 {
    i64::try_from(LEASE.as_micros()).unwrap_or(i64::MAX)
}

/// Takes a lease that nobody else holds, or whose holder has gone; [`Error::Conflict`] if it is held.
pub async fn take(sql: &mut Sql, name: &str, holder: &str) -> Result<(), Error> {
    let at = now().as_microsecond();
    let got = sql
        .run(
            "INSERT INTO lease (name, holder, until) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET \
             holder = excluded.holder, until = excluded.until WHERE lease.until < $4 OR lease.holder = $2",
            args![name, holder, at + micros(), at],
        )
        .await?;
    if got == 0 { Err(Error::Conflict) } else { Ok(()) }
}

/// Holds a lease for longer; [`Error::Conflict`] if somebody else has it by now.
pub async fn hold(sql: &mut Sql, name: &str, holder: &str) -> Result<(), Error> {
    let until = now().as_microsecond() + micros();
    let held = sql
        .run(
            "UPDATE lease SET until = $1 WHERE name = $2 AND holder = $3",
            args![until, name, holder],
        )
        .await?;
    if held == 0 { Err(Error::Conflict) } else { Ok(()) }
}

/// Lets go of a lease.
pub async fn free(sql: &mut Sql, name: &str, holder: &str) -> Result<(), Error> {
    sql.run("DELETE FROM lease WHERE name = $1 AND holder = $2", args![name, holder])
        .await?;
    Ok(())
}

/// Does `work` under the lease `name`, which is held on to however long it takes. [`Error::Conflict`] if somebody else
/// holds it, or has got it meanwhile; the work is broken off then.
pub async fn under<T>(app: &App, name: String, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let holder = Uuid::now_v7().to_string();
    let (at, by) = (name.clone(), holder.clone());
    app.db
        .write(move |sql| {
            let (at, by) = (at.clone(), by.clone());
            Box::pin(async move { take(sql, &at, &by).await })
        })
        .await?;
    let result = tokio::select! {
        done = work => done,
        () = lost(app, &name, &holder) => Err(Error::Conflict),
    };
    app.db
        .write(move |sql| {
            let (name, holder) = (name.clone(), holder.clone());
            Box::pin(async move { free(sql, &name, &holder).await })
        })
        .await?;
    result
}

/// Holds a lease until somebody else has it.
async fn lost(app: &App, name: &str, holder: &str) {
    loop {
        tokio::time::sleep(LEASE / 6).await;
        let (name, holder) = (name.to_owned(), holder.to_owned());
        let held = app.db.write(move |sql| {
            let (name, holder) = (name.clone(), holder.clone());
            Box::pin(async move { hold(sql, &name, &holder).await })
        });
        match held.await {
            Err(Error::Conflict) => return,
            Err(error) => tracing::warn!(%error, "a lease could not be held on to"),
            Ok(()) => {}
        }
    }
}
