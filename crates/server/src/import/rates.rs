//! Rows about exchange rates.

use super::check::Verdict;
use super::fields::Fields;
use super::kind::Kind;
use super::write::{Rate, Write};
use crate::clock::{day, now};

/// Decides a row.
pub fn row(fields: &mut Fields<'_>, stored: Option<&[String]>) -> Option<Verdict> {
    let (on, value) = (fields.date("on"), fields.rate("rate"));
    let (base, quote) = (fields.currency("base"), fields.currency("quote"));
    if base.is_some() && base == quote {
        fields.wrong("quote", "needless");
    }
    // Elsewhere it may be tomorrow already.
    let latest = day(now(), "UTC").tomorrow().ok();
    if on.zip(latest).is_some_and(|(on, latest)| on > latest) {
        let today = day(now(), "UTC");
        fields.problem(outlay_core::claim::Problem::new("on", "in-the-future").with("today", today));
    }
    let rate = Rate {
        on: on?,
        base: base?,
        quote: quote?,
        value: value?,
        source: fields.text("source").to_owned(),
    };
    let at = |code| Kind::FxRates.columns().iter().position(|c| c.code == code);
    let known = |code| at(code).zip(stored).and_then(|(at, cells)| cells.get(at));
    let same = known("rate").and_then(|v| v.parse().ok()) == Some(rate.value) && known("source") == Some(&rate.source);
    Some(match stored {
        None => Verdict::Made(Write::Rate(rate)),
        Some(_) if same => Verdict::Same,
        Some(_) => Verdict::Changed(Write::Rate(rate)),
    })
}
