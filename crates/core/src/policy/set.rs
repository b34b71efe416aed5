//! One version of a set of rules, with the names that the rules use.

use std::ops::Deref;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::VersionRef;
use super::audit::Audit;
use super::per_diem::PerDiem;
use super::rule::{AutoApproval, DaysOff, Rule};
use super::tables::Tables;
use crate::Currency;
use crate::words::Text;

/// A policy set that was read and found sound. It never changes: a change is a new version.
#[derive(Debug, Clone)]
pub struct Policy {
    pub(super) set: PolicySet,
    /// Its tables, each made ready once.
    pub(super) ready: Arc<Tables>,
}

impl Deref for Policy {
    type Target = PolicySet;
    fn deref(&self) -> &PolicySet {
        &self.set
    }
}

impl PartialEq for Policy {
    fn eq(&self, other: &Policy) -> bool {
        self.set == other.set
    }
}

impl Eq for Policy {}

/// A policy set as finance writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySet {
    /// Which policy.
    pub id: String,
    /// Its version, from 1.
    pub version: u32,
    /// What people call it.
    pub name: Text,
    /// First day on which claims are judged by it.
    pub effective_from: Date,
    /// Code of the legal entity it is for.
    pub entity: String,
    /// The entity's currency: all amounts are in it.
    pub currency: Currency,
    /// Where the policy comes from.
    #[serde(default)]
    pub source: Option<String>,
    /// The grades that rules may name, from low to high.
    #[serde(default)]
    pub grades: Vec<String>,
    /// What money may be spent on.
    pub categories: Vec<Category>,
    /// Groups of cities; one without places takes all the others.
    #[serde(default)]
    pub tiers: Vec<Tier>,
    /// Times of the year.
    #[serde(default)]
    pub seasons: Vec<Season>,
    /// Classes of seats and cabins, from low to high.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<Class>,
    /// Public holidays, and weekends on which people work.
    #[serde(default)]
    pub days_off: DaysOff,
    /// What is checked.
    pub rules: Vec<Rule>,
    /// What passes without a person; nothing if absent.
    #[serde(default)]
    pub auto_approval: Option<AutoApproval>,
    /// Which share of that a person looks at all the same; none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<Audit>,
    /// What is granted for days away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub per_diems: Vec<PerDiem>,
}

/// Something money may be spent on (费用类别).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Unique code, such as `lodging`.
    pub code: String,
    /// What people call it.
    pub name: Text,
    /// What a line's quantity counts.
    #[serde(default)]
    pub unit: Unit,
    /// Whether input tax may be asked back.
    pub vat_creditable: bool,
    /// Words in an invoice's items that speak for this category.
    #[serde(default)]
    pub hints: Vec<String>,
}

/// A class of seats or cabins (席别).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Unique code, such as `economy`.
    pub code: String,
    /// What people call it.
    pub name: Text,
    /// Only for lines of these categories; for all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    /// Words in a line's description that speak for it; width and case do not count.
    #[serde(default)]
    pub words: Vec<String>,
}

/// What the quantity of a line counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Nothing.
    #[default]
    None,
    /// Nights.
    Night,
    /// Persons.
    Person,
    /// Kilometres.
    Km,
    /// Miles.
    Mile,
}

/// A group of cities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Unique code.
    pub code: String,
    /// What people call it.
    pub name: Text,
    /// The cities, in any spelling that people use; absent in the tier of all others.
    #[serde(default)]
    pub places: Option<Vec<String>>,
}

/// A time of the year, in some cities or everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// Its code; several spans may share one.
    pub code: String,
    /// What people call it.
    pub name: Text,
    /// First day, as `MM-DD`.
    pub from: String,
    /// Last day, as `MM-DD`; before `from` where it spans the new year.
    pub to: String,
    /// Only in these cities.
    #[serde(default)]
    pub places: Option<Vec<String>>,
}

impl Policy {
    /// Its name and version.
    pub fn reference(&self) -> VersionRef {
        VersionRef {
            id: self.id.clone(),
            version: self.version,
        }
    }

    /// A category by its code.
    pub fn category(&self, code: &str) -> Option<&Category> {
        self.categories.iter().find(|c| c.code == code)
    }

    /// The category that an invoice's items speak for most clearly: the one with the longest hint in `text`, the
    /// first of equals.
    pub fn category_of(&self, text: &str) -> Option<&Category> {
        let text = fold(text);
        let best = |c: &Category| {
            let found = c.hints.iter().map(|h| fold(h)).filter(|h| text.contains(h.as_str()));
            found.map(|h| h.chars().count()).max()
        };
        self.categories
            .iter()
            .rev()
            .filter_map(|c| Some((best(c)?, c)))
            .max_by_key(|(length, _)| *length)
            .map(|(_, c)| c)
    }

    /// The tier of a city.
    pub fn tier(&self, place: &str) -> Option<&Tier> {
        let place = fold_place(place);
        if place.is_empty() {
            return None;
        }
        let named = self
            .tiers
            .iter()
            .find(|t| t.places.iter().flatten().any(|p| fold_place(p) == place));
        named.or_else(|| self.tiers.iter().find(|t| t.places.is_none()))
    }

    /// The season of a day in a city: the first that holds.
    pub fn season(&self, day: Date, place: Option<&str>) -> Option<&Season> {
        let place = place.map(fold_place);
        self.seasons.iter().find(|s| {
            let here = s.places.as_ref().is_none_or(|all| {
                all.iter()
                    .any(|p| place.as_deref().is_some_and(|here| fold_place(p) == here))
            });
            here && s.holds(day)
        })
    }

    /// Whether a grade is one of those that a condition names.
    pub(super) fn grade_is(&self, conditions: &[String], grade: Option<&str>) -> bool {
        let at = |code: &str| self.grades.iter().position(|g| g == code);
        let Some(mine) = grade.and_then(at) else { return false };
        conditions.iter().any(|condition| match GradeRange::parse(condition) {
            GradeRange::One(code) => at(code) == Some(mine),
            GradeRange::From(code) => at(code).is_some_and(|from| from <= mine),
            GradeRange::Between(from, to) => {
                at(from).is_some_and(|from| from <= mine) && at(to).is_some_and(|to| mine <= to)
            }
        })
    }

    /// The policy that holds for an entity on a day: the one in force last, of the highest version.
    pub fn in_force<'a>(all: impl IntoIterator<Item = &'a Policy>, entity: &str, day: Date) -> Option<&'a Policy> {
        all.into_iter()
            .filter(|p| p.entity == entity && p.effective_from <= day)
            .max_by_key(|p| (p.effective_from, p.version))
    }
}

impl Season {
    fn holds(&self, day: Date) -> bool {
        let (Some(from), Some(to)) = (month_day(&self.from), month_day(&self.to)) else {
            return false;
        };
        let day = (day.month(), day.day());
        if from <= to {
            from <= day && day <= to
        } else {
            from <= day || day <= to
        }
    }
}

/// A condition on grades.
pub(super) enum GradeRange<'a> {
    One(&'a str),
    From(&'a str),
    Between(&'a str, &'a str),
}

impl GradeRange<'_> {
    pub(super) fn parse(text: &str) -> GradeRange<'_> {
        if let Some((from, to)) = text.split_once("..") {
            GradeRange::Between(from.trim(), to.trim())
        } else if let Some(from) = text.strip_suffix('+') {
            GradeRange::From(from.trim())
        } else {
            GradeRange::One(text.trim())
        }
    }
}

/// Reads `MM-DD`; 02-29 is a day.
pub(super) fn month_day(text: &str) -> Option<(i8, i8)> {
    if text.len() != 5 {
        return None;
    }
    let day: Date = format!("2024-{text}").parse().ok()?;
    Some((day.month(), day.day()))
}

/// One spelling for a word: width and case do not count.
pub(super) fn fold(text: &str) -> String {
    // What most texts are made of has one spelling already, and is asked for with each line.
    let plain = |c: char| c.is_ascii() || ('\u{4e00}'..='\u{9fff}').contains(&c);
    if text.chars().all(plain) {
        return text.to_ascii_lowercase();
    }
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// One spelling for a city: width, case, spaces, and a trailing 市 do not count.
pub(super) fn fold_place(place: &str) -> String {
    let folded: String = fold(place).chars().filter(|c| !c.is_whitespace()).collect();
    match folded.strip_suffix('市') {
        Some(short) if short.chars().count() >= 2 => short.to_owned(),
        _ => folded,
    }
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::fold;

    #[test]
    fn a_text_folds_the_same_with_and_without_the_short_way() {
        let parts = [
            "Business Class",
            "一等座",
            "龿",
            "ＡＢＣ",
            "é",
            "e\u{301}",
            "İ",
            "ﬁ",
            "１",
            " ",
            "Ⅷ",
            "가",
            "々",
            "〇",
        ];
        for one in parts {
            for other in parts {
                let text = format!("{one}{other}");
                let whole: String = text.nfkc().flat_map(char::to_lowercase).collect();
                assert_eq!(fold(&text), whole, "{text}");
            }
        }
    }
}
