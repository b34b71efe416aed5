//! /settings/connections: the CRMs, how fresh their records are, and what to do about it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;

use super::connection::{Connection, NewConnection};
use super::pull;
use super::settings::{self, ConnectionView, id_of, may};
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
    v: Option<ConnectionView>,
    tested: Option<Result<Vec<String>, String>>,
}

impl OnePage {
    fn url(&self) -> &str {
        self.v.as_ref().map_or("", |v| &v.url)
    }

    fn database(&self) -> &str {
        self.v.as_ref().map_or("", |v| &v.database)
    }

    fn name(&self) -> &str {
        self.v.as_ref().map_or("", |v| &v.name)
    }

    fn english(&self) -> bool {
        self.v.as_ref().is_some_and(|v| v.language == "en")
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct After {
    tested: bool,
}

async fn list(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    may(&app, &visitor)?;
    let mut sql = app.db.read();
    let mut all = Vec::new();
    for connection in Connection::all(&mut sql).await? {
        all.push(settings::view(&mut sql, &connection).await?);
    }
    shell::page(&ListPage {
        f: Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?,
        nav: SettingsNav::load(&mut sql, &app, &visitor, "connections").await?,
        all,
    })
}

async fn new(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    may(&app, &visitor)?;
    let mut sql = app.db.read();
    shell::page(&OnePage {
        f: Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?,
        nav: SettingsNav::load(&mut sql, &app, &visitor, "connections").await?,
        v: None,
        tested: None,
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
        v: Some(settings::view(&mut sql, &connection).await?),
        tested,
    })
}

async fn create(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Form(new): Form<NewConnection>,
) -> Result<Redirect, Error> {
    let permit = may(&app, &visitor)?;
    let id = settings::save(&app, permit, None, new).await?;
    Ok(Redirect::to(&format!("/settings/connections/{id}?tested=true")))
}

async fn replace(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(new): Form<NewConnection>,
) -> Result<Redirect, Error> {
    let permit = may(&app, &visitor)?;
    let id = settings::save(&app, permit, Some(id_of(&id)?), new).await?;
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
    settings::pause(&app, may(&app, &visitor)?, id, true).await?;
    Ok(Redirect::to(&format!("/settings/connections/{id}")))
}

async fn resume(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    let id = id_of(&id)?;
    settings::pause(&app, may(&app, &visitor)?, id, false).await?;
    Ok(Redirect::to(&format!("/settings/connections/{id}")))
}
