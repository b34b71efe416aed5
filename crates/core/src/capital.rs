//! Amounts in the capital numerals of Chinese bills (大写).

use crate::money::Money;

const DIGITS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];
const PLACES: [&str; 4] = ["", "拾", "佰", "仟"];
const GROUPS: [&str; 5] = ["", "万", "亿", "万亿", "亿亿"];

/// Writes an amount in capital numerals without the leading `人民币`: ¥1,409.50 is `壹仟肆佰零玖元伍角`.
///
/// The whole part ends in 元; an amount without 角 and 分 ends in 整; zeros between digits fold into one 零. An amount
/// below zero starts with 负. Three or more decimals of a currency beyond 分 are not written, so use it for yuan.
pub fn chinese_capital(amount: Money) -> String {
    let decimals = amount.currency.decimals();
    let unit = 10_u64.pow(decimals);
    let minor = amount.minor.unsigned_abs();
    let (whole, part) = (minor / unit, minor % unit);
    let hundredths = match decimals {
        0 => 0,
        1 => part * 10,
        n => part / 10_u64.pow(n - 2),
    };
    let (jiao, fen) = (hundredths / 10, hundredths % 10);
    let mut out = String::new();
    if amount.minor < 0 {
        out.push('负');
    }
    if whole > 0 {
        out.push_str(&whole_part(whole));
        out.push('元');
    }
    match (jiao, fen) {
        (0, 0) if whole == 0 => out.push_str("零元整"),
        (0, 0) => out.push('整'),
        (0, fen) => {
            if whole > 0 {
                out.push('零');
            }
            push_digit(&mut out, fen, "分");
        }
        (jiao, fen) => {
            push_digit(&mut out, jiao, "角");
            if fen > 0 {
                push_digit(&mut out, fen, "分");
            }
        }
    }
    out
}

/// Whether `written` states `amount` in capital numerals. Both 元 and 圆, a leading 人民币 or ⊗, 整 or 正, left-out or
/// doubled 零, and `（负数）` for 负 are accepted, since issuers differ in them.
pub fn is_capital_of(written: &str, amount: Money) -> bool {
    bare(written) == bare(&chinese_capital(amount))
}

/// What remains when everything is removed that carries no value: units make 零 redundant.
fn bare(text: &str) -> String {
    text.replace("人民币", "")
        .replace("负数", "负")
        .chars()
        .filter_map(|c| match c {
            '零' | '〇' | '整' | '正' | '⊗' | 'ⓧ' | '¥' | '￥' => None,
            '(' | ')' | '（' | '）' | ':' | '：' => None,
            '圆' | '圓' => Some('元'),
            '两' | '貳' => Some('贰'),
            '万' | '萬' => Some('万'),
            '亿' | '億' => Some('亿'),
            c if c.is_whitespace() => None,
            c => Some(c),
        })
        .collect()
}

fn whole_part(whole: u64) -> String {
    let mut groups = Vec::new();
    let mut rest = whole;
    while rest > 0 {
        groups.push(rest % 10_000);
        rest /= 10_000;
    }
    let mut out = String::new();
    let mut gap = false;
    for (i, group) in groups.iter().enumerate().rev() {
        if *group == 0 {
            gap = !out.is_empty();
            continue;
        }
        if !out.is_empty() && (gap || *group < 1_000) {
            out.push('零');
        }
        out.push_str(&four_digits(*group));
        out.push_str(GROUPS[i]);
        gap = false;
    }
    out
}

fn four_digits(group: u64) -> String {
    let mut out = String::new();
    let mut gap = false;
    for place in (0..4_u32).rev() {
        let digit = group / 10_u64.pow(place) % 10;
        if digit == 0 {
            gap = !out.is_empty();
            continue;
        }
        if gap {
            out.push('零');
            gap = false;
        }
        push_digit(&mut out, digit, PLACES[place as usize]);
    }
    out
}

fn push_digit(out: &mut String, digit: u64, unit: &str) {
    out.push(DIGITS[(digit % 10) as usize]);
    out.push_str(unit);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn yuan(fen: i64) -> Money {
        Money::new(fen, Currency::CNY)
    }

    #[test]
    fn writes_as_bills_do() {
        for (fen, words) in [
            (140950, "壹仟肆佰零玖元伍角"),
            (600714, "陆仟零柒元壹角肆分"),
            (32504, "叁佰贰拾伍元零肆分"),
            (0, "零元整"),
            (5, "伍分"),
            (50, "伍角"),
            (100, "壹元整"),
            (1000, "壹拾元整"),
            (10500, "壹佰零伍元整"),
            (100000, "壹仟元整"),
            (101000, "壹仟零壹拾元整"),
            (10000000, "壹拾万元整"),
            (10050000, "壹拾万零伍佰元整"),
            (10700053, "壹拾万柒仟元伍角叁分"),
            (100001000, "壹佰万零壹拾元整"),
            (10001000000, "壹亿零壹万元整"),
            (10000000100, "壹亿零壹元整"),
            (-50000, "负伍佰元整"),
        ] {
            assert_eq!(chinese_capital(yuan(fen)), words, "{fen}");
        }
        assert_eq!(chinese_capital(Money::new(12, Currency::JPY)), "壹拾贰元整");
    }

    #[test]
    fn issuers_differ_in_small_words() {
        assert!(is_capital_of("壹仟贰佰柒拾贰圆整", yuan(127200)));
        assert!(is_capital_of("人民币壹仟肆佰零玖元伍角整", yuan(140950)));
        assert!(is_capital_of("（负数）伍佰圆整", yuan(-50000)));
        assert!(is_capital_of("陆仟零柒元零壹角肆分", yuan(600714)));
        assert!(!is_capital_of("伍佰圆整", yuan(-50000)));
        assert!(!is_capital_of("壹佰伍拾元整", yuan(10500)));
        assert!(!is_capital_of("", yuan(100)));
    }
}
