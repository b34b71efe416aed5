//! Taking an edit: its rows, its audit entry and the job that sends it are one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use outlay_connect::Object;
use outlay_connect::mapping::Kind;
use outlay_core::claim::Problem;
use outlay_core::{Currency, Money};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::fields::{Place, kind, same, stages};
use super::policy::{self, Policy};
use super::store::{self, Edit};
use super::view::{EditView, of_record};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::{Action, RecordFacts, Resource, Visitor};
use crate::clock::now;
use crate::crm::store::table;
use crate::crm::view::readable;
use crate::crm::{amount_problem, record_facts};
use crate::db::Sql;
use crate::error::Error;

/// The longest text of a field, in characters.
const LONGEST: usize = 200;

/// What shall be changed in a record that comes from a CRM.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// New values by canonical field, such as `phone`; an empty text empties the field. An amount is `1234.50` or
    /// `1234.50 CNY`, a day `2026-12-31`, a stage one that is known.
    pub fields: BTreeMap<String, String>,
    /// What the person saw in these fields; what the CRM last said, where absent. If the CRM holds something else, the
    /// field's policy decides.
    #[serde(default)]
    pub seen: BTreeMap<String, String>,
}

/// Whether the visitor may change this record in its CRM: they may, it has one that is not paused, and the connector can.
pub async fn may_write(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    facts: &RecordFacts,
    object: Object,
    id: &str,
) -> Result<bool, Error> {
    let may = app
        .rights
        .may(&visitor.person, Action::WriteRecord, &Resource::Record(facts));
    if !may {
        return Ok(false);
    }
    let text = format!(
        "SELECT c.kind FROM {} r JOIN connection c ON c.id = r.connection_id WHERE r.id = $1 AND c.paused = $2 AND r.deleted = $2",
        table(object)
    );
    let rows: Vec<(String,)> = sql.all_built(text, args![id, false]).await?;
    let manifest = rows.first().and_then(|(kind,)| outlay_connect::manifest::of(kind));
    let writes = manifest.and_then(|m| m.object(object)).map(|o| !o.writes.is_empty());
    Ok(writes.unwrap_or(false))
}

/// Takes the changes and sends them on their way; the record's edits then. What is as it was is no change.
pub async fn save(
    app: &Arc<App>,
    visitor: &Visitor,
    object: Object,
    id: &str,
    changes: Changes,
) -> Result<Vec<EditView>, Error> {
    {
        let mut sql = app.db.read();
        let facts = readable(&mut sql, app, visitor, object, id).await?;
        visitor.permit(app, Action::WriteRecord, &Resource::Record(&facts))?;
    }
    let place = Place::load(&mut app.db.read(), app, object, id).await?;
    if place.connection.paused {
        return Err(Error::field("fields", "edit-paused"));
    }
    let (shared, who, record) = (app.clone(), visitor.clone(), id.to_owned());
    let changes = Arc::new(changes);
    app.db
        .write(move |sql| {
            let taking = Taking {
                app: shared.clone(),
                visitor: who.clone(),
                place: place.clone(),
                object,
                record: record.clone(),
            };
            let changes = changes.clone();
            Box::pin(async move { taking.take(sql, &changes).await })
        })
        .await?;
    app.live.wake();
    let mut sql = app.db.read();
    let facts = readable(&mut sql, app, visitor, object, id).await?;
    of_record(&mut sql, app, visitor, &facts, object, id).await
}

struct Taking {
    app: Arc<App>,
    visitor: Visitor,
    place: Place,
    object: Object,
    record: String,
}

impl Taking {
    async fn take(&self, sql: &mut Sql, changes: &Changes) -> Result<(), Error> {
        let org = self.app.org(sql).await?;
        let facts = record_facts(sql, &org, self.object, &self.record).await?;
        let permit = self
            .visitor
            .permit(&self.app, Action::WriteRecord, &Resource::Record(&facts))?;
        let connection = self.place.connection.id;
        let said = self.place.said(sql, self.object).await?;
        let policies = policy::of(sql, &connection.to_string(), self.object.as_str()).await?;
        let writes = self.place.connection.writes(self.object);
        let waiting = open(sql, &self.record).await?;
        let (mut problems, mut done) = (Vec::new(), Vec::new());
        for (field, entered) in &changes.fields {
            let policy = policies.get(field).copied().unwrap_or_default();
            let crm = said.get(field.as_str()).cloned().unwrap_or_default();
            if !writes.contains(&field.as_str()) || policy == Policy::Off {
                problems.push(Problem::new(field, "edit-read-only"));
                continue;
            }
            let value = match self.value(sql, field, entered, &crm).await? {
                Ok(value) => value,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            let is = |one: &str| same(self.object, field, one, &value);
            let on_way = waiting.iter().rfind(|e| e.field == *field && e.state == "pending");
            // What a person saw may be older than what the CRM said since; their own value on its way is no such thing.
            let seen = changes.seen.get(field).filter(|seen| {
                !same(self.object, field, seen, &crm)
                    && on_way.is_none_or(|e| !same(self.object, field, seen, &e.value))
            });
            let was = seen.cloned().unwrap_or_else(|| crm.clone());
            if on_way.map_or_else(|| is(&was), |e| is(&e.value)) {
                continue;
            }
            if policy == Policy::Blanks && !crm.is_empty() {
                problems.push(Problem::new(field, "edit-not-blank"));
                continue;
            }
            let mut tried = false;
            for before in waiting.iter().filter(|e| e.field == *field) {
                tried |= before.tried_at.is_some();
                store::end(sql, &before.id, "withdrawn", Some("superseded"), None).await?;
            }
            // Taken back before it was ever sent: the CRM holds it already.
            if !is(&crm) || tried {
                self.insert(sql, field, &was, &value).await?;
            }
            done.push(field.as_str());
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        if done.is_empty() {
            return Ok(());
        }
        super::send(sql, self.object.as_str(), &self.record).await?;
        audit::note(
            sql,
            permit.actor(),
            permit.action(),
            &format!("{}:{}", self.object, self.record),
            &format!("edit {}", done.join(" ")),
        )
        .await
    }

    async fn insert(&self, sql: &mut Sql, field: &str, was: &str, value: &str) -> Result<(), Error> {
        sql.run(
            "INSERT INTO record_edit (id, connection_id, object, record_id, field, was, value, by_id, at, state) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending')",
            args![
                Uuid::now_v7(),
                self.place.connection.id,
                self.object.as_str(),
                &self.record,
                field,
                was,
                value,
                self.visitor.person.id(),
                now().as_microsecond()
            ],
        )
        .await?;
        Ok(())
    }

    /// The value as canonical text, or what is wrong with it.
    async fn value(
        &self,
        sql: &mut Sql,
        field: &str,
        entered: &str,
        crm: &str,
    ) -> Result<Result<String, Problem>, Error> {
        let text = entered.trim();
        let wrong = |code: &str| Ok(Err(Problem::new(field, code)));
        if text.chars().count() > LONGEST {
            return Ok(Err(Problem::new(field, "too-long").with("max", LONGEST)));
        }
        if text.chars().any(char::is_control) {
            return wrong("edit-one-line");
        }
        let kind = kind(self.object, field);
        if text.is_empty() {
            let needed = matches!(field, "name" | "stage") || kind == Kind::Money;
            return if needed && !crm.is_empty() {
                wrong("missing")
            } else {
                Ok(Ok(String::new()))
            };
        }
        match kind {
            Kind::Money => {
                let (number, code) = match text.split_once(' ') {
                    Some((number, code)) => (number, Some(code.trim().to_owned())),
                    None => (text, self.currency(sql, crm).await?),
                };
                let Some(currency) = code.and_then(|c| Currency::parse(&c).ok()) else {
                    return wrong("not-a-currency");
                };
                Ok(match Money::parse(number, currency) {
                    Ok(money) if money.minor < 0 => Err(Problem::new(field, "negative")),
                    Ok(money) => Ok(money.to_string()),
                    Err(error) => Err(amount_problem(field, &error)),
                })
            }
            Kind::Date => match text.parse::<Date>() {
                Ok(day) => Ok(Ok(day.to_string())),
                Err(_) => wrong("not-a-date"),
            },
            _ if field == "stage" => {
                let known = stages(sql, self.place.connection.id).await?;
                if known.iter().any(|s| s == text) {
                    Ok(Ok(text.to_owned()))
                } else {
                    wrong("edit-stage")
                }
            }
            _ if field == "email" && !is_address(text) => wrong("edit-email"),
            _ => Ok(Ok(text.to_owned())),
        }
    }

    /// The currency of an amount entered without one: that of the amount there, else the one most deals have.
    async fn currency(&self, sql: &mut Sql, crm: &str) -> Result<Option<String>, Error> {
        if let Some((_, code)) = crm.split_once(' ') {
            return Ok(Some(code.to_owned()));
        }
        let row: Option<(String, i64)> = sql
            .maybe(
                "SELECT currency, COUNT(*) AS n FROM deal WHERE connection_id = $1 AND currency IS NOT NULL \
                 GROUP BY currency ORDER BY n DESC, currency LIMIT 1",
                args![self.place.connection.id],
            )
            .await?;
        Ok(row.map(|(code, _)| code))
    }
}

/// Whether a text looks like a mail address: the CRM has the last word.
fn is_address(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    matches!(parts.as_slice(), [name, host] if !name.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace))
}

/// Edits of a record that have not ended, oldest first.
async fn open(sql: &mut Sql, record: &str) -> Result<Vec<Edit>, Error> {
    let text = format!(
        "SELECT {} FROM record_edit WHERE record_id = $1 AND state IN ('pending', 'conflict', 'failed') ORDER BY id",
        store::COLUMNS
    );
    Ok(sql.all_built(text, args![record]).await?)
}
