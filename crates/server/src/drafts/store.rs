//! The versions of the rules. They never change; the highest is in force.

use std::sync::Arc;

use outlay_core::org::Org;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rule::{DraftRule, standard};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::clock::{moment, now};
use crate::db::{self, Sql};
use crate::error::Error;

/// A version: its number, 0 for the standard rules, and the rules in their order.
pub async fn load(sql: &mut Sql) -> Result<(i64, Vec<DraftRule>), Error> {
    let row: Option<(i64, String)> = sql
        .maybe(
            "SELECT version, body FROM draft_rules ORDER BY version DESC LIMIT 1",
            args![],
        )
        .await?;
    match row {
        Some((version, body)) => Ok((version, serde_json::from_str(&body)?)),
        None => Ok((0, standard())),
    }
}

/// Who changed what.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VersionView {
    /// Its number.
    pub version: i64,
    /// Who made it.
    pub changed_by: Option<String>,
    /// When, in RFC 3339.
    pub changed_at: String,
    /// Names of rules that were not there before.
    pub added: Vec<String>,
    /// Names of rules that differ from before.
    pub changed: Vec<String>,
    /// Names of rules that are no more.
    pub removed: Vec<String>,
    /// Whether the order differs.
    pub reordered: bool,
    /// The rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<DraftRule>,
}

/// The last versions, the newest first; rules without a name are named by `name`.
pub async fn versions(
    sql: &mut Sql,
    org: &Org,
    most: usize,
    name: impl Fn(&DraftRule) -> String,
) -> Result<Vec<VersionView>, Error> {
    let rows: Vec<(i64, String, Option<String>, i64)> = sql
        .all(
            "SELECT version, body, changed_by, changed_at FROM draft_rules ORDER BY version DESC LIMIT $1",
            args![most + 1],
        )
        .await?;
    let mut all = Vec::with_capacity(rows.len());
    for (at, (version, body, by, changed_at)) in rows.iter().enumerate().take(most) {
        let rules: Vec<DraftRule> = serde_json::from_str(body)?;
        let before: Vec<DraftRule> = match rows.get(at + 1) {
            Some((_, body, ..)) => serde_json::from_str(body)?,
            None => standard(),
        };
        let by = by.as_deref().and_then(|by| org.employee(by.parse().ok()?));
        let difference = Difference::of(&before, &rules);
        let named = |rules: &[&DraftRule]| rules.iter().map(|r| name(r)).collect();
        all.push(VersionView {
            version: *version,
            changed_by: by.map(|e| e.name.clone()),
            changed_at: moment(*changed_at).to_string(),
            added: named(&difference.added),
            changed: named(&difference.changed),
            removed: named(&difference.removed),
            reordered: difference.reordered,
            rules,
        });
    }
    Ok(all)
}

struct Difference<'r> {
    added: Vec<&'r DraftRule>,
    changed: Vec<&'r DraftRule>,
    removed: Vec<&'r DraftRule>,
    reordered: bool,
}

impl<'r> Difference<'r> {
    fn of(before: &'r [DraftRule], after: &'r [DraftRule]) -> Difference<'r> {
        let was = |r: &DraftRule| before.iter().find(|b| b.id == r.id);
        let is = |r: &DraftRule| after.iter().any(|a| a.id == r.id);
        let order: Vec<&str> = after
            .iter()
            .filter(|r| was(r).is_some())
            .map(|r| r.id.as_str())
            .collect();
        let order_before: Vec<&str> = before.iter().filter(|r| is(r)).map(|r| r.id.as_str()).collect();
        Difference {
            added: after.iter().filter(|r| was(r).is_none()).collect(),
            changed: after.iter().filter(|r| was(r).is_some_and(|b| b != *r)).collect(),
            removed: before.iter().filter(|r| !is(r)).collect(),
            reordered: order != order_before,
        }
    }
}

/// Puts rules into force in place of version `before`; the new version. [`Error::Conflict`] if somebody changed them
/// meanwhile. New rules are given an id.
pub async fn put(sql: &mut Sql, permit: &Permit, before: i64, mut rules: Vec<DraftRule>) -> Result<i64, Error> {
    let (version, old) = load(sql).await?;
    if version != before {
        return Err(Error::Conflict);
    }
    for rule in rules.iter_mut().filter(|r| r.id.is_empty()) {
        rule.id = Uuid::now_v7().to_string();
    }
    if old == rules {
        return Ok(version);
    }
    let made = sql
        .run(
            "INSERT INTO draft_rules (version, body, changed_by, changed_at) VALUES ($1, $2, $3, $4) ON CONFLICT (version) DO NOTHING",
            args![
                version + 1,
                serde_json::to_string(&rules)?,
                permit.actor().employee(),
                now().as_microsecond()
            ],
        )
        .await?;
    if made == 0 {
        return Err(Error::Conflict);
    }
    // A rule without a name is told by its event.
    let called = |r: &&DraftRule| if r.name.is_empty() { r.event.code() } else { &r.name }.to_owned();
    let ids = |rules: &[&DraftRule]| -> Vec<String> { rules.iter().map(called).collect() };
    let difference = Difference::of(&old, &rules);
    let detail = format!(
        "drafts {} {}",
        version + 1,
        serde_json::json!({
            "added": ids(&difference.added),
            "changed": ids(&difference.changed),
            "removed": ids(&difference.removed),
            "reordered": difference.reordered,
        })
    );
    audit::note(sql, permit.actor(), permit.action(), "draft_rules:all", &detail).await?;
    db::renew(sql, "drafts").await?;
    Ok(version + 1)
}

/// As [`put`], in a transaction of its own.
pub async fn save(app: &Arc<App>, permit: Permit, before: i64, rules: Vec<DraftRule>) -> Result<i64, Error> {
    app.db
        .write(move |sql| {
            let (permit, rules) = (permit.clone(), rules.clone());
            Box::pin(async move { put(sql, &permit, before, rules).await })
        })
        .await
}
