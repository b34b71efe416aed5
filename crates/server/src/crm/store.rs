//! Storing canonical records, each once by its id in the CRM, whether it came by poll, push or file. However many come at
//! once, each table is asked and written once.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use outlay_connect::{Canonical, Object, Record};
use outlay_core::ids::{ClaimId, ConnectionId};
use uuid::Uuid;

use super::awaited::{self, Waiting};
use super::follow::{self, Stored};
use super::known::{Around, Known, known};
use super::shape::{Shape, shape};
use crate::app::App;
use crate::args;
use crate::clock::now;
use crate::db::{Sql, Value};
use crate::edits;
use crate::error::Error;
use crate::search::{self, Thing};

pub use super::awaited::find;
pub use super::link::{link, link_employees};
pub use super::rights::{record_facts, visible};

/// What storing a record did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its id in Outlay.
    pub id: String,
    /// Whether anything was written.
    pub change: Change,
    /// The draft that it began.
    pub drafted: Option<ClaimId>,
}

/// Whether a record was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Made,
    /// Something in it differs.
    Changed,
    /// It was stored as it is; nothing was written.
    Same,
}

/// Why a record is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// It came. One that is older than what is stored, as one that was read before another came, changes nothing.
    First,
    /// A stored raw record is read again by other rules. It is no news: a deal that is won by the new rules begins a draft
    /// only if it was won in the last days, as one that is first seen; and what was archived stays archived.
    Again,
    /// It came, and counts even if it is older than what is stored: a CRM that was set back holds such ones.
    SetBack,
}

/// The table of an object.
pub fn table(object: Object) -> &'static str {
    match object {
        Object::Account => "account",
        Object::Contact => "contact",
        Object::Deal => "deal",
        Object::Project => "project",
        Object::Order => "sales_order",
        Object::Activity => "activity",
        Object::CrmUser => "crm_user",
    }
}

/// Stores one record; see [`apply_all`].
pub async fn apply(
    sql: &mut Sql,
    app: &App,
    connection: Option<ConnectionId>,
    record: &Record,
) -> Result<Applied, Error> {
    let records = std::slice::from_ref(record);
    let done = apply_all(sql, app, connection, records, Reading::First).await?;
    let applied = done.into_iter().next();
    applied.ok_or_else(|| Error::Broken("a record was stored without a trace".into()))
}

/// Stores records of `connection`, or Outlay's own without it, in their order, and begins the drafts that they call for;
/// within the transaction of `sql`. What became of each. Own records name their owner by personnel number or mail address.
///
/// What they refer to may come later. A deal is won when its stored state was another, or when it is first seen and was
/// won in the last days: older ones are history and begin nothing.
pub async fn apply_all(
    sql: &mut Sql,
    app: &App,
    connection: Option<ConnectionId>,
    records: &[Record],
    reading: Reading,
) -> Result<Vec<Applied>, Error> {
    let mut done = Vec::with_capacity(records.len());
    let mut rest = records;
    while !rest.is_empty() {
        let (batch, others) = rest.split_at(alike(rest));
        done.extend(store(sql, app, connection, batch, reading).await?);
        rest = others;
    }
    Ok(done)
}

/// How many of the first records can be stored at once: they are of one kind, and none comes twice.
fn alike(records: &[Record]) -> usize {
    let mut seen = HashSet::with_capacity(records.len());
    let object = records.first().map(|r| r.object);
    let mut same = records
        .iter()
        .take_while(|r| Some(r.object) == object && seen.insert(&r.external_id));
    same.by_ref().count()
}

async fn store(
    sql: &mut Sql,
    app: &App,
    connection: Option<ConnectionId>,
    records: &[Record],
    reading: Reading,
) -> Result<Vec<Applied>, Error> {
    let Some(object) = records.first().map(|r| r.object) else {
        return Ok(Vec::new());
    };
    let known = known(sql, connection, object, records).await?;
    let kept: Vec<Record>;
    let records = if reading == Reading::Again && known.values().any(|k| k.deleted) {
        kept = records
            .iter()
            .map(|r| still_gone(r, known.get(&r.external_id)))
            .collect();
        kept.as_slice()
    } else {
        records
    };
    let outdated = |record: &Record| {
        let stored = known.get(&record.external_id);
        stored.filter(|k| reading != Reading::SetBack && connection.is_some() && is_older(record, &k.revision))
    };
    let current: Vec<&Record> = records.iter().filter(|r| outdated(r).is_none()).collect();
    let around = Around::look(sql, connection, &current).await?;
    let mut batch = Vec::with_capacity(current.len());
    for record in current {
        let before = known.get(&record.external_id);
        batch.push(One {
            record,
            before,
            shape: shape(record, before, &around, reading)?,
            id: before.map_or_else(|| Uuid::now_v7().to_string(), |k| k.id.clone()),
            change: if before.is_some() { Change::Same } else { Change::Made },
        });
    }
    rows(sql, connection, object, &mut batch).await?;
    for one in &batch {
        let edited = one.before.is_some_and(|k| k.edits > 0);
        if edited && connection.is_some() && reading != Reading::Again {
            edits::arrived(sql, one.record, &one.id).await?;
        }
    }
    // Other rules may give other search words and other records to wait for, which are in no column.
    let touched = |one: &&One<'_>| one.change != Change::Same || reading == Reading::Again;
    let news: Vec<&One<'_>> = batch.iter().filter(touched).collect();
    refer(sql, connection, object, &news).await?;
    if object == Object::CrmUser {
        // A CRM user's row has no revision of its own, and a reconcile compares revisions.
        let all: Vec<&One<'_>> = batch.iter().collect();
        keep_raw(sql, connection, &all).await?;
    } else {
        keep_raw(sql, connection, &news).await?;
        find_by(sql, object, &news).await?;
    }
    let mut drafts = BTreeMap::new();
    for one in news {
        let stored = Stored {
            record: one.record,
            id: &one.id,
            before: one.before,
            change: one.change,
            owner: one.shape.owner,
            news: one.shape.news.as_ref(),
        };
        if let Some(claim) = follow::after(sql, app, connection, &stored).await? {
            drafts.insert(one.id.clone(), claim);
        }
    }
    let mut taken = batch.into_iter();
    let applied = |record: &Record| match outdated(record) {
        Some(known) => Some((known.id.clone(), Change::Same)),
        None => taken.next().map(|one| (one.id, one.change)),
    };
    Ok(records
        .iter()
        .filter_map(applied)
        .map(|(id, change)| Applied {
            drafted: drafts.get(&id).copied(),
            id,
            change,
        })
        .collect())
}

/// A record on its way into the tables.
struct One<'a> {
    record: &'a Record,
    before: Option<&'a Known>,
    shape: Shape<'a>,
    id: String,
    change: Change,
}

/// Whether a record was read before the one that is stored. Of revisions such as `TIME~DIGEST` the time alone tells.
pub(crate) fn is_older(record: &Record, stored: &str) -> bool {
    let time = |revision: &'_ str| revision.split('~').next().unwrap_or_default().len();
    record.revision[..time(&record.revision)] < stored[..time(stored)]
}

/// A record that was archived at the revision that it has.
fn still_gone(record: &Record, known: Option<&Known>) -> Record {
    let gone = known.is_some_and(|k| k.deleted && k.revision == record.revision);
    Record {
        deleted: record.deleted || gone,
        ..record.clone()
    }
}

/// Their rows: new ones, and those in which something differs.
async fn rows(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    object: Object,
    batch: &mut [One<'_>],
) -> Result<(), Error> {
    let (table, read_at) = (table(object), now().as_microsecond());
    let full = object != Object::CrmUser;
    let beside: &[&str] = if full { &["read_at"] } else { &[] };
    // By their columns, since a project may lack one.
    let mut new: BTreeMap<Vec<&str>, Vec<Vec<Value>>> = BTreeMap::new();
    let mut old: BTreeMap<Vec<&str>, Vec<Vec<Value>>> = BTreeMap::new();
    for one in batch.iter_mut() {
        let (names, values): (Vec<&str>, Vec<Value>) = std::mem::take(&mut one.shape.columns).into_iter().unzip();
        let mut row = args![&one.id];
        row.extend(values);
        let made = one.before.is_none();
        if full {
            row.push(read_at.into());
        }
        if made {
            row.extend(args![connection, &one.record.external_id]);
        }
        let rows = if made { &mut new } else { &mut old };
        rows.entry(names).or_default().push(row);
    }
    for (names, rows) in new {
        let columns = [&["id"][..], &names, beside, &["connection_id", "external_id"]].concat();
        sql.insert_all(table, &columns, rows, "").await?;
    }
    for (names, rows) in old {
        let changed = sql.update_all(table, &names, beside, rows).await?;
        for one in batch.iter_mut().filter(|one| changed.contains(&one.id)) {
            one.change = Change::Changed;
        }
    }
    Ok(())
}

/// What they refer to and still lack, and what waited for them.
async fn refer(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    object: Object,
    news: &[&One<'_>],
) -> Result<(), Error> {
    let known: Vec<&str> = news
        .iter()
        .filter(|one| one.before.is_some())
        .map(|one| one.id.as_str())
        .collect();
    let waiting = news.iter().flat_map(|one| {
        let child_id = one.id.as_str();
        one.shape.missing.iter().map(move |reference| Waiting {
            child_id,
            reference: *reference,
        })
    });
    let waiting: Vec<Waiting<'_>> = waiting.collect();
    awaited::remember(sql, connection, object, &known, &waiting).await?;
    let mut named = HashSet::new();
    for one in news {
        if let Some(project) = one.shape.project.as_ref().filter(|p| named.insert(p.as_str())) {
            // Unless it names another itself.
            sql.run(
                "UPDATE project SET deal_id = $1 WHERE id = $2 AND deal_id IS NULL",
                args![&one.id, project],
            )
            .await?;
        }
    }
    let made = news.iter().filter(|one| one.change == Change::Made);
    let made: Vec<&str> = made.map(|one| one.record.external_id.as_str()).collect();
    awaited::arrived(sql, connection, object, &made).await
}

async fn keep_raw(sql: &mut Sql, connection: Option<ConnectionId>, batch: &[&One<'_>]) -> Result<(), Error> {
    let Some(connection) = connection else { return Ok(()) };
    let (connection, read_at) = (connection.to_string(), now().as_microsecond());
    let row = |one: &&One<'_>| {
        let r = one.record;
        let object = r.object.as_str();
        args![
            &connection,
            object,
            &r.external_id,
            &r.revision,
            r.raw.to_string(),
            read_at
        ]
    };
    let columns = ["connection_id", "object", "external_id", "revision", "body", "read_at"];
    let rows: Vec<Vec<Value>> = batch.iter().map(row).collect();
    sql.insert_all(
        "crm_raw",
        &columns,
        rows,
        "ON CONFLICT (connection_id, object, external_id) DO UPDATE SET revision = excluded.revision, body = excluded.body, \
         read_at = excluded.read_at WHERE crm_raw.revision <> excluded.revision OR crm_raw.body <> excluded.body",
    )
    .await?;
    Ok(())
}

async fn find_by(sql: &mut Sql, object: Object, news: &[&One<'_>]) -> Result<(), Error> {
    let mut things: Vec<Thing<'_>> = Vec::with_capacity(news.len());
    for one in news {
        things.push(Thing {
            id: one.id.clone(),
            texts: if one.record.deleted {
                Vec::new()
            } else {
                one.shape.texts.clone()
            },
        });
    }
    search::index_all(sql, object.as_str(), &things).await
}

/// Marks a record as gone from the CRM; what it belongs to and what it cost stays.
pub async fn archive(sql: &mut Sql, connection: ConnectionId, object: Object, external_id: &str) -> Result<(), Error> {
    if object == Object::CrmUser {
        return Ok(());
    }
    let text = format!(
        "UPDATE {} SET deleted = $1, read_at = $2 WHERE connection_id = $3 AND external_id = $4 RETURNING id",
        table(object)
    );
    let values = args![true, now().as_microsecond(), connection, external_id];
    let rows: Vec<(String,)> = sql.all_built(text, values).await?;
    for (id,) in rows {
        search::index(sql, object.as_str(), &id, &[]).await?;
    }
    Ok(())
}

/// A record of ours, as it is stored without a CRM.
pub fn own_record(external_id: String, revision: String, modified_at: Timestamp, body: Canonical) -> Record {
    Record {
        object: body.object(),
        external_id,
        revision,
        modified_at,
        deleted: false,
        raw: serde_json::Value::Null,
        body,
        url: None,
    }
}
