//! A table of a published policy, to be read, tried out and taken along.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Html;
use outlay_core::policy::PolicySet;
use outlay_core::words::Lang;

use super::policy::{self, Addresses};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::policies::VersionView;
use crate::shell::{self, Frame, W};

#[derive(Template)]
#[template(path = "pages/policy-table.html")]
struct TablePage {
    f: Frame,
    view: VersionView,
    title: String,
    sheet_json: String,
}

/// A policy's tables in a list.
pub struct TableRow {
    /// The id of its rule.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it answers.
    pub gives: String,
    /// How many rows it has.
    pub rows: usize,
}

/// The tables of a policy's text; none where it cannot be read.
pub fn tables(yaml: &str, lang: Lang) -> Vec<TableRow> {
    let Ok(set) = PolicySet::from_yaml(yaml) else {
        return Vec::new();
    };
    let row = |t: &outlay_core::policy::RuleTableRef<'_>| TableRow {
        id: t.id.to_owned(),
        name: policy::name(&set, t, W(lang)),
        gives: t.gives.name(lang).to_owned(),
        rows: t.table.rows.len(),
    };
    set.rule_tables().iter().map(row).collect()
}

/// GET /settings/policies/{reference}/tables/{table}: as it was published; it can be changed in a draft alone.
pub async fn published(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((reference, table)): Path<(String, String)>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let view = crate::policies::version(&mut sql, &reference, visitor.lang).await?;
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?;
    let set = PolicySet::from_yaml(&view.yaml).map_err(|e| Error::Broken(e.to_string()))?;
    let at = Addresses {
        check: String::new(),
        save: String::new(),
        version: 0,
    };
    let w = f.w;
    let sheet = tokio::task::spawn_blocking(move || policy::sheet(&set, None, &table, at, w));
    let sheet = sheet.await.map_err(|e| Error::Broken(e.to_string()))??;
    shell::page(&TablePage {
        f,
        view,
        title: sheet.table.name.clone(),
        sheet_json: sheet.json()?,
    })
}
