//! /settings/policies and /settings/flows: versions, their text, and publishing another.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Multipart, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use outlay_core::claim::Problem;
use outlay_core::ids::EntityId;

use super::view::{self, Kind, NewFlow, NewPolicy, VersionRow, VersionView};
use super::yaml::{self, Line};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::rules::RulesDraftRow;
use crate::sheets::pages::{TableRow, tables};
use crate::shell::{self, Frame, SettingsNav, field_words};

/// Largest text taken, in bytes.
const MOST: usize = 1024 * 1024;

#[derive(Template)]
#[template(path = "pages/settings-versions.html")]
struct ListPage {
    f: Frame,
    nav: SettingsNav,
    kind: Kind,
    versions: Vec<VersionRow>,
    /// Names of entities that have none in force.
    lacking: Vec<String>,
    entities: Vec<(EntityId, String)>,
    form: Sent,
    errors: Vec<(String, String)>,
    today: String,
    drafts: Vec<RulesDraftRow>,
}

#[derive(Template)]
#[template(path = "pages/settings-version.html")]
struct OnePage {
    f: Frame,
    nav: SettingsNav,
    kind: Kind,
    view: VersionView,
    lines: Vec<Line>,
    tables: Vec<TableRow>,
    others: Vec<VersionRow>,
    may_draft: bool,
}

/// What the form sends: a file, or text.
#[derive(Default)]
struct Sent {
    yaml: String,
    entity: String,
    from: String,
}

async fn sent(mut form: Multipart) -> Result<Sent, Error> {
    let mut sent = Sent::default();
    let unreadable = |_| Error::field("file", "unreadable");
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(unreadable)?;
        if bytes.len() > MOST {
            return Err(Error::TooLarge(1));
        }
        if bytes.is_empty() {
            continue;
        }
        let text = String::from_utf8(bytes.to_vec()).map_err(|_| Error::field("file", "encoding"))?;
        match name.as_str() {
            "file" => sent.yaml = text,
            "yaml" if sent.yaml.is_empty() => sent.yaml = text,
            "entity" => sent.entity = text,
            "effective_from" => sent.from = text,
            _ => {}
        }
    }
    Ok(sent)
}

async fn list(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    kind: Kind,
    form: Sent,
    problems: &[Problem],
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let f = Frame::load(&mut sql, app, visitor, headers, "settings").await?;
    let errors = problems
        .iter()
        .map(|p| (p.field.clone(), field_words(f.w, p)))
        .collect();
    let versions = view::list(&mut sql, kind, visitor.lang).await?;
    let org = app.org(&mut sql).await?;
    let has = |id: EntityId| versions.iter().any(|v| v.in_force && v.entity == id);
    let mut lacking: Vec<String> = org.entities().filter(|e| !has(e.id)).map(|e| e.name.clone()).collect();
    lacking.sort();
    let mut drafts = RulesDraftRow::list(app, visitor).await?;
    drafts.retain(|d| d.kind.is_flow() == kind.is_flow());
    shell::page(&ListPage {
        drafts,
        nav: SettingsNav::load(&mut sql, app, visitor, kind.here()).await?,
        kind,
        versions,
        lacking,
        entities: view::publishable(&mut sql, app, visitor).await?,
        today: crate::clock::day(crate::clock::now(), "UTC").to_string(),
        f,
        form,
        errors,
    })
}

async fn one(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    kind: Kind,
    entity: Option<EntityId>,
    reference: &str,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let view = view::one(&mut sql, kind, entity, reference, visitor.lang).await?;
    let mut others = view::list(&mut sql, kind, visitor.lang).await?;
    others.retain(|v| v.entity == view.version.entity);
    let publishable = view::publishable(&mut sql, app, visitor).await?;
    shell::page(&OnePage {
        may_draft: publishable.iter().any(|(id, _)| *id == view.version.entity),
        f: Frame::load(&mut sql, app, visitor, headers, "settings").await?,
        nav: SettingsNav::load(&mut sql, app, visitor, kind.here()).await?,
        kind,
        lines: yaml::lines(&view.yaml),
        tables: match kind {
            Kind::Policy => tables(&view.yaml, visitor.lang),
            Kind::Flow => Vec::new(),
        },
        view,
        others,
    })
}

/// GET /settings/policies.
pub async fn policies(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Html<String>, Error> {
    list(&app, &visitor, &headers, Kind::Policy, Sent::default(), &[]).await
}

/// GET /settings/policies/{reference}.
pub async fn policy(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(reference): Path<String>,
) -> Result<Html<String>, Error> {
    one(&app, &visitor, &headers, Kind::Policy, None, &reference).await
}

/// POST /settings/policies, multipart: what is wrong is listed by its path, and the text is kept.
pub async fn publish_policy(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Response, Error> {
    let form = sent(form).await?;
    let new = NewPolicy {
        yaml: form.yaml.clone(),
    };
    match view::propose_policy(&app, &visitor, &new).await {
        Ok(draft) => Ok(Redirect::to(&format!("/settings/policies/drafts/{draft}/try")).into_response()),
        Err(Error::Invalid(problems)) => {
            let page = list(&app, &visitor, &headers, Kind::Policy, form, &problems).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error),
    }
}

/// GET /settings/flows.
pub async fn flows(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    list(&app, &visitor, &headers, Kind::Flow, Sent::default(), &[]).await
}

/// GET /settings/flows/{entity}/{reference}.
pub async fn flow(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, reference)): Path<(String, String)>,
) -> Result<Html<String>, Error> {
    let entity: EntityId = entity.parse().map_err(|_| Error::NotFound("entity"))?;
    one(&app, &visitor, &headers, Kind::Flow, Some(entity), &reference).await
}

/// POST /settings/flows, multipart.
pub async fn publish_flow(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Response, Error> {
    let form = sent(form).await?;
    let read = || -> Result<NewFlow, Error> {
        Ok(NewFlow {
            entity: form.entity.parse().map_err(|_| Error::field("entity", "unknown"))?,
            effective_from: form
                .from
                .parse()
                .map_err(|_| Error::field("effective_from", "not-a-date"))?,
            yaml: form.yaml.clone(),
        })
    };
    let done = match read() {
        Ok(new) => view::propose_flow(&app, &visitor, &new).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(draft) => Ok(Redirect::to(&format!("/settings/flows/drafts/{draft}/try")).into_response()),
        Err(Error::Invalid(problems)) => {
            let page = list(&app, &visitor, &headers, Kind::Flow, form, &problems).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error),
    }
}
