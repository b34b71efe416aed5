//! Trying rules before they are in force: the draft of one record, and a dry run over the last months. Nothing is written.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use outlay_core::Money;
use outlay_core::ids::EmployeeId;
use serde::Serialize;
use utoipa::ToSchema;

use super::begin::{compose, first, had, misses, who};
use super::facts::{self, Facts};
use super::rule::{DraftRule, Event};
use super::view::{per_diem_words, rule_name};
use super::{MOST_DAYS, check};
use crate::app::App;
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;
use crate::shell::W;

/// Most records of an event that a dry run looks at.
const MOST: usize = 20_000;

/// What rules would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TrialView {
    /// What the rule would make of the record that was asked for.
    pub tried: Option<TriedView>,
    /// What all rules would have begun.
    pub run: RunView,
}

/// What one rule would make of one record.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TriedView {
    /// The record.
    pub record: RecordView,
    /// Conditions of the rule that do not hold: `connection`, `entity`, `amount`, `kind`, `place`, `project`, `age`, `over`.
    pub misses: Vec<&'static str>,
    /// The rule before it that takes the record instead.
    pub taken_by: Option<String>,
    /// Number of the claim that the event began already; it begins no other.
    pub had: Option<String>,
    /// Why there would be no draft: `nobody`, `cannot-claim`, `cannot-read`, `untitled`.
    pub refused: Option<&'static str>,
    /// The draft.
    pub draft: Option<DraftView>,
}

/// A draft as it would begin.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DraftView {
    /// Whose.
    pub claimant: String,
    /// The entity that pays.
    pub entity: String,
    /// Its title.
    pub title: String,
    /// Its purpose.
    pub purpose: String,
    /// Linked records: kind and name.
    pub links: Vec<LinkedView>,
    /// Its lines.
    pub lines: Vec<TriedLine>,
    /// What they add up to.
    #[schema(value_type = Object, example = json!({"amount": "450.00", "currency": "CNY"}))]
    pub claimed: Money,
}

/// A record that the draft names.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LinkedView {
    /// Its kind.
    pub object: String,
    /// Its name.
    pub name: String,
}

/// A line as it would stand.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TriedLine {
    /// Its day.
    pub on: String,
    /// Its category, in the reader's language.
    pub category: String,
    /// What it was.
    pub description: String,
    /// The city.
    pub place: String,
    /// Its amount; absent where the claimant fills it in.
    #[schema(value_type = Option<Object>, example = json!({"amount": "150.00", "currency": "CNY"}))]
    pub amount: Option<Money>,
    /// How a per diem was reckoned, in the reader's language.
    pub reckoned: Option<String>,
}

/// What all rules would have begun, had they been in force and no draft been there.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct RunView {
    /// Days that it looks back.
    pub days: u32,
    /// Events in them.
    pub events: usize,
    /// Drafts that would have begun.
    pub drafts: usize,
    /// People whom they would have been for.
    pub people: usize,
    /// The same for each rule, in their order.
    pub rules: Vec<RuleCount>,
    /// Events that a rule takes and that begin nothing, by the reason.
    pub refused: Vec<RefusedCount>,
    /// Whether there were more events than it looked at.
    pub more: bool,
}

/// What one rule would have begun.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RuleCount {
    /// The rule's id; empty for a new one.
    pub id: String,
    /// What it is called, in the reader's language.
    pub name: String,
    /// Drafts.
    pub drafts: usize,
    /// People.
    pub people: usize,
}

/// Events that begin nothing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefusedCount {
    /// `nobody`, `cannot-claim`, `cannot-read`, `untitled`.
    pub why: &'static str,
    /// How many.
    pub events: usize,
}

/// A record to try rules on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordView {
    /// Its id in Outlay.
    pub id: String,
    /// Its name, with its customer's.
    pub name: String,
    /// The day of the event.
    pub on: String,
}

impl RecordView {
    fn of(facts: &Facts) -> RecordView {
        let mut name = facts.name.clone();
        if !facts.account.is_empty() && facts.account != name {
            name = format!("{} · {name}", facts.account);
        }
        RecordView {
            id: facts.id.clone(),
            name,
            on: facts.on.to_string(),
        }
    }
}

/// The latest records to which an event happened.
pub async fn latest(sql: &mut Sql, event: Event, most: usize) -> Result<Vec<RecordView>, Error> {
    let tomorrow = day(now(), "UTC").tomorrow().unwrap_or(Date::MAX);
    let found = facts::between(sql, event, Date::constant(2000, 1, 1), tomorrow, most).await?;
    Ok(found.iter().map(RecordView::of).collect())
}

/// Tries sound rules; `at` is the one to try on the record `id`.
pub async fn trial(
    sql: &mut Sql,
    app: &App,
    w: W,
    rules: &[DraftRule],
    asked: Option<(usize, &str)>,
) -> Result<TrialView, Error> {
    let problems = check::problems(sql, app, rules).await?;
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let tried = match asked {
        Some((at, id)) => {
            let rule = rules.get(at).ok_or(Error::NotFound("rule"))?;
            let facts = facts::one(sql, rule.event, id).await?;
            let facts = facts.ok_or(Error::NotFound(rule.event.object().as_str()))?;
            Some(try_one(sql, app, w, rules, at, &facts).await?)
        }
        None => None,
    };
    Ok(TrialView {
        tried,
        run: run(sql, app, w, rules).await?,
    })
}

async fn try_one(
    sql: &mut Sql,
    app: &App,
    w: W,
    rules: &[DraftRule],
    at: usize,
    facts: &Facts,
) -> Result<TriedView, Error> {
    let (org, rule) = (app.org(sql).await?, &rules[at]);
    let earlier = first(&rules[..at], facts, &org, Some(false));
    let mut view = TriedView {
        record: RecordView::of(facts),
        misses: misses(rule, facts, &org, Some(false)),
        taken_by: earlier.map(|r| rule_name(w, r)),
        had: had(sql, &facts.event.origin(&facts.id)).await?,
        refused: None,
        draft: None,
    };
    let composed = match who(sql, app, rule, facts).await? {
        Ok(who) => compose(sql, app, rule, facts, who).await?,
        Err(why) => Err(why),
    };
    let new = match composed {
        Ok(new) => new,
        Err(why) => {
            view.refused = Some(why.code());
            return Ok(view);
        }
    };
    let (content, published) = (&new.content, app.rules(sql).await?);
    let mut lines = Vec::new();
    for line in &content.lines {
        let field = format!("lines.{}", line.id);
        let source = new.sources.iter().find(|s| s.field == field);
        let per_diem = source.and_then(|s| s.per_diem.as_ref());
        lines.push(TriedLine {
            on: line.incurred_on.to_string(),
            category: published.category_name(&line.category, w.0),
            description: line.description.clone(),
            place: line.place.clone().unwrap_or_default(),
            amount: Some(line.paid).filter(|m| m.minor > 0),
            reckoned: per_diem.map(|p| per_diem_words(w, &published, p, line.incurred_on)),
        });
    }
    let links = new
        .sources
        .iter()
        .filter(|s| s.field.starts_with("links.") && s.field != "links.visited_on");
    view.draft = Some(DraftView {
        claimant: org
            .employee(content.claimant)
            .map(|e| e.name.clone())
            .unwrap_or_default(),
        entity: org.entity(content.entity).map(|e| e.name.clone()).unwrap_or_default(),
        title: content.title.clone(),
        purpose: content.purpose.clone(),
        links: links
            .map(|s| LinkedView {
                object: s.object.clone(),
                name: s.value.clone(),
            })
            .collect(),
        lines,
        claimed: content.claimed(),
    });
    Ok(view)
}

/// What the rules would have begun in the last [`MOST_DAYS`] days.
pub async fn run(sql: &mut Sql, app: &App, w: W, rules: &[DraftRule]) -> Result<RunView, Error> {
    let org = app.org(sql).await?;
    let today = day(now(), "UTC");
    let from = today.saturating_sub(i64::from(MOST_DAYS).days());
    let mut view = RunView {
        days: MOST_DAYS,
        ..RunView::default()
    };
    let mut begun: BTreeMap<usize, (usize, BTreeSet<EmployeeId>)> = BTreeMap::new();
    let mut refused = BTreeMap::new();
    for event in Event::ALL {
        let found = facts::between(sql, event, from, today, MOST).await?;
        view.more |= found.len() == MOST;
        view.events += found.len();
        for facts in &found {
            let Some(rule) = first(rules, facts, &org, None) else {
                continue;
            };
            let at = rules.iter().position(|r| std::ptr::eq(r, rule)).unwrap_or_default();
            match who(sql, app, rule, facts).await? {
                Ok(who) => {
                    let (drafts, people) = begun.entry(at).or_default();
                    *drafts += 1;
                    people.insert(who);
                }
                Err(why) => *refused.entry(why).or_insert(0) += 1,
            }
        }
    }
    let everybody: BTreeSet<EmployeeId> = begun.values().flat_map(|(_, people)| people).copied().collect();
    view.drafts = begun.values().map(|(drafts, _)| drafts).sum();
    view.people = everybody.len();
    view.rules = rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| rule.on)
        .map(|(at, rule)| {
            let (drafts, people) = begun.get(&at).cloned().unwrap_or_default();
            RuleCount {
                id: rule.id.clone(),
                name: rule_name(w, rule),
                drafts,
                people: people.len(),
            }
        })
        .collect();
    view.refused = refused
        .into_iter()
        .map(|(why, events): (super::begin::Why, usize)| RefusedCount {
            why: why.code(),
            events,
        })
        .collect();
    Ok(view)
}
