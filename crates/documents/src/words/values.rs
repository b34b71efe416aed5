//! Numbers, amounts, currencies and tax ids in running text.

use outlay_core::{Currency, Money};

use super::days::{DayOrder, days};

/// Where a label stands in a text, in characters, as words of its own.
pub(super) fn word_at(text: &str, label: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find(label) {
        let at = from + found;
        let before = text[..at].chars().next_back();
        let after = text[at + label.len()..].chars().next();
        let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        let label_ends = label.ends_with(char::is_alphabetic);
        if !(letter(before) || label_ends && letter(after)) {
            return Some(text[..at].chars().count());
        }
        from = at + label.chars().next().map_or(1, char::len_utf8);
    }
    None
}

/// An invoice number at the start of a text: one word with a digit in it, or a short mark and then such a word. After a
/// bare title it must be longer, and all of the text.
pub(super) fn number(text: &str, bare: bool) -> Option<String> {
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '#');
    let mut words = text.split_whitespace();
    let first = words.next()?;
    let sound = |w: &str| {
        w.chars().all(|c| c.is_alphanumeric() || "-/_.#".contains(c))
            && w.chars().any(|c| c.is_ascii_digit())
            && (2..=40).contains(&w.chars().count())
    };
    let trim = |w: &str| w.trim_end_matches([',', ';', '.', ':']).to_owned();
    let word = trim(first);
    let is_other = |w: &str| !days(w, DayOrder::DayFirst).is_empty() || is_amount(w);
    if sound(&word) {
        let rest = words.next();
        let right = !bare || rest.is_none() && word.chars().count() >= 4;
        return (right && !is_other(&word)).then_some(word);
    }
    let mark = !first.is_empty() && first.chars().count() <= 4 && first.chars().all(|c| c.is_uppercase() || c == '#');
    let second = trim(words.next().filter(|_| mark)?);
    let joined = if first == "#" {
        format!("#{second}")
    } else {
        format!("{first} {second}")
    };
    (sound(&second) && !is_other(&second) && !(bare && words.next().is_some())).then_some(joined)
}

fn is_amount(word: &str) -> bool {
    plain(word).is_some()
}

/// Signs of currencies, the longer ones first.
const SIGNS: &[(&str, &str)] = &[
    ("US$", "USD"),
    ("HK$", "HKD"),
    ("CA$", "CAD"),
    ("A$", "AUD"),
    ("NZ$", "NZD"),
    ("S$", "SGD"),
    ("R$", "BRL"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("₹", "INR"),
    ("Rs.", "INR"),
    ("Rs", "INR"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("₩", "KRW"),
    ("$", "USD"),
    ("¥", "CNY"),
    ("￥", "CNY"),
];
const CODES: &[&str] = &[
    "EUR", "USD", "GBP", "CHF", "INR", "PLN", "SEK", "NOK", "DKK", "CZK", "HUF", "CAD", "AUD", "NZD", "SGD", "HKD",
    "JPY", "CNY", "MYR", "BRL", "ZAR", "TRY", "RON", "KRW", "THB",
];

/// The currencies that a text names, each once.
pub(super) fn currencies(text: &str) -> Vec<Currency> {
    let mut found: Vec<&str> = Vec::new();
    let mut add = |code: &'static str| {
        if !found.contains(&code) {
            found.push(code);
        }
    };
    for code in CODES {
        let mut from = 0;
        while let Some(at) = text[from..].find(code).map(|a| from + a) {
            let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphabetic());
            if apart(text[..at].chars().next_back()) && apart(text[at + code.len()..].chars().next()) {
                add(code);
                break;
            }
            from = at + code.len();
        }
    }
    let mut rest = text.to_owned();
    for (sign, code) in SIGNS {
        if !rest.contains(sign) {
            continue;
        }
        let word = sign.starts_with(char::is_alphabetic) && sign.ends_with(|c: char| c.is_alphabetic() || c == '.');
        let stands = !word
            || rest
                .split(|c: char| c.is_whitespace() || c.is_ascii_digit())
                .any(|w| w.trim_matches(['(', ')', ':']) == *sign);
        if stands {
            add(code);
        }
        rest = rest.replace(sign, " ");
    }
    // A dollar sign beside the code of another dollar is that one's.
    let dollars = ["CAD", "AUD", "NZD", "SGD", "HKD"];
    if text.contains('$') && !text.contains("USD") && found.iter().any(|c| dollars.contains(c)) {
        found.retain(|c| *c != "USD");
    }
    found.iter().filter_map(|c| Currency::parse(c).ok()).collect()
}

/// The amounts in a text, in the currency that stands at each, else in the only one of the context.
pub(super) fn amounts(text: &str, context: &[Currency]) -> Vec<Money> {
    let mut found = Vec::new();
    // A space may part thousands where a comma parts the cents.
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut at = 0;
    while at < words.len() {
        let joined = words.get(at + 1).filter(|next| {
            let digits = |w: &str| w.trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned();
            let head = digits(words[at]);
            (1..=3).contains(&head.len())
                && head.bytes().all(|b| b.is_ascii_digit())
                && next.len() >= 6
                && next.as_bytes()[..3].iter().all(u8::is_ascii_digit)
                && next.as_bytes()[3] == b','
        });
        let word = match joined {
            Some(next) => format!("{}{next}", words[at]),
            None => words[at].to_owned(),
        };
        let after = at + 1 + usize::from(joined.is_some());
        let percent = word.ends_with('%') || words.get(after).is_some_and(|w| w.starts_with('%'));
        if let Some(digits) = plain(&word).filter(|_| !percent) {
            let beside = [
                at.checked_sub(1).and_then(|b| words.get(b)),
                Some(&word.as_str()),
                words.get(after),
            ];
            let near: Vec<&str> = beside.into_iter().flatten().copied().collect();
            let own = currencies(&near.join(" "));
            let currency = match (own.as_slice(), context) {
                ([only], _) | ([], [only]) => Some(*only),
                _ => None,
            };
            found.extend(currency.and_then(|c| Money::parse(&digits, c).ok()));
        }
        at = after;
    }
    found
}

/// A word that is an amount, as plain digits with a point: two decimals always, thousands parted by the other sign.
fn plain(word: &str) -> Option<String> {
    let core = word.trim_matches(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | '.' | ','));
    let core = core.trim_end_matches(['.', ',', '-']);
    let negative = core.starts_with('-') || word.starts_with("(") && word.ends_with(')') || word.starts_with('-');
    let core = core.trim_start_matches(['-', '.', ',']);
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    if core.len() < 4 || core.len() > 18 || letters > 4 {
        return None;
    }
    let (whole, part) = core.split_at_checked(core.len() - 3)?;
    let separator = part.chars().next()?;
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !matches!(separator, '.' | ',') || !digits(&part[1..]) {
        return None;
    }
    let thousands = if separator == '.' { [',', '\''] } else { ['.', '\''] };
    let groups: Vec<&str> = whole.split(thousands).collect();
    let grouped = groups.len() == 1 || (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|g| g.len() == 3);
    if !grouped || !groups.iter().all(|g| digits(g)) {
        return None;
    }
    let sign = if negative { "-" } else { "" };
    Some(format!("{sign}{}.{}", groups.concat(), &part[1..]))
}

/// VAT numbers of European countries in a text, without the spaces inside.
pub(super) fn tax_ids(text: &str) -> Vec<String> {
    const LANDS: [(&str, usize, usize); 14] = [
        ("DE", 9, 9),
        ("NL", 12, 12),
        ("ATU", 8, 8),
        ("FR", 11, 11),
        ("GB", 9, 12),
        ("IT", 11, 11),
        ("ES", 9, 9),
        ("BE", 10, 10),
        ("PL", 10, 10),
        ("SE", 12, 12),
        ("DK", 8, 8),
        ("FI", 8, 8),
        ("LU", 8, 8),
        ("IE", 8, 9),
    ];
    let joined: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '-')).collect();
    let mut found = Vec::new();
    for (land, least, most) in LANDS {
        let Some(at) = joined.find(land) else { continue };
        let before = joined[..at].chars().next_back();
        let rest: String = joined[at + land.len()..]
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        let mostly = rest.chars().filter(char::is_ascii_digit).count() + 3 > rest.len();
        // Words may stand right before, since their space is gone; an IBAN is longer.
        let free = before.is_none_or(|c| !c.is_ascii_uppercase() && !c.is_ascii_digit());
        if free && (least..=most).contains(&rest.len()) && mostly && rest.chars().any(|c| c.is_ascii_digit()) {
            found.push(format!("{land}{rest}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_in_both_manners() {
        let eur = [Currency::EUR];
        for (text, minor) in [
            ("€ 4.904,94", 490_494),
            ("EUR 49,99", 4_999),
            ("1,234.56", 123_456),
            ("1 234,56 €", 123_456),
            ("-40.00", -4_000),
            ("4'904.94", 490_494),
        ] {
            assert_eq!(
                amounts(text, &eur).iter().map(|m| m.minor).collect::<Vec<_>>(),
                [minor],
                "{text}"
            );
        }
        for none in ["21,00 %", "1.2.3", "12", "1,23,456.00", "12.345", "01.05.14-31.05.14"] {
            assert_eq!(amounts(none, &eur), [], "{none}");
        }
        assert_eq!(amounts("319.00", &[]), []);
    }

    #[test]
    fn numbers_after_labels() {
        assert_eq!(
            number("# BLR_WFLD20151000982590", false).as_deref(),
            Some("#BLR_WFLD20151000982590")
        );
        assert_eq!(number("F 1234K20/1234/12", false).as_deref(), Some("F 1234K20/1234/12"));
        assert_eq!(number("42183017", false).as_deref(), Some("42183017"));
        for none in ["Datum", "12.05.2024", "49,99", "of 3"] {
            assert_eq!(number(none, false), None, "{none}");
        }
    }

    #[test]
    fn vat_numbers_of_the_land() {
        assert_eq!(tax_ids("UStId DE 232 446 240"), ["DE232446240"]);
        assert_eq!(tax_ids("NL810433941B01BTW"), Vec::<String>::new());
        assert_eq!(tax_ids("IBAN DE30507500940000048567"), Vec::<String>::new());
    }
}
