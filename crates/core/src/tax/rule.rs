//! Rules of input VAT as they are written.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Paper;
use crate::money::parse_decimal;
use crate::words::Text;

/// The rules of one country, in the order in which they are asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxRules {
    /// ISO 3166 alpha-2 country.
    pub country: String,
    /// At least one.
    pub rules: Vec<TaxRule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxRule {
    /// Unique within its days.
    pub id: String,
    /// The law, by title, number and article.
    pub source: String,
    /// First day of issue that it is for.
    pub valid_from: Date,
    /// Last day; none while it is in force.
    #[serde(default)]
    pub valid_until: Option<Date>,
    /// Whether its text was not to be had, so that a tax person has to confirm it before it is relied on.
    #[serde(default)]
    pub to_confirm: bool,
    /// When it fits.
    #[serde(default)]
    pub when: TaxWhen,
    /// What may be asked back.
    #[serde(with = "serde_norway::with::singleton_map")]
    pub gives: Gives,
    /// Why, for whoever reads the result.
    pub text: Text,
}

/// The conditions of a rule; all must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TaxWhen {
    /// Only these kinds of documents.
    pub papers: Option<BTreeSet<Paper>>,
    /// Only what is one of these.
    pub bought: Option<Bought>,
    /// Only supplies within the country, or only others.
    pub domestic: Option<bool>,
    /// Only documents that name who travelled, or only others.
    pub identified: Option<bool>,
    /// Only documents made out to the entity, or only others.
    pub ours: Option<bool>,
    /// Only documents that bear tax, or only others.
    pub taxed: Option<bool>,
    /// Only totals of at most this.
    pub gross_at_most: Option<Exact>,
}

/// What was bought: by the category it is claimed as, or by the words of all its items.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bought {
    /// Codes of categories.
    pub categories: Vec<String>,
    /// Words in class or name of an item.
    pub items: Vec<String>,
}

/// What a rule lets be asked back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gives {
    /// Nothing.
    Nothing,
    /// The tax as printed.
    Printed,
    /// The tax at a rate that is in an amount with tax.
    Part {
        /// Which amount.
        of: Base,
        /// The rate in percent, as text.
        percent: Exact,
    },
}

/// The amount that tax is reckoned out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// The total.
    Gross,
    /// The total without what lies outside of the tax base: of an air ticket, fare and fuel.
    Inside,
}

/// An exact decimal, written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact(pub Decimal);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        parse_decimal(&text, 6).map(Exact).map_err(serde::de::Error::custom)
    }
}

/// Why a text is no set of rules.
#[derive(Debug, thiserror::Error)]
pub enum TaxError {
    /// It is not written as rules are.
    #[error(transparent)]
    Shape(#[from] serde_norway::Error),
    /// A rule makes no sense.
    #[error("rule {0}: {1}")]
    Rule(String, &'static str),
}

impl TaxRules {
    /// Reads rules from YAML; unknown keys, empty sources and two rules of one id on one day are errors.
    pub fn from_yaml(text: &str) -> Result<TaxRules, TaxError> {
        let rules: TaxRules = serde_norway::from_str(text)?;
        for (i, rule) in rules.rules.iter().enumerate() {
            let wrong = |what| Err(TaxError::Rule(rule.id.clone(), what));
            if rule.source.trim().is_empty() || rule.text.zh.is_empty() || rule.text.en.is_empty() {
                return wrong("needs a source and a text in both languages");
            }
            if rule.valid_until.is_some_and(|until| until < rule.valid_from) {
                return wrong("ends before it begins");
            }
            let same = |other: &&TaxRule| other.id == rule.id && other.holds(rule.valid_from);
            if rules.rules[..i].iter().any(|other| same(&other)) {
                return wrong("stands twice for one day");
            }
        }
        Ok(rules)
    }
}
