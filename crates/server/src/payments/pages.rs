//! /payments: what waits, batches, their files, and settling.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use jiff::civil::Date;
use outlay_core::ids::EntityId;
use serde::Deserialize;

use super::file::{self, Format};
use super::open::{self, NewBatch};
use super::store::{self, Payments};
use super::view::{AnswersView, BatchView, BatchWanted, BatchesView, BatchesWanted, WaitingView, WaitingWanted};
use super::{answers as bank, api, settle};
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::error::Error;
use crate::shell::{self, Frame, W};

/// The tabs of /payments.
pub(super) struct Tabs {
    /// The one shown.
    pub here: &'static str,
    /// How many wait in each.
    pub counts: [i64; 4],
}

impl Tabs {
    /// Whether money is to be had back, or its tab is shown; most companies never see it.
    pub(super) fn recovers(&self) -> bool {
        self.here == "recoveries" || self.counts[3] > 0
    }

    pub(super) fn at(&self, tab: &str) -> &'static str {
        if self.here == tab { " aria-current=\"page\"" } else { "" }
    }
}

/// A stored day as the reader writes it.
pub(crate) fn short(w: &W, day: &str) -> String {
    let today = crate::clock::day(crate::clock::now(), "UTC");
    day.parse::<Date>()
        .map_or_else(|_| day.to_owned(), |d| shell::short_day(*w, d, today))
}

#[derive(Template)]
#[template(path = "pages/payments.html")]
struct WaitingPage {
    f: Frame,
    tabs: Tabs,
    view: WaitingView,
}

/// GET /payments.
pub async fn waiting(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(wanted): Query<WaitingWanted>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let view = store::waiting(&mut sql, &app, &visitor, wanted.entity).await?;
    let tabs = Tabs {
        here: "waiting",
        counts: store::counts(&mut sql, &app, &visitor).await?,
    };
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "payments").await?;
    shell::page(&WaitingPage { f, tabs, view })
}

/// POST /payments/batches. The form names a claim once for each that is ticked.
pub async fn open(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Redirect, Error> {
    let one = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let entity: EntityId = one("entity")
        .and_then(|v| v.parse().ok())
        .ok_or_else(|| Error::field("entity", "unknown"))?;
    let execute_on: Date = one("execute_on")
        .and_then(|v| v.parse().ok())
        .ok_or_else(|| Error::field("execute_on", "not-a-date"))?;
    let claims = fields
        .iter()
        .filter(|(n, _)| n == "claim")
        .map(|(_, v)| v.clone())
        .collect();
    let permit = visitor.permit(&app, Action::Pay, &Resource::Entity(entity))?;
    let number = open::open(
        &app,
        &permit,
        NewBatch {
            entity,
            execute_on,
            claims,
        },
    )
    .await?;
    Ok(Redirect::to(&format!("/payments/batches/{number}")))
}

#[derive(Template)]
#[template(path = "pages/batches.html")]
struct BatchesPage {
    f: Frame,
    tabs: Tabs,
    view: BatchesView,
}

/// GET /payments/batches.
pub async fn batches(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(wanted): Query<BatchesWanted>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let view = store::batches(&mut sql, &app, &visitor, wanted.before.as_deref()).await?;
    let tabs = Tabs {
        here: "batches",
        counts: store::counts(&mut sql, &app, &visitor).await?,
    };
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "payments").await?;
    shell::page(&BatchesPage { f, tabs, view })
}

#[derive(Template)]
#[template(path = "pages/batch.html")]
struct BatchPage {
    f: Frame,
    batch: BatchView,
    /// Where the page before ended.
    after: String,
    answers: Option<(AnswersView, String)>,
}

/// The page of a batch's payments on which somebody was.
fn place(number: &str, after: &str) -> String {
    let path = format!("/payments/batches/{number}");
    if after.is_empty() {
        path
    } else {
        shell::link(&path, &[("after", after)])
    }
}

impl BatchPage {
    fn page(&self, after: &str) -> String {
        place(&self.batch.number, after)
    }
}

/// GET /payments/batches/{number}.
pub async fn batch(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(number): Path<String>,
    Query(wanted): Query<BatchWanted>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let batch = store::batch(&mut sql, &app, &visitor, &number, Payments::After(&wanted.after)).await?;
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "payments").await?;
    shell::page(&BatchPage {
        f,
        batch,
        after: wanted.after,
        answers: None,
    })
}

/// The file of a batch, for those who may pay.
pub(super) async fn download(
    app: &Arc<App>,
    visitor: &Visitor,
    number: &str,
    format: Format,
) -> Result<Response, Error> {
    let (batch, permit) = api::payable(app, visitor, number).await?;
    let bytes = file::render(app, &permit, batch.id, format).await?;
    let (kind, end) = match format {
        Format::Pain001 => ("application/xml", "pain.001.xml"),
        Format::Table => ("text/csv; charset=utf-8", "csv"),
    };
    let name = format!("attachment; filename=\"{}.{end}\"", batch.number);
    Ok((
        [
            (header::CONTENT_TYPE, kind.to_owned()),
            (header::CONTENT_DISPOSITION, name),
        ],
        bytes,
    )
        .into_response())
}

#[derive(Deserialize)]
pub struct PostingForm {
    on: Date,
    #[serde(default)]
    after: String,
}

/// POST /payments/batches/{number}/posting.
pub async fn post_all(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(number): Path<String>,
    Form(form): Form<PostingForm>,
) -> Result<Redirect, Error> {
    let (batch, permit) = api::payable(&app, &visitor, &number).await?;
    settle::post_all(&app, &permit, &batch, form.on).await?;
    Ok(Redirect::to(&format!("/payments/batches/{}", batch.number)))
}

/// POST /payments/{id}/posting.
pub async fn post_one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(form): Form<PostingForm>,
) -> Result<Redirect, Error> {
    let (payment, permit) = api::payment(&app, &visitor, &id).await?;
    settle::post(&app, &permit, payment.id, form.on).await?;
    Ok(Redirect::to(&place(&payment.batch, &form.after)))
}

#[derive(Deserialize)]
pub struct FailureForm {
    reason: String,
    #[serde(default)]
    after: String,
}

/// POST /payments/{id}/failure.
pub async fn fail(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(form): Form<FailureForm>,
) -> Result<Redirect, Error> {
    let (payment, permit) = api::payment(&app, &visitor, &id).await?;
    settle::fail(&app, &permit, payment.id, form.reason).await?;
    Ok(Redirect::to(&place(&payment.batch, &form.after)))
}

/// POST /payments/batches/{number}/answers, multipart: `file` shows what it would do; `csv` with `apply` does it.
pub async fn answers(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(number): Path<String>,
    mut form: Multipart,
) -> Result<Response, Error> {
    let (batch, permit) = api::payable(&app, &visitor, &number).await?;
    let (mut csv, mut apply) = (String::new(), false);
    let unreadable = |_| Error::field("file", "unreadable");
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        match field.name() {
            Some("file" | "csv") => csv = bank::text(&field.bytes().await.map_err(unreadable)?)?,
            Some("apply") => apply = true,
            _ => {}
        }
    }
    if apply {
        bank::apply(&app, &permit, &batch, &csv).await?;
        return Ok(Redirect::to(&format!("/payments/batches/{}", batch.number)).into_response());
    }
    let view = bank::preview(&batch, &csv)?;
    let mut sql = app.db.read();
    let batch = store::batch(&mut sql, &app, &visitor, &number, Payments::After("")).await?;
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "payments").await?;
    Ok(shell::page(&BatchPage {
        f,
        batch,
        after: String::new(),
        answers: Some((view, csv)),
    })?
    .into_response())
}
