//! What the chart island reads, and small drawings.

use outlay_core::Money;
use serde::Serialize;

use super::view::InsightsView;
use crate::shell::W;

#[derive(Serialize)]
struct Chart {
    labels: Vec<String>,
    series: Vec<Part>,
    totals: Vec<String>,
    hrefs: Vec<String>,
}

#[derive(Serialize)]
struct Part {
    name: String,
    color: usize,
    values: Vec<i64>,
    texts: Vec<String>,
}

/// A month on an axis: `11月` in Chinese, `Nov` in English.
pub fn month(w: W, month: &str) -> String {
    let number: i64 = month.rsplit('-').next().and_then(|m| m.parse().ok()).unwrap_or(1);
    w.n("insights-month", number)
}

/// The colour of a category's place: 1 to 5, and 6 for the rest.
pub fn color(place: &usize, rest: bool) -> usize {
    if rest { 6 } else { place + 1 }
}

/// Costs by month and category, for a JSON script tag.
pub fn trend(w: W, view: &InsightsView) -> Result<String, serde_json::Error> {
    let whole = |m: &Money| m.minor / 10i64.pow(m.currency.decimals());
    let totals = (0..view.months.len()).map(|i| {
        let all: i64 = view.trend.iter().filter_map(|s| s.months.get(i)).map(|m| m.minor).sum();
        Money::new(all, view.total.sum.currency).grouped()
    });
    let chart = Chart {
        labels: view.months.iter().map(|m| month(w, m)).collect(),
        totals: totals.collect(),
        hrefs: view.month_claims.clone(),
        series: view
            .trend
            .iter()
            .enumerate()
            .map(|(place, s)| Part {
                name: if s.key.is_none() {
                    w.t("insights-other")
                } else {
                    s.name.clone()
                },
                color: color(&place, s.key.is_none()),
                values: s.months.iter().map(whole).collect(),
                texts: s.months.iter().map(|m| m.grouped()).collect(),
            })
            .collect(),
    };
    Ok(serde_json::to_string(&chart)?.replace('<', "\\u003c"))
}

/// The points of a small line, 68 by 18.
pub fn spark(months: &[Money]) -> String {
    let top = months.iter().map(|m| m.minor).max().unwrap_or(0).max(1);
    let steps = i64::try_from(months.len().saturating_sub(1)).unwrap_or(1).max(1);
    let point = |(i, m): (i64, &Money)| {
        let height = i128::from(m.minor.max(0)) * 14 / i128::from(top);
        format!("{},{}", 1 + i * 66 / steps, 16 - height)
    };
    (0i64..).zip(months).map(point).collect::<Vec<_>>().join(" ")
}

/// A part of the largest, in percent for a bar.
pub fn width(part: i64, largest: i64) -> i64 {
    (part.max(0) * 100).checked_div(largest.max(1)).unwrap_or(0).min(100)
}
