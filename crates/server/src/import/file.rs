//! A file between its look and its import: sealed, for its owner alone, for a day.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use outlay_connect::tables::Table;
use outlay_core::ids::EmployeeId;
use uuid::Uuid;

use super::kind::Kind;
use super::report::Report;
use super::run::{read, run};
use crate::app::App;
use crate::args;
use crate::auth::Permit;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;

/// Microseconds in a day.
const DAY: i64 = 24 * 3600 * 1_000_000;
/// An import that has not ended after so long has died with its process, and may be tried again.
const DEAD: i64 = DAY / 24;

/// Rows done of imports that this process carries out.
static UNDER_WAY: LazyLock<Mutex<HashMap<String, Arc<AtomicUsize>>>> = LazyLock::new(Mutex::default);

/// A file that was looked at.
pub struct File {
    /// Its id.
    pub id: String,
    /// What it holds.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What an import would do.
    pub preview: Report,
    /// Whether its import has begun.
    pub running: bool,
    /// What the import did, or why it failed.
    pub report: Option<Result<Report, String>>,
    sealed: String,
}

fn about(id: &str) -> String {
    format!("import {id}")
}

/// Looks at a file and keeps it for its import; its id.
pub async fn keep(app: &Arc<App>, permit: &Permit, kind: Kind, name: String, bytes: Vec<u8>) -> Result<String, Error> {
    let owner = permit.actor().employee().ok_or(Error::NotFound("employee"))?;
    let table = Arc::new(read(kind, &bytes)?);
    let preview = run(app, permit, kind, table, true, None).await?;
    let id = Uuid::now_v7().to_string();
    let sealed = app.vault.master().seal(&about(&id), &bytes)?;
    drop(bytes);
    let preview = serde_json::to_string(&preview)?;
    let name: String = name.chars().filter(|c| !c.is_control()).take(120).collect();
    let key = id.clone();
    app.db
        .write(move |sql| {
            let values = args![
                &key,
                owner,
                kind.code(),
                &name,
                &sealed,
                now().as_microsecond(),
                &preview
            ];
            Box::pin(async move {
                let old = now().as_microsecond() - DAY;
                sql.run("DELETE FROM import_file WHERE created_at < $1", args![old])
                    .await?;
                sql.run(
                    "INSERT INTO import_file (id, employee_id, kind, name, sealed, created_at, preview) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    values,
                )
                .await?;
                Ok(())
            })
        })
        .await?;
    Ok(id)
}

/// A file of `owner`.
pub async fn load(sql: &mut Sql, owner: EmployeeId, id: &str) -> Result<File, Error> {
    type Found = (String, String, String, String, Option<i64>, Option<String>);
    let row: Option<Found> = sql
        .maybe(
            "SELECT kind, name, sealed, preview, started_at, report FROM import_file WHERE id = $1 AND employee_id = $2",
            args![id, owner],
        )
        .await?;
    let (kind, name, sealed, preview, started, report) = row.ok_or(Error::NotFound("file"))?;
    Ok(File {
        id: id.to_owned(),
        kind: kind.parse()?,
        name,
        preview: serde_json::from_str(&preview)?,
        running: started.is_some_and(|at| at > now().as_microsecond() - DEAD),
        report: report.map(|r| serde_json::from_str(&r)).transpose()?,
        sealed,
    })
}

impl File {
    /// Its table.
    pub fn table(&self, app: &App) -> Result<Table, Error> {
        read(self.kind, &app.vault.master().open(&about(&self.id), &self.sealed)?)
    }

    /// Rows done so far, if this process carries its import out.
    pub fn done(&self) -> Option<usize> {
        let under_way = UNDER_WAY.lock().ok()?;
        Some(under_way.get(&self.id)?.load(Ordering::Relaxed))
    }
}

/// Begins the import of a file; [`Error::Conflict`] if it has begun already.
pub async fn begin(app: &Arc<App>, permit: Permit, file: File) -> Result<(), Error> {
    let table = Arc::new(file.table(app)?);
    let (id, at) = (file.id.clone(), now().as_microsecond());
    app.db
        .write(move |sql| {
            let id = id.clone();
            Box::pin(async move {
                let touched = sql
                    .run(
                        "UPDATE import_file SET started_at = $1 WHERE id = $2 AND report IS NULL AND (started_at IS NULL OR started_at < $3)",
                        args![at, id, at - DEAD],
                    )
                    .await?;
                if touched == 1 { Ok(()) } else { Err(Error::Conflict) }
            })
        })
        .await?;
    let done: Arc<AtomicUsize> = Arc::default();
    if let Ok(mut under_way) = UNDER_WAY.lock() {
        under_way.insert(file.id.clone(), done.clone());
    }
    let app = app.clone();
    tokio::spawn(async move {
        let result = run(&app, &permit, file.kind, table, false, Some(done)).await;
        if let Err(error) = &result {
            tracing::error!(%error, "import");
        }
        if let Err(error) = end(&app, file.id.clone(), result.map_err(|e| e.code().to_owned())).await {
            tracing::error!(%error, "the end of an import could not be written");
        }
        if let Ok(mut under_way) = UNDER_WAY.lock() {
            under_way.remove(&file.id);
        }
        app.live.wake();
    });
    Ok(())
}

/// Keeps what an import did; the file itself is not needed any more.
async fn end(app: &App, id: String, result: Result<Report, String>) -> Result<(), Error> {
    let report = serde_json::to_string(&result)?;
    app.db
        .write(move |sql| {
            let values = args![&report, &id];
            Box::pin(async move {
                sql.run("UPDATE import_file SET report = $1 WHERE id = $2", values)
                    .await?;
                Ok(())
            })
        })
        .await
}
