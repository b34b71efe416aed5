//! GET / and GET /api/v1/home.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Html;
use utoipa::OpenApi;

use super::view::{self, HomeView, ProposalView, WayView};
use crate::app::App;
use crate::auth::Visitor;
use crate::clock::{day, now};
use crate::error::Error;
use crate::shell::{self, Frame};

/// The description of this address.
#[derive(OpenApi)]
#[openapi(paths(data), components(schemas(HomeView)))]
pub struct Api;

#[derive(Template)]
#[template(path = "pages/home.html")]
struct HomePage {
    f: Frame,
    view: HomeView,
    today: String,
}

impl HomePage {
    fn source(&self, proposal: &ProposalView) -> String {
        let ago = proposal.read_at.parse().map(|at| shell::ago(self.f.w, at));
        let values = [
            ("record".to_owned(), proposal.record.clone()),
            ("revision".to_owned(), proposal.revision.clone()),
            ("ago".to_owned(), ago.unwrap_or_default()),
        ];
        self.f.w.args("home-source", &values)
    }

    fn steps(&self, way: &WayView) -> String {
        let values = [
            ("done".to_owned(), way.done.to_string()),
            ("all".to_owned(), way.steps.to_string()),
        ];
        self.f.w.args("home-steps", &values)
    }
}

/// GET /.
pub async fn home(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let org = app.org(&mut sql).await?;
    let zone = org
        .primary(visitor.person.id(), day(now(), "UTC"))
        .and_then(|p| org.entity(p.entity))
        .map_or("UTC", |e| e.zone.as_str());
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "home").await?;
    let date = day(now(), zone);
    let weekday = f.w.t(&format!("weekday-{}", date.weekday().to_monday_one_offset()));
    let today = if f.w.zh() {
        format!("{}，{weekday}", date.strftime("%-m 月 %-d 日"))
    } else {
        format!("{weekday}, {}", date.strftime("%-d %B"))
    };
    let view = view::home(&mut sql, &app, &visitor).await?;
    shell::page(&HomePage { f, view, today })
}

/// What waits for the visitor, what the CRM proposes, money on the way, receipts, costs of their deals.
#[utoipa::path(get, path = "/api/v1/home", tag = "home", responses((status = 200, body = HomeView)))]
pub async fn data(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<HomeView>, Error> {
    Ok(Json(view::home(&mut app.db.read(), &app, &visitor).await?))
}
