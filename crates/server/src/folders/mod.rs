//! Folders of files below the one that the operator allows: what is put into a watched folder is imported as if somebody
//! had sent it on the page, once.

mod api;
mod folder;
mod look;
mod pages;
pub mod root;
mod run;
mod take;
mod view;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use outlay_core::ids::EmployeeId;
use tokio::sync::watch;

pub use api::Api;
pub use folder::{NewFolder, save};
pub use look::{Looked, look, round};
pub use view::{TablesTabs, may, root as root_shown};

use crate::app::App;
use crate::auth::{Action, Permit, Person, Resource};
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;

/// Between two looks at a folder.
const EVERY: Duration = Duration::from_secs(30);

/// Pages and API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .merge(pages::routes())
        .route("/api/v1/folders", get(api::list).post(api::create))
        .route("/api/v1/folders/{id}", get(api::one).delete(api::remove))
        .route("/api/v1/folders/{id}/look", post(api::look_now))
        .route("/api/v1/folders/{id}/pause", post(api::pause).delete(api::resume))
        .route("/api/v1/folders/{id}/runs/{run}", get(api::run))
}

/// The permit of whoever set up a recurring work on files, asked for anew each time: they must still keep connections, and
/// have the right to `action`.
pub async fn permit_of(app: &App, sql: &mut Sql, owner: EmployeeId, action: Action) -> Result<Permit, Error> {
    let org = app.org(sql).await?;
    let person = Person::of(&org, owner, day(now(), "UTC"))?;
    app.rights
        .check(&person, Action::ManageConnections, &Resource::Outlay)?;
    app.rights.check(&person, action, &Resource::Outlay)
}

/// Looks at every folder that is not paused each [`EVERY`], until `stop`. Several processes may do so: a lease lets one of
/// them look at a folder at a time.
pub async fn keep_looking(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    if app.config.folders.is_none() {
        return;
    }
    while !*stop.borrow() {
        if let Err(error) = round(&app, EVERY).await {
            tracing::error!(%error, "watched folders");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}
