//! Amounts on receipts, and what the words beside them say they are.

use outlay_core::Currency;

use super::rows::{Row, lower};
use super::words::{CHANGE, COUNT, INCLUDING, LESS, ROUND, SERVICE, SUB, SURE, TAX, TENDER, TOTAL, WITHOUT};

/// An amount as printed, in hundredths of the currency, whichever that is.
#[derive(Debug, Clone)]
pub(crate) struct Amount {
    pub(crate) hundredths: i64,
    /// What it is, by the words before it.
    pub(crate) what: What,
    /// Its row, and its line among those read.
    pub(crate) row: usize,
    pub(crate) line: usize,
    /// As printed.
    pub(crate) text: String,
    /// How sure the recogniser is of its least sure character.
    pub(crate) least: f32,
}

/// What an amount is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// What is to be paid, without doubt: `grand total`, `amount due`, `合计`.
    Payable,
    /// `Total`.
    Total,
    /// Nothing but a currency stands before it.
    Bare,
    Subtotal,
    /// A total of a part: without tax, or of one rate.
    Part,
    Tax,
    Service,
    Discount,
    Rounding,
    /// What was handed over: `cash`, `visa`.
    Tender,
    Change,
    /// A number of things, a saving, points.
    Count,
    Other,
}

fn any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|w| text.contains(w))
}

/// What an amount is by the words before it, in small letters.
pub(crate) fn what(label: &str) -> What {
    let total = any(label, TOTAL);
    let including = any(label, INCLUDING);
    if any(label, CHANGE) && !label.contains("exchange") {
        return What::Change;
    }
    if any(label, SUB) {
        return What::Subtotal;
    }
    if any(label, ROUND) && !(total && (label.contains("rounded") || label.contains("after"))) {
        return What::Rounding;
    }
    if any(label, COUNT) && !label.contains("amount") {
        return What::Count;
    }
    if total
        && any(label, SURE)
        && !any(label, WITHOUT)
        && !label.contains("tax payable")
        && !label.contains("gst payable")
    {
        return What::Payable;
    }
    if total && any(label, WITHOUT) {
        return What::Part;
    }
    if total && including {
        return What::Payable;
    }
    if any(label, LESS) {
        return What::Discount;
    }
    if any(label, TENDER) {
        return What::Tender;
    }
    if any(label, TAX) {
        return What::Tax;
    }
    if any(label, SERVICE) {
        return What::Service;
    }
    if total {
        return if label.contains('%') { What::Part } else { What::Total };
    }
    let letters: String = label
        .chars()
        .filter(|c| c.is_alphabetic() || "$€£¥₹".contains(*c))
        .collect();
    match letters.as_str() {
        "rm" | "rh" | "$" | "€" | "£" | "¥" | "₹" | "eur" | "usd" | "myr" | "cny" | "rmb" | "sgd" => What::Bare,
        _ => What::Other,
    }
}

/// Every amount of a receipt with what it is called. `of_words` tells the same of a word alone.
pub(crate) fn amounts(rows: &[Row]) -> Vec<Amount> {
    let mut all: Vec<Amount> = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        let mut before = String::new();
        for word in &row.words {
            for (start, end, hundredths) in scan(&word.text) {
                let own: String = word.text.chars().take(start).collect();
                let nearest = if has_words(&own) {
                    lower(&own)
                } else {
                    nearest_words(row, word.line, &own)
                };
                let whole = format!("{before} {}", lower(&own));
                let mut what_it_is = what(&nearest);
                if matches!(what_it_is, What::Other | What::Bare) {
                    what_it_is = what(&whole);
                }
                // A label that stands a little higher than its amount is a row of its own.
                if !has_words(&whole)
                    && let Some(above) = n.checked_sub(1).map(|n| &rows[n])
                    && above.words.iter().all(|w| scan(&w.text).is_empty())
                    && row.middle - above.middle < 1.2 * row.height.max(above.height)
                {
                    what_it_is = what(&above.low);
                }
                all.push(Amount {
                    hundredths,
                    what: what_it_is,
                    row: n,
                    line: word.line,
                    text: word.text.chars().skip(start).take(end - start).collect(),
                    least: word.least,
                });
            }
            before.push(' ');
            before.push_str(&word.low);
        }
    }
    all
}

fn has_words(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphabetic()).count() > 2
        || text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// The words nearest before a line of a row.
fn nearest_words(row: &Row, line: usize, own: &str) -> String {
    let at = row.words.iter().position(|w| w.line == line).unwrap_or(0);
    let before = row.words[..at].iter().rev().find(|w| has_words(&w.text));
    before.map_or_else(|| lower(own), |w| format!("{} {}", w.low, lower(own)))
}

/// Where amounts stand in a text, in characters, with their value: two decimals always, as receipts print them.
pub(crate) fn scan(text: &str) -> Vec<(usize, usize, i64)> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let Some((end, hundredths)) = amount_at(&chars, at) else {
            at += 1;
            continue;
        };
        let before = chars[..at].iter().rev().take_while(|c| !c.is_ascii_digit()).take(6);
        let negative = before
            .take_while(|c| matches!(c, '-' | '(' | '$' | '¥' | '€' | '£' | 'R' | 'M' | 'H' | ' ' | ':'))
            .any(|c| *c == '-')
            || chars.get(end) == Some(&'-');
        found.push((at, end, if negative { -hundredths } else { hundredths }));
        at = end;
    }
    found
}

/// The amount that begins here, and where it ends.
fn amount_at(chars: &[char], start: usize) -> Option<(usize, i64)> {
    let digit = |c: char| match c {
        '0'..='9' => c.to_digit(10).map(i64::from),
        'O' | 'o' => Some(0),
        _ => None,
    };
    let real = |i: usize| chars.get(i).is_some_and(char::is_ascii_digit);
    let begins = real(start) || chars[start] == '.' && real(start + 1);
    let glued = start
        .checked_sub(1)
        .is_some_and(|b| chars[b].is_ascii_digit() || matches!(chars[b], '.' | ',' | '/'));
    if !begins || glued {
        return None;
    }
    let (mut at, mut whole, mut group) = (start, 0_i64, 0_usize);
    let mut grouped = false;
    let mut digits = 0;
    loop {
        let c = *chars.get(at)?;
        if let Some(d) = digit(c).filter(|_| group < 9) {
            whole = whole * 10 + d;
            group += 1;
            digits += 1;
            at += 1;
            if grouped && group > 3 || digits > 9 {
                return None;
            }
            continue;
        }
        // A gap that the recogniser saw beside the point.
        let mut next = at;
        while chars.get(next) == Some(&' ') && next == at && matches!(chars.get(next + 1), Some('.' | ',')) {
            next += 1;
        }
        let separator = *chars.get(next)?;
        if !matches!(separator, '.' | ',' | '\'') {
            return None;
        }
        let mut after = next + 1;
        if chars.get(after) == Some(&' ') && real(after + 1) && real(after + 2) {
            after += 1;
        }
        let run = (after..chars.len())
            .take_while(|i| chars.get(*i).copied().and_then(digit).is_some())
            .count();
        if run == 2 && separator != '\'' {
            if grouped && group != 3 {
                return None;
            }
            let cents = digit(chars[after])? * 10 + digit(chars[after + 1])?;
            let end = after + 2;
            let follows = |i: usize| chars.get(i).copied();
            // A rate, a date, a number of another kind.
            let percent = follows(end) == Some('%') || follows(end) == Some(' ') && follows(end + 1) == Some('%');
            let goes_on = matches!(follows(end), Some('.' | ',' | '/' | ':')) && real(end + 1)
                || follows(end) == Some('-') && real(end + 1);
            return (!percent && !goes_on).then_some((end, whole * 100 + cents));
        }
        if run == 3 && (1..=3).contains(&group) && after == next + 1 {
            grouped = true;
            group = 0;
            at = after;
            continue;
        }
        return None;
    }
}

/// The currency that a receipt names, else the one of the country that its words show; whether it is named.
pub(crate) fn currency(rows: &[Row]) -> Option<(Currency, bool)> {
    let named: &[(&str, &str)] = &[
        ("RM", "MYR"),
        ("MYR", "MYR"),
        ("RINGGIT", "MYR"),
        ("EUR", "EUR"),
        ("USD", "USD"),
        ("US$", "USD"),
        ("GBP", "GBP"),
        ("CHF", "CHF"),
        ("SGD", "SGD"),
        ("S$", "SGD"),
        ("HKD", "HKD"),
        ("HK$", "HKD"),
        ("CNY", "CNY"),
        ("RMB", "CNY"),
        ("JPY", "JPY"),
        ("INR", "INR"),
        ("AUD", "AUD"),
        ("CAD", "CAD"),
        ("THB", "THB"),
        ("IDR", "IDR"),
        ("RP", "IDR"),
        ("KRW", "KRW"),
        ("TWD", "TWD"),
        ("NT$", "TWD"),
        ("PLN", "PLN"),
        ("SEK", "SEK"),
        ("NOK", "NOK"),
        ("DKK", "DKK"),
        ("NZD", "NZD"),
    ];
    let signs: &[(char, &str)] = &[
        ('€', "EUR"),
        ('£', "GBP"),
        ('₹', "INR"),
        ('元', "CNY"),
        ('圆', "CNY"),
        ('円', "JPY"),
        ('₩', "KRW"),
        ('฿', "THB"),
    ];
    let mut votes: Vec<(&str, usize)> = Vec::new();
    let mut vote = |code: &'static str| match votes.iter_mut().find(|(c, _)| *c == code) {
        Some((_, n)) => *n += 1,
        None => votes.push((code, 1)),
    };
    for row in rows {
        for word in row.text.split(|c: char| !(c.is_alphabetic() || c == '$')) {
            if let Some((_, code)) = named.iter().find(|(name, _)| *name == word.to_ascii_uppercase()) {
                vote(code);
            }
        }
        for (sign, code) in signs {
            if row.text.contains(*sign) {
                vote(code);
            }
        }
        if row.text.contains('¥') {
            // The sign of two currencies.
            vote(if row.text.chars().any(|c| ('\u{3040}'..='\u{30ff}').contains(&c)) {
                "JPY"
            } else {
                "CNY"
            });
        }
    }
    votes.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let clear = match votes.as_slice() {
        [_] => true,
        [a, b, ..] => a.1 >= 2 * b.1,
        [] => false,
    };
    if clear {
        return Some((Currency::parse(votes[0].0).ok()?, true));
    }
    // Legal forms and taxes of one country.
    let marks: &[(&str, &str)] = &[
        ("sdn bhd", "MYR"),
        ("sdn. bhd", "MYR"),
        ("jalan ", "MYR"),
        ("有限公司", "CNY"),
        ("gmbh", "EUR"),
        ("pte ltd", "SGD"),
        ("pte. ltd", "SGD"),
    ];
    let shown = marks
        .iter()
        .find(|(mark, _)| rows.iter().any(|r| r.low.contains(mark)))?;
    Some((Currency::parse(shown.1).ok()?, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_as_printed_and_as_misread() {
        for (text, wanted) in [
            ("RM60.30", vec![6030]),
            ("60.30V", vec![6030]),
            ("1,234.56", vec![123_456]),
            ("1.234,56 EUR", vec![123_456]),
            ("13 .80", vec![1380]),
            ("5. 30 SR", vec![530]),
            ("1O.0O", vec![1000]),
            ("-RM0.02", vec![-2]),
            ("0.01-", vec![-1]),
            ("RM .00", vec![0]),
            ("1 4.55 4.55", vec![455, 455]),
            ("6.00%", vec![]),
            ("19.10.2018", vec![]),
            ("13.34.14", vec![]),
            ("12.345", vec![]),
            ("SS 9/1.50", vec![]),
        ] {
            let found: Vec<i64> = scan(text).into_iter().map(|f| f.2).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }

    #[test]
    fn labels_in_several_languages() {
        for (label, wanted) in [
            ("total (inclusive of gst):", What::Payable),
            ("total (excluding gst):", What::Part),
            ("total gst", What::Tax),
            ("sub-total", What::Subtotal),
            ("total qty:", What::Count),
            ("rounding adj", What::Rounding),
            ("total rounded", What::Payable),
            ("合计", What::Total),
            ("价税合计(小写)", What::Payable),
            ("找零", What::Change),
            ("rm", What::Bare),
            ("zu zahlen", What::Payable),
            ("milk", What::Other),
        ] {
            assert_eq!(what(label), wanted, "{label}");
        }
    }
}
