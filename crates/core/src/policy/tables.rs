//! The tables of a policy: each by the id of its rule, made ready once for a version, and put back when somebody changed it.

use super::auto::AutoReady;
use super::cell::quoted;
use super::fact::{Fact, Values};
use super::read::{PolicyError, PolicyProblem};
use super::rule_table::{CellPlace, CellProblem, Gives, Ready, RuleTable, hits, told};
use super::{PolicySet, RuleText, When};
use crate::feel::{Number, Value, date};
use crate::table::{Compiled, DiagnosticKind, HitPolicy, Table};
use crate::words::Text;

/// The id of the table that says what passes by itself.
pub const AUTO_APPROVAL: &str = "outlay.auto-approval";

/// The id of the table that says which share of that a person looks at all the same.
pub const AUDIT: &str = "outlay.audit";

/// A table of a policy, and where it stands.
#[derive(Debug, Clone)]
pub struct RuleTableRef<'a> {
    /// The id of its rule, or [`AUTO_APPROVAL`].
    pub id: &'a str,
    /// Where it stands in the policy's text, such as `rules[2].check.limit.table`.
    pub path: String,
    /// The words of its rule; none for what is no rule.
    pub text: Option<&'a RuleText>,
    /// Which lines its rule looks at.
    pub when: Option<&'a When>,
    /// What it answers.
    pub gives: Gives,
    /// The table.
    pub table: &'a RuleTable,
}

/// All tables of a policy that was found sound.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// For each rule.
    pub rules: Vec<Option<Ready>>,
    pub auto: Option<AutoReady>,
    pub audit: Option<Ready>,
    /// For each per diem.
    pub per_diems: Vec<Option<Ready>>,
}

impl PolicySet {
    /// All tables, in the order in which they stand.
    pub fn rule_tables(&self) -> Vec<RuleTableRef<'_>> {
        let mut all: Vec<RuleTableRef<'_>> = Vec::new();
        for (i, rule) in self.rules.iter().enumerate() {
            if let Some((table, gives)) = rule.check.table() {
                all.push(RuleTableRef {
                    id: &rule.id,
                    path: format!("rules[{i}].check.{}.table", rule.check.code()),
                    text: Some(&rule.text),
                    when: Some(&rule.when),
                    gives,
                    table,
                });
            }
        }
        if let Some(auto) = &self.auto_approval {
            all.push(RuleTableRef {
                id: AUTO_APPROVAL,
                path: "auto_approval.table".to_owned(),
                text: None,
                when: None,
                gives: Gives::Decision,
                table: &auto.table,
            });
        }
        if let Some(audit) = &self.audit {
            all.push(RuleTableRef {
                id: AUDIT,
                path: "audit.table".to_owned(),
                text: None,
                when: None,
                gives: Gives::Share,
                table: &audit.table,
            });
        }
        for (i, per_diem) in self.per_diems.iter().enumerate() {
            all.push(RuleTableRef {
                id: &per_diem.id,
                path: format!("per_diems[{i}].table"),
                text: None,
                when: None,
                gives: Gives::Amount,
                table: &per_diem.table,
            });
        }
        all
    }

    /// A table as DMN has it, to edit or to export; what is wrong with its cells if they cannot be read. `None` if there is no such
    /// table.
    pub fn table(&self, id: &str) -> Option<Result<Table, Vec<CellProblem>>> {
        let found = self.rule_tables().into_iter().find(|t| t.id == id)?;
        Some(found.dmn(self))
    }

    /// Puts a changed table in the place of the one with its id, in short cells. Columns may have changed; the answer's kind stays.
    /// The policy as a whole is looked at by [`Policy::new`](super::Policy::new).
    pub fn put_table(&mut self, table: &Table) -> Result<(), PolicyError> {
        let Some(found) = self.rule_tables().into_iter().find(|t| t.id == table.id) else {
            return Err(PolicyError::one(
                &table.id,
                Text::of(
                    "不是此制度的表：请保留表的代码",
                    "is no table of this policy: keep the table's id",
                ),
            ));
        };
        let made = RuleTable::from_table(table, found.gives, self);
        let (path, gives) = (found.path.clone(), found.gives);
        let made = made.map_err(|problems| PolicyError {
            problems: problems
                .into_iter()
                .map(|p| problem(&table.id, &path, gives, &columns(table), p))
                .collect(),
        })?;
        let rule = self.rules.iter_mut().find(|r| r.id == table.id);
        let place = match (rule, table.id.as_str()) {
            (Some(rule), _) => rule.check.table_mut(),
            (None, AUTO_APPROVAL) => self.auto_approval.as_mut().map(|a| &mut a.table),
            (None, AUDIT) => self.audit.as_mut().map(|a| &mut a.table),
            (None, id) => self.per_diems.iter_mut().find(|p| p.id == id).map(|p| &mut p.table),
        };
        if let Some(place) = place {
            *place = made;
        }
        Ok(())
    }
}

impl RuleTableRef<'_> {
    /// As DMN has it.
    pub fn dmn(&self, set: &PolicySet) -> Result<Table, Vec<CellProblem>> {
        let name = match (self.text, self.id) {
            (Some(text), _) => text.zh.name.as_str(),
            (None, AUTO_APPROVAL) => "自动核准",
            (None, AUDIT) => "随机抽查",
            (None, id) => id,
        };
        let mut table = self.table.table(self.id, name, self.gives, set)?;
        // What the rule does not look at cannot come, so it is no gap either.
        for input in &mut table.inputs {
            let codes = match (Fact::parse(&input.expression), self.when) {
                (Some(Fact::Category), Some(when)) => when.categories.as_ref(),
                (Some(Fact::Tier), Some(when)) => when.tiers.as_ref(),
                (Some(Fact::Season), Some(when)) => when.seasons.as_ref(),
                _ => None,
            };
            if let Some(codes) = codes.filter(|codes| !codes.is_empty()) {
                input.allowed = quoted(codes);
            }
        }
        Ok(table)
    }
}

fn columns(table: &Table) -> Vec<String> {
    table.inputs.iter().map(|i| i.expression.clone()).collect()
}

/// A problem of a cell as one of the policy.
fn problem(id: &str, path: &str, gives: Gives, inputs: &[String], p: CellProblem) -> PolicyProblem {
    let column = p
        .column
        .map(|c| inputs.get(c).cloned().unwrap_or_else(|| gives.code().to_owned()));
    let mut at = path.to_owned();
    match (p.row, &column) {
        (Some(row), Some(column)) => at.push_str(&format!(".rows[{row}].{column}")),
        (Some(row), None) => at.push_str(&format!(".rows[{row}]")),
        (None, Some(column)) => at.push_str(&format!(".inputs.{column}")),
        (None, None) => {}
    }
    PolicyProblem {
        path: at,
        message: p.message,
        cell: Some(CellPlace {
            rule: id.to_owned(),
            row: p.row.map(|r| r as u32 + 1),
            column,
        }),
    }
}

/// Makes all tables ready, and says what is wrong with any.
pub(super) fn ready(set: &PolicySet, problems: &mut Vec<PolicyProblem>) -> Tables {
    let mut made = Tables::default();
    let all = set.rule_tables();
    for rule in &set.rules {
        let found = rule.check.table().and_then(|_| all.iter().find(|t| t.id == rule.id));
        made.rules.push(found.and_then(|t| one(set, t, problems)));
    }
    let auto = all.iter().find(|t| t.id == AUTO_APPROVAL);
    made.auto = auto.and_then(|t| one(set, t, problems)).map(AutoReady::new);
    let audit = all.iter().find(|t| t.id == AUDIT);
    made.audit = audit.and_then(|t| one(set, t, problems));
    for per_diem in &set.per_diems {
        let found = all
            .iter()
            .find(|t| t.id == per_diem.id && t.path.starts_with("per_diems"));
        made.per_diems.push(found.and_then(|t| one(set, t, problems)));
    }
    made
}

fn one(set: &PolicySet, of: &RuleTableRef<'_>, problems: &mut Vec<PolicyProblem>) -> Option<Ready> {
    let before = problems.len();
    let mut say = |p: CellProblem| problems.push(problem(of.id, &of.path, of.gives, &of.table.inputs, p));
    let table = match of.dmn(set) {
        Ok(table) => table,
        Err(all) => {
            all.into_iter().for_each(say);
            return None;
        }
    };
    let facts = of.table.facts().unwrap_or_default();
    let whole = |zh: &str, en: &str| CellProblem {
        row: None,
        column: None,
        message: Text::of(zh, en),
    };
    let is_per_diem = of.path.starts_with("per_diems");
    for (column, fact) in facts.iter().enumerate() {
        let (zh, en) = match fact {
            Fact::Over if of.text.is_some() => (
                "超标比例要等各条规则判断之后才知道：请删除此列",
                "over is known only after the rules have spoken: remove the column",
            ),
            fact if of.id == AUDIT && !fact.is_of_claim() => (
                "抽查针对整张报销单：可问 total、grade、evidence、department、stage 或 over",
                "an audit is of the whole claim: ask for total, grade, evidence, department, stage or over",
            ),
            fact if is_per_diem && !fact.is_of_day() => (
                "补助按天计算：可问 grade、tier、season、place、country、date 或 day_off",
                "a per diem is of a day: ask for grade, tier, season, place, country, date or day_off",
            ),
            _ => continue,
        };
        say(CellProblem {
            column: Some(column),
            ..whole(zh, en)
        });
    }
    if !hits().any(|(_, hit)| hit == table.hit) {
        say(whole(
            "规则须有一个结果：请选首个、唯一、任一、优先、最小或最大",
            "a rule needs one answer: choose first, unique, any, priority, least or greatest",
        ));
    }
    if matches!(table.hit, HitPolicy::Min | HitPolicy::Max) && table.outputs[0].kind != "number" {
        say(whole(
            "最小与最大只能用于数字：请选首个、唯一、任一或优先",
            "least and greatest reckon with numbers: choose first, unique, any or priority",
        ));
    }
    let is_open = |row: &crate::table::Row| row.inputs.iter().all(|c| c == "-");
    let last = table.rows.len().saturating_sub(1);
    if table.hit == HitPolicy::First {
        for (at, row) in table.rows.iter().enumerate() {
            if is_open(row) && at < last {
                say(CellProblem {
                    row: Some(at),
                    ..whole(
                        "此行没有条件，其后各行都不会用到：请移到最后",
                        "has no conditions, so the rows after it never count: move it to the end",
                    )
                });
            }
        }
        if !table.rows.last().is_some_and(is_open) {
            say(whole(
                "最后一行必须没有条件，以免有人漏网：请添加各格都为“任意”（-）的一行，不设限时结果写 none",
                "must end with a row without conditions, so that nobody escapes: write - in each of its cells, and none for no limit",
            ));
        }
    }
    let compiled = match Compiled::new(table) {
        Ok(compiled) => compiled,
        Err(error) => {
            told(&error).into_iter().for_each(say);
            return None;
        }
    };
    let values: Vec<Values> = facts.iter().map(|f| f.values(set)).collect();
    let mut seen = Vec::new();
    for nth in 0..3 {
        let trace = compiled.decide(values.iter().map(|v| sample(v, nth)).collect()).trace;
        for wrong in trace.diagnostics {
            let fault = matches!(wrong.kind, DiagnosticKind::Fault(_));
            if fault && !seen.contains(&wrong.place) {
                seen.push(wrong.place.clone());
                let column = wrong.place.column.map(|c| match c {
                    crate::table::Column::Input(n) => n as usize - 1,
                    crate::table::Column::Output(_) => facts.len(),
                });
                let text = wrong
                    .place
                    .row
                    .zip(column)
                    .and_then(|(row, c)| of.table.rows.get(row as usize - 1)?.cells.get(c));
                say(CellProblem {
                    row: wrong.place.row.map(|r| r as usize - 1),
                    column,
                    message: {
                        let text = text.map_or("", String::as_str);
                        let (zh, en) = fault_word(&wrong.kind);
                        Text::of(
                            format!("{text:?} 得不出结果（{zh}）：请写与某个值的比较"),
                            format!("{text:?} gives no answer ({en}): write a comparison with a value"),
                        )
                    },
                });
            }
        }
    }
    (problems.len() == before).then_some(Ready {
        compiled,
        facts,
        gives: of.gives,
    })
}

fn fault_word(kind: &DiagnosticKind) -> (&'static str, &'static str) {
    match kind {
        DiagnosticKind::Fault(crate::feel::Fault::DivisionByZero) => ("除以零", "division by nought"),
        _ => ("表达式没有值", "an expression without a value"),
    }
}

/// A value of a column that may come: the least, one in the middle, a large one.
fn sample(values: &Values, nth: usize) -> Value {
    match values {
        Values::Codes(all) | Values::Ranked(all) => {
            let at = (all.len().saturating_sub(1)) * nth / 2;
            all.get(at).map_or(Value::Null, |c| Value::text(c))
        }
        Values::Text | Values::Place => Value::text(["", "a", "CN"][nth]),
        Values::Amount | Values::Number => Value::Number(Number::from([0, 1, 1_000_000][nth])),
        Values::Date => date("2026-01-01").map_or(Value::Null, Value::Date),
        Values::Truth => Value::Bool(nth > 0),
    }
}
