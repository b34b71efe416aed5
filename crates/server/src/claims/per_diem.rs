//! Per diems in the form: what a policy asks of a journey, what it grants for a line's day, and how that came about.

use jiff::civil::Date;
use outlay_core::claim::{Claim, Line, Trip};
use outlay_core::ids::{AccountId, EmployeeId, EntityId};
use outlay_core::policy::{DayKind, Granted, Policy, TripDay};
use rust_decimal::Decimal;

use super::input::MEALS;
use crate::app::App;
use crate::args;
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;
use crate::shell::W;

/// What a policy's per diem depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asks {
    /// The times of a journey of one day.
    pub hours: bool,
    /// Meals that somebody else paid.
    pub meals: bool,
}

/// What the per diem of a category asks for; none where the category has none, or it grants every day whole.
pub fn asks(policy: &Policy, category: &str, on: Date) -> Option<Asks> {
    let of = policy.per_diem_of(category, on)?;
    let hours = of.day_trip.is_some_and(|trip| trip.over_hours > 0);
    let meals = of.meals.is_some();
    (hours || meals || of.ends.is_some()).then_some(Asks { hours, meals })
}

/// A day of a journey for which a per diem is wanted.
pub struct Journey<'a> {
    /// Who travelled.
    pub claimant: EmployeeId,
    /// Who pays.
    pub entity: EntityId,
    /// The customer, whose country counts.
    pub account: Option<AccountId>,
    /// The category of the line.
    pub category: &'a str,
    /// The city; may be empty.
    pub place: &'a str,
    /// The day.
    pub on: Date,
    /// The journey.
    pub trip: &'a Trip,
}

impl<'a> Journey<'a> {
    /// That of a line of a claim; none where it has no journey.
    pub fn of(claim: &Claim, line: &'a Line) -> Option<Journey<'a>> {
        Some(Journey {
            claimant: claim.content.claimant,
            entity: claim.content.entity,
            account: claim.content.links.account,
            category: &line.category,
            place: line.place.as_deref().unwrap_or(""),
            on: line.incurred_on,
            trip: line.trip.as_ref()?,
        })
    }

    /// What the policy in force grants, and for what kind of day; none where it has no per diem for it, or its table sets no amount.
    pub async fn granted(&self, sql: &mut Sql, app: &App) -> Result<Option<(TripDay, Granted)>, Error> {
        let (org, rules) = (app.org(sql).await?, app.rules(sql).await?);
        let zone = org.entity(self.entity).map_or("UTC", |e| e.zone.as_str());
        let today = day(now(), zone);
        let Some(policy) = rules.policy(self.entity, today) else {
            return Ok(None);
        };
        let country: Option<(String,)> = match self.account {
            Some(id) => {
                sql.maybe("SELECT country FROM account WHERE id = $1", args![id])
                    .await?
            }
            None => None,
        };
        let country = country.map(|(code,)| code).filter(|c| !c.is_empty());
        let grade = org.place(self.claimant, self.entity, today).map(|p| p.grade.as_str());
        let Some(of) = self.trip.day(self.on) else {
            return Ok(None);
        };
        let place = Some(self.place).filter(|p| !p.is_empty());
        let place = place.map(|p| policy.city(p).unwrap_or(p));
        let days = [of];
        let granted = policy.per_diem(self.category, grade, place, country.as_deref(), &days);
        let [of] = days;
        Ok(granted.and_then(|all| Some((of, all.into_iter().next()?))))
    }
}

/// How it came about: `€28.00 × 50 % (first day) − €5.60 (breakfast) = €8.40`.
pub fn words(w: W, of: &TripDay, granted: &Granted) -> String {
    let percent = (granted.share * Decimal::ONE_HUNDRED).normalize();
    let kind = match of.kind {
        DayKind::Single(Some(hours)) => w.t1("trip-hours", "hours", hours.round_dp(1).normalize()),
        DayKind::Single(None) => w.t("trip-hours-unknown"),
        DayKind::First => w.t("trip-first"),
        DayKind::Whole => w.t("trip-whole"),
        DayKind::Last => w.t("trip-last"),
    };
    let values = [
        ("whole", granted.whole.to_string()),
        ("percent", percent.to_string()),
        ("kind", kind),
        ("amount", granted.amount.to_string()),
    ];
    let mut values: Vec<(String, String)> = values.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
    let given = MEALS.iter().zip(of.meals).filter(|(_, given)| *given);
    let meals: Vec<String> = given.map(|(meal, _)| w.t(&format!("meal-{meal}"))).collect();
    if granted.cut.minor == 0 {
        return w.args("trip-granted", &values);
    }
    values.push(("cut".to_owned(), granted.cut.to_string()));
    values.push(("meals".to_owned(), meals.join(if w.zh() { "、" } else { ", " })));
    w.args("trip-granted-cut", &values)
}
