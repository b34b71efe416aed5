//! /settings/policies/drafts/{id}/try and the same for flows: trying a draft on past claims, and publishing it.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use outlay_core::claim::Problem;
use serde::Deserialize;

use super::draft;
use super::golden::{self, GoldenCase, NewGolden};
use super::panel::TrialPanel;
use super::shadow;
use super::shadow_view::ShadowView;
use super::view::{self, RulesDraftView};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::{Frame, field_words, page};

#[derive(Template)]
#[template(path = "pages/settings-try.html")]
struct TryPage {
    f: Frame,
    draft: RulesDraftView,
    panel: TrialPanel,
    shadow: Option<ShadowView>,
    may_write: bool,
    golden: Vec<GoldenCase>,
    errors: Vec<String>,
}

impl TryPage {
    fn here(&self) -> String {
        self.draft.row.href()
    }

    fn open(&self) -> bool {
        self.draft.row.state.is_open()
    }

    fn in_review(&self) -> bool {
        self.draft.row.state == draft::State::InReview
    }
}

/// GET …/try.
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Html<String>, Error> {
    show(&app, &visitor, &headers, &id, &[]).await
}

async fn show(
    app: &Arc<App>,
    visitor: &Visitor,
    headers: &HeaderMap,
    id: &str,
    problems: &[Problem],
) -> Result<Html<String>, Error> {
    let draft = RulesDraftView::of(app, visitor, id).await?;
    let mut sql = app.db.read();
    let org = app.org(&mut sql).await?;
    let f = Frame::load(&mut sql, app, visitor, headers, "settings").await?;
    let panel = TrialPanel::of(&mut sql, app, visitor, &draft.row, &org).await?;
    page(&TryPage {
        may_write: view::permit(app, visitor, draft.row.entity).is_ok(),
        golden: golden::list(&mut sql, draft.row.entity).await?,
        errors: problems.iter().map(|p| field_words(f.w, p)).collect(),
        shadow: draft.shadow.clone(),
        panel,
        draft,
        f,
    })
}

/// What the page's forms send.
#[derive(Debug, Deserialize)]
pub struct Sent {
    what: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    case: String,
    #[serde(default)]
    version: i64,
    #[serde(default)]
    effective_from: String,
}

/// POST …/try: try, ask for review, publish, send back or drop.
pub async fn post(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Error> {
    match carry_out(&app, &visitor, &id, &sent).await {
        Ok(to) => Ok(Redirect::to(&to).into_response()),
        Err(Error::Invalid(problems)) => {
            let page = show(&app, &visitor, &headers, &id, &problems).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn carry_out(app: &Arc<App>, visitor: &Visitor, id: &str, sent: &Sent) -> Result<String, Error> {
    let (draft, permit) = view::mine(app, visitor, id).await?;
    let kind = if draft.kind.is_flow() { "flows" } else { "policies" };
    let here = format!("/settings/{kind}/drafts/{id}/try");
    match sent.what.as_str() {
        "try" => {
            let day = |name: &str, text: &str| match text {
                "" => Ok(None),
                text => text.parse().map(Some).map_err(|_| Error::field(name, "not-a-date")),
            };
            view::try_it(app, visitor, id, day("from", &sent.from)?, day("to", &sent.to)?).await?;
        }
        "day" => {
            let day = sent.effective_from.parse();
            let saved = draft::SavedDraft {
                version: sent.version,
                body: draft.body,
                effective_from: Some(day.map_err(|_| Error::field("effective_from", "not-a-date"))?),
            };
            draft::save(app, permit, id, saved).await?;
        }
        "review" => draft::ask(app, permit, id).await?,
        "return" => draft::send_back(app, permit, id, sent.reason.clone()).await?,
        "shadow" => shadow::begin(app, permit, draft).await?,
        "shadow-end" => shadow::end(app, permit, draft).await?,
        "case" => view::remove_golden(app, visitor, &sent.case).await?,
        "drop" => {
            draft::drop(app, permit, id).await?;
            return Ok(format!("/settings/{kind}"));
        }
        "publish" => {
            let reference = draft::publish(app, permit, id).await?;
            return Ok(match draft.kind {
                draft::Kind::Policy => format!("/settings/policies/{reference}"),
                draft::Kind::Flow => format!("/settings/flows/{}/{reference}", draft.entity),
            });
        }
        _ => return Err(Error::field("what", "unknown")),
    }
    Ok(here)
}

/// What the form of a new golden case sends.
#[derive(Debug, Deserialize)]
pub struct NewCase {
    #[serde(default)]
    name: String,
}

/// POST /claims/{no}/golden-case.
pub async fn keep_golden(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(number): Path<String>,
    Form(new): Form<NewCase>,
) -> Result<Redirect, Error> {
    let new = NewGolden {
        name: new.name,
        ..NewGolden::default()
    };
    view::keep_golden(&app, &visitor, &number, new).await?;
    Ok(Redirect::to(&format!("/claims/{number}/why")))
}

/// What the form that begins a draft sends.
#[derive(Debug, Deserialize)]
pub struct Begun {
    entity: String,
    base: String,
}

/// POST /settings/policies/drafts: a draft from a version.
pub async fn begin_policy(state: State<Arc<App>>, visitor: Visitor, form: Form<Begun>) -> Result<Redirect, Error> {
    begin(state, visitor, form, draft::Kind::Policy).await
}

/// POST /settings/flows/drafts: a draft from a version.
pub async fn begin_flow(state: State<Arc<App>>, visitor: Visitor, form: Form<Begun>) -> Result<Redirect, Error> {
    begin(state, visitor, form, draft::Kind::Flow).await
}

async fn begin(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Form(begun): Form<Begun>,
    kind: draft::Kind,
) -> Result<Redirect, Error> {
    let entity = begun.entity.parse().map_err(|_| Error::field("entity", "unknown"))?;
    let permit = view::permit(&app, &visitor, entity)?;
    let new = draft::NewDraft {
        kind,
        entity,
        base: Some(begun.base),
        body: None,
        effective_from: None,
    };
    let id = draft::create(&app, permit, new).await?;
    let kind = if kind.is_flow() { "flows" } else { "policies" };
    Ok(Redirect::to(&format!("/settings/{kind}/drafts/{id}")))
}
