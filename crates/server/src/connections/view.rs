//! A connection for administrators: how fresh each kind of record is, what could not be taken, what the last reconcile
//! found, and the acts on a connection.

use std::sync::Arc;

use outlay_connect::manifest::{Manifest, SettingKind, Tested};
use outlay_core::ids::ConnectionId;
use serde::Serialize;
use utoipa::ToSchema;

use super::connection::{self, Connection, NewConnection};
use super::first::{self, FirstView};
use super::objects::{self, ObjectView};
use super::usage::{self, UsageView};
use crate::app::App;
use crate::args;
use crate::auth::{Action, Permit, Resource, Visitor};
use crate::clock::{moment, now};
use crate::db::Sql;
use crate::edits::{self, EditCounts};
use crate::error::Error;

const DAY: i64 = 24 * 3600 * 1_000_000;

/// A connection, without its secrets.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConnectionView {
    /// Its id.
    pub id: String,
    /// Which CRM, such as `tryton`.
    pub kind: String,
    /// The CRM's name for people.
    pub crm: String,
    /// `real_server`, `specification` or `fake`: what the connector was tested against.
    pub tested: String,
    /// What people call it.
    pub name: String,
    /// The CRM's address.
    pub url: String,
    /// What was entered.
    pub settings: Vec<SettingView>,
    /// Language of the notes in the CRM.
    pub language: String,
    /// Records gone from the CRM are archived without asking only while they are at most so many percent of their kind.
    pub unasked_percent: usize,
    /// A kind of record is late when it was last read to its end longer ago than so many minutes.
    pub fresh_minutes: u32,
    /// Whether drafts become to-dos in the CRM; absent if that has none.
    pub todos: Option<bool>,
    /// Whether it is left alone.
    pub paused: bool,
    /// The first reading, while it is not at its end.
    pub first: Option<FirstView>,
    /// What is asked of the CRM, and how much may be.
    pub usage: UsageView,
    /// The last pulls, newest first; at most 5.
    pub runs: Vec<RunView>,
    /// Each kind of record.
    pub objects: Vec<ObjectView>,
    /// Records that could not be taken, newest first; at most 100.
    pub refused: Vec<RefusedView>,
    /// How many could not be taken.
    pub refused_count: i64,
    /// Records whose costs are in the CRM.
    pub written: i64,
    /// Changes of records made here: on their way, in conflict, failed.
    pub edits: EditCounts,
    /// Records that came since midnight UTC.
    pub today: i64,
    /// Events that the CRM told by itself since midnight UTC.
    pub hooked: i64,
    /// Milliseconds from such an event until its record was here, of 95 in a hundred, since midnight UTC.
    pub hook_p95_ms: Option<i64>,
    /// The last reconcile.
    pub reconcile: Option<ReconcileView>,
}

/// One thing that was entered, or may be.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SettingView {
    /// Such as `url`.
    pub key: String,
    /// `url`, `text` or `secret`.
    pub kind: String,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it is; never that of a secret.
    pub value: String,
}

/// A pull.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RunView {
    /// When it began, RFC 3339.
    pub started_at: String,
    /// When it ended; absent while it runs.
    pub ended_at: Option<String>,
    /// Records that came.
    pub seen: i64,
    /// Those that were new or differed.
    pub changed: i64,
    /// Those that could not be taken.
    pub refused: i64,
    /// Why it ended early.
    pub error: Option<String>,
}

/// A record that could not be taken.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefusedView {
    /// Its kind.
    pub object: String,
    /// Its id in the CRM, if that was legible.
    pub external_id: String,
    /// What is wrong with it.
    pub reason: String,
    /// How often it was tried.
    pub tries: i64,
    /// When it came last, RFC 3339.
    pub at: String,
    /// What the CRM sent, as JSON.
    pub raw: String,
}

/// A reconcile.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReconcileView {
    /// When it began, RFC 3339.
    pub started_at: String,
    /// When it ended; absent while it runs.
    pub ended_at: Option<String>,
    /// Why it ended early.
    pub error: Option<String>,
    /// Each kind of record.
    pub objects: Vec<ComparedView>,
    /// What differed, at most 100; those of `extra` that wait for a person come first.
    pub differences: Vec<DifferenceView>,
    /// Records gone from the CRM that wait for a person, being more than may be archived unasked.
    pub waiting: i64,
}

/// What a reconcile found of one kind of record.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ComparedView {
    /// Which, such as `deal`.
    pub object: String,
    /// Those that are the same on both sides.
    pub equal: i64,
    /// Those that lacked here.
    pub missing: i64,
    /// Those that are here and gone from the CRM.
    pub extra: i64,
    /// Those that were of another revision here.
    pub differing: i64,
}

/// One record that a reconcile found to differ.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DifferenceView {
    /// Its kind.
    pub object: String,
    /// Its id in the CRM.
    pub external_id: String,
    /// Its id here, if it is here.
    pub id: Option<String>,
    /// `missing`, `extra` or `differing`.
    pub what: String,
    /// Whether it was mended.
    pub mended: bool,
}

/// What the connector to a CRM was tested against.
pub fn tested(manifest: &Manifest) -> &'static str {
    match manifest.tested {
        Tested::RealServer => "real_server",
        Tested::Specification => "specification",
        Tested::Fake => "fake",
    }
}

/// What a CRM needs, and what was entered for a connection to it.
pub fn settings(manifest: &Manifest, connection: Option<&Connection>) -> Vec<SettingView> {
    let one = |setting: &outlay_connect::manifest::Setting| SettingView {
        key: setting.key.clone(),
        kind: match setting.kind {
            SettingKind::Url => "url",
            SettingKind::Text => "text",
            SettingKind::Secret => "secret",
            SettingKind::SecretText => "secret_text",
        }
        .to_owned(),
        optional: setting.optional,
        value: connection
            .and_then(|c| c.place.settings.get(&setting.key))
            .or(setting.default.as_ref())
            .cloned()
            .unwrap_or_default(),
    };
    manifest.settings.iter().map(one).collect()
}

/// A connection as administrators see it.
pub async fn view(sql: &mut Sql, connection: &Connection) -> Result<ConnectionView, Error> {
    let (id, manifest) = (connection.id, connection.manifest);
    let at = now().as_microsecond();
    let midnight = at - at.rem_euclid(DAY);
    let (today,): (i64,) = sql
        .one(
            "SELECT CAST(COALESCE(SUM(seen), 0) AS BIGINT) FROM sync_rate WHERE connection_id = $1 AND minute >= $2",
            args![id, midnight / 60_000_000],
        )
        .await?;
    let (written,): (i64,) = sql
        .one(
            "SELECT COUNT(*) FROM write_back WHERE connection_id = $1 AND body <> ''",
            args![id],
        )
        .await?;
    let (hooked,): (i64,) = sql
        .one(
            "SELECT COUNT(*) FROM hook_event WHERE connection_id = $1 AND at >= $2",
            args![id, midnight],
        )
        .await?;
    let objects = objects::view(sql, connection, at).await?;
    Ok(ConnectionView {
        id: id.to_string(),
        kind: manifest.kind.clone(),
        crm: manifest.name.clone(),
        tested: tested(manifest).to_owned(),
        name: connection.name.clone(),
        url: connection.place.url().to_owned(),
        settings: settings(manifest, Some(connection)),
        language: connection.lang().tag().to_owned(),
        unasked_percent: connection.place.unasked_percent(),
        fresh_minutes: connection.place.fresh_minutes(),
        todos: manifest.todos.then(|| connection.place.todos()),
        paused: connection.paused,
        first: first::view(sql, id).await?,
        usage: usage::view(sql, id, manifest).await?,
        runs: runs(sql, id).await?,
        refused: refused(sql, id).await?,
        refused_count: objects.iter().map(|o| o.refused).sum(),
        objects,
        written,
        edits: edits::counts(sql, id).await?,
        today,
        hooked,
        hook_p95_ms: objects::hook_p95(sql, connection, midnight).await?,
        reconcile: reconcile(sql, connection).await?,
    })
}

async fn runs(sql: &mut Sql, id: ConnectionId) -> Result<Vec<RunView>, Error> {
    type Run = (i64, Option<i64>, i64, i64, i64, Option<String>);
    let rows: Vec<Run> = sql
        .all(
            "SELECT started_at, ended_at, seen, changed, refused, error FROM sync_run WHERE connection_id = $1 \
             ORDER BY started_at DESC LIMIT 5",
            args![id],
        )
        .await?;
    let runs = rows
        .into_iter()
        .map(|(started, ended, seen, changed, refused, error)| RunView {
            started_at: moment(started).to_string(),
            ended_at: ended.map(|at| moment(at).to_string()),
            seen,
            changed,
            refused,
            error,
        });
    Ok(runs.collect())
}

async fn refused(sql: &mut Sql, id: ConnectionId) -> Result<Vec<RefusedView>, Error> {
    let rows: Vec<(String, String, String, i64, i64, String)> = sql
        .all(
            "SELECT object, external_id, reason, tries, at, raw FROM sync_refused WHERE connection_id = $1 \
             ORDER BY at DESC, object, external_id LIMIT 100",
            args![id],
        )
        .await?;
    let views = rows
        .into_iter()
        .map(|(object, external_id, reason, tries, at, raw)| RefusedView {
            object,
            external_id,
            reason,
            tries,
            at: moment(at).to_string(),
            raw,
        });
    Ok(views.collect())
}

async fn reconcile(sql: &mut Sql, connection: &Connection) -> Result<Option<ReconcileView>, Error> {
    let id = connection.id;
    let last: Option<(String, i64, Option<i64>, Option<String>)> = sql
        .maybe(
            "SELECT id, started_at, ended_at, error FROM reconcile_run WHERE connection_id = $1 ORDER BY started_at DESC LIMIT 1",
            args![id],
        )
        .await?;
    let Some((run, started, ended, error)) = last else {
        return Ok(None);
    };
    let mut objects: Vec<(String, i64, i64, i64, i64)> = sql
        .all(
            "SELECT object, equal, missing, extra, differing FROM reconcile_object WHERE run_id = $1",
            args![&run],
        )
        .await?;
    let place = |name: &str| {
        connection
            .manifest
            .objects
            .iter()
            .position(|o| o.object.as_str() == name)
    };
    objects.sort_by_key(|(object, ..)| place(object));
    let differences: Vec<(String, String, String, bool, Option<String>)> = sql
        .all(
            "SELECT d.object, d.external_id, d.what, d.mended, COALESCE(a.id, c.id, e.id, p.id, o.id, v.id) FROM reconcile_difference d \
             LEFT JOIN account a ON d.object = 'account' AND a.connection_id = $2 AND a.external_id = d.external_id \
             LEFT JOIN contact c ON d.object = 'contact' AND c.connection_id = $2 AND c.external_id = d.external_id \
             LEFT JOIN deal e ON d.object = 'deal' AND e.connection_id = $2 AND e.external_id = d.external_id \
             LEFT JOIN project p ON d.object = 'project' AND p.connection_id = $2 AND p.external_id = d.external_id \
             LEFT JOIN sales_order o ON d.object = 'order' AND o.connection_id = $2 AND o.external_id = d.external_id \
             LEFT JOIN activity v ON d.object = 'activity' AND v.connection_id = $2 AND v.external_id = d.external_id \
             WHERE d.run_id = $1 ORDER BY d.mended, d.object, d.external_id LIMIT 100",
            args![&run, id],
        )
        .await?;
    let (waiting,): (i64,) = sql
        .one(
            "SELECT COUNT(*) FROM reconcile_difference WHERE run_id = $1 AND what = 'extra' AND mended = $2",
            args![&run, false],
        )
        .await?;
    Ok(Some(ReconcileView {
        started_at: moment(started).to_string(),
        ended_at: ended.map(|at| moment(at).to_string()),
        error,
        objects: objects
            .into_iter()
            .map(|(object, equal, missing, extra, differing)| ComparedView {
                object,
                equal,
                missing,
                extra,
                differing,
            })
            .collect(),
        differences: differences
            .into_iter()
            .map(|(object, external_id, what, mended, id)| DifferenceView {
                object,
                external_id,
                id,
                what,
                mended,
            })
            .collect(),
        waiting: if ended.is_some() { waiting } else { 0 },
    }))
}

/// The right to keep connections.
pub fn may(app: &App, visitor: &Visitor) -> Result<Permit, Error> {
    visitor.permit(app, Action::ManageConnections, &Resource::Outlay)
}

/// An id from an address.
pub fn id_of(text: &str) -> Result<ConnectionId, Error> {
    text.parse().map_err(|_| Error::NotFound("connection"))
}

/// Stores what was entered; see [`connection::save`].
pub async fn save(
    app: &Arc<App>,
    permit: Permit,
    id: Option<ConnectionId>,
    new: NewConnection,
) -> Result<ConnectionId, Error> {
    let (shared, new) = (app.clone(), Arc::new(new));
    app.db
        .write(move |sql| {
            let (app, permit, new) = (shared.clone(), permit.clone(), new.clone());
            Box::pin(async move { connection::save(sql, &app, &permit, id, &new).await })
        })
        .await
}

/// Leaves a connection alone, or takes it up again.
pub async fn pause(app: &App, permit: Permit, id: ConnectionId, paused: bool) -> Result<(), Error> {
    app.db
        .write(move |sql| {
            let permit = permit.clone();
            Box::pin(async move { connection::pause(sql, &permit, id, paused).await })
        })
        .await
}
