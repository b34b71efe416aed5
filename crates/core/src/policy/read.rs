//! Reading a policy set, and saying everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::number::Amount;
use super::rule::{Check, Limit, Per, Rule, When};
use super::rule_table::CellPlace;
use super::set::{GradeRange, fold_place, month_day};
use super::words::placeholders;
use super::{Policy, PolicySet, Unit, tables};
use crate::words::Text;

/// Longest text of a policy, in bytes.
const MAX_BYTES: usize = 512 * 1024;

/// Why a text is no policy: each place with what to do there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the policy cannot be used:{}", list(.problems))]
pub struct PolicyError {
    /// At least one.
    pub problems: Vec<PolicyProblem>,
}

/// One thing wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyProblem {
    /// Where, as a path such as `rules[2].check.limit.rows[0].tiers`; empty where the text is no YAML.
    pub path: String,
    /// What, and how to mend it.
    pub message: Text,
    /// The cell, if it is in a rule's table.
    pub cell: Option<CellPlace>,
}

impl PolicyError {
    pub(super) fn one(path: &str, message: Text) -> PolicyError {
        PolicyError {
            problems: vec![PolicyProblem {
                path: path.to_owned(),
                message,
                cell: None,
            }],
        }
    }
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cell, self.path.is_empty()) {
            (_, true) => f.write_str(&self.message.en),
            (None, _) => write!(f, "{}: {}", self.path, self.message.en),
            (Some(cell), _) => {
                write!(f, "{} ({}", self.path, cell.rule)?;
                cell.row.map_or(Ok(()), |row| write!(f, ", row {row}"))?;
                cell.column
                    .as_ref()
                    .map_or(Ok(()), |column| write!(f, ", column {column}"))?;
                write!(f, "): {}", self.message.en)
            }
        }
    }
}

fn list(problems: &[PolicyProblem]) -> String {
    problems.iter().map(|p| format!("\n  {p}")).collect()
}

impl Policy {
    /// Reads one version of a policy set from YAML. Unknown keys, unknown codes, unknown placeholders and tables
    /// that let somebody through are errors.
    pub fn from_yaml(text: &str) -> Result<Policy, PolicyError> {
        if text.len() > MAX_BYTES {
            let said = Text::of(
                format!("超过 {MAX_BYTES} 字节：请拆分"),
                format!("it is longer than {MAX_BYTES} bytes: split it"),
            );
            return Err(PolicyError::one("", said));
        }
        Policy::new(PolicySet::from_yaml(text)?)
    }

    /// Makes a policy of a set, if it is sound: its tables are read and made ready here, once.
    pub fn new(set: PolicySet) -> Result<Policy, PolicyError> {
        let mut review = Review {
            set: &set,
            problems: Vec::new(),
        };
        review.names();
        review.rules();
        review.per_diems();
        let mut problems = review.problems;
        let made = tables::ready(&set, &mut problems);
        if problems.is_empty() {
            Ok(Policy {
                set,
                ready: Arc::new(made),
            })
        } else {
            Err(PolicyError { problems })
        }
    }
}

struct Review<'a> {
    set: &'a PolicySet,
    problems: Vec<PolicyProblem>,
}

impl Review<'_> {
    fn say(&mut self, path: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) {
        self.problems.push(PolicyProblem {
            path: path.into(),
            message: Text::of(zh, en),
            cell: None,
        });
    }

    fn names(&mut self) {
        let set = self.set;
        self.code("id", &set.id);
        self.both("name", &set.name);
        if set.version == 0 {
            self.say("version", "从 1 开始", "begins with 1");
        }
        if set.entity.trim().is_empty() {
            self.say(
                "entity",
                "为空：请填写法人主体的代码",
                "is empty: write the code of the legal entity",
            );
        }
        if set.categories.is_empty() {
            self.say("categories", "为空：请至少列出一项", "is empty: list at least one");
        }
        self.unique("categories", set.categories.iter().map(|c| c.code.as_str()));
        self.unique("tiers", set.tiers.iter().map(|t| t.code.as_str()));
        self.unique("grades", set.grades.iter().map(String::as_str));
        self.unique("classes", set.classes.iter().map(|c| c.code.as_str()));
        for (i, class) in set.classes.iter().enumerate() {
            self.code(&format!("classes[{i}].code"), &class.code);
            self.both(&format!("classes[{i}].name"), &class.name);
            let categories = set.categories.iter().map(|c| c.code.as_str()).collect();
            self.known(&format!("classes[{i}]"), "categories", &class.categories, categories);
            if class.words.iter().any(|w| w.trim().is_empty()) {
                self.say(
                    format!("classes[{i}].words"),
                    "含有空词，会匹配所有说明：请删除",
                    "has an empty word, which every description has",
                );
            }
        }
        for (i, category) in set.categories.iter().enumerate() {
            self.code(&format!("categories[{i}].code"), &category.code);
            self.both(&format!("categories[{i}].name"), &category.name);
            if category.hints.iter().any(|h| h.trim().is_empty()) {
                self.say(
                    format!("categories[{i}].hints"),
                    "含有空词，会匹配所有发票：请删除",
                    "has an empty word, which every invoice has",
                );
            }
        }
        for (i, grade) in set.grades.iter().enumerate() {
            if grade.is_empty() || !grade.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') {
                self.say(
                    format!("grades[{i}]"),
                    format!("{grade:?}：请用字母和数字，如 P6"),
                    format!("{grade:?}: use letters and digits, like P6"),
                );
            }
        }
        let mut places: BTreeMap<String, &str> = BTreeMap::new();
        for (i, tier) in set.tiers.iter().enumerate() {
            self.both(&format!("tiers[{i}].name"), &tier.name);
            self.code(&format!("tiers[{i}].code"), &tier.code);
            if tier.places.is_none() && set.tiers[..i].iter().any(|t| t.places.is_none()) {
                self.say(
                    format!("tiers[{i}]"),
                    "只有一个城市等级可以不列城市：请列出城市",
                    "only one tier may be without places: list them",
                );
            }
            for place in tier.places.iter().flatten() {
                let path = format!("tiers[{i}].places");
                match places.insert(fold_place(place), &tier.code) {
                    Some(first) => self.say(
                        path,
                        format!("{place:?} 已在 {first:?} 中：请只保留一处"),
                        format!("{place:?} is in {first:?} already: keep it once"),
                    ),
                    None if place.trim().is_empty() => self.say(path, "含有空名称：请删除", "has an empty name"),
                    None => {}
                }
            }
        }
        for (i, season) in set.seasons.iter().enumerate() {
            self.both(&format!("seasons[{i}].name"), &season.name);
            self.code(&format!("seasons[{i}].code"), &season.code);
            for (key, day) in [("from", &season.from), ("to", &season.to)] {
                if month_day(day).is_none() {
                    self.say(
                        format!("seasons[{i}].{key}"),
                        format!("{day:?} 不是日期：请写月和日，如 \"09-30\""),
                        format!("{day:?} is no day of the year: write month and day, like \"09-30\""),
                    );
                }
            }
        }
    }

    fn rules(&mut self) {
        let set = self.set;
        self.unique("rules", set.rules.iter().map(|r| r.id.as_str()));
        for (i, rule) in set.rules.iter().enumerate() {
            let path = format!("rules[{i}]");
            self.code(&format!("{path}.id"), &rule.id);
            if rule.id.starts_with("outlay.") {
                self.say(
                    format!("{path}.id"),
                    "outlay.… 留给内置检查：请另取代码",
                    "outlay.… is kept for built-in checks: choose another",
                );
            }
            if rule.from.is_some() && rule.until.is_some_and(|until| Some(until) < rule.from) {
                self.say(
                    format!("{path}.until"),
                    "早于 `from`：不会检查任何费用",
                    "lies before `from`: no expense would be looked at",
                );
            }
            self.when(&format!("{path}.when"), &rule.when);
            self.check(&format!("{path}.check"), rule);
            self.text(&path, rule);
        }
    }

    fn per_diems(&mut self) {
        let set = self.set;
        self.unique("per_diems", set.per_diems.iter().map(|p| p.id.as_str()));
        let rules: BTreeSet<&str> = set.rules.iter().map(|r| r.id.as_str()).collect();
        for (i, per_diem) in set.per_diems.iter().enumerate() {
            let path = format!("per_diems[{i}]");
            self.code(&format!("{path}.id"), &per_diem.id);
            if rules.contains(per_diem.id.as_str()) || per_diem.id.starts_with("outlay.") {
                self.say(
                    format!("{path}.id"),
                    "已是某条规则的代码：请另取",
                    "is the id of a rule already: choose another",
                );
            }
            let categories = set.categories.iter().map(|c| c.code.as_str()).collect();
            self.known(&path, "categories", &Some(vec![per_diem.category.clone()]), categories);
            if per_diem.from.is_some() && per_diem.until.is_some_and(|until| Some(until) < per_diem.from) {
                self.say(
                    format!("{path}.until"),
                    "早于 `from`：不会计算任何一天",
                    "lies before `from`: no day would be looked at",
                );
            }
            if let Some(cuts) = &per_diem.meals
                && cuts.shares.is_some() != cuts.amounts.is_empty()
            {
                self.say(
                    format!("{path}.meals"),
                    "须写 `shares` 或 `amounts` 之一",
                    "needs either `shares` or `amounts`",
                );
            }
        }
    }

    fn when(&mut self, path: &str, when: &When) {
        self.conditions(path, &when.categories, &when.grades, &when.tiers, &when.seasons);
        if let Some(over) = when.claim_over {
            self.amount(&format!("{path}.claim_over"), over);
        }
    }

    fn conditions(
        &mut self,
        path: &str,
        categories: &Option<Vec<String>>,
        grades: &Option<Vec<String>>,
        tiers: &Option<Vec<String>>,
        seasons: &Option<Vec<String>>,
    ) {
        let set = self.set;
        self.known(
            path,
            "categories",
            categories,
            set.categories.iter().map(|c| c.code.as_str()).collect(),
        );
        self.known(
            path,
            "tiers",
            tiers,
            set.tiers.iter().map(|t| t.code.as_str()).collect(),
        );
        self.known(
            path,
            "seasons",
            seasons,
            set.seasons.iter().map(|s| s.code.as_str()).collect(),
        );
        let at = |code: &str| set.grades.iter().position(|g| g == code);
        for grade in grades.iter().flatten() {
            let fine = match GradeRange::parse(grade) {
                GradeRange::One(code) | GradeRange::From(code) => at(code).is_some(),
                GradeRange::Between(from, to) => at(from).is_some() && at(from) <= at(to),
            };
            if !fine {
                let all = set.grades.join(", ");
                self.say(
                    format!("{path}.grades"),
                    format!("{grade:?} 不是职级：请写 [{all}] 之一，或由低到高写成 P6+、P4..P6"),
                    format!("{grade:?} names no grade: write one of [{all}], or like P6+ or P4..P6 from low to high"),
                );
            }
        }
        if grades.as_ref().is_some_and(Vec::is_empty) {
            self.say(
                format!("{path}.grades"),
                "为空，什么都不匹配：要匹配全部请省略此项",
                "is empty and matches nothing: leave it out to match all",
            );
        }
    }

    fn known(&mut self, path: &str, key: &str, codes: &Option<Vec<String>>, all: BTreeSet<&str>) {
        let Some(codes) = codes else { return };
        let path = format!("{path}.{key}");
        if codes.is_empty() {
            self.say(
                path,
                "为空，什么都不匹配：要匹配全部请省略此项",
                "is empty and matches nothing: leave it out to match all",
            );
            return;
        }
        for code in codes.iter().filter(|c| !all.contains(c.as_str())) {
            let all: Vec<&str> = all.iter().copied().collect();
            self.say(
                &path,
                format!("{code:?} 不在 {key} 中：请写 [{}] 之一", all.join(", ")),
                format!("{code:?} is not one of the {key} [{}]", all.join(", ")),
            );
        }
    }

    fn check(&mut self, path: &str, rule: &Rule) {
        match &rule.check {
            Check::Limit(limit) => self.limit(&format!("{path}.limit"), limit, &rule.when),
            Check::Receipt { over, table } => {
                if let Some(over) = over {
                    self.amount(&format!("{path}.receipt.over"), *over);
                }
                self.one_of(&format!("{path}.receipt"), "over", over.is_some(), table.is_some());
            }
            Check::Deadline { days, table } => {
                self.one_of(&format!("{path}.deadline"), "days", days.is_some(), table.is_some());
            }
            Check::Evidence { at_least, table } => {
                self.one_of(
                    &format!("{path}.evidence"),
                    "at_least",
                    at_least.is_some(),
                    table.is_some(),
                );
            }
            Check::Class { .. } if self.set.classes.is_empty() => {
                self.say(
                    format!("{path}.class"),
                    "需要制度中的 `classes`，由低到高",
                    "needs the policy's `classes`, from low to high",
                );
            }
            Check::Words { none_of } if none_of.is_empty() || none_of.iter().any(|w| w.trim().is_empty()) => {
                self.say(
                    format!("{path}.words.none_of"),
                    "须列出词语，且不能有空词",
                    "needs words, none of them empty",
                );
            }
            Check::Link { to } if to.is_empty() => {
                self.say(
                    format!("{path}.link.to"),
                    "为空：请写明细须关联什么，如 [deal, account]",
                    "is empty: name what a line must be for, like [deal, account]",
                );
            }
            Check::Details(details) if *details == Default::default() => self.say(
                format!("{path}.details"),
                "什么都没有要求：请写 description、quantity、purpose、place 或 contact",
                "asks for nothing: name description, quantity, purpose, place or contact",
            ),
            _ => {}
        }
    }

    fn one_of(&mut self, path: &str, key: &str, plain: bool, table: bool) {
        if plain == table {
            self.say(
                path,
                format!("须写 `{key}` 或 `table` 之一"),
                format!("needs either `{key}` or a `table`"),
            );
        }
    }

    fn limit(&mut self, path: &str, limit: &Limit, when: &When) {
        let set = self.set;
        if limit.per == Per::Unit {
            let counted = |code: &String| set.categories.iter().any(|c| c.code == *code && c.unit != Unit::None);
            let fine = when.categories.as_ref().is_some_and(|all| all.iter().all(counted));
            if !fine {
                self.say(
                    format!("{path}.per"),
                    "unit 需要 `when.categories`，且每个类别都有单位：night、person、km 或 mile",
                    "unit needs `when.categories`, each with a unit: night, person, km or mile",
                );
            }
        }
    }

    fn text(&mut self, path: &str, rule: &Rule) {
        let allowed = placeholders(&rule.check, rule.when.picks_lines());
        for (lang, words) in [("zh", &rule.text.zh), ("en", &rule.text.en)] {
            for (key, text) in [("title", &words.title), ("text", &words.text), ("fix", &words.fix)] {
                self.template(&format!("{path}.text.{lang}.{key}"), text, &allowed);
            }
            self.template(&format!("{path}.text.{lang}.name"), &words.name, &[]);
        }
    }

    fn template(&mut self, path: &str, text: &str, allowed: &[&str]) {
        if text.trim().is_empty() {
            self.say(
                path,
                "为空：请写给人看的文字",
                "is empty: write what people should read",
            );
        }
        for piece in text.split('{').skip(1) {
            match piece.split_once('}') {
                None => self.say(path, "有 { 而没有 }", "has a { without }"),
                Some((name, _)) if allowed.contains(&name) => {}
                Some((name, _)) if allowed.is_empty() => self.say(
                    path,
                    format!("这里不能用 {{{name}}}"),
                    format!("{{{name}}} cannot stand here"),
                ),
                Some((name, _)) => {
                    let all: Vec<String> = allowed.iter().map(|a| format!("{{{a}}}")).collect();
                    self.say(
                        path,
                        format!("这里没有 {{{name}}}：可用 {}", all.join(" ")),
                        format!("{{{name}}} is not known here: use {}", all.join(" ")),
                    );
                }
            }
        }
    }

    fn amount(&mut self, path: &str, amount: Amount) {
        let currency = self.set.currency;
        if !amount.fits(currency) {
            self.say(
                path,
                format!("{currency} 有 {} 位小数", currency.decimals()),
                format!("{currency} has {} decimals", currency.decimals()),
            );
        }
    }

    fn both(&mut self, path: &str, text: &Text) {
        for (lang, words) in [("zh", &text.zh), ("en", &text.en)] {
            if words.trim().is_empty() {
                self.say(
                    format!("{path}.{lang}"),
                    "为空：请写给人看的文字",
                    "is empty: write what people should read",
                );
            }
        }
    }

    fn code(&mut self, path: &str, code: &str) {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        if code.is_empty() || code.len() > 60 || !code.chars().all(plain) {
            self.say(
                path,
                format!("{code:?} 不是代码：最多 60 个 a–z、0–9、- _ 和 .，如 lodging-limit"),
                format!("{code:?} is no code: use up to 60 of a–z, 0–9, - _ and ., like lodging-limit"),
            );
        }
    }

    fn unique<'c>(&mut self, path: &str, codes: impl Iterator<Item = &'c str>) {
        let mut seen = BTreeMap::new();
        for (i, code) in codes.enumerate() {
            if let Some(first) = seen.insert(code, i) {
                self.say(
                    format!("{path}[{i}]"),
                    format!("{code:?} 已用于 {path}[{first}]：请另取"),
                    format!("{code:?} is {path}[{first}] already: give it its own"),
                );
            }
        }
    }
}
