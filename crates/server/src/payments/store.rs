//! Reading payables, batches and payments.

use outlay_core::ids::EntityId;
use outlay_core::{Currency, Money};

use super::view::{BatchRow, BatchView, BatchesView, EntityChoice, PayableView, PaymentView, WaitingView};
use crate::app::App;
use crate::args;
use crate::auth::{Action, Resource, Visitor};
use crate::clock::{day, moment, now};
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::people::stored;

/// Most payables shown at once.
const SHOWN: usize = 500;
/// Batches of a page.
const PAGE: usize = 50;
/// Payments of a page.
const PAYMENTS: usize = 100;

/// Which payments of a batch.
#[derive(Debug, Clone, Copy)]
pub enum Payments<'a> {
    /// All, to settle them.
    All,
    /// Those of the page after this `end_to_end_id`; the first page if it is empty.
    After(&'a str),
}

pub(super) fn currency(code: &str) -> Result<Currency, Error> {
    Currency::parse(code).map_err(|e| Error::Broken(e.to_string()))
}

/// Entities whose payments the reader may see, by name.
pub async fn entities(sql: &mut Sql, app: &App, visitor: &Visitor) -> Result<Vec<EntityChoice>, Error> {
    let org = app.org(sql).await?;
    let may = |action, id| app.rights.may(&visitor.person, action, &Resource::Entity(id));
    let mut all: Vec<EntityChoice> = org
        .entities()
        .filter(|e| may(Action::ReadPayments, e.id))
        .map(|e| EntityChoice {
            id: e.id,
            name: e.name.clone(),
            currency: e.currency.code().to_owned(),
            may_pay: may(Action::Pay, e.id),
        })
        .collect();
    all.sort_by(|a, b| (!a.may_pay, &a.name).cmp(&(!b.may_pay, &b.name)));
    Ok(all)
}

#[derive(serde::Deserialize)]
struct PayableRow {
    number: String,
    title: String,
    employee_id: String,
    payee: String,
    minor: i64,
    approved_at: i64,
    snapshot: Option<String>,
    last4: Option<String>,
    signed: i64,
}

/// What waits for payment by an entity, as the reader sees it.
pub async fn waiting(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    wanted: Option<EntityId>,
) -> Result<WaitingView, Error> {
    let entities = entities(sql, app, visitor).await?;
    let org = app.org(sql).await?;
    let home = org
        .primary(visitor.person.id(), day(now(), "UTC"))
        .map(|place| place.entity);
    let chosen = match wanted {
        Some(id) => entities.iter().find(|e| e.id == id),
        None => home
            .and_then(|home| entities.iter().find(|e| e.id == home))
            .or_else(|| entities.first()),
    };
    let chosen = chosen
        .ok_or_else(|| Error::Forbidden(Action::ReadPayments.code().to_owned()))?
        .clone();
    let currency = currency(&chosen.currency)?;
    let me = visitor.person.id();
    let rows: Vec<PayableRow> = sql
        .all(
            "SELECT c.number, c.title, p.employee_id, e.name AS payee, p.minor, p.approved_at, p.account_id AS snapshot, a.last4, \
             (SELECT COUNT(*) FROM task t WHERE t.claim_id = p.claim_id AND t.assignee_id = $1 AND t.outcome = 'approved') AS signed \
             FROM payable p JOIN claim c ON c.id = p.claim_id JOIN employee e ON e.id = p.employee_id \
             LEFT JOIN payee_account n ON n.employee_id = p.employee_id AND n.state = 'active' \
             LEFT JOIN payee_account a ON a.id = COALESCE(p.account_id, n.id) \
             WHERE p.status = 'pending' AND p.entity_id = $2 AND p.currency = $3 ORDER BY p.approved_at, c.number LIMIT $4",
            args![me, chosen.id, currency.code(), SHOWN],
        )
        .await?;
    let (count, total): (i64, Option<i64>) = sql
        .one(
            "SELECT COUNT(*), CAST(SUM(minor) AS BIGINT) FROM payable WHERE status = 'pending' AND entity_id = $1 AND currency = $2",
            args![chosen.id, currency.code()],
        )
        .await?;
    let payables: Vec<PayableView> = rows
        .into_iter()
        .map(|row| {
            let blocked = if row.last4.is_none() {
                Some("no-account")
            } else if row.employee_id == me.to_string() {
                Some("claimant")
            } else if row.signed > 0 {
                Some("approver")
            } else if !chosen.may_pay {
                Some("no-right")
            } else {
                None
            };
            PayableView {
                claim: row.number,
                title: row.title,
                payee: row.payee,
                amount: Money::new(row.minor, currency),
                approved_at: moment(row.approved_at).to_string(),
                last4: row.last4,
                as_approved: row.snapshot.is_some(),
                blocked: blocked.map(str::to_owned),
            }
        })
        .collect();
    let free = || payables.iter().filter(|p| p.blocked.is_none());
    let debtor: Option<(String,)> = sql
        .maybe(
            "SELECT last4 FROM entity_account WHERE entity_id = $1 AND state = 'active'",
            args![chosen.id],
        )
        .await?;
    let zone = org.entity(chosen.id).map_or("UTC", |e| e.zone.as_str());
    Ok(WaitingView {
        entity: chosen.id,
        currency: chosen.currency.clone(),
        debtor_last4: debtor.map(|(last4,)| last4),
        count,
        total: Money::new(total.unwrap_or(0), currency),
        selectable: Money::sum(currency, free().map(|p| p.amount)).map_err(|e| Error::Broken(e.to_string()))?,
        selectable_count: free().count(),
        today: day(now(), zone).to_string(),
        entities,
        payables,
    })
}

#[derive(serde::Deserialize)]
struct ListRow {
    number: String,
    entity: String,
    currency: String,
    execute_on: String,
    status: String,
    payment_count: i64,
    total_minor: i64,
    pending: i64,
    failed: i64,
}

/// Batches of the entities whose payments the reader may see.
pub async fn batches(sql: &mut Sql, app: &App, visitor: &Visitor, before: Option<&str>) -> Result<BatchesView, Error> {
    let entities = entities(sql, app, visitor).await?;
    if entities.is_empty() {
        return Err(Error::Forbidden(Action::ReadPayments.code().to_owned()));
    }
    let text = format!(
        "SELECT b.number, l.name AS entity, b.currency, b.execute_on, b.status, b.payment_count, b.total_minor, \
         (SELECT COUNT(*) FROM payment p WHERE p.batch_id = b.id AND p.status = 'pending') AS pending, \
         (SELECT COUNT(*) FROM payment p WHERE p.batch_id = b.id AND p.status = 'failed') AS failed \
         FROM payment_batch b JOIN legal_entity l ON l.id = b.entity_id \
         WHERE b.entity_id IN ({}) AND ($1 = '' OR b.created_at < (SELECT x.created_at FROM payment_batch x WHERE x.number = $1)) \
         ORDER BY b.created_at DESC, b.id DESC LIMIT $2",
        dialect::list(3, entities.len())
    );
    let mut values = args![before.unwrap_or(""), PAGE + 1];
    values.extend(entities.iter().map(|e| Value::from(e.id)));
    let mut rows: Vec<ListRow> = sql.all_built(text, values).await?;
    let next = (rows.len() > PAGE).then(|| rows[PAGE - 1].number.clone());
    rows.truncate(PAGE);
    let batches = rows
        .into_iter()
        .map(|row| {
            Ok(BatchRow {
                total: Money::new(row.total_minor, currency(&row.currency)?),
                number: row.number,
                entity: row.entity,
                execute_on: row.execute_on,
                status: row.status,
                count: row.payment_count,
                pending: row.pending,
                failed: row.failed,
            })
        })
        .collect::<Result<_, Error>>()?;
    Ok(BatchesView { batches, next })
}

/// How many payables, open batches, account proposals and recoveries wait, for the tabs.
pub async fn counts(sql: &mut Sql, app: &App, visitor: &Visitor) -> Result<[i64; 4], Error> {
    let entities = entities(sql, app, visitor).await?;
    let mut found = [0; 4];
    if !entities.is_empty() {
        for (slot, text) in [
            (
                0,
                "SELECT COUNT(*) FROM payable WHERE status = 'pending' AND entity_id IN (",
            ),
            (
                1,
                "SELECT COUNT(*) FROM payment_batch WHERE status = 'open' AND entity_id IN (",
            ),
            (
                3,
                "SELECT COUNT(*) FROM recovery WHERE state = 'open' AND entity_id IN (",
            ),
        ] {
            let text = format!("{text}{})", dialect::list(1, entities.len()));
            let rows: Vec<(i64,)> = sql
                .all_built(text, entities.iter().map(|e| Value::from(e.id)).collect())
                .await?;
            found[slot] = rows.first().map_or(0, |(n,)| *n);
        }
    }
    let waiting = super::payee::waiting(sql, app, visitor).await?;
    found[2] = i64::try_from(waiting.len()).unwrap_or(0);
    Ok(found)
}

#[derive(serde::Deserialize)]
struct BatchHead {
    id: String,
    number: String,
    entity_id: String,
    entity: String,
    zone: String,
    currency: String,
    last4: String,
    execute_on: String,
    status: String,
    creator: String,
    created_at: i64,
    total_minor: i64,
    payment_count: i64,
    pending: i64,
}

#[derive(serde::Deserialize)]
struct PaymentRow {
    id: String,
    end_to_end_id: String,
    claim: String,
    payee: String,
    last4: String,
    minor: i64,
    status: String,
    reason: Option<String>,
    settled_on: Option<String>,
}

/// A batch by its number; [`Error::NotFound`] also for those who may not see it.
pub async fn batch(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    number: &str,
    payments: Payments<'_>,
) -> Result<BatchView, Error> {
    let head: Option<BatchHead> = sql
        .maybe(
            "SELECT b.id, b.number, b.entity_id, l.name AS entity, l.zone, b.currency, a.last4, b.execute_on, b.status, \
             e.name AS creator, b.created_at, b.total_minor, b.payment_count, \
             (SELECT COUNT(*) FROM payment p WHERE p.batch_id = b.id AND p.status = 'pending') AS pending \
             FROM payment_batch b JOIN legal_entity l ON l.id = b.entity_id \
             JOIN entity_account a ON a.id = b.account_id JOIN employee e ON e.id = b.created_by WHERE b.number = $1",
            args![number],
        )
        .await?;
    let head = head.ok_or(Error::NotFound("batch"))?;
    let entity: EntityId = stored(&head.entity_id)?;
    let may = |action| app.rights.may(&visitor.person, action, &Resource::Entity(entity));
    if !may(Action::ReadPayments) {
        return Err(Error::NotFound("batch"));
    }
    let (after, most) = match payments {
        Payments::All => ("", i64::MAX),
        Payments::After(after) => (after, PAYMENTS as i64 + 1),
    };
    let mut rows: Vec<PaymentRow> = sql
        .all(
            "SELECT p.id, p.end_to_end_id, c.number AS claim, e.name AS payee, a.last4, p.minor, p.status, p.reason, p.settled_on \
             FROM payment p JOIN claim c ON c.id = p.claim_id JOIN payee_account a ON a.id = p.account_id \
             JOIN employee e ON e.id = a.employee_id WHERE p.batch_id = $1 AND p.end_to_end_id > $2 \
             ORDER BY p.end_to_end_id LIMIT $3",
            args![&head.id, after, most],
        )
        .await?;
    let mut next = None;
    if matches!(payments, Payments::After(_)) && rows.len() > PAYMENTS {
        rows.truncate(PAYMENTS);
        next = rows.last().map(|row| row.end_to_end_id.clone());
    }
    let currency = currency(&head.currency)?;
    let payments = rows
        .into_iter()
        .map(|row| {
            Ok(PaymentView {
                id: stored(&row.id)?,
                end_to_end_id: row.end_to_end_id,
                claim: row.claim,
                payee: row.payee,
                last4: row.last4,
                amount: Money::new(row.minor, currency),
                status: row.status,
                reason: row.reason,
                settled_on: row.settled_on,
            })
        })
        .collect::<Result<Vec<PaymentView>, Error>>()?;
    Ok(BatchView {
        id: stored(&head.id)?,
        number: head.number,
        entity,
        entity_name: head.entity,
        debtor_last4: head.last4,
        execute_on: head.execute_on,
        status: head.status,
        created_by: head.creator,
        created_at: moment(head.created_at).to_string(),
        total: Money::new(head.total_minor, currency),
        count: head.payment_count,
        pending: head.pending,
        payments,
        next,
        may_pay: may(Action::Pay),
        today: day(now(), &head.zone).to_string(),
        untested_with_a_bank: true,
    })
}
