//! The conditions of a step or branch as a form: those that are in use have their fields, others are added one by one.

use outlay_core::claim::Problem;
use outlay_core::flow::When;
use outlay_core::policy::{LinkKind, Severity};
use rust_decimal::Decimal;

use super::form::{Sent, grade, money, percent};
use crate::shell::listed;

/// The conditions there are, in the order of the form.
pub const ALL: [&str; 12] = [
    "amount",
    "categories",
    "finding",
    "grade",
    "over",
    "departments",
    "grades",
    "positions",
    "linked",
    "deal",
    "stages",
    "formula",
];

/// What a finding may weigh.
pub const FINDINGS: [(&str, Severity); 3] = [
    ("info", Severity::Info),
    ("warn", Severity::Warn),
    ("block", Severity::Block),
];

/// What a claim may be for.
pub const LINKS: [(&str, LinkKind); 5] = [
    ("account", LinkKind::Account),
    ("deal", LinkKind::Deal),
    ("project", LinkKind::Project),
    ("order", LinkKind::Order),
    ("activity", LinkKind::Activity),
];

/// Conditions as they were typed. One whose fields are all empty counts for nothing.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    /// Those whose fields are shown, of [`ALL`].
    pub shown: Vec<String>,
    /// At least so much.
    pub from: String,
    /// Less than so much.
    pub below: String,
    /// The currency of both.
    pub currency: String,
    /// Codes of categories.
    pub categories: Vec<String>,
    /// Of [`FINDINGS`].
    pub finding: String,
    /// The letter.
    pub grade: String,
    /// In per cent.
    pub over: String,
    /// Codes of departments.
    pub departments: Vec<String>,
    /// Grades of claimants.
    pub grades: Vec<String>,
    /// Titles of claimants' posts.
    pub positions: Vec<String>,
    /// Of [`LINKS`].
    pub linked: Vec<String>,
    /// `yes` or `no`.
    pub deal: String,
    /// Stages of deals, with commas.
    pub stages: String,
    /// FEEL.
    pub formula: String,
}

impl Conditions {
    /// What was sent.
    pub fn read(sent: &Sent) -> Conditions {
        let of = |name: &str| sent.get(name).to_owned();
        let mut shown = sent.chosen("shown");
        shown.extend(sent.chosen("more"));
        shown.retain(|name| ALL.contains(&name.as_str()));
        Conditions {
            shown,
            from: of("when_from"),
            below: of("when_below"),
            currency: of("when_currency"),
            categories: sent.chosen("when_categories"),
            finding: of("when_finding"),
            grade: of("when_grade"),
            over: of("when_over"),
            departments: sent.chosen("when_departments"),
            grades: sent.chosen("when_grades"),
            positions: sent.chosen("when_positions"),
            linked: sent.chosen("when_linked"),
            deal: of("when_deal"),
            stages: of("when_stages"),
            formula: of("when_formula"),
        }
    }

    /// What a flow says.
    pub fn of(when: &When) -> Conditions {
        let list = |all: &Option<Vec<String>>| all.clone().unwrap_or_default();
        let money = |m: Option<outlay_core::Money>| m.map(|m| m.decimal().to_string()).unwrap_or_default();
        let mut typed = Conditions {
            shown: Vec::new(),
            from: money(when.amount_from),
            below: money(when.amount_below),
            currency: when
                .amount_from
                .or(when.amount_below)
                .map(|m| m.currency.code().to_owned())
                .unwrap_or_default(),
            categories: list(&when.categories),
            finding: code(&FINDINGS, when.finding_from),
            grade: when.grade_from.map(|g| g.code().to_owned()).unwrap_or_default(),
            over: when
                .over_share_from
                .map(|s| (s * Decimal::ONE_HUNDRED).normalize().to_string())
                .unwrap_or_default(),
            departments: list(&when.departments),
            grades: list(&when.claimant_grades),
            positions: list(&when.claimant_positions),
            linked: LINKS
                .iter()
                .filter(|(_, kind)| when.linked_to.as_ref().is_some_and(|all| all.contains(kind)))
                .map(|(code, _)| (*code).to_owned())
                .collect(),
            deal: match when.deal_linked {
                Some(true) => "yes",
                Some(false) => "no",
                None => "",
            }
            .to_owned(),
            stages: list(&when.deal_stages).join(", "),
            formula: when.expression.clone().unwrap_or_default(),
        };
        let said = [
            !(typed.from.is_empty() && typed.below.is_empty()),
            when.categories.is_some(),
            !typed.finding.is_empty(),
            !typed.grade.is_empty(),
            !typed.over.is_empty(),
            when.departments.is_some(),
            when.claimant_grades.is_some(),
            when.claimant_positions.is_some(),
            when.linked_to.is_some(),
            !typed.deal.is_empty(),
            when.deal_stages.is_some(),
            !typed.formula.is_empty(),
        ];
        let shown = ALL.iter().zip(said).filter(|(_, said)| *said);
        typed.shown = shown.map(|(name, _)| (*name).to_owned()).collect();
        typed
    }

    /// Whether the fields of a condition are shown.
    pub fn shows(&self, name: &str) -> bool {
        self.shown.iter().any(|s| s == name)
    }

    /// What a flow is to say; what cannot be read is added to `found`.
    pub fn said(&self, found: &mut Vec<Problem>) -> When {
        let list = |all: &Vec<String>| (!all.is_empty()).then(|| all.clone());
        let linked: Vec<LinkKind> = LINKS
            .iter()
            .filter(|(code, _)| self.linked.iter().any(|l| l == code))
            .map(|(_, kind)| *kind)
            .collect();
        When {
            amount_from: money(&self.from, &self.currency, "when_from", found),
            amount_below: money(&self.below, &self.currency, "when_below", found),
            categories: list(&self.categories),
            finding_from: FINDINGS.iter().find(|f| f.0 == self.finding).map(|f| f.1),
            grade_from: grade(&self.grade),
            over_share_from: (!self.over.is_empty()).then(|| percent(&self.over, "when_over", found)),
            claimant_grades: list(&self.grades),
            claimant_positions: list(&self.positions),
            departments: list(&self.departments),
            linked_to: (!linked.is_empty()).then_some(linked),
            deal_linked: match self.deal.as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
            deal_stages: list(&listed(&self.stages)),
            expression: (!self.formula.is_empty()).then(|| self.formula.clone()),
        }
    }
}

fn code<T: PartialEq>(all: &[(&'static str, T)], value: Option<T>) -> String {
    let found = value.and_then(|value| all.iter().find(|(_, v)| *v == value));
    found.map(|(code, _)| (*code).to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(fields: &[(&str, &str)]) -> Sent {
        Sent(fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn what_is_typed_is_what_is_said_and_shown_again() {
        let typed = Conditions::read(&sent(&[
            ("shown", "amount"),
            ("more", "stages"),
            ("when_from", "10,000"),
            ("when_currency", "CNY"),
            ("when_over", "20 %"),
            ("when_linked", "deal"),
            ("when_stages", "方案确认，谈判"),
            ("when_deal", "yes"),
        ]));
        assert!(typed.shows("amount") && typed.shows("stages") && !typed.shows("over"));
        let mut found = Vec::new();
        let when = typed.said(&mut found);
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(when.amount_from.map(|m| m.minor), Some(1_000_000));
        assert_eq!(when.over_share_from, Some(Decimal::new(2, 1)));
        assert_eq!(
            when.deal_stages.as_deref(),
            Some(["方案确认".to_owned(), "谈判".to_owned()].as_slice())
        );
        let again = Conditions::of(&when);
        assert_eq!(again.shown, ["amount", "over", "linked", "deal", "stages"]);
        assert_eq!(again.said(&mut found), when);
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_field() {
        let typed = Conditions::read(&sent(&[
            ("when_below", "much"),
            ("when_currency", "CNY"),
            ("when_over", "x"),
        ]));
        let mut found = Vec::new();
        typed.said(&mut found);
        let fields: Vec<&str> = found.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(fields, ["when_below", "when_over"]);
    }
}
