//! What somebody spent and wrote down: the content of one claim with its receipts, and what shall become of it.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use outlay_core::Money;
use outlay_core::claim::{Allocation, Content, Line, Links, Source};
use outlay_core::ids::{EmployeeId, LineId};

use super::chance::Chance;
use super::company::{Company, Firm, Person};
use super::crm::{Crm, Deal};
use super::evidence::{Purchase, Receipt};
use super::rates::Rates;
use crate::claims::NewDraft;
use crate::error::Error;

/// All that stories draw from.
pub struct Stage {
    /// Who and where.
    pub company: Company,
    /// For whom.
    pub crm: Crm,
    /// At which rate.
    pub rates: Rates,
}

/// A claim to be.
pub struct Story {
    /// Whose.
    pub claimant: EmployeeId,
    /// Place of their firm.
    pub firm: usize,
    /// When it is drafted.
    pub at: Timestamp,
    /// What it says.
    pub new: NewDraft,
    /// Its receipts.
    pub receipts: Vec<Receipt>,
    /// What shall become of it.
    pub fate: Fate,
    /// For all that follows.
    pub chance: Chance,
}

/// What becomes of a claim, as far as time allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Left lying.
    Forgotten,
    /// Handed in and approved.
    Approved,
    /// Sent back once, then approved.
    Returned,
    /// Sent back and left so.
    LeftReturned,
    /// Refused.
    Rejected,
    /// Taken back.
    Withdrawn,
}

/// Writes one claim.
pub struct Writer<'a> {
    stage: &'a Stage,
    pub(super) firm: &'a Firm,
    pub(super) person: &'a Person,
    pub(super) chance: Chance,
    at: Timestamp,
    pub(super) day: Date,
    structured: bool,
    number: u64,
    pub(super) served: Vec<(Option<usize>, u64)>,
    lines: Vec<Line>,
    receipts: Vec<Receipt>,
}

impl<'a> Writer<'a> {
    /// Begins a claim of `person`, drafted at `at`; `number` makes its invoices unlike all others.
    pub fn new(stage: &'a Stage, person: &'a Person, mut chance: Chance, at: Timestamp, number: u64) -> Writer<'a> {
        let firm = &stage.company.firms[person.firm];
        let structured = chance.percent(68);
        let day = crate::clock::day(at, firm.zone);
        Writer {
            stage,
            firm,
            person,
            chance,
            at,
            day,
            structured,
            number: number * 40,
            served: vec![],
            lines: vec![],
            receipts: vec![],
        }
    }

    /// Some deal of the person, else of their firm, that had begun.
    fn deal(&mut self) -> usize {
        let stage = self.stage;
        let begun = |d: &&(usize, &Deal)| d.1.begun_on < self.day;
        let ours: Vec<(usize, &Deal)> = stage
            .crm
            .deals
            .iter()
            .enumerate()
            .filter(|(_, d)| stage.crm.accounts[d.account].firm == self.person.firm)
            .collect();
        let own: Vec<usize> = ours
            .iter()
            .filter(|(_, d)| d.owner == self.person.id)
            .filter(begun)
            .map(|(n, _)| *n)
            .collect();
        if !own.is_empty() {
            return *self.chance.pick(&own);
        }
        let any: Vec<usize> = ours.iter().filter(begun).map(|(n, _)| *n).collect();
        if any.is_empty() {
            ours[0].0
        } else {
            *self.chance.pick(&any)
        }
    }

    pub(super) fn begin(&mut self, deal: Option<usize>) -> usize {
        let deal = deal.unwrap_or_else(|| self.deal());
        let split = self.chance.percent(14);
        let other = if split { self.deal() } else { deal };
        self.served = if other == deal {
            vec![(Some(deal), 1)]
        } else {
            vec![(Some(deal), 7), (Some(other), 3)]
        };
        deal
    }

    /// Some day, `low` to `high` days before the draft.
    pub(super) fn back(&mut self, low: i64, high: i64) -> Date {
        self.day
            .saturating_sub(Span::new().days(self.chance.between(low, high)))
    }

    pub(super) fn price(&mut self, low: i64, high: i64) -> Money {
        // Whole tens of cents look like prices.
        Money::new(self.chance.between(low * 10, high * 10) * 10, self.firm.currency)
    }

    pub(super) fn place(&self, deal: usize) -> (&'static str, String) {
        let account = &self.stage.crm.accounts[self.stage.crm.deals[deal].account];
        (account.city, account.short.clone())
    }

    pub(super) fn contact(&self, deal: usize) -> String {
        let account = &self.stage.crm.accounts[self.stage.crm.deals[deal].account];
        account
            .contacts
            .first()
            .map_or_else(String::new, |(_, name)| name.clone())
    }

    /// A line with a receipt, as an e-invoice if this claimant asks for them.
    pub(super) fn line(
        &mut self,
        category: &str,
        on: Date,
        text: String,
        place: Option<&str>,
        quantity: u32,
        gross: Money,
    ) -> Result<(), Error> {
        let on = on.min(self.day);
        self.number += 1;
        let bought = Purchase {
            firm: self.firm,
            category,
            city: place.unwrap_or("上海"),
            on,
            gross,
            quantity,
            number: self.number,
        };
        let receipt = if self.structured || self.chance.percent(35) {
            Receipt::invoice(&mut self.chance, &bought, self.person.id, self.at)?
        } else {
            Receipt::paper(&mut self.chance, &bought, self.person.id, self.at)
        };
        self.bare(category, on, text, place, quantity, gross);
        let creditable = !matches!(category, "meals" | "hospitality" | "other") || !self.firm.is_chinese();
        if let Some(line) = self.lines.last_mut() {
            line.evidence = Some(receipt.evidence());
            line.tax = receipt.invoice.as_ref().and_then(|i| i.tax).filter(|_| creditable);
        }
        self.receipts.push(receipt);
        Ok(())
    }

    /// A line paid in another currency, with a receipt on paper.
    pub(super) fn foreign(
        &mut self,
        category: &str,
        on: Date,
        text: String,
        place: &str,
        quantity: u32,
        paid: Money,
    ) -> Result<(), Error> {
        let currency = self.firm.currency;
        let rate = self
            .stage
            .rates
            .on(paid.currency, currency, on)
            .ok_or_else(|| Error::Broken("demo rates".into()))?;
        let claimed = paid
            .convert(rate.value, currency)
            .map_err(|e| Error::Broken(e.to_string()))?;
        self.number += 1;
        let bought = Purchase {
            firm: self.firm,
            category,
            city: place,
            on,
            gross: paid,
            quantity,
            number: self.number,
        };
        let receipt = Receipt::paper(&mut self.chance, &bought, self.person.id, self.at);
        self.bare(category, on, text, Some(place), quantity, claimed);
        if let Some(line) = self.lines.last_mut() {
            line.paid = paid;
            line.rate = Some(rate);
            line.evidence = Some(receipt.evidence());
        }
        self.receipts.push(receipt);
        Ok(())
    }

    pub(super) fn bare(
        &mut self,
        category: &str,
        on: Date,
        description: String,
        place: Option<&str>,
        quantity: u32,
        claimed: Money,
    ) {
        let weights: Vec<u64> = self.served.iter().map(|(_, weight)| *weight).collect();
        let allocations = self
            .served
            .iter()
            .zip(claimed.split(&weights))
            .map(|((deal, _), amount)| {
                let deal = deal.map(|d| &self.stage.crm.deals[d]);
                Allocation {
                    account: deal.map(|d| self.stage.crm.accounts[d.account].id),
                    deal: deal.map(|d| d.id),
                    project: deal.and_then(|d| Some(d.project.as_ref()?.0)),
                    cost_center: Some(self.person.center),
                    amount,
                }
            })
            .collect();
        self.lines.push(Line {
            id: LineId(self.chance.id(self.at)),
            category: category.into(),
            incurred_on: on,
            description,
            place: place.map(str::to_owned),
            quantity,
            paid: claimed,
            rate: None,
            claimed,
            tax: None,
            evidence: None,
            trip: None,
            allocations,
        });
    }

    pub(super) fn finish(
        mut self,
        title: String,
        deal: Option<usize>,
        visited_on: Option<Date>,
    ) -> Result<Story, Error> {
        let (links, sources, purpose) = match deal {
            Some(deal) => self.links(deal, visited_on),
            None => (Links::default(), Vec::new(), title.clone()),
        };
        let content = Content {
            claimant: self.person.id,
            entity: self.firm.id,
            department: self.person.department,
            currency: self.firm.currency,
            title,
            purpose,
            links,
            lines: self.lines,
        };
        let fate = self.chance.weighed(&[
            (84, Fate::Approved),
            (6, Fate::Returned),
            (4, Fate::Rejected),
            (3, Fate::Withdrawn),
            (2, Fate::Forgotten),
            (1, Fate::LeftReturned),
        ]);
        Ok(Story {
            claimant: self.person.id,
            firm: self.person.firm,
            at: self.at,
            new: NewDraft {
                content,
                sources,
                origin: None,
            },
            receipts: self.receipts,
            fate,
            chance: self.chance,
        })
    }

    fn links(&mut self, deal: usize, visited_on: Option<Date>) -> (Links, Vec<Source>, String) {
        let deal = &self.stage.crm.deals[deal];
        let account = &self.stage.crm.accounts[deal.account];
        let contact = account.contacts.first();
        let visit = deal.visits.iter().find(|(_, on, _)| Some(*on) == visited_on);
        let links = Links {
            account: Some(account.id),
            contact: contact.map(|(id, _)| *id),
            deal: Some(deal.id),
            project: deal.project.as_ref().map(|(id, _)| *id),
            order: deal.order,
            activity: visit.map(|(id, _, _)| *id),
            visited_on,
        };
        let source = |field: &str, object: &str, external_id: &str, revision: &str, value: &str| Source {
            field: field.into(),
            object: object.into(),
            external_id: external_id.into(),
            revision: revision.into(),
            read_at: self.at,
            value: value.into(),
            rule: None,
            per_diem: None,
        };
        let mut sources = vec![
            source("links.account", "account", &account.code, "1", &account.name),
            source("links.deal", "deal", &deal.code, "3", &deal.name),
        ];
        if let Some((_, name)) = contact {
            sources.push(source(
                "links.contact",
                "contact",
                &account.code.replace("ACC", "CON"),
                "1",
                name,
            ));
        }
        let purpose = if self.firm.is_chinese() {
            format!("{}，{}", deal.name, deal.stage)
        } else {
            format!("{} ({})", deal.name, deal.stage)
        };
        (links, sources, purpose)
    }
}
