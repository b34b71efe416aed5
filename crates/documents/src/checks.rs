//! Comparisons within one document.

use outlay_core::evidence::{TaxIdCheck, check_tax_id};
use outlay_core::{Money, capital};

use crate::invoice::{Check, CheckKind, Invoice, InvoiceLine};

/// How far a sum may be off, in minor units: 0.01 where a currency has cents.
const TOLERANCE: u64 = 1;

impl Invoice {
    pub(crate) fn add_check(&mut self, what: CheckKind, passed: bool, detail: String) {
        self.checks.push(Check { what, passed, detail });
    }

    /// Compares `parts`, added up, with `whole`.
    pub(crate) fn check_sum(&mut self, what: CheckKind, parts: &[(&str, Money)], whole: Money) {
        let terms: Vec<String> = parts
            .iter()
            .map(|(name, money)| format!("{name} {}", money.plain()))
            .collect();
        let sum = Money::sum(self.currency, parts.iter().map(|(_, m)| *m));
        let passed = sum.is_ok_and(|sum| sum.minor.abs_diff(whole.minor) <= TOLERANCE);
        let detail = format!("{} against {}", terms.join(" + "), whole.plain());
        self.add_check(what, passed, detail);
    }

    /// Net and tax against gross, where all three are stated.
    pub(crate) fn check_total(&mut self) {
        if let (Some(net), Some(tax), Some(gross)) = (self.net, self.tax, self.gross) {
            let mut parts = vec![("net", net), ("tax", tax)];
            parts.extend(self.other.map(|other| ("other", other)));
            self.check_sum(CheckKind::NetTaxGross, &parts, gross);
        }
    }

    /// One amount of all lines, with `others` added, against the same amount of the invoice. Left out where a line lacks it.
    pub(crate) fn check_lines(
        &mut self,
        what: CheckKind,
        amount: impl Fn(&InvoiceLine) -> Option<Money>,
        others: &[(&str, Money)],
        whole: Option<Money>,
    ) {
        let all: Option<Vec<Money>> = self.lines.iter().map(amount).collect();
        let (Some(amounts), Some(whole)) = (all.filter(|a| !a.is_empty()), whole) else {
            return;
        };
        match Money::sum(self.currency, amounts) {
            Ok(sum) => {
                let mut parts = vec![("lines", sum)];
                parts.extend_from_slice(others);
                self.check_sum(what, &parts, whole);
            }
            Err(_) => self.add_check(what, false, "the lines are too large to add up".to_owned()),
        }
    }

    /// The amount in capital numerals against gross.
    pub(crate) fn check_capital(&mut self, written: &str) {
        if let Some(gross) = self.gross {
            let passed = capital::is_capital_of(written, gross);
            let expected = capital::chinese_capital(gross);
            let short: String = written.chars().take(60).collect();
            self.add_check(CheckKind::CapitalAmount, passed, format!("{short} against {expected}"));
        }
    }

    /// The check characters of Chinese tax ids.
    pub(crate) fn check_tax_ids(&mut self) {
        let ids = [
            (CheckKind::SellerTaxId, self.seller.tax_id.clone()),
            (CheckKind::BuyerTaxId, self.buyer.tax_id.clone()),
        ];
        for (what, id) in ids {
            let Some(id) = id else { continue };
            match check_tax_id(&id) {
                TaxIdCheck::Right => self.add_check(what, true, format!("{id} is well-formed")),
                TaxIdCheck::Wrong => {
                    self.add_check(what, false, format!("{id} has a wrong check character"));
                }
                TaxIdCheck::Unchecked => {}
            }
        }
    }
}
