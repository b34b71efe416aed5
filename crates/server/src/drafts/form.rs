//! A rule as a form, without JSON: fields by name, lists as words between commas.

use outlay_core::claim::Problem;

use super::rule::{Conditions, DraftLine, DraftRule, Event, How, Serves, TierRate, Who, Whom};
use crate::claims::AmountInput;
use crate::shell::listed;

/// The name of the field for a tier's rate that stands for everywhere else.
const ELSEWHERE: &str = "*";

/// The fields of the form as they were sent.
#[derive(Debug, Clone, Default)]
pub struct Entered(pub Vec<(String, String)>);

impl Entered {
    /// What stands in a field; empty if it was not sent.
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().rev().find(|(n, _)| n == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// The version that the form was made of; that of nobody if it is no number.
    pub fn version(&self) -> i64 {
        self.get("version").parse().unwrap_or(-1)
    }

    /// The rule that the form asks for, with the lines that were added and without those removed.
    pub fn rule(&self, id: &str) -> DraftRule {
        let event = Event::of(self.get("event")).unwrap_or_default();
        let amount = self.get("at_least");
        let mut lines: Vec<DraftLine> = (0..)
            .map_while(|n| {
                let here = self.0.iter().any(|(name, _)| *name == format!("l{n}.category"));
                here.then(|| self.line(n))
            })
            .collect();
        if let Ok(drop) = self.get("drop").parse::<usize>()
            && drop < lines.len()
        {
            lines.remove(drop);
        }
        if !self.get("add").is_empty() {
            lines.push(DraftLine::default());
        }
        DraftRule {
            id: id.to_owned(),
            name: self.get("name").to_owned(),
            on: !self.get("on").is_empty(),
            event,
            when: Conditions {
                connection: self.get("connection").to_owned(),
                entity: self.get("entity").to_owned(),
                at_least: (!amount.is_empty()).then(|| AmountInput {
                    amount: amount.to_owned(),
                    currency: self.get("currency").to_owned(),
                }),
                kinds: listed(self.get("kinds")),
                places: listed(self.get("places")),
                project: match self.get("project") {
                    "yes" => Some(true),
                    "no" => Some(false),
                    _ => None,
                },
            },
            whom: match self.get("whom") {
                "" | "owner" => Whom::default(),
                "account_owner" => Whom {
                    who: Who::AccountOwner,
                    employee: String::new(),
                },
                employee => Whom {
                    who: Who::Employee,
                    employee: employee.to_owned(),
                },
            },
            title: self.get("title").to_owned(),
            purpose: self.get("purpose").to_owned(),
            lines,
            days: self.get("days").parse().unwrap_or(0),
        }
    }

    fn line(&self, n: usize) -> DraftLine {
        let of = |field: &str| self.get(&format!("l{n}.{field}")).to_owned();
        let how = [How::Open, How::Fixed, How::Policy, How::Tiers];
        let how = how.into_iter().find(|h| h.code() == of("how")).unwrap_or_default();
        let prefix = format!("l{n}.rate.");
        let rates = self.0.iter().filter_map(|(name, value)| {
            let tier = name.strip_prefix(&prefix)?;
            let tier = if tier == ELSEWHERE { "" } else { tier };
            let amount = value.trim().to_owned();
            (!amount.is_empty()).then(|| TierRate {
                tier: tier.to_owned(),
                amount,
            })
        });
        DraftLine {
            category: of("category"),
            how,
            amount: if how == How::Fixed { of("amount") } else { String::new() },
            rates: if how == How::Tiers { rates.collect() } else { Vec::new() },
            description: of("description"),
            serves: if of("serves") == "account" {
                Serves::Account
            } else {
                Serves::Record
            },
        }
    }
}

/// The rate of a tier in a line, empty for none; `""` is everywhere else.
pub fn rate<'l>(line: &'l DraftLine, tier: &str) -> &'l str {
    line.rates.iter().find(|r| r.tier == tier).map_or("", |r| &r.amount)
}

/// The name of the field for the rate of a tier in line `n`.
pub fn rate_name(n: usize, tier: &str) -> String {
    format!("l{n}.rate.{}", if tier.is_empty() { ELSEWHERE } else { tier })
}

/// The field of the form that a problem of the rule at `at` belongs to: `title`, `l0.amount`, `l1.rate.t1`.
pub fn field(problem: &Problem, at: usize, rule: &DraftRule) -> Option<String> {
    let rest = problem.field.strip_prefix(&format!("rules[{at}]."))?;
    let rest = rest.strip_prefix("when.").unwrap_or(rest);
    let Some((n, of)) = rest.strip_prefix("lines[").and_then(|r| r.split_once("].")) else {
        return Some(if rest.starts_with("whom") { "whom" } else { rest }.to_owned());
    };
    let n: usize = n.parse().ok()?;
    let Some((rate, _)) = of.strip_prefix("rates[").and_then(|r| r.split_once(']')) else {
        return Some(format!("l{n}.{of}"));
    };
    let rate = rule.lines.get(n)?.rates.get(rate.parse::<usize>().ok()?)?;
    Some(rate_name(n, &rate.tier))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entered(fields: &[(&str, &str)]) -> Entered {
        Entered(fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn the_form_says_a_rule() {
        let form = entered(&[
            ("event", "visit"),
            ("name", " 外地拜访 "),
            ("on", "true"),
            ("whom", "account_owner"),
            ("kinds", "visit，meeting"),
            ("places", "上海、杭州, DE"),
            ("days", "14"),
            ("l0.category", "meals"),
            ("l0.how", "tiers"),
            ("l0.amount", "5"),
            ("l0.rate.t1", "150"),
            ("l0.rate.t2", ""),
            ("l0.rate.*", "100"),
            ("l1.category", "lodging"),
            ("l1.how", "open"),
            ("l1.serves", "account"),
        ]);
        let rule = form.rule("r1");
        assert_eq!((rule.name.as_str(), rule.on, rule.days), ("外地拜访", true, 14));
        assert_eq!(rule.when.kinds, ["visit", "meeting"]);
        assert_eq!(rule.when.places, ["上海", "杭州", "DE"]);
        assert_eq!(rule.whom.who, Who::AccountOwner);
        let [per_diem, lodging] = rule.lines.as_slice() else {
            panic!("two lines")
        };
        assert_eq!(per_diem.amount, "");
        assert_eq!(
            (rate(per_diem, "t1"), rate(per_diem, "t2"), rate(per_diem, "")),
            ("150", "", "100")
        );
        assert_eq!((lodging.how, lodging.serves), (How::Open, Serves::Account));
        let mut more = form.clone();
        more.0.push(("drop".into(), "0".into()));
        more.0.push(("add".into(), "1".into()));
        let lines: Vec<String> = more.rule("r1").lines.into_iter().map(|l| l.category).collect();
        assert_eq!(lines, ["lodging", ""]);
    }

    #[test]
    fn a_problem_finds_its_field() {
        let rule = entered(&[("l0.category", "meals"), ("l0.how", "tiers"), ("l0.rate.t1", "x")]).rule("");
        let of = |place: &str| field(&Problem::new(place, "wrong"), 2, &rule);
        assert_eq!(of("rules[2].when.entity").as_deref(), Some("entity"));
        assert_eq!(of("rules[2].whom.employee").as_deref(), Some("whom"));
        assert_eq!(of("rules[2].lines[0].how").as_deref(), Some("l0.how"));
        assert_eq!(of("rules[2].lines[0].rates[0].amount").as_deref(), Some("l0.rate.t1"));
        assert_eq!(of("rules[1].title"), None);
    }
}
