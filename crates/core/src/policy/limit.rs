//! Limits by table: which row a line meets, and by how much it exceeds it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::ask::{Known, Said, amount, decimal, said};
use super::check::{Args, Seen, arg, common, count};
use super::fact::Fact;
use super::number::round;
use super::rule::{Limit, Per, Rule};
use super::rule_table::Ready;
use super::{Arg, Finding, Policy};
use crate::Money;
use crate::claim::Line;
use crate::table::{Outcome, Trace};

/// Lines that share one limit.
struct Together {
    sum: i64,
    limit: Money,
    lines: Vec<Arg>,
    trace: Trace,
}

impl Policy {
    pub(super) fn limits(
        &self,
        rule: &Rule,
        limit: &Limit,
        ready: &Ready,
        known: &Known,
        lines: &[&Seen],
        found: &mut Vec<(usize, Finding)>,
    ) {
        let mut groups: BTreeMap<(Option<Date>, u32), Together> = BTreeMap::new();
        for seen in lines {
            let Seen { at: i, line, .. } = seen;
            let outcome = ready.ask(|fact| known.of(fact, seen, Decimal::ZERO));
            let value = match said(&outcome) {
                Said::Answer(value) => value,
                _ => {
                    found.push((*i, self.unanswered(rule, ready, seen, outcome)));
                    continue;
                }
            };
            let Some((most, each)) = amount(&value, self.currency).zip(decimal(&value)) else {
                continue;
            };
            let Outcome { trace, .. } = outcome;
            let row = trace.chosen.first().copied().unwrap_or(0);
            let group = match limit.per {
                Per::Unit | Per::Line => {
                    let quantity = if limit.per == Per::Unit {
                        line.quantity.max(1)
                    } else {
                        1
                    };
                    // A rate may have more decimals than money: only the product is rounded.
                    let allowed = each.checked_mul(Decimal::from(quantity));
                    let allowed = allowed.map_or(i64::MAX, |all| round(all, self.currency).minor);
                    if line.claimed.minor > allowed {
                        let mut args = common(*i, line);
                        args.extend([
                            arg("unit", Arg::Unit(line.category.clone())),
                            arg("quantity", Arg::Count(u64::from(quantity))),
                            arg("each", Arg::Money(self.each(line.claimed, quantity))),
                        ]);
                        args.extend(self.measure(most, allowed, line.claimed.minor, row));
                        if each != most.decimal() {
                            args.iter_mut().filter(|(name, _)| name == "limit").for_each(|(_, of)| {
                                *of = Arg::Rate(each.normalize());
                            });
                        }
                        args.push(arg("basis", basis(ready, Some(seen), known)));
                        found.push((
                            *i,
                            self.exceeded(rule, Some(line), args, line.claimed.minor, allowed, trace),
                        ));
                    }
                    continue;
                }
                Per::Day => (Some(line.incurred_on), row),
                Per::Claim => (None, row),
            };
            let together = groups.entry(group).or_insert_with(|| Together {
                sum: 0,
                limit: most,
                lines: Vec::new(),
                trace: trace.clone(),
            });
            let before = together.sum;
            together.sum = before.saturating_add(line.claimed.minor);
            if limit.per == Per::Claim {
                together.lines.push(Arg::Line(*i as u64 + 1));
            } else if together.sum > most.minor {
                let mut args = common(*i, line);
                args.extend(self.measure(most, most.minor, together.sum, row));
                args.push(arg("basis", basis(ready, Some(seen), known)));
                let counted = before.max(most.minor);
                found.push((*i, self.exceeded(rule, Some(line), args, together.sum, counted, trace)));
            }
        }
        for ((_, row), group) in groups.into_iter().filter(|_| limit.per == Per::Claim) {
            if group.sum > group.limit.minor {
                let mut args = vec![arg("lines", Arg::List(group.lines))];
                args.extend(self.measure(group.limit, group.limit.minor, group.sum, row));
                args.push(arg("basis", basis(ready, None, known)));
                let finding = self.exceeded(rule, None, args, group.sum, group.limit.minor, group.trace);
                found.push((usize::MAX, finding));
            }
        }
    }

    fn exceeded(&self, rule: &Rule, line: Option<&Line>, args: Args, sum: i64, allowed: i64, trace: Trace) -> Finding {
        let mut finding = self.finding(&rule.id, rule.severity, line.map(|l| l.id), args);
        finding.over = Some(Money::new(sum.saturating_sub(allowed), self.currency));
        finding.trace = Some(Box::new(trace));
        finding
    }

    fn measure(&self, limit: Money, allowed: i64, sum: i64, row: u32) -> Args {
        vec![
            arg("limit", Arg::Money(limit)),
            arg("allowed", Arg::Money(Money::new(allowed, self.currency))),
            arg("sum", Arg::Money(Money::new(sum, self.currency))),
            arg("row", count(row as usize)),
        ]
    }

    fn each(&self, claimed: Money, quantity: u32) -> Money {
        let each = claimed.decimal().checked_div(Decimal::from(quantity.max(1)));
        round(each.unwrap_or_default(), self.currency)
    }
}

/// What the table looked at to come to its row: the city, the grade, the season.
fn basis(ready: &Ready, seen: Option<&Seen>, known: &Known) -> Arg {
    let asks = |fact| ready.facts.contains(&fact);
    let text = |text: &str| Arg::Text(text.trim().to_owned());
    let mut basis = Vec::new();
    if asks(Fact::Tier) || asks(Fact::Place) {
        basis.extend(seen.and_then(|s| s.line.place.as_deref()).map(text));
    }
    if asks(Fact::Grade) {
        basis.extend(known.facts.grade.as_deref().map(text));
    }
    if asks(Fact::Season) {
        basis.extend(seen.and_then(|s| s.season).map(|code| Arg::Season(code.to_owned())));
    }
    Arg::List(basis)
}
