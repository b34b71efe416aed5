//! What the pages of a deal and of an account show, and what programs get for them.

use outlay_connect::Object;
use outlay_core::ids::EmployeeId;
use outlay_core::{Currency, Money};
use serde::Serialize;
use utoipa::ToSchema;

use super::records::{self, RecordView, RecordsWanted};
use super::spend::{self, ClaimShare, Happening, SpendView};
use super::{record_facts, write_back};
use crate::app::App;
use crate::args;
use crate::auth::{Action, RecordFacts, Resource, Visitor};
use crate::clock::moment;
use crate::db::{Sql, Value, dialect};
use crate::edits::{self, EditView};
use crate::error::Error;

/// What was last written back to the CRM.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WrittenView {
    /// Counts the writes to this record.
    pub revision: i64,
    /// When, RFC 3339.
    pub at: String,
    /// The paid and the pending figure; absent while a write is under way.
    #[schema(value_type = Option<Vec<Object>>)]
    pub figures: Option<(Money, Money)>,
}

/// A deal with what it costs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DealView {
    /// The record.
    #[serde(flatten)]
    pub record: RecordView,
    /// What it costs, a currency each.
    pub spend: Vec<SpendView>,
    /// Of its newest 100 claims those that the reader may see, the last changed first.
    pub claims: Vec<ClaimShare>,
    /// How many of the others of those 100 are in the figures.
    pub hidden_claims: i64,
    /// Whether there are older claims than those 100.
    pub more_claims: bool,
    /// Its visits and calls.
    pub activities: Vec<RecordView>,
    /// Its projects.
    pub projects: Vec<RecordView>,
    /// Its orders.
    pub orders: Vec<RecordView>,
    /// What happened lately.
    pub timeline: Vec<Happening>,
    /// What its CRM was told.
    pub written: Option<WrittenView>,
    /// Whether the reader may change it here, Outlay being its master.
    pub may_edit: bool,
    /// Whether the reader may change it in its CRM from here.
    pub may_write: bool,
    /// Changes on their way to its CRM, those that wait for a decision, and those that ended in the last day.
    pub edits: Vec<EditView>,
}

/// An account with what it costs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountView {
    /// The record.
    #[serde(flatten)]
    pub record: RecordView,
    /// What it costs, a currency each.
    pub spend: Vec<SpendView>,
    /// Of its newest 100 claims those that the reader may see, the last changed first.
    pub claims: Vec<ClaimShare>,
    /// How many of the others of those 100 are in the figures.
    pub hidden_claims: i64,
    /// Whether there are older claims than those 100.
    pub more_claims: bool,
    /// Its deals that the reader may see.
    pub deals: Vec<RecordView>,
    /// Its contacts.
    pub contacts: Vec<RecordView>,
    /// Its projects.
    pub projects: Vec<RecordView>,
    /// Its orders.
    pub orders: Vec<RecordView>,
    /// What its CRM was told.
    pub written: Option<WrittenView>,
    /// Whether the reader may change it here, Outlay being its master.
    pub may_edit: bool,
    /// Whether the reader may change it in its CRM from here.
    pub may_write: bool,
    /// Changes on their way to its CRM, those that wait for a decision, and those that ended in the last day.
    pub edits: Vec<EditView>,
}

/// A person at a customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ContactView {
    /// The record.
    #[serde(flatten)]
    pub record: RecordView,
    /// Whether the reader may change it here, Outlay being its master.
    pub may_edit: bool,
    /// Whether the reader may change it in its CRM from here.
    pub may_write: bool,
    /// Changes on their way to its CRM, those that wait for a decision, and those that ended in the last day.
    pub edits: Vec<EditView>,
}

/// The facts of a record that the visitor may read; not found if they may not, for its existence is a secret.
pub async fn readable(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    object: Object,
    id: &str,
) -> Result<RecordFacts, Error> {
    let org = app.org(sql).await?;
    let facts = record_facts(sql, &org, object, id).await?;
    if app
        .rights
        .may(&visitor.person, Action::ReadRecord, &Resource::Record(&facts))
    {
        Ok(facts)
    } else {
        Err(Error::NotFound(object.as_str()))
    }
}

/// One record that the visitor may read.
pub async fn record(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    object: Object,
    id: &str,
) -> Result<RecordView, Error> {
    readable(sql, app, visitor, object, id).await?;
    shown(sql, object, id).await
}

/// A record as it looks with what is on its way to the CRM.
async fn shown(sql: &mut Sql, object: Object, id: &str) -> Result<RecordView, Error> {
    let mut record = records::one(sql, object, id).await?;
    edits::overlay(sql, std::slice::from_mut(&mut record)).await?;
    Ok(record)
}

/// A contact, if the visitor may read it.
pub async fn contact(sql: &mut Sql, app: &App, visitor: &Visitor, id: &str) -> Result<ContactView, Error> {
    let facts = readable(sql, app, visitor, Object::Contact, id).await?;
    Ok(ContactView {
        record: shown(sql, Object::Contact, id).await?,
        may_edit: app
            .rights
            .may(&visitor.person, Action::EditRecord, &Resource::Record(&facts)),
        may_write: edits::may_write(sql, app, visitor, &facts, Object::Contact, id).await?,
        edits: edits::of_record(sql, app, visitor, &facts, Object::Contact, id).await?,
    })
}

/// Records that the visitor may read; deals and accounts with their sums.
pub async fn list(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    object: Object,
    wanted: &RecordsWanted,
) -> Result<records::RecordsView, Error> {
    let org = app.org(sql).await?;
    let mut view = records::list(sql, &visitor.person, &org, object, wanted).await?;
    edits::overlay(sql, &mut view.records).await?;
    if matches!(object, Object::Deal | Object::Account) {
        sums(sql, object, &mut view.records).await?;
    }
    if object == Object::Account {
        sales(sql, &mut view.records).await?;
    }
    Ok(view)
}

async fn sums(sql: &mut Sql, object: Object, records: &mut [RecordView]) -> Result<(), Error> {
    let ids: Vec<&str> = records.iter().map(|r| r.id.as_str()).collect();
    let all = spend::sums(sql, object.as_str(), &ids).await?;
    for record in records {
        record.spend = Some(
            all.iter()
                .filter(|(id, ..)| *id == record.id)
                .map(|(_, pending, paid)| records::Sum {
                    spent: Money::new(pending.minor + paid.minor, paid.currency),
                    pending: *pending,
                })
                .collect(),
        );
    }
    Ok(())
}

/// Open deals and won amounts of accounts.
async fn sales(sql: &mut Sql, records: &mut [RecordView]) -> Result<(), Error> {
    if records.is_empty() {
        return Ok(());
    }
    let text = format!(
        "SELECT account_id, stage_kind, currency, COUNT(*), CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM deal \
         WHERE deleted = $1 AND account_id IN ({}) GROUP BY account_id, stage_kind, currency ORDER BY currency",
        dialect::list(2, records.len())
    );
    let mut values = args![false];
    values.extend(records.iter().map(|r| Value::from(&r.id)));
    let rows: Vec<(String, String, Option<String>, i64, i64)> = sql.all_built(text, values).await?;
    for record in records {
        let own = || rows.iter().filter(|row| row.0 == record.id);
        record.open_deals = Some(own().filter(|row| row.1 == "open").map(|row| row.3).sum());
        record.won = Some(
            own()
                .filter(|row| row.1 == "won")
                .filter_map(|row| Some(Money::new(row.4, Currency::parse(row.2.as_deref()?).ok()?)))
                .collect(),
        );
    }
    Ok(())
}

/// A deal, if the visitor may read it.
pub async fn deal(sql: &mut Sql, app: &App, visitor: &Visitor, id: &str) -> Result<DealView, Error> {
    let facts = readable(sql, app, visitor, Object::Deal, id).await?;
    let record = shown(sql, Object::Deal, id).await?;
    let rules = app.rules(sql).await?;
    let of = RecordsWanted {
        deal: Some(id.to_owned()),
        limit: Some(100),
        ..RecordsWanted::default()
    };
    let newest = spend::newest(sql, &visitor.person, "deal", id).await?;
    let mut activities = list(sql, app, visitor, Object::Activity, &of).await?.records;
    activities.sort_by(|a, b| b.on.cmp(&a.on));
    let written = written(sql, Object::Deal, id).await?;
    let mut spend = spend::spend(sql, &rules, visitor.lang, "deal", id, record.amount).await?;
    if record.stage_kind.as_deref() == Some("lost") {
        // Its amount will not come.
        spend.iter_mut().for_each(|s| s.margin = None);
    }
    Ok(DealView {
        spend,
        timeline: spend::timeline(sql, &newest.shown, &activities, written.as_ref()).await?,
        claims: newest.shown,
        hidden_claims: newest.hidden,
        more_claims: newest.more,
        activities,
        projects: list(sql, app, visitor, Object::Project, &of).await?.records,
        orders: list(sql, app, visitor, Object::Order, &of).await?.records,
        written,
        may_edit: app
            .rights
            .may(&visitor.person, Action::EditRecord, &Resource::Record(&facts)),
        may_write: edits::may_write(sql, app, visitor, &facts, Object::Deal, id).await?,
        edits: edits::of_record(sql, app, visitor, &facts, Object::Deal, id).await?,
        record,
    })
}

/// An account, if the visitor may read it.
pub async fn account(sql: &mut Sql, app: &App, visitor: &Visitor, id: &str) -> Result<AccountView, Error> {
    let facts = readable(sql, app, visitor, Object::Account, id).await?;
    let mut record = shown(sql, Object::Account, id).await?;
    sales(sql, std::slice::from_mut(&mut record)).await?;
    let rules = app.rules(sql).await?;
    let of = RecordsWanted {
        account: Some(id.to_owned()),
        limit: Some(100),
        ..RecordsWanted::default()
    };
    let newest = spend::newest(sql, &visitor.person, "account", id).await?;
    let won = record.won.as_ref().and_then(|w| w.first().copied());
    Ok(AccountView {
        spend: spend::spend(sql, &rules, visitor.lang, "account", id, won).await?,
        claims: newest.shown,
        hidden_claims: newest.hidden,
        more_claims: newest.more,
        deals: list(sql, app, visitor, Object::Deal, &of).await?.records,
        contacts: list(sql, app, visitor, Object::Contact, &of).await?.records,
        projects: list(sql, app, visitor, Object::Project, &of).await?.records,
        orders: list(sql, app, visitor, Object::Order, &of).await?.records,
        written: written(sql, Object::Account, id).await?,
        may_edit: app
            .rights
            .may(&visitor.person, Action::EditRecord, &Resource::Record(&facts)),
        may_write: edits::may_write(sql, app, visitor, &facts, Object::Account, id).await?,
        edits: edits::of_record(sql, app, visitor, &facts, Object::Account, id).await?,
        record,
    })
}

async fn written(sql: &mut Sql, object: Object, id: &str) -> Result<Option<WrittenView>, Error> {
    let last = write_back::written(sql, object.as_str(), id).await?;
    Ok(last.map(|(totals, revision, at)| WrittenView {
        revision,
        at: moment(at).to_string(),
        figures: totals.map(|t| t.figures()),
    }))
}

/// Whether new records may be made here: no CRM is connected that would be their master.
pub async fn is_own_master(sql: &mut Sql) -> Result<bool, Error> {
    let (connections,): (i64,) = sql.one("SELECT COUNT(*) FROM connection", args![]).await?;
    Ok(connections == 0)
}

/// Active employees, by name, to choose an owner from; only the visitor unless they keep everybody's records.
pub async fn owners(sql: &mut Sql, app: &App, visitor: &Visitor) -> Result<Vec<(EmployeeId, String)>, Error> {
    let org = app.org(sql).await?;
    let all = app
        .rights
        .may(&visitor.person, Action::ManageRecords, &Resource::Outlay);
    let mut people: Vec<(EmployeeId, String)> = org
        .employees()
        .filter(|e| e.active && (all || e.id == visitor.person.id()))
        .map(|e| (e.id, e.name.clone()))
        .collect();
    people.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(people)
}
