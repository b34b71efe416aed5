//! /settings/jobs: the dead letters and what else waits.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{Html, Redirect};

use super::view::{self, JobView, JobsView, JobsWanted};
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::error::Error;
use crate::shell::{self, Frame, SettingsNav, W};

#[derive(Template)]
#[template(path = "pages/settings-jobs.html")]
struct JobsPage {
    f: Frame,
    nav: SettingsNav,
    state: String,
    view: JobsView,
    mail: bool,
}

impl JobsPage {
    fn kind(&self, job: &JobView) -> String {
        let key = format!("job-{}", job.kind);
        if self.f.w.knows(&key) {
            self.f.w.t(&key)
        } else {
            job.kind.clone()
        }
    }

    fn age(&self, job: &JobView) -> String {
        age(self.f.w, &job.created_at)
    }
}

fn age(w: W, at: &str) -> String {
    at.parse().map(|at| shell::ago(w, at)).unwrap_or_default()
}

/// GET /settings/jobs.
pub async fn list(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(wanted): Query<JobsWanted>,
) -> Result<Html<String>, Error> {
    let permit = visitor.permit(&app, Action::ManageJobs, &Resource::Outlay)?;
    let mut sql = app.db.read();
    let view = view::jobs(&mut sql, &permit, &wanted).await?;
    shell::page(&JobsPage {
        f: Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?,
        nav: SettingsNav::load(&mut sql, &app, &visitor, "jobs").await?,
        state: wanted.state.unwrap_or_else(|| "dead".into()),
        view,
        mail: app.config.smtp.is_some(),
    })
}

/// POST /settings/jobs/{id}/retry.
pub async fn retry(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    let permit = visitor.permit(&app, Action::ManageJobs, &Resource::Outlay)?;
    view::retry(&app.db, &permit, id).await?;
    app.live.wake();
    Ok(Redirect::to("/settings/jobs"))
}

/// POST /settings/jobs/retry.
pub async fn retry_all(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Redirect, Error> {
    let permit = visitor.permit(&app, Action::ManageJobs, &Resource::Outlay)?;
    view::retry_all(&app.db, &permit).await?;
    app.live.wake();
    Ok(Redirect::to("/settings/jobs"))
}
