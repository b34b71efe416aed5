//! A year of daily exchange rates, walking from believable beginnings. Their source is named "demo": nobody published them.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use outlay_core::Currency;
use outlay_core::claim::Rate;
use rust_decimal::Decimal;

use super::chance::Chance;
use crate::args;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;

/// Rates by (base, quote), each by day; in ten-thousandths of the quote currency for one of the base.
pub struct Rates(BTreeMap<(&'static str, &'static str), BTreeMap<Date, i64>>);

impl Rates {
    /// Makes them up for the working days of the year (and a month more) before `today`.
    pub fn invent(chance: &mut Chance, today: Date) -> Rates {
        let mut all: BTreeMap<(&'static str, &'static str), BTreeMap<Date, i64>> = BTreeMap::new();
        let (mut euro, mut dollar) = (78_500, 71_800);
        let first = today.saturating_sub(jiff::Span::new().days(400));
        let mut day = first;
        while day <= today {
            if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
                euro = (euro + chance.between(-260, 262)).clamp(74_000, 84_000);
                dollar = (dollar + chance.between(-90, 89)).clamp(69_500, 73_500);
                for (pair, value) in [
                    (("EUR", "CNY"), euro),
                    (("USD", "CNY"), dollar),
                    (("CNY", "EUR"), 100_000_000 / euro),
                    (("EUR", "USD"), euro * 10_000 / dollar),
                    (("USD", "EUR"), dollar * 10_000 / euro),
                ] {
                    all.entry(pair).or_default().insert(day, value);
                }
            }
            day = day.saturating_add(jiff::Span::new().days(1));
        }
        Rates(all)
    }

    /// The rate of the last working day up to `day`.
    pub fn on(&self, base: Currency, quote: Currency, day: Date) -> Option<Rate> {
        let days = self.0.get(&(base.code(), quote.code()))?;
        let (on, value) = days.range(..=day).next_back()?;
        Some(Rate {
            value: Decimal::new(*value, 4),
            source: "demo".into(),
            on: *on,
        })
    }

    /// Writes them.
    pub async fn store(&self, sql: &mut Sql) -> Result<(), Error> {
        let rows: Vec<Vec<Value>> = self
            .0
            .iter()
            .flat_map(|((base, quote), days)| {
                days.iter()
                    .map(move |(day, value)| args![*day, *base, *quote, Decimal::new(*value, 4).to_string(), "demo"])
            })
            .collect();
        for part in rows.chunks(100) {
            let text = format!(
                "INSERT INTO fx_rate (published_on, base, quote, value, source) VALUES {}",
                dialect::rows(part.len(), 5)
            );
            sql.run_built(text, part.iter().flatten().cloned().collect()).await?;
        }
        Ok(())
    }
}
