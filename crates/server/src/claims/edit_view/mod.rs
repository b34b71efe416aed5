//! What the edit page shows: what was typed, what may be chosen, what is wrong, and what would happen.

mod documents;
mod lines;
mod links;

use std::collections::HashMap;

use jiff::civil::Date;
use outlay_core::claim::{Claim, Problem};
use outlay_core::org::Org;
use outlay_core::policy::Policy;
use outlay_core::words::Lang;
use outlay_core::{Currency, Money};

use super::form;
use super::input::{AllocationInput, ClaimInput, LineInput};
use super::per_diem::asks;
use crate::app::App;
use crate::auth::Visitor;
use crate::db::Sql;
use crate::error::Error;
use crate::shell::{W, field_words};

pub use documents::{DocumentRow, documents};
pub use lines::{AllocationFields, LineFields, TripFields, Typed};
pub use links::LinkField;

use lines::line_fields;
use links::{links, targets};

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
