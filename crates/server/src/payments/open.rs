//! Opening a batch: its row, a payment for each claim and each claim's next state, in one transaction or not at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use outlay_core::claim::{Command, Problem};
use outlay_core::ids::{BatchId, ClaimId, EntityId, PayeeAccountId, PaymentId};
use outlay_core::{Currency, Money};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{debtor, file};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::claims;
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;

/// Which claims to pay, when.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBatch {
    /// The entity that pays.
    #[schema(value_type = Uuid)]
    pub entity: EntityId,
    /// The day the bank should pay, from today to a year ahead.
    #[schema(value_type = String, format = "date")]
    pub execute_on: Date,
    /// Numbers of approved claims of the entity.
    pub claims: Vec<String>,
}

/// Most claims of one batch.
const MOST: usize = 1000;

/// Opens a batch; its number. `permit` is to [`crate::auth::Action::Pay`] for the entity.
pub async fn open(app: &Arc<App>, permit: &Permit, new: NewBatch) -> Result<String, Error> {
    let (shared, permit, new) = (app.clone(), permit.clone(), Arc::new(new));
    let number = app
        .db
        .write(move |sql| {
            let (app, permit, new) = (shared.clone(), permit.clone(), new.clone());
            Box::pin(async move { open_in(sql, &app, &permit, &new).await })
        })
        .await
        .map_err(lost)?;
    app.live.wake();
    Ok(number)
}

/// Two payments of one claim: the index lets one in.
fn lost(error: Error) -> Error {
    match &error {
        Error::Sql(e) if e.is_unique_violation() => Error::Conflict,
        _ => error,
    }
}

#[derive(serde::Deserialize)]
struct Due {
    claim_id: String,
    minor: i64,
    currency: String,
    account: Option<String>,
}

/// As [`open`], within a transaction that does more.
pub async fn open_in(sql: &mut Sql, app: &App, permit: &Permit, new: &NewBatch) -> Result<String, Error> {
    let org = app.org(sql).await?;
    let entity = org
        .entity(new.entity)
        .ok_or_else(|| Error::field("entity", "unknown"))?;
    let currency = entity.currency;
    let today = day(now(), &entity.zone);
    check(new, today)?;
    let account = debtor::active(sql, new.entity)
        .await?
        .ok_or_else(|| Error::field("entity", "no-entity-account"))?;
    let by = permit
        .actor()
        .employee()
        .ok_or_else(|| Error::Forbidden(permit.action().to_owned()))?;
    let (batch, number) = (BatchId(Uuid::now_v7()), next_number(sql, today).await?);
    let mut due = Vec::with_capacity(new.claims.len());
    for (i, claim) in new.claims.iter().enumerate() {
        due.push(find(sql, new.entity, currency, i, claim).await?);
    }
    let total = Money::sum(currency, due.iter().map(|d| Money::new(d.1, currency)))
        .map_err(|_| Error::field("claims", "too-large"))?;
    let at = now();
    sql.run(
        "INSERT INTO payment_batch (id, number, entity_id, currency, account_id, status, execute_on, created_by, created_at, \
         total_minor, payment_count) VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9, $10)",
        args![
            batch,
            &number,
            new.entity,
            currency.code(),
            account,
            new.execute_on,
            by,
            at.as_microsecond(),
            total.minor,
            due.len()
        ],
    )
    .await?;
    for (i, (claim, minor, account)) in due.into_iter().enumerate() {
        let payment = PaymentId(Uuid::now_v7());
        claims::act_in(sql, app, permit, claim, Command::Batch { batch, payment }).await?;
        sql.run(
            "INSERT INTO payment (id, batch_id, claim_id, end_to_end_id, account_id, minor, currency, status) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending')",
            args![
                payment,
                batch,
                claim,
                format!("{number}-{:04}", i + 1),
                account,
                minor,
                currency.code()
            ],
        )
        .await?;
        sql.run(
            "UPDATE payable SET account_id = $1 WHERE claim_id = $2",
            args![account, claim],
        )
        .await?;
    }
    file::load(sql, app, batch).await?.validate().map_err(file::refused)?;
    audit::note(
        sql,
        permit.actor(),
        permit.action(),
        &format!("batch:{number}"),
        "opened",
    )
    .await?;
    Ok(number)
}

fn check(new: &NewBatch, today: Date) -> Result<(), Error> {
    let mut problems = Vec::new();
    if new.execute_on < today {
        problems.push(Problem::new("execute_on", "in-the-past").with("today", today));
    }
    if new.execute_on > today.saturating_add(jiff::Span::new().years(1)) {
        problems.push(Problem::new("execute_on", "out-of-range"));
    }
    if new.claims.is_empty() {
        problems.push(Problem::new("claims", "choose-some"));
    }
    if new.claims.len() > MOST {
        problems.push(Problem::new("claims", "too-many").with("max", MOST));
    }
    let mut seen = BTreeSet::new();
    for (i, claim) in new.claims.iter().enumerate() {
        if !seen.insert(claim) {
            problems.push(Problem::new(format!("claims[{i}]"), "twice"));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(problems))
    }
}

/// The payable of a claim, with the account of its approval, else the one active now.
async fn find(
    sql: &mut Sql,
    entity: EntityId,
    currency: Currency,
    i: usize,
    number: &str,
) -> Result<(ClaimId, i64, PayeeAccountId), Error> {
    let wrong = |code: &str| Error::Invalid(vec![Problem::new(format!("claims[{i}]"), code).with("claim", number)]);
    let row: Option<Due> = sql
        .maybe(
            "SELECT p.claim_id, p.minor, p.currency, COALESCE(p.account_id, n.id) AS account FROM payable p \
             JOIN claim c ON c.id = p.claim_id LEFT JOIN payee_account n ON n.employee_id = p.employee_id AND n.state = 'active' \
             WHERE c.number = $1 AND p.entity_id = $2",
            args![number, entity],
        )
        .await?;
    let row = row.ok_or_else(|| wrong("not-payable"))?;
    if row.currency != currency.code() {
        return Err(wrong("currency"));
    }
    let account = row.account.ok_or_else(|| wrong("no-account"))?;
    Ok((stored(&row.claim_id)?, row.minor, stored(&account)?))
}

/// The next number of a month: `FK2611-03`.
async fn next_number(sql: &mut Sql, today: Date) -> Result<String, Error> {
    let month = format!("{:02}{:02}", today.year().rem_euclid(100), today.month());
    let (last,): (i64,) = sql
        .one(
            "INSERT INTO batch_number (month, last) VALUES ($1, 1) \
             ON CONFLICT (month) DO UPDATE SET last = batch_number.last + 1 RETURNING last",
            args![&month],
        )
        .await?;
    Ok(format!("FK{month}-{last:02}"))
}
