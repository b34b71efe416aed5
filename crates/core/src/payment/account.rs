//! Bank accounts: what makes one payable.

use std::fmt;

use iban::{Iban, IbanLike, ParseBaseIbanError, ParseIbanError};
use serde::{Deserialize, Serialize};

use super::text;
use crate::claim::Problem;

/// An account money goes to or comes from. Its debug form hides the number, so that logs never hold one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankAccount {
    /// Whose it is, as the bank knows them (户名).
    pub holder: String,
    /// What kind of number it has.
    pub scheme: Scheme,
    /// The number (账号), without spaces: see [`BankAccount::tidy`].
    pub number: String,
    /// The bank's name with its branch (开户行).
    #[serde(default)]
    pub bank: Option<String>,
    /// The bank's BIC, 8 or 11 characters.
    #[serde(default)]
    pub bic: Option<String>,
    /// The branch's number in China's clearing system (联行号), 12 digits.
    #[serde(default)]
    pub branch: Option<String>,
}

/// Kinds of account numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// ISO 13616, as in Europe.
    Iban,
    /// A Chinese card or account: 8 to 32 digits, cards 12 to 19.
    Cn,
}

impl fmt::Debug for BankAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BankAccount")
            .field("scheme", &self.scheme)
            .field("number", &self.masked())
            .finish_non_exhaustive()
    }
}

impl BankAccount {
    /// As it is stored and compared: no spaces in numbers, capital letters, no empty texts.
    pub fn tidy(mut self) -> Self {
        let squeeze = |s: &str| -> String {
            let kept = s.chars().filter(|c| !c.is_whitespace() && *c != '-');
            kept.flat_map(char::to_uppercase).collect()
        };
        let some = |s: String| (!s.is_empty()).then_some(s);
        self.holder = self.holder.split_whitespace().collect::<Vec<_>>().join(" ");
        self.number = squeeze(&self.number);
        self.bank = self.bank.and_then(|b| some(b.trim().to_owned()));
        self.bic = self.bic.and_then(|b| some(squeeze(&b)));
        self.branch = self.branch.and_then(|b| some(squeeze(&b)));
        self
    }

    /// Why it cannot be paid to; fields are `holder`, `number`, `bank`, `bic`, `branch`.
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        text::name(&mut found, "holder", &self.holder);
        match self.scheme {
            Scheme::Iban => found.extend(iban_problem(&self.number)),
            Scheme::Cn => {
                if !digits(&self.number) {
                    found.push(Problem::new("number", "digits-only"));
                } else if !(8..=32).contains(&self.number.len()) {
                    found.push(
                        Problem::new("number", "length")
                            .with("min", 8)
                            .with("max", 32)
                            .with("found", self.number.len()),
                    );
                }
                if self.bank.is_none() && self.branch.is_none() && self.bic.is_none() {
                    found.push(Problem::new("bank", "missing"));
                }
            }
        }
        if let Some(bank) = &self.bank {
            text::free(&mut found, "bank", bank, 140);
        }
        if self.bic.as_deref().is_some_and(|bic| !is_bic(bic)) {
            found.push(Problem::new("bic", "bic-form"));
        }
        if self.branch.as_deref().is_some_and(|b| !digits(b) || b.len() != 12) {
            found.push(Problem::new("branch", "branch-form"));
        }
        found
    }

    /// What may be wrong, though it can be paid to: a Chinese card whose length or check digit is unusual.
    pub fn doubts(&self) -> Vec<Problem> {
        let number = self.number.as_str();
        let card = self.scheme == Scheme::Cn && digits(number) && number.starts_with("62");
        let mut found = Vec::new();
        if card && !(12..=19).contains(&number.len()) {
            found.push(
                Problem::new("number", "card-length")
                    .with("min", 12)
                    .with("max", 19)
                    .with("found", number.len()),
            );
        } else if card && !luhn(number) {
            found.push(Problem::new("number", "card-checksum"));
        }
        found
    }

    /// The last four characters, by which its owner knows it: “尾号 6207”. Fewer of a number too short to hide any.
    pub fn last4(&self) -> String {
        let all: Vec<char> = self.number.chars().collect();
        let shown = if all.len() >= 8 { 4 } else { 0 };
        all[all.len() - shown..].iter().collect()
    }

    /// As it may be shown to those who need not know it: `•••• 6207`.
    pub fn masked(&self) -> String {
        format!("•••• {}", self.last4())
    }

    /// The two letters of an IBAN's country.
    pub fn country(&self) -> Option<&str> {
        match self.scheme {
            Scheme::Iban => self.number.get(..2),
            Scheme::Cn => Some("CN"),
        }
    }
}

fn iban_problem(number: &str) -> Option<Problem> {
    let code = match number.parse::<Iban>() {
        Ok(iban) if iban.electronic_str() == number => return None,
        Ok(_) => "iban-spaces",
        Err(ParseIbanError::UnknownCountry(_)) => "iban-country",
        Err(ParseIbanError::InvalidBban(_)) => "iban-form",
        Err(ParseIbanError::InvalidBaseIban { source }) => match source {
            ParseBaseIbanError::InvalidChecksum => "iban-checksum",
            ParseBaseIbanError::InvalidFormat => "iban-form",
        },
    };
    Some(Problem::new("number", code))
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_bic(bic: &str) -> bool {
    let bytes = bic.as_bytes();
    matches!(bytes.len(), 8 | 11)
        && bytes.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && bytes[4..6].iter().all(u8::is_ascii_uppercase)
}

/// ISO/IEC 7812: doubled from the right, the digits add up to a multiple of 10.
fn luhn(number: &str) -> bool {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| {
            let digit = u32::from(b - b'0') * if i % 2 == 1 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(scheme: Scheme, number: &str) -> BankAccount {
        BankAccount {
            holder: "王敏".to_owned(),
            scheme,
            number: number.to_owned(),
            bank: Some("招商银行北京分行".to_owned()),
            bic: None,
            branch: None,
        }
    }

    fn codes(problems: Vec<Problem>) -> Vec<String> {
        problems
            .into_iter()
            .map(|p| format!("{} {}", p.field, p.code))
            .collect()
    }

    #[test]
    fn ibans_are_checked_by_country_and_sum() {
        for (number, expected) in [
            ("DE89370400440532013000", ""),
            ("GB29NWBK60161331926819", ""),
            ("NO9386011117947", ""),
            ("MT84MALT011000012345MTLCAST001S", ""),
            ("DE88370400440532013000", "number iban-checksum"),
            ("DE8937040044053201300", "number iban-checksum"),
            ("XX56370400440532013000", "number iban-checksum"),
            ("DE89 3704 0044 0532 0130 00", "number iban-spaces"),
            ("DE", "number iban-form"),
            ("", "number iban-form"),
            ("６２", "number iban-form"),
        ] {
            assert_eq!(
                codes(account(Scheme::Iban, number).problems()).join(", "),
                expected,
                "{number}"
            );
        }
        let tidy = account(Scheme::Iban, "de89 3704 0044 0532 0130 00").tidy();
        assert_eq!(tidy.problems(), []);
        assert_eq!(tidy.masked(), "•••• 3000");
    }

    #[test]
    fn check_digits_are_those_of_the_standard() {
        assert!(luhn("79927398713") && luhn("4111111111111111"));
        assert!(!luhn("79927398710") && !luhn("4111111111111112"));
    }

    #[test]
    fn chinese_cards_are_doubted_not_refused() {
        let fine = account(Scheme::Cn, "6225880100006208");
        assert_eq!(
            (fine.problems(), codes(fine.doubts())),
            (vec![], vec!["number card-checksum".to_owned()])
        );
        assert_eq!(account(Scheme::Cn, "6225880100006205").doubts(), []);
        assert_eq!(account(Scheme::Cn, "0200001909234567890").doubts(), []);
        assert_eq!(codes(account(Scheme::Cn, "62258801").doubts()), ["number card-length"]);
        assert_eq!(codes(account(Scheme::Cn, "1234567").problems()), ["number length"]);
        assert_eq!(
            codes(account(Scheme::Cn, "6225 8801").problems()),
            ["number digits-only"]
        );
        assert_eq!(
            codes(account(Scheme::Cn, "٦٢٢٥٨٨٠١٠").problems()),
            ["number digits-only"]
        );
    }

    #[test]
    fn banks_are_told_by_name_or_code() {
        let mut a = account(Scheme::Cn, "6225880100006205");
        a.bank = None;
        assert_eq!(codes(a.problems()), ["bank missing"]);
        a.branch = Some("308100005019".to_owned());
        assert_eq!(a.problems(), []);
        a.branch = Some("3081000050".to_owned());
        a.bic = Some("CMBCCNBS1".to_owned());
        assert_eq!(codes(a.problems()), ["bic bic-form", "branch branch-form"]);
        a.holder = "=HYPERLINK(1)".to_owned();
        assert!(codes(a.problems()).contains(&"holder first-character".to_owned()));
        a.holder = " ".to_owned();
        assert!(codes(a.problems()).contains(&"holder missing".to_owned()));
    }

    #[test]
    fn the_number_stays_out_of_logs() {
        let a = account(Scheme::Cn, "6225880100006207");
        let debug = format!("{a:?}");
        assert!(
            debug.contains("6207") && !debug.contains("62258801") && !debug.contains("王敏"),
            "{debug}"
        );
        assert_eq!(account(Scheme::Cn, "1234567").masked(), "•••• ");
    }
}
