//! Documents as JSON.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::learnt::{self, CategoryView};
use super::pages::{add_lines, keep, keep_on_claim};
use super::proposal::{MatchView, Surroundings};
use super::shelf::Shelf;
use super::store;
use super::tax::{self, InputTaxView};
use super::view::{DocumentList, DocumentView, document_view};
use super::wallet::MatchTo;
use crate::app::App;
use crate::auth::Visitor;
use crate::claims::view::{ClaimView, claim_view};
use crate::error::Error;
use crate::shell::W;
use crate::verify;

/// The evidence part of the API.
#[derive(OpenApi)]
#[openapi(
    paths(
        list,
        one,
        upload,
        upload_to_claim,
        super::pages::file,
        super::wallet::matches,
        super::wallet::match_to
    ),
    components(schemas(
        DocumentView,
        DocumentList,
        Shelf,
        MatchView,
        MatchTo,
        CategoryView,
        InputTaxView,
        Upload
    ))
)]
pub struct Api;

/// A form of files.
#[derive(ToSchema)]
#[allow(dead_code)]
pub struct Upload {
    /// XML (数电票, UBL, CII, FatturaPA), OFD, PDF, JPEG or PNG, or a ZIP or mail (.eml) with any of these; together at
    /// most 50 MB. Each invoice becomes a document of its own.
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<Vec<u8>>,
}

/// What a list is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those of one state: `unread` (those being read among them), `ready`, `matched`, `claimed`, `duplicate`,
    /// `invalid`, `red`; or `free`: on no live claim. All if empty.
    pub view: String,
    /// Two characters or more of seller, number, amount or the file's name.
    pub q: String,
    /// Where the page before ended: its `next`.
    pub after: String,
}

/// Your documents, the newest first.
#[utoipa::path(get, path = "/api/v1/documents", tag = "documents", params(ListQuery), responses((status = 200, body = DocumentList)))]
pub async fn list(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(query): Query<ListQuery>,
) -> Result<Json<DocumentList>, Error> {
    Ok(Json(page(&app, &visitor, &query).await?))
}

/// Rows of a page.
const PAGE: usize = 25;

/// A page of the visitor's documents.
pub async fn page(app: &App, visitor: &Visitor, query: &ListQuery) -> Result<DocumentList, Error> {
    let mut sql = app.db.read();
    let shelves = match query.view.as_str() {
        "" | "free" => Vec::new(),
        "unread" => vec![Shelf::Reading, Shelf::Unread],
        code => vec![Shelf::parse(code).ok_or_else(|| Error::field("view", "unknown"))?],
    };
    let filter = store::Filter {
        free: query.view == "free",
        shelves: &shelves,
        words: &query.q,
        after: Some(query.after.as_str()).filter(|a| !a.is_empty()),
    };
    let mut rows = store::mine(&mut sql, &visitor.person, filter, PAGE as u32 + 1).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(|r| r.id.clone());
    let around = Surroundings::gather(&mut sql, app, visitor, &rows).await?;
    let mut items = Vec::new();
    for row in &rows {
        let mut view = document_view(&mut sql, app, visitor, row).await?;
        view.matches = around.of(W(visitor.lang), row)?;
        items.push(view);
    }
    let counts = store::counts(&mut sql, &visitor.person).await?;
    Ok(DocumentList { items, counts, next })
}

/// A document with what was read of it.
#[utoipa::path(get, path = "/api/v1/documents/{id}", tag = "documents", params(("id" = String, Path)), responses((status = 200, body = DocumentView), (status = 404)))]
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<DocumentView>, Error> {
    let mut sql = app.db.read();
    let document = store::readable(&mut sql, &app, &visitor.person, &id).await?;
    let mut view = document_view(&mut sql, &app, &visitor, &document).await?;
    view.verification = verify::of_document(&mut sql, W(visitor.lang), &visitor.zone, &document).await?;
    view.input_tax = tax::of_document(&mut sql, &app, W(visitor.lang), &document).await?;
    view.category = learnt::view(&mut sql, &app, W(visitor.lang), &document).await?;
    Ok(Json(view))
}

/// Keeps files. All are kept or none; the same bytes give the document that exists. Invoices with structure or text are
/// read at once; a picture is `reading` for some seconds, and then what it says.
#[utoipa::path(post, path = "/api/v1/documents", tag = "documents", request_body(content = Upload, content_type = "multipart/form-data"), responses((status = 201, body = Vec<DocumentView>), (status = 409, description = "An invoice is already used"), (status = 413), (status = 422)))]
pub async fn upload(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    form: Multipart,
) -> Result<(StatusCode, Json<Vec<DocumentView>>), Error> {
    let ids = keep(&app, &visitor, &headers, form).await?;
    let mut sql = app.db.read();
    let mut views = Vec::new();
    for id in ids {
        let document = store::readable(&mut sql, &app, &visitor.person, &id).await?;
        views.push(document_view(&mut sql, &app, &visitor, &document).await?);
    }
    Ok((StatusCode::CREATED, Json(views)))
}

/// Keeps files and makes a line of the draft from each invoice that says enough. A picture, which is read later, becomes
/// none; `/matches` proposes where it belongs then.
#[utoipa::path(post, path = "/api/v1/claims/{no}/documents", tag = "documents", params(("no" = String, Path)), request_body(content = Upload, content_type = "multipart/form-data"), responses((status = 201, body = ClaimView), (status = 409), (status = 413), (status = 422)))]
pub async fn upload_to_claim(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(no): Path<String>,
    headers: HeaderMap,
    form: Multipart,
) -> Result<(StatusCode, Json<ClaimView>), Error> {
    let (claim, permit, ids) = keep_on_claim(&app, &visitor, &no, &headers, form).await?;
    let claim = add_lines(&app, &visitor, &permit, &claim, &ids).await?;
    let view = claim_view(&mut app.db.read(), &app, &visitor, &claim).await?;
    Ok((StatusCode::CREATED, Json(view)))
}
