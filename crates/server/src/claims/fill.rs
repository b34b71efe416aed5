//! Beginning a claim from what the CRM knows: every filled field remembers record, revision and time.

use jiff::civil::Date;
use outlay_core::claim::{Content, Links, Source};
use outlay_core::ids::{AccountId, ActivityId, DealId, EmployeeId};

use super::NewDraft;
use crate::app::App;
use crate::args;
use crate::clock::{day, moment, now};
use crate::db::Sql;
use crate::error::Error;
use crate::people::{maybe, stored};

/// What a claim begins from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Nothing: the customer is chosen later.
    Nothing,
    /// A customer.
    Account(AccountId),
    /// A deal, with its customer, contact, only project and latest visit.
    Deal(DealId),
    /// A logged visit, with its customer, contact and deal.
    Activity(ActivityId),
}

/// A draft for `employee` from a deal; see [`fill`].
pub async fn fill_from_deal(sql: &mut Sql, app: &App, employee: EmployeeId, deal: DealId) -> Result<NewDraft, Error> {
    fill(sql, app, employee, Start::Deal(deal)).await
}

/// A draft for `employee`, booked where they work today, with all that the CRM knows of `start`. Rights to the record
/// are the caller's to check. Nothing is written.
pub async fn fill(sql: &mut Sql, app: &App, employee: EmployeeId, start: Start) -> Result<NewDraft, Error> {
    let org = app.org(sql).await?;
    let place = org
        .primary(employee, day(now(), "UTC"))
        .ok_or_else(|| Error::field("claimant", "no-place"))?;
    let entity = org
        .entity(place.entity)
        .ok_or_else(|| Error::field("entity", "unknown"))?;
    let mut filled = Filled::default();
    let today = day(now(), &entity.zone);
    match start {
        Start::Nothing => {}
        Start::Account(id) => filled.account(sql, &id.to_string()).await?,
        Start::Deal(id) => {
            filled.deal(sql, &id.to_string()).await?;
            filled.latest_visit(sql, &id.to_string(), today).await?;
        }
        Start::Activity(id) => filled.activity(sql, &id.to_string()).await?,
    }
    let content = Content {
        claimant: employee,
        entity: entity.id,
        department: place.department,
        currency: entity.currency,
        title: filled.title(),
        purpose: filled.purpose,
        links: filled.links,
        lines: Vec::new(),
    };
    Ok(NewDraft {
        content,
        sources: filled.sources,
        origin: None,
    })
}

#[derive(Default)]
struct Filled {
    links: Links,
    sources: Vec<Source>,
    account_name: String,
    deal_name: String,
    purpose: String,
}

#[derive(sqlx::FromRow)]
struct Record {
    id: String,
    external_id: String,
    revision: String,
    read_at: i64,
    name: String,
    account_id: Option<String>,
    contact_id: Option<String>,
    deal_id: Option<String>,
    owner: Option<String>,
    happened_on: Option<String>,
}

impl Record {
    fn source(&self, field: &str, object: &str, value: &str) -> Source {
        Source {
            field: field.to_owned(),
            object: object.to_owned(),
            external_id: self.external_id.clone(),
            revision: self.revision.clone(),
            read_at: moment(self.read_at),
            value: value.to_owned(),
        }
    }
}

const ACCOUNT: &str = "SELECT r.id, r.external_id, r.revision, r.read_at, r.name, NULL AS account_id, NULL AS contact_id, \
    NULL AS deal_id, NULL AS owner, NULL AS happened_on FROM account r WHERE r.id = $1 AND r.deleted = $2";
const CONTACT: &str = "SELECT r.id, r.external_id, r.revision, r.read_at, r.name, r.account_id, NULL AS contact_id, \
    NULL AS deal_id, NULL AS owner, NULL AS happened_on FROM contact r WHERE r.id = $1 AND r.deleted = $2";
const DEAL: &str = "SELECT r.id, r.external_id, r.revision, r.read_at, r.name, r.account_id, r.contact_id, \
    NULL AS deal_id, COALESCE(e.name, r.crm_owner) AS owner, NULL AS happened_on \
    FROM deal r LEFT JOIN employee e ON e.id = r.owner_id WHERE r.id = $1 AND r.deleted = $2";
const PROJECTS: &str = "SELECT r.id, r.external_id, r.revision, r.read_at, r.name, r.account_id, NULL AS contact_id, \
    r.deal_id, NULL AS owner, NULL AS happened_on FROM project r WHERE r.deal_id = $1 AND r.deleted = $2 LIMIT 2";
const ACTIVITY: &str = "SELECT r.id, r.external_id, r.revision, r.read_at, r.subject AS name, r.account_id, r.contact_id, \
    r.deal_id, NULL AS owner, r.happened_on FROM activity r WHERE r.id = $1 AND r.deleted = $2";

async fn record(sql: &mut Sql, text: &'static str, id: &str, what: &'static str) -> Result<Record, Error> {
    sql.maybe(text, args![id, false]).await?.ok_or(Error::NotFound(what))
}

impl Filled {
    async fn account(&mut self, sql: &mut Sql, id: &str) -> Result<(), Error> {
        let account = record(sql, ACCOUNT, id, "account").await?;
        self.links.account = Some(stored(&account.id)?);
        self.sources
            .push(account.source("links.account", "account", &account.name));
        self.account_name = account.name;
        Ok(())
    }

    async fn contact(&mut self, sql: &mut Sql, id: &str) -> Result<(), Error> {
        let contact = record(sql, CONTACT, id, "contact").await?;
        self.links.contact = Some(stored(&contact.id)?);
        self.sources
            .push(contact.source("links.contact", "contact", &contact.name));
        Ok(())
    }

    /// The deal, and what hangs on it.
    async fn deal(&mut self, sql: &mut Sql, id: &str) -> Result<(), Error> {
        let deal = record(sql, DEAL, id, "deal").await?;
        self.links.deal = Some(stored(&deal.id)?);
        self.sources.push(deal.source("links.deal", "deal", &deal.name));
        if let Some(owner) = &deal.owner {
            self.sources.push(deal.source("owner", "deal", owner));
        }
        if let (None, Some(account)) = (self.links.account, &deal.account_id) {
            self.account(sql, account).await?;
        }
        if let (None, Some(contact)) = (self.links.contact, &deal.contact_id) {
            self.contact(sql, contact).await?;
        }
        let projects: Vec<Record> = sql.all(PROJECTS, args![id, false]).await?;
        if let [only] = projects.as_slice() {
            self.links.project = Some(stored(&only.id)?);
            self.sources.push(only.source("links.project", "project", &only.name));
        }
        self.deal_name = deal.name;
        Ok(())
    }

    async fn activity(&mut self, sql: &mut Sql, id: &str) -> Result<(), Error> {
        let visit = record(sql, ACTIVITY, id, "activity").await?;
        if let Some(account) = &visit.account_id {
            self.account(sql, account).await?;
        }
        if let Some(contact) = &visit.contact_id {
            self.contact(sql, contact).await?;
        }
        if let Some(deal) = &visit.deal_id {
            self.deal(sql, deal).await?;
        }
        self.visit(&visit)
    }

    /// The last visit of the deal that took place.
    async fn latest_visit(&mut self, sql: &mut Sql, deal: &str, today: Date) -> Result<(), Error> {
        let row: Option<(String,)> = sql
            .maybe(
                "SELECT id FROM activity WHERE deal_id = $1 AND deleted = $2 AND happened_on <= $3 \
                 ORDER BY happened_on DESC, id DESC LIMIT 1",
                args![deal, false, today],
            )
            .await?;
        let Some((id,)) = row else { return Ok(()) };
        let visit = record(sql, ACTIVITY, &id, "activity").await?;
        self.visit(&visit)
    }

    fn visit(&mut self, visit: &Record) -> Result<(), Error> {
        self.links.activity = Some(stored(&visit.id)?);
        self.links.visited_on = maybe(visit.happened_on.clone())?;
        self.sources
            .push(visit.source("links.activity", "activity", &visit.name));
        if let Some(on) = &visit.happened_on {
            self.sources.push(visit.source("links.visited_on", "activity", on));
        }
        self.purpose = visit.name.clone();
        Ok(())
    }

    fn title(&self) -> String {
        let parts = [self.account_name.as_str(), self.deal_name.as_str()];
        let full: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
        full.join(" · ").chars().take(outlay_core::claim::MAX_TITLE).collect()
    }
}
