//! A file between its look and its import: sealed, for its owner alone, for a day.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use outlay_connect::tables::Table;
use outlay_core::ids::EmployeeId;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::check::check;
use super::kind::Kind;
use super::meanwhile::Seen;
use super::report::Report;
use super::run::{apply, read};
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
    /// Whether its import has begun and not ended.
    pub running: bool,
    /// What the import did, or what broke it off.
    pub end: Option<Result<Report, Failed>>,
    sealed: String,
    seen: String,
}

/// An import that was broken off.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Failed {
    /// The code of the error.
    pub code: String,
    /// Rows written before.
    pub written: usize,
}

fn about(id: &str) -> String {
    format!("import {id}")
}

fn about_seen(id: &str) -> String {
    format!("import {id} seen")
}

/// Looks at a file and keeps it for its import; its id.
pub async fn keep(app: &Arc<App>, permit: &Permit, kind: Kind, name: &str, bytes: Vec<u8>) -> Result<String, Error> {
    let owner = permit.actor().employee().ok_or(Error::NotFound("employee"))?;
    let id = Uuid::now_v7().to_string();
    let sealed = app.vault.master().seal(&about(&id), &bytes)?;
    let checked = check(&mut app.db.read(), app, kind, &read(kind, bytes).await?, None).await?;
    let preview = serde_json::to_string(&checked.report)?;
    let seen = app.vault.master().seal(&about_seen(&id), &checked.seen.to_bytes())?;
    let (key, name) = (id.clone(), tidy(name));
    app.db
        .write(move |sql| {
            let at = now().as_microsecond();
            let values = args![&key, owner, kind.code(), &name, &sealed, &seen, at, &preview];
            Box::pin(async move {
                sql.run("DELETE FROM import_file WHERE created_at < $1", args![at - DAY])
                    .await?;
                sql.run(
                    "INSERT INTO import_file (id, employee_id, kind, name, sealed, seen, created_at, preview) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                    values,
                )
                .await?;
                Ok(())
            })
        })
        .await?;
    Ok(id)
}

/// A file's name without its path and what cannot be shown.
fn tidy(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown = |c: &char| !c.is_control() && !matches!(*c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    last.chars().filter(shown).take(120).collect()
}

/// A file of `owner`.
pub async fn load(sql: &mut Sql, owner: EmployeeId, id: &str) -> Result<File, Error> {
    type Found = (String, String, String, String, String, Option<i64>, Option<String>);
    let row: Option<Found> = sql
        .maybe(
            "SELECT kind, name, sealed, seen, preview, started_at, report FROM import_file WHERE id = $1 AND employee_id = $2",
            args![id, owner],
        )
        .await?;
    let (kind, name, sealed, seen, preview, started, end) = row.ok_or(Error::NotFound("import"))?;
    Ok(File {
        id: id.to_owned(),
        kind: kind.parse()?,
        name,
        preview: serde_json::from_str(&preview)?,
        running: end.is_none() && started.is_some_and(|at| at > now().as_microsecond() - DEAD),
        end: end.map(|r| serde_json::from_str(&r)).transpose()?,
        sealed,
        seen,
    })
}

impl File {
    /// Its table.
    pub async fn table(&self, app: &App) -> Result<Table, Error> {
        read(self.kind, app.vault.master().open(&about(&self.id), &self.sealed)?).await
    }

    fn seen(&self, app: &App) -> Result<Seen, Error> {
        let bytes = app.vault.master().open(&about_seen(&self.id), &self.seen)?;
        Ok(Seen::from_bytes(&bytes))
    }

    /// Rows done so far, if this process carries its import out.
    pub fn done(&self) -> Option<usize> {
        let under_way = UNDER_WAY.lock().ok()?;
        Some(under_way.get(&self.id)?.load(Ordering::Relaxed))
    }

    /// What is known of it last: what the import did, or would do.
    pub fn report(&self) -> &Report {
        match &self.end {
            Some(Ok(report)) => report,
            _ => &self.preview,
        }
    }
}

/// Begins the import of a file, which goes on whether or not anybody waits; [`Error::Conflict`] if it has begun already.
pub async fn begin(app: &Arc<App>, permit: Permit, file: File) -> Result<JoinHandle<()>, Error> {
    let (table, seen) = (file.table(app).await?, file.seen(app)?);
    let (id, at) = (file.id.clone(), now().as_microsecond());
    app.db
        .write(move |sql| {
            let id = id.clone();
            Box::pin(async move {
                let touched = sql
                    .run(
                        "UPDATE import_file SET started_at = $1 WHERE id = $2 AND report IS NULL \
                         AND (started_at IS NULL OR started_at < $3)",
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
    Ok(tokio::spawn(async move {
        let result = apply(&app, &permit, file.kind, &table, Some(&seen), &done).await;
        let result = result.map_err(|broken| {
            let (error, written) = (broken.error, broken.written);
            tracing::error!(%error, written, kind = file.kind.code(), "an import did not end");
            let code = error.code().to_owned();
            Failed { code, written }
        });
        if let Err(error) = end(&app, file.id.clone(), result).await {
            tracing::error!(%error, "the end of an import could not be written");
        }
        if let Ok(mut under_way) = UNDER_WAY.lock() {
            under_way.remove(&file.id);
        }
    }))
}

async fn end(app: &App, id: String, result: Result<Report, Failed>) -> Result<(), Error> {
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
