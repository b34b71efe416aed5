//! What was found when a draft was tried, in words and figures.

use std::collections::HashMap;

use outlay_core::Money;
use outlay_core::history::{Difference, Load, Moved, Report};
use outlay_core::org::Org;

use super::golden::Failed;
use super::trial::{Findings, Trial};
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::history::shape;
use crate::shell::{W, hue, letters};

/// Approvers shown.
const MOST_LOAD: usize = 12;
/// Claims named for each way that they go, and in all for all ways: the page stays small.
const MOST_NAMED: (usize, usize) = (20, 50);
/// Claims named in each of the other lists.
const MOST_OTHERS: usize = 12;

/// A trial's findings, for the page.
pub struct Tried {
    /// The first day looked at.
    pub from: String,
    /// The last.
    pub to: String,
    /// How long it took: `4.1 s`.
    pub took: String,
    /// Claims replayed.
    pub claims: i64,
    /// Claims of erased people, left out.
    pub erased: i64,
    /// Claims that go another way.
    pub differ: i64,
    /// Their share, in percent: `3.9`.
    pub share: String,
    /// Money to automatic approval, with claims.
    pub to_auto: Vec<(String, i64)>,
    /// Money from automatic approval to people, with claims.
    pub from_auto: Vec<(String, i64)>,
    /// Days to payment, as it was and as it would be: `5.2`.
    pub days: Option<(String, String)>,
    /// Answers that this is from.
    pub answers: i64,
    /// Would pass by themselves, yet a person refused or cut them.
    pub wrong: i64,
    /// The dearest of them.
    pub wrong_claims: Vec<Row>,
    /// What would be blocked.
    pub blocked: i64,
    /// The dearest of them.
    pub blocked_claims: Vec<Row>,
    /// Where claims go.
    pub moves: Vec<Move>,
    /// Who is asked how often a week.
    pub load: Vec<Bar>,
    /// Rules that speak more or less often: rule, as it was, as it would be.
    pub rules: Vec<(String, i64, i64)>,
    /// Golden cases that came out as they should.
    pub golden_passed: i64,
    /// Those that did not.
    pub golden_failed: Vec<GoldenRow>,
    /// Those of erased people.
    pub golden_erased: Vec<String>,
}

/// Claims that went one way and go another.
pub struct Move {
    /// As it was.
    pub from: String,
    /// As it would be.
    pub to: String,
    /// How many.
    pub claims: i64,
    /// How much.
    pub money: Vec<String>,
    /// The dearest of them.
    pub examples: Vec<Row>,
}

/// One claim under both rules.
pub struct Row {
    /// Its number.
    pub number: String,
    /// Its title; empty if the reader may not read the claim.
    pub title: String,
    /// What was claimed.
    pub money: String,
    /// As it was.
    pub from: String,
    /// What a person made of it: `cut by 640.00`.
    pub note: String,
}

/// How often somebody is asked a week.
pub struct Bar {
    /// Their name.
    pub name: String,
    /// Their avatar's colour.
    pub hue: u32,
    /// Its letters.
    pub letters: String,
    /// As it was.
    pub old: String,
    /// As it would be.
    pub new: String,
    /// Percent of the longest bar, as it was.
    pub old_width: u64,
    /// As it would be.
    pub new_width: u64,
}

/// A golden case that came out another way.
pub struct GoldenRow {
    /// What people call it.
    pub name: String,
    /// The number of its claim.
    pub number: String,
    /// What must come out.
    pub expected: String,
    /// What came out.
    pub got: String,
}

fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Tenths as people write them: 39 is `3.9`.
fn tenths(n: u64) -> String {
    format!("{}.{}", n / 10, n % 10)
}

fn money(m: Money) -> String {
    format!("{}{}", m.currency.sign(), m.grouped())
}

impl Tried {
    /// Puts a finished trial into words. Titles are shown for the claims whose numbers are in `titles`.
    pub fn new(w: W, org: &Org, trial: &Trial, found: &Findings, titles: &HashMap<String, String>) -> Tried {
        let r = &found.replay;
        let row = |d: &Difference| Row {
            number: d.number.clone(),
            title: titles.get(&d.number).cloned().unwrap_or_default(),
            money: d.claimed.grouped(),
            from: shape(w, d.old.shape()),
            note: match d.cut {
                _ if d.rejected => w.t("try-rejected"),
                Some(cut) => w.t1("try-cut", "by", cut.grouped()),
                None => String::new(),
            },
        };
        let rows = |all: &[Difference], most: usize| -> Vec<Row> { all.iter().take(most).map(row).collect() };
        let mut left = MOST_NAMED.1;
        let moved = |all: &[Moved]| all.iter().map(|m| (money(m.money), count(m.claims))).collect();
        let took = trial
            .ended_at
            .map_or(0, |end| end.as_millisecond() - trial.started_at.as_millisecond());
        let days = |hours: u32| tenths((u64::from(hours) * 10).div_ceil(24));
        Tried {
            from: r.from.to_string(),
            to: r.to.to_string(),
            took: format!("{} s", tenths(u64::try_from(took.max(0) / 100).unwrap_or(0))),
            claims: count(r.claims),
            erased: count(r.erased),
            differ: count(r.differ),
            share: tenths(r.differ * 1000 / r.claims.max(1)),
            to_auto: moved(&r.to_auto),
            from_auto: moved(&r.from_auto),
            days: r
                .days
                .old_hours
                .zip(r.days.new_hours)
                .map(|(old, new)| (days(old), days(new))),
            answers: count(r.days.answers),
            wrong: count(r.false_approvals_count),
            wrong_claims: rows(&r.false_approvals, MOST_OTHERS),
            blocked: count(r.blocked.claims),
            blocked_claims: rows(&r.blocked.examples, MOST_OTHERS),
            moves: r
                .transitions
                .iter()
                .map(|t| {
                    let examples = rows(&t.examples, MOST_NAMED.0.min(left));
                    left -= examples.len();
                    Move {
                        from: shape(w, t.from),
                        to: shape(w, t.to),
                        claims: count(t.claims),
                        money: t.money.iter().map(|m| money(*m)).collect(),
                        examples,
                    }
                })
                .collect(),
            load: load(org, r),
            rules: r
                .rules
                .iter()
                .filter(|h| h.old != h.new)
                .map(|h| (h.rule.clone(), count(h.old), count(h.new)))
                .collect(),
            golden_passed: count(found.golden.passed),
            golden_failed: found.golden.failed.iter().map(|f| golden(w, f)).collect(),
            golden_erased: found.golden.erased.clone(),
        }
    }
}

fn golden(w: W, failed: &Failed) -> GoldenRow {
    GoldenRow {
        name: failed.name.clone(),
        number: failed.number.clone(),
        expected: shape(w, failed.expected.shape()),
        got: shape(w, failed.got.shape()),
    }
}

fn load(org: &Org, report: &Report) -> Vec<Bar> {
    let weeks = u64::from(report.weeks.max(1));
    let most = report.load.iter().map(|l| l.old.max(l.new)).max().unwrap_or(0).max(1);
    let a_week = |n: u64| match n * 10 / weeks {
        tens if tens >= 100 => (n / weeks).to_string(),
        tens => tenths(tens),
    };
    let bar = |l: &Load| {
        let name = org.employee(l.employee).map(|e| e.name.clone()).unwrap_or_default();
        Bar {
            hue: hue(&name),
            letters: letters(&name),
            old: a_week(l.old),
            new: a_week(l.new),
            old_width: l.old * 100 / most,
            new_width: l.new * 100 / most,
            name,
        }
    };
    report.load.iter().take(MOST_LOAD).map(bar).collect()
}

/// Titles of the claims that a report names, by number.
pub async fn titles(sql: &mut Sql, report: &Report) -> Result<HashMap<String, String>, Error> {
    let examples = report.transitions.iter().flat_map(|t| &t.examples);
    let all = examples.chain(&report.false_approvals).chain(&report.blocked.examples);
    let mut numbers: Vec<&str> = all.map(|d| d.number.as_str()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut titles = HashMap::new();
    for part in numbers.chunks(500) {
        let text = format!(
            "SELECT number, title FROM claim WHERE number IN ({})",
            dialect::list(1, part.len())
        );
        let values: Vec<Value> = part.iter().map(|n| Value::from(*n)).collect();
        let rows: Vec<(String, String)> = sql.all_built(text, values).await?;
        titles.extend(rows);
    }
    Ok(titles)
}
