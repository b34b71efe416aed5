//! The yearly meter of an entity: how much of what it spends on hosting counts against tax, and where it stands.
//!
//! China, 企业所得税法实施条例 第43条: of business entertainment the lesser of 60 % of the spend and 5‰ of the year's revenue is deductible.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::check::{PolicyFacts, Seen, arg};
use super::number::{Share, round};
use super::rule::{Check, Rule};
use super::{Arg, Finding, Policy};
use crate::Money;

/// What an entity spent and earned in a year.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct YearFacts {
    /// Its revenue, where finance has set it.
    pub revenue: Option<Money>,
    /// For each rule with a meter what other claims spent.
    pub spent: BTreeMap<String, Money>,
}

/// Where an entity stands in a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meter {
    /// What was spent.
    pub spent: Money,
    /// The share of it that may count: 60 %.
    pub by_share: Money,
    /// What may count at most: 5‰ of revenue. Absent where the revenue is not known.
    pub cap: Option<Money>,
    /// What counts: the lesser of both. Absent where the revenue is not known.
    pub deductible: Option<Money>,
    /// By how much the share exceeds the cap; nought if it does not.
    pub excess: Option<Money>,
}

impl Meter {
    /// Reckons it. Amounts are of one currency.
    pub fn new(spent: Money, revenue: Option<Money>, share: Share, of_revenue: Share) -> Meter {
        let part = |of: Money, share: Share| {
            let value = of.decimal().checked_mul(share.value());
            value.map_or(of, |value| round(value, of.currency))
        };
        let by_share = part(spent, share);
        let cap = revenue
            .filter(|r| r.currency == spent.currency)
            .map(|r| part(r, of_revenue));
        Meter {
            spent,
            by_share,
            cap,
            deductible: cap.map(|cap| if by_share.minor < cap.minor { by_share } else { cap }),
            excess: cap.map(|cap| Money::new(by_share.minor.saturating_sub(cap.minor).max(0), spent.currency)),
        }
    }
}

impl Policy {
    /// The rules with a meter, with the categories that each counts; none of these means all.
    pub fn meters(&self) -> impl Iterator<Item = (&Rule, &[String], Share, Share)> {
        self.rules.iter().filter_map(|rule| match &rule.check {
            Check::Meter { share, of_revenue } => {
                let categories = rule.when.categories.as_deref().unwrap_or_default();
                Some((rule, categories, *share, *of_revenue))
            }
            _ => None,
        })
    }

    /// A finding for each year in which a claim's lines take the entity past its cap.
    pub(super) fn metered(
        &self,
        rule: &Rule,
        (share, of_revenue): (Share, Share),
        facts: &PolicyFacts,
        lines: &[&Seen],
        found: &mut Vec<(usize, Finding)>,
    ) {
        let mut mine: BTreeMap<i16, (i64, Vec<Arg>)> = BTreeMap::new();
        for seen in lines {
            let year = mine.entry(seen.line.incurred_on.year()).or_default();
            year.0 = year.0.saturating_add(seen.line.claimed.minor);
            year.1.push(Arg::Line(seen.at as u64 + 1));
        }
        for (year, (minor, lines)) in mine {
            let Some(known) = facts.years.get(&year) else { continue };
            let before = known.spent.get(&rule.id).map_or(0, |m| m.minor);
            let spent = Money::new(before.saturating_add(minor), self.currency);
            let meter = Meter::new(spent, known.revenue, share, of_revenue);
            let (Some(cap), Some(excess), Some(deductible)) = (meter.cap, meter.excess, meter.deductible) else {
                continue;
            };
            if excess.minor > 0 {
                let args = vec![
                    arg("year", Arg::Text(year.to_string())),
                    arg("spent", Arg::Money(spent)),
                    arg("by_share", Arg::Money(meter.by_share)),
                    arg("cap", Arg::Money(cap)),
                    arg("deductible", Arg::Money(deductible)),
                    arg("excess", Arg::Money(excess)),
                    arg("share", Arg::Share(share.value())),
                    arg("of_revenue", Arg::Share(of_revenue.value())),
                    arg("lines", Arg::List(lines)),
                ];
                found.push((usize::MAX, self.finding(&rule.id, rule.severity, None, args)));
            }
        }
    }
}
