//! POST /hooks/chat/{kind}: somebody pressed. The delivery is proven, kept and answered; what it asks is decided at once, since that is
//! our own database alone, and told on the card. The card in the chat is changed by the outbox, too.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use outlay_connect::Hook;
use outlay_connect::chat::{Act, Card, Delivery, Press, Toast};
use outlay_core::claim::{Command, Refusal, Status};
use outlay_core::ids::{EmployeeId, TaskId};
use outlay_core::words::Lang;
use serde_json::{Value, json};

use super::config::Config;
use super::{account, card};
use crate::app::App;
use crate::args;
use crate::auth::{Action, Person, Resource};
use crate::claims::{self, store};
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;
use crate::inbox::claim_of;
use crate::shell::W;

/// Takes a delivery. 401 if it does not prove where it comes from, 404 if no such chat is connected.
pub async fn deliver(
    State(app): State<Arc<App>>,
    Path(kind): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Error> {
    let config = Config::load(&mut app.db.read(), &kind).await?;
    let config = config.filter(|c| !c.paused).ok_or(Error::NotFound("hook"))?;
    let chat = config.open(&app)?;
    let texts = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let url = format!("{}/hooks/chat/{kind}", app.config.public_url());
    let hook = Hook {
        method: "POST",
        url: &url,
        headers: &texts.collect::<Vec<_>>(),
        body: &body,
        at: now(),
    };
    let delivery = chat.receive(&hook).map_err(|error| match error {
        outlay_connect::Error::Auth(_) => Error::Unauthenticated,
        _ => Error::field("body", "unknown"),
    })?;
    match delivery {
        Delivery::Hello(answer) => Ok(Json(answer)),
        Delivery::Other => Ok(Json(json!({}))),
        Delivery::Presses(presses) => {
            let mut answer = json!({});
            // One that cannot be carried out does not hold up the others.
            for press in &presses {
                let (toast, card) = taken(&app, config.kind.code, press).await.unwrap_or_else(|error| {
                    tracing::error!(%error, "a press in a chat");
                    let text = W(Lang::default()).t("chat-said-failed");
                    (Toast { done: false, text }, None)
                });
                answer = chat.answer(&toast, card.as_ref());
            }
            Ok(Json(answer))
        }
    }
}

/// Carries a press out, once, and says what came of it, with the card for who may see it.
async fn taken(app: &Arc<App>, kind: &'static str, press: &Press) -> Result<(Toast, Option<Card>), Error> {
    let org = app.org(&mut app.db.read()).await?;
    let who = account::owner(&mut app.db.read(), &org, kind, &press.account).await?;
    let Some(who) = who else {
        let text = W(Lang::default()).t("chat-said-stranger");
        return Ok((Toast { done: false, text }, None));
    };
    let locale = org.employee(who).map(|e| e.locale.clone()).unwrap_or_default();
    let w = W(Lang::parse(&locale).unwrap_or_default());
    let (done, said) = match once(app, kind, who, press).await {
        // Somebody else came between our reading and our writing: looking again tells what they did.
        Err(Error::Conflict) => once(app, kind, who, press).await?,
        other => other?,
    };
    app.live.wake();
    let toast = Toast {
        done,
        text: w.t(&format!("chat-said-{said}")),
    };
    let mut sql = app.db.read();
    let claim = claim_of(&mut sql, &press.task).await?;
    let facts = store::facts(&claim);
    let person = Person::of(&org, who, day(now(), "UTC"))?;
    if !app.rights.may(&person, Action::ReadClaim, &Resource::Claim(&facts)) {
        return Ok((toast, None));
    }
    let task: TaskId = press.task.parse().map_err(|_| Error::NotFound("task"))?;
    Ok((toast, Some(card::shown(&mut sql, app, w, &claim, task).await?)))
}

/// Decides a press by its event and task, or says what came of it when it came first. Two tasks under one event are two presses.
async fn once(app: &Arc<App>, kind: &'static str, who: EmployeeId, press: &Press) -> Result<(bool, String), Error> {
    let (shared, press) = (app.clone(), press.clone());
    app.db
        .write(move |sql| {
            let (app, press) = (shared.clone(), press.clone());
            Box::pin(async move {
                claim_of(sql, &press.task).await?;
                let new = sql
                    .run(
                        "INSERT INTO chat_press (kind, event, task_id, employee_id, done, said, at) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (kind, event, task_id) DO NOTHING",
                        args![
                            kind,
                            &press.event,
                            &press.task,
                            who,
                            false,
                            "failed",
                            now().as_microsecond()
                        ],
                    )
                    .await?;
                let key = args![kind, &press.event, &press.task];
                if new == 0 {
                    let text = "SELECT done, said FROM chat_press WHERE kind = $1 AND event = $2 AND task_id = $3";
                    return Ok(sql.one(text, key).await?);
                }
                let (done, said) = match decide(sql, &app, who, &press).await {
                    Ok(()) if press.act == Act::Approve => (true, "approved"),
                    Ok(()) => (true, "rejected"),
                    Err(error) => (false, code(error)?),
                };
                sql.run(
                    "UPDATE chat_press SET done = $4, said = $5 WHERE kind = $1 AND event = $2 AND task_id = $3",
                    key.into_iter().chain(args![done, said]).collect(),
                )
                .await?;
                Ok((done, said.to_owned()))
            })
        })
        .await
}

/// The word for what was refused; anything else remains an error, and the press may come again.
fn code(error: Error) -> Result<&'static str, Error> {
    match error {
        Error::Refused(Refusal::Changed) => Ok("changed"),
        Error::Refused(Refusal::TaskClosed | Refusal::State { .. }) => Ok("decided"),
        Error::Refused(Refusal::ReasonMissing) => Ok("reason"),
        Error::Refused(Refusal::NotYours | Refusal::Duties) | Error::Forbidden(_) => Ok("forbidden"),
        Error::Refused(_) | Error::Invalid(_) => Ok("other"),
        other => Err(other),
    }
}

async fn decide(sql: &mut Sql, app: &App, who: EmployeeId, press: &Press) -> Result<(), Error> {
    let claim = claim_of(sql, &press.task).await?;
    let task: TaskId = press.task.parse().map_err(|_| Error::NotFound("task"))?;
    let org = app.org(sql).await?;
    let person = Person::of(&org, who, day(now(), "UTC"))?;
    let facts = store::facts(&claim);
    let permit = app
        .rights
        .check(&person, Action::DecideClaim, &Resource::Claim(&facts))?;
    if claim.status() != Status::InReview || !claim.open_tasks().any(|t| t.id == task) {
        return Err(Refusal::TaskClosed.into());
    }
    if claim.content.hash() != press.hash {
        return Err(Refusal::Changed.into());
    }
    let said = press.reason.trim().to_owned();
    let command = match press.act {
        Act::Approve => Command::Approve {
            task,
            hash: press.hash.clone(),
            comment: said,
        },
        Act::Reject if said.is_empty() => return Err(Refusal::ReasonMissing.into()),
        Act::Reject => Command::Reject { task, reason: said },
    };
    claims::act_in(sql, app, &permit, claim.id, command).await?;
    Ok(())
}
