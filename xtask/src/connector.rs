//! `cargo xtask new-connector NAME`: the beginning of a connector, which compiles and says what it cannot do yet.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::process::{cargo, run};
use crate::tree::root;

const MANIFEST: &str = include_str!("connector/manifest.yaml");
const CODE: &str = include_str!("connector/mod.rs.txt");
const MARK: &str = "    let all: &[(&str, Open)] = &[\n";

/// Makes the folder of a connector called `name` and names it in the list of all.
pub fn new(name: &str) -> Result<()> {
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !fits {
        bail!("{name:?}: write lower-case letters, digits and _, such as acme_crm");
    }
    let source = root().join("crates/connect/src");
    let folder = source.join(name);
    if folder.exists() {
        bail!("{} is there already", folder.display());
    }
    let upper = name
        .split('_')
        .map(|w| w.get(..1).map_or(String::new(), |first| first.to_uppercase() + &w[1..]))
        .collect::<String>();
    let filled = |text: &str| text.replace("NAME", name).replace("Upper", &upper);
    let listed = source.join("manifest.rs");
    let list = fs::read_to_string(&listed)?;
    let entry = format!("{MARK}        (include_str!(\"{name}/manifest.yaml\"), crate::{name}::open),\n");
    if !list.contains(MARK) {
        bail!("{} has no list of all connectors to add to", listed.display());
    }
    let modules = source.join("lib.rs");
    let lib = fs::read_to_string(&modules)?;
    fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(folder.join("manifest.yaml"), filled(MANIFEST))?;
    fs::write(folder.join("mod.rs"), filled(CODE))?;
    fs::write(&listed, list.replacen(MARK, &entry, 1))?;
    fs::write(
        &modules,
        lib.replacen(
            "pub mod manifest;\n",
            &format!("pub mod manifest;\npub mod {name};\n"),
            1,
        ),
    )?;
    run(&mut cargo(&["fmt", "--package", "outlay-connect"]))?;
    println!("made crates/connect/src/{name}; docs/adding-a-connector.md says how to go on");
    Ok(())
}
