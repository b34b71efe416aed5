//! ARCHITECTURE.md as a map of what is there.

use std::fs;

use anyhow::{Result, bail};

use crate::tree;

/// Refuses a folder that the map names (in backquotes, ending in `/`) and the tree doesn't have.
pub fn check() -> Result<()> {
    let text = fs::read_to_string(tree::at("ARCHITECTURE.md"))?;
    let missing: Vec<_> = folders(&text).filter(|folder| !tree::at(folder).is_dir()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!("ARCHITECTURE.md names folders that don't exist: {}", missing.join(", "));
}

fn folders(text: &str) -> impl Iterator<Item = &str> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|quoted| quoted.ends_with('/') && !quoted.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    #[test]
    fn folders_are_backquoted_and_end_in_a_slash() {
        let text = "`crates/core/` is pure, `decide` decides; see `docs/`, not docs/none/.";
        let found: Vec<_> = super::folders(text).collect();
        assert_eq!(found, ["crates/core/", "docs/"]);
    }
}
