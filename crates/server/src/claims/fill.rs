//! Beginning a claim from what the CRM knows: every filled field remembers record, revision and time.

use jiff::civil::Date;
use outlay_connect::Object;
use outlay_core::claim::{Content, Links, Source};
use outlay_core::ids::{AccountId, ActivityId, DealId, EmployeeId};

use super::NewDraft;
use super::records::{Record, find, get};
use crate::app::App;
use crate::args;
use crate::clock::{day, now};
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
        Start::Account(id) => filled.account(get(sql, Object::Account, &id.to_string()).await?)?,
        Start::Deal(id) => {
            let deal = get(sql, Object::Deal, &id.to_string()).await?;
            filled.deal(sql, deal).await?;
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

/// What hangs on a record may be archived, and is left out then.
impl Filled {
    fn account(&mut self, account: Record) -> Result<(), Error> {
        self.links.account = Some(stored(&account.id)?);
        self.sources
            .push(account.source("links.account", Object::Account, &account.name));
        self.account_name = account.name;
        Ok(())
    }

    /// The customer and the contact of a record, unless they are known from a nearer one.
    async fn met(&mut self, sql: &mut Sql, record: &Record) -> Result<(), Error> {
        if let (None, Some(id)) = (self.links.account, &record.account_id)
            && let Some(account) = find(sql, Object::Account, id).await?
        {
            self.account(account)?;
        }
        if let (None, Some(id)) = (self.links.contact, &record.contact_id)
            && let Some(contact) = find(sql, Object::Contact, id).await?
        {
            self.links.contact = Some(stored(&contact.id)?);
            self.sources
                .push(contact.source("links.contact", Object::Contact, &contact.name));
        }
        Ok(())
    }

    /// The deal, and what hangs on it.
    async fn deal(&mut self, sql: &mut Sql, deal: Record) -> Result<(), Error> {
        let id = &deal.id;
        self.links.deal = Some(stored(id)?);
        self.sources.push(deal.source("links.deal", Object::Deal, &deal.name));
        if let Some(owner) = &deal.owner {
            self.sources.push(deal.source("owner", Object::Deal, owner));
        }
        self.met(sql, &deal).await?;
        let projects: Vec<(String,)> = sql
            .all(
                "SELECT id FROM project WHERE deal_id = $1 AND deleted = $2 LIMIT 2",
                args![id, false],
            )
            .await?;
        if let [(only,)] = projects.as_slice() {
            let only = get(sql, Object::Project, only).await?;
            self.links.project = Some(stored(&only.id)?);
            self.sources
                .push(only.source("links.project", Object::Project, &only.name));
        }
        self.deal_name = deal.name;
        Ok(())
    }

    async fn activity(&mut self, sql: &mut Sql, id: &str) -> Result<(), Error> {
        let visit = get(sql, Object::Activity, id).await?;
        self.met(sql, &visit).await?;
        if let Some(id) = &visit.deal_id
            && let Some(deal) = find(sql, Object::Deal, id).await?
        {
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
        let visit = get(sql, Object::Activity, &id).await?;
        self.visit(&visit)
    }

    fn visit(&mut self, visit: &Record) -> Result<(), Error> {
        self.links.activity = Some(stored(&visit.id)?);
        self.links.visited_on = maybe(visit.happened_on.clone())?;
        self.sources
            .push(visit.source("links.activity", Object::Activity, &visit.name));
        if let Some(on) = &visit.happened_on {
            self.sources
                .push(visit.source("links.visited_on", Object::Activity, on));
        }
        self.purpose = visit.name.clone();
        Ok(())
    }

    fn title(&self) -> String {
        let account = Some(self.account_name.as_str()).filter(|a| !a.is_empty());
        let full = match (account, self.deal_name.as_str()) {
            (account, "") => account.unwrap_or_default().to_owned(),
            (account, deal) => crate::shell::deal_title(account, deal),
        };
        full.chars().take(outlay_core::claim::MAX_TITLE).collect()
    }
}
