//! What is watched, as page and API show it.

use std::sync::Arc;

use outlay_core::claim::{Claim, Progress};
use outlay_core::flow::LateAct;
use outlay_core::ids::EntityId;
use outlay_core::org::Org;
use outlay_core::words::{Lang, Text};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::args;
use crate::auth::{Action, Resource, Visitor};
use crate::clock::{moment, now};
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::people::stored;

const HOUR: i64 = 3_600_000_000;
/// Approvers listed.
const MOST: usize = 20;
/// Claims listed that hang.
const MOST_STUCK: usize = 100;

/// What to look at.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
pub struct WatchQuery {
    /// One legal entity, by its id; all that you may watch if empty.
    pub entity: String,
    /// Days back for what ended, 1 to 366; 30 if absent.
    pub days: Option<u32>,
    /// The target for an answer, in hours, 1 to 1000; 48 if absent.
    pub target: Option<u32>,
}

/// The state of the approvals.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WatchView {
    /// Days back for what ended.
    pub days: u32,
    /// The target for an answer, in hours.
    pub target: u32,
    /// Claims under way, by state and age.
    pub runs: Vec<AgeRow>,
    /// Who has open tasks, the most first.
    pub approvers: Vec<ApproverRow>,
    /// How long each step of a run takes.
    pub steps: Vec<StepRow>,
    /// Claims that nobody can act on.
    pub stuck: Vec<StuckRow>,
    /// What rules found in submissions.
    pub rules: Vec<RuleRow>,
}

/// Claims of a state, by days since they were handed in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AgeRow {
    /// The state.
    pub status: String,
    /// Less than a day.
    pub day: i64,
    /// One to three days.
    pub three: i64,
    /// Three to seven days.
    pub week: i64,
    /// A week or more.
    pub older: i64,
}

/// Somebody who is asked.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApproverRow {
    /// Their name.
    pub name: String,
    /// Their open tasks.
    pub open: i64,
    /// Since when the oldest is open, RFC 3339.
    pub oldest: Option<String>,
    /// Tasks that they answered in the period.
    pub answered: i64,
    /// Hours that an answer took on average.
    pub hours: Option<i64>,
    /// Percent answered within the target.
    pub kept: Option<i64>,
}

/// A step of runs, by its name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StepRow {
    /// Its name, in the reader's language.
    pub name: String,
    /// Open tasks.
    pub open: i64,
    /// Tasks answered in the period.
    pub answered: i64,
    /// Hours that an answer took on average.
    pub hours: Option<i64>,
    /// Percent answered within the target.
    pub kept: Option<i64>,
}

/// A claim that nobody can act on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StuckRow {
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Since when it was not changed, RFC 3339.
    pub since: String,
    /// Whether asking those who stand in would free it.
    pub can_repair: bool,
}

/// A rule that spoke.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RuleRow {
    /// Its id.
    pub rule: String,
    /// What people call it, in the reader's language: the word of the newest policy that has it.
    pub name: String,
    /// In how many submissions.
    pub hits: i64,
    /// How many of those with a warning were approved all the same.
    pub overrides: i64,
}

/// Whether a time limit is still to come that asks somebody else or gives the claim back; a reminder frees nobody.
fn moves_by_itself(body: &str) -> bool {
    let Ok(claim) = serde_json::from_str::<Claim>(body) else {
        return false;
    };
    let open = claim.run.iter().filter(|s| s.progress == Progress::Open);
    let mut timers = open.flat_map(|s| &s.timers);
    timers.any(|t| t.act != LateAct::Remind && t.at > now())
}

/// Entities whose approvals somebody may watch.
pub fn entities(app: &App, visitor: &Visitor, org: &Org) -> Vec<(EntityId, String)> {
    let may = |id: EntityId| {
        app.rights
            .may(&visitor.person, Action::ManagePolicies, &Resource::Entity(id))
            || visitor.person.auditor.contains(&id)
    };
    let all = org.entities().filter(|e| may(e.id));
    all.map(|e| (e.id, e.name.clone())).collect()
}

/// Gathers it; [`Error::Forbidden`] for whoever may watch nothing.
pub async fn watch(sql: &mut Sql, app: &Arc<App>, visitor: &Visitor, query: &WatchQuery) -> Result<WatchView, Error> {
    let org = app.org(sql).await?;
    let mut of: Vec<String> = entities(app, visitor, &org)
        .into_iter()
        .map(|(id, _)| id.to_string())
        .collect();
    if !query.entity.is_empty() {
        of.retain(|id| *id == query.entity);
    }
    if of.is_empty() {
        return Err(Error::Forbidden(Action::ManagePolicies.code().to_owned()));
    }
    let days = query.days.unwrap_or(30).clamp(1, 366);
    let target = query.target.unwrap_or(48).clamp(1, 1_000);
    let since = now().as_microsecond() - i64::from(days) * 24 * HOUR;
    let scope = Scope {
        of,
        since,
        target: i64::from(target) * HOUR,
    };
    Ok(WatchView {
        days,
        target,
        runs: scope.runs(sql).await?,
        approvers: scope.approvers(sql, &org).await?,
        steps: scope.steps(sql, visitor.lang).await?,
        stuck: scope.stuck(sql, None).await?,
        rules: scope.rules(sql, app, visitor.lang).await?,
    })
}

/// Of which entities, since when, and the target.
pub(super) struct Scope {
    pub of: Vec<String>,
    pub since: i64,
    pub target: i64,
}

impl Scope {
    /// `… IN (…)` from `$from` on, and its values after `first`.
    fn within(&self, first: Vec<Value>) -> (String, Vec<Value>) {
        let list = dialect::list(first.len() + 1, self.of.len());
        let mut values = first;
        values.extend(self.of.iter().map(Value::from));
        (list, values)
    }

    async fn runs(&self, sql: &mut Sql) -> Result<Vec<AgeRow>, Error> {
        let day = 24 * HOUR;
        let at = now().as_microsecond();
        let (list, values) = self.within(args![at - day, at - 3 * day, at - 7 * day]);
        let text = format!(
            "SELECT status, CAST(SUM(CASE WHEN submitted_at > $1 THEN 1 ELSE 0 END) AS BIGINT) AS a, \
             CAST(SUM(CASE WHEN submitted_at <= $1 AND submitted_at > $2 THEN 1 ELSE 0 END) AS BIGINT) AS b, \
             CAST(SUM(CASE WHEN submitted_at <= $2 AND submitted_at > $3 THEN 1 ELSE 0 END) AS BIGINT) AS c, \
             CAST(SUM(CASE WHEN submitted_at <= $3 THEN 1 ELSE 0 END) AS BIGINT) AS d \
             FROM claim WHERE status IN ('in_review', 'returned', 'approved', 'paying') AND entity_id IN ({list}) GROUP BY status"
        );
        let rows: Vec<(String, i64, i64, i64, i64)> = sql.all_built(text, values).await?;
        let mut all: Vec<AgeRow> = rows
            .into_iter()
            .map(|(status, day, three, week, older)| AgeRow {
                status,
                day,
                three,
                week,
                older,
            })
            .collect();
        let order = ["in_review", "returned", "approved", "paying"];
        all.sort_by_key(|r| order.iter().position(|s| *s == r.status));
        Ok(all)
    }

    /// Tasks grouped by `by`: key, open, oldest, answered, hours in all, kept.
    async fn tasks<T: crate::db::Row>(&self, sql: &mut Sql, by: &'static str) -> Result<Vec<T>, Error> {
        let (list, values) = self.within(args![self.since, self.target]);
        let answered = "t.outcome IN ('approved', 'rejected', 'returned') AND t.closed_at >= $1";
        let text = format!(
            "SELECT {by} AS by_key, CAST(SUM(CASE WHEN t.outcome = 'open' THEN 1 ELSE 0 END) AS BIGINT) AS waiting, \
             MIN(CASE WHEN t.outcome = 'open' THEN t.opened_at END) AS oldest, \
             CAST(SUM(CASE WHEN {answered} THEN 1 ELSE 0 END) AS BIGINT) AS answered, \
             CAST(SUM(CASE WHEN {answered} THEN (t.closed_at - t.opened_at) / {HOUR} ELSE 0 END) AS BIGINT) AS hours, \
             CAST(SUM(CASE WHEN {answered} AND t.closed_at - t.opened_at <= $2 THEN 1 ELSE 0 END) AS BIGINT) AS kept \
             FROM task t JOIN claim c ON c.id = t.claim_id WHERE t.step >= 0 AND (t.outcome = 'open' OR t.closed_at >= $1) \
             AND c.entity_id IN ({list}) GROUP BY {by}"
        );
        Ok(sql.all_built(text, values).await?)
    }

    async fn approvers(&self, sql: &mut Sql, org: &Org) -> Result<Vec<ApproverRow>, Error> {
        let rows: Vec<(String, i64, Option<i64>, i64, i64, i64)> = self.tasks(sql, "t.assignee_id").await?;
        let mut all = Vec::new();
        for (who, open, oldest, answered, hours, kept) in rows {
            if open + answered == 0 {
                continue;
            }
            let id = stored(&who)?;
            all.push(ApproverRow {
                name: org.employee(id).map(|e| e.name.clone()).unwrap_or_default(),
                open,
                oldest: oldest.map(|at| moment(at).to_string()),
                answered,
                hours: hours.checked_div(answered),
                kept: (kept * 100).checked_div(answered),
            });
        }
        all.sort_by(|a, b| (b.open, b.answered, &a.name).cmp(&(a.open, a.answered, &b.name)));
        all.truncate(MOST);
        Ok(all)
    }

    async fn steps(&self, sql: &mut Sql, lang: Lang) -> Result<Vec<StepRow>, Error> {
        let rows: Vec<(String, i64, Option<i64>, i64, i64, i64)> = self.tasks(sql, "t.step_name").await?;
        let mut all = Vec::new();
        for (name, open, _, answered, hours, kept) in rows {
            let name: Text = serde_json::from_str(&name)?;
            all.push(StepRow {
                name: name.get(lang).to_owned(),
                open,
                answered,
                hours: hours.checked_div(answered),
                kept: (kept * 100).checked_div(answered),
            });
        }
        // The slowest first: what waits there, then how long it took.
        all.sort_by(|a, b| (b.open, b.hours, &a.name).cmp(&(a.open, a.hours, &b.name)));
        Ok(all)
    }

    /// Claims in review of which no open task has somebody who works here, and that no time limit moves on; `number` asks for
    /// one alone.
    pub async fn stuck(&self, sql: &mut Sql, number: Option<&str>) -> Result<Vec<StuckRow>, Error> {
        let (list, values) = self.within(args![true, number]);
        let text = format!(
            "SELECT c.number, c.title, c.updated_at, c.body, (SELECT COUNT(*) FROM task t WHERE t.claim_id = c.id AND t.outcome = 'open') AS waiting \
             FROM claim c WHERE c.status = 'in_review' AND ($2 IS NULL OR c.number = $2) AND NOT EXISTS (SELECT 1 FROM task t \
             JOIN employee e ON e.id = t.assignee_id WHERE t.claim_id = c.id AND t.outcome = 'open' AND e.active = $1) \
             AND c.entity_id IN ({list}) ORDER BY c.updated_at LIMIT 500"
        );
        let rows: Vec<(String, String, i64, String, i64)> = sql.all_built(text, values).await?;
        let one = |(number, title, since, _, open): (String, String, i64, String, i64)| StuckRow {
            number,
            title,
            since: moment(since).to_string(),
            can_repair: open > 0,
        };
        let stays = rows.into_iter().filter(|(_, _, _, body, _)| !moves_by_itself(body));
        Ok(stays.take(MOST_STUCK).map(one).collect())
    }

    async fn rules(&self, sql: &mut Sql, app: &App, lang: Lang) -> Result<Vec<RuleRow>, Error> {
        let (list, values) = self.within(args![self.since]);
        let text = format!(
            "SELECT r.rule, COUNT(*) AS hits, CAST(SUM(CASE WHEN r.severity = 'warn' AND c.status IN ('approved', 'paying', 'paid', 'archived') \
             THEN 1 ELSE 0 END) AS BIGINT) AS overrides FROM decision_rule r JOIN claim c ON c.id = r.claim_id \
             WHERE r.at >= $1 AND r.entity_id IN ({list}) GROUP BY r.rule ORDER BY hits DESC, r.rule"
        );
        let rows: Vec<(String, i64, i64)> = sql.all_built(text, values).await?;
        let known = app.rules(sql).await?;
        let one = |(rule, hits, overrides): (String, i64, i64)| RuleRow {
            name: known.rule_name(&rule, lang),
            rule,
            hits,
            overrides,
        };
        Ok(rows.into_iter().map(one).collect())
    }
}
