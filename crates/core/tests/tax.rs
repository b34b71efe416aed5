//! Input VAT told as stories: what is known of a purchase, then what may be asked back, by which rule. Each file under
//! `tests/tax/` holds the cases of a country.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jiff::civil::Date;
use outlay_core::tax::{self, Formula, Outcome, Paper, Purchase, TaxRules};
use outlay_core::{Currency, Money};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    case: String,
    on: Date,
    #[serde(default)]
    papers: BTreeSet<Paper>,
    category: Option<String>,
    #[serde(default)]
    items: Vec<String>,
    domestic: Option<bool>,
    identified: Option<bool>,
    ours: Option<bool>,
    taxed: Option<bool>,
    tax: Option<String>,
    gross: Option<String>,
    outside: Option<String>,
    /// The currency of the document, if not the entity's.
    currency: Option<String>,
    /// `101.56 of 1230.00 at 9`, `3.34 printed`, `none`, or `ask paper domestic`; then ` by RULE`, and ` to confirm`.
    expect: String,
}

fn purchase(case: &Case, books: Currency) -> Purchase {
    let currency = case
        .currency
        .as_deref()
        .map_or(books, |c| Currency::parse(c).expect("a currency"));
    let money = |text: &Option<String>| text.as_deref().map(|t| Money::parse(t, currency).expect("an amount"));
    Purchase {
        on: case.on,
        currency: books,
        papers: case.papers.clone(),
        category: case.category.clone(),
        items: case.items.clone(),
        domestic: case.domestic,
        identified: case.identified,
        ours: case.ours,
        taxed: case.taxed,
        tax: money(&case.tax),
        gross: money(&case.gross),
        outside: money(&case.outside),
    }
}

fn told(rules: &TaxRules, purchase: &Purchase) -> String {
    let verdict = rules.judge(purchase);
    let mut said = match &verdict.outcome {
        Outcome::Creditable { amount, formula } => match formula {
            Formula::Printed => format!("{} printed", amount.plain()),
            Formula::Part { of, percent, .. } => format!("{} of {} at {percent}", amount.plain(), of.plain()),
        },
        Outcome::NotCreditable => "none".to_owned(),
        Outcome::Ask(missing) => missing
            .iter()
            .fold("ask".to_owned(), |all, m| format!("{all} {}", m.as_str())),
    };
    if let Some(rule) = verdict.rule {
        said.push_str(&format!(" by {}", rule.id));
        if rule.to_confirm {
            said.push_str(" to confirm");
        }
    }
    said
}

#[test]
fn stories_end_as_told() {
    for (country, books) in [("CN", Currency::CNY), ("DE", Currency::EUR)] {
        let rules = tax::of_country(country).expect("rules of the country");
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/tax")
            .join(format!("{}.yaml", country.to_lowercase()));
        let text = fs::read_to_string(path).expect("the cases");
        let cases: Vec<Case> = serde_norway::from_str(&text).expect("cases");
        assert!(!cases.is_empty());
        for case in cases {
            assert_eq!(
                told(rules, &purchase(&case, books)),
                case.expect,
                "{country}: {}",
                case.case
            );
        }
    }
}

#[test]
fn the_files_are_sound_and_each_rule_is_told_of() {
    for (country, text) in [("CN", tax::CN), ("DE", tax::DE)] {
        let rules = TaxRules::from_yaml(text).expect("sound");
        assert_eq!(rules.country, country);
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/tax")
            .join(format!("{}.yaml", country.to_lowercase()));
        let cases = fs::read_to_string(path).expect("the cases");
        for rule in &rules.rules {
            assert!(cases.contains(&format!("by {}", rule.id)), "no story of {}", rule.id);
        }
    }
    assert_eq!(tax::of_country("US"), None);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let twice = tax::CN.replacen("valid_until: 2025-12-31", "valid_until: 2026-12-31", 1);
    assert!(TaxRules::from_yaml(&twice).is_err_and(|e| e.to_string().contains("stands twice")));
    let sourceless = tax::DE.replacen("source: § 15 Abs. 1 Satz 1 Nr. 1, § 18 Abs. 9 UStG", "source: ' '", 1);
    assert!(TaxRules::from_yaml(&sourceless).is_err_and(|e| e.to_string().contains("needs a source")));
    let floated = tax::CN.replacen("percent: \"9\"", "percent: \"9,5\"", 1);
    assert!(TaxRules::from_yaml(&floated).is_err());
}

proptest! {
    /// The tax that is taken out of an amount is that of the rest, to half a minor unit.
    #[test]
    fn tax_and_rest_make_the_amount(minor in 1i64..100_000_000) {
        let rules = tax::of_country("CN").expect("rules");
        let bought = Purchase {
            on: jiff::civil::date(2025, 3, 1),
            currency: Currency::CNY,
            papers: [Paper::RailTicket].into(),
            category: None,
            items: vec!["铁路旅客运输".to_owned()],
            domestic: Some(true),
            identified: Some(true),
            ours: None,
            taxed: None,
            tax: None,
            gross: Some(Money::new(minor, Currency::CNY)),
            outside: None,
        };
        let amount = rules.judge(&bought).amount().expect("an amount");
        // |amount × 109 − minor × 9| ≤ half of 109.
        let off = i128::from(amount.minor) * 109 - i128::from(minor) * 9;
        prop_assert!(off.abs() * 2 <= 109, "{minor}: {amount:?}");
    }
}
