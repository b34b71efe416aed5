//! /settings/audit and GET /api/v1/audit.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Html;
use utoipa::OpenApi;

use super::view::{self, AuditView, Entry, Wanted};
use super::words;
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::error::Error;
use crate::shell::{self, Frame, SettingsNav, link};

#[derive(Template)]
#[template(path = "pages/settings-audit.html")]
struct AuditPage {
    f: Frame,
    nav: SettingsNav,
    wanted: Wanted,
    view: AuditView,
}

impl AuditPage {
    fn when(&self, entry: &Entry) -> String {
        let at = entry
            .at
            .parse()
            .map(|at| shell::short_moment(self.f.w, at, &self.f.zone));
        at.unwrap_or_else(|_| entry.at.clone())
    }

    fn who(&self, entry: &Entry) -> String {
        words::who(self.f.w, &entry.actor)
    }

    fn thing(&self, entry: &Entry) -> String {
        words::thing(self.f.w, &entry.resource)
    }

    /// The entry as the API gives it.
    fn raw(&self, entry: &Entry) -> String {
        serde_json::to_string_pretty(entry).unwrap_or_default()
    }

    fn action(&self, entry: &Entry) -> String {
        let key = format!("action-{}", entry.action);
        if self.f.w.knows(&key) {
            self.f.w.t(&key)
        } else {
            entry.action.clone()
        }
    }

    fn older(&self, next: &str) -> String {
        let w = &self.wanted;
        link(
            "/settings/audit",
            &[("q", &w.q), ("from", &w.from), ("to", &w.to), ("before", next)],
        )
    }
}

/// GET /settings/audit.
pub async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Html<String>, Error> {
    let permit = visitor.permit(&app, Action::ReadAudit, &Resource::Outlay)?;
    let mut sql = app.db.read();
    let view = view::entries(&mut sql, &app, &permit, &visitor, &wanted).await?;
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?;
    let nav = SettingsNav::load(&mut sql, &app, &visitor, "audit").await?;
    shell::page(&AuditPage { f, nav, wanted, view })
}

/// The description of the address.
#[derive(OpenApi)]
#[openapi(paths(entries), components(schemas(AuditView, Entry)))]
pub struct Api;

/// Who did what, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(Wanted), responses((status = 200, body = AuditView), (status = 403), (status = 422)))]
pub async fn entries(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(wanted): Query<Wanted>,
) -> Result<Json<AuditView>, Error> {
    let permit = visitor.permit(&app, Action::ReadAudit, &Resource::Outlay)?;
    let mut sql = app.db.read();
    Ok(Json(view::entries(&mut sql, &app, &permit, &visitor, &wanted).await?))
}

#[cfg(test)]
mod tests {
    use outlay_core::words::Lang;

    use crate::auth::Action;
    use crate::shell::W;

    #[test]
    fn every_action_has_words() {
        let others = [
            "logIn",
            "makeToken",
            "revokeToken",
            "archive",
            "archiveClaim",
            "draftClaim",
            "setPassword",
            "makeDemo",
            "init",
        ];
        for code in Action::ALL.iter().map(|a| a.code()).chain(others) {
            for lang in [Lang::Zh, Lang::En] {
                assert!(W(lang).knows(&format!("action-{code}")), "{code} in {lang:?}");
            }
        }
    }
}
