//! Reading the audit: newest first, page by page.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::words;
use crate::app::App;
use crate::auth::{Permit, Visitor};
use crate::clock::moment;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::shell::W;

/// Entries of a page.
const PAGE: usize = 30;

/// Which entries.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// A claim's number, a person's name or mail address, or an action such as `pay`.
    pub q: String,
    /// First day, in the zone of the reader's legal entity.
    pub from: String,
    /// Last day, in the zone of the reader's legal entity.
    pub to: String,
    /// The `next` of the page before.
    pub before: String,
}

/// Somebody did something.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// When, RFC 3339.
    pub at: String,
    /// Who: a name, or `system:PART`.
    pub actor: String,
    /// What, as rights call it.
    pub action: String,
    /// To which thing: `KIND:ID`.
    pub resource: String,
    /// The thing's name, where it has one.
    pub name: Option<String>,
    /// Where it is shown.
    pub href: Option<String>,
    /// What happened, as stored.
    pub detail: String,
    /// What happened, in the reader's language.
    pub said: String,
    /// The request, as in the log.
    pub request: Option<String>,
}

/// A page of entries.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditView {
    /// At most 30, newest first.
    pub entries: Vec<Entry>,
    /// Pass it as `before` for the next page.
    pub next: Option<String>,
}

#[derive(serde::Deserialize)]
struct Row {
    id: String,
    at: i64,
    actor: String,
    name: Option<String>,
    action: String,
    resource: String,
    request_id: Option<String>,
    detail: String,
}

/// Entries as wanted; for who may [`crate::auth::Action::ReadAudit`].
pub async fn entries(
    sql: &mut Sql,
    app: &App,
    _: &Permit,
    visitor: &Visitor,
    wanted: &Wanted,
) -> Result<AuditView, Error> {
    let mut conditions = vec!["1 = 1".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    let mut add = |text: &str, value: Value| {
        values.push(value);
        conditions.push(text.replace('?', &format!("${}", values.len())));
    };
    if !wanted.before.is_empty() {
        add("a.id < ?", wanted.before.as_str().into());
    }
    if !wanted.from.is_empty() {
        add("a.at >= ?", micros("from", &wanted.from, &visitor.zone, 0)?.into());
    }
    if !wanted.to.is_empty() {
        add("a.at < ?", micros("to", &wanted.to, &visitor.zone, 1)?.into());
    }
    let q = wanted.q.trim();
    if !q.is_empty() {
        values.push(q.into());
        let n = values.len();
        conditions.push(format!(
            "(a.resource IN (SELECT 'claim:' || c.id FROM claim c WHERE c.number = ${n}) OR a.resource = 'batch:' || ${n} \
             OR a.action = ${n} OR a.actor IN (SELECT e.id FROM employee e WHERE e.name = ${n} OR e.email = ${n}))"
        ));
    }
    let text = format!(
        "SELECT a.id, a.at, a.actor, p.name, a.action, a.resource, a.request_id, a.detail FROM audit_entry a \
         LEFT JOIN employee p ON p.id = a.actor WHERE {} ORDER BY a.id DESC LIMIT {}",
        conditions.join(" AND "),
        PAGE + 1
    );
    let mut rows: Vec<Row> = sql.all_built(text, values).await?;
    let next = (rows.len() > PAGE).then(|| rows[PAGE - 1].id.clone());
    rows.truncate(PAGE);
    let (names, org) = (names(sql, &rows).await?, app.org(sql).await?);
    let entries = rows
        .into_iter()
        .map(|row| {
            let (name, href) = shown(&row.resource, &names);
            Entry {
                id: row.id,
                at: moment(row.at).to_string(),
                actor: row.name.unwrap_or(row.actor),
                action: row.action,
                name,
                href,
                said: words::detail(W(visitor.lang), &org, &row.resource, &row.detail),
                resource: row.resource,
                detail: row.detail,
                request: row.request_id,
            }
        })
        .collect();
    Ok(AuditView { entries, next })
}

fn micros(field: &'static str, day: &str, zone: &str, later: i64) -> Result<i64, Error> {
    let day: Date = day.parse().map_err(|_| Error::field(field, "not-a-date"))?;
    let day = day.saturating_add(jiff::Span::new().days(later));
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let at = zone.to_timestamp(day.at(0, 0, 0, 0));
    at.map(|t| t.as_microsecond())
        .map_err(|_| Error::field(field, "not-a-date"))
}

/// The names of claims and people among the resources.
async fn names(sql: &mut Sql, rows: &[Row]) -> Result<HashMap<String, String>, Error> {
    let mut names = HashMap::new();
    for (kind, table, column) in [
        ("claim", "claim", "number"),
        ("employee", "employee", "name"),
        ("person", "employee", "name"),
        ("entity", "legal_entity", "name"),
    ] {
        let ids: BTreeSet<&str> = rows
            .iter()
            .filter_map(|r| r.resource.split_once(':'))
            .filter(|(k, _)| *k == kind)
            .map(|(_, id)| id)
            .collect();
        if ids.is_empty() {
            continue;
        }
        let text = format!(
            "SELECT id, {column} FROM {table} WHERE id IN ({})",
            dialect::list(1, ids.len())
        );
        let found: Vec<(String, String)> = sql.all_built(text, ids.into_iter().map(Value::from).collect()).await?;
        names.extend(found.into_iter().map(|(id, name)| (format!("{kind}:{id}"), name)));
    }
    Ok(names)
}

fn shown(resource: &str, names: &HashMap<String, String>) -> (Option<String>, Option<String>) {
    let Some((kind, id)) = resource.split_once(':') else {
        return (None, None);
    };
    match kind {
        "claim" => {
            let number = names.get(resource).cloned();
            let href = number.as_ref().map(|n| format!("/claims/{n}"));
            (number, href)
        }
        "employee" | "person" => (names.get(resource).cloned(), Some(format!("/settings/people/{id}"))),
        "entity" => (names.get(resource).cloned(), None),
        "batch" => (Some(id.to_owned()), Some(format!("/payments/batches/{id}"))),
        "policy" => (Some(id.to_owned()), Some(format!("/settings/policies/{id}"))),
        "flow" => (Some(id.to_owned()), Some("/settings/flows".to_owned())),
        _ => (None, None),
    }
}
