//! A policy's text with one rule or one table changed: everything else stays as it is written, comments too.

use super::rule_table::{RuleTable, hits};
use super::tables::{AUDIT, AUTO_APPROVAL};
use super::{PolicyError, PolicySet, Rule};
use crate::table::Table;
use crate::words::Text;

impl PolicySet {
    /// Reads a policy's text without asking whether it is sound.
    pub fn from_yaml(text: &str) -> Result<PolicySet, PolicyError> {
        crate::yaml::read(text).map_err(|e| unreadable(&e))
    }

    /// The whole set as a text.
    pub fn to_yaml(&self) -> Result<String, PolicyError> {
        serde_norway::to_string(self).map_err(|e| unreadable(&e))
    }
}

fn unreadable(error: &serde_norway::Error) -> PolicyError {
    PolicyError::one("", crate::yaml::said(error))
}

/// The text with a table changed, found by its id. Fails where the text cannot be read, or the table cannot stand in a policy.
pub fn with_table(text: &str, table: &Table) -> Result<String, PolicyError> {
    if !hits().any(|(_, hit)| hit == table.hit) {
        return Err(PolicyError::one(
            &table.id,
            Text::of(
                "规则须有一个结果：请选首个、唯一、任一、优先、最小或最大",
                "a rule needs one answer: choose first, unique, any, priority, least or greatest",
            ),
        ));
    }
    let mut set = PolicySet::from_yaml(text)?;
    set.put_table(table)?;
    let short = set
        .rule_tables()
        .into_iter()
        .find(|t| t.id == table.id)
        .map(|t| t.table);
    let lines: Vec<&str> = text.lines().collect();
    let made = short.and_then(|short| {
        let all = 0..lines.len();
        let within = match table.id.as_str() {
            AUTO_APPROVAL => key_block(&lines, all, "auto_approval")?,
            AUDIT => key_block(&lines, all, "audit")?,
            id => item_block(&lines, "rules", id).or_else(|| item_block(&lines, "per_diems", id))?,
        };
        let block = key_block(&lines, within, "table")?;
        let indent = indent_of(lines[block.start]);
        let mut new = vec![format!("{}table:", " ".repeat(indent))];
        new.extend(written(short).into_iter().map(|line| " ".repeat(indent + 2) + &line));
        Some(replaced(&lines, block, &new))
    });
    kept(made, &set)
}

/// The text with a rule changed, found by its id. Fails where the text cannot be read or has no such rule.
pub fn with_rule(text: &str, rule: &Rule) -> Result<String, PolicyError> {
    let mut set = PolicySet::from_yaml(text)?;
    let place = set.rules.iter_mut().find(|r| r.id == rule.id);
    let place = place.ok_or_else(|| {
        let said = Text::of(
            "不是此制度的规则：请保留规则的代码",
            "is no rule of this policy: keep the rule's id",
        );
        PolicyError::one(&rule.id, said)
    })?;
    *place = rule.clone();
    let lines: Vec<&str> = text.lines().collect();
    let made = item_block(&lines, "rules", &rule.id).and_then(|block| {
        let indent = " ".repeat(indent_of(lines[block.start]));
        let body = serde_norway::to_string(rule).ok()?;
        let line = |(n, line): (usize, &str)| format!("{indent}{} {line}", if n == 0 { "-" } else { " " });
        let new: Vec<String> = body.lines().enumerate().map(line).collect();
        Some(replaced(&lines, block, &new))
    });
    kept(made, &set)
}

/// The changed text if it says what it should, else the whole set anew.
fn kept(made: Option<String>, set: &PolicySet) -> Result<String, PolicyError> {
    match made {
        Some(text) if PolicySet::from_yaml(&text).as_ref() == Ok(set) => Ok(text),
        _ => set.to_yaml(),
    }
}

fn replaced(lines: &[&str], block: std::ops::Range<usize>, new: &[String]) -> String {
    let mut all: Vec<&str> = lines[..block.start].to_vec();
    all.extend(new.iter().map(String::as_str));
    all.extend(&lines[block.end..]);
    all.join("\n") + "\n"
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Whether a line is part of what stands at `indent`: deeper, or without anything.
fn is_below(line: &str, indent: usize) -> bool {
    line.trim().is_empty() || indent_of(line) > indent
}

/// Where what begins in a line ends: empty lines and comments after it belong to what follows.
fn end(lines: &[&str], start: usize, most: usize) -> usize {
    let indent = indent_of(lines[start]);
    let mut end = (start + 1..most)
        .find(|at| !is_below(lines[*at], indent))
        .unwrap_or(most);
    while end > start + 1 && (lines[end - 1].trim().is_empty() || lines[end - 1].trim_start().starts_with('#')) {
        end -= 1;
    }
    end
}

/// The lines of what has this id in a list, such as a rule.
fn item_block(lines: &[&str], list: &str, id: &str) -> Option<std::ops::Range<usize>> {
    let items = key_block(lines, 0..lines.len(), list)?;
    let is = |line: &str| {
        let value = line.trim_start().strip_prefix("- id:").map(without_comment);
        value == Some(id)
    };
    let start = items.clone().find(|at| is(lines[*at]))?;
    Some(start..end(lines, start, items.end))
}

/// The lines of a key, within others: the first that stands alone in its line.
fn key_block(lines: &[&str], within: std::ops::Range<usize>, key: &str) -> Option<std::ops::Range<usize>> {
    let is = |line: &str| {
        line.trim_start()
            .strip_prefix(key)
            .and_then(|rest| rest.strip_prefix(':'))
            .map(without_comment)
            == Some("")
    };
    let start = within.clone().find(|at| is(lines[*at]))?;
    Some(start..end(lines, start, within.end))
}

fn without_comment(text: &str) -> &str {
    let bare = text.split(" #").next().unwrap_or(text).trim();
    bare.trim_matches(|c| c == '"' || c == '\'')
}

/// A table as finance writes it.
fn written(table: &RuleTable) -> Vec<String> {
    let hit = hits()
        .find(|(_, hit)| *hit == table.hit)
        .map_or("first", |(word, _)| word);
    let list = |cells: &[String]| cells.iter().map(|c| cell(c)).collect::<Vec<_>>().join(", ");
    let mut lines = vec![
        format!("hit: {hit}"),
        format!("inputs: [{}]", list(&table.inputs)),
        "rows:".to_owned(),
    ];
    for row in &table.rows {
        let mut cells = row.cells.clone();
        if !row.note.is_empty() {
            cells.push(format!("# {}", row.note));
        }
        lines.push(format!("  - [{}]", list(&cells)));
    }
    lines
}

/// A cell in a list of YAML: in quotes unless it is a plain word or a whole number.
fn cell(text: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || "_.+".contains(c);
    let number = !text.is_empty()
        && text.len() < 16
        && text.chars().all(|c| c.is_ascii_digit())
        && !(text.len() > 1 && text.starts_with('0'));
    let says_else = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&&*text.to_lowercase());
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(word) && !says_else;
    if number || plain {
        text.to_owned()
    } else {
        // JSON's quotes are YAML's.
        serde_json::Value::from(text).to_string()
    }
}
