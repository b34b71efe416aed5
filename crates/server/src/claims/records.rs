//! CRM records as claims see them: what they are called, what they hang on, who may link them.

use jiff::civil::Date;
use outlay_connect::Object;
use outlay_core::claim::Source;

use crate::app::App;
use crate::args;
use crate::auth::{Action, Person, Resource};
use crate::clock::moment;
use crate::crm;
use crate::db::Sql;
use crate::error::Error;

/// A record that is linked or may be.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Record {
    /// Its id in Outlay.
    pub id: String,
    /// Its own id in the CRM.
    pub external_id: String,
    /// Its revision.
    pub revision: String,
    /// When it was read, in microseconds.
    pub read_at: i64,
    /// What people call it.
    pub name: String,
    /// A deal's stage, an activity's place; empty otherwise.
    pub note: String,
    /// Its customer.
    pub account_id: Option<String>,
    /// Its contact.
    pub contact_id: Option<String>,
    /// Its deal.
    pub deal_id: Option<String>,
    /// The name of its owner.
    pub owner: Option<String>,
    /// When an activity took place.
    pub happened_on: Option<String>,
}

impl Record {
    /// The source of a field filled from it.
    pub fn source(&self, field: &str, object: Object, value: &str) -> Source {
        Source {
            field: field.to_owned(),
            object: object.as_str().to_owned(),
            external_id: self.external_id.clone(),
            revision: self.revision.clone(),
            read_at: moment(self.read_at),
            value: value.to_owned(),
            rule: None,
            per_diem: None,
        }
    }
}

/// The columns of [`Record`] for one kind.
fn columns(object: Object) -> &'static str {
    match object {
        Object::Account => {
            "r.name, r.city AS note, NULL AS account_id, NULL AS contact_id, NULL AS deal_id, r.crm_owner AS owner, NULL AS happened_on FROM account r"
        }
        Object::Contact => {
            "r.name, r.title AS note, r.account_id, NULL AS contact_id, NULL AS deal_id, NULL AS owner, NULL AS happened_on FROM contact r"
        }
        Object::Project => {
            "r.name, '' AS note, r.account_id, NULL AS contact_id, r.deal_id, NULL AS owner, NULL AS happened_on FROM project r"
        }
        Object::Order => {
            "r.number AS name, r.state AS note, r.account_id, NULL AS contact_id, r.deal_id, NULL AS owner, NULL AS happened_on FROM sales_order r"
        }
        Object::Activity => {
            "r.subject AS name, r.place AS note, r.account_id, r.contact_id, r.deal_id, NULL AS owner, r.happened_on FROM activity r"
        }
        Object::Deal | Object::CrmUser => {
            "r.name, r.stage AS note, r.account_id, r.contact_id, NULL AS deal_id, \
             COALESCE((SELECT e.name FROM employee e WHERE e.id = r.owner_id), r.crm_owner) AS owner, NULL AS happened_on FROM deal r"
        }
    }
}

/// A record that is not deleted.
pub async fn find(sql: &mut Sql, object: Object, id: &str) -> Result<Option<Record>, Error> {
    let text = format!(
        "SELECT r.id, r.external_id, r.revision, r.read_at, {} WHERE r.id = $1 AND r.deleted = $2",
        columns(object)
    );
    let rows: Vec<Record> = sql.all_built(text, args![id, false]).await?;
    Ok(rows.into_iter().next())
}

/// As [`find`], of which there must be one.
pub async fn get(sql: &mut Sql, object: Object, id: &str) -> Result<Record, Error> {
    find(sql, object, id).await?.ok_or(Error::NotFound(object.as_str()))
}

/// A record that `person` may read.
pub async fn readable(
    sql: &mut Sql,
    app: &App,
    person: &Person,
    object: Object,
    id: &str,
) -> Result<Option<Record>, Error> {
    let Some(record) = find(sql, object, id).await? else {
        return Ok(None);
    };
    let org = app.org(sql).await?;
    let facts = crm::record_facts(sql, &org, object, id).await?;
    let may = app.rights.may(person, Action::ReadRecord, &Resource::Record(&facts));
    Ok(may.then_some(record))
}

/// What a choice is narrowed by.
#[derive(Debug, Clone, Copy)]
pub enum Of<'a> {
    /// Nothing: all that the person may read.
    Anything,
    /// Records of a customer.
    Account(&'a str),
}

/// Records that `person` may choose from: their own first, open deals before others, the latest activities first.
pub async fn choices(
    sql: &mut Sql,
    app: &App,
    person: &Person,
    object: Object,
    of: Of<'_>,
    most: u32,
) -> Result<Vec<Record>, Error> {
    let org = app.org(sql).await?;
    let (visible, values) = crm::visible(person, &org, object, 5);
    let order = match object {
        Object::Deal => {
            "CASE WHEN r.owner_id = $4 THEN 0 ELSE 1 END, CASE r.stage_kind WHEN 'open' THEN 0 WHEN 'won' THEN 1 ELSE 2 END, r.name"
        }
        Object::Account => "CASE WHEN r.owner_id = $4 THEN 0 ELSE 1 END, r.name",
        Object::Activity => "CASE WHEN r.owner_id = $4 THEN 0 ELSE 1 END, r.happened_on DESC",
        _ => "CASE WHEN r.id = $4 THEN 0 ELSE 1 END, r.id DESC",
    };
    let (narrow, key) = match of {
        Of::Anything => ("r.id <> $2", ""),
        Of::Account(id) => ("r.account_id = $2", id),
    };
    let text = format!(
        "SELECT r.id, r.external_id, r.revision, r.read_at, {} WHERE r.deleted = $1 AND {narrow} AND {visible} \
         ORDER BY {order}, r.id LIMIT $3",
        columns(object)
    );
    let mut bound = args![false, key, most, person.id()];
    bound.extend(values);
    Ok(sql.all_built(text, bound).await?)
}

/// Whether a visit lies in the past of `today`.
pub fn has_happened(record: &Record, today: Date) -> bool {
    record
        .happened_on
        .as_deref()
        .and_then(|d| d.parse::<Date>().ok())
        .is_some_and(|d| d <= today)
}
