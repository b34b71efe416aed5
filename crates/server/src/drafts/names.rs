//! What the ids in rules are called, and what may be chosen in their form.

use std::collections::BTreeMap;

use super::rule::{DraftLine, DraftRule, How, Who};
use crate::app::App;
use crate::clock::{day, now};
use crate::connections::Connection;
use crate::db::Sql;
use crate::error::Error;
use crate::shell::W;

/// What ids are called, and what may be chosen.
pub struct Names {
    /// Connections: id and name.
    pub connections: Vec<(String, String)>,
    /// Entities: id, name, currency.
    pub entities: Vec<(String, String, &'static str)>,
    /// Active employees: id and name.
    pub people: Vec<(String, String)>,
    /// Categories of the policies in force: code and name.
    pub categories: Vec<(String, String)>,
    /// Their tiers that name places: code and name.
    pub tiers: Vec<(String, String)>,
}

impl Names {
    /// Reads them in the words of a reader.
    pub async fn load(sql: &mut Sql, app: &App, w: W) -> Result<Names, Error> {
        let (org, rules) = (app.org(sql).await?, app.rules(sql).await?);
        let today = day(now(), "UTC");
        let (mut categories, mut tiers) = (Vec::new(), BTreeMap::new());
        let mut entities: Vec<_> = org.entities().collect();
        entities.sort_by(|a, b| a.code.cmp(&b.code));
        for policy in entities.iter().filter_map(|e| rules.policy(e.id, today)) {
            for category in &policy.categories {
                if !categories.iter().any(|(code, _)| *code == category.code) {
                    categories.push((category.code.clone(), category.name.get(w.0).to_owned()));
                }
            }
            for tier in policy.tiers.iter().filter(|t| t.places.is_some()) {
                tiers.insert(tier.code.clone(), tier.name.get(w.0).to_owned());
            }
        }
        let mut people: Vec<(String, String)> = org
            .employees()
            .filter(|e| e.active)
            .map(|e| (e.id.to_string(), e.name.clone()))
            .collect();
        people.sort_by(|a, b| a.1.cmp(&b.1));
        let connections = Connection::all(sql).await?;
        Ok(Names {
            connections: connections.into_iter().map(|c| (c.id.to_string(), c.name)).collect(),
            entities: entities
                .iter()
                .map(|e| (e.id.to_string(), e.name.clone(), e.currency.code()))
                .collect(),
            people,
            categories,
            tiers: tiers.into_iter().collect(),
        })
    }

    fn of<'n>(all: &'n [(String, String)], id: &'n str) -> &'n str {
        all.iter().find(|(i, _)| i == id).map_or(id, |(_, name)| name)
    }

    /// The conditions of a rule in a few words, each for itself.
    pub fn conditions(&self, w: &W, rule: &DraftRule) -> Vec<String> {
        let when = &rule.when;
        let mut parts = Vec::new();
        match when.connection.as_str() {
            "" => {}
            "own" => parts.push(w.t("draft-own")),
            id => parts.push(Names::of(&self.connections, id).to_owned()),
        }
        if !when.entity.is_empty() {
            let named = self.entities.iter().find(|(id, ..)| *id == when.entity);
            parts.push(named.map_or_else(|| when.entity.clone(), |(_, name, _)| name.clone()));
        }
        if let Some(least) = &when.at_least {
            parts.push(format!("≥ {} {}", least.amount, least.currency));
        }
        parts.extend(when.kinds.iter().map(|k| kind_words(w, k)));
        parts.extend(when.places.iter().cloned());
        match when.project {
            Some(true) => parts.push(w.t("draft-project-yes")),
            Some(false) => parts.push(w.t("draft-project-no")),
            None => {}
        }
        parts.push(w.n("draft-days-n", rule.days));
        parts
    }

    /// Whom a rule is for.
    pub fn whom(&self, w: &W, rule: &DraftRule) -> String {
        match rule.whom.who {
            Who::Owner => w.t("draft-whom-owner"),
            Who::AccountOwner => w.t("draft-whom-account-owner"),
            Who::Employee => Names::of(&self.people, &rule.whom.employee).to_owned(),
        }
    }

    /// What a line puts in: its category, and how its amount comes about.
    pub fn line(&self, w: &W, line: &DraftLine) -> String {
        let category = Names::of(&self.categories, &line.category);
        let how = match line.how {
            How::Fixed => line.amount.clone(),
            how => w.t(&format!("draft-how-short-{}", how.code())),
        };
        format!("{category} · {how}")
    }
}

/// A kind of activity in words, where it is one of those that Outlay knows.
fn kind_words(w: &W, kind: &str) -> String {
    let key = format!("draft-kind-{}", kind.to_lowercase());
    if w.knows(&key) { w.t(&key) } else { kind.to_owned() }
}
