//! Drafts of policies and flows (制度草案): kept while they are written, and published as a version by a second person.

use std::sync::Arc;

use jiff::civil::Date;
use outlay_core::claim::Problem;
use outlay_core::ids::{EmployeeId, EntityId};
use outlay_core::org::Org;
use outlay_core::policy::Policy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::trial::{self, Trial};
use super::{golden, shadow, text};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;

/// Longest text of a draft, in bytes.
const MOST: usize = 1024 * 1024;

/// Policies or flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RulesKind)]
pub enum Kind {
    /// 费用制度
    Policy,
    /// 审批流
    Flow,
}

impl Kind {
    /// The word in tables.
    pub fn code(self) -> &'static str {
        match self {
            Kind::Policy => "policy",
            Kind::Flow => "flow",
        }
    }

    /// Reads that word.
    pub fn parse(code: &str) -> Option<Kind> {
        [Kind::Policy, Kind::Flow].into_iter().find(|k| k.code() == code)
    }

    /// Whether it is a flow.
    pub fn is_flow(self) -> bool {
        self == Kind::Flow
    }

    fn latest(self) -> &'static str {
        match self {
            Kind::Policy => "SELECT MAX(version) FROM policy_version WHERE entity_id = $1 AND policy = $2",
            Kind::Flow => "SELECT MAX(version) FROM flow_version WHERE entity_id = $1 AND flow = $2",
        }
    }

    fn body(self) -> &'static str {
        match self {
            Kind::Policy => "SELECT body FROM policy_version WHERE entity_id = $1 AND policy = $2 AND version = $3",
            Kind::Flow => "SELECT body FROM flow_version WHERE entity_id = $1 AND flow = $2 AND version = $3",
        }
    }
}

/// How far a draft is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RulesDraftState)]
pub enum State {
    /// Being written.
    Editing,
    /// A second person is asked.
    InReview,
    /// A version was made of it.
    Published,
    /// Given up.
    Dropped,
}

impl State {
    /// The word in tables.
    pub fn code(self) -> &'static str {
        match self {
            State::Editing => "editing",
            State::InReview => "in_review",
            State::Published => "published",
            State::Dropped => "dropped",
        }
    }

    fn parse(code: &str) -> Option<State> {
        [State::Editing, State::InReview, State::Published, State::Dropped]
            .into_iter()
            .find(|s| s.code() == code)
    }

    /// Whether it may still become a version.
    pub fn is_open(self) -> bool {
        matches!(self, State::Editing | State::InReview)
    }
}

/// A draft as it is stored.
#[derive(Debug, Clone)]
pub struct RulesDraft {
    /// Its id.
    pub id: String,
    /// What it is to become.
    pub kind: Kind,
    /// The entity it is for.
    pub entity: EntityId,
    /// Its text, YAML; it need not be sound yet.
    pub body: String,
    /// Counts each save, from 1.
    pub version: i64,
    /// The published version it began from, `ID@VERSION`.
    pub base: Option<String>,
    /// The highest published version when it was last saved; 0 for none.
    pub seen: i64,
    /// The first day it is to count.
    pub effective_from: Date,
    /// How far it is.
    pub state: State,
    /// Why it was sent back, if it was.
    pub note: String,
    /// Everybody who wrote in it.
    pub authors: Vec<EmployeeId>,
    /// Who wrote in it last.
    pub edited_by: EmployeeId,
    /// When, in microseconds.
    pub edited_at: i64,
    /// Who published, dropped or sent it back.
    pub decided_by: Option<EmployeeId>,
    /// The version made of it, `ID@VERSION`.
    pub published: Option<String>,
}

/// A new draft: from a published version, or from a text.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRulesDraft)]
pub struct NewDraft {
    /// What it is to become.
    pub kind: Kind,
    /// The entity it is for.
    #[schema(value_type = uuid::Uuid)]
    pub entity: EntityId,
    /// The published version to begin from, `ID@VERSION`; an older one to go back to it.
    #[serde(default)]
    pub base: Option<String>,
    /// Its text; that of `base` if absent.
    #[serde(default)]
    pub body: Option<String>,
    /// The first day it is to count; today if absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date")]
    pub effective_from: Option<Date>,
}

/// What is saved into a draft.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SavedRulesDraft)]
pub struct SavedDraft {
    /// The count of saves that was seen; another means that somebody saved meanwhile (409).
    pub version: i64,
    /// Its text.
    pub body: String,
    /// The first day it is to count; as it was if absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date")]
    pub effective_from: Option<Date>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    kind: String,
    entity_id: String,
    body: String,
    version: i64,
    base: Option<String>,
    seen: i64,
    effective_from: String,
    state: String,
    note: String,
    authors: String,
    edited_by: String,
    edited_at: i64,
    decided_by: Option<String>,
    published: Option<String>,
}

const COLUMNS: &str = "SELECT id, kind, entity_id, body, version, base, seen, effective_from, state, note, authors, edited_by, \
    edited_at, decided_by, published FROM rules_draft";

fn read(row: Row) -> Result<RulesDraft, Error> {
    let broken = || Error::Broken(format!("the rules draft {} cannot be read", row.id));
    Ok(RulesDraft {
        kind: Kind::parse(&row.kind).ok_or_else(broken)?,
        state: State::parse(&row.state).ok_or_else(broken)?,
        entity: stored(&row.entity_id)?,
        effective_from: stored(&row.effective_from)?,
        authors: row.authors.split_whitespace().map(stored).collect::<Result<_, _>>()?,
        edited_by: stored(&row.edited_by)?,
        decided_by: crate::people::maybe(row.decided_by)?,
        id: row.id,
        body: row.body,
        version: row.version,
        base: row.base,
        seen: row.seen,
        note: row.note,
        edited_at: row.edited_at,
        published: row.published,
    })
}

impl RulesDraft {
    /// One by its id.
    pub async fn load(sql: &mut Sql, id: &str) -> Result<RulesDraft, Error> {
        let rows: Vec<Row> = sql.all_built(format!("{COLUMNS} WHERE id = $1"), args![id]).await?;
        read(rows.into_iter().next().ok_or(Error::NotFound("draft"))?)
    }

    /// All that may still become a version, the one saved last first.
    pub async fn open(sql: &mut Sql) -> Result<Vec<RulesDraft>, Error> {
        let text = format!("{COLUMNS} WHERE state IN ('editing', 'in_review') ORDER BY edited_at DESC, id DESC");
        let rows: Vec<Row> = sql.all_built(text, args![]).await?;
        rows.into_iter().map(read).collect()
    }

    /// What is wrong with its text, by path; empty for a sound one.
    pub fn problems(&self, org: &Org) -> Vec<Problem> {
        match self.kind {
            Kind::Flow => crate::flows::problems(&self.body, org),
            Kind::Policy => match Policy::from_yaml(&self.body) {
                Ok(policy) => belongs(&policy, org, self.entity),
                Err(e) => e
                    .problems
                    .iter()
                    .map(|p| crate::policies::problem(&p.path, &p.message))
                    .collect(),
            },
        }
    }

    /// The text as it would be published: with the number of the next version and the day set.
    pub fn stamped(&self) -> String {
        let body = text::stamp(&self.body, "version", &(self.seen + 1).to_string());
        match self.kind {
            Kind::Policy => text::stamp(&body, "effective_from", &self.effective_from.to_string()),
            Kind::Flow => body,
        }
    }
}

/// Whether a policy is one of this entity.
fn belongs(policy: &Policy, org: &Org, entity: EntityId) -> Vec<Problem> {
    let Some(entity) = org.entity(entity) else {
        return vec![Problem::new("entity", "unknown")];
    };
    let mut found = Vec::new();
    if policy.entity != entity.code {
        found.push(Problem::new("entity", "rules-other-entity").with("code", &entity.code));
    }
    if policy.currency != entity.currency {
        found.push(Problem::new("currency", "entity-currency").with("currency", entity.currency));
    }
    found
}

/// Begins a draft; its id.
pub async fn create(app: &App, permit: Permit, new: NewDraft) -> Result<String, Error> {
    let author = permit.actor().employee().ok_or(Error::NotFound("employee"))?;
    let mut sql = app.db.read();
    let org = app.org(&mut sql).await?;
    let entity = org
        .entity(new.entity)
        .ok_or_else(|| Error::field("entity", "unknown"))?;
    let day = new
        .effective_from
        .unwrap_or_else(|| crate::clock::day(now(), &entity.zone));
    let body = match (&new.body, &new.base) {
        (Some(body), _) => body.clone(),
        (None, Some(base)) => based_on(&mut sql, new.kind, new.entity, base).await?,
        (None, None) => return Err(Error::field("body", "missing")),
    };
    fits(&body)?;
    let id = Uuid::now_v7().to_string();
    let made = id.clone();
    app.db
        .write(move |sql| {
            let (permit, id, new, body) = (permit.clone(), id.clone(), new.clone(), body.clone());
            Box::pin(async move {
                let seen = latest(sql, new.kind, new.entity, &body).await?;
                sql.run(
                    "INSERT INTO rules_draft (id, kind, entity_id, body, version, base, seen, effective_from, state, note, authors, \
                     edited_by, edited_at, created_at) VALUES ($1, $2, $3, $4, 1, $5, $6, $7, 'editing', '', $8, $8, $9, $9)",
                    args![&id, new.kind.code(), new.entity, &body, new.base.clone(), seen, day, author, now().as_microsecond()],
                )
                .await?;
                note(sql, &permit, &id, "made").await
            })
        })
        .await?;
    Ok(made)
}

/// Saves into a draft that is being written; one in review goes back to being written. [`Error::Conflict`] if somebody saved
/// since `saved.version` was read. Whoever saves is an author from then on.
pub async fn save(app: &App, permit: Permit, id: &str, saved: SavedDraft) -> Result<(), Error> {
    let author = permit.actor().employee().ok_or(Error::NotFound("employee"))?;
    fits(&saved.body)?;
    let id = id.to_owned();
    app.db
        .write(move |sql| {
            let (permit, id, saved) = (permit.clone(), id.clone(), saved.clone());
            Box::pin(async move {
                let draft = RulesDraft::load(sql, &id).await?;
                if !draft.state.is_open() || draft.version != saved.version {
                    return Err(Error::Conflict);
                }
                let mut authors = draft.authors;
                if !authors.contains(&author) {
                    authors.push(author);
                }
                let authors: Vec<String> = authors.iter().map(ToString::to_string).collect();
                let seen = latest(sql, draft.kind, draft.entity, &saved.body).await?;
                let touched = sql
                    .run(
                        "UPDATE rules_draft SET body = $1, version = version + 1, seen = $2, effective_from = $3, state = 'editing', \
                         authors = $4, edited_by = $5, edited_at = $6 WHERE id = $7 AND version = $8",
                        args![
                            &saved.body,
                            seen,
                            saved.effective_from.unwrap_or(draft.effective_from),
                            authors.join(" "),
                            author,
                            now().as_microsecond(),
                            &id,
                            saved.version
                        ],
                    )
                    .await?;
                if touched == 0 {
                    return Err(Error::Conflict);
                }
                shadow::anew(sql, &id, saved.version + 1).await?;
                note(sql, &permit, &id, "saved").await
            })
        })
        .await
}

/// Asks a second person for review. The text must be sound, and no version may have been published since it was last saved. Past
/// claims are replayed under it, unless they have been since it was saved.
pub async fn ask(app: &App, permit: Permit, id: &str) -> Result<(), Error> {
    let (id, org) = (id.to_owned(), app.org(&mut app.db.read()).await?);
    app.db
        .write(move |sql| {
            let (permit, id, org) = (permit.clone(), id.clone(), org.clone());
            Box::pin(async move {
                let draft = RulesDraft::load(sql, &id).await?;
                sound(sql, &draft, &org).await?;
                move_on(sql, &draft, State::Editing, State::InReview, &permit, "").await?;
                if Trial::last(sql, &draft.id)
                    .await?
                    .is_none_or(|t| t.version != draft.version || t.failed())
                {
                    trial::begin_in(sql, &permit, &draft, trial::last_year(&org, draft.entity)).await?;
                }
                note(sql, &permit, &id, "asked").await
            })
        })
        .await
}

/// Sends a draft back to its authors, who are told why.
pub async fn send_back(app: &App, permit: Permit, id: &str, reason: String) -> Result<(), Error> {
    let reason = reason.trim().to_owned();
    if reason.is_empty() {
        return Err(Error::field("reason", "missing"));
    }
    if reason.chars().count() > 2_000 {
        return Err(Error::Invalid(vec![
            Problem::new("reason", "too-long").with("max", 2_000),
        ]));
    }
    let id = id.to_owned();
    app.db
        .write(move |sql| {
            let (permit, id, reason) = (permit.clone(), id.clone(), reason.clone());
            Box::pin(async move {
                let draft = RulesDraft::load(sql, &id).await?;
                move_on(sql, &draft, State::InReview, State::Editing, &permit, &reason).await?;
                note(sql, &permit, &id, "sent back").await
            })
        })
        .await
}

/// Gives a draft up.
pub async fn drop(app: &App, permit: Permit, id: &str) -> Result<(), Error> {
    let id = id.to_owned();
    app.db
        .write(move |sql| {
            let (permit, id) = (permit.clone(), id.clone());
            Box::pin(async move {
                let draft = RulesDraft::load(sql, &id).await?;
                let from = if draft.state == State::InReview {
                    State::InReview
                } else {
                    State::Editing
                };
                move_on(sql, &draft, from, State::Dropped, &permit, "").await?;
                note(sql, &permit, &id, "dropped").await
            })
        })
        .await
}

/// Makes a version of a draft in review; `ID@VERSION`. None of its authors may: where nobody else holds the right, the answer
/// says what to do. Past claims must have been replayed under it and all golden cases must come out as they should; what was
/// found is kept beside the version.
pub async fn publish(app: &Arc<App>, permit: Permit, id: &str) -> Result<String, Error> {
    let (id, org) = (id.to_owned(), app.org(&mut app.db.read()).await?);
    let shared = app.clone();
    app.db
        .write(move |sql| {
            let (app, permit, id, org) = (shared.clone(), permit.clone(), id.clone(), org.clone());
            Box::pin(async move {
                let draft = RulesDraft::load(sql, &id).await?;
                if draft.state != State::InReview {
                    return Err(Error::Conflict);
                }
                second_person(&draft, &org, &permit)?;
                sound(sql, &draft, &org).await?;
                let body = draft.stamped();
                let found = tried(sql, &app, &draft).await?;
                let report = Some(found.as_str());
                let reference = match draft.kind {
                    Kind::Policy => {
                        crate::policies::publish_policy_with(sql, &permit, draft.entity, &body, report).await?
                    }
                    Kind::Flow => {
                        let from = draft.effective_from;
                        crate::policies::publish_flow_with(sql, &permit, draft.entity, from, &body, report).await?
                    }
                };
                sql.run(
                    "UPDATE rules_draft SET published = $1 WHERE id = $2",
                    args![&reference, &id],
                )
                .await?;
                move_on(sql, &draft, State::InReview, State::Published, &permit, "").await?;
                note(sql, &permit, &id, "published").await?;
                Ok(reference)
            })
        })
        .await
}

/// Whoever may publish for the draft's entity and wrote nothing in it.
pub fn second_people(draft: &RulesDraft, org: &Org) -> Vec<EmployeeId> {
    let mut all = org.holders(outlay_core::org::Role::Finance, draft.entity);
    all.retain(|who| !draft.authors.contains(who));
    all
}

fn second_person(draft: &RulesDraft, org: &Org, permit: &Permit) -> Result<(), Error> {
    let who = permit.actor().employee();
    if who.is_some_and(|who| !draft.authors.contains(&who)) {
        return Ok(());
    }
    let others: Vec<&str> = second_people(draft, org)
        .into_iter()
        .filter_map(|id| Some(org.employee(id)?.name.as_str()))
        .collect();
    Err(Error::Invalid(vec![if others.is_empty() {
        Problem::new("authors", "rules-alone")
    } else {
        Problem::new("authors", "rules-own").with("people", others.join(", "))
    }]))
}

/// What was found when the draft was tried as it is, as JSON. [`Error::Invalid`] if it was not tried yet, or a golden case fails.
async fn tried(sql: &mut Sql, app: &App, draft: &RulesDraft) -> Result<String, Error> {
    let trial = Trial::last(sql, &draft.id)
        .await?
        .filter(|t| t.version == draft.version);
    let found = trial.and_then(|t| t.found);
    let mut found = found.ok_or_else(|| Error::field("trial", "rules-untried"))?;
    found.golden = golden::run(sql, app, draft).await?;
    if !found.golden.failed.is_empty() {
        let names: Vec<&str> = found.golden.failed.iter().map(|f| f.name.as_str()).collect();
        return Err(Error::Invalid(vec![
            Problem::new("golden", "rules-golden").with("cases", names.join(", ")),
        ]));
    }
    Ok(serde_json::to_string(&found)?)
}

async fn sound(sql: &mut Sql, draft: &RulesDraft, org: &Org) -> Result<(), Error> {
    let mut problems = draft.problems(org);
    if problems.is_empty()
        && draft.kind == Kind::Policy
        && let Ok(policy) = Policy::from_yaml(&draft.body)
    {
        problems = crate::policies::wanting(&policy);
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let latest = latest(sql, draft.kind, draft.entity, &draft.body).await?;
    if latest != draft.seen {
        return Err(Error::Invalid(vec![
            Problem::new("base", "rules-moved").with("version", latest),
        ]));
    }
    Ok(())
}

async fn move_on(
    sql: &mut Sql,
    draft: &RulesDraft,
    from: State,
    to: State,
    permit: &Permit,
    why: &str,
) -> Result<(), Error> {
    let touched = sql
        .run(
            "UPDATE rules_draft SET state = $1, note = $2, decided_by = $3, decided_at = $4 \
             WHERE id = $5 AND state = $6 AND version = $7",
            args![
                to.code(),
                why,
                permit.actor().employee(),
                now().as_microsecond(),
                &draft.id,
                from.code(),
                draft.version
            ],
        )
        .await?;
    if touched == 1 { Ok(()) } else { Err(Error::Conflict) }
}

/// The highest published version of what a text names itself; 0 for none.
async fn latest(sql: &mut Sql, kind: Kind, entity: EntityId, body: &str) -> Result<i64, Error> {
    let Some(id) = text::value(body, "id") else {
        return Ok(0);
    };
    let row: Option<(Option<i64>,)> = sql.maybe(kind.latest(), args![entity, id]).await?;
    Ok(row.and_then(|(n,)| n).unwrap_or(0))
}

async fn based_on(sql: &mut Sql, kind: Kind, entity: EntityId, base: &str) -> Result<String, Error> {
    let parts = base
        .rsplit_once('@')
        .and_then(|(id, n)| Some((id, n.parse::<i64>().ok()?)));
    let (id, version) = parts.ok_or_else(|| Error::field("base", "unknown"))?;
    let row: Option<(String,)> = sql.maybe(kind.body(), args![entity, id, version]).await?;
    Ok(row.ok_or_else(|| Error::field("base", "unknown"))?.0)
}

fn fits(body: &str) -> Result<(), Error> {
    if body.len() > MOST {
        Err(Error::TooLarge(1))
    } else {
        Ok(())
    }
}

async fn note(sql: &mut Sql, permit: &Permit, id: &str, what: &str) -> Result<(), Error> {
    audit::note(sql, permit.actor(), permit.action(), &format!("rules_draft:{id}"), what).await
}
