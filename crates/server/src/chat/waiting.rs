//! Cards of what waits already: for a chat that was connected, for somebody who became known to it, for those who act from today on.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use outlay_core::flow::represented;
use outlay_core::ids::{EmployeeId, TaskId};

use super::{ChatJob, is_on};
use crate::app::App;
use crate::args;
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;
use crate::jobs::{self, NewJob};
use crate::people::stored;

/// Has the cards of all that waits sent, within the transaction that connected the chat or took it up again.
pub(super) async fn follow_all(sql: &mut Sql) -> Result<(), Error> {
    let at = now().as_microsecond();
    later(sql, format!("chat-all:{at}"), &ChatJob::All).await
}

/// Has the cards of what waits for somebody sent to them and to those who act for them, within the transaction that made somebody act
/// for them.
pub async fn follow_absence(sql: &mut Sql, who: EmployeeId) -> Result<(), Error> {
    if !is_on(sql).await? {
        return Ok(());
    }
    let at = now().as_microsecond();
    later(sql, format!("chat-waiting:{who}:{at}"), &ChatJob::Waiting(who)).await
}

/// As [`follow_absence`], for all that begin to be away by `today`; once a day.
pub async fn follow_absences(app: &Arc<App>, today: Date) -> Result<(), Error> {
    let org = app.org(&mut app.db.read()).await?;
    // It begins at midnight where the claim's entity is: a day more on both sides holds every zone.
    let near = |day: Date| day.yesterday().is_ok_and(|d| d <= today) && day.tomorrow().is_ok_and(|d| d >= today);
    let begins = org.delegations().iter().filter(|d| near(d.since));
    let away: BTreeSet<EmployeeId> = begins.map(|d| d.from).collect();
    if away.is_empty() {
        return Ok(());
    }
    app.db
        .write(move |sql| {
            let away = away.clone();
            Box::pin(async move {
                if !is_on(sql).await? {
                    return Ok(());
                }
                for who in away {
                    later(sql, format!("chat-waiting:{who}:{today}"), &ChatJob::Waiting(who)).await?;
                }
                Ok(())
            })
        })
        .await
}

async fn later(sql: &mut Sql, key: String, about: &ChatJob) -> Result<(), Error> {
    let job = NewJob {
        kind: "chat",
        key,
        ordering: None,
    };
    jobs::enqueue(sql, job, about).await
}

/// Has the cards sent of all that waits for somebody, or for whom they may act; of all that waits if nobody is named.
pub(super) async fn send(app: &Arc<App>, who: Option<EmployeeId>) -> Result<(), Error> {
    let mut sql = app.db.read();
    let mut tasks: Vec<(String,)> = Vec::new();
    match who {
        Some(who) => {
            let org = app.org(&mut sql).await?;
            let others = represented(org.delegations(), who, day(now(), "UTC"));
            let all: BTreeSet<EmployeeId> = others.iter().map(|d| d.from).chain([who]).collect();
            for one in all {
                let text = "SELECT id FROM task WHERE assignee_id = $1 AND outcome = 'open' ORDER BY opened_at, id";
                tasks.extend(sql.all::<(String,)>(text, args![one]).await?);
            }
        }
        None => {
            let text = "SELECT id FROM task WHERE outcome = 'open' ORDER BY opened_at, id";
            tasks = sql.all(text, args![]).await?;
        }
    }
    drop(sql);
    let at = now().as_microsecond();
    for part in tasks.chunks(200) {
        let part = part.to_vec();
        app.db
            .write(move |sql| {
                let part = part.clone();
                Box::pin(async move {
                    for (id,) in &part {
                        let task: TaskId = stored(id)?;
                        let job = NewJob {
                            kind: "chat",
                            key: format!("chat:{task}:{at}"),
                            ordering: Some(format!("chat:{task}")),
                        };
                        jobs::enqueue(sql, job, &ChatJob::Card(task)).await?;
                    }
                    Ok(())
                })
            })
            .await?;
    }
    Ok(())
}
