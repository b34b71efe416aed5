//! A watched folder: what is in it, for whom it is imported, and what its last look saw.

use std::sync::Arc;

use outlay_core::claim::Problem;
use outlay_core::ids::EmployeeId;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::root::{self, Root, Seen};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::clock::now;
use crate::db::{Db, Sql};
use crate::error::Error;
use crate::import::Kind;
use crate::people::stored;

/// A watched folder.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Its id.
    pub id: String,
    /// Its name below the root.
    pub path: String,
    /// What its files hold.
    pub kind: Kind,
    /// Who set it up, and in whose name its files are imported.
    pub owner: EmployeeId,
    /// Whether it is left alone.
    pub paused: bool,
    /// When it was looked at last, in microseconds.
    pub looked_at: Option<i64>,
    /// Why the last look could not do its work.
    pub trouble: Option<Problem>,
}

/// A folder to watch.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFolder {
    /// Its name below the folder that the operator allows, such as `crm/deals`; made if it is not there.
    pub path: String,
    /// What its files hold.
    pub kind: Kind,
}

type Row = (String, String, String, String, bool, Option<i64>, Option<String>);

const COLUMNS: &str =
    "SELECT id, path, kind, owner_id, paused, looked_at, trouble FROM watched_folder WHERE removed = $1";

fn read(row: Row) -> Result<Folder, Error> {
    let (id, path, kind, owner, paused, looked_at, trouble) = row;
    Ok(Folder {
        id,
        path,
        kind: kind.parse()?,
        owner: stored(&owner)?,
        paused,
        looked_at,
        trouble: trouble.map(|text| serde_json::from_str(&text)).transpose()?,
    })
}

impl Folder {
    /// One by its id.
    pub async fn load(sql: &mut Sql, id: &str) -> Result<Folder, Error> {
        let rows: Vec<Row> = sql
            .all_built(format!("{COLUMNS} AND id = $2"), args![false, id])
            .await?;
        read(rows.into_iter().next().ok_or(Error::NotFound("folder"))?)
    }

    /// All, by name.
    pub async fn all(sql: &mut Sql) -> Result<Vec<Folder>, Error> {
        let rows: Vec<Row> = sql.all_built(format!("{COLUMNS} ORDER BY path"), args![false]).await?;
        rows.into_iter().map(read).collect()
    }

    /// What its last look saw and did not take.
    pub async fn seen(&self, sql: &mut Sql) -> Result<Vec<Seen>, Error> {
        let rows: Vec<(String, i64, i64)> = sql
            .all(
                "SELECT name, size, modified FROM watched_file WHERE folder_id = $1",
                args![&self.id],
            )
            .await?;
        let seen = rows
            .into_iter()
            .map(|(name, size, modified)| Seen { name, size, modified });
        Ok(seen.collect())
    }
}

/// Watches a folder from now on; its id. One that was removed comes back with its history. `permit` is that of its kind.
pub async fn save(app: &Arc<App>, permit: Permit, new: NewFolder) -> Result<String, Error> {
    let owner = permit.actor().employee().ok_or(Error::NotFound("employee"))?;
    let path = root::named(&new.path)?;
    let (root, made) = (Root::of(app)?, path.clone());
    root::waiting(move || root.folder(&made, true)).await?;
    app.db
        .write(move |sql| {
            let (permit, path) = (permit.clone(), path.clone());
            Box::pin(async move {
                let exported: Option<(String,)> = sql
                    .maybe("SELECT id FROM export_plan WHERE path = $1", args![&path])
                    .await?;
                if exported.is_some() {
                    return Err(Error::field("path", "folder-exported"));
                }
                let known: Option<(String, bool)> = sql
                    .maybe("SELECT id, removed FROM watched_folder WHERE path = $1", args![&path])
                    .await?;
                let id = match known {
                    Some((_, false)) => return Err(Error::field("path", "exists")),
                    Some((id, true)) => id,
                    None => Uuid::now_v7().to_string(),
                };
                sql.run(
                    "INSERT INTO watched_folder (id, path, kind, owner_id, paused, removed, created_at) VALUES ($1, $2, $3, $4, $5, $5, $6) \
                     ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, owner_id = excluded.owner_id, paused = excluded.paused, \
                     removed = excluded.removed, trouble = NULL",
                    args![&id, &path, new.kind.code(), owner, false, now().as_microsecond()],
                )
                .await?;
                note(sql, &permit, &id, "made").await?;
                Ok(id)
            })
        })
        .await
}

/// Leaves a folder alone, or looks at it again.
pub async fn pause(db: &Db, permit: Permit, id: String, paused: bool) -> Result<(), Error> {
    let (column, what) = ("paused", if paused { "paused" } else { "resumed" });
    set(db, permit, id, column, paused, what).await
}

/// Watches a folder no longer. Its files stay where they are.
pub async fn remove(db: &Db, permit: Permit, id: String) -> Result<(), Error> {
    set(db, permit, id, "removed", true, "removed").await
}

async fn set(
    db: &Db,
    permit: Permit,
    id: String,
    column: &'static str,
    to: bool,
    what: &'static str,
) -> Result<(), Error> {
    db.write(move |sql| {
        let (permit, id) = (permit.clone(), id.clone());
        Box::pin(async move {
            let text = format!("UPDATE watched_folder SET {column} = $1 WHERE id = $2 AND removed = $3");
            if sql.run_built(text, args![to, &id, false]).await? == 0 {
                return Err(Error::NotFound("folder"));
            }
            note(sql, &permit, &id, what).await
        })
    })
    .await
}

/// Writes what was done with a folder into the audit.
pub async fn note(sql: &mut Sql, permit: &Permit, id: &str, what: &str) -> Result<(), Error> {
    audit::note(sql, permit.actor(), permit.action(), &format!("folder:{id}"), what).await
}
