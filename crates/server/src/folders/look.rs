//! A look at a watched folder: what was interrupted is ended, and files that are as the last look saw them are taken.

use std::sync::Arc;
use std::time::Duration;

use outlay_core::claim::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use super::folder::Folder;
use super::permit_of;
use super::root::{self, Root, Seen};
use super::run::{self, State};
use super::take::Taker;
use crate::app::App;
use crate::args;
use crate::clock::now;
use crate::error::Error;
use crate::jobs::lease;

/// What a look did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Looked {
    /// Files whose rows were imported.
    pub taken: usize,
    /// Files of which nothing could be imported.
    pub refused: usize,
    /// Files whose content was taken before.
    pub again: usize,
    /// Files left for the next look, which takes them if they are the same by then.
    pub waiting: usize,
}

impl Looked {
    pub(super) fn count(&mut self, state: State) {
        match state {
            State::Taken => self.taken += 1,
            State::Refused => self.refused += 1,
            State::Again => self.again += 1,
            State::Running => self.waiting += 1,
            State::Gone => {}
        }
    }
}

/// Looks at a folder now. What keeps it from its work – a folder that is gone, an owner who has left – is kept with the
/// folder and is no error. [`Error::Conflict`] if another look is under way.
pub async fn look(app: &Arc<App>, id: &str) -> Result<Looked, Error> {
    let folder = Folder::load(&mut app.db.read(), id).await?;
    lease::under(app, format!("folder:{id}"), async {
        let mut looked = Looked::default();
        let trouble = match all(app, &folder, &mut looked).await {
            Ok(trouble) => trouble,
            Err(error) => Some(told(error)?),
        };
        end(app, &folder.id, trouble).await?;
        Ok(looked)
    })
    .await
}

/// An error that is told with the folder; others are given back.
fn told(error: Error) -> Result<Problem, Error> {
    Ok(match error {
        Error::Invalid(mut problems) if !problems.is_empty() => problems.swap_remove(0),
        Error::Broken(text) => Problem::new("path", "folder-io").with("text", text),
        Error::Unauthenticated | Error::Forbidden(_) => Problem::new("path", "folder-owner"),
        error => return Err(error),
    })
}

/// What keeps one file from being taken keeps no other; the first such trouble is given.
async fn all(app: &Arc<App>, folder: &Folder, looked: &mut Looked) -> Result<Option<Problem>, Error> {
    let permit = permit_of(app, &mut app.db.read(), folder.owner, folder.kind.action()).await?;
    let (root, name) = (Root::of(app)?, folder.path.clone());
    let home = root::waiting(move || root.folder(&name, false)).await?;
    let taker = Taker::new(app, folder, permit, home).await?;
    let mut trouble = None;
    for run in run::unmoved(&mut app.db.read(), &folder.id).await? {
        match taker.go_on(run).await {
            Ok(state) => looked.count(state),
            Err(error) => trouble = trouble.or(Some(told(error)?)),
        }
    }
    let before = folder.seen(&mut app.db.read()).await?;
    let home = taker.home.clone();
    let now = root::waiting(move || root::list(&home)).await?;
    remember(app, &folder.id, now.clone()).await?;
    // What an interrupted run speaks of is not begun anew.
    let open = run::unmoved(&mut app.db.read(), &folder.id).await?;
    let held: Vec<Seen> = open.into_iter().map(|run| run.file).collect();
    for file in now.into_iter().filter(|file| !held.contains(file)) {
        if !before.contains(&file) {
            looked.waiting += 1;
            continue;
        }
        if Folder::load(&mut app.db.read(), &folder.id).await?.paused != folder.paused {
            break;
        }
        match taker.take(file).await {
            Ok(state) => looked.count(state),
            Err(error) => trouble = trouble.or(Some(told(error)?)),
        }
    }
    run::forget(&app.db, &folder.id).await?;
    Ok(trouble)
}

/// What stands in the folder now, for the next look.
async fn remember(app: &App, id: &str, files: Vec<Seen>) -> Result<(), Error> {
    let (id, files) = (id.to_owned(), Arc::new(files));
    app.db
        .write(move |sql| {
            let (id, files) = (id.clone(), files.clone());
            Box::pin(async move {
                sql.run("DELETE FROM watched_file WHERE folder_id = $1", args![&id])
                    .await?;
                for file in files.iter() {
                    sql.run(
                        "INSERT INTO watched_file (folder_id, name, size, modified) VALUES ($1, $2, $3, $4)",
                        args![&id, &file.name, file.size, file.modified],
                    )
                    .await?;
                }
                Ok(())
            })
        })
        .await
}

async fn end(app: &App, id: &str, trouble: Option<Problem>) -> Result<(), Error> {
    let trouble = trouble.map(|problem| serde_json::to_string(&problem)).transpose()?;
    let id = id.to_owned();
    app.db
        .write(move |sql| {
            let values = args![now().as_microsecond(), trouble.clone(), &id];
            Box::pin(async move {
                sql.run(
                    "UPDATE watched_folder SET looked_at = $1, trouble = $2 WHERE id = $3",
                    values,
                )
                .await?;
                Ok(())
            })
        })
        .await?;
    app.live.wake();
    Ok(())
}

/// Looks at all folders that are not paused and were not looked at for half of `every`.
pub async fn round(app: &Arc<App>, every: Duration) -> Result<(), Error> {
    let due = now().as_microsecond() - i64::try_from(every.as_micros()).unwrap_or(0) / 2;
    for folder in Folder::all(&mut app.db.read()).await? {
        if folder.paused || folder.looked_at.is_some_and(|at| at > due) {
            continue;
        }
        match look(app, &folder.id).await {
            Ok(looked) => tracing::debug!(folder = folder.path, taken = looked.taken, "looked"),
            Err(Error::Conflict | Error::NotFound(_)) => {}
            Err(error) => tracing::error!(%error, folder = folder.path, "watched folder"),
        }
    }
    Ok(())
}
