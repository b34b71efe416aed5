//! …/try/{no}: one claim under both rules, side by side, to be kept as a golden case from here.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{Html, Redirect};
use outlay_core::claim::Claim;
use serde::Deserialize;

use super::draft::RulesDraft;
use super::golden::{self, NewGolden};
use super::trial::candidate;
use super::view::{self, RulesDraftView};
use crate::app::App;
use crate::auth::{Action, Visitor};
use crate::claims::allowed;
use crate::db::Sql;
use crate::error::Error;
use crate::history::{Kept, OutcomeView, beside, shape};
use crate::shell::{Frame, W, page};

/// Longest name of a case that is taken from a claim's title, in characters.
const MOST_NAME: usize = 120;

/// Which of a claim's decisions.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    /// By the number of its event; the first if absent.
    n: Option<u32>,
}

/// The golden case that a claim has.
struct Case {
    name: String,
    expected: String,
}

#[derive(Template)]
#[template(path = "pages/settings-try-claim.html")]
struct BesidePage {
    f: Frame,
    draft: RulesDraftView,
    here: String,
    number: String,
    title: String,
    n: u32,
    both: Option<(OutcomeView, OutcomeView)>,
    case: Option<Case>,
    may_keep: bool,
}

async fn decision(sql: &mut Sql, claim: &Claim, which: &Which) -> Result<Option<Kept>, Error> {
    let mut all = Kept::of(sql, claim.id).await?.into_iter();
    Ok(match which.n {
        Some(n) => Some(all.find(|kept| kept.n == n).ok_or(Error::NotFound("decision"))?),
        None => all.next_back(),
    })
}

/// GET …/try/{no}.
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((id, number)): Path<(String, String)>,
    Query(which): Query<Which>,
) -> Result<Html<String>, Error> {
    let view = RulesDraftView::of(&app, &visitor, &id).await?;
    let (claim, _) = allowed(&app, &visitor, &number, Action::ReadClaim).await?;
    let mut sql = app.db.read();
    let draft = RulesDraft::load(&mut sql, &id).await?;
    if !view.problems.is_empty() || claim.content.entity != draft.entity {
        return Err(Error::NotFound("claim"));
    }
    let w = W(visitor.lang);
    let kept = decision(&mut sql, &claim, &which).await?;
    let both = match &kept {
        Some(kept) => beside(&mut sql, &app, w, kept, &candidate(&draft)?).await?,
        None => None,
    };
    let case = golden::of(&mut sql, claim.id).await?.map(|(name, expected)| Case {
        name,
        expected: shape(w, expected.shape()),
    });
    page(&BesidePage {
        f: Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?,
        here: view.row.href(),
        may_keep: draft.state.is_open() && view::permit(&app, &visitor, draft.entity).is_ok(),
        draft: view,
        n: kept.map_or(0, |kept| kept.n),
        number: claim.number,
        title: claim.content.title,
        both,
        case,
    })
}

/// What must come out of a case.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Expect {
    /// What the draft gives now.
    Draft,
    /// What was decided then.
    Then,
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub struct Sent {
    n: u32,
    expect: Expect,
}

/// POST …/try/{no}: keeps the decision that is shown as the claim's golden case.
pub async fn keep(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path((id, number)): Path<(String, String)>,
    Form(sent): Form<Sent>,
) -> Result<Redirect, Error> {
    let (draft, _) = view::mine(&app, &visitor, &id).await?;
    let (claim, _) = allowed(&app, &visitor, &number, Action::ReadClaim).await?;
    if claim.content.entity != draft.entity {
        return Err(Error::NotFound("claim"));
    }
    let known = golden::of(&mut app.db.read(), claim.id).await?;
    let title = || claim.content.title.chars().take(MOST_NAME).collect();
    let new = NewGolden {
        // A case that is there keeps its name.
        name: known.map_or_else(title, |(name, _)| name),
        n: Some(sent.n),
        draft: matches!(sent.expect, Expect::Draft).then(|| id.clone()),
    };
    view::keep_golden(&app, &visitor, &number, new).await?;
    let kind = if draft.kind.is_flow() { "flows" } else { "policies" };
    Ok(Redirect::to(&format!(
        "/settings/{kind}/drafts/{id}/try/{number}?n={}",
        sent.n
    )))
}
