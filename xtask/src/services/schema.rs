//! The official schema of ISO 20022 pain.001.001.09, against which payment files are validated.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::process::{command, run};
use crate::{python, tree};

const INSIDE: &str = "pain001/templates/pain.001.001.09/pain.001.001.09.xsd";

/// Fetches the schema once; its path.
pub fn fetch() -> Result<PathBuf> {
    let bin = python::environment("test")?;
    let requirements = tree::at("xtask/python/pain.txt");
    let dir = tree::scratch("pain")?;
    let schema = dir.join(INSIDE);
    let print = tree::fingerprint(std::slice::from_ref(&requirements), &[])?;
    tree::once(&dir.with_extension("stamp"), &print, &schema, || {
        std::fs::create_dir_all(&dir)?;
        run(command(
            bin.join("pip"),
            &["download", "--quiet", "--no-deps", "--require-hashes"],
        )
        .args(["--disable-pip-version-check", "-r"])
        .arg(&requirements)
        .arg("-d")
        .arg(&dir))?;
        let wheel = std::fs::read_dir(&dir)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|e| e == "whl"))
            .context("no wheel was fetched")?;
        run(command(bin.join("python"), &["-m", "zipfile", "-e"])
            .arg(wheel)
            .arg(&dir))
    })
    .context("cannot fetch the schema of pain.001")?;
    Ok(schema)
}
