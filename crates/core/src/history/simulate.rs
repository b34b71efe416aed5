//! Trying other rules on recorded decisions: claims go in one by one, and only sums and the dearest examples are kept.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::civil::Date;

use super::report::{Blocks, Days, Difference, Load, MOST_EXAMPLES, Moved, Report, RuleHits, Transition};
use super::{Brief, Is, Shape, StepBrief};
use crate::Money;
use crate::ids::{ClaimId, EmployeeId};
use crate::policy::VersionRef;

/// A recorded decision with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The claim.
    pub claim: ClaimId,
    /// Its number.
    pub number: String,
    /// Which of its events was decided on.
    pub n: u32,
    /// What was claimed.
    pub claimed: Money,
    /// What was decided.
    pub old: Brief,
    /// What became of it.
    pub fate: Fate,
}

/// What people made of a claim afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fate {
    /// It was refused for good.
    pub rejected: bool,
    /// By how much less it was approved, or handed in again after it came back.
    pub cut: Option<Money>,
}

/// How long people took to answer, in whole hours, each counted; bounded by people times hours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Durations {
    people: BTreeMap<EmployeeId, Counts>,
    all: Counts,
    to_pay: Counts,
}

type Counts = BTreeMap<u32, u64>;

impl Durations {
    /// Adds `count` answers of somebody that took `hours`.
    pub fn answered(&mut self, who: EmployeeId, hours: u32, count: u64) {
        *self.people.entry(who).or_default().entry(hours).or_default() += count;
        *self.all.entry(hours).or_default() += count;
    }

    /// Adds `count` payments that came `hours` after approval.
    pub fn paid(&mut self, hours: u32, count: u64) {
        *self.to_pay.entry(hours).or_default() += count;
    }

    /// How many answers.
    pub fn answers(&self) -> u64 {
        self.all.values().sum()
    }

    /// The median of somebody's answers; of everybody's where they gave none.
    fn of(&self, who: EmployeeId) -> u32 {
        let own = self.people.get(&who).and_then(median);
        own.or_else(|| median(&self.all)).unwrap_or(0)
    }

    /// Hours from submission to payment; none for a claim that cannot be handed in.
    fn predict(&self, brief: &Brief) -> Option<u32> {
        let step = |s: &StepBrief| {
            let hours = s.people.iter().map(|p| self.of(*p));
            if s.any { hours.min() } else { hours.max() }.unwrap_or(0)
        };
        match brief.is {
            Is::Blocked | Is::Nobody => None,
            Is::Auto | Is::People => {
                let waits: u32 = brief.steps.iter().map(step).sum();
                Some(waits + median(&self.to_pay).unwrap_or(0))
            }
        }
    }
}

/// The lower median of counted values.
fn median(counts: &Counts) -> Option<u32> {
    let total: u64 = counts.values().sum();
    let mut before = 0;
    counts.iter().find_map(|(value, count)| {
        before += count;
        (before * 2 >= total && total > 0).then_some(*value)
    })
}

/// Sums over claims. Two halves added up in either order give the same.
#[derive(Debug, Clone, Default)]
pub struct Simulation {
    claims: u64,
    erased: u64,
    differ: u64,
    to_auto: BTreeMap<String, Sum>,
    from_auto: BTreeMap<String, Sum>,
    transitions: BTreeMap<(Shape, Shape), Flow>,
    load: BTreeMap<EmployeeId, (u64, u64)>,
    hours: (Counts, Counts),
    wrong: (u64, Dearest),
    blocked: (u64, Dearest),
    rules: BTreeMap<String, (u64, u64)>,
}

#[derive(Debug, Clone, Default)]
struct Flow {
    claims: u64,
    money: BTreeMap<String, Sum>,
    dearest: Dearest,
}

#[derive(Debug, Clone)]
struct Sum {
    claims: u64,
    money: Money,
}

/// The dearest claims; of equal ones the first by number.
type Dearest = BTreeMap<(Reverse<i64>, String, u32), Difference>;

fn put(dearest: &mut Dearest, one: Difference) {
    dearest.insert((Reverse(one.claimed.minor), one.number.clone(), one.n), one);
    if dearest.len() > MOST_EXAMPLES {
        dearest.pop_last();
    }
}

fn add(sums: &mut BTreeMap<String, Sum>, claims: u64, money: Money) {
    let sum = sums.entry(money.currency.code().to_owned()).or_insert(Sum {
        claims: 0,
        money: Money::zero(money.currency),
    });
    sum.claims += claims;
    sum.money.minor = sum.money.minor.saturating_add(money.minor);
}

impl Simulation {
    /// Adds a claim with what the rules tried decide of it.
    pub fn add(&mut self, case: &Case, new: Brief, durations: &Durations) {
        self.claims += 1;
        let old = &case.old;
        for (brief, side) in [(old, 0), (&new, 1)] {
            for who in brief.steps.iter().flat_map(|s| &s.people) {
                let load = self.load.entry(*who).or_default();
                *(if side == 0 { &mut load.0 } else { &mut load.1 }) += 1;
            }
            for rule in &brief.rules {
                let hits = self.rules.entry(rule.clone()).or_default();
                *(if side == 0 { &mut hits.0 } else { &mut hits.1 }) += 1;
            }
            if let Some(hours) = durations.predict(brief) {
                let counts = if side == 0 {
                    &mut self.hours.0
                } else {
                    &mut self.hours.1
                };
                *counts.entry(hours).or_default() += 1;
            }
        }
        if old.is == Is::People && new.is == Is::Auto {
            add(&mut self.to_auto, 1, case.claimed);
        }
        if old.is == Is::Auto && new.is == Is::People {
            add(&mut self.from_auto, 1, case.claimed);
        }
        let differs = !old.goes_as(&new);
        let doubtful = new.is == Is::Auto && (case.fate.rejected || case.fate.cut.is_some());
        let blocked = new.is == Is::Blocked && old.is != Is::Blocked;
        if !differs && !doubtful {
            return;
        }
        let shapes = (old.shape(), new.shape());
        let one = Difference {
            claim: case.claim,
            number: case.number.clone(),
            n: case.n,
            claimed: case.claimed,
            old: old.clone(),
            new,
            cut: case.fate.cut,
            rejected: case.fate.rejected,
        };
        if doubtful {
            self.wrong.0 += 1;
            put(&mut self.wrong.1, one.clone());
        }
        if blocked {
            self.blocked.0 += 1;
            put(&mut self.blocked.1, one.clone());
        }
        if differs {
            self.differ += 1;
            let flow = self.transitions.entry(shapes).or_default();
            flow.claims += 1;
            add(&mut flow.money, 1, case.claimed);
            put(&mut flow.dearest, one);
        }
    }

    /// Counts a claim whose person was erased.
    pub fn erased(&mut self) {
        self.erased += 1;
    }

    /// Adds what another one summed up.
    pub fn merge(&mut self, other: Simulation) {
        self.claims += other.claims;
        self.erased += other.erased;
        self.differ += other.differ;
        for (mine, theirs) in [
            (&mut self.to_auto, other.to_auto),
            (&mut self.from_auto, other.from_auto),
        ] {
            theirs.into_values().for_each(|sum| add(mine, sum.claims, sum.money));
        }
        for (shapes, theirs) in other.transitions {
            let mine = self.transitions.entry(shapes).or_default();
            mine.claims += theirs.claims;
            theirs
                .money
                .into_values()
                .for_each(|s| add(&mut mine.money, s.claims, s.money));
            theirs.dearest.into_values().for_each(|d| put(&mut mine.dearest, d));
        }
        for (who, (old, new)) in other.load {
            let mine = self.load.entry(who).or_default();
            *mine = (mine.0 + old, mine.1 + new);
        }
        for (rule, (old, new)) in other.rules {
            let mine = self.rules.entry(rule).or_default();
            *mine = (mine.0 + old, mine.1 + new);
        }
        for (mine, theirs) in [(&mut self.hours.0, other.hours.0), (&mut self.hours.1, other.hours.1)] {
            theirs
                .into_iter()
                .for_each(|(hours, n)| *mine.entry(hours).or_default() += n);
        }
        for (mine, theirs) in [(&mut self.wrong, other.wrong), (&mut self.blocked, other.blocked)] {
            mine.0 += theirs.0;
            theirs.1.into_values().for_each(|d| put(&mut mine.1, d));
        }
    }

    /// How many claims so far.
    pub fn claims(&self) -> u64 {
        self.claims
    }

    /// The report over a period.
    pub fn report(
        self,
        (from, to): (Date, Date),
        (policy, flow): (Option<VersionRef>, Option<VersionRef>),
        durations: &Durations,
    ) -> Report {
        let days = (to.duration_until(from).as_hours() / 24).unsigned_abs() + 1;
        let moved = |sums: BTreeMap<String, Sum>| -> Vec<Moved> {
            let one = |s: Sum| Moved {
                claims: s.claims,
                money: s.money,
            };
            sums.into_values().map(one).collect()
        };
        let named = |dearest: Dearest| -> Vec<Difference> { dearest.into_values().collect() };
        let mut transitions: Vec<Transition> = self
            .transitions
            .into_iter()
            .map(|((from, to), flow)| Transition {
                from,
                to,
                claims: flow.claims,
                money: flow.money.into_values().map(|s| s.money).collect(),
                examples: named(flow.dearest),
            })
            .collect();
        transitions.sort_by_key(|t| (Reverse(t.claims), t.from, t.to));
        let mut load: Vec<Load> = self
            .load
            .into_iter()
            .map(|(employee, (old, new))| Load { employee, old, new })
            .collect();
        load.sort_by_key(|l| (Reverse(l.old.max(l.new)), l.employee));
        Report {
            from,
            to,
            policy,
            flow,
            claims: self.claims,
            erased: self.erased,
            differ: self.differ,
            to_auto: moved(self.to_auto),
            from_auto: moved(self.from_auto),
            transitions,
            weeks: u32::try_from(days.div_ceil(7)).unwrap_or(u32::MAX),
            load,
            days: Days {
                old_hours: median(&self.hours.0),
                new_hours: median(&self.hours.1),
                answers: durations.answers(),
            },
            false_approvals: named(self.wrong.1),
            false_approvals_count: self.wrong.0,
            blocked: Blocks {
                claims: self.blocked.0,
                examples: named(self.blocked.1),
            },
            rules: self
                .rules
                .into_iter()
                .map(|(rule, (old, new))| RuleHits { rule, old, new })
                .collect(),
        }
    }
}
