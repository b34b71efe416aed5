//! A scheduled export: what is written, where, and when.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use outlay_core::claim::Problem;
use outlay_core::ids::{EmployeeId, EntityId};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::when::{MOST_HOURS, When};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::clock::{moment, now};
use crate::db::Sql;
use crate::error::Error;
use crate::folders::root::{self, Root};
use crate::import::{Format, Kind};
use crate::people::stored;

/// A scheduled export.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its id.
    pub id: String,
    /// Its folder below the root.
    pub path: String,
    /// What is written, each kind to a file.
    pub kinds: Vec<Kind>,
    /// In which form.
    pub format: Format,
    /// When.
    pub when: When,
    /// Whose zone counts.
    pub entity: EntityId,
    /// Who set it up, and by whose rights it is written.
    pub owner: EmployeeId,
    /// Whether it is left alone.
    pub paused: bool,
    /// When it was set up.
    pub created_at: Timestamp,
    /// When it is due, in microseconds.
    pub next_at: i64,
}

/// An export to be written at set times: either every so many hours, or daily.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExport {
    /// Its folder below the one that the operator allows, such as `exports/nightly`; made if it is not there. No other export
    /// is written there, and it is not watched.
    pub path: String,
    /// What is written, each kind to a file of its own.
    pub kinds: Vec<Kind>,
    /// In which form.
    pub format: Format,
    /// Every so many hours, 1 to 168.
    #[serde(default)]
    pub every_hours: Option<u32>,
    /// Each day at this local time, `HH:MM`.
    #[serde(default)]
    pub daily_at: Option<String>,
    /// Code of the legal entity whose time zone counts; that of whoever asks if absent.
    #[serde(default)]
    pub entity: Option<String>,
}

type Row = (
    String,
    String,
    String,
    String,
    Option<i64>,
    Option<String>,
    String,
    String,
    bool,
    i64,
    i64,
);

const COLUMNS: &str = "SELECT id, path, kinds, format, every_hours, daily_at, entity_id, owner_id, paused, created_at, next_at FROM export_plan";

fn read(row: Row) -> Result<Plan, Error> {
    let (id, path, kinds, format, hours, daily, entity, owner, paused, created_at, next_at) = row;
    let broken = || Error::Broken(format!("no time of the export {id}"));
    let when = match (hours, daily) {
        (Some(hours), _) => When::EveryHours(u32::try_from(hours).map_err(|_| broken())?),
        (None, daily) => When::DailyAt(daily.as_deref().and_then(When::time).ok_or_else(broken)?),
    };
    Ok(Plan {
        path,
        kinds: kinds.split(' ').map(str::parse).collect::<Result<_, _>>()?,
        format: Format::parse(&format)?,
        when,
        entity: stored(&entity)?,
        owner: stored(&owner)?,
        paused,
        created_at: moment(created_at),
        next_at,
        id,
    })
}

impl Plan {
    /// One by its id.
    pub async fn load(sql: &mut Sql, id: &str) -> Result<Plan, Error> {
        let rows: Vec<Row> = sql.all_built(format!("{COLUMNS} WHERE id = $1"), args![id]).await?;
        read(rows.into_iter().next().ok_or(Error::NotFound("export"))?)
    }

    /// All, by folder.
    pub async fn all(sql: &mut Sql) -> Result<Vec<Plan>, Error> {
        let rows: Vec<Row> = sql.all_built(format!("{COLUMNS} ORDER BY path"), args![]).await?;
        rows.into_iter().map(read).collect()
    }

    /// The zone that counts.
    pub async fn zone(&self, app: &App, sql: &mut Sql) -> Result<TimeZone, Error> {
        let org = app.org(sql).await?;
        let zone = org.entity(self.entity).map_or("UTC", |e| e.zone.as_str());
        Ok(TimeZone::get(zone).unwrap_or(TimeZone::UTC))
    }
}

fn when(new: &NewExport) -> Result<When, Error> {
    match (new.every_hours, &new.daily_at) {
        (Some(hours), None) if (1..=MOST_HOURS).contains(&hours) => Ok(When::EveryHours(hours)),
        (Some(_), None) => Err(Error::Invalid(vec![
            Problem::new("every_hours", "between")
                .with("min", 1)
                .with("max", MOST_HOURS),
        ])),
        (None, Some(text)) => {
            let time = When::time(text).ok_or_else(|| Error::field("daily_at", "export-time"))?;
            Ok(When::DailyAt(time))
        }
        _ => Err(Error::field("every_hours", "export-when")),
    }
}

/// What a wish comes to.
#[derive(Clone)]
struct Ready {
    path: String,
    kinds: String,
    format: Format,
    hours: Option<i64>,
    daily: Option<String>,
    entity: EntityId,
    owner: EmployeeId,
    at: i64,
    next_at: i64,
}

/// Checks a wish, and makes its folder.
async fn ready(app: &Arc<App>, permit: &Permit, new: &NewExport) -> Result<Ready, Error> {
    let owner = permit.actor().employee().ok_or(Error::NotFound("employee"))?;
    if new.kinds.is_empty() {
        return Err(Error::field("kinds", "missing"));
    }
    let (when, path) = (when(new)?, root::named(&new.path)?);
    let org = app.org(&mut app.db.read()).await?;
    let today = crate::clock::day(now(), "UTC");
    let entity = match new.entity.as_deref().map(str::trim).filter(|code| !code.is_empty()) {
        Some(code) => org.entities().find(|e| e.code == code),
        None => org.primary(owner, today).and_then(|place| org.entity(place.entity)),
    };
    let entity = entity.ok_or_else(|| Error::field("entity", "no-entity"))?;
    let zone = TimeZone::get(&entity.zone).unwrap_or(TimeZone::UTC);
    let (root, made) = (Root::of(app)?, path.clone());
    root::waiting(move || root.folder(&made, true)).await?;
    let mut kinds: Vec<&str> = Vec::new();
    for kind in &new.kinds {
        if !kinds.contains(&kind.code()) {
            kinds.push(kind.code());
        }
    }
    let (hours, daily) = match when {
        When::EveryHours(hours) => (Some(i64::from(hours)), None),
        When::DailyAt(time) => (None, Some(time.strftime("%H:%M").to_string())),
    };
    let at = now();
    Ok(Ready {
        path,
        kinds: kinds.join(" "),
        format: new.format,
        hours,
        daily,
        entity: entity.id,
        owner,
        at: at.as_microsecond(),
        next_at: when.next(at, at, &zone).as_microsecond(),
    })
}

/// Refuses a folder that is watched, or that another export than `id` is written to.
async fn free(sql: &mut Sql, path: &str, id: &str) -> Result<(), Error> {
    let watched: Option<(String,)> = sql
        .maybe(
            "SELECT id FROM watched_folder WHERE path = $1 AND removed = $2",
            args![path, false],
        )
        .await?;
    if watched.is_some() {
        return Err(Error::field("path", "export-watched"));
    }
    let taken: Option<(String,)> = sql
        .maybe(
            "SELECT id FROM export_plan WHERE path = $1 AND id <> $2",
            args![path, id],
        )
        .await?;
    match taken {
        Some(_) => Err(Error::field("path", "exists")),
        None => Ok(()),
    }
}

/// Sets up an export, due at its next time; its id. `permit` is for one of its kinds, and the caller has asked for all.
pub async fn save(app: &Arc<App>, permit: Permit, new: NewExport) -> Result<String, Error> {
    let wish = ready(app, &permit, &new).await?;
    let made = Uuid::now_v7().to_string();
    let id = made.clone();
    app.db
        .write(move |sql| {
            let (permit, wish, id) = (permit.clone(), wish.clone(), id.clone());
            Box::pin(async move {
                free(sql, &wish.path, &id).await?;
                sql.run(
                    "INSERT INTO export_plan (id, path, kinds, format, every_hours, daily_at, entity_id, owner_id, paused, created_at, \
                     next_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                    args![
                        &id,
                        wish.path,
                        wish.kinds,
                        wish.format.code(),
                        wish.hours,
                        wish.daily,
                        wish.entity,
                        wish.owner,
                        false,
                        wish.at,
                        wish.next_at
                    ],
                )
                .await?;
                note(sql, &permit, &id, "made").await
            })
        })
        .await?;
    Ok(made)
}

/// Gives an export other settings; from now on it is written by the rights of whoever does, and due at its next time. What was
/// written stays where it is. `permit` as for [`save`].
pub async fn change(app: &Arc<App>, permit: Permit, id: String, new: NewExport) -> Result<(), Error> {
    let wish = ready(app, &permit, &new).await?;
    app.db
        .write(move |sql| {
            let (permit, wish, id) = (permit.clone(), wish.clone(), id.clone());
            Box::pin(async move {
                free(sql, &wish.path, &id).await?;
                let changed = sql
                    .run(
                        "UPDATE export_plan SET path = $1, kinds = $2, format = $3, every_hours = $4, daily_at = $5, entity_id = $6, \
                         owner_id = $7, created_at = $8, next_at = $9 WHERE id = $10",
                        args![
                            wish.path,
                            wish.kinds,
                            wish.format.code(),
                            wish.hours,
                            wish.daily,
                            wish.entity,
                            wish.owner,
                            wish.at,
                            wish.next_at,
                            &id
                        ],
                    )
                    .await?;
                if changed == 0 {
                    return Err(Error::NotFound("export"));
                }
                note(sql, &permit, &id, "changed").await
            })
        })
        .await
}

/// Leaves an export alone, or takes it up again: the next time is then its next, whatever was missed.
pub async fn pause(app: &App, permit: Permit, id: String, paused: bool) -> Result<(), Error> {
    let mut sql = app.db.read();
    let plan = Plan::load(&mut sql, &id).await?;
    let zone = plan.zone(app, &mut sql).await?;
    let next = plan.when.next(now(), plan.created_at, &zone).as_microsecond();
    app.db
        .write(move |sql| {
            let (permit, id) = (permit.clone(), id.clone());
            Box::pin(async move {
                sql.run(
                    "UPDATE export_plan SET paused = $1, next_at = $2 WHERE id = $3",
                    args![paused, next, &id],
                )
                .await?;
                note(sql, &permit, &id, if paused { "paused" } else { "resumed" }).await
            })
        })
        .await
}

/// Exports no longer. What was written stays.
pub async fn remove(app: &App, permit: Permit, id: String) -> Result<(), Error> {
    app.db
        .write(move |sql| {
            let (permit, id) = (permit.clone(), id.clone());
            Box::pin(async move {
                sql.run("DELETE FROM export_run WHERE plan_id = $1", args![&id]).await?;
                if sql.run("DELETE FROM export_plan WHERE id = $1", args![&id]).await? == 0 {
                    return Err(Error::NotFound("export"));
                }
                note(sql, &permit, &id, "removed").await
            })
        })
        .await
}

/// Writes what was done with an export into the audit.
pub async fn note(sql: &mut Sql, permit: &Permit, id: &str, what: &str) -> Result<(), Error> {
    audit::note(sql, permit.actor(), permit.action(), &format!("export:{id}"), what).await
}
