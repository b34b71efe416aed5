//! What somebody spent and wrote down: the content of one claim with its receipts, and what shall become of it.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use outlay_core::claim::{Allocation, Content, Line, Links, Source};
use outlay_core::ids::{EmployeeId, LineId};
use outlay_core::{Currency, Money};

use super::calendar::workday;
use super::chance::Chance;
use super::company::{Company, Firm, Person};
use super::crm::{Crm, Deal};
use super::evidence::{Purchase, Receipt};
use super::rates::Rates;
use super::words;
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
    firm: &'a Firm,
    person: &'a Person,
    chance: Chance,
    at: Timestamp,
    day: Date,
    structured: bool,
    number: u64,
    served: Vec<(Option<usize>, u64)>,
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

    /// A claim of a kind that fits the person.
    pub fn any(mut self) -> Result<Story, Error> {
        let travels = self.person.sells()
            || self.person.department_code.starts_with("LS.T")
            || self.person.department_code.starts_with("LS.E.D");
        let kind = if travels {
            self.chance.between(0, 99)
        } else {
            80 + self.chance.between(0, 19)
        };
        match kind {
            0..=39 => self.trip(None),
            40..=64 => self.visit(None),
            65..=79 => self.dinner(None),
            80..=86 => self.small("telecom"),
            87..=95 => self.small("office"),
            _ => self.fair(),
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

    fn begin(&mut self, deal: Option<usize>) -> usize {
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
    fn back(&mut self, low: i64, high: i64) -> Date {
        self.day
            .saturating_sub(Span::new().days(self.chance.between(low, high)))
    }

    fn price(&mut self, low: i64, high: i64) -> Money {
        // Whole tens of cents look like prices.
        Money::new(self.chance.between(low * 10, high * 10) * 10, self.firm.currency)
    }

    /// A journey with hotel, of one to four nights.
    pub fn trip(mut self, deal: Option<usize>) -> Result<Story, Error> {
        let deal = self.begin(deal);
        let german = !self.firm.is_chinese();
        let (city, short) = self.place(deal);
        if ["北京", "Hamburg"].contains(&city) {
            return self.visit(Some(deal));
        }
        let nights = u32::try_from(self.chance.between(1, 4)).unwrap_or(1);
        let first = workday(self.back(i64::from(nights) + 1, i64::from(nights) + 6));
        let last = first.saturating_add(Span::new().days(i64::from(nights)));
        let last = last.min(self.day);
        let abroad = self.chance.percent(5) && !german;
        let air = self.chance.percent(25);
        let home = if german { "Hamburg" } else { "北京南" };
        for (on, from, to) in [(first, home, city), (last, city, home)] {
            let (category, gross, seat) = match (air, german) {
                (true, false) => ("travel.air", self.price(580, 1_500), "经济舱"),
                (false, false) => (
                    "travel.rail",
                    self.price(120, 560),
                    if self.chance.percent(6) {
                        "一等座"
                    } else {
                        "二等座"
                    },
                ),
                (true, true) => ("travel.air", self.price(110, 380), "Economy"),
                (false, true) => ("travel.rail", self.price(29, 160), "2. Klasse"),
            };
            let text = format!("{from} → {to}, {seat}").replace(", ", if german { ", " } else { "，" });
            self.line(category, on, text, None, 1, gross)?;
        }
        let each = match (german, self.chance.percent(14)) {
            (false, false) => self.price(240, 390),
            (false, true) => self.price(520, 700),
            (true, false) => self.price(82, 109),
            (true, true) => self.price(150, 190),
        };
        let hotel = Money::new(each.minor * i64::from(nights), each.currency);
        let text = if german {
            format!("{city}, {nights} Nächte")
        } else {
            format!("{city}，{nights} 晚")
        };
        if abroad {
            let euros = Money::new(self.chance.between(90, 160) * 100 * i64::from(nights), Currency::EUR);
            self.foreign(
                "lodging",
                first,
                format!("汉堡展会住宿，{nights} 晚"),
                "汉堡",
                nights,
                euros,
            )?;
        } else {
            self.line("lodging", first, text, Some(city), nights, hotel)?;
        }
        for n in 0..nights.min(2) {
            let on = first.saturating_add(Span::new().days(i64::from(n))).min(self.day);
            let gross = if german { self.price(9, 26) } else { self.price(35, 110) };
            self.line("meals", on, String::new(), Some(city), 1, gross)?;
        }
        let gross = if german { self.price(14, 48) } else { self.price(22, 95) };
        let text = if german {
            "Bahnhof – Kunde"
        } else {
            "车站往返客户现场"
        };
        self.line("travel.taxi", first, text.into(), Some(city), 1, gross)?;
        let title = match (german, self.chance.percent(50)) {
            (false, true) => format!("{city}拜访{short}"),
            (false, false) => format!("{short}{}出差", words::visit(&mut self.chance, false)),
            (true, _) => format!("{} {short}, {city}", words::visit(&mut self.chance, true)),
        };
        self.finish(title, Some(deal), Some(first))
    }

    /// An hour at a customer in town.
    pub fn visit(mut self, deal: Option<usize>) -> Result<Story, Error> {
        let deal = self.begin(deal);
        let german = !self.firm.is_chinese();
        let (city, short) = self.place(deal);
        let on = workday(self.back(1, 5));
        let text = if german {
            "Hin und zurück"
        } else {
            "往返客户现场"
        };
        let gross = if german {
            self.price(18, 60)
        } else {
            self.price(30, 130)
        };
        self.line("travel.taxi", on, text.into(), Some(city), 1, gross)?;
        if german && self.chance.percent(40) {
            let kilometres = self.chance.between(20, 240);
            let gross = Money::new(kilometres * 30, Currency::EUR);
            let quantity = u32::try_from(kilometres).unwrap_or(1);
            self.bare("travel.mileage", on, "Eigener Pkw".into(), None, quantity, gross);
        }
        let gross = if german { self.price(9, 26) } else { self.price(28, 105) };
        self.line("meals", on, String::new(), Some(city), 1, gross)?;
        let what = words::visit(&mut self.chance, german);
        let title = if german {
            format!("{what} {short}")
        } else {
            format!("{short}{what}")
        };
        self.finish(title, Some(deal), Some(on))
    }

    /// A meal with people of a customer.
    pub fn dinner(mut self, deal: Option<usize>) -> Result<Story, Error> {
        let deal = self.begin(deal);
        self.served = vec![(Some(deal), 1)];
        let german = !self.firm.is_chinese();
        let (city, short) = self.place(deal);
        let on = workday(self.back(1, 6));
        let people = u32::try_from(self.chance.between(2, 7)).unwrap_or(2);
        let each = match (german, self.chance.percent(12)) {
            (false, false) => self.price(70, 145),
            (false, true) => self.price(205, 260),
            (true, false) => self.price(24, 58),
            (true, true) => self.price(64, 88),
        };
        let gross = Money::new(each.minor * i64::from(people), each.currency);
        let contact = self.contact(deal);
        let text = if german {
            format!("Abendessen mit {contact}")
        } else {
            format!("与{contact}等共进晚餐")
        };
        self.line("hospitality", on, text, Some(city), people, gross)?;
        if self.chance.percent(45) {
            let gross = if german { self.price(12, 30) } else { self.price(20, 70) };
            let text = if german { "Rückfahrt" } else { "招待后返程" };
            self.line("travel.taxi", on, text.into(), Some(city), 1, gross)?;
        }
        let title = if german {
            format!("Bewirtung {short}")
        } else {
            format!("招待{short}{contact}一行")
        };
        self.finish(title, Some(deal), Some(on))
    }

    fn small(mut self, category: &'static str) -> Result<Story, Error> {
        self.served = vec![(None, 1)];
        let german = !self.firm.is_chinese();
        let on = workday(self.back(1, 9));
        let month = on.month();
        let (title, gross) = match (category, german) {
            ("telecom", false) => (format!("{month} 月通讯费"), self.price(88, 199)),
            ("telecom", true) => (format!("Mobilfunk {month:02}/{}", on.year()), self.price(22, 55)),
            (_, false) => (
                (*self
                    .chance
                    .pick(&["部门办公用品", "打印耗材", "会议室用品", "工具与耗材"]))
                .to_owned(),
                self.price(60, 420),
            ),
            (_, true) => (
                (*self.chance.pick(&["Bürobedarf", "Druckerpatronen", "Werkzeug"])).to_owned(),
                self.price(14, 110),
            ),
        };
        self.line(category, on, title.clone(), None, 1, gross)?;
        self.finish(title, None, None)
    }

    fn fair(mut self) -> Result<Story, Error> {
        self.served = vec![(None, 1)];
        let german = !self.firm.is_chinese();
        let on = workday(self.back(2, 10));
        let gross = if german {
            self.price(380, 2_400)
        } else {
            self.price(2_200, 14_500)
        };
        let (title, text) = if german {
            ("Messeteilnahme", "Standpaket")
        } else {
            ("工业视觉展参展", "标准展位与搭建")
        };
        self.line("conference", on, text.into(), None, 1, gross)?;
        let gross = if german {
            self.price(80, 400)
        } else {
            self.price(300, 1_900)
        };
        self.line(
            "samples",
            on,
            if german { "Muster" } else { "展品样件" }.into(),
            None,
            1,
            gross,
        )?;
        self.finish(title.to_owned(), None, None)
    }

    fn place(&self, deal: usize) -> (&'static str, String) {
        let account = &self.stage.crm.accounts[self.stage.crm.deals[deal].account];
        (account.city, account.short.clone())
    }

    fn contact(&self, deal: usize) -> String {
        let account = &self.stage.crm.accounts[self.stage.crm.deals[deal].account];
        account
            .contacts
            .first()
            .map_or_else(String::new, |(_, name)| name.clone())
    }

    /// A line with a receipt, as an e-invoice if this claimant asks for them.
    fn line(
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
    fn foreign(
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

    fn bare(
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
            allocations,
        });
    }

    fn finish(mut self, title: String, deal: Option<usize>, visited_on: Option<Date>) -> Result<Story, Error> {
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
