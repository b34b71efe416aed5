//! Debian packages that tests need: installed when we may, else named in one line to run.

use std::path::Path;

use anyhow::{Result, bail};

use crate::process::{command, output, run};

/// A Debian package, and how to see that it is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Package {
    Postgresql,
    Chromium,
    /// Without it Chinese pages show boxes.
    NotoCjk,
    PythonVenv,
    Xmllint,
}

impl Package {
    fn name(self) -> &'static str {
        match self {
            Self::Postgresql => "postgresql",
            Self::Chromium => "chromium",
            Self::NotoCjk => "fonts-noto-cjk",
            Self::PythonVenv => "python3-venv",
            Self::Xmllint => "libxml2-utils",
        }
    }

    fn present(self) -> bool {
        match self {
            Self::Postgresql => crate::services::postgres::programs().is_some(),
            Self::Chromium => Path::new("/usr/bin/chromium").exists(),
            Self::NotoCjk => Path::new("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").exists(),
            Self::Xmllint => output(&mut command("xmllint", &["--version"])).is_ok(),
            Self::PythonVenv => output(&mut command("python3", &["-c", "import venv, ensurepip"])).is_ok(),
        }
    }
}

/// Whether we run as root.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Installs those of `packages` that are missing; without the right to, an error with the line that does it.
pub fn require(packages: &[Package]) -> Result<()> {
    let missing: Vec<_> = packages
        .iter()
        .filter(|package| !package.present())
        .map(|package| package.name())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!(
        "apt-get update && apt-get install -y --no-install-recommends {}",
        missing.join(" ")
    );
    if !is_root() || !Path::new("/usr/bin/apt-get").exists() {
        bail!("Debian packages are missing. This installs them:\n  sudo sh -c '{line}'");
    }
    run(command("sh", &["-c", &line]).env("DEBIAN_FRONTEND", "noninteractive"))
}
