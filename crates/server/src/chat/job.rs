//! The handler of `chat` jobs. It looks at what is now, so that a job that comes late or again does no harm.

use std::sync::Arc;

use outlay_connect::chat::Chat;
use outlay_core::canonical;
use outlay_core::claim::Claim;
use outlay_core::flow::deputies;
use outlay_core::ids::{EmployeeId, TaskId};
use outlay_core::org::Org;
use outlay_core::words::Lang;
use sha2::{Digest, Sha256};

use super::config::{Config, words};
use super::{ChatJob, account, card, waiting};
use crate::app::App;
use crate::args;
use crate::clock::{day, now};
use crate::error::Error;
use crate::inbox::claim_of;
use crate::jobs::{Done, Failed, Job};
use crate::people::stored;
use crate::shell::W;

/// The note on a job that sent nothing since there is no chat.
pub const NO_CHAT: &str = "not sent: no chat connected";
/// The note on a job about a task that has ended before there was a card, or whose card cannot be changed any more.
pub const NOT_NEEDED: &str = "not sent: no longer needed";
/// The note on a job about somebody whom the chat does not know.
pub const UNKNOWN: &str = "not sent: the chat knows nobody by this mail address or mobile number";

/// The handler of `chat` jobs.
pub async fn job(app: Arc<App>, job: Job) -> Result<Done, Failed> {
    let about: ChatJob = serde_json::from_str(&job.payload).map_err(|e| Failed::Never(e.to_string()))?;
    let Some(config) = Config::active(&mut app.db.read()).await? else {
        return Ok(Some(NO_CHAT.to_owned()));
    };
    let chat = config.open(&app)?;
    match about {
        ChatJob::Card(task) => bring(&app, &config, chat.as_ref(), task).await.map_err(failed),
        ChatJob::Waiting(who) => waiting::send(&app, Some(who)).await.map(|()| None).map_err(failed),
        ChatJob::All => waiting::send(&app, None).await.map(|()| None).map_err(failed),
        ChatJob::Find(who) => {
            let org = app.org(&mut app.db.read()).await?;
            let Some(employee) = org.employee(who) else {
                return Ok(Some(NOT_NEEDED.to_owned()));
            };
            let found = account::find(&app, config.kind.code, chat.as_ref(), employee, true).await;
            let found = found.map_err(failed)?;
            if found.is_some() {
                waiting::send(&app, Some(who)).await.map_err(failed)?;
            }
            app.live.wake();
            Ok(found.is_none().then(|| UNKNOWN.to_owned()))
        }
    }
}

fn failed(error: Error) -> Failed {
    let Error::Crm(error) = error else { return error.into() };
    match &error {
        outlay_connect::Error::Refused { .. } => Failed::Never(words(&error)),
        outlay_connect::Error::Broken(_) => Failed::Again(words(&error)),
        _ => Failed::Later {
            after: error.retry_after(),
            error: words(&error),
        },
    }
}

/// Brings the cards of a task to what it is now: that of whoever is asked, and of each who may act for them; those of who may no longer
/// are over.
async fn bring(app: &Arc<App>, config: &Config, chat: &dyn Chat, task: TaskId) -> Result<Done, Error> {
    let mut sql = app.db.read();
    let claim = claim_of(&mut sql, &task.to_string()).await?;
    let org = app.org(&mut sql).await?;
    let (assignee,): (String,) = sql
        .one("SELECT assignee_id FROM task WHERE id = $1", args![task])
        .await?;
    let assignee: EmployeeId = stored(&assignee)?;
    let zone = org.entity(claim.content.entity).map_or("UTC", |e| e.zone.as_str());
    let others = deputies(org.delegations(), assignee, &claim.content, day(now(), zone));
    let may: Vec<EmployeeId> = std::iter::once(assignee).chain(others).collect();
    let sent: Vec<(String, String, String)> = sql
        .all(
            "SELECT employee_id, message, shows FROM chat_card WHERE task_id = $1 ORDER BY at, employee_id",
            args![task],
        )
        .await?;
    drop(sql);
    let mut had = Vec::new();
    for (who, message, shows) in sent {
        had.push((stored::<EmployeeId>(&who)?, (message, shows)));
    }
    let mut all = may.clone();
    all.extend(had.iter().map(|(who, _)| *who).filter(|who| !may.contains(who)));
    let (mut done, mut wrong) = (Vec::new(), None);
    for who in all {
        let card = had.iter().find(|(h, _)| *h == who).map(|(_, card)| card.clone());
        let one = OneCard {
            task,
            who,
            assignee,
            may: may.contains(&who),
            card,
        };
        // One whom the chat refuses does not hold up the others.
        match one.bring(app, config, chat, &claim, &org).await {
            Ok(note) => done.push(note),
            Err(error) => wrong = Some(error),
        }
    }
    match wrong {
        Some(error) => Err(error),
        // The note is of whoever is asked, unless somebody got a card in their stead.
        None if done.iter().skip(1).any(Option::is_none) => Ok(None),
        None => Ok(done.into_iter().next().flatten()),
    }
}

/// A task's card for one person.
struct OneCard {
    task: TaskId,
    who: EmployeeId,
    assignee: EmployeeId,
    may: bool,
    card: Option<(String, String)>,
}

impl OneCard {
    async fn bring(
        self,
        app: &Arc<App>,
        config: &Config,
        chat: &dyn Chat,
        claim: &Claim,
        org: &Org,
    ) -> Result<Done, Error> {
        let (task, who) = (self.task, self.who);
        let employee = org.employee(who).ok_or(Error::NotFound("employee"))?;
        let w = W(Lang::parse(&employee.locale).unwrap_or_default());
        let mut sql = app.db.read();
        let mut card = card::shown(&mut sql, app, w, claim, task).await?;
        drop(sql);
        if !self.may {
            card::withdraw(w, &mut card);
        } else if who != self.assignee {
            let name = org.employee(self.assignee).map(|e| e.name.clone()).unwrap_or_default();
            card.facts.push((w.t("chat-for"), name));
        }
        let shows = shows(&card);
        let message = match self.card {
            Some((_, before)) if before == shows => return Ok(None),
            Some((message, _)) => {
                if !chat.update(&message, &card).await? {
                    return Ok(Some(NOT_NEEDED.to_owned()));
                }
                message
            }
            None if card.ask.is_none() || !employee.active => return Ok(Some(NOT_NEEDED.to_owned())),
            None => {
                let account = account::find(app, config.kind.code, chat, employee, false).await?;
                let Some(account) = account else {
                    return Ok(Some(UNKNOWN.to_owned()));
                };
                chat.send(&account, &card, &format!("chat:{task}:{who}")).await?
            }
        };
        let kind = config.kind.code;
        app.db
            .write(move |sql| {
                let (message, shows) = (message.clone(), shows.clone());
                Box::pin(async move {
                    sql.run(
                        "INSERT INTO chat_card (task_id, employee_id, kind, message, shows, at) VALUES ($1, $2, $3, $4, $5, $6) \
                         ON CONFLICT (task_id, employee_id) DO UPDATE SET shows = excluded.shows, at = excluded.at",
                        args![task, who, kind, message, shows, now().as_microsecond()],
                    )
                    .await?;
                    Ok(())
                })
            })
            .await?;
        Ok(None)
    }
}

/// A short text that differs where cards do.
fn shows(card: &outlay_connect::chat::Card) -> String {
    let ask = card.ask.as_ref().map(|a| (&a.task, &a.hash));
    let of = (&card.title, &card.facts, &card.note, ask);
    hex::encode(Sha256::digest(canonical::json(&of)))
}
