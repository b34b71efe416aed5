//! What passes without a person, and why.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::ask::{Known, Said, code, said};
use super::check::{PolicyFacts, arg, count, heads, serves};
use super::fact::{Fact, LINKED};
use super::rule::LinkKind;
use super::rule_table::Ready;
use super::{Arg, Finding, Policy, Severity};
use crate::claim::{Content, Grade};
use crate::feel::{Cmp, Expr, Names, NoFunctions, Number, Probe, Scope, Test, Tests, Value, matches, unary_tests};
use crate::org::Role;
use crate::table::{self, Outcome, Trace};

/// Whether a claim may pass by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auto {
    /// It may.
    Yes {
        /// Everything that held.
        reasons: Vec<Reason>,
    },
    /// A person must look.
    No {
        /// Everything that did not hold.
        reasons: Vec<Reason>,
    },
}

impl Auto {
    /// Whether it may.
    pub fn passes(&self) -> bool {
        matches!(self, Auto::Yes { .. })
    }

    /// Whether its table could not answer.
    pub fn is_broken(&self) -> bool {
        self.reasons().iter().any(|r| r.code == ReasonCode::Broken)
    }

    /// The role that must look because the claim was drawn for an audit, and for no other reason.
    pub fn audit(&self) -> Option<Role> {
        let [reason] = self.reasons() else { return None };
        let role = reason.args.iter().find_map(|(_, arg)| match arg {
            Arg::Role(role) => Some(*role),
            _ => None,
        });
        role.filter(|_| reason.code == ReasonCode::AuditDrawn)
    }

    /// Why.
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Auto::Yes { reasons } | Auto::No { reasons } => reasons,
        }
    }
}

/// One reason of an automatic decision, as data; [`Policy::reason`] has its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What it says.
    pub code: ReasonCode,
    /// Values for the words.
    pub args: Vec<(String, Arg)>,
    /// How the table came to it, for the first line concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Box<Trace>>,
}

/// What a reason says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// The policy has no automatic approval.
    Off,
    /// Nothing is claimed.
    Empty,
    /// The total is small enough.
    AmountWithin,
    /// The total is too large.
    AmountOver,
    /// Each line is proved well enough.
    EvidenceEnough,
    /// Some lines are not.
    EvidenceWeak,
    /// No rule asks for a person.
    NothingFound,
    /// Some rules do.
    Findings,
    /// The CRM knows what it was for.
    Linked,
    /// Some lines are for nothing that the CRM knows.
    NotLinked,
    /// A row of the table sends a line to a person.
    RowSays,
    /// A line is not what the nearest row asks for.
    CellFails,
    /// The table could not answer.
    Broken,
    /// It would pass by itself, and is drawn for an audit by a role.
    AuditDrawn,
    /// It was not drawn.
    AuditNotDrawn,
}

/// The table of automatic approval, and what its rows ask of the things that reasons speak about.
#[derive(Debug)]
pub(super) struct AutoReady {
    pub ready: Ready,
    rows: Vec<Row>,
}

/// A row as reasons speak of it.
#[derive(Debug)]
struct Row {
    passes: bool,
    /// The highest total that it lets pass.
    at_most: Option<Number>,
    /// The weakest proof that it takes, if it asks.
    evidence: Option<Grade>,
    /// The kinds of record that it asks for, if it does.
    linked: Option<Vec<LinkKind>>,
}

impl AutoReady {
    pub(super) fn new(ready: Ready) -> AutoReady {
        let cell = |row: &table::Row, fact: Fact| {
            let column = ready.facts.iter().position(|f| *f == fact)?;
            let text = row.inputs.get(column)?;
            unary_tests(text, &Names::default()).ok().filter(|t| *t != Tests::Any)
        };
        let row = |row: &table::Row| {
            let takes = |tests: &Tests, code: &str| passes(tests, &Value::text(code));
            let grades = [Grade::D, Grade::C, Grade::B, Grade::A];
            Row {
                passes: row.outputs.first().is_some_and(|o| o == "\"pass\""),
                at_most: cell(row, Fact::Total).and_then(|t| upper(&t)),
                evidence: cell(row, Fact::Evidence)
                    .and_then(|t| grades.into_iter().find(|g| takes(&t, super::ask::grade_code(*g)))),
                linked: cell(row, Fact::Linked)
                    .map(|t| LINKED.into_iter().filter(|kind| takes(&t, kind.code())).collect()),
            }
        };
        let rows = ready.compiled.table().rows.iter().map(row).collect();
        AutoReady { ready, rows }
    }

    /// The row that lets pass and fails in the fewest columns, and these columns; `None` if no row lets anything pass.
    fn nearest(&self, outcome: &Outcome) -> Option<(usize, Vec<usize>)> {
        let failed = |row: usize| {
            let asked = 0..self.ready.facts.len();
            let fails = |c: &usize| outcome.trace.cells.matched(row as u32 + 1, *c as u32 + 1) == Some(false);
            asked.filter(fails).collect::<Vec<usize>>()
        };
        let passing = self.rows.iter().enumerate().filter(|(_, r)| r.passes);
        passing
            .map(|(at, _)| (at, failed(at)))
            .min_by_key(|(_, failed)| failed.len())
    }
}

/// Whether a cell lets a value pass, as far as it depends on nothing else.
pub(super) fn asks(cell: &str, value: &Value) -> bool {
    unary_tests(cell, &Names::default()).is_ok_and(|tests| passes(&tests, value))
}

fn passes(tests: &Tests, value: &Value) -> bool {
    let scope = Scope {
        names: &[],
        input: Some(value),
        functions: &NoFunctions,
    };
    matches(tests, Probe::Value(value), &scope, &mut Vec::new())
}

/// The upper end of what a cell lets pass.
fn upper(tests: &Tests) -> Option<Number> {
    let end = |test: &Test| match test {
        Test::Compare(Cmp::AtMost | Cmp::Below | Cmp::Equal, Expr::Const(Value::Number(n))) => Some(*n),
        Test::Is(Expr::Const(Value::Number(n))) => Some(*n),
        Test::Is(Expr::Const(Value::Range(range))) => match &range.high {
            Some((Value::Number(n), _)) => Some(*n),
            _ => None,
        },
        _ => None,
    };
    let ends: Option<Vec<Number>> = tests.list().iter().map(end).collect();
    ends?.into_iter().max()
}

/// What keeps a claim back, gathered over its lines.
#[derive(Default)]
struct Back {
    over: Option<(Option<Number>, Trace)>,
    weak: Vec<(usize, Option<Grade>, Trace)>,
    unlinked: Vec<(usize, Vec<LinkKind>, Trace)>,
    others: Vec<Reason>,
}

impl Policy {
    /// Whether a claim may pass by itself, given all that [`Policy::check`] found. The table is asked about each line.
    pub fn auto_approval(&self, content: &Content, facts: &PolicyFacts, findings: &[Finding]) -> Auto {
        let Some(auto) = &self.ready.auto else {
            return no(ReasonCode::Off);
        };
        if content.lines.is_empty() || content.claimed().minor <= 0 || content.currency != self.currency {
            return no(ReasonCode::Empty);
        }
        let judges_over = auto.ready.facts.contains(&Fact::Over);
        let is_judged = |f: &Finding| judges_over && f.severity == Severity::Warn && f.over_share().is_some();
        let severe = findings
            .iter()
            .filter(|f| f.severity >= Severity::Warn && !is_judged(f))
            .count();
        let known = Known {
            policy: self,
            content,
            facts,
        };
        let all = self.see_all(content, facts);
        let mut back = Back::default();
        let mut chosen: Vec<(usize, usize, Trace)> = Vec::new();
        for seen in &all {
            let mine = findings.iter().filter(|f| f.line.is_none_or(|id| id == seen.line.id));
            let over = mine.filter_map(Finding::over_share).max().unwrap_or_default();
            let outcome = auto.ready.ask(|fact| known.of(fact, seen, over));
            match said(&outcome) {
                Said::Answer(value) if code(&value) == Some("pass") => {
                    let row = outcome.trace.chosen.first().copied().unwrap_or(1) as usize - 1;
                    chosen.push((seen.at, row, outcome.trace));
                }
                Said::Broken => back.others.push(broken(auto, seen.at, outcome)),
                _ => back.add(auto, seen.at, outcome),
            }
        }
        if back.is_empty() && severe == 0 {
            let mut reasons = self.held(auto, content, chosen);
            let over = findings
                .iter()
                .filter_map(Finding::over_share)
                .max()
                .unwrap_or_default();
            return match self.audited(&known, over) {
                Some(reason) if reason.code != ReasonCode::AuditNotDrawn => Auto::No { reasons: vec![reason] },
                reason => {
                    reasons.extend(reason);
                    Auto::Yes { reasons }
                }
            };
        }
        Auto::No {
            reasons: self.kept(content, severe, back),
        }
    }

    /// Whether a claim that would pass by itself is drawn for an audit, and the draw; `None` where the policy draws none.
    fn audited(&self, known: &Known, over: Decimal) -> Option<Reason> {
        let (audit, ready) = (self.audit.as_ref()?, self.ready.audit.as_ref()?);
        let draw = super::draw(known.facts.claim?, &self.reference());
        let outcome = ready.ask(|fact| known.of_claim(fact, over));
        let share = match (said(&outcome), &outcome.value) {
            (Said::Answer(_), Value::Number(share)) => share.to_decimal().unwrap_or(Decimal::ONE),
            // A table that cannot answer lets nothing pass unseen.
            _ => Decimal::ONE,
        };
        Some(Reason {
            code: if draw < share {
                ReasonCode::AuditDrawn
            } else {
                ReasonCode::AuditNotDrawn
            },
            args: vec![
                arg("role", Arg::Role(audit.role)),
                arg("share", Arg::Share(share)),
                arg("draw", Arg::Share(draw)),
            ],
            trace: Some(Box::new(outcome.trace)),
        })
    }

    /// Everything that held.
    fn held(&self, auto: &AutoReady, content: &Content, chosen: Vec<(usize, usize, Trace)>) -> Vec<Reason> {
        let rows = || {
            chosen
                .iter()
                .filter_map(|(at, row, _)| Some((*at, auto.rows.get(*row)?)))
        };
        let trace = || chosen.first().map(|(_, _, trace)| Box::new(trace.clone()));
        let mut reasons = Vec::new();
        if let Some(limit) = rows().filter_map(|(_, r)| r.at_most).min() {
            reasons.push(Reason {
                code: ReasonCode::AmountWithin,
                args: self.amounts(content, Some(limit)),
                trace: trace(),
            });
        }
        reasons.push(plain(ReasonCode::NothingFound, Vec::new()));
        if let Some(grade) = rows().filter_map(|(_, r)| r.evidence).max() {
            let excused = |(at, row): &(usize, &Row)| {
                let weak = content.lines.get(*at).is_some_and(|l| l.grade() > grade);
                row.evidence.is_none() && weak
            };
            let excused: Vec<Arg> = rows().filter(excused).map(|(at, _)| Arg::Line(at as u64 + 1)).collect();
            let mut args = vec![arg("grade", Arg::Grade(grade))];
            if !excused.is_empty() {
                args.push(arg("excused", Arg::List(excused)));
            }
            reasons.push(plain(ReasonCode::EvidenceEnough, args));
        }
        let mut asked: Vec<LinkKind> = Vec::new();
        for kind in rows().filter_map(|(_, r)| r.linked.as_ref()).flatten() {
            if !asked.contains(kind) {
                asked.push(*kind);
            }
        }
        if !asked.is_empty() {
            let to = vec![arg("to", Arg::List(served(content, &asked, true)))];
            reasons.push(plain(ReasonCode::Linked, to));
        }
        reasons
    }

    /// Everything that did not hold.
    fn kept(&self, content: &Content, severe: usize, back: Back) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if let Some((limit, trace)) = back.over {
            reasons.push(Reason {
                code: ReasonCode::AmountOver,
                args: self.amounts(content, limit),
                trace: Some(Box::new(trace)),
            });
        }
        if severe > 0 {
            reasons.push(plain(ReasonCode::Findings, vec![arg("count", count(severe))]));
        }
        if let Some(grade) = back.weak.first().map(|(_, grade, _)| *grade) {
            let lines = back.weak.iter().map(|(at, ..)| Arg::Line(*at as u64 + 1)).collect();
            let mut args: Vec<(String, Arg)> = grade.map(|g| arg("grade", Arg::Grade(g))).into_iter().collect();
            args.push(arg("lines", Arg::List(lines)));
            let trace = back.weak.into_iter().next().map(|(_, _, trace)| Box::new(trace));
            reasons.push(Reason {
                code: ReasonCode::EvidenceWeak,
                args,
                trace,
            });
        }
        if !back.unlinked.is_empty() {
            let lines = back.unlinked.iter().map(|(at, ..)| Arg::Line(*at as u64 + 1)).collect();
            let kinds = &back.unlinked[0].1;
            let args = vec![
                arg("to", Arg::List(served(content, kinds, false))),
                arg("lines", Arg::List(lines)),
            ];
            let trace = back.unlinked.into_iter().next().map(|(_, _, trace)| Box::new(trace));
            reasons.push(Reason {
                code: ReasonCode::NotLinked,
                args,
                trace,
            });
        }
        reasons.extend(back.others);
        reasons
    }

    fn amounts(&self, content: &Content, limit: Option<Number>) -> Vec<(String, Arg)> {
        let mut args = vec![arg("amount", Arg::Money(content.claimed()))];
        let limit = limit.and_then(|n| super::ask::amount(&Value::Number(n), self.currency));
        args.extend(limit.map(|l| arg("limit", Arg::Money(l))));
        args
    }
}

impl Back {
    fn is_empty(&self) -> bool {
        self.over.is_none() && self.weak.is_empty() && self.unlinked.is_empty() && self.others.is_empty()
    }

    /// Why a line does not pass: where it fails the row that it comes nearest to, or because a row says so.
    fn add(&mut self, auto: &AutoReady, at: usize, outcome: Outcome) {
        let nearest = auto.nearest(&outcome).filter(|(_, failed)| !failed.is_empty());
        let line = || arg("line", Arg::Line(at as u64 + 1));
        let Some((row, failed)) = nearest else {
            let row = outcome.trace.chosen.first().copied().unwrap_or(0);
            self.others.push(Reason {
                code: ReasonCode::RowSays,
                args: vec![line(), arg("row", count(row as usize))],
                trace: Some(Box::new(outcome.trace)),
            });
            return;
        };
        let near = &auto.rows[row];
        for column in failed {
            let trace = || outcome.trace.clone();
            match auto.ready.facts[column] {
                Fact::Total => self.over = self.over.take().or(Some((near.at_most, trace()))),
                Fact::Evidence => self.weak.push((at, near.evidence, trace())),
                Fact::Linked => self
                    .unlinked
                    .push((at, near.linked.clone().unwrap_or_default(), trace())),
                fact => {
                    let value = outcome.trace.inputs.get(column).map(super::ask::plain);
                    let args = vec![
                        line(),
                        arg("asked", Arg::Asked(fact.code().to_owned(), value.unwrap_or_default())),
                        arg("row", count(row + 1)),
                    ];
                    self.others.push(Reason {
                        code: ReasonCode::CellFails,
                        args,
                        trace: Some(Box::new(trace())),
                    });
                }
            }
        }
    }
}

fn broken(auto: &AutoReady, at: usize, outcome: Outcome) -> Reason {
    let wrong = outcome.trace.diagnostics.first();
    let column = wrong
        .and_then(|w| w.place.column)
        .map(|c| super::ask::column_name(&auto.ready, c));
    let row = wrong.and_then(|w| w.place.row);
    let why = wrong.map_or("no_value", |w| super::ask::trouble(&w.kind));
    Reason {
        code: ReasonCode::Broken,
        args: vec![
            arg("line", Arg::Line(at as u64 + 1)),
            arg("cell", Arg::Cell(row, column)),
            arg("why", Arg::Trouble(why.to_owned())),
        ],
        trace: Some(Box::new(outcome.trace)),
    }
}

/// The kinds of record that the claim is for if it is linked, else those it could be for.
fn served(content: &Content, kinds: &[LinkKind], linked: bool) -> Vec<Arg> {
    let parts = || content.lines.iter().flat_map(|l| &l.allocations);
    let is = |kind| heads(content, kind) || parts().any(|part| serves(part, kind));
    let kinds = kinds.iter().copied().filter(|kind| !linked || is(*kind));
    kinds.map(Arg::Link).collect()
}

fn plain(code: ReasonCode, args: Vec<(String, Arg)>) -> Reason {
    Reason {
        code,
        args,
        trace: None,
    }
}

fn no(code: ReasonCode) -> Auto {
    Auto::No {
        reasons: vec![plain(code, Vec::new())],
    }
}
