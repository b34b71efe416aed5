//! What a policy grants: a per diem is reckoned by the same tables that will check it.

use jiff::civil::Date;

use super::ask::{Said, amount, said};
use super::auto::asks;
use super::check::meets;
use super::fact::Fact;
use super::rule::{Check, Per};
use super::set::{fold, fold_place};
use super::{Policy, Tier};
use crate::Money;
use crate::feel::{Number, Value};

impl Policy {
    /// The most that a day (or a unit, such as a night) of `category` may cost somebody of `grade` in `place` on `day`, by
    /// the first table of limits that says so; none where no table does, or it sets no limit.
    pub fn allowance(&self, category: &str, grade: Option<&str>, place: Option<&str>, day: Date) -> Option<Money> {
        let tier = place.and_then(|p| self.tier(p)).map(|t| t.code.as_str());
        let season = self.season(day, place).map(|s| s.code.as_str());
        let text = |t: Option<&str>| t.map_or(Value::Null, Value::text);
        let value = |fact| match fact {
            Fact::Category => Value::text(category),
            Fact::Grade => text(grade.filter(|g| self.grades.iter().any(|known| known == g))),
            Fact::Tier => text(tier),
            Fact::Season => text(Some(season.unwrap_or("none"))),
            Fact::Place => text(place.map(fold_place).as_deref()),
            Fact::Date => Value::Date(day),
            Fact::DayOff => Value::Bool(self.days_off.contains(day)),
            Fact::Quantity => Value::Number(Number::ONE),
            _ => Value::Null,
        };
        self.rules.iter().zip(&self.ready.rules).find_map(|(rule, ready)| {
            let (Check::Limit(limit), Some(ready)) = (&rule.check, ready) else {
                return None;
            };
            let when = &rule.when;
            let asked = matches!(limit.per, Per::Day | Per::Unit)
                && rule.holds_on(day)
                && meets(category, tier, season, &when.categories, &when.tiers, &when.seasons)
                && when.grades.as_ref().is_none_or(|all| self.grade_is(all, grade));
            if !asked {
                return None;
            }
            match said(&ready.ask(value)) {
                Said::Answer(value) => Some(amount(&value, self.currency)),
                _ => None,
            }
        })?
    }

    /// Whether some table sets a limit for a day or a unit of `category`, somewhere and for somebody.
    pub fn grants(&self, category: &str) -> bool {
        if self.per_diems.iter().any(|p| p.category == category) {
            return true;
        }
        let named = |all: &Option<Vec<String>>| all.as_ref().is_none_or(|all| all.iter().any(|c| c == category));
        self.rules.iter().zip(&self.ready.rules).any(|(rule, ready)| {
            let (Check::Limit(limit), Some(ready)) = (&rule.check, ready) else {
                return false;
            };
            let column = ready.facts.iter().position(|f| *f == Fact::Category);
            let wanted = Value::text(category);
            let mut rows = ready.compiled.table().rows.iter().filter(|row| {
                let cell = column.and_then(|c| row.inputs.get(c));
                cell.is_none_or(|text| asks(text, &wanted))
            });
            matches!(limit.per, Per::Day | Per::Unit)
                && named(&rule.when.categories)
                && rows.any(|r| r.outputs.first().is_some_and(|o| o != "null"))
        })
    }

    /// Whether some table looks at what one day of `category` costs, so that each day needs a line of its own.
    pub fn by_the_day(&self, category: &str) -> bool {
        self.rules.iter().any(|rule| {
            let named = rule.when.categories.as_ref();
            let looks = named.is_none_or(|all| all.iter().any(|c| c == category));
            matches!(&rule.check, Check::Limit(limit) if limit.per == Per::Day) && looks
        })
    }

    /// The city of a tier that an address names, as the tier spells it; the longest of several.
    pub fn city(&self, address: &str) -> Option<&str> {
        let text = fold(address);
        let named = self.tiers.iter().flat_map(|t: &Tier| t.places.iter().flatten());
        named
            .filter(|place| fold_place(place) == fold_place(address) || names(&text, &fold(place)))
            .max_by_key(|place| place.chars().count())
            .map(String::as_str)
    }
}

/// Whether `text` holds `place`; a word in an alphabet must stand alone.
fn names(text: &str, place: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphabetic() && c < '\u{2e80}');
    text.match_indices(place).any(|(at, found)| {
        let before = letter(text[..at].chars().next_back()) && letter(place.chars().next());
        let after = letter(text[at + found.len()..].chars().next()) && letter(place.chars().next_back());
        !place.is_empty() && !before && !after
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::Currency;
    use crate::policy::{CN_STANDARD, DE_STANDARD};

    #[test]
    fn the_tables_that_check_also_grant() {
        let policy = Policy::from_yaml(CN_STANDARD).expect("a policy");
        let day = date(2026, 7, 1);
        let of = |category, grade, place| policy.allowance(category, grade, place, day).map(|m| m.to_string());
        let yuan = |n: i64| Some(Money::new(n * 100, Currency::CNY).to_string());
        assert_eq!(of("meals", Some("P5"), Some("上海市")), yuan(150));
        assert_eq!(of("meals", Some("P5"), Some("义乌")), yuan(120));
        assert_eq!(of("meals", Some("P5"), None), yuan(120));
        assert_eq!(of("meals", Some("P9"), Some("义乌")), yuan(250));
        assert_eq!(of("lodging", Some("P5"), Some("杭州")), yuan(400));
        // No limit, and no table.
        assert_eq!(of("travel.taxi", Some("P9"), Some("上海")), None);
        assert_eq!(of("office", Some("P5"), Some("上海")), None);
        assert!(policy.grants("travel.taxi") && !policy.grants("office"));
        assert!(policy.by_the_day("meals") && !policy.by_the_day("lodging"));
        let season = policy.allowance("lodging", Some("P5"), Some("北京"), date(2026, 10, 1));
        assert_eq!(season, Some(Money::new(600_00, Currency::CNY)));
    }

    #[test]
    fn an_address_names_its_city() {
        let china = Policy::from_yaml(CN_STANDARD).expect("a policy");
        for (address, city) in [
            ("上海市浦东新区世纪大道 100 号", Some("上海")),
            ("上海", Some("上海")),
            ("HANGZHOU office", Some("Hangzhou")),
            ("浙江省义乌市", None),
            ("", None),
        ] {
            assert_eq!(china.city(address), city, "{address}");
        }
        let germany = Policy::from_yaml(DE_STANDARD).expect("a policy");
        assert_eq!(germany.city("Domstr. 1, 50667 Köln"), Some("Köln"));
        assert_eq!(germany.city("Kölner Str. 5, Bonn"), None);
    }
}
