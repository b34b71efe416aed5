//! Watched folders for administrators, and what may be done with them.

use std::sync::Arc;

use outlay_core::org::Org;
use serde::Serialize;
use utoipa::ToSchema;

use super::folder::{self, Folder, NewFolder};
use super::root::Root;
use super::run::{self as runs_of, Run};
use crate::app::App;
use crate::args;
use crate::auth::{Action, Permit, Resource, Visitor};
use crate::clock::moment;
use crate::db::Sql;
use crate::error::Error;
use crate::import::{Kind, Rejected};
use crate::shell::{W, field_words};

/// Runs of a folder that are shown.
const RUNS: usize = 20;

/// All watched folders.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FoldersView {
    /// The folder that the operator allows; absent if none is set, and nothing can be watched.
    pub root: Option<String>,
    /// Each, by its name.
    pub folders: Vec<FolderView>,
}

/// A watched folder.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FolderView {
    /// Its id.
    pub id: String,
    /// Its name below the root.
    pub path: String,
    /// What its files hold.
    pub kind: Kind,
    /// Who set it up, and in whose name its files are imported.
    pub owner: String,
    /// Whether it is left alone.
    pub paused: bool,
    /// When it was looked at last, RFC 3339.
    pub looked_at: Option<String>,
    /// What kept the last look from its work, in the reader's language.
    pub trouble: Option<String>,
    /// Files in it that are not taken yet.
    pub waiting: i64,
    /// Files taken so far.
    pub taken: i64,
    /// Files of which nothing could be taken.
    pub refused: i64,
    /// Files whose content was taken before.
    pub again: i64,
    /// The last runs, newest first; at most 20.
    pub runs: Vec<FolderRunView>,
}

/// A file of a watched folder and what became of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FolderRunView {
    /// Its id.
    pub id: String,
    /// The file's name.
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// When its file was in its place.
    pub ended_at: Option<String>,
    /// `running`, `taken`, `refused`, `again` or `gone`.
    pub state: &'static str,
    /// Where its file is, in the folder; its report is beside it.
    pub target: Option<String>,
    /// What is wrong with the file as a whole, in the reader's language.
    pub problem: Option<String>,
    /// Rows with anything in them.
    pub rows: usize,
    /// Rows that were new.
    pub create: usize,
    /// Rows that changed what was there.
    pub change: usize,
    /// Rows that were there already.
    pub same: usize,
    /// Rows that could not be taken.
    pub rejected_rows: usize,
}

/// A run with what it could not take.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FolderRunDetail {
    /// The run.
    pub run: FolderRunView,
    /// Its cells that could not be taken, at most 1,000; absent once they are forgotten, after 30 days.
    pub rejected: Option<Vec<Rejected>>,
}

impl FolderRunView {
    fn of(run: Run, w: W) -> FolderRunView {
        let count = |of: fn(&crate::import::Report) -> usize| run.report.as_ref().map_or(0, of);
        FolderRunView {
            rows: count(|r| r.rows),
            create: count(|r| r.create),
            change: count(|r| r.change),
            same: count(|r| r.same),
            rejected_rows: count(|r| r.refused),
            id: run.id,
            name: run.file.name,
            size: run.file.size,
            started_at: moment(run.started_at).to_string(),
            ended_at: run.ended_at.map(|at| moment(at).to_string()),
            state: run.state.code(),
            target: run.target,
            problem: run.problem.map(|p| field_words(w, &p)),
        }
    }
}

/// The right to keep recurring work on files: that to keep connections. The right to what a file holds is asked for beside it.
pub fn may(app: &App, visitor: &Visitor) -> Result<Permit, Error> {
    visitor.permit(app, Action::ManageConnections, &Resource::Outlay)
}

/// The tabs over pages of tables.
#[derive(Debug, Clone, Copy)]
pub struct TablesTabs {
    here: &'static str,
    /// Whether there is more than the first: whether the reader may keep recurring work.
    pub all: bool,
}

impl TablesTabs {
    /// For the page `here`.
    pub fn of(app: &App, visitor: &Visitor, here: &'static str) -> TablesTabs {
        let all = may(app, visitor).is_ok();
        TablesTabs { here, all }
    }

    /// ` aria-current="page"` for the page one is on.
    pub fn at(&self, page: &str) -> &'static str {
        if self.here == page {
            " aria-current=\"page\""
        } else {
            ""
        }
    }
}

/// The root as it is shown.
pub fn root(app: &App) -> Option<String> {
    let configured = app.config.folders.as_ref()?;
    Some(configured.display().to_string())
}

/// All folders; `visitor` must have the right to keep them.
pub async fn all(app: &App, visitor: &Visitor, w: W) -> Result<FoldersView, Error> {
    may(app, visitor)?;
    let mut sql = app.db.read();
    let org = app.org(&mut sql).await?;
    let mut folders = Vec::new();
    for folder in Folder::all(&mut sql).await? {
        folders.push(view(&mut sql, &org, folder, w).await?);
    }
    Ok(FoldersView {
        root: root(app),
        folders,
    })
}

/// One folder.
pub async fn one(app: &App, visitor: &Visitor, id: &str, w: W) -> Result<FolderView, Error> {
    may(app, visitor)?;
    let mut sql = app.db.read();
    let org = app.org(&mut sql).await?;
    let folder = Folder::load(&mut sql, id).await?;
    view(&mut sql, &org, folder, w).await
}

/// One run. What a file held is for those alone who may have it.
pub async fn run(app: &App, visitor: &Visitor, folder: &str, id: &str, w: W) -> Result<FolderRunDetail, Error> {
    may(app, visitor)?;
    let mut sql = app.db.read();
    let folder = Folder::load(&mut sql, folder).await?;
    visitor.permit(app, folder.kind.action(), &Resource::Outlay)?;
    let (run, rejected) = runs_of::one(&mut sql, &folder.id, id).await?;
    let worded = |mut cell: Rejected| {
        cell.message = w.args(&format!("field-{}", cell.code), &cell.args);
        cell
    };
    Ok(FolderRunDetail {
        run: FolderRunView::of(run, w),
        rejected: rejected.map(|all| all.into_iter().map(worded).collect()),
    })
}

async fn view(sql: &mut Sql, org: &Org, folder: Folder, w: W) -> Result<FolderView, Error> {
    let counts: Vec<(String, i64)> = sql
        .all(
            "SELECT state, COUNT(*) FROM watched_run WHERE folder_id = $1 GROUP BY state",
            args![&folder.id],
        )
        .await?;
    let of = |state: &str| counts.iter().find(|(s, _)| s == state).map_or(0, |(_, n)| *n);
    let (waiting,): (i64,) = sql
        .one(
            "SELECT COUNT(*) FROM watched_file WHERE folder_id = $1",
            args![&folder.id],
        )
        .await?;
    let runs = runs_of::last(sql, &folder.id, RUNS).await?;
    Ok(FolderView {
        owner: org.employee(folder.owner).map(|e| e.name.clone()).unwrap_or_default(),
        id: folder.id,
        path: folder.path,
        kind: folder.kind,
        paused: folder.paused,
        looked_at: folder.looked_at.map(|at| moment(at).to_string()),
        trouble: folder.trouble.map(|p| field_words(w, &p)),
        waiting,
        taken: of("taken"),
        refused: of("refused"),
        again: of("again"),
        runs: runs.into_iter().map(|run| FolderRunView::of(run, w)).collect(),
    })
}

/// Watches a folder; its id. Whoever does must have the right to what its files hold.
pub async fn create(app: &Arc<App>, visitor: &Visitor, new: NewFolder) -> Result<String, Error> {
    may(app, visitor)?;
    let permit = visitor.permit(app, new.kind.action(), &Resource::Outlay)?;
    folder::save(app, permit, new).await
}

/// Checks that a folder is there, and that `visitor` may have it looked at.
pub async fn may_look(app: &App, visitor: &Visitor, id: &str) -> Result<(), Error> {
    may(app, visitor)?;
    let folder = Folder::load(&mut app.db.read(), id).await?;
    Root::of(app)?;
    visitor.permit(app, folder.kind.action(), &Resource::Outlay)?;
    Ok(())
}
