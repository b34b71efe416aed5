//! What is stored already of records that came, and of what they refer to: a few queries for all of them.

use std::collections::{BTreeSet, HashMap};

use outlay_connect::{Canonical, Object, Record};
use outlay_core::ids::{ConnectionId, EmployeeId};

use super::awaited::{self, Found, Reference};
use super::store::table;
use crate::args;
use crate::db::{Sql, dialect};
use crate::drafts;
use crate::error::Error;
use crate::people::maybe;

/// What is stored of a record before.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its id in Outlay.
    pub id: String,
    /// The revision stored; empty for a CRM user, whose row has none.
    pub revision: String,
    /// Whether it is archived.
    pub deleted: bool,
    /// Of a deal: `open`, `won` or `lost`.
    pub stage_kind: Option<String>,
    /// Of a deal: when it was won, in microseconds.
    pub won_at: Option<i64>,
    /// Of a deal its owner, of a CRM user whoever stands behind it.
    pub owner: Option<String>,
    /// Edits made here that its coming may settle.
    pub edits: i64,
}

/// What is stored of records of `object`, by their ids in the CRM.
pub async fn known(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    object: Object,
    records: &[Record],
) -> Result<HashMap<String, Known>, Error> {
    let extra = match object {
        Object::Deal => "revision, deleted, stage_kind, won_at, owner_id",
        Object::CrmUser => "'', FALSE, NULL, CAST(NULL AS BIGINT), employee_id",
        _ => "revision, deleted, NULL, CAST(NULL AS BIGINT), NULL",
    };
    let columns = format!(
        "external_id, id, {extra}, (SELECT COUNT(*) FROM record_edit e WHERE e.record_id = r.id AND (e.state IN ('pending', 'conflict') \
         OR (e.tried_at IS NOT NULL AND e.seen_at IS NULL)))"
    );
    let ids: Vec<&str> = records.iter().map(|r| r.external_id.as_str()).collect();
    type Row = (
        String,
        String,
        String,
        bool,
        Option<String>,
        Option<i64>,
        Option<String>,
        i64,
    );
    let rows: Vec<Row> = awaited::rows(sql, connection, table(object), &columns, &ids).await?;
    let known = |(external_id, id, revision, deleted, stage_kind, won_at, owner, edits): Row| {
        let known = Known {
            id,
            revision,
            deleted,
            stage_kind,
            won_at,
            owner,
            edits,
        };
        (external_id, known)
    };
    Ok(rows.into_iter().map(known).collect())
}

/// What records refer to, as far as it is stored.
#[derive(Debug, Default)]
pub struct Around {
    /// Other records.
    pub found: Found,
    /// Employees by the CRM's id of an owner.
    owners: HashMap<String, Option<EmployeeId>>,
    /// Employees by mail address in lower case.
    by_email: HashMap<String, EmployeeId>,
    /// Whether a customer who comes for the first time is new.
    pub are_new: bool,
}

impl Around {
    /// Looks around `records`.
    pub async fn look(sql: &mut Sql, connection: Option<ConnectionId>, records: &[&Record]) -> Result<Around, Error> {
        let references: Vec<Reference<'_>> = records.iter().flat_map(|r| references(&r.body)).collect();
        let found = Found::look_up(sql, connection, &references).await?;
        let named: BTreeSet<&str> = records.iter().filter_map(|r| crm_owner(&r.body)).collect();
        let named: Vec<&str> = named.into_iter().collect();
        let rows: Vec<(String, Option<String>)> =
            awaited::rows(sql, connection, "crm_user", "external_id, employee_id", &named).await?;
        let mut owners = HashMap::with_capacity(rows.len());
        for (external_id, linked) in rows {
            owners.insert(external_id, maybe(linked)?);
        }
        if connection.is_none() {
            for name in named {
                if !owners.contains_key(name) {
                    owners.insert(name.to_owned(), colleague(sql, name).await?);
                }
            }
        }
        let emails: BTreeSet<String> = records.iter().filter_map(|r| email(&r.body)).collect();
        let customers = records.iter().any(|r| r.object == Object::Account);
        Ok(Around {
            found,
            owners,
            by_email: by_email(sql, &emails).await?,
            are_new: customers && drafts::are_new(sql, connection).await?,
        })
    }

    /// The employee who owns a record.
    pub fn owner(&self, body: &Canonical) -> Option<EmployeeId> {
        self.owners.get(crm_owner(body)?).copied().flatten()
    }

    /// The employee with a CRM user's mail address.
    pub fn colleague(&self, body: &Canonical) -> Option<EmployeeId> {
        self.by_email.get(&email(body)?).copied()
    }
}

/// Whoever owns a record, by the CRM's id; none if its kind has no owner here.
pub fn crm_owner(body: &Canonical) -> Option<&str> {
    match body {
        Canonical::Account(a) => a.owner.as_deref(),
        Canonical::Deal(d) => d.owner.as_deref(),
        Canonical::Activity(a) => a.owner.as_deref(),
        _ => None,
    }
}

/// A CRM user's mail address, in lower case.
pub fn email(body: &Canonical) -> Option<String> {
    let Canonical::CrmUser(user) = body else { return None };
    let email = user.email.as_deref()?.trim().to_lowercase();
    (!email.is_empty()).then_some(email)
}

/// The other records that a record refers to.
pub fn references(body: &Canonical) -> Vec<Reference<'_>> {
    fn of<'a>(object: Object, field: &'static str, id: &'a Option<String>) -> Reference<'a> {
        Reference {
            field,
            object,
            external_id: id.as_deref(),
        }
    }
    let account = |id| of(Object::Account, "account_id", id);
    let contact = |id| of(Object::Contact, "contact_id", id);
    let deal = |id| of(Object::Deal, "deal_id", id);
    match body {
        Canonical::Account(_) | Canonical::CrmUser(_) => Vec::new(),
        Canonical::Contact(c) => vec![account(&c.account)],
        Canonical::Deal(d) => {
            let project = of(Object::Project, "project_id", &d.project);
            let named = d.project.is_some().then_some(project);
            [account(&d.account), contact(&d.contact)]
                .into_iter()
                .chain(named)
                .collect()
        }
        // Without a deal of its own it keeps the one that names it.
        Canonical::Project(p) if p.deal.is_none() => vec![account(&p.account)],
        Canonical::Project(p) => vec![account(&p.account), deal(&p.deal)],
        Canonical::Order(o) => vec![account(&o.account), deal(&o.deal)],
        Canonical::Activity(a) => vec![account(&a.account), contact(&a.contact), deal(&a.deal)],
    }
}

/// Own records name their owner by personnel number or mail address.
async fn colleague(sql: &mut Sql, name: &str) -> Result<Option<EmployeeId>, Error> {
    let row: Option<(String,)> = sql
        .maybe(
            "SELECT id FROM employee WHERE number = $1 OR email = $2",
            args![name, name.to_lowercase()],
        )
        .await?;
    maybe(row.map(|(id,)| id))
}

async fn by_email(sql: &mut Sql, emails: &BTreeSet<String>) -> Result<HashMap<String, EmployeeId>, Error> {
    let mut found = HashMap::new();
    if emails.is_empty() {
        return Ok(found);
    }
    let text = format!("SELECT email, id FROM employee WHERE email {}", dialect::among(sql, 1));
    let values = vec![dialect::texts(emails.iter().map(String::as_str))];
    let rows: Vec<(String, String)> = sql.all_built(text, values).await?;
    for (email, id) in rows {
        if let Some(id) = maybe(Some(id))? {
            found.insert(email, id);
        }
    }
    Ok(found)
}
