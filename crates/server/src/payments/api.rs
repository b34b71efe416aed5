//! /api/v1/payments and /api/v1/batches.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use outlay_core::ids::PaymentId;
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use super::file::Format;
use super::open::{self, NewBatch};
use super::store::{self, Payments};
use super::view::{
    AnswerRow, AnswersView, BatchRow, BatchView, BatchWanted, BatchesView, BatchesWanted, EntityChoice, PayableView,
    PaymentView, WaitingView, WaitingWanted,
};
use super::{answers as bank, pages, settle};
use crate::app::App;
use crate::auth::{Action, Permit, Resource, Visitor};
use crate::error::Error;
use crate::shell::Body;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(waiting, open, batches, batch, pain001, table, post_all, post_one, fail, answers),
    components(schemas(
        WaitingView,
        PayableView,
        EntityChoice,
        BatchesView,
        BatchRow,
        BatchView,
        PaymentView,
        NewBatch,
        Posting,
        Failing,
        BankAnswer,
        AnswersView,
        AnswerRow
    ))
)]
pub struct Api;

/// The bank's day.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Posting {
    /// On which day money moved: from the day of the batch to today.
    #[schema(value_type = String, format = "date")]
    pub on: Date,
}

/// Why a payment failed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Failing {
    /// What the bank said.
    pub reason: String,
}

/// What the bank answered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BankAnswer {
    /// CSV with the columns `end_to_end_id`, `status` (`posted` or `failed`), `reason` and optionally `date`.
    pub csv: String,
    /// True only tells what it would do.
    #[serde(default)]
    pub preview: bool,
}

/// The first page of a batch's payments.
const FIRST: Payments<'static> = Payments::After("");

/// A batch with all its payments that the reader may settle; others do not learn of it.
pub(super) async fn payable(app: &App, visitor: &Visitor, number: &str) -> Result<(BatchView, Permit), Error> {
    let batch = store::batch(&mut app.db.read(), app, visitor, number, Payments::All).await?;
    let permit = visitor.permit(app, Action::Pay, &Resource::Entity(batch.entity))?;
    Ok((batch, permit))
}

/// Leave to settle a payment, with its id.
pub(super) async fn payment(app: &App, visitor: &Visitor, id: &str) -> Result<(settle::Open, Permit), Error> {
    let id: PaymentId = id.parse().map_err(|_| Error::NotFound("payment"))?;
    let payment = settle::find(&mut app.db.read(), id).await?;
    let entity = Resource::Entity(payment.entity);
    if !app.rights.may(&visitor.person, Action::ReadPayments, &entity) {
        return Err(Error::NotFound("payment"));
    }
    let permit = visitor.permit(app, Action::Pay, &entity)?;
    Ok((payment, permit))
}

/// Approved claims that wait for their payment.
#[utoipa::path(get, path = "/api/v1/payments", tag = "payments", params(WaitingWanted), responses((status = 200, body = WaitingView), (status = 403)))]
pub async fn waiting(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(wanted): Query<WaitingWanted>,
) -> Result<Json<WaitingView>, Error> {
    Ok(Json(
        store::waiting(&mut app.db.read(), &app, &visitor, wanted.entity).await?,
    ))
}

/// Opens a batch: all of its claims or none.
#[utoipa::path(post, path = "/api/v1/batches", tag = "payments", request_body = NewBatch, responses((status = 201, body = BatchView), (status = 403), (status = 409, description = "a claim is in another batch"), (status = 422)))]
pub async fn open(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(new): Body<NewBatch>,
) -> Result<impl IntoResponse, Error> {
    let permit = visitor.permit(&app, Action::Pay, &Resource::Entity(new.entity))?;
    let number = open::open(&app, &permit, new).await?;
    let batch = store::batch(&mut app.db.read(), &app, &visitor, &number, FIRST).await?;
    let place = format!("/api/v1/batches/{number}");
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(batch)))
}

/// Batches, newest first.
#[utoipa::path(get, path = "/api/v1/batches", tag = "payments", params(BatchesWanted), responses((status = 200, body = BatchesView), (status = 403)))]
pub async fn batches(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(wanted): Query<BatchesWanted>,
) -> Result<Json<BatchesView>, Error> {
    Ok(Json(
        store::batches(&mut app.db.read(), &app, &visitor, wanted.before.as_deref()).await?,
    ))
}

/// A batch with a page of its payments. Its files are at `…/file.xml` (pain.001.001.09) and `…/file.csv`.
#[utoipa::path(get, path = "/api/v1/batches/{number}", tag = "payments", params(("number" = String, Path), BatchWanted), responses((status = 200, body = BatchView), (status = 404)))]
pub async fn batch(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(number): Path<String>,
    Query(wanted): Query<BatchWanted>,
) -> Result<Json<BatchView>, Error> {
    let payments = Payments::After(&wanted.after);
    Ok(Json(
        store::batch(&mut app.db.read(), &app, &visitor, &number, payments).await?,
    ))
}

/// The batch as ISO 20022 pain.001.001.09. No bank has tried it.
#[utoipa::path(get, path = "/api/v1/batches/{number}/file.xml", tag = "payments", params(("number" = String, Path)), responses((status = 200, content_type = "application/xml", body = String), (status = 403), (status = 404)))]
pub async fn pain001(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(number): Path<String>,
) -> Result<Response, Error> {
    pages::download(&app, &visitor, &number, Format::Pain001).await
}

/// The batch as CSV after the column template for banks in China. No bank has tried it.
#[utoipa::path(get, path = "/api/v1/batches/{number}/file.csv", tag = "payments", params(("number" = String, Path)), responses((status = 200, content_type = "text/csv", body = String), (status = 403), (status = 404)))]
pub async fn table(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(number): Path<String>,
) -> Result<Response, Error> {
    pages::download(&app, &visitor, &number, Format::Table).await
}

/// Marks all pending payments of a batch as posted.
#[utoipa::path(post, path = "/api/v1/batches/{number}/posting", tag = "payments", params(("number" = String, Path)), request_body = Posting, responses((status = 200, body = BatchView), (status = 403), (status = 404), (status = 409, description = "none is pending"), (status = 422)))]
pub async fn post_all(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(number): Path<String>,
    Body(posting): Body<Posting>,
) -> Result<Json<BatchView>, Error> {
    let (batch, permit) = payable(&app, &visitor, &number).await?;
    settle::post_all(&app, &permit, &batch, posting.on).await?;
    Ok(Json(
        store::batch(&mut app.db.read(), &app, &visitor, &number, FIRST).await?,
    ))
}

/// Marks one payment as posted.
#[utoipa::path(post, path = "/api/v1/payments/{id}/posting", tag = "payments", params(("id" = String, Path)), request_body = Posting, responses((status = 200, body = BatchView), (status = 403), (status = 404), (status = 409), (status = 422)))]
pub async fn post_one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(posting): Body<Posting>,
) -> Result<Json<BatchView>, Error> {
    let (open, permit) = payment(&app, &visitor, &id).await?;
    settle::post(&app, &permit, open.id, posting.on).await?;
    Ok(Json(
        store::batch(&mut app.db.read(), &app, &visitor, &open.batch, FIRST).await?,
    ))
}

/// Marks one payment as failed; its claim can be batched again.
#[utoipa::path(post, path = "/api/v1/payments/{id}/failure", tag = "payments", params(("id" = String, Path)), request_body = Failing, responses((status = 200, body = BatchView), (status = 403), (status = 404), (status = 409), (status = 422)))]
pub async fn fail(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(failing): Body<Failing>,
) -> Result<Json<BatchView>, Error> {
    let (open, permit) = payment(&app, &visitor, &id).await?;
    settle::fail(&app, &permit, open.id, failing.reason).await?;
    Ok(Json(
        store::batch(&mut app.db.read(), &app, &visitor, &open.batch, FIRST).await?,
    ))
}

/// Takes the bank's answer to a batch, all of it or nothing; with `preview` it only tells what it would do.
#[utoipa::path(post, path = "/api/v1/batches/{number}/answers", tag = "payments", params(("number" = String, Path)), request_body = BankAnswer, responses((status = 200, body = AnswersView), (status = 403), (status = 404), (status = 422)))]
pub async fn answers(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(number): Path<String>,
    Body(answer): Body<BankAnswer>,
) -> Result<Json<AnswersView>, Error> {
    let (batch, permit) = payable(&app, &visitor, &number).await?;
    Ok(Json(if answer.preview {
        bank::preview(&batch, &answer.csv)?
    } else {
        bank::apply(&app, &permit, &batch, &answer.csv).await?
    }))
}
