//! What somebody finds: claims by number, title, claimant or amount; deals, customers, colleagues – all that they may read.

use outlay_connect::Object;
use outlay_core::claim::Status;
use outlay_core::org::Org;
use outlay_core::{Currency, Money};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::claims::scope;
use crate::crm;
use crate::db::{Sql, Value};
use crate::error::Error;

/// What was found, the best of each kind.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct FoundView {
    /// Claims.
    pub claims: Vec<FoundClaim>,
    /// Deals.
    pub deals: Vec<FoundRecord>,
    /// Customers.
    pub accounts: Vec<FoundRecord>,
    /// Colleagues.
    pub people: Vec<FoundPerson>,
}

/// A claim.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FoundClaim {
    /// Its number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// The claimant.
    pub claimant: String,
    /// Its status.
    #[schema(value_type = String)]
    pub status: Status,
    /// What is asked for.
    #[schema(value_type = Object)]
    pub amount: Money,
}

/// A CRM record.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FoundRecord {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// A deal's customer, a customer's city.
    pub detail: String,
}

/// A colleague.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FoundPerson {
    /// Their id.
    pub id: String,
    /// Their personnel number.
    pub number: String,
    /// Their name.
    pub name: String,
    /// Their mail address.
    pub email: String,
}

const EACH: usize = 6;
/// Longest text looked for, in characters.
const LONGEST: usize = 100;

/// Looks for `text`.
pub async fn find(sql: &mut Sql, app: &App, visitor: &Visitor, text: &str) -> Result<FoundView, Error> {
    let text: String = text.trim().chars().take(LONGEST).collect();
    if text.is_empty() {
        return Ok(FoundView::default());
    }
    let org = app.org(sql).await?;
    let people = people(app, visitor, &org, &text);
    Ok(FoundView {
        claims: claims(sql, visitor, &org, &text).await?,
        deals: records(sql, visitor, &org, Object::Deal, &text).await?,
        accounts: records(sql, visitor, &org, Object::Account, &text).await?,
        people,
    })
}

#[derive(serde::Deserialize)]
struct ClaimRow {
    number: String,
    title: String,
    claimant_id: String,
    status: String,
    claimed_minor: i64,
    currency: String,
}

/// By number, by amount, then by words in number and title, then by the claimant's name.
async fn claims(sql: &mut Sql, visitor: &Visitor, org: &Org, text: &str) -> Result<Vec<FoundClaim>, Error> {
    let mut ways: Vec<(String, Vec<Value>)> = Vec::new();
    let upper = text.to_uppercase();
    if upper.starts_with("BX") && upper.chars().any(|c| c.is_ascii_digit()) {
        let end = format!("{upper}~");
        ways.push((
            "c.number >= $1 AND c.number < $2".into(),
            vec![upper.into(), end.into()],
        ));
    } else {
        if let Some(minor) = amount(text) {
            ways.push(("c.claimed_minor = $1".into(), vec![minor.into()]));
        }
        if let Some((ids, values)) = super::matching("claim", text, 1) {
            ways.push((format!("c.id IN {ids}"), values));
        }
        let named = org.employees().filter(|e| e.name.contains(text)).take(10);
        let named: Vec<Value> = named.map(|e| Value::from(e.id)).collect();
        if !named.is_empty() {
            let list = crate::db::dialect::list(1, named.len());
            ways.push((format!("c.claimant_id IN ({list})"), named));
        }
    }
    let mut found: Vec<FoundClaim> = Vec::new();
    for (condition, mut values) in ways {
        let (readable, more) = scope::readable(&visitor.person, values.len() + 1);
        values.extend(more);
        values.push(Value::from(EACH));
        let text = format!(
            "SELECT c.number, c.title, c.claimant_id, c.status, c.claimed_minor, c.currency FROM claim c \
             WHERE {condition} AND {readable} ORDER BY c.updated_at DESC LIMIT ${}",
            values.len()
        );
        let rows: Vec<ClaimRow> = sql.all_built(text, values).await?;
        for row in rows {
            if found.len() < EACH && found.iter().all(|f| f.number != row.number) {
                found.push(claim(row, org)?);
            }
        }
    }
    Ok(found)
}

fn claim(row: ClaimRow, org: &Org) -> Result<FoundClaim, Error> {
    let broken = || Error::Broken(format!("claim {} cannot be read", row.number));
    let claimant = row.claimant_id.parse().ok().and_then(|id| org.employee(id));
    Ok(FoundClaim {
        claimant: claimant.map(|e| e.name.clone()).unwrap_or_default(),
        status: Status::parse(&row.status).ok_or_else(broken)?,
        amount: Money::new(row.claimed_minor, Currency::parse(&row.currency).map_err(|_| broken())?),
        number: row.number,
        title: row.title,
    })
}

/// Minor units of a number like `3280`, `3,280.00` or `¥860`, at two decimals, as most currencies have.
fn amount(text: &str) -> Option<i64> {
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ',' | ' ' | '¥' | '￥' | '€' | '$'))
        .collect();
    Money::parse(&digits, Currency::CNY)
        .ok()
        .map(|m| m.minor)
        .filter(|m| *m > 0)
}

async fn records(
    sql: &mut Sql,
    visitor: &Visitor,
    org: &Org,
    object: Object,
    text: &str,
) -> Result<Vec<FoundRecord>, Error> {
    let Some((ids, mut values)) = super::matching(object.as_str(), text, 1) else {
        return Ok(Vec::new());
    };
    let (visible, more) = crm::visible(&visitor.person, org, object, values.len() + 1);
    values.extend(more);
    values.push(Value::from(EACH));
    let select = match object {
        Object::Deal => {
            "SELECT r.id, r.name, COALESCE(a.name, '') FROM deal r LEFT JOIN account a ON a.id = r.account_id"
        }
        _ => "SELECT r.id, r.name, r.city FROM account r",
    };
    let text = format!(
        "{select} WHERE r.id IN {ids} AND {visible} ORDER BY r.read_at DESC LIMIT ${}",
        values.len()
    );
    let rows: Vec<(String, String, String)> = sql.all_built(text, values).await?;
    Ok(rows
        .into_iter()
        .map(|(id, name, detail)| FoundRecord { id, name, detail })
        .collect())
}

fn people(app: &App, visitor: &Visitor, org: &Org, text: &str) -> Vec<FoundPerson> {
    let text = text.to_lowercase();
    org.employees()
        .filter(|e| e.name.to_lowercase().contains(&text) || e.number.to_lowercase() == text || e.email == text)
        .filter(|e| {
            app.rights
                .may(&visitor.person, Action::ReadPerson, &Resource::Person(e.id))
        })
        .take(EACH)
        .map(|e| FoundPerson {
            id: e.id.to_string(),
            number: e.number.clone(),
            name: e.name.clone(),
            email: e.email.clone(),
        })
        .collect()
}
