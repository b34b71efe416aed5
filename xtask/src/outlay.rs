//! The `outlay` binary: built, and run as a demo.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::{cargo, command, run};
use crate::{models, tree, web};

/// Builds the pages and the debug binary; gives the binary's path.
pub fn build() -> Result<PathBuf> {
    web::build()?;
    models::fetch_if_possible();
    run(&mut cargo(&["build", "--package", "outlay", "--bin", "outlay"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Ok(tree::at(target).join("debug/outlay"))
}

/// Builds, then becomes `outlay demo`, which makes the company when it isn't there and serves it.
pub fn demo(port: u16, dir: &Path) -> Result<()> {
    let binary = build()?;
    let listen = format!("127.0.0.1:{port}");
    let error = command(&binary, &["demo", "--listen", &listen, "--dir"])
        .arg(dir)
        .exec();
    Err(error).with_context(|| format!("cannot run {}", binary.display()))
}
