//! The category of an invoice, learnt from the lines that the company accepted: a decision list (Rivest, "Learning Decision
//! Lists", 1987) whose tests are single words of the invoice. A word speaks only where nearly all accepted lines that have it
//! agree; whole numbers alone, so that the same counts give the same answer everywhere.

use std::collections::{BTreeMap, BTreeSet};

/// The newest accepted lines of a word that are counted; the caller asks for no more, so an answer costs the same in every year.
pub const WINDOW: u32 = 200;
/// Fewer accepted lines say nothing.
const LEAST: u64 = 8;
/// Of so many lines, one may have another category.
const PURE: u64 = 50;
/// Most reasons that are told.
const REASONS: usize = 3;
/// Most words of one invoice.
const WORDS: usize = 12;

/// How many accepted lines with a word have a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// One of [`words`].
    pub word: String,
    /// A category's code.
    pub category: String,
    /// The lines.
    pub lines: u64,
}

/// A word that speaks for a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The word, as people read it: `*餐饮服务*`, an item, or a seller.
    pub word: String,
    /// Accepted lines with it that have the category.
    pub agree: u64,
    /// All accepted lines with it.
    pub of: u64,
}

/// What was learnt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learnt {
    /// The category's code.
    pub category: String,
    /// Why: the words that speak for it, the strongest first; at least one.
    pub reasons: Vec<Reason>,
}

/// The words of an invoice: class and name of each item (`*class*`, `name`), and its seller. In order, each once, at most 12.
pub fn words<'a>(
    items: impl IntoIterator<Item = (Option<&'a str>, Option<&'a str>)>,
    seller: Option<&str>,
) -> Vec<String> {
    let tidy = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let (mut seen, mut all) = (BTreeSet::new(), Vec::new());
    let mut add = |word: String| {
        if !word.trim_matches('*').is_empty() && word.chars().count() <= 80 && seen.insert(word.clone()) {
            all.push(word);
        }
    };
    if let Some(seller) = seller {
        add(tidy(seller));
    }
    for (class, name) in items {
        if let Some(class) = class {
            add(format!("*{}*", tidy(class)));
        }
        if let Some(name) = name {
            add(tidy(name));
        }
    }
    all.truncate(WORDS);
    all
}

/// What the accepted lines say of an invoice with these words: a category for which at least one word surely speaks and which
/// no known word contradicts; else nothing.
pub fn learnt(seen: &[Seen]) -> Option<Learnt> {
    let mut by_word: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for s in seen {
        *by_word.entry(&s.word).or_default().entry(&s.category).or_default() += s.lines;
    }
    let known: Vec<_> = by_word
        .into_iter()
        .map(|(word, categories)| (word, categories.values().sum::<u64>(), categories))
        .filter(|(_, of, _)| *of >= LEAST)
        .collect();
    let mut reasons = Vec::new();
    let mut category: Option<&str> = None;
    for (word, of, categories) in &known {
        let (best, agree) = categories.iter().max_by_key(|(_, lines)| **lines)?;
        if (of - agree) * PURE > *of {
            continue;
        }
        if category.is_some_and(|c| c != *best) {
            return None;
        }
        category = Some(best);
        reasons.push(Reason {
            word: (*word).to_owned(),
            agree: *agree,
            of: *of,
        });
    }
    let category = category?;
    let against = |(_, of, categories): &(&str, u64, BTreeMap<&str, u64>)| {
        categories.get(category).copied().unwrap_or_default() * 2 < *of
    };
    if known.iter().any(against) {
        return None;
    }
    reasons.sort_by(|a, b| (b.agree, &a.word).cmp(&(a.agree, &b.word)));
    reasons.truncate(REASONS);
    Some(Learnt {
        category: category.to_owned(),
        reasons,
    })
}
