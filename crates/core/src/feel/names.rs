//! Names that an expression may use. FEEL lets them hold spaces and signs, so they can be told apart only by knowing them.

use std::collections::BTreeSet;
use std::sync::Arc;

/// The names of values, of members after a point, and of functions.
#[derive(Debug, Clone, Default)]
pub struct Names {
    values: BTreeSet<Arc<str>>,
    members: BTreeSet<Arc<str>>,
    functions: BTreeSet<Arc<str>>,
}

impl Names {
    /// Makes the name of a value known.
    pub fn value(&mut self, name: &str) {
        self.values.insert(Arc::from(tidy(name)));
    }

    /// Makes a name known that may follow a point.
    pub fn member(&mut self, name: &str) {
        self.members.insert(Arc::from(tidy(name)));
    }

    /// Makes the name of a function known.
    pub fn function(&mut self, name: &str) {
        self.functions.insert(Arc::from(tidy(name)));
    }

    /// Whether a value has this name.
    pub fn has_value(&self, name: &str) -> bool {
        self.values.contains(name)
    }

    /// Whether a function of the model has this name.
    pub fn has_function(&self, name: &str) -> bool {
        self.functions.contains(name)
    }

    /// The names of all values, sorted.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|n| &**n)
    }

    /// The longest value or function that `text` begins with, and its length there in bytes.
    pub(super) fn longest(&self, text: &str) -> Option<(Arc<str>, usize)> {
        let own = self.values.iter().chain(&self.functions);
        let own = own.filter_map(|n| Some((begins(text, n)?, n.clone())));
        let built_in = super::functions::SPACED.iter();
        let built_in = built_in.filter_map(|n| Some((begins(text, n)?, Arc::from(*n))));
        own.chain(built_in)
            .max_by_key(|(length, _)| *length)
            .map(|(l, n)| (n, l))
    }

    /// The longest member that `text` begins with.
    pub(super) fn longest_member(&self, text: &str) -> Option<(Arc<str>, usize)> {
        let all = self.members.iter().filter_map(|n| Some((begins(text, n)?, n.clone())));
        all.max_by_key(|(length, _)| *length).map(|(l, n)| (n, l))
    }
}

/// With single spaces.
pub(super) fn tidy(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a character may stand in a name after the first.
pub(super) fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '\'' || c == '\u{b7}' || ('\u{300}'..='\u{36f}').contains(&c)
}

/// How many bytes of `text` are the name, any spaces between its words; `None` if it begins with something else.
fn begins(text: &str, name: &str) -> Option<usize> {
    let mut rest = text;
    for (i, word) in name.split(' ').enumerate() {
        if i > 0 {
            let trimmed = rest.trim_start();
            if trimmed.len() == rest.len() {
                return None;
            }
            rest = trimmed;
        }
        rest = rest.strip_prefix(word)?;
    }
    if rest.chars().next().is_some_and(is_part) && name.chars().next_back().is_some_and(is_part) {
        return None;
    }
    Some(text.len() - rest.len())
}
