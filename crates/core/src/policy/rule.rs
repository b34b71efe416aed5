//! The rules of a policy as finance writes them: when each applies, and the one thing it checks.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Severity;
use super::number::{Amount, Share};
use super::rule_table::{Gives, RuleTable};
use crate::claim::Grade;

/// One rule: if `when` holds and the check fails, there is a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Unique within the policy, kept over versions.
    pub id: String,
    /// How much a finding weighs.
    pub severity: Severity,
    /// Where the rule comes from: a law, a decision of the board.
    #[serde(default)]
    pub source: Option<String>,
    /// The first day of expenses that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Which lines it looks at; all if absent.
    #[serde(default)]
    pub when: When,
    /// What it checks.
    #[serde(with = "serde_norway::with::singleton_map")]
    pub check: Check,
    /// What people read.
    pub text: RuleText,
}

/// The words of a rule, with placeholders such as `{limit}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// In Chinese.
    pub zh: Template,
    /// In English.
    pub en: Template,
}

/// The words of a rule in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The rule's name, without placeholders: what a link to it says.
    pub name: String,
    /// A few words with the amount.
    pub title: String,
    /// One sentence: the rule, and what it was applied to.
    pub text: String,
    /// What to do about it.
    pub fix: String,
}

/// Conditions; those given must all hold. The first four look at a line, the others at the claim.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// The line has one of these categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    /// The claimant has one of these grades: `P6`, `P6+` (and higher), `P4..P6`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grades: Option<Vec<String>>,
    /// The line's place lies in one of these tiers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiers: Option<Vec<String>>,
    /// The line's day and place lie in one of these seasons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seasons: Option<Vec<String>>,
    /// The claim asks for more than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_over: Option<Amount>,
    /// The claim has a CRM record at its head, or has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_linked: Option<bool>,
}

impl When {
    /// Whether it chooses among lines.
    pub fn picks_lines(&self) -> bool {
        self.categories.is_some() || self.tiers.is_some() || self.seasons.is_some()
    }
}

/// What a rule checks: a closed set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Check {
    /// Claimed at most so much.
    Limit(Limit),
    /// There is a document, for lines that claim more than an amount.
    Receipt {
        /// No document is needed up to here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        over: Option<Amount>,
        /// Or up to what a table says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        table: Option<RuleTable>,
    },
    /// Claimed in time.
    Deadline {
        /// Last day, counted from the day of the expense.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        days: Option<u32>,
        /// Or as a table says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        table: Option<RuleTable>,
    },
    /// No higher class of seat or cabin than a table allows.
    Class {
        /// Who may travel how.
        table: RuleTable,
    },
    /// The description has none of these words: classes of seats, alcohol.
    Words {
        /// Width and case do not count.
        none_of: Vec<String>,
    },
    /// Not spent on a day off.
    Weekend(DaysOff),
    /// The line tells what an auditor asks.
    Details(Details),
    /// Some CRM record is named. A rule that picks lines looks at each; else there is one finding for the claim.
    Link {
        /// Any of these is enough.
        to: Vec<LinkKind>,
    },
    /// Not claimed already: no other line of one day, category and paid amount, here or elsewhere.
    Duplicate,
    /// The proof is good enough.
    Evidence {
        /// The weakest that is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<Grade>,
        /// Or as a table says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        table: Option<RuleTable>,
    },
    /// The invoice belongs to no other claim.
    EvidenceUsed,
    /// The invoice's own checks passed.
    EvidenceChecks,
    /// The invoice is made out to our entity.
    Buyer,
    /// The input tax is no more than the highest rate gives.
    TaxRate {
        /// Such as `"0.13"`, of the net amount.
        highest: Share,
    },
    /// Input tax is asked back only where it may be.
    TaxNotCreditable,
    /// The entity's spend of a year stays within what counts against tax: the lesser of a share of it and a share of revenue.
    Meter {
        /// Of the spend, such as `"0.60"`.
        share: Share,
        /// Of the year's revenue, such as `"0.005"`.
        of_revenue: Share,
    },
    /// The exchange rate is of a day near the expense.
    RateAge {
        /// At most so many days before or after it.
        days: u32,
    },
}

/// A table of limits (标准).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// What the amounts are for.
    pub per: Per,
    /// The most that is allowed, or `none`.
    pub table: RuleTable,
}

impl Check {
    /// Its table, and what that answers.
    pub fn table(&self) -> Option<(&RuleTable, Gives)> {
        match self {
            Check::Limit(limit) if limit.per == Per::Unit => Some((&limit.table, Gives::Rate)),
            Check::Limit(limit) => Some((&limit.table, Gives::Amount)),
            Check::Receipt { table, .. } => Some((table.as_ref()?, Gives::Amount)),
            Check::Deadline { table, .. } => Some((table.as_ref()?, Gives::Days)),
            Check::Evidence { table, .. } => Some((table.as_ref()?, Gives::Grade)),
            Check::Class { table } => Some((table, Gives::Class)),
            _ => None,
        }
    }

    /// Its table, to change it.
    pub fn table_mut(&mut self) -> Option<&mut RuleTable> {
        match self {
            Check::Limit(limit) => Some(&mut limit.table),
            Check::Receipt { table, .. } | Check::Deadline { table, .. } | Check::Evidence { table, .. } => {
                table.as_mut()
            }
            Check::Class { table } => Some(table),
            _ => None,
        }
    }

    /// Its name in a policy's text.
    pub fn code(&self) -> &'static str {
        match self {
            Check::Limit(_) => "limit",
            Check::Receipt { .. } => "receipt",
            Check::Deadline { .. } => "deadline",
            Check::Class { .. } => "class",
            Check::Words { .. } => "words",
            Check::Weekend(_) => "weekend",
            Check::Details(_) => "details",
            Check::Link { .. } => "link",
            Check::Duplicate => "duplicate",
            Check::Evidence { .. } => "evidence",
            Check::EvidenceUsed => "evidence_used",
            Check::EvidenceChecks => "evidence_checks",
            Check::Buyer => "buyer",
            Check::TaxRate { .. } => "tax_rate",
            Check::TaxNotCreditable => "tax_not_creditable",
            Check::Meter { .. } => "meter",
            Check::RateAge { .. } => "rate_age",
        }
    }
}

/// What a limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// One unit of the category: a night, a person, a kilometre.
    Unit,
    /// One line.
    Line,
    /// All lines of one day that meet the same row.
    Day,
    /// All lines of the claim that meet the same row.
    Claim,
}

/// Days off beyond Saturday and Sunday, and working days among these (调休).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DaysOff {
    /// Public holidays.
    pub holidays: BTreeSet<Date>,
    /// Saturdays and Sundays on which people work.
    pub workdays: BTreeSet<Date>,
}

impl Rule {
    /// Whether it is for expenses of a day.
    pub fn holds_on(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

impl DaysOff {
    /// Whether nobody works on `day`, by these and by `more`.
    pub(super) fn and(&self, more: &DaysOff, day: Date) -> bool {
        let works = self.workdays.contains(&day) || more.workdays.contains(&day);
        let free = self.holidays.contains(&day) || more.holidays.contains(&day);
        let weekend = day.weekday().to_monday_zero_offset() >= 5;
        free || weekend && !works
    }

    /// Whether nobody works on `day`.
    pub fn contains(&self, day: Date) -> bool {
        let weekend = day.weekday().to_monday_zero_offset() >= 5;
        self.holidays.contains(&day) || weekend && !self.workdays.contains(&day)
    }
}

/// What a line must tell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Details {
    /// At least so many characters of description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<u32>,
    /// At least so many nights, persons, kilometres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u32>,
    /// The claim says what it was for.
    pub purpose: bool,
    /// The city.
    pub place: bool,
    /// The claim says whom it was spent with: a contact or a visit.
    pub contact: bool,
}

/// One of those details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// A description that is long enough.
    Description,
    /// How many there were.
    Quantity,
    /// What it was for.
    Purpose,
    /// The city.
    Place,
    /// Whom it was spent with.
    Contact,
}

/// A kind of CRM record that a claim or a line can be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// A customer.
    Account,
    /// A deal.
    Deal,
    /// A project.
    Project,
    /// A sales order.
    Order,
    /// A visit.
    Activity,
}

/// What may pass without a person: each line is asked about, and each must pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoApproval {
    /// `pass` or `person`. A finding that warns or blocks always needs a person; only what exceeds a standard is left to a table
    /// that asks for `over`.
    pub table: RuleTable,
}

impl LinkKind {
    /// Its name in a policy's text.
    pub fn code(self) -> &'static str {
        match self {
            LinkKind::Account => "account",
            LinkKind::Deal => "deal",
            LinkKind::Project => "project",
            LinkKind::Order => "order",
            LinkKind::Activity => "activity",
        }
    }
}

impl Share {
    /// The most tax in a gross amount at this rate of the net: `gross × r ÷ (1 + r)`.
    pub fn within(&self, gross: Decimal) -> Option<Decimal> {
        let rate = self.value();
        gross.checked_mul(rate)?.checked_div(Decimal::ONE.checked_add(rate)?)
    }
}
