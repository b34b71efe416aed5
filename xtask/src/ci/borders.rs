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
            "rusqlite",
            "axum",
            "hyper",
            "reqwest",
            "rand",
            "getrandom",
            "chrono",
            "outlay-documents",
            "outlay-connect",
            "outlay-fakes",
            "outlay",
        ],
    ),
    (
        "outlay-documents",
        &[
            "sqlx",
            "rusqlite",
            "axum",
            "hyper",
            "reqwest",
            "outlay-connect",
            "outlay-fakes",
            "outlay",
        ],
    ),
    (
        "outlay-connect",
        &["sqlx", "rusqlite", "axum", "outlay-documents", "outlay-fakes", "outlay"],
    ),
    ("outlay", &["outlay-fakes"]),
];

/// Refuses a dependency across a border, and shows the way it came in.
pub fn check() -> Result<()> {
    for (package, forbidden) in BORDERS {
        let args = ["tree", "--locked", "--edges", "normal", "--package", package];
        let tree = output(cargo(&args).args(["--prefix", "none", "--format", "{p}"]))?;
        for (name, version) in packages(&tree) {
            if forbidden.contains(&name) {
                let spec = format!("{name}@{version}");
                let way = output(cargo(&args).args(["--invert", &spec])).unwrap_or_default();
                bail!("{package} must not depend on {name}:\n{way}");
            }
        }
    }
    Ok(())
}

/// The names and versions in a tree printed without prefixes, the package itself left out.
fn packages(tree: &str) -> impl Iterator<Item = (&str, &str)> {
    tree.lines().skip(1).filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?, words.next()?.strip_prefix('v')?))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_and_versions_come_from_each_line_but_the_first() {
        let tree = "outlay-core v0.1.0 (/outlay)\nhex v0.4.3\nsyn v3.0.10 (*)\n";
        let found: Vec<_> = super::packages(tree).collect();
        assert_eq!(found, [("hex", "0.4.3"), ("syn", "3.0.10")]);
    }
}
