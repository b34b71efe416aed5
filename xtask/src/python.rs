//! Python tools in virtual environments of their own, pinned by hash in `xtask/python/*.txt`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::apt::{self, Package};
use crate::process::{command, output, run};
use crate::tree;

/// The `bin` folder of the environment for `xtask/python/NAME.txt`, made or renewed when the file has changed.
pub fn environment(name: &str) -> Result<PathBuf> {
    let requirements = tree::at(format!("xtask/python/{name}.txt"));
    apt::require(&[Package::PythonVenv])?;
    make(name, Path::new("python3"), &requirements, &["--require-hashes"])
}

/// The same for any list of requirements, by this Python.
pub fn environment_of(name: &str, python: &Path, requirements: &Path) -> Result<PathBuf> {
    make(name, python, requirements, &[])
}

fn make(name: &str, python: &Path, requirements: &Path, options: &[&str]) -> Result<PathBuf> {
    let dir = tree::scratch(format!("python/{name}"))?;
    let bin = dir.join("bin");
    let print = tree::fingerprint(&[requirements.to_path_buf()], &[])?;
    tree::once(&dir.with_extension("stamp"), &print, &bin, || {
        run(command(python, &["-m", "venv", "--clear"]).arg(&dir))?;
        run(
            command(bin.join("pip"), &["install", "--quiet", "--disable-pip-version-check"])
                .args(options)
                .arg("-r")
                .arg(requirements),
        )
    })
    .with_context(|| format!("cannot make the Python environment `{name}`"))?;
    Ok(bin)
}

/// A Python of at least version 3.`minor` that can make environments: on the path, or among pyenv's. The oldest that
/// will do, since packages come for the newest last.
pub fn at_least(minor: u32) -> Option<PathBuf> {
    let on_path = std::iter::once("python3".to_owned()).chain((minor..minor + 8).map(|n| format!("python3.{n}")));
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let root = root.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")));
    let versions = root.and_then(|root| std::fs::read_dir(root.join("versions")).ok());
    let of_pyenv = versions.into_iter().flatten().flatten();
    on_path
        .map(PathBuf::from)
        .chain(of_pyenv.map(|version| version.path().join("bin/python")))
        .filter_map(|python| {
            let ask = "import sys, venv, ensurepip; print(sys.version_info[1] if sys.version_info[0] == 3 else 0)";
            let told = output(&mut command(&python, &["-c", ask])).ok()?;
            let found: u32 = told.trim().parse().ok()?;
            (found >= minor).then_some((found, python))
        })
        .min()
        .map(|(_, python)| python)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_is_found_by_what_it_says_of_itself() {
        assert!(at_least(0).is_some(), "python3 is needed for the tests");
        assert_eq!(at_least(900), None);
    }
}
