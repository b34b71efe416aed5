//! A hundred mistakes as people make them, planted into the standard policies: at least 95 are flagged before anybody publishes – the
//! policy is refused, its tables are found wanting, a golden case changes, or claims of the past come out otherwise.

mod policy_common;

use std::collections::BTreeSet;

use jiff::civil::date;
use outlay_core::claim::Content;
use outlay_core::policy::{
    CN_STANDARD, DE_STANDARD, LineFacts, Policy, PolicyFacts, PolicySet, RuleRow, TableFinding, TableFindingKind,
    US_STANDARD,
};
use outlay_core::table::{Compiled, HitPolicy};
use policy_common::{Lots, any};

/// The kinds of mistake.
const KINDS: [&str; 10] = [
    "a bound off by one",
    "a row dropped",
    "two rows in the wrong order",
    "two answers exchanged",
    "in hundredths",
    "a nought too many",
    "a condition left out",
    "another code",
    "a row pasted and half changed",
    "nonsense typed",
];

fn sound(nth: usize) -> Policy {
    let text = [CN_STANDARD, DE_STANDARD, US_STANDARD][nth % 3];
    Policy::from_yaml(text).expect("sound")
}

/// All tables of a set, to change.
fn tables(set: &mut PolicySet) -> Vec<&mut Vec<RuleRow>> {
    let rules = set.rules.iter_mut().filter_map(|r| r.check.table_mut());
    let auto = set.auto_approval.iter_mut().map(|a| &mut a.table);
    rules.chain(auto).map(|t| &mut t.rows).collect()
}

/// The cell with its bound moved by one step, if it has one.
fn off_by_one(cell: &str, grades: &[String]) -> Option<String> {
    if let Some(rest) = cell.strip_prefix("<= ") {
        return Some(format!("< {rest}"));
    }
    if let Some(rest) = cell.strip_prefix("> ") {
        return Some(format!(">= {rest}"));
    }
    if let Some(from) = cell.strip_suffix('+') {
        let at = grades.iter().position(|g| g == from)?;
        return Some(format!("{}+", grades.get(at.checked_sub(1)?)?));
    }
    let (from, to) = cell.split_once("..")?;
    let at = grades.iter().position(|g| g == to)?;
    Some(format!("{from}..{}", grades.get(at - 1)?))
}

/// Whether two rows that follow each other are for the same input anywhere, so that their order counts.
fn meet(set: &PolicySet, table: usize, row: usize) -> bool {
    let all = set.rule_tables();
    let mut table = all[table].dmn(set).expect("readable");
    let counts = table.hit == HitPolicy::First;
    table.hit = HitPolicy::Unique;
    let found = Compiled::new(table).expect("a table").analyse().overlaps;
    counts && found.iter().any(|o| o.rows == (row as u32 + 1, row as u32 + 2))
}

/// Plants one mistake; `None` if this table has no place for it.
fn plant(kind: usize, set: &mut PolicySet, lots: &mut Lots) -> Option<()> {
    let was = set.clone();
    let grades = set.grades.clone();
    let tiers: Vec<String> = set.tiers.iter().map(|t| t.code.clone()).collect();
    let mut all = tables(set);
    let nth = lots.below(all.len());
    let rows = &mut all[nth];
    let at = lots.below(rows.len());
    let last = rows[at].cells.len() - 1;
    let is_number = |cell: &String| cell.parse::<i64>().is_ok();
    match kind {
        0 => {
            let place = rows[at]
                .cells
                .iter_mut()
                .find_map(|c| off_by_one(c, &grades).map(|new| (c, new)))?;
            *place.0 = place.1;
        }
        1 if rows.len() > 1 => drop(rows.remove(at)),
        2 if at + 1 < rows.len() && rows[at].cells[last] != rows[at + 1].cells[last] && meet(&was, nth, at) => {
            rows.swap(at, at + 1);
        }
        3 if at + 1 < rows.len() && rows[at].cells[last] != rows[at + 1].cells[last] => {
            let other = rows[at + 1].cells[last].clone();
            rows[at + 1].cells[last] = std::mem::replace(&mut rows[at].cells[last], other);
        }
        4 if is_number(&rows[at].cells[last]) && rows[at].cells[last] != "0" => rows[at].cells[last].push_str("00"),
        5 if is_number(&rows[at].cells[last]) && rows[at].cells[last] != "0" => rows[at].cells[last].push('0'),
        6 => {
            let asked = rows[at].cells[..last].iter_mut().find(|c| *c != "-")?;
            *asked = "-".to_owned();
        }
        7 => {
            let cell = rows[at].cells.iter_mut().find(|c| tiers.contains(c))?;
            let other = tiers.iter().find(|t| *t != cell)?;
            cell.clone_from(other);
        }
        8 if is_number(&rows[at].cells[last]) => {
            let mut copy = rows[at].clone();
            copy.cells[last] = "77".to_owned();
            rows.insert(at, copy);
        }
        9 => {
            let cell = lots.below(last + 1);
            rows[at].cells[cell] = ["5OO", "P99", ">> 3", "t1 t2"][lots.below(4)].to_owned();
        }
        _ => return None,
    }
    Some(())
}

/// What the policy says of claims: its findings and whether they pass by themselves.
fn says(policy: &Policy, claims: &[(Content, PolicyFacts)]) -> Vec<String> {
    let one = |(content, facts): &(Content, PolicyFacts)| {
        let found = policy.check(content, facts);
        let auto = policy.auto_approval(content, facts, &found);
        let told: Vec<String> = found
            .iter()
            .map(|f| format!("{} {:?} {:?}", f.rule, f.line, f.over))
            .collect();
        format!("{told:?} {}", auto.passes())
    };
    claims.iter().map(one).collect()
}

fn claims(policy: &Policy, seed: u64, count: usize) -> Vec<(Content, PolicyFacts)> {
    let mut lots = Lots(seed);
    let grades = ["P1", "P5", "P6", "P7", "P8", "P9", "P10"];
    (0..count)
        .map(|_| {
            let content = any(&mut lots, policy);
            let mut facts = PolicyFacts {
                grade: Some((*lots.one(&grades)).to_owned()),
                ..PolicyFacts::on(date(2026, 12, 31))
            };
            for line in content.lines.iter().filter(|l| l.category == "travel.air") {
                let known = LineFacts {
                    hours: [None, Some(3.into()), Some(8.into()), Some(9.into())][lots.below(4)],
                    ..LineFacts::default()
                };
                facts.lines.insert(line.id, known);
            }
            (content, facts)
        })
        .collect()
}

#[test]
fn the_standards_have_no_gaps_overlaps_or_dead_rows() {
    for nth in 0..3 {
        let policy = sound(nth);
        let found = policy.findings_of_tables();
        for finding in &found {
            for lang in [outlay_core::words::Lang::Zh, outlay_core::words::Lang::En] {
                assert!(!policy.table_words(finding, lang).text.is_empty());
            }
        }
        let wrong: Vec<&TableFinding> = found.iter().filter(|f| f.kind != TableFindingKind::NotExact).collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}", policy.id);
    }
}

#[test]
fn of_a_hundred_mistakes_95_are_flagged() {
    let mut lots = Lots(11);
    let (mut refused, mut analysed, mut golden, mut replayed) = (0, 0, 0, 0);
    let mut missed = Vec::new();
    let mut seen = BTreeSet::new();
    // For each policy its golden cases and its past, with what it says of them.
    let known: Vec<_> = (0..3)
        .map(|nth| {
            let policy = sound(nth);
            let told = [(5, 40), (23, 800)].map(|(seed, count)| {
                let claims = claims(&policy, seed, count);
                let told = says(&policy, &claims);
                (claims, told)
            });
            (policy, told)
        })
        .collect();
    for n in 0..100 {
        let kind = n / 10;
        // A mistake at a place of its own: one that is nowhere twice. Not each policy has ten places for each kind.
        let (nth, set) = (0..3_000)
            .find_map(|tried| {
                let nth = (n + tried / 300) % 3;
                let policy = &known[nth].0;
                let mut set = (**policy).clone();
                plant(kind, &mut set, &mut lots)?;
                let text = serde_norway::to_string(&set).expect("YAML");
                (set != **policy && seen.insert(text)).then_some((nth, set))
            })
            .unwrap_or_else(|| panic!("no place for {}", KINDS[kind]));
        let (policy, [(cases, of_cases), (past, of_past)]) = &known[nth];
        let wrong = match Policy::new(set.clone()) {
            Ok(wrong) => wrong,
            Err(error) => {
                let told = &error.problems[0];
                assert!(told.cell.as_ref().is_some_and(|c| !c.rule.is_empty()), "{told}");
                refused += 1;
                continue;
            }
        };
        if !wrong.findings_of_tables().is_empty() {
            analysed += 1;
            continue;
        }
        if says(&wrong, cases) != *of_cases {
            golden += 1;
            continue;
        }
        if says(&wrong, past) != *of_past {
            replayed += 1;
            continue;
        }
        let changed: Vec<String> = set
            .rules
            .iter()
            .zip(&policy.rules)
            .filter(|(a, b)| a != b)
            .map(|(a, _)| a.id.clone())
            .collect();
        missed.push(format!("{} in {} {changed:?}", KINDS[kind], policy.id));
    }
    let told = refused + analysed + golden + replayed;
    println!(
        "of 100: {refused} refused, {analysed} by analysis, {golden} by golden cases, {replayed} by replay; missed: {missed:#?}"
    );
    assert!(told >= 95, "{told} of 100; missed: {missed:#?}");
    assert!(refused + analysed >= 60, "{refused} + {analysed} without any claim");
}
