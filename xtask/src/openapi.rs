//! The committed API description.

use std::fs;

use anyhow::{Context, Result};

use crate::process::{command, output};
use crate::{outlay, tree};

/// Writes what `outlay openapi` prints to `docs/openapi.json`.
pub fn write() -> Result<()> {
    let binary = outlay::build()?;
    let text = output(&mut command(binary, &["openapi"]))?;
    let path = tree::at("docs/openapi.json");
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("wrote docs/openapi.json");
    Ok(())
}
