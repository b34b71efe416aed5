//! Cells as finance writes them, and as FEEL has them.
//!
//! | Written | Asks |
//! | --- | --- |
//! | `-` or nothing | nothing |
//! | `t1` or `t1, t2` | one of these |
//! | `P7+`, `P7..P8` | a grade and those above it, grades from low to high; so for evidence: `B+` is B or better |
//! | `not(t1)` | none of these; what is not known passes |
//! | `null` | what is not known |
//! | `<= 2000`, `≥ 100`, `100..200`, `(100..200]`, `<= 10%` | a number; `a..b` holds both ends |
//! | `2025-01-01..2025-12-31`, `2025`, `>= 2026-01-01` | a day |
//! | `yes`, `no`, 是, 否 | whether something is so |
//!
//! Any other unary test of FEEL may stand in a cell, too: texts are then in quotes.

use super::fact::Values;
use crate::feel::{Expr, Names, Test, Tests, Value, unary_tests};
use crate::table::{days, signs};
use crate::words::Text;

/// Codes as a list of FEEL.
pub(super) fn quoted(codes: &[String]) -> String {
    let all: Vec<String> = codes.iter().map(|c| Value::text(c).to_string()).collect();
    all.join(", ")
}

/// What a cell asks, in FEEL; or what is wrong with it, and the mend.
pub fn to_feel(text: &str, values: &Values) -> Result<String, Text> {
    let text = signs(text);
    if text.is_empty() || text == "-" {
        return Ok("-".to_owned());
    }
    match values {
        Values::Amount | Values::Number => Ok(range(&percent(&text)?)),
        Values::Date => Ok(range(&days(&years(&text)))),
        Values::Truth => Ok(truth(&text)),
        // FEEL as it is.
        _ if text.contains('"') || text.starts_with(['<', '>', '=', '?']) => Ok(text),
        values => {
            let inside = text.strip_prefix("not(").and_then(|t| t.strip_suffix(')'));
            let mut all = Vec::new();
            for item in inside.unwrap_or(&text).split([',', '、']) {
                match item.trim() {
                    "null" => all.push("null".to_owned()),
                    item => codes(item, values)?
                        .iter()
                        .for_each(|c| all.push(Value::text(c).to_string())),
                }
            }
            let list = all.join(", ");
            Ok(if inside.is_some() { format!("not({list})") } else { list })
        }
    }
}

/// The codes that a part of a cell names.
fn codes(item: &str, values: &Values) -> Result<Vec<String>, Text> {
    match values {
        Values::Ranked(all) => {
            let at = |code: &str| all.iter().position(|g| g == code.trim());
            let found = if let Some((from, to)) = item.split_once("..") {
                at(from).zip(at(to)).filter(|(from, to)| from <= to)
            } else if let Some(from) = item.strip_suffix('+') {
                at(from).map(|from| (from, all.len() - 1))
            } else {
                at(item).map(|one| (one, one))
            };
            let wrong = || {
                let (low, high) = (all.first(), all.last());
                let all = all.join(", ");
                let (zh, en) = low.zip(high).map_or_else(Default::default, |(l, h)| {
                    (
                        format!("，或由低到高写成 {l}+、{l}..{h}"),
                        format!(", or like {l}+ or {l}..{h} from low to high"),
                    )
                });
                Text::of(
                    format!("{item:?} 不在 [{all}] 中：请写其中之一{zh}"),
                    format!("{item:?} is not one of [{all}]: write one of them{en}"),
                )
            };
            found.map(|(from, to)| all[from..=to].to_vec()).ok_or_else(wrong)
        }
        Values::Codes(all) if !all.iter().any(|c| c == item) => Err(Text::of(
            format!("{item:?} 不在 [{}] 中：请写其中之一，多个用逗号分开", all.join(", ")),
            format!(
                "{item:?} is not one of [{}]: write one of them, or several with commas between",
                all.join(", ")
            ),
        )),
        Values::Place => Ok(vec![super::set::fold_place(item)]),
        _ if item.is_empty() => Err(Text::of(
            "两个逗号之间没有内容：请删除一个",
            "has nothing between two commas: remove one",
        )),
        _ => Ok(vec![item.to_owned()]),
    }
}

/// A cell in FEEL as finance writes it; what has no short form stays as it is.
pub fn from_feel(text: &str, values: &Values) -> String {
    let text = text.trim();
    let Ok(tests) = unary_tests(text, &Names::default()) else {
        return text.to_owned();
    };
    let short = match (&tests, values) {
        (Tests::Any, _) => return "-".to_owned(),
        (_, Values::Amount | Values::Number) => None,
        (_, Values::Date) => Some(text.replace("date(\"", "").replace("\")", "")),
        (Tests::One(all), Values::Truth) => match &all[..] {
            [Test::Is(Expr::Const(Value::Bool(is)))] => Some(if *is { "yes" } else { "no" }.to_owned()),
            _ => None,
        },
        (Tests::One(all), values) => named(all).and_then(|all| folded(&all, values)),
        (Tests::Not(all), values) => {
            let inside = named(all).and_then(|all| folded(&all, values));
            inside.map(|list| format!("not({list})"))
        }
    };
    let again = short.as_ref().and_then(|short| to_feel(short, values).ok());
    let same = again.and_then(|feel| unary_tests(&feel, &Names::default()).ok());
    match short {
        Some(short) if same.is_some_and(|s| alike(&s, &tests)) => short,
        _ => text.to_owned(),
    }
}

/// Whether two cells ask the same: codes in any order.
fn alike(a: &Tests, b: &Tests) -> bool {
    let sorted = |t: &Tests| {
        named(t.list()).map(|mut all| {
            all.sort();
            all
        })
    };
    match (a, b) {
        (Tests::One(_), Tests::One(_)) | (Tests::Not(_), Tests::Not(_)) => {
            a == b || sorted(a).is_some_and(|a| sorted(b) == Some(a))
        }
        (a, b) => a == b,
    }
}

/// The texts that tests name one by one; null is `None` in the list.
fn named(all: &[Test]) -> Option<Vec<Option<String>>> {
    let one = |test: &Test| match test {
        Test::Is(Expr::Const(Value::Text(text))) => Some(Some(text.to_string())),
        Test::Is(Expr::Const(Value::Null)) => Some(None),
        _ => None,
    };
    all.iter().map(one).collect()
}

/// Codes with commas between, neighbours in an order joined.
fn folded(all: &[Option<String>], values: &Values) -> Option<String> {
    let plain =
        |c: &String| !c.is_empty() && c != "null" && c != "-" && c.trim() == c && !c.contains([',', '、', '"', '(']);
    if !all.iter().flatten().all(plain) {
        return None;
    }
    let mut parts: Vec<String> = Vec::new();
    if let Values::Ranked(order) = values {
        let mut is: Vec<bool> = order.iter().map(|o| all.iter().flatten().any(|c| c == o)).collect();
        if is.iter().filter(|is| **is).count() != all.iter().flatten().count() {
            return None;
        }
        is.push(false);
        let mut from = None;
        for (at, is) in is.iter().enumerate() {
            match (from, is) {
                (None, true) => from = Some(at),
                (Some(first), false) => {
                    let (low, high) = (&order[first], &order[at - 1]);
                    parts.push(match at - first {
                        1 => low.clone(),
                        _ if at == order.len() => format!("{low}+"),
                        _ => format!("{low}..{high}"),
                    });
                    from = None;
                }
                _ => {}
            }
        }
    } else {
        parts.extend(all.iter().flatten().cloned());
    }
    if all.iter().any(Option::is_none) {
        parts.push("null".to_owned());
    }
    Some(parts.join(", "))
}

/// `a..b` without brackets holds both ends.
fn range(text: &str) -> String {
    let bare = text.contains("..") && !text.contains(['[', ']', '(', ')', ','])
        || text.starts_with("date(") && text.contains("..");
    if bare && !text.contains(',') {
        format!("[{text}]")
    } else {
        text.to_owned()
    }
}

/// `10%` becomes `0.1`.
fn percent(text: &str) -> Result<String, Text> {
    let mut out = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        match c {
            c if c.is_ascii_digit() || c == '.' => digits.push(c),
            '%' => {
                let share: Option<rust_decimal::Decimal> = digits.parse().ok();
                let share = share.ok_or_else(|| {
                    Text::of(
                        format!("{digits}% 不是比例：请写成 10% 这样"),
                        format!("{digits}% is no share: write one like 10%"),
                    )
                })?;
                out.push_str(&(share / rust_decimal::Decimal::ONE_HUNDRED).normalize().to_string());
                digits.clear();
            }
            c => {
                out.push_str(&digits);
                digits.clear();
                if c != '\0' {
                    out.push(c);
                }
            }
        }
    }
    Ok(out)
}

/// A year alone becomes its first and last day.
fn years(text: &str) -> String {
    let is_year = |t: &str| t.len() == 4 && t.bytes().all(|b| b.is_ascii_digit());
    match text.split_once("..") {
        Some((from, to)) if is_year(from) && is_year(to) => format!("{from}-01-01..{to}-12-31"),
        None if is_year(text) => format!("{text}-01-01..{text}-12-31"),
        None if text.ends_with('+') && is_year(&text[..4]) && text.len() == 5 => format!(">= {}-01-01", &text[..4]),
        _ => text.to_owned(),
    }
}

fn truth(text: &str) -> String {
    match text.to_lowercase().as_str() {
        "yes" | "是" | "true" => "true".to_owned(),
        "no" | "否" | "false" => "false".to_owned(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grades() -> Values {
        Values::Ranked(["P1", "P2", "P3", "P4"].map(str::to_owned).to_vec())
    }

    #[test]
    fn short_cells_become_feel_and_come_back() {
        let codes = Values::Codes(["t1", "t2"].map(str::to_owned).to_vec());
        for (values, short, feel) in [
            (&grades(), "P3+", "\"P3\", \"P4\""),
            (&grades(), "P1..P2", "\"P1\", \"P2\""),
            (&grades(), "P1, P3+", "\"P1\", \"P3\", \"P4\""),
            (&grades(), "not(P4)", "not(\"P4\")"),
            (&grades(), "P2, null", "\"P2\", null"),
            (&codes, "t1, t2", "\"t1\", \"t2\""),
            (&codes, "-", "-"),
            (&Values::Amount, "<= 2000", "<= 2000"),
            (
                &Values::Date,
                "[2025-01-01..2025-12-31]",
                "[date(\"2025-01-01\")..date(\"2025-12-31\")]",
            ),
            (&Values::Truth, "yes", "true"),
            (&Values::Text, "a b, c", "\"a b\", \"c\""),
        ] {
            assert_eq!(to_feel(short, values).as_deref(), Ok(feel), "{short}");
            assert_eq!(from_feel(feel, values), short, "{feel}");
        }
    }

    #[test]
    fn what_people_type_is_understood() {
        for (values, typed, feel) in [
            (&Values::Amount, "≤ 10%", "<= 0.1"),
            (&Values::Amount, "100..200", "[100..200]"),
            (&Values::Amount, "（100..200]", "(100..200]"),
            (&Values::Date, "2025", "[date(\"2025-01-01\")..date(\"2025-12-31\")]"),
            (&Values::Date, "2026+", ">= date(\"2026-01-01\")"),
            (&Values::Truth, "否", "false"),
            (&Values::Text, "北京、上海，广州", "\"北京\", \"上海\", \"广州\""),
            (&Values::Place, "北京市", "\"北京\""),
        ] {
            assert_eq!(to_feel(typed, values).as_deref(), Ok(feel), "{typed}");
        }
    }

    #[test]
    fn nonsense_is_told_with_the_mend() {
        for (typed, says) in [
            ("P9", "is not one of [P1"),
            ("P4..P2", "from low to high"),
            ("P1,", "\"\""),
        ] {
            let told = to_feel(typed, &grades()).expect_err(typed);
            assert!(told.en.contains(says) && !told.zh.is_empty(), "{told:?}");
        }
    }

    #[test]
    fn what_has_no_short_form_stays() {
        for feel in ["not(null)", "\"a, b\"", "starts with(?, \"P\")", "<= total"] {
            let back = from_feel(feel, &Values::Text);
            assert_eq!(to_feel(&back, &Values::Text).as_deref(), Ok(feel), "{back}");
        }
    }
}
