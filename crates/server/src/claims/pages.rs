//! The pages of claims.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use outlay_connect::Object;
use outlay_core::claim::{Claim, Command};
use serde::Deserialize;

use super::api::{Comment, allowed, command};
use super::choice;
use super::drill;
use super::list::{ClaimRow, ListQuery, list as list_of};
use super::records::{self, Of};
use super::route_view::at_field;
use super::view::{self, ClaimView, claim_view};
use super::{begin, edit_view::Choice};
use crate::app::App;
use crate::auth::{Action, Visitor};
use crate::error::{Error, Failure};
use crate::shell::{Frame, W, hue, letters, link, local, page};

#[derive(Template)]
#[template(path = "pages/claims.html")]
struct ListPage {
    f: Frame,
    query: ListQuery,
    items: Vec<ClaimRow>,
    next: Option<String>,
    heads: bool,
    entities: Vec<Choice>,
    states: Vec<&'static str>,
    here: String,
    drilled: Vec<String>,
}

impl ListPage {
    /// The address of this list with one thing changed.
    fn with(&self, name: &str, value: &str) -> String {
        let q = &self.query;
        let mut pairs: Vec<(&str, &str)> = [
            ("scope", q.scope.as_str()),
            ("state", &q.state),
            ("q", &q.q),
            ("entity", &q.entity),
            ("over", &q.over),
        ]
        .into_iter()
        .chain(q.drill())
        .filter(|(n, v)| !v.is_empty() && *n != name)
        .collect();
        if !value.is_empty() {
            pairs.push((name, value));
        }
        link("/claims", &pairs)
    }
}

/// GET /claims.
pub async fn list(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(query): Query<ListQuery>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let found = list_of(&mut sql, &app, &visitor, &query).await?;
    let org = app.org(&mut sql).await?;
    page(&ListPage {
        f: Frame::load(&mut sql, &app, &visitor, &headers, "claims").await?,
        drilled: drill::words(&mut sql, &app, W(visitor.lang), &query).await?,
        items: found.items,
        next: found.next,
        heads: !visitor.person.headed.is_empty(),
        entities: org
            .entities()
            .map(|e| Choice {
                value: e.id.to_string(),
                label: e.name.clone(),
            })
            .collect(),
        states: outlay_core::claim::Status::ALL.iter().map(|s| s.code()).collect(),
        here: if query.scope.is_empty() {
            "mine".to_owned()
        } else {
            query.scope.clone()
        },
        query,
    })
}

/// What a new claim begins from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StartQuery {
    deal: String,
    account: String,
    activity: String,
}

#[derive(Template)]
#[template(path = "pages/claim-new.html")]
struct NewPage {
    f: Frame,
    deals: Vec<Choice>,
    activities: Vec<Choice>,
    accounts: Vec<Choice>,
    filled: Option<Filled>,
}

/// What would be filled.
struct Filled {
    title: String,
    purpose: String,
    hidden: (&'static str, String),
    rows: Vec<(String, view::SourceView)>,
}

/// GET /claims/new.
pub async fn new_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(query): Query<StartQuery>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let w = W(visitor.lang);
    let start = begin::start(Some(&query.deal), Some(&query.account), Some(&query.activity))?;
    let filled = if start == super::Start::Nothing {
        None
    } else {
        let new = begin::filled(&mut sql, &app, &visitor, start).await?;
        let links = super::input::ClaimInput::of(&new.content).links;
        let rows = new.sources.iter().map(|s| {
            let id = match s.object.as_str() {
                "deal" => links.deal.as_str(),
                "account" => links.account.as_str(),
                _ => "",
            };
            let key = format!("name-{}", s.field.trim_start_matches("links.").replace('_', "-"));
            (w.t(&key), view::source_view(w, &visitor.zone, s, id))
        });
        let hidden = [
            ("deal", &query.deal),
            ("account", &query.account),
            ("activity", &query.activity),
        ];
        let hidden = hidden.into_iter().find(|(_, v)| !v.is_empty());
        Some(Filled {
            rows: rows.collect(),
            title: new.content.title,
            purpose: new.content.purpose,
            hidden: hidden.map(|(n, v)| (n, v.clone())).unwrap_or_default(),
        })
    };
    let mut found = Vec::new();
    for object in [Object::Deal, Object::Activity, Object::Account] {
        let all = records::choices(&mut sql, &app, &visitor.person, object, Of::Anything, 40).await?;
        found.push(
            all.into_iter()
                .map(|r| Choice {
                    label: match &r.happened_on {
                        Some(on) => format!("{on} {}", r.name),
                        None => r.name.clone(),
                    },
                    value: r.id,
                })
                .collect::<Vec<_>>(),
        );
    }
    let mut found = found.into_iter();
    let mut next = || found.next().unwrap_or_default();
    page(&NewPage {
        deals: next(),
        activities: next(),
        accounts: next(),
        f: Frame::load(&mut sql, &app, &visitor, &headers, "claims").await?,
        filled,
    })
}

/// POST /claims: a form with `deal`, `account` or `activity`, `title`, and any number of `document`.
pub async fn new(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Redirect, Error> {
    let one = |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let start = begin::start(one("deal"), one("account"), one("activity"))?;
    let documents: Vec<String> = pairs
        .iter()
        .filter(|(n, _)| n == "document")
        .map(|(_, v)| v.clone())
        .collect();
    let title = one("title").unwrap_or_default().trim();
    let content = (!title.is_empty()).then(|| super::input::ClaimInput {
        title: title.to_owned(),
        purpose: one("purpose").unwrap_or_default().to_owned(),
        ..Default::default()
    });
    let claim = begin::begin(&app, &visitor, start, &documents, content).await?;
    Ok(Redirect::to(&format!("/claims/{}/edit", claim.number)))
}

#[derive(Template)]
#[template(path = "pages/claim.html")]
struct ClaimPage {
    f: Frame,
    c: ClaimView,
    colleagues: Vec<Choice>,
    trouble: Option<String>,
}

impl ClaimPage {
    /// Whether the tax bureau has not confirmed each of its documents.
    fn is_unverified(&self) -> bool {
        self.c.documents.iter().any(|d| !d.verified)
    }

    fn back(&self) -> String {
        format!("/claims/{}", self.c.number)
    }
}

/// GET /claims/{no}.
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(no): Path<String>,
) -> Result<Html<String>, Error> {
    let (claim, _) = allowed(&app, &visitor, &no, Action::ReadClaim).await?;
    claim_page(&app, &visitor, &headers, &claim, None).await
}

async fn claim_page(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    claim: &Claim,
    trouble: Option<String>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let c = claim_view(&mut sql, app, visitor, claim).await?;
    let org = app.org(&mut sql).await?;
    let mut colleagues = Vec::new();
    if c.may.task.is_some() {
        let asked: Vec<_> = claim.open_tasks().map(|t| t.assignee).collect();
        let fit = org
            .employees()
            .filter(|e| e.active && e.id != claim.content.claimant && !asked.contains(&e.id));
        colleagues.extend(fit.map(|e| Choice {
            value: e.id.to_string(),
            label: format!("{} {}", e.name, e.number),
        }));
    }
    page(&ClaimPage {
        f: Frame::load(&mut sql, app, visitor, headers, "claims").await?,
        c,
        colleagues,
        trouble,
    })
}

fn back(no: &str) -> Redirect {
    Redirect::to(&format!("/claims/{no}"))
}

async fn hand_in(app: &Arc<App>, visitor: &Visitor, no: &str, chosen: &choice::Sent) -> Result<Claim, Error> {
    let (claim, _) = allowed(app, visitor, no, Action::SubmitClaim).await?;
    chosen.keep(app, visitor, &claim).await?;
    command(app, visitor, no, Action::SubmitClaim, Command::Submit).await
}

/// POST /claims/{no}/submission, with `choice.STEP` for who signs steps that leave it to the claimant. What hinders it is said on the claim's own page.
pub async fn submit(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(no): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let chosen = choice::Sent::read(&pairs);
    let error = match hand_in(&app, &visitor, &no, &chosen).await {
        Ok(_) => return Ok(back(&no).into_response()),
        Err(error) => error,
    };
    if error.status() != StatusCode::UNPROCESSABLE_ENTITY {
        return Err(error);
    }
    let failure = Failure::from(&error);
    let w = W(visitor.lang);
    let mut said = vec![w.args(&format!("problem-{}", failure.code), &failure.args)];
    said.extend(failure.fields.iter().map(|p| at_field(w, p)));
    let (claim, _) = allowed(&app, &visitor, &no, Action::ReadClaim).await?;
    let html = claim_page(&app, &visitor, &headers, &claim, Some(said.join(" "))).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, html).into_response())
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Withdrawal {
    reason: String,
    /// The page to go on with, instead of the claim's.
    back: Option<String>,
}

/// POST /claims/{no}/withdrawal.
pub async fn withdraw(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(no): Path<String>,
    Form(Withdrawal { reason, back: to }): Form<Withdrawal>,
) -> Result<Redirect, Error> {
    command(&app, &visitor, &no, Action::WithdrawClaim, Command::Withdraw { reason }).await?;
    Ok(match to {
        Some(to) => Redirect::to(local(&to, "/")),
        None => back(&no),
    })
}

/// POST /claims/{no}/comments.
pub async fn comment(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(no): Path<String>,
    Form(Comment { text }): Form<Comment>,
) -> Result<Redirect, Error> {
    command(&app, &visitor, &no, Action::CommentClaim, Command::Comment { text }).await?;
    Ok(Redirect::to(&format!("/claims/{no}#timeline")))
}

/// POST /claims/{no}/copy.
pub async fn copy(State(app): State<Arc<App>>, visitor: Visitor, Path(no): Path<String>) -> Result<Response, Error> {
    let claim = begin::copy(&app, &visitor, &no).await?;
    let at = format!("/claims/{}/edit", claim.number);
    Ok((StatusCode::SEE_OTHER, [(axum::http::header::LOCATION, at)]).into_response())
}
