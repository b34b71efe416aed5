//! Whether rules can be put into force, before any record is read by them.

use outlay_connect::mapping::{Kind, Rules, fields};
use outlay_connect::{Object, Rule};
use outlay_core::Currency;
use outlay_core::claim::Problem;
use serde_json::Value as Json;

/// The most paths of a rule.
const PATHS: usize = 10;
/// The longest path, in characters.
const LONGEST: usize = 200;

/// What is wrong with `rules` for records of `object`; the fields are named `rules.amount.currency.from`.
pub fn problems(object: Object, rules: &Rules) -> Vec<Problem> {
    let mut found = Vec::new();
    for (field, rule) in rules {
        let place = format!("rules.{field}");
        match fields(object).iter().find(|(name, _)| name == field) {
            Some((_, kind)) => one(*kind, rule, &place, &mut found),
            None => found.push(Problem::new(place, "mapping-field").with("name", field)),
        }
    }
    found
}

fn one(kind: Kind, rule: &Rule, place: &str, found: &mut Vec<Problem>) {
    source(rule, place, found);
    match (kind, &rule.currency) {
        (Kind::Money, Some(currency)) => {
            let place = format!("{place}.currency");
            source(currency, &place, found);
            let words = currency.words.values().map(|w| ("words", w));
            for (part, code) in words.chain(currency.default.iter().map(|d| ("default", d))) {
                if Currency::parse(&code.to_uppercase()).is_err() {
                    found.push(Problem::new(format!("{place}.{part}"), "currency-unknown").with("code", code));
                }
            }
        }
        (Kind::Money, None) => found.push(Problem::new(format!("{place}.currency.from"), "mapping-currency")),
        (_, Some(_)) => found.push(Problem::new(format!("{place}.currency"), "mapping-kind")),
        (_, None) => {}
    }
    if rule.round && kind != Kind::Money {
        found.push(Problem::new(format!("{place}.round"), "mapping-kind"));
    }
    match rule.whole {
        Some(_) if kind != Kind::Percent => found.push(Problem::new(format!("{place}.whole"), "mapping-kind")),
        Some(whole) if whole != 1 && whole != 100 => {
            found.push(Problem::new(format!("{place}.whole"), "mapping-whole"));
        }
        _ => {}
    }
    if kind == Kind::Stage {
        let known = |word: &&String| ["open", "won", "lost"].contains(&word.as_str());
        if !rule.words.values().all(|word| known(&word)) {
            found.push(Problem::new(format!("{place}.words"), "stage-kind"));
        }
        if !rule.default.iter().all(|word| known(&word)) {
            found.push(Problem::new(format!("{place}.default"), "stage-kind"));
        }
    } else if let Some(default) = &rule.default {
        // What the rule makes of a record that has nothing else, with a currency at hand.
        let alone = Rule {
            default: Some(default.clone()),
            currency: Some(Box::new(Rule {
                default: Some("CNY".into()),
                ..Rule::default()
            })),
            round: true,
            ..Rule::default()
        };
        if let Err(said) = alone.read(kind, &Json::Null) {
            found.push(Problem::new(format!("{place}.default"), "mapping-default").with("said", said));
        }
    }
}

fn source(rule: &Rule, place: &str, found: &mut Vec<Problem>) {
    if rule.from.is_empty() && rule.default.is_none() {
        found.push(Problem::new(format!("{place}.from"), "mapping-empty"));
    }
    let bad = |path: &String| path.trim().is_empty() || path.chars().count() > LONGEST;
    if rule.from.len() > PATHS || rule.from.iter().any(bad) {
        found.push(Problem::new(format!("{place}.from"), "mapping-path"));
    }
}
