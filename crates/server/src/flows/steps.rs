//! A version of a flow as people read it: its steps, and who would approve a chosen claim.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Html;
use outlay_core::flow::Flow;
use outlay_core::ids::EntityId;
use serde::Deserialize;

use super::list::{On, Shown};
use super::preview::Preview;
use super::words::Words;
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::policies::flow_version;
use crate::shell::{self, Frame, W};

#[derive(Template)]
#[template(path = "pages/settings-flow.html")]
struct FlowPage {
    f: Frame,
    name: String,
    reference: String,
    entity: String,
    entity_id: EntityId,
    may_draft: bool,
    href: String,
    in_force: bool,
    rules: Vec<String>,
    list: String,
    preview: Preview,
}

/// Which claim is looked at.
#[derive(Deserialize)]
pub struct Looked {
    #[serde(default)]
    pub(super) claim: String,
}

/// GET /settings/flows/{entity}/{reference}/steps?claim=.
pub async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, reference)): Path<(String, String)>,
    Query(looked): Query<Looked>,
) -> Result<Html<String>, Error> {
    let id: EntityId = entity.parse().map_err(|_| Error::NotFound("entity"))?;
    let mut sql = app.db.read();
    let (version, href) = flow_version(&mut sql, id, &reference, visitor.lang).await?;
    let flow = Flow::from_yaml(&version.yaml).map_err(|e| Error::Broken(e.to_string()))?;
    let org = app.org(&mut sql).await?;
    let rules = app.rules(&mut sql).await?;
    let words = Words {
        w: W(visitor.lang),
        org: &org,
        rules: &rules,
    };
    let shown = Shown {
        words: &words,
        draft: None,
        on: &On::Nothing,
        problems: &[],
    };
    shell::page(&FlowPage {
        list: shown.list(&flow)?,
        preview: Preview::of(&mut sql, (&app, &visitor), (id, &flow), &words, &looked.claim).await?,
        f: Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?,
        name: version.version.name.clone(),
        entity: version.version.entity_name.clone(),
        in_force: version.version.in_force,
        entity_id: id,
        may_draft: crate::rules::permit(&app, &visitor, id).is_ok(),
        href,
        reference: version.version.reference,
        rules: words.settings(&flow),
    })
}
