//! /settings/meters.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use outlay_core::ids::EntityId;
use serde::Deserialize;

use super::view::{self, MeterView};
use crate::app::App;
use crate::auth::Visitor;
use crate::clock::{day, now};
use crate::error::Error;
use crate::shell::{self, Frame, SettingsNav, field_words};

#[derive(Template)]
#[template(path = "pages/settings-meters.html")]
struct Page {
    f: Frame,
    nav: SettingsNav,
    year: i16,
    meters: Vec<MeterView>,
    errors: Vec<String>,
}

/// Which year.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    /// This year if absent.
    year: Option<i16>,
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub struct RevenueForm {
    entity: String,
    year: i16,
    revenue: String,
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    year: Option<i16>,
    errors: &[outlay_core::claim::Problem],
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let f = Frame::load(&mut sql, app, visitor, headers, "settings").await?;
    let year = year.unwrap_or_else(|| day(now(), "UTC").year());
    shell::page(&Page {
        nav: SettingsNav::load(&mut sql, app, visitor, "meters").await?,
        meters: view::list(&mut sql, app, visitor, Some(year)).await?,
        errors: errors.iter().map(|p| field_words(f.w, p)).collect(),
        year,
        f,
    })
}

/// GET /settings/meters.
pub async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Html<String>, Error> {
    shown(&app, &visitor, &headers, wanted.year, &[]).await
}

/// POST /settings/meters: sets the revenue of an entity and year.
pub async fn set(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<RevenueForm>,
) -> Result<Response, Error> {
    let entity: EntityId = form.entity.parse().map_err(|_| Error::NotFound("entity"))?;
    match view::set(&app, &visitor, entity, form.year, &form.revenue).await {
        Ok(()) => Ok(Redirect::to(&format!("/settings/meters?year={}", form.year)).into_response()),
        Err(Error::Invalid(problems)) => {
            let page = shown(&app, &visitor, &headers, Some(form.year), &problems).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error),
    }
}
