//! What administrators see of the outbox.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::args;
use crate::auth::Permit;
use crate::claims::{MailJob, WriteBackJob};
use crate::clock::{moment, now};
use crate::db::{Db, Sql, Value, dialect};
use crate::edits::EditJob;
use crate::error::Error;

/// A job. Neither key nor payload is shown: what it is about is named as people name it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JobView {
    /// Its id.
    pub id: String,
    /// `mail`, `write_back`, `archive` …
    pub kind: String,
    /// The claim's number, or the CRM record's own id.
    pub about: Option<String>,
    /// Where that is shown.
    pub href: Option<String>,
    /// `ready`, `running`, `done`, `dead`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// What went wrong last, or what is to be noted of a job done.
    pub note: Option<String>,
    /// When it was enqueued, RFC 3339.
    pub created_at: String,
    /// When it is due next, if it is ready.
    pub run_at: Option<String>,
    /// When it ended, if it has.
    pub ended_at: Option<String>,
}

/// How many there are.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct JobCounts {
    /// Waiting, those whose kind nobody handles included.
    pub ready: i64,
    /// Under a lease.
    pub running: i64,
    /// Done in the last 24 hours.
    pub done: i64,
    /// Given up.
    pub dead: i64,
}

/// Jobs of one state, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JobsView {
    /// How many of each state.
    pub counts: JobCounts,
    /// At most 100.
    pub jobs: Vec<JobView>,
    /// Pass it as `before` for the next page.
    pub next: Option<String>,
}

/// Which jobs.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct JobsWanted {
    /// `ready`, `running`, `done` or `dead` (as if absent).
    pub state: Option<String>,
    /// The `next` of the page before.
    pub before: Option<String>,
}

const PAGE: usize = 100;

#[derive(serde::Deserialize)]
struct JobRow {
    id: String,
    kind: String,
    payload: String,
    state: String,
    attempts: i64,
    run_at: i64,
    error: Option<String>,
    created_at: i64,
    ended_at: Option<i64>,
}

/// Jobs of a state; for who may [`crate::auth::Action::ManageJobs`].
pub async fn jobs(sql: &mut Sql, _: &Permit, wanted: &JobsWanted) -> Result<JobsView, Error> {
    let state = wanted.state.as_deref().unwrap_or("dead");
    if !["ready", "running", "done", "dead"].contains(&state) {
        return Err(Error::field("state", "unknown"));
    }
    let mut rows: Vec<JobRow> = sql
        .all(
            "SELECT id, kind, payload, state, attempts, run_at, error, created_at, ended_at FROM job \
             WHERE state = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            args![state, wanted.before.as_deref().unwrap_or("g"), PAGE + 1],
        )
        .await?;
    let next = (rows.len() > PAGE).then(|| rows[PAGE - 1].id.clone());
    rows.truncate(PAGE);
    let mut about = About::of(sql, &rows).await?;
    Ok(JobsView {
        counts: counts(sql).await?,
        jobs: rows.into_iter().map(|row| about.view(row)).collect(),
        next,
    })
}

/// How many jobs of each state there are.
pub async fn counts(sql: &mut Sql) -> Result<JobCounts, Error> {
    const DAY: i64 = 86_400_000_000;
    let open: Vec<(String, i64)> = sql
        .all(
            "SELECT state, COUNT(*) FROM job WHERE state IN ('ready', 'running', 'dead') GROUP BY state",
            vec![],
        )
        .await?;
    let (done,): (i64,) = sql
        .one(
            "SELECT COUNT(*) FROM job WHERE state = 'done' AND ended_at > $1",
            args![now().as_microsecond() - DAY],
        )
        .await?;
    let of = |state: &str| open.iter().find(|(s, _)| s == state).map_or(0, |(_, n)| *n);
    Ok(JobCounts {
        ready: of("ready"),
        running: of("running"),
        done,
        dead: of("dead"),
    })
}

/// Makes a dead job ready again, as if it had never been tried.
pub async fn retry(db: &Db, permit: &Permit, id: String) -> Result<(), Error> {
    let (at, actor) = (now().as_microsecond(), permit.actor().clone());
    let action = permit.action();
    db.write(move |sql| {
        let (id, actor) = (id.clone(), actor.clone());
        Box::pin(async move {
            let touched = sql
                .run(
                    "UPDATE job SET state = 'ready', attempts = 0, waits = 0, first_at = NULL, run_at = $1, ended_at = NULL WHERE id = $2 AND state = 'dead'",
                    args![at, &id],
                )
                .await?;
            if touched == 0 {
                return Err(Error::NotFound("job"));
            }
            crate::audit::note(sql, &actor, action, &format!("job:{id}"), "retry").await
        })
    })
    .await
}

/// Makes all dead jobs ready again; how many.
pub async fn retry_all(db: &Db, permit: &Permit) -> Result<u64, Error> {
    let (at, actor) = (now().as_microsecond(), permit.actor().clone());
    let action = permit.action();
    db.write(move |sql| {
        let actor = actor.clone();
        Box::pin(async move {
            let touched = sql
                .run(
                    "UPDATE job SET state = 'ready', attempts = 0, waits = 0, first_at = NULL, run_at = $1, ended_at = NULL WHERE state = 'dead'",
                    args![at],
                )
                .await?;
            crate::audit::note(sql, &actor, action, "job:dead", &format!("retry {touched}")).await?;
            Ok(touched)
        })
    })
    .await
}

/// What jobs are about: (kind of thing, id) → (name, address).
struct About(BTreeMap<(&'static str, String), (String, String)>);

fn subject(row: &JobRow) -> Option<(&'static str, String)> {
    match row.kind.as_str() {
        "mail" => serde_json::from_str::<MailJob>(&row.payload)
            .ok()
            .map(|j| ("claim", j.claim)),
        "archive" | "todo" => serde_json::from_str(&row.payload).ok().map(|id| ("claim", id)),
        "write_back" => {
            let job: WriteBackJob = serde_json::from_str(&row.payload).ok()?;
            Some((if job.object == "deal" { "deal" } else { "account" }, job.id))
        }
        "edit" => {
            let job: EditJob = serde_json::from_str(&row.payload).ok()?;
            let kinds = ["deal", "account", "contact"].into_iter();
            kinds
                .filter(|kind| *kind == job.object)
                .map(|kind| (kind, job.id.clone()))
                .next()
        }
        _ => None,
    }
}

impl About {
    async fn of(sql: &mut Sql, rows: &[JobRow]) -> Result<About, Error> {
        let mut known = BTreeMap::new();
        for (object, select) in [
            ("claim", "SELECT id, number FROM claim"),
            ("deal", "SELECT id, external_id FROM deal"),
            ("account", "SELECT id, external_id FROM account"),
            ("contact", "SELECT id, external_id FROM contact"),
        ] {
            let ids: Vec<Value> = rows
                .iter()
                .filter_map(subject)
                .filter(|(o, _)| *o == object)
                .map(|(_, id)| Value::from(id))
                .collect();
            if ids.is_empty() {
                continue;
            }
            let text = format!("{select} WHERE id IN ({})", dialect::list(1, ids.len()));
            let found: Vec<(String, String)> = sql.all_built(text, ids).await?;
            for (id, name) in found {
                let href = match object {
                    "claim" => format!("/claims/{name}"),
                    "deal" => format!("/crm/deals/{id}"),
                    "contact" => format!("/crm/contacts/{id}"),
                    _ => format!("/crm/accounts/{id}"),
                };
                known.insert((object, id), (name, href));
            }
        }
        Ok(About(known))
    }

    fn view(&mut self, row: JobRow) -> JobView {
        let (about, href) = subject(&row).and_then(|s| self.0.get(&s).cloned()).unzip();
        JobView {
            id: row.id,
            kind: row.kind,
            about,
            href,
            run_at: (row.state == "ready").then(|| moment(row.run_at).to_string()),
            state: row.state,
            attempts: row.attempts,
            note: row.error,
            created_at: moment(row.created_at).to_string(),
            ended_at: row.ended_at.map(|at| moment(at).to_string()),
        }
    }
}
