//! What the edit page shows: what was typed, what may be chosen, what is wrong, and what would happen.

use std::collections::HashMap;

use jiff::civil::Date;
use outlay_connect::Object;
use outlay_core::claim::{Claim, Problem, Source};
use outlay_core::ids::EntityId;
use outlay_core::org::Org;
use outlay_core::policy::{Granted, Policy, TripDay};
use outlay_core::words::Lang;
use outlay_core::{Currency, Money};

use super::form;
use super::fx;
use super::input::{AllocationInput, ClaimInput, LineInput, MEALS, TripInput};
use super::per_diem::{self, Asks, Journey, asks};
use super::records::{self, Of, Record};
use super::view::{SourceView, source_view};
use crate::app::App;
use crate::auth::{Person, Visitor};
use crate::db::Sql;
use crate::error::Error;
use crate::evidence;
use crate::evidence::shelf::Shelf;
use crate::shell::{W, field_words};

/// One choice of a select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
}

fn choice(value: impl Into<String>, label: impl Into<String>) -> Choice {
    Choice {
        value: value.into(),
        label: label.into(),
    }
}

/// A select for a CRM record.
#[derive(Debug, Clone)]
pub struct LinkField {
    /// Its name in the form.
    pub name: &'static str,
    /// What people call it.
    pub label: String,
    /// What is chosen.
    pub value: String,
    /// What may be.
    pub choices: Vec<Choice>,
    /// Which CRM record it came from.
    pub source: Option<SourceView>,
    /// What is wrong with it.
    pub error: Option<String>,
    /// Whether other choices follow from it.
    pub leads: bool,
}

/// A line as fields.
#[derive(Debug, Clone)]
pub struct LineFields {
    /// Its index, or the placeholder that the script replaces.
    pub i: String,
    /// Its place, from 1; empty for the placeholder.
    pub title: String,
    /// What was typed.
    pub input: LineInput,
    /// The document's name and degree of proof.
    pub document: Option<(String, String)>,
    /// The rate that applies, in words.
    pub rate: Option<String>,
    /// The claimed amount, if it can be told.
    pub claimed: String,
    /// Whether a rate is typed or must be.
    pub rate_by_hand: bool,
    /// What the policy asks of a journey, for a per diem.
    pub trip: Option<TripFields>,
    /// The parts.
    pub allocations: Vec<AllocationFields>,
    /// What is wrong, by field.
    pub errors: HashMap<String, String>,
}

/// The journey of a per diem as fields.
#[derive(Debug, Clone)]
pub struct TripFields {
    /// What was typed.
    pub input: TripInput,
    /// What is asked for.
    pub asks: Asks,
    /// What is granted, and how that came about.
    pub granted: Option<String>,
    /// Whether there are days besides the line's own.
    pub several: bool,
}

impl TripFields {
    /// The meals, each with whether it was given.
    pub fn meals(&self) -> Vec<(&'static str, bool)> {
        MEALS.iter().map(|meal| (*meal, self.input.has(meal))).collect()
    }
}

/// A part of a line as fields.
#[derive(Debug, Clone)]
pub struct AllocationFields {
    /// Its index, or the placeholder.
    pub j: String,
    /// What is chosen.
    pub target: String,
    /// Its weight.
    pub share: String,
    /// Its amount.
    pub amount: String,
}

impl LineFields {
    /// What is wrong with a field.
    pub fn error(&self, field: &str) -> Option<&String> {
        self.errors.get(field)
    }

    /// What is wrong with the parts.
    pub fn allocation_errors(&self) -> Vec<&String> {
        let mut found: Vec<_> = self
            .errors
            .iter()
            .filter(|(f, _)| f.starts_with("allocations"))
            .collect();
        found.sort();
        found.into_iter().map(|(_, words)| words).collect()
    }
}

/// A document that may become a line, or is one.
#[derive(Debug, Clone)]
pub struct DocumentRow {
    /// Its id.
    pub id: String,
    /// Seller, else file name.
    pub title: String,
    /// Number, else kind.
    pub note: String,
    /// How good a proof it is.
    pub grade: String,
    /// The line that uses it, from 1.
    pub line: Option<usize>,
    /// Whether it has just come and should become a line at once.
    pub fresh: bool,
    /// Whether its picture is being read.
    pub reading: bool,
}

/// The whole form.
pub struct EditView {
    /// The claim's number.
    pub number: String,
    /// Whether some categories ask for a journey.
    pub asks_trips: bool,
    /// What was typed.
    pub input: ClaimInput,
    /// The CRM records.
    pub links: Vec<LinkField>,
    /// Entities that may pay.
    pub entities: Vec<Choice>,
    /// The claim's currency.
    pub currency: Currency,
    /// Currencies to pay in.
    pub currencies: Vec<&'static str>,
    /// Categories of the policy.
    pub categories: Vec<Choice>,
    /// What parts may serve.
    pub targets: Vec<Choice>,
    /// The targets that each part offers without scripts: the claim's own records, and what its lines use.
    pub near: Vec<String>,
    /// The lines.
    pub lines: Vec<LineFields>,
    /// The line that the script adds.
    pub blank: LineFields,
    /// The sum of what can be told.
    pub total: String,
    /// Documents of this claim and free ones.
    pub documents: Vec<DocumentRow>,
    /// What is wrong with the claim's own fields.
    pub errors: HashMap<String, String>,
    /// What is wrong and has no field here.
    pub general: Vec<String>,
}

impl EditView {
    /// What is wrong with a field of the claim.
    pub fn error(&self, field: &str) -> Option<&String> {
        self.errors.get(field)
    }

    /// Whether a target stands in the page for each part; the others stand there once.
    pub fn is_near(&self, target: &Choice) -> bool {
        self.near.contains(&target.value)
    }
}

/// Gathers the form for `claim`, with what was typed and what is wrong with it.
pub async fn edit_view(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    claim: &Claim,
    input: ClaimInput,
    problems: &[Problem],
) -> Result<EditView, Error> {
    let (w, person) = (W(visitor.lang), &visitor.person);
    let org = app.org(sql).await?;
    let rules = app.rules(sql).await?;
    let entity = input.entity.parse().unwrap_or(claim.content.entity);
    let entity = org.entity(entity).ok_or(Error::NotFound("entity"))?;
    let today = crate::clock::day(crate::clock::now(), &entity.zone);
    let policy = rules.policy(entity.id, today);
    let currency = entity.currency;
    let (errors, general) = sort_problems(w, problems);
    let targets = targets(sql, app, person, w, claim, &input, &org).await?;
    let documents = documents(sql, person, w, &input).await?;
    let mut lines = Vec::new();
    let mut total = Money::zero(currency);
    for (i, line) in input.lines.iter().enumerate() {
        let (mut fields, claimed) = line_fields(sql, w, i.to_string(), line, currency, &errors, &documents).await?;
        let typed = Typed {
            claim,
            entity: entity.id,
            input: &input,
        };
        fields.trip = typed.trip_fields(sql, app, w, policy, line).await?;
        total = claimed.and_then(|c| total.plus(c).ok()).unwrap_or(total);
        lines.push(fields);
    }
    let like = LineInput {
        incurred_on: input.lines.last().map(|l| l.incurred_on.clone()).unwrap_or_default(),
        allocations: vec![default_allocation(&input)],
        ..LineInput::default()
    };
    let (blank, _) = line_fields(sql, w, "__l__".to_owned(), &like, currency, &HashMap::new(), &[]).await?;
    let used = input
        .lines
        .iter()
        .filter_map(|l| Currency::parse(&l.paid.currency).ok());
    let currencies = crate::shell::currencies(std::iter::once(currency).chain(used));
    Ok(EditView {
        number: claim.number.clone(),
        asks_trips: policy.is_some_and(|p| p.categories.iter().any(|c| asks(p, &c.code, today).is_some())),
        links: links(sql, app, visitor, claim, &input, &errors).await?,
        entities: entities(&org, claim, today),
        currency,
        currencies,
        categories: categories(policy, w.0, &input),
        near: near(&input),
        targets,
        lines,
        blank,
        total: total.grouped(),
        documents,
        errors,
        general,
        input,
    })
}

/// The part of a new line: the claim's deal, else its project, else its customer.
pub fn default_allocation(input: &ClaimInput) -> AllocationInput {
    let links = &input.links;
    let mut allocation = AllocationInput::default();
    if !links.deal.is_empty() {
        allocation.deal.clone_from(&links.deal);
    } else if !links.project.is_empty() {
        allocation.project.clone_from(&links.project);
    } else {
        allocation.account.clone_from(&links.account);
    }
    allocation
}

fn near(input: &ClaimInput) -> Vec<String> {
    let links = &input.links;
    let linked = [
        ("deal", &links.deal),
        ("account", &links.account),
        ("project", &links.project),
    ];
    let linked = linked.into_iter().filter(|(_, id)| !id.is_empty());
    let used = input.lines.iter().flat_map(|l| &l.allocations).map(form::target);
    linked.map(|(kind, id)| format!("{kind}:{id}")).chain(used).collect()
}

fn sort_problems(w: W, problems: &[Problem]) -> (HashMap<String, String>, Vec<String>) {
    let mut errors: HashMap<String, String> = HashMap::new();
    let mut general = Vec::new();
    for problem in problems {
        let words = field_words(w, problem);
        let here = ["title", "purpose", "entity"].contains(&problem.field.as_str())
            || problem.field.starts_with("links.")
            || problem.field.starts_with("lines[");
        if here {
            errors.entry(problem.field.clone()).or_insert(words);
        } else {
            general.push(words);
        }
    }
    (errors, general)
}

fn entities(org: &Org, claim: &Claim, today: Date) -> Vec<Choice> {
    let mut all: Vec<Choice> = Vec::new();
    for place in org.assignments(claim.content.claimant, today) {
        if let Some(entity) = org.entity(place.entity)
            && !all.iter().any(|c| c.value == entity.id.to_string())
        {
            all.push(choice(
                entity.id.to_string(),
                format!("{} ({})", entity.name, entity.currency),
            ));
        }
    }
    all
}

fn categories(policy: Option<&Policy>, lang: Lang, input: &ClaimInput) -> Vec<Choice> {
    let mut all: Vec<Choice> = policy
        .map(|p| p.categories.iter().map(|c| choice(&c.code, c.name.get(lang))).collect())
        .unwrap_or_default();
    for line in &input.lines {
        if !line.category.is_empty() && !all.iter().any(|c| c.value == line.category) {
            all.push(choice(&line.category, &line.category));
        }
    }
    all
}

async fn line_fields(
    sql: &mut Sql,
    w: W,
    i: String,
    line: &LineInput,
    currency: Currency,
    errors: &HashMap<String, String>,
    documents: &[DocumentRow],
) -> Result<(LineFields, Option<Money>), Error> {
    let prefix = format!("lines[{i}].");
    let mut errors: HashMap<String, String> = errors
        .iter()
        .filter_map(|(f, words)| Some((f.strip_prefix(&prefix)?.to_owned(), words.clone())))
        .collect();
    let paid_in = Currency::parse(&line.paid.currency).unwrap_or(currency);
    let paid = Money::parse(&line.paid.amount, paid_in).ok();
    let on: Option<Date> = line.incurred_on.parse().ok();
    let mut rate = None;
    let mut claimed = paid.filter(|p| p.currency == currency);
    let mut input = line.clone();
    if paid_in != currency {
        let found = match on {
            Some(on) => fx::latest(sql, paid_in, currency, on).await?,
            None => None,
        };
        let typed = line.rate.clone().unwrap_or_default();
        // A rate that is the published one need not be shown as typed.
        let published = found.as_ref().is_some_and(|f| {
            typed.source == f.source && typed.value.parse() == Ok(f.value) && typed.on == f.on.to_string()
        });
        if published || (typed.value.is_empty() && typed.source.is_empty()) {
            input.rate = None;
            rate = found.map(|f| (f.value, f.source, f.on.to_string()));
        } else if let Ok(value) = outlay_core::money::parse_decimal(&typed.value, 10) {
            rate = Some((value, typed.source.clone(), typed.on.clone()));
        }
        claimed = match (&rate, paid) {
            (Some((value, ..)), Some(paid)) => paid.convert(*value, currency).ok(),
            _ => None,
        };
    }
    let words = rate.as_ref().map(|(value, source, on)| {
        w.args(
            "edit-rate",
            &[
                ("from".to_owned(), paid_in.to_string()),
                ("to".to_owned(), currency.to_string()),
                ("value".to_owned(), value.normalize().to_string()),
                ("source".to_owned(), source.clone()),
                ("on".to_owned(), on.clone()),
            ],
        )
    });
    if let Some(error) = errors.remove("claimed") {
        errors.entry("paid".to_owned()).or_insert(error);
    }
    let allocations = if input.allocations.is_empty() {
        vec![AllocationInput::default()]
    } else {
        input.allocations.clone()
    };
    let allocations = allocations
        .iter()
        .enumerate()
        .map(|(j, a)| AllocationFields {
            j: j.to_string(),
            target: form::target(a),
            share: a.weight.clone(),
            amount: a.amount.clone().unwrap_or_default().amount,
        })
        .collect();
    let document = documents
        .iter()
        .find(|d| d.id == input.document)
        .map(|d| (d.title.clone(), d.grade.clone()));
    let title = match i.parse::<usize>() {
        Ok(n) => w.n("edit-line-n", i64::try_from(n + 1).unwrap_or(0)),
        Err(_) => w.t("edit-line-new"),
    };
    let fields = LineFields {
        title,
        i,
        document,
        rate_by_hand: input.rate.is_some() || errors.contains_key("rate"),
        rate: words,
        claimed: claimed.map(Money::grouped).unwrap_or_default(),
        trip: None,
        allocations,
        errors,
        input,
    };
    Ok((fields, claimed))
}

/// A claim as it is typed.
pub struct Typed<'a> {
    /// As it was before.
    pub claim: &'a Claim,
    /// The entity that is chosen.
    pub entity: EntityId,
    /// What was typed.
    pub input: &'a ClaimInput,
}

impl Typed<'_> {
    /// What the policy grants for the day of a line.
    pub async fn granted(
        &self,
        sql: &mut Sql,
        app: &App,
        line: &LineInput,
    ) -> Result<Option<(TripDay, Granted)>, Error> {
        let on: Option<Date> = line.incurred_on.parse().ok();
        let trip = line.trip.as_ref().zip(on).and_then(|(trip, on)| trip.read(on).ok());
        let (Some(on), Some(trip)) = (on, trip) else {
            return Ok(None);
        };
        let journey = Journey {
            claimant: self.claim.content.claimant,
            entity: self.entity,
            account: self.input.links.account.parse().ok(),
            category: &line.category,
            place: line.place.trim(),
            on,
            trip: &trip,
        };
        journey.granted(sql, app).await
    }

    /// The journey of a line, where the policy asks for one.
    async fn trip_fields(
        &self,
        sql: &mut Sql,
        app: &App,
        w: W,
        policy: Option<&Policy>,
        line: &LineInput,
    ) -> Result<Option<TripFields>, Error> {
        let on: Option<Date> = line.incurred_on.parse().ok();
        let asked = policy.zip(on).and_then(|(p, on)| asks(p, &line.category, on));
        let (Some(asked), Some(on)) = (asked, on) else {
            return Ok(None);
        };
        let granted = self.granted(sql, app, line).await?;
        let mut typed = line.trip.clone().unwrap_or_default();
        // A day alone is the usual case.
        for day in [&mut typed.from, &mut typed.until] {
            if day.is_empty() {
                *day = on.to_string();
            }
        }
        Ok(Some(TripFields {
            several: typed.from != typed.until,
            granted: granted.map(|(day, granted)| per_diem::words(w, &day, &granted)),
            input: typed,
            asks: asked,
        }))
    }
}

async fn links(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    claim: &Claim,
    input: &ClaimInput,
    errors: &HashMap<String, String>,
) -> Result<Vec<LinkField>, Error> {
    let (w, person) = (W(visitor.lang), &visitor.person);
    let typed = &input.links;
    let before = ClaimInput::of(&claim.content).links;
    let of = if typed.account.is_empty() {
        None
    } else {
        Some(Of::Account(&typed.account))
    };
    let all: [(&'static str, Object, &String, &String, Option<Of>, u32); 6] = [
        ("deal", Object::Deal, &typed.deal, &before.deal, Some(Of::Anything), 60),
        (
            "account",
            Object::Account,
            &typed.account,
            &before.account,
            Some(Of::Anything),
            60,
        ),
        ("contact", Object::Contact, &typed.contact, &before.contact, of, 30),
        ("activity", Object::Activity, &typed.activity, &before.activity, of, 30),
        ("project", Object::Project, &typed.project, &before.project, of, 30),
        ("order", Object::Order, &typed.order, &before.order, of, 30),
    ];
    let mut fields = Vec::new();
    for (name, object, value, before, of, most) in all {
        let mut found = match of {
            Some(of) => records::choices(sql, app, person, object, of, most).await?,
            None => Vec::new(),
        };
        if !value.is_empty() && !found.iter().any(|r| r.id == *value) {
            let chosen = if value == before {
                records::find(sql, object, value).await?
            } else {
                records::readable(sql, app, person, object, value).await?
            };
            found.extend(chosen);
        }
        // Projects and orders are rare: no field where there is nothing to choose.
        if found.is_empty() && matches!(object, Object::Project | Object::Order) {
            continue;
        }
        let field = format!("links.{name}");
        let known = claim
            .sources
            .iter()
            .find(|s| s.field == field)
            .filter(|_| value == before);
        let source = match known {
            Some(source) => Some(source_view(w, &visitor.zone, source, value)),
            None => found.iter().find(|r| r.id == *value).map(|r| {
                let source: Source = r.source(&field, object, &r.name);
                source_view(w, &visitor.zone, &source, value)
            }),
        };
        fields.push(LinkField {
            name,
            label: w.t(&format!("link-{name}")),
            value: value.clone(),
            choices: found.iter().map(|r| choice(&r.id, label(object, r))).collect(),
            source,
            error: errors.get(&field).cloned(),
            leads: matches!(object, Object::Deal | Object::Account),
        });
    }
    Ok(fields)
}

fn label(object: Object, record: &Record) -> String {
    match (object, &record.happened_on) {
        (Object::Activity, Some(on)) => format!("{on} {}", record.name),
        _ => record.name.clone(),
    }
}

/// Deals, customers, projects and cost centres that a part may serve; those used stay choosable.
async fn targets(
    sql: &mut Sql,
    app: &App,
    person: &Person,
    w: W,
    claim: &Claim,
    input: &ClaimInput,
    org: &Org,
) -> Result<Vec<Choice>, Error> {
    let mut all: Vec<Choice> = Vec::new();
    let mut names: HashMap<String, String> = HashMap::new();
    for (kind, object, most) in [
        ("deal", Object::Deal, 30),
        ("account", Object::Account, 15),
        ("project", Object::Project, 10),
    ] {
        for record in records::choices(sql, app, person, object, Of::Anything, most).await? {
            let value = format!("{kind}:{}", record.id);
            let label = w.args(&format!("target-{kind}"), &[("name".to_owned(), record.name.clone())]);
            names.insert(value.clone(), label.clone());
            all.push(choice(value, label));
        }
    }
    for center in org.cost_centers().filter(|c| c.entity == claim.content.entity) {
        let label = w.args(
            "target-cost_center",
            &[("name".to_owned(), format!("{} {}", center.code, center.name))],
        );
        let value = format!("cost_center:{}", center.id);
        names.insert(value.clone(), label.clone());
        all.push(choice(value, label));
    }
    let used = input.lines.iter().flat_map(|l| &l.allocations).map(form::target);
    for value in used.chain([form::target(&default_allocation(input))]) {
        if value.is_empty() || all.iter().any(|c| c.value == value) {
            continue;
        }
        let mut labels = Vec::new();
        for part in value.split(',') {
            if let Some(name) = names.get(part) {
                labels.push(name.clone());
                continue;
            }
            let Some((kind, id)) = part.split_once(':') else {
                continue;
            };
            let Ok(object) = kind.parse::<Object>() else { continue };
            if let Some(record) = records::find(sql, object, id).await? {
                labels.push(w.args(&format!("target-{kind}"), &[("name".to_owned(), record.name)]));
            }
        }
        all.push(choice(value, labels.join(" / ")));
    }
    Ok(all)
}

/// Documents of the lines, then the free ones of `person`.
pub async fn documents(sql: &mut Sql, person: &Person, w: W, input: &ClaimInput) -> Result<Vec<DocumentRow>, Error> {
    let mut rows = Vec::new();
    let mut seen = Vec::new();
    for (i, line) in input.lines.iter().enumerate() {
        if line.document.is_empty() || seen.contains(&line.document) {
            continue;
        }
        seen.push(line.document.clone());
        if let Some(document) = evidence::store::by_id(sql, &line.document).await? {
            rows.push(document_row(w, &document, Some(i + 1))?);
        }
    }
    let usable = [
        Shelf::Reading,
        Shelf::Unread,
        Shelf::Ready,
        Shelf::Duplicate,
        Shelf::Invalid,
    ];
    let filter = evidence::store::Filter {
        free: true,
        shelves: &usable,
        ..Default::default()
    };
    for document in evidence::store::mine(sql, person, filter, 20).await? {
        if document.refusal.is_none() && !seen.contains(&document.id) {
            rows.push(document_row(w, &document, None)?);
        }
    }
    Ok(rows)
}

fn document_row(w: W, document: &evidence::store::Document, line: Option<usize>) -> Result<DocumentRow, Error> {
    let invoice = document.read()?;
    Ok(DocumentRow {
        id: document.id.clone(),
        title: document.seller.clone().unwrap_or_else(|| document.name.clone()),
        note: match invoice.and_then(|i| i.number) {
            Some(number) => number,
            None => w.t(evidence::view::kind_key(document, None)),
        },
        grade: document.grade.clone(),
        line,
        fresh: false,
        reading: document.shelf() == Shelf::Reading,
    })
}
