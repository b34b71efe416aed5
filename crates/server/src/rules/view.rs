//! What pages and API say of drafts of rules.

use std::sync::Arc;

use jiff::civil::Date;
use outlay_core::flow::Flow;
use outlay_core::history::Brief;
use outlay_core::ids::{EmployeeId, EntityId};
use outlay_core::org::Org;
use outlay_core::policy::Policy;
use outlay_core::words::Lang;
use serde::Serialize;
use utoipa::ToSchema;

use super::draft::{self, Kind, NewDraft, RulesDraft, State};
use super::golden::{self, NewGolden};
use super::shadow_view::ShadowView;
use super::trial::{self, Trial};
use crate::app::App;
use crate::auth::{Action, Permit, Resource, Visitor};
use crate::claims;
use crate::clock::moment;
use crate::db::Sql;
use crate::error::Error;
use crate::history::{Kept, snapshot, under};
use crate::openapi::ProblemField;
use crate::shell::{W, field_words};

/// A draft of rules in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RulesDraftRow {
    /// Its id.
    pub id: String,
    /// What it is to become.
    pub kind: Kind,
    /// What people call it, in the reader's language; the id in its text where that is not sound.
    pub name: String,
    /// The entity it is for.
    #[schema(value_type = uuid::Uuid)]
    pub entity: EntityId,
    /// Its name.
    pub entity_name: String,
    /// The published version it began from, `ID@VERSION`.
    pub base: Option<String>,
    /// Counts each save, from 1.
    pub version: i64,
    /// The version that it is to become.
    pub becomes: i64,
    /// The first day it is to count.
    pub effective_from: String,
    /// How far it is.
    pub state: State,
    /// Who wrote in it last.
    pub edited_by: String,
    /// When, RFC 3339.
    pub edited_at: String,
}

/// A draft of rules with its text.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RulesDraftView {
    /// All but the text.
    #[serde(flatten)]
    pub row: RulesDraftRow,
    /// Its text, YAML.
    pub body: String,
    /// What is wrong with it; a draft with problems can be saved, but not reviewed.
    #[schema(value_type = Vec<ProblemField>)]
    pub problems: Vec<ProblemField>,
    /// Why it was sent back, if it was.
    pub note: String,
    /// Everybody who wrote in it; none of them may publish it.
    pub authors: Vec<String>,
    /// Who may publish it: those with the right who wrote nothing in it. Where nobody is, somebody must be given the right.
    pub may_publish: Vec<String>,
    /// Whether the reader may publish it or send it back, once it is in review.
    pub yours_to_publish: bool,
    /// The version made of it, `ID@VERSION`.
    pub published: Option<String>,
    /// The last trial of the draft, by whichever save.
    pub trial: Option<TrialView>,
    /// What it found while it ran along; none if it never did.
    pub shadow: Option<ShadowView>,
}

/// A trial of a draft: golden cases, and past claims replayed under it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = RulesTrialView)]
pub struct TrialView {
    /// The save that was tried.
    pub version: i64,
    /// The first day looked at.
    pub from: String,
    /// The last day.
    pub to: String,
    /// `running`, `done`, `failed`.
    pub state: String,
    /// How long it took, in milliseconds.
    pub took_ms: Option<i64>,
    /// What was found: `golden` and `replay`, the report of `outlay simulate`.
    #[schema(value_type = Option<Object>)]
    pub found: Option<serde_json::Value>,
}

impl TrialView {
    fn of(trial: &Trial) -> Result<TrialView, Error> {
        let took = trial
            .ended_at
            .map(|end| end.as_millisecond() - trial.started_at.as_millisecond());
        Ok(TrialView {
            version: trial.version,
            from: trial.from.to_string(),
            to: trial.to.to_string(),
            state: trial.state.clone(),
            took_ms: took,
            found: trial.found.as_ref().map(serde_json::to_value).transpose()?,
        })
    }
}

/// Asks whether somebody may write and publish rules of an entity.
pub fn permit(app: &App, visitor: &Visitor, entity: EntityId) -> Result<Permit, Error> {
    visitor.permit(app, Action::ManagePolicies, &Resource::Entity(entity))
}

/// Whether somebody may read drafts of an entity: those who write them, and auditors.
pub fn may_read(app: &App, visitor: &Visitor, entity: EntityId) -> bool {
    permit(app, visitor, entity).is_ok() || visitor.person.auditor.contains(&entity)
}

fn name(draft: &RulesDraft, lang: Lang) -> String {
    let sound = match draft.kind {
        Kind::Policy => Policy::from_yaml(&draft.body).ok().map(|p| p.name.get(lang).to_owned()),
        Kind::Flow => Flow::read(&draft.body).ok().map(|f| f.name.get(lang).to_owned()),
    };
    let id = || super::text::value(&draft.body, "id").unwrap_or_default().to_owned();
    sound.unwrap_or_else(id)
}

fn person(org: &Org, id: EmployeeId) -> String {
    org.employee(id).map(|e| e.name.clone()).unwrap_or_default()
}

impl RulesDraftRow {
    /// The page where it is tried and published.
    pub fn href(&self) -> String {
        let kind = if self.kind.is_flow() { "flows" } else { "policies" };
        format!("/settings/{kind}/drafts/{}/try", self.id)
    }

    /// The page where it is written.
    pub fn home(&self) -> String {
        let kind = if self.kind.is_flow() { "flows" } else { "policies" };
        format!("/settings/{kind}/drafts/{}", self.id)
    }

    /// Whether a second person is asked.
    pub fn in_review(&self) -> bool {
        self.state == State::InReview
    }

    fn new(draft: &RulesDraft, org: &Org, lang: Lang) -> RulesDraftRow {
        RulesDraftRow {
            id: draft.id.clone(),
            kind: draft.kind,
            name: name(draft, lang),
            entity: draft.entity,
            entity_name: org.entity(draft.entity).map(|e| e.name.clone()).unwrap_or_default(),
            base: draft.base.clone(),
            version: draft.version,
            becomes: draft.seen + 1,
            effective_from: draft.effective_from.to_string(),
            state: draft.state,
            edited_by: person(org, draft.edited_by),
            edited_at: moment(draft.edited_at).to_string(),
        }
    }

    /// All open drafts that the reader may see, the one saved last first.
    pub async fn list(app: &App, visitor: &Visitor) -> Result<Vec<RulesDraftRow>, Error> {
        let mut sql = app.db.read();
        let org = app.org(&mut sql).await?;
        let all = RulesDraft::open(&mut sql).await?;
        let mine = all.iter().filter(|d| may_read(app, visitor, d.entity));
        Ok(mine.map(|d| RulesDraftRow::new(d, &org, visitor.lang)).collect())
    }
}

impl RulesDraftView {
    /// One draft, for those who may see it.
    pub async fn of(app: &App, visitor: &Visitor, id: &str) -> Result<RulesDraftView, Error> {
        let mut sql = app.db.read();
        let org = app.org(&mut sql).await?;
        let draft = RulesDraft::load(&mut sql, id).await?;
        if !may_read(app, visitor, draft.entity) {
            return Err(Error::NotFound("draft"));
        }
        let w = W(visitor.lang);
        let problems = draft.problems(&org).into_iter().map(|p| ProblemField {
            message: field_words(w, &p),
            field: p.field,
            code: p.code,
        });
        let me = visitor.person.id();
        let trial = Trial::last(&mut sql, &draft.id).await?;
        let others = draft::second_people(&draft, &org);
        Ok(RulesDraftView {
            row: RulesDraftRow::new(&draft, &org, visitor.lang),
            problems: problems.collect(),
            authors: draft.authors.iter().map(|a| person(&org, *a)).collect(),
            yours_to_publish: others.contains(&me),
            may_publish: others.into_iter().map(|o| person(&org, o)).collect(),
            trial: trial.as_ref().map(TrialView::of).transpose()?,
            shadow: ShadowView::of(&mut sql, visitor, &draft.id).await?,
            body: draft.body,
            note: draft.note,
            published: draft.published,
        })
    }
}

/// The draft with the permit to change it.
pub async fn mine(app: &App, visitor: &Visitor, id: &str) -> Result<(RulesDraft, Permit), Error> {
    let draft = RulesDraft::load(&mut app.db.read(), id).await?;
    if !may_read(app, visitor, draft.entity) {
        return Err(Error::NotFound("draft"));
    }
    let permit = permit(app, visitor, draft.entity)?;
    Ok((draft, permit))
}

/// Begins a draft and asks for review at once; its id.
pub async fn propose(app: &Arc<App>, visitor: &Visitor, new: NewDraft) -> Result<String, Error> {
    let permit = permit(app, visitor, new.entity)?;
    let id = draft::create(app, permit.clone(), new).await?;
    draft::ask(app, permit, &id).await?;
    Ok(id)
}

/// Tries a draft over a period; the year that ends today where nothing is said.
pub async fn try_it(
    app: &Arc<App>,
    visitor: &Visitor,
    id: &str,
    from: Option<Date>,
    to: Option<Date>,
) -> Result<(), Error> {
    let (draft, permit) = mine(app, visitor, id).await?;
    let org = app.org(&mut app.db.read()).await?;
    let (year, today) = trial::last_year(&org, draft.entity);
    let to = to.unwrap_or(today);
    let from = from.unwrap_or_else(|| year.min(to));
    trial::begin(app, permit, draft, (from, to)).await
}

/// Keeps a decision on a claim as its golden case; its entity.
pub async fn keep_golden(app: &Arc<App>, visitor: &Visitor, number: &str, new: NewGolden) -> Result<EntityId, Error> {
    let mut sql = app.db.read();
    let claim = claims::store::by_number(&mut sql, number).await?;
    visitor.permit(app, Action::ReadClaim, &Resource::Claim(&claims::store::facts(&claim)))?;
    let entity = claim.content.entity;
    let permit = permit(app, visitor, entity)?;
    let mut all = Kept::of(&mut sql, claim.id).await?.into_iter();
    let kept = all.find(|kept| new.n.is_none_or(|n| n == kept.n));
    let kept = kept.ok_or(Error::NotFound("decision"))?;
    let expected = match &new.draft {
        Some(draft) => Some(expected(&mut sql, app, &kept, draft).await?),
        None => None,
    };
    let (shared, number, name) = (app.clone(), claim.number.clone(), new.name);
    app.db
        .write(move |sql| {
            let (app, permit, kept) = (shared.clone(), permit.clone(), kept.clone());
            let (number, name, expected) = (number.clone(), name.clone(), expected.clone());
            Box::pin(async move { golden::keep(sql, &app, &permit, &kept, &number, &name, expected.as_ref()).await })
        })
        .await?;
    Ok(entity)
}

/// What a draft of the same entity makes of a decision.
async fn expected(sql: &mut Sql, app: &App, kept: &Kept, draft: &str) -> Result<Brief, Error> {
    let draft = RulesDraft::load(sql, draft).await?;
    if draft.entity != kept.entity {
        return Err(Error::NotFound("draft"));
    }
    let problems = draft.problems(&*app.org(sql).await?);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let opened = kept.open(sql, app).await?;
    let opened = opened.ok_or_else(|| Error::field("claim", "rules-erased"))?;
    let org = snapshot(sql, &kept.org).await?;
    let outcome = under(sql, app, kept, &opened, &trial::candidate(&draft)?, &org).await?;
    Ok(Brief::of(&outcome))
}

/// Lets a golden case go.
pub async fn remove_golden(app: &Arc<App>, visitor: &Visitor, id: &str) -> Result<(), Error> {
    let entity = golden::entity(&mut app.db.read(), id).await?;
    let permit = permit(app, visitor, entity)?;
    let id = id.to_owned();
    app.db
        .write(move |sql| {
            let (permit, id) = (permit.clone(), id.clone());
            Box::pin(async move { golden::remove(sql, &permit, &id).await })
        })
        .await
}
