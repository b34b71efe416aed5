//! Invoices and receipts of any other make, by the words on them: labels in the languages of Europe, and what stands
//! beside or below. What no label names is left empty.

mod days;
mod labels;
mod receipt;
mod seller;
mod values;

use outlay_core::{Currency, InvoiceIdentity, Money};

use crate::china::Found;
use crate::invoice::{Dialect, Invoice, InvoiceKind, Place, SourceKind};
use crate::paper::Content;
use crate::sheet::Row;

use days::{DayOrder, day, days};
use labels::{DATES, DUE, NUMBERS, PAID, STRONG_TOTALS, TITLES, TOTALS, WEAK_DATES};
use receipt::receipt;
use seller::seller;
use values::{amounts, currencies, number};

/// A stretch of text, as far as no wide gap parts it.
struct Cell {
    text: String,
    /// The same in small letters, character by character.
    low: String,
    left: f64,
    right: f64,
    place: Option<Place>,
}

/// One line of cells.
struct Line {
    page: u32,
    middle: f64,
    height: f64,
    cells: Vec<Cell>,
}

/// Reads what pages show.
pub(crate) fn read(pages: &[Vec<Row>]) -> Option<Content> {
    let rows = pages.iter().flatten();
    let lines = rows.map(|row| Line {
        page: row.page,
        middle: row.middle,
        height: row.height,
        cells: row
            .cells(1.3)
            .into_iter()
            .map(|c| Cell {
                low: lower(&c.text),
                text: c.text,
                left: c.left,
                right: c.right,
                place: Some(c.place),
            })
            .collect(),
    });
    of_lines(&lines.collect::<Vec<_>>())
}

/// Reads plain text, where tabs and wide gaps part cells.
pub(crate) fn read_plain(text: &str) -> Option<Content> {
    let mut lines = Vec::new();
    for (n, line) in text.lines().take(3_000).enumerate() {
        let mut cells = Vec::new();
        let mut left = 0.0;
        for part in line.replace('\t', "    ").split("    ") {
            let wide = part.chars().count() as f64;
            let text: String = part.trim().chars().take(400).collect();
            if !text.is_empty() {
                cells.push(Cell {
                    low: lower(&text),
                    text,
                    left,
                    right: left + wide,
                    place: None,
                });
            }
            left += wide + 4.0;
        }
        if !cells.is_empty() {
            lines.push(Line {
                page: 1,
                middle: n as f64 * 2.0,
                height: 1.0,
                cells,
            });
        }
    }
    of_lines(&lines)
}

/// The currency that pages show, if it is one only.
pub(crate) fn only_currency(pages: &[Vec<Row>]) -> Option<Currency> {
    let rows = pages.iter().flatten();
    let texts: Vec<String> = rows.flat_map(|r| r.cells(1.3)).map(|c| c.text).collect();
    match currencies(&texts.join("\n")).as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

fn lower(text: &str) -> String {
    text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
}

fn of_lines(lines: &[Line]) -> Option<Content> {
    let sheet = Sheet { lines };
    let whole: Vec<&str> = lines.iter().flat_map(|l| &l.cells).map(|c| c.text.as_str()).collect();
    let whole = whole.join("\n");
    let order = days::day_order(&whole);
    let found_number = sheet.number();
    let found_day = sheet.day(order);
    let total = sheet.total(&whole);
    let low = lower(&whole);
    let titled = TITLES.iter().any(|t| values::word_at(&low, t).is_some());
    if found_number.is_none() && !(titled && total.is_some()) {
        return receipt(lines, found_day, total, order);
    }
    // Without anything else a number is just a number.
    if total.is_none() && found_day.is_none() {
        return None;
    }
    let currency = match (&total, currencies(&whole).as_slice()) {
        (Some((money, _)), _) => money.currency,
        (None, [only]) => *only,
        _ => return None,
    };
    let mut invoice = Invoice::new(Dialect::Text, currency);
    if let Some((number, found)) = found_number {
        invoice.number = Some(number);
        invoice.found("number", &found);
    }
    if let Some((day, found)) = found_day {
        invoice.issued_on = Some(day);
        invoice.found("issued_on", &found);
    }
    if let Some((money, found)) = total {
        invoice.gross = Some(money);
        invoice.found("gross", &found);
        if money.minor < 0 {
            invoice.kind = InvoiceKind::Red;
        }
    }
    seller(&sheet, &mut invoice);
    let seller = invoice.seller.tax_id.as_deref().or(invoice.seller.name.as_deref());
    invoice.identity = match (seller, &invoice.number, invoice.issued_on) {
        (Some(seller), Some(number), Some(day)) => InvoiceIdentity::european(seller, number, day).ok(),
        _ => None,
    };
    Some(Content::Invoice(Box::new(invoice)))
}

/// A cell's text as a source.
fn found(cell: &Cell, label: &str) -> Found {
    Found {
        text: cell.text.clone(),
        path: label.to_owned(),
        kind: SourceKind::Text,
        place: cell.place,
    }
}

struct Sheet<'l> {
    lines: &'l [Line],
}

impl<'l> Sheet<'l> {
    /// What `read` makes of the text at a label: in its cell, then beside it, then below it. `read` is given the text and
    /// whether it stands in the label's own cell.
    fn at_label<T>(
        &self,
        labels: &[&'static str],
        accept: impl Fn(&Cell, &str, usize) -> bool,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<(T, Found)> {
        for label in labels {
            for (n, line) in self.lines.iter().enumerate() {
                for (i, cell) in line.cells.iter().enumerate() {
                    let Some(start) = values::word_at(&cell.low, label) else {
                        continue;
                    };
                    if !accept(cell, label, start) {
                        continue;
                    }
                    let rest: String = cell.text.chars().skip(start + label.chars().count()).collect();
                    let rest = rest.trim_start_matches([':', '.', ' ', '°', 'º', '-', ')', ']', ';', '*']);
                    if let Some(value) = read(rest) {
                        return Some((value, found(cell, label)));
                    }
                    // A label that goes on in words is another one.
                    if rest.chars().any(char::is_alphabetic) && rest.chars().count() > 4 {
                        continue;
                    }
                    let beside = line.cells.get(i + 1);
                    if let Some((value, cell)) = beside.and_then(|c| Some((read(&c.text)?, c))) {
                        return Some((value, found(cell, label)));
                    }
                    if let Some((value, cell)) = self.below(n, cell).find_map(|c| Some((read(&c.text)?, c))) {
                        return Some((value, found(cell, label)));
                    }
                }
            }
        }
        None
    }

    /// Cells in the next few lines that stand under a cell.
    fn below<'s>(&'s self, n: usize, cell: &'s Cell) -> impl Iterator<Item = &'l Cell> + 's {
        let line = &self.lines[n];
        let reach = line.middle + 5.5 * line.height;
        let under = self.lines[n + 1..]
            .iter()
            .take_while(move |l| l.page == line.page && l.middle <= reach);
        under.flat_map(|l| &l.cells).filter(move |c| {
            let shared = c.right.min(cell.right) - c.left.max(cell.left);
            shared > 0.3 * (c.right - c.left).min(cell.right - cell.left)
        })
    }

    fn number(&self) -> Option<(String, Found)> {
        let strong = self.at_label(NUMBERS, |_, _, _| true, |text| number(text, false));
        // 'Invoice' alone may head a column, or stand before the number.
        let whole = |cell: &Cell, label: &str, start: usize| {
            start == 0 && cell.low.trim_end_matches([':', ' ', '#']).chars().count() <= label.chars().count() + 14
        };
        strong.or_else(|| self.at_label(TITLES, whole, |text| number(text, true)))
    }

    fn day(&self, order: DayOrder) -> Option<(jiff::civil::Date, Found)> {
        let read = |text: &str| day(text, order).map(|(day, _)| day);
        let other = |cell: &Cell, start: usize| {
            let before: String = cell.low.chars().take(start).collect();
            DUE.iter().any(|d| before.contains(d))
        };
        let strong = self.at_label(DATES, |cell, _, start| !other(cell, start), read);
        let first = |cell: &Cell, _: &str, start: usize| start == 0 && !DUE.iter().any(|d| cell.low.contains(d));
        let found_day = strong.or_else(|| self.at_label(WEAK_DATES, first, read));
        // Without a label, the only day of all is the one.
        found_day.or_else(|| {
            let cells = self.lines.iter().flat_map(|l| &l.cells);
            let mut all = cells.flat_map(|c| days(&c.text, order).into_iter().map(move |d| (d, c)));
            let (only, cell) = all.next()?;
            all.all(|(d, _)| d == only).then(|| (only, found(cell, "")))
        })
    }

    /// The total: by a label that leaves no doubt, else the largest of what is called total.
    fn total(&self, whole: &str) -> Option<(Money, Found)> {
        for (labels, only_first) in [(STRONG_TOTALS, false), (TOTALS, true)] {
            let mut best: Option<(Money, Found)> = None;
            for label in labels {
                for (n, line) in self.lines.iter().enumerate() {
                    for (i, cell) in line.cells.iter().enumerate() {
                        let Some(start) = values::word_at(&cell.low, label) else {
                            continue;
                        };
                        if !self.is_total(cell, label, start, only_first) {
                            continue;
                        }
                        let end = start + label.chars().count();
                        // A bare 'total' with nothing beside it heads a column.
                        let Some((money, at)) = self.amount_at(n, i, end, !only_first, whole) else {
                            continue;
                        };
                        let more = best
                            .as_ref()
                            .is_none_or(|(b, _)| b.currency == money.currency && b.minor < money.minor);
                        if more {
                            best = Some((money, found(at, label)));
                        }
                    }
                }
            }
            if best.is_some() {
                return best;
            }
        }
        None
    }

    fn is_total(&self, cell: &Cell, label: &str, start: usize, only_first: bool) -> bool {
        let before: String = cell.low.chars().take(start).collect();
        let after: String = cell.low.chars().skip(start + label.chars().count()).collect();
        let part = |text: &str| PAID.iter().any(|p| values::word_at(text, p).is_some());
        if part(&before) || before.ends_with("sub") || before.ends_with("sub-") {
            return false;
        }
        if !only_first {
            return !part(&after);
        }
        // After a bare 'total' only an amount, a currency or a word for the whole may come.
        let words = after
            .split(|c: char| !c.is_alphabetic())
            .filter(|w| w.chars().count() > 1);
        const FITTING: [&str; 22] = [
            "incl",
            "inkl",
            "including",
            "incluye",
            "compris",
            "ttc",
            "eur",
            "usd",
            "gbp",
            "chf",
            "inr",
            "rs",
            "pln",
            "sek",
            "nok",
            "dkk",
            "cad",
            "aud",
            "brutto",
            "gross",
            "due",
            "amount",
        ];
        start == 0 && words.into_iter().all(|w| FITTING.contains(&w))
    }

    /// The last amount on the line from a label on, else the first one below it.
    fn amount_at(&self, n: usize, i: usize, from: usize, look_below: bool, whole: &str) -> Option<(Money, &'l Cell)> {
        let line = &self.lines[n];
        let own: String = line.cells[i].text.chars().skip(from).collect();
        let mut last: Option<(Money, &Cell)> = None;
        for (k, cell) in line.cells.iter().enumerate().skip(i) {
            let text = if k == i { own.as_str() } else { cell.text.as_str() };
            if let Some(money) = amounts(text, &self.context(n, whole)).pop() {
                last = Some((money, cell));
            }
        }
        let below = || {
            self.below(n, &line.cells[i])
                .find_map(|c| Some((amounts(&c.text, &self.context(n, whole)).into_iter().next()?, c)))
        };
        last.or_else(|| look_below.then(below).flatten())
    }

    /// The currency of amounts on a line: that of the line, else the only one of all.
    fn context(&self, n: usize, whole: &str) -> Vec<Currency> {
        let texts: Vec<&str> = self.lines[n].cells.iter().map(|c| c.text.as_str()).collect();
        let own = currencies(&texts.join(" "));
        if own.is_empty() { currencies(whole) } else { own }
    }
}
