//! Who may act for whom while they are away (委托代理).

use std::sync::Arc;

use jiff::civil::Date;
use outlay_core::claim::Problem;
use outlay_core::flow::{Delegation, DelegationError, without_cycles};
use outlay_core::ids::{EmployeeId, EntityId};
use outlay_core::{Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{changed, maybe, stored};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::chat;
use crate::claims::{AmountInput, money_problem};
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;
use crate::inbox::colleague;

#[derive(serde::Deserialize)]
struct Row {
    id: String,
    reason: String,
    from_id: String,
    to_id: String,
    since: String,
    until: String,
    entity_id: Option<String>,
    at_most_minor: Option<i64>,
    currency: Option<String>,
}

impl Row {
    fn read(self) -> Result<Delegation, Error> {
        let currency = self.currency.as_deref().map(Currency::parse).transpose();
        let currency = currency.map_err(|e| Error::Broken(e.to_string()))?;
        Ok(Delegation {
            from: stored(&self.from_id)?,
            to: stored(&self.to_id)?,
            since: stored(&self.since)?,
            until: stored(&self.until)?,
            entity: maybe(self.entity_id)?,
            at_most: self.at_most_minor.zip(currency).map(|(minor, c)| Money::new(minor, c)),
        })
    }
}

/// All that were not taken back and have not long ended.
pub async fn all(sql: &mut Sql) -> Result<Vec<Delegation>, Error> {
    let yesterday = crate::clock::day(crate::clock::now(), "UTC").yesterday();
    let yesterday = yesterday.map_err(|e| Error::Broken(e.to_string()))?;
    let rows: Vec<Row> = sql
        .all(
            "SELECT id, reason, from_id, to_id, since, until, entity_id, at_most_minor, currency FROM delegation \
             WHERE ended_at IS NULL AND until >= $1 ORDER BY created_at, id",
            args![yesterday],
        )
        .await?;
    rows.into_iter().map(Row::read).collect()
}

/// A new delegation of one's own.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDelegation {
    /// Who acts: id, personnel number or mail address of an active colleague.
    pub to: String,
    /// First day.
    #[schema(value_type = String, format = "date")]
    pub since: Date,
    /// Last day.
    #[schema(value_type = String, format = "date")]
    pub until: Date,
    /// Only for claims of this entity.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub entity: Option<EntityId>,
    /// Only for claims of at most this.
    #[serde(default)]
    pub at_most: Option<AmountInput>,
    /// Why, for those who act.
    #[serde(default)]
    pub reason: String,
}

/// A delegation, as its giver and its taker see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DelegationView {
    /// Its id.
    pub id: String,
    /// Who is away.
    pub from: String,
    /// Who acts.
    pub to: String,
    /// Whether the reader gave it.
    pub given: bool,
    /// First day.
    pub since: String,
    /// Last day.
    pub until: String,
    /// The entity it is bound to, by name.
    pub entity: Option<String>,
    /// The amount it is bound to.
    #[schema(value_type = Option<Object>)]
    pub at_most: Option<Money>,
    /// Why.
    pub reason: String,
    /// Whether it holds today.
    pub now: bool,
}

/// Those that somebody gave or got and that are not over, by their first day.
pub async fn of(sql: &mut Sql, app: &App, who: EmployeeId) -> Result<Vec<DelegationView>, Error> {
    let today = day(now(), "UTC");
    let org = app.org(sql).await?;
    let rows: Vec<Row> = sql
        .all(
            "SELECT id, reason, from_id, to_id, since, until, entity_id, at_most_minor, currency FROM delegation \
             WHERE (from_id = $1 OR to_id = $1) AND ended_at IS NULL AND until >= $2 ORDER BY since, id",
            args![who, today],
        )
        .await?;
    let name = |id| org.employee(id).map(|e| e.name.clone()).unwrap_or_default();
    rows.into_iter()
        .map(|row| {
            let (id, reason) = (row.id.clone(), row.reason.clone());
            let d = row.read()?;
            Ok(DelegationView {
                id,
                from: name(d.from),
                to: name(d.to),
                given: d.from == who,
                now: d.since <= today && today <= d.until,
                since: d.since.to_string(),
                until: d.until.to_string(),
                entity: d.entity.and_then(|e| org.entity(e)).map(|e| e.name.clone()),
                at_most: d.at_most,
                reason,
            })
        })
        .collect()
}

/// Lets a colleague act for `from`; the id. `permit` is to keep one's own profile.
pub async fn give(app: &Arc<App>, permit: &Permit, from: EmployeeId, new: &NewDelegation) -> Result<String, Error> {
    let org = app.org(&mut app.db.read()).await?;
    let to = colleague(&org, &new.to)?;
    if new.entity.is_some_and(|e| org.entity(e).is_none()) {
        return Err(Error::field("entity", "unknown"));
    }
    if new.reason.chars().count() > 200 {
        return Err(Error::Invalid(vec![
            Problem::new("reason", "too-long").with("max", 200),
        ]));
    }
    if new.until < day(now(), "UTC").yesterday().unwrap_or(new.until) {
        return Err(Error::field("until", "over"));
    }
    let at_most = match &new.at_most {
        Some(most) => Some(
            Currency::parse(&most.currency)
                .and_then(|currency| Money::parse(most.amount.trim(), currency))
                .map_err(|e| Error::Invalid(vec![money_problem("at_most", &e)]))?,
        ),
        None => None,
    };
    let delegation = Delegation {
        from,
        to,
        since: new.since,
        until: new.until,
        entity: new.entity,
        at_most,
    };
    let id = Uuid::now_v7().to_string();
    let (made, permit, reason) = (id.clone(), permit.clone(), new.reason.trim().to_owned());
    app.db
        .write(move |sql| {
            let (id, permit, d, reason) = (made.clone(), permit.clone(), delegation.clone(), reason.clone());
            Box::pin(async move {
                without_cycles(&all(sql).await?, &d).map_err(|e| match e {
                    DelegationError::Oneself => Error::field("to", "oneself"),
                    DelegationError::Backwards => Error::field("until", "backwards"),
                    DelegationError::Cycle => Error::field("to", "acts-for-you"),
                })?;
                sql.run(
                    "INSERT INTO delegation (id, from_id, to_id, since, until, entity_id, at_most_minor, currency, reason, created_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                    args![
                        &id,
                        d.from,
                        d.to,
                        d.since,
                        d.until,
                        d.entity,
                        d.at_most.map(|m| m.minor),
                        d.at_most.map(|m| m.currency.code().to_owned()),
                        &reason,
                        now().as_microsecond()
                    ],
                )
                .await?;
                changed(sql).await?;
                chat::follow_absence(sql, d.from).await?;
                audit::note(sql, permit.actor(), permit.action(), &format!("person:{}", d.from), "delegated").await
            })
        })
        .await?;
    app.live.wake();
    Ok(id)
}

/// Takes one back that `from` gave.
pub async fn end(app: &Arc<App>, permit: &Permit, from: EmployeeId, id: &str) -> Result<(), Error> {
    let (permit, id) = (permit.clone(), id.to_owned());
    app.db
        .write(move |sql| {
            let (permit, id) = (permit.clone(), id.clone());
            Box::pin(async move {
                let ended = sql
                    .run(
                        "UPDATE delegation SET ended_at = $1 WHERE id = $2 AND from_id = $3 AND ended_at IS NULL",
                        args![now().as_microsecond(), &id, from],
                    )
                    .await?;
                if ended == 0 {
                    return Err(Error::NotFound("delegation"));
                }
                changed(sql).await?;
                chat::follow_absence(sql, from).await?;
                audit::note(
                    sql,
                    permit.actor(),
                    permit.action(),
                    &format!("person:{from}"),
                    "delegation-ended",
                )
                .await
            })
        })
        .await?;
    app.live.wake();
    Ok(())
}

/// Ends all that somebody gave or got, since they leave; within the transaction of `sql`.
pub async fn end_all(sql: &mut Sql, _: &Permit, who: EmployeeId) -> Result<(), Error> {
    sql.run(
        "UPDATE delegation SET ended_at = $1 WHERE (from_id = $2 OR to_id = $2) AND ended_at IS NULL",
        args![now().as_microsecond(), who],
    )
    .await?;
    Ok(())
}
