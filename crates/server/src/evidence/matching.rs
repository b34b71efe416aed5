//! Where a receipt may belong: points for what it shares with lines of drafts, drafts and visits, each with its reason.

use jiff::civil::Date;
use outlay_core::Money;
use outlay_core::evidence::fold_name;

/// What is known of a receipt.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Paper {
    /// What was paid.
    pub gross: Option<Money>,
    /// The day of the journey, else of issue.
    pub on: Option<Date>,
    /// A category of the policy; empty if unknown.
    pub category: String,
    /// Seller, cities and stations, as written.
    pub texts: Vec<String>,
}

/// What a receipt may belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A line of a draft that has no evidence.
    Line {
        /// The claim's number.
        claim: String,
        /// The line's id.
        line: String,
    },
    /// A draft, as a new line.
    Draft {
        /// The claim's number.
        claim: String,
    },
    /// A visit that no claim is about yet, as a new claim.
    Visit {
        /// The activity's id.
        activity: String,
    },
}

/// One of those that may be meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// What.
    pub target: Target,
    /// What people call it.
    pub label: String,
    /// The amount that the receipt must have; any if none is known.
    pub amount: Option<Money>,
    /// Its days, the first and the last.
    pub days: Option<(Date, Date)>,
    /// A category of the policy; empty if unknown.
    pub category: String,
    /// Where it was.
    pub place: String,
    /// Whom it was for.
    pub customer: String,
}

/// Why a receipt may belong somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The amounts are the same.
    SameAmount,
    /// It is of one of its days.
    SameDay,
    /// It is so many days away.
    NearDay(i64),
    /// The categories are the same.
    SameCategory,
    /// It names the place.
    Place(String),
    /// It names the customer.
    Customer(String),
}

/// Where a receipt may belong.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// What.
    pub target: Target,
    /// What people call it.
    pub label: String,
    /// The points of its reasons together.
    pub score: u32,
    /// Why.
    pub reasons: Vec<Reason>,
}

impl Reason {
    /// What it counts. A line's amount says most, then the day, then what else is shared.
    pub fn points(&self) -> u32 {
        match self {
            Reason::SameAmount => 50,
            Reason::SameDay => 40,
            Reason::Place(_) => 25,
            Reason::Customer(_) => 20,
            Reason::NearDay(1) => 20,
            Reason::SameCategory => 15,
            Reason::NearDay(_) => 10,
        }
    }
}

/// Fewer points are chance: a day in the neighbourhood alone says nothing.
const LEAST: u32 = 40;
/// Most days between a receipt and what it belongs to.
const FAR: i64 = 3;
/// Most that are shown.
const SHOWN: usize = 5;
/// One that is ahead of the next by so many points leaves no doubt.
const LEAD: u32 = 15;

/// Where `paper` may belong, the likeliest first. A line with another amount, and what is days away, are never meant.
pub fn matches(paper: &Paper, candidates: &[Candidate]) -> Vec<Match> {
    let mut found: Vec<Match> = candidates.iter().filter_map(|c| judge(paper, c)).collect();
    found.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.label.cmp(&b.label)));
    found.truncate(SHOWN);
    found
}

/// Whether the first of `found` is so far ahead that it is surely meant.
pub fn is_clear(found: &[Match]) -> bool {
    match found {
        [] => false,
        [_] => true,
        [first, second, ..] => first.score >= second.score + LEAD,
    }
}

fn judge(paper: &Paper, candidate: &Candidate) -> Option<Match> {
    let mut reasons = Vec::new();
    match (candidate.amount, paper.gross) {
        (Some(wanted), Some(paid)) if wanted == paid => reasons.push(Reason::SameAmount),
        (None, _) => {}
        _ => return None,
    }
    if let (Some((from, until)), Some(on)) = (candidate.days, paper.on) {
        let away = if on < from {
            days(on, from)
        } else if on > until {
            days(until, on)
        } else {
            0
        };
        match away {
            0 => reasons.push(Reason::SameDay),
            n if n <= FAR => reasons.push(Reason::NearDay(n)),
            _ => return None,
        }
    }
    if !paper.category.is_empty() && paper.category == candidate.category {
        reasons.push(Reason::SameCategory);
    }
    if names(paper, candidate.place.trim_end_matches('市')) {
        reasons.push(Reason::Place(candidate.place.clone()));
    }
    if names(paper, &candidate.customer) {
        reasons.push(Reason::Customer(candidate.customer.clone()));
    }
    let score = reasons.iter().map(Reason::points).sum();
    (score >= LEAST).then(|| Match {
        target: candidate.target.clone(),
        label: candidate.label.clone(),
        score,
        reasons,
    })
}

fn days(from: Date, to: Date) -> i64 {
    from.until(to).map_or(i64::MAX, |span| i64::from(span.get_days()))
}

/// Whether a receipt names something: two characters at least, spelled in whichever way.
fn names(paper: &Paper, what: &str) -> bool {
    let what = fold_name(what);
    what.chars().count() >= 2 && paper.texts.iter().any(|text| fold_name(text).contains(&what))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use outlay_core::Currency;

    use super::*;

    fn yuan(minor: i64) -> Money {
        Money::new(minor, Currency::CNY)
    }

    fn hotel() -> Paper {
        Paper {
            gross: Some(yuan(68_000)),
            on: Some(date(2026, 11, 19)),
            category: "lodging".into(),
            texts: vec!["上海临江酒店管理有限公司".into()],
        }
    }

    fn line(claim: &str, amount: i64, day: i8) -> Candidate {
        Candidate {
            target: Target::Line {
                claim: claim.into(),
                line: "1".into(),
            },
            label: claim.into(),
            amount: Some(yuan(amount)),
            days: Some((date(2026, 11, day), date(2026, 11, day))),
            category: "lodging".into(),
            place: String::new(),
            customer: "恒川精密".into(),
        }
    }

    fn visit(id: &str, from: i8, until: i8, place: &str) -> Candidate {
        Candidate {
            target: Target::Visit { activity: id.into() },
            label: id.into(),
            amount: None,
            days: Some((date(2026, 11, from), date(2026, 11, until))),
            category: String::new(),
            place: place.into(),
            customer: "恒川精密".into(),
        }
    }

    #[test]
    fn a_line_of_the_same_amount_and_day_is_surely_meant() {
        let all = [
            visit("v", 19, 19, "上海市"),
            line("BX1", 68_000, 19),
            line("BX2", 68_100, 19),
        ];
        let found = matches(&hotel(), &all);
        let labels: Vec<&str> = found.iter().map(|m| m.label.as_str()).collect();
        assert_eq!(labels, ["BX1", "v"], "another amount is never meant");
        assert_eq!(
            found[0].reasons,
            [Reason::SameAmount, Reason::SameDay, Reason::SameCategory]
        );
        assert_eq!(found[0].score, 105);
        assert_eq!(found[1].reasons, [Reason::SameDay, Reason::Place("上海市".into())]);
        assert!(is_clear(&found));
    }

    #[test]
    fn two_visits_of_one_day_are_told_by_the_place_else_left_open() {
        let found = matches(&hotel(), &[visit("a", 18, 20, "杭州"), visit("b", 19, 19, "上海")]);
        assert_eq!(found[0].label, "b");
        assert!(is_clear(&found));
        let found = matches(&hotel(), &[visit("a", 18, 20, ""), visit("b", 19, 19, "")]);
        assert_eq!(found.len(), 2);
        assert!(!is_clear(&found), "nothing tells them apart");
    }

    #[test]
    fn days_away_and_a_near_day_alone_are_no_reason() {
        assert_eq!(matches(&hotel(), &[visit("a", 1, 15, "上海")]), []);
        assert_eq!(matches(&hotel(), &[visit("a", 20, 20, "杭州")]), []);
        let [near] = matches(&hotel(), &[visit("a", 20, 20, "上海")])
            .try_into()
            .expect("one");
        assert_eq!(near.reasons, [Reason::NearDay(1), Reason::Place("上海".into())]);
    }

    #[test]
    fn a_station_names_the_city_and_a_seller_the_customer() {
        let train = Paper {
            texts: vec!["中国铁路".into(), "上海虹桥".into()],
            ..hotel()
        };
        assert_eq!(
            matches(&train, &[visit("a", 19, 19, "上海")])[0].reasons,
            [Reason::SameDay, Reason::Place("上海".into())]
        );
        let canteen = Paper {
            texts: vec!["恒川精密（上海）餐厅".into()],
            ..hotel()
        };
        assert!(
            matches(&canteen, &[visit("a", 19, 19, "")])[0]
                .reasons
                .contains(&Reason::Customer("恒川精密".into()))
        );
    }

    #[test]
    fn what_is_not_known_counts_nothing() {
        let unknown = Paper::default();
        assert_eq!(
            matches(&unknown, &[line("BX1", 68_000, 19), visit("v", 19, 19, "")]),
            []
        );
    }
}
