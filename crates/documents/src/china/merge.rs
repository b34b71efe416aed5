//! One invoice from several places of one file: the best proof first, the others for what it lacks.

use outlay_core::Currency;
use outlay_core::evidence::{fold_name, fold_number};

use crate::field::{self, Decimals};

use super::{Found, Raw, all_digits, is_blank, number};

impl Raw {
    /// Takes from a source of less proof what is missing here, and remembers what it says otherwise.
    pub(crate) fn fill(&mut self, mut other: Raw, differences: &mut Vec<String>) {
        const NAMES: [&str; 16] = [
            "number",
            "",
            "code",
            "issued_on",
            "seller.name",
            "seller.tax_id",
            "buyer.name",
            "buyer.tax_id",
            "net",
            "tax",
            "gross",
            "",
            "",
            "",
            "",
            "",
        ];
        for ((own, new), name) in self.head().into_iter().zip(other.head()).zip(NAMES) {
            let Some(new) = new.take().filter(|f| !is_blank(&f.text)) else {
                continue;
            };
            match own {
                Some(own) if !is_blank(&own.text) => {
                    let same = says_the_same(&own.text, &new.text);
                    // What XML says is shown where the page says it, too.
                    if same && own.place.is_none() {
                        own.place = new.place;
                    }
                    if !name.is_empty() && !same {
                        let (a, b) = (own.kind.as_str(), new.kind.as_str());
                        differences.push(format!("{name} {} in {a}, {} in {b}", own.text, new.text));
                    }
                }
                _ => *own = Some(new),
            }
        }
        self.red_flag |= other.red_flag;
        if self.lines.is_empty() {
            self.mixed_lines = other.lines.is_empty() && (self.mixed_lines || other.mixed_lines);
            self.lines = other.lines;
        }
        if self.travel.is_empty() {
            self.travel = other.travel;
        }
        if self.vehicle.is_empty() {
            self.vehicle = other.vehicle;
        }
    }
}

/// Whether two texts of one field say the same: as days, as amounts, or as folded text.
fn says_the_same(a: &str, b: &str) -> bool {
    let fold = |text: &str| -> String {
        let kept = fold_name(text);
        kept.chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
            .collect()
    };
    let day = |text: &str| field::day("", text).ok();
    let amount = |text: &str| field::amount("", text, Currency::CNY, Decimals::ZerosToo).ok();
    fold(a) == fold(b) || day(a).is_some() && day(a) == day(b) || amount(a).is_some() && amount(a) == amount(b)
}

/// Leaves out texts of lesser proof that are not what their field must hold.
pub(super) fn drop_unreadable(raw: &mut Raw) {
    fn keep(found: &mut Option<Found>, read: impl Fn(&Found) -> bool) {
        if found.as_ref().is_some_and(|f| f.is_loose() && !read(f)) {
            *found = None;
        }
    }
    let amount = |f: &Found| field::amount("", &f.text, Currency::CNY, Decimals::Exact).is_ok();
    keep(&mut raw.number, |f| number(f).is_ok());
    keep(&mut raw.code, |f| all_digits(&fold_number(&f.text), &[10, 12]));
    keep(&mut raw.issued_on, |f| field::day("", &f.text).is_ok());
    for money in [&mut raw.net, &mut raw.tax, &mut raw.gross, &mut raw.other] {
        keep(money, |f| amount(f));
    }
    for line in &mut raw.lines {
        keep(&mut line.quantity, |f| field::quantity("", &f.text).is_ok());
        keep(&mut line.tax_rate, |f| field::chinese_rate("", &f.text).is_ok());
        for money in [&mut line.net, &mut line.tax, &mut line.gross] {
            keep(money, |f| {
                field::amount("", &f.text, Currency::CNY, Decimals::ZerosToo).is_ok()
            });
        }
    }
    for leg in &mut raw.travel {
        keep(&mut leg.on, |f| field::day("", &f.text).is_ok());
    }
}
