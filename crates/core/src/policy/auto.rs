//! What passes without a person, and why.

use serde::{Deserialize, Serialize};

use super::check::{arg, count, heads, is_linked, serves};
use super::rule::LinkKind;
use super::{Arg, Finding, Policy, Severity};
use crate::claim::{Content, Line};

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
}

impl Policy {
    /// Whether a claim may pass by itself, given all that [`Policy::check`] found.
    pub fn auto_approval(&self, content: &Content, findings: &[Finding]) -> Auto {
        let Some(auto) = &self.auto_approval else {
            return no(ReasonCode::Off);
        };
        let total = content.claimed();
        if content.lines.is_empty() || total.minor <= 0 {
            return no(ReasonCode::Empty);
        }
        let limit = auto.at_most.money(self.currency);
        let within = total.currency == limit.currency && total.minor <= limit.minor;
        let is_weak = |line: &Line| line.grade() > auto.evidence;
        let weak = lines_where(content, |line| is_weak(line) && !auto.excused.contains(&line.category));
        let excused = lines_where(content, |line| is_weak(line) && auto.excused.contains(&line.category));
        let severe = findings.iter().filter(|f| f.severity >= Severity::Warn).count();
        let unlinked = lines_where(content, |line| !is_linked(content, line, &auto.linked_to));

        let mut checks = vec![
            (
                within,
                Reason {
                    code: if within {
                        ReasonCode::AmountWithin
                    } else {
                        ReasonCode::AmountOver
                    },
                    args: vec![arg("amount", Arg::Money(total)), arg("limit", Arg::Money(limit))],
                },
            ),
            (
                severe == 0,
                Reason {
                    code: if severe == 0 {
                        ReasonCode::NothingFound
                    } else {
                        ReasonCode::Findings
                    },
                    args: vec![arg("count", count(severe))],
                },
            ),
        ];
        let mut lines = |bad: Vec<Arg>, good_code, bad_code, mut args: Vec<(String, Arg)>| {
            let good = bad.is_empty();
            if !good {
                args.push(arg("lines", Arg::List(bad)));
            }
            let code = if good { good_code } else { bad_code };
            checks.push((good, Reason { code, args }));
        };
        let mut grade = vec![arg("grade", Arg::Grade(auto.evidence))];
        if !excused.is_empty() {
            grade.push(arg("excused", Arg::List(excused)));
        }
        lines(weak, ReasonCode::EvidenceEnough, ReasonCode::EvidenceWeak, grade);
        let to = vec![arg(
            "to",
            Arg::List(served(content, &auto.linked_to, unlinked.is_empty())),
        )];
        lines(unlinked, ReasonCode::Linked, ReasonCode::NotLinked, to);

        let passes = checks.iter().all(|(held, _)| *held);
        let reasons = checks
            .into_iter()
            .filter(|(held, _)| *held == passes)
            .map(|(_, r)| r)
            .collect();
        if passes {
            Auto::Yes { reasons }
        } else {
            Auto::No { reasons }
        }
    }
}

fn lines_where(content: &Content, is: impl Fn(&Line) -> bool) -> Vec<Arg> {
    let numbered = content.lines.iter().enumerate();
    numbered
        .filter(|(_, l)| is(l))
        .map(|(i, _)| Arg::Line(i as u64 + 1))
        .collect()
}

/// The kinds of record that the claim is for if it is linked, else those it could be for.
fn served(content: &Content, kinds: &[LinkKind], linked: bool) -> Vec<Arg> {
    let parts = || content.lines.iter().flat_map(|l| &l.allocations);
    let is = |kind| heads(content, kind) || parts().any(|part| serves(part, kind));
    let kinds = kinds.iter().copied().filter(|kind| !linked || is(*kind));
    kinds.map(Arg::Link).collect()
}

fn no(code: ReasonCode) -> Auto {
    Auto::No {
        reasons: vec![Reason { code, args: Vec::new() }],
    }
}
