//! Time limits of steps, and open tasks after the organisation changed; until the process ends.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use outlay_core::claim::{Command, Refusal};
use outlay_core::ids::ClaimId;
use tokio::sync::watch;

use super::{act, reassign, store};
use crate::app::App;
use crate::args;
use crate::auth::Permit;
use crate::chat;
use crate::clock::{day, now};
use crate::error::Error;
use crate::people::stored;

/// How often it is looked whether a time limit is over.
const EVERY: Duration = Duration::from_secs(20);
/// How soon at least, and how late at most, something is tried again that could not be carried out.
const AGAIN: [SignedDuration; 2] = [SignedDuration::from_mins(1), SignedDuration::from_hours(24)];

/// Does what is due, until `stop`. Several processes may do so: whoever comes second finds nothing due.
pub async fn keep_time(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    // The organisation and the day of the last look; and whether it is to be looked once more, for what was decided on meanwhile.
    let (mut known, mut again) = (None, false);
    while !*stop.borrow() {
        if let Err(error) = tick(&app).await {
            tracing::error!(%error, "time limits of steps");
        }
        let today = day(now(), "UTC");
        match app.db.read().mark("org").await {
            Ok(n) if known == Some((n, today)) && !again => {}
            Ok(n) => match reassign(&app).await {
                Ok(_) => {
                    if known.is_none_or(|(_, last)| last != today)
                        && let Err(error) = chat::follow_absences(&app, today).await
                    {
                        tracing::error!(%error, "cards for those who act for others from today");
                    }
                    again = known != Some((n, today));
                    known = Some((n, today));
                }
                Err(error) => tracing::error!(%error, "open tasks after a change of the organisation"),
            },
            Err(error) => tracing::error!(%error, "the organisation could not be looked at"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Every time limit that is over by now; how many claims that moved.
pub async fn tick(app: &Arc<App>) -> Result<usize, Error> {
    let due: Vec<(String,)> = app
        .db
        .read()
        .all(
            "SELECT id FROM claim WHERE due_at <= $1 ORDER BY due_at, id LIMIT 500",
            args![now().as_microsecond()],
        )
        .await?;
    let due = due.iter().map(|(id,)| stored(id)).collect::<Result<_, _>>()?;
    all(app, due, "time", Command::Tick).await
}

/// Has something done with each of some claims, by the system; how many that moved.
pub(super) async fn all(app: &Arc<App>, claims: Vec<ClaimId>, part: &str, command: Command) -> Result<usize, Error> {
    let permit = Permit::system(part, "keepTime");
    let mut moved = 0;
    for id in claims {
        match act(app, &permit, id, command.clone()).await {
            Ok(_) => moved += 1,
            Err(Error::Refused(Refusal::NothingDue | Refusal::State { .. }) | Error::Conflict) => {}
            Err(error) => {
                tracing::warn!(%error, claim = %id, "a claim could not be moved on");
                if command == Command::Tick {
                    put_off(app, id).await?;
                }
            }
        }
    }
    Ok(moved)
}

/// A time limit that cannot be carried out is tried again once it is late twice as long as now: ever more seldom, a day apart
/// at most.
async fn put_off(app: &Arc<App>, claim: ClaimId) -> Result<(), Error> {
    let at = now();
    // A claim that cannot even be read waits the longest.
    let known = store::load(&mut app.db.read(), claim).await.ok();
    let late = known
        .and_then(|claim| claim.next_timer())
        .map_or(AGAIN[1], |due| at.duration_since(due).clamp(AGAIN[0], AGAIN[1]));
    let (at, next) = (at.as_microsecond(), (at + late).as_microsecond());
    app.db
        .write(move |sql| {
            Box::pin(async move {
                // Whoever moved the claim meanwhile has set its next time.
                let text = "UPDATE claim SET due_at = $1 WHERE id = $2 AND due_at <= $3";
                sql.run(text, args![next, claim, at]).await?;
                Ok(())
            })
        })
        .await
}
