//! Conditions of steps and branches.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Ask;
use crate::Money;
use crate::claim::Grade;
use crate::feel::{self, Names, NoFunctions, Number, Scope, Value};
use crate::policy::{Finding, LinkKind, Severity};

/// Conditions of a step; those given must all hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// The claim's total is at least this; only compared within one currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_from: Option<Money>,
    /// The claim's total is below this; only compared within one currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_below: Option<Money>,
    /// Some line has one of these categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    /// Some finding weighs at least this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding_from: Option<Severity>,
    /// The weakest proof is this or weaker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade_from: Option<Grade>,
    /// Some limit is exceeded by at least this share: 0.2 for 1,200 where 1,000 are allowed.
    #[serde(with = "rust_decimal::serde::str_option", skip_serializing_if = "Option::is_none")]
    pub over_share_from: Option<Decimal>,
    /// The claimant has one of these grades.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimant_grades: Option<Vec<String>>,
    /// The claimant has one of these titles of a post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimant_positions: Option<Vec<String>>,
    /// The claim is booked to one of these departments or below, by their codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub departments: Option<Vec<String>>,
    /// The claim is for a record of one of these kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linked_to: Option<Vec<LinkKind>>,
    /// Whether the claim is for a deal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deal_linked: Option<bool>,
    /// The claim's deal is at one of these stages, as the CRM calls them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deal_stages: Option<Vec<String>>,
    /// A FEEL expression is true. It may use `amount`, `currency`, `categories`, `evidence` (A to D), `findings` (how
    /// many), `over share`, `claimant` and `department` (personnel number and code), `grade`, `position`, `deal stage`,
    /// `deal linked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

/// The names that expressions may use.
const NAMES: [&str; 12] = [
    "amount",
    "currency",
    "categories",
    "evidence",
    "findings",
    "over share",
    "claimant",
    "department",
    "grade",
    "position",
    "deal stage",
    "deal linked",
];

impl When {
    /// Whether all conditions given hold.
    pub fn holds(&self, ask: &Ask, findings: &[Finding]) -> bool {
        let content = ask.content;
        let total = content.claimed();
        let place = ask.org.place(content.claimant, content.entity, ask.day);
        let among = |all: &Option<Vec<String>>, value: Option<&str>| {
            all.as_ref()
                .is_none_or(|all| value.is_some_and(|value| all.iter().any(|one| one == value)))
        };
        self.amount_from
            .is_none_or(|min| min.currency == total.currency && total.minor >= min.minor)
            && self
                .amount_below
                .is_none_or(|max| max.currency == total.currency && total.minor < max.minor)
            && self
                .categories
                .as_ref()
                .is_none_or(|all| content.lines.iter().any(|l| all.contains(&l.category)))
            && self
                .finding_from
                .is_none_or(|min| findings.iter().any(|f| f.severity >= min))
            && self.grade_from.is_none_or(|min| content.grade() >= min)
            && self
                .over_share_from
                .is_none_or(|min| over_share(findings).is_some_and(|share| share >= min))
            && among(&self.claimant_grades, place.map(|p| p.grade.as_str()))
            && among(&self.claimant_positions, place.map(|p| p.position.as_str()))
            && self.departments.as_ref().is_none_or(|codes| {
                let chain = ask.org.chain(content.department);
                chain.iter().any(|d| codes.contains(&d.code))
            })
            && self
                .linked_to
                .as_ref()
                .is_none_or(|kinds| kinds.iter().any(|kind| content.is_for(*kind)))
            && self
                .deal_linked
                .is_none_or(|linked| content.is_for(LinkKind::Deal) == linked)
            && among(&self.deal_stages, ask.deal_stage)
            && self
                .expression
                .as_ref()
                .is_none_or(|text| value(text, ask, findings).as_truth() == Some(true))
    }
}

impl When {
    /// Whether these conditions hold for every claim for which `other` hold, as far as that is plain: each condition
    /// given here is given there as strictly.
    pub fn covers(&self, other: &When) -> bool {
        let amount = |a: Option<Money>, b: Option<Money>, fits: fn(i64, i64) -> bool| {
            a.is_none_or(|a| b.is_some_and(|b| a.currency == b.currency && fits(a.minor, b.minor)))
        };
        amount(self.amount_from, other.amount_from, |a, b| b >= a)
            && amount(self.amount_below, other.amount_below, |a, b| b <= a)
            && within(self.categories.as_ref(), other.categories.as_ref())
            && within(self.claimant_grades.as_ref(), other.claimant_grades.as_ref())
            && within(self.claimant_positions.as_ref(), other.claimant_positions.as_ref())
            && within(self.departments.as_ref(), other.departments.as_ref())
            && within(self.deal_stages.as_ref(), other.deal_stages.as_ref())
            && within(self.linked_to.as_ref(), other.linked_to.as_ref())
            && reaches(self.finding_from, other.finding_from)
            && reaches(self.grade_from, other.grade_from)
            && reaches(self.over_share_from, other.over_share_from)
            && (self.deal_linked.is_none() || self.deal_linked == other.deal_linked)
            && (self.expression.is_none() || self.expression == other.expression)
    }
}

/// Whether `more` is asked of nothing that `all` leaves out.
fn within<T: PartialEq>(all: Option<&Vec<T>>, more: Option<&Vec<T>>) -> bool {
    all.is_none_or(|all| more.is_some_and(|more| more.iter().all(|one| all.contains(one))))
}

fn reaches<T: PartialOrd>(least: Option<T>, more: Option<T>) -> bool {
    least.is_none_or(|least| more.is_some_and(|more| more >= least))
}

/// The largest share by which a limit is exceeded.
fn over_share(findings: &[Finding]) -> Option<Decimal> {
    findings.iter().filter_map(Finding::over_share).max()
}

/// The names that an expression of a flow may use.
pub(super) fn names() -> Names {
    let mut names = Names::default();
    for name in NAMES {
        names.value(name);
    }
    names
}

/// What an expression gives for a claim; null if it cannot be read.
pub(super) fn value(text: &str, ask: &Ask, findings: &[Finding]) -> Value {
    let Ok(expression) = feel::expression(text, &names()) else {
        return Value::Null;
    };
    let content = ask.content;
    let place = ask.org.place(content.claimant, content.entity, ask.day);
    let maybe = |text: Option<&str>| text.map_or(Value::Null, Value::text);
    let claimant = ask.org.employee(content.claimant);
    let department = ask.org.department(content.department);
    let mut categories: Vec<&str> = content.lines.iter().map(|l| l.category.as_str()).collect();
    categories.sort_unstable();
    categories.dedup();
    let values = [
        Value::Number(Number::from(content.claimed().decimal())),
        Value::text(content.currency.code()),
        Value::List(categories.into_iter().map(Value::text).collect()),
        Value::text(content.grade().code()),
        Value::Number(Number::from(i64::try_from(findings.len()).unwrap_or(i64::MAX))),
        Value::Number(Number::from(over_share(findings).unwrap_or_default())),
        maybe(claimant.map(|e| e.number.as_str())),
        maybe(department.map(|d| d.code.as_str())),
        maybe(place.map(|p| p.grade.as_str())),
        maybe(place.map(|p| p.position.as_str())),
        maybe(ask.deal_stage),
        Value::Bool(content.is_for(LinkKind::Deal)),
    ];
    let names: Vec<(Arc<str>, Value)> = NAMES.into_iter().map(Arc::from).zip(values).collect();
    let scope = Scope {
        names: &names,
        input: None,
        functions: &NoFunctions,
    };
    feel::eval(&expression, &scope, &mut Vec::new())
}
