//! The last trial of a draft: on its own page, and as the panel beside a table's grid.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use outlay_core::org::Org;

use super::pages::{Sent, carry_out};
use super::trial::{Trial, last_year};
use super::try_view::{Tried, titles};
use super::view::{self, RulesDraftRow, RulesDraftView};
use crate::app::App;
use crate::auth::Visitor;
use crate::db::Sql;
use crate::error::Error;
use crate::shell::{Frame, W, field_words, page};

/// The last trial of a draft, in words, and what another would look at.
pub struct TrialPanel {
    /// Where the draft is tried, reviewed and published.
    pub here: String,
    /// What was found; none before the first trial has ended.
    pub tried: Option<Tried>,
    /// Whether that is of an earlier save.
    pub stale: bool,
    /// Whether a trial is under way.
    pub running: bool,
    /// Whether the last one ended without a result.
    pub failed: bool,
    /// The first day looked at.
    pub from: String,
    /// The last.
    pub to: String,
    /// Whether the reader may try it.
    pub may_try: bool,
    /// What was wrong with what was asked, in words.
    pub errors: Vec<String>,
}

impl TrialPanel {
    /// The last trial of `draft`, for `visitor`.
    pub async fn of(
        sql: &mut Sql,
        app: &App,
        visitor: &Visitor,
        draft: &RulesDraftRow,
        org: &Org,
    ) -> Result<TrialPanel, Error> {
        let trial = Trial::last(sql, &draft.id).await?;
        let found = trial.as_ref().and_then(|t| Some((t, t.found.as_ref()?)));
        let tried = match found {
            Some((trial, found)) => {
                let titles = titles(sql, &found.replay).await?;
                Some(Tried::new(W(visitor.lang), org, trial, found, &titles))
            }
            None => None,
        };
        let (year, today) = last_year(org, draft.entity);
        Ok(TrialPanel {
            here: draft.href(),
            stale: trial.as_ref().is_some_and(|t| t.version != draft.version),
            running: trial.as_ref().is_some_and(Trial::runs),
            failed: trial.as_ref().is_some_and(Trial::failed),
            from: trial.as_ref().map_or(year, |t| t.from).to_string(),
            to: trial.as_ref().map_or(today, |t| t.to).to_string(),
            may_try: draft.state.is_open() && view::permit(app, visitor, draft.entity).is_ok(),
            errors: Vec::new(),
            tried,
        })
    }

    /// Whether the trial shown is of the draft as it is.
    pub fn is_fresh(&self) -> bool {
        self.tried.is_some() && !self.stale && !self.running
    }

    /// Whether it is, and every golden case came out as it should.
    pub fn is_ready(&self) -> bool {
        self.is_fresh() && self.tried.as_ref().is_some_and(|t| t.golden_failed.is_empty())
    }
}

#[derive(Template)]
#[template(path = "parts/try-panel.html")]
struct PanelPart {
    f: Frame,
    draft: RulesDraftView,
    panel: TrialPanel,
}

async fn show(
    app: &Arc<App>,
    visitor: &Visitor,
    headers: &HeaderMap,
    id: &str,
    errors: Vec<String>,
) -> Result<Html<String>, Error> {
    let draft = RulesDraftView::of(app, visitor, id).await?;
    let mut sql = app.db.read();
    let org = app.org(&mut sql).await?;
    let panel = TrialPanel::of(&mut sql, app, visitor, &draft.row, &org).await?;
    page(&PanelPart {
        f: Frame::load(&mut sql, app, visitor, headers, "settings").await?,
        panel: TrialPanel { errors, ..panel },
        draft,
    })
}

/// GET …/try/panel: the panel alone.
pub async fn get(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Html<String>, Error> {
    show(&app, &visitor, &headers, &id, Vec::new()).await
}

/// POST …/try/panel: tries the draft as it is saved, and gives the panel.
pub async fn post(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Error> {
    let (status, errors) = match carry_out(&app, &visitor, &id, &sent).await {
        Ok(_) => (StatusCode::OK, Vec::new()),
        Err(Error::Invalid(problems)) => {
            let words = problems.iter().map(|p| field_words(W(visitor.lang), p)).collect();
            (StatusCode::UNPROCESSABLE_ENTITY, words)
        }
        Err(error) => return Err(error),
    };
    Ok((status, show(&app, &visitor, &headers, &id, errors).await?).into_response())
}
