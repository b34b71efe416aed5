//! What rules look at: a record to which something happened, with its customer and deal.

use jiff::civil::Date;
use outlay_core::claim::Source;
use outlay_core::ids::EmployeeId;
use outlay_core::{Currency, Money};

use super::rule::Event;
use crate::args;
use crate::clock::{day, moment};
use crate::db::{Sql, Value};
use crate::error::Error;
use crate::people::{maybe, stored};

/// A record to which something happened.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What happened.
    pub event: Event,
    /// Its id in Outlay.
    pub id: String,
    /// Its connection; none for records of Outlay's own.
    pub connection: Option<String>,
    /// Its own id in the CRM.
    pub external_id: String,
    /// Its revision.
    pub revision: String,
    /// When it was read, in microseconds.
    pub read_at: i64,
    /// What people call it.
    pub name: String,
    /// The day: won, first of the visit, first seen.
    pub on: Date,
    /// The last day of a visit; else the same.
    pub until: Date,
    /// Kind of an activity; empty otherwise.
    pub kind: String,
    /// Where a visit took place; empty otherwise.
    pub place: String,
    /// City of the customer.
    pub city: String,
    /// Country of the customer.
    pub country: String,
    /// Name of the customer.
    pub account: String,
    /// Name of the deal.
    pub deal: String,
    /// Value of the deal.
    pub amount: Option<Money>,
    /// Owner of the record.
    pub owner: Option<EmployeeId>,
    /// Owner of its customer.
    pub account_owner: Option<EmployeeId>,
    /// Whether the deal has a project.
    pub project: bool,
}

impl Facts {
    /// The source of a field that a rule filled from it.
    pub fn source(&self, field: &str, value: &str, rule: &str) -> Source {
        Source {
            field: field.to_owned(),
            object: self.event.object().as_str().to_owned(),
            external_id: self.external_id.clone(),
            revision: self.revision.clone(),
            read_at: moment(self.read_at),
            value: value.to_owned(),
            rule: Some(rule.to_owned()),
            per_diem: None,
        }
    }
}

#[derive(serde::Deserialize)]
struct Row {
    id: String,
    connection_id: Option<String>,
    external_id: String,
    revision: String,
    read_at: i64,
    name: String,
    first_day: Option<String>,
    last_day: Option<String>,
    won_at: Option<i64>,
    kind: String,
    place: String,
    city: Option<String>,
    country: Option<String>,
    account_name: Option<String>,
    deal_name: Option<String>,
    amount_minor: Option<i64>,
    currency: Option<String>,
    owner_id: Option<String>,
    account_owner_id: Option<String>,
    projects: i64,
}

/// Every text begins with `$1`, which is false.
fn text(event: Event) -> &'static str {
    match event {
        Event::Won => {
            "SELECT r.id, r.connection_id, r.external_id, r.revision, r.read_at, r.name, NULL AS first_day, NULL AS last_day, \
             r.won_at, '' AS kind, '' AS place, a.city, a.country, a.name AS account_name, r.name AS deal_name, r.amount_minor, \
             r.currency, r.owner_id, a.owner_id AS account_owner_id, \
             (SELECT COUNT(*) FROM project p WHERE p.deal_id = r.id AND p.deleted = $1) AS projects \
             FROM deal r LEFT JOIN account a ON a.id = r.account_id WHERE r.deleted = $1 AND r.stage_kind = 'won'"
        }
        Event::Visit => {
            "SELECT r.id, r.connection_id, r.external_id, r.revision, r.read_at, r.subject AS name, \
             r.happened_on AS first_day, r.until AS last_day, CAST(NULL AS BIGINT) AS won_at, r.kind, r.place, a.city, a.country, \
             a.name AS account_name, d.name AS deal_name, d.amount_minor, d.currency, r.owner_id, a.owner_id AS account_owner_id, \
             (SELECT COUNT(*) FROM project p WHERE p.deal_id = r.deal_id AND p.deleted = $1) AS projects \
             FROM activity r LEFT JOIN deal d ON d.id = r.deal_id LEFT JOIN account a ON a.id = COALESCE(r.account_id, d.account_id) \
             WHERE r.deleted = $1"
        }
        Event::Customer => {
            "SELECT r.id, r.connection_id, r.external_id, r.revision, r.read_at, r.name, r.new_on AS first_day, NULL AS last_day, \
             CAST(NULL AS BIGINT) AS won_at, '' AS kind, '' AS place, r.city, r.country, r.name AS account_name, \
             NULL AS deal_name, CAST(NULL AS BIGINT) AS amount_minor, NULL AS currency, r.owner_id, \
             r.owner_id AS account_owner_id, CAST(0 AS BIGINT) AS projects \
             FROM account r WHERE r.deleted = $1 AND r.new_on IS NOT NULL"
        }
    }
}

impl Row {
    fn facts(self, event: Event) -> Result<Facts, Error> {
        let on = match (&self.first_day, self.won_at) {
            (Some(day), _) => stored(day)?,
            (None, at) => day(moment(at.unwrap_or(self.read_at)), "UTC"),
        };
        let currency = self.currency.as_deref().and_then(|c| Currency::parse(c).ok());
        Ok(Facts {
            event,
            id: self.id,
            connection: self.connection_id,
            external_id: self.external_id,
            revision: self.revision,
            read_at: self.read_at,
            name: self.name,
            on,
            until: maybe(self.last_day)?.unwrap_or(on),
            kind: self.kind,
            place: self.place,
            city: self.city.unwrap_or_default(),
            country: self.country.unwrap_or_default(),
            account: self.account_name.unwrap_or_default(),
            deal: self.deal_name.unwrap_or_default(),
            amount: self.amount_minor.zip(currency).map(|(m, c)| Money::new(m, c)),
            owner: maybe(self.owner_id)?,
            account_owner: maybe(self.account_owner_id)?,
            project: self.projects > 0,
        })
    }
}

/// Records `r` to which `event` happened and that meet a condition, whose values follow `$1`.
pub async fn wanted(sql: &mut Sql, event: Event, condition: &str, values: Vec<Value>) -> Result<Vec<Facts>, Error> {
    let mut bound = args![false];
    bound.extend(values);
    let rows: Vec<Row> = sql.all_built(format!("{} AND {condition}", text(event)), bound).await?;
    rows.into_iter().map(|row| row.facts(event)).collect()
}

/// One record; none if it is gone, or `event` did not happen to it.
pub async fn one(sql: &mut Sql, event: Event, id: &str) -> Result<Option<Facts>, Error> {
    Ok(wanted(sql, event, "r.id = $2", args![id]).await?.pop())
}

/// The day of an event, in records `r`: an expression, and whether it is a moment in microseconds.
pub fn day_of(event: Event) -> (&'static str, bool) {
    match event {
        Event::Won => ("r.won_at", true),
        Event::Visit => ("COALESCE(r.until, r.happened_on)", false),
        Event::Customer => ("r.new_on", false),
    }
}

/// Those of the days from `from` to `to`, the newest first, at most `most`.
pub async fn between(sql: &mut Sql, event: Event, from: Date, to: Date, most: usize) -> Result<Vec<Facts>, Error> {
    let (of, is_moment) = day_of(event);
    let end = to.tomorrow().unwrap_or(Date::MAX);
    let days = if is_moment {
        args![
            super::midnight(from).as_microsecond(),
            super::midnight(end).as_microsecond(),
            most
        ]
    } else {
        args![from, end, most]
    };
    let condition = format!("{of} >= $2 AND {of} < $3 ORDER BY {of} DESC, r.id DESC LIMIT $4");
    wanted(sql, event, &condition, days).await
}
