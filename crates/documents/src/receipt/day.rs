//! The day of a receipt.

use jiff::civil::Date;

use super::rows::Row;

/// A day as printed.
#[derive(Debug, Clone)]
pub(crate) struct Day {
    pub(crate) date: Date,
    /// As printed.
    pub(crate) text: String,
    /// The line, among those read, that it stands in.
    pub(crate) line: usize,
    /// Whether nothing speaks for another day.
    pub(crate) sure: bool,
}

/// One reading of some characters as a day.
#[derive(Debug, Clone)]
struct Seen {
    /// What it is with the day before the month, and with the month before the day.
    day_first: Option<Date>,
    month_first: Option<Date>,
    text: String,
    line: usize,
    points: f32,
    least: f32,
}

/// Words for days other than that of the purchase.
const OTHER: &[&str] = &[
    "expir",
    "exp date",
    "valid",
    "due",
    "until",
    "before",
    "member since",
    "birth",
    "print",
    "mfg",
    "有效期",
    "deliver",
];
const LABELS: &[&str] = &[
    "date", "datum", "fecha", "data", "tarikh", "日期", "开票", "时间", "trx", "dt:",
];

/// The day of the purchase. `dollars` is whether the receipt is of a country that writes the month first, where known.
pub(crate) fn day(rows: &[Row], month_first: Option<bool>) -> Option<Day> {
    let mut all: Vec<Seen> = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        for word in &row.words {
            for mut seen in scan(&word.text) {
                seen.line = word.line;
                seen.least = word.least;
                let labelled = LABELS.iter().any(|l| row.low.contains(l));
                seen.points += if labelled { 2.0 } else { 0.0 };
                seen.points += if has_time(&row.text) { 1.5 } else { 0.0 };
                seen.points -= if OTHER.iter().any(|o| row.low.contains(o)) {
                    3.0
                } else {
                    0.0
                };
                seen.points -= n as f32 * 0.01;
                all.push(seen);
            }
        }
    }
    let first = |s: &Seen| (s.day_first, s.month_first);
    let shows_day_first = all.iter().any(|s| matches!(first(s), (Some(_), None)));
    let shows_month_first = all.iter().any(|s| matches!(first(s), (None, Some(_))));
    let by_others = match (shows_day_first, shows_month_first) {
        (true, false) => Some(false),
        (false, true) => Some(true),
        _ => month_first,
    };
    let date = |s: &Seen| match (s.day_first, s.month_first) {
        (Some(a), Some(b)) => Some(if by_others == Some(true) { b } else { a }),
        (a, b) => a.or(b),
    };
    let clear = |s: &Seen| {
        s.day_first == s.month_first || by_others.is_some() || s.day_first.is_none() || s.month_first.is_none()
    };
    let mut best: Option<(f32, &Seen, Date)> = None;
    for seen in &all {
        let Some(own) = date(seen) else { continue };
        let again = all.iter().filter(|s| date(s) == Some(own)).count();
        let points = seen.points + (again - 1).min(2) as f32;
        if best.as_ref().is_none_or(|(p, ..)| points > *p) {
            best = Some((points, seen, own));
        }
    }
    let (points, seen, own) = best?;
    let again = all.iter().filter(|s| date(s) == Some(own)).count();
    let rival = all
        .iter()
        .any(|s| date(s).is_some_and(|d| d != own) && s.points > points - 2.5);
    let sound = (2000..=2099).contains(&own.year());
    let sure = sound && points >= 1.2 && !rival && clear(seen) && (seen.least > 0.6 || again > 1 && seen.least > 0.3);
    Some(Day {
        date: own,
        text: seen.text.clone(),
        line: seen.line,
        sure,
    })
}

/// Whether a text holds a time of day.
fn has_time(text: &str) -> bool {
    let chars: Vec<char> = text.chars().filter(|c| *c != ' ').collect();
    chars.windows(4).enumerate().any(|(i, w)| {
        w[0].is_ascii_digit()
            && w[1] == ':'
            && w[2].is_ascii_digit()
            && w[3].is_ascii_digit()
            && chars.get(i + 4).is_none_or(|c| !c.is_ascii_digit())
    })
}

/// Every day in a text.
fn scan(text: &str) -> Vec<Seen> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let fresh = at == 0
            || !chars[at - 1].is_ascii_alphanumeric()
            || chars[at].is_ascii_digit() && chars[at - 1].is_ascii_alphabetic();
        let one = if fresh { day_at(&chars, at) } else { None };
        match one {
            Some((end, day_first, month_first, points)) => {
                let text: String = chars[at..end].iter().collect();
                found.push(Seen {
                    day_first,
                    month_first,
                    text,
                    line: 0,
                    points,
                    least: 1.0,
                });
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

type Read = (usize, Option<Date>, Option<Date>, f32);

/// A day that begins here.
fn day_at(chars: &[char], start: usize) -> Option<Read> {
    by_numbers(chars, start)
        .or_else(|| by_names(chars, start))
        .or_else(|| by_digits(chars, start))
}

/// A run of digits, where `l`, `I` and `O` may stand for the digits they look like.
fn number(chars: &[char], start: usize, most: usize) -> Option<(usize, i16)> {
    let mut value = 0_i16;
    let mut at = start;
    while at < start + most {
        let digit = match chars.get(at) {
            Some(c) if c.is_ascii_digit() => c.to_digit(10)?,
            Some('O' | 'o') if at > start => 0,
            _ => break,
        };
        value = value.checked_mul(10)?.checked_add(i16::try_from(digit).ok()?)?;
        at += 1;
    }
    (at > start).then_some((at, value))
}

/// Spaces left out.
fn skip(chars: &[char], mut at: usize) -> usize {
    while chars.get(at) == Some(&' ') {
        at += 1;
    }
    at
}

/// `19/10/2018`, `12-01-19`, `2018.02.22`, `2018年2月22日`.
fn by_numbers(chars: &[char], start: usize) -> Option<Read> {
    let (end, a) = number(chars, start, 4)?;
    let a_long = end - start;
    let at = skip(chars, end);
    let separator = *chars.get(at)?;
    let second = match separator {
        '/' | '-' | '.' => separator,
        '年' => '月',
        _ => return None,
    };
    // With gaps around it a point ends a sentence.
    if separator == '.' && at != end {
        return None;
    }
    let from = skip(chars, at + 1);
    let (end, b) = number(chars, from, 2)?;
    let at = skip(chars, end);
    if chars.get(at) != Some(&second) {
        return None;
    }
    let from = skip(chars, at + 1);
    let (mut end, c) = number(chars, from, 4)?;
    let c_long = end - from;
    if separator == '年' {
        end += usize::from(chars.get(end) == Some(&'日'));
    }
    if chars.get(end).is_some_and(char::is_ascii_digit) || chars.get(end) == Some(&separator) {
        return None;
    }
    let narrow = |n: i16| i8::try_from(n).ok();
    if a_long == 4 {
        let day = date(a, narrow(b)?, narrow(c)?)?;
        return Some((end, Some(day), Some(day), 0.5));
    }
    let year = match c_long {
        4 => c,
        2 => 2000 + c,
        _ => return None,
    };
    if a_long > 2 {
        return None;
    }
    let day_first = narrow(b).and_then(|m| date(year, m, narrow(a)?));
    let month_first = narrow(a).and_then(|m| date(year, m, narrow(b)?));
    // With points and dashes the month is not written first.
    let month_first = if separator == '/' { month_first } else { day_first };
    (day_first.is_some() || month_first.is_some()).then_some((
        end,
        day_first,
        month_first,
        if c_long == 4 { 0.5 } else { 0.2 },
    ))
}

/// `27 MAR 2018`, `27-Mar-18`, `Mar 27, 2018`.
fn by_names(chars: &[char], start: usize) -> Option<Read> {
    let gap = |mut at: usize| {
        while chars.get(at).is_some_and(|c| matches!(c, ' ' | '-' | '/' | '.' | ',')) {
            at += 1;
        }
        at
    };
    let (end, day, month) = if chars[start].is_ascii_digit() {
        let (end, day) = number(chars, start, 2)?;
        let (end, month) = name(chars, gap(end))?;
        (end, day, month)
    } else {
        let (end, month) = name(chars, start)?;
        let (end, day) = number(chars, gap(end), 2)?;
        (end, day, month)
    };
    let from = gap(end);
    let (end, year) = number(chars, from, 4)?;
    let year = match end - from {
        4 => year,
        2 => 2000 + year,
        _ => return None,
    };
    let day = date(year, month, i8::try_from(day).ok()?)?;
    (!chars.get(end).is_some_and(char::is_ascii_digit)).then_some((end, Some(day), Some(day), 0.5))
}

fn name(chars: &[char], start: usize) -> Option<(usize, i8)> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let word: String = chars[start.min(chars.len())..]
        .iter()
        .take_while(|c| c.is_alphabetic())
        .take(10)
        .collect();
    let low = word.to_lowercase();
    let at = MONTHS.iter().position(|m| low.starts_with(m))?;
    Some((start + word.chars().count(), i8::try_from(at + 1).ok()?))
}

/// `20180428`, or `27032018` where the strokes were not read; not part of a longer number.
fn by_digits(chars: &[char], start: usize) -> Option<Read> {
    let run: String = chars[start..].iter().take_while(|c| c.is_ascii_digit()).collect();
    let before = start.checked_sub(1).map(|b| chars[b]);
    let part = before.is_some_and(|c| c.is_alphanumeric() || c == '-') || chars.get(start + 8) == Some(&'-');
    if run.len() != 8 || part {
        return None;
    }
    let read = |year: &str, month: &str, day: &str| date(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    if let Some(day) = read(&run[..4], &run[4..6], &run[6..]) {
        return Some((start + 8, Some(day), Some(day), -1.0));
    }
    let recent = run[4..].starts_with("20");
    let day = read(&run[4..], &run[2..4], &run[..2]).filter(|_| recent && chars.len() == 8)?;
    Some((start + 8, Some(day), Some(day), -2.5))
}

fn date(year: i16, month: i8, day: i8) -> Option<Date> {
    if !(1995..=2099).contains(&year) {
        return None;
    }
    Date::new(year, month, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receipt::rows::rows;
    use crate::receipt::rows::tests::lines;
    use jiff::civil::date as d;

    #[test]
    fn days_as_printers_print_them() {
        for (text, wanted) in [
            ("21/05/2018TIME: 11:12", d(2018, 5, 21)),
            ("[19/06/17] [11:37]", d(2017, 6, 19)),
            ("27 MAR 2018 18:22", d(2018, 3, 27)),
            ("DATE:2016-07-31 13:48:37", d(2016, 7, 31)),
            ("2018 / 02 / 22", d(2018, 2, 22)),
            ("2026年7月3日", d(2026, 7, 3)),
            ("Mar 27, 2018", d(2018, 3, 27)),
            ("20180428 12:33", d(2018, 4, 28)),
            ("12-01-19", d(2019, 1, 12)),
        ] {
            let found = scan(text);
            assert_eq!(found.first().and_then(|s| s.day_first), Some(wanted), "{text}");
        }
        for none in [
            "03-8060 4233",
            "JALAN SS 9/1",
            "31/02/2018",
            "1.2.3",
            "002041119513",
            "10.10.2",
        ] {
            assert!(scan(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn an_open_order_is_no_sure_day() {
        let of = |text: &str, month_first| day(&rows(&lines(&[(text, 0.0, 0.0)])), month_first);
        let open = of("Date: 03/04/2018 10:00", None).map(|d| d.sure);
        assert_eq!(open, Some(false));
        let known = of("Date: 03/04/2018 10:00", Some(true)).map(|d| (d.date, d.sure));
        assert_eq!(known, Some((d(2018, 3, 4), true)));
        let due = of("Valid until 03/04/2018", Some(false)).map(|d| d.sure);
        assert_eq!(due, Some(false));
    }
}
