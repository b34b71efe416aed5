//! /settings/watch.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{Html, Redirect};
use outlay_core::claim::Status;

use super::view::{self, WatchQuery, WatchView};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::{Frame, SettingsNav, page as render, status_words};

#[derive(Template)]
#[template(path = "pages/settings-watch.html")]
struct WatchPage {
    f: Frame,
    nav: SettingsNav,
    v: WatchView,
    entities: Vec<(String, String)>,
    entity: String,
}

impl WatchPage {
    fn since(&self, at: &str) -> String {
        at.parse()
            .map_or_else(|_| at.to_owned(), |at| crate::shell::ago(self.f.w, at))
    }

    fn state(&self, status: &str) -> String {
        Status::parse(status).map_or_else(|| status.to_owned(), |s| status_words(self.f.w, s))
    }
}

/// GET /settings/watch.
pub async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(query): Query<WatchQuery>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let org = app.org(&mut sql).await?;
    let entities = view::entities(&app, &visitor, &org);
    render(&WatchPage {
        v: view::watch(&mut sql, &app, &visitor, &query).await?,
        f: Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?,
        nav: SettingsNav::load(&mut sql, &app, &visitor, "watch").await?,
        entities: entities.into_iter().map(|(id, name)| (id.to_string(), name)).collect(),
        entity: query.entity,
    })
}

/// POST /settings/watch/{no}/repair.
pub async fn repair(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(number): Path<String>,
) -> Result<Redirect, Error> {
    super::repair::repair(&app, &visitor, &number).await?;
    Ok(Redirect::to("/settings/watch"))
}
