//! Days in running text.

use jiff::civil::Date;
use outlay_core::Currency;

use super::values::currencies;

/// Which of two numbers is the day where a text leaves it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayOrder {
    DayFirst,
    MonthFirst,
    /// Nobody can say.
    Open,
}

/// The order in which a document writes day and month, by its other dates and its currency.
pub(super) fn day_order(whole: &str) -> DayOrder {
    let (mut day, mut month) = (false, false);
    for word in whole.split(|c: char| c.is_whitespace() || c == ',') {
        if let Some((a, b, _)) = three(word, '/') {
            day |= a > 12 && b <= 12;
            month |= b > 12 && a <= 12;
        }
    }
    let dollars = currencies(whole).as_slice() == [Currency::parse("USD").unwrap_or(Currency::EUR)];
    match (day, month) {
        (true, false) => DayOrder::DayFirst,
        (false, true) => DayOrder::MonthFirst,
        (true, true) => DayOrder::Open,
        _ if dollars => DayOrder::MonthFirst,
        _ => DayOrder::DayFirst,
    }
}

fn three(word: &str, separator: char) -> Option<(i16, i16, i16)> {
    let word = word.trim_matches(|c: char| !c.is_ascii_digit());
    let mut parts = word.split(separator);
    let mut next = || {
        let part = parts.next()?;
        let right = (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        right.then(|| part.parse::<i16>().ok())?
    };
    let all = (next()?, next()?, next()?);
    parts.next().is_none().then_some(all)
}

/// The day that a text begins with, after at most one word such as a weekday, and how many words it takes.
pub(super) fn day(text: &str, order: DayOrder) -> Option<(Date, usize)> {
    let words: Vec<&str> = text.split_whitespace().take(8).collect();
    (0..words.len().min(2)).find_map(|skip| day_of(&words[skip..], order).map(|(d, n)| (d, n + skip)))
}

/// Every day in a text.
pub(super) fn days(text: &str, order: DayOrder) -> Vec<Date> {
    let words: Vec<&str> = text.split_whitespace().take(400).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match day_of(&words[at..(at + 8).min(words.len())], order) {
            Some((day, n)) => {
                found.push(day);
                at += n;
            }
            None => at += 1,
        }
    }
    found
}

fn day_of(words: &[&str], order: DayOrder) -> Option<(Date, usize)> {
    let first = words
        .first()?
        .trim_matches(|c: char| matches!(c, ',' | ';' | '(' | ')' | ':'));
    let first = first.split('T').next().unwrap_or(first);
    for separator in ['-', '/', '.'] {
        if let Some((a, b, c)) = three(first, separator) {
            return numbers(a, b, c, separator, order).map(|d| (d, 1));
        }
    }
    // 03-Aug-2014
    let dashed: Vec<&str> = first.split(['-', '/']).collect();
    if let [d, m, y] = dashed.as_slice()
        && let Some(month) = month(m)
    {
        return date(year(y)?, month, d.parse().ok()?).map(|d| (d, 1));
    }
    if let Ok(text) = crate::field::day("", first)
        && first.contains('年')
    {
        return Some((text, 1));
    }
    // August 3, 2014 and 7. Mai 2014; signs may stand as words of their own.
    let mut rest = words
        .iter()
        .enumerate()
        .map(|(i, w)| {
            (
                i,
                w.trim_matches(|c: char| matches!(c, ',' | '.' | ';' | '(' | ')' | ':')),
            )
        })
        .filter(|(_, w)| !w.is_empty() && !matches!(*w, "de" | "of" | "den"));
    let (start, a) = rest.next()?;
    let (_, b) = rest.next()?;
    let (end, c) = rest.next()?;
    if start != 0 || end > 5 {
        return None;
    }
    let (d, m) = match (month(a), month(b)) {
        (Some(m), None) => (b, m),
        (None, Some(m)) => (a, m),
        _ => return None,
    };
    let d = d.trim_end_matches(|c: char| c.is_alphabetic() || matches!(c, 'º' | '°' | '.'));
    date(year(c)?, m, d.parse().ok()?).map(|day| (day, end + 1))
}

fn year(text: &str) -> Option<i16> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    match (digits, text.len()) {
        (true, 4) => text.parse().ok(),
        (true, 2) => text.parse::<i16>().ok().map(|y| 2000 + y),
        _ => None,
    }
}

fn numbers(a: i16, b: i16, c: i16, separator: char, order: DayOrder) -> Option<Date> {
    let narrow = |n: i16| i8::try_from(n).ok();
    if a > 999 {
        return date(a, narrow(b)?, narrow(c)?);
    }
    let year = if c > 999 { c } else { 2000 + c };
    // Two digits for the year are written beside points and slashes, not where the year may stand first.
    if c < 100 && (separator == '-' || c < 10) {
        return None;
    }
    let month_first = separator == '/' && order == DayOrder::MonthFirst;
    if separator == '/' && order == DayOrder::Open && a <= 12 && b <= 12 && a != b {
        return None;
    }
    let (day, month) = match (a > 12, b > 12) {
        (false, true) => (b, a),
        (true, false) => (a, b),
        _ if month_first => (b, a),
        _ => (a, b),
    };
    date(year, narrow(month)?, narrow(day)?)
}

fn date(year: i16, month: i8, day: i8) -> Option<Date> {
    if !(1990..=2100).contains(&year) {
        return None;
    }
    Date::new(year, month, day).ok()
}

const MONTHS: [&[&str]; 12] = [
    &[
        "jan", "january", "januar", "janvier", "janv", "januari", "gennaio", "gen", "enero", "ene", "janeiro",
        "stycznia",
    ],
    &[
        "feb",
        "february",
        "februar",
        "février",
        "févr",
        "fév",
        "februari",
        "febbraio",
        "febrero",
        "fevereiro",
        "lutego",
    ],
    &[
        "mar", "march", "märz", "mär", "maerz", "mars", "maart", "mrt", "marzo", "março", "marca", "marts",
    ],
    &["apr", "april", "avril", "avr", "aprile", "abril", "abr", "kwietnia"],
    &["may", "mai", "mei", "maj", "maggio", "mag", "mayo", "maio", "maja"],
    &[
        "jun", "june", "juni", "juin", "giugno", "giu", "junio", "junho", "czerwca",
    ],
    &[
        "jul", "july", "juli", "juillet", "juil", "luglio", "lug", "julio", "julho", "lipca",
    ],
    &[
        "aug", "august", "août", "aout", "augustus", "agosto", "ago", "augusti", "sierpnia",
    ],
    &[
        "sep",
        "sept",
        "september",
        "septembre",
        "settembre",
        "set",
        "septiembre",
        "setembro",
        "września",
    ],
    &[
        "oct",
        "okt",
        "october",
        "oktober",
        "octobre",
        "ottobre",
        "ott",
        "octubre",
        "outubro",
        "października",
    ],
    &["nov", "november", "novembre", "noviembre", "novembro", "listopada"],
    &[
        "dec",
        "dez",
        "déc",
        "december",
        "dezember",
        "décembre",
        "dicembre",
        "dic",
        "diciembre",
        "dezembro",
        "grudnia",
        "desember",
    ],
];

fn month(text: &str) -> Option<i8> {
    let low = text.trim_end_matches('.').to_lowercase();
    let at = MONTHS.iter().position(|names| names.contains(&low.as_str()))?;
    i8::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as d;

    #[test]
    fn days_as_people_write_them() {
        for (text, order, wanted) in [
            ("August 3 , 2014", DayOrder::DayFirst, d(2014, 8, 3)),
            ("7. Mai 2014", DayOrder::DayFirst, d(2014, 5, 7)),
            ("29 maart 2014", DayOrder::DayFirst, d(2014, 3, 29)),
            ("8-9-2022", DayOrder::DayFirst, d(2022, 9, 8)),
            ("03-Aug-2014", DayOrder::DayFirst, d(2014, 8, 3)),
            ("9/8/2022", DayOrder::MonthFirst, d(2022, 9, 8)),
            ("25/8/2022", DayOrder::MonthFirst, d(2022, 8, 25)),
            ("2021-01-01", DayOrder::DayFirst, d(2021, 1, 1)),
            ("01.02.24", DayOrder::DayFirst, d(2024, 2, 1)),
            ("12 de marzo de 2023", DayOrder::DayFirst, d(2023, 3, 12)),
            ("March 1st, 2023", DayOrder::DayFirst, d(2023, 3, 1)),
        ] {
            assert_eq!(day(text, order).map(|(d, _)| d), Some(wanted), "{text}");
        }
        for bad in ["1-2", "31.02.2024", "2014", "9/8/22/1", "Mai", "12345678"] {
            assert_eq!(day(bad, DayOrder::DayFirst), None, "{bad}");
        }
        assert_eq!(day("9/8/2022", DayOrder::Open), None);
    }
}
