//! Outlay's own records, for a company without a CRM.

use std::sync::Arc;

use jiff::civil::Date;
use outlay_connect::{Account, Activity, Canonical, Contact, Deal, Object, Order, Project, StageKind};
use outlay_core::claim::Problem;
use outlay_core::ids::EmployeeId;
use outlay_core::{Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::awaited;
use super::record_facts;
use super::store::{self, table};
use super::view::is_own_master;
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::{Action, Permit, RecordFacts, Resource, Visitor};
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;
use crate::people::maybe;

/// A record to make or to replace. Fields that its kind does not have are refused.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RecordInput {
    /// Name, number or subject.
    pub name: String,
    /// The revision that was read; another one there now is a conflict. Not needed for a new record.
    pub revision: Option<String>,
    /// Id of its customer.
    pub account: Option<String>,
    /// Id of its contact.
    pub contact: Option<String>,
    /// Id of its deal.
    pub deal: Option<String>,
    /// Id of the employee who owns it; the one who makes it, if absent.
    pub owner: Option<String>,
    /// Stage of a deal or state of an order, in the company's words.
    pub stage: Option<String>,
    /// `open` (if absent), `won`, `lost`.
    pub stage_kind: Option<String>,
    /// Value of a deal or order.
    pub amount: Option<AmountInput>,
    /// Expected end of a deal, day of an order or activity.
    pub on: Option<String>,
    /// Kind of an activity: `visit` (if absent), `call`, `meeting`.
    pub kind: Option<String>,
    /// Last day of an activity that lasts longer than one.
    pub until: Option<String>,
    /// Where an activity took place.
    pub place: Option<String>,
    /// Tax number of an account.
    pub tax_id: Option<String>,
    /// City of an account.
    pub city: Option<String>,
    /// ISO 3166 alpha-2 country of an account.
    pub country: Option<String>,
    /// Telephone of an account or contact.
    pub phone: Option<String>,
    /// Mail address of a contact.
    pub email: Option<String>,
    /// Position of a contact.
    pub title: Option<String>,
}

/// An amount as entered.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmountInput {
    /// Digits with a point, such as `1234.50`.
    pub amount: String,
    /// Three letters; the company's currency if absent.
    pub currency: Option<String>,
}

/// Makes a record; its id.
pub async fn create(app: &Arc<App>, visitor: &Visitor, object: Object, input: RecordInput) -> Result<String, Error> {
    let (shared, visitor) = (app.clone(), visitor.clone());
    let input = Arc::new(input);
    let id = app
        .db
        .write(move |sql| {
            let (app, visitor, input) = (shared.clone(), visitor.clone(), input.clone());
            Box::pin(async move {
                if !is_own_master(sql).await? {
                    return Err(Error::field("object", "crm-is-master"));
                }
                let owner = owner(&app, sql, &input, visitor.person.id()).await?;
                let facts = RecordFacts {
                    owner: owner_of(sql, object, &input, owner).await?,
                    ours: true,
                    ..RecordFacts::default()
                };
                let permit = may(&app, &visitor, &facts)?;
                let external_id = next_id(sql, object).await?;
                put(sql, &app, &permit, object, external_id, "1".to_owned(), &input, owner).await
            })
        })
        .await?;
    app.live.wake();
    Ok(id)
}

/// Replaces a record of Outlay's own.
pub async fn replace(
    app: &Arc<App>,
    visitor: &Visitor,
    object: Object,
    id: &str,
    input: RecordInput,
) -> Result<(), Error> {
    let (shared, visitor, id) = (app.clone(), visitor.clone(), id.to_owned());
    let input = Arc::new(input);
    app.db
        .write(move |sql| {
            let (app, visitor, id, input) = (shared.clone(), visitor.clone(), id.clone(), input.clone());
            Box::pin(async move {
                super::view::readable(sql, &app, &visitor, object, &id).await?;
                let org = app.org(sql).await?;
                let facts = record_facts(sql, &org, object, &id).await?;
                let permit = may(&app, &visitor, &facts)?;
                let text = format!("SELECT external_id, revision FROM {} WHERE id = $1", table(object));
                let rows: Vec<(String, String)> = sql.all_built(text, args![&id]).await?;
                let (external_id, revision) = rows.into_iter().next().ok_or(Error::NotFound(object.as_str()))?;
                if input.revision.as_ref().is_some_and(|r| *r != revision) {
                    return Err(Error::Conflict);
                }
                let next = revision.parse::<u64>().map_or(1, |n| n + 1).to_string();
                let owner = owner(&app, sql, &input, visitor.person.id()).await?;
                put(sql, &app, &permit, object, external_id, next, &input, owner).await?;
                Ok(())
            })
        })
        .await?;
    app.live.wake();
    Ok(())
}

/// Whoever keeps all records, or owns this one, while Outlay is its master.
fn may(app: &App, visitor: &Visitor, facts: &RecordFacts) -> Result<Permit, Error> {
    visitor.permit(app, Action::EditRecord, &Resource::Record(facts))
}

#[allow(clippy::too_many_arguments)]
async fn put(
    sql: &mut Sql,
    app: &App,
    permit: &Permit,
    object: Object,
    external_id: String,
    revision: String,
    input: &RecordInput,
    owner: Option<EmployeeId>,
) -> Result<String, Error> {
    let org = app.org(sql).await?;
    let currency = org.entities().map(|e| e.currency).next().unwrap_or(Currency::CNY);
    let owner = owner.and_then(|o| org.employee(o)).map(|e| e.number.clone());
    let body = body(sql, object, input, owner, currency).await?;
    let record = store::own_record(external_id, revision, now(), body);
    let applied = store::apply(sql, app, None, &record).await?;
    audit::note(
        sql,
        permit.actor(),
        permit.action(),
        &format!("{object}:{}", applied.id),
        &format!("{:?}", applied.change).to_lowercase(),
    )
    .await?;
    Ok(applied.id)
}

/// The owner that is named, or whoever makes the record.
async fn owner(app: &App, sql: &mut Sql, input: &RecordInput, me: EmployeeId) -> Result<Option<EmployeeId>, Error> {
    let Some(text) = filled(&input.owner) else {
        return Ok(Some(me));
    };
    let id: EmployeeId = text.parse().map_err(|_| Error::field("owner", "unknown"))?;
    let org = app.org(sql).await?;
    if org.is_active(id) {
        Ok(Some(id))
    } else {
        Err(Error::field("owner", "unknown"))
    }
}

/// Who would own the record by the rights' rules: what has no owner has its customer's or deal's.
async fn owner_of(
    sql: &mut Sql,
    object: Object,
    input: &RecordInput,
    owner: Option<EmployeeId>,
) -> Result<Option<EmployeeId>, Error> {
    if matches!(object, Object::Account | Object::Deal | Object::Activity) {
        return Ok(owner);
    }
    for (table, id) in [("deal", &input.deal), ("account", &input.account)] {
        let Some(id) = filled(id) else { continue };
        let text = format!("SELECT owner_id FROM {table} WHERE id = $1");
        let rows: Vec<(Option<String>,)> = sql.all_built(text, args![id]).await?;
        if let Some((Some(owner),)) = rows.into_iter().next() {
            return maybe(Some(owner));
        }
    }
    Ok(None)
}

async fn body(
    sql: &mut Sql,
    object: Object,
    input: &RecordInput,
    owner: Option<String>,
    currency: Currency,
) -> Result<Canonical, Error> {
    let name = input.name.trim().to_owned();
    if name.is_empty() {
        return Err(Error::field("name", "missing"));
    }
    if name.chars().count() > 200 {
        return Err(Error::Invalid(vec![Problem::new("name", "too-long").with("max", 200)]));
    }
    let text = |field: &Option<String>| filled(field).map(str::to_owned);
    let account = refers(sql, Object::Account, "account", &input.account).await?;
    let contact = refers(sql, Object::Contact, "contact", &input.contact).await?;
    let deal = refers(sql, Object::Deal, "deal", &input.deal).await?;
    let on = filled(&input.on).map(date).transpose()?;
    let until = match filled(&input.until) {
        Some(text) => Some(text.parse().map_err(|_| Error::field("until", "not-a-date"))?),
        None => None,
    };
    if until.is_some_and(|until: Date| on.is_some_and(|on| until < on)) {
        return Err(Error::field("until", "before-start"));
    }
    let amount = amount(input, currency)?;
    Ok(match object {
        Object::Account => Canonical::Account(Account {
            name,
            tax_id: text(&input.tax_id),
            country: text(&input.country),
            city: text(&input.city),
            phone: text(&input.phone),
            owner,
            ..Account::default()
        }),
        Object::Contact => Canonical::Contact(Contact {
            name,
            account,
            email: text(&input.email),
            phone: text(&input.phone),
            title: text(&input.title),
        }),
        Object::Deal => {
            let stage_kind = match filled(&input.stage_kind).unwrap_or("open") {
                "open" => StageKind::Open,
                "won" => StageKind::Won,
                "lost" => StageKind::Lost,
                _ => return Err(Error::field("stage_kind", "stage-kind")),
            };
            Canonical::Deal(Deal {
                name,
                account,
                contact,
                owner,
                stage: text(&input.stage).unwrap_or_default(),
                stage_kind,
                amount,
                close_on: on,
                ..Deal::default()
            })
        }
        Object::Project => Canonical::Project(Project {
            name,
            account,
            deal,
            ..Project::default()
        }),
        Object::Order => Canonical::Order(Order {
            number: name,
            account,
            deal,
            amount,
            state: text(&input.stage).unwrap_or_default(),
            ordered_on: on,
        }),
        Object::Activity => Canonical::Activity(Activity {
            kind: text(&input.kind).unwrap_or_else(|| "visit".to_owned()),
            account,
            contact,
            deal,
            owner,
            on: Some(on.unwrap_or_else(|| day(now(), "UTC"))),
            until,
            place: text(&input.place),
            subject: name,
        }),
        Object::CrmUser => return Err(Error::NotFound("crm_user")),
    })
}

fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|t| !t.is_empty())
}

fn date(text: &str) -> Result<Date, Error> {
    text.parse().map_err(|_| Error::field("on", "not-a-date"))
}

fn amount(input: &RecordInput, otherwise: Currency) -> Result<Option<Money>, Error> {
    let Some(input) = &input.amount else {
        return Ok(None);
    };
    let currency = match filled(&input.currency) {
        Some(code) => Currency::parse(code).map_err(|_| Error::field("currency", "not-a-currency"))?,
        None => otherwise,
    };
    let money = Money::parse(input.amount.trim(), currency).map_err(|e| super::money_problem("amount", &e))?;
    if money.minor < 0 {
        return Err(Error::field("amount", "negative"));
    }
    Ok(Some(money))
}

/// The record that is referred to, by the id that own records refer by; it must be Outlay's own too.
async fn refers(sql: &mut Sql, object: Object, field: &str, id: &Option<String>) -> Result<Option<String>, Error> {
    let Some(id) = filled(id) else { return Ok(None) };
    let text = format!(
        "SELECT external_id FROM {} WHERE id = $1 AND connection_id IS NULL",
        table(object)
    );
    let rows: Vec<(String,)> = sql.all_built(text, args![id]).await?;
    let (external_id,) = rows.into_iter().next().ok_or_else(|| Error::field(field, "unknown"))?;
    Ok(Some(external_id))
}

/// The next free number of a kind, such as `D-1043`.
async fn next_id(sql: &mut Sql, object: Object) -> Result<String, Error> {
    let prefix = match object {
        Object::Account => "A",
        Object::Contact => "C",
        Object::Deal => "D",
        Object::Project => "P",
        Object::Order => "O",
        Object::Activity | Object::CrmUser => "V",
    };
    let text = format!("SELECT COUNT(*) FROM {} WHERE connection_id IS NULL", table(object));
    let rows: Vec<(i64,)> = sql.all_built(text, args![]).await?;
    let mut n = 1000 + rows.first().map_or(0, |(n,)| *n);
    loop {
        n += 1;
        let id = format!("{prefix}-{n}");
        if awaited::find(sql, None, object, &id).await?.is_none() {
            return Ok(id);
        }
    }
}
