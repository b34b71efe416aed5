//! Deciding from a chat: a card when a task opens, for the one who is asked and those who act for them, changed in place until the task
//! has ended; whoever becomes known later gets the cards of what waits for them. A press that comes back signed is decided by
//! the same door as all else, as the person whose account it is, and only on the content that the card showed.

mod account;
mod api;
mod card;
mod config;
mod job;
mod pages;
mod press;
mod waiting;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};
use outlay_core::claim::Claim;
use outlay_core::ids::{EmployeeId, TaskId};
use serde::{Deserialize, Serialize};

pub use account::{AccountView, of as account_of};
pub use api::Api;
pub use job::{NO_CHAT, NOT_NEEDED, UNKNOWN, job};
pub use waiting::{follow_absence, follow_absences};

use crate::app::App;
use crate::args;
use crate::db::Sql;
use crate::error::Error;
use crate::jobs::{self, NewJob};

/// The largest delivery, in bytes.
const MAX_BODY: usize = 256 << 10;

/// Pages, API and the address for what a chat sends.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/chat", get(pages::page).post(pages::save))
        .route("/settings/chat/{kind}/test", post(pages::test))
        .route("/settings/chat/{kind}/pause", post(pages::pause))
        .route("/settings/chat/{kind}/resumption", post(pages::resume))
        .route("/settings/people/{id}/chat", post(pages::set_mobile))
        .route("/api/v1/chats", get(api::list))
        .route("/api/v1/chats/{kind}", put(api::replace))
        .route("/api/v1/chats/{kind}/test", post(api::test))
        .route("/api/v1/chats/{kind}/pause", post(api::pause).delete(api::resume))
        .route("/api/v1/employees/{id}/chat", put(api::set_mobile))
        .route(
            "/hooks/chat/{kind}",
            post(press::deliver).layer(DefaultBodyLimit::max(MAX_BODY)),
        )
}

/// What a `chat` job is about.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatJob {
    /// Brings the cards of a task to what the task is now.
    Card(TaskId),
    /// Sends the cards of all that waits for somebody, or for those for whom they may act.
    Waiting(EmployeeId),
    /// Sends the cards of all that waits.
    All,
    /// Looks for somebody's account.
    Find(EmployeeId),
}

/// Whether a chat is connected and not left alone.
async fn is_on(sql: &mut Sql) -> Result<bool, Error> {
    let row: Option<(String,)> = sql
        .maybe("SELECT kind FROM chat WHERE NOT paused LIMIT 1", args![])
        .await?;
    Ok(row.is_some())
}

/// Has the cards of tasks brought up to date that opened, ended, or show what the claim no longer says; within the commit of the
/// claim.
pub async fn follow(sql: &mut Sql, before: Option<&Claim>, claim: &Claim) -> Result<(), Error> {
    let changed = before.is_some_and(|b| b.content != claim.content);
    let was: Vec<TaskId> = before
        .map(|b| b.open_tasks().map(|t| t.id).collect())
        .unwrap_or_default();
    let now: Vec<TaskId> = claim.open_tasks().map(|t| t.id).collect();
    let ended = was.iter().filter(|id| !now.contains(id));
    let moved = now.iter().filter(|id| changed || !was.contains(id));
    let all: Vec<TaskId> = ended.chain(moved).copied().collect();
    if all.is_empty() || !is_on(sql).await? {
        return Ok(());
    }
    for task in all {
        let job = NewJob {
            kind: "chat",
            key: format!("chat:{task}:{}", claim.n),
            ordering: Some(format!("chat:{task}")),
        };
        jobs::enqueue(sql, job, &ChatJob::Card(task)).await?;
    }
    Ok(())
}
