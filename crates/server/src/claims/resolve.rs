//! From what was typed to a content: every field is read strictly, every record looked up, every problem named.

use std::collections::HashMap;
use std::str::FromStr;

use jiff::civil::Date;
use outlay_connect::Object;
use outlay_core::claim::{Allocation, Content, Evidence, Grade, Line, Links, MAX_LINES, Problem, Rate, Source};
use outlay_core::ids::{ClaimId, EntityId, LineId};
use outlay_core::money::parse_decimal;
use outlay_core::{Currency, Money, MoneyError};
use uuid::Uuid;

use super::input::{AllocationInput, AmountInput, ClaimInput, LineInput, RateInput};
use super::per_diem::Journey;
use super::records::{self, Record};
use super::{fx, store};
use crate::app::App;
use crate::args;
use crate::auth::Person;
use crate::db::Sql;
use crate::error::Error;
use crate::people::{maybe, stored};

/// Reads `input` as the new content of a claim whose content and sources are those of `base`. `id` is the claim's,
/// if it exists. [`Error::Invalid`] names every field that cannot be accepted.
pub async fn resolve(
    sql: &mut Sql,
    app: &App,
    person: &Person,
    id: Option<ClaimId>,
    base: (&Content, &[Source]),
    input: &ClaimInput,
) -> Result<(Content, Vec<Source>), Error> {
    let org = app.org(sql).await?;
    let mut content = base.0.clone();
    let mut problems = Vec::new();
    if let Some(entity) = field_id(&mut problems, "entity", &input.entity)
        && entity != content.entity
    {
        let today = store::today(&org, &content)?;
        match (org.place(content.claimant, entity, today), org.entity(entity)) {
            (Some(place), Some(entity)) => {
                content.entity = entity.id;
                content.department = place.department;
                content.currency = entity.currency;
            }
            _ => problems.push(Problem::new("entity", "not-employed-there")),
        }
    }
    content.title = input.title.trim().to_owned();
    content.purpose = input.purpose.trim().replace("\r\n", "\n");
    let mut reading = Reading {
        sql,
        app,
        person,
        id,
        base: base.0,
        entity: content.entity,
        problems,
        records: HashMap::new(),
    };
    let (links, sources) = reading.links(base, input).await?;
    content.links = links;
    content.lines = Vec::new();
    if input.lines.len() > MAX_LINES {
        reading
            .problems
            .push(Problem::new("lines", "too-many").with("max", MAX_LINES));
    } else {
        for (i, line) in input.lines.iter().enumerate() {
            let line = reading.line(i, line, content.currency, &content.links).await?;
            content.lines.extend(line);
        }
    }
    if reading.problems.is_empty() {
        let sources = sources.into_iter().filter(|s| still(s, base.0, &content)).collect();
        Ok((content, sources))
    } else {
        Err(Error::Invalid(reading.problems))
    }
}

/// Whether a field is still what a draft rule made it.
fn still(source: &Source, before: &Content, after: &Content) -> bool {
    let line = |content: &Content, id: &str| content.lines.iter().find(|l| l.id.to_string() == id).cloned();
    match source.field.as_str() {
        "title" => before.title == after.title,
        "purpose" => before.purpose == after.purpose,
        field => field.strip_prefix("lines.").is_none_or(|id| {
            let same = |a: &Line, b: &Line| (a.paid, a.quantity, a.incurred_on) == (b.paid, b.quantity, b.incurred_on);
            line(before, id).zip(line(after, id)).is_some_and(|(a, b)| same(&a, &b))
        }),
    }
}

struct Reading<'a> {
    sql: &'a mut Sql,
    app: &'a App,
    person: &'a Person,
    id: Option<ClaimId>,
    base: &'a Content,
    entity: EntityId,
    problems: Vec<Problem>,
    records: HashMap<(&'static str, String), Option<Record>>,
}

impl Reading<'_> {
    /// A record that was linked before, or that the person may read; otherwise a problem at `field`.
    async fn record(&mut self, field: &str, object: Object, id: &str) -> Result<Option<Record>, Error> {
        if id.is_empty() {
            return Ok(None);
        }
        let key = (object.as_str(), id.to_owned());
        if !self.records.contains_key(&key) {
            let found = if Uuid::parse_str(id).is_err() {
                None
            } else if mentions(self.base, object, id) {
                records::find(self.sql, object, id).await?
            } else {
                records::readable(self.sql, self.app, self.person, object, id).await?
            };
            self.records.insert(key.clone(), found);
        }
        let found = self.records.get(&key).cloned().flatten();
        if found.is_none() {
            self.problems.push(Problem::new(field, "unknown"));
        }
        Ok(found)
    }

    async fn links(&mut self, base: (&Content, &[Source]), input: &ClaimInput) -> Result<(Links, Vec<Source>), Error> {
        let typed = &input.links;
        let before = ClaimInput::of(base.0).links;
        let mut links = Links::default();
        let mut sources: Vec<Source> = base
            .1
            .iter()
            .filter(|s| !s.field.starts_with("links.") && s.field != "owner")
            .cloned()
            .collect();
        let kept = |field: &str| base.1.iter().filter(|s| s.field == field).cloned().collect::<Vec<_>>();
        let all = [
            ("links.account", Object::Account, &typed.account, &before.account),
            ("links.contact", Object::Contact, &typed.contact, &before.contact),
            ("links.deal", Object::Deal, &typed.deal, &before.deal),
            ("links.project", Object::Project, &typed.project, &before.project),
            ("links.order", Object::Order, &typed.order, &before.order),
            ("links.activity", Object::Activity, &typed.activity, &before.activity),
        ];
        for (field, object, typed, before) in all {
            let Some(record) = self.record(field, object, typed).await? else {
                continue;
            };
            match object {
                Object::Account => links.account = Some(stored(&record.id)?),
                Object::Contact => links.contact = Some(stored(&record.id)?),
                Object::Project => links.project = Some(stored(&record.id)?),
                Object::Order => links.order = Some(stored(&record.id)?),
                Object::Activity => {
                    links.activity = Some(stored(&record.id)?);
                    links.visited_on = maybe(record.happened_on.clone())?;
                }
                Object::Deal | Object::CrmUser => links.deal = Some(stored(&record.id)?),
            }
            if typed == before && !kept(field).is_empty() {
                sources.extend(kept(field));
                if object == Object::Deal {
                    sources.extend(kept("owner"));
                }
                if object == Object::Activity {
                    sources.extend(kept("links.visited_on"));
                }
                continue;
            }
            sources.push(record.source(field, object, &record.name));
            if let (Object::Deal, Some(owner)) = (object, &record.owner) {
                sources.push(record.source("owner", object, owner));
            }
            if let (Object::Activity, Some(on)) = (object, &record.happened_on) {
                sources.push(record.source("links.visited_on", object, on));
            }
        }
        // A deal brings its customer along where none was chosen.
        if links.account.is_none() && typed.account.is_empty() {
            let of_deal = self.records.get(&("deal", typed.deal.clone())).cloned().flatten();
            if let Some(account) = of_deal.and_then(|d| d.account_id)
                && let Some(record) = records::find(self.sql, Object::Account, &account).await?
            {
                links.account = Some(stored(&record.id)?);
                sources.push(record.source("links.account", Object::Account, &record.name));
            }
        }
        Ok((links, sources))
    }

    /// A line, or none if it has problems of its own.
    async fn line(
        &mut self,
        i: usize,
        input: &LineInput,
        currency: Currency,
        links: &Links,
    ) -> Result<Option<Line>, Error> {
        let at = |field: &str| format!("lines[{i}].{field}");
        let id = if input.id.is_empty() {
            Some(LineId(Uuid::now_v7()))
        } else {
            field_id(&mut self.problems, &at("id"), &input.id)
        };
        let on = day(&mut self.problems, &at("incurred_on"), &input.incurred_on);
        let trip = input.trip.as_ref().zip(on).and_then(|(trip, on)| {
            let read = trip.read(on).map_err(|code| Problem::new(at("trip"), code));
            read.map_err(|problem| self.problems.push(problem)).ok()
        });
        let mut typed = input.paid.clone();
        if let (true, Some(on), Some(trip)) = (typed.amount.trim().is_empty(), on, &trip) {
            let journey = Journey {
                claimant: self.base.claimant,
                entity: self.entity,
                account: links.account,
                category: input.category.trim(),
                place: input.place.trim(),
                on,
                trip,
            };
            if let Some((_, granted)) = journey.granted(self.sql, self.app).await? {
                typed.amount = granted.amount.plain();
                typed.currency = granted.amount.currency.code().to_owned();
            }
        }
        let paid = amount(&mut self.problems, &at("paid"), &typed, currency);
        let quantity = quantity(&mut self.problems, &at("quantity"), &input.quantity);
        let rate = match (paid, on) {
            (Some(paid), Some(on)) if paid.currency != currency => {
                self.rate(&at("rate"), input.rate.as_ref(), paid.currency, currency, on)
                    .await?
            }
            _ => None,
        };
        let claimed = match (paid, &rate) {
            (Some(paid), None) if paid.currency == currency => Some(paid),
            (Some(paid), Some(rate)) => match paid.convert(rate.value, currency) {
                Ok(claimed) => Some(claimed),
                Err(error) => {
                    self.problems.push(money_problem(&at("paid"), &error));
                    None
                }
            },
            _ => None,
        };
        let tax = match &input.tax {
            Some(tax) if !tax.amount.is_empty() => amount(&mut self.problems, &at("tax"), tax, currency),
            _ => None,
        };
        let evidence = self.evidence(&at("document"), &input.document).await?;
        let allocations = self
            .allocations(&at("allocations"), &input.allocations, currency, claimed, links)
            .await?;
        let parts = (id, on, paid, quantity, claimed, allocations);
        let (Some(id), Some(on), Some(paid), Some(quantity), Some(claimed), Some(allocations)) = parts else {
            return Ok(None);
        };
        let place = input.place.trim();
        Ok(Some(Line {
            id,
            category: input.category.trim().to_owned(),
            incurred_on: on,
            description: input.description.trim().to_owned(),
            place: (!place.is_empty()).then(|| place.to_owned()),
            quantity,
            paid,
            rate,
            claimed,
            tax,
            evidence,
            allocations,
            trip,
        }))
    }

    async fn rate(
        &mut self,
        field: &str,
        input: Option<&RateInput>,
        from: Currency,
        to: Currency,
        on: Date,
    ) -> Result<Option<Rate>, Error> {
        let typed = input.filter(|r| !r.value.is_empty() || !r.source.is_empty());
        let Some(typed) = typed else {
            let found = fx::latest(self.sql, from, to, on).await?;
            if found.is_none() {
                self.problems.push(
                    Problem::new(field, "no-rate")
                        .with("from", from)
                        .with("to", to)
                        .with("on", on),
                );
            }
            return Ok(found);
        };
        let value = match parse_decimal(&typed.value, 10) {
            Ok(value) if !value.is_zero() => Some(value),
            _ => {
                self.problems.push(Problem::new(field, "not-a-rate"));
                None
            }
        };
        let source = typed.source.trim();
        if source.is_empty() || source.chars().count() > 120 {
            self.problems.push(Problem::new(field, "rate-source"));
        }
        let of = if typed.on.is_empty() {
            Some(on)
        } else {
            day(&mut self.problems, field, &typed.on)
        };
        Ok(value.zip(of).map(|(value, on)| Rate {
            value,
            source: source.to_owned(),
            on,
        }))
    }

    /// The document of a line: the claimant's own or already here, and in no other live claim.
    async fn evidence(&mut self, field: &str, id: &str) -> Result<Option<Evidence>, Error> {
        if id.is_empty() {
            return Ok(None);
        }
        let here = self
            .base
            .lines
            .iter()
            .filter_map(|l| l.evidence.as_ref())
            .find(|e| e.document.to_string() == id);
        if let Some(evidence) = here {
            return Ok(Some(evidence.clone()));
        }
        #[derive(serde::Deserialize)]
        struct Row {
            id: String,
            sha256: String,
            uploaded_by: String,
            invoice_identity: Option<String>,
            grade: String,
            gross_minor: Option<i64>,
            currency: Option<String>,
            claim_id: Option<String>,
            status: Option<String>,
            state: String,
            reversed_by: Option<String>,
        }
        let row: Option<Row> = self
            .sql
            .maybe(
                "SELECT d.id, d.sha256, d.uploaded_by, d.invoice_identity, d.grade, d.gross_minor, d.currency, d.claim_id, \
                 c.status, d.state, d.reversed_by FROM document d LEFT JOIN claim c ON c.id = d.claim_id WHERE d.id = $1",
                args![id],
            )
            .await?;
        let Some(row) = row.filter(|r| r.uploaded_by == self.person.id().to_string()) else {
            self.problems.push(Problem::new(field, "unknown"));
            return Ok(None);
        };
        let unfit = match row.state.as_str() {
            // What it is cannot be held against other claims yet.
            "reading" => Some("document-reading"),
            "red" => Some("invoice-red"),
            _ if row.reversed_by.is_some() => Some("invoice-reversed"),
            _ => None,
        };
        if let Some(code) = unfit {
            self.problems.push(Problem::new(field, code));
        }
        let live = !matches!(row.status.as_deref(), None | Some("withdrawn" | "rejected"));
        let elsewhere = live && row.claim_id != self.id.map(|i| i.to_string());
        // An invoice's own identity says so with its date; see `Refusal::Taken`.
        if elsewhere && row.invoice_identity.is_none() {
            self.problems.push(Problem::new(field, "document-used"));
        }
        let gross = match (row.gross_minor, row.currency) {
            (Some(minor), Some(code)) => {
                let currency = Currency::parse(&code).map_err(|e| Error::Broken(e.to_string()))?;
                Some(Money::new(minor, currency))
            }
            _ => None,
        };
        Ok(Some(Evidence {
            document: stored(&row.id)?,
            sha256: row.sha256,
            invoice: row.invoice_identity,
            gross,
            grade: match row.grade.as_str() {
                "A" => Grade::A,
                "B" => Grade::B,
                _ => Grade::C,
            },
        }))
    }

    async fn allocations(
        &mut self,
        field: &str,
        input: &[AllocationInput],
        currency: Currency,
        claimed: Option<Money>,
        links: &Links,
    ) -> Result<Option<Vec<Allocation>>, Error> {
        if input.is_empty() {
            return Ok(claimed.map(|amount| {
                vec![Allocation {
                    account: links.account,
                    deal: links.deal,
                    project: links.project,
                    cost_center: None,
                    amount,
                }]
            }));
        }
        let count = self.problems.len();
        let mut targets = Vec::new();
        for (j, allocation) in input.iter().enumerate() {
            targets.push(self.target(&format!("{field}[{j}]"), allocation).await?);
        }
        let Some(claimed) = claimed else { return Ok(None) };
        let amounts = shares(&mut self.problems, field, input, currency, claimed);
        if self.problems.len() > count {
            return Ok(None);
        }
        let all = targets
            .into_iter()
            .zip(amounts)
            .map(|(target, amount)| Allocation { amount, ..target })
            .collect();
        Ok(Some(all))
    }

    /// What a part serves; the deal of a project and the customer of a deal come along.
    async fn target(&mut self, field: &str, input: &AllocationInput) -> Result<Allocation, Error> {
        let (mut account, mut deal) = (input.account.clone(), input.deal.clone());
        let project = self
            .record(&format!("{field}.project"), Object::Project, &input.project)
            .await?;
        if let Some(project) = &project {
            deal = self.along(&format!("{field}.deal"), deal, project.deal_id.as_ref());
            account = self.along(&format!("{field}.account"), account, project.account_id.as_ref());
        }
        let along = input.deal.is_empty() && !deal.is_empty();
        let deal = if along {
            records::find(self.sql, Object::Deal, &deal).await?
        } else {
            self.record(&format!("{field}.deal"), Object::Deal, &deal).await?
        };
        if let Some(deal) = &deal {
            account = self.along(&format!("{field}.account"), account, deal.account_id.as_ref());
        }
        let along = input.account.is_empty() && !account.is_empty();
        let account = if along {
            records::find(self.sql, Object::Account, &account).await?
        } else {
            self.record(&format!("{field}.account"), Object::Account, &account)
                .await?
        };
        let cost_center = field_id(&mut self.problems, &format!("{field}.cost_center"), &input.cost_center);
        if let Some(center) = cost_center
            && self.app.org(self.sql).await?.cost_center(center).is_none()
        {
            self.problems
                .push(Problem::new(format!("{field}.cost_center"), "unknown"));
        }
        let id = |r: &Option<Record>| r.as_ref().map(|r| r.id.clone());
        Ok(Allocation {
            account: maybe(id(&account))?,
            deal: maybe(id(&deal))?,
            project: maybe(id(&project))?,
            cost_center,
            amount: Money::zero(self.base.currency),
        })
    }

    /// What a record hangs on: as typed, which must not contradict it.
    fn along(&mut self, field: &str, typed: String, own: Option<&String>) -> String {
        match own {
            Some(own) if typed.is_empty() => own.clone(),
            Some(own) if typed != *own => {
                self.problems.push(Problem::new(field, "not-of-record"));
                typed
            }
            _ => typed,
        }
    }
}

/// The parts of a line, by amounts or by weights.
fn shares(
    problems: &mut Vec<Problem>,
    field: &str,
    input: &[AllocationInput],
    currency: Currency,
    claimed: Money,
) -> Vec<Money> {
    let stated = |a: &AllocationInput| a.amount.as_ref().is_some_and(|m| !m.amount.is_empty());
    if input.iter().any(stated) {
        return input
            .iter()
            .enumerate()
            .filter_map(|(j, a)| {
                let typed = a.amount.clone().unwrap_or_default();
                amount(problems, &format!("{field}[{j}].amount"), &typed, currency)
            })
            .collect();
    }
    if let [only] = input
        && only.weight.is_empty()
    {
        return vec![claimed];
    }
    let mut weights = Vec::new();
    for (j, a) in input.iter().enumerate() {
        let weight = parse_decimal(&a.weight, 4)
            .ok()
            .and_then(|w| u64::try_from(w * rust_decimal::Decimal::from(10_000)).ok())
            .filter(|w| *w <= 10_000_000_000);
        match weight {
            Some(weight) => weights.push(weight),
            None => problems.push(Problem::new(format!("{field}[{j}].weight"), "not-a-weight")),
        }
    }
    let parts = claimed.split(&weights);
    if parts.is_empty() && problems.is_empty() {
        problems.push(Problem::new(field, "not-a-weight"));
    }
    parts
}

fn mentions(content: &Content, object: Object, id: &str) -> bool {
    let same = |other: Option<String>| other.as_deref() == Some(id);
    let links = &content.links;
    let allocations = || content.lines.iter().flat_map(|l| &l.allocations);
    match object {
        Object::Account => {
            same(links.account.map(|i| i.to_string())) || allocations().any(|a| same(a.account.map(|i| i.to_string())))
        }
        Object::Deal => {
            same(links.deal.map(|i| i.to_string())) || allocations().any(|a| same(a.deal.map(|i| i.to_string())))
        }
        Object::Project => {
            same(links.project.map(|i| i.to_string())) || allocations().any(|a| same(a.project.map(|i| i.to_string())))
        }
        Object::Contact => same(links.contact.map(|i| i.to_string())),
        Object::Order => same(links.order.map(|i| i.to_string())),
        Object::Activity => same(links.activity.map(|i| i.to_string())),
        Object::CrmUser => false,
    }
}

fn field_id<T: FromStr>(problems: &mut Vec<Problem>, field: &str, text: &str) -> Option<T> {
    if text.is_empty() {
        return None;
    }
    let id = text.parse().ok();
    if id.is_none() {
        problems.push(Problem::new(field, "unknown"));
    }
    id
}

/// A day written `YYYY-MM-DD`, and in no other way.
fn day(problems: &mut Vec<Problem>, field: &str, text: &str) -> Option<Date> {
    if text.is_empty() {
        problems.push(Problem::new(field, "missing"));
        return None;
    }
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let day = text.parse().ok().filter(|_| plain);
    if day.is_none() {
        problems.push(Problem::new(field, "not-a-date"));
    }
    day
}

fn quantity(problems: &mut Vec<Problem>, field: &str, text: &str) -> Option<u32> {
    if text.is_empty() {
        return Some(1);
    }
    let count = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    if count.is_none() {
        problems.push(Problem::new(field, "not-a-count"));
    }
    count
}

fn amount(problems: &mut Vec<Problem>, field: &str, input: &AmountInput, currency: Currency) -> Option<Money> {
    let parsed = match input.currency.as_str() {
        "" => Ok(currency),
        code => Currency::parse(code),
    };
    let text = input.amount.trim();
    if text.is_empty() {
        problems.push(Problem::new(field, "missing"));
        return None;
    }
    match parsed.and_then(|currency| Money::parse(text, currency)) {
        Ok(money) => Some(money),
        Err(error) => {
            problems.push(money_problem(field, &error));
            None
        }
    }
}

/// What is wrong with an amount, as a problem of a field.
pub(crate) fn money_problem(field: &str, error: &MoneyError) -> Problem {
    match error {
        MoneyError::Decimals { currency, allowed, .. } => Problem::new(field, "decimals")
            .with("currency", currency)
            .with("allowed", allowed),
        MoneyError::TooLarge => Problem::new(field, "too-large"),
        MoneyError::Currency(code) => Problem::new(field, "currency-unknown").with("code", code),
        MoneyError::NotANumber(_) | MoneyError::Mixed(..) => Problem::new(field, "not-a-number"),
    }
}
