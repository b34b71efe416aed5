//! The wallet: tabs by state, rows that change while they are read, and putting a receipt where it is proposed to belong.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{Html, Redirect};
use axum::{Form, Json};
use outlay_core::claim::Claim;
use serde::Deserialize;
use utoipa::ToSchema;

use super::api::ListQuery;
use super::pages::{Rows, add_lines};
use super::proposal::{MatchView, Surroundings};
use super::shelf::Shelf;
use super::store;
use super::view::document_view;
use crate::app::App;
use crate::auth::{Action, Visitor};
use crate::claims::input::ClaimInput;
use crate::claims::view::{ClaimView, claim_view};
use crate::claims::{self, edit};
use crate::error::Error;
use crate::shell::{Body, W, link, page};

/// A tab of the wallet.
pub struct Tab {
    /// Where it leads.
    pub href: String,
    /// Its name.
    pub name: String,
    /// How many documents.
    pub count: i64,
    /// Whether it is open.
    pub here: bool,
}

/// The tabs, with what is looked for kept.
pub fn tabs_of(w: W, query: &ListQuery, counts: &BTreeMap<String, i64>) -> Vec<Tab> {
    let of = |shelf: Shelf| counts.get(shelf.code()).copied().unwrap_or_default();
    let tab = |view: &str, count: i64| {
        let pairs = [("view", view), ("q", query.q.as_str())];
        let given: Vec<(&str, &str)> = pairs.into_iter().filter(|(_, v)| !v.is_empty()).collect();
        Tab {
            href: link("/receipts", &given),
            name: w.t(&format!("wallet-{}", if view.is_empty() { "all" } else { view })),
            count,
            here: query.view == view,
        }
    };
    let mut tabs = vec![tab("", counts.values().sum())];
    for shelf in Shelf::ALL.into_iter().filter(|s| *s != Shelf::Reading) {
        let count = of(shelf) + if shelf == Shelf::Unread { of(Shelf::Reading) } else { 0 };
        let always = matches!(shelf, Shelf::Unread | Shelf::Ready | Shelf::Matched | Shelf::Claimed);
        if always || count > 0 || query.view == shelf.code() {
            tabs.push(tab(shelf.code(), count));
        }
    }
    tabs
}

/// Where the tabs are asked for again.
pub fn again(query: &ListQuery) -> String {
    link("/receipts/tabs", &[("view", &query.view), ("q", &query.q)])
}

#[derive(Template)]
#[template(path = "parts/receipt-tabs.html")]
struct Tabs {
    w: W,
    tabs: Vec<Tab>,
    again: String,
}

/// GET /receipts/tabs: the tabs alone, for a page on which something changed.
pub async fn tabs(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(query): Query<ListQuery>,
) -> Result<Html<String>, Error> {
    let counts = store::counts(&mut app.db.read(), &visitor.person).await?;
    let w = W(visitor.lang);
    page(&Tabs {
        w,
        again: again(&query),
        tabs: tabs_of(w, &query, &counts),
    })
}

/// GET /receipts/{id}/row: one row of the list as it is now.
pub async fn row(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let document = store::readable(&mut sql, &app, &visitor.person, &id).await?;
    let around = Surroundings::gather(&mut sql, &app, &visitor, std::slice::from_ref(&document)).await?;
    let mut view = document_view(&mut sql, &app, &visitor, &document).await?;
    view.matches = around.of(W(visitor.lang), &document)?;
    page(&Rows {
        w: W(visitor.lang),
        items: vec![view],
    })
}

/// Where a document may belong, the likeliest first: lines of your drafts without evidence, and your visits of those days.
#[utoipa::path(get, path = "/api/v1/documents/{id}/matches", tag = "documents", params(("id" = String, Path)), responses((status = 200, body = Vec<MatchView>), (status = 404)))]
pub async fn matches(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<Vec<MatchView>>, Error> {
    let mut sql = app.db.read();
    let document = store::readable(&mut sql, &app, &visitor.person, &id).await?;
    if document.uploaded_by != visitor.person.id().to_string() {
        return Ok(Json(Vec::new()));
    }
    let around = Surroundings::gather(&mut sql, &app, &visitor, std::slice::from_ref(&document)).await?;
    Ok(Json(around.of(W(visitor.lang), &document)?))
}

/// Where a document is to go.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MatchTo {
    /// The number of a draft of yours.
    claim: String,
    /// The id of its line that the document proves; a new line is made of it if absent.
    line: String,
}

/// Puts a document onto a draft.
#[utoipa::path(post, path = "/api/v1/documents/{id}/match", tag = "documents", params(("id" = String, Path)), request_body = MatchTo, responses((status = 200, body = ClaimView), (status = 404), (status = 409), (status = 422)))]
pub async fn match_to(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(to): Body<MatchTo>,
) -> Result<Json<ClaimView>, Error> {
    let claim = put_on(&app, &visitor, &id, &to).await?;
    Ok(Json(claim_view(&mut app.db.read(), &app, &visitor, &claim).await?))
}

/// POST /receipts/{id}/match: the same by a button.
pub async fn put(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(to): Form<MatchTo>,
) -> Result<Redirect, Error> {
    let claim = put_on(&app, &visitor, &id, &to).await?;
    Ok(Redirect::to(&format!("/claims/{}/edit", claim.number)))
}

async fn put_on(app: &Arc<App>, visitor: &Visitor, id: &str, to: &MatchTo) -> Result<Claim, Error> {
    let (claim, permit) = claims::allowed(app, visitor, &to.claim, Action::EditClaim).await?;
    let document = store::readable(&mut app.db.read(), app, &visitor.person, id).await?;
    if to.line.is_empty() {
        return add_lines(app, visitor, &permit, &claim, &[document.id]).await;
    }
    let mut input = ClaimInput::of(&claim.content);
    let line = input.lines.iter_mut().find(|l| l.id == to.line);
    let line = line.ok_or_else(|| Error::field("line", "unknown"))?;
    if !line.document.is_empty() && line.document != document.id {
        return Err(Error::field("line", "has-document"));
    }
    line.document = document.id;
    match edit::edit(app, &permit, &visitor.person, claim.id, claim.n, input).await {
        Ok(claim) => Ok(claim),
        Err(error) => Err(super::veil(app, &visitor.person, error).await),
    }
}
