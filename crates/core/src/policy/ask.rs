//! Asking a rule's table about a line.

use rust_decimal::Decimal;

use super::check::{Args, PolicyFacts, Seen, arg, common, days_between, heads, serves};
use super::fact::{Fact, LINKED};
use super::finding::{Arg, Finding, Severity};
use super::number::round;
use super::rule::LinkKind;
use super::rule_table::Ready;
use super::set::{Class, fold, fold_place};
use super::{Policy, Rule};
use crate::claim::{Content, Grade, Line};
use crate::feel::{Fault, Number, Value};
use crate::table::{Column, DiagnosticKind, Outcome, Reason};
use crate::{Currency, Money};

/// A table could not answer: a cell went wrong, or rows contradict each other.
pub(super) const TABLE: &str = "outlay.table";
/// No row of a table is for a line.
pub(super) const TABLE_GAP: &str = "outlay.table-gap";

/// What a table said of a line.
pub(super) enum Said {
    /// Its answer; null is `none`.
    Answer(Value),
    /// No row matched.
    NoRow,
    /// It could not answer, and nothing may be decided.
    Broken,
}

pub(super) fn said(outcome: &Outcome) -> Said {
    if !outcome.trace.diagnostics.is_empty() {
        return Said::Broken;
    }
    match outcome.trace.reason {
        Reason::NoRow => Said::NoRow,
        _ => Said::Answer(outcome.value.clone()),
    }
}

impl Ready {
    /// Asks with a value for each fact.
    pub(super) fn ask(&self, value: impl Fn(Fact) -> Value) -> Outcome {
        self.compiled
            .decide(self.facts.iter().map(|fact| value(*fact)).collect())
    }
}

/// What the values of a table's inputs are taken from.
pub(super) struct Known<'a> {
    pub policy: &'a Policy,
    pub content: &'a Content,
    pub facts: &'a PolicyFacts,
}

impl Known<'_> {
    /// The value of a fact for a line. `over` is the share by which the line exceeds a standard.
    pub(super) fn of(&self, fact: Fact, seen: &Seen, over: Decimal) -> Value {
        let Seen { line, known, .. } = seen;
        let number = |d: Decimal| Value::Number(Number::from(d));
        let text = |t: Option<&str>| t.map_or(Value::Null, Value::text);
        match fact {
            Fact::Category => text(self.policy.category(&line.category).map(|c| c.code.as_str())),
            Fact::Grade => text(self.grade()),
            Fact::Tier => text(seen.tier),
            Fact::Season => text(Some(seen.season.unwrap_or("none"))),
            Fact::Place => text(
                line.place
                    .as_deref()
                    .map(fold_place)
                    .filter(|p| !p.is_empty())
                    .as_deref(),
            ),
            Fact::Country => text(
                known
                    .and_then(|k| k.country.as_deref())
                    .or(self.facts.country.as_deref()),
            ),
            Fact::Date => Value::Date(line.incurred_on),
            Fact::Age => Value::Number(Number::from(days_between(line.incurred_on, self.facts.today))),
            Fact::DayOff => Value::Bool(self.policy.days_off.contains(line.incurred_on)),
            Fact::Quantity => Value::Number(Number::from(i64::from(line.quantity))),
            Fact::Amount => number(line.claimed.decimal()),
            Fact::Each => Value::Number(each(line.claimed.decimal(), line.quantity)),
            Fact::Currency => text(Some(line.paid.currency.code())),
            Fact::Evidence => text(Some(grade_code(line.grade()))),
            Fact::Linked => text(Some(linked(self.content, line).map_or("none", LinkKind::code))),
            Fact::Class => text(self.policy.class_of(seen)),
            Fact::Hours => known.and_then(|k| k.hours).map_or(Value::Null, number),
            Fact::Distance => known.and_then(|k| k.distance).map_or(Value::Null, number),
            Fact::Total => number(self.content.claimed().decimal()),
            Fact::Department => text(self.facts.department.as_deref()),
            Fact::Stage => text(Some(self.facts.stage.as_deref().unwrap_or("none"))),
            Fact::Over => number(over),
        }
    }

    /// The value of a fact for the claim as a whole.
    pub(super) fn of_claim(&self, fact: Fact, over: Decimal) -> Value {
        let text = |t: Option<&str>| t.map_or(Value::Null, Value::text);
        match fact {
            Fact::Grade => text(self.grade()),
            Fact::Evidence => text(Some(grade_code(self.content.grade()))),
            Fact::Total => Value::Number(Number::from(self.content.claimed().decimal())),
            Fact::Department => text(self.facts.department.as_deref()),
            Fact::Stage => text(Some(self.facts.stage.as_deref().unwrap_or("none"))),
            Fact::Over => Value::Number(Number::from(over)),
            _ => Value::Null,
        }
    }

    /// The claimant's grade, if the policy knows it.
    pub(super) fn grade(&self) -> Option<&str> {
        let grade = self.facts.grade.as_deref();
        grade.filter(|g| self.policy.grades.iter().any(|known| known == g))
    }
}

fn each(claimed: Decimal, quantity: u32) -> Number {
    let quantity = Number::from(i64::from(quantity.max(1)));
    Number::from(claimed).over(quantity).unwrap_or(Number::ZERO)
}

pub(super) fn grade_code(grade: Grade) -> &'static str {
    match grade {
        Grade::A => "A",
        Grade::B => "B",
        Grade::C => "C",
        Grade::D => "D",
    }
}

pub(super) fn grade_of(code: &str) -> Option<Grade> {
    [Grade::A, Grade::B, Grade::C, Grade::D]
        .into_iter()
        .find(|g| grade_code(*g) == code)
}

/// What a line is for: what the claim names, or what each of its parts is for; of several the first of the order.
fn linked(content: &Content, line: &Line) -> Option<LinkKind> {
    let head = LINKED.iter().position(|kind| heads(content, *kind));
    let of_part = |part| {
        LINKED
            .iter()
            .position(|kind| serves(part, *kind))
            .unwrap_or(LINKED.len())
    };
    let parts = line.allocations.iter().map(of_part).max();
    let at = head.into_iter().chain(parts).min()?;
    LINKED.get(at).copied()
}

/// An amount that a table answered, in the policy's currency.
pub(super) fn amount(value: &Value, currency: Currency) -> Option<Money> {
    match value {
        Value::Number(n) => Some(round(n.to_decimal()?, currency)),
        _ => None,
    }
}

/// A number that a table answered.
pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(n) => n.to_decimal(),
        _ => None,
    }
}

/// A whole number that a table answered.
pub(super) fn count(value: &Value) -> Option<u32> {
    match value {
        Value::Number(n) => n.to_i64().and_then(|n| u32::try_from(n).ok()),
        _ => None,
    }
}

/// A code that a table answered.
pub(super) fn code(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// A column's name, counted as in a trace.
pub(super) fn column_name(ready: &Ready, column: Column) -> String {
    match column {
        Column::Input(n) => ready.facts.get(n as usize - 1).map_or("", |f| f.code()),
        Column::Output(_) => ready.gives.code(),
    }
    .to_owned()
}

impl Policy {
    /// The finding of a table that did not answer, which a person must look at: never a silent pass.
    pub(super) fn unanswered(&self, rule: &Rule, ready: &Ready, seen: &Seen, outcome: Outcome) -> Finding {
        let mut args: Args = common(seen.at, seen.line);
        args.push(arg("rule", Arg::Rule(rule.id.clone())));
        let (id, severity) = match outcome.trace.diagnostics.first() {
            Some(wrong) => {
                let column = wrong.place.column.map(|c| column_name(ready, c));
                args.push(arg("cell", Arg::Cell(wrong.place.row, column)));
                args.push(arg("why", Arg::Trouble(trouble(&wrong.kind).to_owned())));
                (TABLE, Severity::Block)
            }
            None => {
                let asked = ready.facts.iter().zip(&outcome.trace.inputs);
                let asked = asked.map(|(fact, value)| Arg::Asked(fact.code().to_owned(), plain(value)));
                args.push(arg("asked", Arg::List(asked.collect())));
                (TABLE_GAP, rule.severity.max(Severity::Warn))
            }
        };
        let mut finding = self.finding(id, severity, Some(seen.line.id), args);
        finding.trace = Some(Box::new(outcome.trace));
        finding
    }

    /// The class of a line: what is known of it, else the highest that its description names.
    pub(super) fn class_of(&self, seen: &Seen) -> Option<&str> {
        let known = seen.known.and_then(|k| k.class.as_deref());
        if let Some(class) = known.and_then(|code| self.classes.iter().find(|c| c.code == code)) {
            return Some(&class.code);
        }
        if self.classes.is_empty() {
            return None;
        }
        let text = fold(&seen.line.description);
        let is_of = |c: &&Class| {
            c.categories
                .as_ref()
                .is_none_or(|all| all.contains(&seen.line.category))
        };
        let mut of = self.classes.iter().rev().filter(is_of);
        let named = of.find(|c| c.words.iter().any(|w| text.contains(&fold(w))));
        named.map(|c| c.code.as_str())
    }
}

/// A value as people read it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::Null => "–".to_owned(),
        Value::Date(day) => day.to_string(),
        value => value.to_string(),
    }
}

/// A code for what went wrong in a table.
pub(super) fn trouble(kind: &DiagnosticKind) -> &'static str {
    match kind {
        DiagnosticKind::Fault(Fault::DivisionByZero) => "division_by_nought",
        DiagnosticKind::Fault(Fault::Null(_)) => "unknown_value",
        DiagnosticKind::Fault(_) => "no_value",
        DiagnosticKind::WrongKind { .. } => "wrong_kind",
        DiagnosticKind::NotAllowed(_) => "not_allowed",
        DiagnosticKind::SeveralRows(_) => "several_rows",
        DiagnosticKind::DifferentAnswers(_) => "different_answers",
        DiagnosticKind::NotReckoned => "not_reckoned",
        DiagnosticKind::NotGiven(_) => "unknown_value",
    }
}
