//! /inbox, its panel, and the forms of decisions.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::decide::{self, End, Ended, Verdict};
use outlay_core::claim::Place as SignerPlace;

use super::list::{self, Filter, InboxView, Tab, TaskView, Wanted};
use super::peek::{self, PeekView};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::{Error, Failure};
use crate::shell::{self, Frame, W};

#[derive(Template)]
#[template(path = "pages/inbox.html")]
struct InboxPage {
    f: Frame,
    view: InboxView,
    peek: Option<PeekView>,
    after: Option<String>,
    trouble: Option<String>,
    ended: Vec<EndView>,
}

impl InboxPage {
    /// How many of several were approved, and how many were not.
    fn ended_words(&self) -> String {
        let approved = self.ended.iter().filter(|e| e.approved).count();
        let values = [("approved", approved), ("left", self.ended.len() - approved)];
        let values = values.map(|(name, n)| (name.to_owned(), n.to_string()));
        self.f.w.args(
            if approved == self.ended.len() {
                "batch-all"
            } else {
                "batch-some"
            },
            &values,
        )
    }

    /// Whether rows can be ticked.
    fn picks(&self) -> bool {
        self.view.tab == Tab::Todo && self.view.counts.todo > 0
    }

    /// The address of this list with other values.
    fn url(&self, peek: &str) -> String {
        list_url(self.view.tab, self.view.filter, self.after.as_deref(), peek)
    }

    fn tab(&self, tab: &str) -> &'static str {
        if self.view.tab.code() == tab {
            " aria-current=\"page\""
        } else {
            ""
        }
    }

    fn chip(&self, filter: &str) -> &'static str {
        if self.view.filter.code() == filter {
            " aria-current=\"true\""
        } else {
            ""
        }
    }

    fn picked(&self, task: &TaskView) -> &'static str {
        match &self.peek {
            Some(peek) if peek.number == task.claim => " aria-current=\"true\"",
            _ => "",
        }
    }

    fn since(&self, task: &TaskView) -> String {
        let Ok(at) = task.since.parse() else {
            return String::new();
        };
        match self.view.tab {
            Tab::Todo => shell::waited(self.f.w, at),
            _ => shell::ago(self.f.w, at),
        }
    }

    fn next_url(&self, next: &str) -> String {
        list_url(self.view.tab, self.view.filter, Some(next), "")
    }
}

fn list_url(tab: Tab, filter: Filter, after: Option<&str>, peek: &str) -> String {
    let mut query = Vec::new();
    if tab != Tab::Todo {
        query.push(("tab", tab.code()));
    }
    if filter != Filter::All {
        query.push(("filter", filter.code()));
    }
    query.extend(after.map(|a| ("after", a)));
    if !peek.is_empty() {
        query.push(("peek", peek));
    }
    shell::link("/inbox", &query)
}

/// The panel alone, for htmx.
#[derive(Template)]
#[template(path = "parts/peek.html")]
struct PeekPart {
    f: Words,
    peek: PeekView,
    close: String,
}

/// What a part needs of a frame.
struct Words {
    w: W,
}

#[derive(Deserialize)]
pub struct Place {
    #[serde(flatten)]
    wanted: Wanted,
    peek: Option<String>,
}

/// GET /inbox.
pub async fn inbox(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(query): Query<Place>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let peek = match &query.peek {
        Some(number) => Some(peek::peek(&mut sql, &app, &visitor, number).await?),
        None => None,
    };
    page(&app, &visitor, &headers, query.wanted, peek).await
}

async fn page(
    app: &Arc<App>,
    visitor: &Visitor,
    headers: &HeaderMap,
    wanted: Wanted,
    peek: Option<PeekView>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let view = list::inbox(&mut sql, app, visitor, &wanted).await?;
    shell::page(&InboxPage {
        f: Frame::load(&mut sql, app, visitor, headers, "inbox").await?,
        view,
        peek,
        after: wanted.after,
        trouble: None,
        ended: Vec::new(),
    })
}

/// GET /inbox/peek/{number}: the panel for htmx; the whole page for whoever opens the address.
pub async fn peek(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(number): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    let mut sql = app.db.read();
    let peek = peek::peek(&mut sql, &app, &visitor, &number).await?;
    if headers.contains_key("hx-request") {
        let url = |peek: &str| list_url(wanted.tab, wanted.filter, wanted.after.as_deref(), peek);
        let part = shell::page(&PeekPart {
            f: Words { w: W(visitor.lang) },
            peek,
            close: url(""),
        })?;
        return Ok(([("hx-push-url", url(&number))], part).into_response());
    }
    Ok(page(&app, &visitor, &headers, wanted, Some(peek))
        .await?
        .into_response())
}

#[derive(Template)]
#[template(path = "parts/people-options.html")]
struct PeopleOptions {
    people: Vec<(String, String, String)>,
}

#[derive(Deserialize)]
pub struct Sought {
    #[serde(default)]
    to: String,
}

/// GET /inbox/people?to=: options for the picker of a transfer.
pub async fn people(
    State(app): State<Arc<App>>,
    _: Visitor,
    Query(sought): Query<Sought>,
) -> Result<Html<String>, Error> {
    let people = decide::people(&app, &mut app.db.read(), &sought.to).await?;
    shell::page(&PeopleOptions { people })
}

#[derive(Deserialize)]
pub struct DecisionForm {
    hash: Option<String>,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    step: String,
    straight: Option<String>,
    place: Option<SignerPlace>,
    back: Option<String>,
}

async fn done(
    app: Arc<App>,
    visitor: Visitor,
    headers: HeaderMap,
    id: String,
    back: Option<String>,
    verdict: Verdict,
) -> Result<Response, Error> {
    let mut sql = app.db.read();
    match decide::decide(&app, &visitor, &id, verdict).await {
        Ok(_) => {
            if let Some(back) = back.filter(|b| !b.is_empty()) {
                return Ok(Redirect::to(shell::local(&back, "/inbox")).into_response());
            }
            let next = decide::next(&mut sql, &visitor.person, &id).await?;
            let to = list_url(Tab::Todo, Filter::All, None, next.as_deref().unwrap_or(""));
            Ok(Redirect::to(&to).into_response())
        }
        Err(error @ (Error::Refused(_) | Error::Decided { .. } | Error::Invalid(_))) => {
            let claim = decide::claim_of(&mut sql, &id).await?;
            let mut peek = peek::peek(&mut sql, &app, &visitor, &claim.number).await?;
            peek.notice = Some(words(W(visitor.lang), &error));
            let page = page(&app, &visitor, &headers, Wanted::default(), Some(peek)).await?;
            Ok((error.status(), page).into_response())
        }
        Err(error) => Err(error),
    }
}

/// What a decision came to, in words.
fn words(w: W, error: &Error) -> String {
    let failure = Failure::from(error);
    let mut all = vec![w.args(&format!("problem-{}", failure.code), &failure.args)];
    all.extend(failure.fields.iter().map(|p| shell::field_words(w, p)));
    all.join(" ")
}

/// POST /tasks/{id}/approval, rejection, return, transfer, advice, signer and taking-back.
pub async fn decide(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((id, what)): Path<(String, String)>,
    Form(DecisionForm {
        hash,
        comment,
        reason,
        to,
        step,
        straight,
        place,
        back,
    }): Form<DecisionForm>,
) -> Result<Response, Error> {
    let verdict = match what.as_str() {
        "approval" => Verdict::Approve {
            hash: hash.unwrap_or_default(),
            comment,
        },
        "rejection" => Verdict::Reject { hash, reason },
        "return" => Verdict::Return {
            hash,
            reason,
            to: Some(step).filter(|s| !s.is_empty()),
            straight: straight.is_some(),
        },
        "advice" => Verdict::Advice { hash, to, reason },
        "signer" => Verdict::Signer {
            hash,
            to,
            place: place.unwrap_or(SignerPlace::Before),
            reason,
        },
        "taking-back" => Verdict::TakeBack,
        "transfer" => Verdict::Transfer { hash, to, reason },
        _ => return Err(Error::NotFound("page")),
    };
    done(app, visitor, headers, id, back, verdict).await
}

/// What became of one of several, in words.
struct EndView {
    claim: Option<(String, String)>,
    approved: bool,
    words: String,
}

impl EndView {
    fn of(w: W, ended: Ended) -> EndView {
        let words = match &ended.end {
            End::Decided { by, outcome, at } => {
                let values = [("by", by.as_str()), ("outcome", outcome), ("at", at)];
                let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
                w.args("batch-end-decided", &values)
            }
            End::Refused(code) if w.knows(&format!("problem-{code}")) => w.args(&format!("problem-{code}"), &[]),
            End::Refused(_) => w.t("batch-end-refused"),
            end => w.t(&format!("batch-end-{}", end.code())),
        };
        EndView {
            approved: ended.end == End::Approved,
            claim: ended.claim,
            words,
        }
    }
}

/// POST /inbox/approvals: any number of `task`, each an id and the hash of what was seen, as `ID:HASH`.
pub async fn approve_many(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let picked = pairs.iter().filter(|(name, _)| name == "task");
    let picked: Vec<(String, String)> = picked
        .filter_map(|(_, value)| value.split_once(':'))
        .map(|(id, hash)| (id.to_owned(), hash.to_owned()))
        .collect();
    let w = W(visitor.lang);
    let (status, ended, trouble) = match decide::approve_many(&app, &visitor, &picked).await {
        Ok(ended) => (StatusCode::OK, ended, None),
        Err(error @ Error::Invalid(_)) => (error.status(), Vec::new(), Some(words(w, &error))),
        Err(error) => return Err(error),
    };
    let mut sql = app.db.read();
    let view = list::inbox(&mut sql, &app, &visitor, &Wanted::default()).await?;
    let page = shell::page(&InboxPage {
        f: Frame::load(&mut sql, &app, &visitor, &headers, "inbox").await?,
        view,
        peek: None,
        after: None,
        trouble,
        ended: ended.into_iter().map(|e| EndView::of(w, e)).collect(),
    })?;
    Ok((status, page).into_response())
}
