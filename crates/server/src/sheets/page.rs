//! What the editor on a page is given.

use std::collections::BTreeMap;

use outlay_core::table::Table;
use serde::Serialize;

use super::check::{Found, MayNotFall};
use crate::error::Error;
use crate::shell::W;

/// Everything that the editor needs; it is written into the page as JSON.
#[derive(Debug, Serialize)]
pub struct Sheet {
    /// The table.
    pub table: Table,
    /// The same of the version in force, which changes are marked against.
    pub base: Option<Table>,
    /// Columns that the table has or may get.
    pub vocabulary: Vec<VocabularyColumn>,
    /// Words for codes that stand in cells.
    pub names: BTreeMap<String, String>,
    /// An icon and a tone for answers, by their cells.
    pub looks: BTreeMap<String, Look>,
    /// Names of columns whose numbers are shares.
    pub percent: Vec<String>,
    /// Codes that have an order, by the name of their column, from low to high.
    pub ranked: BTreeMap<String, Vec<String>>,
    /// What was found in it.
    pub found: Option<Found>,
    /// Answers that may not fall while an input grows.
    pub rising: Vec<MayNotFall>,
    /// Whether it can only be read.
    pub readonly: bool,
    /// The version of the draft that it is of.
    pub version: i64,
    /// Where it is looked through.
    pub check: String,
    /// Where it is read and saved; empty where it cannot be.
    pub save: String,
    /// Where files are read.
    pub read: String,
    /// Where files are made.
    pub write: String,
    /// Words of the editor.
    pub words: BTreeMap<String, String>,
}

/// How an answer looks.
#[derive(Debug, Clone, Serialize)]
pub struct Look {
    /// An icon of the sprite.
    pub icon: &'static str,
    /// A tone.
    pub tone: &'static str,
}

/// A column that a table may have.
#[derive(Debug, Clone, Serialize)]
pub struct VocabularyColumn {
    /// `when` or `then`.
    pub side: &'static str,
    /// Its id; may be empty.
    pub id: String,
    /// What it asks about, or the name of what it answers.
    pub name: String,
    /// Its heading in the reader's language.
    pub label: String,
    /// Its type.
    pub kind: String,
    /// Its values; empty for all.
    pub allowed: String,
    /// The answer where no row matches; empty for none.
    pub default: String,
}

/// The hit policies by their signs, and the keys of their names.
pub const HITS: [(&str, &str); 11] = [
    ("U", "sheet-hit-U"),
    ("A", "sheet-hit-A"),
    ("P", "sheet-hit-P"),
    ("F", "sheet-hit-F"),
    ("R", "sheet-hit-R"),
    ("O", "sheet-hit-O"),
    ("C", "sheet-hit-C"),
    ("C+", "sheet-hit-C-plus"),
    ("C<", "sheet-hit-C-least"),
    ("C>", "sheet-hit-C-greatest"),
    ("C#", "sheet-hit-C-count"),
];

const WORDS: [&str; 59] = [
    "yes",
    "no",
    "any",
    "null",
    "comma",
    "not",
    "or",
    "at-most",
    "at-least",
    "below",
    "above",
    "unequal",
    "equal",
    "between",
    "from-below",
    "above-to",
    "inside",
    "none-of",
    "asks-nothing",
    "answers",
    "no-answer",
    "of-column",
    "when",
    "then",
    "answer",
    "marked",
    "new",
    "case",
    "rows-removed",
    "pasted",
    "pasted-lost",
    "unchecked",
    "more",
    "problem",
    "problems",
    "no-problems",
    "show",
    "show-case",
    "add-this-row",
    "falls",
    "was-now",
    "failed",
    "which-table",
    "file-rows",
    "file-changed",
    "file-new",
    "file-removed",
    "file-columns",
    "file-problems",
    "use-file",
    "rows",
    "rows-one",
    "changed",
    "new-rows",
    "removed",
    "saved",
    "not-saved",
    "and-up",
    "to",
];

/// The words of the editor, by the names that its script has for them.
pub fn words(w: W) -> BTreeMap<String, String> {
    let word = |name: &&str| (name.replace('-', "_"), w.t(&format!("sheet-word-{name}")));
    WORDS.iter().map(word).collect()
}

impl Sheet {
    /// As JSON that may stand in a script element.
    pub fn json(&self) -> Result<String, Error> {
        Ok(serde_json::to_string(self)?.replace('<', "\\u003c"))
    }
}
