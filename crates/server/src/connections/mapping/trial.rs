//! A dry run: what other rules would make of the records that are stored. Nothing is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use outlay_connect::mapping::{self, Rules};
use outlay_connect::{Connector, Object};
use outlay_core::ids::ConnectionId;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::{check, count, newest, stored};
use crate::app::App;
use crate::args;
use crate::connections::Connection;
use crate::db::Sql;
use crate::error::Error;

/// The most stored records that are tried; the newest.
pub const MOST: usize = 2000;
/// Records that are told one by one.
const SHOWN: usize = 50;

/// What other rules would do.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct TrialView {
    /// The kind of record.
    pub object: String,
    /// Records that were tried: the newest 2,000 at most, and dead letters.
    pub tried: i64,
    /// Records that are stored, dead letters left out.
    pub stored: i64,
    /// Records in which a field would change.
    pub changed: i64,
    /// Records that are understood now and would be refused.
    pub refused: i64,
    /// Dead letters that would be taken.
    pub taken: i64,
    /// In how many records each field would change.
    pub fields: Vec<FieldCount>,
    /// The first 50 that would change.
    pub records: Vec<TrialRecord>,
    /// The first 50 that would be refused.
    pub refusals: Vec<Refusal>,
    /// Paths that none of the records tried has.
    pub warnings: Vec<Warning>,
}

/// A field, and how many would change in it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldCount {
    /// Such as `amount`.
    pub field: String,
    /// How many records.
    pub records: i64,
}

/// A record that would change.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TrialRecord {
    /// Its id in the CRM.
    pub external_id: String,
    /// What people call it.
    pub label: String,
    /// Whether it is a dead letter that would be taken.
    pub taken: bool,
    /// What would change.
    pub changes: Vec<Change>,
}

/// A value that would change; empty is nothing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Change {
    /// Such as `amount`.
    pub field: String,
    /// What the rules in force make of it.
    pub before: String,
    /// What the other rules make of it.
    pub after: String,
}

/// A record that would be refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Refusal {
    /// Its id in the CRM.
    pub external_id: String,
    /// What is wrong, naming the field.
    pub reason: String,
}

/// A path that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Warning {
    /// The field whose rule has it.
    pub field: String,
    /// The path.
    pub path: String,
}

/// Tries `rules` in place of all changed rules of `object`. [`Error::Invalid`] if they could not be put into force.
pub async fn trial(
    sql: &mut Sql,
    app: &Arc<App>,
    connection: &Connection,
    object: Object,
    rules: Rules,
) -> Result<TrialView, Error> {
    let mut changed = connection.mapping.clone();
    changed.insert(object, rules.clone());
    let problems = check::problems(object, &rules);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let before = connection.connector(app)?;
    let after = connection.connector_by(app, &changed)?;
    trial_with(sql, connection.id, object, rules, before, after).await
}

/// As [`trial`], by connectors at hand: one by the rules in force, one by the others.
pub async fn trial_with(
    sql: &mut Sql,
    connection: ConnectionId,
    object: Object,
    rules: Rules,
    before: Box<dyn Connector>,
    after: Box<dyn Connector>,
) -> Result<TrialView, Error> {
    let stored = stored(sql, connection, object).await?;
    let mut raws = newest(sql, connection, object, MOST).await?;
    let dead: Vec<(String, String)> = sql
        .all(
            "SELECT external_id, raw FROM sync_refused WHERE connection_id = $1 AND object = $2 ORDER BY at DESC LIMIT $3",
            args![connection, object.as_str(), MOST],
        )
        .await?;
    for (id, raw) in dead {
        raws.push((id, serde_json::from_str(&raw)?));
    }
    let run = move || {
        let mut view = TrialView {
            object: object.as_str().to_owned(),
            tried: count(raws.len()),
            stored,
            ..TrialView::default()
        };
        let mut counts: BTreeMap<&'static str, i64> = BTreeMap::new();
        for (id, raw) in &raws {
            view.compare(object, id, raw, before.as_ref(), after.as_ref(), &mut counts);
        }
        let of = |(field, records): (&&'static str, &i64)| FieldCount {
            field: (*field).to_owned(),
            records: *records,
        };
        view.fields = counts.iter().map(of).collect();
        view.fields.sort_by_key(|f| std::cmp::Reverse(f.records));
        view.warnings = astray(&rules, &raws);
        view
    };
    let done = tokio::task::spawn_blocking(run).await;
    done.map_err(|e| Error::Broken(format!("a dry run: {e}")))
}

impl TrialView {
    fn compare(
        &mut self,
        object: Object,
        id: &str,
        raw: &Json,
        before: &dyn Connector,
        after: &dyn Connector,
        counts: &mut BTreeMap<&'static str, i64>,
    ) {
        let was = before.understand(object, raw);
        let new = match after.understand(object, raw) {
            Ok(Some(new)) => new,
            Ok(None) => return,
            Err(rejected) => {
                if matches!(was, Ok(Some(_))) {
                    self.refused += 1;
                    if self.refusals.len() < SHOWN {
                        self.refusals.push(Refusal {
                            external_id: id.to_owned(),
                            reason: rejected.reason,
                        });
                    }
                }
                return;
            }
        };
        let taken = was.is_err();
        let old = was.ok().flatten().map(|r| mapping::texts(&r.body)).unwrap_or_default();
        let fresh = mapping::texts(&new.body);
        let changes: Vec<Change> = mapping::fields(object)
            .iter()
            .filter(|(field, _)| old.get(field) != fresh.get(field))
            .map(|(field, _)| {
                *counts.entry(field).or_default() += 1;
                Change {
                    field: (*field).to_owned(),
                    before: old.get(field).cloned().unwrap_or_default(),
                    after: fresh.get(field).cloned().unwrap_or_default(),
                }
            })
            .collect();
        if changes.is_empty() {
            return;
        }
        self.changed += i64::from(!taken);
        self.taken += i64::from(taken);
        if self.records.len() < SHOWN {
            self.records.push(TrialRecord {
                external_id: id.to_owned(),
                label: new.body.label().to_owned(),
                taken,
                changes,
            });
        }
    }
}

/// Paths of `rules` that lead to nothing in any of `raws`; none if there are none of these.
pub(super) fn astray(rules: &Rules, raws: &[(String, Json)]) -> Vec<Warning> {
    let mut found = Vec::new();
    for (field, rule) in rules {
        let currency = rule.currency.iter().flat_map(|c| &c.from);
        for path in rule.from.iter().chain(currency) {
            if !raws.is_empty() && raws.iter().all(|(_, raw)| mapping::at(raw, path).is_null()) {
                found.push(Warning {
                    field: field.clone(),
                    path: path.clone(),
                });
            }
        }
    }
    found
}
