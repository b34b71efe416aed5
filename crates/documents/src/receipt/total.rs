//! What was paid, of all amounts on a receipt: by what it is called and by the sums that it fits into.

use super::amounts::{Amount, What};
use super::rows::Row;

/// The amount that was chosen.
#[derive(Debug, Clone)]
pub(crate) struct Total {
    pub(crate) amount: Amount,
    /// Whether words and sums leave no doubt.
    pub(crate) sure: bool,
}

/// Chooses the total; `None` where nothing is called one and no sum shows it.
pub(crate) fn total(rows: &[Row], amounts: &[Amount]) -> Option<Total> {
    let summary = summary(rows);
    // Below the summary of taxes stand the totals of its columns.
    let body: Vec<&Amount> = amounts.iter().filter(|a| a.row < summary).collect();
    let mut values: Vec<i64> = body.iter().filter(|a| is_candidate(a)).map(|a| a.hundredths).collect();
    values.sort_unstable();
    values.dedup();
    let mut scored: Vec<(Points, i64)> = values.iter().map(|v| (points(*v, &body, amounts), *v)).collect();
    scored.sort_by(|a, b| b.0.all().total_cmp(&a.0.all()).then(b.1.cmp(&a.1)));
    let (best, value) = scored.first()?.clone();
    if best.words <= 0.0 && best.sums <= 0.0 {
        return None;
    }
    let second = scored.get(1).map_or(0.0, |s| s.0.all());
    let rank = |a: &Amount| match a.what {
        What::Payable => 3,
        What::Total => 2,
        What::Bare | What::Subtotal => 1,
        _ => 0,
    };
    let amount = body
        .iter()
        .filter(|a| a.hundredths == value && is_candidate(a))
        .max_by_key(|a| (rank(a), a.row))?;
    let sure =
        best.words >= 3.0 && best.sums >= 1.5 && best.all() - second >= 2.0 && (amount.least > 0.5 || best.seen > 1);
    Some(Total {
        amount: (*amount).clone(),
        sure,
    })
}

fn is_candidate(amount: &Amount) -> bool {
    use What::{Bare, Payable, Subtotal, Tender, Total};
    amount.hundredths > 0 && matches!(amount.what, Payable | Total | Bare | Subtotal | Tender)
}

/// The row at which a summary of taxes begins.
fn summary(rows: &[Row]) -> usize {
    let begins = |r: &Row| {
        let tax = ["gst", "tax", "vat", "sst", "mwst", "tva", "btw", "iva"]
            .iter()
            .any(|t| r.low.contains(t));
        let table = ["summary", "analysis", "taxable", "breakdown"]
            .iter()
            .any(|t| r.low.contains(t));
        tax && table && !r.low.contains("total")
    };
    rows.iter().position(begins).unwrap_or(rows.len())
}

/// What speaks for an amount.
#[derive(Debug, Clone, Default)]
struct Points {
    /// What it is called.
    words: f32,
    /// Sums that it fits into.
    sums: f32,
    /// How often it stands there.
    seen: usize,
}

impl Points {
    fn all(&self) -> f32 {
        self.words + self.sums
    }
}

fn points(value: i64, body: &[&Amount], all: &[Amount]) -> Points {
    let of = |what: What| body.iter().filter(move |a| a.what == what).map(|a| a.hundredths.abs());
    let mut points = Points::default();
    for amount in body.iter().filter(|a| a.hundredths == value) {
        points.seen += 1;
        let worth = match amount.what {
            What::Payable => 4.0,
            What::Total => 3.0,
            What::Bare | What::Subtotal => 1.0,
            _ => 0.0,
        };
        points.words = f32::max(points.words, worth);
    }
    let again = body
        .iter()
        .filter(|a| a.hundredths == value && matches!(a.what, What::Payable | What::Total | What::Subtotal));
    points.sums += 0.5 * (again.count().min(4).saturating_sub(1)) as f32;
    // What was handed over, less the change.
    let handed = of(What::Tender).any(|t| of(What::Change).any(|c| c > 0 && t - c == value));
    if handed {
        points.sums += 3.0;
    } else if of(What::Tender).any(|t| t == value) {
        points.sums += 1.5;
    }
    // The parts make the whole.
    let extras = |what: What| -> Vec<i64> {
        let mut all: Vec<i64> = of(what).collect();
        all.push(0);
        all.sort_unstable();
        all.dedup();
        all.truncate(4);
        all
    };
    let roundings: Vec<i64> = body
        .iter()
        .filter(|a| a.what == What::Rounding)
        .map(|a| a.hundredths)
        .collect();
    let rounded = |sum: i64| {
        let near = |r: i64| sum + r == value || sum - r == value;
        sum == value || roundings.iter().any(|r| near(*r))
    };
    let (taxes, services, discounts) = (extras(What::Tax), extras(What::Service), extras(What::Discount));
    let adds_up = |net: i64| {
        taxes.iter().any(|t| {
            services
                .iter()
                .any(|s| discounts.iter().any(|d| (t + s + d) != 0 && rounded(net + t + s - d)))
        })
    };
    if of(What::Subtotal).chain(of(What::Part)).any(adds_up) {
        points.sums += 2.0;
    }
    // Net and tax beside each other in the summary of taxes.
    let pairs = all.windows(2).filter(|w| w[0].row == w[1].row);
    let mut beside = pairs.filter(|w| w[0].hundredths > w[1].hundredths && w[1].hundredths > 0);
    if beside.any(|w| rounded(w[0].hundredths + w[1].hundredths)) {
        points.sums += 1.5;
    }
    // Rounding leads from one total to the other: the rounded one is paid.
    let totals: Vec<i64> = [What::Payable, What::Total, What::Subtotal]
        .into_iter()
        .flat_map(of)
        .collect();
    for rounding in roundings.iter().filter(|r| **r != 0 && r.abs() < 10) {
        let printed = |v: i64| body.iter().any(|a| a.hundredths == v && is_candidate(a));
        if totals.contains(&(value - rounding)) {
            points.sums += 2.0;
        } else if printed(value + rounding) {
            points.sums -= 1.5;
        }
    }
    // The items make the whole.
    let first = body.iter().find(|a| is_candidate(a)).map_or(0, |a| a.row);
    let mut items: Vec<i64> = Vec::new();
    let mut row = usize::MAX;
    for amount in body.iter().filter(|a| a.row < first && a.what == What::Other) {
        if amount.row == row {
            items.pop();
        }
        row = amount.row;
        items.push(amount.hundredths);
    }
    let sum: i64 = items.iter().sum();
    if !items.is_empty() && rounded(sum) {
        points.sums += 1.5;
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receipt::amounts::amounts;
    use crate::receipt::rows::rows;
    use crate::receipt::rows::tests::lines;

    fn of(all: &[(&str, &str)]) -> Option<(i64, bool)> {
        let mut placed = Vec::new();
        for (n, (label, amount)) in all.iter().enumerate() {
            let y = 30.0 * n as f32;
            placed.push((*label, 10.0, y));
            if !amount.is_empty() {
                placed.push((*amount, 400.0, y));
            }
        }
        let rows = rows(&lines(&placed));
        total(&rows, &amounts(&rows)).map(|t| (t.amount.hundredths, t.sure))
    }

    #[test]
    fn what_is_paid_is_the_total() {
        let rounded = [
            ("Tea", "3.00"),
            ("Cake", "4.02"),
            ("Subtotal", "7.02"),
            ("Rounding", "-0.02"),
            ("Total", "7.00"),
            ("Cash", "10.00"),
            ("Change", "3.00"),
        ];
        assert_eq!(of(&rounded), Some((700, true)));
        let taxed = [
            ("Total excl. tax", "10.00"),
            ("Tax 6%", "0.60"),
            ("Total incl. tax", "10.60"),
            ("VISA", "10.60"),
        ];
        assert_eq!(of(&taxed), Some((1060, true)));
        let chinese = [
            ("米饭", "12.00"),
            ("茶", "8.00"),
            ("合计", "20.00"),
            ("微信支付", "20.00"),
        ];
        assert_eq!(of(&chinese), Some((2000, true)));
    }

    #[test]
    fn one_word_alone_is_a_proposal_and_none_is_nothing() {
        assert_eq!(of(&[("Total", "7.00")]), Some((700, false)));
        assert_eq!(of(&[("Tea", "3.00"), ("Cake", "4.00")]), None);
    }
}
