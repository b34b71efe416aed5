//! The cells of one row by the codes of their columns, and what is wrong with them. A column that the file lacks is left
//! as it is; an empty cell empties.

use std::collections::BTreeMap;

use jiff::civil::Date;
use outlay_connect::tables::{Row, Table};
use outlay_core::claim::Problem;
use outlay_core::money::parse_decimal;
use outlay_core::{Currency, Money};
use rust_decimal::Decimal;

use super::kind::Kind;
use super::report::Rejected;
use crate::crm::amount_problem;
use crate::error::Error;

/// Longest text in a cell, in characters.
const MAX_TEXT: usize = 200;

/// Which column of a file is which, by position.
#[derive(Debug, Clone)]
pub struct Layout {
    at: BTreeMap<&'static str, usize>,
    /// Columns of the file that mean nothing.
    pub ignored: Vec<String>,
}

impl Layout {
    /// Finds the columns of `kind`; [`Error::Invalid`] names those that must be there and are not.
    pub fn of(kind: Kind, table: &Table) -> Result<Layout, Error> {
        let mut at = BTreeMap::new();
        let mut ignored = Vec::new();
        for (position, header) in table.headers.iter().enumerate() {
            match kind.columns().iter().find(|c| c.is_called(header)) {
                Some(column) if !at.contains_key(column.code) => {
                    at.insert(column.code, position);
                }
                _ => ignored.push(header.chars().take(60).collect()),
            }
        }
        let missing: Vec<Problem> = kind
            .columns()
            .iter()
            .filter(|c| c.required && !at.contains_key(c.code))
            .map(|c| {
                Problem::new("file", "column-missing")
                    .with("column", c.code)
                    .with("zh", c.zh)
                    .with("en", c.en)
            })
            .collect();
        if missing.is_empty() {
            Ok(Layout { at, ignored })
        } else {
            Err(Error::Invalid(missing))
        }
    }

    /// That of an export.
    pub fn whole(kind: Kind) -> Layout {
        Layout {
            at: (0..)
                .zip(kind.columns())
                .map(|(at, column)| (column.code, at))
                .collect(),
            ignored: Vec::new(),
        }
    }

    /// A cell of a row; empty where the file lacks the column.
    pub fn cell<'a>(&self, row: &'a Row, code: &str) -> &'a str {
        let cell = self.at.get(code).and_then(|at| row.cells.get(*at));
        cell.map_or("", |c| c.trim())
    }
}

/// A row being read.
pub struct Fields<'a> {
    kind: Kind,
    row: &'a Row,
    layout: &'a Layout,
    known: Option<&'a [String]>,
    problems: Vec<Problem>,
}

impl<'a> Fields<'a> {
    /// Begins reading a row; what must be filled and is not is a problem at once. `known` holds the cells of the same
    /// thing as it is stored, in the order of the kind's columns.
    pub fn new(kind: Kind, row: &'a Row, layout: &'a Layout, known: Option<&'a [String]>) -> Fields<'a> {
        let mut fields = Fields {
            kind,
            row,
            layout,
            known,
            problems: Vec::new(),
        };
        for column in kind.columns() {
            let text = fields.text(column.code);
            if column.required && text.is_empty() {
                fields.wrong(column.code, "missing");
            } else if text.chars().count() > MAX_TEXT {
                fields.problem(Problem::new(column.code, "too-long").with("max", MAX_TEXT));
            } else if text.chars().any(char::is_control) {
                fields.wrong(column.code, "control-characters");
            }
        }
        fields
    }

    /// A cell; where the file lacks the column, as it is stored; empty if there is none.
    pub fn text(&self, code: &'static str) -> &'a str {
        let cell = match self.layout.at.get(code) {
            Some(at) => self.row.cells.get(*at),
            None => {
                let at = self.kind.columns().iter().position(|c| c.code == code);
                at.zip(self.known).and_then(|(at, known)| known.get(at))
            }
        };
        cell.map_or("", |c| c.trim())
    }

    /// A cell, unless it is empty.
    pub fn filled(&self, code: &'static str) -> Option<&'a str> {
        Some(self.text(code)).filter(|t| !t.is_empty())
    }

    /// A cell's own text, unless it is empty.
    pub fn owned(&self, code: &'static str) -> Option<String> {
        self.filled(code).map(str::to_owned)
    }

    /// A day, as `2026-11-24`, `2026/11/24` or `2026.11.24`.
    pub fn date(&mut self, code: &'static str) -> Option<Date> {
        let text = self.filled(code)?;
        let date = read_date(text);
        if date.is_none() {
            self.wrong(code, "not-a-date");
        }
        date
    }

    /// An exact rate above 0.
    pub fn rate(&mut self, code: &'static str) -> Option<Decimal> {
        let text = self.filled(code)?;
        let rate = parse_decimal(text, 10).ok().filter(|r| !r.is_zero());
        if rate.is_none() {
            self.wrong(code, "not-a-rate");
        }
        rate
    }

    /// Yes or no.
    pub fn flag(&mut self, code: &'static str, otherwise: bool) -> bool {
        match self.text(code).to_lowercase().as_str() {
            "" => otherwise,
            "true" | "yes" | "y" | "1" | "是" | "在职" => true,
            "false" | "no" | "n" | "0" | "否" | "离职" => false,
            _ => {
                self.wrong(code, "yes-or-no");
                otherwise
            }
        }
    }

    /// A currency.
    pub fn currency(&mut self, code: &'static str) -> Option<Currency> {
        let text = self.filled(code)?;
        let currency = Currency::parse(&text.to_uppercase()).ok();
        if currency.is_none() {
            self.wrong(code, "not-a-currency");
        }
        currency
    }

    /// An amount of 0 or more in the columns `amount` and `currency`.
    pub fn amount(&mut self, otherwise: Currency) -> Option<Money> {
        let text = self.filled("amount")?;
        let currency = match self.filled("currency") {
            Some(_) => self.currency("currency")?,
            None => otherwise,
        };
        match Money::parse(text, currency) {
            Ok(money) if money.minor < 0 => {
                self.wrong("amount", "negative");
                None
            }
            Ok(money) => Some(money),
            Err(error) => {
                self.problem(amount_problem("amount", &error));
                None
            }
        }
    }

    /// Something is wrong with a cell.
    pub fn wrong(&mut self, column: &'static str, code: &str) {
        self.problem(Problem::new(column, code));
    }

    /// As [`Fields::wrong`], with values for the words.
    pub fn problem(&mut self, problem: Problem) {
        if !self.problems.iter().any(|p| p.field == problem.field) {
            self.problems.push(problem);
        }
    }

    /// Whether nothing is wrong so far; what changes data asks first.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    /// What is wrong, for the report. Account numbers are kept back.
    pub fn rejected(self) -> Vec<Rejected> {
        let kind = self.kind;
        let shown = |column: &str| {
            let known = kind.columns().iter().find(|c| c.code == column);
            let secret = kind == Kind::PayeeAccounts && column == "number";
            known
                .filter(|_| !secret)
                .map_or_else(String::new, |c| self.text(c.code).chars().take(80).collect())
        };
        self.problems
            .iter()
            .map(|p| Rejected {
                row: self.row.line_no,
                column: p.field.clone(),
                value: shown(&p.field),
                code: p.code.clone(),
                args: p.args.clone(),
                message: String::new(),
            })
            .collect()
    }
}

/// A day, as `2026-11-24`, `2026/11/24` or `2026.11.24`.
pub fn read_date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let [year, month, day] = parts.as_slice() else {
        return None;
    };
    if year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_days_that_exist() {
        for good in ["2026-11-24", "2026/11/24", "2026.11.4", "2026/1/4"] {
            assert!(read_date(good).is_some(), "{good}");
        }
        for bad in [
            "2026-13-01",
            "2026-02-30",
            "24-11-2026",
            "11/24/2026",
            "2026-11",
            "x",
            "2026-11-24T00:00:00",
        ] {
            assert_eq!(read_date(bad), None, "{bad}");
        }
    }
}
