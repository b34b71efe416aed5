//! Python tools in virtual environments of their own, pinned by hash in `xtask/python/*.txt`.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::apt::{self, Package};
use crate::process::{command, run};
use crate::tree;

/// The `bin` folder of the environment for `xtask/python/NAME.txt`, made or renewed when the file has changed.
pub fn environment(name: &str) -> Result<PathBuf> {
    let requirements = tree::at(format!("xtask/python/{name}.txt"));
    let dir = tree::scratch(format!("python/{name}"))?;
    let bin = dir.join("bin");
    let print = tree::fingerprint(std::slice::from_ref(&requirements), &[])?;
    tree::once(&dir.with_extension("stamp"), &print, &bin, || {
        apt::require(&[Package::PythonVenv])?;
        run(command("python3", &["-m", "venv", "--clear"]).arg(&dir))?;
        run(command(bin.join("pip"), &["install", "--quiet"])
            .args(["--disable-pip-version-check", "--require-hashes", "-r"])
            .arg(&requirements))
    })
    .with_context(|| format!("cannot make the Python environment `{name}`"))?;
    Ok(bin)
}
