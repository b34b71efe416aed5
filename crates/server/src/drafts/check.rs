//! Whether rules can be put into force: every mistake is named by its place, `rules[2].lines[0].amount`.

use std::collections::BTreeSet;

use outlay_core::claim::{MAX_TEXT, MAX_TITLE, Problem};
use outlay_core::ids::EntityId;
use outlay_core::org::{LegalEntity, Org};
use outlay_core::policy::Policy;
use outlay_core::{Currency, Money};

use super::rule::{DraftLine, DraftRule, Event, How, Who};
use super::{MOST_DAYS, text};
use crate::app::App;
use crate::claims::money_problem;
use crate::clock::{day, now};
use crate::connections::Connection;
use crate::db::Sql;
use crate::error::Error;
use crate::policies::Rules;

/// Most rules.
const MOST_RULES: usize = 50;
/// Most lines of a rule.
pub const MOST_LINES: usize = 10;
/// Most cities, kinds or rates of a rule.
const MOST_WORDS: usize = 50;
const MAX_NAME: usize = 60;

struct Known<'a> {
    org: &'a Org,
    rules: &'a Rules,
    connections: BTreeSet<String>,
}

/// All that is wrong with rules; none where they can be put into force.
pub async fn problems(sql: &mut Sql, app: &App, rules: &[DraftRule]) -> Result<Vec<Problem>, Error> {
    let (org, published) = (app.org(sql).await?, app.rules(sql).await?);
    let connections = Connection::all(sql)
        .await?
        .into_iter()
        .map(|c| c.id.to_string())
        .collect();
    let known = Known {
        org: &org,
        rules: &published,
        connections,
    };
    let mut found = Vec::new();
    if rules.len() > MOST_RULES {
        found.push(Problem::new("rules", "too-many").with("max", MOST_RULES));
    }
    let mut ids = BTreeSet::new();
    for (i, rule) in rules.iter().enumerate() {
        let place = format!("rules[{i}].");
        if !rule.id.is_empty() && !ids.insert(&rule.id) {
            found.push(Problem::new(format!("{place}id"), "twice"));
        }
        known.rule(rule, &place, &mut found);
    }
    Ok(found)
}

impl Known<'_> {
    fn rule(&self, rule: &DraftRule, place: &str, found: &mut Vec<Problem>) {
        let at = |field: &str| format!("{place}{field}");
        for (field, value, most) in [
            ("name", &rule.name, MAX_NAME),
            ("title", &rule.title, MAX_TITLE),
            ("purpose", &rule.purpose, MAX_TEXT),
        ] {
            written(at(field), value, most, found);
        }
        for (field, template) in [("title", &rule.title), ("purpose", &rule.purpose)] {
            placeholders(at(field), template, found);
        }
        if rule.days == 0 || rule.days > MOST_DAYS {
            found.push(
                Problem::new(at("days"), "between")
                    .with("min", 1)
                    .with("max", MOST_DAYS),
            );
        }
        self.conditions(rule, &at, found);
        let employee = rule.whom.employee.parse().ok();
        if rule.whom.who == Who::Employee && !employee.is_some_and(|e| self.org.is_active(e)) {
            found.push(Problem::new(at("whom.employee"), "draft-whom"));
        }
        if rule.lines.len() > MOST_LINES {
            found.push(Problem::new(at("lines"), "too-many").with("max", MOST_LINES));
        }
        let priced = |l: &DraftLine| matches!(l.how, How::Fixed | How::Tiers);
        let currencies: BTreeSet<Currency> = self.entities(rule).map(|e| e.currency).collect();
        if rule.lines.iter().any(priced) && currencies.len() > 1 {
            let all: Vec<&str> = currencies.iter().map(|c| c.code()).collect();
            found.push(Problem::new(at("when.entity"), "draft-currencies").with("currencies", all.join(", ")));
        }
        for (n, line) in rule.lines.iter().enumerate() {
            self.line(rule, line, &at(&format!("lines[{n}].")), &currencies, found);
        }
    }

    fn conditions(&self, rule: &DraftRule, at: &dyn Fn(&str) -> String, found: &mut Vec<Problem>) {
        let when = &rule.when;
        let connection = when.connection.as_str();
        if !matches!(connection, "" | "own") && !self.connections.contains(connection) {
            found.push(Problem::new(at("when.connection"), "unknown"));
        }
        if !when.entity.is_empty() && self.entities(rule).next().is_none() {
            found.push(Problem::new(at("when.entity"), "unknown"));
        }
        if let Some(least) = &when.at_least {
            let amount = Currency::parse(&least.currency).and_then(|c| Money::parse(&least.amount, c));
            match amount {
                _ if rule.event != Event::Won => found.push(Problem::new(at("when.at_least"), "draft-not-here")),
                Ok(amount) if amount.minor <= 0 => found.push(Problem::new(at("when.at_least"), "not-positive")),
                Ok(_) => {}
                Err(error) => found.push(money_problem(&at("when.at_least"), &error)),
            }
        }
        if !when.kinds.is_empty() && rule.event != Event::Visit {
            found.push(Problem::new(at("when.kinds"), "draft-not-here"));
        }
        if when.project.is_some() && rule.event == Event::Customer {
            found.push(Problem::new(at("when.project"), "draft-not-here"));
        }
        for (field, words) in [("when.kinds", &when.kinds), ("when.places", &when.places)] {
            if words.len() > MOST_WORDS {
                found.push(Problem::new(at(field), "too-many").with("max", MOST_WORDS));
            }
            for word in words {
                written(at(field), word, MAX_NAME, found);
            }
        }
    }

    /// Entities whose people the rule may be for.
    fn entities<'s>(&'s self, rule: &'s DraftRule) -> impl Iterator<Item = &'s LegalEntity> {
        let entity = &rule.when.entity;
        let meant = move |e: &&LegalEntity| entity.is_empty() || e.id.to_string() == *entity;
        self.org.entities().filter(meant)
    }

    fn policies(&self, rule: &DraftRule) -> Vec<&Policy> {
        let today = day(now(), "UTC");
        let ids: Vec<EntityId> = self.entities(rule).map(|e| e.id).collect();
        ids.into_iter().filter_map(|id| self.rules.policy(id, today)).collect()
    }

    fn line(
        &self,
        rule: &DraftRule,
        line: &DraftLine,
        place: &str,
        currencies: &BTreeSet<Currency>,
        found: &mut Vec<Problem>,
    ) {
        let at = |field: &str| format!("{place}{field}");
        written(at("description"), &line.description, MAX_TEXT, found);
        placeholders(at("description"), &line.description, found);
        let policies = self.policies(rule);
        if line.category.is_empty() {
            found.push(Problem::new(at("category"), "missing"));
        } else if !policies.iter().any(|p| p.category(&line.category).is_some()) {
            found.push(Problem::new(at("category"), "unknown"));
        }
        if line.how.is_per_diem() && rule.event != Event::Visit {
            found.push(Problem::new(at("how"), "draft-per-diem-visit"));
        }
        let amount = |field: String, text: &str, found: &mut Vec<Problem>| {
            for currency in currencies {
                match Money::parse(text.trim(), *currency) {
                    _ if text.trim().is_empty() => found.push(Problem::new(&field, "missing")),
                    Ok(money) if money.minor <= 0 => found.push(Problem::new(&field, "not-positive")),
                    Ok(_) => continue,
                    Err(error) => found.push(money_problem(&field, &error)),
                }
                return;
            }
        };
        match line.how {
            How::Open => {}
            How::Fixed => amount(at("amount"), &line.amount, found),
            How::Policy if !policies.iter().any(|p| p.grants(&line.category)) => {
                found.push(Problem::new(at("how"), "draft-no-table"));
            }
            How::Policy => {}
            How::Tiers => {
                if line.rates.is_empty() || line.rates.len() > MOST_WORDS {
                    found.push(Problem::new(at("rates"), "missing"));
                }
                let mut tiers = BTreeSet::new();
                for (n, rate) in line.rates.iter().enumerate() {
                    let of = |field: &str| at(&format!("rates[{n}].{field}"));
                    let named = |p: &&Policy| p.tiers.iter().any(|t| t.code == rate.tier);
                    if !tiers.insert(&rate.tier) {
                        found.push(Problem::new(of("tier"), "twice"));
                    } else if !rate.tier.is_empty() && !policies.iter().any(named) {
                        found.push(Problem::new(of("tier"), "unknown"));
                    }
                    amount(of("amount"), &rate.amount, found);
                }
            }
        }
    }
}

fn written(place: String, text: &str, most: usize, found: &mut Vec<Problem>) {
    if text.chars().count() > most {
        found.push(Problem::new(place, "too-long").with("max", most));
    } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        found.push(Problem::new(place, "control-characters"));
    }
}

fn placeholders(place: String, template: &str, found: &mut Vec<Problem>) {
    if let Some(name) = text::unknown(template) {
        let known: Vec<String> = text::NAMES.iter().map(|n| format!("{{{n}}}")).collect();
        let problem = Problem::new(place, "draft-placeholder").with("name", name);
        found.push(problem.with("known", known.join(" ")));
    }
}
