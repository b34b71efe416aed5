//! Trying a draft on what was decided: past claims are replayed under it as a job, with golden cases beside.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use outlay_core::flow::Flow;
use outlay_core::history::Report;
use outlay_core::ids::EntityId;
use outlay_core::org::Org;
use outlay_core::policy::Policy;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::draft::{Kind, RulesDraft};
use super::golden::{self, Golden};
use crate::app::App;
use crate::args;
use crate::auth::Permit;
use crate::clock::{day, moment, now};
use crate::db::Sql;
use crate::error::Error;
use crate::history::{Tried, Wanted, simulate};
use crate::jobs::{self, Done, Failed, Job, NewJob};
use crate::people::stored;

/// What was found when a draft was tried.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Findings {
    /// Past claims, replayed.
    pub replay: Report,
    /// Golden cases.
    pub golden: Golden,
}

/// A trial of a draft.
#[derive(Debug, Clone)]
pub struct Trial {
    /// Its id.
    pub id: String,
    /// Of which draft.
    pub draft: String,
    /// Which save of it.
    pub version: i64,
    /// The first day looked at.
    pub from: Date,
    /// The last.
    pub to: Date,
    /// `running`, `done`, `failed`.
    pub state: String,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What was found, once it is done.
    pub found: Option<Findings>,
}

type Row = (
    String,
    String,
    i64,
    String,
    String,
    String,
    i64,
    Option<i64>,
    Option<String>,
);

const COLUMNS: &str =
    "SELECT id, draft_id, version, from_day, to_day, state, started_at, ended_at, report FROM rules_trial";

fn read((id, draft, version, from, to, state, started, ended, report): Row) -> Result<Trial, Error> {
    Ok(Trial {
        id,
        draft,
        version,
        from: stored(&from)?,
        to: stored(&to)?,
        state,
        started_at: moment(started),
        ended_at: ended.map(moment),
        found: report.as_deref().map(serde_json::from_str).transpose()?,
    })
}

impl Trial {
    /// The last trial of a draft.
    pub async fn last(sql: &mut Sql, draft: &str) -> Result<Option<Trial>, Error> {
        let text = format!("{COLUMNS} WHERE draft_id = $1 ORDER BY id DESC LIMIT 1");
        let rows: Vec<Row> = sql.all_built(text, args![draft]).await?;
        rows.into_iter().next().map(read).transpose()
    }

    async fn load(sql: &mut Sql, id: &str) -> Result<Trial, Error> {
        let rows: Vec<Row> = sql.all_built(format!("{COLUMNS} WHERE id = $1"), args![id]).await?;
        read(rows.into_iter().next().ok_or(Error::NotFound("trial"))?)
    }

    /// Whether it ended without a result.
    pub fn failed(&self) -> bool {
        self.state == "failed"
    }

    /// Whether it is under way.
    pub fn runs(&self) -> bool {
        self.state == "running"
    }
}

/// The year that ends today, where the entity is.
pub fn last_year(org: &Org, entity: EntityId) -> (Date, Date) {
    let zone = org.entity(entity).map_or("UTC", |e| e.zone.as_str());
    let today = day(now(), zone);
    let from = today
        .saturating_sub(Span::new().years(1))
        .saturating_add(Span::new().days(1));
    (from, today)
}

/// A draft's rules, as they would be published.
pub fn candidate(draft: &RulesDraft) -> Result<Tried, Error> {
    let body = draft.stamped();
    let unsound = |e: &dyn std::fmt::Display| Error::Broken(format!("the rules draft {} is not sound: {e}", draft.id));
    Ok(match draft.kind {
        Kind::Policy => Tried {
            policy: Some(Policy::from_yaml(&body).map_err(|e| unsound(&e))?),
            flow: None,
        },
        Kind::Flow => Tried {
            policy: None,
            flow: Some(Flow::from_yaml(&body).map_err(|e| unsound(&e))?),
        },
    })
}

/// Asks for a trial of a draft as it is saved, over a period; within the transaction of `sql`. Its text must be sound.
pub async fn begin_in(
    sql: &mut Sql,
    permit: &Permit,
    draft: &RulesDraft,
    (from, to): (Date, Date),
) -> Result<(), Error> {
    if from > to {
        return Err(Error::field("to", "before-from"));
    }
    let id = Uuid::now_v7().to_string();
    sql.run(
        "INSERT INTO rules_trial (id, draft_id, version, from_day, to_day, state, asked_by, started_at) \
         VALUES ($1, $2, $3, $4, $5, 'running', $6, $7)",
        args![
            &id,
            &draft.id,
            draft.version,
            from,
            to,
            permit.actor().employee(),
            now().as_microsecond()
        ],
    )
    .await?;
    let job = NewJob {
        kind: "trial",
        key: format!("trial:{id}"),
        ordering: Some(format!("trial:{}", draft.id)),
    };
    jobs::enqueue(sql, job, &id).await
}

/// As [`begin_in`], in a transaction of its own.
pub async fn begin(app: &App, permit: Permit, draft: RulesDraft, period: (Date, Date)) -> Result<(), Error> {
    let org = app.org(&mut app.db.read()).await?;
    let problems = draft.problems(&org);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    app.db
        .write(move |sql| {
            let (permit, draft) = (permit.clone(), draft.clone());
            Box::pin(async move { begin_in(sql, &permit, &draft, period).await })
        })
        .await
}

/// Carries a trial out, and keeps what was found.
pub async fn job(app: Arc<App>, job: Job) -> Result<Done, Failed> {
    let id: String = serde_json::from_str(&job.payload).map_err(|e| Failed::Never(e.to_string()))?;
    let found = find(&app, &id).await;
    let (state, report, note) = match found {
        Ok(Some(found)) => ("done", Some(serde_json::to_string(&found).map_err(Error::from)?), None),
        Ok(None) => ("failed", None, Some("the draft was saved meanwhile".to_owned())),
        Err(error @ (Error::Invalid(_) | Error::NotFound(_) | Error::Broken(_))) => {
            ("failed", None, Some(error.to_string()))
        }
        Err(error) => return Err(error.into()),
    };
    app.db
        .write(move |sql| {
            let values = args![state, report.clone(), now().as_microsecond(), &id];
            Box::pin(async move {
                sql.run(
                    "UPDATE rules_trial SET state = $1, report = $2, ended_at = $3 WHERE id = $4",
                    values,
                )
                .await?;
                Ok(())
            })
        })
        .await?;
    app.live.wake();
    Ok(note)
}

/// None if the draft was saved since the trial was asked for.
async fn find(app: &Arc<App>, id: &str) -> Result<Option<Findings>, Error> {
    let mut sql = app.db.read();
    let trial = Trial::load(&mut sql, id).await?;
    let draft = RulesDraft::load(&mut sql, &trial.draft).await?;
    if draft.version != trial.version {
        return Ok(None);
    }
    let wanted = Wanted {
        entity: draft.entity,
        from: trial.from,
        to: trial.to,
    };
    let golden = golden::run(&mut sql, app, &draft).await?;
    let replay = simulate(app, wanted, candidate(&draft)?, |_| {}).await?;
    Ok(Some(Findings { replay, golden }))
}
