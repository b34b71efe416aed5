//! /settings/connections: the CRMs, how fresh their records are, and what to do about it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;

use outlay_connect::manifest::{self as catalogue, Manifest};

use super::connection::{Connection, NewConnection, Place};
use super::dead::{self, Wanted};
use super::view::{self, ConnectionView, SettingView, id_of, may};
use super::{pull, reconcile};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::{self, Frame, SettingsNav};

/// The pages' routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/connections", get(list).post(create))
        .route("/settings/connections/new", get(new))
        .route("/settings/connections/{id}", get(one).post(replace))
        .route("/settings/connections/{id}/test", post(test))
        .route("/settings/connections/{id}/pull", post(pull_now))
        .route("/settings/connections/{id}/pause", post(pause))
        .route("/settings/connections/{id}/resume", post(resume))
        .route("/settings/connections/{id}/settings", get(edit))
        .route("/settings/connections/{id}/retry", post(retry))
        .route("/settings/connections/{id}/reconcile", post(reconcile_now))
        .route("/settings/connections/{id}/archive", post(archive))
}

#[derive(Template)]
#[template(path = "pages/settings-connections.html")]
struct ListPage {
    f: Frame,
    nav: SettingsNav,
    all: Vec<ConnectionView>,
}

#[derive(Template)]
#[template(path = "pages/settings-connection.html")]
struct OnePage {
    f: Frame,
    nav: SettingsNav,
    v: ConnectionView,
    tested: Option<Result<Vec<String>, String>>,
    retried: Option<Retried>,
}

impl OnePage {
    /// Whether something is under way, so that the page looks again soon.
    fn busy(&self) -> bool {
        let pulling = self.v.runs.first().is_some_and(|run| run.ended_at.is_none());
        pulling || self.v.reconcile.as_ref().is_some_and(|r| r.ended_at.is_none())
    }

    /// The bars of a rate: from the left, from the top, and how high, of 160 by 100.
    fn bars(&self, rate: &[i64]) -> Vec<(usize, i64, i64)> {
        let most = rate.iter().copied().max().unwrap_or(0).max(1);
        let bars = rate.iter().enumerate().filter(|(_, n)| **n > 0);
        let high = |n: i64| (n * 100 / most).max(8);
        bars.map(|(at, n)| (at * 4, 100 - high(*n), high(*n))).collect()
    }

    /// Kinds of record that are late.
    fn late(&self) -> usize {
        self.v.objects.iter().filter(|o| o.late).count()
    }

    /// The kind of record that was read to its end longest ago.
    fn stalest(&self) -> Option<(&str, &str)> {
        let read = self.v.objects.iter();
        let times = read.filter_map(|o| Some((o.object.as_str(), o.whole_at.as_deref()?)));
        times.min_by_key(|(_, at)| at.parse::<jiff::Timestamp>().ok())
    }

    /// How long something will take, in words.
    fn left(&self, seconds: &i64) -> String {
        match *seconds {
            ..60 => self.f.w.t("connection-left-soon"),
            60..7200 => self.f.w.n("connection-left-minutes", (seconds + 30) / 60),
            _ => self.f.w.n("connection-left-hours", (seconds + 1800) / 3600),
        }
    }

    /// The page of a record here.
    fn href(&self, difference: &view::DifferenceView) -> Option<String> {
        let id = difference.id.as_ref()?;
        let list = match difference.object.as_str() {
            "account" => "accounts",
            "contact" => "contacts",
            "deal" => "deals",
            "project" => "projects",
            "order" => "orders",
            "activity" => "activities",
            _ => return None,
        };
        Some(format!("/crm/{list}/{id}"))
    }
}

#[derive(Template)]
#[template(path = "pages/settings-connection-kinds.html")]
struct KindsPage {
    f: Frame,
    nav: SettingsNav,
    kinds: Vec<&'static Manifest>,
}

#[derive(Template)]
#[template(path = "pages/settings-connection-edit.html")]
struct EditPage {
    f: Frame,
    nav: SettingsNav,
    manifest: &'static Manifest,
    settings: Vec<SettingView>,
    id: Option<String>,
    name: String,
    english: bool,
    unasked_percent: usize,
    fresh_minutes: u32,
    todos: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    kind: String,
}

/// A form's fields: `kind`, `name`, `language`, and each setting as `s.KEY`.
type Fields = std::collections::BTreeMap<String, String>;

fn entered(fields: Fields) -> NewConnection {
    let of = |key: &str| fields.get(key).cloned().unwrap_or_default();
    let settings = fields
        .iter()
        .filter_map(|(key, v)| Some((key.strip_prefix("s.")?.to_owned(), v.clone())));
    NewConnection {
        kind: of("kind"),
        name: of("name"),
        settings: settings.collect(),
        language: fields.get("language").cloned(),
        unasked_percent: fields.get("unasked_percent").and_then(|text| number(text)),
        fresh_minutes: fields
            .get("fresh_minutes")
            .and_then(|text| number(text))
            .map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
        todos: fields.get("todos").map(|text| text == "true"),
    }
}

/// A number as entered; what is none is beyond all bounds, so that it is told.
fn number(text: &str) -> Option<usize> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.parse().unwrap_or(usize::MAX))
}

/// What the last retry did, in the address.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Retried {
    taken: i64,
    gone: i64,
    refused: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct After {
    tested: bool,
    taken: Option<i64>,
    gone: i64,
    refused: i64,
}

async fn list(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    may(&app, &visitor)?;
    let mut sql = app.db.read();
    let mut all = Vec::new();
    for connection in Connection::all(&mut sql).await? {
        all.push(view::view(&mut sql, &connection).await?);
    }
    shell::page(&ListPage {
        f: Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?,
        nav: SettingsNav::load(&mut sql, &app, &visitor, "connections").await?,
        all,
    })
}

async fn new(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Error> {
    may(&app, &visitor)?;
    let mut sql = app.db.read();
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?;
    let nav = SettingsNav::load(&mut sql, &app, &visitor, "connections").await?;
    match catalogue::of(&asked.kind) {
        None => shell::page(&KindsPage {
            f,
            nav,
            kinds: catalogue::all().collect(),
        }),
        Some(manifest) => shell::page(&EditPage {
            f,
            nav,
            manifest,
            settings: view::settings(manifest, None),
            id: None,
            name: manifest.name.clone(),
            english: false,
            unasked_percent: Place::default().unasked_percent(),
            fresh_minutes: Place::default().fresh_minutes(),
            todos: Place::default().todos(),
        }),
    }
}

async fn edit(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Html<String>, Error> {
    may(&app, &visitor)?;
    let mut sql = app.db.read();
    let connection = Connection::load(&mut sql, id_of(&id)?).await?;
    shell::page(&EditPage {
        f: Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?,
        nav: SettingsNav::load(&mut sql, &app, &visitor, "connections").await?,
        manifest: connection.manifest,
        settings: view::settings(connection.manifest, Some(&connection)),
        id: Some(connection.id.to_string()),
        english: connection.place.language == "en",
        unasked_percent: connection.place.unasked_percent(),
        fresh_minutes: connection.place.fresh_minutes(),
        todos: connection.place.todos(),
        name: connection.name,
    })
}

async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(after): Query<After>,
) -> Result<Html<String>, Error> {
    may(&app, &visitor)?;
    let mut sql = app.db.read();
    let connection = Connection::load(&mut sql, id_of(&id)?).await?;
    let tested = if after.tested {
        Some(
            connection
                .test(&app)
                .await
                .map(|r| r.warnings)
                .map_err(|e| e.to_string()),
        )
    } else {
        None
    };
    shell::page(&OnePage {
        f: Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?,
        nav: SettingsNav::load(&mut sql, &app, &visitor, "connections").await?,
        v: view::view(&mut sql, &connection).await?,
        tested,
        retried: after.taken.map(|taken| Retried {
            taken,
            gone: after.gone,
            refused: after.refused,
        }),
    })
}

async fn create(State(app): State<Arc<App>>, visitor: Visitor, Form(fields): Form<Fields>) -> Result<Redirect, Error> {
    let permit = may(&app, &visitor)?;
    let id = view::save(&app, permit, None, entered(fields)).await?;
    Ok(Redirect::to(&format!("/settings/connections/{id}?tested=true")))
}

async fn replace(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Redirect, Error> {
    let permit = may(&app, &visitor)?;
    let id = view::save(&app, permit, Some(id_of(&id)?), entered(fields)).await?;
    Ok(Redirect::to(&format!("/settings/connections/{id}?tested=true")))
}

async fn test(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    may(&app, &visitor)?;
    Ok(Redirect::to(&format!(
        "/settings/connections/{}?tested=true",
        id_of(&id)?
    )))
}

/// Begins a pull; the page then shows how far it is.
async fn pull_now(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    may(&app, &visitor)?;
    let id = id_of(&id)?;
    Connection::load(&mut app.db.read(), id).await?;
    let shared = app.clone();
    tokio::spawn(async move {
        match pull::pull(&shared, id).await {
            Ok(_) | Err(Error::Conflict) => {}
            Err(error) => tracing::error!(%error, "pull"),
        }
    });
    // Long enough for the run to show on the page.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    Ok(Redirect::to(&format!("/settings/connections/{id}")))
}

async fn pause(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    let id = id_of(&id)?;
    view::pause(&app, may(&app, &visitor)?, id, true).await?;
    Ok(Redirect::to(&format!("/settings/connections/{id}")))
}

async fn resume(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    let id = id_of(&id)?;
    view::pause(&app, may(&app, &visitor)?, id, false).await?;
    Ok(Redirect::to(&format!("/settings/connections/{id}")))
}

async fn retry(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(wanted): Form<Wanted>,
) -> Result<Redirect, Error> {
    may(&app, &visitor)?;
    let id = id_of(&id)?;
    let done = dead::retry(&app, id, wanted).await?;
    Ok(Redirect::to(&format!(
        "/settings/connections/{id}?taken={}&gone={}&refused={}",
        done.taken, done.gone, done.refused
    )))
}

/// Begins a reconcile; the page then shows what it finds.
async fn reconcile_now(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Redirect, Error> {
    may(&app, &visitor)?;
    let id = id_of(&id)?;
    Connection::load(&mut app.db.read(), id).await?;
    let shared = app.clone();
    tokio::spawn(async move {
        match reconcile::reconcile(&shared, id).await {
            Ok(_) | Err(Error::Conflict) => {}
            Err(error) => tracing::error!(%error, "reconcile"),
        }
    });
    // Long enough for the run to show on the page.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    Ok(Redirect::to(&format!("/settings/connections/{id}#reconcile")))
}

async fn archive(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    let permit = may(&app, &visitor)?;
    let id = id_of(&id)?;
    reconcile::archive(&app, permit, id).await?;
    Ok(Redirect::to(&format!("/settings/connections/{id}#reconcile")))
}
