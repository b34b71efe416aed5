//! Policies told as stories: a content and what is known of it, then what is found and in which words.
//! Each file under `tests/policy/` holds cases; see `case` for their shape.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use outlay_core::claim::{Allocation, Content, Evidence, Grade, Line, Links, Rate};
use outlay_core::ids::{AccountId, ActivityId, ContactId, CostCenterId, DealId, LineId};
use outlay_core::policy::{
    Auto, CN_STANDARD, DE_STANDARD, LineFacts, Policy, PolicyFacts, Severity, US_STANDARD, YearFacts,
};
use outlay_core::words::Lang;
use outlay_core::{Currency, Money};
use proptest::prelude::*;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    case: String,
    policy: String,
    today: Date,
    grade: Option<String>,
    #[serde(default)]
    purpose: String,
    /// CRM records at the claim's head: account, deal, activity, contact.
    #[serde(default)]
    links: Vec<String>,
    year: Option<Year>,
    lines: Vec<Row>,
    /// `severity rule [line] [over]`, in order.
    expect: Vec<String>,
    /// Words that must be found in the text of the findings, in either language.
    #[serde(default)]
    words: Vec<String>,
    /// `yes` or `no`, then the codes of the reasons.
    auto: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    category: String,
    on: Date,
    claimed: String,
    /// What was paid, such as `100.00 EUR`, if not the claimed amount.
    paid: Option<String>,
    rate_on: Option<Date>,
    place: Option<String>,
    #[serde(default)]
    description: String,
    quantity: Option<u32>,
    tax: Option<String>,
    evidence: Option<Grade>,
    /// What the line is for: `account`, `deal`, `deal, in part`, `deal and account`, or by default a cost centre.
    serves: Option<String>,
    #[serde(default)]
    facts: LineFacts,
}

/// A year of the entity: its revenue, and what other claims spent on hospitality.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Year {
    year: i16,
    revenue: Option<String>,
    hospitality: String,
}

fn id(n: usize) -> Uuid {
    Uuid::from_u128(n as u128 + 1)
}

fn policy(name: &str) -> Policy {
    let standard = match name {
        "cn-standard" => CN_STANDARD,
        "de-standard" => DE_STANDARD,
        "us-standard" => US_STANDARD,
        other => {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/policy/sets")
                .join(other);
            return Policy::from_yaml(&fs::read_to_string(path).expect("the case's policy")).expect("sound");
        }
    };
    Policy::from_yaml(standard).expect("a standard is sound")
}

fn content(case: &Case, currency: Currency) -> Content {
    let has = |what: &str| case.links.iter().any(|l| l == what);
    let known = ["account", "deal", "activity", "contact"];
    assert!(case.links.iter().all(|l| known.contains(&l.as_str())), "{}", case.case);
    Content {
        claimant: outlay_core::ids::EmployeeId(id(0)),
        entity: outlay_core::ids::EntityId(id(0)),
        department: outlay_core::ids::DepartmentId(id(0)),
        currency,
        title: case.case.clone(),
        purpose: case.purpose.clone(),
        links: Links {
            account: has("account").then(|| AccountId(id(1))),
            deal: has("deal").then(|| DealId(id(1))),
            activity: has("activity").then(|| ActivityId(id(1))),
            contact: has("contact").then(|| ContactId(id(1))),
            ..Links::default()
        },
        lines: case
            .lines
            .iter()
            .enumerate()
            .map(|(i, row)| line(i, row, currency))
            .collect(),
    }
}

fn line(i: usize, row: &Row, currency: Currency) -> Line {
    let claimed = Money::parse(&row.claimed, currency).expect("claimed");
    let paid = row.paid.as_deref().map_or(claimed, |text| {
        let (amount, code) = text.split_once(' ').expect("amount and currency");
        Money::parse(amount, Currency::parse(code).expect("currency")).expect("paid")
    });
    let serves = row.serves.as_deref();
    Line {
        id: LineId(id(i)),
        category: row.category.clone(),
        incurred_on: row.on,
        description: row.description.clone(),
        place: row.place.clone(),
        quantity: row.quantity.unwrap_or(1),
        paid,
        rate: row.rate_on.map(|on| Rate {
            value: claimed.decimal() / paid.decimal(),
            source: "ECB".to_owned(),
            on,
        }),
        claimed,
        tax: row.tax.as_deref().map(|t| Money::parse(t, currency).expect("tax")),
        evidence: row.evidence.map(|grade| Evidence {
            document: outlay_core::ids::DocumentId(id(i)),
            sha256: "00".repeat(32),
            invoice: None,
            gross: None,
            grade,
        }),
        allocations: allocations(serves, claimed),
        trip: None,
    }
}

fn allocations(serves: Option<&str>, claimed: Money) -> Vec<Allocation> {
    let to = |what: Option<&str>, amount| Allocation {
        account: (what == Some("account")).then(|| AccountId(id(1))),
        deal: (what == Some("deal")).then(|| DealId(id(1))),
        project: None,
        cost_center: what.is_none().then(|| CostCenterId(id(1))),
        amount,
    };
    let split = |a, b| {
        let parts = claimed.split(&[1, 9]);
        vec![to(a, parts[0]), to(b, parts[1])]
    };
    match serves {
        Some("deal, in part") => split(Some("deal"), None),
        Some("deal and account") => split(Some("deal"), Some("account")),
        serves => vec![to(serves, claimed)],
    }
}

fn year(of: &Year, currency: Currency) -> (i16, YearFacts) {
    let money = |text: &str| Money::parse(text, currency).expect("an amount");
    let facts = YearFacts {
        revenue: of.revenue.as_deref().map(money),
        spent: BTreeMap::from([("hospitality-meter".to_owned(), money(&of.hospitality))]),
    };
    (of.year, facts)
}

fn facts(today: Date, grade: Option<String>) -> PolicyFacts {
    PolicyFacts {
        grade,
        ..PolicyFacts::on(today)
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warn => "warn",
        Severity::Block => "block",
    }
}

fn run(case: &Case) {
    let policy = policy(&case.policy);
    let content = content(case, policy.currency);
    let lines: BTreeMap<LineId, LineFacts> = case
        .lines
        .iter()
        .enumerate()
        .map(|(i, row)| (LineId(id(i)), row.facts.clone()))
        .collect();
    let facts = PolicyFacts {
        lines,
        years: case.year.iter().map(|y| year(y, policy.currency)).collect(),
        ..facts(case.today, case.grade.clone())
    };
    let found = policy.check(&content, &facts);
    let told: Vec<String> = found
        .iter()
        .map(|f| {
            let mut words = vec![severity(f.severity).to_owned(), f.rule.clone()];
            if let Some(line) = f.line {
                words.push((line.0.as_u128()).to_string());
            }
            words.extend(f.over.map(Money::plain));
            words.join(" ")
        })
        .collect();
    assert_eq!(told, case.expect, "{}", case.case);

    let mut read = String::new();
    for finding in &found {
        for lang in [Lang::Zh, Lang::En] {
            let words = policy.words(finding, lang);
            for text in [&words.title, &words.text, &words.fix, &words.rule_label] {
                assert!(!text.contains(['{', '}']), "{}: {text}", case.case);
                assert!(!text.trim().is_empty(), "{}: {finding:?}", case.case);
                read.push_str(text);
                read.push('\n');
            }
        }
        let json = serde_json::to_string(finding).expect("JSON");
        assert_eq!(
            &serde_json::from_str::<outlay_core::policy::Finding>(&json).expect("back"),
            finding
        );
    }
    let auto = policy.auto_approval(&content, &facts, &found);
    for reason in auto.reasons() {
        for lang in [Lang::Zh, Lang::En] {
            read.push_str(&policy.reason(reason, lang));
            read.push('\n');
        }
    }
    for words in &case.words {
        assert!(
            read.contains(words.as_str()),
            "{}: {words:?} is not in\n{read}",
            case.case
        );
    }
    if let Some(expected) = &case.auto {
        let mut told = vec![if matches!(auto, Auto::Yes { .. }) { "yes" } else { "no" }.to_owned()];
        told.extend(auto.reasons().iter().map(|r| {
            let code = serde_json::to_value(r.code).expect("a code");
            code.as_str().unwrap_or_default().to_owned()
        }));
        assert_eq!(&told, expected, "{}", case.case);
    }
}

fn files(folder: &str) -> Vec<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(path)
        .expect("the folder")
        .map(|f| f.expect("a file").path())
        .filter(|p| p.extension().is_some_and(|e| e == "yaml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} has no stories");
    files
}

#[test]
fn stories() {
    for path in files(".") {
        let text = fs::read_to_string(&path).expect("readable");
        let cases: Vec<Case> = serde_norway::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert!(!cases.is_empty());
        cases.iter().for_each(run);
    }
}

/// Every rule of the standards has a story in which it speaks.
#[test]
fn each_rule_has_a_story() {
    let mut spoken: Vec<(String, String)> = Vec::new();
    for path in files(".") {
        let cases: Vec<Case> = serde_norway::from_str(&fs::read_to_string(&path).expect("readable")).expect("stories");
        for case in cases {
            for finding in case.expect {
                let rule = finding.split(' ').nth(1).expect("a rule").to_owned();
                spoken.push((case.policy.clone(), rule));
            }
        }
    }
    for name in ["cn-standard", "de-standard", "us-standard"] {
        let silent: Vec<String> = policy(name)
            .rules
            .iter()
            .map(|r| r.id.clone())
            .filter(|id| !spoken.contains(&(name.to_owned(), id.clone())))
            .collect();
        assert_eq!(silent, Vec::<String>::new(), "{name}");
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrong {
    case: String,
    /// Text of a sound policy that is replaced …
    replace: String,
    /// … by this.
    by: String,
    /// Lines of the error, in part.
    says: Vec<String>,
}

#[test]
fn errors_name_the_place_and_the_fix() {
    let sound = include_str!("policy/sets/small.yaml");
    Policy::from_yaml(sound).expect("sound");
    let cases: Vec<Wrong> = serde_norway::from_str(include_str!("policy/wrong/errors.yaml")).expect("cases");
    let mut wrong = Vec::new();
    for case in cases {
        assert_eq!(sound.matches(&case.replace).count(), 1, "{}", case.case);
        let error = Policy::from_yaml(&sound.replace(&case.replace, &case.by))
            .expect_err(&case.case)
            .to_string();
        let says = |says: &String| error.contains(says);
        if !case.says.iter().all(says) || error.lines().count() - 1 != case.says.len() {
            wrong.push(format!("{}: {:?} is not\n{error}", case.case, case.says));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_is_no_policy() {
    for (text, says) in [
        ("", "missing field"),
        ("[]", "invalid"),
        ("\u{0}", "control character"),
        ("a: &a [*a]", ""),
        ("id: x\nid: y", "duplicate"),
    ] {
        let error = Policy::from_yaml(text).expect_err(text).to_string();
        assert!(error.contains(says), "{text:?}: {error}");
    }
    let huge = "#".repeat(600 * 1024);
    assert!(
        Policy::from_yaml(&huge)
            .expect_err("too long")
            .to_string()
            .contains("split it")
    );
}

#[test]
fn a_policy_survives_its_own_yaml() {
    for name in ["cn-standard", "de-standard", "us-standard"] {
        let policy = policy(name);
        let text = serde_norway::to_string(&*policy).expect("YAML");
        assert_eq!(Policy::from_yaml(&text).expect("sound"), policy);
    }
}

#[test]
fn the_policy_in_force_is_the_latest_that_has_begun() {
    let first = policy("cn-standard");
    let text = CN_STANDARD
        .replace("version: 1", "version: 2")
        .replace("2024-01-01", "2026-07-01");
    let second = Policy::from_yaml(&text).expect("sound");
    let all = [second, first];
    let at = |entity, day: &str| Policy::in_force(&all, entity, day.parse().expect("a day")).map(|p| p.version);
    assert_eq!(at("CN01", "2026-06-30"), Some(1));
    assert_eq!(at("CN01", "2026-07-01"), Some(2));
    assert_eq!(at("CN01", "2023-12-31"), None);
    assert_eq!(at("DE01", "2026-07-01"), None);
}

#[test]
fn invoice_items_suggest_a_category() {
    let policy = policy("cn-standard");
    let of = |text| policy.category_of(text).map(|c| c.code.as_str());
    assert_eq!(of("*住宿服务*住宿费"), Some("lodging"));
    assert_eq!(of("*餐饮服务*餐费"), Some("meals"));
    assert_eq!(of("*酒*白酒"), Some("hospitality"));
    assert_eq!(of("*信息技术服务*软件"), None);
}

#[test]
fn findings_of_another_version_keep_their_name() {
    let old = policy("cn-standard");
    let new = Policy::from_yaml(&CN_STANDARD.replace("version: 1", "version: 2")).expect("sound");
    let mut case: Vec<Case> = serde_norway::from_str(include_str!("policy/limits.yaml")).expect("stories");
    let case = case.swap_remove(0);
    let facts = facts(case.today, case.grade.clone());
    let found = old.check(&content(&case, old.currency), &facts);
    let words = new.words(&found[0], Lang::En);
    assert!(words.rule_label.contains("v1"), "{words:?}");
    assert!(words.title.contains(&found[0].rule), "{words:?}");
}

fn any_line() -> impl Strategy<Value = Row> {
    let category = prop_oneof![
        Just("lodging".to_owned()),
        Just("meals".to_owned()),
        Just("hospitality".to_owned()),
        Just("travel.rail".to_owned()),
        ".{0,12}",
    ];
    let place = proptest::option::of(prop_oneof![
        Just("北京市".to_owned()),
        Just("三亚".to_owned()),
        ".{0,8}"
    ]);
    let day = (-9000i16..9999, 1i8..13, 1i8..29);
    let what = (
        ".{0,20}",
        proptest::option::of(any::<u32>()),
        proptest::option::of(0u8..4),
    );
    (category, day, any::<i64>(), place, what, any::<i64>(), any::<bool>()).prop_map(
        |(category, (y, m, d), minor, place, (description, quantity, grade), tax, deal)| Row {
            category,
            on: jiff::civil::date(y, m, d),
            claimed: Money::new(minor.max(-i64::MAX), Currency::CNY).plain(),
            paid: None,
            rate_on: deal.then(|| jiff::civil::date(y, m, 28)),
            place,
            description,
            quantity,
            tax: Some(Money::new(tax.max(-i64::MAX), Currency::CNY).plain()),
            evidence: grade.map(|g| [Grade::A, Grade::B, Grade::C, Grade::D][usize::from(g)]),
            serves: deal.then(|| "deal".to_owned()),
            facts: LineFacts::default(),
        },
    )
}

proptest! {
    #[test]
    fn check_never_panics(
        rows in proptest::collection::vec(any_line(), 0..12),
        grade in proptest::option::of(prop_oneof![Just("P6".to_owned()), ".{0,4}"]),
        purpose in ".{0,9}",
        year in -9000i16..9999,
    ) {
        let case = Case {
            case: "any".to_owned(),
            policy: "cn-standard".to_owned(),
            today: jiff::civil::date(year, 6, 1),
            grade,
            purpose,
            links: Vec::new(),
            year: None,
            lines: rows,
            expect: Vec::new(),
            words: Vec::new(),
            auto: None,
        };
        let policy = policy("cn-standard");
        let mut content = content(&case, Currency::CNY);
        for line in &mut content.lines {
            line.rate.iter_mut().for_each(|r| r.value = rust_decimal::Decimal::ONE);
        }
        let facts = facts(case.today, case.grade.clone());
        let found = policy.check(&content, &facts);
        prop_assert_eq!(&found, &policy.check(&content, &facts));
        for finding in &found {
            let _ = finding.over_share();
            prop_assert!(finding.over.is_none_or(|o| o.minor > 0));
            for lang in [Lang::Zh, Lang::En] {
                prop_assert!(!policy.words(finding, lang).title.is_empty());
            }
        }
        let auto = policy.auto_approval(&content, &facts, &found);
        prop_assert!(!auto.passes() || found.iter().all(|f| f.severity == Severity::Info));
    }
}
