//! What makes an invoice one and the same, whatever file it comes in.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::money::Money;

/// The key under which an invoice may be claimed once. As text:
///
/// | scheme | form |
/// |---|---|
/// | `N` | `N:<20 digits>`: fully digital Chinese invoice |
/// | `C` | `C:<code, 10 or 12 digits>:<number, 8 digits>`: Chinese invoice before 2023 |
/// | `W` | `W:<number>:<date>:<amount>`: weak, where the code is unknown |
/// | `E` | `E:<folded tax id, or else name, of the seller>:<number>:<date>`: EN 16931 invoice |
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct InvoiceIdentity(String);

/// Why parts do not make an identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// A Chinese number that has neither 20 nor 8 digits.
    #[error("{0:?} is no invoice number: it has 20 digits, or 8 beside an invoice code")]
    Number(String),
    /// A Chinese invoice code that has neither 10 nor 12 digits.
    #[error("{0:?} is no invoice code: it has 10 or 12 digits")]
    Code(String),
    /// A part that is empty once folded.
    #[error("an invoice identity needs a {0}")]
    Empty(&'static str),
    /// Text that is not one of the four forms.
    #[error("{0:?} is no invoice identity")]
    Form(String),
}

impl InvoiceIdentity {
    /// `N`: the 20 digits of a fully digital invoice.
    pub fn digital(number: &str) -> Result<Self, IdentityError> {
        let number = fold_number(number);
        if !digits(&number, &[20]) {
            return Err(IdentityError::Number(clip(&number)));
        }
        Ok(InvoiceIdentity(format!("N:{number}")))
    }

    /// `C`: code and number of an invoice before 2023.
    pub fn coded(code: &str, number: &str) -> Result<Self, IdentityError> {
        let (code, number) = (fold_number(code), fold_number(number));
        if !digits(&code, &[10, 12]) {
            return Err(IdentityError::Code(clip(&code)));
        }
        if !digits(&number, &[8]) {
            return Err(IdentityError::Number(clip(&number)));
        }
        Ok(InvoiceIdentity(format!("C:{code}:{number}")))
    }

    /// `W`: what is left when the code is not known.
    pub fn weak(number: &str, date: Date, amount: Money) -> Result<Self, IdentityError> {
        let number = part(&fold_number(number), "number")?;
        Ok(InvoiceIdentity(format!("W:{number}:{date}:{}", amount.plain())))
    }

    /// `E`: numbers are unique for one seller only, who is told by the tax id, or by the name without one. Of the seller
    /// only letters and digits count, so that `NL8200.98.395.B.01` is `NL820098395B01`.
    pub fn european(seller: &str, number: &str, date: Date) -> Result<Self, IdentityError> {
        let seller: String = fold_name(seller).chars().filter(|c| c.is_alphanumeric()).collect();
        let seller = part(&seller, "seller")?;
        let number = part(&fold_number(number), "number")?;
        Ok(InvoiceIdentity(format!("E:{seller}:{number}:{date}")))
    }

    /// The strongest identity that a Chinese invoice's parts give: `N`, else `C`, else `W`; `None` where too little is known.
    pub fn chinese(number: &str, code: Option<&str>, date: Option<Date>, gross: Option<Money>) -> Option<Self> {
        Self::digital(number)
            .or_else(|_| Self::coded(code.unwrap_or_default(), number))
            .ok()
            .or_else(|| Self::weak(number, date?, gross?).ok())
    }

    /// Reads the stored form back.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        let refuse = || IdentityError::Form(clip(text));
        let parts: Vec<&str> = text.split(':').collect();
        let known = match parts.as_slice() {
            ["N", number] => Self::digital(number)?,
            ["C", code, number] => Self::coded(code, number)?,
            ["W" | "E", a, b, c] if ![a, b, c].iter().any(|p| p.is_empty()) => InvoiceIdentity(text.to_owned()),
            _ => return Err(refuse()),
        };
        if known.0 == text { Ok(known) } else { Err(refuse()) }
    }

    /// The text, as stored and compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the same invoice may also come under another identity, as only a weak one can.
    pub fn is_weak(&self) -> bool {
        self.0.starts_with("W:")
    }
}

impl fmt::Display for InvoiceIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for InvoiceIdentity {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        InvoiceIdentity::parse(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

/// Folds a name so that spellings of one firm compare equal: width, ligatures and Kangxi radicals (NFKC), CJK radicals,
/// brackets of all kinds, letter case; spaces and invisible characters vanish.
pub fn fold_name(name: &str) -> String {
    name.nfkc()
        .flat_map(char::to_lowercase)
        .filter(|c| !c.is_whitespace() && !c.is_control() && !is_invisible(*c))
        .map(|c| match c {
            '[' | '{' | '【' | '〔' | '〖' | '「' | '『' | '〈' | '《' => '(',
            ']' | '}' | '】' | '〕' | '〗' | '」' | '』' | '〉' | '》' => ')',
            c => fold_radical(c),
        })
        .collect()
}

/// Folds a number, code or tax id: width, letter case; spaces and invisible characters vanish.
pub fn fold_number(number: &str) -> String {
    number
        .nfkc()
        .flat_map(char::to_uppercase)
        .filter(|c| !c.is_whitespace() && !c.is_control() && !is_invisible(*c))
        .collect()
}

/// What the check character of a Chinese tax id says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxIdCheck {
    /// 18 characters whose check character is right, after GB 32100 (firms) or GB 11643 (people).
    Right,
    /// 18 characters whose check character is wrong: mistyped or made up.
    Wrong,
    /// Another length: the older ids of 15, 17 and 20 characters have no check character.
    Unchecked,
}

/// Checks a Chinese unified social credit code by its last character.
pub fn check_tax_id(id: &str) -> TaxIdCheck {
    let id = fold_number(id);
    if id.chars().count() != 18 {
        return TaxIdCheck::Unchecked;
    }
    if firm_id_holds(&id) || person_id_holds(&id) {
        TaxIdCheck::Right
    } else {
        TaxIdCheck::Wrong
    }
}

/// GB 32100: 31 characters (no I, O, S, V, Z), weights 3^i mod 31.
fn firm_id_holds(id: &str) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let values: Option<Vec<usize>> = id.chars().map(|c| ALPHABET.find(c)).collect();
    let Some((check, body)) = values.as_deref().and_then(<[usize]>::split_last) else {
        return false;
    };
    let mut weight = 1;
    let mut sum = 0;
    for value in body {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    (31 - sum % 31) % 31 == *check
}

/// GB 11643, weights 2^(17-i) mod 11.
fn person_id_holds(id: &str) -> bool {
    let mut sum = 0;
    for (i, c) in id.chars().enumerate() {
        let value = match c {
            'X' if i == 17 => 10,
            c => match c.to_digit(10) {
                Some(d) => d,
                None => return false,
            },
        };
        sum += value * (2_u32.pow(17 - i as u32) % 11);
    }
    sum % 11 == 1
}

fn digits(text: &str, lengths: &[usize]) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// A part of an identity, with the separator and its escape written as `%3A` and `%25`.
fn part(text: &str, what: &'static str) -> Result<String, IdentityError> {
    if text.is_empty() {
        return Err(IdentityError::Empty(what));
    }
    Ok(text.replace('%', "%25").replace(':', "%3A"))
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Radicals of U+2E80–2EFF that PDF and OFD fonts put in place of characters, and that NFKC leaves alone.
fn fold_radical(c: char) -> char {
    match c {
        '⺠' => '民',
        '⻄' => '西',
        '⻅' => '见',
        '⻆' => '角',
        '⻉' => '贝',
        '⻋' => '车',
        '⻓' => '长',
        '⻔' => '门',
        '⻘' => '青',
        '⻙' => '韦',
        '⻚' => '页',
        '⻛' => '风',
        '⻜' => '飞',
        '⻝' => '食',
        '⻢' => '马',
        '⻥' => '鱼',
        '⻦' => '鸟',
        '⻨' => '麦',
        '⻩' => '黄',
        '⻬' => '齐',
        '⻮' => '齿',
        '⻰' => '龙',
        '⻳' => '龟',
        c => c,
    }
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn the_strongest_identity_wins() {
        let day = Some(date(2026, 7, 30));
        let gross = Some(Money::new(5900, Currency::CNY));
        let id = |number, code| InvoiceIdentity::chinese(number, code, day, gross).map(|i| i.to_string());
        assert_eq!(
            id("26320000000000100007", Some("033002000211")).as_deref(),
            Some("N:26320000000000100007")
        );
        assert_eq!(
            id("８3089647", Some("033002000211")).as_deref(),
            Some("C:033002000211:83089647")
        );
        assert_eq!(id("83089647", None).as_deref(), Some("W:83089647:2026-07-30:59.00"));
        assert_eq!(InvoiceIdentity::chinese("83089647", None, None, gross), None);
    }

    #[test]
    fn european_numbers_belong_to_their_seller() {
        let day = date(2026, 1, 31);
        let a = InvoiceIdentity::european("DE 123.456.789", "re:2026/7", day).expect("an identity");
        let b = InvoiceIdentity::european("de123456789", "RE: 2026/7", day).expect("an identity");
        assert_eq!(a, b);
        assert_eq!(a.as_str(), "E:de123456789:RE%3A2026/7:2026-01-31");
        assert!(InvoiceIdentity::european(" ", "1", day).is_err());
        assert_eq!(InvoiceIdentity::parse(a.as_str()), Ok(a));
        assert!(InvoiceIdentity::parse("N:123").is_err());
        assert!(InvoiceIdentity::parse("X:1:2:3").is_err());
    }

    #[test]
    fn names_fold() {
        assert_eq!(
            fold_name("示例科技（北京） 有限公司"),
            fold_name("示例科技(北京)有限公司")
        );
        assert_eq!(fold_name("⻔⼤〔⺠〕ＡＢ"), "门大(民)ab");
    }

    #[test]
    fn check_characters() {
        assert_eq!(check_tax_id("91350100M000100Y43"), TaxIdCheck::Right);
        assert_eq!(check_tax_id("91350100M000100Y44"), TaxIdCheck::Wrong);
        assert_eq!(check_tax_id("11010519491231002X"), TaxIdCheck::Right);
        assert_eq!(check_tax_id("91350100M00010OY43"), TaxIdCheck::Wrong);
        assert_eq!(check_tax_id("350100000000000"), TaxIdCheck::Unchecked);
    }

    proptest! {
        #[test]
        fn parts_never_run_together(a in "[a-z][a-z:%]{0,5}", b in "[A-Z0-9:%]{1,6}") {
            let id = InvoiceIdentity::european(&a, &b, date(2026, 1, 1)).expect("an identity");
            prop_assert_eq!(id.as_str().split(':').count(), 4);
            prop_assert_eq!(InvoiceIdentity::parse(id.as_str()), Ok(id));
        }
    }
}
