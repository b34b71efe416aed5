//! The tables of a policy as sheets: what their columns may ask, the words of their codes, and what a policy asks of them.

use std::collections::BTreeMap;

use outlay_core::feel::Value;
use outlay_core::policy::{
    AUDIT, AUTO_APPROVAL, CellPlace, Fact, Policy, PolicyError, PolicyProblem, PolicySet, RuleTableRef, Values,
};
use outlay_core::table::{Column, Compiled, Table};
use outlay_core::words::Lang;
use rust_decimal::Decimal;

use super::check::{Found, MayNotFall, SheetProblem, look, problems};
use super::page::{Look, Sheet, VocabularyColumn, words};
use super::words::{Both, cell_name};
use crate::error::Error;
use crate::shell::{W, grouped};

/// What a table of this policy is called.
pub fn name(set: &PolicySet, table: &RuleTableRef<'_>, w: W) -> String {
    match (table.text, table.id, w.0) {
        (Some(text), _, Lang::Zh) => text.zh.name.clone(),
        (Some(text), _, Lang::En) => text.en.name.clone(),
        (None, AUTO_APPROVAL, _) => w.t("sheet-auto-approval"),
        (None, AUDIT, _) => w.t("sheet-audit"),
        (None, id, lang) => {
            let per_diem = set.per_diems.iter().find(|p| p.id == id);
            let category = per_diem.and_then(|p| set.categories.iter().find(|c| c.code == p.category));
            w.t1("sheet-per-diem", "category", category.map_or(id, |c| c.name.get(lang)))
        }
    }
}

/// What is answered and may not fall while an input grows.
pub fn rising(id: &str) -> Vec<MayNotFall> {
    let pair = |input: &str| MayNotFall {
        input: input.to_owned(),
        output: "decision".to_owned(),
    };
    match id {
        AUTO_APPROVAL => vec![pair(Fact::Total.code()), pair(Fact::Over.code())],
        _ => Vec::new(),
    }
}

/// Looks through a table as one of this policy.
pub fn check(set: &PolicySet, table: &Table, changed: &[u32], lang: Lang) -> Found {
    let rising = rising(&table.id);
    look(&headed(table, lang), |table| ready(set, table), &rising, changed)
}

/// The table with headings in one language: a policy gives them in both.
fn headed(table: &Table, lang: Lang) -> Table {
    let mut table = table.clone();
    for input in &mut table.inputs {
        if let Some(fact) = Fact::parse(&input.expression) {
            input.label = fact.name(lang).to_owned();
        }
    }
    for output in &mut table.outputs {
        if let Some((zh, en)) = output.label.split_once(' ') {
            output.label = if lang == Lang::Zh { zh } else { en }.to_owned();
        }
    }
    table
}

fn ready(set: &PolicySet, table: Table) -> Result<Compiled, Vec<SheetProblem>> {
    let inputs: Vec<String> = table.inputs.iter().map(|i| i.expression.clone()).collect();
    // The engine says what is wrong in both languages; what only a policy asks comes after.
    let ready = Compiled::new(table.clone()).map_err(|e| problems(&e.problems, inputs.len()))?;
    let mut set = set.clone();
    let told = |e: &PolicyError| policy_problems(e, &table.id, &inputs);
    set.put_table(&table).map_err(|e| told(&e))?;
    if let Err(error) = Policy::new(set) {
        let own = told(&error);
        if !own.is_empty() {
            return Err(own);
        }
    }
    Ok(ready)
}

/// Those of a policy's problems that are of a table.
fn policy_problems(error: &PolicyError, id: &str, inputs: &[String]) -> Vec<SheetProblem> {
    let own = |p: &&PolicyProblem| p.cell.as_ref().is_some_and(|cell| cell.rule == id) || p.path == id;
    let told = |p: &PolicyProblem| {
        let absent = CellPlace::default();
        let place = p.cell.as_ref().unwrap_or(&absent);
        let column = place.column.as_ref().map(|name| {
            let input = inputs.iter().position(|i| i == name);
            input.map_or(Column::Output(1), Column::input)
        });
        SheetProblem {
            row: place.row,
            column,
            cell: cell_name(
                &outlay_core::table::Place {
                    table: String::new(),
                    row: place.row,
                    column,
                },
                inputs.len(),
            ),
            text: Both {
                zh: p.message.zh.clone(),
                en: p.message.en.clone(),
            },
        }
    };
    error.problems.iter().filter(own).map(told).collect()
}

/// Where the editor finds what it needs.
pub struct Addresses {
    /// Where the table is looked through.
    pub check: String,
    /// Where it is read and saved; empty where it can only be read.
    pub save: String,
    /// The version of the draft; 0 where there is none.
    pub version: i64,
}

/// A table of a policy for the editor; `base` is the policy in force. [`Error::NotFound`] if there is no such table,
/// [`Error::Invalid`] if its cells cannot be read.
pub fn sheet(set: &PolicySet, base: Option<&PolicySet>, id: &str, at: Addresses, w: W) -> Result<Sheet, Error> {
    let all = set.rule_tables();
    let found = all.iter().find(|t| t.id == id).ok_or(Error::NotFound("table"))?;
    let table = readable(set, id)?;
    let base = base.and_then(|b| b.table(id)?.ok()).map(|t| headed(&t, w.0));
    let changed: Vec<u32> = Vec::new();
    let mut sheet = Sheet {
        found: Some(check(set, &table, &changed, w.0)),
        vocabulary: vocabulary(set, found, &table, w),
        names: names(set, w),
        looks: looks(),
        percent: vec![Fact::Over.code().to_owned(), "share".to_owned()],
        ranked: ranked(set),
        rising: rising(id),
        readonly: at.save.is_empty(),
        version: at.version,
        check: at.check,
        save: at.save,
        read: "/api/v1/rules/tables/import".to_owned(),
        write: "/api/v1/rules/tables/export".to_owned(),
        words: words(w),
        table: headed(&table, w.0),
        base,
    };
    sheet.table.name = name(set, found, w);
    Ok(sheet)
}

fn readable(set: &PolicySet, id: &str) -> Result<Table, Error> {
    let table = set.table(id).ok_or(Error::NotFound("table"))?;
    table.map_err(|problems| {
        let told = |p: &outlay_core::policy::CellProblem| crate::policies::problem(id, &p.message);
        Error::Invalid(problems.iter().map(told).collect())
    })
}

fn vocabulary(set: &PolicySet, of: &RuleTableRef<'_>, table: &Table, w: W) -> Vec<VocabularyColumn> {
    let fits = |fact: &Fact| of.text.is_none() || *fact != Fact::Over;
    let asks = Fact::ALL.into_iter().filter(fits).map(|fact| {
        let (kind, allowed) = fact.values(set).typed();
        VocabularyColumn {
            side: "when",
            id: String::new(),
            name: fact.code().to_owned(),
            label: fact.name(w.0).to_owned(),
            kind: kind.name().to_owned(),
            allowed,
            default: String::new(),
        }
    });
    let answers = table.outputs.iter().map(|output| VocabularyColumn {
        side: "then",
        id: output.id.clone(),
        name: output.name.clone(),
        label: of.gives.name(w.0).to_owned(),
        kind: output.kind.clone(),
        allowed: output.allowed.clone(),
        default: output.default.clone(),
    });
    asks.chain(answers).collect()
}

/// Words for the codes that stand in a policy's cells, in the reader's language.
pub fn names(set: &PolicySet, w: W) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for word in [
        "open", "won", "lost", "none", "deal", "account", "activity", "order", "project", "pass", "person",
    ] {
        names.insert(word.to_owned(), w.t(&format!("sheet-code-{word}")));
    }
    let categories = set.categories.iter().map(|c| (&c.code, &c.name));
    let tiers = set.tiers.iter().map(|t| (&t.code, &t.name));
    let seasons = set.seasons.iter().map(|s| (&s.code, &s.name));
    let classes = set.classes.iter().map(|c| (&c.code, &c.name));
    for (code, name) in categories.chain(tiers).chain(seasons).chain(classes) {
        names.insert(code.clone(), name.get(w.0).to_owned());
    }
    names
}

/// A cell or a value as people say it: `-` is any, a code its name, a number in groups of three; the rest as written.
pub fn said(names: &BTreeMap<String, String>, cell: &str, w: W) -> String {
    if cell.trim() == "-" {
        return w.t("sheet-word-any");
    }
    if let Ok(number) = cell.parse::<Decimal>() {
        return figure(number);
    }
    let name = |code: &str| names.get(code).cloned().unwrap_or_else(|| code.to_owned());
    let mut text = String::new();
    for (at, part) in cell.split('"').enumerate() {
        // Between the first and the second quote, the third and the fourth …
        if at % 2 == 1 {
            text.push_str(&name(part));
            continue;
        }
        let is_code = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
        let mut rest = part;
        while let Some(begin) = rest.find(is_code) {
            let (before, from) = rest.split_at(begin);
            let (code, after) = from.split_at(from.find(|c| !is_code(c)).unwrap_or(from.len()));
            text.push_str(before);
            text.push_str(&name(code));
            rest = after;
        }
        text.push_str(rest);
    }
    text
}

fn figure(number: Decimal) -> String {
    let plain = number.normalize().to_string();
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
    match digits.split_once('.') {
        Some((whole, parts)) => format!("{sign}{}.{parts}", grouped(whole)),
        None => format!("{sign}{}", grouped(digits)),
    }
}

fn looks() -> BTreeMap<String, Look> {
    let look = |code: &str, icon, tone| (Value::text(code).to_string(), Look { icon, tone });
    [look("pass", "zap", "ok"), look("person", "user", "accent")].into()
}

fn ranked(set: &PolicySet) -> BTreeMap<String, Vec<String>> {
    let codes = |fact: Fact| match fact.values(set) {
        Values::Ranked(codes) => Some((fact.code().to_owned(), codes)),
        _ => None,
    };
    Fact::ALL.into_iter().filter_map(codes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_said_in_words() {
        let names = [("travel.rail", "火车"), ("deal", "商机"), ("pass", "自动核准")];
        let names = BTreeMap::from(names.map(|(code, name)| (code.to_owned(), name.to_owned())));
        let zh = |cell: &str| said(&names, cell, W(Lang::Zh));
        assert_eq!(zh("-"), "任意");
        assert_eq!(zh(r#"not("travel.rail", "other")"#), "not(火车, other)");
        assert_eq!(zh("deal, account"), "商机, account");
        assert_eq!(zh("not(deal)"), "not(商机)");
        assert_eq!(zh("pass"), "自动核准");
        assert_eq!(zh("<= 2000.50"), "<= 2000.50");
        assert_eq!(zh("1668.50"), "1,668.5");
        assert_eq!(zh("-1234567"), "-1,234,567");
        assert_eq!(zh("<= 5000"), "<= 5000");
    }
}
