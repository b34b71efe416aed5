//! Ten thousand claims whose makers know what they are: half are clean, half break one rule of the company's book in one of twenty ways.
//! What is right stands here in figures of its own, not asked of the policy. At least 90 % of the clean ones pass by themselves, and no
//! violation does.

mod policy_common;

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use outlay_core::claim::{Content, Grade, Line, Rate};
use outlay_core::ids::{AccountId, ActivityId, ContactId, DealId, LineId};
use outlay_core::policy::{CN_STANDARD, LineFacts, Policy, PolicyFacts, Similar};
use outlay_core::{Currency, Money};
use policy_common::{Lots, content, id, line, proof};
use rust_decimal::Decimal;

const CNY: Currency = Currency::CNY;
const TODAY: Date = date(2026, 11, 21);
/// What may pass without a person, in fen.
const MOST: i64 = 2000_00;

/// The company's book, as its staff know it: a night for grades up to P6, from P7 and from P9, by kind of city, outside the season.
const NIGHT: [(&str, [i64; 3]); 6] = [
    ("上海", [500_00, 700_00, 1200_00]),
    ("北京市", [500_00, 700_00, 1200_00]),
    ("杭州", [400_00, 550_00, 900_00]),
    ("武汉", [400_00, 550_00, 900_00]),
    ("义乌", [320_00, 450_00, 900_00]),
    ("曲阜", [320_00, 450_00, 900_00]),
];
const MEALS: [i64; 2] = [120_00, 250_00];
const HOST: [i64; 3] = [150_00, 200_00, 300_00];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Breach {
    DearNight,
    DearMeals,
    DearTaxi,
    DearHosting,
    HostedAlone,
    HostedNobody,
    NoReceipt,
    LonePhoto,
    UsedInvoice,
    BrokenInvoice,
    OtherBuyer,
    TwiceHere,
    TwiceElsewhere,
    Late,
    HighSeat,
    HighCabin,
    TooMuchTax,
    TaxOnMeals,
    OldRate,
    TooLarge,
    ForNobody,
    NoCity,
    DearAllowance,
    NoSuchGrade,
}

const BREACHES: [Breach; 24] = [
    Breach::DearNight,
    Breach::DearMeals,
    Breach::DearTaxi,
    Breach::DearHosting,
    Breach::HostedAlone,
    Breach::HostedNobody,
    Breach::NoReceipt,
    Breach::LonePhoto,
    Breach::UsedInvoice,
    Breach::BrokenInvoice,
    Breach::OtherBuyer,
    Breach::TwiceHere,
    Breach::TwiceElsewhere,
    Breach::Late,
    Breach::HighSeat,
    Breach::HighCabin,
    Breach::TooMuchTax,
    Breach::TaxOnMeals,
    Breach::OldRate,
    Breach::TooLarge,
    Breach::ForNobody,
    Breach::NoCity,
    Breach::DearAllowance,
    Breach::NoSuchGrade,
];

/// A claim and what is known of it.
struct Made {
    content: Content,
    grade: String,
    facts: BTreeMap<LineId, LineFacts>,
}

/// 0 up to P6, 1 from P7, 2 from P9.
fn band(grade: usize) -> usize {
    usize::from(grade >= 7) + usize::from(grade >= 9)
}

/// A day from May to August, when no city has its season, never the same twice in a claim.
fn day(lots: &mut Lots, n: usize) -> Date {
    date(2026, 8, 24 + n as i8)
        .checked_add(jiff::Span::new().days(lots.below(2) as i64 * 3))
        .expect("a day")
}

fn good(lots: &mut Lots, n: usize) -> Option<outlay_core::claim::Evidence> {
    proof(n, if lots.below(2) == 0 { Grade::A } else { Grade::B })
}

fn set(line: &mut Line, minor: i64) {
    let money = Money::new(minor, CNY);
    line.paid = money;
    line.claimed = money;
    line.allocations[0].amount = money;
}

/// A line of a kind that is right for a grade.
fn right(lots: &mut Lots, n: usize, kind: &str, grade: usize) -> Line {
    let on = day(lots, n);
    let mut made = line(n, kind, on, 1_00, CNY);
    made.evidence = good(lots, n);
    match kind {
        "lodging" => {
            let (city, nights) = *lots.one(&NIGHT);
            made.place = Some(city.to_owned());
            made.quantity = 1;
            let each = lots.between(150_00, nights[band(grade)]);
            set(&mut made, each);
            made.tax = Some(Money::new(each * 5 / 106, CNY));
        }
        "meals" => {
            let most = MEALS[usize::from(grade >= 9)];
            let minor = lots.between(8_00, most);
            set(&mut made, minor);
        }
        "travel.taxi" => {
            let minor = lots.between(12_00, 150_00);
            set(&mut made, minor);
        }
        "travel.rail" => {
            let minor = lots.between(40_00, 700_00);
            set(&mut made, minor);
            let seats: &[&str] = if grade >= 9 {
                &["二等座", "一等座", "软卧"]
            } else {
                &["二等座", "硬卧", ""]
            };
            made.description = format!("北京南 → 上海虹桥，{}", lots.one(seats));
        }
        "travel.air" => {
            let minor = lots.between(300_00, 900_00);
            set(&mut made, minor);
            made.description = "PEK–SHA 经济舱".into();
        }
        "hospitality" => {
            made.quantity = 2 + lots.below(3) as u32;
            let minor = lots.between(50_00, HOST[band(grade)]) * i64::from(made.quantity);
            set(&mut made, minor);
        }
        "allowance.meals" => {
            set(&mut made, 100_00);
            made.evidence = None;
        }
        "allowance.transport" => {
            set(&mut made, 80_00);
            made.evidence = None;
        }
        _ => {
            let minor = lots.between(20_00, 400_00);
            set(&mut made, minor);
        }
    }
    made
}

const RIGHT: [&str; 10] = [
    "lodging",
    "meals",
    "travel.taxi",
    "travel.rail",
    "travel.air",
    "hospitality",
    "allowance.meals",
    "allowance.transport",
    "office",
    "samples",
];

/// A clean claim that has a line of `first`, if that is asked for.
fn clean(lots: &mut Lots, first: Option<&str>) -> Made {
    loop {
        let grade = 1 + lots.below(10);
        let count = 1 + lots.below(3);
        let mut lines = Vec::new();
        for n in 0..count {
            let kind = match (n, first) {
                (0, Some(kind)) => kind,
                _ => *lots.one(&RIGHT),
            };
            lines.push(right(lots, n, kind, grade));
        }
        let mut made = content(lines, CNY);
        match lots.below(3) {
            0 => made.links.deal = Some(DealId(id(1))),
            1 => made.links.activity = Some(ActivityId(id(1))),
            _ => made.links.account = Some(AccountId(id(1))),
        }
        if made.lines.iter().any(|l| l.category == "hospitality") {
            made.links.contact = Some(ContactId(id(1)));
            made.links.deal = Some(DealId(id(1)));
        }
        // What the book allows a day, a claim could still break by two lines on one day.
        let mut days: Vec<(Date, &str)> = made
            .lines
            .iter()
            .map(|l| (l.incurred_on, l.category.as_str()))
            .collect();
        days.sort();
        days.dedup();
        if days.len() == made.lines.len() && made.claimed().minor <= MOST {
            return Made {
                content: made,
                grade: format!("P{grade}"),
                facts: BTreeMap::new(),
            };
        }
    }
}

/// A claim that was clean until one thing was done to it.
fn broken(lots: &mut Lots, breach: Breach) -> Made {
    let kind = match breach {
        Breach::DearNight | Breach::NoCity => Some("lodging"),
        Breach::DearMeals | Breach::TaxOnMeals => Some("meals"),
        Breach::DearTaxi => Some("travel.taxi"),
        Breach::DearHosting | Breach::HostedAlone | Breach::HostedNobody => Some("hospitality"),
        Breach::NoReceipt | Breach::LonePhoto | Breach::TooMuchTax | Breach::OldRate | Breach::TooLarge => {
            Some("office")
        }
        Breach::HighSeat => Some("travel.rail"),
        Breach::HighCabin => Some("travel.air"),
        Breach::DearAllowance => Some("allowance.meals"),
        _ => None,
    };
    let mut made = clean(lots, kind);
    let grade: usize = made.grade[1..].parse().expect("a grade");
    let more = [1, 1, 50, 100_00][lots.below(4)];
    let first = made.content.lines[0].clone();
    let on = first.incurred_on;
    let line = &mut made.content.lines[0];
    let mut known = LineFacts::default();
    match breach {
        Breach::DearNight => {
            let (_, nights) = NIGHT
                .iter()
                .find(|(city, _)| line.place.as_deref() == Some(*city))
                .expect("a city");
            set(line, nights[band(grade)] + more);
        }
        Breach::DearMeals => set(line, MEALS[usize::from(grade >= 9)] + more),
        Breach::DearTaxi => {
            made.grade = format!("P{}", 1 + grade % 8);
            set(line, 150_00 + more);
        }
        Breach::DearHosting => {
            let quantity = i64::from(line.quantity);
            set(line, HOST[band(grade)] * quantity + more);
        }
        Breach::HostedAlone => {
            line.quantity = 1;
            set(line, 80_00);
        }
        // A visit says who was met, too.
        Breach::HostedNobody => {
            made.content.links.contact = None;
            made.content.links.activity = None;
        }
        Breach::NoReceipt => {
            set(line, 100_00 + more);
            line.evidence = None;
        }
        Breach::LonePhoto => {
            set(line, [1_00, 99_00, 300_00][lots.below(3)]);
            line.evidence = proof(0, Grade::C);
        }
        Breach::UsedInvoice => known.used_on = Some(date(2026, 9, 1)),
        Breach::BrokenInvoice => known.failed_checks = vec!["sum".into()],
        Breach::OtherBuyer => {
            known.buyer = Some("个人".into());
            known.buyer_matches = Some(false);
        }
        Breach::TwiceHere => {
            let mut copy = first;
            copy.id = LineId(id(90));
            made.content.lines.push(copy);
        }
        Breach::TwiceElsewhere => {
            known.similar = vec![Similar {
                claim: "BX2611-0042".into(),
            }]
        }
        Breach::Late => {
            line.incurred_on = TODAY
                .checked_sub(jiff::Span::new().days(91 + lots.below(60) as i64))
                .expect("a day")
        }
        Breach::HighSeat => line.description = if grade >= 9 { "商务座" } else { "一等座" }.into(),
        Breach::HighCabin => {
            made.grade = format!("P{}", 1 + grade % 9);
            line.description = ["公务舱", "头等舱", "Business Class"][lots.below(3)].into();
        }
        Breach::TooMuchTax => line.tax = Some(Money::new(line.claimed.minor * 13 / 113 + 2, CNY)),
        Breach::TaxOnMeals => line.tax = Some(Money::new(1, CNY)),
        Breach::OldRate => {
            line.paid = Money::new(line.claimed.minor / 7, Currency::USD);
            line.rate = Some(Rate {
                value: Decimal::from(7),
                source: "SAFE".into(),
                on: on.checked_sub(jiff::Span::new().days(8)).expect("a day"),
            });
        }
        Breach::TooLarge => set(line, MOST + more),
        Breach::ForNobody => {
            made.content.links = Default::default();
            made.content.links.contact = Some(ContactId(id(1)));
        }
        Breach::NoCity => line.place = None,
        Breach::DearAllowance => set(line, 100_00 + more),
        Breach::NoSuchGrade => made.grade = "VP".into(),
    }
    if known != LineFacts::default() {
        let id = made.content.lines[0].id;
        made.facts.insert(id, known);
    }
    made
}

fn passes(policy: &Policy, made: &Made) -> (bool, String) {
    let facts = PolicyFacts {
        grade: Some(made.grade.clone()),
        lines: made.facts.clone(),
        ..PolicyFacts::on(TODAY)
    };
    let found = policy.check(&made.content, &facts);
    let auto = policy.auto_approval(&made.content, &facts, &found);
    let told: Vec<&str> = found.iter().map(|f| f.rule.as_str()).collect();
    (auto.passes(), format!("{told:?} {:?}", auto.reasons()))
}

#[test]
fn clean_claims_pass_and_no_violation_does() {
    let policy = Policy::from_yaml(CN_STANDARD).expect("sound");
    let mut lots = Lots(2026);
    let (mut clean_passed, mut held) = (0, BTreeMap::new());
    let mut kept: Vec<String> = Vec::new();
    for n in 0..5_000 {
        let made = clean(&mut lots, None);
        let (passed, why) = passes(&policy, &made);
        clean_passed += u32::from(passed);
        if !passed {
            kept.push(why);
        }
        let breach = BREACHES[n % BREACHES.len()];
        let made = broken(&mut lots, breach);
        let (passed, why) = passes(&policy, &made);
        assert!(!passed, "{breach:?} passed by itself: {why} {:#?}", made.content);
        *held.entry(format!("{breach:?}")).or_insert(0) += 1;
    }
    println!(
        "{clean_passed} of 5000 clean claims passed; held: {held:?}; kept back: {:?}",
        kept.first()
    );
    assert!(
        clean_passed >= 4_500,
        "{clean_passed} of 5000: {:#?}",
        &kept[..kept.len().min(5)]
    );
    assert_eq!(held.len(), 24);
}

/// What the audit draws from those is repeatable, and near its share.
#[test]
fn an_audit_draws_its_share_and_always_the_same() {
    let text = CN_STANDARD.replace(
        "\nper_diems:",
        "\naudit:\n  role: auditor\n  table:\n    hit: first\n    inputs: [total]\n    rows:\n      - [\">= 1000\", 20%]\n      - [\"-\", 5%]\n\nper_diems:",
    );
    let policy = Policy::from_yaml(&text).expect("sound");
    let mut lots = Lots(4);
    let (mut drawn, mut all) = ([0; 2], [0; 2]);
    for n in 0..4_000u128 {
        let made = clean(&mut lots, None);
        let facts = PolicyFacts {
            grade: Some(made.grade.clone()),
            claim: Some(outlay_core::ids::ClaimId(uuid::Uuid::from_u128(n * 7_919 + 13))),
            ..PolicyFacts::on(TODAY)
        };
        let found = policy.check(&made.content, &facts);
        let auto = policy.auto_approval(&made.content, &facts, &found);
        assert_eq!(auto, policy.auto_approval(&made.content, &facts, &found));
        let large = usize::from(made.content.claimed().minor >= 1000_00);
        all[large] += 1;
        drawn[large] += u32::from(auto.audit() == Some(outlay_core::org::Role::Auditor));
        assert_eq!(auto.passes(), auto.audit().is_none());
        let words = policy.reason(auto.reasons().last().expect("a reason"), outlay_core::words::Lang::Zh);
        assert!(words.contains("抽查"), "{words}");
    }
    println!("{drawn:?} of {all:?} drawn");
    for (drawn, all, share) in [(drawn[0], all[0], 5), (drawn[1], all[1], 20)] {
        let wanted = all * share;
        assert!(
            drawn * 100 > wanted * 7 / 10 && drawn * 100 < wanted * 13 / 10,
            "{drawn} of {all}"
        );
    }
}
