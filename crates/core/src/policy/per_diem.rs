//! Per diems (出差补助): what a policy grants for a day away, reckoned from days alone; and mileage follows from limits by the kilometre.
//!
//! Three patterns of law are told apart by figures, not by code:
//! * China, 财行〔2013〕531号: each calendar day whole – 100 yuan for meals, 80 for city transport.
//! * Germany, § 9 Abs. 4a EStG: 28 € for 24 hours, 14 € for more than 8 hours without a night and for the first and last day; a meal that
//!   is given cuts 20, 40 and 40 % of the whole day's amount, never below nought.
//! * USA, Federal Travel Regulation 301-11.101 and 301-11.18: three quarters on the first and last day, and on a day of more than 12
//!   hours; a meal that is given cuts its published amount, never below the incidentals.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Policy;
use super::ask::{Said, amount, said};
use super::fact::Fact;
use super::number::{Amount, Share, round};
use super::rule_table::RuleTable;
use super::set::fold_place;
use crate::feel::{Number, Value};
use crate::table::Trace;
use crate::{Currency, Money};

/// What a policy grants for days away, for one category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerDiem {
    /// Unique among the rules; names the table, too.
    pub id: String,
    /// The category that its lines have.
    pub category: String,
    /// The law or decision that it follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The first day that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// The amount of a whole day, by grade, tier, season, place, country or date.
    pub table: RuleTable,
    /// The share of it on the first and on the last day of a journey with a night; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Share>,
    /// A day without a night; as a whole day if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_trip: Option<DayTrip>,
    /// What a meal that somebody else pays takes away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meals: Option<MealCuts>,
    /// What is left at least, though all meals are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<Amount>,
}

/// What a day without a night is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayTrip {
    /// Only for more hours than this.
    pub over_hours: u32,
    /// The share of a whole day.
    pub share: Share,
}

/// What meals take away: shares of a whole day's amount, or amounts by it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MealCuts {
    /// Shares of a whole day's amount for breakfast, lunch and dinner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shares: Option<[Share; 3]>,
    /// For a whole day's amount those of breakfast, lunch and dinner. An amount that is not listed takes the next lower one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amounts: Vec<[Amount; 4]>,
}

/// Where in a journey a day lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// A journey of one day: how many hours, if they are known.
    Single(#[serde(with = "rust_decimal::serde::str_option")] Option<Decimal>),
    /// The day of leaving, before a night away.
    First,
    /// A day between nights.
    Whole,
    /// The day of coming back.
    Last,
}

/// A day away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TripDay {
    /// Which.
    pub on: Date,
    /// Where in the journey.
    pub kind: DayKind,
    /// Whether breakfast, lunch and dinner were given.
    #[serde(default)]
    pub meals: [bool; 3],
}

/// What a day is granted, and how it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// Which day.
    pub on: Date,
    /// A whole day's amount.
    pub whole: Money,
    /// The share of it for this day.
    pub share: Decimal,
    /// What meals took away.
    pub cut: Money,
    /// What is granted.
    pub amount: Money,
    /// How the table came to the whole day's amount.
    pub trace: Trace,
}

/// The days of a journey between two moments, in local time; none if it ends before it begins, or is longer than a year.
pub fn trip_days(from: DateTime, until: DateTime) -> Vec<TripDay> {
    let day = |on, kind| TripDay {
        on,
        kind,
        meals: [false; 3],
    };
    if until < from {
        return Vec::new();
    }
    let (first, last) = (from.date(), until.date());
    if first == last {
        let minutes = from.duration_until(until).as_mins();
        let hours = Decimal::from(minutes).checked_div(Decimal::from(60));
        return vec![day(first, DayKind::Single(hours))];
    }
    let mut days = vec![day(first, DayKind::First)];
    let mut on = first;
    while let Some(next) = on.tomorrow().ok().filter(|next| *next < last) {
        if days.len() > 366 {
            return Vec::new();
        }
        days.push(day(next, DayKind::Whole));
        on = next;
    }
    days.push(day(last, DayKind::Last));
    days
}

impl PerDiem {
    /// Whether it is for a day.
    pub fn holds_on(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }

    /// The share of a whole day's amount.
    fn share(&self, kind: DayKind) -> Decimal {
        match (kind, self.ends, self.day_trip) {
            (DayKind::Whole, ..) | (DayKind::First | DayKind::Last, None, _) | (DayKind::Single(_), _, None) => {
                Decimal::ONE
            }
            (DayKind::First | DayKind::Last, Some(ends), _) => ends.value(),
            (DayKind::Single(hours), _, Some(trip)) => {
                // Where hours count and nobody knows them, nothing is granted: wrong money is worse than none.
                let long = trip.over_hours == 0 || hours.is_some_and(|h| h > Decimal::from(trip.over_hours));
                if long { trip.share.value() } else { Decimal::ZERO }
            }
        }
    }

    fn cut(&self, whole: Money, meals: [bool; 3], currency: Currency) -> i64 {
        let Some(cuts) = &self.meals else { return 0 };
        let listed = || {
            cuts.amounts
                .iter()
                .filter(|row| row[0].money(currency).minor <= whole.minor)
                .max_by_key(|row| row[0].money(currency).minor)
        };
        let one = |nth: usize| match cuts.shares {
            Some(shares) => round(whole.decimal() * shares[nth].value(), currency).minor,
            None => listed().map_or(0, |row| row[nth + 1].money(currency).minor),
        };
        (0..3).filter(|nth| meals[*nth]).map(one).fold(0, i64::saturating_add)
    }
}

impl Policy {
    /// The per diem of a category on a day.
    pub fn per_diem_of(&self, category: &str, day: Date) -> Option<&PerDiem> {
        self.per_diems
            .iter()
            .find(|p| p.category == category && p.holds_on(day))
    }

    /// What each day of a journey is granted for a category, somebody of a grade, in a place. `None` where the policy has no per diem for
    /// one of the days, or its table sets no amount: nothing is guessed.
    pub fn per_diem(
        &self,
        category: &str,
        grade: Option<&str>,
        place: Option<&str>,
        country: Option<&str>,
        days: &[TripDay],
    ) -> Option<Vec<Granted>> {
        days.iter()
            .map(|day| self.granted(category, grade, place, country, day))
            .collect()
    }

    fn granted(
        &self,
        category: &str,
        grade: Option<&str>,
        place: Option<&str>,
        country: Option<&str>,
        day: &TripDay,
    ) -> Option<Granted> {
        let at = self
            .per_diems
            .iter()
            .position(|p| p.category == category && p.holds_on(day.on))?;
        let (of, ready) = (&self.per_diems[at], self.ready.per_diems.get(at)?.as_ref()?);
        let text = |t: Option<&str>| t.map_or(Value::Null, Value::text);
        let tier = place.and_then(|p| self.tier(p)).map(|t| t.code.as_str());
        let season = self.season(day.on, place).map_or("none", |s| s.code.as_str());
        let outcome = ready.ask(|fact| match fact {
            Fact::Category => Value::text(category),
            Fact::Grade => text(grade.filter(|g| self.grades.iter().any(|known| known == g))),
            Fact::Tier => text(tier),
            Fact::Season => Value::text(season),
            Fact::Place => text(place.map(fold_place).as_deref()),
            Fact::Country => text(country),
            Fact::Date => Value::Date(day.on),
            Fact::DayOff => Value::Bool(self.days_off.contains(day.on)),
            Fact::Quantity => Value::Number(Number::ONE),
            _ => Value::Null,
        });
        let Said::Answer(value) = said(&outcome) else {
            return None;
        };
        let whole = amount(&value, self.currency)?;
        let share = of.share(day.kind);
        let base = round(whole.decimal() * share, self.currency).minor;
        let least = of.least.map_or(0, |l| l.money(self.currency).minor).min(base);
        let left = base.saturating_sub(of.cut(whole, day.meals, self.currency)).max(least);
        Some(Granted {
            on: day.on,
            whole,
            share,
            cut: Money::new(base - left, self.currency),
            amount: Money::new(left, self.currency),
            trace: outcome.trace,
        })
    }

    /// What is granted in all, by category.
    pub fn per_diem_sum(&self, granted: &BTreeMap<String, Vec<Granted>>) -> Money {
        let all = granted.values().flatten().map(|g| g.amount.minor);
        Money::new(all.fold(0, i64::saturating_add), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::policy::{CN_STANDARD, DE_STANDARD, US_STANDARD};

    fn amounts(policy: &Policy, category: &str, days: &[TripDay]) -> Vec<String> {
        let granted = policy
            .per_diem(category, Some("P5"), None, None, days)
            .expect("granted");
        granted.iter().map(|g| g.amount.plain()).collect()
    }

    #[test]
    fn china_grants_whole_days() {
        let policy = Policy::from_yaml(CN_STANDARD).expect("sound");
        let days = trip_days(date(2026, 5, 4).at(18, 0, 0, 0), date(2026, 5, 6).at(9, 0, 0, 0));
        assert_eq!(
            amounts(&policy, "allowance.meals", &days),
            ["100.00", "100.00", "100.00"]
        );
        assert_eq!(
            amounts(&policy, "allowance.transport", &days),
            ["80.00", "80.00", "80.00"]
        );
        let one = trip_days(date(2026, 5, 4).at(9, 0, 0, 0), date(2026, 5, 4).at(11, 0, 0, 0));
        assert_eq!(amounts(&policy, "allowance.meals", &one), ["100.00"]);
    }

    /// The example of a seminar with breakfasts and a lunch: 14, 28 − 5.60 − 11.20, 14 − 5.60.
    #[test]
    fn germany_halves_the_ends_and_cuts_meals() {
        let policy = Policy::from_yaml(DE_STANDARD).expect("sound");
        let mut days = trip_days(date(2026, 5, 4).at(12, 0, 0, 0), date(2026, 5, 6).at(18, 0, 0, 0));
        days[1].meals = [true, true, false];
        days[2].meals = [true, false, false];
        assert_eq!(amounts(&policy, "allowance.meals", &days), ["14.00", "11.20", "8.40"]);
        days[1].meals = [true, true, true];
        days[2].meals = [true, true, false];
        assert_eq!(amounts(&policy, "allowance.meals", &days), ["14.00", "0.00", "0.00"]);
        for (hours, minutes, granted) in [(8, 0, "0.00"), (8, 1, "14.00"), (20, 0, "14.00")] {
            let until = date(2026, 5, 4).at(1 + hours, minutes, 0, 0);
            let one = trip_days(date(2026, 5, 4).at(1, 0, 0, 0), until);
            assert_eq!(
                amounts(&policy, "allowance.meals", &one),
                [granted],
                "{hours}:{minutes}"
            );
        }
        let unknown = TripDay {
            on: date(2026, 5, 4),
            kind: DayKind::Single(None),
            meals: [false; 3],
        };
        assert_eq!(amounts(&policy, "allowance.meals", &[unknown]), ["0.00"]);
    }

    /// 68 dollars: 51 on the first and last day, and a breakfast of 16 is cut whole.
    #[test]
    fn the_usa_grants_three_quarters_at_the_ends() {
        let policy = Policy::from_yaml(US_STANDARD).expect("sound");
        let mut days = trip_days(date(2026, 5, 4).at(12, 0, 0, 0), date(2026, 5, 6).at(18, 0, 0, 0));
        assert_eq!(amounts(&policy, "allowance.meals", &days), ["51.00", "68.00", "51.00"]);
        days[0].meals = [true, false, false];
        days[1].meals = [true, true, true];
        assert_eq!(amounts(&policy, "allowance.meals", &days), ["35.00", "5.00", "51.00"]);
        let dear = policy
            .per_diem("allowance.meals", None, Some("Chicago"), None, &days[..1])
            .expect("granted");
        assert_eq!(dear[0].whole.plain(), "92.00");
    }

    #[test]
    fn nothing_is_guessed() {
        let policy = Policy::from_yaml(DE_STANDARD).expect("sound");
        let days = trip_days(date(2019, 5, 4).at(12, 0, 0, 0), date(2019, 5, 6).at(18, 0, 0, 0));
        assert_eq!(
            policy.per_diem("allowance.meals", None, None, None, &days),
            None,
            "before the rate of 2020"
        );
        assert_eq!(policy.per_diem("lodging", None, None, None, &days), None);
        assert!(trip_days(date(2026, 5, 4).at(12, 0, 0, 0), date(2026, 5, 4).at(11, 0, 0, 0)).is_empty());
    }
}
