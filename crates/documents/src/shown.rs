//! Where on a page the values of attached XML are shown: only where a value stands once on all pages.

use jiff::civil::Date;
use outlay_core::Money;

use crate::invoice::{Invoice, Place};
use crate::sheet::{Row, fold};

/// Notes the place of each field that has none and whose value stands on the pages exactly once.
pub(crate) fn locate(invoice: &mut Invoice, pages: &[Vec<Row>]) {
    let one = |text: &Option<String>| text.clone().into_iter().collect::<Vec<_>>();
    let fields = [
        ("number", one(&invoice.number)),
        ("code", one(&invoice.code)),
        ("issued_on", invoice.issued_on.map(days).unwrap_or_default()),
        ("seller.name", one(&invoice.seller.name)),
        ("seller.tax_id", one(&invoice.seller.tax_id)),
        ("buyer.name", one(&invoice.buyer.name)),
        ("buyer.tax_id", one(&invoice.buyer.tax_id)),
        ("net", invoice.net.map(amounts).unwrap_or_default()),
        ("tax", invoice.tax.map(amounts).unwrap_or_default()),
        ("gross", invoice.gross.map(amounts).unwrap_or_default()),
    ];
    for (field, texts) in fields {
        let Some(source) = invoice.sources.get_mut(field).filter(|s| s.place.is_none()) else {
            continue;
        };
        source.place = only(pages, &texts);
    }
}

/// The place where one of some texts stands, if no other does and it stands nowhere else.
fn only(pages: &[Vec<Row>], texts: &[String]) -> Option<Place> {
    let mut found: Option<Place> = None;
    for text in texts {
        let folded: String = text.chars().filter(|c| !c.is_whitespace()).map(fold).collect();
        if folded.chars().count() < 3 {
            continue;
        }
        for row in pages.iter().flatten() {
            for (start, end) in row.find(&folded) {
                // Part of a longer word or number is another one.
                let before = start == 0 || parted(row, start) && !joins(row, start - 1);
                let after = end == row.marks.len() || parted(row, end) && !joins(row, end);
                if !before || !after {
                    continue;
                }
                if found.is_some() {
                    return None;
                }
                found = row.cell(&row.marks[start..end]).map(|c| c.place);
            }
        }
    }
    found
}

/// Whether a mark begins anew after the one before it: after a gap, or as another kind of character.
fn parted(row: &Row, at: usize) -> bool {
    let (before, mark) = (&row.marks[at - 1], &row.marks[at]);
    let gap = mark.left - before.right > 0.22 * before.height;
    let kind = |c: char| (c.is_numeric(), c.is_alphabetic());
    let alike = before.folded.is_alphanumeric() && kind(before.folded) == kind(mark.folded);
    mark.spaced || gap || !alike
}

/// Whether a sign ties digits to others: `1,234.50` is not `234.50`.
fn joins(row: &Row, at: usize) -> bool {
    let sign = matches!(row.marks[at].folded, '.' | ',' | '\'');
    let digit = |at: Option<usize>| {
        let mark = at.and_then(|at| row.marks.get(at));
        mark.is_some_and(|m| m.folded.is_ascii_digit())
    };
    sign && digit(at.checked_sub(1)) && digit(Some(at + 1))
}

/// A day as invoices write it.
fn days(day: Date) -> Vec<String> {
    let forms = [
        "%Y-%m-%d",
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%Y/%m/%d",
        "%Y年%m月%d日",
        "%Y.%m.%d",
        "%d-%m-%Y",
    ];
    forms.iter().map(|form| day.strftime(form).to_string()).collect()
}

/// An amount as invoices write it.
fn amounts(money: Money) -> Vec<String> {
    let plain = money.plain();
    let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits: Vec<char> = whole.trim_start_matches('-').chars().collect();
    let grouped = |sign: &str| {
        let groups: Vec<String> = digits.rchunks(3).rev().map(|g| g.iter().collect()).collect();
        groups.join(sign)
    };
    let sign = if whole.starts_with('-') { "-" } else { "" };
    let tail = |point: char| {
        if part.is_empty() {
            String::new()
        } else {
            format!("{point}{part}")
        }
    };
    let mut all = vec![plain.clone(), format!("{}{}", whole, tail(','))];
    if digits.len() > 3 {
        all.push(format!("{sign}{}{}", grouped(","), tail('.')));
        all.push(format!("{sign}{}{}", grouped("."), tail(',')));
        all.push(format!("{sign}{}{}", grouped("'"), tail('.')));
    }
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{Budget, Limits};
    use crate::sheet::Page;
    use outlay_core::Currency;

    fn pages(lines: &[&str]) -> Vec<Vec<Row>> {
        let limits = Limits::default();
        let mut budget = Budget::new(&limits);
        let mut page = Page::new(1);
        for (i, line) in lines.iter().enumerate() {
            page.begin();
            let at = (10.0, 10.0 + 8.0 * i as f64);
            page.put(line, at, (line.len() as f64 * 2.0, 4.0), &mut budget)
                .expect("within bounds");
        }
        vec![page.rows()]
    }

    #[test]
    fn a_value_is_shown_only_where_it_stands_once() {
        let money = Money::new(1_234_50, Currency::EUR);
        assert!(only(&pages(&["Total 1.234,50 EUR"]), &amounts(money)).is_some());
        assert!(only(&pages(&["Total 1.234,50", "Due 1234.50"]), &amounts(money)).is_none());
        // Part of another number.
        assert!(only(&pages(&["Total 1,234.50"]), &["234.50".to_owned()]).is_none());
        assert!(only(&pages(&["No 471234.50"]), &amounts(money)).is_none());
        let place = only(&pages(&["x", "No RE-77 of 2026"]), &["RE-77".to_owned()]).expect("a place");
        assert_eq!(place.page, 1);
        assert!((1_500..2_200).contains(&place.area[1]), "{place:?}");
    }
}
