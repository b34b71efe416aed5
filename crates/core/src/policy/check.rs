//! Judging a content by the rules.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::ask::{self, Known, Said, said};
use super::meter::YearFacts;
use super::number::round;
use super::rule::{Check, Detail, Details, LinkKind, Rule, When};
use super::rule_table::Ready;
use super::set::fold;
use super::{Arg, Finding, Policy, Severity};
use crate::Money;
use crate::claim::{Allocation, Content, Grade, Line};
use crate::feel::Value;
use crate::ids::{ClaimId, LineId};

/// What a policy needs to know beyond the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyFacts {
    /// Today, where the entity is.
    pub today: Date,
    /// The claimant's grade; rules for grades do not match without one.
    #[serde(default)]
    pub grade: Option<String>,
    /// The country of the entity: two letters of ISO 3166.
    #[serde(default)]
    pub country: Option<String>,
    /// The code of the department where the claim is booked.
    #[serde(default)]
    pub department: Option<String>,
    /// How far the claim's deal is: `open`, `won` or `lost`.
    #[serde(default)]
    pub stage: Option<String>,
    /// The claim, by which an audit is drawn; none is drawn without.
    #[serde(default)]
    pub claim: Option<ClaimId>,
    /// What the entity spent and earned, by year.
    #[serde(default)]
    pub years: BTreeMap<i16, YearFacts>,
    /// What is known of the lines.
    #[serde(default)]
    pub lines: BTreeMap<LineId, LineFacts>,
}

impl PolicyFacts {
    /// Nothing but the day.
    pub fn on(today: Date) -> PolicyFacts {
        PolicyFacts {
            today,
            grade: None,
            country: None,
            department: None,
            stage: None,
            claim: None,
            years: BTreeMap::new(),
            lines: BTreeMap::new(),
        }
    }
}

/// What is known of a line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LineFacts {
    /// The buyer's name on the invoice, where one was read.
    pub buyer: Option<String>,
    /// Whether that buyer is the entity; absent if nothing was read.
    pub buyer_matches: Option<bool>,
    /// Checks of the invoice that failed, by what people call them.
    pub failed_checks: Vec<String>,
    /// The day on which another live claim took the same invoice.
    pub used_on: Option<Date>,
    /// Lines of the claimant's other live claims with this day, category and paid amount.
    pub similar: Vec<Similar>,
    /// Other live claims, whoever's, with a picture that looks like the line's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alike: Vec<Similar>,
    /// The country where it was spent: two letters of ISO 3166.
    pub country: Option<String>,
    /// The class of seat or cabin, by its code in the policy; else it is looked for in the description.
    pub class: Option<String>,
    /// Hours of the journey.
    #[serde(with = "rust_decimal::serde::str_option")]
    pub hours: Option<Decimal>,
    /// Kilometres of the journey.
    #[serde(with = "rust_decimal::serde::str_option")]
    pub distance: Option<Decimal>,
}

/// A line of another claim that looks the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Similar {
    /// That claim's number.
    pub claim: String,
}

/// A check that every policy has: the line's category is none of its own.
pub(super) const UNKNOWN_CATEGORY: &str = "outlay.category";
/// The claim is in another currency than the policy.
pub(super) const OTHER_CURRENCY: &str = "outlay.currency";

/// The policy tells grades apart, and does not know the claimant's.
pub(super) const UNKNOWN_GRADE: &str = "outlay.grade";

/// A line's picture looks like one of another claim.
pub(super) const ALIKE: &str = "outlay.alike";

pub(super) type Args = Vec<(String, Arg)>;

/// A value for the words, under its name.
pub(super) fn arg(name: &str, value: Arg) -> (String, Arg) {
    (name.to_owned(), value)
}

pub(super) fn count(n: usize) -> Arg {
    Arg::Count(n as u64)
}

impl Policy {
    /// All that the rules find. In order: the lines as they stand, each by the rules as they stand, then the claim.
    /// Never panics, whatever the content.
    pub fn check(&self, content: &Content, facts: &PolicyFacts) -> Vec<Finding> {
        if content.currency != self.currency {
            let args = vec![
                arg("claimed", Arg::Money(content.claimed())),
                arg("currency", Arg::Text(self.currency.code().to_owned())),
            ];
            return vec![self.finding(OTHER_CURRENCY, Severity::Block, None, args)];
        }
        let mut found: Vec<(usize, Finding)> = Vec::new();
        for (i, line) in content.lines.iter().enumerate() {
            if self.category(&line.category).is_none() {
                let mut args = common(i, line);
                args.push(arg("code", Arg::Text(line.category.clone())));
                found.push((i, self.finding(UNKNOWN_CATEGORY, Severity::Block, Some(line.id), args)));
            }
            let alike = facts.lines.get(&line.id).map(|known| known.alike.as_slice());
            if let Some(alike @ [_, ..]) = alike {
                let others = alike.iter().map(|s| Arg::Text(s.claim.clone())).collect();
                let mut args = common(i, line);
                args.push(arg("others", Arg::List(others)));
                found.push((i, self.finding(ALIKE, Severity::Warn, Some(line.id), args)));
            }
        }
        let all = self.see_all(content, facts);
        let known = Known {
            policy: self,
            content,
            facts,
        };
        for (rule, ready) in self.rules.iter().zip(&self.ready.rules) {
            let when = &rule.when;
            if !self.applies(when, content, facts) {
                continue;
            }
            let lines: Vec<&Seen> = all
                .iter()
                .filter(|l| rule.holds_on(l.line.incurred_on) && l.is(&when.categories, &when.tiers, &when.seasons))
                .collect();
            self.run(rule, ready.as_ref(), &known, &lines, &mut found);
        }
        let known = |grade: &String| self.grades.contains(grade);
        if !self.grades.is_empty() && !facts.grade.as_ref().is_some_and(known) {
            let args = vec![arg(
                "grade",
                Arg::Text(facts.grade.clone().unwrap_or_else(|| "–".to_owned())),
            )];
            found.push((usize::MAX, self.finding(UNKNOWN_GRADE, Severity::Warn, None, args)));
        }
        found.sort_by_key(|(i, _)| *i);
        found.into_iter().map(|(_, finding)| finding).collect()
    }

    fn run(
        &self,
        rule: &Rule,
        ready: Option<&Ready>,
        known: &Known,
        lines: &[&Seen],
        found: &mut Vec<(usize, Finding)>,
    ) {
        match (&rule.check, ready) {
            (Check::Limit(limit), Some(ready)) => self.limits(rule, limit, ready, known, lines, found),
            (_, Some(ready)) => {
                for seen in lines {
                    let outcome = ready.ask(|fact| known.of(fact, seen, Decimal::ZERO));
                    let Said::Answer(value) = said(&outcome) else {
                        found.push((seen.at, self.unanswered(rule, ready, seen, outcome)));
                        continue;
                    };
                    if let Some(more) = self.by_table(&rule.check, known, seen, &value) {
                        let mut args = common(seen.at, seen.line);
                        args.extend(more);
                        let row = outcome.trace.chosen.first().copied().unwrap_or(0);
                        args.push(arg("row", count(row as usize)));
                        let mut finding = self.finding(&rule.id, rule.severity, Some(seen.line.id), args);
                        finding.trace = Some(Box::new(outcome.trace));
                        found.push((seen.at, finding));
                    }
                }
            }
            (check, None) => self.plainly(rule, check, known, lines, found),
        }
    }

    /// A check without a table.
    fn plainly(&self, rule: &Rule, check: &Check, known: &Known, lines: &[&Seen], found: &mut Vec<(usize, Finding)>) {
        let content = known.content;
        match check {
            Check::Meter { share, of_revenue } => self.metered(rule, (*share, *of_revenue), known.facts, lines, found),
            Check::Link { to } if !rule.when.picks_lines() => {
                let open: Vec<Arg> = lines
                    .iter()
                    .filter(|l| !is_linked(content, l.line, to))
                    .map(|l| Arg::Line(l.at as u64 + 1))
                    .collect();
                if !open.is_empty() {
                    let args = vec![arg("to", links(to)), arg("lines", Arg::List(open))];
                    found.push((usize::MAX, self.finding(&rule.id, rule.severity, None, args)));
                }
            }
            check => {
                let empty = LineFacts::default();
                for Seen {
                    at, line, known: of, ..
                } in lines
                {
                    if let Some(more) = self.line(check, content, known.facts.today, *at, line, of.unwrap_or(&empty)) {
                        let mut args = common(*at, line);
                        args.extend(more);
                        found.push((*at, self.finding(&rule.id, rule.severity, Some(line.id), args)));
                    }
                }
            }
        }
    }

    /// The values of a finding about one line, if it is not within what a table answered.
    fn by_table(&self, check: &Check, known: &Known, seen: &Seen, value: &Value) -> Option<Args> {
        let line = seen.line;
        match check {
            Check::Receipt { .. } => self.receipt(line, ask::amount(value, self.currency)?),
            Check::Deadline { .. } => late(line, known.facts.today, ask::count(value)?),
            Check::Evidence { .. } => weak(line, ask::grade_of(ask::code(value)?)?),
            Check::Class { .. } => {
                let at = |code: &str| self.classes.iter().position(|c| c.code == code);
                let (highest, class) = (ask::code(value)?, self.class_of(seen)?);
                let over = at(class) > at(highest);
                over.then(|| {
                    vec![
                        arg("class", Arg::Class(class.to_owned())),
                        arg("highest", Arg::Class(highest.to_owned())),
                    ]
                })
            }
            _ => None,
        }
    }

    fn receipt(&self, line: &Line, most: Money) -> Option<Args> {
        let missing = line.evidence.is_none() && line.claimed.minor > most.minor;
        missing.then(|| vec![arg("limit", Arg::Money(most))])
    }

    /// The values of a finding about one line, if the check fails.
    fn line(
        &self,
        check: &Check,
        content: &Content,
        today: Date,
        i: usize,
        line: &Line,
        known: &LineFacts,
    ) -> Option<Args> {
        match check {
            // These have tables, or look at the year.
            Check::Limit(_) | Check::Class { .. } | Check::Meter { .. } => None,
            Check::Receipt { over, .. } => self.receipt(line, over.as_ref()?.money(self.currency)),
            Check::Deadline { days, .. } => late(line, today, (*days)?),
            Check::Evidence { at_least, .. } => weak(line, (*at_least)?),
            Check::Words { none_of } => {
                let text = fold(&line.description);
                let word = none_of.iter().find(|w| text.contains(&fold(w)))?;
                Some(vec![arg("word", Arg::Text(word.clone()))])
            }
            Check::Weekend(off) => off.and(&self.days_off, line.incurred_on).then(Vec::new),
            Check::Details(details) => {
                let missing = missing_details(details, content, line);
                (!missing.is_empty()).then(|| {
                    vec![
                        arg("missing", Arg::List(missing)),
                        arg("least", Arg::Count(u64::from(details.quantity.unwrap_or(1)))),
                    ]
                })
            }
            Check::Link { to } => (!is_linked(content, line, to)).then(|| vec![arg("to", links(to))]),
            Check::Duplicate => {
                let others = same_lines(content, i, line)
                    .chain(known.similar.iter().map(|s| Arg::Text(s.claim.clone())))
                    .collect::<Vec<_>>();
                (!others.is_empty()).then(|| vec![arg("others", Arg::List(others)), arg("paid", Arg::Money(line.paid))])
            }
            Check::EvidenceUsed => known.used_on.map(|day| vec![arg("used_on", Arg::Date(day))]),
            Check::EvidenceChecks => {
                let failed: Vec<Arg> = known.failed_checks.iter().cloned().map(Arg::Text).collect();
                (!failed.is_empty()).then(|| vec![arg("failed", Arg::List(failed))])
            }
            Check::Buyer => (known.buyer_matches == Some(false)).then(|| {
                let buyer = known.buyer.clone().unwrap_or_default();
                vec![arg("buyer", Arg::Text(buyer))]
            }),
            Check::TaxRate { highest } => {
                let tax = line.tax?;
                let most = highest
                    .within(line.claimed.decimal())?
                    .round_dp_with_strategy(self.currency.decimals(), RoundingStrategy::AwayFromZero);
                let over = tax.decimal() > most;
                over.then(|| {
                    vec![
                        arg("tax", Arg::Money(tax)),
                        arg("highest", Arg::Share(highest.value())),
                        arg("most", Arg::Money(round(most, self.currency))),
                    ]
                })
            }
            Check::TaxNotCreditable => {
                let tax = line.tax.filter(|t| t.minor > 0)?;
                let refused = self.category(&line.category).is_some_and(|c| !c.vat_creditable);
                refused.then(|| vec![arg("tax", Arg::Money(tax))])
            }
            Check::RateAge { days } => {
                let rate = line.rate.as_ref()?;
                let away = days_between(rate.on, line.incurred_on).unsigned_abs();
                (away > u64::from(*days)).then(|| {
                    vec![
                        arg("days", Arg::Count(u64::from(*days))),
                        arg("away", Arg::Count(away)),
                        arg("rate_on", Arg::Date(rate.on)),
                    ]
                })
            }
        }
    }

    fn applies(&self, when: &When, content: &Content, facts: &PolicyFacts) -> bool {
        let all = [
            LinkKind::Account,
            LinkKind::Deal,
            LinkKind::Project,
            LinkKind::Order,
            LinkKind::Activity,
        ];
        when.grades
            .as_ref()
            .is_none_or(|grades| self.grade_is(grades, facts.grade.as_deref()))
            && when
                .claim_over
                .is_none_or(|over| content.claimed().minor > over.money(self.currency).minor)
            && when
                .claim_linked
                .is_none_or(|linked| all.iter().any(|kind| heads(content, *kind)) == linked)
    }

    /// Each line with what conditions ask of it.
    pub(super) fn see_all<'a>(&'a self, content: &'a Content, facts: &'a PolicyFacts) -> Vec<Seen<'a>> {
        let lines = content.lines.iter().enumerate();
        lines.map(|(at, line)| self.see(at, line, facts)).collect()
    }

    fn see<'a>(&'a self, at: usize, line: &'a Line, facts: &'a PolicyFacts) -> Seen<'a> {
        let place = line.place.as_deref();
        Seen {
            at,
            line,
            known: facts.lines.get(&line.id),
            tier: place.and_then(|p| self.tier(p)).map(|t| t.code.as_str()),
            season: self.season(line.incurred_on, place).map(|s| s.code.as_str()),
        }
    }

    pub(super) fn finding(&self, rule: &str, severity: Severity, line: Option<LineId>, args: Args) -> Finding {
        Finding {
            policy: self.reference(),
            rule: rule.to_owned(),
            severity,
            line,
            args,
            over: None,
            trace: None,
        }
    }
}

/// A line with what conditions ask of it.
pub(super) struct Seen<'a> {
    pub at: usize,
    pub line: &'a Line,
    pub known: Option<&'a LineFacts>,
    pub tier: Option<&'a str>,
    pub season: Option<&'a str>,
}

impl Seen<'_> {
    /// Whether it meets conditions; those absent always hold.
    pub(super) fn is(
        &self,
        categories: &Option<Vec<String>>,
        tiers: &Option<Vec<String>>,
        seasons: &Option<Vec<String>>,
    ) -> bool {
        meets(&self.line.category, self.tier, self.season, categories, tiers, seasons)
    }
}

/// Whether a category, tier and season meet conditions; those absent always hold.
pub(super) fn meets(
    category: &str,
    tier: Option<&str>,
    season: Option<&str>,
    categories: &Option<Vec<String>>,
    tiers: &Option<Vec<String>>,
    seasons: &Option<Vec<String>>,
) -> bool {
    let among = |codes: &Option<Vec<String>>, code: Option<&str>| {
        codes
            .as_ref()
            .is_none_or(|all| code.is_some_and(|code| all.iter().any(|c| c == code)))
    };
    among(categories, Some(category)) && among(tiers, tier) && among(seasons, season)
}

/// The values that every finding about a line has.
pub(super) fn common(i: usize, line: &Line) -> Args {
    vec![
        arg("line", Arg::Line(i as u64 + 1)),
        arg("category", Arg::Category(line.category.clone())),
        arg("date", Arg::Date(line.incurred_on)),
        arg("claimed", Arg::Money(line.claimed)),
    ]
}

/// Claimed later than so many days after the expense.
fn late(line: &Line, today: Date, days: u32) -> Option<Args> {
    let late = days_between(line.incurred_on, today);
    let over = late > i64::from(days);
    over.then(|| {
        vec![
            arg("days", Arg::Count(u64::from(days))),
            arg("elapsed", Arg::Count(late.unsigned_abs())),
        ]
    })
}

/// Proved less well than asked.
fn weak(line: &Line, least: Grade) -> Option<Args> {
    (line.grade() > least).then(|| {
        vec![
            arg("evidence", Arg::Grade(line.grade())),
            arg("least", Arg::Grade(least)),
        ]
    })
}

pub(super) fn days_between(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_hours() / 24
}

fn missing_details(details: &Details, content: &Content, line: &Line) -> Vec<Arg> {
    let short = |text: &str, least: u32| (text.trim().chars().count() as u64) < u64::from(least);
    let missing = [
        (
            Detail::Description,
            details.description.is_some_and(|n| short(&line.description, n)),
        ),
        (Detail::Quantity, details.quantity.is_some_and(|n| line.quantity < n)),
        (Detail::Purpose, details.purpose && content.purpose.trim().is_empty()),
        (
            Detail::Place,
            details.place && line.place.as_deref().unwrap_or("").trim().is_empty(),
        ),
        (
            Detail::Contact,
            details.contact && content.links.contact.is_none() && content.links.activity.is_none(),
        ),
    ];
    missing
        .into_iter()
        .filter(|(_, is)| *is)
        .map(|(detail, _)| Arg::Detail(detail))
        .collect()
}

/// Earlier lines of one day, category and paid amount.
fn same_lines<'a>(content: &'a Content, i: usize, line: &'a Line) -> impl Iterator<Item = Arg> + 'a {
    content
        .lines
        .iter()
        .take(i)
        .enumerate()
        .filter(|(_, l)| l.incurred_on == line.incurred_on && l.category == line.category && l.paid == line.paid)
        .map(|(at, _)| Arg::Line(at as u64 + 1))
}

fn links(to: &[LinkKind]) -> Arg {
    Arg::List(to.iter().copied().map(Arg::Link).collect())
}

/// Whether the claim names a record of this kind at its head.
pub(super) fn heads(content: &Content, kind: LinkKind) -> bool {
    match kind {
        LinkKind::Account => content.links.account.is_some(),
        LinkKind::Deal => content.links.deal.is_some(),
        LinkKind::Project => content.links.project.is_some(),
        LinkKind::Order => content.links.order.is_some(),
        LinkKind::Activity => content.links.activity.is_some(),
    }
}

/// Whether a part of a line is for a record of this kind.
pub(super) fn serves(part: &Allocation, kind: LinkKind) -> bool {
    match kind {
        LinkKind::Account => part.account.is_some(),
        LinkKind::Deal => part.deal.is_some(),
        LinkKind::Project => part.project.is_some(),
        LinkKind::Order | LinkKind::Activity => false,
    }
}

/// Whether a line is for records of these kinds: through the claim, or with each of its parts.
pub(super) fn is_linked(content: &Content, line: &Line, to: &[LinkKind]) -> bool {
    let any = |is: &dyn Fn(LinkKind) -> bool| to.iter().any(|kind| is(*kind));
    let parts = &line.allocations;
    any(&|kind| heads(content, kind)) || !parts.is_empty() && parts.iter().all(|part| any(&|kind| serves(part, kind)))
}
