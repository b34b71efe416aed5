//! The borders between the crates: what must not be reachable from each, by any way.

use anyhow::{Result, bail};

use crate::process::{cargo, output};

/// A crate, and packages that its dependency tree must not hold.
const BORDERS: &[(&str, &[&str])] = &[
    (
        "outlay-core",
        &[
            "tokio",
            "sqlx",
            "axum",
            "hyper",
            "reqwest",
            "rand",
            "getrandom",
            "chrono",
            "outlay-documents",
            "outlay-connect",
            "outlay",
        ],
    ),
    (
        "outlay-documents",
        &["sqlx", "axum", "hyper", "reqwest", "outlay-connect", "outlay"],
    ),
    ("outlay-connect", &["sqlx", "axum", "outlay-documents", "outlay"]),
];

/// Refuses a dependency across a border, and shows the way it came in.
pub fn check() -> Result<()> {
    for (package, forbidden) in BORDERS {
        let args = ["tree", "--locked", "--edges", "normal", "--package", package];
        let tree = output(cargo(&args).args(["--prefix", "none", "--format", "{p}"]))?;
        for name in names(&tree) {
            if forbidden.contains(&name) {
                let way = output(cargo(&args).args(["--invert", name])).unwrap_or_default();
                bail!("{package} must not depend on {name}:\n{way}");
            }
        }
    }
    Ok(())
}

fn names(tree: &str) -> impl Iterator<Item = &str> {
    tree.lines().filter_map(|line| line.split(' ').next())
}
