//! Whose costs somebody may see, over which months.

use jiff::civil::Date;
use outlay_core::Currency;
use outlay_core::ids::{DepartmentId, EmployeeId, EntityId};
use outlay_core::org::Org;

use super::view::{By, Choice, Wanted, Whose};
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::clock::{day, now};
use crate::error::Error;

/// Most months at once.
const MOST: usize = 60;

/// A question that the reader may ask.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What is added up.
    pub by: By,
    /// Whose.
    pub whose: Whose,
    /// What else they might ask.
    pub choices: Vec<Whose>,
    /// The entity.
    pub entity: EntityId,
    /// Entities they might ask about.
    pub entities: Vec<Choice>,
    /// Its currency.
    pub currency: Currency,
    /// Departments, for [`Whose::Departments`].
    pub departments: Vec<DepartmentId>,
    /// The reader.
    pub me: EmployeeId,
    /// Whether they may see the sums and not every claim behind them.
    pub hidden_claims: bool,
    /// The months.
    pub months: Vec<String>,
    /// Today where the entity is.
    pub today: Date,
}

impl Asked {
    /// Checks a question against the reader's rights.
    pub fn check(app: &App, org: &Org, visitor: &Visitor, wanted: &Wanted) -> Result<Asked, Error> {
        let person = &visitor.person;
        let home = org.primary(person.id(), day(now(), "UTC")).map(|p| p.entity);
        let id = wanted.entity.or(home).or_else(|| org.entities().next().map(|e| e.id));
        let entity = id
            .and_then(|id| org.entity(id))
            .ok_or_else(|| Error::field("entity", "unknown"))?;
        let mut choices = Vec::new();
        if app
            .rights
            .may(person, Action::ReadInsights, &Resource::Entity(entity.id))
        {
            choices.push(Whose::Entity);
        }
        if !person.headed.is_empty() {
            choices.push(Whose::Departments);
        }
        choices.push(Whose::Own);
        let whose = wanted.scope.unwrap_or(choices[0]);
        if !choices.contains(&whose) {
            return Err(Error::Forbidden(Action::ReadInsights.code().to_owned()));
        }
        let first = if whose == Whose::Departments {
            By::Department
        } else {
            By::Account
        };
        let by = wanted.by.unwrap_or(first);
        if whose == Whose::Departments && matches!(by, By::Account | By::Deal) {
            return Err(Error::field("by", "departments-only"));
        }
        let today = day(now(), &entity.zone);
        let mut entities: Vec<Choice> = org
            .entities()
            .map(|e| Choice {
                id: e.id.to_string(),
                name: format!("{} · {}", e.name, e.currency),
            })
            .collect();
        entities.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Asked {
            by,
            whose,
            choices,
            entity: entity.id,
            entities,
            currency: entity.currency,
            departments: person.headed.iter().copied().collect(),
            me: person.id(),
            hidden_claims: whose == Whose::Entity
                && !person.finance.contains(&entity.id)
                && !person.auditor.contains(&entity.id),
            months: months(wanted, today)?,
            today,
        })
    }

    /// The first month.
    pub fn from(&self) -> &str {
        self.months.first().map_or("", String::as_str)
    }

    /// The last month.
    pub fn to(&self) -> &str {
        self.months.last().map_or("", String::as_str)
    }
}

fn month(field: &str, text: &str) -> Result<Date, Error> {
    let whole = text.len() == 7;
    let date = format!("{text}-01").parse().ok().filter(|_| whole);
    date.ok_or_else(|| Error::field(field, "not-a-month"))
}

fn months(wanted: &Wanted, today: Date) -> Result<Vec<String>, Error> {
    let present = today.first_of_month();
    let to = wanted.to.as_deref().map_or(Ok(present), |t| month("to", t))?;
    let back = |n: i64| to.saturating_sub(jiff::Span::new().months(n));
    let from = wanted.from.as_deref().map_or(Ok(back(11)), |t| month("from", t))?;
    if from > to {
        return Err(Error::field("from", "after-to"));
    }
    let mut all = Vec::new();
    let mut at = from;
    while at <= to {
        all.push(at.strftime("%Y-%m").to_string());
        if all.len() > MOST {
            return Err(Error::field("from", "too-many-months"));
        }
        at = at.saturating_add(jiff::Span::new().months(1));
    }
    Ok(all)
}
