//! Edits as pages and programs see them, and records as they look while edits are on their way.

use outlay_connect::Object;
use outlay_core::ids::{ConnectionId, EmployeeId};
use outlay_core::{Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::args;
use crate::auth::{Action, RecordFacts, Resource, Visitor};
use crate::clock::{moment, now};
use crate::crm::records::{Named, RecordView};
use crate::db::{Sql, Value, dialect};
use crate::error::Error;

/// How long an edit that ended is shown, in microseconds.
const SHOWN: i64 = 24 * 3600 * 1_000_000;

/// One field of one record, changed once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EditView {
    /// Its id.
    pub id: String,
    /// `account`, `contact` or `deal`.
    pub object: String,
    /// The record.
    pub record: Named,
    /// The connection that it goes by.
    pub connection: Named,
    /// The canonical field, such as `phone`.
    pub field: String,
    /// What the CRM held, as far as was known.
    pub was: String,
    /// What it shall hold.
    pub value: String,
    /// What the CRM held instead, where that came up.
    pub theirs: Option<String>,
    /// When the CRM's record was last changed then, RFC 3339.
    pub theirs_at: Option<String>,
    /// Who made it.
    pub by: Named,
    /// When, RFC 3339.
    pub at: String,
    /// `pending`, `written`, `conflict`, `failed` or `withdrawn`.
    pub state: String,
    /// Why it waits, failed or was withdrawn, as a stable word.
    pub reason: Option<String>,
    /// What the CRM said to it.
    pub said: Option<String>,
    /// When it was written, failed, or was withdrawn, RFC 3339.
    pub settled_at: Option<String>,
    /// When the record came back from the CRM with it: our own echo. RFC 3339.
    pub seen_at: Option<String>,
    /// Whether the reader may decide what becomes of it.
    pub may_decide: bool,
}

impl EditView {
    /// Whether its value is shown in place of the CRM's.
    pub fn is_shown(&self) -> bool {
        self.state == "pending" || (self.state == "written" && self.seen_at.is_none())
    }

    /// Where its record is shown.
    pub fn href(&self) -> String {
        format!("/crm/{}s/{}#crm-record", self.object, self.record.id)
    }

    /// Whether somebody must decide.
    pub fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "conflict" | "failed")
    }
}

#[derive(Deserialize)]
struct Row {
    id: String,
    object: String,
    record_id: String,
    record: Option<String>,
    connection_id: String,
    connection: String,
    field: String,
    was: String,
    value: String,
    theirs: Option<String>,
    theirs_at: Option<i64>,
    by_id: String,
    by_name: String,
    at: i64,
    state: String,
    reason: Option<String>,
    said: Option<String>,
    settled_at: Option<i64>,
    seen_at: Option<i64>,
}

const QUERY: &str = "SELECT e.id, e.object, e.record_id, COALESCE(a.name, k.name, d.name) AS record, e.connection_id, \
    c.name AS connection, e.field, e.was, e.value, e.theirs, e.theirs_at, e.by_id, p.name AS by_name, e.at, e.state, e.reason, \
    e.said, e.settled_at, e.seen_at FROM record_edit e JOIN connection c ON c.id = e.connection_id \
    JOIN employee p ON p.id = e.by_id LEFT JOIN account a ON a.id = e.record_id LEFT JOIN contact k ON k.id = e.record_id \
    LEFT JOIN deal d ON d.id = e.record_id";

impl Row {
    fn view(self, may_decide: bool) -> EditView {
        let when = |at: Option<i64>| at.map(|at| moment(at).to_string());
        let named = |id: String, name: String| Named { id, name };
        EditView {
            id: self.id,
            object: self.object,
            record: named(self.record_id, self.record.unwrap_or_default()),
            connection: named(self.connection_id, self.connection),
            field: self.field,
            was: self.was,
            value: self.value,
            theirs: self.theirs,
            theirs_at: when(self.theirs_at),
            by: named(self.by_id, self.by_name),
            at: moment(self.at).to_string(),
            may_decide: may_decide && matches!(self.state.as_str(), "conflict" | "failed"),
            state: self.state,
            reason: self.reason,
            said: self.said,
            settled_at: when(self.settled_at),
            seen_at: when(self.seen_at),
        }
    }
}

async fn rows(sql: &mut Sql, condition: &str, values: Vec<Value>) -> Result<Vec<Row>, Error> {
    let text = format!("{QUERY} WHERE {condition} ORDER BY e.id DESC LIMIT 100");
    Ok(sql.all_built(text, values).await?)
}

/// Edits of a record that are on their way, wait for a decision or ended in the last day; newest first.
pub async fn of_record(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    facts: &RecordFacts,
    object: Object,
    id: &str,
) -> Result<Vec<EditView>, Error> {
    let may = app
        .rights
        .may(&visitor.person, Action::WriteRecord, &Resource::Record(facts));
    let values = args![id, object.as_str(), now().as_microsecond() - SHOWN];
    let condition =
        "e.record_id = $1 AND e.object = $2 AND (e.state IN ('pending', 'conflict', 'failed') OR e.settled_at > $3)";
    let rows = rows(sql, condition, values).await?;
    Ok(rows.into_iter().map(|row| row.view(may)).collect())
}

/// Edits of somebody that did not reach the CRM: those that wait for a decision, and those that its policy dropped in the
/// last day.
pub async fn lost(sql: &mut Sql, who: EmployeeId) -> Result<Vec<EditView>, Error> {
    let condition = "e.by_id = $1 AND (e.state IN ('conflict', 'failed') OR (e.state = 'withdrawn' AND \
        e.reason IN ('crm', 'latest', 'blanks') AND e.settled_at > $2))";
    let rows = rows(sql, condition, args![who, now().as_microsecond() - SHOWN]).await?;
    Ok(rows.into_iter().map(|row| row.view(true)).collect())
}

/// How many edits of a connection there are.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct EditCounts {
    /// On their way.
    pub pending: i64,
    /// Waiting for somebody to choose between two values.
    pub conflict: i64,
    /// Given up.
    pub failed: i64,
    /// Written in the last day.
    pub written: i64,
}

impl EditCounts {
    /// Those of a state.
    pub fn of(&self, state: &str) -> i64 {
        match state {
            "pending" => self.pending,
            "conflict" => self.conflict,
            "failed" => self.failed,
            _ => self.written,
        }
    }
}

/// Counts the edits of a connection.
pub async fn counts(sql: &mut Sql, connection: ConnectionId) -> Result<EditCounts, Error> {
    let rows: Vec<(String, i64)> = sql
        .all(
            "SELECT state, COUNT(*) FROM record_edit WHERE connection_id = $1 AND (state IN ('pending', 'conflict', 'failed') \
             OR (state = 'written' AND settled_at > $2)) GROUP BY state",
            args![connection, now().as_microsecond() - SHOWN],
        )
        .await?;
    let of = |state: &str| rows.iter().find(|(s, _)| s == state).map_or(0, |(_, n)| *n);
    Ok(EditCounts {
        pending: of("pending"),
        conflict: of("conflict"),
        failed: of("failed"),
        written: of("written"),
    })
}

/// Which edits of a connection.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct EditsWanted {
    /// `pending`, `conflict`, `failed` or `written`; those that wait or failed, if absent.
    pub state: Option<String>,
}

/// The newest 100 edits of a connection; those that the visitor may not decide say so.
pub async fn of_connection(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    connection: ConnectionId,
    wanted: &EditsWanted,
) -> Result<Vec<EditView>, Error> {
    let found = match wanted.state.as_deref().filter(|s| !s.is_empty()) {
        None => {
            let condition = "e.connection_id = $1 AND e.state IN ('pending', 'conflict', 'failed')";
            rows(sql, condition, args![connection]).await?
        }
        Some(state @ ("pending" | "conflict" | "failed" | "written" | "withdrawn")) => {
            rows(sql, "e.connection_id = $1 AND e.state = $2", args![connection, state]).await?
        }
        Some(_) => return Err(Error::field("state", "unknown")),
    };
    let org = app.org(sql).await?;
    let mut views = Vec::new();
    for row in found {
        let object: Object = row.object.parse().map_err(|_| Error::NotFound("edit"))?;
        let facts = crate::crm::record_facts(sql, &org, object, &row.record_id).await?;
        let may = app
            .rights
            .may(&visitor.person, Action::WriteRecord, &Resource::Record(&facts));
        views.push(row.view(may));
    }
    Ok(views)
}

/// Shows records with the values that are on their way to the CRM, or were written and have not come back yet.
pub async fn overlay(sql: &mut Sql, records: &mut [RecordView]) -> Result<(), Error> {
    let ids: Vec<Value> = records
        .iter()
        .filter(|r| r.connection.is_some())
        .map(|r| Value::from(&r.id))
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let text = format!(
        "SELECT record_id, field, value FROM record_edit WHERE record_id IN ({}) \
         AND (state = 'pending' OR (state = 'written' AND seen_at IS NULL)) ORDER BY id",
        dialect::list(1, ids.len())
    );
    let rows: Vec<(String, String, String)> = sql.all_built(text, ids).await?;
    for (id, field, value) in rows {
        if let Some(record) = records.iter_mut().find(|r| r.id == id) {
            show(record, &field, value);
        }
    }
    Ok(())
}

fn show(record: &mut RecordView, field: &str, value: String) {
    let filled = Some(value.clone()).filter(|v| !v.is_empty());
    match field {
        "name" => record.name = value,
        "phone" => record.phone = filled,
        "email" => record.email = filled,
        "title" => record.title = filled,
        "city" => record.city = filled,
        "website" => record.website = filled,
        "tax_id" => record.tax_id = filled,
        "stage" => record.stage = filled,
        "close_on" => record.on = filled,
        "amount" => {
            let money = value.split_once(' ').and_then(|(amount, code)| {
                let currency = Currency::parse(code).ok()?;
                Money::parse(amount, currency).ok()
            });
            record.amount = money;
        }
        _ => {}
    }
}

/// The page of a record.
pub fn href_of(record: &RecordView) -> String {
    format!("/crm/{}s/{}", record.object, record.id)
}

/// Whether something is on its way.
pub fn any_pending(edits: &[EditView]) -> bool {
    edits.iter().any(|e| e.state == "pending")
}

/// The last edit of a field; `edits` are newest first.
pub fn newest<'e>(edits: &'e [EditView], field: &str) -> Option<&'e EditView> {
    edits.iter().find(|e| e.field == field)
}

/// Plain fields of a record as its page shows them: the field, the key of its name, and its value. Empty ones only where
/// an edit emptied them.
pub fn texts_of(record: &RecordView, edits: &[EditView]) -> Vec<(&'static str, &'static str, String)> {
    let all = [
        ("close_on", "crm-close-on", &record.on),
        ("title", "crm-title", &record.title),
        ("tax_id", "crm-tax-id", &record.tax_id),
        ("city", "crm-city", &record.city),
        ("phone", "crm-phone", &record.phone),
        ("email", "crm-email", &record.email),
        ("website", "crm-website", &record.website),
    ];
    all.into_iter()
        .filter(|(field, _, value)| value.is_some() || newest(edits, field).is_some())
        .map(|(field, key, value)| (field, key, value.clone().unwrap_or_default()))
        .collect()
}
