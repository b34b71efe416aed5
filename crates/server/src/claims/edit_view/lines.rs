//! Lines as fields: amount, rate, parts, and the journey of a per diem.

use std::collections::HashMap;

use jiff::civil::Date;
use outlay_core::claim::Claim;
use outlay_core::ids::EntityId;
use outlay_core::policy::{Granted, Policy, TripDay};
use outlay_core::{Currency, Money};

use super::DocumentRow;
use crate::app::App;
use crate::claims::form;
use crate::claims::fx;
use crate::claims::input::{AllocationInput, ClaimInput, LineInput, MEALS, TripInput};
use crate::claims::per_diem::{self, Asks, Journey, asks};
use crate::db::Sql;
use crate::error::Error;
use crate::shell::W;

/// A line as fields.
#[derive(Debug, Clone)]
pub struct LineFields {
    /// Its index, or the placeholder that the script replaces.
    pub i: String,
    /// Its place, from 1; empty for the placeholder.
    pub title: String,
    /// What was typed.
    pub input: LineInput,
    /// The document's name and degree of proof.
    pub document: Option<(String, String)>,
    /// The rate that applies, in words.
    pub rate: Option<String>,
    /// The claimed amount, if it can be told.
    pub claimed: String,
    /// Whether a rate is typed or must be.
    pub rate_by_hand: bool,
    /// What the policy asks of a journey, for a per diem.
    pub trip: Option<TripFields>,
    /// The parts.
    pub allocations: Vec<AllocationFields>,
    /// What is wrong, by field.
    pub errors: HashMap<String, String>,
}

/// The journey of a per diem as fields.
#[derive(Debug, Clone)]
pub struct TripFields {
    /// What was typed.
    pub input: TripInput,
    /// What is asked for.
    pub asks: Asks,
    /// What is granted, and how that came about.
    pub granted: Option<String>,
    /// Whether there are days besides the line's own.
    pub several: bool,
}

impl TripFields {
    /// The meals, each with whether it was given.
    pub fn meals(&self) -> Vec<(&'static str, bool)> {
        MEALS.iter().map(|meal| (*meal, self.input.has(meal))).collect()
    }
}

/// A part of a line as fields.
#[derive(Debug, Clone)]
pub struct AllocationFields {
    /// Its index, or the placeholder.
    pub j: String,
    /// What is chosen.
    pub target: String,
    /// Its weight.
    pub share: String,
    /// Its amount.
    pub amount: String,
}

impl LineFields {
    /// What is wrong with a field.
    pub fn error(&self, field: &str) -> Option<&String> {
        self.errors.get(field)
    }

    /// What is wrong with the parts.
    pub fn allocation_errors(&self) -> Vec<&String> {
        let mut found: Vec<_> = self
            .errors
            .iter()
            .filter(|(f, _)| f.starts_with("allocations"))
            .collect();
        found.sort();
        found.into_iter().map(|(_, words)| words).collect()
    }
}

pub(super) async fn line_fields(
    sql: &mut Sql,
    w: W,
    i: String,
    line: &LineInput,
    currency: Currency,
    errors: &HashMap<String, String>,
    documents: &[DocumentRow],
) -> Result<(LineFields, Option<Money>), Error> {
    let prefix = format!("lines[{i}].");
    let mut errors: HashMap<String, String> = errors
        .iter()
        .filter_map(|(f, words)| Some((f.strip_prefix(&prefix)?.to_owned(), words.clone())))
        .collect();
    let paid_in = Currency::parse(&line.paid.currency).unwrap_or(currency);
    let paid = Money::parse(&line.paid.amount, paid_in).ok();
    let on: Option<Date> = line.incurred_on.parse().ok();
    let mut rate = None;
    let mut claimed = paid.filter(|p| p.currency == currency);
    let mut input = line.clone();
    if paid_in != currency {
        let found = match on {
            Some(on) => fx::latest(sql, paid_in, currency, on).await?,
            None => None,
        };
        let typed = line.rate.clone().unwrap_or_default();
        // A rate that is the published one need not be shown as typed.
        let published = found.as_ref().is_some_and(|f| {
            typed.source == f.source && typed.value.parse() == Ok(f.value) && typed.on == f.on.to_string()
        });
        if published || (typed.value.is_empty() && typed.source.is_empty()) {
            input.rate = None;
            rate = found.map(|f| (f.value, f.source, f.on.to_string()));
        } else if let Ok(value) = outlay_core::money::parse_decimal(&typed.value, 10) {
            rate = Some((value, typed.source.clone(), typed.on.clone()));
        }
        claimed = match (&rate, paid) {
            (Some((value, ..)), Some(paid)) => paid.convert(*value, currency).ok(),
            _ => None,
        };
    }
    let words = rate.as_ref().map(|(value, source, on)| {
        w.args(
            "edit-rate",
            &[
                ("from".to_owned(), paid_in.to_string()),
                ("to".to_owned(), currency.to_string()),
                ("value".to_owned(), value.normalize().to_string()),
                ("source".to_owned(), source.clone()),
                ("on".to_owned(), on.clone()),
            ],
        )
    });
    if let Some(error) = errors.remove("claimed") {
        errors.entry("paid".to_owned()).or_insert(error);
    }
    let allocations = if input.allocations.is_empty() {
        vec![AllocationInput::default()]
    } else {
        input.allocations.clone()
    };
    let allocations = allocations
        .iter()
        .enumerate()
        .map(|(j, a)| AllocationFields {
            j: j.to_string(),
            target: form::target(a),
            share: a.weight.clone(),
            amount: a.amount.clone().unwrap_or_default().amount,
        })
        .collect();
    let document = documents
        .iter()
        .find(|d| d.id == input.document)
        .map(|d| (d.title.clone(), d.grade.clone()));
    let title = match i.parse::<usize>() {
        Ok(n) => w.n("edit-line-n", i64::try_from(n + 1).unwrap_or(0)),
        Err(_) => w.t("edit-line-new"),
    };
    let fields = LineFields {
        title,
        i,
        document,
        rate_by_hand: input.rate.is_some() || errors.contains_key("rate"),
        rate: words,
        claimed: claimed.map(Money::grouped).unwrap_or_default(),
        trip: None,
        allocations,
        errors,
        input,
    };
    Ok((fields, claimed))
}

/// A claim as it is typed.
pub struct Typed<'a> {
    /// As it was before.
    pub claim: &'a Claim,
    /// The entity that is chosen.
    pub entity: EntityId,
    /// What was typed.
    pub input: &'a ClaimInput,
}

impl Typed<'_> {
    /// What the policy grants for the day of a line.
    pub async fn granted(
        &self,
        sql: &mut Sql,
        app: &App,
        line: &LineInput,
    ) -> Result<Option<(TripDay, Granted)>, Error> {
        let on: Option<Date> = line.incurred_on.parse().ok();
        let trip = line.trip.as_ref().zip(on).and_then(|(trip, on)| trip.read(on).ok());
        let (Some(on), Some(trip)) = (on, trip) else {
            return Ok(None);
        };
        let journey = Journey {
            claimant: self.claim.content.claimant,
            entity: self.entity,
            account: self.input.links.account.parse().ok(),
            category: &line.category,
            place: line.place.trim(),
            on,
            trip: &trip,
        };
        journey.granted(sql, app).await
    }

    /// The journey of a line, where the policy asks for one.
    pub(super) async fn trip_fields(
        &self,
        sql: &mut Sql,
        app: &App,
        w: W,
        policy: Option<&Policy>,
        line: &LineInput,
    ) -> Result<Option<TripFields>, Error> {
        let on: Option<Date> = line.incurred_on.parse().ok();
        let asked = policy.zip(on).and_then(|(p, on)| asks(p, &line.category, on));
        let (Some(asked), Some(on)) = (asked, on) else {
            return Ok(None);
        };
        let granted = self.granted(sql, app, line).await?;
        let mut typed = line.trip.clone().unwrap_or_default();
        // A day alone is the usual case.
        for day in [&mut typed.from, &mut typed.until] {
            if day.is_empty() {
                *day = on.to_string();
            }
        }
        Ok(Some(TripFields {
            several: typed.from != typed.until,
            granted: granted.map(|(day, granted)| per_diem::words(w, &day, &granted)),
            input: typed,
            asks: asked,
        }))
    }
}
