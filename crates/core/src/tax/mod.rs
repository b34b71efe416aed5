//! Input VAT (进项税) by rule: what of an invoice's tax the company may ask back, by which formula of which law – or that it
//! may not, or that somebody has to say, where the documents do not. Nothing is guessed.
//!
//! The rules are data, one file a country, see `policies/tax-cn.yaml`. They are asked in order, those alone that hold on
//! the invoice's day of issue. The first that surely fits answers; one that may fit, but for something that is not known,
//! stops the search with what is missing, since those after it would be a guess.

mod rule;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

pub use rule::{Base, Bought, Gives, TaxError, TaxRule, TaxRules, TaxWhen};

use crate::{Currency, Money};

/// The rules of China.
pub const CN: &str = include_str!("../../policies/tax-cn.yaml");
/// The rules of Germany.
pub const DE: &str = include_str!("../../policies/tax-de.yaml");

static STANDARD: LazyLock<Vec<TaxRules>> = LazyLock::new(|| {
    // That both are sound is a test, and whoever breaks one sees nothing reckoned rather than something wrong.
    [CN, DE]
        .iter()
        .filter_map(|text| TaxRules::from_yaml(text).ok())
        .collect()
});

/// The rules of a country, by its ISO 3166 alpha-2 code; none where Outlay knows none.
pub fn of_country(country: &str) -> Option<&'static TaxRules> {
    STANDARD.iter().find(|r| r.country == country)
}

/// A kind of document, as tax law tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// 增值税专用发票, on paper, electronic, or fully digital.
    Special,
    /// 增值税普通发票, electronic or fully digital.
    Ordinary,
    /// 电子发票（铁路电子客票）.
    RailETicket,
    /// 电子发票（航空运输电子客票行程单）.
    AirETicket,
    /// A rail ticket on paper.
    RailTicket,
    /// The itinerary of an air ticket on paper.
    AirItinerary,
    /// A ticket of road, water or other passenger transport.
    OtherTicket,
    /// An invoice of another country.
    Invoice,
}

/// What is known of a purchase. Amounts are as printed; what is not surely known is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// The day of issue.
    pub on: Date,
    /// The currency of the entity's books.
    pub currency: Currency,
    /// What the document may be; one where that is known, none where nothing is.
    pub papers: BTreeSet<Paper>,
    /// What it is claimed as.
    pub category: Option<String>,
    /// Class and name of each item.
    pub items: Vec<String>,
    /// Whether it was supplied within the country.
    pub domestic: Option<bool>,
    /// Whether the document names who travelled.
    pub identified: Option<bool>,
    /// Whether the buyer is the entity.
    pub ours: Option<bool>,
    /// Whether the invoice bears tax at all.
    pub taxed: Option<bool>,
    /// The tax.
    pub tax: Option<Money>,
    /// The total with tax.
    pub gross: Option<Money>,
    /// What of the total lies outside of the tax base, such as the aviation fund.
    pub outside: Option<Money>,
}

/// What has to be known and is not. Stable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The kind of document.
    Paper,
    /// What was bought.
    Bought,
    /// Items that are treated differently are on one invoice.
    Mixed,
    /// Whether it was supplied within the country.
    Domestic,
    /// Whether the traveller's identity is on it.
    Identity,
    /// Who bought.
    Buyer,
    /// The amount of tax.
    Tax,
    /// The total.
    Gross,
    /// What of the total lies outside of the tax base.
    Outside,
    /// The amounts in the entity's currency.
    Currency,
    /// A rule for that day and kind of document.
    Rule,
}

impl Missing {
    /// The stable name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Missing::Paper => "paper",
            Missing::Bought => "bought",
            Missing::Mixed => "mixed",
            Missing::Domestic => "domestic",
            Missing::Identity => "identity",
            Missing::Buyer => "buyer",
            Missing::Tax => "tax",
            Missing::Gross => "gross",
            Missing::Outside => "outside",
            Missing::Currency => "currency",
            Missing::Rule => "rule",
        }
    }
}

/// How a creditable amount came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formula {
    /// It is the tax as printed.
    Printed,
    /// `of` ÷ (1 + `percent`/100) × `percent`/100, rounded half away from zero to the minor unit.
    Part {
        /// What `of` is.
        base: Base,
        /// The amount with tax.
        of: Money,
        /// The rate in percent.
        percent: Decimal,
    },
}

/// What is to be done with the tax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It may be asked back.
    Creditable {
        /// How much, in the entity's currency.
        amount: Money,
        /// How it was reckoned.
        formula: Formula,
    },
    /// None of it may be asked back, for the rule's reason.
    NotCreditable,
    /// A tax person has to say.
    Ask(Vec<Missing>),
}

/// An outcome and the rule that it is by; no rule where none is known for the day and the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict<'r> {
    /// The rule.
    pub rule: Option<&'r TaxRule>,
    /// What it says.
    pub outcome: Outcome,
}

impl Verdict<'_> {
    /// The amount that may be asked back, if that is known.
    pub fn amount(&self) -> Option<Money> {
        match self.outcome {
            Outcome::Creditable { amount, .. } => Some(amount),
            _ => None,
        }
    }
}

impl TaxRules {
    /// What the rules say of a purchase.
    pub fn judge(&self, purchase: &Purchase) -> Verdict<'_> {
        for rule in self.rules.iter().filter(|r| r.holds(purchase.on)) {
            let outcome = match rule.when.fits(purchase) {
                Fit::No => continue,
                Fit::Maybe(missing) => Outcome::Ask(missing),
                Fit::Yes => rule.outcome(purchase),
            };
            return Verdict {
                rule: Some(rule),
                outcome,
            };
        }
        Verdict {
            rule: None,
            outcome: Outcome::Ask(vec![Missing::Rule]),
        }
    }
}

/// Whether a rule's conditions hold.
enum Fit {
    Yes,
    No,
    Maybe(Vec<Missing>),
}

impl TaxWhen {
    fn fits(&self, p: &Purchase) -> Fit {
        let is = |wanted: Option<bool>, known: Option<bool>, missing: Missing| match (wanted, known) {
            (None, _) => Fit::Yes,
            (Some(_), None) => Fit::Maybe(vec![missing]),
            (Some(a), Some(b)) => yes(a == b),
        };
        let parts = [
            self.papers.as_ref().map_or(Fit::Yes, |wanted| {
                let fitting = p.papers.iter().filter(|k| wanted.contains(k)).count();
                match fitting {
                    0 if !p.papers.is_empty() => Fit::No,
                    n if n == p.papers.len() && n > 0 => Fit::Yes,
                    _ => Fit::Maybe(vec![Missing::Paper]),
                }
            }),
            self.bought.as_ref().map_or(Fit::Yes, |b| b.fits(p)),
            self.gross_at_most.map_or(Fit::Yes, |most| match p.gross {
                Some(gross) => yes(gross.decimal() <= most.0),
                None => Fit::Maybe(vec![Missing::Gross]),
            }),
            is(self.domestic, p.domestic, Missing::Domestic),
            is(self.identified, p.identified, Missing::Identity),
            is(self.ours, p.ours, Missing::Buyer),
            is(self.taxed, p.taxed, Missing::Tax),
        ];
        let mut missing = Vec::new();
        for part in parts {
            match part {
                Fit::Yes => {}
                Fit::No => return Fit::No,
                Fit::Maybe(what) => missing.extend(what),
            }
        }
        if missing.is_empty() {
            Fit::Yes
        } else {
            Fit::Maybe(missing)
        }
    }
}

impl Bought {
    fn fits(&self, p: &Purchase) -> Fit {
        if p.category.as_ref().is_some_and(|c| self.categories.contains(c)) {
            return Fit::Yes;
        }
        let speaks = |item: &&String| self.items.iter().any(|word| item.contains(word.as_str()));
        match p.items.iter().filter(speaks).count() {
            // By its category alone a purchase is nothing that only its items tell.
            0 if p.items.is_empty() && (p.category.is_none() || self.categories.is_empty()) => {
                Fit::Maybe(vec![Missing::Bought])
            }
            0 => Fit::No,
            n if n == p.items.len() => Fit::Yes,
            _ => Fit::Maybe(vec![Missing::Mixed]),
        }
    }
}

fn yes(holds: bool) -> Fit {
    if holds { Fit::Yes } else { Fit::No }
}

impl TaxRule {
    /// Whether it is in force on a day.
    pub fn holds(&self, on: Date) -> bool {
        self.valid_from <= on && self.valid_until.is_none_or(|until| on <= until)
    }

    fn outcome(&self, p: &Purchase) -> Outcome {
        let (amount, formula) = match self.gives {
            Gives::Nothing => return Outcome::NotCreditable,
            Gives::Printed => match p.tax {
                Some(tax) => (tax, Formula::Printed),
                None => return Outcome::Ask(vec![Missing::Tax]),
            },
            Gives::Part { of: base, percent } => match base.of(p) {
                Ok(of) => {
                    let (base, percent) = (base, percent.0);
                    (part(of, percent), Formula::Part { base, of, percent })
                }
                Err(missing) => return Outcome::Ask(vec![missing]),
            },
        };
        if amount.currency == p.currency {
            Outcome::Creditable { amount, formula }
        } else {
            Outcome::Ask(vec![Missing::Currency])
        }
    }
}

impl Base {
    fn of(self, p: &Purchase) -> Result<Money, Missing> {
        let gross = p.gross.ok_or(Missing::Gross)?;
        match self {
            Base::Gross => Ok(gross),
            Base::Inside => {
                let outside = p.outside.filter(|o| o.currency == gross.currency);
                let outside = outside.ok_or(Missing::Outside)?;
                Ok(Money::new(gross.minor.saturating_sub(outside.minor), gross.currency))
            }
        }
    }
}

/// The tax in an amount with tax.
fn part(of: Money, percent: Decimal) -> Money {
    let whole = Decimal::ONE_HUNDRED + percent;
    // One division, at the end: 1.09 and 9 % are exact, their quotient is not.
    let minor = Decimal::from(of.minor)
        .checked_mul(percent)
        .and_then(|d| d.checked_div(whole))
        .map(|d| d.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero))
        .and_then(|d| i64::try_from(d).ok());
    Money::new(minor.unwrap_or(0), of.currency)
}
