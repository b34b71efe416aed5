//! The rules of one kind of record beside real records: which rule each field has, and what it makes of a record.

use std::sync::Arc;

use outlay_connect::mapping::{self, Kind};
use outlay_connect::{Connector, Object, Record, Rejected};
use outlay_core::ids::ConnectionId;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::{IntoParams, ToSchema};

use super::trace::Reading;
use super::{newest, object_of, stored};
use crate::app::App;
use crate::args;
use crate::clock::moment;
use crate::connections::Connection;
use crate::db::Sql;
use crate::error::Error;

/// Records to choose from.
const SAMPLES: usize = 10;
/// CRM users that are told.
const USERS: usize = 500;

/// Which rules, and which record beside them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The kind of record, such as `deal`; the first that the connector reads if absent.
    pub object: String,
    /// The record's id in the CRM; the newest if absent.
    pub record: String,
    /// On the page: the field whose rule is edited.
    #[param(ignore)]
    pub field: String,
}

/// The rules of one kind of record.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MappingView {
    /// The connection's id.
    pub connection: String,
    /// What people call it.
    pub name: String,
    /// The kind of record.
    pub object: String,
    /// What the CRM calls it.
    pub source: String,
    /// All kinds that are read, and how many of their rules are changed.
    pub objects: Vec<ObjectChoice>,
    /// Each canonical field.
    pub fields: Vec<FieldView>,
    /// Ten records to look at: the newest stored, or the CRM's own first ones if none is stored.
    pub samples: Vec<Sample>,
    /// Raw records stored.
    pub stored: i64,
    /// Why the CRM could not be asked for records.
    pub silent: Option<String>,
    /// The one that the values are of.
    pub record: Option<RecordView>,
    /// Of CRM users: who is whom.
    pub users: Vec<UserView>,
    /// How far the rules last put into force have been applied.
    pub run: Option<RunView>,
}

/// A kind of record.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ObjectChoice {
    /// Such as `deal`.
    pub object: String,
    /// Its rules that differ from the usual ones.
    pub changed: i64,
}

/// A canonical field.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldView {
    /// Such as `amount`.
    pub field: String,
    /// What it holds: `text`, `reference`, `money`, `date`, `percent`, `truth` or `stage`.
    pub kind: String,
    /// Where its rule comes from: `usual`, `changed`, `connector` (its own code reads the field) or `none`.
    pub origin: String,
    /// The rule in force, if it is data.
    #[schema(value_type = Option<Object>)]
    pub rule: Option<mapping::Rule>,
    /// The usual rule, if it is data.
    #[schema(value_type = Option<Object>)]
    pub usual: Option<mapping::Rule>,
    /// What it comes from in the record.
    pub raw: Vec<RawValue>,
    /// What it is in the record.
    pub value: Option<String>,
}

/// A value of a raw record.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RawValue {
    /// Where it stands.
    pub path: String,
    /// The value as text.
    pub value: String,
    /// Whether a canonical field comes from it.
    pub mapped: bool,
}

/// A record to look at.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Sample {
    /// Its id in the CRM.
    pub external_id: String,
    /// What people call it; its id if it is not understood.
    pub label: String,
}

/// The record that the values are of.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordView {
    /// Its id in the CRM.
    pub external_id: String,
    /// What people call it.
    pub label: String,
    /// Why it is refused.
    pub refused: Option<String>,
    /// All of it, as JSON.
    pub raw: String,
    /// Its values; at most 400.
    pub values: Vec<RawValue>,
}

/// A user of the CRM, and who that is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UserView {
    /// Its id in the CRM.
    pub external_id: String,
    /// Their name there.
    pub name: String,
    /// Their mail address there.
    pub email: String,
    /// The employee's id.
    pub employee: Option<String>,
    /// The employee's name.
    pub employee_name: Option<String>,
}

/// How far the rules last put into force have been applied to what is stored.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RunView {
    /// When they were put into force, RFC 3339.
    pub started_at: String,
    /// When all was read; absent before.
    pub ended_at: Option<String>,
    /// Records to read.
    pub total: i64,
    /// Records read.
    pub seen: i64,
    /// Those in which something changed.
    pub changed: i64,
    /// Those that are refused now.
    pub refused: i64,
    /// Drafts begun.
    pub drafted: i64,
    /// Whether the CRM is asked for them anew, since a rule speaks of what no stored record has.
    pub anew: bool,
    /// Why the job was given up, or what it waits for.
    pub waits: Option<String>,
}

/// The rules in force, beside records.
pub async fn view(sql: &mut Sql, app: &Arc<App>, connection: &Connection, asked: &Asked) -> Result<MappingView, Error> {
    let connector = connection.connector(app)?;
    view_with(sql, connection, connector.as_ref(), asked).await
}

/// As [`view`], by a connector at hand.
pub async fn view_with(
    sql: &mut Sql,
    connection: &Connection,
    connector: &dyn Connector,
    asked: &Asked,
) -> Result<MappingView, Error> {
    let manifest = connection.manifest;
    let found = match asked.object.as_str() {
        "" => manifest.objects.iter().find(|o| o.object == Object::Deal),
        text => manifest.object(object_of(text)?),
    };
    let found = found.or(manifest.objects.first().filter(|_| asked.object.is_empty()));
    let one = found.ok_or_else(|| Error::field("object", "unknown"))?;
    let object = one.object;
    let mut raws = newest(sql, connection.id, object, SAMPLES).await?;
    if !asked.record.is_empty() && raws.iter().all(|(id, _)| *id != asked.record) {
        raws.extend(named(sql, connection.id, object, &asked.record).await?);
    }
    let mut silent = None;
    let mut live = Vec::new();
    if raws.is_empty() {
        match connector.pull(object, None, SAMPLES).await {
            Ok(page) => live = page.records,
            Err(error) => silent = Some(error.to_string()),
        }
        live.truncate(SAMPLES);
        raws = live.iter().map(|r| (r.external_id.clone(), r.raw.clone())).collect();
    }
    let samples: Vec<Sample> = raws
        .iter()
        .map(|(id, raw)| Sample {
            external_id: id.clone(),
            label: understood(connector, object, raw, &live)
                .ok()
                .flatten()
                .map_or_else(|| id.clone(), |r| r.body.label().to_owned()),
        })
        .collect();
    let chosen = raws.iter().find(|(id, _)| *id == asked.record).or(raws.first());
    let changed = connection.mapping.get(&object);
    let mut rules = one.fields.clone();
    rules.extend(changed.cloned().unwrap_or_default());
    let read = chosen.map(|(id, raw)| {
        let outcome = understood(connector, object, raw, &live);
        Reading::of(connector, object, &rules, id, raw, outcome)
    });
    let field = |(field, kind): &(&'static str, Kind)| {
        let (mine, usual) = (changed.and_then(|c| c.get(*field)), one.fields.get(*field));
        FieldView {
            field: (*field).to_owned(),
            kind: kind_word(*kind),
            origin: match (mine, usual) {
                (Some(_), _) => "changed",
                (None, Some(_)) => "usual",
                (None, None) if one.fields.is_empty() => "connector",
                (None, None) => "none",
            }
            .to_owned(),
            rule: mine.or(usual).cloned(),
            usual: usual.cloned(),
            raw: read.as_ref().map_or_else(Vec::new, |r| r.sources(field)),
            value: read.as_ref().and_then(|r| r.texts.get(field).cloned()),
        }
    };
    Ok(MappingView {
        connection: connection.id.to_string(),
        name: connection.name.clone(),
        object: object.as_str().to_owned(),
        source: one.source.clone(),
        objects: manifest
            .objects
            .iter()
            .map(|o| ObjectChoice {
                object: o.object.as_str().to_owned(),
                changed: connection.mapping.get(&o.object).map_or(0, |r| super::count(r.len())),
            })
            .collect(),
        fields: mapping::fields(object).iter().map(field).collect(),
        samples,
        stored: stored(sql, connection.id, object).await?,
        silent,
        record: read.map(|r| r.view),
        users: match object {
            Object::CrmUser => users(sql, connection.id).await?,
            _ => Vec::new(),
        },
        run: run(sql, connection.id, object).await?,
    })
}

fn kind_word(kind: Kind) -> String {
    serde_json::to_value(kind)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// What reading a raw record gives.
pub(super) type Outcome = Result<Option<Record>, Box<Rejected>>;

fn understood(connector: &dyn Connector, object: Object, raw: &Json, live: &[Record]) -> Outcome {
    match live.iter().find(|r| r.raw == *raw) {
        Some(record) => Ok(Some(record.clone())),
        None => connector.understand(object, raw),
    }
}

/// A record by its id, from among the dead letters too.
async fn named(
    sql: &mut Sql,
    connection: ConnectionId,
    object: Object,
    id: &str,
) -> Result<Option<(String, Json)>, Error> {
    let row: Option<(String, String)> = sql
        .maybe(
            "SELECT external_id, raw FROM sync_refused WHERE connection_id = $1 AND object = $2 AND external_id = $3 \
             UNION ALL SELECT external_id, body FROM crm_raw WHERE connection_id = $1 AND object = $2 AND external_id = $3 LIMIT 1",
            args![connection, object.as_str(), id],
        )
        .await?;
    Ok(match row {
        Some((id, raw)) => Some((id, serde_json::from_str(&raw)?)),
        None => None,
    })
}

async fn users(sql: &mut Sql, connection: ConnectionId) -> Result<Vec<UserView>, Error> {
    let rows: Vec<(String, String, String, Option<String>, Option<String>)> = sql
        .all(
            "SELECT u.external_id, u.name, u.email, e.id, e.name FROM crm_user u LEFT JOIN employee e ON e.id = u.employee_id \
             WHERE u.connection_id = $1 ORDER BY CASE WHEN e.id IS NULL THEN 0 ELSE 1 END, u.name, u.external_id LIMIT $2",
            args![connection, USERS],
        )
        .await?;
    let users = rows
        .into_iter()
        .map(|(external_id, name, email, employee, employee_name)| UserView {
            external_id,
            name,
            email,
            employee,
            employee_name,
        });
    Ok(users.collect())
}

async fn run(sql: &mut Sql, connection: ConnectionId, object: Object) -> Result<Option<RunView>, Error> {
    type Row = (String, i64, Option<i64>, i64, i64, i64, i64, i64, bool);
    let row: Option<Row> = sql
        .maybe(
            "SELECT run_id, started_at, ended_at, total, seen, changed, refused, drafted, anew FROM mapping_run \
             WHERE connection_id = $1 AND object = $2",
            args![connection, object.as_str()],
        )
        .await?;
    let Some((run, started, ended, total, seen, changed, refused, drafted, anew)) = row else {
        return Ok(None);
    };
    let waits: Option<(Option<String>,)> = match ended {
        Some(_) => None,
        None => {
            sql.maybe(
                "SELECT error FROM job WHERE kind = 'mapping' AND ordering = $1 AND key LIKE $2 AND state IN ('ready', 'dead') \
                 ORDER BY id DESC LIMIT 1",
                args![format!("mapping:{connection}"), format!("mapping:{run}:%")],
            )
            .await?
        }
    };
    Ok(Some(RunView {
        started_at: moment(started).to_string(),
        ended_at: ended.map(|at| moment(at).to_string()),
        total,
        seen,
        changed,
        refused,
        drafted,
        anew,
        waits: waits.and_then(|(error,)| error),
    }))
}
