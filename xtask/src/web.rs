//! The styles and scripts of the pages: `web/` → `web/dist`, which the server embeds.

use anyhow::{Context, Result, bail};

use crate::process::{command, output, run};
use crate::tree;

/// The oldest Node that the build and the browser tests work with.
const NODE: u32 = 20;

/// Builds `web/dist` when a source or a template (which the styles are made for) has changed.
pub fn build() -> Result<()> {
    install("web")?;
    let sources = [tree::at("web"), tree::at("crates/server/templates")];
    let print = tree::fingerprint(&sources, &["node_modules", "dist"])?;
    let stamp = tree::scratch("web.stamp")?;
    tree::once(&stamp, &print, &tree::at("web/dist"), || {
        run(command("npm", &["run", "--silent", "build"]).current_dir(tree::at("web")))
    })
}

/// Installs exactly what the lock file of a folder names, when the lock file has changed.
pub fn install(folder: &str) -> Result<()> {
    let dir = tree::at(folder);
    let lock = dir.join("package-lock.json");
    if !lock.exists() {
        bail!("{folder}/package-lock.json is missing: run `npm install` in {folder} and commit it");
    }
    check_node()?;
    let print = tree::fingerprint(&[lock, dir.join("package.json")], &[])?;
    let modules = dir.join("node_modules");
    tree::once(&modules.join(".outlay-stamp"), &print, &modules, || {
        run(command("npm", &["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&dir))
    })
}

fn check_node() -> Result<()> {
    let advice = || format!("Node {NODE} or newer is needed, with npm, on the PATH");
    let version = output(&mut command("node", &["--version"])).with_context(advice)?;
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE) {
        bail!("{}; found {}", advice(), version.trim());
    }
    Ok(())
}
