//! Every text in every language.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::tree;

const FOLDER: &str = "crates/server/locales";

/// Refuses a message key that one language has and another lacks.
pub fn check() -> Result<()> {
    let mut languages = BTreeMap::new();
    for entry in fs::read_dir(tree::at(FOLDER)).with_context(|| format!("cannot list {FOLDER}"))? {
        let entry = entry?;
        if entry.path().is_dir() {
            let name = entry.file_name().to_string_lossy().into_owned();
            languages.insert(name, keys_below(&entry.path())?);
        }
    }
    if languages.len() < 2 {
        bail!("{FOLDER} needs a folder for each language, en and zh-CN");
    }
    let gaps = gaps(&languages);
    if gaps.is_empty() {
        return Ok(());
    }
    bail!("texts are missing:\n  {}", gaps.join("\n  "));
}

fn gaps(languages: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let all: BTreeSet<_> = languages.values().flatten().collect();
    languages
        .iter()
        .flat_map(|(language, keys)| {
            all.iter()
                .filter(|key| !keys.contains(**key))
                .map(move |key| format!("{language}: {key}"))
        })
        .collect()
}

fn keys_below(folder: &Path) -> Result<BTreeSet<String>> {
    let mut keys = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ftl") {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            keys.extend(keys_in(&text).map(str::to_owned));
        }
    }
    Ok(keys)
}

/// The names of the messages of a Fluent file: they begin a line; attributes and further lines are indented.
fn keys_in(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let (key, _) = line.split_once('=')?;
        let key = key.trim_end();
        let named = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '-')
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        named.then_some(key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_missing_in_one_language_is_named() {
        let keys = |text| keys_in(text).map(str::to_owned).collect::<BTreeSet<_>>();
        let english = keys("# a = b\nhello = Hello\n    .title = Greeting\nclaim-new = New claim\n");
        let chinese = keys("hello = 你好\n");
        let languages = BTreeMap::from([("en".to_owned(), english), ("zh-CN".to_owned(), chinese)]);
        assert_eq!(gaps(&languages), ["zh-CN: claim-new"]);
    }
}
