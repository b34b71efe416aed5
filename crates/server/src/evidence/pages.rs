//! The pages of receipts, and taking files in from a form.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use outlay_core::claim::{Claim, Refusal};
use uuid::Uuid;

use super::api::{ListQuery, page as page_of};
use super::originals::{self, Asked, FieldView, Sheet};
use super::proposal::Surroundings;
use super::shelf::Shelf;
use super::view::{DocumentView, document_view};
use super::wallet::{self, Tab};
use super::{incoming, learnt, line, store, take, tax};
use crate::app::App;
use crate::auth::{Action, Permit, Resource, Visitor};
use crate::claims::{self, begin, edit, edit_view::DocumentRow, edit_view::default_allocation, input::ClaimInput};
use crate::error::Error;
use crate::shell::{Frame, W, field_words, link, page};
use crate::verify;

#[derive(Template)]
#[template(path = "pages/receipts.html")]
struct ListPage {
    f: Frame,
    items: Vec<DocumentView>,
    next: Option<String>,
    view: String,
    q: String,
    tabs: Vec<Tab>,
    again: String,
}

impl ListPage {
    /// The address of what follows.
    fn after(&self, next: &str) -> String {
        let all = [("view", self.view.as_str()), ("q", &self.q), ("after", next)];
        let given: Vec<(&str, &str)> = all.into_iter().filter(|(_, v)| !v.is_empty()).collect();
        link("/receipts", &given)
    }
}

#[derive(Template)]
#[template(path = "parts/receipt-rows.html")]
pub struct Rows {
    /// The reader's words.
    pub w: W,
    /// The documents.
    pub items: Vec<DocumentView>,
}

#[derive(Template)]
#[template(path = "parts/claim-documents.html")]
struct ClaimDocuments {
    w: W,
    number: String,
    documents: Vec<DocumentRow>,
}

#[derive(Template)]
#[template(path = "pages/receipt.html")]
struct DetailPage {
    f: Frame,
    d: DocumentView,
    mine: bool,
    fields: Vec<FieldView>,
    sheet: Option<Sheet>,
    undrawn: Option<String>,
}

/// GET /receipts.
pub async fn list(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(query): Query<ListQuery>,
) -> Result<Html<String>, Error> {
    let found = page_of(&app, &visitor, &query).await?;
    let mut sql = app.db.read();
    page(&ListPage {
        tabs: wallet::tabs_of(W(visitor.lang), &query, &found.counts),
        f: Frame::load(&mut sql, &app, &visitor, &headers, "receipts").await?,
        items: found.items,
        next: found.next,
        again: wallet::again(&query),
        view: query.view,
        q: query.q,
    })
}

/// GET /receipts/{id}.
pub async fn detail(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(asked): Asked,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let document = store::readable(&mut sql, &app, &visitor.person, &id).await?;
    let mine = document.uploaded_by == visitor.person.id().to_string();
    let w = W(visitor.lang);
    let mut d = document_view(&mut sql, &app, &visitor, &document).await?;
    if mine {
        let one = std::slice::from_ref(&document);
        let around = Surroundings::gather(&mut sql, &app, &visitor, one).await?;
        d.matches = around.of(w, &document)?;
    }
    d.verification = verify::of_document(&mut sql, w, &visitor.zone, &document).await?;
    d.input_tax = tax::of_document(&mut sql, &app, w, &document).await?;
    d.category = learnt::view(&mut sql, &app, w, &document).await?;
    let invoice = document.read()?;
    let drawn = originals::sheet(&app, &document, invoice.as_ref(), w, asked.page.unwrap_or(1)).await?;
    let (sheet, undrawn) = match drawn {
        Some(Ok(sheet)) => (Some(sheet), None),
        Some(Err(error)) => (None, Some(field_words(w, &incoming::refusal(String::new(), &error)))),
        None => (None, None),
    };
    page(&DetailPage {
        fields: invoice.as_ref().map(|i| originals::fields(w, i)).unwrap_or_default(),
        sheet,
        undrawn,
        mine,
        d,
        f: Frame::load(&mut sql, &app, &visitor, &headers, "receipts").await?,
    })
}

/// The bytes as they came, to be saved, not shown: whatever they hold, no browser runs it.
#[utoipa::path(get, path = "/api/v1/documents/{id}/file", tag = "documents", params(("id" = String, Path)), responses((status = 200, content_type = "application/octet-stream"), (status = 404)))]
pub async fn file(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Response, Error> {
    let mut sql = app.db.read();
    let document = store::readable(&mut sql, &app, &visitor.person, &id).await?;
    let bytes = app.files.get(&app.vault, &document.id, &document.sealed_key).await?;
    let plain: String = document
        .name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
                c
            } else {
                '_'
            }
        })
        .collect();
    let full: String = document.name.bytes().map(|b| format!("%{b:02X}")).collect();
    let headers = [
        (header::CONTENT_TYPE, document.media_type),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox".to_owned(),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// Keeps the files of a form for the visitor; their documents' ids.
pub async fn keep(
    app: &Arc<App>,
    visitor: &Visitor,
    headers: &HeaderMap,
    form: Multipart,
) -> Result<Vec<String>, Error> {
    let files = incoming::files(headers, form).await?;
    let permit = may_add(app, visitor)?;
    let mut ids = Vec::new();
    for file in files {
        ids.push(take(app, &permit, &visitor.person, None, file).await?);
    }
    Ok(ids)
}

fn may_add(app: &App, visitor: &Visitor) -> Result<Permit, Error> {
    let own = Resource::Document(Uuid::nil().to_string(), visitor.person.id());
    visitor.permit(app, Action::AddDocument, &own)
}

/// As [`keep`], for a draft of the visitor: an invoice that another claim holds is refused.
pub async fn keep_on_claim(
    app: &Arc<App>,
    visitor: &Visitor,
    no: &str,
    headers: &HeaderMap,
    form: Multipart,
) -> Result<(Claim, Permit, Vec<String>), Error> {
    let (claim, permit) = claims::allowed(app, visitor, no, Action::EditClaim).await?;
    if !claim.status().is_editable() {
        return Err(Refusal::State { status: claim.status() }.into());
    }
    let files = incoming::files(headers, form).await?;
    let add = may_add(app, visitor)?;
    let mut ids = Vec::new();
    for file in files {
        ids.push(take(app, &add, &visitor.person, Some(claim.id), file).await?);
    }
    Ok((claim, permit, ids))
}

/// Makes a line of the draft from each document that says enough and is not on it yet.
pub async fn add_lines(
    app: &Arc<App>,
    visitor: &Visitor,
    permit: &Permit,
    claim: &Claim,
    documents: &[String],
) -> Result<Claim, Error> {
    let mut input = ClaimInput::of(&claim.content);
    let mut sql = app.db.read();
    let rules = app.rules(&mut sql).await?;
    let org = app.org(&mut sql).await?;
    let today = claims::store::today(&org, &claim.content)?;
    let policy = rules.policy(claim.content.entity, today);
    for id in documents {
        if input.lines.iter().any(|l| l.document == *id) {
            continue;
        }
        let document = store::readable(&mut sql, app, &visitor.person, id).await?;
        if document.state == Shelf::Red.code() {
            continue;
        }
        let entity = claim.content.entity;
        let learnt = learnt::of_document(&mut sql, entity, policy, &document).await?;
        let mut new = line(
            &document,
            policy,
            org.entity(entity),
            claim.content.currency,
            learnt.as_ref(),
        )?;
        if begin::is_complete(&new) {
            new.allocations = vec![default_allocation(&input)];
            input.lines.push(new);
        }
    }
    match edit::edit(app, permit, &visitor.person, claim.id, claim.n, input).await {
        Ok(claim) => Ok(claim),
        Err(error) => Err(super::veil(app, &visitor.person, error).await),
    }
}

/// POST /receipts.
pub async fn upload(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Response, Error> {
    keep(&app, &visitor, &headers, form).await?;
    if !headers.contains_key("hx-request") {
        return Ok(Redirect::to("/receipts").into_response());
    }
    let found = page_of(&app, &visitor, &ListQuery::default()).await?;
    Ok(page(&Rows {
        w: W(visitor.lang),
        items: found.items,
    })?
    .into_response())
}

/// POST /claims/{no}/receipts. With scripts, what is typed on the page stays: the answer lists the documents, and the
/// page asks for their lines together with what was typed. Without, lines are added to what is kept.
pub async fn upload_to_claim(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(no): Path<String>,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Response, Error> {
    let (claim, permit, ids) = keep_on_claim(&app, &visitor, &no, &headers, form).await?;
    if !headers.contains_key("hx-request") {
        add_lines(&app, &visitor, &permit, &claim, &ids).await?;
        return Ok(Redirect::to(&format!("/claims/{no}/edit")).into_response());
    }
    let w = W(visitor.lang);
    let input = ClaimInput::of(&claim.content);
    let mut documents = claims::edit_view::documents(&mut app.db.read(), &visitor.person, w, &input).await?;
    for row in &mut documents {
        row.fresh = row.line.is_none() && ids.contains(&row.id);
    }
    Ok(page(&ClaimDocuments {
        w,
        number: claim.number,
        documents,
    })?
    .into_response())
}
