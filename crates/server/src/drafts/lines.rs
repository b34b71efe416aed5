//! The lines that a rule puts in, per diems reckoned from the visit's days and place.

use jiff::ToSpan;
use jiff::civil::Date;
use outlay_core::Money;
use outlay_core::claim::{Allocation, Content, Line, Links, MAX_LINES, MAX_TEXT, PerDiem, Source, Trip};
use outlay_core::ids::LineId;
use outlay_core::policy::{DayKind, Granted, Policy, TripDay};
use uuid::Uuid;

use super::facts::Facts;
use super::rule::{DraftLine, DraftRule, How, Serves};
use super::text;

/// Most days that a per diem is reckoned for.
const MOST_DAYS: i64 = 60;
/// Longest place of a line, in characters.
const MAX_PLACE: usize = 60;

/// What lines are made from.
pub struct Setting<'a> {
    /// The rule.
    pub rule: &'a DraftRule,
    /// The record.
    pub facts: &'a Facts,
    /// The policy in force where the claimant works.
    pub policy: Option<&'a Policy>,
    /// The claimant's grade.
    pub grade: Option<&'a str>,
    /// Today, where the entity is.
    pub today: Date,
}

impl Setting<'_> {
    /// The lines of `content`, which has its links already, and the sources of those amounts that the rule gave.
    pub fn lines(&self, content: &Content) -> (Vec<Line>, Vec<Source>) {
        let (mut lines, mut sources) = (Vec::new(), Vec::new());
        for wanted in &self.rule.lines {
            for (line, per_diem) in self.of(wanted, content) {
                if lines.len() == MAX_LINES {
                    return (lines, sources);
                }
                if line.paid.minor > 0 {
                    let field = format!("lines.{}", line.id);
                    let source = self.facts.source(&field, &line.paid.to_string(), &self.rule.name);
                    sources.push(Source { per_diem, ..source });
                }
                lines.push(line);
            }
        }
        (lines, sources)
    }

    fn of(&self, wanted: &DraftLine, content: &Content) -> Vec<(Line, Option<PerDiem>)> {
        let line = |on: Date, quantity: u32, paid: Money| Line {
            id: LineId(Uuid::now_v7()),
            category: wanted.category.clone(),
            incurred_on: on.min(self.today),
            description: short(&text::fill(&wanted.description, self.facts), MAX_TEXT),
            place: self.place(),
            quantity,
            paid,
            rate: None,
            claimed: paid,
            tax: None,
            evidence: None,
            allocations: vec![allocation(wanted.serves, &content.links, paid)],
            trip: None,
        };
        let nothing = Money::zero(content.currency);
        if !wanted.how.is_per_diem() {
            let fixed = Some(&wanted.amount).filter(|_| wanted.how == How::Fixed);
            let paid = fixed.and_then(|a| Money::parse(a, content.currency).ok());
            return vec![(line(self.facts.on, 1, paid.unwrap_or(nothing)), None)];
        }
        let days = self.days();
        if let Some(granted) = self.granted(wanted, &days) {
            // Its times and meals are the claimant's to say: a CRM knows the days alone.
            let trip = Some(Trip {
                from: self.facts.on,
                until: self.facts.until,
                starts: None,
                ends: None,
                meals: [false; 3],
            });
            let one = |of: &Granted| {
                let line = Line {
                    trip: trip.clone().filter(|t| t.day(of.on).is_some()),
                    ..line(of.on, 1, of.amount)
                };
                (line, Some(self.reckoned(wanted, 1, of.amount)))
            };
            return granted.iter().map(one).collect();
        }
        // A table that looks at single days gets a line for each, so that it can.
        let apart = self.policy.is_some_and(|p| p.by_the_day(&wanted.category));
        let parts: Vec<&[Date]> = if apart { days.chunks(1).collect() } else { vec![&days] };
        parts
            .into_iter()
            .filter_map(|part| {
                let (first, count) = (*part.first()?, u32::try_from(part.len()).ok()?);
                let each = self.each(wanted, first, content).filter(|m| m.minor > 0);
                let paid =
                    each.and_then(|each| Some(Money::new(each.minor.checked_mul(i64::from(count))?, each.currency)));
                let per_diem = each.map(|each| self.reckoned(wanted, count, each));
                Some((line(first, count, paid.unwrap_or(nothing)), per_diem))
            })
            .collect()
    }

    fn days(&self) -> Vec<Date> {
        let facts = self.facts;
        let all = (0..MOST_DAYS).map_while(|n| facts.on.checked_add(n.days()).ok());
        all.take_while(|day| *day <= facts.until).collect()
    }

    /// What the policy's per diem grants for each day of the visit, its ends and all; none where it has no per diem for the category.
    fn granted(&self, wanted: &DraftLine, days: &[Date]) -> Option<Vec<Granted>> {
        let policy = self.policy.filter(|_| wanted.how == How::Policy)?;
        let last = days.len().checked_sub(1)?;
        let kind = |at: usize| match at {
            _ if last == 0 => DayKind::Single(None),
            0 => DayKind::First,
            at if at == last => DayKind::Last,
            _ => DayKind::Whole,
        };
        let trip = days.iter().enumerate().map(|(at, on)| TripDay {
            on: *on,
            kind: kind(at),
            meals: [false; 3],
        });
        let trip: Vec<TripDay> = trip.collect();
        let place = self.place();
        let country = Some(self.facts.country.as_str()).filter(|c| !c.is_empty());
        policy.per_diem(&wanted.category, self.grade, place.as_deref(), country, &trip)
    }

    fn each(&self, wanted: &DraftLine, day: Date, content: &Content) -> Option<Money> {
        let place = self.place();
        if wanted.how == How::Policy {
            return self
                .policy?
                .allowance(&wanted.category, self.grade, place.as_deref(), day);
        }
        let tier = self.tier().unwrap_or_default();
        let of = |code: &str| wanted.rates.iter().find(|r| r.tier == code);
        let rate = of(&tier).or_else(|| of(""))?;
        Money::parse(&rate.amount, content.currency).ok()
    }

    fn reckoned(&self, wanted: &DraftLine, days: u32, each: Money) -> PerDiem {
        PerDiem {
            from: self.facts.on,
            until: self.facts.until,
            days,
            each,
            place: self.place(),
            tier: self.tier(),
            policy: self.policy.map(Policy::reference),
            by_policy: wanted.how == How::Policy,
        }
    }

    /// The city as the policy spells it, else the place as it stands in the CRM.
    fn place(&self) -> Option<String> {
        let written = [&self.facts.place, &self.facts.city];
        let written = written.into_iter().find(|text| !text.trim().is_empty())?;
        let city = self.policy.and_then(|p| p.city(written));
        Some(city.map_or_else(|| short(written.trim(), MAX_PLACE), str::to_owned))
    }

    fn tier(&self) -> Option<String> {
        let tier = self.policy?.tier(&self.place()?)?;
        Some(tier.code.clone())
    }
}

fn allocation(serves: Serves, links: &Links, amount: Money) -> Allocation {
    let whole = serves == Serves::Record;
    Allocation {
        account: links.account,
        deal: links.deal.filter(|_| whole),
        project: links.project.filter(|_| whole),
        cost_center: None,
        amount,
    }
}

/// At most so many characters.
pub fn short(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
