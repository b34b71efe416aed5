//! Findings and reasons in the reader's language.

use super::ask::{TABLE, TABLE_GAP};
use super::auto::{Reason, ReasonCode};
use super::check::{ALIKE, OTHER_CURRENCY, UNKNOWN_CATEGORY, UNKNOWN_GRADE};
use super::fact::Fact;
use super::rule::{Check, Detail, LinkKind, Per, Template};
use super::{Arg, Finding, Policy, Unit};
use crate::Money;
use crate::org::Role;
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
            (_, ALIKE, Lang::Zh) => own([
                "相似图片",
                "与另一张图片相同",
                "第 {line} 行的图片与{others}的一张图片看起来相同。",
                "请核对原件，确认不是同一张小票。",
            ]),
            (_, ALIKE, Lang::En) => own([
                "Pictures",
                "Looks like another picture",
                "The picture of line {line} looks the same as one of {others}.",
                "Compare the originals: it must not be the same receipt.",
            ]),
            (_, TABLE, Lang::Zh) => own([
                "规则表",
                "规则“{rule}”无法判断",
                "规则“{rule}”的表对第 {line} 行没有结果：{cell}，{why}",
                "请财务修改该单元格并发布新版本。",
            ]),
            (_, TABLE, Lang::En) => own([
                "Tables",
                "The rule “{rule}” cannot judge",
                "The table of “{rule}” has no answer for line {line}: {cell}, {why}.",
                "Ask finance to mend that cell and publish a new version.",
            ]),
            (_, TABLE_GAP, Lang::Zh) => own([
                "规则表",
                "规则“{rule}”没有适用的行",
                "规则“{rule}”的表没有一行适用于第 {line} 行（{asked}），须人工确认",
                "请财务在表中补上这种情况。",
            ]),
            (_, TABLE_GAP, Lang::En) => own([
                "Tables",
                "No row of “{rule}” fits",
                "No row of the table of “{rule}” is for line {line} ({asked}), so a person must look.",
                "Ask finance to add a row for it.",
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
        let [line, row, asked, cell, why] = ["line", "row", "asked", "cell", "why"].map(value);
        let [share, draw, role] = ["share", "draw", "role"].map(value);
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
            (ReasonCode::RowSays, Lang::Zh) => format!("自动核准表第 {row} 行规定第 {line} 行由人工审批"),
            (ReasonCode::RowSays, Lang::En) => format!("Row {row} of the table sends line {line} to a person"),
            (ReasonCode::CellFails, Lang::Zh) => format!("第 {line} 行的{asked}，不符合自动核准表第 {row} 行"),
            (ReasonCode::CellFails, Lang::En) => format!("Line {line} has {asked}, which row {row} does not let pass"),
            (ReasonCode::AuditDrawn, Lang::Zh) => {
                format!("按 {share} 的比例随机抽查，抽签值 {draw}，付款前由{role}复核")
            }
            (ReasonCode::AuditDrawn, Lang::En) => {
                format!("Drawn for an audit of {share} (draw {draw}): {role} looks before payment")
            }
            (ReasonCode::AuditNotDrawn, Lang::Zh) => format!("未被抽中随机抽查（比例 {share}，抽签值 {draw}）"),
            (ReasonCode::AuditNotDrawn, Lang::En) => format!("Not drawn for an audit (share {share}, draw {draw})"),
            (ReasonCode::Broken, Lang::Zh) => format!("自动核准表对第 {line} 行没有结果：{cell}，{why}"),
            (ReasonCode::Broken, Lang::En) => format!("The table has no answer for line {line}: {cell}, {why}"),
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
            Arg::Rate(rate) => format!("{}{rate}", self.currency.sign()),
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
            Arg::Role(role) => role_word(*role, lang).to_owned(),
            Arg::Class(code) => named(self.classes.iter().find(|c| c.code == *code).map(|c| &c.name), code),
            Arg::Rule(id) => match (self.rules.iter().find(|r| r.id == *id), lang) {
                (Some(rule), Lang::Zh) => rule.text.zh.name.clone(),
                (Some(rule), Lang::En) => rule.text.en.name.clone(),
                (None, _) => id.clone(),
            },
            Arg::Asked(code, value) => format!("{} {value}", column(code, lang)),
            Arg::Cell(row, at) => {
                let at = at.as_deref().map(|code| column(code, lang));
                match (row, at, lang) {
                    (Some(row), Some(at), Lang::Zh) => format!("第 {row} 行“{at}”列"),
                    (Some(row), Some(at), Lang::En) => format!("row {row}, column “{at}”"),
                    (Some(row), None, Lang::Zh) => format!("第 {row} 行"),
                    (Some(row), None, Lang::En) => format!("row {row}"),
                    (None, Some(at), Lang::Zh) => format!("“{at}”列"),
                    (None, Some(at), Lang::En) => format!("column “{at}”"),
                    (None, None, Lang::Zh) => "整张表".to_owned(),
                    (None, None, Lang::En) => "the whole table".to_owned(),
                }
            }
            Arg::Trouble(code) => trouble(code, lang).to_owned(),
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

/// A column's name for people.
fn column(code: &str, lang: Lang) -> &str {
    Fact::parse(code).map_or(code, |fact| fact.name(lang))
}

fn trouble(code: &str, lang: Lang) -> &str {
    match (code, lang) {
        ("division_by_nought", Lang::Zh) => "除以零",
        ("division_by_nought", Lang::En) => "division by nought",
        ("unknown_value", Lang::Zh) => "所需的值未知",
        ("unknown_value", Lang::En) => "a value it needs is not known",
        ("no_value", Lang::Zh) => "表达式无法求值",
        ("no_value", Lang::En) => "an expression has no value",
        ("wrong_kind", Lang::Zh) => "值的类型不符",
        ("wrong_kind", Lang::En) => "a value is of another kind",
        ("not_allowed", Lang::Zh) => "值不在允许范围内",
        ("not_allowed", Lang::En) => "a value is none that may come",
        ("several_rows", Lang::Zh) => "多行同时匹配",
        ("several_rows", Lang::En) => "several rows match",
        ("different_answers", Lang::Zh) => "匹配的行结果不一致",
        ("different_answers", Lang::En) => "rows that match say different things",
        ("not_reckoned", Lang::Zh) => "结果无法合计",
        ("not_reckoned", Lang::En) => "answers cannot be reckoned together",
        (other, _) => other,
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
        Check::Class { .. } => (true, &["class", "highest"]),
        Check::EvidenceChecks => (true, &["failed"]),
        Check::Buyer => (true, &["buyer"]),
        Check::TaxRate { .. } => (true, &["tax", "highest", "most"]),
        Check::TaxNotCreditable => (true, &["tax"]),
        Check::Meter { .. } => (
            false,
            &[
                "year",
                "spent",
                "by_share",
                "cap",
                "deductible",
                "excess",
                "share",
                "of_revenue",
                "lines",
            ],
        ),
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
        (Unit::Mile, Lang::Zh) => "英里",
        (Unit::Mile, Lang::En) => "mile",
    }
}

fn role_word(role: Role, lang: Lang) -> &'static str {
    match (role, lang) {
        (Role::Finance, Lang::Zh) => "财务",
        (Role::Finance, Lang::En) => "finance",
        (Role::Payer, Lang::Zh) => "出纳",
        (Role::Payer, Lang::En) => "the payer",
        (Role::SalesOps, Lang::Zh) => "销售运营",
        (Role::SalesOps, Lang::En) => "sales operations",
        (Role::Admin, Lang::Zh) => "管理员",
        (Role::Admin, Lang::En) => "an administrator",
        (Role::Auditor, Lang::Zh) => "审计",
        (Role::Auditor, Lang::En) => "an auditor",
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
