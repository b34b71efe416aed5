//! Findings and reasons in the reader's language.

use super::auto::{Reason, ReasonCode};
use super::check::{OTHER_CURRENCY, UNKNOWN_CATEGORY, UNKNOWN_GRADE};
use super::rule::{Check, Detail, LinkKind, Per, Template};
use super::{Arg, Finding, Policy, Unit};
use crate::Money;
use crate::words::Lang;

/// What people read of a finding.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Words {
    /// A few words, with the amount.
    pub title: String,
    /// One sentence: the rule, and what it was applied to.
    pub text: String,
    /// What to do about it.
    pub fix: String,
    /// The rule, by which a reader finds it: policy, version, rule, and row of a table.
    pub rule_label: String,
}

impl Policy {
    /// The words of a finding. Findings of another version get its rule's id, since its words lie there.
    pub fn words(&self, finding: &Finding, lang: Lang) -> Words {
        let fill = |template: &str| self.fill(template, finding, lang);
        let own = |texts: [&str; 4]| Words {
            title: fill(texts[1]),
            text: fill(texts[2]),
            fix: fill(texts[3]),
            rule_label: self.label(texts[0], finding, lang),
        };
        let rule = self.rules.iter().find(|r| r.id == finding.rule);
        match (rule, finding.rule.as_str(), lang) {
            (Some(rule), _, _) if finding.policy == self.reference() => {
                let Template { name, title, text, fix } = match lang {
                    Lang::Zh => &rule.text.zh,
                    Lang::En => &rule.text.en,
                };
                own([name, title, text, fix])
            }
            (_, UNKNOWN_CATEGORY, Lang::Zh) => own([
                "费用类别",
                "没有“{code}”这一类别",
                "第 {line} 行的类别“{code}”不在本制度中。",
                "请改选制度内的类别。",
            ]),
            (_, UNKNOWN_CATEGORY, Lang::En) => own([
                "Categories",
                "No category “{code}”",
                "Line {line} has the category “{code}”, which this policy does not know.",
                "Choose one of the policy's categories.",
            ]),
            (_, OTHER_CURRENCY, Lang::Zh) => own([
                "币种",
                "币种与制度不符",
                "本制度以 {currency} 计，报销单申报 {claimed}。",
                "请联系财务为该法人主体设置制度。",
            ]),
            (_, OTHER_CURRENCY, Lang::En) => own([
                "Currency",
                "The policy is in another currency",
                "This policy reckons in {currency}; the claim asks for {claimed}.",
                "Ask finance to set a policy for this entity.",
            ]),
            (_, UNKNOWN_GRADE, Lang::Zh) => own([
                "职级",
                "职级未知",
                "制度中没有申报人的职级（{grade}），分职级的规则未适用。",
                "请管理员补全申报人的职级。",
            ]),
            (_, UNKNOWN_GRADE, Lang::En) => own([
                "Grades",
                "Unknown grade",
                "The policy does not know the claimant's grade ({grade}); rules for grades were not applied.",
                "Ask an administrator to set the claimant's grade.",
            ]),
            (_, rule, Lang::Zh) => own([rule, rule, "规则见当时的制度版本。", "请打开该制度版本查看。"]),
            (_, rule, Lang::En) => own([
                rule,
                rule,
                "The rule's words are in the policy version of that time.",
                "Open that version to read it.",
            ]),
        }
    }

    /// A reason of an automatic decision, as one sentence.
    pub fn reason(&self, reason: &Reason, lang: Lang) -> String {
        let value = |name: &str| {
            let found = reason.args.iter().find(|(n, _)| n == name);
            found.map_or_else(String::new, |(_, a)| self.arg(a, lang))
        };
        let [amount, limit, grade, lines, excused, count, to] =
            ["amount", "limit", "grade", "lines", "excused", "count", "to"].map(value);
        match (reason.code, lang) {
            (ReasonCode::Off, Lang::Zh) => "制度未启用自动核准".to_owned(),
            (ReasonCode::Off, Lang::En) => "The policy lets nothing pass by itself".to_owned(),
            (ReasonCode::Empty, Lang::Zh) => "没有可核准的费用".to_owned(),
            (ReasonCode::Empty, Lang::En) => "There is nothing to approve".to_owned(),
            (ReasonCode::AmountWithin, Lang::Zh) => format!("申报 {amount}，不超过 {limit}"),
            (ReasonCode::AmountWithin, Lang::En) => format!("It asks for {amount}, at most {limit} may pass"),
            (ReasonCode::AmountOver, Lang::Zh) => format!("申报 {amount}，超过自动核准上限 {limit}"),
            (ReasonCode::AmountOver, Lang::En) => {
                format!("It asks for {amount}, more than the {limit} that may pass")
            }
            (ReasonCode::EvidenceEnough, Lang::Zh) if !excused.is_empty() => {
                format!("证据达到 {grade} 级；{excused} 属免证类别")
            }
            (ReasonCode::EvidenceEnough, Lang::En) if !excused.is_empty() => {
                format!("Proof of grade {grade} or better, not needed for {excused}")
            }
            (ReasonCode::EvidenceEnough, Lang::Zh) => format!("每行证据达到 {grade} 级"),
            (ReasonCode::EvidenceEnough, Lang::En) => format!("Every line has proof of grade {grade} or better"),
            (ReasonCode::EvidenceWeak, Lang::Zh) => format!("{lines}的证据低于 {grade} 级"),
            (ReasonCode::EvidenceWeak, Lang::En) => format!("Proof weaker than grade {grade}: {lines}"),
            (ReasonCode::NothingFound, Lang::Zh) => "符合制度，无提醒".to_owned(),
            (ReasonCode::NothingFound, Lang::En) => "Within the policy, nothing to look at".to_owned(),
            (ReasonCode::Findings, Lang::Zh) => format!("有 {count} 条检查结果需要人工确认"),
            (ReasonCode::Findings, Lang::En) => format!("Findings for a person to look at: {count}"),
            (ReasonCode::Linked, Lang::Zh) => format!("已关联 CRM（{to}）"),
            (ReasonCode::Linked, Lang::En) => format!("Linked to the CRM ({to})"),
            (ReasonCode::NotLinked, Lang::Zh) => format!("{lines}未关联 CRM（{to}）"),
            (ReasonCode::NotLinked, Lang::En) => format!("Not linked to the CRM ({to}): {lines}"),
        }
    }

    fn label(&self, rule: &str, finding: &Finding, lang: Lang) -> String {
        let name = if finding.policy.id == self.id {
            self.name.get(lang)
        } else {
            finding.policy.id.as_str()
        };
        let mut label = format!("{name} v{} · {rule}", finding.policy.version);
        if let Some(Arg::Count(row)) = finding.arg("row") {
            label.push_str(&match lang {
                Lang::Zh => format!(" · 第 {row} 行"),
                Lang::En => format!(" · row {row}"),
            });
        }
        label
    }

    fn fill(&self, template: &str, finding: &Finding, lang: Lang) -> String {
        let mut out = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, tail)) = after.split_once('}') else {
                break;
            };
            out.push_str(before);
            match (name, finding.arg(name), finding.over) {
                (_, Some(value), _) => out.push_str(&self.arg(value, lang)),
                ("over", _, Some(over)) => out.push_str(&self.amount(over)),
                _ => {}
            }
            rest = tail;
        }
        out.push_str(rest);
        out
    }

    fn arg(&self, arg: &Arg, lang: Lang) -> String {
        let named = |text: Option<&crate::words::Text>, code: &str| text.map_or(code, |t| t.get(lang)).to_owned();
        match arg {
            Arg::Text(text) => text.clone(),
            Arg::Count(n) => n.to_string(),
            Arg::Money(money) => self.amount(*money),
            Arg::Date(day) => day.to_string(),
            Arg::Share(share) => {
                let percent = (*share * rust_decimal::Decimal::ONE_HUNDRED).normalize();
                match lang {
                    Lang::Zh => format!("{percent}%"),
                    Lang::En => format!("{percent} %"),
                }
            }
            Arg::Category(code) => named(self.category(code).map(|c| &c.name), code),
            Arg::Season(code) => named(self.seasons.iter().find(|s| s.code == *code).map(|s| &s.name), code),
            Arg::Unit(code) => unit(self.category(code).map(|c| c.unit).unwrap_or_default(), lang).to_owned(),
            Arg::Line(n) => n.to_string(),
            Arg::Grade(grade) => format!("{grade:?}"),
            Arg::Detail(detail) => detail_word(*detail, lang).to_owned(),
            Arg::Link(kind) => link_word(*kind, lang).to_owned(),
            Arg::List(all) if all.is_empty() => match lang {
                Lang::Zh => "通用".to_owned(),
                Lang::En => "everybody".to_owned(),
            },
            Arg::List(all) => {
                let between = match (lang, &all[0]) {
                    (_, Arg::Text(_) | Arg::Season(_)) => " · ",
                    (Lang::Zh, _) => "、",
                    (Lang::En, _) => ", ",
                };
                let words: Vec<String> = all.iter().map(|a| self.item(a, lang)).collect();
                words.join(between)
            }
        }
    }

    fn item(&self, arg: &Arg, lang: Lang) -> String {
        match (arg, lang) {
            (Arg::Line(n), Lang::Zh) => format!("第 {n} 行"),
            (Arg::Line(n), Lang::En) => format!("line {n}"),
            _ => self.arg(arg, lang),
        }
    }

    /// With the sign in the policy's currency, with the code in any other.
    fn amount(&self, money: Money) -> String {
        if money.currency == self.currency {
            format!("{}{}", money.currency.sign(), money.grouped())
        } else {
            format!("{} {}", money.grouped(), money.currency.code())
        }
    }
}

/// The names that the words of a rule may use.
pub(super) fn placeholders(check: &Check, picks_lines: bool) -> Vec<&'static str> {
    let (of_line, own): (bool, &[&str]) = match check {
        Check::Limit(limit) => match limit.per {
            Per::Unit | Per::Line => (
                true,
                &[
                    "limit", "allowed", "over", "basis", "row", "sum", "unit", "quantity", "each",
                ],
            ),
            Per::Day => (true, &["limit", "allowed", "over", "basis", "row", "sum"]),
            Per::Claim => (false, &["limit", "allowed", "over", "basis", "row", "sum", "lines"]),
        },
        Check::Receipt { .. } => (true, &["limit"]),
        Check::Deadline { .. } => (true, &["days", "elapsed"]),
        Check::Weekend(_) => (true, &[]),
        Check::Words { .. } => (true, &["word"]),
        Check::EvidenceUsed => (true, &["used_on"]),
        Check::Details(_) => (true, &["missing", "least"]),
        Check::Link { .. } => (picks_lines, if picks_lines { &["to"] } else { &["to", "lines"] }),
        Check::Duplicate => (true, &["others", "paid"]),
        Check::Evidence { .. } => (true, &["evidence", "least"]),
        Check::EvidenceChecks => (true, &["failed"]),
        Check::Buyer => (true, &["buyer"]),
        Check::TaxRate { .. } => (true, &["tax", "highest", "most"]),
        Check::TaxNotCreditable => (true, &["tax"]),
        Check::RateAge { .. } => (true, &["days", "away", "rate_on"]),
    };
    let common: &[&str] = if of_line {
        &["line", "category", "date", "claimed"]
    } else {
        &[]
    };
    common.iter().chain(own).copied().collect()
}

fn unit(unit: Unit, lang: Lang) -> &'static str {
    match (unit, lang) {
        (Unit::None, Lang::Zh) => "项",
        (Unit::None, Lang::En) => "item",
        (Unit::Night, Lang::Zh) => "晚",
        (Unit::Night, Lang::En) => "night",
        (Unit::Person, Lang::Zh) => "人",
        (Unit::Person, Lang::En) => "person",
        (Unit::Km, Lang::Zh) => "公里",
        (Unit::Km, Lang::En) => "km",
    }
}

fn detail_word(detail: Detail, lang: Lang) -> &'static str {
    match (detail, lang) {
        (Detail::Description, Lang::Zh) => "说明",
        (Detail::Description, Lang::En) => "description",
        (Detail::Quantity, Lang::Zh) => "数量",
        (Detail::Quantity, Lang::En) => "number",
        (Detail::Purpose, Lang::Zh) => "事由",
        (Detail::Purpose, Lang::En) => "purpose",
        (Detail::Place, Lang::Zh) => "城市",
        (Detail::Place, Lang::En) => "city",
        (Detail::Contact, Lang::Zh) => "联系人或拜访",
        (Detail::Contact, Lang::En) => "contact or visit",
    }
}

fn link_word(kind: LinkKind, lang: Lang) -> &'static str {
    match (kind, lang) {
        (LinkKind::Account, Lang::Zh) => "客户",
        (LinkKind::Account, Lang::En) => "customer",
        (LinkKind::Deal, Lang::Zh) => "商机",
        (LinkKind::Deal, Lang::En) => "deal",
        (LinkKind::Project, Lang::Zh) => "项目",
        (LinkKind::Project, Lang::En) => "project",
        (LinkKind::Order, Lang::Zh) => "销售订单",
        (LinkKind::Order, Lang::En) => "order",
        (LinkKind::Activity, Lang::Zh) => "拜访",
        (LinkKind::Activity, Lang::En) => "visit",
    }
}
