//! Limits by table: which row a line meets, and by how much it exceeds it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::check::{Args, PolicyFacts, Seen, arg, common, count};
use super::number::round;
use super::rule::{Limit, LimitRow, Per, Rule};
use super::{Arg, Finding, Policy};
use crate::Money;
use crate::claim::Line;

impl Policy {
    pub(super) fn limits(
        &self,
        rule: &Rule,
        limit: &Limit,
        facts: &PolicyFacts,
        lines: &[&Seen],
        found: &mut Vec<(usize, Finding)>,
    ) {
        let mut sums: BTreeMap<(Option<Date>, usize), i64> = BTreeMap::new();
        let grade = facts.grade.as_deref();
        let mut whole_claim: BTreeMap<usize, Vec<Arg>> = BTreeMap::new();
        for seen in lines {
            let Seen { at: i, line, .. } = seen;
            let Some(at) = limit.rows.iter().position(|r| self.row_is(r, seen, grade)) else {
                continue;
            };
            let row = &limit.rows[at];
            let Some(amount) = row.amount else { continue };
            let amount = amount.money(self.currency);
            let group = match limit.per {
                Per::Unit | Per::Line => {
                    let quantity = if limit.per == Per::Unit {
                        line.quantity.max(1)
                    } else {
                        1
                    };
                    let allowed = amount.minor.saturating_mul(i64::from(quantity));
                    if line.claimed.minor > allowed {
                        let mut args = common(*i, line);
                        args.extend([
                            arg("unit", Arg::Unit(line.category.clone())),
                            arg("quantity", Arg::Count(u64::from(quantity))),
                            arg("each", Arg::Money(self.each(line.claimed, quantity))),
                        ]);
                        args.extend(self.measure(amount, allowed, line.claimed.minor, at));
                        args.push(arg("basis", self.basis(limit, Some(seen), grade)));
                        found.push((*i, self.exceeded(rule, Some(line), args, line.claimed.minor, allowed)));
                    }
                    continue;
                }
                Per::Day => (Some(line.incurred_on), at),
                Per::Claim => (None, at),
            };
            let sum = sums.entry(group).or_default();
            let before = *sum;
            *sum = sum.saturating_add(line.claimed.minor);
            if limit.per == Per::Claim {
                whole_claim.entry(at).or_default().push(Arg::Line(*i as u64 + 1));
            } else if *sum > amount.minor {
                let mut args = common(*i, line);
                args.extend(self.measure(amount, amount.minor, *sum, at));
                args.push(arg("basis", self.basis(limit, Some(seen), grade)));
                let counted = before.max(amount.minor);
                found.push((*i, self.exceeded(rule, Some(line), args, *sum, counted)));
            }
        }
        for (at, among) in whole_claim {
            let row = &limit.rows[at];
            let (Some(amount), Some(sum)) = (row.amount, sums.get(&(None, at))) else {
                continue;
            };
            let amount = amount.money(self.currency);
            if *sum > amount.minor {
                let mut args = vec![arg("lines", Arg::List(among))];
                args.extend(self.measure(amount, amount.minor, *sum, at));
                args.push(arg("basis", self.basis(limit, None, grade)));
                found.push((usize::MAX, self.exceeded(rule, None, args, *sum, amount.minor)));
            }
        }
    }

    fn exceeded(&self, rule: &Rule, line: Option<&Line>, args: Args, sum: i64, allowed: i64) -> Finding {
        let mut finding = self.finding(&rule.id, rule.severity, line.map(|l| l.id), args);
        finding.over = Some(Money::new(sum.saturating_sub(allowed), self.currency));
        finding
    }

    fn measure(&self, limit: Money, allowed: i64, sum: i64, row: usize) -> Args {
        vec![
            arg("limit", Arg::Money(limit)),
            arg("allowed", Arg::Money(Money::new(allowed, self.currency))),
            arg("sum", Arg::Money(Money::new(sum, self.currency))),
            arg("row", count(row + 1)),
        ]
    }

    fn each(&self, claimed: Money, quantity: u32) -> Money {
        let each = claimed.decimal().checked_div(Decimal::from(quantity.max(1)));
        round(each.unwrap_or_default(), self.currency)
    }

    fn row_is(&self, row: &LimitRow, line: &Seen, grade: Option<&str>) -> bool {
        line.is(&row.categories, &row.tiers, &row.seasons)
            && row.grades.as_ref().is_none_or(|all| self.grade_is(all, grade))
    }

    /// What the table looked at to come to its row: the city, the grade, the season.
    fn basis(&self, limit: &Limit, line: Option<&Seen>, grade: Option<&str>) -> Arg {
        let asks = |of: fn(&LimitRow) -> bool| limit.rows.iter().any(of);
        let text = |text: &str| Arg::Text(text.trim().to_owned());
        let place = line.and_then(|l| l.line.place.as_deref());
        let season = line.and_then(|l| l.season);
        let mut basis = Vec::new();
        if asks(|r| r.tiers.is_some()) {
            basis.extend(place.map(text));
        }
        if asks(|r| r.grades.is_some()) {
            basis.extend(grade.map(text));
        }
        if asks(|r| r.seasons.is_some()) {
            basis.extend(season.map(|code| Arg::Season(code.to_owned())));
        }
        Arg::List(basis)
    }
}
